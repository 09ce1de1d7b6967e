-- Commands of bench/nginx.sh:
--   nginx.lua bystander PORT SECONDS        requests /bystander every 2 ms; prints latency percentiles
--   nginx.lua head CLIENTS DELAY            prints the heading of the table
--   nginx.lua row LABEL WRK BYSTANDER       prints a row from the output files of wrk (or -) and of bystander
--   nginx.lua goals CLIENTS DELAY WRK BYSTANDER    prints which goals are met

local curl = require("dynamodb.transport.curl")

local function read(path)
  if path == "-" then return nil end
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

local function percentile(sorted, part)
  return sorted[math.max(1, math.ceil(#sorted * part))]
end

local REQUEST = "GET /bystander HTTP/1.1\r\nHost: bench\r\n\r\n"

-- Sends one request -> its latency in seconds.
local function request(socket)
  local start = curl.now()
  assert(curl.send(socket, REQUEST, start + 60))
  local text = ""
  repeat text = text .. assert(curl.receive(socket, start + 60, true)) until text:find("hello\n", 1, true)
  return curl.now() - start
end

local commands = {}

function commands.bystander(port, seconds)
  local socket = assert(curl.connect({ url = "http://127.0.0.1:" .. port }, 5))
  local latencies, deadline = {}, curl.now() + tonumber(seconds)
  repeat
    latencies[#latencies + 1] = request(socket)
    curl.sleep(0.002)
  until curl.now() > deadline
  table.sort(latencies)
  print(("p50=%.3f p99=%.3f n=%d"):format(percentile(latencies, 0.5) * 1000,
    percentile(latencies, 0.99) * 1000, #latencies))
end

local units = { us = 0.001, ms = 1, s = 1000, m = 60000 }

-- Parses a line of wrk such as "  99%  6.86ms" -> milliseconds.
local function latency(text, part)
  local number, unit = text:match(part .. "%%%s+([%d.]+)(%a+)")
  return number * units[unit]
end

-- Parses the output of wrk -> requests per second, number of failures.
local function of_wrk(text)
  local failed = tonumber(text:match("Non%-2xx or 3xx responses: (%d+)")) or 0
  for count in (text:match("Socket errors:([^\n]*)") or ""):gmatch("%d+") do failed = failed + count end
  return tonumber(text:match("Requests/sec:%s+([%d.]+)")), failed
end

local FORMAT = "%-26s %11s %9s %9s %9s %14s %14s"

function commands.head(clients, delay)
  print(("\nOne worker, %d clients; DynamoDB responds after %g ms\n"):format(clients, delay * 1000))
  print(FORMAT:format("", "requests/s", "failed", "p50 ms", "p99 ms", "bystander p50", "bystander p99"))
end

function commands.row(label, wrk, bystander)
  local ours, theirs = read(wrk), read(bystander)
  local cells = { "", "", "", "" }
  if ours then
    local rate, failed = of_wrk(ours)
    cells = { ("%.1f"):format(rate), failed, ("%.1f"):format(latency(ours, "50")),
      ("%.1f"):format(latency(ours, "99")) }
  end
  print(FORMAT:format(label, cells[1], cells[2], cells[3], cells[4], theirs:match("p50=(%S+)"),
    theirs:match("p99=(%S+)")))
end

function commands.goals(clients, delay, wrk, bystander)
  local rate, failed = of_wrk(read(wrk))
  local part = rate / (clients / delay) * 100
  local p99 = tonumber(read(bystander):match("p99=(%S+)"))
  local function goal(text, met, value) print(("%s: %s (%s)"):format(text, met and "yes" or "no", value)) end
  print()
  goal(("within 10 %% of %.0f requests/s"):format(clients / delay), part >= 90 and failed == 0,
    ("%.1f %%"):format(part))
  goal("the bystander's p99 is under 5 ms", p99 < 5, ("%.2f ms"):format(p99))
end

commands[arg[1]](arg[2], arg[3], arg[4], arg[5])
