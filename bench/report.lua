-- Prints medians, ratios and goals from the output of the benchmarks: report.lua RESULTS MEMORY VERSIONS
-- LUA... A line of RESULTS is PROGRAM CASE MICROSECONDS BYTES CONNECTIONS; BYTES is "-" if not measured. A
-- line of MEMORY is what memory.lua and growth.lua print.

local results_file, memory_file, versions_file = arg[1], arg[2], arg[3]
local luas = {}
for i = 4, #arg do luas[#luas + 1] = arg[i] end

-- "program case" -> { us = times of all rounds, bytes = bytes of the last round, median }
local results = {}
local rounds, connections = 0, 0
for line in io.lines(results_file) do
  local key, us, bytes, opened = line:match("^(%S+ %S+) (%S+) (%S+) ?(%d*)$")
  local found = results[key] or { us = {} }
  results[key] = found
  found.us[#found.us + 1] = tonumber(us)
  found.bytes = tonumber(bytes)
  rounds = math.max(rounds, #found.us)
  connections = math.max(connections, tonumber(opened) or 0)
end
for _, found in pairs(results) do
  table.sort(found.us)
  found.median = (found.us[math.floor(#found.us / 2 + 0.5)] + found.us[math.floor(#found.us / 2) + 1]) / 2
end

local function us(program, case)
  return results[program .. " " .. case].median
end

-- The minimum is robust for the codec, since other processes and collections only add time.
local function fastest(program, case)
  return results[program .. " " .. case].us[1]
end

local function bytes(program, case)
  return ("%.0f"):format(results[program .. " " .. case].bytes)
end

local function row(label, ...)
  local cells = { ("%-38s"):format(label) }
  for _, cell in ipairs({ ... }) do cells[#cells + 1] = ("%10s"):format(cell) end
  print(table.concat(cells))
end

-- The cases that differ from their floor by name.
local FLOORS = { put = "PutItem", unzip = "Scan", tls = "GetItem", page_none = "Scan", page_two = "Scan",
  page_pairs = "Scan" }

local function per_floor(program, case)
  return us(program, case) / us("socket", FLOORS[case] or case)
end

local function call_row(program, case, label)
  local counted = results[program .. " " .. case].bytes
  row("  " .. label, ("%.2f"):format(us(program, case)), ("%.2f"):format(per_floor(program, case)),
    counted and bytes(program, case) or "")
end

local function operation(case, title)
  row(title, "us", "x", "bytes")
  call_row("socket", case, "socket, C")
  call_row("easy", case, "libcurl easy, C")
  for _, lua in ipairs(luas) do call_row(lua, case, lua) end
end

local function codec(case, title)
  row(title, "us", "cjson us", "faster", "bytes", "cjson")
  for _, lua in ipairs(luas) do
    local ours, theirs = fastest(lua, case), fastest(lua, case .. "-cjson")
    row("  " .. lua, ("%.2f"):format(ours), ("%.2f"):format(theirs), ("%.1f"):format(theirs / ours),
      bytes(lua, case), bytes(lua, case .. "-cjson"))
  end
end

local function goal(text, value, met)
  print(("%s: %s (%.1f)"):format(text, met and "yes" or "no", value))
end

print(("\nCPU of one call, medians of %d rounds; x: times the socket; bytes: Lua's own\n"):format(rounds))
operation("GetItem", "GetItem, an item of 10 attributes")
operation("PutItem", "PutItem, tbl:put_item(attributes)")
for _, lua in ipairs(luas) do call_row(lua, "put", lua .. ", item:put() when changed") end
operation("Scan", "Scan, a page of 2,474 items, 1 MB")
for _, lua in ipairs(luas) do call_row(lua, "unzip", lua .. ", zipped to 53 kB") end

row("a page by tbl:scan(), item by item", "us", "x", "bytes")
for _, lua in ipairs(luas) do
  call_row(lua, "page_none", lua .. ", nothing read")
  call_row(lua, "page_two", lua .. ", two attributes read")
  call_row(lua, "page_pairs", lua .. ", all read by pairs")
end
row("GetItem over HTTPS", "us", "x", "bytes")
call_row("easy", "tls", "libcurl easy, C")
for _, lua in ipairs(luas) do call_row(lua, "tls", lua) end
row("start-up", "ms", "kB of Lua")
for _, lua in ipairs(luas) do
  for _, case in ipairs({ { "connect", "connect" }, { "start", "require and connect" },
    { "first", "the same and the first GetItem" } }) do
    local found = results[lua .. " " .. case[1]]
    row(("  %s, %s"):format(lua, case[2]), ("%.1f"):format(found.median / 1000),
      ("%.0f"):format(found.bytes / 1024))
  end
end

print("\n1,000 GetItems from a server that takes 5 ms: one after the other, and 64 at a time\n")
row("a call", "us", "64: us", "faster", "CPU us", "64: CPU", "x")
for _, lua in ipairs(luas) do
  local turn, once = us(lua, "turn-wall"), us(lua, "once-wall")
  local cpu, cpu_once = us(lua, "turn-cpu"), us(lua, "once-cpu")
  row("  " .. lua, ("%.0f"):format(turn), ("%.0f"):format(once), ("%.1f"):format(turn / once),
    ("%.1f"):format(cpu), ("%.1f"):format(cpu_once), ("%.2f"):format(cpu_once / cpu))
end

print(("\nThe codec and lua-cjson with (un)wrapping in Lua, the fastest of %d rounds\n"):format(rounds))
codec("decode-page", "decode the page")
codec("decode-item", "decode one item")
codec("encode-item", "encode one item")
codec("encode-25", "encode 25 items")
row("decode the page as item objects", "us", "", "", "bytes")
for _, lua in ipairs(luas) do
  row("  " .. lua, ("%.2f"):format(fastest(lua, "decode-items")), "", "", bytes(lua, "decode-items"))
end

-- {===== What memory.lua and growth.lua measured =====

-- "LUA case" -> list of rows, each a list of numbers
local measured = {}
for line in io.lines(memory_file) do
  local key, numbers = line:match("^(%S+ %S+) (.*)$")
  local list = {}
  for number in numbers:gmatch("%S+") do list[#list + 1] = tonumber(number) end
  measured[key] = measured[key] or {}
  table.insert(measured[key], list)
end

local function memory(lua, case)
  return measured[lua .. " " .. case][1]
end

print("\nMemory\n")
row("an item of which nothing is read", "bytes", "of JSON")
for _, lua in ipairs(luas) do row("  " .. lua, memory(lua, "untouched")[1], memory(lua, "untouched")[2]) end
row("100,000 GetItems: resident kB", "before", "after", "Lua: kB", "after")
for _, lua in ipairs(luas) do
  local loop = memory(lua, "loop")
  row("  " .. lua, loop[1], loop[2], loop[3], loop[4])
end
row("1,000,000 items: resident kB", "first 10 %", "end", "peak", "CPU s")
for _, lua in ipairs(luas) do
  local million = memory(lua, "million")
  row("  " .. lua, million[1], million[2], million[3], million[4])
end

print("\nHow cost grows\n")
for _, kind in ipairs({ { "item", "GetItem, all read, by bytes" },
  { "page", "scan, two read, by items of a page" },
  { "concurrency", "GetItems that take 5 ms, at a time" } }) do
  row(kind[2], "size", "CPU us", "wall us")
  for _, lua in ipairs(luas) do
    for _, list in ipairs(measured[lua .. " " .. kind[1]]) do
      row("  " .. lua, list[1], ("%.1f"):format(list[2]), ("%.1f"):format(list[3]))
    end
  end
end

-- ===================== }

print()
for line in io.lines(versions_file) do print(line) end

print()
for _, lua in ipairs(luas) do
  local floors = per_floor(lua, "GetItem")
  goal(lua .. ": GetItem <= 3 x floor", floors, floors <= 3)
  local faster = fastest(lua, "decode-page-cjson") / fastest(lua, "decode-page")
  goal(lua .. ": page decode >= 6 x faster than lua-cjson + unwrapping (fastest)", faster, faster >= 6)
  faster = us(lua, "decode-page-cjson") / us(lua, "decode-page")
  goal(lua .. ": the same goal by medians", faster, faster >= 6)
  local many = us(lua, "turn-wall") / us(lua, "once-wall")
  goal(lua .. ": 64 GetItems at a time >= 40 x faster", many, many >= 40)
  local cost = us(lua, "once-cpu") / us(lua, "turn-cpu")
  goal(lua .. ": CPU of each <= 1.3 x that of one after the other", cost, cost <= 1.3)
  local million = memory(lua, "million")
  goal(lua .. ": 1,000,000 items read in less than 24 MB", million[3] / 1024, million[3] < 24 * 1024)
  local growth = million[2] / million[1]
  goal(lua .. ": the same within 1.2 x the memory of the first 100,000", growth, growth <= 1.2)
end
print(("one connection by each program: %s (%d)"):format(connections == 1 and "yes" or "no", connections))
