--- Batches of any size, over any tables: cut into requests by count and bytes, keys once each, what the
--- service leaves unprocessed sent again with backoff until a deadline, and what is left after that returned.
-- Source: API reference of BatchWriteItem and BatchGetItem.

local client = require("dynamodb.client")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local operations = require("dynamodb.operations")
local schema = require("dynamodb.schema")
local system = require("dynamodb.system")

local batch = {}

local WRITES, READS = 25, 100 -- entries of one request
local MOST_BYTES = 16 * 1024 * 1024 -- of one request
local OVERHEAD = 64 -- bytes around an entry, and more
local DEADLINE = 60 -- seconds without progress, unless the caller sets a deadline for the whole
local FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5 -- seconds

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
function batch.put(fields, attributes, where)
  local key = schema.key_of(fields.schema, where, attributes)
  local text = '{"PutRequest":{"Item":' .. client.encode(attributes, "item", where) .. "}}"
  return entry(fields, key, text, { table = fields.name, put = attributes })
end

--- A delete by key -> entry.
function batch.delete(fields, key, where)
  local text = '{"DeleteRequest":{"Key":' .. client.encode(key, "item", where) .. "}}"
  return entry(fields, key, text, { table = fields.name, delete = key })
end

--- A key to read -> entry. 'settings' is what the request says of all keys of this table.
function batch.key(fields, key, settings, where)
  local made = entry(fields, key, client.encode(key, "item", where), { table = fields.name, key = key })
  made.settings = settings
  return made
end

--- The entries without those whose key comes again: the last one stays in the place of the first. With
--- 'strict' a repetition raises.
function batch.unique(entries, strict, where)
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

-- Does one kind of batch: 'send' takes the entries of one request -> list of those left unprocessed | nil,
-- err.
local function run(connection, entries, most, given, operation, send)
  local state = core.connection_state(connection)
  local transport, limits = state.transport, client.within(state, given)
  local deadline = limits.deadline_at or transport.now() + DEADLINE
  local queue, pause = queue_of(entries), FIRST_PAUSE
  while queue.first <= queue.last do
    local taken = take(queue, most)
    local unprocessed, err = send(taken, limits)
    for _, made in ipairs(unprocessed or taken) do append(queue, made) end
    if err and (not err.retryable or err.gave_up == "off") then return nil, left_over(queue, err) end
    if unprocessed and #unprocessed < #taken then
      pause = FIRST_PAUSE
      if not limits.deadline_at then deadline = transport.now() + DEADLINE end -- it gets on
    end
    if not unprocessed or #unprocessed > 0 then
      local seconds = pause * (0.5 + system.random() / 2)
      if transport.now() + seconds >= deadline then
        return nil, left_over(queue, err or errors.new({ kind = "timeout", operation = operation,
          retryable = true, throttled = true,
          message = "the service left parts of the batch unprocessed until the deadline" }))
      end
      transport.sleep(seconds)
      pause = math.min(pause * 2, LONGEST_PAUSE)
    end
  end
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
function batch.write(connection, entries, given)
  return run(connection, entries, WRITES, given, "BatchWriteItem", function(taken, limits)
    local groups, request = by_table(taken), {}
    for name, group in pairs(groups) do request[name] = texts(group) end
    local result, err = client.call(connection, write_encoded, { RequestItems = request }, nil, limits)
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
--- err.leftovers. given.owner is the dynamodb.table of all of them, if items are wanted.
function batch.get(connection, entries, given, take_item)
  return run(connection, entries, READS, given, "BatchGetItem", function(taken, limits)
    local groups, request = by_table(taken), {}
    for name, group in pairs(groups) do
      local part = { Keys = texts(group) }
      for member, value in pairs(group[1].settings or {}) do part[member] = value end
      request[name] = part
    end
    local result, err = client.call(connection, get_encoded, { RequestItems = request }, given.owner, limits)
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
batch.identify = identify

return batch
