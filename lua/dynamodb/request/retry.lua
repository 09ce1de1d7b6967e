--- Decides whether a failed attempt is repeated, and after what delay: AWS's retry modes "standard" and
--- "adaptive", as of November 2026, and "off". A policy does not wait, and reads the time only from the
--- function it is given.
-- Source: AWS SDKs and Tools Reference Guide, "Retry behavior", with DynamoDB's own values.

local late = require("dynamodb.base.late")
local limiters = late.module("dynamodb.request.limiter")

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

---@class dynamodb.RetryPolicy one per connection
---@field mode "standard"|"adaptive"|"off"
---@field max_attempts integer the first attempt included
---@field tokens number the retry quota, shared by all calls
---@field limiter? dynamodb.Limiter of the connection; made by the first attempt in adaptive mode
---@field throttles? dynamodb.Throttles what was throttled; set by the first throttled response
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
  policy.limiter = policy.limiter or limiters.new(policy.now())
  return policy.limiter
end

--- Takes a token of the adaptive rate limits. Must be called before each attempt.
---@param longest? number seconds
---@param overrides? table the call's own mode and max_attempts, if any
---@param call? dynamodb.Call whose table, index and key may have limits of their own
---@return number? seconds to wait; nil when that is more than 'longest'
function Policy:before(longest, overrides, call)
  local limiter = limiter_for(self, overrides)
  if not limiter then return 0 end
  local now = self.now()
  if self.throttles and call then return self.throttles:before(call, limiter, now, longest) end
  local wait = limiters.wait(limiter, now)
  if longest and wait > longest then return nil end
  limiters.take(limiter)
  return wait
end

-- Adapts the limiters after an attempt, in adaptive mode.
local function adapt(policy, overrides, throttled, call)
  local limiter = limiter_for(policy, overrides)
  if not limiter then return end
  local now = policy.now()
  if policy.throttles and call then throttled = policy.throttles:after(call, limiter, now, throttled) end
  limiters.adapt(limiter, now, throttled)
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
---@param call? dynamodb.Call
---@return number? delay seconds until the next attempt
---@return number|string cost in tokens, or why there is no other attempt: "permanent" (it would fail as
--- well), "off", "attempts" (this was the last one), "quota" (no tokens are left)
function Policy:plan(attempt, err, overrides, is_corrected, call)
  local class = retry.classify(err)
  adapt(self, overrides, class == "throttling", call)
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
---@param call? dynamodb.Call
---@return number? cost in tokens; nil when the quota or the adaptive rate limits have not enough
function Policy:hedge(overrides, call)
  if self.tokens < COST or not self:before(0, overrides, call) then return nil end
  self.tokens, self.quiet = self.tokens - COST, false
  return COST
end

--- Gives tokens back to the retry quota. Must be called after each success.
---@param cost? number what plan returned for the call's last retry; nil when there was none
---@param call? dynamodb.Call
function Policy:succeed(cost, overrides, call)
  self.tokens = math.min(TOKENS, self.tokens + (cost or 1))
  adapt(self, overrides, false, call)
  self.quiet = self.tokens == TOKENS and self.mode ~= "adaptive"
end

return retry
