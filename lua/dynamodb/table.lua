--- dynamodb.table: one table of the service, and the items in it.

local client = require("dynamodb.client")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local items = require("dynamodb.item")
local operations = require("dynamodb.operations")
local options = require("dynamodb.options")
local schema = require("dynamodb.schema")
local waiter = require("dynamodb.waiter")

local Table = core.table_class.methods
local tables = {}

local WAIT_TIMEOUT = 300 -- seconds

-- Copies what a description says into the fields that users read.
local function describe(fields, description)
  local throughput = description.ProvisionedThroughput or {}
  fields.name = description.TableName
  fields.schema = description.KeySchema and schema.from_description(description) or fields.schema
  fields.status = description.TableStatus
  fields.item_count = description.ItemCount or 0
  fields.size_bytes = description.TableSizeBytes or 0
  fields.create_time = description.CreationDateTime or fields.create_time
  fields.read_units = throughput.ReadCapacityUnits
  fields.write_units = throughput.WriteCapacityUnits
  return fields
end

--- The table that a description tells.
function tables.from_description(connection, description)
  return core.table(connection, describe({}, description))
end

--- Brings a table object up to date.
function tables.update(self, description)
  describe(core.table_parts(self), description)
end

local key_type = options.choice("S", "N", "B")
local key_options = {
  hash_key = options.text,
  hash_key_type = key_type,
  range_key = options.text,
  range_key_type = key_type,
}

--- A table known only by name and key.
function tables.from_key(connection, name, key)
  if not schema.is(key) then
    options.check(key_options, key or {}, "table")
    key = key or {}
    if not key.hash_key then
      errors.raise("table: option 'hash_key' expected (the name of the key attribute)")
    end
    key = schema.create({
      hash_key_name = key.hash_key,
      hash_key_proto_value = key.hash_key_type or "S",
      range_key_name = key.range_key,
      range_key_proto_value = key.range_key and (key.range_key_type or "S"),
    }, "table")
  end
  return core.table(connection, { name = name, schema = key })
end

local get_options = {
  consistent_read = options.boolean,
  hash_key = options.any,
  key = options.table,
  range_key = options.any,
}
local delete_options = { hash_key = options.any, key = options.table, range_key = options.any }

-- The key that a call's arguments tell: (hash, range) or one table of options -> key, the options or nil.
local function arguments(fields, known, where, first, range)
  if type(first) ~= "table" then return schema.key(fields.schema, where, first, range) end
  options.check(known, first, where)
  if first.key == nil then return schema.key(fields.schema, where, first.hash_key, first.range_key), first end
  if first.hash_key ~= nil or first.range_key ~= nil then
    errors.raise("%s: option 'key' excludes 'hash_key' and 'range_key'", where)
  end
  schema.check_names(fields.schema, where, first.key)
  return schema.key_of(fields.schema, where, first.key), first
end

--- Reads one item: get_item(hash [, range]) or get_item{ hash_key =, range_key =, consistent_read = } -> item
--- | nil when there is none | nil, err.
function Table:get_item(first, range)
  local fields, connection = core.table_parts(self)
  local key, given = arguments(fields, get_options, "get_item", first, range)
  local result, err = client.call(connection, operations.GetItem,
    { TableName = fields.name, Key = key, ConsistentRead = given and given.consistent_read }, self)
  if not result then return nil, err end
  return result.Item
end

--- Is there an item with this key? Arguments as for get_item -> true | false | nil, err.
function Table:has_item(first, range)
  local fields, connection = core.table_parts(self)
  local key, given = arguments(fields, get_options, "has_item", first, range)
  local result, err = client.call(connection, operations.GetItem, {
    TableName = fields.name,
    Key = key,
    ConsistentRead = given and given.consistent_read,
    ProjectionExpression = "#k",
    ExpressionAttributeNames = { ["#k"] = fields.schema.hash_key_name },
  })
  if not result then return nil, err end
  return result.Item ~= nil
