-- 10,000 tasks, cancelled at random, raising errors, with hooks that raise, while the collector runs at every step. In a
-- process of its own, whose memory is not that of all specs.

local helper = dofile("spec/support/helper.lua")
local process = dofile("spec/support/child_process.lua")

local TASKS = helper.sanitized() and 2000 or 10000 -- a sanitizer makes each of them take ten times as long
local WARM = TASKS / 5
local LUA_GROWTH = rawget(_G, "jit") and 1024 or 32 -- kilobytes: what is compiled is kept; a task is more than 1 kB
local RESIDENT_GROWTH = 4096 -- kilobytes: the allocator keeps some; a leak of 1 kB a task is 8,000

describe("10,000 tasks", function()
  local text = process.start("crowd_process.lua", TASKS, WARM, 1)()
  local used = assert((loadstring or load)("return {" .. text .. "}"), text)()
  local warm, last = used.warm, used.last

  it("end as they should", function()
    assert.equal(TASKS, used.right + used.cancelled + used.raised + used.late)
    for _, name in ipairs({ "right", "cancelled", "raised", "hooks", "late" }) do
      assert.is_true(used[name] > 10, name .. " " .. used[name])
    end
  end)

  it("get no response that is another's", function()
    assert.equal(0, used.wrong)
  end)

  it("leave no place of the pool taken, and no caller waiting", function()
    for _, found in ipairs({ warm, last }) do
      assert.equal(found.idle, found.open)
      assert.is_true(found.open >= 1 and found.open <= 8)
      assert.equal(0, found.waiting)
    end
  end)

  it("use neither memory nor descriptors", function()
    assert.is_true(last.descriptors - warm.descriptors <= 8)
    assert.is_true(used.left <= 2, used.left .. " descriptors left") -- those of a handle of libcurl's
    local grown = last.lua - warm.lua
    assert.is_true(grown < LUA_GROWTH, ("Lua's memory grew by %.1f kB"):format(grown))
    grown = last.resident - warm.resident
    assert.is_true(helper.sanitized() or grown < RESIDENT_GROWTH, ("resident memory grew by %d kB"):format(grown))
  end)
end)
