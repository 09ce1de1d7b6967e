--- Reads a complete response: a result, or an error object.

local late = require("dynamodb.base.late")
local errors = require("dynamodb.error")
local hooks = late.module("dynamodb.request.hooks")
local response_check = require("dynamodb.request.response_check")
local retry = late.module("dynamodb.request.retry")
local shape = require("dynamodb.request.shape")

local response = {}

local NO_PARAMS = {}
local checks = response_check.of
local ERROR_SHAPE = { Item = "item", CancellationReasons = { "list", { Item = "item" } } }
local REASONS = shape.list_of(shape.struct({ Code = shape.text, Message = shape.text }))
local THROTTLING_REASONS = shape.list_of(shape.struct({ Reason = shape.text, Resource = shape.text,
  reason = shape.text, resource = shape.text }))

-- "com.amazonaws.dynamodb.v20120810#ValidationException:http://..." is ValidationException.
local function bare_code(text)
  if type(text) ~= "string" then return nil end
  local code = text:gsub(":.*$", ""):gsub("^.*#", "")
  return code ~= "" and code or nil
end

local function text_or_nil(value)
  return type(value) == "string" and value or nil
end

-- Returns ThrottlingReasons, which names the resource that is throttled and why | nil when it is no list of
-- reasons. Its case differs between services.
local function throttling_reasons(body)
  local list = body.ThrottlingReasons or body.throttlingReasons
  return list and not THROTTLING_REASONS(list) and list or nil
end

-- Returns the stored item of an error | nil when it is not the item of that key.
local function item_of(item, key)
  local fits = type(key) ~= "table" or (item and not response_check.key(item, key))
  return fits and item or nil
end

-- Returns the cancellation reasons | nil unless there is one for each operation of the transaction, since
-- they are told apart by their positions.
local function cancellation_reasons(body, params)
  local list, asked = body.CancellationReasons, params.TransactItems or params.TransactStatements
  if not list or REASONS(list) or (type(asked) == "table" and #list ~= #asked) then return nil end
  for i, reason in ipairs(list) do
    local _, operation = next(params.TransactItems and asked[i] or NO_PARAMS)
    reason.Item = item_of(reason.Item, type(operation) == "table" and operation.Key)
  end
  return list
end

-- Decodes the body of an error -> table, why, problem. When its items do not decode, they are dropped: the
-- code still says what happened.
local function decode_error(http)
  local body, why, problem = http:decode(ERROR_SHAPE)
  if not body and problem ~= "checksum" then
    body = http:decode(NO_PARAMS) or {}
    body.Item, body.CancellationReasons = nil, nil
  end
  return body or {}, why, problem
end

-- Makes the error of a response whose status is not 200. The code may be in the body or in a header. A body
-- that does not match its checksum is not believed; the request may be sent again.
local function service_error(http, status, operation, params)
  local body, why, problem = decode_error(http)
  local is_corrupt = problem == "checksum"
  local code = not is_corrupt and (bare_code(body.__type) or bare_code(body.code)
    or bare_code(http:header("x-amzn-errortype"))) or nil
  local err = errors.new({
    kind = code and "service" or "response",
    code = code,
    message = text_or_nil(body.message) or text_or_nil(body.Message) or is_corrupt and why
      or ("HTTP status %d without a message"):format(status),
    status = status,
    item = item_of(body.Item, params.Key),
    reasons = code == "TransactionCanceledException" and cancellation_reasons(body, params) or nil,
    throttling_reasons = throttling_reasons(body),
    retryable = is_corrupt,
    retry_after = http:header("x-amz-retry-after"),
    ambiguous = operation.writes and (status >= 500 or status < 300 or is_corrupt),
  })
  local class = retry.classify(err)
  err.retryable, err.throttled = class ~= nil, class == "throttling"
  return err
end

-- Returns true for a success of an operation without output: an empty body, or one from the service that is
-- no object.
local function is_done(http, result, problem)
  if type(result) == "table" or problem == "checksum" then return false end
  local kind = http:header("content-type") or ""
  return http:header("content-length") == "0" or kind:find("^application/x%-amz%-json%-1%.0") ~= nil
end

--- Makes the error of a result that does not fit its request, found after the call.
---@param operation table of base/operations
---@param params table the request
---@param why string what does not fit
---@param retryable? boolean true when the same call may succeed later
---@return dynamodb.Error
function response.unfit(operation, params, why, retryable)
  return errors.locate(errors.new({ kind = "response", operation = operation.name, attempts = 1,
    table = hooks.table_of(params), message = "response does not fit the request: " .. why,
    ambiguous = operation.writes, retryable = retryable }))
end

--- Reads a complete response.
---@param http userdata the response parser
---@param status integer of HTTP
---@param operation table of base/operations
---@param owner? userdata the dynamodb.table whose items the rows become
---@param params? table the request, which the result must fit
---@return table? result
---@return dynamodb.Error? err
function response.read(http, status, operation, owner, params)
  local err
  params = params or NO_PARAMS
  if status == 200 then
    local result, why, problem = http:decode(operation.output, owner)
    if operation.may_be_empty and is_done(http, result, problem) then return {} end
    if result and result.__type then
      why = "a success that is an error: " .. tostring(result.__type)
    elseif result then
      local check = checks[operation.name]
      why = check and check(result, params)
      if not why then return result end
      why = "response does not fit the request: " .. why
    end
    err = errors.new({ kind = "response", message = why, status = status, retryable = true,
      ambiguous = operation.writes })
  else
    err = service_error(http, status, operation, params)
  end
  err.request_id = http:header("x-amzn-requestid")
  return nil, err
end

return response
