-- The module table that require "dynamodb" returns.
local cjson = require("cjson")
local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")

describe("dynamodb", function()
  helper.ignore_endpoint(setup, teardown)

  it("has exactly these names", function()
    dynamodb.preload() -- pairs does not show a module that has not been read
    assert.same({ "_VERSION", "add", "all", "any", "append", "attr", "attribute_type", "begins_with", "between", "binary",
      "config", "connect", "contains", "decrement", "delete", "eq", "exists", "gather", "ge", "gt", "if_not_exists", "increment",
      "inspect", "is_error", "is_in", "item_size", "json", "le", "list", "loop", "lt", "map", "ne", "negate", "not_contains",
      "not_exists", "null", "number", "preload", "prepend", "remove", "set", "size", "update", "where" },
      helper.names_of(dynamodb))
  end)

  it("is the same table at each require", function()
    assert.is_true(rawequal(dynamodb, require("dynamodb")))
  end)

  it("creates no global variable", function()
    for _, name in ipairs({ "dynamodb", "core", "cjson" }) do assert.is_nil(rawget(_G, name)) end
  end)

  it("shares its null with cjson", function()
    assert.is_true(dynamodb.null == cjson.null)
    assert.equal('{"A":{"NULL":true}}', core.encode({ A = cjson.null }, "item"))
  end)

  it("creates values of DynamoDB's types", function()
    local types = { binary = dynamodb.binary("\0"), number = dynamodb.number("1.5"),
      set = dynamodb.set({ 1 }) }
    for name, value in pairs(types) do assert.equal("dynamodb." .. name, core.typename(value)) end
    assert.equal('{"A":{"L":[]},"B":{"M":{}}}', core.encode({ A = dynamodb.list({}), B = dynamodb.map({}) },
      "item")
      :gsub('^{("B":.*),("A":.*)}$', "{%2,%1}")) -- the order of table fields is undefined
  end)

  it("honours the array marks of the installed cjson", function()
    local marked = cjson.array_mt and setmetatable({}, cjson.array_mt) or dynamodb.list({})
    assert.equal('{"A":{"L":[]}}', core.encode({ A = marked }, "item"))
  end)

  it("connects", function()
    local connection = dynamodb.connect({ region = "eu-west-1" })
    assert.equal("Connection(https://dynamodb.eu-west-1.amazonaws.com)", tostring(connection))
    connection:close()
  end)

  it("recognizes its errors", function()
    local connection = dynamodb.connect({ region = "eu-west-1", endpoint_url = "http://127.0.0.1:1",
      aws_access_key_id = "k", aws_secret_access_key = "s" })
    local names, err = connection:list_tables()
    assert.is_nil(names)
    assert.is_true(dynamodb.is_error(err))
    assert.is_false(dynamodb.is_error("network: text"))
  end)
end)
