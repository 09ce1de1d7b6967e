--- Calls a function when an object is collected, on every Lua.

local finalizer = {}

--- Returns a value whose collection calls the function, at the latest when the Lua state is closed. The
--- object keeps the value in a field, and nothing else refers to it. The function may refer to the object. It
--- runs inside of any statement, so it cannot wait.
---@param f fun()
---@return any
function finalizer.new(f)
  local newproxy = rawget(_G, "newproxy")
  if not newproxy then return setmetatable({}, { __gc = f }) end
  local proxy = newproxy(true) -- Lua 5.1 has no __gc for tables
  debug.getmetatable(proxy).__gc = f
  return proxy
end

return finalizer
