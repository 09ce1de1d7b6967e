-- Reading of the section of a profile by the providers, and errors that name the section.
local from_section = require("dynamodb.credentials.section")

describe("credentials.section", function()
  local function section(key, secret, token, old_token)
    return { aws_access_key_id = key, aws_secret_access_key = secret, aws_session_token = token,
      aws_security_token = old_token }
  end

  local cases = {
    { "nothing", {} },
    { "other settings", { region = "eu-west-1", role_arn = "arn" } },
    { "only a token", section(nil, nil, "t") },
    { "key and secret", section("k", "s"), section("k", "s") },
    { "all three", section("k", "s", "t"), section("k", "s", "t") },
    { "the token's old name", section("k", "s", nil, "o"), section("k", "s", "o") },
    { "both token names", section("k", "s", "t", "o"), section("k", "s", "t") },
    { "only a key", section("k"), why = "here has no aws_secret_access_key" },
    { "only a secret", section(nil, "s"), why = "here has no aws_access_key_id" },
    { "an empty key", section("", "s"), why = "here has no aws_access_key_id" },
    { "an empty secret", section("k", ""), why = "here has no aws_secret_access_key" },
  }
  for _, case in ipairs(cases) do
    it("reads " .. case[1], function()
      local found, why = from_section(case[2], "here")
      assert.same(case[3], found)
      assert.equal(case.why, why)
    end)
  end
end)
