-- SPDX-License-Identifier: MIT
-- What the programs call. They have no other way to write.

-- epoch: names one life of the ids. It changes by itself whenever ids may be
-- used anew: another cluster (system identifier), a promotion or a recovery
-- to a point in time (timeline), a dump restored into the same cluster
-- (database and table oid). What leaves no such trace, a file system
-- snapshot put back, needs a call of pushlog.new_epoch().
create function pushlog.epoch() returns text
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select substr(encode(sha256(convert_to(concat_ws(' ',
    (select secret from pushlog.install),
    (select system_identifier from pg_control_system()),
    -- pg_control_checkpoint() lags behind a promotion by one checkpoint
    case when pg_is_in_recovery()
      then (select lpad(to_hex(timeline_id), 8, '0')
        from pg_control_checkpoint())
      else left(pg_walfile_name(pg_current_wal_lsn()), 8) end,
    (select oid from pg_database where datname = current_database()),
    'pushlog.channel'::regclass::oid), 'UTF8')), 'hex'), 1, 16)
$$;

comment on function pushlog.epoch() is
  'changes when ids may be used anew: clients then start over';

create function pushlog.new_epoch() returns text
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  update pushlog.install set secret = gen_random_uuid();
  select pushlog.epoch();
$$;

comment on function pushlog.new_epoch() is
  'for the operator, after putting back a snapshot of the data folder';

-- append: stores a batch of events in one transaction, each once.
--
--   app       the application
--   channels … excludes: arrays of one length, an element an event; names,
--             texts, datas and excludes may be null as a whole
--
-- One row an event comes back: ord counts the batch from 1; outcome is
--   stored    id and time_ms are the new event's
--   repeated  the key was there with the same event: the first one's
--   conflict  the key was there with another event: nothing was stored
-- Keys must not repeat within the batch.
--
-- Channel rows are locked in the order of their ids, always, so two batches
-- can't wait for each other. What the dedupe may see must be newer than the
-- locks: it is a statement of its own, because each statement of a volatile
-- function has a snapshot of its own.
create function pushlog.append(
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
  locked bigint;
  now_ms bigint;
begin
  -- unnest would fill the shorter ones with nulls, and some may be null
  if exists (select from unnest(array[
        cardinality(append.events), cardinality(append.names),
        cardinality(append.texts), cardinality(append.datas),
        cardinality(append.keys), cardinality(append.excludes)]) as u (n)
      where u.n <> coalesce(cardinality(append.channels), 0)) then
    raise exception 'arrays of different lengths'
      using errcode = 'array_subscript_error';
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

comment on function pushlog.append is
  'the only way into the log: stores a batch, each key once, ids dense';
