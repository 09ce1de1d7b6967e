--- PartiQL: executes statements with Lua values for their parameters.
-- Source: DynamoDB developer guide, "PartiQL - a SQL-compatible query language for Amazon DynamoDB".

local arguments = require("dynamodb.base.arguments")
local capacity = require("dynamodb.table.capacity")
local pipeline = require("dynamodb.request.pipeline")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local objects = require("dynamodb.base.objects")
local operations = require("dynamodb.base.operations")
local options = require("dynamodb.base.options")
local results = require("dynamodb.table.results")
local retry = require("dynamodb.request.retry")
local transaction = require("dynamodb.table.transaction")

local Connection = core.connection_class.methods
local partiql = {}

local MAX_BATCH, MAX_TRANSACTION = 25, 100 -- statements

-- Returns how many values a statement takes: the question marks outside of texts and quoted names.
local function count_placeholders(statement)
  local rest = statement:gsub("'[^']*'", ""):gsub('"[^"]*"', "")
  return select(2, rest:gsub("%?", ""))
end

local function statement_of(statement, values, where)
  if type(statement) ~= "string" or statement == "" then
    errors.raise("%s: statement expected, got %s", where, objects.describe(statement))
  end
  if values ~= nil then arguments.check_list(values, where, "values") end
  local expected, count = count_placeholders(statement), values and #values or 0
  if count ~= expected then
    errors.raise("%s: the statement takes %d values (?), got %d", where, expected, count)
  end
  return { Statement = statement, Parameters = values and #values > 0 and core.list(values) or nil }
end

local execute_options = options.with_write_options({
  consistent_read = options.boolean,
  max_requests = options.count(1),
  max_results = options.count(0),
  request_limit = options.count(1),
  return_consumed_capacity = capacity.option,
})

local writes = { DELETE = true, INSERT = true, UPDATE = true }

-- Returns true when the statement writes. Raises for options that only pages have.
local function is_write(statement, given)
  if not writes[(statement:match("^%s*(%a+)") or ""):upper()] then return false end
  for _, name in ipairs({ "max_requests", "max_results", "request_limit" }) do
    if given[name] then errors.raise("execute: option '%s' is for SELECT only", name) end
  end
  return true
end

-- Raises for values that DynamoDB does not have. A SELECT is sent later, where its rows are asked for.
local function check_values(values)
  for i, value in ipairs(values or {}) do
    local text, why = core.encode(value, "value")
    if not text then errors.raise("execute: value %d: %s", i, why) end
  end
end

--- Executes a statement: for row in conn:execute("SELECT * FROM messages WHERE id = ?", { 1 }) do. Rows are
--- plain tables. SELECT requests a page when its first row is asked for; INSERT, UPDATE and DELETE are done
--- when execute returns.
---@return dynamodb.Results? results
---@return dynamodb.Error? err when a statement that writes failed
function Connection:execute(statement, values, given)
  given = options.read(execute_options, given, "execute")
  core.connection_state(self)
  local request = statement_of(statement, values, "execute")
  request.ConsistentRead = given.consistent_read
  request.ReturnConsumedCapacity = capacity.as_sent[given.return_consumed_capacity]
    or core.connection_state(self).asked or "TOTAL"
  local found = results.new(self, operations.ExecuteStatement, request, {
    call = pipeline.multi_request_options(core.connection_state(self), given),
    max_results = given.max_results, max_requests = given.max_requests, request_limit = given.request_limit })
  if is_write(statement, given) then
    local response, err = found:next_response()
    if not response then return nil, err end
  else
    check_values(request.Parameters)
  end
  return found
end

-- Returns the requests of statements, each given as text or as { text, values }.
local function statements_of(given, most, where)
  if #arguments.check_list(given, where, "statements") == 0 then
    errors.raise("%s: list of statements expected, got an empty one", where)
  end
  if #given > most then errors.raise("%s: %d statements, at most %d", where, #given, most) end
  local list = {}
  for i, each in ipairs(given) do
    local text, values = each, nil
    if objects.is_plain(each) then
      text, values = each[1], each[2]
      for name in pairs(each) do
        if name ~= 1 and name ~= 2 then
          errors.raise("%s[%d]: { statement, values } expected, got a member '%s'", where, i,
            tostring(name):sub(1, 40))
        end
      end
    end
    list[i] = statement_of(text, values, ("%s[%d]"):format(where, i))
  end
  return list
end

-- Makes the error object of one statement.
local function error_of(failure)
  local class = retry.statement_classes[failure.Code]
  return errors.locate(errors.new({ kind = "service", code = failure.Code,
    message = failure.Message or failure.Code,
    item = failure.Item, operation = "BatchExecuteStatement", attempts = 1,
    retryable = class ~= nil, throttled = class and class == "throttling" }))
end

local batch_options = options.with_write_options({ return_consumed_capacity = capacity.option })

--- Executes up to 25 statements, each { text, values }.
---@return table[]? list { item = row or nil } or { err = error object } for each statement
---@return dynamodb.Error? err when none was executed
---@return table[]? capacity consumed, for each table, with return_consumed_capacity
function Connection:execute_batch(given, more)
  more = options.read(batch_options, more, "execute_batch")
  local request = { Statements = statements_of(given, MAX_BATCH, "execute_batch"),
    ReturnConsumedCapacity = capacity.as_sent[more.return_consumed_capacity] }
  local result, err = pipeline.call(self, operations.BatchExecuteStatement, request, nil, more)
  if not result then return nil, err end
  local list = core.list()
  for i, response in ipairs(result.Responses) do
    list[i] = { item = response.Item, err = response.Error and error_of(response.Error) }
  end
  return capacity.results(list, result.ConsumedCapacity)
end

--- Executes up to 100 statements, all or none, each { text, values }. Conflicts are retried as by
--- transact_write.
---@return table? rows list, with false where there is none
---@return dynamodb.Error? err with reasons, as of transact_write
---@return table[]? capacity consumed, for each table, with return_consumed_capacity
function Connection:execute_transaction(given, more)
  more = options.read(transaction.options, more, "execute_transaction")
  local request = { TransactStatements = statements_of(given, MAX_TRANSACTION, "execute_transaction"),
    ClientRequestToken = core.uuid(),
    ReturnConsumedCapacity = capacity.as_sent[more.return_consumed_capacity] }
  local result, err = transaction.call(self, operations.ExecuteTransaction, request, given, more)
  if not result then return nil, err end
  local rows, responses = {}, result.Responses or {}
  for i = 1, #given do rows[i] = responses[i] and responses[i].Item or false end
  return capacity.results(rows, result.ConsumedCapacity)
end

arguments.check_methods(Connection, "conn", { core.connection_class }, {
  execute = "statement, values, options",
  execute_batch = "statements, options",
  execute_transaction = "statements, options",
})

return partiql
