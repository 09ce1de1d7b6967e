--- Methods of a table as a whole: state, waiting, updates, deletion, indexes, time to live and tags.

local arguments = require("dynamodb.base.arguments")
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
local poll = require("dynamodb.admin.poll")

local Table = core.table_class.methods
local table_admin = {}

local WAIT_TIMEOUT = 300 -- seconds

--- Calls an operation on the table -> response | nil, err. 'more' has further members of the request, 'given'
--- call options.
function table_admin.call(self, name, more, given)
  local fields, connection = core.table_parts(self)
  local request = { TableName = fields.name }
  for member, value in pairs(more or {}) do request[member] = value end
  return pipeline.call(connection, operations[name], request, nil, given)
end

-- Returns the ARN of the table, which may take one DescribeTable | nil, err.
local function arn_of(self)
  local fields = core.table_parts(self)
  if not fields.arn then
    local err = tables.refresh(self)
    if err then return nil, err end
  end
  if fields.arn then return fields.arn end
  return nil, response.unfit(operations.DescribeTable, { TableName = fields.name }, "Table.TableArn: missing")
end

--- Calls an operation that names the table by its ARN -> response | nil, err.
function table_admin.call_by_arn(self, name, member, more)
  local arn, err = arn_of(self)
  if not arn then return nil, err end
  local _, connection = core.table_parts(self)
  local request = { [member] = arn }
  for key, value in pairs(more or {}) do request[key] = value end
  return pipeline.call(connection, operations[name], request)
end

--- Returns one member of a response | nil, err.
function table_admin.part(result, err, member)
  if not result then return nil, err end
  return result[member]
end

local call, call_by_arn, part = table_admin.call, table_admin.call_by_arn, table_admin.part

