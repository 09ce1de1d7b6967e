--- The shapes of the members of responses that this library reads, for each operation. Members that hold
--- attribute values are decoded by the shapes of base/operations, which also decide what fits there.
-- Source: the service models of DynamoDB_20120810 and DynamoDBStreams_20120810, November 2026.

local late = require("dynamodb.base.late")
local operations = require("dynamodb.base.operations")
local shape = require("dynamodb.request.shape")
local table_members = late.module("dynamodb.request.table_shapes")

local count, name, number, text = shape.count, shape.name, shape.number, shape.text
local list_of, map_of, struct = shape.list_of, shape.map_of, shape.struct

-- {===== Capacity =====

local UNITS = { CapacityUnits = number, ReadCapacityUnits = number, WriteCapacityUnits = number }
local UNITS_OF_PART = struct(UNITS)
local CAPACITY = struct({
  CapacityUnits = number,
  GlobalSecondaryIndexes = map_of(UNITS_OF_PART),
  LocalSecondaryIndexes = map_of(UNITS_OF_PART),
  ReadCapacityUnits = number,
  Table = UNITS_OF_PART,
  TableName = text,
  WriteCapacityUnits = number,
})
local CAPACITIES = list_of(CAPACITY)

-- ===================== }

-- The members of the responses of operations on items, and then the names of those that must be present.
local members = {
  BatchExecuteStatement = { { ConsumedCapacity = CAPACITIES,
    Responses = list_of(struct({ Error = struct({ Code = name, Message = text }, "Code") })) }, "Responses" },
  BatchGetItem = { { ConsumedCapacity = CAPACITIES }, "Responses" },
  BatchWriteItem = { { ConsumedCapacity = CAPACITIES } },
  DeleteItem = { { ConsumedCapacity = CAPACITY } },
  ExecuteTransaction = { { ConsumedCapacity = CAPACITIES } },
  GetItem = { { ConsumedCapacity = CAPACITY } },
  PutItem = { { ConsumedCapacity = CAPACITY } },
  TransactGetItems = { { ConsumedCapacity = CAPACITIES }, "Responses" },
  TransactWriteItems = { { ConsumedCapacity = CAPACITIES } },
  UpdateItem = { { ConsumedCapacity = CAPACITY } },
}

-- The elements of listings that are not objects of any members.
local elements = { ListTables = name,
  ListTagsOfResource = struct({ Key = name, Value = text }, "Key", "Value") }

-- Returns the members of a listing's response.
local function listing(operation)
  local pages = operation.pages
  if operation.output.Items then -- items and their keys are decoded by their shape
    return { ConsumedCapacity = CAPACITY, Count = count, NextToken = text, ScannedCount = count }
  end
  local outer, next_name = pages[2]:match("^(%w+)%.(%w+)$")
  local list_name = pages[3]:match("(%w+)$")
  local own = { [list_name] = list_of(elements[operation.name] or struct({})) }
  own[next_name or pages[2]] = text
  return outer and { [outer] = struct(own) } or own
end

local unpack = table.unpack or unpack -- luacheck: ignore 143 113

-- Returns the shape of an operation's response.
local function shape_of(operation)
  local own = members[operation.name]
  if not own and operation.pages then own = { listing(operation) } end
  own = own or table_members[operation.name] or { {} }
  local known, required = own[1], operation.required_output
  if not required then return struct(known, unpack(own, 2)) end
  if not known[required] then known[required] = struct({}) end
  return struct(known, required, unpack(own, 2))
end

--- name of an operation -> the shape of its response, which is made when it is read | nil for an operation
--- that is not in base/operations.
return setmetatable({}, { __index = function(self, operation_name)
  local operation = operations[operation_name]
  if not operation then return nil end
  self[operation_name] = shape_of(operation)
  return self[operation_name]
end })
