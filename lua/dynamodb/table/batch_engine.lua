--- Batches of any size, over any tables: cut into requests by count and bytes, keys once each, what the
--- service leaves unprocessed sent again with backoff until a deadline, and what is left after that returned.
-- Source: API reference of BatchWriteItem and BatchGetItem.

local pipeline = require("dynamodb.request.pipeline")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local concurrent = require("dynamodb.loop.concurrent")
local operations = require("dynamodb.base.operations")
local schema = require("dynamodb.table.schema")
local system = require("dynamodb.base.system")

local batch_engine = {}

local WRITES, READS = 25, 100 -- entries of one request
local MOST_BYTES = 16 * 1024 * 1024 -- of one request
local OVERHEAD = 64 -- bytes around an entry, and more
local DEADLINE = 60 -- seconds without progress, unless the caller sets a deadline for the whole
local FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5 -- seconds
local PATIENCE = 0.1 -- seconds

-- Requests whose entries were encoded before: bytes are counted, and nothing is encoded twice.
local write_encoded = setmetatable({ input = { RequestItems = { "map", { "list", "wire" } } } },
  { __index = operations.BatchWriteItem })
local get_encoded = setmetatable({ input = { RequestItems = { "map", { Keys = { "list", "wire" } } } } },
  { __index = operations.BatchGetItem })

---@class dynamodb.Entry one put, delete or key of a batch
---@field fields table of its dynamodb.table
---@field id string tells its key from those of others
---@field text string as it is sent
---@field what table what the caller gave: returned when it is left over

-- A text that equal keys share.
local function identify(fields, key)
  local range = fields.schema.range_key_name
  return fields.name .. "\0" .. core.encode(key[fields.schema.hash_key_name], "value")
    .. (range and core.encode(key[range], "value") or "")
end

local function entry(fields, key, text, what)
  return { fields = fields, id = identify(fields, key), text = text, what = what }
end

--- A put -> entry; raises for what cannot be stored.
function batch_engine.put(fields, attributes, where)
  local key = schema.key_of(fields.schema, where, attributes)
  local text = '{"PutRequest":{"Item":' .. pipeline.encode(attributes, "item", where) .. "}}"
  return entry(fields, key, text, { table = fields.name, put = attributes })
end

--- A delete by key -> entry.
function batch_engine.delete(fields, key, where)
  local text = '{"DeleteRequest":{"Key":' .. pipeline.encode(key, "item", where) .. "}}"
  return entry(fields, key, text, { table = fields.name, delete = key })
end

--- A key to read -> entry. 'settings' is what the request says of all keys of this table.
function batch_engine.key(fields, key, settings, where)
  local made = entry(fields, key, pipeline.encode(key, "item", where), { table = fields.name, key = key })
  made.settings = settings
  return made
end

--- The entries without those whose key comes again: the last one stays in the place of the first. With
--- 'strict' a repetition raises.
function batch_engine.unique(entries, strict, where)
  local places, list = {}, {}
  for _, made in ipairs(entries) do
    local place = places[made.id]
    if place and strict then errors.raise("%s: a key of table '%s' occurs twice", where, made.fields.name) end
    place = place or #list + 1
    places[made.id], list[place] = place, made
  end
  return list
end

