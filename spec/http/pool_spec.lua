-- The connection pool over real sockets: reuse, idle connections, limits and the queue of waiting callers.
local unpack = table.unpack or unpack -- luacheck: ignore 113 143

local canned = dofile("spec/support/scripted_server.lua")
local curl = require("dynamodb.transport.curl")
local endpoint = require("dynamodb.http.endpoint")
local helper = dofile("spec/support/helper.lua")
local in_turns = dofile("spec/support/in_turns.lua")
local pool = require("dynamodb.http.pool")
local round_trip = require("dynamodb.http.round_trip")

local REQUEST = "POST / HTTP/1.1\r\nhost: spec\r\ncontent-length: 2\r\n\r\n{}"

-- Sends a request -> connection | nil, and the fields of the failure. 'is_once': it may not be sent twice.
local function send(own, request, is_once, deadline, timeout)
  local connection, failure = round_trip.send(own, request, is_once and function() return false end, nil, deadline,
    timeout)
  if connection then return connection end
  return nil, failure.kind, failure.message, failure.sent, failure.permanent or nil
end

local wait = { wait = "request" }

-- Steps that respond to a request with this body.
local function answer(body) return wait, { send = canned.response(body) } end

local function pool_to(server, limits)
  limits = limits or {}
  limits.connect_timeout, limits.attempt_timeout = 5, limits.attempt_timeout or 5
  return pool.new(curl, endpoint.parse(server.endpoint_url, "spec"), limits)
end

