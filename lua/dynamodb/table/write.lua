--- Writes single items: put, update and delete with conditions, and the guards of items.

local pipeline = require("dynamodb.request.pipeline")
local capacity = require("dynamodb.table.capacity")
local condition = require("dynamodb.expression.condition")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local expressions = require("dynamodb.expression.builder")
local operations = require("dynamodb.base.operations")
local objects = require("dynamodb.base.objects")
local options = require("dynamodb.base.options")
local response = require("dynamodb.request.response")
local response_check = require("dynamodb.request.response_check")
local schema = require("dynamodb.table.schema")
local update = require("dynamodb.expression.update")

local unpack = table.unpack or unpack -- luacheck: ignore 143 113

local write = {}

--- The options that write.condition combines into one condition.
write.condition_options = {
  condition = options.any,
  create_only = options.boolean,
  expected_value = options.any,
  replace_only = options.boolean,
}

-- The options of every write.
local shared_options = options.merge(write.condition_options, capacity.options, {
  return_item_on_failure = options.boolean,
  return_values = options.choice("NONE", "ALL_OLD"),
})

--- Returns the option schema of a write: the options of every write, and these.
function write.options(more)
  return options.with_write_options(options.merge(shared_options, more))
end

write.any_values = options.choice("NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW")

--- Returns the ConditionExpression of a write | nil. 'guard' is a condition that the library adds.
function write.condition(expression, given, fields, guard)
  local texts = {}
  local function add(value, what)
    if value == nil then return end
    if #texts > 0 then expression:count(1) end -- AND
    texts[#texts + 1] = condition.write_part(expression, value, what)
  end
  expression.what = guard and "condition and guard" or "condition"
  local hash = condition.attr({ fields.schema.hash_key_name })
  if given.create_only and given.replace_only then
    expression:fail("options 'create_only' and 'replace_only' exclude each other")
  end
  add(given.condition, "condition")
  add(given.expected_value, "expected_value")
  add(given.create_only and hash:not_exists() or nil, "create_only")
  add(given.replace_only and hash:exists() or nil, "replace_only")
  add(guard, "guard")
  return #texts > 0 and expression:finish(table.concat(texts, " AND "), expression.what) or nil
end

-- Adds the members of a request that come from the options.
local function add_options(request, expression, given, fields, guard)
  request.ConditionExpression = write.condition(expression, given, fields, guard)
  request.ReturnConsumedCapacity = capacity.as_sent[given.return_consumed_capacity]
  request.ReturnValues = given.return_values
  request.ReturnValuesOnConditionCheckFailure = given.return_item_on_failure and "ALL_OLD" or nil
  expression:into(request)
end

-- Returns the key of a write. The item of a put may be encoded.
local function key_of(fields, request)
  if request.Key then return request.Key end
  local item, key = request.Item, {}
  if type(item) == "string" then item = assert(core.decode(item, "item")) end
  for _, name in ipairs(schema.names(fields.schema)) do key[name] = item[name] end
  return key
end

local whole_items = { ALL_NEW = true, ALL_OLD = true } -- values of ReturnValues

-- Returns what is wrong with the attributes that a write returns | nil. There is always a new item, but not
-- always an old one. Attributes that were not asked for are dropped.
local function attributes_misfit(result, request, fields)
  local asked, attributes = request.ReturnValues, result.Attributes
  if asked == "ALL_NEW" and not attributes then return "Attributes: missing" end
  if not asked or asked == "NONE" then result.Attributes = nil end
  local why = attributes and whole_items[asked] and response_check.key(attributes, key_of(fields, request))
  return why and "Attributes" .. why
end

-- Calls a write -> response | nil, err. A write that was wrapped into a transaction has a list of capacities.
local function call(connection, operation, request, given, explain, fields)
  local result, err = pipeline.call(connection, operation, request, nil, given, explain, fields)
  if not result then
    if err.item and response_check.key(err.item, key_of(fields, request)) then err.item = nil end
    return nil, err
  end
  local consumed = result.ConsumedCapacity
  if consumed and consumed[1] then result.ConsumedCapacity = consumed[1] end
  local why = (result.Attributes or request.ReturnValues) and attributes_misfit(result, request, fields)
  if why then return nil, response.unfit(operation, request, why) end
  return result
end

-- Sends a write -> response | nil, err.
local function send(connection, operation, request, given, fields, where, guard, explain)
  if guard or next(given) then add_options(request, expressions.new(where), given, fields, guard) end
  return call(connection, operation, request, given, explain, fields)
end

-- Names a put in messages: "PutItem messages { id = "a" }".
local function explain_put(params, fields)
  return ("PutItem %s %s"):format(fields.name, schema.show_key(fields.schema, params.Item))
end

-- PutItem of attributes that are encoded already.
local put_encoded = setmetatable({ input = { Item = "wire", ExpressionAttributeValues = "item" } },
  { __index = operations.PutItem })

--- Puts attributes, given as a table or as encoded text -> response | nil, err.
function write.put(connection, fields, attributes, given, where, guard)
  local request = { TableName = fields.name, Item = attributes }
  if type(attributes) == "string" then
    return send(connection, put_encoded, request, given, fields, where, guard)
  end
  return send(connection, operations.PutItem, request, given, fields, where, guard, explain_put)
end

--- Deletes the item with a key -> response | nil, err.
function write.delete(connection, fields, key, given, where, guard)
  local request = { TableName = fields.name, Key = key }
  return send(connection, operations.DeleteItem, request, given, fields, where, guard)
end

--- Returns the request of an update.
---@param actions any what update.write takes
function write.update_request(fields, key, actions, given, where, guard)
  local advice = where == "save" and "; item:put(), which stores the whole item, has no such limit" or nil
  local expression = expressions.new(where, advice)
  local request = { TableName = fields.name, Key = key, UpdateExpression = update.write(expression, actions) }
  add_options(request, expression, given, fields, guard)
  return request
end

--- Updates the item with a key -> response | nil, err.
---@param actions any what update.write takes
function write.update(connection, fields, key, actions, given, where, guard)
  local request = write.update_request(fields, key, actions, given, where, guard)
  return call(connection, operations.UpdateItem, request, given, nil, fields)
end

--- Returns the value at a path of returned attributes. For an updated list element the service returns a list
--- of this element alone.
function write.value_at(attributes, steps)
  local value = attributes
  for _, step in ipairs(steps) do
    if type(value) ~= "table" then return nil end
    if type(step) == "number" then
      value = value[#value == 1 and 1 or step + 1]
    else
      value = value[step]
    end
  end
  return value
end

-- {===== Guards of items =====

write.guard_option = function(value)
  return value == false or value == "changed" or value == "version", "'changed', 'version' or false"
end

--- Returns the guard of an item's write, "changed", "version" or false. The default is "version" for a table
--- with a version_attribute, otherwise false.
function write.guard(given, fields, where)
  local guard = given.guard
  if guard == nil then guard = fields.version_attribute and "version" or false end
  if guard == "version" and not fields.version_attribute then
    errors.raise("%s: option 'guard': the table has no version_attribute", where)
  end
  return guard
end

-- Returns the condition that the parent is a map, or a list of the same length as before.
local function parent_condition(parent, length)
  if length then return parent:size():eq(length) end
  return parent:attribute_type("M")
end

--- Returns the condition that the changed paths have the values that were loaded; for a new item, that it
--- does not exist.
function write.unchanged(fields, loaded, changes)
  if not loaded then return condition.attr({ fields.schema.hash_key_name }):not_exists() end
  local tests, known = { condition.attr({ fields.schema.hash_key_name }):exists() }, {}
  for _, change in ipairs(changes) do
    local attribute = condition.attr(change.path)
    if change.old ~= nil then
      tests[#tests + 1] = attribute:eq(change.old)
    elseif not change.length then
      tests[#tests + 1] = attribute:not_exists()
    end
    if change.length or (change.old == nil and #change.path > 1) then
      local parent = { unpack(change.path, 1, #change.path - 1) }
      local name = table.concat(parent, "\0")
      if not known[name] then tests[#tests + 1] = parent_condition(condition.attr(parent), change.length) end
      known[name] = true
    end
  end
  return condition.all_of(tests)
end

--- Returns the condition that the stored item has the version that was loaded.
function write.same_version(name, loaded)
  local version = loaded and loaded[name]
  local attribute = condition.attr({ name })
  return version == nil and attribute:not_exists() or attribute:eq(version)
end

--- Returns the version after the loaded one.
function write.next_version(name, loaded, where)
  local version = loaded and loaded[name]
  if version == nil then return 1 end
  if type(version) ~= "number" then
    errors.raise("%s: version attribute '%s': number expected, got %s", where, name,
      objects.describe(version))
  end
  return version + 1
end

-- ===================== }

return write
