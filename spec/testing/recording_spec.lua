-- Recordings: what they hold, how they are replayed, and what they refuse.

local dynamodb = require("dynamodb")
local files = dofile("spec/support/files.lua")
local helper = dofile("spec/support/helper.lua")
local testing = require("dynamodb.testing")

describe("a recording", function()
  local path
  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  -- Calls f(connection, table) with a transport that records -> what f returns.
  local function record(f)
    local recording = testing.record(path)
    local conn = helper.connect({ transport = recording.transport })
    local tbl, guard = testing.table(conn, { name = "recorded" })
    local result = f(conn, tbl)
    guard:delete()
    conn:close()
    recording:finish()
    recording:finish()
    return result
  end

  local function replay(f)
    local conn = testing.replay(path):connect()
    local tbl, guard = testing.table(conn, { name = "recorded" })
    local result = f(conn, tbl)
    guard:delete()
    conn:close()
    return result
  end

  local function use(conn, tbl)
    assert(tbl:put_item({ id = "a", n = 1, b = dynamodb.binary("\0\255"), s = dynamodb.set({ "x" }) }))
    local refused, err = tbl:put_item({ id = "a" }, { condition = { id = dynamodb.not_exists() } })
    assert.is_nil(refused)
    local names = assert(conn:list_tables())
    return { tbl:get_item("a"):totable(), err.code, #names > 0 }
  end

  -- The counter in the names of tables goes on; a new Lua state begins at 1 in both runs.
  local function with_first_name(f, ...)
    for name in pairs(package.loaded) do
      if name == "dynamodb.testing.tables" or name == "dynamodb.testing" then package.loaded[name] = nil end
    end
    testing = require("dynamodb.testing")
    return f(...)
  end

  it("is replayed with the same results, and without a network", function()
    local recorded = with_first_name(record, use)
    assert.equal("ConditionalCheckFailedException", recorded[2])
    local replayed = with_first_name(replay, use)
    assert.item(recorded[1], replayed[1])
    assert.same({ recorded[2], recorded[3] }, { replayed[2], replayed[3] })
  end)

  it("holds no keys, signatures and tokens", function()
    local recording = testing.record(path)
    local conn = dynamodb.connect({ transport = recording.transport, endpoint_url = helper.unverified(), region = "us-east-1",
      aws_access_key_id = helper.KEY, aws_secret_access_key = helper.SECRET, aws_session_token = helper.TOKEN })
    assert(conn:list_tables())
    conn:call("TransactWriteItems", { TransactItems = {} })
    conn:close()
    recording:finish()
    local text = files.read(path)
    assert.equal(2, select(2, text:gsub("\n", "")))
    for _, secret in ipairs({ helper.KEY, helper.SECRET, helper.TOKEN, "AWS4", "Signature", "X-Amz", "ClientRequestToken" }) do
      assert.is_nil(text:find(secret, 1, true), secret)
    end
  end)

  it("says how a request differs from the nearest one", function()
    local recording = testing.record(path)
    local conn = helper.connect({ transport = recording.transport })
    conn:table("none1", { hash_key = "id" }):get_item("other")
    conn:table("none2", { hash_key = "id" }):get_item("a")
    conn:close()
    recording:finish()
    local again = testing.replay(path):connect()
    local tbl = again:table("none2", { hash_key = "id" })
    assert.error_matches(function() tbl:get_item("b") end, 'testing.replay: this GetItem was not recorded. It differs from the '
      .. 'nearest one:\n  Key.id.S: expected "a", got "b"', 1, true)
    assert.error_matches(function() again:list_tables() end, "testing.replay: no ListTables was recorded", 1, true)
    tbl:get_item("a")
    assert.error_matches(function() tbl:get_item("a") end,
      "testing.replay: this GetItem was recorded fewer times than it is sent now", 1, true)
    again:close()
  end)

  it("has responses that are no JSON", function()
    local recording = testing.record(path, helper.fake("HTTP/1.1 503 No\r\ncontent-length: 4\r\n\r\nbusy"))
    local conn = helper.offline(recording.transport, { max_attempts = 1 })
    local _, first = conn:list_tables()
    conn:close()
    recording:finish()
    local again = testing.replay(path):connect({ max_attempts = 1, region = "eu-west-1" })
    local names, err = again:list_tables()
    assert.is_nil(names)
    assert.same({ first.status, first.message }, { err.status, err.message })
    again:close()
  end)

  it("leaves out requests without a response, and other services", function()
    local recording = testing.record(path, helper.fake(function() return nil end))
    local conn = helper.offline(recording.transport, { max_attempts = 1 })
    assert.is_nil((conn:list_tables()))
    local socket = recording.transport.connect({}, 1)
    recording.transport.send(socket, "GET / HTTP/1.1\r\n\r\n", 1)
    assert.is_nil((recording.transport.receive(socket, 1, true)))
    conn:close()
    recording:finish()
    assert.equal("\n", files.read(path))
    local replayed = testing.replay(path).transport
    assert.error_matches(function() replayed.send({}, "GET / HTTP/1.1\r\n\r\n", 1) end,
      "testing.replay: only requests to DynamoDB can be replayed", 1, true)
    assert.is_nil((replayed.receive({}, 1)))
  end)

  it("does not record when nothing listens", function()
    local recording = testing.record(path)
    local conn = helper.connect({ transport = recording.transport, endpoint_url = "http://127.0.0.1:1", max_attempts = 1 })
    local names, err = conn:list_tables()
    assert.is_nil(names)
    assert.equal("network", err.kind)
    conn:close()
  end)

  it("refuses what is no path and no recording", function()
    assert.error_matches(function() testing.record() end, "testing.record: path of a file expected, got nil", 1, true)
    assert.error_matches(function() testing.record("") end, "testing.record: path of a file expected, got ''", 1, true)
    assert.error_matches(function() testing.record(path, {}) end, "testing.record: transport (table with", 1, true)
    assert.error_matches(function() testing.replay(5) end, "testing.replay: path of a file expected, got number", 1, true)
    assert.error_matches(function() testing.replay("/nowhere") end,
      "testing.replay: '/nowhere' cannot be read: it does not exist; testing.record makes it", 1, true)
    for _, text in ipairs({ "no JSON", "{}", '{"operation":"x","status":1,"request":[],"headers":5}' }) do
      files.write(path, text)
      assert.error_matches(function() testing.replay(path) end, ("testing.replay: line 1 of '%s' is not one of testing.record")
        :format(path), 1, true)
    end
    local recording = testing.record("/proc/nowhere/file")
    assert.error_matches(function() recording:finish() end, "testing.record: /proc/nowhere: cannot create a file there", 1, true)
  end)
end)
