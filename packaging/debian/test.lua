-- Uses the package without a service: lua test.lua [DIRECTORY OF THE C MODULES]. Loads all files, encodes values, and makes a
-- request that nothing answers.

if arg[1] then
  package.path, package.cpath = "lua/?.lua;lua/?/init.lua;" .. package.path, arg[1] .. "/?.so;" .. package.cpath
end

local dynamodb = require("dynamodb")
dynamodb.preload()
assert(dynamodb.json.typed_encode({ n = dynamodb.number("0.1") + 0.2 }) == '{"n":{"N":"0.3"}}')

local conn = dynamodb.connect({ endpoint_url = "http://127.0.0.1:1", proxy = false, max_attempts = 1,
  aws_access_key_id = "AKIDEXAMPLE", aws_secret_access_key = "secret" })
local names, err = conn:list_tables()
assert(names == nil and err.kind == "network", tostring(err))
print(_VERSION, dynamodb._VERSION, err.kind)
