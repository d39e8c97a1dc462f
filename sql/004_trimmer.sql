-- SPDX-License-Identifier: MIT
-- same as: 74a09c1e06f86287960b227819b8abcb3ffddf255e98ddf81112fa1c8161222f
--
-- pushlog_trimmer: the group of the roles that run retention. It may call the
-- functions of functions/retention.sql, and can neither read nor append.

do $$
begin
  if not exists (select from pg_roles where rolname = 'pushlog_trimmer') then
    create role pushlog_trimmer nologin;
  end if;
end
$$;

grant usage on schema pushlog to pushlog_trimmer;
