-- What throttled responses stand for, and which requests slow down: calls against scripted responses, with a clock that
-- advances only by sleep.

local cjson = require("cjson")
local core = require("dynamodb.core")
local helper = dofile("spec/support/helper.lua")
local retry = require("dynamodb.request.retry")
local system = require("dynamodb.base.system")
local throttles = require("dynamodb.request.throttles")

local ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/t"
local good = helper.response(200, '{"Items":[],"Count":0,"ScannedCount":0}')

local function throttled(...)
  local reasons = {}
  for i, pair in ipairs({ ... }) do reasons[i] = { reason = pair[1], resource = pair[2] } end
  return helper.response(400, cjson.encode({ __type = "x#ProvisionedThroughputExceededException", message = "m",
    ThrottlingReasons = #reasons > 0 and reasons or nil }))
end

local function hash_of(text) return core.sha256(text):sub(1, 16) end

local HOT = { "TableReadKeyRangeThroughputExceeded", ARN }
local HOT_WRITE = { "TableWriteKeyRangeThroughputExceeded", ARN }

describe("throttles", function()
  local random = system.random
  before_each(function() system.random = function() return 0.5 end end)
  after_each(function() system.random = random end)

  -- Connects to a service that gives these responses, then good ones -> connection, transport, events.
  local function start(responses, options)
    local events = {}
    local fake = helper.fake(function(_, number) return responses[number] or good end)
    fake.slept = 0
    local sleep = fake.sleep
    function fake.sleep(seconds)
      fake.slept = fake.slept + seconds
      return sleep(seconds)
    end
    local given = { retry_mode = "adaptive", hooks = { throttled = function(event) events[#events + 1] = event end } }
    for name, value in pairs(options or {}) do given[name] = value end
    local conn = helper.offline(fake, given)
    finally(function() conn:close() end)
    return conn, fake, events
  end

  -- Returns the seconds that a call waits before it is sent.
  local function wait_of(fake, f)
    local before, requests = fake.slept, #fake.requests
    f()
    assert.equal(requests + 1, #fake.requests)
    return fake.slept - before
  end

  local ONE = { max_attempts = 1 }
  local function get(tbl, key, more)
    return tbl:get_item(key, { max_attempts = 1, consistent_read = more })
  end

  describe("of one key", function()
    it("slow down its reads, and nothing else", function()
      local conn, fake, events = start({ throttled(HOT) })
      local tbl = conn:table("t", { hash_key = "id" })
      assert.is_nil((get(tbl, "hot")))
      assert.equal(0, wait_of(fake, function() get(tbl, "cold") end))
      assert.equal(0, wait_of(fake, function() assert(tbl:put_item({ id = "hot" })) end))
      assert.equal(0, wait_of(fake, function() conn:call("Scan", { TableName = "t" }) end))
      assert.equal(0, wait_of(fake, function() conn:call("DescribeTable", { TableName = "t" }, ONE) end))
      assert.equal(0, wait_of(fake, function() get(conn:table("u", { hash_key = "id" }), "hot") end))
      assert.is_true(wait_of(fake, function() get(tbl, "hot") end) > 0.5)
      local event = events[1]
      assert.same({ "GetItem", "t", "key", "read", ARN, HOT[1], 1, hash_of('{"S":"hot"}') }, { event.operation, event.table,
        event.scope, event.kind, event.resource, event.reason, event.attempt, event.key_hash })
      assert.equal("ProvisionedThroughputExceededException", event.err.code)
      assert.equal(1, #events)
    end)

    it("also in queries, of its hash key only", function()
      local conn, fake = start({ throttled(HOT) })
      local tbl = conn:table("t", { hash_key = "id", range_key = "at", range_key_type = "N" })
      assert.is_nil((tbl:get_item("hot", 7, ONE)))
      assert.equal(0, wait_of(fake, function() tbl:query({ hash_key = "cold" }):next() end))
      assert.is_true(wait_of(fake, function() tbl:query({ hash_key = "hot" }):next() end) > 0.5)
      assert.is_true(wait_of(fake, function() tbl:get_item("hot", 8, ONE) end) > 0)
    end)

    it("of writes: put, update and delete of this key", function()
      local conn, fake = start({ throttled(HOT_WRITE) })
      local tbl = conn:table("t", { hash_key = "id" })
      assert.is_nil((tbl:put_item({ id = "hot", n = 1 }, ONE)))
      assert.equal(0, wait_of(fake, function() tbl:put_item({ id = "cold", n = 1 }) end))
      assert.equal(0, wait_of(fake, function() get(tbl, "hot") end))
      assert.is_true(wait_of(fake, function() tbl:update_item("hot", { update = { n = 2 } }) end) > 0.5)
      assert.is_true(wait_of(fake, function() tbl:delete_item("hot") end) > 0)
    end)

    it("of raw calls: the one attribute of Key, and the first equality of a key condition", function()
      local conn, fake = start({ throttled(HOT) })
      conn:call("GetItem", { TableName = "t", Key = { id = 7 } }, ONE)
      assert.equal(hash_of('{"N":"7"}'), conn:stats().throttles[1].key_hash)
      local query = { TableName = "t", KeyConditionExpression = "#i = :i", ExpressionAttributeNames = { ["#i"] = "id" },
        ExpressionAttributeValues = { [":i"] = 7 } }
      assert.is_true(wait_of(fake, function() conn:call("Query", query) end) > 0.5)
      query.ExpressionAttributeValues = { [":i"] = 8 }
      assert.equal(0, wait_of(fake, function() conn:call("Query", query) end))
    end)

    it("of requests for several keys: they share a limit", function()
      local conn, fake, events = start({ throttled(HOT) })
      local tbl = conn:table("t", { hash_key = "id" })
      conn:call("Scan", { TableName = "t" }, ONE)
      assert.equal("key", events[1].scope)
      assert.is_nil(events[1].key_hash)
      assert.equal(0, wait_of(fake, function() get(tbl, "a") end))
      local batch = { RequestItems = { t = { Keys = { { id = "a" } } } } }
      assert.is_true(wait_of(fake, function() conn:call("BatchGetItem", batch, ONE) end) > 0.5)
    end)

    it("never show the key", function()
      local conn, _, events = start({ throttled(HOT) })
      get(conn:table("t", { hash_key = "id" }), "ann@example.com")
      for _, value in pairs(events[1]) do assert.is_nil(tostring(value):find("ann@", 1, true)) end
      for _, value in pairs(conn:stats().throttles[1]) do assert.is_nil(tostring(value):find("ann@", 1, true)) end
    end)

    it("of an index: reads of the index with this key", function()
      local conn, fake, events = start({ throttled({ "IndexReadKeyRangeThroughputExceeded", ARN .. "/index/by_city" }) })
      local tbl = conn:table("t", { hash_key = "id" })
      local function query(city, index)
        return function()
          conn:call("Query", { TableName = "t", IndexName = index, KeyConditionExpression = "city = :c",
            ExpressionAttributeValues = { [":c"] = city } }, ONE)
        end
      end
      query("Rome", "by_city")()
      assert.same({ "key", hash_of('{"S":"Rome"}') }, { events[1].scope, events[1].key_hash })
      assert.equal(0, wait_of(fake, query("Oslo", "by_city")))
      assert.equal(0, wait_of(fake, query("Rome", "other")))
      assert.equal(0, wait_of(fake, function() get(tbl, "Rome") end))
      assert.is_true(wait_of(fake, query("Rome", "by_city")) > 0.5)
    end)
  end)

  describe("of tables and indexes", function()
    it("slow down the reads or the writes of the table", function()
      local conn, fake, events = start({ throttled({ "TableReadProvisionedThroughputExceeded", ARN }) })
      local tbl = conn:table("t", { hash_key = "id" })
      get(tbl, "a")
      assert.same({ "table", "read" }, { events[1].scope, events[1].kind })
      assert.equal(0, wait_of(fake, function() tbl:put_item({ id = "b" }) end))
      assert.equal(0, wait_of(fake, function() get(conn:table("u", { hash_key = "id" }), "a") end))
      assert.is_true(wait_of(fake, function() get(tbl, "b") end) > 0.5)
    end)

    it("slow down queries of the index, not those of the table", function()
      local conn, fake, events = start({ throttled({ "IndexReadMaxOnDemandThroughputExceeded", ARN .. "/index/i" }) })
      local tbl = conn:table("t", { hash_key = "id" })
      conn:call("Scan", { TableName = "t", IndexName = "i" }, ONE)
      assert.equal("index", events[1].scope)
      assert.equal(0, wait_of(fake, function() get(tbl, "a") end))
      assert.is_true(wait_of(fake, function() conn:call("Scan", { TableName = "t", IndexName = "i" }) end) > 0.5)
    end)

    it("slow down all writes of a table whose index takes no more", function()
      local conn, fake, events = start({ throttled({ "IndexWriteKeyRangeThroughputExceeded", ARN .. "/index/i" }) })
      local tbl = conn:table("t", { hash_key = "id" })
      tbl:put_item({ id = "a" }, ONE)
      assert.same({ "index", ARN .. "/index/i" }, { events[1].scope, events[1].resource })
      assert.equal(0, wait_of(fake, function() get(tbl, "a") end))
      assert.is_true(wait_of(fake, function() tbl:put_item({ id = "b" }) end) > 0.5)
    end)

    it("know tables that requests name by ARN, in batches and in transactions", function()
      local conn, fake = start({ throttled({ "TableReadProvisionedThroughputExceeded", ARN }) })
      conn:call("GetItem", { TableName = ARN, Key = { id = "a" } }, ONE)
      assert.is_true(wait_of(fake, function()
        conn:call("BatchGetItem", { RequestItems = { [ARN] = { Keys = { { id = "a" } } } } }, ONE)
      end) > 0.5)
      assert.is_true(wait_of(fake, function()
        conn:call("TransactGetItems", { TransactItems = { { Get = { TableName = ARN, Key = { id = "a" } } } } }, ONE)
      end) > 0)
    end)
  end)

  -- { what is told, scope, responses }
  for _, case in ipairs({
    { "account limits", "account", { { "TableReadAccountLimitExceeded", ARN } } },
    { "no reasons", "connection", {} },
    { "unknown reasons", "connection", { { "TableReadMoonPhase", ARN } } },
    { "reasons without a reason", "connection", { { nil, ARN } } },
    { "another table than that of the request", "connection", { { HOT[1], ARN .. "able" } } },
    { "writes for a read", "connection", { HOT_WRITE } },
  }) do
    it("of " .. case[1] .. " slow down the whole connection", function()
      local conn, fake, events = start({ throttled((table.unpack or unpack)(case[3])) }) -- luacheck: ignore 143 113
      get(conn:table("t", { hash_key = "id" }), "a")
      assert.equal(case[2], events[1].scope)
      assert.is_true(wait_of(fake, function() get(conn:table("u", { hash_key = "id" }), "b") end) > 0.5)
    end)
  end

  it("are forgotten by the limiters after a minute, and stay in the counters", function()
    local conn, fake = start({ throttled(HOT) })
    local tbl = conn:table("t", { hash_key = "id" })
    get(tbl, "hot")
    assert.is_number(conn:stats().throttles[1].rate)
    fake.clock = fake.clock + 61
    assert.equal(0, wait_of(fake, function() get(tbl, "hot") end))
    assert.is_nil(conn:stats().throttles[1].rate)
    assert.equal(1, conn:stats().throttles[1].count)
  end)

  it("are counted in every mode, without a limit in mode standard", function()
    local conn, fake, events = start({ throttled(HOT), throttled(HOT, { "TableReadProvisionedThroughputExceeded", ARN }),
      throttled() }, { retry_mode = "standard" })
    local tbl = conn:table("t", { hash_key = "id" })
    assert.same({}, conn:stats().throttles)
    for _ = 1, 3 do get(tbl, "hot") end
    assert.equal(4, #events)
    assert.equal(0, wait_of(fake, function() get(tbl, "hot") end))
    local list = conn:stats().throttles
    assert.same({ { scope = "key", kind = "read", resource = ARN, key_hash = hash_of('{"S":"hot"}'), count = 2 },
      { scope = "connection", count = 1 }, { scope = "table", kind = "read", resource = ARN, count = 1 } }, list)
    assert.equal(3, conn:stats().throttled_responses)
  end)

  it("keep the 64 worst keys", function()
    local responses = {}
    for i = 1, 300 do responses[i] = throttled(HOT) end
    local conn, fake = start(responses, { retry_mode = "standard" })
    local tbl = conn:table("t", { hash_key = "id" })
    for i = 1, 100 do
      get(tbl, "worst")
      get(tbl, "k" .. i)
      fake.clock = fake.clock + 0.1
    end
    local list = conn:stats().throttles
    assert.equal(64, #list)
    assert.same({ 100, hash_of('{"S":"worst"}') }, { list[1].count, list[1].key_hash })
    assert.equal(1, list[2].count)
  end)

  it("may be those of calls that select the mode", function()
    local conn, fake = start({ throttled(HOT) }, { retry_mode = "standard" })
    local tbl = conn:table("t", { hash_key = "id" })
    local adaptive = { max_attempts = 1, retry_mode = "adaptive" }
    tbl:get_item("hot", adaptive)
    assert.equal(0, wait_of(fake, function() get(tbl, "hot") end))
    assert.is_true(wait_of(fake, function() tbl:get_item("hot", adaptive) end) > 0)
  end)

  it("slow down a key once for all attempts that were let pass before", function()
    local now = 100
    local function clock() return now end
    local policy = retry.new({ mode = "adaptive", now = clock, random = function() return 0.5 end })
    local state = { running = { retry_policy = policy, hash_names = {} }, stats = { throttled_responses = 0 },
      transport = { now = clock } }
    local function begin()
      local call = { state = state, operation = { name = "GetItem" }, params = { TableName = "t", Key = { id = "a" } } }
      assert.is_true(policy:before(nil, nil, call) >= 0)
      return call
    end
    local err = { kind = "service", status = 400, code = "ProvisionedThroughputExceededException",
      throttling_reasons = { { reason = HOT[1], resource = HOT[2] } } }
    local function throttle(call)
      throttles.record(call, err)
      policy:plan(1, err, nil, nil, call)
      return throttles.list(state)[1].rate
    end
    for _ = 1, 100 do policy:succeed() end
    now = 100.5
    local first, second, third = begin(), begin(), begin()
    local rate = throttle(first)
    assert.is_true(rate > 50)
    assert.equal(rate, throttle(second))
    now = 100.6
    local fourth = begin()
    assert.is_true(throttle(third) >= rate)
    local before = throttles.list(state)[1].rate
    assert.near(before * 0.7, throttle(fourth), before * 0.05)
    assert.equal(4, throttles.list(state)[1].count)
    assert.is_false(policy.limiter.active)
  end)

  it("let a call fail at once when its limit leaves no time before the deadline", function()
    local conn, fake = start({ throttled(HOT) })
    local tbl = conn:table("t", { hash_key = "id" })
    get(tbl, "hot")
    local _, err = tbl:get_item("hot", { deadline = 0.1 })
    assert.same({ "timeout", true, 0 }, { err.kind, err.throttled, err.attempts })
    assert.equal(1, #fake.requests)
  end)
end)
