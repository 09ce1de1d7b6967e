-- Writes the figures of clients as JSON: peers_data.lua RESULTS FACTS A line of RESULTS is CLIENT CASE
-- CPU_MICROSECONDS ELAPSED_MICROSECONDS; the figures are medians of all rounds. A line of FACTS is KEY
-- VALUE, or client NAME LABEL in the order of the output.

local CASES = { "GetItem", "PutItem", "Scan" }

local samples = {} -- "CLIENT CASE" -> { cpu = list, wall = list }
for line in io.lines(arg[1]) do
  local key, cpu, wall = line:match("^(%S+ %S+) (%S+) (%S+)$")
  local found = samples[key] or { cpu = {}, wall = {} }
  samples[key] = found
  found.cpu[#found.cpu + 1], found.wall[#found.wall + 1] = tonumber(cpu), tonumber(wall)
end

local function median(list)
  table.sort(list)
  return (list[math.floor(#list / 2 + 0.5)] + list[math.floor(#list / 2) + 1]) / 2
end

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', "") .. '"'
end

local lines, clients = { "{" }, {}
for line in io.lines(arg[2]) do
  local key, value = line:match("^(%S+) (.*)$")
  if key == "client" then
    local name, label = value:match("^(%S+) (.*)$")
    clients[#clients + 1] = { name = name, label = label }
  else
    lines[#lines + 1] = ("  %s: %s,"):format(quoted(key), tonumber(value) or quoted(value))
  end
end

lines[#lines + 1] = '  "clients": ['
for i, client in ipairs(clients) do
  lines[#lines + 1] = ('    { "name": %s, "label": %s,'):format(quoted(client.name), quoted(client.label))
  for j, case in ipairs(CASES) do
    local found = assert(samples[client.name .. " " .. case], client.name)
    local stop = j < #CASES and "," or i < #clients and " }," or " }"
    lines[#lines + 1] = ('      "%s": { "cpu_us": %.1f, "calls_per_second": %.0f }%s'):format(case,
      median(found.cpu), 1e6 / median(found.wall), stop)
  end
end
lines[#lines + 1] = "  ]\n}"
print(table.concat(lines, "\n"))
