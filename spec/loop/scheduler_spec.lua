-- The scheduler: turns, waiting for sockets and timers, errors in tasks, and forks.
local scripted = dofile("spec/support/scripted_server.lua")
local curl = require("dynamodb.transport.curl")
local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")
local loop = require("dynamodb.loop")
local process = require("probe").process
local scheduler = require("dynamodb.loop.scheduler")

-- Calls the function in a forked child and asserts that it succeeds. The child exits normally so that coverage data is written.
-- Under a sanitizer it exits without finalizers, because the remaining objects would be reported as leaks.
local function in_child(f)
  io.stdout:flush()
  local pid = process.fork()
  if pid == 0 then
    local ok, err = pcall(f)
    if not ok then io.stderr:write("in the child: ", tostring(err), "\n") end
    local exit = helper.sanitized() and process.exit or os.exit
    exit(ok and 0 or 1)
  end
  assert.equal(0, process.wait(pid))
end

describe("a waiter", function()
  it("is woken, before it waits or while it does", function()
    loop.run(function()
      local waiter = scheduler.waiter(loop.task())
      assert.is_true(waiter:wake())
      assert.is_true(waiter:wait(math.huge))
      local other
      local task = loop.spawn(function()
        other = scheduler.waiter(loop.task())
        return other:wait(math.huge)
      end)
      loop.sleep(0)
      assert.is_true(other:wake())
      assert.is_true((task:wait()))
    end)
  end)

  it("reports that its task no longer waits", function()
    loop.run(function()
      local waiter = scheduler.waiter(loop.task())
      assert.is_false(waiter:wait(curl.now() + 0.01))
      assert.is_false(waiter:wake())
      local other
      local task = loop.spawn(function()
        other = scheduler.waiter(loop.task())
        other:wait(math.huge)
      end)
      loop.sleep(0)
      task:cancel()
      assert.is_false(other:wake())
      task:wait()
      assert.is_false(other:wake())
    end)
  end)

  it("wakes without allocating, so that a lack of memory loses no task", function()
    loop.run(function()
      local waiters, woken = {}, 0
      for i = 1, 300 do
        loop.spawn(function()
          waiters[i] = scheduler.waiter(loop.task())
          waiters[i]:wait(math.huge)
          woken = woken + 1
        end)
      end
      loop.sleep(0)
      if jit then jit.off() end -- compilation and exits from compiled code allocate
      if jit then jit.flush() end
      local hook, mask, every = debug.gethook() -- the hook of line coverage allocates
      debug.sethook()
      collectgarbage()
      collectgarbage("stop")
      local before = collectgarbage("count")
      for i = 1, 300 do waiters[i]:wake() end
      local grown = collectgarbage("count") - before
      collectgarbage("restart")
      debug.sethook(hook, mask, every)
      if jit then jit.on() end
      loop.sleep(0)
      assert.equal(0, grown)
      assert.equal(300, woken)
    end)
  end)

  it("does not keep a task alive after its turn", function()
    loop.run(function()
      local seen = setmetatable({}, { __mode = "k" })
      local kept = loop.spawn(function() end)
      for _ = 1, 10 do seen[loop.spawn(function() end)] = true end
      kept:wait()
      loop.sleep(0)
      helper.collect()
      assert.is_nil(next(seen))
      assert.is_table(kept)
    end)
  end)

  it("may be woken at its deadline", function()
    loop.run(function()
      local waiter
      local deadline = curl.now() + 0.02
      local task = loop.spawn(function()
        waiter = scheduler.waiter(loop.task())
        return waiter:wait(deadline)
      end)
      loop.spawn(function()
        loop.sleep(0)
        require("dynamodb.curl").sleep(0.03)
        loop.sleep(0) -- both tasks get a turn
        waiter:wake()
      end)
      assert.is_boolean((task:wait()))
    end)
  end)
end)

describe("a task", function()
  it("that was woken early waits for the full time afterwards", function()
    loop.run(function()
      local waiter
      local task = loop.spawn(function()
        waiter = scheduler.waiter(loop.task())
        waiter:wait(curl.now() + 0.02)
        local start = curl.now()
        loop.sleep(0.08)
        return curl.now() - start
      end)
      loop.sleep(0)
      waiter:wake()
      assert.is_true((task:wait()) >= 0.08)
    end)
  end)
end)

