--- A table's key: one or two attributes with their types.

local core = require("dynamodb.core")
local errors = require("dynamodb.error")
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

--- The key type of a value: "S", "N", "B" or nil.
local function type_of(value)
  local kind = core.typename(value)
  if kind == "string" then return "S" end
  if kind == "number" or kind == "dynamodb.number" then return "N" end
  return kind == "dynamodb.binary" and "B" or nil
end

-- A key's type from a type name or a sample value, as boto's create_schema takes them.
local function proto_type(value, where, option)
  local found = key_types[value] and value or type_of(value)
  if not found then
    errors.raise("%s: option '%s': \"S\", \"N\", \"B\" or a sample value expected, got %s", where, option,
      core.typename(value))
  end
  return found
end

local known = {
  hash_key_name = options.text,
  hash_key_proto_value = options.any,
  range_key_name = options.text,
  range_key_proto_value = options.any,
}

--- Makes a schema of boto's four options; a range key needs both of its own.
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

--- The names in a key schema: { hash = { name, ... }, range = { name, ... } }; an index may have four of
--- each.
function schema.key_names(key_schema)
  local names = { hash = {}, range = {} }
  for _, element in ipairs(key_schema or {}) do
    local list = element.KeyType == "HASH" and names.hash or names.range
    list[#list + 1] = element.AttributeName
  end
  return names
end

--- The schema that a table description tells.
---@return dynamodb.Schema
function schema.from_description(description)
  local types, names = {}, schema.key_names(description.KeySchema)
  for _, attribute in ipairs(description.AttributeDefinitions or {}) do
    types[attribute.AttributeName] = attribute.AttributeType
  end
  local hash, range = names.hash[1], names.range[1]
  return setmetatable({ hash_key_name = hash, hash_key_type = types[hash], range_key_name = range,
    range_key_type = range and types[range] }, Schema)
end

--- KeySchema as CreateTable takes it.
function schema.to_request(self)
  local keys = { { AttributeName = self.hash_key_name, KeyType = "HASH" } }
  if self.range_key_name then keys[2] = { AttributeName = self.range_key_name, KeyType = "RANGE" } end
  return keys
end

--- Is this the name of a key's type?
function schema.is_type(value)
  return key_types[value] == true
end

local expected = { S = "string", N = "number", B = "dynamodb.binary" }

--- Raises unless the value can be this key attribute. Empty strings and bytes cannot (the service's rule).
local function check_value(where, name, kind, value)
  if value == nil then errors.raise("%s: key attribute '%s' is missing", where, name) end
  if type_of(value) ~= kind then
    errors.raise("%s: key attribute '%s': %s expected, got %s", where, name, expected[kind],
      core.typename(value))
  end
  if kind ~= "N" and #value == 0 then errors.raise("%s: key attribute '%s' is empty", where, name) end
end

--- The key of a hash and a range value, checked against the schema.
function schema.key(self, where, hash, range)
  check_value(where, self.hash_key_name, self.hash_key_type, hash)
  if self.range_key_name then
    check_value(where, self.range_key_name, self.range_key_type, range)
    return { [self.hash_key_name] = hash, [self.range_key_name] = range }
  end
  if range ~= nil then errors.raise("%s: table has no range key, got %s", where, core.typename(range)) end
  return { [self.hash_key_name] = hash }
end

--- The key within a table of attributes.
function schema.key_of(self, where, attributes)
  return schema.key(self, where, attributes[self.hash_key_name],
    self.range_key_name and attributes[self.range_key_name])
end

--- The key that options tell: hash_key and range_key, or key = { name = value, ... }.
function schema.key_from_options(self, where, given)
  if given.key == nil then return schema.key(self, where, given.hash_key, given.range_key) end
  if given.hash_key ~= nil or given.range_key ~= nil then
    errors.raise("%s: option 'key' excludes 'hash_key' and 'range_key'", where)
  end
  for name in pairs(given.key) do
    if name ~= self.hash_key_name and name ~= self.range_key_name then
      errors.raise("%s: option 'key': '%s' is no key attribute of the table",
        where, tostring(name):sub(1, 40))
    end
  end
  return schema.key_of(self, where, given.key)
end

--- Is the value a schema?
function schema.is(value)
  return getmetatable(value) == Schema
end

return schema
