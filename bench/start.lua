-- Measures the start of a program that uses this library: start.lua NAME Prints NAME, "start", CPU
-- microseconds of require and connect, and the bytes of Lua that remain; NAME, "connect", the same of
-- connect alone.

local name = arg[1]

collectgarbage()
local before, start = collectgarbage("count"), os.clock()
local dynamodb = require("dynamodb")
local loaded = os.clock()
local conn = dynamodb.connect({ aws_access_key_id = "k", aws_secret_access_key = "s", region = "us-east-1" })
local finish = os.clock()
collectgarbage()
local after = collectgarbage("count")
print(("%s start %.3f %.0f"):format(name, (finish - start) * 1e6, (after - before) * 1024))
print(("%s connect %.3f -"):format(name, (finish - loaded) * 1e6))
conn:close()
