-- SPDX-License-Identifier: MIT
--
-- Who is where, in the whole cluster: the truth of presence, occupancy and
-- subscription counts, kept in Redis. This file alone knows how; both programs
-- have it built in and call it by EVALSHA:
--
--     EVALSHA sha 0 {op} {prefix} {argument}…
--
-- Everything is registered by a node, which is one life of a worker's
-- connection to Redis. A node lives for a lease after whatever it asked last.
-- What an expired one had registered is undone by whoever looks next, so that
-- each transition happens once. All keys begin with {prefix}:roster:
--
--     nodes                   zset  node -> when its lease ends, in ms
--     node:{node}             hash  what it has registered:
--                                   "c {app} {channel}" -> 1
--                                   "m {app} {channel} {user}" -> 1
--                                   "u {app} {user}" -> 1
--     count:{app}:{channel}   hash  node -> its subscribers there
--     users:{app}:{channel}   hash  user -> "{nodes that have it} {user_info}"
--     online:{app}            hash  user -> nodes where it is signed in
--     occupied:{app}          set   of channels with subscribers
--     terminated              zset  "{app}:{user}" whose connections were to be
--                                   closed lately -> when
--     apps                    hash  app -> flags, see wants()
--     born                    when this Redis was first used, in ms
--     due                     zset  what is to be said later -> when, in ms
--     unsaid                  set   "{app} {channel}" whose count has changed
--                                   since it was last said
--
-- What happens is said in two ways. Hints are published to {prefix}:roster for
-- the workers; they are true when sent and may be lost:
--
--     members {app}:{channel}      somebody came or went: ask who is there
--     count {app}:{channel} {n}    subscribers
--     online {app}:{user}          signed in for the first time
--     offline {app}:{user}         has no connection any more
--     terminate {app}:{user}       close its connections
--
-- Webhooks are added to the stream {prefix}:webhooks:{app}, as field `event`,
-- each an object of the array `events` of the request to come.

local LEASE_MS = 5000
-- Somebody who navigates from page to page is neither gone nor new.
local LEAVING_MS = 3000
-- A count of so many subscribers is said once in so long.
local CROWD, CROWD_MS = 100, 5000
-- Undone, and said, by one call: Redis does nothing else meanwhile. Who reads
-- must know what is true, and takes more at once.
local UNDO_MAX, UNDO_BEFORE_READ_MAX, DUE_MAX = 1000, 10000, 1000
local WEBHOOKS_MAX = 100000
-- Who hears no hints for so long may still learn whom to close.
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

-- ---- saying what happens ----

-- flag: w has webhooks, c wants subscription counts
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

-- As node:{node} names what is registered, and `due` what is to be said. What
-- is last may hold blanks: a user, or the channel of one.
local function entry(...)
  return table.concat({ ... }, ' ')
end

local function parse(name)
  local kind, app, rest = name:match('^(%a) (%d+) (.*)$')
  if kind == 'm' then return kind, app, rest:match('^(%S+) (.*)$') end
  return kind, app, rest
end

-- In a while, unless it comes back.
local function leave(kind, app, channel, user)
  if wants(app, 'w') then
    call('ZADD', key('due'), now + LEAVING_MS, entry(kind, app, channel, user))
  end
end

-- Whether it came back in time, so that nobody need know.
local function is_back(kind, app, channel, user)
  return call('ZREM', key('due'), entry(kind, app, channel, user)) == 1
end

-- Who registers again after Redis has lost everything has not just come.
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

local function tell_count(app, channel, n)
  hint('count', app .. ':' .. channel, n)
  webhook(app, '{"name":"subscription_count","channel":' ..
    cjson.encode(channel) .. ',"subscription_count":' .. n .. '}')
end

-- again: while nodes register again there are some that have not, or have under
-- two names; it is said when they are through.
local function say_count(app, channel, again)
  local n, crowded = total(app, channel), entry('s', app, channel)
  if n == 0 or not wants(app, 'c') or channel:find('^presence%-') then return end
  if again then
    call('ZADD', key('due'), 'NX', now + LEASE_MS, crowded)
    call('SADD', key('unsaid'), app .. ' ' .. channel)
  elseif n < CROWD then
    call('ZREM', key('due'), crowded)
    call('SREM', key('unsaid'), app .. ' ' .. channel)
    tell_count(app, channel, n)
  elseif call('ZSCORE', key('due'), crowded) then
    call('SADD', key('unsaid'), app .. ' ' .. channel)
  else
    call('ZADD', key('due'), now + CROWD_MS, crowded)
    tell_count(app, channel, n)
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
  say_count(app, channel, again)
