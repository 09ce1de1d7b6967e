--- Table objects, and the methods of a table that read single items.

local late = require("dynamodb.base.late")
local arguments = require("dynamodb.base.arguments")
local pipeline = require("dynamodb.request.pipeline")
local capacity = require("dynamodb.table.capacity")
local context = require("dynamodb.request.context")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local expressions = late.module("dynamodb.expression.builder")
local objects = require("dynamodb.base.objects")
local operations = require("dynamodb.base.operations")
local options = require("dynamodb.base.options")
local response = require("dynamodb.request.response")
local response_check = require("dynamodb.request.response_check")
local schema = require("dynamodb.table.schema")

local Table = core.table_class.methods
local tables = {}

local NO_OPTIONS = options.NONE

local attribute, as_sent = core.attribute, capacity.as_sent

-- {===== Fields =====

-- Returns the indexes of a description: name -> { name, kind, hash, range, projection, status }.
local function indexes_of(description)
  local found = {}
  local function add(list, kind)
    for _, index in ipairs(list or {}) do
      local key = schema.key_names(index.KeySchema)
      found[index.IndexName] = { name = index.IndexName, kind = kind, hash = key.hash, range = key.range,
        projection = index.Projection, status = index.IndexStatus or "ACTIVE" }
    end
  end
  add(description.GlobalSecondaryIndexes, "global")
  add(description.LocalSecondaryIndexes, "local")
  return found
end

-- Sets the fields that users read -> true | nil, why, with nothing set. The name stays the one that requests
-- are sent with, which may be an ARN.
local function describe(fields, description)
  local throughput = description.ProvisionedThroughput or {}
  local found, why = fields.schema, "KeySchema: missing"
  if description.KeySchema then found, why = schema.from_description(description) end
  if not found then return nil, why end
  fields.schema = found
  fields.indexes = description.KeySchema and indexes_of(description) or fields.indexes
  fields.status = description.TableStatus
  fields.item_count = description.ItemCount or 0
  fields.size_bytes = description.TableSizeBytes or 0
  fields.create_time = description.CreationDateTime or fields.create_time
  fields.read_units = throughput.ReadCapacityUnits
  fields.write_units = throughput.WriteCapacityUnits
  fields.arn = description.TableArn or fields.arn
  fields.stream_arn = description.LatestStreamArn
  return true
end

-- Makes a table object. The connection remembers its hash key, for the limits of single keys.
local function new_table(connection, fields)
  if core.connection_is_open(connection) then
    core.connection_state(connection).running.hash_names[fields.name] = fields.schema.hash_key_name
  end
  return core.table(connection, fields)
end

--- Makes a table object from the description in a response -> table | nil, err.
---@param operation table of base/operations
---@param request table of that operation
---@param name string of the table, as in the request
---@param version_attribute? string name of the attribute that counts an item's versions
function tables.from_description(connection, operation, request, name, description, version_attribute)
  local fields = { name = name, version_attribute = version_attribute }
  local ok, why = describe(fields, description)
  if not ok then return nil, response.unfit(operation, request, why) end
  return new_table(connection, fields)
end

--- Updates the fields of a table object from the description in a response -> the table | nil, err.
---@param operation table of base/operations
function tables.update(self, operation, description)
  local fields = core.table_parts(self)
  local ok, why = describe(fields, description)
  if not ok then return nil, response.unfit(operation, { TableName = fields.name }, why) end
  return self
end

--- Refreshes a table in a method that goes on with another request.
---@return dynamodb.Error? err when it failed, or when the connection is closed
function tables.refresh(self)
  local ok, err = self:refresh()
  if not ok then return err end
  return context.closed_meanwhile((select(2, core.table_parts(self))))
end

function core.table_class.__inspect(self, show)
  return tostring(self) .. " " .. show((core.table_parts(self)), "fields")
end

local key_type = options.choice("S", "N", "B")
tables.key_options = {
  hash_key = options.text,
  hash_key_type = key_type,
  range_key = options.text,
  range_key_type = key_type,
  version_attribute = options.text,
}

-- Makes the schema of the options of conn:table.
local function schema_from(key)
  if not key.hash_key then
    errors.raise("table: option 'hash_key' expected (the name of the key attribute)")
  end
  if key.range_key_type and not key.range_key then
    errors.raise("table: option 'range_key_type' goes with 'range_key'")
  end
  return schema.create({
    hash_key_name = key.hash_key,
    hash_key_proto_value = key.hash_key_type or "S",
    range_key_name = key.range_key,
    range_key_proto_value = key.range_key and (key.range_key_type or "S"),
  }, "table")
end

--- Makes a table object from a name and a key, which is a schema or options.
function tables.from_key(connection, name, key)
  if schema.is(key) then return new_table(connection, { name = name, schema = key }) end
  key = options.read(tables.key_options, key, "table")
  local fields = { name = name, schema = schema_from(key), version_attribute = key.version_attribute }
  return new_table(connection, fields)
end

-- ===================== }
-- {===== Tables by name =====

--- Returns the name of a table given as object or name. Raises for anything else.
function tables.name_of(value, where)
  if core.typename(value) == "dynamodb.table" then return value.name end
  if type(value) ~= "string" or value == "" then
    errors.raise("%s: table or its name expected, got %s", where, objects.describe(value))
  end
  return value
end

--- Describes a table -> a new table object | nil, err.
---@param version_attribute? string
function tables.fetch(connection, name, version_attribute)
  local request = { TableName = name }
  local result, err = pipeline.call(connection, operations.DescribeTable, request)
  if not result then return nil, err end
  return tables.from_description(connection, operations.DescribeTable, request, name, result.Table,
    version_attribute)
end

--- Returns the table object. Raises for one of another connection, which may have another region or account.
function tables.of_connection(connection, target, where)
  local fields, owner = core.table_parts(target)
  if owner ~= connection then
    errors.raise("%s: table '%s' belongs to another connection", where, fields.name)
  end
  return target
end

--- Returns the table of a table object or a name. A name takes one DescribeTable, once -> table | nil, err.
function tables.resolve(connection, target, where)
  if core.typename(target) == "dynamodb.table" then
    return tables.of_connection(connection, target, where)
  end
  local name, known = tables.name_of(target, where), core.connection_state(connection).running.known_tables
  local found, err = known[name], nil
  if not found then
    found, err = tables.fetch(connection, name)
    err = err or context.closed_meanwhile(connection)
    if err then return nil, err end
    known[name] = found
  end
  return found, err
end

-- ===================== }

