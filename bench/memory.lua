-- Measures memory: memory.lua NAME PORT. Prints lines of NAME, CASE and numbers:
--   untouched   bytes of Lua for each item of a page that is held and not read; bytes of its JSON
--   loop        resident kilobytes before and after 100,000 GetItems; kilobytes of Lua before and after
--   million     resident kilobytes after 100,000 of 1,000,000 items, at the end, and at most; CPU seconds

local dynamodb = require("dynamodb")
local sample = require("sample")

local name, port = arg[1], arg[2]
local CALLS, ITEMS, WARM = 100000, 1000000, 100000

-- Kilobytes of the process by a line of /proc/self/status.
local function status(key)
  for line in io.lines("/proc/self/status") do
    local kilobytes = line:match("^" .. key .. ":%s*(%d+)")
    if kilobytes then return tonumber(kilobytes) end
  end
end

local function connect(at)
  return dynamodb.connect({
    aws_access_key_id = "AKIDEXAMPLE",
    aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    region = "us-east-1",
    endpoint_url = "http://127.0.0.1:" .. at,
  })
end

local function report(case, ...)
  local cells = { name, case }
  for _, number in ipairs({ ... }) do cells[#cells + 1] = ("%.0f"):format(number) end
  print(table.concat(cells, " "))
end

local function lua_memory()
  collectgarbage()
  collectgarbage()
  return collectgarbage("count")
end

-- Runs before all else, since the peak is that of the process.
local function million()
  local settings = ('{"items":%d,"page":%d,"attributes":"%s"}'):format(ITEMS, sample.page_items,
    ("," .. sample.wire(1):sub(2, -2):gsub('"id":{"S":"user#%d+"},', "")):gsub('"', '\\"'))
  local server = assert(io.popen(("exec node spec/support/large_table_server.js '%s'"):format(settings)))
  local _, at = server:read("*l"):match("^(%d+) (%d+)$")
  local conn = connect(at)
  local tbl = conn:table("bench", { hash_key = "id", range_key = "at" })
  local count, sum, early, start = 0, 0, 0, os.clock()
  for item in tbl:scan() do
    count, sum = count + 1, sum + item.at + item.age
    if count == WARM then early = status("VmRSS") end
  end
  local seconds = os.clock() - start
  assert(count == ITEMS and sum == ITEMS * (ITEMS + 1) / 2 + 21 * ITEMS, "items are missing")
  print(("%s million %d %d %d %.1f"):format(name, early, status("VmRSS"), status("VmHWM"), seconds))
  conn:close()
  server:close() -- waits until the server notices that the pipe is closed
end

local function loop(tbl)
  local function calls(n)
    for _ = 1, n do assert(tbl:get_item({ hash_key = "user#000001" })) end
  end
  calls(1000)
  local before, resident = lua_memory(), status("VmRSS")
  calls(CALLS)
  local after = lua_memory()
  report("loop", resident, status("VmRSS"), before, after)
end

local function untouched(tbl)
  local function held()
    local list = {}
    for item in tbl:scan() do list[#list + 1] = item end
    assert(#list == sample.page_items)
    return list
  end
  held()
  local before = lua_memory()
  local list = held()
  report("untouched", (lua_memory() - before) * 1024 / #list, #sample.wire(1))
end

million()
local conn = connect(port)
local tbl = conn:table("bench", { hash_key = "id" })
loop(tbl)
untouched(tbl)
conn:close()
