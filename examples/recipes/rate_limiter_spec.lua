-- Tests of the rate limiter, by the testing kit. Run them with: busted examples/recipes/rate_limiter_spec.lua

local rate_limiter = dofile("examples/recipes/rate_limiter.lua")
local testing = require("dynamodb.testing")

describe("the rate limiter", function()
  local server, clock, faults, conn, tbl, limiter, start

  setup(function() server = testing.server() end)

  before_each(function()
    clock = testing.clock()
    faults = testing.faults(clock.transport)
    conn = server:connect({ transport = faults.transport })
    tbl = testing.table(conn, rate_limiter.key)
    limiter = rate_limiter.new(tbl, { limit = 3, window = 60, now = clock.transport.time })
    clock:advance(60 - clock.transport.time() % 60)
    start = clock.transport.time()
  end)

  after_each(function() conn:close() end)

  local function hit(name, times)
    for _ = 1, times do assert.is_true(limiter:hit(name)) end
  end

  it("allows as many hits as the limit, and says when the next one is allowed", function()
    hit("ann", 3)
    clock:advance(20)
    assert.same({ false, 40 }, { limiter:hit("ann") })
    assert.same({ false, 40 }, { limiter:hit("ann") })
    assert.stored(tbl, "ann " .. start, { id = "ann " .. start, hits = 3, expires = start + 120 })
  end)

  it("counts each name for itself, and each window", function()
    hit("ann", 3)
    hit("bob", 3)
    clock:advance(60)
    hit("ann", 3)
    assert.same({ false, 60 }, { limiter:hit("ann") })
  end)

  it("never allows more when a response is lost: the hit may count twice", function()
    faults:add({ operation = "UpdateItem", lost_response = true })
    hit("ann", 2)
    assert.equal(3, faults:count("UpdateItem"))
    assert.is_false((limiter:hit("ann")))
  end)

  it("refuses a hit whose lost response was the last one allowed", function()
    hit("ann", 2)
    faults:add({ operation = "UpdateItem", lost_response = true })
    assert.is_false((limiter:hit("ann")))
    assert.is_false((limiter:hit("ann")))
  end)

  it("counts a hit once when the request is lost", function()
    faults:add({ operation = "UpdateItem", lost_request = true })
    hit("ann", 3)
    assert.equal(4, faults:count("UpdateItem"))
    assert.is_false((limiter:hit("ann")))
  end)

  it("does not keep the caller waiting for a slow service", function()
    faults:add({ operation = "UpdateItem", delay = 3 })
    local before = clock:now()
    local allowed, err = limiter:hit("ann")
    assert.is_nil(allowed)
    assert.equal("timeout", err.kind)
    assert.near(0.5, clock:now() - before, 0.001)
  end)

  it("tells the caller when the table is throttled", function()
    faults:add({ operation = "UpdateItem", times = math.huge,
      throttle = { reason = "KeyRangeThroughputExceeded", resource = "limits" } })
    local before = clock:now()
    local allowed, err = limiter:hit("ann")
    assert.is_nil(allowed)
    assert.is_true(err.throttled)
    assert.equal("KeyRangeThroughputExceeded", err.throttling_reasons[1].reason)
    assert.is_true(clock:now() - before <= 0.5)
  end)
end)
