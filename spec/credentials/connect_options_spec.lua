-- Credentials that are given to connect as options or as a function.
local connect_options = require("dynamodb.credentials.connect_options")
local provider = dofile("spec/support/provider_kit.lua")

local KEYS = { aws_access_key_id = "k", aws_secret_access_key = "s", aws_session_token = "t", account_id = "a", expires = 5 }

local function with(more)
  return provider.with(KEYS, more)
end

describe("credentials.given", function()
  after_each(provider.remove)

  it("finds nothing without options", function()
    assert.is_nil(connect_options.provider({ region = "eu-west-1" }, "connect"))
  end)

  it("takes keys as options, which never change", function()
    local f, fixed = connect_options.provider(with({ region = "eu-west-1" }), "connect")
    assert.same(with({ source = "options" }), (f(provider.kit({}))))
    assert.is_true(fixed)
    f, fixed = connect_options.provider({ credentials = with({ more = 1 }) }, "connect")
    assert.same(with({ source = "options" }), (f(provider.kit({}))))
    assert.is_true(fixed)
  end)

  it("keeps its own copy of a table", function()
    local keys = with({})
    local f = connect_options.provider({ credentials = keys }, "connect")
    keys.aws_access_key_id = "other"
    assert.equal("k", f(provider.kit({})).aws_access_key_id)
  end)

  it("calls a function each time with its time limit in seconds", function()
    local asked = {}
    local f, fixed = connect_options.provider({ credentials = function(seconds)
      asked[#asked + 1] = seconds
      return with({ aws_access_key_id = "k" .. #asked })
    end }, "connect")
    local kit = provider.kit({})
    assert.same(with({ aws_access_key_id = "k1", source = "function" }), (f(kit)))
    kit.transport.sleep(5)
    assert.equal("k2", f(kit).aws_access_key_id)
    assert.same({ 15, 10 }, asked)
    assert.is_nil(fixed)
  end)

  local function none() return nil end
  local failures = {
    { "nothing", none, "option 'credentials': the function gave none" },
    { "a reason", function() return nil, "vault is sealed" end, "option 'credentials': vault is sealed" },
    { "half a pair", function() return { aws_access_key_id = "k" } end,
      "option 'credentials': the function gave no good aws_secret_access_key" },
    { "no key", function() return { aws_secret_access_key = "s" } end,
      "option 'credentials': the function gave no good aws_access_key_id" },
    { "a number as key", function() return with({ aws_access_key_id = 5 }) end,
      "option 'credentials': the function gave no good aws_access_key_id" },
    { "a time as text", function() return with({ expires = "2026" }) end,
      "option 'credentials': the function gave no good expires" },
  }
  for _, case in ipairs(failures) do
    it("reports a function that returns " .. case[1], function()
      assert.same({ nil, case[3] }, { connect_options.provider({ credentials = case[2] }, "connect")(provider.kit({})) })
    end)
  end

  it("passes on the error that a function raises, and raises if its result is not a table", function()
    local f = connect_options.provider({ credentials = function() error("broken", 0) end }, "connect")
    assert.has_error(function() f(provider.kit({})) end, "broken")
    f = connect_options.provider({ credentials = function() return "k" end }, "connect")
    local _, err = pcall(f, provider.kit({}))
    assert.matches("option 'credentials': the function is to return a table, got string$", err)
  end)

  local EXPECTED = "connect: option 'credentials': function or table with aws_access_key_id and aws_secret_access_key expected"
  local mistakes = {
    { "both forms", with({ credentials = none }), "connect: option 'credentials' contradicts 'aws_access_key_id'" },
    { "a text", { credentials = "k" }, EXPECTED .. ", got string" },
    { "an empty table", { credentials = {} }, EXPECTED .. "; aws_access_key_id is not good" },
    { "an empty secret", { credentials = with({ aws_secret_access_key = "" }) },
      EXPECTED .. "; aws_secret_access_key is not good" },
    { "a token that is none", { credentials = with({ aws_session_token = {} }) }, EXPECTED .. "; aws_session_token is not good" },
  }
  for _, case in ipairs(mistakes) do
    it("refuses " .. case[1], function()
      local ok, err = pcall(connect_options.provider, case[2], "connect")
      assert.is_false(ok)
      assert.equal(case[3], (err:gsub("^.-:%d+: ", "")))
    end)
  end
end)
