-- dynamodb.loop: tasks, sleeping, cancellation, and loops that embed it.
local scripted = dofile("spec/support/scripted_server.lua")
local curl = require("dynamodb.transport.curl")
local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")
local loop = require("dynamodb.loop")

local wait = { wait = "request" }

local function pack(...) return { n = select("#", ...), ... } end

-- Calls a function -> its duration in seconds.
local function timed(f)
  local start = curl.now()
  f()
  return curl.now() - start
end

-- A task that never ends by itself.
local function forever()
  while true do loop.sleep(60) end
end

describe("loop.run", function()
  it("passes arguments to the function and returns its results", function()
    assert.same(pack(3, nil, false, nil), pack(loop.run(function(...)
      assert.same(pack(nil, 2, nil), pack(...))
      return 3, nil, false, nil
    end, nil, 2, nil)))
  end)

  it("raises the error of the function", function()
    local oops = {}
    local ok, err = pcall(loop.run, function() error(oops) end)
    assert.is_false(ok)
    assert.equal(oops, err)
    assert.equal(1, loop.run(function() return 1 end))
  end)

  it("waits for all tasks that the function has spawned", function()
    local ended = 0
    loop.run(function()
      for i = 1, 3 do
        loop.spawn(function()
          loop.sleep(0.01 * i)
          loop.spawn(function()
            loop.sleep(0.01)
            ended = ended + 1
          end)
        end)
      end
    end)
    assert.equal(3, ended)
  end)

  it("cancels the tasks of a function that raises an error", function()
    local cleared = false
    local seconds = timed(function()
      local ok, err = pcall(loop.run, function()
        loop.spawn(function()
          local _, why = pcall(forever)
          cleared = why
          error(why, 0)
        end)
        loop.sleep(0.01)
        error("enough", 0)
      end)
      assert.same({ false, "enough" }, { ok, err })
    end)
    assert.equal("Cancelled", cleared.code)
    assert.is_true(seconds < 5)
  end)

  it("raises errors of tasks that no caller waited for", function()
    local oops = {}
    local ok, err = pcall(loop.run, function()
      loop.spawn(function() error(oops) end)
      return 1
    end)
    assert.same({ false, oops }, { ok, err })
    assert.equal(oops, err)
  end)

  it("loses none of several errors", function()
    local ok, err = pcall(loop.run, function()
      for i = 1, 3 do loop.spawn(error, "oops " .. i, 0) end
    end)
    assert.same({ false, "oops 1\noops 2\noops 3" }, { ok, err })
  end)

  it("does not raise an error that a caller has waited for", function()
    loop.run(function()
      local task = loop.spawn(error, "oops", 0)
      for _ = 1, 2 do assert.same({ false, "oops" }, { pcall(task.wait, task) }) end
    end)
  end)

  it("may be called in a task, and waits for the tasks that its function spawns", function()
    assert.equal("1 2 3", loop.run(function()
      local order = {}
      loop.spawn(function()
        loop.sleep(0.1)
        order[#order + 1] = 3
      end)
      assert.equal("x", loop.run(function()
        loop.spawn(function()
          loop.sleep(0.03)
          order[#order + 1] = 2
        end)
        order[#order + 1] = 1
        return "x"
      end))
      loop.sleep(0.2)
      return table.concat(order, " ")
    end))
  end)

  it("raises in a task the error of an inner task", function()
    loop.run(function()
      local ok, err = pcall(loop.run, function()
        loop.spawn(error, "oops", 0)
        loop.sleep(0.01)
      end)
      assert.same({ false, "oops" }, { ok, err })
    end)
  end)

  it("is cancelled with its task", function()
    local seen = 0
    loop.run(function()
      local task = loop.spawn(function()
        loop.run(function()
          loop.spawn(function()
            local _, err = pcall(forever)
            seen = seen + (err.code == "Cancelled" and 1 or 0)
          end)
          forever()
        end)
      end)
      loop.sleep(0.01)
      task:cancel()
    end)
    assert.equal(1, seen)
  end)

  it("runs in a coroutine inside of a task, which blocks meanwhile", function()
    loop.run(function()
      local other = false
      loop.spawn(function() other = true end)
      coroutine.wrap(function()
        assert.equal(2, loop.run(function()
          local task = loop.spawn(function()
            loop.sleep(0.01)
            return 2
          end)
          return (task:wait())
        end))
      end)()
      assert.is_false(other)
      loop.sleep(0)
      assert.is_true(other)
    end)
  end)

  it("without a function runs the tasks spawned before", function()
    local order = {}
    for i = 1, 3 do loop.spawn(function() order[i] = i end) end
    loop.run()
    assert.same({ 1, 2, 3 }, order)
    loop.run()
    loop.spawn(error, "oops", 0)
    assert.same({ false, "oops" }, { pcall(loop.run) })
    loop.run()
  end)

  it("reports a deadlock of all tasks", function()
    local one, two
    local ok, err = pcall(loop.run, function()
      one = loop.spawn(function() return two:wait() end)
      two = loop.spawn(function() return one:wait() end)
    end)
    assert.is_false(ok)
    assert.matches("^spec/loop/init_spec.lua:%d+: loop: deadlock: every unfinished task waits for another one$", err)
    one:cancel()
    loop.run(function() loop.sleep(0) end)
  end)

  it("requires a function", function()
    for _, value in ipairs({ 1, {}, "x" }) do
      assert.error_matches(function() loop.run(value) end, "^loop.run: function expected")
      assert.error_matches(function() loop.spawn(value) end, "^loop.spawn: function expected")
    end
    assert.error_matches(function() loop.run(loop.run) end, "loop.run: function expected inside of a task")
  end)
end)

describe("tasks", function()
  it("take turns in the order of spawning", function()
    local order = {}
    loop.run(function()
      for i = 1, 4 do
        loop.spawn(function()
          for _ = 1, 3 do
            order[#order + 1] = i
            loop.sleep(0)
          end
        end)
      end
    end)
    table.sort(order)
    assert.same({ 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4 }, order)
  end)

  it("give other tasks a turn by coroutine.yield()", function()
    local order = {}
    loop.run(function()
      for i = 1, 3 do
        loop.spawn(function()
          for _ = 1, 2 do
            order[#order + 1] = i
            coroutine.yield("whatever")
          end
        end)
      end
    end)
    assert.same({ 1, 2, 3, 1, 2, 3 }, order)
  end)

  it("wait concurrently", function()
    local seconds = timed(function()
      loop.run(function()
        for _ = 1, 50 do loop.spawn(loop.sleep, 0.1) end
      end)
    end)
    assert.is_true(seconds >= 0.1 and seconds < 2.5, seconds .. " seconds")
  end)

  it("wait for each other repeatedly", function()
    loop.run(function()
      local task = loop.spawn(function()
        loop.sleep(0.02)
        return nil, 2, nil
      end)
      local count = 0
      for _ = 1, 3 do
        loop.spawn(function()
          assert.same(pack(nil, 2, nil), pack(task:wait()))
          count = count + 1
        end)
      end
      assert.same(pack(nil, 2, nil), pack(task:wait()))
      assert.same(pack(nil, 2, nil), pack(task:wait(0)))
      loop.sleep(0)
      assert.equal(3, count)
    end)
  end)

  it("wait for each other for any time", function()
    loop.run(function()
      local task = loop.spawn(loop.sleep, 0.5) -- long, for busy machines
      for _ = 1, 3 do
        local value, err = task:wait(0.01)
        assert.is_nil(value)
        assert.is_true(dynamodb.is_error(err))
        assert.same({ "timeout", true }, { err.kind, err.retryable })
        assert.matches("^timeout: the task has not ended after 0.01 s %(spec/loop/init_spec.lua:%d+%)$", tostring(err))
      end
      assert.same(pack(), pack(task:wait()))
      assert.same({}, task.waiters)
    end)
  end)

  it("cannot wait for themselves", function()
    loop.run(function()
      assert.error_matches(function() loop.task():wait() end, "task:wait: a task cannot wait for itself")
    end)
  end)

  it("cannot be waited for by a coroutine inside of a task", function()
    loop.run(function()
      local task = loop.spawn(loop.sleep, 0)
      coroutine.wrap(function()
        assert.error_matches(function() task:wait() end, "a coroutine inside of a task cannot wait for tasks")
      end)()
      task:wait()
      coroutine.wrap(function() task:wait() end)()
    end)
  end)

  it("can be waited for outside tasks", function()
    local task = loop.spawn(function()
      loop.sleep(0.02)
      return 7
    end)
    assert.is_nil((task:wait(0.001)))
    assert.equal(7, (task:wait()))
    local bad = loop.spawn(error, "oops", 0)
    assert.same({ false, "oops" }, { pcall(bad.wait, bad) })
    loop.run()
  end)

  it("keep the traceback of an error", function()
    local task = loop.spawn(function() error("oops") end)
    pcall(task.wait, task)
    assert.matches("loop/init_spec.lua", task.traceback)
  end)

  it("are returned by loop.task, but not in other coroutines", function()
    assert.is_nil(loop.task())
    loop.run(function()
      local task = loop.task()
      assert.is_nil(coroutine.wrap(loop.task)())
      local other = loop.spawn(loop.task)
      assert.equal(other, (other:wait()))
      assert.equal(task, loop.task())
    end)
    assert.is_nil(loop.task())
  end)

  it("show their status in tostring", function()
    local good, bad, gone = loop.spawn(type, 1), loop.spawn(error), loop.spawn(forever)
    assert.equal("Task(running)", tostring(good))
    pcall(bad.wait, bad)
    good:wait()
    gone:cancel()
    loop.run()
    assert.equal("Task(done)Task(failed)Task(cancelled)", tostring(good) .. tostring(bad) .. tostring(gone))
  end)

  it("require valid seconds", function()
    loop.run(function()
      for _, value in ipairs({ -1, 0 / 0, "1", {} }) do
        for name, call in pairs({ ["loop.sleep"] = loop.sleep,
          ["task:wait"] = function(seconds) loop.task():wait(seconds) end,
          ["task:deadline"] = function(seconds) loop.task():deadline(seconds) end }) do
          assert.error_matches(function() call(value) end, name .. ": number of seconds expected, got "
            .. (type(value) == "number" and "" or type(value)))
        end
      end
    end)
  end)
end)

describe("cancelling", function()
  it("ends a task before its start", function()
    local ran = false
    local task = loop.spawn(function() ran = true end)
    assert.is_true(task:cancel())
    assert.is_false(task:cancel())
    loop.run()
    assert.is_false(ran)
    local value, err = task:wait()
    assert.is_nil(value)
    assert.same({ "timeout", "Cancelled", "Cancelled: the task was cancelled" }, { err.kind, err.code, tostring(err) })
  end)

  it("ends a task where it waits", function()
    local seconds = timed(function()
      loop.run(function()
        local task = loop.spawn(forever)
        local waiting = loop.spawn(function() return task:wait() end)
        loop.sleep(0.01)
        assert.is_true(task:cancel())
        local _, err = waiting:wait()
        assert.equal("Cancelled", err.code)
        assert.is_true(task.done)
      end)
    end)
    assert.is_true(seconds < 5)
  end)

  it("does nothing to a task that has ended", function()
    loop.run(function()
      local task = loop.spawn(function() return 1 end)
      assert.equal(1, (task:wait()))
      assert.is_false(task:cancel())
      assert.equal(1, (task:wait()))
    end)
  end)

  it("cannot be stopped by pcall", function()
    local caught = 0
    local seconds = timed(function()
      loop.run(function()
        local task = loop.spawn(function()
          while true do
            if not pcall(loop.sleep, 60) then caught = caught + 1 end
          end
        end)
        loop.sleep(0.01)
        task:cancel()
        task:wait()
      end)
    end)
    assert.equal(100, caught)
    assert.is_true(seconds < 5)
  end)

  it("prevents further requests", function()
    local transport, refused = helper.counting(), nil
    local connection = helper.connect({ transport = transport })
    assert(connection:list_tables())
    loop.run(function()
      local task = loop.spawn(function()
        local _, first = pcall(forever)
        local _, second = pcall(connection.list_tables, connection)
        refused = { first.code, second.code }
      end)
      loop.sleep(0.01)
      task:cancel()
    end)
    assert.same({ "Cancelled", "Cancelled" }, refused)
    assert.equal(1, transport.requests)
    connection:close()
  end)

  it("applies to coroutines inside the task", function()
    local refused
    loop.run(function()
      local task = loop.spawn(function()
        pcall(forever)
        coroutine.wrap(function()
          local _, err = pcall(loop.sleep, 60)
          refused = err
          for _ = 1, 200 do assert.is_false(pcall(loop.sleep, 60)) end
        end)()
      end)
      loop.sleep(0.01)
      task:cancel()
    end)
    assert.equal("Cancelled", refused.code)
  end)

  it("may be applied by a task to itself", function()
    loop.run(function()
      local reached = false
      local task = loop.spawn(function()
        loop.task():cancel()
        reached = true
      end)
      local _, err = task:wait()
      assert.equal("Cancelled", err.code)
      assert.is_false(reached)
    end)
  end)

  it("ends a task that only yields its turn", function()
    loop.run(function()
      local task = loop.spawn(function() while true do coroutine.yield() end end)
      loop.sleep(0.01)
      task:cancel()
      local _, err = task:wait()
      assert.equal("Cancelled", err.code)
    end)
  end)

  it("is the outcome of a task, whatever it returns or raises afterwards", function()
    loop.run(function()
      for _, f in ipairs({ function() return 1 end, function() error("oops") end }) do
        local task = loop.spawn(function()
          pcall(forever)
          return f()
        end)
        loop.sleep(0.01)
        task:cancel()
        local value, err = task:wait()
        assert.same({ nil, "Cancelled" }, { value, err.code })
      end
    end)
  end)

  it("closes the connection in use and frees its slot", function()
    local server = scripted.start({ { wait }, { wait, { send = scripted.response('{"TableNames":[]}') } } })
    local connection = scripted.connect(server, { max_connections = 1, attempt_timeout = 30, deadline = 60 })
    local seconds = timed(function()
      loop.run(function()
        local stuck = loop.spawn(function() return connection:call("ListTables") end)
        while #server.requests() < 1 do loop.sleep(0.01) end
        local next_one = loop.spawn(function() return connection:call("ListTables") end)
        loop.sleep(0.01)
        assert.equal(1, connection:stats().connections_open)
        stuck:cancel()
        assert(next_one:wait())
      end)
    end)
    assert.equal(2, server.connections())
    assert.equal(1, connection:stats().connections_open)
    assert.is_true(seconds < 20)
    connection:close()
    scripted.stop()
  end)

  it("happens at a deadline", function()
    loop.run(function()
      local other
      local seconds = timed(function()
        local task = loop.spawn(forever):deadline(0.05)
        other = loop.spawn(function() return 1 end):deadline(5)
        local _, err = task:wait()
        assert.same({ "timeout", "Cancelled" }, { err.kind, err.code })
        assert.equal("the task's deadline of 0.05 s has passed", err.message)
      end)
      assert.is_true(seconds >= 0.049 and seconds < 5)
      assert.equal(1, (other:wait()))
    end)
  end)

  it("happens at a deadline that is set while a task waits", function()
    loop.run(function()
      local task = loop.spawn(forever)
      local other = loop.spawn(function() task:wait() end)
      loop.sleep(0.01)
      task:deadline(0.02)
      other:deadline(0.01)
      local _, err = other:wait()
      assert.matches("0.01 s", err.message)
      _, err = task:wait()
      assert.matches("0.02 s", err.message)
    end)
  end)

  it("happens at the next turn of a task whose deadline has passed", function()
    loop.run(function()
      local task = loop.spawn(function()
        loop.sleep(0)
        curl.sleep(0.02)
        for _ = 1, 3 do loop.sleep(0) end
        return "done"
      end):deadline(0.03)
      local reached = task:wait()
      assert.is_true(reached == nil or reached == "done")
    end)
  end)
end)

describe("calls in tasks", function()
  local connection, tbl
  setup(function()
    connection = helper.connect()
    tbl = helper.create_table(connection)
  end)
  teardown(function()
    tbl:delete()
    connection:close()
  end)

  it("have the same results as outside", function()
    assert.equal(50, loop.run(function()
      local tasks, sum = {}, 0
      for i = 1, 50 do
        tasks[i] = loop.spawn(function()
          assert(tbl:put_item({ id = "k" .. i, n = i }))
          return assert(tbl:get_item("k" .. i)).n
        end)
      end
      for i, task in ipairs(tasks) do
        assert.equal(i, (task:wait()))
        sum = sum + 1
      end
      local seen = 0
      for item in tbl:scan({ request_limit = 7 }) do
        assert.equal("k" .. item.n, item.id)
        seen = seen + 1
      end
      assert.equal(50, seen)
      return sum
    end))
  end)

  it("block in other coroutines, with correct results", function()
    loop.run(function()
      local others = 0
      loop.spawn(function()
        while others < 3 do
          others = others + 1
          loop.sleep(0)
        end
      end)
      local items = coroutine.wrap(function()
        for i = 1, 5 do coroutine.yield(assert(tbl:get_item("k" .. i)).n) end
      end)
      for i = 1, 5 do assert.equal(i, items()) end
      assert.equal(0, others)
    end)
  end)

  it("share a connection with earlier calls outside tasks", function()
    local transport = helper.counting()
    local own = helper.connect({ transport = transport })
    for _ = 1, 3 do
      assert(own:list_tables())
      loop.run(function() assert(own:list_tables()) end)
      loop.run(function()
        assert(own:list_tables())
        coroutine.wrap(function() assert(own:list_tables()) end)()
      end)
    end
    assert.equal(1, transport.opened)
    own:close()
  end)

  it("raise the error of a hook, and lose no connection", function()
    local own = helper.connect({ max_connections = 2, hooks = { response_received = function(event)
      if event.attempt == 1 then error("hook", 0) end
    end } })
    loop.run(function()
      for _ = 1, 20 do
        loop.spawn(function()
          local ok, err = pcall(own.list_tables, own)
          assert.same({ false, "hook" }, { ok, err })
        end)
      end
    end)
    assert.is_true(own:stats().connections_open <= 2)
    own:close()
  end)
end)

describe("loop.step", function()
  it("runs the ready tasks and returns the number of tasks left", function()
    local order = {}
    loop.spawn(function()
      order[1] = 1
      loop.sleep(0.5) -- longer than the steps below, also on busy machines
      order[2] = 2
    end)
    assert.equal(1, loop.step())
    assert.same({ 1 }, order)
    assert.equal(1, loop.step(0.001))
    local seconds = timed(function()
      while loop.step(5) > 0 do order[2] = nil end
    end)
    assert.same({ 1, 2 }, order)
    assert.is_true(seconds < 4)
    assert.equal(0, loop.step(0.001))
  end)

  it("raises the error of a task that was spawned outside tasks", function()
    loop.spawn(error, "oops", 0)
    local ok, err = pcall(loop.step, 1)
    assert.same({ false, "oops" }, { ok, err })
    assert.equal(0, loop.step())
  end)

  it("does not raise an error that another task may wait for", function()
    local seen
    loop.spawn(function()
      local task = loop.spawn(error, "oops", 0)
      loop.sleep(0.02)
      local _, err = pcall(task.wait, task)
      seen = err
    end)
    while loop.step(1) > 0 do assert.is_nil(seen) end
    assert.equal("oops", seen)
    loop.spawn(function() loop.spawn(error, "nobody", 0) end)
    local ok, err
    for _ = 1, 5 do
      ok, err = pcall(loop.step, 0.01)
      if not ok then break end
    end
    assert.same({ false, "nobody" }, { ok, err })
  end)

  it("raises an error inside a task", function()
    loop.run(function()
      assert.error_matches(function() loop.step() end, "loop.step: the loop is running")
      assert.error_matches(function() coroutine.wrap(loop.step)() end, "loop.step: the loop is running")
    end)
  end)

  it("works again after it has raised an error", function()
    loop.spawn(loop.sleep, 0)
    local step = require("dynamodb.loop.scheduler").step
    assert.is_function(step)
    while loop.step(1) > 0 do loop.step() end
  end)

  it("requires seconds", function()
    assert.error_matches(function() loop.step(-1) end, "loop.step: number of seconds expected")
  end)
end)

describe("loop.fd", function()
  it("returns the same descriptor each time", function()
    local fd = loop.fd()
    assert.is_true(fd > 2)
    loop.run(loop.sleep, 0)
    assert.equal(fd, loop.fd())
  end)
end)

describe("a system without epoll", function()
  local native = require("dynamodb.curl")
  local poller = native.poller
  after_each(function() native.poller = poller end)

  it("has no tasks, and gathers sequentially", function()
    native.poller = nil
    local results = loop.gather({ function() return 1 end, function() return 2 end })
    assert.same({ { n = 2, true, 1 }, { n = 2, true, 2 } }, results)
    local own = require("dynamodb.loop.scheduler").new()
    assert.error_matches(function() require("dynamodb.loop.scheduler").spawn(own, own.root, print) end,
      "loop: this system has no epoll")
  end)
end)

describe("loop.sleep", function()
  it("blocks outside tasks", function()
    local seconds = timed(function() loop.sleep(0.05) end)
    assert.is_true(seconds >= 0.05 and seconds < 5)
  end)
end)

if _VERSION == "Lua 5.4" then
  describe("a to-be-closed variable of a task (Lua 5.4)", function()
    local holding = load("local held <close>, body = ...; return body()")

    -- A function that holds a to-be-closed variable -> the function, the error that it was closed with.
    local function spawn(body, on_close)
      local closed = {}
      local held = setmetatable({}, { __close = function(_, err)
        closed[#closed + 1] = err == nil and "nil" or err
        if on_close then on_close() end
      end })
      return loop.spawn(holding, held, body), closed
    end

    it("is closed when the task raises an error, before the error is reported", function()
      loop.run(function()
        local task, closed = spawn(function()
          loop.sleep(0)
          error("oops", 0)
        end)
        assert.same({ false, "oops" }, { pcall(task.wait, task) })
        assert.same({ "oops" }, closed)
        assert.matches("in function 'error'", task.traceback, 1, true)
      end)
    end)

    it("is closed when the task is cancelled anywhere", function()
      local function stubborn()
        while true do pcall(forever) end
      end
      local function giving_turns()
        while true do coroutine.yield() end
      end
      loop.run(function()
        for body, reason in pairs({ [forever] = "the task was cancelled", [stubborn] = false,
          [giving_turns] = false }) do
          local task, closed = spawn(body)
          loop.sleep(0.01)
          task:cancel()
          local _, err = task:wait()
          assert.equal("Cancelled", err.code)
          assert.equal(1, #closed)
          assert.equal(reason, type(closed[1]) == "table" and closed[1].message)
        end
      end)
    end)

    it("does not exist before the task starts, and raises the error of its __close", function()
      loop.run(function()
        local task, closed = spawn(forever)
        task:cancel()
        task:wait()
        assert.same({}, closed)
        task = spawn(function() error("oops", 0) end, function() error("closing", 0) end)
        assert.same({ false, "closing" }, { pcall(task.wait, task) })
      end)
    end)

    it("may make calls in __close, which block", function()
      local connection, listed = helper.connect(), nil
      loop.run(function()
        local task = spawn(forever, function() listed = connection:list_tables() end)
        loop.sleep(0.01)
        task:cancel()
      end)
      assert.is_table(listed)
      connection:close()
    end)
  end)
end
