--- The request pipeline: encode, sign, frame, exchange, decode, and the error object when any of it fails.

local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local exchange = require("dynamodb.exchange")

local client = {}

local ERROR_SHAPE = { Item = "item", CancellationReasons = { "list", { Item = "item" } } }

-- The service's codes that ask for less; AWS SDKs' standard retry mode.
local throttled = {
  LimitExceededException = true,
  ProvisionedThroughputExceededException = true,
  RequestLimitExceeded = true,
  ThrottlingException = true,
  TransactionInProgressException = true,
}

local retryable_status = { [500] = true, [502] = true, [503] = true, [504] = true }

-- "com.amazonaws.dynamodb.v20120810#ValidationException:http://..." is ValidationException.
local function bare_code(text)
  if type(text) ~= "string" then return nil end
  local code = text:gsub(":.*$", ""):gsub("^.*#", "")
  return code ~= "" and code or nil
end

local function text_of(value)
  return type(value) == "string" and value or nil
end

-- The error that a response with another status than 200 tells; every place where code and message may be is
-- looked at.
local function service_error(response, status, operation)
  local body = response:decode(ERROR_SHAPE)
  if type(body) ~= "table" then body = {} end
  local code = bare_code(body.__type) or bare_code(body.code)
    or bare_code(response:header("x-amzn-errortype"))
  local slow_down = throttled[code] or status == 429
  return errors.new({
    kind = code and "service" or "response",
    code = code,
    message = text_of(body.message) or text_of(body.Message)
      or ("HTTP status %d without a message"):format(status),
    status = status,
    item = body.Item,
    reasons = body.CancellationReasons,
    throttled = slow_down,
    retryable = slow_down or retryable_status[status] or code == "ReplicatedWriteConflictException",
    ambiguous = operation.writes and status >= 500,
  })
end

-- What a complete response means -> result | nil, err.
local function interpret(response, operation, owner)
  local status = response:status()
  local result, why
  if status == 200 then
    if operation.silent and response:header("content-length") == "0" then return {} end
    result, why = response:decode(operation.output, owner)
    local member = operation.answer
    if result and member and type(result[member]) ~= "table" then
      result, why = nil, ("answer without %s"):format(member)
    end
    if result then return result end
  end
  local err
  if why then
    err = errors.new({ kind = "response", message = why, status = status, retryable = true,
      ambiguous = operation.writes })
  else
    err = service_error(response, status, operation)
  end
  err.operation, err.attempts, err.request_id = operation.name, 1, response:header("x-amzn-requestid")
  return nil, err
end

-- Makes the signer use the credentials of this connection -> true | nil, err.
local function authenticate(state)
  local found, err = state.find_credentials()
  if not found then return nil, err end
  local ok, why = state.signer:credentials(found.aws_access_key_id, found.aws_secret_access_key,
    found.aws_session_token)
  if not ok then return nil, errors.new({ kind = "credentials", message = why }) end
  state.authenticated = true
  return true
end

-- The parameters with the token that makes a repeated request count once.
local function with_token(params, member)
  if params[member] ~= nil then return params end
  local copy = { [member] = core.uuid() }
  for name, value in pairs(params) do copy[name] = value end
  return copy
end

-- The pool of connections to the host that answers this kind of operation; kinds that have one host share it.
local function pool_for(state, kind)
  local pool = state.pools[kind]
  if pool then return pool end
  local endpoint = state.endpoint_for(kind)
  for _, other in pairs(state.pools) do
    if other.endpoint.url == endpoint.url then pool = other end
  end
  state.pools[kind] = pool or exchange.pool(state.transport, endpoint, state.limits)
  return state.pools[kind]
end

--- Encodes the parameters of an operation -> text; raises, naming the path, for what cannot be sent.
function client.encode(params, shape, where)
  local body, why = core.encode(params, shape)
  if not body then errors.raise("%s: %s", where, why) end
  return body
end

-- Must the request not be sent again when nobody knows whether the service has seen it? A condition that
-- holds the first time may not hold the second, and the old item would be the new one.
local function is_once(operation, params)
  if not operation.writes then return false end
  return not operation.repeatable or params.ConditionExpression ~= nil or params.Expected ~= nil
    or (params.ReturnValues ~= nil and params.ReturnValues ~= "NONE")
end

--- Calls an operation: 'params' is its request as AWS names the members, with attribute values as Lua values.
--- 'owner' is the dynamodb.table whose items the rows of the response become.
--- -> result | nil, err. Raises for a closed connection and for values that cannot be sent.
function client.call(connection, operation, params, owner)
  local state = core.connection_state(connection)
  if state.transport.check then state.transport.check(operation.name) end
  if operation.token then params = with_token(params, operation.token) end
  local body = client.encode(params, operation.input, operation.name)
  if not state.authenticated then
    local ok, err = authenticate(state)
    if not ok then
      err.operation = operation.name
      return nil, err
    end
  end
  local pool = pool_for(state, operation.kind)
  local endpoint = pool.endpoint
  local request, why = state.signer:request(endpoint.host, endpoint.path, operation.target, body,
    state.transport.time(), state.headers)
  if not request then errors.raise("%s: %s", operation.name, why) end
  local link, kind, reason, sent = exchange.run(pool, request, is_once(operation, params))
  if not link then
    return nil, errors.new({ kind = kind, message = reason, operation = operation.name, attempts = 1,
      retryable = true, ambiguous = operation.writes and sent })
  end
  local result, err = interpret(link.response, operation, owner)
  exchange.release(pool, link)
  return result, err
end

return client
