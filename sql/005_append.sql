-- SPDX-License-Identifier: MIT
-- append, as 002_functions.sql describes it, with a straight way for what it is
-- mostly called with: a batch of one channel takes less than half the time, one
-- post little more than half.

create or replace function pushlog.append(
  app text, channels text[], events text[], names text[], texts text[],
  datas text[], keys bytea[], excludes text[])
returns table (ord bigint, id bigint, time_ms bigint, outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
-- the batch is small and the log is not: never read the log as a whole, also
-- not by a plan that was made while it was empty
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  n constant int := coalesce(cardinality(append.channels), 0);
  locked bigint;
  head bigint;
  only_channel bigint;
  now_ms bigint;
begin
  -- unnest would fill the shorter ones with nulls, and some may be null
  if cardinality(append.events) is distinct from n
      or cardinality(append.keys) is distinct from n
      or cardinality(append.names) <> n or cardinality(append.texts) <> n
      or cardinality(append.datas) <> n
      or cardinality(append.excludes) <> n then
    raise exception 'arrays of different lengths'
      using errcode = 'array_subscript_error';
  end if;

  -- What is mostly asked for: one channel, which is there, and keys that are
  -- not. The index finds out about the keys; then, and if there is no channel,
  -- nothing has happened yet and all goes the long way.
  if append.channels[1] = all (append.channels) then
    begin
      update pushlog.channel as c set last_id = c.last_id + n
        where c.app = append.app and c.name = append.channels[1]
        returning c.id, c.last_id - n into only_channel, head;
      now_ms := floor(extract(epoch from clock_timestamp()) * 1000);
      insert into pushlog.event
          (channel_id, id, time_ms, event, name, text, data, key, exclude)
        select only_channel, head + u.ord, now_ms, u.event, u.name, u.text,
            u.data, u.key, u.exclude
          from unnest(append.events, append.names, append.texts, append.datas,
            append.keys, append.excludes) with ordinality
            as u (event, name, text, data, key, exclude, ord)
          where only_channel is not null;
    exception when unique_violation then
      only_channel := null;
    end;
    if only_channel is not null then
      for i in 1 .. n loop
        append.ord := i;
        append.id := head + i;
        append.time_ms := now_ms;
        append.outcome := 'stored';
        return next;
      end loop;
      return;
    end if;
  end if;

  loop
    perform 1 from pushlog.channel as c
      where c.app = append.app and c.name = any (append.channels)
      order by c.id for update;
    get diagnostics locked = row_count;
    -- what counts is how many are locked, not which there are: a channel may
    -- have been made by another since
    exit when locked = (select count(*)
      from (select distinct u.name from unnest(append.channels) as u (name))
        as wanted);

    -- By name, so that two batches with the same new channels don't wait for
    -- each other. Rows locked above may be waited for by the other batch:
    -- PostgreSQL then ends one of the two, and the caller repeats it.
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
