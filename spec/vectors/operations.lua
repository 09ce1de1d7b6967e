-- One call of every operation: { parameters, request body, response body, result }. Bodies are JSON, in which <key>,
-- <item> and <values> stand for the values below. If the request body is absent, it equals the parameters; if the result
-- is absent, it equals the response body. Such an operation has no attribute values there. Every member that may hold
-- attribute values holds some.
-- Source: the service models of DynamoDB_20120810 and DynamoDBStreams_20120810, November 2026.

local dynamodb = require("dynamodb")

local KEY = { id = "a" }
local ITEM = { id = "a", n = 1, b = dynamodb.binary("b"), t = true, z = dynamodb.null, l = { 0.5 }, m = { x = {} },
  s = dynamodb.set({ "x" }) }
local VALUES = { [":v"] = 1 }
local fragments = {
  key = [[{"id":{"S":"a"}}]],
  item = [[{"id":{"S":"a"},"n":{"N":"1"},"b":{"B":"Yg=="},"t":{"BOOL":true},"z":{"NULL":true},"l":{"L":[{"N":"0.5"}]},"m":{"M":{"x":{"M":{}}}},"s":{"SS":["x"]}}]],
  values = [[{":v":{"N":"1"}}]],
}

local T = "messages"
local ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/messages"
local BACKUP = ARN .. "/backup/01"
local STREAM = ARN .. "/stream/2026"
local BULK = "arn:aws:dynamodb:us-east-1:123456789012:bulk-operation/01"
local KINESIS = "arn:aws:kinesis:us-east-1:123456789012:stream/s"
local SCALING = { MinimumUnits = 1, MaximumUnits = 10, AutoScalingDisabled = false }
local METRICS = [["ItemCollectionMetrics":{"ItemCollectionKey":<key>,"SizeEstimateRangeGB":[0,1]}]]
local METRICS_RESULT = { ItemCollectionKey = KEY, SizeEstimateRangeGB = { 0, 1 } }
local EXPECTED = { a = { Value = 1 }, b = { AttributeValueList = { 1, "x" }, ComparisonOperator = "BETWEEN" } }
local EXPECTED_JSON = [[{"a":{"Value":{"N":"1"}},"b":{"AttributeValueList":[{"N":"1"},{"S":"x"}],"ComparisonOperator":"BETWEEN"}}]]
local FILTER = { b = { AttributeValueList = { 1, "x" }, ComparisonOperator = "BETWEEN" } }
local FILTER_JSON = [[{"b":{"AttributeValueList":[{"N":"1"},{"S":"x"}],"ComparisonOperator":"BETWEEN"}}]]
local EXPORT = [[{"ExportDescription":{"ExportArn":"e","ItemCount":3,"FilterSpecification":{"FilterExpression":"n > :v","ExpressionAttributeValues":<values>}}}]]
local EXPORT_RESULT = { ExportDescription = { ExportArn = "e", ItemCount = 3,
  FilterSpecification = { FilterExpression = "n > :v", ExpressionAttributeValues = VALUES } } }

