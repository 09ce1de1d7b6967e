--- Tells the library's own objects that are Lua tables (conditions, updates, errors...) from the
--- plain tables of options, keys and attributes.

local core = require("dynamodb.core")

local getmetatable, rawget, type = getmetatable, rawget, type -- locals are faster where every call runs

local objects = {}

-- The marks of lists and maps, which are plain tables.
local marks = { ["dynamodb.list"] = true, ["dynamodb.map"] = true }

--- Returns the class of a library object that is a Lua table, such as "dynamodb.condition" | nil for other
--- values.
function objects.class(value)
  if type(value) ~= "table" then return nil end
  local meta = getmetatable(value)
  local name = type(meta) == "table" and rawget(meta, "__name")
  if type(name) == "string" and name:find("^dynamodb%.") and not marks[name] then return name end
end

--- Returns true for a table that is no library object.
function objects.is_plain(value)
  return type(value) == "table" and (getmetatable(value) == nil or objects.class(value) == nil)
end

--- Names a value in messages: "string", "dynamodb.set", "dynamodb.condition", 'attr"owner"'.
---@return string
function objects.describe(value)
  local class = objects.class(value)
  if class == "dynamodb.attr" then return tostring(value) end
  return class or core.typename(value)
end

return objects
