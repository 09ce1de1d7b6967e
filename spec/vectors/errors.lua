-- Responses that are errors, and what the error object says. `status` (400), `headers` and `body` come in; expected
-- are `code` (false: none), `message`, `kind` ("service"), `retryable`, `throttled`, `ambiguous` (all false; the
-- request is a write), `request_id` (false), and `item` and `reasons` as Lua values. Codes and messages: the service
-- model of DynamoDB_20120810; where they stand: AWS's protocol tests for AWS JSON 1.0 and 1.1, which allow all of them.
local V = "com.amazonaws.dynamodb.v20120810#"
local CORAL = "com.amazon.coral.service#"
local URI = ":http://internal.amazon.com/coral/com.amazon.coral.validate/"

local function none(status) return ("HTTP status %d without a message"):format(status) end

local html = "<html><body><h1>503 Service Unavailable</h1></body></html>"

return {
  -- code and message in the body
  { name = "__type with a namespace", body = '{"__type":"' .. V .. 'ResourceNotFoundException","message":"no table"}',
    code = "ResourceNotFoundException", message = "no table" },
  { name = "__type without a namespace", body = '{"__type":"ResourceInUseException","message":"exists"}',
    code = "ResourceInUseException", message = "exists" },
  { name = "__type of another namespace", body = '{"__type":"com.amazon.coral.validate#ValidationException","message":"m"}',
    code = "ValidationException", message = "m" },
  { name = "__type with a namespace and a URI", body = '{"__type":"' .. V .. "ValidationException" .. URI .. '","message":"m"}',
    code = "ValidationException", message = "m" },
  { name = "__type with a URI", body = '{"__type":"ValidationException' .. URI .. '","message":"m"}',
    code = "ValidationException", message = "m" },
  { name = "__type with a URI that has a fragment", body = '{"__type":"' .. V .. 'ValidationException:http://a.example/#b","message":"m"}',
    code = "ValidationException", message = "m" },
  { name = "Message", body = '{"__type":"' .. CORAL .. 'AccessDeniedException","Message":"User is not authorized"}',
    code = "AccessDeniedException", message = "User is not authorized" },
  { name = "message and Message", body = '{"__type":"X","Message":"second","message":"first"}', code = "X", message = "first" },
  { name = "code", body = '{"code":"ValidationException","message":"m"}', code = "ValidationException", message = "m" },
  { name = "code with namespace and URI", body = '{"code":"' .. V .. "ValidationException" .. URI .. '","message":"m"}',
    code = "ValidationException", message = "m" },
  { name = "members in another order, and more of them", code = "ValidationException", message = "m",
    body = ' {"message" : "m", "extra": {"__type": "No", "list": [1, {"a": null}]}, "__type" : "ValidationException" } ' },
  { name = "no message", body = '{"__type":"' .. V .. 'ResourceNotFoundException"}', code = "ResourceNotFoundException",
    message = none(400) },
  { name = "an empty message", body = '{"__type":"SerializationException","message":""}', code = "SerializationException",
    message = "" },
  { name = "a message that is null", body = '{"__type":"X","message":null}', code = "X", message = none(400) },
  { name = "a message that is no text, and Message", body = '{"__type":"X","message":{"a":1},"Message":"m"}', code = "X",
    message = "m" },
  { name = "a message with escapes", body = '{"__type":"X","message":"\\u00e9\\n\\"\\ud83d\\ude02\\""}', code = "X",
    message = '\195\169\n"\240\159\152\130"' },

  -- code in the header
  { name = "a header", headers = { ["x-amzn-errortype"] = "ValidationException" }, body = '{"message":"m"}',
    code = "ValidationException", message = "m" },
  { name = "a header with a URI", headers = { ["X-Amzn-ErrorType"] = "ValidationException" .. URI }, body = '{"Message":"m"}',
    code = "ValidationException", message = "m" },
  { name = "a header with namespace and URI", headers = { ["X-AMZN-ERRORTYPE"] = V .. "ValidationException" .. URI },
    body = "{}", code = "ValidationException", message = none(400) },
  { name = "a header alone", headers = { ["x-amzn-errortype"] = "ValidationException" }, body = "",
    code = "ValidationException", message = none(400) },
  { name = "a header beside HTML", headers = { ["x-amzn-errortype"] = "AccessDeniedException", ["Content-Type"] = "text/html" },
    status = 403, body = html, code = "AccessDeniedException", message = none(403) },
  { name = "a header beside cut JSON", headers = { ["x-amzn-errortype"] = "ValidationException" },
    body = '{"__type":"Valid', code = "ValidationException", message = none(400) },
  { name = "a header beside a __type that is no text", headers = { ["x-amzn-errortype"] = "ValidationException" },
    body = '{"__type":5,"message":"m"}', code = "ValidationException", message = "m" },
  { name = "a header beside an empty __type", headers = { ["x-amzn-errortype"] = "ValidationException" },
    body = '{"__type":"","message":"m"}', code = "ValidationException", message = "m" },
  { name = "a header without any code in it", headers = { ["x-amzn-errortype"] = ":" }, body = "{}", kind = "response",
    code = false, message = none(400) },

  -- no code
  { name = "an empty object", body = "{}", kind = "response", code = false, message = none(400) },
  { name = "nothing", body = "", kind = "response", code = false, message = none(400) },
  { name = "a message alone", body = '{"message":"m"}', kind = "response", code = false, message = "m" },
  { name = "null", body = "null", kind = "response", code = false, message = none(400) },
  { name = "a list", body = '[{"__type":"X"}]', kind = "response", code = false, message = none(400) },
  { name = "a text", body = '"__type"', kind = "response", code = false, message = none(400) },
  { name = "a deep list", body = ("["):rep(100000), kind = "response", code = false, message = none(400) },
  { name = "bytes that are no UTF-8", body = '{"__type":"\255"}', kind = "response", code = false, message = none(400) },
  { name = "HTML with 400", headers = { ["Content-Type"] = "text/html" }, body = html, kind = "response", code = false,
    message = none(400) },
  { name = "HTML with 500", headers = { ["Content-Type"] = "text/html" }, status = 500, body = html, kind = "response",
    code = false, message = none(500), retryable = true, ambiguous = true },
  { name = "HTML with 502", headers = { ["Content-Type"] = "text/html" }, status = 502, body = html, kind = "response",
    code = false, message = none(502), retryable = true, ambiguous = true },
  { name = "HTML with 503", headers = { ["Content-Type"] = "text/html" }, status = 503, body = html, kind = "response",
    code = false, message = none(503), retryable = true, ambiguous = true },
  { name = "HTML with 504", headers = { ["Content-Type"] = "text/html" }, status = 504, body = html, kind = "response",
    code = false, message = none(504), retryable = true, ambiguous = true },
  { name = "501", status = 501, body = "", kind = "response", code = false, message = none(501), ambiguous = true },
  { name = "404", status = 404, body = "404 page not found", kind = "response", code = false, message = none(404) },
  { name = "407", status = 407, body = "", kind = "response", code = false, message = none(407) },
  { name = "429", status = 429, body = "", kind = "response", code = false, message = none(429), throttled = true,
    retryable = true },

  -- neither errors nor answers
  { name = "301 that is not followed", status = 301, headers = { Location = "http://evil.example/" }, body = "",
    kind = "response", code = false, message = none(301) },
  { name = "307 that is not followed", status = 307, headers = { Location = "/other" }, body = "{}", kind = "response",
    code = false, message = none(307) },
  { name = "201", status = 201, body = "{}", kind = "response", code = false, message = none(201), ambiguous = true },

  -- what the caller may do next
  { name = "throughput exceeded", body = '{"__type":"' .. V .. 'ProvisionedThroughputExceededException","message":"m"}',
    code = "ProvisionedThroughputExceededException", message = "m", retryable = true, throttled = true },
  { name = "throttling", body = '{"__type":"' .. CORAL .. 'ThrottlingException","message":"Rate exceeded"}',
    code = "ThrottlingException", message = "Rate exceeded", retryable = true, throttled = true },
  { name = "request limit", body = '{"__type":"' .. V .. 'RequestLimitExceeded","message":"m"}', code = "RequestLimitExceeded",
    message = "m", retryable = true, throttled = true },
  { name = "too many tables at once", body = '{"__type":"' .. V .. 'LimitExceededException","message":"m"}',
    code = "LimitExceededException", message = "m", retryable = true, throttled = true },
  { name = "a transaction in progress", body = '{"__type":"' .. V .. 'TransactionInProgressException","Message":"m"}',
    code = "TransactionInProgressException", message = "m", retryable = true, throttled = true },
  { name = "throttling by 503", status = 503, body = '{"__type":"ThrottlingException","message":"m"}', ambiguous = true,
    code = "ThrottlingException", message = "m", retryable = true, throttled = true },
  { name = "a conflict between regions", body = '{"__type":"' .. V .. 'ReplicatedWriteConflictException","message":"m"}',
    code = "ReplicatedWriteConflictException", message = "m", retryable = true },
  { name = "a failure of the service", status = 500, body = '{"__type":"' .. V .. 'InternalServerError","message":"m"}',
    code = "InternalServerError", message = "m", retryable = true, ambiguous = true },
  { name = "a service that is not there", status = 503, body = '{"__type":"ServiceUnavailable","message":"m"}',
    code = "ServiceUnavailable", message = "m", retryable = true, ambiguous = true },
  { name = "a collection too big", body = '{"__type":"' .. V .. 'ItemCollectionSizeLimitExceededException","message":"m"}',
    code = "ItemCollectionSizeLimitExceededException", message = "m" },
  { name = "a key that nobody knows", status = 400, message = "The security token included in the request is invalid.",
    body = '{"__type":"' .. CORAL
      .. 'UnrecognizedClientException","message":"The security token included in the request is invalid."}',
    code = "UnrecognizedClientException" },
  { name = "an operation that nobody knows", body = '{"__type":"' .. CORAL .. 'UnknownOperationException"}',
    code = "UnknownOperationException", message = none(400) },

  -- what else stands in the response
  { name = "a request id", headers = { ["x-amzn-RequestId"] = "  4KBNVRGD25RG1KEO9UT4V3FQDJVV4KQNSO5AEMVJF66Q9ASUAAJG\t" },
    body = '{"__type":"X","message":"m"}', code = "X", message = "m",
    request_id = "4KBNVRGD25RG1KEO9UT4V3FQDJVV4KQNSO5AEMVJF66Q9ASUAAJG" },
  { name = "an empty request id", headers = { ["x-amzn-requestid"] = "" }, body = '{"__type":"X","message":"m"}',
    code = "X", message = "m", request_id = "" },
  { name = "a checksum that is right", headers = { ["x-amz-crc32"] = "2798358114" }, message = "no",
    body = '{"__type":"' .. V .. 'ResourceNotFoundException","message":"no"}', code = "ResourceNotFoundException" },
  { name = "the item that a condition failed on", code = "ConditionalCheckFailedException",
    body = '{"__type":"' .. V .. 'ConditionalCheckFailedException","message":"The conditional request failed",'
      .. '"Item":{"id":{"S":"a"},"n":{"N":"7"},"l":{"L":[{"BOOL":true}]}}}',
    message = "The conditional request failed", item = { id = "a", n = 7, l = { true } } },
  { name = "why a transaction was cancelled", code = "TransactionCanceledException", message = "cancelled",
    body = '{"__type":"' .. V .. 'TransactionCanceledException","Message":"cancelled","CancellationReasons":'
      .. '[{"Code":"None"},{"Code":"ConditionalCheckFailed","Item":{"id":{"S":"a"}},"Message":"m"}]}',
    reasons = { { Code = "None" }, { Code = "ConditionalCheckFailed", Item = { id = "a" }, Message = "m" } } },
}
