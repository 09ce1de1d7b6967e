--- Tasks that run concurrently in plain Lua, and the loop that runs them, by itself or inside another event
--- loop.

local arguments = require("dynamodb.base.arguments")
local concurrent = require("dynamodb.loop.concurrent")
local errors = require("dynamodb.error")
local late = require("dynamodb.base.late")
local objects = require("dynamodb.base.objects")
local phase = require("dynamodb.loop.phase")
local scheduler = require("dynamodb.loop.scheduler")
local system = require("dynamodb.base.system")

local unpack = table.unpack or unpack -- luacheck: ignore 113 143

local loop = {}

local FOREVER = math.huge

local common = scheduler.new() -- runs all tasks, except those that a coroutine inside a task starts

---@class dynamodb.Task
---@field done boolean true when it has ended
---@field traceback? string where it failed
local Task = { __name = "dynamodb.task" }
Task.__index = Task

local function spawn(self, run, f, ...)
  return setmetatable(scheduler.spawn(self, run, f, ...), Task)
end

local function check_function(f, where)
  if type(f) ~= "function" then errors.raise("%s: function expected, got %s", where, type(f)) end
end

-- nginx has its own event loop, and this one would block its worker.
local function check_phase(where)
  if phase.is_nginx() and phase.mode() == "wait" then
    errors.raise("%s: not possible inside nginx; use dynamodb.gather or light threads", where)
  end
end

local function check_seconds(seconds, where)
  if type(seconds) ~= "number" or seconds < 0 or seconds ~= seconds then
    errors.raise("%s: number of seconds expected, got %s", where,
      type(seconds) == "number" and tostring(seconds) or objects.describe(seconds))
  end
end