-- Takes the entries of the next request off the front of the queue.
local function take(queue, most)
  local taken, bytes = {}, 0
  while #taken < most and queue.first <= queue.last do
    local made = queue[queue.first]
    bytes = bytes + #made.text + OVERHEAD
    if bytes > MOST_BYTES and #taken > 0 then break end
    taken[#taken + 1], queue[queue.first] = made, nil
    queue.first = queue.first + 1
  end
  return taken
end

local function append(queue, made)
  queue.last = queue.last + 1
  queue[queue.last] = made
end

local function queue_of(entries)
  local queue = { first = 1, last = 0 }
  for _, made in ipairs(entries) do append(queue, made) end
  return queue
end

-- What is left, with the reason, as an error.
local function left_over(queue, err)
  local list = {}
  for i = queue.first, queue.last do list[#list + 1] = queue[i].what end
  err.leftovers = list
  return err
end

---@class dynamodb.Batch one that is under way
---@field transport table
---@field limits table options of its calls
---@field deadline number the moment until which it has to get on
---@field queue table of the entries that are in no request
---@field most integer entries of one request
---@field send function takes the entries of one request -> list of those left unprocessed | nil, err
---@field operation string
---@field patience number seconds between looks, while waiting, whether another one has ended the batch
---@field err? table why it ends early
---@field raised? table { what a request raised }

-- Sends the entries of one request -> how many are done, how many are not, err.
local function send_some(self)
  local taken = take(self.queue, self.most)
  local unprocessed, err = self.send(taken, self.limits)
  local left = unprocessed or taken
  for _, made in ipairs(left) do append(self.queue, made) end
  if err and (not err.retryable or err.retry_stopped == "off") then self.err = self.err or err end
  if #left < #taken and not self.limits.deadline_at then
    self.deadline = self.transport.now() + DEADLINE -- it gets on
  end
  return #taken - #left, #left, err
end

local function has_ended(self)
  return self.err ~= nil or self.raised ~= nil
end

-- Waits before what was in the way is tried again, unless that would be too late.
local function back_off(self, pause, err)
  local transport, seconds = self.transport, pause * (0.5 + system.random() / 2)
  if transport.now() + seconds >= self.deadline then
    self.err = self.err or err or errors.new({ kind = "timeout", operation = self.operation,
      retryable = true, throttled = true,
      message = "the service left parts of the batch unprocessed until the deadline" })
  end
  while seconds > 0 and not has_ended(self) do
    transport.sleep(math.min(seconds, self.patience))
    seconds = seconds - self.patience
  end
end

-- Sends one request after the other, until nothing is left for it or the batch ends. Those who do so side by
-- side have different entries.
local function work(self)
  local pause = FIRST_PAUSE
  while self.queue.first <= self.queue.last and not has_ended(self) do
    local done, left, err = send_some(self)
    if done > 0 then pause = FIRST_PAUSE end
    if left > 0 then
      back_off(self, pause, err)
      pause = math.min(pause * 2, LONGEST_PAUSE)
    end
  end
end

-- The same, so many times at once; when one raises, that ends all of them.
local function work_together(self, count)
  local calls = {}
  for i = 1, count do
    calls[i] = function()
      local ok, why = pcall(work, self)
      if not ok then self.raised = self.raised or { why } end
    end
  end
  concurrent.run(self.transport, calls)
  if self.raised then error(self.raised[1], 0) end
end

-- Does one kind of batch, with given.concurrency requests side by side -> true | nil, err.
local function run(connection, entries, most, given, operation, send)
  local state = core.connection_state(connection)
  local transport, limits = state.transport, pipeline.multi_request_options(state, given)
  local count = math.min(given.concurrency or 1, math.ceil(#entries / most))
  local self = { transport = transport, limits = limits, most = most, send = send, operation = operation,
    queue = queue_of(entries), deadline = limits.deadline_at or transport.now() + DEADLINE,
    patience = count > 1 and PATIENCE or math.huge }
  if count > 1 then work_together(self, count) else work(self) end
  if self.err then return nil, left_over(self.queue, self.err) end
  return true
end

local function by_table(taken)
  local groups = {}
  for _, made in ipairs(taken) do
    local name = made.fields.name
    groups[name] = groups[name] or {}
    table.insert(groups[name], made)
  end
  return groups
end

-- The entry of a key that the service names as unprocessed | nil when it was not sent, or is no key.
local function find(group, key)
  local is_key, id = pcall(identify, group[1].fields, key)
  for _, made in ipairs(is_key and group or {}) do
    if made.id == id then return made end
  end
end

-- 'keys' are the unprocessed keys of a group -> adds their entries to the list | false when one was never
-- sent.
local function collect(list, group, keys)
  for _, key in ipairs(keys) do
    local made = find(group, key)
    if not made then return false end
    list[#list + 1] = made
  end
  return true
end

local function strange(operation)
  return nil, errors.new({ kind = "response", operation = operation,
    message = "the answer tells of keys that were not in the request" })
end

-- The keys of unprocessed write requests; what is put has its key among its attributes.
local function keys_of(requests)
  local keys = {}
  for i, request in ipairs(requests) do
    local made = request.DeleteRequest or request.PutRequest or {}
    keys[i] = made.Key or made.Item or {}
  end
  return keys
end

local function texts(group)
  local list = {}
  for i, made in ipairs(group) do list[i] = made.text end
  return list
end

--- Writes the entries -> true | nil, err, with err.leftovers = { { table =, put = } or { table =, delete = },
--- ... }.
function batch_engine.write(connection, entries, given)
  return run(connection, entries, WRITES, given, "BatchWriteItem", function(taken, limits)
    local groups, request = by_table(taken), {}
    for name, group in pairs(groups) do request[name] = texts(group) end
    local result, err = pipeline.call(connection, write_encoded, { RequestItems = request }, nil, limits)
    if not result then return nil, err end
    local unprocessed = {}
    for name, requests in pairs(result.UnprocessedItems or {}) do
      local group = groups[name]
      if not group or not collect(unprocessed, group, keys_of(requests)) then
        return strange("BatchWriteItem")
      end
    end
    return unprocessed
  end)
end

--- Reads the entries; 'take_item' gets each item with its table's fields -> true | nil, err, with
--- err.leftovers. 'owner' is the dynamodb.table of all of them, if items are wanted.
function batch_engine.get(connection, entries, given, owner, take_item)
  return run(connection, entries, READS, given, "BatchGetItem", function(taken, limits)
    local groups, request = by_table(taken), {}
    for name, group in pairs(groups) do
      local part = { Keys = texts(group) }
      for member, value in pairs(group[1].settings or {}) do part[member] = value end
      request[name] = part
    end
    local result, err = pipeline.call(connection, get_encoded, { RequestItems = request }, owner, limits)
    if not result then return nil, err end
    local unprocessed = {}
    for name, part in pairs(result.UnprocessedKeys or {}) do
      if not groups[name] or not collect(unprocessed, groups[name], part.Keys or { {} }) then
        return strange("BatchGetItem")
      end
    end
    for name in pairs(result.Responses or {}) do
      if not groups[name] then return strange("BatchGetItem") end
    end
    for name, list in pairs(result.Responses or {}) do
      for _, attributes in ipairs(list) do take_item(groups[name][1].fields, attributes) end
    end
    return unprocessed
  end)
end

--- The text that tells an item's key from others.
batch_engine.identify = identify

return batch_engine
