-- conn:warm: what is done before the first call, within the limit of connections, in plain Lua, in tasks, with transports of the
-- user and in nginx.

local dynamodb = require("dynamodb")
local event = require("dynamodb.loop.event")
local curl = require("dynamodb.transport.curl")
local fixture = dofile("spec/support/table_fixture.lua")
local helper = dofile("spec/support/helper.lua")
local nginx = dofile("spec/support/nginx_server.lua")
local scripted = dofile("spec/support/scripted_server.lua")
local simulated_time = dofile("spec/support/simulated_time.lua")

local loop = dynamodb.loop
local raises = fixture.raises_in("warm_spec.lua")

local LISTING = { { wait = "request" }, { send = scripted.response('{"TableNames":["a"]}') }, { again = true } }

-- libcurl's transport with counters: connections that are open or being opened, now and at most.
local function counting()
  local own = setmetatable({ open = 0, most = 0, opened = 0 }, { __index = curl })
  function own.connect(...)
    own.open = own.open + 1
    own.most = math.max(own.most, own.open)
    local ok, socket, kind, why, permanent = pcall(curl.connect, ...)
    if ok and socket then own.opened = own.opened + 1 else own.open = own.open - 1 end
    if not ok then error(socket, 0) end
    return socket, kind, why, permanent
  end
  function own.close(socket)
    own.open = own.open - 1
    return curl.close(socket)
  end
  return own
end

-- Defines a spec twice: outside of tasks and in a task.
local function everywhere(name, test)
  it(name, test)
  it(name .. ", in a task", function() loop.run(test) end)
end

