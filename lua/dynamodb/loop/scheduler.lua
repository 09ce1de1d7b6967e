--- Tasks and their turns: coroutines that wait for sockets, for moments and for each other. What users see
-- of this is dynamodb.loop.

local errors = require("dynamodb.error")
local timers = require("dynamodb.loop.timers")

local running, yield = coroutine.running, coroutine.yield
local unpack = table.unpack or unpack -- luacheck: ignore 113 143

local scheduler = {}

local FOREVER = math.huge
local PARK, DONE, GONE = {}, {}, {} -- what a task's coroutine gives: it waits, has ended, is never to go on
local PATIENCE = 100 -- how often a cancelled task may go on in spite of that

-- Plain Lua 5.1 cannot yield across pcall: there, tasks block.
local CAN_PARK = _VERSION ~= "Lua 5.1" or rawget(_G, "jit") ~= nil

local active -- the task that is running

local function pack(...) return { n = select("#", ...), ... } end

local native -- dynamodb.curl, which is not loaded before somebody waits
local function now() return native.now() end

--- What tasks that are waited for together have in common.
function scheduler.run()
  return { live = 0, failed = {} }
end

--- A place for tasks to run in.
function scheduler.new()
  return {
    queue = {}, first = 1, last = 0, -- those whose turn it is: at [first] to [last]
    sockets = {}, -- key of a socket -> the task that waits for it
    timers = timers.new(), -- of tasks; one may be in it for an earlier moment than it waits for
    tasks = {}, -- those that have not ended
    ready = {}, -- what poller:step fills
    root = scheduler.run(),
  }
end

--- Ends a place where no tasks are left.
function scheduler.close(self)
  if self.poller then self.poller:close() end
end

--- The running task | nil: outside, and in a coroutine of the user's own.
function scheduler.running()
  if active and running() == active.co and CAN_PARK then return active end
end

--- The task under whatever coroutine is running | nil.
function scheduler.active()
  return active
end

-- What a parent's tasks wait for is not for its child, in which only the one that forked goes on.
local function renew(self)
  local err = errors.new({ kind = "timeout", code = "Cancelled", message = "left behind by a fork" })
  for task in pairs(self.tasks) do
    if task ~= active then
      task.done, task.parked, task.cancelled = true, false, err
      task.run.live = task.run.live - 1
    end
  end
  self.tasks = {}
  if active then self.tasks[active], active.place = true, nil end
  self.queue, self.first, self.last = {}, 1, 0
  self.sockets, self.timers = {}, timers.new()
  self.poller:close()
  self.poller, self.exposed = nil, false
end

--- The poller, which is this process's own.
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
  local last = self.last + 1
  self.last, self.queue[last] = last, task
  if self.exposed and not self.stepping then poller_of(self):alarm(0) end
end

local function wake(task)
  task.parked = false
  enqueue(task.loop, task)
end

local function forget_socket(task)
  if task.key then task.loop.sockets[task.key], task.key = nil, nil end
end

-- A cancelled task does not go on. That is an error, so that what it was at is cleared up; who makes nothing
-- of it again and again is left where he is.
local function refuse(task)
  forget_socket(task)
  task.refused = task.refused + 1
  if task.refused > PATIENCE and running() == task.co then yield(GONE) end
  error(task.cancelled, 0)
end

--- Raises in a task that was cancelled.
function scheduler.check()
  if active and active.cancelled then refuse(active) end
end

-- Until it is woken, or the moment has come. Who calls has asked for the poller, and so noticed a fork.
local function park(task, deadline)
  local self = task.loop
  if task.cancelled then refuse(task) end
  if task.ends < deadline then deadline = task.ends end
  task.wake_at = deadline
  if deadline < FOREVER and not (task.place and task.at <= deadline) then
    timers.put(self.timers, task, deadline)
  end
  task.parked = true
  yield(PARK)
  if task.cancelled then refuse(task) end
end

-- Waits for what a step of the poller tells by this key -> true | false when it is too late.
local function park_for(task, key, deadline)
  local sockets = task.loop.sockets
  sockets[key], task.key = task, key
  park(task, deadline)
  local late = sockets[key] ~= nil
  sockets[key], task.key = nil, nil
  return not late
end

--- Waits until a socket can be read or written -> true | false when it is too late.
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

--- Lets the others run for so many seconds.
function scheduler.sleep(task, seconds)
  poller_of(task.loop)
  park(task, now() + seconds)
end

--- What one task waits for and others tell it.
local Waiter = {}
Waiter.__index = Waiter

function scheduler.waiter(task)
  return setmetatable({ task = task }, Waiter)
end

--- Waits to be woken -> true | false when that is too late.
function Waiter:wait(deadline)
  if not self.woken then
    poller_of(self.task.loop)
    self.waiting = true
    park(self.task, deadline)
    self.waiting, self.over = false, true
  end
  return self.woken == true
end

--- Wakes who waits -> true | false when he does not wait any more.
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

