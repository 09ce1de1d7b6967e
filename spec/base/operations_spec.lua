-- The table of operations against the service models: idempotency, paginators, and the positions of attribute values in
-- requests and responses.
local cjson = require("cjson")
local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local engines = dofile("spec/support/engines.lua")
local operations = require("dynamodb.base.operations")
local helper = dofile("spec/support/helper.lua")
local scripted = dofile("spec/support/scripted_server.lua")
local vectors = dofile("spec/vectors/operations.lua")

-- The operations of the service models, November 2026, by host.
local known = {
  plain = [[
    BatchExecuteStatement BatchGetItem BatchWriteItem CancelBulkOperation CreateBackup CreateGlobalTable CreateTable
    DeleteBackup DeleteItem DeleteResourcePolicy DeleteTable DescribeBackup DescribeBulkOperation
    DescribeContinuousBackups DescribeContributorInsights DescribeEndpoints DescribeExport DescribeGlobalTable
    DescribeGlobalTableSettings DescribeImport DescribeKinesisStreamingDestination DescribeLimits DescribeTable
    DescribeTableReplicaAutoScaling DescribeTimeToLive DisableKinesisStreamingDestination
    EnableKinesisStreamingDestination ExecuteStatement ExecuteTransaction ExportTableToPointInTime GetItem
    GetResourcePolicy ImportTable ListBackups ListBulkOperations ListContributorInsights ListExports ListGlobalTables
    ListImports ListTables ListTagsOfResource PutItem PutResourcePolicy Query RestoreTableFromBackup
    RestoreTableToPointInTime Scan StartBulkPutItems TagResource TransactGetItems TransactWriteItems UntagResource
    UpdateContinuousBackups UpdateContributorInsights UpdateGlobalTable UpdateGlobalTableSettings UpdateItem
    UpdateKinesisStreamingDestination UpdateTable UpdateTableReplicaAutoScaling UpdateTimeToLive]],
  search = "SearchVectors",
  streams = "DescribeStream GetRecords GetShardIterator ListStreams",
}

local hosts = {
  plain = "dynamodb.eu-west-1.amazonaws.com",
  search = "search-dynamodb.eu-west-1.amazonaws.com",
  streams = "streams.dynamodb.eu-west-1.amazonaws.com",
}

local targets = { plain = "DynamoDB_20120810.", search = "DynamoDB_20120810.", streams = "DynamoDBStreams_20120810." }

-- Idempotency tokens of the models: operation -> member.
local tokens = { ExecuteTransaction = "ClientRequestToken", ExportTableToPointInTime = "ClientToken",
  ImportTable = "ClientToken", StartBulkPutItems = "ClientToken", TransactWriteItems = "ClientRequestToken" }

local UUID = "^" .. ("x"):rep(8) .. "%-xxxx%-4xxx%-[89ab]xxx%-" .. ("x"):rep(12) .. "$"
UUID = UUID:gsub("x", "%%x")

-- Idempotent operations that neither read nor have a token.
local once = { BatchExecuteStatement = true, CreateBackup = true, ExecuteStatement = true, UpdateItem = true }

-- Whether an operation writes, by its name.
local function name_says_write(name)
  if name:match("Execute") then return true end -- depends on the statement
  for _, word in ipairs({ "^BatchGet", "^Describe", "^Get", "^List", "^Query$", "^Scan$", "^Search", "^TransactGet" }) do
    if name:match(word) then return false end
  end
  return true
end

