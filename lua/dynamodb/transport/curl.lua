--- The transport for plain Lua: libcurl's connections, waited for by blocking.
-- doc/source.md says what a transport has to offer.

local native = require("dynamodb.curl")
local system = require("dynamodb.system")

local now = native.now

local curl = {
  --- Seconds of a clock that only goes forward.
  now = now,
  --- Seconds since 1970.
  time = system.time,
  --- Waits.
  sleep = native.sleep,
}

--- Opens a connection -> socket | nil, kind, why, whether trying again is of no use. Options, any of which
--- may be absent: ca_bundle, client_certificate, client_key, proxy, tcp_keepalive, unix_socket.
function curl.connect(endpoint, timeout, options)
  return native.connect(endpoint.url, timeout, options)
end

--- How long connecting took -> { name, connect, tls }, in seconds.
function curl.timings(socket)
  local name, connect, tls = socket:timings()
  return { name = name, connect = connect, tls = tls }
end

-- Waits until the socket may be used -> true | nil, kind, why.
local function wait(socket, mode, deadline)
  local left = deadline - now()
  if left > 0 and socket:wait(mode, left) then return true end
  return nil, "timeout", "no answer in time"
end

--- Sends all bytes -> true | nil, kind, why.
function curl.send(socket, bytes, deadline)
  local first = 1
  while true do
    local count, kind, why = socket:send(bytes, first)
    if not count then return nil, kind, why end
    first = first + count
    if first > #bytes then return true end
    local ready
    ready, kind, why = wait(socket, "write", deadline)
    if not ready then return nil, kind, why end
  end
end

--- Receives what there is, at least a byte -> bytes | nil, "closed" or another kind, why. 'answering' is true
--- for the first bytes of an answer, which are not there yet.
function curl.receive(socket, deadline, answering)
  while true do
    if answering then
      local ready, kind, why = wait(socket, "read", deadline)
      if not ready then return nil, kind, why end
    end
    local bytes, kind, why = socket:receive()
    if bytes ~= "" then return bytes, kind, why end
    answering = true
  end
end

--- May a kept connection be used again? Not when it was closed, nor when bytes came that nobody asked for.
function curl.idle(socket)
  return socket:idle()
end

function curl.close(socket)
  socket:close()
end

return curl
