-- Shapes of plain values: what fits, and what is said of the rest.

local core = require("dynamodb.core")
local shape = require("dynamodb.request.shape")

local list = core.list

-- { shape, values that fit, { value, what is wrong }... }
local tags = shape.list_of(shape.struct({ Key = shape.name, Value = shape.text }, "Key"))
local cases = {
  text = { shape.text, { "", "a" }, { 1, ": string expected, got number" }, { {}, ": string expected, got object" } },
  name = { shape.name, { "a" }, { "", ": name expected, got an empty string" }, { true, ": string expected, got boolean" } },
  number = { shape.number, { 0, -1.5 }, { "1", ": number expected, got string" } },
  count = { shape.count, { 0, 7, 2.0 }, { -1, ": count expected, got -1" }, { 1.5, ": count expected, got 1.5" },
    { list(), ": number expected, got array" } },
  boolean = { shape.boolean, { true, false }, { 0, ": boolean expected, got number" } },
  choice = { shape.choice("HASH", "RANGE"), { "HASH", "RANGE" }, { "hash", ": 'HASH' or 'RANGE' expected, got 'hash'" },
    { 1, ": 'HASH' or 'RANGE' expected, got number" } },
  struct = { shape.struct({ a = shape.text, b = shape.struct({ c = shape.number }) }, "a"),
    { { a = "x" }, { a = "x", b = {}, more = 1 }, { a = "x", b = { c = 1 } } },
    { {}, ".a: missing" }, { { a = 1 }, ".a: string expected, got number" },
    { { a = "x", b = { c = "1" } }, ".b.c: number expected, got string" }, { list(), ": object expected, got array" },
    { "x", ": object expected, got string" } },
  list_of = { tags, { list(), list({ { Key = "k", Value = "" } }) }, { {}, ": array expected, got object" },
    { list({ { Key = "k" }, {} }), "[2].Key: missing" }, { list({ 5 }), "[1]: object expected, got number" } },
  map_of = { shape.map_of(shape.number), { {}, { a = 1, b = 2 } }, { { a = "1" }, ".a: number expected, got string" },
    { list(), ": object expected, got array" } },
}

describe("shape", function()
  for name, case in pairs(cases) do
    it("fits: " .. name, function()
      for _, value in ipairs(case[2]) do assert.is_nil(case[1](value)) end
    end)

    for i = 3, #case do
      it(("tells what is wrong: %s, %s"):format(name, case[i][2]), function()
        assert.equal(case[i][2], case[1](case[i][1]))
      end)
    end
  end
end)