-- Listing operations: { member of the start, member of the next position, member of the list, two elements }.
local ROW = [[{"id":{"S":"%s"}}]]
local listings = {
  { "DescribeStream", "ExclusiveStartShardId", "LastEvaluatedShardId", "Shards", within = "StreamDescription" },
  { "ExecuteStatement", "NextToken", "NextToken", "Items", element = ROW },
  { "ListBackups", "ExclusiveStartBackupArn", "LastEvaluatedBackupArn", "BackupSummaries" },
  { "ListBulkOperations", "NextToken", "NextToken", "BulkOperationsSummaryList" },
  { "ListContributorInsights", "NextToken", "NextToken", "ContributorInsightsSummaries" },
  { "ListExports", "NextToken", "NextToken", "ExportSummaries" },
  { "ListGlobalTables", "ExclusiveStartGlobalTableName", "LastEvaluatedGlobalTableName", "GlobalTables" },
  { "ListImports", "NextToken", "NextToken", "ImportSummaryList" },
  { "ListStreams", "ExclusiveStartStreamArn", "LastEvaluatedStreamArn", "Streams" },
  { "ListTables", "ExclusiveStartTableName", "LastEvaluatedTableName", "TableNames", element = [["%s"]] },
  { "ListTagsOfResource", "NextToken", "NextToken", "Tags", element = [[{"Key":"%s","Value":"v"}]] },
  { "Query", "ExclusiveStartKey", "LastEvaluatedKey", "Items", element = ROW, token = [[{"id":{"S":"b"}}]] },
  { "Scan", "ExclusiveStartKey", "LastEvaluatedKey", "Items", element = ROW, token = [[{"id":{"S":"b"}}]] },
}

-- Parses a request as the transport received it.
local function parse(bytes)
  local head, body = bytes:match("^(.-\r\n)\r\n(.*)$")
  local request = { body = cjson.decode(body), line = head:match("^[^\r]*") }
  for name, value in head:gmatch("\r\n([%w-]+): *([^\r]*)") do request[name:lower()] = value end
  return request
end

-- A connection to a recording transport, without a custom endpoint.
local function recording(response)
  local fake = helper.fake(response)
  return dynamodb.connect({ region = "eu-west-1", aws_access_key_id = helper.KEY,
    aws_secret_access_key = helper.SECRET, transport = fake }), fake
end

