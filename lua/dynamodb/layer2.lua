--- The rest of boto's Layer2: items through the connection, and its batch lists.

local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local options = require("dynamodb.options")

local Connection = core.connection_class.methods
local layer2 = {}

--- The table that is meant by a table object or a name; a name takes one DescribeTable, once -> table | nil,
--- err.
function Connection:resolve_table(target, where)
  if core.typename(target) == "dynamodb.table" then return target end
  if type(target) ~= "string" or target == "" then
    errors.raise("%s: table or its name expected, got %s", where or "resolve_table", core.typename(target))
  end
  local known = core.connection_state(self).known_tables
  local found, err = known[target], nil
  if not found then
    found, err = self:get_table(target)
    known[target] = found
  end
  return found, err
end

--- The same as get_table, but a table that does not exist is plain nil.
function Connection:lookup(name)
  local found, err = self:get_table(name)
  if not found and err.code == "ResourceNotFoundException" then return nil end
  return found, err
end

--- A table known by name and schema, without asking the service; the same as conn:table.
function Connection:table_from_schema(name, schema)
  return self:table(name, schema)
end

--- Changes a table's provisioned capacity -> the table | nil, err.
function Connection:update_throughput(target, read_units, write_units)
  local found, err = self:resolve_table(target, "update_throughput")
  if not found then return nil, err end
  return found:update_throughput(read_units, write_units)
end

-- Methods of a table that take the table as first argument on the connection.
for _, name in ipairs({ "get_item", "query", "scan" }) do
  Connection[name] = function(self, target, ...)
    local found, err = self:resolve_table(target, name)
    if not found then return nil, err end
    return found[name](found, ...)
  end
end

local function is_item(value)
  return core.typename(value) == "dynamodb.item"
end

--- Stores an item: put_item(item, options), or put_item(table or name, attributes, options).
function Connection:put_item(target, ...)
  if is_item(target) then return target:put(...) end
  local found, err = self:resolve_table(target, "put_item")
  if not found then return nil, err end
  return found:put_item(...)
end

--- Saves an item: update_item(item, options), or updates one: update_item(table or name, options).
function Connection:update_item(target, ...)
  if is_item(target) then return target:save(...) end
  local found, err = self:resolve_table(target, "update_item")
  if not found then return nil, err end
  return found:update_item(...)
end

--- Deletes an item: delete_item(item, options), or delete_item(table or name, key...).
function Connection:delete_item(target, ...)
  if is_item(target) then return target:delete(...) end
  local found, err = self:resolve_table(target, "delete_item")
  if not found then return nil, err end
  return found:delete_item(...)
end

-- {===== Batch lists =====

---@class dynamodb.BatchList
---@field unprocessed table[] what the last submit left over
local BatchList = { __name = "dynamodb.batch_list" }
BatchList.__index = BatchList

--- An empty list of keys to read: add_batch(table, keys, attributes_to_get, consistent_read), submit.
function Connection:new_batch_list()
  core.connection_state(self)
  return setmetatable({ unprocessed = {}, _connection = self, _requests = {} }, BatchList)
end

--- Adds keys of one table; those of one table add up.
function BatchList:add_batch(target, keys, attributes_to_get, consistent_read)
  if type(keys) ~= "table" then
    errors.raise("add_batch: list of keys expected, got %s", core.typename(keys))
  end
  local request = self._requests[target] or { keys = {} }
  for _, key in ipairs(keys) do table.insert(request.keys, key) end
  request.attributes_to_get = attributes_to_get or request.attributes_to_get
  request.consistent_read = consistent_read or request.consistent_read
  self._requests[target] = request
  return self
end

-- What is left over, as requests again.
local function requests_again(leftovers, what, settings)
  local requests = {}
  for _, left in ipairs(leftovers) do
    local request = requests[left.table] or settings(left.table)
    requests[left.table] = request
    table.insert(request[what(left)], left.key or left.put or left.delete)
  end
  return requests
end

--- Reads them all -> { name = list of items } | nil, err, with what was not read in 'unprocessed'.
function BatchList:submit()
  local found, err = self._connection:batch_get(self._requests)
  self.unprocessed = err and err.leftovers or {}
  return found, err
end

--- Reads what the last submit left over -> as submit | nil when nothing was.
function BatchList:resubmit()
  if #self.unprocessed == 0 then return nil end
  local before = {}
  for target, request in pairs(self._requests) do
    before[type(target) == "string" and target or target.name] = request
  end
  self._requests = requests_again(self.unprocessed, function() return "keys" end, function(name)
    local again = { keys = {} }
    again.attributes_to_get, again.consistent_read = before[name].attributes_to_get,
      before[name].consistent_read
    return again
  end)
  return self:submit()
end

---@class dynamodb.BatchWriteList
---@field unprocessed table[] what the last submit left over
local BatchWriteList = { __name = "dynamodb.batch_write_list" }
BatchWriteList.__index = BatchWriteList

--- An empty list of writes: add_batch(table, puts, deletes), submit.
function Connection:new_batch_write_list()
  core.connection_state(self)
  return setmetatable({ unprocessed = {}, _connection = self, _requests = {} }, BatchWriteList)
end

local write_lists = { deletes = options.table, puts = options.table }

--- Adds puts and deletes of one table; those of one table add up.
function BatchWriteList:add_batch(target, puts, deletes)
  options.check(write_lists, { puts = puts, deletes = deletes }, "add_batch")
  local request = self._requests[target] or { put = {}, delete = {} }
  for _, item in ipairs(puts or {}) do table.insert(request.put, item) end
  for _, key in ipairs(deletes or {}) do table.insert(request.delete, key) end
  self._requests[target] = request
  return self
end

--- Writes them all -> true | nil, err, with what was not written in 'unprocessed'.
function BatchWriteList:submit()
  local ok, err = self._connection:batch_write(self._requests)
  self.unprocessed = err and err.leftovers or {}
  return ok, err
end

--- Writes what the last submit left over -> as submit | nil when nothing was.
function BatchWriteList:resubmit()
  if #self.unprocessed == 0 then return nil end
  self._requests = requests_again(self.unprocessed, function(left) return left.put and "put" or "delete" end,
    function() return { put = {}, delete = {} } end)
  return self:submit()
end

-- ===================== }

return layer2
