-- The version is the same in the rockspec, the C modules and the Lua module.
local version = require("dynamodb.base.version")

describe("version", function()
  it("has three numbers", function()
    assert.matches("^%d+%.%d+%.%d+$", version)
  end)

  it("is that of the library", function()
    assert.equal(version, require("dynamodb")._VERSION)
  end)
end)
