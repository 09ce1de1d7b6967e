-- Differences between values, as lines.

local difference = require("dynamodb.testing.difference")
local dynamodb = require("dynamodb")

describe("a difference", function()
  for name, case in pairs({
    ["none"] = { { a = 1, b = { "x" } }, { a = 1.0, b = dynamodb.list({ "x" }) }, {} },
    ["equal numbers of different kinds"] = { { n = dynamodb.number("1") }, { n = 1 }, {} },
    ["a value"] = { { a = 1 }, { a = "1" }, { 'a: expected 1, got "1"' } },
    ["an absent value"] = { { a = 1, b = 2 }, { a = 1 }, { "b: expected 2, got nothing" } },
    ["a surplus value"] = { {}, { a = true }, { "a: not expected, got true" } },
    ["nested values"] = { { a = { b = { { c = 1 }, 5 } } }, { a = { b = { { c = 2 } } } },
      { "a.b[1].c: expected 1, got 2", "a.b[2]: expected 5, got nothing" } },
    ["odd names"] = { { ["a b"] = { ["1"] = 2 } }, { ["a b"] = { ["1"] = 3 } }, { '["a b"]["1"]: expected 2, got 3' } },
    ["sets"] = { { s = dynamodb.set({ 1, 2 }) }, { s = dynamodb.set({ 2 }) },
      { "s: expected dynamodb.set({ 1, 2 }), got dynamodb.set({ 2 })" } },
    ["a list and a map"] = { { l = dynamodb.list({}) }, { l = dynamodb.map({}) },
      { "l: expected dynamodb.list({}), got dynamodb.map({})" } },
  }) do
    it("is told: " .. name, function()
      assert.same(case[3], difference.lines(case[1], case[2]))
    end)
  end

  it("is short", function()
    local lines = difference.lines({ a = ("x"):rep(1000) }, {})
    assert.is_true(#lines[1] < 250)
    local many = {}
    for i = 1, 25 do many["a" .. i] = i end
    local text = difference.text(difference.lines(many, {}))
    assert.matches("^  a1: expected 1, got nothing\n", text)
    assert.matches("\n  and 5 more$", text)
  end)
end)
