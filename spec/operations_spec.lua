local core = require("dynamodb.core")
local operations = require("dynamodb.operations")

local writes = { CreateTable = true, DeleteItem = true, DeleteTable = true, PutItem = true,
  UpdateItem = true }
local reads = { DescribeTable = true, GetItem = true, ListTables = true, Query = true, Scan = true }

-- The forms that csrc/lua/encode.c and decode.c know.
local function is_shape(shape)
  if shape == "item" or shape == "row" or shape == "value" then return true end
  if type(shape) ~= "table" then return false end
  if shape[1] == "list" or shape[1] == "map" then return #shape == 2 and is_shape(shape[2]) end
  for member, inner in pairs(shape) do
    if type(member) ~= "string" or not member:match("^%u%a+$") or not is_shape(inner) then return false end
  end
  return true
end

describe("operations", function()
  it("has all that the library calls", function()
    for _, list in ipairs({ writes, reads }) do
      for name in pairs(list) do assert.is_table(operations[name], name) end
    end
  end)

  for name, operation in pairs(operations) do
    it("describes " .. name, function()
      assert.equal(name, operation.name)
      assert.equal("DynamoDB_20120810." .. name, operation.target)
      assert.is_true(is_shape(operation.input))
      assert.is_true(is_shape(operation.output))
    end)

    it(("has shapes for %s that the codec takes"):format(name), function()
      assert.equal("{}", core.encode({}, operation.input))
      assert.same({}, core.decode("{}", operation.output))
    end)
  end

  for name in pairs(writes) do
    it("knows that it writes: " .. name, function() assert.is_true(operations[name].writes) end)
  end
  for name in pairs(reads) do
    it("knows that it only reads: " .. name, function() assert.is_nil(operations[name].writes) end)
  end

  local ITEM = '{"id":{"S":"a"}}'
  local requests = {
    { "PutItem", "Item" }, { "GetItem", "Key" }, { "DeleteItem", "Key" }, { "UpdateItem", "Key" },
    { "Query", "ExclusiveStartKey" }, { "Scan", "ExclusiveStartKey" }, { "PutItem",
      "ExpressionAttributeValues" },
    { "DeleteItem", "ExpressionAttributeValues" }, { "UpdateItem", "ExpressionAttributeValues" },
    { "Query", "ExpressionAttributeValues" }, { "Scan", "ExpressionAttributeValues" },
  }
  for _, case in ipairs(requests) do
    it(("types the attributes in %s of %s"):format(case[2], case[1]), function()
      local text = core.encode({ [case[2]] = { id = "a" } }, operations[case[1]].input)
      assert.equal(('{"%s":%s}'):format(case[2], ITEM), text)
    end)
  end

  local responses = {
    { "GetItem", "Item" }, { "PutItem", "Attributes" }, { "DeleteItem", "Attributes" }, { "UpdateItem",
      "Attributes" },
    { "Query", "LastEvaluatedKey" }, { "Scan", "LastEvaluatedKey" },
  }
  for _, case in ipairs(responses) do
    it(("reads the attributes in %s of %s"):format(case[2], case[1]), function()
      local response = core.decode(('{"%s":%s}'):format(case[2], ITEM), operations[case[1]].output)
      assert.same({ [case[2]] = { id = "a" } }, response)
    end)
  end

  for _, name in ipairs({ "Query", "Scan" }) do
    it("reads the rows of " .. name, function()
      local response = core.decode(('{"Items":[%s,%s],"Count":2}'):format(ITEM, ITEM),
        operations[name].output)
      assert.equal(2, response.Count)
      assert.equal(2, #response.Items)
      assert.equal("a", response.Items[2].id)
    end)
  end
end)
