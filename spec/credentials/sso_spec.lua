-- Credentials from IAM Identity Center: the cached token, its refresh, and the portal's responses.
local cjson = require("cjson")
local core = require("dynamodb.core")
local provider = dofile("spec/support/provider_kit.lua")
local sso = require("dynamodb.credentials.sso")

local response, time_in = provider.response, provider.time_in

local WHERE = "profile 'p'"
local START = "https://example.awsapps.com/start"
local SESSION_FILE = "/home/.aws/sso/cache/" .. core.sha1("corp") .. ".json"
local LEGACY_FILE = "/home/.aws/sso/cache/" .. core.sha1(START) .. ".json"
local REMEDY = "run: aws sso login --sso-session corp"

local with = provider.with

local session = { sso_region = "us-west-2", sso_start_url = START }
local section = { sso_session = "corp", sso_account_id = "123456789012", sso_role_name = "Read Only" }
local legacy = { sso_account_id = "123456789012", sso_role_name = "ReadOnly", sso_region = "us-west-2", sso_start_url = START }

local function token(more)
  return cjson.encode(with({ startUrl = START, region = "us-west-2", accessToken = "access-token", expiresAt = time_in(3600),
    clientId = "client-id", clientSecret = "client-secret", registrationExpiresAt = time_in(86400),
    refreshToken = "refresh-token", custom = "kept" }, more))
end

local role = response(200, { roleCredentials = { accessKeyId = "k", secretAccessKey = "s", sessionToken = "t",
  expiration = (provider.NOW + 7200) * 1000 } })
local fresh = response(200, { accessToken = "new-access", expiresIn = 3600, refreshToken = "new-refresh", tokenType = "Bearer" })

local found = { aws_access_key_id = "k", aws_secret_access_key = "s", aws_session_token = "t", account_id = "123456789012",
  expires = provider.NOW + 7200, source = "sso" }

