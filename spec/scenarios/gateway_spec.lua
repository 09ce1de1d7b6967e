-- examples/gateway: responses through the gateway are those of the service, in nginx and in plain Lua.

local core = require("dynamodb.core")
local curl = require("dynamodb.transport.curl")
local dynamodb = require("dynamodb")
local files = dofile("spec/support/files.lua")
local gateway = dofile("examples/gateway/gateway.lua")
local helper = dofile("spec/support/helper.lua")
local http_client = require("dynamodb.http.client")
local nginx = dofile("spec/support/nginx_server.lua")
local operations = require("dynamodb.base.operations")

-- The JSON text with sorted names, so that equal texts mean equal JSON.
local function canonical(text)
  if text == "" then return "" end
  return core.encode(assert(core.decode(text, "json")), "json")
end

local function target_of(name)
  return operations[name].target
end

-- Removes the idempotency token that the library adds.
local function without_token(text)
  return (text:gsub('"Client%a*Token":"%x+%-[%x-]+",', ""))
end

-- {===== Every operation, with the responses of spec/vectors/operations.lua =====

describe("the handler of the gateway", function()
  local response, sent, lines

  local function new(audit)
    local fake = helper.fake(function(request)
      sent = request:match("\r\n\r\n(.*)$")
      return response
    end)
    return gateway.new({ endpoint_url = "http://localhost:8000", region = "us-east-1", transport = fake,
      aws_access_key_id = helper.KEY, aws_secret_access_key = helper.SECRET }, audit)
  end

  local handle = new()

  for name, vector in pairs(dofile("spec/vectors/operations.lua")) do
    it("passes on " .. name, function()
      local request = vector[2] or core.encode(vector[1], "json")
      response = helper.response(200, vector[3], { ["x-amzn-requestid"] = "R1" })
      local status, body, request_id = handle(target_of(name), request)
      assert.same({ 200, "R1" }, { status, request_id })
      assert.equal(canonical(request), without_token(canonical(sent)))
      local is_empty = operations[name].may_be_empty
      assert.equal(is_empty and "" or canonical(vector[3]), canonical(body))
    end)
  end

  local function refused(status, kind, target, request)
    sent = nil
    local found, body = handle(target, request)
    assert.same({ status }, { found })
    assert.truthy(body:find('"__type":"com%.amazon%.coral%.%l+#' .. kind .. '"'), body)
    assert.is_nil(sent)
  end

  it("refuses requests that are no JSON, no values or of no operation, and sends nothing", function()
    refused(400, "SerializationException", target_of("PutItem"), '{"TableName":')
    refused(400, "SerializationException", target_of("PutItem"), "")
    refused(400, "SerializationException", target_of("PutItem"), "[]")
    refused(400, "SerializationException", target_of("PutItem"), "null")
    refused(400, "ValidationException", target_of("PutItem"), '{"TableName":"t","Item":{"id":{"N":"x"}}}')
    refused(400, "ValidationException", target_of("PutItem"), '{"TableName":"t","Item":{"id":{"S":"'
      .. ("x"):rep(400 * 1024) .. '"}}}')
    refused(400, "UnknownOperationException", "PutItem", "{}")
    refused(400, "UnknownOperationException", nil, "{}")
  end)

  it("passes on operations that the library does not know, and members", function()
    response = helper.response(200, '{"New":[],"Deep":{"a":[{"b":1.5}]}}')
    local status, body = handle("DynamoDB_20120810.FromTheFuture", '{"Empty":[],"Some":{"n":1}}')
    assert.same({ 200, '{"Deep":{"a":[{"b":1.5}]},"New":[]}' }, { status, canonical(body) })
    assert.equal('{"Empty":[],"Some":{"n":1}}', canonical(sent))
  end)

  it("passes on the members of errors", function()
    local text = '{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","message":"no",'
      .. '"CancellationReasons":[{"Code":"None"},{"Code":"ConditionalCheckFailed","Item":{"l":{"L":[]},"n":{"N":"1"}},'
      .. '"Message":"The conditional request failed"}]}'
    response = helper.response(400, text)
    local status, body = handle(target_of("TransactWriteItems"), '{"TransactItems":[{},{}]}')
    assert.same({ 400, canonical(text) }, { status, canonical(body) })
  end)

  it("passes on the status of errors", function()
    local text = '{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"again"}'
    response = helper.response(503, text)
    local status, body = handle(target_of("GetItem"), '{"TableName":"t","Key":{"id":{"S":"a"}}}')
    assert.same({ 503, canonical(text) }, { status, canonical(body) })
  end)

  it("responds to lost responses and to refused connections with what clients retry", function()
    response = nil
    local status, body = handle(target_of("PutItem"), '{"TableName":"t","Item":{"id":{"S":"a"}}}')
    assert.equal(500, status)
    assert.truthy(body:find("#InternalServerError", 1, true))
    local conn = { endpoint_url = "http://127.0.0.1:1", aws_access_key_id = helper.KEY,
      aws_secret_access_key = helper.SECRET, transport = curl }
    status, body = gateway.new(conn)(target_of("PutItem"), '{"TableName":"t","Item":{"id":{"S":"a"}}}')
    assert.equal(503, status)
    assert.truthy(body:find("#ServiceUnavailable", 1, true))
    response = helper.response(502, "<html>bad gateway</html>")
    status, body = handle(target_of("GetItem"), '{"TableName":"t","Key":{"id":{"S":"a"}}}')
    assert.equal(500, status)
    assert.truthy(body:find("#InternalServerError", 1, true))
  end)

  it("writes an audit log without values", function()
    lines = {}
    local logged = new(function(line) lines[#lines + 1] = line end)
    response = helper.response(200, "{}")
    logged(target_of("PutItem"), '{"TableName":"t","Item":{"id":{"S":"secret"}}}')
    response = helper.response(400, '{"__type":"x#ConditionalCheckFailedException","message":"secret"}')
    logged(target_of("PutItem"), '{"TableName":"t","Item":{"id":{"S":"secret"}}}')
    response = nil
    logged(target_of("ListTables"), "{}")
    assert.same({ "PutItem t 200 0.0 ms", "PutItem t 400 0.0 ms", "ListTables - 503 0.0 ms" }, lines)
  end)

  it("raises what is no refusal of a request", function()
    response = helper.response(200, "{}")
    local broken = new(function() error("the log is full", 0) end)
    assert.error_matches(function() broken(target_of("ListTables"), "{}") end, "^the log is full$")
  end)
end)

-- ===================== }
-- {===== Against the server =====

-- Requests in their order; <table> and <keep> are replaced. 'keep' stores members of the response by a pattern. <all> is an
-- item with a value of every type.
local ALL = '"S":{"S":"ä\\u0000\\"\\\\€𝄞"},"E":{"S":""},"B":{"B":"AP8="},"N":{"N":"-1234567890123456789012345678901234567.8"},'
  .. '"I":{"N":"9007199254740993"},"F":{"N":"0.1"},"Big":{"N":"1E+125"},"Small":{"N":"1E-130"},"T":{"BOOL":true},'
  .. '"Z":{"NULL":true},"SS":{"SS":["a","b"]},"NS":{"NS":["12345678901234567890123456789012345678","2"]},'
  .. '"BS":{"BS":["AA==","/w=="]},"L":{"L":[]},"M":{"M":{}},"Deep":{"L":[{"M":{"l":{"L":[{"L":[]},{"M":{}}]}}},{"N":"1"}]}'
local CREATE = '{"TableName":"<table>","KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],'
  .. '"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"%s}'
local KEY = '"TableName":"<table>","Key":{"id":{"S":"%s"}}'
local A, B = KEY:format("a"), KEY:format("b")

local items = {
  { "CreateTable", CREATE:format(',"Tags":[]') },
  { "DescribeTable", '{"TableName":"<table>"}', keep = { arn = '"TableArn":"([^"]+)"' } },
  { "CreateTable", CREATE:format("") }, -- exists already
  { "PutItem", '{"TableName":"<table>","Item":{"id":{"S":"a"},<all>},"ReturnConsumedCapacity":"TOTAL"}' },
  { "PutItem", '{"TableName":"<table>","Item":{"id":{"S":"a"},"new":{"BOOL":false}},"ReturnValues":"ALL_OLD"}' },
  { "PutItem", '{"TableName":"<table>","Item":{"id":{"S":"a"},<all>}}' },
  { "PutItem", '{"TableName":"<table>","Item":{"id":{"N":"1"}}}' }, -- the key has another type
  { "GetItem", "{" .. A .. ',"ConsistentRead":true,"ReturnConsumedCapacity":"TOTAL"}' },
  { "GetItem", "{" .. A .. ',"ProjectionExpression":"#d[0].l, I","ExpressionAttributeNames":{"#d":"Deep"}}' },
  { "GetItem", "{" .. B .. "}" }, -- absent
  { "GetItem", '{"TableName":"<table>","Key":{"other":{"S":"a"}}}' },
  { "UpdateItem", "{" .. A .. ',"UpdateExpression":"SET I = I + :n, #l = list_append(#l, :l)",'
    .. '"ExpressionAttributeNames":{"#l":"L"},"ExpressionAttributeValues":{":n":{"N":"1"},":l":{"L":[{"L":[]}]}},'
    .. '"ReturnValues":"ALL_NEW"}' },
  { "UpdateItem", "{" .. A .. ',"UpdateExpression":"SET"}' },
  { "UpdateItem", "{" .. B .. ',"AttributeUpdates":{"n":{"Action":"ADD","Value":{"N":"5"}}},"ReturnValues":"UPDATED_NEW"}' },
  { "DeleteItem", "{" .. B .. ',"ConditionExpression":"n > :v","ExpressionAttributeValues":{":v":{"N":"9"}}}' },
  { "DeleteItem", "{" .. B .. ',"Expected":{"n":{"Value":{"N":"5"}}},"ReturnValues":"ALL_OLD"}' },
  { "BatchWriteItem", '{"RequestItems":{"<table>":[{"PutRequest":{"Item":{"id":{"S":"c"},<all>}}},'
    .. '{"PutRequest":{"Item":{"id":{"S":"d"}}}},{"DeleteRequest":{"Key":{"id":{"S":"e"}}}}]}}' },
  { "BatchGetItem", '{"RequestItems":{"<table>":{"Keys":[{"id":{"S":"c"}}],"ConsistentRead":true}}}' },
  { "Query", '{"TableName":"<table>","KeyConditionExpression":"id = :a","ExpressionAttributeValues":{":a":{"S":"a"}}}' },
  { "Query", '{"TableName":"<table>","KeyConditions":{"id":{"AttributeValueList":[{"S":"c"}],"ComparisonOperator":"EQ"}}}' },
  { "Query", '{"TableName":"<table>"}' },
  { "Scan", '{"TableName":"<table>","Limit":1,"ReturnConsumedCapacity":"TOTAL"}',
    keep = { key = '"LastEvaluatedKey":{"id":{"S":"(%l)"}}' } },
  { "Scan", '{"TableName":"<table>","ExclusiveStartKey":{"id":{"S":"<key>"}},"FilterExpression":"attribute_exists(Z)"}' },
  { "TagResource", '{"ResourceArn":"<arn>","Tags":[{"Key":"team","Value":""}]}' },
  { "ListTagsOfResource", '{"ResourceArn":"<arn>"}' },
  { "UntagResource", '{"ResourceArn":"<arn>","TagKeys":["team"]}' },
  { "DescribeTimeToLive", '{"TableName":"<table>"}' },
  { "ListTables", '{"ExclusiveStartTableName":"zzz","Limit":1}' },
  { "UpdateTable", '{"TableName":"<table>"}' },
  { "DescribeLimits", "{}" },
  { "NoSuchOperation", "{}" },
  { "DeleteTable", '{"TableName":"<table>"}' },
  { "DescribeTable", '{"TableName":"<table>_2"}' },
}

-- Operations that smaller engines lack: they then compare the refusals.
local more = {
  { "CreateTable", CREATE:format(',"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES"}'),
    keep = { stream = '"LatestStreamArn":"([^"]+)"', label = '"LatestStreamLabel":"([^"]+)"' } },
  { "DescribeTable", '{"TableName":"<table>"}' },
  { "UpdateTimeToLive", '{"TableName":"<table>","TimeToLiveSpecification":{"AttributeName":"ttl","Enabled":true}}' },
  { "TransactWriteItems", '{"TransactItems":[{"Put":{"TableName":"<table>","Item":{"id":{"S":"a"},<all>}}},'
    .. '{"Update":{' .. B .. ',"UpdateExpression":"SET n = :n","ExpressionAttributeValues":{":n":{"N":"1.5"}}}},'
    .. '{"ConditionCheck":{' .. KEY:format("c") .. ',"ConditionExpression":"attribute_not_exists(id)"}}]}' },
  { "TransactWriteItems", '{"TransactItems":[{"Delete":{' .. A .. ',"ConditionExpression":"attribute_not_exists(id)",'
    .. '"ReturnValuesOnConditionCheckFailure":"ALL_OLD"}}]}' },
  { "TransactGetItems", '{"TransactItems":[{"Get":{' .. A .. '}},{"Get":{' .. KEY:format("z") .. "}}]}" },
  { "ExecuteStatement", [[{"Statement":"SELECT * FROM \"<table>\" WHERE id = ?","Parameters":[{"S":"a"}]}]] },
  { "ExecuteStatement", [[{"Statement":"SELEKT"}]] },
  { "BatchExecuteStatement", [[{"Statements":[{"Statement":"SELECT n FROM \"<table>\" WHERE id = 'b'"}]}]] },
  { "ExecuteTransaction", [[{"TransactStatements":[{"Statement":"SELECT n FROM \"<table>\" WHERE id = 'b'"}]}]] },
  { "SearchVectors", '{"TableName":"<table>"}' },
  { "ListStreams", '{"TableName":"<table>"}' },
  { "DescribeStream", '{"StreamArn":"<stream>"}', keep = { shard = '"ShardId":"([^"]+)"' } },
  { "GetShardIterator", '{"StreamArn":"<stream>","ShardId":"<shard>","ShardIteratorType":"TRIM_HORIZON"}',
    keep = { iterator = '"ShardIterator":"([^"]+)"' } },
  { "GetRecords", '{"ShardIterator":"<iterator>"}' },
  { "DeleteTable", '{"TableName":"<table>"}' },
}

-- Replaces what the conversation has kept by its names.
local function with_names(text, kept)
  for name, value in pairs(kept) do
    if #value > 1 then text = text:gsub((value:gsub("%p", "%%%0")), "<" .. name .. ">") end
  end
  return text
end

local function sorted(elements)
  local list = {}
  for text in elements:gmatch('"[^"]*"') do list[#list + 1] = text end
  table.sort(list)
  return table.concat(list, ",")
end

-- Returns JSON without what differs between two tables. The service may write a number and the order of a set in any form.
local function comparable(text, kept, operation)
  if operation.may_be_empty and (text == "{}" or text == '""') then return "" end
  text = with_names(canonical(text), kept)
  text = text:gsub('("[NSB]S":%[)(.-)%]', function(head, elements) return head .. sorted(elements) .. "]" end)
  text = text:gsub('"N":"([^"]+)"', function(digits) return '"N":"' .. tostring(dynamodb.number(digits)) .. '"' end)
  for _, member in ipairs({ "TableId", "SequenceNumber", "StartingSequenceNumber", "EndingSequenceNumber", "eventID",
    "NextShardIterator" }) do
    text = text:gsub('"' .. member .. '":"[^"]*"', '"' .. member .. '":"?"')
  end
  return (text:gsub('"(%a+DateTime)":[%d.]+', '"%1":0'))
end

-- Returns a transport that keeps the bytes of the last response.
local function keeping()
  local transport = setmetatable({}, { __index = curl })
  function transport.send(...)
    transport.bytes = ""
    return curl.send(...)
  end
  function transport.receive(...)
    local bytes, kind, why = curl.receive(...)
    transport.bytes = transport.bytes .. (bytes or "")
    return bytes, kind, why
  end
  return transport
end

-- Makes the requests of a list -> for each { name, status, body }, by this library at a URL.
local function converse(list, given)
  local transport = keeping()
  given.transport, given.compression, given.max_attempts = transport, false, 1
  local conn, kept, log = helper.connect(given), { table = helper.table_name() }, {}
  for i, request in ipairs(list) do
    local name = request[1]
    local text = request[2]:gsub("<all>", (ALL:gsub("%%", "%%%%"))):gsub("<(%l+)>", function(word) return kept[word] or word end)
    local operation = operations[name] or operations(name)
    local result, err = conn:call(name, assert(core.decode(text, operation.input)), { unknown = true })
    local body = transport.bytes:match("\r\n\r\n(.*)$")
    for member, pattern in pairs(request.keep or {}) do kept[member] = transport.bytes:match(pattern) end
    log[i] = { name, result and 200 or err.status, err and err.code or "", err and with_names(err.message, kept),
      err and "" or comparable(body, kept, operation) }
    assert.is_nil(err and err.kind ~= "service" and tostring(err) or nil)
    if name == "CreateTable" and result then
      assert(assert(conn:get_table(kept.table)):wait_until_active())
    end
  end
  conn:close()
  return log
end

local function compare(list, url)
  local direct, through = converse(list, {}), converse(list, { endpoint_url = url })
  local successes = 0
  for i, expected in ipairs(direct) do
    assert.same(expected, through[i])
    if expected[2] == 200 then successes = successes + 1 end
  end
  return successes
end

local function read_configuration()
  local text = files.read("examples/gateway/nginx.conf")
  for _, name in ipairs({ "load_module", "daemon", "pid", "error_log", "[%l_]+_temp_path" }) do
    text = text:gsub("\n *" .. name .. " [^\n]*", "")
  end
  local adapted, count = text:gsub("listen 127%.0%.0%.1:8001;", "listen 8001;") -- as nginx_server.lua expects it
  assert.equal(1, count) -- on no other interface, since it checks no signatures
  return adapted
end

describe("the gateway in nginx", function()
  if nginx.is_pending(pending, "a gateway in nginx") then return end
  local server

  setup(function()
    server = nginx.start({ whole = read_configuration():gsub('os.getenv%("GATEWAY_AUDIT"%)', "true") })
  end)

  teardown(function() server.stop() end)

  it("responds as the server does, for every operation and type of value", function()
    assert.is_true(compare(items, server.url) >= 21)
  end)

  it("responds as the server does, for transactions, PartiQL and streams", function()
    compare(more, server.url)
  end)

  it("logs each call with its table, status and time", function()
    local conn = helper.connect({ endpoint_url = server.url })
    local name = helper.table_name()
    assert.is_nil(conn:table(name, { hash_key = "id" }):put_item({ id = "private" }))
    assert.truthy(server.log():find("audit: PutItem " .. name .. " 400 [%d.]+ ms"))
    assert.is_nil(server.log():find("private", 1, true))
    conn:close()
  end)

  it("sends checksum, request id and content type", function()
    local transport = keeping()
    local conn = helper.connect({ endpoint_url = server.url, transport = transport, compression = false })
    assert(conn:list_tables({ limit = 1 }))
    local head = transport.bytes:lower()
    assert.truthy(head:find("\r\nx%-amz%-crc32: %d+\r\n"))
    assert.truthy(head:find("\r\nx%-amzn%-requestid: %w+"))
    assert.truthy(head:find("\r\ncontent-type: application/x-amz-json-1.0\r\n", 1, true))
    conn:close()
  end)

  it("serves concurrent clients over kept connections, and batches of ten megabytes", function()
    local conn = helper.connect({ endpoint_url = server.url })
    local tbl = helper.create_table(conn)
    local writes, puts = {}, {}
    for i = 1, 50 do writes[i] = function() return tbl:put_item({ id = "k" .. i, n = i }) end end
    local _, errs = dynamodb.gather(writes, { concurrency = 10 })
    assert.is_nil(errs)
    for i = 1, 25 do puts[i] = { id = "k" .. i, text = ("x"):rep(390000) } end
    assert(tbl:batch_write({ put = puts }))
    assert.equal(50, tbl:count())
    assert.is_true(conn:stats().connections_opened <= 10)
    assert(tbl:delete())
    conn:close()
  end)
end)

-- ===================== }
-- {===== Plain Lua =====

if (pcall(require, "socket")) then
  describe("the gateway in plain Lua", function()
    local url, pipe, pid

    setup(function()
      local command = ("exec env ASAN_OPTIONS=\"$ASAN_OPTIONS:detect_leaks=0\" LUA_PATH='%s' LUA_CPATH='%s' "
        .. "sh -c 'echo $$; exec \"%s\" examples/gateway/luasocket.lua 0'"):format(package.path, package.cpath, os.getenv("LUA"))
      pipe = assert(io.popen(command))
      pid = pipe:read("*l")
      url = "http://127.0.0.1:" .. assert(assert(pipe:read("*l")):match("^listening on (%d+)$"))
    end)

    teardown(function()
      os.execute("kill " .. pid)
      pipe:close()
    end)

    it("responds as the server does", function()
      assert.is_true(compare(items, url) >= 21)
      compare(more, url)
    end)

    it("refuses what is no request of the protocol", function()
      local limits = { connect_timeout = 5, attempt_timeout = 10 }
      local function status_of(method, path)
        return assert(http_client.request({ transport = curl, limits = limits }, { method = method, url = url .. path })).status
      end
      assert.same({ 404, 404 }, { status_of("GET", "/"), status_of("POST", "/other") })
      assert.equal(400, status_of("POST", "/"))
    end)
  end)
end

-- ===================== }
