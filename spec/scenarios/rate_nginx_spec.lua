-- A rate in a real nginx: the light threads of all requests of a worker share that of their connection, and waiting for it blocks
-- nothing else.

local curl = require("dynamodb.transport.curl")
local helper = dofile("spec/support/helper.lua")
local nginx = dofile("spec/support/nginx_server.lua")

if nginx.is_pending(pending, "a rate in nginx") then return end

-- Each read consumes half a unit, and each write one.
local INIT = [[
  app = require("nginx_handlers")
  local dynamodb = require("dynamodb")
  limited = dynamodb.connect({ endpoint_url = os.getenv("AWS_ENDPOINT_URL_DYNAMODB"), region = "us-east-1", rate = { read = 2 } })
  tbl = limited:table("TABLE", { hash_key = "id" })
  function read_four()
    local calls = {}
    for i = 1, 4 do calls[i] = function() return tbl:get_item("a") end end
    local _, errs = dynamodb.gather(calls)
    return errs and tostring(errs[1]) or "read"
  end
]]

local SERVER = [[
location = /reads { content_by_lua_block { app.say(read_four) } }
location = /write { content_by_lua_block { app.say(function() return assert(tbl:put_item({ id = "b" })) end) } }
location = /late { content_by_lua_block { app.say(function()
  for _ = 1, 9 do
    local _, err = tbl:get_item("a", { deadline = 0.2 })
    if err then return err.kind .. ": " .. err.message end
  end
end) } }
location = /scan { content_by_lua_block { app.say(function()
  local count = 0
  for item in tbl:scan({ segments = 4, rate = 1000, on_progress = function(done) count = done end }) do end
  return count
end) } }
]]

describe("a rate in nginx", function()
  local conn, tbl, server

  setup(function()
    conn = helper.connect()
    tbl = helper.create_table(conn)
    assert(tbl:put_item({ id = "a" }))
    server = nginx.start({ init = INIT:gsub("TABLE", tbl.name), server = SERVER })
  end)

  teardown(function()
    nginx.stop()
    assert(tbl:delete())
    conn:close()
  end)

  it("is shared by the light threads of all requests, and blocks no other request", function()
    local began, finish = curl.now(), {}
    for i = 1, 3 do finish[i] = server.ask("/reads") end -- 12 reads: 6 units
    for _ = 1, 5 do
      assert.same({ 200, "true" }, { server.get("/write") })
      assert.equal(200, (server.get("/up")))
    end
    assert.is_true(curl.now() - began < 2)
    for i = 1, 3 do assert.same({ 200, "read" }, { finish[i]() }) end
    local seconds = curl.now() - began
    assert.is_true(seconds > 2.3 and seconds < 20, seconds)
  end)

  it("ends with a deadline", function()
    local _, text = server.get("/late")
    assert.equal("timeout: held back by option 'rate' until the deadline", text)
  end)

  it("holds for segments that are read concurrently, which tell their progress", function()
    local status, text = server.get("/scan")
    assert.equal(200, status, text)
    assert.matches("^[12]$", text)
  end)
end)
