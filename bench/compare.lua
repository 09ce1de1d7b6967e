-- Compares two tables of instructions: compare.lua COMMITTED MEASURED. Prints both with the changes in per
-- cent. Exits with 1 if a row is more than 3 % above the committed one, or if a row is in one table only.
-- If the tables are of different systems, it compares nothing and says so.

local LIMIT = 3 -- per cent

local committed_file, measured_file = arg[1], arg[2]

-- Returns { system =, luas = list, rows = { [label] = { [lua] = number } }, labels = list }.
local function read(path)
  local tab = { luas = {}, rows = {}, labels = {} }
  for line in io.lines(path) do
    local label, numbers = line:match("^(.-)%s%s+(.*)$")
    if label == "# call" then
      for lua in numbers:gmatch("%S+") do tab.luas[#tab.luas + 1] = lua end
    elseif line:find("^#") then
      tab.system = line:match("^# (.*)") -- the last line before the heading
    elseif label then
      local row, i = {}, 0
      for number in numbers:gmatch("%S+") do
        i = i + 1
        row[tab.luas[i]] = assert(tonumber(number), line)
      end
      tab.rows[label], tab.labels[#tab.labels + 1] = row, label
    end
  end
  assert(#tab.luas > 0 and #tab.labels > 0, path .. " has no table")
  return tab
end

local committed, measured = read(committed_file), read(measured_file)
local failures = {}

local function fail(...)
  failures[#failures + 1] = (...):format(select(2, ...))
end

-- Returns the cells "committed measured change" and notes a row that is too high.
local function cells(label, lua)
  local old, new = (committed.rows[label] or {})[lua], measured.rows[label][lua]
  if not old then
    fail("%s, %s: not in %s; UPDATE=1 adds it", label, lua, committed_file)
    return ("%12s%12s%8s"):format("-", tostring(new), "")
  end
  local change = (new / old - 1) * 100
  if change > LIMIT then
    fail("%s, %s: %+.1f %%, more than %d %% above %s", label, lua, change, LIMIT, committed_file)
  end
  return ("%12s%12s%+7.1f%%"):format(tostring(old), tostring(new), change)
end

local head = { ("%-50s"):format("instructions of one call, in the file and now") }
for _, lua in ipairs(measured.luas) do head[#head + 1] = ("%24s%8s"):format(lua, "") end
print(table.concat(head))
for _, label in ipairs(measured.labels) do
  local line = { ("%-50s"):format(label) }
  for _, lua in ipairs(measured.luas) do line[#line + 1] = cells(label, lua) end
  print(table.concat(line))
end
for _, label in ipairs(committed.labels) do
  if not measured.rows[label] then fail("%s: not measured; UPDATE=1 removes it", label) end
end

-- The committed table may be of more Luas.
local function is_same_system()
  for part in measured.system:gmatch("[^, ][^,]*") do
    if not (", " .. committed.system .. ","):find(", " .. part .. ",", 1, true) then return false end
  end
  return true
end

if not is_same_system() then
  print("not judged: the committed counts are of another system; UPDATE=1 writes those of this one")
  print("committed: " .. committed.system)
  print("measured:  " .. measured.system)
  os.exit(0)
end
for _, failure in ipairs(failures) do print(failure) end
os.exit(#failures == 0 and 0 or 1)
