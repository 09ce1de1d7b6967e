--- Methods for many items by their keys: get_items, batch_get and batch_write.

local arguments = require("dynamodb.base.arguments")
local batch_engine = require("dynamodb.table.batch_engine")
local capacity = require("dynamodb.table.capacity")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local expressions = require("dynamodb.expression.builder")
local items = require("dynamodb.table.item")
local late = require("dynamodb.base.late")
local objects = require("dynamodb.base.objects")
local options = require("dynamodb.base.options")
local schema = require("dynamodb.table.schema")
local tables = require("dynamodb.table.table")

local Connection = core.connection_class.methods
local Table = core.table_class.methods
local batch = {}

-- Returns a key given as the hash key, as { hash, range }, or as { name = value, ... }.
local function key_of(fields, given, where)
  if not objects.is_plain(given) then return schema.key(fields.schema, where, given) end
  if given[1] ~= nil then
    for name in pairs(given) do
      if name ~= 1 and name ~= 2 then
        errors.raise("%s: key { hash, range } expected, got a member '%s'", where, tostring(name):sub(1, 40))
      end
    end
    return schema.key(fields.schema, where, given[1], given[2])
  end
  return schema.key_from_options(fields.schema, where, { key = given })
end

--- Returns the key of what is to be deleted: an item, or a key as above.
function batch.key_to_delete(fields, given, where)
  if core.typename(given) == "dynamodb.item" then given = given:key() end
  return key_of(fields, given, where)
end

-- The position of an entry in the arguments, for messages: "batch_write: put[3]". One object serves a whole
-- list.
local Position = {}

function Position:__tostring()
  return ("%s%s[%d]"):format(self.prefix, self.list, self.index)
end

local function position_of(prefix, list)
  return setmetatable({ prefix = prefix, list = list, index = 0 }, Position)
end

local function check_tables(requests, where)
  if not objects.is_plain(requests) then
    errors.raise("%s: table by table expected, got %s", where, objects.describe(requests))
  end
  return requests
end

