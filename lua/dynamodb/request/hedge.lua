--- Hedged reads, the option hedge: decides which reads may be sent a second time, when, and how many.
--- http/hedged_trip sends them. doc/retries.md
-- Source: Dean and Barroso, "The Tail at Scale", Communications of the ACM 56(2), 2013.

local hedged_trip = require("dynamodb.http.hedged_trip")
local hooks = require("dynamodb.request.hooks")
local objects = require("dynamodb.base.objects")
local round_trip = require("dynamodb.http.round_trip")

local hedge = {}

local FOREVER = math.huge
local READS = { BatchGetItem = true, GetItem = true, Query = true, Scan = true }
local BUDGET = 0.05 -- share of reads
local MOST_SAVED = 10 -- hedges that reads without one can save up
local PAUSE = 10 -- seconds without hedges after a throttled response

-- {===== The option =====

local EXPECTED = 'false or table of after (seconds or "p95") and budget (share of reads, up to 1)'

--- Validates the option 'hedge'.
function hedge.is_option(value)
  if value == false then return true end
  if not objects.is_plain(value) then return false, EXPECTED end
  for name in pairs(value) do
    if name ~= "after" and name ~= "budget" then
      return false, ("%s without '%s'"):format(EXPECTED, tostring(name):sub(1, 40))
    end
  end
  local after, budget = value.after, value.budget
  local is_after = after == "p95" or (type(after) == "number" and after > 0 and after < 1e9)
  return is_after and (budget == nil or (type(budget) == "number" and budget > 0 and budget <= 1)), EXPECTED
end

-- Returns the option that applies to a call: its own, or that of connect | nil.
local function option_of(call)
  if not READS[call.operation.name] then return nil end
  local given = call.options.hedge
  if given == nil then given = call.state.hedging.given end
  return given or nil
end

---@class dynamodb.Hedging of one connection
---@field given table|false the option of connect
---@field saved number hedges that the reads so far have paid for
---@field times table<string, dynamodb.ReadTimes> by the name of the operation
---@field throttled integer throttled responses that have been noticed
---@field resume_at number no hedges before that time, by the transport's clock
---@field has_warned boolean

--- Makes the state of a connection whose reads may be hedged.
---@param given? table the option of connect
---@return dynamodb.Hedging
function hedge.new(given)
  return { given = given or false, saved = 0, times = {}, throttled = 0, resume_at = -FOREVER,
    has_warned = false }
end

-- ===================== }
-- {===== Measured times =====

-- A histogram with eight buckets for each doubling, from 0.1 ms to 100 s, so that p95 is at most 9 % too
-- long. Halving the counts lets it follow the service.
local LOWEST, STEPS = 0.0001, 8 / math.log(2)
local LAST = math.floor(math.log(1e6) * STEPS)
local LEAST, MOST = 100, 2000 -- measurements before there is a p95; before the counts are halved
local EVERY = 25 -- measurements between computations of p95

---@class dynamodb.ReadTimes
---@field counts table<integer, number> by bucket
---@field total number
---@field fresh integer measurements since p95 was computed
---@field p95 number seconds; infinite until there are enough measurements

--- Makes a histogram without measurements.
---@return dynamodb.ReadTimes
function hedge.new_times()
  return { counts = {}, total = 0, fresh = 0, p95 = FOREVER }
end

-- Returns the upper bound of the bucket below which 95 % of the measurements are.
local function compute_p95(times)
  local above, index = 0, LAST + 1
  while index > 0 and above <= 0.05 * times.total do
    index = index - 1
    above = above + (times.counts[index] or 0)
  end
  return LOWEST * math.exp(index / STEPS)
end

--- Adds a measurement.
---@param times dynamodb.ReadTimes
---@param seconds number
function hedge.add_time(times, seconds)
  local counts = times.counts
  local index = math.min(LAST, math.ceil(math.log(math.max(seconds, LOWEST) / LOWEST) * STEPS))
  counts[index] = (counts[index] or 0) + 1
  times.total, times.fresh = times.total + 1, times.fresh + 1
  if times.total < LEAST or times.fresh < EVERY then return end
  times.p95, times.fresh = compute_p95(times), 0
  if times.total < MOST then return end
  for each, count in pairs(counts) do counts[each] = count / 2 end
  times.total = times.total / 2
end

local function times_of(call)
  local times, name = call.state.hedging.times, call.operation.name
  times[name] = times[name] or hedge.new_times()
  return times[name]
end

-- ===================== }
-- {===== Policy =====

local policy = {}

--- Measures how long the response took to begin.
function policy.measure(call, seconds)
  hedge.add_time(times_of(call), seconds)
end

-- Notes responses by which the service asked the client to slow down.
local function notice_throttling(state, now)
  local hedging, count = state.hedging, state.stats.throttled_responses
  if count == hedging.throttled then return end
  hedging.throttled, hedging.resume_at = count, now + PAUSE
end

--- Decides whether a read is sent again, and lets budget and retry quota pay for it.
function policy.may_hedge(call)
  local state = call.state
  local hedging, now = state.hedging, state.transport.now()
  notice_throttling(state, now)
  if hedging.saved < 1 or now < hedging.resume_at then return false end
  local cost = state.running.retry_policy:hedge(call.overrides, call)
  if not cost then return false end
  hedging.saved = hedging.saved - 1
  call.retry_cost = (call.retry_cost or 0) + cost -- a call that succeeds gives it back
  call.requests, call.hedges = call.requests + 1, (call.hedges or 0) + 1
  call.hedged_after = now - call.attempted
  state.stats.hedges = state.stats.hedges + 1
  return true
end

-- ===================== }

-- Returns true where something runs while a call waits. Otherwise warns, once.
local function can_hedge(state)
  local transport = state.transport
  if transport.spawn and transport.waiter and transport.place and transport.place() then return true end
  local hedging = state.hedging
  if not hedging.has_warned and state.emit then
    hedging.has_warned = true
    state.emit("warning", { message = "reads outside of tasks and nginx are not hedged (option 'hedge'), "
      .. "since nothing runs while they wait" })
  end
  return false
end

-- Counts a hedged read and tells the hooks.
local function tell(call, is_second)
  local state = call.state
  if is_second then state.stats.hedges_won = state.stats.hedges_won + 1 end
  if not state.emit then return end
  state.emit("request_hedged", { operation = call.operation.name, table = hooks.table_of(call.params),
    attempt = call.attempt, after = call.hedged_after, won = is_second })
end

--- Sends an attempt as round_trip.send does, and a second time if it is a read that is to be hedged.
---@param own table the pool
---@param request userdata core.new_request
---@param length integer of the request, in bytes
---@param sender table of round_trip.send
---@param call dynamodb.Call
---@param deadline number by the transport's clock
---@param timeout? number seconds; the pool's by default
---@return any ... as round_trip.send
function hedge.send(own, request, length, sender, call, deadline, timeout)
  local given, state = option_of(call), call.state
  if not given or not can_hedge(state) then
    return round_trip.send(own, request, length, sender, call, deadline, timeout)
  end
  local hedging, now = state.hedging, state.transport.now()
  notice_throttling(state, now)
  hedging.saved = math.min(MOST_SAVED, hedging.saved + (given.budget or BUDGET))
  call.attempted = now
  local after = given.after == "p95" and times_of(call).p95 or given.after
  local done, result, err, is_second = hedged_trip.send(own, request:bytes(), length, sender, policy, call,
    deadline, timeout or own.limits.attempt_timeout, after)
  if is_second ~= nil then tell(call, is_second) end
  return done, result, err, 1
end

return hedge
