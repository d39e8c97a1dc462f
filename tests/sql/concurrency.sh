# SPDX-License-Identifier: MIT
#
# Concurrent writers: nothing is lost, repeated or out of order, and no two
# transactions wait for each other.

fresh_database concurrency

bench() { # CLIENTS TRANSACTIONS SCRIPT [OPTION…]; what pgbench counts
  local clients=$1 transactions=$2
  cat >"$dir/bench.sql"
  shift 2
  "$bin/pgbench" -n -U writer -c "$clients" -j 2 -t "$transactions" \
    -f "$dir/bench.sql" --random-seed=1 "$@" 2>&1 \
    | sed -n 's/^number of transactions actually processed: //p
      s/^number of failed transactions: \([0-9]*\).*/failed \1/p
      /^pgbench: error/p'
}

totals() { # PATTERN; channels, rows, sum of heads, channels with a hole
  query "select count(*), sum(n), sum(last_id), count(*) filter (where
      n <> last_id or low <> 1 or high <> last_id or keys <> n)
    from (select c.last_id, count(e.id) n, min(e.id) low, max(e.id) high,
        count(distinct e.key) keys
      from pushlog.channel c join pushlog.event e on e.channel_id = c.id
      where c.name like '$1' group by c.id) as t"
}

deadlocks() {
  query "select pg_stat_clear_snapshot(); select deadlocks
    from pg_stat_database where datname = current_database()" | tail -n 1
}

random_key="decode(md5(random()::text || clock_timestamp()
  || pg_backend_pid()), 'hex')"

# --- a reader that follows two channels while eight write ---

cat >"$dir/follow.sql" <<'SQL'
do $$
declare
  last_seen bigint[] := '{0,0}';
  names text[] := '{hot-1,hot-2}';
  done_at timestamptz := clock_timestamp() + interval '60 s';
  head bigint;
  ids bigint[];
  looks bigint := 0;
begin
  while clock_timestamp() < done_at
      and last_seen[1] + last_seen[2] < 8 * 400 * 3 loop
    for i in 1 .. 2 loop
      head := coalesce((select c.last_id from pushlog.channel c
        where c.app = '1' and c.name = names[i]), 0);
      select coalesce(array_agg(e.id order by e.id), '{}') into ids
        from pushlog.event e join pushlog.channel c on c.id = e.channel_id
        where c.name = names[i] and e.id > last_seen[i];
      looks := looks + 1;
      if exists (select from unnest(ids) with ordinality as u (id, n)
          where u.id <> last_seen[i] + u.n) then
        raise exception 'hole in % behind %: %', names[i], last_seen[i], ids;
      end if;
      last_seen[i] := last_seen[i] + cardinality(ids);
      if last_seen[i] < head then
        raise exception 'head % of % is ahead of its rows', head, names[i];
      end if;
    end loop;
  end loop;
  if looks < 20 then
    raise exception 'looked only % times', looks;
  end if;
  raise warning 'saw %', last_seen[1] + last_seen[2];
end $$;
SQL
psql -XAtq -U reader -v VERBOSITY=terse -f "$dir/follow.sql" \
  >"$dir/follow.out" 2>&1 &
follower=$!
is "$(bench 8 400 <<SQL
\set hot random(1, 2)
select * from pushlog.append('1',
  array['hot-' || :hot, 'hot-' || :hot, 'hot-' || 3 - :hot],
  '{e,e,e}', null, null, '{a,b,c}',
  array[$random_key, $random_key, $random_key], null);
SQL
)" $'3200/3200\nfailed 0' 'eight writers append to two channels'
wait "$follower"
is "$(sed 's/.*: *//' "$dir/follow.out")" 'saw 9600' \
  'a reader never sees a hole below what it has seen'
is "$(totals 'hot-%')" '2|9600|9600|0' 'and every id exists once'

# --- batches that name the same channels in any order ---

query "select count(*) from pushlog.append('1',
  array(select 'mix-' || g from generate_series(1, 10) g),
  array(select 'e' from generate_series(1, 10)), null, null,
  array(select 'd' from generate_series(1, 10)),
  array(select $random_key from generate_series(1, 10)), null)" >/dev/null
before=$(deadlocks)
# Without indexes rows are found in their physical order, which changes.
is "$(PGOPTIONS='-c enable_indexscan=off -c enable_indexonlyscan=off' \
  bench 8 150 <<SQL
