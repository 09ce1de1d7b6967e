-- Locks under contention: tasks, processes and requests of nginx that want the same lock while responses are lost and holders
-- are killed. No token is given twice, and tokens only rise.

local dynamodb = require("dynamodb")
local curl = require("dynamodb.transport.curl")
local helper = dofile("spec/support/helper.lua")
local nginx = dofile("spec/support/nginx_server.lua")
local process = dofile("spec/support/child_process.lua")
local system = require("dynamodb.base.system")
local testing = require("dynamodb.testing")

local TASKS, CONNECTIONS, TURNS = 16, 4, 4
local WORKERS, ROUNDS, KILLED, LEASE = 3, 12, 3, 1

local function lose_something(faults)
  if system.random() < 0.5 then return end
  faults:add({ operation = "UpdateItem", [system.random() < 0.5 and "lost_response" or "lost_request"] = true,
    times = 1 + math.floor(system.random() * 5) })
end

describe("contenders for a lock", function()
  local conn, tbl
  setup(function()
    conn = helper.connect()
    tbl = helper.create_table(conn)
  end)
  teardown(function()
    assert(tbl:delete())
    conn:close()
  end)

  it("that are tasks hold it one after the other, with rising tokens, though responses are lost", function()
    local scripts, tables, inside, tokens = {}, {}, 0, {}
    for i = 1, CONNECTIONS do
      scripts[i] = testing.faults()
      tables[i] = helper.connect({ transport = scripts[i].transport }):table(tbl.name, { hash_key = "id" })
    end
    local function contend(i)
      local mine, lock, err = tables[i % CONNECTIONS + 1]
      for _ = 1, TURNS do
        lose_something(scripts[i % CONNECTIONS + 1])
        repeat
          lock, err = mine:lock("tasks", { lease = 300, wait = 100, interval = 0.1 })
          assert(lock or err.ambiguous, err)
        until lock
        inside = inside + 1
        assert.equal(1, inside)
        tokens[#tokens + 1] = lock.token
        dynamodb.loop.sleep(0)
        inside = inside - 1
        repeat
          local ok, why = lock:release()
          assert(ok or why.ambiguous or why.retryable, why)
        until ok
      end
    end
    dynamodb.loop.run(function()
      for i = 1, TASKS do dynamodb.loop.spawn(contend, i) end
    end)
    assert.equal(TASKS * TURNS, #tokens)
    for i = 2, #tokens do assert.is_true(tokens[i] > tokens[i - 1]) end
    for _, faults in ipairs(scripts) do
      assert.is_true(#faults.requests > 0)
      pcall(faults.finish, faults) -- the last faults may have met no request
    end
  end)

  it("that are processes never have the same token, though holders are killed and responses are lost", function()
    local waiting, outputs = {}, {}
    for i = 1, WORKERS do waiting[i] = process.start("lock_process.lua", tbl.name, "processes", ROUNDS, LEASE) end
    for i = 1, KILLED do
      local wait, pipe = process.start("lock_process.lua", tbl.name, "processes", 0, LEASE)
      local pid, line = assert(pipe:read("*l")), assert(pipe:read("*l"))
      curl.sleep(0.3)
      assert(os.execute("kill -KILL " .. pid))
      outputs[i] = pid .. "\n" .. line .. "\n" .. wait()
    end
    for i, wait in ipairs(waiting) do outputs[KILLED + i] = wait() end
    local seen, count, written, highest = {}, 0, 0, 0
    for _, output in ipairs(outputs) do
      local last = 0
      for text, outcome in output:gmatch("(%d+) (%a+)\n") do
        local token = tonumber(text)
        assert.is_nil(seen[token], "token " .. text .. " twice")
        assert.is_true(token > last)
        seen[token], last, count = true, token, count + 1
        if outcome == "written" then written, highest = written + 1, math.max(highest, token) end
      end
    end
    assert.equal(WORKERS * ROUNDS + KILLED, count, table.concat(outputs, "--\n"))
    local resource = assert(tbl:get_item("resource", { consistent_read = true }))
    assert.same({ written, highest }, { resource.writes, resource.last })
    assert.is_true(tbl:get_item("processes", { consistent_read = true }).lock_token >= count)
  end)

  if nginx.is_pending(pending, "locks in nginx") then return end

  describe("in nginx", function()
    local server
    setup(function()
      server = nginx.start({ workers = 2, init = "app = require('nginx_handlers')", server = ([[
location = /lock { content_by_lua_block { app.say(app.lock, "TABLE", "nginx", { lease = 60, wait = 50, interval = 0.05 }) } }
location = /beats { content_by_lua_block { app.say(app.lock_with_heartbeats, "TABLE", "beats") } }
location = /left { content_by_lua_block { app.say(app.lock_left, "TABLE", "left") } }
]]):gsub("TABLE", tbl.name) })
    end)
    teardown(function() server.stop() end)

    it("that are requests of two workers hold it one after the other", function()
      local pending_responses, seen = {}, {}
      for i = 1, 20 do pending_responses[i] = server.ask("/lock") end
      for _, wait in ipairs(pending_responses) do
        local status, text = wait()
        assert.equal(200, status, text)
        assert.is_nil(seen[text])
        seen[text] = true
      end
      for token = 1, 20 do assert.is_true(seen[tostring(token)]) end
    end)

    it("keep it by heartbeats of a light thread", function()
      assert.same({ 200, "LockNotAcquired true true 0" }, { server.get("/beats") })
    end)

    it("do not hold up the end of a request that has not released it", function()
      local start = curl.now()
      assert.same({ 200, "1" }, { server.get("/left") })
      assert.is_true(curl.now() - start < 5)
    end)
  end)
end)
