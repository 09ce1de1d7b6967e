-- Values and items as plain JSON and as DynamoDB JSON.
local cjson = require("cjson")
local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local fixture = dofile("spec/support/table_fixture.lua")
local generate = dofile("spec/support/random_source.lua")
local helper = dofile("spec/support/helper.lua")
local random_attributes = dofile("spec/support/random_attributes.lua")

local json = dynamodb.json
local list, map, set, number, binary, null = dynamodb.list, dynamodb.map, dynamodb.set, dynamodb.number, dynamodb.binary,
  dynamodb.null
local raises = fixture.raises_in("json_spec.lua")

local function new_item(attributes)
  local conn = helper.offline(helper.fake())
  return conn:table("t", { hash_key = "id" }):new_item("a", nil, attributes)
end

local function nested(levels)
  local value = "x"
  for _ = 1, levels do value = { value } end
  return value
end

describe("json.encode", function()
  local emptied = set({ "a" })
  emptied:remove("a")

  for _, case in ipairs({
    { "strings", 'a"\\\n\0\195\169', '"a\\"\\\\\\u000a\\u0000\195\169"' }, { "an empty string", "", '""' },
    { "integers", -12, "-12" }, { "floats", 0.1, "0.1" }, { "whole floats", 3.0, "3" },
    { "exact numbers", number("12345678901234567890.12345"), "12345678901234567890.12345" },
    { "numbers with an exponent", number("1E-100"), "1E-100" }, { "booleans", { true, false }, "[true,false]" },
    { "null", { null, cjson.null }, "[null,null]" }, { "binary as base64", binary("\0\255"), '"AP8="' },
    { "sets of strings, in order", set({ "b", "a", "B", "ab", "" }), '["","B","a","ab","b"]' },
    { "sets of numbers, in order", set({ 10, -1, 2, 1.5, number("1E-100") }), "[-1,1E-100,1.5,2,10]" },
    { "sets of binary", set({ binary("b"), binary("a") }), '["YQ==","Yg=="]' }, { "emptied sets", { emptied }, "[[]]" },
    { "lists", { 1, { "a", {} } }, '[1,["a",{}]]' }, { "empty lists", list(), "[]" }, { "empty maps", map(), "{}" },
    { "empty tables as objects", {}, "{}" }, { "names in order", { b = 1, a = 2, aa = 3, B = 4, [""] = 5 },
      '{"":5,"B":4,"a":2,"aa":3,"b":1}' },
    { "deep tables", { a = { { b = { c = list() } } } }, '{"a":[{"b":{"c":[]}}]}' },
    { "64 levels", nested(63), ("["):rep(63) .. '"x"' .. ("]"):rep(63) },
  }) do
    it("writes " .. case[1], function() assert.equal(case[3], json.encode(case[2])) end)
  end

  it("writes items, and tables that contain them", function()
    local item = new_item({ tags = set({ "x" }), n = 1 })
    assert.equal('{"id":"a","n":1,"tags":["x"]}', json.encode(item))
    assert.equal('{"items":[{"id":"a","n":1,"tags":["x"]},{"id":"a"}]}', json.encode({ items = { item, new_item() } }))
  end)

  it("writes the empty arrays of any lua-cjson", function()
    if cjson.empty_array then assert.equal("[[]]", json.encode({ cjson.empty_array })) end
    if cjson.array_mt then assert.equal("[]", json.encode(setmetatable({}, cjson.array_mt))) end
    assert.equal('{"a":[]}', json.encode(core.decode('{"a":{"L":[]}}', "item")))
  end)

  it("writes what cjson reads", function()
    local value = { a = { 1, "x", { b = true } }, c = "\1\127/" }
    assert.same(value, cjson.decode(json.encode(value)))
  end)

  for path, case in pairs({
    ["a[2]: DynamoDB value expected, got function"] = { a = { 1, print } },
    ["a: DynamoDB value expected, got a condition"] = { a = dynamodb.gt(1) },
    ["[1]: NaN is not a DynamoDB number"] = { 0 / 0 },
    ["table has both positions and names"] = { 1, a = 2 },
    ["list with holes"] = { 1, nil, 3 },
    ["name expected as key of a map, got number"] = map({ "a" }),
    ["a: string is not UTF-8 (bytes need dynamodb.binary)"] = { a = "\255" },
    ["nested deeper than 64 levels (a cycle?)"] = nested(64),
  }) do
    it("refuses: " .. path, function() raises(path, json.encode, case) end)
  end

  it("refuses nil, cycles and userdata of others", function()
    local cycle = {}
    cycle.a = cycle
    raises("json.encode: DynamoDB value expected, got nil", json.encode, nil)
    raises("nested deeper than 64 levels (a cycle?)", json.encode, cycle)
    raises("json.encode: f: DynamoDB value expected, got ", json.encode, { f = io.stdout })
    raises("string is not UTF-8", json.encode, { ["\255"] = 1 })
  end)

  it("survives the collector", function()
    helper.stressed(function()
      for i = 1, 50 do
        local value = { list = {}, tags = set({ "b" .. i, "a" .. i }), ["long name " .. ("x"):rep(60) .. i] = i }
        for k = 1, 10 do value.list[k] = { ["k" .. k] = { k } } end
        assert(json.encode(value):find('"tags":["a' .. i .. '","b' .. i .. '"]', 1, true))
      end
    end)
  end)
end)

