--- An event: tasks and light threads wait for it until another one notifies them, in the order of their
--- arrival. Everything in this library that waits for another task or light thread of the same process uses
--- an event.

local Event = {}
Event.__index = Event

local event = {}

local HEARTBEAT = 0.1 -- seconds between checks of the condition: a task that was killed notifies nothing
local FIRST_STEP, LONGEST_STEP = 0.001, 0.1 -- seconds between checks without a waiter

---@class dynamodb.Event
---@field first table|false the entry that arrived first: { waiter = the transport's waiter, false while the
--- entry does not wait by one; before, after = its neighbours; entered }
---@field last table|false
---@field count integer entries

--- Makes an event that nothing waits for.
---@return dynamodb.Event
function event.new()
  return setmetatable({ first = false, last = false, count = 0 }, Event)
end

-- A list whose links are fields of its entries: entering and leaving allocates nothing.
local function enter(self, entry)
  entry.before, entry.entered = self.last, true
  if self.last then self.last.after = entry else self.first = entry end
  self.last, self.count = entry, self.count + 1
end

local function leave(self, entry)
  if not entry.entered then return end
  local before, after = entry.before, entry.after
  if before then before.after = after else self.first = after end
  if after then after.before = before else self.last = before end
  self.count, entry.entered = self.count - 1, false
end

-- Waits with a waiter of the transport until it is woken or the time has come.
local function wait(entry, waiter, deadline)
  entry.waiter = waiter
  waiter:wait(deadline)
  entry.waiter = false
end

local function loop(self, entry, transport, deadline, is_done, heartbeat)
  local step = FIRST_STEP
  enter(self, entry)
  while not is_done() do
    local now = transport.now()
    if now >= deadline then return false end
    local waiter = transport.waiter and transport.waiter()
    if waiter then
      wait(entry, waiter, math.min(deadline, now + heartbeat))
    else
      transport.sleep(math.min(step, deadline - now))
      step = math.min(step * 2, LONGEST_STEP)
    end
  end
  return true
end

--- Waits until is_done() is true. is_done is called at once, after each notification, and after each
--- heartbeat, since a task that was killed notifies nothing. Where the transport has no waiter, is_done is
--- called between short sleeps.
--- Raises what the transport raises in a cancelled task.
---@param transport table the connection's transport
---@param deadline number by the transport's clock
---@param is_done fun(): any
---@param heartbeat? number seconds; 0.1 by default, math.huge for none
---@return boolean done false when the deadline has passed
function Event:wait_until(transport, deadline, is_done, heartbeat)
  if is_done() then return true end
  local entry = { waiter = false, before = false, after = false, entered = false }
  local ok, done = pcall(loop, self, entry, transport, deadline, is_done, heartbeat or HEARTBEAT)
  leave(self, entry)
  if not ok then error(done, 0) end
  return done
end

--- Wakes everything that waits for the event, in the order of arrival.
---@return boolean woken false when nothing was waiting
function Event:notify()
  local woken, entry = false, self.first
  while entry do
    local after = entry.after
    if entry.waiter and entry.waiter:wake() then woken = true end
    entry = after
  end
  return woken
end

--- Returns true when no other task can go on while the caller waits: outside of tasks, and in a coroutine
--- inside a task. Transports without waiters do not tell; then it returns false.
function event.blocks(transport)
  return transport.waiter ~= nil and not transport.waiter()
end

--- Lets the other tasks run until they wait. Does nothing without a waiter.
---@param seconds? number how long they may run; 0 by default, which in nginx does not wait
function event.yield(transport, seconds)
  local waiter = transport.waiter and transport.waiter()
  if waiter then waiter:wait(transport.now() + (seconds or 0)) end
end

return event
