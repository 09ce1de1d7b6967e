-- A script for tools/torture.c: tasks in one loop share a connection with few sockets, for which they wait.

if jit then jit.off() end -- the compiler of LuaJIT does not survive allocation failures

local core = require("dynamodb.core")
local curl = require("dynamodb.transport.curl")
local dynamodb = require("dynamodb")
local loop = require("dynamodb.loop")
local pool = require("dynamodb.http.pool")
dynamodb.preload() -- so that every run makes the same allocations

local HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: %d\r\n\r\n%s"
local PAGE = '{"Items":[{"id":{"S":"h"},"at":{"N":"%d"}},{"id":{"S":"h"},"at":{"N":"%d"}}],"Count":2,'
  .. '"ScannedCount":2,' .. '"ConsumedCapacity":{"CapacityUnits":1}%s}'
local NEXT = ',"LastEvaluatedKey":{"id":{"S":"h"},"at":{"N":"%d"}}'

-- Returns a page of two of the items 1 to 4.
local function page(request)
  if request:find("ExclusiveStartKey", 1, true) then return PAGE:format(3, 4, "") end
  return PAGE:format(1, 2, NEXT:format(2))
end

local bodies = {
  BatchWriteItem = function() return "{}" end,
  GetItem = function()
    return '{"Item":{"id":{"S":"h"},"at":{"N":"1"},"list":{"L":[{"N":"1"},{"S":"x"}]}}}'
  end,
  PutItem = function() return "{}" end,
  Query = page,
  Scan = page,
}

local opened, closed = 0, 0

-- Waits as libcurl's transport does, but has no network.
local transport = { check = curl.check, gather = curl.gather, now = curl.now, place = curl.place,
  process = curl.process, sleep = curl.sleep, spawn = curl.spawn, time = curl.time, waiter = curl.waiter }

function transport.connect()
  loop.sleep(0)
  local socket = { request = "" }
  opened = opened + 1
  return socket
end

function transport.send(socket, bytes)
  socket.request = bytes
  return true
end

function transport.receive(socket, deadline)
  local request = socket.request
  if request:find('"slow"', 1, true) then
    loop.sleep(math.max(0, math.min(deadline - curl.now(), 0.02))) -- a task may remain that nothing cancels
    return nil, "timeout", "no response in time"
  end
  loop.sleep(0)
  local body = bodies[request:match("DynamoDB_20120810%.(%w+)")](request)
  return HEAD:format(#body, body)
end

function transport.idle() return true end
function transport.close() closed = closed + 1 end

local LIMIT = 3 -- connections
pool.HEARTBEAT = 0.005 -- seconds; a wake-up that fell on the lack of memory is noticed then

local connection = dynamodb.connect({
  aws_access_key_id = "AKIDEXAMPLE",
  aws_secret_access_key = "secret",
  endpoint_url = "http://localhost:8000",
  max_connections = LIMIT,
  transport = transport,
})
local tbl = connection:table("messages", { hash_key = "id", range_key = "at", range_key_type = "N" })

local function check_positions(results, last)
  local count = 0
  for item in results do
    count = count + 1
    assert(item.at == count, "an element is missing")
  end
  assert(count == last, "elements are missing")
end

local function count(results)
  local number = 0
  for _ in results do number = number + 1 end
  return number
end

local function get_many()
  local calls = {}
  for i = 1, 6 do calls[i] = function() return tbl:get_item("h", 1) end end
  local results, errs = dynamodb.gather(calls, { concurrency = 5, deadline = 60 })
  if errs then error(errs[next(errs)], 0) end
  for i = 1, 6 do assert(results[i].at == 1) end
end

local function read_ahead() check_positions(tbl:query({ hash_key = "h", prefetch = 2 }), 4) end

local function read_segments()
  assert(count(tbl:scan({ segments = 3, concurrency = 2 })) == 12, "elements are missing")
end

local function write_many()
  local items = {}
  for i = 1, 51 do items[i] = { id = "h", at = i } end
  assert(tbl:batch_write({ put = items }, { concurrency = 3 }))
  local writer = tbl:batch_writer()
  for i = 1, 3 do assert(writer:put({ id = "w", at = i })) end
  assert(writer:close())
end

-- Two tasks share the results: together they get each element once.
local function share_results()
  local results, numbers = tbl:query({ hash_key = "h" }), {}
  local function read() return count(results) end
  for i = 1, 2 do numbers[i] = loop.spawn(read) end
  assert(numbers[1]:wait() + numbers[2]:wait() == 4, "elements are missing")
end

-- Calls that end early: by their timeout, by a deadline, cancelled while they wait for a connection.
local function end_early()
  local item, err = tbl:get_item("slow", 1, { attempt_timeout = 0.0005, max_attempts = 1 })
  assert(not item and (err.kind == "timeout" or err.message:find("not enough memory", 1, true)), err)
  local late = loop.spawn(tbl.get_item, tbl, "slow", 1):deadline(0.0005)
  local cancelled = loop.spawn(tbl.get_item, tbl, "slow", 2)
  loop.sleep(0)
  cancelled:cancel()
  for _, task in ipairs({ late, cancelled }) do
    item, err = task:wait()
    assert(not item and err.code == "Cancelled", err)
  end
end

local own, common -- the pool and the loop

-- Asserts that no task, connection or waiting request is left.
local function check_nothing_left()
  for _ = 1, 2 do collectgarbage() end
  assert(common.root.live == 0 and not next(common.tasks) and not common.first, "a task is left")
  assert(common.timers.count == 0 and not next(common.sockets), "a wait is left")
  assert(not own.queue.first, "a waiting request is left")
  assert(pool.count_open(own) == #own.idle, "a connection is lost")
  assert(#own.idle <= LIMIT, "there are too many connections")
end

local jobs = { get_many, read_ahead, read_segments, write_many, share_results, end_early }

return function(is_undisturbed)
  loop.run() -- what a failure has left
  loop.run(function()
    common = loop.task().loop
    local tasks = {}
    for i, job in ipairs(jobs) do tasks[i] = loop.spawn(job) end
    for _, task in ipairs(tasks) do task:wait() end
  end)
  own = own or select(2, next(core.connection_state(connection).running.pools))
  if is_undisturbed then check_nothing_left() end
  assert(closed <= opened)
end
