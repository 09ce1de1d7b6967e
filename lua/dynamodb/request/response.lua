--- Reads a complete response: a result, or an error object.

local errors = require("dynamodb.error")
local retry = require("dynamodb.request.retry")

local response = {}

local ERROR_SHAPE = { Item = "item", CancellationReasons = { "list", { Item = "item" } } }

-- "com.amazonaws.dynamodb.v20120810#ValidationException:http://..." is ValidationException.
local function bare_code(text)
  if type(text) ~= "string" then return nil end
  local code = text:gsub(":.*$", ""):gsub("^.*#", "")
  return code ~= "" and code or nil
end

local function text_or_nil(value)
  return type(value) == "string" and value or nil
end

-- Returns ThrottlingReasons, which names the resource that is throttled and why. Its case differs between
-- services.
local function throttling_reasons(body)
  local list = body.ThrottlingReasons or body.throttlingReasons
  return type(list) == "table" and list or nil
end

-- Makes the error of a response whose status is not 200. The code may be in the body or in a header. A body
-- that does not match its checksum is not believed; the request may be sent again.
local function service_error(http, status, operation)
  local body, why, problem = http:decode(ERROR_SHAPE)
  local is_corrupt = problem == "checksum"
  if type(body) ~= "table" then body = {} end
  local code = not is_corrupt and (bare_code(body.__type) or bare_code(body.code)
    or bare_code(http:header("x-amzn-errortype"))) or nil
  local err = errors.new({
    kind = code and "service" or "response",
    code = code,
    message = text_or_nil(body.message) or text_or_nil(body.Message) or is_corrupt and why
      or ("HTTP status %d without a message"):format(status),
    status = status,
    item = body.Item,
    reasons = body.CancellationReasons,
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

--- Reads a complete response.
---@param http userdata the response parser
---@param operation table of base/operations
---@param owner? userdata the dynamodb.table whose items the rows become
---@return table? result
---@return dynamodb.Error? err
function response.read(http, operation, owner)
  local status = http:status()
  local err
  if status == 200 then
    local result, why, problem = http:decode(operation.output, owner)
    local member = operation.required_output
    if operation.may_be_empty and is_done(http, result, problem) then return {} end
    if result and result.__type then
      why = "a success that is an error: " .. tostring(result.__type)
    elseif result and member and type(result[member]) ~= "table" then
      why = "response without " .. member
    elseif result then
      return result
    end
    err = errors.new({ kind = "response", message = why, status = status, retryable = true,
      ambiguous = operation.writes })
  else
    err = service_error(http, status, operation)
  end
  err.request_id = http:header("x-amzn-requestid")
  return nil, err
end

return response
