-- What the C modules export.
local core = require("dynamodb.core")
local curl = require("dynamodb.transport.curl")

describe("core.now", function()
  it("goes forward, as the clock of libcurl's transport does", function()
    local before = core.now()
    curl.sleep(0.05)
    local took = core.now() - before
    assert.is_true(took >= 0.049 and took < 5, took .. " seconds")
    assert.is_true(math.abs(core.now() - curl.now()) < 1)
  end)
end)
