-- Hedged reads inside nginx: both requests run in light threads, of which the one that is too late is killed.

local curl = require("dynamodb.transport.curl")
local nginx = dofile("spec/support/nginx_server.lua")
local scripted = dofile("spec/support/scripted_server.lua")

if nginx.is_pending(pending, "hedged reads in nginx") then return end

local function steps(n, delay, status)
  local body = ('{"Item":{"id":{"S":"a"},"n":{"N":"%d"}}}'):format(n)
  return { { wait = "request" }, { delay = delay or 0 }, { send = scripted.response(body, status) }, { again = true } }
end

describe("a hedged read in nginx", function()
  local server, slow

  setup(function()
    server = nginx.start({ init = "app = require('nginx_handlers')", server = [[
location = /hedged { content_by_lua_block { app.say(app.get_hedged, tonumber(ngx.var.arg_n)) } }
location = /killed { content_by_lua_block { app.say(app.get_hedged_killed) } }
location = /closed { content_by_lua_block { app.say(app.close_hedged) } }
]] })
  end)
  teardown(function() server.stop() end)
  after_each(function() slow.stop() end)

  -- Starts a server with these connections, and asks nginx for that path -> status, body, seconds.
  local function get(path, connections, rest)
    slow = scripted.start(connections, { rest = rest })
    local began = curl.now()
    local status, body = server.get(("%sport=%d"):format(path, slow.port))
    return status, body, curl.now() - began
  end

  it("is sent once when the response begins in time", function()
    local status, body = get("/hedged?n=3&after=5&", { steps(1) })
    assert.same({ 200, "1,1,1: 0 0 3 0" }, { status, body })
    assert.equal(1, slow.connections()) -- nginx has kept it
  end)

  it("uses the second response when it comes first, and the request of nginx ends with it", function()
    local status, body, seconds = get("/hedged?n=3&after=0.3&", { steps(1, 5000), steps(2) })
    assert.same({ 200, "2,2,2: 1 1 4 0" }, { status, body })
    assert.is_true(seconds < 3, seconds)
    assert.equal(2, slow.connections())
  end)

  it("uses the first response when it comes first, and its connection again", function()
    local status, body, seconds = get("/hedged?n=2&after=0.3&", { { { wait = "request" }, { delay = 600 }, steps(1)[3],
      { wait = "request" }, steps(3)[3] }, steps(2, 5000) })
    assert.same({ 200, "1,3: 1 0 3 0" }, { status, body })
    assert.is_true(seconds < 3, seconds)
    assert.equal(2, slow.connections())
  end)

  it("waits for the other response when one is an error that another attempt may not meet", function()
    local status, body = get("/hedged?", { steps(1, 300), steps(2, 0, 500) })
    assert.same({ 200, "1: 1 0 2 0" }, { status, body })
  end)

  it("never reads bytes of a response that came too late", function()
    local status, body = get("/hedged?n=40&", {}, { { wait = "request" }, { delay = 60 }, steps(7)[3], { again = true } })
    local sum = {}
    for i = 1, 40 do sum[i] = "7" end
    assert.equal(200, status)
    assert.equal(table.concat(sum, ","), body:match("^[%d,]+"))
    assert.equal(tostring(#slow.requests()), body:match("(%d+) %d+$"))
  end)

  it("is ended when its light thread is killed", function()
    local status, body, seconds = get("/killed?", {}, steps(1, 3000))
    assert.same({ 200, "killed" }, { status, body })
    assert.equal(2, #slow.requests())
    assert.is_true(seconds < 2, seconds) -- its jobs have ended as well
  end)

  it("ends when its connection is closed", function()
    local status, body = get("/closed?", {}, steps(1, 3000))
    assert.same({ 200, "ConnectionClosed true" }, { status, body })
  end)
end)
