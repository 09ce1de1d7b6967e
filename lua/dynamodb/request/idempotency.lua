--- Writes whose response was lost: decides which may be sent again, finds out whether an earlier attempt
--- succeeded, and wraps a write into a transaction, which happens once however often it is sent.
-- Source: DynamoDB developer guide, "Update expressions", "Conditional writes" (idempotent ones) and "Amazon
-- DynamoDB Transactions: How it works" (idempotency).

local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local operations = require("dynamodb.base.operations")
local options = require("dynamodb.base.options")
local update_parser = require("dynamodb.request.update_parser")

local idempotency = {}

-- Returns the steps of an idempotent update | nil for other updates. Without an expression an update only
-- creates the item.
local function steps_of(params)
  if not params.UpdateExpression then return not params.AttributeUpdates and {} or nil end
  return update_parser.steps(params.UpdateExpression, params.ExpressionAttributeNames or {},
    params.ExpressionAttributeValues or {})
end

--- Returns the parameters with an idempotency token of their own, unless they have one.
---@param member string the name of the token's member
function idempotency.with_token(params, member)
  if params[member] ~= nil then return params end
  return options.merge(params, { [member] = core.uuid() })
end

--- Returns true for a PartiQL statement that reads, which may be repeated.
function idempotency.is_select(statement)
  return type(statement) == "string" and statement:match("^%s*[Ss][Ee][Ll][Ee][Cc][Tt]%f[^%w_]") ~= nil
end

local function all_select(statements)
  for _, each in ipairs(type(statements) == "table" and statements or {}) do
    if type(each) ~= "table" or not idempotency.is_select(each.Statement) then return false end
  end
  return true
end

-- Operations of which only some requests may be repeated: functions of the parameters that return true for
-- these.
local deciders = {
  UpdateItem = function(params) return steps_of(params) ~= nil end,
  ExecuteStatement = function(params) return idempotency.is_select(params.Statement) end,
  BatchExecuteStatement = function(params) return all_select(params.Statements) end,
}

-- Values of ReturnValues for which a repeated write returns other attributes than the first one.
local old_values = { ALL_OLD = true, UPDATED_OLD = true }

--- Tells how a request may be sent again when the service may already have done it:
--- "free": any number of times, with the same outcome;
--- "checked": its condition may fail because the first attempt succeeded, which the stored item then shows;
--- "once": it must not be sent again.
---@param operation table
---@param params table
---@return "free"|"checked"|"once"
function idempotency.kind(operation, params)
  if not operation.writes or operation.token then return "free" end
  local decide = deciders[operation.name]
  local same = operation.repeatable
  if decide then same = decide(params) end
  if not same or old_values[params.ReturnValues] or params.Expected then return "once" end
  if not params.ConditionExpression then return "free" end
  return params.ReturnValues == "UPDATED_NEW" and "once" or "checked"
end

-- Returns the attributes of a put, which may be encoded.
local function item_of(params)
  if type(params.Item) ~= "string" then return params.Item end
  return (assert(core.decode(params.Item, "item")))
end

-- For each operation: returns true when the stored item is what the request would have made.
local happened = {
  PutItem = function(params, item)
    return item ~= nil and core.equal(item_of(params), item)
  end,
  UpdateItem = function(params, item)
    return item ~= nil and update_parser.is_applied(steps_of(params), item)
  end,
  DeleteItem = function() return false end, -- another client may have deleted it
}

--- Returns the parameters of a repeated conditional write: if its condition fails, the service returns the
--- stored item.
function idempotency.ask_for_item(params)
  return options.merge(params, { ReturnValuesOnConditionCheckFailure = "ALL_OLD" })
end

--- Returns the result of a repeated write whose condition failed, when the stored item shows that an earlier
--- attempt succeeded | nil.
---@param item? table the stored item
function idempotency.result(operation, params, item)
  if not happened[operation.name](params, item) then return nil end
  return { Attributes = params.ReturnValues == "ALL_NEW" and item or nil }
end

-- {===== Exactly once =====

local members = { PutItem = "Put", UpdateItem = "Update", DeleteItem = "Delete" }
local UNSUPPORTED_MEMBERS = { "AttributeUpdates", "ConditionalOperator", "Expected" }
local TRANSACTION_MEMBERS = { ReturnConsumedCapacity = true, ReturnItemCollectionMetrics = true }

--- Returns why a write cannot be wrapped into a transaction | nil when it can.
function idempotency.obstacle(operation, params)
  if not members[operation.name] then return operation.name .. " has no form in a transaction" end
  local asked = params.ReturnValues
  if asked and asked ~= "NONE" then return "a transaction has no return_values" end
  for _, name in ipairs(UNSUPPORTED_MEMBERS) do
    if params[name] ~= nil then return "a transaction has no " .. name end
  end
end

--- Wraps one write into a transaction -> operation, params.
function idempotency.wrap(operation, params)
  local member, inner = members[operation.name], {}
  local request = { ClientRequestToken = core.uuid(), TransactItems = { { [member] = inner } } }
  for name, value in pairs(params) do
    if TRANSACTION_MEMBERS[name] then
      request[name] = value
    elseif name ~= "ReturnValues" then
      inner[name] = value
    end
  end
  local input = { TransactItems = { "list", { [member] = operation.input } } }
  return setmetatable({ input = input }, { __index = operations.TransactWriteItems }), request
end

-- Code of a cancellation reason -> code of the single write.
local codes = {
  ConditionalCheckFailed = "ConditionalCheckFailedException",
  ItemCollectionSizeLimitExceeded = "ItemCollectionSizeLimitExceededException",
  ProvisionedThroughputExceeded = "ProvisionedThroughputExceededException",
  ThrottlingError = "ThrottlingException",
  TransactionConflict = "TransactionConflictException",
  ValidationError = "ValidationException",
}
local transient_codes = { ProvisionedThroughputExceededException = true, ThrottlingException = true,
  TransactionConflictException = true }

--- Converts the transaction's error into that of the single write.
function idempotency.unwrap(err)
  local reason = err.code == "TransactionCanceledException" and (err.reasons or {})[1]
  if not reason then return err end
  local code = codes[reason.Code] or reason.Code
  local message = type(reason.Message) == "string" and reason.Message or err.message
  local fields = { code = code, message = message, item = reason.Item, retryable = transient_codes[code],
    throttled = transient_codes[code] and code ~= "TransactionConflictException" }
  for _, name in ipairs({ "kind", "status", "request_id", "ambiguous" }) do fields[name] = err[name] end
  return errors.new(fields)
end

-- ===================== }

return idempotency
