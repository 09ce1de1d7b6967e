--- A transport in which several wait at once, in simulated time: it makes one of a transport that goes nowhere (helper.fake),
--- whose answers take as long as it is told.

local abreast = {}

local CANCELLED = "the task was cancelled"

local function pack(...) return { n = select("#", ...), ... } end
local unpack = table.unpack or unpack -- luacheck: ignore 113 143

--- 'latency()' is how many seconds an answer takes. Besides what transports have, it has run(function): the function and all
--- that is begun meanwhile as tasks, until they have ended; cancelled, how many tasks were; in_flight, most_in_flight.
function abreast.new(fake, latency)
  local own = setmetatable({ cancelled = 0, in_flight = 0, most_in_flight = 0 }, { __index = fake })
  local tasks, current = {}, nil

  local function park(moment)
    if not current then
      fake.clock = math.max(fake.clock, moment) -- blocking
      return
    end
    current.at = moment
    coroutine.yield()
    own.check()
  end

  function own.check()
    if current and current.is_cancelled then error(CANCELLED, 0) end
  end

  local function step()
    local first
    for _, task in ipairs(tasks) do
      if not first or task.at < first.at then first = task end
    end
    if not first or first.at == math.huge then error("everybody waits for somebody else", 0) end
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
    local task = { co = coroutine.create(f), at = fake.clock, done = false, waiting = {} }
    function task:cancel()
      if self.done or self.is_cancelled then return end
      own.cancelled = own.cancelled + 1
      self.is_cancelled, self.at = true, fake.clock
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
    function waiter.wait(_, moment)
      if not waiter.woken then park(moment) end
      return waiter.woken == true
    end
    function waiter.wake()
      waiter.woken = true
      task.at = fake.clock
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

return abreast
