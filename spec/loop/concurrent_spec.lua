-- Concurrent calls through a transport. The public function is in spec/gather_spec.lua.

local concurrent = require("dynamodb.loop.concurrent")
local helper = dofile("spec/support/helper.lua")

describe("concurrent.run", function()
  it("calls sequentially with a transport that has no gather", function()
    local fake, order = helper.fake(), {}
    local function call(i)
      return function()
        order[#order + 1] = i
        fake.sleep(1)
        if i == 2 then error("oops", 0) end
        return i, nil
      end
    end
    local results = concurrent.run(fake, { call(1), call(2), call(3), call(4) }, 4, fake.now() + 2.5)
    assert.same({ 1, 2, 3 }, order)
    assert.same({ n = 3, true, 1 }, results[1])
    assert.same({ n = 2, false, "oops" }, results[2])
    assert.same({ n = 3, true, 3 }, results[3])
    assert.same({ false, "timeout" }, { results[4][1], results[4][2].kind })
    assert.equal(3, #concurrent.run(fake, { call(1), call(2), call(3) }))
  end)

  it("calls the gather of the transport", function()
    local arguments
    local fake = { gather = function(...)
      arguments = { ... }
      return "done"
    end }
    local calls = {}
    assert.equal("done", concurrent.run(fake, calls, 7, 8))
    assert.same({ calls, 7, 8 }, arguments)
  end)
end)
