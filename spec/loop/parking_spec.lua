-- Waiting tasks when memory or the poller fails: no task is lost, and the loop goes on.
local curl = require("dynamodb.transport.curl")
local dynamodb = require("dynamodb")
local event = require("dynamodb.loop.event")
local failures = dofile("spec/support/memory_failures.lua")
local helper = dofile("spec/support/helper.lua")
local loop = require("dynamodb.loop")
local parking = require("dynamodb.loop.parking")
local scheduler = require("dynamodb.loop.scheduler")

describe("a loop in which memory runs out", function()
  -- Asserts that no task is left in the loop that all share.
  local function assert_empty()
    loop.run()
    local common = loop.run(function() return loop.task().loop end)
    assert.is_nil(next(common.tasks))
    assert.same({ 0, false, false, 0 }, { common.timers.count, common.first, common.last, common.root.live })
    assert.is_nil(next(common.sockets))
  end

  -- Runs the operation with each of its allocations failing, and afterwards without failures.
  local function survive(operation)
    local function whole() assert.equal("done", (operation())) end
    local count = failures.each(11, operation, function(n)
      local ok, err = pcall(whole)
      assert(ok, ("after failure %d: %s"):format(n, tostring(err)))
      assert_empty()
    end)
    assert.is_true(count > 3)
  end

  it("runs tasks afterwards", function()
    survive(function()
      return loop.run(function()
        local tasks = {}
        for i = 1, 3 do tasks[i] = loop.spawn(loop.sleep, i / 100000) end
        for i = 1, 3 do tasks[i]:wait() end
        return "done"
      end)
    end)
  end)

  it("gathers afterwards, and no call stays behind", function()
    survive(function()
      local calls, shared, is_over = {}, event.new(), false
      for i = 1, 5 do
        calls[i] = function()
          if i == 5 then
            loop.sleep(0)
            is_over = true
            shared:notify()
          end
          shared:wait_until(curl, curl.now() + 0.01, function() return is_over end)
          return "done"
        end
      end
      local results, errs = dynamodb.gather(calls, { deadline = 2 })
      if errs then error(errs[next(errs)], 0) end
      return results[3]
    end)
  end)

  it("starts and cancels tasks afterwards", function()
    survive(function()
      return loop.run(function()
        local task = loop.spawn(loop.sleep, 60):deadline(60)
        local other = loop.spawn(loop.sleep, 60):deadline(0)
        loop.sleep(0)
        task:cancel()
        local _, err = task:wait()
        assert(err.code == "Cancelled")
        _, err = other:wait()
        assert(err.code == "Cancelled")
        return "done"
      end)
    end)
  end)
end)

describe("a loop that raised", function()
  it("ends what it has started, and leaves no task behind", function()
    local ended = {}
    local ok, err = pcall(dynamodb.gather, {
      function()
        local good, why = pcall(function() event.new():wait_until(curl, math.huge, function() end, math.huge) end)
        ended[#ended + 1] = { good, why.code }
      end,
    })
    assert.is_false(ok)
    assert.matches("deadlock", err, 1, true)
    assert.same({ { false, "Cancelled" } }, ended)
    loop.run(function() assert.is_nil(next(loop.task().loop.tasks, (next(loop.task().loop.tasks)))) end)
  end)

  it("wakes the other waiting tasks of a task that has ended when waking one of them raises", function()
    local own, run, woken = scheduler.new(), scheduler.run(), {}
    local first = scheduler.spawn(own, run, function() loop.sleep(0.001) end)
    local is_raising = true
    first.waiters[1] = { wake = function()
      if is_raising then error("not enough memory", 0) end
    end }
    scheduler.spawn(own, run, function()
      local waiter = scheduler.waiter(parking.running())
      first.waiters[2] = waiter
      woken[1] = waiter:wait(math.huge)
    end)
    local function is_over() return run.live == 0 end
    assert.error_matches(function() scheduler.drive(own, is_over, curl.now() + 5) end, "not enough memory", 1, true)
    assert.same({}, woken)
    is_raising = false
    scheduler.drive(own, is_over, curl.now() + 5)
    assert.same({ { true }, 0 }, { woken, run.live })
    scheduler.close(own)
  end)
end)

describe("a loop whose poller fails", function()
  local native = require("dynamodb.curl")
  local poller = native.poller
  after_each(function() native.poller = poller end)

  -- Calls f with a loop of its own, as a coroutine inside a task has.
  local function in_own_loop(f)
    return loop.run(function() return coroutine.wrap(f)() end)
  end

  it("returns the error of each call, and of run", function()
    native.poller = function() return nil, "epoll_create1: Too many open files" end
    in_own_loop(function()
      local results, errs = dynamodb.gather({ function() return 1 end, function() return 2 end })
      assert.same({ n = 2 }, results)
      for i = 1, 2 do
        assert.same({ "network", "epoll_create1: Too many open files", true },
          { errs[i].kind, errs[i].message, errs[i].retryable })
      end
      local value, err = loop.run(function() return 1 end)
      assert.is_nil(value)
      assert.equal("network", err.kind)
    end)
  end)

  it("returns the error of waits, and goes on when it no longer fails", function()
    local fails = true
    native.poller = function()
      local real = poller()
      return setmetatable({ step = function(_, ...)
        if fails then return nil, "epoll_wait: Cannot allocate memory" end
        return real:step(...)
      end, close = function() real:close() end }, { __index = function(_, name)
        return function(_, ...) return real[name](real, ...) end
      end })
    end
    in_own_loop(function()
      local _, errs = dynamodb.gather({ function() loop.sleep(60) end })
      assert.same({ "network", "epoll_wait: Cannot allocate memory" }, { errs[1].kind, errs[1].message })
      fails = false
      assert.equal(1, (loop.run(function()
        loop.sleep(0)
        return 1
      end)))
    end)
  end)

  it("returns an error when a socket cannot be watched", function()
    native.poller = function()
      local real = poller()
      return setmetatable({ watch = function() return nil, "epoll_ctl: No space left on device" end },
        { __index = function(_, name) return function(_, ...) return real[name](real, ...) end end })
    end
    local connection = helper.connect({ max_attempts = 1 })
    in_own_loop(function()
      local _, errs = dynamodb.gather({ function() return connection:list_tables() end })
      assert.same({ "network", "epoll_ctl: No space left on device" }, { errs[1].kind, errs[1].message })
    end)
    assert(connection:list_tables())
    connection:close()
  end)
end)
