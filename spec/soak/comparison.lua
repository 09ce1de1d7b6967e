--- Compares the ledgers with the tables: what each write says of itself with how often it is stored.

local layout = dofile("spec/soak/layout.lua")

local comparison = {}

-- How often a write may be stored, by outcome: at least, at most.
local PERMITTED = { done = { 1, 1 }, failed = { 0, 0 }, ambiguous = { 0, 1 }, open = { 0, 1 } }

-- Returns all items of a table, by id. They are read by single requests without the methods for reading.
local function items_of(conn, name)
  local items, start = {}, nil
  repeat
    local page = assert(conn:call("Scan", { TableName = name, ConsistentRead = true, ExclusiveStartKey = start }))
    for _, item in ipairs(page.Items) do items[item.id] = item end
    start = page.LastEvaluatedKey
  until not start
  return items
end

-- Adds how often each id is in the logs of the items, lists or maps. Their number must be that of the item.
local function count_logs(items, times, add)
  for key, item in pairs(items) do
    local count = 0
    for name, value in pairs(item.log) do
      local id = value == true and name or value
      times[id], count = (times[id] or 0) + 1, count + 1
    end
    if count ~= item.n then add("%s: n is %s, but %d writes are in its log", key, item.n, count) end
  end
end

-- Returns how often each write of 'log' and 'versions' was applied.
local function times_in_logs(conn, add)
  local times = {}
  count_logs(items_of(conn, layout.names.log), times, add)
  count_logs(items_of(conn, layout.names.versions), times, add)
  return times
end

-- Returns how often each transaction was applied. Both tables must say the same.
local function times_in_pairs(conn, add)
  local left, right = {}, {}
  count_logs(items_of(conn, layout.names.left), left, add)
  count_logs(items_of(conn, layout.names.right), right, add)
  for id in pairs(right) do left[id] = left[id] or 0 end
  for id, times in pairs(left) do
    if times ~= right[id] then add("transaction %s: %d times in one table, %d in the other", id, times, right[id] or 0) end
  end
  return left
end

-- Compares the number of times that a write was applied with its outcome.
local function judge(id, write, times, add)
  local permitted = PERMITTED[write.outcome]
  if times < permitted[1] or times > permitted[2] then
    add("%s %s is %s %s, but was applied %d times", write.kind, id, write.outcome, write.rest or "", times)
  end
end

-- {===== Single items =====

-- Returns the deletions by the id of what they delete.
local function deletions_of(writes)
  local deletions = {}
  for id, write in pairs(writes) do
    if write.kind == "delete" or write.kind == "batch_delete" then deletions[write.detail] = { id = id, write = write } end
  end
  return deletions
end

-- Returns the outcome of one entry of a batch. Leftovers may have been written if a response was lost.
local function outcome_of_entry(write, i)
  if write.outcome ~= "left" then return write.outcome end
  return (" " .. write.rest .. " "):find(" " .. i .. " ", 1, true) and "ambiguous" or "done"
end

-- Returns the outcomes after which an item may be absent, or present.
local function possible(put, deleted)
  local may_be_there, may_be_gone = put ~= "failed", put ~= "done"
  if deleted then may_be_there = may_be_there and deleted ~= "done" end
  if deleted and deleted ~= "failed" then may_be_gone = true end
  return may_be_there, may_be_gone
end

local function judge_item(key, item, put, deleted, add)
  local may_be_there, may_be_gone = possible(put, deleted)
  if item and not may_be_there then add("%s is there: put %s, deletion %s", key, put, deleted or "none") end
  if not item and not may_be_gone then add("%s is not there: put %s, deletion %s", key, put, deleted or "none") end
  if item and item.text ~= "text of " .. key then add("%s has another text", key) end
end

local function judge_items(conn, writes, add)
  local items, deletions = items_of(conn, layout.names.items), deletions_of(writes)
  for id, write in pairs(writes) do
    local deletion = deletions[id]
    if write.kind == "put" then
      judge_item(id, items[id], write.outcome, deletion and deletion.write.outcome, add)
      items[id] = nil
    elseif write.kind == "batch" then
      local size = tonumber(write.detail)
      for i = 1, size do
        local key, deleted = id .. "/" .. i, deletion and i <= size / 2
        judge_item(key, items[key], outcome_of_entry(write, i), deleted and outcome_of_entry(deletion.write, i), add)
        items[key] = nil
      end
    end
  end
  for key in pairs(items) do add("%s is there, but was never put", key) end
end

-- ===================== }

local COUNTERS = { add = true, exact = true, compare = true, modify = true, version = true, pair = true }

--- Reads the tables -> calls add(format, ...) for each difference.
---@param conn userdata a connection without faults
---@param writes table of ledger.read
function comparison.run(conn, writes, add)
  local logs, transactions = times_in_logs(conn, add), times_in_pairs(conn, add)
  for id, write in pairs(writes) do
    local times = write.kind == "pair" and transactions or logs
    if COUNTERS[write.kind] then
      judge(id, write, times[id] or 0, add)
      times[id] = nil
    end
  end
  for _, times in ipairs({ logs, transactions }) do
    for id in pairs(times) do add("%s was applied, but never begun", id) end
  end
  judge_items(conn, writes, add)
end

return comparison
