-- Measures the start of a program that uses this library: start.lua NAME PORT
-- Prints lines of NAME, CASE, CPU microseconds, and bytes of Lua that remain: "start" for require and connect
-- together, "connect" for connect alone, and "first" for these and the first GetItem.

local name, port = arg[1], arg[2]

local function lua_memory()
  collectgarbage()
  return collectgarbage("count")
end

local before, start = lua_memory(), os.clock()
local dynamodb = require("dynamodb")
local loaded = os.clock()
local conn = dynamodb.connect({
  aws_access_key_id = "AKIDEXAMPLE",
  aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  region = "us-east-1",
  endpoint_url = "http://127.0.0.1:" .. port,
})
local connected = os.clock()
local memory = lua_memory()
local again = os.clock()
assert(conn:table("bench", { hash_key = "id" }):get_item({ hash_key = "user#000001" }))
local finish = os.clock()

local function report(case, seconds, kilobytes)
  print(("%s %s %.3f %.0f"):format(name, case, seconds * 1e6, (kilobytes - before) * 1024))
end

report("start", connected - start, memory)
report("connect", connected - loaded, memory)
report("first", connected - start + finish - again, lua_memory())
conn:close()
