-- 10,000 times put, get and delete: one TCP connection, and nothing grows.

local helper = dofile("spec/support/helper.lua")

local CYCLES, WARM = 10000, 2000
local LUA_GROWTH = 16 -- kilobytes
local RESIDENT_GROWTH = 6144 -- kilobytes: the allocator keeps some; a leak of 1 kB a cycle is 8,000

describe("10,000 cycles", function()
  local counting, conn, tbl

  setup(function()
    counting = helper.counting()
    conn = helper.connect({ transport = counting })
    tbl = helper.create_table(conn, helper.HASH_RANGE)
  end)
  teardown(function()
    assert(tbl:delete())
    conn:close()
  end)

  local function cycle(i)
    local id = "item " .. i % 100
    local item = tbl:new_item(id, i, { text = ("x"):rep(i % 50), list = { 1, { deep = i } } })
    assert(item:put())
    local got = assert(tbl:get_item({ hash_key = id, range_key = i, consistent_read = true }))
    if got.list[2].deep ~= i then error("got another item than was put") end
    got.text = nil
    assert(got:delete())
  end

  local function measure()
    return { lua = helper.collect(), resident = helper.resident(), descriptors = helper.descriptors() }
  end

  it("use one connection, and neither memory nor descriptors", function()
    local opened, requests, warm = counting.opened, counting.requests, nil
    for i = 1, CYCLES do
      cycle(i)
      if i == WARM then warm = measure() end
    end
    local last = measure()
    assert.are.equal(3 * CYCLES, counting.requests - requests)
    assert.are.equal(opened, counting.opened)
    assert.are.equal(1, opened)
    assert.are.equal(0, counting.closed)
    assert.are.equal(warm.descriptors, last.descriptors)
    local grown = last.lua - warm.lua
    assert.is_true(grown < LUA_GROWTH, ("Lua's memory grew by %.1f kB"):format(grown))
    grown = last.resident - warm.resident
    local flat = helper.sanitized() or grown < RESIDENT_GROWTH
    assert.is_true(flat, ("resident memory grew by %d kB"):format(grown))
  end)

  it("leave nothing behind in the table", function()
    assert.are.equal(0, assert(conn:call("Scan", { TableName = tbl.name })).Count)
  end)
end)
