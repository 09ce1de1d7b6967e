-- dynamodb.gather: concurrency, order of results, errors, deadlines and cancellation.
local curl = require("dynamodb.transport.curl")
local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")
local loop = require("dynamodb.loop")

local function timed(f, ...)
  local start = curl.now()
  f(...)
  return curl.now() - start
end

-- Functions that sleep for the given seconds and return their index.
local function slow(count, seconds)
  local calls = {}
  for i = 1, count do
    calls[i] = function()
      loop.sleep(seconds)
      return i
    end
  end
  return calls
end

-- Defines the test three times: outside tasks, in a task, and in a coroutine inside a task.
local function everywhere(name, test)
  it(name, test)
  it(name .. ", in a task", function() loop.run(test) end)
  it(name .. ", in a coroutine inside of a task", function()
    loop.run(function() coroutine.wrap(test)() end)
  end)
end

describe("gather", function()
  everywhere("gives results in the order of the functions", function()
    local results, errs = dynamodb.gather({
      function()
        loop.sleep(0.02)
        return "slow", "more"
      end,
      function() return false end,
      function() end,
      function() return "fast" end,
    })
    assert.same({ n = 4, "slow", false, nil, "fast" }, results)
    assert.is_nil(errs)
  end)

  everywhere("gives errors with results, returned or raised", function()
    local oops = {}
    local results, errs = dynamodb.gather({
      function() return 1 end,
      function() return nil, oops end,
      function() error(oops) end,
      function() error("text", 0) end,
      function() error() end,
      function() return nil, nil end,
    })
    assert.same({ n = 6, 1 }, results)
    assert.same({ nil, oops, oops, "text" }, { errs[1], errs[2], errs[3], errs[4] })
    assert.equal(oops, errs[3])
    assert.equal("nil", errs[5])
    assert.is_nil(errs[6])
  end)

  everywhere("calls concurrently", function()
    local seconds = timed(dynamodb.gather, slow(20, 0.1))
    assert.is_true(seconds >= 0.1 and seconds < 1.5, seconds .. " seconds")
  end)

  everywhere("respects the concurrency limit and starts functions in order", function()
    local running, most, order, calls = 0, 0, {}, {}
    for i = 1, 20 do
      calls[i] = function()
        running, order[#order + 1] = running + 1, i
        most = math.max(most, running)
        loop.sleep(0.001 * (i % 3))
        running = running - 1
        return i
      end
    end
    local results = dynamodb.gather(calls, { concurrency = 4 })
    assert.equal(4, most)
    for i = 1, 20 do assert.same({ i, i }, { results[i], order[i] }) end
    most = 0
    dynamodb.gather(calls, { concurrency = 1 })
    assert.equal(1, most)
  end)

  everywhere("cancels functions at the deadline", function()
    local calls, received = slow(4, 0.01), nil
    calls[5] = function()
      local _, err = pcall(loop.sleep, 60)
      received = err
      error(err, 0)
    end
    calls[6] = function() received = "begun" end
    local results, errs
    local seconds = timed(function() results, errs = dynamodb.gather(calls, { concurrency = 1, deadline = 0.3 }) end)
    assert.is_true(seconds >= 0.29 and seconds < 5, seconds .. " seconds")
    assert.same({ n = 6, 1, 2, 3, 4 }, results)
    for i = 5, 6 do assert.same({ "timeout", "no time left" }, { errs[i].kind, errs[i].message }) end
    assert.equal("table", type(received))
  end)

  everywhere("may be nested", function()
    local results = dynamodb.gather({
      function() return dynamodb.gather(slow(3, 0.01)) end,
      function() return dynamodb.gather(slow(2, 0.01)) end,
    })
    assert.same({ n = 2, { n = 3, 1, 2, 3 }, { n = 2, 1, 2 } }, results)
  end)

  everywhere("returns at once for an empty list", function()
    assert.same({ { n = 0 } }, { dynamodb.gather({}) })
  end)

  everywhere("raises the error of a task that a function spawned and did not wait for", function()
    local ok, err = pcall(dynamodb.gather, { function() loop.spawn(error, "oops", 0) end })
    assert.same({ false, "oops" }, { ok, err })
  end)

  it("is cancelled with the task that called it", function()
    local codes = {}
    loop.run(function()
      local task = loop.spawn(function()
        local calls = {}
        for i = 1, 3 do
          calls[i] = function()
            local _, err = pcall(loop.sleep, 60)
            codes[#codes + 1] = err.code
          end
        end
        dynamodb.gather(calls, { concurrency = 2 })
      end)
      loop.sleep(0.01)
      task:cancel()
    end)
    assert.same({ "Cancelled", "Cancelled" }, codes)
  end)

  it("reads many items concurrently", function()
    local connection = helper.connect()
    local tbl = helper.create_table(connection)
    local calls = {}
    for i = 1, 200 do calls[i] = function() return tbl:put_item({ id = "k" .. i, n = i }) end end
    local _, errs = dynamodb.gather(calls, { concurrency = 50 })
    assert.is_nil(errs)
    for i = 1, 201 do calls[i] = function() return tbl:get_item("k" .. i) end end
    local results
    results, errs = dynamodb.gather(calls)
    assert.is_nil(errs)
    for i = 1, 200 do assert.equal(i, results[i].n) end
    assert.is_nil(results[201])
    local stats = connection:stats()
    assert.is_true(stats.connections_opened <= 64 and stats.connections_open <= 64)
    assert.is_true(stats.connections_opened > 1)
    assert(tbl:delete())
    connection:close()
  end)

  it("requires a list of functions and known options", function()
    assert.error_matches(function() dynamodb.gather(print) end, "gather: list of functions expected, got function")
    assert.error_matches(function() dynamodb.gather({ print, 1 }) end, "gather: %[2%]: function expected")
    assert.error_matches(function() dynamodb.gather({}, { concurency = 1 }) end,
      "gather: unknown option 'concurency': did you mean 'concurrency'%? %(known: concurrency, deadline%)")
    for _, given in ipairs({ { concurrency = 0 }, { concurrency = 1.5 }, { deadline = 0 }, { deadline = "1" } }) do
      assert.error_matches(function() dynamodb.gather({}, given) end, "gather: option")
    end
  end)
end)
