--- One HTTP exchange over a kept connection: takes or opens one, sends the request, feeds the response
-- parser. Above the transport, so that it is the same for all of them.

local core = require("dynamodb.core")

local exchange = {
  MAX_CONNECTIONS = 64, -- of a pool, unless its limits say otherwise
}

local FOREVER = math.huge
local MAX_IDLE_TIME = 50 -- seconds; the service closes connections a little later
local NO_TIME = "no time left"
local POLL = 0.005 -- seconds between looks for a connection that others give back

---@class dynamodb.Link a connection in use: the transport's socket, the parser of its responses, and
--- 'timing', which the next exchange overwrites: what this one took in seconds (connect and tls, if it opened
--- the connection; first_byte, total), in bytes (sent, received), and whether the connection was 'reused'.

-- After a fork, what the parent has in use is nothing to the child, and neither is who waits for it.
local function renew(pool, process)
  pool.process, pool.waiting = process, { first = 1, last = 0 }
  pool.links = setmetatable({}, { __mode = "k" })
end

--- A pool keeps idle links. 'limits' has connect_timeout and attempt_timeout, and if wanted compression,
--- max_idle_time and max_connection_age (in seconds), max_connections, max_bytes (of a response), and
--- connect, the options for the transport's.
function exchange.pool(transport, endpoint, limits)
  local pool = {
    transport = transport,
    endpoint = endpoint,
    limits = limits,
    idle = {}, -- the one used last comes last
    max_idle_time = limits.max_idle_time or MAX_IDLE_TIME,
    max_age = limits.max_connection_age or FOREVER,
    -- Transports that keep connections themselves count them, too.
    max_connections = transport.keep and FOREVER or limits.max_connections or exchange.MAX_CONNECTIONS,
    closings = 0, -- how often exchange.close was called
    stats = { opened = 0, reused = 0, closed = 0, failed = 0 },
    -- links: all that are open or being opened; one that a killed coroutine held is forgotten with it.
    -- waiting: for one of these, in the order they came.
  }
  renew(pool, transport.process and transport.process())
  return pool
end

-- Gives a link, or the place of one, to whoever has waited longest -> true | false when nobody waits.
local function hand_over(pool, link)
  local waiting = pool.waiting
  while waiting.first <= waiting.last do
    local entry = waiting[waiting.first]
    waiting[waiting.first], waiting.first = nil, waiting.first + 1
    if entry.waiter:wake() then
      entry.link = link
      return true
    end
  end
  return false
end

local function new_link(extra)
  return { timing = { reused = false }, extra = extra }
end

-- There is room for another link.
local function vacate(pool, link)
  pool.links[link] = nil
  if link.extra or pool.waiting.first > pool.waiting.last then return end
  local place = new_link()
  if hand_over(pool, place) then pool.links[place] = true end
end

-- Closes a link's connection, which keeps its place.
local function shut(pool, link)
  pool.stats.closed = pool.stats.closed + 1
  pool.transport.close(link.socket)
end

local function drop(pool, link)
  shut(pool, link)
  vacate(pool, link)
end

local function is_fresh(pool, link, now)
  return now - link.last_used < pool.max_idle_time and now - link.opened < pool.max_age
end

-- The kept link used last that is still good.
local function take_idle(pool, now)
  local idle = pool.idle
  for i = #idle, 1, -1 do
    local link = idle[i]
    idle[i] = nil
    if is_fresh(pool, link, now) and pool.transport.idle(link.socket) then return link end
    drop(pool, link)
  end
end

-- Keeps what connecting took. 'start' is when the exchange that waits for it may go on.
local function measure(pool, link, began)
  local timings, now = pool.transport.timings, pool.transport.now()
  local parts = timings and timings(link.socket)
  link.opened, link.start = now, now
  link.timing.connect, link.timing.tls = now - began, parts and parts.tls
end

local function reuse(pool, link, now)
  local stats, timing = pool.stats, link.timing
  stats.reused = stats.reused + 1
  link.start = now
  if not timing.reused then timing.reused, timing.connect, timing.tls = true, nil, nil end
  return link
end

