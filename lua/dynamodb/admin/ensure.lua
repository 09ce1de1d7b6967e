--- ensure_table: creates a table if it does not exist, and reports where it differs from its definition.

local arguments = require("dynamodb.base.arguments")
local context = require("dynamodb.request.context")
local core = require("dynamodb.core")
local table_definition = require("dynamodb.admin.table_definition")
local options = require("dynamodb.base.options")

local Connection = core.connection_class.methods
local ensure = {}

-- Returns the text of a key schema, for comparison and messages.
local function key_text(key_schema)
  local parts = {}
  for i, element in ipairs(key_schema or {}) do parts[i] = element.AttributeName .. " " .. element.KeyType end
  return table.concat(parts, ", ")
end

local function by_name(list)
  local named = {}
  for _, index in ipairs(list or {}) do named[index.IndexName] = index end
  return named
end

local function projection_text(projection)
  local names = {}
  for i, name in ipairs((projection or {}).NonKeyAttributes or {}) do names[i] = name end
  table.sort(names)
  table.insert(names, 1, (projection or {}).ProjectionType or "ALL")
  return table.concat(names, " ")
end

-- Adds a pair of texts: what was defined and what exists. Undefined properties are not compared.
local function compare(list, what, asked, found)
  if asked ~= nil then list[#list + 1] = { what = what, asked = tostring(asked), found = tostring(found) } end
end

local capacities = {
  { "read_units", "ProvisionedThroughput", "ReadCapacityUnits" },
  { "write_units", "ProvisionedThroughput", "WriteCapacityUnits" },
  { "max_read_units", "OnDemandThroughput", "MaxReadRequestUnits", -1 },
  { "max_write_units", "OnDemandThroughput", "MaxWriteRequestUnits", -1 },
  { "warm read units", "WarmThroughput", "ReadUnitsPerSecond" },
  { "warm write units", "WarmThroughput", "WriteUnitsPerSecond" },
}

-- Compares the capacity of a table or an index.
local function compare_capacity(list, suffix, asked, found)
  for _, each in ipairs(capacities) do
    local what, group, member, none = each[1], each[2], each[3], each[4]
    compare(list, what .. suffix, (asked[group] or {})[member], (found[group] or {})[member] or none)
  end
end

local function compare_indexes(list, asked, found)
  for name, index in pairs(asked) do
    local other = found[name]
    compare(list, "index " .. name, key_text(index.KeySchema), other and key_text(other.KeySchema) or "none")
    if other then
      local projection = projection_text(other.Projection)
      compare(list, "projection of " .. name, projection_text(index.Projection), projection)
      compare_capacity(list, " of " .. name, index, other)
    end
  end
  for name, index in pairs(found) do
    if not asked[name] then compare(list, "index " .. name, "none", key_text(index.KeySchema)) end
  end
end

local function compare_types(list, asked, found)
  local types = {}
  for _, attribute in ipairs(found or {}) do types[attribute.AttributeName] = attribute.AttributeType end
  for _, attribute in ipairs(asked) do
    compare(list, "type of " .. attribute.AttributeName, attribute.AttributeType,
      types[attribute.AttributeName] or "none")
  end
end

-- Returns the view of a stream | false when there is none | nil when it is not defined.
local function stream_of(specification)
  if not specification then return nil end
  return specification.StreamEnabled and specification.StreamViewType or false
end

local function comparisons(asked, found)
  local list = {}
  compare(list, "key", key_text(asked.KeySchema), key_text(found.KeySchema))
  compare_types(list, asked.AttributeDefinitions, found.AttributeDefinitions)
  local billing = found.BillingModeSummary and found.BillingModeSummary.BillingMode or "PROVISIONED"
  compare(list, "billing_mode", asked.BillingMode, billing)
  compare_capacity(list, "", asked, found)
  for _, member in ipairs({ "GlobalSecondaryIndexes", "LocalSecondaryIndexes" }) do
    compare_indexes(list, by_name(asked[member]), by_name(found[member]))
  end
  compare(list, "stream", stream_of(asked.StreamSpecification), stream_of(found.StreamSpecification) or false)
  compare(list, "table_class", asked.TableClass, (found.TableClassSummary or {}).TableClass or "STANDARD")
  compare(list, "deletion_protection", asked.DeletionProtectionEnabled,
    found.DeletionProtectionEnabled or false)
  local encryption, key = asked.SSESpecification or {}, found.SSEDescription or {}
  local encrypted = key.Status == "ENABLED" or key.Status == "UPDATING"
  compare(list, "encryption", encryption.Enabled, encrypted)
  local id = encryption.KMSMasterKeyId -- only an ARN can be compared with the description
  compare(list, "encryption key", id and id:match("^arn:.*:key/.*"), key.KMSMasterKeyArn)
  return list
end

-- Compares tags. They are not in the description, so they cost a request when they are defined.
local function compare_tags(list, asked, found)
  for _, tag in ipairs(asked) do compare(list, "tag " .. tag.Key, tag.Value, found[tag.Key] or "none") end
end

local ensure_options = { timeout = options.seconds }
for name, validator in pairs(table_definition.options) do ensure_options[name] = validator end

-- Looks a table up, and creates it if it does not exist -> table | nil, err.
local function lookup_or_create(self, asked)
  local versions = { version_attribute = asked.version_attribute }
  local found, err = self:lookup(asked.name, versions)
  if found or err then return found, err end
  err = context.closed_meanwhile(self)
  if err then return nil, err end
  found, err = self:create_table(asked)
  if found or err.code ~= "ResourceInUseException" then return found, err end
  err = context.closed_meanwhile(self)
  if err then return nil, err end
  return self:get_table(asked.name, versions) -- another client created it meanwhile
end

--- Creates the table if it does not exist, and waits until it is ACTIVE. An existing table is not changed.
--- @param given table the options of create_table, and timeout in seconds
--- @return userdata? table
--- @return table differences list of { what =, asked =, found = } | dynamodb.Error
function Connection:ensure_table(given)
  options.check(ensure_options, given, "ensure_table")
  local asked, timeout = {}, given.timeout
  for name, value in pairs(given) do asked[name] = value end
  asked.timeout = nil
  local request = table_definition.create_request(asked, "ensure_table")
  local found, err = lookup_or_create(self, asked)
  err = err or context.closed_meanwhile(self)
  if err then return nil, err end
  local ok
  ok, err = found:wait_until_active({ timeout = timeout })
  if ok then err = context.closed_meanwhile(self) end
  if err then return nil, err end
  local description
  description, err = self:describe_table(found)
  if not description then return nil, err end
  local list, differences = comparisons(request, description.Table), {}
  if request.Tags then
    local tags
    err = context.closed_meanwhile(self)
    if not err then tags, err = found:tags() end
    if not tags then return nil, err end
    compare_tags(list, request.Tags, tags)
  end
  for _, pair in ipairs(list) do
    if pair.asked ~= pair.found then differences[#differences + 1] = pair end
  end
  return found, differences
end

arguments.check_methods(Connection, "conn", { core.connection_class }, { ensure_table = "options" })

return ensure
