-- The shapes of responses against the responses of spec/vectors/operations.lua.

local core = require("dynamodb.core")
local operations = require("dynamodb.base.operations")
local output_shapes = require("dynamodb.request.output_shapes")
local vectors = dofile("spec/vectors/operations.lua")

local function decoded(name, body) return assert(core.decode(body, operations[name].output)) end

describe("output shapes", function()
  it("are made once, for known operations", function()
    assert.equal(output_shapes.Query, output_shapes.Query)
    assert.is_nil(output_shapes.NoSuchOperation)
  end)

  for name in pairs(operations) do
    it("fit a response of the service: " .. name, function()
      assert.is_nil(output_shapes[name](decoded(name, vectors[name][3])))
    end)

    it("have the required member: " .. name, function()
      local member = operations[name].required_output
      if member then assert.equal("." .. member .. ": missing", output_shapes[name]({})) end
    end)
  end

  it("refuse capacity that cannot be added", function()
    for _, capacity in ipairs({ "5", "[1]", '{"CapacityUnits":"1"}', '{"Table":5}', '{"GlobalSecondaryIndexes":{"i":[]}}' }) do
      local body = '{"ConsumedCapacity":' .. capacity .. "}"
      assert.matches("^%.ConsumedCapacity", output_shapes.PutItem(decoded("PutItem", body)))
    end
  end)
end)
