-- Caching of credentials: the times of refreshes, the task that fetches, and failures of a refresh.
local cache = require("dynamodb.credentials.cache")
local curl = require("dynamodb.transport.curl")
local loop = require("dynamodb.loop")
local fake_system = dofile("spec/support/fake_system.lua")
local in_turns = dofile("spec/support/in_turns.lua")

-- A cache with a simulated clock, a source with the given results, and a record of the emitted events.
local function world(source)
  local w = { clock = 5000, fetched = 0, events = {}, slept = {} }
  w.transport = {
    now = function() return w.clock end,
    time = function() return 1700000000 + w.clock end,
    sleep = function(seconds)
      w.slept[#w.slept + 1] = seconds
      w.clock = w.clock + seconds
      if w.asleep then w.asleep(seconds) end
    end,
  }
  w.cache = cache(function(deadline)
    w.fetched, w.deadline = w.fetched + 1, deadline
    return source(w, w.fetched)
  end, w.transport, function(event, fields) w.events[#w.events + 1] = { event, fields } end)
  function w.get() return w.cache:get(w.clock + 15) end
  function w.refresh(used) return w.cache:refresh(used, w.clock + 15) end
  return w
end

-- Keys that are valid for the given number of seconds.
local function keys(w, name, seconds, source)
  return { aws_access_key_id = name, aws_secret_access_key = "s", expires = seconds and w.transport.time() + seconds,
    source = source }
end

-- A source that returns k1, k2, ..., each valid for the given number of seconds.
local function lasting(seconds, source)
  return function(w, n) return keys(w, "k" .. n, seconds, source) end
end

local function name_of(found) return found and found.aws_access_key_id end

describe("credentials.cache", function()
  before_each(function() fake_system.install({}, {}) end)
  after_each(fake_system.remove)

  it("fetches keys that never expire once", function()
    local w = world(lasting(nil))
    local first = w.get()
    w.clock = w.clock + 1e9
    assert.equal(first, w.get())
    assert.equal(1, w.fetched)
  end)

  -- { seconds that keys are valid, seconds until they are refreshed when the random number is 0.5 }
  for _, case in ipairs({ { 3600, 3270 }, { 900, 570 }, { 660, 330 }, { 400, 200 }, { 60, 30 }, { 1, 0.5 } }) do
    it(("refreshes keys of %d seconds after %g"):format(case[1], case[2]), function()
      local w = world(lasting(case[1]))
      assert.equal("k1", name_of(w.get()))
      w.clock = w.clock + case[2] - 0.01
      assert.equal("k1", name_of(w.get()))
      w.clock = w.clock + 0.02
      assert.equal("k2", name_of(w.get()))
      assert.equal(2, w.fetched)
    end)
  end

  it("randomizes the time of a refresh", function()
    local system = require("dynamodb.base.system")
    for chance, seconds in pairs({ [0] = 3300, [0.999] = 3240 }) do
      system.random = function() return chance end
      local w = world(lasting(3600))
      w.get()
      w.clock = w.clock + seconds - 1
      w.get()
      assert.equal(1, w.fetched)
      w.clock = w.clock + 2
      w.get()
      assert.equal(2, w.fetched)
    end
  end)

  it("gives a refresh half of the time while the old keys are valid", function()
    local w = world(lasting(3600))
    w.get()
    assert.equal(5015, w.deadline)
    w.clock = 5000 + 3400
    w.get()
    assert.equal(5000 + 3407.5, w.deadline)
  end)

  it("uses the old keys while a refresh fails, and retries after a delay", function()
    local w = world(function(w, n)
      if n == 1 or n == 4 then return keys(w, "k" .. n, 3600) end
      return nil, "no"
    end)
    w.get()
    w.clock = w.clock + 3400
    for _ = 1, 5 do assert.equal("k1", name_of(w.get())) end
    assert.equal(2, w.fetched)
    w.clock = w.clock + 10
    for _ = 1, 5 do assert.equal("k1", name_of(w.get())) end
    assert.equal(3, w.fetched)
    w.clock = w.clock + 10
    assert.equal("k4", name_of(w.get()))
  end)

  it("fails when the old keys have expired, and retries at each call", function()
    local w = world(function(w, n)
      if n == 1 then return keys(w, "k1", 3600) end
      return nil, "no " .. n
    end)
    w.get()
    w.clock = w.clock + 3600
    assert.same({ nil, "no 2" }, { w.get() })
    assert.same({ nil, "no 3" }, { w.get() })
  end)

  it("extends expired keys of instance metadata by 5 to 10 minutes", function()
    local w = world(function(w, n)
      if n == 1 or n == 4 then return keys(w, "k" .. n, 3600, "instance metadata") end
      return nil, "no"
    end)
    w.get()
    w.clock = w.clock + 4000
    for _ = 1, 3 do assert.equal("k1", name_of(w.get())) end
    w.clock = w.clock + 449
    w.get()
    assert.equal(2, w.fetched)
    w.clock = w.clock + 2
    assert.equal("k1", name_of(w.get()))
    assert.equal(3, w.fetched)
    w.clock = w.clock + 451
    assert.equal("k4", name_of(w.get()))
  end)

  it("uses keys that are expired on arrival, because the clock may be wrong", function()
    local w = world(lasting(-7200))
    assert.equal("k1", name_of(w.get()))
    w.clock = w.clock + 449
    assert.equal("k1", name_of(w.get()))
    w.clock = w.clock + 2
    assert.equal("k2", name_of(w.get()))
  end)

  it("keeps such keys while the source has no others", function()
    local w = world(function(w, n)
      if n == 1 then return keys(w, "k1", -7200) end
      return nil, "no"
    end)
    for _ = 1, 3 do
      assert.equal("k1", name_of(w.get()))
      w.clock = w.clock + 451
    end
    assert.equal(3, w.fetched)
  end)

  it("emits events of refreshes without secrets", function()
    local w = world(function(w)
      local found = keys(w, "k", 3600, "sso")
      found.warning = "a warning"
      return found
    end)
    w.get()
    assert.same({ { "credentials_refreshed", { source = "sso", expires = 1700008600 } },
      { "warning", { message = "credentials: a warning" } } }, w.events)
    assert.equal("k", name_of(cache(function() return keys(w, "k") end, w.transport):get(5015))) -- works without a hook
  end)

  describe("refresh", function()
    it("replaces rejected keys", function()
      local w = world(lasting(3600))
      local first = w.get()
      local second = w.refresh(first)
      assert.equal("k2", name_of(second))
      assert.equal(second, w.get())
    end)

    it("fetches once for any number of calls with rejected keys", function()
      local w = world(lasting(3600))
      local first = w.get()
      local second = w.refresh(first)
      assert.equal(second, w.refresh(first))
      assert.equal(2, w.fetched)
    end)

    it("returns no keys when the source has no others", function()
      local w = world(function(w) return keys(w, "k", 3600) end)
      local first = w.get()
      assert.same({}, { w.refresh(first) })
      assert.equal(first, w.get())
      assert.equal(2, w.fetched)
    end)

    it("never replaces fixed keys", function()
      local w = world(function(w) return keys(w, "k", 10), true end)
      local first = w.get()
      w.clock = w.clock + 1000
      assert.same({}, { w.refresh(first) })
      assert.equal(first, w.get())
      assert.equal(1, w.fetched)
    end)

    it("returns the error of the source", function()
      local w = world(function(w, n)
        if n == 1 then return keys(w, "k", 3600) end
        return nil, "no"
      end)
      local first = w.get()
      assert.same({ nil, "no" }, { w.refresh(first) })
    end)
  end)

  -- Runs functions as coroutines in turn. sleep yields.
  local function together(w, count, f)
    local calls = {}
    w.transport.sleep = function(seconds)
      w.clock = w.clock + seconds / count
      coroutine.yield()
    end
    for i = 1, count do
      calls[i] = function() return f(i) end
    end
    return in_turns(calls)
  end

  -- A slow source.
  local function slow(result)
    return function(w, n)
      for _ = 1, 20 do w.transport.sleep(0.1) end
      return result(w, n)
    end
  end

  it("fetches once for 50 coroutines", function()
    local w = world(slow(lasting(3600)))
    local results = together(w, 50, w.get)
    assert.equal(1, w.fetched)
    for i = 1, 50 do assert.equal(results[1][1], results[i][1]) end
    assert.equal("k1", name_of(results[50][1]))
  end)

  -- A task fetches; another one waits for what it gets, and goes on in the step in which the fetch ends.
  for name, case in pairs({
    ["new keys"] = { "k2", function(found) return found end },
    ["an error"] = { nil, function() return nil, "no" end },
    ["a raise, after which it fetches itself"] = { "k3", function(found, n) return n == 3 and found or error("oops", 0) end },
    ["no other keys than the rejected ones"] = { nil, function(_, _, current) return current end },
  }) do
    it("lets a waiting task go on at once: " .. name, function()
      local order, fetched, first = {}, 0, nil
      local own = cache(function(_, current)
        fetched = fetched + 1
        local n, found = fetched, { aws_access_key_id = "k" .. fetched, aws_secret_access_key = "s", expires = 1e12 }
        if n == 2 then loop.sleep(0.02) end
        if n == 1 then return found end
        return case[2](found, n, current)
      end, curl)
      loop.run(function()
        first = own:get(curl.now() + 60)
        loop.spawn(function()
          pcall(own.refresh, own, first, curl.now() + 60)
          order[#order + 1] = "fetched"
          loop.sleep(0) -- one step: the woken task has its turn in it
          order[#order + 1] = "a step later"
        end)
        loop.spawn(function()
          order.found = name_of((own:refresh(first, curl.now() + 60)))
          order[#order + 1] = "woken"
        end)
      end)
      assert.same({ "fetched", "woken", "a step later", found = case[1] }, order)
    end)
  end

  it("fetches in a coroutine inside a task, too, since the task that fetches could not go on meanwhile", function()
    local fetched = 0
    local own = cache(function()
      fetched = fetched + 1
      local n = fetched
      loop.sleep(0.02)
      return { aws_access_key_id = "k" .. n, aws_secret_access_key = "s", expires = 1e12 }
    end, curl)
    local function get() return name_of((own:get(curl.now() + 60))) end
    local function refresh(current) return name_of((own:refresh(current, curl.now() + 60))) end
    loop.run(function()
      local first, second = loop.spawn(get), loop.spawn(function() return coroutine.wrap(get)() end)
      assert.equal("k2", second:wait())
      assert.equal("k1", first:wait())
      local current = own:get(curl.now() + 60)
      first = loop.spawn(refresh, current)
      second = loop.spawn(function() return coroutine.wrap(refresh)(current) end)
      assert.equal("k4", second:wait())
      assert.equal("k3", first:wait())
    end)
  end)

  it("refreshes once for 50 coroutines, 49 of which use the old keys meanwhile", function()
    local w = world(slow(lasting(3600)))
    together(w, 1, w.get)
    w.clock = w.clock + 3400
    local results = together(w, 50, w.get)
    assert.equal(2, w.fetched)
    local count = { k1 = 0, k2 = 0 }
    for i = 1, 50 do count[name_of(results[i][1])] = count[name_of(results[i][1])] + 1 end
    assert.same({ k1 = 49, k2 = 1 }, count)
  end)

  it("refreshes once for 50 coroutines with rejected keys", function()
    local w = world(slow(lasting(3600)))
    local first = together(w, 1, w.get)[1][1]
    local results = together(w, 50, function() return w.refresh(first) end)
    assert.equal(2, w.fetched)
    for i = 1, 50 do assert.equal("k2", name_of(results[i][1])) end
  end)

  it("reports one failure to all waiting coroutines", function()
    local w = world(slow(function() return nil, "no" end))
    for i, result in ipairs(together(w, 50, w.get)) do assert.same({ nil, "no" }, result, i) end
    assert.equal(1, w.fetched)
    local asked = 0
    w = world(slow(function(inner)
      asked = asked + 1
      if asked == 1 then return keys(inner, "k", 3600) end
      return nil, "no"
    end))
    local first = together(w, 1, w.get)[1][1]
    for _, result in ipairs(together(w, 50, function() return w.refresh(first) end)) do assert.same({ nil, "no" }, result) end
    assert.equal(2, w.fetched)
  end)

  it("returns no keys to all coroutines with rejected keys when the source has no others", function()
    local w = world(slow(function(inner) return keys(inner, "k", 3600) end))
    local first = together(w, 1, w.get)[1][1]
    for _, result in ipairs(together(w, 50, function() return w.refresh(first) end)) do assert.is_nil(result[1]) end
    assert.equal(2, w.fetched)
  end)

  it("lets callers with rejected keys fetch again after a refresh without new keys", function()
    local w = world(slow(function(inner, n) return keys(inner, n < 3 and "k" or "k3", 3600) end))
    local first = together(w, 1, w.get)[1][1]
    w.clock = w.clock + 3599.99
    local results = together(w, 2, function(i)
      if i == 1 then return w.refresh(first) end
      return w.get()
    end)
    assert.is_nil(results[1][1])
    assert.equal("k3", name_of(results[2][1]))
  end)

  it("waits no longer than its deadline", function()
    local w = world(slow(lasting(3600)))
    local results = together(w, 2, function(i)
      return w.cache:get(i == 1 and w.clock + 15 or w.clock + 0.3)
    end)
    assert.equal("k1", name_of(results[1][1]))
    assert.is_nil(results[2][1])
    assert.equal("credentials: no credentials in time", tostring(results[2][2]))
    local first = results[1][1]
    results = together(w, 2, function(i)
      return w.cache:refresh(first, i == 1 and w.clock + 15 or w.clock + 0.3)
    end)
    assert.equal("credentials: no credentials in time", tostring(results[2][2]))
  end)

  it("does not wait for a caller that was cancelled", function()
    for _, refused in ipairs({ false, true }) do
      local w = world(function(w, n)
        if n == (refused and 2 or 1) then coroutine.yield() end
        return keys(w, "k" .. n, 3600)
      end)
      local first = refused and w.get()
      local function ask()
        if refused then return w.refresh(first) end
        return w.get()
      end
      coroutine.resume(coroutine.create(ask)) -- and never resumes it
      w.clock = w.clock + 14
      assert.equal(refused and "k3" or "k2", name_of(ask()))
      assert.is_true(w.clock >= 5015 and w.clock < 5016)
    end
  end)

  it("is not disturbed by a cancelled caller that is resumed later", function()
    local w = world(function(w, n)
      coroutine.yield()
      return keys(w, "k" .. n, 3600)
    end)
    local first, second = coroutine.create(w.get), coroutine.create(w.get)
    coroutine.resume(first)
    w.clock = w.clock + 16
    coroutine.resume(second)
    coroutine.resume(first)
    assert.equal("dead", coroutine.status(first))
    local used = w.cache.current
    local third = coroutine.create(function() return w.refresh(used) end)
    w.transport.sleep = coroutine.yield
    coroutine.resume(third) -- waits for the second
    assert.equal(2, w.fetched)
    coroutine.resume(second)
    local _, found = coroutine.resume(third)
    assert.equal("k2", name_of(found))
    assert.equal(2, w.fetched)
  end)

  it("returns no keys to callers with rejected keys when the refresh of another caller fails", function()
    local w
    w = world(function(_, n)
      if n == 1 then return keys(w, "k", 3600) end
      for _ = 1, 20 do w.transport.sleep(0.1) end
      return nil, "no"
    end)
    local first = together(w, 1, w.get)[1][1]
    w.clock = w.clock + 3400
    local results = together(w, 2, function(i)
      if i == 1 then return w.get() end
      return w.refresh(first)
    end)
    assert.equal(first, results[1][1])
    assert.same({}, results[2])
    assert.equal(2, w.fetched)
  end)

  it("never lets a caller wait for itself", function()
    local w
    w = world(function() return w.get() end)
    local _, err = w.get()
    assert.equal("credentials: credentials are requested by the function that fetches them", tostring(err))
    assert.same({}, w.slept)
  end)

  it("never lets a caller wait for a coroutine of its own, in a task or outside", function()
    local own, errs = nil, {}
    own = cache(function()
      errs[#errs + 1] = select(2, coroutine.wrap(function() return own:get(curl.now() + 60) end)())
      return nil, "none"
    end, curl)
    for _, run in ipairs({ function(f) return f() end, loop.run }) do
      assert.equal("none", select(2, run(function() return own:get(curl.now() + 60) end)))
    end
    assert.equal(2, #errs)
    for _, err in ipairs(errs) do
      assert.equal("credentials: credentials are requested by the function that fetches them", tostring(err))
    end
  end)

  it("is usable after the source has raised an error", function()
    local w = world(slow(function(w, n)
      if n == 1 then error("broken", 0) end
      return keys(w, "k" .. n, 3600)
    end))
    local results = together(w, 2, function() return pcall(w.get) end)
    assert.same({ false, "broken" }, results[1])
    assert.equal("k2", name_of(results[2][2]))
    assert.equal("k2", name_of(together(w, 1, w.get)[1][1]))
  end)

  it("is usable after a caller that replaces rejected keys is cancelled", function()
    local w = world(slow(function(w, n)
      if n == 2 then error("broken", 0) end
      return keys(w, "k" .. n, 3600)
    end))
    local used = together(w, 1, w.get)[1][1]
    local results = together(w, 2, function() return pcall(w.refresh, used) end)
    assert.same({ false, "broken" }, results[1])
    assert.equal("k3", name_of(results[2][2]))
  end)
end)
