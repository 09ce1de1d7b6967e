--- Background queues: conn:background takes writes where nothing may wait, and sends them by timers of nginx
--- or by tasks. doc/background.md

local arguments = require("dynamodb.base.arguments")
local background_entries = require("dynamodb.table.background_entries")
local background_sender = require("dynamodb.table.background_sender")
local batch = require("dynamodb.table.batch")
local batch_engine = require("dynamodb.table.batch_engine")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local event = require("dynamodb.loop.event")
local items = require("dynamodb.table.item")
local objects = require("dynamodb.base.objects")
local operations = require("dynamodb.base.operations")
local options = require("dynamodb.base.options")
local phase = require("dynamodb.loop.phase")
local pipeline = require("dynamodb.request.pipeline")
local tables = require("dynamodb.table.table")
local write = require("dynamodb.table.write")

local Connection = core.connection_class.methods

local MAX_QUEUE, MAX_BYTES = 10000, 16 * 1024 * 1024
local CONCURRENCY = 4
local WAIT = 0.05 -- seconds
local BATCH = 25 -- entries that are sent without waiting for more

---@class dynamodb.BackgroundQueue
local Queue = { __name = "dynamodb.background_queue" }
Queue.__index = Queue

local queue_options = options.with_write_options({
  concurrency = options.count(1),
  max_bytes = options.count(1),
  max_queue = options.count(1),
  on_drop = options["function"],
  wait = options.seconds,
})

--- Makes a queue of writes that are sent in the background. Sends nothing.
---@param given? table max_queue (10000 entries), max_bytes (16 MiB), concurrency (4 requests), wait (0.05
--- seconds to collect entries), on_drop (function(entry, err)), and the options of every write
---@return dynamodb.BackgroundQueue
function Connection:background(given)
  given = options.read(queue_options, given, "background")
  local state = core.connection_state(self)
  return setmetatable({
    _connection = self,
    _state = state,
    _calls = options.select_call_options(given),
    _max_queue = given.max_queue or MAX_QUEUE,
    _max_bytes = given.max_bytes or MAX_BYTES,
    _concurrency = given.concurrency or CONCURRENCY,
    _wait = given.wait or WAIT,
    _on_drop = given.on_drop or false,
    _entries = background_entries.new(),
    _workers = 0, -- timers or tasks that send
    _due = false, -- when the worker that was started last begins
    _in_flight = {}, -- lists of entries that are being sent
    _flushes = {}, -- calls of flush that wait
    _settled = event.new(), -- notified after each request
    _stats = { written = 0, replaced = 0, dropped = 0, failed = 0 },
    _closed = false,
  }, Queue)
end

function Queue:__tostring()
  return ("BackgroundQueue(%d queued)"):format(self._entries.count)
end

