# SPDX-License-Identifier: MIT
#
# pushlog.append: dense ids, each key once, all or nothing.

fresh_database append

# hex of a key of 16 bytes
key() { printf '%032x' "$1"; }

# Appends as the program does and shows the rows in the batch's order.
append() { # CHANNELS TEXTS KEYS, words each
  local channels='' texts='' keys='' names='' events='' word
  for word in $1; do
    channels+="${channels:+,}'$word'"
    events+="${events:+,}'new_message'"
    names+="${names:+,}'Ada'"
  done
  for word in $2; do texts+="${texts:+,}'$word'"; done
  for word in $3; do keys+="${keys:+,}'\\x$(key "$word")'"; done
  query "select ord, id, outcome from pushlog.append('1', array[$channels],
    array[$events], array[$names], array[$texts], null,
    array[$keys]::bytea[], null) order by ord" writer | tr '\n' ' ' \
    | sed 's/ $//'
}

rows() { query "select count(*) from pushlog.event"; }

# No channel has a hole, and each head is its highest id.
holes() {
  query "select c.name, c.last_id, count(e.id), min(e.id), max(e.id)
    from pushlog.channel c left join pushlog.event e on e.channel_id = c.id
    group by c.id
    having count(e.id) <> c.last_id or max(e.id) <> c.last_id
      or (c.last_id > 0 and min(e.id) <> 1)"
}

is "$(append a one 1)" '1|1|stored' 'the first id of a channel is 1'
is "$(append 'a a a' 'two three four' '2 3 4')" \
  '1|2|stored 2|3|stored 3|4|stored' 'a batch continues where the last ended'
is "$(append 'b a b a' 'one five two six' '1 5 2 6')" \
  '1|1|stored 2|5|stored 3|2|stored 4|6|stored' \
  'each channel has its own ids, in the order of the batch'
is "$(append 'a' 'two' '2')" '1|2|repeated' \
  'a known key gets the first answer'
is "$(append 'a' 'other' '2')" '1|2|conflict' \
  'a known key with another event is a conflict'
is "$(append 'a a a b' 'three seven x three' '3 7 4 3')" \
  '1|3|repeated 2|7|stored 3|4|conflict 4|3|stored' \
  'repeats and conflicts in a batch leave no hole'
is "$(append 'a a' 'three seven' '3 7')" '1|3|repeated 2|7|repeated' \
  'a stored batch can be sent again'
is "$(holes)" '' 'no channel has a hole'
is "$(rows)" 10 'nothing was stored twice'

is "$(query "select id, time_ms from pushlog.append('1', '{a}',
    '{new_message}', '{Ada}', '{two}', null,
    array['\\x$(key 2)']::bytea[], null)" writer)" \
  "$(query "select e.id, e.time_ms from pushlog.event e
    join pushlog.channel c on c.id = channel_id
    where c.name = 'a' and e.id = 2")" 'a repeat has the time of the first'
is "$(query "select abs(extract(epoch from now()) * 1000 - max(time_ms))
    < 60000, count(distinct time_ms) < count(*) from pushlog.event")" 't|t' \
  'time_ms is the clock in milliseconds, one for a batch'

is "$(query "select id, outcome from pushlog.append('2', '{a}',
    '{new_message}', '{Ada}', '{one}', null,
    array['\\x$(key 1)']::bytea[], null)" writer)" '1|stored' \
  'another app has its own channels'

# One variation of an event each: name, event, exclude, data.
same_key() { # EVENT NAME TEXT DATA EXCLUDE, SQL literals
  query "select outcome from pushlog.append('1', '{v}', array[$1],
    array[$2]::text[], array[$3]::text[], array[$4]::text[],
    array['\\x$(key 99)']::bytea[], array[$5]::text[])" writer
}
is "$(same_key "'e'" "'n'" "'t'" null "'1.2'")" stored \
  'an event with a name, a text and an excluded socket is stored'
is "$(same_key "'e'" "'n'" "'t'" null "'1.2'")" repeated \
  'the same event again is a repeat'
