-- The engine of all batch operations. spec/table/batch_spec.lua tests the public functions.

local simulated_time = dofile("spec/support/simulated_time.lua")
local batch_engine = require("dynamodb.table.batch_engine")
local cjson = require("cjson")
local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local generate = dofile("spec/support/random_source.lua")
local helper = dofile("spec/support/helper.lua")
local system = require("dynamodb.base.system")
local batch_service = dofile("spec/support/batch_service.lua")
local samples = dofile("spec/support/samples.lua")

local RUNS, TIMED_RUNS = samples.count(1000), samples.count(300)
local OUTCOMES = { "all", "some", "some", "none", "throttle", "fail", "lose" }
local SCHEMAS = { one = { "id" }, two = { "id", "at" } }
local DONE = '{"Responses":{},"UnprocessedItems":{},"UnprocessedKeys":{}}' -- of either operation
local DEFINED = { one = { hash_key = "id" }, two = { hash_key = "id", range_key = "at", range_key_type = "N" } }

-- Connects to the transport -> connection, { table name = fields of the table }.
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

-- Asserts equality faster than luassert, since these specs make a million checks.
local function check(holds, id, what)
  if not holds then error(id .. " " .. what, 0) end
end

-- Calls f(random, service, connection, fields, transport) for each seed from 1 to 'count', with a new service from
-- new_service(random, outcomes) -> service, transport.
local function each_seed(count, new_service, outcomes, f)
  for seed = 1, count do
    local random = generate.new(seed)
    local service, transport = new_service(random, outcomes)
    local conn, fields = connect(transport)
    f(random, service, conn, fields, transport)
  end
end

-- Returns a service that fails at random, and its transport.
local function random_service(random, outcomes)
  local service = batch_service.new(random, SCHEMAS, outcomes)
  return service, service.transport
end

-- Connects to a service that accepts every request -> connection, fields, fake transport.
local function working_service()
  local fake = helper.fake(helper.response(200, DONE))
  local conn, fields = connect(fake)
  return conn, fields, fake
end

-- Returns entries for the keys "k1", "k2", ... of table "one".
local function numbered_keys(fields, count)
  local entries = {}
  for i = 1, count do entries[i] = batch_engine.key(fields.one, { id = "k" .. i }, {}, "spec") end
  return entries
end