-- {===== Adding =====

local function check_usable(self, where)
  if self._closed then errors.raise("%s: attempt to use a closed queue", where) end
  core.connection_state(self._connection) -- raises for a closed connection
  if phase.name() == "init" then
    errors.raise("%s: not possible in init_by_lua*, since each worker would send it; possible from "
      .. "init_worker_by_lua* on", where)
  end
end

-- Returns the fields of a table of this connection. A name would need a request.
local function fields_of(self, tbl, where)
  if core.typename(tbl) ~= "dynamodb.table" then
    errors.raise("%s: table object expected, got %s", where, objects.describe(tbl))
  end
  return (core.table_parts(tables.of_connection(self._connection, tbl, where)))
end

local function is_full(self, entry)
  local held, replaced = self._entries, background_entries.replaced_by(self._entries, entry)
  local count, bytes = held.count + 1, held.bytes + entry.bytes
  if replaced then count, bytes = count - 1, bytes - replaced.bytes end
  return count > self._max_queue or bytes > self._max_bytes
end

-- Drops an entry that the queue has no room for -> nil, err.
local function drop(self, entry)
  self._stats.dropped = self._stats.dropped + 1
  local err = errors.locate(errors.new({ kind = "timeout", code = "QueueFull", table = entry.fields.name,
    retryable = true, message = ("the background queue is full: %d entries, %d bytes"):format(
      self._entries.count, self._entries.bytes) }))
  if self._on_drop then self._on_drop(background_sender.describe(entry), err) end
  return nil, err
end

-- Adds an entry and sees to it that it is sent -> true | nil, err when the queue is full.
local function add(self, kind, entry)
  entry.kind, entry.given = kind, { table = entry.fields.name } -- keeps nothing of the caller's
  if is_full(self, entry) then return drop(self, entry) end
  if background_entries.add(self._entries, entry) then self._stats.replaced = self._stats.replaced + 1 end
  background_sender.start(self, self._entries.ready >= BATCH and 0 or self._wait)
  return true
end

--- Queues a put: attributes, or an item. It replaces a put or delete of the same key that was not sent yet.
---@return boolean? queued
---@return dynamodb.Error? err the queue is full; its code is QueueFull
function Queue:put(tbl, item)
  check_usable(self, "put")
  local fields = fields_of(self, tbl, "put")
  return add(self, "write", batch_engine.put(fields, items.attributes_of(item, "put"), "put"))
end

--- Queues a delete, by key or item: hash key, { hash, range } or { name = value, ... }.
---@return boolean? queued
---@return dynamodb.Error? err the queue is full
function Queue:delete(tbl, key)
  check_usable(self, "delete")
  local fields = fields_of(self, tbl, "delete")
  return add(self, "write", batch_engine.delete(fields, batch.key_to_delete(fields, key, "delete"), "delete"))
end

local update_options = tables.with_key(options.merge(write.condition_options, { update = options.any }))

-- Returns attributes that share nothing with these.
local function copy(attributes, where)
  return (assert(core.decode(pipeline.encode(attributes, "item", where), "item")))
end

--- Queues an update: update(tbl, { hash_key =, update = }) or update(tbl, hash [, range], options).
---@return boolean? queued
---@return dynamodb.Error? err the queue is full
function Queue:update(tbl, first, second, third)
  check_usable(self, "update")
  local fields = fields_of(self, tbl, "update")
  local key, given = tables.parse_arguments(fields, update_options, "update", first, second, third)
  if given.update == nil then errors.raise("update: option 'update' expected") end
  local request = write.update_request(fields, key, given.update, given, "update")
  local text = pipeline.encode(request, operations.UpdateItem.input, "update")
  request.Key = copy(request.Key, "update")
  if request.ExpressionAttributeValues then
    request.ExpressionAttributeValues = copy(request.ExpressionAttributeValues, "update")
  end
  return add(self, "update", { fields = fields, id = batch_engine.identify(fields, key), bytes = #text,
    request = request })
end

-- ===================== }
-- {===== Flushing =====

-- Waits until the entries of a generation have been sent, by workers or by this call.
local function wait_for(self, generation)
  local entries, transport = self._entries, self._state.transport
  if not (transport.waiter and transport.waiter()) then
    if phase.name() == "exit_worker" then background_sender.recover(self) end
    background_sender.drain(self)
    return
  end
  self._settled:wait_until(transport, math.huge, function()
    if background_entries.is_done(entries, generation) then return true end
    if entries.ready > 0 then background_sender.start(self, 0) end
    return false
  end)
end

-- Sends what is queued -> true | nil, err.
local function flush(self)
  local own = { generation = background_entries.end_generation(self._entries), err = false, count = 0 }
  self._flushes[own] = true
  local ok, raised = pcall(wait_for, self, own.generation)
  self._flushes[own] = nil
  if not ok then error(raised, 0) end
  if own.err then
    local err = errors.new(options.merge(own.err))
    err.leftovers, err.failed = nil, own.count
    return nil, errors.locate(err)
  end
  if background_entries.is_done(self._entries, own.generation) then return true end
  return nil, errors.locate(errors.new({ kind = "timeout", retryable = true,
    message = "other tasks are sending entries of the queue, and do not run meanwhile" }))
end

-- Raises where the caller cannot wait.
local function check_wait(self, where)
  local check = self._state.transport.check
  if check then check(where) end
end

--- Waits until everything that is queued now has been sent -> true | nil, err: the first error of these
--- entries; err.failed is how many failed.
---@return boolean? done
---@return dynamodb.Error? err
function Queue:flush()
  if self._closed then errors.raise("flush: attempt to use a closed queue") end
  check_wait(self, "flush")
  return flush(self)
end

--- Flushes and closes the queue. Closing it again does nothing.
---@return boolean? done
---@return dynamodb.Error? err
function Queue:close()
  if self._closed then return true end
  check_wait(self, "close")
  self._closed = true
  return flush(self)
end

-- An error that leaves the block is not replaced by a failure of the flush.
function Queue:__close(err)
  local ok, failure = self:close()
  if not ok and err == nil then error(failure, 0) end
end

-- ===================== }

--- Returns counts: queued and bytes (now, including what is being sent); written, replaced, dropped and
--- failed since the queue was made.
---@return table
function Queue:stats()
  return options.merge(self._stats, { queued = self._entries.count, bytes = self._entries.bytes })
end

arguments.check_methods(Connection, "conn", { core.connection_class }, { background = "options" })
arguments.check_methods(Queue, "queue", { Queue }, {
  close = "", delete = "tbl, key", flush = "", put = "tbl, attributes", stats = "",
  update = "tbl, hash_key, range_key, options",
})

return true
