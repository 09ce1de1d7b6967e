-- Tests of the counters, by the testing kit. Run them with: busted examples/recipes/counters_spec.lua

local counters = dofile("examples/recipes/counters.lua")
local testing = require("dynamodb.testing")

local it = os.getenv("DYNAMODB_ENGINE") == "dynalite" and pending or it -- Dynalite has no transactions

describe("counters", function()
  local server, clock, faults, conn, tbl, visits

  setup(function() server = testing.server() end)

  before_each(function()
    clock = testing.clock()
    faults = testing.faults(clock.transport)
    conn = server:connect({ transport = faults.transport })
    tbl = testing.table(conn, counters.key)
    visits = counters.new(conn, tbl, { shards = 4, now = clock.transport.time })
  end)

  after_each(function() conn:close() end)

  it("begin at 0 and add up what was added", function()
    assert.equal(0, visits:total("home"))
    for i = 1, 10 do assert.is_true(visits:add("home", i)) end
    assert.is_true(visits:add("about", 1))
    assert.equal(55, visits:total("home"))
    assert.equal(1, visits:total("about"))
  end)

  it("are spread over their items", function()
    for _ = 1, 60 do assert.is_true(visits:add("home", 1)) end
    assert.equal(4, (tbl:count()))
  end)

  it("count once when a response is lost, since the service knows the token of the transaction", function()
    faults:add({ operation = "TransactWriteItems", lost_response = true })
    assert.is_true(visits:add("home", 1))
    assert.equal(2, faults:count("TransactWriteItems"))
    assert.equal(1, visits:total("home"))
  end)

  it("tell when it is not known whether something was added", function()
    faults:add({ operation = "TransactWriteItems", lost_response = true, times = 4 })
    local ok, err = visits:add("home", 1)
    assert.is_nil(ok)
    assert.is_true(err.ambiguous)
    assert.equal(1, visits:total("home")) -- a second call would count twice
  end)

  it("count an event once, however often it is told", function()
    assert.is_true(visits:add_once("home", "e1", 5))
    assert.is_false((visits:add_once("home", "e1", 5)))
    assert.is_true(visits:add_once("home", "e2", 1))
    assert.equal(6, visits:total("home"))
    assert.stored(tbl, "event home e1", { id = "event home e1",
      expires = clock.transport.time() + 7 * 24 * 3600 })
  end)

  it("count an event once when the caller repeats what may have been done", function()
    faults:add({ operation = "TransactWriteItems", lost_response = true, times = 4 })
    local added, err = visits:add_once("home", "e1", 5)
    assert.is_nil(added)
    assert.is_true(err.ambiguous)
    assert.is_false((visits:add_once("home", "e1", 5)))
    assert.equal(5, visits:total("home"))
  end)

  it("count an event when the caller repeats what was not done", function()
    faults:add({ operation = "TransactWriteItems", lost_request = true, times = 4 })
    local added, err = visits:add_once("home", "e1", 5)
    assert.is_nil(added)
    assert.is_true(err.ambiguous) -- which looks the same
    assert.is_true(visits:add_once("home", "e1", 5))
    assert.equal(5, visits:total("home"))
  end)

  it("wait while other writers change the same item", function()
    faults:add({ operation = "TransactWriteItems", times = 3, cancelled = { "None", "TransactionConflict" } })
    assert.is_true(visits:add_once("home", "e1", 5))
    assert.equal(4, faults:count("TransactWriteItems"))
  end)

  it("are read completely when the service reads a part only", function()
    for _ = 1, 30 do assert.is_true(visits:add("home", 1)) end
    faults:add({ operation = "BatchGetItem", unprocessed = true, times = 2 })
    assert.equal(30, visits:total("home"))
    faults:add({ operation = "BatchGetItem", error = { code = "AccessDeniedException" } })
    local total, err = visits:total("home")
    assert.is_nil(total)
    assert.equal("AccessDeniedException", err.code)
  end)
end)
