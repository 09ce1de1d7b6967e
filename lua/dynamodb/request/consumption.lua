--- The capacity units that requests consume: which operations tell it, how they are asked, how their
--- responses are read, and the sums that conn:stats() returns.
-- Source: API reference, ConsumedCapacity.

local late = require("dynamodb.base.late")
local idempotency = late.module("dynamodb.request.idempotency")
local options = require("dynamodb.base.options")

local consumption = {}

-- The operations whose responses tell what they consumed, and what most of them consume. Only the parameters
-- show what a statement of PartiQL does.
local kinds = {
  BatchExecuteStatement = "statement", BatchGetItem = "read", BatchWriteItem = "write",
  DeleteItem = "write", ExecuteStatement = "statement", ExecuteTransaction = "statement", GetItem = "read",
  PutItem = "write", Query = "read", Scan = "read", TransactGetItems = "read", TransactWriteItems = "write",
  UpdateItem = "write",
}

--- Returns what a request consumes: "read" or "write" | nil for an operation that does not tell it.
---@param operation table of base/operations
---@param params table
function consumption.kind(operation, params)
  local kind = kinds[operation.name]
  if kind ~= "statement" then return kind end
  local statements = params.Statements or params.TransactStatements
  local statement = params.Statement or (type(statements) == "table" and statements[1] or {}).Statement
  return idempotency.is_select(statement) and "read" or "write"
end

--- Returns the parameters of a request that asks what it consumes. Parameters that say it are kept.
---@param params table
---@param operation table of base/operations
---@param asked "TOTAL"|"INDEXES"
---@return table params the same table when nothing changes
function consumption.ask(params, operation, asked)
  if params.ReturnConsumedCapacity ~= nil or not kinds[operation.name] then return params end
  return options.merge(params, { ReturnConsumedCapacity = asked })
end

local function number(value)
  return type(value) == "number" and value or nil
end

-- Returns the units for reads and for writes that one ConsumedCapacity, or its part for an index, tells; each
-- may be nil.
local function read_and_write(consumed, kind)
  local read, write = number(consumed.ReadCapacityUnits), number(consumed.WriteCapacityUnits)
  if read or write or not kind then return read, write end
  if kind == "read" then return number(consumed.CapacityUnits), nil end
  return nil, number(consumed.CapacityUnits)
end

--- Returns the sum of the units that a response tells: { read = number, write = number } | nil when it tells
--- none.
---@param consumed any ConsumedCapacity of a response, or a list of these
---@param kind "read"|"write" what CapacityUnits alone means
function consumption.sum(consumed, kind)
  if type(consumed) ~= "table" then return nil end
  local sum, is_told = { read = 0, write = 0 }, false
  for _, one in ipairs(consumed[1] and consumed or { consumed }) do
    local read, write
    if type(one) == "table" then read, write = read_and_write(one, kind) end
    is_told = is_told or read ~= nil or write ~= nil
    sum.read, sum.write = sum.read + (read or 0), sum.write + (write or 0)
  end
  return is_told and sum or nil
end

-- {===== Sums =====

-- Adds units to the sum of that name, which it may make -> the sum.
local function add(sums, name, consumed, kind)
  local sum = sums[name]
  if not sum then
    sum = { read = 0, write = 0 }
    sums[name] = sum
  end
  local read, write = read_and_write(consumed, kind)
  if read then sum.read = sum.read + read end
  if write then sum.write = sum.write + write end
  return sum
end

-- Adds the units of indexes to the sum of their table.
local function add_indexes(sum, list, kind)
  if type(list) ~= "table" then return end
  for name, consumed in pairs(list) do
    if type(consumed) == "table" then
      sum.indexes = sum.indexes or {}
      add(sum.indexes, name, consumed, kind)
    end
  end
end

-- Adds one ConsumedCapacity to the sum of its table.
local function count_one(sums, call, kind, consumed)
  local name = type(consumed) == "table" and (consumed.TableName or call.params.TableName)
  if type(name) ~= "string" then return end
  local sum = add(sums, name, consumed, kind)
  if consumed.GlobalSecondaryIndexes then add_indexes(sum, consumed.GlobalSecondaryIndexes, kind) end
  if consumed.LocalSecondaryIndexes then add_indexes(sum, consumed.LocalSecondaryIndexes, kind) end
end

--- Adds what the response to a request tells to the sums of its tables.
---@param sums table name of a table -> { read = units, write = units, indexes = { name = the same } | nil }
---@param call dynamodb.Call
---@param consumed any ConsumedCapacity of the response, or a list of these
function consumption.count(sums, call, consumed)
  local kind = consumption.kind(call.operation, call.params)
  local list = type(consumed) == "table" and consumed[1] and consumed
  if not list then return count_one(sums, call, kind, consumed) end
  for _, one in ipairs(list) do count_one(sums, call, kind, one) end
end

--- Returns a copy of sums.
function consumption.copy(sums)
  local copy = {}
  for name, value in pairs(sums) do
    copy[name] = type(value) == "table" and consumption.copy(value) or value
  end
  return copy
end

-- ===================== }

return consumption
