-- SPDX-License-Identifier: MIT
--
-- pushlog.append as many would write it: ids from a sequence, no lock of the
-- channel's row before. For tests/chaos, which must find this out.

create function pushlog.sequence_of(channel_id bigint) returns regclass
language plpgsql security definer as $$
begin
  execute format('create sequence if not exists pushlog.ids_%s', channel_id);
  return format('pushlog.ids_%s', channel_id)::regclass;
end
$$;

create or replace function pushlog.append_fresh(
  app text, channel text, events text[], names text[], texts text[],
  datas text[], keys bytea[], excludes text[],
  out first_id bigint, out time_ms bigint)
language sql as 'select null::bigint, null::bigint';

create or replace function pushlog.append(
  app text, channels text[], events text[], names text[], texts text[],
  datas text[], keys bytea[], excludes text[])
returns table (ord bigint, id bigint, time_ms bigint, outcome text)
language plpgsql volatile security definer
set client_min_messages = warning
as $$
#variable_conflict use_column
declare
  now_ms bigint := floor(extract(epoch from clock_timestamp()) * 1000);
  post record;
  old record;
  new_id bigint;
begin
  insert into pushlog.channel (app, name)
    select distinct append.app, u.name from unnest(append.channels) as u (name)
    on conflict do nothing;
  for post in
    select u.*, c.id as channel_id
    from unnest(append.channels, append.events, append.names, append.texts,
        append.datas, append.keys, append.excludes) with ordinality
        as u (channel, event, name, text, data, key, exclude, ord)
      join pushlog.channel as c on c.app = append.app and c.name = u.channel
  loop
    select e.id, e.time_ms into old from pushlog.event as e
      where e.channel_id = post.channel_id and e.key = post.key;
    if found then
      return query select post.ord, old.id, old.time_ms, 'repeated';
      continue;
    end if;
    new_id := nextval(pushlog.sequence_of(post.channel_id));
    insert into pushlog.event values (post.channel_id, new_id, now_ms,
      post.event, post.name, post.text, post.data, post.key, post.exclude);
    return query select post.ord, new_id, now_ms, 'stored';
  end loop;
  -- as late as possible, and in the order of the rows against deadlocks
  perform pg_sleep(0.002);
  perform 1 from pushlog.channel as c
    where c.app = append.app and c.name = any (append.channels)
    order by c.id for update;
  update pushlog.channel as c
    set last_id = greatest(c.last_id, (select max(e.id)
      from pushlog.event as e where e.channel_id = c.id))
    where c.app = append.app and c.name = any (append.channels);
end
$$;
