--- testing.clock: time that passes only when it is told to, or when everything waits.

local arguments = require("dynamodb.base.arguments")
local blocks = require("dynamodb.testing.blocks")
local errors = require("dynamodb.error")
local objects = require("dynamodb.base.objects")
local phase = require("dynamodb.loop.phase")
local scheduler = require("dynamodb.loop.scheduler")
local system = require("dynamodb.base.system")
local transports = require("dynamodb.testing.transports")

local clock = {}

local PATIENCE = 5 -- seconds of the machine's time after which a silent socket is taken to stay silent

---@class dynamodb.testing.Clock
---@field transport table for option 'transport' of dynamodb.connect
local Clock = { __name = "dynamodb.testing.clock" }
Clock.__index = Clock

-- Calls a function of the inner transport that takes a deadline by this clock. In a task the scheduler lets
-- time pass while the socket is silent. Outside of tasks it is waited for, and then time passes up to the
-- deadline.
local function call(self, f, socket, deadline, ...)
  local inner_now = self.inner.now()
  local seconds = deadline - self.seconds
  if seconds > 0 and not scheduler.running() then seconds = PATIENCE end
  local result, kind, why = f(socket, inner_now + seconds, ...)
  if kind == "timeout" then self.seconds = math.max(self.seconds, deadline) end
  return result, kind, why
end

local function wrap(self)
  local inner = self.inner
  local wrapped = setmetatable({}, { __index = inner })
  function wrapped.now() return self.seconds end
  function wrapped.time() return self.source.time() end
  function wrapped.sleep(seconds)
    local task = scheduler.running()
    if task then return scheduler.sleep(task, seconds) end
    self.source.pass(seconds)
  end
  function wrapped.send(socket, bytes, deadline)
    return call(self, function(own, limit) return inner.send(own, bytes, limit) end, socket, deadline)
  end
  function wrapped.receive(socket, deadline, is_first)
    return call(self, inner.receive, socket, deadline, is_first)
  end
  return wrapped
end

--- Stops the machine's clock for this library: for connections with the clock's transport, and for tasks.
--- Only one such clock can run at a time. It ends with busted's block that it is made in, or by close.
---@param transport? table the transport that sends and receives; that of dynamodb.connect by default
---@return dynamodb.testing.Clock
function clock.clock(transport)
  if phase.is_nginx() then errors.raise("testing.clock: not possible inside nginx") end
  if system.clock() then errors.raise("testing.clock: another clock runs; close it first") end
  local inner = transports.given(transport, "testing.clock")
  local self = setmetatable({ inner = inner, seconds = inner.now(), began = system.time() }, Clock)
  local start = self.seconds
  self.source = {
    now = function() return self.seconds end,
    time = function() return math.floor(self.began + self.seconds - start) end,
    pass = function(seconds) self.seconds = self.seconds + seconds end,
  }
  self.transport = transports.disturb(wrap(self), inner)
  system.use_clock(self.source)
  self._forget = blocks.at_end(function() self:close() end)
  return self
end

--- Returns the seconds that have passed by this clock. They count from no particular time.
function Clock:now()
  return self.seconds
end

--- Lets time pass. Tasks whose time has come run when the calling task waits.
---@param seconds number
function Clock:advance(seconds)
  if type(seconds) ~= "number" or seconds ~= seconds or seconds < 0 or seconds >= math.huge then
    errors.raise("clock:advance: number of seconds expected, got %s",
      type(seconds) == "number" and tostring(seconds) or objects.describe(seconds))
  end
  self.source.pass(seconds)
end

--- Gives the time back to the machine's clock. Closing it again does nothing.
function Clock:close()
  self._forget()
  if system.clock() == self.source then system.use_clock(false) end
end
Clock.__close = Clock.close

arguments.check_methods(Clock, "clock", { Clock }, { advance = "seconds", close = "", now = "" })

return clock
