--- What a complete response means: a result, or the error object.

local errors = require("dynamodb.error")
local retry = require("dynamodb.request.retry")

local answer = {}

local ERROR_SHAPE = { Item = "item", CancellationReasons = { "list", { Item = "item" } } }

-- "com.amazonaws.dynamodb.v20120810#ValidationException:http://..." is ValidationException.
local function bare_code(text)
  if type(text) ~= "string" then return nil end
  local code = text:gsub(":.*$", ""):gsub("^.*#", "")
  return code ~= "" and code or nil
end

local function text_of(value)
  return type(value) == "string" and value or nil
end

-- Why and where the service asks for less: ThrottlingReasons, whose name begins with either case.
local function throttling_reasons(body)
  local list = body.ThrottlingReasons or body.throttlingReasons
  return type(list) == "table" and list or nil
end

-- The error that a response with another status than 200 tells; every place where code and message may be is
-- looked at. One whose bytes were changed on the way tells nothing, and may be asked for again.
local function service_error(response, status, operation)
  local body, why = response:decode(ERROR_SHAPE)
  local broken = why ~= nil and why:find("x-amz-crc32", 1, true) ~= nil
  if type(body) ~= "table" then body = {} end
  local code = not broken and (bare_code(body.__type) or bare_code(body.code)
    or bare_code(response:header("x-amzn-errortype"))) or nil
  local err = errors.new({
    kind = code and "service" or "response",
    code = code,
    message = text_of(body.message) or text_of(body.Message) or broken and why
      or ("HTTP status %d without a message"):format(status),
    status = status,
    item = body.Item,
    reasons = body.CancellationReasons,
    throttling_reasons = throttling_reasons(body),
    retryable = broken,
    retry_after = response:header("x-amz-retry-after"),
    ambiguous = operation.writes and (status >= 500 or status < 300 or broken),
  })
  local class = retry.classify(err)
  err.retryable, err.throttled = class ~= nil, class == "throttling"
  return err
end

--- Reads a complete response -> result | nil, err; 'owner' is the dynamodb.table whose items the rows become.
function answer.read(response, operation, owner)
  local status = response:status()
  local err
  if status == 200 then
    if operation.silent and response:header("content-length") == "0" then return {} end
    local result, why = response:decode(operation.output, owner)
    local member = operation.answer
    if result and result.__type then
      why = "a success that is an error: " .. tostring(result.__type)
    elseif result and member and type(result[member]) ~= "table" then
      why = "answer without " .. member
    elseif result then
      return result
    end
    err = errors.new({ kind = "response", message = why, status = status, retryable = true,
      ambiguous = operation.writes })
  else
    err = service_error(response, status, operation)
  end
  err.request_id = response:header("x-amzn-requestid")
  return nil, err
end

return answer
