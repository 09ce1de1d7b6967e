-- Credentials from AssumeRoleWithWebIdentity with a token from a file.
local provider = dofile("spec/support/provider_kit.lua")
local web_identity = require("dynamodb.credentials.web_identity")

local PLACE = "environment (AWS_WEB_IDENTITY_TOKEN_FILE)"
local XML = "<R><Credentials><AccessKeyId>K</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken>"
  .. "</Credentials></R>"

describe("credentials.web_identity", function()
  after_each(provider.remove)

  local function variables(more)
    return provider.with({ AWS_WEB_IDENTITY_TOKEN_FILE = "/token", AWS_ROLE_ARN = "arn:role" }, more)
  end

  it("reads the token file for each request", function()
    local files = { ["/token"] = "first\n" }
    local kit = provider.kit({ environment = variables({ AWS_ROLE_SESSION_NAME = "pod" }), files = files,
      responses = { provider.response(200, XML), provider.response(200, XML) } })
    assert.same({ aws_access_key_id = "K", aws_secret_access_key = "S", aws_session_token = "T", source = "web identity" },
      (web_identity.find(kit)))
    files["/token"] = " second "
    web_identity.find(kit)
    assert.equal("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Arole&RoleSessionName=pod"
      .. "&WebIdentityToken=first", kit.requests[1].body)
    assert.equal("second", kit.requests[2].body:match("WebIdentityToken=(.*)$"))
  end)

  local nothing = {
    { "no variable", {}, {}, false, PLACE },
    { "no role", { AWS_WEB_IDENTITY_TOKEN_FILE = "/token" }, { ["/token"] = "t" }, nil,
      "the environment has a token file of a web identity, but no role" },
    { "no file", variables(), {}, nil, "no token in /token" },
    { "an empty file", variables(), { ["/token"] = "\n" }, nil, "no token in /token" },
    { "a file that cannot be read", variables(), { ["/token"] = false }, nil, "/token: Permission denied" },
    { "no home for the file", { AWS_WEB_IDENTITY_TOKEN_FILE = "~/t", AWS_ROLE_ARN = "r", HOME = false }, {}, nil,
      "no token in ~/t" },
  }
  for _, case in ipairs(nothing) do
    it("reports " .. case[1], function()
      local kit = provider.kit({ environment = case[2], files = case[3] })
      local found, why = web_identity.find(kit)
      assert.equal(case[4], found)
      assert.equal(case[5], why)
      assert.equal(0, #kit.requests)
    end)
  end

  it("takes linear time for a file of blanks", function()
    local start = os.clock()
    for _, text in ipairs({ "a" .. (" "):rep(30000) .. "b", (" "):rep(30000) }) do
      web_identity.find(provider.kit({ environment = variables(), files = { ["/token"] = text } }))
    end
    assert.is_true(os.clock() - start < 1)
  end)

  it("passes on the error of STS", function()
    local kit = provider.kit({ environment = variables(), files = { ["/token"] = "t" } })
    assert.same({ nil, "STS: connection refused", true }, { web_identity.find(kit) })
  end)
end)
