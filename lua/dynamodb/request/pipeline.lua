--- The request pipeline: encodes a request and attempts it until it succeeds, fails for good, or must not be
--- attempted again.
--
--   encode -> attempt: credentials, sign, send and receive, read the response
--     result                              -> done
--     error, an earlier attempt succeeded -> done (a conditional write whose response was lost)
--     error, may be repeated              -> wait, then the next attempt
--     error otherwise                     -> the error object, with the reason why there was no other attempt
-- Source: AWS SDKs and Tools Reference Guide, "Retry behavior"; doc/retries.md.

local calls = require("dynamodb.request.calls")
local late = require("dynamodb.base.late")
local consumption = late.module("dynamodb.request.consumption")
local context = require("dynamodb.request.context")
local core = require("dynamodb.core")
local extra_headers = late.module("dynamodb.request.extra_headers")
local errors = require("dynamodb.error")
local hedge = late.module("dynamodb.request.hedge")
local hints = late.module("dynamodb.request.hints")
local hooks = late.module("dynamodb.request.hooks")
local limits = require("dynamodb.request.limits")
local idempotency = late.module("dynamodb.request.idempotency")
local options = require("dynamodb.base.options")
local pool = require("dynamodb.http.pool")
local response = require("dynamodb.request.response")
local retry = require("dynamodb.request.retry")
local round_trip = require("dynamodb.http.round_trip")
local service_clock = require("dynamodb.http.service_clock")
local single_flight = late.module("dynamodb.request.single_flight")
local throttles = late.module("dynamodb.request.throttles")

local pipeline = {}

--- Encodes the parameters of an operation -> text. Raises, naming the path, for what cannot be sent.
---@param where string the method that is named in the message
function pipeline.encode(params, shape, where)
  local body, why = core.encode(params, shape)
  if not body then errors.raise("%s: %s", where, why) end
  return body
end

--- Returns the absolute deadline that all requests of a multi-request operation share: from the call's
--- options, or the 'deadline' given to connect | nil when neither is set.
function pipeline.deadline_of(state, given)
  if given.deadline_at then return given.deadline_at end
  local seconds = given.deadline or state.options.deadline
  return seconds and state.transport.now() + seconds
end

--- Returns call options for the requests of a multi-request operation: the caller's, with a shared deadline.
function pipeline.multi_request_options(state, given)
  return { attempt_timeout = given.attempt_timeout, deadline_at = pipeline.deadline_of(state, given),
    headers = given.headers, hedge = given.hedge, max_attempts = given.max_attempts,
    retry_mode = given.retry_mode, retry_writes = given.retry_writes,
    shared_deadline = given.deadline or state.options.deadline }
end

-- Returns the operation's name as the caller knows it.
local function name_of(call)
  return call.wrapped_name or call.operation.name
end

local function emit(call, name, fields)
  fields.operation, fields.table = name_of(call), hooks.table_of(call.params)
  call.state.emit(name, fields)
end

local function max_attempts_of(call)
  return call.options.max_attempts or call.state.running.retry_policy.max_attempts
end

-- Encodes the request. Raises, naming the path, for what cannot be sent.
local function encode(call, params, where)
  local size, why = call.request:encode(params, call.operation.input)
  if not size then errors.raise("%s: %s", where, why) end
  call.size = size
end

