--- Whether a failed attempt is made again, and after what time: AWS's retry modes "standard" and "adaptive",
-- as they are since November 2026, and "off". A policy knows no clock and no sleep, only what it is given.
-- Source: AWS SDKs and Tools Reference Guide, "Retry behavior", with DynamoDB's own values.

local retry = {}

local ATTEMPTS = 4
local BASE, THROTTLING_BASE, CAP = 0.025, 1, 20 -- seconds
local PATIENCE = 5 -- seconds that x-amz-retry-after may add
local TOKENS, COST, THROTTLING_COST = 500, 14, 5

local function set(names)
  local members = {}
  for name in names:gmatch("%S+") do members[name] = true end
  return members
end

-- The service asks for less.
local throttling = set([[
  BandwidthLimitExceeded EC2ThrottledException LimitExceededException PriorRequestNotComplete
  ProvisionedThroughputExceededException RequestLimitExceeded RequestThrottled RequestThrottledException
  SlowDown ThrottledException Throttling ThrottlingException TooManyRequestsException
  TransactionInProgressException]])

-- The same request may succeed in a moment. AWS's SDKs leave TransactionConflictException to the caller,
-- although the developer guide says that a single write that met a transaction may be tried again.
local transient = set([[
  IDPCommunicationError ReplicatedWriteConflictException RequestTimeout RequestTimeoutException TimeoutError
  TransactionConflictException]])

local transient_status = { [500] = true, [502] = true, [503] = true, [504] = true }

-- Reasons of a cancelled transaction that pass: the other transaction's end, or less traffic.
local passing = { None = "none", ProvisionedThroughputExceeded = "throttling", ThrottlingError = "throttling",
  TransactionConflict = "transient" }

-- What the reasons say together; one that does not pass decides.
local function class_of_reasons(reasons)
  local class
  for _, reason in ipairs(reasons or {}) do
    local one = passing[reason.code or reason.Code]
    if not one then return nil end
    if one == "throttling" or (one == "transient" and not class) then class = one end
  end
  return class
end

--- What kind of failure an error object tells of -> "throttling" | "transient" | nil: no retry helps.
function retry.classify(err)
  local code, status = err.code, err.status
  if throttling[code] or status == 429 then return "throttling" end
  if transient[code] or transient_status[status] then return "transient" end
  if code == "TransactionCanceledException" then return class_of_reasons(err.reasons) end
  if err.kind == "network" or err.kind == "timeout" then return not err.permanent and "transient" or nil end
  return err.kind == "response" and err.retryable and "transient" or nil
end

-- The adaptive mode's limiter: what the service bears is found as TCP CUBIC finds what a network bears (RFC
-- 9438 section 4.2), with the values of AWS's SDKs.
local BETA, SCALE = 0.7, 0.4
local SMOOTHING, WINDOW = 0.8, 0.5 -- of the measured rate; seconds
local LEAST_RATE, LEAST_ROOM = 0.5, 1 -- requests a second; tokens

local function new_limiter(now)
  return {
    active = false, -- until the service throttles
    measured = 0, count = 0, window = math.floor(now), -- what was sent
    peak = 0, failed_at = now, -- the rate and time of the last throttling
    rate = 0, room = 0, tokens = 0, filled_at = now,
  }
end

local function measure(limiter, now)
  local window = math.floor(now / WINDOW) * WINDOW
  limiter.count = limiter.count + 1
  if window <= limiter.window then return end
  local rate = limiter.count / (window - limiter.window)
  limiter.measured = rate * SMOOTHING + limiter.measured * (1 - SMOOTHING)
  limiter.count, limiter.window = 0, window
end

local function fill(limiter, now)
  limiter.tokens = math.min(limiter.room, limiter.tokens + (now - limiter.filled_at) * limiter.rate)
  limiter.filled_at = now
end

local function cubic(limiter, now)
  local back = (limiter.peak * (1 - BETA) / SCALE) ^ (1 / 3) -- seconds until the peak is reached again
  return SCALE * (now - limiter.failed_at - back) ^ 3 + limiter.peak
end

