-- Signed requests of AWS JSON 1.0: what is prepared once for requests of one kind changes no byte of them.

local core = require("dynamodb.core")
local sigv4 = require("probe").sigv4

local TIME = 1440938160 -- 20150830T123600Z
local PREFIX = ("i"):rep(24)
local HEADERS = { "user-agent", "spec", "accept-encoding", "gzip" }

local function new_signer(token)
  local signer = assert(core.signer("us-east-1", "dynamodb"))
  assert(signer:credentials("AKID", "secret", token))
  assert(signer:headers(PREFIX, HEADERS))
  return signer
end

-- The fields of an attempt.
local function attempt(given)
  local fields = { host = "dynamodb.us-east-1.amazonaws.com", path = "/", target = "DynamoDB_20120810.GetItem",
    body = { Key = 1 }, time = TIME, invocation = 7, number = 1, most = 4 }
  for name, value in pairs(given or {}) do fields[name] = value end
  return fields
end

-- Signs an attempt -> bytes | nil, why.
local function sign(signer, request, a)
  assert(request:encode(a.body))
  local length, why = request:sign(signer, a.host, a.path, a.target, a.time, a.invocation, a.number, a.most, a.trace,
    a.extra)
  if not length then return nil, why end
  assert.equal(length, #request:bytes())
  return request:bytes()
end

-- Signs an attempt as any other request -> the signature.
local function reference(a, token)
  local signer = assert(core.signer("us-east-1", "dynamodb"))
  assert(signer:credentials("AKID", "secret", token))
  local bytes = assert(signer:sign("POST", a.host, a.path, "",
    { "content-type", "application/x-amz-json-1.0", "x-amz-target", a.target }, core.encode(a.body), a.time))
  return bytes:match("\r\nauthorization: ([^\r]+)\r\n")
end

-- Signs an attempt with headers that the caller adds, by the signer of any request -> the value of authorization.
local function reference_with(a, extra, token)
  local s = sigv4.new()
  assert(sigv4.scope(s, "us-east-1", "dynamodb"))
  assert(sigv4.credentials(s, "AKID", "secret", token))
  local headers = { { "host", a.host }, { "content-type", "application/x-amz-json-1.0" }, { "x-amz-target", a.target } }
  for i = 1, #extra, 2 do headers[#headers + 1] = { extra[i], extra[i + 1] } end
  return (assert(sigv4.sign(s, { method = "POST", path = a.path, headers = headers, signed_count = #extra / 2,
    body = core.encode(a.body) }, a.time)))
end

describe("extra headers of AWS JSON", function()
  local SHARED, OWN = { "x-app", "shop", "x-b", " two  blanks " }, { "a-first", "1", "x-app", "own" }

  local function with_shared()
    local signer = assert(core.signer("us-east-1", "dynamodb"))
    assert(signer:credentials("AKID", "secret", "token"))
    assert(signer:headers(PREFIX, HEADERS, SHARED))
    return signer
  end

  local function authorization(bytes) return bytes:match("\r\nauthorization: ([^\r]+)\r\n") end

  it("of all requests are sent and signed", function()
    local bytes = assert(sign(with_shared(), core.new_request(), attempt()))
    assert.is_truthy(bytes:find("\r\naccept-encoding: gzip\r\nx-app: shop\r\nx-b:  two  blanks \r\namz-sdk", 1, true))
    assert.is_truthy(bytes:find("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target;x-app;x-b,", 1,
      true))
    assert.equal(reference_with(attempt(), SHARED, "token"), authorization(bytes))
  end)

  it("of an attempt are in place of them, and change no other attempt", function()
    local signer, request = with_shared(), core.new_request()
    local plain = assert(sign(signer, request, attempt()))
    for i = 1, 3 do
      local bytes = assert(sign(signer, request, attempt({ extra = OWN, body = { x = i } })))
      assert.is_truthy(bytes:find("\r\naccept-encoding: gzip\r\na-first: 1\r\nx-app: own\r\namz-sdk", 1, true))
      assert.is_nil(bytes:find("shop", 1, true) or bytes:find("blanks", 1, true))
      assert.equal(reference_with(attempt({ body = { x = i } }), OWN, "token"), authorization(bytes))
      assert.equal(plain, assert(sign(signer, request, attempt())))
    end
    local none = assert(sign(signer, request, attempt({ extra = {} })))
    assert.equal(reference_with(attempt(), {}, "token"), authorization(none))
    assert.is_nil(none:find("x-app", 1, true))
  end)

  it("break no line, and are not too many", function()
    local signer, request = with_shared(), core.new_request()
    for _, extra in ipairs({ { "x-a", "1\r\nx-b: 2" }, { "x-a", "\0" }, { "x-a", "\n" }, { "x\n", "a" }, { "", "a" },
      { "x a", "a" }, { "x-amz-date", "20150830T123600Z" }, { "content-length", "5" }, { ("n"):rep(129), "a" } }) do
      local bytes, why = sign(signer, request, attempt({ extra = extra }))
      assert.is_nil(bytes)
      assert.is_string(why)
      assert.is_truthy(sign(signer, request, attempt()))
    end
    local many = {}
    for i = 1, 16 do many[2 * i - 1], many[2 * i] = ("x-%02d"):format(i), "v" end
    assert.equal(reference_with(attempt(), many, "token"), authorization(sign(signer, request, attempt({ extra = many }))))
    assert.is_true(signer:headers(PREFIX, HEADERS, many))
    many[33], many[34] = "x-17", "v"
    assert.has_error(function() sign(signer, request, attempt({ extra = many })) end)
    local ok, why = signer:headers(PREFIX, {}, many)
    assert.is_nil(ok)
    assert.equal("more than 16 extra headers", why)
    assert.has_error(function() sign(signer, request, attempt({ extra = { "x" } })) end)
    assert.has_error(function() sign(signer, request, attempt({ extra = { "x", 5 } })) end)
  end)
end)

describe("a request of AWS JSON", function()
  it("is one POST with the headers of the protocol, of the connection and of the attempt", function()
    local bytes = assert(sign(new_signer("a token"), core.new_request(), attempt({ trace = "Root=1" })))
    assert.equal(table.concat({ "POST / HTTP/1.1", "host: dynamodb.us-east-1.amazonaws.com",
      "content-type: application/x-amz-json-1.0", "x-amz-target: DynamoDB_20120810.GetItem", "user-agent: spec",
      "accept-encoding: gzip", "amz-sdk-invocation-id: " .. PREFIX .. "000000000007",
      "amz-sdk-request: attempt=1; max=4", "x-amzn-trace-id: Root=1", "x-amz-date: 20150830T123600Z",
      "authorization: " .. reference(attempt(), "a token"), "x-amz-security-token: a token",
      "content-length: 9", "", '{"Key":1}' }, "\r\n"), bytes)
  end)

  it("has the signature of the request, in any order of hosts, operations, bodies and seconds", function()
    local signer, request, token = new_signer(), core.new_request(), nil
    math.randomseed(3)
    for i = 1, 400 do
      local a = attempt({ host = "host" .. math.random(3), path = "/" .. ("p"):rep(math.random(0, 2)),
        target = "Operation" .. math.random(4), body = { x = ("y"):rep(math.random(0, 300)) },
        time = TIME + 86400 * math.random(0, 1) + math.random(0, 1), invocation = i, number = i })
      if i % 50 == 0 then
        token = i % 100 == 0 and "token" .. i or nil
        assert(signer:credentials("AKID", "secret", token))
      end
      local bytes = assert(sign(signer, request, a))
      assert.equal(reference(a, token), bytes:match("\r\nauthorization: ([^\r]+)\r\n"))
      assert.equal(token, bytes:match("\r\nx%-amz%-security%-token: ([^\r]+)\r\n"))
      assert.truthy(bytes:find(("^POST %s HTTP/1.1\r\nhost: %s\r\n"):format(a.path, a.host)))
      assert.truthy(bytes:find("\r\namz-sdk-request: attempt=" .. i .. "; max=4\r\n", 1, true))
      assert.equal(core.encode(a.body), bytes:match("\r\n\r\n(.*)$"))
    end
  end)

  it("tells hosts, paths and targets apart that read the same in one", function()
    local signer, request = new_signer(), core.new_request()
    for _, parts in ipairs({ { "ab", "c", "d" }, { "a", "bc", "d" }, { "ab", "cd", "e" }, { "a", "b", "cd" } }) do
      local a = attempt({ host = parts[1], path = parts[2], target = parts[3] })
      assert.equal(reference(a), sign(signer, request, a):match("\r\nauthorization: ([^\r]+)\r\n"))
    end
  end)

  local refused = {
    ["a line break in the host"] = { { host = "a\r\nb" }, "header 'host'" },
    ["a line break in the target"] = { { target = "a\nb" }, "header 'x-amz-target'" },
    ["a line break in the trace id"] = { { trace = "a\r\nx: y" }, "trace holds CR, LF or NUL" },
    ["a space in the path"] = { { path = "/a b" }, "target" },
    ["an empty path"] = { { path = "" }, "path is empty" },
    ["a time before 1970"] = { { time = -1 }, "time" },
  }
  for what, case in pairs(refused) do
    it("is refused with " .. what .. ", and the next one is written", function()
      local signer, request = new_signer(), core.new_request()
      local bytes, why = sign(signer, request, attempt(case[1]))
      assert.is_nil(bytes)
      assert.matches(case[2], why, 1, true)
      assert.equal("", request:bytes())
      assert(sign(signer, request, attempt()))
    end)
  end

  it("is refused without credentials and after the signer was closed", function()
    local signer = assert(core.signer("us-east-1", "dynamodb"))
    local bytes, why = sign(signer, core.new_request(), attempt())
    assert.is_nil(bytes)
    assert.equal("no credentials to sign with", why)
    signer = new_signer()
    assert(sign(signer, core.new_request(), attempt()))
    signer:close()
    bytes, why = sign(signer, core.new_request(), attempt())
    assert.is_nil(bytes)
    assert.equal("no region and service to sign for", why)
  end)

  it("takes new headers for all that follow", function()
    local signer, request = new_signer(), core.new_request()
    assert(sign(signer, request, attempt()))
    assert(signer:headers(("j"):rep(24), { "user-agent", "other" }))
    local bytes = assert(sign(signer, request, attempt()))
    assert.matches("user-agent: other\r\namz-sdk-invocation-id: jjjj", bytes, 1, true)
    assert.not_matches("gzip", bytes, 1, true)
    local many = {}
    for i = 1, 26 do many[i] = "x" end
    local ok, why = signer:headers(PREFIX, many)
    assert.is_nil(ok)
    assert.equal("more than 12 headers", why)
    ok, why = signer:headers(PREFIX, { "user-agent", ("x"):rep(65536) })
    assert.is_nil(ok)
    assert.matches("^headers: ", why)
    assert.has_error(function() signer:headers("short", {}) end)
    assert.matches("user-agent: other\r\n", assert(sign(signer, request, attempt())), 1, true)
  end)

  it("has no bytes before it is signed and after it was closed", function()
    local request = core.new_request()
    assert.equal("", request:bytes())
    assert(sign(new_signer(), request, attempt()))
    request:close()
    request:close()
    assert.equal("", request:bytes())
    assert(sign(new_signer(), request, attempt()))
  end)

  it("names what cannot be encoded, and then has no body", function()
    local request = core.new_request()
    local size, why = request:encode({ Key = { id = print } }, { Key = "item" })
    assert.is_nil(size)
    assert.matches("Key.id", why, 1, true)
    assert.equal(2, request:encode({}))
  end)
end)
