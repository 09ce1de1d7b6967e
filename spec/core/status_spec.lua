-- Every status code of the C core has a text.
describe("core status", function()
  local status = require("probe").status

  it("has a text for each status and for unknown ones", function()
    local texts = { "no error", "out of memory", "too large", "invalid input", "OpenSSL failed", "unknown status" }
    for i, text in ipairs(texts) do assert.equal(text, status.text(i - 1)) end
  end)

  it("formats the error's text and returns the status", function()
    local number, text = status.fail(3, "no such thing")
    assert.equal(3, number)
    assert.equal("no such thing!", text)
  end)

  it("cuts the text at its limit", function()
    local _, text = status.fail(2, ("x"):rep(1000))
    assert.equal(("x"):rep(255), text)
  end)
end)
