-- Retries of calls, against scripted responses and with a clock that advances only by sleep.

local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local errors = require("dynamodb.error")
local helper = dofile("spec/support/helper.lua")
local system = require("dynamodb.base.system")

local KEY = { TableName = "t", Key = { id = "a" } }
local PUT = { TableName = "t", Item = { id = "a", n = 1 } }

local with = require("dynamodb.base.options").merge

local CONDITION = { ConditionExpression = "attribute_not_exists(id)" }
local ADD = with(KEY, { UpdateExpression = "ADD n :n", ExpressionAttributeValues = { [":n"] = 1 } })
local SET = with(KEY, { UpdateExpression = "SET n = :n", ExpressionAttributeValues = { [":n"] = 1 } })

local function failing(code, status, headers)
  return helper.response(status or 400, ('{"__type":"x#%s","message":"m"}'):format(code), headers)
end

local good, item = helper.response(200, "{}"), helper.response(200, '{"Item":{"id":{"S":"a"}}}')
local busy, broken = failing("ThrottlingException"), failing("InternalServerError", 500)
local refused = failing("ConditionalCheckFailedException")
local LOST = false -- the connection ends without a response

local function refused_by(attributes)
  return helper.response(400, ('{"__type":"x#ConditionalCheckFailedException","message":"m","Item":%s}')
    :format((assert(core.encode(attributes, "item")))))
end

