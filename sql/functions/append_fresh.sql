-- SPDX-License-Identifier: MIT
-- append_fresh: stores a batch of events of one channel in one transaction: the
-- fast path for the usual batch, whose channel exists and whose keys are new.
--
--   events … excludes: arrays of one length, an element for each event;
--             names, texts, datas and excludes may be null as a whole
--   first_id  id of the first event; the others follow
--   time_ms   the time of all of them
--
-- Both results are null, and nothing was stored, if there is no such channel
-- or one of the keys exists (the unique index detects it): the caller then
-- calls pushlog.append.
--
-- PostgreSQL applies a function's settings at each call, which costs time.
-- Therefore the caller's session makes the settings that keep pushlog.append
-- from scanning the whole log.
create or replace function pushlog.append_fresh(
  app text, channel text, events text[], names text[], texts text[],
  datas text[], keys bytea[], excludes text[],
  out first_id bigint, out time_ms bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  n constant int := cardinality(append_fresh.keys);
  channel_id bigint;
  head bigint;
begin
  -- unnest would fill the shorter arrays with nulls
  if cardinality(append_fresh.events) <> n
      or cardinality(append_fresh.names) <> n
      or cardinality(append_fresh.texts) <> n
      or cardinality(append_fresh.datas) <> n
      or cardinality(append_fresh.excludes) <> n then
    raise exception 'arrays of different lengths'
      using errcode = 'array_subscript_error';
  end if;
  begin
    update pushlog.channel as c set last_id = c.last_id + n
      where c.app = append_fresh.app and c.name = append_fresh.channel
      returning c.id, c.last_id - n into channel_id, head;
    if not found then
      return;
    end if;
    append_fresh.time_ms :=
      floor(date_part('epoch', clock_timestamp()) * 1000);
    insert into pushlog.event
        (channel_id, id, time_ms, event, name, text, data, key, exclude)
      select channel_id, head + u.ord, append_fresh.time_ms, u.event, u.name,
          u.text, u.data, u.key, u.exclude
        from unnest(append_fresh.events, append_fresh.names,
            append_fresh.texts, append_fresh.datas, append_fresh.keys,
            append_fresh.excludes) with ordinality
          as u (event, name, text, data, key, exclude, ord);
    append_fresh.first_id := head + 1;
  exception when unique_violation then
    append_fresh.time_ms := null;
  end;
end
$$;

comment on function pushlog.append_fresh is
  'the fast path: stores events of one existing channel, with new keys';

revoke execute on function pushlog.append_fresh from public;
grant execute on function pushlog.append_fresh to pushlog_writer;
