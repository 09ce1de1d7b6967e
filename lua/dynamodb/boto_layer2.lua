--- The rest of boto's Layer2: items through the connection, and batch lists.

local arguments = require("dynamodb.base.arguments")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local options = require("dynamodb.base.options")
local tables = require("dynamodb.table.table")

local Connection = core.connection_class.methods
local boto_layer2 = {}

--- Returns the table of a table object or a name. A name takes one DescribeTable, once -> table | nil, err.
function Connection:resolve_table(target)
  return tables.resolve(self, target, "resolve_table")
end

--- Returns the table of that name as get_table does, but plain nil when it does not exist.
function Connection:lookup(name, given)
  local found, err = self:get_table(name, given)
  if not found and err.code == "ResourceNotFoundException" then return nil end
  return found, err
end

--- Returns the table of a name and schema without a request, as conn:table does.
function Connection:table_from_schema(name, schema)
  return self:table(name, schema)
end

-- Calls a method of the table that is given as table object or name -> its results | nil, err.
local function call_on_table(connection, target, name, ...)
  local found, err = tables.resolve(connection, target, name)
  if not found then return nil, err end
  return found[name](found, ...)
end

--- Changes the provisioned capacity of a table -> the table | nil, err.
function Connection:update_throughput(target, read_units, write_units)
  return call_on_table(self, target, "update_throughput", read_units, write_units)
end

-- Methods of a table that take the table as first argument when they are called on the connection.
for _, name in ipairs({ "get_item", "query", "scan" }) do
  Connection[name] = function(self, target, first, second, third)
    if name == "scan" then return call_on_table(self, target, name, first) end
    return call_on_table(self, target, name, first, second, third)
  end
end

local function is_item(value)
  return core.typename(value) == "dynamodb.item"
end

-- Raises when more than options follows an item.
local function check_nothing_follows(where, ...)
  for i = 1, select("#", ...) do
    if (select(i, ...)) ~= nil then
      errors.raise("%s takes (item, options) for an item: %d arguments given", where, i + 2)
    end
  end
end

--- Stores an item: put_item(item, options) or put_item(table or name, attributes, options).
function Connection:put_item(target, first, second)
  if is_item(target) then
    check_nothing_follows("put_item", second)
    return target:put(first)
  end
  return call_on_table(self, target, "put_item", first, second)
end

--- Saves an item: update_item(item, options), or updates one: update_item(table or name, options) or
--- update_item(table or name, key..., options).
function Connection:update_item(target, first, second, third)
  if is_item(target) then
    check_nothing_follows("update_item", second, third)
    return target:save(first)
  end
  return call_on_table(self, target, "update_item", first, second, third)
end

--- Deletes an item: delete_item(item, options) or delete_item(table or name, key..., options).
function Connection:delete_item(target, first, second, third)
  if is_item(target) then
    check_nothing_follows("delete_item", second, third)
    return target:delete(first)
  end
  return call_on_table(self, target, "delete_item", first, second, third)
end

