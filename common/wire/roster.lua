-- SPDX-License-Identifier: MIT
--
-- The roster: presence, occupancy, subscription counts and signed-in users of
-- the whole cluster, kept in Redis. Only this script knows the keys; both
-- programs contain its text and call it with EVALSHA:
--
--     EVALSHA sha 0 {op} {prefix} {argument}…
--
-- A node is one connection of a worker to Redis, and registers the worker's
-- subscriptions, members and users. Each call of a node renews its lease. When
-- the lease has expired, the next call of any node or reader undoes the node's
-- registrations, so each transition happens once. All keys begin with
-- {prefix}:roster:
--
--     nodes                   zset  node -> when its lease ends, in ms
--     node:{node}             hash  the node's registrations:
--                                   "c {app} {channel}" -> 1
--                                   "m {app} {channel} {user}" -> 1
--                                   "u {app} {user}" -> 1
--     count:{app}:{channel}   hash  node -> the number of its subscribers
--     users:{app}:{channel}   hash  user -> "{number of nodes} {user_info}"
--     online:{app}            hash  user -> number of nodes with a connection
--     occupied:{app}          set   channels with subscribers
--     terminated              zset  "{app}:{user}" -> when terminate was called
--     apps                    hash  app -> flags, see wants()
--     born                    when this Redis was first used, in ms
--     due                     zset  delayed notice -> when to send it, in ms
--     unsaid                  set   "{app} {channel}" whose count has changed
--                                   since its last notice
--
-- The script notifies in two ways. It publishes hints to {prefix}:roster for
-- the workers; a hint is true when it is sent and may be lost:
--
--     members {app}:{channel}      the members changed: read them again
--     count {app}:{channel} {n}    the number of subscribers is n
--     online {app}:{user}          the user has signed in
--     offline {app}:{user}         the user has no connection left
--     terminate {app}:{user}       close the connections of the user
--
-- It adds webhook events to the stream {prefix}:webhooks:{app}, in a field
-- `event`: an object of the array `events` of the webhook's request.

local LEASE_MS = 5000
-- A user who navigates from page to page has neither left nor joined.
local LEAVING_MS = 3000
-- A count of CROWD subscribers and more is sent once in CROWD_MS.
local CROWD, CROWD_MS = 100, 5000
-- Limits of one call, because Redis does nothing else meanwhile. A reader needs
-- the true state, so it may undo more at once.
local UNDO_MAX, UNDO_BEFORE_READ_MAX, DUE_MAX = 1000, 10000, 1000
local WEBHOOKS_MAX = 100000
-- A worker that misses hints for less time than this still learns which
-- connections to close.
local TERMINATED_MS = 60000

local op, prefix = ARGV[1], ARGV[2]
local call = redis.call

local function clock()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local now = clock()

local function key(...)
  return prefix .. ':roster:' .. table.concat({ ... }, ':')
end

-- ---- notices ----

-- flag: w, the app has webhooks; c, the app wants subscription counts
local flags = {}
local function wants(app, flag)
  flags[app] = flags[app] or call('HGET', key('apps'), app) or ''
  return flags[app]:find(flag, 1, true) ~= nil
end

local function hint(...)
  call('PUBLISH', prefix .. ':roster', table.concat({ ... }, ' '))
end

local function webhook(app, json)
  if wants(app, 'w') then
    call('XADD', prefix .. ':webhooks:' .. app, 'MAXLEN', '~', WEBHOOKS_MAX,
      '*', 'event', json)
  end
end

local function event(name, channel, user)
  local json = '{"name":"' .. name .. '","channel":' .. cjson.encode(channel)
  if user then json = json .. ',"user_id":' .. cjson.encode(user) end
  return json .. '}'
end

-- The name of a registration in node:{node}, or of a notice in `due`. Its last
-- part may contain blanks: a user, or the channel of a user.
local function entry(...)
  return table.concat({ ... }, ' ')
end

local function parse(name)
  local kind, app, rest = name:match('^(%a) (%d+) (.*)$')
  if kind == 'm' then return kind, app, rest:match('^(%S+) (.*)$') end
  return kind, app, rest
