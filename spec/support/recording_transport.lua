--- libcurl's transport, keeping what is sent: requests, how many, and bodies, as plain tables of their JSON.

local cjson = require("cjson")
local curl = require("dynamodb.transport.curl")

local recording = {}

function recording.new()
  local transport = setmetatable({ requests = 0, bodies = {} }, { __index = curl })
  function transport.send(socket, bytes, deadline)
    transport.requests = transport.requests + 1
    transport.bodies[transport.requests] = cjson.decode(bytes:match("\r\n\r\n(.*)$"))
    return curl.send(socket, bytes, deadline)
  end
  --- What was sent last.
  function transport.last() return transport.bodies[transport.requests] end
  --- How many requests a call sends.
  function transport.count(f, ...)
    local before = transport.requests
    f(...)
    return transport.requests - before
  end
  return transport
end

-- An attribute value as text: {"N":"5"} is 5, lists and maps are JSON.
local function value_text(attribute)
  local kind, value = next(attribute)
  if kind == "N" or kind == "BOOL" then return tostring(value) end
  if kind == "S" then return '"' .. value .. '"' end
  return kind .. cjson.encode(value)
end

--- An expression of a request with names and values in their places.
function recording.readable(body, member)
  local text = body[member]
  if not text then return nil end
  text = text:gsub("#%d+", function(place) return body.ExpressionAttributeNames[place] end)
  return (text:gsub(":%d+", function(place) return value_text(body.ExpressionAttributeValues[place]) end))
end

return recording
