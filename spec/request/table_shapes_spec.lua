-- The shapes of responses about tables. spec/request/output_shapes_spec.lua has a good response of each operation.

local core = require("dynamodb.core")
local operations = require("dynamodb.base.operations")
local output_shapes = require("dynamodb.request.output_shapes")

local function decoded(name, body) return assert(core.decode(body, operations[name].output)) end

describe("shapes of tables", function()
  for body, expected in pairs({
    ['{"TableStatus":"ACTIVE"}'] = ".Table.TableName: missing",
    ['{"TableName":"t"}'] = ".Table.TableStatus: missing",
    ['{"TableName":"t","TableStatus":"A","KeySchema":[1]}'] = ".Table.KeySchema[1]: object expected, got number",
    ['{"TableName":"t","TableStatus":"A","KeySchema":[{"AttributeName":"id","KeyType":"x"}]}'] =
      ".Table.KeySchema[1].KeyType: 'HASH' or 'RANGE' expected, got 'x'",
    ['{"TableName":"t","TableStatus":"A","ProvisionedThroughput":1}'] =
      ".Table.ProvisionedThroughput: object expected, got number",
    ['{"TableName":"t","TableStatus":"A","GlobalSecondaryIndexes":[{}]}'] =
      ".Table.GlobalSecondaryIndexes[1].IndexName: missing",
  }) do
    it("refuse the table " .. body, function()
      assert.equal(expected, output_shapes.DescribeTable(decoded("DescribeTable", '{"Table":' .. body .. "}")))
    end)
  end
end)
