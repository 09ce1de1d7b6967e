-- conn:background outside of nginx: what it takes and refuses, what it sends by tasks or by flush, and what becomes of
-- entries that fail. spec/scenarios/background_nginx_spec.lua has nginx.

local cjson = require("cjson")
local dynamodb = require("dynamodb")
local fixture = dofile("spec/support/table_fixture.lua")
local helper = dofile("spec/support/helper.lua")
local scripted = dofile("spec/support/scripted_server.lua")
local simulated_time = dofile("spec/support/simulated_time.lua")

local loop = dynamodb.loop
local raises = fixture.raises_in("background_spec.lua")

local function body_of(request) return cjson.decode(request:match("\r\n\r\n(.*)$")) end

-- Returns a queue and a table without a network, the transport, and the list of what on_drop was told.
local function offline(response, given, connect)
  local transport, dropped = helper.fake(response or function() return helper.response(200, "{}") end), {}
  local conn = helper.offline(transport, connect)
  local options = { on_drop = function(entry, err) dropped[#dropped + 1] = { entry, err } end }
  for name, value in pairs(given or {}) do options[name] = value end
  return conn:background(options), conn:table("t", { hash_key = "id" }), transport, dropped, conn
end

describe("a background queue", function()
  local conn, sent, tbl, pairs_tbl
  setup(function() conn, sent, tbl, pairs_tbl = fixture.open(helper.HASH, helper.HASH_RANGE) end)
  teardown(function() fixture.close(conn, tbl, pairs_tbl) end)

  local function get(...) return tbl:get_item(..., { consistent_read = true }) end

  it("sends nothing outside of tasks until it is flushed, and then batches by table", function()
    local queue = conn:background()
    local before = sent.requests
    for i = 1, 30 do assert.is_true(queue:put(tbl, { id = "flush" .. i, n = i })) end
    assert.is_true(queue:put(pairs_tbl, { id = "flush", at = 1 }))
    assert.is_true(queue:delete(tbl, "flush1"))
    assert.is_true(queue:update(tbl, "flush2", { update = { n = dynamodb.increment(10) } }))
    assert.is_true(queue:update(pairs_tbl, { hash_key = "flush", range_key = 1, update = { n = 5 } }))
    assert.equal(before, sent.requests)
    assert.equal("BackgroundQueue(33 queued)", tostring(queue))
    assert.is_true(queue:flush())
    assert.equal(before + 5, sent.requests) -- two batches and one, and two updates
    assert.same({ nil, 12, 5 }, { get("flush1"), get("flush2").n, pairs_tbl:get_item("flush", 1).n })
    assert.same({ queued = 0, bytes = 0, written = 33, replaced = 1, dropped = 0, failed = 0 }, queue:stats())
    assert.is_true(queue:flush())
    assert.is_true(queue:close())
  end)

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

  it("keeps the order of each key", function()
    local queue = conn:background({ wait = 0.001, concurrency = 8 })
    loop.run(function()
      for i = 1, 20 do
        assert(queue:put(tbl, { id = "order", n = i }))
        assert(queue:update(tbl, "order", { update = { n = dynamodb.increment(100) } }))
        assert(queue:put(tbl, { id = "order2", n = i }))
        if i % 5 == 0 then loop.sleep(0.01) end
      end
      assert(queue:delete(tbl, "order3"))
      assert(queue:put(tbl, { id = "order3", n = 3 }))
      assert(queue:flush())
    end)
    assert.same({ 120, 20, 3 }, { get("order").n, get("order2").n, get("order3").n })
  end)

  it("takes the values at the time of the call", function()
    local queue = conn:background()
    local attributes, names = { id = "copy", list = { 1 }, tags = dynamodb.set({ "a" }) }, { 1 }
    local key = { id = "copy2" }
    assert(queue:put(tbl, attributes))
    assert(queue:update(tbl, { key = key, update = { names = names } }))
    attributes.list[1], attributes.id, names[1], key.id = 2, "other", 2, "other"
    attributes.tags:add("b")
    assert(queue:flush())
    assert.same({ 1, 1, 1 }, { get("copy").list[1], #get("copy").tags, get("copy2").names[1] })
    assert.is_nil(get("other"))
  end)

  it("takes items and keys of every form", function()
    local queue = conn:background()
    for i = 1, 3 do assert(pairs_tbl:put_item({ id = "forms", at = i })) end
    assert(queue:delete(pairs_tbl, { "forms", 1 }))
    assert(queue:delete(pairs_tbl, { id = "forms", at = 2 }))
    assert(queue:delete(pairs_tbl, (pairs_tbl:get_item("forms", 3))))
    assert(queue:put(tbl, tbl:new_item("forms", nil, { n = 1 })))
    assert(queue:flush())
    assert.equal(0, (pairs_tbl:count({ hash_key = "forms" })))
    assert.equal(1, get("forms").n)
  end)

  it("tells of a condition that is not fulfilled, and writes the rest", function()
    local told = {}
    local queue = conn:background({ on_drop = function(entry, err) told[#told + 1] = { entry, err } end })
    assert(queue:put(tbl, { id = "condition", n = 1 }))
    assert(queue:update(tbl, "condition", { update = { n = 5 }, condition = dynamodb.attr("n"):eq(2) }))
    assert(queue:update(tbl, "condition", { update = { m = 5 }, replace_only = true }))
    local ok, err = queue:flush()
    assert.same({ nil, "ConditionalCheckFailedException", 1 }, { ok, err.code, err.failed })
    assert.same({ tbl.name, "condition", "ConditionalCheckFailedException" },
      { told[1][1].table, told[1][1].update.Key.id, told[1][2].code })
    assert.same({ 1, 5 }, { get("condition").n, get("condition").m })
    assert.equal(1, queue:stats().failed)
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

describe("a background queue without a network", function()
  it("drops what it has no room for, by number and by bytes, and tells it", function()
    local queue, tbl, transport, dropped = offline(nil, { max_queue = 3 })
    for i = 1, 3 do assert.is_true(queue:put(tbl, { id = "k" .. i })) end
    local ok, err = queue:put(tbl, { id = "k4" })
    assert.same({ nil, "QueueFull", "timeout", "t", true }, { ok, err.code, err.kind, err.table, err.retryable })
    assert.matches("the background queue is full: 3 entries, %d+ bytes %(spec/table/background_spec.lua:%d+%)", tostring(err))
    assert.same({ { { table = "t", put = { id = "k4" } }, err } }, dropped)
    assert.is_nil((queue:update(tbl, "k5", { update = { n = 1 } })))
    assert.equal("k5", dropped[2][1].update.Key.id)
    assert.is_nil((queue:delete(tbl, "k6")))
    assert.same({ table = "t", delete = { id = "k6" } }, dropped[3][1])
    assert.is_true(queue:put(tbl, { id = "k3", n = 1 })) -- in place of another
    assert.same({ 3, 3, 1 }, { queue:stats().queued, queue:stats().dropped, queue:stats().replaced })
    assert.is_true(queue:flush())
    assert.is_true(queue:put(tbl, { id = "k4" })) -- there is room again
    assert.equal(1, #transport.requests)
  end)

  it("bounds the bytes that it holds", function()
    local queue, tbl = offline(nil, { max_bytes = 2000 })
    assert.is_true(queue:put(tbl, { id = "a", text = ("x"):rep(1500) }))
    assert.is_nil((queue:put(tbl, { id = "b", text = ("x"):rep(500) })))
    assert.is_true(queue:put(tbl, { id = "a", text = ("x"):rep(100) })) -- replaces the large one
    assert.is_true(queue:put(tbl, { id = "b", text = ("x"):rep(500) }))
    assert.is_true(queue:stats().bytes < 1000)
  end)

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

  it("tells of what is left when the connection is closed", function()
    local queue, tbl, transport, dropped, conn = offline()
    assert(queue:put(tbl, { id = "a" }))
    conn:close()
    raises("attempt to use a closed connection", queue.put, queue, tbl, { id = "b" })
    local ok, err = queue:close()
    assert.same({ nil, "ConnectionClosed" }, { ok, err.code })
    assert.same({ "a", "ConnectionClosed", 0 }, { dropped[1][1].put.id, dropped[1][2].code, #transport.requests })
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

  it("checks options and arguments at the call", function()
    local queue, tbl, transport, _, conn = offline()
    raises("background: option 'max_queue': whole number of at least 1 expected, got 0", conn.background, conn,
      { max_queue = 0 })
    raises("background: unknown option 'max_queu': did you mean 'max_queue'?", conn.background, conn, { max_queu = 1 })
    raises("background: option 'on_drop': function expected, got table", conn.background, conn, { on_drop = {} })
    raises("put: table object expected, got string", queue.put, queue, "t", {})
    raises("put: table 't' belongs to another connection", queue.put, queue, select(2, offline()), { id = "a" })
    raises("put: key attribute 'id' is missing", queue.put, queue, tbl, {})
    raises("put: ", queue.put, queue, tbl, { id = "a", n = 0 / 0 })
    raises("put: table of attributes expected, got string", queue.put, queue, tbl, "a")
    raises("delete: table has no range key", queue.delete, queue, tbl, { "a", 1 })
    raises("update: option 'update' expected", queue.update, queue, tbl, "a")
    raises("update: unknown option 'return_values'", queue.update, queue, tbl, "a", { return_values = "ALL_NEW", update = {} })
    raises("update: ", queue.update, queue, tbl, "a", { update = { n = 0 / 0 } })
    assert.equal(0, queue:stats().queued)
    assert.is_true(queue:close())
    assert.is_true(queue:close())
    for name, call in pairs({
      put = function() return queue:put(tbl, { id = "a" }) end,
      delete = function() return queue:delete(tbl, "a") end,
      update = function() return queue:update(tbl, "a", { update = { n = 1 } }) end,
      flush = function() return queue:flush() end,
    }) do
      raises(name .. ": attempt to use a closed queue", call)
    end
    assert.equal(0, #transport.requests)
  end)

  if rawget(coroutine, "close") then
    it("is flushed by <close>", function()
      local queue, tbl, transport = offline()
      assert(load([[local queue, tbl = ...; local q <close> = queue; q:put(tbl, { id = "a" })]]))(queue, tbl)
      assert.equal(1, #transport.requests)
      raises("put: attempt to use a closed queue", queue.put, queue, tbl, { id = "b" })
    end)
  end
end)
