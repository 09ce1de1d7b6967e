-- GetItem, one after the other and many at once, from a server that takes its time: many.lua NAME ANSWER
-- Prints lines of NAME, CASE, microseconds of one call, as they pass ("wall") and of CPU, and "-".

local dynamodb = require("dynamodb")
local now = require("dynamodb.transport.curl").now

local name, answer = arg[1], arg[2]
local COUNT, AT_ONCE, DELAY = 1000, 64, 5 -- milliseconds

local server = assert(io.popen(("exec build/bench/late %d '%s'"):format(DELAY, answer)))
local conn = dynamodb.connect({
  aws_access_key_id = "AKIDEXAMPLE",
  aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  region = "us-east-1",
  endpoint_url = "http://127.0.0.1:" .. server:read("*l"),
  max_connections = AT_ONCE,
})
local tbl = conn:table("bench", { hash_key = "id" })

local calls = {}
for i = 1, COUNT do
  calls[i] = function() return assert(tbl:get_item({ hash_key = "user#000001" })) end
end

local function in_turn()
  for i = 1, COUNT do calls[i]() end
end

local function at_once()
  local _, errs = dynamodb.gather(calls, { concurrency = AT_ONCE })
  assert(not errs, errs and select(2, next(errs)))
end

local function measure(case, run)
  collectgarbage()
  local wall, cpu = now(), os.clock()
  run()
  wall, cpu = now() - wall, os.clock() - cpu
  for what, seconds in pairs({ wall = wall, cpu = cpu }) do
    print(("%s %s-%s %.3f -"):format(name, case, what, seconds / COUNT * 1e6))
  end
end

at_once() -- opens the connections
measure("turn", in_turn)
measure("once", at_once)
conn:close()
os.exit(0) -- or Lua waits for the server, which waits for the end of Lua
