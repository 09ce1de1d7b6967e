local canned = dofile("spec/support/canned.lua")
local curl = require("dynamodb.transport.curl")

local function in_seconds(seconds) return curl.now() + seconds end

local function connect(server, timeout, options)
  return curl.connect({ url = server.endpoint_url }, timeout or 5, options)
end

local function tls(server) return { endpoint_url = server.endpoint_url:gsub("^http:", "https:") } end

-- Seconds that the function took, and its results as a table.
local function timed(f, ...)
  local start = curl.now()
  local results = { f(...) }
  return curl.now() - start, results
end

describe("transport.curl", function()
  after_each(canned.stop)

  local sockets = {}
  after_each(function()
    for i = #sockets, 1, -1 do sockets[i] = sockets[i]:close() end
  end)

  -- A socket connected to a server that takes these steps.
  local function open(steps)
    local server = canned.start({ steps })
    local socket = assert(connect(server))
    sockets[#sockets + 1] = socket
    return socket, server
  end

  describe("connect", function()
    it("opens a connection", function()
      local socket, server = open({ { send = "x" } })
      assert.equal("x", curl.receive(socket, in_seconds(5), true))
      assert.equal(1, server.connections())
    end)

    it("waits for 1e8 seconds, if told so", function()
      local server = canned.start({ {} })
      assert(connect(server, 1e8)):close()
    end)

    it("tells that nobody listens", function()
      local server = canned.start({})
      server.stop()
      local socket, kind, why = connect(server)
      assert.is_nil(socket)
      assert.equal("network", kind)
      assert.matches("connect", why)
    end)

    -- A label of more than 63 bytes is refused by the resolver itself: no name server is asked.
    it("tells that a name does not resolve", function()
      local name = ("x"):rep(64) .. ".invalid"
      local socket, kind, why = curl.connect({ url = "http://" .. name .. ":8000" }, 5)
      assert.is_nil(socket)
      assert.equal("network", kind)
      assert.matches(name, why, 1, true)
    end)

    local stalls = {
      { "nobody takes the connection", function() return canned.start({}, { full = true }) end },
      { "nobody shakes hands", function() return tls(canned.start({ {} })) end },
    }
    for _, case in ipairs(stalls) do
      it("gives up in time when " .. case[1], function()
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
      it("tells that a peer " .. case[1], function()
        local socket, kind, why = connect(tls(canned.start({ case[2] })))
        assert.is_nil(socket)
        assert.equal("network", kind)
        assert.is_string(why)
      end)
    end

    it("tells that the CA bundle is not there", function()
      local socket, kind, why = connect(tls(canned.start({ {} })), 5, { ca_bundle = "/nowhere/ca.pem" })
      assert.is_nil(socket)
      assert.equal("network", kind)
      assert.matches("/nowhere/ca.pem", why, 1, true)
    end)
  end)

  describe("send", function()
    it("sends all, however much it is", function()
      local socket, server = open({ { wait = "request" }, { send = "thanks" } })
      local body = ("0123456789abcdef"):rep(2 ^ 17) -- 2 MB: more than the buffers of a socket hold
      local request = ("POST / HTTP/1.1\r\ncontent-length: %d\r\n\r\n%s"):format(#body, body)
      assert.is_true(curl.send(socket, request, in_seconds(10)))
      assert.equal("thanks", curl.receive(socket, in_seconds(10), true))
      assert.is_true(request == server.requests()[1])
    end)

    it("gives up when nobody reads", function()
      local socket = open({ { deaf = true } })
      local seconds, results = timed(curl.send, socket, ("x"):rep(2 ^ 25), in_seconds(0.3))
      assert.same({ nil, "timeout", "no answer in time" }, results)
      assert.is_true(seconds >= 0.29 and seconds < 5, seconds .. " seconds")
    end)

    it("tells that the connection is gone", function()
      local socket = open({ { reset = true } })
      assert.is_true(socket:wait("read", 5))
      local kind
      for _ = 1, 3 do -- the first one may still find room in a buffer
        local _, found = curl.send(socket, ("x"):rep(2 ^ 20), in_seconds(5))
        kind = kind or found
      end
      assert.equal("network", kind)
    end)

    for _, first in ipairs({ 0, 3, -1 }) do
      it("does not start outside of the bytes, at " .. first, function()
        local socket = open({})
        assert.has_error(function() socket:send("ab", first) end)
      end)
    end
  end)

  describe("receive", function()
    it("gives what comes", function()
      local socket = open({ { send = "one\0\255" }, { delay = 50 }, { send = "two" } })
      assert.equal("one\0\255", curl.receive(socket, in_seconds(5), true))
      assert.equal("two", curl.receive(socket, in_seconds(5), false))
    end)

    it("gives nothing after the deadline", function()
      local socket = open({})
      for _, answering in ipairs({ true, false }) do
        local seconds, results = timed(curl.receive, socket, in_seconds(0.2), answering)
        assert.same({ nil, "timeout", "no answer in time" }, results)
        assert.is_true(seconds >= 0.19 and seconds < 5, seconds .. " seconds")
      end
    end)

    it("does not wait when the deadline was before", function()
      local socket = open({})
      local seconds, results = timed(curl.receive, socket, in_seconds(-1), true)
      assert.equal("timeout", results[2])
      assert.is_true(seconds < 1)
    end)

    it("tells that the peer closed", function()
      local socket = open({ { send = "last" }, { close = true } })
      assert.equal("last", curl.receive(socket, in_seconds(5), true))
      local bytes, kind, why = curl.receive(socket, in_seconds(5), true)
      assert.is_nil(bytes)
      assert.equal("closed", kind)
      assert.is_string(why)
    end)

    it("tells that the peer reset the connection", function()
      local socket = open({ { reset = true } })
      local bytes, kind, why = curl.receive(socket, in_seconds(5), true)
      assert.is_nil(bytes)
      assert.equal("network", kind)
      assert.is_string(why)
    end)
  end)

  describe("idle", function()
    it("is true for an open, silent connection, as often as asked", function()
      local socket = open({})
      for _ = 1, 3 do assert.is_true(curl.idle(socket)) end
    end)

    local ends = { unread = { send = "x" }, closed = { close = true }, reset = { reset = true } }
    for name, step in pairs(ends) do
      it("is false for one that is " .. name, function()
        local socket = open({ step })
        assert.is_true(socket:wait("read", 5))
        assert.is_false(curl.idle(socket))
      end)
    end
  end)

  describe("a socket", function()
    it("may be closed twice, and not be used after that", function()
      local socket = open({})
      curl.close(socket)
      curl.close(socket)
      for _, call in ipairs({ { curl.send, "x", 0 }, { curl.receive, 0 }, { curl.idle } }) do
        local ok, message = pcall(call[1], socket, call[2], call[3])
        assert.is_false(ok)
        assert.matches("attempt to use a closed socket", message, 1, true)
      end
    end)

    it("says how ready it is", function()
      local socket = open({})
      assert.is_true(socket:wait("write", 5))
      assert.is_false(socket:wait("read", 0))
      assert.is_false(socket:wait("read", -1))
    end)

    it("is nothing that Lua can forge", function()
      for _, value in ipairs({ {}, io.stdout, 1, "socket" }) do
        assert.has_error(function() curl.idle(value) end)
      end
    end)
  end)

  describe("the clock", function()
    it("goes forward, and sleeping takes that long", function()
      for _, seconds in ipairs({ 0.05, 0, -1 }) do
        local took = timed(curl.sleep, seconds)
        assert.is_true(took >= seconds and took < seconds + 5)
      end
    end)

    it("tells the time since 1970", function()
      assert.is_true(math.abs(curl.time() - os.time()) <= 1)
    end)
  end)
end)
