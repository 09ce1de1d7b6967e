-- One hot key of 1,000 in simulated time: with the reasons of the service it alone is slowed down.

local simulate = dofile("bench/throttling_simulation.lua")

describe("a hot key among 1,000", function()
  local function run(given)
    given.keys, given.seconds, given.hot, given.others, given.limit = 1000, 5, 250, 250, 50
    return simulate(given)
  end

  it("leaves the others at full rate in adaptive mode, and is itself served at what is allowed", function()
    local found = run({ reasons = true })
    assert.near(250, found.others.served, 1e-6)
    assert.equal(0, found.others.failed)
    assert.near(0.005, found.others.p99, 1e-6)
    assert.is_true(found.hot.served > 25 and found.hot.served < 60, found.hot.served)
    assert.is_true(found.throttled < 100, found.throttled)
    assert.equal(1, #found.throttles)
    assert.equal("key", found.throttles[1].scope)
    assert.is_true(found.throttles[1].rate < 100)
  end)

  it("slows down all without reasons", function()
    local found = run({ reasons = false })
    assert.is_true(found.others.served < 150, found.others.served)
    assert.equal("connection", found.throttles[1].scope)
  end)

  it("is asked again and again in mode standard", function()
    local found = run({ reasons = true, mode = "standard" })
    assert.near(250, found.others.served, 1e-6)
    assert.is_true(found.throttled > 500, found.throttled)
  end)
end)
