--- Transactions: writes that are applied all or none, and consistent reads of several items.
-- Source: DynamoDB developer guide, "Amazon DynamoDB Transactions: How it works".

local arguments = require("dynamodb.base.arguments")
local batch_engine = require("dynamodb.table.batch_engine")
local capacity = require("dynamodb.table.capacity")
local pipeline = require("dynamodb.request.pipeline")
local condition = require("dynamodb.expression.condition")
local context = require("dynamodb.request.context")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local expressions = require("dynamodb.expression.builder")
local item_size = require("dynamodb.values.item_size")
local items = require("dynamodb.table.item")
local limits = require("dynamodb.request.limits")
local objects = require("dynamodb.base.objects")
local operations = require("dynamodb.base.operations")
local options = require("dynamodb.base.options")
local response = require("dynamodb.request.response")
local response_check = require("dynamodb.request.response_check")
local retry = require("dynamodb.request.retry")
local schema = require("dynamodb.table.schema")
local system = require("dynamodb.base.system")
local tables = require("dynamodb.table.table")
local update = require("dynamodb.expression.update")
local write = require("dynamodb.table.write")

local Connection = core.connection_class.methods
local transaction = {}

local MAX_OPERATIONS = 100
local DEADLINE = 10 -- seconds, retries of conflicts included
local FIRST_PAUSE, LONGEST_PAUSE = 0.025, 1 -- seconds

local shared_options = {
  return_item_on_failure = options.boolean,
  table = options.any,
}

local key_options = { hash_key = options.any, key = options.table, range_key = options.any }

local key_names = { "hash_key", "key", "range_key" }

local function is_item(value)
  return core.typename(value) == "dynamodb.item", "item"
end

local function is_deleted(value)
  return value == true or is_item(value), "item, or true beside a key"
end

-- Returns the options of a kind of operation. A check has no other conditions, and a put has its own key.
local function options_of(name)
  return options.merge(shared_options, name ~= "check" and write.condition_options or nil,
    name ~= "put" and key_options or nil,
    { [name] = name == "delete" and is_deleted or options.any,
      item = (name == "update" or name == "check") and is_item or nil })
end

-- Raises for options that an item makes needless: it has a key and a table.
local function check_needless(given, item, where)
  if not is_item(item) then return end
  for _, name in ipairs(key_names) do
    if given[name] ~= nil then errors.raise("%s: option '%s': the item has a key", where, name) end
  end
  local owner = core.item_parts(item)
  if given.table ~= nil and tables.name_of(given.table, where .. ": option 'table'") ~= owner.name then
    errors.raise("%s: option 'table': the item is of table '%s'", where, owner.name)
  end
end

-- Returns the table of an operation: the option, or that of its item -> table | nil, err.
local function owner_of(connection, given, item, where)
  if is_item(item) then return tables.of_connection(connection, (core.item_parts(item)), where) end
  if given.table == nil then errors.raise("%s: option 'table' expected (a table or its name)", where) end
  return tables.resolve(connection, given.table, where .. ": option 'table'")
end

local function key_of(given, item, fields, where)
  if is_item(item) then return item:key() end
  return schema.key_from_options(fields.schema, where, given)
end

-- Returns the update, with that of the version of an item that has one.
local function with_version(given, fields, stored)
  local name = fields.version_attribute
  if not (name and stored) then return given.update end
  return { update.builder():set({ name }, stored[name]), given.update }
end

-- For each kind of operation its AWS name, and a function that makes its request: (given, fields, expression,
-- where, attributes to store of an item) -> members, key.
local kinds = {
  put = { "Put", function(given, fields, _, where, stored)
    local attributes = stored or items.attributes_of(given.put, where)
    return { Item = attributes }, schema.key_of(fields.schema, where, attributes)
  end },
  update = { "Update", function(given, fields, expression, where, stored)
    local key = key_of(given, given.item, fields, where)
    local text = update.write(expression, with_version(given, fields, stored))
    if not text then errors.raise("%s: option 'update': nothing to do", where) end
    return { Key = key, UpdateExpression = text }, key
  end },
  delete = { "Delete", function(given, fields, _, where)
    local key = key_of(given, given.delete, fields, where)
    return { Key = key }, key
  end },
  check = { "ConditionCheck", function(given, fields, expression, where)
    local key = key_of(given, given.item, fields, where)
    return { Key = key, ConditionExpression = condition.write(expression, given.check, "check") }, key
  end },
}

