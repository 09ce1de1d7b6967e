-- The libcurl transport over real sockets: timeouts, name resolution, proxies, TLS, and tasks that wait.
local scripted = dofile("spec/support/scripted_server.lua")
local curl = require("dynamodb.transport.curl")
local files = dofile("spec/support/files.lua")
local helper = dofile("spec/support/helper.lua")
local loop = require("dynamodb.loop")
local native = require("dynamodb.curl")

local function in_seconds(seconds) return curl.now() + seconds end

local function connect(server, timeout, options)
  return curl.connect({ url = server.endpoint_url }, timeout or 5, options)
end

local function tls(server) return { endpoint_url = server.endpoint_url:gsub("^http:", "https:") } end

-- Calls a function -> its duration in seconds, its results as a table.
local function timed(f, ...)
  local start = curl.now()
  local results = { f(...) }
  return curl.now() - start, results
end

-- Defines the test twice: outside tasks, where calls block, and in a task.
local function both(name, test)
  it(name, test)
  it(name .. ", in a task", function() loop.run(test) end)
end

describe("transport.curl", function()
  after_each(scripted.stop)

  local sockets = {}
  after_each(function()
    for i = #sockets, 1, -1 do sockets[i] = sockets[i]:close() end
  end)

  -- Opens a socket to a server with these steps.
  local function open(steps)
    local server = scripted.start({ steps })
    local socket = assert(connect(server))
    sockets[#sockets + 1] = socket
    return socket, server
  end

  describe("connect", function()
    both("opens a connection", function()
      local socket, server = open({ { send = "x" } })
      assert.equal("x", curl.receive(socket, in_seconds(5), true))
      assert.equal(1, server.connections())
    end)

    both("accepts a timeout of 1e8 seconds", function()
      local server = scripted.start({ {} })
      assert(connect(server, 1e8)):close()
    end)

    both("reports a refused connection", function()
      local server = scripted.start({})
      server.stop()
      local socket, kind, why, permanent = connect(server)
      assert.is_nil(socket)
      assert.same({ "network", false }, { kind, permanent })
      assert.matches("connect", why)
    end)

    -- The resolver rejects a label of more than 63 bytes without a query.
    both("reports an unknown name", function()
      local name = ("x"):rep(64) .. ".invalid"
      local socket, kind, why, permanent = curl.connect({ url = "http://" .. name .. ":8000" }, 5)
      assert.is_nil(socket)
      assert.same({ "network", false }, { kind, permanent })
      assert.matches(name, why, 1, true)
    end)

    local stalls = {
      { "the connection is not accepted", function() return scripted.start({}, { full = true }) end },
      { "the TLS handshake gets no response", function() return tls(scripted.start({ {} })) end },
    }
    for _, case in ipairs(stalls) do
      both("times out when " .. case[1], function()
        local seconds, results = timed(connect, case[2](), 0.3)
        assert.is_nil(results[1])
        assert.equal("timeout", results[2])
        assert.is_string(results[3])
        assert.is_true(seconds >= 0.29 and seconds < 5, seconds .. " seconds")
      end)
    end

    local strangers = {
      { "speaks no TLS", { { send = "HTTP/1.1 400 Bad Request\r\n\r\n" } } },
      { "closes during the handshake", { { delay = 20 }, { close = true } } },
      { "resets during the handshake", { { delay = 20 }, { reset = true } } },
    }
    for _, case in ipairs(strangers) do
      both("reports that a peer " .. case[1], function()
        local socket, kind, why = connect(tls(scripted.start({ case[2] })))
        assert.is_nil(socket)
        assert.equal("network", kind)
        assert.is_string(why)
      end)
    end

    both("reports a missing CA bundle", function()
      local socket, kind, why, permanent = connect(tls(scripted.start({ {} })), 5, { ca_bundle = "/nowhere/ca.pem" })
      assert.is_nil(socket)
      assert.same({ "network", true }, { kind, permanent })
      assert.matches("/nowhere/ca.pem", why, 1, true)
    end)

    both("times out at once without time left", function()
      local server = scripted.start({}, { full = true })
      for _, seconds in ipairs({ 0, -1, 0 / 0 }) do
        local took, results = timed(connect, server, seconds)
        assert.equal("timeout", results[2])
        assert.is_true(took < 1)
      end
    end)

    both("requires its options as a table", function()
      assert.has_error(function() connect({ endpoint_url = "http://127.0.0.1:1" }, 1, "ca.pem") end)
    end)

    both("reports its duration", function()
      local timings = curl.timings((open({})))
      assert.is_true(timings.name >= 0 and timings.name < 5)
      assert.is_true(timings.connect >= 0 and timings.connect < 5)
      assert.equal(0, timings.tls)
    end)

    -- The timer of a connection to this port in /proc/net/tcp; "02" is the keepalive timer.
    local function timer(port)
      for line in io.lines("/proc/net/tcp") do
        local to, kind = line:match("^ *%d+: %x+:%x+ %x+:(%x+) 01 %x+:%x+ (%x+):")
        if to and tonumber(to, 16) == port then return kind end
      end
    end

    both("sets TCP keepalive only on request", function()
      local server = scripted.start({ {}, {} })
      local socket = assert(connect(server, 5, { tcp_keepalive = false }))
      assert.equal("00", timer(server.port))
      curl.close(socket)
      socket = assert(connect(server, 5, { tcp_keepalive = true }))
      assert.equal("02", timer(server.port))
      curl.close(socket)
    end)

    both("connects to a unix socket instead of the host, without a proxy", function()
      local path = os.tmpname()
      os.remove(path)
      scripted.start({ { { send = "hello" } } }, { unix = path })
      local socket = assert(curl.connect({ url = "http://example.invalid" }, 5,
        { unix_socket = path, proxy = "http://127.0.0.1:1" }))
      assert.equal("hello", curl.receive(socket, in_seconds(5), true))
      curl.close(socket)
    end)

    both("reports a missing unix socket", function()
      local socket, kind, why = curl.connect({ url = "http://localhost" }, 5, { unix_socket = "/nowhere/socket" })
      assert.is_nil(socket)
      assert.equal("network", kind)
      assert.is_string(why)
    end)

    it("ignores proxies of the environment", function()
      local server = scripted.start({ { { send = "direct" } } })
      local script = ([[local c = require("dynamodb.curl") local s = assert(c.connect("%s", 5)) s:wait("read", 5) ]]
        .. [[io.stdout:write(s:receive())]]):format(server.endpoint_url)
      local variables = ("http_proxy=@ HTTP_PROXY=@ all_proxy=@ ALL_PROXY=@"):gsub("@", "http://127.0.0.1:1")
      assert.equal("direct", files.output_of(("%s '%s' -e '%s'"):format(variables, os.getenv("LUA"), script)))
    end)
  end)

  describe("through a proxy", function()
    local OPEN = { send = "HTTP/1.1 200 Connection established\r\n\r\n" }

    -- Starts a proxy with these steps. 'login' is "user:password".
    local function proxy(steps, login)
      local server = scripted.start({ steps })
      return ("http://%s127.0.0.1:%d"):format(login and login .. "@" or "", server.port), server
    end

    local function through(url, seconds)
      return curl.connect({ url = "http://example.invalid/" }, seconds or 5, { proxy = url })
    end

    both("opens a tunnel to a host that only the proxy can resolve", function()
      local target = scripted.start({ { { wait = "request" }, { send = "pong" } } })
      local url, server = proxy({ { wait = "request" }, OPEN, { tunnel = target.port } })
      local socket = assert(through(url))
      assert.is_true(curl.idle(socket))
      assert.is_true(curl.send(socket, "GET / HTTP/1.1\r\n\r\n", in_seconds(5)))
      assert.equal("pong", curl.receive(socket, in_seconds(5), true))
      assert.same({ "GET / HTTP/1.1\r\n\r\n" }, target.requests())
      assert.matches("^CONNECT example.invalid:80 HTTP/1.1\r\nHost: example.invalid:80\r\n", server.requests()[1])
      assert.is_nil(server.requests()[1]:find("Proxy-Authorization", 1, true))
      curl.close(socket)
    end)

    both("sends user and password", function()
      local url, server = proxy({ { wait = "request" }, OPEN }, "us%65r:p%40ss")
      curl.close(assert(through(url)))
      assert.matches("Proxy-Authorization: Basic dXNlcjpwQHNz\r\n", server.requests()[1], 1, true) -- user:p@ss
    end)

    -- { behaviour of the proxy, steps, kind of the failure, whether it is permanent }
    local function status(code)
      return { { wait = "request" }, { send = ("HTTP/1.1 %d No\r\nContent-Length: 4\r\n\r\nbody"):format(code) } }
    end
    local refusals = {
      { "wants a password", status(407), "network", true },
      { "forbids the host", status(403), "network", true },
      { "throttles", status(429), "network", false },
      { "cannot reach the host", status(502), "network", false },
      { "closes", { { wait = "request" }, { close = true } }, "network", false },
      { "resets", { { wait = "request" }, { reset = true } }, "network", false },
      { "falls silent", { { wait = "request" } }, "timeout", false },
      { "is slow", { { wait = "request" }, { send = "HTTP/1.1 200 OK\r\n" },
        { send_slowly = ("a: b\r\n"):rep(100), every = 20 } }, "timeout", false },
      { "floods", { { wait = "request" }, { send = "HTTP/1.1 407 No\r\nTransfer-Encoding: chunked\r\n\r\n" },
        { send_slowly = ("1\r\nx\r\n"):rep(100), every = 20 } }, "timeout", true },
    }
    for _, case in ipairs(refusals) do
      both("reports that it " .. case[1], function()
        local seconds, results = timed(through, (proxy(case[2])), 0.5)
        assert.is_nil(results[1])
        assert.equal(case[3], results[2])
        assert.is_string(results[3])
        assert.equal(case[4], results[4])
        assert.is_true(seconds < 4, seconds .. " seconds")
      end)
    end

    both("reports a refused connection to it", function()
      local url, server = proxy({})
      server.stop()
      local nobody, what, _, lasting = through(url)
      assert.same({ nil, "network", false }, { nobody, what, lasting })
      local socket, kind, _, permanent = through("http://" .. ("x"):rep(64) .. ".invalid")
      assert.same({ nil, "network", false }, { socket, kind, permanent })
    end)

    both("does not show a password of a malformed proxy URL", function()
      for _, url in ipairs({ "http://user:secret@[", "nonsense://user:secret@host", "http://user:secret@host:x",
        "http://user:secret@host:99999" }) do
        local socket, kind, why = through(url)
        assert.is_nil(socket)
        assert.equal("network", kind)
        assert.is_nil(why:find("secret", 1, true), why)
      end
    end)
  end)

  describe("send", function()
    both("sends all bytes, even if they exceed the buffers", function()
      local socket, server = open({ { wait = "request" }, { send = "thanks" } })
      local body = ("0123456789abcdef"):rep(2 ^ 17) -- 2 MB, which exceeds the buffers of a socket
      local request = ("POST / HTTP/1.1\r\ncontent-length: %d\r\n\r\n%s"):format(#body, body)
      assert.is_true(curl.send(socket, request, in_seconds(10)))
      assert.equal("thanks", curl.receive(socket, in_seconds(10), true))
      assert.is_true(request == server.requests()[1])
    end)

    both("times out if the peer does not read", function()
      local socket = open({ { deaf = true } })
      local seconds, results = timed(curl.send, socket, ("x"):rep(2 ^ 25), in_seconds(0.3))
      assert.same({ nil, "timeout", "no response in time" }, results)
      assert.is_true(seconds >= 0.29 and seconds < 5, seconds .. " seconds")
    end)

    both("reports a closed connection", function()
      local socket = open({ { delay = 20 }, { reset = true } })
      assert.is_true(socket:wait("read", 5))
      local kind
      for _ = 1, 3 do -- the first send may fit into a buffer
        local _, found = curl.send(socket, ("x"):rep(2 ^ 20), in_seconds(5))
        kind = kind or found
      end
      assert.equal("network", kind)
    end)

    for _, first in ipairs({ 0, 3, -1 }) do
      both("rejects a start outside the bytes, at " .. first, function()
        local socket = open({})
        assert.has_error(function() socket:send("ab", first) end)
      end)
    end
  end)

  describe("receive", function()
    both("returns received bytes", function()
      local socket = open({ { send = "one\0\255" }, { delay = 50 }, { send = "two" } })
      assert.equal("one\0\255", curl.receive(socket, in_seconds(5), true))
      assert.equal("two", curl.receive(socket, in_seconds(5), false))
    end)

    both("times out at the deadline", function()
      local socket = open({})
      for _, is_first in ipairs({ true, false }) do
        local seconds, results = timed(curl.receive, socket, in_seconds(0.2), is_first)
        assert.same({ nil, "timeout", "no response in time" }, results)
        assert.is_true(seconds >= 0.19 and seconds < 5, seconds .. " seconds")
      end
    end)

    both("does not wait after the deadline", function()
      local socket = open({})
      local seconds, results = timed(curl.receive, socket, in_seconds(-1), true)
      assert.equal("timeout", results[2])
      assert.is_true(seconds < 1)
    end)

    both("reports that the peer closed the connection", function()
      local socket = open({ { send = "last" }, { close = true } })
      assert.equal("last", curl.receive(socket, in_seconds(5), true))
      local bytes, kind, why = curl.receive(socket, in_seconds(5), true)
      assert.is_nil(bytes)
      assert.equal("closed", kind)
      assert.is_string(why)
    end)

    both("reports that the peer reset the connection", function()
      local socket = open({ { delay = 20 }, { reset = true } })
      local bytes, kind, why = curl.receive(socket, in_seconds(5), true)
      assert.is_nil(bytes)
      assert.equal("network", kind)
      assert.is_string(why)
    end)
  end)

  describe("idle", function()
    both("is true for an open, silent connection, at each call", function()
      local socket = open({})
      for _ = 1, 3 do assert.is_true(curl.idle(socket)) end
    end)

    local ends = { unread = { send = "x" }, closed = { close = true }, reset = { reset = true } }
    for name, step in pairs(ends) do
      both("is false for a connection that is " .. name, function()
        local socket = open({ { delay = 20 }, step }) -- without the delay connecting may fail
        assert.is_true(socket:wait("read", 5))
        assert.is_false(curl.idle(socket))
      end)
    end
  end)

  describe("a socket", function()
    it("may be closed twice, and rejects further use", function()
      local socket = open({})
      curl.close(socket)
      curl.close(socket)
      for _, call in ipairs({ { curl.send, "x", 0 }, { curl.receive, 0 }, { curl.idle } }) do
        local ok, message = pcall(call[1], socket, call[2], call[3])
        assert.is_false(ok)
        assert.matches("attempt to use a closed socket", message, 1, true)
      end
    end)

    it("reports its readiness", function()
      local socket = open({})
      assert.is_true(socket:wait("write", 5))
      assert.is_false(socket:wait("read", 0))
      assert.is_false(socket:wait("read", -1))
    end)

    it("cannot be forged in Lua", function()
      for _, value in ipairs({ {}, io.stdout, 1, "socket" }) do
        assert.has_error(function() curl.idle(value) end)
      end
    end)
  end)

  describe("the clock", function()
    both("advances by the time of a sleep", function()
      for _, seconds in ipairs({ 0.05, 0, -1 }) do
        local took = timed(curl.sleep, seconds)
        assert.is_true(took >= seconds and took < seconds + 5)
      end
    end)

    it("reports the time since 1970", function()
      assert.is_true(math.abs(curl.time() - os.time()) <= 1)
    end)
  end)

  describe("tasks", function()
    it("connect concurrently, independently of failing connections", function()
      local full, server = scripted.start({}, { full = true }), scripted.start({ {}, {}, {} })
      loop.run(function()
        local stuck = loop.spawn(connect, full, 60)
        local start = curl.now()
        for _ = 1, 3 do
          local socket = assert(connect(server))
          curl.close(socket)
        end
        assert.is_true(curl.now() - start < 10)
        stuck:cancel()
        local _, err = stuck:wait()
        assert.equal("Cancelled", err.code)
      end)
    end)

    it("use more connections than one libcurl handle may have", function()
      local steps, calls, count = {}, {}, 100
      for i = 1, count do steps[i] = { { wait = "request" }, { send = "pong" } } end
      local server = scripted.start(steps)
      local before = helper.descriptors()
      for i = 1, count do
        calls[i] = function()
          local socket = assert(connect(server, 30))
          assert(curl.send(socket, "GET / HTTP/1.1\r\n\r\n", in_seconds(30)))
          assert.equal("pong", curl.receive(socket, in_seconds(30), true))
          assert.is_true(curl.idle(socket))
          if i % 3 == 0 then curl.close(socket) end
          return socket
        end
      end
      local results = curl.gather(calls)
      for i = 1, count do assert.is_true(results[i][1], tostring(results[i][2])) end
      for i = count, 1, -1 do curl.close(results[i][2]) end
      assert.equal(count, server.connections())
      assert.is_true(helper.descriptors() - before <= 2 * math.ceil(count / 32) + 3)
    end)

    it("time out in send and receive", function()
      local deaf, silent = scripted.start({ { { deaf = true } } }), scripted.start({ {} })
      loop.run(function()
        local one, two = assert(connect(deaf)), assert(connect(silent))
        local sending = loop.spawn(curl.send, one, ("x"):rep(2 ^ 25), in_seconds(0.2))
        assert.same({ nil, "timeout", "no response in time" }, { curl.receive(two, in_seconds(0.1), true) })
        assert.same({ nil, "timeout", "no response in time" }, { sending:wait() })
        curl.close(one)
        curl.close(two)
      end)
    end)

    it("receive bytes that arrived before they waited", function()
      local server = scripted.start({ { { send = "early" } } })
      loop.run(function()
        local socket = assert(connect(server))
        loop.sleep(0.1)
        assert.equal("early", curl.receive(socket, in_seconds(5), true))
        curl.close(socket)
      end)
    end)
  end)

  describe("a poller", function()
    -- Steps until the poller reports the key.
    local function step_to(poller, key)
      local list = {}
      local deadline = in_seconds(5)
      while curl.now() < deadline do
        for i = 1, poller:step(1, list) do
          if list[i] == key then return true end
        end
      end
    end

    local function connected(poller, server)
      local socket, key = poller:connect(server.endpoint_url, 5)
      assert.is_false(socket:connected())
      assert.is_true(step_to(poller, key))
      assert.is_true(socket:connected())
      return socket
    end

    it("reports each ready socket once", function()
      local server, poller, list = scripted.start({ { { send = "x" } }, {} }), native.poller(), {}
      local socket, silent = connected(poller, server), connected(poller, server)
      assert.equal(0, poller:step(0, list))
      local key = poller:watch(socket, "read")
      poller:watch(silent, "read")
      assert.is_true(step_to(poller, key))
      assert.equal(0, poller:step(0.01, list))
      assert.equal("x", socket:receive())
      assert.equal(key, poller:watch(socket, "write"))
      assert.equal(1, poller:step(5, list))
      assert.equal(key, list[1])
      poller:close()
      socket:close()
      silent:close()
    end)

    it("adds and removes sockets that were opened elsewhere", function()
      local server = scripted.start({ { { wait = "request" }, { send = "x" } } })
      local socket = assert(connect(server))
      local one, two, list = native.poller(), native.poller(), {}
      one:watch(socket, "read")
      local key = two:watch(socket, "read")
      assert(curl.send(socket, "GET / HTTP/1.1\r\n\r\n", in_seconds(5)))
      assert.is_true(step_to(two, key))
      assert.equal(0, one:step(0, list))
      one:close()
      two:close()
      assert.equal("x", socket:receive())
      socket:close()
    end)

    it("removes a closed socket", function()
      local server, poller = scripted.start({ {}, {} }), native.poller()
      local socket = connected(poller, server)
      poller:watch(socket, "read")
      socket:close()
      assert.has_error(function() poller:watch(socket, "read") end, "attempt to use a closed socket")
      assert.equal(0, poller:step(0, {}))
      connected(poller, server):close()
      poller:close()
    end)

    it("may end before or after its sockets, in any state", function()
      local full, server = scripted.start({}, { full = true }), scripted.start({ {}, {} })
      local before = helper.descriptors()
      for _, first in ipairs({ "poller", "sockets" }) do
        local poller = native.poller()
        local calm, stuck = connected(poller, server), poller:connect(full.endpoint_url, 5)
        poller:watch(calm, "read")
        poller:step(0, {})
        if first == "poller" then poller:close() end
        calm:close()
        stuck:close()
        poller:close()
        poller:close()
      end
      assert.equal(before, helper.descriptors())
    end)

    it("and its sockets may be collected in any order", function()
      local full, server = scripted.start({}, { full = true }), scripted.start({ {}, {}, {}, {} })
      helper.collect()
      local before = helper.descriptors()
      for _ = 1, 4 do
        local poller = native.poller()
        poller:watch(connected(poller, server), "read")
        poller:connect(full.endpoint_url, 5)
        poller:step(0, {})
      end
      helper.collect()
      assert.equal(before, helper.descriptors())
    end)

    it("wakes other loops at a given time or when a socket is ready", function()
      local poller, list = native.poller(), {}
      assert.is_true(poller:descriptor() > 2)
      for _, time in ipairs({ 0, -1, curl.now() + 0.02 }) do
        poller:alarm(time)
        poller:alarm(time)
        local seconds = timed(function() assert.equal(0, poller:step(5, list)) end)
        assert.is_true(seconds < 4)
      end
      poller:alarm(curl.now() + 0.01)
      poller:alarm(math.huge)
      local seconds = timed(function() poller:step(0.05, list) end)
      assert.is_true(seconds >= 0.049)
      poller:close()
    end)

    it("does not wait longer than its timeout", function()
      local poller = native.poller()
      for _, seconds in ipairs({ 0, -1, 0 / 0, 0.02 }) do
        assert.is_true(timed(function() poller:step(seconds, {}) end) < 4)
      end
      poller:close()
      for _, call in ipairs({ "step", "alarm", "descriptor" }) do
        assert.has_error(function() poller[call](poller, 0, {}) end, "attempt to use a closed poller")
      end
    end)

    it("reports a connection that cannot be set up", function()
      local poller = native.poller()
      for _, url in ipairs({ "nonsense://x", "http://[" }) do
        local socket, key, why, code, proxy_status = poller:connect(url, 5)
        if socket then
          assert.is_true(step_to(poller, key))
          socket, key, why, code, proxy_status = socket:connected()
        end
        assert.same({ nil, "network", 0 }, { socket, key, proxy_status })
        assert.is_true(code == native.codes.UNSUPPORTED_PROTOCOL or code == native.codes.URL_MALFORMAT, code)
        assert.is_string(why)
      end
      poller:close()
    end)

    it("is not usable in a forked child", function()
      local process = require("probe").process
      local poller = native.poller()
      local pid = process.fork()
      if pid == 0 then
        local ok, why = pcall(poller.step, poller, 0, {})
        poller:close()
        process.exit(not ok and why:find("made before a fork", 1, true) and 0 or 1)
      end
      assert.equal(0, process.wait(pid))
      assert.equal(0, poller:step(0, {}))
      poller:close()
    end)
  end)
end)
