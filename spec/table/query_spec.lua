-- Queries and scans against the server: key conditions, filters, indexes, projections, counts and pages.
local cjson = require("cjson")
local dynamodb = require("dynamodb")
local engines = dofile("spec/support/engines.lua")
local helper = dofile("spec/support/helper.lua")
local merge = require("dynamodb.base.options").merge

local attr = dynamodb.attr

describe("query and scan", function()
  local conn, counting, tbl
  local COUNT = 23

  -- Item i: at = i, kind has 3 values, rank has 5 values, and the size grows with i.
  local function row(i)
    return { id = "h", at = i, kind = "k" .. i % 3, rank = i % 5, n = i, Text = ("x"):rep(i), m = { deep = { i, { x = i } } } }
  end

  setup(function()
    counting = helper.counting()
    conn = helper.connect({ transport = counting })
    tbl = assert(conn:create_table({
      name = helper.table_name(),
      schema = conn:create_schema(helper.HASH_RANGE),
      global_indexes = { { name = "by_kind", hash_key = "kind", range_key = { "rank", "N" } },
        { name = "only_keys", hash_key = "kind", projection = "KEYS_ONLY" } },
      local_indexes = { { name = "by_rank", range_key = { "rank", "N" } } },
    }))
    assert(tbl:wait_until_active())
    for i = 1, COUNT do assert(tbl:put_item(row(i))) end
    assert(tbl:put_item({ id = "other", at = 1, kind = "k0", rank = 0 }))
    assert(tbl:put_item({ id = "bare", at = 1 }))
  end)
  teardown(function()
    tbl:delete()
    conn:close()
  end)

  -- Formats items as text: those of hash key "h" by their position, others by their hash key.
  local function read(results)
    local found = {}
    for item in results do found[#found + 1] = item.id == "h" and ("%d"):format(item.at) or item.id end
    return table.concat(found, " ")
  end

  local function upto(last, first, step)
    local list = {}
    for i = first or 1, last, step or 1 do list[#list + 1] = ("%d"):format(i) end
    return table.concat(list, " ")
  end

  -- Items in the order of an index by rank.
  local function by_rank(accepts)
    local list = {}
    for i = 1, COUNT do
      if not accepts or accepts(row(i)) then list[#list + 1] = i end
    end
    table.sort(list, function(a, b)
      if a % 5 ~= b % 5 then return a % 5 < b % 5 end
      return a < b
    end)
    return list
  end

  local function sorted(text)
    local list = {}
    for word in text:gmatch("%S+") do list[#list + 1] = word end
    table.sort(list)
    return table.concat(list, " ")
  end

  describe("query", function()
    for name, case in pairs({
      ["by hash key"] = { { hash_key = "h" }, upto(COUNT) },
      ["by both keys"] = { { hash_key = "h", range_key = 3 }, "3" },
      ["by names"] = { { key = { id = "h", at = 3 } }, "3" },
      ["by names, with a condition"] = { { key = { id = "h", at = dynamodb.lt(3) } }, "1 2" },
      ["by a range"] = { { hash_key = "h", range_key = dynamodb.between(3, 5) }, "3 4 5" },
      ["in boto's words"] = { { hash_key = "h", range_key_condition = dynamodb.ge(21) }, "21 22 23" },
      ["by a condition"] = { { key_condition = dynamodb.all(attr("id"):eq("h"), attr("at"):le(2)) }, "1 2" },
      ["by a table of tests"] = { { key_condition = { id = "h", at = dynamodb.gt(22) } }, "23" },
      ["by text"] = { { key_condition = { "id = ? AND at BETWEEN ? AND ?", "h", 4, 6 } }, "4 5 6" },
      ["of no items"] = { { hash_key = "nobody" }, "" },
      backwards = { { hash_key = "h", scan_index_forward = false, max_results = 3 }, "23 22 21" },
      consistent = { { hash_key = "h", consistent_read = true, range_key = dynamodb.le(2) }, "1 2" },
      filtered = { { hash_key = "h", filter = { rank = 0, n = dynamodb.gt(5) } }, "10 15 20" },
      ["filtered in boto's words"] = { { hash_key = "h", query_filter = { rank = dynamodb.is_in({ 0 }) } }, "5 10 15 20" },
      ["filtered by a builder"] = { { hash_key = "h", filter = attr("m.deep[1].x"):eq(7) }, "7" },
      ["filtered by text"] = { { hash_key = "h", filter = { "size('Text') > ? OR n = ?", 20, 1 } }, "1 21 22 23" },
    }) do
      it("finds items " .. name, function()
        assert.equal(case[2], read(tbl:query(case[1])))
        case[1].items = false
        assert.equal(case[2], read(tbl:query(case[1])))
      end)
    end

    it("takes its keys in order", function()
      assert.equal(upto(COUNT), read(tbl:query("h")))
      assert.equal("3", read(tbl:query("h", 3)))
      assert.equal("1 2", read(tbl:query("h", dynamodb.lt(3))))
    end)

    it("returns usable items", function()
      local item = tbl:query("h", 3):next()
      item.note = "found"
      assert(item:save())
      assert.equal("found", assert(tbl:get_item("h", 3)).note)
      assert(tbl:put_item(row(3)))
    end)

    it("reports the number of items read and the consumed capacity", function()
      local results = tbl:query({ hash_key = "h", filter = { rank = 0 }, request_limit = 10 })
      assert.equal(4, #assert(results:all()))
      assert.same({ 4, COUNT, 3 }, { results.count, results.scanned_count, results.requests })
      assert.is_true(results.consumed_units > 0)
    end)
  end)

  describe("scan", function()
    local everything = sorted(upto(COUNT) .. " other bare")

    it("finds everything", function()
      assert.equal(everything, sorted(read(tbl:scan())))
      assert.equal(everything, sorted(read(tbl:scan({ consistent_read = true, request_limit = 4 }))))
    end)

    it("filters", function()
      assert.equal("22 23", sorted(read(tbl:scan({ filter = { n = dynamodb.gt(21) } }))))
      assert.equal("22 23", sorted(read(tbl:scan({ scan_filter = { n = dynamodb.gt(21) } }))))
      assert.equal("bare", read(tbl:scan({ filter = attr("kind"):not_exists() })))
    end)

    for _, total in ipairs({ 1, 2, 5 }) do
      it("reads every item once, in segments: " .. total, function()
        assert.equal(everything, sorted(read(tbl:scan({ segments = total, request_limit = 3 }))))
        local parts = {}
        for segment = 0, total - 1 do
          parts[#parts + 1] = read(tbl:scan({ segment = segment, total_segments = total }))
        end
        assert.equal(everything, sorted(table.concat(parts, " ")))
      end)
    end
  end)

  describe("an index", function()
    it("is queried by its own keys", function()
      engines.need(pending, "index_order")
      assert.equal(table.concat(by_rank(function(r) return r.kind == "k1" end), " "),
        read(tbl:query({ index = "by_kind", hash_key = "k1" })))
      assert.equal(table.concat(by_rank(function(r) return r.kind == "k2" and r.rank >= 3 end), " "),
        read(tbl:query({ index = "by_kind", hash_key = "k2", range_key = dynamodb.ge(3) })))
      assert.equal(table.concat(by_rank(function(r) return r.rank <= 1 end), " "),
        read(tbl:query({ index = "by_rank", hash_key = "h", range_key = dynamodb.le(1), consistent_read = true })))
      assert.equal("other", read(tbl:query({ index = "by_kind", hash_key = "k0", filter = { n = dynamodb.not_exists() } })))
    end)

    it("may be read backwards, and by names", function()
      local list, backwards = by_rank(function(r) return r.kind == "k1" and r.rank > 2 end), {}
      for i = #list, 1, -1 do backwards[#backwards + 1] = list[i] end
      assert.equal(table.concat(backwards, " "),
        read(tbl:query({ index = "by_kind", key = { kind = "k1", rank = dynamodb.gt(2) }, scan_index_forward = false })))
    end)

    it("has the items with its key attributes", function()
      for _, index in ipairs({ "by_kind", "by_rank" }) do
        assert.equal(sorted(upto(COUNT) .. " other"), sorted(read(tbl:scan({ index = index }))))
      end
    end)

    it("returns its projected attributes and the keys", function()
      local item = tbl:query({ index = "only_keys", hash_key = "k1" }):next()
      assert.equal(3, #item)
      assert.equal("h", item.id)
      assert.equal("k1", item.kind)
      assert.is_nil(item.n)
    end)

    it("is looked up by one DescribeTable if it is unknown", function()
      local known = conn:table(tbl.name, tbl.schema)
      local before = counting.requests
      assert.equal("", read(known:query({ index = "by_kind", hash_key = "none" })))
      assert.equal(before + 2, counting.requests)
      assert.equal("", read(known:query({ index = "by_kind", hash_key = "none" })))
      assert.equal(before + 3, counting.requests)
    end)

    it("that does not exist is an error", function()
      for _, results in ipairs({ { tbl:query({ index = "none", hash_key = "a" }) }, { tbl:scan({ index = "none" }) },
        { tbl:count({ index = "none" }) } }) do
        assert.is_nil(results[1])
        assert.is_truthy(tostring(results[2]):find("has no index 'none'", 1, true))
        assert.equal("service", results[2].kind)
      end
    end)
  end)

  -- The emulator creates such indexes but accepts only one hash and one range attribute in queries and start keys. The
  -- requests are therefore compared with those in the developer guide.
  describe("an index with several key attributes", function()
    local fake, responses, many, global

    before_each(function()
      responses = {}
      fake = helper.fake(function(_, n) return helper.response(200, responses[n] or '{"Items":[],"Count":0}') end)
      many = helper.offline(fake):table("t", { hash_key = "id" })
      local key_schema = {}
      for i, name in ipairs({ "h1", "h2", "h3", "h.4", "r1", "r2", "r3", "r4" }) do
        key_schema[i] = ('{"AttributeName":"%s","KeyType":"%s"}'):format(name, i <= 4 and "HASH" or "RANGE")
      end
      responses[1] = ([[{"Table":{"TableName":"t","TableStatus":"ACTIVE",
        "KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],
        "AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],
        "GlobalSecondaryIndexes":[{"IndexName":"wide","KeySchema":[%s]}]}}]]):format(table.concat(key_schema, ","))
      assert(many:refresh())
      global = { h1 = "a", h2 = 2, h3 = "c", ["h.4"] = "a" }
    end)

    local function request(n) return cjson.decode(fake.requests[n]:match("\r\n\r\n(.*)$")) end

    it("is queried by all its hash keys", function()
      assert.same({}, assert(many:query({ index = "wide", key = global }):all()))
      assert.same({
        TableName = "t", IndexName = "wide", ReturnConsumedCapacity = "TOTAL",
        KeyConditionExpression = "#1 = :1 AND #2 = :2 AND #3 = :3 AND #4 = :1",
        ExpressionAttributeNames = { ["#1"] = "h1", ["#2"] = "h2", ["#3"] = "h3", ["#4"] = "h.4" },
        ExpressionAttributeValues = { [":1"] = { S = "a" }, [":2"] = { N = "2" }, [":3"] = { S = "c" } },
      }, request(2))
    end)

    it("takes range keys from the first on, and a condition on one", function()
      global.r1, global.r2, global.r3 = 1, "x", dynamodb.begins_with("y")
      assert.same({}, assert(many:query({ index = "wide", key = global }):all()))
      assert.equal("#1 = :1 AND #2 = :2 AND #3 = :3 AND #4 = :1 AND #5 = :4 AND #6 = :5 AND begins_with(#7, :6)",
        request(2).KeyConditionExpression)
    end)

    it("resumes with all keys of the index and the table", function()
      local item = '{"id":{"S":"i%d"},"h1":{"S":"a"},"h2":{"N":"2"},"h3":{"S":"c"},"h.4":{"S":"a"},"r1":{"N":"1"},'
        .. '"r2":{"S":"x"},"r3":{"S":"y"},"r4":{"B":"AAE="},"more":{"S":"z"}}'
      responses[2] = ('{"Items":[%s,%s],"Count":2}'):format(item:format(1), item:format(2))
      local results = many:query({ index = "wide", key = global, projection = "more" })
      assert.equal("i1", results:next().id)
      assert(many:query({ index = "wide", key = global, exclusive_start_key = results.last_evaluated_key }):all())
      assert.same({ id = { S = "i1" }, h1 = { S = "a" }, h2 = { N = "2" }, h3 = { S = "c" }, ["h.4"] = { S = "a" },
        r1 = { N = "1" }, r2 = { S = "x" }, r3 = { S = "y" }, r4 = { B = "AAE=" } }, request(3).ExclusiveStartKey)
      local names = {}
      for _, name in pairs(request(2).ExpressionAttributeNames) do names[#names + 1] = name end
      table.sort(names)
      assert.equal("h.4 h1 h2 h3 id more r1 r2 r3 r4", table.concat(names, " "))
    end)

    it("can be created on the server", function()
      engines.need(pending, "multi_attribute_indexes")
      local function parts(prefix)
        local list = {}
        for i = 1, 4 do list[i] = { prefix .. i, i % 2 == 0 and "N" or "S" } end
        return list
      end
      local made = assert(conn:create_table({ name = helper.table_name(), schema = conn:create_schema(helper.HASH),
        global_indexes = { { name = "wide", hash_key = parts("h"), range_key = parts("r") } } }))
      assert(made:wait_until_active())
      assert(made:refresh())
      assert.same({ "h1", "h2", "h3", "h4" }, made.indexes.wide.hash)
      assert.same({ "r1", "r2", "r3", "r4" }, made.indexes.wide.range)
      assert(made:delete())
    end)

    it("requires all its hash keys", function()
      for _, given in ipairs({ { hash_key = "a" }, { key = { h1 = 1, h2 = 2, h3 = 3 } }, { key = { r1 = 1 } } }) do
        given.index = "wide"
        local ok, err = pcall(many.query, many, given)
        assert.is_false(ok)
        assert.is_truthy(err:find("query: value of key attribute 'h%S+' expected"), err)
      end
    end)
  end)

  describe("projection", function()
    for name, given in pairs({
      ["a list"] = { projection = { "n", "m.deep[1]" } },
      text = { projection = "n, m.deep[1]" },
      ["boto's word"] = { attributes_to_get = { "n", "m.deep[1]" } },
    }) do
      it("reads the named attributes and the keys: " .. name, function()
        given.filter = { n = 7 }
        for _, index in ipairs({ false, "by_kind", "by_rank" }) do
          given.index = index or nil
          local item = tbl:scan(given):next()
          local names = {}
          for attribute in item:pairs() do names[#names + 1] = attribute end
          table.sort(names)
          assert.equal(({ by_kind = "at id kind m n rank", by_rank = "at id m n rank" })[index] or "at id m n",
            table.concat(names, " "))
          assert.same({ deep = { { x = 7 } } }, item.m)
          assert.same({ id = "h", at = 7 }, item:key())
        end
      end)
    end
  end)

  describe("resumed", function()
    for name, given in pairs({
      ["on the table"] = { hash_key = "h" },
      ["on the table, backwards"] = { hash_key = "h", scan_index_forward = false },
      ["on the table, with a filter"] = { hash_key = "h", filter = { rank = dynamodb.gt(1) } },
      ["on a global index"] = { index = "by_kind", hash_key = "k1" },
      ["on a global index without a range key"] = { index = "only_keys", hash_key = "k0" },
      ["on a global index, with a filter"] = { index = "by_kind", hash_key = "k1", filter = { n = dynamodb.gt(6) } },
      ["on a local index"] = { index = "by_rank", hash_key = "h" },
      ["on a local index, projected"] = { index = "by_rank", hash_key = "h", projection = "n", scan_index_forward = false },
      ["in a scan"] = { scan = true },
      ["in a scan of a global index"] = { scan = true, index = "by_kind" },
      ["in a scan of a local index, with a filter"] = { scan = true, index = "by_rank", filter = { n = dynamodb.gt(9) } },
    }) do
      it("continues after any item: " .. name, function()
        local function start(more)
          local copy = merge(given, more)
          copy.scan = nil
          return given.scan and tbl:scan(copy) or tbl:query(copy)
        end
        local whole = assert(start({}):all())
        assert.is_true(#whole > 4)
        for _, limit in ipairs({ 3, 100 }) do
          local results = start({ request_limit = limit })
          for stop = 1, #whole - 1 do
            assert.equal(whole[stop], results:next())
            local key = results.last_evaluated_key
            local rest = start({ exclusive_start_key = key, items = stop % 2 == 0, max_results = 2 })
            for i = stop + 1, math.min(stop + 2, #whole) do
              local item = rest:next()
              assert.same({ whole[i].id, whole[i].at }, { item.id, item.at }, "after " .. stop)
            end
          end
        end
      end)
    end
  end)

  describe("count", function()
    for name, case in pairs({
      ["of a query"] = { { hash_key = "h" }, COUNT },
      ["of a range"] = { { hash_key = "h", range_key = dynamodb.le(4) }, 4 },
      ["by names"] = { { key = { id = "h", at = dynamodb.le(4) } }, 4 },
      ["by a condition"] = { { key_condition = { id = "other" } }, 1 },
      ["with a filter"] = { { hash_key = "h", filter = { rank = 0 }, request_limit = 2 }, 4 },
      ["of an index"] = { { index = "by_kind", hash_key = "k0" }, 8 },
      ["of a scan"] = { { filter = { rank = 0 } }, 5 },
      ["of a scan by segments"] = { { segments = 3 }, COUNT + 2 },
      ["of the table"] = { nil, COUNT + 2 },
      ["of nothing"] = { { hash_key = "nobody" }, 0 },
      ["up to a limit"] = { { hash_key = "h", max_results = 5 }, 5 },
    }) do
      it(name, function()
        local count, results = tbl:count(case[1])
        assert.equal(case[2], count)
        assert.equal(case[2], results.count)
      end)
    end

    it("does not change its options", function()
      local given = { hash_key = "h" }
      assert.equal(COUNT, (tbl:count(given)))
      assert.same({ hash_key = "h" }, given)
    end)

    it("is an error when the service fails", function()
      local count, err = conn:table(helper.table_name("missing"), { hash_key = "id" }):count()
      assert.is_nil(count)
      assert.equal("ResourceNotFoundException", err.code)
    end)
  end)

  describe("requests", function()
    it("are sent when the first item of their page is read", function()
      local before = counting.requests
      local results = tbl:query({ hash_key = "h", request_limit = 5 })
      assert.equal(before, counting.requests)
      for i = 1, COUNT do
        assert.equal(i, results:next().at)
        assert.equal(before + math.ceil(i / 5), counting.requests)
      end
    end)

    it("are no more than max_requests", function()
      local before = counting.requests
      assert.equal(upto(10), read(tbl:query({ hash_key = "h", request_limit = 5, max_requests = 2 })))
      assert.equal(before + 2, counting.requests)
    end)

    it("end when max_results is reached", function()
      local before = counting.requests
      assert.equal(upto(7), read(tbl:query({ hash_key = "h", max_results = 7 })))
      assert.equal(before + 1, counting.requests)
      assert.equal("", read(tbl:query({ hash_key = "h", max_results = 0 })))
      assert.equal(before + 1, counting.requests)
    end)

    it("return the error of the service", function()
      local missing = conn:table(helper.table_name("missing"), { hash_key = "id" })
      for _, results in ipairs({ missing:query("a"), missing:scan() }) do
        local item, err = results:next()
        assert.is_nil(item)
        assert.equal("ResourceNotFoundException", err.code)
        local ok, raised = pcall(read, results)
        assert.is_false(ok)
        assert.is_true(dynamodb.is_error(raised))
      end
    end)
  end)

  it("lists the elements of other operations", function()
    local names = {}
    for name in conn:each("ListTables", { Limit = 2 }) do names[#names + 1] = name end
    local pages = 0
    for page in conn:pages("ListTables", { Limit = 2 }) do
      pages = pages + 1
      assert.is_true(#page.TableNames <= 2)
    end
    local listed = {}
    for _, name in ipairs(names) do
      assert.is_nil(listed[name])
      listed[name] = true
    end
    assert.is_true(listed[tbl.name])
    assert.is_true(pages >= math.ceil(#names / 2))
  end)

  it("sends only the given options", function()
    local fake = helper.fake(helper.response(200, '{"Items":[],"Count":0,"ScannedCount":0}'))
    local offline = helper.offline(fake):table("t", { hash_key = "id", range_key = "at", range_key_type = "N" })
    local start = { id = "h", at = 1 }
    for _, case in ipairs({
      { "query", { hash_key = "h" }, '{}' },
      { "query", { hash_key = "h", consistent_read = true, scan_index_forward = false, request_limit = 5 },
        '{"ConsistentRead":true,"ScanIndexForward":false,"Limit":5}' },
      { "query", { hash_key = "h", exclusive_start_key = start, count = true, consistent_read = false },
        '{"ExclusiveStartKey":{"id":{"S":"h"},"at":{"N":"1"}},"Select":"COUNT","ConsistentRead":false}' },
      { "scan", { consistent_read = true, filter = { n = 1 }, projection = "n" },
        '{"ConsistentRead":true,"FilterExpression":"#1 = :1","ProjectionExpression":"#1, #2, #3",'
        .. '"ExpressionAttributeNames":{"#1":"n","#2":"id","#3":"at"},"ExpressionAttributeValues":{":1":{"N":"1"}}}' },
      { "scan", { segment = 1, total_segments = 4 }, '{"Segment":1,"TotalSegments":4}' },
    }) do
      local expected = cjson.decode(case[3])
      expected.TableName, expected.ReturnConsumedCapacity = "t", "TOTAL"
      if case[1] == "query" then
        expected.KeyConditionExpression, expected.ExpressionAttributeNames = "#1 = :1", { ["#1"] = "id" }
        expected.ExpressionAttributeValues = { [":1"] = { S = "h" } }
      end
      assert.same({}, assert(offline[case[1]](offline, case[2]):all()))
      local sent = fake.requests[#fake.requests]
      assert.equal("DynamoDB_20120810." .. (case[1] == "query" and "Query" or "Scan"), sent:match("x%-amz%-target: (%S+)"))
      assert.same(expected, cjson.decode(sent:match("\r\n\r\n(.*)$")))
    end
  end)

  describe("rejects before a request is sent", function()
    local fake = helper.fake()
    local offline = helper.offline(fake):table("t", { hash_key = "id", range_key = "at", range_key_type = "N" })
    local hash_only = helper.offline(fake):table("t", { hash_key = "id" })

    local function refused(message, f, ...)
      local ok, err = pcall(f, ...)
      assert.is_false(ok, "accepted")
      assert.is_truthy(tostring(err):find(message, 1, true), err)
      assert.is_truthy(tostring(err):find("query_spec.lua:%d+: "), err)
      assert.equal(0, fake.opened)
    end

    for _, case in ipairs({
      { "query: unknown option 'hash'", { hash = "h" } },
      { "query: unknown option 'segments'", { hash_key = "h", segments = 2 } },
      { "query: option 'hash_key', 'key' or 'key_condition' expected", {} },
      { "query: option 'hash_key', 'key' or 'key_condition' expected", { range_key = 1 } },
      { "query: option 'max_results': whole number of at least 0 expected", { hash_key = "h", max_results = -1 } },
      { "query: option 'max_requests': whole number of at least 1 expected", { hash_key = "h", max_requests = 0 } },
      { "query: option 'request_limit': whole number of at least 1 expected", { hash_key = "h", request_limit = 1.5 } },
      { "query: option 'consistent_read': boolean expected", { hash_key = "h", consistent_read = 1 } },
      { "query: option 'exclusive_start_key': key (a table by attribute names) expected",
        { hash_key = "h", exclusive_start_key = "h" } },
      { "query: key attribute 'at': value or eq, lt, le, gt, ge, between, begins_with expected",
        { hash_key = "h", range_key = dynamodb.ne(1) } },
      { "query: key attribute 'at': value or eq, lt, le, gt, ge, between, begins_with expected",
        { hash_key = "h", range_key = dynamodb.any(dynamodb.gt(1), dynamodb.eq(0)) } },
      { "query: key attribute 'at': value or eq, lt, le, gt, ge, between, begins_with expected",
        { hash_key = "h", range_key = dynamodb.size(dynamodb.gt(1)) } },
      { "query: key attribute 'at': value or eq, lt, le, gt, ge, between, begins_with expected",
        { hash_key = "h", range_key = attr("n"):gt(1) } },
      { "query: key attribute 'id': a value or eq expected, got dynamodb.condition", { hash_key = dynamodb.begins_with("h") } },
      { "query: key attribute 'id': value of type S expected, got N", { hash_key = 5 } },
      { "query: key attribute 'at': value of type N expected, got S", { hash_key = "h", range_key = dynamodb.between(1, "2") } },
      { "query: 'other' is not a key attribute", { key = { id = "h", other = 1 } } },
      { "query: value of key attribute 'id' expected", { key = { at = 1 } } },
      { "query: option 'key' excludes 'hash_key'", { key = { id = "h" }, hash_key = "h" } },
      { "query: option 'key' excludes 'range_key'", { key = { id = "h" }, range_key = 1 } },
      { "query: option 'key_condition' excludes 'hash_key'", { key_condition = "id = ?", hash_key = "h" } },
      { "query: option 'range_key' excludes 'range_key_condition'",
        { hash_key = "h", range_key = 1, range_key_condition = dynamodb.eq(2) } },
      { "query: option 'filter' excludes 'query_filter'", { hash_key = "h", filter = { n = 1 }, query_filter = { n = 2 } } },
      { "query: option 'projection' excludes 'attributes_to_get'",
        { hash_key = "h", projection = "a", attributes_to_get = "b" } },
      { "query: filter: condition, text or table expected, got boolean", { hash_key = "h", filter = false } },
      { "query: projection: list of document paths expected", { hash_key = "h", projection = {} } },
    }) do
      it(case[1], function() refused(case[1], offline.query, offline, case[2]) end)
    end

    for _, case in ipairs({
      { "scan: unknown option 'hash_key'", { hash_key = "h" } },
      { "scan: option 'segments' (all of them) excludes 'total_segments' (one of them)", { segments = 2, total_segments = 2 } },
      { "scan: option 'segment' goes with 'total_segments'", { total_segments = 2 } },
      { "scan: option 'segment': less than 'segments' or 'total_segments' expected", { segment = 2, total_segments = 2 } },
      { "scan: option 'segment': less than 'segments' or 'total_segments' expected", { segment = 0 } },
      { "scan: option 'segments': whole number of at least 1 expected", { segments = 0 } },
      { "scan: option 'prefetch': whole number of at least 0 expected", { prefetch = -1 } },
      { "scan: option 'concurrency': whole number of at least 1 expected", { segments = 2, concurrency = 0 } },
      { "scan: option 'concurrency' goes with 'segments'", { concurrency = 2 } },
      { "scan: option 'state' goes with 'segments'", { state = {} } },
      { "scan: 'segment' with 'segments' excludes 'state', 'cursor' and 'concurrency' above 1", { segments = 2, segment = 0,
      concurrency = 2 } },
      { "scan: option 'exclusive_start_key' with 'segments' goes with 'segment', that of the key",
        { segments = 2, exclusive_start_key = { id = "a" } } },
      { "scan: 'segment' with 'segments' excludes 'state', 'cursor' and 'concurrency' above 1",
        { segments = 2, segment = 0, state = { segments = { { done = true }, { done = true } } } } },
      { "scan: option 'state': state of a scan with segments = 2 expected", { segments = 2, state = {} } },
      { "scan: option 'state': state of a scan with segments = 2 expected",
        { segments = 2, state = { segments = { { done = true } } } } },
      { "scan: option 'state': state from results:state() expected", { segments = 1, state = { segments = { 5 } } } },
      { "scan: option 'state': state from results:state() expected", { segments = 1, state = { segments = { {} } } } },
      { "scan: option 'state': state from results:state() expected",
        { segments = 1, state = { segments = { { done = false, key = "{" } } } } },
      { "scan: option 'state': state from results:state() expected",
        { segments = 1, state = { segments = { { done = false, key = 5 } } } } },
      { "scan: option 'filter' excludes 'scan_filter'", { filter = { n = 1 }, scan_filter = { n = 1 } } },
      { "scan: gt: about which attribute?", { filter = dynamodb.gt(1) } },
    }) do
      it(case[1], function() refused(case[1], offline.scan, offline, case[2]) end)
    end

    it("a range key of a table without one", function()
      refused("query: option 'range_key': there is no range key", hash_only.query, hash_only, "h", 1)
    end)

    it("wrong options of count", function()
      refused("scan: unknown option 'nonsense'", offline.count, offline, { nonsense = 1 })
      refused("query: unknown option 'nonsense'", offline.count, offline, { hash_key = "h", nonsense = 1 })
    end)
  end)

  it("takes what to return in the service's words, and in lower case", function()
    local fake = helper.fake(helper.response(200, '{"Count":0,"ScannedCount":0}'))
    local offline = helper.offline(fake):table("t", { hash_key = "id" })
    local function asked(given)
      assert(offline:scan(given):all())
      return cjson.decode(fake.requests[#fake.requests]:match("\r\n\r\n(.*)$")).Select
    end
    assert.equal("ALL_ATTRIBUTES", asked({ select = "ALL_ATTRIBUTES" }))
    assert.equal("ALL_ATTRIBUTES", asked({ select = "all_attributes" }))
    assert.equal("COUNT", asked({ select = "count" }))
    assert.is_nil(asked({}))
    local results = assert(tbl:query({ hash_key = "k1", index = "by_kind", select = "ALL_PROJECTED_ATTRIBUTES" }))
    assert.is_true(#assert(results:all()) > 0)
    results = assert(tbl:query({ hash_key = "h", select = "COUNT" }))
    assert.same({}, assert(results:all()))
    assert.equal(COUNT, results.count)
  end)

  it("takes options after the keys", function()
    local newest = assert(tbl:query("h", { scan_index_forward = false, max_results = 1 }):all())
    assert.equal(COUNT, newest[1].at)
    assert.equal(2, #assert(tbl:query("h", dynamodb.gt(1), { max_results = 2 }):all()))
    assert.equal(1, #assert(conn:query(tbl, "h", nil, { max_results = 1 }):all()))
  end)
end)
