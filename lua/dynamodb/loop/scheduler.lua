--- The scheduler of tasks: coroutines that wait for sockets, timers and each other (public: dynamodb.loop).
-- A task is in one of these states:
--   queued    in the queue: runs in the next step (new, woken, or after its own coroutine.yield)
--   running   'active'
--   parked    waits for a socket ('key'), a time ('wake_at', in the timers) or a waiter
--   done      has returned, failed, or was cancelled before it started
-- A cancelled task is queued and gets an error wherever it waits; after 100 such errors it is abandoned.
-- Memory may run out at any allocation, and at a call that needs a deeper stack than before. So what changes
-- the state of a task or of the loop allocates first, and 'recover' mends what a step left that raised.

local errors = require("dynamodb.error")
local parking = require("dynamodb.loop.parking")
local system = require("dynamodb.base.system")
local timers = require("dynamodb.loop.timers")

local status = coroutine.status
local unpack = table.unpack or unpack -- luacheck: ignore 113 143

-- How tasks wait is told in loop/parking.
local scheduler = {
  active = parking.active, check = parking.check, connect = parking.connect, error_of = parking.error_of,
  limit = parking.limit, now = parking.now, poller = parking.poller, running = parking.running,
  sleep = parking.sleep, wait = parking.wait, waiter = parking.waiter,
}

local FOREVER = math.huge
local PARK, GONE = parking.PARK, parking.GONE
local DONE = {} -- what a task's coroutine returns first
local NOTHING = {}
local OUT_OF_MEMORY = "not enough memory" -- as Lua says it

local activate, enqueue, now, poller_of = parking.activate, parking.enqueue, parking.now, parking.poller

local function pack(...) return { n = select("#", ...), ... } end

--- Makes a run: a set of tasks that are waited for together.
function scheduler.run()
  -- Failed tasks are linked by 'next_failed'. 'why' is the error of a loop that cannot wait.
  return { live = 0, first_failed = false, last_failed = false, main = false, waiter = false, why = false }
end

--- Makes a loop without tasks.
function scheduler.new()
  return {
    -- The queue: tasks to run in the next step, linked by 'next', so that waking one allocates nothing.
    first = false, last = false,
    sockets = {}, -- socket key -> the task that waits for it
    timers = timers.new(), -- heap of tasks; a task may be in it with an earlier time than it waits for
    tasks = {}, -- unfinished tasks
    ready = {}, first_ready = 1, last_ready = 0, -- the keys that poller:step has reported
    root = scheduler.run(),
    poller = false, forks = false, exposed = false, stepping = false,
    is_broken = false, -- true after a step that raised
  }
end

--- Closes a loop that has no tasks left.
function scheduler.close(self)
  if self.poller then self.poller:close() end
end

