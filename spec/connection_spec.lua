-- The methods of a connection: connecting, calling operations by name, and closing.
local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")

describe("connection", function()
  local conn

  setup(function() conn = helper.connect() end)
  teardown(function() conn:close() end)

  describe("connect", function()
    helper.ignore_endpoint(setup, teardown)

    it("sends nothing", function()
      local fake = helper.fake()
      helper.offline(fake):close()
      assert.are.equal(0, fake.opened)
      assert.are.equal(0, fake.bytes)
    end)

    for _, case in ipairs({
      { "an endpoint_url", { endpoint_url = "http://localhost:8000" }, "http://localhost:8000" },
      { "an endpoint_url with the usual port", { endpoint_url = "https://example.com:443" },
        "https://example.com" },
      { "a host", { host = "example.com" }, "https://example.com" },
      { "a host and port", { host = "example.com", port = 8443 }, "https://example.com:8443" },
      { "a host, insecure", { host = "localhost", port = 8000, is_secure = false }, "http://localhost:8000" },
      { "a region", { region = "eu-west-1" }, "https://dynamodb.eu-west-1.amazonaws.com" },
      { "a Chinese region", { region = "cn-north-1" }, "https://dynamodb.cn-north-1.amazonaws.com.cn" },
    }) do
      it("uses the configured endpoint: " .. case[1], function()
        local given = { transport = helper.fake(), region = "us-east-1" }
        for name, value in pairs(case[2]) do given[name] = value end
        local made = dynamodb.connect(given)
        assert.are.equal(case[3], made.endpoint_url)
        assert.are.equal(given.region, made.region)
        assert.are.equal("Connection(" .. case[3] .. ")", tostring(made))
      end)
    end

    it("has no other fields", function()
      assert.is_nil(conn.credentials)
      assert.is_nil(conn.aws_secret_access_key)
    end)
  end)

  describe("table", function()
    it("sends nothing", function()
      local fake = helper.fake()
      local offline = helper.offline(fake)
      local tbl = offline:table("messages", { hash_key = "forum", range_key = "at", range_key_type = "N" })
      assert.are.equal("messages", tbl.name)
      assert.are.equal(offline:create_schema("forum", "S", "at", "N"), tbl.schema)
      assert.is_nil(tbl.status)
      assert.are.equal(0, fake.opened)
      assert.are.equal(tbl, offline:table("messages", tbl.schema))
      assert.is_false(tbl == offline:table("others", tbl.schema))
    end)

    it("returns a usable table", function()
      local made = helper.create_table(conn, helper.HASH_RANGE)
      local tbl = conn:table(made.name, { hash_key = "id", range_key = "at", range_key_type = "N" })
      assert(tbl:put_item({ id = "a", at = 1, text = "b" }))
      assert.are.equal("b", assert(made:get_item("a", 1)).text)
      assert(made:delete())
    end)
  end)

  describe("call", function()
    local tbl

    setup(function() tbl = helper.create_table(conn) end)
    teardown(function() assert(tbl:delete()) end)

    it("uses AWS's parameter names and Lua values", function()
      local text, null = "v", dynamodb.null
      local put = assert(conn:call("PutItem", { TableName = tbl.name, ReturnValues = "ALL_OLD",
        Item = { id = "call", n = 1, list = { 1, "two" }, nothing = null } }))
      assert.is_nil(put.Attributes)
      local got = assert(conn:call("GetItem", { TableName = tbl.name, Key = { id = "call" } }))
      assert.are.equal(1, got.Item.n)
      assert.are.equal("two", got.Item.list[2])
      assert.are.equal(null, got.Item.nothing)
      local updated = assert(conn:call("UpdateItem", { TableName = tbl.name, Key = { id = "call" },
        UpdateExpression = "SET n = :n", ExpressionAttributeValues = { [":n"] = text },
        ReturnValues = "UPDATED_NEW" }))
      assert.are.same({ n = text }, updated.Attributes)
      local scanned = assert(conn:call("Scan", { TableName = tbl.name }))
      assert.are.equal(1, scanned.Count)
      assert.are.equal(text, scanned.Items[1].n)
    end)

    it("needs no parameters if the operation needs none", function()
      assert.is_table(assert(conn:call("ListTables")).TableNames)
    end)

    it("returns unknown members of a response", function()
      local fake = helper.fake(helper.response(200, '{"Novelty":{"Deep":[1,"x"]},"Count":0,"Items":[]}'))
      local result = assert(helper.offline(fake):call("Scan", { FutureOption = { Depth = 2 } }))
      assert.are.same({ Novelty = { Deep = { 1, "x" } }, Count = 0, Items = {} }, result)
      assert.are.equal('{"FutureOption":{"Depth":2}}', fake.requests[1]:match("\r\n\r\n(.*)$"))
    end)

    it("returns nil and the error", function()
      local result, err = conn:call("GetItem", { TableName = tbl.name, Key = { wrong = "key" } })
      assert.is_nil(result)
      assert.are.equal("ValidationException", err.code)
      assert.are.equal("GetItem", err.operation)
    end)
  end)

  describe("with a service that misbehaves", function()
    local calls = {
      get_table = function(c) return c:get_table("t") end,
      create_table = function(c)
        return c:create_table({ name = "t", schema = c:create_schema("id", "S") })
      end,
      delete_table = function(c) return c:delete_table("t") end,
      list_tables = function(c) return c:list_tables() end,
      refresh = function(c) return c:table("t", { hash_key = "id" }):refresh() end,
      delete = function(c) return c:table("t", { hash_key = "id" }):delete() end,
      get_item = function(c) return c:table("t", { hash_key = "id" }):get_item("a") end,
    }

    for name, call in pairs(calls) do
      for _, body in ipairs({ "", "[]", '"text"', "null", "5", '{"Table":', '{"Item":[]}x',
        '{"TableNames":5,"Table":5,"TableDescription":5,"Item":5}' }) do
        it(("rejects a malformed response body: %s, %s"):format(name, body), function()
          local result, err = call(helper.offline(helper.fake(helper.response(200, body))))
          assert.is_nil(result)
          assert.is_true(dynamodb.is_error(err))
          assert.are.equal("response", err.kind)
        end)
      end
      if name ~= "get_item" then -- for get_item an empty object means a missing item
        it("rejects an empty object: " .. name, function()
          local result, err = call(helper.offline(helper.fake(helper.response(200, "{}"))))
          assert.is_nil(result)
          assert.are.equal("response", err.kind)
        end)
      end
      it("returns a network error: " .. name, function()
        local result, err = call(helper.offline(helper.fake(function() return nil end)))
        assert.is_nil(result)
        assert.are.equal("network", err.kind)
        assert.is_true(err.retryable)
      end)
    end
  end)

  it("keeps one TCP connection", function()
    local counting = helper.counting()
    local counted = helper.connect({ transport = counting })
    for _ = 1, 5 do assert(counted:list_tables({ limit = 1 })) end
    assert.are.equal(5, counting.requests)
    assert.are.equal(1, counting.opened)
    counted:close()
    assert.are.equal(1, counting.closed)
  end)

  it("signs no other attempt of a call that is under way when it is closed", function()
    local fake, closing
    fake = helper.fake(function()
      closing:close()
      return helper.response(500, "{}")
    end)
    closing = helper.offline(fake)
    local page, err = closing:list_tables()
    assert.is_nil(page)
    assert.are.equal("network", err.kind)
    assert.matches("the connection was closed", err.message, 1, true)
    assert.is_false(err.retryable)
    assert.are.equal(1, #fake.requests)
  end)

  it("lists the searched sources when there are no credentials", function()
    local system = require("dynamodb.base.system")
    local getenv, read_file = system.getenv, system.read_file
    finally(function() system.getenv, system.read_file = getenv, read_file end)
    local variables = { HOME = "/nowhere", AWS_EC2_METADATA_DISABLED = "true" }
    system.getenv = function(name) return variables[name] end
    system.read_file = function() return nil end
    local fake = helper.fake()
    local names, err = dynamodb.connect({ transport = fake }):list_tables()
    assert.is_nil(names)
    assert.are.equal("credentials", err.kind)
    assert.are.equal("ListTables", err.operation)
    for _, source in ipairs({ "AWS_ACCESS_KEY_ID", "/nowhere/.aws/credentials", "/nowhere/.boto" }) do
      assert.is_truthy(err.message:find(source, 1, true), err.message)
    end
    assert.are.equal(0, fake.opened)
  end)
end)