--- Returns a schema of options: those that name an item, and more.
function tables.with_key(more)
  return options.merge({ hash_key = options.any, key = options.table, range_key = options.any }, more)
end

--- Reads the arguments (options) or (hash, range, options) -> key, options. Raises unless the key fits the
--- schema of the table and the options are in the schema 'known'.
function tables.parse_arguments(fields, known, where, first, second, third)
  if second == nil and third == nil and type(first) ~= "table" then -- the commonest call
    return schema.key(fields.schema, where, first), NO_OPTIONS
  end
  local given, hash, range = arguments.with_key(where, first, second, third)
  if given ~= NO_OPTIONS then options.check(known, given, where, schema.explain_option, fields.schema) end
  if given == first then return schema.key_from_options(fields.schema, where, given), given end
  return schema.key(fields.schema, where, hash, range), given
end

local parse_arguments, with_key = tables.parse_arguments, tables.with_key

local is_hedge = late.call("dynamodb.request.hedge", "is_option")

local get_options = options.with_call_options(with_key(options.merge(capacity.options, {
  attributes_to_get = options.any,
  consistent_read = options.boolean,
  hedge = is_hedge,
  projection = options.any,
})))

--- Reads one item: get_item(hash [, range] [, options]) or get_item{ hash_key =, range_key =,
--- consistent_read =, projection = }. A projection always includes the key.
---@return dynamodb.Item? item nil without an error when there is none
---@return dynamodb.Error? err
---@return table? capacity consumed, with return_consumed_capacity
function Table:get_item(first, second, third)
  local fields, connection = core.table_parts(self)
  local key, given = parse_arguments(fields, get_options, "get_item", first, second, third)
  if given.explain then return capacity.explain(Table.get_item, self, first, second, third) end
  local request = { TableName = fields.name, Key = key, ConsistentRead = given.consistent_read,
    ReturnConsumedCapacity = as_sent[given.return_consumed_capacity] }
  local paths = given.projection or given.attributes_to_get
  if paths ~= nil then
    local expression = expressions.new("get_item")
    request.ProjectionExpression = expression:projection(paths, schema.names(fields.schema))
    expression:into(request)
  end
  local call_options = given ~= NO_OPTIONS and given or nil
  local result, err = pipeline.call(connection, operations.GetItem, request, self, call_options)
  if not result then return nil, err end
  local item, consumed = result.Item, result.ConsumedCapacity
  if item and not consumed then -- the commonest result, so it is checked here: does it have the key?
    local own = fields.schema
    local hash, range = own.hash_key_name, own.range_key_name
    if attribute(item, hash) == key[hash] and (not range or attribute(item, range) == key[range]) then
      return item
    end
  end
  local why = response_check.item(result, key)
  if why then return nil, response.unfit(operations.GetItem, request, why, true) end
  if consumed then return item, nil, consumed end
  return item
end

--- get_item under the name that boto has for a read that may find nothing.
Table.lookup = Table.get_item

local has_options = options.with_call_options(with_key(options.merge(capacity.options, {
  consistent_read = options.boolean,
  hedge = is_hedge,
})))

--- Returns whether there is an item with this key -> true or false, nil, capacity | nil, err. It takes the
--- arguments of get_item.
function Table:has_item(first, second, third)
  local fields, connection = core.table_parts(self)
  local key, given = parse_arguments(fields, has_options, "has_item", first, second, third)
  if given.explain then return capacity.explain(Table.has_item, self, first, second, third) end
  local hash_name = fields.schema.hash_key_name
  local request = { TableName = fields.name, Key = key, ConsistentRead = given.consistent_read,
    ReturnConsumedCapacity = as_sent[given.return_consumed_capacity], ProjectionExpression = "#k",
    ExpressionAttributeNames = { ["#k"] = hash_name } }
  local result, err = pipeline.call(connection, operations.GetItem, request, nil, given)
  if not result then return nil, err end
  local why = response_check.item(result, { [hash_name] = key[hash_name] })
  if why then return nil, response.unfit(operations.GetItem, request, why, true) end
  return capacity.results(result.Item ~= nil, result.ConsumedCapacity)
end

arguments.check_methods(Table, "tbl", { core.table_class }, {
  get_item = "hash_key, range_key, options",
  has_item = "hash_key, range_key, options",
  lookup = "hash_key, range_key, options",
})

return tables
