-- The option single_flight: identical reads under way share one request, and nothing else.

local dynamodb = require("dynamodb")
local core = require("dynamodb.core")
local fixture = dofile("spec/support/table_fixture.lua")
local helper = dofile("spec/support/helper.lua")
local testing = require("dynamodb.testing")

local loop = dynamodb.loop
local TASKS = 20

describe("single_flight", function()
  local plain, stored, faults, conn, tbl

  setup(function()
    plain = helper.connect()
    stored = helper.create_table(plain, helper.HASH_RANGE)
    local puts = {}
    for i = 1, 30 do puts[i] = { id = "a", at = i, n = i, l = { i } } end
    assert(stored:batch_write({ put = puts }))
  end)
  teardown(function() fixture.close(plain, stored) end)

  local function connect(given)
    given.transport = faults.transport
    conn = helper.connect(given)
    tbl = conn:table(stored.name, { hash_key = "id", range_key = "at", range_key_type = "N" })
  end

  before_each(function()
    faults = testing.faults()
    connect({ single_flight = true })
  end)
  after_each(function() conn:close() end)

  -- Calls f(i) in tasks -> number of requests.
  local function requests_of(f, count)
    local before = #faults.requests
    loop.run(function()
      for i = 1, count or TASKS do loop.spawn(f, i) end
    end)
    return #faults.requests - before
  end

  local reads = {
    get_item = function() return assert(tbl:get_item("a", 1)) end,
    ["get_item with a projection"] = function() return assert(tbl:get_item("a", 1, { projection = "l" })) end,
    get_items = function() return assert(tbl:get_items({ { "a", 1 }, { "a", 2 } }))[1] end,
    query = function() return assert(tbl:query({ hash_key = "a", max_results = 3 }):all())[1] end,
    scan = function() return assert(tbl:scan({ items = false }):all())[1] end,
    call = function() return assert(conn:call("GetItem", { TableName = tbl.name, Key = { id = "a", at = 1 } })).Item end,
  }

  for name, read in pairs(reads) do
    it("sends one request for all callers of " .. name .. ", and each has objects of its own", function()
      local got = {}
      assert.equal(1, requests_of(function(i)
        local item = read()
        assert.equal(1, item.l[1])
        item.l[1] = -i
        got[i] = item
      end))
      for i = 1, TASKS do assert.equal(-i, got[i].l[1]) end
      assert.equal(1, read().l[1])
    end)
  end

  it("shares each page of queries that run at the same pace", function()
    assert.is_true(requests_of(function()
      assert.equal(30, #assert(tbl:query({ hash_key = "a", request_limit = 10 }):all()))
    end) <= 4) -- the third page is full, so a fourth may follow
  end)

  it("shares nothing between different requests, consistent reads, writes, and calls one after the other", function()
    assert.equal(TASKS, requests_of(function(i) assert.equal(i, tbl:get_item("a", i).n) end))
    assert.equal(TASKS, requests_of(function() assert(tbl:get_item("a", 1, { consistent_read = true })) end))
    assert.equal(TASKS, requests_of(function() assert(tbl:query({ hash_key = "a", consistent_read = true }):all()) end))
    assert.equal(TASKS, requests_of(function() assert(tbl:get_items({ { "a", 1 } }, { consistent_read = true })) end))
    assert.equal(TASKS, requests_of(function() assert(tbl:put_item({ id = "b", at = 1 })) end))
    assert.equal(TASKS, requests_of(function() assert(conn:list_tables()) end))
    assert.equal(TASKS, requests_of(function(i) assert(tbl:get_item("a", 1, { headers = { ["x-number"] = tostring(i) } })) end))
    local before = faults:count("GetItem")
    for _ = 1, 3 do assert(tbl:get_item("a", 1)) end
    assert.equal(before + 3, faults:count("GetItem"))
  end)

  it("is off unless it is asked for", function()
    conn:close()
    connect({})
    assert.equal(TASKS, requests_of(reads.get_item))
  end)

  it("gives each caller the table that it reads with", function()
    local other, got = conn:table(stored.name, { hash_key = "id", range_key = "at", range_key_type = "N" }), {}
    assert.equal(1, requests_of(function(i) got[i] = assert((i == 1 and tbl or other):get_item("a", 1)) end, 2))
    assert.is_true(rawequal(tbl, (core.item_parts(got[1]))))
    assert.is_true(rawequal(other, (core.item_parts(got[2]))))
  end)

  it("shares an error that only the service decides, as objects of their own", function()
    local missing, errs = conn:table("no_such_table", { hash_key = "id" }), {}
    assert.equal(1, requests_of(function(i) errs[i] = select(2, missing:get_item("a")) end))
    for i = 1, TASKS do
      assert.same({ "ResourceNotFoundException", "no_such_table" }, { errs[i].code, errs[i].table })
      assert.matches("single_flight_spec.lua:%d+", errs[i].where)
      assert.is_true(i == 1 or not rawequal(errs[i], errs[1]))
    end
  end)

  it("shares the response to a later attempt", function()
    faults:add({ throttle = true })
    faults:add({ wrong_checksum = true })
    assert.equal(3, requests_of(reads.get_item))
  end)

  -- Cases in which the leader fails: what its task does, and the outcome of its call.
  local failing = {
    ["its attempts are used up"] = { options = { max_attempts = 1 }, fault = { lost_response = true, delay = 0.2 },
      kind = "network" },
    ["it is throttled"] = { options = { max_attempts = 1 }, fault = { throttle = true, delay = 0.2 }, kind = "service" },
    ["its deadline passes"] = { options = { deadline = 0.2 }, fault = { delay = 1 }, kind = "timeout" },
    ["it is cancelled"] = { cancel = true, fault = { delay = 1 }, kind = "timeout" },
  }

  for what, case in pairs(failing) do
    it("hands over to another caller when " .. what, function()
      faults:add(case.fault)
      local outcome, got = nil, 0
      loop.run(function()
        local first = loop.spawn(function() return tbl:get_item("a", 1, case.options) end)
        loop.sleep(0.05)
        for _ = 1, TASKS do
          loop.spawn(function()
            assert.equal(1, assert(tbl:get_item("a", 1)).n)
            got = got + 1
          end)
        end
        loop.sleep(0.05)
        if case.cancel then first:cancel() end
        outcome = { first:wait() }
      end)
      assert.is_nil(outcome[1])
      assert.equal(case.kind, outcome[2].kind)
      assert.equal(TASKS, got)
      assert.equal(2, faults:count("GetItem"))
    end)
  end

  it("lets a caller give up at its own deadline, and be cancelled, without the others", function()
    faults:add({ delay = 1 })
    local late, cancelled, got
    loop.run(function()
      loop.spawn(function() got = assert(tbl:get_item("a", 1)) end)
      loop.spawn(function() late = { tbl:get_item("a", 1, { deadline = 0.2 }) } end)
      local task = loop.spawn(reads.get_item)
      loop.sleep(0.1)
      task:cancel()
      cancelled = select(2, task:wait())
    end)
    assert.equal(1, got.n)
    assert.same({ nil, "timeout", "GetItem" }, { late[1], late[2].kind, late[2].operation })
    assert.equal("no response in time; the deadline of 0.2 s has passed", late[2].message)
    assert.equal("Cancelled", cancelled.code)
    assert.equal(1, faults:count("GetItem"))
  end)

  it("does not wait for itself when on_request reads the same", function()
    conn:close()
    local inner
    connect({ single_flight = true, on_request = function(request)
      if request.attempt ~= 1 or inner then return end
      inner = {}
      inner = { tbl:get_item("a", 1) }
    end })
    local start = faults.transport.now()
    assert.equal(2, requests_of(reads.get_item, 1))
    assert.equal(1, inner[1].n)
    assert.is_true(faults.transport.now() - start < 2)
  end)

  it("does not wait for a task of an outer loop", function()
    faults:add({ delay = 1 })
    local start, first = faults.transport.now(), nil
    loop.run(function()
      local task = loop.spawn(function() first = assert(tbl:get_item("a", 1)) end)
      loop.sleep(0.1)
      local inner = coroutine.wrap(function()
        loop.run(function() assert.equal(1, assert(tbl:get_item("a", 1)).n) end)
        return true
      end)
      assert.is_true(inner())
      assert.is_nil(first)
      assert.is_true(faults.transport.now() - start < 0.9)
      task:wait()
    end)
    assert.equal(1, first.n)
  end)

  it("leaves a request that the service refuses to the service", function()
    local errs = {}
    assert.equal(2, requests_of(function(i) errs[i] = select(2, conn:call("BatchGetItem", {})) end, 2))
    assert.same({ "service", "service" }, { errs[1].kind, errs[2].kind })
  end)

  it("waits for a leader no longer than for an attempt", function()
    faults:add({ delay = 3 })
    local first
    loop.run(function()
      loop.spawn(function() first = assert(tbl:get_item("a", 1)) end)
      assert.equal(1, assert(tbl:get_item("a", 1, { attempt_timeout = 0.3 })).n)
      assert.is_nil(first)
    end)
    assert.equal(2, faults:count("GetItem"))
  end)

  it("ends callers that wait when the connection is closed", function()
    faults:add({ delay = 2 }) -- which the transport of faults does not cut short, so the first call succeeds
    local errs = {}
    loop.run(function()
      for i = 1, 5 do
        loop.spawn(function() errs[i] = select(2, tbl:get_item("a", 1)) end)
      end
      loop.sleep(0.1)
      conn:close()
    end)
    for i = 2, 5 do assert.equal("ConnectionClosed", errs[i].code) end
  end)

  it("counts a call that shared a response as one without attempts", function()
    local finished = {}
    conn:close()
    connect({ single_flight = true, hooks = { call_finished = function(e) finished[#finished + 1] = e.attempts end } })
    assert.equal(1, requests_of(reads.get_item, 3))
    table.sort(finished)
    assert.same({ 0, 0, 1 }, finished)
    local stats = conn:stats()
    assert.same({ 3, 1, 0 }, { stats.calls, stats.attempts, stats.retries })
  end)

  it("shares nothing outside of tasks, and keeps nothing that is over", function()
    assert(tbl:get_item("a", 1))
    requests_of(reads.get_item)
    assert.same({}, core.connection_state(conn).flights)
  end)

  it("shares compressed responses", function()
    conn:close()
    connect({ single_flight = true, compression = true })
    assert.equal(1, requests_of(reads.scan))
  end)
end)