-- {===== State and waiting =====

local refresh_options = options.with_call_options({ timeout = options.seconds,
  wait_for_active = options.boolean })

-- Updates the fields of the table object -> the table | nil, err.
local function refresh(self, given)
  local result, err = call(self, "DescribeTable", nil, given)
  if not result then return nil, err end
  return tables.update(self, operations.DescribeTable, result.Table)
end

--- Describes the table and updates the fields of the table object. With wait_for_active it waits until the
--- table is ACTIVE, at most 'timeout' seconds (300) -> the table | nil, err.
function Table:refresh(given)
  given = options.read(refresh_options, given, "refresh")
  if not given.wait_for_active then
    if given.timeout then errors.raise("refresh: option 'timeout' goes with 'wait_for_active'") end
    return refresh(self, given)
  end
  for name in pairs(given) do
    if name ~= "timeout" and name ~= "wait_for_active" then
      errors.raise("refresh: option '%s' excludes 'wait_for_active'", name)
    end
  end
  local ok, err = self:wait_until_active({ timeout = given.timeout })
  return ok and self, err
end

--- Deletes the table -> true | nil, err.
function Table:delete()
  local fields, connection = core.table_parts(self)
  local description, err = connection:delete_table(fields.name)
  if not description then return nil, err end
  local ok
  ok, err = tables.update(self, operations.DeleteTable, description)
  if not ok then return nil, err end
  return true
end

local wait_options = { on_progress = options["function"], timeout = options.seconds }

--- Calls poll.poll with the options of a method that waits; for a table with its name.
function table_admin.wait(connection, given, where, what, ask, name)
  given = options.read(wait_options, given, where)
  local state = core.connection_state(connection)
  local ok, err = poll.poll(state, given.timeout or WAIT_TIMEOUT, what, ask, given.on_progress)
  if ok then return ok end
  err.operation, err.table = err.operation or where, err.table or name
  return nil, errors.locate(err)
end

--- Returns the results of a check for a state that will not be reached.
function table_admin.unreachable(text)
  return nil, errors.new({ kind = "service", message = text })
end

local unreachable = table_admin.unreachable

-- Refreshes the table until check(ok, err, fields) returns true.
local function wait_for_table(self, given, where, ask)
  local fields, connection = core.table_parts(self)
  return table_admin.wait(connection, given, where, tostring(self), function(limits)
    local ok, err = refresh(self, limits)
    return ask(ok, err, fields)
  end, fields.name)
end

-- States in which a table remains or ends.
local lost = { ARCHIVED = "archived", ARCHIVING = "being archived", DELETING = "being deleted" }

--- Waits until the table is ACTIVE, at most 'timeout' seconds (300) -> true | nil, err.
function Table:wait_until_active(given)
  return wait_for_table(self, given, "wait_until_active", function(ok, err, fields)
    if not ok then
      if err.code == "ResourceNotFoundException" then return false, "unknown to the service" end
      return nil, err
    end
    if fields.status == "ACTIVE" then return true, fields.status end
    if lost[fields.status] then return unreachable(tostring(self) .. " is " .. lost[fields.status]) end
    return false, fields.status
  end)
end

--- Waits until the table does not exist, at most 'timeout' seconds (300) -> true | nil, err.
function Table:wait_until_deleted(given)
  return wait_for_table(self, given, "wait_until_deleted", function(ok, err, fields)
    if ok then return false, fields.status end
    if err.code == "ResourceNotFoundException" then return true end
    return nil, err
  end)
end

--- Waits until an index is ACTIVE, at most 'timeout' seconds (300) -> true | nil, err.
function Table:wait_until_index_active(name, given)
  if type(name) ~= "string" then
    errors.raise("wait_until_index_active: name expected, got %s", objects.describe(name))
  end
  return wait_for_table(self, given, "wait_until_index_active", function(ok, err, fields)
    if not ok then return nil, err end
    local index = (fields.indexes or {})[name]
    if not index or index.status == "DELETING" then
      return unreachable(("%s has no index '%s'"):format(tostring(self), tostring(name)))
    end
    return index.status == "ACTIVE", index.status
  end)
end

-- ===================== }
-- {===== Changing =====

-- Sends an UpdateTable -> the table, with updated fields | nil, err.
local function update_table(self, request)
  local result, err = call(self, "UpdateTable", request)
  if not result then return nil, err end
  return tables.update(self, operations.UpdateTable, result.TableDescription)
end

-- Returns the updates of global indexes from { name = { read_units =, ... } }.
local function index_updates(indexes)
  if not indexes then return nil end
  local list = {}
  for name, given in pairs(indexes) do
    local where = ("update: indexes.%s"):format(tostring(name))
    options.check(table_definition.capacity_options, given, where)
    table_definition.check_units(given, where)
    list[#list + 1] = { Update = table_definition.capacity(given, { IndexName = name }) }
  end
  if #list == 0 then errors.raise("update: option 'indexes': { name = { ... } } expected") end
  return list
end

--- Changes the settings of the table, with options of create_table -> the table | nil, err. Units make it
--- provisioned, billing_mode = "PAY_PER_REQUEST" on-demand; 'indexes' has the capacity of global indexes by
--- name.
function Table:update(given)
  local known = {
    billing_mode = options.choice("PAY_PER_REQUEST", "PROVISIONED"),
    indexes = options.table,
  }
  for name, validator in pairs(table_definition.settings_options) do known[name] = validator end
  options.check(known, given, "update")
  if next(given) == nil then errors.raise("update: at least one option expected") end
  table_definition.check_units(given, "update")
  local mode = given.billing_mode or (given.read_units and "PROVISIONED") or nil
  return update_table(self, table_definition.settings(given, {
    BillingMode = mode,
    GlobalSecondaryIndexUpdates = index_updates(given.indexes),
  }))
end

--- Changes provisioned capacity -> the table | nil, err.
function Table:update_throughput(read_units, write_units)
  return self:update({ read_units = read_units, write_units = write_units })
end

--- Adds a global index: { name =, hash_key = { "a", "S" }, range_key =, projection =, ... } -> the table |
--- nil, err.
function Table:create_index(given)
  local key = core.table_parts(self).schema
  local attributes = { [key.hash_key_name] = key.hash_key_type }
  if key.range_key_name then attributes[key.range_key_name] = key.range_key_type end
  local index = table_definition.index(given, "create_index", attributes)
  return update_table(self, {
    AttributeDefinitions = table_definition.attributes(attributes),
    GlobalSecondaryIndexUpdates = { { Create = index } },
  })
end

--- Drops a global index -> the table | nil, err.
function Table:drop_index(name)
  if type(name) ~= "string" then errors.raise("drop_index: name expected, got %s", objects.describe(name)) end
  return update_table(self, { GlobalSecondaryIndexUpdates = { { Delete = { IndexName = name } } } })
end

--- Raises unless 'enabled' is a boolean or nil.
function table_admin.check_enabled(enabled, where)
  if enabled ~= nil and type(enabled) ~= "boolean" then
    errors.raise("%s: true or false expected, got %s", where, objects.describe(enabled))
  end
end

--- Enables expiry of items by an attribute that holds seconds since 1970; enabled = false disables it ->
--- description | nil, err.
function Table:update_ttl(attribute, enabled)
  if type(attribute) ~= "string" then
    errors.raise("update_ttl: attribute name expected, got %s", objects.describe(attribute))
  end
  table_admin.check_enabled(enabled, "update_ttl")
  local result, err = call(self, "UpdateTimeToLive", {
    TimeToLiveSpecification = { AttributeName = attribute, Enabled = enabled ~= false },
  })
  return part(result, err, "TimeToLiveSpecification")
end

local function ttl_of(self, given)
  local result, err = call(self, "DescribeTimeToLive", nil, given)
  return part(result, err, "TimeToLiveDescription")
end

--- Describes the expiry of items -> { AttributeName =, TimeToLiveStatus = } | nil, err.
function Table:describe_ttl()
  return ttl_of(self)
end

--- Waits until expiry is ENABLED, at most 'timeout' seconds (300) -> true | nil, err.
function Table:wait_until_ttl_enabled(given)
  local fields, connection = core.table_parts(self)
  local what = tostring(self) .. ": time to live"
  return table_admin.wait(connection, given, "wait_until_ttl_enabled", what, function(limits)
    local ttl, err = ttl_of(self, limits)
    if not ttl then return nil, err end
    if ttl.TimeToLiveStatus == "DISABLED" then return unreachable("time to live is not being enabled") end
    return ttl.TimeToLiveStatus == "ENABLED", ttl.TimeToLiveStatus
  end, fields.name)
end

--- Sets tags: { name = value } -> true | nil, err.
function Table:tag(tags)
  if not objects.is_plain(tags) or next(tags) == nil then
    errors.raise("tag: { name = value } expected, got %s", objects.describe(tags))
  end
  local result, err = call_by_arn(self, "TagResource", "ResourceArn",
    { Tags = table_definition.tag_list(tags, "tag") })
  if not result then return nil, err end
  return true
end

--- Removes tags by their names -> true | nil, err.
function Table:untag(names)
  if #arguments.check_list(names, "untag", "names") == 0 then
    errors.raise("untag: list of names expected, got an empty one")
  end
  local result, err = call_by_arn(self, "UntagResource", "ResourceArn", { TagKeys = names })
  if not result then return nil, err end
  return true
end

--- Returns all tags -> { name = value } | nil, err.
function Table:tags()
  local arn, why = arn_of(self)
  if not arn then return nil, why end
  local _, connection = core.table_parts(self)
  local list, err = results.new(connection, operations.ListTagsOfResource, { ResourceArn = arn }, {}):all()
  if not list then return nil, err end
  local tags = {}
  for _, tag in ipairs(list) do tags[tag.Key] = tag.Value end
  return tags
end

-- ===================== }

arguments.check_methods(Table, "tbl", { core.table_class }, {
  create_index = "options",
  delete = "",
  describe_ttl = "",
  drop_index = "name",
  refresh = "options",
  tag = "tags",
  tags = "",
  untag = "names",
  update = "options",
  update_throughput = "read_units, write_units",
  update_ttl = "attribute, enabled",
  wait_until_active = "options",
  wait_until_deleted = "options",
  wait_until_index_active = "name, options",
  wait_until_ttl_enabled = "options",
})

return table_admin
