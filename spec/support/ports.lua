--- Ports of this machine that nothing listens on. Other specs and checkouts run at the same time.

local core = require("dynamodb.core")
local curl = require("dynamodb.transport.curl")

local ports = {}

--- Returns true when something listens on the port.
function ports.is_used(port)
  local socket = curl.connect({ url = "http://127.0.0.1:" .. port }, 1, {})
  if socket then curl.close(socket) end
  return socket ~= nil
end

--- Returns a port that is free, as is the next one. Both are below the ephemeral range.
function ports.free()
  local port
  repeat
    port = 15000 + math.floor(core.random() * 8000) * 2
  until not ports.is_used(port) and not ports.is_used(port + 1)
  return port
end

return ports
