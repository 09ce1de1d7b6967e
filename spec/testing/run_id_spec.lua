-- The random part of the names of tables.

describe("the id of a run", function()
  it("stays the same, and differs in another Lua state", function()
    local run_id = require("dynamodb.testing.run_id")
    assert.matches("^%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x$", run_id())
    assert.equal(run_id(), run_id())
    package.loaded["dynamodb.testing.run_id"] = nil
    assert.not_equal(run_id(), require("dynamodb.testing.run_id")())
  end)
end)
