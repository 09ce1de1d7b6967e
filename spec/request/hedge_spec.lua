-- Which reads are hedged, when and how many: the option hedge, measured times, the budget, the retry quota and throttling.

local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local hedge = require("dynamodb.request.hedge")
local scripted = dofile("spec/support/scripted_server.lua")

local loop = dynamodb.loop

local ITEM = scripted.response('{"Item":{"id":{"S":"a"},"n":{"N":"7"}}}')
local THROTTLED = scripted.response('{"__type":"x#ThrottlingException","message":"slower"}', 400)

-- The steps of a connection that sends this for each request after a delay in ms, by default ten times as long as reads wait
-- before they are sent again.
local function slow(bytes, delay)
  return { { wait = "request" }, { delay = delay or 200 }, { send = bytes }, { again = true } }
end

describe("the option hedge", function()
  it("takes a time or p95, a budget, or false", function()
    for _, value in ipairs({ { after = 0.01 }, { after = "p95" }, { after = 1, budget = 1 }, { after = 1, budget = 0.001 } }) do
      assert.is_true((hedge.is_option(value)))
    end
    assert.is_true((hedge.is_option(false)))
  end)

  it("refuses everything else", function()
    for _, value in ipairs({ true, 0.01, "p95", {}, { budget = 0.1 }, { after = 0 }, { after = -1 }, { after = "p99" },
      { after = 1, budget = 0 }, { after = 1, budget = 1.01 }, { after = 1, budget = "1" }, dynamodb.set({ 1 }) }) do
      local ok, expected = hedge.is_option(value)
      assert.is_falsy(ok)
      assert.matches("after %(seconds or \"p95\"%) and budget", expected)
    end
    assert.error_matches(function() dynamodb.connect({ hedge = { after = 1, bugdet = 0.1 } }) end,
      "connect: option 'hedge': .* without 'bugdet' expected, got table")
    local conn = dynamodb.connect({ region = "eu-west-1" })
    local tbl = conn:table("t", { hash_key = "id" })
    assert.error_matches(function() tbl:get_item("a", { hedge = { after = "soon" } }) end,
      "get_item: option 'hedge': .* expected, got table")
    assert.error_matches(function() tbl:put_item({ id = "a" }, { hedge = { after = 1 } }) end, "unknown option 'hedge'")
    conn:close()
  end)
end)

describe("measured times", function()
  it("have no p95 before there are enough of them", function()
    local times = hedge.new_times()
    for _ = 1, 99 do hedge.add_time(times, 0.003) end
    assert.equal(math.huge, times.p95)
    hedge.add_time(times, 0.003)
    assert.is_true(times.p95 >= 0.003 and times.p95 < 0.0033)
  end)

  it("have a p95 that 95 % of them do not exceed, and that is at most 9 % too long", function()
    local times = hedge.new_times()
    for i = 1, 1000 do hedge.add_time(times, i / 1000) end
    assert.is_true(times.p95 >= 0.95 and times.p95 <= 0.95 * 1.091, times.p95)
    times = hedge.new_times()
    for i = 1, 1000 do hedge.add_time(times, i % 50 == 0 and 0.3 or 0.003) end
    assert.is_true(times.p95 < 0.0034)
  end)

  it("follow a service that becomes slower or faster", function()
    local times = hedge.new_times()
    for _ = 1, 5000 do hedge.add_time(times, 0.002) end
    for _ = 1, 500 do hedge.add_time(times, 0.05) end
    assert.is_true(times.p95 >= 0.05)
    for _ = 1, 20000 do hedge.add_time(times, 0.002) end
    assert.is_true(times.p95 < 0.0023)
  end)

  it("accept any time, in a bounded number of buckets", function()
    local times, count = hedge.new_times(), 0
    for _, seconds in ipairs({ 0, 1e-9, 1e-4, 1, 99, 1e9 }) do
      for _ = 1, 30 do hedge.add_time(times, seconds) end
    end
    for i = 1, 1e5 do hedge.add_time(times, i / 100) end
    for _ in pairs(times.counts) do count = count + 1 end
    assert.is_true(count <= 161, count)
    assert.is_true(times.p95 > 90 and times.p95 < 110)
  end)
end)

