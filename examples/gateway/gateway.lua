--- A gateway that speaks DynamoDB's protocol: it makes each request that it receives with this library, and
-- responds with the result. nginx.conf and luasocket.lua in this folder serve it.
--
-- It does not check the signatures of the requests that it receives: what can reach it acts with its
-- credentials. The clients retry, so the gateway itself sends each request once. It uses the codec and the
-- table of operations inside the library, which may differ between versions.

local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local operations = require("dynamodb.base.operations")

local gateway = {}

-- What precedes the code in __type. Clients compare what follows '#'.
local namespaces = {
  AccessDeniedException = "com.amazon.coral.service#",
  InvalidSignatureException = "com.amazon.coral.service#",
  MissingAuthenticationTokenException = "com.amazon.coral.service#",
  SerializationException = "com.amazon.coral.service#",
  ServiceUnavailable = "com.amazon.coral.availability#",
  ThrottlingException = "com.amazon.coral.availability#",
  UnknownOperationException = "com.amazon.coral.service#",
  UnrecognizedClientException = "com.amazon.coral.service#",
  ValidationException = "com.amazon.coral.validate#",
}

local ERROR_SHAPE = { Item = "item", CancellationReasons = { "list", { Item = "item" } } }

local function error_body(code, message, more)
  local body = more or {}
  body.__type = (namespaces[code] or "com.amazonaws.dynamodb.v20120810#") .. code
  body.message = message
  return assert(core.encode(body, ERROR_SHAPE))
end

-- Returns the shape by which a result is encoded: rows are items.
local function encoded_shape(shape)
  if type(shape) ~= "table" then return shape == "row" and "item" or shape end
  local copy = {}
  for member, inner in pairs(shape) do copy[member] = encoded_shape(inner) end
  return copy
end

-- Returns status and code of an error object. Without an error of the service, the codes are those that
-- clients retry: 503 when the service was not reached and nothing was written, otherwise 500.
local function status_of(err)
  if err.kind == "service" then return err.status, err.code end
  local is_network = err.kind == "network" or err.kind == "timeout"
  if is_network and not err.ambiguous then return 503, "ServiceUnavailable" end
  return 500, "InternalServerError"
end

-- Returns the hooks that write the audit log and note the service's request ids, by coroutine.
local function hooks_for(audit, ids)
  local hooks = {}
  function hooks.response_received(event)
    ids[coroutine.running() or "main"] = event.request_id
  end
  if audit then
    function hooks.call_finished(event)
      audit(("%s %s %d %.1f ms"):format(event.operation, event.table or "-",
        event.err and status_of(event.err) or 200, event.elapsed * 1000))
    end
  end
  return hooks
end

-- Calls an operation -> result | nil, err. What the library refuses to send becomes an error of the caller.
local function call(conn, name, params)
  local ok, result, err = pcall(conn.call, conn, name, params, { unknown = true })
  if ok then return result, err end
  local refusal = type(result) == "string" and result:match(name .. ": .*")
  if not refusal then error(result, 0) end
  return nil, { kind = "service", status = 400, code = "ValidationException", message = refusal }
end

--- Makes a gateway.
---@param options table the options of dynamodb.connect, without hooks
---@param audit? fun(line: string) gets "OPERATION TABLE STATUS MILLISECONDS ms" of each call, without values
---@return fun(target: string, body: string): integer, string, string? handle takes the header X-Amz-Target
--- and the body of a request, and returns the status, the body and the request id of the response
function gateway.new(options, audit)
  local ids, shapes, given = setmetatable({}, { __mode = "k" }), {}, { max_attempts = 1 }
  for name, operation in pairs(operations) do shapes[name] = encoded_shape(operation.output) end
  for name, value in pairs(options) do given[name] = value end
  given.hooks = hooks_for(audit, ids)
  local conn = dynamodb.connect(given)
  return function(target, body)
    local name = (target or ""):match("^DynamoDB%a*_20120810%.(%a+)$")
    if not name then return 400, error_body("UnknownOperationException") end
    local operation = operations[name] or operations(name)
    local params, why = core.decode(body, operation.input)
    if type(params) ~= "table" or core.is_list(params) then
      local is_object = type(core.decode(body, {})) == "table"
      return 400, error_body(is_object and "ValidationException" or "SerializationException", why)
    end
    local me = coroutine.running() or "main"
    ids[me] = nil
    local result, err = call(conn, name, params)
    if err then
      local status, code = status_of(err)
      return status, error_body(code, err.message, { Item = err.item, CancellationReasons = err.reasons,
        ThrottlingReasons = err.throttling_reasons }), ids[me]
    end
    if operation.may_be_empty and next(result) == nil then return 200, "", ids[me] end
    return 200, assert(core.encode(result, shapes[name] or {})), ids[me]
  end
end

return gateway
