-- Credentials shared by nginx workers through a shared dictionary.
local errors = require("dynamodb.error")
local in_turns = dofile("spec/support/in_turns.lua")
local shared_cache = require("dynamodb.credentials.shared_cache")

local START = 1700000000

-- The state of a machine: the time, the shared dictionary, and the number of fetches.
local function machine()
  local self = { now = 0, fetched = 0, entries = {} }
  local function entry(name)
    local found = self.entries[name]
    return found and found.until_when > self.now and found or nil
  end
  self.dictionary = {
    get = function(_, name) return entry(name) and entry(name).value end,
    set = function(_, name, value, seconds)
      if self.full then return nil, "no memory" end
      self.entries[name] = { value = value, until_when = self.now + seconds }
      return true
    end,
    add = function(_, name, value, seconds)
      if entry(name) then return false, "exists" end
      self.entries[name] = { value = value, until_when = self.now + seconds }
      return true
    end,
    delete = function(_, name) self.entries[name] = nil end,
  }
  self.transport = {
    now = function() return self.now end,
    time = function() return START + self.now end,
    sleep = function(seconds)
      self.now = self.now + seconds
      if self.side_by_side then coroutine.yield() end
    end,
  }
  return self
end

local function settings(values)
  return { load = function() return values end, profile_explicit = false }
end

-- Credentials number n, valid for an hour.
local function keys(self, n)
  return { aws_access_key_id = "k" .. n, aws_secret_access_key = "s" .. n, aws_session_token = "t" .. n,
    expires = START + self.now + 3600, source = "container" }
end

-- The fetch of a worker, which takes a second.
local function fetching(self)
  return function()
    self.fetched = self.fetched + 1
    local found = keys(self, self.fetched)
    self.transport.sleep(1)
    return found
  end
end

-- Creates the source of one worker of the machine.
local function worker(self, source, values)
  return shared_cache(source or fetching(self), self.dictionary, settings(values or { region = "r", a = { "table" } }),
    self.transport)
end

-- Calls the functions concurrently -> the results of each.
local function side_by_side(self, calls)
  self.side_by_side = true
  return in_turns(calls)
end

describe("credentials.shared", function()
  local self
  before_each(function() self = machine() end)

  it("fetches once for concurrent callers", function()
    local calls = {}
    for i = 1, 4 do
      local source = worker(self)
      calls[i] = function() return source(self.now + 10, nil) end
    end
    for _, result in ipairs(side_by_side(self, calls)) do assert.equal("k1", result[1].aws_access_key_id) end
    assert.equal(1, self.fetched)
  end)

  it("returns all fetched fields to later callers", function()
    local first = worker(self)(10)
    assert.same(first, worker(self)(10))
    assert.equal(1, self.fetched)
  end)

  it("fetches new keys for a worker that rejects the stored ones, and shares them with other workers", function()
    local one, two = worker(self), worker(self)
    local first = one(10)
    assert.equal("k1", two(10).aws_access_key_id)
    self.now = 3300
    local second = one(self.now + 10, first)
    assert.equal("k2", second.aws_access_key_id)
    assert.same(second, two(self.now + 10, first))
    assert.equal(2, self.fetched)
  end)

  it("ignores stored keys that expire before those of the worker", function()
    worker(self)(10)
    local later = keys(self, 9)
    later.expires = later.expires + 100
    assert.equal("k2", worker(self)(10, later).aws_access_key_id)
  end)

  it("ignores expired keys", function()
    worker(self, function()
      local found = keys(self, 1)
      found.expires = START - 1
      return found
    end)(10)
    assert.equal("k1", worker(self)(10).aws_access_key_id)
    assert.equal(1, self.fetched)
  end)

  it("separates workers with different settings", function()
    assert.equal("k1", worker(self)(10).aws_access_key_id)
    assert.equal("k2", worker(self, nil, { region = "r", profile = "other" })(10).aws_access_key_id)
    assert.equal(2, self.fetched)
  end)

  for name, more in pairs({ ["never change"] = { true, START + 3600 }, ["have no end"] = {} }) do
    it("does not share keys that " .. name, function()
      local source = worker(self, function()
        return { aws_access_key_id = "k", aws_secret_access_key = "s", expires = more[2] }, more[1]
      end)
      local found, fixed = source(10)
      assert.equal("k", found.aws_access_key_id)
      assert.equal(more[1], fixed)
      assert.same({}, self.entries)
    end)
  end

  it("stops waiting at the deadline", function()
    local slow = worker(self, function()
      local found, err = worker(self)(5) -- while this one holds the lock
      assert.is_nil(found)
      assert.is_true(errors.is(err))
      assert.equal("credentials: no credentials in time", tostring(err))
      assert.is_true(err.retryable)
      return nil, "slow"
    end)
    assert.same({ nil, "slow" }, { slow(100) })
    assert.equal(0, self.fetched)
  end)

  it("lets the next caller fetch after a failure", function()
    assert.same({ nil, "down" }, { worker(self, function() return nil, "down" end)(10) })
    assert.same({}, self.entries)
    assert.equal("k1", worker(self)(10).aws_access_key_id)
  end)

  it("lets the next caller fetch after an error was raised", function()
    local ok, why = pcall(worker(self, function() error("oops", 0) end), 10)
    assert.is_false(ok)
    assert.equal("oops", why)
    assert.same({}, self.entries)
  end)

  it("waits for a cancelled fetch no longer than the fetch could have taken", function()
    self.side_by_side = true
    assert(coroutine.resume(coroutine.create(worker(self)), self.now + 3))
    self.side_by_side = false
    assert.equal("k2", worker(self)(self.now + 10).aws_access_key_id)
    assert.is_true(self.now >= 3 and self.now < 6)
  end)

  it("does not release the lock of another worker", function()
    local source = worker(self, function()
      for name in pairs(self.entries) do self.entries[name] = { value = "other", until_when = 100 } end
      return nil, "down"
    end)
    source(10)
    assert.is_not_nil(next(self.entries))
  end)

  it("reports that the dictionary is full", function()
    self.full = true
    assert.equal("not shared: no memory", worker(self)(10).warning)
  end)

  it("passes on the source's error in the settings", function()
    local source = shared_cache(function() return nil, "bad file" end, self.dictionary,
      { load = function() return nil, "bad file" end }, self.transport)
    assert.same({ nil, "bad file" }, { source(10) })
  end)
end)
