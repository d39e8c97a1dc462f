-- SPDX-License-Identifier: MIT
-- epoch: identifies one continuous series of ids. It changes by itself when
-- ids may be reused: in another cluster (system identifier), after a promotion
-- or a recovery to a point in time (timeline), and after restoring a dump into
-- the same cluster (database and table oid). A restored file system snapshot
-- leaves no such trace: the operator then calls pushlog.new_epoch().
create or replace function pushlog.epoch() returns text
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
  'changes when ids may be reused: clients then start over';

create or replace function pushlog.new_epoch() returns text
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  update pushlog.install set secret = gen_random_uuid();
  select pushlog.epoch();
$$;

comment on function pushlog.new_epoch() is
  'for the operator, after restoring a snapshot of the data directory';

revoke execute on function pushlog.epoch, pushlog.new_epoch from public;
grant execute on function pushlog.epoch to pushlog_reader, pushlog_writer;
