-- Prints the results of bench/coalescing.lua as a table, and draws them:
-- coalescing_report.lua RESULTS DELAY ROUNDS MACHINE PICTURE

local svg = dofile("bench/svg.lua")

local results_file, delay, rounds, machine, picture = arg[1], arg[2], arg[3], arg[4], arg[5]
local WIDTH, LABEL, BAR, ROW, HEAD = 780, 240, 330, 22, 34 -- pixels
local GROUPS = {
  { "64 tasks ask for 64 keys", { { "keys-get_item", "tbl:get_item" }, { "keys-loader", "loader:get" } } },
  { "64 tasks ask for the same item",
    { { "same-get_item", "tbl:get_item" }, { "same-single_flight", "tbl:get_item, single_flight" } } },
}

local luas, results = {}, {}
for line in io.lines(results_file) do
  local lua, case, requests, wall, cpu = line:match("^(%S+) (%S+) (%S+) (%S+) (%S+)$")
  if not results[lua] then luas[#luas + 1], results[lua] = lua, {} end
  results[lua][case] = { requests = tonumber(requests), wall = tonumber(wall), cpu = tonumber(cpu) }
end

local ROW_FORMAT = "%-8s %-34s %-28s %9s %9s %9s"
print(ROW_FORMAT:format("", "", "", "requests", "wall ms", "CPU ms"))
for _, lua in ipairs(luas) do
  for _, group in ipairs(GROUPS) do
    for _, case in ipairs(group[2]) do
      local found = results[lua][case[1]]
      local wall, cpu = ("%.1f"):format(found.wall), ("%.1f"):format(found.cpu)
      print(ROW_FORMAT:format(lua, group[1], case[2], ("%g"):format(found.requests), wall, cpu))
    end
  end
end
print(("The server responds after %s ms; medians of %s rounds."):format(delay, rounds))

local lines, y, most = {}, 0, 0

local function add(...)
  lines[#lines + 1] = (...):format(select(2, ...))
end

local drawn = results[luas[1]]
for _, found in pairs(drawn) do most = math.max(most, found.wall) end
for _, group in ipairs(GROUPS) do
  y = y + HEAD
  add('  <text class="title" x="10" y="%d">%s</text>', y - 10, group[1])
  for i, case in ipairs(group[2]) do
    local found = drawn[case[1]]
    local width = found.wall / most * BAR
    add('  <text x="%d" y="%d" text-anchor="end">%s</text>', LABEL, y + 12, svg.escaped(case[2]))
    add('  <rect class="%s" x="%d" y="%d" width="%.1f" height="14"/>', i == 2 and "own" or "other",
      LABEL + 10, y, width)
    add('  <text x="%.1f" y="%d">%s ms, %g request%s</text>', LABEL + 16 + width, y + 12,
      svg.number_text(found.wall), found.requests, found.requests == 1 and "" or "s")
    y = y + ROW
  end
end
y = y + 20
add('  <text class="note" x="10" y="%d">Time until all tasks have their items, %s. The server responds after '
  .. "%s ms; shorter is better.</text>", y, svg.escaped(luas[1]), delay)
y = y + 16
add('  <text class="note" x="10" y="%d">%s. Medians of %s rounds.</text>', y, svg.escaped(machine), rounds)

local file = assert(io.open(picture, "wb"))
file:write(svg.document("Time of 64 reads with and without coalescing", WIDTH, y + 14, lines), "\n")
file:close()
