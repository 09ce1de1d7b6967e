-- The pool and its requests when memory runs out at any allocation: no slot, waiting request or socket is lost,
-- no count is wrong, and the next requests work.
local curl = require("dynamodb.transport.curl")
local failures = dofile("spec/support/memory_failures.lua")
local helper = dofile("spec/support/helper.lua")
local loop = require("dynamodb.loop")
local pool = require("dynamodb.http.pool")
local round_trip = require("dynamodb.http.round_trip")

local REQUEST = "POST / HTTP/1.1\r\nhost: spec\r\ncontent-length: 2\r\n\r\n{}"
local RESPONSE = helper.response(200, "{}")
local PARTS = { RESPONSE:sub(1, 20), RESPONSE:sub(21) }
local LIMIT = 2 -- connections
local WEAK = { __mode = "k" }

describe("when memory runs out,", function()
  -- A transport whose sockets are counted, until they are closed or collected, and which allocates little.
  local function new_transport()
    local own = { sockets = setmetatable({}, WEAK), most = 0, pause = nil, breaks = false }
    own.now, own.sleep, own.waiter, own.process = curl.now, curl.sleep, curl.waiter, curl.process
    function own.open()
      local count = 0
      for _ in pairs(own.sockets) do count = count + 1 end
      return count
    end
    function own.connect()
      local socket = { parts = 0, is_stale = own.breaks }
      own.sockets[socket] = true
      own.most = math.max(own.most, own.open())
      if own.pause then own.pause() end
      return socket
    end
    function own.send(socket)
      socket.parts = 0
      return true
    end
    function own.receive(socket)
      if own.pause then own.pause() end
      socket.parts = socket.parts + 1
      if not socket.is_stale and PARTS[socket.parts] then return PARTS[socket.parts] end
      return nil, "closed", "closed"
    end
    function own.close(socket) own.sockets[socket] = nil end
    function own.idle() return true end
    return own
  end

  local function new_pool(transport)
    return pool.new(transport, { url = "http://spec" }, { connect_timeout = 60, attempt_timeout = 60,
      max_connections = LIMIT })
  end

  -- Sends a request -> connection | nil, failure.
  local function send(own, deadline, timeout)
    local done, result = round_trip.send(own, REQUEST, #REQUEST, nil, nil, deadline, timeout)
    if done then return result end
    return nil, result
  end

  local function ask(own)
    local connection, failure = send(own)
    if not connection then error(failure.message, 0) end
    assert(connection.response:status() == 200 and connection.response:body() == "{}")
    pool.release(own, connection)
  end

  -- Asserts that all slots of the pool are free, and that it counts exactly the sockets that are open.
  local function assert_whole(own, transport, where)
    transport.breaks = false
    local function check(expected, found, what)
      assert(expected == found, ("%s: %s: %s expected, got %s"):format(where, what, tostring(expected), tostring(found)))
    end
    collectgarbage()
    collectgarbage()
    check(transport.open(), pool.count_open(own), "connections")
    local held = {}
    for i = 1, LIMIT do held[i] = assert(send(own)) end
    local before = curl.now()
    local connection, failure = send(own, before + 5, 0.001)
    if connection then -- where nothing else can run, a request does not wait for the limit
      assert(connection.is_extra, where .. ": more than the limit")
      pool.release(own, connection)
    else
      check("timeout", failure.kind, "kind")
    end
    for i = 1, LIMIT do pool.release(own, held[i]) end
    check(LIMIT, pool.count_open(own), "connections after " .. LIMIT .. " requests")
    check(LIMIT, transport.open(), "sockets after " .. LIMIT .. " requests")
    local opened = own.stats.opened
    ask(own)
    check(opened, own.stats.opened, "connections opened while some are idle")
  end

  -- Runs operation(pool, transport) with each of its allocations failing, each time with a pool of its own.
  local function survive(step, prepare, operation)
    local own, transport
    local function renew()
      transport = new_transport()
      own = new_pool(transport)
      prepare(own, transport)
    end
    renew()
    local count = failures.each(step, function() operation(own, transport) end, function(n)
      assert_whole(own, transport, "failure " .. n)
      renew()
    end)
    assert.is_true(count > 3, ("only %d failures"):format(count))
    assert_whole(own, transport, "without a failure")
  end

  local function nothing() end

  it("a request on a new connection leaves no slot taken", function()
    survive(1, nothing, ask)
  end)

  it("a request on a kept connection leaves no slot taken", function()
    survive(1, ask, function(own)
      local list = {} -- luacheck: ignore 241
      for i = 1, 3 do
        list[i] = {}
        ask(own)
      end
    end)
  end)

  it("a request that is sent again leaves no slot taken", function()
    survive(1, function(own, transport)
      ask(own)
      for socket in pairs(transport.sockets) do socket.is_stale = true end
    end, ask)
  end)

  it("a request that fails leaves no slot taken", function()
    survive(1, function(_, transport) transport.breaks = true end, function(own, transport)
      local connection, failure = send(own)
      transport.breaks = false
      assert(not connection)
      assert(failure.kind == "network", failure.message)
    end)
  end)

  it("the pool can be closed again, and all its sockets are closed", function()
    local own, transport
    local function renew()
      transport = new_transport()
      own = new_pool(transport)
      local held = {}
      for i = 1, LIMIT do held[i] = assert(send(own)) end
      for i = 1, LIMIT do pool.release(own, held[i]) end
    end
    renew()
    failures.each(1, function()
      local list = {} -- luacheck: ignore 241
      pool.close(own)
      list[1] = {}
    end, function(n)
      pool.close(own)
      assert(pool.count_open(own) == 0 and transport.open() == 0, "failure " .. n)
      renew()
    end)
    assert.same({ 0, 0 }, { pool.count_open(own), transport.open() })
  end)

  describe("tasks that wait for a slot", function()
    local TASKS = 5

    -- Sends requests as tasks, of which most wait.
    local function ask_in_tasks(own, transport)
      transport.pause = function() loop.sleep(0) end
      local ok, why = pcall(loop.run, function()
        local tasks = {}
        for i = 1, TASKS do tasks[i] = loop.spawn(ask, own) end
        for i = 1, TASKS do
          local _, err = tasks[i]:wait()
          if err then error(err, 0) end
        end
      end)
      transport.pause = nil
      if not ok then error(why, 0) end
    end

    it("are woken and counted: the next ones get all slots at once", function()
      local function whole(own, transport, where)
        transport.pause = nil
        loop.run() -- what the failed run left behind
        transport.most = 0
        local started = curl.now()
        ask_in_tasks(own, transport)
        assert(curl.now() - started < 30, where .. ": a request waited for its timeout")
        assert(transport.most <= LIMIT, where .. ": more than the limit")
      end
      local own, transport
      local function renew()
        transport = new_transport()
        own = new_pool(transport)
      end
      renew()
      local count = failures.each(11, function() ask_in_tasks(own, transport) end, function(n)
        whole(own, transport, "failure " .. n)
        assert_whole(own, transport, "failure " .. n)
        renew()
      end)
      assert.is_true(count > 10, ("only %d failures"):format(count))
      assert_whole(own, transport, "without a failure")
    end)

    it("are not forgotten by a release: those that wait go on while a request runs out of memory", function()
      local count = 0
      local own, transport, served
      local function renew()
        transport = new_transport()
        own, served = new_pool(transport), 0
      end
      renew()
      loop.run(function()
        local function waiting()
          ask(own)
          served = served + 1
        end
        local held, tasks
        local function prepare()
          renew()
          held, tasks = {}, {}
          for i = 1, LIMIT do held[i] = assert(send(own)) end
          for i = 1, TASKS do tasks[i] = loop.spawn(waiting) end
          loop.sleep(0) -- until all wait
          assert(served == 0, "a task did not wait")
        end
        prepare()
        count = failures.each(1, function()
          local list = {} -- luacheck: ignore 241
          for i = 1, LIMIT do
            local connection = held[i]
            held[i] = false
            pool.release(own, connection)
            list[i] = {}
          end
        end, function(n)
          for i = 1, LIMIT do
            if held[i] then pool.release(own, held[i]) end
          end
          for i = 1, TASKS do
            local _, err = tasks[i]:wait()
            assert(not err, ("failure %d: %s"):format(n, tostring(err)))
          end
          assert(served == TASKS and pool.count_open(own) == transport.open(), "failure " .. n)
          prepare()
        end)
        for i = 1, TASKS do tasks[i]:wait() end
        assert(served == TASKS)
      end)
      assert.is_true(count > 0)
    end)
  end)
end)