-- Connects a link | nil, kind, why, permanent.
local function open(pool, link, now, deadline)
  local limits, transport = pool.limits, pool.transport
  pool.links[link] = true
  local ok, socket, kind, why, permanent = pcall(transport.connect, pool.endpoint,
    math.min(limits.connect_timeout, deadline - now), limits.connect, limits)
  if not ok or not socket then
    vacate(pool, link)
    pool.stats.failed = pool.stats.failed + 1
    if not ok then error(socket, 0) end
    return nil, kind, why, permanent
  end
  link.socket, link.response, link.closings = socket, core.response(limits.max_bytes), pool.closings
  measure(pool, link, now)
  if transport.reused and transport.reused(socket) then return reuse(pool, link, link.start) end
  pool.stats.opened = pool.stats.opened + 1
  return link
end

--- How many connections are open, or being opened.
function exchange.count(pool)
  local count = 0
  for _ in pairs(pool.links) do count = count + 1 end
  return count
end

local function is_full(pool)
  local process = pool.transport.process and pool.transport.process()
  if process ~= pool.process then renew(pool, process) end
  return pool.waiting.first <= pool.waiting.last or exchange.count(pool) >= pool.max_connections
end

-- Gives up a link in favour of others.
local function pass_on(pool, link)
  if not link.socket then return vacate(pool, link) end
  if not hand_over(pool, link) then pool.idle[#pool.idle + 1] = link end
end

-- Looks, again and again, whether there is a link or a place for one -> link, whose socket may be missing |
-- nil when it is too late.
local function look(pool, last)
  local transport = pool.transport
  local now = transport.now()
  while now < last do
    transport.sleep(math.min(POLL, last - now))
    now = transport.now()
    local link = take_idle(pool, now)
    if link then return link end
    if not is_full(pool) then return new_link() end
  end
end

-- Who has left does not hold up those behind him.
local function leave(waiting, entry)
  entry.gone = true
  while waiting[waiting.first] and waiting[waiting.first].gone do
    waiting[waiting.first], waiting.first = nil, waiting.first + 1
  end
end

-- Stands in line for the same. Who cannot wait, since nobody would run meanwhile, gets one more, for once.
local function queue(pool, last)
  local waiter, waiting = pool.transport.waiter(), pool.waiting
  if not waiter then return new_link(true) end
  local entry = { waiter = waiter }
  waiting.last = waiting.last + 1
  waiting[waiting.last] = entry
  local ok, err = pcall(waiter.wait, waiter, last)
  local link = entry.link
  if not link then leave(waiting, entry) end
  if ok then return link end
  if link then pass_on(pool, link) end
  error(err, 0)
end

-- A link or a place for one, while all that may be open are in use -> link | nil, kind, why.
local function wait(pool, last)
  local link = (pool.transport.waiter and queue or look)(pool, last)
  if link and link.socket and not pool.transport.idle(link.socket) then
    link.socket = shut(pool, link)
  end
  if link then return link end
  return nil, "timeout", ("all of max_connections = %d are in use"):format(pool.max_connections)
end

-- A link, connected or, while all that may be open are in use, given back within 'timeout' -> link | nil,
-- kind, why, permanent.
local function obtain(pool, deadline, timeout)
  local now = pool.transport.now()
  if not is_full(pool) then
    if now >= deadline then return nil, "timeout", NO_TIME end
    return open(pool, new_link(), now, deadline)
  end
  local link, kind, why = wait(pool, math.min(deadline, now + timeout))
  if not link then return nil, kind, why end
  now = pool.transport.now()
  if link.socket then return reuse(pool, link, now) end
  if now < deadline then return open(pool, link, now, deadline) end
  vacate(pool, link)
  return nil, "timeout", NO_TIME
end

-- The answer is complete: keeps what it took.
local function settle(link, received, now)
  local timing = link.timing
  link.last_used, timing.total, timing.received = now, now - link.start, received
  return true
end

-- The peer closed: fine if the response needs nothing more.
local function finish(link, received, now)
  local response = link.response
  if not response:started() then return nil, "network", "connection closed before an answer" end
  local complete, why = response:finish()
  if complete then return settle(link, received, now) end
  return nil, "network", why
end

local function receive(pool, link, deadline)
  local transport, response = pool.transport, link.response
  local received = 0
  while true do
    local bytes, kind, why = transport.receive(link.socket, deadline, received == 0)
    local now = transport.now()
    if kind == "closed" then return finish(link, received, now) end
    if not bytes then return nil, kind, why end
    if received == 0 then link.timing.first_byte = now - link.start end
    received = received + #bytes
    local done, bad = response:feed(bytes)
    if done then return settle(link, received, now) end
    if bad then return nil, "response", bad end
    if now >= deadline then return nil, "timeout", "no end of the answer in time" end
  end
end

-- Sends and receives on one link -> true | nil, kind, why, whether all of the request was sent.
local function converse(pool, link, request, deadline)
  link.timing.sent = #request
  link.response:reset(pool.limits.compression)
  local ok, kind, why = pool.transport.send(link.socket, request, deadline)
  if not ok then return nil, kind, why, false end
  ok, kind, why = receive(pool, link, deadline)
  return ok, kind, why, true
end

-- The same, but drops a link that failed, even by raising -> also whether an answer had begun. What has come
-- of it is given back at once: the collector knows nothing of that memory, and would let it add up.
local function try(pool, link, request, deadline, timeout)
  local last = link.start + timeout
  if deadline < last then last = deadline end
  local ok, complete, kind, why, seen = pcall(converse, pool, link, request, last)
  if ok and complete then return true end
  drop(pool, link)
  local begun = link.response:started()
  link.response:reset()
  if not ok then error(complete, 0) end
  return nil, kind, why, seen, begun
end

--- Does one exchange -> link with the complete response | nil, kind, why, sent (may the service have seen
--- it?), permanent (is trying again of no use?). Give the link back with exchange.release. Nothing outlives
--- 'deadline', a moment of the transport's clock; without 'attempt_timeout' the pool's counts. A kept
--- connection that dies without a byte was closed meanwhile, which is nobody's failure: the request goes out
--- on a new one, unless it is to be sent only 'once' and the service may have seen it.
function exchange.run(pool, request, once, deadline, attempt_timeout)
  local timeout = attempt_timeout or pool.limits.attempt_timeout
  local now, seen = pool.transport.now(), false
  deadline = deadline or FOREVER
  if now >= deadline then return nil, "timeout", NO_TIME, false end
  local link = take_idle(pool, now)
  local ok, kind, why, permanent, sent, begun
  if link then reuse(pool, link, now) end
  while true do
    if not link then link, kind, why, permanent = obtain(pool, deadline, timeout) end
    if not link then return nil, kind, why, seen, permanent end
    ok, kind, why, sent, begun = try(pool, link, request, deadline, timeout)
    if ok then return link end
    seen = seen or sent
    local stale = link.timing.reused and kind == "network" and not begun
    if not stale or (once and seen) then return nil, kind, why, seen end
    link = nil
  end
end

--- Closes the link's connection, whatever it could carry.
exchange.discard = drop

--- Keeps the link for the next exchange if its connection can carry one, and there are not too many.
function exchange.release(pool, link)
  local idle, waiting, keep = pool.idle, pool.waiting, pool.transport.keep
  if link.closings ~= pool.closings or link.extra or not link.response:keep_alive() then
    drop(pool, link)
  elseif keep and keep(link.socket, pool.limits) then
    pool.links[link] = nil
  elseif waiting.first > waiting.last then
    idle[#idle + 1] = link
  elseif is_fresh(pool, link, link.last_used) then
    pass_on(pool, link)
  else
    drop(pool, link)
  end
  local first = idle[1] -- has lain longest; looked at here, or it would stay when one is enough again
  if first and not is_fresh(pool, first, link.last_used) then drop(pool, table.remove(idle, 1)) end
end

--- Closes every kept connection; those in use are not kept.
function exchange.close(pool)
  pool.closings = pool.closings + 1
  for i = #pool.idle, 1, -1 do
    drop(pool, pool.idle[i])
    pool.idle[i] = nil
  end
end

return exchange
