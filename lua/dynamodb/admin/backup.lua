--- Backups and point-in-time recovery, restored tables, exports to S3 and imports from it, and waiting for
--- each.
-- Source: DynamoDB API reference, November 2026.

local arguments = require("dynamodb.base.arguments")
local table_admin = require("dynamodb.admin.table_admin")
local pipeline = require("dynamodb.request.pipeline")
local core = require("dynamodb.core")
local table_definition = require("dynamodb.admin.table_definition")
local errors = require("dynamodb.error")
local objects = require("dynamodb.base.objects")
local operations = require("dynamodb.base.operations")
local options = require("dynamodb.base.options")
local response = require("dynamodb.request.response")
local results = require("dynamodb.table.results")
local tables = require("dynamodb.table.table")

local Connection = core.connection_class.methods
local Table = core.table_class.methods
local part = table_admin.part
local backup = {}

-- Returns the ARN of a backup, an export or an import, given as ARN or as description.
local function arn_of(value, member, where)
  local arn = value
  if objects.is_plain(value) then arn = value[member] end
  if type(arn) ~= "string" or arn == "" then
    errors.raise("%s: ARN, or description with '%s', expected, got %s", where, member,
      objects.describe(value))
  end
  return arn
end

local function expect(given, names, where)
  for _, name in ipairs(names) do
    if given[name] == nil then errors.raise("%s: option '%s' expected", where, name) end
  end
end

-- Calls an operation on a resource given as ARN or description -> member of the response | nil, err.
local function call_on(connection, operation, target, member, where, limits)
  local request = { [member] = arn_of(target, member, where) }
  local result, err = pipeline.call(connection, operation, request, nil, limits)
  return part(result, err, operation.required_output)
end

-- Waits for a status of a resource given as ARN or description -> true | nil, err. 'kind' has describe (an
-- operation), arn, status and done (names of members; 'done' counts items so far), details (the member of the
-- description that has the status, unless the description itself has it), and states, which maps a status to
-- true (reached) or false (not yet); other statuses are failures.
local function wait_for(connection, kind, target, given, where)
  local arn = arn_of(target, kind.arn, where)
  return table_admin.wait(connection, given, where, arn, function(limits)
    local found, err = call_on(connection, kind.describe, arn, kind.arn, where, limits)
    if not found then return nil, err end
    local details = kind.details and found[kind.details] or found
    local status = details[kind.status]
    if not status then return nil, response.unfit(kind.describe, {}, kind.status .. ": missing") end
    local done = kind.done and (tonumber(details[kind.done]) or 0)
    if kind.states[status] ~= nil then return kind.states[status], status, done end
    local why = details.FailureMessage or details.FailureCode
    return table_admin.unreachable(("%s is %s%s"):format(arn, tostring(status), why and ": " .. why or ""))
  end)
end

