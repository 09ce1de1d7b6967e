-- Compares sequential and concurrent GetItem calls to a slow server: many.lua NAME RESPONSE_FILE
-- Prints lines of NAME, CASE, microseconds of one call (wall clock or CPU), and "-".

local dynamodb = require("dynamodb")
local now = require("dynamodb.transport.curl").now

local name, response_file = arg[1], arg[2]
local COUNT, AT_ONCE, DELAY = 1000, 64, 5 -- milliseconds

local server = assert(io.popen(("exec build/bench/late %d '%s'"):format(DELAY, response_file)))
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

local function sequential()
  for i = 1, COUNT do calls[i]() end
end

local function concurrent()
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

concurrent() -- opens the connections
measure("turn", sequential)
measure("once", concurrent)
conn:close()
os.exit(0) -- without finalizers: closing the pipe would wait for the server, which ends after this process