-- Returns the kind of an operation. Raises unless it has exactly one.
local function kind_of(given, where)
  local found
  for _, name in ipairs({ "put", "update", "delete", "check" }) do
    if given[name] ~= nil then
      if found then errors.raise("%s: one operation expected, got '%s' and '%s'", where, found, name) end
      found = name
    end
  end
  return found or errors.raise("%s: 'put', 'update', 'delete' or 'check' expected", where)
end

-- Makes the request of one operation -> such as { Put = {...} }, the identity of its item, a function to call
-- on success | nil, err.
local function write_operation(connection, given, where)
  if not objects.is_plain(given) then
    errors.raise("%s: table expected, got %s", where, objects.describe(given))
  end
  local name = kind_of(given, where)
  local kind = kinds[name]
  options.check(options_of(name), given, where)
  local item = given.item
  if name == "put" or name == "delete" then item = given[name] end
  check_needless(given, item, where)
  local owner, err = owner_of(connection, given, item, where)
  if not owner then return nil, err end
  local fields = core.table_parts(owner)
  local expression = expressions.new(where)
  local stored, guard, done
  if is_item(item) and name ~= "check" then
    stored, guard, done = items.prepare(item, name, where)
  end
  local members, key = kind[2](given, fields, expression, where, stored)
  members.TableName = fields.name
  members.ConditionExpression = members.ConditionExpression
    or write.condition(expression, given, fields, guard)
  members.ReturnValuesOnConditionCheckFailure = given.return_item_on_failure and "ALL_OLD" or nil
  return { [kind[1]] = expression:into(members) }, batch_engine.identify(fields, key), done
end

