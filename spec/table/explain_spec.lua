-- Option 'explain': nothing is sent, and the requests are those that the same call sends. Canned responses, and the server.

local cjson = require("cjson")
local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")

-- Returns a connection of a service that answers everything, and the log of the bodies that it got.
local function canned(given)
  local log = {}
  local transport = helper.fake(function(bytes)
    local body, operation = bytes:match("\r\n\r\n(.*)$"), bytes:match("DynamoDB_20120810%.(%w+)")
    log[#log + 1] = { operation = operation, body = body }
    if operation == "Query" or operation == "Scan" then
      local list = body:find('"COUNT"', 1, true) and "" or '"Items":[],'
      return helper.response(200, ('{%s"Count":0,"ScannedCount":0}'):format(list))
    end
    local responses = { BatchGetItem = '{"Responses":{"t":[]}}', TransactGetItems = '{"Responses":[{}]}',
      UpdateItem = '{"Attributes":{"n":{"N":"1"},"v":{"N":"2"}}}' }
    return helper.response(200, responses[operation] or "{}")
  end)
  local conn = helper.offline(transport, given)
  return conn, conn:table("t", { hash_key = "id" }), log
end

-- Returns a body as a table, without the idempotency token, which differs from call to call.
local function decoded(body)
  local found = cjson.decode(body)
  found.ClientRequestToken = nil
  return found
end

-- Returns options with 'explain'.
local function explained(given)
  local copy = { explain = true }
  for name, value in pairs(given or {}) do copy[name] = value end
  return copy
end

-- Returns an item that was loaded, with changes.
local function changed_item(tbl)
  local item = tbl:new_item({ attrs = { id = "i", n = 1, text = "old" } })
  core.item_load(item, (assert(core.encode({ id = "i", n = 1, text = "old" }, "item"))))
  item.text = "new"
  return item
end

local many = {}
for i = 1, 130 do many[i] = "k" .. i end

local puts = {}
for i = 1, 60 do puts[i] = { id = "k" .. i, n = i } end

-- Calls of methods with 'explain' or without: name -> f(conn, tbl, options).
local calls = {
  ["get_item by options"] = function(_, tbl, given)
    given.hash_key = "a"
    return tbl:get_item(given)
  end,
  ["get_item by key"] = function(_, tbl, given)
    given.projection = "a, b.c[1]"
    return tbl:get_item("a", given)
  end,
  has_item = function(_, tbl, given) return tbl:has_item("a", given) end,
  ["lookup"] = function(_, tbl, given) return tbl:lookup("a", given) end,
  put_item = function(_, tbl, given)
    given.condition = { n = dynamodb.gt(1) }
    return tbl:put_item({ id = "a", explain = true, set = dynamodb.set({ 1, 2 }) }, given)
  end,
  ["put_item, exactly once"] = function(_, tbl, given)
    given.create_only, given.retry_writes = true, "exact"
    return tbl:put_item({ id = "a" }, given)
  end,
  update_item = function(_, tbl, given)
    given.update, given.return_values = { n = dynamodb.increment(1), x = "y" }, "UPDATED_NEW"
    return tbl:update_item("a", given)
  end,
  delete_item = function(_, tbl, given) return tbl:delete_item("a", given) end,
  increment = function(_, tbl, given)
    given.path = "n"
    return tbl:increment("a", given)
  end,
  ["item:put"] = function(_, tbl, given) return tbl:new_item("i", nil, { n = 1 }):put(given) end,
  ["item:save"] = function(_, tbl, given) return changed_item(tbl):save(given) end,
  ["item:save, guarded"] = function(_, tbl, given)
    given.guard = "changed"
    return changed_item(tbl):save(given)
  end,
  ["item:delete"] = function(_, tbl, given) return changed_item(tbl):delete(given) end,
  ["item:reload"] = function(_, tbl, given) return changed_item(tbl):reload(given) end,
  query = function(_, tbl, given)
    given.filter, given.max_results = { n = 1 }, 5
    local results = tbl:query("a", given)
    return core.typename(results) == "dynamodb.results" and results:all() or results
  end,
  ["scan by segments"] = function(_, tbl, given)
    given.segments, given.concurrency, given.request_limit = 7, 1, 10
    local results = tbl:scan(given)
    return core.typename(results) == "dynamodb.results" and results:all() or results
  end,
  ["count of a query"] = function(_, tbl, given)
    given.hash_key = "a"
    return tbl:count(given)
  end,
  ["count of a scan"] = function(_, tbl, given) return tbl:count(given) end,
  get_items = function(_, tbl, given)
    given.projection = "n"
    return tbl:get_items(many, given)
  end,
  batch_get = function(conn, tbl, given) return conn:batch_get({ [tbl] = { keys = { "a" }, consistent_read = true } }, given) end,
  ["batch_write of a table"] = function(_, tbl, given) return tbl:batch_write({ put = puts, delete = { "d" } }, given) end,
  batch_write = function(conn, tbl, given) return conn:batch_write({ [tbl] = { delete = { "d" } } }, given) end,
  transact_write = function(conn, tbl, given)
    return conn:transact_write({ { put = { id = "a" }, table = tbl, create_only = true }, { delete = changed_item(tbl) },
      { check = dynamodb.attr("n"):exists(), table = tbl, hash_key = "c" } }, given)
  end,
  transact_get = function(conn, tbl, given)
    return conn:transact_get({ { table = tbl, hash_key = "a", projection = "n" } }, given)
  end,
  ["get_item of the connection"] = function(conn, tbl, given) return conn:get_item(tbl, "a", given) end,
}

describe("explain", function()
  for name, call in pairs(calls) do
    for setting, given in pairs({ [""] = false, [" that asks for capacity"] = { return_consumed_capacity = "indexes" } }) do
      it("sends nothing, and has the requests of the call: " .. name .. setting, function()
        local conn, tbl, log = canned(given or nil)
        local plan, err = call(conn, tbl, { explain = true })
        assert(plan, tostring(err))
        assert.equal(0, #log)
        assert.equal(0, conn:stats().calls)
        call(conn, tbl, {})
        assert.is_true(#log > 0)
        assert.equal(#log, #plan.requests)
        local bytes = 0
        for i, request in ipairs(plan.requests) do
          assert.equal(log[i].operation, plan.operation)
          assert.same(decoded(log[i].body), decoded(request.json))
          assert.equal(#log[i].body, request.bytes)
          assert.equal(#request.json, request.bytes)
          bytes = bytes + request.bytes
        end
        assert.equal(bytes, plan.bytes)
        assert.is_table(plan.warnings)
        assert.is_number(plan.units.read + plan.units.write)
      end)
    end
  end

  it("shows the parameters as a plain table of Lua values", function()
    local _, tbl = canned()
    local big = dynamodb.number("12345678901234567890123456789")
    local plan = tbl:put_item({ id = "a", big = big, list = { 1, 2 } }, { explain = true })
    local params = plan.requests[1].params
    assert.equal("t", params.TableName)
    assert.equal(big, params.Item.big)
    assert.same({ 1, 2 }, { params.Item.list[1], params.Item.list[2] })
    local batch = tbl:batch_write({ put = { { id = "b", n = 5 } } }, { explain = true })
    assert.equal(5, batch.requests[1].params.RequestItems.t[1].PutRequest.Item.n)
  end)

  it("leaves items as they are", function()
    local _, tbl = canned()
    local item = changed_item(tbl)
    item:put_attribute("later", 1)
    for _, method in ipairs({ "put", "save", "delete" }) do
      assert(item[method](item, { explain = true }))
      assert.same({ set = { text = "new" }, remove = {} }, item:changes())
    end
    assert.equal("UpdateItem", item:save({ explain = true }).operation)
    local conn = canned()
    local own = changed_item(conn:table("t", { hash_key = "id" }))
    assert(conn:transact_write({ { put = own } }, { explain = true }))
    assert.equal("new", own:changes().set.text)
  end)

  it("has no request where the call sends none", function()
    local conn, tbl = canned()
    local item = changed_item(tbl)
    item.text = "old"
    for _, plan in ipairs({ item:save({ explain = true }), tbl:scan({ max_results = 0, explain = true }),
      tbl:get_items({}, { explain = true }), conn:batch_write({}, { explain = true }) }) do
      assert.same({}, plan.requests)
      assert.is_nil(plan.operation)
      assert.equal(0, plan.bytes + plan.units.read + plan.units.write)
    end
  end)

  it("has one request for each segment, also of a concurrent scan and of one that is resumed", function()
    local _, tbl, log = canned()
    local plan = tbl:scan({ segments = 4, prefetch = 2, concurrency = 4, explain = true })
    assert.equal(4, #plan.requests)
    for i = 1, 4 do assert.equal(i - 1, plan.requests[i].params.Segment) end
    local state = { segments = { { done = true },
      { done = false, key = '{"id":{"S":"k"}}' }, { done = true }, { done = false } } }
    plan = tbl:scan({ segments = 4, state = state, explain = true })
    assert.equal(2, #plan.requests)
    assert.equal("k", plan.requests[1].params.ExclusiveStartKey.id)
    assert.equal(0, #log)
  end)

  it("waits for no rate and asks as a rate does", function()
    local _, tbl = canned({ rate = 0.001 })
    for _ = 1, 3 do
      local plan = tbl:get_items(many, { explain = true, rate = { read = 0.001 }, concurrency = 8 })
      assert.equal(2, #plan.requests)
      assert.equal("TOTAL", plan.requests[1].params.ReturnConsumedCapacity)
    end
    assert.equal("TOTAL", tbl:get_item("a", { explain = true }).requests[1].params.ReturnConsumedCapacity)
  end)

  it("does what the call does on misuse", function()
    local conn, tbl, log = canned()
    assert.error_matches(function() tbl:get_item(5, { explain = true }) end, "get_item: ")
    assert.error_matches(function() tbl:get_item("a", { explain = 1 }) end, "option 'explain': boolean expected, got 1", 1, true)
    assert.error_matches(function() tbl:count({ explain = 1 }) end, "option 'explain': boolean expected, got 1", 1, true)
    assert.error_matches(function() tbl:put_item({ id = "a", x = ("x"):rep(500000) }, { explain = true }) end,
      "the item has 500%d+ bytes")
    assert.error_matches(function() tbl:put_item({ id = "a", f = print }, { explain = true }) end, "f")
    assert.error_matches(function() tbl:scan({ explain = true, prefetch = "x" }) end, "option 'prefetch'", 1, true)
    assert.error_matches(function() tbl:batch_writer({ explain = true }) end, "unknown option 'explain'", 1, true)
    assert(tbl:get_item("a", { explain = false }) == nil)
    assert.equal(1, #log)
    assert.is_nil((tbl:get_item("b"))) -- calls are sent again after a failure
    assert.equal(2, #log)
    conn:close()
    assert.error_matches(function() tbl:get_item("a", { explain = true }) end, "closed")
  end)

  it("raises where it would have to describe a table, at the caller's line", function()
    local conn, tbl, log = canned()
    for _, call in ipairs({
      function() conn:batch_get({ other = { "a" } }, { explain = true }) end,
      function() conn:transact_get({ { table = "other", hash_key = "a" } }, { explain = true }) end,
      function() tbl:query({ index = "by_state", hash_key = "a", explain = true }) end,
      function() tbl:scan({ index = "by_state", explain = true }) end,
    }) do
      local ok, message = pcall(call)
      assert.is_false(ok)
      assert.truthy(message:find("^spec/table/explain_spec.lua:%d+: option 'explain' sends nothing"), message)
    end
    assert.equal(0, #log)
  end)

  it("returns the error of a cursor", function()
    local _, tbl = canned()
    local plan, err = tbl:scan({ cursor = "nonsense", cursor_key = ("k"):rep(32), explain = true })
    assert.is_nil(plan)
    assert.equal("InvalidCursor", err.code)
  end)

  it("leaves other tasks alone", function()
    local _, tbl, log = canned()
    dynamodb.loop.run(function()
      local task = dynamodb.loop.spawn(function() return tbl:get_items(many, { concurrency = 2 }) end)
      assert.equal(2, #tbl:get_items(many, explained({ concurrency = 2 })).requests)
      assert(task:wait())
    end)
    assert.equal(2, #log)
  end)

  it("knows indexes and sizes of described tables of the server", function()
    local conn = helper.connect()
    local name = helper.table_name("explained")
    local tbl = assert(conn:create_table({ name = name, schema = conn:create_schema("id", "S"),
      global_indexes = { { name = "by_state", hash_key = "state" } } }))
    assert(tbl:wait_until_active())
    local described = assert(conn:get_table(name))
    local plan = described:query({ index = "by_state", hash_key = "open", explain = true })
    assert.equal("by_state", plan.requests[1].params.IndexName)
    plan = described:scan({ filter = { state = "open" }, explain = true })
    assert.equal("scan_for_query", plan.warnings[1].code)
    local before = conn:stats().calls
    plan = described:put_item({ id = "a", text = ("x"):rep(3000) }, { explain = true, create_only = true })
    assert.equal(before, conn:stats().calls)
    local _, _, consumed = described:put_item({ id = "a", text = ("x"):rep(3000) },
      { create_only = true, return_consumed_capacity = "total" })
    assert.equal(consumed.CapacityUnits, plan.units.write) -- no entry of the index, since the item has no state
    local _, _, read = described:get_item("a", { return_consumed_capacity = "total" })
    assert.equal(read.CapacityUnits, described:get_item("a", { explain = true }).units.read)
    assert(tbl:delete())
    conn:close()
  end)
end)
