-- Providers of a profile: static keys, role chains, programs and SSO.
local from_profile = require("dynamodb.credentials.profile")
local provider = dofile("spec/support/provider_kit.lua")

local XML = "<R><Credentials><AccessKeyId>K%d</AccessKeyId><SecretAccessKey>S</SecretAccessKey>"
  .. "<SessionToken>T</SessionToken></Credentials></R>"

-- Responses of STS with different keys.
local function roles(count)
  local responses = {}
  for i = 1, count do responses[i] = provider.response(200, XML:format(i)) end
  return responses
end

local function keys(name)
  return { aws_access_key_id = "k-" .. name, aws_secret_access_key = "s-" .. name }
end

local function with(section, more)
  for name, value in pairs(more) do section[name] = value end
  return section
end

describe("credentials.profile", function()
  after_each(provider.remove)

  -- { name, profiles, name of the profile (default "default"), expected key and source, or error }
  local cases = {
    { "keys", { default = keys("a") }, key = "k-a", source = "profile" },
    { "keys by name", { default = keys("a"), b = keys("b") }, name = "b", key = "k-b" },
    { "keys before a program", { default = with(keys("a"), { credential_process = "p" }) }, key = "k-a" },
    { "keys before SSO and a login", { default = with(keys("a"), { sso_role_name = "r", login_session = "l" }) }, key = "k-a" },
    { "a program", { default = { credential_process = "p" } }, key = "k-process", source = "process" },
    { "a program before SSO", { default = { credential_process = "p", sso_account_id = "1" } }, key = "k-process" },
    { "a role by another profile", { default = { role_arn = "r", source_profile = "b" }, b = keys("b") }, key = "K1",
      source = "assume role", signed = { "k-b" } },
    { "a role before the profile's own keys", { default = with(keys("a"), { role_arn = "r", source_profile = "b" }),
      b = keys("b") }, key = "K1", signed = { "k-b" } },
    { "a role by the profile's own keys", { default = with(keys("a"), { role_arn = "r", source_profile = "default" }) },
      key = "K1", signed = { "k-a" } },
    { "a chain of roles", { default = { role_arn = "r1", source_profile = "b" }, b = { role_arn = "r2", source_profile = "c" },
      c = keys("c") }, key = "K2", signed = { "k-c", "K1" } },
    { "a chain that ends in a profile that names itself", { default = { role_arn = "r1", source_profile = "b" },
      b = with(keys("b"), { role_arn = "r2", source_profile = "b" }) }, key = "K1", signed = { "k-b" } },
    { "a source's keys before its role", { default = { role_arn = "r1", source_profile = "b" },
      b = with(keys("b"), { role_arn = "r2", source_profile = "c" }), c = keys("c") }, key = "K1", signed = { "k-b" } },
    { "a role by a program", { default = { role_arn = "r", source_profile = "b" }, b = { credential_process = "p" } },
      key = "K1", signed = { "k-process" } },
    { "a role by a web identity", { default = { role_arn = "r", web_identity_token_file = "/token" } }, key = "K1",
      source = "web identity", signed = { false } },
    { "a role by the role of a web identity", { default = { role_arn = "r", source_profile = "b" },
      b = { role_arn = "r2", web_identity_token_file = "/token", role_session_name = "n" } }, key = "K2",
      signed = { false, "K1" } },

    { "no such profile", {}, none = "profile 'default' in /home/.aws/credentials and /home/.aws/config" },
    { "a profile without credentials", { default = { region = "eu-west-1" } },
      none = "profile 'default' in /home/.aws/credentials and /home/.aws/config" },
    { "empty settings, which are none", { default = { credential_process = "", role_arn = "", aws_access_key_id = "" } },
      none = "profile 'default' in /home/.aws/credentials and /home/.aws/config" },
    { "blocks, which are none", { default = { credential_process = { a = "b" } } },
      none = "profile 'default' in /home/.aws/credentials and /home/.aws/config" },
    { "half a pair", { default = { aws_access_key_id = "k" } },
      why = "profile 'default' in /home/.aws/config has no aws_secret_access_key" },
    { "the other half", { default = { aws_secret_access_key = "s" } },
      why = "profile 'default' in /home/.aws/config has no aws_access_key_id" },
    { "a web identity without a role", { default = { web_identity_token_file = "/token" } },
      why = "profile 'default' has a token file of a web identity, but no role" },
    { "a source that is not there", { default = { role_arn = "r", source_profile = "b" } },
      why = "profile 'b', the source_profile of 'default', has no credentials" },
    { "a source without credentials", { default = { role_arn = "r", source_profile = "b" }, b = { region = "x" } },
      why = "profile 'b', the source_profile of 'default', has no credentials" },
    { "a role by itself without keys", { default = { role_arn = "r", source_profile = "default" } },
      why = "profiles that take their credentials from each other: default -> default" },
    { "a circle", { a = { role_arn = "r", source_profile = "b" }, b = { role_arn = "r", source_profile = "c" },
      c = { role_arn = "r", source_profile = "a" } }, name = "a",
      why = "profiles that take their credentials from each other: a -> b -> c -> a" },
    { "a circle further on", { a = { role_arn = "r", source_profile = "b" }, b = { role_arn = "r", source_profile = "c" },
      c = { role_arn = "r", source_profile = "b" } }, name = "a",
      why = "profiles that take their credentials from each other: a -> b -> c -> b" },
    { "a circle back to keys", { a = with(keys("a"), { role_arn = "r", source_profile = "b" }),
      b = { role_arn = "r", source_profile = "a" } }, name = "a",
      why = "profiles that take their credentials from each other: a -> b -> a" },
    { "SSO without what it needs", { default = { sso_role_name = "r" } }, why = "profile 'default' has no sso_account_id" },
    { "a login that is not there", { default = { login_session = "l" } }, why = "/home/.aws/login/cache/"
      .. "acac86c0e609ca906f632b0e2dacccb2b77d22b0621f20ebece1a4835b93f6f0.json is not there; run: aws login" },
  }
  for _, case in ipairs(cases) do
    it("handles " .. case[1], function()
      local kit = provider.kit({ sections = case[2], profile = case.name, responses = roles(3), files = { ["/token"] = "t" },
        run = '{"Version":1,"AccessKeyId":"k-process","SecretAccessKey":"s"}' })
      local found, why = from_profile(kit)
      if case.none then
        assert.same({ false, case.none }, { found, why })
      elseif case.why then
        assert.same({ nil, case.why }, { found, why })
      else
        assert.equal(case.key, found and found.aws_access_key_id, why)
        assert.equal(case.source or found.source, found.source)
      end
      for i, key in ipairs(case.signed or {}) do
        local sign = kit.requests[i].sign
        assert.equal(key, sign and sign.credentials.aws_access_key_id or false)
      end
      assert.equal(#(case.signed or {}), #kit.requests)
    end)
  end

  it("reports files that cannot be read", function()
    assert.same({ nil, "config:1: what is this" }, { from_profile(provider.kit({ bad_file = "config:1: what is this" })) })
  end)

  it("reads files again on request", function()
    local kit = provider.kit({ sections = { default = keys("a") } })
    from_profile(kit)
    kit.fresh = true
    from_profile(kit)
    assert.same({ "default", "default (fresh)" }, kit.settings.reads)
  end)

  it("uses the account of the profile, but not for the role of another profile", function()
    local kit = provider.kit({ sections = { default = with(keys("a"), { aws_account_id = "123456789012",
      aws_session_token = "t" }) } })
    local found = from_profile(kit)
    assert.equal("123456789012", found.account_id)
    assert.equal("t", found.aws_session_token)
  end)

  it("works without a home directory", function()
    local kit = provider.kit({ environment = { HOME = false } })
    assert.same({ false, "profile 'default' in no credentials file and no config file" }, { from_profile(kit) })
  end)
end)
