local unpack = table.unpack or unpack -- luacheck: ignore 113 143

local canned = dofile("spec/support/canned.lua")
local curl = require("dynamodb.transport.curl")
local endpoint = require("dynamodb.endpoint")
local exchange = require("dynamodb.exchange")

local REQUEST = "POST / HTTP/1.1\r\nhost: spec\r\ncontent-length: 2\r\n\r\n{}"

local wait = { wait = "request" }

-- Steps that answer a request with this body.
local function answer(body) return wait, { send = canned.response(body) } end

local function pool_to(server, limits)
  limits = limits or {}
  limits.connect_timeout, limits.attempt_timeout = 5, limits.attempt_timeout or 5
  return exchange.pool(curl, endpoint.parse(server.endpoint_url, "spec"), limits)
end

describe("exchange", function()
  local pool
  after_each(function()
    if pool then exchange.close(pool) end
    pool = nil
    canned.stop()
  end)

  local function start(connections, limits)
    local server = canned.start(connections)
    pool = pool_to(server, limits)
    return server
  end

  -- The body that the next exchange brings.
  local function ask()
    local link, kind, why = exchange.run(pool, REQUEST)
    assert.is_table(link, ("%s: %s"):format(kind, why))
    local body = link.response:body()
    exchange.release(pool, link)
    return body
  end

  -- Until something has come on the connection that is kept: bytes, or its end.
  local function wait_for_idle_link()
    assert.equal(1, #pool.idle)
    assert.is_true(pool.idle[1].socket:wait("read", 5))
  end

  it("sends the bytes as they are, and has the complete response", function()
    local server = start({ { answer("hello") } })
    local link = assert(exchange.run(pool, REQUEST))
    assert.equal(200, link.response:status())
    assert.equal("hello", link.response:body())
    assert.equal("application/x-amz-json-1.0", link.response:header("content-type"))
    exchange.release(pool, link)
    assert.same({ REQUEST }, server.requests())
  end)

  it("uses one connection for many requests", function()
    local steps = {}
    for i = 1, 100 do steps[2 * i - 1], steps[2 * i] = answer("answer " .. i) end
    local server = start({ steps })
    for i = 1, 100 do assert.equal("answer " .. i, ask()) end
    assert.equal(1, server.connections())
    assert.equal(100, #server.requests())
    assert.equal(1, #pool.idle)
  end)

  it("opens a second connection for a second exchange at the same time", function()
    local server = start({ { answer("one") }, { answer("two") } })
    local one = assert(exchange.run(pool, REQUEST))
    local two = assert(exchange.run(pool, REQUEST))
    exchange.release(pool, one)
    exchange.release(pool, two)
    assert.equal(2, server.connections())
    assert.equal(2, #pool.idle)
  end)

  it("closes what it kept", function()
    local server = start({ { answer("one") }, { answer("two") } })
    ask()
    exchange.close(pool)
    assert.same({}, pool.idle)
    assert.equal("two", ask())
    assert.equal(2, server.connections())
  end)

  -- What happens to a connection after its first answer; the next exchange needs a new one.
  local stale = {
    ["was closed"] = { close = true },
    ["was reset"] = { reset = true },
    ["has unread bytes"] = { send = "x" },
    ["has an unread response"] = { send = canned.response("poison") },
  }
  for name, step in pairs(stale) do
    it("replaces an idle connection that " .. name, function()
      local server = start({ { wait, { send = canned.response("one") }, { delay = 20 }, step },
        { answer("two") } })
      assert.equal("one", ask())
      wait_for_idle_link()
      assert.equal("two", ask())
      assert.equal(2, server.connections())
      assert.same({ REQUEST, REQUEST }, server.requests())
    end)
  end

  it("replaces an idle connection that dies as it is used again", function()
    local steps = { wait, { send = canned.response("one") }, wait, { close = true } }
    local server = start({ steps, { answer("two") } })
    assert.equal("one", ask())
    assert.equal("two", ask())
    assert.equal(2, server.connections())
  end)

  it("sends nothing a second time when told so and the first may have been seen", function()
    local server = start({ { wait, { send = canned.response("one") }, wait, { close = true } } })
    assert.equal("one", ask())
    local link, kind, _, sent = exchange.run(pool, REQUEST, true)
    assert.is_nil(link)
    assert.equal("network", kind)
    assert.is_true(sent)
    assert.equal(1, server.connections())
    assert.same({}, pool.idle)
  end)

  it("replaces a connection that was closed before, even then", function()
    local server = start({ { wait, { send = canned.response("one") }, { close = true } }, { answer("two") } })
    assert.equal("one", ask())
    wait_for_idle_link()
    local link = assert(exchange.run(pool, REQUEST, true))
    assert.equal("two", link.response:body())
    exchange.release(pool, link)
    assert.equal(2, #server.requests())
  end)

  it("looks through all that it kept", function()
    local function one_answer(body)
      return { wait, { send = canned.response(body) }, { delay = 20 }, { close = true } }
    end
    local server = start({ one_answer("one"), one_answer("two"), { answer("three") } })
    local one, two = assert(exchange.run(pool, REQUEST)), assert(exchange.run(pool, REQUEST))
    for _, link in ipairs({ one, two }) do
      assert.is_true(link.socket:wait("read", 5))
      exchange.release(pool, link)
    end
    assert.equal("three", ask())
    assert.equal(3, server.connections())
    assert.equal(1, #pool.idle)
  end)

  -- Responses after which the connection is not used again, though the server would.
  local JSON = "Content-Type: application/x-amz-json-1.0\r\n"
  local ending = {
    ["connection: close"] = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\none",
    ["Connection: Close among others"] =
      "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 3\r\n\r\none",
    ["HTTP/1.0"] = "HTTP/1.0 200 OK\r\n" .. JSON .. "Content-Length: 3\r\n\r\none",
    ["bytes too many"] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none and more",
  }
  for name, bytes in pairs(ending) do
    it("keeps no connection after " .. name, function()
      local server = start({ { wait, { send = bytes } }, { answer("two") } })
      assert.equal("one", ask())
      assert.same({}, pool.idle)
      assert.equal("two", ask())
      assert.equal(2, server.connections())
    end)
  end

  -- Ways to answer "hello", again and again on one connection.
  local CHUNKS = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
  local ways = {
    ["in one piece"] = { { send = canned.response("hello") } },
    ["byte by byte"] = { { send_slowly = canned.response("hello") } },
    ["in chunks"] = { { send = CHUNKS .. "2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: x\r\n\r\n" } },
    ["in chunks byte by byte"] = { { send_slowly = CHUNKS .. "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n" } },
    ["after 100-continue"] = { { send = "HTTP/1.1 100 Continue\r\n\r\n" .. canned.response("hello") } },
    ["long after 100-continue"] = { { send = "HTTP/1.1 100 Continue\r\n\r\n" }, { delay = 50 },
      { send = canned.response("hello") } },
    ["after hints"] = { { send = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" },
      { send = canned.response("hello") } },
    ["by HTTP/1.0 that stays"] = {
      { send = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello" },
    },
  }
  for name, steps in pairs(ways) do
    it("takes an answer " .. name, function()
      local list = {}
      for _ = 1, 2 do
        list[#list + 1] = wait
        for _, step in ipairs(steps) do list[#list + 1] = step end
      end
      local server = start({ list })
      for _ = 1, 2 do assert.equal("hello", ask()) end
      assert.equal(1, server.connections())
    end)
  end

  it("takes a body of 5 MB", function()
    local body = ("0123456789abcdef"):rep(5 * 2 ^ 16)
    start({ { answer(body) } })
    assert.is_true(body == ask())
  end)

  it("takes a body that ends with the connection only under a checksum", function()
    local head = "HTTP/1.0 200 OK\r\n"
    local server = start({ { wait, { send = head .. "x-amz-crc32: 907060870\r\n\r\nhello" },
      { close = true } },
      { wait, { send = head .. "\r\nhello" }, { close = true } } })
    assert.equal("hello", ask())
    local link, kind, why = exchange.run(pool, REQUEST)
    assert.is_nil(link)
    assert.equal("response", kind)
    assert.matches("truncation could not be noticed", why, 1, true)
    assert.equal(2, server.connections())
  end)

  -- What follows a request on a new connection, the kind of failure, and a part of the reason.
  local HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
  local failures = {
    { "closes without a word", { { close = true } }, "network", "closed before an answer" },
    { "resets without a word", { { reset = true } }, "network", "" },
    { "closes in the status line", { { send = "HTTP/1.1 2" }, { close = true } }, "network", "" },
    { "closes in the head", { { send = "HTTP/1.1 200 OK\r\nContent-" }, { close = true } }, "network", "" },
    { "closes after 100-continue", { { send = "HTTP/1.1 100 Continue\r\n\r\n" }, { close = true } },
      "network", "" },
    { "closes before the body", { { send = HEAD }, { close = true } }, "network", "" },
    { "closes in the body", { { send = HEAD .. "hell" }, { close = true } }, "network", "" },
    { "resets in the body", { { send = HEAD .. "hell" }, { delay = 20 }, { reset = true } }, "network", "" },
    { "closes in a chunk", { { send = CHUNKS .. "5\r\nhe" }, { close = true } }, "network", "" },
    { "closes before the last chunk", { { send = CHUNKS .. "5\r\nhello\r\n" }, { close = true } }, "network",
      "" },
    { "speaks another language", { { send = "220 smtp.example ESMTP\r\n" } }, "response",
      "does not start with HTTP/" },
    { "speaks TLS", { { send = "\21\3\1\0\2\2\70" } }, "response", "does not start with HTTP/" },
    { "speaks HTTP/0.9", { { send = "<html>" }, { close = true } }, "response", "does not start with HTTP/" },
    { "speaks HTTP/2", { { send = "HTTP/2 200\r\n\r\n" } }, "response", "neither HTTP/1.0 nor HTTP/1.1" },
    { "gives two lengths", { { send = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n" } },
      "response", "repeats content-length" },
    { "gives length and chunks",
      { { send = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" } },
      "response", "both content-length and transfer-encoding" },
    { "gives endless headers", { { send = "HTTP/1.1 200 OK\r\nX: " .. ("a"):rep(70000) } }, "response",
      "head exceeds" },
    { "gives 101 headers", { { send = "HTTP/1.1 200 OK\r\n" .. ("X: y\r\n"):rep(101) } }, "response",
      "headers" },
    { "continues for ever", { { send = ("HTTP/1.1 100 Continue\r\n\r\n"):rep(9) } }, "response",
      "informational" },
    { "promises too much", { { send = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" } },
      "response",
      "exceeds" },
    { "ends its body with the connection", { { send = "HTTP/1.1 200 OK\r\n\r\nhello" }, { close = true } },
      "response",
      "truncation could not be noticed" },
  }

  -- One server for all of them: the i-th connection is the i-th case's.
  local outcomes
  local function outcome(i)
    if outcomes then return outcomes[i] end
    local connections = {}
    for k, case in ipairs(failures) do connections[k] = { wait, unpack(case[2]) } end
    local server = canned.start(connections)
    outcomes = {}
    for k in ipairs(failures) do
      local own = pool_to(server)
      local link, kind, why, sent = exchange.run(own, REQUEST)
      outcomes[k] = { link = link, kind = kind, why = why, sent = sent, kept = #own.idle,
        connections = server.connections() }
    end
    return outcomes[i]
  end

  for i, case in ipairs(failures) do
    it(("tells of a peer that %s, as %s"):format(case[1], case[3]), function()
      local found = outcome(i)
      assert.is_nil(found.link)
      assert.equal(case[3], found.kind)
      assert.matches(case[4], found.why, 1, true)
      assert.is_true(found.sent)
      assert.equal(0, found.kept)
      assert.equal(i, found.connections)
    end)
  end

  it("does not repeat a request whose answer has begun on a kept connection", function()
    local server = start({ { wait, { send = canned.response("one") }, wait, { send = "HTTP/1.1 200" },
      { close = true } } })
    assert.equal("one", ask())
    local link, kind, _, sent = exchange.run(pool, REQUEST)
    assert.is_nil(link)
    assert.equal("network", kind)
    assert.is_true(sent)
    assert.equal(1, server.connections())
  end)

  it("knows that nothing was sent when there is no connection", function()
    local server = start({})
    server.stop()
    local link, kind, why, sent = exchange.run(pool, REQUEST)
    assert.is_nil(link)
    assert.equal("network", kind)
    assert.is_string(why)
    assert.is_false(sent)
  end)

  it("knows that something may have been sent when a kept connection died and there is no other", function()
    local server = start({ { wait, { send = canned.response("one") }, wait, { close = true } } })
    assert.equal("one", ask())
    local transport = setmetatable({ connect = function() return nil, "network", "no way" end },
      { __index = curl })
    pool.transport = transport
    local link, kind, why, sent = exchange.run(pool, REQUEST)
    assert.is_nil(link)
    assert.same({ "network", "no way", true }, { kind, why, sent })
    assert.equal(2, #server.requests())
  end)

  -- What comes before the silence, or in place of it.
  local stalls = {
    ["before the head"] = {},
    ["in the head"] = { { send = "HTTP/1.1 200 OK\r\nContent-" } },
    ["before the body"] = { { send = HEAD } },
    ["in the body"] = { { send = HEAD .. "hell" } },
    ["in a chunk"] = { { send = CHUNKS .. "5\r\nhe" } },
    ["before the last chunk"] = { { send = CHUNKS .. "5\r\nhello\r\n" } },
    ["after 100-continue"] = { { send = "HTTP/1.1 100 Continue\r\n\r\n" } },
    ["with a byte now and then"] = { { send_slowly = canned.response("hello"), every = 100 } },
    ["with headers now and then"] = { { send = "HTTP/1.1 200 OK\r\n" }, { send_slowly = ("X:y\r\n"):rep(90),
      every = 20 } },
    ["with chunks now and then"] = { { send = CHUNKS }, { send_slowly = ("1\r\nx\r\n"):rep(50),
      every = 50 } },
  }
  for name, steps in pairs(stalls) do
    it("does not wait longer than attempt_timeout " .. name, function()
      local server = start({ { wait, unpack(steps) } }, { attempt_timeout = 0.4 })
      local before = curl.now()
      local link, kind, why, sent = exchange.run(pool, REQUEST)
      local seconds = curl.now() - before
      assert.is_nil(link)
      assert.same({ "timeout", "no answer in time", true }, { kind, why, sent })
      assert.is_true(seconds >= 0.39 and seconds < 4, seconds .. " seconds")
      assert.same({}, pool.idle)
      assert.equal(1, server.connections())
    end)
  end

  it("does not repeat a request that timed out on a kept connection", function()
    local server = start({ { answer("one") }, { answer("two") } }, { attempt_timeout = 0.4 })
    assert.equal("one", ask())
    local link, kind, _, sent = exchange.run(pool, REQUEST)
    assert.is_nil(link)
    assert.equal("timeout", kind)
    assert.is_true(sent)
    assert.equal(1, server.connections())
  end)
end)
