-- Tests of the pages, by the testing kit. Run them with: busted examples/recipes/pagination_spec.lua

local pagination = dofile("examples/recipes/pagination.lua")
local testing = require("dynamodb.testing")

local SECRET, OTHER = ("secret of a test"):rep(2), ("another secret.."):rep(2)

describe("the pages", function()
  local server, clock, faults, conn, tbl, orders

  setup(function() server = testing.server() end)

  before_each(function()
    clock = testing.clock()
    faults = testing.faults(clock.transport)
    conn = server:connect({ transport = faults.transport })
    tbl = testing.table(conn, pagination.key)
    local items = { { customer = "bob", number = 1 } }
    for number = 1, 7 do items[#items + 1] = { customer = "ann", number = number } end
    testing.load(tbl, items)
    orders = pagination.new(tbl, { size = 3, secrets = SECRET, seconds = 600 })
  end)

  after_each(function() conn:close() end)

  local function numbers(list)
    local found = {}
    for i, order in ipairs(list) do found[i] = order.number end
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
    local list, token = pagination.new(tbl, { size = 7, secrets = SECRET }):page("ann")
    assert.equal(7, #list)
    assert.is_nil(token)
    list, token = orders:page("nobody")
    assert.same({ 0, nil }, { #list, token })
  end)

  it("go on at the same place when orders were added or deleted", function()
    local _, token = orders:page("ann")
    assert(tbl:put_item({ customer = "ann", number = 8 }))
    assert(tbl:delete_item("ann", 5))
    assert.equal("4 3 2", numbers(assert(orders:page("ann", token))))
    assert.equal("4 3 2", numbers(assert(orders:page("ann", token)))) -- also a second time
  end)

  it("refuse the token of another customer, and what is no token, and send nothing", function()
    local _, token = orders:page("ann")
    local before = faults:count()
    assert.same({ nil, "bad token" }, { orders:page("bob", token) })
    for _, bad in ipairs({ "", "x", token .. "x", token:sub(1, -2), token:gsub("^.", "!"), 5, false, {} }) do
      assert.same({ nil, "bad token" }, { orders:page("ann", bad) })
    end
    assert.equal(before, faults:count())
  end)

  it("have tokens that end", function()
    local _, token = orders:page("ann")
    clock:advance(599)
    assert.is_truthy((orders:page("ann", token)))
    clock:advance(2)
    assert.same({ nil, "bad token" }, { orders:page("ann", token) })
  end)

  it("take the tokens of the previous secret until it is taken out", function()
    local _, token = orders:page("ann")
    local both = pagination.new(tbl, { size = 3, secrets = { OTHER, SECRET } })
    local list, next_token = both:page("ann", token)
    assert.equal("4 3 2", numbers(list))
    local only = pagination.new(tbl, { size = 3, secrets = OTHER })
    assert.equal("1", numbers(assert(only:page("ann", next_token))))
    assert.same({ nil, "bad token" }, { only:page("ann", token) })
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
