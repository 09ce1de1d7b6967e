--- An event: tasks and light threads wait for it until another one notifies them. Everything in this library
--- that waits for another task or light thread of the same process uses an event.

local Event = {}
Event.__index = Event

local event = {}

local HEARTBEAT = 0.1 -- seconds between checks of the condition: a task that was killed notifies nobody
local FIRST_STEP, LONGEST_STEP = 0.001, 0.1 -- seconds between checks where no waiter can be had

---@class dynamodb.Event
---@field waiters table set of the transport's waiters that wait for a notification

--- Makes an event that nobody waits for.
---@return dynamodb.Event
function event.new()
  return setmetatable({ waiters = {} }, Event)
end

local function wait(self, waiter, deadline)
  self.waiters[waiter] = true
  local ok, err = pcall(waiter.wait, waiter, deadline)
  self.waiters[waiter] = nil
  if not ok then error(err, 0) end
end

--- Waits until is_done() is true. It is called first, after each notification, and after each heartbeat,
--- since whatever was to notify may have been killed. Where the transport has no waiter, because nothing else
--- runs meanwhile or because it offers none, the condition is checked between short sleeps.
--- Raises what the transport raises in a cancelled task.
---@param transport table the connection's transport
---@param deadline number by the transport's clock
---@param is_done fun(): any
---@param heartbeat? number seconds; 0.1 by default, math.huge for none
---@return boolean done false when the deadline has passed
function Event:wait_until(transport, deadline, is_done, heartbeat)
  local step = FIRST_STEP
  while not is_done() do
    local now = transport.now()
    if now >= deadline then return false end
    local waiter = transport.waiter and transport.waiter()
    if waiter then
      wait(self, waiter, math.min(deadline, now + (heartbeat or HEARTBEAT)))
    else
      transport.sleep(math.min(step, deadline - now))
      step = math.min(step * 2, LONGEST_STEP)
    end
  end
  return true
end

--- Wakes everything that waits for the event.
---@return boolean woken false when nothing waits any more
function Event:notify()
  local woken = false
  for waiter in pairs(self.waiters) do
    if waiter:wake() then woken = true end
  end
  return woken
end

return event