describe("conn:warm", function()
  after_each(scripted.stop)

  everywhere("opens connections before the first call, which then opens none", function()
    local server = scripted.start({}, { rest = LISTING })
    local timings = {}
    local conn = scripted.connect(server, { hooks = { response_received = function(e) timings[#timings + 1] = e.timing end } })
    assert.equal(4, conn:warm({ connections = 4 }))
    local stats = conn:stats()
    assert.same({ 4, 4, 0, 0 }, { stats.connections_open, stats.connections_opened, stats.connections_reused, stats.calls })
    assert.same({}, server.requests())
    dynamodb.gather({ function() assert(conn:list_tables()) end, function() assert(conn:list_tables()) end,
      function() assert(conn:list_tables()) end, function() assert(conn:list_tables()) end })
    stats = conn:stats()
    assert.equal(4, stats.connections_opened)
    assert.equal(4, stats.connections_reused)
    assert.equal(4, server.connections())
    for _, timing in ipairs(timings) do
      assert.is_true(timing.reused)
      assert.is_nil(timing.connect)
    end
    conn:close()
  end)

  everywhere("opens one connection by default, and only those that are missing", function()
    local server = scripted.start({}, { rest = LISTING })
    local conn = scripted.connect(server)
    assert.equal(1, conn:warm())
    assert.equal(1, conn:warm({}))
    assert.equal(3, conn:warm({ connections = 3 }))
    assert.equal(3, conn:warm({ connections = 2 }))
    assert.equal(3, conn:stats().connections_opened)
    assert(conn:list_tables())
    assert.equal(3, conn:warm({ connections = 3 }))
    assert.same({ 3, 1 }, { conn:stats().connections_opened, conn:stats().connections_reused })
    conn:close()
  end)

  everywhere("opens them concurrently", function()
    local server = scripted.start({}, { rest = LISTING, full = true }) -- accepts nothing, so that only the kernel answers
    local conn = scripted.connect(server, { connect_timeout = 0.4, endpoint_url = "https://127.0.0.1:" .. server.port })
    local start = curl.now()
    local count, err = conn:warm({ connections = 4 })
    assert.is_nil(count)
    assert.equal("timeout", err.kind)
    assert.is_true(curl.now() - start < 1.2, "one after the other it takes 1.6 s")
    conn:close()
  end)

  it("does not exceed max_connections, also beside calls of other tasks", function()
    local server = scripted.start({}, { rest = { { wait = "request" }, { delay = 5 },
      { send = scripted.response('{"TableNames":["a"]}') }, { again = true } } })
    for _, limit in ipairs({ 1, 3, 7 }) do
      local own = counting()
      local conn = scripted.connect(server, { transport = own, max_connections = limit })
      loop.run(function()
        for i = 1, 20 do
          loop.spawn(function()
            if i % 4 == 0 then assert(conn:warm({ connections = i })) end
            assert(conn:list_tables())
          end)
        end
      end)
      assert.equal(limit, conn:warm({ connections = 1000 }))
      assert.equal(limit, own.most)
      assert.equal(limit, own.open)
      conn:close()
      assert.equal(0, own.open)
    end
  end)

  it("gives connections to calls that wait", function()
    local server = scripted.start({}, { rest = LISTING })
    local conn = scripted.connect(server, { max_connections = 2 })
    local done = 0
    loop.run(function()
      loop.spawn(function() assert.equal(2, conn:warm({ connections = 2 })) end)
      for _ = 1, 8 do
        loop.spawn(function()
          assert(conn:list_tables())
          done = done + 1
        end)
      end
    end)
    assert.equal(8, done)
    assert.equal(2, conn:stats().connections_opened)
    conn:close()
  end)

  it("opens others in place of those that no call would use any more", function()
    local fake = helper.fake(helper.response(200, '{"TableNames":[]}'))
    local conn = helper.offline(fake)
    assert.equal(2, conn:warm({ connections = 2 }))
    fake.clock = fake.clock + 49
    assert.equal(2, conn:warm({ connections = 2 }))
    assert.equal(2, fake.opened)
    fake.clock = fake.clock + 49
    assert.equal(2, conn:warm({ connections = 2 }))
    assert.same({ 4, 2 }, { fake.opened, fake.closed })
    fake.idle = function() return false end
    assert.equal(2, conn:warm({ connections = 2 }))
    assert.same({ 6, 4 }, { fake.opened, fake.closed })
    assert.equal(0, conn:stats().connections_reused)
  end)

  it("works with transports of the user: one after the other without gather, else concurrently", function()
    local fake = helper.fake(helper.response(200, '{"TableNames":[]}'))
    local connect = fake.connect
    function fake.connect()
      fake.sleep(0.1)
      return connect()
    end
    local conn = helper.offline(fake)
    assert.equal(5, conn:warm({ connections = 5 }))
    assert.is_true(math.abs(fake.clock - 1000.5) < 1e-6)
    local inner = helper.fake(helper.response(200, '{"TableNames":[]}'))
    local own = simulated_time.new(inner, function() return 0 end)
    function own.connect()
      own.sleep(0.1)
      return inner.connect()
    end
    local other = helper.offline(own)
    own.run(function() assert.equal(5, other:warm({ connections = 5 })) end)
    assert.is_true(math.abs(inner.clock - 1000.1) < 1e-6)
    assert.equal(5, inner.opened)
  end)

  it("verifies certificates and shakes hands", function()
    local conn = helper.connect({ endpoint_url = assert(os.getenv("DYNAMODB_TLS_ENDPOINT")),
      ca_bundle = assert(os.getenv("DYNAMODB_TLS_CA")) })
    assert.equal(2, conn:warm({ connections = 2 }))
    assert(conn:list_tables())
    assert.same({ 2, 1 }, { conn:stats().connections_opened, conn:stats().connections_reused })
    conn:close()
    local untrusting = helper.connect({ endpoint_url = os.getenv("DYNAMODB_TLS_ENDPOINT") })
    local count, err = untrusting:warm({ connections = 2 })
    assert.is_nil(count)
    assert.equal("network", err.kind)
    assert.is_true(err.permanent)
    assert.is_false(err.retryable)
    untrusting:close()
  end)

  it("gets credentials once, and the host that they name", function()
    local fetched, urls = 0, {}
    local fake = helper.fake(helper.response(200, '{"TableNames":[]}'))
    local connect = fake.connect
    function fake.connect(endpoint)
      urls[#urls + 1] = endpoint.url
      return connect()
    end
    local function credentials()
      fetched = fetched + 1
      return { aws_access_key_id = helper.KEY, aws_secret_access_key = helper.SECRET, account_id = "123456789012" }
    end
    local conn = dynamodb.connect({ transport = fake, region = "eu-west-1", ignore_configured_endpoint_urls = true,
      credentials = credentials })
    local url = "https://123456789012.ddb.eu-west-1.amazonaws.com"
    assert.equal(2, conn:warm({ connections = 2 }))
    assert.same({ url, url }, urls)
    assert(conn:list_tables())
    assert.equal(1, fetched)
    assert.equal(2, #urls)
  end)
end)

describe("conn:warm that fails", function()
  after_each(scripted.stop)

  everywhere("returns the error of the network", function()
    local conn = dynamodb.connect({ endpoint_url = "http://127.0.0.1:1", aws_access_key_id = "a", aws_secret_access_key = "b" })
    local count, err = conn:warm({ connections = 3 })
    assert.is_nil(count)
    assert.is_true(dynamodb.is_error(err))
    assert.same({ "network", true }, { err.kind, err.retryable })
    assert.is_truthy(err.where:find("warm_spec.lua:%d+$"))
    assert.equal(0, conn:stats().connections_open)
    conn:close()
  end)

  it("returns how many connections are open, and the error", function()
    local count = 0
    local fake = helper.fake(helper.response(200, '{"TableNames":[]}'))
    local connect = fake.connect
    function fake.connect()
      count = count + 1
      if count > 2 then return nil, "network", "refused" end
      return connect()
    end
    local conn = helper.offline(fake)
    local ready, err = conn:warm({ connections = 5 })
    assert.equal(2, ready)
    assert.equal("refused", err.message)
    assert.equal(2, conn:stats().connections_open)
    assert(conn:list_tables())
    assert.equal(1, conn:stats().connections_reused)
  end)

  it("returns the error of settings and credentials, which the next call looks for again", function()
    local failing = true
    local conn = dynamodb.connect({ endpoint_url = "http://127.0.0.1:1", transport = helper.fake(helper.response(200, "{}")),
      credentials = function()
        if failing then return nil, "none today" end
        return { aws_access_key_id = "a", aws_secret_access_key = "b" }
      end })
    local count, err = conn:warm()
    assert.is_nil(count)
    assert.equal("credentials", err.kind)
    assert.is_truthy(err.message:find("none today", 1, true))
    failing = false
    assert.equal(1, conn:warm())
    local unfit = dynamodb.connect({ endpoint_url = "http://127.0.0.1:1", transport = helper.fake(), aws_access_key_id = "a",
      aws_secret_access_key = "b", profile = "no_such_profile_of_specs" })
    count, err = unfit:warm()
    assert.is_nil(count)
    assert.equal("credentials", err.kind)
  end)

  it("ends at its deadline", function()
    local server = scripted.start({}, { rest = LISTING, full = true })
    local conn = scripted.connect(server, { endpoint_url = "https://127.0.0.1:" .. server.port })
    local start = curl.now()
    local count, err = conn:warm({ connections = 2, deadline = 0.2 })
    assert.is_nil(count)
    assert.equal("timeout", err.kind)
    assert.is_true(curl.now() - start < 2)
    conn:close()
  end)

  it("ends when the connection is closed or its task is cancelled, and leaves no socket", function()
    local server = scripted.start({}, { rest = LISTING, full = true })
    for _, way in ipairs({ "close", "cancel" }) do
      local own = counting()
      local conn = scripted.connect(server, { transport = own, endpoint_url = "https://127.0.0.1:" .. server.port,
        connect_timeout = 0.5 })
      local ready, err
      loop.run(function()
        local started = event.new()
        local task = loop.spawn(function()
          started:notify()
          ready, err = conn:warm({ connections = 3 })
        end)
        loop.sleep(0.05)
        if way == "close" then conn:close() else task:cancel() end
      end)
      if way == "close" then assert.is_true(err ~= nil) end
      assert.is_nil(ready)
      assert.equal(0, own.open)
      conn:close()
    end
  end)

  it("raises for mistakes", function()
    local conn = helper.offline(helper.fake())
    raises("warm: option 'connections': whole number of at least 1 expected, got 0", conn.warm, conn, { connections = 0 })
    raises("warm: unknown option 'connection': did you mean 'connections'?", conn.warm, conn, { connection = 4 })
    raises("warm: option 'deadline': positive number of seconds expected", conn.warm, conn, { deadline = 0 })
    raises("warm takes (options): 2 arguments given", conn.warm, conn, {}, 5)
    conn:close()
    raises("closed", conn.warm, conn)
  end)
end)

-- {===== In nginx =====

if nginx.is_pending(pending, "conn:warm in nginx") then return end

local INIT = [[
  app = require("nginx_handlers")
  warmed = app.connect("http://127.0.0.1:%d", { max_connections = 6 })
]]

local HTTP = [[
init_worker_by_lua_block {
  app.note("here", app.connection.warm, app.connection)
  ngx.timer.at(0, function() app.note("timer", warmed.warm, warmed, { connections = 4 }) end)
}
]]

local SERVER = [[
location = /note { content_by_lua_block { ngx.print(ngx.shared.notes:get(ngx.var.arg_name) or "") } }
location = /list { content_by_lua_block { app.say(app.many_on, warmed, 4) } }
location = /warm { content_by_lua_block { app.say(function() return warmed:warm({ connections = 9 }) end) } }
location = /refused { content_by_lua_block {
  app.say(function()
    local count, err = app.connect("http://127.0.0.1:1"):warm({ connections = 3 })
    return tostring(count) .. " " .. err.kind
  end)
} }
location = /headers { content_by_lua_block { app.say(app.with_headers, "http://127.0.0.1:%d") } }
]]

describe("in nginx", function()
  local target, server
  setup(function()
    target = scripted.start({}, { rest = LISTING })
    server = nginx.start({ init = INIT:format(target.port), http = HTTP, server = SERVER:format(target.port) })
  end)
  teardown(function()
    nginx.stop()
    scripted.stop()
  end)

  local function note(name)
    local deadline = curl.now() + 10
    repeat
      local _, text = server.get("/note?name=" .. name)
      if text ~= "" then return text end
      curl.sleep(0.02)
    until curl.now() > deadline
    error("no note of " .. name)
  end

  -- Waits until the server has seen this many connections, and a little longer for more of them.
  local function expect_connections(count)
    local deadline = curl.now() + 10
    repeat curl.sleep(0.02) until target.connections() >= count or curl.now() > deadline
    curl.sleep(0.05)
    assert.equal(count, target.connections())
  end

  it("conn:warm opens connections in a timer of init_worker_by_lua, which requests then use", function()
    assert.equal("ok 4", note("timer"))
    expect_connections(4)
    assert.same({ 200, "4" }, { server.get("/list") })
    expect_connections(4)
    assert.equal(4, #target.requests())
  end)

  it("conn:warm does in init_worker_by_lua itself what calls do there", function()
    assert.matches("^ok ", note("here"))
  end)

  it("conn:warm opens up to max_connections, concurrently with those that are kept", function()
    assert.same({ 200, "6" }, { server.get("/warm") })
    expect_connections(6)
    assert.same({ 200, "6" }, { server.get("/warm") })
    expect_connections(6)
    assert.same({ 200, "nil network" }, { server.get("/refused") })
  end)

  it("headers are sent, and on_request may wait", function()
    assert.same({ 200, "a" }, { server.get("/headers") })
    local last = target.requests()[#target.requests()]
    assert.is_truthy(last:find("\r\nx-app: shop\r\n", 1, true))
    assert.is_truthy(last:find("\r\nx-waited: 1\r\n", 1, true))
    assert.is_truthy(last:find("SignedHeaders=[^,]*;x%-app;x%-waited,"))
  end)
end)

-- ===================== }