end

-- Delays a notice of leaving, so that is_back can cancel it.
local function leave(kind, app, channel, user)
  if wants(app, 'w') then
    call('ZADD', key('due'), now + LEAVING_MS, entry(kind, app, channel, user))
  end
end

-- Cancels the delayed notice. Whether there was one.
local function is_back(kind, app, channel, user)
  return call('ZREM', key('due'), entry(kind, app, channel, user)) == 1
end

-- Whether a registration is a repeated one after Redis has lost its data, so
-- that it is not an arrival.
local function is_quiet(again)
  return again and now - (call('GET', key('born')) or 0) < LEASE_MS
end

-- ---- counts ----

local function total(app, channel)
  local sum = 0
  for _, n in ipairs(call('HVALS', key('count', app, channel))) do
    sum = sum + n
  end
  return sum
end

local function send_count(app, channel, n)
  hint('count', app .. ':' .. channel, n)
  webhook(app, '{"name":"subscription_count","channel":' ..
    cjson.encode(channel) .. ',"subscription_count":' .. n .. '}')
end

-- again: nodes are registering again, so some are missing or registered under
-- two names. The count is sent when they have finished.
local function update_count(app, channel, again)
  local n, crowded = total(app, channel), entry('s', app, channel)
  if n == 0 or not wants(app, 'c') or channel:find('^presence%-') then return end
  if again then
    call('ZADD', key('due'), 'NX', now + LEASE_MS, crowded)
    call('SADD', key('unsaid'), app .. ' ' .. channel)
  elseif n < CROWD then
    call('ZREM', key('due'), crowded)
    call('SREM', key('unsaid'), app .. ' ' .. channel)
    send_count(app, channel, n)
  elseif call('ZSCORE', key('due'), crowded) then
    call('SADD', key('unsaid'), app .. ' ' .. channel)
  else
    call('ZADD', key('due'), now + CROWD_MS, crowded)
    send_count(app, channel, n)
  end
end

local function set_count(node, app, channel, n, again)
  local counts, mine = key('count', app, channel), entry('c', app, channel)
  local was = call('EXISTS', counts)
  if n > 0 then
    call('HSET', counts, node, n)
    call('HSET', key('node', node), mine, 1)
  else
    call('HDEL', counts, node)
    call('HDEL', key('node', node), mine)
  end
  local is = call('EXISTS', counts)
  if is > was then
    call('SADD', key('occupied', app), channel)
    if not is_back('c', app, channel) and not is_quiet(again) then
      webhook(app, event('channel_occupied', channel))
    end
  elseif is < was then
    call('SREM', key('occupied', app), channel)
    leave('c', app, channel)
  end
  update_count(app, channel, again)
end

-- ---- members ----

local changed = {} -- channels whose members changed

local function hint_members()
  for channel in pairs(changed) do hint('members', channel) end
  changed = {}
end

local function references(value)
  return value and tonumber(value:match('^%d+')) or 0
end

local function add_member(node, app, channel, user, info, quiet)
  local users = key('users', app, channel)
  local mine = entry('m', app, channel, user)
  if call('HSETNX', key('node', node), mine, 1) == 0 then return end
  local n = references(call('HGET', users, user))
  call('HSET', users, user, n + 1 .. ' ' .. info)
  if n > 0 then return end
  changed[app .. ':' .. channel] = true
  if not is_back('m', app, channel, user) and not quiet then
    webhook(app, event('member_added', channel, user))
  end
end

local function remove_member(node, app, channel, user)
  local users = key('users', app, channel)
  local mine = entry('m', app, channel, user)
  if call('HDEL', key('node', node), mine) == 0 then return end
  local value = call('HGET', users, user)
  if not value then return end
  local n = references(value)
  if n > 1 then
    call('HSET', users, user, (value:gsub('^%d+', n - 1)))
    return
  end
  call('HDEL', users, user)
  changed[app .. ':' .. channel] = true
  leave('m', app, channel, user)
end

