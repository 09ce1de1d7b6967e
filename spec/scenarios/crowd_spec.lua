-- 10,000 tasks that are cancelled at random or raise errors, with hooks that raise errors, while the collector runs all the
-- time. They run in a separate process, whose memory does not include that of other specs.

local helper = dofile("spec/support/helper.lua")
local process = dofile("spec/support/child_process.lua")

local TASKS = helper.sanitized() and 2000 or 10000 -- a sanitizer slows each task down tenfold
local WARM = TASKS / 5
local LUA_GROWTH = rawget(_G, "jit") and 1024 or 32 -- kilobytes; LuaJIT keeps compiled code; a task has more than 1 kB
local RESIDENT_GROWTH = 4096 -- kilobytes; the allocator keeps some memory; a leak of 1 kB per task would be 8,000

describe("10,000 tasks", function()
  local text = process.start("crowd_process.lua", TASKS, WARM, 1)()
  local used = assert((loadstring or load)("return {" .. text .. "}"), text)()
  local warm, last = used.warm, used.last

  it("end with the expected outcomes", function()
    assert.equal(TASKS, used.right + used.cancelled + used.raised + used.late)
    for _, name in ipairs({ "right", "cancelled", "raised", "hooks", "late" }) do
      assert.is_true(used[name] > 10, name .. " " .. used[name])
    end
  end)

  it("get no response of another task", function()
    assert.equal(0, used.wrong)
  end)

  it("leave no slot of the pool in use, and no caller waiting", function()
    for _, found in ipairs({ warm, last }) do
      assert.equal(found.idle, found.open)
      assert.is_true(found.open >= 1 and found.open <= 8)
      assert.equal(0, found.waiting)
    end
  end)

  it("leak neither memory nor descriptors", function()
    assert.is_true(last.descriptors - warm.descriptors <= 8)
    assert.is_true(used.left <= 2, used.left .. " descriptors left") -- a handle of libcurl has two
    local grown = last.lua - warm.lua
    assert.is_true(grown < LUA_GROWTH, ("Lua's memory grew by %.1f kB"):format(grown))
    grown = last.resident - warm.resident
    assert.is_true(helper.sanitized() or grown < RESIDENT_GROWTH, ("resident memory grew by %d kB"):format(grown))
  end)
end)
