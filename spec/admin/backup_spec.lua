-- Backups, exports and imports: the emulator lacks them, so a recording transport checks the exact requests.

local cjson = require("cjson")
local helper = dofile("spec/support/helper.lua")

local unpack = table.unpack or unpack -- luacheck: ignore 143 113

local ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/messages"
local BACKUP, EXPORT, IMPORT = ARN .. "/backup/01", ARN .. "/export/01", ARN .. "/import/01"

local function parse(bytes)
  return bytes:match("DynamoDB_20120810%.(%a+)"), cjson.decode(bytes:match("\r\n\r\n(.*)$"))
end

local function failure(code) return { status = 400, __type = "com.amazonaws.dynamodb.v20120810#" .. code, message = "no" } end

-- A connection to a service that gives each operation its responses in order and then repeats the last one; and a table whose
-- ARN is not known yet.
local function service(responses)
  local asked = {}
  local fake = helper.fake(function(bytes)
    local name = parse(bytes)
    asked[name] = (asked[name] or 0) + 1
    local list = name == "DescribeTable" and { { Table = { TableName = "messages", TableStatus = "ACTIVE", TableArn = ARN } } }
      or assert(responses[name], name)
    local response = list[math.min(asked[name], #list)]
    return helper.response(response.status or 200, cjson.encode(response))
  end)
  local conn = helper.offline(fake)
  return conn, conn:table("messages", { hash_key = "id" }), fake
end

local SOURCE = { S3Bucket = "bucket" }
local KEYS = { { AttributeName = "id", KeyType = "HASH" } }
local TYPES = { { AttributeName = "id", AttributeType = "S" } }
local PITR = { ContinuousBackupsStatus = "ENABLED" }
local CREATING = { TableDescription = { TableName = "copy", TableStatus = "CREATING", KeySchema = KEYS,
  AttributeDefinitions = TYPES } }
local OVERRIDES = { BillingModeOverride = "PROVISIONED",
  ProvisionedThroughputOverride = { ReadCapacityUnits = 1, WriteCapacityUnits = 2 },
  SSESpecificationOverride = { Enabled = true, SSEType = "KMS", KMSMasterKeyId = "k" },
  GlobalSecondaryIndexOverride = { { IndexName = "by_age", KeySchema = { { AttributeName = "age", KeyType = "HASH" } },
    Projection = { ProjectionType = "ALL" } } },
  LocalSecondaryIndexOverride = { { IndexName = "by_at", KeySchema = { { AttributeName = "id", KeyType = "HASH" },
    { AttributeName = "at", KeyType = "RANGE" } }, Projection = { ProjectionType = "KEYS_ONLY" } } } }

local with = require("dynamodb.base.options").merge

local differing = { read_units = 1, write_units = 2, encryption = "k",
  global_indexes = { { name = "by_age", hash_key = { "age", "N" } } },
  local_indexes = { { name = "by_at", hash_key = "id", range_key = { "at", "N" }, projection = "KEYS_ONLY" } } }

-- { "tbl" or "conn", method, arguments, operation, request, response, result }
local calls = {
  { "tbl", "create_backup", { "nightly" }, "CreateBackup", { TableName = "messages", BackupName = "nightly" },
    { BackupDetails = { BackupArn = BACKUP } }, { BackupArn = BACKUP } },
  { "conn", "describe_backup", { BACKUP }, "DescribeBackup", { BackupArn = BACKUP },
    { BackupDescription = { BackupDetails = { BackupStatus = "AVAILABLE" } } },
    { BackupDetails = { BackupStatus = "AVAILABLE" } } },
  { "conn", "delete_backup", { { BackupArn = BACKUP } }, "DeleteBackup", { BackupArn = BACKUP },
    { BackupDescription = { BackupDetails = { BackupStatus = "DELETED" } } },
    { BackupDetails = { BackupStatus = "DELETED" } } },
  { "tbl", "update_point_in_time_recovery", { true, 7 }, "UpdateContinuousBackups", { TableName = "messages",
    PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled = true, RecoveryPeriodInDays = 7 } },
    { ContinuousBackupsDescription = PITR }, PITR },
  { "tbl", "update_point_in_time_recovery", { false }, "UpdateContinuousBackups",
    { TableName = "messages", PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled = false } },
    { ContinuousBackupsDescription = PITR }, PITR },
  { "tbl", "describe_point_in_time_recovery", {}, "DescribeContinuousBackups", { TableName = "messages" },
    { ContinuousBackupsDescription = PITR }, PITR },
  { "conn", "restore_table_from_backup", { { backup = BACKUP, name = "copy" } }, "RestoreTableFromBackup",
    { BackupArn = BACKUP, TargetTableName = "copy" }, CREATING },
  { "conn", "restore_table_from_backup", { { backup = { BackupArn = BACKUP }, name = "copy", max_read_units = 9,
      billing_mode = "PAY_PER_REQUEST", global_indexes = {}, local_indexes = {} } }, "RestoreTableFromBackup",
    { BackupArn = BACKUP, TargetTableName = "copy", BillingModeOverride = "PAY_PER_REQUEST",
      OnDemandThroughputOverride = { MaxReadRequestUnits = 9 }, GlobalSecondaryIndexOverride = {},
      LocalSecondaryIndexOverride = {} }, CREATING },
  { "conn", "restore_table_from_backup", { with({ backup = BACKUP, name = "copy" }, differing) }, "RestoreTableFromBackup",
    with({ BackupArn = BACKUP, TargetTableName = "copy" }, OVERRIDES), CREATING },
  { "conn", "restore_table_to_point_in_time", { { source = "messages", name = "copy" } }, "RestoreTableToPointInTime",
    { SourceTableName = "messages", TargetTableName = "copy", UseLatestRestorableTime = true }, CREATING },
  { "conn", "restore_table_to_point_in_time", { { source = ARN, name = "copy", time = 1700000000 } },
    "RestoreTableToPointInTime", { SourceTableArn = ARN, TargetTableName = "copy", RestoreDateTime = 1700000000 }, CREATING },
  { "conn", "restore_table_to_point_in_time", { with({ source = "messages", name = "copy" }, differing) },
    "RestoreTableToPointInTime",
    with({ SourceTableName = "messages", TargetTableName = "copy", UseLatestRestorableTime = true }, OVERRIDES), CREATING },
  { "tbl", "export", { { bucket = "bucket" } }, "ExportTableToPointInTime", { TableArn = ARN, S3Bucket = "bucket" },
    { ExportDescription = { ExportArn = EXPORT } }, { ExportArn = EXPORT } },
  { "tbl", "export", { { bucket = "bucket", bucket_owner = "1", prefix = "p", time = 1700000000, format = "ION" } },
    "ExportTableToPointInTime", { TableArn = ARN, S3Bucket = "bucket", S3BucketOwner = "1", S3Prefix = "p",
      ExportTime = 1700000000, ExportFormat = "ION" },
    { ExportDescription = { ExportArn = EXPORT } }, { ExportArn = EXPORT } },
  { "tbl", "export", { { bucket = "bucket", from = 1700000000, to = 1700003600, view = "NEW_IMAGE" } },
    "ExportTableToPointInTime", { TableArn = ARN, S3Bucket = "bucket", ExportType = "INCREMENTAL_EXPORT",
      IncrementalExportSpecification = { ExportFromTime = 1700000000, ExportToTime = 1700003600, ExportViewType = "NEW_IMAGE" } },
    { ExportDescription = { ExportArn = EXPORT } }, { ExportArn = EXPORT } },
  { "conn", "describe_export", { EXPORT }, "DescribeExport", { ExportArn = EXPORT },
    { ExportDescription = { ExportStatus = "COMPLETED" } }, { ExportStatus = "COMPLETED" } },
  { "conn", "import_table", { { bucket = "bucket", name = "copy", schema = helper.HASH } }, "ImportTable",
    { S3BucketSource = SOURCE, InputFormat = "DYNAMODB_JSON", TableCreationParameters = { TableName = "copy",
      KeySchema = KEYS, AttributeDefinitions = TYPES, BillingMode = "PAY_PER_REQUEST" } },
    { ImportTableDescription = { ImportArn = IMPORT } }, { ImportArn = IMPORT } },
  { "conn", "import_table", { { bucket = "bucket", bucket_owner = "1", prefix = "p", format = "CSV", compression = "GZIP",
      csv_delimiter = ";", csv_header = { "id", "age" }, name = "copy", schema = helper.HASH, read_units = 1, write_units = 2,
      encryption = true, global_indexes = { { name = "by_age", hash_key = "age", projection = "KEYS_ONLY" } } } },
    "ImportTable",
    { S3BucketSource = { S3Bucket = "bucket", S3BucketOwner = "1", S3KeyPrefix = "p" }, InputFormat = "CSV",
      InputFormatOptions = { Csv = { Delimiter = ";", HeaderList = { "id", "age" } } }, InputCompressionType = "GZIP",
      TableCreationParameters = { TableName = "copy", KeySchema = KEYS, BillingMode = "PROVISIONED",
        AttributeDefinitions = { { AttributeName = "age", AttributeType = "S" }, TYPES[1] },
        ProvisionedThroughput = { ReadCapacityUnits = 1, WriteCapacityUnits = 2 },
        SSESpecification = { Enabled = true, SSEType = "KMS" },
        GlobalSecondaryIndexes = { { IndexName = "by_age", KeySchema = { { AttributeName = "age", KeyType = "HASH" } },
          Projection = { ProjectionType = "KEYS_ONLY" },
          ProvisionedThroughput = { ReadCapacityUnits = 1, WriteCapacityUnits = 2 } } } } },
    { ImportTableDescription = { ImportArn = IMPORT } }, { ImportArn = IMPORT } },
  { "conn", "import_table", { { bucket = "bucket", format = "ION", compression = "ZSTD", name = "copy", schema = helper.HASH,
      max_read_units = 5, max_write_units = 6 } }, "ImportTable",
    { S3BucketSource = SOURCE, InputFormat = "ION", InputCompressionType = "ZSTD", TableCreationParameters = {
      TableName = "copy", KeySchema = KEYS, AttributeDefinitions = TYPES, BillingMode = "PAY_PER_REQUEST",
      OnDemandThroughput = { MaxReadRequestUnits = 5, MaxWriteRequestUnits = 6 } } },
    { ImportTableDescription = { ImportArn = IMPORT } }, { ImportArn = IMPORT } },
  { "conn", "describe_import", { { ImportArn = IMPORT } }, "DescribeImport", { ImportArn = IMPORT },
    { ImportTableDescription = { ImportStatus = "COMPLETED" } }, { ImportStatus = "COMPLETED" } },
}

