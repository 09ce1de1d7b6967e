--- The methods of an item: writing it whole or by its changes, and reading it again.

local late = require("dynamodb.base.late")
local arguments = require("dynamodb.base.arguments")
local pipeline = require("dynamodb.request.pipeline")
local capacity = require("dynamodb.table.capacity")
local context = require("dynamodb.request.context")
local core = require("dynamodb.core")
local inspect = late.module("dynamodb.values.inspect")
local item_copy = late.module("dynamodb.table.item_copy")
local item_diff = late.module("dynamodb.table.item_diff")
local errors = require("dynamodb.error")
local objects = require("dynamodb.base.objects")
local operations = require("dynamodb.base.operations")
local options = require("dynamodb.base.options")
local response = require("dynamodb.request.response")
local schema = require("dynamodb.table.schema")
local system = require("dynamodb.base.system")
local update = late.module("dynamodb.expression.update")
local write = require("dynamodb.table.write")

local Item = core.item_class.methods
local items = {}

local MODIFY_DEADLINE = 10 -- seconds
local FIRST_PAUSE, LONGEST_PAUSE = 0.01, 1 -- seconds between tries of modify
local MIN_DEADLINE = 0.001 -- seconds; a deadline must be positive

--- Returns the attributes of an item or of a plain table, not copied. Raises for anything else.
function items.attributes_of(value, where)
  if objects.is_plain(value) then return value end
  if core.typename(value) ~= "dynamodb.item" then
    local advice = type(value) == "string" and " (the key is one of the attributes)" or ""
    errors.raise("%s: table of attributes expected, got %s%s", where, objects.describe(value), advice)
  end
  local _, attributes = core.item_parts(value)
  return attributes
end

--- Makes a loaded item of attributes that were read as a plain table.
function items.from_attributes(owner, attributes)
  local item = core.item(owner, attributes)
  core.item_load(item, (assert(core.encode(attributes, "item"))))
  return item
end

-- Returns the attributes of an item, the loaded ones (nil for a new item), fields and connection of its
-- table, and the table.
local function parts(self)
  local owner, attributes, text = core.item_parts(self)
  local fields, connection = core.table_parts(owner)
  return attributes, text and assert(core.decode(text, "item")), fields, connection, owner
end

-- Returns the item's key. Raises when it is incomplete or was changed after the item was loaded.
local function key_of(where, fields, attributes, loaded)
  local key = schema.key_of(fields.schema, where, attributes)
  for name, value in pairs(loaded and key or {}) do
    if not core.equal(value, loaded[name]) then
      errors.raise("%s: key attribute '%s' was changed (an item keeps its key; make a new item)", where, name)
    end
  end
  return key
end

--- Returns the item's key, by attribute names.
function Item:key()
  local attributes, _, fields = parts(self)
  return schema.key_of(fields.schema, "key", attributes)
end

local totable_options = { plain = options.boolean }

--- Returns a copy of the attributes as tables.
---@param given? table plain = true: without this library's types. Sets become lists, in no order, binaries
--- strings, numbers the nearest Lua numbers, and lists and maps have no marks
---@return table
function Item:totable(given)
  given = options.read(totable_options, given, "totable")
  local _, attributes = core.item_parts(self)
  return item_copy.copy(attributes, given.plain)
end

function core.item_class.__inspect(self, show)
  local owner, attributes = core.item_parts(self)
  return ("Item(%s) %s"):format(core.table_parts(owner).name, show(attributes, "attributes"))
end

--- tostring(item) shows its table and attributes, in about 1000 bytes at most.
function core.item_class.__tostring(self)
  core.item_parts(self) -- raises for what is no item
  return inspect.short(self)
end

--- Returns what put or save would change: { set = { name = value }, remove = { name, ... } } | nil for
--- nothing. A value counts as changed when anything inside it is. A set without elements is removed.
function Item:changes()
  local attributes, loaded = parts(self)
  attributes = item_diff.without_emptied_sets(attributes)
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

