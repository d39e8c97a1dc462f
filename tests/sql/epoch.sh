# SPDX-License-Identifier: MIT
#
# The epoch: stable while ids are, and another one when they may be reused.

fresh_database epoch

epoch() { query 'select pushlog.epoch()' owner "${1:-epoch}"; }
changed() { if [ "$1" = "$2" ]; then echo "still $1"; else echo changed; fi; }
append_one() {
  query "select id from pushlog.append('1', '{a}', '{e}', null, null, '{d}',
    array[decode(md5(random()::text), 'hex')], null)" writer
}

first=$(epoch)
is "$(grep -cE '^[0-9a-f]{16}$' <<<"$first")" 1 \
  'an epoch is 16 hexadecimal digits'
append_one >/dev/null
is "$(epoch)" "$first" 'an append leaves the epoch'
query 'checkpoint; select pg_switch_wal(); vacuum full pushlog.channel' \
  >/dev/null
query 'vacuum full pushlog.channel'
append_one >/dev/null
is "$(epoch)" "$first" 'a checkpoint and a rewritten table leave the epoch'
stop_server
start_server
is "$(epoch)" "$first" 'a restart leaves the epoch'
kill -QUIT "$server"
wait "$server" 2>/dev/null
start_server
is "$(epoch)" "$first" 'a crash leaves the epoch'

second=$(query 'select pushlog.new_epoch()')
is "$(changed "$first" "$second")" changed 'the operator makes a new epoch'
is "$(epoch)" "$second" 'and new_epoch returns it'

query 'create database twin template migrated'
is "$(changed "$(epoch twin)" "$(epoch migrated)")" changed \
  'a copy of the database has another epoch'

# A restore keeps the secret and the names.
"$bin/pg_dump" -d epoch -f "$dir/dump.sql" 2>&1
query 'create database restored'
psql -XAtq -v ON_ERROR_STOP=1 -d restored -f "$dir/dump.sql" >/dev/null 2>&1
is "$(query 'select count(*), max(id) from pushlog.event' owner restored)" \
  '2|2' 'a dump restores the log'
is "$(changed "$second" "$(epoch restored)")" changed \
  'a dump restored into another database has another epoch'
query 'drop schema pushlog cascade' >/dev/null 2>&1
psql -XAtq -v ON_ERROR_STOP=1 -d epoch -f "$dir/dump.sql" >/dev/null 2>&1
is "$(changed "$second" "$(epoch)")" changed \
  'a dump restored into the same database has another epoch'
is "$(append_one)" 3 'and its ids continue where the dump ended'

second=$(epoch)
query 'drop database restored with (force)' owner postgres
query 'alter database epoch rename to renamed' owner postgres
is "$(epoch renamed)" "$second" 'another name leaves the epoch'
query 'alter database renamed rename to epoch' owner postgres

# A recovery ends on a new timeline, at once and before any checkpoint.
stop_server
"${unprivileged[@]}" touch "$dir/data/recovery.signal"
start_server -c restore_command=false
for _ in $(seq 200); do
  if [ "$(query 'select pg_is_in_recovery()')" = f ]; then break; fi
  sleep 0.05
done
is "$(changed "$second" "$(epoch)")" changed 'a promotion changes the epoch'
third=$(epoch)
query checkpoint
stop_server
start_server
is "$(epoch)" "$third" 'and the new one stays'
