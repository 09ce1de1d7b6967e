-- boto's Layer2 interface: every method, with a table object and with a table name.

local cjson = require("cjson")
local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")

-- { boto's name of an operator, its operands, the subjects of the matching items of the table below }
local filters = {
  { "EQ", { Views = dynamodb.eq(2) }, { "b" } },
  { "NE", { Views = dynamodb.ne(2) }, { "a", "c", "d" } },
  { "LE", { Views = dynamodb.le(2) }, { "a", "b" } },
  { "LT", { Views = dynamodb.lt(2) }, { "a" } },
  { "GE", { Views = dynamodb.ge(2) }, { "b", "c" } },
  { "GT", { Views = dynamodb.gt(2) }, { "c" } },
  { "NULL", { Views = dynamodb.not_exists() }, { "d" } },
  { "NOT_NULL", { Views = dynamodb.exists() }, { "a", "b", "c" } },
  { "CONTAINS, text", { Body = dynamodb.contains("lol") }, { "a", "b" } },
  { "CONTAINS, set", { Tags = dynamodb.contains("cat") }, { "a", "c" } },
  { "NOT_CONTAINS", { Tags = dynamodb.not_contains("cat") }, { "b", "d" } },
  { "BEGINS_WITH", { Body = dynamodb.begins_with("lol") }, { "a" } },
  { "BETWEEN", { Views = dynamodb.between(2, 3) }, { "b", "c" } },
  { "IN", { Views = dynamodb.is_in({ 1, 3, 5 }) }, { "a", "c" } },
  { "a value alone", { Views = 3 }, { "c" } },
  { "two attributes", { Views = dynamodb.ge(1), Body = dynamodb.contains("lol") }, { "a", "b" } },
}

local ranges = {
  { "EQ", dynamodb.eq("b"), { "b" } },
  { "LE", dynamodb.le("b"), { "a", "b" } },
  { "LT", dynamodb.lt("b"), { "a" } },
  { "GE", dynamodb.ge("b"), { "b", "c", "d" } },
  { "GT", dynamodb.gt("b"), { "c", "d" } },
  { "BEGINS_WITH", dynamodb.begins_with("c"), { "c" } },
  { "BETWEEN", dynamodb.between("b", "c"), { "b", "c" } },
  { "a value alone", "d", { "d" } },
}

local messages = {
  { Views = 1, Body = "lol", Tags = dynamodb.set({ "cat", "dog" }) },
  { Views = 2, Body = "no lol", Tags = dynamodb.set({ "dog" }) },
  { Views = 3, Body = "-", Tags = dynamodb.set({ "cat" }) },
  { Body = "-" },
}

local KEY = { hash_key_name = "forum", hash_key_proto_value = "S", range_key_name = "subject", range_key_proto_value = "S" }

describe("layer2", function()
  local conn, counting, tbl

  setup(function()
    counting = helper.counting()
    conn = helper.connect({ transport = counting })
    tbl = helper.create_table(conn, KEY)
    for i, attributes in ipairs(messages) do
      attributes.forum, attributes.subject = "f", ("abcd"):sub(i, i)
      assert(tbl:put_item(attributes))
    end
  end)
  teardown(function()
    assert(tbl:delete())
    conn:close()
  end)

  -- Calls a function -> the number of requests it sent, its results.
  local function requests(f, ...)
    local before = counting.requests
    local result, err = f(...)
    return counting.requests - before, result, err
  end

  local function subjects(results)
    local list = {}
    for item in results do list[#list + 1] = item.subject end
    table.sort(list)
    return list
  end

  describe("tables", function()
    it("table_from_schema sends no request before refresh", function()
      local schema = conn:create_schema(KEY)
      local count, made = requests(conn.table_from_schema, conn, tbl.name, schema)
      assert.equal(0, count)
      assert.same({ tbl.name, schema }, { made.name, made.schema })
      assert.same({}, { made.status, made.create_time, made.read_units, made.write_units })
      assert.equal(1, (requests(made.refresh, made)))
      assert.equal("ACTIVE", made.status)
      assert.equal("number", type(made.create_time))
      assert.same({ 0, 0 }, { made.read_units, made.write_units })
    end)

    it("get_table and lookup send one request", function()
      for _, name in ipairs({ "get_table", "lookup" }) do
        local count, found = requests(conn[name], conn, tbl.name)
        assert.equal(1, count)
        assert.equal("Table(" .. tbl.name .. ")", tostring(found))
        assert.equal("ACTIVE", found.status)
        assert.equal(conn:create_schema(KEY), found.schema)
      end
    end)

    it("lookup returns nil without an error for a missing table, get_table returns the error", function()
      local found, err = conn:lookup(helper.table_name("absent"))
      assert.is_nil(found)
      assert.is_nil(err)
      found, err = conn:get_table(helper.table_name("absent"))
      assert.is_nil(found)
      assert.equal("ResourceNotFoundException", err.code)
    end)

    it("lookup returns any other error", function()
      local fake = helper.fake(helper.response(400, [[{"__type":"x#AccessDeniedException","message":"no"}]]))
      local found, err = helper.offline(fake):lookup("messages")
      assert.is_nil(found)
      assert.equal("AccessDeniedException", err.code)
    end)

    it("describe_table returns the response, by name and by table", function()
      assert.equal(tbl.name, assert(conn:describe_table(tbl)).Table.TableName)
      assert.equal(tbl.name, assert(conn:describe_table(tbl.name)).Table.TableName)
      local found, err = conn:describe_table(helper.table_name("absent"))
      assert.is_nil(found)
      assert.equal("ResourceNotFoundException", err.code)
    end)

    for _, form in ipairs({ "table", "name" }) do
      it("update_throughput by " .. form .. ", delete_table by " .. form, function()
        local schema = conn:create_schema(helper.HASH)
        local made = assert(conn:create_table({ name = helper.table_name(), schema = schema, read_units = 1, write_units = 1 }))
        assert(made:wait_until_active())
        local target = form == "table" and made or made.name
        assert.equal(made, assert(conn:update_throughput(target, 7, 8)))
        assert(made:refresh({ wait_for_active = true, timeout = 20 }))
        assert.same({ 7, 8 }, { made.read_units, made.write_units })
        assert(made:update_throughput(3, 4))
        assert(made:refresh({ wait_for_active = true, timeout = 20 }))
        assert.same({ 3, 4 }, { made.read_units, made.write_units })
        assert(conn:delete_table(target))
        assert.is_true(made:wait_until_deleted({ timeout = 20 }))
        assert.is_nil((conn:lookup(made.name)))
      end)
    end

    it("are equal when name and connection are", function()
      local same = conn:table(tbl.name, { hash_key = "id" })
      assert.is_true(tbl == same)
      assert.is_true(tbl == conn:get_table(tbl.name))
      assert.is_false(tbl == conn:table("other", { hash_key = "id" }))
      local other = helper.connect()
      assert.is_false(tbl == other:get_table(tbl.name))
      other:close()
    end)
  end)

  for _, form in ipairs({ "table", "name" }) do
    describe("items by " .. form, function()
      local target

      setup(function() target = form == "table" and tbl or tbl.name end)

      it("get_item: by key, by options, with some attributes, and none", function()
        assert.equal("lol", conn:get_item(target, "f", "a").Body)
        assert.equal(2, conn:get_item(target, { hash_key = "f", range_key = "b", consistent_read = true }).Views)
        local item = conn:get_item(target, { hash_key = "f", range_key = "b", attributes_to_get = { "Views" } })
        assert.same({ forum = "f", subject = "b", Views = 2 }, item:totable()) -- boto includes the key as well
        local none, err = conn:get_item(target, "f", "zzz")
        assert.is_nil(none)
        assert.is_nil(err)
      end)

      it("put_item, delete_item: expected_value and return_values", function()
        local attributes = { forum = "g", subject = form, Views = 1 }
        assert.is_true(conn:put_item(target, attributes, { expected_value = { forum = dynamodb.not_exists() } }))
        local ok, err = conn:put_item(target, attributes, { expected_value = { forum = dynamodb.not_exists() } })
        assert.is_nil(ok)
        assert.equal("ConditionalCheckFailedException", err.code)
        attributes.Views = 2
        local _, old = assert(conn:put_item(target, attributes, { expected_value = { Views = 1 }, return_values = "ALL_OLD" }))
        assert.same({ forum = "g", subject = form, Views = 1 }, old)
        ok, err = conn:delete_item(target, { hash_key = "g", range_key = form, expected_value = { Views = 1 } })
        assert.is_nil(ok)
        assert.equal("ConditionalCheckFailedException", err.code)
        _, old = assert(conn:delete_item(target, { hash_key = "g", range_key = form, return_values = "ALL_OLD" }))
        assert.equal(2, old.Views)
        assert.is_true(conn:delete_item(target, "g", form)) -- a missing item is no error
        assert.is_nil((conn:get_item(target, "g", form)))
      end)

      it("update_item", function()
        local _, new = assert(conn:update_item(target, { hash_key = "h", range_key = form, update = { Views = dynamodb.add(5) },
          return_values = "UPDATED_NEW" }))
        assert.same({ Views = 5 }, new)
        assert.is_true(conn:delete_item(target, "h", form))
      end)

      it("query and scan", function()
        assert.same({ "a", "b", "c", "d" }, subjects(conn:query(target, "f")))
        assert.same({ "a", "b", "c", "d" }, subjects(conn:scan(target)))
        assert.same({ "b" }, subjects(conn:query(target, { hash_key = "f", range_key_condition = dynamodb.eq("b") })))
        assert.same({ "d" }, subjects(conn:scan(target, { scan_filter = { Views = dynamodb.not_exists() } })))
      end)

      for _, case in ipairs(filters) do
        it("scan with " .. case[1], function()
          assert.same(case[3], subjects(conn:scan(target, { scan_filter = case[2] })))
        end)
      end

      for _, case in ipairs(ranges) do
        it("query with " .. case[1], function()
          assert.same(case[3], subjects(conn:query(target, { hash_key = "f", range_key_condition = case[2] })))
        end)
      end
    end)
  end

  it("the first use of a table name sends one DescribeTable", function()
    local fresh_counting = helper.counting()
    local fresh = helper.connect({ transport = fresh_counting })
    assert(fresh:get_item(tbl.name, "f", "a"))
    assert.equal(2, fresh_counting.requests)
    assert(fresh:get_item(tbl.name, "f", "a"))
    assert(fresh:delete_item(tbl.name, "f", "zzz"))
    assert.equal(4, fresh_counting.requests)
    fresh:close()
  end)

  for _, method in ipairs({ "get_item", "put_item", "update_item", "delete_item", "query", "scan", "update_throughput" }) do
    it(method .. " takes a table or its name, and nothing else", function()
      for _, target in ipairs({ 5, "", {}, true }) do
        assert.error_matches(function() conn[method](conn, target, "a") end, method .. ": table or its name expected")
      end
      local result, err = conn[method](conn, helper.table_name("absent"), method ~= "scan" and 1 or nil)
      assert.is_nil(result)
      assert.equal("ResourceNotFoundException", err.code)
    end)
  end

  it("a missing range key raises before anything is sent", function()
    for _, method in ipairs({ "get_item", "delete_item" }) do
      local count = requests(function()
        assert.error_matches(function() conn[method](conn, tbl, "f") end, "'subject' is missing")
      end)
      assert.equal(0, count)
    end
  end)

  describe("item objects", function()
    local item

    before_each(function()
      local attrs = { Views = 1, Tags = dynamodb.set({ "a", "b" }), Old = true }
      item = tbl:new_item({ hash_key = "i", range_key = "1", attrs = attrs })
      assert(item:put())
    end)
    after_each(function() assert(tbl:delete_item("i", "1")) end)

    local function stored() return tbl:get_item({ hash_key = "i", range_key = "1", consistent_read = true }) end

    it("put_item, update_item and delete_item take them", function()
      item.Views = 2
      assert.equal(item, (assert(conn:put_item(item))))
      assert.equal(2, stored().Views)
      item.Views = 3
      assert.equal(item, (assert(conn:update_item(item))))
      assert.equal(3, stored().Views)
      assert.equal(0, (requests(conn.update_item, conn, item))) -- no changes, no request
      local ok, err = conn:delete_item(item, { expected_value = { Views = 99 } })
      assert.is_nil(ok)
      assert.equal("ConditionalCheckFailedException", err.code)
      assert(conn:delete_item(item))
      assert.is_nil(stored())
    end)

    it("queue changes: put_attribute, add_attribute, delete_attribute, then save", function()
      item:put_attribute("Body", "new")
      item:add_attribute("Views", 10)
      item:delete_attribute("Tags", dynamodb.set({ "a" }))
      item:delete_attribute("Old")
      assert.equal(1, (requests(item.save, item)))
      local now = stored()
      assert.same({ forum = "i", subject = "1", Body = "new", Views = 11, Tags = dynamodb.set({ "b" }) }, now:totable())
      assert.equal(now, item)
      assert.equal(0, (requests(item.save, item))) -- no queued changes are left
    end)

    it("are read again by reload, which discards local changes", function()
      local mine = stored()
      item.Views = 5
      assert(item:save())
      mine.Views, mine.Body = 9, "here"
      assert.equal(mine, (assert(mine:reload({ consistent_read = true }))))
      assert.same({ 5 }, { mine.Views, mine.Body })
    end)

    it("has_item and lookup return whether an item exists", function()
      assert.is_true(tbl:has_item("i", "1"))
      assert.is_true(tbl:has_item({ hash_key = "i", range_key = "1", consistent_read = true }))
      assert.is_false(tbl:has_item("i", "2"))
      assert.equal(item, tbl:lookup("i", "1"))
      local none, err = tbl:lookup("i", "2")
      assert.is_nil(none)
      assert.is_nil(err)
      local there
      there, err = conn:table(helper.table_name("absent"), tbl.schema):has_item("i", "1")
      assert.is_nil(there) -- never false on a failure
      assert.equal("ResourceNotFoundException", err.code)
    end)

    it("keep the queue when save fails", function()
      item:add_attribute("Views", 10)
      local ok, err = item:save({ expected_value = { Views = 99 } })
      assert.is_nil(ok)
      assert.equal("ConditionalCheckFailedException", err.code)
      assert(item:save())
      assert.equal(11, stored().Views)
    end)

    it("save sends only the changes since loading", function()
      local mine, theirs = stored(), stored()
      theirs.Views = 50
      assert(theirs:save())
      mine.Body = "mine"
      assert(mine:save())
      local now = stored()
      assert.same({ 50, "mine" }, { now.Views, now.Body })
    end)

    it("are equal when table and attributes are", function()
      assert.is_true(item == stored())
      local changed = stored()
      changed.Views = 2
      assert.is_false(item == changed)
      local same = { hash_key = "i", range_key = "1", attrs = { a = 1 } }
      assert.is_true(tbl:new_item(same) == conn:get_table(tbl.name):new_item(same))
      assert.is_false(tbl:new_item(same) == conn:table("other", tbl.schema):new_item(same))
    end)

    it("take their key from attrs as well, but explicit keys have priority", function()
      local count, made = requests(tbl.new_item, tbl, { range_key = "9", attrs = { forum = "i", subject = "1", A = 1 } })
      assert.equal(0, count)
      assert.same({ forum = "i", subject = "9", A = 1 }, made:totable())
    end)
  end)

  describe("results", function()
    it("send no request before the first read", function()
      local count, results = requests(conn.query, conn, tbl, "f")
      assert.equal(0, count)
      assert.same({ 0, 0, 0 }, { results.count, results.scanned_count, results.consumed_units })
      assert.equal(0, (requests(function() return conn:scan(tbl, { max_results = 0 }):all() end)))
    end)

    it("count: pages are followed, without items", function()
      local results = assert(conn:query(tbl, { hash_key = "f", count = true, request_limit = 3 }))
      assert.equal(2, (requests(results.all, results)))
      assert.same({ 4, 4 }, { results.count, results.scanned_count })
      assert.equal(4, tbl:count({ hash_key = "f" }))
      assert.equal(3, tbl:count({ filter = { Views = dynamodb.exists() } }))
    end)

    it("have boto's fields, and resume where reading stopped", function()
      local results = assert(conn:query(tbl, { hash_key = "f", request_limit = 2, max_results = 3 }))
      assert.equal(3, results.remaining)
      assert.equal("a", results:next().subject)
      assert.same({ 2, 2 }, { results.count, results.remaining })
      assert.same({ forum = "f", subject = "a" }, results.last_evaluated_key) -- of the last item returned, not of the page
      local rest = conn:query(tbl, { hash_key = "f", exclusive_start_key = results.last_evaluated_key })
      assert.same({ "b", "c", "d" }, subjects(rest))
      assert.equal(2, #assert(results:next_response()).Items) -- skips b, which does not count as returned
      assert.same({ "c", "d" }, { results:next().subject, results:next().subject })
      assert.is_nil(results:next())
      assert.equal(0, results.remaining)
      assert.is_true(results.consumed_units > 0)
    end)
  end)

  describe("batch lists", function()
    local name, fresh

    setup(function()
      fresh = helper.create_table(conn)
      name = fresh.name
    end)
    teardown(function() assert(fresh:delete()) end)

    local function ids(items)
      local list = {}
      for _, item in ipairs(items or {}) do list[#list + 1] = item.id end
      table.sort(list)
      return list
    end

    it("write and read several tables; batches of one table are merged, by object or name", function()
      local writes = conn:new_batch_write_list()
      writes:add_batch(fresh, { { id = "a" }, { id = "b" } })
      writes:add_batch(name, { fresh:new_item("c") }, { "zzz" })
      writes:add_batch(conn:get_table(name), { { id = "d" } })
      writes:add_batch(tbl, { { forum = "w", subject = "1" } }, { { "w", "2" } })
      assert.equal(1, (requests(writes.submit, writes)))
      assert.same({}, writes.unprocessed)
      assert.is_nil((writes:resubmit()))

      local reads = conn:new_batch_list()
      reads:add_batch(fresh, { "a", "b" }):add_batch(name, { "c" }):add_batch(conn:get_table(name), { "zzz" })
      reads:add_batch(tbl, { { "w", "1" }, { forum = "w", subject = "2" } })
      local count, found = requests(reads.submit, reads)
      assert.equal(1, count)
      assert.same({ "a", "b", "c" }, ids(found[name]))
      assert.equal(fresh, conn:table(name, { hash_key = "id" }))
      assert.same({ "1" }, { found[tbl.name][1].subject, found[tbl.name][2] })
      assert(found[name][1]:delete()) -- results are items

      writes = conn:new_batch_write_list()
      writes:add_batch(tbl, nil, { found[tbl.name][1], { "w", "2" } })
      writes:add_batch(fresh, nil, { "a", "b", "c", "d" })
      assert.is_true(writes:submit())
      assert.is_nil((fresh:query("d"):next()))
    end)

    it("send nothing when they are empty", function()
      local count, found = requests(function() return conn:new_batch_list():submit() end)
      assert.equal(0, count)
      assert.same({}, found)
      count, found = requests(function() return conn:new_batch_write_list():submit() end)
      assert.equal(0, count)
      assert.is_true(found)
    end)

    it("read only some attributes and the key", function()
      assert(fresh:put_item({ id = "p", a = 1, b = 2 }))
      local found = assert(conn:new_batch_list():add_batch(fresh, { "p" }, { "a" }):submit())
      assert.same({ id = "p", a = 1 }, found[name][1]:totable())
    end)

    it("refuse what is no list", function()
      assert.error_matches(function() conn:new_batch_list():add_batch(fresh, "a") end, "add_batch: list of keys expected")
      assert.error_matches(function() conn:new_batch_write_list():add_batch(fresh, "a") end, "add_batch: list of items expected")
    end)
  end)

  describe("batch lists with unprocessed entries", function()
    -- A connection to a service whose responses come from the function -> connection, bodies of the requests.
    local function service(response)
      local bodies = {}
      local fake = helper.fake(function(bytes)
        bodies[#bodies + 1] = cjson.decode(bytes:match("\r\n\r\n(.*)$"))
        local status, body = response(#bodies, bodies[#bodies])
        return helper.response(status, cjson.encode(body))
      end)
      local offline = helper.offline(fake)
      return offline, bodies, offline:table("a", { hash_key = "id" }), offline:table("b", { hash_key = "id" })
    end

    local FAILED = { __type = "x#AccessDeniedException", message = "no" }

    local function leftovers(list, what)
      local all = {}
      for i, left in ipairs(list.unprocessed) do all[i] = left.table .. ":" .. tostring((left[what] or {}).id or left[what]) end
      table.sort(all)
      return all
    end

    it("retry unprocessed keys with the same options", function()
      local offline, bodies, a, b = service(function(number)
        if number == 1 then
          return 200, { Responses = { a = { { id = { S = "1" } } } },
            UnprocessedKeys = { a = { Keys = { { id = { S = "2" } } } }, b = { Keys = { { id = { S = "3" } } } } } }
        elseif number == 2 then
          return 400, FAILED
        end
        return 200, { Responses = { a = { { id = { S = "2" } } }, b = { { id = { S = "3" } } } }, UnprocessedKeys = {} }
      end)
      local list = offline:new_batch_list()
      list:add_batch(a, { "1", "2" }, { "x" }, true):add_batch(b, { "3" })
      local found, err = list:submit()
      assert.is_nil(found)
      assert.equal("AccessDeniedException", err.code)
      assert.equal("1", err.found.a[1].id) -- the error has the items that were read
      assert.same({ "a:2", "b:3" }, leftovers(list, "key"))
      found = assert(list:resubmit())
      assert.same({ "2", "3" }, { found.a[1].id, found.b[1].id })
      assert.equal(3, #bodies) -- no DescribeTable, because the schemas are known
      for number = 1, 3 do
        local part = bodies[number].RequestItems.a
        assert.is_true(part.ConsistentRead)
        assert.equal("#0, #1", part.ProjectionExpression:gsub("#%d+", function(place)
          return ({ x = "#0", id = "#1" })[part.ExpressionAttributeNames[place]]
        end))
        assert.is_nil(bodies[number].RequestItems.b.ConsistentRead)
      end
      assert.same({}, list.unprocessed)
      assert.is_nil((list:resubmit()))
    end)

    it("retry unprocessed writes", function()
      local offline, bodies, a = service(function(number, body)
        if number == 1 then return 200, { UnprocessedItems = { a = { body.RequestItems.a[2], body.RequestItems.a[3] } } } end
        if number == 2 then return 400, FAILED end
        return 200, { UnprocessedItems = {} }
      end)
      local list = offline:new_batch_write_list()
      list:add_batch(a, { { id = "1" }, { id = "2" } }, { "3" })
      assert.is_nil((list:submit()))
      assert.equal(2, #list.unprocessed)
      assert.is_true(list:resubmit())
      assert.same({ { PutRequest = { Item = { id = { S = "2" } } } }, { DeleteRequest = { Key = { id = { S = "3" } } } } },
        bodies[3].RequestItems.a)
      assert.equal(3, #bodies)
      assert.is_nil((list:resubmit()))
    end)

    it("report all writes as unprocessed when no request succeeded", function()
      local asked = 0
      local offline, bodies = service(function(_, body)
        asked = asked + 1
        if asked == 1 then return 400, FAILED end
        if body.TableName then
          return 200, { Table = { TableName = "a", TableStatus = "ACTIVE",
            KeySchema = { { AttributeName = "id", KeyType = "HASH" } },
            AttributeDefinitions = { { AttributeName = "id", AttributeType = "S" } } } }
        end
        return 200, { UnprocessedItems = {} }
      end)
      local list = offline:new_batch_write_list():add_batch("a", { { id = "1" } }, { "2" })
      local ok, err = list:submit()
      assert.is_nil(ok)
      assert.equal("AccessDeniedException", err.code)
      assert.equal(2, #list.unprocessed)
      assert.is_true(list:resubmit())
      assert.equal(2, #bodies[3].RequestItems.a)
    end)

    it("report all keys as unprocessed when no request succeeded", function()
      local offline = service(function() return 400, FAILED end)
      local list = offline:new_batch_list():add_batch("a", { "1", "2" })
      assert.is_nil((list:submit()))
      assert.same({ "a:1", "a:2" }, leftovers(list, "key"))
    end)

    it("stop at a deadline and report the unprocessed entries", function()
      local offline, bodies, a = service(function(_, body) return 200, { UnprocessedItems = body.RequestItems } end)
      local list = offline:new_batch_write_list():add_batch(a, { { id = "1" } })
      local ok, err = list:submit()
      assert.is_nil(ok)
      assert.equal("timeout", err.kind)
      assert.same({ "a:1" }, leftovers(list, "put"))
      assert.is_true(#bodies > 5 and #bodies < 50, #bodies .. " requests") -- there are pauses between them
    end)
  end)
end)
