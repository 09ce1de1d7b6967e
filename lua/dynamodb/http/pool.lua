--- The pool of connections to one endpoint: keeps idle ones, opens new ones up to a limit, and lets requests
--- beyond the limit wait their turn. It is the same for every transport.
--
-- A connection is in one of these states; all but the last one count against the limit:
--   connecting  acquire has reserved it and the transport opens its socket
--   in use      a request has it, from acquire until release or discard
--   idle        in pool.idle, the one used last at the end
--   closed      neither counted nor kept
-- release and discard hand the connection, or the right to open one, to the request that has waited longest.
-- After pool.close no request gets a connection. What gives a connection back or frees it allocates nothing,
-- so that none is lost when memory runs out.

local core = require("dynamodb.core")
local event = require("dynamodb.loop.event")
local waiting = require("dynamodb.http.waiting")

local pool = {
  MAX_CONNECTIONS = 64, -- of a pool, unless its limits say otherwise
  -- Seconds between checks of a waiting request. Each release wakes one, unless memory runs out meanwhile.
  HEARTBEAT = 1,
}

local FOREVER = math.huge
local MAX_IDLE_TIME = 50 -- seconds; the service closes idle connections a little later
local NO_TIME = "no time left"
local CLOSED = "the connection was closed by close()"

---@class dynamodb.PooledConnection
---@field socket any the transport's socket; false while it is reserved or being opened
---@field response userdata the parser of its responses
---@field timing table of its last request, overwritten by the next one: seconds (connect and tls if the
--- connection was opened for it, first_byte, total), bytes (bytes_sent, bytes_received), and 'reused'
---@field opened number when it was opened, by the transport's clock
---@field last_used number when its last response was complete
---@field started number when the current request could start
---@field keep_alive boolean its last response permits another request
---@field is_used boolean true while a request has it
---@field is_extra boolean beyond the limit: closed after one request

---@class dynamodb.Failure why a request got no response
---@field kind "network"|"timeout"|"response"
---@field message string
---@field sent boolean true when the server may have received the whole request
---@field permanent boolean true when another attempt would fail as well
---@field closed? boolean true when the pool was closed

--- Makes a failure.
---@return dynamodb.Failure
function pool.failure(kind, message, sent, permanent)
  return { kind = kind, message = message, sent = sent or false, permanent = permanent or false }
end

--- Makes the failure of a request whose pool was closed.
---@param sent? boolean true when the server may have received the request
---@return dynamodb.Failure
function pool.closed_failure(sent)
  local failure = pool.failure("network", CLOSED, sent, true)
  failure.closed = true
  return failure
end

-- After a fork the child process must neither use the sockets of the parent nor wake its waiting requests.
local function renew(self, process)
  self.connections, self.queue = setmetatable({}, { __mode = "k" }), waiting.new()
  self.process = process
end

-- Returns the transport's way to exchange a request for its response without Lua strings | nil. A transport
-- that wraps another one may replace 'send' or 'receive', which then have to be called.
local function exchange_of(transport)
  local own = transport.exchange
  return own and own.send == transport.send and own.receive == transport.receive and own.call or nil
end

--- Makes a pool without connections.
---@param transport table
---@param endpoint table { url, host, path }
---@param limits table connect_timeout and attempt_timeout in seconds; optional: compression, max_idle_time
--- and max_connection_age in seconds, max_connections, max_bytes of a response, is_secret (responses hold
--- credentials and are overwritten before they are freed), and connect, the transport's options
function pool.new(transport, endpoint, limits)
  local self = {
    transport = transport,
    exchange = exchange_of(transport),
    endpoint = endpoint,
    limits = limits,
    idle = {},
    max_idle_time = limits.max_idle_time or MAX_IDLE_TIME,
    max_age = limits.max_connection_age or FOREVER,
    -- A transport that keeps idle connections itself, as nginx does, also counts them.
    max_connections = transport.keep and FOREVER or limits.max_connections or pool.MAX_CONNECTIONS,
    closed = false,
    stats = { opened = 0, reused = 0, closed = 0, failed = 0 },
    -- connections: set of all that count; a connection that a killed coroutine held is collected with it
    -- queue: waiting requests, from 'first' to 'last', linked by 'next'
  }
  renew(self, transport.process and transport.process())
  return self
end

--- Returns how many connections are open or being opened.
---@return integer
function pool.count_open(self)
  local count = 0
  for _ in pairs(self.connections) do count = count + 1 end
  return count
end

local function is_full(self)
  local process = self.transport.process and self.transport.process()
  if process ~= self.process then renew(self, process) end
  return self.queue.first or pool.count_open(self) >= self.max_connections
end