-- {===== Writing =====

-- Returns a change for every loaded attribute, since put and delete replace all of them.
local function every_attribute(loaded)
  local changes = {}
  for name, value in next, loaded or {} do changes[#changes + 1] = { path = { name }, old = value } end
  return changes
end

-- Returns the condition of a guarded write | nil.
local function guard_condition(guard, fields, loaded, changes)
  if guard == "version" then return write.same_version(fields.version_attribute, loaded) end
  if guard == "changed" then return write.unchanged(fields, loaded, changes) end
end

-- Returns the attributes to store: with the next version when that guards the write.
local function with_version(guard, fields, attributes, loaded, where)
  if guard ~= "version" then return attributes end
  local stored, name = options.merge(attributes), fields.version_attribute
  stored[name] = write.next_version(name, loaded, where)
  return stored
end

-- Marks the item as saved after a successful write. 'text' is the stored item, encoded.
local function mark_stored(self, text, guard, fields, attributes, stored)
  if guard == "version" then attributes[fields.version_attribute] = stored[fields.version_attribute] end
  core.item_load(self, text)
end

--- Prepares the write of an item in a transaction.
---@param kind "put"|"update"|"delete"
---@return table stored the attributes to store
---@return any guard the condition of its version, or nil
---@return function on_success to be called when the transaction succeeded
function items.prepare(self, kind, where)
  local attributes, loaded, fields = parts(self)
  key_of(where, fields, attributes, loaded)
  local guard = write.guard({}, fields, where)
  local condition = guard_condition(guard, fields, loaded, {})
  local stored = with_version(guard, fields, attributes, loaded, where)
  local text = pipeline.encode(stored, "item", where)
  return stored, condition, function()
    if kind == "put" then mark_stored(self, text, guard, fields, attributes, stored) end
    if kind == "delete" then core.item_load(self, nil) end
  end
end

local put_options = write.options({ guard = write.guard_option })

--- Stores the whole item and replaces any item with its key.
---@return dynamodb.Item? self
---@return table|dynamodb.Error|nil old attributes with return_values = "ALL_OLD" | err
function Item:put(given)
  given = options.read(put_options, given, "put")
  if given.explain then return capacity.explain(Item.put, self, given) end
  local attributes, loaded, fields, connection = parts(self)
  key_of("put", fields, attributes, loaded)
  local guard = write.guard(given, fields, "put")
  local stored = with_version(guard, fields, attributes, loaded, "put")
  local text = pipeline.encode(stored, "item", "put")
  local condition = guard and guard_condition(guard, fields, loaded, every_attribute(loaded)) or nil
  local result, err = write.put(connection, fields, text, given, "put", condition)
  if not result then return nil, err end
  mark_stored(self, text, guard, fields, attributes, stored)
  return self, result.Attributes, result.ConsumedCapacity
end

-- Queues an action for save.
local function enqueue(self, where, name, action)
  local _, _, fields = parts(self)
  if type(name) ~= "string" or name == "" then errors.raise("%s: attribute name expected", where) end
  if name == fields.schema.hash_key_name or name == fields.schema.range_key_name then
    errors.raise("%s: '%s' is a key attribute", where, name)
  end
  local queue = options.merge(core.item_queue(self) or {})
  queue[name] = action
  core.item_queue(self, queue)
end

--- Queues for save: sets the attribute. The item has the value once save succeeds.
function Item:put_attribute(name, value)
  enqueue(self, "put_attribute", name, update.set(value))
end

--- Queues for save: adds to the stored number or set (ADD).
function Item:add_attribute(name, value)
  enqueue(self, "add_attribute", name, update.add(value))
end

--- Queues for save: removes the attribute, or these elements of its set.
function Item:delete_attribute(name, set)
  enqueue(self, "delete_attribute", name, set == nil and update.remove() or update.delete(set))
end

-- Returns the update that makes these changes, except those of the key, and the queued actions.
local function actions_of(changes, key, queue)
  local actions, count = update.builder(), 0
  for _, change in ipairs(changes) do
    local name = change.path[1]
    if queue[name] then errors.raise("save: attribute '%s' is both changed and queued", name) end
    if key[name] == nil then
      count = count + 1
      if change.new == nil then actions:remove(change.path) else actions:set(change.path, change.new) end
    end
  end
  for name, action in next, queue do
    count = count + 1
    actions[#actions + 1] = { path = { name }, action = action }
  end
  return actions, count
end

local may_remove = { delete = true, remove = true } -- actions after which the attribute may be missing

-- Returns what is wrong with the new values of the queued attributes in a response | nil.
local function queue_misfit(queue, returned)
  for name, action in next, queue do
    if returned[name] == nil and not may_remove[action.name] then
      return ("Attributes: '%s' is missing"):format(name)
    end
  end
end

-- Sets the queued attributes to the values that the service returned.
local function apply_queued(queue, attributes, stored, returned)
  for name in next, queue do
    attributes[name], stored[name] = returned[name], returned[name]
  end
end

local shows_new = { ALL_NEW = true, UPDATED_NEW = true } -- the response has the new values

-- Returns the new values of the queued attributes after a save that returned 'result'. When the response has
-- old values, the new ones are read by another request; if that fails, the old ones are returned.
local function queued_values(self, key, queue, given, asked, result)
  if shows_new[asked.return_values] then return result.Attributes or {} end
  local _, _, _, _, owner = parts(self)
  local names = {}
  for name in next, queue do names[#names + 1] = { name } end
  local call_options = options.select_call_options(given)
  call_options.retry_writes = nil
  local fresh, err = owner:get_item(options.merge(call_options, { key = key, consistent_read = true,
    projection = names }))
  if err then return result.Attributes or {} end
  return fresh and items.attributes_of(fresh, "save") or {}
end

local save_options = write.options({ guard = write.guard_option, return_values = write.any_values })

-- Sends the update of save. 'current' are the attributes without emptied sets.
local function send_save(self, given, guard, changes, current)
  local attributes, loaded, fields, connection = parts(self)
  local key = key_of("save", fields, attributes, loaded)
  local queue = core.item_queue(self) or {}
  local stored = with_version(guard, fields, current, loaded, "save")
  local condition = guard_condition(guard, fields, loaded, changes)
  if guard == "version" then changes = item_diff.changes(loaded, stored) end
  local actions = actions_of(changes, key, queue)
  local text = pipeline.encode(stored, "item", "save")
  local queued = next(queue) ~= nil
  local asked = given
  local wanted = given.return_values ~= "NONE" and given.return_values or nil
  if queued then asked = options.merge(given, { return_values = wanted or "ALL_NEW" }) end
  local result, err = write.update(connection, fields, key, actions, asked, "save", condition)
  if not result then return nil, err end
  if queued then
    local known = assert(core.decode(text, "item"))
    local why = shows_new[asked.return_values] and queue_misfit(queue, result.Attributes or {})
    if why then return nil, response.unfit(operations.UpdateItem, { TableName = fields.name }, why) end
    apply_queued(queue, attributes, known, queued_values(self, key, queue, given, asked, result))
    text = pipeline.encode(known, "item", "save")
    core.item_queue(self, false)
  end
  mark_stored(self, text, guard, fields, attributes, stored)
  return self, wanted and result.Attributes or nil, result.ConsumedCapacity
end

--- Sends the smallest update that stores the changes since the item was loaded, nested ones included, and the
--- queued actions. Sends nothing when there is none. A set without elements is removed, in the item as well.
---@return dynamodb.Item? self
---@return table|dynamodb.Error|nil attributes with return_values | err
function Item:save(given)
  given = options.read(save_options, given, "save")
  if given.explain then return capacity.explain(Item.save, self, given) end
  local attributes, loaded, fields = parts(self)
  key_of("save", fields, attributes, loaded)
  local guard = write.guard(given, fields, "save")
  local current, remove_emptied = item_diff.without_emptied_sets(attributes)
  local changes = item_diff.changes(loaded, current)
  local done, more, consumed = self, nil, nil
  if not loaded or #changes > 0 or core.item_queue(self) then
    done, more, consumed = send_save(self, given, guard, changes, current)
  end
  if done then remove_emptied() end
  return done, more, consumed
end

--- Deletes the item. It keeps its attributes and counts as new.
---@return dynamodb.Item? self
---@return table|dynamodb.Error|nil old attributes with return_values = "ALL_OLD" | err
function Item:delete(given)
  given = options.read(put_options, given, "delete")
  if given.explain then return capacity.explain(Item.delete, self, given) end
  local attributes, loaded, fields, connection = parts(self)
  local key = key_of("delete", fields, attributes, loaded)
  local guard = write.guard(given, fields, "delete")
  local condition = guard and guard_condition(guard, fields, loaded, every_attribute(loaded)) or nil
  local result, err = write.delete(connection, fields, key, given, "delete", condition)
  if not result then return nil, err end
  core.item_load(self, nil)
  return self, result.Attributes, result.ConsumedCapacity
end

-- ===================== }

local reload_options = options.with_call_options(options.merge(capacity.options, {
  consistent_read = options.boolean, hedge = late.call("dynamodb.request.hedge", "is_option") }))

--- Reads the item again and drops local changes -> the item, nil, capacity | nil when it does not exist
--- (changes are kept) | nil, err.
function Item:reload(given)
  given = options.read(reload_options, given, "reload")
  local attributes, loaded, fields, _, owner = parts(self)
  local key = key_of("reload", fields, attributes, loaded)
  local fresh, err, consumed = owner:get_item(options.merge(given, { key = key }))
  if not fresh or given.explain then return fresh, err, consumed end
  local _, fresh_attributes, text = core.item_parts(fresh)
  core.item_load(self, text, fresh_attributes)
  core.item_queue(self, false)
  return capacity.results(self, consumed)
end

local modify_options = { deadline = options.seconds }

--- Reads the item, calls 'change' with it, and saves it with a guard: "version" if the table has a version
--- attribute, otherwise "changed". When another writer was faster, repeats all of this until 'deadline'
--- seconds (10) have passed. A save that may have been applied is not repeated.
---@param change fun(item): any may be called several times; nothing is saved when it returns false
---@param given? table deadline
---@return dynamodb.Item? self nil without an error when the item does not exist
---@return dynamodb.Error? err
function Item:modify(change, given)
  given = options.read(modify_options, given, "modify")
  if type(change) ~= "function" then
    errors.raise("modify: function expected, got %s", objects.describe(change))
  end
  local _, _, fields, connection = parts(self)
  local guard = fields.version_attribute and "version" or "changed"
  local state = core.connection_state(connection)
  local transport = state.transport
  local deadline, pause = transport.now() + (given.deadline or MODIFY_DEADLINE), FIRST_PAUSE
  local conflict -- the last one; returned in place of a timeout, since it says more
  while true do
    local left = math.max(deadline - transport.now(), MIN_DEADLINE)
    local ok, err = self:reload({ consistent_read = true, deadline = left })
    if not ok then return nil, err and err.kind == "timeout" and conflict or err end
    if change(self) == false then return self end
    local closed = context.closed_meanwhile(connection)
    if closed then return nil, closed end
    left = math.max(deadline - transport.now(), MIN_DEADLINE)
    ok, err = self:save({ guard = guard, deadline = left })
    if ok then return self end
    if err.ambiguous then return nil, err end -- a repeated change could be the second one
    local seconds = pause * system.random()
    if err.kind == "timeout" and conflict then return nil, conflict end
    local is_over = transport.now() + seconds >= deadline
    if err.code ~= "ConditionalCheckFailedException" or is_over then return nil, err end
    conflict = err
    ok, err = context.pause(state, seconds)
    if not ok then return nil, errors.locate(err) end
    pause = math.min(pause * 2, LONGEST_PAUSE)
  end
end

arguments.check_methods(Item, "item", { core.item_class }, {
  add_attribute = "name, value",
  changes = "",
  delete = "options",
  delete_attribute = "name, set",
  key = "",
  modify = "change, options",
  put = "options",
  put_attribute = "name, value",
  reload = "options",
  save = "options",
  totable = "options",
})

return items
