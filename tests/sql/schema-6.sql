-- SPDX-License-Identifier: MIT
--
-- A dump of the schema after the first six migrations, when they still held the
-- functions, with some events. For upgrade.sh.

set check_function_bodies = false;

CREATE SCHEMA pushlog;

ALTER SCHEMA pushlog OWNER TO owner;

COMMENT ON SCHEMA pushlog IS 'durable, ordered history of realtime channels';

CREATE FUNCTION pushlog.append(app text, channels text[], events text[], names text[], texts text[], datas text[], keys bytea[], excludes text[]) RETURNS TABLE(ord bigint, id bigint, time_ms bigint, outcome text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
#variable_conflict use_column
declare
  n constant int := coalesce(cardinality(append.channels), 0);
  locked bigint;
  head bigint;
  only_channel bigint;
  now_ms bigint;
begin
  if cardinality(append.events) is distinct from n
      or cardinality(append.keys) is distinct from n
      or cardinality(append.names) <> n or cardinality(append.texts) <> n
      or cardinality(append.datas) <> n
      or cardinality(append.excludes) <> n then
    raise exception 'arrays of different lengths'
      using errcode = 'array_subscript_error';
  end if;

  if append.channels[1] = all (append.channels) then
    begin
      update pushlog.channel as c set last_id = c.last_id + n
        where c.app = append.app and c.name = append.channels[1]
        returning c.id, c.last_id - n into only_channel, head;
      now_ms := floor(extract(epoch from clock_timestamp()) * 1000);
      insert into pushlog.event
          (channel_id, id, time_ms, event, name, text, data, key, exclude)
        select only_channel, head + u.ord, now_ms, u.event, u.name, u.text,
            u.data, u.key, u.exclude
          from unnest(append.events, append.names, append.texts, append.datas,
            append.keys, append.excludes) with ordinality
            as u (event, name, text, data, key, exclude, ord)
          where only_channel is not null;
    exception when unique_violation then
      only_channel := null;
    end;
    if only_channel is not null then
      for i in 1 .. n loop
        append.ord := i;
        append.id := head + i;
        append.time_ms := now_ms;
        append.outcome := 'stored';
        return next;
      end loop;
      return;
    end if;
  end if;

  loop
    perform 1 from pushlog.channel as c
      where c.app = append.app and c.name = any (append.channels)
      order by c.id for update;
    get diagnostics locked = row_count;
    exit when locked = (select count(*)
      from (select distinct u.name from unnest(append.channels) as u (name))
        as wanted);

    insert into pushlog.channel (app, name)
      select distinct append.app, u.name
        from unnest(append.channels) as u (name)
        order by u.name
      on conflict do nothing;
  end loop;

  now_ms := floor(extract(epoch from clock_timestamp()) * 1000);

  return query
  with post as (
    select u.*, c.id as channel_id, c.last_id,
        o.id as old_id, o.time_ms as old_time_ms,
        (o.event, o.name, o.text, o.data, o.exclude) is not distinct from
          (u.event, u.name, u.text, u.data, u.exclude) as same
      from unnest(append.channels, append.events, append.names,
          append.texts, append.datas, append.keys, append.excludes)
        with ordinality
        as u (channel, event, name, text, data, key, exclude, ord)
      join pushlog.channel as c
        on c.app = append.app and c.name = u.channel
      left join pushlog.event as o
        on o.channel_id = c.id and o.key = u.key
  ), fresh as (
    select p.*, p.last_id
        + row_number() over (partition by p.channel_id order by p.ord)
        as new_id
      from post as p where p.old_id is null
  ), stored as (
    insert into pushlog.event
        (channel_id, id, time_ms, event, name, text, data, key, exclude)
      select f.channel_id, f.new_id, now_ms, f.event, f.name, f.text, f.data,
          f.key, f.exclude
        from fresh as f
  ), counted as (
    update pushlog.channel as c set last_id = g.last_id
      from (select f.channel_id, max(f.new_id) as last_id
          from fresh as f group by f.channel_id) as g
      where c.id = g.channel_id
  )
  select f.ord, f.new_id, now_ms, 'stored' from fresh as f
  union all
  select p.ord, p.old_id, p.old_time_ms,
      case when p.same then 'repeated' else 'conflict' end
    from post as p where p.old_id is not null;
end
$$;

ALTER FUNCTION pushlog.append(app text, channels text[], events text[], names text[], texts text[], datas text[], keys bytea[], excludes text[]) OWNER TO owner;

COMMENT ON FUNCTION pushlog.append(app text, channels text[], events text[], names text[], texts text[], datas text[], keys bytea[], excludes text[]) IS 'the only way into the log: stores a batch, each key once, ids dense';

CREATE FUNCTION pushlog.append_fresh(app text, channel text, events text[], names text[], texts text[], datas text[], keys bytea[], excludes text[], OUT first_id bigint, OUT time_ms bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  n constant int := cardinality(append_fresh.keys);
  channel_id bigint;
  head bigint;
begin
  if cardinality(append_fresh.events) <> n
      or cardinality(append_fresh.names) <> n
      or cardinality(append_fresh.texts) <> n
      or cardinality(append_fresh.datas) <> n
      or cardinality(append_fresh.excludes) <> n then
    raise exception 'arrays of different lengths'
      using errcode = 'array_subscript_error';
  end if;
  begin
    update pushlog.channel as c set last_id = c.last_id + n
      where c.app = append_fresh.app and c.name = append_fresh.channel
      returning c.id, c.last_id - n into channel_id, head;
    if not found then
      return;
    end if;
    append_fresh.time_ms :=
      floor(date_part('epoch', clock_timestamp()) * 1000);
    insert into pushlog.event
        (channel_id, id, time_ms, event, name, text, data, key, exclude)
      select channel_id, head + u.ord, append_fresh.time_ms, u.event, u.name,
          u.text, u.data, u.key, u.exclude
        from unnest(append_fresh.events, append_fresh.names,
            append_fresh.texts, append_fresh.datas, append_fresh.keys,
            append_fresh.excludes) with ordinality
          as u (event, name, text, data, key, exclude, ord);
    append_fresh.first_id := head + 1;
  exception when unique_violation then
    append_fresh.time_ms := null;
  end;
end
$$;

ALTER FUNCTION pushlog.append_fresh(app text, channel text, events text[], names text[], texts text[], datas text[], keys bytea[], excludes text[], OUT first_id bigint, OUT time_ms bigint) OWNER TO owner;

COMMENT ON FUNCTION pushlog.append_fresh(app text, channel text, events text[], names text[], texts text[], datas text[], keys bytea[], excludes text[], OUT first_id bigint, OUT time_ms bigint) IS 'the short way into the log: events of one channel, with new keys';

CREATE FUNCTION pushlog.epoch() RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select substr(encode(sha256(convert_to(concat_ws(' ',
    (select secret from pushlog.install),
    (select system_identifier from pg_control_system()),
    case when pg_is_in_recovery()
      then (select lpad(to_hex(timeline_id), 8, '0')
        from pg_control_checkpoint())
      else left(pg_walfile_name(pg_current_wal_lsn()), 8) end,
    (select oid from pg_database where datname = current_database()),
    'pushlog.channel'::regclass::oid), 'UTF8')), 'hex'), 1, 16)
$$;

ALTER FUNCTION pushlog.epoch() OWNER TO owner;

COMMENT ON FUNCTION pushlog.epoch() IS 'changes when ids may be reused: clients then start over';

CREATE TABLE pushlog.channel (
    id bigint NOT NULL,
    app text NOT NULL,
    name text NOT NULL,
    first_id bigint DEFAULT 1 NOT NULL,
    last_id bigint DEFAULT 0 NOT NULL,
    CONSTRAINT channel_app_check CHECK (
        octet_length(app) between 1 and 20 and ltrim(app, '0123456789') = ''),
    CONSTRAINT channel_name_check CHECK (((length(name) >= 1) AND (length(name) <= 164))),
    CONSTRAINT channel_range_check CHECK (((first_id >= 1) AND (last_id >= (first_id - 1))))
)
WITH (fillfactor='50');

ALTER TABLE pushlog.channel OWNER TO owner;

CREATE FUNCTION pushlog.first_kept(channel pushlog.channel, max_age interval, max_rows bigint) RETURNS bigint
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  low bigint := channel.first_id;
  high bigint := channel.last_id + 1;
  oldest_ms bigint := floor(extract(epoch from now() - max_age) * 1000);
  middle bigint;
begin
  if max_rows is not null then
    low := greatest(low, channel.last_id + 1 - greatest(max_rows, 0));
  end if;
  while low < high and max_age is not null loop
    middle := low + (high - low) / 2;
    if (select e.time_ms < oldest_ms from pushlog.event as e
        where e.channel_id = channel.id and e.id = middle) then
      low := middle + 1;
    else
      high := middle;
    end if;
  end loop;
  return low;
end
$$;

ALTER FUNCTION pushlog.first_kept(channel pushlog.channel, max_age interval, max_rows bigint) OWNER TO owner;

CREATE FUNCTION pushlog.new_epoch() RETURNS text
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update pushlog.install set secret = gen_random_uuid();
  select pushlog.epoch();
$$;

ALTER FUNCTION pushlog.new_epoch() OWNER TO owner;

COMMENT ON FUNCTION pushlog.new_epoch() IS 'for the operator, after putting back a snapshot of the data folder';

CREATE PROCEDURE pushlog.retain(IN max_age interval, IN max_rows bigint, INOUT removed bigint DEFAULT NULL::bigint, INOUT hidden bigint DEFAULT NULL::bigint)
    LANGUAGE plpgsql
    AS $$
declare
  at_channel bigint := 0;
  step record;
  started timestamptz;
begin
  removed := 0;
  hidden := 0;
  while at_channel is not null loop
    started := pg_catalog.clock_timestamp();
    perform pg_catalog.set_config('synchronous_commit', 'off', true);
    select * into step from pushlog.sweep(at_channel, 1000);
    commit;
    at_channel := step.channel_id;
    removed := removed + step.removed;
    perform pg_catalog.pg_sleep(extract(epoch from
      pg_catalog.clock_timestamp() - started));
  end loop;

  at_channel := 0;
  while at_channel is not null loop
    perform pg_catalog.set_config('synchronous_commit', 'off', true),
      pg_catalog.set_config('lock_timeout', '1s', true);
    select * into step from pushlog.trim(at_channel, max_age, max_rows);
    commit;
    at_channel := step.channel_id;
    hidden := hidden + coalesce(step.hidden, 0);
    if step.hidden is null then
      raise warning 'channel % is locked, and left as it is', at_channel;
    end if;
  end loop;
end
$$;

ALTER PROCEDURE pushlog.retain(IN max_age interval, IN max_rows bigint, INOUT removed bigint, INOUT hidden bigint) OWNER TO owner;

COMMENT ON PROCEDURE pushlog.retain(IN max_age interval, IN max_rows bigint, INOUT removed bigint, INOUT hidden bigint) IS 'keeps what is younger than max_age and among the newest max_rows';

CREATE FUNCTION pushlog.sweep(from_channel bigint, max_rows bigint, OUT channel_id bigint, OUT removed bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
#variable_conflict use_column
begin
  removed := 0;
  select c.id into sweep.channel_id from pushlog.channel as c
    where c.id >= coalesce(sweep.from_channel, 0)
      and exists (select from pushlog.event as e
        where e.channel_id = c.id and e.id < c.first_id)
    order by c.id limit 1;
  delete from pushlog.event as e
    using (select o.channel_id, o.id from pushlog.event as o
      join pushlog.channel as c on c.id = o.channel_id
      where c.id = sweep.channel_id and o.id < c.first_id
      order by o.id limit sweep.max_rows) as old
    where e.channel_id = old.channel_id and e.id = old.id;
  get diagnostics removed = row_count;
end
$$;

ALTER FUNCTION pushlog.sweep(from_channel bigint, max_rows bigint, OUT channel_id bigint, OUT removed bigint) OWNER TO owner;

COMMENT ON FUNCTION pushlog.sweep(from_channel bigint, max_rows bigint, OUT channel_id bigint, OUT removed bigint) IS 'removes rows below first_id, some at a time';

CREATE FUNCTION pushlog."trim"(after_channel bigint, max_age interval, max_rows bigint, OUT channel_id bigint, OUT hidden bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  channel pushlog.channel;
  first_kept bigint;
begin
  hidden := 0;
  select c.* into channel from pushlog.channel as c
    where c.id > coalesce(after_channel, 0) order by c.id limit 1;
  channel_id := channel.id;
  if channel_id is null then
    return;
  end if;
  first_kept := pushlog.first_kept(channel, max_age, max_rows);
  if first_kept > channel.first_id then
    begin
      update pushlog.channel as c set first_id = first_kept
        where c.id = channel.id and c.first_id = channel.first_id;
      if found then
        hidden := first_kept - channel.first_id;
      end if;
    exception when lock_not_available then
      hidden := null;
    end;
  end if;
end
$$;

ALTER FUNCTION pushlog."trim"(after_channel bigint, max_age interval, max_rows bigint, OUT channel_id bigint, OUT hidden bigint) OWNER TO owner;

COMMENT ON FUNCTION pushlog."trim"(after_channel bigint, max_age interval, max_rows bigint, OUT channel_id bigint, OUT hidden bigint) IS 'raises first_id of the next channel: what is below it is not kept';

ALTER TABLE pushlog.channel ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME pushlog.channel_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE pushlog.event (
    channel_id bigint NOT NULL,
    id bigint NOT NULL,
    time_ms bigint NOT NULL,
    event text NOT NULL,
    name text,
    text text,
    data text,
    key bytea NOT NULL,
    exclude text,
    CONSTRAINT event_body_check CHECK (((data IS NULL) = ((name IS NOT NULL) AND (text IS NOT NULL)))),
    CONSTRAINT event_key_check CHECK ((octet_length(key) = 16))
);

ALTER TABLE pushlog.event OWNER TO owner;

CREATE TABLE pushlog.install (
    one boolean DEFAULT true NOT NULL,
    secret uuid DEFAULT gen_random_uuid() NOT NULL,
    CONSTRAINT install_one CHECK (one)
);

ALTER TABLE pushlog.install OWNER TO owner;

CREATE TABLE pushlog.migration (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE pushlog.migration OWNER TO owner;

COMMENT ON TABLE pushlog.migration IS 'what deploy/migrate has applied';

COPY pushlog.channel (id, app, name, first_id, last_id) FROM stdin;
2	1	room-1	1	1
3	2	orders-7	1	1
1	1	messages	2	4
\.

COPY pushlog.event (channel_id, id, time_ms, event, name, text, data, key, exclude) FROM stdin;
1	1	1796090067831	new_message	Ada	first &amp; last	\N	\\xc4ca4238a0b923820dcc509a6f75849b	\N
1	2	1796090067831	new_message	Bob	zwei <&gt; ünï	\N	\\xc81e728d9d4c2f636f067f89cc14862c	\N
2	1	1796090067831	new_message	Eve	x	\N	\\xeccbc87e4b5ce2fe28308fd9f2a7baf3	1.2
1	3	1796090067834	new_message	Ada	third	\N	\\xa87ff679a2f3e71d9181a67b7542122c	\N
1	4	1796090067834	paid	\N	\N	{"order":17}	\\xe4da3b7fbbce2345d7772b0674a318d5	\N
3	1	1796090067843	paid	\N	\N	{}	\\x1679091c5a880faf6fb5e6087eb1b2dc	\N
\.

COPY pushlog.install (one, secret) FROM stdin;
t	ecbe3203-f8c4-42e5-938e-744128f86df1
\.

COPY pushlog.migration (version, name, checksum, applied_at) FROM stdin;
1	001_log.sql	59028fa6ff884a2237b74ae62370b4df668e4a15ce24275df0ff0aa4d615adee	2026-12-01 01:54:27.694105+00
2	002_functions.sql	7c8a656c786716b04bff9436585a2cbb8296e770ea92f07a6c1536be8867d497	2026-12-01 01:54:27.711945+00
3	003_roles.sql	87d61de91d99827306afeea05241e26f6e977bc86e1f11d73ac725d24c422ca8	2026-12-01 01:54:27.719478+00
4	004_retention.sql	74a09c1e06f86287960b227819b8abcb3ffddf255e98ddf81112fa1c8161222f	2026-12-01 01:54:27.723543+00
5	005_append.sql	1210b4d2abf7dd78675e6af048b357640df1322810263ffb6c7b4e5b213fab5d	2026-12-01 01:54:27.72811+00
6	006_append_fresh.sql	604d9854b6f3708c39611b3005fee5a29ae3a090b339701ae300a9a622cbba9f	2026-12-01 01:54:27.731097+00
\.

SELECT pg_catalog.setval('pushlog.channel_id_seq', 3, true);

ALTER TABLE ONLY pushlog.channel
    ADD CONSTRAINT channel_name_key UNIQUE (app, name);

ALTER TABLE ONLY pushlog.channel
    ADD CONSTRAINT channel_pkey PRIMARY KEY (id);

ALTER TABLE ONLY pushlog.event
    ADD CONSTRAINT event_key_key UNIQUE (channel_id, key);

ALTER TABLE ONLY pushlog.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (channel_id, id);

ALTER TABLE ONLY pushlog.install
    ADD CONSTRAINT install_pkey PRIMARY KEY (one);

ALTER TABLE ONLY pushlog.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (version);

GRANT USAGE ON SCHEMA pushlog TO pushlog_reader;
GRANT USAGE ON SCHEMA pushlog TO pushlog_writer;
GRANT USAGE ON SCHEMA pushlog TO pushlog_trimmer;

REVOKE ALL ON FUNCTION pushlog.append(app text, channels text[], events text[], names text[], texts text[], datas text[], keys bytea[], excludes text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION pushlog.append(app text, channels text[], events text[], names text[], texts text[], datas text[], keys bytea[], excludes text[]) TO pushlog_writer;

REVOKE ALL ON FUNCTION pushlog.append_fresh(app text, channel text, events text[], names text[], texts text[], datas text[], keys bytea[], excludes text[], OUT first_id bigint, OUT time_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION pushlog.append_fresh(app text, channel text, events text[], names text[], texts text[], datas text[], keys bytea[], excludes text[], OUT first_id bigint, OUT time_ms bigint) TO pushlog_writer;

REVOKE ALL ON FUNCTION pushlog.epoch() FROM PUBLIC;
GRANT ALL ON FUNCTION pushlog.epoch() TO pushlog_reader;
GRANT ALL ON FUNCTION pushlog.epoch() TO pushlog_writer;

GRANT SELECT ON TABLE pushlog.channel TO pushlog_reader;
GRANT SELECT ON TABLE pushlog.channel TO pushlog_writer;

REVOKE ALL ON FUNCTION pushlog.first_kept(channel pushlog.channel, max_age interval, max_rows bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION pushlog.new_epoch() FROM PUBLIC;

REVOKE ALL ON PROCEDURE pushlog.retain(IN max_age interval, IN max_rows bigint, INOUT removed bigint, INOUT hidden bigint) FROM PUBLIC;
GRANT ALL ON PROCEDURE pushlog.retain(IN max_age interval, IN max_rows bigint, INOUT removed bigint, INOUT hidden bigint) TO pushlog_trimmer;

REVOKE ALL ON FUNCTION pushlog.sweep(from_channel bigint, max_rows bigint, OUT channel_id bigint, OUT removed bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION pushlog.sweep(from_channel bigint, max_rows bigint, OUT channel_id bigint, OUT removed bigint) TO pushlog_trimmer;

REVOKE ALL ON FUNCTION pushlog."trim"(after_channel bigint, max_age interval, max_rows bigint, OUT channel_id bigint, OUT hidden bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION pushlog."trim"(after_channel bigint, max_age interval, max_rows bigint, OUT channel_id bigint, OUT hidden bigint) TO pushlog_trimmer;

GRANT SELECT ON TABLE pushlog.event TO pushlog_reader;
GRANT SELECT ON TABLE pushlog.event TO pushlog_writer;
