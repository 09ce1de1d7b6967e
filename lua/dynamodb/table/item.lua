--- dynamodb.item: attributes as a Lua table, and what of them the service does not know yet.

local pipeline = require("dynamodb.request.pipeline")
local core = require("dynamodb.core")
local item_diff = require("dynamodb.table.item_diff")
local errors = require("dynamodb.error")
local options = require("dynamodb.base.options")
local schema = require("dynamodb.table.schema")
local system = require("dynamodb.base.system")
local update = require("dynamodb.expression.update")
local write = require("dynamodb.table.write")

local Item = core.item_class.methods
local items = {}

local NONE = {} -- no options

local MODIFY_DEADLINE = 10 -- seconds
local FIRST_PAUSE, LONGEST_PAUSE = 0.01, 1 -- seconds between tries of modify
local SHORTEST = 0.001 -- seconds; a call needs some time

--- The attributes of an item or of a plain table, not copied; raises for anything else.
function items.attributes_of(value, where)
  if type(value) == "table" then return value end
  if core.typename(value) ~= "dynamodb.item" then
    errors.raise("%s: table of attributes expected, got %s", where, core.typename(value))
  end
  local _, attributes = core.item_parts(value)
  return attributes
end

-- What an item is made of: attributes, what was loaded of them (nil for a new item), the table's fields and
-- connection.
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

local function shallow_copy(value)
  local made = {}
  for name, inner in next, value do made[name] = inner end
  return made
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

