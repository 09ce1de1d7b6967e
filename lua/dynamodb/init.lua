--- A DynamoDB client: connections, tables, and items that are Lua tables.

local core = require("dynamodb.core")
local connection = require("dynamodb.connection")
local errors = require("dynamodb.error")

-- The array marks of lua-cjson's later versions mean the same to us.
local found, cjson = pcall(require, "cjson")
if found then
  for _, name in ipairs({ "array_mt", "empty_array_mt", "empty_array" }) do
    if cjson[name] ~= nil then core.list_mark(cjson[name]) end
  end
end

return {
  _VERSION = require("dynamodb.version"),
  connect = connection.connect,
  is_error = errors.is,
  -- values that plain Lua has no type for; doc/values.md
  null = core.null,
  number = core.number,
  binary = core.binary,
  set = core.set,
  list = core.list,
  map = core.map,
}