local tokens = { ExportTableToPointInTime = true, ImportTable = true }

local refused = {
  { "tbl", "create_backup", nil, "create_backup: name expected, got nil" },
  { "conn", "describe_backup", {}, "describe_backup: ARN, or description with 'BackupArn', expected, got table" },
  { "conn", "delete_backup", nil, "delete_backup: ARN, or description with 'BackupArn', expected, got nil" },
  { "conn", "wait_until_import_completed", "", "wait_until_import_completed: ARN" },
  { "conn", "restore_table_from_backup", { name = "copy" }, "restore_table_from_backup: option 'backup' expected" },
  { "conn", "restore_table_from_backup", { backup = BACKUP }, "restore_table_from_backup: option 'name' expected" },
  { "conn", "restore_table_from_backup", { backup = BACKUP, name = "copy", stream = false }, "unknown option 'stream'" },
  { "conn", "restore_table_from_backup", { backup = BACKUP, name = "copy", read_units = 1 }, "expected together" },
  { "conn", "restore_table_from_backup", { backup = BACKUP, name = "copy", global_indexes = { x = { hash_key = "a" } } },
    "restore_table_from_backup: global_indexes: list of indexes expected, got table" },
  { "conn", "restore_table_from_backup", { backup = BACKUP, name = "copy", local_indexes = { { name = "x" } } },
    "restore_table_from_backup: local_indexes[1]: option 'hash_key' expected" },
  { "conn", "restore_table_to_point_in_time", { name = "copy" }, "option 'source' expected" },
  { "conn", "restore_table_to_point_in_time", { source = 5, name = "copy" }, "option 'source': table, name or ARN expected" },
  { "conn", "restore_table_to_point_in_time", { source = "messages", name = "copy", time = "now" }, "option 'time'" },
  { "tbl", "export", {}, "export: option 'bucket' expected" },
  { "tbl", "export", { bucket = "bucket", from = 1 }, "export: option 'to' expected" },
  { "tbl", "export", { bucket = "bucket", to = 1 }, "export: option 'from' expected" },
  { "tbl", "export", { bucket = "bucket", view = "NEW_AND_OLD_IMAGES" }, "export: option 'from' expected" },
  { "tbl", "export", { bucket = "bucket", format = "CSV" }, "export: option 'format': one of DYNAMODB_JSON, ION" },
  { "conn", "import_table", { name = "copy", schema = helper.HASH }, "import_table: option 'bucket' expected" },
  { "conn", "import_table", { bucket = "bucket", name = "copy" }, "import_table: options 'name' and 'schema' expected" },
  { "conn", "import_table", { bucket = "bucket", name = "copy", schema = helper.HASH, stream = "KEYS_ONLY" },
    "import_table: unknown option 'stream'" },
}

