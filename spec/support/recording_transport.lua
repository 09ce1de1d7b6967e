--- libcurl's transport with a record of what it sends: requests, their number, and bodies, decoded from JSON.

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
  --- Returns the body that was sent last.
  function transport.last() return transport.bodies[transport.requests] end
  --- Calls a function -> the number of requests it sent.
  function transport.count(f, ...)
    local before = transport.requests
    f(...)
    return transport.requests - before
  end
  return transport
end

-- Formats an attribute value: {"N":"5"} as 5, lists and maps as JSON.
local function value_text(attribute)
  local kind, value = next(attribute)
  if kind == "N" or kind == "BOOL" then return tostring(value) end
  if kind == "S" then return '"' .. value .. '"' end
  return kind .. cjson.encode(value)
end

--- Returns an expression of a request with its placeholders replaced by names and values.
function recording.readable(body, member)
  local text = body[member]
  if not text then return nil end
  text = text:gsub("#%d+", function(placeholder) return body.ExpressionAttributeNames[placeholder] end)
  return (text:gsub(":%d+", function(placeholder)
    return value_text(body.ExpressionAttributeValues[placeholder])
  end))
end

return recording
