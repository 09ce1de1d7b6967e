-- Cosockets in a real nginx, which this spec starts and asks. What it does there: spec/support/in_nginx.lua.

local canned = dofile("spec/support/canned.lua")
local curl = require("dynamodb.transport.curl")
local nginx = dofile("spec/support/nginx.lua")

-- spec/support/emulator.sh and tls.sh set these.
local function variable(name)
  return assert(os.getenv(name), name .. " is not set: run through spec/support/emulator.sh and spec/support/tls.sh")
end

local ca = variable("DYNAMODB_TLS_CA")
local certificates = ca:match("^(.*)/")

-- Asks again until there is an answer.
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

-- Steps that answer a request with the name of one table.
local function answer(name) return { send = canned.response(('{"TableNames":["%s"]}'):format(name or "a")) } end

-- {===== The nginx =====

-- Locations whose phase lists tables, or tries.
local function refusing_locations()
  local lines = { ("location = /set { set_by_lua_block $x { app.try('set') } return 200; }"),
    "location = /balancer { proxy_pass http://balanced; }" }
  for _, phase in ipairs({ "log", "header_filter", "body_filter" }) do
    lines[#lines + 1] = ("location = /%s { content_by_lua_block { ngx.print('x') } %s_by_lua_block { app.try('%s') } }")
      :format(phase, phase, phase)
  end
  return table.concat(lines, "\n")
end

local dns = canned.node("dns.js", "dynamodb.spec")

local INIT = 'app = require("in_nginx") app.note("init", app.list)'

local HTTP = [[
init_worker_by_lua_block {
  app.note("init_worker", app.list)
  ngx.timer.at(0, function() app.note("init_worker_timer", app.operations, "from_init_worker") end)
}
upstream balanced { server 127.0.0.1:1; balancer_by_lua_block { app.try("balancer") } }
server {
  listen 127.0.0.1:{PORT+1} ssl;
  ssl_certificate {CERTIFICATES}/good.pem; ssl_certificate_key {CERTIFICATES}/good.key;
  ssl_client_certificate {CA}; ssl_verify_client optional;
  ssl_certificate_by_lua_block { app.note("ssl_cert", app.list) }
  server_rewrite_by_lua_block { app.note("server_rewrite", app.list) }
  location = /client { return 200 $ssl_client_s_dn; }
  location / { proxy_pass {EMULATOR}; }
}
server { listen unix:{DIR}/socket; location / { proxy_pass {EMULATOR}; } }
]]

local SERVER = [[
location = /note { content_by_lua_block { ngx.print(ngx.shared.notes:get(ngx.var.arg_name) or "") } }
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
  content_by_lua_block { app.say(app.list_there, { max_connections = 4 }) }
}
location = /few { content_by_lua_block { app.say(app.many, 32, { max_connections = 4, connect_timeout = 5 }) } }
location = /gather { content_by_lua_block { app.say(app.gather) } }
location = /blocking { content_by_lua_block { app.say(app.idle_of_init) } }
]]

local function fill_in(text)
  local values = { CA = ca, CERTIFICATES = certificates, DNS = dns.port, EMULATOR = variable("DYNAMODB_ENDPOINT") }
  return (text:gsub("{(%u+)}", function(name) return values[name] end))
end

-- ===================== }

local missing = nginx.missing()
if missing then
  pending("transport.nginx: " .. missing)
  return
end

