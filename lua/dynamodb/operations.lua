--- The service's operations as data: which members of request and response hold attribute values, in the
--- shapes that csrc/lua/encode.c describes; whether the operation writes, and may then be repeated; and the
--- member that an answer has in any case.
-- Source: the service model of DynamoDB_20120810.

local operations = {
  CreateTable = { writes = true, repeatable = true, answer = "TableDescription" },
  DeleteItem = {
    writes = true,
    repeatable = true,
    input = { Key = "item", ExpressionAttributeValues = "item" },
    output = { Attributes = "item" },
  },
  DeleteTable = { writes = true, repeatable = true, answer = "TableDescription" },
  DescribeTable = { answer = "Table" },
  GetItem = { input = { Key = "item" }, output = { Item = "row" } },
  ListTables = { answer = "TableNames" },
  PutItem = {
    writes = true,
    repeatable = true,
    input = { Item = "item", ExpressionAttributeValues = "item" },
    output = { Attributes = "item" },
  },
  Query = {
    input = { ExclusiveStartKey = "item", ExpressionAttributeValues = "item" },
    output = { Items = { "list", "row" }, LastEvaluatedKey = "item" },
  },
  Scan = {
    input = { ExclusiveStartKey = "item", ExpressionAttributeValues = "item" },
    output = { Items = { "list", "row" }, LastEvaluatedKey = "item" },
  },
  UpdateItem = {
    writes = true,
    input = { Key = "item", ExpressionAttributeValues = "item" },
    output = { Attributes = "item" },
  },
}

for name, operation in pairs(operations) do
  operation.name = name
  operation.target = "DynamoDB_20120810." .. name
  operation.input = operation.input or {}
  operation.output = operation.output or {}
end

return operations