local function check_count(given, where)
  if #arguments.check_list(given, where, "operations") == 0 then
    errors.raise("%s: list of operations expected, got an empty one", where)
  end
  if #given > MAX_OPERATIONS then
    errors.raise("%s: %d operations, at most %d", where, #given, MAX_OPERATIONS)
  end
end

local operation_shape = operations.TransactWriteItems.input.TransactItems[2]

-- Raises for an operation that cannot be sent -> the bytes of its text.
local function check_operation(request, where)
  local encoded = pipeline.encode(request, operation_shape, where)
  if request.Put then limits.check_item(request.Put.Item, #encoded, where) end
  return #encoded
end

-- Raises for puts that are too large together. Items are never larger than their text, so few have to be
-- measured.
local function check_total(list, text_bytes)
  if text_bytes <= limits.MAX_TRANSACTION then return end
  local bytes = 0
  for _, request in ipairs(list) do
    if request.Put then bytes = bytes + item_size(request.Put.Item) end
  end
  if bytes > limits.MAX_TRANSACTION then
    errors.raise("transact_write: %d bytes, at most %d (4 MB) are possible", bytes, limits.MAX_TRANSACTION)
  end
end

-- Gives each cancellation reason its operation.
local function explain_reasons(err, given)
  for i, reason in ipairs(err.reasons or {}) do
    err.reasons[i] = { code = reason.Code or "None", message = reason.Message, item = reason.Item,
      operation = given[i] }
  end
end

local function is_transient(err)
  if err.code == "TransactionInProgressException" then return true end
  if err.code ~= "TransactionCanceledException" or not err.reasons or #err.reasons == 0 then return false end
  local conflict = false
  for _, reason in ipairs(err.reasons) do
    if not retry.reason_classes[reason.code] then return false end
    conflict = conflict or reason.code ~= "None"
  end
  return conflict
end

local final_reasons = { deadline = true, off = true } -- of err.retry_stopped

--- The options of a transaction.
transaction.options = options.with_call_options({ return_consumed_capacity = capacity.option })

local explained_options = options.merge(transaction.options, capacity.options)

--- Sends a transaction until it succeeds, fails for good, or the deadline has passed -> result | nil, err.
---@param given table the operations, for the reasons of an error
---@param more table the caller's options of calls
function transaction.call(connection, operation, request, given, more)
  local state = core.connection_state(connection)
  local transport, call_options = state.transport, pipeline.multi_request_options(state, more)
  local pause, attempts = FIRST_PAUSE, 0
  if not call_options.deadline_at then
    call_options.deadline_at, call_options.shared_deadline = transport.now() + DEADLINE, DEADLINE
  end
  while true do
    local result, err = pipeline.call(connection, operation, request, nil, call_options)
    if result then return result end
    attempts = attempts + err.attempts
    err.attempts = attempts
    explain_reasons(err, given)
    local seconds = pause * system.random()
    local late = transport.now() + seconds >= call_options.deadline_at
    if late or final_reasons[err.retry_stopped] or not is_transient(err) then return nil, err end
    local ok, closed = context.pause(state, seconds)
    if not ok then
      closed.operation, closed.attempts = operation.name, attempts
      return nil, errors.locate(closed)
    end
    if transport.now() >= call_options.deadline_at then return nil, err end -- as on a busy machine
    pause = math.min(pause * 2, LONGEST_PAUSE)
  end
end

local write_options = options.merge(explained_options, { token = options.text })

--- Applies all writes or none: transact_write{ { put = item }, { put = attributes, table = }, { update =
--- {...}, table =, hash_key = }, { delete = item }, { check = condition, table =, hash_key = }, ... }. Each
--- may have conditions. All attempts have the same idempotency token; conflicts with other transactions are
--- retried until 'deadline' (10 seconds). Items that are put or deleted are afterwards as after item:put and
--- item:delete, versions included; an item that is updated must be reloaded.
---@param given table list of operations
---@param more? table token, and the options of every call
---@return boolean? done
---@return dynamodb.Error? err with reasons[i] = { code, message, item, operation }
---@return table[]? capacity consumed, for each table, with return_consumed_capacity
function Connection:transact_write(given, more)
  more = options.read(write_options, more, "transact_write")
  if more.explain then return capacity.explain(Connection.transact_write, self, given, more) end
  check_count(given, "transact_write")
  local list, seen, bytes, done = {}, {}, 0, {}
  for i, operation in ipairs(given) do
    local where = ("transact_write[%d]"):format(i)
    local request, id, finish = write_operation(self, operation, where)
    if not request then return nil, id end
    done[#done + 1] = finish
    if seen[id] then
      errors.raise("%s: operation %d has the same item (one operation per item)", where, seen[id])
    end
    seen[id], list[i] = i, request
    bytes = bytes + check_operation(request, where)
  end
  check_total(list, bytes)
  local request = { TransactItems = list, ClientRequestToken = more.token or core.uuid(),
    ReturnConsumedCapacity = capacity.as_sent[more.return_consumed_capacity] }
  local result, err = transaction.call(self, operations.TransactWriteItems, request, given, more)
  if not result then return nil, err end
  for _, finish in ipairs(done) do finish() end
  return capacity.results(true, result.ConsumedCapacity)
end

local get_options = { -- of one item
  hash_key = options.any,
  key = options.table,
  projection = options.any,
  range_key = options.any,
  table = options.any,
}

--- Reads several items consistently: transact_get{ { table =, hash_key =, projection = }, ... } -> list of
--- items, with false where there is none, nil, capacity | nil, err.
function Connection:transact_get(given, more)
  more = options.read(explained_options, more, "transact_get")
  if more.explain then return capacity.explain(Connection.transact_get, self, given, more) end
  check_count(given, "transact_get")
  local list, owners, keys = {}, {}, {}
  for i, operation in ipairs(given) do
    local where = ("transact_get[%d]"):format(i)
    options.check(get_options, operation, where)
    local err
    owners[i], err = owner_of(self, operation, nil, where)
    if not owners[i] then return nil, err end
    local fields = core.table_parts(owners[i])
    local key, expression = schema.key_from_options(fields.schema, where, operation), expressions.new(where)
    local projection = operation.projection
      and expression:projection(operation.projection, schema.names(fields.schema))
    local get = { TableName = fields.name, Key = key, ProjectionExpression = projection }
    list[i], keys[i] = { Get = expression:into(get) }, key
  end
  local request = { TransactItems = list,
    ReturnConsumedCapacity = capacity.as_sent[more.return_consumed_capacity] }
  local result, err = transaction.call(self, operations.TransactGetItems, request, given, more)
  if not result then return nil, err end
  local found = core.list()
  for i, owner in ipairs(owners) do
    local attributes = result.Responses[i].Item
    local why = attributes and response_check.key(attributes, keys[i]) -- a projection includes the key
    if why then
      return nil, response.unfit(operations.TransactGetItems, request,
        ("Responses[%d].Item%s"):format(i, why), true)
    end
    found[i] = attributes and items.from_attributes(owner, attributes) or false
  end
  return capacity.results(found, result.ConsumedCapacity)
end

arguments.check_methods(Connection, "conn", { core.connection_class }, {
  transact_get = "operations, options",
  transact_write = "operations, options",
})

return transaction
