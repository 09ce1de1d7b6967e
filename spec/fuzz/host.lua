-- What spec/fuzz/host.c calls: loads a target and decides which of its errors are findings.
--
-- A target is a table: run, a function of the input; max_length, of inputs that are made longer to measure time; and
-- raises, true when the library may raise for the input because its caller wrote it. 'run' raises for whatever is wrong.

if jit then jit.off() end -- LuaJIT calls no hooks in compiled code

local script = ...
local target = dofile("spec/fuzz/lua/" .. script .. ".lua")

-- An error of this library for its caller has the caller's position, which is in the target, and names a function. All
-- other errors are mistakes of the library, or of the target.
local function is_permitted(message)
  return type(message) == "string" and message:find("^spec/fuzz/lua/[%w_]+%.lua:%d+: %w[%w_. ]*: ") ~= nil
end

local function trace(message)
  if target.raises and is_permitted(message) then return nil end
  return debug.traceback(tostring(message), 2)
end

-- Returns nil, or why the input is a finding.
local function call(text)
  local ok, why = xpcall(target.run, trace, text)
  if not ok then return why end
end

return call, target.max_length or 16384
