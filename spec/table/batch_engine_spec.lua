-- The engine under everything that batches; spec/table/batch_spec.lua has what users call.

local abreast = dofile("spec/support/simulated_time.lua")
local batch_engine = require("dynamodb.table.batch_engine")
local cjson = require("cjson")
local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local generate = dofile("spec/support/random_source.lua")
local helper = dofile("spec/support/helper.lua")
local system = require("dynamodb.base.system")
local unkind = dofile("spec/support/batch_service.lua")

local RUNS, TIMED_RUNS = 1000, 300
local MOODS = { "all", "some", "some", "none", "throttle", "fail", "lose" }
local SCHEMAS = { one = { "id" }, two = { "id", "at" } }
local DEFINED = { one = { hash_key = "id" }, two = { hash_key = "id", range_key = "at", range_key_type = "N" } }

-- The fields of the tables, of a connection that speaks to the transport -> connection, { name = fields }.
local function connect(transport)
  local conn, fields = helper.offline(transport), {}
  for name, key in pairs(DEFINED) do fields[name] = core.table_parts(conn:table(name, key)) end
  return conn, fields
end

local function random_key(random, name, most)
  local id = "k" .. random:integer(1, most)
  return name == "one" and { id = id } or { id = id, at = random:integer(1, 2) }
end

local function encoded(key)
  return cjson.decode((assert(core.encode(key, "item"))))
end

-- Quicker than an assertion, of which there are a million here.
local function check(holds, id, what)
  if not holds then error(id .. " " .. what, 0) end
end

-- Calls f(random, service, connection, fields, transport) 'count' times, each time with another seed and a new service,
-- which start(random, moods) -> service, transport makes.
local function each_seed(count, start, moods, f)
  for seed = 1, count do
    local random = generate.new(seed)
    local service, transport = start(random, moods)
    local conn, fields = connect(transport)
    f(random, service, conn, fields, transport)
  end
end

-- A service that fails at random -> service, transport.
local function unkind_service(random, moods)
  local service = unkind.new(random, SCHEMAS, moods)
  return service, service.transport
end

-- A service that accepts every request -> connection, fields, fake transport.
local function kind_service()
  local fake = helper.fake(helper.answer(200, "{}"))
  local conn, fields = connect(fake)
  return conn, fields, fake
end

-- The keys "k1", "k2", ... of table "one" -> entries.
local function numbered_keys(fields, count)
  local entries = {}
  for i = 1, count do entries[i] = batch_engine.key(fields.one, { id = "k" .. i }, {}, "spec") end
  return entries
end