describe("a pool", function()
  local current
  after_each(function()
    if current then pool.close(current) end
    current = nil
    canned.stop()
  end)

  local function start(connections, limits)
    local server = canned.start(connections)
    current = pool_to(server, limits)
    return server
  end

  -- The body that the next request brings.
  local function ask()
    local connection, kind, why = send(current, REQUEST)
    assert.is_table(connection, ("%s: %s"):format(kind, why))
    local body = connection.response:body()
    pool.release(current, connection)
    return body
  end

  -- Until something has come on the connection that is kept: bytes, or its end.
  local function wait_for_idle_connection()
    assert.equal(1, #current.idle)
    assert.is_true(current.idle[1].socket:wait("read", 5))
  end

  it("sends the bytes as they are, and has the complete response", function()
    local server = start({ { answer("hello") } })
    local connection = assert(send(current, REQUEST))
    assert.equal(200, connection.response:status())
    assert.equal("hello", connection.response:body())
    assert.equal("application/x-amz-json-1.0", connection.response:header("content-type"))
    pool.release(current, connection)
    assert.same({ REQUEST }, server.requests())
  end)

  it("uses one connection for many requests", function()
    local steps = {}
    for i = 1, 100 do steps[2 * i - 1], steps[2 * i] = answer("answer " .. i) end
    local server = start({ steps })
    for i = 1, 100 do assert.equal("answer " .. i, ask()) end
    assert.equal(1, server.connections())
    assert.equal(100, #server.requests())
    assert.equal(1, #current.idle)
  end)

  it("opens a second connection for a second request at the same time", function()
    local server = start({ { answer("one") }, { answer("two") } })
    local one = assert(send(current, REQUEST))
    local two = assert(send(current, REQUEST))
    pool.release(current, one)
    pool.release(current, two)
    assert.equal(2, server.connections())
    assert.equal(2, #current.idle)
  end)

  it("closes what it kept", function()
    local server = start({ { answer("one") }, { answer("two") } })
    ask()
    pool.close(current)
    assert.same({}, current.idle)
    assert.equal("two", ask())
    assert.equal(2, server.connections())
  end)

  -- What happens to a connection after its first response; the next request needs a new one.
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
      wait_for_idle_connection()
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
    local connection, kind, _, sent = send(current, REQUEST, true)
    assert.is_nil(connection)
    assert.equal("network", kind)
    assert.is_true(sent)
    assert.equal(1, server.connections())
    assert.same({}, current.idle)
  end)

  it("replaces a connection that was closed before, even then", function()
    local server = start({ { wait, { send = canned.response("one") }, { close = true } }, { answer("two") } })
    assert.equal("one", ask())
    wait_for_idle_connection()
    local connection = assert(send(current, REQUEST, true))
    assert.equal("two", connection.response:body())
    pool.release(current, connection)
    assert.equal(2, #server.requests())
  end)

  it("looks through all that it kept", function()
    local function one_answer(body)
      return { wait, { send = canned.response(body) }, { delay = 20 }, { close = true } }
    end
    local server = start({ one_answer("one"), one_answer("two"), { answer("three") } })
    local one, two = assert(send(current, REQUEST)), assert(send(current, REQUEST))
    for _, connection in ipairs({ one, two }) do
      assert.is_true(connection.socket:wait("read", 5))
      pool.release(current, connection)
    end
    assert.equal("three", ask())
    assert.equal(3, server.connections())
    assert.equal(1, #current.idle)
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
      assert.same({}, current.idle)
      assert.equal("two", ask())
      assert.equal(2, server.connections())
    end)
  end

  -- Ways to respond "hello", again and again on one connection.
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
    it("takes a response " .. name, function()
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
    local connection, kind, why = send(current, REQUEST)
    assert.is_nil(connection)
    assert.equal("response", kind)
    assert.matches("truncation could not be noticed", why, 1, true)
    assert.equal(2, server.connections())
  end)

  -- What the server does after a request on a new connection, the kind of failure, and a part of the reason.
  local HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
  local failures = {
    { "closes without a word", { { close = true } }, "network", "closed before a response" },
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
      local connection, kind, why, sent = send(own, REQUEST)
      outcomes[k] = { connection = connection, kind = kind, why = why, sent = sent, kept = #own.idle,
        connections = server.connections() }
    end
    return outcomes[i]
  end

  for i, case in ipairs(failures) do
    it(("tells of a peer that %s, as %s"):format(case[1], case[3]), function()
      local found = outcome(i)
      assert.is_nil(found.connection)
      assert.equal(case[3], found.kind)
      assert.matches(case[4], found.why, 1, true)
      assert.is_true(found.sent)
      assert.equal(0, found.kept)
      assert.equal(i, found.connections)
    end)
  end

  it("does not repeat a request whose response has begun on a kept connection", function()
    local server = start({ { wait, { send = canned.response("one") }, wait, { send = "HTTP/1.1 200" },
      { close = true } } })
    assert.equal("one", ask())
    local connection, kind, _, sent = send(current, REQUEST)
    assert.is_nil(connection)
    assert.equal("network", kind)
    assert.is_true(sent)
    assert.equal(1, server.connections())
  end)

  it("knows that nothing was sent when there is no connection", function()
    local server = start({})
    server.stop()
    local connection, kind, why, sent = send(current, REQUEST)
    assert.is_nil(connection)
    assert.equal("network", kind)
    assert.is_string(why)
    assert.is_false(sent)
  end)

  it("knows that something may have been sent when a kept connection died and there is no other", function()
    local server = start({ { wait, { send = canned.response("one") }, wait, { close = true } } })
    assert.equal("one", ask())
    local transport = setmetatable({ connect = function() return nil, "network", "no way" end },
      { __index = curl })
    current.transport = transport
    local connection, kind, why, sent = send(current, REQUEST)
    assert.is_nil(connection)
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
      local connection, kind, why, sent = send(current, REQUEST)
      local seconds = curl.now() - before
      assert.is_nil(connection)
      assert.same({ "timeout", true }, { kind, sent })
      assert.matches("in time$", why)
      assert.is_true(seconds >= 0.39 and seconds < 4, seconds .. " seconds")
      assert.same({}, current.idle)
      assert.equal(1, server.connections())
    end)
  end

  it("does not wait longer for a response that never pauses", function()
    local clock = 0
    local transport = { now = function() return clock end, connect = function() return {} end,
      send = function() return true end, close = function() end }
    function transport.receive()
      clock = clock + 1
      return clock == 1 and CHUNKS or "1\r\nx\r\n"
    end
    local own = pool.new(transport, { url = "x" }, { connect_timeout = 5, attempt_timeout = 7.5 })
    local connection, kind, why, sent = send(own, REQUEST)
    assert.is_nil(connection)
    assert.same({ "timeout", "the response did not end in time", true }, { kind, why, sent })
    assert.equal(8, clock)
  end)

  it("does not repeat a request that timed out on a kept connection", function()
    local server = start({ { answer("one") }, { answer("two") } }, { attempt_timeout = 0.4 })
    assert.equal("one", ask())
    local connection, kind, _, sent = send(current, REQUEST)
    assert.is_nil(connection)
    assert.equal("timeout", kind)
    assert.is_true(sent)
    assert.equal(1, server.connections())
  end)

  describe("in time", function()
    -- No connection is needed for these: a transport whose clock the spec moves.
    local fake
    before_each(function()
      fake = helper.fake(helper.answer(200, "{}"))
    end)

    local function pool_of(limits)
      limits.connect_timeout, limits.attempt_timeout = 1, limits.attempt_timeout or 5
      return pool.new(fake, { url = "http://spec" }, limits)
    end

    local function ask_once(own)
      local connection = assert(send(own, REQUEST))
      pool.release(own, connection)
      return connection
    end

    -- Arguments of the transport's functions: seconds to connect, and deadlines relative to now.
    local function watch()
      local told = {}
      local connect, send_bytes, receive = fake.connect, fake.send, fake.receive
      function fake.connect(place, seconds, options)
        told.connect, told.options = seconds, options
        return connect(place, seconds, options)
      end
      function fake.send(socket, bytes, deadline)
        told.send = deadline - fake.clock
        return send_bytes(socket, bytes)
      end
      function fake.receive(socket, deadline, answering)
        told.receive, told.answering = deadline - fake.clock, answering
        return receive(socket)
      end
      return told
    end

    it("connects and converses as long as the limits say", function()
      local told, own = watch(), pool_of({ connect = { ca_bundle = "ca" } })
      assert(send(own, REQUEST))
      assert.same({ connect = 1, send = 5, receive = 5, answering = true, options = { ca_bundle = "ca" } }, told)
    end)

    it("takes the timeout of one attempt", function()
      local told, own = watch(), pool_of({})
      assert(send(own, REQUEST, false, nil, 0.25))
      assert.same({ 1, 0.25, 0.25 }, { told.connect, told.send, told.receive })
    end)

    it("does not outlive the deadline", function()
      local told, own = watch(), pool_of({})
      assert(send(own, REQUEST, false, fake.clock + 0.5))
      assert.same({ 0.5, 0.5, 0.5 }, { told.connect, told.send, told.receive })
    end)

    it("counts what connecting took against the deadline, not the attempt", function()
      local told, own = watch(), pool_of({})
      local connect = fake.connect
      function fake.connect(...)
        fake.clock = fake.clock + 0.75
        return connect(...)
      end
      assert(send(own, REQUEST, false, fake.clock + 4))
      assert.equal(3.25, told.send)
      local other = pool_of({})
      assert(send(other, REQUEST, false, fake.clock + 8))
      assert.equal(5, told.send)
    end)

    it("sends nothing after the deadline, on a new connection or a kept one", function()
      local own = pool_of({})
      for opened = 0, 1 do
        assert.same({ nil, "timeout", "no time left", false }, { send(own, REQUEST, false, fake.clock) })
        assert.equal(opened, fake.opened)
        if opened == 0 then ask_once(own) end
      end
      assert.equal(1, #fake.requests)
    end)

    it("opens no other connection for one that died at the deadline", function()
      local own = pool_of({})
      ask_once(own)
      function fake.send() return true end
      function fake.receive()
        fake.clock = fake.clock + 3
        return nil, "closed"
      end
      assert.same({ nil, "timeout", "no time left", true },
        { send(own, REQUEST, false, fake.clock + 3) })
      assert.equal(1, fake.opened)
    end)

    it("uses no connection that lay idle for 50 seconds, or as long as it is told", function()
      for _, case in ipairs({ { {}, 50 }, { { max_idle_time = 7 }, 7 }, { { max_idle_time = 0 }, 0 } }) do
        local own, seconds = pool_of(case[1]), case[2]
        local connection = ask_once(own)
        if seconds > 0 then
          fake.clock = fake.clock + seconds - 0.5
          assert.equal(connection, ask_once(own))
          fake.clock = fake.clock + seconds
        end
        assert.not_equal(connection, ask_once(own))
        assert.equal(seconds > 0 and 1 or 2, own.stats.closed)
        pool.close(own)
      end
    end)

    it("uses no connection beyond its age, however busy", function()
      local own = pool_of({ max_connection_age = 10 })
      local connection = ask_once(own)
      for _ = 1, 9 do
        fake.clock = fake.clock + 1
        assert.equal(connection, ask_once(own))
      end
      fake.clock = fake.clock + 1
      assert.not_equal(connection, ask_once(own))
      assert.equal(1, fake.closed)
    end)

    it("lets go of those that one busy connection leaves idle", function()
      local own = pool_of({ max_idle_time = 10 })
      local connections = {}
      for i = 1, 4 do connections[i] = assert(send(own, REQUEST)) end
      for i = 1, 4 do pool.release(own, connections[i]) end
      for _ = 1, 20 do
        fake.clock = fake.clock + 1
        assert.equal(connections[4], ask_once(own))
      end
      assert.same({ connections[4] }, own.idle)
      assert.equal(3, fake.closed)
    end)

    it("drops a connection that is too old when it comes back", function()
      local own = pool_of({ max_connection_age = 10, attempt_timeout = 60 })
      local receive = fake.receive
      function fake.receive(...)
        fake.clock = fake.clock + 10
        return receive(...)
      end
      ask_once(own)
      assert.same({}, own.idle)
      assert.equal(1, fake.closed)
    end)

    it("reports what a request took", function()
      local own = pool_of({})
      local connect, receive, parts = fake.connect, fake.receive, 0
      function fake.connect(...)
        fake.clock = fake.clock + 0.5
        return connect(...)
      end
      function fake.receive(socket)
        fake.clock = fake.clock + 0.25
        parts = parts + 1
        local text = helper.answer(200, "{}")
        if parts % 2 == 1 then return text:sub(1, 20) end
        receive(socket)
        return text:sub(21)
      end
      function fake.timings() return { name = 0.125, connect = 0.125, tls = 0.25 } end
      local bytes = #helper.answer(200, "{}")
      local connection = ask_once(own)
      assert.same({ connect = 0.5, tls = 0.25, first_byte = 0.25, total = 0.5, reused = false, bytes_sent = #REQUEST,
        bytes_received = bytes }, connection.timing)
      assert.equal(connection, ask_once(own))
      assert.same({ first_byte = 0.25, total = 0.5, reused = true, bytes_sent = #REQUEST, bytes_received = bytes },
        connection.timing)
      assert.same({ opened = 1, reused = 1, closed = 0, failed = 0 }, own.stats)
    end)

    it("reports a response that ends with its connection, too", function()
      local text = "HTTP/1.0 200 OK\r\nx-amz-crc32: 907060870\r\n\r\nhello"
      fake = helper.fake(text)
      local connection = ask_once(pool_of({}))
      assert.equal(#text, connection.timing.bytes_received)
      assert.equal(0, connection.timing.total)
    end)

    it("takes no more bytes than it is told", function()
      fake = helper.fake(helper.answer(200, ("x"):rep(101)))
      local connection, kind, why = send(pool_of({ max_bytes = 100 }), REQUEST)
      assert.same({ nil, "response" }, { connection, kind })
      assert.matches("100", why, 1, true)
      assert.is_table(send(pool_of({ max_bytes = 101 }), REQUEST))
    end)

    it("reports that there is no use in trying to connect again", function()
      for _, permanent in ipairs({ true, false }) do
        local own = pool_of({})
        function fake.connect() return nil, "network", "why", permanent end
        assert.same({ nil, "network", "why", false, permanent or nil }, { send(own, REQUEST) })
        assert.same({ opened = 0, reused = 0, closed = 0, failed = 1 }, own.stats)
      end
    end)

    it("knows that half a request is none", function()
      function fake.send() return nil, "network", "reset" end
      assert.same({ nil, "network", "reset", false }, { send(pool_of({}), REQUEST) })
    end)

    it("loses no connection to a transport that raises", function()
      for _, name in ipairs({ "connect", "send", "receive" }) do
        fake = helper.fake(helper.answer(200, "{}"))
        local own = pool_of({ max_connections = 1 })
        local real, oops = fake[name], { "oops" }
        fake[name] = function() error(oops) end
        for _ = 1, 3 do
          local ok, err = pcall(send, own, REQUEST)
          assert.same({ false, oops }, { ok, err })
        end
        fake[name] = real
        ask_once(own)
        assert.equal(name == "connect" and 0 or 3, fake.closed)
        assert.equal(fake.opened, own.stats.opened)
      end
    end)
  end)

  describe("beside others", function()
    -- A transport that lets others run while it waits: for 'parts' rounds per response.
    local function yielding(parts)
      local fake = helper.fake(helper.answer(200, "{}"))
      local receive = fake.receive
      local open, most = 0, 0
      for name, change in pairs({ connect = 1, close = -1 }) do
        local f = fake[name]
        fake[name] = function(...)
          open = open + change
          most = math.max(most, open)
          if name == "connect" then coroutine.yield() end
          return f(...)
        end
      end
      function fake.receive(...)
        for _ = 1, parts do coroutine.yield() end
        return receive(...)
      end
      function fake.sleep(seconds)
        fake.clock = fake.clock + seconds
        coroutine.yield()
      end
      function fake.most() return most end
      return fake
    end

    local function pool_of(fake, limits)
      limits.connect_timeout, limits.attempt_timeout = 1, limits.attempt_timeout or 5
      return pool.new(fake, { url = "http://spec" }, limits)
    end

    -- Runs 'count' requests concurrently to their ends -> how many succeeded, the other responses.
    local function gather(own, count, deadline)
      local calls, good, bad = {}, 0, {}
      for i = 1, count do
        calls[i] = function()
          local results = { send(own, REQUEST, false, deadline) }
          if not results[1] then
            bad[#bad + 1] = results
            return
          end
          good = good + 1
          pool.release(own, results[1])
        end
      end
      in_turns(calls)
      return good, bad
    end

    it("opens no more than max_connections, and serves all", function()
      for _, limit in ipairs({ 1, 3, 64 }) do
        local fake = yielding(4)
        local own = pool_of(fake, { max_connections = limit, attempt_timeout = 1000 })
        assert.equal(40, (gather(own, 40)))
        assert.equal(math.min(limit, 40), fake.most())
        assert.equal(math.min(limit, 40), #own.idle)
        assert.equal(40, own.stats.opened + own.stats.reused)
      end
    end)

    it("has 64 as its limit", function()
      local fake = yielding(4)
      assert.equal(70, (gather(pool_of(fake, {}), 70)))
      assert.equal(64, fake.most())
    end)

    it("waits no longer than the deadline, and no longer than an attempt", function()
      for _, case in ipairs({ { 5, 0.25 }, { 0.25, nil }, { 0.25, 5 } }) do
        local fake = yielding(0)
        local own = pool_of(fake, { max_connections = 2, attempt_timeout = case[1] })
        local holders = {}
        for i = 1, 2 do holders[i] = coroutine.wrap(function() return send(own, REQUEST) end) end
        for i = 1, 2 do holders[i]() end -- opening
        local before = fake.clock
        local good, bad = gather(own, 1, case[2] and before + case[2])
        assert.equal(0, good)
        assert.same({ { nil, "timeout", "all of max_connections = 2 are in use", false } }, bad)
        assert.is_true(math.abs(fake.clock - before - 0.25) < 0.006)
      end
    end)

    describe("in a loop", function()
      local loop = require("dynamodb.loop")

      -- A transport that parks tasks, and in which 'seconds' pass until a response comes.
      local function parking(seconds)
        local fake = helper.fake(helper.answer(200, "{}"))
        fake.now, fake.sleep, fake.waiter, fake.process = curl.now, curl.sleep, curl.waiter, curl.process
        local connect, receive, open = fake.connect, fake.receive, 0
        fake.most = 0
        function fake.connect(...)
          open = open + 1
          fake.most = math.max(fake.most, open)
          loop.sleep(0)
          if fake.refuses then
            open = open - 1
            return nil, "network", "refused"
          end
          return connect(...)
        end
        function fake.receive(...)
          loop.sleep(seconds)
          return receive(...)
        end
        function fake.close()
          fake.closed, open = fake.closed + 1, open - 1
        end
        return fake
      end

      -- Runs 'count' requests as tasks; 'each' gets the connection, or what else came -> the order in which they were served.
      local function serve(own, count, each)
        local order = {}
        loop.run(function()
          for i = 1, count do
            loop.spawn(function()
              local connection, kind, why = send(own, REQUEST)
              order[#order + 1] = connection and i or -i
              if each then each(i, connection, kind, why) end
              if connection then pool.release(own, connection) end
            end)
          end
        end)
        return order
      end

      it("serves waiting callers in the order in which they came", function()
        for _, limit in ipairs({ 1, 3 }) do
          local fake = parking(0.001)
          local own = pool_of(fake, { max_connections = limit, attempt_timeout = 60 })
          local order = serve(own, 30)
          for i = 1, 30 do assert.equal(i, order[i]) end
          assert.same({ limit, limit, limit }, { fake.most, #own.idle, own.stats.opened })
        end
      end)

      it("lets no caller pass those that wait", function()
        local fake = parking(0.01)
        local own = pool_of(fake, { max_connections = 1, attempt_timeout = 60 })
        local order = {}
        local function take_turns(i)
          local connection = assert(send(own, REQUEST))
          order[#order + 1] = i
          pool.release(own, connection)
          if i < 10 then take_turns(i + 10) end
        end
        loop.run(function()
          for i = 1, 4 do loop.spawn(take_turns, i) end
        end)
        assert.same({ 1, 2, 3, 4, 11, 12, 13, 14 }, order)
      end)

      it("gives the place of a connection that is not kept to the next", function()
        local fake = parking(0)
        local own = pool_of(fake, { max_connections = 2, attempt_timeout = 60, max_connection_age = 1e-9 })
        assert.equal(20, #serve(own, 20))
        assert.same({ 2, 20, 20, 0 }, { fake.most, fake.opened, fake.closed, pool.count_open(own) })
      end)

      it("opens another in the place of one that died while it was handed over", function()
        local fake = parking(0)
        local own = pool_of(fake, { max_connections = 1, attempt_timeout = 60 })
        function fake.idle() return false end
        assert.equal(5, #serve(own, 5))
        assert.same({ 5, 1 }, { fake.opened, pool.count_open(own) })
      end)

      it("gives the place of a failed connection to the next", function()
        local fake = parking(0)
        fake.refuses = true
        local own = pool_of(fake, { max_connections = 2, attempt_timeout = 60 })
        local order = serve(own, 6, function(_, _, kind) assert.equal("network", kind) end)
        assert.same({ -1, -2, -3, -4, -5, -6 }, order)
        assert.same({ 2, 0 }, { fake.most, pool.count_open(own) })
      end)

      it("fails callers that have waited too long", function()
        local fake = parking(0.2)
        local own = pool_of(fake, { max_connections = 1, attempt_timeout = 60 })
        loop.run(function()
          local first = loop.spawn(send, own, REQUEST)
          local late = loop.spawn(function() return { send(own, REQUEST, false, curl.now() + 0.05) } end)
          local patient = loop.spawn(send, own, REQUEST)
          assert.same({ nil, "timeout", "all of max_connections = 1 are in use", false }, (late:wait()))
          pool.release(own, (first:wait()))
          assert.is_table((patient:wait()))
        end)
        assert.is_true(own.queue.first > own.queue.last)
      end)

      it("fails a caller that is served after its deadline", function()
        local own = pool_of(parking(0), { max_connections = 1, attempt_timeout = 60 })
        loop.run(function()
          local connection = assert(send(own, REQUEST))
          local late = loop.spawn(function() return { send(own, REQUEST, false, curl.now() + 0.05) } end)
          loop.sleep(0.01)
          require("dynamodb.curl").sleep(0.06) -- unknown to the loop
          pool.discard(own, connection)
          assert.same({ nil, "timeout", "no time left", false }, (late:wait()))
          assert.equal(0, pool.count_open(own))
        end)
      end)

      it("passes on what a cancelled task was given", function()
        for _, age in ipairs({ 60, 1e-9 }) do
          local fake = parking(0)
          local own = pool_of(fake, { max_connections = 1, attempt_timeout = 60, max_connection_age = age })
          loop.run(function()
            local connection = assert(send(own, REQUEST))
            local tasks = {}
            for i = 1, 4 do tasks[i] = loop.spawn(send, own, REQUEST) end
            loop.sleep(0.01)
            tasks[1]:cancel() -- while it waits
            pool.release(own, connection)
            tasks[2]:cancel() -- when it has been given the connection
            local found = assert(tasks[3]:wait())
            pool.release(own, found)
            pool.release(own, (assert(tasks[4]:wait())))
          end)
          assert.is_true(fake.most <= 1)
        end
      end)

      it("keeps a connection when all callers that waited for it were cancelled", function()
        local own = pool_of(parking(0), { max_connections = 1, attempt_timeout = 60 })
        loop.run(function()
          local connection = assert(send(own, REQUEST))
          local task = loop.spawn(send, own, REQUEST)
          loop.sleep(0.01)
          task:cancel()
          pool.release(own, connection)
          assert.same({ connection }, own.idle)
        end)
      end)

      it("opens one more for a caller that could only wait in vain", function()
        local fake = parking(0)
        local own = pool_of(fake, { max_connections = 1 })
        loop.run(function()
          local connection = assert(send(own, REQUEST))
          local other = coroutine.wrap(function() return assert(send(own, REQUEST)) end)()
          pool.release(own, other)
          assert.equal(1, pool.count_open(own))
          pool.release(own, connection)
        end)
        assert.same({ 2, 1, 1 }, { fake.most, fake.closed, pool.count_open(own) })
      end)

      it("keeps no connection that was in use when the others were closed", function()
        local fake = parking(0)
        local own = pool_of(fake, {})
        loop.run(function()
          local one, two = assert(send(own, REQUEST)), assert(send(own, REQUEST))
          pool.release(own, one)
          pool.close(own)
          pool.release(own, two)
          assert.same({ 2, 0 }, { fake.closed, pool.count_open(own) })
          pool.release(own, (assert(send(own, REQUEST))))
          assert.equal(1, pool.count_open(own))
        end)
      end)
    end)

    it("begins anew after a fork", function()
      local fake = helper.fake(helper.answer(200, "{}"))
      local forks = 0
      function fake.process() return forks end
      local own = pool_of(fake, { max_connections = 1 })
      local connection = assert(send(own, REQUEST))
      forks = 1
      pool.release(own, (assert(send(own, REQUEST))))
      assert.equal(1, pool.count_open(own))
      pool.release(own, connection)
    end)

    it("goes on when those that held the connections are no more", function()
      local fake = yielding(1)
      local own = pool_of(fake, { max_connections = 3 })
      for _ = 1, 3 do coroutine.wrap(function() send(own, REQUEST) end)() end
      helper.collect()
      assert.equal(1, (gather(own, 1)))
    end)
  end)

  describe("over a transport that keeps connections itself", function()
    -- What the pool keeps, and the limits set on it.
    local fake, kept, told
    before_each(function()
      fake, kept = helper.fake(helper.answer(200, "{}")), {}
      local connect = fake.connect
      function fake.connect(place, seconds, options, limits)
        told = limits
        return table.remove(kept) or connect(place, seconds, options)
      end
      function fake.keep(socket)
        kept[#kept + 1] = socket
        fake.known = fake.known or {}
        fake.known[socket] = true
        return true
      end
      function fake.reused(socket) return fake.known ~= nil and fake.known[socket] == true end
    end)

    local function pool_of(limits)
      limits.connect_timeout, limits.attempt_timeout = 1, 5
      return pool.new(fake, { url = "http://spec" }, limits)
    end

    it("keeps none, and knows which were used before", function()
      local limits = { max_connections = 1 }
      local own = pool_of(limits)
      for i = 1, 3 do
        local connection = assert(send(own, REQUEST))
        assert.equal(i > 1, connection.timing.reused)
        assert.equal(i > 1, connection.timing.connect == nil)
        pool.release(own, connection)
      end
      assert.equal(limits, told)
      assert.same({}, own.idle)
      assert.is_nil(next(own.connections))
      assert.equal(1, own.stats.opened)
      assert.equal(2, own.stats.reused)
    end)

    it("leaves max_connections to it", function()
      local own = pool_of({ max_connections = 1 })
      local connections = {}
      for i = 1, 3 do connections[i] = assert(send(own, REQUEST)) end
      for i = 1, 3 do pool.release(own, connections[i]) end
      assert.equal(3, #kept)
    end)

    it("keeps those that it does not want", function()
      function fake.keep() return false end
      local own = pool_of({})
      pool.release(own, assert(send(own, REQUEST)))
      assert.equal(1, #own.idle)
    end)

    it("goes through kept ones that have died, to a new one", function()
      local own = pool_of({})
      local connections = {}
      for i = 1, 3 do connections[i] = assert(send(own, REQUEST)) end
      for i = 1, 3 do pool.release(own, connections[i]) end
      local dead, receive = {}, fake.receive
      for _, socket in ipairs(kept) do dead[socket] = true end
      function fake.receive(socket, ...)
        if dead[socket] then return nil, "closed", "gone" end
        return receive(socket, ...)
      end
      assert.is_false(assert(send(own, REQUEST)).timing.reused)
      assert.equal(3, own.stats.closed)
    end)

    it("gives none back that is to be discarded", function()
      local own = pool_of({})
      pool.discard(own, assert(send(own, REQUEST)))
      assert.same({}, kept)
      assert.equal(1, own.stats.closed)
    end)
  end)
end)
