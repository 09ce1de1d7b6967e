--- The request pipeline: encode, then attempts (sign, frame, exchange, decode) until one succeeds, fails for
--- good or no other may follow; the error object when there is no result.
-- Source: AWS SDKs and Tools Reference Guide, "Retry behavior"; doc/retries.md.

local response = require("dynamodb.request.response")
local service_clock = require("dynamodb.http.service_clock")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local exchange = require("dynamodb.http.pool")
local hooks = require("dynamodb.request.hooks")
local idempotency = require("dynamodb.request.idempotency")
local context = require("dynamodb.request.context")

local pipeline = {}

local NONE = {} -- no options

---@class dynamodb.Call what is known of one call while it runs
---@field state table the connection's
---@field given table the caller's options: attempt_timeout, deadline, deadline_at, max_attempts, retry_mode,
--- retry_writes
---@field started number by the transport's clock, as all moments here
---@field deadline number the moment at which it ends in any case
---@field attempt integer the attempt under way, from 1
---@field requests integer how many were sent
---@field id string of all attempts
---@field wrapped? string the operation's name, when it goes out as a transaction
---@field pace? table the call's own mode and max_attempts, for the retry policy
---@field cost? integer tokens that the last retry took
---@field ambiguous? boolean may an attempt so far have written?
---@field checking? boolean was a conditional write sent again, so that its condition may fail for itself?

-- The parameters with the token that makes a repeated request count once.
local function with_token(params, member)
  if params[member] ~= nil then return params end
  local copy = { [member] = core.uuid() }
  for name, value in pairs(params) do copy[name] = value end
  return copy
end

--- Encodes the parameters of an operation -> text; raises, naming the path, for what cannot be sent.
function pipeline.encode(params, shape, where)
  local body, why = core.encode(params, shape)
  if not body then errors.raise("%s: %s", where, why) end
  return body
end

--- The moment until which all calls of something longer may last: the caller's deadline, or the one he gave
--- the connection | nil.
function pipeline.deadline_of(state, given)
  if given.deadline_at then return given.deadline_at end
  local seconds = given.deadline or state.given.deadline
  return seconds and state.transport.now() + seconds
end

--- Options for the calls of something longer: the caller's, with an end in common.
function pipeline.multi_request_options(state, given)
  local at = pipeline.deadline_of(state, given)
  return { attempt_timeout = given.attempt_timeout, deadline_at = at, max_attempts = given.max_attempts,
    retry_mode = given.retry_mode, retry_writes = given.retry_writes }
end

-- The operation as the caller knows it.
local function name_of(call)
  return call.wrapped or call.operation.name
end

local function emit(call, name, fields)
  fields.operation, fields.table = name_of(call), hooks.table_of(call.params)
  call.state.emit(name, fields)
end

