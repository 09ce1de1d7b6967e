--- Many items by their keys: reading and writing them in batches, and a writer that collects.

local batch_engine = require("dynamodb.table.batch_engine")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local expressions = require("dynamodb.expression.builder")
local items = require("dynamodb.table.item")
local mutex = require("dynamodb.loop.mutex")
local options = require("dynamodb.base.options")
local schema = require("dynamodb.table.schema")

local Connection = core.connection_class.methods
local Table = core.table_class.methods
local batch = {}

local WRITER_SIZE = 25 -- entries that a writer collects, for each request at a time, before it sends them

-- A key as users list them: the hash key, { hash, range }, or { name = value, ... }.
local function key_of(fields, given, where)
  if type(given) ~= "table" then return schema.key(fields.schema, where, given) end
  if given[1] ~= nil then return schema.key(fields.schema, where, given[1], given[2]) end
  return schema.key_from_options(fields.schema, where, { key = given })
end

local function check_list(list, where, what)
  if type(list) ~= "table" or (next(list) ~= nil and #list == 0) then
    errors.raise("%s: list of %s expected, got %s", where, what, core.typename(list))
  end
  return list
end

-- {===== Reading =====

local key_settings = {
  attributes_to_get = options.any,
  consistent_read = options.boolean,
  projection = options.any,
}

-- What a request says of all keys of one table.
local function settings_of(fields, given, where)
  local settings = { ConsistentRead = given.consistent_read }
  local paths = given.projection or given.attributes_to_get
  if paths ~= nil then
    local expression = expressions.new(where)
    settings.ProjectionExpression = expression:projection(paths,
      { fields.schema.hash_key_name, fields.schema.range_key_name })
    settings.ExpressionAttributeNames = expression.names
  end
  return settings
end

-- The entries of the keys to read in one table.
local function reads(fields, keys, given, where, entries)
  local settings = settings_of(fields, given, where)
  for _, key in ipairs(check_list(keys, where, "keys")) do
    entries[#entries + 1] = batch_engine.key(fields, key_of(fields, key, where), settings, where)
  end
end

-- An item of attributes that were read as plain tables.
local function wrap(owner, attributes)
  local item = core.item(owner, attributes)
  core.item_load(item, (assert(core.encode(attributes, "item"))))
  return item
end

local get_options = options.with_call_options({
  concurrency = options.count(1),
  items = options.boolean,
  ordered = options.boolean,
})
for name, validator in pairs(key_settings) do get_options[name] = validator end

--- Reads items by their keys, any number of them: get_items({ key, ... }, { consistent_read =, projection =,
--- ordered =, items = false, concurrency =, deadline = }) -> list of items, list of keys that have none |
--- nil, err (err.leftovers: what was not read; err.found: the items that were). 'ordered' keeps the order of
--- the keys; a key given twice is read once.
function Table:get_items(keys, given)
  given = given or {}
  options.check(get_options, given, "get_items")
  local fields, connection = core.table_parts(self)
  local entries, found, list = {}, {}, {}
  reads(fields, keys, given, "get_items", entries)
  entries = batch_engine.unique(entries)
  local owner = given.items ~= false and self or nil
  local ok, err = batch_engine.get(connection, entries, given, owner, function(_, item)
    found[batch_engine.identify(fields, owner and item:key() or item)] = item
    list[#list + 1] = item
  end)
  if not ok then
    err.found = list
    return nil, err
  end
  local ordered, missing = {}, {}
  for _, entry in ipairs(entries) do
    local item = found[entry.id]
    if item then ordered[#ordered + 1] = item else missing[#missing + 1] = entry.what.key end
  end
  return given.ordered and ordered or list, missing
end

local batch_options = options.with_call_options({ concurrency = options.count(1), items = options.boolean })

--- Reads items of several tables: batch_get{ [table or name] = { key, ... } } or, with more to say of a
--- table, { keys = {...}, consistent_read =, projection = } -> { name = list of items }, { name = keys that
--- have none } | nil, err, with err.leftovers and err.found. Names may take one DescribeTable each.
function Connection:batch_get(requests, given)
  given = given or {}
  options.check(batch_options, given, "batch_get")
  local entries, owners, found, seen, missing = {}, {}, {}, {}, {}
  for target, request in pairs(check_list({ requests }, "batch_get", "tables")[1]) do
    local owner, err = self:resolve_table(target, "batch_get")
    if not owner then return nil, err end
    local fields = core.table_parts(owner)
    local named = request.keys ~= nil
    if named then
      local known = { keys = options.table }
      for name, validator in pairs(key_settings) do known[name] = validator end
      options.check(known, request, "batch_get")
    end
    if owners[fields.name] then errors.raise("batch_get: table '%s' occurs twice", fields.name) end
    owners[fields.name], found[fields.name], missing[fields.name] = owner, {}, {}
    reads(fields, named and request.keys or request, named and request or {}, "batch_get", entries)
  end
  entries = batch_engine.unique(entries)
  local ok, err = batch_engine.get(self, entries, given, nil, function(fields, attributes)
    seen[batch_engine.identify(fields, attributes)] = true
    local item = given.items == false and attributes or wrap(owners[fields.name], attributes)
    table.insert(found[fields.name], item)
  end)
  if not ok then
    err.found = found
    return nil, err
  end
  for _, entry in ipairs(entries) do
    if not seen[entry.id] then table.insert(missing[entry.fields.name], entry.what.key) end
  end
  return found, missing
end

-- ===================== }
-- {===== Writing =====

-- The entries of what is to be written in one table.
local function writes(fields, request, where, entries)
  options.check({ delete = options.table, put = options.table }, request, where)
  for _, item in ipairs(check_list(request.put or {}, where, "items")) do
    entries[#entries + 1] = batch_engine.put(fields, items.attributes_of(item, where), where)
  end
  for _, key in ipairs(check_list(request.delete or {}, where, "keys")) do
    if core.typename(key) == "dynamodb.item" then key = key:key() end
    entries[#entries + 1] = batch_engine.delete(fields, key_of(fields, key, where), where)
  end
end

local write_options = options.with_call_options({
  concurrency = options.count(1),
  on_duplicate = options.choice("last", "error"),
})

--- Puts and deletes in several tables: batch_write{ [table or name] = { put = { item, ... }, delete = { key,
--- ... } } } -> true | nil, err, with err.leftovers = { { table =, put = } or { table =, delete = }, ... }.
--- Of writes to one key the last wins (deletes count as later), or on_duplicate = "error" raises.
function Connection:batch_write(requests, given)
  given = given or {}
  options.check(write_options, given, "batch_write")
  local entries = {}
  for target, request in pairs(check_list({ requests }, "batch_write", "tables")[1]) do
    local owner, err = self:resolve_table(target, "batch_write")
    if not owner then return nil, err end
    writes(core.table_parts(owner), request, "batch_write", entries)
  end
  return batch_engine.write(self, batch_engine.unique(entries, given.on_duplicate == "error", "batch_write"), given)
end

--- The same for this table alone: batch_write{ put = { item, ... }, delete = { key, ... } }.
function Table:batch_write(request, given)
  given = given or {}
  options.check(write_options, given, "batch_write")
  local fields, connection = core.table_parts(self)
  local entries = {}
  writes(fields, request, "batch_write", entries)
  return batch_engine.write(connection, batch_engine.unique(entries, given.on_duplicate == "error", "batch_write"), given)
end

---@class dynamodb.BatchWriter
---@field discarded integer writes that were thrown away when it was closed by an error
---@field written integer writes that the service has taken
local Writer = { __name = "dynamodb.batch_writer" }
Writer.__index = Writer

--- A writer that collects puts and deletes and sends them by batches: put, delete, flush, close; `local
--- writer <close>` of Lua 5.4 closes it, and when an error closes it what was not sent yet is thrown away and
--- counted in 'discarded'.
function Table:batch_writer(given)
  given = given or {}
  options.check(write_options, given, "batch_writer")
  core.connection_state((select(2, core.table_parts(self))))
  local writer = { discarded = 0, written = 0, _table = self, _given = given, _entries = {}, _places = {},
    _sent = {}, -- entries of a request under way
    _mutex = mutex.new() } -- who sends
  return setmetatable(writer, Writer)
end

local function check_open(self)
  if self._closed then errors.raise("batch_writer: attempt to use a closed writer") end
end

-- Takes an entry; the last write to a key wins.
local function place(self, entry)
  local where = self._places[entry.id] or #self._entries + 1
  self._entries[where], self._places[entry.id] = entry, where
end

-- The same, and sends when enough are there -> true | nil, err.
local function collect(self, entry)
  if self._places[entry.id] and self._given.on_duplicate == "error" then
    errors.raise("batch_writer: a key of table '%s' occurs twice", entry.fields.name)
  end
  place(self, entry)
  if #self._entries < WRITER_SIZE * (self._given.concurrency or 1) then return true end
  return self:flush()
end

--- Collects a put -> true | nil, err when sending what was collected failed.
function Writer:put(item)
  check_open(self)
  return collect(self, batch_engine.put(core.table_parts(self._table), items.attributes_of(item, "put"), "put"))
end

--- Collects a delete, by key or item -> true | nil, err.
function Writer:delete(key)
  check_open(self)
  local fields = core.table_parts(self._table)
  if core.typename(key) == "dynamodb.item" then key = key:key() end
  return collect(self, batch_engine.delete(fields, key_of(fields, key, "delete"), "delete"))
end

-- Entries that were not written are collected again, before those that came meanwhile and are later.
local function take_back(self, entries)
  local later = self._entries
  self._entries, self._places, self._sent = {}, {}, {}
  for _, entry in ipairs(entries) do place(self, entry) end
  for _, entry in ipairs(later) do place(self, entry) end
end

-- What is not written of these.
local function left_of(entries, err)
  local is_left, list = {}, {}
  for _, what in ipairs(err and err.leftovers or {}) do is_left[what] = true end
  for _, entry in ipairs(entries) do
    if is_left[entry.what] then list[#list + 1] = entry end
  end
  return list
end

--- Sends what was collected -> true | nil, err; what is left over then is collected still. Of tasks that
--- share a writer one sends at a time, so that writes of one key keep their order.
function Writer:flush()
  check_open(self)
  local _, connection = core.table_parts(self._table)
  local transport = core.connection_state(connection).transport
  mutex.wait(self._mutex, transport)
  if #self._sent > 0 then take_back(self, self._sent) end -- of who was ended while he sent
  local entries = self._entries
  if #entries == 0 then return true end
  self._entries, self._places, self._sent = {}, {}, entries
  local done, ok, err = mutex.call(self._mutex, transport, batch_engine.write, connection, entries, self._given)
  local left = done and left_of(entries, err) or entries
  take_back(self, left)
  if not done then error(ok, 0) end
  self.written = self.written + #entries - #left
  return ok, err
end

--- Sends what was collected and ends -> true | nil, err (err.leftovers: what could not be written).
function Writer:close()
  if self._closed then return true end
  local ok, err = self:flush()
  self.discarded = #self._entries
  self._closed, self._entries, self._places = true, {}, {}
  return ok, err
end

--- Ends without sending -> how many writes were thrown away.
function Writer:discard()
  if not self._closed then
    self.discarded = #self._entries
    self._closed, self._entries, self._places = true, {}, {}
  end
  return self.discarded
end

function Writer:__close(err)
  if err ~= nil then
    self:discard()
    return
  end
  local ok, failure = self:close()
  if not ok then error(failure, 0) end
end

-- ===================== }

return batch
