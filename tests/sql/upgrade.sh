# SPDX-License-Identifier: MIT
#
# deploy/migrate: an older schema with events in it becomes the present one, and
# a second run changes nothing.

query 'create database old'
psql -XAtq -v ON_ERROR_STOP=1 -d old -f $here/schema-6.sql >"$dir/out" 2>&1 ||
  sed 's/^/# /' "$dir/out"
export PGDATABASE=old

migrate() { PUSHLOG_ADMIN_DATABASE="dbname=$1" deploy/migrate 2>&1; }

# Everything that the migrations make: functions with their rights and comments,
# tables with their columns, constraints, rights and settings.
schema_of() { # DATABASE
  query "
    select p.oid::regprocedure, pg_get_functiondef(p.oid),
        obj_description(p.oid),
        (select array_agg(a::text order by a::text)
          from unnest(p.proacl) as u (a))
      from pg_proc as p where p.pronamespace = 'pushlog'::regnamespace
      order by p.oid::regprocedure::text;
    select c.relname, c.reloptions, a.attname,
        format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
        pg_get_expr(d.adbin, d.adrelid),
        (select array_agg(r::text order by r::text)
          from unnest(c.relacl) as u (r))
      from pg_class as c join pg_attribute as a on a.attrelid = c.oid
        left join pg_attrdef as d
          on d.adrelid = c.oid and d.adnum = a.attnum
      where c.relnamespace = 'pushlog'::regnamespace and c.relkind = 'r'
        and a.attnum > 0
      order by c.relname, a.attnum;
    select conrelid::regclass, conname, pg_get_constraintdef(oid)
      from pg_constraint where connamespace = 'pushlog'::regnamespace
      order by conrelid::regclass::text, conname;
    select nspacl from pg_namespace where nspname = 'pushlog'" owner "$1"
}
log_of() {
  query 'select c.app, c.name, c.first_id, c.last_id, e.id, e.time_ms, e.event,
      e.name, e.text, e.data, e.key, e.exclude
    from pushlog.channel as c left join pushlog.event as e on e.channel_id = c.id
    order by c.id, e.id' owner old
}

before=$(log_of)
is "$(grep -c . <<<"$before")" 6 'an older schema has events'
epoch_before=$(query 'select pushlog.epoch()')
is "$(migrate old)" 'migrate: applied functions' \
  'an upgrade applies what is new, and no migration twice'
is "$(schema_of old)" "$(schema_of migrated)" \
  'after an upgrade the schema equals that of a new installation'
is "$(log_of)" "$before" 'an upgrade keeps every event'
is "$(query 'select pushlog.epoch()')" "$epoch_before" \
  'an upgrade leaves the epoch'
is "$(query "select id, outcome from pushlog.append('1', '{messages,messages}',
    '{new_message,new_message}', '{Bob,Bob}', '{zwei <&gt; ünï,new}', null,
    array[decode(md5('2'), 'hex'), decode(md5('7'), 'hex')], null)
  order by ord" writer)" '2|repeated
5|stored' 'after an upgrade a known key is found, and ids continue'

schema=$(schema_of old)
is "$(migrate old)" 'migrate: nothing to do' 'a second run has nothing to do'
is "$(schema_of old)" "$schema" 'a second run changes nothing'
query 'drop function pushlog.new_epoch' >/dev/null
query "update pushlog.migration set checksum = 'other' where version = 0" \
  >/dev/null
is "$(migrate old)" 'migrate: applied functions' \
  'changed functions are applied again'
is "$(schema_of old)" "$schema" 'and become the present ones'

# A folder of migrations with one more, whose statements are given.
folder_with() { # SQL
  rm -rf "$dir/folder"
  cp -r sql "$dir/folder"
  echo "$1" >"$dir/folder/999_new.sql"
}
migrate_folder() {
  PUSHLOG_ADMIN_DATABASE='dbname=old' deploy/migrate "$dir/folder" 2>&1
}
folder_with 'create table pushlog.half (); select 1 / 0;'
echo 'select 1;' >>"$dir/folder/functions/epoch.sql"
is "$(migrate_folder | sed 's/.*ERROR/ERROR/')" 'ERROR:  division by zero' \
  'a migration that fails is reported'
is "$(schema_of old)" "$schema" 'a migration that fails changes nothing'
folder_with 'create table pushlog.whole ();'
is "$(migrate_folder)" 'migrate: applied 999_new.sql' \
  'a further migration is applied'
folder_with 'create table pushlog.other ();'
is "$(migrate_folder | grep -c 'is not what was applied')" 1 \
  'a migration that was changed after it was applied is refused'
mv "$dir/folder/999_new.sql" "$dir/folder/998_late.sql"
is "$(migrate_folder | grep -c 'give it the next number')" 1 \
  'a new migration with an earlier number is refused'
