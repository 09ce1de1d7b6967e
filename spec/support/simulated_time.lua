--- Adds tasks and simulated time to a transport without a network (helper.fake).

local simulated_time = {}

local CANCELLED = "the task was cancelled"

local function pack(...) return { n = select("#", ...), ... } end
local unpack = table.unpack or unpack -- luacheck: ignore 113 143

--- Creates the transport. Besides the functions of a transport it has run(function), which runs the function and all tasks
--- that it starts until they have ended; cancelled, the number of cancelled tasks; and in_flight and most_in_flight, the
--- current and the maximum number of concurrent requests.
---@param fake table transport without a network
---@param latency function returns the seconds that a response takes
function simulated_time.new(fake, latency)
  local own = setmetatable({ cancelled = 0, in_flight = 0, most_in_flight = 0 }, { __index = fake })
  local tasks, current, turns = {}, nil, 0

  -- Schedules a task to resume at that time, after all tasks that were scheduled earlier for the same time.
  local function schedule(task, at)
    turns = turns + 1
    task.at, task.turn = at, turns
  end

  local function park(at)
    if not current then
      fake.clock = math.max(fake.clock, at) -- outside a task
      return
    end
    schedule(current, at)
    coroutine.yield()
    own.check()
  end

  function own.check()
    if current and current.is_cancelled then error(CANCELLED, 0) end
  end

  local function step()
    local first
    for _, task in ipairs(tasks) do
      if not first or task.at < first.at or (task.at == first.at and task.turn < first.turn) then first = task end
    end
    if not first or first.at == math.huge then error("every task waits for another one", 0) end
    fake.clock = math.max(fake.clock, first.at)
    local outer = current
    current = first
    local ok, why = coroutine.resume(first.co)
    current = outer
    if coroutine.status(first.co) ~= "dead" then return end
    first.done = true
    for i, task in ipairs(tasks) do
      if task == first then table.remove(tasks, i) end
    end
    for _, wake in ipairs(first.waiting) do wake() end
    if not ok and not first.is_cancelled then error(why, 0) end
  end

  function own.spawn(f)
    local task = { co = coroutine.create(f), done = false, waiting = {} }
    schedule(task, fake.clock)
    function task:cancel()
      if self.done or self.is_cancelled then return end
      own.cancelled = own.cancelled + 1
      self.is_cancelled = true
      schedule(self, fake.clock)
    end
    tasks[#tasks + 1] = task
    return task
  end

  function own.place()
    return current and tasks
  end

  function own.waiter()
    local task, waiter = current, {}
    if not task then return nil end
    function waiter.wait(_, deadline)
      if not waiter.woken then park(deadline) end
      return waiter.woken == true
    end
    function waiter.wake()
      waiter.woken = true
      schedule(task, fake.clock)
    end
    return waiter
  end

  function own.sleep(seconds)
    park(fake.clock + seconds)
  end

  function own.receive(...)
    own.in_flight = own.in_flight + 1
    own.most_in_flight = math.max(own.most_in_flight, own.in_flight)
    local ok, why = pcall(park, fake.clock + latency())
    own.in_flight = own.in_flight - 1
    if not ok then error(why, 0) end
    return fake.receive(...)
  end

  function own.gather(calls, concurrency)
    local results, taken, living = {}, 0, {}
    local function work()
      while taken < #calls do
        taken = taken + 1
        local i = taken
        results[i] = pack(pcall(calls[i]))
      end
    end
    for i = 1, math.min(concurrency or #calls, #calls) do living[i] = own.spawn(work) end
    for _, task in ipairs(living) do
      while not task.done do
        local waiter = own.waiter()
        if waiter then task.waiting[1] = waiter.wake end
        if waiter then waiter:wait(math.huge) else step() end
      end
    end
    return results
  end

  function own.run(f)
    local results
    local main = own.spawn(function() results = pack(pcall(f)) end)
    while #tasks > 0 do step() end
    assert(main.done)
    if not results[1] then error(results[2], 0) end
    return unpack(results, 2, results.n)
  end

  return own
end

return simulated_time
