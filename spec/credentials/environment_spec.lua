-- Credentials from environment variables.
local environment = require("dynamodb.credentials.environment")
local fake = dofile("spec/support/fake_system.lua")

local KEY, SECRET, TOKEN = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"
local PLACE = "environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)"

describe("credentials.environment", function()
  after_each(fake.remove)

  local function keys(key, secret, token, account)
    return { aws_access_key_id = key, aws_secret_access_key = secret, aws_session_token = token, account_id = account,
      source = "environment" }
  end

  local cases = {
    { "nothing", {}, false, why = PLACE },
    { "only a token", { [TOKEN] = "t" }, false, why = PLACE },
    { "key and secret", { [KEY] = "k", [SECRET] = "s" }, keys("k", "s") },
    { "all three", { [KEY] = "k", [SECRET] = "s", [TOKEN] = "t" }, keys("k", "s", "t") },
    { "an account", { [KEY] = "k", [SECRET] = "s", AWS_ACCOUNT_ID = "a" }, keys("k", "s", nil, "a") },
    { "the token's old name", { [KEY] = "k", [SECRET] = "s", AWS_SECURITY_TOKEN = "o" }, keys("k", "s",
      "o") },
    { "both token names", { [KEY] = "k", [SECRET] = "s", [TOKEN] = "t", AWS_SECURITY_TOKEN = "o" },
      keys("k", "s", "t") },
    { "only a key", { [KEY] = "k" }, why = "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not" },
    { "only a secret", { [SECRET] = "s" },
      why = "AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not" },
  }
  for _, case in ipairs(cases) do
    it("reads " .. case[1], function()
      local read = fake.install(case[2], {})
      local found, why = environment()
      assert.same(case[3], found)
      assert.equal(case.why, why)
      assert.same({}, read)
    end)
  end
end)
