-- What becomes of the entries of a background queue: requests by tasks, failures, cancelled tasks.

local cjson = require("cjson")
local dynamodb = require("dynamodb")
local fake_nginx = dofile("spec/support/fake_nginx.lua")
local fixture = dofile("spec/support/table_fixture.lua")
local helper = dofile("spec/support/helper.lua")
local scripted = dofile("spec/support/scripted_server.lua")
local simulated_time = dofile("spec/support/simulated_time.lua")

local loop = dynamodb.loop

local function body_of(request) return cjson.decode(request:match("\r\n\r\n(.*)$")) end

local offline = fixture.offline_queue

describe("the sender of a background queue", function()
  local conn, sent, tbl
  setup(function() conn, sent, tbl = fixture.open(helper.HASH) end)
  teardown(function() fixture.close(conn, tbl) end)

  local function get(id) return tbl:get_item(id, { consistent_read = true }) end

  it("sends by tasks, which loop.run waits for", function()
    local queue = conn:background({ wait = 0.01 })
    local before = sent.requests
    loop.run(function()
      for i = 1, 60 do assert(queue:put(tbl, { id = "task" .. i, n = i })) end
      assert.equal(before, sent.requests)
      loop.sleep(1)
      assert.equal(60, queue:stats().written)
      queue:put(tbl, { id = "last" })
    end)
    assert.equal(1, get("task1").n)
    assert.is_truthy(get("last"))
    assert.is_true(sent.requests - before <= 8)
  end)

  it("sends the entries of a refused batch one by one", function()
    local told = {}
    local queue = conn:background({ on_drop = function(entry, err) told[#told + 1] = { entry, err.code } end })
    local wrong = conn:table(tbl.name, { hash_key = "id", hash_key_type = "N" }) -- the service knows better
    for i = 1, 4 do assert(queue:put(tbl, { id = "one" .. i })) end
    assert(queue:put(wrong, { id = 7 }))
    assert.is_nil((queue:flush()))
    assert.same({ { { table = tbl.name, put = { id = 7 } }, "ValidationException" } }, told)
    for i = 1, 4 do assert.is_truthy(get("one" .. i)) end
    assert.same({ 4, 1 }, { queue:stats().written, queue:stats().failed })
  end)

  it("does not send an update again whose task was cancelled", function()
    local server = scripted.start({ { { wait = "request" }, { delay = 9000 } } })
    local slow = helper.connect({ endpoint_url = server.endpoint_url })
    local same, told = slow:table("t", { hash_key = "id" }), {}
    local queue = slow:background({ wait = 0.001, on_drop = function(entry, err) told[#told + 1] = { entry, err } end })
    pcall(loop.run, function()
      assert(queue:update(same, "a", { update = { n = dynamodb.increment(1) } }))
      loop.sleep(0.1)
      error("the end", 0)
    end)
    assert.same({ "a", true, "network" }, { told[1][1].update.Key.id, told[1][2].ambiguous, told[1][2].kind })
    assert.same({ 0, 1, 1 }, { queue:stats().queued, queue:stats().failed, #server.requests() })
    slow:close()
    server.stop()
  end)

  it("sends again what a task did not finish when it was cancelled", function()
    local server = scripted.start({ { { wait = "request" }, { delay = 9000 } } },
      { rest = { { wait = "request" }, { send = scripted.response("{}") }, { again = true } } })
    local slow = helper.connect({ endpoint_url = server.endpoint_url })
    local queue, same = slow:background({ wait = 0.001 }), slow:table("t", { hash_key = "id" })
    local ok = pcall(loop.run, function()
      assert(queue:put(same, { id = "cancelled" }))
      loop.sleep(0.1)
      error("the end", 0)
    end)
    assert.is_false(ok)
    assert.equal(1, queue:stats().queued)
    assert.is_true(queue:flush())
    assert.same({ 0, 1, 2 }, { queue:stats().queued, queue:stats().written, #server.requests() })
    slow:close()
    server.stop()
  end)
end)

describe("the sender of a background queue, without a network,", function()
  it("tells of every entry that a failing service does not take", function()
    local queue, tbl, _, dropped = offline(function() return helper.response(500, '{"__type":"x#InternalServerError"}') end,
      { deadline = 2 })
    for i = 1, 30 do assert(queue:put(tbl, { id = "k" .. i })) end
    local ok, err = queue:flush()
    assert.same({ nil, "InternalServerError", 30 }, { ok, err.code, err.failed })
    assert.equal(30, #dropped)
    local ids = {}
    for _, each in ipairs(dropped) do ids[each[1].put.id] = each[2].code end
    for i = 1, 30 do assert.equal("InternalServerError", ids["k" .. i]) end
    assert.same({ queued = 0, bytes = 0, written = 0, replaced = 0, dropped = 0, failed = 30 }, queue:stats())
  end)

  it("sends every entry although on_drop raises", function()
    local queue, tbl, transport = offline(function(bytes)
      if bytes:find("UpdateItem", 1, true) then
        return helper.response(400, '{"__type":"x#ConditionalCheckFailedException"}')
      end
      return helper.response(200, "{}")
    end, { on_drop = function() error("from on_drop", 0) end })
    for i = 1, 3 do assert(queue:update(tbl, "k" .. i, { update = { n = 1 } })) end
    assert(queue:put(tbl, { id = "a" }))
    local ok, why = pcall(queue.flush, queue)
    assert.same({ false, "from on_drop" }, { ok, why })
    assert.same({ 0, 3, 1, 4 }, { queue:stats().queued, queue:stats().failed, queue:stats().written, #transport.requests })
  end)

  it("sends at most 'concurrency' requests at a time, and a full batch at once", function()
    local fake = helper.fake(function() return helper.response(200, "{}") end)
    local simulated = simulated_time.new(fake, function() return 0.1 end)
    local conn = helper.offline(simulated)
    local queue, tbl = conn:background({ concurrency = 3, wait = 5 }), conn:table("t", { hash_key = "id" })
    simulated.run(function()
      local began = simulated.now()
      for i = 1, 250 do assert(queue:put(tbl, { id = "k" .. i })) end
      simulated.sleep(1)
      assert.is_true(queue:stats().written == 250, queue:stats().written)
      assert.is_true(simulated.now() - began < 2)
      assert(queue:put(tbl, { id = "late" }))
      simulated.sleep(1)
      assert.equal(1, queue:stats().queued) -- it waits for others
      assert.is_true(queue:flush())
    end)
    assert.equal(3, simulated.most_in_flight)
    for _, request in ipairs(fake.requests) do
      assert.is_true(#body_of(request).RequestItems.t <= 25)
    end
  end)

  -- Returns a queue whose transport has timers as nginx has, the table, and the timers that were started: { seconds, function }.
  local function with_timers()
    local transport, timers = helper.fake(function() return helper.response(200, "{}") end), {}
    function transport.later(seconds, f)
      if transport.refuses then return nil, "too many pending timers" end
      timers[#timers + 1] = { seconds, f }
      return true
    end
    local conn = helper.offline(transport)
    return conn:background({ wait = 0.5 }), conn:table("t", { hash_key = "id" }), timers, transport
  end

  it("has one timer for the entries of a time, and another at once for a full batch", function()
    local queue, tbl, timers, transport = with_timers()
    for i = 1, 24 do assert(queue:put(tbl, { id = "k" .. i })) end
    assert.same({ 1, 0.5 }, { #timers, timers[1][1] })
    for i = 25, 40 do assert(queue:put(tbl, { id = "k" .. i })) end
    assert.same({ 2, 0 }, { #timers, timers[2][1] })
    assert.equal(0, #transport.requests)
    timers[2][2]()
    assert.same({ 0, 40, 2 }, { queue:stats().queued, queue:stats().written, #transport.requests })
    timers[1][2]() -- nothing is left
    assert.equal(2, #transport.requests)
  end)

  it("starts another timer when nginx refused or dropped one", function()
    local queue, tbl, timers, transport = with_timers()
    transport.refuses = true
    assert.is_true(queue:put(tbl, { id = "a" }))
    transport.refuses = false
    assert.is_true(queue:put(tbl, { id = "b" }))
    assert.equal(1, #timers) -- nginx has dropped it, as lua_max_running_timers lets it do
    transport.sleep(0.9)
    assert.is_true(queue:put(tbl, { id = "c" }))
    assert.equal(1, #timers)
    transport.sleep(1)
    assert.is_true(queue:put(tbl, { id = "d" }))
    assert.equal(2, #timers)
    timers[2][2]()
    assert.equal(4, queue:stats().written)
  end)

  it("ends a timer after 100 requests, and goes on in another", function()
    local queue, tbl, timers, transport = with_timers()
    for i = 1, 150 do assert(queue:update(tbl, "k" .. i, { update = { n = 1 } })) end
    local sent = 0
    for i = 1, 9 do
      if timers[i] then timers[i][2]() end
      if i == 1 then sent = #transport.requests end
    end
    assert.same({ 100, 150, 150 }, { sent, #transport.requests, queue:stats().written })
  end)

  it("sends in exit_worker what a timer did not finish, except updates", function()
    local queue, tbl, timers, transport = with_timers()
    assert(queue:put(tbl, { id = "a" }))
    assert(queue:update(tbl, "b", { update = { n = 1 } }))
    local receive, is_over = transport.receive, false
    transport.receive = function(...)
      if not is_over then coroutine.yield() end
      return receive(...)
    end
    for i = 1, 2 do coroutine.resume(coroutine.create(timers[i][2])) end
    assert.same({ 2, 2 }, { #transport.requests, queue:stats().queued })
    is_over = true
    fake_nginx.with(fake_nginx.ngx("exit_worker", {}), function()
      local ok, err = queue:close()
      assert.same({ nil, "network", true, 1 }, { ok, err.kind, err.ambiguous, err.failed })
    end)
    assert.equal(3, #transport.requests)
    assert.is_truthy(transport.requests[3]:find("BatchWriteItem", 1, true))
    assert.same({ 0, 1, 1 }, { queue:stats().queued, queue:stats().written, queue:stats().failed })
  end)
end)