describe("transport.nginx", function()
  local server
  setup(function()
    server = nginx.start({ init = INIT, http = fill_in(HTTP), server = fill_in(SERVER) .. refusing_locations() })
  end)
  teardown(function()
    nginx.stop()
    dns.stop()
  end)
  after_each(canned.stop)

  local function note(name)
    return eventually(function()
      local _, text = server.get("/note?name=" .. name)
      return text ~= "" and text
    end)
  end

  -- What a location says of a server whose connections take these steps.
  local function there(path, target)
    return server.get(("%s?port=%d"):format(path, target.port))
  end

  describe("serves", function()
    it("all that can be done to items from content_by_lua", function()
      assert.same({ 200, "done" }, { server.get("/content") })
    end)

    for _, phase in ipairs({ "access", "rewrite" }) do
      it(phase .. "_by_lua", function()
        assert.equal(200, (server.get("/" .. phase)))
      end)
    end

    it("timers", function()
      server.get("/timer")
      assert.equal("ok done", note("timer"))
    end)

    it("init_worker_by_lua, whose timers wait", function()
      assert.matches("^ok ", note("init_worker"))
      assert.equal("ok done", note("init_worker_timer"))
    end)

    it("init_by_lua", function()
      assert.matches("^ok ", note("init"))
    end)

    it("server_rewrite_by_lua and ssl_certificate_by_lua", function()
      local url = ("https://localhost:%d"):format(server.port + 1)
      assert.equal(200, (nginx.ask(url, "/client", { ca_bundle = ca })()))
      assert.matches("^ok ", note("ssl_cert"))
      assert.matches("^ok ", note("server_rewrite"))
    end)
  end)

  describe("refuses, and tells the way out, in", function()
    for _, phase in ipairs({ "log", "header_filter", "body_filter", "set", "balancer" }) do
      it(phase .. "_by_lua", function()
        server.get("/" .. phase)
        local text = note(phase)
        local way_out = "ListTables: nothing can wait in %s_by_lua*; ngx.timer.at(0, function) runs where it can"
        assert.matches(way_out:format(phase), text, 1, true)
        assert.matches("^failed .*in_nginx.lua:%d+: ", text) -- the caller's line
      end)
    end
  end)

  describe("over TLS", function()
    it("trusts whom lua_ssl_trusted_certificate names", function()
      assert.equal(200, (server.get("/there?variable=DYNAMODB_TLS_ENDPOINT")))
    end)

    -- A handshake that takes no time does not tell why.
    local nobody = "; lua_ssl_trusted_certificate names whom nginx trusts"
    local refusals = {
      { "a certificate for another host", "/there?variable=DYNAMODB_TLS_WRONG_HOST_ENDPOINT",
        "localhost'" },
      { "a certificate by an unknown CA", "/there?variable=DYNAMODB_TLS_UNKNOWN_CA_ENDPOINT", nobody },
      { "any where nobody is trusted", "/untrusting?variable=DYNAMODB_TLS_ENDPOINT", nobody },
      { "addresses", "/there?url=" .. variable("DYNAMODB_TLS_ENDPOINT"):gsub("localhost", "127.0.0.1"),
        "127.0.0.1'" },
      { "a server that speaks none", "/there?url=" .. variable("DYNAMODB_ENDPOINT"):gsub("http:", "https:")
        :gsub("127.0.0.1", "localhost"), "TLS with localhost: handshake failed" },
    }
    for _, case in ipairs(refusals) do
      it("refuses " .. case[1], function()
        local status, text = server.get(case[2])
        assert.equal(500, status)
        assert.matches("^network: TLS with ", text)
        assert.matches(case[3], text, 1, true)
      end)
    end
  end)

  describe("connects", function()
    it("to localhost without a resolver", function()
      local target = canned.start({ { wait, answer() } })
      assert.same({ 200, "a" }, { server.get("/there?url=http://localhost:" .. target.port) })
    end)

    it("to names that the resolver knows", function()
      local target = canned.start({ { wait, answer() } })
      assert.same({ 200, "a" }, { server.get("/resolving?url=http://dynamodb.spec:" .. target.port) })
    end)

    it("to no others", function()
      local status, text = server.get("/resolving?url=http://unknown.spec")
      assert.equal(500, status)
      assert.matches("connection to unknown.spec: unknown.spec could not be resolved (3: Host not found)", text, 1, true)
    end)

    it("to no name without a resolver, and says how to name one", function()
      local status, text = server.get("/there?url=http://dynamodb.spec")
      assert.equal(500, status)
      assert.matches("connection to dynamodb.spec: nginx.conf names no resolver, such as: resolver 127.0.0.53", text, 1,
        true)
    end)

    it("to nobody who does not listen", function()
      local target = canned.start({})
      target.stop()
      local status, text = there("/there", target)
      assert.equal(500, status)
      assert.matches("connection to 127.0.0.1: connection refused", text, 1, true)
    end)
  end)

  describe("keeps connections", function()
    it("for many requests", function()
      local steps = {}
      for i = 1, 20 do steps[2 * i - 1], steps[2 * i] = wait, answer("t" .. i) end
      local target = canned.start({ steps })
      for i = 1, 20 do assert.same({ 200, "t" .. i }, { there("/there", target) }) end
      assert.equal(1, target.connections())
      assert.equal(20, #target.requests())
    end)

    -- What becomes of a kept connection, and how many requests the server gets to see.
    local ends = {
      ["was closed"] = { { delay = 20 }, { close = true }, requests = 2 },
      ["was reset"] = { { delay = 20 }, { reset = true }, requests = 2 },
      ["has unread bytes"] = { { delay = 20 }, answer("poison"), requests = 2 },
      ["is closed as it is used again"] = { wait, { close = true }, requests = 3 },
    }
    for name, steps in pairs(ends) do
      it("and replaces one that " .. name, function()
        local target = canned.start({ { wait, answer("one"), steps[1], steps[2] }, { wait, answer("two") } })
        assert.same({ 200, "one" }, { there("/there", target) })
        curl.sleep(0.2)
        assert.same({ 200, "two" }, { there("/there", target) })
        assert.equal(2, target.connections())
        assert.equal(steps.requests, #target.requests())
      end)
    end

    it("but not one with bytes beyond the answer", function()
      local both = { send = answer("one").send .. answer("poison").send }
      local target = canned.start({ { wait, both }, { wait, answer("two") } })
      there("/there", target)
      assert.same({ 200, "two" }, { there("/there", target) })
    end)
  end)
end)
