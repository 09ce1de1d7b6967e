local version = require("dynamodb.base.version")

describe("version", function()
  it("has three numbers", function()
    assert.matches("^%d+%.%d+%.%d+$", version)
  end)

  it("is what the library tells", function()
    assert.equal(version, require("dynamodb")._VERSION)
  end)
end)
