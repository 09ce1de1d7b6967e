--- The shapes of the members of responses that this library reads, for each operation. Members that hold
--- attribute values are decoded by the shapes of base/operations, which also decide what fits there.
-- Source: the service models of DynamoDB_20120810 and DynamoDBStreams_20120810, November 2026.

local operations = require("dynamodb.base.operations")
local shape = require("dynamodb.request.shape")

local boolean, count, name, number, text = shape.boolean, shape.count, shape.name, shape.number, shape.text
local choice, list_of, map_of, struct = shape.choice, shape.list_of, shape.map_of, shape.struct

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
-- {===== Tables =====

-- Indexes may get other kinds of keys than tables.
local function key_schema(kind)
  return list_of(struct({ AttributeName = name, KeyType = kind }, "AttributeName", "KeyType"))
end

-- The capacity of a table or an index.
local CAPACITY_MEMBERS = {
  OnDemandThroughput = struct({ MaxReadRequestUnits = number, MaxWriteRequestUnits = number }),
  ProvisionedThroughput = struct({ ReadCapacityUnits = number, WriteCapacityUnits = number }),
  WarmThroughput = struct({ ReadUnitsPerSecond = number, WriteUnitsPerSecond = number }),
}

local function with_capacity(members)
  for member, fits in pairs(CAPACITY_MEMBERS) do members[member] = fits end
  return members
end

local INDEX = struct(with_capacity({
  IndexName = name,
  IndexStatus = name,
  KeySchema = key_schema(name),
  Projection = struct({ NonKeyAttributes = list_of(text), ProjectionType = text }),
}), "IndexName", "KeySchema")

local TABLE = struct(with_capacity({
  AttributeDefinitions = list_of(struct({ AttributeName = name, AttributeType = name },
    "AttributeName", "AttributeType")),
  BillingModeSummary = struct({ BillingMode = text }),
  CreationDateTime = number,
  DeletionProtectionEnabled = boolean,
  GlobalSecondaryIndexes = list_of(INDEX),
  ItemCount = count,
  KeySchema = key_schema(choice("HASH", "RANGE")),
  LatestStreamArn = text,
  LocalSecondaryIndexes = list_of(INDEX),
  SSEDescription = struct({ KMSMasterKeyArn = text, Status = text }),
  StreamSpecification = struct({ StreamEnabled = boolean, StreamViewType = text }),
  TableArn = name,
  TableClassSummary = struct({ TableClass = text }),
  TableName = name,
  TableSizeBytes = count,
  TableStatus = name,
}), "TableName", "TableStatus")

-- ===================== }
-- {===== Backups, exports and imports =====

local BACKUP = struct({ BackupArn = name, BackupName = text, BackupStatus = name })

-- Returns the shape of an export or import.
local function transfer(arn, status, ...)
  return struct({ [arn] = name, [status] = name, FailureCode = text, FailureMessage = text }, ...)
end

-- ===================== }

local CONTINUOUS_BACKUPS = struct({ ContinuousBackupsStatus = text })

-- The members of each operation's response, and then the names of those that must be present.
local members = {
  BatchExecuteStatement = { { ConsumedCapacity = CAPACITIES,
    Responses = list_of(struct({ Error = struct({ Code = name, Message = text }, "Code") })) }, "Responses" },
  BatchGetItem = { { ConsumedCapacity = CAPACITIES }, "Responses" },
  BatchWriteItem = { { ConsumedCapacity = CAPACITIES } },
  DescribeContinuousBackups = { { ContinuousBackupsDescription = CONTINUOUS_BACKUPS } },
  CreateBackup = { { BackupDetails = struct({ BackupArn = name, BackupStatus = text }, "BackupArn") },
    "BackupDetails" },
  DeleteItem = { { ConsumedCapacity = CAPACITY } },
  DescribeBackup = { { BackupDescription = struct({ BackupDetails = BACKUP }) } },
  DeleteBackup = { { BackupDescription = struct({ BackupDetails = BACKUP }) } },
  DescribeExport = { { ExportDescription = transfer("ExportArn", "ExportStatus") } },
  DescribeImport = { { ImportTableDescription = transfer("ImportArn", "ImportStatus") } },
  DescribeTable = { { Table = TABLE } },
  DescribeTimeToLive = { { TimeToLiveDescription = struct({ AttributeName = text, TimeToLiveStatus = name },
    "TimeToLiveStatus") } },
  ExecuteTransaction = { { ConsumedCapacity = CAPACITIES } },
  ExportTableToPointInTime = { { ExportDescription = transfer("ExportArn", "ExportStatus", "ExportArn") } },
  GetItem = { { ConsumedCapacity = CAPACITY } },
  ImportTable = { { ImportTableDescription = transfer("ImportArn", "ImportStatus", "ImportArn") } },
  PutItem = { { ConsumedCapacity = CAPACITY } },
  TransactGetItems = { { ConsumedCapacity = CAPACITIES }, "Responses" },
  TransactWriteItems = { { ConsumedCapacity = CAPACITIES } },
  UpdateContinuousBackups = { { ContinuousBackupsDescription = CONTINUOUS_BACKUPS } },
  UpdateItem = { { ConsumedCapacity = CAPACITY } },
  UpdateTimeToLive = { { TimeToLiveSpecification = struct({ AttributeName = text, Enabled = boolean }) } },
}

for _, operation in ipairs({ "CreateTable", "DeleteTable", "RestoreTableFromBackup",
  "RestoreTableToPointInTime", "UpdateTable" }) do
  members[operation] = { { TableDescription = TABLE } }
end

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

--- name of an operation -> the shape of its response.
local output_shapes = {}
for operation_name, operation in pairs(operations) do
  local own = members[operation_name] or operation.pages and { listing(operation) } or { {} }
  local known, required = own[1], operation.required_output
  if required and not known[required] then known[required] = struct({}) end
  if required then own[#own + 1] = required end
  output_shapes[operation_name] = struct(known, unpack(own, 2))
end

return output_shapes