-- Calls an operation with the given response body -> request, result.
local function call(name, params, response, given)
  local conn, fake = recording(helper.response(200, response))
  local result = assert(conn:call(name, params, given))
  assert.equal(1, #fake.requests)
  return parse(fake.requests[1]), result
end

-- The shapes that csrc/lua/encode.c and decode.c support.
local function is_shape(shape)
  if shape == "item" or shape == "row" or shape == "value" then return true end
  if type(shape) ~= "table" then return false end
  if shape[1] == "list" or shape[1] == "map" then return #shape == 2 and is_shape(shape[2]) end
  for member, inner in pairs(shape) do
    if type(member) ~= "string" or not (member:match("^%u%a+$") or member == "dynamodb") or not is_shape(inner) then
      return false
    end
  end
  return true
end

-- Appends to the list the members of a shape that occur in none of the values.
local function unproven(shape, values, path, list)
  if #values == 0 then list[#list + 1] = path end
  if type(shape) == "string" then return list end
  local function inner(member)
    local found = {}
    for _, value in ipairs(values) do
      for name, each in pairs(value) do
        if member == nil or name == member then found[#found + 1] = each end
      end
    end
    return found
  end
  if shape[1] then return unproven(shape[2], inner(), path .. "[]", list) end
  for member, each in pairs(shape) do unproven(each, inner(member), path .. "." .. member, list) end
  return list
end

describe("operations", function()
  helper.ignore_endpoint(setup, teardown)

  local count, kinds = 0, {}
  for kind, names in pairs(known) do
    for name in names:gmatch("%a+") do
      count, kinds[name] = count + 1, kind
    end
  end

  it("are exactly the 66 of the service", function()
    assert.equal(66, count)
    for name in pairs(kinds) do assert.is_table(operations[name], name) end
    for name in pairs(operations) do assert.is_string(kinds[name], name) end
    for name in pairs(vectors) do assert.is_string(kinds[name], name) end
  end)

  for name, kind in pairs(kinds) do
    describe(name, function()
      local operation, vector = operations[name], vectors[name]
      local params, body, response, result = vector[1], vector[2], vector[3], vector[4]

      it("is well-formed", function()
        assert.equal(name, operation.name)
        assert.equal(kind, operation.kind)
        assert.equal(targets[kind] .. name, operation.target)
        assert.is_true(is_shape(operation.input))
        assert.is_true(is_shape(operation.output))
        assert.equal(tokens[name], operation.token)
        assert.equal(name_says_write(name), operation.writes)
        assert.equal(not once[name], operation.repeatable)
        assert.is_true(operation.required_output == nil or cjson.decode(response)[operation.required_output] ~= nil)
      end)

      it("sends the parameters and returns the response", function()
        local request, got = call(name, params, response)
        assert.equal("POST / HTTP/1.1", request.line)
        assert.equal(hosts[kind], request.host)
        assert.equal(targets[kind] .. name, request["x-amz-target"])
        assert.equal("application/x-amz-json-1.0", request["content-type"])
        assert.truthy(request.authorization:find("/eu-west-1/dynamodb/aws4_request", 1, true))
        if tokens[name] then request.body[tokens[name]] = nil end
        assert.same(cjson.decode(body or cjson.encode(params)), request.body)
        assert.same(result or cjson.decode(response), got)
      end)

      it("has vectors with every position of attribute values", function()
        assert.same({}, unproven(operation.input, { params }, "", {}))
        assert.same({}, unproven(operation.output, { cjson.decode(response) }, "", {}))
      end)

      it("accepts unknown parameters", function()
        local given = { Novelty = { Depth = 1, List = { "a" } } }
        local novel = ('{"Novelty":[1,{"a":true}],' .. response:sub(2)):gsub(",}$", "}")
        local request, got = call(name, given, novel)
        assert.same(given.Novelty, request.body.Novelty)
        assert.same({ 1, { a = true } }, got.Novelty)
      end)

      if tokens[name] then
        it("generates a new token for each call", function()
          local one, other = call(name, params, response).body[tokens[name]], call(name, params, response).body[tokens[name]]
          assert.matches(UUID, one)
          assert.matches(UUID, other)
          assert.not_equal(one, other)
          assert.is_nil(params[tokens[name]]) -- the caller's table stays as it is
        end)

        it("keeps the caller's token", function()
          assert.equal("mine", call(name, { [tokens[name]] = "mine" }, response).body[tokens[name]])
        end)
      end
    end)
  end

  describe("not in the list", function()
    for _, name in ipairs({ "DescribeNovelty", "getItem", "", 1, {} }) do
      it("are refused: " .. tostring(name):sub(1, 20), function()
        local conn, fake = recording()
        assert.error_matches(function() conn:call(name, {}) end, "call: unknown operation")
        assert.error_matches(function() conn:each(name, {}) end, "each: unknown operation")
        assert.error_matches(function() conn:pages(name, {}) end, "pages: unknown operation")
        assert.equal(0, fake.opened)
      end)
    end

    it("are called as plain JSON on request", function()
      local request, got = call("DescribeNovelty", { Item = { id = "a" } }, [[{"Item":{"S":"x"}}]], { unknown = true })
      assert.equal("DynamoDB_20120810.DescribeNovelty", request["x-amz-target"])
      assert.equal(hosts.plain, request.host)
      assert.same({ Item = { id = "a" } }, request.body)
      assert.same({ Item = { S = "x" } }, got)
      assert.is_nil(rawget(operations, "DescribeNovelty"))
    end)

    it("are ambiguous when they fail, because they may write", function()
      local conn = recording(helper.response(500, [[{"__type":"x#InternalServerError","message":"no"}]]))
      local result, err = conn:call("DescribeNovelty", {}, { unknown = true })
      assert.is_nil(result)
      assert.is_true(err.ambiguous)
    end)

    for _, name in ipairs({ "Describe.Novelty", "a\r\nx: y", "", 1 }) do
      it("are rejected even then if their name is malformed: " .. name, function()
        local conn = recording()
        assert.error_matches(function() conn:call(name, {}, { unknown = true }) end, "unknown operation")
      end)
    end
  end)

  it("rejects parameters that are not a table, and unknown options", function()
    local conn = recording()
    assert.error_matches(function() conn:call("GetItem", "messages") end, "call: table of parameters expected, got string")
    assert.error_matches(function() conn:call("GetItem", {}, { unknwon = true }) end, "call: unknown option 'unknwon'")
  end)

  describe("that list", function()
    local listed = {}
    for _, case in ipairs(listings) do listed[case[1]] = case end

    it("are exactly these", function()
      for name, operation in pairs(operations) do assert.equal(listed[name] ~= nil, operation.pages ~= nil, name) end
    end)

    for name, case in pairs(listed) do
      local start, go_on, list = case[2], case[3], case[4]
      local element, token = case.element or [[{"Name":"%s"}]], case.token or [["b"]]

      -- Two pages: a and b; then c.
      local function page(elements, last)
        for i, each in ipairs(elements) do elements[i] = element:format(each) end
        local text = ([[{"%s":[%s]%s}]]):format(list, table.concat(elements, ","),
          last and "" or ([[,"%s":%s]]):format(go_on, token))
        return helper.response(200, case.within and ([[{"%s":%s}]]):format(case.within, text) or text)
      end

      local function two_pages()
        return recording(function(_, number)
          if number == 1 then return page({ "a", "b" }) end
          return page({ "c" }, true)
        end)
      end

      local function name_of(value)
        return type(value) == "table" and (value.id or value.Name or value.Key) or value
      end

      local function check_requests(fake, params)
        assert.equal(2, #fake.requests)
        for number, bytes in ipairs(fake.requests) do
          local request = parse(bytes)
          assert.equal(hosts[kinds[name]], request.host)
          assert.equal("messages", request.body.TableName)
          local expected = number == 2 and cjson.decode("[" .. token .. "]")[1] or nil
          assert.same(expected, request.body[start])
        end
        assert.same({ TableName = "messages" }, params) -- the caller's table stays as it is
      end

      it("are paged through by each: " .. name, function()
        local conn, fake = two_pages()
        local params, names, requests = { TableName = "messages" }, {}, {}
        for value in conn:each(name, params) do
          names[#names + 1], requests[#requests + 1] = name_of(value), #fake.requests
        end
        assert.same({ "a", "b", "c" }, names)
        assert.same({ 1, 1, 2 }, requests) -- no page is fetched before its first element is needed
        check_requests(fake, params)
      end)

      it("are paged through by pages: " .. name, function()
        local conn, fake = two_pages()
        local params, counts = { TableName = "messages" }, {}
        for response in conn:pages(name, params) do
          local part = case.within and response[case.within] or response
          counts[#counts + 1] = #part[list]
        end
        assert.same({ 2, 1 }, counts)
        check_requests(fake, params)
      end)
    end

    it("raise the error of a page in the loop", function()
      for _, method in ipairs({ "each", "pages" }) do
        local conn = recording(function(_, number)
          if number == 1 then return helper.response(200, [[{"TableNames":["a"],"LastEvaluatedTableName":"a"}]]) end
          return helper.response(400, [[{"__type":"x#AccessDeniedException","message":"no"}]])
        end)
        local seen = 0
        local ok, err = pcall(function()
          for _ in conn[method](conn, "ListTables") do seen = seen + 1 end
        end)
        assert.is_false(ok)
        assert.is_true(dynamodb.is_error(err))
        assert.equal("AccessDeniedException", err.code)
        assert.equal(1, seen)
      end
    end)

    it("fail when the service repeats a position", function()
      local conn, fake = recording(helper.response(200, [[{"TableNames":["a"],"LastEvaluatedTableName":"a"}]]))
      local names, err = conn:each("ListTables"):all()
      assert.is_nil(names)
      assert.equal("response", err.kind)
      assert.equal(2, #fake.requests)
    end)

    it("do not include operations without a list", function()
      local conn = recording()
      assert.error_matches(function() conn:each("GetItem", {}) end, "each: GetItem has no pages")
      assert.error_matches(function() conn:pages("DescribeTable", {}) end, "pages: DescribeTable has no pages")
    end)
  end)

  it("of streams return the changes of items, on the server", function()
    engines.need(pending, "streams")
    local conn = helper.connect()
    local tbl = assert(conn:create_table({ name = helper.table_name("stream"), schema = conn:create_schema(helper.HASH),
      stream = "NEW_AND_OLD_IMAGES" }))
    assert(tbl:wait_until_active())
    assert(tbl:put_item({ id = "a", n = 1, tags = dynamodb.set({ "x" }) }))
    assert(tbl:put_item({ id = "a", n = 2 }))
    assert(tbl:delete_item("a"))
    local streams, images = {}, {}
    for stream in conn:each("ListStreams", { TableName = tbl.name }) do streams[#streams + 1] = stream.StreamArn end
    assert.same({ tbl.stream_arn }, streams)
    for shard in conn:each("DescribeStream", { StreamArn = tbl.stream_arn }) do
      local iterator = assert(conn:call("GetShardIterator", { StreamArn = tbl.stream_arn, ShardId = shard.ShardId,
        ShardIteratorType = "TRIM_HORIZON" })).ShardIterator
      for _, record in ipairs(assert(conn:call("GetRecords", { ShardIterator = iterator })).Records) do
        assert.same({ id = "a" }, record.dynamodb.Keys)
        images[#images + 1] = { record.eventName, (record.dynamodb.OldImage or {}).n, (record.dynamodb.NewImage or {}).n }
      end
    end
    assert.same({ { "INSERT", nil, 1 }, { "MODIFY", 1, 2 }, { "REMOVE", 2, nil } }, images)
    assert(tbl:delete())
    conn:close()
  end)

  it("use one connection to a scripted server", function()
    local names, steps = helper.names_of(kinds), {}
    for _, name in ipairs(names) do
      steps[#steps + 1] = { wait = "request" }
      steps[#steps + 1] = { send = scripted.response(vectors[name][3]) }
    end
    local server = scripted.start({ steps })
    local conn = scripted.connect(server)
    for _, name in ipairs(names) do
      local vector = vectors[name]
      assert.same(vector[4] or cjson.decode(vector[3]), assert(conn:call(name, vector[1])))
    end
    conn:close()
    assert.equal(1, server.connections())
    local requests = server.requests()
    server.stop()
    assert.equal(66, #requests)
    for i, name in ipairs(names) do
      local head, body = requests[i]:match("^(.-\r\n)\r\n(.*)$")
      assert.truthy(head:find("x-amz-target: " .. targets[kinds[name]] .. name .. "\r\n", 1, true), head)
      body = cjson.decode(body)
      if tokens[name] then body[tokens[name]] = nil end
      assert.same(cjson.decode(vectors[name][2] or cjson.encode(vectors[name][1])), body)
    end
  end)

  it("without required output may have an empty response, others may not", function()
    local server = scripted.start({ { { wait = "request" }, { send = scripted.response("") }, { wait = "request" },
      { send = scripted.response("") } } })
    local conn = scripted.connect(server, { max_attempts = 1 })
    assert.same({}, assert(conn:call("TagResource", vectors.TagResource[1])))
    local result, err = conn:call("ListTables")
    assert.is_nil(result)
    assert.equal("response", err.kind)
    conn:close()
    server.stop()
  end)

  it("without a method work by call: vectors, on the server", function()
    engines.need(pending, "vectors")
    local conn, name = helper.connect(), helper.table_name("vectors")
    assert(conn:call("CreateTable", { TableName = name, BillingMode = "PAY_PER_REQUEST",
      KeySchema = { { AttributeName = "id", KeyType = "HASH" } },
      AttributeDefinitions = { { AttributeName = "id", AttributeType = "S" } },
      VectorIndexes = { { IndexName = "nearest", VectorAttribute = { AttributeName = "place" }, Dimensions = 2,
        DistanceFunction = "COSINE", Projection = { ProjectionType = "ALL" } } } }))
    local tbl = assert(conn:get_table(name))
    assert(tbl:wait_until_active())
    for id, place in pairs({ east = { 1, 0 }, north = { 0, 1 } }) do assert(tbl:put_item({ id = id, place = place })) end
    for id, place in pairs({ east = { 0.9, 0.1 }, north = { 0.1, 0.9 } }) do
      local found = assert(conn:call("SearchVectors",
        { TableName = name, IndexName = "nearest", SearchVector = place, TopK = 1 }))
      assert.equal(id, found.SearchResults[1].Item.id)
    end
    assert(tbl:delete())
    conn:close()
  end)

  it("have shapes that the codec supports", function()
    for name, operation in pairs(operations) do
      assert.equal("{}", core.encode({}, operation.input), name)
      assert.same({}, core.decode("{}", operation.output), name)
    end
  end)
end)
