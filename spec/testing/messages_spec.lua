-- Requests and responses of DynamoDB as bytes.

local core = require("dynamodb.core")
local files = dofile("spec/support/files.lua")
local messages = require("dynamodb.testing.messages")

local function read(operation, body)
  return messages.read_request("POST / HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810." .. operation .. "\r\n\r\n" .. body)
end

-- Receives these pieces; nil ends the connection.
local function receive(pieces)
  local n = 0
  return messages.receive({ receive = function()
    n = n + 1
    if pieces[n] then return pieces[n] end
    return nil, pieces.kind or "closed", "closed"
  end }, {}, 1)
end

describe("messages of DynamoDB", function()
  it("name their operation and tables", function()
    local request = read("PutItem", '{"TableName":"users","Item":{}}')
    assert.same({ "PutItem", { users = true } }, { request.operation, request.tables })
    assert.same({ a = true, b = true }, read("BatchGetItem", '{"RequestItems":{"a":{},"b":{}}}').tables)
    assert.same({ a = true, b = true }, read("TransactWriteItems",
      '{"TransactItems":[{"Put":{"TableName":"a"}},{"Delete":{"TableName":"b"}}]}').tables)
    assert.same({}, read("ListTables", "{}").tables)
  end)

  it("are nothing else", function()
    assert.is_nil(messages.read_request("GET / HTTP/1.1\r\nhost: a\r\n\r\n"))
    assert.is_nil(read("PutItem", "no JSON"))
    assert.is_nil(messages.signed_time(read("PutItem", "{}")))
  end)

  it("are received whole, in any pieces", function()
    local response = receive({ "HTTP/1.1 200 OK\r\ncontent-le", "ngth: 4\r\nx-amzn-requestid: r\r\n\r\n", "ab", "cd" })
    assert.same({ 200, "abcd", "r" }, { response.status, response.body, response.headers["x-amzn-requestid"] })
    response = receive({ "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n" })
    assert.equal("ab", response.body)
    assert.equal("HTTP/1.1 200 Response\r\ncontent-length: 2\r\n\r\nab", messages.bytes_of(response))
    assert.equal("a", receive({ "HTTP/1.1 200 OK\r\n\r\na" }).body)
  end)

  it("are read when they are compressed, and passed on as they came", function()
    local body = files.output_of("printf '{\"Count\":1}' | gzip -c")
    local response = receive({ ("HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-encoding: gzip\r\n"
      .. "content-length: %d\r\n\r\n"):format(#body) .. body })
    assert.equal(1, response.parser:decode("json").Count)
    assert.equal(body, response.body)
    assert.truthy(messages.bytes_of(response):find("\r\ncontent-encoding: gzip\r\n", 1, true))
  end)

  it("are not received when they are cut, invalid or late", function()
    assert.same({ n = 3, nil, "closed", "closed" }, { n = 3, receive({ "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab" }) })
    assert.same({ n = 3, nil, "timeout", "closed" }, { n = 3, receive({ kind = "timeout" }) })
    local response, kind = receive({ "no HTTP\r\n\r\n" })
    assert.is_nil(response)
    assert.equal("network", kind)
  end)

  it("are written so that the client reads them", function()
    local parser = core.response(nil, false, false, false)
    assert.is_true(parser:feed(messages.success({ Count = 1 })))
    assert.equal(1, parser:decode("json").Count)
    parser:reset()
    assert.is_true(parser:feed(messages.failure(400, "ValidationException", "no", { More = 1 }, "Sun, 06 Nov 1994 08:49:37 GMT")))
    assert.equal("com.amazonaws.dynamodb.v20120810#ValidationException", parser:decode("json").__type)
    assert.equal("Sun, 06 Nov 1994 08:49:37 GMT", parser:header("date"))
    assert.equal("Sun, 06 Nov 1994 08:49:37 GMT", messages.http_date(784111777))
  end)
end)