-- {===== Failures =====

-- Takes the failed tasks out of a run that no task has waited for -> list. 'is_due' selects among them.
local function take_failed(run, is_due)
  local list, task = {}, run.first_failed
  while task do
    if not task.seen and (not is_due or is_due(task)) then list[#list + 1] = task end
    task = task.next_failed
  end
  for _, each in ipairs(list) do each.seen = true end -- nothing was reported when memory ran out before
  task = run.first_failed
  while task and task.seen do task = task.next_failed end
  run.first_failed = task
  if not task then run.last_failed = false end
  return list
end

-- Raises the errors of failed tasks that no task has waited for. 'is_due' selects among them.
local function report(run, is_due)
  local list = take_failed(run, is_due)
  if #list == 0 then return end
  if #list == 1 then error(list[1].err, 0) end
  local texts = {}
  for i, task in ipairs(list) do texts[i] = tostring(task.err) end
  error(table.concat(texts, "\n"), 0)
end

-- Returns the results of a finished task | nil, err when it was cancelled. Raises what the task raised.
local function outcome(task)
  if task.failed then
    task.seen = true
    error(task.err, 0)
  end
  if task.cancelled then return nil, scheduler.error_of(task) end
  return unpack(task.results, 1, task.results.n)
end

-- ===================== }
-- {===== Runs =====

-- Waits inside a task until the run is over. Cancels the run when the waiting task is cancelled.
local function await(task, run, deadline)
  run.waiter = scheduler.waiter(task)
  local ok, err = pcall(run.waiter.wait, run.waiter, deadline)
  if not ok then
    scheduler.cancel_all(run, task.loop)
    error(err, 0)
  end
end

local function wait_for(self, task, run, deadline)
  local function is_over() return run.live == 0 end
  if is_over() then return end
  if task then return await(task, run, deadline) end
  scheduler.drive(self, is_over, deadline)
end

-- Starts the tasks of a run and waits for them. At the deadline it cancels them with the error 'why'.
local function start_and_wait(start, self, task, run, deadline, why)
  start(self, run)
  wait_for(self, task, run, deadline)
  if run.live > 0 then
    scheduler.cancel_all(run, self, why)
    wait_for(self, task, run, FOREVER)
  end
end

-- Ends the tasks of a run that raised, as memory ran out for instance. What does not end now does when the
-- loop runs the next time.
local function give_up(self, run)
  scheduler.cancel_all(run, self)
  wait_for(self, nil, run, FOREVER)
end

-- Starts tasks by calling start(loop, run), and waits until all tasks of the run have ended.
local function conduct(start, deadline, why)
  local task = scheduler.running()
  local self = task and task.loop or common
  if not task and self.stepping then self = scheduler.new() end -- called from a coroutine inside a task
  local run = scheduler.run()
  local ok, err = pcall(start_and_wait, start, self, task, run, deadline, why)
  if not ok and run.live > 0 then
    if not task then pcall(give_up, self, run) end
    scheduler.abandon(run, self, task and task.run or self.root)
  end
  if not task and self ~= common then scheduler.close(self) end
  if not ok then error(err, 0) end
  return run
end

--- Runs a function as a task, until this task and all tasks started meanwhile have ended -> what the function
--- returns. When the function raises, the other tasks are cancelled and the error is raised again. Otherwise
--- raises the errors of failed tasks that no task has waited for. Without a function it runs the tasks that
--- loop.spawn started outside of tasks.
function loop.run(f, ...)
  check_phase("loop.run")
  if f == nil then
    if scheduler.active() then errors.raise("loop.run: function expected inside of a task") end
    wait_for(common, nil, common.root, FOREVER)
    return report(common.root)
  end
  check_function(f, "loop.run")
  local main
  local args = { n = select("#", ...), ... }
  local run = conduct(function(self, run)
    main = spawn(self, run, f, unpack(args, 1, args.n))
    run.main = main
  end, FOREVER)
  if not main.failed then report(run) end
  return outcome(main)
end

--- Starts a task -> task. It begins to run when the loop does.
function loop.spawn(f, ...)
  check_phase("loop.spawn")
  check_function(f, "loop.spawn")
  local parent = scheduler.active()
  return spawn(parent and parent.loop or common, parent and parent.run or common.root, f, ...)
end

local function pack(...) return { n = select("#", ...), ... } end

--- Calls functions concurrently, at most 'concurrency' at a time, until the absolute deadline -> for each
--- what pcall returns, as a table with n, in order. It is the 'gather' of transport/curl. Without epoll the
--- calls run one after the other.
function loop.gather(calls, concurrency, deadline)
  local native = late.get("dynamodb.curl")
  if not native.poller then return concurrent.one_by_one(calls, deadline, native.now) end
  local results, taken = {}, 0
  local function work()
    while taken < #calls do
      taken = taken + 1
      local i = taken
      results[i] = pack(pcall(calls[i]))
      scheduler.check()
    end
  end
  local too_late = errors.locate(errors.new({ kind = "timeout", message = "no time left" }))
  local run = conduct(function(self, run)
    for _ = 1, math.min(concurrency or #calls, #calls) do spawn(self, run, work) end
  end, deadline or FOREVER, too_late)
  report(run)
  for i = 1, #calls do results[i] = results[i] or { n = 2, false, run.why or too_late } end
  return results
end

-- ===================== }
-- {===== Tasks =====

local function remove(list, value)
  for i, other in ipairs(list) do
    if other == value then return table.remove(list, i) end
  end
end

local function wait_in_task(me, task, deadline)
  if me == task then errors.raise("task:wait: a task cannot wait for itself") end
  local waiter = scheduler.waiter(me)
  task.waiters[#task.waiters + 1] = waiter
  local ok, woken = pcall(waiter.wait, waiter, deadline)
  if not (ok and woken) then remove(task.waiters, waiter) end
  if not ok then error(woken, 0) end
end

--- Waits until the task has ended, at most for that many seconds -> what the task returns | nil, err when it
--- was cancelled or is still running. Raises what the task raised. Outside of tasks it runs the loop.
function Task:wait(seconds)
  if seconds ~= nil then check_seconds(seconds, "task:wait") end
  local me = scheduler.running()
  local deadline = seconds and scheduler.now() + seconds or FOREVER
  if self.done then
    return outcome(self)
  elseif me then
    wait_in_task(me, self, deadline)
  elseif self.loop.stepping then
    errors.raise("task:wait: a coroutine inside of a task cannot wait for tasks")
  else
    scheduler.drive(self.loop, function() return self.done end, deadline)
  end
  if self.done then return outcome(self) end
  return nil, errors.locate(errors.new({ kind = "timeout", retryable = true,
    message = ("the task has not ended after %g s"):format(seconds) }))
end

--- Cancels the task: an error is raised where it waits, and again wherever it waits afterwards -> true |
--- false when it has already ended.
function Task:cancel()
  local did = scheduler.cancel(self)
  if did and self == scheduler.running() then scheduler.check() end
  return did
end

--- Cancels the task unless it ends within that many seconds -> the task.
function Task:deadline(seconds)
  check_seconds(seconds, "task:deadline")
  scheduler.limit(self, scheduler.now() + seconds, errors.new({ kind = "timeout", code = "Cancelled",
    message = ("the task's deadline of %g s has passed"):format(seconds) }))
  return self
end

function Task:__tostring()
  local ended = self.failed and "failed" or self.cancelled and "cancelled" or "done"
  return ("Task(%s)"):format(self.done and ended or "running")
end

--- Returns the running task | nil outside of tasks and in other coroutines.
function loop.task()
  return scheduler.running()
end

--- Waits. In a task the other tasks run meanwhile.
function loop.sleep(seconds)
  check_seconds(seconds, "loop.sleep")
  local task = scheduler.running()
  if task then return scheduler.sleep(task, seconds) end
  scheduler.check()
  local clock = system.clock()
  if clock then return clock.pass(seconds) end
  late.get("dynamodb.curl").sleep(seconds)
end

-- ===================== }
-- {===== In other loops =====

-- The error of a failed task is reported when the task that started it can no longer wait for it.
local function is_orphan(task)
  return not task.parent or task.parent.done
end

--- Runs the tasks that are ready, after waiting for one at most that many seconds (0) -> the number of
--- unfinished tasks. Raises the errors of tasks that no task can wait for.
function loop.step(seconds)
  if seconds == nil then seconds = 0 end
  check_seconds(seconds, "loop.step")
  if common.stepping then errors.raise("loop.step: the loop is running") end
  scheduler.step(common, seconds)
  if common.root.first_failed then report(common.root, is_orphan) end
  return common.root.live
end

--- Returns a file descriptor that becomes readable when loop.step has something to do | nil, err when the
--- system has none left.
function loop.fd()
  local poller, why = scheduler.poller(common)
  if not poller then return nil, errors.locate(errors.new({ kind = "network", message = why })) end
  common.exposed = true
  scheduler.arm(common)
  return poller:descriptor()
end

-- ===================== }

arguments.check_methods(Task, "task", { Task }, { cancel = "", deadline = "seconds", wait = "seconds" })
arguments.check_functions(loop, "loop", "loop.", {
  fd = "", gather = "calls, concurrency, deadline", run = "f, ...", sleep = "seconds", spawn = "f, ...",
  step = "seconds", task = "",
})

return loop
