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
  local socket, kind, why = pool.transport.connect(pool.endpoint, limits.connect_timeout, limits.ca_bundle,
    limits)
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

-- Sends and receives on one link -> true | nil, kind, why, whether all of the request was sent.
local function converse(pool, link, request)
  local deadline = pool.transport.now() + pool.limits.attempt_timeout
  link.response:reset(pool.limits.compression)
  local ok, kind, why = pool.transport.send(link.socket, request, deadline)
  if not ok then return nil, kind, why, false end
  ok, kind, why = receive(pool, link, deadline)
  return ok, kind, why, true
end

--- Does one exchange -> link with the complete response | nil, kind, why, sent (may the service have seen
--- it?). Give the link back with exchange.release. A kept connection that dies without a byte was closed
--- meanwhile, which is nobody's failure: the request goes out on a new one, unless it is to be sent only
--- 'once' and the service may have seen it.
function exchange.run(pool, request, once)
  local link, seen, reused = take_idle(pool), false, true
  local ok, kind, why
  repeat
    if not link then
      link, kind, why = open(pool)
      if not link then return nil, kind, why, seen end
      reused = pool.transport.reused ~= nil and pool.transport.reused(link.socket)
    end
    ok, kind, why, seen = converse(pool, link, request)
    if ok then return link end
    drop(pool, link)
    local replace = reused and kind == "network" and not link.response:started() and not (once and seen)
    link = nil
  until not replace
  return nil, kind, why, true
end

--- Keeps the link for the next exchange if its connection can carry one.
function exchange.release(pool, link)
  local keep = pool.transport.keep
  if not link.response:keep_alive() then
    drop(pool, link)
  elseif not (keep and keep(link.socket, pool.limits)) then
    pool.idle[#pool.idle + 1] = link
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
