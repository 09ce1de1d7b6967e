-- Results of queries and scans: iteration, limits, resuming, and failures in between.
local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local generate = dofile("spec/support/random_source.lua")
local helper = dofile("spec/support/helper.lua")
local paging = dofile("spec/support/paging_service.lua")
local samples = dofile("spec/support/samples.lua")

-- Formats the positions of items.
local function positions(list)
  local at = {}
  for i, item in ipairs(list) do at[i] = ("%d"):format(item.at) end
  return table.concat(at, " ")
end

local function upto(n, first)
  local list = {}
  for at = first or 1, n do list[#list + 1] = { at = at } end
  return positions(list)
end

describe("results", function()
  it("request a page when its first item is read", function()
    local service, tbl = paging.start()
    local results = tbl:query("h")
    assert.equal(0, #service.requests)
    for at = 1, 10 do
      assert.equal(at, assert(results:next()).at)
      assert.equal(math.ceil(at / 3), #service.requests)
      assert.equal(math.ceil(at / 3), results.requests)
    end
    assert.is_nil((results:next()))
    assert.equal(4, #service.requests)
    assert.is_nil((results:next()))
    assert.equal(4, #service.requests)
  end)

  it("have counters of the items so far", function()
    local _, tbl = paging.start({ hidden = { [2] = true, [5] = true, [6] = true } })
    local results = tbl:query("h")
    assert.same({ 0, 0, 0, 0 }, { results.count, results.scanned_count, results.consumed_units, results.requests })
    results:next()
    assert.same({ 2, 3, 1.5, 1 }, { results.count, results.scanned_count, results.consumed_units, results.requests })
    assert(results:all())
    assert.same({ 7, 10, 5, 4 }, { results.count, results.scanned_count, results.consumed_units, results.requests })
  end)

  it("are read by a loop, by all, by pages, by next_response", function()
    local found, sizes = {}, {}
    local function query() return (select(2, paging.start({ late_end = function() return true end })):query("h")) end
    for item in query() do found[#found + 1] = item end
    assert.equal(upto(10), positions(found))
    assert.equal(upto(10), positions(assert(query():all())))
    found = {}
    for items in query():pages() do
      sizes[#sizes + 1] = #items
      for _, item in ipairs(items) do found[#found + 1] = item end
    end
    assert.equal(upto(10), positions(found))
    assert.same({ 3, 3, 3, 1, 0 }, sizes)
    local results = query()
    assert.equal(3, assert(results:next_response()).LastEvaluatedKey.at)
    assert.equal(1, results:next().at)
    assert.equal(6, assert(results:next_response()).LastEvaluatedKey.at) -- skips 2 and 3
    assert.equal(4, results:next().at)
    assert.equal(upto(10, 5), positions(assert(results:all())))
    assert.is_nil(results:next_response())
  end)

  it("return the rest of a page by pages", function()
    local _, tbl = paging.start()
    local results, lists = tbl:query({ hash_key = "h", max_results = 8 }), {}
    results:next()
    for items in results:pages() do lists[#lists + 1] = positions(items) end
    assert.same({ "2 3", "4 5 6", "7 8" }, lists)
  end)

  it("are items, or plain tables on request", function()
    local _, tbl = paging.start()
    local item = tbl:query("h"):next()
    assert.equal("userdata", type(item))
    assert.same({ id = "h", at = 1 }, item:key())
    assert.is_nil(item:changes())
    local row = tbl:query({ hash_key = "h", items = false }):next()
    assert.equal("table", type(row))
    assert.same({ id = "h", at = 1, text = "t1" }, { id = row.id, at = row.at, text = row.text })
  end)

  describe("limits", function()
    -- { options, hidden items, returned items, limits sent, last_evaluated_key afterwards }
    for _, case in ipairs({
      { {}, {}, upto(10), { false, false, false, false } },
      { { max_results = 0 }, {}, "", {} },
      { { max_results = 1 }, {}, upto(1), { 1 }, 1 },
      { { max_results = 3 }, {}, upto(3), { 3 }, 3 },
      { { max_results = 4 }, {}, upto(4), { 4, 1 }, 4 },
      { { max_results = 100 }, {}, upto(10), { 100, 97, 94, 91 } },
      { { request_limit = 2 }, {}, upto(10), { 2, 2, 2, 2, 2 } },
      { { request_limit = 2, max_results = 3 }, {}, upto(3), { 2, 1 }, 3 },
      { { request_limit = 50 }, {}, upto(10), { 50, 50, 50, 50 } },
      { { max_requests = 1 }, {}, upto(3), { false }, 3 },
      { { max_requests = 2, max_results = 4 }, {}, upto(4), { 4, 1 }, 4 },
      { { max_requests = 2, request_limit = 1 }, {}, upto(2), { 1, 1 }, 2 },
      { { max_requests = 2, max_results = 9 }, {}, upto(6), { 9, 6 }, 6 },
      -- A filter makes the number of items in a page unpredictable, so Limit is not reduced to the remaining number.
      { { max_results = 2, filter = "x = ?" }, {}, upto(2), { false }, 2 },
      { { max_results = 2, filter = "x = ?" }, { 1, 2, 3, 5 }, "4 6", { false, false }, 6 },
      { { max_results = 1, request_limit = 2, filter = "x = ?" }, { 1, 2, 3 }, "4", { 2, 2 }, 4 },
      { { max_requests = 1, filter = "x = ?" }, { 1, 2, 3 }, "", { false }, 3 },
    }) do
      local shown = {}
      for name, value in pairs(case[1]) do shown[#shown + 1] = ("%s=%s"):format(name, tostring(value)) end
      table.sort(shown)
      it("are respected: " .. table.concat(shown, " "), function()
        for _, way in ipairs({ "next", "pages" }) do
          local hidden = {}
          for _, at in ipairs(case[2]) do hidden[at] = true end
          local service, tbl = paging.start({ hidden = hidden })
          local given = { hash_key = "h" }
          for name, value in pairs(case[1]) do given[name] = value end
          if given.filter then given.filter = { given.filter, 1 } end
          local results, found = tbl:query(given), {}
          if way == "next" then
            found = assert(results:all())
          else
            for items in results:pages() do
              for _, item in ipairs(items) do found[#found + 1] = item end
            end
          end
          assert.equal(case[3], positions(found), way)
          local sent = {}
          for i, request in ipairs(service.requests) do sent[i] = request.Limit or false end
          assert.same(case[4], sent, way)
          assert.equal(case[5], results.last_evaluated_key and results.last_evaluated_key.at, way)
          if case[1].max_results then assert.equal(case[1].max_results - #found, results.remaining) end
        end
      end)
    end
  end)

  describe("resumed", function()
    local function check(label, given, count)
      for stop = 0, count do
        local hidden = given.filter and { [2] = true, [4] = true, [7] = true } or {}
        local service, tbl = paging.start({ size = count, hidden = hidden })
        local found, results = {}, tbl:query(given)
        for _ = 1, stop do found[#found + 1] = results:next() end
        local start = results.last_evaluated_key
        local copy = { exclusive_start_key = start }
        for name, value in pairs(given) do copy[name] = value end
        local before = #service.requests
        if start or stop == 0 then
          for _, item in ipairs(assert(tbl:query(copy):all())) do found[#found + 1] = item end
          if stop == 0 then assert.is_nil(start) else assert.is_true(#service.requests > before) end
        end
        local all = select(2, paging.start({ size = count, hidden = service.hidden })):query(given):all()
        assert.equal(positions(all), positions(found), label .. " after " .. stop)
      end
    end

    it("continue after any item", function()
      check("plain", { hash_key = "h" }, 10)
      check("with a page that ends at the end", { hash_key = "h" }, 9)
      check("by ones", { hash_key = "h", request_limit = 1 }, 5)
      check("with a filter", { hash_key = "h", filter = { x = 1 } }, 10)
      check("plain tables", { hash_key = "h", items = false }, 10)
    end)

    it("continue after the page at which a loop over pages was left", function()
      local _, tbl = paging.start()
      local results, found = tbl:query("h"), {}
      for items in results:pages() do
        for _, item in ipairs(items) do found[#found + 1] = item end
        if #found == 6 then break end
      end
      local start = results.last_evaluated_key
      for item in tbl:query({ hash_key = "h", exclusive_start_key = start }) do found[#found + 1] = item end
      assert.equal(upto(10), positions(found))
    end)

    it("lose no item of the page in which max_results was reached", function()
      for _, way in ipairs({ "all", "pages", "next_response" }) do
        local _, tbl = paging.start({ page_size = function() return 5 end })
        local results = tbl:query({ hash_key = "h", max_results = 2, filter = { x = 1 } })
        if way == "pages" then for _ in results:pages() do end else assert(results:all()) end -- luacheck: ignore 542
        if way == "next_response" then assert.is_nil((results:next_response())) end
        assert.equal(2, results.last_evaluated_key.at, way)
      end
    end)
  end)

  describe("of segments", function()
    it("come one segment after the other", function()
      local service, tbl = paging.start()
      local results = tbl:scan({ segments = 3, concurrency = 1 })
      assert.equal(0, results.segment)
      assert.equal("3 6 9 1 4 7 10 2 5 8", positions(assert(results:all())))
      assert.equal(2, results.segment)
      local asked = {}
      for i, request in ipairs(service.requests) do
        asked[i] = request.Segment
        assert.equal(3, request.TotalSegments)
      end
      assert.same({ 0, 1, 1, 2 }, asked)
    end)

    -- Returns options that resume at the position of the results.
    local function place(results)
      return { segments = 3, segment = results.segment, exclusive_start_key = results.last_evaluated_key }
    end

    it("continue after any item, in its segment", function()
      local _, whole = paging.start()
      local expected = positions(assert(whole:scan({ segments = 3 }):all()))
      for stop = 1, 9 do
        local _, tbl = paging.start()
        local results, found = tbl:scan({ segments = 3, concurrency = 1 }), {}
        for _ = 1, stop do found[#found + 1] = results:next() end
        for item in tbl:scan(place(results)) do found[#found + 1] = item end
        assert.equal(expected, positions(found), "after " .. stop)
      end
    end)

    it("continue where a loop over pages was left", function()
      for stop = 1, 4 do
        local _, tbl = paging.start()
        local results, found, seen = tbl:scan({ segments = 3, concurrency = 1 }), {}, 0
        local function take(items)
          for _, item in ipairs(items) do found[#found + 1] = item end
        end
        for items in results:pages() do
          take(items)
          seen = seen + 1
          if seen == stop then break end
        end
        if results.last_evaluated_key or seen < 4 then
          for items in tbl:scan(place(results)):pages() do take(items) end
        end
        assert.equal("3 6 9 1 4 7 10 2 5 8", positions(found), "after " .. stop)
      end
    end)

    it("are a single segment with segment and total_segments", function()
      local service, tbl = paging.start()
      assert.equal("1 4 7 10", positions(assert(tbl:scan({ segment = 1, total_segments = 3 }):all())))
      for _, request in ipairs(service.requests) do assert.same({ 1, 3 }, { request.Segment, request.TotalSegments }) end
    end)
  end)

  describe("that are only counted", function()
    it("have no items but all counts", function()
      local service, tbl = paging.start({ hidden = { [3] = true } })
      local results = tbl:query({ hash_key = "h", count = true })
      assert.same({}, assert(results:all()))
      assert.same({ 9, 10 }, { results.count, results.scanned_count })
      for _, request in ipairs(service.requests) do assert.equal("COUNT", request.Select) end
    end)

    for limit, requests in pairs({ [0] = 0, [2] = 1, [5] = 2, [50] = 4 }) do
      it("up to max_results of " .. limit, function()
        local service, tbl = paging.start()
        local count, results = tbl:count({ hash_key = "h", max_results = limit })
        assert.equal(math.min(10, limit), count)
        assert.equal(requests, #service.requests)
        assert.equal(limit < 10 and limit > 0 and limit or nil, results.last_evaluated_key and results.last_evaluated_key.at)
      end)
    end

    it("up to max_results with a filter, too", function()
      local _, tbl = paging.start()
      assert.equal(4, (tbl:count({ hash_key = "h", max_results = 4, filter = { x = 1 } })))
    end)
  end)

  describe("after a failure", function()
    local function failing()
      local service, tbl = paging.start({ fails = function() end })
      service.fails = function() return service.down and 2 end
      return service, tbl:query("h")
    end

    it("continue: the loop raised the error object", function()
      local service, results = failing()
      local found = {}
      local ok, err = pcall(function()
        for item in results do
          found[#found + 1] = item
          service.down = #found == 3
        end
      end)
      assert.is_false(ok)
      assert.is_true(dynamodb.is_error(err))
      assert.equal("ThrottlingException", err.code)
      assert.equal("Query", err.operation)
      assert.equal(3, results.last_evaluated_key.at)
      service.down = false
      for item in results do found[#found + 1] = item end
      assert.equal(upto(10), positions(found))
    end)

    it("continue: next returned nil and the error object", function()
      local service, results = failing()
      service.down = true
      for _ = 1, 3 do
        local item, err = results:next()
        assert.is_nil(item)
        assert.equal("ThrottlingException", err.code)
        assert.equal(0, results.requests)
      end
      service.down = false
      assert.equal(1, results:next().at)
      service.down = true
      assert.equal(2, results:next().at)
      assert.equal(3, results:next().at)
      assert.is_nil((results:next()))
      service.down = false
      assert.equal(upto(10, 4), positions(assert(results:all())))
    end)

    it("continue: after a failed all, every way of reading starts at the first item", function()
      local rest = {
        all = function(results) return assert(results:all()) end,
        next = function(results)
          local list = {}
          for item in results do list[#list + 1] = item end
          return list
        end,
        pages = function(results)
          local list = {}
          for items in results:pages() do
            for _, item in ipairs(items) do list[#list + 1] = item end
          end
          return list
        end,
      }
      for name, read in pairs(rest) do
        local service, results = failing()
        assert.equal(1, results:next().at)
        service.fails = function(number) return number >= 3 and 2 end
        for _ = 1, 3 do assert.is_nil((results:all())) end
        assert.equal(1, results.last_evaluated_key.at)
        assert.equal(2, results:next().at)
        assert.equal(2, results.last_evaluated_key.at)
        service.fails = function() end
        assert.equal(upto(10, 3), positions(read(results)), name)
        assert.same({}, assert(results:all()))
      end
    end)

    it("continue: all can be repeated, with the segment of each item", function()
      for stop = 1, 9 do
        local service, tbl = paging.start()
        local results, found, up = tbl:scan({ segments = 3, concurrency = 1 }), {}, 0
        service.fails = function(number)
          if number % 2 == 0 or number > 6 then return 2 end
          up = up + 1
        end
        for _ = 1, 4 do assert.is_nil((results:all())) end
        assert.equal(3, up)
        service.fails = function() end
        for _ = 1, stop do found[#found + 1] = results:next() end
        for item in tbl:scan({ segments = 3, segment = results.segment, exclusive_start_key = results.last_evaluated_key }) do
          found[#found + 1] = item
        end
        assert.equal("3 6 9 1 4 7 10 2 5 8", positions(found), "after " .. stop)
      end
    end)

    it("continue: next_response skips the items that all had read", function()
      local service, results = failing()
      service.fails = function(number) return number >= 3 and 2 end
      assert.is_nil((results:all()))
      assert.is_nil(results.last_evaluated_key)
      service.fails = function() end
      assert.equal(9, assert(results:next_response()).LastEvaluatedKey.at)
      assert.equal(upto(10, 7), positions(assert(results:all())))
    end)

    it("respect max_results", function()
      local service, tbl = paging.start()
      local results = tbl:query({ hash_key = "h", max_results = 5 })
      service.fails = function(number) return number == 2 and 2 end
      assert.is_nil((results:all()))
      assert.equal(5, results.remaining)
      assert.equal(upto(5), positions(assert(results:all())))
      assert.equal(0, results.remaining)
    end)

    it("continue: pages raised the error object", function()
      local service, results = failing()
      local found = {}
      local function read()
        for items in results:pages() do
          for _, item in ipairs(items) do found[#found + 1] = item end
          service.down = #found == 6
        end
      end
      assert.is_true(dynamodb.is_error(select(2, pcall(read))))
      service.down = false
      read()
      assert.equal(upto(10), positions(found))
    end)
  end)

  describe("with a service that repeats positions", function()
    local function stuck(keys, items)
      local pages = helper.fake(function(_, number)
        if number > 100 then error("asked again and again", 0) end
        local key = keys[(number - 1) % #keys + 1]
        return helper.response(200, ('{"Items":[%s],"LastEvaluatedKey":{"id":{"S":"h"},"at":{"N":"%d"}}}')
          :format(items or "", key))
      end)
      return pages, helper.offline(pages):table("t", { hash_key = "id", range_key = "at", range_key_type = "N" })
    end

    for _, keys in ipairs({ { 1 }, { 1, 2 }, { 1, 2, 3 }, { 4, 3, 2, 1, 5, 6, 7 } }) do
      it("fail for a repeated key, also after " .. #keys, function()
        local fake, tbl = stuck(keys)
        local list, err = tbl:query("h"):all()
        assert.is_nil(list)
        assert.equal("response", err.kind)
        assert.equal("Query", err.operation)
        assert.is_truthy(err.message:find("repeats an earlier LastEvaluatedKey", 1, true))
        assert.is_true(#fake.requests <= 3 * #keys + 1, #fake.requests)
        assert.is_nil((tbl:scan():all()))
        assert.is_nil((tbl:count({ hash_key = "h" })))
        assert.is_false((pcall(function() for _ in tbl:query("h") do end end))) -- luacheck: ignore 542
      end)
    end

    it("fail for the key that the caller started with", function()
      local fake, tbl = stuck({ 7 })
      assert.is_nil((tbl:query({ hash_key = "h", exclusive_start_key = { id = "h", at = 7 } }):next()))
      assert.equal(1, #fake.requests)
    end)

    for _, body in ipairs({ "{}", '{"Items":5}', '{"Items":{}}', '{"Items":"x","Count":1}', '{"LastEvaluatedKey":{}}', "[]",
      '{"Items":[5],"Count":1}', '{"Items":null}' }) do
      it("do not end at a malformed response: " .. body, function()
        local tbl = helper.offline(helper.fake(helper.response(200, body))):table("t", { hash_key = "id" })
        for _, results in ipairs({ tbl:query("h"), tbl:scan() }) do
          local item, err = results:next()
          assert.is_nil(item)
          assert.is_true(dynamodb.is_error(err))
          assert.equal("response", err.kind)
        end
      end)
    end

    it("do not require counts that the items show", function()
      local body = '{"Items":[{"id":{"S":"a"}}],"Count":null,"ConsumedCapacity":null,"LastEvaluatedKey":null}'
      local fake = helper.fake(helper.response(200, body))
      local results = helper.offline(fake):table("t", { hash_key = "id" }):scan()
      assert.equal("a", results:next().id)
      assert.is_nil((results:next()))
      assert.equal(1, #fake.requests)
    end)
  end)

  describe("of other operations", function()
    local bodies = {
      '{"TableNames":["a","b"],"LastEvaluatedTableName":"b"}',
      '{"TableNames":[],"LastEvaluatedTableName":"c"}',
      '{"TableNames":["d"]}',
    }
    local function listing(method, ...)
      local fake = helper.fake(function(_, n) return helper.response(200, bodies[n]) end)
      return fake, helper.offline(fake)[method](helper.offline(fake), ...)
    end

    it("are all listed elements of all pages: each", function()
      local params = { Limit = 2 }
      local fake, results = listing("each", "ListTables", params)
      assert.equal(0, #fake.requests)
      assert.equal("a", results:next())
      assert.is_nil(results.last_evaluated_key) -- a name is no key to resume from, so the position is the start of the page
      assert.equal("b", results:next())
      assert.equal("b", results.last_evaluated_key)
      assert.equal(1, #fake.requests)
      assert.same({ "d" }, assert(results:all()))
      local sent = {}
      for i, request in ipairs(fake.requests) do sent[i] = request:match('"ExclusiveStartTableName":"(%w)"') or "" end
      assert.same({ "", "b", "c" }, sent)
      assert.same({ Limit = 2 }, params)
    end)

    it("are the responses: pages", function()
      local fake, pages = listing("pages", "ListTables")
      assert.equal(0, #fake.requests)
      local count = 0
      for page in pages do
        count = count + 1
        assert.is_table(page.TableNames)
        assert.equal(count, #fake.requests)
      end
      assert.equal(3, count)
    end)

    it("may be nested in the response", function()
      local responses = {
        '{"StreamDescription":{"Shards":[{"ShardId":"1"}],"LastEvaluatedShardId":"1"}}',
        '{"StreamDescription":{"Shards":[{"ShardId":"2"}]}}',
      }
      local fake = helper.fake(function(_, n) return helper.response(200, responses[n]) end)
      local found = {}
      for shard in helper.offline(fake):each("DescribeStream", { StreamArn = "arn" }) do found[#found + 1] = shard.ShardId end
      assert.same({ "1", "2" }, found)
      assert.is_truthy(fake.requests[2]:find('"ExclusiveStartShardId":"1"', 1, true))
    end)

    it("raise the error object", function()
      local fake = helper.fake(helper.response(400, '{"__type":"x#AccessDeniedException","message":"no"}'))
      local conn = helper.offline(fake)
      for _, method in ipairs({ "each", "pages" }) do
        local ok, err = pcall(function() for _ in conn[method](conn, "ListBackups") do end end) -- luacheck: ignore 542
        assert.is_false(ok)
        assert.equal("AccessDeniedException", err.code)
        assert.equal("ListBackups", err.operation)
      end
    end)

    for _, case in ipairs({ { "PutItem", "PutItem has no pages" }, { "Nonsense", "unknown operation 'Nonsense'" } }) do
      it("require a listing operation: " .. case[2], function()
        local conn = helper.offline(helper.fake())
        for _, method in ipairs({ "each", "pages" }) do
          local ok, err = pcall(conn[method], conn, case[1])
          assert.is_false(ok)
          assert.is_truthy(err:find(method .. ": " .. case[2], 1, true), err)
        end
      end)
    end
  end)

  describe("of a service that fails at random", function()
    local SEED = tonumber(os.getenv("SPEC_SEED")) or generate.any_seed()

    -- Ways to read: functions that append elements of the results to a list -> true at the end, or false and the error.
    local ways = {
      function(results, found) -- a loop
        return pcall(function()
          for item in results do found[#found + 1] = item end
        end)
      end,
      function(results, found) -- all
        local list, err = results:all()
        if not list then return false, err end
        for _, item in ipairs(list) do found[#found + 1] = item end
        return true
      end,
      function(results, found) -- pages
        return pcall(function()
          for items in results:pages() do
            for _, item in ipairs(items) do found[#found + 1] = item end
          end
        end)
      end,
    }

    -- One run -> items read, expected items, whether a request failed.
    local function run(random)
      local function chance(n) return n > 0 and random:once_in(n) end
      local failing, size = random:integer(0, 4), random:integer(0, 40)
      local hidden, visible = {}, {}
      local filtered = random:once_in(2)
      for at = 1, size do
        hidden[at] = filtered and not random:once_in(3) or nil
      end
      local service, tbl = paging.start({ size = size, hidden = hidden, page_size = function() return random:integer(1, 7) end,
        late_end = function() return random:once_in(2) end })
      local failed = false
      service.fails = function()
        if not chance(failing) then return nil end
        failed = true
        return random:integer(1, service.FAILURES)
      end
      local segments = random:once_in(3) and random:integer(1, 4) or nil
      for segment = 0, (segments or 1) - 1 do
        for at = 1, size do
          if not hidden[at] and (not segments or at % segments == segment) then visible[#visible + 1] = { at = at } end
        end
      end
      local given = { filter = filtered and { x = 1 } or nil, items = random:once_in(2), segments = segments,
        concurrency = segments and 1,
        request_limit = random:once_in(2) and random:integer(1, 9) or nil }
      if not segments then given.hash_key = "h" end
      local function start() return segments and tbl:scan(given) or tbl:query(given) end
      local found, results = {}, start()
      local way = ways[random:integer(1, 3)]
      for _ = 1, 2000 do
        local steps = random:once_in(2) and random:integer(0, 5) or 0
        for _ = 1, steps do
          local item, err = results:next()
          if not item and not err then return found, visible, failed end
          found[#found + 1] = item
        end
        if steps > 0 and random:once_in(3) and results.last_evaluated_key then -- resumes with new results
          given.exclusive_start_key, given.segment = results.last_evaluated_key, segments and results.segment
          results = start()
        elseif failing ~= 1 or random:once_in(2) then
          if failing == 1 then failing = 2 end -- a service that always fails recovers
          if way(results, found) then return found, visible, failed end
        end
      end
      return found, { { at = -1 } }, failed
    end

    it("are every item exactly once, in order: 1,000 runs", function()
      local failures = 0
      for n = 1, samples.count(1000) do
        local seed = SEED + n
        local found, expected, failed = run(generate.new(seed))
        assert.equal(positions(expected), positions(found), ("SPEC_SEED=%d, run %d"):format(SEED, n))
        if failed then failures = failures + 1 end
      end
      assert.is_true(failures > samples.count(300), "too few failures: " .. failures)
    end)
  end)

  -- {===== Elements that the caller changes =====

  for _, form in ipairs({ { "items", true }, { "plain tables", false } }) do
    it("resume after the element as it was read, despite later changes: " .. form[1], function()
      local _, tbl = paging.start()
      local results = tbl:query({ hash_key = "h", items = form[2] })
      results:next()
      local element = results:next()
      element.at = 9
      assert.equal(2, results.last_evaluated_key.at)
    end)

    it("have a state of the element as it was read, despite later changes: " .. form[1], function()
      local _, tbl = paging.start()
      local results = tbl:scan({ segments = 1, items = form[2] })
      results:next().at = 9
      assert.truthy(results:state().segments[1].key:find('"1"', 1, true))
    end)

    it("read each element once when every one is changed and reading resumes: " .. form[1], function()
      local _, tbl = paging.start()
      local seen, key = {}, nil
      repeat
        local results = tbl:query({ hash_key = "h", items = form[2], exclusive_start_key = key })
        local element = results:next()
        if element then
          seen[#seen + 1] = { at = element.at }
          element.at = 100
          key = results.last_evaluated_key
        end
      until not element or not key
      assert.equal(upto(10), positions(seen))
    end)
  end

  it("resume after an item of an index whose index key was changed and saved", function()
    local page = '{"Items":[{"id":{"S":"a"},"kind":{"S":"new"}},{"id":{"S":"b"},"kind":{"S":"new"}}],"Count":2}'
    local description = '{"Table":{"TableName":"t","TableStatus":"ACTIVE",'
      .. '"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"id",'
      .. '"AttributeType":"S"}],"GlobalSecondaryIndexes":[{"IndexName":"k","KeySchema":[{"AttributeName":"kind",'
      .. '"KeyType":"HASH"}]}]}}'
    local fake = helper.fake(function(request)
      if request:find("UpdateItem", 1, true) then return helper.response(200, "{}") end
      return helper.response(200, request:find("DescribeTable", 1, true) and description or page)
    end)
    local results = assert(helper.offline(fake):table("t", { hash_key = "id" }):query({ index = "k", hash_key = "new" }))
    local item = results:next()
    item.kind = "done"
    assert(item:save())
    assert.same({ id = "a", kind = "new" }, results.last_evaluated_key)
  end)

  it("resume after an item that the caller deleted before it was returned", function()
    local _, tbl = paging.start()
    local results = tbl:query("h")
    local response = results:next_response()
    core.item_load(response.Items[1], nil)
    assert.equal(1, results:next().at)
    assert.equal(1, results.last_evaluated_key.at)
  end)

  -- ===================== }
  -- {===== Results that tasks share =====

  -- Runs a function as a task of a transport whose responses take a second.
  local function in_tasks(f)
    local service, tbl = paging.start({ latency = function() return 1 end })
    service.transport.run(function() f(tbl, service.transport, service) end)
  end

  it("return nothing to a task whose request is in flight when another task closes them", function()
    in_tasks(function(tbl, transport)
      local results, got = tbl:scan({ segments = 1, concurrency = 1 }), nil
      transport.spawn(function() got = { n = 1, pcall(results.next, results) } end)
      transport.sleep(0.5)
      results:close()
      transport.sleep(5)
      assert.same({ n = 1, true }, got)
    end)
  end)

  it("request nothing more for waiting tasks after they are closed", function()
    in_tasks(function(tbl, transport, service)
      local results = tbl:query("h")
      for _ = 1, 3 do transport.spawn(function() pcall(results.next, results) end) end
      transport.sleep(0.5)
      results:close()
      transport.sleep(9)
      assert.equal(1, #service.requests)
    end)
  end)

  it("return no more than max_results to all tasks together", function()
    in_tasks(function(tbl, transport)
      local results, got = tbl:query({ hash_key = "h", max_results = 1, filter = { x = 1 } }), {}
      for _ = 1, 3 do
        transport.spawn(function()
          local item = results:next()
          if item then got[#got + 1] = item end
        end)
      end
      transport.sleep(9)
      assert.equal(upto(1), positions(got))
    end)
  end)

  it("return no empty pages to tasks that share them", function()
    in_tasks(function(tbl, transport)
      local results, sizes = tbl:query("h"), {}
      for _ = 1, 3 do
        transport.spawn(function()
          for list in results:pages() do
            transport.sleep(0)
            sizes[#sizes + 1] = #list
          end
        end)
      end
      transport.sleep(30)
      assert.same({ 3, 3, 3, 1 }, sizes)
    end)
  end)

  -- ===================== }
end)
