-- Credentials printed by the program of credential_process.
local process = require("dynamodb.credentials.process")
local provider = dofile("spec/support/provider_kit.lua")

local WHERE = "credential_process of profile 'p'"

describe("credentials.process", function()
  after_each(provider.remove)

  local good = {
    { "temporary ones", { Version = 1, AccessKeyId = "k", SecretAccessKey = "s", SessionToken = "t",
      Expiration = provider.time_in(900), AccountId = "123456789012" },
      { aws_access_key_id = "k", aws_secret_access_key = "s", aws_session_token = "t", account_id = "123456789012",
        expires = provider.NOW + 900, source = "process" } },
    { "lasting ones", { Version = 1, AccessKeyId = "k", SecretAccessKey = "s" },
      { aws_access_key_id = "k", aws_secret_access_key = "s", source = "process" } },
  }
  for _, case in ipairs(good) do
    it("returns " .. case[1], function()
      local kit = provider.kit({ run = require("cjson").encode(case[2]) .. "\n" })
      assert.same(case[3], (process(kit, "/opt/helper --for x", "profile 'p'")))
      assert.same({ { command = "/opt/helper --for x", seconds = 15 } }, kit.commands)
    end)
  end

  local bad = {
    { "no JSON", "k s", WHERE .. " printed no JSON" },
    { "another version", '{"Version":2,"AccessKeyId":"k","SecretAccessKey":"s"}',
      WHERE .. " printed another Version than 1" },
    { "no version", '{"AccessKeyId":"k","SecretAccessKey":"s"}', WHERE .. " printed another Version than 1" },
    { "half a pair", '{"Version":1,"AccessKeyId":"k"}', "what " .. WHERE .. " printed has no SecretAccessKey" },
    { "credentials that have expired", ('{"Version":1,"AccessKeyId":"k","SecretAccessKey":"s","Expiration":"%s"}'):format(
      provider.NOW_TEXT), WHERE .. " printed credentials that have expired" },
  }
  for _, case in ipairs(bad) do
    it("refuses " .. case[1], function()
      assert.same({ nil, case[3] }, { process(provider.kit({ run = case[2] }), "c", "profile 'p'") })
    end)
  end

  it("reports the failure of a program without its command, which may have secret arguments", function()
    local kit = provider.kit({ run = function() return nil, "exit code 3" end })
    assert.same({ nil, WHERE .. ": exit code 3", true }, { process(kit, "helper secret", "profile 'p'") })
  end)

  it("ends before the deadline", function()
    local kit = provider.kit({ run = "{}" })
    kit.deadline = kit.transport.now() + 2.7
    process(kit, "c", "profile 'p'")
    assert.equal(2, kit.commands[1].seconds)
  end)

  it("starts nothing when there is no time left", function()
    local kit = provider.kit({})
    kit.deadline = kit.transport.now()
    assert.same({ nil, WHERE .. ": no time left", true }, { process(kit, "c", "profile 'p'") })
    assert.same({}, kit.commands)
  end)
end)
