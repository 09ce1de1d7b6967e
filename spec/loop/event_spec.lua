-- Events in tasks of the loop, in coroutines that the spec resumes, and with a transport without waiters.

local curl = require("dynamodb.transport.curl")
local dynamodb = require("dynamodb")
local event = require("dynamodb.loop.event")
local helper = dofile("spec/support/helper.lua")

local loop = dynamodb.loop

describe("an event", function()
  it("resumes a waiting task at once when it is notified", function()
    local own, done, order = event.new(), false, {}
    loop.run(function()
      local waiter = loop.spawn(function()
        assert.is_true(own:wait_until(curl, curl.now() + 60, function() return done end))
        order[#order + 1] = "woken"
      end)
      loop.spawn(function()
        local timer = curl.now() + 0.01
        loop.sleep(0.01)
        done = true
        assert.is_true(curl.now() >= timer)
        assert.is_true(own:notify())
        order[#order + 1] = "notified"
        loop.sleep(0) -- the woken task runs in this step
        order[#order + 1] = "a step later"
      end)
      waiter:wait()
    end)
    assert.same({ "notified", "woken", "a step later" }, order)
  end)

  it("wakes all waiting tasks once", function()
    local own, done, woken = event.new(), false, 0
    loop.run(function()
      for _ = 1, 10 do
        loop.spawn(function()
          own:wait_until(curl, math.huge, function() return done end)
          woken = woken + 1
        end)
      end
      loop.sleep(0.001)
      done = true
      own:notify()
      assert.equal(10, own.count)
    end)
    assert.equal(10, woken)
    assert.equal(0, own.count)
    assert.is_false(own:notify())
  end)

  it("checks its condition before it waits", function()
    assert.is_true(event.new():wait_until(helper.fake(), 0, function() return true end))
  end)

  it("stops waiting at the deadline", function()
    local fake = helper.fake()
    assert.is_false(event.new():wait_until(fake, fake.now() + 1.5, function() return false end))
    assert.near(1001.5, fake.now(), 1e-9)
  end)

  it("checks periodically without a notification, because the notifying task may have been killed", function()
    local checks, start = 0, curl.now()
    loop.run(function()
      assert.is_true(event.new():wait_until(curl, math.huge, function()
        checks = checks + 1
        return checks == 3
      end))
    end)
    assert.is_true(curl.now() - start < 30)
  end)

  it("sleeps at most 0.1 s between checks when there is no waiter", function()
    local fake, sleeps = helper.fake(), {}
    function fake.sleep(seconds)
      sleeps[#sleeps + 1] = seconds
      fake.clock = fake.clock + seconds
    end
    event.new():wait_until(fake, math.huge, function() return #sleeps == 10 end)
    assert.near(0.001, sleeps[1], 1e-9)
    assert.near(0.002, sleeps[2], 1e-9)
    assert.near(0.1, sleeps[10], 1e-9)
  end)

  it("forgets a task that was cancelled while it waited", function()
    local own = event.new()
    loop.run(function()
      local task = loop.spawn(function() own:wait_until(curl, math.huge, function() return false end) end)
      loop.sleep(0.001)
      task:cancel()
    end)
    assert.equal(0, own.count)
    assert.is_false(own:notify())
  end)

  it("keeps no entry of a wait that is over", function()
    local own, done = event.new(), {}
    loop.run(function()
      loop.spawn(function() own:wait_until(curl, math.huge, function() return done.long end) end)
      loop.sleep(0)
      for i = 1, 200 do
        loop.spawn(function() own:wait_until(curl, math.huge, function() return done[i] end) end)
        loop.sleep(0)
        done[i] = true
        own:notify()
        loop.sleep(0)
        assert.equal(1, own.count)
      end
      done.long = true
      own:notify()
    end)
    assert.same({ 0, false, false }, { own.count, own.first, own.last })
  end)

  it("tells where waiting blocks: outside of tasks, and in coroutines inside a task", function()
    local function blocks() return event.blocks(curl) end
    assert.is_true(blocks())
    loop.run(function()
      assert.is_false(blocks())
      assert.is_true(coroutine.wrap(blocks)())
    end)
    assert.is_false(event.blocks({}))
  end)

  it("wakes in the order of arrival after other tasks have left", function()
    local own, order, done = event.new(), {}, {}
    loop.run(function()
      for i = 1, 60 do
        loop.spawn(function()
          own:wait_until(curl, math.huge, function() return done[i] or done.all end)
          order[#order + 1] = i
        end)
      end
      loop.sleep(0.001)
      for i = 2, 59 do done[i] = true end
      own:notify()
      loop.sleep(0)
      loop.spawn(function()
        own:wait_until(curl, math.huge, function() return done.all end)
        order[#order + 1] = "last"
      end)
      loop.sleep(0.001)
      assert.equal(3, own.count)
      done.all = true
      own:notify()
    end)
    assert.same({ 2, 3, 59, 1, 60, "last" }, { order[1], order[2], order[58], order[59], order[60], order[61] })
  end)
end)