end

-- ---- members ----

local changed = {} -- channels whose members did

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

-- Undoes what expired nodes have registered, up to so much or a little more.
-- Whether that was all.
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

-- Says what is due, up to so much. Whether that was all.
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
      say_count(app, channel)
    end
  end
  return #due < DUE_MAX
end

local function sweep(max)
  local is_said = sweep_due()
  return sweep_nodes(max or UNDO_BEFORE_READ_MAX) and is_said
end

-- ---- what may be asked ----

-- Of nodes: each takes the node first. One that is not known, because its
-- lease has ended or Redis has lost everything, is told so by an error, and
-- begins anew under another name.
local of_nodes = {}

-- {app} {flags}, …: the node lives from now on. Answers the length of a lease.
function of_nodes.begin(_, ...)
  local apps = { ... }
  call('SET', key('born'), now, 'NX')
  for i = 1, #apps, 2 do call('HSET', key('apps'), apps[i], apps[i + 1]) end
  sweep(UNDO_MAX)
  return LEASE_MS
end

-- Answers 1, or 2 if there is more to do: to be called again at once.
function of_nodes.renew()
  return sweep(UNDO_MAX) and 1 or 2
end

-- {other}: another node of the same worker is no more.
function of_nodes.replace(node, other)
  call('ZADD', key('nodes'), 'XX', 0, other)
  sweep(UNDO_MAX)
  return 1
end

-- {again} then {app} {channel} {subscribers of the node}, …
function of_nodes.count(node, again, ...)
  local all = { ... }
  for i = 1, #all, 3 do
    set_count(node, all[i], all[i + 1], tonumber(all[i + 2]), again == '1')
  end
  return 1
end

-- The user; or nothing if there are max already (0: any number may be). Who
-- else is there is another question, because many who come at once are one
-- list together.
function of_nodes.join(node, app, channel, max, user, info)
  local users = key('users', app, channel)
  if tonumber(max) > 0 and call('HLEN', users) >= tonumber(max) and
    call('HEXISTS', users, user) == 0 then
    return {}
  end
  add_member(node, app, channel, user, info)
  return { user }
end

-- {again} {app} {channel} then {user} {user_info}, …: however many there are.
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

-- user, user_info, …
function of_nodes.members(_, app, channel)
  return members(app, channel)
end

-- {1|0}: the user signed in, or out of the last connection, of this node.
function of_nodes.online(node, app, is, user)
  set_online(node, app, user, is == '1')
  return 1
end

-- Of anybody.
local of_all = {}

-- {user}, …: the ones that are online.
function of_all.watch(app, ...)
  local online = {}
  for _, user in ipairs({ ... }) do
    if call('HEXISTS', key('online', app), user) == 1 then
      online[#online + 1] = user
    end
  end
  return online
end

-- {json}: a webhook of what Redis need not know.
function of_all.webhook(app, json)
  webhook(app, json)
  return 1
end

-- channel, users, subscribers, … of the occupied ones with that prefix
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

-- {channel}, …: users, subscribers of each
function of_all.counts(app, ...)
  local list = {}
  sweep()
  for _, channel in ipairs({ ... }) do
    list[#list + 1] = call('HLEN', key('users', app, channel))
    list[#list + 1] = total(app, channel)
  end
  return list
end

-- users, subscribers; of a cache channel with an event the seconds that it will
-- be kept, and its data, too
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

-- "{app}:{user}", ms since then, … of those whose connections were to be closed
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
  -- Whatever it asks is a sign of life: to register all that a node has may take
  -- longer than a lease.
  call('ZADD', key('nodes'), now + LEASE_MS, ARGV[3])
  answer = of_nodes[op](unpack(ARGV, 3))
else
  answer = redis.error_reply('UNKNOWN node')
end
hint_members()
return answer
