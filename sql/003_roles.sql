-- SPDX-License-Identifier: MIT
-- Who may do what. Deployments make login roles and put them in these groups:
-- messages-fcgi into pushlog_writer, relay into pushlog_reader.
--
--   pushlog_reader  reads the log
--   pushlog_writer  reads the log and appends through pushlog.append
--
-- Neither can change or remove what is stored, nor the schema. Roles belong
-- to the cluster: another database of it may have made them already.

do $$
declare
  role text;
begin
  foreach role in array array['pushlog_reader', 'pushlog_writer'] loop
    if not exists (select from pg_roles where rolname = role) then
      execute format('create role %I nologin', role);
    end if;
  end loop;
end
$$;

grant usage on schema pushlog to pushlog_reader, pushlog_writer;
grant select on pushlog.channel, pushlog.event
  to pushlog_reader, pushlog_writer;

revoke execute on all functions in schema pushlog from public;
grant execute on function pushlog.epoch() to pushlog_reader, pushlog_writer;
grant execute on function pushlog.append to pushlog_writer;
