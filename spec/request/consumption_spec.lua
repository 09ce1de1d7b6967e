-- Capacity units that responses tell: asking, reading, the sums of conn:stats().units, and the option of connect. Canned
-- responses, and the server.

local cjson = require("cjson")
local consumption = require("dynamodb.request.consumption")
local dynamodb = require("dynamodb")
local engines = dofile("spec/support/engines.lua")
local helper = dofile("spec/support/helper.lua")
local operations = require("dynamodb.base.operations")
local testing = require("dynamodb.testing")

-- Returns a connection whose service answers with what respond(operation, request) returns, and the log of its requests.
local function canned(given, respond)
  local log = {}
  local transport = helper.fake(function(bytes)
    local request, operation = cjson.decode(bytes:match("\r\n\r\n(.*)$")), bytes:match("DynamoDB_20120810%.(%w+)")
    log[#log + 1] = { operation = operation, asked = request.ReturnConsumedCapacity }
    return helper.response(200, (cjson.encode(respond(operation, request)):gsub('"LIST"', "[]")))
  end)
  local conn = helper.offline(transport, given)
  return conn, conn:table("t", { hash_key = "id" }), log
end

local function units_of(consumed)
  return function(operation, request)
    if operation == "Query" or operation == "Scan" then
      return { ConsumedCapacity = consumed, Count = 0, ScannedCount = 0, Items = request.Select ~= "COUNT" and "LIST" or nil }
    end
    local is_list = operation:find("^Batch") or operation:find("^Transact") or operation == "ExecuteTransaction"
    return { ConsumedCapacity = is_list and { consumed } or consumed, Responses = operation:find("BatchGet") and { t = "LIST" }
      or operation:find("TransactGet") and { {} } or nil, Items = operation == "ExecuteStatement" and "LIST" or nil,
      Attributes = operation == "UpdateItem" and { n = { N = "1" } } or nil }
  end
end

describe("consumption", function()
  -- {===== Reading =====

  it("knows what each operation consumes, and what a statement does", function()
    local kinds = { GetItem = "read", Query = "read", Scan = "read", BatchGetItem = "read", TransactGetItems = "read",
      PutItem = "write", UpdateItem = "write", DeleteItem = "write", BatchWriteItem = "write", TransactWriteItems = "write" }
    for name, kind in pairs(kinds) do assert.equal(kind, consumption.kind(operations[name], {}), name) end
    assert.equal("read", consumption.kind(operations.ExecuteStatement, { Statement = "SELECT * FROM t" }))
    assert.equal("write", consumption.kind(operations.ExecuteStatement, { Statement = "DELETE FROM t" }))
    local list = { { Statement = "select * from t" } }
    assert.equal("read", consumption.kind(operations.BatchExecuteStatement, { Statements = list }))
    assert.equal("read", consumption.kind(operations.ExecuteTransaction, { TransactStatements = list }))
    assert.is_nil(consumption.kind(operations.DescribeTable, {}))
  end)

  it("asks by a copy of the parameters, unless they say it or nothing is told", function()
    local params = { TableName = "t" }
    assert.same({ TableName = "t", ReturnConsumedCapacity = "TOTAL" },
      consumption.ask(params, operations.GetItem, "TOTAL"))
    assert.is_nil(params.ReturnConsumedCapacity)
    local decided = { ReturnConsumedCapacity = "NONE" }
    assert.equal(decided, consumption.ask(decided, operations.GetItem, "TOTAL"))
    assert.equal(params, consumption.ask(params, operations.DescribeTable, "TOTAL"))
  end)

  it("sums what a response tells, whatever it is", function()
    assert.same({ read = 2, write = 0 }, consumption.sum({ CapacityUnits = 2 }, "read"))
    assert.same({ read = 0, write = 3 }, consumption.sum({ { CapacityUnits = 1 }, { CapacityUnits = 2 } }, "write"))
    assert.same({ read = 1, write = 4 }, consumption.sum({ ReadCapacityUnits = 1, WriteCapacityUnits = 4, CapacityUnits = 5 },
      "write"))
    for _, odd in ipairs({ false, "text", {}, { CapacityUnits = "2" }, { "text" }, { TableName = "t" } }) do
      assert.is_nil(consumption.sum(odd, "read"))
    end
  end)

  -- ===================== }
  -- {===== The sums of a connection =====

  it("counts by table and index, reads and writes", function()
    local consumed = { TableName = "t", CapacityUnits = 3, Table = { CapacityUnits = 1 },
      GlobalSecondaryIndexes = { by_state = { CapacityUnits = 1.5 } },
      LocalSecondaryIndexes = { by_day = { CapacityUnits = 0.5 } } }
    local conn, tbl = canned(nil, units_of(consumed))
    assert.same({}, conn:stats().units)
    assert(tbl:put_item({ id = "a" }, { return_consumed_capacity = "indexes" }))
    assert(tbl:put_item({ id = "a" }, { return_consumed_capacity = "indexes" }))
    assert(tbl:scan({ return_consumed_capacity = "indexes" }):all())
    assert.same({ t = { read = 3, write = 6, indexes = { by_state = { read = 1.5, write = 3 },
      by_day = { read = 0.5, write = 1 } } } }, conn:stats().units)
  end)

  it("counts what transactions tell of reads and writes apart, in each table", function()
    local conn, tbl = canned(nil, function()
      return { ConsumedCapacity = { { TableName = "t", ReadCapacityUnits = 2, WriteCapacityUnits = 4, CapacityUnits = 6 },
        { TableName = "other", WriteCapacityUnits = 2, CapacityUnits = 2 } } }
    end)
    assert(conn:transact_write({ { put = { id = "a" }, table = tbl } }, { return_consumed_capacity = "total" }))
    assert.same({ t = { read = 2, write = 4 }, other = { read = 0, write = 2 } }, conn:stats().units)
  end)

  it("returns a copy, which the caller may change", function()
    local conn, tbl = canned(nil, units_of({ TableName = "t", CapacityUnits = 1 }))
    assert(tbl:scan():all())
    conn:stats().units.t.read = 100
    assert.equal(1, conn:stats().units.t.read)
  end)

  it("ignores what is no number, and the capacity of no table", function()
    for _, odd in ipairs({ "text", { "text" }, { TableName = "t", CapacityUnits = "1" }, { TableName = 5, CapacityUnits = 1 },
      { TableName = "t", CapacityUnits = 1, GlobalSecondaryIndexes = "x" },
      { TableName = "t", CapacityUnits = 1, LocalSecondaryIndexes = { x = "y" } } }) do
      local conn = canned(nil, function() return { ConsumedCapacity = odd } end)
      conn:call("GetItem", { TableName = "t", Key = { id = "a" } }, { max_attempts = 1 })
      local sums = conn:stats().units.t or { read = 0 }
      assert.is_true((sums.read == 0 or sums.read == 1) and not sums.indexes, cjson.encode(odd))
    end
  end)

  it("counts a response that several callers share once", function()
    local plain, faults = helper.connect(), testing.faults()
    local stored = helper.create_table(plain)
    assert(stored:put_item({ id = "a" }))
    local conn = helper.connect({ transport = faults.transport, single_flight = true, return_consumed_capacity = "total" })
    local tbl, before, told = conn:table(stored.name, { hash_key = "id" }), #faults.requests, 0
    dynamodb.loop.run(function()
      for _ = 1, 5 do
        dynamodb.loop.spawn(function()
          local _, _, consumed = tbl:get_item("a")
          told = told + consumed.CapacityUnits
        end)
      end
    end)
    assert.equal(1, #faults.requests - before)
    assert.equal(told / 5, conn:stats().units[stored.name].read)
    assert(stored:delete())
    conn:close()
    plain:close()
  end)

  -- ===================== }
  -- {===== The option of connect =====

  local function call_all(conn, tbl)
    local item = tbl:new_item("a")
    tbl:get_item("a"); tbl:has_item("a"); tbl:put_item({ id = "a" }); tbl:update_item("a", { update = { x = 1 } })
    tbl:delete_item("a"); tbl:increment("a", { path = "n" }); tbl:get_items({ "a" }); tbl:batch_write({ delete = { "a" } })
    conn:batch_get({ [tbl] = { "a" } }); conn:batch_write({ [tbl] = { delete = { "a" } } })
    conn:transact_write({ { put = { id = "a" }, table = tbl } }); conn:transact_get({ { table = tbl, hash_key = "a" } })
    item:put(); item:reload(); item:save(); item:delete()
    tbl:query({ hash_key = "a" }):all(); tbl:scan():all(); tbl:count()
    local writer = tbl:batch_writer()
    writer:put({ id = "a" }); writer:close()
    conn:execute("DELETE FROM t WHERE id = ?", { "a" }); conn:execute("SELECT * FROM t"):all()
    conn:execute_transaction({ { "DELETE FROM t WHERE id = ?", { "a" } } })
    conn:call("GetItem", { TableName = "t", Key = { id = "a" } })
    tbl:scan({ rate = { read = 1e6 } }):all(); tbl:get_items({ "a" }, { rate = { read = 1e6 } })
  end

  for _, level in ipairs({ "total", "indexes", "INDEXES" }) do
    it("asks in all calls: " .. level, function()
      local conn, tbl, log = canned({ return_consumed_capacity = level, max_attempts = 1 },
        units_of({ TableName = "t", CapacityUnits = 1 }))
      call_all(conn, tbl)
      assert.is_true(#log >= 25, #log)
      for i, request in ipairs(log) do
        assert.equal(level:upper(), request.asked, ("request %d, %s"):format(i, request.operation))
      end
      local units = conn:stats().units.t
      assert.equal(#log, units.read + units.write)
    end)
  end

  it("does not ask for what a call or nobody wants", function()
    local _, tbl, log = canned({ return_consumed_capacity = "total" }, units_of({ TableName = "t", CapacityUnits = 1 }))
    tbl:get_item("a", { return_consumed_capacity = "none" })
    tbl:scan({ return_consumed_capacity = "none" }):all()
    tbl:scan({ return_consumed_capacity = "indexes" }):all()
    assert.same({ "NONE", "NONE", "INDEXES" }, { log[1].asked, log[2].asked, log[3].asked })
    for _, given in ipairs({ false, { return_consumed_capacity = "none" } }) do
      local plain, own, requests = canned(given or nil, units_of(nil))
      own:get_item("a")
      own:put_item({ id = "a" })
      assert(own:scan():all())
      assert.same({ GetItem = "nothing", PutItem = "nothing", Scan = "TOTAL" }, {
        [requests[1].operation] = requests[1].asked or "nothing", [requests[2].operation] = requests[2].asked or "nothing",
        [requests[3].operation] = requests[3].asked })
      assert.same({}, plain:stats().units)
    end
  end)

  it("asks through a rate of the connection, which charges the same units", function()
    local conn, tbl, log = canned({ return_consumed_capacity = "indexes", rate = 1e6 },
      units_of({ TableName = "t", CapacityUnits = 1 }))
    local _, _, consumed = tbl:get_item("a")
    assert.equal(1, consumed.CapacityUnits)
    assert.equal("INDEXES", log[1].asked)
    assert.equal(1, conn:stats().units.t.read)
  end)

  it("is checked", function()
    assert.error_matches(function() dynamodb.connect({ return_consumed_capacity = "all" }) end,
      "connect: option 'return_consumed_capacity': total, indexes or none expected", 1, true)
  end)

  -- ===================== }

  it("is what the server tells", function()
    engines.need(pending, "transactions")
    local conn = helper.connect({ return_consumed_capacity = "indexes" })
    local tbl = helper.create_table(conn)
    local sum = { read = 0, write = 0 }
    local function add(kind, _, err, consumed)
      assert(consumed, err)
      sum[kind] = sum[kind] + (consumed[1] or consumed).CapacityUnits
    end
    add("write", tbl:put_item({ id = "a", text = ("x"):rep(3000) }))
    add("read", tbl:get_item("a", { consistent_read = true }))
    add("write", tbl:batch_write({ put = { { id = "b" }, { id = "c" } } }))
    add("read", tbl:get_items({ "a", "b" }))
    local scanned = tbl:scan()
    assert(scanned:all())
    sum.read = sum.read + scanned.consumed_units
    local units = conn:stats().units[tbl.name]
    assert.equal(sum.read, units.read)
    assert.equal(sum.write, units.write)
    assert.is_true(units.read > 0 and units.write >= 5)
    assert(tbl:delete())
    conn:close()
  end)
end)
