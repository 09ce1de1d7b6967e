-- Consumed capacity: asked for, returned beside the result, and summed over requests.
local capacity = require("dynamodb.table.capacity")
local dynamodb = require("dynamodb")
local engines = dofile("spec/support/engines.lua")
local fixture = dofile("spec/support/table_fixture.lua")
local helper = dofile("spec/support/helper.lua")

describe("capacity", function()
  it("is summed: numbers, and what tables and indexes have", function()
    local first = { TableName = "t", CapacityUnits = 1, Table = { CapacityUnits = 1 },
      GlobalSecondaryIndexes = { a = { CapacityUnits = 2 } } }
    local second = { TableName = "t", CapacityUnits = 0.5, Table = { CapacityUnits = 0.5 },
      GlobalSecondaryIndexes = { a = { CapacityUnits = 1 }, b = { CapacityUnits = 4 } } }
    local sum = capacity.add(capacity.add(nil, first), second)
    assert.same({ TableName = "t", CapacityUnits = 1.5, Table = { CapacityUnits = 1.5 },
      GlobalSecondaryIndexes = { a = { CapacityUnits = 3 }, b = { CapacityUnits = 4 } } }, sum)
    assert.equal(1, first.CapacityUnits) -- the response is left alone
    assert.is_nil(capacity.add(nil, nil))
    assert.equal(sum, capacity.add(sum, "text"))
  end)

  it("is summed for each table", function()
    local sums = capacity.add_list(nil, { { TableName = "a", CapacityUnits = 1 }, { TableName = "b", CapacityUnits = 2 } })
    sums = capacity.add_list(sums, { { TableName = "b", CapacityUnits = 3 } })
    assert.same({ { TableName = "a", CapacityUnits = 1 }, { TableName = "b", CapacityUnits = 5 } }, sums)
    assert.equal(sums, capacity.add_list(sums, nil))
    assert.is_nil(capacity.add_list(nil, nil))
  end)

  it("comes after the value, when there is any", function()
    assert.same({ 1, nil, { x = 1 } }, { capacity.results(1, { x = 1 }) })
    assert.equal(1, select("#", capacity.results(1, nil)))
  end)

  describe("of calls", function()
    local conn, sent, tbl
    setup(function() conn, sent, tbl = fixture.open(helper.HASH) end)
    teardown(function() fixture.close(conn, tbl) end)

    local TOTAL = { return_consumed_capacity = "TOTAL" }

    local function with(more)
      more.return_consumed_capacity = "TOTAL"
      return more
    end

    -- Checks the third result of a call: of one table, or a list of them.
    local function consumes(_, err, consumed, ...)
      assert.equal(0, select("#", ...))
      assert.is_true(err == nil or type(err) == "table", tostring(err))
      if consumed and consumed[1] then consumed = consumed[1] end
      assert.equal(tbl.name, consumed.TableName)
      assert.is_true(consumed.CapacityUnits > 0)
    end

    it("is the third result of every call that asks", function()
      engines.need(pending, "transactions")
      consumes(tbl:put_item({ id = "a", n = 1 }, TOTAL))
      consumes(tbl:get_item("a", TOTAL))
      consumes(tbl:get_item(with({ hash_key = "a" })))
      consumes(tbl:has_item("a", TOTAL))
      consumes(tbl:update_item("a", with({ update = { x = 1 } })))
      consumes(tbl:increment("a", with({ path = "n" })))
      consumes(tbl:get_items({ "a" }, TOTAL))
      consumes(tbl:batch_write({ put = { { id = "b" } } }, TOTAL))
      consumes(conn:batch_get({ [tbl] = { "a", "b" } }, TOTAL))
      consumes(conn:batch_write({ [tbl.name] = { delete = { "b" } } }, TOTAL))
      consumes(conn:transact_write({ { put = { id = "c" }, table = tbl.name } }, TOTAL))
      consumes(conn:transact_get({ { table = tbl.name, hash_key = "c" } }, TOTAL))
      local item = assert(tbl:get_item("a"))
      item.x = 2
      consumes(item:save(TOTAL))
      consumes(item:put(TOTAL))
      consumes(item:reload(TOTAL))
      consumes(item:delete(TOTAL))
      consumes(tbl:delete_item("c", TOTAL))
    end)

    it("is not there when nobody asks", function()
      assert(tbl:put_item({ id = "a" }))
      assert.equal(1, select("#", tbl:get_item("a")))
      assert.equal(1, select("#", tbl:has_item("a")))
      assert.is_nil((select(3, tbl:put_item({ id = "a" }))))
      assert.equal(1, select("#", conn:batch_write({ [tbl] = { put = { { id = "a" } } } })))
    end)

    it("is counted by results and writers", function()
      local rows = tbl:scan({ return_consumed_capacity = "INDEXES" })
      assert(rows:all())
      assert.equal(rows.consumed_units, rows.consumed_capacity.CapacityUnits)
      assert.equal(rows.consumed_units, rows.consumed_capacity.Table.CapacityUnits)
      local writer = tbl:batch_writer(TOTAL)
      assert(writer:put({ id = "w" }))
      assert(writer:flush())
      assert(writer:put({ id = "v" }))
      assert(writer:close())
      assert.equal(tbl.name, writer.consumed_capacity[1].TableName)
      assert.equal(2, writer.consumed_capacity[1].CapacityUnits)
    end)

    it("is asked for in the service's words only", function()
      assert.error_matches(function() tbl:get_item("a", { return_consumed_capacity = "ALL" }) end,
        "option 'return_consumed_capacity': total, indexes or none expected, got 'ALL'")
      assert.equal(1, sent.count(function() assert(tbl:get_item("a", { return_consumed_capacity = "NONE" })) end))
      assert.is_true(dynamodb.is_error((select(2, tbl:update_item("zz", with({ update = { a = 1 }, replace_only = true }))))))
    end)
  end)
end)
