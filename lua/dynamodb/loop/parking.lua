--- How a task of the loop waits: for sockets, timers and other tasks. loop/scheduler runs the tasks, and
--- tells their states.
-- What changes the state of a task or of its loop allocates first, so that nothing has changed when memory
-- runs out.

local errors = require("dynamodb.error")
local late = require("dynamodb.base.late")
local system = require("dynamodb.base.system")
local timers = require("dynamodb.loop.timers")

local running, yield = coroutine.running, coroutine.yield

local parking = {
  -- What a task's coroutine yields when it parks or is abandoned.
  PARK = {}, GONE = {},
  -- What a task was cancelled with until the error is needed, so that cancelling allocates nothing.
  CANCELLED = {},
}

local FOREVER = math.huge
local PARK, GONE = parking.PARK, parking.GONE
local MAX_IGNORED = 100 -- errors that a cancelled task may ignore before it is abandoned

-- Plain Lua 5.1 cannot yield across pcall; tasks block there.
local CAN_PARK = _VERSION ~= "Lua 5.1" or rawget(_G, "jit") ~= nil

local active -- the running task

local native -- dynamodb.curl, loaded when the first task is made

--- Returns seconds of the monotonic clock, or of the clock that replaces it in tests.
function parking.now()
  local clock = system.clock()
  return clock and clock.now() or native.now()
end

--- Returns the running task | nil outside of tasks and in other coroutines.
function parking.running()
  if active and running() == active.co and CAN_PARK then return active end
end

--- Returns the running task, also inside a coroutine that it resumed | nil.
function parking.active()
  return active
end

--- Sets the running task -> the one before.
function parking.activate(task)
  local outer = active
  active = task
  return outer
end

