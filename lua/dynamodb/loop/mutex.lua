--- A lock between tasks and light threads that share results or a writer. A holder that was killed is
--- ignored.

local errors = require("dynamodb.error")
local event = require("dynamodb.loop.event")

local mutex = {}

local FOREVER = math.huge

local weak = { __mode = "v" } -- a holder that was collected is gone

---@class dynamodb.Mutex
---@field subject string what it locks, for messages
---@field released dynamodb.Event notified when the holder is done
---@field holder table { thread = the coroutine that holds it, or true where Lua 5.1 knows none; place = where
--- it runs, as the transport's place() says }; both false while nothing holds the lock

--- Makes a mutex that nothing holds.
---@param subject string
---@return dynamodb.Mutex
function mutex.new(subject)
  return { subject = subject, released = event.new(),
    holder = setmetatable({ thread = false, place = false }, weak) }
end

local function is_held(self, transport)
  local thread, place = self.holder.thread, self.holder.place
  if not thread then return false end -- nil: it was collected
  if place and transport.alive then return transport.alive(thread, place) end
  return thread == true or coroutine.status(thread) ~= "dead"
end

-- Raises when the holder can never be done: when it is the caller itself, in a hook for instance, or a task
-- or coroutine that goes on only after the caller, since nothing runs while the caller waits.
local function check_progress(self, transport)
  if self.holder.thread == (coroutine.running() or true) then
    errors.raise("%s: used again by a function that is called meanwhile", self.subject)
  end
  if not event.blocks(transport) then return end
  collectgarbage() -- a holder that was killed may remain
  if is_held(self, transport) then
    errors.raise("%s: in use by a task or coroutine that cannot go on while this call blocks", self.subject)
  end
end

--- Waits until nothing holds the mutex. Raises when that could never happen.
---@return boolean waited whether something held it
function mutex.wait(self, transport)
  if not is_held(self, transport) then return false end
  check_progress(self, transport)
  self.released:wait_until(transport, FOREVER, function() return not is_held(self, transport) end)
  return true
end

local function release(self, ...)
  self.holder.thread, self.holder.place = false, false
  self.released:notify()
  return ...
end

-- Takes the mutex inside of the protected call, so that release follows wherever memory runs out.
local function hold(self, transport, f, ...)
  local holder = self.holder
  holder.place = transport.place and transport.place() or false
  holder.thread = coroutine.running() or true
  return f(...)
end

--- Calls a function while holding the mutex. The caller has made sure, with mutex.wait, that nothing holds
--- it. Returns what pcall returns.
function mutex.call(self, transport, f, ...)
  return release(self, pcall(hold, self, transport, f, ...))
end

return mutex
