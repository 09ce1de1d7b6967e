---@meta

-- The loop and its tasks: doc/loop.md.

---Tasks that run concurrently in plain Lua.
---@class dynamodb.Loop
local loop = {}

---A task of the loop.
---@class dynamodb.Task
---@field done boolean true when the task has ended
---@field traceback? string where the task failed; nil if it did not
local Task = {}

---Runs `f(...)` as a task until it and all tasks started meanwhile have ended. Without a function it runs
---the tasks that were spawned outside of tasks.
---
---**Errors.** Raises what `f` raises, after cancelling the other tasks; otherwise the errors of tasks that
---no task waited for. When the system has no descriptor left it returns `nil, err` of kind `network`.
---Raises inside nginx, and without a function inside a task.
---@param f? function
---@param ... any
---@return any ...
function loop.run(f, ...) end

---Starts a task, which begins to run when the loop does.
---
---**Errors.** Raises for anything but a function, and inside nginx. An error that `f` raises is raised by
---`task:wait`.
---@param f function
---@param ... any
---@return dynamodb.Task task
function loop.spawn(f, ...) end

---Returns the running task; nil outside of tasks, and in your own coroutines inside a task, where calls
---block.
---@return dynamodb.Task? task
function loop.task() end

---Waits. Inside a task the other tasks run meanwhile; outside it blocks.
---
---**Errors.** Raises for anything but a number of seconds from 0, and in a cancelled task.
---@param seconds number
function loop.sleep(seconds) end

---Calls the functions concurrently, as dynamodb.gather does, and returns all that they return. It is the
---function `gather` of the transport of libcurl. `deadline` is an absolute time of the transport's
---`now()`. Programs use `dynamodb.gather`.
---
---**Errors.** At the deadline functions have `false` and an error of kind `timeout`.
---@param calls function[]
---@param concurrency? integer
---@param deadline? number
---@return table[] outcomes
function loop.gather(calls, concurrency, deadline) end

---Runs the tasks that can continue, after waiting at most that long for one (0 by default). Another event
---loop calls it when the descriptor of `loop.fd` is readable.
---
---**Errors.** Raises the error of a task that no task can wait for any more. Raises inside tasks.
---@param seconds? number
---@return integer unfinished
function loop.step(seconds) end

---Returns a file descriptor that becomes readable when `loop.step` has something to do. It belongs to
---epoll, so it exists only on Linux.
---
---**Errors.** `nil, err` of kind `network` when the system has no descriptor left.
---@return integer? fd
---@return dynamodb.Error? err
function loop.fd() end

---Waits until the task has ended, at most that long. Outside of tasks it runs the loop.
---
---**Errors.** Raises what the task raised. `nil, err` with code `Cancelled` if the task was cancelled, of
---kind `timeout` if it still runs after that time.
---@param seconds? number
---@return any ...
function Task:wait(seconds) end

---Raises an error with code `Cancelled` where the task waits, and wherever it waits afterwards.
---@return boolean was_running
function Task:cancel() end

---Cancels the task if it has not ended by then.
---
---**Errors.** Raises for anything but a number of seconds from 0.
---@param seconds number
---@return dynamodb.Task task
function Task:deadline(seconds) end