local vectors = {
  -- Items
  BatchExecuteStatement = {
    { Statements = { { Statement = "SELECT * FROM messages WHERE id = ?", Parameters = { "a" } },
      { Statement = "SELECT * FROM messages WHERE id = 'b'" } } },
    [[{"Statements":[{"Statement":"SELECT * FROM messages WHERE id = ?","Parameters":[{"S":"a"}]},
      {"Statement":"SELECT * FROM messages WHERE id = 'b'"}]}]],
    [[{"Responses":[{"TableName":"messages","Item":<item>},{"Error":{"Code":"ConditionalCheckFailed","Item":<key>}}]}]],
    { Responses = { { TableName = T, Item = ITEM }, { Error = { Code = "ConditionalCheckFailed", Item = KEY } } } },
  },
  BatchGetItem = {
    { RequestItems = { [T] = { Keys = { KEY, { id = "b" } }, ConsistentRead = true } } },
    [[{"RequestItems":{"messages":{"Keys":[<key>,{"id":{"S":"b"}}],"ConsistentRead":true}}}]],
    [[{"Responses":{"messages":[<item>]},"UnprocessedKeys":{"messages":{"Keys":[<key>],"ConsistentRead":true}}}]],
    { Responses = { [T] = { ITEM } }, UnprocessedKeys = { [T] = { Keys = { KEY }, ConsistentRead = true } } },
  },
  BatchWriteItem = {
    { RequestItems = { [T] = { { PutRequest = { Item = ITEM } }, { DeleteRequest = { Key = KEY } } } } },
    [[{"RequestItems":{"messages":[{"PutRequest":{"Item":<item>}},{"DeleteRequest":{"Key":<key>}}]}}]],
    [[{"UnprocessedItems":{"messages":[{"PutRequest":{"Item":<item>}},{"DeleteRequest":{"Key":<key>}}]},
      "ItemCollectionMetrics":{"messages":[{"ItemCollectionKey":<key>,"SizeEstimateRangeGB":[0,1]}]}}]],
    { UnprocessedItems = { [T] = { { PutRequest = { Item = ITEM } }, { DeleteRequest = { Key = KEY } } } },
      ItemCollectionMetrics = { [T] = { METRICS_RESULT } } },
  },
  DeleteItem = {
    { TableName = T, Key = KEY, Expected = EXPECTED, ExpressionAttributeValues = VALUES },
    [[{"TableName":"messages","Key":<key>,"Expected":]] .. EXPECTED_JSON .. [[,"ExpressionAttributeValues":<values>}]],
    [[{"Attributes":<item>,]] .. METRICS .. "}",
    { Attributes = ITEM, ItemCollectionMetrics = METRICS_RESULT },
  },
  ExecuteStatement = {
    { Statement = "SELECT * FROM messages WHERE n = ? AND b = ?", Parameters = { 1, dynamodb.binary("b") }, Limit = 5 },
    [[{"Statement":"SELECT * FROM messages WHERE n = ? AND b = ?","Parameters":[{"N":"1"},{"B":"Yg=="}],"Limit":5}]],
    [[{"Items":[<item>],"NextToken":"t","LastEvaluatedKey":<key>}]],
    { Items = { ITEM }, NextToken = "t", LastEvaluatedKey = KEY },
  },
  ExecuteTransaction = {
    { TransactStatements = { { Statement = "DELETE FROM messages WHERE id = ?", Parameters = { "a" } },
      { Statement = "DELETE FROM messages WHERE id = 'b'" } } },
    [[{"TransactStatements":[{"Statement":"DELETE FROM messages WHERE id = ?","Parameters":[{"S":"a"}]},
      {"Statement":"DELETE FROM messages WHERE id = 'b'"}]}]],
    [[{"Responses":[{"Item":<item>},{}]}]],
    { Responses = { { Item = ITEM }, {} } },
  },
  GetItem = {
    { TableName = T, Key = KEY, ConsistentRead = true },
    [[{"TableName":"messages","Key":<key>,"ConsistentRead":true}]],
    [[{"Item":<item>,"ConsumedCapacity":{"TableName":"messages","CapacityUnits":0.5}}]],
    { Item = ITEM, ConsumedCapacity = { TableName = T, CapacityUnits = 0.5 } },
  },
  PutItem = {
    { TableName = T, Item = ITEM, Expected = EXPECTED, ExpressionAttributeValues = VALUES },
    [[{"TableName":"messages","Item":<item>,"Expected":]] .. EXPECTED_JSON .. [[,"ExpressionAttributeValues":<values>}]],
    [[{"Attributes":<item>,]] .. METRICS .. "}",
    { Attributes = ITEM, ItemCollectionMetrics = METRICS_RESULT },
  },
  Query = {
    { TableName = T, KeyConditions = { id = { AttributeValueList = { "a" }, ComparisonOperator = "EQ" } },
      QueryFilter = FILTER, ExpressionAttributeValues = VALUES, ExclusiveStartKey = KEY, Limit = 2 },
    [[{"TableName":"messages","KeyConditions":{"id":{"AttributeValueList":[{"S":"a"}],"ComparisonOperator":"EQ"}},
      "QueryFilter":]] .. FILTER_JSON .. [[,"ExpressionAttributeValues":<values>,"ExclusiveStartKey":<key>,"Limit":2}]],
    [[{"Items":[<item>,<key>],"Count":2,"ScannedCount":3,"LastEvaluatedKey":<key>}]],
    { Items = { ITEM, KEY }, Count = 2, ScannedCount = 3, LastEvaluatedKey = KEY },
  },
  Scan = {
    { TableName = T, ScanFilter = FILTER, ExpressionAttributeValues = VALUES, ExclusiveStartKey = KEY, Segment = 0,
      TotalSegments = 2 },
    [[{"TableName":"messages","ScanFilter":]] .. FILTER_JSON ..
      [[,"ExpressionAttributeValues":<values>,"ExclusiveStartKey":<key>,"Segment":0,"TotalSegments":2}]],
    [[{"Items":[<item>],"Count":1,"ScannedCount":1,"LastEvaluatedKey":<key>}]],
    { Items = { ITEM }, Count = 1, ScannedCount = 1, LastEvaluatedKey = KEY },
  },
  SearchVectors = {
    { TableName = T, IndexName = "by_meaning", SearchVector = { 0.5, -1, 2 }, TopK = 10,
      SearchConditionExpression = "n = :v", ExpressionAttributeValues = VALUES },
    [[{"TableName":"messages","IndexName":"by_meaning","SearchVector":[{"N":"0.5"},{"N":"-1"},{"N":"2"}],"TopK":10,
      "SearchConditionExpression":"n = :v","ExpressionAttributeValues":<values>}]],
    [[{"SearchResults":[{"Item":<item>,"Score":0.25}],"ConsumedCapacity":{"VectorSearchRequestBytes":96}}]],
    { SearchResults = { { Item = ITEM, Score = 0.25 } }, ConsumedCapacity = { VectorSearchRequestBytes = 96 } },
  },
  TransactGetItems = {
    { TransactItems = { { Get = { TableName = T, Key = KEY } }, { Get = { TableName = T, Key = KEY } } } },
    [[{"TransactItems":[{"Get":{"TableName":"messages","Key":<key>}},{"Get":{"TableName":"messages","Key":<key>}}]}]],
    [[{"Responses":[{"Item":<item>},{}]}]],
    { Responses = { { Item = ITEM }, {} } },
  },
  TransactWriteItems = {
    { TransactItems = {
      { ConditionCheck = { TableName = T, Key = KEY, ExpressionAttributeValues = VALUES } },
      { Put = { TableName = T, Item = ITEM, ExpressionAttributeValues = VALUES } },
      { Delete = { TableName = T, Key = KEY, ExpressionAttributeValues = VALUES } },
      { Update = { TableName = T, Key = KEY, ExpressionAttributeValues = VALUES } },
    } },
    [[{"TransactItems":[{"ConditionCheck":{"TableName":"messages","Key":<key>,"ExpressionAttributeValues":<values>}},
      {"Put":{"TableName":"messages","Item":<item>,"ExpressionAttributeValues":<values>}},
      {"Delete":{"TableName":"messages","Key":<key>,"ExpressionAttributeValues":<values>}},
      {"Update":{"TableName":"messages","Key":<key>,"ExpressionAttributeValues":<values>}}]}]],
    [[{"ItemCollectionMetrics":{"messages":[{"ItemCollectionKey":<key>,"SizeEstimateRangeGB":[0,1]}]}}]],
    { ItemCollectionMetrics = { [T] = { METRICS_RESULT } } },
  },
  UpdateItem = {
    { TableName = T, Key = KEY, AttributeUpdates = { n = { Action = "ADD", Value = 1 } }, Expected = EXPECTED,
      ExpressionAttributeValues = VALUES },
    [[{"TableName":"messages","Key":<key>,"AttributeUpdates":{"n":{"Action":"ADD","Value":{"N":"1"}}},"Expected":]] ..
      EXPECTED_JSON .. [[,"ExpressionAttributeValues":<values>}]],
    [[{"Attributes":<item>,]] .. METRICS .. "}",
    { Attributes = ITEM, ItemCollectionMetrics = METRICS_RESULT },
  },

  -- Tables
  CreateTable = {
    { TableName = T, KeySchema = { { AttributeName = "id", KeyType = "HASH" } },
      AttributeDefinitions = { { AttributeName = "id", AttributeType = "S" } }, BillingMode = "PAY_PER_REQUEST" },
    nil, [[{"TableDescription":{"TableName":"messages","TableStatus":"CREATING","ItemCount":0}}]],
  },
  DeleteTable = { { TableName = T }, nil, [[{"TableDescription":{"TableName":"messages","TableStatus":"DELETING"}}]] },
  DescribeTable = {
    { TableName = T }, nil, [[{"Table":{"TableName":"messages","TableStatus":"ACTIVE","CreationDateTime":1.5e9}}]],
  },
  UpdateTable = {
    { TableName = T, BillingMode = "PROVISIONED", ProvisionedThroughput = { ReadCapacityUnits = 1, WriteCapacityUnits = 2 } },
    nil, [[{"TableDescription":{"TableName":"messages","TableStatus":"UPDATING"}}]],
  },
  ListTables = {
    { ExclusiveStartTableName = "a", Limit = 2 }, nil, [[{"TableNames":["b","c"],"LastEvaluatedTableName":"c"}]],
  },
  DescribeLimits = { {}, nil, [[{"AccountMaxReadCapacityUnits":80000,"TableMaxReadCapacityUnits":40000}]] },
  DescribeEndpoints = {
    {}, nil, [[{"Endpoints":[{"Address":"dynamodb.us-east-1.amazonaws.com","CachePeriodInMinutes":1440}]}]],
  },
  DescribeTimeToLive = {
    { TableName = T }, nil, [[{"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"until"}}]],
  },
  UpdateTimeToLive = {
    { TableName = T, TimeToLiveSpecification = { Enabled = true, AttributeName = "until" } },
    nil, [[{"TimeToLiveSpecification":{"Enabled":true,"AttributeName":"until"}}]],
  },
  TagResource = { { ResourceArn = ARN, Tags = { { Key = "a", Value = "1" } } }, nil, "{}" },
  UntagResource = { { ResourceArn = ARN, TagKeys = { "a" } }, nil, "{}" },
  ListTagsOfResource = {
    { ResourceArn = ARN, NextToken = "t" }, nil, [[{"Tags":[{"Key":"a","Value":"1"}],"NextToken":"u"}]],
  },
  GetResourcePolicy = { { ResourceArn = ARN }, nil, [[{"Policy":"{\"Statement\":[]}","RevisionId":"1"}]] },
  PutResourcePolicy = {
    { ResourceArn = ARN, Policy = [[{"Statement":[]}]], ExpectedRevisionId = "1" }, nil, [[{"RevisionId":"2"}]],
  },
  DeleteResourcePolicy = { { ResourceArn = ARN, ExpectedRevisionId = "2" }, nil, [[{"RevisionId":"3"}]] },

  -- Backups, exports, imports
  CreateBackup = {
    { TableName = T, BackupName = "nightly" }, nil, [[{"BackupDetails":{"BackupArn":"b","BackupStatus":"CREATING"}}]],
  },
  DeleteBackup = { { BackupArn = BACKUP }, nil, [[{"BackupDescription":{"BackupDetails":{"BackupStatus":"DELETED"}}}]] },
  DescribeBackup = {
    { BackupArn = BACKUP }, nil, [[{"BackupDescription":{"BackupDetails":{"BackupStatus":"AVAILABLE"}}}]],
  },
  ListBackups = {
    { TableName = T, BackupType = "ALL", TimeRangeLowerBound = 1.5e9 },
    nil, [[{"BackupSummaries":[{"BackupArn":"b"}],"LastEvaluatedBackupArn":"b"}]],
  },
  DescribeContinuousBackups = {
    { TableName = T }, nil, [[{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED"}}]],
  },
  UpdateContinuousBackups = {
    { TableName = T, PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled = true, RecoveryPeriodInDays = 7 } },
    nil, [[{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED"}}]],
  },
  RestoreTableFromBackup = {
    { TargetTableName = "copy", BackupArn = BACKUP, BillingModeOverride = "PAY_PER_REQUEST" },
    nil, [[{"TableDescription":{"TableName":"copy","TableStatus":"CREATING"}}]],
  },
  RestoreTableToPointInTime = {
    { TargetTableName = "copy", SourceTableName = T, UseLatestRestorableTime = true },
    nil, [[{"TableDescription":{"TableName":"copy","TableStatus":"CREATING"}}]],
  },
  DescribeExport = { { ExportArn = "e" }, [[{"ExportArn":"e"}]], EXPORT, EXPORT_RESULT },
  ExportTableToPointInTime = {
    { TableArn = ARN, S3Bucket = "bucket",
      FilterSpecification = { FilterExpression = "n > :v", ExpressionAttributeValues = VALUES } },
    [[{"TableArn":"]] .. ARN .. [[","S3Bucket":"bucket",
      "FilterSpecification":{"FilterExpression":"n > :v","ExpressionAttributeValues":<values>}}]],
    EXPORT, EXPORT_RESULT,
  },
  ListExports = {
    { TableArn = ARN, MaxResults = 1 }, nil, [[{"ExportSummaries":[{"ExportArn":"e","ExportStatus":"FAILED"}],"NextToken":"t"}]],
  },
  ImportTable = {
    { S3BucketSource = { S3Bucket = "bucket" }, InputFormat = "CSV",
      InputFormatOptions = { Csv = { Delimiter = ";", HeaderList = { "id", "n" } } },
      TableCreationParameters = { TableName = T, KeySchema = { { AttributeName = "id", KeyType = "HASH" } } } },
    nil, [[{"ImportTableDescription":{"ImportArn":"i","ImportStatus":"IN_PROGRESS"}}]],
  },
  DescribeImport = {
    { ImportArn = "i" }, nil, [[{"ImportTableDescription":{"ImportStatus":"COMPLETED","ImportedItemCount":12}}]],
  },
  ListImports = { { PageSize = 1, NextToken = "t" }, nil, [[{"ImportSummaryList":[{"ImportArn":"i"}],"NextToken":"u"}]] },
  StartBulkPutItems = {
    { TableName = T, InputS3Configuration = { S3Bucket = "in", InputFormat = "DYNAMODB_JSON" },
      OutputS3Configuration = { OutputType = { "ERROR" }, S3Bucket = "out" }, MaxWriteRequestUnits = 1000 },
    nil, [[{"BulkOperationDescription":{"BulkOperationArn":"b","BulkOperationStatus":"IN_PROGRESS"}}]],
  },
  DescribeBulkOperation = {
    { BulkOperationArn = BULK }, nil, [[{"BulkOperationDescription":{"FailedItemCount":2,"ProcessedInputBytes":1048576}}]],
  },
  ListBulkOperations = {
    { MaxResults = 1 }, nil, [[{"BulkOperationsSummaryList":[{"BulkOperationArn":"b"}],"NextToken":"t"}]],
  },
  CancelBulkOperation = {
    { BulkOperationArn = BULK }, nil, [[{"BulkOperationArn":"b","BulkOperationStatus":"CANCELLING"}]],
  },

  -- Kinesis, insights, global tables
  DescribeKinesisStreamingDestination = {
    { TableName = T }, nil, [[{"TableName":"messages","KinesisDataStreamDestinations":[{"DestinationStatus":"ACTIVE"}]}]],
  },
  DisableKinesisStreamingDestination = {
    { TableName = T, StreamArn = KINESIS }, nil, [[{"TableName":"messages","DestinationStatus":"DISABLING"}]],
  },
  EnableKinesisStreamingDestination = {
    { TableName = T, StreamArn = KINESIS,
      EnableKinesisStreamingConfiguration = { ApproximateCreationDateTimePrecision = "MICROSECOND" } },
    nil, [[{"TableName":"messages","DestinationStatus":"ENABLING"}]],
  },
  UpdateKinesisStreamingDestination = {
    { TableName = T, StreamArn = KINESIS,
      UpdateKinesisStreamingConfiguration = { ApproximateCreationDateTimePrecision = "MILLISECOND" } },
    nil, [[{"TableName":"messages","DestinationStatus":"UPDATING"}]],
  },
  DescribeContributorInsights = {
    { TableName = T, IndexName = "by_age" }, nil, [[{"ContributorInsightsStatus":"ENABLED","ContributorInsightsRuleList":["r"]}]],
  },
  ListContributorInsights = {
    { TableName = T, MaxResults = 1 }, nil, [[{"ContributorInsightsSummaries":[{"TableName":"messages"}],"NextToken":"t"}]],
  },
  UpdateContributorInsights = {
    { TableName = T, ContributorInsightsAction = "ENABLE" }, nil, [[{"ContributorInsightsStatus":"ENABLING"}]],
  },
  CreateGlobalTable = {
    { GlobalTableName = T, ReplicationGroup = { { RegionName = "eu-west-1" } } },
    nil, [[{"GlobalTableDescription":{"GlobalTableStatus":"CREATING"}}]],
  },
  DescribeGlobalTable = { { GlobalTableName = T }, nil, [[{"GlobalTableDescription":{"GlobalTableStatus":"ACTIVE"}}]] },
  DescribeGlobalTableSettings = {
    { GlobalTableName = T }, nil, [[{"GlobalTableName":"messages","ReplicaSettings":[{"RegionName":"eu-west-1"}]}]],
  },
  ListGlobalTables = {
    { RegionName = "eu-west-1" }, nil, [[{"GlobalTables":[{"GlobalTableName":"a"}],"LastEvaluatedGlobalTableName":"a"}]],
  },
  UpdateGlobalTable = {
    { GlobalTableName = T, ReplicaUpdates = { { Create = { RegionName = "eu-west-1" } } } },
    nil, [[{"GlobalTableDescription":{"GlobalTableStatus":"UPDATING"}}]],
  },
  UpdateGlobalTableSettings = {
    { GlobalTableName = T, GlobalTableBillingMode = "PAY_PER_REQUEST", GlobalTableProvisionedWriteCapacityUnits = 5 },
    nil, [[{"GlobalTableName":"messages","ReplicaSettings":[]}]],
  },
  DescribeTableReplicaAutoScaling = {
    { TableName = T }, nil, [[{"TableAutoScalingDescription":{"TableStatus":"ACTIVE","Replicas":[]}}]],
  },
  UpdateTableReplicaAutoScaling = {
    { TableName = T, ProvisionedWriteCapacityAutoScalingUpdate = SCALING },
    nil, [[{"TableAutoScalingDescription":{"TableStatus":"UPDATING"}}]],
  },

  -- Streams
  DescribeStream = {
    { StreamArn = STREAM, ShardFilter = { Type = "CHILD_SHARDS", ShardId = "s1" } },
    nil, [[{"StreamDescription":{"StreamStatus":"ENABLED","Shards":[{"ShardId":"s2"}],"LastEvaluatedShardId":"s2"}}]],
  },
  GetRecords = {
    { ShardIterator = "i", Limit = 10 }, [[{"ShardIterator":"i","Limit":10}]],
    [[{"Records":[{"eventName":"MODIFY","dynamodb":{"Keys":<key>,"NewImage":<item>,"OldImage":<key>,"SizeBytes":9}}],
      "NextShardIterator":"j"}]],
    { Records = { { eventName = "MODIFY", dynamodb = { Keys = KEY, NewImage = ITEM, OldImage = KEY, SizeBytes = 9 } } },
      NextShardIterator = "j" },
  },
  GetShardIterator = {
    { StreamArn = STREAM, ShardId = "s1", ShardIteratorType = "TRIM_HORIZON" }, nil, [[{"ShardIterator":"i"}]],
  },
  ListStreams = {
    { TableName = T, Limit = 1 }, nil, [[{"Streams":[{"StreamArn":"a","TableName":"messages"}],"LastEvaluatedStreamArn":"a"}]],
  },
}

for _, vector in pairs(vectors) do
  for place = 2, 3 do vector[place] = vector[place] and vector[place]:gsub("<(%l+)>", fragments) end
end

return vectors
