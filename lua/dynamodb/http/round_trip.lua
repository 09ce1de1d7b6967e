--- Sends one HTTP request over a pooled connection and receives its response.

local pool = require("dynamodb.http.pool")

local round_trip = {}

local FOREVER = math.huge

-- Notes when the response was complete.
local function complete(connection, received, now)
  local timing = connection.timing
  connection.last_used, timing.total, timing.bytes_received = now, now - connection.started, received
  return true
end

local UNPROTECTED = "response ends only with the connection and has no x-amz-crc32: "
  .. "truncation could not be noticed"

-- A body without a length could be cut short unnoticed, unless a checksum covers it.
local function is_unprotected(response)
  return response:is_close_delimited() and not response:header("x-amz-crc32")
end

-- The server closed the connection -> true if the response is complete | nil, kind, why.
local function finish(connection, received, now)
  local response = connection.response
  if not response:started() then return nil, "network", "connection closed before a response" end
  local is_complete, why = response:finish()
  if is_complete then return complete(connection, received, now) end
  return nil, "network", why
end

-- Receives until the response is complete -> true | nil, kind, why.
local function receive(self, connection, deadline)
  local transport, response, received = self.transport, connection.response, 0
  while true do
    local bytes, kind, why = transport.receive(connection.socket, deadline, received == 0)
    local now = transport.now()
    if kind == "closed" then return finish(connection, received, now) end
    if not bytes then return nil, kind, why end
    if received == 0 then connection.timing.first_byte = now - connection.started end
    received = received + #bytes
    local done, invalid = response:feed(bytes)
    if done then return complete(connection, received, now) end
    if invalid then return nil, "response", invalid end
    if is_unprotected(response) then return nil, "response", UNPROTECTED end
    if now >= deadline then return nil, "timeout", "the response did not end in time" end
  end
end

-- Sends and receives -> true | nil, kind, why, sent.
local function send_and_receive(self, connection, request, deadline)
  connection.timing.bytes_sent = #request
  connection.response:reset(self.limits.compression)
  local ok, kind, why = self.transport.send(connection.socket, request, deadline)
  if not ok then return nil, kind, why, false end
  ok, kind, why = receive(self, connection, deadline)
  return ok, kind, why, true
end

-- Sends and receives within the attempt's time -> true | nil, failure. A connection that failed is discarded,
-- also when the transport raises; the memory of what it received is freed at once, since the collector does
-- not count it.
local function attempt(self, connection, request, deadline, timeout)
  local limit = connection.started + timeout
  if deadline < limit then limit = deadline end
  local ok, done, kind, why, sent = pcall(send_and_receive, self, connection, request, limit)
  if ok and done then return true end
  pool.discard(self, connection)
  local has_started = connection.response:started()
  connection.response:reset()
  if not ok then error(done, 0) end
  local failure = self.closed and pool.closed_failure(sent) or pool.failure(kind, why, sent)
  failure.has_started = has_started
  return nil, failure
end

--- Sends a request and receives its response. A kept connection that ends before any byte of a response was
--- closed by the server while it was idle: then the request is sent again on another connection, unless the
--- server may have received it and 'may_resend' returns false.
---@param self table the pool
---@param request string the whole request, as bytes
---@param may_resend? fun(call: any): boolean called only when it matters; without it every request may be
--- sent again
---@param call any passed to may_resend
---@param deadline? number by the transport's clock; nothing goes on after it
---@param timeout? number seconds from the start of sending to the end of the response; the pool's by default
---@return dynamodb.PooledConnection? connection with the complete response; the caller gives it back
---@return dynamodb.Failure? failure
---@return integer sends how often the request was sent
function round_trip.send(self, request, may_resend, call, deadline, timeout)
  local now, sent, sends = self.transport.now(), false, 0
  deadline, timeout = deadline or FOREVER, timeout or self.limits.attempt_timeout
  if now >= deadline then return nil, pool.failure("timeout", "no time left"), sends end
  local connection = pool.acquire_idle(self, now)
  while true do
    local done, failure
    if not connection then connection, failure = pool.acquire(self, deadline, timeout) end
    if connection then
      sends = sends + 1
      done, failure = attempt(self, connection, request, deadline, timeout)
      if done then return connection, nil, sends end
    end
    sent = sent or failure.sent
    failure.sent = sent
    local was_closed_idle = connection and connection.timing.reused and failure.kind == "network"
      and not failure.has_started and not failure.closed
    if not was_closed_idle or (sent and may_resend and not may_resend(call)) then
      return nil, failure, sends
    end
    connection = nil
  end
end

return round_trip
