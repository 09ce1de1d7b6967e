--- Transactions: writes that are applied all or none, and consistent reads of several items.
-- Source: DynamoDB developer guide, "Amazon DynamoDB Transactions: How it works".

local batch_engine = require("dynamodb.table.batch_engine")
local pipeline = require("dynamodb.request.pipeline")
local condition = require("dynamodb.expression.condition")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local expressions = require("dynamodb.expression.builder")
local items = require("dynamodb.table.item")
local operations = require("dynamodb.base.operations")
local options = require("dynamodb.base.options")
local schema = require("dynamodb.table.schema")
local system = require("dynamodb.base.system")
local update = require("dynamodb.expression.update")
local write = require("dynamodb.table.write")

local Connection = core.connection_class.methods
local transaction = {}

local MAX_OPERATIONS = 100
local MAX_BYTES = 4 * 1024 * 1024
local DEADLINE = 10 -- seconds, retries of conflicts included
local FIRST_PAUSE, LONGEST_PAUSE = 0.025, 1 -- seconds

-- Cancellation reasons after which the transaction may succeed when it is sent again.
local transient_reasons = { None = true, ThrottlingError = true, TransactionConflict = true,
  ProvisionedThroughputExceeded = true }

local shared_options = {
  hash_key = options.any,
  key = options.table,
  range_key = options.any,
  return_item_on_failure = options.boolean,
  table = options.any,
}

-- Returns the options of a kind of operation. A check has no other conditions.
local function options_of(name)
  return options.merge(shared_options, name ~= "check" and write.condition_options or nil,
    { [name] = options.any, item = options.any })
end

-- Returns the table of an operation: the option, or that of its item.
local function owner_of(given, item, where)
  if core.typename(item) == "dynamodb.item" then return (core.item_parts(item)) end
  if core.typename(given.table) ~= "dynamodb.table" then
    errors.raise("%s: option 'table' expected (a table object)", where)
  end
  return given.table
end

local function key_of(given, item, fields, where)
  if core.typename(item) == "dynamodb.item" then return item:key() end
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

-- Makes the request of one operation -> such as { Put = {...} }, the identity of its item, a function to call
-- on success.
local function write_operation(given, where)
  if type(given) ~= "table" then errors.raise("%s: table expected, got %s", where, core.typename(given)) end
  for name, kind in pairs(kinds) do
    if given[name] ~= nil then
      options.check(options_of(name), given, where)
      local item = given.item
      if name == "put" or name == "delete" then item = given[name] end
      local fields = core.table_parts(owner_of(given, item, where))
      local expression = expressions.new(where)
      local stored, guard, done
      if core.typename(item) == "dynamodb.item" and name ~= "check" then
        stored, guard, done = items.prepare(item, name, where)
      end
      local members, key = kind[2](given, fields, expression, where, stored)
      members.TableName = fields.name
      members.ConditionExpression = members.ConditionExpression
        or write.condition(expression, given, fields, guard)
      members.ReturnValuesOnConditionCheckFailure = given.return_item_on_failure and "ALL_OLD" or nil
      return { [kind[1]] = expression:into(members) }, batch_engine.identify(fields, key), done
    end
  end
  errors.raise("%s: 'put', 'update', 'delete' or 'check' expected", where)
end

