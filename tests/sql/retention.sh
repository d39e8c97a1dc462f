# SPDX-License-Identifier: MIT
#
# Retention: which events are kept, what stays true of them, and which roles
# may trim.

fresh_database retention

random_key="decode(md5(random()::text || clock_timestamp()
  || pg_backend_pid()), 'hex')"

fill() { # CHANNEL COUNT
  query "select count(*) from pushlog.append('1',
    array_fill('$1'::text, array[$2]), array_fill('e'::text, array[$2]), null,
    null, array_fill('d'::text, array[$2]),
    array(select $random_key from generate_series(1, $2)), null)" writer \
    >/dev/null
}

# Ids N, N-1, … of the channel were stored 0, 1, … days and a minute ago.
age_by_days() { # CHANNEL
  query "update pushlog.event e set time_ms = floor(1000 * extract(epoch from
      now() - interval '1 min' - (c.last_id - e.id) * interval '1 day'))
    from pushlog.channel c where c.id = e.channel_id and c.name = '$1'"
}

# first_id, last_id, rows, lowest and highest row
channel() { # NAME
  query "select c.first_id, c.last_id, count(e.id), min(e.id), max(e.id)
    from pushlog.channel c left join pushlog.event e on e.channel_id = c.id
    where c.name = '$1' group by c.id"
}

retain() { # MAX_AGE MAX_ROWS [USER], SQL literals; removed and hidden
  query "call pushlog.retain($1, $2)" "${3-trimmer}"
}

# --- kept events ---

fill a 10
age_by_days a
fill b 3
fill empty 1
query "delete from pushlog.event e using pushlog.channel c
  where c.id = e.channel_id and c.name = 'empty';
  update pushlog.channel set last_id = 0 where name = 'empty'"

is "$(retain null null)" '0|0' 'without limits everything is kept'
is "$(retain "'100 days'" 100)" '0|0' 'limits that nothing exceeds keep everything'
is "$(retain null 8)" '0|2' 'the newest rows are kept, up to the number'
is "$(channel a)" '3|10|10|1|10' 'hidden rows still exist'
is "$(retain null 8)" '2|0' 'the next run deletes them'
is "$(channel a)" '3|10|8|3|10' 'and nothing else'
is "$(retain "'6 days'" null)" '0|2' 'younger events are kept'
is "$(channel a)" '5|10|8|3|10' 'from the first young one on'
is "$(retain "'3 days'" 4)" '2|3' 'with both limits the stricter one applies'
is "$(channel a)" '8|10|6|5|10' 'whether it is the age'
is "$(retain "'3 days'" 2)" '3|2' 'or the number'
is "$(channel b)" '2|3|3|1|3' 'the limits apply to each channel'
is "$(retain "'90 days'" 90)" '2|0' 'looser limits restore nothing'
is "$(channel a) $(channel b)" '9|10|2|9|10 2|3|2|2|3' 'and hide nothing'
is "$(channel empty)" '1|0|0||' 'a channel without events stays as it is'

is "$(retain null 0)" '0|4' 'a limit of 0 hides every event'
is "$(retain null 0)" '4|0' 'of every channel'
is "$(channel a)" '11|10|0||' 'and leaves the head'
fill a 2
is "$(channel a)" '11|12|2|11|12' 'and ids continue from there'

# --- keys ---

post() { # KEY; id and outcome
  query "select id, outcome from pushlog.append('1', '{keys}', '{e}', null,
    null, '{d}', array[decode(lpad('$1', 32, '0'), 'hex')], null)" writer
}
is "$(post 1) $(post 2) $(post 1)" '1|stored 2|stored 1|repeated' \
  'a key is known'
retain null 1 >/dev/null
is "$(post 1)" '1|repeated' 'as long as its row exists'
retain null 1 >/dev/null
is "$(post 1) $(post 2)" '3|stored 2|repeated' \
  'an event posted again after its row is deleted is stored again'

# --- many rows: bisection finds the age ---

fill long 5000
query "update pushlog.event e set time_ms = 1000 * e.id from pushlog.channel c
  where c.id = e.channel_id and c.name = 'long'"
