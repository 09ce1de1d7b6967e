-- PartiQL statements: execute, batches and transactions, against the server and a recording transport.
local cjson = require("cjson")
local dynamodb = require("dynamodb")
local engines = dofile("spec/support/engines.lua")
local fixture = dofile("spec/support/table_fixture.lua")
local helper = dofile("spec/support/helper.lua")

describe("partiql", function()
  local conn, sent, tbl, name

  setup(function()
    conn, sent, tbl = fixture.open(helper.HASH_RANGE)
    name = '"' .. tbl.name .. '"'
  end)
  teardown(function() fixture.close(conn, tbl) end)

  local raises, same = fixture.raises_in("partiql_spec.lua"), fixture.same
  local new_id = fixture.id_generator("p")

  -- Replaces TABLE in the text by the table's name.
  local function text(statement) return (statement:gsub("TABLE", name)) end

  local function all(statement, values, given)
    local rows, err = conn:execute(text(statement), values, given)
    if not rows then return nil, err end
    return rows:all()
  end

  local function fill(count)
    local id, list = new_id(), {}
    for i = 1, count do list[i] = { id = id, at = i, n = i % 3 } end
    assert(tbl:batch_write({ put = list }))
    return id
  end

  -- {===== One statement =====

  it("selects rows of all pages, requesting each page when it is needed", function()
    engines.need(pending, "partiql")
    local id = fill(10)
    local rows, seen = conn:execute(text("SELECT * FROM TABLE WHERE id = ?"), { id }, { request_limit = 3 }), {}
    local before = sent.requests
    assert.are.equal(0, rows.requests)
    for row in rows do
      seen[#seen + 1] = row.at
      assert.are.equal(math.ceil(#seen / 3), sent.requests - before)
    end
    assert.are.same({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, seen)
    assert.are.equal(10, rows.count)
    assert.are.equal(3, sent.bodies[before + 1].Limit)
    assert.is_nil(sent.bodies[before + 1].NextToken)
    assert.is_string(sent.bodies[before + 2].NextToken)
    assert.is_true(rows.consumed_units > 0)
  end)

  it("returns pages, and stops at its limits", function()
    engines.need(pending, "partiql")
    local id, sizes = fill(10), {}
    local function select(given) return conn:execute(text("SELECT * FROM TABLE WHERE id = ?"), { id }, given) end
    for page in select({ request_limit = 4 }):pages() do sizes[#sizes + 1] = #page end
    assert.are.same({ 4, 4, 2 }, sizes)
    assert.are.equal(5, #assert(select({ max_results = 5 }):all()))
    assert.are.equal(6, #assert(select({ request_limit = 3, max_requests = 2 }):all()))
    assert.are.equal(0, sent.count(function() assert.are.same({}, select({ max_results = 0 }):all()) end))
  end)

  it("skips empty pages", function()
    local responses = { '{"Items":[],"NextToken":"a"}', '{"Items":[{"n":{"N":"1"}}],"NextToken":"b"}',
      '{"Items":[],"NextToken":"c"}', '{"Items":[{"n":{"N":"2"}}]}' }
    local fake = helper.fake(function(_, i) return helper.response(200, responses[i]) end)
    same({ { n = 1 }, { n = 2 } }, helper.offline(fake):execute("SELECT * FROM t"):all())
    assert.are.equal(4, #fake.requests)
    for i, token in ipairs({ "a", "b", "c" }) do
      local body = cjson.decode(fake.requests[i + 1]:match("\r\n\r\n(.*)$"))
      assert.are.same({ token, "SELECT * FROM t" }, { body.NextToken, body.Statement })
    end
  end)

  it("raises the error object in a loop, and returns it from all", function()
    engines.need(pending, "partiql")
    local seen = 0
    local ok, err = pcall(function()
      for _ in conn:execute("SELECT * FROM " .. helper.table_name("missing")) do seen = seen + 1 end
    end)
    assert.is_false(ok)
    assert.are.equal(0, seen)
    assert.are.equal("ResourceNotFoundException", err.code)
    local rows
    rows, err = all("SELEKT")
    assert.is_nil(rows)
    assert.are.equal("ValidationException", err.code)
    assert.are.equal("ExecuteStatement", err.operation)
  end)

  local everything = { n = 1.5, big = dynamodb.number("12345678901234567890.12345678901234567"), s = "it's \"so\"", yes = true,
    null = dynamodb.null, bytes = dynamodb.binary("\0\255"), list = { 1, { "a" }, dynamodb.list() },
    map = { a = 1, b = dynamodb.map() }, strings = dynamodb.set({ "a", "b" }), numbers = dynamodb.set({ 1, 2.5 }),
    binaries = dynamodb.set({ dynamodb.binary("\1") }) }

  it("inserts bound values of every type, and reads them back", function()
    engines.need(pending, "partiql")
    local id, members, values = new_id(), {}, {}
    for attribute, value in pairs(everything) do
      members[#members + 1] = ("'%s': ?"):format(attribute)
      values[#values + 1] = value
    end
    table.insert(values, 1, id)
    assert.are.same({}, all("INSERT INTO TABLE VALUE {'id': ?, 'at': 1, " .. table.concat(members, ", ") .. "}", values))
    local expected = { id = id, at = 1 }
    for attribute, value in pairs(everything) do expected[attribute] = value end
    same(expected, assert(tbl:get_item(id, 1)):totable())
    same({ expected }, all("SELECT * FROM TABLE WHERE id = ?", { id }))
  end)

  for attribute, value in pairs(everything) do
    it("selects by a bound value: " .. attribute, function()
      engines.need(pending, "partiql")
      local id = new_id()
      assert(tbl:put_item({ id = id, at = 1, [attribute] = value }))
      assert(tbl:put_item({ id = id, at = 2, [attribute] = "another" }))
      local rows = assert(all(("SELECT * FROM TABLE WHERE id = ? AND \"%s\" = ?"):format(attribute), { id, value }))
      same({ { id = id, at = 1, [attribute] = value } }, rows)
    end)
  end

  it("updates and deletes", function()
    engines.need(pending, "partiql")
    local id = fill(2)
    assert(all("UPDATE TABLE SET n = ? WHERE id = ? AND at = ?", { 7, id, 1 }))
    assert.are.equal(7, assert(tbl:get_item(id, 1)).n)
    same({ { id = id, at = 1, n = 8 } },
      all("UPDATE TABLE SET n = ? WHERE id = ? AND at = ? RETURNING ALL NEW *", { 8, id, 1 }))
    assert.are.same({}, all("DELETE FROM TABLE WHERE id = ? AND at = ?", { id, 1 }))
    assert.is_nil(tbl:get_item(id, 1))
    assert.is_table(assert(tbl:get_item(id, 2)):totable())
  end)

  it("reports the error of a statement", function()
    engines.need(pending, "partiql")
    local id = fill(1)
    local rows, err = all("INSERT INTO TABLE VALUE {'id': ?, 'at': ?}", { id, 1 })
    assert.is_nil(rows)
    assert.are.equal("DuplicateItemException", err.code)
    rows, err = all("UPDATE TABLE SET n = ? WHERE id = ? AND at = ? AND n = ?", { 1, id, 1, 99 })
    assert.is_nil(rows)
    assert.are.equal("ConditionalCheckFailedException", err.code)
  end)

  it("selects nothing before the first row is read", function()
    engines.need(pending, "partiql")
    local statement
    assert.are.equal(0, sent.count(function() statement = conn:execute(text("SELECT * FROM TABLE")) end))
    assert.are.equal(1, sent.count(function() assert(statement:next()) end))
  end)

  it("has done a statement that writes when it returns", function()
    engines.need(pending, "partiql")
    local id, rows = new_id(), nil
    assert.are.equal(1, sent.count(function()
      rows = assert(conn:execute(text("\n insert INTO TABLE VALUE {'id': ?, 'at': 1}"), { id }))
    end))
    assert.is_table(tbl:get_item(id, 1):totable())
    assert.are.equal(0, sent.count(function() assert.are.same({}, rows:all()) end))
    rows = assert(conn:execute(text("UPDATE TABLE SET n = 1 WHERE id = ? AND at = 1 RETURNING ALL NEW *"), { id }))
    assert.are.equal(1, rows.requests)
    assert.are.equal(0, sent.count(function() same({ { id = id, at = 1, n = 1 } }, rows:all()) end))
    assert(conn:execute(text("Delete FROM TABLE WHERE id = ? AND at = 1"), { id }))
    assert.is_nil(tbl:get_item(id, 1))
    local none, err = conn:execute(text("UPDATE TABLE SET n = 1 WHERE id = ? AND at = 1"), { id })
    assert.is_nil(none)
    assert.are.equal("ConditionalCheckFailedException", err.code)
  end)

  it("sends its options", function()
    engines.need(pending, "partiql")
    assert(all("SELECT * FROM TABLE WHERE id = ?", { "x" }, { consistent_read = true, request_limit = 9 }))
    assert.is_true(sent.last().ConsistentRead)
    assert.are.equal(9, sent.last().Limit)
    assert(all("SELECT * FROM TABLE", {}))
    assert.is_nil(sent.last().Parameters)
  end)

  -- ===================== }
  -- {===== Many statements =====

  it("execute_batch returns a row or an error for each statement", function()
    engines.need(pending, "partiql")
    local id = fill(2)
    local select = text("SELECT * FROM TABLE WHERE id = ? AND at = ?")
    local list
    assert.are.equal(1, sent.count(function()
      list = assert(conn:execute_batch({ { select, { id, 2 } }, { select, { id, 99 } }, "SELEKT",
        { text("SELECT * FROM nowhere WHERE id = 'a'") } }))
    end))
    assert.are.equal(4, #list)
    same({ id = id, at = 2, n = 2 }, list[1].item)
    assert.is_nil(list[1].err)
    assert.is_nil(list[2].item)
    assert.is_nil(list[2].err)
    for i, code in ipairs({ "ValidationError", "ResourceNotFound" }) do
      local err = list[2 + i].err
      assert.is_nil(list[2 + i].item)
      assert.is_true(dynamodb.is_error(err))
      assert.are.equal(code, err.code)
      assert.are.equal("service", err.kind)
      assert.is_false(err.retryable)
      assert.is_truthy(tostring(err):find(code .. ": ", 1, true))
    end
  end)

  it("execute_batch writes all valid statements", function()
    engines.need(pending, "partiql")
    local id = fill(2)
    local insert = text("INSERT INTO TABLE VALUE {'id': ?, 'at': ?, 'list': ?}")
    local list = assert(conn:execute_batch({ { insert, { id, 3, { 1, { a = 2 } } } }, { insert, { id, 1, {} } },
      { text("UPDATE TABLE SET n = ? WHERE id = ? AND at = ?"), { 5, id, 2 } } }))
    assert.is_nil(list[1].err)
    assert.are.equal("DuplicateItem", list[2].err.code)
    assert.is_nil(list[3].err)
    same({ 1, { a = 2 } }, assert(tbl:get_item(id, 3)).list)
    assert.are.equal(5, assert(tbl:get_item(id, 2)).n)
  end)

  for code, expected in pairs({ -- retryable, throttled
    ThrottlingError = { true, true }, ProvisionedThroughputExceeded = { true, true }, RequestLimitExceeded = { true, true },
    TransactionConflict = { true, false }, InternalServerError = { true, false }, DuplicateItem = { false, false },
  }) do
    it("execute_batch marks retryable errors: " .. code, function()
      local response = '{"Responses":[{"TableName":"t"},{"Error":{"Code":"%s","Message":"m","Item":{"n":{"N":"1"}}}}]}'
      local offline = helper.offline(helper.fake(helper.response(200, response:format(code))))
      local list = assert(offline:execute_batch({ "a", "b" }))
      assert.is_nil(list[1].err)
      local err = list[2].err
      assert.are.same(expected, { err.retryable, err.throttled })
      assert.are.same({ "m", { n = 1 } }, { err.message, err.item })
    end)
  end

  it("execute_batch fails as a whole when nothing was executed", function()
    local refused = helper.response(400, '{"__type":"x#ThrottlingException","message":"less"}')
    local list, err = helper.offline(helper.fake(refused)):execute_batch({ "a" })
    assert.is_nil(list)
    assert.are.equal("ThrottlingException", err.code)
  end)

  it("execute_transaction writes all statements", function()
    engines.need(pending, "partiql")
    local id = fill(3)
    local rows = assert(conn:execute_transaction({
      { text("INSERT INTO TABLE VALUE {'id': ?, 'at': ?}"), { id, 4 } },
      { text("UPDATE TABLE SET n = ? WHERE id = ? AND at = ?"), { 50, id, 1 } },
      { text("DELETE FROM TABLE WHERE id = ? AND at = ?"), { id, 2 } },
    }))
    assert.are.same({ false, false, false }, rows)
    assert.is_string(sent.last().ClientRequestToken)
    assert.are.equal(50, assert(tbl:get_item(id, 1)).n)
    assert.is_nil(tbl:get_item(id, 2))
    assert.is_table(tbl:get_item(id, 4):totable())
  end)

  it("execute_transaction reads, with false for missing items", function()
    engines.need(pending, "partiql")
    local id = fill(1)
    local select = text("SELECT * FROM TABLE WHERE id = ? AND at = ?")
    local rows = assert(conn:execute_transaction({ { select, { id, 9 } }, { select, { id, 1 } } }))
    assert.is_false(rows[1])
    same({ id = id, at = 1, n = 1 }, rows[2])
  end)

  it("execute_transaction writes nothing when a statement fails, and reports that statement", function()
    engines.need(pending, "partiql")
    local id = fill(1)
    local statements = {
      { text("INSERT INTO TABLE VALUE {'id': ?, 'at': ?}"), { id, 2 } },
      { text("UPDATE TABLE SET n = ? WHERE id = ? AND at = ? AND n = ?"), { 5, id, 1, 99 } },
    }
    local rows, err = conn:execute_transaction(statements)
    assert.is_nil(rows)
    assert.are.equal("TransactionCanceledException", err.code)
    assert.are.equal("ExecuteTransaction", err.operation)
    assert.are.equal(2, #err.reasons)
    assert.are.same({ "None", "ConditionalCheckFailed" }, { err.reasons[1].code, err.reasons[2].code })
    assert.are.equal(statements[2], err.reasons[2].operation)
    assert.is_nil(tbl:get_item(id, 2))
  end)

  it("execute_transaction retries after conflicts with the same token", function()
    local conflict = helper.response(400, '{"__type":"x#TransactionCanceledException","message":"m","CancellationReasons":'
      .. '[{"Code":"TransactionConflict"}]}')
    local tokens = {}
    local fake = helper.fake(function(bytes, n)
      tokens[n] = bytes:match('"ClientRequestToken":"([^"]+)"')
      return n < 3 and conflict or helper.response(200, '{"Responses":[{}]}')
    end)
    assert.are.same({ false }, helper.offline(fake):execute_transaction({ "DELETE" }))
    assert.are.equal(3, #tokens)
    assert.are.same({ tokens[1], tokens[1] }, { tokens[2], tokens[3] })
    local endless = helper.fake(conflict)
    local rows, err = helper.offline(endless):execute_transaction({ "DELETE" }, { deadline = 2 })
    assert.is_nil(rows)
    assert.are.equal("TransactionConflict", err.reasons[1].code)
    assert.is_true(endless.clock > 1001 and endless.clock <= 1002)
  end)

  -- ===================== }

  local many = {}
  for i = 1, 101 do many[i] = "SELECT" end
  local twenty_six = {}
  for i = 1, 26 do twenty_six[i] = "SELECT" end

  for _, case in ipairs({
    { "execute: statement expected, got nil", function() return conn:execute() end },
    { "execute: statement expected, got string", function() return conn:execute("") end },
    { "execute: statement expected, got table", function() return conn:execute({ "SELECT" }) end },
    { "execute: value 2: NaN is not a DynamoDB number", function() return conn:execute("SELECT ? ?", { 1, 0 / 0 }) end },
    { "execute: value 1: [1]: DynamoDB value expected, got function", function()
      return conn:execute("SELECT ?", { { print } })
    end },
    { "execute: list of values expected, got string", function() return conn:execute("SELECT", "a") end },
    { "execute: list of values expected, got table", function() return conn:execute("SELECT", { a = 1 }) end },
    { "execute: unknown option 'limit'", function() return conn:execute("SELECT", {}, { limit = 1 }) end },
    { "execute: the statement takes 1 values (?), got 0", function() return conn:execute("SELECT ? FROM t") end },
    { "execute: the statement takes 1 values (?), got 2", function()
      return conn:execute([[SELECT 'a?''b' FROM "t?" WHERE id = ?]], { 1, 2 })
    end },
    { "execute_batch[1]: the statement takes 1 values (?), got 0", function()
      return conn:execute_batch({ "SELECT * FROM t WHERE id = ?", { "a1" } })
    end },
    { "execute: option 'max_results' is for SELECT only", function()
      return conn:execute("DELETE FROM t WHERE id = 1", {}, { max_results = 0 })
    end },
    { "execute: value 1: DynamoDB value expected, got function", function()
      return conn:execute("SELECT ?", { print }):next()
    end },
    { "execute_batch: list of statements expected", function() return conn:execute_batch({}) end },
    { "execute_batch: list of statements expected", function() return conn:execute_batch("SELECT") end },
    { "execute_batch: 26 statements, at most 25", function() return conn:execute_batch(twenty_six) end },
    { "execute_batch[2]: statement expected, got number", function() return conn:execute_batch({ "SELECT", 5 }) end },
    { "execute_batch[1]: list of values expected, got number", function() return conn:execute_batch({ { "SELECT", 5 } }) end },
    { "execute_transaction: list of statements expected", function() return conn:execute_transaction({}) end },
    { "execute_transaction: 101 statements, at most 100", function() return conn:execute_transaction(many) end },
    { "execute_transaction: unknown option 'token'", function() return conn:execute_transaction({ "a" }, { token = "x" }) end },
    { "execute_transaction[1]: statement expected, got nil", function() return conn:execute_transaction({ {} }) end },
  }) do
    it("refuses: " .. case[1], function()
      assert.are.equal(0, sent.count(function() raises(case[1], case[2]) end))
    end)
  end
end)
