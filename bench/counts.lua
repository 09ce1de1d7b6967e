-- Prints the table of instructions from the files that callgrind wrote: counts.lua SYSTEM LUA... SYSTEM
-- describes the compiler and the libraries. A row is LABEL, two or more spaces, and a number for each Lua.

local system = arg[1]
local luas = {}
for i = 2, #arg do luas[#luas + 1] = arg[i] end

local OURS, CJSON = "decode a page to tables", "decode a page by lua-cjson, unwrapped"
local RATIO = "the same, per cent of lua-cjson with unwrapping"

local lines_of = dofile("spec/support/files.lua").lines_of

-- Returns { [label] = instructions of one call } and the labels in order.
-- The parts "clean" and "garbage" are collections without and with the garbage of the calls.
local SIGN = { calls = 1, garbage = 1, clean = -1 }

local function counts_of(lua)
  local sums, labels, label, calls, part = {}, {}, nil, nil, nil
  for _, line in ipairs(lines_of(("cat $(ls -v build/bench/%s/callgrind.[0-9]*)"):format(lua))) do
    if line:find("^desc: Trigger: Client Request: ") then
      label, calls, part = line:match("Request: (.*)|(%d+)|(%l+)$")
      if not sums[label] then labels[#labels + 1] = label end
    elseif label and line:find("^totals: ") then
      sums[label] = (sums[label] or 0) + SIGN[part] * tonumber(line:match("%d+")) / tonumber(calls)
      label = nil
    end
  end
  return sums, labels
end

local function row(label, cells)
  local texts = { ("%-50s"):format(label) }
  for _, cell in ipairs(cells) do texts[#texts + 1] = ("%12s"):format(cell) end
  print(table.concat(texts))
end

local columns, labels = {}, nil
for i, lua in ipairs(luas) do columns[i], labels = counts_of(lua) end
assert(#labels > 0, "callgrind wrote no counts")

print("# Instructions of one call, by callgrind: doc/performance.md. UPDATE=1 writes this file.")
print("# " .. system)
row("# call", luas)
for _, label in ipairs(labels) do
  local cells = {}
  for i = 1, #luas do
    local count = columns[i][label]
    cells[i] = label == CJSON and ("%.1f"):format(100 * columns[i][OURS] / count) or ("%.0f"):format(count)
  end
  row(label == CJSON and RATIO or label, cells)
end
