--- Sends one HTTP request over a pooled connection and receives its response.

local pool = require("dynamodb.http.pool")

local round_trip = {}

local FOREVER = math.huge

-- Adds bytes to a response -> true when it is complete, false when it is not | nil, kind, why.
local function take(response, bytes)
  local done, invalid = response:feed(bytes)
  if invalid then return nil, "response", invalid end
  return done
end

-- The server closed the connection -> true if the response is complete | nil, kind, why.
local function finish(response)
  if not response:started() then return nil, "network", "connection closed before a response" end
  local is_complete, why = response:finish()
  if is_complete then return true end
  return nil, "network", why
end
round_trip.take, round_trip.finish = take, finish -- also for http/hedged_trip

-- Receives until the response is complete -> status, now, received, first_byte, keep_alive | nil, kind, why.
local function receive(transport, connection, deadline)
  local response, received, first_byte = connection.response, 0, nil
  while true do
    local bytes, kind, why = transport.receive(connection.socket, deadline, received == 0)
    local now, done = transport.now(), nil
    if bytes then
      first_byte, received = first_byte or now, received + #bytes
      done, kind, why = take(response, bytes)
    elseif kind == "closed" then
      done, kind, why = finish(response)
    end
    if done then return response:status(), now, received, first_byte or now, response:keep_alive() end
    if done == nil then return nil, kind, why end
    if now >= deadline then return nil, "timeout", "the response did not end in time" end
  end
end

-- Sends and receives -> status, now, received, first_byte, keep_alive | nil, kind, why, sent.
local function exchange(self, connection, request, deadline)
  local transport, response = self.transport, connection.response
  if self.exchange and type(request) ~= "string" then
    return self.exchange(connection.socket, request, response, deadline)
  end
  response:reset()
  local bytes = type(request) == "string" and request or request:bytes()
  local ok, kind, why = transport.send(connection.socket, bytes, deadline)
  if not ok then return nil, kind, why, false end
  local status, now, received, first_byte, keep_alive = receive(transport, connection, deadline)
  if not status then return nil, now, received, true end
  return status, now, received, first_byte, keep_alive
end

-- Sends and receives, and lets 'read' read the response -> true, what 'read' returns | nil, kind, why, sent.
local function exchange_and_read(self, connection, request, deadline, read, call)
  local status, now, received, first_byte, keep_alive = exchange(self, connection, request, deadline)
  if not status then return nil, now, received, first_byte end
  local timing, started = connection.timing, connection.started
  connection.last_used, connection.keep_alive = now, keep_alive
  timing.first_byte, timing.total, timing.bytes_received = first_byte - started, now - started, received
  if not read then return true, connection end
  return true, read(call, self, connection, status)
end

-- Sends and receives within the attempt's time -> as exchange_and_read | nil, failure. A connection that
-- failed is discarded, also when the transport or 'read' raises; the memory of what it received is freed at
-- once, since the collector does not count it.
local function attempt(self, connection, request, deadline, timeout, read, call)
  local limit = connection.started + timeout
  if deadline < limit then limit = deadline end
  local ok, done, result, err, sent = pcall(exchange_and_read, self, connection, request, limit, read, call)
  if ok and done then return true, result, err end
  pool.drop(self, connection)
  local has_started = connection.response:started()
  connection.response:reset()
  if not ok then error(done, 0) end
  local failure = self.closed and pool.closed_failure(sent) or pool.failure(result, err, sent)
  failure.has_started = has_started
  return nil, failure
end

--- Sends a request and receives its response. A kept connection that ends before any byte of a response was
--- closed by the server while it was idle: then the request is sent again on another connection, unless the
--- server may have received it and 'may_resend' returns false.
---@param self table the pool
---@param request string|userdata the whole request, as bytes or as core.new_request
---@param length integer of the request, in bytes
---@param caller? table { may_resend = function(call), called only when it matters; without a caller every
--- request may be sent again. read = function(call, pool, connection, status): reads the complete response,
--- and gives the connection back }
---@param call any passed to the caller's functions
---@param deadline? number by the transport's clock; nothing goes on after it
---@param timeout? number seconds from the start of sending to the end of the response; the pool's by default
---@return true? done
---@return any result what 'read' returns; without 'read' the connection, which the caller gives back |
--- dynamodb.Failure
---@return any err what 'read' returns
---@return integer sends how often the server may have received the whole request
function round_trip.send(self, request, length, caller, call, deadline, timeout)
  local now, sent, sends = self.transport.now(), false, 0
  deadline, timeout = deadline or FOREVER, timeout or self.limits.attempt_timeout
  if now >= deadline then return nil, pool.failure("timeout", "no time left"), nil, sends end
  local may_resend, read = caller and caller.may_resend, caller and caller.read
  local connection = pool.acquire_idle(self, now)
  while true do
    local done, result, err
    if not connection then connection, result = pool.acquire(self, deadline, timeout) end
    if connection then
      connection.timing.bytes_sent = length
      done, result, err = attempt(self, connection, request, deadline, timeout, read, call)
      if done then return true, result, err, sends + 1 end
      if result.sent then sends = sends + 1 end
    end
    sent = sent or result.sent
    result.sent = sent
    local was_closed_idle = connection and connection.timing.reused and result.kind == "network"
      and not result.has_started and not result.closed
    if not was_closed_idle or (sent and may_resend and not may_resend(call)) then
      return nil, result, nil, sends
    end
    connection = nil
  end
end

return round_trip
