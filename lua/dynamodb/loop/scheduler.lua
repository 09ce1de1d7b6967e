--- The scheduler of tasks: coroutines that wait for sockets, timers and each other (public: dynamodb.loop).
-- A task is in one of these states:
--   queued    in the queue: runs in the next step (new, woken, or after its own coroutine.yield)
--   running   'active'
--   parked    waits for a socket ('key'), a time ('wake_at', in the timers) or a waiter
--   done      has returned, failed, or was cancelled before it started
-- A cancelled task is queued and gets an error wherever it waits; after 100 such errors it is abandoned.

local errors = require("dynamodb.error")
local timers = require("dynamodb.loop.timers")

local running, yield = coroutine.running, coroutine.yield
local unpack = table.unpack or unpack -- luacheck: ignore 113 143

local scheduler = {}

local FOREVER = math.huge
-- What a task's coroutine yields or returns when it parks, ends, or is abandoned.
local PARK, DONE, GONE = {}, {}, {}
local NOTHING = {}
local MAX_IGNORED = 100 -- errors that a cancelled task may ignore before it is abandoned

-- Plain Lua 5.1 cannot yield across pcall; tasks block there.
local CAN_PARK = _VERSION ~= "Lua 5.1" or rawget(_G, "jit") ~= nil

local active -- the running task

local function pack(...) return { n = select("#", ...), ... } end

local native -- dynamodb.curl, loaded at the first wait
local function now() return native.now() end

--- Makes a run: a set of tasks that are waited for together.
function scheduler.run()
  return { live = 0, failed = {} }
end

--- Makes a loop without tasks.
function scheduler.new()
  return {
    -- The queue: tasks to run in the next step, linked by 'next', so that waking one allocates nothing.
    first = false, last = false,
    sockets = {}, -- socket key -> the task that waits for it
    timers = timers.new(), -- heap of tasks; a task may be in it with an earlier time than it waits for
    tasks = {}, -- unfinished tasks
    ready = {}, -- filled by poller:step
    root = scheduler.run(),
  }
end

--- Closes a loop that has no tasks left.
function scheduler.close(self)
  if self.poller then self.poller:close() end
end

--- Returns the running task | nil outside of tasks and in other coroutines.
function scheduler.running()
  if active and running() == active.co and CAN_PARK then return active end
end

--- Returns the running task, also inside a coroutine that it resumed | nil.
function scheduler.active()
  return active
end

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
  self.first, self.last = false, false
  self.sockets, self.timers = {}, timers.new()
  self.poller:close()
  self.poller, self.exposed = nil, false
end

--- Returns the poller of this process. After a fork makes another one.
local function poller_of(self)
  native = native or require("dynamodb.curl")
  local poller, forks = self.poller, native.forks()
  if poller and self.forks == forks then return poller end
  if poller then renew(self) end
  if not native.poller then errors.raise("loop: this system has no epoll") end
  self.forks, self.poller = forks, native.poller()
  return self.poller
end
scheduler.poller = poller_of

