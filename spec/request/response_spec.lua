-- Reading of complete responses. spec/request/pipeline_spec.lua tests the forms of errors over a real socket.

local response_reader = require("dynamodb.request.response")
local core = require("dynamodb.core")
local operations = require("dynamodb.base.operations")
local helper = dofile("spec/support/helper.lua")

-- Reads the response of an operation -> result, or nil and the error.
local function read(name, status, body, headers)
  local response = core.response():reset()
  assert(response:feed(helper.response(status, body, headers)))
  return response_reader.read(response, response:status(), operations[name])
end

describe("response", function()
  it("is the result of a 200", function()
    assert.same({ Item = { id = "a" } }, read("GetItem", 200, '{"Item":{"id":{"S":"a"}}}'))
  end)

  it("is not a success if its body is an error", function()
    local result, err = read("GetItem", 200, '{"__type":"x#InternalServerError","message":"m"}')
    assert.is_nil(result)
    assert.equal("response: a success that is an error: x#InternalServerError", tostring(err))
    assert.is_true(err.retryable)
  end)

  it("may be empty if the operation has no output", function()
    local response = core.response():reset()
    assert(response:feed("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"))
    assert.same({}, response_reader.read(response, response:status(), operations.TagResource))
  end)

  it("may be any JSON if the operation has no output", function()
    for _, body in ipairs({ '""', "[]", "null", "{}" }) do assert.same({}, read("TagResource", 200, body), body) end
    assert.is_nil((read("TagResource", 200, '""', { ["x-amz-crc32"] = "1" })))
    assert.is_nil((read("TagResource", 200, '{"__type":"x#InternalServerError"}')))
    assert.is_nil((read("PutItem", 200, '""')))
    local page = core.response():reset()
    assert(page:feed("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\n<a/>"))
    assert.is_nil((response_reader.read(page, page:status(), operations.TagResource)))
  end)

  it("must have the required members", function()
    local result, err = read("DescribeTable", 200, "{}")
    assert.is_nil(result)
    assert.equal("response: response does not fit the request: Table: missing", tostring(err))
    assert.is_true(err.retryable)
  end)

  it("has the request id, the delay of Retry-After, and the throttled resources", function()
    local body = '{"__type":"x#ThrottlingException","message":"m","throttlingReasons":'
      .. '[{"reason":"TableReadKeyRangeThroughputExceeded","resource":"arn:t"}]}'
    local _, err = read("GetItem", 400, body, { ["x-amzn-requestid"] = "R1", ["x-amz-retry-after"] = "1500" })
    assert.equal("R1", err.request_id)
    assert.equal("1500", err.retry_after)
    assert.same({ { reason = "TableReadKeyRangeThroughputExceeded", resource = "arn:t" } }, err.throttling_reasons)
    _, err = read("GetItem", 400, (body:gsub("ThrottlingException", "ProvisionedThroughputExceededException")
      :gsub("throttlingR", "ThrottlingR")))
    assert.equal("arn:t", err.throttling_reasons[1].resource)
    _, err = read("GetItem", 400, '{"__type":"x#ThrottlingException","ThrottlingReasons":"none"}')
    assert.is_nil(err.throttling_reasons)
  end)

  it("is ambiguous for a write if it has another 2xx status", function()
    for status, ambiguous in pairs({ [201] = true, [206] = true, [300] = false, [404] = false, [500] = true }) do
      assert.equal(ambiguous, select(2, read("PutItem", status, "")).ambiguous)
      assert.is_false(select(2, read("GetItem", status, "")).ambiguous)
    end
  end)

  it("is rejected if its bytes were changed in transit", function()
    for status = 400, 500, 100 do
      local _, err = read("PutItem", status, '{"__type":"x#ValidationException"}', { ["x-amz-crc32"] = "1",
        ["x-amzn-errortype"] = "ValidationException" })
      assert.equal("response", err.kind)
      assert.is_nil(err.code)
      assert.is_true(err.retryable)
      assert.is_true(err.ambiguous)
      assert.matches("x-amz-crc32", err.message, 1, true)
    end
    local _, err = read("GetItem", 400, '{"__type":"x#ValidationException"}', { ["x-amz-crc32"] = "1" })
    assert.is_false(err.ambiguous)
  end)

  -- { status, code, retryable, throttled, ambiguous for a write }
  local rows = {
    { 400, "ValidationException", false, false, false }, { 400, "TransactionConflictException", true, false, false },
    { 400, "ReplicatedWriteConflictException", true, false, false }, { 429, nil, true, true, false },
    { 400, "LimitExceededException", true, true, false }, { 500, "InternalServerError", true, false, true },
    { 503, nil, true, false, true }, { 501, nil, false, false, true }, { 302, nil, false, false, false },
  }
  for _, row in ipairs(rows) do
    it(("has the flags of %d %s"):format(row[1], row[2] or "without a code"), function()
      local body = row[2] and ('{"__type":"x#%s","message":"m"}'):format(row[2]) or ""
      local _, err = read("PutItem", row[1], body)
      assert.equal(row[2], err.code)
      assert.same({ row[3], row[4], row[5] }, { err.retryable, err.throttled, err.ambiguous })
      assert.equal(row[1], err.status)
    end)
  end
end)