is "$(same_key "'f'" "'n'" "'t'" null "'1.2'")" conflict \
  'another event name is a conflict'
is "$(same_key "'e'" "'m'" "'t'" null "'1.2'")" conflict \
  'another name is a conflict'
is "$(same_key "'e'" "'n'" "'u'" null "'1.2'")" conflict \
  'another text is a conflict'
is "$(same_key "'e'" "'n'" "'t'" null "'1.3'")" conflict \
  'another excluded socket is a conflict'
is "$(same_key "'e'" "'n'" "'t'" null null)" conflict \
  'no excluded socket is a conflict'
is "$(same_key "'e'" null null "'d'" "'1.2'")" conflict \
  'data in place of name and text is a conflict'
is "$(query "select outcome from pushlog.append('1', '{v}', '{e}', null,
    null, '{d}', array['\\x$(key 98)']::bytea[], null)" writer)" stored \
  'an event with data needs neither name nor text'
is "$(query "select id, event, name, text, data, exclude from pushlog.event e
    where key in ('\\x$(key 98)', '\\x$(key 99)') order by id")" \
  $'1|e|n|t||1.2\n2|e|||d|' 'the rows hold what was given'

# --- batches of one channel ---

is "$(append s 'one' 60)" '1|1|stored' 'a new channel is made'
is "$(append 's s' 'two three' '61 62')" '1|2|stored 2|3|stored' \
  'new keys in one channel are stored'
is "$(append 's s s' 'four three five' '63 62 64')" \
  '1|4|stored 2|3|repeated 3|5|stored' 'one of them may be known'
is "$(append 's s' 'other six' '64 65')" '1|5|conflict 2|6|stored' \
  'or be known with another event'
is "$(holes)" '' 'and there is no hole'

# --- append_fresh: events of one channel, all new ---

fresh() { # CHANNEL TEXTS KEYS, words each
  local texts='' keys='' names='' events='' word
  for word in $2; do
    texts+="${texts:+,}'$word'"
    events+="${events:+,}'new_message'"
    names+="${names:+,}'Ada'"
  done
  for word in $3; do keys+="${keys:+,}'\\x$(key "$word")'"; done
  query "select first_id, time_ms is null from pushlog.append_fresh('1', '$1',
    array[$events], array[$names], array[$texts], null,
    array[$keys]::bytea[], null)" writer
}

before=$(rows)
is "$(fresh nowhere one 70)" '|t' 'append_fresh makes no channel'
is "$(query "select count(*) from pushlog.channel where name = 'nowhere'")" 0 \
  'and leaves none behind'
is "$(fresh s 'known new' '64 70')" '|t' 'append_fresh refuses a known key'
is "$(rows)" "$before" 'and stores nothing with it'
is "$(fresh s 'seven eight' '71 72')" '7|f' 'append_fresh stores new events'
is "$(append 's s' 'seven nine' '71 73')" '1|7|repeated 2|9|stored' \
  'append continues where append_fresh ended'
is "$(append s other 72)" '1|8|conflict' 'and knows its keys'
is "$(query "select string_agg(text || time_ms - (select min(time_ms)
      from pushlog.event e where e.channel_id = c.id and id in (7, 8)), ' '
      order by e.id) from pushlog.event e join pushlog.channel c
    on c.id = e.channel_id where c.name = 's' and e.id in (7, 8)")" \
  'seven0 eight0' 'its events are in order and have one time'
is "$(holes)" '' 'and there is no hole'

# A head below existing rows, which no backup leaves: the rows stay, and nothing
# is stored until the operator has repaired the channel.
query "update pushlog.channel set last_id = 8 where name = 's'"
is "$(fresh s ten 74)" '|t' 'append_fresh does not replace rows above the head'
is "$(state "select * from pushlog.append('1', '{s}', '{e}', null, null,
  '{ten}', array['\\x$(key 74)']::bytea[], null)" writer)" 23505 \
  'nor does append, which fails'
query "update pushlog.channel set last_id = 9 where name = 's'"
is "$(holes)" '' 'and there is no hole'

# --- batches that must fail as a whole ---

