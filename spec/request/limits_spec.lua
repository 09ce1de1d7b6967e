-- The service's limits of size: just below them a request is sent, above them the call raises before that.

local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")
local fixture = dofile("spec/support/table_fixture.lua")

local raises = fixture.raises_in("limits_spec.lua")

describe("limits", function()
  local conn, tbl, fake

  before_each(function()
    fake = helper.fake(helper.response(200, '{"UnprocessedItems":{}}'))
    conn = helper.offline(fake)
    tbl = conn:table("t", { hash_key = "id", range_key = "at" })
  end)

  local overhead = #"id" + #"a" + #"at" + #"b" + #"text"

  local function attributes(bytes)
    return { id = "a", at = "b", text = ("x"):rep(bytes - overhead) }
  end

  local LARGE = ": the item has 409601 bytes, at most 409600 (400 KB) are possible"

  it("of an item hold for every way to put it", function()
    local large = attributes(400 * 1024 + 1)
    raises('PutItem t { at = "b", id = "a" }' .. LARGE, function() return tbl:put_item(large) end)
    raises("PutItem" .. LARGE, function() return tbl:new_item({ attrs = large }):put() end)
    raises("PutItem" .. LARGE, function() return conn:call("PutItem", { TableName = "t", Item = large }) end)
    raises("batch_write: put[2]" .. LARGE, function() return tbl:batch_write({ put = { { id = "x", at = "y" }, large } }) end)
    raises("put" .. LARGE, function() return tbl:batch_writer():put(large) end)
    raises("transact_write[1]" .. LARGE, function() return conn:transact_write({ { put = large, table = tbl } }) end)
    assert.equal(0, #fake.requests)
  end)

  it("of an item count its bytes, not those of the request", function()
    local most = attributes(400 * 1024)
    assert(tbl:put_item(most))
    assert(tbl:batch_write({ put = { most } }))
    local binary = { id = "a", at = "b", text = dynamodb.binary(("x"):rep(400 * 1024 - overhead)) } -- base64 is a third longer
    assert(tbl:put_item(binary))
    assert.equal(3, #fake.requests)
  end)

  it("of keys are 2048 and 1024 bytes", function()
    assert(not select(2, tbl:get_item(("x"):rep(2048), ("y"):rep(1024))))
    raises("get_item: key attribute 'id' has 2049 bytes, at most 2048 are possible", function()
      return tbl:get_item(("x"):rep(2049), "y")
    end)
    raises("key attribute 'at' has 1025 bytes, at most 1024 are possible", function()
      return tbl:put_item({ id = "x", at = ("y"):rep(1025) })
    end)
    assert.equal(1, #fake.requests)
  end)

  it("of a transaction are 4 MB of items", function()
    local operations = {}
    for i = 1, 11 do operations[i] = { put = { id = "a" .. i, at = "b", text = ("x"):rep(390 * 1024) }, table = tbl } end
    raises("transact_write: 4393", function() return conn:transact_write(operations) end)
    operations[11] = nil
    assert(conn:transact_write(operations))
    for _, operation in ipairs(operations) do operation.put.text = dynamodb.binary(operation.put.text) end
    assert(conn:transact_write(operations)) -- 5.2 MB of base64
    assert.equal(2, #fake.requests)
  end)

  it("leave a writer usable that refused an item", function()
    local writer = tbl:batch_writer()
    assert(writer:put({ id = "a", at = "b" }))
    raises("put: v: NaN", function() return writer:put({ id = "c", at = "d", v = 0 / 0 }) end)
    raises("put" .. LARGE, function() return writer:put(attributes(400 * 1024 + 1)) end)
    assert(writer:put({ id = "e", at = "f" }))
    assert(writer:close())
    assert.equal(2, writer.written)
    assert.equal(1, #fake.requests)
  end)
end)
