-- Prints whether libcurl was initialised after a task of the loop has slept, and after a connection was tried.

local dynamodb = require("dynamodb")
local curl = require("dynamodb.curl")

dynamodb.loop.run(function() dynamodb.loop.sleep(0.001) end)
local before = curl.is_started()
curl.connect("http://127.0.0.1:1", 1)
print(before, curl.is_started())
