-- Background queues in a real nginx: phases that cannot wait queue writes, timers send them, and the exit of a worker flushes.

local cjson = require("cjson")
local curl = require("dynamodb.transport.curl")
local files = dofile("spec/support/files.lua")
local helper = dofile("spec/support/helper.lua")
local nginx = dofile("spec/support/nginx_server.lua")
local scripted = dofile("spec/support/scripted_server.lua")

if nginx.is_pending(pending, "background queues in nginx") then return end

-- The connection and its queues are made in the master process, and used by the worker.
local INIT = [[
  app = require("nginx_handlers")
  local dynamodb = require("dynamodb")
  increment = dynamodb.increment
  tbl = app.connection:table("TABLE", { hash_key = "id" })
  queue = app.connection:background({ wait = WAIT, on_drop = function(entry, err)
    ngx.shared.notes:set("drop", tostring(err.code) .. " " .. tostring((entry.put or entry.update).id))
  end })
  function put(id) return queue:put(tbl, { id = id, phase = ngx.get_phase() }) end
  app.note("init", put, "init")
]]

local SERVER = [[
location = /log { return 200; log_by_lua_block { app.note("log", put, "log") } }
location = /header_filter { return 200; header_filter_by_lua_block { app.note("header_filter", put, "header_filter") } }
location = /body_filter { return 200 "x"; body_filter_by_lua_block { app.note("body_filter", put, "body_filter") } }
location = /set { set_by_lua_block $x { app.note("set", put, "set") } return 200; }
location = /balancer { proxy_pass http://balanced; }
location = /count { return 200; log_by_lua_block {
  app.note("count", function() return queue:update(tbl, "hits", { update = { n = increment(1) } }) end)
} }
location = /flush_in_log { return 200; log_by_lua_block { app.note("flush", queue.flush, queue) } }
location = /flush { content_by_lua_block { app.say(function() put("flush") return assert(queue:flush()) end) } }
location = /raising { content_by_lua_block { app.say(function()
  local own = app.connection:background({ on_drop = function() error("from on_drop", 0) end })
  local condition = require("dynamodb").attr("id"):not_exists()
  own:update(tbl, "flush", { update = { n = 1 }, condition = condition })
  own:put(tbl, { id = "after" })
  local ok, err = own:flush()
  return tostring(ok) .. " " .. err.code .. " " .. err.failed
end) } }
location = /stats { content_by_lua_block { app.say(require("cjson").encode, queue:stats()) } }
location = /note { content_by_lua_block { app.say(function() return ngx.shared.notes:get(ngx.var.arg_name) end) } }
]]

local BALANCER = [[ upstream balanced { server 127.0.0.1:1; balancer_by_lua_block { app.note("balancer", put, "balancer") } } ]]

describe("a background queue in nginx", function()
  local conn, tbl, server

  local function start(wait, http)
    server = nginx.start({ server = SERVER, http = BALANCER .. (http or ""),
      init = (INIT:gsub("TABLE", tbl.name):gsub("WAIT", wait)) })
  end

  setup(function()
    conn = helper.connect()
    tbl = helper.create_table(conn)
  end)
  teardown(function()
    nginx.stop()
    assert(tbl:delete())
    conn:close()
  end)

  local function note(name) return (select(2, server.get("/note?name=" .. name))) end

  local function wait_for(is_done)
    local deadline = curl.now() + 10
    while not is_done() do
      assert(curl.now() < deadline, "it did not happen")
      curl.sleep(0.02)
    end
  end

  local function get(id) return tbl:get_item(id, { consistent_read = true }) end

  describe("that sends soon", function()
    setup(function() start(0.05) end)
    teardown(function() server.stop() end)

    for _, phase in ipairs({ "log", "header_filter", "body_filter", "set", "balancer" }) do
      it("takes writes in " .. phase .. "_by_lua, and sends them", function()
        server.get("/" .. phase)
        wait_for(function() return get(phase) end)
        assert.equal(phase, get(phase).phase)
        assert.equal("ok true", note(phase))
      end)
    end

    it("counts the requests of many clients, one update each", function()
      local waiting = {}
      for i = 1, 40 do waiting[i] = server.ask("/count") end
      for _, finish in ipairs(waiting) do finish() end
      wait_for(function()
        local item = get("hits")
        return item and item.n == 40
      end)
    end)

    it("flushes where the caller can wait, and raises where it cannot", function()
      assert.same({ 200, "true" }, { server.get("/flush") })
      assert.equal("content", get("flush").phase)
      server.get("/flush_in_log")
      wait_for(function() return note("flush") ~= "nil" end)
      assert.matches("^failed .*flush: nothing can wait in log_by_lua%*", note("flush"))
    end)

    it("goes on when on_drop raises, and tells the failure to flush", function()
      server.get("/flush")
      assert.same({ 200, "nil ConditionalCheckFailedException 1" }, { server.get("/raising") })
      wait_for(function() return get("after") end)
      wait_for(function() return server.log():find("from on_drop", 1, true) end)
    end)

    it("refuses writes in the master process", function()
      assert.matches("^failed .*put: not possible in init_by_lua%*, since each worker would send it", note("init"))
    end)

    it("counts what it holds and what it wrote", function()
      local stats = cjson.decode((select(2, server.get("/stats"))))
      assert.same({ 0, 0, 0, 0 }, { stats.queued, stats.bytes, stats.dropped, stats.failed })
      assert.is_true(stats.written >= 46, stats.written)
    end)
  end)

  it("is flushed when the worker exits before its timer is due", function()
    start(60)
    server.get("/log")
    wait_for(function() return note("log") == "ok true" end)
    assert(tbl:delete_item("log"))
    assert.equal(1, cjson.decode((select(2, server.get("/stats")))).queued)
    server.stop()
    assert.equal("log", get("log").phase)
  end)

  it("is flushed by close in exit_worker_by_lua, also what is put there", function()
    start(60, "exit_worker_by_lua_block { put('exit_worker') assert(queue:close()) }")
    server.stop()
    assert.equal("exit_worker", get("exit_worker").phase)
  end)
end)

describe("the nginx.conf of doc/background.md", function()
  it("counts requests", function()
    local conn = helper.connect()
    local pages = assert(conn:create_table({ name = helper.table_name(), schema = conn:create_schema("path", "S") }))
    assert(pages:wait_until_active())
    local text = files.read("doc/background.md"):match("\n```nginx\n(.-)```")
    local changes = { ['region = "eu%-west%-1"'] = ('region = "us-east-1", endpoint_url = %q'):format(helper.endpoint()),
      ['conn:table%("pages"'] = ('conn:table(%q'):format(pages.name), ["proxy_pass http://application;"] = "return 200;" }
    for old, new in pairs(changes) do
      local count
      text, count = text:gsub(old, new)
      assert.equal(1, count, old)
    end
    local server = nginx.start({ whole = "events { }\nhttp {\n" .. text .. "\n}\n" })
    for _ = 1, 3 do assert.equal(200, (server.get("/hello"))) end
    server.stop()
    assert.equal(3, assert(pages:get_item("/hello")).hits)
    assert(pages:delete())
    conn:close()
  end)
end)

describe("a background queue in nginx, with a service that hangs,", function()
  it("sends in exit_worker_by_lua what a timer did not finish", function()
    local slow = scripted.start({ { { wait = "request" }, { delay = 20000 } } },
      { rest = { { wait = "request" }, { send = scripted.response("{}") }, { again = true } } })
    local server = nginx.start({ init = ([[
      app = require("nginx_handlers")
      local conn = app.connect("http://127.0.0.1:PORT")
      queue, tbl = conn:background({ wait = 0.01 }), conn:table("t", { hash_key = "id" })
    ]]):gsub("PORT", tostring(slow.port)), server = [[
      location = /put { content_by_lua_block { app.say(queue.put, queue, tbl, { id = "a" }) } }
    ]], http = "exit_worker_by_lua_block { assert(queue:close()) }" })
    assert.same({ 200, "true" }, { server.get("/put") })
    local deadline = curl.now() + 10
    while #slow.requests() < 1 and curl.now() < deadline do curl.sleep(0.02) end
    server.stop()
    assert.is_true(#slow.requests() >= 2) -- nginx may let the timer itself send it again
    slow.stop()
  end)
end)
