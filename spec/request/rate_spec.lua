-- Rates and budgets of capacity units: of methods and of a connection, in plain Lua and in tasks, with canned services in
-- simulated time and with the server. spec/scenarios/rate_nginx_spec.lua has nginx.

local cjson = require("cjson")
local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")
local paging = dofile("spec/support/paging_service.lua")
local rate = require("dynamodb.request.rate")
local simulated_time = dofile("spec/support/simulated_time.lua")
local testing = require("dynamodb.testing")

-- Returns a service that says that each request consumes so many units, with its log of { time, operation, asked }.
local function service_of(units, given)
  given = given or {}
  local service, transport = { log = {} }, nil
  transport = helper.fake(function(bytes)
    local request, operation = cjson.decode(bytes:match("\r\n\r\n(.*)$")), bytes:match("DynamoDB_20120810%.(%w+)")
    service.log[#service.log + 1] = { at = transport.now(), operation = operation, asked = request.ReturnConsumedCapacity }
    local failure = given.fails and given.fails(#service.log, operation)
    if failure then return helper.response(400, ('{"__type":"x#%s","message":"no"}'):format(failure)) end
    local consumed = { CapacityUnits = units, TableName = "t" }
    if operation:find("^Batch") or operation:find("^Transact") then consumed = { consumed } end
    local body = cjson.encode({ ConsumedCapacity = units and consumed or nil,
      Responses = operation == "BatchGetItem" and { t = "LIST" } or nil,
      Items = operation == "ExecuteStatement" and "LIST" or nil })
    return helper.response(200, (body:gsub('"LIST"', "[]")))
  end)
  if given.latency then transport = simulated_time.new(transport, given.latency) end
  service.transport = transport
  service.conn = helper.offline(transport, { rate = given.rate, max_attempts = 1, deadline = given.deadline })
  service.tbl = service.conn:table("t", { hash_key = "id" })
  return service
end

local function entries(count)
  local list = {}
  for i = 1, count do list[i] = { id = "k" .. i } end
  return list
end

-- Asserts that no window of some seconds has more units than the rate allows, beyond what one request may owe.
local function check_windows(log, units, per_second, seconds)
  for i, first in ipairs(log) do
    local sum = 0
    for k = i, #log do
      if log[k].at <= first.at + seconds then sum = sum + units end
    end
    assert.is_true(sum <= per_second * (seconds + 1) + units, ("%g units in %g s"):format(sum, seconds))
  end
end

describe("rate", function()
  -- {===== Pages =====

  it("lets the pages of a scan consume so many units per second", function()
    local service, tbl = paging.start({ size = 100, page_size = function() return 10 end }) -- 5 units each
    local began = service.transport.now()
    local results = tbl:scan({ rate = { read = 5 } })
    assert.equal(100, #assert(results:all()))
    assert.equal(50, results.consumed_units)
    local seconds = service.transport.now() - began
    assert.is_true(seconds > 8.9 and seconds < 9.5, seconds) -- nothing follows the last page
  end)

  it("takes a number, and does not hold back what is below the rate", function()
    local service, tbl = paging.start({ size = 100, page_size = function() return 10 end })
    local began = service.transport.now()
    assert.equal(100, #assert(tbl:query({ hash_key = "h", rate = 1e6 }):all()))
    assert.is_true(service.transport.now() - began < 0.01)
  end)

  it("holds back segments that are read concurrently, one after the other", function()
    local log = {}
    local service, tbl
    service, tbl = paging.start({ size = 320, page_size = function() return 10 end, latency = function() return 0.3 end,
      fails = function() log[#log + 1] = { at = service.transport.now() } end })
    local transport = service.transport
    transport.run(function()
      local began = transport.now()
      local results = tbl:scan({ segments = 8, rate = { read = 20 } })
      assert.equal(320, #assert(results:all()))
      local seconds = transport.now() - began
      assert.is_true(seconds > 7 and seconds < 9, seconds) -- 160 units
    end)
    check_windows(log, 5, 20, 1)
    check_windows(log, 5, 20, 3)
    assert.is_true(transport.most_in_flight > 1)
  end)

  it("also holds back pages that are requested ahead", function()
    local service, tbl = paging.start({ size = 100, page_size = function() return 10 end, latency = function() return 0.1 end })
    local transport = service.transport
    transport.run(function()
      local began = transport.now()
      assert.equal(100, #assert(tbl:query({ hash_key = "h", prefetch = 3, rate = 5 }):all()))
      assert.is_true(transport.now() - began > 8.9)
    end)
  end)

  it("may go into debt: a page that costs more is paid before the next one", function()
    local service, tbl = paging.start({ size = 300, page_size = function() return 100 end }) -- 50 units each
    local began = service.transport.now()
    local results = tbl:scan({ rate = 10 })
    assert.equal(1, results:next().at)
    assert.equal(began, service.transport.now())
    assert(results:next_response())
    assert.is_true(math.abs(service.transport.now() - began - 5) < 0.2)
  end)

  -- ===================== }
  -- {===== Batches =====

  it("holds back the requests of batches, and asks for what they consume", function()
    local service = service_of(50)
    local began = service.transport.now()
    assert.is_true(service.tbl:batch_write({ put = entries(250) }, { rate = { write = 100 } }))
    assert.equal(10, #service.log)
    assert.is_true(math.abs(service.transport.now() - began - 4.5) < 0.2, service.transport.now() - began)
    assert.equal("TOTAL", service.log[1].asked)
    local _, _, consumed = service.tbl:get_items({ "a" }, { rate = 100 })
    assert.is_nil(consumed) -- the caller did not ask
    _, _, consumed = service.tbl:get_items({ "a" }, { rate = 100, return_consumed_capacity = "TOTAL" })
    assert.equal(50, consumed[1].CapacityUnits)
    began = service.transport.now()
    local keys = {}
    for i = 1, 500 do keys[i] = "k" .. i end
    assert(service.conn:batch_get({ [service.tbl] = keys }, { rate = { read = 25 } }))
    assert.is_true(math.abs(service.transport.now() - began - 8) < 0.2)
  end)

  it("does not hold back writes by a rate of reads", function()
    local service = service_of(50)
    local began = service.transport.now()
    assert(service.tbl:batch_write({ put = entries(250) }, { rate = { read = 1 } }))
    assert.equal(began, service.transport.now())
    assert.is_nil(service.log[1].asked)
  end)

  it("does not count as time without progress", function()
    local outcomes = 0
    local service
    service = service_of(50, { fails = function(number)
      outcomes = number
      if number % 2 == 0 then return "ProvisionedThroughputExceededException" end
    end })
    assert.is_true(service.tbl:batch_write({ put = entries(75) }, { rate = 0.5 })) -- 100 s between requests
    assert.equal(5, outcomes)
  end)

  it("is shared by the concurrent requests of a batch, and by all batches of a writer", function()
    local service = service_of(25, { latency = function() return 0.01 end })
    service.transport.run(function()
      local began = service.transport.now()
      assert(service.tbl:batch_write({ put = entries(250) }, { rate = 50, concurrency = 5 }))
      assert.is_true(service.transport.now() - began > 4.3)
      check_windows(service.log, 25, 50, 1)
      began = service.transport.now()
      local writer = service.tbl:batch_writer({ rate = { write = 50 } })
      for i = 1, 250 do assert(writer:put({ id = "k" .. i })) end
      assert(writer:close())
      local seconds = service.transport.now() - began
      assert.is_true(seconds > 4.4 and seconds < 5, seconds)
    end)
  end)

  -- ===================== }
  -- {===== A connection =====

  it("of a connection holds back all its calls that consume capacity", function()
    local service = service_of(2, { rate = { read = 4, write = 2 } })
    local conn, tbl, transport = service.conn, service.tbl, service.transport
    local began = transport.now()
    for i = 1, 5 do
      local ok, err, consumed = tbl:put_item({ id = "k" .. i })
      assert.same({ true }, { ok, err, consumed })
    end
    assert.is_true(math.abs(transport.now() - began - 4) < 0.2)
    began = transport.now()
    for i = 1, 5 do assert.is_nil(tbl:get_item("k" .. i)) end
    assert.is_true(math.abs(transport.now() - began - 2) < 0.2)
    began = transport.now()
    transport.sleep(1)
    for i = 1, 2 do assert(conn:call("UpdateItem", { TableName = "t", Key = { id = "k" .. i } })) end
    assert.equal("TOTAL", service.log[#service.log].asked)
    assert(conn:call("DescribeLimits")) -- consumes none
    assert.is_nil(service.log[#service.log].asked)
    assert.is_true(transport.now() - began < 2.2)
    local result = assert(conn:call("PutItem", { TableName = "t", Item = { id = "a" }, ReturnConsumedCapacity = "TOTAL" }))
    assert.equal(2, result.ConsumedCapacity.CapacityUnits)
    assert.is_nil(assert(conn:call("PutItem", { TableName = "t", Item = { id = "a" } })).ConsumedCapacity)
  end)

  it("of a connection is shared by its tasks", function()
    local service = service_of(1, { rate = { read = 10 }, latency = function() return 0.05 end })
    local transport = service.transport
    transport.run(function()
      local calls, began = {}, transport.now()
      for i = 1, 50 do calls[i] = function() return service.tbl:get_item("k" .. i) end end
      for _, result in ipairs(transport.gather(calls)) do assert.is_true(result[1]) end
      assert.is_true(math.abs(transport.now() - began - 5) < 0.4, transport.now() - began)
    end)
    check_windows(service.log, 1, 10, 1)
  end)

  it("of a connection and of a method apply together", function()
    local service = service_of(10, { rate = 20 })
    local began = service.transport.now()
    assert(service.tbl:batch_write({ put = entries(125) }, { rate = 5 }))
    assert.is_true(math.abs(service.transport.now() - began - 8) < 0.2)
    began = service.transport.now()
    assert(service.tbl:batch_write({ put = entries(125) }, { rate = 1000 }))
    local seconds = service.transport.now() - began
    assert.is_true(seconds > 1 and seconds < 2.3, seconds)
  end)

  it("waits in a task without blocking the others", function()
    local service = service_of(10, { rate = { write = 10 }, latency = function() return 0.01 end })
    service.transport.run(function()
      local began, reads = service.transport.now(), 0
      local results = service.transport.gather({
        function() for i = 1, 3 do assert(service.tbl:put_item({ id = "k" .. i })) end end,
        function()
          for _ = 1, 10 do service.tbl:get_item("a") end
          reads = service.transport.now() - began
        end,
      })
      assert.same({ true, true }, { results[1][1], results[2][1] })
      assert.is_true(reads < 0.2)
      assert.is_true(service.transport.now() - began > 1.9)
    end)
  end)

  -- ===================== }
  -- {===== Limits of waiting =====

  it("waits until the deadline that was given, and not until the default of a call", function()
    local service = service_of(100, { rate = 1 })
    assert(service.tbl:put_item({ id = "a" }))
    local began = service.transport.now()
    local ok, err = service.tbl:put_item({ id = "b" }, { deadline = 3 })
    assert.is_nil(ok)
    assert.same({ "timeout", "PutItem", "t", true, false, "held back by option 'rate' until the deadline" },
      { err.kind, err.operation, err.table, err.retryable, err.ambiguous, err.message })
    assert.matches("rate_spec.lua:%d+$", err.where)
    assert.is_true(math.abs(service.transport.now() - began - 3) < 0.1)
    assert(service.tbl:put_item({ id = "b" }))
    assert.is_true(math.abs(service.transport.now() - began - 100) < 0.2)
    assert.equal(2, #service.log)
  end)

  it("tells that it held a request back when the wait ends after the deadline, as on a busy machine", function()
    local fake = helper.fake(helper.response(200, "{}"))
    local sleep = fake.sleep
    function fake.sleep(seconds) sleep(seconds + 5) end
    local tbl = helper.offline(fake, { rate = 1 }):table("t", { hash_key = "id" })
    for _ = 1, 2 do
      local ok, err = tbl:put_item({ id = "a" }, { deadline = 3 })
      assert.is_true(ok or err.message == "held back by option 'rate' until the deadline", tostring(err))
    end
    assert.equal(1, #fake.requests)
  end)

  it("ends transactions with the number of their attempts, and tells the deadline of connect", function()
    local fake = helper.fake(helper.response(200, "{}"))
    local conn = helper.offline(fake, { rate = 1, deadline = 5 })
    local write = { { put = { id = "a" }, table = conn:table("t", { hash_key = "id" }) } }
    assert(conn:transact_write(write))
    local _, err = conn:transact_write(write, { deadline = 0.1 })
    assert.same({ "held back by option 'rate' until the deadline", 0 }, { err.message, err.attempts })
    conn = helper.offline(fake, { rate = 1000, deadline = 5 })
    function fake.receive(_, deadline)
      fake.clock = deadline
      return nil, "timeout", "no response in time"
    end
    _, err = conn:table("t", { hash_key = "id" }):get_item("a")
    assert.equal("no response in time; the deadline of 5 s has passed", err.message)
  end)

  it("counts as part of the deadline of connect and of a scan", function()
    local service = service_of(100, { rate = 1, deadline = 5 })
    assert(service.tbl:put_item({ id = "a" }))
    assert.equal("timeout", select(2, service.tbl:put_item({ id = "b" })).kind)
    local _, tbl = paging.start({ size = 100, page_size = function() return 10 end })
    local list, err = tbl:scan({ rate = 1, deadline = 12 }):all()
    assert.same({ nil, "timeout" }, { list, err.kind })
  end)

  it("keeps one second of units when nothing is sent", function()
    local service = service_of(1, { rate = 10 })
    assert(service.tbl:put_item({ id = "a" }))
    service.transport.sleep(60)
    local began = service.transport.now()
    for i = 1, 21 do assert(service.tbl:put_item({ id = "k" .. i })) end
    local seconds = service.transport.now() - began
    assert.is_true(seconds > 0.9 and seconds < 1.2, seconds)
  end)

  it("ends waiting when the connection is closed", function()
    local service = service_of(100, { rate = 1, latency = function() return 0.01 end })
    service.transport.run(function()
      assert(service.tbl:put_item({ id = "a" }))
      local began = service.transport.now()
      local job = service.transport.spawn(function()
        local ok, err = service.tbl:put_item({ id = "b" })
        assert.same({ nil, "ConnectionClosed" }, { ok, err.code })
        assert.is_true(service.transport.now() - began < 1.2)
      end)
      service.transport.sleep(1)
      service.conn:close()
      while not job.done do service.transport.sleep(0.1) end
    end)
  end)

  it("gives back what a cancelled task had reserved", function()
    local service = service_of(10, { rate = 10, latency = function() return 0.01 end })
    local transport = service.transport
    transport.run(function()
      assert(service.tbl:put_item({ id = "a" }))
      local began, jobs = transport.now(), {}
      for i = 1, 20 do jobs[i] = transport.spawn(function() service.tbl:put_item({ id = "x" }) end) end
      transport.sleep(0.2)
      for i = 1, 20 do jobs[i]:cancel() end
      transport.sleep(0.1)
      assert(service.tbl:put_item({ id = "b" }))
      assert.is_true(transport.now() - began < 1.3, transport.now() - began)
    end)
    assert.equal(2, #service.log)
  end)

  -- ===================== }
  -- {===== What is charged =====

  it("charges failed conditions, and not what was throttled or refused", function()
    local codes = { "ConditionalCheckFailedException", "ThrottlingException", "ValidationException" }
    for i, code in ipairs(codes) do
      local service = service_of(10, { rate = 10, fails = function(number) return number > 1 and number < 4 and code end })
      assert(service.tbl:put_item({ id = "a" }))
      local began = service.transport.now()
      for _ = 1, 2 do assert.equal(code, select(2, service.tbl:put_item({ id = "a" })).code) end
      assert(service.tbl:put_item({ id = "b" }))
      local seconds = service.transport.now() - began
      assert.is_true(math.abs(seconds - (i == 1 and 3 or 1)) < 0.2, code .. seconds)
    end
  end)

  it("gives back what was reserved for a request that could not be encoded", function()
    local service = service_of(10, { rate = 10 })
    for _ = 1, 20 do assert.is_false((pcall(service.tbl.put_item, service.tbl, { id = "a", v = 0 / 0 }))) end
    local began = service.transport.now()
    assert(service.tbl:put_item({ id = "b" }))
    assert.is_true(service.transport.now() - began < 0.1)
  end)

  it("charges one unit where the service tells nothing", function()
    local service = service_of(nil, { rate = 2 })
    local began = service.transport.now()
    for _ = 1, 5 do assert(service.tbl:put_item({ id = "a" })) end
    assert.is_true(math.abs(service.transport.now() - began - 2) < 0.1)
  end)

  it("charges reads and writes of transactions and statements apart", function()
    local service = service_of(10, { rate = { read = 1000, write = 5 } })
    local began = service.transport.now()
    for _ = 1, 3 do service.conn:execute("SELECT * FROM t"):all() end
    assert.is_true(service.transport.now() - began < 0.1)
    for _ = 1, 2 do service.conn:call("ExecuteStatement", { Statement = "DELETE FROM t WHERE id = 'a'" }) end
    assert.is_true(math.abs(service.transport.now() - began - 2) < 0.2)
  end)

  it("keeps to the rate with the server, by testing.clock", function()
    local clock = testing.clock()
    local conn = helper.connect({ transport = clock.transport })
    local tbl = testing.table(conn, { hash_key = "id" })
    local items = {}
    for i = 1, 60 do items[i] = { id = "k" .. i, text = ("x"):rep(3000) } end -- 3 units each
    local began = clock:now()
    assert(tbl:batch_write({ put = items }, { rate = { write = 50 } }))
    local seconds = clock:now() - began
    assert.is_true(seconds > 2.9 and seconds < 4, seconds)
    began = clock:now()
    local results = tbl:scan({ request_limit = 10, rate = { read = 10 } })
    assert.equal(60, #assert(results:all()))
    seconds = clock:now() - began
    assert.is_true(seconds > (results.consumed_units - 6) / 10 - 0.5 and seconds < results.consumed_units / 10 + 0.5, seconds)
    clock:close()
    assert(tbl:delete())
    conn:close()
  end)

  -- ===================== }
  -- {===== Options =====

  it("refuses other values at the caller's line", function()
    local service = service_of(1)
    local calls = {
      batch_get = function(given) service.conn:batch_get({ [service.tbl] = { "a" } }, given) end,
      batch_write = function(given) service.tbl:batch_write({}, given) end,
      batch_writer = function(given) service.tbl:batch_writer(given) end,
      connect = function(given) dynamodb.connect(given) end,
      get_items = function(given) service.tbl:get_items({}, given) end,
      scan = function(given) service.tbl:scan(given) end,
      query = function(given) service.tbl:query("a", given) end,
    }
    for name, call in pairs(calls) do
      for _, value in ipairs({ 0, -1, "5", 1 / 0, 0 / 0, {}, { reads = 1 }, { read = 0 }, { read = 1, write = "1" }, true }) do
        local ok, message = pcall(call, { rate = value })
        assert.is_false(ok)
        assert.matches(("^spec/request/rate_spec%%.lua:%%d+: %s: option 'rate': positive number of units, or { read = units, "
          .. "write = units } expected, got "):format(name), message)
      end
    end
    assert.same({}, service.log)
  end)

  it("is not loaded when it is not asked for", function()
    local loaded = package.loaded["dynamodb.request.rate"]
    package.loaded["dynamodb.request.rate"] = nil
    local service = service_of(1)
    assert(service.tbl:put_item({ id = "a" }))
    assert(service.tbl:batch_write({ put = entries(3) }))
    assert.is_nil(package.loaded["dynamodb.request.rate"])
    package.loaded["dynamodb.request.rate"] = loaded
    assert.is_table(rate)
  end)

  -- ===================== }
end)

describe("budget", function()
  local function resumed(tbl, given, err)
    given.exclusive_start_key, given.state, given.budget = err.last_evaluated_key, err.state, nil
    return #assert(tbl:scan(given):all())
  end

  it("ends a scan with an error that has the key to go on from", function()
    local service, tbl = paging.start({ size = 100, page_size = function() return 10 end })
    local results, count = tbl:scan({ budget = { read = 14 } }), 0
    local ok, err = pcall(function()
      for _ in results do count = count + 1 end
    end)
    assert.is_false(ok)
    assert.is_true(dynamodb.is_error(err))
    assert.same({ "timeout", "BudgetExceeded", "Scan", "t", false, false, 30 },
      { err.kind, err.code, err.operation, err.table, err.retryable, err.ambiguous, count })
    assert.equal("the budget of 14 read units is used up: 15 were consumed", err.message)
    assert.same({ id = "h", at = 30 }, err.last_evaluated_key)
    assert.equal(3, #service.requests)
    assert.equal(70, resumed(tbl, {}, err))
  end)

  it("is no error when nothing is left", function()
    local _, tbl = paging.start({ size = 100, page_size = function() return 10 end })
    local results = tbl:scan({ budget = 46 })
    assert.equal(100, #assert(results:all()))
    assert.equal(50, results.consumed_units)
  end)

  it("gives what results:all had read", function()
    local _, tbl = paging.start({ size = 100, page_size = function() return 10 end })
    local results = tbl:query({ hash_key = "h", budget = 10 })
    assert.equal(1, results:next().at)
    local list, err = results:all()
    assert.is_nil(list)
    assert.equal(19, #err.found)
    assert.same({ at = 20, id = "h" }, err.last_evaluated_key)
    assert.equal("BudgetExceeded", select(2, results:all()).code)
    assert.equal(2, results:next().at)
  end)

  it("ends a count, with the number so far", function()
    local _, tbl = paging.start({ size = 100, page_size = function() return 10 end })
    local count, err = tbl:count({ budget = 10 })
    assert.same({ nil, "BudgetExceeded", 20, 20 }, { count, err.code, err.count, err.last_evaluated_key.at })
  end)

  for _, latency in ipairs({ 0.1, 1 }) do
    it(("returns all pages of concurrent segments that were paid before it ends them, %g s each"):format(latency), function()
      local service, tbl = paging.start({ size = 400, page_size = function() return 10 end,
        latency = function() return latency * (0.5 + math.random()) end })
      service.transport.run(function()
        local given = { segments = 4, budget = { read = 60 } }
        local results, count, seen = tbl:scan(given), 0, {}
        local ok, err = pcall(function()
          for item in results do count, seen[item.at] = count + 1, true end
        end)
        assert.is_false(ok)
        assert.same({ "BudgetExceeded", count, count }, { err.code, 10 * #service.requests, #helper.names_of(seen) })
        assert.equal(count / 2, results.consumed_units)
        assert.is_true(results.consumed_units >= 60 and results.consumed_units <= 75, results.consumed_units)
        assert.is_nil(err.last_evaluated_key)
        err.state = cjson.decode(cjson.encode(err.state))
        assert.equal(400, count + resumed(tbl, given, err))
      end)
    end)
  end

  it("leaves the entries of batches that were not sent", function()
    local service = service_of(25)
    local ok, err = service.tbl:batch_write({ put = entries(250) }, { budget = { write = 60 } })
    assert.is_nil(ok)
    assert.same({ "timeout", "BudgetExceeded", "BatchWriteItem", "t", 175 },
      { err.kind, err.code, err.operation, err.table, #err.leftovers })
    assert.equal(3, #service.log)
    local keys = {}
    for i = 1, 500 do keys[i] = "k" .. i end
    ok, err = service.tbl:get_items(keys, { budget = { read = 25, write = 1 } })
    assert.same({ nil, "BudgetExceeded", 400, 0 }, { ok, err.code, #err.leftovers, #err.found })
    ok, err = service.conn:batch_get({ [service.tbl] = keys }, { budget = 50 })
    assert.same({ nil, "BudgetExceeded", 300 }, { ok, err.code, #err.leftovers })
  end)

  it("works together with a rate", function()
    local service, tbl = paging.start({ size = 100, page_size = function() return 10 end })
    local began = service.transport.now()
    local _, err = tbl:scan({ budget = 20, rate = 5 }):all()
    assert.equal("BudgetExceeded", err.code)
    assert.is_true(math.abs(service.transport.now() - began - 3) < 0.2)
  end)

  it("refuses other values, and names the member", function()
    local _, tbl = paging.start()
    for _, case in ipairs({ { 0, "0" }, { "5", "'5'" }, { {}, "an empty table" }, { { total = 1 }, "a member 'total'" },
      { { read = -1 }, "read = -1" }, { { write = "5" }, "write = '5'" }, { { 5 }, "a member '1'" } }) do
      local ok, message = pcall(tbl.scan, tbl, { budget = case[1] })
      assert.is_false(ok)
      assert.equal("scan: option 'budget': positive number of units, or { read = units, write = units } expected, got "
        .. case[2], (message:gsub("^%S+:%d+: ", "")))
    end
  end)
end)
