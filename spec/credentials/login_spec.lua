-- Credentials of `aws login`: the cached token, its refresh, and the DPoP proof.
local cjson = require("cjson")
local core = require("dynamodb.core")
local login = require("dynamodb.credentials.login")
local provider = dofile("spec/support/provider_kit.lua")
local PEM = dofile("spec/vectors/es256.lua").good.SEC1

local response, time_in = provider.response, provider.time_in

local SESSION = "arn:aws:sts::123456789012:assumed-role/Admin/me"
local PATH = "/home/.aws/login/cache/" .. core.sha256(SESSION) .. ".json"
local section = { login_session = SESSION }

local with = provider.with

local access = { accessKeyId = "k", secretAccessKey = "s", sessionToken = "t", accountId = "123456789012",
  expiresAt = time_in(600) }

local function cache(more, more_access)
  return cjson.encode(with({ accessToken = with(access, more_access), tokenType = "aws_sigv4", clientId = "client",
    refreshToken = "refresh-token", idToken = "id", dpopKey = PEM }, more))
end

local fresh = response(200, { accessToken = { accessKeyId = "k2", secretAccessKey = "s2", sessionToken = "t2" },
  tokenType = "aws_sigv4", expiresIn = 900, refreshToken = "refresh-token-2" })

local old = { aws_access_key_id = "k", aws_secret_access_key = "s", aws_session_token = "t", account_id = "123456789012",
  expires = provider.NOW + 600, source = "login" }
local new = { aws_access_key_id = "k2", aws_secret_access_key = "s2", aws_session_token = "t2", account_id = "123456789012",
  expires = provider.NOW + 900, source = "login" }