-- {===== One attempt =====

local function most_attempts(call)
  return call.given.max_attempts or call.state.policy.max_attempts
end

-- Must an exchange not replace a dead connection when the service may have seen the request? Seen from afar;
-- 'repeating' looks closely, once it matters.
local function is_once(call)
  local operation, params = call.operation, call.params
  if not operation.writes or call.retry_writes == "always" then return false end
  return not operation.repeatable or params.ConditionExpression ~= nil or params.Expected ~= nil
    or (params.ReturnValues ~= nil and params.ReturnValues ~= "NONE")
end

-- The error of an attempt without a response.
local function lost(call, kind, why, sent, permanent)
  if kind == "timeout" and call.state.transport.now() >= call.deadline then
    why = ("%s; the deadline of %g s has passed"):format(why, call.deadline - call.started)
  end
  return errors.new({ kind = kind, message = why, retryable = not permanent, permanent = permanent,
    ambiguous = call.operation.writes and sent })
end

-- What is told of a response.
local function event_of(call, link, result, err)
  local timing = {}
  for name, value in pairs(link.timing) do timing[name] = value end -- the next exchange writes over it
  return { attempt = call.attempt, status = link.response:status(),
    request_id = link.response:header("x-amzn-requestid"), timing = timing, err = err,
    consumed_capacity = result and result.ConsumedCapacity }
end

-- Reads an answer and gives its connection back -> result | nil, err.
local function take(call, pool, link, sent_at)
  local state, timing = call.state, link.timing
  if state.clock then service_clock.observe(state.clock, link.response, sent_at, state.transport.time()) end
  local result, err = response.read(link.response, call.operation, call.owner)
  local event = state.emit and event_of(call, link, result, err)
  exchange.release(pool, link)
  if err then link.response:reset() end -- the collector knows nothing of its memory
  local stats = state.stats
  stats.bytes_sent = stats.bytes_sent + timing.sent
  stats.bytes_received = stats.bytes_received + timing.received
  if err and err.throttled then stats.throttled = stats.throttled + 1 end
  if event then emit(call, "answer_received", event) end
  return result, err
end

-- The bytes of an attempt, signed for the service's time -> request, pool, when it was signed | nil, err.
local function sign(call)
  local state, operation = call.state, call.operation
  local found, failure = state.provider:get(call.deadline)
  if not found then return nil, failure end
  if found ~= state.credentials then
    local ok
    ok, failure = context.authenticate(state, found)
    if not ok then return nil, failure end
  end
  local pool, refusal = context.pool(state, operation.kind, call.params)
  if not pool then return nil, refusal end
  local now, offset = state.transport.time(), state.clock and state.clock.offset or 0
  call.credentials, call.offset = found, offset
  local headers = context.headers(state, call.id, call.attempt, most_attempts(call))
  local host = pool.endpoint
  local request, why = state.signer:request(host.host, host.path, operation.target, call.body, now + offset,
    headers)
  if not request then return nil, errors.new({ kind = "credentials", message = why }) end
  return request, pool, now
end

-- Signs, sends and receives once -> result | nil, err.
local function attempt(call)
  local state = call.state
  local request, pool, sent_at = sign(call)
  if not request then return nil, pool end
  call.requests = call.requests + 1
  if state.emit then
    emit(call, "attempt_sent", { attempt = call.attempt, max_attempts = most_attempts(call),
      endpoint_url = pool.endpoint.url })
  end
  local link, kind, why, sent, permanent = exchange.run(pool, request, is_once(call), call.deadline,
    call.given.attempt_timeout)
  if link then return take(call, pool, link, sent_at) end
  local err = lost(call, kind, why, sent, permanent)
  if state.emit then emit(call, "answer_lost", { attempt = call.attempt, err = err }) end
  return nil, err
end

-- ===================== }
-- {===== After an attempt =====

-- Codes that may mean that the request was signed for the wrong time.
local skewed = { AccessDeniedException = true, AuthFailure = true, InvalidSignatureException = true,
  RequestExpired = true, RequestInTheFuture = true, RequestTimeTooSkewed = true,
  SignatureDoesNotMatch = true }

local expired = { ExpiredToken = true, ExpiredTokenException = true }

-- Was the cause of the failure put right just now: the clock, or the credentials? Fresh ones are asked for
-- once.
local function mended(call, err)
  local state = call.state
  if skewed[err.code] and state.clock and service_clock.corrected(state.clock, call.offset) then return true end
  if not expired[err.code] or call.refreshed then return false end
  call.refreshed = true
  local fresh, failure = state.provider:refresh(call.credentials, call.deadline)
  if failure then err.message = ("%s; fresh ones: %s"):format(err.message, failure.message) end
  return fresh ~= nil and fresh ~= call.credentials
end

-- May the request be sent again although the service may have done it? One that is sent with a condition then
-- asks for the item that makes the condition fail.
local function may_repeat(call)
  if call.retry_writes == "always" or call.checking then return true end
  local kind = idempotency.kind(call.operation, call.params)
  if kind == "checked" then
    call.checking = true
    call.body = pipeline.encode(idempotency.asking(call.params), call.operation.input, call.operation.name)
  end
  return kind ~= "once"
end

-- A condition that failed after the request was sent again -> result, if it failed because the write had
-- happened | nil.
local function settle(call, err)
  if not call.checking or err.code ~= "ConditionalCheckFailedException" then return nil end
  local result = idempotency.result(call.operation, call.params, err.item)
  if not call.params.ReturnValuesOnConditionCheckFailure then err.item = nil end
  return result
end

-- How long to wait before the next attempt | nil, why there is none.
local function next_delay(call, err)
  local state = call.state
  if err.ambiguous and not may_repeat(call) then return nil, "ambiguous" end
  err.fast = mended(call, err) or nil
  local delay, why = state.policy:plan(call.attempt, err, call.pace)
  err.fast = nil
  if not delay then return nil, why end
  if state.transport.now() + delay >= call.deadline then return nil, "deadline" end
  call.cost = why
  return delay
end

-- Waits for the client's own rate limit, if there is one -> true | nil, err when that would take too long.
local function wait_for_turn(call)
  local state = call.state
  local seconds = state.policy:before(call.deadline - state.transport.now(), call.pace)
  if not seconds then
    return nil, errors.new({ kind = "timeout", retryable = true, throttled = true,
      message = "this client's own rate limit" })
  end
  if seconds > 0 then state.transport.sleep(seconds) end
  return true
end

local explanations = {
  ambiguous = "; not sent again, since it may have been written",
  deadline = "; no time for another attempt before the deadline",
  quota = "; not retried: the retry quota is used up",
}

-- The error as the caller gets it.
local function finish(call, err, why)
  if call.wrapped then err = idempotency.unwrap(err) end
  err.operation, err.attempts = name_of(call), call.requests
  err.elapsed = call.state.transport.now() - call.started
  err.ambiguous = call.ambiguous or false
  err.gave_up = why
  if explanations[why] then err.message = err.message .. explanations[why] end
  return err
end

-- Attempts until the call is done -> result | nil, err.
local function run(call)
  local state = call.state
  local policy = state.policy
  while true do
    call.attempt = call.attempt + 1
    if policy.limiter or call.pace then
      local ok, late = wait_for_turn(call)
      if not ok then return nil, finish(call, late, "deadline") end
    end
    local result, err = attempt(call)
    if result then
      if not policy.quiet or call.pace then policy:succeed(call.cost, call.pace) end
      return result
    end
    call.ambiguous = call.ambiguous or err.ambiguous or nil
    result = settle(call, err)
    if result then return result end
    local delay, why = next_delay(call, err)
    if not delay then return nil, finish(call, err, why) end
    if state.emit then
      emit(call, "retry_planned", { attempt = call.attempt, delay = delay, err = err,
        tokens = policy.tokens })
    end
    if delay > 0 then state.transport.sleep(delay) end
  end
end

-- ===================== }