--- A task for a function and its arguments, which begins with the next step.
function scheduler.spawn(self, run, f, ...)
  local task = { loop = self, run = run, co = coroutine.create(body), start = pack(f, ...),
    parent = active, ends = FOREVER, refused = 0, waiters = {} }
  poller_of(self)
  self.tasks[task] = true
  run.live = run.live + 1
  enqueue(self, task)
  return task
end

-- Closes what is to be closed, as an error does (Lua 5.4), which may be another error -> the last one.
local function unwind(co, err)
  local close = rawget(coroutine, "close")
  return close and select(2, close(co)) or err
end

local function fail(task, err, traceback)
  task.failed, task.err, task.traceback = true, err, traceback
  task.run.failed[#task.run.failed + 1] = task
  if task.run.main == task then scheduler.cancel_all(task.run, task.loop) end
end

-- What becomes of it once it is cancelled does not count.
local function finish(task, ok, value)
  local self, run = task.loop, task.run
  task.done, task.parked = true, false
  if ok then
    task.results = not task.cancelled and value or nil
  else
    local traceback = not task.cancelled and debug.traceback(task.co)
    value = unwind(task.co, value)
    if not task.cancelled then fail(task, value, traceback) end
  end
  timers.remove(self.timers, task)
  self.tasks[task], task.co, task.start = nil, nil, nil
  run.live = run.live - 1
  for _, waiter in ipairs(task.waiters) do waiter:wake() end
  task.waiters = {}
  if run.live == 0 and run.waiter then run.waiter:wake() end
end

--- Cancels a task: it goes on with an error, if it has begun -> true | false when it has ended.
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

--- The tasks of a run that have not ended.
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

--- Cancels a task at that moment.
function scheduler.limit(task, deadline, err)
  task.ends, task.late = deadline, err
  if task.parked and deadline < task.wake_at then
    task.wake_at = deadline
    if not task.place or deadline < task.at then timers.put(task.loop.timers, task, deadline) end
  end
end

-- ===================== }
-- {===== Steps =====

local function continue(task)
  local start = task.start
  if not start then return coroutine.resume(task.co) end
  task.start = nil
  return coroutine.resume(task.co, unpack(start, 1, start.n))
end

local function resume(self, task)
  if task.done then return end
  if task.strange and task.cancelled then return finish(task) end
  local outer = active
  active = task
  local ok, what, results = continue(task)
  active = outer
  task.strange = false
  if not ok then
    finish(task, false, what)
  elseif what == DONE then
    finish(task, true, results)
  elseif what == GONE then
    finish(task)
  elseif what ~= PARK then -- the user's own coroutine.yield(): to give others a turn
    task.strange = true
    enqueue(self, task)
  end
end

-- Wakes those whose moment has come.
local function expire(self)
  local heap = self.timers
  local task = heap[1]
  if not task then return end
  local moment = now()
  while task and task.at <= moment do
    local wake_at = task.parked and task.wake_at or FOREVER
    if wake_at > moment and wake_at < FOREVER then
      timers.put(heap, task, wake_at)
    else
      timers.remove(heap, task)
      if wake_at <= moment then
        if task.ends <= moment then scheduler.cancel(task, task.late) else wake(task) end
      end
    end
    task = heap[1]
  end
end

local function is_idle(self)
  return self.first > self.last and self.timers.count == 0 and next(self.sockets) == nil
end

-- Waits until something can be done, at most so long, and does that. What gets ready meanwhile has its turn
-- in the next step.
local function step(self, seconds)
  local poller, first = poller_of(self), self.timers[1]
  if first then seconds = math.max(0, math.min(seconds, first.at - now())) end
  if self.first <= self.last then seconds = 0 end
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
  local queue, last = self.queue, self.last
  while self.queue == queue and self.first <= last do
    local place = self.first
    local task = queue[place]
    queue[place], self.first = nil, place + 1
    resume(self, task)
  end
end

-- Calls f(self, ...), inside of which tasks run.
local function stepping(self, f, ...)
  self.stepping = true
  local ok, err = pcall(f, self, ...)
  self.stepping = false
  if self.exposed then scheduler.arm(self) end
  if not ok then error(err, 0) end
end

--- One step; waits at most so long for something to do.
function scheduler.step(self, seconds)
  stepping(self, step, seconds)
end

local function drive(self, is_over, deadline)
  while not is_over() do
    local left = deadline < FOREVER and deadline - now() or FOREVER
    if left <= 0 then return end
    if left == FOREVER and is_idle(self) then
      errors.raise("loop: every task that is left waits for another one")
    end
    step(self, left)
  end
end

--- Steps until 'is_over' says so, or the moment has come.
function scheduler.drive(self, is_over, deadline)
  poller_of(self)
  stepping(self, drive, is_over, deadline)
end

--- The moment at which the descriptor that others wait for is to become readable in any case.
function scheduler.arm(self)
  local first = self.timers[1]
  local moment = self.first <= self.last and 0 or first and first.at or FOREVER
  poller_of(self):alarm(moment)
end

-- ===================== }

return scheduler
