-- Polling until a condition holds: the delays between polls, the time limit, and failures in between.
local errors = require("dynamodb.error")
local poll = require("dynamodb.admin.poll")

-- A transport whose clock advances only by sleep, or also by 'cost' seconds at each reading.
local function clock(cost)
  local time, slept = 1000, {}
  return {
    slept = slept,
    now = function()
      time = time + (cost or 0)
      return time
    end,
    sleep = function(seconds)
      slept[#slept + 1] = seconds
      time = time + seconds
    end,
  }
end

-- Returns a counter and a poll function that returns these results in order, then repeats the last one.
local function scripted_poll(...)
  local list = { ... }
  local polled = { count = 0 }
  return polled, function()
    polled.count = polled.count + 1
    local result = list[math.min(polled.count, #list)]
    return result[1], result[2]
  end
end

describe("waiter.poll", function()
  it("does not sleep when the state is reached at once", function()
    local transport = clock()
    local polled, poll_once = scripted_poll({ true })
    assert.is_true(poll.poll({ transport = transport }, 10, "Table(a)", poll_once))
    assert.equal(1, polled.count)
    assert.same({}, transport.slept)
  end)

  it("polls until the state is reached", function()
    local transport = clock()
    local polled, poll_once = scripted_poll({ false, "CREATING" }, { false, "CREATING" }, { true })
    assert.is_true(poll.poll({ transport = transport }, 60, "Table(a)", poll_once))
    assert.equal(3, polled.count)
    assert.equal(2, #transport.slept)
  end)

  it("returns the error of a poll", function()
    local transport, failure = clock(), errors.new({ kind = "network", message = "gone" })
    local polled, poll_once = scripted_poll({ false, "CREATING" }, { nil, failure })
    local reached, err = poll.poll({ transport = transport }, 60, "Table(a)", poll_once)
    assert.is_nil(reached)
    assert.is_true(rawequal(failure, err))
    assert.equal(2, polled.count)
  end)

  for _, timeout in ipairs({ 0.001, 0.3, 1, 60, 300 }) do
    it(("gives up after %g seconds"):format(timeout), function()
      local transport = clock()
      local polled, poll_once = scripted_poll({ false, "CREATING" })
      local reached, err = poll.poll({ transport = transport }, timeout, "Table(a)", poll_once)
      assert.is_nil(reached)
      assert.is_true(errors.is(err))
      assert.equal("timeout", err.kind)
      assert.is_true(err.retryable)
      assert.is_false(err.ambiguous)
      assert.equal(("Table(a): still CREATING after %g seconds"):format(timeout), err.message)
      assert.is_true(polled.count >= 2) -- the last poll is at the deadline
      local waited = transport.now() - 1000
      assert.is_true(math.abs(waited - timeout) < 1e-6, "waited " .. waited)
    end)
  end

  it("reports the last state", function()
    local _, poll_once = scripted_poll({ false, "CREATING" }, { false, "UPDATING" })
    local _, err = poll.poll({ transport = clock() }, 5, "Table(a)", poll_once)
    assert.matches("still UPDATING", err.message, 1, true)
  end)

  it("doubles its sleep up to 20 seconds, of which half is random", function()
    local transport = clock()
    local _, poll_once = scripted_poll({ false, "CREATING" })
    poll.poll({ transport = transport }, 1000, "Table(a)", poll_once)
    local expected, chances = 0.5, {}
    for i = 1, #transport.slept - 1 do -- the last sleep ends at the deadline
      local slept = transport.slept[i]
      assert.is_true(slept >= expected / 2 and slept <= expected, ("sleep %d: %g"):format(i, slept))
      chances[slept / expected] = true
      expected = math.min(expected * 2, 20)
    end
    local distinct = 0
    for _ in pairs(chances) do distinct = distinct + 1 end
    assert.is_true(distinct > 10)
  end)

  it("counts the time that polls take", function()
    local transport = clock(3)
    local polled, poll_once = scripted_poll({ false, "CREATING" })
    local _, err = poll.poll({ transport = transport }, 10, "Table(a)", poll_once)
    assert.equal("timeout", err.kind)
    assert.is_true(polled.count <= 5)
  end)
end)
