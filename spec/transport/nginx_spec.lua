-- Cosockets in a real nginx, to which this spec sends requests. spec/support/nginx_handlers.lua has the handlers.

local engines = dofile("spec/support/engines.lua")
local scripted = dofile("spec/support/scripted_server.lua")
local curl = require("dynamodb.transport.curl")
local fake = dofile("spec/support/fake_nginx.lua")
local files = dofile("spec/support/files.lua")
local nginx = dofile("spec/support/nginx_server.lua")

-- spec/support/emulator.sh and tls_endpoints.sh set these.
local function variable(name)
  return assert(os.getenv(name), name .. " is not set: run through spec/support/emulator.sh and spec/support/tls_endpoints.sh")
end

local ca = variable("DYNAMODB_TLS_CA")
local certificates = ca:match("^(.*)/")

-- {===== Fake cosockets =====

describe("transport.nginx, with fake cosockets,", function()
  -- Connects over TLS with a fake cosocket that has these results -> results of connect, the cosocket.
  local function connect(responses, options)
    local sock, results = fake.cosocket(responses), nil
    fake.with(fake.ngx("content", sock), function()
      local rooms = require("dynamodb.transport.nginx")
      results = { pcall(rooms.connect, { url = "https://dynamodb.spec" }, 5, options) }
    end)
    return results, sock
  end

  it("reports a handshake that raises an error", function()
    local results = connect({ sslhandshake = function() error("resty/core/socket.lua:244: assertion failed!") end })
    assert.same({ true, nil, "network", "TLS with dynamodb.spec: the certificate is not trusted (certificate of an "
      .. "unknown authority, or not for 'dynamodb.spec'); lua_ssl_trusted_certificate names whom nginx trusts", true },
      results)
  end)

  it("raises any other error of a handshake", function()
    local results = connect({ sslhandshake = function() error("no request found", 0) end })
    assert.same({ false, "no request found" }, results)
  end)

  it("closes a socket that failed to connect", function()
    local _, sock = connect({ sslhandshake = { nil, "handshake failed" } })
    assert.same({ "close" }, sock.calls[#sock.calls])
  end)

  it("reports that nginx ignores 'ca_bundle'", function()
    local results = connect({ sslhandshake = { nil, "18: self-signed certificate" } }, { ca_bundle = "/ca.pem" })
    assert.matches("(self-signed certificate); lua_ssl_trusted_certificate names whom nginx trusts, 'ca_bundle' only",
      results[4], 1, true)
  end)

  it("keeps connections of different 'ca_bundle' apart", function()
    local pools = {}
    for _, path in ipairs({ "/ca.pem", "/other.pem", false }) do
      local sock = fake.cosocket({})
      fake.with(fake.ngx("content", sock), function()
        require("dynamodb.transport.nginx").connect({ url = "https://dynamodb.spec" }, 5, { ca_bundle = path or nil })
      end)
      for _, call in ipairs(sock.calls) do
        if call[1] == "connect" then pools[call[4].pool] = true end
      end
    end
    local count = 0
    for _ in pairs(pools) do count = count + 1 end
    assert.equal(3, count)
  end)

  it("waits in the phases of newer versions", function()
    for _, name in ipairs({ "precontent", "proxy_ssl_cert", "proxy_ssl_verify" }) do
      fake.with(fake.ngx(name, fake.cosocket({})), function()
        assert.equal("wait", require("dynamodb.transport.auto").check("get_item"))
      end)
    end
  end)

  it("starts timers without a delay while the worker exits, and none in exit_worker", function()
    local ngx, asked = fake.ngx("timer"), {}
    ngx.timer = { at = function(seconds)
      asked[#asked + 1] = seconds
      if seconds > 0 then return nil, "process exiting" end
      return 1
    end }
    fake.with(ngx, function()
      local later = require("dynamodb.transport.nginx").later
      assert.equal(1, later(0.5, print))
      ngx.phase = "exit_worker"
      assert.same({ nil, "the worker exits" }, { later(0, print) })
    end)
    assert.same({ 0.5, 0 }, asked)
  end)

  it("reports an nginx without client certificates", function()
    local sock = fake.cosocket({})
    sock.setclientcert = nil
    fake.with(fake.ngx("content", sock), function()
      local _, kind, why, permanent = require("dynamodb.transport.nginx").connect({ url = "https://dynamodb.spec" }, 5,
        { client_certificate = "/client.pem" })
      assert.equal("network", kind)
      assert.matches("option 'client_certificate': needs lua-nginx-module 0.10.22", why, 1, true)
      assert.is_true(permanent)
    end)
  end)

  it("checks no certificate for a reused connection", function()
    local results, sock = connect({ getreusedtimes = { 3 } })
    assert.is_true(results[2].reused)
    for _, call in ipairs(sock.calls) do assert.not_equal("sslhandshake", call[1]) end
  end)

  it("limits a timeout to the maximum of nginx", function()
    local sock = fake.cosocket({})
    fake.with(fake.ngx("content", sock), function()
      local rooms = require("dynamodb.transport.nginx")
      assert(rooms.receive(assert(rooms.connect({ url = "http://dynamodb.spec" }, 1e8)), math.huge))
      for _, call in ipairs(sock.calls) do
        if call[1] == "settimeout" then assert.equal(2 ^ 31 - 1, call[2]) end
      end
    end)
  end)

  it("sets TCP keepalive on request", function()
    local _, sock = connect({}, { tcp_keepalive = true })
    local set = {}
    for _, call in ipairs(sock.calls) do
      if call[1] == "setoption" then set[call[2]] = call[3] end
    end
    assert.same({ ["tcp-nodelay"] = 1, keepalive = 1 }, set)
  end)

  it("reports that keepalive cannot be set", function()
    local results = connect({ setoption = { nil, "bad descriptor" } })
    assert.same({ true, nil, "network", "connection to dynamodb.spec: bad descriptor", false }, results)
  end)

  it("reports that sending failed, and does not start after the deadline", function()
    local sock = fake.cosocket({ send = { nil, "closed" } })
    fake.with(fake.ngx("content", sock), function()
      local rooms = require("dynamodb.transport.nginx")
      local socket = assert(rooms.connect({ url = "http://dynamodb.spec" }, 5))
      assert.is_false(rooms.idle(socket))
      assert.same({ nil, "network", "sending: closed", false }, { rooms.send(socket, "x", rooms.now() + 5) })
      assert.same({ nil, "timeout", "no response in time" }, { rooms.send(socket, "x", rooms.now() - 1) })
      assert.same({ nil, "timeout", "no response in time" }, { rooms.receive(socket, rooms.now() - 1) })
    end)
  end)

  it("names pools by all options of connections", function()
    local seen = {}
    local function pool(url, options, limits)
      local sock = fake.cosocket({ getreusedtimes = { 1 } })
      fake.with(fake.ngx("content", sock), function()
        assert(require("dynamodb.transport.nginx").connect({ url = url }, 5, options, limits))
      end)
      for _, call in ipairs(sock.calls) do
        if call[1] == "connect" then
          local settings = type(call[3]) == "table" and call[3] or call[4]
          assert.is_nil(seen[settings.pool], settings.pool)
          seen[settings.pool] = true
        end
      end
    end
    pool("https://a.spec")
    pool("http://a.spec")
    pool("https://a.spec:8443")
    pool("https://b.spec")
    pool("https://a.spec", { proxy = "http://proxy.spec:3128" })
    pool("https://a.spec", { proxy = "http://user:password@proxy.spec:3128" })
    pool("https://a.spec", { unix_socket = "/socket" })
    pool("https://a.spec", { client_certificate = "/a.pem" })
    pool("https://a.spec", nil, { max_connections = 7 })
    pool("https://a.spec", nil, { max_connection_age = 100 })
  end)
end)

-- ===================== }

-- Repeats a request until there is a response.
local function eventually(call)
  local deadline = curl.now() + 10
  repeat
    local result = call()
    if result then return result end
    curl.sleep(0.02)
  until curl.now() > deadline
  error("nothing came of it in 10 seconds", 2)
end

local wait = { wait = "request" }

-- Steps that respond to a request with the name of one table.
local function response(name) return { send = scripted.response(('{"TableNames":["%s"]}'):format(name or "a")) } end

-- {===== Configuration of nginx =====

-- Locations that list tables in a phase, or try to.
local function refusing_locations()
  local lines = { ("location = /set { set_by_lua_block $x { app.try('set') } return 200; }"),
    "location = /balancer { proxy_pass http://balanced; }" }
  for _, phase in ipairs({ "log", "header_filter", "body_filter" }) do
    lines[#lines + 1] = ("location = /%s { content_by_lua_block { ngx.print('x') } %s_by_lua_block { app.try('%s') } }")
      :format(phase, phase, phase)
  end
  return table.concat(lines, "\n")
end

local dns = scripted.node("name_server.js", "dynamodb.spec")

-- init_by_lua may block. Requests do not use the connections that it opens.
local early = scripted.start({ { { wait = "request" }, { send = scripted.response('{"TableNames":["early"]}') },
  { wait = "request" } }, { { wait = "request" }, { send = scripted.response('{"TableNames":["late"]}') } } })

local INIT = ([[
app = require("nginx_handlers") app.note("init", app.list)
early = app.connect("http://127.0.0.1:%d") app.list(early)
]]):format(early.port)

local HTTP = [[
init_worker_by_lua_block {
  app.note("init_worker", app.list)
  ngx.timer.at(0, function() app.note("init_worker_timer", app.operations, "from_init_worker") end)
}
ssl_session_store_by_lua_block { app.try("ssl_session_store") }
proxy_set_header Host $http_host;
upstream balanced { server 127.0.0.1:1; balancer_by_lua_block { app.try("balancer") } }
server {
  listen 127.0.0.1:{PORT+1} ssl;
  ssl_certificate {CERTIFICATES}/good.pem; ssl_certificate_key {CERTIFICATES}/good.key;
  ssl_client_certificate {CA}; ssl_verify_client optional;
  ssl_protocols TLSv1.2; ssl_session_tickets off; ssl_session_cache shared:sessions:1m; # or none is stored
  ssl_certificate_by_lua_block { app.note("ssl_cert", app.list) }
  server_rewrite_by_lua_block { app.note("server_rewrite", app.list) }
  location / {
    access_by_lua_block { ngx.shared.notes:set("client", ngx.var.ssl_client_s_dn or "none") }
    proxy_pass {EMULATOR};
  }
  location = /hello { return 200; }
}
server { listen unix:{DIR}/socket; location / { proxy_pass {EMULATOR}; } }
]]

local SERVER = [[
location = /note { content_by_lua_block { ngx.print(ngx.shared.notes:get(ngx.var.arg_name) or "") } }
location = /trust { content_by_lua_block { app.say(app.trust, "{CA}") } }
location = /content { content_by_lua_block { app.say(app.operations, "from_content") } }
location = /access { access_by_lua_block { app.say(app.list) ngx.exit(200) } }
location = /rewrite { rewrite_by_lua_block { app.say(app.list) ngx.exit(200) } }
location = /timer {
  content_by_lua_block { ngx.timer.at(0, function() app.note("timer", app.operations, "from_timer") end) }
}
location = /there {
  lua_ssl_trusted_certificate {CA};
  content_by_lua_block { app.say(app.list_there) }
}
location = /untrusting { content_by_lua_block { app.say(app.list_there, { max_connections = 3 }) } }
location = /resolving {
  resolver 127.0.0.1:{DNS} ipv6=off;
  content_by_lua_block { app.say(app.list_there) }
}
location = /abandoned {
  lua_check_client_abort on;
  content_by_lua_block { app.say(app.list_there, { max_connections = 4, max_attempts = 1 }) }
}
location = /few { content_by_lua_block { app.say(app.many, 32, { max_connections = 4, connect_timeout = 5 }) } }
location = /late { content_by_lua_block { app.say(app.gather_in_time) } }
location = /gather { content_by_lua_block { app.say(app.gather) } }
location = /gather_late { content_by_lua_block { app.say(app.gather_late) } }
location = /scan { content_by_lua_block { app.say(app.scan, { segments = 8 }) } }
location = /ahead { content_by_lua_block { app.say(app.scan, { prefetch = 2 }) } }
location = /shared { content_by_lua_block { app.say(app.scan_shared, { segments = 8 }) } }
location = /kept { content_by_lua_block { app.scan_kept({ segments = 8 }, 4000) } }
location = /left { content_by_lua_block { app.say(app.scan_left, { segments = 8 }) } }
location = /killed { content_by_lua_block { app.say(app.scan_killed, { segments = 2 }) } }
location = /write_killed { content_by_lua_block { app.say(app.write_killed) } }
location = /threads { content_by_lua_block { app.say(app.scan_threads, { segments = 8 }) } }
location = /woken { content_by_lua_block { app.say(app.wait_to_be_woken) } }
location = /loop { content_by_lua_block { app.say(app.loop) } }
location = /early { content_by_lua_block { app.say(app.list, early) } }
location = /short { content_by_lua_block { app.say(app.list_there, { attempt_timeout = 0.3, max_attempts = 1 }) } }
location = /aging { content_by_lua_block { app.say(app.list_there, { max_connection_age = 1 }) } }
location = /impatient { content_by_lua_block { app.say(app.list_there, { max_idle_time = 0.05 }) } }
location = /proxied {
  lua_ssl_trusted_certificate {CA};
  content_by_lua_block { app.say(app.list_there, { proxy = ngx.var.arg_proxy }) }
}
location = /unix { content_by_lua_block { app.say(app.list_there, { unix_socket = "{DIR}/socket" }) } }
location = /client {
  lua_ssl_trusted_certificate {CA};
  content_by_lua_block { app.say(app.list_there, { client_certificate = "{CERTIFICATES}/" .. ngx.var.arg_file,
    client_key = "{CERTIFICATES}/good.key" }) }
}
location = /once { content_by_lua_block { app.say(app.put_once) } }
location = /events { content_by_lua_block { app.say(app.timings) } }
]]

local function fill_in(text)
  local values = { CA = ca, CERTIFICATES = certificates, DNS = dns.port, EMULATOR = variable("AWS_ENDPOINT_URL_DYNAMODB") }
  return (text:gsub("{(%u+)}", function(name) return values[name] end))
end

-- ===================== }

if nginx.is_pending(pending, "transport.nginx") then return end

describe("transport.nginx", function()
  local server
  setup(function()
    server = nginx.start({ init = INIT, http = fill_in(HTTP), server = fill_in(SERVER) .. refusing_locations() })
  end)
  teardown(function()
    nginx.stop()
    dns.stop()
    early.stop()
  end)

  local targets = {}
  local function start(...)
    targets[#targets + 1] = scripted.start(...)
    return targets[#targets]
  end
  after_each(function()
    for i = #targets, 1, -1 do targets[i] = targets[i].stop() end
  end)

  local function note(name)
    return eventually(function()
      local _, text = server.get("/note?name=" .. name)
      return text ~= "" and text
    end)
  end

  -- The response of a location that calls a server with these connections.
  local function there(path, target)
    return server.get(("%s?port=%d"):format(path, target.port))
  end

  describe("serves", function()
    it("all item operations in content_by_lua", function()
      engines.need(pending, "transactions", "partiql")
      assert.same({ 200, "done" }, { server.get("/content") })
    end)

    for _, phase in ipairs({ "access", "rewrite" }) do
      it(phase .. "_by_lua", function()
        assert.equal(200, (server.get("/" .. phase)))
      end)
    end

    it("reads certificates for settrustedstore", function()
      assert.same({ 200, "cdata true" }, { server.get("/trust") })
    end)

    it("timers", function()
      engines.need(pending, "transactions", "partiql")
      server.get("/timer")
      assert.equal("ok done", note("timer"))
    end)

    it("init_worker_by_lua, by timers", function()
      engines.need(pending, "transactions", "partiql")
      assert.matches("^ok ", note("init_worker"))
      assert.equal("ok done", note("init_worker_timer"))
    end)

    it("init_by_lua", function()
      assert.matches("^ok ", note("init"))
    end)

    it("server_rewrite_by_lua and ssl_certificate_by_lua", function()
      local url = ("https://localhost:%d"):format(server.port + 1)
      assert.equal(200, (nginx.ask(url, "/hello", { ca_bundle = ca })()))
      assert.matches("^ok ", note("ssl_cert"))
      assert.matches("^ok ", note("server_rewrite"))
    end)
  end)

  describe("rejects calls, and names the alternative, in", function()
    for _, phase in ipairs({ "log", "header_filter", "body_filter", "set", "balancer", "ssl_session_store" }) do
      it(phase .. "_by_lua", function()
        if phase == "ssl_session_store" then
          nginx.ask(("https://localhost:%d"):format(server.port + 1), "/hello", { ca_bundle = ca })()
        else
          server.get("/" .. phase)
        end
        local text = note(phase)
        local way_out = "ListTables: nothing can wait in %s_by_lua*; ngx.timer.at(0, function) runs where it can"
        assert.matches(way_out:format(phase), text, 1, true)
        assert.matches("^failed .*nginx_handlers.lua:%d+: ", text) -- the line of the caller
      end)
    end
  end)

  describe("over TLS", function()
    it("trusts the CAs of lua_ssl_trusted_certificate", function()
      assert.equal(200, (server.get("/there?variable=DYNAMODB_TLS_ENDPOINT")))
    end)

    -- The hint in errors of the handshake.
    local remedy = "; lua_ssl_trusted_certificate names whom nginx trusts"
    local refusals = {
      { "a certificate for another host", "/there?variable=DYNAMODB_TLS_WRONG_HOST_ENDPOINT",
        "localhost'" },
      { "a certificate by an unknown CA", "/there?variable=DYNAMODB_TLS_UNKNOWN_CA_ENDPOINT", remedy },
      { "any certificate if no CA is trusted", "/untrusting?variable=DYNAMODB_TLS_ENDPOINT", remedy },
      { "addresses", "/there?url=" .. variable("DYNAMODB_TLS_ENDPOINT"):gsub("localhost", "127.0.0.1"),
        "127.0.0.1'" },
      { "a server that speaks none", "/there?url=" .. variable("AWS_ENDPOINT_URL_DYNAMODB"):gsub("http:", "https:")
        :gsub("127.0.0.1", "localhost"), "TLS with localhost: handshake failed" },
    }
    for _, case in ipairs(refusals) do
      it("refuses " .. case[1], function()
        local status, text = server.get(case[2])
        assert.equal(500, status)
        assert.matches("^ListTables: network: TLS with .*nginx_handlers.lua:%d+%)$", text)
        assert.matches(case[3], text, 1, true)
      end)
    end
  end)

  describe("connects", function()
    it("to localhost without a resolver", function()
      local target = start({ { wait, response() } })
      assert.same({ 200, "a" }, { server.get("/there?url=http://localhost:" .. target.port) })
    end)

    it("to names that the resolver knows", function()
      local target = start({ { wait, response() } })
      assert.same({ 200, "a" }, { server.get("/resolving?url=http://dynamodb.spec:" .. target.port) })
    end)

    it("to no other names", function()
      local status, text = server.get("/resolving?url=http://unknown.spec")
      assert.equal(500, status)
      assert.matches("connection to unknown.spec: unknown.spec could not be resolved (3: Host not found)", text, 1, true)
    end)

    it("to no name without a resolver, and explains how to configure one", function()
      local status, text = server.get("/there?url=http://dynamodb.spec")
      assert.equal(500, status)
      assert.matches("connection to dynamodb.spec: nginx.conf names no resolver, such as: resolver 127.0.0.53", text, 1,
        true)
    end)

    it("to no closed port", function()
      local target = start({})
      target.stop()
      local status, text = there("/there", target)
      assert.equal(500, status)
      assert.matches("connection to 127.0.0.1: connection refused", text, 1, true)
    end)
  end)

  describe("keeps connections", function()
    it("for many requests", function()
      local steps = {}
      for i = 1, 20 do steps[2 * i - 1], steps[2 * i] = wait, response("t" .. i) end
      local target = start({ steps })
      for i = 1, 20 do assert.same({ 200, "t" .. i }, { there("/there", target) }) end
      assert.equal(1, target.connections())
      assert.equal(20, #target.requests())
    end)

    -- Events on a kept connection, and the number of requests that the server receives.
    local ends = {
      ["was closed"] = { { delay = 20 }, { close = true }, requests = 2 },
      ["was reset"] = { { delay = 20 }, { reset = true }, requests = 2 },
      ["has unread bytes"] = { { delay = 20 }, response("poison"), requests = 2 },
      ["is closed as it is used again"] = { wait, { close = true }, requests = 3 },
    }
    for name, steps in pairs(ends) do
      it("and replaces one that " .. name, function()
        local target = start({ { wait, response("one"), steps[1], steps[2] }, { wait, response("two") } })
        assert.same({ 200, "one" }, { there("/there", target) })
        curl.sleep(0.2)
        assert.same({ 200, "two" }, { there("/there", target) })
        assert.equal(2, target.connections())
        assert.equal(steps.requests, #target.requests())
      end)
    end

    it("except one with bytes after the response", function()
      local both = { send = response("one").send .. response("poison").send }
      local target = start({ { wait, both }, { wait, response("two") } })
      there("/there", target)
      assert.same({ 200, "two" }, { there("/there", target) })
    end)

    it("and does not repeat a request that must be sent once on a new one", function()
      local target = start({ { wait, response("one"), wait, { close = true } }, { wait, response("two") } })
      local status, text = there("/once", target)
      assert.equal(500, status)
      assert.matches("may have been written", text, 1, true)
      assert.equal(1, target.connections())
      assert.equal(2, #target.requests())
    end)

    it("no longer than max_idle_time", function()
      local target = start({ { wait, response("one") }, { wait, response("two") } })
      there("/impatient", target)
      curl.sleep(0.2)
      assert.same({ 200, "two" }, { there("/impatient", target) })
    end)

    it("no longer than max_connection_age", function()
      local many = { wait, response("x"), wait, response("x"), wait, response("x"), wait, response("x"), wait, response("x") }
      local target = start({ many, many, many, many })
      for _ = 1, 5 do
        assert.equal(200, (there("/aging", target)))
        curl.sleep(0.45)
      end
      assert.is_true(target.connections() >= 2, target.connections() .. " connections")
    end)

    it("of libcurl only in phases that may block", function()
      assert.same({ 200, "late" }, { server.get("/early") })
      assert.equal(2, early.connections())
    end)

    it("and reports reused ones to hooks", function()
      local target = start({ { wait, response(), wait, response() } })
      local status, text = there("/events", target)
      assert.equal(200, status)
      assert.matches("^new, [%d.e-]+ s to connect; reused$", text)
    end)
  end)

  describe("with many requests", function()
    it("opens no more than max_connections, and serves all", function()
      local steps = {}
      for i = 1, 32 do steps[3 * i - 2], steps[3 * i - 1], steps[3 * i] = wait, { delay = 5 }, response() end
      local target = start({ steps, steps, steps, steps }) -- a fifth connection would be closed
      assert.same({ 200, "32" }, { there("/few", target) })
      assert.equal(4, target.connections())
    end)

    it("drops requests whose client has disconnected", function()
      local target = start({ { wait }, { wait }, { wait }, { wait }, { wait, response("alive") } })
      for i = 1, 4 do
        local _, socket = nginx.ask(server.url, "/abandoned?port=" .. target.port)
        eventually(function() return #target.requests() == i end)
        socket:close()
      end
      assert.same({ 200, "alive" }, { there("/abandoned", target) })
    end)

    it("runs functions concurrently, and returns their results in order", function()
      local start_at = curl.now()
      assert.same({ 200, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; 3: oops, 16 at once; 4: oops, 4 at once" },
        { server.get("/gather") })
      assert.is_true(curl.now() - start_at < 5)
    end)

    it("runs functions until the deadline", function()
      local status, text = server.get("/gather_late")
      assert.equal(200, status)
      assert.equal("2 1 2 timeout: no time left (PLACE) timeout: no time left (PLACE) true",
        (text:gsub("%([^)]*nginx_handlers.lua:%d+%)", "(PLACE)")))
    end)

    describe("items", function()
      local plenty
      setup(function()
        plenty = scripted.node("large_table_server.js", [['{"items":20000,"page":100,"delay":2,"trouble":2}']])
      end)
      teardown(function() plenty.stop() end)

      for path, what in pairs({ scan = "by segments", ahead = "with pages requested ahead", shared = "in light threads",
        left = "by segments, and some after others" }) do
        it("reads them " .. what .. ", each once", function()
          assert.same({ 200, "20000" }, { server.get(("/%s?port=%d"):format(path, plenty.port)) })
        end)
      end

      it("reads them in one request after the other, each once", function()
        for i = 1, 6 do
          assert.same({ 200, tostring(math.min(20000, i * 4000)) }, { server.get("/kept?port=" .. plenty.port) })
        end
      end)

      it("continues reading after a light thread was killed", function()
        local slow = scripted.node("large_table_server.js", [['{"items":200,"page":100,"delay":300}']])
        assert.same({ 200, "200" }, { server.get("/killed?port=" .. slow.port) })
        slow.stop()
      end)

      it("writes the entries of a light thread that was killed", function()
        local steps = { { wait = "request" }, { delay = 300 }, { send = scripted.response("{}") }, { again = true } }
        local slow = scripted.start({}, { rest = steps })
        assert.same({ 200, "26" }, { server.get("/write_killed?port=" .. slow.port) })
        local ids = {}
        for _, request in ipairs(slow.requests()) do
          for id in request:gmatch('"S":"(k%d+)"') do ids[id] = true end
        end
        for i = 1, 25 do assert.is_true(ids["k" .. i]) end
        assert.is_true(ids.k31)
        slow.stop()
      end)

      it("reads them with light threads that are collected", function()
        local status, text = server.get("/threads?port=" .. plenty.port)
        assert.equal(200, status)
        assert.is_true(tonumber(text) <= 8, text)
      end)
    end)

    it("can wait to be woken", function()
      assert.same({ 200, "true true false" }, { server.get("/woken") })
    end)

    it("supports no other loop", function()
      local status, text = server.get("/loop")
      assert.equal(200, status)
      assert.matches("loop.run: not possible inside nginx.*; .*loop.spawn: not possible inside nginx", text)
    end)

    it("interrupts functions at their deadline", function()
      local status, text = server.get("/late")
      assert.equal(200, status)
      assert.equal("quick; timeout: no time left (PLACE); timeout: no time left (PLACE); false",
        (text:gsub("%([^)]*nginx_handlers.lua:%d+%)", "(PLACE)")))
    end)

    it("times out for a server that does not respond", function()
      local target = start({ { wait } })
      local began = curl.now()
      local status, text = there("/short", target)
      assert.equal(500, status)
      assert.matches("^ListTables: timeout: receiving: no response in time", text)
      assert.is_true(curl.now() - began < 3)
    end)

    it("times out for a server that does not accept the connection", function()
      local target = start({}, { full = true })
      local began = curl.now()
      local status, text = server.get("/short?port=" .. target.port)
      assert.equal(500, status)
      assert.matches("^ListTables: timeout: ", text)
      assert.is_true(curl.now() - began < 4)
    end)
  end)

  describe("goes through a proxy", function()
    local CONNECTED = { send = "HTTP/1.1 200 Connection established\r\nVia: spec\r\n\r\n" }

    -- The response of a location that calls through a proxy with these steps.
    local function through(proxy, url, login)
      return server.get(("/proxied?url=%s&proxy=http://%s127.0.0.1:%d"):format(url, login or "", proxy.port))
    end

    it("over TLS, with a name and a password", function()
      local port = variable("DYNAMODB_TLS_ENDPOINT"):match("%d+$")
      local proxy = start({ { wait, CONNECTED, { tunnel = tonumber(port) } } })
      for _ = 1, 2 do assert.equal(200, (through(proxy, variable("DYNAMODB_TLS_ENDPOINT"), "user:p%2Fw@"))) end
      assert.equal(1, proxy.connections())
      assert.equal(("CONNECT localhost:%s HTTP/1.1\r\nHost: localhost:%s\r\n"):format(port, port)
        .. "Proxy-Authorization: Basic dXNlcjpwL3c=\r\n\r\n", proxy.requests()[1])
    end)

    it("over plain HTTP", function()
      local proxy = start({ { wait, CONNECTED, wait, response("there") } })
      assert.same({ 200, "there" }, { through(proxy, "http://dynamodb.spec:8000") })
      assert.matches("^CONNECT dynamodb.spec:8000 HTTP/1.1\r\n", proxy.requests()[1])
    end)

    local refusals = {
      { "that refuses", { wait, { send = "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n" } }, "its response was 407" },
      { "that speaks something else", { wait, { send = "220 mail.spec ESMTP\r\n\r\n" } }, "its response was not HTTP" },
      { "that closes", { wait, { close = true } }, "closed" },
      { "that resets", { { reset = true } }, "", early = true }, -- may reset before it has received the request
    }
    for _, case in ipairs(refusals) do
      it("but not one " .. case[1], function()
        local status, text = through(start({ case[2], case[2], case[2], case[2] }), "http://dynamodb.spec:8000")
        assert.equal(500, status)
        assert.matches(case.early and "^ListTables: network: " or "^ListTables: network: proxy for dynamodb.spec: ", text)
        assert.matches(case[3], text, 1, true)
      end)
    end

    it("without TLS to the proxy", function()
      local _, text = server.get("/proxied?url=http://dynamodb.spec:8000&proxy=https://127.0.0.1:1")
      assert.matches("option 'proxy': http://... expected in nginx, not https", text, 1, true)
    end)
  end)

  it("connects to a unix socket", function()
    local status, text = server.get("/unix?url=" .. variable("AWS_ENDPOINT_URL_DYNAMODB"))
    assert.equal(200, status, text)
  end)

  describe("presents a certificate", function()
    local function shown(file)
      return server.get(("/client?url=https://localhost:%d&file=%s"):format(server.port + 1, file))
    end

    it("of its own", function()
      shown("good.pem")
      assert.equal("CN=good", note("client"))
    end)

    for file, why in pairs({ ["absent.pem"] = "no such file", ["good.key"] = "" }) do
      it("but not " .. file, function()
        local status, text = shown(file)
        assert.equal(500, status)
        assert.matches("TLS with localhost: option 'client_certificate': " .. certificates .. "/" .. file .. ": " .. why, text,
          1, true)
      end)
    end
  end)
end)

local RELOADED = [[
location = /who { content_by_lua_block { ngx.print(ngx.worker.pid()) } }
location = /slow { content_by_lua_block { app.say(app.list_slowly, 3) } }
]]

describe("nginx that is reloaded", function()
  teardown(nginx.stop)

  it("completes its requests", function()
    local server = nginx.start({ workers = 2, init = 'app = require("nginx_handlers")', server = RELOADED })
    local _, before = server.get("/who")
    local pending_ones = {}
    for i = 1, 20 do pending_ones[i] = server.ask("/slow") end
    curl.sleep(0.15)
    server.reload()
    for _, finish in ipairs(pending_ones) do assert.same({ 200, "3" }, { finish() }) end
    eventually(function()
      local _, now = server.get("/who")
      return now ~= before
    end)
    assert.same({ 200, "3" }, { server.get("/slow") })
    assert.not_matches("%[error%]", server.log())
    assert.not_matches("%[alert%]", server.log())
  end)
end)

-- {===== Files that are loaded late =====

describe("the files of the library", function()
  teardown(nginx.stop)

  -- Starts nginx and makes calls of many kinds in a request -> the modules that these loaded.
  local function loaded_in_request(init)
    local server = nginx.start({ init = 'app = require("nginx_handlers") ' .. init,
      server = "location = /calls { content_by_lua_block { app.say(app.modules_loaded_by, app.many_kinds) } }" })
    local status, text = server.get("/calls")
    assert.equal(200, status, text)
    return text
  end

  it("are read by requests unless init_by_lua loads them", function()
    local text = loaded_in_request("")
    assert.matches("dynamodb.table.query", text, 1, true)
    assert.matches("ngx.semaphore", text, 1, true)
    assert.not_matches("dynamodb%.curl", text)
    assert.not_matches("transport%.curl", text)
  end)

  it("are all loaded by dynamodb.preload(), except libcurl", function()
    assert.equal("", loaded_in_request('require("dynamodb").preload() assert(not package.loaded["dynamodb.curl"])'))
  end)
end)

-- ===================== }

-- {===== Shared credentials of workers =====

-- Locations: the service, which returns the key id of the request; the container's agent, whose first keys expire soon; and
-- the client.
local SHARING = [[
location = /service { content_by_lua_block {
  local key = ngx.req.get_headers().authorization:match("Credential=([^/]+)")
  ngx.header["Content-Type"] = "application/x-amz-json-1.0"
  ngx.print(('{"TableNames":["%s"]}'):format(key))
} }
location = /agent { content_by_lua_block {
  local number = ngx.shared.notes:incr("fetched", 1, 0)
  ngx.sleep(0.1)
  ngx.print(('{"AccessKeyId":"KEY%d","SecretAccessKey":"s","Token":"t","Expiration":"%s"}'):format(number,
    os.date("!%Y-%m-%dT%H:%M:%SZ", ngx.time() + (number == 1 and 6 or 3600))))
} }
location = /fetched { content_by_lua_block { ngx.print(ngx.shared.notes:get("fetched")) } }
location = /key { content_by_lua_block { ngx.print(ngx.worker.pid(), " ", app.list(shared)) } }
]]

describe("credentials in a shared dictionary", function()
  teardown(nginx.stop)

  -- Sends requests until all four workers have responded -> whether all use this key.
  local function all_use(server, key)
    local found, count, same = {}, 0, true
    eventually(function()
      local finish = {}
      for i = 1, 16 do finish[i] = server.ask("/key") end
      for i = 1, 16 do
        local status, text = finish[i]()
        assert.equal(200, status)
        local pid, name = text:match("^(%d+) (%S+)$")
        if not found[pid] then count = count + 1 end
        found[pid], same = true, same and name == key
      end
      return count >= 4
    end)
    return same
  end

  it("are fetched once, and refreshed once, for four workers", function()
    local server = nginx.start({
      workers = 4,
      main = "env AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:{PORT}/agent;",
      http = "lua_shared_dict dynamodb 100k;",
      init = [[
        app = require("nginx_handlers")
        shared = require("dynamodb").connect({ endpoint_url = "http://127.0.0.1:{PORT}/service", region = "us-east-1",
          shared_dict = "dynamodb" })
      ]],
      server = SHARING,
    })
    assert.is_true(all_use(server, "KEY1"))
    assert.same({ 200, "1" }, { server.get("/fetched") })
    eventually(function() return all_use(server, "KEY2") end)
    assert.same({ 200, "2" }, { server.get("/fetched") })
  end)

  it("require a dictionary in nginx.conf", function()
    local ok, message = pcall(require("dynamodb").connect, { shared_dict = "unknown" })
    assert.is_false(ok)
    assert.matches("connect: option 'shared_dict': nginx.conf has no lua_shared_dict unknown", message, 1, true)
  end)

  it("do not include keys given as options", function()
    local ok, message = pcall(require("dynamodb").connect, { shared_dict = "dynamodb", credentials = function() end })
    assert.is_false(ok)
    assert.matches("connect: option 'shared_dict' excludes 'credentials'", message, 1, true)
  end)
end)

-- ===================== }

describe("the nginx.conf of doc/nginx.md", function()
  local dynamodb = require("dynamodb")
  local connection = dynamodb.connect({ endpoint_url = variable("AWS_ENDPOINT_URL_DYNAMODB"), region = "us-east-1" })
  local users
  setup(function()
    users = assert(connection:create_table({ name = "users", schema = connection:create_schema("id", "S") }))
    assert(users:wait_until_active())
    assert(users:put_item({ id = "1", name = "Ann" }))
  end)
  teardown(function()
    nginx.stop()
    connection:close()
  end)

  it("runs", function()
    local text, count = files.read("doc/nginx.md"):match("\n```nginx\n(.-)```"):gsub('region = "eu%-west%-1"',
      ('region = "us-east-1", endpoint_url = %q'):format(variable("AWS_ENDPOINT_URL_DYNAMODB")))
    assert.equal(1, count)
    local server = nginx.start({ whole = text })
    assert.same({ 200, "Ann\n" }, { server.get("/user?id=1") })
    assert.equal(404, (server.get("/user?id=2")))
    assert.same({ 400, 400 }, { (server.get("/user")), (server.get("/user?id=")) })
    assert(users:delete())
    assert(users:wait_until_deleted())
    assert.equal(502, (server.get("/user?id=1")))
    assert.matches("ResourceNotFoundException", server.log(), 1, true)
  end)
end)
