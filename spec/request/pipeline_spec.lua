-- From the arguments of a call to its result, over real sockets: success, errors, damaged responses and deadlines.
local scripted = dofile("spec/support/scripted_server.lua")
local core = require("dynamodb.core")
local curl = require("dynamodb.transport.curl")
local dynamodb = require("dynamodb")
local errors = dofile("spec/vectors/errors.lua")
local helper = dofile("spec/support/helper.lua")

local wait = { wait = "request" }
local JSON = "application/x-amz-json-1.0"

local PUT = { "PutItem", { TableName = "t", Item = { id = "a" } } }
local GET = { "GetItem", { TableName = "t", Key = { id = "a" } } }

-- A connection whose calls have one attempt. Retries are tested in spec/scenarios/retries_spec.lua.
local function connect(server, options)
  local given = { max_attempts = 1 }
  for name, value in pairs(options or {}) do given[name] = value end
  return scripted.connect(server, given)
end

-- Calls once for each of these responses -> the results. One server sends all of them: its i-th connection has the i-th
-- response.
local function call_all(responses, call, options)
  local connections, results = {}, {}
  for i, bytes in ipairs(responses) do connections[i] = { wait, { send = bytes } } end
  local server = scripted.start(connections)
  for i in ipairs(responses) do
    local connection = connect(server, options)
    local result, err = connection:call(call[1], call[2])
    results[i] = { result = result, err = err, connections = server.connections() }
    connection:close()
  end
  server.stop()
  return results
end

-- Like call_all, but starts the calls when the first result is requested.
local function lazily(...)
  local results, given = nil, { ... }
  return function(i)
    results = results or call_all(given[1], given[2], given[3])
    return results[i]
  end
end

local function check_error(err, expected)
  assert.is_true(dynamodb.is_error(err))
  for name, value in pairs(expected) do
    assert.same(value or nil, err[name] or nil, name)
  end
end