-- {===== Reading =====

--- The options that apply to all keys of one table.
batch.key_options = {
  attributes_to_get = options.any,
  consistent_read = options.boolean,
  projection = options.any,
}

--- Returns the members of a request that apply to all keys of one table, from these options.
function batch.settings_of(fields, given, where)
  local settings = { ConsistentRead = given.consistent_read }
  local paths = given.projection or given.attributes_to_get
  if paths ~= nil then
    local expression = expressions.new(where)
    settings.ProjectionExpression = expression:projection(paths, schema.names(fields.schema))
    settings.ExpressionAttributeNames = expression.names
  end
  return settings
end

-- Adds the entries of the keys to read in one table. 'prefix' begins the positions of entries in messages.
local function add_reads(entries, fields, keys, given, where, prefix)
  local settings, position = batch.settings_of(fields, given, where), position_of(prefix, "keys")
  for i, key in ipairs(arguments.check_list(keys, where, "keys")) do
    position.index = i
    entries[#entries + 1] = batch_engine.key(fields, key_of(fields, key, position), settings, position)
  end
end

-- The options of everything that takes many requests.
local many_options = {
  budget = late.call("dynamodb.request.rate", "is_units"),
  on_progress = options["function"],
  rate = late.call("dynamodb.request.rate", "is_units"),
}
local is_hedge = late.call("dynamodb.request.hedge", "is_option")

local get_options = options.with_call_options(options.merge(batch.key_options, many_options,
  capacity.options, {
  concurrency = options.count(1),
  hedge = is_hedge,
  items = options.boolean,
  ordered = options.boolean,
}))

--- Reads any number of items by their keys. A key given twice is read once.
---@param keys table list of keys: hash key, { hash, range } or { name = value, ... }
---@param given? table consistent_read, projection, ordered (items in the order of the keys), items (false:
--- plain tables), concurrency, and the options of every call
---@return table? items
---@return table missing list of the keys that have no item | dynamodb.Error: its leftovers were not read, its
--- found were
---@return table[]? capacity consumed, with return_consumed_capacity
function Table:get_items(keys, given)
  given = options.read(get_options, given, "get_items")
  if given.explain then return capacity.explain(Table.get_items, self, keys, given) end
  local fields, connection = core.table_parts(self)
  local entries, found, list = {}, {}, core.list()
  add_reads(entries, fields, keys, given, "get_items", "get_items: ")
  entries = batch_engine.unique(entries)
  local owner = given.items ~= false and self or nil
  local ok, err, consumed = batch_engine.get(connection, entries, given, owner, function(_, item, id)
    found[id] = item
    list[#list + 1] = item
  end)
  if not ok then
    err.found = list
    return nil, err
  end
  local ordered, missing = core.list(), core.list()
  for _, entry in ipairs(entries) do
    local item = found[entry.id]
    if item then ordered[#ordered + 1] = item else missing[#missing + 1] = entry.given.key end
  end
  return given.ordered and ordered or list, missing, consumed
end

local batch_options = options.with_call_options(options.merge(many_options, capacity.options, {
  concurrency = options.count(1),
  hedge = is_hedge,
  items = options.boolean,
}))
local table_options = options.merge(batch.key_options, { keys = options.table })

--- Reads items of several tables. A table given by name may take one DescribeTable.
---@param requests table { [table or name] = list of keys, or { keys =, consistent_read =, projection = } }
---@param given? table concurrency, items (false: plain tables), and the options of every call
---@return table? found { name = list of items }
---@return table missing { name = list of keys that have no item } | dynamodb.Error with leftovers and found
---@return table[]? capacity consumed, with return_consumed_capacity
function Connection:batch_get(requests, given)
  given = options.read(batch_options, given, "batch_get")
  if given.explain then return capacity.explain(Connection.batch_get, self, requests, given) end
  local entries, owners, found, seen, missing = {}, {}, {}, {}, {}
  for target, request in pairs(check_tables(requests, "batch_get")) do
    local owner, err = tables.resolve(self, target, "batch_get")
    if not owner then return nil, err end
    local fields = core.table_parts(owner)
    local has_options = objects.is_plain(request) and request.keys ~= nil
    if has_options then options.check(table_options, request, "batch_get") end
    if owners[fields.name] then errors.raise("batch_get: table '%s' occurs twice", fields.name) end
    owners[fields.name], found[fields.name], missing[fields.name] = owner, core.list(), core.list()
    add_reads(entries, fields, has_options and request.keys or request, has_options and request or {},
      "batch_get", ("batch_get: %s."):format(fields.name))
  end
  entries = batch_engine.unique(entries)
  local ok, err, consumed = batch_engine.get(self, entries, given, nil, function(fields, attributes, id)
    seen[id] = true
    local item = given.items == false and attributes or items.from_attributes(owners[fields.name], attributes)
    table.insert(found[fields.name], item)
  end)
  if not ok then
    err.found = found
    return nil, err
  end
  for _, entry in ipairs(entries) do
    if not seen[entry.id] then table.insert(missing[entry.fields.name], entry.given.key) end
  end
  return found, missing, consumed
end

-- ===================== }
-- {===== Writing =====

local request_options = { delete = options.table, put = options.table }

-- Adds the entries of the writes to one table. 'prefix' begins the positions of entries in messages.
local function add_writes(entries, fields, request, where, prefix)
  options.check(request_options, request, where)
  local put, delete = position_of(prefix, "put"), position_of(prefix, "delete")
  for i, item in ipairs(arguments.check_list(request.put or {}, where .. ": put", "items")) do
    put.index = i
    entries[#entries + 1] = batch_engine.put(fields, items.attributes_of(item, put), put)
  end
  for i, key in ipairs(arguments.check_list(request.delete or {}, where .. ": delete", "keys")) do
    delete.index = i
    entries[#entries + 1] = batch_engine.delete(fields, batch.key_to_delete(fields, key, delete), delete)
  end
end

batch.write_options = options.with_call_options(options.merge(many_options, {
  concurrency = options.count(1),
  on_duplicate = options.choice("last", "error"),
  return_consumed_capacity = capacity.option,
}))
local write_options = options.merge(batch.write_options, capacity.options) -- those of a writer, and 'explain'

local function write_all(connection, entries, given)
  local unique = batch_engine.unique(entries, given.on_duplicate == "error", "batch_write")
  return batch_engine.write(connection, unique, given)
end

--- Puts and deletes items of several tables. Of several writes to one key the last one wins, and deletes
--- count as later than puts.
---@param requests table { [table or name] = { put = list of items, delete = list of keys } }
---@param given? table concurrency, on_duplicate ("last", or "error" to raise for a repeated key), and the
--- options of every call
---@return boolean? done
---@return dynamodb.Error? err its leftovers are { { table =, put = } or { table =, delete = }, ... }
---@return table[]? capacity consumed, with return_consumed_capacity
function Connection:batch_write(requests, given)
  given = options.read(write_options, given, "batch_write")
  if given.explain then return capacity.explain(Connection.batch_write, self, requests, given) end
  local entries = {}
  for target, request in pairs(check_tables(requests, "batch_write")) do
    local owner, err = tables.resolve(self, target, "batch_write")
    if not owner then return nil, err end
    local fields = core.table_parts(owner)
    add_writes(entries, fields, request, "batch_write", ("batch_write: %s."):format(fields.name))
  end
  return write_all(self, entries, given)
end

--- Puts and deletes items of this table.
---@param request table { put = list of items, delete = list of keys }
---@param given? table options of conn:batch_write
---@return boolean? done
---@return dynamodb.Error? err
---@return table[]? capacity consumed, with return_consumed_capacity
function Table:batch_write(request, given)
  given = options.read(write_options, given, "batch_write")
  if given.explain then return capacity.explain(Table.batch_write, self, request, given) end
  local fields, connection = core.table_parts(self)
  local entries = {}
  add_writes(entries, fields, request, "batch_write", "batch_write: ")
  return write_all(connection, entries, given)
end

-- ===================== }

arguments.check_methods(Connection, "conn", { core.connection_class }, {
  batch_get = "requests, options",
  batch_write = "requests, options",
})
arguments.check_methods(Table, "tbl", { core.table_class }, {
  batch_write = "request, options",
  get_items = "keys, options",
})
return batch