-- {===== Backups =====

--- Turns point-in-time recovery on or off; 'days' is its period -> description | nil, err.
function Table:update_point_in_time_recovery(enabled, days)
  table_admin.check_enabled(enabled, "update_point_in_time_recovery")
  options.check({ days = options.count(1) }, { days = days }, "update_point_in_time_recovery")
  local result, err = table_admin.call(self, "UpdateContinuousBackups", {
    PointInTimeRecoverySpecification = {
      PointInTimeRecoveryEnabled = enabled ~= false,
      RecoveryPeriodInDays = days,
    },
  })
  return part(result, err, "ContinuousBackupsDescription")
end

--- Returns the state of point-in-time recovery -> description | nil, err.
function Table:describe_point_in_time_recovery()
  local result, err = table_admin.call(self, "DescribeContinuousBackups")
  return part(result, err, "ContinuousBackupsDescription")
end

--- Creates a backup -> its details | nil, err.
function Table:create_backup(name)
  if type(name) ~= "string" then
    errors.raise("create_backup: name expected, got %s", objects.describe(name))
  end
  local result, err = table_admin.call(self, "CreateBackup", { BackupName = name })
  return part(result, err, "BackupDetails")
end

--- Lists the backups of this table: for backup in tbl:list_backups() do. The loop raises the error object on
--- failure.
function Table:list_backups()
  local fields, connection = core.table_parts(self)
  return results.new(connection, operations.ListBackups, { TableName = fields.name }, {})
end

--- Describes a backup, given as ARN or details -> description | nil, err.
function Connection:describe_backup(target)
  return call_on(self, operations.DescribeBackup, target, "BackupArn", "describe_backup")
end

--- Deletes a backup, given as ARN or details -> description | nil, err.
function Connection:delete_backup(target)
  return call_on(self, operations.DeleteBackup, target, "BackupArn", "delete_backup")
end

local backup_kind = { describe = operations.DescribeBackup, arn = "BackupArn", details = "BackupDetails",
  status = "BackupStatus", states = { CREATING = false, AVAILABLE = true } }

--- Waits until a backup is AVAILABLE, at most 'timeout' seconds (300) -> true | nil, err.
function Connection:wait_until_backup_available(target, given)
  return wait_for(self, backup_kind, target, given, "wait_until_backup_available")
end

-- ===================== }
-- {===== Restoring =====

-- Returns the options by which a restored table may differ from its source.
local function restore_options(more)
  more.billing_mode = options.choice("PAY_PER_REQUEST", "PROVISIONED")
  more.version_attribute = options.text
  for _, name in ipairs({ "encryption", "global_indexes", "local_indexes", "max_read_units",
    "max_write_units", "name", "read_units", "write_units" }) do
    more[name] = table_definition.options[name]
  end
  return more
end

-- Returns the indexes to create instead of those in the backup; an empty list means none.
local function index_override(indexes, where)
  if not indexes then return nil end
  local list, attributes = core.list(), {}
  for i, index in ipairs(arguments.check_list(indexes, where, "indexes")) do
    list[i] = table_definition.index(index, ("%s[%d]"):format(where, i), attributes)
  end
  return list
end

-- Restores a table -> table, with status CREATING | nil, err.
local function restore(connection, operation, given, request, where)
  table_definition.check_units(given, where)
  local settings = table_definition.settings(given, {})
  request.TargetTableName = given.name
  request.BillingModeOverride = given.billing_mode or (given.read_units and "PROVISIONED") or nil
  request.ProvisionedThroughputOverride = settings.ProvisionedThroughput
  request.OnDemandThroughputOverride = settings.OnDemandThroughput
  request.SSESpecificationOverride = settings.SSESpecification
  request.GlobalSecondaryIndexOverride = index_override(given.global_indexes, where .. ": global_indexes")
  request.LocalSecondaryIndexOverride = index_override(given.local_indexes, where .. ": local_indexes")
  local result, err = pipeline.call(connection, operation, request)
  if not result then return nil, err end
  return tables.from_description(connection, operation, request, given.name, result.TableDescription,
    given.version_attribute)
end

local from_backup_options = restore_options({ backup = options.any })

--- Restores a table from a backup: { backup = ARN or details, name = }, and what is different: billing_mode,
--- read_units, write_units, max_read_units, max_write_units, encryption, global_indexes, local_indexes (with
--- their hash_key) -> table, with status CREATING | nil, err.
function Connection:restore_table_from_backup(given)
  local where = "restore_table_from_backup"
  options.check(from_backup_options, given, where)
  expect(given, { "backup", "name" }, where)
  local request = { BackupArn = arn_of(given.backup, "BackupArn", where) }
  return restore(self, operations.RestoreTableFromBackup, given, request, where)
end

local to_time_options = restore_options({ source = options.any, time = options.count(1) })

--- Restores a table to a point in time: { source = table, name or ARN, name =, time = }, and what is
--- different as for restore_table_from_backup; without 'time' to the latest restorable time -> table, with
--- status CREATING | nil, err.
function Connection:restore_table_to_point_in_time(given)
  local where = "restore_table_to_point_in_time"
  options.check(to_time_options, given, where)
  expect(given, { "source", "name" }, where)
  local source = given.source
  if core.typename(source) == "dynamodb.table" then source = source.name end
  if type(source) ~= "string" then
    errors.raise("%s: option 'source': table, name or ARN expected, got %s", where, objects.describe(source))
  end
  local is_arn = source:sub(1, 4) == "arn:"
  return restore(self, operations.RestoreTableToPointInTime, given, {
    SourceTableArn = is_arn and source or nil,
    SourceTableName = not is_arn and source or nil,
    RestoreDateTime = given.time,
    UseLatestRestorableTime = not given.time or nil,
  }, where)
end

-- ===================== }
-- {===== Exports and imports =====

local export_options = {
  bucket = options.text,
  bucket_owner = options.text,
  format = options.choice("DYNAMODB_JSON", "ION"),
  from = options.count(1),
  prefix = options.text,
  time = options.count(1),
  to = options.count(1),
  view = options.choice("NEW_IMAGE", "NEW_AND_OLD_IMAGES"),
}

--- Exports the table to S3: { bucket =, bucket_owner =, prefix =, time =, format = }, or only the changes
--- between two times: { bucket =, from =, to =, view = } -> description | nil, err.
function Table:export(given)
  options.check(export_options, given, "export")
  expect(given, { "bucket" }, "export")
  local changes
  if given.from or given.to or given.view then
    expect(given, { "from", "to" }, "export")
    changes = { ExportFromTime = given.from, ExportToTime = given.to, ExportViewType = given.view }
  end
  local result, err = table_admin.call_by_arn(self, "ExportTableToPointInTime", "TableArn", {
    S3Bucket = given.bucket, S3BucketOwner = given.bucket_owner, S3Prefix = given.prefix,
    ExportTime = given.time, ExportFormat = given.format,
    ExportType = changes and "INCREMENTAL_EXPORT" or nil, IncrementalExportSpecification = changes,
  })
  return part(result, err, "ExportDescription")
end

--- Describes an export, given as ARN or description -> description | nil, err.
function Connection:describe_export(target)
  return call_on(self, operations.DescribeExport, target, "ExportArn", "describe_export")
end

local transfer_states = { IN_PROGRESS = false, COMPLETED = true }
local export_kind = { describe = operations.DescribeExport, arn = "ExportArn", status = "ExportStatus",
  done = "ItemCount", states = transfer_states }
local import_kind = { describe = operations.DescribeImport, arn = "ImportArn", status = "ImportStatus",
  done = "ProcessedItemCount", states = transfer_states }

--- Waits until an export is COMPLETED, at most 'timeout' seconds (300) -> true | nil, err.
function Connection:wait_until_export_completed(target, given)
  return wait_for(self, export_kind, target, given, "wait_until_export_completed")
end

local import_options = {
  bucket = options.text,
  bucket_owner = options.text,
  compression = options.choice("GZIP", "ZSTD", "NONE"),
  csv_delimiter = options.text,
  csv_header = options.table,
  format = options.choice("DYNAMODB_JSON", "ION", "CSV"),
  prefix = options.text,
}

-- The options of create_table that an import takes.
local imported_table = { "encryption", "global_indexes", "max_read_units", "max_write_units", "name",
  "read_units", "schema", "write_units" }
for _, name in ipairs(imported_table) do import_options[name] = table_definition.options[name] end

--- Imports a table from S3: { bucket =, bucket_owner =, prefix =, format = "DYNAMODB_JSON", compression =,
--- csv_delimiter =, csv_header = { names } }, and of create_table's options name, schema, global_indexes,
--- units, limits, encryption -> description | nil, err.
function Connection:import_table(given)
  options.check(import_options, given, "import_table")
  expect(given, { "bucket" }, "import_table")
  local asked = {}
  for _, name in ipairs(imported_table) do asked[name] = given[name] end
  local csv = { Delimiter = given.csv_delimiter, HeaderList = given.csv_header }
  local result, err = pipeline.call(self, operations.ImportTable, {
    S3BucketSource = {
      S3Bucket = given.bucket, S3BucketOwner = given.bucket_owner, S3KeyPrefix = given.prefix,
    },
    InputFormat = given.format or "DYNAMODB_JSON",
    InputFormatOptions = next(csv) and { Csv = csv } or nil,
    InputCompressionType = given.compression,
    TableCreationParameters = table_definition.create_request(asked, "import_table"),
  })
  return part(result, err, "ImportTableDescription")
end

--- Describes an import, given as ARN or description -> description | nil, err.
function Connection:describe_import(target)
  return call_on(self, operations.DescribeImport, target, "ImportArn", "describe_import")
end

--- Waits until an import is COMPLETED, at most 'timeout' seconds (300) -> true | nil, err.
function Connection:wait_until_import_completed(target, given)
  return wait_for(self, import_kind, target, given, "wait_until_import_completed")
end

-- ===================== }

arguments.check_methods(Table, "tbl", { core.table_class }, {
  create_backup = "name",
  describe_point_in_time_recovery = "",
  export = "options",
  list_backups = "",
  update_point_in_time_recovery = "enabled, days",
})
arguments.check_methods(Connection, "conn", { core.connection_class }, {
  delete_backup = "backup",
  describe_backup = "backup",
  describe_export = "export",
  describe_import = "import",
  import_table = "options",
  restore_table_from_backup = "options",
  restore_table_to_point_in_time = "options",
  wait_until_backup_available = "backup, options",
  wait_until_export_completed = "export, options",
  wait_until_import_completed = "import, options",
})

return backup
