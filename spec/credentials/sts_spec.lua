-- Requests to STS and its XML responses.
local provider = dofile("spec/support/provider_kit.lua")
local sts = require("dynamodb.credentials.sts")

local response = provider.response

local ROLE = "arn:aws:iam::123456789012:role/app"
local SOURCE = { aws_access_key_id = "AKIDSOURCE", aws_secret_access_key = "source-secret", aws_session_token = "source-token" }

local function xml(action, credentials, account)
  return ([[<%sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%sResult><AssumedRoleUser>
    <Arn>arn:aws:sts::%s:assumed-role/app/me</Arn><AssumedRoleId>A:me</AssumedRoleId></AssumedRoleUser>
    <Credentials>%s</Credentials></%sResult></%sResponse>]]):format(action, action, account or "123456789012", credentials,
    action, action)
end

local KEYS = "<AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>a/b+c</SecretAccessKey>"
  .. "<SessionToken>t&amp;&lt;&gt;==</SessionToken><Expiration>2023-11-14T23:13:20Z</Expiration>"

local function failure(status, code, message)
  return response(status, ("<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error>"
    .. "<RequestId>r</RequestId></ErrorResponse>"):format(code, message))
end

describe("credentials.sts", function()
  after_each(provider.remove)

  local found = { aws_access_key_id = "ASIA1", aws_secret_access_key = "a/b+c", aws_session_token = "t&<>==",
    account_id = "123456789012", expires = provider.NOW + 3600 }

  it("assumes a role, signed with the source credentials", function()
    local kit = provider.kit({ responses = { response(200, xml("AssumeRole", KEYS)) } })
    local role = { arn = ROLE, session_name = "me", external_id = "x y/z", duration = "1800" }
    assert.same(found, (sts.assume_role(kit, role, SOURCE)))
    local request = kit.requests[1]
    assert.equal("POST", request.method)
    assert.equal("https://sts.eu-west-1.amazonaws.com/", request.url)
    assert.equal("Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fapp"
      .. "&RoleSessionName=me&ExternalId=x%20y%2Fz&DurationSeconds=1800", request.body)
    assert.same({ region = "eu-west-1", service = "sts", credentials = SOURCE }, request.sign)
    assert.same({ "content-type", "application/x-www-form-urlencoded; charset=utf-8" }, request.headers)
  end)

  it("assumes a role by a web identity, unsigned, with a generated session name", function()
    local kit = provider.kit({ responses = { response(200, xml("AssumeRoleWithWebIdentity", KEYS)) } })
    assert.same(found, (sts.assume_role_with_web_identity(kit, { arn = ROLE }, "header.payload.sig")))
    local request = kit.requests[1]
    assert.is_nil(request.sign)
    assert.equal("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fapp"
      .. "&RoleSessionName=lua-dynamodb-1700000000&WebIdentityToken=header.payload.sig", request.body)
  end)

  it("uses the configured endpoint", function()
    local kit = provider.kit({ values = { endpoint_urls = { sts = "http://localhost:4566" } } })
    sts.assume_role(kit, { arn = ROLE }, SOURCE)
    assert.equal("http://localhost:4566/", kit.requests[1].url)
    kit = provider.kit({ values = { region = "no region" } })
    assert.is_nil((sts.assume_role(kit, { arn = ROLE }, SOURCE)))
    assert.equal(0, #kit.requests)
  end)

  -- { name, responses, number of requests, error, whether it is temporary }
  local refusals = {
    { "AccessDenied", { failure(403, "AccessDenied", "User: arn:x is not authorized") }, 1,
      "STS responded with status 403: AccessDenied: User: arn:x is not authorized", false },
    { "an expired web identity", { failure(400, "ExpiredTokenException", "Token expired") }, 1,
      "STS responded with status 400: ExpiredTokenException: Token expired", false },
    { "an unreachable identity provider", { failure(400, "IDPCommunicationError", "no answer"),
      failure(400, "IDPCommunicationError", "no answer"), failure(400, "IDPCommunicationError", "no answer"),
      response(200, xml("A", KEYS)) }, 3, "STS responded with status 400: IDPCommunicationError: no answer", true },
    { "inner errors", { response(500, "<html>"), response(500, ""), response(503, "") }, 3,
      "STS responded with status 503", true },
    { "a repeated token", { failure(400, "ValidationError", "bad value source-token.of.somebody") }, 1,
      "STS responded with status 400: ValidationError: bad value ....of.somebody", false },
    { "a response without credentials", { response(200, "<AssumeRoleResponse/>") }, 1, "STS: response without credentials", nil },
    { "a response with incomplete credentials", { response(200, xml("A", "<AccessKeyId>A</AccessKeyId>")) }, 1,
      "response of STS has no SecretAccessKey", nil },
    { "no response", {}, 3, "STS: connection refused", true },
  }
  for _, case in ipairs(refusals) do
    it("reports " .. case[1], function()
      local kit = provider.kit({ responses = case[2] })
      local result, why, passing = sts.assume_role(kit, { arn = ROLE }, SOURCE)
      assert.is_nil(result)
      assert.equal(case[4], why)
      assert.equal(case[5], passing)
      assert.equal(case[3], #kit.requests)
    end)
  end

  -- { name, response, error }: responses for which patterns could take quadratic or cubic time
  local long = {
    { "blanks in an unfinished element", response(403, "<Code>" .. (" "):rep(1500)), "STS responded with status 403" },
    { "blanks in an element", response(403, "<Code>a" .. (" "):rep(30000) .. "b</Code>"),
      "STS responded with status 403: a" .. (" "):rep(299) .. "..." },
    { "an element of blanks", response(403, "<Code>" .. (" "):rep(30000) .. "</Code>"), "STS responded with status 403" },
    { "many beginnings", response(200, ("<Credentials>"):rep(10000)), "STS: response without credentials" },
  }
  for _, case in ipairs(long) do
    it("takes linear time for " .. case[1], function()
      local start = os.clock()
      local _, why = sts.assume_role(provider.kit({ responses = { case[2] } }), { arn = ROLE }, SOURCE)
      assert.equal(case[3], why)
      assert.is_true(os.clock() - start < 1)
    end)
  end

  it("succeeds when a retry reaches the identity provider", function()
    local kit = provider.kit({ responses = { failure(400, "IDPCommunicationError", "no"), response(200, xml("A", KEYS)) } })
    assert.same(found, (sts.assume_role_with_web_identity(kit, { arn = ROLE }, "t")))
  end)

  it("hides the web identity token, encoded or not", function()
    local secret = "token/with+signs=="
    for _, shown in ipairs({ secret, (secret:gsub("/", "%%2F"):gsub("%+", "%%2B"):gsub("=", "%%3D")) }) do
      local kit = provider.kit({ responses = { failure(400, "InvalidIdentityToken", "what is " .. shown) } })
      local _, why = sts.assume_role_with_web_identity(kit, { arn = ROLE }, secret)
      assert.equal("STS responded with status 400: InvalidIdentityToken: what is ...", why)
    end
  end)
end)
