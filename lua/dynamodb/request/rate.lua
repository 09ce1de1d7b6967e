--- Rates and budgets of capacity units: option 'rate' of connect, and options 'rate' and 'budget' of methods
--- that send many requests.
--
-- A meter holds a request back until the units of its rate allow it, asks the service what the request
-- consumed, and charges that. A request reserves what such requests consumed on average, so that concurrent
-- requests start one after the other; the difference is corrected by its response. A rate may go into debt:
-- what a request consumes is known only when it is done, and the next one waits until the debt is paid.
-- Source: API reference, ConsumedCapacity; DynamoDB developer guide, "DynamoDB burst and adaptive capacity".

local consumption = require("dynamodb.request.consumption")
local context = require("dynamodb.request.context")
local errors = require("dynamodb.error")
local event = require("dynamodb.loop.event")
local objects = require("dynamodb.base.objects")
local options = require("dynamodb.base.options")

local rate = {}

local FOREVER = math.huge
local BURST = 1 -- seconds of a rate that are kept when nothing is sent
local EPSILON = 1e-6 -- units that do not count
local WEIGHT = 0.3 -- of the last request in the average
local UNKNOWN = 1 -- units of a request whose response does not tell what it consumed
local NOTICEABLE = 0.05 -- seconds by which a correction must move requests that wait, to wake them
local PATIENCE = 15 -- seconds, at most, to wait for requests under way before a budget ends the operation

-- Errors of requests that consumed capacity all the same.
local charged = { ConditionalCheckFailedException = true, TransactionCanceledException = true }

local kinds = { read = true, write = true }

local function is_units(value)
  return type(value) == "number" and value > 0 and value < FOREVER
end

--- Validates options 'rate' and 'budget': a positive number, or { read = number, write = number }.
function rate.is_units(value)
  local expected = "positive number of units, or { read = units, write = units }"
  if not objects.is_plain(value) then return is_units(value), expected end
  for name, units in pairs(value) do
    if not kinds[name] then return false, expected, ("a member '%s'"):format(tostring(name)) end
    if not is_units(units) then return false, expected, ("%s = %s"):format(name, options.show(units)) end
  end
  return next(value) ~= nil, expected, "an empty table"
end

-- Returns the units for reads and for writes; either may be nil.
local function units_of(given)
  if type(given) == "number" then return { read = given, write = given } end
  return given or {}
end

---@class dynamodb.Bucket units of one rate
---@field rate number units per second
---@field balance number units left when the requests under way consume what they reserved; negative: debt
---@field gained number all units that came in so far: by time, and by corrections
---@field at number|false when units came in by time; false before the first request

---@class dynamodb.Meter
---@field idle number seconds in which requests waited for the rate; waits at the same time count once
local Meter = {}
Meter.__index = Meter

-- Makes the bucket of a rate, which begins without debt and without units.
local function new_bucket(units_per_second)
  return units_per_second and { rate = units_per_second, balance = 0, gained = 0, at = false } or nil
end

--- Makes a meter.
---@param given table rate, budget: the options of a method or of connect
---@return dynamodb.Meter
function rate.new(given)
  local rates = units_of(given.rate)
  return setmetatable({
    idle = 0,
    _waiting = 0, _waiting_since = 0, -- requests that wait for the rate
    _buckets = { read = new_bucket(rates.read), write = new_bucket(rates.write) },
    _budget = units_of(given.budget),
    _used = { read = 0, write = 0 },
    _averages = {}, -- units by operation and kind
    _in_flight = 0, -- requests that were sent and have not returned
    _draining = 0, -- requests that wait until none of these is left
    _corrections = 0, -- how many were noticeable
    _changed = event.new(), -- notified by these, and when the last request under way has returned
  }, Meter)
end

