-- Caching of credentials: when they are refreshed, who fetches, and what happens when a refresh fails.
local cache = require("dynamodb.credentials.cache")
local fake_system = dofile("spec/support/fake_system.lua")
local in_turns = dofile("spec/support/in_turns.lua")

-- A clock, a source with results from the spec, and the events emitted.
local function world(source)
  local w = { clock = 5000, fetched = 0, told = {}, slept = {} }
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
  end, w.transport, function(event, fields) w.told[#w.told + 1] = { event, fields } end)
  function w.get() return w.cache:get(w.clock + 15) end
  function w.refresh(used) return w.cache:refresh(used, w.clock + 15) end
  return w
end

-- Keys that are valid for so many seconds.
local function keys(w, name, seconds, source)
  return { aws_access_key_id = name, aws_secret_access_key = "s", expires = seconds and w.transport.time() + seconds,
    source = source }
end

-- A source that gives k1, k2, ..., each valid for so many seconds.
local function lasting(seconds, source)
  return function(w, n) return keys(w, "k" .. n, seconds, source) end
end

local function name_of(found) return found and found.aws_access_key_id end

describe("credentials.cache", function()
  before_each(function() fake_system.install({}, {}) end)
  after_each(fake_system.remove)

  it("asks once for what never expires", function()
    local w = world(lasting(nil))
    local first = w.get()
    w.clock = w.clock + 1e9
    assert.equal(first, w.get())
    assert.equal(1, w.fetched)
  end)

  -- How long they are valid, and when they are refreshed, with the random number at a half.
  for _, case in ipairs({ { 3600, 3270 }, { 900, 570 }, { 660, 330 }, { 400, 200 }, { 60, 30 }, { 1, 0.5 } }) do
    it(("fetches those of %d seconds anew after %g"):format(case[1], case[2]), function()
      local w = world(lasting(case[1]))
      assert.equal("k1", name_of(w.get()))
      w.clock = w.clock + case[2] - 0.01
      assert.equal("k1", name_of(w.get()))
      w.clock = w.clock + 0.02
      assert.equal("k2", name_of(w.get()))
      assert.equal(2, w.fetched)
    end)
  end

  it("spreads the time by chance", function()
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

  it("gives half of the time to a refresh while the old ones hold", function()
    local w = world(lasting(3600))
    w.get()
    assert.equal(5015, w.deadline)
    w.clock = 5000 + 3400
    w.get()
    assert.equal(5000 + 3407.5, w.deadline)
  end)

  it("goes on with the old ones while a refresh fails, and tries again after a while", function()
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

  it("fails when the old ones hold no more, and tries each time", function()
    local w = world(function(w, n)
      if n == 1 then return keys(w, "k1", 3600) end
      return nil, "no " .. n
    end)
    w.get()
    w.clock = w.clock + 3600
    assert.same({ nil, "no 2" }, { w.get() })
    assert.same({ nil, "no 3" }, { w.get() })
  end)

  it("uses those of instance metadata on, and asks again after 5 to 10 minutes", function()
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

  it("uses what has expired from the start, for the clock may be wrong", function()
    local w = world(lasting(-7200))
    assert.equal("k1", name_of(w.get()))
    w.clock = w.clock + 449
    assert.equal("k1", name_of(w.get()))
    w.clock = w.clock + 2
    assert.equal("k2", name_of(w.get()))
  end)

  it("uses these on while no others are to be had", function()
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

  it("emits what it fetched, without secrets", function()
    local w = world(function(w)
      local found = keys(w, "k", 3600, "sso")
      found.warning = "a warning"
      return found
    end)
    w.get()
    assert.same({ { "credentials_refreshed", { source = "sso", expires = 1700008600 } },
      { "warning", { message = "credentials: a warning" } } }, w.told)
    assert.equal("k", name_of(cache(function() return keys(w, "k") end, w.transport):get(5015))) -- there is no hook
  end)

  describe("refresh", function()
    it("fetches others in place of those that were refused", function()
      local w = world(lasting(3600))
      local first = w.get()
      local second = w.refresh(first)
      assert.equal("k2", name_of(second))
      assert.equal(second, w.get())
    end)

    it("fetches once, however many were refused", function()
      local w = world(lasting(3600))
      local first = w.get()
      local second = w.refresh(first)
      assert.equal(second, w.refresh(first))
      assert.equal(2, w.fetched)
    end)

    it("has none when the source has no others", function()
      local w = world(function(w) return keys(w, "k", 3600) end)
      local first = w.get()
      assert.same({}, { w.refresh(first) })
      assert.equal(first, w.get())
      assert.equal(2, w.fetched)
    end)

    it("never replaces fixed ones", function()
      local w = world(function(w) return keys(w, "k", 10), true end)
      local first = w.get()
      w.clock = w.clock + 1000
      assert.same({}, { w.refresh(first) })
      assert.equal(first, w.get())
      assert.equal(1, w.fetched)
    end)

    it("reports why there are none", function()
      local w = world(function(w, n)
        if n == 1 then return keys(w, "k", 3600) end
        return nil, "no"
      end)
      local first = w.get()
      assert.same({ nil, "no" }, { w.refresh(first) })
    end)
  end)

  -- Coroutines that take turns; sleeping yields the turn.
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

  -- A source that takes its time.
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

  it("refreshes once for 50 coroutines, 49 of which use the old ones meanwhile", function()
    local w = world(slow(lasting(3600)))
    together(w, 1, w.get)
    w.clock = w.clock + 3400
    local results = together(w, 50, w.get)
    assert.equal(2, w.fetched)
    local count = { k1 = 0, k2 = 0 }
    for i = 1, 50 do count[name_of(results[i][1])] = count[name_of(results[i][1])] + 1 end
    assert.same({ k1 = 49, k2 = 1 }, count)
  end)

  it("refreshes once for 50 coroutines that were refused", function()
    local w = world(slow(lasting(3600)))
    local first = together(w, 1, w.get)[1][1]
    local results = together(w, 50, function() return w.refresh(first) end)
    assert.equal(2, w.fetched)
    for i = 1, 50 do assert.equal("k2", name_of(results[i][1])) end
  end)

  it("reports one failure to all that wait", function()
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

  it("has none for all that were refused when there are no others", function()
    local w = world(slow(function(inner) return keys(inner, "k", 3600) end))
    local first = together(w, 1, w.get)[1][1]
    for _, result in ipairs(together(w, 50, function() return w.refresh(first) end)) do assert.is_nil(result[1]) end
    assert.equal(2, w.fetched)
  end)

  it("lets callers that need new ones fetch them after a refresh that brought none", function()
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
      coroutine.resume(coroutine.create(ask)) -- and never again
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

  it("has no others for callers whose keys were refused when another caller's refresh fails", function()
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

  it("is over a source that raises", function()
    local w = world(slow(function(w, n)
      if n == 1 then error("broken", 0) end
      return keys(w, "k" .. n, 3600)
    end))
    local results = together(w, 2, function() return pcall(w.get) end)
    assert.same({ false, "broken" }, results[1])
    assert.equal("k2", name_of(results[2][2]))
    assert.equal("k2", name_of(together(w, 1, w.get)[1][1]))
  end)

  it("continues after a caller that replaces refused ones is cancelled", function()
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
