-- Concurrent segments and prefetched pages over sockets: 100,000 items of large_table_server.js. spec/table/prefetch_spec.lua
-- and spec/table/batch_engine_spec.lua use simulated time.

local engines = dofile("spec/support/engines.lua")
local scripted = dofile("spec/support/scripted_server.lua")
local cjson = require("cjson")
local curl = require("dynamodb.transport.curl")
local dynamodb = require("dynamodb")
local pool = require("dynamodb.http.pool")
local generate = dofile("spec/support/random_source.lua")
local helper = dofile("spec/support/helper.lua")

local core = require("dynamodb.core")

local ITEMS, SEGMENTS, STOPS = 100000, 8, 100
local loop = dynamodb.loop
local SEED = tonumber(os.getenv("SPEC_SEED")) or generate.any_seed()

-- libcurl's transport whose sleeps take a tenth of the time.
local hurried = setmetatable({ sleep = function(seconds) curl.sleep(seconds / 10) end }, { __index = curl })

describe("in parallel reads", function()
  local server
  local function start(settings)
    server = scripted.node("large_table_server.js", "'" .. cjson.encode(settings) .. "'")
  end
  after_each(function() server.stop() end)

  -- Opens a connection -> its table, the connection.
  local function table_there()
    local connection = dynamodb.connect({ endpoint_url = "http://127.0.0.1:" .. server.port, region = "us-east-1",
      aws_access_key_id = helper.KEY, aws_secret_access_key = helper.SECRET, transport = hurried, max_attempts = 10 })
    return connection:table("t", { hash_key = "id", range_key = "at", range_key_type = "N" }), connection
  end

  -- The server's counters.
  local function seen_there()
    local _, connection = table_there()
    return assert(connection:call("DescribeLimits"))
  end

  local function eventually(what)
    local deadline = curl.now() + 10
    repeat
      if what() then return end
      curl.sleep(0.02)
    until curl.now() > deadline
    error("it does not come", 2)
  end

  -- Counts items -> function that counts an item, function that returns the number.
  local function counter()
    local came, count = {}, 0
    return function(item)
      if came[item.at] then error(item.at .. " comes again", 0) end
      came[item.at], count = true, count + 1
    end, function() return count end
  end

  local function outside(f, ...) return f(...) end

  local function scan(options)
    local take, count = counter()
    for item in table_there():scan(options) do take(item) end
    return count()
  end

  local everywhere = { ["outside of tasks"] = outside, ["in a task"] = loop.run }

  for where, run in pairs(everywhere) do
    it("every item of 8 segments comes once, " .. where, function()
      start({ items = ITEMS, page = 2000, delay = 30 })
      assert.equal(ITEMS, run(scan, { segments = SEGMENTS, items = false }))
      local most = seen_there().AtOnce
      assert.is_true(most > SEGMENTS / 2 and most <= SEGMENTS, most)
    end)

    it("every item comes once while the server throttles, fails and drops connections, " .. where, function()
      start({ items = ITEMS, trouble = 10 })
      assert.equal(ITEMS, run(scan, { segments = SEGMENTS, prefetch = 2, items = false }))
      assert.is_true(seen_there().Troubled > 20)
    end)
  end

  -- Ways to abandon results halfway.
  local leaves = {
    function(results) results:close() end,
    function() end,
    function() collectgarbage() end,
  }

  it("every item comes once to readers that are stopped at random points, 100 times", function()
    start({ items = ITEMS, trouble = 3 })
    local random = generate.new(SEED)
    local take, count = counter()
    local saved, stops, is_over = nil, 0, false
    local function go_on()
      local results = table_there():scan({ segments = SEGMENTS, items = false, state = saved and cjson.decode(saved),
        prefetch = random:integer(0, 2), concurrency = random:integer(1, 8) })
      local left = stops < STOPS and random:integer(0, 1.6 * ITEMS / STOPS) or math.huge
      while left > 0 and not is_over do
        local item, err = results:next()
        if err then error(err, 0) end
        if item then take(item) else is_over = true end
        left = left - 1
      end
      saved = cjson.encode(results:state())
      random:pick(leaves)(results)
    end
    while not is_over do
      local run = random:once_in(2) and outside or loop.run
      run(go_on)
      if not is_over then stops = stops + 1 end
    end
    assert.equal(ITEMS, count(), "SPEC_SEED=" .. SEED)
    assert.equal(STOPS, stops, "SPEC_SEED=" .. SEED)
  end)

  it("pages are prefetched while the caller does something else", function()
    start({ items = 10000, page = 100 })
    loop.run(function()
      local results = table_there():scan({ prefetch = 3 })
      local take, count = counter()
      assert.equal(0, seen_there().Requests)
      take(results:next())
      eventually(function() return seen_there().Requests == 4 end)
      loop.sleep(0.1)
      assert.equal(4, seen_there().Requests)
      for item in results do take(item) end
      assert.equal(10000, count())
    end)
  end)

  it("closed results leave no request and no connection", function()
    start({ items = 1000, delay = 2500 })
    loop.run(function()
      local tbl, connection = table_there()
      local results = tbl:scan({ segments = 4 })
      assert(results:next())
      local began = curl.now()
      results:close()
      loop.sleep(0)
      assert.is_true(curl.now() - began < 2.3)
      for _, own in pairs(core.connection_state(connection).running.pools) do
        assert.equal(#own.idle, pool.count_open(own))
        assert.is_true(#own.idle <= 4)
      end
    end)
    eventually(function() return seen_there().Left > 0 end)
  end)

  it("unreferenced results leave no request", function()
    start({ items = 1000, delay = 2500 })
    local began
    loop.run(function()
      local results = table_there():scan({ segments = 4 })
      assert(results:next())
      results, began = nil, curl.now() -- luacheck: ignore 311
      collectgarbage()
      collectgarbage()
    end)
    assert.is_true(curl.now() - began < 2.3)
    eventually(function() return seen_there().Left > 0 end)
  end)

  if _VERSION == "Lua 5.4" then -- a generic for loop closes its results
    it("a task that is cancelled in its loop leaves no request", function()
      start({ items = 1000, delay = 2500 })
      local began
      loop.run(function()
        local task = loop.spawn(function()
          for _ in table_there():scan({ segments = 4 }) do loop.sleep(60) end
        end)
        eventually(function()
          loop.sleep(0.05)
          return seen_there().Requests > 4
        end)
        began = curl.now()
        task:cancel()
      end)
      assert.is_true(curl.now() - began < 2.3)
      eventually(function() return seen_there().Left > 0 end)
    end)
  end

  it("every item comes once to tasks that share the results and are cancelled at random", function()
    start({ items = 20000, page = 100, delay = 1, trouble = 2 })
    local random = generate.new(SEED)
    local take, count = counter()
    local cancelled, is_over = 0, false
    loop.run(function()
      local results = table_there():scan({ segments = SEGMENTS, prefetch = 1 })
      local function read()
        for item in results do
          take(item)
          if item.at % 50 == 0 then loop.sleep(0.001) end
        end
        is_over = true
      end
      local calls = {}
      for i = 1, 4 do
        calls[i] = function()
          while not is_over do
            local task = loop.spawn(read)
            task:wait(random:integer(1, 20) / 1000)
            if task:cancel() then cancelled = cancelled + 1 end
          end
        end
      end
      assert.is_nil(select(2, dynamodb.gather(calls)))
      for item in results do take(item) end
    end)
    assert.equal(20000, count(), "SPEC_SEED=" .. SEED)
    assert.is_true(cancelled > 20, cancelled)
  end)

  it("the deadline applies to all requests in flight", function()
    start({ items = 1000, delay = 3000 })
    for _, run in pairs(everywhere) do
      run(function()
        local began = curl.now()
        local list, err = table_there():scan({ segments = 4, prefetch = 2, deadline = 0.3 }):all()
        assert.is_nil(list)
        assert.equal("timeout", err.kind)
        local took = curl.now() - began
        assert.is_true(took >= 0.25 and took < 2, tostring(took))
      end)
    end
  end)

  it("another coroutine inside a task reads all items", function()
    start({ items = 5000 })
    loop.run(function()
      local take, count = counter()
      local read = coroutine.wrap(function()
        for item in table_there():scan({ segments = 4, prefetch = 1 }) do coroutine.yield(item) end
      end)
      for item in read do take(item) end
      assert.equal(5000, count())
    end)
  end)

  it("results of a task can be read outside it", function()
    start({ items = 5000, page = 50, delay = 1 })
    local take, count = counter()
    local results
    loop.run(function()
      results = table_there():scan({ segments = 4, prefetch = 1 })
      for _ = 1, 100 do take(results:next()) end
    end)
    for item in results do take(item) end
    assert.equal(5000, count())
  end)
end)

describe("concurrently, by gather", function()
  it("tables are waited for, and batches of statements are executed", function()
    engines.need(pending, "partiql", "transactions")
    local conn, tables, calls = helper.connect(), {}, {}
    for i = 1, 3 do
      local schema = conn:create_schema(helper.HASH)
      calls[i] = function()
        tables[i] = assert(conn:create_table({ name = helper.table_name(), schema = schema }))
        return tables[i]:wait_until_active()
      end
    end
    local results, errs = dynamodb.gather(calls)
    assert.is_nil(errs)
    assert.same({ true, true, true }, { results[1], results[2], results[3] })
    local function call_each(f)
      local list = {}
      for i, tbl in ipairs(tables) do list[i] = function() return f(tbl, i) end end
      return dynamodb.gather(list, { concurrency = 2 })
    end
    results, errs = call_each(function(tbl, i)
      return conn:execute_batch({ { ("INSERT INTO \"%s\" VALUE {'id': ?, 'n': ?}"):format(tbl.name), { "a", i } } })
    end)
    assert.is_nil(errs)
    for i = 1, 3 do assert.is_nil(results[i][1].err) end
    results, errs = call_each(function(tbl) return tbl:get_item("a") end)
    assert.is_nil(errs)
    for i = 1, 3 do assert.equal(i, results[i].n) end
    results, errs = call_each(function(tbl, i)
      return conn:transact_write({ { put = { id = i == 2 and "a" or "b" }, table = tbl, create_only = true } })
    end)
    assert.same({ true, nil, true }, { results[1], results[2], results[3] })
    assert.equal("TransactionCanceledException", errs[2].code)
    for _, tbl in ipairs(tables) do assert(tbl:delete()) end
  end)
end)
