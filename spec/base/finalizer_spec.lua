-- Functions that are called when an object is collected, or when the Lua state is closed.

local files = dofile("spec/support/files.lua")
local finalizer = require("dynamodb.base.finalizer")
local helper = dofile("spec/support/helper.lua")

describe("finalizer", function()
  it("calls the function once, when the object that keeps it is collected, to which the function may refer", function()
    local called = {}
    local object = { name = "a" }
    object.guard = finalizer.new(function() called[#called + 1] = object.name end)
    helper.collect()
    assert.same({}, called)
    object = { name = "b", first = object } -- the upvalue, too
    helper.collect()
    assert.same({}, called)
    object.first = nil
    helper.collect()
    assert.same({ "b" }, called)
  end)

  it("calls it when the Lua state is closed", function()
    local script = "local kept = require('dynamodb.base.finalizer').new(function() print('closed') end) print('end', kept ~= nil)"
    local command = ("LUA_PATH='%s' LUA_CPATH='%s' '%s' -e \"%s\""):format(package.path, package.cpath, os.getenv("LUA"), script)
    assert.equal("end\ttrue\nclosed\n", files.output_of(command))
  end)
end)
