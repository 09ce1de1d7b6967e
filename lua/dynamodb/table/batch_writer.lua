--- A writer that collects puts and deletes of one table, and sends them in batches.

local arguments = require("dynamodb.base.arguments")
local batch = require("dynamodb.table.batch")
local batch_engine = require("dynamodb.table.batch_engine")
local capacity = require("dynamodb.table.capacity")
local context = require("dynamodb.request.context")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local items = require("dynamodb.table.item")
local late = require("dynamodb.base.late")
local mutex = require("dynamodb.loop.mutex")
local options = require("dynamodb.base.options")
local progress = late.module("dynamodb.table.progress")
local rate = late.module("dynamodb.request.rate")

local Table = core.table_class.methods
local batch_writer = {}

local WRITER_SIZE = 25 -- entries that a writer collects for each concurrent request before it sends them

---@class dynamodb.BatchWriter
---@field discarded integer writes that were discarded when an error closed it
---@field written integer writes that the service accepted
---@field consumed_capacity? table[] of its requests so far, with return_consumed_capacity
local Writer = { __name = "dynamodb.batch_writer" }
Writer.__index = Writer

-- Returns what on_progress is told of a writer.
local function describe_writer(self)
  return self.written, nil, { collected = #self._entries + self.discarded,
    consumed_capacity = self.consumed_capacity }
end

-- Makes all batches of a writer share one rate, one budget and one progress.
local function share_limits(writer, state, given)
  writer._given = options.merge(given)
  writer._given.on_progress = nil
  if given.rate or given.budget then writer._given.meter = rate.new(given) end
  if given.on_progress then
    writer._progress = progress.new(given.on_progress, state.transport, describe_writer, writer)
  end
end

--- Makes a writer that collects puts and deletes and sends them in batches. A `local writer <close>` of Lua
--- 5.4 is closed at the end of its block; when an error closes it, what was not sent is discarded and
--- counted.
---@param given? table options of conn:batch_write
---@return dynamodb.BatchWriter
function Table:batch_writer(given)
  given = options.read(batch.write_options, given, "batch_writer")
  local state = core.connection_state((select(2, core.table_parts(self)))) -- raises for a closed connection
  local writer = { discarded = 0, written = 0, _table = self, _given = given, _entries = {}, _positions = {},
    _in_flight = {}, -- entries of the request under way
    _failure = false, -- the error of close
    _progress = false,
    _transport = state.transport,
    _mutex = mutex.new("writer") } -- held while a request is under way
  if given.rate or given.budget or given.on_progress then share_limits(writer, state, given) end
  return setmetatable(writer, Writer)
end

local function check_open(self)
  if self._closed then errors.raise("batch_writer: attempt to use a closed writer") end
end

-- Adds an entry; a later write to the same key replaces it.
local function add(self, entry)
  local position = self._positions[entry.id] or #self._entries + 1
  self._entries[position], self._positions[entry.id] = entry, position
end

-- Adds an entry, and sends when there are enough -> true | nil, err.
local function collect(self, entry)
  if self._positions[entry.id] and self._given.on_duplicate == "error" then
    batch_engine.refuse_duplicate(entry, "batch_writer")
  end
  add(self, entry)
  if #self._entries < WRITER_SIZE * (self._given.concurrency or 1) then return true end
  return self:flush()
end

--- Collects a put -> true | nil, err when sending failed.
function Writer:put(item)
  check_open(self)
  return collect(self, batch_engine.put(core.table_parts(self._table), items.attributes_of(item, "put"),
    "put"))
end

--- Collects a delete, by key or item -> true | nil, err when sending failed.
function Writer:delete(key)
  check_open(self)
  local fields = core.table_parts(self._table)
  return collect(self, batch_engine.delete(fields, batch.key_to_delete(fields, key, "delete"), "delete"))
end

-- Collects entries that were not written again, before those that came later.
local function restore(self, entries)
  local later = self._entries
  self._entries, self._positions, self._in_flight = {}, {}, {}
  for _, entry in ipairs(entries) do add(self, entry) end
  for _, entry in ipairs(later) do add(self, entry) end
end

-- Returns the entries that were not written.
local function unwritten(entries, err)
  local is_left, list = {}, {}
  for _, given in ipairs(err and err.leftovers or {}) do is_left[given] = true end
  for _, entry in ipairs(entries) do
    if is_left[entry.given] then list[#list + 1] = entry end
  end
  return list
end

-- Adds all collected entries to an error.
local function add_leftovers(self, err)
  err.leftovers = core.list()
  for i, entry in ipairs(self._entries) do err.leftovers[i] = entry.given end
  return err
end

-- Sends what was collected -> true | nil, err; what could not be written remains collected. Tasks that share
-- the writer send one after the other, so that writes to one key keep their order.
local function send(self)
  local _, connection = core.table_parts(self._table)
  mutex.wait(self._mutex, self._transport)
  if self._failure then return nil, self._failure end -- another task has closed the writer meanwhile
  if #self._in_flight > 0 then restore(self, self._in_flight) end -- of a task that was killed while it sent
  local entries = self._entries
  if #entries == 0 then return true end
  local closed = context.closed_meanwhile(connection)
  if closed then return nil, add_leftovers(self, closed) end
  self._entries, self._positions, self._in_flight = {}, {}, entries
  local done, ok, err, consumed = mutex.call(self._mutex, self._transport, batch_engine.write, connection,
    entries, self._given)
  local left = done and unwritten(entries, err) or entries
  restore(self, left)
  if not done then error(ok, 0) end
  self.written = self.written + #entries - #left
  if err then consumed = err.consumed_capacity end
  self.consumed_capacity = capacity.add_list(self.consumed_capacity, consumed)
  if self._progress then self._progress:report() end
  return ok, err
end

--- Sends what was collected -> true | nil, err; what could not be written remains collected.
function Writer:flush()
  check_open(self)
  core.connection_state((select(2, core.table_parts(self._table)))) -- raises for a closed connection
  return send(self)
end

local function close(self, err)
  self._failure = err and add_leftovers(self, err) or false
  self.discarded = #self._entries
  self._closed, self._entries, self._positions = true, {}, {}
  if self._progress then self._progress:finish() end
end

--- Sends what was collected and closes the writer -> true | nil, err (err.leftovers: what could not be
--- written). Closes it also when its connection is closed.
function Writer:close()
  if self._closed then return true end
  local ok, err = send(self)
  while ok and not self._closed and #self._entries > 0 do -- other tasks have collected some meanwhile
    ok, err = send(self)
  end
  if not self._closed then close(self, err) end
  return ok, err
end

--- Closes the writer without sending -> the number of writes that were discarded.
function Writer:discard()
  if not self._closed then close(self) end
  return self.discarded
end

function Writer:__close(err)
  if err ~= nil then
    pcall(self.discard, self) -- the error that leaves the block is not replaced by one of on_progress
    return
  end
  local ok, failure = self:close()
  if not ok then error(failure, 0) end
end

arguments.check_methods(Table, "tbl", { core.table_class }, { batch_writer = "options" })
arguments.check_methods(Writer, "writer", { Writer }, {
  close = "", delete = "key", discard = "", flush = "", put = "attributes",
})

return batch_writer
