-- The connection pool over real sockets: reuse, idle connections, limits and the queue of waiting callers.
local unpack = table.unpack or unpack -- luacheck: ignore 113 143

local scripted = dofile("spec/support/scripted_server.lua")
local curl = require("dynamodb.transport.curl")
local endpoint = require("dynamodb.http.endpoint")
local helper = dofile("spec/support/helper.lua")
local in_turns = dofile("spec/support/in_turns.lua")
local pool = require("dynamodb.http.pool")
local round_trip = require("dynamodb.http.round_trip")

local REQUEST = "POST / HTTP/1.1\r\nhost: spec\r\ncontent-length: 2\r\n\r\n{}"

-- Sends a request -> connection, or nil and fields of the failure. 'is_once': the request must not be repeated.
local function send(own, request, is_once, deadline, timeout)
  local caller = is_once and { may_resend = function() return false end } or nil
  local done, result = round_trip.send(own, request, #request, caller, nil, deadline, timeout)
  if done then return result end
  return nil, result.kind, result.message, result.sent, result.permanent or nil
end

local wait = { wait = "request" }

-- Steps that respond to a request with this body.
local function response(body) return wait, { send = scripted.response(body) } end

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
    scripted.stop()
  end)

  local function start(connections, limits)
    local server = scripted.start(connections)
    current = pool_to(server, limits)
    return server
  end

  -- Sends a request -> the body of its response.
  local function ask()
    local connection, kind, why = send(current, REQUEST)
    assert.is_table(connection, ("%s: %s"):format(kind, why))
    local body = connection.response:body()
    pool.release(current, connection)
    return body
  end

  -- Waits until the kept connection has received bytes or was closed.
  local function wait_for_idle_connection()
    assert.equal(1, #current.idle)
    assert.is_true(current.idle[1].socket:wait("read", 5))
  end

  it("sends the bytes unchanged and reads the complete response", function()
    local server = start({ { response("hello") } })
    local connection = assert(send(current, REQUEST))
    assert.equal(200, connection.response:status())
    assert.equal("hello", connection.response:body())
    assert.equal("application/x-amz-json-1.0", connection.response:header("content-type"))
    pool.release(current, connection)
    assert.same({ REQUEST }, server.requests())
  end)

  it("uses one connection for many requests", function()
    local steps = {}
    for i = 1, 100 do steps[2 * i - 1], steps[2 * i] = response("answer " .. i) end
    local server = start({ steps })
    for i = 1, 100 do assert.equal("answer " .. i, ask()) end
    assert.equal(1, server.connections())
    assert.equal(100, #server.requests())
    assert.equal(1, #current.idle)
  end)

  it("opens a second connection for a second request at the same time", function()
    local server = start({ { response("one") }, { response("two") } })
    local one = assert(send(current, REQUEST))
    local two = assert(send(current, REQUEST))
    pool.release(current, one)
    pool.release(current, two)
    assert.equal(2, server.connections())
    assert.equal(2, #current.idle)
  end)

  it("closes its idle connections and opens no more", function()
    local server = start({ { response("one") } })
    ask()
    pool.close(current)
    assert.same({}, current.idle)
    assert.equal(0, pool.count_open(current))
    local connection, kind, why = send(current, REQUEST)
    assert.same({ nil, "network", "the connection was closed by close()" }, { connection, kind, why })
    assert.equal(1, server.connections())
  end)

  -- Steps after the first response of a connection; the next request needs a new connection.
  local stale = {
    ["was closed"] = { close = true },
    ["was reset"] = { reset = true },
    ["has unread bytes"] = { send = "x" },
    ["has an unread response"] = { send = scripted.response("poison") },
  }
  for name, step in pairs(stale) do
    it("replaces an idle connection that " .. name, function()
      local server = start({ { wait, { send = scripted.response("one") }, { delay = 20 }, step },
        { response("two") } })
      assert.equal("one", ask())
      wait_for_idle_connection()
      assert.equal("two", ask())
      assert.equal(2, server.connections())
      assert.same({ REQUEST, REQUEST }, server.requests())
    end)
  end

  it("replaces an idle connection that dies as it is used again", function()
    local steps = { wait, { send = scripted.response("one") }, wait, { close = true } }
    local server = start({ steps, { response("two") } })
    assert.equal("one", ask())
    assert.equal("two", ask())
    assert.equal(2, server.connections())
  end)

  it("does not repeat a request that is sent once and may have been received", function()
    local server = start({ { wait, { send = scripted.response("one") }, wait, { close = true } } })
    assert.equal("one", ask())
    local connection, kind, _, sent = send(current, REQUEST, true)
    assert.is_nil(connection)
    assert.equal("network", kind)
    assert.is_true(sent)
    assert.equal(1, server.connections())
    assert.same({}, current.idle)
  end)

  it("replaces a connection that was closed earlier, even for a request that is sent once", function()
    local server = start({ { wait, { send = scripted.response("one") }, { close = true } }, { response("two") } })
    assert.equal("one", ask())
    wait_for_idle_connection()
    local connection = assert(send(current, REQUEST, true))
    assert.equal("two", connection.response:body())
    pool.release(current, connection)
    assert.equal(2, #server.requests())
  end)

  it("checks all its idle connections", function()
    local function one_response(body)
      return { wait, { send = scripted.response(body) }, { delay = 20 }, { close = true } }
    end
    local server = start({ one_response("one"), one_response("two"), { response("three") } })
    local one, two = assert(send(current, REQUEST)), assert(send(current, REQUEST))
    for _, connection in ipairs({ one, two }) do
      assert.is_true(connection.socket:wait("read", 5))
      pool.release(current, connection)
    end
    assert.equal("three", ask())
    assert.equal(3, server.connections())
    assert.equal(1, #current.idle)
  end)

  -- Responses after which the connection must not be reused, although the server keeps it open.
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
      local server = start({ { wait, { send = bytes } }, { response("two") } })
      assert.equal("one", ask())
      assert.same({}, current.idle)
      assert.equal("two", ask())
      assert.equal(2, server.connections())
    end)
  end

  -- Forms of the response "hello", sent repeatedly on one connection.
  local CHUNKS = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
  local ways = {
    ["in one piece"] = { { send = scripted.response("hello") } },
    ["byte by byte"] = { { send_slowly = scripted.response("hello") } },
    ["in chunks"] = { { send = CHUNKS .. "2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: x\r\n\r\n" } },
    ["in chunks byte by byte"] = { { send_slowly = CHUNKS .. "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n" } },
    ["after 100-continue"] = { { send = "HTTP/1.1 100 Continue\r\n\r\n" .. scripted.response("hello") } },
    ["long after 100-continue"] = { { send = "HTTP/1.1 100 Continue\r\n\r\n" }, { delay = 50 },
      { send = scripted.response("hello") } },
    ["after hints"] = { { send = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" },
      { send = scripted.response("hello") } },
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
    start({ { response(body) } })
    assert.is_true(body == ask())
  end)

  it("accepts a body that ends with the connection only with a checksum", function()
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

  -- { fault of the server after a request on a new connection, its steps, kind of the failure, part of the error }
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

  -- One server for all cases: the i-th connection belongs to the i-th case.
  local outcomes
  local function outcome(i)
    if outcomes then return outcomes[i] end
    local connections = {}
    for k, case in ipairs(failures) do connections[k] = { wait, unpack(case[2]) } end
    local server = scripted.start(connections)
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
    it(("reports a peer that %s, as %s"):format(case[1], case[3]), function()
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
    local server = start({ { wait, { send = scripted.response("one") }, wait, { send = "HTTP/1.1 200" },
      { close = true } } })
    assert.equal("one", ask())
    local connection, kind, _, sent = send(current, REQUEST)
    assert.is_nil(connection)
    assert.equal("network", kind)
    assert.is_true(sent)
    assert.equal(1, server.connections())
  end)

  it("reports a request as not sent when it has no connection", function()
    local server = start({})
    server.stop()
    local connection, kind, why, sent = send(current, REQUEST)
    assert.is_nil(connection)
    assert.equal("network", kind)
    assert.is_string(why)
    assert.is_false(sent)
  end)

  it("reports a request as sent when a kept connection failed and no other can be opened", function()
    local server = start({ { wait, { send = scripted.response("one") }, wait, { close = true } } })
    assert.equal("one", ask())
    local transport = setmetatable({ connect = function() return nil, "network", "no way" end },
      { __index = curl })
    current.transport = transport
    local connection, kind, why, sent = send(current, REQUEST)
    assert.is_nil(connection)
    assert.same({ "network", "no way", true }, { kind, why, sent })
    assert.equal(2, #server.requests())
  end)

  -- Steps before the server falls silent, or in place of silence.
  local stalls = {
    ["before the head"] = {},
    ["in the head"] = { { send = "HTTP/1.1 200 OK\r\nContent-" } },
    ["before the body"] = { { send = HEAD } },
    ["in the body"] = { { send = HEAD .. "hell" } },
    ["in a chunk"] = { { send = CHUNKS .. "5\r\nhe" } },
    ["before the last chunk"] = { { send = CHUNKS .. "5\r\nhello\r\n" } },
    ["after 100-continue"] = { { send = "HTTP/1.1 100 Continue\r\n\r\n" } },
    ["with a byte now and then"] = { { send_slowly = scripted.response("hello"), every = 100 } },
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
    local server = start({ { response("one") }, { response("two") } }, { attempt_timeout = 0.4 })
    assert.equal("one", ask())
    local connection, kind, _, sent = send(current, REQUEST)
    assert.is_nil(connection)
    assert.equal("timeout", kind)
    assert.is_true(sent)
    assert.equal(1, server.connections())
  end)

  describe("in time", function()
    -- These specs use a transport without a network and with a simulated clock.
    local fake
    before_each(function()
      fake = helper.fake(helper.response(200, "{}"))
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

    -- Records arguments of the transport's functions: seconds to connect, and deadlines relative to now.
    local function watch()
      local recorded = {}
      local connect, send_bytes, receive = fake.connect, fake.send, fake.receive
      function fake.connect(place, seconds, options)
        recorded.connect, recorded.options = seconds, options
        return connect(place, seconds, options)
      end
      function fake.send(socket, bytes, deadline)
        recorded.send = deadline - fake.clock
        return send_bytes(socket, bytes)
      end
      function fake.receive(socket, deadline, is_first)
        recorded.receive, recorded.is_first = deadline - fake.clock, is_first
        return receive(socket)
      end
      return recorded
    end

    it("passes its limits to connect, send and receive", function()
      local recorded, own = watch(), pool_of({ connect = { ca_bundle = "ca" } })
      assert(send(own, REQUEST))
      assert.same({ connect = 1, send = 5, receive = 5, is_first = true, options = { ca_bundle = "ca" } }, recorded)
    end)

    it("accepts a timeout for one attempt", function()
      local recorded, own = watch(), pool_of({})
      assert(send(own, REQUEST, false, nil, 0.25))
      assert.same({ 1, 0.25, 0.25 }, { recorded.connect, recorded.send, recorded.receive })
    end)

    it("does not outlive the deadline", function()
      local recorded, own = watch(), pool_of({})
      assert(send(own, REQUEST, false, fake.clock + 0.5))
      assert.same({ 0.5, 0.5, 0.5 }, { recorded.connect, recorded.send, recorded.receive })
    end)

    it("counts the time of connecting against the deadline, not the attempt", function()
      local recorded, own = watch(), pool_of({})
      local connect = fake.connect
      function fake.connect(...)
        fake.clock = fake.clock + 0.75
        return connect(...)
      end
      assert(send(own, REQUEST, false, fake.clock + 4))
      assert.equal(3.25, recorded.send)
      local other = pool_of({})
      assert(send(other, REQUEST, false, fake.clock + 8))
      assert.equal(5, recorded.send)
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

    it("opens no connection in place of one that failed at the deadline", function()
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

    it("does not reuse a connection after 50 idle seconds, or max_idle_time", function()
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

    it("does not reuse a connection beyond max_connection_age", function()
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

    it("closes connections that stay idle because another one is reused", function()
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

    it("closes a connection that is too old when it is released", function()
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

    it("reports the timing of a request", function()
      local own = pool_of({})
      local connect, receive, parts = fake.connect, fake.receive, 0
      function fake.connect(...)
        fake.clock = fake.clock + 0.5
        return connect(...)
      end
      function fake.receive(socket)
        fake.clock = fake.clock + 0.25
        parts = parts + 1
        local text = helper.response(200, "{}")
        if parts % 2 == 1 then return text:sub(1, 20) end
        receive(socket)
        return text:sub(21)
      end
      function fake.timings() return { name = 0.125, connect = 0.125, tls = 0.25 } end
      local bytes = #helper.response(200, "{}")
      local connection = ask_once(own)
      assert.same({ connect = 0.5, tls = 0.25, first_byte = 0.25, total = 0.5, reused = false, bytes_sent = #REQUEST,
        bytes_received = bytes }, connection.timing)
      assert.equal(connection, ask_once(own))
      assert.same({ first_byte = 0.25, total = 0.5, reused = true, bytes_sent = #REQUEST, bytes_received = bytes },
        connection.timing)
      assert.same({ opened = 1, reused = 1, closed = 0, failed = 0 }, own.stats)
    end)

    it("reports the timing of a response that ends with its connection", function()
      local text = "HTTP/1.0 200 OK\r\nx-amz-crc32: 907060870\r\n\r\nhello"
      fake = helper.fake(text)
      local connection = ask_once(pool_of({}))
      assert.equal(#text, connection.timing.bytes_received)
      assert.equal(0, connection.timing.total)
    end)

    it("accepts no more bytes than its limit", function()
      fake = helper.fake(helper.response(200, ("x"):rep(101)))
      local connection, kind, why = send(pool_of({ max_bytes = 100 }), REQUEST)
      assert.same({ nil, "response" }, { connection, kind })
      assert.matches("100", why, 1, true)
      assert.is_table(send(pool_of({ max_bytes = 101 }), REQUEST))
    end)

    it("reports a permanent failure to connect", function()
      for _, permanent in ipairs({ true, false }) do
        local own = pool_of({})
        function fake.connect() return nil, "network", "why", permanent end
        assert.same({ nil, "network", "why", false, permanent or nil }, { send(own, REQUEST) })
        assert.same({ opened = 0, reused = 0, closed = 0, failed = 1 }, own.stats)
      end
    end)

    it("reports a partly sent request as not sent", function()
      function fake.send() return nil, "network", "reset" end
      assert.same({ nil, "network", "reset", false }, { send(pool_of({}), REQUEST) })
    end)

    it("loses no connection to a transport that raises", function()
      for _, name in ipairs({ "connect", "send", "receive" }) do
        fake = helper.fake(helper.response(200, "{}"))
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

  describe("with concurrent requests", function()
    -- A transport that yields 'parts' times per response.
    local function yielding(parts)
      local fake = helper.fake(helper.response(200, "{}"))
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

    -- Runs 'count' requests concurrently to their ends -> number of successes, list of failures.
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

    it("has a default limit of 64", function()
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
        for i = 1, 2 do holders[i]() end -- opens the connections
        local before = fake.clock
        local good, bad = gather(own, 1, case[2] and before + case[2])
        assert.equal(0, good)
        assert.same({ { nil, "timeout", "all of max_connections = 2 are in use", false } }, bad)
        assert.is_true(math.abs(fake.clock - before - 0.25) < 0.006)
      end
    end)

    describe("in a loop", function()
      local loop = require("dynamodb.loop")

      -- A transport that parks tasks and whose responses take 'seconds' of simulated time.
      local function parking(seconds)
        local fake = helper.fake(helper.response(200, "{}"))
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

      -- Runs 'count' requests as tasks and calls 'each' with their results -> the order in which they were served.
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

      it("lets a waiting request go on at once when a connection is released", function()
        local fake, order = parking(0), {}
        local send_bytes = fake.send
        function fake.send(...)
          order[#order + 1] = "sent"
          return send_bytes(...)
        end
        local own = pool_of(fake, { max_connections = 1, attempt_timeout = 60 })
        loop.run(function()
          loop.spawn(function()
            local connection = assert(send(own, REQUEST))
            loop.sleep(0.01)
            pool.release(own, connection)
            order[#order + 1] = "released"
            loop.sleep(0) -- one step: the woken request is sent in it
            order[#order + 1] = "a step later"
          end)
          loop.spawn(function() pool.release(own, assert(send(own, REQUEST))) end)
        end)
        assert.same({ "sent", "released", "sent", "a step later" }, order)
      end)

      it("forgets requests that have given up waiting", function()
        local own = pool_of(parking(0), { max_connections = 1, attempt_timeout = 60 })
        loop.run(function()
          local connection = assert(send(own, REQUEST))
          local tasks = {}
          for i = 1, 5 do
            tasks[i] = loop.spawn(function() assert.is_nil((send(own, REQUEST, false, curl.now() + 0.01))) end)
          end
          for _, task in ipairs(tasks) do task:wait() end
          assert.same({ first = false, last = false }, own.queue)
          pool.release(own, connection)
          assert.equal(1, #own.idle)
        end)
      end)

      it("lets no new caller overtake waiting ones", function()
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

      it("gives the slot of a connection that is not kept to the next waiter", function()
        local fake = parking(0)
        local own = pool_of(fake, { max_connections = 2, attempt_timeout = 60, max_connection_age = 1e-9 })
        assert.equal(20, #serve(own, 20))
        assert.same({ 2, 20, 20, 0 }, { fake.most, fake.opened, fake.closed, pool.count_open(own) })
      end)

      it("replaces a connection that failed while it was handed over", function()
        local fake = parking(0)
        local own = pool_of(fake, { max_connections = 1, attempt_timeout = 60 })
        function fake.idle() return false end
        assert.equal(5, #serve(own, 5))
        assert.same({ 5, 1 }, { fake.opened, pool.count_open(own) })
      end)

      it("gives the slot of a failed connection to the next waiter", function()
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
        assert.is_false(own.queue.first)
      end)

      it("fails a caller that is served after its deadline", function()
        local own = pool_of(parking(0), { max_connections = 1, attempt_timeout = 60 })
        loop.run(function()
          local connection = assert(send(own, REQUEST))
          local late = loop.spawn(function() return { send(own, REQUEST, false, curl.now() + 0.05) } end)
          loop.sleep(0.01)
          require("dynamodb.curl").sleep(0.06) -- the loop does not see this sleep
          pool.discard(own, connection)
          assert.same({ nil, "timeout", "no time left", false }, (late:wait()))
          assert.equal(0, pool.count_open(own))
        end)
      end)

      it("passes on a connection that a cancelled task was given", function()
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

      it("exceeds its limit for a caller for which waiting would never end", function()
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

      it("does not keep a connection that was in use when the pool was closed", function()
        local fake = parking(0)
        local own = pool_of(fake, {})
        loop.run(function()
          local one, two = assert(send(own, REQUEST)), assert(send(own, REQUEST))
          pool.release(own, one)
          pool.close(own)
          pool.release(own, two)
          assert.same({ 2, 0 }, { fake.closed, pool.count_open(own) })
        end)
      end)
    end)

    it("is empty after a fork", function()
      local fake = helper.fake(helper.response(200, "{}"))
      local forks = 0
      function fake.process() return forks end
      local own = pool_of(fake, { max_connections = 1 })
      local connection = assert(send(own, REQUEST))
      forks = 1
      pool.release(own, (assert(send(own, REQUEST))))
      assert.equal(1, pool.count_open(own))
      pool.release(own, connection)
    end)

    it("frees the slots of connections whose holders were collected", function()
      local fake = yielding(1)
      local own = pool_of(fake, { max_connections = 3 })
      for _ = 1, 3 do coroutine.wrap(function() send(own, REQUEST) end)() end
      helper.collect()
      assert.equal(1, (gather(own, 1)))
    end)
  end)

  describe("over a transport that keeps connections itself", function()
    -- Connections that the pool keeps, and the limits passed with them.
    local fake, kept, limits_given
    before_each(function()
      fake, kept = helper.fake(helper.response(200, "{}")), {}
      local connect = fake.connect
      function fake.connect(place, seconds, options, limits)
        limits_given = limits
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

    it("keeps no connections, and reports which ones were reused", function()
      local limits = { max_connections = 1 }
      local own = pool_of(limits)
      for i = 1, 3 do
        local connection = assert(send(own, REQUEST))
        assert.equal(i > 1, connection.timing.reused)
        assert.equal(i > 1, connection.timing.connect == nil)
        pool.release(own, connection)
      end
      assert.equal(limits, limits_given)
      assert.same({}, own.idle)
      assert.is_nil(next(own.connections))
      assert.equal(1, own.stats.opened)
      assert.equal(2, own.stats.reused)
    end)

    it("does not limit connections itself", function()
      local own = pool_of({ max_connections = 1 })
      local connections = {}
      for i = 1, 3 do connections[i] = assert(send(own, REQUEST)) end
      for i = 1, 3 do pool.release(own, connections[i]) end
      assert.equal(3, #kept)
    end)

    it("keeps connections that the transport does not take back", function()
      function fake.keep() return false end
      local own = pool_of({})
      pool.release(own, assert(send(own, REQUEST)))
      assert.equal(1, #own.idle)
    end)

    it("tries kept connections that have failed, then a new one", function()
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

    it("does not give back a connection that must be discarded", function()
      local own = pool_of({})
      pool.discard(own, assert(send(own, REQUEST)))
      assert.same({}, kept)
      assert.equal(1, own.stats.closed)
    end)
  end)
end)
