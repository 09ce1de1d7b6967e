-- Tests of the pages, by the testing kit. Run them with: busted examples/recipes/pagination_spec.lua

local pagination = dofile("examples/recipes/pagination.lua")
local testing = require("dynamodb.testing")

describe("the pages", function()
  local server, clock, faults, conn, tbl, orders

  setup(function() server = testing.server() end)

  before_each(function()
    clock = testing.clock()
    faults = testing.faults(clock.transport)
    conn = server:connect({ transport = faults.transport })
    tbl = testing.table(conn, pagination.key)
    local items = { { customer = "bob", number = 1 } }
    for number = 1, 7 do items[#items + 1] = { customer = "ann", number = number * 1e13 } end
    testing.load(tbl, items)
    orders = pagination.new(tbl, { size = 3 })
  end)

  after_each(function() conn:close() end)

  local function numbers(list)
    local found = {}
    for i, order in ipairs(list) do found[i] = ("%d"):format(order.number / 1e13) end
    return table.concat(found, " ")
  end

  it("follow each other to the end", function()
    local shown = {}
    local list, token = orders:page("ann")
    while list do
      shown[#shown + 1] = numbers(list)
      if not token then break end
      list, token = orders:page("ann", token)
    end
    assert.same({ "7 6 5", "4 3 2", "1" }, shown)
  end)

  it("have no empty page at the end", function()
    local list, token = pagination.new(tbl, { size = 7 }):page("ann")
    assert.equal(7, #list)
    assert.is_nil(token)
    list, token = orders:page("nobody")
    assert.same({ 0, nil }, { #list, token })
  end)

  it("go on at the same place when orders were added or deleted", function()
    local _, token = orders:page("ann")
    assert(tbl:put_item({ customer = "ann", number = 8e13 }))
    assert(tbl:delete_item("ann", 5e13))
    assert.equal("4 3 2", numbers(assert(orders:page("ann", token))))
  end)

  it("show nobody the orders of others, whatever the token", function()
    local _, token = orders:page("ann")
    assert.equal(1, assert(orders:page("bob", token))[1].number)
    assert.equal(1, #assert(orders:page("bob", token)))
  end)

  it("refuse what is no token, and send nothing", function()
    for _, token in ipairs({ "", "x", "-1", "1.5", "1e5", "1 ", ("9"):rep(16), 5, false, {} }) do
      assert.same({ nil, "bad token" }, { orders:page("ann", token) })
    end
    assert.equal(0, faults:count())
  end)

  it("are read again when a response is cut, and late when the service is slow", function()
    faults:add({ operation = "Query", cut_body = true })
    faults:add({ operation = "Query", delay = 2 })
    local before = clock:now()
    assert.equal("7 6 5", numbers(assert(orders:page("ann"))))
    assert.is_true(clock:now() - before >= 2)
    assert.equal(2, faults:count("Query"))
  end)

  it("return the errors of the service", function()
    faults:add({ operation = "Query", error = { code = "AccessDeniedException" } })
    local list, err = orders:page("ann")
    assert.is_nil(list)
    assert.equal("AccessDeniedException", err.code)
  end)
end)
