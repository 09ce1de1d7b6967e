-- Transports around other transports.

local helper = dofile("spec/support/helper.lua")
local transports = require("dynamodb.testing.transports")

describe("a wrapped transport", function()
  it("gives its functions the socket of the inner one", function()
    local closed
    local inner = { close = function(socket) closed = socket end, now = function() return 5 end }
    local wrapped = transports.wrap(inner, { send = print })
    wrapped.close({ inner = "socket" })
    assert.equal("socket", closed)
    wrapped.close({})
    assert.equal("socket", closed)
    assert.equal(5, wrapped.now())
    assert.equal(print, wrapped.send)
    assert.is_nil(wrapped.keep)
  end)

  it("is taken off for the kit's own requests, when it disturbs them", function()
    local a, b, c = {}, {}, {}
    assert.equal(b, transports.disturb(b, a))
    transports.disturb(c, b)
    assert.equal(a, transports.undisturbed(c))
    assert.equal(a, transports.undisturbed(a))
  end)

  it("is checked", function()
    local fake = helper.fake()
    assert.equal(fake, transports.given(fake, "f"))
    assert.equal(require("dynamodb.transport.auto"), transports.given(nil, "f"))
    assert.error_matches(function() transports.given("curl", "f") end, "f: transport (table with the functions close, connect", 1,
      true)
  end)
end)
