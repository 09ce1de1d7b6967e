-- The mutex: order of waiting callers, and release by callers that end early.
local curl = require("dynamodb.transport.curl")
local loop = require("dynamodb.loop")
local mutex = require("dynamodb.loop.mutex")

describe("mutex", function()
  local own, slept
  local transport = {}
  before_each(function()
    own, slept = mutex.new("results"), 0
    transport = { now = function() return 0 end, sleep = function() slept = slept + 1 end }
  end)

  -- A coroutine that holds the mutex until it is resumed.
  local function holder()
    local co = coroutine.create(function() return mutex.call(own, transport, coroutine.yield, "held") end)
    assert.same({ true, "held" }, { coroutine.resume(co) })
    return co
  end

  it("is free at first", function()
    assert.is_false(mutex.wait(own, transport))
    assert.equal(0, slept)
  end)

  it("calls a function like pcall, and is free afterwards", function()
    assert.same({ true, 1, nil, 3 }, { mutex.call(own, transport, function(...) return ... end, 1, nil, 3) })
    assert.same({ false, "oops" }, { mutex.call(own, transport, error, "oops", 0) })
    assert.is_false(mutex.wait(own, transport))
  end)

  it("blocks waiting callers until it is released", function()
    local co = holder()
    function transport.sleep()
      slept = slept + 1
      if slept == 3 then coroutine.resume(co) end
    end
    assert.is_true(mutex.wait(own, transport))
    assert.equal(3, slept)
  end)

  it("lets a waiting task go on at once when it is released", function()
    local order = {}
    loop.run(function()
      loop.spawn(function()
        mutex.call(own, curl, loop.sleep, 0.01)
        order[#order + 1] = "released"
        loop.sleep(0) -- one step: the woken task has its turn in it
        order[#order + 1] = "a step later"
      end)
      loop.spawn(function()
        assert.is_true(mutex.wait(own, curl))
        order[#order + 1] = "woken"
      end)
    end)
    assert.same({ "released", "woken", "a step later" }, order)
  end)

  it("raises instead of blocking for ever when its holder is a task that cannot go on meanwhile", function()
    local message = "results: in use by a task or coroutine that cannot go on while this call blocks"
    loop.run(function()
      local task = loop.spawn(function() mutex.call(own, curl, loop.sleep, 0.02) end)
      loop.sleep(0.001)
      local ok, why = coroutine.wrap(function() return pcall(mutex.wait, own, curl) end)()
      assert.is_false(ok)
      assert.matches(message, why, 1, true)
      task:wait()
      assert.is_false(mutex.wait(own, curl))
    end)
    local co = holder()
    local ok, why = pcall(mutex.wait, own, curl)
    assert.is_false(ok)
    assert.matches(message, why, 1, true)
    coroutine.resume(co)
    assert.is_false(mutex.wait(own, curl))
  end)

  it("ignores a holder that was abandoned, where nothing runs meanwhile", function()
    holder()
    collectgarbage("stop")
    local ok, waited = pcall(mutex.wait, own, curl)
    collectgarbage("restart")
    assert.is_true(ok and waited)
  end)

  it("raises when its holder waits for itself", function()
    local function again()
      local result, why
      mutex.call(own, curl, function() result, why = pcall(mutex.wait, own, curl) end)
      assert.is_false(result)
      assert.matches("results: used again by a function that is called meanwhile", why, 1, true)
    end
    again()
    loop.run(again)
    assert.is_false(mutex.wait(own, curl))
  end)

  it("may be held outside coroutines", function()
    assert.is_true((mutex.call(own, transport, function()
      coroutine.wrap(function()
        function transport.sleep() error("waits", 0) end
        assert.same({ false, "waits" }, { pcall(mutex.wait, own, transport) })
      end)()
    end)))
  end)

  it("is free when its holder has been collected", function()
    holder()
    collectgarbage()
    collectgarbage()
    assert.is_false(mutex.wait(own, transport))
  end)

  if _VERSION == "Lua 5.4" then
    it("is free when its holder was closed", function()
      local co = holder()
      assert.is_true(rawget(coroutine, "close")(co))
      assert.is_false(mutex.wait(own, transport))
    end)
  end

  it("asks the transport whether the holder is alive", function()
    local place, asked = {}, {}
    function transport.place() return place end
    function transport.alive(...)
      asked = { ... }
      return slept < 2
    end
    local co = holder()
    assert.is_true(mutex.wait(own, transport))
    assert.same({ co, place }, asked)
    assert.equal(2, slept)
  end)

  it("is free when the place of its holder (transport.place) was collected", function()
    function transport.place() return {} end
    function transport.alive() return true end
    local co = holder()
    collectgarbage()
    collectgarbage()
    assert.is_true(mutex.wait(own, { now = transport.now, sleep = function() coroutine.resume(co) end }))
  end)
end)
