-- 10,000 cycles of put, get and delete use one TCP connection and constant memory. They run in a separate process, whose
-- memory does not include that of other specs.

local helper = dofile("spec/support/helper.lua")
local process = dofile("spec/support/child_process.lua")

local CYCLES, WARM = 10000, 2000
local LUA_GROWTH = 48 -- kilobytes; the table of all strings of LuaJIT may double once, by 32
local RESIDENT_GROWTH = 1024 -- kilobytes; the allocator keeps some memory; a leak of 1 kB per cycle would be 8,000

describe("10,000 cycles", function()
  local text = process.start("endurance_process.lua", CYCLES, WARM)()
  local used = assert((loadstring or load)("return {" .. text .. "}"), text)()
  local warm, last = used.warm, used.last

  it("use one connection", function()
    assert.equal(3 * (CYCLES - WARM), last.requests - warm.requests)
    assert.equal(1, last.opened)
    assert.equal(0, last.closed)
  end)

  it("leak neither memory nor descriptors", function()
    assert.equal(warm.descriptors, last.descriptors)
    local grown = last.lua - warm.lua
    assert.is_true(grown < LUA_GROWTH, ("Lua's memory grew by %.1f kB"):format(grown))
    grown = last.resident - warm.resident
    assert.is_true(helper.sanitized() or grown < RESIDENT_GROWTH, ("resident memory grew by %d kB"):format(grown))
  end)

  it("leave no item in the table", function()
    assert.equal(0, used.left)
  end)
end)
