--- Decides whether a failed attempt is repeated, and after what delay: AWS's retry modes "standard" and
--- "adaptive", as of November 2026, and "off". A policy does not wait, and reads the time only from the
--- function it is given.
-- Source: AWS SDKs and Tools Reference Guide, "Retry behavior", with DynamoDB's own values.

local retry = {}

local ATTEMPTS = 4
local BASE, THROTTLING_BASE, CAP = 0.025, 1, 20 -- seconds
local MAX_RETRY_AFTER = 5 -- seconds that x-amz-retry-after may add to the computed delay
local TOKENS, COST, THROTTLING_COST = 500, 14, 5

local function set(names)
  local members = {}
  for name in names:gmatch("%S+") do members[name] = true end
  return members
end

-- Codes by which the service asks the client to slow down.
local throttling = set([[
  BandwidthLimitExceeded EC2ThrottledException LimitExceededException PriorRequestNotComplete
  ProvisionedThroughputExceededException RequestLimitExceeded RequestThrottled RequestThrottledException
  SlowDown ThrottledException Throttling ThrottlingException TooManyRequestsException
  TransactionInProgressException]])

-- Codes of transient failures. AWS's SDKs leave TransactionConflictException to the caller, although the
-- developer guide says that a single write that conflicts with a transaction may be retried.
local transient = set([[
  IDPCommunicationError ReplicatedWriteConflictException RequestTimeout RequestTimeoutException TimeoutError
  TransactionConflictException]])

local transient_status = { [500] = true, [502] = true, [503] = true, [504] = true }

-- Cancellation reasons after which a transaction may succeed when it is sent again -> class.
retry.reason_classes = { None = "none", ProvisionedThroughputExceeded = "throttling",
  ThrottlingError = "throttling", TransactionConflict = "transient" }

-- Codes of single statements of BatchExecuteStatement that may succeed when they are sent again -> class.
retry.statement_classes = { InternalServerError = "transient", ProvisionedThroughputExceeded = "throttling",
  RequestLimitExceeded = "throttling", ThrottlingError = "throttling", TransactionConflict = "transient" }

-- Codes of requests that were signed for the wrong time. They are retried once the clock is corrected.
retry.skew_codes = set([[
  AccessDeniedException AuthFailure InvalidSignatureException RequestExpired RequestInTheFuture
  RequestTimeTooSkewed SignatureDoesNotMatch]])

-- Codes of expired credentials. They are retried with other credentials.
retry.expiry_codes = set("ExpiredToken ExpiredTokenException")

-- Returns the class of all reasons together | nil when one of them is permanent.
local function class_of_reasons(reasons)
  local class
  for _, reason in ipairs(reasons or {}) do
    local one = retry.reason_classes[reason.code or reason.Code]
    if not one then return nil end
    if one == "throttling" or (one == "transient" and not class) then class = one end
  end
  return class
end

--- Classifies an error object.
---@param err dynamodb.Error
---@return "throttling"|"transient"|nil class nil when a retry cannot help
function retry.classify(err)
  local code, status = err.code, err.status
  if throttling[code] or status == 429 then return "throttling" end
  if transient[code] or transient_status[status] then return "transient" end
  if code == "TransactionCanceledException" then return class_of_reasons(err.reasons) end
  if err.kind == "network" or err.kind == "timeout" then return not err.permanent and "transient" or nil end
  return err.kind == "response" and err.retryable and "transient" or nil
end

-- The rate limiter of the adaptive mode: it finds the rate that the service accepts as TCP CUBIC finds the
-- rate of a network (RFC 9438 section 4.2), with the constants of AWS's SDKs.
local BETA, SCALE = 0.7, 0.4
local SMOOTHING, WINDOW = 0.8, 0.5 -- of the measured rate; seconds
local MIN_RATE, MIN_CAPACITY = 0.5, 1 -- requests a second; tokens

