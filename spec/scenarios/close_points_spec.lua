-- conn:close() by another task at every point where a call waits: the call has a result or ends with ConnectionClosed. It raises
-- nothing, no task of the library raises, and nothing more is sent.

local curl = require("dynamodb.transport.curl")
local dynamodb = require("dynamodb")
local engines = dofile("spec/support/engines.lua")
local helper = dofile("spec/support/helper.lua")

local loop = dynamodb.loop
local unpack = table.unpack or unpack -- luacheck: ignore 113 143

local MOST_POINTS, SLOW = 200, 5 -- seconds; closing ends every wait

-- Returns libcurl's transport, which calls close() once, at the point number 'at' of those where it waits: while it waits, or
-- after it has waited and before the call goes on.
local function closing_transport(at, is_during, close)
  local own = setmetatable({ points = 0, armed = false, reached = false, closed = false, sent = 0 }, { __index = curl })
  local function pass_point()
    own.points = own.points + 1
    if own.points ~= at then return end
    own.reached = true
    local function close_now()
      own.closed = true
      close()
    end
    if is_during then loop.spawn(close_now) else close_now() end
  end
  local function wrapped(wait)
    return function(...)
      if not own.armed then return wait(...) end
      if is_during then pass_point() end
      local results = { wait(...) }
      if not is_during then pass_point() end
      return unpack(results, 1, 8)
    end
  end
  for _, name in ipairs({ "connect", "receive", "sleep" }) do own[name] = wrapped(curl[name]) end
  local send = wrapped(curl.send)
  function own.send(...)
    if own.closed then own.sent = own.sent + 1 end
    return send(...)
  end
  function own.waiter()
    local waiter = curl.waiter()
    if not waiter then return nil end
    local wait = wrapped(waiter.wait)
    return { wait = function(_, deadline) return wait(waiter, deadline) end, wake = function() return waiter:wake() end }
  end
  return own
end

local function numbered(prefix, count)
  local list = {}
  for i = 1, count do list[i] = { id = prefix .. i, n = i } end
  return list
end

local function keys(count)
  local list = {}
  for i = 1, count do list[i] = "k" .. i end
  return list
end

