--- The service's operations as data. Each may have:
---   input, output:   the members that hold attribute values, in the shapes that csrc/lua/encode.c describes
---   writes:          true when it may change data
---   repeatable:      true when the same request may be sent again with the same outcome; always true for
--- reads
---   token:           the member that holds an idempotency token; filled in when the caller gives none
---   pages:           { member for the start key, member for the next start key, member that holds the list }
---   kind:            the kind of host that serves it: "plain", "streams" or "search"
---   required_output: the member, a table, that every successful response has
---   may_be_empty:    true when it has no output: a successful response may have no body, or any JSON
-- Source: the service models of DynamoDB_20120810 and DynamoDBStreams_20120810, November 2026.

local LIST_OF_KEYS = { "map", { Keys = { "list", "item" } } }
local METRICS = { ItemCollectionKey = "item" }
local WRITE_REQUEST = { PutRequest = { Item = "item" }, DeleteRequest = { Key = "item" } }
local WRITE_REQUESTS = { "map", { "list", WRITE_REQUEST } }
local COMPARED = { "map", { Value = "value", AttributeValueList = { "list", "value" } } }
local FILTERED = { "map", { AttributeValueList = { "list", "value" } } }
local EXPORT = { ExportDescription = { FilterSpecification = { ExpressionAttributeValues = "item" } } }
local KEYED = { Key = "item", ExpressionAttributeValues = "item" }
local WRITTEN = { Attributes = "item", ItemCollectionMetrics = METRICS }
local ROWS = { Items = { "list", "row" }, LastEvaluatedKey = "item" }
local PARAMETERS = { Parameters = { "list", "value" } }

local NEXT_TOKEN = function(list) return { "NextToken", "NextToken", list } end
local NEXT_KEY = { "ExclusiveStartKey", "LastEvaluatedKey", "Items" }

-- Operations that change nothing and hold no attribute values.
local plain_reads = {
  DescribeBackup = {},
  DescribeBulkOperation = {},
  DescribeContinuousBackups = {},
  DescribeContributorInsights = {},
  DescribeEndpoints = {},
  DescribeGlobalTable = {},
  DescribeGlobalTableSettings = {},
  DescribeImport = {},
  DescribeKinesisStreamingDestination = {},
  DescribeLimits = {},
  DescribeTable = {},
  DescribeTableReplicaAutoScaling = {},
  DescribeTimeToLive = {},
  GetResourcePolicy = {},
  ListBackups = { pages = { "ExclusiveStartBackupArn", "LastEvaluatedBackupArn", "BackupSummaries" } },
  ListBulkOperations = { pages = NEXT_TOKEN("BulkOperationsSummaryList") },
  ListContributorInsights = { pages = NEXT_TOKEN("ContributorInsightsSummaries") },
  ListExports = { pages = NEXT_TOKEN("ExportSummaries") },
  ListGlobalTables = {
    pages = { "ExclusiveStartGlobalTableName", "LastEvaluatedGlobalTableName", "GlobalTables" },
  },
  ListImports = { pages = NEXT_TOKEN("ImportSummaryList") },
  ListTables = { pages = { "ExclusiveStartTableName", "LastEvaluatedTableName", "TableNames" } },
  ListTagsOfResource = { pages = NEXT_TOKEN("Tags") },
}

-- Operations on tables and other resources. A repeated request changes nothing, or is refused.
local plain_writes = {
  "CancelBulkOperation", "CreateGlobalTable", "CreateTable", "DeleteBackup", "DeleteResourcePolicy",
  "DeleteTable", "DisableKinesisStreamingDestination", "EnableKinesisStreamingDestination",
  "PutResourcePolicy", "RestoreTableFromBackup", "RestoreTableToPointInTime", "TagResource", "UntagResource",
  "UpdateContinuousBackups", "UpdateContributorInsights", "UpdateGlobalTable", "UpdateGlobalTableSettings",
  "UpdateKinesisStreamingDestination", "UpdateTable", "UpdateTableReplicaAutoScaling", "UpdateTimeToLive",
}

