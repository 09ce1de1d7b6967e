--- Makes the requests of CreateTable and UpdateTable from the options that define a table.

local arguments = require("dynamodb.base.arguments")
local errors = require("dynamodb.error")
local objects = require("dynamodb.base.objects")
local options = require("dynamodb.base.options")
local schema = require("dynamodb.table.schema")

local table_definition = {}

local function is_projection(value)
  return value == "ALL" or value == "KEYS_ONLY" or (objects.is_plain(value) and #value > 0),
    "'ALL', 'KEYS_ONLY' or a list of attributes"
end

local function is_units(value)
  local known = objects.is_plain(value) and type(value.read) == "number" and type(value.write) == "number"
  for name in pairs(known and value or {}) do known = known and (name == "read" or name == "write") end
  return known, "{ read = units, write = units }"
end

local count = options.count(1)

-- Validates the maximum throughput of an on-demand table; false removes the limit.
local function is_ceiling(value)
  return value == false or count(value), "whole number of at least 1, or false"
end

--- The options of a table's or a global index's capacity.
table_definition.capacity_options = {
  max_read_units = is_ceiling,
  max_write_units = is_ceiling,
  read_units = count,
  warm_throughput = is_units,
  write_units = count,
}

local function with_capacity(known)
  for name, validator in pairs(table_definition.capacity_options) do known[name] = validator end
  return known
end

local index_options = with_capacity({
  hash_key = options.any,
  name = options.text,
  projection = is_projection,
  range_key = options.any,
})

-- Returns the key attributes of an index from "name" (a string), { "name", "N" }, or a list of up to four
-- such pairs.
local function key_parts(given, where)
  if given == nil then return {} end
  if type(given) == "string" then return { { given, "S" } } end
  if not objects.is_plain(given) then
    errors.raise("%s: name, { name, type } or a list of these expected, got %s", where,
      objects.describe(given))
  end
  if type(given[1]) == "string" then given = { given } end
  if #given == 0 then
    errors.raise("%s: name, { name, type } or a list of these expected, got a table without them", where)
  end
  if #given > 4 then errors.raise("%s: %d attributes, at most 4", where, #given) end
  for _, part in ipairs(given) do
    local is_pair = objects.is_plain(part) and #part == 2
    if not is_pair or type(part[1]) ~= "string" or not schema.is_type(part[2]) then
      errors.raise("%s: { name, \"S\", \"N\" or \"B\" } expected", where)
    end
  end
  return given
end

local function throughput(given)
  if not given.read_units then return nil end
  return { ReadCapacityUnits = given.read_units, WriteCapacityUnits = given.write_units }
end

local function on_demand(given)
  local read, write = given.max_read_units, given.max_write_units
  if read == nil and write == nil then return nil end
  if read == false then read = -1 end -- the service's value for no limit
  if write == false then write = -1 end
  return { MaxReadRequestUnits = read, MaxWriteRequestUnits = write }
end

local function warm(given)
  local units = given.warm_throughput
  return units and { ReadUnitsPerSecond = units.read, WriteUnitsPerSecond = units.write } or nil
end

function table_definition.check_units(given, where)
  if (given.read_units == nil) ~= (given.write_units == nil) then
    errors.raise("%s: options 'read_units' and 'write_units' expected together", where)
  end
  if given.read_units and (given.max_read_units or given.max_write_units) then
    errors.raise("%s: 'max_read_units' and 'max_write_units' are for tables without 'read_units'", where)
  end
end

--- Adds the capacity of a table or an index to a request.
function table_definition.capacity(given, request)
  request.OnDemandThroughput = on_demand(given)
  request.ProvisionedThroughput = throughput(given)
  request.WarmThroughput = warm(given)
  return request
end

--- Returns an index for CreateTable, and adds its key attributes to 'attributes' (name -> type).
function table_definition.index(given, where, attributes, hash_of_table)
  options.check(index_options, given, where)
  if not given.name then errors.raise("%s: option 'name' expected", where) end
  if hash_of_table and given.hash_key ~= nil then
    errors.raise("%s: option 'hash_key': a local index has that of its table", where)
  end
  table_definition.check_units(given, where)
  local keys = {}
  local function add(parts, kind)
    for _, part in ipairs(parts) do
      local name, known = part[1], attributes[part[1]]
      if known and known ~= part[2] then
        errors.raise("%s: attribute '%s' is of type %s elsewhere, not %s", where, name, known, part[2])
      end
      keys[#keys + 1] = { AttributeName = name, KeyType = kind }
      attributes[name] = part[2]
    end
  end
  add(hash_of_table and { hash_of_table } or key_parts(given.hash_key, where .. ": hash_key"), "HASH")
  add(key_parts(given.range_key, where .. ": range_key"), "RANGE")
  if #keys == 0 then errors.raise("%s: option 'hash_key' expected", where) end
  local projection = given.projection or "ALL"
  local listed = type(projection) == "table"
  return table_definition.capacity(given, {
    IndexName = given.name,
    KeySchema = keys,
    Projection = {
      ProjectionType = listed and "INCLUDE" or projection,
      NonKeyAttributes = listed and projection or nil,
    },
  })
end

--- Returns the attribute definitions, sorted by name.
function table_definition.attributes(attributes)
  local list = {}
  for name, kind in pairs(attributes) do list[#list + 1] = { AttributeName = name, AttributeType = kind } end
  table.sort(list, function(a, b) return a.AttributeName < b.AttributeName end)
  return list
end

function table_definition.tag_list(tags, where)
  local list = {}
  for name, value in pairs(tags or {}) do
    if type(name) ~= "string" or type(value) == "table" then
      errors.raise("%s: { name = value } of texts expected, got [%s] = %s", where, tostring(name),
        objects.describe(value))
    end
    list[#list + 1] = { Key = name, Value = tostring(value) }
  end
  table.sort(list, function(a, b) return a.Key < b.Key end)
  return list
end

local stream_views = options.choice("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")

local function is_stream(value)
  return value == false or stream_views(value), "KEYS_ONLY, NEW_IMAGE, OLD_IMAGE, NEW_AND_OLD_IMAGES or false"
end

local function is_encryption(value)
  return type(value) == "boolean" or (type(value) == "string" and value ~= ""), "KMS key, true or false"
end

--- The options of a table other than name, schema and indexes.
table_definition.settings_options = with_capacity({
  deletion_protection = options.boolean,
  encryption = is_encryption,
  stream = is_stream,
  table_class = options.choice("STANDARD", "STANDARD_INFREQUENT_ACCESS"),
})

local function encryption(value)
  if value == nil then return nil end
  return { Enabled = value ~= false, SSEType = value and "KMS" or nil,
    KMSMasterKeyId = type(value) == "string" and value or nil }
end

local function stream(value)
  if value == nil then return nil end
  return { StreamEnabled = value ~= false, StreamViewType = value or nil }
end

--- Adds the settings to a request.
function table_definition.settings(given, request)
  request.DeletionProtectionEnabled = given.deletion_protection
  request.SSESpecification = encryption(given.encryption)
  request.StreamSpecification = stream(given.stream)
  request.TableClass = given.table_class
  return table_definition.capacity(given, request)
end

local function is_schema(value)
  return schema.is(value), "schema from create_schema"
end

table_definition.options = {
  global_indexes = options.table,
  local_indexes = options.table,
  name = options.text,
  schema = is_schema,
  tags = options.table,
  version_attribute = options.text,
}
for name,
  validator in pairs(table_definition.settings_options) do table_definition.options[name] = validator end

-- Returns the list in an option with indexes; a map of indexes by name is refused.
local function index_list(given, option, where)
  return arguments.check_list(given[option] or {}, ("%s: option '%s'"):format(where, option), "indexes")
end

--- Returns the CreateTable request of these options.
function table_definition.create_request(given, where)
  options.check(table_definition.options, given, where)
  if not given.name or not given.schema then
    errors.raise("%s: options 'name' and 'schema' expected", where)
  end
  table_definition.check_units(given, where)
  local key = given.schema
  local attributes, globals, locals = { [key.hash_key_name] = key.hash_key_type }, {}, {}
  if key.range_key_name then attributes[key.range_key_name] = key.range_key_type end
  for i, index in ipairs(index_list(given, "global_indexes", where)) do
    globals[i] = table_definition.index(index, ("%s: global_indexes[%d]"):format(where, i), attributes)
    if given.read_units and not index.read_units then globals[i].ProvisionedThroughput = throughput(given) end
  end
  for i, index in ipairs(index_list(given, "local_indexes", where)) do
    locals[i] = table_definition.index(index, ("%s: local_indexes[%d]"):format(where, i), attributes,
      { key.hash_key_name, key.hash_key_type })
  end
  return table_definition.settings(given, {
    TableName = given.name,
    KeySchema = schema.to_request(key),
    AttributeDefinitions = table_definition.attributes(attributes),
    BillingMode = given.read_units and "PROVISIONED" or "PAY_PER_REQUEST",
    GlobalSecondaryIndexes = #globals > 0 and globals or nil,
    LocalSecondaryIndexes = #locals > 0 and locals or nil,
    Tags = given.tags and table_definition.tag_list(given.tags, where .. ": tags") or nil,
  })
end

return table_definition
