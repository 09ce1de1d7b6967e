-- Transactions: reads and writes, conditions, idempotency tokens and cancellation reasons.
local cjson = require("cjson")
local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local engines = dofile("spec/support/engines.lua")
local fixture = dofile("spec/support/table_fixture.lua")
local helper = dofile("spec/support/helper.lua")

local attr = dynamodb.attr

describe("transaction", function()
  local conn, sent, one, two -- tables with keys of one and of two attributes

  setup(function() conn, sent, one, two = fixture.open(helper.HASH, helper.HASH_RANGE) end)
  teardown(function() fixture.close(conn, one, two) end)

  local raises, new_id = fixture.raises_in("transaction_spec.lua"), fixture.id_generator("t")

  local function stored(tbl, ...)
    local item, err = tbl:get_item(...)
    assert(not err, err)
    return item and item:totable()
  end

  -- {===== Writing =====

  it("takes a table by its name, and returns the error of one that is not there", function()
    engines.need(pending, "transactions")
    local id, absent = new_id(), helper.table_name("absent")
    assert(conn:transact_write({ { put = { id = id, n = 1 }, table = one.name },
      { put = { id = id, at = 1 }, table = two.name } }))
    local found = assert(conn:transact_get({ { table = one.name, hash_key = id }, { table = two, key = { id = id, at = 1 } } }))
    assert.are.equal(1, found[1].n)
    assert.are.equal(two, (core.item_parts(found[2])))
    assert.are.equal(2, sent.count(function() -- DescribeTable takes place once for each name
      for _ = 1, 2 do assert(conn:transact_get({ { table = one.name, hash_key = id } })) end
    end))
    local ok, err = conn:transact_write({ { put = { id = id }, table = absent } })
    assert.is_nil(ok)
    assert.are.equal("ResourceNotFoundException", err.code)
    ok, err = conn:transact_get({ { table = absent, hash_key = id } })
    assert.is_nil(ok)
    assert.are.equal("ResourceNotFoundException", err.code)
  end)

  it("puts, updates, deletes and checks in several tables", function()
    engines.need(pending, "transactions")
    local id = new_id()
    assert(two:put_item({ id = id, at = 1, n = 1, m = { list = { 1, 2 } } }))
    assert(two:put_item({ id = id, at = 2 }))
    assert(one:put_item({ id = id .. "check", state = "open" }))
    assert.are.equal(1, sent.count(function()
      assert.is_true(conn:transact_write({
        { put = { id = id, text = "a", tags = dynamodb.set({ "x" }) }, table = one },
        { put = one:new_item(id .. "item", nil, { n = 7 }) },
        { update = { n = dynamodb.increment(5), ["m.list[1]"] = 9 }, table = two, hash_key = id, range_key = 1 },
        { delete = true, table = two, key = { id = id, at = 2 } },
        { check = attr("state"):eq("open"), table = one, hash_key = id .. "check" },
      }))
    end))
    local put = stored(one, id)
    assert.are.equal("a", put.text)
    assert.is_true(put.tags:has("x"))
    assert.are.equal(7, stored(one, id .. "item").n)
    assert.is_true(core.equal({ id = id, at = 1, n = 6, m = { list = { 1, 9 } } }, stored(two, id, 1)))
    assert.is_nil(stored(two, id, 2))
  end)

  it("takes the key and the table of an item", function()
    engines.need(pending, "transactions")
    local id = new_id()
    local items = {}
    for i = 1, 3 do
      items[i] = two:new_item(id, i, { n = i })
      assert(items[i]:put())
    end
    assert(conn:transact_write({
      { update = { n = 10 }, item = items[1] },
      { delete = items[2] },
      { check = { n = 3 }, item = items[3] },
    }))
    assert.are.equal(10, stored(two, id, 1).n)
    assert.is_nil(stored(two, id, 2))
  end)

  -- Operations on a stored item with n = 1.
  local conditional = {
    { "put", function(id) return { put = { id = id, n = 5 }, table = one } end },
    { "update", function(id) return { update = { n = 5 }, table = one, hash_key = id } end },
    { "delete", function(id) return { delete = true, table = one, hash_key = id } end },
  }
  for _, kind in ipairs(conditional) do
    for _, case in ipairs({ -- { name, options that hold, options that fail }
      { "a table", { condition = { n = 1 } }, { condition = { n = dynamodb.gt(1) } } },
      { "a builder", { condition = attr("n"):lt(2) }, { condition = attr("n"):not_exists() } },
      { "text", { condition = { "n = ?", 1 } }, { condition = { "n <> ?", 1 } } },
      { "expected_value", { expected_value = { n = 1 } }, { expected_value = { n = 2 } } },
      { "replace_only", { replace_only = true }, { create_only = true } },
    }) do
      it(("%ss if %s holds, else writes nothing"):format(kind[1], case[1]), function()
        engines.need(pending, "transactions")
        local id = new_id()
        local function transact(given)
          local operation = kind[2](id)
          for name, value in pairs(given) do operation[name] = value end
          return conn:transact_write({ { put = { id = id .. "too" }, table = one }, operation })
        end
        assert(one:put_item({ id = id, n = 1 }))
        local ok, err = transact(case[3])
        assert.is_nil(ok)
        assert.are.equal("TransactionCanceledException", err.code)
        assert.are.same({ "None", "ConditionalCheckFailed" }, { err.reasons[1].code, err.reasons[2].code })
        assert.are.equal(1, stored(one, id).n)
        assert.is_nil(stored(one, id .. "too"))
        assert.is_true(transact(case[2]))
        assert.is_table(stored(one, id .. "too"))
      end)
    end
  end

  it("reports the reason of each operation, and the item that failed a condition", function()
    engines.need(pending, "transactions")
    local id = new_id()
    local there = { id = id, at = 1, n = dynamodb.number("1.00000000000000000000000001"), set = dynamodb.set({ 1 }) }
    assert(two:put_item(there))
    local operations = {
      { put = { id = id }, table = one },
      { update = { n = 2 }, table = two, hash_key = id, range_key = 1, condition = { n = 5 }, return_item_on_failure = true },
      { check = attr("n"):exists(), table = two, hash_key = id, range_key = 2, return_item_on_failure = true },
    }
    local ok, err = conn:transact_write(operations)
    assert.is_nil(ok)
    assert.are.equal("service", err.kind)
    assert.are.equal("TransactWriteItems", err.operation)
    assert.are.equal(3, #err.reasons)
    for i, reason in ipairs(err.reasons) do assert.are.equal(operations[i], reason.operation) end
    assert.are.equal("None", err.reasons[1].code)
    assert.are.equal("ConditionalCheckFailed", err.reasons[2].code)
    assert.is_string(err.reasons[2].message)
    assert.is_true(core.equal(there, err.reasons[2].item))
    assert.are.equal("ConditionalCheckFailed", err.reasons[3].code)
    assert.is_nil(err.reasons[3].item)
    assert.is_nil(stored(one, id))
  end)

  it("writes 100 operations in one request", function()
    engines.need(pending, "transactions")
    local id, operations = new_id(), {}
    for i = 1, 100 do operations[i] = { put = { id = id, at = i }, table = two } end
    assert.is_true(conn:transact_write(operations))
    assert.are.equal(100, two:count({ hash_key = id }))
  end)

  it("is applied once if it is repeated with the same token", function()
    engines.need(pending, "transactions")
    local id = new_id()
    local function add()
      return conn:transact_write({ { update = { n = dynamodb.add(1) }, table = one, hash_key = id } },
        { token = "token-of-" .. id })
    end
    assert.is_true(add())
    assert.is_true(add())
    assert.are.equal("token-of-" .. id, sent.last().ClientRequestToken)
    assert.are.equal(1, stored(one, id).n)
  end)

  -- ===================== }
  -- {===== Refused =====

  local function same_item(first, second)
    return function() return conn:transact_write({ first, { put = { id = "z" }, table = one }, second }) end
  end

  local many, big = {}, {}
  for i = 1, 101 do many[i] = { put = { id = "k" .. i }, table = nil } end
  for i = 1, 11 do big[i] = { put = { id = "k" .. i, text = ("x"):rep(390 * 1024) } } end
  local function with_table(list)
    for _, operation in ipairs(list) do operation.table = one end
    return list
  end

  for _, case in ipairs({
    { "transact_write: 101 operations, at most 100", function() return conn:transact_write(with_table(many)) end },
    { "bytes, at most 4194304", function() return conn:transact_write(with_table(big)) end },
    { "transact_write: list of operations expected", function() return conn:transact_write({}) end },
    { "transact_write: list of operations expected", function() return conn:transact_write() end },
    { "transact_write[1]: table expected, got string", function() return conn:transact_write({ "put" }) end },
    { "transact_write[1]: 'put', 'update', 'delete' or 'check' expected", function() return conn:transact_write({ {} }) end },
    { "transact_write[1]: option 'table' expected (a table or its name)", function()
      return conn:transact_write({ { put = { id = "x" } } })
    end },
    { "transact_write[1]: option 'table': table or its name expected, got number", function()
      return conn:transact_write({ { put = { id = "x" }, table = 5 } })
    end },
    { "transact_write[1]: option 'table': table 'other' belongs to another connection", function()
      local other = dynamodb.connect({ endpoint_url = "http://127.0.0.1:1" }):table("other", { hash_key = "id" })
      return conn:transact_write({ { put = { id = "x" }, table = other } })
    end },
    { "transact_write[1]: table 'other' belongs to another connection", function()
      local other = dynamodb.connect({ endpoint_url = "http://127.0.0.1:1" }):table("other", { hash_key = "id" })
      return conn:transact_write({ { put = other:new_item("x") } })
    end },
    { "transact_write[1]: one operation expected, got 'put' and 'update'", function()
      return conn:transact_write({ { put = { id = "x" }, update = { n = 1 }, table = one } })
    end },
    { "transact_write[1]: unknown option 'condition'", function()
      return conn:transact_write({ { check = { n = 1 }, condition = { m = 1 }, table = one, hash_key = "x" } })
    end },
    { "transact_write[1]: key attribute 'id' is missing", function()
      return conn:transact_write({ { put = {}, table = one } })
    end },
    { "transact_write[1]: key attribute 'at' is missing", function()
      return conn:transact_write({ { delete = true, table = two, hash_key = "x" } })
    end },
    { "transact_write[1]: option 'update': nothing to do", function()
      return conn:transact_write({ { update = {}, table = one, hash_key = "x" } })
    end },
    { "unknown option 'tokn'", function()
      return conn:transact_write({ { put = { id = "x" }, table = one } }, { tokn = "x" })
    end },
    { "transact_get: 101 operations, at most 100", function() return conn:transact_get(with_table(many)) end },
    { "transact_get: list of operations expected", function() return conn:transact_get({}) end },
    { "transact_get[1]: option 'table' expected", function() return conn:transact_get({ { hash_key = "x" } }) end },
    { "transact_get[1]: unknown option 'put'", function() return conn:transact_get({ { table = one, put = {} } }) end },
    { "transact_get[1]: key attribute 'id' is missing", function() return conn:transact_get({ { table = one } }) end },
  }) do
    it("refuses: " .. case[1], function()
      assert.are.equal(0, sent.count(function() raises(case[1], case[2]) end))
    end)
  end

  it("refuses two operations on one item", function()
    engines.need(pending, "transactions")
    local again = "transact_write[3]: operation 1 has the same item"
    assert.are.equal(0, sent.count(function()
      raises(again, same_item({ put = { id = "a" }, table = one }, { check = { n = 1 }, table = one, hash_key = "a" }))
      raises(again, same_item({ put = { id = "a", at = 1 }, table = two },
        { delete = true, table = two, hash_key = "a", range_key = 1.0 }))
      raises(again, same_item({ update = { n = 1 }, table = two, hash_key = "a", range_key = dynamodb.number("2.0") },
        { delete = two:new_item("a", 2) }))
    end))
    assert.is_true(conn:transact_write({ { put = { id = "a", at = 1 }, table = two }, { put = { id = "a", at = 2 }, table = two },
      { put = { id = "a" }, table = one } }))
  end)

  -- ===================== }
  -- {===== Retries =====

  local function cancelled(...)
    local reasons = {}
    for i, code in ipairs({ ... }) do reasons[i] = { Code = code, Message = code ~= "None" and "why" or nil } end
    return helper.response(400, cjson.encode({ __type = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
      message = "cancelled", CancellationReasons = #reasons > 0 and reasons or nil }))
  end

  local in_progress = helper.response(400, '{"__type":"x#TransactionInProgressException","message":"wait"}')

  -- Sends two operations to a service that gives these responses and repeats the last one -> result, err, fake.
  local function transact(responses, given, method, oversleep)
    local fake = helper.fake(function(_, n) return responses[math.min(n, #responses)] end)
    local sleep = fake.sleep
    function fake.sleep(seconds) sleep(seconds + (oversleep or 0)) end
    local offline = helper.offline(fake)
    local tbl = offline:table("t", { hash_key = "id" })
    local result, err
    if method == "transact_get" then
      result, err = offline:transact_get({ { table = tbl, hash_key = "a" }, { table = tbl, hash_key = "b" } }, given)
    else
      result, err = offline:transact_write({ { put = { id = "a" }, table = tbl }, { put = { id = "b" }, table = tbl } }, given)
    end
    return result, err, fake
  end

  local done = helper.response(200, '{"Responses":[{},{}]}') -- of either operation
  for _, case in ipairs({
    { "a conflict", cancelled("TransactionConflict", "None") },
    { "conflicts", cancelled("TransactionConflict", "TransactionConflict") },
    { "a throttle", cancelled("None", "ThrottlingError"), 1 },
    { "missing capacity and a conflict", cancelled("ProvisionedThroughputExceeded", "TransactionConflict"), 1 },
    { "one still in progress", in_progress, 1 },
  }) do
    for _, method in ipairs({ "transact_write", "transact_get" }) do
      it(("%s retries after %s"):format(method, case[1]), function()
        local result, _, fake = transact({ case[2], case[2], done }, nil, method)
        assert.is_truthy(result)
        assert.are.equal(3, #fake.requests)
        local base = case[3] or 0.025
        assert.is_true(fake.clock > 1000 and fake.clock < 1000 + base + 2 * base)
      end)
    end
  end

  for _, case in ipairs({
    { "a failed condition", "ConditionalCheckFailed", "None" },
    { "a conflict and a failed condition", "TransactionConflict", "ConditionalCheckFailed" },
    { "a bad value", "None", "ValidationError" },
    { "a collection too large", "ItemCollectionSizeLimitExceeded", "TransactionConflict" },
    { "no reason", "None", "None" },
    { "no reasons" },
  }) do
    it("does not retry after " .. case[1], function()
      local result, err, fake = transact({ cancelled(case[2], case[3]), done })
      assert.is_nil(result)
      assert.are.equal("TransactionCanceledException", err.code)
      assert.are.equal(1, err.attempts)
      assert.are.equal(1, #fake.requests)
    end)
  end

  it("keeps its token in retries, and generates another one for the next call", function()
    local function tokens(fake)
      local seen = {}
      for i, bytes in ipairs(fake.requests) do seen[i] = cjson.decode(bytes:match("\r\n\r\n(.*)$")).ClientRequestToken end
      return seen
    end
    local again = cancelled("TransactionConflict", "None")
    local _, _, fake = transact({ again, in_progress, again, done })
    local first = tokens(fake)
    assert.are.equal(4, #first)
    assert.is_truthy(first[1]:match("^%x+%-%x+%-%x+%-%x+%-%x+$"))
    for i = 2, 4 do assert.are.equal(first[1], first[i]) end
    _, _, fake = transact({ done })
    assert.are_not.equal(first[1], tokens(fake)[1])
    _, _, fake = transact({ again, done }, { token = "mine" })
    assert.are.same({ "mine", "mine" }, tokens(fake))
  end)

  for _, deadline in ipairs({ 0.5, 3 }) do
    it(("gives up after %g seconds of conflicts, with the reasons"):format(deadline), function()
      local result, err, fake = transact({ cancelled("TransactionConflict", "None") }, { deadline = deadline })
      assert.is_nil(result)
      assert.are.equal("TransactionCanceledException", err.code)
      assert.are.equal("TransactionConflict", err.reasons[1].code)
      assert.are.equal("why", err.reasons[1].message)
      assert.are.equal("a", err.reasons[1].operation.put.id)
      assert.are.equal(#fake.requests, err.attempts)
      assert.is_true(err.attempts > 3)
      assert.is_true(fake.clock > 1000 + deadline / 2 and fake.clock <= 1000 + deadline, tostring(fake.clock))
    end)
  end

  it("gives the reasons, too, when a pause ends after the deadline, as on a busy machine", function()
    local _, err, fake = transact({ cancelled("TransactionConflict", "None") }, { deadline = 2 }, nil, 3)
    assert.are.equal("TransactionConflict", err.reasons[1].code)
    assert.are.same({ 1, 1 }, { err.attempts, #fake.requests })
  end)

  -- ===================== }
  -- {===== Reading =====

  it("transact_get reads items of several tables, with false for missing items", function()
    engines.need(pending, "transactions")
    local id = new_id()
    assert(one:put_item({ id = id, n = 1, m = { a = 1, b = 2 }, list = dynamodb.list() }))
    assert(two:put_item({ id = id, at = 2, n = 2 }))
    local found
    assert.are.equal(1, sent.count(function()
      found = assert(conn:transact_get({
        { table = two, hash_key = id, range_key = 1 },
        { table = one, hash_key = id },
        { table = two, key = { id = id, at = 2 } },
        { table = one, hash_key = id .. "none" },
      }))
    end))
    assert.are.equal(4, #found)
    assert.is_false(found[1])
    assert.is_true(core.equal({ id = id, n = 1, m = { a = 1, b = 2 }, list = dynamodb.list() }, found[2]:totable()))
    assert.are.equal(2, found[3].n)
    assert.is_false(found[4])
    assert.is_nil(found[2]:changes())
    found[2].n = 5
    assert(found[2]:save())
    assert.are.equal(5, stored(one, id).n)
  end)

  it("transact_get takes projections, and adds the key", function()
    engines.need(pending, "transactions")
    local id = new_id()
    assert(two:put_item({ id = id, at = 1, n = 1, m = { a = 1, b = 2 }, size = "x" }))
    local found = assert(conn:transact_get({
      { table = two, hash_key = id, range_key = 1, projection = { "m.a", "size" } },
    }))
    assert.are.same({ id = id, at = 1, m = { a = 1 }, size = "x" }, found[1]:totable())
  end)

  it("reports a missing table", function()
    engines.need(pending, "transactions")
    local missing = conn:table(helper.table_name("missing"), { hash_key = "id" })
    for _, call in ipairs({
      function() return conn:transact_get({ { table = missing, hash_key = "a" } }) end,
      function() return conn:transact_write({ { put = { id = "a" }, table = missing } }) end,
    }) do
      local result, err = call()
      assert.is_nil(result)
      assert.are.equal("ResourceNotFoundException", err.code)
    end
  end)

  -- ===================== }

  describe("and items:", function()
    local versioned

    setup(function() versioned = fixture.create_versioned(conn) end)
    teardown(function() assert(versioned:delete()) end)

    it("they are clean after a put, and new after a delete", function()
      engines.need(pending, "transactions")
      local put, deleted = one:new_item(new_id(), nil, { x = 1 }), one:new_item(new_id(), nil, { x = 1 })
      assert(deleted:put())
      assert.is_not_nil(put:changes())
      assert(conn:transact_write({ { put = put }, { delete = deleted } }))
      assert.is_nil(put:changes())
      assert.is_not_nil(deleted:changes())
    end)

    it("they are unchanged after a cancellation", function()
      local put, other = one:new_item(new_id(), nil, { x = 1 }), one:new_item(new_id())
      assert.is_nil((conn:transact_write({ { put = put }, { put = other, replace_only = true } })))
      assert.is_not_nil(put:changes())
    end)

    it("versions are counted and checked, by put, update and delete", function()
      engines.need(pending, "transactions")
      local id = new_id()
      local item = versioned:new_item(id, nil, { x = 1 })
      assert(conn:transact_write({ { put = item } }))
      assert.equal(1, item.v)
      assert.is_nil((conn:transact_write({ { put = versioned:new_item(id) } }))) -- the item exists already
      item.x = 2
      assert(item:save())
      assert.equal(2, item.v)
      assert(conn:transact_write({ { update = { y = 1 }, item = item } }))
      assert.same({ id = id, x = 2, y = 1, v = 3 }, stored(versioned, id))
      for _, operation in ipairs({ { put = item }, { delete = item }, { update = { y = 2 }, item = item } }) do
        local ok, err = conn:transact_write({ operation }) -- the local item has version 2
        assert.is_nil(ok)
        assert.equal("ConditionalCheckFailed", err.reasons[1].code)
        assert.equal(2, item.v)
      end
      assert(item:reload({ consistent_read = true }))
      assert(conn:transact_write({ { delete = item } }))
      assert.is_nil(stored(versioned, id))
    end)
  end)
end)
