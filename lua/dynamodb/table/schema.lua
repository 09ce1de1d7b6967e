--- Schemas: the key attributes of a table with their types, and the checks of keys.

local late = require("dynamodb.base.late")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local objects = require("dynamodb.base.objects")
local inspect = late.module("dynamodb.values.inspect")
local limits = require("dynamodb.request.limits")
local options = require("dynamodb.base.options")

local Schema = { __name = "dynamodb.schema" }
Schema.__index = Schema

function Schema:__tostring()
  return ("Schema(%s%s)"):format(self.hash_key_name, self.range_key_name and ":" .. self.range_key_name or "")
end

function Schema.__eq(a, b)
  return a.hash_key_name == b.hash_key_name and a.hash_key_type == b.hash_key_type
    and a.range_key_name == b.range_key_name and a.range_key_type == b.range_key_type
end

---@class dynamodb.Schema
---@field hash_key_name string
---@field hash_key_type "S"|"N"|"B"
---@field range_key_name? string
---@field range_key_type? "S"|"N"|"B"

local schema = {}

local key_types = { S = true, N = true, B = true }

--- Returns the key type of a value: "S", "N", "B" | nil for values that cannot be a key.
function schema.key_type_of(value)
  local kind = core.typename(value)
  if kind == "string" then return "S" end
  if kind == "number" or kind == "dynamodb.number" then return "N" end
  return kind == "dynamodb.binary" and "B" or nil
end

-- Names of types in lower case, which look like a type but would be taken for a sample of a string.
local type_names = {}
for name in ("s n b str string text num number int integer float double decimal bin binary bytes blob "
  .. "ss ns bs bool boolean null l m list map set"):gmatch("%a+") do type_names[name] = true end

-- Returns the key type for a type's letter or a sample value, which boto's create_schema takes.
local function proto_type(value, where, option)
  if key_types[value] then return value end
  local found = schema.key_type_of(value)
  if not found or (found == "S" and type_names[value:lower()]) then
    errors.raise("%s: option '%s': \"S\", \"N\", \"B\" or a sample value expected, got %s", where, option,
      found and "'" .. value .. "'" or objects.describe(value))
  end
  return found
end

local known = {
  hash_key_name = options.text,
  hash_key_proto_value = options.any,
  range_key_name = options.text,
  range_key_proto_value = options.any,
}

--- Makes a schema from boto's four options. A range key needs both of its options.
---@return dynamodb.Schema
function schema.create(given, where)
  options.check(known, given, where)
  local made = setmetatable({}, Schema)
  for _, part in ipairs({ "hash_key", "range_key" }) do
    local name, proto = given[part .. "_name"], given[part .. "_proto_value"]
    if (name == nil) ~= (proto == nil) or (part == "hash_key" and not name) then
      errors.raise("%s: options '%s_name' and '%s_proto_value' expected together", where, part, part)
    end
    if name then
      made[part .. "_name"], made[part .. "_type"] = name, proto_type(proto, where, part .. "_proto_value")
    end
  end
  if made.hash_key_name == made.range_key_name then
    errors.raise("%s: hash key and range key are both named '%s'", where, made.hash_key_name)
  end
  return made
end

