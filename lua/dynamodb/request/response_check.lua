--- Checks the result of a call against its request: the shapes of the members that this library reads, and
--- the names, keys and counts that were asked for.

local late = require("dynamodb.base.late")
local core = require("dynamodb.core")
local idempotency = late.module("dynamodb.request.idempotency")
local operations = require("dynamodb.base.operations")
local output_shapes = late.module("dynamodb.request.output_shapes")

local response_check = {}

local attribute, equal = core.attribute, core.equal

-- {===== Keys =====

--- Returns what is wrong with the attributes of an item that was asked for by its key | nil. Only attributes
--- that are missing are permitted when 'may_lack' is true.
---@param item table|userdata attributes, or a dynamodb.item
---@param key table
---@param may_lack? boolean
---@return string? why
function response_check.key(item, key, may_lack)
  for name, value in next, key do
    local got = attribute(item, name)
    if got == nil then
      if not may_lack then return (": key attribute '%s' is missing"):format(name) end
    elseif not equal(got, value) then
      return (": key attribute '%s' is not the one that was asked for"):format(name)
    end
  end
end

-- ===================== }
-- {===== Names =====

-- Returns the name of a table given by its name or ARN.
local function table_name(value)
  return value:match("^arn:.-:table/([^/]+)") or value
end

-- Returns what is wrong with the name of the described table | nil.
local function name_misfit(found, asked)
  if type(asked) ~= "string" or found == table_name(asked) or found == asked then return nil end
  return (".TableName: '%s' was asked for, got '%s'"):format(asked, found)
end

-- Makes the check of an operation that describes a table.
local function described(member, asked)
  return function(result, params)
    local why = name_misfit(result[member].TableName, params[asked])
    return why and member .. why
  end
end

-- Makes the check of an operation that describes what has an ARN.
local function with_arn(outer, inner, arn)
  return function(result, params)
    local found = result[outer]
    if inner then found = found[inner] end
    local got, asked = found and found[arn], params[arn]
    if got == nil or asked == nil or got == asked then return nil end
    return ("%s: '%s' was asked for, got '%s'"):format(arn, tostring(asked), got)
  end
end

-- ===================== }
-- {===== Counts =====

-- Makes the check of an operation with one response for each entry of the request.
local function counted(entries, is_optional)
  return function(result, params)
    local list, asked = result.Responses, params[entries]
    if type(asked) ~= "table" then return nil end
    local count = list and #list or 0
    if count == #asked or (count == 0 and is_optional(asked)) then return nil end
    return ("Responses: %d expected, got %d"):format(#asked, count)
  end
end

local function never() return false end

-- Statements that write have no rows, and may have no responses.
local function is_write(statements)
  for _, each in ipairs(statements) do
    if type(each) == "table" and idempotency.is_select(each.Statement) then return false end
  end
  return true
end

-- Returns what is wrong with the counts of a page of items | nil. A count that is missing is taken from the
-- items where these show it.
local function page(result, params)
  local items, count, scanned = result.Items, result.Count, result.ScannedCount
  if not items then
    if not count then return "Items: missing" end
    if count > 0 and params.Select ~= "COUNT" then return ("Items: missing, Count is %d"):format(count) end
  elseif count and count ~= #items then
    return ("Count: %d, but there are %d items"):format(count, #items)
  end
  count = count or #items
  if scanned and scanned < count then return ("ScannedCount: %d is less than Count"):format(scanned) end
  local filter = params.FilterExpression or params.QueryFilter or params.ScanFilter
  if not scanned and filter then return "ScannedCount: missing" end
end

-- ===================== }

local checks = {
  BatchExecuteStatement = counted("Statements", never),
  DescribeBackup = with_arn("BackupDescription", "BackupDetails", "BackupArn"),
  DescribeExport = with_arn("ExportDescription", nil, "ExportArn"),
  DescribeImport = with_arn("ImportTableDescription", nil, "ImportArn"),
  ExecuteTransaction = counted("TransactStatements", is_write),
  Query = page,
  RestoreTableFromBackup = described("TableDescription", "TargetTableName"),
  RestoreTableToPointInTime = described("TableDescription", "TargetTableName"),
  Scan = page,
  TransactGetItems = counted("TransactItems", never),
}

for _, name in ipairs({ "CreateTable", "DeleteTable", "UpdateTable" }) do
  checks[name] = described("TableDescription", "TableName")
end
checks.DescribeTable = described("Table", "TableName")

function checks.ExecuteStatement(result, params)
  if not result.Items and idempotency.is_select(params.Statement) then return "Items: missing" end
end

function checks.ListTables(result, params)
  local count, limit = #result.TableNames, params.Limit
  if type(limit) == "number" and count > limit then
    return ("TableNames: at most %d expected, got %d"):format(limit, count)
  end
end

function checks.UpdateTimeToLive(result, params)
  local asked, got = params.TimeToLiveSpecification, result.TimeToLiveSpecification
  if type(asked) ~= "table" then return nil end
  for _, name in ipairs({ "AttributeName", "Enabled" }) do
    if got[name] ~= nil and got[name] ~= asked[name] then
      return ("TimeToLiveSpecification.%s: %s was asked for, got %s"):format(name, tostring(asked[name]),
        tostring(got[name]))
    end
  end
end

-- Returns the check of an operation: its shape, then what its request decides.
local function check_of(name)
  local fits, relate = output_shapes[name], checks[name]
  return function(result, params)
    local why = fits(result)
    if why then return (why:gsub("^%.", "")) end
    return relate and relate(result, params) or nil
  end
end

--- name of an operation -> function(result, params) that returns nil, or what does not fit. GetItem, the
--- commonest call, has false: what its shape does not decide, Table:get_item checks by response_check.item.
--- The others are made when they are read.
response_check.of = setmetatable({ GetItem = false }, { __index = function(self, name)
  if not operations[name] then return nil end
  self[name] = check_of(name)
  return self[name]
end })

--- Returns what is wrong with the result of a GetItem whose projection includes these key attributes | nil.
function response_check.item(result, key)
  local why = output_shapes.GetItem(result)
  if why then return (why:gsub("^%.", "")) end
  why = result.Item and response_check.key(result.Item, key)
  return why and "Item" .. why
end

-- {===== Common results =====

-- Query and Scan have a quick test, which the common result passes. All others are checked as above.

-- Returns true for capacity that is nil or a total.
local function is_total(consumed)
  if consumed == nil then return true end
  return type(consumed) == "table" and type(consumed.CapacityUnits) == "number"
    and type(consumed.TableName) == "string" and consumed.Table == nil
    and consumed.ReadCapacityUnits == nil and consumed.WriteCapacityUnits == nil
    and consumed.GlobalSecondaryIndexes == nil and consumed.LocalSecondaryIndexes == nil
end

-- Returns true for a page with as many items as it counts.
local function is_common_page(result)
  local items, scanned = result.Items, result.ScannedCount
  return items and result.Count == #items and type(scanned) == "number" and scanned >= #items
    and scanned % 1 == 0 and result.NextToken == nil and is_total(result.ConsumedCapacity)
end

-- Makes the check of Query or Scan.
local function page_check(name)
  local check
  return function(result, params)
    if is_common_page(result) then return nil end
    check = check or check_of(name)
    return check(result, params)
  end
end

response_check.of.Query, response_check.of.Scan = page_check("Query"), page_check("Scan")

-- ===================== }

return response_check
