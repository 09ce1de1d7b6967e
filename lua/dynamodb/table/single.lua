--- The methods of a table that make and write single items.

local arguments = require("dynamodb.base.arguments")
local capacity = require("dynamodb.table.capacity")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local expressions = require("dynamodb.expression.builder")
local items = require("dynamodb.table.item")
local objects = require("dynamodb.base.objects")
local operations = require("dynamodb.base.operations")
local options = require("dynamodb.base.options")
local response = require("dynamodb.request.response")
local schema = require("dynamodb.table.schema")
local tables = require("dynamodb.table.table")
local update = require("dynamodb.expression.update")
local write = require("dynamodb.table.write")

local Table = core.table_class.methods

local parse_arguments, with_key = tables.parse_arguments, tables.with_key

local new_options = { attrs = options.any, hash_key = options.any, range_key = options.any }

--- Makes a new item, which is not stored: new_item{ hash_key =, range_key =, attrs = } or new_item(hash,
--- range, attrs). The key may be in attrs; a key given separately wins. The table of attributes is copied,
--- nested tables are not.
function Table:new_item(first, range, attrs)
  local given = { hash_key = first, range_key = range, attrs = attrs }
  if type(first) == "table" then
    given = first
    if range ~= nil or attrs ~= nil then
      errors.raise("new_item takes (options) or (hash_key, range_key, attrs): nothing may follow a table of "
        .. "options")
    end
    options.check(new_options, given, "new_item", function() return "attributes go into attrs = { ... }" end)
  end
  local fields = core.table_parts(self)
  local attributes = options.merge(items.attributes_of(given.attrs or {}, "new_item"))
  local key = fields.schema
  if given.hash_key ~= nil then attributes[key.hash_key_name] = given.hash_key end
  if given.range_key ~= nil then
    if not key.range_key_name then errors.raise("new_item: option 'range_key': table has no range key") end
    attributes[key.range_key_name] = given.range_key
  end
  schema.key_of(key, "new_item", attributes)
  return core.item(self, attributes)
end

local put_options = write.options()

--- Stores an item, given as attributes or as an item, and replaces any item with its key.
---@return boolean? done
---@return table|dynamodb.Error|nil old attributes with return_values = "ALL_OLD" | err
---@return table? capacity consumed, with return_consumed_capacity
function Table:put_item(item, given)
  local fields, connection = core.table_parts(self)
  local attributes = items.attributes_of(item, "put_item")
  given = options.read(put_options, given, "put_item")
  if given.explain then return capacity.explain(Table.put_item, self, item, given) end
  schema.key_of(fields.schema, "put_item", attributes)
  local result, err = write.put(connection, fields, attributes, given, "put_item")
  if not result then return nil, err end
  return true, result.Attributes, result.ConsumedCapacity
end

local delete_options = with_key(put_options)

--- Deletes the item with this key: delete_item(hash [, range] [, options]) or delete_item{ hash_key =, ... }.
--- It succeeds also when there is no such item.
---@return boolean? done
---@return table|dynamodb.Error|nil old attributes with return_values = "ALL_OLD" | err
---@return table? capacity consumed, with return_consumed_capacity
function Table:delete_item(first, second, third)
  local fields, connection = core.table_parts(self)
  local key, given = parse_arguments(fields, delete_options, "delete_item", first, second, third)
  if given.explain then return capacity.explain(Table.delete_item, self, first, second, third) end
  local result, err = write.delete(connection, fields, key, given, "delete_item")
  if not result then return nil, err end
  return true, result.Attributes, result.ConsumedCapacity
end

local update_options = with_key(write.options({ return_values = write.any_values, update = options.any }))

--- Updates an item, or creates it: update_item{ hash_key =, update = { Age = 5, Views = increment(1) } } or
--- update_item(hash [, range], options).
---@return boolean? done
---@return table|dynamodb.Error|nil attributes with return_values | err
---@return table? capacity consumed, with return_consumed_capacity
function Table:update_item(first, second, third)
  local fields, connection = core.table_parts(self)
  local key, given = parse_arguments(fields, update_options, "update_item", first, second, third)
  if given.explain then return capacity.explain(Table.update_item, self, first, second, third) end
  if given.update == nil then errors.raise("update_item: option 'update' expected") end
  local result, err = write.update(connection, fields, key, given.update, given, "update_item")
  if not result then return nil, err end
  return true, result.Attributes, result.ConsumedCapacity
end

local increment_options = options.with_write_options(with_key(options.merge(capacity.options, {
  by = options.any,
  path = options.any,
  start = options.any,
})))

--- Adds to a number: increment{ hash_key =, path = "Views", by = 1, start = 0 } or increment(hash [, range],
--- options) -> the new value, nil, capacity | nil, err. A number that does not exist counts as 'start'.
function Table:increment(first, second, third)
  local fields, connection = core.table_parts(self)
  local key, given = parse_arguments(fields, increment_options, "increment", first, second, third)
  if given.explain then return capacity.explain(Table.increment, self, first, second, third) end
  local expression = expressions.new("increment")
  local steps = expression:steps(given.path)
  local actions = update.builder():increment(given.path, given.by, given.start)
  local asked = options.merge(options.select_call_options(given), { return_values = "UPDATED_NEW",
    return_consumed_capacity = given.return_consumed_capacity })
  local result, err = write.update(connection, fields, key, actions, asked, "increment")
  if not result then return nil, err end
  local value = write.value_at(result.Attributes, steps)
  if schema.key_type_of(value) ~= "N" then
    return nil, response.unfit(operations.UpdateItem, { TableName = fields.name },
      "Attributes: number expected, got " .. objects.describe(value))
  end
  return capacity.results(value, result.ConsumedCapacity)
end

arguments.check_methods(Table, "tbl", { core.table_class }, {
  delete_item = "hash_key, range_key, options",
  increment = "hash_key, range_key, options",
  new_item = "hash_key, range_key, attrs",
  put_item = "attributes, options",
  update_item = "hash_key, range_key, options",
})

return true
