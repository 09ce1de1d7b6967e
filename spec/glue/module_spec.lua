-- The exports of the C modules.
local core = require("dynamodb.core")
local curl = require("dynamodb.transport.curl")

describe("core.now", function()
  it("advances like the clock of libcurl's transport", function()
    local before = core.now()
    curl.sleep(0.05)
    local took = core.now() - before
    assert.is_true(took >= 0.049 and took < 5, took .. " seconds")
    assert.is_true(math.abs(core.now() - curl.now()) < 1)
  end)
end)
