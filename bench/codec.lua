-- Compares the codec with lua-cjson plus wrapping and unwrapping in Lua: codec.lua NAME [CASE SECONDS]
-- Prints for each case NAME, CASE, CPU microseconds and allocated bytes of one call.

local cjson = require("cjson")
local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local operations = require("dynamodb.base.operations")
local plain = require("plain")
local sample = require("sample")

local name, only, seconds = arg[1], arg[2], tonumber(arg[3] or 0.08)

local page, response = sample.page(), sample.item()
local attributes, puts = sample.attributes(1), {}
for i = 1, 25 do puts[i] = { PutRequest = { Item = sample.attributes(i) } } end
local batch = { RequestItems = { bench = puts } }
local batch_shape = { RequestItems = { "map", { "list", { PutRequest = { Item = "item" } } } } }
local conn = dynamodb.connect({ aws_access_key_id = "k", aws_secret_access_key = "s", region = "us-east-1" })
local tbl = conn:table("bench", { hash_key = "id" })

-- { name, call of this library, equivalent call of cjson or nil }
local cases = {
  { "decode-page", function() return core.decode(page, operations.Scan.output) end,
    function() return plain.decode(page) end },
  { "decode-items", function() return core.decode(page, operations.Scan.output, tbl) end },
  { "decode-item", function() return core.decode(response, operations.GetItem.output) end,
    function()
      local result = cjson.decode(response)
      plain.unwrap_item(result.Item)
      return result
    end },
  { "encode-item", function() return core.encode(attributes, "item") end,
    function() return cjson.encode(plain.wrap_item(attributes)) end },
  { "encode-25", function() return core.encode(batch, batch_shape) end,
    function()
      local wrapped = {}
      for i = 1, #puts do
        wrapped[i] = { PutRequest = { Item = plain.wrap_item(puts[i].PutRequest.Item) } }
      end
      return cjson.encode({ RequestItems = { bench = wrapped } })
    end },
}

local function times(call, n)
  for _ = 1, n do call() end
end

-- Doubles the number of calls until they take 'seconds'; the earlier rounds are the warm-up.
local function measure(call)
  local n, spent = 1, 0
  collectgarbage()
  while spent < seconds do
    n = n * 2
    local start = os.clock()
    times(call, n)
    spent = os.clock() - start
  end
  return spent / n * 1e6
end

local function allocated(call)
  collectgarbage()
  collectgarbage("stop")
  local before = collectgarbage("count")
  times(call, 5)
  local bytes = (collectgarbage("count") - before) * 1024 / 5
  collectgarbage("restart")
  return bytes
end

local function report(case, call)
  if only and only ~= case then return end
  print(("%s %s %.3f %.0f"):format(name, case, measure(call), allocated(call)))
end

-- Asserts that both calls have equal results.
local function same(case, ours, theirs)
  local a, b = ours(), theirs()
  if case:match("^encode") then
    local shape = case == "encode-25" and batch_shape or "item"
    a, b = core.decode(a, shape), core.decode(b, shape)
  end
  assert(core.equal(a, b), case)
end

for _, case in ipairs(cases) do
  local label, ours, theirs = case[1], case[2], case[3]
  if theirs then same(label, ours, theirs) end
  report(label, ours)
  if theirs then report(label .. "-cjson", theirs) end
end
