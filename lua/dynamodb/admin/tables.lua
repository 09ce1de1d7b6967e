--- The methods of a connection that list, describe, create and delete tables.

local arguments = require("dynamodb.base.arguments")
local context = require("dynamodb.request.context")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local operations = require("dynamodb.base.operations")
local options = require("dynamodb.base.options")
local pipeline = require("dynamodb.request.pipeline")
local response = require("dynamodb.request.response")
local schema = require("dynamodb.table.schema")
local table_definition = require("dynamodb.admin.table_definition")
local tables = require("dynamodb.table.table")

local Connection = core.connection_class.methods

local list_options = options.with_call_options({ exclusive_start_table_name = options.text,
  limit = options.count(1) })

--- Returns the names of all tables, in pages when there is a 'limit'.
---@param given? table limit; exclusive_start_table_name (the last name of the page before); options of calls
---@return string[]? names
---@return dynamodb.Error? err
---@return string? last the last name, when there are more: the exclusive_start_table_name of the next page
function Connection:list_tables(given)
  given = options.read(list_options, given, "list_tables")
  local names, start = core.list(), given.exclusive_start_table_name
  local seen = { [start or ""] = true }
  local limits = pipeline.multi_request_options(core.connection_state(self), given)
  local closed -- the error when the connection was closed during a request
  repeat
    if closed then return nil, closed end
    local page, err = pipeline.call(self, operations.ListTables, {
      ExclusiveStartTableName = start,
      Limit = given.limit and math.min(given.limit - #names, 100),
    }, nil, limits)
    if not page then return nil, err end
    for _, name in ipairs(page.TableNames) do names[#names + 1] = name end
    start = page.LastEvaluatedTableName
    if start == "" then start = nil end
    if start and seen[start] then
      return nil, response.unfit(operations.ListTables, {}, "it repeats the page after '" .. start .. "'")
    end
    seen[start or ""] = true
    closed = context.closed_meanwhile(self)
  until not start or (given.limit and #names >= given.limit)
  return names, nil, start
end

--- Makes a schema from boto's four options, which may also be given positionally. Sends nothing.
---@return dynamodb.Schema
function Connection:create_schema(first, hash_type, range_name, range_type)
  core.connection_state(self)
  local given = { hash_key_name = first, hash_key_proto_value = hash_type, range_key_name = range_name,
    range_key_proto_value = range_type }
  if type(first) ~= "table" then return schema.create(given, "create_schema") end
  if hash_type ~= nil or range_name ~= nil or range_type ~= nil then
    errors.raise("create_schema: nothing may follow a table of options")
  end
  return schema.create(first, "create_schema")
end

--- Creates a table, on-demand unless units are given -> table, with status CREATING | nil, err.
function Connection:create_table(given)
  local request = table_definition.create_request(given, "create_table")
  local result, err = pipeline.call(self, operations.CreateTable, request)
  if not result then return nil, err end
  return tables.from_description(self, operations.CreateTable, request, given.name, result.TableDescription,
    given.version_attribute)
end

--- Returns the response of DescribeTable, { Table = {...} } | nil, err.
function Connection:describe_table(target)
  return pipeline.call(self, operations.DescribeTable, {
    TableName = tables.name_of(target, "describe_table"),
  })
end

--- Deletes a table given as object or name -> table description, with status DELETING | nil, err.
function Connection:delete_table(target)
  local name = tables.name_of(target, "delete_table")
  local running = core.connection_state(self).running
  local result, err = pipeline.call(self, operations.DeleteTable, { TableName = name })
  if not result then return nil, err end
  running.known_tables[name] = nil -- a new table of that name may differ
  if core.typename(target) == "dynamodb.table" then
    local ok
    ok, err = tables.update(target, operations.DeleteTable, result.TableDescription)
    if not ok then return nil, err end
  end
  return result.TableDescription
end

arguments.check_methods(Connection, "conn", { core.connection_class }, {
  create_schema = "hash_key_name, hash_key_proto_value, range_key_name, range_key_proto_value",
  create_table = "options",
  delete_table = "table",
  describe_table = "table",
  list_tables = "options",
})

return true