with pick as (
  select 'mix-' || g as name from generate_series(1, 10) g
  order by random() limit 6
), list as (select array_agg(name order by random()) as names from pick)
select a.* from list, pushlog.append('1', names, '{e,e,e,e,e,e}', null, null,
  '{d,d,d,d,d,d}', array(select $random_key from unnest(names)), null) a;
SQL
)" $'1200/1200\nfailed 0' 'batches in any order of channels don'\''t fail'
is "$(($(deadlocks) - before))" 0 'none of them was a deadlock'
is "$(totals 'mix-%')" '10|7210|7210|0' 'and every id exists once'

# --- new channels, made concurrently ---

is "$(bench 8 60 --max-tries=50 <<SQL
with pick as (
  select 'new-' || floor(random() * 120) as name from generate_series(1, 5)
), list as (select array_agg(name order by random()) as names from pick)
select a.* from list, pushlog.append('1', names, '{e,e,e,e,e}', null, null,
  '{d,d,d,d,d}', array(select $random_key from unnest(names)), null) a;
SQL
)" $'480/480\nfailed 0' 'new channels are made by whoever comes first'
is "$(totals 'new-%' | cut -d'|' -f2-)" '2400|2400|0' \
  'and every id exists once'

# A transaction must not take a channel that another one has just made for one
# that it has locked: eight make the same channels, one after the other.
is "$(bench 8 200 -D step=0 <<SQL
\set step :step + 1
select * from pushlog.append('1', array['first-' || :step], '{e}', null, null,
  '{d}', array[$random_key], null);
SQL
)" $'1600/1600\nfailed 0' 'first posts to one channel at once are all stored'
is "$(totals 'first-%')" '200|1600|1600|0' 'and every id exists once'

# --- the same keys, concurrently ---

is "$(bench 8 150 <<SQL
\set key random(1, 100)
select * from pushlog.append('1', '{once}', '{e}', null, null,
  array[:key::text], array[decode(lpad(to_hex(:key), 32, '0'), 'hex')], null);
SQL
)" $'1200/1200\nfailed 0' 'posting the same keys at once does not fail'
is "$(totals once)" "1|100|100|0" 'and each key is stored once'

# Batches of one channel and of several, with unique keys and with keys that
# others use, too: each way to append meets the others. The channels exist, for
# making them may end in a deadlock, which the caller has to repeat.
query "select from pushlog.append('1', '{ways-1,ways-2,ways-3}', '{e,e,e}',
  null, null, '{d,d,d}', array(select $random_key from generate_series(1, 3)),
  null)" >/dev/null
is "$(bench 8 150 <<SQL
\set channels random(1, 3)
\set posts random(1, 6)
\set other random(1, 20)
with post as materialized (
  select 'ways-' || ceil(random() * :channels) as channel,
      case when random() < 0.3
        then decode(lpad(to_hex(g * 20 + ceil(random() * 20)::int), 32, '0'),
          'hex')
        else $random_key end as key
    from generate_series(1, :posts) g
), list as (select array_agg(channel) as channels, array_agg(key) as keys,
    array_agg('e'::text) as words from post)
select a.* from list, pushlog.append('1', channels, words, null, null, words,
  keys, null) a;
select f.* from pushlog.append_fresh('1', 'ways-' || :channels, '{e,e}', null,
  null, '{e,e}', array[$random_key, decode(lpad(to_hex(:posts * 20 + :other),
  32, '0'), 'hex')], null) f;
SQL
)" $'1200/1200\nfailed 0' 'each way to append meets the others'
is "$(totals 'ways-%' | cut -d'|' -f1,4)" '3|0' 'and no id or key exists twice'

# A writer that dies before its commit leaves no row and no lock.
query "begin; select from pushlog.append('1', '{hot-1}', '{e}', null, null,
  '{d}', array[$random_key], null); select pg_terminate_backend(
  pg_backend_pid())" >/dev/null 2>&1
is "$(query "set lock_timeout = '5s'; select id from pushlog.append('1',
    '{hot-1}', '{e}', null, null, '{d}', array[$random_key], null)" writer)" \
  "$(query "select last_id from pushlog.channel where name = 'hot-1'")" \
  'a dead writer blocks no other'
is "$(totals 'hot-%')" '2|9601|9601|0' 'and leaves no hole'