-- {===== Waiting =====

local function enqueue(self, task)
  task.next = false
  if self.last then self.last.next = task else self.first = task end
  self.last = task
  if self.exposed and not self.stepping then poller_of(self):alarm(0) end
end

local function wake(task)
  if not task.parked then return end -- it is in the queue already
  task.parked = false
  enqueue(task.loop, task)
end

local function forget_socket(task)
  if task.key then task.loop.sockets[task.key], task.key = nil, false end
end

-- Raises in a cancelled task, so that it cleans up. Abandons a task that has ignored this too often.
local function raise_cancelled(task)
  forget_socket(task)
  task.ignored = task.ignored + 1
  if task.ignored > MAX_IGNORED and running() == task.co then yield(GONE) end
  error(errors.locate(task.cancelled), 0)
end

--- Raises in a cancelled task.
function scheduler.check()
  if active and active.cancelled then raise_cancelled(active) end
end

-- Parks a task until it is woken or the deadline comes. The caller must have called poller_of.
local function park(task, deadline)
  local self = task.loop
  if task.cancelled then raise_cancelled(task) end
  if task.ends < deadline then deadline = task.ends end
  task.wake_at = deadline
  if deadline < FOREVER and not (task.index and task.at <= deadline) then
    timers.put(self.timers, task, deadline)
  end
  task.parked = true
  yield(PARK)
  if task.cancelled then raise_cancelled(task) end
end

-- Waits for a socket that the poller reports by this key -> true | false at the deadline.
local function park_for(task, key, deadline)
  local sockets = task.loop.sockets
  sockets[key] = task
  task.key = key
  park(task, deadline)
  local is_ready = sockets[key] == nil
  sockets[key], task.key = nil, false
  return is_ready
end

--- Waits until a socket is readable or writable -> true | false at the deadline.
function scheduler.wait(task, socket, mode, deadline)
  return park_for(task, poller_of(task.loop):watch(socket, mode), deadline)
end

--- Opens a connection -> socket | nil, kind, why, code, proxy_status, as dynamodb.curl's connect.
function scheduler.connect(task, url, seconds, options)
  local socket, key, reason, status, refusal = poller_of(task.loop):connect(url, seconds, options)
  if not socket then return nil, key, reason, status, refusal end
  local waited, err = pcall(park_for, task, key, FOREVER)
  if not waited then
    socket:close()
    error(err, 0)
  end
  local done, kind, why, code, proxy_status = socket:connected()
  if done then return socket end
  return nil, kind, why, code, proxy_status
end

--- Parks the task for that many seconds.
function scheduler.sleep(task, seconds)
  poller_of(task.loop)
  park(task, now() + seconds)
end

--- A waiter: one task waits by it until another one wakes it.
local Waiter = {}
Waiter.__index = Waiter

function scheduler.waiter(task)
  return setmetatable({ task = task }, Waiter)
end

--- Waits to be woken -> true | false at the deadline.
function Waiter:wait(deadline)
  if not self.woken then
    poller_of(self.task.loop)
    self.waiting = true
    park(self.task, deadline)
    self.waiting, self.over = false, true
  end
  return self.woken == true
end

--- Wakes the waiting task -> true | false when it no longer waits.
function Waiter:wake()
  local task = self.task
  if self.over or task.done or task.cancelled then return false end
  self.woken = true
  if self.waiting and task.parked then wake(task) end
  return true
end

-- ===================== }
-- {===== Beginning and ending =====

local function body(f, ...)
  return DONE, pack(f(...))
end

--- Makes a task that calls the function with these arguments. It starts in the next step.
function scheduler.spawn(self, run, f, ...)
  local task = { loop = self, run = run, co = coroutine.create(body), start = pack(f, ...),
    parent = active, ends = FOREVER, ignored = 0, waiters = {}, -- all fields, so that none allocates later
    done = false, parked = false, cancelled = false, failed = false, key = false,
    at = 0, index = false, wake_at = 0, next = false }
  poller_of(self)
  self.tasks[task] = true -- may run out of memory, before anything else has changed
  run.live = run.live + 1
  enqueue(self, task)
  return task
end

local function fail(task, err, traceback)
  local run = task.run
  task.failed, task.err, task.traceback = true, err, traceback
  run.failed[#run.failed + 1] = task
  if run.main == task then scheduler.cancel_all(run, task.loop) end
end

-- Ends a task. Results and errors of a cancelled task are dropped.
local function finish(task, ok, value)
  local self, run = task.loop, task.run
  task.done, task.parked = true, false
  if ok then
    task.results = not task.cancelled and value or nil
  else
    local traceback = not task.cancelled and debug.traceback(task.co)
    local close = rawget(coroutine, "close") -- Lua 5.4: closes to-be-closed variables, returns the last error
    if close then value = select(2, close(task.co)) or value end
    if not task.cancelled then fail(task, value, traceback) end
  end
  timers.remove(self.timers, task)
  self.tasks[task], task.co, task.start = nil, nil, nil
  run.live = run.live - 1
  for _, waiter in ipairs(task.waiters) do waiter:wake() end
  task.waiters = {}
  if run.live == 0 and run.waiter then run.waiter:wake() end
end

--- Cancels a task -> true | false when it has already ended. A task that has not started ends at once.
function scheduler.cancel(task, err)
  if task.done then return false end
  task.cancelled = task.cancelled or err
    or errors.new({ kind = "timeout", code = "Cancelled", message = "the task was cancelled" })
  if task.start then
    finish(task)
  elseif task.parked then
    forget_socket(task)
    wake(task)
  end
  return true
end

--- Returns the unfinished tasks of a run.
function scheduler.tasks_of(run, self)
  local list = {}
  for task in pairs(self.tasks) do
    if task.run == run then list[#list + 1] = task end
  end
  return list
end

--- Cancels all tasks of a run.
function scheduler.cancel_all(run, self, err)
  for _, task in ipairs(scheduler.tasks_of(run, self)) do scheduler.cancel(task, err) end
end

--- Sets the time at which a task is cancelled, and the error for it.
function scheduler.limit(task, deadline, err)
  task.ends, task.late = deadline, err
  if task.parked and deadline < task.wake_at then
    task.wake_at = deadline
    if not task.index or deadline < task.at then timers.put(task.loop.timers, task, deadline) end
  end
end

-- ===================== }
-- {===== Steps =====

local function continue(task)
  local start = task.start or NOTHING
  task.start = nil
  return coroutine.resume(task.co, unpack(start, 1, start.n))
end

local function resume(self, task)
  if task.done then return end
  if task.has_yielded and task.cancelled then return finish(task) end
  local outer = active
  active = task
  local ok, what, results = continue(task)
  active = outer
  task.has_yielded = false
  if not ok then
    finish(task, false, what)
  elseif what == DONE or what == GONE then
    finish(task, what == DONE, results)
  elseif what ~= PARK then -- the task called coroutine.yield() itself, to let others run
    task.has_yielded = true
    enqueue(self, task)
  end
end

-- Wakes the tasks whose time has come, and cancels those whose deadline has passed.
local function expire(self)
  local heap = self.timers
  local task = heap[1]
  local time = task and now()
  while task and task.at <= time do
    local wake_at = task.parked and task.wake_at or FOREVER
    if wake_at > time and wake_at < FOREVER then
      timers.put(heap, task, wake_at)
    else
      timers.remove(heap, task)
      if wake_at <= time then
        if task.ends <= time then scheduler.cancel(task, task.late) else wake(task) end
      end
    end
    task = heap[1]
  end
end

-- Waits until a task can run, at most that many seconds, and runs the tasks that are ready by then.
local function step(self, seconds)
  local poller, first = poller_of(self), self.timers[1]
  if first then seconds = math.max(0, math.min(seconds, first.at - now())) end
  if self.first then seconds = 0 end
  local ready, sockets = self.ready, self.sockets
  for i = 1, poller:step(seconds, ready) do
    local key = ready[i]
    local task = sockets[key]
    if task then
      sockets[key] = nil
      wake(task)
    end
  end
  expire(self)
  local tasks, last, task = self.tasks, self.last, nil
  while self.first and task ~= last and self.tasks == tasks do -- a fork has new tasks
    task = self.first
    self.first, task.next = task.next, false
    if not self.first then self.last = false end
    resume(self, task)
  end
end

-- Calls f(self, ...), inside which tasks run.
local function stepping(self, f, ...)
  self.stepping = true
  local ok, err = pcall(f, self, ...)
  self.stepping = false
  if self.exposed then scheduler.arm(self) end
  if not ok then error(err, 0) end
end

--- Runs one step, after waiting for something to do at most that many seconds.
function scheduler.step(self, seconds)
  stepping(self, step, seconds)
end

local function drive(self, is_over, deadline)
  while not is_over() do
    local left = deadline < FOREVER and deadline - now() or FOREVER
    if left <= 0 then return end
    local is_idle = not self.first and self.timers.count == 0 and next(self.sockets) == nil
    if is_idle and left == FOREVER then
      errors.raise("loop: deadlock: every unfinished task waits for another one")
    end
    step(self, left)
  end
end

--- Runs steps until is_over() is true or the deadline comes.
function scheduler.drive(self, is_over, deadline)
  poller_of(self)
  stepping(self, drive, is_over, deadline)
end

--- Sets the time at which the loop's descriptor becomes readable for other event loops.
function scheduler.arm(self)
  local first = self.timers[1]
  poller_of(self):alarm(self.first and 0 or first and first.at or FOREVER)
end

-- ===================== }

return scheduler
