--- Sends batches of any size: splits them into requests by count and bytes, sends unprocessed entries again
--- with backoff until a deadline, and returns the entries that are left over.
-- Source: API reference of BatchWriteItem and BatchGetItem.

local batch_responses = require("dynamodb.table.batch_responses")
local capacity = require("dynamodb.table.capacity")
local concurrent = require("dynamodb.loop.concurrent")
local context = require("dynamodb.request.context")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local event = require("dynamodb.loop.event")
local late = require("dynamodb.base.late")
local limits = require("dynamodb.request.limits")
local operations = require("dynamodb.base.operations")
local options = require("dynamodb.base.options")
local pipeline = require("dynamodb.request.pipeline")
local progress = late.module("dynamodb.table.progress")
local rate = late.module("dynamodb.request.rate")
local response = require("dynamodb.request.response")
local schema = require("dynamodb.table.schema")
local system = require("dynamodb.base.system")

local batch_engine = {}

local MAX_WRITES, MAX_READS = 25, 100 -- entries of one request
local MAX_BYTES = 16 * 1024 * 1024 -- of one request
local OVERHEAD = 96 -- bytes around an encoded entry, at most
local MAX_STALL = 60 -- seconds without progress; not used when the caller sets a deadline
local FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5 -- seconds

-- BatchWriteItem and BatchGetItem of items and keys that are encoded already.
local WRITE_REQUEST = { PutRequest = { Item = "wire" }, DeleteRequest = { Key = "wire" } }
local write_encoded = setmetatable({ input = { RequestItems = { "map", { "list", WRITE_REQUEST } } } },
  { __index = operations.BatchWriteItem })
local get_encoded = setmetatable({ input = { RequestItems = { "map", { Keys = { "list", "wire" } } } } },
  { __index = operations.BatchGetItem })

---@class dynamodb.Entry one put, delete or key of a batch
---@field fields table of its dynamodb.table
---@field id string identifies its key: batch_engine.identify
---@field bytes integer size in the request, at most
---@field request table|string its part of the request
---@field given table what the caller gave, returned when it is left over

batch_engine.identify = batch_responses.identify

local function new_entry(fields, key, encoded, request, given)
  given.table = fields.name
  return { fields = fields, id = batch_engine.identify(fields, key), bytes = #encoded + OVERHEAD,
    request = request, given = given }
end

