--- Keeps credentials and decides when they are fetched anew: before they expire, by one of those who ask,
--- while the others use the old ones for as long as these hold.

local errors = require("dynamodb.error")
local system = require("dynamodb.base.system")

local Cache = {}
Cache.__index = Cache

local EARLY, JITTER = 300, 60 -- seconds before they expire; clients that were started together part
local PAUSE = 10 -- seconds from a failure to the next try, while the old ones hold
local AGAIN = 300 -- the same for those that are used beyond their end; up to twice as long
local FIRST_STEP, LONGEST_STEP = 0.005, 0.1 -- seconds of waiting for somebody else's fetching

-- Who is running: one of the program's threads of control.
local function running()
  return coroutine.running() or "main"
end

local function failure(message)
  return errors.new({ kind = "credentials", message = message, retryable = true })
end

local function later()
  return AGAIN * (1 + system.random())
end

-- When credentials just fetched are to be fetched again, in seconds since 1970: not in the first half of
-- their time.
local function due_at(found, now)
  local left = found.expires - now
  if left <= 0 then return now + later() end
  return now + math.max(left - EARLY - JITTER * system.random(), left / 2)
end

-- May they be used beyond their end? Instance metadata may be late with new ones (AWS SDKs call this static
-- stability). And what has expired from the start may be good: the clock here may be wrong, and it is for the
-- service to say.
local function outlives(found, now)
  return found.source == "instance metadata" or found.expires <= now
end

local function take(self, found, fixed)
  self.current, self.fixed = found, fixed
  self.due, self.holds_until = math.huge, math.huge
  if fixed or not found.expires then return end
  local now = self.transport.time()
  self.due = due_at(found, now)
  if not outlives(found, now) then self.holds_until = found.expires end
end

local function holds(self)
  return self.current ~= nil and self.transport.time() < self.holds_until
end

-- After a failure the old ones are used on, and nobody tries again for a while.
local function go_on(self)
  local now = self.transport.time()
  local expired = self.current.expires and self.current.expires <= now
  self.due = now + (expired and later() or PAUSE)
  return self.current
end

local function is_same(a, b)
  return a ~= nil and a.aws_access_key_id == b.aws_access_key_id
    and a.aws_secret_access_key == b.aws_secret_access_key and a.aws_session_token == b.aws_session_token
end

-- Calls the source, as the one who does; the flight is over whatever happens. One that was broken off, say
-- because its task was cancelled, tells the others nothing: one of them begins another.
local function ask(self, flight)
  self.flight = flight
  local ok, found, more = pcall(self.source, flight.deadline, self.current)
  flight.done = true
  if self.flight == flight then self.flight = nil end
  if ok then return found, more end
  flight.broken = true
  error(found, 0)
end

-- Fetches -> credentials | nil, err | nil when there are none but 'refused', which the service does not take.
local function fetch(self, deadline, refused)
  local flight = { deadline = deadline, owner = running() }
  local found, more = ask(self, flight)
  if not found then
    if refused or not holds(self) then
      flight.err = more
      return nil, more
    end
    flight.found = go_on(self)
    return flight.found
  end
  if is_same(refused, found) then return nil end
  flight.found = found
  take(self, found, more)
  if self.emit and not more then
    self.emit("credentials_refreshed",
      { source = found.source, expires = found.expires, warning = found.warning })
  end
  return found
end

-- Who is fetching, if anybody. One who was given up halfway does not count.
local function flight_of(self)
  local flight = self.flight
  return flight and self.transport.now() < flight.deadline and flight or nil
end

-- Waits until somebody else has fetched, or has been given up -> true | nil, err.
local function wait(self, flight, deadline)
  if flight.owner == running() then return nil, failure("credentials are asked for by what fetches them") end
  local transport, step = self.transport, FIRST_STEP
  while not flight.done and flight_of(self) == flight do
    local left = deadline - transport.now()
    if left <= 0 then return nil, failure("no credentials in time") end
    transport.sleep(math.min(step, left))
    step = math.min(step * 2, LONGEST_STEP)
  end
  return true
end

-- Until when to try while the old ones hold: the request that wants them needs time, too.
local function halfway(self, deadline)
  local now = self.transport.now()
  return now + (deadline - now) / 2
end

--- The credentials -> credentials | nil, err. Asks nobody unless they are due.
function Cache:get(deadline)
  local current = self.current
  if current and (self.due == math.huge or self.transport.time() < self.due) then return current end
  local flight = flight_of(self)
  if holds(self) then return flight and current or fetch(self, halfway(self, deadline)) end
  if not flight then return fetch(self, deadline) end
  local over, err = wait(self, flight, deadline)
  if not over then return nil, err end
  if flight.found or flight.err then return flight.found, flight.err end
  return self:get(deadline)
end

--- Others in place of 'used', which the service did not take -> credentials | nil, err | nil when there are
--- none.
function Cache:refresh(used, deadline)
  if self.fixed then return nil end
  if self.current ~= used then return self:get(deadline) end
  local flight = flight_of(self)
  if not flight then return fetch(self, deadline, used) end
  local over, err = wait(self, flight, deadline)
  if not over then return nil, err end
  if not flight.done or flight.broken then return self:refresh(used, deadline) end
  return flight.found ~= used and flight.found or nil, flight.err
end

--- 'source' is a function of a deadline, and of the credentials that it is to replace, that fetches ->
--- credentials, true if they never change | nil, err.
return function(source, transport, emit)
  return setmetatable({ source = source, transport = transport, emit = emit }, Cache)
end
