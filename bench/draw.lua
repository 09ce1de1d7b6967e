-- Draws the figures of bench/peers.json as SVG: draw.lua DATA. A group of bars for each operation shows the
-- CPU time of one call by each client; the longest bar of a group has the full width.

local cjson = require("cjson")

local svg = dofile("bench/svg.lua")

local WIDTH, LABEL, BAR, ROW, HEAD = 780, 320, 330, 22, 34 -- pixels
local GROUPS = {
  { "GetItem", "GetItem: an item of 10 attributes, 412 bytes", 1, "us" },
  { "PutItem", "PutItem: the same item", 1, "us" },
  { "Scan", "Scan: a page of 2,474 items, 1 MB", 1000, "ms" },
}
local escaped, number_text = svg.escaped, svg.number_text

local file = assert(io.open(arg[1], "rb"))
local data = cjson.decode(file:read("*a"))
file:close()

local lines, y = {}, 0

local function add(...)
  lines[#lines + 1] = (...):format(select(2, ...))
end

local function longest(case)
  local most = 0
  for _, client in ipairs(data.clients) do most = math.max(most, client[case].cpu_us) end
  return most
end

local function draw_group(case, title, scale, unit)
  y = y + HEAD
  add('  <text class="title" x="10" y="%d">%s</text>', y - 10, title)
  local most = longest(case)
  for _, client in ipairs(data.clients) do
    local us = client[case].cpu_us
    local width = us / most * BAR
    add('  <text x="%d" y="%d" text-anchor="end">%s</text>', LABEL, y + 12, escaped(client.label))
    add('  <rect class="%s" x="%d" y="%d" width="%.1f" height="14"/>',
      client.name:find("^lua") and "own" or "other", LABEL + 10, y, width)
    add('  <text x="%.1f" y="%d">%s %s</text>', LABEL + 16 + width, y + 12, number_text(us / scale), unit)
    y = y + ROW
  end
end

for _, group in ipairs(GROUPS) do draw_group(group[1], group[2], group[3], group[4]) end
y = y + 20
add('  <text class="note" x="10" y="%d">CPU time of the client for one call over HTTP; shorter is better.'
  .. "</text>", y)
y = y + 16
add('  <text class="note" x="10" y="%d">%s. %s. Medians of %d rounds, %s.</text>', y, escaped(data.machine),
  escaped(data.server), data.rounds, escaped(data.measured))

print(svg.document("CPU time of one call by client", WIDTH, y + 14, lines))
