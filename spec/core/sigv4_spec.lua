-- Signature V4 in the C core, by the vectors of spec/vectors/sigv4.lua.
local sigv4 = require("probe").sigv4
local vectors = dofile("spec/vectors/sigv4.lua")

local KEY_ID, SECRET, TIME = vectors.key_id, vectors.secret, vectors.time
local HOST = { "Host", "example.amazonaws.com" }

-- A signer with the key and scope of the vector, which default to the published ones.
local function signer(case)
  local s = sigv4.new()
  assert(sigv4.scope(s, case.region or vectors.region, case.service or vectors.service))
  assert(sigv4.credentials(s, KEY_ID, case.secret or SECRET, case.token))
  return s
end

local function signature(s, time, request)
  local authorization = assert(sigv4.sign(s, request or { headers = { HOST } }, time or TIME))
  return authorization:match("Signature=(%x+)$")
end

local function refused(status, text, result, message, found)
  assert.is_nil(result)
  assert.same({ text, status }, { message, found })
end

local function with_header(name, value)
  return { headers = { HOST, { name, value } } }
end

for _, kind in ipairs({ "published", "computed" }) do
  describe("a " .. kind .. " signature", function()
    for _, case in ipairs(vectors[kind]) do
      it("is reproduced: " .. case.name, function()
        local authorization, date, token = sigv4.sign(signer(case), case, case.time or TIME)
        local scope = table.concat({
          KEY_ID, case.date:sub(1, 8), case.region or vectors.region, case.service or vectors.service, "aws4_request",
        }, "/")
        assert.equal(
          "AWS4-HMAC-SHA256 Credential=" .. scope .. ", SignedHeaders=" .. case.signed
            .. ", Signature=" .. case.signature,
          authorization
        )
        assert.same({ case.date, case.token or "" }, { date, token })
      end)
    end
  end)
end

