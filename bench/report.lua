-- Prints medians, ratios and goals from the output of the benchmarks: report.lua RESULTS VERSIONS LUA...
-- A line of RESULTS is PROGRAM CASE MICROSECONDS BYTES CONNECTIONS; BYTES is "-" if not measured.

local results_file, versions_file = arg[1], arg[2]
local luas = {}
for i = 3, #arg do luas[#luas + 1] = arg[i] end

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
  local cells = { ("%-34s"):format(label) }
  for _, cell in ipairs({ ... }) do cells[#cells + 1] = ("%10s"):format(cell) end
  print(table.concat(cells))
end

local function per_floor(program, case)
  return us(program, case) / us("socket", ({ put = "PutItem", unzip = "Scan" })[case] or case)
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
end
print(("one connection by each program: %s (%d)"):format(connections == 1 and "yes" or "no", connections))
