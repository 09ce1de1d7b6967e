-- Trimming and shortening texts.
local text = require("dynamodb.base.text")

describe("text", function()
  for _, case in ipairs({ { "", "" }, { " \t\n ", "" }, { "a", "a" }, { " a b\tc \n", "a b\tc" }, { "a  ", "a" }, { "  a", "a" },
    { "\0 a \0", "\0 a \0" }, { "é ", "é" } }) do
    it(("is trimmed: %q"):format(case[1]), function() assert.equal(case[2], text.trim(case[1])) end)
  end

  it("is shown whole up to 200 bytes, and cut between characters beyond", function()
    assert.equal("", text.shown(""))
    assert.equal(("x"):rep(200), text.shown(("x"):rep(200)))
    assert.equal(("x"):rep(200) .. "...", text.shown(("x"):rep(201)))
    assert.equal(("é"):rep(99) .. "...", text.shown(("é"):rep(101)))
    assert.equal(1, select("#", text.shown(("x"):rep(201))))
  end)
end)
