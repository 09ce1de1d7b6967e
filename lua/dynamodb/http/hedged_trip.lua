--- Sends one HTTP request over a pooled connection, and, when no response has begun after a time, the same
--- request over a second connection. The first good response is used, and the other connection is closed.
-- Each of the two requests is a trip. The first one runs in the caller's task until the second one is sent.
-- From then on both run in jobs of the transport, and the caller waits for them, so that it can end the one
-- that is too late. The loser is not waited for: a task or a request of nginx would end later by that.

local event = require("dynamodb.loop.event")
local pool = require("dynamodb.http.pool")
local round_trip = require("dynamodb.http.round_trip")

local hedged_trip = {}

-- Seconds between checks whether the caller was killed, which notifies nothing.
local HEARTBEAT = 0.5

---@class dynamodb.Trip
---@field own table the pool
---@field connection dynamodb.PooledConnection|false that it holds
---@field deadline number when it ends in any case, by the transport's clock
---@field timeout number seconds from the start of sending to the end of the response
---@field limit number what of these two comes first
---@field received integer bytes
---@field first_byte number|false when they began to arrive
---@field status integer|false of HTTP, once the response is complete
---@field failure dynamodb.Failure|false why there is none
---@field raised any what the transport raised
---@field is_over boolean it has a status or a failure, or its job raised
---@field is_read boolean
---@field race table|false both trips, what the caller waits for, and the caller
---@field job table|false of the transport
---@field thread thread|false of the job, once it runs

local function new_trip(own, bytes, length, deadline, timeout)
  return { own = own, bytes = bytes, length = length, deadline = deadline, timeout = timeout,
    limit = deadline, connection = false, sent = false, received = 0, first_byte = false, status = false,
    failure = false, raised = nil, is_over = false, is_read = false, race = false, job = false,
    thread = false }
end

-- {===== One trip =====

-- Takes a connection, an idle one if that is allowed -> true | nil: the trip has failed.
local function acquire(trip, may_be_idle)
  local own = trip.own
  local connection, failure = may_be_idle and pool.acquire_idle(own, own.transport.now()), nil
  if not connection then connection, failure = pool.acquire(own, trip.deadline, trip.timeout) end
  trip.connection, trip.failure = connection or false, failure or false
  if not connection then return nil end
  connection.timing.bytes_sent = trip.length
  trip.limit = math.min(trip.deadline, connection.started + trip.timeout)
  return true
end

local function send(trip)
  local connection = trip.connection
  connection.response:reset()
  local ok, kind, why = trip.own.transport.send(connection.socket, trip.bytes, trip.limit)
  trip.sent = ok or false
  return ok or nil, kind, why
end

local function complete(trip, now)
  local connection = trip.connection
  local response, timing, started = connection.response, connection.timing, connection.started
  connection.last_used, connection.keep_alive = now, response:keep_alive()
  timing.first_byte, timing.total = trip.first_byte - started, now - started
  timing.bytes_received = trip.received
  trip.status = response:status()
  return true
end

-- Receives until the response is complete -> true | nil, kind, why. After a timeout it can be called again.
local function receive(trip, limit)
  local transport, connection = trip.own.transport, trip.connection
  while true do
    local bytes, kind, why = transport.receive(connection.socket, limit, trip.received == 0)
    local now, done = transport.now(), nil
    if bytes then
      trip.first_byte, trip.received = trip.first_byte or now, trip.received + #bytes
      done, kind, why = round_trip.take(connection.response, bytes)
    elseif kind == "closed" then
      done, kind, why = round_trip.finish(connection.response)
    end
    if done then return complete(trip, now) end
    if done == nil then return nil, kind, why end
    if now >= limit then return nil, "timeout", "the response did not end in time" end
  end
end

-- Closes the connection that a trip holds, unless it was given back.
local function drop(trip)
  local connection = trip.connection
  if not connection then return end
  trip.connection = false
  pool.drop(trip.own, connection)
  connection.response:reset()
end

-- Ends a trip without a response -> true when the server had closed the connection while it was idle, so that
-- the request can be sent again.
local function fail(trip, kind, why)
  local own, connection = trip.own, trip.connection
  local was_closed_idle = connection.timing.reused and kind == "network" and not own.closed
    and not connection.response:started()
  drop(trip)
  trip.failure = own.closed and pool.closed_failure(trip.sent) or pool.failure(kind, why, trip.sent)
  return was_closed_idle
end

-- Sends, and receives by 'receive' -> false when that returns false, otherwise true.
local function run(trip, receiver, policy, call, after)
  local may_be_idle = true
  while acquire(trip, may_be_idle) do
    local ok, kind, why = send(trip)
    if ok then ok, kind, why = receiver(trip, trip.limit, policy, call, after) end
    if ok == false then return false end
    if ok or not fail(trip, kind, why) then return true end
    may_be_idle = false
  end
  return true
end

-- ===================== }
-- {===== The first trip =====

-- Has the pool a connection for a second trip, which does not wait for one?
local function has_room(own)
  return #own.idle > 0 or (not own.queue.first and pool.count_open(own) < own.max_connections)
end

-- Receives as 'receive' does -> false when no response has begun and a second trip begins now. When the
-- policy refuses it, it is asked again later, since slow responses gain most.
local function receive_or_hedge(trip, limit, policy, call, after)
  local own, started = trip.own, trip.connection.started
  while true do
    local ok, kind, why = receive(trip, math.min(limit, started + after))
    if ok or kind ~= "timeout" or own.transport.now() >= limit then return ok, kind, why end
    if trip.received > 0 then return receive(trip, limit) end
    if not own.closed and has_room(own) and policy.may_hedge(call) then return false end
    after = after * 1.25
  end
end

-- ===================== }
-- {===== Both trips =====

-- Receives as 'receive' does, in a job, until the caller was killed.
local function receive_beside(trip, limit)
  local transport, race = trip.own.transport, trip.race
  while true do
    local step = transport.alive and math.min(limit, transport.now() + HEARTBEAT) or limit
    local ok, kind, why = receive(trip, step)
    local is_over = ok or kind ~= "timeout" or transport.now() >= limit
    if is_over or not transport.alive(race.caller, race.place) then return ok, kind, why end
  end
end

-- Runs a trip in a job. A job that ends after the race gives its connection back itself.
local function start(race, trip, f)
  trip.race = race
  trip.job = trip.own.transport.spawn(function()
    trip.thread = coroutine.running()
    if race.is_over then return end
    local ok, raised = pcall(f, trip, receive_beside)
    trip.raised, trip.is_over = not ok and raised or nil, true
    if not ok or race.is_over then drop(trip) end
    if not race.is_over then race.ended:notify() end
  end)
end

local function receive_rest(trip)
  local ok, kind, why = receive_beside(trip, trip.limit)
  if not ok then fail(trip, kind, why) end
end

-- Returns a trip that is over and has not been read | nil.
local function next_over(race)
  for _, trip in ipairs(race) do
    if trip.is_over and not trip.is_read then return trip end
  end
end

-- Waits for the next trip that is over -> trip | nil when the time is over or the pool was closed.
local function await(race)
  local own = race[1].own
  race.ended:wait_until(own.transport, race[1].limit, function() return next_over(race) or own.closed end)
  return next_over(race)
end

-- Reads responses until one is good -> true, result, err, its trip | nil, failure. An error that another
-- request would meet again is a good response as well.
local function decide(race, sender, call)
  local first, second = race[1], race[2]
  local own, bad = first.own, nil
  start(race, first, receive_rest)
  start(race, second, run)
  for _ = 1, 2 do
    local trip = await(race)
    if not trip then break end
    trip.is_read = true
    if trip.raised ~= nil then error(trip.raised, 0) end
    if trip.status then
      local result, err = sender.read(call, own, trip.connection, trip.status)
      trip.connection = false
      if result or not err.retryable then return true, result, err, trip end
      bad = err
    end
  end
  if bad then return true, nil, bad end
  if own.closed then return nil, pool.closed_failure(true) end
  return nil, first.failure or pool.failure("timeout", "no response in time", true)
end

-- Can a job still run, after it was cancelled, and clean up?
local function is_alive(trip, race)
  local alive = trip.own.transport.alive
  if not trip.thread then return false end
  if alive then return alive(trip.thread, race.place) end
  return coroutine.status(trip.thread) ~= "dead"
end

-- Ends both trips. A complete response that nothing has read leaves a connection that can be used again.
local function settle(race)
  race.is_over = true
  for _, trip in ipairs(race) do
    if trip.is_over then
      local connection = trip.connection
      if connection and trip.status and not trip.is_read then
        trip.connection = false
        pool.release(trip.own, connection)
      end
      drop(trip)
    else
      if trip.job then trip.job:cancel() end
      if not is_alive(trip, race) then drop(trip) end
    end
  end
end

-- Sends the request again and waits for the first good response -> as hedged_trip.send.
local function hedge(first, sender, call)
  local own = first.own
  local second = new_trip(own, first.bytes, first.length, first.limit, first.timeout)
  local race = { first, second, ended = event.new(), is_over = false, caller = coroutine.running(),
    place = own.transport.place() }
  local ok, done, result, err, winner = pcall(decide, race, sender, call)
  settle(race)
  if not ok then error(done, 0) end
  return done, result, err, winner == second
end

-- ===================== }

