--- Writing single items of a table: put, update and delete with conditions, and what items need of them.

local pipeline = require("dynamodb.request.pipeline")
local condition = require("dynamodb.expression.condition")
local core = require("dynamodb.core")
local expressions = require("dynamodb.expression.builder")
local operations = require("dynamodb.base.operations")
local options = require("dynamodb.base.options")
local update = require("dynamodb.expression.update")

local unpack = table.unpack or unpack -- luacheck: ignore 143 113

local write = {}

-- What every write takes besides the item.
local shared_options = {
  condition = options.any,
  create_only = options.boolean,
  expected_value = options.any,
  replace_only = options.boolean,
  return_item_on_failure = options.boolean,
  return_values = options.choice("NONE", "ALL_OLD"),
}

--- The options of a write: those that all take, and more.
function write.options(more)
  local all = {}
  for name, validator in pairs(shared_options) do all[name] = validator end
  for name, validator in pairs(more or {}) do all[name] = validator end
  return options.with_write_options(all)
end

write.any_values = options.choice("NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW")

--- The condition of a write -> text | nil. 'guard' is one more condition, of the library's own.
function write.condition(expression, given, fields, guard)
  local texts = {}
  local function add(value, what)
    if value ~= nil then texts[#texts + 1] = condition.write(expression, value, what) end
  end
  local hash = condition.attr({ fields.schema.hash_key_name })
  if given.create_only and given.replace_only then
    expression:fail("options 'create_only' and 'replace_only' exclude each other")
  end
  add(given.condition, "condition")
  add(given.expected_value, "expected_value")
  add(given.create_only and hash:not_exists() or nil, "create_only")
  add(given.replace_only and hash:exists() or nil, "replace_only")
  add(guard, "guard")
  return #texts > 0 and expression:finish(table.concat(texts, " AND "), "condition") or nil
end

-- Puts what the options of a write say into its request.
local function complete(request, expression, given, fields, guard)
  request.ConditionExpression = write.condition(expression, given, fields, guard)
  request.ReturnValues = given.return_values
  request.ReturnValuesOnConditionCheckFailure = given.return_item_on_failure and "ALL_OLD" or nil
  expression:into(request)
end

-- Sends a write -> response | nil, err. Without options its request is complete.
local function send(connection, operation, request, given, fields, where, guard)
  if guard or next(given) then complete(request, expressions.new(where), given, fields, guard) end
  return pipeline.call(connection, operation, request, nil, given)
end

-- PutItem of attributes that were encoded before.
local put_encoded = setmetatable({ input = { Item = "wire", ExpressionAttributeValues = "item" } },
  { __index = operations.PutItem })

--- Stores attributes, given as a table or as encoded text -> response | nil, err.
function write.put(connection, fields, attributes, given, where, guard)
  local operation = type(attributes) == "string" and put_encoded or operations.PutItem
  local request = { TableName = fields.name, Item = attributes }
  return send(connection, operation, request, given, fields, where, guard)
end

--- Deletes the item with a key -> response | nil, err.
function write.delete(connection, fields, key, given, where, guard)
  local request = { TableName = fields.name, Key = key }
  return send(connection, operations.DeleteItem, request, given, fields, where, guard)
end

--- Updates the item with a key; 'actions' as update.write takes them -> response | nil, err.
function write.update(connection, fields, key, actions, given, where, guard)
  local expression = expressions.new(where)
  local request = { TableName = fields.name, Key = key, UpdateExpression = update.write(expression, actions) }
  complete(request, expression, given, fields, guard)
  return pipeline.call(connection, operations.UpdateItem, request, nil, given)
end

--- A value within returned attributes: of a list element only that one comes back.
function write.value_at(attributes, steps)
  local value = attributes
  for _, step in ipairs(steps) do
    if type(value) ~= "table" then return nil end
    if type(step) == "number" then step = #value == 1 and 1 or step + 1 end
    value = value[step]
  end
  return value
end

-- {===== What an item's own writes are guarded by =====

write.guard_option = function(value)
  return value == false or value == "changed" or value == "version", "'changed', 'version' or false"
end

--- The guard of an item's write: the caller's choice, else the version when the table has one.
function write.guard(given, fields, where, raise)
  local guard = given.guard
  if guard == nil then guard = fields.version_attribute and "version" or false end
  if guard == "version" and not fields.version_attribute then
    raise("%s: option 'guard': the table has no version_attribute", where)
  end
  return guard
end

-- The condition that a place can be added to a map, or that a list has the length it had.
local function around(parent, length)
  if length then return parent:size():eq(length) end
  return parent:attribute_type("M")
end

--- The condition that nobody else changed these places since they were loaded; for a new item, that there is
--- none.
function write.unchanged(fields, loaded, changes)
  if not loaded then return condition.attr({ fields.schema.hash_key_name }):not_exists() end
  local tests, known = { condition.attr({ fields.schema.hash_key_name }):exists() }, {}
  for _, change in ipairs(changes) do
    local place = condition.attr(change.path)
    if change.old ~= nil then
      tests[#tests + 1] = place:eq(change.old)
    elseif not change.length then
      tests[#tests + 1] = place:not_exists()
    end
    if change.length or (change.old == nil and #change.path > 1) then
      local parent = { unpack(change.path, 1, #change.path - 1) }
      local name = table.concat(parent, "\0")
      if not known[name] then tests[#tests + 1] = around(condition.attr(parent), change.length) end
      known[name] = true
    end
  end
  return condition.all_of(tests)
end

--- The condition that the item has the version it was loaded with.
function write.same_version(name, loaded)
  local version = loaded and loaded[name]
  local place = condition.attr({ name })
  return version == nil and place:not_exists() or place:eq(version)
end

--- The version after this one.
function write.next_version(name, loaded, where, raise)
  local version = loaded and loaded[name]
  if version == nil then return 1 end
  if type(version) ~= "number" then
    raise("%s: version attribute '%s': number expected, got %s", where, name, core.typename(version))
  end
  return version + 1
end

-- ===================== }

return write
