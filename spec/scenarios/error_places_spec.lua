-- Every error that a call returns or raises names its operation, its table, and the caller's line: here nothing
-- listens at the endpoint, so each call fails.

local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")

local SPEC = "spec/scenarios/error_places_spec.lua"

-- Returns the number of the line on which this function is called.
local function line()
  return debug.getinfo(2, "l").currentline
end

describe("an error", function()
  local conn, tbl, item

  before_each(function()
    conn = dynamodb.connect({ endpoint_url = "http://127.0.0.1:1", region = "us-east-1", max_attempts = 1,
      aws_access_key_id = "a", aws_secret_access_key = "b" })
    tbl = conn:table("users", { hash_key = "id" })
    item = tbl:new_item({ hash_key = "a", attrs = { n = 1 } })
  end)

  -- Each returns what the call returns and the line of the call.
  local calls = {
    { "GetItem users", function() local _, err = tbl:get_item("a") return err, line() end },
    { "GetItem users", function() local _, err = tbl:has_item("a") return err, line() end },
    { "GetItem users", function() local _, err = item:reload() return err, line() end },
    { "PutItem users", function() local _, err = tbl:put_item({ id = "a" }) return err, line() end },
    { "PutItem users", function() local _, err = item:put() return err, line() end },
    { "UpdateItem users", function() local _, err = item:save() return err, line() end },
    { "UpdateItem users", function()
      local _, err = tbl:update_item({ hash_key = "a", update = { n = 2 } }) return err, line()
    end },
    { "UpdateItem users", function() local _, err = tbl:increment({ hash_key = "a", path = "n" }) return err, line() end },
    { "DeleteItem users", function() local _, err = item:delete() return err, line() end },
    { "DeleteItem users", function() local _, err = tbl:delete_item("a") return err, line() end },
    { "Query users", function() local _, err = tbl:query({ hash_key = "a" }):all() return err, line() end },
    { "Query users", function() local _, err = tbl:query({ hash_key = "a" }):next() return err, line() end },
    { "Query users", function() local _, err = tbl:count({ hash_key = "a" }) return err, line() end },
    { "Scan users", function() local _, err = tbl:scan():next() return err, line() end },
    { "Scan users", function() local _, err = tbl:scan({ segments = 4 }):next() return err, line() end },
    { "Scan users", function()
      local ok, err = pcall(function() for _ in tbl:scan() do error("an item") end end)
      assert.is_false(ok)
      return err, line() - 2
    end },
    { "BatchGetItem users", function() local _, err = tbl:get_items({ "a", "b" }, { deadline = 0.1 }) return err, line() end },
    { "BatchWriteItem users", function()
      local _, err = tbl:batch_write({ put = { { id = "a" } } }, { deadline = 0.1 }) return err, line()
    end },
    { "TransactWriteItems users", function()
      local _, err = conn:transact_write({ { table = tbl, put = { id = "a" } } }) return err, line()
    end },
    { "PutItem users", function()
      local _, err = tbl:put_item({ id = "a" }, { retry_writes = "exact", create_only = true }) return err, line()
    end },
    { "DescribeTable users", function() local _, err = conn:describe_table("users") return err, line() end },
    { "DescribeTable users", function() local _, err = tbl:refresh() return err, line() end },
    { "DescribeTable users", function() local _, err = tbl:wait_until_active() return err, line() end },
    { "DeleteTable users", function() local _, err = tbl:delete() return err, line() end },
    { "ListTables", function() local _, err = conn:list_tables() return err, line() end },
    { "ExecuteStatement", function() local _, err = conn:execute("SELECT * FROM users"):all() return err, line() end },
    { "UpdateTimeToLive users", function() local _, err = tbl:update_ttl("expires") return err, line() end },
    { "GetItem users", function()
      local _, err = conn:call("GetItem", { TableName = "users", Key = { id = "a" } }) return err, line()
    end },
  }

  local function check(operation, call)
    local err, expected = call()
    assert.is_true(dynamodb.is_error(err))
    assert.equal(operation, err.operation .. (err.table and " " .. err.table or ""))
    assert.equal(("%s:%d"):format(SPEC, expected), err.where)
    local text = ("%s: %s: %s (%s)"):format(operation, err.kind, err.message, err.where)
    assert.equal(text, tostring(err))
  end

  for i, case in ipairs(calls) do
    it(("of %s names operation, table and line (%d)"):format(case[1], i), function()
      check(case[1], case[2])
    end)

    it(("of %s names operation, table and line in a task (%d)"):format(case[1], i), function()
      dynamodb.loop.run(function() check(case[1], case[2]) end)
    end)
  end

  -- Errors that this library makes of good responses, or without any: the response's body, and a function that returns
  -- the error of a call and its line.
  local made = {
    { "wait_until_active users", '{"Table":{"TableName":"users","TableStatus":"CREATING"}}', function(users)
      local _, err = users:wait_until_active({ timeout = 0.01 }) return err, line()
    end },
    { "wait_until_active users", '{"Table":{"TableName":"users","TableStatus":"DELETING"}}', function(users)
      local _, err = users:wait_until_active() return err, line()
    end },
    { "wait_until_ttl_enabled users", '{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}', function(users)
      local _, err = users:wait_until_ttl_enabled() return err, line()
    end },
    { "DescribeTable users", '{"Table":{"TableName":"users","TableStatus":"ACTIVE","KeySchema":[{"AttributeName":"id",'
      .. '"KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}]}}', function(users)
      local _, err = users:query({ hash_key = "a", index = "none" }) return err, line()
    end },
    { "ListTables", '{"TableNames":["a"],"LastEvaluatedTableName":"a"}', function(_, other)
      local _, err = other:list_tables() return err, line()
    end },
    { "Scan users", "{}", function(users) local _, err = users:scan():all() return err, line() end },
    { "GetItem users", "nonsense", function(users) local _, err = users:get_item("a") return err, line() end },
    { "BatchExecuteStatement", '{"Responses":[{"Error":{"Code":"DuplicateItem","Message":"it exists"}}]}', function(_, other)
      local list = other:execute_batch({ "SELECT * FROM users" }) return list[1].err, line()
    end },
    { "BatchWriteItem users", '{"UnprocessedItems":{"users":[{"PutRequest":{"Item":{"id":{"S":"a"}}}}]}}', function(users)
      local _, err = users:batch_write({ put = { { id = "a" } } }, { deadline = 0.1 }) return err, line()
    end },
    { "BatchGetItem users", '{"Responses":{},"UnprocessedKeys":{"users":{"Keys":[{"id":{"S":"a"}}]}}}', function(users)
      local _, err = users:get_items({ "a" }, { deadline = 0.1 }) return err, line()
    end },
  }

  for _, case in ipairs(made) do
    it(("of %s that this library makes of '%s' names operation, table and line"):format(case[1], case[2]:sub(1, 40)), function()
      local offline = helper.offline(helper.fake(helper.response(200, case[2])), { max_attempts = 1 })
      local err, expected = case[3](offline:table("users", { hash_key = "id" }), offline)
      assert.equal(case[1], err.operation .. (err.table and " " .. err.table or ""))
      assert.equal(("%s:%d"):format(SPEC, expected), err.where)
    end)
  end

  it("of no call at all names the line", function()
    local places = {}
    local function add(err, expected)
      places[#places + 1] = err.where == ("%s:%d"):format(SPEC, expected) or tostring(err.where) .. " " .. expected
    end
    local function sleep() dynamodb.loop.sleep(60) end
    local _, errs = dynamodb.gather({ sleep }, { deadline = 0.01 }) add(errs[1], line())
    dynamodb.loop.run(function()
      local task = dynamodb.loop.spawn(dynamodb.loop.sleep, 60)
      local _, err = task:wait(0.001) add(err, line())
      task:cancel()
    end)
    local fake = helper.fake(helper.response(200, "{}"))
    local late = require("dynamodb.loop.concurrent").run(fake, { print }, nil, 0) add(late[1][2], line())
    local shown, err = dynamodb.config("none") add(err, line())
    assert.is_nil(shown)
    assert.same({ true, true, true, true }, places)
  end)

  it("that assert raises is printed with its place", function()
    local ok, raised = pcall(function() _G.assert(tbl:get_item("a")) end) -- Lua's assert, not busted's
    assert.is_false(ok)
    assert.matches("^GetItem users: network: .* %(spec/scenarios/error_places_spec.lua:" .. line() - 2 .. "%)$",
      tostring(raised))
  end)

  it("of a cancelled task names the line that waited", function()
    local raised, expected
    dynamodb.loop.run(function()
      local task = dynamodb.loop.spawn(function()
        local _
        expected = line() + 1
        _, raised = pcall(function() dynamodb.loop.sleep(60) end)
      end)
      dynamodb.loop.sleep(0)
      task:cancel()
    end)
    assert.equal(("Cancelled: the task was cancelled (%s:%d)"):format(SPEC, expected), tostring(raised))
  end)

  it("that several calls get from the same cause names the line of each", function()
    local lines, texts = {}, {}
    local failing = dynamodb.connect({ endpoint_url = "http://127.0.0.1:1", region = "us-east-1",
      credentials = function() return nil, "vault is sealed" end })
    for i = 1, 2 do
      local _, err = failing:list_tables()
      if i == 2 then _, err = failing:describe_table("users") end
      lines[i], texts[i] = err.where, err.operation
    end
    assert.same({ "ListTables", "DescribeTable" }, texts)
    assert.not_equal(lines[1], lines[2])
  end)
end)
