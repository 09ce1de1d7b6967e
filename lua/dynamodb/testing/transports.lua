--- What the transports of this room share: they wrap another transport and its sockets.

local connection = require("dynamodb.connection")
local errors = require("dynamodb.error")

local transports = {}

-- Transports that disturb the requests or the time of others -> the transports that they wrap.
local disturbing = setmetatable({}, { __mode = "k" })

--- Notes that a transport disturbs requests or time -> the transport.
function transports.disturb(wrapped, inner)
  disturbing[wrapped] = inner
  return wrapped
end

--- Returns the transport without faults and clocks around it, for the requests of the kit.
function transports.undisturbed(transport)
  while disturbing[transport] do transport = disturbing[transport] end
  return transport
end

--- Returns the transport that the caller gave, or the default one. Raises for anything else.
---@param where string the function
function transports.given(transport, where)
  if transport == nil then return require("dynamodb.transport.auto") end
  local ok, expected = connection.options.transport(transport)
  if not ok then errors.raise("%s: transport (%s) expected, got %s", where, expected, type(transport)) end
  return transport
end

--- Makes a transport whose sockets are tables with the other transport's socket in 'inner', which may be
--- absent.
---@param inner table
---@param own table the functions that differ; connect, send and receive at least
---@return table
function transports.wrap(inner, own)
  local wrapped = setmetatable({}, { __index = inner })
  for _, name in ipairs({ "abort", "close", "idle", "keep", "reused", "timings" }) do
    local f = inner[name]
    if f then
      wrapped[name] = function(socket, ...)
        if socket.inner then return f(socket.inner, ...) end
      end
    end
  end
  for name, f in pairs(own) do wrapped[name] = f end
  return wrapped
end

return transports
