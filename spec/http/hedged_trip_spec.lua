-- Two requests for one read against a server whose first connection is slow: which response is used, and what becomes of the
-- connections.

local curl = require("dynamodb.transport.curl")
local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")
local scripted = dofile("spec/support/scripted_server.lua")

local loop, now = dynamodb.loop, curl.now

local function item(n, status) return scripted.response(('{"Item":{"id":{"S":"a"},"n":{"N":"%d"}}}'):format(n), status) end

local function failure(code, status) return scripted.response(('{"__type":"x#%s","message":"no"}'):format(code), status) end

-- The steps of a connection that sends this for each request after a delay.
local function steps(bytes, delay)
  return { { wait = "request" }, { delay = delay or 0 }, { send = bytes }, { again = true } }
end

describe("a hedged read", function()
  local server, conn, tbl

  -- Starts a server with these connections. The client sends again after 0.05 s.
  local function start(connections, options)
    server = scripted.start(connections)
    local given = { hedge = { after = 0.05, budget = 1 }, retry_mode = "off" }
    for name, value in pairs(options or {}) do given[name] = value end
    conn = scripted.connect(server, given)
    tbl = conn:table("t", { hash_key = "id" })
  end

  -- Reads an item in a task -> what get_item returns, and the seconds that it took.
  local function read(options)
    local results, seconds
    loop.run(function()
      local began = now()
      results = { tbl:get_item("a", options) }
      seconds = now() - began
    end)
    return results[1], results[2], seconds
  end

  after_each(function()
    conn:close()
    server.stop()
  end)

  -- Checks requests sent, hedges and hedges won, and connections that are open.
  local function expect(requests, hedges, won, open)
    local stats = conn:stats()
    assert.same({ requests, hedges, won, open, 0 },
      { stats.attempts, stats.hedges, stats.hedges_won, stats.connections_open, stats.retries })
    assert.equal(requests, #server.requests())
  end

  it("is sent once when the response begins in time", function()
    start({ steps(item(1)) }, { hedge = { after = 5, budget = 1 } })
    for _ = 1, 3 do assert.equal(1, read().n) end
    expect(3, 0, 0, 1)
  end)

  it("uses the second response when it comes first, and closes the first connection", function()
    start({ steps(item(1), 1000), steps(item(2)) })
    local got, _, seconds = read()
    assert.equal(2, got.n)
    assert.is_true(seconds < 0.5)
    expect(2, 1, 1, 1)
    local requests = server.requests()
    assert.equal(requests[1], requests[2])
    assert.equal(2, read().n) -- by the connection that is left
    assert.equal(2, server.connections())
  end)

  it("uses the first response when it comes first, and closes the second connection", function()
    start({ steps(item(1), 200), steps(item(2), 1000) })
    assert.equal(1, read().n)
    expect(2, 1, 0, 1)
    assert.equal(1, read().n)
    assert.equal(1, conn:stats().connections_open)
  end)

  it("uses an idle connection for the second request", function()
    start({ { { wait = "request" }, { delay = 400 }, { send = item(1) }, { wait = "request" }, { delay = 3000 } },
      steps(item(2)) }, { hedge = { after = 1, budget = 1 } }) -- the first connection becomes idle last
    loop.run(function()
      for _ = 1, 2 do loop.spawn(function() assert(tbl:get_item("a")) end) end
    end)
    assert.equal(2, conn:stats().connections_open)
    assert.equal(2, read().n)
    assert.equal(2, server.connections())
    expect(4, 1, 1, 1)
  end)

  it("does not send again a read whose response has begun", function()
    local bytes = item(1)
    start({ { { wait = "request" }, { send = bytes:sub(1, 20) }, { delay = 800 }, { send = bytes:sub(21) }, { again = true } } },
      { hedge = { after = 0.4, budget = 1 } })
    assert.equal(1, read().n)
    assert.equal(1, read().n) -- by the same connection
    expect(2, 0, 0, 1)
    assert.equal(1, server.connections())
  end)

  it("waits for the other response when the first one is an error that another attempt may not meet", function()
    start({ steps(item(1), 300), steps(failure("InternalServerError", 500)) })
    assert.equal(1, read().n)
    expect(2, 1, 0, 2)
  end)

  it("waits for the other response when a connection breaks or a response is damaged", function()
    local broken = { { wait = "request" }, { close = true } }
    local damaged = steps(scripted.response('{"Item":', 200))
    for _, second in ipairs({ broken, damaged }) do
      start({ steps(item(1), 300), second })
      assert.equal(1, read().n)
      assert.same({ 2, 1, 0 }, { conn:stats().attempts, conn:stats().hedges, conn:stats().hedges_won })
      conn:close()
      server.stop()
    end
    start({ { { wait = "request" }, { delay = 150 }, { close = true } }, steps(item(2), 300) })
    assert.equal(2, read().n)
    expect(2, 1, 1, 1)
  end)

  it("takes an error at once that another attempt would meet again", function()
    start({ steps(item(1), 1000), steps(failure("ResourceNotFoundException", 400)) })
    local got, err, seconds = read()
    assert.is_nil(got)
    assert.same({ "ResourceNotFoundException", 2 }, { err.code, err.attempts })
    assert.is_true(seconds < 0.5)
    expect(2, 1, 1, 1)
  end)

  it("returns an error with the number of requests when both fail", function()
    start({ steps(failure("InternalServerError", 500), 200), steps(failure("InternalServerError", 500), 10) })
    local _, err = read()
    assert.same({ "InternalServerError", 2, "off" }, { err.code, err.attempts, err.retry_stopped })
    expect(2, 1, 0, 2)
    conn:close()
    start({ { { wait = "request" }, { delay = 150 }, { close = true } }, { { wait = "request" }, { close = true } } })
    _, err = read()
    assert.same({ "network", 2 }, { err.kind, err.attempts })
    expect(2, 1, 0, 0)
  end)

  it("counts retries and hedges apart", function()
    start({ { { wait = "request" }, { delay = 150 }, { send = failure("InternalServerError", 500) }, { wait = "request" },
      { send = item(1) } }, steps(failure("InternalServerError", 500), 150) }, { retry_mode = "standard" })
    local got = read()
    assert.is_truthy(got or conn:stats().failures == 1)
    local stats = conn:stats()
    assert.equal(#server.requests(), stats.attempts)
    assert.equal(stats.attempts - 1 - stats.hedges, stats.retries)
    assert.is_true(stats.hedges >= 1 and stats.retries >= 1)
  end)

  it("ends both requests at the deadline and at the time of an attempt", function()
    for name, options in pairs({ deadline = { deadline = 0.3 }, attempt_timeout = { attempt_timeout = 0.3 } }) do
      start({ steps(item(1), 2000), steps(item(2), 2000) })
      local got, err, seconds = read(options)
      assert.is_nil(got, name)
      assert.same({ "timeout", 2 }, { err.kind, err.attempts }, name)
      assert.is_true(seconds > 0.25 and seconds < 1, name)
      assert.equal(0, conn:stats().connections_open, name)
      conn:close()
      server.stop()
    end
  end)

  it("closes both connections when its task is cancelled", function()
    start({ steps(item(1), 2000), steps(item(2), 2000) })
    local err
    loop.run(function()
      local task = loop.spawn(function() return tbl:get_item("a") end)
      loop.sleep(0.2)
      assert.equal(2, conn:stats().connections_open)
      task:cancel()
      err = select(2, task:wait())
    end)
    assert.equal("Cancelled", err.code)
    local stats = conn:stats()
    assert.same({ 1, 0, 0 }, { stats.hedges, stats.hedges_won, stats.connections_open })
  end)

  it("ends when the connection is closed", function()
    start({ steps(item(1), 2000), steps(item(2), 2000) })
    local err, seconds
    loop.run(function()
      local task = loop.spawn(function() return tbl:get_item("a") end)
      loop.sleep(0.2)
      local began = now()
      conn:close()
      err = select(2, task:wait())
      seconds = now() - began
    end)
    assert.same({ "ConnectionClosed", 2 }, { err.code, err.attempts })
    assert.is_true(seconds < 0.5)
  end)

  it("opens no connection beyond max_connections", function()
    start({ steps(item(1), 300) }, { max_connections = 1 })
    assert.equal(1, read().n)
    expect(1, 0, 0, 1)
  end)

  it("is sent again by another connection when an idle one was closed", function()
    start({ { { wait = "request" }, { send = item(1) }, { wait = "request" }, { close = true } }, steps(item(2)) },
      { hedge = { after = 5, budget = 1 } })
    assert.equal(1, read().n)
    assert.equal(2, read().n)
    assert.equal(3, #server.requests())
    assert.same({ 2, 0, 1 }, { conn:stats().attempts, conn:stats().hedges, conn:stats().connections_open })
  end)

  it("keeps the pool usable when a hook raises", function()
    start({ steps(item(1), 1000), steps(item(2)) }, { hooks = { response_received = function() error("hook", 0) end } })
    loop.run(function() assert.same({ false, "hook" }, { pcall(tbl.get_item, tbl, "a") }) end)
    assert.equal(1, conn:stats().connections_open)
  end)

  it("leaves neither descriptors nor tasks behind", function()
    start({}, { max_connections = 4 })
    conn:close()
    server.stop()
    server = scripted.start({}, { rest = steps(item(1), 80) })
    local before
    for round = 1, 6 do
      conn = scripted.connect(server, { hedge = { after = 0.02, budget = 1 } })
      tbl = conn:table("t", { hash_key = "id" })
      loop.run(function()
        for _ = 1, 4 do loop.spawn(function() assert(tbl:get_item("a")) end) end
      end)
      assert.is_true(conn:stats().hedges >= 1)
      conn:close()
      helper.collect()
      if round == 1 then before = helper.descriptors() end
    end
    assert.equal(before, helper.descriptors())
  end)
end)
