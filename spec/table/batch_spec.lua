-- batch_write, batch_get, get_items and batch_writer, against the server and against a simulated service that leaves entries
-- unprocessed.
local simulated_time = dofile("spec/support/simulated_time.lua")
local cjson = require("cjson")
local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local fixture = dofile("spec/support/table_fixture.lua")
local generate = dofile("spec/support/random_source.lua")
local helper = dofile("spec/support/helper.lua")
local batch_service = dofile("spec/support/batch_service.lua")
local samples = dofile("spec/support/samples.lua")

describe("batches", function()
  local conn, sent, one, two -- tables with keys of one and of two attributes

  setup(function() conn, sent, one, two = fixture.open(helper.HASH, helper.HASH_RANGE) end)
  teardown(function() fixture.close(conn, one, two) end)

  local raises, next_prefix = fixture.raises_in("batch_spec.lua"), fixture.id_generator("p")
  -- Returns a unique prefix of ids.
  local function prefix() return next_prefix() .. "/" end

  local function made(count, start)
    local list = {}
    for i = 1, count do list[i] = { id = start .. i, n = i } end
    return list
  end

  local function n_of(tbl, ...)
    local item = assert(tbl:get_item(...))
    return item.n
  end

  -- {===== Many items =====

  it("writes 1,000 items by 40 requests, and reads them by 10", function()
    local start, keys = prefix(), {}
    local list = made(1000, start)
    assert.are.equal(40, sent.count(function() assert.is_true(one:batch_write({ put = list })) end))
    for i = 1, 1000 do keys[i] = start .. i end
    local found, missing
    assert.are.equal(10, sent.count(function() found, missing = one:get_items(keys, { ordered = true }) end))
    assert.are.equal(1000, #found)
    assert.are.same({}, missing)
    for i, item in ipairs(found) do assert.is_true(item.id == keys[i] and item.n == i) end
    assert.are.equal(40, sent.count(function() assert.is_true(one:batch_write({ delete = keys })) end))
    assert.are.same({}, one:get_items(keys))
  end)

  it("gets 250 items in order, and reports missing ones", function()
    local start, keys, wanted, none = prefix(), {}, {}, {}
    assert(one:batch_write({ put = made(250, start) }))
    for i = 250, 1, -1 do
      if i % 7 == 0 then
        keys[#keys + 1] = start .. "missing" .. i
        none[#none + 1] = { id = start .. "missing" .. i }
      else
        keys[#keys + 1], wanted[#wanted + 1] = start .. i, i
      end
    end
    local found, missing
    assert.are.equal(3, sent.count(function() found, missing = one:get_items(keys, { ordered = true }) end))
    assert.are.equal(#wanted, #found)
    for i, item in ipairs(found) do assert.are.equal(wanted[i], item.n) end
    assert.are.same(none, missing)
  end)

  it("returns loaded item objects, or plain tables on request", function()
    local start = prefix()
    assert(one:put_item({ id = start .. 1, n = 1, list = dynamodb.list() }))
    local item = assert(one:get_items({ start .. 1 }))[1]
    assert.are.equal("dynamodb.item", core.typename(item))
    assert.is_nil(item:changes())
    item.n = 2
    assert(item:save())
    local plain = assert(one:get_items({ start .. 1 }, { items = false }))[1]
    assert.are.equal("table", type(plain))
    assert.is_true(core.equal({ id = start .. 1, n = 2, list = dynamodb.list() }, plain))
  end)

  it("requests a key once if it is given repeatedly or in different forms", function()
    local start = prefix()
    assert(two:put_item({ id = start, at = 1, n = 5 }))
    local number = dynamodb.number("1.00")
    local found, missing = two:get_items({ { start, 1 }, { start, 1.0 }, { id = start, at = 1 }, { start, number },
      { start, 2 } })
    assert.are.equal(1, #found)
    assert.are.equal(5, found[1].n)
    assert.are.same({ { id = start, at = 2 } }, missing)
  end)

  it("returns the projected attributes and the key", function()
    local start = prefix()
    assert(two:put_item({ id = start, at = 1, n = 5, m = { a = 1, b = 2 }, other = "x" }))
    local function check(given)
      local found = assert(two:get_items({ { start, 1 } }, given))[1]
      assert.are.same({ id = start, at = 1, n = 5, m = { a = 1 } }, found:totable())
    end
    check({ projection = { "n", "m.a" } })
    check({ attributes_to_get = "n, m.a" })
  end)

  it("reads consistently in every request on request", function()
    local start, keys = prefix(), {}
    for i = 1, 150 do keys[i] = start .. i end
    assert(one:get_items(keys, { consistent_read = true }))
    for i = sent.requests - 1, sent.requests do
      assert.is_true(sent.bodies[i].RequestItems[one.name].ConsistentRead)
    end
    assert(one:get_items({ "x" }))
    assert.is_nil(sent.last().RequestItems[one.name].ConsistentRead)
  end)

  it("sends nothing for empty lists", function()
    assert.are.equal(0, sent.count(function()
      assert.are.same({}, one:get_items({}))
      assert.is_true(one:batch_write({}))
      assert.is_true(one:batch_write({ put = {}, delete = {} }))
      assert.is_true(conn:batch_write({}))
      assert.are.same({}, conn:batch_get({}))
    end))
  end)

  -- ===================== }
  -- {===== Several tables =====

  it("writes and reads several tables at once, by object and by name", function()
    local start = prefix()
    local item = two:new_item({ hash_key = start, range_key = 3, attrs = { n = 3 } })
    local function write()
      assert(conn:batch_write({
        [one] = { put = { { id = start .. 1, n = 1 }, one:new_item(start .. 2, nil, { n = 2 }) } },
        [two.name] = { put = { item, { id = start, at = 4, n = 4 } } },
      }))
    end
    assert.are.equal(2, sent.count(write)) -- the first use of the name sends a DescribeTable
    assert.are.equal(1, sent.count(write)) -- the schema is cached
    assert.are.equal(3, n_of(two, start, 3))
    local found, missing
    assert.are.equal(1, sent.count(function()
      found, missing = conn:batch_get({
        [one.name] = { start .. 1, start .. 2, start .. "none" },
        [two] = { keys = { { start, 3 }, { start, 5 } }, projection = { "n" }, consistent_read = true },
      })
    end) - 1) -- without the DescribeTable of the other name
    assert.are.equal(2, #found[one.name])
    assert.are.equal(3, found[one.name][1].n + found[one.name][2].n)
    assert.are.same({ id = start, at = 3, n = 3 }, found[two.name][1]:totable())
    assert.is_nil(found[two.name][1]:changes())
    assert.are.same({ [one.name] = { { id = start .. "none" } }, [two.name] = { { id = start, at = 5 } } }, missing)
    local parts = sent.last().RequestItems
    assert.is_nil(parts[one.name].ConsistentRead)
    assert.is_true(parts[two.name].ConsistentRead)
    assert(conn:batch_write({ [one] = { delete = { start .. 1, start .. 2 } }, [two] = { delete = { item } } }))
    assert.is_nil(two:get_item(start, 3))
    assert.is_nil(one:get_item(start .. 2))
  end)

  it("gives plain tables on request, from several tables", function()
    local start = prefix()
    assert(one:put_item({ id = start, n = 1 }))
    local found = assert(conn:batch_get({ [one] = { start } }, { items = false }))
    assert.are.same({ [one.name] = { { id = start, n = 1 } } }, found)
    assert.are.equal("table", type(found[one.name][1]))
  end)

  it("fills requests from all tables", function()
    local start, puts = prefix(), {}
    for i = 1, 30 do puts[i] = { id = start, at = i } end
    assert.are.equal(3, sent.count(function()
      assert(conn:batch_write({ [one] = { put = made(45, start) }, [two] = { put = puts } }))
    end))
  end)

  it("reports a missing table", function()
    local missing = helper.table_name("missing")
    local function gone(result, err)
      assert.is_nil(result)
      assert.are.equal("ResourceNotFoundException", err.code)
      return err
    end
    gone(conn:batch_write({ [missing] = { put = { { id = "x" } } } }))
    gone(conn:batch_get({ [missing] = { "x" } }))
    local tbl = conn:table(missing, { hash_key = "id" })
    local err = gone(tbl:batch_write({ put = made(30, "x"), delete = { "y" } }))
    assert.are.equal(31, #err.leftovers)
    assert.are.equal(2, #gone(tbl:get_items({ "x", "y" })).leftovers)
  end)

  -- ===================== }
  -- {===== Equal keys =====

  it("writes the last entry of equal keys: puts in order, then deletes", function()
    local start = prefix()
    assert.are.equal(1, sent.count(function()
      assert(two:batch_write({
        put = { { id = start, at = 1, n = 1 }, { id = start, at = 1.0, n = 2 }, { id = start, at = dynamodb.number("1"), n = 3 },
          { id = start, at = 2, n = 4 }, { id = start, at = 3, n = 5 } },
        delete = { { start, 2 }, { id = start, at = 2.0 } },
      }))
    end))
    assert.are.equal(3, #sent.last().RequestItems[two.name])
    assert.are.equal(3, n_of(two, start, 1))
    assert.is_nil(two:get_item(start, 2))
    assert.are.equal(5, n_of(two, start, 3))
  end)

  it("rejects equal keys on request", function()
    local puts = { put = { { id = "same", n = 1 }, { id = "same", n = 2 } } }
    assert.are.equal(0, sent.count(function()
      raises(([[batch_write: key { id = "same" } of table '%s' occurs twice]]):format(one.name), one.batch_write, one, puts,
        { on_duplicate = "error" })
      raises("occurs twice", conn.batch_write, conn, { [one] = puts }, { on_duplicate = "error" })
    end))
    assert(conn:batch_write({ [one] = { put = { { id = "a" } } }, [two] = { put = { { id = "a", at = 1 } } } },
      { on_duplicate = "error" }))
  end)

  -- ===================== }
  -- {===== The writer =====

  it("batch_writer sends entries in requests of 25", function()
    local start = prefix()
    local writer = one:batch_writer()
    assert.are.equal(2, sent.count(function()
      for _, item in ipairs(made(60, start)) do assert.is_true(writer:put(item)) end
    end))
    assert.are.equal(50, writer.written)
    assert.is_nil(one:get_item(start .. 60))
    assert.are.equal(1, sent.count(function() assert.is_true(writer:flush()) end))
    assert.are.equal(0, sent.count(function() assert.is_true(writer:flush()) end))
    assert.are.equal(60, n_of(one, start .. 60))
    assert(writer:delete(start .. 60))
    assert(writer:delete({ id = start .. 59 }))
    assert(writer:delete(one:new_item(start .. 58)))
    assert(writer:put(one:new_item(start .. 57, nil, { n = -57 })))
    assert.are.equal(1, sent.count(function() assert.is_true(writer:close()) end))
    assert.are.equal(64, writer.written)
    assert.are.equal(0, writer.discarded)
    assert.is_nil(one:get_item(start .. 58))
    assert.are.equal(-57, n_of(one, start .. 57))
    assert.is_true(writer:close()) -- may be repeated
  end)

  it("batch_writer writes the last entry of equal keys, or rejects them", function()
    local start = prefix()
    local writer = one:batch_writer()
    for n = 1, 30 do writer:put({ id = start .. "same", n = n }) end
    writer:put({ id = start .. "gone" })
    writer:delete(start .. "gone")
    assert.are.equal(1, sent.count(function() assert(writer:close()) end))
    assert.are.equal(2, writer.written)
    assert.are.equal(30, n_of(one, start .. "same"))
    local strict = one:batch_writer({ on_duplicate = "error" })
    strict:put({ id = start .. "a", n = 1 })
    raises("occurs twice", strict.delete, strict, start .. "a")
    assert(strict:close())
    assert.are.equal(1, n_of(one, start .. "a"))
  end)

  it("batch_writer copies an item when it is put", function()
    local start = prefix()
    local writer, item = one:batch_writer(), { id = start, n = 1 }
    writer:put(item)
    item.n = 2
    assert(writer:close())
    assert.are.equal(1, n_of(one, start))
  end)

  it("batch_writer raises after close", function()
    for _, how in ipairs({ "close", "discard" }) do
      local writer = one:batch_writer()
      writer[how](writer)
      raises("attempt to use a closed writer", writer.put, writer, { id = "x" })
      raises("attempt to use a closed writer", writer.delete, writer, { id = "x" })
      raises("attempt to use a closed writer", writer.flush, writer)
    end
  end)

  it("batch_writer discards its entries on request, and returns their number", function()
    local start = prefix()
    local writer = one:batch_writer()
    for _, item in ipairs(made(7, start)) do writer:put(item) end
    assert.are.equal(0, sent.count(function() assert.are.equal(7, writer:discard()) end))
    assert.are.equal(7, writer.discarded)
    assert.is_nil(one:get_item(start .. 1))
  end)

  if _VERSION == "Lua 5.4" then
    local function in_scope(code)
      return load("local tbl, items, keep = ...; local writer <close> = tbl:batch_writer(); keep.writer = writer\n"
        .. "for _, item in ipairs(items) do assert(writer:put(item)) end\n" .. code)
    end

    it("batch_writer sends its last entries at the end of its scope", function()
      local start, keep = prefix(), {}
      assert.are.equal(2, sent.count(in_scope("return 5"), one, made(30, start), keep))
      assert.are.equal(30, keep.writer.written)
      assert.are.equal(30, n_of(one, start .. 30))
      raises("closed writer", keep.writer.flush, keep.writer)
    end)

    it("batch_writer discards its entries when an error ends its scope", function()
      local start, keep = prefix(), {}
      assert.are.equal(1, sent.count(function()
        local ok, err = pcall(in_scope("error('mine', 0)"), one, made(30, start), keep)
        assert.is_false(ok)
        assert.are.equal("mine", err)
      end))
      assert.are.equal(25, keep.writer.written)
      assert.are.equal(5, keep.writer.discarded)
      assert.is_nil(one:get_item(start .. 30))
      assert.is_true(keep.writer:close())
    end)

    it("batch_writer raises a failed write at the end of its scope", function()
      local keep = {}
      local ok, err = pcall(in_scope(""), conn:table(helper.table_name("missing"), one.schema), made(3, "x"), keep)
      assert.is_false(ok)
      assert.is_true(dynamodb.is_error(err))
      assert.are.equal(3, #err.leftovers)
      assert.are.equal(3, keep.writer.discarded)
    end)
  end

  -- ===================== }
  -- {===== Leftover entries =====

  -- A table of a simulated service whose outcome the spec sets.
  local function simulated_table(...)
    local possible = { ... }
    local service = batch_service.new(generate.new(1), { one = { "id" } }, possible)
    local function now(outcome)
      for i in ipairs(possible) do possible[i] = nil end
      possible[1] = outcome
    end
    return helper.offline(service.transport):table("one", { hash_key = "id" }), service, now
  end

  it("batch_writer keeps leftover entries for another flush", function()
    local tbl, service, now = simulated_table("none")
    local writer = tbl:batch_writer({ deadline = 1 })
    for i = 1, 24 do assert.is_true(writer:put({ id = "k" .. i, n = i })) end
    local ok, err = writer:put({ id = "k25", n = 25 })
    assert.is_nil(ok)
    assert.are.equal("timeout", err.kind)
    assert.are.equal(25, #err.leftovers)
    assert.are.equal(0, writer.written)
    now("all")
    assert.is_true(writer:put({ id = "k1", n = -1 })) -- replaces the leftover entry, and flushes all
    assert.are.equal(25, writer.written)
    assert.are.equal("-1", service.tables.one.Sk1.n.N)
    assert.are.equal(25, #service.log)
    assert.is_true(writer:close())
  end)

  it("batch_writer reports unwritten entries when it is closed", function()
    local tbl = simulated_table("throttle")
    local writer = tbl:batch_writer({ deadline = 1 })
    writer:put({ id = "a", n = 1 })
    writer:delete("b")
    local ok, err = writer:close()
    assert.is_nil(ok)
    assert.are.equal("ProvisionedThroughputExceededException", err.code)
    assert.are.same({ { table = "one", put = { id = "a", n = 1 } }, { table = "one", delete = { id = "b" } } }, err.leftovers)
    assert.are.equal(2, writer.discarded)
    assert.are.equal(0, writer.written)
  end)

  -- {===== Concurrent requests =====

  -- A table of a service that takes a second per response -> table, log of writes, transport.
  local function slow_table()
    local log = {}
    local transport = simulated_time.new(helper.fake(function(bytes)
      for _, request in ipairs(cjson.decode(bytes:match("\r\n\r\n(.*)$")).RequestItems.one) do
        log[#log + 1] = request.PutRequest.Item
      end
      return helper.response(200, '{"UnprocessedItems":{}}')
    end), function() return 1 end)
    return helper.offline(transport):table("one", { hash_key = "id" }), log, transport
  end

  it("writes and reads with concurrent requests", function()
    local list, keys = made(100, ""), {}
    for i = 1, 100 do keys[i] = "k" .. i end
    local tbl, log, transport = slow_table()
    local _, connection = core.table_parts(tbl)
    for seconds, call in pairs({
      [1] = function() return tbl:batch_write({ put = list }, { concurrency = 4 }) end,
      [2] = function() return connection:batch_write({ [tbl] = { put = list } }, { concurrency = 2 }) end,
      [4] = function() return tbl:batch_write({ put = list }) end,
    }) do
      local before = transport.now()
      assert.is_true(call())
      assert.are.equal(seconds, transport.now() - before)
    end
    assert.are.equal(300, #log)
    local nothing = helper.response(200, '{"Responses":{},"UnprocessedKeys":{}}')
    local reader = simulated_time.new(helper.fake(nothing), function() return 1 end)
    tbl = helper.offline(reader):table("one", { hash_key = "id" })
    for i = 101, 400 do keys[i] = "k" .. i end
    local before = reader.now()
    assert.are.equal(400, #select(2, assert(tbl:get_items(keys, { concurrency = 4 }))))
    assert.are.equal(1, reader.now() - before)
    local missing = select(2, assert(select(2, core.table_parts(tbl)):batch_get({ [tbl] = keys }, { concurrency = 2 })))
    assert.are.equal(400, #missing.one)
    assert.are.equal(3, reader.now() - before)
  end)

  it("batch_writer collects entries of several requests and sends them concurrently", function()
    local tbl, log, transport = slow_table()
    local writer, before = tbl:batch_writer({ concurrency = 4 }), transport.now()
    for i, item in ipairs(made(199, "")) do
      assert(writer:put(item))
      assert.are.equal(i >= 100 and 100 or 0, #log)
    end
    assert(writer:close())
    assert.are.equal(199, #log)
    assert.are.equal(2, transport.now() - before)
  end)

  it("batch_writer may be shared by tasks and keeps the order of writes of a key", function()
    local tbl, log, transport = slow_table()
    local writer, last = tbl:batch_writer(), {}
    transport.run(function()
      for task = 1, 4 do
        transport.spawn(function()
          for n = 1, 60 do
            local id = "k" .. (n * task) % 70
            last[id] = (last[id] or 0) + 1
            assert(writer:put({ id = id, n = last[id] }))
            transport.sleep(0.01)
          end
        end)
      end
    end)
    assert(writer:close())
    local written = {}
    for _, item in ipairs(log) do
      local n = tonumber(item.n.N)
      assert.is_true(n > (written[item.id.S] or 0), item.id.S)
      written[item.id.S] = n
    end
    assert.are.same(last, written)
    assert.are.equal(#log, writer.written)
    assert.are.equal(1, transport.most_in_flight)
  end)

  it("batch_writer also sends what other tasks collect while it closes", function()
    local tbl, log, transport = slow_table()
    local writer, outcome = tbl:batch_writer(), nil
    assert(writer:put({ id = "first" }))
    transport.run(function()
      transport.spawn(function() outcome = { writer:close() } end)
      transport.sleep(0.01)
      assert(writer:put({ id = "second" }))
    end)
    assert.are.same({ true }, outcome)
    assert.are.same({ 2, 2, 0 }, { #log, writer.written, writer.discarded })
  end)

  it("batch_writer keeps all entries when sending raises an error", function()
    local tbl, log, transport = slow_table()
    local writer, send = tbl:batch_writer(), transport.send
    transport.send = function() error("oops", 0) end
    for _, item in ipairs(made(24, "")) do assert(writer:put(item)) end
    assert.are.same({ false, "oops" }, { pcall(writer.flush, writer) })
    transport.send = send
    assert(writer:put({ id = "24", n = 25 })) -- replaces the entry of this key
    assert(writer:close())
    assert.are.equal(24, #log)
    assert.are.equal("25", log[24].n.N)
    assert.are.equal(24, writer.written)
  end)

  -- ===================== }

  it("get_items returns items in the order of the keys on request", function()
    local tbl, service = simulated_table("some")
    local keys, found = {}, {}
    for i = 1, 150 do
      keys[i] = "k" .. i
      service.tables.one["Sk" .. i] = { id = { S = "k" .. i } }
    end
    for i, item in ipairs(assert(tbl:get_items(keys, { ordered = true }))) do found[i] = item.id end
    assert.are.same(keys, found)
    found = assert(tbl:get_items({ "k1", "k1", "k2", "k3" }, { items = false, ordered = true }))
    assert.are.same({ { id = "k1" }, { id = "k2" }, { id = "k3" } }, found)
  end)

  it("get_items reports read and unread keys", function()
    local tbl, service = simulated_table("some", "none", "none", "none")
    local keys = {}
    for i = 1, 40 do
      keys[i] = "k" .. i
      service.tables.one["Sk" .. i] = { id = { S = "k" .. i } }
    end
    local list, err = tbl:get_items(keys, { deadline = 0.5 })
    assert.is_nil(list)
    assert.is_true(#err.found > 0 and #err.leftovers > 0)
    local seen = {}
    for _, item in ipairs(err.found) do seen[item.id] = true end
    for _, left in ipairs(err.leftovers) do
      assert.is_nil(seen[left.key.id])
      seen[left.key.id] = true
    end
    for _, key in ipairs(keys) do assert.is_true(seen[key], key) end
  end)

  it("batch_get reports read and unread keys", function()
    local tbl, service = simulated_table("none")
    service.tables.one.Sa = { id = { S = "a" } }
    local _, connection = core.table_parts(tbl)
    local found, err = connection:batch_get({ [tbl] = { "a", "b" } }, { deadline = 0.5 })
    assert.is_nil(found)
    assert.are.same({ one = {} }, err.found)
    assert.are.equal(2, #err.leftovers)
  end)

  it("batch_writer writes the last entry of each key under all outcomes: 300 random runs", function()
    for run = 1, samples.count(300) do
      local random = generate.new(run)
      local service = batch_service.new(random, { one = { "id" } }, { "all", "some", "none", "throttle", "fail", "lose" })
      local tbl = helper.offline(service.transport):table("one", { hash_key = "id" })
      local writer, last = tbl:batch_writer({ deadline = 1e6 }), {}
      for n = 1, random:integer(1, 80) do
        local id = "k" .. random:integer(1, 60)
        last["S" .. id] = random:once_in(3) and "gone" or tostring(n)
        if last["S" .. id] == "gone" then assert(writer:delete(id)) else assert(writer:put({ id = id, n = n })) end
        if random:once_in(30) then assert(writer:flush()) end
      end
      assert(writer:close())
      for key, n in pairs(last) do
        local item = service.tables.one[key]
        if (item and item.n.N or "gone") ~= n then error(("run %d: %s is not %s"):format(run, key, n)) end
      end
    end
  end)

  -- ===================== }

  for _, case in ipairs({
    { "batch_write: put[3]: v: NaN is not", function()
      return one:batch_write({ put = { { id = "a" }, { id = "b" }, { id = "c", v = 0 / 0 } } })
    end },
    { "batch_write: delete[2]: key attribute 'id': string expected", function()
      return one:batch_write({ delete = { "a", 5 } })
    end },
    { "get_items: keys[2]: key attribute 'id'", function() return one:get_items({ "a", 5 }) end },
    { ".put[2]: key attribute 'id' is missing", function() -- after the table's name
      return conn:batch_write({ [one] = { put = { { id = "a" }, { n = 1 } } } })
    end },
    { "put: v: NaN", function() return one:batch_writer():put({ id = "a", v = 0 / 0 }) end },
    { "get_items: list of keys expected, got string", function() return one:get_items("a") end },
    { "get_items: list of keys expected, got table", function() return one:get_items({ id = "a" }) end },
    { "key attribute 'id': string expected, got number", function() return one:get_items({ 5 }) end },
    { "key attribute 'at' is missing", function() return two:get_items({ "a" }) end },
    { "get_items: unknown option 'order'", function() return one:get_items({ "a" }, { order = true }) end },
    { "batch_write: unknown option 'puts'", function() return one:batch_write({ puts = {} }) end },
    { "batch_write: put: list of items expected, got table", function() return one:batch_write({ put = { id = "a" } }) end },
    { "batch_write: put[1]: table of attributes expected, got string", function() return one:batch_write({ put = { "a" } }) end },
    { "batch_write: put[1]: key attribute 'id' is missing", function() return one:batch_write({ put = { { n = 1 } } }) end },
    { "batch_write: table or its name expected, got number", function() return conn:batch_write({ { put = {} } }) end },
    { "batch_get: unknown option 'key'", function() return conn:batch_get({ [one] = { keys = {}, key = {} } }) end },
    { "option 'on_duplicate': one of last, error expected", function() return one:batch_writer({ on_duplicate = "first" }) end },
    { "put: table of attributes expected, got number", function() return one:batch_writer():put(5) end },
    { "delete: key attribute 'id': string expected, got number", function() return one:batch_writer():delete(5) end },
    { "batch_write: put[1]: f: DynamoDB value expected, got function", function()
      return one:batch_write({ put = { { id = "a", f = print } } })
    end },
  }) do
    it("refuses: " .. case[1], function()
      assert.are.equal(0, sent.count(function() raises(case[1], case[2]) end))
    end)
  end
end)