-- Wraps a write into a transaction when the caller wants it to happen exactly once.
local function wrap(call)
  local operation, params = call.operation, call.params
  if not operation.writes or idempotency.kind(operation, params) == "free" then return end
  local obstacle = idempotency.obstacle(operation, params)
  if not obstacle then
    call.wrapped = operation.name
    call.operation, call.params = idempotency.wrap(operation, params)
  elseif call.given.retry_writes then
    errors.raise("%s: option 'retry_writes': 'exact' is not possible: %s", operation.name, obstacle)
  end
end

-- What the caller's options say of deadline and pace.
local function heed(call, given)
  local deadline = call.started + (given.deadline or call.state.deadline)
  if given.deadline_at and given.deadline_at < deadline then deadline = given.deadline_at end
  call.deadline = deadline
  call.retry_writes = given.retry_writes or call.retry_writes
  if given.retry_mode or given.max_attempts then
    call.pace = { mode = given.retry_mode, max_attempts = given.max_attempts }
  end
end

-- The call is over: counts it, and tells of it.
local function close(call, result, err)
  local state = call.state
  local stats = state.stats
  stats.calls, stats.attempts = stats.calls + 1, stats.attempts + call.requests
  if call.requests > 1 then stats.retries = stats.retries + call.requests - 1 end
  if err then stats.failures = stats.failures + 1 end
  if state.emit then
    emit(call, "call_finished", { attempts = call.requests, elapsed = state.transport.now() - call.started,
      err = err, consumed_capacity = result and result.ConsumedCapacity })
  end
  return result, err
end

--- Calls an operation: 'params' is its request as AWS names the members, with attribute values as Lua values.
--- 'owner' is the dynamodb.table whose items the rows of the response become; 'given' has the caller's
--- options of calls: doc/connection.md.
--- -> result | nil, err. Raises for a closed connection and for values that cannot be sent.
function pipeline.call(connection, operation, params, owner, given)
  local state = core.connection_state(connection)
  if state.transport.check then state.transport.check(operation.name) end
  if operation.token then params = with_token(params, operation.token) end
  local started = state.transport.now()
  -- Sixteen fields at most, so that Lua makes the table once and small.
  local call = { state = state, operation = operation, params = params, owner = owner, given = given or NONE,
    started = started, deadline = started + state.deadline, retry_writes = state.retry_writes, attempt = 0,
    requests = 0, body = "", id = "", credentials = false, offset = 0 }
  if given then heed(call, given) end
  if call.retry_writes == "exact" then wrap(call) end
  call.body = pipeline.encode(call.params, call.operation.input, operation.name)
  local ok, err = context.open(state)
  if not ok then return close(call, nil, finish(call, err)) end
  call.id = context.invocation_id(state)
  if state.emit then emit(call, "request_built", { bytes = #call.body }) end
  return close(call, run(call))
end

return pipeline
