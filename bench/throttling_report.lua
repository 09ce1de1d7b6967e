-- Prints the results of bench/throttling.lua as a table, and draws them:
-- throttling_report.lua RESULTS SECONDS PICTURE

local svg = dofile("bench/svg.lua")

local results_file, seconds, picture = arg[1], arg[2], arg[3]
local WIDTH, LABEL, BAR, ROW, HEAD = 780, 240, 330, 22, 34 -- pixels
local CASES = { { "standard", "standard" }, { "client-wide", "adaptive, without reasons" },
  { "by-reason", "adaptive" } }
local GROUPS = { { "999 other keys: 1,000 requests a second are offered", "others", 1000 },
  { "The hot key: 500 are offered, 100 are allowed", "hot", 1000 } }

local luas, results = {}, {}
for line in io.lines(results_file) do
  local lua, case, hot, others, p99, throttled = line:match("^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$")
  if not results[lua] then luas[#luas + 1], results[lua] = lua, {} end
  results[lua][case] = { hot = tonumber(hot), others = tonumber(others), p99 = p99, throttled = throttled }
end

local ROW_FORMAT = "%-8s %-28s %8s %8s %14s %10s"
print(ROW_FORMAT:format("", "", "others/s", "hot/s", "others p99 ms", "throttled"))
for _, lua in ipairs(luas) do
  for _, case in ipairs(CASES) do
    local found = results[lua][case[1]]
    local others, hot = ("%.1f"):format(found.others), ("%.1f"):format(found.hot)
    print(ROW_FORMAT:format(lua, case[2], others, hot, found.p99, found.throttled))
  end
end
print(("Served requests a second, in %s simulated seconds."):format(seconds))

local lines, y = {}, 0

local function add(...)
  lines[#lines + 1] = (...):format(select(2, ...))
end

for _, group in ipairs(GROUPS) do
  y = y + HEAD
  add('  <text class="title" x="10" y="%d">%s</text>', y - 10, group[1])
  for i, case in ipairs(CASES) do
    local rate = results[luas[1]][case[1]][group[2]]
    local width = rate / group[3] * BAR
    add('  <text x="%d" y="%d" text-anchor="end">%s</text>', LABEL, y + 12, svg.escaped(case[2]))
    add('  <rect class="%s" x="%d" y="%d" width="%.1f" height="14"/>', i == #CASES and "own" or "other",
      LABEL + 10, y, width)
    add('  <text x="%.1f" y="%d">%s/s</text>', LABEL + 16 + width, y + 12, svg.number_text(rate))
    y = y + ROW
  end
end
y = y + 20
add('  <text class="note" x="10" y="%d">Served requests a second in %s simulated seconds, %s. Longer is '
  .. "better, up to what is offered or allowed.</text>", y, seconds, svg.escaped(luas[1]))

local file = assert(io.open(picture, "wb"))
file:write(svg.document("Requests served beside a hot key, by retry mode", WIDTH, y + 14, lines), "\n")
file:close()
