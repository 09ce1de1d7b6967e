-- Signatures over a real socket, verified by botocore in spec/support/signature_verifier.py. Each single change of a correct
-- request is rejected. The same program verifies the requests of all other specs of a run.

local curl = require("dynamodb.transport.curl")
local dynamodb = require("dynamodb")
local system = require("dynamodb.base.system")

local refused = os.tmpname()
local process, pid, endpoint_url

-- Starts a server that responds {} to every correctly signed request.
local function start()
  process = assert(io.popen(("echo $$; exec env -u LD_PRELOAD /usr/bin/python3 spec/support/signature_verifier.py serve '%s'")
    :format(refused)))
  pid = process:read("*l")
  endpoint_url = "http://127.0.0.1:" .. assert(process:read("*l"), "signature_verifier.py does not start"):match("%d+$")
end

local function stop()
  os.execute("kill " .. pid)
  process:close()
  os.remove(refused)
end

local function refusals()
  local list = {}
  for line in io.lines(refused) do list[#list + 1] = line end
  return list
end

-- libcurl's transport with some functions replaced and a counter of requests.
local function transport_with(functions)
  local transport = { requests = 0 }
  for name, f in pairs(curl) do transport[name] = f end
  function transport.send(socket, bytes, deadline)
    transport.requests = transport.requests + 1
    return curl.send(socket, functions.change and functions.change(bytes) or bytes, deadline)
  end
  transport.time = functions.time or transport.time
  return transport
end

local function connect(transport, given)
  local options = { endpoint_url = endpoint_url, region = "eu-west-1", transport = transport, connect_timeout = 5,
    aws_access_key_id = "AKIDCANNED", aws_secret_access_key = "SECRETEXAMPLE" }
  for name, value in pairs(given or {}) do options[name] = value end
  return dynamodb.connect(options)
end

local PUT = { TableName = "t", Item = { id = "\195\164 +%/", n = 5 } }
local TOKEN = { aws_access_key_id = "ASIACANNED", aws_session_token = "TOKEN/+=EXAMPLE" }

-- Returns a function that replaces the only match of a pattern.
local function replace(pattern, by)
  return function(bytes)
    local changed, count = bytes:gsub(pattern, by)
    assert(count == 1, count .. " places")
    return changed
  end
end

local function authorization(pattern, by)
  return replace("(authorization: [^\r]*)" .. pattern, type(by) == "string" and "%1" .. by or by)
end

-- Returns a function that replaces the body and its length.
local function with_body(change)
  return function(bytes)
    local head, body = bytes:match("^(.-\r\n\r\n)(.*)$")
    body = change(body)
    return replace("content%-length: %d+", "content-length: " .. #body)(head) .. body
  end
end

local function other_digit(digits)
  return (digits:sub(1, 1) == "0" and "1" or "0") .. digits:sub(2)
end

local DIFFERENT, INCOMPLETE = "InvalidSignatureException", "IncompleteSignatureException"
local UNKNOWN = "UnrecognizedClientException"

-- { name, change in transit, error code and message }
local changes = {
  { "another digit in the body", replace('"5"', '"6"'), DIFFERENT },
  { "another letter's case in the body", replace('"TableName":"t"', '"TableName":"T"'), DIFFERENT },
  { "a blank behind the body", with_body(function(body) return body .. " " end), DIFFERENT },
  { "a body cut at its end", with_body(function(body) return body:sub(1, -2) end), DIFFERENT },
  { "no body", with_body(function() return "" end), DIFFERENT },
  { "another operation", replace("20120810%.PutItem", "20120810.DeleteItem"), DIFFERENT },
  { "another content type", replace("x%-amz%-json%-1%.0", "x-amz-json-1.1"), DIFFERENT },
  { "another host", replace("host: 127%.0%.0%.1", "host: 127.0.0.2"), DIFFERENT },
  { "another port", replace("(host: [^\r]*)", "%10"), DIFFERENT },
  { "another second", replace("(x%-amz%-date: %d+T%d%d%d%d)(%d%d)", function(head, seconds)
    return head .. (seconds == "00" and "01" or "00")
  end), DIFFERENT },
  { "another day, in both places", function(bytes)
    return (bytes:gsub("(x%-amz%-date: )%d+", "%119990101"):gsub("(Credential=%w+/)%d+", "%119990101"))
  end, DIFFERENT },
  { "another day in the scope", authorization("/%d+/", "/19990101/"), DIFFERENT },
  { "another region", authorization("/eu%-west%-1/", "/eu-west-2/"), DIFFERENT },
  { "another service", authorization("/dynamodb/", "/sts/"), DIFFERENT },
  { "another method", replace("^POST", "PUT"), DIFFERENT },
  { "another path", replace("^POST /", "POST /x"), DIFFERENT },
  { "a query", replace("^POST /", "POST /?x=y"), DIFFERENT },
  { "another signature", authorization("Signature=(%x+)", function(head, digits)
    return head .. "Signature=" .. other_digit(digits)
  end), DIFFERENT },
  { "another key that is known", authorization("AKIDCANNED", "AKIDSPECSPECSPEC"), DIFFERENT },
  { "an unknown key", authorization("AKIDCANNED", "AKIDNOBODY"), UNKNOWN },
  { "a signed header twice", replace("(x%-amz%-target: [^\r]*\r\n)", "%1%1"), DIFFERENT },
  { "a signed header less", replace("x%-amz%-target: [^\r]*\r\n", ""), DIFFERENT },
  { "a header of AWS's that is not signed", replace("(host: )", "x-amz-extra: 1\r\n%1"), INCOMPLETE },
  { "a target that is not signed", authorization(";x%-amz%-target", ""), INCOMPLETE },
  { "a host that is not signed", authorization(";host", ""), INCOMPLETE },
  { "no date", replace("x%-amz%-date: [^\r]*\r\n", ""), INCOMPLETE },
  { "a date in another form", replace("(x%-amz%-date: %d+)T", "%1 "), INCOMPLETE },
  { "no signature", replace("authorization: [^\r]*\r\n", ""), "MissingAuthenticationTokenException" },
  { "half a signature", authorization(("%x"):rep(32) .. "\r", "\r"), INCOMPLETE },
  { "an unsigned token", replace("(host: )", "x-amz-security-token: x\r\n%1"), INCOMPLETE },
  { "another token", replace("(x%-amz%-security%-token: )T", "%1t"), UNKNOWN, TOKEN },
  { "no token", replace("x%-amz%-security%-token: [^\r]*\r\n", ""), UNKNOWN, TOKEN },
}

describe("a verifying server", function()
  setup(start)
  teardown(stop)

  for _, change in ipairs(changes) do
    it("refuses " .. change[1], function()
      local before = #refusals()
      local transport = transport_with({ change = change[2] })
      local conn = connect(transport, change[4])
      local result, err = conn:call("PutItem", PUT)
      conn:close()
      assert.is_nil(result)
      assert.equal(change[3], err.code, tostring(err))
      assert.equal(1, transport.requests)
      assert.equal(before + 1, #refusals())
    end)
  end

  -- Valid requests: options, and changes of unsigned parts.
  local good = {
    { "a request as it is" },
    { "a request with a session token", nil, TOKEN },
    { "a request to a path", nil, { path = "/a/~b-c_d.e/" } },
    { "a request in another region", nil, { region = "us-gov-west-1" } },
    { "another user agent", replace("user%-agent: [^\r]*", "user-agent: other") },
  }
  for _, case in ipairs(good) do
    it("accepts " .. case[1], function()
      local before = #refusals()
      local transport = transport_with({ change = case[2] })
      local given = {}
      for name, value in pairs(case[3] or {}) do given[name] = value end
      if given.path then given.endpoint_url, given.path = endpoint_url .. given.path, nil end
      local conn = connect(transport, given)
      assert(conn:call("PutItem", PUT))
      assert(conn:call("GetItem", { TableName = "t", Key = { id = "a" } }))
      conn:close()
      assert.equal(before, #refusals())
    end)
  end

  describe("with a clock", function()
    local function shifted(minutes)
      return transport_with({ time = function() return system.time() + 60 * minutes end })
    end

    for minutes, refusal in pairs({ [-16] = "Signature expired: ", [16] = "Signature not yet current: " }) do
      it(("rejects a date that is %d minutes off"):format(minutes), function()
        local conn = connect(shifted(minutes), { disable_clock_skew_correction = true })
        local result, err = conn:call("PutItem", PUT)
        conn:close()
        assert.is_nil(result)
        assert.equal("InvalidSignatureException", err.code)
        assert.equal(1, err.attempts)
        assert.equal(1, err.message:find(refusal, 1, true), err.message)
      end)

      it(("needs one more request of a client whose clock is %d minutes off"):format(minutes), function()
        local transport = shifted(minutes)
        local conn = connect(transport)
        assert(conn:call("PutItem", PUT))
        assert.equal(2, transport.requests)
        for _ = 1, 3 do assert(conn:call("PutItem", PUT)) end
        assert.equal(5, transport.requests)
        conn:close()
      end)
    end

    for _, minutes in ipairs({ -14, 14 }) do
      it(("accepts a date that is %d minutes off"):format(minutes), function()
        local transport = shifted(minutes)
        local conn = connect(transport, { disable_clock_skew_correction = true })
        assert(conn:call("PutItem", PUT))
        assert.equal(1, transport.requests)
        conn:close()
      end)
    end
  end)

  it("finds a wrong signature in recorded requests of any age", function()
    local requests = {}
    local conn = connect(transport_with({ change = function(bytes)
      requests[#requests + 1] = bytes
      return bytes
    end, time = function() return 1700000000 end }))
    conn:call("PutItem", PUT)
    conn:close()
    local bytes = requests[1]
    local wrong = bytes:gsub('"5"', '"6"')
    local unsigned = bytes:gsub("authorization: [^\r]*\r\n", "")
    local path, found = os.tmpname(), os.tmpname()
    local file = assert(io.open(path, "wb"))
    for _, text in ipairs({ bytes, wrong, "GET / HTTP/1.1\r\nhost: x\r\n\r\n", unsigned, bytes }) do
      file:write(#text, "\n", text)
    end
    file:close()
    os.execute(("env -u LD_PRELOAD /usr/bin/python3 spec/support/signature_verifier.py check '%s' '%s'"):format(found, path))
    local codes = {}
    for line in io.lines(found) do codes[#codes + 1] = line:match("(%a+Exception)") end
    os.remove(path)
    os.remove(found)
    assert.same({ "InvalidSignatureException", "MissingAuthenticationTokenException" }, codes)
  end)
end)
