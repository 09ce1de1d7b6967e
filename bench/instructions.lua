-- Lets callgrind count the instructions of calls: instructions.lua DIRECTORY, with the modules `counter`
-- and the library. DIRECTORY has NAME.response, the whole response to each request. Each case is counted by
-- itself, without its warm-up: the calls with the collector stopped, then a collection, less what a
-- collection costs without garbage. So the count has the making and the freeing of everything that a call
-- allocates, and does not depend on when the collector would run. Few calls are counted, since LuaJIT
-- compares a new string with uncollected ones that have the same hash. bench/instructions.sh runs it and
-- reads the counts of "LABEL|CALLS|PART" that callgrind writes.

local counter = require("counter")

local directory = arg[1]
local OPTIONS = {
  aws_access_key_id = "AKIDEXAMPLE",
  aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  region = "us-east-1",
}

local function copy(options)
  local result = {}
  for name, value in pairs(options) do result[name] = value end
  return result
end

local servers = {} -- pipes; closing one, which its collection does, would wait for the server

-- Starts a server that responds at once -> its URL.
local function serve(name)
  local server = assert(io.popen(("exec build/bench/late 0 '%s/%s.json'"):format(directory, name)))
  servers[#servers + 1] = server
  return "http://127.0.0.1:" .. server:read("*l")
end

-- The start-up is counted first, since it happens once. Its garbage is not freed. The first call loads what
-- later calls use.
local options = copy(OPTIONS)
options.endpoint_url = serve("GetItem")
collectgarbage("stop")
counter.start()
local dynamodb = require("dynamodb")
local first = dynamodb.connect(options)
counter.stop("start-up: require and connect|1|calls")
counter.start()
assert(first:table("bench", { hash_key = "id" }):get_item({ hash_key = "user#000001" }))
counter.stop("start-up: the first GetItem|1|calls")
collectgarbage("restart")
first:close()

local core = require("dynamodb.core")
local operations = require("dynamodb.base.operations")
local plain = require("plain")
local sample = require("sample")
local system = require("dynamodb.base.system")

function system.random() return 0.5 end

-- {===== A transport that answers from memory =====

local response -- of the next request
local seconds = 0

local transport = {}

function transport.connect() return {} end

function transport.send() return true end

function transport.receive() return response end

function transport.idle() return true end

function transport.close() end

function transport.now()
  seconds = seconds + 0.0001
  return seconds
end

function transport.sleep(pause) seconds = seconds + pause end

function transport.time() return 1800000000 end

-- ===================== }

local function read(name)
  local file = assert(io.open(directory .. "/" .. name, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

options = copy(OPTIONS)
options.endpoint_url, options.transport = "http://127.0.0.1:8000", transport
local conn = dynamodb.connect(options)
local tbl = conn:table("bench", { hash_key = "id" })
local cities = conn:table("bench", { hash_key = "city", range_key = "id" })

-- A table behind libcurl's transport; the kernel's work is not counted.
local function over_a_socket(name)
  local own, copied = copy(OPTIONS), copy(require("dynamodb.transport.curl"))
  copied.time = transport.time
  own.endpoint_url, own.transport = serve(name), copied
  return dynamodb.connect(own):table("bench", { hash_key = "id" })
end

local reader, writer = over_a_socket("GetItem"), over_a_socket("PutItem")

local attributes, list = sample.attributes(1), {}
for i = 1, 25 do list[i] = sample.attributes(i) end
local item = tbl:new_item({ attrs = attributes })
local changing = tbl:new_item({ attrs = attributes })
local batch = { RequestItems = { bench = {} } }
for i = 1, 25 do batch.RequestItems.bench[i] = { PutRequest = { Item = list[i] } } end
local batch_shape = { RequestItems = { "map", { "list", { PutRequest = { Item = "item" } } } } }
local page = sample.page()

local signer = assert(core.signer("us-east-1", "dynamodb"))
assert(signer:credentials(OPTIONS.aws_access_key_id, OPTIONS.aws_secret_access_key))
local request = { TableName = "bench", Key = { id = "user#000001" } }
assert(signer:headers(core.uuid():sub(1, 24), { "user-agent", "lua-dynamodb" }))
local signed = core.new_request()
assert(signed:encode(request, operations.GetItem.input))

local function expect(expected, count)
  assert(count == expected, count)
end

local age = 0

-- { label, calls, name of the response or nil, call }; the page is called once, since it is long.
local cases = {
  { "GetItem", 5, "GetItem", function() assert(tbl:get_item({ hash_key = "user#000001" })) end },
  { "PutItem of a table", 5, "PutItem", function() assert(tbl:put_item(attributes)) end },
  { "item:put()", 5, "PutItem", function() assert(item:put()) end },
  { "item:put() of a changed item", 5, "PutItem", function()
    age = age + 1
    changing.age = age
    assert(changing:put())
  end },
  { "GetItem over a socket", 20, nil, function() assert(reader:get_item({ hash_key = "user#000001" })) end },
  { "PutItem of a table, over a socket", 20, nil, function() assert(writer:put_item(attributes)) end },
  { "query of 20 items, two attributes read", 20, "Query", function()
    local count = 0
    for found in cities:query({ hash_key = "Lisbon, Portugal" }) do
      if found.id and found.age then count = count + 1 end
    end
    expect(20, count)
  end },
  { "batch_write of 25 items", 20, "BatchWriteItem", function() assert(tbl:batch_write({ put = list })) end },
  { "scan of a page, nothing read", 1, "Scan", function()
    local count = 0
    for _ in tbl:scan() do count = count + 1 end
    expect(sample.page_items, count)
  end },
  { "scan of a page, two attributes read", 1, "Scan", function()
    local count = 0
    for found in tbl:scan() do
      if found.id and found.age then count = count + 1 end
    end
    expect(sample.page_items, count)
  end },
  { "scan of a page, all read by pairs", 1, "Scan", function()
    local count = 0
    for found in tbl:scan() do
      for _ in found:pairs() do count = count + 1 end
    end
    expect(sample.page_items * 10, count)
  end },
  { "encode 25 items", 20, nil, function() assert(core.encode(batch, batch_shape)) end },
  { "decode a page to tables", 1, nil, function() assert(core.decode(page, operations.Scan.output)) end },
  { "decode a page by lua-cjson, unwrapped", 1, nil, function() assert(plain.decode(page)) end },
  { "sign a request", 20, nil, function()
    assert(signed:sign(signer, "127.0.0.1:8000", "/", operations.GetItem.target, 1800000000, 1, 1, 3))
  end },
}

local function times(call, n)
  for _ = 1, n do call() end
end

-- Counts a full collection.
local function collect(label)
  counter.start()
  collectgarbage()
  counter.stop(label)
end

for _, case in ipairs(cases) do
  local name, calls, canned, call = case[1], case[2], case[3], case[4]
  response = canned and read(canned .. ".response")
  times(call, calls > 1 and 100 or 2) -- warm-up
  for _ = 1, 8 do collectgarbage() end -- each one halves the table of strings, while it is too large
  local label = name .. "|" .. calls .. "|"
  collectgarbage("stop")
  collect(label .. "clean")
  collectgarbage("stop") -- on LuaJIT a collection restarts the collector
  counter.start()
  times(call, calls)
  counter.stop(label .. "calls")
  collect(label .. "garbage")
  collectgarbage("restart")
end
conn:close()
if not counter.is_active() then print("all cases run; callgrind counts them: make bench-instructions") end
os.exit(#servers == 3 and 0 or 1) -- without finalizers; the servers end after this process