local function members(app, channel)
  local list = call('HGETALL', key('users', app, channel))
  for i = 2, #list, 2 do list[i] = list[i]:gsub('^%d+ ', '') end
  return list
end

-- ---- users ----

local function set_online(node, app, user, is)
  local online, mine = key('online', app), entry('u', app, user)
  if is and call('HSETNX', key('node', node), mine, 1) == 1 then
    if call('HINCRBY', online, user, 1) == 1 then hint('online', app .. ':' .. user) end
  elseif not is and call('HDEL', key('node', node), mine) == 1 then
    if call('HINCRBY', online, user, -1) <= 0 then
      call('HDEL', online, user)
      hint('offline', app .. ':' .. user)
    end
  end
end

-- ---- leases ----

local function is_known(node)
  local till = call('ZSCORE', key('nodes'), node)
  return till and tonumber(till) > now
end

local function undo(node, name)
  local kind, app, what, user = parse(name)
  if kind == 'c' then
    set_count(node, app, what, 0)
  elseif kind == 'm' then
    remove_member(node, app, what, user)
  elseif kind == 'u' then
    set_online(node, app, what, false)
  end
  call('HDEL', key('node', node), name)
end

-- Undoes the registrations of expired nodes, about max of them. Whether none is
-- left.
local function sweep_nodes(max)
  local left = max
  for _, node in ipairs(call('ZRANGEBYSCORE', key('nodes'), '-inf', now)) do
    local cursor = '0'
    while call('EXISTS', key('node', node)) == 1 do
      if left <= 0 then return false end
      local page = call('HSCAN', key('node', node), cursor, 'COUNT', 500)
      cursor = page[1]
      for i = 1, #page[2], 2 do undo(node, page[2][i]) end
      left = left - #page[2] / 2
    end
    call('ZREM', key('nodes'), node)
  end
  return true
end

-- Sends the notices that are due, at most DUE_MAX. Whether none is left.
local function sweep_due()
  local due = call('ZRANGEBYSCORE', key('due'), '-inf', now, 'LIMIT', 0, DUE_MAX)
  for _, name in ipairs(due) do
    local kind, app, channel, user = parse(name)
    call('ZREM', key('due'), name)
    if kind == 'c' then
      webhook(app, event('channel_vacated', channel))
    elseif kind == 'm' then
      webhook(app, event('member_removed', channel, user))
    elseif call('SREM', key('unsaid'), app .. ' ' .. channel) == 1 then
      update_count(app, channel)
    end
  end
  return #due < DUE_MAX
end

local function sweep(max)
  local is_done = sweep_due()
  return sweep_nodes(max or UNDO_BEFORE_READ_MAX) and is_done
end

-- ---- operations ----

-- Of nodes: the first argument is the node. An unknown node, whose lease has
-- expired or whose Redis has lost its data, gets an error and begins again
-- under a new name.
local of_nodes = {}

-- {app} {flags}, …: registers the node. Returns the length of a lease in ms.
function of_nodes.begin(_, ...)
  local apps = { ... }
  call('SET', key('born'), now, 'NX')
  for i = 1, #apps, 2 do call('HSET', key('apps'), apps[i], apps[i + 1]) end
  sweep(UNDO_MAX)
  return LEASE_MS
end

-- Returns 1, or 2 if there is more to undo: the node then calls again at once.
function of_nodes.renew()
  return sweep(UNDO_MAX) and 1 or 2
end

-- {other}: an earlier node of the same worker has ended.
function of_nodes.replace(node, other)
  call('ZADD', key('nodes'), 'XX', 0, other)
  sweep(UNDO_MAX)
  return 1
end