local operations = {
  BatchExecuteStatement = {
    writes = true, -- depends on the statements
    input = { Statements = { "list", PARAMETERS } },
    output = { Responses = { "list", { Item = "item", Error = { Item = "item" } } } },
  },
  BatchGetItem = {
    input = { RequestItems = LIST_OF_KEYS },
    output = { Responses = { "map", { "list", "row" } }, UnprocessedKeys = LIST_OF_KEYS },
  },
  BatchWriteItem = {
    writes = true,
    repeatable = true,
    input = { RequestItems = WRITE_REQUESTS },
    output = { UnprocessedItems = WRITE_REQUESTS, ItemCollectionMetrics = { "map", { "list", METRICS } } },
  },
  CreateBackup = { writes = true }, -- each request creates another backup
  DeleteItem = {
    writes = true,
    repeatable = true,
    input = { Key = "item", ExpressionAttributeValues = "item", Expected = COMPARED },
    output = WRITTEN,
  },
  DescribeExport = { output = EXPORT },
  ExecuteStatement = {
    writes = true,
    input = PARAMETERS,
    output = ROWS,
    pages = NEXT_TOKEN("Items"),
  },
  ExecuteTransaction = {
    writes = true,
    token = "ClientRequestToken",
    input = { TransactStatements = { "list", PARAMETERS } },
    output = { Responses = { "list", { Item = "item" } } },
  },
  ExportTableToPointInTime = {
    writes = true,
    token = "ClientToken",
    input = { FilterSpecification = { ExpressionAttributeValues = "item" } },
    output = EXPORT,
  },
  GetItem = { input = { Key = "item" }, output = { Item = "row" } },
  ImportTable = { writes = true, token = "ClientToken" },
  PutItem = {
    writes = true,
    repeatable = true,
    input = { Item = "item", ExpressionAttributeValues = "item", Expected = COMPARED },
    output = WRITTEN,
  },
  Query = {
    input = { ExclusiveStartKey = "item", ExpressionAttributeValues = "item",
      KeyConditions = FILTERED, QueryFilter = FILTERED },
    output = ROWS,
    pages = NEXT_KEY,
  },
  Scan = {
    input = { ExclusiveStartKey = "item", ExpressionAttributeValues = "item", ScanFilter = FILTERED },
    output = ROWS,
    pages = NEXT_KEY,
  },
  SearchVectors = {
    kind = "search",
    input = { SearchVector = { "list", "value" }, ExpressionAttributeValues = "item" },
    output = { SearchResults = { "list", { Item = "item" } } },
  },
  StartBulkPutItems = { writes = true, token = "ClientToken" },
  TransactGetItems = {
    input = { TransactItems = { "list", { Get = { Key = "item" } } } },
    output = { Responses = { "list", { Item = "item" } } },
  },
  TransactWriteItems = {
    writes = true,
    token = "ClientRequestToken",
    input = { TransactItems = { "list", {
      ConditionCheck = KEYED,
      Delete = KEYED,
      Put = { Item = "item", ExpressionAttributeValues = "item" },
      Update = KEYED,
    } } },
    output = { ItemCollectionMetrics = { "map", { "list", METRICS } } },
  },
  UpdateItem = {
    writes = true, -- repeatable or not, depending on the update
    input = { Key = "item", ExpressionAttributeValues = "item", Expected = COMPARED,
      AttributeUpdates = { "map", { Value = "value" } } },
    output = WRITTEN,
  },
  -- Streams
  DescribeStream = {
    kind = "streams",
    pages = { "ExclusiveStartShardId", "StreamDescription.LastEvaluatedShardId", "StreamDescription.Shards" },
  },
  GetRecords = {
    kind = "streams",
    output = { Records = { "list", { dynamodb = { Keys = "item", NewImage = "item", OldImage = "item" } } } },
  },
  GetShardIterator = { kind = "streams" },
  ListStreams = {
    kind = "streams",
    pages = { "ExclusiveStartStreamArn", "LastEvaluatedStreamArn", "Streams" },
  },
}

for name, operation in pairs(plain_reads) do operations[name] = operation end
for _, name in ipairs(plain_writes) do operations[name] = { writes = true, repeatable = true } end

local required_outputs = {
  BackupDescription = { "DeleteBackup", "DescribeBackup" },
  BackupDetails = { "CreateBackup" },
  BulkOperationDescription = { "DescribeBulkOperation", "StartBulkPutItems" },
  ContinuousBackupsDescription = { "DescribeContinuousBackups", "UpdateContinuousBackups" },
  ExportDescription = { "DescribeExport", "ExportTableToPointInTime" },
  GlobalTableDescription = { "CreateGlobalTable", "DescribeGlobalTable", "UpdateGlobalTable" },
  ImportTableDescription = { "DescribeImport", "ImportTable" },
  StreamDescription = { "DescribeStream" },
  Table = { "DescribeTable" },
  TableAutoScalingDescription = { "DescribeTableReplicaAutoScaling", "UpdateTableReplicaAutoScaling" },
  TableDescription = {
    "CreateTable", "DeleteTable", "RestoreTableFromBackup", "RestoreTableToPointInTime", "UpdateTable",
  },
  TableNames = { "ListTables" },
  TimeToLiveDescription = { "DescribeTimeToLive" },
  TimeToLiveSpecification = { "UpdateTimeToLive" },
}

operations.TagResource.may_be_empty, operations.UntagResource.may_be_empty = true, true

for member, names in pairs(required_outputs) do
  for _, name in ipairs(names) do operations[name].required_output = member end
end

local prefixes = {
  plain = "DynamoDB_20120810.",
  search = "DynamoDB_20120810.",
  streams = "DynamoDBStreams_20120810.",
}

-- Fills in the defaults of an entry.
local function complete(name, operation)
  operation.name = name
  operation.kind = operation.kind or "plain"
  operation.target = prefixes[operation.kind] .. name
  operation.input = operation.input or {}
  operation.output = operation.output or {}
  operation.writes = operation.writes or false
  operation.repeatable = operation.repeatable or not operation.writes or operation.token ~= nil
  return operation
end

for name, operation in pairs(operations) do complete(name, operation) end

-- operations(name) makes an operation that is not in the list: plain JSON in both directions, and not
-- repeatable. It is not stored in the table, so that pairs() shows only the known operations.
setmetatable(operations, { __call = function(_, name) return complete(name, { writes = true }) end })

return operations
