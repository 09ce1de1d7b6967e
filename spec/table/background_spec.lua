-- conn:background outside of nginx: what it takes and refuses, and what a flush sends. spec/table/background_sender_spec.lua has
-- what becomes of it, and spec/scenarios/background_nginx_spec.lua has nginx.

local dynamodb = require("dynamodb")
local fixture = dofile("spec/support/table_fixture.lua")
local helper = dofile("spec/support/helper.lua")

local loop = dynamodb.loop
local raises = fixture.raises_in("background_spec.lua")

local offline = fixture.offline_queue

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

  it("tells of what is left when the connection is closed", function()
    local queue, tbl, transport, dropped, conn = offline()
    assert(queue:put(tbl, { id = "a" }))
    conn:close()
    raises("attempt to use a closed connection", queue.put, queue, tbl, { id = "b" })
    local ok, err = queue:close()
    assert.same({ nil, "ConnectionClosed" }, { ok, err.code })
    assert.same({ "a", "ConnectionClosed", 0 }, { dropped[1][1].put.id, dropped[1][2].code, #transport.requests })
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
