--- ensure_table: a table as it is asked for, made if it is not there, and told where it differs.

local core = require("dynamodb.core")
local definition = require("dynamodb.definition")
local options = require("dynamodb.options")

local Connection = core.connection_class.methods
local ensure = {}

-- Text of a key schema or the like, for comparing and for people.
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
  return ((projection or {}).ProjectionType or "ALL") .. " " .. table.concat(names, ", ")
end

-- What is as it was asked for, as pairs of texts: { what, asked, found }. Members not asked for are not
-- compared.
local function comparisons(asked, found)
  local list = {}
  local function compare(what, a, b)
    if a ~= nil then list[#list + 1] = { what = what, asked = tostring(a), found = tostring(b) } end
  end
  compare("key", key_text(asked.KeySchema), key_text(found.KeySchema))
  local types = {}
  for _, attribute in ipairs(found.AttributeDefinitions or {}) do
    types[attribute.AttributeName] = attribute.AttributeType
  end
  for _, attribute in ipairs(asked.AttributeDefinitions) do
    compare("type of " .. attribute.AttributeName, attribute.AttributeType, types[attribute.AttributeName])
  end
  local billing = found.BillingModeSummary and found.BillingModeSummary.BillingMode or "PROVISIONED"
  compare("billing_mode", asked.BillingMode, billing)
  local units, found_units = asked.ProvisionedThroughput or {}, found.ProvisionedThroughput or {}
  compare("read_units", units.ReadCapacityUnits, found_units.ReadCapacityUnits)
  compare("write_units", units.WriteCapacityUnits, found_units.WriteCapacityUnits)
  for _, member in ipairs({ "GlobalSecondaryIndexes", "LocalSecondaryIndexes" }) do
    local there = by_name(found[member])
    for name, index in pairs(by_name(asked[member])) do
      local other = there[name] or {}
      compare("index " .. name, key_text(index.KeySchema), key_text(other.KeySchema))
      compare("projection of " .. name, projection_text(index.Projection), projection_text(other.Projection))
    end
    for name, index in pairs(there) do
      if not by_name(asked[member])[name] then
        list[#list + 1] = { what = "index " .. name, asked = "none", found = key_text(index.KeySchema) }
      end
    end
  end
  local stream, found_stream = asked.StreamSpecification or {}, found.StreamSpecification or {}
  compare("stream", stream.StreamEnabled and stream.StreamViewType, found_stream.StreamViewType)
  compare("table_class", asked.TableClass, (found.TableClassSummary or {}).TableClass or "STANDARD")
  compare("deletion_protection", asked.DeletionProtectionEnabled, found.DeletionProtectionEnabled or false)
  return list
end

local ensure_options = { timeout = options.seconds }
for name, validator in pairs(definition.options) do ensure_options[name] = validator end

--- The table as create_table takes it: created if it is not there, waited for -> table, list of differences
--- between what was asked for and what is there, each { what =, asked =, found = } | nil, err. Changes
--- nothing in a table that exists.
function Connection:ensure_table(given)
  options.check(ensure_options, given, "ensure_table")
  local asked, timeout = {}, given.timeout
  for name, value in pairs(given) do asked[name] = value end
  asked.timeout = nil
  local request = definition.create_request(asked, "ensure_table")
  local found, err = self:lookup(asked.name)
  if err then return nil, err end
  if not found then
    found, err = self:create_table(asked)
    if not found and err.code == "ResourceInUseException" then found, err = self:get_table(asked.name) end
    if not found then return nil, err end
  end
  local ok
  ok, err = found:wait_until_active({ timeout = timeout })
  if not ok then return nil, err end
  local description
  description, err = self:describe_table(found)
  if not description then return nil, err end
  local differences = {}
  for _, pair in ipairs(comparisons(request, description.Table)) do
    if pair.asked ~= pair.found then differences[#differences + 1] = pair end
  end
  return found, differences
end

return ensure