describe("after a fork", function()
  after_each(scripted.stop)

  it("the child has an empty loop", function()
    local connection = helper.connect()
    local transport_calls = 3
    loop.run(function() assert(connection:list_tables()) end)
    in_child(function()
      assert(loop.run(function()
        for _ = 1, transport_calls do assert(connection:list_tables()) end
        return true
      end))
    end)
    assert(connection:list_tables())
    loop.run(function() assert(connection:list_tables()) end)
    assert.equal(1, connection:stats().connections_opened)
    connection:close()
  end)

  it("the child does not use the parent's connections", function()
    for _, url in ipairs({ helper.endpoint(), os.getenv("DYNAMODB_TLS_ENDPOINT") }) do
      local connection = helper.connect({ endpoint_url = url, ca_bundle = os.getenv("DYNAMODB_TLS_CA"), max_attempts = 1 })
      local calls = {}
      for i = 1, 8 do calls[i] = function() return connection:list_tables() end end
      local _, errs = dynamodb.gather(calls)
      assert.is_nil(errs)
      assert(connection:list_tables())
      local opened = connection:stats().connections_opened
      local pool = select(2, next(require("dynamodb.core").connection_state(connection).running.pools))
      local socket = next(pool.connections).socket
      in_child(function()
        for _, call in ipairs({ "send", "receive" }) do
          local done, kind, why = socket[call](socket, "x", 1)
          assert(not done and kind == "network" and why == "the connection was opened before a fork")
        end
        local _, bad = dynamodb.gather(calls)
        assert(not bad, bad and next(bad))
        assert(connection:list_tables())
        assert(connection:stats().connections_opened > opened)
        connection:close()
        collectgarbage()
        collectgarbage()
      end)
      for _ = 1, 2 do
        errs = select(2, dynamodb.gather(calls))
        assert.is_nil(errs)
        assert(connection:list_tables())
      end
      assert.equal(opened, connection:stats().connections_opened)
      connection:close()
    end
  end)

  it("only the task that has forked continues in the child", function()
    local connection = helper.connect()
    local others, pid = 0, nil
    local ok = pcall(loop.run, function()
      for i = 1, 5 do
        loop.spawn(function()
          while not pid do
            assert(connection:list_tables())
            loop.sleep(0.001 * i)
          end
          others = others + 1
        end)
      end
      local waited = loop.spawn(loop.sleep, 0.05)
      loop.sleep(0.02)
      pid = process.fork()
      if pid > 0 then return end
      local good, err = pcall(function()
        assert(connection:list_tables())
        loop.sleep(0.05)
        assert(connection:list_tables())
        assert(others == 0)
        local _, left = waited:wait()
        assert(left.message == "left behind by a fork")
        assert(loop.spawn(function() return connection:list_tables() end):wait())
      end)
      if not good then io.stderr:write("in the child: ", tostring(err), "\n") end
      process.exit(good and 0 or 1)
    end)
    assert.is_true(ok)
    assert.equal(5, others)
    assert.equal(0, process.wait(pid))
    assert(connection:list_tables())
    connection:close()
  end)

  it("the child gets a new descriptor for other loops", function()
    loop.fd()
    in_child(function()
      loop.spawn(loop.sleep, 0.01)
      assert(loop.fd() > 2)
      while loop.step(1) > 0 do loop.step(0) end
    end)
    loop.spawn(loop.sleep, 0.01)
    while loop.step(1) > 0 do loop.step(0) end
  end)

  it("a child may fork while it connects", function()
    local server = scripted.start({}, { full = true })
    local pid
    loop.run(function()
      local stuck = loop.spawn(function() return curl.connect({ url = server.endpoint_url }, 30) end)
      loop.sleep(0.02)
      pid = process.fork()
      if pid == 0 then
        collectgarbage()
        collectgarbage()
        process.exit(pcall(loop.sleep, 0.01) and 0 or 1)
      end
      stuck:cancel()
    end)
    assert.equal(0, process.wait(pid))
  end)
end)

-- The behaviour of a child, tested in this process by a simulated fork count.
describe("a child", function()
  local native = require("dynamodb.curl")
  local forks = native.forks
  after_each(function() native.forks = forks end)

  it("continues the running task and no other", function()
    local own, ran = scheduler.new(), {}
    local run = scheduler.run()
    local other = scheduler.spawn(own, run, function()
      loop.sleep(0.01)
      ran[#ran + 1] = "other"
    end)
    local waiting = scheduler.spawn(own, run, function() other:wait() end)
    local forking = scheduler.spawn(own, run, function()
      loop.sleep(0)
      native.forks = function() return forks() + 1 end
      loop.sleep(0.02)
      ran[#ran + 1] = "forking"
    end)
    scheduler.drive(own, function() return forking.done end, curl.now() + 5)
    assert.same({ "forking" }, ran)
    assert.same({ true, true, 0 }, { other.done, waiting.done, run.live })
    assert.equal("left behind by a fork", other.cancelled.message)
    native.forks = forks
    scheduler.spawn(own, run, function() ran[#ran + 1] = "again" end)
    scheduler.step(own, 0)
    assert.same({ "forking", "again" }, ran)
    scheduler.close(own)
  end)

  it("makes calls outside tasks as before", function()
    local connection = helper.connect({ max_connections = 1 })
    assert(connection:list_tables())
    in_child(function() assert(connection:list_tables()) end)
    assert(connection:list_tables())
    assert.equal(1, connection:stats().connections_opened)
    connection:close()
  end)
end)
