--- The service's operations as data: which members of request and response hold attribute values, in the
--- shapes that csrc/lua/encode.c describes, and whether the operation writes.
-- Source: the service model of DynamoDB_20120810.

local operations = {
  CreateTable = { writes = true },
  DeleteItem = {
    writes = true,
    input = { Key = "item", ExpressionAttributeValues = "item" },
    output = { Attributes = "item" },
  },
  DeleteTable = { writes = true },
  DescribeTable = {},
  GetItem = { input = { Key = "item" }, output = { Item = "row" } },
  ListTables = {},
  PutItem = {
    writes = true,
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