# unused keys
m="decode(md5('m' || random()::text), 'hex')"
n="decode(md5('n' || random()::text), 'hex')"

fails() { # ARGUMENTS DESCRIPTION [FUNCTION]
  local before got
  before=$(rows)
  got=$(state "select * from pushlog.${3:-append}($1)" writer)
  case $got in
    00000 | '') is "state $got, $(rows) rows" "an error, $before rows" "$2" ;;
    *) is "$(rows) rows" "$before rows" "$2" ;;
  esac
}

fails "'1', '{a,a}', '{e}', '{n,n}', '{t,t}', null,
  array[$m, $n], null" 'fewer events than channels fail'
fails "'1', '{a,a}', '{e,e}', '{n}', '{t,t}', null,
  array[$m, $n], null" 'fewer names than channels fail'
fails "'1', '{a,a}', '{e,e}', '{n,n}', '{t}', null,
  array[$m, $n], null" 'fewer texts than channels fail'
fails "'1', '{a,a}', '{e,e}', null, null, '{d}',
  array[$m, $n], null" 'fewer datas than channels fail'
fails "'1', '{a,a}', '{e,e}', '{n,n}', '{t,t}', '{null}',
  array[$m, $n], null" 'fewer empty datas than channels fail'
fails "'1', '{a,a}', '{e,e}', '{n,n}', '{t,t}', null,
  array[$m], null" 'fewer keys than channels fail'
fails "'1', '{a,a}', '{e,e}', '{n,n}', '{t,t}', null,
  array[$m, $n], '{1.2}'" 'fewer excludes than channels fail'
fails "'1', '{a}', '{e,e}', '{n,n}', '{t,t}', null,
  array[$m, $n], null" 'fewer channels than events fail'
fails "'1', '{a}', '{e}', '{n}', '{t}', null,
  array[$m, $n], null" 'more keys than channels fail'
fails "'1', '{}', '{e}', '{n}', '{t}', null, array[$m], null" \
  'events without channels fail'
fails "'1', null, '{e}', '{n}', '{t}', null, array[$m], null" \
  'null for channels fails'
fails "'1', '{a}', null, '{n}', '{t}', null, array[$m], null" \
  'null for events fails'
fails "'1', '{a}', '{e}', '{n}', '{t}', null, null, null" \
  'null for keys fails'
fails "null, '{a}', '{e}', '{n}', '{t}', null, array[$m], null" \
  'null for the app fails'
fails "'1', '{a,null}', '{e,e}', '{n,n}', '{t,t}', null,
  array[$m, $n], null" 'a null channel fails'
fails "'1', '{a,a}', '{e,null}', '{n,n}', '{t,t}', null,
  array[$m, $n], null" 'a null event fails'
fails "'1', '{a,a}', '{e,e}', '{n,null}', '{t,t}', null,
  array[$m, $n], null" 'a null name beside a text fails'
fails "'1', '{a,a}', '{e,e}', '{n,n}', '{t,null}', null,
  array[$m, $n], null" 'a null text beside a name fails'
fails "'1', '{a,a}', '{e,e}', '{n,n}', '{t,t}', null,
  array[$m, null], null" 'a null key fails'
fails "'1', '{a,a}', '{e,e}', null, null, null,
  array[$m, $n], null" 'an event without any body fails'
fails "'1', '{a,a}', '{e,e}', '{n,n}', '{t,t}', '{d,d}',
  array[$m, $n], null" 'a message with data beside it fails'
fails "'1', '{a,a}', '{e,e}', '{n,n}', '{t,t}', null,
  array_fill(substr(sha256('m'), 1, 16), '{2}'), null" 'a key that repeats within the batch fails'
fails "'1', '{a}', '{e}', '{n}', '{t}', null,
  array['\\x00']::bytea[], null" 'a key that is not 16 bytes fails'
for app in '' x 1x 1-1 "$(printf '%021d' 1)"; do
  fails "'$app', '{a}', '{e}', '{n}', '{t}', null, array[$m], null" \
    "an app '$app' fails"
