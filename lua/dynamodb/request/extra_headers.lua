--- The headers that one attempt has besides those of the client: of connect, of the call, and of on_request.

local errors = require("dynamodb.error")
local headers = require("dynamodb.base.headers")
local hooks = require("dynamodb.request.hooks")

local extra_headers = {}

-- Raises for headers that cannot be sent together.
local function check(found, where)
  local ok, expected, got = headers.are_headers(found)
  if not ok then errors.raise("%s: %s expected, got %s", where, expected, got or type(found)) end
  return found
end

--- Returns the headers of an attempt, as the flat list that the core takes. Those of the call replace those
--- of connect. on_request is called before each attempt, and may wait.
---@param call dynamodb.Call
---@param name string the operation, as the caller knows it
---@return string[]
function extra_headers.of_attempt(call, name)
  local on_request = call.state.on_request
  local found = headers.merge(headers.merge({}, call.state.options.headers), call.options.headers)
  check(found, name .. ": option 'headers'")
  if on_request then
    local request = { operation = name, table = hooks.table_of(call.params), attempt = call.attempt,
      headers = found }
    on_request(request)
    found = check(request.headers, "connect: option 'on_request': request.headers")
  end
  return headers.list(found)
end

return extra_headers