-- {===== Beginning and ending =====

-- The coroutine of a task. 'start' has the function and its arguments.
local function body(task)
  local start = task.start
  task.start = false
  return DONE, pack(start[1](unpack(start, 2, start.n)))
end

--- Makes a task that calls the function with these arguments. It starts in the next step.
function scheduler.spawn(self, run, f, ...)
  parking.check_fork(self)
  local task = { loop = self, run = run, co = coroutine.create(body), start = pack(f, ...),
    parent = parking.active(), ends = FOREVER, ignored = 0, waiters = {},
    -- All fields, so that none allocates later.
    done = false, ending = false, parked = false, queued = false, has_yielded = false, cancelled = false,
    late = false, key = false, waiter = false, at = 0, index = false, wake_at = 0, next = false,
    ok = false, value = false, results = false, -- what the coroutine returned or raised
    failed = false, err = false, next_failed = false, traceback = nil, seen = false }
  local is_broken = self.is_broken
  self.tasks[task] = true -- may run out of memory, before anything else has changed
  run.live, self.is_broken = run.live + 1, true -- until the task is in the queue
  enqueue(self, task)
  self.is_broken = is_broken
  return task
end

-- Notes that a task has failed, and ends the run that it is the main task of.
local function fail(task)
  local run = task.run
  if not task.failed then
    task.failed, task.err = true, task.value
    if run.last_failed then run.last_failed.next_failed = task else run.first_failed = task end
    run.last_failed = task
  end
  if run.main == task then scheduler.cancel_all(run, task.loop) end
end

-- Closes the coroutine of a task that has not returned: Lua 5.4 closes its to-be-closed variables.
local function close_failed(task)
  if not task.cancelled and not task.traceback then
    local ok, text = pcall(debug.traceback, task.co)
    task.traceback = ok and text or nil -- nil when memory has run out
  end
  local close = rawget(coroutine, "close")
  if close then
    local closed, err = close(task.co)
    if not closed then task.value = err end
  end
  if not task.cancelled then fail(task) end
end

-- Ends a task. Results and errors of a cancelled task are dropped. When memory runs out meanwhile, the next
-- step repeats it.
local function finish(task)
  local self, run = task.loop, task.run
  task.done, task.ending, task.parked = true, true, false
  if not task.ok then
    close_failed(task)
  elseif not task.cancelled then
    task.results = task.value
  end
  timers.remove(self.timers, task)
  for _, waiter in ipairs(task.waiters) do waiter:wake() end
  if run.live == 1 and run.waiter then run.waiter:wake() end
  if self.tasks[task] then
    self.tasks[task] = nil
    run.live = run.live - 1
  end
  task.ending, task.co, task.start, task.value, task.waiters = false, false, false, false, NOTHING
end

--- Cancels a task -> true | false when it has already ended. A task that has not started ends at once.
function scheduler.cancel(task, err)
  if task.done then return false end
  task.cancelled = task.cancelled or err or parking.CANCELLED
  if task.start then
    finish(task)
  elseif task.parked then
    parking.wake(task)
  end
  return true
end

--- Cancels all tasks of a run.
function scheduler.cancel_all(run, self, err)
  for task in pairs(self.tasks) do -- ending a task removes it, and adds none
    if task.run == run then scheduler.cancel(task, err) end
  end
end

--- Cancels the unfinished tasks of a run and moves them to another run. Needs no memory.
function scheduler.abandon(run, self, other)
  for task in pairs(self.tasks) do
    if task.run == run then
      task.cancelled = task.cancelled or parking.CANCELLED
      task.run, run.live, other.live = other, run.live - 1, other.live + 1
      self.is_broken = true -- the next step wakes it
    end
  end
end

-- ===================== }
-- {===== Steps =====

local function continue(task)
  if task.start then return coroutine.resume(task.co, task) end
  return coroutine.resume(task.co)
end

local function resume(self, task)
  if task.done then return end
  if task.cancelled and (task.has_yielded or task.start) then return finish(task) end
  local outer = activate(task)
  local ok, what, value = continue(task)
  activate(outer)
  task.has_yielded = false
  if not ok then
    task.value = what
    finish(task)
  elseif what == DONE or what == GONE then
    task.ok, task.value = what == DONE, value
    finish(task)
  elseif what == PARK then
    task.parked = true
  else -- the task called coroutine.yield() itself, to let others run
    task.has_yielded = true
    enqueue(self, task)
  end
end

-- Wakes the tasks whose time has come, and cancels those whose deadline has passed.
local function expire(self)
  local heap = self.timers
  local task = timers.first(heap)
  local time = task and now()
  while task and task.at <= time do
    local wake_at = task.parked and task.wake_at or FOREVER
    if wake_at > time and wake_at < FOREVER then
      timers.put(heap, task, wake_at)
    else
      if wake_at <= time then
        if task.ends <= time then scheduler.cancel(task, task.late) else parking.wake(task) end
      end
      timers.remove(heap, task)
    end
    task = timers.first(heap)
  end
end

-- Wakes the tasks whose sockets the poller has reported.
local function wake_ready(self)
  local ready, sockets = self.ready, self.sockets
  while self.first_ready <= self.last_ready do
    local key = ready[self.first_ready]
    local task = sockets[key]
    if task then
      if task.key == key then
        parking.wake(task)
        task.key = false
      end
      sockets[key] = nil
    end
    self.first_ready = self.first_ready + 1
  end
end

-- Waits until a socket is ready, at most that many seconds. When the system does not let it, no task of the
-- loop can wait any more: all get the error.
local function wait_for_events(self, seconds)
  local poller, why = poller_of(self)
  local count
  if poller then count, why = poller:step(seconds, self.ready) end
  if count then
    self.first_ready, self.last_ready = 1, count
    return
  end
  local err = errors.new({ kind = "network", message = why, retryable = true })
  for task in pairs(self.tasks) do
    task.run.why = err
    scheduler.cancel(task, err)
  end
end

-- Seconds of the machine's time that a silent socket holds up a clock that replaces the machine's.
local PATIENCE = 5

-- Waits as wait_for_events does, by another clock: its time passes when no socket is waited for, or when all
-- have been silent for long.
local function wait_by_clock(self, clock, seconds)
  local is_idle = next(self.sockets) == nil
  wait_for_events(self, (is_idle or seconds == 0) and 0 or PATIENCE)
  local has_come = self.first_ready <= self.last_ready or self.first
  if not has_come and seconds > 0 and seconds < FOREVER then clock.pass(seconds) end
end

-- Mends what a step left that raised when memory ran out: ends the tasks that have ended, and queues those
-- that are neither parked nor queued, or cancelled.
local function recover(self)
  local task = next(self.tasks)
  while task do
    local following = next(self.tasks, task)
    if task.ending or status(task.co) == "dead" then
      if not task.ending and not task.ok then task.value = task.value or OUT_OF_MEMORY end
      finish(task)
    elseif task.parked and task.cancelled then
      parking.wake(task)
    elseif not task.parked and not task.queued then
      enqueue(self, task)
    end
    task = following
  end
  self.is_broken = false
end

-- Waits until a task can run, at most that many seconds, and runs the tasks that are ready by then.
local function step(self, seconds)
  if self.is_broken then recover(self) end
  wake_ready(self) -- what is left of a step that raised
  local first = timers.first(self.timers)
  if first then seconds = math.max(0, math.min(seconds, first.at - now())) end
  if self.first then seconds = 0 end
  local clock = system.clock()
  if clock then wait_by_clock(self, clock, seconds) else wait_for_events(self, seconds) end
  wake_ready(self)
  expire(self)
  local tasks, last, task = self.tasks, self.last, nil
  while self.first and task ~= last and self.tasks == tasks do -- a fork has new tasks
    task = self.first
    self.first, task.next, task.queued = task.next, false, false
    if not self.first then self.last = false end
    resume(self, task)
  end
end

local function protected(self, f, ...)
  self.stepping = true
  return f(self, ...)
end

-- Calls f(self, ...), inside which tasks run.
local function stepping(self, f, ...)
  local outer = parking.active()
  local ok, err = pcall(protected, self, f, ...)
  self.stepping = false
  if not ok then
    self.is_broken = true
    activate(outer)
  end
  if self.exposed then scheduler.arm(self) end
  if not ok then error(err, 0) end
end

--- Runs one step, after waiting for something to do at most that many seconds.
function scheduler.step(self, seconds)
  stepping(self, step, seconds)
end

local function drive(self, is_over, deadline)
  while true do
    if self.is_broken then recover(self) end
    if is_over() then return end
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
  parking.check_fork(self)
  stepping(self, drive, is_over, deadline)
end

--- Sets the time at which the loop's descriptor becomes readable for other event loops.
function scheduler.arm(self)
  local poller, first = poller_of(self), timers.first(self.timers)
  if poller then poller:alarm(self.first and 0 or first and first.at or FOREVER) end
end

-- ===================== }

return scheduler