describe("batch", function()
  local system_random = system.random
  after_each(function() system.random = system_random end)

  -- {===== Under a service that fails at random =====

  -- Random writes -> entries, { id = { "put", n } or { "delete" } } as the last of each key says.
  local function random_writes(random, fields, service)
    local entries, last, keys = {}, {}, random:integer(1, 90)
    for n = 1, random:integer(1, 120) do
      local name = random:pick({ "one", "two" })
      local key = random_key(random, name, keys)
      local id = service.id(name, encoded(key))
      if random:once_in(3) then
        entries[n], last[id] = batch_engine.delete(fields[name], key, "spec"), { "delete" }
      else
        key.n = n
        entries[n], last[id] = batch_engine.put(fields[name], key, "spec"), { "put", tostring(n) }
      end
    end
    return batch_engine.unique(entries), last
  end

  local function check_written(service, last)
    local written = {}
    for _, write in ipairs(service.log) do
      local id, what, n = write[1], write[2], write[3]
      check(last[id] and last[id][1] == what and last[id][2] == n, id, "is written as another write says")
      written[id] = true
    end
    for id in pairs(last) do check(written[id], id, "is not written") end
  end

  it("writes the last of each key and nothing else, whatever the service does", function()
    each_seed(RUNS, unkind_service, MOODS, function(random, service, conn, fields)
      local entries, last = random_writes(random, fields, service)
      assert(batch_engine.write(conn, entries, { deadline = 1e6 }))
      check_written(service, last)
    end)
  end)

  -- Random keys, some of them of stored items -> entries, { id = is it there? }.
  local function random_reads(random, fields, service)
    local entries, wanted, keys = {}, {}, random:integer(1, 150)
    for i = 1, random:integer(1, 200) do
      local name = random:pick({ "one", "two" })
      local key = random_key(random, name, keys)
      local id = service.id(name, encoded(key))
      if wanted[id] == nil then
        wanted[id] = random:once_in(2)
        if wanted[id] then service.tables[name][id:match("|(.*)$")] = encoded(key) end
      end
      entries[i] = batch_engine.key(fields[name], key, {}, "spec")
    end
    return batch_engine.unique(entries), wanted
  end

  -- Reads them -> { id = how many times }, what batch_engine.get returns.
  local function read(service, conn, entries, given)
    local found = {}
    return found, batch_engine.get(conn, entries, given, nil, function(fields, attributes)
      local id = service.id(fields.name, encoded(attributes))
      found[id] = (found[id] or 0) + 1
    end)
  end

  local function check_read(found, wanted)
    for id, there in pairs(wanted) do check(found[id] == (there and 1 or nil), id, "is not read once") end
    for id in pairs(found) do check(wanted[id], id, "was not asked for") end
  end

  it("reads every key once, whatever the service does", function()
    each_seed(RUNS, unkind_service, MOODS, function(random, service, conn, fields)
      local entries, wanted = random_reads(random, fields, service)
      local found, ok = read(service, conn, entries, { deadline = 1e6 })
      assert.is_true(ok)
      check_read(found, wanted)
    end)
  end)

  -- Failing often enough to meet the deadline, but no response is lost: what is left over was not done.
  local SLOW = { "some", "none", "throttle" }

  -- 'err' reports what was not written, if anything.
  local function check_accounted(service, last, err)
    for _, write in ipairs(service.log) do
      local wanted = last[write[1]]
      check(wanted and wanted[1] == write[2] and wanted[2] == write[3], write[1], "is written twice or wrongly")
      last[write[1]] = nil
    end
    if err then assert.is_true(err.retryable) end
    for _, left in ipairs(err and err.leftovers or {}) do
      local id = service.id(left.table, encoded(left.put or left.delete))
      local wanted = last[id]
      check(wanted and wanted[1] == (left.put and "put" or "delete"), id, "is left over and written")
      check(not left.put or wanted[2] == tostring(left.put.n), id, "is left over as another write")
      last[id] = nil
    end
    check(not next(last), tostring(next(last)), "is neither written nor left over")
  end

  it("loses nothing when the deadline passes: written and left over are all", function()
    local timeouts = 0
    each_seed(TIMED_RUNS, unkind_service, SLOW, function(random, service, conn, fields)
      local entries, last = random_writes(random, fields, service)
      local ok, err = batch_engine.write(conn, entries, { deadline = random:integer(1, 30) / 10 })
      check_accounted(service, last, err)
      if not ok then
        timeouts = timeouts + 1
        assert.is_true(err.throttled)
      end
    end)
    assert.is_true(timeouts > TIMED_RUNS / 10 and timeouts < TIMED_RUNS)
  end)

  it("loses no key when the deadline passes: read and left over are all", function()
    local timeouts = 0
    each_seed(TIMED_RUNS, unkind_service, SLOW, function(random, service, conn, fields)
      local entries, wanted = random_reads(random, fields, service)
      local found, ok, err = read(service, conn, entries, { deadline = random:integer(1, 30) / 10 })
      if not ok then
        timeouts = timeouts + 1
        for _, left in ipairs(err.leftovers) do
          local id = service.id(left.table, encoded(left.key))
          check(wanted[id] ~= nil and not found[id], id, "is left over and read")
          wanted[id] = nil
        end
      end
      for id, there in pairs(wanted) do check(found[id] == (there and 1 or nil), id, "is not read once") end
    end)
    assert.is_true(timeouts > TIMED_RUNS / 10 and timeouts < TIMED_RUNS)
  end)

  -- ===================== }
  -- {===== Side by side =====

  -- A service that fails at random whose responses take up to 50 ms, and that refuses writes of a key that is being written.
  local function slow_service(random, moods)
    local service = unkind.new(random, SCHEMAS, moods)
    local transport = abreast.new(service.transport, function() return random:integer(0, 5) / 100 end)
    local busy = {}
    function transport.send(socket, bytes)
      socket.writes = {}
      for name, list in pairs(bytes:find("BatchWriteItem", 1, true) and
        cjson.decode(bytes:match("\r\n\r\n(.*)$")).RequestItems or {}) do
        for _, request in ipairs(list) do
          local id = service.id(name, request.DeleteRequest and request.DeleteRequest.Key or request.PutRequest.Item)
          check(not busy[id], id, "is written twice at a time")
          busy[id], socket.writes[id] = true, true
        end
      end
      return service.transport.send(socket, bytes)
    end
    local receive = transport.receive
    function transport.receive(socket, ...)
      local bytes, kind, why = receive(socket, ...)
      for id in pairs(socket.writes) do busy[id] = nil end
      return bytes, kind, why
    end
    return service, transport
  end

  local function inside(transport, random, call)
    if random:once_in(2) then return call() end
    return transport.run(call)
  end

  it("writes and reads concurrently as it does in turn", function()
    local most = 0
    each_seed(TIMED_RUNS, slow_service, MOODS, function(random, service, conn, fields, transport)
      local given = { deadline = 1e6, concurrency = random:integer(1, 6) }
      local entries, last = random_writes(random, fields, service)
      assert(inside(transport, random, function() return batch_engine.write(conn, entries, given) end))
      check_written(service, last)
      for name in pairs(SCHEMAS) do service.tables[name] = {} end
      local reads, wanted = random_reads(random, fields, service)
      local found = inside(transport, random, function() return (read(service, conn, reads, given)) end)
      check_read(found, wanted)
      check(transport.most_in_flight <= given.concurrency, "requests", "are too many at a time")
      most = math.max(most, transport.most_in_flight)
    end)
    assert.is_true(most > 3, tostring(most))
  end)

  it("loses nothing in concurrent requests when the deadline passes: written and left over are all", function()
    local timeouts = 0
    each_seed(TIMED_RUNS, slow_service, SLOW, function(random, service, conn, fields)
      local entries, last = random_writes(random, fields, service)
      local given = { deadline = random:integer(1, 20) / 10, concurrency = random:integer(2, 4) }
      local ok, err = batch_engine.write(conn, entries, given)
      check_accounted(service, last, err)
      if not ok then timeouts = timeouts + 1 end
    end)
    assert.is_true(timeouts > TIMED_RUNS / 20 and timeouts < TIMED_RUNS, tostring(timeouts))
  end)

  -- A service that takes a second for a response, and what it sent -> connection, fields, transport, fake.
  local function second_service(answer)
    local fake = helper.fake(answer)
    local transport = abreast.new(fake, function() return 1 end)
    local conn, fields = connect(transport)
    return conn, fields, transport, fake
  end

  for _, case in ipairs({ { 1, 4 }, { 2, 2 }, { 3, 2 }, { 4, 1 }, { 9, 1 } }) do
    it(("takes %d seconds for 4 requests, %d at a time"):format(case[2], case[1]), function()
      local conn, fields, transport = second_service(helper.answer(200, "{}"))
      local start = transport.now()
      assert(batch_engine.get(conn, numbered_keys(fields, 400), { concurrency = case[1] }, nil, error))
      assert.are.equal(case[2], transport.now() - start)
    end)
  end

  it("ends all at a permanent error, waiting requests included", function()
    local conn, fields, transport, fake, refused
    conn, fields, transport, fake = second_service(function(_, n)
      if n < 30 then
        return helper.answer(400, '{"__type":"x#ProvisionedThroughputExceededException","message":"slower"}')
      end
      refused = refused or transport.now() + 1
      return helper.answer(400, '{"__type":"x#ValidationException","message":"no"}')
    end)
    system.random = function() return 1 end
    local given = { concurrency = 3, max_attempts = 1, deadline = 1000 }
    local ok, err = batch_engine.get(conn, numbered_keys(fields, 300), given, nil, error)
    assert.is_nil(ok)
    assert.are.equal("ValidationException", err.code)
    assert.are.equal(300, #err.leftovers)
    assert.is_true(#fake.requests < 33)
    assert.is_true(transport.now() - refused < 1.2, tostring(transport.now() - refused)) -- they had paused for 5 seconds
  end)

  it("raises what one of them raises, and ends", function()
    local conn, fields, _, fake = second_service(function(_, n)
      if n == 2 then error("oops", 0) end
      return helper.answer(200, "{}")
    end)
    local ok, why = pcall(batch_engine.get, conn, numbered_keys(fields, 1000), { concurrency = 3 }, nil, error)
    assert.are.same({ false, "oops" }, { ok, why })
    assert.is_true(#fake.requests <= 4, tostring(#fake.requests))
  end)

  -- ===================== }
  -- {===== Requests =====

  local function puts(fields, count, attributes)
    local entries = {}
    for i = 1, count do
      local item = { id = "k" .. i }
      for name, value in pairs(attributes or {}) do item[name] = value end
      entries[i] = batch_engine.put(fields, item, "spec")
    end
    return entries
  end

  local function body(bytes) return cjson.decode(bytes:match("\r\n\r\n(.*)$")).RequestItems end

  for _, case in ipairs({ { 1, 1 }, { 25, 1 }, { 26, 2 }, { 1000, 40 } }) do
    it(("writes %d items by %d requests"):format(case[1], case[2]), function()
      local conn, fields, fake = kind_service()
      assert(batch_engine.write(conn, puts(fields.one, case[1]), {}))
      assert.are.equal(case[2], #fake.requests)
      assert.are.equal(1000, fake.clock) -- without waiting
    end)
  end

  for _, case in ipairs({ { 1, 1 }, { 100, 1 }, { 101, 2 }, { 250, 3 } }) do
    it(("reads %d keys by %d requests"):format(case[1], case[2]), function()
      local conn, fields, fake = kind_service()
      assert(batch_engine.get(conn, numbered_keys(fields, case[1]), {}, nil, error))
      assert.are.equal(case[2], #fake.requests)
    end)
  end

  it("does nothing of nothing", function()
    local conn = connect(helper.fake())
    assert.is_true(batch_engine.write(conn, {}, {}))
    assert.is_true(batch_engine.get(conn, {}, {}, nil, error))
  end)

  it("keeps requests below 16 MB, in order", function()
    local conn, fields, fake = kind_service()
    local megabyte = 1024 * 1024
    assert(batch_engine.write(conn, puts(fields.one, 40, { text = ("x"):rep(megabyte) }), {}))
    local seen = 0
    for i, bytes in ipairs(fake.requests) do
      local text = bytes:match("\r\n\r\n(.*)$")
      assert.is_true(#text <= 16 * megabyte, #text .. " bytes")
      assert.is_true(#text > 15 * megabyte or i == #fake.requests, "a request is not full")
      for _, request in ipairs(body(bytes).one) do
        seen = seen + 1
        assert.are.equal("k" .. seen, request.PutRequest.Item.id.S)
      end
    end
    assert.are.equal(40, seen)
    assert.are.equal(3, #fake.requests)
  end)

  it("sends what is too big for any request alone, for the service to refuse", function()
    local conn, fields, fake = kind_service()
    local entries = puts(fields.one, 3)
    entries[2] = batch_engine.put(fields.one, { id = "k2", text = ("x"):rep(16 * 1024 * 1024) }, "spec")
    assert(batch_engine.write(conn, entries, {}))
    assert.are.equal(3, #fake.requests)
  end)

  it("waits ever longer, with jitter, and less again when the service gets on", function()
    local sleeps, none = {}, 12
    local fake = helper.fake(function(bytes, n)
      local left = body(bytes)
      if n == none then table.remove(left.one) end -- one is done
      return helper.answer(200, n > none + 1 and "{}" or cjson.encode({ UnprocessedItems = left }))
    end)
    fake.sleep = function(seconds) sleeps[#sleeps + 1] = seconds end
    local conn, fields = connect(fake)
    assert(batch_engine.write(conn, puts(fields.one, 3), {}))
    assert.are.equal(none + 1, #sleeps)
    local jitter = false
    for i, seconds in ipairs(sleeps) do
      local longest = math.min(5, 0.05 * 2 ^ ((i < none and i or i - none + 1) - 1))
      assert.is_true(seconds >= longest / 2 and seconds <= longest, ("%d: %g"):format(i, seconds))
      jitter = jitter or seconds < longest * 0.99
    end
    assert.is_true(jitter)
  end)

  it("gives up after a minute in which it did not get on, not before", function()
    local start
    local fake = helper.fake(function(bytes, n)
      local left = body(bytes)
      if n == 10 then table.remove(left.one) end -- one is done
      return helper.answer(200, cjson.encode({ UnprocessedItems = left }))
    end)
    local conn, fields = connect(fake)
    local writes = puts(fields.one, 3)
    fake.sleep = function(seconds)
      fake.clock = fake.clock + seconds
      if #fake.requests == 9 then start = fake.clock end
    end
    local ok, err = batch_engine.write(conn, writes, {})
    assert.is_nil(ok)
    assert.are.equal(2, #err.leftovers)
    assert.is_true(fake.clock - start > 54 and fake.clock - start <= 60, tostring(fake.clock - start))
  end)

  it("never sleeps beyond the deadline", function()
    local service = unkind.new(generate.new(1), SCHEMAS, { "none" })
    local conn, fields = connect(service.transport)
    local start = service.transport.clock
    local ok, err = batch_engine.write(conn, puts(fields.one, 3), { deadline = 2 })
    assert.is_nil(ok)
    assert.are.equal("timeout", err.kind)
    assert.are.equal("BatchWriteItem", err.operation)
    assert.are.equal(3, #err.leftovers)
    local passed = service.transport.clock - start
    assert.is_true(passed >= 0.5 and passed <= 2.01, tostring(passed)) -- it ends no pause; a request may take its 10 ms
  end)

  it("stops at an error that trying again cannot mend, and says what is left", function()
    local refused = '{"__type":"x#ValidationException","message":"no"}'
    local fake = helper.fake(function(_, n) return n == 2 and helper.answer(400, refused) or helper.answer(200, "{}") end)
    local conn, fields = connect(fake)
    local ok, err = batch_engine.write(conn, puts(fields.one, 60), {})
    assert.is_nil(ok)
    assert.are.equal("ValidationException", err.code)
    assert.are.equal(2, #fake.requests)
    local left = {}
    for _, each in ipairs(err.leftovers) do
      assert.are.equal("one", each.table)
      left[each.put.id] = true
    end
    assert.are.equal(35, #err.leftovers)
    for i = 1, 60 do assert.are.equal(i > 25 or nil, left["k" .. i]) end
  end)

  for _, answer in ipairs({
    '{"UnprocessedItems":{"none":[{"PutRequest":{"Item":{"id":{"S":"k1"}}}}]}}',
    '{"UnprocessedItems":{"one":[{"PutRequest":{"Item":{"id":{"S":"another"}}}}]}}',
    '{"UnprocessedItems":{"one":[{"DeleteRequest":{"Key":{"id":{"N":"1"}}}}]}}',
    '{"UnprocessedItems":{"one":[{"PutRequest":{"Item":{}}}]}}',
    '{"UnprocessedItems":{"one":[{"PutRequest":{}}]}}',
    '{"UnprocessedItems":{"one":[{}]}}',
    '{"UnprocessedItems":{"one":5}}',
    '{"UnprocessedItems":5}',
  }) do
    it("takes no strange response to a write for success: " .. answer, function()
      local conn, fields = connect(helper.fake(helper.answer(200, answer)))
      local ok, err = batch_engine.write(conn, puts(fields.one, 1), { deadline = 1 })
      assert.is_nil(ok)
      assert.are.equal("response", err.kind)
      assert.are.equal(1, #err.leftovers)
    end)
  end

  for _, answer in ipairs({
    '{"UnprocessedKeys":{"none":{"Keys":[{"id":{"S":"k1"}}]}}}',
    '{"UnprocessedKeys":{"one":{"Keys":[{"id":{"S":"another"}}]}}}',
    '{"UnprocessedKeys":{"one":{"Keys":[{}]}}}',
    '{"UnprocessedKeys":{"one":{}}}',
    '{"UnprocessedKeys":{"one":{"Keys":5}}}',
    '{"Responses":{"none":[{"id":{"S":"k1"}}]}}',
    '{"Responses":{"one":5}}',
    '{"Responses":5}',
  }) do
    it("takes no strange response to a read for success: " .. answer, function()
      local conn, fields = connect(helper.fake(helper.answer(200, answer)))
      local ok, err = batch_engine.get(conn, { batch_engine.key(fields.one, { id = "k1" }, {}, "spec") }, { deadline = 1 }, nil,
        function() end)
      assert.is_nil(ok)
      assert.are.equal("response", err.kind)
      assert.are.equal(1, #err.leftovers)
    end)
  end

  -- ===================== }
  -- {===== Keys =====

  local _, fields = connect(helper.fake())
  local function id(name, hash, range) return batch_engine.identify(fields[name], { id = hash, at = range }) end

  for _, case in ipairs({ -- two keys, are they one?
    { "1 and 1.0", id("one", 1), id("one", 1.0), true },
    { "1 and a number object", id("one", 1), id("one", dynamodb.number("1")), true },
    { "1 and 1.00", id("one", 1), id("one", dynamodb.number("1.00")), true },
    { "100 and 1E2", id("one", 100), id("one", dynamodb.number("1E2")), true },
    { "0 and -0", id("one", 0), id("one", -0.0), true },
    { "1 and '1'", id("one", 1), id("one", "1"), false },
    { "text and bytes", id("one", "1"), id("one", dynamodb.binary("1")), false },
    { "big neighbours", id("one", dynamodb.number("9007199254740993")), id("one", dynamodb.number("9007199254740992")), false },
    { "other tables", id("one", "a"), id("two", "a", 1), false },
    { "where one attribute ends", id("two", "a", "bc"), id("two", "ab", "c"), false },
    { "range keys", id("two", "a", 1), id("two", "a", 2), false },
    { "equal range keys", id("two", "a", 1), id("two", "a", dynamodb.number("1.0")), true },
  }) do
    it(("tells keys apart: %s %s"):format(case[1], case[4] and "are one" or "are two"), function()
      assert.are.equal(case[4], case[2] == case[3])
    end)
  end

  it("keeps the last of equal keys in the place of the first", function()
    local list = batch_engine.unique({
      batch_engine.put(fields.two, { id = "a", at = 1, n = 1 }, "spec"), batch_engine.put(fields.one, { id = "a" }, "spec"),
      batch_engine.delete(fields.two, { id = "a", at = 1.0 }, "spec"), batch_engine.put(fields.two, { id = "a", at = 2 }, "spec"),
    })
    assert.are.equal(3, #list)
    assert.are.same({ id = "a", at = 1.0 }, list[1].given.delete)
    assert.are.equal("one", list[2].given.table)
    assert.are.equal(2, list[3].given.put.at)
  end)

  it("raises for equal keys when asked to", function()
    local entries = { batch_engine.put(fields.one, { id = "a" }, "spec"), batch_engine.delete(fields.one, { id = "a" }, "spec") }
    local ok, err = pcall(batch_engine.unique, entries, true, "spec")
    assert.is_false(ok)
    assert.is_truthy(err:find("spec: a key of table 'one' occurs twice", 1, true))
  end)

  -- ===================== }
end)
