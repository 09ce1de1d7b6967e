-- The limits and the progress of a writer, which all of its batches share, and what its close leaves behind.
-- spec/table/batch_spec.lua has the rest of writers.

local cjson = require("cjson")
local helper = dofile("spec/support/helper.lua")
local loop = require("dynamodb.loop")
local scripted = dofile("spec/support/scripted_server.lua")

local UNKNOWN = '{"__type":"x#ResourceNotFoundException","message":"m"}'

-- Returns a table of a service that accepts every batch: each takes 0.2 seconds and consumes 25 units -> table, transport.
local function start()
  local transport
  transport = helper.fake(function(bytes)
    transport.sleep(0.2)
    local asked = cjson.decode(bytes:match("\r\n\r\n(.*)$")).ReturnConsumedCapacity == "TOTAL"
    return helper.response(200, asked and '{"ConsumedCapacity":[{"TableName":"t","CapacityUnits":25}]}' or "{}")
  end)
  return helper.offline(transport):table("t", { hash_key = "id" }), transport
end

local function put(writer, count)
  for i = 1, count do assert(writer:put({ id = "k" .. i })) end
end

describe("batch_writer", function()
  it("has one rate for all of its batches", function()
    local tbl, transport = start()
    local began = transport.now()
    local writer = tbl:batch_writer({ rate = { write = 50 } })
    put(writer, 250)
    assert.is_true(writer:close())
    assert.is_true(math.abs(transport.now() - began - 4.7) < 0.2, transport.now() - began)
    assert.is_nil(writer.consumed_capacity) -- not asked for
  end)

  it("has one budget for all of its batches, and keeps the entries that are left", function()
    local tbl, transport = start()
    local writer = tbl:batch_writer({ budget = { write = 50 }, return_consumed_capacity = "TOTAL" })
    put(writer, 74)
    local ok, err = writer:put({ id = "k75" })
    assert.same({ nil, "BudgetExceeded", 25, 50 }, { ok, err.code, #err.leftovers, writer.written })
    assert.equal(50, writer.consumed_capacity[1].CapacityUnits)
    ok, err = writer:close()
    assert.same({ nil, "BudgetExceeded", 25, 25 }, { ok, err.code, #err.leftovers, writer.discarded })
    assert.equal(2, #transport.requests)
  end)

  it("tells how much it has written, and what it has collected", function()
    local tbl, told = start(), {}
    local writer = tbl:batch_writer({ on_progress = function(done, total, state)
      told[#told + 1] = { done, state.collected, total }
    end })
    put(writer, 60)
    assert.same({ { 25, 0 }, { 50, 0 } }, told)
    assert(writer:close())
    assert.same({ { 25, 0 }, { 50, 0 }, { 60, 0 }, { 60, 0 } }, told)
    local other = tbl:batch_writer({ on_progress = function(...) told = { ... } end })
    put(other, 3)
    other:discard()
    assert.same({ 0, nil, { collected = 3 } }, told) -- they were not sent
  end)

  -- { how the last request of a writer ends, the response, what it does to the connection }
  for _, case in ipairs({
    { "fails", helper.response(400, UNKNOWN), function() end },
    { "ends with its connection", false, function(conn) conn:close() end },
  }) do
    it("leaves all entries in the error of its close when its last request " .. case[1], function()
      local conn, writer
      conn = helper.offline(helper.fake(function()
        assert(writer:put({ id = "later" }))
        case[3](conn)
        return case[2]
      end))
      writer = conn:table("t", { hash_key = "id" }):batch_writer()
      put(writer, 1)
      local ok, err = writer:close()
      assert.is_nil(ok)
      assert.same({ { put = { id = "k1" }, table = "t" }, { put = { id = "later" }, table = "t" } }, err.leftovers)
      assert.same({ 2, 0 }, { writer.discarded, writer.written })
      assert.is_true(writer:close())
    end)
  end

  it("returns the error of its close to all tasks that wait for it", function()
    local server = scripted.start({ { { wait = "request" }, { delay = 100 }, { send = scripted.response(UNKNOWN, 400) } } })
    local conn, tasks = scripted.connect(server, {}), {}
    local writer = conn:table("t", { hash_key = "id" }):batch_writer()
    put(writer, 1)
    loop.run(function()
      for i, name in ipairs({ "close", "flush", "close" }) do tasks[i] = loop.spawn(writer[name], writer) end
      for i = 1, 3 do
        local ok, err = tasks[i]:wait()
        assert.same({ nil, "ResourceNotFoundException", 1 }, { ok, err.code, #err.leftovers })
      end
    end)
    conn:close()
    server.stop()
  end)

  if _VERSION == "Lua 5.4" then
    it("does not replace the error that leaves its block by one of on_progress", function()
      local tbl = start()
      local run = assert(load([[
        local tbl, more = ...
        local writer <close> = tbl:batch_writer(more)
        writer:put({ id = "a" })
        error("the caller's", 0)
      ]]))
      local ok, err = pcall(run, tbl, { on_progress = function() error("of on_progress", 0) end })
      assert.same({ false, "the caller's" }, { ok, err })
    end)
  end
end)
