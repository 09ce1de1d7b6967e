-- conn:close() while calls of other tasks run: each ends at once with an error of its own, and nothing more is sent.

local curl = require("dynamodb.transport.curl")
local dynamodb = require("dynamodb")
local system = require("dynamodb.base.system")
local helper = dofile("spec/support/helper.lua")
local scripted = dofile("spec/support/scripted_server.lua")

local loop = dynamodb.loop

local PROMPT = 2 -- seconds; everything that is closed here would go on for at least five
local HANG = { { { wait = "request" }, { delay = 60000 } } }

-- Returns a script of one connection that responds to each request with this body.
local function always(body, status)
  local steps = {}
  for _ = 1, 50 do
    steps[#steps + 1] = { wait = "request" }
    steps[#steps + 1] = { send = scripted.response(body, status) }
  end
  return { steps }
end

local CREATING = '{"Table":{"TableName":"t","TableStatus":"CREATING","KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],'
  .. '"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}]}}'
local CONFLICT = '{"__type":"TransactionCanceledException","message":"m","CancellationReasons":[{"Code":"TransactionConflict"}]}'
local UNAVAILABLE = '{"__type":"ServiceUnavailable"}'
local THROTTLED = '{"__type":"ThrottlingException"}'
local UNPROCESSED = '{"UnprocessedItems":{"t":[{"PutRequest":{"Item":{"id":{"S":"a"}}}}]}}'
local STORED, REFUSED = '{"Item":{"id":{"S":"a"},"n":{"N":"1"}}}', '{"__type":"ConditionalCheckFailedException","message":"m"}'

local function table_of(conn)
  return conn:table("t", { hash_key = "id" })
end

local function put(conn) return table_of(conn):put_item({ id = "a" }) end
local function get(conn) return table_of(conn):get_item("a") end

-- Returns a call that writes a batch of this many entries.
local function batch(count, options)
  return function(conn)
    local entries = {}
    for i = 1, count do entries[i] = { id = i == 1 and "a" or "b" .. i } end
    return table_of(conn):batch_write({ put = entries }, options)
  end
end

local throttling_twice = { always(THROTTLED, 400)[1], always(THROTTLED, 400)[1] }

-- name, script of the server, the call, options of connect, whether the write may have been applied ("either" when a request may
-- be under way)
local cases = {
  { "a read that waits for its response", HANG, get },
  { "a write that waits for its response", HANG, put, nil, true },
  { "a write that may be repeated", HANG, put, { retry_writes = "always" }, true },
  { "a query", HANG, function(conn) return table_of(conn):query("a"):all() end },
  { "a call before its next attempt", always(UNAVAILABLE, 503), get },
  { "a write before its next attempt", always(UNAVAILABLE, 503), put, nil, true },
  { "a call held back by the rate limit", always(THROTTLED, 400), get, { retry_mode = "adaptive" } },
  { "waiting for a table", always(CREATING), function(conn) return table_of(conn):wait_until_active() end },
  { "a batch before it sends the rest", always(UNPROCESSED), batch(25), nil, "either" },
  { "a concurrent batch before it sends the rest", throttling_twice,
    batch(26, { concurrency = 2, max_attempts = 1 }), nil, "either" },
  { "a transaction before it is sent again", always(CONFLICT, 400), function(conn)
    return conn:transact_write({ { put = { id = "a" }, table = table_of(conn) } }, { deadline = 60, max_attempts = 1 })
  end, nil, "either" },
}

-- Runs a call in a task and closes its connection once it has waited for a while -> result, err, seconds from close to the end.
local function closed_call(conn, call)
  local result, err, seconds
  loop.run(function()
    local task = loop.spawn(call, conn)
    loop.sleep(0.3)
    assert.is_false(task.done)
    local start = curl.now()
    conn:close()
    result, err = task:wait(10)
    seconds = curl.now() - start
  end)
  return result, err, seconds
end

describe("closing a connection", function()
  local random = system.random
  before_each(function() system.random = function() return 1 end end) -- the longest pauses
  after_each(function()
    system.random = random
    scripted.stop()
  end)

  local function check(err, seconds)
    assert.equal("ConnectionClosed", err.code)
    assert.equal("network", err.kind)
    assert.is_false(err.retryable)
    assert.matches("the connection was closed by close%(%)", tostring(err))
    assert.is_true(seconds < PROMPT, ("%g seconds"):format(seconds))
  end

  for _, case in ipairs(cases) do
    local name, script, call, options, is_ambiguous = case[1], case[2], case[3], case[4], case[5]
    it("ends " .. name, function()
      local server = scripted.start(script)
      local given = { attempt_timeout = 30, max_attempts = 50, max_connections = 2 }
      for key, value in pairs(options or {}) do given[key] = value end
      local conn = scripted.connect(server, given)
      local result, err, seconds = closed_call(conn, call)
      assert.is_nil(result)
      check(err, seconds)
      if is_ambiguous ~= "either" then assert.equal(is_ambiguous or false, err.ambiguous or false) end
      curl.sleep(0.2) -- the server has read what was sent before
      local sent = #server.requests()
      curl.sleep(0.2)
      assert.equal(sent, #server.requests())
    end)
  end

  it("returns what a batch has not written", function()
    local server = scripted.start(always(UNPROCESSED))
    local conn = scripted.connect(server, {})
    local _, err = closed_call(conn, batch(25))
    assert.same({ { put = { id = "a" }, table = "t" } }, err.leftovers)
  end)

  it("ends calls that wait for a connection, without sending them", function()
    local server = scripted.start(HANG)
    local conn = scripted.connect(server, { attempt_timeout = 30, max_connections = 1 })
    local errs, seconds = {}, nil
    loop.run(function()
      local tasks = {}
      for i = 1, 3 do tasks[i] = loop.spawn(put, conn) end
      loop.sleep(0.3)
      local start = curl.now()
      conn:close()
      for i = 1, 3 do errs[i] = select(2, tasks[i]:wait(10)) end
      seconds = curl.now() - start
    end)
    for _, err in ipairs(errs) do check(err, seconds) end
    assert.same({ true, false, false }, { errs[1].ambiguous, errs[2].ambiguous, errs[3].ambiguous })
    assert.equal(1, #server.requests())
  end)

  it("ends an item's modify", function()
    local server = scripted.start({ { { wait = "request" }, { send = scripted.response(STORED) }, { wait = "request" },
      { send = scripted.response(REFUSED, 400) }, { wait = "request" }, { delay = 60000 } } })
    local conn = scripted.connect(server, { attempt_timeout = 30 })
    local _, err, seconds = closed_call(conn, function()
      return table_of(conn):new_item("a"):modify(function(item) item.n = 2 end, { deadline = 30 })
    end)
    check(err, seconds)
  end)

  it("sends nothing when credentials arrive afterwards", function()
    local server = scripted.start(HANG)
    local conn = dynamodb.connect({ endpoint_url = server.endpoint_url, region = "eu-west-1", credentials = function()
      loop.sleep(0.6)
      return { aws_access_key_id = "AKIDEXAMPLE", aws_secret_access_key = "secret" }
    end })
    local _, err, seconds = closed_call(conn, get)
    check(err, seconds)
    assert.equal(0, server.connections())
  end)

  it("by a hook ends the call before it is sent", function()
    local server = scripted.start(HANG)
    local conn
    conn = scripted.connect(server, { hooks = { attempt_started = function() conn:close() end } })
    local start = curl.now()
    local result, err = get(conn)
    assert.is_nil(result)
    check(err, curl.now() - start)
    assert.equal(0, #server.requests())
  end)

  -- Connects to a service without a network -> connection. 'respond' is called with the connection for each request.
  local function offline(respond)
    local conn
    conn = helper.offline(helper.fake(function() return respond(conn) end))
    return conn
  end

  it("while it responds to list_tables returns the names when there are enough", function()
    local function respond(conn)
      conn:close()
      return helper.response(200, '{"TableNames":["a"],"LastEvaluatedTableName":"a"}')
    end
    assert.same({ "a" }, (offline(respond):list_tables({ limit = 1 })))
    local function respond_without_names(conn)
      conn:close()
      return helper.response(200, '{"TableNames":[],"LastEvaluatedTableName":"a"}')
    end
    for _, responds in ipairs({ respond, respond_without_names }) do
      local names, err = offline(responds):list_tables({ limit = 2 })
      assert.is_nil(names)
      assert.equal("ConnectionClosed", err.code)
    end
  end)

  describe("of an unknown region", function()
    helper.ignore_endpoint(setup, teardown)

    it("by a hook for warnings ends the call before it is signed", function()
      local conn
      conn = dynamodb.connect({ region = "foo-bar-1", aws_access_key_id = helper.KEY, aws_secret_access_key = helper.SECRET,
        transport = helper.fake(), hooks = { warning = function() conn:close() end } })
      local _, err = get(conn)
      assert.equal("ConnectionClosed", err.code)
    end)
  end)

  it("leaves credentials alone that expired, and those that were not asked for yet", function()
    local asked = 0
    local function credentials()
      asked = asked + 1
      return { aws_access_key_id = helper.KEY, aws_secret_access_key = helper.SECRET }
    end
    local expired = '{"__type":"x#ExpiredTokenException","message":"m"}'
    local conn
    local function close() conn:close() end
    conn = dynamodb.connect({ region = "us-east-1", credentials = credentials, hooks = { response_received = close },
      transport = helper.fake(helper.response(400, expired)) })
    local _, err = get(conn)
    assert.same({ "ExpiredTokenException", 1 }, { err.code, asked })
    conn = dynamodb.connect({ region = "us-east-1", credentials = credentials, on_request = close, transport = helper.fake() })
    _, err = get(conn)
    assert.same({ "ConnectionClosed", 1 }, { err.code, asked })
  end)

  it("before a batch writer is closed leaves its entries in the error", function()
    local conn = offline(error)
    local writer = table_of(conn):batch_writer()
    assert(writer:put({ id = "a" }))
    conn:close()
    local ok, err = writer:close()
    assert.is_nil(ok)
    assert.same({ "ConnectionClosed", 1, 1 }, { err.code, #err.leftovers, writer.discarded })
  end)

  it("keeps a response that came before", function()
    local server = scripted.start(always('{"Item":{"id":{"S":"a"}}}'))
    local conn
    conn = scripted.connect(server, { hooks = { response_received = function() conn:close() end } })
    assert.equal("a", assert(get(conn)).id)
    assert.has_error(function() get(conn) end)
  end)
end)
