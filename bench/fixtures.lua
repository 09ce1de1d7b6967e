-- Writes the requests that the C programs send and the bodies of the responses: fixtures.lua DIRECTORY PORT

local core = require("dynamodb.core")
local operations = require("dynamodb.base.operations")
local sample = require("sample")

local directory, port = arg[1], arg[2]

local function write(name, text)
  local file = assert(io.open(directory .. "/" .. name, "wb"))
  assert(file:write(text))
  assert(file:close())
end

-- Writes the request that the client sends for this call.
local function request(name, params)
  local operation = operations[name]
  local signer = assert(core.signer("us-east-1", "dynamodb"))
  assert(signer:credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"))
  local agent = "lua-dynamodb/" .. require("dynamodb.base.version")
  assert(signer:headers(core.uuid():sub(1, 24), { "user-agent", agent }))
  local made = core.new_request()
  assert(made:encode(params, operation.input))
  assert(made:sign(signer, "127.0.0.1:" .. port, "/", operation.target, os.time(), 1, 1, 3))
  write(name .. ".request", made:bytes())
end

request("GetItem", { TableName = "bench", Key = { id = "user#000001" } })
request("PutItem", { TableName = "bench", Item = sample.attributes(1) })
request("Scan", { TableName = "bench" })
write("GetItem.json", sample.item())
write("PutItem.json", "{}")
write("Scan.json", sample.page())
write("Query.json", sample.page(20))
write("BatchWriteItem.json", '{"UnprocessedItems":{}}')
