--- The kinds of reads of the soak test. Each function reads while others write, and notes a difference in the ledger when
--- something is missing, occurs twice or does not agree. 'job' has conn, tables, ledger and random.

local layout = dofile("spec/soak/layout.lua")

local reads = {}

local ALL, KEYS = layout.GROUPS * layout.GROUP_SIZE, 100
local MAX_FAILURES = 20 -- of one scan, which then ends incomplete

-- Starts to read: a function that continues after the given results, and the number of items that there are.
local function start_scan(job)
  local tbl, page = job.tables.fixed, job.random:integer(200, 700)
  local segments = job.random:once_in(2) and job.random:integer(2, 4) or nil
  return function(earlier)
    local options = { request_limit = page, items = false, segments = segments }
    if earlier and segments then options.state = earlier:state() end
    if earlier and not segments then options.exclusive_start_key = earlier.last_evaluated_key end
    return tbl:scan(options)
  end, ALL
end

local function start_query(job)
  local tbl, page, group = job.tables.fixed, job.random:integer(50, 400), "group " .. job.random:integer(1, layout.GROUPS)
  local prefetch, forward = job.random:integer(0, 2), job.random:once_in(2)
  return function(earlier)
    return tbl:query({ hash_key = group, request_limit = page, prefetch = prefetch, items = false, scan_index_forward = forward,
      exclusive_start_key = earlier and earlier.last_evaluated_key })
  end, layout.GROUP_SIZE
end

-- Reads to the end. After an error it goes on with the same results, or with others that start where these were left.
local function read_all(job, kind, start)
  local continue, expected = start(job)
  local results, seen, found, failures = continue(), {}, 0, 0
  while failures < MAX_FAILURES do
    local item, err = results:next()
    if item then
      local key = item.id .. " " .. item.at
      if seen[key] then job.ledger:note("difference", kind, "returned twice:", key) end
      seen[key], found = true, found + 1
    elseif err then
      failures = failures + 1
      if err.kind == "timeout" or job.random:once_in(2) then -- the deadline of results does not start again
        results:close()
        results = continue(results)
      end
    else
      if found ~= expected then job.ledger:note("difference", kind, "returned", found, "of", expected) end
      return job.ledger:note("read", kind)
    end
  end
  results:close()
end

--- Scans the fixed table.
function reads.scan(job) read_all(job, "scan", start_scan) end

--- Queries a group of the fixed table.
function reads.query(job) read_all(job, "query", start_query) end

--- Reads items by their keys.
function reads.get(job)
  local keys, first = {}, job.random:integer(1, layout.GROUP_SIZE - KEYS)
  for i = 1, KEYS do keys[i] = { "group 1", first + i } end
  local found, err = job.tables.fixed:get_items(keys, { items = false, deadline = 4, concurrency = 2 })
  local count = found and #found or #err.found + #err.leftovers
  if count ~= KEYS then job.ledger:note("difference", "get_items returned", count, "of", KEYS) end
  if found then job.ledger:note("read", "get") end
end

--- Reads both items of a pair that transactions change.
function reads.pair(job)
  local now, requests = os.time(), {}
  for i, tbl in ipairs({ job.tables.left, job.tables.right }) do
    requests[i] = { table = tbl, hash_key = "pairt" .. now - now % 2 }
  end
  local list = job.conn:transact_get(requests)
  if not list then return end
  local left, right = list[1] and list[1].n or 0, list[2] and list[2].n or 0
  if left ~= right then job.ledger:note("difference", "transact_get returned", left, "and", right) end
  job.ledger:note("read", "pair")
end

return reads