describe("credentials.sso", function()
  after_each(provider.remove)

  local function kit_of(given)
    given.sessions = given.sessions or { corp = session }
    return provider.kit(given)
  end

  it("sends the token of the session to the portal", function()
    local kit = kit_of({ files = { [SESSION_FILE] = token() }, responses = { role } })
    assert.same(found, (sso(kit, section, WHERE)))
    local request = kit.requests[1]
    assert.equal("GET", request.method)
    assert.equal("https://portal.sso.us-west-2.amazonaws.com/federation/credentials?account_id=123456789012"
      .. "&role_name=Read%20Only", request.url)
    assert.same({ "x-amz-sso_bearer_token", "access-token" }, request.headers)
    assert.is_nil(request.sign)
    assert.same({}, kit.written)
  end)

  it("supports profiles without a session, and the times of old AWS CLIs", function()
    local text = token({ expiresAt = "2023-11-14T22:13:21UTC" })
    local kit = kit_of({ files = { [LEGACY_FILE] = text }, responses = { role } })
    assert.same(found, (sso(kit, legacy, WHERE)))
    assert.equal(1, #kit.requests)
  end)

  it("refreshes a token that is about to expire, and writes it back", function()
    local kit = kit_of({ files = { [SESSION_FILE] = token({ expiresAt = time_in(299) }) }, responses = { fresh, role } })
    assert.same(found, (sso(kit, section, WHERE)))
    local request = kit.requests[1]
    assert.equal("POST", request.method)
    assert.equal("https://oidc.us-west-2.amazonaws.com/token", request.url)
    assert.same({ clientId = "client-id", clientSecret = "client-secret", grantType = "refresh_token",
      refreshToken = "refresh-token" }, cjson.decode(request.body))
    assert.equal("new-access", kit.requests[2].headers[2])
    assert.equal(SESSION_FILE, kit.written[1].path)
    assert.same(cjson.decode(token({ accessToken = "new-access", refreshToken = "new-refresh" })),
      cjson.decode(kit.written[1].text))
  end)

  it("drops a refresh token that the response does not repeat", function()
    local once = response(200, { accessToken = "new-access", expiresIn = 3600 })
    local kit = kit_of({ files = { [SESSION_FILE] = token({ expiresAt = time_in(-5) }) }, responses = { once, role } })
    assert.same(found, (sso(kit, section, WHERE)))
    assert.is_nil(cjson.decode(kit.written[1].text).refreshToken)
  end)

  it("uses the old token while it is valid, with a warning", function()
    local kit = kit_of({ files = { [SESSION_FILE] = token({ expiresAt = time_in(100) }) }, responses = {
      response(400, { error = "invalid_grant", error_description = "no" }), role } })
    assert.same(with(found, { warning = "SSO OIDC responded with status 400: invalid_grant" }), (sso(kit, section, WHERE)))
    assert.equal("access-token", kit.requests[2].headers[2])
  end)

  it("keeps a token in memory if its file cannot be written", function()
    local system = require("dynamodb.base.system")
    local kit = kit_of({ files = { [SESSION_FILE] = token({ expiresAt = time_in(0) }) }, responses = { fresh, role, role } })
    system.write_file = function() return nil, "read-only" end
    assert.same(with(found, { warning = SESSION_FILE .. " cannot be written: read-only" }), (sso(kit, section, WHERE)))
    assert.same(found, (sso(kit, section, WHERE)))
    assert.equal("new-access", kit.requests[3].headers[2])
  end)

  local EXPIRED = "the SSO session has expired; " .. REMEDY
  -- { name, changes of the token file, responses, error }; there are as many requests as responses
  local expired = {
    { "an expired token without a refresh token", { expiresAt = time_in(0), refreshToken = false }, {}, EXPIRED },
    { "an expired token of an expired client", { expiresAt = time_in(0), registrationExpiresAt = time_in(0) }, {}, EXPIRED },
    { "an expired token of a client with a bad time", { expiresAt = time_in(0), registrationExpiresAt = "x" }, {}, EXPIRED },
    { "a malformed time and no refresh token", { expiresAt = "soon", refreshToken = false }, {}, EXPIRED },
    { "a refused refresh", { expiresAt = time_in(0) }, { response(401, { error = "invalid_grant" }) },
      "the SSO session has expired (SSO OIDC responded with status 401: invalid_grant); " .. REMEDY },
    { "a refresh without a token", { expiresAt = time_in(0) }, { response(200, { expiresIn = 5 }) },
      "the SSO session has expired (SSO OIDC: response without a token); " .. REMEDY },
    { "a refresh without a lifetime", { expiresAt = time_in(0) }, { response(200, { accessToken = "a" }) },
      "the SSO session has expired (SSO OIDC: response without a token); " .. REMEDY },
    { "a refresh that is no JSON", { expiresAt = time_in(0) }, { response(200, "<html>") },
      "the SSO session has expired (SSO OIDC: response without a token); " .. REMEDY },
    { "a response that repeats secrets", { expiresAt = time_in(0) },
      { response(400, { error = "refresh-token client-secret access-token" }) },
      "the SSO session has expired (SSO OIDC responded with status 400: ... ... ...); " .. REMEDY },
    { "a session that is signed out", {}, { response(401, { message = "Session token not found or invalid" }) },
      "SSO responded with status 401: Session token not found or invalid; " .. REMEDY },
    { "a role that is not given", {}, { response(403, { message = "No access" }) }, "SSO responded with status 403: No access" },
    { "a response without credentials", {}, { response(200, "{}") }, "SSO: response without credentials" },
    { "a response with half credentials", {}, { response(200, { roleCredentials = { accessKeyId = "k", expiration = 5 } }) },
      "response of SSO has no secretAccessKey" },
    { "a token file without a token", { accessToken = false }, {}, SESSION_FILE .. " has no accessToken; " .. REMEDY },
    { "a token file without a time", { expiresAt = false }, {}, SESSION_FILE .. " has no expiresAt; " .. REMEDY },
  }
  for _, case in ipairs(expired) do
    it("reports " .. case[1], function()
      local kit = kit_of({ files = { [SESSION_FILE] = token(case[2]) }, responses = case[3] })
      local result, why = sso(kit, section, WHERE)
      assert.is_nil(result)
      assert.equal(case[4], why)
      assert.equal(#case[3], #kit.requests)
    end)
  end

  it("reports a missing response as temporary", function()
    local kit = kit_of({ files = { [SESSION_FILE] = token() } })
    assert.same({ nil, "SSO: connection refused", true }, { sso(kit, section, WHERE) })
    kit = kit_of({ files = { [SESSION_FILE] = token({ expiresAt = time_in(0) }) } })
    assert.same({ nil, "the SSO session has expired (SSO OIDC: connection refused); " .. REMEDY, true },
      { sso(kit, section, WHERE) })
  end)

  local settings = {
    { "no session of that name", section, {}, WHERE .. " names sso-session 'corp', which is not there" },
    { "another region in the session", with(section, { sso_region = "eu-west-1" }), { corp = session },
      WHERE .. " and its sso-session differ in sso_region" },
    { "a session without a region", section, { corp = { sso_start_url = START } }, WHERE .. " has no sso_region" },
    { "a profile without a role", with(section, { sso_role_name = false }), { corp = session },
      WHERE .. " has no sso_role_name" },
    { "the old form without a start URL", with(legacy, { sso_start_url = false }), {}, WHERE .. " has no sso_start_url" },
    { "no token", section, { corp = session }, SESSION_FILE .. " is not there; " .. REMEDY },
    { "no token in the old form", legacy, {}, LEGACY_FILE .. " is not there; run: aws sso login with this profile" },
    { "no home directory", section, { corp = session }, "no home directory, where the SSO token would be", { HOME = false } },
  }
  for _, case in ipairs(settings) do
    it("reports " .. case[1], function()
      local kit = kit_of({ sessions = case[3], environment = case[5] })
      assert.same({ nil, case[4] }, { sso(kit, case[2], WHERE) })
    end)
  end

  it("requires the same valid region in the profile and its session", function()
    local kit = kit_of({ files = { [SESSION_FILE] = token() }, responses = { role } })
    assert.same(found, (sso(kit, with(section, { sso_region = "us-west-2" }), WHERE)))
    for _, file in ipairs({ token(), token({ expiresAt = time_in(0) }) }) do
      kit = kit_of({ sessions = { corp = with(session, { sso_region = "evil.example/" }) }, files = { [SESSION_FILE] = file } })
      assert.is_nil((sso(kit, section, WHERE)))
      assert.equal(0, #kit.requests)
    end
  end)
end)
