-- Tables: their fields and item methods, and keys that are rejected before a request is sent.
local dynamodb = require("dynamodb")
local fixture = dofile("spec/support/table_fixture.lua")
local helper = dofile("spec/support/helper.lua")

describe("table", function()
  local conn, _, plain, ranged -- keys: id; id and at

  setup(function()
    conn, _, plain, ranged = fixture.open(helper.HASH, helper.HASH_RANGE)
  end)
  teardown(function() fixture.close(conn, plain, ranged) end)

  local function description(status, more)
    return helper.response(200, ('{"Table":{"TableName":"t","TableStatus":"%s"%s}}'):format(status, more or ""))
  end

  local missing = '{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no t"}'

  local function offline_table(response)
    local fake = helper.fake(response)
    return helper.offline(fake):table("t", { hash_key = "id" }), fake
  end

  describe("fields", function()
    it("come from the service", function()
      local name = helper.table_name()
      local tbl = assert(conn:create_table({ name = name, schema = conn:create_schema(helper.HASH),
        read_units = 4, write_units = 5 }))
      assert(tbl:wait_until_active())
      assert.are.equal(name, tbl.name)
      assert.are.equal("ACTIVE", tbl.status)
      assert.are.equal(conn:create_schema(helper.HASH), tbl.schema)
      assert.are.equal(0, tbl.item_count)
      assert.are.equal(0, tbl.size_bytes)
      assert.are.equal(4, tbl.read_units)
      assert.are.equal(5, tbl.write_units)
      assert.is_number(tbl.create_time)
      assert.is_true(math.abs(tbl.create_time - os.time()) < 24 * 3600)
      assert(tbl:delete())
      assert.are.equal("DELETING", tbl.status)
    end)

    it("follow refresh", function()
      local tbl = offline_table(description("UPDATING", [[,"ItemCount":12,"TableSizeBytes":3456,
        "CreationDateTime":1.7e9,"ProvisionedThroughput":{"ReadCapacityUnits":7,"WriteCapacityUnits":8},
        "KeySchema":[{"AttributeName":"id","KeyType":"HASH"},{"AttributeName":"at","KeyType":"RANGE"}],
        "AttributeDefinitions":[{"AttributeName":"at","AttributeType":"N"},
          {"AttributeName":"id","AttributeType":"B"}] ]]))
      assert.are.equal(tbl, tbl:refresh())
      assert.are.same({ "UPDATING", 12, 3456, 1.7e9, 7, 8 }, { tbl.status, tbl.item_count, tbl.size_bytes,
        tbl.create_time, tbl.read_units, tbl.write_units })
      assert.are.same({ "id", "B", "at", "N" }, { tbl.schema.hash_key_name, tbl.schema.hash_key_type,
        tbl.schema.range_key_name, tbl.schema.range_key_type })
    end)

    it("are filled by refresh in a table created without a request", function()
      local tbl = conn:table(ranged.name, { hash_key = "id" })
      assert.is_nil(tbl.status)
      assert.is_nil(tbl.schema.range_key_name)
      assert.are.equal(tbl, assert(tbl:refresh()))
      assert.are.equal("ACTIVE", tbl.status)
      assert.are.equal(ranged.schema, tbl.schema)
    end)

    it("stay when refresh fails", function()
      local tbl = conn:table(helper.table_name("missing"), { hash_key = "id" })
      local name = tbl.name
      local result, err = tbl:refresh()
      assert.is_nil(result)
      assert.are.equal("ResourceNotFoundException", err.code)
      assert.are.equal(name, tbl.name)
      assert.are.equal("id", tbl.schema.hash_key_name)
    end)
  end)

  describe("get_item", function()
    setup(function()
      assert(plain:put_item({ id = "a", text = "plain" }))
      assert(ranged:put_item({ id = "a", at = 1, text = "ranged" }))
    end)

    local forms = {
      { "by position", function() return plain, "plain", "a" end },
      { "by options", function() return plain, "plain", { hash_key = "a" } end },
      { "by key", function() return plain, "plain", { key = { id = "a" } } end },
      { "consistently", function() return plain, "plain", { hash_key = "a", consistent_read = true } end },
      { "hash and range by position", function() return ranged, "ranged", "a", 1 end },
      { "hash and range by options", function()
        return ranged, "ranged", { hash_key = "a", range_key = 1 }
      end },
      { "hash and range by key", function() return ranged, "ranged", { key = { id = "a", at = 1 } } end },
      { "with a decimal", function() return ranged, "ranged", "a", dynamodb.number("1.0") end },
    }
    for _, form in ipairs(forms) do
      it("finds an item " .. form[1], function()
        local tbl, text, first, range = form[2]()
        assert.are.equal(text, assert(tbl:get_item(first, range)).text)
        assert.is_true(tbl:has_item(first, range))
      end)
    end

    it("sends ConsistentRead only on request", function()
      for _, case in ipairs({ { true, '"ConsistentRead":true' }, { false, '"ConsistentRead":false' } }) do
        local tbl, fake = offline_table(helper.response(200, "{}"))
        tbl:get_item({ hash_key = "a", consistent_read = case[1] })
        assert.is_truthy(fake.requests[1]:find(case[2], 1, true))
        tbl:get_item("a")
        assert.is_nil(fake.requests[2]:find("ConsistentRead", 1, true))
      end
    end)

    it("returns nil without an error for a missing item", function()
      assert.are.equal(1, select("#", plain:get_item("missing")))
      assert.is_nil((plain:get_item("missing")))
      assert.are.equal(1, select("#", ranged:get_item("a", 2)))
      assert.is_nil((ranged:get_item("a", 2)))
    end)

    it("returns nil and the error for a failure", function()
      local item, err = conn:table(helper.table_name("missing"), { hash_key = "id" }):get_item("a")
      assert.is_nil(item)
      assert.are.equal("ResourceNotFoundException", err.code)
      assert.are.equal("GetItem", err.operation)
    end)
  end)

  describe("has_item", function()
    it("is true or false", function()
      assert(plain:put_item({ id = "has" }))
      assert.is_true(plain:has_item("has"))
      assert.is_false(plain:has_item("has not"))
    end)

    it("is never false for a failure", function()
      local result, err = conn:table(helper.table_name("missing"), { hash_key = "id" }):has_item("a")
      assert.is_nil(result)
      assert.are.equal("ResourceNotFoundException", err.code)
    end)

    it("works for a key with a reserved word as name", function()
      local tbl = helper.create_table(conn, { hash_key_name = "status", hash_key_proto_value = "S" })
      assert(tbl:put_item({ status = "a" }))
      assert.is_true(tbl:has_item("a"))
      assert(tbl:delete())
    end)
  end)

  describe("delete", function()
    it("deletes the table", function()
      local tbl = helper.create_table(conn)
      assert.is_true(tbl:delete())
      assert(tbl:wait_until_deleted())
      local gone, err = conn:get_table(tbl.name)
      assert.is_nil(gone)
      assert.are.equal("ResourceNotFoundException", err.code)
      local result, again = tbl:delete()
      assert.is_nil(result)
      assert.are.equal("ResourceNotFoundException", again.code)
    end)
  end)

  describe("wait_until_active", function()
    it("polls until the table is active", function()
      local responses = { helper.response(400, missing), description("CREATING"), description("CREATING"),
        description("ACTIVE") }
      local tbl, fake = offline_table(function(_, n) return responses[n] end)
      assert.is_true(tbl:wait_until_active())
      assert.are.equal(4, #fake.requests)
      assert.are.equal("ACTIVE", tbl.status)
      assert.is_true(fake.clock > 1000 and fake.clock < 1010, "slept for " .. fake.clock - 1000)
    end)

    it("gives up after the timeout", function()
      local tbl, fake = offline_table(description("CREATING"))
      local ok, err = tbl:wait_until_active({ timeout = 30 })
      assert.is_nil(ok)
      assert.are.equal("timeout", err.kind)
      assert.is_truthy(tostring(err):find("CREATING", 1, true))
      assert.is_true(fake.clock >= 1030 and fake.clock < 1031, "slept for " .. fake.clock - 1000)
      assert.is_true(#fake.requests < 40, #fake.requests .. " requests")
    end)

    it("does not wait for a table that is being deleted", function()
      local tbl, fake = offline_table(description("DELETING"))
      local ok, err = tbl:wait_until_active()
      assert.is_nil(ok)
      assert.are.equal("service", err.kind)
      assert.are.equal(1, #fake.requests)
    end)

    it("ends with any other error", function()
      local tbl, fake = offline_table(helper.response(400, '{"__type":"AccessDeniedException","message":"no"}'))
      local ok, err = tbl:wait_until_active()
      assert.is_nil(ok)
      assert.are.equal("AccessDeniedException", err.code)
      assert.are.equal(1, #fake.requests)
    end)
  end)

  describe("wait_until_deleted", function()
    it("polls until the table is gone", function()
      local tbl, fake = offline_table(function(_, n)
        return n < 3 and description("DELETING") or helper.response(400, missing)
      end)
      assert.is_true(tbl:wait_until_deleted())
      assert.are.equal(3, #fake.requests)
    end)

    it("gives up after the timeout", function()
      local tbl = offline_table(description("DELETING"))
      local ok, err = tbl:wait_until_deleted({ timeout = 3 })
      assert.is_nil(ok)
      assert.are.equal("timeout", err.kind)
      assert.is_truthy(tostring(err):find("DELETING", 1, true))
    end)

    it("ends with any other error", function()
      local tbl = offline_table(helper.response(400, '{"__type":"AccessDeniedException","message":"no"}'))
      local ok, err = tbl:wait_until_deleted()
      assert.is_nil(ok)
      assert.are.equal("AccessDeniedException", err.code)
    end)
  end)
end)