wrong=$(query "select count(*) from pushlog.channel c,
    generate_series(0, 5001) as kept (id)
  where c.name = 'long' and pushlog.first_kept(c,
    now() - to_timestamp(kept.id), null) <> greatest(kept.id, 1)")
is "$wrong" 0 'each age finds its first event'
is "$(query "select pushlog.first_kept(c, now() - to_timestamp(9000), null)
  from pushlog.channel c where name = 'long'")" 5001 'or none'
is "$(retain null 4000 | cut -d'|' -f2)" 1000 'a thousand are hidden'
is "$(query "select pushlog.first_kept(c, now() - to_timestamp(4000), null),
    pushlog.first_kept(c, now() - to_timestamp(10), null)
  from pushlog.channel c where name = 'long'")" '4000|1001' \
  'and are not examined again'

# --- while others write and read ---

cat >"$dir/post.sql" <<SQL
\set hot random(1, 3)
select * from pushlog.append('1', array['hot-' || :hot], '{e}', null, null,
  '{d}', array[$random_key], null);
SQL
# A reader of everything must see first_id to the head without a hole, although
# rows are deleted meanwhile; here in one snapshot.
cat >"$dir/read.sql" <<'SQL'
do $$
begin
  if exists (select from pushlog.channel c
      where c.last_id - c.first_id + 1 <> (select count(*)
        from pushlog.event e where e.channel_id = c.id
          and e.id between c.first_id and c.last_id)) then
    raise exception 'a hole above first_id';
  end if;
end $$;
SQL
"$bin/pgbench" -n -U writer -c 4 -T 4 -f "$dir/post.sql" >"$dir/post.out" 2>&1 &
posting=$!
"$bin/pgbench" -n -U reader -c 1 -T 4 -f "$dir/read.sql" >"$dir/read.out" 2>&1 &
reading=$!
removed=0
while kill -0 "$posting" 2>/dev/null; do
  answer=$(retain null 20)
  removed=$((removed + ${answer%|*}))
done
wait "$posting" "$reading"
is "$(sed -n 's/^number of failed transactions: \([0-9]*\).*/\1/p' \
  "$dir/post.out" "$dir/read.out")" $'0\n0' \
  'neither posts nor reads fail while the log is trimmed'
is "$([ "$removed" -gt 100 ] && echo many)" many 'and many rows were deleted'
retain null 20 >/dev/null
retain null 20 >/dev/null
is "$(query "select count(*), bool_and(first_id = last_id - 19) from
  pushlog.channel where name like 'hot-%'")" '3|t' 'and the newest 20 are kept'
is "$(query "select count(*) from pushlog.event e join pushlog.channel c
  on c.id = e.channel_id where c.name like 'hot-%'")" 60 'alone'

# A locked channel is skipped, and the others are not.
retain null 2 >/dev/null
retain null 2 >/dev/null
fill z-held 5
fill z-next 5
coproc holder { psql -XAtq; }
holding=$holder_PID
echo "begin; select 'held' from pushlog.channel
  where name = 'z-held' for update;" >&"${holder[1]}"
read -r -t 30 -u "${holder[0]}" answer
is "$answer" held 'a channel is locked'
is "$(retain null 2 | sed 's/channel [0-9]* is/channel is/')" \
  $'WARNING:  channel is locked: left to the next call\n0|3' \
  'a locked channel is left to the next run'
exec {holder[1]}>&-
wait "$holding"
is "$(channel z-next | cut -d'|' -f1) $(retain null 2)" '4 3|3' 'which trims it'

# --- rights ---

for role in writer reader stranger; do
  is "$(state 'call pushlog.retain(null, 1)' $role)" 42501 \
    "the $role does not trim"
  is "$(state 'select pushlog.trim(0, null, 0)' $role)" 42501 \
    "the $role does not move first_id"
  is "$(state 'select pushlog.sweep(0, 1)' $role)" 42501 \
    "the $role does not remove rows"
done
for statement in 'select from pushlog.event' 'select from pushlog.channel' \
  'delete from pushlog.event' 'update pushlog.channel set last_id = 0' \
  'select pushlog.new_epoch()' "select pushlog.append('1', '{}', '{}', null,
    null, null, '{}', null)"; do
  is "$(state "$statement" trimmer)" 42501 "the trimmer may not: $statement"
done

# --- the script ---

export PUSHLOG_RETENTION_DATABASE="host=$dir dbname=retention user=trimmer"
is "$(deploy/pushlog-retention)" 'pushlog-retention: off, everything is kept' \
  'deploy/pushlog-retention does nothing without limits'
fill script 9
is "$(PUSHLOG_RETENTION_EVENTS=4 deploy/pushlog-retention \
  | sed 's/hid [0-9]* /hid n /')" \
  'pushlog-retention: removed 3 rows, hid n for the next run' 'it trims by number'
is "$(channel script)" '6|9|9|1|9' 'each channel'
query "update pushlog.event set time_ms = time_ms - 10 * 86400000"
fill script 1
PUSHLOG_RETENTION_DAYS=9 deploy/pushlog-retention >/dev/null
PUSHLOG_RETENTION_DAYS=9 deploy/pushlog-retention >/dev/null
is "$(channel script)" '10|10|1|10|10' 'and by age'
is "$(PUSHLOG_RETENTION_DAYS=x deploy/pushlog-retention 2>&1; echo $?)" \
  $'pushlog-retention: PUSHLOG_RETENTION_DAYS=x is not 0 to 999999\n1' \
  'it takes only numbers'
is "$(PUSHLOG_RETENTION_EVENTS='1); drop' deploy/pushlog-retention >/dev/null 2>&1
  echo $?)" 1 'and nothing else'
is "$(PUSHLOG_RETENTION_DAYS=1 deploy/pushlog-retention >/dev/null 2>&1
  echo $?)" 0 'it says by its status that it worked'
is "$(PUSHLOG_RETENTION_DAYS=1 PUSHLOG_RETENTION_DATABASE="host=$dir dbname=no" \
  deploy/pushlog-retention >/dev/null 2>&1; echo $((! $?)))" 0 'or that it did not'
is "$(echo "$PUSHLOG_RETENTION_DATABASE" >"$dir/conninfo"
  PUSHLOG_RETENTION_DATABASE=nowhere PUSHLOG_RETENTION_DAYS=1 \
    PUSHLOG_RETENTION_DATABASE_FILE=$dir/conninfo \
    deploy/pushlog-retention >/dev/null 2>&1; echo $?)" 0 'a file may tell it where'
unset PUSHLOG_RETENTION_DATABASE