describe("a call", function()
  local random = system.random
  before_each(function() system.random = function() return 0.5 end end)
  after_each(function() system.random = random end)

  -- Connects to a service that gives these responses in order -> connection, transport.
  local function start(responses, options)
    local fake = helper.fake(function(_, number)
      if type(responses) == "function" then return responses(number) end
      local response = responses[number]
      assert(response ~= nil, "more requests than responses")
      return response
    end)
    fake.slept = {}
    function fake.idle() return false end -- each request uses a new connection
    local sleep = fake.sleep
    function fake.sleep(seconds)
      fake.slept[#fake.slept + 1] = seconds
      return sleep(seconds)
    end
    local given = { region = "us-east-1", transport = fake }
    if not (options and options.credentials) then
      given.aws_access_key_id, given.aws_secret_access_key = helper.KEY, helper.SECRET
    end
    for name, value in pairs(options or {}) do given[name] = value end
    return dynamodb.connect(given), fake
  end

  describe("is attempted again", function()
    it("after a delay of up to 25 ms when the service failed, and up to a second when it throttles", function()
      local conn, fake = start({ broken, busy, LOST, item })
      assert.same({ id = "a" }, conn:call("GetItem", KEY).Item)
      assert.same({ 0.0125, 1, 0.05 }, fake.slept)
      assert.equal(4, #fake.requests)
    end)

    it("with a signature, a count and the same id each time", function()
      local conn, fake = start({ LOST, busy, item })
      fake.time = function() return 1700000000 + #fake.requests end
      assert(conn:call("GetItem", KEY))
      local ids, dates = {}, {}
      for i, request in ipairs(fake.requests) do
        assert.equal(("attempt=%d; max=4"):format(i), request:match("\r\namz%-sdk%-request: ([^\r]+)"))
        ids[request:match("\r\namz%-sdk%-invocation%-id: ([^\r]+)")] = true
        dates[request:match("\r\nx%-amz%-date: ([^\r]+)")] = true
      end
      local id, more = next(ids)
      assert.matches("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$", id)
      assert.is_nil(next(ids, id), more)
      local count = 0
      for _ in pairs(dates) do count = count + 1 end
      assert.equal(3, count)
    end)

    it("four times in all, and then fails with the last error", function()
      local conn, fake = start({ broken, broken, broken, busy })
      local _, err = conn:call("GetItem", KEY)
      assert.equal("ThrottlingException", err.code)
      assert.equal(4, err.attempts)
      assert.equal("attempts", err.retry_stopped)
      assert.is_true(math.abs(err.elapsed - (0.0125 + 0.025 + 0.05)) < 1e-9)
      assert.equal(3, #fake.slept)
    end)

    it("as often as the connection or the call permits", function()
      local conn, fake = start(function() return broken end, { max_attempts = 2 })
      assert.equal(2, select(2, conn:call("GetItem", KEY)).attempts)
      assert.equal(3, select(2, conn:call("GetItem", KEY, { max_attempts = 3 })).attempts)
      assert.equal(1, select(2, conn:call("GetItem", KEY, { retry_mode = "off" })).attempts)
      assert.matches("max=3", fake.requests[3], 1, true)
    end)

    it("not when the mode is off", function()
      local conn = start({ busy }, { retry_mode = "off" })
      local _, err = conn:call("GetItem", KEY)
      assert.equal("off", err.retry_stopped)
      assert.equal(1, err.attempts)
    end)

    it("not when it would fail again", function()
      for _, code in ipairs({ "ValidationException", "ConditionalCheckFailedException", "AccessDeniedException",
        "ResourceNotFoundException", "SerializationException", "UnrecognizedClientException" }) do
        local conn = start({ failing(code) })
        local _, err = conn:call("GetItem", KEY)
        assert.equal(code, err.code)
        assert.equal(1, err.attempts)
        assert.equal("permanent", err.retry_stopped)
      end
    end)

    it("until the quota is used up, which the error reports", function()
      local conn = start(function() return broken end)
      local err
      for _ = 1, 11 do err = select(2, conn:call("GetItem", KEY)) end
      assert.equal("attempts", err.retry_stopped)
      err = select(2, conn:call("GetItem", KEY)) -- 500 tokens are 35 retries of 14
      assert.equal("quota", err.retry_stopped)
      assert.equal(3, err.attempts)
      assert.equal("InternalServerError: m; not retried: the retry quota is used up", errors.reason(err))
      assert.equal(10, conn:stats().retry_tokens)
    end)

    it("after the delay that the service requests", function()
      local conn, fake = start({ failing("ThrottlingException", 400, { ["x-amz-retry-after"] = "3000" }), item })
      assert(conn:call("GetItem", KEY))
      assert.same({ 3 }, fake.slept)
    end)

    it("when its transaction was cancelled by a conflict, and for no other reason", function()
      local two = { TransactItems = { { Put = { TableName = "t", Item = { id = "a" } } },
        { Put = { TableName = "t", Item = { id = "b" } } } } }
      local conflict = helper.response(400, '{"__type":"x#TransactionCanceledException","Message":"m",'
        .. '"CancellationReasons":[{"Code":"None"},{"Code":"TransactionConflict"}]}')
      local conn = start({ conflict, good })
      assert(conn:call("TransactWriteItems", two))
      local mixed = helper.response(400, '{"__type":"x#TransactionCanceledException","Message":"m",'
        .. '"CancellationReasons":[{"Code":"ConditionalCheckFailed"},{"Code":"TransactionConflict"}]}')
      conn = start({ mixed })
      assert.equal(1, select(2, conn:call("TransactWriteItems", two)).attempts)
      conn = start({ failing("TransactionConflictException"), good })
      assert(conn:call("PutItem", PUT))
    end)

    it("at the rate of the adaptive mode", function()
      local conn, fake = start(function(number) return number % 2 == 1 and busy or item end, { retry_mode = "adaptive" })
      for _ = 1, 5 do assert(conn:call("GetItem", KEY)) end
      assert.is_true(#fake.slept > 5) -- more than the delays between attempts
    end)
  end)

  describe("has a deadline", function()
    it("that prevents attempts which could not meet it", function()
      local conn, fake = start(function() return broken end, { deadline = 0.03 })
      local _, err = conn:call("GetItem", KEY)
      assert.same({ 0.0125 }, fake.slept)
      assert.equal(2, err.attempts)
      assert.equal("deadline", err.retry_stopped)
      assert.equal("InternalServerError: m; no time for another attempt before the deadline", errors.reason(err))
    end)

    it("that may pass during a delay, as on a busy machine; the error is that of the last attempt", function()
      for _, more in ipairs({ {}, { retry_mode = "adaptive" } }) do
        local conn, fake = start(function() return broken end, more)
        local sleep = fake.sleep
        function fake.sleep(seconds) sleep(seconds + 1) end
        local _, err = conn:call("GetItem", KEY, { deadline = 0.5 })
        assert.equal("InternalServerError: m; no time for another attempt before the deadline", errors.reason(err))
        assert.same({ 1, 1, "deadline" }, { #fake.requests, err.attempts, err.retry_stopped })
      end
    end)

    it("that a call may set", function()
      local conn = start(function() return broken end)
      assert.equal(2, select(2, conn:call("GetItem", KEY, { deadline = 0.03 })).attempts)
    end)

    it("that also ends an attempt", function()
      local conn, fake = start(function() return good end)
      local deadlines = {}
      function fake.receive(_, deadline)
        deadlines[#deadlines + 1] = deadline - fake.clock
        fake.clock = deadline
        return nil, "timeout", "no response in time"
      end
      local _, err = conn:call("GetItem", KEY, { deadline = 2, attempt_timeout = 1.5 })
      assert.equal("timeout", err.kind)
      assert.equal(2, err.attempts)
      assert.equal(1.5, deadlines[1])
      assert.is_true(math.abs(deadlines[2] - (2 - 1.5 - 0.0125)) < 1e-9)
      assert.matches("the deadline of 2 s has passed$", err.message)
    end)

    it("that also ends a wait of the adaptive mode", function()
      local conn, fake = start(function(number) return number < 9 and busy or item end, { retry_mode = "adaptive" })
      for _ = 1, 2 do conn:call("GetItem", KEY) end
      local before = #fake.requests
      local _, err = conn:call("GetItem", KEY, { deadline = 0.001 })
      assert.equal("timeout", err.kind)
      assert.equal("deadline", err.retry_stopped)
      assert.equal(0, err.attempts)
      assert.equal(before, #fake.requests)
    end)

    it("that may pass in a wait of the adaptive mode; the error is that of the last attempt", function()
      local conn, fake = start(function() return busy end, { retry_mode = "adaptive" })
      conn:call("GetItem", KEY, { deadline = 30 })
      local before = #fake.requests
      local _, err = conn:call("GetItem", KEY, { deadline = 3 })
      assert.is_true(#fake.requests > before)
      assert.same({ "ThrottlingException", "deadline" }, { err.code, err.retry_stopped })
    end)

    it("that bounds all pages of a query", function()
      local page = helper.response(200, '{"Items":[{"id":{"S":"a"}}],"Count":1,"ScannedCount":1,'
        .. '"LastEvaluatedKey":{"id":{"S":"%d"}}}')
      local conn, fake = start(function(number)
        return (page:gsub("%%d", ("%02d"):format(number)))
      end)
      local receive = fake.receive
      function fake.receive(socket)
        fake.clock = fake.clock + 1
        return receive(socket)
      end
      local list, err = conn:table("t", { hash_key = "id" }):scan({ deadline = 4.5 }):all()
      assert.is_nil(list)
      assert.equal("timeout", err.kind, tostring(err))
      assert.matches("the deadline of 4.5 s has passed", err.message, 1, true)
      assert.is_true(#fake.requests >= 4 and #fake.requests <= 6)
    end)
  end)

  describe("that writes", function()
    -- { name, operation, parameters, responses, number of requests, outcome, options of the call }
    local rows = {
      { "a put", "PutItem", PUT, { LOST, good }, 2, true },
      { "a delete", "DeleteItem", KEY, { broken, good }, 2, true },
      { "an update that sets", "UpdateItem", SET, { LOST, good }, 2, true },
      { "an update that adds", "UpdateItem", ADD, { LOST }, 1, "ambiguous" },
      { "an update that adds, after an inner error", "UpdateItem", ADD, { broken }, 1, "ambiguous" },
      { "an update that adds, which was refused", "UpdateItem", ADD, { busy, good }, 2, true },
      { "a put that returns the old item", "PutItem", with(PUT, { ReturnValues = "ALL_OLD" }), { LOST }, 1, "ambiguous" },
      { "a backup", "CreateBackup", { TableName = "t", BackupName = "b" }, { LOST }, 1, "ambiguous" },
      { "an unreadable response", "UpdateItem", ADD, { helper.response(200, "<html>") }, 1, "ambiguous" },
    }
    for _, row in ipairs(rows) do
      it(("safely: %s is sent %d times"):format(row[1], row[5]), function()
        local conn, fake = start(row[4])
        local result, err = conn:call(row[2], row[3])
        assert.equal(row[5], #fake.requests)
        if row[6] == true then
          assert.truthy(result, tostring(err))
        else
          assert.is_true(err.ambiguous)
          assert.equal("ambiguous", err.retry_stopped)
          assert.matches("; not sent again, since it may have been written", tostring(err), 1, true)
        end
      end)
    end

    it("always with the option \"always\", as other clients do", function()
      local conn, fake = start({ LOST, good, LOST, good }, { retry_writes = "always" })
      assert(conn:call("UpdateItem", ADD))
      assert(conn:call("PutItem", with(PUT, CONDITION)))
      assert.equal(4, #fake.requests)
      assert.is_nil(fake.requests[4]:find("ReturnValuesOnConditionCheckFailure", 1, true))
    end)

    it("always, and tells a request that a reused connection made it send twice", function()
      local conn, fake = start({ good, LOST, LOST }, { retry_writes = "always", max_attempts = 1 })
      function fake.idle() return true end
      assert(conn:call("PutItem", PUT))
      local _, err = conn:call("UpdateItem", ADD)
      assert.equal(3, #fake.requests)
      assert.equal(2, err.attempts)
      assert.is_true(err.ambiguous)
    end)

    it("without using up the retry quota when the stored item shows that each has succeeded", function()
      local stored = refused_by(PUT.Item)
      local conn = start(function(number) return number % 2 == 0 and stored end)
      for _ = 1, 40 do assert(conn:call("PutItem", with(PUT, CONDITION))) end
      assert.equal(500, conn:stats().retry_tokens)
    end)

    it("and gives back what a retry took when the next one corrects the clock", function()
      local skewed = failing("RequestTimeTooSkewed", 400, { Date = "Sat, 28 Nov 2026 12:00:00 GMT" })
      local conn, fake = start({ broken, skewed, good })
      assert(conn:call("PutItem", PUT))
      assert.equal(3, #fake.requests)
      assert.equal(500, conn:stats().retry_tokens)
    end)

    it("ambiguously when an earlier attempt may have been applied", function()
      local conn = start({ LOST, busy, busy, busy })
      local _, err = conn:call("PutItem", PUT)
      assert.equal("ThrottlingException", err.code)
      assert.is_true(err.ambiguous)
    end)

    it("unambiguously when no attempt can have been applied", function()
      local conn = start({ busy, failing("ValidationException") })
      assert.is_false(select(2, conn:call("PutItem", PUT)).ambiguous)
    end)

    describe("with a condition that its first attempt invalidates", function()
      it("has succeeded when the item equals the put item", function()
        local conn, fake = start({ LOST, refused_by({ id = "a", n = 1 }) })
        assert.same({}, conn:call("PutItem", with(PUT, CONDITION)))
        assert.is_nil(fake.requests[1]:find("ReturnValuesOnConditionCheckFailure", 1, true))
        assert.truthy(fake.requests[2]:find('"ReturnValuesOnConditionCheckFailure":"ALL_OLD"', 1, true))
      end)

      it("has succeeded when the item has the result of the update", function()
        local conn = start({ LOST, refused_by({ id = "a", n = 1, m = 2 }) })
        local update = with(SET, { ConditionExpression = "n = :o", ReturnValues = "ALL_NEW" })
        update.ExpressionAttributeValues = { [":n"] = 1, [":o"] = 0 }
        assert.same({ Attributes = { id = "a", n = 1, m = 2 } }, conn:call("UpdateItem", update))
      end)

      it("has failed ambiguously when the item is another one", function()
        local conn = start({ LOST, refused_by({ id = "a", n = 5 }) })
        local _, err = conn:call("PutItem", with(PUT, CONDITION))
        assert.equal("ConditionalCheckFailedException", err.code)
        assert.is_true(err.ambiguous)
        assert.is_nil(err.item) -- not requested
        conn = start({ LOST, refused_by({ id = "a", n = 5 }) })
        _, err = conn:call("PutItem", with(with(PUT, CONDITION), { ReturnValuesOnConditionCheckFailure = "ALL_OLD" }))
        assert.same({ id = "a", n = 5 }, err.item)
      end)

      it("has failed ambiguously when a delete finds no item", function()
        local conn = start({ LOST, refused })
        local _, err = conn:call("DeleteItem", with(KEY, { ConditionExpression = "attribute_exists(id)" }))
        assert.equal("ConditionalCheckFailedException", err.code)
        assert.is_true(err.ambiguous)
      end)

      it("has failed when the first attempt failed its condition", function()
        local conn = start({ refused })
        local _, err = conn:call("PutItem", with(PUT, CONDITION))
        assert.is_false(err.ambiguous)
      end)
    end)

    describe("exactly once", function()
      local function exactly(responses, name, params, given)
        given = given or {}
        given.retry_writes = "exact"
        local conn, fake = start(responses)
        local result, err = conn:call(name, params, given)
        return result, err, fake
      end

      it("is a transaction, sent with the same token until it gets a response", function()
        local result, _, fake = exactly({ LOST, broken, good }, "UpdateItem", ADD)
        assert.same({}, result)
        local tokens = {}
        for _, request in ipairs(fake.requests) do
          assert.matches("x-amz-target: DynamoDB_20120810.TransactWriteItems\r\n", request, 1, true)
          assert.truthy(request:find('"Update":{', 1, true))
          tokens[request:match('"ClientRequestToken":"([^"]+)"')] = true
        end
        assert.is_nil(next(tokens, (next(tokens))))
      end)

      it("fails with the error of the plain write", function()
        local cancelled = helper.response(400, '{"__type":"x#TransactionCanceledException","Message":"m","CancellationReasons":'
          .. '[{"Code":"ConditionalCheckFailed","Message":"no","Item":{"id":{"S":"b"}}}]}')
        local _, err = exactly({ cancelled }, "PutItem", with(PUT, CONDITION))
        assert.equal("ConditionalCheckFailedException", err.code)
        assert.equal("PutItem", err.operation)
        assert.same({ id = "b" }, err.item)
        assert.equal(1, err.attempts)
        assert.is_false(err.ambiguous)
      end)

      it("is the plain write if that may be repeated", function()
        local _, _, fake = exactly({ LOST, good }, "PutItem", PUT)
        assert.matches("DynamoDB_20120810.PutItem", fake.requests[2], 1, true)
      end)

      it("is rejected if no transaction can replace the write", function()
        local conn = start({})
        assert.has_error(function()
          conn:call("UpdateItem", with(ADD, { ReturnValues = "ALL_NEW" }), { retry_writes = "exact" })
        end)
        local ok, why = pcall(conn.call, conn, "CreateBackup", { TableName = "t" }, { retry_writes = "exact" })
        assert.is_false(ok)
        assert.matches("option 'retry_writes': 'exact' is not possible: CreateBackup has no form in a transaction", why, 1, true)
      end)

      it("falls back to \"safe\" if the connection rather than the call sets it", function()
        local conn = start({ LOST }, { retry_writes = "exact" })
        local _, err = conn:call("UpdateItem", with(ADD, { ReturnValues = "ALL_NEW" }))
        assert.is_true(err.ambiguous)
        assert.equal(1, err.attempts)
      end)

      it("applies to items", function()
        local conn, fake = start({ LOST, good }, { retry_writes = "exact" })
        local tbl = conn:table("t", { hash_key = "id" })
        assert(tbl:new_item({ hash_key = "a", attrs = { n = 1 } }):put({ create_only = true }))
        assert.truthy(fake.requests[2]:find('"Put":{', 1, true))
        assert.truthy(fake.requests[2]:find('"Item":{', 1, true))
      end)
    end)
  end)

  describe("with a wrong clock", function()
    local NOW, DATE = 1795608000, "Wed, 25 Nov 2026 12:00:00 GMT"

    -- Responds by the date of the signature.
    local function start_at(time, code, options)
      local conn, fake
      conn, fake = start(function(number)
        local at = fake.requests[number]:match("\r\nx%-amz%-date: (%w+)")
        return at == "20261125T120000Z" and helper.response(200, "{}", { Date = DATE })
          or failing(code, 400, { Date = DATE })
      end, options)
      function fake.time() return time end
      return conn, fake
    end

    for _, code in ipairs({ "InvalidSignatureException", "RequestTimeTooSkewed", "SignatureDoesNotMatch" }) do
      it("needs one more request after " .. code, function()
        local conn, fake = start_at(NOW - 3600, code)
        assert(conn:call("PutItem", PUT))
        assert.equal(2, #fake.requests)
        assert.same({}, fake.slept)
        assert.equal(500, conn:stats().retry_tokens)
        assert.equal(3600, conn:stats().clock_offset)
        assert(conn:call("PutItem", PUT))
        assert.equal(3, #fake.requests)
      end)
    end

    it("fails when clock correction is off", function()
      local conn, fake = start_at(NOW - 3600, "InvalidSignatureException", { disable_clock_skew_correction = true })
      assert.is_nil((conn:call("PutItem", PUT)))
      assert.equal(1, #fake.requests)
    end)

    it("fails when the clock is correct but the signature is not", function()
      local conn, fake = start(function() return failing("InvalidSignatureException", 403, { Date = DATE }) end)
      function fake.time() return NOW end
      assert.is_nil((conn:call("PutItem", PUT)))
      assert.equal(1, #fake.requests)
    end)

    it("has one attempt if one is permitted", function()
      local conn, fake = start_at(NOW - 3600, "InvalidSignatureException", { max_attempts = 1 })
      local _, err = conn:call("PutItem", PUT)
      assert.equal("attempts", err.retry_stopped)
      assert.equal(1, #fake.requests)
    end)
  end)

  describe("with expired credentials", function()
    -- The verifying proxy has the secrets of these keys.
    local function provider(list)
      local count = 0
      return function()
        count = count + 1
        local key = list[math.min(count, #list)]
        if not key then return nil, "the vault is closed" end
        return { aws_access_key_id = key, aws_secret_access_key = "secret-of-" .. key }
      end, function() return count end
    end

    it("refreshes them once and succeeds", function()
      local find, calls = provider({ "AKIDONE", "AKIDTWO" })
      local conn, fake = start({ failing("ExpiredTokenException"), good, good },
        { credentials = find })
      assert(conn:call("PutItem", PUT))
      assert(conn:call("PutItem", PUT))
      assert.equal(2, calls())
      assert.matches("Credential=AKIDONE/", fake.requests[1], 1, true)
      assert.matches("Credential=AKIDTWO/", fake.requests[2], 1, true)
      assert.same({}, fake.slept)
    end)

    it("refreshes them only once", function()
      local find, calls = provider({ "AKIDONE", "AKIDTWO", "AKIDTHREE" })
      local conn, fake = start(function() return failing("ExpiredTokenException") end, { credentials = find })
      local _, err = conn:call("PutItem", PUT)
      assert.equal("ExpiredTokenException", err.code)
      assert.equal(2, #fake.requests)
      assert.equal(2, calls())
    end)

    it("reports the failure of a refresh", function()
      local find = provider({ "AKIDONE", false })
      local conn = start({ failing("ExpiredTokenException") }, { credentials = find })
      local _, err = conn:call("PutItem", PUT)
      assert.equal("ExpiredTokenException", err.code)
      assert.matches("the vault is closed", err.message, 1, true)
    end)

    it("never replaces keys given as options", function()
      local conn, fake = start({ failing("ExpiredTokenException") })
      assert.equal("ExpiredTokenException", select(2, conn:call("PutItem", PUT)).code)
      assert.equal(1, #fake.requests)
    end)
  end)

  it("accepts its options in every method", function()
    local conn, fake = start(function() return broken end)
    local tbl = conn:table("t", { hash_key = "id" })
    local own = tbl:new_item({ hash_key = "a" })
    local given = { max_attempts = 2, deadline = 5 }
    local calls = {
      function() return tbl:get_item(with({ hash_key = "a" }, given)) end,
      function() return tbl:has_item(with({ hash_key = "a" }, given)) end,
      function() return tbl:put_item({ id = "a" }, given) end,
      function() return tbl:delete_item(with({ hash_key = "a" }, given)) end,
      function() return tbl:update_item(with({ hash_key = "a", update = { n = 1 } }, given)) end,
      function() return own:put(given) end,
      function() return own:save(given) end,
      function() return own:delete(given) end,
      function() return own:reload(given) end,
      function() return tbl:query(with({ hash_key = "a" }, given)):next() end,
      function() return tbl:scan(given):all() end,
      function() return tbl:count(given) end,
      function() return tbl:refresh(given) end,
      function() return conn:list_tables(given) end,
      function() return conn:each("ListBackups", {}, given):next() end,
      function() return conn:call("DescribeLimits", {}, given) end,
      function() return conn:execute("SELECT * FROM t", nil, given):next() end,
      function() return conn:execute_batch({ "SELECT * FROM t" }, given) end,
    }
    for i, call in ipairs(calls) do
      local before = #fake.requests
      local result, err = call()
      assert.is_nil(result, i)
      assert.equal(2, err.attempts, i)
      assert.equal(2, #fake.requests - before, i)
    end
  end)
end)