-- An answer came, or none: what may be sent from now on.
local function adapt(limiter, now, throttled)
  measure(limiter, now)
  local rate
  if throttled then
    limiter.peak = limiter.active and math.min(limiter.measured, limiter.rate) or limiter.measured
    limiter.failed_at, limiter.active = now, true
    rate = limiter.peak * BETA
  else
    rate = cubic(limiter, now)
  end
  rate = math.min(rate, 2 * limiter.measured)
  fill(limiter, now)
  limiter.rate, limiter.room = math.max(rate, LEAST_RATE), math.max(rate, LEAST_ROOM)
  limiter.tokens = math.min(limiter.tokens, limiter.room)
end

-- Takes a token, which may be one of the future: whoever comes next waits longer.
local function take(limiter, now, longest)
  if not limiter.active then return 0 end
  fill(limiter, now)
  local wait = math.max(0, (1 - limiter.tokens) / limiter.rate)
  if longest and wait > longest then return nil end
  limiter.tokens = limiter.tokens - 1
  return wait
end

---@class dynamodb.RetryPolicy one per connection
---@field mode "standard"|"adaptive"|"off"
---@field max_attempts integer the first one counts
---@field tokens number that the retries of all calls share
---@field quiet boolean is there nothing that a success could change?
local Policy = {}
Policy.__index = Policy

--- given: mode ("standard"), max_attempts (4), random = function -> [0, 1), now = function -> seconds.
function retry.new(given)
  return setmetatable({
    mode = given.mode or "standard",
    max_attempts = given.max_attempts or ATTEMPTS,
    random = given.random,
    now = given.now,
    tokens = TOKENS,
    quiet = given.mode ~= "adaptive",
  }, Policy)
end

-- The limiter, for a call in adaptive mode.
local function limiter_for(policy, given)
  if (given and given.mode or policy.mode) ~= "adaptive" then return nil end
  policy.limiter = policy.limiter or new_limiter(policy.now())
  return policy.limiter
end

--- Before each attempt, also the first -> seconds to wait | nil when that is more than 'longest', if given.
--- 'given', here and below, has the call's own mode and max_attempts, if any.
function Policy:before(longest, given)
  local limiter = limiter_for(self, given)
  if not limiter then return 0 end
  return take(limiter, self.now(), longest)
end

-- A whole number of milliseconds; all else counts as none.
local function told_delay(text)
  return type(text) == "string" and text:match("^%d+$") and tonumber(text) / 1000 or nil
end

local function delay_for(policy, attempt, class, retry_after)
  local base = class == "throttling" and THROTTLING_BASE or BASE
  local delay = policy.random() * math.min(base * 2 ^ (attempt - 1), CAP)
  local told = told_delay(retry_after)
  return told and math.max(delay, math.min(told, delay + PATIENCE)) or delay
end

--- After attempt number 'attempt' failed with 'err' -> seconds until the next, and what it costs | nil and
--- why there is none: "permanent" (it would fail, too), "off", "attempts" (that was the last), "quota" (too
--- many retries of all calls failed). err.retry_after is the header x-amz-retry-after; err.fast says that the
--- cause is mended, so that the next attempt neither waits nor costs.
function Policy:plan(attempt, err, given)
  local class = retry.classify(err)
  local limiter = limiter_for(self, given)
  if limiter then adapt(limiter, self.now(), class == "throttling") end
  if not class and not err.fast then return nil, "permanent" end
  if (given and given.mode or self.mode) == "off" then return nil, "off" end
  if attempt >= (given and given.max_attempts or self.max_attempts) then return nil, "attempts" end
  if err.fast then return 0, 0 end
  local cost = class == "throttling" and THROTTLING_COST or COST
  if self.tokens < cost then return nil, "quota" end
  self.tokens, self.quiet = self.tokens - cost, false
  return delay_for(self, attempt, class, err.retry_after), cost
end

--- After a success. 'cost' is what plan said the call's last retry costs; nil when there was none.
function Policy:succeed(cost, given)
  self.tokens = math.min(TOKENS, self.tokens + (cost or 1))
  local limiter = limiter_for(self, given)
  if limiter then adapt(limiter, self.now(), false) end
  self.quiet = self.tokens == TOKENS and self.mode ~= "adaptive"
end

return retry
