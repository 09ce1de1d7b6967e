-- Measures calls of this library as the scripts beside it do for others: client.lua NAME CASE PORT COUNT
-- Prints NAME, CASE, CPU and elapsed microseconds of one call.

local dynamodb = require("dynamodb")
local sample = require("sample")
local now = require("dynamodb.transport.curl").now

local name, case, port, count = arg[1], arg[2], arg[3], tonumber(arg[4])

local conn = dynamodb.connect({
  endpoint_url = "http://127.0.0.1:" .. port,
  region = "us-east-1",
  aws_access_key_id = "AKIDEXAMPLE",
  aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
})
local tbl = conn:table("bench", { hash_key = "id" })
local attributes = sample.attributes(1)

local calls = {
  GetItem = function() return assert(tbl:get_item({ hash_key = "user#000001" })) end,
  PutItem = function() return assert(tbl:put_item(attributes)) end,
  Scan = function() return assert(conn:call("Scan", { TableName = "bench" })).Items end, -- as Lua tables
}
local call = calls[case]
assert(case ~= "GetItem" or call().address.zip == "1000-000001")
assert(case ~= "Scan" or #call() == sample.page_items)

local function times(n)
  for _ = 1, n do call() end
end

times(count / 5 + 1)
collectgarbage()
local cpu, wall = os.clock(), now()
times(count)
cpu, wall = os.clock() - cpu, now() - wall
print(("%s %s %.3f %.3f"):format(name, case, cpu / count * 1e6, wall / count * 1e6))
conn:close()