-- {===== Batch lists =====

---@class dynamodb.BatchList
---@field unprocessed table[] what the last submit left over
local BatchList = { __name = "dynamodb.batch_list" }
BatchList.__index = BatchList

-- Returns the part of a batch list for a table, given as object or name.
local function part_of(self, target, new)
  local name = tables.name_of(target, "add_batch")
  local known = self._targets[name] or target
  self._targets[name] = known
  self._requests[known] = self._requests[known] or new()
  return self._requests[known]
end

local entry_names = { keys = "key", put = "put", delete = "delete" }

-- Returns what a failed submit left over: everything when it could not start.
local function left_over(self, err)
  if err.leftovers then return err.leftovers end
  local list = {}
  for name, target in pairs(self._targets) do
    for what, entry in pairs(entry_names) do
      for _, value in ipairs(self._requests[target][what] or {}) do
        list[#list + 1] = { table = name, [entry] = value }
      end
    end
  end
  return list
end

-- Returns a list given to add_batch, or an empty one for nil. Raises for anything else.
local function list_or_empty(list, what)
  if list == nil then return {} end
  return arguments.check_list(list, "add_batch", what)
end

local function new_list(connection, class)
  core.connection_state(connection) -- raises for a closed connection
  return setmetatable({ unprocessed = {}, _connection = connection, _requests = {}, _targets = {} }, class)
end

--- Makes an empty list of keys to read: add_batch(table, keys, attributes_to_get, consistent_read), submit.
function Connection:new_batch_list()
  return new_list(self, BatchList)
end

local read_settings = { attributes_to_get = options.any, consistent_read = options.boolean }

--- Adds keys of one table to those added before.
function BatchList:add_batch(target, keys, attributes_to_get, consistent_read)
  arguments.check_list(keys, "add_batch", "keys")
  options.check(read_settings, { attributes_to_get = attributes_to_get, consistent_read = consistent_read },
    "add_batch")
  local request = part_of(self, target, function() return { keys = {} } end)
  for _, key in ipairs(keys) do table.insert(request.keys, key) end
  request.attributes_to_get = attributes_to_get or request.attributes_to_get
  request.consistent_read = consistent_read or request.consistent_read
  return self
end

--- Reads the items -> { name = list of items }, { name = keys that have no item } | nil, err; 'unprocessed'
--- then has what was not read, err.found what was.
function BatchList:submit()
  local found, more = self._connection:batch_get(self._requests) -- more: the missing keys, or the error
  self.unprocessed = found and {} or left_over(self, more)
  return found, more
end

--- Reads what the last submit left over -> as submit | nil when nothing was left.
function BatchList:resubmit()
  if #self.unprocessed == 0 then return nil end
  for _, request in pairs(self._requests) do request.keys = {} end
  for _, left in ipairs(self.unprocessed) do
    table.insert(self._requests[self._targets[left.table]].keys, left.key)
  end
  return self:submit()
end

---@class dynamodb.BatchWriteList
---@field unprocessed table[] what the last submit left over
local BatchWriteList = { __name = "dynamodb.batch_write_list" }
BatchWriteList.__index = BatchWriteList

--- Makes an empty list of writes: add_batch(table, puts, deletes), submit.
function Connection:new_batch_write_list()
  return new_list(self, BatchWriteList)
end

--- Adds puts and deletes of one table to those added before.
function BatchWriteList:add_batch(target, puts, deletes)
  puts, deletes = list_or_empty(puts, "items"), list_or_empty(deletes, "keys")
  local request = part_of(self, target, function() return { put = {}, delete = {} } end)
  for _, item in ipairs(puts) do table.insert(request.put, item) end
  for _, key in ipairs(deletes) do table.insert(request.delete, key) end
  return self
end

--- Writes the items -> true | nil, err; 'unprocessed' then has what was not written.
function BatchWriteList:submit()
  local ok, err = self._connection:batch_write(self._requests)
  self.unprocessed = ok and {} or left_over(self, err)
  return ok, err
end

--- Writes what the last submit left over -> as submit | nil when nothing was left.
function BatchWriteList:resubmit()
  if #self.unprocessed == 0 then return nil end
  for _, request in pairs(self._requests) do request.put, request.delete = {}, {} end
  for _, left in ipairs(self.unprocessed) do
    local request = self._requests[self._targets[left.table]]
    table.insert(left.put and request.put or request.delete, left.put or left.delete)
  end
  return self:submit()
end

-- ===================== }

arguments.check_methods(Connection, "conn", { core.connection_class }, {
  delete_item = "table, hash_key, range_key, options",
  get_item = "table, hash_key, range_key, options",
  lookup = "name, options",
  new_batch_list = "",
  new_batch_write_list = "",
  put_item = "table, attributes, options",
  query = "table, hash_key, range_key, options",
  resolve_table = "table",
  scan = "table, options",
  table_from_schema = "name, schema",
  update_item = "table, hash_key, range_key, options",
  update_throughput = "table, read_units, write_units",
})
local list_methods = { resubmit = "", submit = "" }
arguments.check_methods(BatchList, "list", { BatchList }, options.merge(list_methods, {
  add_batch = "table, keys, attributes_to_get, consistent_read",
}))
arguments.check_methods(BatchWriteList, "list", { BatchWriteList }, options.merge(list_methods, {
  add_batch = "table, puts, deletes",
}))

return boto_layer2
