-- Uses the installed package against a local server, in the fresh system of tools/packages.sh: the server is
-- in /check.

local dynamodb = require("dynamodb")
local testing = require("dynamodb.testing")

local server = testing.server({ directory = "/check" })
local conn = server:connect()
local orders, guard = testing.table(conn, { name = "orders", hash_key = "customer", range_key = "number",
  range_key_type = "N" })
testing.load(orders, { { customer = "ann", number = 1, total = dynamodb.number("0.1") },
  { customer = "ann", number = 2, total = 35 } })

local sum, count = dynamodb.number(0), 0
for order in orders:query({ hash_key = "ann" }) do sum, count = sum + order.total, count + 1 end
assert(count == 2 and tostring(sum) == "35.1", tostring(sum))
dynamodb.loop.run(function() assert(orders:get_item("ann", 2).total == 35) end)

guard:delete()
conn:close()
server:stop()
print(_VERSION, dynamodb._VERSION, server.engine, "a query and a task")