-- Waits for a backup, an export and an import: { method, ARN, operation, function(status) -> response }.
local kinds = {
  backup = { "wait_until_backup_available", BACKUP, "DescribeBackup", function(status)
    return { BackupDescription = { BackupDetails = { BackupStatus = status } } }
  end },
  export = { "wait_until_export_completed", EXPORT, "DescribeExport", function(status)
    return { ExportDescription = { ExportStatus = status, FailureMessage = "no such bucket" } }
  end },
  import = { "wait_until_import_completed", IMPORT, "DescribeImport", function(status)
    return { ImportTableDescription = { ImportStatus = status, FailureCode = "S3NoSuchBucket" } }
  end },
}

-- { kind, successive statuses, outcome, number of requests }
local waits = {
  { "backup", { "AVAILABLE" }, "reached", 1 },
  { "backup", { "CREATING", "CREATING", "AVAILABLE" }, "reached", 3 },
  { "backup", { "CREATING", "DELETED" }, "backup/01 is DELETED", 2 },
  { "backup", { "CREATING" }, "timeout" },
  { "export", { "IN_PROGRESS", "COMPLETED" }, "reached", 2 },
  { "export", { "IN_PROGRESS", "FAILED" }, "export/01 is FAILED: no such bucket", 2 },
  { "export", { "IN_PROGRESS" }, "timeout" },
  { "import", { "IN_PROGRESS", "COMPLETED" }, "reached", 2 },
  { "import", { "FAILED" }, "import/01 is FAILED: S3NoSuchBucket", 1 },
  { "import", { "IN_PROGRESS", "CANCELLING" }, "import/01 is CANCELLING", 2 },
  { "import", { "CANCELLED" }, "import/01 is CANCELLED", 1 },
  { "import", { "IN_PROGRESS" }, "timeout" },
}