describe("json.decode", function()
  it("marks arrays and objects, so that they are written as they were", function()
    for _, text in ipairs({ "[]", "{}", '{"a":[],"b":{},"c":[1,[],{}]}', '"x"', "null", "true", "false", "0", "-1.5",
      '[null,{"a":null}]', "12345678901234567890123456789012345678" }) do
      assert.equal(text, json.encode((json.decode(text))))
    end
    assert.is_true(core.is_list(json.decode("[]")))
    assert.is_true(json.decode("null") == null)
    assert.is_true(json.decode('{"a":null}').a == null)
  end)

  it("keeps numbers exact", function()
    assert.same({ 1, 0.1, 1e20 }, { json.decode("1"), json.decode("0.10"), json.decode("1e20") })
    assert.equal("dynamodb.number", core.typename((json.decode("0.10000000000000000001"))))
    local math_type = rawget(math, "type")
    if math_type then assert.equal("integer", math_type((json.decode("9223372036854775807")))) end
  end)

  it("gives values that can be stored", function()
    assert.equal('{"a":{"L":[{"N":"1"},{"NULL":true}]}}', core.encode(json.decode('{"a":[1,null]}'), "item"))
  end)

  for text, why in pairs({
    [""] = "got the end of the text", ["[1,"] = "the end of the text", ["{]"] = "string expected", ["nul"] = "null expected",
    ['{"a":1,"a":2}'] = "a: member occurs twice", ["1e126"] = "number is beyond 9.9...E+125", ["[1] 2"] = "end",
    [("1"):rep(39)] = "more than 38 significant digits", ['"\255"'] = "invalid UTF-8", [("["):rep(65)] = "nested too deep",
    ["[01]"] = "[1]", ["NaN"] = "expected",
  }) do
    it("returns an error for " .. text:sub(1, 20), function()
      local value, err = json.decode(text)
      assert.is_nil(value)
      assert.is_true(dynamodb.is_error(err))
      assert.equal("response", err.kind)
      assert.truthy(err.message:find("^json%.decode: "))
      assert.truthy(err.message:find(why, 1, true), err.message)
    end)
  end

  it("raises for arguments other than text", function()
    raises("json.decode: text expected, got table", json.decode, {})
    raises("json.decode: text expected, got nil", json.decode)
  end)

  it("gives back random values", function()
    local random = generate.new(7)
    for _ = 1, 300 do
      local value = random_attributes.map(random, 3)
      local text = json.encode(value)
      assert.equal(text, json.encode((assert(json.decode(text)))))
    end
  end)
end)

describe("DynamoDB JSON", function()
  it("of attributes and items has a type for each", function()
    assert.equal('{"a":{"N":"1"}}', json.typed_encode({ a = 1 }))
    assert.equal('{"id":{"S":"a"}}', json.typed_encode(new_item()))
    assert.equal("{}", json.typed_encode({}))
  end)

  it("of one value has one type", function()
    for text, value in pairs({
      ['{"S":"x"}'] = "x", ['{"N":"1.5"}'] = 1.5, ['{"BOOL":false}'] = false, ['{"NULL":true}'] = null,
      ['{"B":"AA=="}'] = binary("\0"), ['{"SS":["a"]}'] = set({ "a" }), ['{"L":[{"N":"1"}]}'] = { 1 }, ['{"L":[]}'] = list(),
    }) do
      assert.equal(text, json.typed_encode(value))
      assert.is_true(core.equal(value, (json.typed_decode(text))), text)
    end
  end)

  it("distinguishes attributes that are named like types", function()
    local function same(expected, text) assert.is_true(core.equal(expected, json.typed_decode(text)), text) end
    same({ M = map() }, '{"M":{"M":{}}}')
    same(map(), '{"M":{}}')
    same({ M = "x" }, '{"M":{"S":"x"}}')
    same({ S = "x" }, '{"S":{"S":"x"}}')
    same({ a = 1 }, '{"M":{"a":{"N":"1"}}}')
    same({ L = list() }, '{"L":{"L":[]}}')
    same({}, "{}")
    same({ S = "x", N = 1 }, '{"S":{"S":"x"},"N":{"N":"1"}}')
  end)

  it("gives back random attributes", function()
    local random = generate.new(11)
    for _ = 1, 300 do
      local attributes = random_attributes.map(random, 3)
      assert.is_true(core.equal(attributes, assert(json.typed_decode(json.typed_encode(attributes)))))
      attributes = { M = attributes, S = random_attributes.value(random, 2) }
      assert.is_true(core.equal(attributes, assert(json.typed_decode(json.typed_encode(attributes)))))
    end
  end)

  it("returns an error for other text", function()
    for text, why in pairs({ ['{"S":5}'] = "string expected", ['{"a":5}'] = "a: attribute value expected",
      ["[]"] = "object expected", [""] = "object expected",
      ['{"a":{"X":1}}'] = "a: unknown attribute type 'X'", ['{"N":"x"}'] = "not a number: 'x'" }) do
      local value, err = json.typed_decode(text)
      assert.is_nil(value)
      assert.equal("response", err.kind)
      assert.truthy(err.message:find("json.typed_decode: " .. why, 1, true), err.message)
    end
    raises("json.typed_decode: text expected, got nil", json.typed_decode)
  end)

  it("refuses other values", function()
    raises("json.typed_encode: a: DynamoDB value expected, got function", json.typed_encode, { a = print })
    raises("json.typed_encode: attributes expected (a table by names), got a condition", json.typed_encode, dynamodb.gt(1))
    raises("json.typed_encode: DynamoDB value expected, got nil", json.typed_encode)
  end)
end)