-- {again}, then {app} {channel} {number of the node's subscribers}, …
function of_nodes.count(node, again, ...)
  local all = { ... }
  for i = 1, #all, 3 do
    set_count(node, all[i], all[i + 1], tonumber(all[i + 2]), again == '1')
  end
  return 1
end

-- Returns the user; or nothing if the channel has max members already (0: no
-- limit). The list of members is another operation, because joins that arrive
-- together share one list.
function of_nodes.join(node, app, channel, max, user, info)
  local users = key('users', app, channel)
  if tonumber(max) > 0 and call('HLEN', users) >= tonumber(max) and
    call('HEXISTS', users, user) == 0 then
    return {}
  end
  add_member(node, app, channel, user, info)
  return { user }
end

-- {again} {app} {channel}, then {user} {user_info}, …, without a limit.
function of_nodes.register(node, again, app, channel, ...)
  local all, quiet = { ... }, is_quiet(again == '1')
  for i = 1, #all, 2 do
    add_member(node, app, channel, all[i], all[i + 1], quiet)
  end
  return 1
end

function of_nodes.part(node, app, channel, user)
  remove_member(node, app, channel, user)
  return 1
end

-- Returns user, user_info, …
function of_nodes.members(_, app, channel)
  return members(app, channel)
end

-- {1|0}: the user has signed in at this node, or its last connection has ended.
function of_nodes.online(node, app, is, user)
  set_online(node, app, user, is == '1')
  return 1
end

-- Of any caller.
local of_all = {}

-- {user}, …: returns those that are online.
function of_all.watch(app, ...)
  local online = {}
  for _, user in ipairs({ ... }) do
    if call('HEXISTS', key('online', app), user) == 1 then
      online[#online + 1] = user
    end
  end
  return online
end

-- {json}: adds a webhook event that concerns no state in Redis.
function of_all.webhook(app, json)
  webhook(app, json)
  return 1
end

-- Returns channel, users, subscribers, … of the occupied channels whose names
-- begin with `start`.
function of_all.channels(app, start)
  local list = {}
  sweep()
  for _, channel in ipairs(call('SMEMBERS', key('occupied', app))) do
    if channel:sub(1, #start) == start then
      list[#list + 1] = channel
      list[#list + 1] = call('HLEN', key('users', app, channel))
      list[#list + 1] = total(app, channel)
    end
  end
  return list
end

-- {channel}, …: returns users, subscribers of each.
function of_all.counts(app, ...)
  local list = {}
  sweep()
  for _, channel in ipairs({ ... }) do
    list[#list + 1] = call('HLEN', key('users', app, channel))
    list[#list + 1] = total(app, channel)
  end
  return list
end

-- Returns users, subscribers; and of a cache channel with an event the seconds
-- until it expires, and its data.
function of_all.channel(app, channel)
  local cached = prefix .. ':cache:' .. app .. ':' .. channel
  local list = of_all.counts(app, channel)
  local text = call('GET', cached)
  local is_json, event = pcall(cjson.decode, text)
  if text and is_json then
    list[3], list[4] = math.ceil(call('PTTL', cached) / 1000), event.data
  end
  return list
end

function of_all.users(app, channel)
  sweep()
  return call('HKEYS', key('users', app, channel))
end

function of_all.terminate(app, user)
  local terminated = key('terminated')
  hint('terminate', app .. ':' .. user)
  call('ZREMRANGEBYSCORE', terminated, '-inf', now - TERMINATED_MS)
  call('ZADD', terminated, now, app .. ':' .. user)
  call('PEXPIRE', terminated, TERMINATED_MS)
  return 1
end

-- Returns "{app}:{user}", ms since terminate was called, …
function of_all.terminated()
  local list = call('ZRANGEBYSCORE', key('terminated'), now - TERMINATED_MS,
    '+inf', 'WITHSCORES')
  for i = 2, #list, 2 do list[i] = string.format('%d', now - list[i]) end
  return list
end

-- ---- the call ----

local answer
if of_all[op] then
  answer = of_all[op](unpack(ARGV, 3))
elseif op == 'begin' or is_known(ARGV[3]) then
  -- Every call renews the lease, because a node may need longer than a lease to
  -- register everything.
  call('ZADD', key('nodes'), now + LEASE_MS, ARGV[3])
  answer = of_nodes[op](unpack(ARGV, 3))
else
  answer = redis.error_reply('UNKNOWN node')
end
hint_members()
return answer
