-- Tests of the webhook, by the testing kit. Run them with: busted examples/recipes/webhook_spec.lua

local dynamodb = require("dynamodb")
local testing = require("dynamodb.testing")
local webhook = dofile("examples/recipes/webhook.lua")

local it = os.getenv("DYNAMODB_ENGINE") == "dynalite" and pending or it -- Dynalite has no transactions

describe("the webhook", function()
  local server, clock, faults, conn, events, accounts, payments

  setup(function() server = testing.server() end)

  before_each(function()
    clock = testing.clock()
    faults = testing.faults(clock.transport)
    conn = server:connect({ transport = faults.transport })
    events = testing.table(conn, webhook.key)
    accounts = testing.table(conn, { name = "accounts", hash_key = "id" })
    testing.load(accounts, { { id = "ann", balance = 10 } })
    payments = webhook.new(conn, events, function(event)
      return { { update = { balance = dynamodb.increment(event.amount) }, table = accounts,
        hash_key = event.account, replace_only = true } }
    end, { now = clock.transport.time })
  end)

  after_each(function() conn:close() end)

  local function event(id, amount, account)
    return { id = id, amount = amount, account = account or "ann" }
  end

  local function assert_balance(expected)
    assert.stored(accounts, "ann", { id = "ann", balance = expected })
  end

  it("applies each event", function()
    assert.equal(200, (payments:receive(event("e1", 5))))
    assert.equal(200, (payments:receive(event("e2", 7))))
    assert_balance(22)
    assert.stored(events, "event e1", { id = "event e1", received = clock.transport.time(),
      expires = clock.transport.time() + 30 * 24 * 3600 })
  end)

  it("applies an event once that is delivered again", function()
    for _ = 1, 3 do assert.equal(200, (payments:receive(event("e1", 5)))) end
    assert_balance(15)
  end)

  it("applies an event once that is delivered twice at the same time", function()
    local statuses = {}
    dynamodb.loop.run(function()
      for i = 1, 2 do
        dynamodb.loop.spawn(function() statuses[i] = payments:receive(event("e1", 5)) end)
      end
    end)
    assert.same({ 200, 200 }, statuses)
    assert_balance(15)
  end)

  it("refuses an event that cannot be applied, and does not remember it", function()
    local status, err = payments:receive(event("e1", 5, "bob"))
    assert.equal(422, status)
    assert.equal("TransactionCanceledException", err.code)
    assert.is_not.stored(accounts, "bob")
    assert.is_not.stored(events, "event e1")
    testing.load(accounts, { { id = "bob", balance = 0 } })
    assert.equal(200, (payments:receive(event("e1", 5, "bob"))))
    assert.stored(accounts, "bob", { id = "bob", balance = 5 })
  end)

  it("applies an event once when a response is lost", function()
    faults:add({ operation = "TransactWriteItems", lost_response = true })
    assert.equal(200, (payments:receive(event("e1", 5))))
    assert_balance(15)
  end)

  it("lets the sender deliver again what may have been applied, and applies it once", function()
    faults:add({ operation = "TransactWriteItems", lost_response = true, times = 4 })
    local status, err = payments:receive(event("e1", 5))
    assert.equal(503, status)
    assert.is_true(err.ambiguous)
    assert.equal(200, (payments:receive(event("e1", 5))))
    assert_balance(15)
  end)

  it("lets the sender deliver again what was not applied", function()
    faults:add({ operation = "TransactWriteItems", status = 503, times = 4 })
    local status, err = payments:receive(event("e1", 5))
    assert.equal(503, status)
    assert.equal(503, err.status)
    assert_balance(10)
    assert.equal(200, (payments:receive(event("e1", 5))))
    assert_balance(15)
  end)

  it("responds while the sender waits", function()
    faults:add({ operation = "TransactWriteItems", delay = 30 })
    local before = clock:now()
    local status, err = payments:receive(event("e1", 5))
    assert.equal(503, status)
    assert.equal("timeout", err.kind)
    assert.is_true(clock:now() - before <= 5)
    assert.equal(200, (payments:receive(event("e1", 5))))
    assert_balance(15)
  end)

  it("waits for other transactions on the same account", function()
    faults:add({ operation = "TransactWriteItems", times = 2, cancelled = { "None", "TransactionConflict" } })
    assert.equal(200, (payments:receive(event("e1", 5))))
    assert.equal(3, faults:count("TransactWriteItems"))
    assert_balance(15)
  end)
end)
