--- Copies the attributes of an item as tables, for item:totable.

local core = require("dynamodb.core")
local errors = require("dynamodb.error")

local item_copy = {}

local MAX_DEPTH = 64 -- levels that the decoder accepts

local function copy(value, depth, convert)
  local kind = core.typename(value)
  if kind ~= "table" then return convert(value, kind) end
  if depth > MAX_DEPTH then errors.raise("totable: nested deeper than %d levels (a cycle?)", MAX_DEPTH) end
  local made = {}
  for name, inner in next, value do made[name] = copy(inner, depth + 1, convert) end
  return convert(made, kind, value)
end

-- Returns a value of the copy: sets are copied, marks are kept.
local function keep(value, kind, original)
  if kind == "dynamodb.set" then return value:copy() end
  local meta = kind == "table" and getmetatable(original)
  return type(meta) == "table" and setmetatable(value, meta) or value -- a protected one may be anything
end

local plain = {
  ["dynamodb.binary"] = function(value) return value:bytes() end,
  ["dynamodb.number"] = function(value) return value:tonumber() end,
}

plain["dynamodb.set"] = function(value)
  local list = value:values()
  for i, element in ipairs(list) do
    local convert = plain[core.typename(element)]
    if convert then list[i] = convert(element) end
  end
  return list
end

-- Returns a value of a plain copy: a string, number, boolean, table or null.
local function simplify(value, kind)
  local convert = plain[kind]
  if convert then return convert(value) end
  return value
end

--- Returns a copy of a table of attributes.
---@param is_plain? boolean without this library's types. Sets become lists, in no order, binaries strings,
--- numbers the nearest Lua numbers, and lists and maps have no marks
---@return table
function item_copy.copy(attributes, is_plain)
  return copy(attributes, 0, is_plain and simplify or keep)
end

return item_copy
