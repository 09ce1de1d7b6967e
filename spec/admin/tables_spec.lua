-- The methods of a connection that list, describe, create and delete tables.
local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")

describe("connection's tables:", function()
  local conn

  setup(function() conn = helper.connect() end)
  teardown(function() conn:close() end)

  local function exists(name)
    for _, found in ipairs(assert(conn:list_tables())) do
      if found == name then return true end
    end
    return false
  end

  describe("list_tables", function()
    it("has pages", function()
      for _ = 1, 3 do helper.create_table(conn) end
      local all, found, last = assert(conn:list_tables()), {}, nil
      repeat
        local names, err
        names, err, last = conn:list_tables({ limit = 2, exclusive_start_table_name = last })
        assert.is_nil(err)
        assert.is_true(#names <= 2)
        for _, name in ipairs(names) do found[#found + 1] = name end
        if last then assert.equal(names[#names], last) end
      until not last
      assert.same(all, found)
    end)

    local created = {}

    setup(function()
      local schema = conn:create_schema(helper.HASH)
      for i = 1, 105 do
        created[i] = assert(conn:create_table({ name = helper.table_name("many"), schema = schema }))
      end
      for _, tbl in ipairs(created) do assert(tbl:wait_until_active()) end
    end)
    teardown(function()
      for _, tbl in ipairs(created) do assert(tbl:delete()) end
    end)

    it("gives every name, beyond one page of a hundred", function()
      local listed = {}
      for _, name in ipairs(assert(conn:list_tables())) do
        assert.is_nil(listed[name], name .. " is listed twice")
        listed[name] = true
      end
      for _, tbl in ipairs(created) do assert.is_true(listed[tbl.name], tbl.name .. " is not listed") end
    end)

    for _, limit in ipairs({ 1, 7, 100, 101 }) do
      it("gives the first " .. limit, function()
        local all, some = assert(conn:list_tables()), assert(conn:list_tables({ limit = limit }))
        assert.are.equal(limit, #some)
        for i, name in ipairs(some) do assert.are.equal(all[i], name) end
      end)
    end

    it("requests pages until the last one", function()
      local pages = {
        '{"TableNames":["a","b"],"LastEvaluatedTableName":"b"}',
        '{"TableNames":[],"LastEvaluatedTableName":"c"}',
        '{"TableNames":["d"]}',
      }
      local fake = helper.fake(function(_, n) return helper.response(200, pages[n]) end)
      assert.are.same({ "a", "b", "d" }, helper.offline(fake):list_tables())
      assert.is_truthy(fake.requests[2]:find('{"ExclusiveStartTableName":"b"}', 1, true))
      assert.is_truthy(fake.requests[3]:find('{"ExclusiveStartTableName":"c"}', 1, true))
    end)

    it("fails when the service repeats a position", function()
      local stuck = '{"TableNames":["a"],"LastEvaluatedTableName":"a"}'
      local names, err = helper.offline(helper.fake(helper.response(200, stuck))):list_tables()
      assert.is_nil(names)
      assert.are.equal("response", err.kind)
    end)
  end)

  describe("create_schema", function()
    it("takes boto's four options, or their values in order", function()
      local named = conn:create_schema({ hash_key_name = "forum_name", hash_key_proto_value = "S",
        range_key_name = "subject", range_key_proto_value = "N" })
      assert.are.equal(named, conn:create_schema("forum_name", "S", "subject", "N"))
      assert.are.equal("forum_name", named.hash_key_name)
      assert.are.equal("S", named.hash_key_type)
      assert.are.equal("subject", named.range_key_name)
      assert.are.equal("N", named.range_key_type)
      assert.are.equal("Schema(forum_name:subject)", tostring(named))
    end)

    it("accepts a schema without a range key", function()
      local schema = conn:create_schema({ hash_key_name = "id", hash_key_proto_value = "B" })
      assert.are.equal(schema, conn:create_schema("id", "B"))
      assert.is_nil(schema.range_key_name)
      assert.are.equal("Schema(id)", tostring(schema))
      assert.is_false(schema == conn:create_schema("id", "S"))
      assert.is_false(schema == conn:create_schema("id", "B", "at", "N"))
    end)

    for _, case in ipairs({
      { "text", "some text", "S" }, { "a type name", "N", "N" },
      { "an integer", 1, "N" }, { "a float", 1.5, "N" },
      { "a decimal", dynamodb.number("1e100"), "N" }, { "bytes", dynamodb.binary("x"), "B" },
    }) do
      it("takes a sample value: " .. case[1], function()
        assert.are.equal(case[3], conn:create_schema("id", case[2]).hash_key_type)
      end)
    end
  end)

  describe("create_table", function()
    it("creates a provisioned table when units are given", function()
      local tbl = assert(conn:create_table({ name = helper.table_name(), read_units = 3, write_units = 2,
        schema = conn:create_schema(helper.HASH_RANGE) }))
      assert(tbl:wait_until_active())
      local description = assert(conn:describe_table(tbl)).Table
      assert.are.equal(3, description.ProvisionedThroughput.ReadCapacityUnits)
      assert.are.equal(2, description.ProvisionedThroughput.WriteCapacityUnits)
      assert.are.equal(3, tbl.read_units)
      assert.are.equal(2, tbl.write_units)
      assert(tbl:delete())
    end)

    it("creates an on-demand table otherwise", function()
      local tbl = helper.create_table(conn)
      local description = assert(conn:describe_table(tbl)).Table
      assert.are.equal("PAY_PER_REQUEST", description.BillingModeSummary.BillingMode)
      assert(tbl:delete())
    end)

    it("returns an error object for a name in use", function()
      local tbl = helper.create_table(conn)
      local again, err = conn:create_table({ name = tbl.name, schema = tbl.schema })
      assert.is_nil(again)
      assert.is_true(dynamodb.is_error(err))
      assert.are.equal("service", err.kind)
      assert.are.equal("ResourceInUseException", err.code)
      assert.are.equal("CreateTable", err.operation)
      assert.are.equal(400, err.status)
      assert.are.equal(1, err.attempts)
      assert.are.equal(tbl.name, err.table)
      assert.matches("^spec/admin/tables_spec.lua:%d+$", err.where)
      assert.are.equal(("CreateTable %s: ResourceInUseException: %s (%s)"):format(tbl.name, err.message, err.where),
        tostring(err))
      assert.are.equal("! " .. tostring(err) .. " !", "! " .. err .. " !")
      assert(tbl:delete())
    end)
  end)

  describe("get_table and describe_table", function()
    local made

    setup(function() made = helper.create_table(conn, helper.HASH_RANGE) end)
    teardown(function() assert(made:delete()) end)

    it("give the table of a name", function()
      local tbl = assert(conn:get_table(made.name))
      assert.are.equal(made.name, tbl.name)
      assert.are.equal("ACTIVE", tbl.status)
      assert.are.equal(made.schema, tbl.schema)
      assert.are.equal(made, tbl)
      assert.are.equal("Table(" .. made.name .. ")", tostring(tbl))
    end)

    it("describe it by name and by object", function()
      for _, target in ipairs({ made.name, made }) do
        local description = assert(conn:describe_table(target)).Table
        assert.are.equal(made.name, description.TableName)
        assert.are.equal("id", description.KeySchema[1].AttributeName)
        assert.are.equal("RANGE", description.KeySchema[2].KeyType)
      end
    end)

    for _, method in ipairs({ "get_table", "describe_table", "delete_table" }) do
      it("report a missing table: " .. method, function()
        local none, err = conn[method](conn, helper.table_name("missing"))
        assert.is_nil(none)
        assert.are.equal("service", err.kind)
        assert.are.equal("ResourceNotFoundException", err.code)
        assert.is_false(err.retryable)
        assert.is_false(err.ambiguous)
      end)
    end
  end)

  describe("delete_table", function()
    it("takes a name", function()
      local tbl = helper.create_table(conn)
      local description = assert(conn:delete_table(tbl.name))
      assert.are.equal(tbl.name, description.TableName)
      assert(tbl:wait_until_deleted())
      assert.is_false(exists(tbl.name))
    end)

    it("takes an object and updates its status", function()
      local tbl = helper.create_table(conn)
      assert(conn:delete_table(tbl))
      assert.are.equal("DELETING", tbl.status)
      assert(tbl:wait_until_deleted())
      assert.is_false(exists(tbl.name))
    end)
  end)
end)
