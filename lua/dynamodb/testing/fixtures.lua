--- Reads items from Lua tables, JSON or DynamoDB JSON, for testing.load.

local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local json = require("dynamodb.values.json")
local objects = require("dynamodb.base.objects")
local system = require("dynamodb.base.system")

local fixtures = {}

local WHERE = "testing.load"

-- Returns the text of a file. Raises when it cannot be read.
local function read_file(path)
  local text, why = system.read_file(path)
  if text then return text end
  local name = path:sub(1, 80):gsub("%c", " ")
  errors.raise("%s: '%s' is neither JSON nor a file that can be read%s", WHERE, name,
    why and ": " .. why or "")
end

-- Returns the items of a decoded JSON value: a list of them; { Items = list } and { Item = item } as AWS's
-- tools write them; or one item.
local function unwrap(value, hash_name)
  if core.is_list(value) then return value end
  if value[hash_name] == nil and objects.is_plain(value.Items) then return value.Items end
  if value[hash_name] == nil and objects.is_plain(value.Item) then return { value.Item } end
  return { value }
end

-- Returns the attributes of an item. An item is DynamoDB JSON if its hash key has a type, as no plain item's
-- has.
local function attributes_of(item, hash_name, place)
  if not objects.is_plain(item) or core.is_list(item) then
    errors.raise("%s: %s: item expected, got %s", WHERE, place, objects.describe(item))
  end
  local key = item[hash_name]
  if key == nil then errors.raise("%s: %s: key attribute '%s' is missing", WHERE, place, hash_name) end
  if not objects.is_plain(key) then return item end
  local attributes, err = json.typed_decode(json.encode(item))
  if not attributes then errors.raise("%s: %s: %s", WHERE, place, err.message) end
  return attributes
end

-- Appends the items of a text.
local function read_text(text, hash_name, list, place)
  local value, err = json.decode(text)
  if err then return nil, err.message end
  if type(value) ~= "table" then return nil, "items expected" end
  for i, item in ipairs(unwrap(value, hash_name)) do
    list[#list + 1] = attributes_of(item, hash_name, place or ("item %d"):format(i))
  end
  return true
end

-- Reads JSON that is one value, or one value a line.
local function parse(text, hash_name)
  local list = {}
  if read_text(text, hash_name, list) then return list end
  local number = 0
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do
    number = number + 1
    if line:find("%S") then
      local ok, why = read_text(line, hash_name, list, "line " .. number)
      if not ok then errors.raise("%s: line %d: %s", WHERE, number, why) end
    end
  end
  return list
end

--- Returns a list of tables of attributes. Raises for anything that contains none.
---@param given table|string
---@param schema dynamodb.Schema of the table
function fixtures.read(given, schema)
  local hash_name = schema.hash_key_name
  if type(given) == "string" then
    return parse(given:find("^%s*[%[{]") and given or read_file(given), hash_name)
  end
  if not objects.is_plain(given) or (next(given) ~= nil and #given == 0) then
    errors.raise("%s: list of items, JSON or the path of a file expected, got %s", WHERE,
      objects.is_plain(given) and "a table without positions" or objects.describe(given))
  end
  local list = {}
  for i, item in ipairs(given) do
    if not objects.is_plain(item) then
      errors.raise("%s: item %d: table of attributes expected, got %s", WHERE, i, objects.describe(item))
    end
    list[i] = item
  end
  return list
end

return fixtures