describe("one signer", function()
  it("reproduces all vectors in turn, forwards and backwards", function()
    local s = sigv4.new()
    local all = {}
    for _, kind in ipairs({ "published", "computed" }) do
      for _, case in ipairs(vectors[kind]) do all[#all + 1] = case end
    end
    for i = 1, 2 * #all do
      local case = all[i] or all[2 * #all + 1 - i]
      assert(sigv4.scope(s, case.region or vectors.region, case.service or vectors.service))
      assert(sigv4.credentials(s, KEY_ID, case.secret or SECRET, case.token))
      assert.equal(case.signature, signature(s, case.time, case), case.name)
    end
  end)

  it("gives the same signature for the same request", function()
    local s = signer({})
    assert.equal(signature(s), signature(s))
  end)
end)

describe("the date", function()
  it("equals that of the C library, from the first second to the last", function()
    local s = signer({})
    local function check(time)
      local _, date = assert(sigv4.sign(s, { headers = { HOST } }, time))
      assert.equal(os.date("!%Y%m%dT%H%M%SZ", time), date)
    end
    for time = 0, 253402300799, 86400 * 211 + 3607 do check(time) end
    for day = 10957, 10957 + 1500 do check(day * 86400) end -- every day of four years from 2000
    for day = 47480, 47490 do check(day * 86400 - 1) end -- the end of 2099
    check(253402300799)
  end)

  it("is limited to the years 1970 to 9999", function()
    for _, time in ipairs({ -1, -86400, 253402300800, 2 ^ 53, -2 ^ 53 }) do
      refused("invalid input", "time: outside of the years 1970 to 9999",
        sigv4.sign(signer({}), { headers = { HOST } }, time))
    end
  end)
end)

describe("the signing key", function()
  -- A secret changed directly in memory affects a signature only when the key is derived again.
  local function spoilt()
    local s = signer({})
    signature(s)
    sigv4.spoil(s)
    return s
  end

  local MIDNIGHT = TIME - TIME % 86400

  it("is kept within a day", function()
    local s, honest = spoilt(), signer({})
    for _, time in ipairs({ TIME, TIME + 1, MIDNIGHT, MIDNIGHT + 86399 }) do
      assert.equal(signature(honest, time), signature(s, time))
    end
  end)

  it("is derived anew after midnight, and for an earlier day", function()
    for _, time in ipairs({ MIDNIGHT + 86400, MIDNIGHT - 1 }) do
      assert.not_equal(signature(signer({}), time), signature(spoilt(), time))
    end
  end)

  it("is kept when the same scope is set again", function()
    local s = spoilt()
    assert(sigv4.scope(s, vectors.region, vectors.service))
    assert.equal(signature(signer({})), signature(s))
  end)

  it("is derived anew for another region or service", function()
    for _, scope in ipairs({ { "eu-west-1", vectors.service }, { vectors.region, "dynamodb" } }) do
      local s = spoilt()
      assert(sigv4.scope(s, scope[1], scope[2]))
      assert.not_equal(signature(signer({ region = scope[1], service = scope[2] })), signature(s))
      assert(sigv4.scope(s, vectors.region, vectors.service))
      assert.not_equal(signature(signer({})), signature(s))
    end
  end)

  it("is derived anew for another secret", function()
    local s = signer({})
    signature(s)
    assert(sigv4.credentials(s, KEY_ID, "another"))
    assert.equal(signature(signer({ secret = "another" })), signature(s))
  end)

  it("is kept with another token and the same secret", function()
    local s = signer({})
    signature(s)
    assert(sigv4.credentials(s, KEY_ID, SECRET, "token"))
    assert.equal(signature(signer({ token = "token" })), signature(s))
    assert(sigv4.credentials(s, KEY_ID, SECRET))
    assert.equal(signature(signer({})), signature(s))
  end)
end)

describe("the signer refuses", function()
  it("to sign without scope or credentials", function()
    local s = sigv4.new()
    local request = { headers = { HOST } }
    refused("invalid input", "no region and service to sign for", sigv4.sign(s, request, TIME))
    assert(sigv4.scope(s, "r", "s"))
    refused("invalid input", "no credentials to sign with", sigv4.sign(s, request, TIME))
  end)

  it("a request without host", function()
    local headers = { { "x-host", "a" }, { "content-type", "b" } }
    refused("invalid input", "header 'host' is missing", sigv4.sign(signer({}), { headers = headers }, TIME))
    refused("invalid input", "header 'host' is missing", sigv4.sign(signer({}), { headers = {} }, TIME))
  end)

  it("the headers that it adds itself", function()
    for _, name in ipairs({ "X-Amz-Date", "x-amz-security-token" }) do
      refused("invalid input", "header '" .. name .. "' is the signer's to add",
        sigv4.sign(signer({}), with_header(name, "x"), TIME))
    end
  end)

  for name, byte in pairs({ CR = "\r", LF = "\n", NUL = "\0" }) do
    it(name .. " in any header value, signed or not", function()
      for _, value in ipairs({ byte, "a" .. byte, byte .. "b", "secret" .. byte .. "value" }) do
        refused("invalid input", "header 'X-Amz-Target' holds CR, LF or NUL",
          sigv4.sign(signer({}), with_header("X-Amz-Target", value), TIME))
        refused("invalid input", "header 'User-Agent' holds CR, LF or NUL",
          sigv4.sign(signer({}), with_header("User-Agent", value), TIME))
      end
    end)

    it(name .. " in any header name", function()
      for _, bad in ipairs({ byte, "a" .. byte, "X-Amz-A" .. byte .. "b" }) do
        refused("invalid input", "header 2: its name is empty, longer than 128 bytes, or holds CR, LF or NUL",
          sigv4.sign(signer({}), with_header(bad, "v"), TIME))
      end
    end)

    it(name .. " in method, path and query", function()
      for _, field in ipairs({ "method", "path", "query" }) do
        refused("invalid input", field .. " holds CR, LF or NUL",
          sigv4.sign(signer({}), { headers = { HOST }, [field] = "/" .. byte .. "x" }, TIME))
      end
    end)

    it(name .. " in credentials and scope", function()
      local s, bad = sigv4.new(), "a" .. byte .. "b"
      refused("invalid input", "key id holds CR, LF or NUL", sigv4.credentials(s, bad, "s", "t"))
      refused("invalid input", "secret holds CR, LF or NUL", sigv4.credentials(s, "k", bad, "t"))
      refused("invalid input", "token holds CR, LF or NUL", sigv4.credentials(s, "k", "s", bad))
      refused("invalid input", "region holds CR, LF or NUL", sigv4.scope(s, bad, "s"))
      refused("invalid input", "service holds CR, LF or NUL", sigv4.scope(s, "r", bad))
    end)
  end

  it("empty names", function()
    local s = signer({})
    refused("invalid input", "key id is empty", sigv4.credentials(s, "", "s"))
    refused("invalid input", "secret is empty", sigv4.credentials(s, "k", ""))
    refused("invalid input", "region is empty", sigv4.scope(s, "", "s"))
    refused("invalid input", "service is empty", sigv4.scope(s, "r", ""))
    refused("invalid input", "method is empty", sigv4.sign(s, { headers = { HOST }, method = "" }, TIME))
    refused("invalid input", "path is empty", sigv4.sign(s, { headers = { HOST }, path = "" }, TIME))
    refused("invalid input", "header 2: its name is empty, longer than 128 bytes, or holds CR, LF or NUL",
      sigv4.sign(s, with_header("", "x"), TIME))
  end)

  it("inputs above its limits, and accepts inputs at them", function()
    local s = sigv4.new()
    local function limit(max, name, set)
      assert.is_true(set(("x"):rep(max)))
      refused("too large", name .. " is longer than " .. max .. " bytes", set(("x"):rep(max + 1)))
    end
    limit(128, "region", function(text) return sigv4.scope(s, text, "s") end)
    limit(128, "service", function(text) return sigv4.scope(s, "r", text) end)
    limit(1024, "key id", function(text) return sigv4.credentials(s, text, "s", "t") end)
    limit(1024, "secret", function(text) return sigv4.credentials(s, "k", text, "t") end)
    limit(32768, "token", function(text) return sigv4.credentials(s, "k", "s", text) end)
    limit(65536, "header 'x-amz-a'", function(text)
      local ok, message, status = sigv4.sign(s, with_header("x-amz-a", text), TIME)
      return ok and true, message, status
    end)
    assert(sigv4.sign(s, with_header(("n"):rep(128), "v"), TIME))
    assert.is_nil(sigv4.sign(s, with_header(("n"):rep(129), "v"), TIME))
  end)

  it("more than 32 headers, and signs all of 32", function()
    local s, headers = signer({ token = "token" }), { HOST }
    for i = 2, 32 do headers[i] = { ("X-Amz-%02d"):format(i), "v" } end
    local authorization = assert(sigv4.sign(s, { headers = headers }, TIME))
    local _, separators = authorization:match("SignedHeaders=([^,]+)"):gsub(";", "")
    assert.equal(33, separators) -- 34 names
    headers[33] = { "Unsigned", "v" }
    refused("too large", "more than 32 headers", sigv4.sign(s, { headers = headers }, TIME))
    assert.equal(34, sigv4.canonical_room())
  end)

  it("no request with everything at its limit", function()
    local s, headers = sigv4.new(), { HOST }
    assert(sigv4.scope(s, ("r"):rep(128), ("s"):rep(128)))
    assert(sigv4.credentials(s, ("k"):rep(1024), ("s"):rep(1024), ("t"):rep(32768)))
    for i = 2, 32 do headers[i] = { ("x-amz-%02d"):format(i) .. ("n"):rep(120), ("v"):rep(65536) } end
    local request = { headers = headers, method = ("M"):rep(128), path = ("/"):rep(65536), query = ("q"):rep(65536) }
    assert(sigv4.sign(s, request, TIME))
  end)
end)

describe("a failure", function()
  it("leaves no authorization of an earlier request", function()
    local s = signer({})
    signature(s)
    assert.is_true(#sigv4.authorization(s) > 0)
    assert.is_nil(sigv4.sign(s, { headers = {} }, TIME))
    assert.equal("", sigv4.authorization(s))
  end)

  it("does not change scope and credentials", function()
    local s = signer({ token = "token" })
    local before = signature(s)
    assert.is_nil(sigv4.scope(s, "other", ""))
    assert.is_nil(sigv4.credentials(s, "other", "other", "\n"))
    assert.equal(before, signature(s))
  end)

  it("never shows a value", function()
    local s = signer({})
    for _, bad in ipairs({ "hidden\n", "hidden" .. ("x"):rep(70000) }) do
      for _, result in ipairs({
        { sigv4.credentials(s, bad, "s") },
        { sigv4.credentials(s, "k", bad) },
        { sigv4.credentials(s, "k", "s", bad) },
        { sigv4.sign(s, with_header("x-amz-a", bad), TIME) },
        { sigv4.sign(s, with_header("authorization", bad), TIME) },
      }) do
        assert.is_nil(result[1])
        assert.is_nil(result[2]:find("hidden", 1, true), result[2])
      end
    end
  end)
end)

describe("a signer", function()
  it("may be freed twice and used again", function()
    local s = signer({})
    local before = signature(s)
    sigv4.free(s)
    sigv4.free(s)
    refused("invalid input", "no region and service to sign for", sigv4.sign(s, { headers = { HOST } }, TIME))
    assert(sigv4.scope(s, vectors.region, vectors.service))
    assert(sigv4.credentials(s, KEY_ID, SECRET))
    assert.equal(before, signature(s))
  end)

  it("accepts a struct of zeroes in free", function()
    local s = sigv4.zeroed()
    sigv4.free(s)
    sigv4.free(s)
    assert.equal("", sigv4.authorization(s))
  end)

  it("hashes the canonical request that the user guide describes", function()
    local s = signer({ token = "a  token" })
    local request = {
      method = "POST", path = "/p", query = "a=b", body = "abc",
      headers = { { "X-Amz-Target", " T  1 " }, HOST, { "Content-Type", "c" }, { "x-amz-target", "T 2" } },
    }
    signature(s, TIME, request)
    local canonical = table.concat({
      "POST", "/p", "a=b", "content-type:c", "host:example.amazonaws.com", "x-amz-date:20150830T123600Z",
      "x-amz-security-token:a token", "x-amz-target:T 1,T 2", "",
      "content-type;host;x-amz-date;x-amz-security-token;x-amz-target", "",
    }, "\n")
    assert.equal(canonical, sigv4.canonical(s))
  end)

  it("finds the time in the canonical request whatever the path and the query are", function()
    for _, part in ipairs({ "x-amz-date:20150830T123600Z", "x-amz-date:" }) do
      local s, request = signer({}), { path = part, query = part, headers = { HOST } }
      signature(s, TIME, request)
      assert.equal(("GET\n%s\n%s\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n"):format(part, part),
        sigv4.canonical(s):match("^(.-\n)\n"))
    end
  end)

  it("signs further requests of a kind as if each were the first", function()
    local kept, request = signer({ token = "t" }), { method = "POST", body = "", headers = { HOST } }
    assert(sigv4.sign(kept, request, TIME))
    for i, seconds in ipairs({ 0, 0, 1, 1, 86400, 0, 86399, 86400, 1e9 }) do
      request.body = ("b"):rep(i * 40)
      assert.equal((sigv4.sign(signer({ token = "t" }), request, TIME + seconds)),
        sigv4.sign_again(kept, request.body, TIME + seconds))
    end
  end)

  it("prepares a kind anew for other credentials", function()
    local s = signer({})
    assert(sigv4.sign(s, { headers = { HOST } }, TIME))
    assert.is_truthy(sigv4.sign_again(s, "", TIME))
    assert(sigv4.credentials(s, KEY_ID, SECRET, "token"))
    assert.is_nil((sigv4.sign_again(s, "", TIME)))
    sigv4.free(s)
    assert.is_nil((sigv4.sign_again(s, "", TIME)))
  end)
end)
