-- The known name that is nearest to a misspelt one.

local spelling = require("dynamodb.base.spelling")

describe("spelling", function()
  local names = { "aws_access_key_id", "consistent_read", "deadline", "max_requests", "max_results", "region", "request_limit" }

  for given, expected in pairs({
    regoin = "region", Region = "region", region_name = "region", ConsistentRead = "consistent_read",
    ["consistent-read"] = "consistent_read", limit = "request_limit", max_result = "max_results", deadlin = "deadline",
    access_key_id = "aws_access_key_id", dealine = "deadline",
  }) do
    it(("takes '%s' for '%s'"):format(given, expected), function()
      assert.equal(expected, spelling.nearest(given, names))
    end)
  end

  it("suggests two options for a name of other clients that has two here", function()
    assert.equal("did you mean 'max_results' or 'request_limit'?", spelling.suggest("Limit", names))
    assert.equal("did you mean 'limits'?", spelling.suggest("limit", { "limits", "request_limit" }))
    assert.equal("did you mean 'region'?", spelling.suggest("regoin", names))
    assert.is_nil(spelling.suggest("zzzzzz", names))
    assert.is_nil(spelling.suggest(5, names))
  end)

  it("takes unlike names for none", function()
    for _, given in ipairs({ "n", "id", "filter", "zzzzzz", "", 5, true, ("x"):rep(1e5) }) do
      assert.is_nil(spelling.nearest(given, names))
    end
  end)
end)
