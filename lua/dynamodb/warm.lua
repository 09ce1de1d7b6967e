--- conn:warm: does before the first call what the first calls would wait for.

local arguments = require("dynamodb.base.arguments")
local concurrent = require("dynamodb.loop.concurrent")
local context = require("dynamodb.request.context")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local late = require("dynamodb.base.late")
local options = require("dynamodb.base.options")
local pool = require("dynamodb.http.pool")

local Connection = core.connection_class.methods
local warm = {}

warm.options = {
  connections = options.count(1),
  deadline = options.seconds,
}

-- Reads the settings and gets credentials, which may decide the host -> the pool of most operations | nil,
-- err.
local function prepare(state, deadline)
  late.get("dynamodb.request.pipeline") -- loads the files that a call needs
  local ok, err = context.open(state)
  if not ok then return nil, err end
  local running = state.running
  local found, failure = running.provider:get(deadline)
  if not found then return nil, errors.new(options.merge(failure)) end -- a copy, since others get it as well
  if state.closed then return nil, context.closed_error() end
  if found ~= running.credentials then
    ok, err = context.use_credentials(state, found)
    if not ok then return nil, err end
  end
  return context.pool_for(state, "plain", {}, { attempt = 1, deadline = deadline })
end

-- Closes idle connections that no request could use any more.
local function close_stale(own)
  local stats, now, list = own.stats, own.transport.now(), {}
  local reused = stats.reused
  repeat
    local connection = pool.acquire_idle(own, now)
    list[#list + 1] = connection
  until not connection
  for i = #list, 1, -1 do pool.release(own, list[i]) end
  stats.reused = reused -- no request has used them
end

-- Opens connections, into a list -> the first failure | nil. All are open before one is given back: in
-- nginx the next one would otherwise be the one that was just given back.
local function open_all(own, count, deadline, opened)
  local calls, failed = {}, nil
  for i = 1, count do
    calls[i] = function()
      local connection, failure = pool.open_ahead(own, deadline)
      if connection then opened[#opened + 1] = connection end
      failed = failed or failure
    end
  end
  for _, outcome in ipairs(concurrent.run(own.transport, calls)) do
    if not outcome[1] then error(outcome[2], 0) end
  end
  return failed
end

-- Makes the error of a connection that could not be opened.
local function error_of(failure)
  return errors.new({ kind = failure.kind, code = failure.closed and "ConnectionClosed" or nil,
    message = failure.message, retryable = not failure.permanent, permanent = failure.permanent })
end

--- Reads the settings, gets credentials, and opens connections to DynamoDB, concurrently where the transport
--- can: name resolution, TCP and TLS. The first calls then need not wait for these.
---@param given? table connections (how many shall be open, 1 by default), deadline (seconds)
---@return integer? count connections that are open, at most max_connections
---@return dynamodb.Error? err why there are fewer than were asked for; with count nil when there is none
function Connection:warm(given)
  given = options.read(warm.options, given, "warm")
  local state = core.connection_state(self)
  local transport = state.transport
  if transport.check then transport.check("warm") end
  local deadline = transport.now() + (given.deadline or state.deadline)
  local own, err = prepare(state, deadline)
  if not own then return nil, errors.locate(err) end
  local wanted = math.min(given.connections or 1, own.limits.max_connections or pool.MAX_CONNECTIONS)
  close_stale(own)
  local opened = {}
  local ok, failure = pcall(open_all, own, wanted - pool.count_open(own), deadline, opened)
  local count = pool.count_open(own) -- before nginx takes those that it keeps
  for _, connection in ipairs(opened) do pool.release(own, connection) end
  if not ok then error(failure, 0) end
  if not failure then return count end
  return count > 0 and count or nil, errors.locate(error_of(failure))
end

arguments.check_methods(Connection, "conn", { core.connection_class }, { warm = "options" })

return warm