-- A schema can only be created by a connection.
local function prepared(conn, argument)
  if type(argument) ~= "table" or not argument.schema then return argument end
  return with(argument, { schema = conn:create_schema(argument.schema) })
end

-- Returns the arguments of a case, as many as there are.
local function arguments_of(conn, given)
  local list = {}
  for i = 1, #given do list[i] = prepared(conn, given[i]) end
  return unpack(list, 1, #given)
end

describe("backup", function()
  for i, case in ipairs(calls) do
    it(("sends the %s of %s (%d)"):format(case[4], case[2], i), function()
      local conn, tbl, fake = service({ [case[4]] = { case[6] } })
      local owner = case[1] == "conn" and conn or tbl
      local result = assert(owner[case[2]](owner, arguments_of(conn, case[3])))
      local name, body = parse(fake.requests[#fake.requests])
      assert.equal(case[4], name)
      if tokens[name] then
        assert.matches("^%x+%-%x+%-4%x+%-%x+%-%x+$", body.ClientToken)
        body.ClientToken = nil
      end
      assert.same(case[5], body)
      if case[7] then
        assert.same(case[7], result)
      else
        assert.equal("Table(copy)", tostring(result))
        assert.equal("CREATING", result.status)
        assert.equal("id", result.schema.hash_key_name)
      end
    end)
  end

  it("sends empty lists of indexes as lists", function()
    local conn, _, fake = service({ RestoreTableFromBackup = { CREATING } })
    assert(conn:restore_table_from_backup({ backup = BACKUP, name = "copy", global_indexes = {} }))
    assert.truthy(fake.requests[1]:find([["GlobalSecondaryIndexOverride":[]], 1, true))
  end)

  it("takes a table object as source, and gives the new table its version attribute", function()
    local conn, tbl, fake = service({ RestoreTableToPointInTime = { CREATING } })
    local copy = assert(conn:restore_table_to_point_in_time({ source = tbl, name = "copy", version_attribute = "version" }))
    assert.equal("messages", (select(2, parse(fake.requests[1]))).SourceTableName)
    assert.equal("version", copy.version_attribute)
  end)

  it("lists the backups of a table, page after page", function()
    local _, tbl, fake = service({ ListBackups = {
      { BackupSummaries = { { BackupName = "a" } }, LastEvaluatedBackupArn = "x" },
      { BackupSummaries = { { BackupName = "b" } } },
    } })
    local names = {}
    for each in tbl:list_backups() do names[#names + 1] = each.BackupName end
    assert.same({ "a", "b" }, names)
    assert.same({ TableName = "messages" }, (select(2, parse(fake.requests[1]))))
    assert.same({ TableName = "messages", ExclusiveStartBackupArn = "x" }, (select(2, parse(fake.requests[2]))))
  end)

  for i, case in ipairs(refused) do
    it(("sends no request for %s (%d)"):format(case[2], i), function()
      local conn, tbl, fake = service({})
      local owner = case[1] == "conn" and conn or tbl
      local ok, message = pcall(owner[case[2]], owner, prepared(conn, case[3]))
      assert.is_false(ok)
      assert.truthy(tostring(message):find(case[4], 1, true), message)
      assert.equal(0, fake.opened)
    end)
  end

  for i, case in ipairs(waits) do
    it(("waits: %s, %s (%d)"):format(case[1], case[3], i), function()
      local kind, responses = kinds[case[1]], {}
      for n, status in ipairs(case[2]) do responses[n] = kind[4](status) end
      local conn, _, fake = service({ [kind[3]] = responses })
      local ok, err = conn[kind[1]](conn, kind[2], { timeout = 90 })
      if case[3] == "reached" then
        assert.is_true(ok)
      else
        assert.is_nil(ok)
        assert.equal(case[3] == "timeout" and "timeout" or "service", err.kind)
        assert.truthy(tostring(err):find(case[3], 1, true), tostring(err))
      end
      if case[4] then
        assert.equal(case[4], #fake.requests)
      else
        assert.is_true(math.abs(fake.clock - 1090) < 1e-6)
      end
    end)
  end

  local descriptions = { backup = { BackupArn = BACKUP }, export = { ExportArn = EXPORT }, import = { ImportArn = IMPORT } }
  local last = { backup = "AVAILABLE", export = "COMPLETED", import = "COMPLETED" }
  for name, kind in pairs(kinds) do
    it("takes a description in place of an ARN: " .. name, function()
      local conn, _, fake = service({ [kind[3]] = { kind[4](last[name]) } })
      assert.is_true(conn[kind[1]](conn, descriptions[name]))
      assert.same(descriptions[name], (select(2, parse(fake.requests[1]))))
      assert.error_matches(function() conn[kind[1]](conn, kind[2], { time = 1 }) end, kind[1] .. ": unknown option 'time'")
    end)

    it("returns an error of a poll: " .. name, function()
      local conn, _, fake = service({ [kind[3]] = { failure("AccessDeniedException") } })
      local ok, err = conn[kind[1]](conn, kind[2])
      assert.is_nil(ok)
      assert.equal("AccessDeniedException", err.code)
      assert.equal(1, #fake.requests)
    end)
  end

  for _, case in ipairs(calls) do
    it("returns the error: " .. case[2], function()
      local conn, tbl = service({ [case[4]] = { failure("AccessDeniedException") } })
      local owner = case[1] == "conn" and conn or tbl
      local ok, err = owner[case[2]](owner, arguments_of(conn, case[3]))
      assert.is_nil(ok)
      assert.equal("AccessDeniedException", err.code)
    end)
  end
end)
