-- Measures calls of this client to nginx, which sends fixed responses: client.lua NAME CASE PORT COUNT
-- [CA_FILE] Prints NAME, CASE, CPU microseconds and allocated bytes of one call, and the number of opened
-- connections.

local dynamodb = require("dynamodb")
local sample = require("sample")
local native = require("dynamodb.transport.curl")

local name, case, port, count, ca = arg[1], arg[2], arg[3], tonumber(arg[4]), arg[5]

-- A copy of the default transport that counts connections; the other functions have no extra cost.
local opened, transport = 0, {}
for key, value in pairs(native) do transport[key] = value end
function transport.connect(...)
  opened = opened + 1
  return native.connect(...)
end

local conn = dynamodb.connect({
  aws_access_key_id = "AKIDEXAMPLE",
  aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  region = "us-east-1",
  endpoint_url = (ca and "https://localhost:" or "http://127.0.0.1:") .. port,
  ca_bundle = ca,
  transport = transport,
  compression = case == "unzip",
})
local tbl = conn:table("bench", { hash_key = "id" })
local attributes = sample.attributes(1)
local item = tbl:new_item({ attrs = attributes })

local cases = {}

function cases.GetItem()
  return assert(tbl:get_item({ hash_key = "user#000001" }))
end

function cases.PutItem()
  return assert(tbl:put_item(attributes))
end

-- Changes the item and puts it, as boto users do.
local age = 0
function cases.put()
  age = age + 1
  item.age = age
  return assert(item:put())
end

function cases.Scan()
  return assert(conn:call("Scan", { TableName = "bench" }))
end

cases.unzip, cases.tls = cases.Scan, cases.GetItem

-- A page item by item, of which nothing, two attributes or all are read.
function cases.page_none()
  local found = 0
  for _ in tbl:scan() do found = found + 1 end
  assert(found == sample.page_items)
end

function cases.page_two()
  local found = 0
  for each in tbl:scan() do
    if each.id and each.age then found = found + 1 end
  end
  assert(found == sample.page_items)
end

function cases.page_pairs()
  local found = 0
  for each in tbl:scan() do
    for _ in each:pairs() do found = found + 1 end
  end
  assert(found == sample.page_items * 10)
end

local function times(call, n)
  for _ = 1, n do call() end
end

local call = cases[case]
assert(case ~= "GetItem" or call().address.zip == "1000-000001")
assert(call ~= cases.Scan or #call().Items == sample.page_items)

times(call, count / 5 + 1)
collectgarbage()
local start = os.clock()
times(call, count)
local us = (os.clock() - start) / count * 1e6

local calls = math.min(count, 5)
collectgarbage()
collectgarbage("stop")
local before = collectgarbage("count")
times(call, calls)
local bytes = (collectgarbage("count") - before) * 1024 / calls

print(("%s %s %.3f %.0f %d"):format(name, case, us, bytes, opened))
conn:close()
