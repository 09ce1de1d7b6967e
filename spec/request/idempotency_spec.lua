-- Which requests may be repeated, and the proof that an update was applied.
local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local errors = require("dynamodb.error")
local operations = require("dynamodb.base.operations")
local idempotency = require("dynamodb.request.idempotency")

local with = require("dynamodb.base.options").merge

local IF = { ConditionExpression = "attribute_not_exists(id)" }
local PUT = { TableName = "t", Item = { id = "a", n = 1 } }
local DELETE = { TableName = "t", Key = { id = "a" } }
local SET = { TableName = "t", Key = { id = "a" }, UpdateExpression = "SET n = :n", ExpressionAttributeValues = { [":n"] = 1 } }
local ADD = { TableName = "t", Key = { id = "a" }, UpdateExpression = "ADD n :n", ExpressionAttributeValues = { [":n"] = 1 } }

describe("idempotency.kind", function()
  local kinds = {
    { "free", "GetItem", DELETE }, { "free", "Query", {} }, { "free", "TransactGetItems", {} },
    { "free", "PutItem", PUT }, { "free", "DeleteItem", DELETE }, { "free", "UpdateItem", SET },
    { "free", "UpdateItem", with(SET, { ReturnValues = "ALL_NEW" }) },
    { "free", "PutItem", with(PUT, { ReturnValues = "NONE" }) },
    { "free", "UpdateItem", DELETE },
    { "free", "BatchWriteItem", {} }, { "free", "TransactWriteItems", {} }, { "free", "ExecuteTransaction", {} },
    { "free", "CreateTable", {} }, { "free", "UpdateTimeToLive", {} }, { "free", "ImportTable", {} },
    { "free", "ExecuteStatement", { Statement = " select * from t" } },
    { "free", "BatchExecuteStatement", { Statements = { { Statement = "SELECT a FROM t" } } } },
    { "checked", "PutItem", with(PUT, IF) }, { "checked", "DeleteItem", with(DELETE, IF) },
    { "checked", "UpdateItem", with(SET, IF) },
    { "checked", "UpdateItem", with(with(SET, IF), { ReturnValues = "ALL_NEW" }) },
    { "once", "UpdateItem", ADD }, { "once", "UpdateItem", with(ADD, IF) }, { "once", "UpdateItem", { AttributeUpdates = {} } },
    { "once", "PutItem", with(PUT, { ReturnValues = "ALL_OLD" }) },
    { "once", "DeleteItem", with(DELETE, { ReturnValues = "ALL_OLD" }) },
    { "once", "UpdateItem", with(SET, { ReturnValues = "UPDATED_OLD" }) },
    { "once", "UpdateItem", with(with(SET, IF), { ReturnValues = "UPDATED_NEW" }) },
    { "once", "PutItem", with(PUT, { Expected = {} }) }, { "once", "CreateBackup", {} },
    { "once", "ExecuteStatement", { Statement = "INSERT INTO t VALUE {'id': 'a'}" } },
    { "once", "ExecuteStatement", { Statement = "selected" } }, { "once", "ExecuteStatement", {} },
    { "once", "BatchExecuteStatement", { Statements = { { Statement = "SELECT a FROM t" }, { Statement = "DELETE FROM t" } } } },
    { "once", "BatchExecuteStatement", { Statements = { "SELECT" } } },
  }
  for i, case in ipairs(kinds) do
    it(("%d: %s is %s"):format(i, case[2], case[1]), function()
      assert.equal(case[1], idempotency.kind(operations[case[2]], case[3]))
    end)
  end

  it("requests the item that fails a condition, and does not change the caller's request", function()
    local params = with(PUT, IF)
    local asking = idempotency.ask_for_item(params)
    assert.equal("ALL_OLD", asking.ReturnValuesOnConditionCheckFailure)
    assert.equal(PUT.Item, asking.Item)
    assert.is_nil(params.ReturnValuesOnConditionCheckFailure)
  end)

  describe("detects that a write was applied", function()
    it("when the item equals the put item, as a table or as text", function()
      for _, item in ipairs({ { id = "a", n = 1 }, (assert(core.encode({ id = "a", n = 1 }, "item"))) }) do
        local params = with(PUT, { Item = item })
        assert.same({}, idempotency.result(operations.PutItem, params, { id = "a", n = 1 }))
        assert.is_nil(idempotency.result(operations.PutItem, params, { id = "a", n = 2 }))
        assert.is_nil(idempotency.result(operations.PutItem, params, { id = "a", n = 1, m = 1 }))
        assert.is_nil(idempotency.result(operations.PutItem, params, nil))
      end
    end)

    it("when the item has the result of the update", function()
      assert.same({}, idempotency.result(operations.UpdateItem, SET, { id = "a", n = 1, m = 1 }))
      assert.is_nil(idempotency.result(operations.UpdateItem, SET, { id = "a", n = 2 }))
      assert.is_nil(idempotency.result(operations.UpdateItem, SET, nil))
      local item = { id = "a", n = 1 }
      assert.same({ Attributes = item }, idempotency.result(operations.UpdateItem, with(SET, { ReturnValues = "ALL_NEW" }), item))
    end)

    it("but not a delete, because another client may have deleted the item", function()
      assert.is_nil(idempotency.result(operations.DeleteItem, DELETE, nil))
      assert.is_nil(idempotency.result(operations.DeleteItem, DELETE, { id = "a" }))
    end)
  end)

  describe("wraps", function()
    for name, params in pairs({ PutItem = PUT, UpdateItem = ADD, DeleteItem = DELETE }) do
      it(name .. " into a transaction with a token", function()
        local given = with(params, { ReturnConsumedCapacity = "TOTAL", ReturnValues = "NONE" })
        assert.is_nil(idempotency.obstacle(operations[name], given))
        local operation, request = idempotency.wrap(operations[name], given)
        assert.equal("DynamoDB_20120810.TransactWriteItems", operation.target)
        assert.matches("^%x+%-%x+%-4%x+%-%x+%-%x+$", request.ClientRequestToken)
        assert.equal("TOTAL", request.ReturnConsumedCapacity)
        local inner = select(2, next(request.TransactItems[1]))
        assert.same(params, inner)
        assert.truthy(core.encode(request, operation.input))
        assert.equal("free", idempotency.kind(operation, request))
      end)
    end

    it("attributes that were encoded before", function()
      local put = setmetatable({ input = { Item = "wire" } }, { __index = operations.PutItem })
      local operation, request = idempotency.wrap(put, { TableName = "t", Item = '{"id":{"S":"a"}}' })
      request.ClientRequestToken = nil
      assert.equal('{"TransactItems":[{"Put":', (core.encode(request, operation.input)):sub(1, 25))
      assert.matches('"Item":{"id":{"S":"a"}}', (core.encode(request, operation.input)), 1, true)
    end)

    local obstacles = {
      { "CreateBackup", {}, "CreateBackup has no form in a transaction" },
      { "UpdateItem", with(ADD, { ReturnValues = "UPDATED_NEW" }), "a transaction has no return_values" },
      { "PutItem", with(PUT, { Expected = {} }), "a transaction has no Expected" },
      { "UpdateItem", { AttributeUpdates = {} }, "a transaction has no AttributeUpdates" },
    }
    for _, case in ipairs(obstacles) do
      it("nothing where " .. case[3], function()
        assert.equal(case[3], idempotency.obstacle(operations[case[1]], case[2]))
      end)
    end
  end)

  describe("unwraps", function()
    local function cancelled(reason)
      return errors.new({ kind = "service", code = "TransactionCanceledException", message = "cancelled", status = 400,
        request_id = "R", reasons = { reason } })
    end

    local rows = {
      { { Code = "ConditionalCheckFailed", Message = "no", Item = { id = "a" } }, "ConditionalCheckFailedException", false,
        false },
      { { Code = "TransactionConflict" }, "TransactionConflictException", true, false },
      { { Code = "ThrottlingError" }, "ThrottlingException", true, true },
      { { Code = "ProvisionedThroughputExceeded" }, "ProvisionedThroughputExceededException", true, true },
      { { Code = "ItemCollectionSizeLimitExceeded" }, "ItemCollectionSizeLimitExceededException", false, false },
      { { Code = "ValidationError" }, "ValidationException", false, false },
      { { Code = "AccessDenied" }, "AccessDenied", false, false },
    }
    for _, case in ipairs(rows) do
      it(case[1].Code .. " into " .. case[2], function()
        local err = idempotency.unwrap(cancelled(case[1]))
        assert.is_true(dynamodb.is_error(err))
        assert.equal("service", err.kind)
        assert.equal(case[2], err.code)
        assert.equal(case[1].Message or "cancelled", err.message)
        assert.equal(case[3], err.retryable)
        assert.equal(case[4], err.throttled)
        assert.equal("R", err.request_id)
        assert.equal(400, err.status)
        assert.equal(case[1].Item, err.item)
        assert.is_nil(err.reasons)
      end)
    end

    it("nothing else", function()
      for _, err in ipairs({ errors.new({ kind = "network", message = "m" }), cancelled(nil) }) do
        assert.equal(err, idempotency.unwrap(err))
      end
    end)
  end)
end)
