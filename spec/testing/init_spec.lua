-- The testing kit: its functions, and that nothing loads it unasked.

local files = dofile("spec/support/files.lua")
local helper = dofile("spec/support/helper.lua")

describe("dynamodb.testing", function()
  it("has these functions", function()
    assert.same({ "clock", "faults", "load", "record", "replay", "server", "table" },
      helper.names_of(require("dynamodb.testing")))
  end)

  it("is loaded by who requires it only, and works without busted", function()
    local path = os.tmpname()
    files.write(path, [[
      require("dynamodb")
      for name in pairs(package.loaded) do assert(not name:find("testing")) end
      local testing = require("dynamodb.testing")
      local server = testing.server({ directory = "spec/support" })
      local conn = server:connect()
      local tbl, guard = testing.table(conn)
      print(testing.load(tbl, '{"id":"a"}'))
      guard:delete()
      conn:close()
      server:stop()]])
    local output = files.output_of(("env -u LD_PRELOAD LUA_PATH='%s' LUA_CPATH='%s' '%s' %s 2>&1"):format(package.path,
      package.cpath, os.getenv("LUA"), path))
    os.remove(path)
    assert.equal("1\n", output)
  end)
end)
