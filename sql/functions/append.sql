-- SPDX-License-Identifier: MIT
-- append: stores a batch of events in one transaction, each once.
--
--   app       the application
--   channels … excludes: arrays of one length, an element for each event;
--             names, texts, datas and excludes may be null as a whole
--
-- Returns one row for each event: ord counts the batch from 1; outcome is
--   stored    id and time_ms are the new event's
--   repeated  the key exists with the same event: the first one's
--   conflict  the key exists with another event: nothing was stored
-- Keys must not repeat within the batch.
--
-- Channel rows are always locked in the order of their ids, so two batches
-- can't wait for each other. The search for known keys must see everything
-- committed before the locks: it is a separate statement, because each
-- statement of a volatile function has its own snapshot.
create or replace function pushlog.append(
  app text, channels text[], events text[], names text[], texts text[],
  datas text[], keys bytea[], excludes text[])
returns table (ord bigint, id bigint, time_ms bigint, outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
-- the batch is small and the log is large: a plan must never scan the whole
-- log, even one that was made while the log was empty
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  n constant int := coalesce(cardinality(append.channels), 0);
  locked bigint;
  now_ms bigint;
begin
  -- unnest would fill the shorter arrays with nulls, and some may be null
  if cardinality(append.events) is distinct from n
      or cardinality(append.keys) is distinct from n
      or cardinality(append.names) <> n or cardinality(append.texts) <> n
      or cardinality(append.datas) <> n
      or cardinality(append.excludes) <> n then
    raise exception 'arrays of different lengths'
      using errcode = 'array_subscript_error';
  end if;

  loop
    perform 1 from pushlog.channel as c
      where c.app = append.app and c.name = any (append.channels)
      order by c.id for update;
    get diagnostics locked = row_count;
    -- compare with the number of locked rows, not of existing ones: another
    -- transaction may have made a channel since
    exit when locked = (select count(*)
      from (select distinct u.name from unnest(append.channels) as u (name))
        as wanted);

    -- In the order of names, so that two batches with the same new channels
    -- don't wait for each other. The other batch may wait for rows locked
    -- above: PostgreSQL then ends one of the two, and the caller repeats it.
    insert into pushlog.channel (app, name)
      select distinct append.app, u.name
        from unnest(append.channels) as u (name)
        order by u.name
      on conflict do nothing;
  end loop;

  now_ms := floor(extract(epoch from clock_timestamp()) * 1000);

  return query
  with post as (
    select u.*, c.id as channel_id, c.last_id,
        o.id as old_id, o.time_ms as old_time_ms,
        (o.event, o.name, o.text, o.data, o.exclude) is not distinct from
          (u.event, u.name, u.text, u.data, u.exclude) as same
      from unnest(append.channels, append.events, append.names,
          append.texts, append.datas, append.keys, append.excludes)
        with ordinality
        as u (channel, event, name, text, data, key, exclude, ord)
      join pushlog.channel as c
        on c.app = append.app and c.name = u.channel
      left join pushlog.event as o
        on o.channel_id = c.id and o.key = u.key
  ), fresh as (
    select p.*, p.last_id
        + row_number() over (partition by p.channel_id order by p.ord)
        as new_id
      from post as p where p.old_id is null
  ), stored as (
    insert into pushlog.event
        (channel_id, id, time_ms, event, name, text, data, key, exclude)
      select f.channel_id, f.new_id, now_ms, f.event, f.name, f.text, f.data,
          f.key, f.exclude
        from fresh as f
  ), counted as (
    update pushlog.channel as c set last_id = g.last_id
      from (select f.channel_id, max(f.new_id) as last_id
          from fresh as f group by f.channel_id) as g
      where c.id = g.channel_id
  )
  select f.ord, f.new_id, now_ms, 'stored' from fresh as f
  union all
  select p.ord, p.old_id, p.old_time_ms,
      case when p.same then 'repeated' else 'conflict' end
    from post as p where p.old_id is not null;
end
$$;

comment on function pushlog.append is
  'stores a batch of events, each key once, with dense ids';

revoke execute on function pushlog.append from public;
grant execute on function pushlog.append to pushlog_writer;