--- Returns the names in a KeySchema: { hash = { name, ... }, range = { name, ... } }. An index may have up to
--- four of each.
function schema.key_names(key_schema)
  local names = { hash = {}, range = {} }
  for _, element in ipairs(key_schema or {}) do
    local list = element.KeyType == "HASH" and names.hash or names.range
    list[#list + 1] = element.AttributeName
  end
  return names
end

--- Makes a schema from the description of a table -> schema | nil, why when it is none of a table: one hash
--- key, at most one range key, and a type for each.
---@return dynamodb.Schema?
---@return string? why
function schema.from_description(description)
  local types, names = {}, schema.key_names(description.KeySchema)
  for _, attribute in ipairs(description.AttributeDefinitions or {}) do
    types[attribute.AttributeName] = attribute.AttributeType
  end
  local hash, range = names.hash[1], names.range[1]
  if #names.hash ~= 1 or #names.range > 1 or hash == range then
    return nil, "KeySchema: one hash key and at most one range key expected"
  end
  for _, name in ipairs({ hash, range }) do
    if not key_types[types[name]] then
      return nil, ("AttributeDefinitions: type of key attribute '%s' expected, got %s"):format(name,
        tostring(types[name]))
    end
  end
  return setmetatable({ hash_key_name = hash, hash_key_type = types[hash], range_key_name = range,
    range_key_type = range and types[range] }, Schema)
end

--- Returns the names of the key attributes, as a list.
function schema.names(self)
  return { self.hash_key_name, self.range_key_name }
end

--- Returns the KeySchema of CreateTable.
function schema.to_request(self)
  local keys = { { AttributeName = self.hash_key_name, KeyType = "HASH" } }
  if self.range_key_name then keys[2] = { AttributeName = self.range_key_name, KeyType = "RANGE" } end
  return keys
end

--- Returns true for "S", "N" and "B".
function schema.is_type(value)
  return key_types[value] == true
end

local expected = { S = "string", N = "number", B = "dynamodb.binary" }

-- Raises unless the value can be this key attribute. The service accepts no empty strings and bytes in keys,
-- and limits their length.
local function check_value(where, name, kind, value, most)
  if value == nil then errors.raise("%s: key attribute '%s' is missing", where, name) end
  if kind == "S" and type(value) == "string" and value ~= "" and #value <= most then return end
  if schema.key_type_of(value) ~= kind then
    local typed = objects.is_plain(value) and (value.S or value.N or value.B) ~= nil
    errors.raise("%s: key attribute '%s': %s expected, got %s", where, name, expected[kind],
      objects.describe(value) .. (typed and " (a value is given without its type)" or ""))
  end
  if kind == "N" then return end
  if #value == 0 then errors.raise("%s: key attribute '%s' is empty", where, name) end
  if #value > most then
    errors.raise("%s: key attribute '%s' has %d bytes, at most %d are possible", where, name, #value, most)
  end
end

--- Returns the key of a hash and a range value. Raises unless they fit the schema.
function schema.key(self, where, hash, range)
  check_value(where, self.hash_key_name, self.hash_key_type, hash, limits.MAX_HASH_KEY)
  if self.range_key_name then
    check_value(where, self.range_key_name, self.range_key_type, range, limits.MAX_RANGE_KEY)
    return { [self.hash_key_name] = hash, [self.range_key_name] = range }
  end
  if range ~= nil then errors.raise("%s: table has no range key, got %s", where, objects.describe(range)) end
  return { [self.hash_key_name] = hash }
end

--- Returns the text of the key within a table of attributes, for messages: { id = "a" }.
function schema.show_key(self, attributes)
  local key = { [self.hash_key_name] = attributes[self.hash_key_name] }
  if self.range_key_name then key[self.range_key_name] = attributes[self.range_key_name] end
  return inspect.short(key)
end

--- Returns the key within a table of attributes. Raises unless it is complete.
function schema.key_of(self, where, attributes)
  return schema.key(self, where, attributes[self.hash_key_name],
    self.range_key_name and attributes[self.range_key_name])
end

--- Returns the key from the options hash_key and range_key, or key = { name = value, ... }.
function schema.key_from_options(self, where, given)
  if given.key == nil then return schema.key(self, where, given.hash_key, given.range_key) end
  if given.hash_key ~= nil or given.range_key ~= nil then
    errors.raise("%s: option 'key' excludes 'hash_key' and 'range_key'", where)
  end
  for name in pairs(given.key) do
    if name ~= self.hash_key_name and name ~= self.range_key_name then
      errors.raise("%s: option 'key': '%s' is not a key attribute of the table",
        where, tostring(name):sub(1, 40))
    end
  end
  return schema.key_of(self, where, given.key)
end

--- Returns advice for a key attribute that was given as an option | nil for other names: see options.check.
---@param self dynamodb.Schema
function schema.explain_option(name, self)
  if name ~= self.hash_key_name and name ~= self.range_key_name then return nil end
  return ("it is a key attribute: say key = { %s = ... }"):format(name)
end

--- Returns true for schemas.
function schema.is(value)
  return getmetatable(value) == Schema
end

return schema
