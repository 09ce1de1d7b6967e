-- Results against their requests. spec/scenarios/unfit_responses_spec.lua tests what methods make of results that do not fit.

local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local operations = require("dynamodb.base.operations")
local response_check = require("dynamodb.request.response_check")
local helper = dofile("spec/support/helper.lua")

-- { operation, request, response, what is wrong or nil }
local ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/t"
local READ, WRITE = { Statement = " select * from t" }, { Statement = "DELETE FROM t" }
local TTL = { TimeToLiveSpecification = { AttributeName = "e", Enabled = true } }
local cases = {
  { "DescribeTable", { TableName = "t" }, '{"Table":{"TableName":"t","TableStatus":"ACTIVE"}}' },
  { "DescribeTable", { TableName = ARN }, '{"Table":{"TableName":"t","TableStatus":"ACTIVE"}}' },
  { "DescribeTable", { TableName = "t" }, '{"Table":{"TableName":"other","TableStatus":"ACTIVE"}}',
    "Table.TableName: 't' was asked for, got 'other'" },
  { "DescribeTable", { TableName = ARN }, '{"Table":{"TableName":"other","TableStatus":"ACTIVE"}}',
    "Table.TableName: '" .. ARN .. "' was asked for, got 'other'" },
  { "RestoreTableFromBackup", { TargetTableName = "t" }, '{"TableDescription":{"TableName":"other","TableStatus":"ACTIVE"}}',
    "TableDescription.TableName: 't' was asked for, got 'other'" },
  { "DescribeBackup", { BackupArn = "b" }, '{"BackupDescription":{"BackupDetails":{"BackupArn":"b"}}}' },
  { "DescribeBackup", { BackupArn = "b" }, '{"BackupDescription":{"BackupDetails":{"BackupArn":"c"}}}',
    "BackupArn: 'b' was asked for, got 'c'" },
  { "DescribeImport", { ImportArn = "i" }, '{"ImportTableDescription":{"ImportArn":"j"}}',
    "ImportArn: 'i' was asked for, got 'j'" },
  { "Scan", {}, '{"Items":[]}' },
  { "Scan", {}, '{"Items":[{}],"Count":1,"ScannedCount":1}' },
  { "Scan", {}, '{"Items":[{}],"Count":2}', "Count: 2, but there are 1 items" },
  { "Scan", {}, '{"Items":[],"Count":"0"}', "Count: number expected, got string" },
  { "Scan", {}, '{"Items":[],"Count":-1}', "Count: count expected, got -1" },
  { "Scan", {}, '{"Items":[{}],"Count":1,"ScannedCount":0}', "ScannedCount: 0 is less than Count" },
  { "Scan", { FilterExpression = "x" }, '{"Items":[],"Count":0}', "ScannedCount: missing" },
  { "Scan", {}, '{"Count":3,"ScannedCount":3}', "Items: missing, Count is 3" },
  { "Scan", {}, '{}', "Items: missing" },
  { "Query", { Select = "COUNT" }, '{"Count":3,"ScannedCount":3}' },
  { "TransactGetItems", { TransactItems = { {}, {} } }, '{"Responses":[{},{}]}' },
  { "TransactGetItems", { TransactItems = { {}, {} } }, '{"Responses":[{}]}', "Responses: 2 expected, got 1" },
  { "BatchExecuteStatement", { Statements = { WRITE } }, '{"Responses":[]}', "Responses: 1 expected, got 0" },
  { "BatchExecuteStatement", { Statements = { WRITE } }, '{"Responses":[{"Error":{}}]}', "Responses[1].Error.Code: missing" },
  { "ExecuteTransaction", { TransactStatements = { WRITE } }, '{}' },
  { "ExecuteTransaction", { TransactStatements = { WRITE } }, '{"Responses":[{},{}]}', "Responses: 1 expected, got 2" },
  { "ExecuteTransaction", { TransactStatements = { READ } }, '{}', "Responses: 1 expected, got 0" },
  { "ExecuteStatement", WRITE, '{}' },
  { "ExecuteStatement", READ, '{}', "Items: missing" },
  { "ListTables", { Limit = 1 }, '{"TableNames":["a"]}' },
  { "ListTables", { Limit = 1 }, '{"TableNames":["a","b"]}', "TableNames: at most 1 expected, got 2" },
  { "ListTables", {}, '{"TableNames":["a",5]}', "TableNames[2]: string expected, got number" },
  { "ListTables", {}, '{"TableNames":[],"LastEvaluatedTableName":5}', "LastEvaluatedTableName: string expected, got number" },
  { "UpdateTimeToLive", TTL, '{"TimeToLiveSpecification":{"AttributeName":"e","Enabled":true}}' },
  { "UpdateTimeToLive", TTL, '{"TimeToLiveSpecification":{"AttributeName":"f","Enabled":true}}',
    "TimeToLiveSpecification.AttributeName: e was asked for, got f" },
  { "UpdateTimeToLive", TTL, '{"TimeToLiveSpecification":{"AttributeName":"e","Enabled":false}}',
    "TimeToLiveSpecification.Enabled: true was asked for, got false" },
}

-- { key, response of GetItem, what is wrong or nil }
local BOTH = { id = "a", at = 1 }
local gets = {
  { BOTH, '{}' },
  { BOTH, '{"Item":{"id":{"S":"a"},"at":{"N":"1.0"},"more":{"S":"x"}}}' },
  { BOTH, '{"Item":{"id":{"S":"a"}}}', "Item: key attribute 'at' is missing" },
  { BOTH, '{"Item":{"id":{"S":"b"},"at":{"N":"1"}}}', "Item: key attribute 'id' is not the one that was asked for" },
  { BOTH, '{"Item":{"id":{"S":"a"},"at":{"S":"1"}}}', "Item: key attribute 'at' is not the one that was asked for" },
  { { id = dynamodb.number("1e2") }, '{"Item":{"id":{"N":"100"}}}' },
  { { id = dynamodb.binary("b") }, '{"Item":{"id":{"B":"Yg=="}}}' },
  { { id = dynamodb.binary("b") }, '{"Item":{"id":{"S":"b"}}}', "Item: key attribute 'id' is not the one that was asked for" },
  { BOTH, '{"ConsumedCapacity":5}', "ConsumedCapacity: object expected, got number" },
}

describe("response check", function()
  for i, case in ipairs(gets) do
    it(("of GetItem (%d): %s"):format(i, case[3] or "fits"), function()
      assert.equal(case[3], response_check.item(assert(core.decode(case[2], operations.GetItem.output)), case[1]))
    end)
  end

  for i, case in ipairs(cases) do
    it(("of %s (%d): %s"):format(case[1], i, case[4] or "fits"), function()
      local result = assert(core.decode(case[3], operations[case[1]].output))
      assert.equal(case[4], response_check.of[case[1]](result, case[2]))
    end)
  end

  it("compares the key of an item as well", function()
    local tbl = helper.offline(helper.fake()):table("t", { hash_key = "id" })
    local item = tbl:new_item("a")
    assert.is_nil(response_check.key(item, { id = "a" }))
    assert.equal(": key attribute 'id' is not the one that was asked for", response_check.key(item, { id = "b" }))
    assert.equal(": key attribute 'at' is missing", response_check.key(item, { id = "a", at = 1 }))
    assert.is_nil(response_check.key(item, { id = "a", at = 1 }, true))
  end)

  it("has a function for each operation but GetItem", function()
    for name in pairs(operations) do
      assert.equal(name == "GetItem" and "boolean" or "function", type(response_check.of[name]), name)
    end
  end)
end)
