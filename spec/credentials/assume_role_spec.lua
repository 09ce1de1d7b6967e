-- Credentials from AssumeRole: the request, the source profile, and the responses of STS.
local assume_role = require("dynamodb.credentials.assume_role")
local provider = dofile("spec/support/provider_kit.lua")

local XML = "<R><Arn>arn:aws:sts::123456789012:assumed-role/a/b</Arn><Credentials><AccessKeyId>K</AccessKeyId>"
  .. "<SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken></Credentials></R>"
local SOURCE = { aws_access_key_id = "sk", aws_secret_access_key = "ss" }
local WHERE = "profile 'p'"
local BAD_DURATION = WHERE .. ": duration_seconds: whole number from 900 to 43200 expected"

local function by_profile(name)
  if name == "bad" then return nil, "it is bad", true end
  return SOURCE
end

describe("credentials.assume_role", function()
  after_each(provider.remove)

  local function section(more)
    return provider.with({ role_arn = "arn:role", source_profile = "base" }, more)
  end

  local function assume(more, given)
    given = given or {}
    given.responses = given.responses or { provider.response(200, XML) }
    local kit = provider.kit(given)
    return kit, { assume_role(kit, section(more), WHERE, by_profile) }
  end

  it("assumes the role with all properties of the profile", function()
    local kit, results = assume({ external_id = "x", role_session_name = "me", duration_seconds = "1200" })
    assert.same({ aws_access_key_id = "K", aws_secret_access_key = "S", aws_session_token = "T",
      account_id = "123456789012", source = "assume role" }, results[1])
    assert.equal("Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Arole&RoleSessionName=me&ExternalId=x"
      .. "&DurationSeconds=1200", kit.requests[1].body)
    assert.equal(SOURCE, kit.requests[1].sign.credentials)
  end)

  it("accepts the minimum and the maximum duration", function()
    for _, seconds in ipairs({ "900", "43200" }) do
      local kit = assume({ duration_seconds = seconds })
      assert.equal(seconds, kit.requests[1].body:match("DurationSeconds=(%d+)$"))
    end
  end)

  it("takes the session name from the environment, else generates one", function()
    local kit = assume({}, { environment = { AWS_ROLE_SESSION_NAME = "env" } })
    assert.truthy(kit.requests[1].body:find("RoleSessionName=env", 1, true))
    kit = assume({})
    assert.truthy(kit.requests[1].body:find("RoleSessionName=lua-dynamodb-1700000000", 1, true))
  end)

  it("assumes the role with the credentials of credential_source", function()
    local kit = assume({ source_profile = false, credential_source = "Environment" },
      { environment = { AWS_ACCESS_KEY_ID = "ek", AWS_SECRET_ACCESS_KEY = "es" } })
    assert.equal("ek", kit.requests[1].sign.credentials.aws_access_key_id)
    local keys = provider.response(200, { AccessKeyId = "ck", SecretAccessKey = "cs", Token = "ct" })
    kit = assume({ source_profile = false, credential_source = "EcsContainer" }, {
      responses = { keys, provider.response(200, XML) },
      environment = { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI = "/c" } })
    assert.equal("ck", kit.requests[2].sign.credentials.aws_access_key_id)
    kit = assume({ source_profile = false, credential_source = "Ec2InstanceMetadata" }, { responses = {
      provider.response(200, "token"), provider.response(200, "role"), keys, provider.response(200, XML) } })
    assert.equal("ck", kit.requests[4].sign.credentials.aws_access_key_id)
  end)

  local bad = {
    { "two sources", { credential_source = "Environment" }, WHERE .. " has both source_profile and credential_source" },
    { "no source", { source_profile = false }, WHERE .. " has role_arn, but neither source_profile nor credential_source" },
    { "a source that is none", { source_profile = false, credential_source = "environment" },
      WHERE .. ": credential_source: one of Ec2InstanceMetadata, EcsContainer, Environment expected" },
    { "a source that has none", { source_profile = false, credential_source = "Environment" },
      WHERE .. ": no credentials in its credential_source: environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)" },
    { "a source that fails", { source_profile = "bad" }, "it is bad", true },
    { "a device", { mfa_serial = "arn:aws:iam::1:mfa/me" }, WHERE .. " wants a code of the device 'arn:aws:iam::1:mfa/me' "
      .. "(mfa_serial), for which this client cannot ask; get a session with the AWS CLI, or give a function as credentials" },
    { "too short a time", { duration_seconds = "899" }, BAD_DURATION },
    { "too long a time", { duration_seconds = "43201" }, BAD_DURATION },
    { "no number of seconds", { duration_seconds = "1h" }, BAD_DURATION },
    { "half a second", { duration_seconds = "900.5" }, BAD_DURATION },
  }
  for _, case in ipairs(bad) do
    it("reports " .. case[1], function()
      local kit, results = assume(case[2])
      assert.same({ nil, case[3], case[4] }, results)
      assert.equal(0, #kit.requests)
    end)
  end

  it("names the profile when STS returns an error", function()
    local _, results = assume({}, { responses = { provider.response(403, "<Code>AccessDenied</Code>") } })
    assert.same({ nil, WHERE .. ": STS responded with status 403: AccessDenied", false }, results)
  end)
end)
