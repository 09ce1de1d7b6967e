-- Prefetched and concurrent pages in simulated time. spec/scenarios/parallel_reads_spec.lua uses sockets.

local cjson = require("cjson")
local core = require("dynamodb.core")
local curl = require("dynamodb.transport.curl")
local dynamodb = require("dynamodb")
local generate = dofile("spec/support/random_source.lua")
local helper = dofile("spec/support/helper.lua")
local pages_ahead = require("dynamodb.table.prefetch")
local paging = dofile("spec/support/paging_service.lua")
local samples = dofile("spec/support/samples.lua")

-- A service whose responses take a second, or the latency in 'given' -> service, table, transport.
local function start(given)
  local settings = { latency = function() return 1 end }
  for name, value in pairs(given or {}) do settings[name] = value end
  local service, tbl = paging.start(settings)
  return service, tbl, service.transport
end

local function positions(list)
  local at = {}
  for i, item in ipairs(list) do at[i] = item.at end
  return at
end

local function sorted(list)
  local at = positions(list)
  table.sort(at)
  return at
end

local function upto(n)
  local list = {}
  for i = 1, n do list[i] = i end
  return list
end

-- Returns the duration of a function in simulated time, as a task or outside tasks.
local function time(transport, f, outside)
  local before = transport.now()
  if outside then f() else transport.run(f) end
  return transport.now() - before
end

