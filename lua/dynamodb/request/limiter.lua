--- Rate limiters of retry mode "adaptive": each finds the rate that the service accepts as TCP CUBIC finds
--- the rate of a network (RFC 9438 section 4.2), with the constants of AWS's SDKs. Times are seconds of one
--- clock.

local limiter = {}

local BETA, SCALE = 0.7, 0.4
local SMOOTHING, WINDOW = 0.8, 0.5 -- of the measured rate; seconds
local MIN_RATE, MIN_CAPACITY = 0.5, 1 -- requests a second; tokens

---@class dynamodb.Limiter
---@field active boolean false until the service throttles a request; before that nothing is held back
---@field measured number requests a second
---@field rate number requests a second that are allowed
---@field failed_at number time of the last throttling

--- Makes a limiter.
---@param now number
---@param measured? number requests a second until now (0), which count until a whole window has passed
---@return dynamodb.Limiter
function limiter.new(now, measured)
  local window = measured and math.ceil(now / WINDOW) * WINDOW or math.floor(now)
  return {
    active = false,
    measured = measured or 0, count = 0, window = window, -- the rate of requests
    peak = 0, failed_at = now, -- rate and time of the last throttling
    rate = 0, capacity = 0, tokens = 0, filled_at = now,
  }
end

local function measure(self, now)
  local window = math.floor(now / WINDOW) * WINDOW
  self.count = self.count + 1
  if window <= self.window then return end
  local rate = self.count / (window - self.window)
  self.measured = rate * SMOOTHING + self.measured * (1 - SMOOTHING)
  self.count, self.window = 0, window
end

local function fill(self, now)
  self.tokens = math.min(self.capacity, self.tokens + (now - self.filled_at) * self.rate)
  self.filled_at = now
end

local function cubic(self, now)
  local recovery = (self.peak * (1 - BETA) / SCALE) ^ (1 / 3) -- seconds until the peak is reached again
  return SCALE * (now - self.failed_at - recovery) ^ 3 + self.peak
end

--- Adapts the rate after an attempt.
---@param throttled boolean
function limiter.adapt(self, now, throttled)
  measure(self, now)
  local rate
  if throttled then
    self.peak = self.active and math.min(self.measured, self.rate) or self.measured
    self.failed_at, self.active = now, true
    rate = self.peak * BETA
  else
    rate = cubic(self, now)
  end
  rate = math.min(rate, 2 * self.measured)
  rate = math.max(rate, MIN_RATE)
  fill(self, now)
  -- Attempts that wait already will be sent when the former rate said so: the debt keeps its time.
  if self.tokens < 0 then self.tokens = self.tokens * rate / self.rate end
  self.rate, self.capacity = rate, math.max(rate, MIN_CAPACITY)
  self.tokens = math.min(self.tokens, self.capacity)
end

--- Returns the seconds until a token exists.
---@return number
function limiter.wait(self, now)
  if not self.active then return 0 end
  fill(self, now)
  return math.max(0, (1 - self.tokens) / self.rate)
end

--- Takes a token, also one that does not exist yet.
function limiter.take(self)
  if self.active then self.tokens = self.tokens - 1 end
end

--- Returns the requests a second until now, also before the first measurement is complete.
---@return number
function limiter.estimate(self, now)
  return math.max(self.measured, self.count / math.max(now - self.window, WINDOW))
end

return limiter
