-- Measures how cost grows: growth.lua NAME DIRECTORY, in which it writes responses. Prints lines of NAME,
-- "item", "page" or "concurrency", the bytes, items or concurrent calls, CPU microseconds of one call, and
-- elapsed microseconds of one call. The concurrent calls wait 5 ms for each response; for the others the
-- server responds at once.

local dynamodb = require("dynamodb")
local sample = require("sample")
local now = require("dynamodb.transport.curl").now

local name, directory = arg[1], arg[2]
local DELAY = 5 -- milliseconds

local servers = {} -- pipes; closing one, which its collection does, would wait for the server

-- Starts a server that sends the body after a delay -> a table at it, and the connection.
local function serve(body, delay, connections)
  local path = directory .. "/growth.json"
  local file = assert(io.open(path, "wb"))
  assert(file:write(body))
  file:close()
  local server = assert(io.popen(("exec build/bench/late %d '%s'"):format(delay, path)))
  servers[#servers + 1] = server
  local conn = dynamodb.connect({
    aws_access_key_id = "AKIDEXAMPLE",
    aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    region = "us-east-1",
    endpoint_url = "http://127.0.0.1:" .. server:read("*l"),
    max_connections = connections,
  })
  return conn:table("bench", { hash_key = "id" }), conn
end

-- Prints the medians of three rounds.
local function report(kind, size, count, run)
  run() -- warm-up
  local cpus, walls = {}, {}
  for i = 1, 3 do
    collectgarbage()
    cpus[i], walls[i] = os.clock(), now()
    run()
    cpus[i], walls[i] = os.clock() - cpus[i], now() - walls[i]
  end
  table.sort(cpus)
  table.sort(walls)
  print(("%s %s %d %.2f %.2f"):format(name, kind, size, cpus[2] / count * 1e6, walls[2] / count * 1e6))
end

local function get(tbl)
  return assert(tbl:get_item({ hash_key = "user#000001" }))
end

-- An item of so many bytes of JSON: strings of 60 bytes, all of which are read.
local function item_of(bytes)
  local attributes = { '"id":{"S":"user#000001"}' }
  local length = #attributes[1]
  for i = 1, math.huge do
    local left = bytes - length - 22
    if left <= 0 then break end
    attributes[#attributes + 1] = ('"name%04d":{"S":"%s"}'):format(i, ("x"):rep(math.min(left, 60)))
    length = length + #attributes[#attributes] + 1
  end
  return ('{"Item":{%s}}'):format(table.concat(attributes, ","))
end

for _, bytes in ipairs({ 100, 1024, 10240, 102400 }) do
  local tbl, conn = serve(item_of(bytes), 0)
  local count = math.max(math.floor(2000000 / (bytes + 2000)), 50)
  report("item", bytes, count, function()
    for _ = 1, count do
      for _ in get(tbl):pairs() do end -- luacheck: ignore 542
    end
  end)
  conn:close()
end

for _, items in ipairs({ 1, 10, 100, 1000 }) do
  local tbl, conn = serve(sample.page(items), 0)
  local count = math.max(math.floor(4000 / (items + 4)), 20)
  report("page", items, count, function()
    for _ = 1, count do
      for item in tbl:scan() do assert(item.id and item.age) end
    end
  end)
  conn:close()
end

for _, concurrency in ipairs({ 1, 8, 64, 256 }) do
  local tbl, conn = serve(sample.item(), DELAY, concurrency)
  local calls = {}
  for i = 1, math.max(concurrency * 8, 200) do calls[i] = function() return get(tbl) end end
  report("concurrency", concurrency, #calls, function()
    local _, errs = dynamodb.gather(calls, { concurrency = concurrency })
    assert(not errs, errs and select(2, next(errs)))
  end)
  conn:close()
end
os.exit(0) -- without finalizers; the servers end after this process
