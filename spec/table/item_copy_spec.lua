-- The copies of attributes that item:totable returns.
local dynamodb = require("dynamodb")
local fixture = dofile("spec/support/table_fixture.lua")
local item_copy = require("dynamodb.table.item_copy")

local raises = fixture.raises_in("item_copy_spec.lua")

describe("a copy of attributes", function()
  it("is deep", function()
    local attributes = { map = { deep = { er = "x" } }, list = { { 1 } }, text = "a" }
    local copy = item_copy.copy(attributes)
    assert.same(attributes, copy)
    copy.map.deep.er, copy.list[1][1], copy.text = "y", 2, "z"
    assert.same({ map = { deep = { er = "x" } }, list = { { 1 } }, text = "a" }, attributes)
  end)

  it("has copies of sets", function()
    local attributes = { tags = dynamodb.set({ "a" }) }
    item_copy.copy(attributes).tags:add("b")
    assert.equal(1, #attributes.tags)
  end)

  it("keeps the marks of lists and maps", function()
    local copy = item_copy.copy({ list = dynamodb.list(), map = dynamodb.map() })
    assert.equal("{ list = dynamodb.list({}), map = dynamodb.map({}) }", dynamodb.inspect(copy))
  end)

  it("is possible when a metatable is protected", function()
    local copy = item_copy.copy({ map = setmetatable({ a = 1 }, { __metatable = "locked" }) })
    assert.equal(1, copy.map.a)
  end)

  it("has none of the library's types when it is plain", function()
    local plain = item_copy.copy({ big = dynamodb.number("1.5"), bytes = dynamodb.binary("\0x"),
      nothing = dynamodb.null, yes = true, map = dynamodb.map({ list = dynamodb.list({
        dynamodb.set({ dynamodb.binary("b") }) }) }),
      numbers = dynamodb.set({ dynamodb.number("0.10000000000000000001") }) }, true)
    assert.same({ big = 1.5, bytes = "\0x", nothing = dynamodb.null, yes = true, map = { list = { { "b" } } },
      numbers = { 0.1 } }, plain)
    assert.is_nil(getmetatable(plain.map))
    assert.is_nil(getmetatable(plain.map.list))
  end)

  it("is not made of cycles", function()
    local map = {}
    map.self = map
    for _, plain in ipairs({ false, true }) do
      raises("totable: nested deeper than 64 levels", function() item_copy.copy({ map = map }, plain) end)
    end
  end)
end)