-- {===== The bucket =====

local function refill(bucket, now)
  local units = math.min((now - (bucket.at or now)) * bucket.rate, bucket.rate * BURST - bucket.balance)
  bucket.at = now
  if units <= 0 then return end
  bucket.balance, bucket.gained = bucket.balance + units, bucket.gained + units
end

-- Reserves units -> the gain at which the request may be sent: when the debt of those before it is paid.
local function reserve(bucket, now, units)
  refill(bucket, now)
  local target = bucket.gained - math.min(bucket.balance, 0)
  bucket.balance = bucket.balance - units
  return target
end

-- Gives units back; negative ones are charged. The requests that wait look again when it matters to them.
local function correct(self, bucket, units)
  bucket.balance, bucket.gained = bucket.balance + units, bucket.gained + units
  if units < bucket.rate * NOTICEABLE then return end
  self._corrections = self._corrections + 1
  self._changed:notify()
end

-- Waits until the bucket has gained so much -> true | nil, err.
local function wait_for_gain(self, state, bucket, target, deadline)
  local transport = state.transport
  local seen
  local function is_due()
    refill(bucket, transport.now())
    return state.closed or self._corrections ~= seen or bucket.gained >= target - EPSILON
  end
  while true do
    local now = transport.now()
    refill(bucket, now)
    if state.closed then return nil, context.closed_error() end
    if now >= deadline then -- also when a busy machine ends the wait late
      return nil, errors.new({ kind = "timeout", retryable = true,
        message = "held back by option 'rate' until the deadline" })
    end
    if bucket.gained >= target - EPSILON then return true end
    seen = self._corrections
    local due_at = now + (target - bucket.gained) / bucket.rate
    self._changed:wait_until(transport, math.min(deadline, due_at), is_due)
  end
end

-- Counts the seconds in which at least one request waits.
local function count_idle(self, transport, more)
  local now = transport.now()
  if self._waiting > 0 then self.idle = self.idle + now - self._waiting_since end
  self._waiting, self._waiting_since = self._waiting + more, now
end

-- Waits for the rate, with units reserved -> true | nil, err. What was reserved is given back when the
-- request is not sent, also when its task is cancelled.
local function wait_for_rate(self, state, bucket, units, deadline)
  local transport = state.transport
  local target = reserve(bucket, transport.now(), units)
  if bucket.gained >= target then return true end
  count_idle(self, transport, 1)
  local done, ok, err = pcall(wait_for_gain, self, state, bucket, target, deadline)
  count_idle(self, transport, -1)
  if done and ok then return true end
  correct(self, bucket, units)
  if not done then error(ok, 0) end
  return nil, err
end

-- ===================== }
-- {===== What requests consume =====

-- Returns the units that a response tells, { read =, write = }.
local function consumed_units(consumed, kind)
  return consumption.sum(consumed, kind) or { read = 0, write = 0, [kind] = UNKNOWN }
end

-- Charges what a request consumed, in place of what it reserved.
local function charge(self, name, kind, reserved, units)
  for each in pairs(kinds) do
    local bucket = self._buckets[each]
    self._used[each] = self._used[each] + units[each]
    if bucket then correct(self, bucket, (each == kind and reserved or 0) - units[each]) end
  end
  local before = self._averages[name]
  self._averages[name] = before and before + (units[kind] - before) * WEIGHT or units[kind]
end

-- ===================== }
-- {===== A request =====

-- Returns the error of an operation whose budget is used up | nil.
local function budget_error(self, kind)
  local most, used = self._budget[kind], self._used[kind]
  if not most or used < most then return nil end
  return errors.new({ kind = "timeout", code = "BudgetExceeded",
    message = ("the budget of %g %s units is used up: %g were consumed"):format(most, kind, used) })
end

-- Returns the error of a used up budget, after the requests under way have returned, so that their results
-- come first | nil.
local function check_budget(self, transport, kind)
  local err = budget_error(self, kind)
  if not err then return nil end
  self._draining = self._draining + 1
  local ok, why = pcall(self._changed.wait_until, self._changed, transport, transport.now() + PATIENCE,
    function() return self._in_flight <= 0 end)
  self._draining = self._draining - 1
  if not ok then error(why, 0) end
  return budget_error(self, kind)
end

-- Returns the time until which the request may wait: the default deadline of a single call does not count.
local function deadline_of(state, given)
  local seconds = given.deadline or state.options.deadline
  return given.deadline_at or seconds and state.transport.now() + seconds or FOREVER
end

-- Waits until the request may be sent -> units that it reserved | nil, err.
local function admit(self, state, name, kind, deadline)
  local err = check_budget(self, state.transport, kind)
  if err then return nil, err end
  local bucket = self._buckets[kind]
  if not bucket then return 0 end
  local reserved = self._averages[name] or bucket.rate * BURST -- the first one holds back the others
  local ok
  ok, err = wait_for_rate(self, state, bucket, reserved, deadline)
  if ok then err = check_budget(self, state.transport, kind) end
  if err then
    if ok then correct(self, bucket, reserved) end
    return nil, err
  end
  return reserved
end

-- Returns true when a request that failed may have consumed what it reserved.
local function is_charged(err)
  return charged[err.code] or err.ambiguous or err.kind == "response"
end

-- Ends a request: charges what it consumed.
local function settle(self, name, kind, reserved, result, err)
  self._in_flight = self._in_flight - 1
  if result then
    charge(self, name, kind, reserved, consumed_units(result.ConsumedCapacity, kind))
  elseif self._buckets[kind] and not (err and is_charged(err)) then
    correct(self, self._buckets[kind], reserved)
  end
  if self._draining > 0 and self._in_flight <= 0 then self._changed:notify() end
end

local function complete_error(err, operation, params)
  err.operation, err.table = operation.name, type(params.TableName) == "string" and params.TableName or nil
  err.attempts = 0
  return errors.locate(err)
end

--- Calls send(connection, operation, params, owner, given, explain, subject), which is pipeline.call, when
--- the rate and the budget allow it -> result | nil, err. The result has ConsumedCapacity only when params
--- ask for it.
---@param state dynamodb.Context
---@param send function
---@param given table options of calls
function Meter:call(state, send, connection, operation, params, owner, given, explain, subject)
  local kind = consumption.kind(operation, params)
  if not kind or not (self._buckets[kind] or self._budget[kind]) then
    return send(connection, operation, params, owner, given, explain, subject)
  end
  local name, deadline = operation.name .. kind, deadline_of(state, given)
  local reserved, err = admit(self, state, name, kind, deadline)
  if not reserved then return nil, complete_error(err, operation, params) end
  if state.asked then params = consumption.ask(params, operation, state.asked) end
  local asked = params.ReturnConsumedCapacity
  local is_asked = asked ~= nil and asked ~= "NONE"
  if not is_asked then params = options.merge(params, { ReturnConsumedCapacity = "TOTAL" }) end
  self._in_flight = self._in_flight + 1
  local done, result
  done, result, err = pcall(send, connection, operation, params, owner, options.merge(given, {
    deadline_at = deadline < FOREVER and deadline or nil,
    shared_deadline = given.shared_deadline or given.deadline or state.options.deadline }), explain, subject)
  settle(self, name, kind, reserved, done and result, err)
  if not done then error(result, 0) end
  if result and not is_asked then result.ConsumedCapacity = nil end
  return result, err
end

-- ===================== }

return rate
