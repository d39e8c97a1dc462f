-- SPDX-License-Identifier: MIT
-- Retention: how the log's oldest events are removed.
--
-- Two steps. pushlog.trim raises first_id, which hides the events below it: a
-- cursor there gets 410. pushlog.sweep deletes hidden rows. A reader that took
-- the old first_id a moment ago, or a relay with a hole to fill, still finds
-- the rows until then; so pushlog.retain sweeps what its previous call hid.
--
-- Nothing here changes last_id, so ids continue without a gap, even in a
-- channel that keeps no event. A key is forgotten with its row: an event posted
-- again after that is stored again.

-- first_kept: the lowest id of the channel that both limits keep.
--
--   max_age   interval; null for no limit
--   max_rows  null for no limit
--
-- Ids are dense and ordered by time, so bisection finds the age without an
-- index. After the clock was set back, events stored around that moment may be
-- kept too long or too short by the same difference.
create or replace function pushlog.first_kept(
  channel pushlog.channel, max_age interval, max_rows bigint)
returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  low bigint := channel.first_id;
  high bigint := channel.last_id + 1;
  oldest_ms bigint := floor(extract(epoch from now() - max_age) * 1000);
  middle bigint;
begin
  if max_rows is not null then
    low := greatest(low, channel.last_id + 1 - greatest(max_rows, 0));
  end if;
  -- ids below low are trimmed, ids from high on are kept
  while low < high and max_age is not null loop
    middle := low + (high - low) / 2;
    if (select e.time_ms < oldest_ms from pushlog.event as e
        where e.channel_id = channel.id and e.id = middle) then
      low := middle + 1;
    else
      high := middle;
    end if;
  end loop;
  return low;
end
$$;

-- trim: hides events older than max_age, and all but the newest max_rows, in
-- the first channel whose row id is above after_channel. One channel per call,
-- so that a transaction holds one lock, and briefly.
--
-- Returns the channel's row id, or null if there was none; and the number of
-- hidden events, null if the row was locked for longer than the caller's
-- lock_timeout.
create or replace function pushlog.trim(
  after_channel bigint, max_age interval, max_rows bigint,
  out channel_id bigint, out hidden bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  channel pushlog.channel;
  first_kept bigint;
begin
  hidden := 0;
  select c.* into channel from pushlog.channel as c
    where c.id > coalesce(after_channel, 0) order by c.id limit 1;
  channel_id := channel.id;
  if channel_id is null then
    return;
  end if;
  -- computed before the lock: last_id can only have grown since
  first_kept := pushlog.first_kept(channel, max_age, max_rows);
  if first_kept > channel.first_id then
    begin
      update pushlog.channel as c set first_id = first_kept
        where c.id = channel.id and c.first_id = channel.first_id;
      if found then
        hidden := first_kept - channel.first_id;
      end if;
    exception when lock_not_available then
      hidden := null;
    end;
  end if;
end
$$;

comment on function pushlog.trim is
  'raises first_id of the next channel: events below it are hidden';

-- sweep: deletes up to max_rows hidden rows of the first channel, from row id
-- from_channel on, that has any. Takes no lock that an append waits for.
--
-- Returns the channel's row id, or null if there was none; and the number of
-- deleted rows.
create or replace function pushlog.sweep(
  from_channel bigint, max_rows bigint,
  out channel_id bigint, out removed bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
  removed := 0;
  select c.id into sweep.channel_id from pushlog.channel as c
    where c.id >= coalesce(sweep.from_channel, 0)
      and exists (select from pushlog.event as e
        where e.channel_id = c.id and e.id < c.first_id)
    order by c.id limit 1;
  delete from pushlog.event as e
    using (select o.channel_id, o.id from pushlog.event as o
      join pushlog.channel as c on c.id = o.channel_id
      where c.id = sweep.channel_id and o.id < c.first_id
      order by o.id limit sweep.max_rows) as old
    where e.channel_id = old.channel_id and e.id = old.id;
  get diagnostics removed = row_count;
end
$$;

comment on function pushlog.sweep is
  'deletes rows below first_id, in batches';

-- retain: sweeps and trims all channels in many short transactions, so call it
-- outside of any transaction. Rows that one call hides are deleted by the next
-- one. A channel whose row stays locked is left to the next call, with a
-- warning.
--
--   max_age, max_rows   null for no limit
--   removed, hidden     numbers of rows; pass null
--
-- It pauses after each batch for as long as the batch took, and does not wait
-- for the disk: the next call repeats work that a crash undoes.
create or replace procedure pushlog.retain(
  max_age interval, max_rows bigint,
  inout removed bigint default null, inout hidden bigint default null)
language plpgsql
as $$
declare
  at_channel bigint := 0;
  step record;
  started timestamptz;
begin
  removed := 0;
  hidden := 0;
  while at_channel is not null loop
    started := pg_catalog.clock_timestamp();
    perform pg_catalog.set_config('synchronous_commit', 'off', true);
    select * into step from pushlog.sweep(at_channel, 1000);
    commit;
    at_channel := step.channel_id;
    removed := removed + step.removed;
    perform pg_catalog.pg_sleep(extract(epoch from
      pg_catalog.clock_timestamp() - started));
  end loop;

  at_channel := 0;
  while at_channel is not null loop
    perform pg_catalog.set_config('synchronous_commit', 'off', true),
      pg_catalog.set_config('lock_timeout', '1s', true);
    select * into step from pushlog.trim(at_channel, max_age, max_rows);
    commit;
    at_channel := step.channel_id;
    hidden := hidden + coalesce(step.hidden, 0);
    if step.hidden is null then
      raise warning 'channel % is locked: left to the next call', at_channel;
    end if;
  end loop;
end
$$;

comment on procedure pushlog.retain is
  'keeps events that are younger than max_age and among the newest max_rows';

revoke execute on function pushlog.first_kept, pushlog.trim, pushlog.sweep
  from public;
revoke execute on procedure pushlog.retain from public;
grant execute on function pushlog.trim, pushlog.sweep to pushlog_trimmer;
grant execute on procedure pushlog.retain to pushlog_trimmer;
