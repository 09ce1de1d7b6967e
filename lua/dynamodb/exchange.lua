--- One HTTP exchange over a kept connection: takes or opens one, sends the request, feeds the response
-- parser. Above the transport, so that it is the same for all of them.

local core = require("dynamodb.core")

local exchange = {}

---@class dynamodb.Link a connection in use: the transport's socket, and the parser of its responses

--- A pool keeps idle links; 'limits' are connect_timeout, attempt_timeout, ca_bundle, compression.
function exchange.pool(transport, endpoint, limits)
  return { transport = transport, endpoint = endpoint, limits = limits, idle = {} }
end

local function drop(pool, link)
  pool.transport.close(link.socket)
end

-- The kept link used last that is still good.
local function take_idle(pool)
  local idle = pool.idle
  while #idle > 0 do
    local link = table.remove(idle)
    if pool.transport.idle(link.socket) then return link end
    drop(pool, link)
  end
end

local function open(pool)
  local limits = pool.limits
  local socket, kind, why = pool.transport.connect(pool.endpoint, limits.connect_timeout, limits.ca_bundle)
  if not socket then return nil, kind, why end
  return { socket = socket, response = core.response() }
end

-- The peer closed: fine if the response needs nothing more.
local function finish(response)
  if not response:started() then return nil, "network", "connection closed before an answer" end
  local complete, why = response:finish()
  if complete then return true end
  return nil, "network", why
end

local function receive(pool, link, deadline)
  local transport, response = pool.transport, link.response
  local answering = true
  while true do
    local bytes, kind, why = transport.receive(link.socket, deadline, answering)
    if kind == "closed" then return finish(response) end
    if not bytes then return nil, kind, why end
    local done, bad = response:feed(bytes)
    if done then return true end
    if bad then return nil, "response", bad end
    answering = false
  end
end

-- Sends and receives on one link -> true | nil, kind, why.
local function converse(pool, link, request)
  local deadline = pool.transport.now() + pool.limits.attempt_timeout
  link.response:reset(pool.limits.compression)
  local sent, kind, why = pool.transport.send(link.socket, request, deadline)
  if not sent then return nil, kind, why end
  return receive(pool, link, deadline)
end

--- Does one exchange -> link with the complete response | nil, kind, why, sent (may the service have seen
--- it?). Give the link back with exchange.release.
function exchange.run(pool, request)
  local link = take_idle(pool)
  if link then
    local ok, kind, why = converse(pool, link, request)
    if ok then return link end
    drop(pool, link)
    -- A kept connection that dies without a byte was closed meanwhile: that is nobody's failure.
    if link.response:started() or kind ~= "network" then return nil, kind, why, true end
  end
  local fresh, kind, why = open(pool)
  if not fresh then return nil, kind, why, link ~= nil end
  local ok
  ok, kind, why = converse(pool, fresh, request)
  if ok then return fresh end
  drop(pool, fresh)
  return nil, kind, why, true
end

--- Keeps the link for the next exchange if its connection can carry one.
function exchange.release(pool, link)
  if link.response:keep_alive() then
    pool.idle[#pool.idle + 1] = link
  else
    drop(pool, link)
  end
end

--- Closes every kept connection.
function exchange.close(pool)
  for i = #pool.idle, 1, -1 do
    drop(pool, pool.idle[i])
    pool.idle[i] = nil
  end
end

return exchange
