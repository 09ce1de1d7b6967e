--- Runs an operation again and again in one Lua state while memory runs out: at its first allocation, at a later one,
--- and so on, until it succeeds. probe.memory makes allocations of Lua fail. tools/torture.lua fails each allocation.

local memory = require("probe").memory

local failures = {}

local function is_out_of_memory(err)
  return tostring(err):find("not enough memory", 1, true) ~= nil
end

-- Calls f without the compiler of LuaJIT, which does not survive failed allocations, and without the hook of line
-- coverage, which allocates.
local function undisturbed(f)
  local hook, mask, every = debug.gethook()
  debug.sethook()
  if jit then jit.off() end
  if jit then jit.flush() end
  local ok, err = pcall(f)
  if jit then jit.on() end
  debug.sethook(hook, mask, every)
  if not ok then error(err, 0) end
end

--- Fails the n-th allocation and all later ones during operation(), for n = 1, 1 + step, ..., until it succeeds. After
--- each failure calls check(n), in which allocations succeed.
---@param step integer
---@param operation function raises "not enough memory" when memory runs out
---@param check function
---@return integer number of failures
function failures.each(step, operation, check)
  local count = 0
  undisturbed(function()
    for n = 1, math.huge, step do
      local is_reached, ok, err = memory.fail_from(n, operation)
      if not ok and not is_out_of_memory(err) then error(err, 0) end
      if not is_reached then return end
      count = count + 1
      check(n)
    end
  end)
  return count
end

return failures
