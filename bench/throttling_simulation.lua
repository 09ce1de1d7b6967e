-- A service in which one key is too hot, and a client that reads it and others: simulate(options) -> result.
-- Time is simulated. The service allows a number of requests per second for each key, and tells what it
-- throttles if 'reasons' is true. Without reasons the client limits the rate of the whole connection, as the
-- adaptive mode of the AWS SDKs does.

local dynamodb = require("dynamodb")
local testing = require("dynamodb.testing")

local ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/views"
local LATENCY, BURST = 0.005, 0.1 -- seconds; seconds of a key's limit that it may use at once
local GOOD = '{"Item":{"id":{"S":"%s"}}}'
local BUSY = '{"__type":"x#ProvisionedThroughputExceededException","message":"busy"%s}'
local REASONS = ',"ThrottlingReasons":[{"reason":"TableReadKeyRangeThroughputExceeded","resource":"' .. ARN
  .. '"}]'

local function http(status, body)
  return ("HTTP/1.1 %d Status\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: %d\r\n\r\n")
    :format(status, #body) .. body
end

-- Returns function(key, now) -> whether the service accepts a request for the key.
local function service(limit)
  local buckets = {}
  return function(key, now)
    local bucket = buckets[key] or { tokens = limit * BURST, at = now }
    buckets[key] = bucket
    bucket.tokens = math.min(limit * BURST, bucket.tokens + (now - bucket.at) * limit)
    bucket.at = now
    if bucket.tokens < 1 then return false end
    bucket.tokens = bucket.tokens - 1
    return true
  end
end

-- Returns a transport without a network. 'now' is the simulated time.
local function new_transport(accepts, has_reasons, now)
  local busy = http(400, BUSY:format(has_reasons and REASONS or ""))
  local transport = {}
  function transport.connect() return {} end
  function transport.send(socket, bytes)
    socket.key = bytes:match('"S":"(k%d+)"')
    return true
  end
  function transport.receive(socket)
    dynamodb.loop.sleep(LATENCY)
    return accepts(socket.key, now()) and http(200, GOOD:format(socket.key)) or busy
  end
  function transport.idle() return true end
  function transport.close() end
  function transport.now() return 0 end
  function transport.time() return 1700000000 end
  function transport.sleep(seconds) dynamodb.loop.sleep(seconds) end
  return transport
end

-- Starts a request at each time of a schedule, each in a task of its own.
local function offer(seconds, per_second, request)
  dynamodb.loop.spawn(function()
    for i = 1, seconds * per_second do
      dynamodb.loop.spawn(request, i)
      dynamodb.loop.sleep(1 / per_second)
    end
  end)
end

--- Simulates reads of a hot key and of others.
---@param given table reasons (boolean), keys, seconds, hot and others (requests a second), limit (requests a
--- second that the service allows for each key), mode ("adaptive")
---@return table hot, others: { served = and failed = requests a second, p99 = seconds of those served };
--- throttled = responses; throttles = that of conn:stats
return function(given)
  local clock
  local function now() return clock:now() end
  clock = testing.clock(new_transport(service(given.limit), given.reasons, now))
  local conn = dynamodb.connect({ transport = clock.transport, endpoint_url = "http://127.0.0.1:8000",
    region = "us-east-1", aws_access_key_id = "AKIDEXAMPLE", aws_secret_access_key = "secret", deadline = 1,
    max_connections = 5000, retry_mode = given.mode or "adaptive" })
  local tbl = conn:table("views", { hash_key = "id" })
  local function counter() return { served = 0, failed = 0, times = {} } end
  local seen = { hot = counter(), others = counter() }
  local function get(kind, key)
    local counts, start = seen[kind], now()
    local item, err = tbl:get_item(key)
    if not item then
      if not err.throttled and err.kind ~= "timeout" then error(err, 0) end
      counts.failed = counts.failed + 1
      return
    end
    counts.served = counts.served + 1
    counts.times[counts.served] = now() - start
  end
  dynamodb.loop.run(function()
    offer(given.seconds, given.hot, function() get("hot", "k0") end)
    offer(given.seconds, given.others, function(i) get("others", "k" .. 1 + i % (given.keys - 1)) end)
  end)
  local stats = conn:stats()
  local result = { throttled = stats.throttled_responses, throttles = stats.throttles }
  for kind, counts in pairs(seen) do
    table.sort(counts.times)
    result[kind] = { served = counts.served / given.seconds, failed = counts.failed / given.seconds,
      p99 = counts.times[math.ceil(#counts.times * 0.99)] or 0 }
  end
  conn:close()
  clock:close()
  return result
end