local function new_limiter(now)
  return {
    active = false, -- until the service throttles a request
    measured = 0, count = 0, window = math.floor(now), -- the rate of requests
    peak = 0, failed_at = now, -- rate and time of the last throttling
    rate = 0, capacity = 0, tokens = 0, filled_at = now,
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
  limiter.tokens = math.min(limiter.capacity, limiter.tokens + (now - limiter.filled_at) * limiter.rate)
  limiter.filled_at = now
end

local function cubic(limiter, now)
  local recovery = (limiter.peak * (1 - BETA) / SCALE) ^ (1 / 3) -- seconds until the peak is reached again
  return SCALE * (now - limiter.failed_at - recovery) ^ 3 + limiter.peak
end

-- Adapts the rate after an attempt.
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
  limiter.rate, limiter.capacity = math.max(rate, MIN_RATE), math.max(rate, MIN_CAPACITY)
  limiter.tokens = math.min(limiter.tokens, limiter.capacity)
end

-- Takes a token, and returns the seconds until it exists | nil, taking none, if these are more than
-- 'longest'.
local function acquire_token(limiter, now, longest)
  if not limiter.active then return 0 end
  fill(limiter, now)
  local wait = math.max(0, (1 - limiter.tokens) / limiter.rate)
  if longest and wait > longest then return nil end
  limiter.tokens = limiter.tokens - 1
  return wait
end

---@class dynamodb.RetryPolicy one per connection
---@field mode "standard"|"adaptive"|"off"
---@field max_attempts integer the first attempt included
---@field tokens number the retry quota, shared by all calls
---@field quiet boolean true when a success would change nothing, so that succeed need not be called
local Policy = {}
Policy.__index = Policy

--- Makes a policy.
---@param given table mode ("standard"), max_attempts (4), random (function that returns a number in [0, 1)),
--- now (function that returns seconds)
---@return dynamodb.RetryPolicy
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

-- Returns the limiter, for a call in adaptive mode | nil.
local function limiter_for(policy, overrides)
  if (overrides and overrides.mode or policy.mode) ~= "adaptive" then return nil end
  policy.limiter = policy.limiter or new_limiter(policy.now())
  return policy.limiter
end

--- Takes a token of the adaptive rate limit. Must be called before each attempt.
---@param longest? number seconds
---@param overrides? table the call's own mode and max_attempts, if any
---@return number? seconds to wait; nil when that is more than 'longest'
function Policy:before(longest, overrides)
  local limiter = limiter_for(self, overrides)
  if not limiter then return 0 end
  return acquire_token(limiter, self.now(), longest)
end

-- Reads x-amz-retry-after, a whole number of milliseconds -> seconds | nil.
local function read_retry_after(text)
  return type(text) == "string" and text:match("^%d+$") and tonumber(text) / 1000 or nil
end

local function delay_for(policy, attempt, class, retry_after)
  local base = class == "throttling" and THROTTLING_BASE or BASE
  local delay = policy.random() * math.min(base * 2 ^ (attempt - 1), CAP)
  local told = read_retry_after(retry_after)
  return told and math.max(delay, math.min(told, delay + MAX_RETRY_AFTER)) or delay
end

--- Plans the next attempt after one that failed.
---@param attempt integer number of the failed attempt, from 1
---@param err dynamodb.Error its retry_after is the header x-amz-retry-after
---@param overrides? table
---@param is_corrected? boolean the cause was corrected: the next attempt neither waits nor costs tokens
---@return number? delay seconds until the next attempt
---@return number|string cost in tokens, or why there is no other attempt: "permanent" (it would fail as
--- well), "off", "attempts" (this was the last one), "quota" (no tokens are left)
function Policy:plan(attempt, err, overrides, is_corrected)
  local class = retry.classify(err)
  local limiter = limiter_for(self, overrides)
  if limiter then adapt(limiter, self.now(), class == "throttling") end
  if not class and not is_corrected then return nil, "permanent" end
  if (overrides and overrides.mode or self.mode) == "off" then return nil, "off" end
  if attempt >= (overrides and overrides.max_attempts or self.max_attempts) then return nil, "attempts" end
  if is_corrected then return 0, 0 end
  local cost = class == "throttling" and THROTTLING_COST or COST
  if self.tokens < cost then return nil, "quota" end
  self.tokens, self.quiet = self.tokens - cost, false
  return delay_for(self, attempt, class, err.retry_after), cost
end

--- Takes the tokens of a hedge, which is sent before an attempt has failed.
---@param overrides? table
---@return number? cost in tokens; nil when the quota or the adaptive rate limit has not enough
function Policy:hedge(overrides)
  if self.tokens < COST then return nil end
  local limiter = limiter_for(self, overrides)
  if limiter and not acquire_token(limiter, self.now(), 0) then return nil end
  self.tokens, self.quiet = self.tokens - COST, false
  return COST
end

--- Gives tokens back to the retry quota. Must be called after each success.
---@param cost? number what plan returned for the call's last retry; nil when there was none
function Policy:succeed(cost, overrides)
  self.tokens = math.min(TOKENS, self.tokens + (cost or 1))
  local limiter = limiter_for(self, overrides)
  if limiter then adapt(limiter, self.now(), false) end
  self.quiet = self.tokens == TOKENS and self.mode ~= "adaptive"
end

return retry
