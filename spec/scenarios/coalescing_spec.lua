-- Loaders and shared reads inside nginx: light threads of one request, requests of one worker, and leaders that are killed.

local curl = require("dynamodb.transport.curl")
local helper = dofile("spec/support/helper.lua")
local nginx = dofile("spec/support/nginx_server.lua")
local scripted = dofile("spec/support/scripted_server.lua")

if nginx.is_pending(pending, "coalescing in nginx") then return end

local ITEM = '{"Item":{"id":{"S":"a"},"n":{"N":"7"}}}'
local SLOW = { { wait = "request" }, { delay = 400 }, { send = scripted.response(ITEM) }, { again = true } }

describe("in nginx", function()
  local conn, tbl, server, slow

  setup(function()
    conn = helper.connect()
    tbl = helper.create_table(conn)
    local puts = {}
    for i = 1, 64 do puts[i] = { id = "k" .. i, n = i } end
    assert(tbl:batch_write({ put = puts }))
    server = nginx.start({ init = "app = require('nginx_handlers')", server = ([[
location = /load { content_by_lua_block { app.say(app.load, "TABLE") } }
location = /shared { content_by_lua_block { app.say(app.get_shared) } }
location = /killed { content_by_lua_block { app.say(app.get_killed) } }
location = /after_kill { content_by_lua_block { app.say(app.get_after_kill) } }
]]):gsub("TABLE", tbl.name) })
  end)
  teardown(function()
    server.stop()
    assert(tbl:delete())
    conn:close()
  end)
  before_each(function() slow = scripted.start({}, { rest = SLOW }) end)
  after_each(function() slow.stop() end)

  it("a loader reads 64 keys of 64 light threads by one request", function()
    assert.same({ 200, "1 1" }, { server.get("/load") })
  end)

  it("identical reads of many requests share one", function()
    local waiting = {}
    for i = 1, 20 do waiting[i] = server.ask("/shared?port=" .. slow.port) end
    for _, wait in ipairs(waiting) do assert.same({ 200, "7" }, { wait() }) end
    assert.equal(1, #slow.requests())
    assert.same({ 200, "7" }, { server.get("/shared?port=" .. slow.port) })
    assert.equal(2, #slow.requests())
  end)

  it("a light thread goes on when the one whose response it waits for is killed", function()
    local start = curl.now()
    assert.same({ 200, "7" }, { server.get("/after_kill?port=" .. slow.port) })
    assert.is_true(curl.now() - start < 5)
    assert.equal(2, #slow.requests())
  end)
end)

-- A worker's connections belong to the address that they were made for, so both locations must have the same one.
describe("in nginx, of two requests", function()
  local server, slow

  setup(function()
    slow = scripted.start({}, { rest = SLOW })
    server = nginx.start({ init = "app = require('nginx_handlers')", server = ([[
location = /get { content_by_lua_block {
  if ngx.var.http_host and not killed_once then
    killed_once = true
    return app.say(app.get_killed)
  end
  app.say(app.get_shared)
} }
]]) })
  end)
  teardown(function()
    server.stop()
    slow.stop()
  end)

  it("one goes on when the other, whose response it waits for, was killed", function()
    local path, start = "/get?port=" .. slow.port, curl.now()
    local first = server.ask(path)
    curl.sleep(0.03)
    local second = server.ask(path)
    assert.same({ 200, "killed" }, { first() })
    assert.same({ 200, "7" }, { second() })
    assert.is_true(curl.now() - start < 10)
    assert.equal(2, #slow.requests())
  end)
end)
