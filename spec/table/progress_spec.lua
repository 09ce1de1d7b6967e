-- Option 'on_progress' of batches, queries, scans and methods that wait. spec/table/batch_writer_spec.lua has writers.

local batch_service = dofile("spec/support/batch_service.lua")
local cjson = require("cjson")
local generate = dofile("spec/support/random_source.lua")
local helper = dofile("spec/support/helper.lua")
local paging = dofile("spec/support/paging_service.lua")
local poll = require("dynamodb.admin.poll")
local progress = require("dynamodb.table.progress")

-- Returns a function for on_progress and the list of what it was told, with the time by the transport's clock.
local function listener(transport)
  local told = {}
  return function(done, total, state) told[#told + 1] = { done, total, state, at = transport.now() } end, told
end

-- Asserts that the function was told at most ten times a second, but for the last time.
local function check_pace(told)
  for i = 2, #told - 1 do assert.is_true(told[i].at - told[i - 1].at >= 0.1 - 1e-9) end
end

-- Returns a table of a service that answers batches, each after so many seconds -> table, transport.
local function batches(seconds, outcomes)
  local service = batch_service.new(generate.new(1), { t = { "id" } }, outcomes or { "all" })
  local sleep = service.transport.sleep
  local send = service.transport.send
  function service.transport.send(...)
    sleep(seconds)
    return send(...)
  end
  return helper.offline(service.transport):table("t", { hash_key = "id" }), service.transport
end

local function items(count)
  local list = {}
  for i = 1, count do list[i] = { id = "k" .. i, n = i } end
  return list
end

describe("on_progress", function()
  it("is called at most ten times a second, and once at the end", function()
    local transport = helper.fake()
    local tell, told = listener(transport)
    local n = 0
    local own = progress.new(tell, transport, function(subject) return n, nil, { subject } end, "x")
    for i = 1, 1000 do
      n = i
      own:report()
      transport.sleep(0.001)
    end
    own:finish()
    own:finish()
    assert.is_true(#told >= 10 and #told <= 12, #told)
    check_pace(told)
    assert.equal(1000, told[#told][1])
    assert.same({ "x" }, told[1][3])
  end)

  -- {===== Batches =====

  it("tells how many entries of a batch are processed", function()
    local tbl, transport = batches(0.2)
    local tell, told = listener(transport)
    assert(tbl:batch_write({ put = items(110) }, { on_progress = tell, return_consumed_capacity = "NONE" }))
    local done = {}
    for i, each in ipairs(told) do
      done[i] = each[1]
      assert.equal(110, each[2])
    end
    assert.same({ 25, 50, 75, 100, 110, 110 }, done)
    assert.same({ requests = 5 }, told[6][3])
    tell, told = listener(transport)
    local keys = {}
    for i = 1, 250 do keys[i] = "k" .. i end
    assert(tbl:get_items(keys, { on_progress = tell }))
    assert.same({ 100, 200, 250, 250 }, { told[1][1], told[2][1], told[3][1], told[4][1] })
  end)

  it("tells the truth when entries are left unprocessed, and after a failure", function()
    local tbl, transport = batches(0.2, { "some", "none", "throttle" })
    local tell, told = listener(transport)
    local ok, err = tbl:batch_write({ put = items(500) }, { on_progress = tell, deadline = 3, max_attempts = 1 })
    assert.is_nil(ok)
    assert.equal(500 - #err.leftovers, told[#told][1])
    for i = 2, #told do assert.is_true(told[i][1] >= told[i - 1][1]) end
    check_pace(told)
  end)

  it("raises what the function raises", function()
    local tbl = batches(0.2)
    for _, concurrency in ipairs({ 1, 3 }) do
      local ok, why = pcall(tbl.batch_write, tbl, { put = items(200) }, { concurrency = concurrency,
        on_progress = function() error({ "enough" }) end })
      assert.same({ false, { "enough" } }, { ok, why })
    end
    local _, listed = paging.start()
    local results = listed:scan({ on_progress = function() error("enough", 0) end })
    assert.same({ false, "enough" }, { pcall(results.next, results) })
  end)

  -- ===================== }
  -- {===== Pages =====

  -- Reads a scan -> number of items, what was told.
  local function read(given, size)
    local service, tbl = paging.start({ size = size or 100, page_size = function() return 10 end,
      latency = function() return 0.2 end })
    local told, count
    service.transport.run(function()
      local tell
      tell, told = listener(service.transport)
      given.on_progress, count = tell, 0
      for _ in tbl:scan(given) do count = count + 1 end
    end)
    return count, told, tbl, service
  end

  it("tells the items of the pages that a scan has passed, with the key to resume after them", function()
    local count, told, tbl, service = read({})
    assert.equal(100, count)
    assert.equal(12, #told) -- before each page, and at the end
    local last = table.remove(told)
    assert.same({ 100, { requests = 10, scanned_count = 100, consumed_units = 50 } }, { last[1], last[3] })
    for i, each in ipairs(told) do
      local state = each[3]
      assert.same({ (i - 1) * 10, nil, i - 1, (i - 1) * 5 }, { each[1], each[2], state.requests, state.consumed_units })
      local start = state.last_evaluated_key
      assert.equal(i > 1 and i < 11 and (i - 1) * 10 or nil, start and start.at)
    end
    service.transport.run(function()
      assert.equal(40, #tbl:scan({ exclusive_start_key = told[7][3].last_evaluated_key }):all())
    end)
  end)

  it("tells the state of the segments, which resumes the scan as it is, also from JSON", function()
    local count, told, tbl, service = read({ segments = 4 }, 400)
    assert.equal(400, count)
    check_pace(told)
    assert.equal(400, told[#told][1])
    local each = told[math.floor(#told / 2)]
    assert.is_true(each[1] > 0 and each[1] < 400)
    service.transport.run(function()
      local state = cjson.decode(cjson.encode(each[3]))
      assert.equal(400 - each[1], #tbl:scan({ segments = 4, state = state }):all())
    end)
    for _, segment in ipairs(told[#told][3].segments) do assert.is_true(segment.done) end
  end)

  it("is told the end once by every way of reading", function()
    local ways = {
      all = function(results) results:all() end,
      loop = function(results) for _ in results do end end,
      next = function(results) repeat until not results:next() end,
      next_response = function(results) repeat until not results:next_response() end,
      pages = function(results) for _ in results:pages() do end end,
    }
    for name, way in pairs(ways) do
      for _, given in ipairs({ {}, { max_results = 25 }, { prefetch = 2 } }) do
        local service, tbl = paging.start({ size = 60, page_size = function() return 10 end })
        local tell, told = listener(service.transport)
        given.on_progress = tell
        way(tbl:scan(given))
        assert.equal(2, #told, name) -- the start, and the end
        local whole = name == "next_response" -- which does not count the elements that it skips
        assert.equal(not whole and given.max_results or 60, told[2][1], name)
      end
    end
  end)

  it("is told of a failure, and of the end after it", function()
    local service, tbl = paging.start({ size = 30, page_size = function() return 10 end,
      fails = function(number) return number == 2 and 1 or nil end })
    local tell, told = listener(service.transport)
    local results = tbl:scan({ on_progress = tell })
    assert.is_nil((results:all()))
    assert.same({ 0, 10 }, { told[1][1], told[2][1] })
    service.transport.sleep(1)
    assert.equal(30, #assert(results:all()))
    assert.equal(30, told[#told][1])
  end)

  it("counts", function()
    local service, tbl = paging.start({ size = 30, page_size = function() return 10 end })
    local tell, told = listener(service.transport)
    assert.equal(30, (tbl:count({ on_progress = tell })))
    assert.equal(30, told[#told][1])
  end)

  -- ===================== }
  -- {===== Waiting =====

  it("tells the status that is waited for", function()
    local transport = helper.fake()
    local tell, told = listener(transport)
    local states, n = { { false, "CREATING" }, { false, "UPDATING" }, { true, "ACTIVE" } }, 0
    assert(poll.poll({ transport = transport }, 60, "x", function()
      n = n + 1
      return states[n][1], states[n][2]
    end, tell))
    local list = {}
    for i, each in ipairs(told) do
      list[i] = each[3].status .. each[3].checks
      assert.same({ each[3].elapsed, nil }, { each[1], each[2] })
      assert.is_true(math.abs(each.at - 1000 - each[1]) < 1e-9)
    end
    assert.same({ "CREATING1", "UPDATING2", "ACTIVE3" }, list)
  end)

  it("tells the items of exports and imports", function()
    for _, kind in ipairs({ { "export", "ItemCount" }, { "import", "ProcessedItemCount" } }) do
      local upper, n = kind[1]:gsub("^%l", string.upper), 0
      local arn = "arn:aws:dynamodb:us-east-1:1:table/t/" .. kind[1] .. "/1"
      local transport = helper.fake(function()
        n = n + 1
        return helper.response(200, cjson.encode({ [kind[1] == "import" and "ImportTableDescription" or "ExportDescription"] = {
          [upper .. "Arn"] = arn, [upper .. "Status"] = n < 3 and "IN_PROGRESS" or "COMPLETED",
          [kind[2]] = n > 1 and n * 1000 or nil } }))
      end)
      local tell, told = listener(transport)
      local conn = helper.offline(transport)
      assert(conn["wait_until_" .. kind[1] .. "_completed"](conn, arn, { on_progress = tell }))
      assert.same({ 0, 2000, 3000, "COMPLETED" }, { told[1][1], told[2][1], told[3][1], told[3][3].status })
    end
  end)

  it("tells the status of a table of the server", function()
    local conn = helper.connect()
    local tbl = helper.create_table(conn)
    local tell, told = listener(require("dynamodb.transport.curl"))
    assert(tbl:wait_until_active({ on_progress = tell }))
    assert.same({ 1, "ACTIVE", 1 }, { #told, told[1][3].status, told[1][3].checks })
    assert(tbl:delete())
    assert(tbl:wait_until_deleted({ on_progress = tell }))
    assert.is_nil(told[#told][3].status)
    conn:close()
  end)

  -- ===================== }
end)
