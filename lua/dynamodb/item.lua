--- dynamodb.item: attributes as a Lua table, and what of them the service does not know yet.

local client = require("dynamodb.client")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local operations = require("dynamodb.operations")
local options = require("dynamodb.options")
local schema = require("dynamodb.schema")

local Item = core.item_class.methods
local items = {}

-- PutItem of attributes that were encoded before.
local PUT_ENCODED = setmetatable({ input = { Item = "wire" } }, { __index = operations.PutItem })

--- The attributes of an item or of a plain table, not copied; raises for anything else.
function items.attributes_of(value, where)
  if type(value) == "table" then return value end
  if core.typename(value) ~= "dynamodb.item" then
    errors.raise("%s: table of attributes expected, got %s", where, core.typename(value))
  end
  local _, attributes = core.item_parts(value)
  return attributes
end

-- Table, attributes, what was loaded of them (nil for a new item), fields and connection of the table.
local function parts(self)
  local owner, attributes, text = core.item_parts(self)
  local fields, connection = core.table_parts(owner)
  return attributes, text and assert(core.decode(text, "item")), fields, connection, owner
end

local DEEPEST = 64 -- levels that are ever read

local function copy(value, depth)
  if core.typename(value) == "dynamodb.set" then return value:copy() end
  if type(value) ~= "table" then return value end
  if depth > DEEPEST then errors.raise("totable: nested deeper than %d levels (a cycle?)", DEEPEST) end
  local made = {}
  for name, inner in next, value do made[name] = copy(inner, depth + 1) end
  return setmetatable(made, getmetatable(value))
end

-- The item's key; raises when it is incomplete, or was changed since the item was loaded.
local function key_of(where, fields, attributes, loaded)
  local key = schema.key_of(fields.schema, where, attributes)
  for name, value in pairs(loaded and key or {}) do
    if not core.equal(value, loaded[name]) then
      errors.raise("%s: key attribute '%s' was changed (an item keeps its key; make a new one)", where, name)
    end
  end
  return key
end

--- The item's key, by attribute names.
function Item:key()
  local attributes, _, fields = parts(self)
  return schema.key_of(fields.schema, "key", attributes)
end

--- A copy of the attributes as plain tables.
function Item:totable()
  local _, attributes = core.item_parts(self)
  return copy(attributes, 0)
end

--- What put or save would change: { set = { name = value }, remove = { name, ... } } | nil when nothing.
--- Nested values count as changed when anything in them is.
function Item:changes()
  local attributes, loaded = parts(self)
  local set, remove = {}, {}
  for name, value in next, attributes do
    if not loaded or not core.equal(value, loaded[name]) then set[name] = value end
  end
  for name in next, loaded or {} do
    if attributes[name] == nil then remove[#remove + 1] = name end
  end
  table.sort(remove)
  if next(set) == nil and #remove == 0 then return nil end
  return { set = set, remove = remove }
end

--- Stores the whole item, replacing what has its key -> the item | nil, err.
function Item:put()
  local attributes, loaded, fields, connection = parts(self)
  key_of("put", fields, attributes, loaded)
  local text = client.encode(attributes, "item", "put")
  local result, err = client.call(connection, PUT_ENCODED, { TableName = fields.name, Item = text })
  if not result then return nil, err end
  core.item_load(self, text)
  return self
end

-- The UpdateExpression for changes, with its names and values; nil for no changes but the key.
local function update_of(changes, key)
  local names, values, set, remove = {}, {}, {}, {}
  local count = 0
  local function placeholder(name)
    count = count + 1
    names["#" .. count] = name
    return "#" .. count
  end
  for name, value in next, changes.set do
    if key[name] == nil then
      local place = placeholder(name)
      values[":" .. count] = value
      set[#set + 1] = place .. " = :" .. count
    end
  end
  for _, name in ipairs(changes.remove) do remove[#remove + 1] = placeholder(name) end
  if count == 0 then return {} end
  local clauses = {}
  if set[1] then clauses[1] = "SET " .. table.concat(set, ", ") end
  if remove[1] then clauses[#clauses + 1] = "REMOVE " .. table.concat(remove, ", ") end
  return { expression = table.concat(clauses, " "), names = names, values = set[1] and values }
end

--- Sends what changed, and nothing when nothing did: an UpdateItem that leaves other attributes alone -> the
--- item | nil, err.
function Item:save()
  local attributes, loaded, fields, connection = parts(self)
  local key = key_of("save", fields, attributes, loaded)
  local changes = self:changes()
  if not changes then return self end
  local text = client.encode(attributes, "item", "save")
  local update = update_of(changes, key)
  local result, err = client.call(connection, operations.UpdateItem, {
    TableName = fields.name,
    Key = key,
    UpdateExpression = update.expression,
    ExpressionAttributeNames = update.names,
    ExpressionAttributeValues = update.values,
  })
  if not result then return nil, err end
  core.item_load(self, text)
  return self
end

--- Deletes the item; it is then as if new, its attributes still here -> the item | nil, err.
function Item:delete()
  local attributes, loaded, fields, connection = parts(self)
  local key = key_of("delete", fields, attributes, loaded)
  local result, err = client.call(connection, operations.DeleteItem, { TableName = fields.name, Key = key })
  if not result then return nil, err end
  core.item_load(self, nil)
  return self
end

local reload_options = { consistent_read = options.boolean }

--- Reads the item again and forgets local changes -> the item | nil when it is gone (nothing forgotten) |
--- nil, err.
function Item:reload(given)
  given = given or {}
  options.check(reload_options, given, "reload")
  local attributes, loaded, _, _, owner = parts(self)
  local fields = core.table_parts(owner)
  local key = key_of("reload", fields, attributes, loaded)
  local fresh, err = owner:get_item({ key = key, consistent_read = given.consistent_read })
  if not fresh then return nil, err end
  local _, fresh_attributes, text = core.item_parts(fresh)
  core.item_load(self, text, fresh_attributes)
  return self
end

return items
