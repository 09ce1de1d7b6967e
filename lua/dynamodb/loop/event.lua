--- An event: tasks and light threads wait for it until another one notifies them, in the order of their
--- arrival. Everything in this library that waits for another task or light thread of the same process uses
--- an event.

local Event = {}
Event.__index = Event

local event = {}

local HEARTBEAT = 0.1 -- seconds between checks of the condition: a task that was killed notifies nothing
local FIRST_STEP, LONGEST_STEP = 0.001, 0.1 -- seconds between checks without a waiter

---@class dynamodb.Event
---@field entries table in order of arrival, at [first] to [last] with gaps: { waiter = the transport's
--- waiter, nil while the entry does not wait by one }
---@field count integer entries

--- Makes an event that nothing waits for.
---@return dynamodb.Event
function event.new()
  return setmetatable({ entries = {}, first = 1, last = 0, count = 0 }, Event)
end

-- Closes the gaps, so that a long wait among many short ones does not make the list grow.
local function compact(self)
  local entries, count = {}, 0
  for i = self.first, self.last do
    local entry = self.entries[i]
    if entry then
      count = count + 1
      entries[count], entry.index = entry, count
    end
  end
  self.entries, self.first, self.last = entries, 1, count
end

local function enter(self)
  if self.last - self.first > 2 * self.count + 16 then compact(self) end
  local entry = { index = self.last + 1 }
  self.entries[entry.index] = entry
  self.last, self.count = entry.index, self.count + 1
  return entry
end

local function leave(self, entry)
  self.entries[entry.index], self.count = nil, self.count - 1
  while self.first <= self.last and not self.entries[self.first] do self.first = self.first + 1 end
end

-- Waits with a waiter of the transport until it is woken or the time has come.
local function wait(entry, waiter, deadline)
  entry.waiter = waiter
  waiter:wait(deadline)
  entry.waiter = nil
end

local function loop(entry, transport, deadline, is_done, heartbeat)
  local step = FIRST_STEP
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
  local entry = enter(self)
  local ok, done = pcall(loop, entry, transport, deadline, is_done, heartbeat or HEARTBEAT)
  leave(self, entry)
  if not ok then error(done, 0) end
  return done
end

--- Wakes everything that waits for the event, in the order of arrival.
---@return boolean woken false when nothing was waiting
function Event:notify()
  local woken = false
  for i = self.first, self.last do
    local entry = self.entries[i]
    if entry and entry.waiter and entry.waiter:wake() then woken = true end
  end
  return woken
end

--- Lets the other tasks run until they wait. Does nothing without a waiter.
function event.yield(transport)
  local waiter = transport.waiter and transport.waiter()
  if waiter then waiter:wait(transport.now()) end
end

return event
