-- A script for tools/torture.c: one call of every public method and function. One without a call here fails.

if jit then jit.off() end -- the compiler of LuaJIT does not survive allocation failures

local dynamodb = require("dynamodb")
dynamodb.preload() -- so that every run makes the same allocations

local methods_of = dofile("spec/support/public_methods.lua")

local ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/t"
local BACKUP = ARN .. "/backup/01"
local HEAD = "HTTP/1.1 %s\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: %d\r\n\r\n%s"
local ITEM = '{"id":{"S":"a"},"at":{"S":"b"},"n":{"N":"1"}}'
local TABLE = '{"TableName":"t","TableStatus":"ACTIVE","TableArn":"' .. ARN .. '","ItemCount":1,'
  .. '"KeySchema":[{"AttributeName":"id","KeyType":"HASH"},{"AttributeName":"at","KeyType":"RANGE"}],'
  .. '"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"},'
  .. '{"AttributeName":"at","AttributeType":"S"}],'
  .. '"GlobalSecondaryIndexes":[{"IndexName":"i","IndexStatus":"ACTIVE","KeySchema":'
  .. '[{"AttributeName":"at","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}]}'
local DETAILS = '{"BackupArn":"' .. BACKUP .. '","BackupName":"b","BackupStatus":"AVAILABLE"}'

-- The responses of operations; "{}" for the others.
local responses = {
  BatchExecuteStatement = '{"Responses":[{"TableName":"t","Item":' .. ITEM .. "}]}",
  BatchGetItem = '{"Responses":{"t":[' .. ITEM .. "]}}",
  CreateBackup = '{"BackupDetails":' .. DETAILS .. "}",
  CreateTable = '{"TableDescription":' .. TABLE .. "}",
  DeleteBackup = '{"BackupDescription":{"BackupDetails":' .. DETAILS .. "}}",
  DeleteTable = '{"TableDescription":' .. TABLE .. "}",
  DescribeBackup = '{"BackupDescription":{"BackupDetails":' .. DETAILS .. "}}",
  DescribeContinuousBackups = '{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED",'
    .. '"PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":"ENABLED"}}}',
  DescribeExport = '{"ExportDescription":{"ExportStatus":"COMPLETED"}}',
  DescribeImport = '{"ImportTableDescription":{"ImportStatus":"COMPLETED"}}',
  DescribeTable = '{"Table":' .. TABLE .. "}",
  DescribeTimeToLive = '{"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"ttl"}}',
  ExecuteStatement = '{"Items":[' .. ITEM .. "]}",
  ExecuteTransaction = '{"Responses":[{"Item":' .. ITEM .. "}]}",
  ExportTableToPointInTime = '{"ExportDescription":{"ExportArn":"' .. ARN .. '/export/01"}}',
  GetItem = '{"Item":' .. ITEM .. "}",
  ImportTable = '{"ImportTableDescription":{"ImportArn":"' .. ARN .. '/import/01"}}',
  ListBackups = '{"BackupSummaries":[' .. DETAILS .. "]}",
  ListTables = '{"TableNames":["t"]}',
  ListTagsOfResource = '{"Tags":[{"Key":"k","Value":"v"}]}',
  Query = '{"Items":[' .. ITEM .. '],"Count":1,"ScannedCount":1}',
  RestoreTableFromBackup = '{"TableDescription":' .. TABLE .. "}",
  RestoreTableToPointInTime = '{"TableDescription":' .. TABLE .. "}",
  Scan = '{"Items":[' .. ITEM .. '],"Count":1,"ScannedCount":1}',
  TransactGetItems = '{"Responses":[{"Item":' .. ITEM .. "}]}",
  UpdateContinuousBackups = '{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED",'
    .. '"PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":"ENABLED"}}}',
  UpdateItem = '{"Attributes":' .. ITEM .. "}",
  UpdateTable = '{"TableDescription":' .. TABLE .. "}",
  UpdateTimeToLive = '{"TimeToLiveSpecification":{"AttributeName":"ttl","Enabled":true}}',
}
local GONE = '{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"none"}'

local is_gone = false -- whether DescribeTable finds no table
local transport = {
  connect = function() return { operation = "" } end,
  send = function(socket, bytes)
    socket.operation = bytes:match("DynamoDB_20120810%.(%w+)")
    return true
  end,
  receive = function(socket)
    if is_gone and socket.operation == "DescribeTable" then
      return HEAD:format("400 Bad Request", #GONE, GONE)
    end
    local body = responses[socket.operation] or "{}"
    return HEAD:format("200 OK", #body, body)
  end,
  idle = function() return true end,
  close = function() end,
  now = function() return 0 end,
  time = function() return 1440938160 end,
  sleep = function() end,
}

local function connect()
  return dynamodb.connect({ aws_access_key_id = "AKIDEXAMPLE", aws_secret_access_key = "secret",
    endpoint_url = "http://localhost:8000", transport = transport })
end

-- The objects that users hold.
local function new_objects()
  local conn = connect()
  local tbl = conn:table("t", { hash_key = "id", range_key = "at" })
  local task = dynamodb.loop.spawn(function() return 1 end)
  dynamodb.loop.run()
  return {
    conn = conn, tbl = tbl, item = assert(tbl:get_item("a", "b")), results = tbl:scan(),
    loader = tbl:loader(), queue = conn:background(), lock = assert(tbl:lock("a", "b")),
    writer = tbl:batch_writer(), batch_list = conn:new_batch_list(),
    batch_write_list = conn:new_batch_write_list(), task = task,
    number = dynamodb.number("1.5"), set = dynamodb.set({ 1, 2 }), binary = dynamodb.binary("a"),
    attr = dynamodb.attr("n"), update = dynamodb.update(), dynamodb = dynamodb, json = dynamodb.json,
    loop = dynamodb.loop,
  }
end

local KEY = { id = "a", at = "b" }
local SCHEMA = { hash_key_name = "id", hash_key_proto_value = "S", range_key_name = "at",
  range_key_proto_value = "S" }

-- Arguments of each method; a function of the objects where they are made of these.
local calls = dofile("tools/torture_calls.lua")(ARN, BACKUP, KEY, SCHEMA)

local function check_complete(objects)
  local missing = {}
  for subject, object in pairs(objects) do
    for name in pairs(methods_of(object)) do
      local is_there = calls[subject] and calls[subject][name]
      if not is_there then missing[#missing + 1] = subject .. "." .. name end
    end
  end
  table.sort(missing)
  assert(#missing == 0, "tools/torture_calls.lua has no call of: " .. table.concat(missing, ", "))
end

check_complete(new_objects())

return function(is_undisturbed)
  if is_undisturbed then pcall(dynamodb.loop.run) end -- raises what a task of the run before has raised
  is_gone = false
  local objects = new_objects()
  for subject, list in pairs(calls) do
    for name, call in pairs(list) do
      is_gone = name == "wait_until_deleted"
      local ok, why = call(objects[subject], objects)
      is_gone = false
      if not ok and why then error(("%s.%s: %s"):format(subject, name, tostring(why)), 0) end
      if name == "close" or subject == "item" or subject == "writer" then objects = new_objects() end
    end
  end
end
