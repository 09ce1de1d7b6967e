-- Tests of the shop in one table, by the testing kit.
-- Run them with: busted examples/recipes/single_table_spec.lua

local dynamodb = require("dynamodb")
local single_table = dofile("examples/recipes/single_table.lua")
local testing = require("dynamodb.testing")

local it = os.getenv("DYNAMODB_ENGINE") == "dynalite" and pending or it -- Dynalite has no transactions

describe("the shop in one table", function()
  local server, clock, faults, conn, tbl, shop

  setup(function() server = testing.server() end)

  before_each(function()
    clock = testing.clock()
    faults = testing.faults(clock.transport)
    conn = server:connect({ transport = faults.transport })
    tbl = testing.table(conn, { hash_key = single_table.key.hash_key, range_key = single_table.key.range_key,
      global_indexes = single_table.indexes })
    shop = single_table.new(conn, tbl)
    assert(shop:add_customer("ann", "Ann"))
  end)

  after_each(function() conn:close() end)

  local function order(id, hour)
    return { id = id, time = ("2026-11-28T%02d:00:00Z"):format(hour), warehouse = "north", lines = { "pen" } }
  end

  local function ids(list)
    local found = {}
    for i, item in ipairs(list) do found[i] = item.sk:match("[^#]+$") end
    return table.concat(found, " ")
  end

  it("reads a customer with the latest orders by one request", function()
    assert(shop:add_customer("anna", "Anna"))
    for i, hour in ipairs({ 9, 12, 10 }) do assert(shop:place("ann", order(i, hour))) end
    local before = faults:count("Query")
    local profile, orders = shop:customer("ann", 2)
    assert.item({ pk = "CUSTOMER#ann", sk = "PROFILE", name = "Ann" }, profile)
    assert.equal("2 3", ids(orders))
    assert.equal(before + 1, faults:count("Query"))
    profile, orders = shop:customer("anna", 2)
    assert.equal("Anna", profile.name)
    assert.same({}, orders)
    assert.same({}, { shop:customer("bob", 2) })
  end)

  it("has the orders that are to be shipped in an index, which they leave", function()
    for i, hour in ipairs({ 9, 12, 10 }) do assert(shop:place("ann", order(i, hour))) end
    local list = assert(shop:to_ship("north"):all())
    assert.equal("1 3 2", ids(list))
    assert.is_true(shop:ship(list[1], "2026-11-29T08:00:00Z", "eve"))
    assert.is_false((shop:ship(list[1], "2026-11-29T09:00:00Z", "joe")))
    assert.equal("3 2", ids(assert(shop:to_ship("north"):all())))
    assert.stored(tbl, { "CUSTOMER#ann", "ORDER#2026-11-28T09:00:00Z#1" }, { pk = "CUSTOMER#ann",
      sk = "ORDER#2026-11-28T09:00:00Z#1", lines = { "pen" }, shipped = "2026-11-29T08:00:00Z",
      by = "eve" })
  end)

  it("places no order of a customer that does not exist", function()
    assert.same({ nil, "no such customer" }, { shop:place("bob", order(1, 9)) })
    assert.same({}, assert(shop:to_ship("north"):all()))
  end)

  it("adds and places nothing twice", function()
    assert(shop:place("ann", order(1, 9)))
    assert.same({ nil, "order exists" }, { shop:place("ann", order(1, 9)) })
    local ok, err = shop:add_customer("ann", "Other")
    assert.is_nil(ok)
    assert.equal("ConditionalCheckFailedException", err.code)
  end)

  it("places an order once when the response is lost", function()
    faults:add({ operation = "TransactWriteItems", lost_response = true })
    assert.is_true(shop:place("ann", order(1, 9)))
    assert.equal(2, faults:count("TransactWriteItems"))
  end)

  it("tells why the service refuses an order", function()
    faults:add({ operation = "TransactWriteItems", cancelled = { "None", { Code = "ValidationError",
      Message = "The table index has a bad key" } } })
    local ok, err = shop:place("ann", order(1, 9))
    assert.is_nil(ok)
    assert.equal("TransactionCanceledException", err.code)
    assert.equal("The table index has a bad key", err.reasons[2].message)
  end)

  it("never takes a damaged response for the truth", function()
    assert(shop:place("ann", order(1, 9)))
    faults:add({ operation = "Query", wrong_checksum = true, times = 2 })
    local _, orders = shop:customer("ann", 10)
    assert.equal("1", ids(orders))
    faults:add({ operation = "Query", wrong_checksum = true, times = 4 })
    local profile, err = shop:customer("ann", 10)
    assert.is_nil(profile)
    assert.equal("response", err.kind)
  end)

  it("knows that it has shipped an order although the response was lost", function()
    assert(shop:place("ann", order(1, 9)))
    local first = assert(shop:to_ship("north"):next())
    faults:add({ operation = "UpdateItem", lost_response = true })
    assert.is_true(shop:ship(first, "2026-11-29T08:00:00Z", "eve"))
    assert.equal(2, faults:count("UpdateItem"))
  end)

  it("lets only one of two ship an order when a request is lost", function()
    assert(shop:place("ann", order(1, 9)))
    local first = assert(shop:to_ship("north"):next())
    faults:add({ operation = "UpdateItem", lost_request = true, delay = 1 })
    dynamodb.loop.run(function()
      local eve = dynamodb.loop.spawn(function() return shop:ship(first, "2026-11-29T08:00:00Z", "eve") end)
      dynamodb.loop.sleep(0.5)
      assert.is_true(shop:ship(first, "2026-11-29T08:00:00Z", "joe"))
      assert.is_false((eve:wait()))
    end)
  end)
end)
