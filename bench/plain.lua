--- The codec that users of lua-cjson would write: wraps and unwraps the attribute values of items in Lua.

local cjson = require("cjson")

local plain = {}

-- Unwraps attribute values that cjson has decoded. It reuses the tables of maps and lists to save
-- allocations. Binary values are not supported; they would need a base64 library.
local function unwrap(value)
  local text = value.S
  if text then return text end
  local digits = value.N
  if digits then return tonumber(digits) end
  local members = value.M
  if members then
    for key, inner in next, members do members[key] = unwrap(inner) end
    return members
  end
  local elements = value.L
  if elements then
    for i = 1, #elements do elements[i] = unwrap(elements[i]) end
    return elements
  end
  if value.BOOL ~= nil then return value.BOOL end
  if value.NULL then return cjson.null end
  local set = {}
  for _, element in ipairs(value.SS) do set[element] = true end
  return set
end

--- Unwraps the attributes of an item in place -> the item.
function plain.unwrap_item(item)
  for key, value in next, item do item[key] = unwrap(value) end
  return item
end

--- Decodes the response of Scan -> the response with items of Lua values.
function plain.decode(text)
  local response = cjson.decode(text)
  local items = response.Items
  for i = 1, #items do plain.unwrap_item(items[i]) end
  return response
end

local function wrap(value)
  local kind = type(value)
  if kind == "string" then return { S = value } end
  if kind == "number" then return { N = tostring(value) } end
  if kind == "boolean" then return { BOOL = value } end
  if kind ~= "table" then return { NULL = true } end
  local wrapped = {}
  if value[1] ~= nil then
    for i = 1, #value do wrapped[i] = wrap(value[i]) end
    return { L = wrapped }
  end
  for key, inner in next, value do wrapped[key] = wrap(inner) end
  return { M = wrapped }
end

--- Wraps attributes -> the item as DynamoDB's JSON has it, as tables.
function plain.wrap_item(attributes)
  local wrapped = {}
  for key, value in next, attributes do wrapped[key] = wrap(value) end
  return wrapped
end

return plain