-- {===== Waiting requests =====

-- Gives a connection to the request that has waited longest -> true | false when none waits. A request that
-- was given one when notify raised keeps that one.
local function hand_over(self, connection)
  local queue = self.queue
  while queue.first do
    local request = queue.first
    local is_given = request.connection
    if not is_given then request.connection = connection end
    local is_woken = request.event:notify()
    waiting.drop_first(queue)
    if is_woken and not is_given then return true end
    if not is_given then request.connection = false end -- it was cancelled meanwhile
  end
  return false
end

-- Reserves a connection, which is yet to be opened. All that it needs is allocated before it counts. A body
-- that ends only with the connection could be cut short unnoticed, so that it needs a checksum.
local function reserve(self, is_extra)
  local limits = self.limits
  local connection = { timing = false, is_extra = is_extra or false, is_used = true, socket = false,
    opened = 0, started = 0, last_used = 0, keep_alive = false,
    response = core.response(limits.max_bytes, limits.is_secret, limits.compression, true) }
  self.connections[connection] = true
  return connection
end

-- Stops counting a connection, which is closed. A waiting request may open it again instead.
local function forget(self, connection)
  connection.is_used = false
  if connection.is_extra or not hand_over(self, connection) then
    if self.connections[connection] then self.connections[connection] = nil end
  end
end

-- ===================== }

local function close_socket(self, connection)
  local socket = connection.socket
  self.stats.closed, connection.socket = self.stats.closed + 1, false
  self.transport.close(socket)
end

--- Closes a connection. A waiting request may open one instead.
function pool.discard(self, connection)
  if connection.socket then close_socket(self, connection) end
  forget(self, connection)
end

--- Closes a connection, unless its request has given it back.
function pool.drop(self, connection)
  if connection.is_used then pool.discard(self, connection) end
end

local function is_fresh(self, connection, now)
  return now - connection.last_used < self.max_idle_time and now - connection.opened < self.max_age
end

local function mark_reused(self, connection, now)
  local stats, timing = self.stats, connection.timing
  stats.reused = stats.reused + 1
  connection.started, connection.is_used = now, true
  if not timing.reused then timing.reused, timing.connect, timing.tls = true, nil, nil end
  return connection
end

--- Takes the most recently used idle connection that is still usable, and closes those that are not. Returns
--- nil when none is left.
---@param now number
---@return dynamodb.PooledConnection?
function pool.acquire_idle(self, now)
  local idle = self.idle
  for i = #idle, 1, -1 do
    local connection = idle[i]
    idle[i] = nil
    if is_fresh(self, connection, now) and self.transport.idle(connection.socket) then
      return mark_reused(self, connection, now)
    end
    pool.discard(self, connection)
  end
end

