--- The kinds of writes of the soak test. Each function does one write, or a few in a row, and notes them in the ledger.
--- 'job' has conn, tables, ledger and random.

local dynamodb = require("dynamodb")

local writes = {}

local BATCH, COLLECTED = 40, 60 -- entries
local DEADLINE = 4 -- seconds of writes whose default is longer
local DEADLINES = { DEADLINE, DEADLINE, 0.2 } -- of batches; after the last one there often are leftovers

-- Writers meet at the same items for two seconds, so that no item becomes large.
local function shared_key()
  return "t" .. os.time() - os.time() % 2
end

-- Adds 1 to a number and the id to a list, in one update.
local function count(job, kind, policy)
  local id = job.ledger:begin(kind)
  job.ledger:finish(id, job.tables.log:update_item({ hash_key = kind .. shared_key(), retry_writes = policy,
    update = { n = dynamodb.increment(1), log = dynamodb.append({ id }) } }))
end

--- Counts under the default policy.
function writes.add(job) count(job, "add") end

--- Counts in a task that is soon cancelled. Without an outcome the write may have been applied.
function writes.cancel(job)
  dynamodb.gather({ function() count(job, "add") end }, { deadline = job.random:integer(1, 30) / 1000 })
end

--- Counts as a transaction of one operation.
function writes.exact(job) count(job, "exact", "exact") end

--- Counts by a condition on the number that was read. The policy may send the update again and then looks at the item.
function writes.compare(job)
  local tbl, key = job.tables.log, "compare" .. shared_key()
  local item, read_error = tbl:get_item({ hash_key = key, consistent_read = true })
  if read_error then return end
  if item and item.id ~= key then job.ledger:note("difference", "get_item of", key, "returned", item.id) end
  local id = job.ledger:begin("compare")
  local ok, err
  if item then
    ok, err = tbl:update_item({ hash_key = key, update = { n = item.n + 1, ["log." .. id] = true }, condition = { n = item.n } })
  else
    ok, err = tbl:put_item({ id = key, n = 1, log = { [id] = true } }, { create_only = true })
  end
  job.ledger:finish(id, ok, err)
end

local function modify(job, kind, tbl)
  local item = tbl:new_item(kind .. shared_key(), nil, { n = 0, log = dynamodb.map({}) })
  item:put({ guard = tbl == job.tables.versions and "version" or "changed" }) -- fails if it is there
  local id = job.ledger:begin(kind)
  job.ledger:finish(id, item:modify(function(fresh)
    fresh.n = fresh.n + 1
    fresh.log[id] = true
  end, { deadline = DEADLINE }))
end

--- Counts by item:modify, guarded by what was changed.
function writes.modify(job) modify(job, "modify", job.tables.log) end

--- Counts by item:modify, guarded by the version.
function writes.version(job) modify(job, "version", job.tables.versions) end

--- Puts an item and may delete it again.
function writes.put(job)
  local tbl, ledger, random = job.tables.items, job.ledger, job.random
  local id = ledger:begin("put")
  local item = tbl:new_item(id, nil, { text = "text of " .. id })
  local ok, err
  if random:once_in(2) then
    ok, err = item:put()
  else
    ok, err = tbl:put_item({ id = id, text = "text of " .. id }, { create_only = true })
  end
  ledger:finish(id, ok, err)
  if not ok or not random:once_in(3) then return end
  local deletion = ledger:begin("delete", id)
  ledger:finish(deletion, tbl:delete_item({ hash_key = id, condition = random:once_in(2) and { id = id } or nil }))
end

--- Puts an item by PartiQL, which fails if it is there.
function writes.insert(job)
  local id = job.ledger:begin("put")
  local statement = ("INSERT INTO %s VALUE { 'id': ?, 'text': ? }"):format(job.tables.items.name)
  job.ledger:finish(id, job.conn:execute(statement, { id, "text of " .. id }))
end

local function entry(id, i)
  local key = id .. "/" .. i
  return { id = key, text = "text of " .. key }
end

-- Returns the indices of the entries that an error has as leftovers.
local function indices_of(err)
  local list = {}
  for i, left in ipairs(err and err.leftovers or {}) do
    list[i] = (left.put and left.put.id or left.delete.id):match("/(%d+)$")
  end
  return list
end

--- Puts items in a batch and may delete half of them in another one.
function writes.batch(job)
  local tbl, ledger, random = job.tables.items, job.ledger, job.random
  local id, list = ledger:begin("batch", BATCH), {}
  for i = 1, BATCH do list[i] = entry(id, i) end
  local options = { concurrency = random:integer(1, 3), deadline = random:pick(DEADLINES) }
  local ok, err = tbl:batch_write({ put = list }, options)
  ledger:finish_batch(id, ok, err, indices_of(err))
  if not ok or not random:once_in(3) then return end
  local deletion, keys = ledger:begin("batch_delete", id), {}
  for i = 1, BATCH / 2 do keys[i] = { id = id .. "/" .. i } end
  ok, err = tbl:batch_write({ delete = keys }, options)
  ledger:finish_batch(deletion, ok, err, indices_of(err))
end

--- Puts items by a batch writer. What a flush cannot send stays collected for the next one.
function writes.collect(job)
  local id = job.ledger:begin("batch", COLLECTED)
  local writer = job.tables.items:batch_writer({ concurrency = 2,
    deadline = job.random:pick(DEADLINES) })
  for i = 1, COLLECTED do writer:put(entry(id, i)) end
  local ok, err = writer:close()
  job.ledger:finish_batch(id, ok, err, indices_of(err))
end

--- Changes two items of two tables in a transaction.
function writes.pair(job)
  local tables, id, operations = job.tables, job.ledger:begin("pair"), {}
  for i, tbl in ipairs({ tables.left, tables.right }) do
    operations[i] = { table = tbl, hash_key = "pair" .. shared_key(),
      update = { n = dynamodb.increment(1), log = dynamodb.append({ id }) } }
  end
  job.ledger:finish(id, job.conn:transact_write(operations, { deadline = DEADLINE }))
end

return writes
