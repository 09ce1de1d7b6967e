--- testing.table and testing.load: tables for tests, and the items that they begin with.

local arguments = require("dynamodb.base.arguments")
local blocks = require("dynamodb.testing.blocks")
local connection = require("dynamodb.connection")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local fixtures = require("dynamodb.testing.fixtures")
local objects = require("dynamodb.base.objects")
local operations = require("dynamodb.base.operations")
local options = require("dynamodb.base.options")
local table_objects = require("dynamodb.table.table")
local run_id = require("dynamodb.testing.run_id")
local transports = require("dynamodb.testing.transports")

local tables = {}

local WAIT = 60 -- seconds until a table must be ready
local KEY_OPTIONS = { "hash_key", "hash_key_type", "range_key", "range_key_type" }

---@class dynamodb.testing.TableGuard deletes a table
local Guard = { __name = "dynamodb.testing.guard" }
Guard.__index = Guard

-- The options that a connection of the kit does not take over from the one of the test. endpoint_url has what
-- the first three say.
local OWN = { "host", "port", "is_secure", "attempt_timeout", "connect_timeout", "deadline", "hooks", "log",
  "max_attempts", "max_connections", "retry_mode", "retry_writes" }

-- Makes a connection like the given one for the requests of the kit: faults neither change nor count them,
-- their time passes, and they work after the given connection was closed.
local function own_connection(conn)
  local state = core.connection_state(conn)
  local given = options.merge(state.options, { transport = transports.undisturbed(state.transport) })
  for _, name in ipairs(OWN) do given[name] = nil end
  return connection.connect(given)
end

local names = 0

-- Returns a name that is unique among all tables and processes.
local function unique_name(base)
  names = names + 1
  return ("%s-%s-%d"):format(base, run_id(), names)
end

-- Returns the options of create_table of a definition, and its version_attribute.
local function creation_of(own, definition)
  local given, key = options.merge(definition), {}
  for _, name in ipairs(KEY_OPTIONS) do
    key[name], given[name] = given[name], nil
  end
  if given.schema ~= nil and next(key) ~= nil then
    errors.raise("testing.table: option '%s' excludes 'schema'", (next(key)))
  end
  given.name = unique_name(given.name or "test")
  if given.schema == nil then
    options.check(table_objects.key_options, key, "testing.table")
    if not key.hash_key and next(key) ~= nil then
      errors.raise("testing.table: option '%s' goes with 'hash_key'", (next(key)))
    end
    given.schema = own:create_schema({ hash_key_name = key.hash_key or "id",
      hash_key_proto_value = key.hash_key_type or "S", range_key_name = key.range_key,
      range_key_proto_value = key.range_key and (key.range_key_type or "S") or nil })
  end
  return given
end

-- Creates a table and waits until it is ready -> its description. Raises the error object of a failure.
local function create(own, given)
  local made, err = own:create_table(given)
  if not made then error(err, 0) end
  local ready
  ready, err = made:wait_until_active({ timeout = WAIT })
  if not ready then error(err, 0) end
  local description
  description, err = own:describe_table(given.name)
  if not description then error(err, 0) end
  return description.Table
end

local function check_name(definition)
  local name = definition.name
  if name ~= nil and not (type(name) == "string" and name:find("^[%w_.-]+$") and #name <= 200) then
    errors.raise("testing.table: option 'name': up to 200 letters, digits, '_', '.', '-' expected, got %s",
      type(name) == "string" and "'" .. name:sub(1, 40) .. "'" or objects.describe(name))
  end
end

--- Creates a table with a unique name, and waits until it is ready. It is deleted at the end of busted's
--- block in which it was made. Raises the error object of a failure.
---@param conn dynamodb.Connection
---@param definition? table name (the beginning of the name, "test"), hash_key ("id"), hash_key_type ("S"),
--- range_key, range_key_type ("S"), and the other options of conn:create_table
---@return dynamodb.Table
---@return dynamodb.testing.TableGuard guard guard:delete(), or a to-be-closed variable, deletes the table
function tables.table(conn, definition)
  if core.typename(conn) ~= "dynamodb.connection" then
    errors.raise("testing.table: connection expected, got %s", objects.describe(conn))
  end
  if definition == nil then definition = options.NONE end
  if not objects.is_plain(definition) then
    errors.raise("testing.table: table of options expected, got %s", objects.describe(definition))
  end
  check_name(definition)
  local own = own_connection(conn)
  local guard = setmetatable({ connection = own, name = false }, Guard)
  local ok, description = pcall(function()
    local given = creation_of(own, definition)
    guard.name = given.name
    return create(own, given)
  end)
  if not ok then
    own:close()
    error(description, 0)
  end
  guard._forget = blocks.at_end(function() guard:delete() end)
  local tbl, err = table_objects.from_description(conn, operations.DescribeTable, { TableName = guard.name },
    guard.name, description, definition.version_attribute)
  if not tbl then error(err, 0) end
  return tbl, guard
end

--- Deletes the table. Does nothing when it is deleted. Raises the error object of a failure.
function Guard:delete()
  local own = self.connection
  if not own then return end
  self.connection = nil
  self._forget()
  local _, err = own:delete_table(self.name)
  own:close()
  if err and err.code ~= "ResourceNotFoundException" then error(err, 0) end
end
Guard.__close = Guard.delete

function Guard:__tostring()
  return ("TableGuard(%s)"):format(self.name)
end

--- Puts items into a table. Raises the error object of a failure.
---@param tbl dynamodb.Table
---@param given table|string list of tables of attributes; JSON or DynamoDB JSON, one item a line or a list;
--- or the path of a file with such text
---@return integer count of items
function tables.load(tbl, given)
  if core.typename(tbl) ~= "dynamodb.table" then
    errors.raise("testing.load: table expected, got %s", objects.describe(tbl))
  end
  local fields, conn = core.table_parts(tbl)
  local items = fixtures.read(given, fields.schema)
  if #items == 0 then return 0 end
  local own = own_connection(conn)
  local ok, done, err = pcall(function()
    return own:table(fields.name, fields.schema):batch_write({ put = items })
  end)
  own:close()
  if not ok then error(done, 0) end
  if not done then error(err, 0) end
  return #items
end

arguments.check_methods(Guard, "guard", { Guard }, { delete = "" })

return tables
