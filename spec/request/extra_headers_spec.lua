-- Headers that the caller adds: which attempts have them, that they are signed, and mistakes of on_request.

local dynamodb = require("dynamodb")
local fixture = dofile("spec/support/table_fixture.lua")
local helper = dofile("spec/support/helper.lua")

local raises = fixture.raises_in("extra_headers_spec.lua")

-- Returns the lines of a request that the caller added, and the names that are signed.
local function added(bytes)
  local head, found = bytes:match("^(.-\r\n)\r\n"), {}
  for name, value in head:gmatch("\r\n(x%-own[%w-]*): ([^\r]*)") do
    assert(not found[name], name .. " twice")
    found[name] = value
  end
  local signed = bytes:match("SignedHeaders=([^,]*)")
  for name in pairs(found) do assert.is_truthy((";" .. signed .. ";"):find(";" .. name .. ";", 1, true), name) end
  return found, signed
end

describe("headers of the caller", function()
  local function start(given, response)
    local fake = helper.fake(response or helper.response(200, "{}"))
    local conn = helper.offline(fake, given)
    return conn, fake, conn:table("t", { hash_key = "id" })
  end

  it("of connect are in every request, and signed", function()
    local given = { ["X-Own-App"] = "shop" }
    local conn, fake, tbl = start({ headers = given })
    given["X-Own-App"] = "changed after connect"
    tbl:get_item("a")
    conn:call("ListTables", {})
    for i = 1, 2 do assert.same({ ["x-own-app"] = "shop" }, (added(fake.requests[i]))) end
  end)

  it("of a call are added to them or replace them, in this call only", function()
    local _, fake, tbl = start({ headers = { ["X-Own-App"] = "shop", ["x-own-b"] = "b" } })
    tbl:get_item("a", { headers = { ["x-OWN-app"] = "other", ["X-Own-C"] = "c" } })
    tbl:get_item("a")
    assert.same({ ["x-own-app"] = "other", ["x-own-b"] = "b", ["x-own-c"] = "c" }, (added(fake.requests[1])))
    assert.same({ ["x-own-app"] = "shop", ["x-own-b"] = "b" }, (added(fake.requests[2])))
  end)

  it("are in all requests of a method that sends many", function()
    local pages = 0
    local conn, fake, tbl = start(nil, function(bytes)
      if bytes:find("BatchWriteItem", 1, true) then return helper.response(200, '{"UnprocessedItems":{}}') end
      if bytes:find("ListTables", 1, true) then return helper.response(200, '{"TableNames":[]}') end
      pages = pages + 1
      local key = pages < 3 and (',"LastEvaluatedKey":{"id":{"S":"%d"}}'):format(pages) or ""
      return helper.response(200, '{"Items":[],"Count":0' .. key .. "}")
    end)
    local more = { headers = { ["x-own"] = "1" } }
    assert(tbl:scan(more):all())
    assert.equal(3, #fake.requests)
    local puts = {}
    for i = 1, 30 do puts[i] = { id = "i" .. i } end
    assert(tbl:batch_write({ put = puts }, more))
    assert.equal(5, #fake.requests)
    assert.is_truthy(conn:each("ListTables", nil, more):all())
    for _, bytes in ipairs(fake.requests) do assert.same({ ["x-own"] = "1" }, (added(bytes))) end
  end)

  it("are given to on_request, which may change them, for each attempt", function()
    local seen, count = {}, 0
    local _, fake, tbl = start({ headers = { ["X-Own-App"] = "shop" }, on_request = function(request)
      seen[#seen + 1] = { request.operation, request.table, request.attempt, request.headers["x-own-app"] }
      request.headers["X-Own-Attempt"] = tostring(request.attempt)
      if request.attempt == 2 then request.headers = { ["x-own-new"] = "n" } end
      if request.attempt == 3 then request.headers["x-own-app"] = nil end
    end }, function()
      count = count + 1
      if count < 3 then return helper.response(500, "{}") end
      return helper.response(200, "{}")
    end)
    assert(not select(2, tbl:get_item("a")))
    assert.same({ { "GetItem", "t", 1, "shop" }, { "GetItem", "t", 2, "shop" }, { "GetItem", "t", 3, "shop" } }, seen)
    assert.same({ ["x-own-app"] = "shop", ["x-own-attempt"] = "1" }, (added(fake.requests[1])))
    assert.same({ ["x-own-new"] = "n" }, (added(fake.requests[2])))
    assert.same({ ["x-own-attempt"] = "3" }, (added(fake.requests[3])))
  end)

  it("name the operation that a transaction stands for, and no table where there are several", function()
    local seen = {}
    local function on_request(request) seen[#seen + 1] = { request.operation, request.table } end
    local conn, _, tbl = start({ on_request = on_request })
    tbl:update_item("a", { update = { n = dynamodb.increment(1) }, retry_writes = "exact" })
    conn:call("BatchGetItem", { RequestItems = { a = { Keys = {} }, b = { Keys = {} } } }, { max_attempts = 1 })
    assert.same({ { "UpdateItem", "t" }, { "BatchGetItem" } }, seen)
  end)

  it("that on_request leaves alone change nothing but what is sent by the client", function()
    local _, fake, tbl = start({ on_request = function() end })
    local _, plain, other = start()
    tbl:get_item("a")
    other:get_item("a")
    local _, signed = added(fake.requests[1])
    local _, expected = added(plain.requests[1])
    assert.equal(expected, signed)
    local function shape(bytes) return (bytes:gsub("invocation%-id: %S+", ""):gsub("Signature=%x+", "")) end
    assert.equal(shape(plain.requests[1]), shape(fake.requests[1]))
  end)

  it("that are refused raise at the caller's line, and nothing is sent", function()
    local conn, fake, tbl = start()
    raises("get_item: option 'headers': headers that the client does not set itself expected, got 'host'", tbl.get_item, tbl, "a",
      { headers = { Host = "a" } })
    raises("query: option 'headers': texts of visible ASCII", tbl.query, tbl, { hash_key = "a", headers = { x = "a\r\nb: c" } })
    raises("call: option 'headers': table of texts by header name expected, got 'x'", conn.call, conn, "ListTables", {},
      { headers = "x" })
    raises("connect: option 'headers': headers that the client does not set itself expected, got 'x-amz-date'",
      dynamodb.connect, { headers = { ["X-Amz-Date"] = "a" } })
    raises("connect: option 'on_request': function expected, got table", dynamodb.connect, { on_request = {} })
    assert.equal(0, #fake.requests)
  end)

  it("are refused together if they are too many", function()
    local mine, yours = {}, {}
    for i = 1, 10 do mine["x-own-a" .. i], yours["x-own-b" .. i] = "1", "1" end
    local _, fake, tbl = start({ headers = mine })
    raises("GetItem: option 'headers': at most 16 headers expected, got 20", tbl.get_item, tbl, "a", { headers = yours })
    assert.equal(0, #fake.requests)
  end)

  it("of on_request are checked, and what it raises reaches the caller", function()
    local change
    local conn, fake, tbl = start({ on_request = function(request) change(request) end })
    local cases = {
      ["headers that the client does not set itself expected, got 'authorization'"] = function(request)
        request.headers.Authorization = "a"
      end,
      ["texts of visible ASCII, blanks and tabs expected"] = function(request) request.headers.x = "a\nb" end,
      ["table of texts by header name expected, got nil"] = function(request) request.headers = nil end,
      ["each header once expected, got 'x' twice"] = function(request) request.headers.x, request.headers.X = "1", "2" end,
    }
    for message, f in pairs(cases) do
      change = f
      raises("connect: option 'on_request': request.headers: " .. message, tbl.get_item, tbl, "a")
    end
    change = function() error("mine", 0) end
    local ok, why = pcall(tbl.get_item, tbl, "a")
    assert.is_false(ok)
    assert.equal("mine", why)
    assert.equal(0, #fake.requests)
    change = function() end
    assert.is_nil(select(2, tbl:get_item("a")))
    change = function() conn:close() end
    local _, err = tbl:get_item("a")
    assert.equal("ConnectionClosed", err.code)
    assert.equal(1, #fake.requests)
  end)
end)

describe("headers of the caller, with a server that verifies signatures", function()
  local conn, sent, tbl = fixture.open(helper.HASH_RANGE)
  teardown(function() fixture.close(conn, tbl) end)

  -- Makes calls of several kinds with options.
  local function many_kinds(own, given)
    assert(own:put_item({ id = "h", at = 1, n = 5 }, given))
    assert(own:get_item("h", 1, given))
    assert(own:update_item("h", 1, { update = { n = 6 }, retry_writes = "exact", headers = given.headers }))
    assert(own:query({ hash_key = "h", headers = given.headers }):all())
    assert(own:scan({ segments = 2, headers = given.headers }):all())
    assert(own:get_items({ { "h", 1 }, { "h", 2 } }, given))
    assert(own:refresh(given))
  end

  it("are accepted", function()
    local before = sent.requests
    many_kinds(tbl, { headers = { ["X-Own"] = " two  blanks ", ["a-own"] = "1", ["zz"] = "" } })
    assert.is_true(sent.requests > before)
  end)

  it("are accepted in tasks, where on_request waits", function()
    local count, requests = 0, 0
    local own = helper.connect({ headers = { ["x-own-app"] = "shop" }, on_request = function(request)
      dynamodb.loop.sleep(0.001)
      requests = requests + 1
      request.headers["x-own-number"] = tostring(requests)
    end })
    local target = own:table(tbl.name, tbl.schema)
    dynamodb.loop.run(function()
      for _ = 1, 8 do
        dynamodb.loop.spawn(function()
          many_kinds(target, { headers = { ["x-own-task"] = "1" } })
          count = count + 1
        end)
      end
    end)
    own:close()
    assert.equal(8, count)
    assert.is_true(requests >= 8 * 7)
  end)
end)
