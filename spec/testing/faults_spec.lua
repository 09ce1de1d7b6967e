-- Faults: what the code under test sees of each, against the server, with time that costs none.

local dynamodb = require("dynamodb")
local engines = dofile("spec/support/engines.lua")
local helper = dofile("spec/support/helper.lua")
local options = require("dynamodb.base.options")
local testing = require("dynamodb.testing")

describe("testing.faults", function()
  local clock, faults, conn, users

  local function connect(given)
    return helper.connect(options.merge({ transport = faults.transport, endpoint_url = helper.unverified(), deadline = 15,
      attempt_timeout = 5, connect_timeout = 5 }, given))
  end

  before_each(function()
    clock = testing.clock()
    faults = testing.faults(clock.transport)
    conn = connect()
    users = testing.table(conn, { name = "users" })
  end)
  after_each(function() conn:close() end)

  local function put(attributes, given) return users:put_item(attributes or { id = "a", n = 1 }, given) end
  local function increment(given)
    return users:update_item("a", { update = { n = dynamodb.increment(1) }, max_attempts = given and given.max_attempts })
  end

  -- The stored value of n, read by another connection.
  local function stored()
    local other = helper.connect()
    local item = assert(other:table(users.name, users.schema):get_item("a"))
    other:close()
    return item.n
  end

  it("lets all other requests pass, and counts them", function()
    assert(put())
    assert.equal(1, assert(users:get_item("a")).n)
    assert.equal(2, faults:count())
    assert.equal(1, faults:count("PutItem"))
    assert.equal(2, faults:count(nil, users.name))
    assert.equal(0, faults:count("PutItem", "other"))
    assert.same({ operation = "PutItem", tables = { [users.name] = true } }, faults.requests[1])
  end)

  it("throttle: the client waits and sends again", function()
    faults:add({ operation = "PutItem", table = users.name, times = 2,
      throttle = { reason = "TableWriteProvisionedThroughputExceeded", resource = "arn:aws:dynamodb:::table/users" } })
    assert(put())
    assert.equal(3, faults:count("PutItem"))
    assert.equal("throttle", faults.requests[1].fault)
    assert.equal(2, conn:stats().throttled_responses)
  end)

  it("throttle: the error has the reason and the resource", function()
    faults:add({ throttle = { reason = "AccountLimitExceeded", resource = "arn" }, times = 4 })
    local ok, err = put()
    assert.is_nil(ok)
    assert.same({ "service", "ProvisionedThroughputExceededException", true, true, false, 4, "attempts" },
      { err.kind, err.code, err.throttled, err.retryable, err.ambiguous, err.attempts, err.retry_stopped })
    assert.same({ { reason = "AccountLimitExceeded", resource = "arn" } }, err.throttling_reasons)
    faults:add({ throttle = { code = "ThrottlingException" }, times = 1 })
    ok, err = put(nil, { max_attempts = 1 })
    assert.is_nil(ok)
    assert.equal("ThrottlingException", err.code)
    faults:add({ throttle = true })
    ok, err = put(nil, { max_attempts = 1 })
    assert.is_nil(ok)
    assert.equal("ProvisionedThroughputExceededException", err.code)
  end)

  it("lost_response: the write was done, which the client cannot know", function()
    assert(put({ id = "a", n = 1 }))
    faults:add({ operation = "UpdateItem", lost_response = true })
    local ok, err = increment()
    assert.is_nil(ok)
    assert.same({ "network", true, 1, "ambiguous" }, { err.kind, err.ambiguous, err.attempts, err.retry_stopped })
    assert.equal(2, stored())
    faults:add({ operation = "PutItem", lost_response = true })
    assert(put({ id = "a", n = 5 })) -- may be sent again
    assert.equal(2 + 1, faults:count("PutItem"))
  end)

  it("lost_request: looks the same, and the write was not done", function()
    assert(put({ id = "a", n = 1 }))
    faults:add({ operation = "UpdateItem", lost_request = true })
    local ok, err = increment()
    assert.is_nil(ok)
    assert.same({ "network", true, 1 }, { err.kind, err.ambiguous, err.attempts })
    assert.equal(1, stored())
  end)

  it("reset: nothing was sent, so that every write is sent again", function()
    assert(put({ id = "a", n = 1 }))
    faults:add({ operation = "UpdateItem", reset = true })
    assert(increment())
    assert.equal(2, stored())
    local fresh = connect()
    faults:add({ operation = "UpdateItem", reset = true, times = 4 })
    local ok, err = fresh:table(users.name, users.schema):update_item("a", { update = { n = dynamodb.increment(1) } })
    fresh:close()
    assert.is_nil(ok)
    assert.same({ "network", false, "connection reset by peer" }, { err.kind, err.ambiguous, err.message })
  end)

  it("delay: shorter ones are waited for, longer ones end by the timeout", function()
    faults:add({ delay = 3 })
    local before = clock:now()
    assert(put())
    assert.near(3, clock:now() - before, 1e-6)
    faults:add({ delay = 6 })
    local ok, err = increment({ max_attempts = 1 })
    assert.is_nil(ok)
    assert.same({ "timeout", true }, { err.kind, err.ambiguous })
    assert.equal(2, stored())
    faults:add({ delay = 6, times = 3 })
    before = clock:now()
    ok, err = put()
    assert.is_nil(ok)
    assert.equal("deadline", err.retry_stopped)
    assert.near(15, clock:now() - before, 1)
  end)

  it("delay: goes with another fault", function()
    faults:add({ delay = 2, status = 500 })
    local before = clock:now()
    local ok, err = put(nil, { max_attempts = 1 })
    assert.is_nil(ok)
    assert.equal(500, err.status)
    assert.near(2, clock:now() - before, 1e-6)
  end)

  for status, code in pairs({ [500] = "InternalServerError", [502] = "InternalServerError", [503] = "ServiceUnavailable",
    [504] = "InternalServerError" }) do
    it("status " .. status .. ": is retryable, and ambiguous for a write", function()
      faults:add({ status = status })
      assert(put())
      faults:add({ status = status })
      local ok, err = put(nil, { max_attempts = 1 })
      assert.is_nil(ok)
      assert.same({ status, code, true, true }, { err.status, err.code, err.retryable, err.ambiguous })
    end)
  end

  it("error: any error of the service", function()
    faults:add({ error = { code = "ItemCollectionSizeLimitExceededException", message = "too large" } })
    local ok, err = put()
    assert.is_nil(ok)
    assert.same({ 400, "ItemCollectionSizeLimitExceededException", "too large", false, 1 },
      { err.status, err.code, err.message, err.ambiguous, err.attempts })
    faults:add({ error = { code = "AccessDeniedException", status = 403 } })
    ok, err = users:get_item("a")
    assert.is_nil(ok)
    assert.same({ 403, "AccessDeniedException" }, { err.status, err.code })
  end)

  for _, kind in ipairs({ "wrong_checksum", "cut_body" }) do
    it(kind .. ": a read is repeated", function()
      assert(put())
      faults:add({ operation = "GetItem", [kind] = true })
      assert.equal(1, assert(users:get_item("a")).n)
      assert.equal(2, faults:count("GetItem"))
      faults:add({ operation = "GetItem", [kind] = true, times = 2 })
      local item, err = users:get_item({ hash_key = "a", max_attempts = 2 })
      assert.is_nil(item)
      assert.equal(kind == "cut_body" and "network" or "response", err.kind)
      assert.matches(kind == "cut_body" and "closed" or "x-amz-crc32 does not match the body", err.message, 1, true)
    end)

    it(kind .. ": a write was done", function()
      assert(put({ id = "a", n = 1 }))
      faults:add({ operation = "UpdateItem", [kind] = true })
      local ok, err = increment()
      assert.is_nil(ok)
      assert.is_true(err.ambiguous)
      assert.equal(2, stored())
    end)
  end

  local function three() return { { id = "x" }, { id = "y" }, { id = "z" } } end

  it("unprocessed = true: nothing of a batch is done, and the client sends it again", function()
    faults:add({ operation = "BatchWriteItem", unprocessed = true })
    faults:add({ operation = "BatchGetItem", unprocessed = true })
    assert(users:batch_write({ put = three() }))
    assert.equal(2, faults:count("BatchWriteItem"))
    assert.equal(3, #assert(users:get_items({ "x", "y", "z" })))
    assert.equal(2, faults:count("BatchGetItem"))
  end)

  it("unprocessed = n: the last n are not done, and sent again", function()
    faults:add({ unprocessed = 2, times = 2 })
    assert(users:batch_write({ put = three() }))
    assert.equal(3, faults:count("BatchWriteItem"))
    faults:add({ unprocessed = 1 })
    assert.equal(3, #assert(users:get_items({ "x", "y", "z" })))
    assert.equal(2, faults:count("BatchGetItem"))
  end)

  it("unprocessed: what is left at the deadline is in the error", function()
    faults:add({ operation = "BatchWriteItem", unprocessed = 1, times = math.huge })
    local ok, err = users:batch_write({ put = three() }, { deadline = 30 })
    assert.is_nil(ok)
    assert.equal(1, #err.leftovers)
  end)

  local function transact(...)
    local first, second = { table = users, put = { id = "a", n = 1 } }, { table = users, put = { id = "b", n = 1 } }
    return conn:transact_write({ first, second }, ...)
  end

  it("cancelled: the error has the reason of each operation", function()
    local failed = { Code = "ConditionalCheckFailed", Message = "no", Item = { id = "b", n = 7 } }
    faults:add({ cancelled = { "None", failed } })
    local ok, err = transact()
    assert.is_nil(ok)
    assert.same({ "TransactionCanceledException", 1, false }, { err.code, err.attempts, err.ambiguous })
    assert.equal("ConditionalCheckFailed", err.reasons[2].code or err.reasons[2].Code)
    local item = err.reasons[2].item or err.reasons[2].Item
    assert.equal(7, item.n)
  end)

  it("cancelled: a conflict is sent again", function()
    engines.need(pending, "transactions")
    faults:add({ cancelled = { "None", "TransactionConflict" }, times = 4 })
    assert(transact())
    assert.equal(5, faults:count("TransactWriteItems"))
    faults:add({ cancelled = { "None", "TransactionConflict" }, times = math.huge })
    local ok, err = transact({ deadline = 10 })
    assert.is_nil(ok)
    assert.same({ "TransactionCanceledException", true }, { err.code, err.retryable })
  end)

  it("cancelled: needs a reason for each operation", function()
    faults:add({ cancelled = { "None" } })
    assert.error_matches(transact, "option 'cancelled': 2 reasons expected, one for each operation of the transaction, got 1", 1,
      true)
  end)

  it("expired_token: the client asks for other credentials, once", function()
    local given = 0
    local other = dynamodb.connect({ transport = faults.transport, credentials = function()
      given = given + 1
      return { aws_access_key_id = "AKID" .. given, aws_secret_access_key = "secret", expires = os.time() + 3600 }
    end, endpoint_url = helper.unverified(), region = "us-east-1" })
    faults:add({ operation = "ListTables", expired_token = true })
    assert(other:list_tables())
    assert.equal(2, given)
    faults:add({ operation = "ListTables", expired_token = true, times = 2 })
    local names, err = other:list_tables()
    assert.is_nil(names)
    assert.equal("ExpiredTokenException", err.code)
    other:close()
  end)

  for _, skew in ipairs({ 7200, -7200 }) do
    it(("clock_skew = %d: the client corrects its clock and sends again at once"):format(skew), function()
      faults:add({ operation = "PutItem", clock_skew = skew })
      local before = clock:now()
      assert(put())
      assert.equal(2, faults:count("PutItem"))
      assert.near(skew, conn:stats().clock_offset, 2)
      assert(users:get_item("a")) -- signed for the service's time
      assert.equal(3, faults:count())
      assert.equal(0, clock:now() - before)
      local late = connect({ max_attempts = 1 })
      local names, err = late:list_tables() -- has not seen the service's time yet
      assert.is_nil(names)
      assert.equal("InvalidSignatureException", err.code)
      assert.equal("clock_skew", faults.requests[4].fault)
      late:close()
    end)
  end

  it("needs no server for a fault that responds itself", function()
    local alone = testing.faults(clock.transport)
    alone:add({ throttle = true })
    local other = helper.connect({ transport = alone.transport, endpoint_url = "http://127.0.0.1:1", max_attempts = 1 })
    local names, err = other:list_tables()
    assert.is_nil(names)
    assert.is_true(err.throttled)
    names, err = other:list_tables()
    assert.is_nil(names)
    assert.equal("network", err.kind)
    other:close()
  end)

  it("applies the first rule that matches, after as many requests as it lets pass", function()
    faults:add({ operation = "PutItem", after = 1, status = 500 }):add({ status = 503, after = 1 })
    assert(put())
    local _, err = put(nil, { max_attempts = 1 })
    assert.equal(500, err.status)
    _, err = put(nil, { max_attempts = 1 })
    assert.equal(503, err.status)
  end)

  it("passes on other requests than those of DynamoDB", function()
    local seen = {}
    local inner = helper.fake(helper.response(200, "{}"))
    local own = testing.faults(inner)
    own:add({ status = 500, times = math.huge })
    local socket = own.transport.connect({}, 1)
    assert.is_true(own.transport.send(socket, "GET / HTTP/1.1\r\n\r\n", 1))
    seen[1] = own.transport.receive(socket, 1, true)
    assert.matches("^HTTP/1.1 200", seen[1])
    assert.equal(0, own:count())
    own.transport.close(socket)
    assert.equal(1, inner.closed)
  end)

  it("finish raises for faults that no request has met, and forgets them", function()
    faults:add({ operation = "PutItem", table = "users", times = 2, throttle = true }):add({ delay = 1, times = math.huge })
      :add({ lost_response = true })
    assert.error_matches(function() faults:finish() end, "testing.faults: faults that no request has met: PutItem users: "
      .. "throttle, 2 of 2 times; any request: lost_response, 1 of 1 times", 1, true)
    faults:finish()
    assert(put())
  end)

  for name, case in pairs({
    ["an unknown option"] = { { trottle = true }, "faults:add: unknown option 'trottle': did you mean 'throttle'?" },
    ["no fault"] = { { operation = "PutItem" }, "faults:add: a fault expected: delay, cancelled, clock_skew, cut_body" },
    ["two faults"] = { { status = 500, reset = true }, "faults:add: option 'reset' excludes 'status'" },
    ["an unknown operation"] = { { operation = "Put", reset = true }, "'operation': name of an operation such as 'PutItem'" },
    ["a batch's fault for another operation"] = { { operation = "PutItem", unprocessed = true },
      "faults:add: option 'unprocessed' is not for PutItem" },
    ["an unknown member"] = { { throttle = { reson = "x" } }, "'throttle': true or table of code, reason, resource expected" },
    ["an error without code"] = { { error = { message = "x" } }, "'error': table of code, message, status expected" },
    ["another status"] = { { status = 400 }, "'status': 500, 502, 503 or 504 expected, got 400" },
    ["reasons that are no list"] = { { cancelled = "None" }, "'cancelled': list with a code such as 'None'" },
    ["no reasons"] = { { cancelled = {} }, "'cancelled': list with a code" },
    ["a reason without code"] = { { cancelled = { { Message = "x" } } }, "'cancelled': list with a code" },
    ["a small skew"] = { { clock_skew = 10 }, "'clock_skew': number of seconds beyond 300 or -300 expected, got 10" },
    ["no times"] = { { reset = true, times = 0 }, "'times': whole number of at least 1, or math.huge expected, got 0" },
    ["false"] = { { reset = false }, "'reset': true expected, got false" },
    ["no table"] = { 5, "faults:add: table of options expected, got number" },
  }) do
    it("refuses " .. name, function()
      assert.error_matches(function() faults:add(case[1]) end, case[2], 1, true)
    end)
  end

  it("refuses what is no transport, and no name", function()
    assert.error_matches(function() testing.faults({}) end, "testing.faults: transport (table with the functions close", 1, true)
    assert.error_matches(function() faults:count(5) end, "faults:count: name of an operation expected, got number", 1, true)
    assert.error_matches(function() faults:count("PutItem", {}) end, "faults:count: name of a table expected, got table", 1, true)
  end)
end)
