-- Hooks: every event with its fields, in order, and hooks that raise.
local scripted = dofile("spec/support/scripted_server.lua")
local errors = require("dynamodb.error")
local hooks = require("dynamodb.request.hooks")

local wait = { wait = "request" }
local GET = { TableName = "messages", Key = { id = "a" } }

-- Returns a list that records every event, and the hooks that fill it.
local function recorder()
  local seen, list = {}, {}
  for name in pairs(hooks.events) do
    list[name] = function(event)
      event.name = name
      seen[#seen + 1] = event
    end
  end
  return seen, list
end

local function names_of(seen)
  local list = {}
  for i, event in ipairs(seen) do list[i] = event.name end
  return list
end

describe("hooks", function()
  after_each(scripted.stop)

  -- Connects to a scripted server with these connections.
  local function start(connections, options)
    local connection = scripted.connect(scripted.start(connections), options)
    finally(function() connection:close() end)
    return connection
  end

  local good = scripted.response('{"Item":{"id":{"S":"a"}},"ConsumedCapacity":{"TableName":"messages","CapacityUnits":0.5}}', 200,
    { ["Content-Type"] = "application/x-amz-json-1.0", ["x-amzn-requestid"] = "R1" })
  local busy = scripted.response('{"__type":"x#ThrottlingException","message":"slow down"}', 400)

  it("report each step of a call, in order", function()
    local seen, list = recorder()
    local conn = start({ { wait, { send = busy }, wait, { send = good } } }, { hooks = list })
    assert(conn:call("GetItem", GET))
    assert.same({ "request_built", "attempt_started", "response_received", "throttled", "retry_scheduled",
      "attempt_started", "response_received", "call_finished" }, names_of(seen))
    for _, event in ipairs(seen) do
      assert.equal("GetItem", event.operation)
      assert.equal("messages", event.table)
    end
    assert.equal(#'{"TableName":"messages","Key":{"id":{"S":"a"}}}', seen[1].bytes)
    assert.equal(1, seen[2].attempt)
    assert.equal(4, seen[2].max_attempts)
    assert.equal(conn.endpoint_url, seen[2].endpoint_url)
    assert.equal(400, seen[3].status)
    assert.equal("ThrottlingException", seen[3].err.code)
    assert.same({ "connection", 1, seen[3].err }, { seen[4].scope, seen[4].attempt, seen[4].err })
    assert.equal(1, seen[5].attempt)
    assert.is_true(seen[5].delay >= 0 and seen[5].delay <= 1)
    assert.equal(495, seen[5].retry_tokens)
    assert.equal(2, seen[7].attempt)
    assert.equal("R1", seen[7].request_id)
    assert.equal(0.5, seen[7].consumed_capacity.CapacityUnits)
    assert.is_true(seen[7].timing.total >= seen[7].timing.first_byte)
    assert.is_true(seen[7].timing.bytes_received > #good - 100)
    assert.equal(2, seen[8].attempts)
    assert.is_nil(seen[8].err)
    assert.is_true(seen[8].elapsed > 0)
  end)

  it("report missing responses and failures", function()
    local seen, list = recorder()
    local conn = start({ { wait, { close = true } } }, { hooks = list, max_attempts = 1 })
    local _, err = conn:call("GetItem", GET)
    assert.same({ "request_built", "attempt_started", "attempt_failed", "call_finished" }, names_of(seen))
    assert.equal(err, seen[4].err)
    assert.equal("network", seen[3].err.kind)
  end)

  it("raise their errors in the caller, and the connection stays usable", function()
    for name in pairs({ request_built = true, attempt_started = true, response_received = true, call_finished = true }) do
      local raise = true
      local conn = start({ { wait, { send = good }, wait, { send = good } } }, {
        hooks = { [name] = function() if raise then error("from the hook", 0) end end } })
      local ok, why = pcall(conn.call, conn, "GetItem", GET)
      assert.is_false(ok)
      assert.equal("from the hook", why)
      raise = false
      assert(conn:call("GetItem", GET))
      assert.is_true(conn:stats().connections_open <= 1)
    end
  end)

  it("have no table name if the operation has none", function()
    local seen, list = recorder()
    local conn = start({ { wait, { send = scripted.response('{"TableNames":[]}') } } }, { hooks = list })
    assert(conn:list_tables())
    assert.is_nil(seen[1].table)
    assert.equal("ListTables", seen[1].operation)
  end)

  describe("as a log", function()
    local function lines_of(connections, options)
      local lines = {}
      options = options or {}
      options.log = function(line) lines[#lines + 1] = line end
      local conn = start(connections, options)
      conn:call("GetItem", GET)
      return lines
    end

    it("are lines for a function", function()
      local lines = lines_of({ { wait, { send = busy }, wait, { send = good } } })
      assert.equal(3, #lines)
      assert.matches("^dynamodb: GetItem messages: attempt 1: 400 ThrottlingException in %d%.%d+ s$", lines[1])
      assert.matches("^dynamodb: GetItem messages: retry in %d%.%d+ s$", lines[2])
      assert.matches("^dynamodb: GetItem messages: attempt 2: 200 in %d%.%d+ s, request id R1$", lines[3])
    end)

    it("describe a failure", function()
      local lines = lines_of({ { wait, { close = true } } }, { max_attempts = 1 })
      assert.matches("^dynamodb: GetItem messages: attempt 1: network: ", lines[1])
      assert.matches("^dynamodb: GetItem messages: failed after 1 attempts and %d%.%d+ s: network: ", lines[2])
      assert.equal(2, #lines)
    end)

    it("are lines of a file", function()
      local path = os.tmpname()
      local file = assert(io.open(path, "w"))
      local conn = start({ { wait, { send = good } } }, { log = file })
      assert(conn:call("GetItem", GET))
      file:close()
      local text = assert(io.open(path)):read("*a")
      os.remove(path)
      assert.matches("^dynamodb: GetItem messages: attempt 1: 200 in [^\n]+\n$", text)
    end)

    it("are absent without a hook", function()
      assert.is_nil(hooks.emitter(nil, nil))
    end)

    it("report a refresh of credentials without showing them", function()
      local lines = {}
      hooks.emitter(nil, function(line) lines[#lines + 1] = line end)("credentials_refreshed", { source = "container" })
      assert.same({ "dynamodb: credentials refreshed, from container" }, lines)
    end)

    it("report an attempt without a status text", function()
      local lines = {}
      local emit = hooks.emitter({}, function(line) lines[#lines + 1] = line end)
      emit("response_received", { operation = "ListTables", attempt = 1, status = 500, timing = {},
        err = errors.new({ kind = "response", message = "m" }) })
      assert.same({ "dynamodb: ListTables: attempt 1: 500 in 0.0000 s" }, lines)
    end)
  end)

  it("must be functions by the name of an event", function()
    for _, given in ipairs({ { unknown = print }, { call_finished = 1 }, "x", print }) do
      local ok, expected = hooks.are_hooks(given)
      assert.is_false(ok)
      assert.matches("attempt_failed, attempt_started, call_finished, credentials_refreshed, request_built, "
        .. "request_hedged, response_received, retry_scheduled, throttled, warning", expected, 1, true)
    end
    assert.is_true(hooks.are_hooks({ call_finished = print }))
  end)

  it("must have a log that accepts lines", function()
    assert.is_true((hooks.is_log(print)))
    assert.is_true((hooks.is_log(io.stdout)))
    assert.is_true((hooks.is_log({ write = print })))
    assert.same({ false, "function(line) or an open file" }, { hooks.is_log("file.log") })
    assert.is_false((hooks.is_log({})))
  end)
end)
