-- The rate limiters of the adaptive mode, beyond the vectors that spec/request/retry_spec.lua runs.

local limiter = require("dynamodb.request.limiter")

describe("a limiter", function()
  it("holds nothing back before the first throttling", function()
    local own = limiter.new(0)
    for _ = 1, 100 do limiter.take(own) end
    assert.equal(0, limiter.wait(own, 0))
    assert.equal(0, own.tokens)
  end)

  it("begins at 0.7 of the rate that it is given", function()
    local own = limiter.new(10, 100)
    limiter.adapt(own, 10, true)
    assert.near(70, own.rate, 1e-9)
    assert.near(1 / 70, limiter.wait(own, 10), 1e-9)
  end)

  it("lets attempts that wait go at their times when the rate changes: later ones follow them", function()
    local own = limiter.new(10, 100)
    limiter.adapt(own, 10, true)
    for _ = 1, 70 do limiter.take(own) end -- the last of them goes after a second
    limiter.adapt(own, 10, true)
    assert.near(49, own.rate, 1e-9)
    assert.near(1 + 1 / 49, limiter.wait(own, 10), 1e-9)
  end)

  it("estimates the rate before half a second has been measured", function()
    local own = limiter.new(10)
    for _ = 1, 20 do limiter.adapt(own, 10.1, false) end
    assert.equal(0, own.measured)
    assert.near(40, limiter.estimate(own, 10.2), 1e-9)
    limiter.adapt(own, 11, false)
    assert.near(16.8, limiter.estimate(own, 11), 1e-9)
  end)
end)
