-- SPDX-License-Identifier: MIT
-- same as: 59028fa6ff884a2237b74ae62370b4df668e4a15ce24275df0ff0aa4d615adee
--
-- The log: every event, its channel, and its id in the channel.
--
-- Ids are dense and commit-ordered per channel because every append locks the
-- channel's row before it reads last_id, and holds the lock until it has
-- committed. A reader that has seen id N will therefore never find an id at or
-- below N that it has not seen, and a missing id always means a missing event.

create schema if not exists pushlog;

comment on schema pushlog is 'durable, ordered history of realtime channels';

-- install: one row, made once; a part of the epoch (see functions/epoch.sql).
--
--   one     always true: limits the table to one row
--   secret  random; replaced by pushlog.new_epoch()
create table pushlog.install (
  one boolean not null default true,
  secret uuid not null default gen_random_uuid(),
  constraint install_pkey primary key (one),
  constraint install_one check (one)
);

insert into pushlog.install default values;

-- channel: the range of ids of each channel.
--
--   id        joins event; the order in which rows are locked
--   app       the application's id, digits
--   name      the channel's name
--   first_id  lowest id that is kept; lower ones were trimmed
--   last_id   head: highest id assigned, 0 while there is none
create table pushlog.channel (
  id bigint not null generated always as identity,
  app text not null,
  name text not null,
  first_id bigint not null default 1,
  last_id bigint not null default 0,
  constraint channel_pkey primary key (id),
  constraint channel_name_key unique (app, name),
  constraint channel_app_check check (app ~ '^[0-9]{1,20}$'),
  constraint channel_name_check check (length(name) between 1 and 164),
  constraint channel_range_check
    check (first_id >= 1 and last_id >= first_id - 1)
)
-- every append updates its channel's row: leave room to update in place
with (fillfactor = 50);

-- event: one row for each event. It never changes; only retention deletes it.
--
--   channel_id    the channel. No foreign key: the append functions are the
--                 only writers, and they hold the lock of the channel's row
--   id            1, 2, 3, … within the channel
--   time_ms       the server's clock at the append, ms since 1970
--   event         the event's name; a chat message's is new_message
--   name, text    of a chat message, escaped; null for other events
--   data          of any other event, unchanged; null for a message
--   key           16 bytes; posting the same key again stores nothing
--   exclude       the socket id that must not receive the event, or null
create table pushlog.event (
  channel_id bigint not null,
  id bigint not null,
  time_ms bigint not null,
  event text not null,
  name text,
  text text,
  data text,
  key bytea not null,
  exclude text,
  constraint event_pkey primary key (channel_id, id),
  constraint event_key_key unique (channel_id, key),
  constraint event_key_check check (octet_length(key) = 16),
  constraint event_body_check
    check ((data is null) = (name is not null and text is not null))
);
