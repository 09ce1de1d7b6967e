--- The shapes of the members of responses about tables, backups, exports and imports that this library reads:
--- the part of request/output_shapes that calls for items do not need.
-- Source: the service model of DynamoDB_20120810, November 2026.

local shape = require("dynamodb.request.shape")

local boolean, count, name, number, text = shape.boolean, shape.count, shape.name, shape.number, shape.text
local choice, list_of, struct = shape.choice, shape.list_of, shape.struct

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
  DescribeContinuousBackups = { { ContinuousBackupsDescription = CONTINUOUS_BACKUPS } },
  CreateBackup = { { BackupDetails = struct({ BackupArn = name, BackupStatus = text }, "BackupArn") },
    "BackupDetails" },
  DescribeBackup = { { BackupDescription = struct({ BackupDetails = BACKUP }) } },
  DeleteBackup = { { BackupDescription = struct({ BackupDetails = BACKUP }) } },
  DescribeExport = { { ExportDescription = transfer("ExportArn", "ExportStatus") } },
  DescribeImport = { { ImportTableDescription = transfer("ImportArn", "ImportStatus") } },
  DescribeTable = { { Table = TABLE } },
  DescribeTimeToLive = { { TimeToLiveDescription = struct({ AttributeName = text, TimeToLiveStatus = name },
    "TimeToLiveStatus") } },
  ExportTableToPointInTime = { { ExportDescription = transfer("ExportArn", "ExportStatus", "ExportArn") } },
  ImportTable = { { ImportTableDescription = transfer("ImportArn", "ImportStatus", "ImportArn") } },
  UpdateContinuousBackups = { { ContinuousBackupsDescription = CONTINUOUS_BACKUPS } },
  UpdateTimeToLive = { { TimeToLiveSpecification = struct({ AttributeName = text, Enabled = boolean }) } },
}

for _, operation in ipairs({ "CreateTable", "DeleteTable", "RestoreTableFromBackup",
  "RestoreTableToPointInTime", "UpdateTable" }) do
  members[operation] = { { TableDescription = TABLE } }
end

return members