local function base64url_decoded(text)
  local alphabet, bits, out = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 0, {}
  local count = 0
  for char in text:gmatch(".") do
    bits, count = bits * 64 + alphabet:find(char, 1, true) - 1, count + 6
    if count >= 8 then
      count = count - 8
      out[#out + 1] = string.char(math.floor(bits / 2 ^ count))
      bits = bits % 2 ^ count
    end
  end
  return table.concat(out)
end

describe("credentials.login", function()
  after_each(provider.remove)

  local function run(text, responses, given)
    given = given or {}
    given.files, given.responses = { [given.path or PATH] = text }, responses
    local kit = provider.kit(given)
    return kit, { login(kit, given.section or section) }
  end

  it("uses cached credentials while they are valid", function()
    local kit, results = run(cache())
    assert.same({ old }, results)
    assert.equal(0, #kit.requests)
    local _
    _, results = run(cache(nil, { expiresAt = "2023-11-14T22:23:20.000Z" })) -- as the JavaScript SDK writes it
    assert.same({ old }, results)
  end)

  it("reads the directory given in the environment", function()
    local _, results = run(cache(), {}, { environment = { AWS_LOGIN_CACHE_DIRECTORY = "~/logins" },
      path = "/home/logins/" .. core.sha256(SESSION) .. ".json" })
    assert.same({ old }, results)
  end)

  it("refreshes credentials that are about to expire, and writes them back", function()
    local kit, results = run(cache(nil, { expiresAt = time_in(300) }), { fresh })
    assert.same({ new }, results)
    local request = kit.requests[1]
    assert.equal("POST", request.method)
    assert.matches("^https://[%w.-]*signin[%w.-]*/v1/token$", request.url)
    assert.truthy(request.url:find("eu-west-1", 1, true))
    assert.same({ clientId = "client", grantType = "refresh_token", refreshToken = "refresh-token" }, cjson.decode(request.body))
    assert.equal(PATH, kit.written[1].path)
    assert.same(cjson.decode(cache({ refreshToken = "refresh-token-2" }, { accessKeyId = "k2", secretAccessKey = "s2",
      sessionToken = "t2", expiresAt = time_in(900) })), cjson.decode(kit.written[1].text))
  end)

  it("sends a DPoP proof of its key", function()
    local kit = run(cache(nil, { expiresAt = time_in(0) }), { fresh },
      { values = { endpoint_urls = { signin = "http://h:1/" } } })
    local request = kit.requests[1]
    assert.equal("http://h:1/v1/token", request.url)
    assert.same({ "content-type", "application/json", "dpop" }, { request.headers[1], request.headers[2], request.headers[3] })
    local head, payload, signature = request.headers[4]:match("^([%w_-]+)%.([%w_-]+)%.([%w_-]+)$")
    local x, y = core.ec_jwk(PEM)
    assert.same({ typ = "dpop+jwt", alg = "ES256", jwk = { kty = "EC", crv = "P-256", x = x, y = y } },
      cjson.decode(base64url_decoded(head)))
    local claims = cjson.decode(base64url_decoded(payload))
    assert.equal("POST", claims.htm)
    assert.equal("http://h:1/v1/token", claims.htu)
    assert.equal(provider.NOW, claims.iat)
    assert.matches("^%x+%-%x+%-4%x+%-%x+%-%x+$", claims.jti)
    assert.equal(64, #base64url_decoded(signature))
  end)

  it("uses the region of the profile", function()
    local kit = run(cache(nil, { expiresAt = time_in(0) }), { fresh }, { section = with(section, { region = "us-west-2" }) })
    assert.truthy(kit.requests[1].url:find("us-west-2", 1, true))
    local _, results = run(cache(nil, { expiresAt = time_in(0) }), {}, { section = with(section, { region = "evil.example/" }) })
    assert.is_nil(results[1])
  end)

  it("uses the old credentials while they are valid, with a warning", function()
    local _, results = run(cache(nil, { expiresAt = time_in(100) }), { response(400, { error = "INVALID_REQUEST" }) })
    assert.same({ with(old, { expires = provider.NOW + 100,
      warning = "AWS Sign-In responded with status 400: INVALID_REQUEST" }) }, results)
  end)

  local refusals = {
    { "an expired session", { response(401, { error = "TOKEN_EXPIRED" }) },
      "login: the session has expired; run: aws login", nil },
    { "another password", { response(403, { error = "USER_CREDENTIALS_CHANGED" }) },
      "login: the password has changed; run: aws login", nil },
    { "missing permission", { response(403, { error = "INSUFFICIENT_PERMISSIONS" }) },
      "login: the action signin:CreateOAuth2Token is not allowed", nil },
    { "another refusal that repeats the token", { response(400, { error = "INVALID_REQUEST", message = "bad refresh-token" }) },
      "AWS Sign-In responded with status 400: INVALID_REQUEST: bad ...", false },
    { "inner errors", { response(500), response(500), response(500, { error = "server_error" }) },
      "AWS Sign-In responded with status 500: server_error", true },
    { "a response without credentials", { response(200, "{}") }, "AWS Sign-In: response without credentials", nil },
    { "a response with incomplete credentials",
      { response(200, { accessToken = { accessKeyId = "k" }, expiresIn = 9, refreshToken = "r" }) },
      "AWS Sign-In: response without credentials", nil },
    { "no response", {}, "AWS Sign-In: connection refused", true },
  }
  for _, case in ipairs(refusals) do
    it("reports " .. case[1], function()
      local _, results = run(cache(nil, { expiresAt = time_in(0) }), case[2])
      assert.same({ nil, case[3], case[4] }, results)
    end)
  end

  local bad = {
    { "no cache", nil, PATH .. " is not there; run: aws login" },
    { "a cache without a refresh token", cache({ refreshToken = false }), PATH .. " has no refreshToken; run: aws login" },
    { "a cache without a key", cache({ dpopKey = false }), PATH .. " has no dpopKey; run: aws login" },
    { "a cache without a client", cache({ clientId = false }), PATH .. " has no clientId; run: aws login" },
    { "a cache without credentials", cache({ accessToken = false }), PATH .. " has no accessToken; run: aws login" },
    { "a cache of half credentials", cache(nil, { secretAccessKey = false }), PATH .. " has no secretAccessKey" },
    { "no home directory", cache(), "no home directory, where the login's cache would be", { HOME = false } },
  }
  for _, case in ipairs(bad) do
    it("reports " .. case[1], function()
      local _, results = run(case[2], {}, { environment = case[4] })
      assert.same({ nil, case[3] }, results)
    end)
  end

  it("reports a bad key, without showing it", function()
    local kit, results = run(cache({ dpopKey = "-----BEGIN no key" }, { expiresAt = time_in(0) }))
    assert.is_nil(results[1])
    assert.matches("bad dpopKey: ", results[2], 1, true)
    assert.is_nil(results[2]:find("BEGIN", 1, true))
    assert.equal(0, #kit.requests)
  end)
end)
