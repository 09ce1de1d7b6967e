--- One at a time, of the tasks and light threads that share something. Who was ended from outside while he
-- held it, by a deadline or by hand, does not hold it any more.

local mutex = {}

local TURN = 0.001 -- seconds between looks

---@class dynamodb.Mutex
---@field owner? thread|true the coroutine that holds it; true where Lua 5.1 knows none
---@field place? table where that runs beside others, see doc/transport.md

local weak = { __mode = "v" } -- who is collected is gone

--- Makes one, which nobody holds.
---@return dynamodb.Mutex
function mutex.new()
  return setmetatable({}, weak)
end

local function is_held(self, transport)
  local owner, place = self.owner, self.place
  if owner == nil then return false end
  if place and transport.alive then return transport.alive(owner, place) end
  return owner == true or coroutine.status(owner) ~= "dead"
end

--- Waits until nobody holds it -> had somebody?
function mutex.wait(self, transport)
  if not is_held(self, transport) then return false end
  repeat transport.sleep(TURN) until not is_held(self, transport)
  return true
end

local function leave(self, ...)
  self.owner, self.place = nil, nil
  return ...
end

--- Calls a function while holding it, for which nobody else may -> what pcall returns.
function mutex.call(self, transport, f, ...)
  self.owner, self.place = coroutine.running() or true, transport.place and transport.place() or nil
  return leave(self, pcall(f, ...))
end

return mutex