-- {===== The poller =====

-- After a fork only the running task goes on in the child; the others are cancelled there.
local function renew(self)
  local err = errors.new({ kind = "timeout", code = "Cancelled", message = "left behind by a fork" })
  for task in pairs(self.tasks) do
    if task ~= active then
      task.done, task.parked, task.cancelled = true, false, err
      task.run.live = task.run.live - 1
    end
  end
  self.tasks = {}
  if active then self.tasks[active], active.index = true, false end
  self.first, self.last, self.last_ready = false, false, 0
  self.sockets, self.timers = {}, timers.new()
  self.poller:close()
  self.poller, self.exposed = false, false
end

--- Loads libcurl's module, and renews the loop in the child of a fork. Raises on a system without pollers.
local function check_fork(self)
  native = native or late.get("dynamodb.curl")
  if not native.poller then errors.raise("loop: this system has no epoll") end
  if self.poller and self.forks ~= native.forks() then renew(self) end
end

--- Returns the poller of this process | nil, why. After a fork makes another one.
local function poller_of(self)
  check_fork(self)
  if self.poller then return self.poller end
  local poller, why = native.poller()
  if not poller then return nil, why end
  self.forks, self.poller = native.forks(), poller
  return poller
end
parking.check_fork, parking.poller = check_fork, poller_of

-- ===================== }
-- {===== Waking =====

--- Puts a task at the end of the queue.
local function enqueue(self, task)
  task.next = false
  if self.last then self.last.next = task else self.first = task end
  self.last, task.queued = task, true
  if self.exposed and self.poller and not self.stepping then self.poller:alarm(0) end
end

--- Puts a parked task into the queue. Calls nothing before it is there, since a call may need memory.
local function wake(task)
  if not task.parked then return end -- it is in the queue already
  local self = task.loop
  task.next = false
  if self.last then self.last.next = task else self.first = task end
  self.last, task.queued, task.parked = task, true, false
  if self.exposed and self.poller and not self.stepping then self.poller:alarm(0) end
end

parking.enqueue, parking.wake = enqueue, wake

-- ===================== }
-- {===== Waiting =====

local function forget_socket(task)
  local key, sockets = task.key, task.loop.sockets
  if key and sockets[key] then sockets[key] = nil end -- LuaJIT would add an absent key
  task.key = false
end

--- Returns the error of a cancelled task.
local function error_of(task)
  if task.cancelled == parking.CANCELLED then
    task.cancelled = errors.new({ kind = "timeout", code = "Cancelled", message = "the task was cancelled" })
  end
  return task.cancelled
end
parking.error_of = error_of

-- Raises in a cancelled task, so that it cleans up. Abandons a task that has ignored this too often.
local function raise_cancelled(task)
  forget_socket(task)
  task.ignored = task.ignored + 1
  if task.ignored > MAX_IGNORED and running() == task.co then yield(GONE) end
  error(errors.locate(error_of(task)), 0)
end

--- Raises in a cancelled task.
function parking.check()
  if active and active.cancelled then raise_cancelled(active) end
end

-- Parks a task until it is woken or the deadline comes: by the waiter, or by the poller that reports the key
-- of a socket.
local function park(task, deadline, waiter, key)
  local self = task.loop
  if task.cancelled then raise_cancelled(task) end
  if task.key then forget_socket(task) end -- of a wait that raised
  if task.ends < deadline then deadline = task.ends end
  if deadline < FOREVER and not (task.index and task.at <= deadline) then
    timers.put(self.timers, task, deadline)
  end
  if key then self.sockets[key] = task end
  task.wake_at, task.waiter, task.key = deadline, waiter, key
  yield(PARK) -- then it counts as parked
  if task.cancelled then raise_cancelled(task) end
end

-- Waits for a socket that the poller reports by this key -> true | false at the deadline.
local function park_for(task, key, deadline)
  park(task, deadline, false, key)
  local is_ready = not task.key
  forget_socket(task)
  return is_ready
end

--- Waits until a socket is readable or writable -> true | false at the deadline | nil, why.
function parking.wait(task, socket, mode, deadline)
  local poller, why = poller_of(task.loop)
  if not poller then return nil, why end
  local key, reason = poller:watch(socket, mode)
  if not key then return nil, reason end
  if system.clock() then deadline = deadline - native.now() + parking.now() end -- it is one of native.now()
  return park_for(task, key, deadline)
end

--- Opens a connection -> socket | nil, kind, why, code, proxy_status, as dynamodb.curl's connect.
function parking.connect(task, url, seconds, options)
  local poller, why = poller_of(task.loop)
  if not poller then return nil, "network", why, 0, 0 end
  local socket, key, reason, code, proxy_status = poller:connect(url, seconds, options)
  if not socket then return nil, key, reason, code, proxy_status end
  local waited, err = pcall(park_for, task, key, FOREVER)
  if not waited then
    socket:close()
    error(err, 0)
  end
  local done, kind
  done, kind, why, code, proxy_status = socket:connected()
  if done then return socket end
  return nil, kind, why, code, proxy_status
end

--- Parks the task for that many seconds.
function parking.sleep(task, seconds)
  check_fork(task.loop)
  park(task, parking.now() + seconds, false, false)
end

--- A waiter: one task waits by it until another one wakes it.
local Waiter = {}
Waiter.__index = Waiter

function parking.waiter(task)
  return setmetatable({ task = task, woken = false, over = false }, Waiter)
end

--- Waits to be woken -> true | false at the deadline.
function Waiter:wait(deadline)
  if not self.woken then
    check_fork(self.task.loop)
    park(self.task, deadline, self, false)
    self.over = true
  end
  return self.woken
end

--- Wakes the waiting task -> true | false when it no longer waits.
function Waiter:wake()
  local task = self.task
  if self.over or task.done or task.cancelled then return false end
  if task.waiter == self then wake(task) end
  self.woken = true
  return true
end

--- Sets the time at which a task is cancelled, and the error for it.
function parking.limit(task, deadline, err)
  task.ends, task.late = deadline, err
  if task.parked and deadline < task.wake_at then
    task.wake_at = deadline
    if not task.index or deadline < task.at then timers.put(task.loop.timers, task, deadline) end
  end
end

-- ===================== }

return parking