-- {===== One attempt =====

-- Returns true when the request may be sent again at once, on another connection, although the service may
-- have received it.
local function may_resend(call)
  if not call.operation.writes or call.retry_writes == "always" then return true end
  return idempotency.kind(call.operation, call.params) == "free"
end

local function event_of(call, connection, status, result, err)
  return { attempt = call.attempt, status = status,
    request_id = connection.response:header("x-amzn-requestid"),
    timing = options.merge(connection.timing), -- a copy, since the next request overwrites it
    err = err, consumed_capacity = result and result.ConsumedCapacity }
end

-- Reads a response and gives its connection back -> result | nil, err.
local function read_response(call, own, connection, status)
  local state, http = call.state, connection.response
  local clock = state.running.clock
  if clock then service_clock.observe(clock, http, call.sent_at, state.transport.time()) end
  if call.flight then single_flight.keep(call.flight, http, status) end
  local result, err = response.read(http, status, call.operation, call.owner, call.params)
  if result and result.ConsumedCapacity then consumption.count(state.units, call, result.ConsumedCapacity) end
  local event = state.emit and event_of(call, connection, status, result, err)
  pool.release(own, connection)
  if err then http:reset() end -- frees memory that the collector does not count
  local stats, timing = state.stats, connection.timing
  stats.bytes_sent = stats.bytes_sent + timing.bytes_sent
  stats.bytes_received = stats.bytes_received + timing.bytes_received
  if event then emit(call, "response_received", event) end
  if err and err.throttled then throttles.record(call, err, emit) end
  return result, err
end

-- What round_trip asks the sender of a request.
local sender = { may_resend = may_resend, read = read_response }

-- Signs an attempt, for the service's clock -> pool, length of the request | nil, err.
local function sign(call)
  local state, operation = call.state, call.operation
  local running, headers = state.running, nil
  if state.on_request or call.options.headers then headers = extra_headers.of_attempt(call, name_of(call)) end
  local found, err
  if not state.closed then found, err = running.provider:get(call.deadline) end
  if state.closed then return nil, context.closed_error() end
  if not found then return nil, errors.new(options.merge(err)) end -- a copy: several calls get the same error
  if found ~= running.credentials then
    local ok
    ok, err = context.use_credentials(state, found)
    if not ok then return nil, err end
  end
  local own, refusal = context.pool_for(state, operation.kind, call.params, call)
  if not own then return nil, refusal end
  local now, offset = state.transport.time(), running.clock and running.clock.offset or 0
  call.credentials, call.offset, call.sent_at = found, offset, now
  local endpoint = own.endpoint
  local length, why = call.request:sign(running.signer, endpoint.host, endpoint.path, operation.target,
    now + offset, call.invocation, call.attempt, max_attempts_of(call),
    running.is_lambda and context.trace_id() or nil, headers)
  if not length then return nil, errors.new({ kind = "credentials", message = why }) end
  return own, length
end

-- Signs, sends and receives -> result | nil, err.
local function attempt(call)
  local state = call.state
  local own, length = sign(call)
  if not own then return nil, length end
  if state.emit then
    emit(call, "attempt_started", { attempt = call.attempt, max_attempts = max_attempts_of(call),
      endpoint_url = own.endpoint.url })
  end
  local send = state.hedging and hedge.send or round_trip.send
  local done, result, err, sends = send(own, call.request, length, sender, call, call.deadline,
    call.options.attempt_timeout)
  call.requests = call.requests + 1
  if sends > 1 and call.operation.writes then -- it may have been applied before it was sent again
    call.requests, call.ambiguous = call.requests + sends - 1, true
  end
  if done then return result, err end
  err = calls.error_of(call, result)
  if state.emit then emit(call, "attempt_failed", { attempt = call.attempt, err = err }) end
  return nil, err
end

-- ===================== }
-- {===== After a failed attempt =====

-- Corrects the clock or replaces expired credentials, if one of them caused the failure -> true when the next
-- attempt need not wait. Credentials are replaced at most once in a call.
local function correct_cause(call, err)
  local running = call.state.running
  if retry.skew_codes[err.code] and running.clock and service_clock.corrected(running.clock, call.offset) then
    return true
  end
  if not retry.expiry_codes[err.code] or call.refreshed or call.state.closed then return false end
  call.refreshed = true
  local fresh, failure = running.provider:refresh(call.credentials, call.deadline)
  if failure then err.message = ("%s; other credentials: %s"):format(err.message, failure.message) end
  return fresh ~= nil and fresh ~= call.credentials
end

-- Returns true when the request may be attempted again although the service may have applied it. A
-- conditional write then also asks for the stored item.
local function may_repeat(call)
  if call.retry_writes == "always" or call.checks_item then return true end
  local kind = idempotency.kind(call.operation, call.params)
  if kind == "checked" then
    call.checks_item = true
    encode(call, idempotency.ask_for_item(call.params), call.operation.name)
  end
  return kind ~= "once"
end

-- A condition failed after the write was sent again -> result, if it failed because the write had succeeded |
-- nil.
local function result_of_earlier_attempt(call, err)
  if not call.checks_item or err.code ~= "ConditionalCheckFailedException" then return nil end
  local result = idempotency.result(call.operation, call.params, err.item)
  if not call.params.ReturnValuesOnConditionCheckFailure then err.item = nil end
  return result
end

-- Returns seconds until the next attempt | nil, why there is none.
local function next_delay(call, err)
  local state = call.state
  if state.alternator then state.alternator:attempt_failed(call, err) end
  if err.ambiguous and not may_repeat(call) then return nil, "ambiguous" end
  local is_corrected = correct_cause(call, err)
  local delay, cost = state.running.retry_policy:plan(call.attempt, err, call.overrides, is_corrected, call)
  if not delay then return nil, cost end
  if state.transport.now() + delay >= call.deadline then return nil, "deadline" end
  if cost > 0 then call.retry_cost = cost end -- a corrected cause costs nothing
  return delay
end

-- Waits before an attempt -> true | nil, err, reason when the connection is closed meanwhile | nil, 'last',
-- reason when a busy machine ends the wait after the deadline.
local function wait(call, seconds, last)
  if seconds == 0 then return true end
  local ok, err = context.pause(call.state, seconds)
  if ok and call.state.transport.now() >= call.deadline then return nil, last, "deadline" end
  return ok, err, "permanent"
end

-- Waits for the rate limit of the adaptive mode -> true | nil, err, reason. 'last' is the error of the
-- attempt before | nil.
local function wait_for_rate_limit(call, last)
  local left = call.deadline - call.state.transport.now()
  local delay = call.state.running.retry_policy:before(left, call.overrides, call)
  if delay == 0 then return true end
  local held = last or errors.new({ kind = "timeout", retryable = true, throttled = true,
    message = "held back by the rate limit of retry_mode 'adaptive'" })
  if not delay then return nil, held, "deadline" end
  return wait(call, delay, held)
end

local explanations = {
  ambiguous = "; not sent again, since it may have been written",
  deadline = "; no time for another attempt before the deadline",
  quota = "; not retried: the retry quota is used up",
}

-- Completes the error that the caller gets. 'reason' says why there was no other attempt.
local function complete_error(call, err, reason)
  if call.wrapped_name then err = idempotency.unwrap(err) end
  err.operation, err.table, err.attempts = name_of(call), hooks.table_of(call.params), call.requests
  err.elapsed = call.state.transport.now() - call.started
  err.ambiguous, err.retry_stopped = call.ambiguous or false, reason
  local explanation = not (call.is_late and reason == "deadline") and explanations[reason]
  if explanation then err.message = err.message .. explanation end
  return errors.locate(err)
end

-- Attempts until the call is done -> result | nil, err.
local function run(call)
  local state = call.state
  local policy, last = state.running.retry_policy, nil
  while true do
    call.attempt = call.attempt + 1
    if policy.limiter or call.overrides then
      local ok, err, reason = wait_for_rate_limit(call, last)
      if not ok then return nil, complete_error(call, err, reason) end
    end
    local result, err = attempt(call)
    if not result then
      call.ambiguous = call.ambiguous or err.ambiguous or nil
      result = result_of_earlier_attempt(call, err)
    end
    if result then
      if not policy.quiet or call.overrides then policy:succeed(call.retry_cost, call.overrides, call) end
      return result
    end
    local delay, reason = next_delay(call, err)
    if not delay then return nil, complete_error(call, err, reason) end
    if state.emit then
      emit(call, "retry_scheduled", { attempt = call.attempt, delay = delay, err = err,
        retry_tokens = policy.tokens })
    end
    local ok, failure, why = wait(call, delay, err)
    if not ok then return nil, complete_error(call, failure, why) end
    last = err
  end
end

-- ===================== }
-- {===== A call =====

--- Wraps the write of a call, its operation and params, into a transaction, which happens exactly once.
function pipeline.wrap(call)
  local operation, params = call.operation, call.params
  if not operation.writes or idempotency.kind(operation, params) == "free" then return end
  local obstacle = idempotency.obstacle(operation, params)
  if not obstacle then
    call.wrapped_name = operation.name
    call.operation, call.params = idempotency.wrap(operation, params)
  elseif call.options.retry_writes then
    errors.raise("%s: option 'retry_writes': 'exact' is not possible: %s", operation.name, obstacle)
  end
end

-- Applies the call's deadline, retry mode, attempt limit and hedging.
local function apply_options(call, given)
  local deadline = call.started + (given.deadline or call.state.deadline)
  if given.deadline_at and given.deadline_at < deadline then deadline = given.deadline_at end
  call.deadline = deadline
  call.retry_writes = given.retry_writes or call.retry_writes
  if given.retry_mode or given.max_attempts then
    call.overrides = { mode = given.retry_mode, max_attempts = given.max_attempts }
  end
  if given.hedge then call.state.hedging = call.state.hedging or hedge.new() end
end

-- Counts the call and tells the hooks that it is over.
local function finish(call, result, err)
  local state, stats = call.state, call.state.stats
  stats.calls, stats.attempts = stats.calls + 1, stats.attempts + call.requests
  if call.requests > 1 then stats.retries = stats.retries + call.requests - 1 - (call.hedges or 0) end
  if err then stats.failures = stats.failures + 1 end
  if state.emit then
    emit(call, "call_finished", { attempts = call.requests, elapsed = state.transport.now() - call.started,
      err = err, consumed_capacity = result and result.ConsumedCapacity })
  end
end

-- Runs a call that is encoded -> result | nil, err.
local function open_and_run(call)
  local state = call.state
  if not state.running.values then
    local ok, err = context.open(state)
    if not ok then return nil, complete_error(call, err) end
  end
  local running = state.running
  call.invocation = running.invocations + 1
  running.invocations = call.invocation
  if state.emit then
    hints.check(state, call.params)
    emit(call, "request_built", { bytes = call.size })
  end
  return run(call)
end

--- Calls an operation. Raises for a closed connection and for values that cannot be sent.
---@param connection userdata dynamodb.connection
---@param operation table of base/operations
---@param params table the request, with AWS's member names and attribute values as Lua values
---@param owner? userdata the dynamodb.table whose items the rows of the response become
---@param given? table options of calls: doc/options.md
---@param explain? fun(params: table, subject: any): string names the call in messages on values that cannot
--- be sent, in place of the operation's name
---@param subject? any what 'explain' gets
---@return table? result
---@return dynamodb.Error? err
function pipeline.call(connection, operation, params, owner, given, explain, subject)
  local state = core.connection_state(connection)
  local transport = state.transport
  if transport.check then transport.check(operation.name) end
  if state.asked then params = consumption.ask(params, operation, state.asked) end
  if state.meter and not (given and given.is_metered) then
    return state.meter:call(state, pipeline.call, connection, operation, params, owner,
      options.merge(given, { is_metered = true }), explain, subject)
  end
  if operation.token then params = idempotency.with_token(params, operation.token) end
  local call, started = calls.take(state), transport.now()
  call.operation, call.params, call.owner, call.started = operation, params, owner, started
  call.deadline, call.retry_writes = started + state.deadline, state.retry_writes
  call.attempt, call.requests = 0, 0
  if given then
    call.options = given
    apply_options(call, given)
  end
  if call.retry_writes == "exact" then pipeline.wrap(call) end
  local size, why = call.request:encode(call.params, call.operation.input)
  if not size or (size > limits.MAX_ITEM and params.Item) then
    local where = explain and explain(params, subject) or operation.name
    if not size then errors.raise("%s: %s", where, why) end
    limits.check_item(params.Item, size, where)
  end
  call.size = size
  local result, err
  if state.flights then
    result, err = single_flight.run(call, open_and_run, complete_error)
  else
    result, err = open_and_run(call)
  end
  finish(call, result, err)
  calls.keep(call, result)
  return result, err
end

-- ===================== }

return pipeline
