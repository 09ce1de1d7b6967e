-- The shop's tests: a server, tables with fixtures, faults and a clock, all by the testing kit.
-- Run it with: busted examples/shop/shop_spec.lua

local shop = dofile("examples/shop/shop.lua")
local testing = require("dynamodb.testing")

describe("the shop", function()
  local server, clock, faults, conn, products, orders, mine

  setup(function() server = testing.server() end)

  before_each(function()
    clock = testing.clock()
    faults = testing.faults(clock.transport)
    conn = server:connect({ transport = faults.transport })
    products = testing.table(conn, shop.tables.products)
    orders = testing.table(conn, shop.tables.orders)
    testing.load(products, [[
      { "id": "pen", "stock": 3 }
      { "id": "ink", "stock": 0 }
    ]])
    mine = shop.new(products, orders)
  end)

  after_each(function() conn:close() end)

  it("sells what it has", function()
    local order = assert(mine:order("ann", "1", "pen", 2))
    assert.item({ customer = "ann", id = "1", product = "pen", count = 2 }, order)
    assert.stored(orders, { "ann", "1" }, { customer = "ann", id = "1", product = "pen", count = 2 })
    assert.stored(products, "pen", { id = "pen", stock = 1 })
    assert.equal(1, #assert(mine:orders_of("ann")))
  end)

  it("does not sell what it does not have", function()
    for product, count in pairs({ pen = 4, ink = 1, paper = 1 }) do
      local order, why = mine:order("ann", "1", product, count)
      assert.is_nil(order)
      assert.equal("sold out", why)
    end
    assert.equal(3, mine:stock("pen"))
    assert.is_not.stored(orders, { "ann", "1" })
  end)

  it("takes an order once, however often it is placed", function()
    assert(mine:order("ann", "1", "pen", 2))
    assert(mine:order("ann", "1", "pen", 2))
    assert.equal(1, mine:stock("pen"))
  end)

  it("waits while the service throttles", function()
    faults:add({ operation = "UpdateItem", table = products.name, times = 3,
      throttle = { reason = "TableWriteProvisionedThroughputExceeded", resource = "products" } })
    local before = clock:now()
    assert(mine:order("ann", "1", "pen", 1))
    assert.equal(4, faults:count("UpdateItem"))
    assert.is_true(clock:now() > before) -- by seconds, which the test does not take
  end)

  it("gives the stock back when the order is refused", function()
    faults:add({ operation = "PutItem", error = { code = "AccessDeniedException", message = "no" } })
    local order, err = mine:order("ann", "1", "pen", 1)
    assert.is_nil(order)
    assert.equal("AccessDeniedException", err.code)
    assert.equal(3, mine:stock("pen"))
  end)

  it("keeps the stock reserved when the order may have been written", function()
    faults:add({ operation = "PutItem", status = 500, times = 4 })
    local order, err = mine:order("ann", "1", "pen", 1)
    assert.is_nil(order)
    assert.is_true(err.ambiguous)
    assert.equal(2, mine:stock("pen"))
  end)

  it("tells when it is not known whether the stock was changed", function()
    faults:add({ operation = "UpdateItem", lost_response = true })
    local order, err = mine:order("ann", "1", "pen", 1)
    assert.is_nil(order)
    assert.is_true(err.ambiguous)
    assert.equal(2, mine:stock("pen"))
  end)
end)