-- {===== Writing =====

-- Every attribute as a change of its own: what a put or delete does to all of them.
local function every_attribute(loaded)
  local changes = {}
  for name, value in next, loaded or {} do changes[#changes + 1] = { path = { name }, old = value } end
  return changes
end

-- The condition of a guarded write | nil.
local function guard_condition(guard, fields, loaded, changes)
  if guard == "version" then return write.same_version(fields.version_attribute, loaded) end
  if guard == "changed" then return write.unchanged(fields, loaded, changes) end
end

-- The attributes as they will be stored: with the next version, if the write is guarded by it.
local function with_version(guard, fields, attributes, loaded, where)
  if guard ~= "version" then return attributes end
  local stored, name = shallow_copy(attributes), fields.version_attribute
  stored[name] = write.next_version(name, loaded, where, errors.raise)
  return stored
end

-- The write succeeded: 'text' is what the service has, and the version was counted.
local function stored_as(self, text, guard, fields, attributes, stored)
  if guard == "version" then attributes[fields.version_attribute] = stored[fields.version_attribute] end
  core.item_load(self, text)
end

--- What the write of an item in a transaction needs: 'kind' is "put", "update" or "delete" -> the attributes
--- as they will be stored, the condition of its version | nil, a function to be called when it went through.
function items.prepare(self, kind, where)
  local attributes, loaded, fields = parts(self)
  key_of(where, fields, attributes, loaded)
  local guard = write.guard({}, fields, where, errors.raise)
  local condition = guard_condition(guard, fields, loaded, {})
  local stored = with_version(guard, fields, attributes, loaded, where)
  local text = pipeline.encode(stored, "item", where)
  return stored, condition, function()
    if kind == "put" then stored_as(self, text, guard, fields, attributes, stored) end
    if kind == "delete" then core.item_load(self, nil) end
  end
end

local put_options = write.options({ guard = write.guard_option })

--- Stores the whole item, replacing what has its key -> the item, old attributes if asked for | nil, err.
function Item:put(given)
  given = given or NONE
  options.check(put_options, given, "put")
  local attributes, loaded, fields, connection = parts(self)
  key_of("put", fields, attributes, loaded)
  local guard = write.guard(given, fields, "put", errors.raise)
  local stored = with_version(guard, fields, attributes, loaded, "put")
  local text = pipeline.encode(stored, "item", "put")
  local condition = guard and guard_condition(guard, fields, loaded, every_attribute(loaded)) or nil
  local result, err = write.put(connection, fields, text, given, "put", condition)
  if not result then return nil, err end
  stored_as(self, text, guard, fields, attributes, stored)
  return self, result.Attributes
end

-- Puts an action into the queue for save.
local function enqueue(self, where, name, action)
  local _, _, fields = parts(self)
  if type(name) ~= "string" or name == "" then errors.raise("%s: attribute name expected", where) end
  if name == fields.schema.hash_key_name or name == fields.schema.range_key_name then
    errors.raise("%s: '%s' is a key attribute", where, name)
  end
  local queue = shallow_copy(core.item_queue(self) or {})
  queue[name] = action
  core.item_queue(self, queue)
end

--- Queues for save: set the attribute. The attribute here changes when save succeeds.
function Item:put_attribute(name, value)
  enqueue(self, "put_attribute", name, update.set(value))
end

--- Queues for save: add to the number or set there (boto's ADD), whatever it is by then.
function Item:add_attribute(name, value)
  enqueue(self, "add_attribute", name, update.add(value))
end

--- Queues for save: remove the attribute, or these elements of the set it is.
function Item:delete_attribute(name, set)
  enqueue(self, "delete_attribute", name, set == nil and update.remove() or update.delete(set))
end

-- The builder of an update that makes these changes, without those of the key, and runs the queue.
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

-- The queue's results, as the service returns them, become the item's.
local function take_queued(queue, attributes, stored, returned)
  for name in next, queue do
    attributes[name], stored[name] = returned[name], returned[name]
  end
end

local save_options = write.options({ guard = write.guard_option, return_values = write.any_values })

-- Save, when there is something to send.
local function send_save(self, given, guard, changes)
  local attributes, loaded, fields, connection = parts(self)
  local key = key_of("save", fields, attributes, loaded)
  local queue = core.item_queue(self) or {}
  local stored = with_version(guard, fields, attributes, loaded, "save")
  local condition = guard_condition(guard, fields, loaded, changes)
  if guard == "version" then changes = item_diff.changes(loaded, stored) end
  local actions = actions_of(changes, key, queue)
  local text = pipeline.encode(stored, "item", "save")
  local queued = next(queue) ~= nil
  local asked = given
  if queued then
    if given.return_values then errors.raise("save: option 'return_values': not with queued attributes") end
    asked = shallow_copy(given)
    asked.return_values = "ALL_NEW"
  end
  local result, err = write.update(connection, fields, key, actions, asked, "save", condition)
  if not result then return nil, err end
  if queued then
    local known = assert(core.decode(text, "item"))
    take_queued(queue, attributes, known, result.Attributes or {})
    text = pipeline.encode(known, "item", "save")
    core.item_queue(self, false)
  end
  stored_as(self, text, guard, fields, attributes, stored)
  return self, not queued and result.Attributes or nil
end

--- Sends the least update that turns what was loaded into what is here, nested values included, and what is
--- queued; nothing when there is nothing to do -> the item, returned attributes if asked for | nil, err.
function Item:save(given)
  given = given or NONE
  options.check(save_options, given, "save")
  local attributes, loaded, fields = parts(self)
  key_of("save", fields, attributes, loaded)
  local guard = write.guard(given, fields, "save", errors.raise)
  local changes = item_diff.changes(loaded, attributes)
  if loaded and #changes == 0 and not core.item_queue(self) then return self end
  return send_save(self, given, guard, changes)
end

--- Deletes the item; it is then as if new, its attributes still here -> the item, old attributes if asked for
--- | nil, err.
function Item:delete(given)
  given = given or NONE
  options.check(put_options, given, "delete")
  local attributes, loaded, fields, connection = parts(self)
  local key = key_of("delete", fields, attributes, loaded)
  local guard = write.guard(given, fields, "delete", errors.raise)
  local condition = guard and guard_condition(guard, fields, loaded, every_attribute(loaded)) or nil
  local result, err = write.delete(connection, fields, key, given, "delete", condition)
  if not result then return nil, err end
  core.item_load(self, nil)
  return self, result.Attributes
end

-- ===================== }

local reload_options = options.with_call_options({ consistent_read = options.boolean })

--- Reads the item again and forgets local changes -> the item | nil when it is gone (nothing forgotten) |
--- nil, err.
function Item:reload(given)
  given = given or {}
  options.check(reload_options, given, "reload")
  local attributes, loaded, fields, _, owner = parts(self)
  local key = key_of("reload", fields, attributes, loaded)
  local asked = shallow_copy(given)
  asked.key = key
  local fresh, err = owner:get_item(asked)
  if not fresh then return nil, err end
  local _, fresh_attributes, text = core.item_parts(fresh)
  core.item_load(self, text, fresh_attributes)
  core.item_queue(self, false)
  return self
end

local modify_options = { deadline = options.seconds }

--- Reads the item, lets 'change' change it and saves it, guarded (by the version if the table has one); when
--- somebody else was faster, all of it again, until 'deadline' seconds (10) have passed. 'change' gets the
--- item and may be called several times; when it returns false nothing is saved -> the item | nil when it is
--- gone | nil, err.
function Item:modify(change, given)
  given = given or {}
  options.check(modify_options, given, "modify")
  if type(change) ~= "function" then
    errors.raise("modify: function expected, got %s", core.typename(change))
  end
  local _, _, fields, connection = parts(self)
  local guard = fields.version_attribute and "version" or "changed"
  local transport = core.connection_state(connection).transport
  local deadline, pause = transport.now() + (given.deadline or MODIFY_DEADLINE), FIRST_PAUSE
  local conflict -- tells more than that there was no time left
  while true do
    local left = math.max(deadline - transport.now(), SHORTEST)
    local ok, err = self:reload({ consistent_read = true, deadline = left })
    if not ok then return nil, err and err.kind == "timeout" and conflict or err end
    if change(self) == false then return self end
    left = math.max(deadline - transport.now(), SHORTEST)
    ok, err = self:save({ guard = guard, deadline = left })
    if ok then return self end
    local seconds = pause * system.random()
    if err.kind == "timeout" and not err.ambiguous and conflict then return nil, conflict end
    local late = transport.now() + seconds >= deadline
    if err.code ~= "ConditionalCheckFailedException" or late then return nil, err end
    conflict = err
    transport.sleep(seconds)
    pause = math.min(pause * 2, LONGEST_PAUSE)
  end
end

return items