done
fails "'1', '{\"\"}', '{e}', '{n}', '{t}', null, array[$m], null" \
  'an empty channel name fails'
fails "'1', array[repeat('n', 165)], '{e}', '{n}', '{t}', null,
  array[$m], null" 'a channel name of 165 fails'
fails "'1', '{a,brandnew}', '{e,e}', '{n,n}', '{t,null}', null,
  array[$m, $n], null" 'a failing batch with a new channel fails'
is "$(query "select count(*) from pushlog.channel where name = 'brandnew'")" \
  0 'and leaves no channel behind'

fails_fresh() { # ARGUMENTS DESCRIPTION
  fails "$1" "$2" append_fresh
}
fails_fresh "'1', 's', '{e}', '{n,n}', '{t,t}', null,
  array[$m, $n], null" 'append_fresh: fewer events than keys fail'
fails_fresh "'1', 's', '{e,e}', '{n}', '{t,t}', null,
  array[$m, $n], null" 'append_fresh: fewer names than keys fail'
fails_fresh "'1', 's', '{e,e}', '{n,n}', '{t}', null,
  array[$m, $n], null" 'append_fresh: fewer texts than keys fail'
fails_fresh "'1', 's', '{e,e}', null, null, '{d}',
  array[$m, $n], null" 'append_fresh: fewer datas than keys fail'
fails_fresh "'1', 's', '{e,e}', '{n,n}', '{t,t}', null,
  array[$m, $n], '{1.2}'" 'append_fresh: fewer excludes than keys fail'
fails_fresh "'1', 's', '{e,e}', '{n,n}', '{t,t}', null,
  array[$m], null" 'append_fresh: fewer keys than events fail'
fails_fresh "'1', 's', null, '{n}', '{t}', null, array[$m], null" \
  'append_fresh: null for events fails'
fails_fresh "'1', 's', '{e}', '{n}', '{t}', null, null, null" \
  'append_fresh: null for keys fails'
fails_fresh "'1', 's', '{e}', null, null, null, array[$m], null" \
  'append_fresh: an event without any body fails'
fails_fresh "'1', 's', '{e}', '{n}', '{t}', null,
  array['\\x00']::bytea[], null" 'append_fresh: a key of one byte fails'
is "$(holes)" '' 'no failure leaves a hole'

# --- sizes ---

is "$(query "select count(*) from pushlog.append('1', '{}', '{}', null, null,
    null, '{}', null)" writer)" 0 'an empty batch stores nothing'
is "$(query "select count(*), min(id), max(id), bool_and(id = ord)
    from pushlog.append('1',
      (select array_agg('big'::text) from generate_series(1, 256)),
      (select array_agg('e'::text) from generate_series(1, 256)), null, null,
      (select array_agg(repeat('d', 1000)) from generate_series(1, 256)),
      (select array_agg(decode(lpad(to_hex(g), 32, '0'), 'hex'))
        from generate_series(1, 256) g), null)" writer)" \
  '256|1|256|t' 'a batch of 256 is numbered in its order'
is "$(query "select outcome from pushlog.append(repeat('9', 20),
    array[repeat('n', 164)], '{e}', null, null, array[repeat('d', 1048576)],
    array[$m], null)" writer)" stored \
  'a long app, a long name and a long text are stored'

# A snapshot from before the lock must not assign an id that it does not see.
cat >"$dir/snapshot.sql" <<SQL
begin isolation level repeatable read;
select count(*) from pushlog.event;
\! psql -XAtq -U writer -c "select id from pushlog.append('1', '{a}', '{e}', null, null, '{d}', array[decode('$(key 2000)', 'hex')], null)" >/dev/null
select id from pushlog.append('1', '{a}', '{e}', null, null, '{d}',
  array[decode('$(key 2001)', 'hex')], null);
SQL
is "$(psql -XAtq -U writer -v VERBOSITY=sqlstate -f "$dir/snapshot.sql" 2>&1 \
  | grep -o 40001)" 40001 'an append on an old snapshot is refused'
is "$(holes)" '' 'and no channel has a hole'