-- {===== Opening =====

-- Makes the timing of a connection. Its fields exist, so that setting them allocates nothing.
local function new_timing()
  local timing = { reused = false, connect = 0, tls = 0, first_byte = 0, total = 0, bytes_sent = 0,
    bytes_received = 0 }
  timing.connect, timing.tls, timing.first_byte, timing.total = nil, nil, nil, nil
  timing.bytes_sent, timing.bytes_received = nil, nil
  return timing
end

-- Opens the socket of a reserved connection -> true | nil, kind, why, permanent, as the transport's connect.
local function connect(self, connection, now, deadline)
  local limits, transport, timing = self.limits, self.transport, new_timing()
  connection.timing, connection.is_used = timing, true
  local socket, kind, why, permanent = transport.connect(self.endpoint,
    math.min(limits.connect_timeout, deadline - now), limits.connect, limits)
  if not socket then return nil, kind, why, permanent end
  connection.socket = socket
  local opened, parts = transport.now(), transport.timings and transport.timings(socket)
  connection.opened, connection.started = opened, opened
  timing.connect, timing.tls = opened - now, parts and parts.tls
  return true
end

-- Opens a reserved connection -> connection | nil, failure. A raise, such as a cancelled task's, frees it.
local function open(self, connection, now, deadline)
  local ok, opened, kind, why, permanent = pcall(connect, self, connection, now, deadline)
  if not ok or not opened then
    pool.discard(self, connection)
    self.stats.failed = self.stats.failed + 1
    if not ok then error(opened, 0) end
    return nil, pool.failure(kind, why, false, permanent)
  end
  if self.closed then
    pool.discard(self, connection)
    return nil, pool.closed_failure()
  end
  local transport = self.transport
  if transport.reused and transport.reused(connection.socket) then
    return mark_reused(self, connection, connection.started)
  end
  self.stats.opened = self.stats.opened + 1
  return connection
end

-- ===================== }
-- {===== Waiting for one of max_connections =====

local function append(list, value) list[#list + 1] = value end

-- Keeps an open connection. Closes it when there is no memory to do so.
local function keep_idle(self, connection)
  local ok, err = pcall(append, self.idle, connection)
  if ok then return end
  pool.discard(self, connection)
  error(err, 0)
end

-- Hands a connection to the next waiting request. When none waits, an open connection becomes idle and a
-- reserved one is forgotten.
local function pass_on(self, connection)
  if not connection.socket or self.closed then return pool.discard(self, connection) end
  if not hand_over(self, connection) then keep_idle(self, connection) end
end

-- Waits in the queue -> connection, perhaps yet to be opened | nil when the deadline has passed.
local function wait_in_queue(self, deadline)
  local queue = self.queue
  local request = { event = event.new(), connection = false, abandoned = false, next = false }
  local function is_given()
    -- A connection that a killed task held is collected without a wake-up.
    if not request.connection and queue.first == request and pool.count_open(self) < self.max_connections then
      request.connection = reserve(self)
    end
    return request.connection or self.closed
  end
  waiting.append(queue, request)
  local ok, err = pcall(request.event.wait_until, request.event, self.transport, deadline, is_given,
    pool.HEARTBEAT)
  waiting.abandon(queue, request)
  if ok then return request.connection or nil end
  if request.connection then pass_on(self, request.connection) end
  error(err, 0)
end

-- Checks repeatedly for a free connection, for a transport that cannot wake a waiting request -> connection,
-- whether it is ready for use | nil.
local function poll(self, deadline)
  local found, is_ready
  event.new():wait_until(self.transport, deadline, function()
    found = pool.acquire_idle(self, self.transport.now())
    is_ready = found ~= nil
    if not found and not is_full(self) then found = reserve(self) end
    return found or self.closed
  end)
  return found, is_ready
end

-- Waits while max_connections are in use -> connection, whether it is ready for use | nil. Where nothing else
-- can run while it waits, no connection could become free, so the request gets one beyond the limit.
local function wait(self, deadline)
  local transport = self.transport
  if not transport.waiter then return poll(self, deadline) end
  if event.blocks(transport) then return reserve(self, true) end
  return wait_in_queue(self, deadline)
end

-- ===================== }

--- Takes a connection for one request: a new one, or while max_connections are in use one that another
--- request gives back. The caller has looked for an idle one with acquire_idle.
--- Raises what the transport raises in a cancelled task.
---@param deadline number by the transport's clock
---@param timeout number seconds to wait for a connection to be given back
---@return dynamodb.PooledConnection? connection
---@return dynamodb.Failure? failure
function pool.acquire(self, deadline, timeout)
  local now = self.transport.now()
  if self.closed then return nil, pool.closed_failure() end
  if now >= deadline then return nil, pool.failure("timeout", NO_TIME) end
  if not is_full(self) then return open(self, reserve(self), now, deadline) end
  local connection, is_ready = wait(self, math.min(deadline, now + timeout))
  if self.closed then
    if connection then pool.discard(self, connection) end
    return nil, pool.closed_failure()
  end
  if not connection then
    return nil, pool.failure("timeout",
      ("all of max_connections = %d are in use"):format(self.max_connections))
  end
  if is_ready then return connection end
  now = self.transport.now()
  if connection.socket then
    if self.transport.idle(connection.socket) then return mark_reused(self, connection, now) end
    close_socket(self, connection)
  end
  if now < deadline then return open(self, connection, now, deadline) end
  forget(self, connection)
  return nil, pool.failure("timeout", NO_TIME)
end

--- Opens a connection before a request needs it, to be given back by release -> connection | nil, failure |
--- nil when the limit is reached.
---@param deadline number by the transport's clock
function pool.open_ahead(self, deadline)
  local now = self.transport.now()
  if self.closed then return nil, pool.closed_failure() end
  if now >= deadline then return nil, pool.failure("timeout", NO_TIME) end
  if is_full(self) then return nil end
  local connection, failure = open(self, reserve(self), now, deadline)
  if not connection then return nil, failure end
  connection.last_used, connection.keep_alive = connection.started, true
  return connection
end

--- Gives a connection back after a complete response. It is kept for another request, unless the response
--- ends it, it is beyond the limit, or the pool was closed meanwhile.
function pool.release(self, connection)
  local idle, keep = self.idle, self.transport.keep
  local reusable = not self.closed and not connection.is_extra and connection.keep_alive
  connection.is_used = false
  if not reusable then
    pool.discard(self, connection)
  elseif keep and keep(connection.socket, self.limits) then
    self.connections[connection] = nil
  elseif not self.queue.first then -- no request waits
    keep_idle(self, connection)
  elseif is_fresh(self, connection, connection.last_used) then
    pass_on(self, connection)
  else
    pool.discard(self, connection)
  end
  local oldest = idle[1] -- acquire_idle takes the newest, so only this check closes old ones
  if oldest and not is_fresh(self, oldest, connection.last_used) then
    pool.discard(self, table.remove(idle, 1))
  end
end

--- Closes the pool and its idle connections. Requests that wait for a connection or for a response end with a
--- failure, the latter where the transport has 'abort'; otherwise they end with their response or timeout.
function pool.close(self)
  self.closed = true
  for i = #self.idle, 1, -1 do
    pool.discard(self, self.idle[i])
    self.idle[i] = nil
  end
  local request, abort = self.queue.first, self.transport.abort
  while request do
    request.event:notify()
    request = request.next
  end
  for connection in pairs(self.connections) do
    if abort and connection.socket then abort(connection.socket) end
  end
end

return pool
