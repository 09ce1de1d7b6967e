-- Measures how long reads take with and without hedging: hedging.lua NAME PORT READS ROUNDS
-- Prints lines of NAME, CASE, requests per read, and the percentiles 50, 99 and 99.9 in milliseconds:
-- medians of the rounds.

local dynamodb = require("dynamodb")
local in_rounds = dofile("bench/rounds.lua")
local now = require("dynamodb.transport.curl").now

local unpack = table.unpack or unpack -- luacheck: ignore 143 113

local name, port, reads, rounds = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4])
local TASKS = 16

local cases = {
  { "none", false },
  { "after-10ms", { after = 0.01 } },
  { "after-p95", { after = "p95" } },
}

local function connect(hedge)
  local conn = dynamodb.connect({ hedge = hedge, endpoint_url = "http://127.0.0.1:" .. port,
    region = "us-east-1", aws_access_key_id = "AKIDEXAMPLE",
    aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" })
  return conn, conn:table("bench", { hash_key = "id" })
end

-- Lets the tasks read -> times in seconds.
local function read(tbl, count)
  local times, started = {}, 0
  local function work()
    while started < count do
      started = started + 1
      local start = now()
      assert(assert(tbl:get_item("k")).visits == 12)
      times[#times + 1] = now() - start
    end
  end
  dynamodb.loop.run(function()
    for _ = 1, TASKS do dynamodb.loop.spawn(work) end
  end)
  return times
end

-- Reads -> requests per read, and the percentiles in milliseconds.
local function measure(case)
  assert(case.conn:list_tables()) -- resets the server's counter
  local times = read(case.tbl, reads)
  local requests = tonumber(assert(case.conn:list_tables())[1])
  table.sort(times)
  local function percentile(share) return times[math.ceil(share * #times)] * 1e3 end
  return { requests / reads, percentile(0.5), percentile(0.99), percentile(0.999) }
end

for _, case in ipairs(cases) do
  case.conn, case.tbl = connect(case[2])
  read(case.tbl, 500) -- opens connections and measures the p95
end
in_rounds(cases, rounds, measure)
for _, case in ipairs(cases) do
  print(("%s %s %.4f %.2f %.2f %.2f"):format(name, case[1], unpack(case.medians)))
  case.conn:close()
end
