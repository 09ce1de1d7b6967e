-- A clock whose time passes when it is told to, or when everything waits: in plain Lua and in tasks.

local curl = require("dynamodb.transport.curl")
local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")
local loop = dynamodb.loop
local system = require("dynamodb.base.system")
local testing = require("dynamodb.testing")

local REAL = 5 -- seconds of the machine's time that no test may take; the simulated ones take minutes

describe("testing.clock", function()
  local clock, began

  before_each(function()
    began = curl.now()
    clock = testing.clock()
  end)
  after_each(function()
    clock:close()
    assert.is_true(curl.now() - began < REAL)
  end)

  local function connect(faults, given)
    given = given or {}
    given.transport, given.endpoint_url = faults and faults.transport or clock.transport, helper.unverified()
    return helper.connect(given)
  end

  it("stands still until it is told to go on", function()
    local before, time = clock:now(), clock.transport.time()
    curl.sleep(0.01)
    assert.equal(before, clock:now())
    clock:advance(3600)
    assert.equal(before + 3600, clock:now())
    assert.equal(before + 3600, clock.transport.now())
    assert.equal(time + 3600, clock.transport.time())
    assert.equal(time + 3600, system.time())
    clock:close()
    clock:close()
    assert.is_false(system.clock())
    assert.near(os.time(), system.time(), 2)
  end)

  it("lets the time of backoffs and deadlines pass", function()
    local faults = testing.faults(clock.transport)
    local conn = connect(faults, { deadline = 1000, max_attempts = 50 })
    faults:add({ status = 500, times = 20 })
    local before = clock:now()
    assert(conn:list_tables())
    assert.is_true(clock:now() - before > 20)
    faults:add({ status = 500, times = math.huge })
    local names, err = conn:list_tables()
    assert.is_nil(names)
    assert.equal("quota", err.retry_stopped)
    assert.is_true(err.elapsed > 10)
    conn:close()
  end)

  it("lets the time of a silent server pass, up to the deadline", function()
    local silent = helper.fake(true)
    function silent.receive() return nil, "timeout", "no response in time" end
    clock:close()
    clock = testing.clock(silent)
    local conn = helper.connect({ transport = clock.transport, attempt_timeout = 30, max_attempts = 1, deadline = 40 })
    local before = clock:now()
    local names, err = conn:list_tables()
    assert.is_nil(names)
    assert.equal("timeout", err.kind)
    assert.equal(before + 30, clock:now())
    conn:close()
  end)

  it("lets time pass in tasks when all of them wait", function()
    local order, before = {}, clock:now()
    local function note(name) order[#order + 1] = ("%s %g"):format(name, clock:now() - before) end
    loop.run(function()
      for name, seconds in pairs({ a = 100, b = 1, c = 60 }) do
        loop.spawn(function()
          loop.sleep(seconds)
          note(name)
        end)
      end
      local slow = loop.spawn(function() loop.sleep(500) end)
      local done, err = slow:wait(90)
      assert.is_nil(done)
      assert.equal("timeout", err.kind)
      note("main")
      slow:deadline(5)
      slow:wait()
      note("main")
    end)
    assert.same({ "b 1", "c 60", "main 90", "main 95", "a 100" }, order)
    loop.sleep(40)
    assert.equal(before + 140, clock:now())
  end)

  it("does not pass in tasks while a request is at the server", function()
    local conn = connect(nil, { max_connections = 1 })
    local before, found = clock:now(), {}
    loop.run(function()
      for i = 1, 5 do
        loop.spawn(function()
          found[i] = { assert(conn:list_tables()), clock:now() - before }
        end)
      end
      loop.spawn(function() loop.sleep(0.001) end)
    end)
    for i = 1, 5 do assert.is_true(found[i][2] <= 0.001) end
    conn:close()
  end)

  it("passes in tasks that retry", function()
    local faults = testing.faults(clock.transport)
    local conn = connect(faults, { deadline = 100 })
    faults:add({ status = 503, times = 3 }):add({ delay = 4 })
    local before, elapsed, other = clock:now(), nil, nil
    loop.run(function()
      loop.spawn(function()
        assert(conn:list_tables())
        elapsed = clock:now() - before
      end)
      loop.spawn(function()
        loop.sleep(2)
        other = clock:now() - before
      end)
    end)
    assert.is_true(elapsed > 4 and elapsed < 5)
    assert.equal(2, other)
    conn:close()
  end)

  it("passes in calls that are gathered, up to their deadline", function()
    local faults = testing.faults(clock.transport)
    local conn = connect(faults)
    faults:add({ delay = 4, times = 5 })
    local before, calls = clock:now(), {}
    for i = 1, 3 do calls[i] = function() return conn:list_tables() end end
    local results, errs = dynamodb.gather(calls, { concurrency = 3 })
    assert.is_nil(errs)
    assert.equal(3, results.n)
    assert.near(4, clock:now() - before, 0.1)
    results, errs = dynamodb.gather(calls, { concurrency = 2, deadline = 3 })
    assert.is_nil(results[1])
    assert.equal("timeout", errs[1].kind)
    assert.near(7, clock:now() - before, 0.1)
    conn:close()
  end)

  it("passes for a silent socket of a task, after some seconds of the machine", function()
    local listener = assert(curl.connect({ url = helper.unverified() }, 5, {})) -- nothing is sent, so nothing comes
    began = began + 6 -- the patience with sockets
    local before = clock:now()
    loop.run(function()
      local bytes, kind = clock.transport.receive(listener, clock:now() + 600, true)
      assert.is_nil(bytes)
      assert.equal("timeout", kind)
    end)
    assert.equal(before + 600, clock:now())
    curl.close(listener)
  end)

  it("is one at a time, and not in nginx", function()
    assert.error_matches(function() testing.clock() end, "testing.clock: another clock runs; close it first", 1, true)
    clock:close()
    local phase = require("dynamodb.loop.phase")
    local is_nginx = phase.is_nginx
    phase.is_nginx = function() return true end -- luacheck: ignore 122
    local ok, err = pcall(testing.clock)
    phase.is_nginx = is_nginx -- luacheck: ignore 122
    assert.is_false(ok)
    assert.matches("testing.clock: not possible inside nginx", err, 1, true)
  end)

  it("refuses what is no transport and no time", function()
    for _, value in ipairs({ -1, math.huge, 0 / 0, "1", {} }) do
      assert.error_matches(function() clock:advance(value) end, "clock:advance: number of seconds expected, got ", 1, true)
    end
    assert.error_matches(function() clock:advance() end, "clock:advance: number of seconds expected, got nil", 1, true)
    clock:close()
    assert.error_matches(function() testing.clock(5) end, "testing.clock: transport (table with the functions", 1, true)
  end)
end)