end

local new_options = { attrs = options.any, hash_key = options.any, range_key = options.any }

--- A new item, not stored yet: new_item{ hash_key =, range_key =, attrs = } or new_item(hash, range, attrs).
--- The key may stand in attrs; explicit keys win. The attributes are copied, the values in them are not.
function Table:new_item(first, range, attrs)
  local given = { hash_key = first, range_key = range, attrs = attrs }
  if type(first) == "table" then
    given = first
    options.check(new_options, given, "new_item")
  end
  local fields = core.table_parts(self)
  local attributes = {}
  for name, value in next, items.attributes_of(given.attrs or {}, "new_item") do attributes[name] = value end
  local key = fields.schema
  if given.hash_key ~= nil then attributes[key.hash_key_name] = given.hash_key end
  if given.range_key ~= nil then
    if not key.range_key_name then errors.raise("new_item: option 'range_key': table has no range key") end
    attributes[key.range_key_name] = given.range_key
  end
  schema.key_of(key, "new_item", attributes)
  return core.item(self, attributes)
end

--- Stores an item, replacing any with its key: a table of attributes, or an item -> true | nil, err.
function Table:put_item(item)
  local fields, connection = core.table_parts(self)
  local attributes = items.attributes_of(item, "put_item")
  schema.key_of(fields.schema, "put_item", attributes)
  local request = { TableName = fields.name, Item = attributes }
  local result, err = client.call(connection, operations.PutItem, request)
  if not result then return nil, err end
  return true
end

--- Deletes the item with this key: delete_item(hash [, range]) or with options; no item is fine -> true |
--- nil, err.
function Table:delete_item(first, range)
  local fields, connection = core.table_parts(self)
  local key = arguments(fields, delete_options, "delete_item", first, range)
  local result, err = client.call(connection, operations.DeleteItem, { TableName = fields.name, Key = key })
  if not result then return nil, err end
  return true
end

--- Asks for the table's state and brings its fields up to date -> the table | nil, err.
function Table:refresh()
  local fields, connection = core.table_parts(self)
  local result, err = client.call(connection, operations.DescribeTable, { TableName = fields.name })
  if not result then return nil, err end
  describe(fields, result.Table)
  return self
end

--- Deletes the table -> true | nil, err.
function Table:delete()
  local fields, connection = core.table_parts(self)
  local result, err = client.call(connection, operations.DeleteTable, { TableName = fields.name })
  if not result then return nil, err end
  describe(fields, result.TableDescription)
  return true
end

local wait_options = { timeout = options.seconds }

-- Refreshes until 'ask' is content.
local function wait(self, given, where, ask)
  given = given or {}
  options.check(wait_options, given, where)
  local fields, connection = core.table_parts(self)
  local transport = core.connection_state(connection).pool.transport
  return waiter.poll(transport, given.timeout or WAIT_TIMEOUT, tostring(self), function()
    local ok, err = self:refresh()
    return ask(ok, err, fields)
  end)
end

--- Waits until the table is ACTIVE, at most 'timeout' seconds (300) -> true | nil, err.
function Table:wait_until_active(given)
  return wait(self, given, "wait_until_active", function(ok, err, fields)
    if not ok then
      if err.code == "ResourceNotFoundException" then return false, "unknown to the service" end
      return nil, err
    end
    if fields.status == "ACTIVE" then return true end
    if fields.status == "DELETING" then
      return nil, errors.new({ kind = "service", message = tostring(self) .. " is being deleted" })
    end
    return false, fields.status
  end)
end

--- Waits until the table is gone, at most 'timeout' seconds (300) -> true | nil, err.
function Table:wait_until_deleted(given)
  return wait(self, given, "wait_until_deleted", function(ok, err, fields)
    if ok then return false, fields.status end
    if err.code == "ResourceNotFoundException" then return true end
    return nil, err
  end)
end

return tables
