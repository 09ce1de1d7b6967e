-- The size of items in bytes.
local dynamodb = require("dynamodb")
local cjson = require("cjson")
local fixture = dofile("spec/support/table_fixture.lua")
local helper = dofile("spec/support/helper.lua")

local list, map, set, number, binary = dynamodb.list, dynamodb.map, dynamodb.set, dynamodb.number, dynamodb.binary
local raises = fixture.raises_in("item_size_spec.lua")

describe("item_size", function()
  -- { what, value, bytes besides the name }
  for _, case in ipairs({
    { "a string", "abc", 3 }, { "an empty string", "", 0 }, { "UTF-8", "\195\169\226\130\172", 5 },
    { "raw bytes", binary("\0\1\2"), 3 }, { "a boolean", false, 1 }, { "null", dynamodb.null, 1 },
    { "zero", 0, 1 }, { "one digit", 7, 2 }, { "two digits", 42, 2 }, { "three digits", 123, 3 }, { "a minus sign", -123, 4 },
    { "zeros that are no digits", 5000, 2 }, { "a fraction", 0.001, 2 }, { "digits around the point", 12.5, 3 },
    { "zeros between digits", 1001.5, 4 }, { "an exponent", number("1.5E+100"), 2 }, { "38 digits", number(("9"):rep(38)), 20 },
    { "38 digits and a sign", number("-" .. ("9"):rep(38)), 21 }, { "a small number", number("-1E-130"), 3 },
    { "a set of strings", set({ "a", "bc" }), 3 }, { "a set of numbers", set({ 1, 22, -3 }), 7 },
    { "a set of bytes", set({ binary("abc") }), 3 }, { "an empty list", list(), 3 }, { "an empty map", map(), 3 },
    { "a list", { "abc", 7 }, 3 + 1 + 3 + 1 + 2 }, { "a map", { ab = "c", d = true }, 3 + 1 + 2 + 1 + 1 + 1 + 1 },
    { "nesting", { { a = { "x" } } }, 3 + 1 + (3 + 1 + 1 + (3 + 1 + 1)) },
  }) do
    it("counts " .. case[1], function()
      assert.equal(case[3] + 4, dynamodb.item_size({ name = case[2] }))
    end)
  end

  it("adds up names and values", function()
    assert.equal(0, dynamodb.item_size({}))
    assert.equal(2 + 1 + 5 + 3, dynamodb.item_size({ id = "a", count = 123 }))
    assert.equal(2 + 1, dynamodb.item_size({ ["\195\169"] = "a" })) -- bytes, not characters
    if cjson.empty_array then assert.equal(1 + 3, dynamodb.item_size({ a = cjson.empty_array })) end
  end)

  it("takes items", function()
    local conn = helper.offline(helper.fake())
    local item = conn:table("t", { hash_key = "id" }):new_item("a", nil, { b = "cd" })
    assert.equal(6, dynamodb.item_size(item))
  end)

  it("counts what is stored, whatever the metatable", function()
    local meta = { __index = function(_, i) return i < 100 and i or nil end, __len = error, __pairs = error }
    assert.equal(1 + 3 + 1 + 2, dynamodb.item_size({ a = setmetatable({ 7 }, meta) }))
  end)

  it("refuses other values", function()
    raises("item_size: attributes expected (a table by names), got string", dynamodb.item_size, "x")
    raises("item_size: attributes expected (a table by names), got nil", dynamodb.item_size)
    raises("item_size: attributes expected (a table by names), got a list", dynamodb.item_size, list())
    raises("item_size: a.b: DynamoDB value expected, got function", dynamodb.item_size, { a = { b = print } })
  end)
end)
