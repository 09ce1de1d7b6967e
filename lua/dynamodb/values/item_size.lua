--- The size of an item in bytes, by which the service limits items (400 KB) and charges for them:
--- `dynamodb.item_size`.
-- Source: DynamoDB developer guide, "DynamoDB item sizes and formats".

local core = require("dynamodb.core")
local errors = require("dynamodb.error")

local CONTAINER = 3 -- bytes of a list or map
local ELEMENT = 1 -- bytes of each element or member, besides its content
local LONGEST_NUMBER = 21 -- bytes

-- A number takes one byte, one for every two significant digits, and one for a minus sign.
local function number_size(value)
  local text = tostring(core.number(value))
  local digits = text:gsub("E.*", ""):gsub("[-.]", ""):gsub("^0+", "")
  if not text:find("[.E]") then digits = digits:gsub("0+$", "") end
  local size = math.floor((#digits + 1) / 2) + 1 + (text:find("^-") and 1 or 0)
  return math.min(size, LONGEST_NUMBER)
end

local size_of

local function set_size(value)
  local size = 0
  for _, element in ipairs(value:values()) do size = size + size_of(element) end
  return size
end

local function list_size(value)
  local size = CONTAINER
  for _, element in next, value do size = size + ELEMENT + size_of(element) end
  return size
end

local function map_size(value)
  local size = CONTAINER
  for name, inner in next, value do size = size + ELEMENT + #name + size_of(inner) end
  return size
end

local function length(value) return #value end
local function one() return 1 end

local sizes = {
  S = length, B = length, N = number_size, BOOL = one, NULL = one, M = map_size,
  SS = set_size, NS = set_size, BS = set_size,
  L = function(value) return type(value) == "table" and list_size(value) or CONTAINER end, -- or a sentinel
}

function size_of(value)
  return sizes[core.attribute_type(value)](value)
end

--- Returns the size of an item by the rules that AWS publishes for estimates: names and values in bytes. The
--- rule for numbers is approximate.
---@param item userdata|table an item, or a table of attributes
---@return integer bytes
local function item_size(item)
  local text, why = core.encode(item, "item") -- refuses what is no item, and cycles
  if not text then errors.raise("item_size: %s", why) end
  local attributes = item
  if type(item) ~= "table" then attributes = select(2, core.item_parts(item)) end
  local size = 0
  for name, value in next, attributes do size = size + #name + size_of(value) end
  return size
end

return item_size