describe("client", function()
  after_each(scripted.stop)

  describe("sends", function()
    local function request_of(call, options, path)
      local server = scripted.start({ { wait, { send = scripted.response("{}") } } })
      if path then server.endpoint_url = server.endpoint_url .. path end
      local connection = connect(server, options)
      assert(connection:call(call[1], call[2]))
      connection:close()
      local bytes = server.requests()[1]
      local head, body = bytes:match("^(.-\r\n)\r\n(.*)$")
      local line, rest = head:match("^(.-)\r\n(.*)$")
      local headers = {}
      for name, value in rest:gmatch("([^:\r\n]+): ([^\r\n]*)\r\n") do
        assert.is_nil(headers[name:lower()], "repeated: " .. name)
        headers[name:lower()] = value
      end
      return { line = line, headers = headers, body = body, port = server.port, bytes = bytes }
    end

    it("one POST of AWS JSON 1.0", function()
      local request = request_of(PUT)
      local headers = request.headers
      assert.equal("POST / HTTP/1.1", request.line)
      assert.equal("127.0.0.1:" .. request.port, headers.host)
      assert.equal(JSON, headers["content-type"])
      assert.equal("DynamoDB_20120810.PutItem", headers["x-amz-target"])
      assert.equal(tostring(#request.body), headers["content-length"])
      assert.equal("attempt=1; max=1", headers["amz-sdk-request"])
      assert.equal("lua-dynamodb/" .. dynamodb._VERSION .. " ua/2.1", headers["user-agent"]:sub(1, 20 + #dynamodb._VERSION))
      assert.matches("^%d%d%d%d%d%d%d%dT%d%d%d%d%d%dZ$", headers["x-amz-date"])
      assert.same({ "amz-sdk-invocation-id", "amz-sdk-request", "authorization", "content-length", "content-type", "host",
        "user-agent", "x-amz-date", "x-amz-target" }, helper.names_of(headers))
    end)

    it("the parameters, with attribute values as DynamoDB writes them", function()
      local body = request_of(PUT).body
      local cjson = require("cjson")
      assert.same({ TableName = "t", Item = { id = { S = "a" } } }, cjson.decode(body))
    end)

    it("a signature over what AWS requires", function()
      local authorization = request_of(PUT).headers.authorization
      assert.matches("^AWS4%-HMAC%-SHA256 Credential=AKIDCANNED/%d+/eu%-west%-1/dynamodb/aws4_request, "
        .. "SignedHeaders=content%-type;host;x%-amz%-date;x%-amz%-target, Signature=" .. ("%x"):rep(64)
          .. "$", authorization)
    end)

    it("the session token, signed, when there is one", function()
      local headers = request_of(PUT, { aws_session_token = "TOKEN/+=EXAMPLE" }).headers
      assert.equal("TOKEN/+=EXAMPLE", headers["x-amz-security-token"])
      assert.matches("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target,",
        headers.authorization, 1, true)
    end)

    it("no secret", function()
      local request = request_of(PUT, { aws_session_token = "TOKENEXAMPLE" })
      assert.not_matches("SECRETEXAMPLE", request.bytes, 1, true)
    end)

    it("Accept-Encoding: gzip only with the option compression", function()
      assert.is_nil(request_of(PUT).headers["accept-encoding"])
      assert.is_nil(request_of(PUT, { compression = false }).headers["accept-encoding"])
      assert.equal("gzip", request_of(PUT, { compression = true }).headers["accept-encoding"])
    end)

    it("to the path of the endpoint", function()
      assert.equal("POST /a/b HTTP/1.1", request_of(PUT, nil, "/a/b").line)
    end)

    it("another signature for another date, key and body", function()
      local function signature(call, options)
        return request_of(call, options).headers.authorization:match("Signature=(%x+)$")
      end
      local first = signature(PUT)
      assert.not_equal(first, signature(GET))
      assert.not_equal(first, signature(PUT, { aws_access_key_id = "AKIDOTHER", aws_secret_access_key = "OTHER" }))
      local system = require("dynamodb.base.system")
      local transport = setmetatable({ time = function() return system.time() - 1000 end },
        { __index = curl })
      for name, f in pairs(curl) do transport[name] = transport[name] or f end
      assert.not_equal(first, signature(PUT, { transport = transport }))
    end)
  end)

  describe("takes", function()
    -- Valid responses to GetItem, and the id of the item.
    local ITEM = '{"Item":{"id":{"S":"a"}}}'
    local function typed(content_type, body)
      return scripted.response(body or ITEM, 200, { ["Content-Type"] = content_type })
    end
    local function with(name, value)
      return scripted.response(ITEM, 200, { ["Content-Type"] = JSON, [name] = value })
    end
    local fine = {
      { "an item", scripted.response(ITEM), "a" },
      { "no item", scripted.response("{}"), nil },
      { "blanks around", scripted.response(" \r\n\t" .. ITEM .. "\n "), "a" },
      { "unknown members", scripted.response('{"New":[1,{"a":null}],"Item":{"id":{"S":"a"}}}'), "a" },
      { "a content type with parameters", typed(JSON .. "; charset=utf-8"), "a" },
      { "a content type with a blank", typed(JSON .. " ;charset=utf-8"), "a" },
      { "a checksum that is right", with("x-amz-crc32", "1120732588"), "a" },
      { "a checksum among other headers, in capitals", with("X-AMZ-CRC32", " 1120732588 "), "a" },
    }
    local bytes = {}
    for i, case in ipairs(fine) do bytes[i] = case[2] end
    local outcome = lazily(bytes, GET)
    for i, case in ipairs(fine) do
      it(case[1], function()
        local found = outcome(i)
        assert.is_nil(found.err)
        assert.equal(case[3], found.result.Item and found.result.Item.id)
        assert.equal(i, found.connections)
      end)
    end
  end)

  describe("does not accept", function()
    local function typed(content_type, body)
      return scripted.response(body or "{}", 200, { ["Content-Type"] = content_type })
    end
    local function with(name, value, body)
      return scripted.response(body or "{}", 200, { ["Content-Type"] = JSON, [name] = value,
        ["x-amzn-RequestId"] = "ID" })
    end
    -- Invalid responses with status 200 and a correct length, and a part of the error message.
    local bad = {
      { "no content type", scripted.response("{}", 200, {}), "content-type " .. JSON .. " expected, got ''" },
      { "HTML", typed("text/html", "<html></html>"), "got 'text/html'" },
      { "HTML that says it is JSON", scripted.response("<html></html>"), "" },
      { "JSON of another version", typed("application/x-amz-json-1.1"), "got 'application/x-amz-json-1.1'" },
      { "JSON of a longer name", typed(JSON .. "1"), "content-type" },
      { "plain JSON", typed("application/json"), "content-type" },
      { "nothing", scripted.response(""), "" },
      { "blanks", scripted.response(" \n"), "" },
      { "null", scripted.response("null"), "" },
      { "true", scripted.response("true"), "" },
      { "a number", scripted.response("0"), "" },
      { "a text", scripted.response('"Item"'), "" },
      { "a list", scripted.response("[]"), "" },
      { "a list of bodies", scripted.response('[{"Item":{"id":{"S":"a"}}}]'), "" },
      { "cut JSON", scripted.response('{"Item":{"id":{"S":"a"}}'), "" },
      { "JSON cut within a text", scripted.response('{"Item":{"id":{"S":"a'), "" },
      { "two bodies", scripted.response("{}{}"), "" },
      { "a comma too many", scripted.response('{"Item":{"id":{"S":"a"},}}'), "" },
      { "invalid UTF-8", scripted.response('{"Item":{"id":{"S":"\255"}}}'), "UTF-8" },
      { "invalid UTF-8 in an unknown member", scripted.response('{"New":"\192\128"}'), "UTF-8" },
      { "half a surrogate pair", scripted.response('{"Item":{"id":{"S":"\\ud83d"}}}'), "" },
      { "a byte order mark", scripted.response("\239\187\191{}"), "" },
      { "duplicate members", scripted.response('{"Item":{},"Item":{"id":{"S":"a"}}}'), "" },
      { "duplicate attributes", scripted.response('{"Item":{"id":{"S":"a"},"id":{"S":"b"}}}'), "" },
      { "duplicate members in an unknown member", scripted.response('{"New":{"a":1,"a":2}}'), "" },
      { "an attribute of no type", scripted.response('{"Item":{"id":{}}}'), "" },
      { "an attribute of two types", scripted.response('{"Item":{"id":{"S":"a","N":"1"}}}'), "" },
      { "an attribute without a type", scripted.response('{"Item":{"id":"a"}}'), "" },
      { "an item that is a list", scripted.response('{"Item":[]}'), "" },
      { "endless depth", scripted.response('{"Item":' .. ("["):rep(100000)), "" },
      { "a wrong checksum", with("x-amz-crc32", "1"), "x-amz-crc32 does not match the body" },
      { "a checksum that is no number", with("x-amz-crc32", "0xa3"), "x-amz-crc32" },
      { "an empty checksum", with("x-amz-crc32", ""), "x-amz-crc32" },
      { "a checksum beyond all", with("x-amz-crc32", "2745614147000000000000"), "x-amz-crc32" },
      { "unrequested gzip", with("Content-Encoding", "gzip"),
        "content-encoding that was not asked for: 'gzip'" },
      { "another coding", with("Content-Encoding", "br"), "content-encoding that was not asked for: 'br'" },
    }
    -- Converts a response of GetItem to one of PutItem, which has Attributes.
    local function as_attributes(response)
      local head, body = response:match("^(.-\r\n\r\n)(.*)$")
      body = body:gsub('"Item"', '"Attributes"')
      return head:gsub("Content%-Length: %d+", "Content-Length: " .. #body) .. body
    end
    local bytes, put_bytes = {}, {}
    for i, case in ipairs(bad) do bytes[i], put_bytes[i] = case[2], as_attributes(case[2]) end
    local reads, writes = lazily(bytes, GET), lazily(put_bytes, PUT)
    for i, case in ipairs(bad) do
      it(case[1], function()
        local read, write = reads(i), writes(i)
        assert.is_nil(read.result)
        assert.is_nil(write.result)
        local expected = { kind = "response", code = false, status = 200, operation = "GetItem", attempts = 1,
          retryable = true, throttled = false, ambiguous = false,
          request_id = case[2]:find("RequestId", 1, true) and "ID" or false }
        check_error(read.err, expected)
        expected.operation, expected.ambiguous = "PutItem", true
        check_error(write.err, expected)
        assert.matches(case[3], read.err.message, 1, true)
        assert.equal(("GetItem t: response: %s (%s)"):format(read.err.message, read.err.where), tostring(read.err))
        assert.equal(i, read.connections)
      end)
    end
  end)

  describe("with compression", function()
    -- {"TableNames":["zipped"]}
    local zipped = "\031\139\008\000\000\000\000\000\002\255\171\086\010\073\076\202\073\245\075\204\077"
      .. "\045\086\178\138\086\170\202\044\040\072\077\081\138\173\005\000\206\077\221\244\025\000\000\000"
    local function gzip(body, crc32, coding)
      return scripted.response(body, 200, { ["Content-Type"] = JSON, ["Content-Encoding"] = coding or "gzip",
        ["x-amz-crc32"] = crc32 })
    end
    local fine = { { "a compressed response", gzip(zipped) }, { "the checksum of the zipped bytes", gzip(zipped,
      "3847742214") },
      { "an uncompressed response", scripted.response('{"TableNames":["zipped"]}') } }
    local bad = {
      { "the checksum of the plain text", gzip(zipped, "4108144078"), "x-amz-crc32" },
      { "a cut one", gzip(zipped:sub(1, -9)), "" },
      { "one without its end", gzip(zipped:sub(1, -2)), "" },
      { "one with a changed byte", gzip(zipped:sub(1, 19) .. "\0" .. zipped:sub(21)), "" },
      { "one with a wrong length", gzip(zipped:sub(1, -5) .. "\026\000\000\000"), "" },
      { "one with bytes behind it", gzip(zipped .. "x"), "" },
      { "one that is none", gzip('{"TableNames":["plain"]}'), "" },
      { "an empty one", gzip(""), "" },
      { "zipped bytes without their header", scripted.response(zipped), "" },
      { "another coding", gzip(zipped, nil, "deflate"), "not asked for: 'deflate'" },
      { "two codings", gzip(zipped, nil, "gzip, gzip"), "not asked for" },
    }
    local bytes = {}
    for _, list in ipairs({ fine, bad }) do
      for _, case in ipairs(list) do bytes[#bytes + 1] = case[2] end
    end
    local outcome = lazily(bytes, { "ListTables", {} }, { compression = true })
    for i, case in ipairs(fine) do
      it("takes " .. case[1], function()
        local found = outcome(i)
        assert.is_nil(found.err)
        assert.equal("zipped", found.result.TableNames[1])
      end)
    end
    for i, case in ipairs(bad) do
      it("does not take " .. case[1], function()
        local found = outcome(#fine + i)
        assert.is_nil(found.result)
        check_error(found.err, { kind = "response", status = 200, operation = "ListTables", retryable = true,
          ambiguous = false })
        assert.matches(case[3], found.err.message, 1, true)
      end)
    end
  end)

  describe("reports", function()
    local bytes = {}
    for i, case in ipairs(errors) do bytes[i] = scripted.response(case.body, case.status or 400, case.headers
      or {}) end
    local writes, reads = lazily(bytes, PUT), lazily(bytes, GET)
    for i, case in ipairs(errors) do
      it(case.name, function()
        local write, read = writes(i), reads(i)
        assert.is_nil(write.result)
        local expected = { kind = case.kind or "service", code = case.code, message = case.message,
          status = case.status or 400, operation = "PutItem", attempts = 1, request_id = case.request_id
            or false,
          retryable = case.retryable or false, throttled = case.throttled or false,
          ambiguous = case.ambiguous or false, item = case.item or false, reasons = case.reasons or false }
        check_error(write.err, expected)
        assert.equal(("PutItem t: %s: %s (%s)"):format(case.code or expected.kind, case.message, write.err.where),
          tostring(write.err))
        expected.operation, expected.ambiguous = "GetItem", false
        check_error(read.err, expected)
        assert.equal(i, write.connections)
      end)
    end

    it("a response without required members", function()
      local found = call_all({ scripted.response("{}") }, { "DescribeTable", { TableName = "t" } })[1]
      assert.is_nil(found.result)
      check_error(found.err, { kind = "response", status = 200, operation = "DescribeTable",
        retryable = true })
    end)

    it("an error with a wrong checksum as a damaged response", function()
      local body = '{"__type":"ConditionalCheckFailedException","message":"m"}'
      local found = call_all({ scripted.response(body, 400, { ["x-amz-crc32"] = "1" }) }, PUT)[1]
      check_error(found.err, { kind = "response", status = 400, code = false })
    end)
  end)

  describe("fails", function()
    local function fail(connections, call, options)
      local connection = connect(scripted.start(connections), options)
      finally(function() connection:close() end)
      local result, err = connection:call(call[1], call[2])
      assert.is_nil(result)
      return err
    end

    -- { name, steps after the request, kind of the error }; only writes are ambiguous
    local failures = {
      { "the response is lost", { { close = true } }, "network" },
      { "the connection is reset", { { reset = true } }, "network" },
      { "the head is cut", { { send = "HTTP/1.1 200 OK\r\nContent-Ty" }, { close = true } }, "network" },
      { "the body is cut", { { send = scripted.response('{"Item":{}}'):sub(1, -2) }, { close = true } },
        "network" },
      { "no response comes", {}, "timeout" },
      { "the response is not HTTP", { { send = "220 smtp.example ESMTP\r\n" } }, "response" },
    }
    for _, case in ipairs(failures) do
      it(("with kind %s when %s"):format(case[3], case[1]), function()
        for _, call in ipairs({ GET, PUT }) do
          local steps = { wait, case[2][1], case[2][2] }
          check_error(fail({ steps }, call, { attempt_timeout = 0.5 }), { kind = case[3], code = false,
            status = false,
            request_id = false, operation = call[1], attempts = 1, retryable = true, throttled = false,
            ambiguous = call == PUT })
        end
      end)
    end

    -- Failures before anything was sent, which are not ambiguous.
    local unreachable = {
      ["the connection is refused"] = { "network", function()
        local server = scripted.start({})
        server.stop()
        return server
      end },
      ["the connection is not accepted"] = { "timeout", function() return scripted.start({},
        { full = true }) end },
      ["the name does not resolve"] = { "network", function()
        return { endpoint_url = "http://" .. ("x"):rep(64) .. ".invalid:8000" }
      end },
    }
    for name, case in pairs(unreachable) do
      it(("with kind %s when %s"):format(case[1], name), function()
        local connection = connect(case[2](), { connect_timeout = 0.5 })
        local before = curl.now()
        local result, err = connection:call(PUT[1], PUT[2])
        assert.is_true(curl.now() - before < 5)
        assert.is_nil(result)
        check_error(err, { kind = case[1], code = false, status = false, operation = "PutItem", attempts = 1,
          retryable = true, throttled = false, ambiguous = false })
        connection:close()
      end)
    end

    local unsafe = {
      { "aws_access_key_id", "AKID\r\nX-Evil: 1" }, { "aws_access_key_id", "AKID\0" },
      { "aws_session_token", "TOKEN\r\nX-Evil: 1" }, { "aws_session_token", "TOKEN\n" },
      { "aws_secret_access_key", "SECRET\r\nX" },
    }
    for _, case in ipairs(unsafe) do
      it(("with kind credentials for %s = %q"):format(case[1], case[2]):gsub("[%c\\]", " "), function()
        local server = scripted.start({})
        local connection = connect(server, { [case[1]] = case[2] })
        local result, err = connection:call(PUT[1], PUT[2])
        assert.is_nil(result)
        check_error(err, { kind = "credentials", operation = "PutItem", retryable = false,
          ambiguous = false })
        for _, part in ipairs({ "AKID", "TOKEN", "SECRET", "Evil" }) do
          assert.not_matches(part, tostring(err), 1, true)
        end
        assert.equal(0, server.connections())
        connection:close()
      end)
    end
  end)

  describe("on a kept connection", function()
    it("keeps the connection after an error of the service", function()
      local server = scripted.start({ { wait, { send = scripted.response('{"__type":"X","message":"m"}', 400) },
        wait,
        { send = scripted.response("{}") } } })
      local connection = connect(server)
      local _, err = connection:call(PUT[1], PUT[2])
      assert.equal("X", err.code)
      assert(connection:call(PUT[1], PUT[2]))
      assert.equal(1, server.connections())
      connection:close()
    end)

    it("opens a new connection if the kept one was closed meanwhile, without an error", function()
      local server = scripted.start({ { wait, { send = scripted.response("{}") }, { close = true } },
        { wait, { send = scripted.response("{}") } } })
      local connection = connect(server)
      assert(connection:call(PUT[1], PUT[2]))
      local idle = select(2, next(core.connection_state(connection).running.pools)).idle
      assert.is_true(idle[1].socket:wait("read", 5)) -- waits for the end of the stream
      idle[1].last_used = idle[1].last_used - 1 -- so long ago that it is looked at
      assert(connection:call(PUT[1], PUT[2]))
      assert.equal(2, server.connections())
      assert.equal(2, #server.requests())
      connection:close()
    end)

    it("sends again if the kept one was closed a moment ago, which it does not look at", function()
      local server = scripted.start({ { wait, { send = scripted.response("{}") }, { close = true } },
        { wait, { send = scripted.response("{}") } } })
      local connection = connect(server)
      assert(connection:call(PUT[1], PUT[2]))
      local idle = select(2, next(core.connection_state(connection).running.pools)).idle
      assert.is_true(idle[1].socket:wait("read", 5))
      assert(connection:call(PUT[1], PUT[2]))
      assert.equal(2, server.connections())
      connection:close()
    end)

    -- Calls that lose their response on a kept connection, and whether the request may be repeated.
    local update = { TableName = "t", Key = { id = "a" }, UpdateExpression = "ADD n :n",
      ExpressionAttributeValues = { [":n"] = 1 } }
    local function with_condition(params, name)
      local copy = { [name] = "attribute_not_exists(id)" }
      for key, value in pairs(params) do copy[key] = value end
      return copy
    end
    local function expecting(params)
      local copy = { Expected = { id = { Exists = false } } }
      for key, value in pairs(params) do copy[key] = value end
      return copy
    end
    local lost = {
      { "GetItem", GET[2], again = true },
      { "PutItem", PUT[2], again = true },
      { "DeleteItem", GET[2], again = true },
      { "UpdateItem", update, again = false },
      { "PutItem", with_condition(PUT[2], "ConditionExpression"), again = false },
      { "DeleteItem", with_condition(GET[2], "ConditionExpression"), again = false },
      { "PutItem", expecting(PUT[2]), again = false },
    }
    for i, case in ipairs(lost) do
      it(("%s, %d, is %s when its response is lost"):format(case[1], i, case.again and "sent again"
        or "not sent again"),
        function()
          local good = { send = scripted.response("{}") }
          local server = scripted.start({ { wait, good, wait, { close = true } }, { wait, good } })
          local connection = connect(server)
          assert(connection:call(case[1], case[2]))
          local result, err = connection:call(case[1], case[2])
          connection:close()
          assert.equal(case.again and 3 or 2, #server.requests())
          assert.equal(case.again, result ~= nil)
          if err then check_error(err, { kind = "network", operation = case[1], ambiguous = true }) end
        end)
    end
  end)
end)
