--- The tables of the examples in the reference, as doc/README.md defines them, and a connection for operations that the
--- local servers do not have.

local dynamodb = require("dynamodb")
local files = dofile("spec/support/files.lua")
local helper = dofile("spec/support/helper.lua")

local compiled = loadstring or load -- luacheck: ignore 113

local fixture = {}

--- Pages whose examples use these tables.
fixture.pages = {}
for _, name in ipairs({ "README", "background", "coalescing", "coming-from", "concurrency", "connection", "costs",
  "dynamodb", "errors", "expressions", "item", "locks", "loop", "mistakes", "options", "reading", "results", "retries",
  "table", "values", "writer", "writing" }) do
  fixture.pages["doc/" .. name .. ".md"] = true
end

-- Returns the block of doc/README.md that makes the tables.
local function definition()
  return files.read("doc/README.md"):match("\n## The tables of the examples\n.-\n```lua\n(.-)\n```")
end

--- Creates the tables -> { users =, orders = }.
function fixture.create(conn)
  local made = {}
  local code = definition():gsub('name = "(%l+)", schema', function(name)
    made[name] = helper.table_name(name)
    return ('name = "%s", schema'):format(made[name])
  end)
  local users, orders = compiled("local dynamodb, conn = ... " .. code .. " return users, orders")(dynamodb, conn)
  return { users = users, orders = orders }
end

--- Gives a table the items that doc/README.md shows, and no others.
---@param conn any a connection that need not be that of the table
function fixture.reset(conn, tbl, name)
  tbl = conn:table(tbl.name, tbl.schema)
  local code = definition():match("assert%(" .. name .. ":batch_write(%b{})")
  local wanted = compiled("local dynamodb = ... return " .. code)(dynamodb)
  local surplus = {}
  for attributes in tbl:scan({ items = false }) do surplus[#surplus + 1] = attributes end
  local keys = {}
  for i, attributes in ipairs(surplus) do keys[i] = tbl:new_item({ attrs = attributes }):key() end
  assert(tbl:batch_write({ delete = keys }))
  assert(tbl:batch_write(wanted))
end

-- {===== Operations that the local servers do not have =====

local ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/users"
local backup = '"BackupDetails":{"BackupArn":"' .. ARN .. '/backup/01","BackupName":"nightly","BackupStatus":"%s"}'
local export = '{"ExportDescription":{"ExportArn":"' .. ARN .. '/export/01","ExportStatus":"%s"}}'
local import = '{"ImportTableDescription":{"ImportArn":"' .. ARN .. '/import/01","ImportStatus":"%s"}}'
local continuous = '{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED"}}'
local creating = '{"TableDescription":{"TableName":"%s","TableStatus":"CREATING","KeySchema":'
  .. '[{"AttributeName":"id","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}]}}'

--- The responses, by operation.
fixture.responses = {
  CreateBackup = "{" .. backup:format("CREATING") .. "}",
  DeleteBackup = '{"BackupDescription":{' .. backup:format("DELETED") .. "}}",
  DescribeBackup = '{"BackupDescription":{' .. backup:format("AVAILABLE") .. "}}",
  DescribeContinuousBackups = continuous,
  DescribeExport = export:format("COMPLETED"),
  DescribeImport = import:format("COMPLETED"),
  DescribeLimits = '{"AccountMaxReadCapacityUnits":80000,"AccountMaxWriteCapacityUnits":80000}',
  DescribeTable = '{"Table":{"TableName":"users","TableArn":"' .. ARN .. '","TableStatus":"ACTIVE","KeySchema":'
    .. '[{"AttributeName":"id","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}]}}',
  ExportTableToPointInTime = export:format("IN_PROGRESS"),
  ImportTable = import:format("IN_PROGRESS"),
  ListBackups = '{"BackupSummaries":[{"BackupArn":"' .. ARN .. '/backup/01","BackupName":"nightly"}]}',
  ListTables = '{"TableNames":["users"]}',
  RestoreTableFromBackup = creating,
  RestoreTableToPointInTime = creating,
  UpdateContinuousBackups = continuous,
}

--- Returns true when the code calls one of these operations.
function fixture.is_lacking(code)
  for _, word in ipairs({ "backup", "export", "import", "recovery", "point_in_time" }) do
    if code:find("[:(]\"?[%l_]*" .. word) then return true end
  end
  return false
end

--- Returns a connection that gets the responses above.
function fixture.offline()
  return helper.offline(helper.fake(function(request)
    local name = request:lower():match("x%-amz%-target: [%w_]+%.(%w+)")
    for operation, body in pairs(fixture.responses) do
      if operation:lower() == name then
        return helper.response(200, (body:gsub("%%s", request:match('"TargetTableName":"([^"]+)"') or "users")))
      end
    end
    error("no response to " .. tostring(name), 0)
  end))
end

-- ===================== }

return fixture