local function check_count(given, where)
  if type(given) ~= "table" or #given == 0 then errors.raise("%s: list of operations expected", where) end
  if #given > MAX_OPERATIONS then
    errors.raise("%s: %d operations, at most %d", where, #given, MAX_OPERATIONS)
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
    if not transient_reasons[reason.code] then return false end
    conflict = conflict or reason.code ~= "None"
  end
  return conflict
end

local final_reasons = { deadline = true, off = true } -- of err.retry_stopped

--- The options of a transaction.
transaction.options = options.with_call_options({})

--- Sends a transaction until it succeeds, fails for good, or the deadline has passed -> result | nil, err.
---@param given table the operations, for the reasons of an error
---@param more table the caller's options of calls
function transaction.call(connection, operation, request, given, more)
  local state = core.connection_state(connection)
  local transport, limits = state.transport, pipeline.multi_request_options(state, more)
  local pause, attempts = FIRST_PAUSE, 0
  limits.deadline_at = limits.deadline_at or transport.now() + DEADLINE
  while true do
    local result, err = pipeline.call(connection, operation, request, nil, limits)
    if result then return result end
    attempts = attempts + err.attempts
    err.attempts = attempts
    explain_reasons(err, given)
    local seconds = pause * system.random()
    local late = transport.now() + seconds >= limits.deadline_at
    if late or final_reasons[err.retry_stopped] or not is_transient(err) then return nil, err end
    transport.sleep(seconds)
    pause = math.min(pause * 2, LONGEST_PAUSE)
  end
end

local write_options = options.with_call_options({ token = options.text })

--- Applies all writes or none: transact_write{ { put = item }, { put = attributes, table = }, { update =
--- {...}, table =, hash_key = }, { delete = item }, { check = condition, table =, hash_key = }, ... }. Each
--- may have conditions. All attempts have the same idempotency token; conflicts with other transactions are
--- retried until 'deadline' (10 seconds). Items that are put or deleted are afterwards as after item:put and
--- item:delete, versions included; an item that is updated must be reloaded.
---@param given table list of operations
---@param more? table token, and the options of every call
---@return boolean? done
---@return dynamodb.Error? err with reasons[i] = { code, message, item, operation }
function Connection:transact_write(given, more)
  more = more or {}
  options.check(write_options, more, "transact_write")
  check_count(given, "transact_write")
  local list, seen, bytes, done = {}, {}, 0, {}
  for i, operation in ipairs(given) do
    local where = ("transact_write[%d]"):format(i)
    local request, id, finish = write_operation(operation, where)
    done[#done + 1] = finish
    if seen[id] then
      errors.raise("%s: operation %d has the same item (one operation per item)", where, seen[id])
    end
    seen[id], list[i] = i, request
    bytes = bytes + #pipeline.encode({ request }, operations.TransactWriteItems.input.TransactItems, where)
  end
  if bytes > MAX_BYTES then errors.raise("transact_write: %d bytes, at most %d", bytes, MAX_BYTES) end
  local request = { TransactItems = list, ClientRequestToken = more.token or core.uuid() }
  local result, err = transaction.call(self, operations.TransactWriteItems, request, given, more)
  if not result then return nil, err end
  for _, finish in ipairs(done) do finish() end
  return true
end

local get_options = {
  hash_key = options.any,
  key = options.table,
  projection = options.any,
  range_key = options.any,
  table = options.any,
}

--- Reads several items consistently: transact_get{ { table =, hash_key =, projection = }, ... } -> list of
--- items, with false where there is none | nil, err.
function Connection:transact_get(given, more)
  more = more or {}
  options.check(transaction.options, more, "transact_get")
  check_count(given, "transact_get")
  local list, owners = {}, {}
  for i, operation in ipairs(given) do
    local where = ("transact_get[%d]"):format(i)
    options.check(get_options, operation, where)
    owners[i] = owner_of(operation, nil, where)
    local fields = core.table_parts(owners[i])
    local key, expression = schema.key_from_options(fields.schema, where, operation), expressions.new(where)
    local projection = operation.projection
      and expression:projection(operation.projection, schema.names(fields.schema))
    local get = { TableName = fields.name, Key = key, ProjectionExpression = projection }
    list[i] = { Get = expression:into(get) }
  end
  local request = { TransactItems = list }
  local result, err = transaction.call(self, operations.TransactGetItems, request, given, more)
  if not result then return nil, err end
  local found = {}
  for i, owner in ipairs(owners) do
    local attributes = (result.Responses or {})[i]
    attributes = attributes and attributes.Item
    found[i] = attributes and items.from_attributes(owner, attributes) or false
  end
  return found
end

return transaction