-- Makes the trips of hedged_trip.send.
local function travel(first, sender, policy, call, after)
  if not run(first, receive_or_hedge, policy, call, after) then
    local started = first.connection.started
    local done, result, err, is_second = hedge(first, sender, call)
    policy.measure(call, (first.first_byte or first.own.transport.now()) - started)
    return done, result, err, is_second
  end
  local connection = first.connection
  if not connection then return nil, first.failure end
  policy.measure(call, connection.timing.first_byte)
  return true, sender.read(call, first.own, connection, first.status)
end

--- Sends a request that may be sent twice, and receives the response that comes first. Must be called where
--- the transport has place() and spawn().
---@param self table the pool
---@param bytes string the whole request
---@param length integer of the request, in bytes
---@param sender table { read = function(call, pool, connection, status) -> result, err }: reads a complete
--- response, and gives the connection back
---@param policy table { may_hedge = function(call): called when no response has begun, returns true when the
--- request is to be sent again; measure = function(call, seconds): told when the first response began, or how
--- long it has not begun }
---@param call any passed to these functions
---@param deadline number by the transport's clock; nothing goes on after it
---@param timeout number seconds from the start of sending to the end of the response, also of the second one
---@param after number seconds until the request may be sent again
---@return true? done
---@return any result what 'read' returns | dynamodb.Failure
---@return any err what 'read' returns
---@return boolean? is_second whether the second response was used; nil when the request was sent once
function hedged_trip.send(self, bytes, length, sender, policy, call, deadline, timeout, after)
  if self.transport.now() >= deadline then return nil, pool.failure("timeout", "no time left") end
  local first = new_trip(self, bytes, length, deadline, timeout)
  local ok, done, result, err, is_second = pcall(travel, first, sender, policy, call, after)
  if ok then return done, result, err, is_second end
  if not first.job then drop(first) end
  error(done, 0)
end

return hedged_trip