--- Makes the entry of a put. Raises for what cannot be stored.
---@return dynamodb.Entry
function batch_engine.put(fields, attributes, where)
  local key = schema.key_of(fields.schema, where, attributes)
  local encoded = pipeline.encode(attributes, "item", where)
  limits.check_item(attributes, #encoded, where)
  return new_entry(fields, key, encoded, { PutRequest = { Item = encoded } }, { put = attributes })
end

--- Makes the entry of a delete.
---@return dynamodb.Entry
function batch_engine.delete(fields, key, where)
  local encoded = pipeline.encode(key, "item", where)
  return new_entry(fields, key, encoded, { DeleteRequest = { Key = encoded } }, { delete = key })
end

--- Makes the entry of a key to read.
---@param settings table members of the request that apply to all keys of its table
---@return dynamodb.Entry
function batch_engine.key(fields, key, settings, where)
  local encoded = pipeline.encode(key, "item", where)
  local entry = new_entry(fields, key, encoded, encoded, { key = key })
  entry.settings = settings
  return entry
end

--- Raises for the second entry with a key.
function batch_engine.refuse_duplicate(entry, where)
  local fields, given = entry.fields, entry.given
  errors.raise("%s: key %s of table '%s' occurs twice", where,
    schema.show_key(fields.schema, given.put or given.delete or given.key), fields.name)
end

--- Returns the entries with one entry for each key: the last one, at the position of the first.
---@param strict? boolean raise for a repeated key
function batch_engine.unique(entries, strict, where)
  local positions, list = {}, {}
  for _, entry in ipairs(entries) do
    local position = positions[entry.id]
    if position and strict then batch_engine.refuse_duplicate(entry, where) end
    position = position or #list + 1
    positions[entry.id], list[position] = position, entry
  end
  return list
end

-- {===== The queue of entries =====

local function append(queue, entry)
  queue[queue.last + 1] = entry
  queue.last = queue.last + 1
end

local function new_queue(entries)
  local queue = { first = 1, last = 0 }
  for _, entry in ipairs(entries) do append(queue, entry) end
  return queue
end

-- Removes the entries of the next request from the head of the queue.
local function next_request(queue, max_entries)
  local list, bytes = {}, 0
  while #list < max_entries and queue.first <= queue.last do
    local entry = queue[queue.first]
    bytes = bytes + entry.bytes
    if bytes > MAX_BYTES and #list > 0 then break end
    list[#list + 1], queue[queue.first] = entry, nil
    queue.first = queue.first + 1
  end
  return list
end

-- Returns the name of the table of all entries | nil when there are several.
local function table_of(entries)
  local name = entries[1] and entries[1].fields.name
  for _, entry in ipairs(entries) do
    if entry.fields.name ~= name then return nil end
  end
  return name
end

-- Adds what is left over to the error.
local function add_leftovers(queue, err)
  local list = core.list()
  for i = queue.first, queue.last do list[#list + 1] = queue[i].given end
  err.leftovers = list
  return err
end

-- ===================== }
-- {===== Running a batch =====

---@class dynamodb.Batch a batch while it runs
---@field transport table
---@field call_options table options of its requests
---@field progress_at number when it last made progress, less the seconds in which it was held back by a rate
---@field queue table of the entries that are in no request
---@field max_entries integer of one request
---@field send function (self, entries): sends the entries of one request -> list of the unprocessed ones |
--- nil, err
---@field connection userdata
---@field return_consumed_capacity? string
---@field consumed? table list of ConsumedCapacity so far, one for each table
---@field operation string
---@field meter? dynamodb.Meter holds its requests back
---@field progress? dynamodb.Progress
---@field processed integer entries so far
---@field requests integer so far
---@field ended dynamodb.Event notified when err or raised is set
---@field err? table why it ends early
---@field raised? table { what a request raised }

local function has_ended(self)
  return self.err ~= nil or self.raised ~= nil
end

local function end_early(self, err)
  self.err = self.err or err
  self.ended:notify()
end

-- Returns the seconds in which requests were held back by rates, of this batch and of the connection. They do
-- not count as time without progress.
local function idle_seconds(self)
  return (self.meter and self.meter.idle or 0) + (self.state.meter and self.state.meter.idle or 0)
end

-- Returns when the batch ends unless it makes progress. The caller's deadline is never moved.
local function deadline_of(self)
  return self.call_options.deadline_at or self.progress_at + MAX_STALL + idle_seconds(self)
end

-- Sends the entries of one request -> number of processed entries, number of the others, err.
local function send_next(self)
  local entries = next_request(self.queue, self.max_entries)
  local unprocessed, err = self:send(entries)
  local left = unprocessed or entries
  for _, entry in ipairs(left) do append(self.queue, entry) end
  if err and (not err.retryable or err.retry_stopped == "off") then end_early(self, err) end
  self.requests, self.processed = self.requests + 1, self.processed + #entries - #left
  if #left < #entries then self.progress_at = self.transport.now() - idle_seconds(self) end
  if self.progress then self.progress:report() end
  return #entries - #left, #left, err
end

-- Ends the batch when the connection was closed -> true | false.
local function is_closed(self)
  if self.state.closed then end_early(self, context.closed_error()) end
  return self.state.closed
end

-- Waits before entries are sent again. Ends the batch if the deadline comes first, or has come when the wait
-- ends, which may be late on a busy machine. When the batch ends meanwhile, so does the wait.
local function back_off(self, pause, err)
  local transport, seconds = self.transport, pause * (0.5 + system.random() / 2)
  local retry_at = transport.now() + seconds
  if retry_at < deadline_of(self) then
    if self.is_concurrent then
      self.ended:wait_until(transport, retry_at, function() return has_ended(self) or self.state.closed end)
    else
      context.pause(self.state, seconds)
    end
    if has_ended(self) or self.state.closed or transport.now() < deadline_of(self) then return end
  end
  end_early(self, err or errors.new({ kind = "timeout", operation = self.operation, retryable = true,
    throttled = true, message = "the service left parts of the batch unprocessed until the deadline" }))
end

-- Sends one request after the other until the queue is empty or the batch ends.
local function work(self)
  local pause = FIRST_PAUSE
  while self.queue.first <= self.queue.last and not has_ended(self) and not is_closed(self) do
    local processed, left, err = send_next(self)
    if processed > 0 then pause = FIRST_PAUSE end
    if left > 0 then
      back_off(self, pause, err)
      pause = math.min(pause * 2, LONGEST_PAUSE)
    end
  end
end

-- Runs several workers concurrently. What one raises ends all of them.
local function work_concurrently(self, count)
  local calls = {}
  for i = 1, count do
    calls[i] = function()
      local ok, raised = pcall(work, self)
      if ok then return end
      self.raised = self.raised or { raised }
      self.ended:notify()
    end
  end
  concurrent.run(self.transport, calls)
  if self.raised then error(self.raised[1], 0) end
end

-- Returns what on_progress is told of a batch.
local function describe(self)
  return self.processed, self.total, { requests = self.requests, consumed_capacity = self.consumed }
end

-- Runs a batch -> true | nil, err.
local function run(connection, entries, max_entries, given, operation, send)
  local state = core.connection_state(connection)
  local transport, call_options = state.transport, pipeline.multi_request_options(state, given)
  local count = math.min(given.concurrency or 1, math.ceil(#entries / max_entries))
  local self = { state = state, transport = transport, call_options = call_options, max_entries = max_entries,
    send = send, connection = connection,
    return_consumed_capacity = capacity.as_sent[given.return_consumed_capacity],
    operation = operation, queue = new_queue(entries), ended = event.new(), is_concurrent = count > 1,
    meter = given.meter or (given.rate or given.budget) and rate.new(given) or nil, processed = 0,
    requests = 0, total = #entries }
  self.progress_at = transport.now() - idle_seconds(self)
  self.progress = given.on_progress and progress.new(given.on_progress, transport, describe, self)
  if count > 1 then work_concurrently(self, count) else work(self) end
  if self.progress then self.progress:finish() end
  if self.err then
    self.err.table = self.err.table or table_of(entries)
    self.err.consumed_capacity = self.consumed
    return nil, errors.locate(add_leftovers(self.queue, self.err))
  end
  return capacity.results(true, self.consumed)
end

-- Sends one request of a batch, and adds what it consumes -> response | nil, err.
local function call(self, operation, items, owner)
  local meter, result, err = self.meter
  local params = { RequestItems = items, ReturnConsumedCapacity = self.return_consumed_capacity }
  if meter then
    result, err = meter:call(self.state, pipeline.call, self.connection, operation, params, owner,
      self.call_options)
  else
    result, err = pipeline.call(self.connection, operation, params, owner, self.call_options)
  end
  if result then self.consumed = capacity.add_list(self.consumed, result.ConsumedCapacity) end
  return result, err
end

-- ===================== }
-- ===================== }

-- Returns the requests of a group of entries.
local function requests_of(group)
  local list = {}
  for i, entry in ipairs(group) do list[i] = entry.request end
  return list
end

--- Writes the entries.
---@param entries dynamodb.Entry[]
---@param given table the caller's options: concurrency, rate, budget, on_progress, and those of calls; or
--- 'meter', of an operation that writes several times
---@return boolean? done
---@return dynamodb.Error? err its leftovers are { { table =, put = } or { table =, delete = }, ... }
---@return table[]? capacity consumed, for each table
function batch_engine.write(connection, entries, given)
  return run(connection, entries, MAX_WRITES, given, "BatchWriteItem", function(self, sent)
    local groups, items = batch_responses.by_table(sent), {}
    for name, group in pairs(groups) do items[name] = requests_of(group) end
    local result, err = call(self, write_encoded, items)
    if not result then return nil, err end
    local unprocessed, why = batch_responses.of_writes(sent, groups, result)
    if not unprocessed then return nil, response.unfit(write_encoded, { RequestItems = items }, why) end
    return unprocessed
  end)
end

--- Reads the entries.
---@param entries dynamodb.Entry[]
---@param given table the caller's options: concurrency, rate, budget, on_progress, and those of calls
---@param owner? userdata the dynamodb.table of all entries, when the items are to be dynamodb.items
---@param take_item function called with the fields of the table, each item, and the id of its key
---@return boolean? done
---@return dynamodb.Error? err its leftovers are { { table =, key = }, ... }
---@return table[]? capacity consumed, for each table
function batch_engine.get(connection, entries, given, owner, take_item)
  return run(connection, entries, MAX_READS, given, "BatchGetItem", function(self, sent)
    local groups, items = batch_responses.by_table(sent), {}
    for name, group in pairs(groups) do
      items[name] = options.merge({ Keys = requests_of(group) }, group[1].settings)
    end
    local result, err = call(self, get_encoded, items, owner)
    if not result then return nil, err end
    local unprocessed, found = batch_responses.of_reads(sent, groups, result)
    if not unprocessed then return nil, response.unfit(get_encoded, { RequestItems = items }, found) end
    for _, each in ipairs(found) do take_item(each[1], each[2], each[3]) end
    return unprocessed
  end)
end

return batch_engine
