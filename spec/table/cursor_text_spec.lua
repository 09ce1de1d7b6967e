-- Cursors as text: every page once, whatever the request; what they are bound to; and every text that is refused.
local cjson = require("cjson")
local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local fixture = dofile("spec/support/table_fixture.lua")
local helper = dofile("spec/support/helper.lua")
local child_process = dofile("spec/support/child_process.lua")
local paging = dofile("spec/support/paging_service.lua")
local random_source = dofile("spec/support/random_source.lua")

local SECRET, OTHER = ("s"):rep(32), ("o"):rep(16)
local raises = fixture.raises_in("cursor_text_spec.lua")

local unpack = table.unpack or unpack -- luacheck: ignore 113 143
local plain_assert = (loadstring or load)("return assert")() -- luacheck: ignore 113 (busted replaces the global)

local function merge(...)
  local all = {}
  for _, each in ipairs({ ... }) do
    for name, value in pairs(each) do all[name] = value end
  end
  return all
end

-- Returns positions 1..n.
local function numbers(n)
  local list = {}
  for i = 1, n do list[i] = i end
  return list
end

-- Reads pages of 'size' items by cursors until there is none -> positions, cursors.
local function read_by_cursors(tbl, method, request, size, sealing)
  local found, cursors, text = {}, {}, nil
  repeat
    local results = assert(tbl[method](tbl, merge(request, { cursor = text, cursor_key = SECRET, max_results = size })))
    for item in results do found[#found + 1] = item.at end
    text = results:cursor(SECRET, sealing)
    cursors[#cursors + 1] = text
    assert(#cursors < 100)
  until not text
  return found, cursors
end

describe("a cursor", function()
  local service, tbl
  before_each(function() service, tbl = paging.start() end)

  local requests = {
    ["a query"] = { "query", { hash_key = "h" } },
    ["a query of plain tables"] = { "query", { hash_key = "h", items = false } },
    ["a query with prefetch"] = { "query", { hash_key = "h", prefetch = 2 } },
    ["a query with a filter"] = { "query", { hash_key = "h", filter = { text = dynamodb.exists() } } },
    ["a scan"] = { "scan", {} },
    ["a scan by segments"] = { "scan", { segments = 3 } },
    ["a scan by segments in turn"] = { "scan", { segments = 3, concurrency = 1 } },
    ["a part of a scan"] = { "scan", { segment = 0, total_segments = 1 } },
  }
  for name, request in pairs(requests) do
    for kind, sealing in pairs({ plain = {}, encrypted = { encrypt = true, ttl = 60 } }) do
      it(("(%s) goes on where %s ended, whatever the size of its pages"):format(kind, name), function()
        for size = 1, 11 do
          local found, cursors = read_by_cursors(tbl, request[1], request[2], size, sealing)
          table.sort(found)
          assert.same(numbers(10), found)
          for _, text in ipairs(cursors) do assert.is_truthy(text:find("^[%w_-]+$")) end
        end
      end)
    end
  end

  it("is made after any item, and also when the results are closed", function()
    for count = 0, 9 do
      local results = tbl:query({ hash_key = "h" })
      for _ = 1, count do results:next() end
      local text = results:cursor(SECRET)
      results:close()
      local closed = results:cursor(SECRET)
      for _, each in ipairs({ text, closed }) do
        local rest = tbl:query({ hash_key = "h", cursor = each, cursor_key = SECRET })
        assert.equal(count + 1, rest:next().at)
      end
    end
  end)

  it("is nil once every item was returned", function()
    local results = tbl:query({ hash_key = "h" })
    results:all()
    assert.is_nil(results:cursor(SECRET))
    results:close()
    assert.is_nil(results:cursor(SECRET))
    local scan = tbl:scan({ segments = 2 })
    assert.is_truthy(scan:cursor(SECRET))
    scan:all()
    assert.is_nil(scan:cursor(SECRET))
  end)

  it("goes on at the start of results that are closed before their first item was returned", function()
    local results = tbl:query({ hash_key = "h", prefetch = 1 })
    assert(results:next_response())
    results:close()
    local rest = tbl:query({ hash_key = "h", cursor = results:cursor(SECRET), cursor_key = SECRET })
    assert.equal(1, rest:next().at)
  end)

  it("goes on behind what all() had read when it failed", function()
    service.fails = function(number) return number == 2 and 2 or nil end
    local results = tbl:query({ hash_key = "h" })
    assert.is_nil((results:all()))
    local rest = tbl:query({ hash_key = "h", cursor = results:cursor(SECRET), cursor_key = SECRET })
    assert.equal(10, #assert(rest:all())) -- these are returned again
  end)

  it("is short", function()
    local results = tbl:query({ hash_key = "h" })
    results:next()
    assert.equal(math.ceil((6 + #'{"L":[{"S":"h"},{"N":"1"}]}' + 16) / 3 * 4), #results:cursor(SECRET))
  end)

  it("hides the key only when it is encrypted", function()
    local results = tbl:query({ hash_key = "h" })
    results:next()
    local function decoded(text) return require("probe").crypto.base64url_decode(text) end
    assert.is_truthy(decoded(results:cursor(SECRET)):find('{"S":"h"}', 1, true))
    assert.is_nil(decoded(results:cursor(SECRET, { encrypt = true })):find("S", 1, true)
      and decoded(results:cursor(SECRET, { encrypt = true })):find('"S"', 1, true))
  end)

  it("may be missing: the first page", function()
    assert.equal(1, tbl:query({ hash_key = "h", cursor = nil, cursor_key = SECRET }):next().at)
    assert.equal(1, tbl:query({ hash_key = "h", cursor = tbl:query({ hash_key = "h" }):cursor(SECRET),
      cursor_key = SECRET }):next().at)
    local rest = tbl:query({ hash_key = "h", exclusive_start_key = { id = "h", at = 4 }, cursor_key = SECRET })
    assert.equal(5, rest:next().at)
  end)

  it("works for counts, in tasks, and with every item of tasks that share results", function()
    local results = tbl:query({ hash_key = "h", max_results = 4 })
    results:all()
    local text = results:cursor(SECRET)
    assert.equal(6, (tbl:count({ hash_key = "h", cursor = text, cursor_key = SECRET })))
    local simulated, own = paging.start({ latency = function() return 0.01 end })
    local found = {}
    simulated.transport.run(function() found = read_by_cursors(own, "scan", { segments = 4, concurrency = 4 }, 3) end)
    table.sort(found)
    assert.same(numbers(10), found)
  end)

  it("keeps members of the service's key that the table object does not know", function()
    local start = { id = "h", at = 5, more = "m" }
    local fake = helper.fake(function(bytes)
      if bytes:find("ExclusiveStartKey", 1, true) then return helper.response(200, '{"Items":[],"Count":0}') end
      return helper.response(200, '{"Items":[{"id":{"S":"h"},"at":{"N":"5"}}],"Count":1,"LastEvaluatedKey":'
        .. core.encode(start, "item") .. "}")
    end)
    local own = helper.offline(fake):table("t", { hash_key = "id", range_key = "at" })
    local results = own:query({ hash_key = "h", max_results = 1 })
    results:next()
    own:query({ hash_key = "h", cursor = results:cursor(SECRET), cursor_key = SECRET }):all()
    local sent = cjson.decode(fake.requests[2]:match("\r\n\r\n(.*)$")).ExclusiveStartKey
    assert.is_true(core.equal(start, core.decode(cjson.encode(sent), "item")))
  end)

  it("has keys of every type exactly", function()
    local keys = { "\0\1\"'", "ü", ("x"):rep(2048), dynamodb.binary("\0\255"), 0, -1.5, 2 ^ 53,
      dynamodb.number("1e125"), dynamodb.number("12345678901234567890123456789012345678") }
    for _, key in ipairs(keys) do
      local wire = core.encode({ id = "h", at = key }, "item")
      local fake = helper.fake(function(bytes)
        if bytes:find("ExclusiveStartKey", 1, true) then return helper.response(200, '{"Items":[],"Count":0}') end
        return helper.response(200, '{"Items":[' .. wire .. '],"Count":1,"LastEvaluatedKey":' .. wire .. "}")
      end)
      local own = helper.offline(fake):table("t", { hash_key = "id", range_key = "at" })
      local results = own:query({ hash_key = "h", max_results = 1 })
      results:next()
      own:query({ hash_key = "h", cursor = results:cursor(SECRET, { encrypt = true }), cursor_key = SECRET }):all()
      local request = core.decode(fake.requests[2]:match("\r\n\r\n(.*)$"), { ExclusiveStartKey = "item" })
      assert.is_true(core.equal({ id = "h", at = key }, request.ExclusiveStartKey))
    end
  end)

  it("of many segments with long keys is an error when it is too long", function()
    local own = helper.offline(helper.fake()):table("t", { hash_key = "id" })
    local key, state = core.encode({ id = ("\1"):rep(2000) }, "item"), {}
    for segment = 1, 16 do state[segment] = { done = false, key = key } end
    assert.is_truthy(own:scan({ segments = 8, state = { segments = { unpack(state, 1, 8) } } }):cursor(SECRET))
    local results = own:scan({ segments = 16, state = { segments = state } })
    local text, err = results:cursor(SECRET)
    assert.is_nil(text)
    assert.equal("CursorTooLong", err.code)
    assert.is_truthy(err.where:find("cursor_text_spec.lua:%d+$"))
  end)
end)

describe("a cursor is bound to", function()
  local calls = 0
  local fake = helper.fake(function()
    calls = calls + 1
    return helper.response(200, '{"Items":[{"id":{"S":"h"},"at":{"N":"1"},"x":{"N":"2"}}],"Count":1,'
      .. '"LastEvaluatedKey":{"id":{"S":"h"},"at":{"N":"1"},"x":{"N":"2"}}}')
  end)
  local conn = helper.offline(fake)
  local function make(name, key)
    local tbl = conn:table(name, key or { hash_key = "id", range_key = "at", range_key_type = "N" })
    core.table_parts(tbl).indexes = { one = { hash = { "id" }, range = { "x" } }, two = { hash = { "id" }, range = { "x" } } }
    return tbl
  end
  local tbl = make("t")
  local base = { hash_key = "h", range_key = dynamodb.gt(0), index = nil, filter = { a = 1, b = { x = 1, y = 2 } } }

  local function text_of(request, own)
    local results = (own or tbl):query(merge(request, { max_results = 1 }))
    results:next()
    return results:cursor(SECRET)
  end

  local function opens(text, request, method, own)
    own = own or tbl
    local before = calls
    local results, err = own[method or "query"](own, merge(request, { cursor = text, cursor_key = SECRET }))
    assert.equal(before, calls)
    if results then return true end
    assert.equal("InvalidCursor", err.code)
    return false
  end

  local others = {
    ["the hash key"] = { hash_key = "H" },
    ["the range key's condition"] = { range_key = dynamodb.ge(0) },
    ["the range key's value"] = { range_key = dynamodb.gt(1) },
    ["the type of a value"] = { filter = { a = "1", b = { x = 1, y = 2 } } },
    ["the index"] = { index = "one", range_key = dynamodb.gt(0) },
    ["the direction"] = { scan_index_forward = false },
    ["the filter's values"] = { filter = { a = 2, b = { x = 1, y = 2 } } },
    ["the filter's nested values"] = { filter = { a = 1, b = { x = 1, y = 3 } } },
    ["the filter's names"] = { filter = { c = 1, b = { x = 1, y = 2 } } },
    ["the filter's form"] = { filter = { "a = ? OR b = ?", 1, { x = 1, y = 2 } } },
  }
  for what, change in pairs(others) do
    it(what, function()
      local text = text_of(base)
      assert.is_true(opens(text, base))
      assert.is_false(opens(text, merge(base, change)))
      local changed = text_of(merge(base, change))
      assert.is_true(opens(changed, merge(base, change)))
      assert.is_false(opens(changed, base))
    end)
  end

  it("the table, its key, the index and the operation", function()
    local text = text_of({ hash_key = "h" })
    assert.is_true(opens(text, { hash_key = "h" }, "query", make("t")))
    assert.is_false(opens(text, { hash_key = "h" }, "query", make("u")))
    local other = make("t", { hash_key = "id", range_key = "x", range_key_type = "N" })
    assert.is_false(opens(text, { hash_key = "h" }, "query", other))
    assert.is_false(opens(text, {}, "scan"))
    local one = text_of({ hash_key = "h", index = "one" })
    assert.is_false(opens(one, { hash_key = "h", index = "two" }))
    assert.is_true(opens(one, { hash_key = "h", index = "one" }))
  end)

  it("the segments of a scan", function()
    local scans = { {}, { segments = 2 }, { segments = 3 }, { segment = 0, total_segments = 2 },
      { segment = 1, total_segments = 2 }, { segment = 0, total_segments = 3 } }
    for i, scan in ipairs(scans) do
      local text = tbl:scan(scan):cursor(SECRET)
      for j, other in ipairs(scans) do assert.equal(i == j, opens(text, other, "scan"), i .. " " .. j) end
    end
  end)

  it("but not to what may change from page to page", function()
    local text = text_of(base)
    for _, change in ipairs({ { projection = { "b", "z" } }, { consistent_read = true }, { max_results = 7 },
      { request_limit = 3 }, { max_requests = 2 }, { items = false }, { prefetch = 2 }, { count = true },
      { return_consumed_capacity = "INDEXES" }, { deadline = 5 }, { scan_index_forward = true } }) do
      assert.is_true(opens(text, merge(base, change)))
    end
    assert.is_true(opens(text_of(merge(base, { projection = { "z", "a", "b" } })), base))
    local scan = tbl:scan({ segments = 4 }):cursor(SECRET)
    assert.is_true(opens(scan, { segments = 4, concurrency = 1 }, "scan"))
  end)

  it("nothing that differs between processes", function()
    local first = child_process.start("cursor_process.lua")()
    for _ = 1, 4 do
      local again = child_process.start("cursor_process.lua", first)()
      assert.is_truthy(again:find("^[%w_-]+$"), again)
    end
  end)
end)

describe("a cursor that is refused", function()
  local service, tbl = paging.start()

  -- Asserts that the text is refused by query, scan and count, as an error that names no secret, and that nothing is sent.
  local function refused(text, secret, request)
    local sent = #service.requests
    for _, method in ipairs({ "query", "scan", "count" }) do
      local given = merge(request or (method == "scan" and {} or { hash_key = "h" }),
        { cursor = text, cursor_key = secret or SECRET })
      if method ~= "scan" or not given.hash_key then
        local found, err = tbl[method](tbl, given)
        assert.is_nil(found)
        assert.is_true(dynamodb.is_error(err))
        assert.equal("InvalidCursor", err.code)
        assert.equal("service", err.kind)
        assert.equal("t", err.table)
        assert.equal(method == "scan" and "Scan" or "Query", err.operation)
        assert.equal(0, err.attempts)
        assert.is_false(err.retryable)
        assert.is_truthy(err.where:find("cursor_text_spec.lua:%d+$"))
        assert.is_nil(tostring(err):find(SECRET, 1, true))
      end
    end
    assert.equal(sent, #service.requests)
  end

  local function cursor_of(request, secret, given)
    local results = tbl:query(request or { hash_key = "h" })
    results:next()
    return results:cursor(secret or SECRET, given)
  end

  it("is none", function()
    for _, text in ipairs({ "", " ", "x", "AAAA", ("A"):rep(200), ("A"):rep(131072), ("A"):rep(131073), ("A"):rep(1000000),
      "null", "a=b&c=d", "\0", ("\255"):rep(50), "../../etc/passwd", "%00", "é" }) do
      refused(text)
    end
  end)

  it("is no text", function()
    for _, value in ipairs({ 0, 1.5, true, {}, { "a", "b" }, dynamodb.null, dynamodb.binary("x"), print }) do refused(value) end
    refused(false)
  end)

  for kind, encrypt in pairs({ plain = false, encrypted = true }) do
    it("was changed, cut or extended (" .. kind .. ")", function()
      local text = cursor_of(nil, nil, { encrypt = encrypt })
      for at = 1, #text do
        local other = text:sub(at, at) == "B" and "C" or "B"
        refused(text:sub(1, at - 1) .. other .. text:sub(at + 1))
        refused(text:sub(1, at - 1))
        refused(text:sub(at + 1))
      end
      for _, more in ipairs({ "A", "=", "==", "\n", " ", "\0", text }) do
        refused(text .. more)
        refused(more .. text)
      end
      refused(text:upper())
    end)

    it("is random (" .. kind .. ")", function()
      local random = random_source.new(7)
      local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
      for _ = 1, 200 do
        local parts = { encrypt and "Ag" or "AQ" }
        for i = 2, random:integer(2, 120) do
          local at = random:integer(1, 64)
          parts[i] = alphabet:sub(at, at)
        end
        refused(table.concat(parts))
      end
    end)

    it("was made with another secret (" .. kind .. ")", function()
      local text = cursor_of(nil, nil, { encrypt = encrypt })
      refused(text, OTHER)
      refused(text, { OTHER, ("z"):rep(64) })
      assert.is_truthy(tbl:query({ hash_key = "h", cursor = text, cursor_key = { OTHER, SECRET } }))
      assert.is_truthy(tbl:query({ hash_key = "h", cursor = text, cursor_key = { SECRET, OTHER } }))
      refused(text, OTHER, { hash_key = "h" })
    end)

    it("has expired (" .. kind .. ")", function()
      local day, short = cursor_of(nil, nil, { encrypt = encrypt }), cursor_of(nil, nil, { encrypt = encrypt, ttl = 0.5 })
      local transport = service.transport
      local time, now = transport.time, transport.time()
      local function opens(text) return (tbl:query({ hash_key = "h", cursor = text, cursor_key = SECRET })) ~= nil end
      assert.is_true(opens(short))
      transport.time = function() return now + 2 end
      refused(short)
      assert.is_true(opens(day))
      transport.time = function() return now + 86399 end
      assert.is_true(opens(day))
      transport.time = function() return now + 86401 end
      refused(day)
      local _, err = tbl:query({ hash_key = "h", cursor = day, cursor_key = { SECRET, OTHER } })
      assert.is_truthy(err.message:find("expired", 1, true))
      transport.time = time
    end)
  end

  it("has no body of this version, although it is authentic", function()
    local context = nil
    local seal = core.seal_token
    core.seal_token = function(secret, bound, ...) -- luacheck: ignore 122
      context = bound
      return seal(secret, bound, ...)
    end
    cursor_of()
    local scan = tbl:scan({ segments = 2 }):cursor(SECRET) and context
    cursor_of()
    core.seal_token = seal -- luacheck: ignore 122
    for _, body in ipairs({ "x", "{}", "[]", '{"S":"a"}', '{"N":"1"}', '{"BOOL":true}', '{"NULL":true}', '{"L":[]}',
      '{"L":[{"S":"h"}]}', '{"L":[{"S":"h"},{"N":"1"},{"N":"2"}]}', '{"L":[{"S":"h"},{"N":"1"}]', '{"SS":["h"]}' }) do
      local text = core.seal_token(SECRET, context, body, 2e9, false)
      local found, err = tbl:query({ hash_key = "h", cursor = text, cursor_key = SECRET })
      assert.is_nil(found, body)
      assert.equal("InvalidCursor", err.code)
      text = core.seal_token(SECRET, scan, body, 2e9, false)
      found, err = tbl:scan({ segments = 2, cursor = text, cursor_key = SECRET })
      assert.is_nil(found, body)
      assert.equal("InvalidCursor", err.code)
    end
    for _, body in ipairs({ '{"L":[{"BOOL":true},{"NULL":true}]}', '{"L":[{"BOOL":false},{"S":"h"}]}',
      '{"L":[{"BOOL":false},{"L":[{"S":"h"}]}]}' }) do
      local found, err = tbl:scan({ segments = 2, cursor = core.seal_token(SECRET, scan, body, 2e9, false), cursor_key = SECRET })
      assert.is_nil(found, body)
      assert.equal("InvalidCursor", err.code)
    end
  end)

  it("raises the error object in a loop, by assert", function()
    local ok, err = pcall(function()
      for _ in plain_assert(tbl:query({ hash_key = "h", cursor = "x", cursor_key = SECRET })) do error("an item") end
    end)
    assert.is_false(ok)
    assert.equal("InvalidCursor", err.code)
  end)
end)

describe("mistakes with cursors", function()
  local _, tbl = paging.start()
  local results = tbl:query({ hash_key = "h" })

  it("raise for secrets that are none, which the message does not show", function()
    local secrets = { "short", ("x"):rep(15), "", 5, true, {}, { SECRET, "short" }, { SECRET, 5 }, { "short" }, { x = SECRET } }
    for _, secret in ipairs(secrets) do
      raises("cursor: secret: text of at least 16 random bytes", results.cursor, results, secret)
      raises("query: option 'cursor_key': text of at least 16 random bytes", tbl.query, tbl,
        { hash_key = "h", cursor_key = secret })
      raises("scan: option 'cursor_key': text of at least 16 random bytes", tbl.scan, tbl, { cursor = "x", cursor_key = secret })
      local _, why = pcall(tbl.query, tbl, { hash_key = "h", cursor_key = secret })
      assert.is_nil(why:find("short", 1, true) or why:find("xxx", 1, true))
    end
    raises("cursor: secret: text of at least 16 random bytes", results.cursor, results)
  end)

  it("raise for options and their combinations", function()
    raises("query: option 'cursor' goes with 'cursor_key'", tbl.query, tbl, { hash_key = "h", cursor = "x" })
    raises("scan: option 'cursor' goes with 'cursor_key'", tbl.scan, tbl, { cursor = "x" })
    raises("query: option 'cursor' excludes 'exclusive_start_key'", tbl.query, tbl,
      { hash_key = "h", cursor = "x", cursor_key = SECRET, exclusive_start_key = { id = "h", at = 1 } })
    raises("scan: option 'cursor' excludes 'state'", tbl.scan, tbl,
      { segments = 2, cursor = "x", cursor_key = SECRET, state = tbl:scan({ segments = 2 }):state() })
    local part = { segments = 2, cursor = tbl:scan({ segments = 2 }):cursor(SECRET), cursor_key = SECRET, segment = 1 }
    raises("scan: 'segment' with 'segments' excludes 'state', 'cursor' and 'concurrency' above 1", tbl.scan, tbl, part)
    raises("cursor: unknown option 'tll': did you mean 'ttl'?", results.cursor, results, SECRET, { tll = 5 })
    raises("cursor: option 'ttl': positive number of seconds expected", results.cursor, results, SECRET, { ttl = 0 })
    raises("cursor: option 'encrypt': boolean expected", results.cursor, results, SECRET, { encrypt = "yes" })
    raises("cursor takes (secret, options): 3 arguments given", results.cursor, results, SECRET, {}, 1)
  end)

  it("raise for results of other operations", function()
    local conn = helper.offline(helper.fake(helper.response(200, '{"TableNames":["a"]}')))
    local names = conn:each("ListTables")
    raises("cursor: only queries and scans have cursors", names.cursor, names, SECRET)
  end)
end)

describe("cursors on the server", function()
  local conn, _, tbl = fixture.open(helper.HASH_RANGE)
  setup(function()
    for i = 1, 12 do assert(tbl:put_item({ id = "h", at = i, kind = i % 2 })) end
  end)
  teardown(function() fixture.close(conn, tbl) end)

  it("page through queries, backwards and with a filter, and through scans", function()
    assert.same(numbers(12), (read_by_cursors(tbl, "query", { hash_key = "h" }, 5, { encrypt = true })))
    local backwards = read_by_cursors(tbl, "query", { hash_key = "h", scan_index_forward = false, filter = { kind = 0 } }, 2)
    assert.same({ 12, 10, 8, 6, 4, 2 }, backwards)
    for _, request in ipairs({ {}, { segments = 4 }, { segments = 4, concurrency = 1 } }) do
      local found = read_by_cursors(tbl, "scan", request, 5)
      table.sort(found)
      assert.same(numbers(12), found)
    end
  end)

  it("page through queries in tasks", function()
    local found
    dynamodb.loop.run(function() found = read_by_cursors(tbl, "query", { hash_key = "h", prefetch = 2 }, 3) end)
    assert.same(numbers(12), found)
  end)
end)