describe("prefetch", function()
  it("lets a waiting task go on at once when it is closed", function()
    local order = {}
    local endless = { more = true, fetch = function() dynamodb.loop.sleep(60) end }
    local own = pages_ahead.new(curl, { endless }, { prefetch = 1 })
    dynamodb.loop.run(function()
      dynamodb.loop.spawn(function()
        assert.is_nil(own:take())
        order[#order + 1] = "woken"
      end)
      dynamodb.loop.sleep(0.01)
      own:close()
      order[#order + 1] = "closed"
      for _ = 1, 2 do dynamodb.loop.sleep(0) end -- steps: the woken task has its turn in one of them
      order[#order + 1] = "steps later"
    end)
    assert.same({ "closed", "woken", "steps later" }, order)
  end)

  describe("of a query with prefetch", function()
    -- Reads 10 items in 4 pages and works on each page for a second.
    local function read(prefetch, outside)
      local _, tbl, transport = start()
      local found = {}
      local seconds = time(transport, function()
        for items in tbl:query({ hash_key = "h", prefetch = prefetch }):pages() do
          for _, item in ipairs(items) do found[#found + 1] = item end
          transport.sleep(1)
        end
      end, outside)
      assert.same(upto(10), positions(found))
      return seconds
    end

    it("has the next page while the caller works on this one", function()
      assert.equal(8, read(0))
      assert.equal(5, read(1))
      assert.equal(5, read(2))
    end)

    it("requests the page when it is read, if the transport has no tasks", function()
      assert.equal(8, read(0, true))
      assert.equal(8, read(2, true))
    end)

    it("limits the number of prefetched pages", function()
      local service, tbl, transport = start({ size = 40 })
      transport.run(function()
        local results = tbl:query({ hash_key = "h", prefetch = 2 })
        assert.equal(0, #service.requests)
        for page = 1, 14 do
          assert(results:next())
          transport.sleep(10)
          assert.equal(math.min(14, page + 2), #service.requests)
          assert.equal(page, results.requests)
          assert.equal(math.min(40, 3 * page), results.count)
          if page < 14 then assert.is_truthy(results:next() and results:next()) end
        end
        assert.is_nil((results:next()))
      end)
    end)

    it("fails at the position of the page, and continues there", function()
      local service, tbl, transport = start({ fails = function(number) return number == 3 and 2 end })
      transport.run(function()
        local results, found = tbl:query({ hash_key = "h", prefetch = 3 }), {}
        for _ = 1, 6 do
          found[#found + 1] = assert(results:next())
          transport.sleep(10)
        end
        assert.equal(3, #service.requests)
        local item, err = results:next()
        assert.is_nil(item)
        assert.equal("ThrottlingException", err.code)
        assert.equal(6, results.last_evaluated_key.at)
        for each in results do found[#found + 1] = each end
        assert.same(upto(10), positions(found))
      end)
    end)

    it("requests no more than max_results and max_requests permit", function()
      local service, tbl, transport = start({ size = 40 })
      transport.run(function()
        assert.same(upto(5), positions(assert(tbl:query({ hash_key = "h", prefetch = 3, max_results = 5 }):all())))
        assert.same({ 5, 2 }, { service.requests[1].Limit, service.requests[2].Limit })
        assert.equal(2, #service.requests)
        assert.same(upto(6), positions(assert(tbl:query({ hash_key = "h", prefetch = 3, max_requests = 2 }):all())))
        assert.equal(4, #service.requests)
        local results = tbl:query({ hash_key = "h", prefetch = 9, max_results = 4, filter = { x = 1 } })
        assert.same(upto(4), positions(assert(results:all())))
        assert.equal(6, #service.requests) -- two pages, of three items each
        assert.is_nil(service.requests[5].Limit)
        assert.equal(4, results.last_evaluated_key.at)
      end)
    end)

    it("does not count failures in max_requests", function()
      local service, tbl, transport = start({ size = 40, fails = function(number) return number % 2 == 1 and 2 end })
      transport.run(function()
        local results, found = tbl:query({ hash_key = "h", prefetch = 3, max_requests = 3 }), {}
        while true do
          local item, err = results:next()
          if not item and not err then break end
          found[#found + 1] = item
        end
        assert.same(upto(9), positions(found))
        assert.equal(6, #service.requests)
        assert.equal(3, results.requests)
      end)
    end)

    it("raises the error of a request once, and continues", function()
      local service, tbl, transport = start()
      service.fails = function(number) if number == 2 then error("oops", 0) end end
      transport.run(function()
        local results, found = tbl:query({ hash_key = "h", prefetch = 2 }), {}
        for i = 1, 3 do found[i] = results:next() end
        assert.same({ false, "oops" }, { pcall(results.next, results) })
        for item in results do found[#found + 1] = item end
        assert.same(upto(10), positions(found))
      end)
    end)
  end)

  describe("of segments", function()
    it("reads them concurrently", function()
      local _, tbl, transport = start({ size = 40 })
      local function seconds(segments, concurrency)
        local found
        local took = time(transport, function()
          found = assert(tbl:scan({ segments = segments, concurrency = concurrency }):all())
        end)
        assert.same(upto(40), sorted(found))
        return took
      end
      assert.equal(4, seconds(4))
      assert.equal(4, transport.most_in_flight)
      assert.equal(16, seconds(4, 1))
      assert.equal(8, seconds(4, 2))
      assert.equal(4, seconds(4, 100))
    end)

    it("reads them in rounds outside tasks", function()
      local _, tbl, transport = start({ size = 40 })
      local list
      assert.equal(4, time(transport, function() list = assert(tbl:scan({ segments = 4 }):all()) end, true))
      assert.same(upto(40), sorted(list))
      assert.equal(2, time(transport, function() assert(tbl:count({ segments = 8 })) end, true))
    end)

    it("reads them sequentially with a transport without gather", function()
      local service, tbl = paging.start({ size = 20 })
      assert.same(upto(20), sorted(assert(tbl:scan({ segments = 4 }):all())))
      for i, request in ipairs(service.requests) do assert.equal(math.ceil(i / 2) - 1, request.Segment) end
    end)

    it("returns pages in order of arrival", function()
      local _, tbl, transport = start({ size = 40, latency = function() return 1 end })
      local receive, late = transport.receive, { ['"Segment":0'] = true }
      transport.receive = function(socket, ...)
        for text in pairs(late) do
          if socket.request:find(text, 1, true) then transport.sleep(100) end
        end
        return receive(socket, ...)
      end
      local send = transport.send
      transport.send = function(socket, bytes, ...)
        socket.request = bytes
        return send(socket, bytes, ...)
      end
      transport.run(function()
        local results, order = tbl:scan({ segments = 4 }), {}
        for _ in results:pages() do order[#order + 1] = results.segment end
        assert.equal(16, #order)
        assert.same({ 0, 0, 0, 0 }, { order[13], order[14], order[15], order[16] })
      end)
    end)

    it("keeps items of other segments when one segment fails", function()
      for _, outside in ipairs({ false, true }) do
        local service, tbl, transport = start({ size = 60 })
        local up = false
        service.fails = function() return not up and service.requests[#service.requests].Segment == 2 and 2 end
        time(transport, function()
          local results, found, failures = tbl:scan({ segments = 4 }), {}, 0
          while true do
            local item, err = results:next()
            if err then
              assert.equal("ThrottlingException", err.code)
              failures = failures + 1
              up = #found == 45
            elseif not item then
              break
            end
            found[#found + 1] = item
          end
          assert.same(upto(60), sorted(found))
          assert.is_true(failures > 1)
        end, outside)
      end
    end)

    it("reports one failure when all segments fail", function()
      local service, tbl, transport = start()
      transport.run(function()
        local results = tbl:scan({ segments = 4 })
        service.fails = function() return 1 end
        assert.is_nil((results:all()))
        transport.sleep(10)
        service.fails = function() end
        assert.same(upto(10), sorted(assert(results:all())))
      end)
    end)

    it("counts", function()
      local service, tbl, transport = start({ hidden = { [3] = true } })
      transport.run(function()
        local count, results = tbl:count({ segments = 4 })
        assert.same({ 9, 9, 10, #service.requests }, { count, results.count, results.scanned_count, results.requests })
        assert.equal(5, (tbl:count({ segments = 4, max_results = 5 })))
      end)
    end)

    it("skips the rest of a page at next_response", function()
      local _, tbl, transport = start({ size = 40 })
      transport.run(function()
        local results = tbl:scan({ segments = 2, items = false })
        assert(results:next())
        local found = assert(results:next_response()).Items
        local rest = assert(tbl:scan({ segments = 2, items = false, state = results:state() }):all())
        assert.equal(37, #rest) -- all but the first page
        assert.equal(3, #found)
      end)
    end)

    it("ends at max_results and can be resumed without loss", function()
      local _, tbl, transport = start({ size = 40 })
      transport.run(function()
        local results = tbl:scan({ segments = 4, max_results = 7 })
        local found = assert(results:all())
        assert.equal(7, #found)
        assert.is_nil((results:next()))
        for item in tbl:scan({ segments = 4, state = results:state() }) do found[#found + 1] = item end
        assert.same(upto(40), sorted(found))
      end)
    end)

    it("has a state instead of last_evaluated_key", function()
      local _, tbl = start()
      local results = tbl:scan({ segments = 2 })
      local ok, why = pcall(function() return results.last_evaluated_key end)
      assert.is_false(ok)
      assert.is_truthy(why:find("prefetch_spec.lua:%d+: results: segments that are read concurrently have no last_evaluated_key"),
        why)
      assert.is_nil(results.segment)
      assert.is_nil(results.nothing)
      assert.same({ segments = { { done = false }, { done = false } } }, results:state())
      assert(results:all())
      assert.same({ segments = { { done = true }, { done = true } } }, results:state())
      assert.same({}, assert(tbl:scan({ segments = 2, state = results:state() }):all()))
      ok, why = pcall(results.state, tbl:scan())
      assert.is_false(ok)
      assert.is_truthy(why:find("only scans with option 'segments' have a state", 1, true), why)
    end)

    it("has a state of only strings and booleans", function()
      local key = '{"id":{"B":"AP8="},"at":{"N":"12345678901234567890123456789012345678"}}'
      local fake = helper.fake(function(request)
        if request:find("ExclusiveStartKey", 1, true) then
          assert.is_truthy(request:find('"at":{"N":"12345678901234567890123456789012345678"}', 1, true))
          assert.is_truthy(request:find('"id":{"B":"AP8="}', 1, true))
          return helper.response(200, '{"Items":[],"Count":0}')
        end
        return helper.response(200, ('{"Items":[%s],"Count":1,"LastEvaluatedKey":%s}'):format(key, key))
      end)
      local tbl = helper.offline(fake):table("t", { hash_key = "id", hash_key_type = "B", range_key = "at",
        range_key_type = "N" })
      local results = tbl:scan({ segments = 2, items = false })
      assert(results:next())
      local state = cjson.decode(cjson.encode(results:state()))
      assert.equal(1, #assert(tbl:scan({ segments = 2, state = state }):all())) -- the item of the other segment
    end)
  end)

  describe("that ends early", function()
    local function check_over(transport, service)
      transport.sleep(0.1)
      assert.equal(0, transport.in_flight)
      local asked = #service.requests
      transport.sleep(100)
      assert.equal(asked, #service.requests)
    end

    it("by close cancels requests in flight, and keeps its state", function()
      local service, tbl, transport = start({ size = 40 })
      local state
      transport.run(function()
        local results = tbl:scan({ segments = 4 })
        local found = { (assert(results:next())) }
        assert.is_true(transport.in_flight > 0)
        results:close()
        check_over(transport, service)
        assert.is_true(transport.cancelled > 0)
        local ok, why = pcall(results.next, results)
        assert.is_false(ok)
        assert.is_truthy(why:find("attempt to read closed results", 1, true), why)
        assert.is_false((pcall(results.next_response, results)))
        assert.is_false((pcall(results.all, results)))
        assert.is_false((pcall(results:pages())))
        results:close()
        state = results:state()
        for item in tbl:scan({ segments = 4, state = state }) do found[#found + 1] = item end
        assert.same(upto(40), sorted(found))
      end)
    end)

    if _VERSION ~= "Lua 5.1" then
      it("by leaving a loop of Lua 5.4 cancels requests in flight", function()
        for _, given in ipairs({ { segments = 4 }, { prefetch = 2 } }) do
          local service, tbl, transport = start({ size = 40 })
          transport.run(function()
            for _ in tbl:scan(given) do break end -- luacheck: ignore 512
            check_over(transport, service)
            assert.is_true(transport.cancelled > 0)
          end)
        end
      end)

      it("by a to-be-closed variable cancels requests in flight", function()
        local closing = assert(load("local results <close> = ...; return results:next()"))
        local service, tbl, transport = start({ size = 40 })
        transport.run(function()
          assert(closing(tbl:scan({ segments = 4 })))
          check_over(transport, service)
          assert(closing(tbl:scan()))
        end)
      end)
    end

    it("by collection cancels requests in flight", function()
      local service, tbl, transport = start({ size = 40 })
      transport.run(function()
        do
          local results = tbl:scan({ segments = 4 })
          assert(results:next())
        end
        assert.is_true(transport.in_flight > 0)
        collectgarbage()
        collectgarbage()
        check_over(transport, service)
      end)
    end)

    it("ends for a waiting task as well", function()
      local _, tbl, transport = start({ size = 40 })
      local item, err = 1, 1
      transport.run(function()
        local results = tbl:scan({ segments = 4 })
        transport.spawn(function() item, err = results:next() end)
        transport.sleep(0.5)
        results:close()
      end)
      assert.is_nil(item)
      assert.is_nil(err)
    end)

    it("in another place that cannot cancel its requests returns each item once", function()
      local service, tbl, transport = start({ size = 60 })
      local place, spawn, found, jobs = 1, transport.spawn, {}, 0
      transport.place = function() return place end
      transport.run(function()
        transport.spawn = function(f)
          local job = spawn(f)
          job.cancel = function() end
          jobs = jobs + 1
          return job
        end
        for item in tbl:scan({ segments = 4, prefetch = 2 }) do
          found[#found + 1] = item
          if #found % 7 == 0 then place = place + 1 end
          if #found % 5 == 0 then transport.sleep(0.5) end
        end
      end)
      assert.same(upto(60), sorted(found))
      assert.is_true(#service.requests > 20)
      assert.is_true(jobs > 20)
    end)

    it("because its fetching tasks were cancelled starts again", function()
      local service, tbl, transport = start({ size = 40 })
      local jobs, spawn = {}, transport.spawn
      local found = {}
      transport.run(function()
        transport.spawn = function(f)
          jobs[#jobs + 1] = spawn(f)
          return jobs[#jobs]
        end
        local results = tbl:scan({ segments = 4 })
        for item in results do
          found[#found + 1] = item
          if #found < 20 then
            for _, job in ipairs(jobs) do job:cancel() end
          end
        end
      end)
      assert.same(upto(40), sorted(found))
      assert.is_true(#service.requests > 16)
    end)
  end)

  describe("shared by tasks", function()
    for _, given in ipairs({ { segments = 4 }, { prefetch = 2 }, {} }) do
      it("gives each item to one of them: " .. cjson.encode(given), function()
        local _, tbl, transport = start({ size = 60 })
        local found, busy = {}, 0
        transport.run(function()
          local results = tbl:scan(given)
          for _ = 1, 5 do
            transport.spawn(function()
              local any = false
              for item in results do
                found[#found + 1], any = item, true
                transport.sleep(0.1)
              end
              if any then busy = busy + 1 end
            end)
          end
        end)
        assert.same(upto(60), sorted(found))
        assert.equal(5, busy)
      end)
    end

    it("gives each page to one of them", function()
      local _, tbl, transport = start({ size = 60 })
      local found = {}
      transport.run(function()
        local results = tbl:scan()
        for _ = 1, 5 do
          transport.spawn(function()
            for items in results:pages() do
              for _, item in ipairs(items) do found[#found + 1] = item end
              transport.sleep(0.1)
            end
          end)
        end
      end)
      assert.same(upto(60), sorted(found))
    end)
  end)

  describe("of a service that fails at random", function()
    local SEED = tonumber(os.getenv("SPEC_SEED")) or generate.any_seed()

    local ways = {
      function(results, take)
        return pcall(function()
          for item in results do take(item, results.segment) end
        end)
      end,
      function(results, take)
        local list = results:all()
        for _, item in ipairs(list or {}) do take(item) end
        return list ~= nil
      end,
      function(results, take)
        return pcall(function()
          for items in results:pages() do
            for _, item in ipairs(items) do take(item) end -- after a failure a list may have items of several segments
          end
        end)
      end,
    }

    -- One run that at random times closes results, resumes from a state, changes the place, or cancels a task.
    local function run(random)
      local size, failing = random:integer(0, 60), random:integer(0, 4)
      local hidden, expected = {}, {}
      for at = 1, size do
        hidden[at] = random:once_in(3) or nil
        if not hidden[at] then expected[#expected + 1] = at end
      end
      local service, tbl, transport = start({ size = size, hidden = hidden,
        page_size = function() return random:integer(1, 7) end, late_end = function() return random:once_in(2) end,
        latency = function() return random:integer(0, 3) end })
      local stats = { failures = 0, stops = 0 }
      service.fails = function()
        if failing == 0 or not random:once_in(failing + 1) then return nil end
        stats.failures = stats.failures + 1
        return random:integer(1, service.FAILURES)
      end
      local segments = random:integer(1, 5)
      local given = { segments = segments, concurrency = random:integer(1, 6), prefetch = random:integer(0, 3),
        filter = { x = 1 }, items = random:once_in(2), request_limit = random:once_in(2) and random:integer(1, 9) or nil }
      local results, found, over = tbl:scan(given), {}, false
      local function take(item, segment)
        assert(not segment or item.at % segments == segment)
        found[#found + 1] = item
      end
      local function go_on()
        for _ = 1, random:integer(0, 20) do
          local item, err = results:next()
          if item then take(item, results.segment) elseif not err then over = true end
        end
        if random:once_in(3) then over = ways[random:integer(1, 3)](results, take) or over end
        if random:once_in(4) then
          given.state = cjson.decode(cjson.encode(results:state()))
          if random:once_in(2) then results:close() end
          results = tbl:scan(given)
          stats.stops, over = stats.stops + 1, false
        end
      end
      for _ = 1, 2000 do
        if over then break end
        local where = random:integer(1, 3)
        if where == 1 then
          go_on()
        elseif where == 2 then
          transport.run(go_on)
        else
          transport.run(function() -- the task is cancelled after its time
            local task = transport.spawn(function() pcall(go_on) end)
            transport.sleep(random:integer(0, 8))
            task:cancel()
          end)
        end
      end
      return sorted(found), expected, stats
    end

    it("gives every item exactly once: 1,000 runs", function()
      local failures, stops = 0, 0
      for n = 1, samples.count(1000) do
        local found, expected, stats = run(generate.new(SEED + n))
        assert.same(table.concat(expected, " "), table.concat(found, " "), ("SPEC_SEED=%d, run %d"):format(SEED, n))
        failures, stops = failures + stats.failures, stops + stats.stops
      end
      assert.is_true(failures > samples.count(300) and stops > samples.count(300), failures .. " failures, " .. stops .. " stops")
    end)
  end)

  it("ends with the error of a closed connection", function()
    local _, tbl, transport = start({ size = 40 })
    local connection = select(2, core.table_parts(tbl))
    transport.run(function()
      local results = tbl:scan({ segments = 4 })
      assert(results:next())
      connection:close()
      local count = 1
      for _ in function() return results:next() end do count = count + 1 end -- those that were requested before
      assert.is_true(count < 40)
      for _ = 1, 2 do
        local item, err = results:next()
        assert.is_nil(item)
        assert.same({ "ConnectionClosed", false }, { err.code, err.retryable })
      end
      local ok, err = pcall(function() for _ in results do count = count + 1 end end)
      assert.is_false(ok)
      assert.equal("ConnectionClosed", err.code)
    end)
  end)
end)
