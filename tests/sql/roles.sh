# SPDX-License-Identifier: MIT
#
# The roles: the rights of each, and that no object of a caller changes what the
# functions do.

fresh_database roles

denied=42501
event="'1', '{a}', '{e}', null, null, '{d}', array[sha256('k')], null"
event=${event/sha256(\'k\')/substr(sha256(\'k\'),1,16)}

is "$(state "select * from pushlog.append($event)" writer)" 00000 \
  'the writer appends'
is "$(query 'select id, event, data from pushlog.event' writer)" '1|e|d' \
  'the writer reads'
is "$(query 'select id, event, data from pushlog.event' reader)" '1|e|d' \
  'the reader reads events'
is "$(query 'select name, first_id, last_id from pushlog.channel' reader)" \
  'a|1|1' 'the reader reads heads'
is "$(query 'select pushlog.epoch()' reader)" \
  "$(query 'select pushlog.epoch()' writer)" 'both read the same epoch'

fresh=${event/\'{a\}\'/\'a\'}
is "$(state "select * from pushlog.append($event)" reader)" $denied \
  'the reader does not append'
is "$(state "select * from pushlog.append_fresh($fresh)" reader)" $denied \
  'nor through append_fresh'

for role in writer reader; do
  for table in channel event install; do
    is "$(state "delete from pushlog.$table" $role)" $denied \
      "$role deletes nothing from $table"
    is "$(state "truncate pushlog.$table" $role)" $denied \
      "$role does not empty $table"
    is "$(state "drop table pushlog.$table" $role)" $denied \
      "$role does not drop $table"
    is "$(state "alter table pushlog.$table add x int" $role)" $denied \
      "$role does not alter $table"
    is "$(state "begin; lock table pushlog.$table in share mode" \
      $role)" $denied "$role does not lock $table"
    is "$(state "select from pushlog.$table for update" $role)" $denied \
      "$role does not lock rows of $table"
  done
  is "$(state "update pushlog.channel set last_id = 7" $role)" $denied \
    "$role does not move a head"
  is "$(state "update pushlog.event set data = 'x'" $role)" $denied \
    "$role changes no event"
  is "$(state "insert into pushlog.channel (app, name) values ('1', 'b')" \
    $role)" $denied "$role makes no channel by hand"
  is "$(state "insert into pushlog.event values
    (1, 2, 1, 'e', null, null, 'd', decode(repeat('00', 16), 'hex'), null)" \
    $role)" $denied "$role inserts no event by hand"
  is "$(state 'select secret from pushlog.install' $role)" $denied \
    "$role does not read the secret of the epoch"
  is "$(state 'select pushlog.new_epoch()' $role)" $denied \
    "$role makes no new epoch"
  is "$(state 'create table pushlog.x ()' $role)" $denied \
    "$role makes no table in the schema"
  is "$(state 'create table public.x ()' $role)" $denied \
    "$role makes no table elsewhere"
  is "$(state 'create schema x' $role)" $denied "$role makes no schema"
  is "$(state 'drop function pushlog.epoch()' $role)" $denied \
    "$role drops no function"
  is "$(state "create or replace function pushlog.epoch() returns text
    language sql as 'select 1::text'" $role)" $denied \
    "$role replaces no function"
  is "$(state 'grant pushlog_writer to reader' $role)" $denied \
    "$role gives no rights away"
  is "$(state 'set role owner' $role)" $denied "$role does not become owner"
  is "$(state "copy (select 1) to program 'true'" $role)" $denied \
    "$role starts no program"
done

is "$(state 'select * from pushlog.event' stranger)" $denied \
  'a stranger reads nothing'
is "$(state 'select pushlog.epoch()' stranger)" $denied \
  'a stranger gets no epoch'
is "$(state "select * from pushlog.append($event)" stranger)" $denied \
  'a stranger does not append'
is "$(query "select proname from pg_proc p
    where pronamespace = 'pushlog'::regnamespace
      and has_function_privilege('stranger', p.oid, 'execute')")" '' \
  'no function can be executed by the public'
is "$(query "select proname from pg_proc where prosecdef
    and pronamespace = 'pushlog'::regnamespace
    and not 'search_path=pg_catalog, pg_temp' = any (proconfig)")" '' \
  'each function that lends rights fixes its search path'

# --- a caller with objects of its own in the search path ---

query 'create schema evil authorization writer; grant create, usage
  on schema evil to writer'
cat >"$dir/evil.sql" <<'SQL'
create function evil.boom() returns text language plpgsql as $$
begin
  raise exception 'evil ran as %', current_user;
end $$;
create function evil.unnest(text[]) returns setof text
  language sql as 'select evil.boom()';
create function evil.sha256(bytea) returns bytea
  language sql as 'select evil.boom()::bytea';
create function evil.encode(bytea, text) returns text
  language sql as 'select evil.boom()';
create function evil.floor(numeric) returns numeric
  language sql as 'select evil.boom()::numeric';
create function evil.clock_timestamp() returns timestamptz
  language sql as 'select evil.boom()::timestamptz';
create function evil.eq(text, text) returns boolean
  language sql as 'select evil.boom() is null';
create operator evil.= (leftarg = text, rightarg = text, procedure = evil.eq);
create function evil.any_eq(bytea, bytea) returns boolean
  language sql as 'select evil.boom() is null';
create operator evil.= (leftarg = bytea, rightarg = bytea,
  procedure = evil.any_eq);
create temp table channel (id bigint, app text, name text, first_id bigint,
  last_id bigint);
create temp table event (like pushlog.event);
create temp table pg_database (oid oid, datname name);
create temp table install (secret uuid);
insert into pg_temp.channel values (1, '1', 'a', 1, 1000);
create schema if not exists evil;
set search_path = evil, pg_temp, pg_catalog;
SQL
attack() { # SQL
  { cat "$dir/evil.sql"; echo "$1"; echo 'select count(*) from pg_temp.event;'; } \
    | sed 's/^create schema if.*//' >"$dir/attack.sql"
  query 'drop owned by writer cascade; grant pushlog_writer to writer;
    create schema if not exists evil authorization writer'
  psql -XAtq -U writer -v VERBOSITY=terse -f "$dir/attack.sql" 2>&1
}
epoch=$(query 'select pushlog.epoch()')
is "$(attack "select pushlog.epoch();")" "$epoch"$'\n0' \
  'the epoch is the same whatever the caller'\''s search path'
is "$(attack "select id, outcome from pushlog.append('1', '{a}', '{e}', null,
    null, '{d}', array[decode(repeat('ab', 16), 'hex')], null);")" \
  $'2|stored\n0' 'append writes to the log whatever the caller'\''s search path'
is "$(attack "select first_id from pushlog.append_fresh('1', 'a', '{e}', null,
    null, '{d}', array[decode(repeat('ac', 16), 'hex')], null);")" \
  $'3\n0' 'so does append_fresh'
is "$(query 'select last_id from pushlog.channel')" 3 \
  'and continues from the log'\''s own head'
query 'drop schema evil cascade'
