--- Writes whose answer was lost: which of them may be sent again, whether one that was sent again had
--- happened the first time, and how one is wrapped into a transaction, which happens once however often it is
--- sent.
-- Source: DynamoDB developer guide, "Update expressions", "Conditional writes" (idempotent ones) and "Amazon
-- DynamoDB Transactions: How it works" (idempotency).

local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local operations = require("dynamodb.base.operations")
local update_parser = require("dynamodb.request.update_parser")

local repeating = {}

-- What an update does, as steps that the outcome can be told of | nil. Without an expression it only makes
-- the item.
local function steps_of(params)
  if not params.UpdateExpression then return not params.AttributeUpdates and {} or nil end
  return update_parser.steps(params.UpdateExpression, params.ExpressionAttributeNames or {},
    params.ExpressionAttributeValues or {})
end

-- PartiQL that reads may be repeated.
local function is_select(statement)
  return type(statement) == "string" and statement:match("^%s*[Ss][Ee][Ll][Ee][Cc][Tt]%f[^%w_]") ~= nil
end

local function all_select(statements)
  for _, each in ipairs(type(statements) == "table" and statements or {}) do
    if type(each) ~= "table" or not is_select(each.Statement) then return false end
  end
  return true
end

-- For operations that may be repeated or not: does the request say that they may?
local deciders = {
  UpdateItem = function(params) return steps_of(params) ~= nil end,
  ExecuteStatement = function(params) return is_select(params.Statement) end,
  BatchExecuteStatement = function(params) return all_select(params.Statements) end,
}

-- What a repeated write would answer differently.
local old_values = { ALL_OLD = true, UPDATED_OLD = true }

--- How a request may be sent again when nobody knows whether the service has done it:
--- "free": as often as one likes, it comes to the same;
--- "checked": its condition may fail because of itself, which the item that is there then tells;
--- "once": not at all.
function repeating.kind(operation, params)
  if not operation.writes or operation.token then return "free" end
  local decide = deciders[operation.name]
  local same = operation.repeatable
  if decide then same = decide(params) end
  if not same or old_values[params.ReturnValues] or params.Expected then return "once" end
  if not params.ConditionExpression then return "free" end
  return params.ReturnValues == "UPDATED_NEW" and "once" or "checked"
end

-- The attributes of a put, which may have been encoded before.
local function item_of(params)
  if type(params.Item) ~= "string" then return params.Item end
  return (assert(core.decode(params.Item, "item")))
end

-- Is the item that is there what the request would have made?
local happened = {
  PutItem = function(params, item)
    return item ~= nil and core.equal(item_of(params), item)
  end,
  UpdateItem = function(params, item)
    return item ~= nil and update_parser.done(steps_of(params), item)
  end,
  DeleteItem = function() return false end, -- that it is gone does not tell who deleted it
}

--- The request as it is sent again, so that a condition that fails tells the item.
function repeating.asking(params)
  local copy = {}
  for name, value in pairs(params) do copy[name] = value end
  copy.ReturnValuesOnConditionCheckFailure = "ALL_OLD"
  return copy
end

--- The result of a write that was sent again and whose condition failed, when 'item', which is there, shows
--- that it had happened the first time | nil.
function repeating.result(operation, params, item)
  if not happened[operation.name](params, item) then return nil end
  return { Attributes = params.ReturnValues == "ALL_NEW" and item or nil }
end

-- {===== Exactly once =====

local members = { PutItem = "Put", UpdateItem = "Update", DeleteItem = "Delete" }
local NOT_OF_TRANSACTIONS = { "AttributeUpdates", "ConditionalOperator", "Expected" }
local OF_THE_WHOLE = { ReturnConsumedCapacity = true, ReturnItemCollectionMetrics = true }

--- Why a write cannot be wrapped | nil when it can.
function repeating.obstacle(operation, params)
  if not members[operation.name] then return operation.name .. " has no form in a transaction" end
  local asked = params.ReturnValues
  if asked and asked ~= "NONE" then return "a transaction has no return_values" end
  for _, name in ipairs(NOT_OF_TRANSACTIONS) do
    if params[name] ~= nil then return "a transaction has no " .. name end
  end
end

--- The transaction of this one write -> operation, params.
function repeating.wrap(operation, params)
  local member, inner = members[operation.name], {}
  local request = { ClientRequestToken = core.uuid(), TransactItems = { { [member] = inner } } }
  for name, value in pairs(params) do
    if OF_THE_WHOLE[name] then
      request[name] = value
    elseif name ~= "ReturnValues" then
      inner[name] = value
    end
  end
  local input = { TransactItems = { "list", { [member] = operation.input } } }
  return setmetatable({ input = input }, { __index = operations.TransactWriteItems }), request
end

-- The service's codes of a reason -> those of the write alone.
local codes = {
  ConditionalCheckFailed = "ConditionalCheckFailedException",
  ItemCollectionSizeLimitExceeded = "ItemCollectionSizeLimitExceededException",
  ProvisionedThroughputExceeded = "ProvisionedThroughputExceededException",
  ThrottlingError = "ThrottlingException",
  TransactionConflict = "TransactionConflictException",
  ValidationError = "ValidationException",
}
local passing = { ProvisionedThroughputExceededException = true, ThrottlingException = true,
  TransactionConflictException = true }

--- Makes of the transaction's error the one that the write alone would have got.
function repeating.unwrap(err)
  local reason = err.code == "TransactionCanceledException" and (err.reasons or {})[1]
  if not reason then return err end
  local code = codes[reason.Code] or reason.Code
  local message = type(reason.Message) == "string" and reason.Message or err.message
  local fields = { code = code, message = message, item = reason.Item, retryable = passing[code],
    throttled = passing[code] and code ~= "TransactionConflictException" }
  for _, name in ipairs({ "kind", "status", "request_id", "ambiguous" }) do fields[name] = err[name] end
  return errors.new(fields)
end

-- ===================== }

return repeating