describe("hedging", function()
  local server, conn, tbl

  local function start(options, bytes, delay)
    server = scripted.start({}, { rest = slow(bytes or ITEM, delay) })
    conn = scripted.connect(server, options)
    tbl = conn:table("t", { hash_key = "id" })
  end

  after_each(function()
    conn:close()
    server.stop()
  end)

  -- Reads that many times in one task each, one after the other -> hedges that were sent.
  local function hedges_of(count, options)
    local before = conn:stats().hedges
    loop.run(function()
      for _ = 1, count do tbl:get_item("a", options) end
    end)
    return conn:stats().hedges - before
  end

  it("sends at most the budget's share of reads again", function()
    start({ hedge = { after = 0.02, budget = 0.25 } }, nil, 100)
    assert.equal(0, hedges_of(3))
    assert.equal(1, hedges_of(1))
    assert.equal(2, hedges_of(8))
    assert.equal(3, conn:stats().hedges)
    assert.equal(15, #server.requests())
    conn:close()
    conn = scripted.connect(server, { hedge = { after = 0.02 } }) -- 5 %
    tbl = conn:table("t", { hash_key = "id" })
    assert.equal(0, hedges_of(19))
    assert.equal(1, hedges_of(1))
  end)

  it("saves up no more than ten hedges", function()
    start({ hedge = { after = 30, budget = 1 } })
    loop.run(function()
      for _ = 1, 30 do loop.spawn(function() assert(tbl:get_item("a")) end) end
    end)
    assert.equal(10, core.connection_state(conn).hedging.saved)
    assert.equal(0, conn:stats().hedges)
  end)

  it("takes tokens of the retry quota, which a success gives back, and stops without them", function()
    start({ hedge = { after = 0.02, budget = 1 } })
    assert.equal(1, hedges_of(1))
    local policy = core.connection_state(conn).running.retry_policy
    assert.equal(500, policy.tokens)
    policy.tokens = 13
    assert.equal(0, hedges_of(2))
    policy.tokens = 14
    assert.equal(1, hedges_of(1))
    assert.equal(14, policy.tokens)
  end)

  it("loses the tokens of a read that fails", function()
    start({ hedge = { after = 0.02, budget = 1 }, max_attempts = 1 }, scripted.response("{}", 500))
    assert.equal(1, hedges_of(1))
    assert.equal(500 - 14, conn:stats().retry_tokens)
  end)

  it("stops for a while after the service has throttled", function()
    start({ hedge = { after = 0.02, budget = 1 }, retry_mode = "off" }, THROTTLED)
    assert.equal(1, hedges_of(1))
    assert.equal(0, hedges_of(3))
    local hedging = core.connection_state(conn).hedging
    local left = hedging.resume_at - core.connection_state(conn).transport.now()
    assert.is_true(left > 5 and left <= 10)
    hedging.resume_at, hedging.throttled = 0, conn:stats().throttled_responses
    assert.equal(1, hedges_of(1))
  end)

  it("is bound to the rate limit of the adaptive mode", function()
    start({ hedge = { after = 0.02, budget = 1 }, retry_mode = "adaptive" })
    assert.equal(1, hedges_of(1))
    local limiter = core.connection_state(conn).running.retry_policy.limiter
    limiter.active, limiter.rate, limiter.capacity, limiter.tokens, limiter.measured = true, 1e-9, 1, 1, 0
    limiter.filled_at = core.connection_state(conn).transport.now()
    assert.equal(0, hedges_of(1)) -- the one token is the attempt's
  end)

  it("waits for measurements with p95", function()
    start({ hedge = { after = "p95", budget = 1 } })
    assert.equal(0, hedges_of(3))
    local hedging = core.connection_state(conn).hedging
    assert.equal(3, hedging.times.GetItem.total)
    for _ = 1, 100 do hedge.add_time(hedging.times.GetItem, 0.003) end
    assert.equal(1, hedges_of(1))
    loop.run(function() tbl:query({ hash_key = "a", max_attempts = 1 }):all() end)
    assert.equal(1, hedging.times.Query.total)
    assert.equal(1, conn:stats().hedges)
  end)

  it("applies to single calls by their own option", function()
    start({})
    assert.is_false(core.connection_state(conn).hedging)
    assert.equal(0, hedges_of(1))
    assert.equal(1, hedges_of(1, { hedge = { after = 0.02, budget = 1 } }))
    assert.equal(0, hedges_of(1))
    assert.equal(0, hedges_of(1, { hedge = false }))
    conn:close()
    conn = scripted.connect(server, { hedge = { after = 0.02, budget = 1 } })
    tbl = conn:table("t", { hash_key = "id" })
    assert.equal(0, hedges_of(1, { hedge = false }))
    assert.equal(0, hedges_of(1, { hedge = { after = 5 } }))
    assert.equal(1, hedges_of(1))
  end)

  -- Every method that takes the option: what the server sends, and the call.
  local with = { hedge = { after = 0.02, budget = 1 } }
  local function given(more)
    local all = { hedge = with.hedge }
    for name, value in pairs(more) do all[name] = value end
    return all
  end
  local PAGE = '{"Items":[{"id":{"S":"a"},"n":{"N":"7"}}],"Count":1,"ScannedCount":1}'
  local BATCH = '{"Responses":{"t":[{"id":{"S":"a"},"n":{"N":"7"}}]},"UnprocessedKeys":{}}'
  local methods = {
    get_item = { nil, function() return assert(tbl:get_item("a", with)) end },
    has_item = { '{"Item":{"id":{"S":"a"}}}', function() return assert(tbl:has_item("a", with)) end },
    reload = { nil, function() return assert(tbl:new_item("a"):reload(with)) end },
    query = { PAGE, function() return assert(tbl:query(given({ hash_key = "a" })):all())[1] end },
    count = { PAGE, function() return assert(tbl:query(given({ hash_key = "a", items = false })):all())[1] end },
    scan = { PAGE, function() return assert(tbl:scan(given({})):all())[1] end },
    get_items = { BATCH, function() return assert(tbl:get_items({ "a" }, with))[1] end },
    batch_get = { BATCH, function() return assert(conn:batch_get({ [tbl] = { "a" } }, with)).t[1] end },
    loader = { BATCH, function() return assert(tbl:loader(with):get("a")) end },
  }
  for name, case in pairs(methods) do
    it("applies to " .. name, function()
      start({}, case[1] and scripted.response(case[1]) or nil)
      loop.run(function() assert.is_truthy(case[2]()) end)
      assert.equal(1, conn:stats().hedges)
      assert.equal(2, #server.requests())
    end)
  end

  it("never applies to writes, transactions and other operations", function()
    start({ hedge = { after = 0.02, budget = 1 } }, scripted.response("{}"))
    loop.run(function()
      assert(tbl:put_item({ id = "a" }))
      assert(tbl:delete_item("a"))
      conn:call("DescribeLimits", {}, { max_attempts = 1 })
      conn:call("TransactGetItems", { TransactItems = { { Get = { TableName = "t", Key = { id = "a" } } } } },
        { max_attempts = 1 })
    end)
    assert.equal(0, conn:stats().hedges)
    assert.equal(4, #server.requests())
  end)

  it("does not happen outside of tasks, and warns of it once", function()
    local warnings = {}
    start({ hedge = { after = 0.02, budget = 1 },
      hooks = { warning = function(event) warnings[#warnings + 1] = event.message end } })
    for _ = 1, 3 do assert.equal(7, tbl:get_item("a").n) end
    assert.equal(0, conn:stats().hedges)
    assert.equal(1, #warnings)
    assert.matches("reads outside of tasks and nginx are not hedged", warnings[1])
  end)

  it("is told to hooks and log", function()
    local events, lines = {}, {}
    start({ hedge = { after = 0.02, budget = 1 }, log = function(line) lines[#lines + 1] = line end, hooks = {
      request_hedged = function(event) events[#events + 1] = event end,
      call_finished = function(event) events[#events + 1] = event end } })
    assert.equal(1, hedges_of(1))
    local event = events[1]
    assert.same({ "GetItem", "t", 1, false }, { event.operation, event.table, event.attempt, event.won })
    assert.is_true(event.after >= 0.02 and event.after <= events[2].elapsed)
    assert.same({ 2, "call_finished" }, { events[2].attempts, "call_finished" })
    assert.matches("GetItem t: attempt 1: sent again after %d%.%d+ s\n", table.concat(lines, "\n") .. "\n")
  end)

  it("goes together with single_flight", function()
    start({ hedge = { after = 0.02, budget = 1 }, single_flight = true })
    loop.run(function()
      for _ = 1, 5 do loop.spawn(function() assert.equal(7, assert(tbl:get_item("a")).n) end) end
    end)
    assert.equal(1, conn:stats().hedges)
    assert.equal(2, #server.requests())
  end)
end)
