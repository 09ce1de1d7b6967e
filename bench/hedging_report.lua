-- Prints the results of bench/hedging.lua as a table, and draws them:
-- hedging_report.lua RESULTS READS ROUNDS MACHINE PICTURE

local svg = dofile("bench/svg.lua")

local results_file, reads, rounds, machine, picture = arg[1], arg[2], arg[3], arg[4], arg[5]
local WIDTH, LABEL, BAR, ROW, HEAD = 780, 240, 330, 22, 34 -- pixels
local LABELS = { ["none"] = "no hedging", ["after-10ms"] = "after = 0.01", ["after-p95"] = 'after = "p95"' }
local PERCENTILES = { "p50", "p99", "p999" }
local TITLES = { p50 = "50 % of the reads take at most (p50)", p99 = "99 % of the reads take at most (p99)",
  p999 = "99.9 % of the reads take at most (p999)" }

local rows, luas = {}, {}
for line in io.lines(results_file) do
  local lua, case, requests, p50, p99, p999 = line:match("^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$")
  if lua ~= luas[#luas] then luas[#luas + 1] = lua end
  rows[#rows + 1] = { lua = lua, case = case, extra = (tonumber(requests) - 1) * 100, p50 = tonumber(p50),
    p99 = tonumber(p99), p999 = tonumber(p999) }
end

print(("%-8s %-16s %9s %9s %9s %15s"):format("", "", "p50 ms", "p99 ms", "p999 ms", "extra requests"))
for _, row in ipairs(rows) do
  print(("%-8s %-16s %9.1f %9.1f %9.1f %13.1f %%"):format(row.lua, LABELS[row.case], row.p50, row.p99,
    row.p999, row.extra))
end
print(("each row %s reads by 16 tasks, medians of %s rounds"):format(reads, rounds))
print("the server responds after 3 ms, and to 2 % of the requests after 300 ms")

local lines, y, most = {}, 0, 0

local function add(...)
  lines[#lines + 1] = (...):format(select(2, ...))
end

for _, row in ipairs(rows) do
  if row.lua == luas[1] then most = math.max(most, row.p999) end
end
for _, percentile in ipairs(PERCENTILES) do
  y = y + HEAD
  add('  <text class="title" x="10" y="%d">%s</text>', y - 10, svg.escaped(TITLES[percentile]))
  for _, row in ipairs(rows) do
    if row.lua == luas[1] then
      local width = row[percentile] / most * BAR
      add('  <text x="%d" y="%d" text-anchor="end">%s</text>', LABEL, y + 12, svg.escaped(LABELS[row.case]))
      add('  <rect class="%s" x="%d" y="%d" width="%.1f" height="14"/>',
        row.case == "none" and "other" or "own", LABEL + 10, y, width)
      add('  <text x="%.1f" y="%d">%s ms%s</text>', LABEL + 16 + width, y + 12,
        svg.number_text(row[percentile]),
        row.case ~= "none" and (", %.1f %% more requests"):format(row.extra) or "")
      y = y + ROW
    end
  end
end
y = y + 20
add('  <text class="note" x="10" y="%d">%s reads by 16 tasks, %s. The server responds after 3 ms, to '
  .. "2 %% of the requests after 300 ms; shorter is better.</text>", y, svg.number_text(tonumber(reads)),
  svg.escaped(luas[1]))
y = y + 16
add('  <text class="note" x="10" y="%d">%s. Medians of %s rounds.</text>', y, svg.escaped(machine), rounds)

local file = assert(io.open(picture, "wb"))
file:write(svg.document("Times of reads with and without hedging", WIDTH, y + 14, lines), "\n")
file:close()
