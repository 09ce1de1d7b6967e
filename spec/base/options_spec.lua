-- Validation and merging of options: unknown names, wrong types and values are rejected with the path of the option.
local options = require("dynamodb.base.options")

local nan, inf = 0 / 0, math.huge

local validators = {
  { "string", options.string, good = { "", "a" }, bad = { 1, true, {} }, expected = "string" },
  { "boolean", options.boolean, good = { true, false }, bad = { 0, "true" }, expected = "boolean" },
  { "table", options.table, good = { {} }, bad = { "{}", 1 }, expected = "table" },
  { "function", options["function"], good = { print }, bad = { {}, "print" }, expected = "function" },
  { "any", options.any, good = { false, 0, "", {} }, bad = {} },
  { "text", options.text, good = { "a", " ", "\0" }, bad = { "", 1, false, {} },
    expected = "non-empty string" },
  { "seconds", options.seconds, good = { 1, 0.001, 1e8 },
    bad = { 0, -1, nan, inf, -inf, 1e9, "1", true }, expected = "positive number of seconds" },
  { "count(1)", options.count(1), good = { 1, 2, 2 ^ 53 - 1 },
    bad = { 0, -1, 1.5, nan, inf, 2 ^ 53, "1" }, expected = "whole number of at least 1" },
  { "count(0)", options.count(0), good = { 0 }, bad = { -1, 0.5 }, expected = "whole number of at least 0" },
  { "choice", options.choice("S", "N"), good = { "S", "N" }, bad = { "s", "", "B", 1, {}, nan },
    expected = "one of S, N" },
}

describe("options", function()
  for _, case in ipairs(validators) do
    it("accepts valid values of kind " .. case[1], function()
      for _, value in ipairs(case.good) do assert.is_true((case[2](value)), tostring(value)) end
    end)

    it("rejects invalid values of kind " .. case[1], function()
      for _, value in ipairs(case.bad) do
        local ok, expected = case[2](value)
        assert.is_false(ok, tostring(value))
        assert.equal(case.expected, expected)
      end
    end)
  end

  it("reject tables whose metatable computes options, which a copy would lose", function()
    local schema = { limit = options.count(1) }
    local metatables = { { __index = { limit = 1 } }, { __pairs = function() return next, {} end },
      { __index = { limit = 1 }, __metatable = false } }
    for _, meta in ipairs(metatables) do
      local ok, message = pcall(options.check, schema, setmetatable({}, meta), "scan")
      assert.is_false(ok)
      assert.matches("scan: table of options without __index and __pairs expected", message, 1, true)
    end
    options.check(schema, setmetatable({ limit = 1 }, { __newindex = error }), "scan")
  end)

  it("reject an absent value of a choice", function()
    assert.is_false((options.choice("S")(nil)))
  end)
end)

describe("options.check", function()
  local schema = { limit = options.count(1), name = options.text, sure = options.boolean }

  local function refusal(given, known)
    local ok, message = pcall(options.check, known or schema, given, "list")
    assert.is_false(ok)
    return (message:gsub("^%S+:%d+: ", ""))
  end

  it("accepts valid options", function()
    assert.has_no_error(function() options.check(schema, {}, "list") end)
    assert.has_no_error(function() options.check(schema, { limit = 3, name = "a", sure = false }, "list") end)
  end)

  it("does not change the options", function()
    local given = { limit = 3 }
    options.check(schema, given, "list")
    assert.same({ limit = 3 }, given)
  end)

  local refusals = {
    { nil, "list: table of options expected, got nil" },
    { "limit", "list: table of options expected, got string" },
    { 5, "list: table of options expected, got number" },
    { { limits = 3 }, "list: unknown option 'limits': did you mean 'limit'? (known: limit, name, sure)" },
    { { 3 }, "list: value at position 1, options have names (known: limit, name, sure)" },
    { { [true] = 3 }, "list: unknown option 'true' (known: limit, name, sure)" },
    { { limit = 0 }, "list: option 'limit': whole number of at least 1 expected, got 0" },
    { { limit = "3" }, "list: option 'limit': whole number of at least 1 expected, got '3'" },
    { { limit = {} }, "list: option 'limit': whole number of at least 1 expected, got table" },
    { { name = print }, "list: option 'name': non-empty string expected, got function" },
    { { name = "" }, "list: option 'name': non-empty string expected, got ''" },
    { { name = false }, "list: option 'name': non-empty string expected, got false" },
    { { sure = ("x"):rep(41) },
      "list: option 'sure': boolean expected, got '" .. ("x"):rep(40) .. "...'" },
    { { sure = ("x"):rep(40) }, "list: option 'sure': boolean expected, got '" .. ("x"):rep(40) .. "'" },
  }
  for _, case in ipairs(refusals) do
    it("raises: " .. case[2]:sub(1, 80), function()
      assert.equal(case[2], refusal(case[1]))
    end)
  end

  it("raises at the caller's line", function()
    local function call() options.check(schema, { limits = 1 }, "list") end
    local ok, message = pcall(call)
    assert.is_false(ok)
    assert.matches("options_spec.lua:" .. debug.getinfo(call, "S").linedefined .. ":", message, 1, true)
  end)

  it("shows no values if the options contain secrets", function()
    local text = options.text
    local secret = { aws_secret_access_key = text, aws_session_token = text, region = options.boolean }
    for _, given in ipairs({ { region = "a secret" }, { aws_secret_access_key = 20268 },
      { aws_session_token = 20268 } }) do
      local message = refusal(given, secret)
      assert.not_matches("a secret", message, 1, true)
      assert.not_matches("20268", message, 1, true)
    end
  end)
end)
