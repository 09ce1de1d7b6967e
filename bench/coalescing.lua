-- Measures 64 tasks that read at once, with and without coalescing: coalescing.lua NAME PORT ROUNDS
-- Prints lines of NAME, CASE, requests, milliseconds of wall clock, milliseconds of the client's CPU time:
-- medians of the rounds.

local dynamodb = require("dynamodb")
local in_rounds = dofile("bench/rounds.lua")
local now = require("dynamodb.transport.curl").now

local unpack = table.unpack or unpack -- luacheck: ignore 143 113

local name, port, rounds = arg[1], arg[2], tonumber(arg[3])
local TASKS, REPEATS = 64, 20

local function connect(given)
  given.endpoint_url, given.region = "http://127.0.0.1:" .. port, "us-east-1"
  given.aws_access_key_id = "AKIDEXAMPLE"
  given.aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
  local conn = dynamodb.connect(given)
  return conn, conn:table("bench", { hash_key = "id" })
end

local conn, tbl = connect({})
local sharing, shared = connect({ single_flight = true })
local loader = tbl:loader()

local cases = {
  { "keys-get_item", conn, function(i) return assert(tbl:get_item("k" .. i)) end },
  { "keys-loader", conn, function(i) return assert(loader:get("k" .. i)) end },
  { "same-get_item", conn, function() return assert(tbl:get_item("k1")) end },
  { "same-single_flight", sharing, function() return assert(shared:get_item("k1")) end },
}

-- Lets all tasks read once -> nothing. Each must get its item.
local function read(f)
  dynamodb.loop.run(function()
    for i = 1, TASKS do
      dynamodb.loop.spawn(function() assert(f(i).visits == 12) end)
    end
  end)
end

local function measure(case)
  collectgarbage()
  assert(case[2]:list_tables()) -- resets the server's counter
  local wall, cpu = now(), os.clock()
  for _ = 1, REPEATS do read(case[3]) end
  wall, cpu = now() - wall, os.clock() - cpu
  local requests = tonumber(assert(case[2]:list_tables())[1])
  return { requests / REPEATS, wall / REPEATS * 1e3, cpu / REPEATS * 1e3 }
end

for _, case in ipairs(cases) do read(case[3]) end -- opens the connections
in_rounds(cases, rounds, measure)
for _, case in ipairs(cases) do
  local requests, wall, cpu = unpack(case.medians)
  print(("%s %s %g %.2f %.2f"):format(name, case[1], requests, wall, cpu))
end
conn:close()
sharing:close()