describe("closing a connection at each point of", function()
  local base, shared, small

  setup(function()
    base = helper.connect({ endpoint_url = helper.unverified() }) -- it stays open
    small = helper.create_table(base)
    shared = assert(base:create_table({ name = helper.table_name(), schema = base:create_schema(helper.HASH),
      global_indexes = { { name = "by_n", hash_key = { "n", "N" } } } }))
    assert(shared:wait_until_active())
    for _, tbl in ipairs({ shared, small }) do assert(tbl:batch_write({ put = numbered("k", 12) })) end
  end)

  teardown(function()
    for _, tbl in ipairs({ shared, small }) do assert(tbl:delete()) end
    base:close()
  end)

  local locks = 0
  local function lock_name()
    locks = locks + 1
    return "lock" .. locks
  end

  -- Returns the table that no call writes.
  local function few(conn) return conn:table(small.name, { hash_key = "id" }) end

  -- Returns the options of a new table.
  local function new_table(conn)
    return { name = helper.table_name(), schema = conn:create_schema(helper.HASH) }
  end

  -- Returns a call of the method of that name that creates a table, which is deleted if it was created.
  local function creating(method)
    return function(_, conn)
      local definition = new_table(conn)
      local tbl, err = conn[method](conn, definition)
      base:delete_table(definition.name)
      return tbl, err
    end
  end

  local function count_up(item) item.n = (item.n or 0) + 1 end

  local function collect(iterate, ...)
    local list = {}
    for each in iterate(...) do list[#list + 1] = each end
    return list
  end

  -- name -> { call(tbl, conn, prepared), prepare(tbl, conn) -> prepared, feature that the server needs, raises = whether the call
  -- raises error objects, as loops do }
  local calls = {
    ["get_item"] = { function(tbl) return tbl:get_item("k1") end },
    ["get_item by the name of a table"] = { function(_, conn) return conn:get_item(shared.name, "k1") end },
    ["put_item"] = { function(tbl) return tbl:put_item({ id = "z" }) end },
    ["increment"] = { function(tbl) return tbl:increment("k3", { path = "n" }) end },
    ["save"] = { function(_, _, item) return item:save() end, function(tbl)
      local item = assert(tbl:get_item("k1"))
      item.z = lock_name()
      return item
    end },
    ["modify"] = { function(tbl) return tbl:new_item("k2"):modify(count_up) end },
    ["modify with a function that waits"] = { function(tbl)
      return tbl:new_item("k2"):modify(function(item)
        count_up(item)
        loop.sleep(0.001)
      end)
    end },
    ["a query"] = { function(tbl) return tbl:query("k1"):all() end },
    ["a query of an index"] = { function(tbl)
      local found, err = tbl:query({ index = "by_n", hash_key = 1 })
      if not found then return found, err end
      return found:all()
    end },
    ["a scan"] = { function(_, conn) return few(conn):scan({ request_limit = 4, prefetch = 0 }):all() end },
    ["a scan that requests pages ahead"] = { function(_, conn)
      return few(conn):scan({ request_limit = 4, prefetch = 2 }):all()
    end },
    ["a scan by segments"] = { function(_, conn) return few(conn):scan({ segments = 3, request_limit = 5 }):all() end },
    ["a scan with a rate"] = { function(_, conn) return few(conn):scan({ request_limit = 4, rate = 1000 }):all() end },
    ["a loop over a scan"] = { function(_, conn)
      local tbl = few(conn)
      return collect(tbl.scan, tbl, { request_limit = 4 })
    end, raises = true },
    ["conn:each"] = { function(_, conn)
      return collect(conn.each, conn, "Scan", { TableName = small.name, Limit = 4 })
    end, raises = true },
    ["conn:pages"] = { function(_, conn)
      return collect(conn.pages, conn, "Scan", { TableName = small.name, Limit = 4 })
    end, raises = true },
    ["batch_write"] = { function(tbl) return tbl:batch_write({ put = numbered("m", 60) }) end },
    ["batch_write by concurrent requests"] = {
      function(tbl) return tbl:batch_write({ put = numbered("m", 60) }, { concurrency = 3 }) end },
    ["batch_write with a rate"] = { function(tbl) return tbl:batch_write({ put = numbered("m", 30) }, { rate = 1000 }) end },
    ["get_items"] = { function(tbl) return tbl:get_items(keys(220), { concurrency = 2 }) end },
    ["batch_get by the name of a table"] = { function(_, conn)
      return conn:batch_get({ [shared.name] = { keys = { "k1" } } })
    end },
    ["closing a batch writer"] = { function(_, _, writer) return writer:close() end, function(tbl)
      local writer = tbl:batch_writer()
      for _, item in ipairs(numbered("w", 20)) do writer:put(item) end
      return writer
    end },
    ["closing a batch writer that another task fills"] = { function(_, _, writer)
      local other = loop.spawn(function() return pcall(writer.put, writer, { id = "later" }) end)
      local ok, err = writer:close()
      other:wait()
      return ok, err
    end, function(tbl)
      local writer = tbl:batch_writer()
      writer:put({ id = "first" })
      return writer
    end },
    ["closing a background queue"] = { function(_, _, queue) return queue:close() end, function(tbl, conn)
      local queue = conn:background()
      for _, item in ipairs(numbered("b", 30)) do queue:put(tbl, item) end
      return queue
    end },
    ["a loader"] = { function(_, _, loader)
      local other = loop.spawn(function() return loader:get("k1") end)
      local item, err = loader:get("k2")
      other:wait()
      return item, err
    end, function(tbl) return tbl:loader() end },
    ["transact_write"] = { function(tbl, conn)
      return conn:transact_write({ { put = { id = "q" }, table = tbl }, { put = { id = "r" }, table = tbl } })
    end, nil, "transactions" },
    ["transact_get"] = { function(tbl, conn) return conn:transact_get({ { table = tbl, hash_key = "k1" } }) end, nil,
      "transactions" },
    ["acquiring a lock"] = { function(tbl) return tbl:lock(lock_name()) end },
    ["acquiring a lock that is held"] = { function(tbl, _, name) return tbl:lock(name, { interval = 0.01 }) end, function()
      local name = lock_name()
      assert(shared:lock(name, { lease = 0.05 }))
      return name
    end },
    ["the heartbeats of a lock"] = { function(tbl)
      local lock, err = tbl:lock(lock_name(), { lease = 5, heartbeat = 0.002 })
      if lock then loop.sleep(0.02) end
      return lock, err
    end },
    ["a heartbeat of a lock"] = { function(_, _, lock) return lock:heartbeat() end,
      function(tbl) return assert(tbl:lock(lock_name())) end },
    ["releasing a lock"] = { function(_, _, lock) return lock:release() end,
      function(tbl) return assert(tbl:lock(lock_name())) end },
    ["create_table"] = { creating("create_table") },
    ["ensure_table for a new table"] = { creating("ensure_table") },
    ["ensure_table"] = { function(_, conn)
      return conn:ensure_table({ name = shared.name, schema = conn:create_schema(helper.HASH), tags = { a = "b" } })
    end },
    ["get_table"] = { function(_, conn) return conn:get_table(shared.name) end },
    ["list_tables"] = { function(_, conn) return conn:list_tables() end },
    ["tags"] = { function(tbl) return tbl:tags() end },
    ["refresh"] = { function(tbl) return tbl:refresh({ wait_for_active = true }) end },
    ["deleting a table"] = { function(_, _, tbl) return tbl:delete() end, function(_, conn)
      local definition = new_table(base)
      assert(assert(base:create_table(definition)):wait_until_active())
      return conn:table(definition.name, { hash_key = "id" })
    end },
    ["warm"] = { function(_, conn) return conn:warm({ connections = 3 }) end },
    ["gather"] = { function(tbl)
      return (dynamodb.gather({ function() return tbl:get_item("k1") end, function() return tbl:get_item("k2") end }))
    end },
  }

  -- Calls with a connection that is closed at this point -> the transport.
  local function call_closing(case, point, is_during)
    local transport, conn
    transport = closing_transport(point, is_during, function() conn:close() end)
    conn = helper.connect({ endpoint_url = helper.unverified(), transport = transport })
    loop.run(function()
      local tbl = conn:table(shared.name, { hash_key = "id" })
      local prepared = case[2] and case[2](tbl, conn)
      transport.armed = true
      local began = curl.now()
      local done, result, err = pcall(case[1], tbl, conn, prepared)
      transport.armed = false
      if not done then
        assert(case.raises, tostring(result))
        result, err = nil, result
      end
      if not result then
        assert(dynamodb.is_error(err), tostring(err))
        assert.equal("ConnectionClosed", err.code, tostring(err))
      end
      assert.is_true(curl.now() - began < SLOW)
      conn:close() -- ends tasks of the library
    end)
    return transport
  end

  for name, case in pairs(calls) do
    for _, is_during in ipairs({ true, false }) do
      it(("%s, %s"):format(name, is_during and "during the wait" or "after it"), function()
        if case[3] then engines.need(pending, case[3]) end
        local point, is_reached = 0, true
        while is_reached and point < MOST_POINTS do
          point = point + 1
          local transport = call_closing(case, point, is_during)
          assert.equal(0, transport.sent, "requests after the close at point " .. point)
          is_reached = transport.reached
        end
        assert.is_true(point > 2 and point < MOST_POINTS, point)
      end)
    end
  end
end)
