-- SPDX-License-Identifier: MIT
-- same as: 87d61de91d99827306afeea05241e26f6e977bc86e1f11d73ac725d24c422ca8
--
-- The groups of the programs' roles. Deployments make login roles and put them
-- into these groups: messages-fcgi into pushlog_writer, relay into
-- pushlog_reader.
--
--   pushlog_reader  reads the log
--   pushlog_writer  reads the log and appends through pushlog.append
--
-- Neither can change or delete stored events, nor the schema. Roles belong to
-- the cluster: another database of it may have made them already. The files in
-- functions/ grant the execution of each function.

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