describe("batch", function()
  local system_random = system.random
  after_each(function() system.random = system_random end)

  -- {===== With a service that fails at random =====

  -- Random writes -> entries, { id = { "put", n } or { "delete" } }, the last write of each key.
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

  it("writes exactly the last entry of each key under all outcomes", function()
    each_seed(RUNS, random_service, OUTCOMES, function(random, service, conn, fields)
      local entries, last = random_writes(random, fields, service)
      assert(batch_engine.write(conn, entries, { deadline = 1e6 }))
      check_written(service, last)
    end)
  end)

  -- Random keys, some of which have stored items -> entries, { id = whether the item exists }.
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

  -- Reads entries -> { id = number of times it was returned }, results of batch_engine.get.
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

  it("reads every key once under all outcomes", function()
    each_seed(RUNS, random_service, OUTCOMES, function(random, service, conn, fields)
      local entries, wanted = random_reads(random, fields, service)
      local found, ok = read(service, conn, entries, { deadline = 1e6 })
      assert.is_true(ok)
      check_read(found, wanted)
    end)
  end)

  -- These outcomes fail often enough to reach the deadline but lose no response, so leftover entries were not processed.
  local SLOW = { "some", "none", "throttle" }

  -- 'err', if any, has the entries that were not written.
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

  it("reports every entry as written or leftover at the deadline", function()
    local timeouts = 0
    each_seed(TIMED_RUNS, random_service, SLOW, function(random, service, conn, fields)
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

  it("reports every key as read or leftover at the deadline", function()
    local timeouts = 0
    each_seed(TIMED_RUNS, random_service, SLOW, function(random, service, conn, fields)
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

  -- A service that processes nothing, and a machine on which every pause takes a second longer -> connection, fields, fake.
  local function late_machine(response)
    local fake = helper.fake(response)
    local sleep = fake.sleep
    function fake.sleep(seconds) sleep(seconds + 1) end
    local conn, fields = connect(fake)
    return conn, fields, fake
  end

  local UNPROCESSED = '{"UnprocessedItems":{"one":[{"PutRequest":{"Item":{"id":{"S":"k"}}}}]}}'
  for what, case in pairs({
    ["unprocessed entries"] = { helper.response(200, UNPROCESSED), "timeout: the service left parts of the batch unprocessed" },
    ["the service's error"] = {
      helper.response(400, '{"__type":"x#ProvisionedThroughputExceededException","message":"slower"}'), "slower" },
  }) do
    it("reports " .. what .. " when a pause ends after the deadline, and sends nothing more", function()
      local conn, fields, fake = late_machine(case[1])
      local entries = { batch_engine.put(fields.one, { id = "k" }, "spec") }
      local ok, err = batch_engine.write(conn, entries, { deadline = 0.5, max_attempts = 1 })
      assert.is_nil(ok)
      assert.matches(case[2], tostring(err), 1, true)
      assert.is_true(err.throttled)
      assert.equal(1, #err.leftovers)
      assert.equal(1, #fake.requests)
    end)
  end

  -- ===================== }
  -- {===== Concurrent requests =====

  -- A service that fails at random, takes up to 50 ms per response, and rejects concurrent writes of one key.
  local function slow_service(random, outcomes)
    local service = batch_service.new(random, SCHEMAS, outcomes)
    local transport = simulated_time.new(service.transport, function() return random:integer(0, 5) / 100 end)
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

  it("has the same results concurrently and sequentially", function()
    local most = 0
    each_seed(TIMED_RUNS, slow_service, OUTCOMES, function(random, service, conn, fields, transport)
      local given = { deadline = 1e6, concurrency = random:integer(1, 6) }
      local entries, last = random_writes(random, fields, service)
      assert(inside(transport, random, function() return batch_engine.write(conn, entries, given) end))
      check_written(service, last)
      for name in pairs(SCHEMAS) do service.tables[name] = {} end
      local keys, wanted = random_reads(random, fields, service)
      local found = inside(transport, random, function() return (read(service, conn, keys, given)) end)
      check_read(found, wanted)
      check(transport.most_in_flight <= given.concurrency, "requests", "are too many at a time")
      most = math.max(most, transport.most_in_flight)
    end)
    assert.is_true(most > 3, tostring(most))
  end)

  it("reports every entry of concurrent requests as written or leftover at the deadline", function()
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

  -- Connects to a service that takes a second per response -> connection, fields, transport, fake with the requests.
  local function second_service(response)
    local fake = helper.fake(response)
    local transport = simulated_time.new(fake, function() return 1 end)
    local conn, fields = connect(transport)
    return conn, fields, transport, fake
  end

  for _, case in ipairs({ { 1, 4 }, { 2, 2 }, { 3, 2 }, { 4, 1 }, { 9, 1 } }) do
    it(("takes %d seconds for 4 requests, %d at a time"):format(case[2], case[1]), function()
      local conn, fields, transport = second_service(helper.response(200, DONE))
      local start = transport.now()
      assert(batch_engine.get(conn, numbered_keys(fields, 400), { concurrency = case[1] }, nil, error))
      assert.are.equal(case[2], transport.now() - start)
    end)
  end

  it("stops all requests at a permanent error, including delayed ones", function()
    local conn, fields, transport, fake, refused
    conn, fields, transport, fake = second_service(function(_, n)
      if n < 30 then
        return helper.response(400, '{"__type":"x#ProvisionedThroughputExceededException","message":"slower"}')
      end
      refused = refused or transport.now() + 1
      return helper.response(400, '{"__type":"x#ValidationException","message":"no"}')
    end)
    system.random = function() return 1 end
    local given = { concurrency = 3, max_attempts = 1, deadline = 1000 }
    local ok, err = batch_engine.get(conn, numbered_keys(fields, 300), given, nil, error)
    assert.is_nil(ok)
    assert.are.equal("ValidationException", err.code)
    assert.are.equal(300, #err.leftovers)
    assert.is_true(#fake.requests < 33)
    assert.is_true(transport.now() - refused < 1.2, tostring(transport.now() - refused)) -- not after the delay of 5 s
  end)

  it("raises an error of one request and stops", function()
    local conn, fields, _, fake = second_service(function(_, n)
      if n == 2 then error("oops", 0) end
      return helper.response(200, DONE)
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
      local conn, fields, fake = working_service()
      assert(batch_engine.write(conn, puts(fields.one, case[1]), {}))
      assert.are.equal(case[2], #fake.requests)
      assert.are.equal(1000, fake.clock) -- no delay
    end)
  end

  for _, case in ipairs({ { 1, 1 }, { 100, 1 }, { 101, 2 }, { 250, 3 } }) do
    it(("reads %d keys by %d requests"):format(case[1], case[2]), function()
      local conn, fields, fake = working_service()
      assert(batch_engine.get(conn, numbered_keys(fields, case[1]), {}, nil, error))
      assert.are.equal(case[2], #fake.requests)
    end)
  end

  it("sends nothing without entries", function()
    local conn = connect(helper.fake())
    assert.is_true(batch_engine.write(conn, {}, {}))
    assert.is_true(batch_engine.get(conn, {}, {}, nil, error))
  end)

  it("keeps requests below 16 MB, in order", function()
    local conn, fields, fake = working_service()
    local megabyte = 1024 * 1024
    local text = ("\1"):rep(math.floor(megabyte / 6)) -- six bytes in JSON for each
    assert(batch_engine.write(conn, puts(fields.one, 40, { text = text }), {}))
    local seen = 0
    for i, bytes in ipairs(fake.requests) do
      local sent = bytes:match("\r\n\r\n(.*)$")
      assert.is_true(#sent <= 16 * megabyte, #sent .. " bytes")
      assert.is_true(#sent > 14 * megabyte or i == #fake.requests, "a request is not full")
      for _, request in ipairs(body(bytes).one) do
        seen = seen + 1
        assert.are.equal("k" .. seen, request.PutRequest.Item.id.S)
      end
    end
    assert.are.equal(40, seen)
    assert.are.equal(3, #fake.requests)
  end)

  it("refuses an item of more than 400 KB", function()
    local _, fields = working_service()
    local most = 400 * 1024 - #"idk" - #"text"
    batch_engine.put(fields.one, { id = "k", text = ("x"):rep(most) }, "spec")
    local ok, err = pcall(batch_engine.put, fields.one, { id = "k", text = ("x"):rep(most + 1) }, "spec")
    assert.is_false(ok)
    assert.matches("spec: the item has 409601 bytes, at most 409600 (400 KB) are possible", err, 1, true)
  end)

  it("doubles its delays, with jitter, and resets them after progress", function()
    local sleeps, none = {}, 12
    local fake = helper.fake(function(bytes, n)
      local left = body(bytes)
      if n == none then table.remove(left.one) end -- one entry was processed
      return helper.response(200, n > none + 1 and DONE or cjson.encode({ UnprocessedItems = left }))
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

  it("stops after a minute without progress, not before", function()
    local start
    local fake = helper.fake(function(bytes, n)
      local left = body(bytes)
      if n == 10 then table.remove(left.one) end -- one entry was processed
      return helper.response(200, cjson.encode({ UnprocessedItems = left }))
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
    local service = batch_service.new(generate.new(1), SCHEMAS, { "none" })
    local conn, fields = connect(service.transport)
    local start = service.transport.clock
    local ok, err = batch_engine.write(conn, puts(fields.one, 3), { deadline = 2 })
    assert.is_nil(ok)
    assert.are.equal("timeout", err.kind)
    assert.are.equal("BatchWriteItem", err.operation)
    assert.are.equal(3, #err.leftovers)
    local passed = service.transport.clock - start
    assert.is_true(passed >= 0.5 and passed <= 2.01, tostring(passed)) -- plus 10 ms per request
  end)

  it("stops at a permanent error and reports the leftover entries", function()
    local refused = '{"__type":"x#ValidationException","message":"no"}'
    local fake = helper.fake(function(_, n) return n == 2 and helper.response(400, refused) or helper.response(200, DONE) end)
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

  for _, response in ipairs({
    '{"UnprocessedItems":{"none":[{"PutRequest":{"Item":{"id":{"S":"k1"}}}}]}}',
    '{"UnprocessedItems":{"one":[{"PutRequest":{"Item":{"id":{"S":"another"}}}}]}}',
    '{"UnprocessedItems":{"one":[{"DeleteRequest":{"Key":{"id":{"N":"1"}}}}]}}',
    '{"UnprocessedItems":{"one":[{"PutRequest":{"Item":{}}}]}}',
    '{"UnprocessedItems":{"one":[{"PutRequest":{}}]}}',
    '{"UnprocessedItems":{"one":[{}]}}',
    '{"UnprocessedItems":{"one":5}}',
    '{"UnprocessedItems":5}',
  }) do
    it("rejects a malformed response to a write: " .. response, function()
      local conn, fields = connect(helper.fake(helper.response(200, response)))
      local ok, err = batch_engine.write(conn, puts(fields.one, 1), { deadline = 1 })
      assert.is_nil(ok)
      assert.are.equal("response", err.kind)
      assert.are.equal(1, #err.leftovers)
    end)
  end

  for _, response in ipairs({
    '{"UnprocessedKeys":{"none":{"Keys":[{"id":{"S":"k1"}}]}}}',
    '{"UnprocessedKeys":{"one":{"Keys":[{"id":{"S":"another"}}]}}}',
    '{"UnprocessedKeys":{"one":{"Keys":[{}]}}}',
    '{"UnprocessedKeys":{"one":{}}}',
    '{"UnprocessedKeys":{"one":{"Keys":5}}}',
    '{"Responses":{"none":[{"id":{"S":"k1"}}]}}',
    '{"Responses":{"one":5}}',
    '{"Responses":5}',
  }) do
    it("rejects a malformed response to a read: " .. response, function()
      local conn, fields = connect(helper.fake(helper.response(200, response)))
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

  for _, case in ipairs({ -- { name, key, key, whether they are equal }
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
    it(("compares keys: %s %s"):format(case[1], case[4] and "are one" or "are two"), function()
      assert.are.equal(case[4], case[2] == case[3])
    end)
  end

  it("keeps the last entry of equal keys at the position of the first", function()
    local list = batch_engine.unique({
      batch_engine.put(fields.two, { id = "a", at = 1, n = 1 }, "spec"), batch_engine.put(fields.one, { id = "a" }, "spec"),
      batch_engine.delete(fields.two, { id = "a", at = 1.0 }, "spec"), batch_engine.put(fields.two, { id = "a", at = 2 }, "spec"),
    })
    assert.are.equal(3, #list)
    assert.are.same({ id = "a", at = 1.0 }, list[1].given.delete)
    assert.are.equal("one", list[2].given.table)
    assert.are.equal(2, list[3].given.put.at)
  end)

  it("raises for equal keys on request", function()
    local entries = { batch_engine.put(fields.one, { id = "a" }, "spec"), batch_engine.delete(fields.one, { id = "a" }, "spec") }
    local ok, err = pcall(batch_engine.unique, entries, true, "spec")
    assert.is_false(ok)
    assert.is_truthy(err:find([[spec: key { id = "a" } of table 'one' occurs twice]], 1, true))
  end)

  -- ===================== }
end)
