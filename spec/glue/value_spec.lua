-- Encoding and decoding of attribute values, nesting limits and errors with the path.
local helper = dofile("spec/support/helper.lua")
local core = require("dynamodb.core")
local cjson = require("cjson")
local locale = dofile("spec/support/comma_locale.lua")

local number, set, binary, list, map, null = core.number, core.set, core.binary, core.list, core.map, core.null
local math_type = rawget(math, "type")
local has_integers = math_type ~= nil

local function encoded(value, shape)
  local text, why = core.encode(value, shape or "value")
  return text or error(why, 2)
end

local function decoded(text, shape, owner)
  local value, why = core.decode(text, shape or "value", owner)
  if value == nil then error(why, 2) end
  return value
end

-- Returns "integer", "float", or the name of the class.
local function kind(value)
  if type(value) ~= "number" then return core.typename(value) end
  return math_type and math_type(value) or value == math.floor(value) and "integer" or "float"
end

local function nested_list(levels, inner)
  local value = inner or "x"
  for _ = 1, levels do value = { value } end
  return value
end

local function nested_map(levels, inner)
  local value = inner or "x"
  for _ = 1, levels do value = { m = value } end
  return value
end

local function wire_list(levels)
  return ('{"L":['):rep(levels) .. '{"S":"x"}' .. ("]}"):rep(levels)
end

describe("a value and its text:", function()
  local grid = {
    { "an empty string", "", '{"S":""}' },
    { "a string", "caf\195\169", '{"S":"caf\195\169"}' },
    { "a string with escapes", '\0\n"\\/', '{"S":"\\u0000\\u000a\\"\\\\/"}' },
    { "a string that looks like a number", "1", '{"S":"1"}' },
    { "zero", 0, '{"N":"0"}' },
    { "a number", 42, '{"N":"42"}' },
    { "a negative number", -42, '{"N":"-42"}' },
    { "a fraction", 0.1, '{"N":"0.1"}' },
    { "a sum that is not what it seems", 0.1 + 0.2, '{"N":"0.30000000000000004"}' },
    { "a large float", 1e100, '{"N":"1E+100"}' },
    { "a small float", 1.5e-100, '{"N":"1.5E-100"}' },
    { "the largest power of ten", 1e125, '{"N":"1E+125"}' },
    { "the smallest number", 1e-130, '{"N":"1E-130"}' },
    { "38 digits", number(("9"):rep(38)), '{"N":"' .. ("9"):rep(38) .. '"}' },
    { "an exact third", number("0.333333333333333333"), '{"N":"0.333333333333333333"}' },
    { "true", true, '{"BOOL":true}' },
    { "false", false, '{"BOOL":false}' },
    { "null", null, '{"NULL":true}' },
    { "no bytes", binary(""), '{"B":""}' },
    { "bytes", binary("\0\255x"), '{"B":"AP94"}' },
    { "bytes with padding", binary("ab"), '{"B":"YWI="}' },
    { "a set of one string", set({ "a" }), '{"SS":["a"]}' },
    { "a set of the empty string", set({ "" }), '{"SS":[""]}' },
    { "a set of one number", set({ 1.50 }), '{"NS":["1.5"]}' },
    { "a set of bytes", set({ binary("\255") }), '{"BS":["/w=="]}' },
    { "an empty list", list(), '{"L":[]}' },
    { "an empty map", map(), '{"M":{}}' },
    { "a list", { 1, "a", true, null }, '{"L":[{"N":"1"},{"S":"a"},{"BOOL":true},{"NULL":true}]}' },
    { "a map", { a = 1 }, '{"M":{"a":{"N":"1"}}}' },
    { "a list in a list in a map", { a = { { 1 } } }, '{"M":{"a":{"L":[{"L":[{"N":"1"}]}]}}}' },
    { "empty ones inside", { list(), map() }, '{"L":[{"L":[]},{"M":{}}]}' },
    { "false in a list", { false, false }, '{"L":[{"BOOL":false},{"BOOL":false}]}' },
  }

  for _, case in ipairs(grid) do
    it(case[1], function()
      local name, value, text = case[1], case[2], case[3]
      assert.equal(text, encoded(value))
      assert.is_true(core.equal(value, decoded(text)))
      assert.equal(text, encoded(decoded(text)))
      assert.equal(type(value), type(decoded(text)), name)
      assert.equal('{"a b":' .. text .. "}", encoded({ ["a b"] = value }, "item"))
      assert.is_true(core.equal({ x = value }, decoded('{"x":' .. text .. "}", "item")))
      assert.is_true(core.equal({ x = value }, decoded('{"x":' .. text .. "}", "row")))
    end)
  end

  it("differs from every other value", function()
    for i, a in ipairs(grid) do
      for k, b in ipairs(grid) do
        assert.equal(i == k, core.equal(a[2], decoded(b[3])), a[1] .. "; " .. b[1])
      end
    end
  end)

  it("an unmarked empty table is a map", function()
    assert.equal('{"M":{}}', encoded({}))
    assert.equal('{"L":[{"M":{}}]}', encoded({ {} }))
    assert.equal("{}", encoded({}, "item"))
  end)

  it("the null of lua-cjson is our null", function()
    assert.equal(null, cjson.null)
    assert.equal('{"NULL":true}', encoded(cjson.null))
    assert.equal("userdata", type(decoded('{"NULL":true}')))
    assert.is_true(decoded('{"NULL":true}') == null)
  end)

  it("sets hold each element once", function()
    assert.same({ SS = { "a", "b", "c" } }, (function()
      local wire = cjson.decode(encoded(set({ "c", "a", "b", "a" })))
      table.sort(wire.SS)
      return wire
    end)())
    assert.is_true(core.equal(set({ 1, 2 }), decoded('{"NS":["2","1.0","1","10e-1"]}')))
    assert.is_true(core.equal(set({ binary("a"), binary("b") }), decoded('{"BS":["Yg==","YQ==","YQ=="]}')))
  end)

  it("long strings, long bytes", function()
    for _, n in ipairs({ 65535, 65536, 70001, 400000 }) do
      local text = ("0123456789"):rep(math.floor(n / 10)) .. ("x"):rep(n % 10)
      assert.equal('{"S":"' .. text .. '"}', encoded(text))
      assert.equal(text, decoded('{"S":"' .. text .. '"}'))
      assert.equal(text .. "\n", decoded('{"S":"' .. text .. '\\n"}'))
      assert.is_true(binary(text) == decoded(encoded(binary(text))))
      assert.is_true(decoded('{"' .. text .. '":{"N":"1"}}', "item")[text] == 1)
    end
  end)

  it("bytes from base64 with JSON escapes", function()
    assert.equal("\0\255x", decoded('{"B":"\\u0041P94"}'):bytes())
    assert.equal("\255\255\255", decoded('{"B":"\\/\\/\\/\\/"}'):bytes())
    assert.is_true(set({ binary("\255\255\255") }) == decoded('{"BS":["\\/\\/\\/\\/"]}'))
    assert.is_true(core.equal(1.5, decoded('{"N":"\\u0031.5"}')))
  end)
end)

describe("numbers", function()
  -- { text, kind with 64-bit integers, kind without, text when encoded again }
  local cases = {
    { "0", "integer", "integer", "0" },
    { "-0", "integer", "integer", "0" },
    { "1.0", "integer", "integer", "1" },
    { "1E+2", "integer", "integer", "100" },
    { "9007199254740991", "integer", "integer" },
    { "9007199254740992", "integer", "integer" },
    { "-9007199254740992", "integer", "integer" },
    { "9007199254740993", "integer", "dynamodb.number" },
    { "-9007199254740993", "integer", "dynamodb.number" },
    { "9223372036854775807", "integer", "dynamodb.number" },
    { "-9223372036854775807", "integer", "dynamodb.number" },
    { "-9223372036854775808", "integer", "dynamodb.number" },
    { "9223372036854775808", "dynamodb.number", "dynamodb.number" },
    { "-9223372036854775809", "dynamodb.number", "dynamodb.number" },
    { "18446744073709551615", "dynamodb.number", "dynamodb.number" },
    { "0.5", "float", "float" },
    { "3.141592653589793", "float", "float" },
    { "3.14159265358979323846", "dynamodb.number", "dynamodb.number" },
    { "1.2345678901234567890123456789012345678E+125", "dynamodb.number", "dynamodb.number" },
    { "-1.2345678901234567890123456789012345678E-130", "dynamodb.number", "dynamodb.number" },
  }

  for _, case in ipairs(cases) do
    it("are read as the type that holds them: " .. case[1], function()
      local value = decoded('{"N":"' .. case[1] .. '"}')
      assert.equal(case[has_integers and 2 or 3], kind(value))
      assert.equal('{"N":"' .. (case[4] or case[1]) .. '"}', encoded(value))
    end)
  end

  it("of 64 bits are integers if Lua has them", function()
    if has_integers then
      local highest, lowest = rawget(math, "maxinteger"), rawget(math, "mininteger")
      assert.equal(highest, decoded('{"N":"9223372036854775807"}'))
      assert.equal(lowest, decoded('{"N":"-9223372036854775808"}'))
      assert.equal('{"N":"9223372036854775807"}', encoded(highest))
      assert.equal('{"N":"-9223372036854775808"}', encoded(lowest))
    else
      assert.equal("9223372036854775807", tostring(decoded('{"N":"9223372036854775807"}')))
      assert.equal(2 ^ 53, decoded('{"N":"9007199254740992"}'))
    end
  end)

  it("that are large whole floats are read as the same Lua number", function()
    for power = 50, 80 do
      for _, value in ipairs({ 2.0 ^ power, -2.0 ^ power, 3 * 2.0 ^ power }) do
        assert.equal(value, decoded(encoded(value)), "2^" .. power)
      end
    end
  end)

  it("are written without a sign for zero, and without a point for whole floats", function()
    assert.equal('{"N":"0"}', encoded(-0.0))
    assert.equal('{"N":"0"}', encoded(-1 / (1 / 0)))
    assert.equal('{"N":"3"}', encoded(3.0))
    assert.equal('{"N":"9007199254740992"}', encoded(2.0 ^ 53))
  end)

  it("are the same under a locale with a decimal comma", function()
    local text, value, pair
    locale.with_comma(function()
      text, value = encoded({ 0.5, 1e100 / 7, number("1.25") }), decoded('{"N":"0.30000000000000004"}')
      pair = core.encode({ 0.5 })
    end)
    assert.equal('{"L":[{"N":"0.5"},{"N":"1.4285714285714286E+99"},{"N":"1.25"}]}', text)
    assert.equal(0.1 + 0.2, value)
    assert.equal("[0.5]", pair)
  end)
end)

describe("names", function()
  local names = {
    "S", "N", "B", "M", "L", "NULL", "BOOL", "SS", "NS", "BS", "__type", "put", "get", "a.b[0]", " ", ".", '"',
    "\\", "\n", "\0", "null", "#", ":", "a\0b", "\195\169", "e\204\129", "\226\128\174", "\239\187\191",
    "\240\159\152\128", "\244\143\191\191", "1", "-1", "_ENV", "__index", "__gc", ("n"):rep(65535),
  }

  it("may be anything but empty", function()
    for _, name in ipairs(names) do
      for _, value in ipairs({ "x", 1, false, null, list(), map({ [name] = 1 }), set({ name }), binary(name) }) do
        local text = encoded({ [name] = value }, "item")
        local back = decoded(text, "item")
        assert.is_true(core.equal({ [name] = value }, back), name)
        assert.equal(text, encoded(back, "item"))
        assert.is_true(core.equal({ { [name] = value } }, decoded(encoded({ { [name] = value } }))), name)
      end
    end
  end)

  it("may occur together", function()
    local item = {}
    for i, name in ipairs(names) do item[name] = { [name] = i } end
    local back = decoded(encoded(item, "item"), "item")
    assert.is_true(core.equal(item, back))
    for i, name in ipairs(names) do assert.equal(i, back[name][name]) end
  end)

  it("are distinguished among ten thousand, and duplicates are found", function()
    local parts, item = {}, {}
    for i = 1, 10000 do
      parts[i] = ('"name %d":{"N":"%d"}'):format(i, i)
      item["name " .. i] = i
    end
    local text = table.concat(parts, ",")
    local back = decoded("{" .. text .. "}", "item")
    assert.is_true(core.equal(item, back))
    assert.is_true(core.equal(item, decoded(encoded(item, "item"), "item")))
    for _, i in ipairs({ 1, 2, 77, 5000, 9999, 10000 }) do
      assert.same({ nil, ('["name %d"]: member occurs twice'):format(i) },
        { core.decode("{" .. text .. "," .. parts[i] .. "}", "item") })
    end
  end)
end)

describe("encode refuses", function()
  local holes = "l: list with holes (positions 1, 2, 3... expected)"
  local no_text = "string is not UTF-8 (bytes need dynamodb.binary)"
  local refused = {
    { "a function", { f = print }, "f: DynamoDB value expected, got function" },
    { "a thread", { t = coroutine.create(print) }, "t: DynamoDB value expected, got thread" },
    { "a foreign userdata", { u = io.stdout }, "u: DynamoDB value expected, got " .. core.typename(io.stdout) },
    { "a function deep inside", { a = { b = { 1, { c = print } } } }, "a.b[2].c: DynamoDB value expected, got function" },
    { "NaN", { n = 0 / 0 }, "n: NaN is not a DynamoDB number" },
    { "infinity", { n = { 1 / 0 } }, "n[1]: infinity is not a DynamoDB number" },
    { "negative infinity", { n = -1 / 0 }, "n: infinity is not a DynamoDB number" },
    { "a large float", { n = 1e126 }, "n: number is beyond 9.9...E+125" },
    { "a tiny float", { n = { m = -1e-131 } }, "n.m: number is closer to zero than 1E-130" },
    { "text that is not UTF-8", { s = "\255" }, "s: " .. no_text },
    { "a surrogate", { s = { "ok", "\237\160\128" } }, "s[2]: " .. no_text },
    { "an element that is not UTF-8", { s = set({ "\192\128" }) }, "s: " .. no_text },
    { "a name that is not UTF-8", { m = { ["a\255"] = 1 } },
      'm["a\255"]: ' .. no_text },
    { "an empty name", { [""] = 1 }, "attribute name is empty" },
    { "an empty name inside", { a = { b = { [""] = 1 } } }, "a.b: attribute name is empty" },
    { "a list with a hole", { l = { 1, nil, 3 } }, holes },
    { "a list with a distant element", { l = { 1, [1000] = 2 } }, holes },
    { "a list with position 0", { l = { [0] = 0, 1 } }, holes },
    { "a list with a fraction of a position", { l = { 1, [1.5] = 2 } }, holes },
    { "a marked list without its first", { l = list({ [2] = 1 }) }, holes },
    { "positions and names", { t = { 1, x = 2 } },
      "t: table has both positions and names, so it is neither list nor map" },
    { "a marked list with names", { t = list({ x = 2 }) },
      "t: list expected, since it is marked as one, got names (dynamodb.map is for names)" },
    { "a marked map with positions", { t = map({ 1 }) }, "t: name expected as key of a map, got number" },
    { "a number for a name", { t = { [2] = 1 } }, "t: name expected as key of a map, got number" },
    { "a boolean for a name", { t = { [true] = 1 } }, "t: name expected as key of a map, got boolean" },
    { "a set for a name", { t = { [set({ 1 })] = 1 } }, "t: name expected as key of a map, got dynamodb.set" },
    { "a position among the attributes", { "x" }, "name expected as key of a map, got number" },
    { "a name that needs quotes", { ["a.b[0]"] = { [" "] = print } },
      '["a.b[0]"][" "]: DynamoDB value expected, got function' },
    { "names with dashes", { ["a-b"] = { ["_1"] = { print } } }, "a-b._1[1]: DynamoDB value expected, got function" },
    { "a long name", { [("n"):rep(1000)] = print }, ("n"):rep(40) .. ": DynamoDB value expected, got function" },
  }

  for _, case in ipairs(refused) do
    it(case[1], function()
      assert.same({ nil, case[3] }, { core.encode(case[2], "item") })
    end)
  end

  it("a set that has become empty", function()
    local s = set({ "a" })
    s:remove("a")
    assert.same({ nil, "a.s: empty set (DynamoDB has none; remove the attribute instead)" },
      { core.encode({ a = { s = s } }, "item") })
  end)

  it("classes of this client that are not values", function()
    assert.same({ nil, "a[1]: DynamoDB value expected, got dynamodb.response" },
      { core.encode({ a = { core.response() } }, "item") })
  end)

  it("an item inside an item, but takes an item as a whole", function()
    local dynamodb = require("dynamodb")
    local connection = dynamodb.connect({ aws_access_key_id = "a", aws_secret_access_key = "b" })
    local item = connection:table("t", { hash_key = "id" }):new_item("a")
    assert.equal('{"id":{"S":"a"}}', encoded(item, "item"))
    assert.same({ nil, "inner.deep: DynamoDB value expected, got an item (item:totable() is a map)" },
      { core.encode({ inner = { deep = item } }, "item") })
    assert.same({ nil, "DynamoDB value expected, got an item (item:totable() is a map)" }, { core.encode(item, "value") })
    connection:close()
  end)

  it("anything but a table of attributes", function()
    for _, value in ipairs({ "x", 1, true, set({ 1 }), null }) do
      assert.same({ nil, "attributes expected (a table by names), got " .. core.typename(value) },
        { core.encode(value, "item") })
    end
    assert.same({ nil, "attributes expected (a table by names), got a list" }, { core.encode(list(), "item") })
    assert.same({ nil, "Item: attributes expected (a table by names), got string" },
      { core.encode({ Item = "x" }, { Item = "item" }) })
    assert.same({ nil, "DynamoDB value expected, got nil" }, { core.encode(nil, "value") })
  end)

  -- The service counts the attribute's value as level 1 and refuses any value, of any type, at level 33.
  it("more than 32 levels", function()
    for _, nested in ipairs({ nested_list, nested_map }) do
      local step = nested == nested_list and "[1]" or ".m"
      assert.is_true(core.equal({ a = nested(31) }, decoded(encoded({ a = nested(31) }, "item"), "item")))
      assert.is_string(core.encode({ a = nested(31, map()) }, "item"))
      assert.is_string(core.encode(nested(31), "value"))
      for _, inner in ipairs({ "x", 1, true, null, binary("x"), set({ 1 }), map(), list() }) do
        local text, why = core.encode({ a = nested(32, inner) }, "item")
        assert.is_nil(text)
        assert.equal("a" .. step:rep(32) .. ": nested deeper than 32 levels (a cycle?)", why)
        assert.is_nil((core.encode(nested(32, inner), "value")))
      end
    end
  end)

  it("values that are nested too deeply, in a request as in an item", function()
    local shapes = {
      { { Item = "item" }, function(value) return { Item = { a = value } } end },
      { { Items = { "list", "item" } }, function(value) return { Items = { { a = value } } } end },
      { { Values = { "map", "value" } }, function(value) return { Values = { [":a"] = value } } end },
      { { Values = { "list", "value" } }, function(value) return { Values = { value } } end },
      { { A = { B = { "map", { "list", { C = "item" } } } } },
        function(value) return { A = { B = { t = { { C = { a = value } } } } } } end },
    }
    for i, case in ipairs(shapes) do
      local text, why = core.encode(case[2](nested_list(31)), case[1])
      assert.is_string(text, i .. ": " .. tostring(why))
      assert.is_nil((core.encode(case[2](nested_list(33)), case[1])))
    end
  end)

  it("objects of this library that are not values", function()
    local dynamodb = require("dynamodb")
    local connection = dynamodb.connect({ aws_access_key_id = "a", aws_secret_access_key = "b" })
    local tbl = connection:table("t", { hash_key = "id" })
    local objects = {
      ["a condition"] = dynamodb.gt(1), ["an attribute"] = dynamodb.attr("a"), ["an update"] = dynamodb.update(),
      ["an action of an update"] = dynamodb.increment(1), ["an item (item:totable() is a map)"] = tbl:new_item("a"),
      ["a table object"] = tbl, ["a connection"] = connection, ["results"] = tbl:query({ hash_key = "a" }),
      ["an error object"] = require("dynamodb.error").new({ kind = "timeout", message = "x" }), ["a schema"] = tbl.schema,
      ["dynamodb.batch_writer"] = tbl:batch_writer(), ["dynamodb.response"] = core.response(),
      ["dynamodb.task"] = dynamodb.loop.spawn(function() end),
    }
    for what, object in pairs(objects) do
      for path, value in pairs({ a = object, ["a[1]"] = { object }, ["a.b[1].c"] = { b = { { c = object } } } }) do
        assert.same({ nil, path .. ": DynamoDB value expected, got " .. what }, { core.encode({ a = value }, "item") })
        assert.same({ nil, path .. ": DynamoDB value expected, got " .. what }, { core.encode({ a = value }, { a = "value" }) })
        assert.same({ nil, path .. ": " .. what .. " has no form in JSON" }, { core.encode({ a = value }) })
      end
      assert.same({ nil, "DynamoDB value expected, got " .. what }, { core.encode(object, "value") })
      assert.is_nil(core.attribute_type(object))
      if not what:find("^an item") then
        assert.same({ nil, "attributes expected (a table by names), got " .. what }, { core.encode(object, "item") })
        assert.same({ nil, "a: table expected, got " .. what }, { core.encode({ a = object }, { a = { b = "item" } }) })
      end
    end
    connection:close()
    assert.is_string(core.encode({ a = setmetatable({}, { __name = "mine" }) }, "item"))
  end)

  it("cycles", function()
    local loop, knot = {}, {}
    loop[1] = loop
    knot.inner = { knot }
    for _, value in ipairs({ loop, knot, { { loop } } }) do
      local text, why = core.encode({ a = value }, "item")
      assert.is_nil(text)
      assert.truthy(why:find("nested deeper than 32 levels (a cycle?)", 1, true))
      assert.truthy(why:find("^a[%[%.]"))
      assert.is_nil((core.encode({ a = value })))
    end
  end)

  it("bytes and numbers in members that are plain JSON", function()
    assert.same({ nil, "A: dynamodb.binary has no form in JSON" }, { core.encode({ A = binary("x") }) })
    assert.same({ nil, "A[1]: userdata has no form in JSON" }, { core.encode({ A = { null } }) })
    assert.same({ nil, "A: NaN is not a DynamoDB number" }, { core.encode({ A = 0 / 0 }) })
  end)

  it("values without damage to its buffers", function()
    assert.is_nil((core.encode({ a = { ("x"):rep(100000), print } }, "item")))
    assert.equal('{"a":{"N":"1"}}', encoded({ a = 1 }, "item"))
  end)
end)

describe("decode refuses", function()
  local refused = {
    -- { name, text, shape, error }
    { "", "value", "attribute value expected, got the end of the text" },
    { "null", "value", "value expected, got null" },
    { "1", "value", "attribute value expected, got '1' at byte 1" },
    { '"S"', "value", "attribute value expected, got '\"' at byte 1" },
    { "[]", "value", "attribute value expected, got '[' at byte 1" },
    { "{}", "value", "attribute value without a type" },
    { '{"S":null}', "value", "attribute value without a type" },
    { '{"__type":"x"}', "value", "attribute value without a type" },
    { '{"X":"1"}', "value", "unknown attribute type 'X'" },
    { '{"s":"1"}', "value", "unknown attribute type 's'" },
    { '{"":"1"}', "value", "unknown attribute type ''" },
    { '{"BS2":"1"}', "value", "unknown attribute type 'BS2'" },
    { '{"LS":[]}', "value", "unknown attribute type 'LS'" },
    { '{"BOOLEAN":true}', "value", "unknown attribute type 'BOOLEAN'" },
    { '{"\\u0000S":["a"]}', "value", "unknown attribute type ''" },
    { '{"S":"a","N":"1"}', "value", "attribute value with more than one type" },
    { '{"S":"a","S":"a"}', "value", "attribute value with more than one type" },
    { '{"S":"a","S":null', "value", "',' or '}' expected, got the end of the text" },
    { '{"S":"a"} {}', "value", "end of the text expected, got '{' at byte 11" },
    { '{"S":"a"}x', "value", "end of the text expected, got 'x' at byte 10" },
    { '{"S":1}', "value", "string expected, got '1' at byte 6" },
    { '{"S":{}}', "value", "string expected, got '{' at byte 6" },
    { '{"S":true}', "value", "string expected, got 't' at byte 6" },
    { '{"S":nil}', "value", "null expected, got 'n' at byte 6" },
    { '{"N":1}', "value", "string expected, got '1' at byte 6" },
    { '{"N":"x"}', "value", "not a number: 'x'" },
    { '{"N":""}', "value", "not a number: ''" },
    { '{"N":"NaN"}', "value", "not a number: 'NaN'" },
    { '{"N":"1E126"}', "value", "number is beyond 9.9...E+125" },
    { '{"N":"1E-131"}', "value", "number is closer to zero than 1E-130" },
    { '{"N":"123456789012345678901234567890123456789"}', "value", "number has more than 38 significant digits" },
    { '{"B":"x"}', "value", "malformed base64" },
    { '{"B":"YQ="}', "value", "malformed base64" },
    { '{"B":"YR=="}', "value", "malformed base64" },
    { '{"B":"Y Q="}', "value", "malformed base64" },
    { '{"B":"-_-_"}', "value", "malformed base64" },
    { '{"B":"\\n"}', "value", "malformed base64" },
    { '{"B":[]}', "value", "string expected, got '[' at byte 6" },
    { '{"BOOL":"true"}', "value", "false expected, got '\"' at byte 9" },
    { '{"BOOL":1}', "value", "false expected, got '1' at byte 9" },
    { '{"BOOL":truth}', "value", "true expected, got 't' at byte 9" },
    { '{"NULL":false}', "value", "true expected, got 'f' at byte 9" },
    { '{"NULL":1}', "value", "true expected, got '1' at byte 9" },
    { '{"M":[]}', "value", "object expected, got '[' at byte 6" },
    { '{"L":{}}', "value", "array expected, got '{' at byte 6" },
    { '{"L":"x"}', "value", "array expected, got '\"' at byte 6" },
    { '{"SS":"x"}', "value", "array expected, got '\"' at byte 7" },
    { '{"SS":[]}', "value", "empty set" },
    { '{"SS":[1]}', "value", "string expected, got '1' at byte 8" },
    { '{"SS":["a",null]}', "value", "string expected, got 'n' at byte 12" },
    { '{"SS":["a",]}', "value", "string expected, got ']' at byte 12" },
    { '{"NS":["1","x"]}', "value", "not a number: 'x'" },
    { '{"NS":[1]}', "value", "string expected, got '1' at byte 8" },
    { '{"BS":["YQ==","x"]}', "value", "malformed base64" },
    { '{"L":[null]}', "value", "[1]: attribute value expected, got 'n' at byte 7" },
    { '{"L":[{"S":"a"},{}]}', "value", "[2]: attribute value without a type" },
    { '{"L":[{"S":"a"},]}', "value", "[2]: attribute value expected, got ']' at byte 17" },
    { '{"S":"\255"}', "value", "invalid UTF-8 in a string at byte 7" },
    { '{"S":"\\ud800"}', "value", "lone surrogate in a string at byte 13" },

    { "null", "item", "value expected, got null" },
    { "[]", "item", "object expected, got '[' at byte 1" },
    { '"x"', "row", "object expected, got '\"' at byte 1" },
    { '{"a":1}', "item", "a: attribute value expected, got '1' at byte 6" },
    { '{"a":null}', "item", "a: attribute value expected, got 'n' at byte 6" },
    { '{"a":{"S":"x"},"a":{"S":"x"}}', "item", "a: member occurs twice" },
    { '{"a":{"S":"x"},"\\u0061":{"S":"y"}}', "row", "a: member occurs twice" },
    { '{"a":{"M":{"b":{"S":"x"},"c":{"S":"y"},"b":{"S":"x"}}}}', "item", "a.b: member occurs twice" },
    { '{"a":{"L":[{"N":"1"},{"M":{"b":{"L":[{"M":{"c":{"N":"1"},"c":{"N":"1"}}}]}}}]}}', "item",
      "a[2].b[1].c: member occurs twice" },
    { '{"":{"S":"x"},"":{"S":"x"}}', "item", '[""]: member occurs twice' },
    { '{"a b":{"L":[{"X":1}]}}', "item", "[\"a b\"][1]: unknown attribute type 'X'" },
    { '{"a":{"M":{"b":{"N":"one"}}}}', "row", "a.b: not a number: 'one'" },
    { '{"a":{"M":{"b":{"B":"?"}}}}', "row", "a.b: malformed base64" },
    { '{"a":{"M":{"b":{"SS":[]}}}}', "row", "a.b: empty set" },
    { '{"a":{"S":"x"},}', "item", "string expected, got '}' at byte 16" },
    { '{"a":{"M":{"b":{"S":"x"}}}', "item", "',' or '}' expected, got the end of the text" },

    { "null", nil, "value expected, got null" },
    { "[1,null]", nil, "[2]: null in an array" },
    { '{"a":[{"b":1},{"b":1,"b":1}]}', nil, "a[2].b: member occurs twice" },
    { '{"a":1,"a":2}', nil, "a: member occurs twice" },
    { '{"a":null,"a":2}', nil, "a: member occurs twice" },
    { '{"a":null,"a":null}', nil, "a: member occurs twice" },
    { '{"a":tru}', nil, "a: true expected, got 't' at byte 6" },
    { '{"Items":[{"a":{"X":1}}]}', { Items = { "list", "row" } }, "Items[1].a: unknown attribute type 'X'" },
    { '{"Items":{}}', { Items = { "list", "row" } }, "Items: array expected, got '{' at byte 10" },
    { '{"Items":[null]}', { Items = { "list", "row" } }, "Items[1]: null in an array" },
    { '{"Item":{"a":{"S":"x"}},"Item":{}}', { Item = "row" }, "Item: member occurs twice" },
    { '{"Responses":{"t":[{"k":{"N":"1"}},{"k":{"N":"x"}}]}}', { Responses = { "map", { "list", "row" } } },
      "Responses.t[2].k: not a number: 'x'" },
    { "1", "no such shape", "unknown shape 'no such shape'" },
  }

  for _, case in ipairs(refused) do
    it(case[1], function()
      assert.same({ nil, case[3] }, { core.decode(case[1], case[2]) })
    end)
  end

  it("every truncation of a text", function()
    local whole = '{"a":{"M":{"b":{"L":[{"S":"\\u00e9"},{"NULL":true},{"BOOL":false}]}}},"c":{"NS":["1","2"]},'
      .. '"d":{"B":"YWI="},"e":{"N":"1.5"}}'
    assert.is_table(decoded(whole, "item"))
    for n = 0, #whole - 1 do assert.is_nil((core.decode(whole:sub(1, n), "item"))) end
  end)

  it("more levels than the service can hold", function()
    assert.is_true(core.equal(nested_list(32), decoded(wire_list(32))))
    assert.is_table(decoded(wire_list(64)))
    local value, why = core.decode(wire_list(65), "value")
    assert.is_nil(value)
    assert.truthy(why:find("nested too deep", 1, true))
    assert.truthy(why:find("^%[1%]"))
    for _, text in ipairs({ ("["):rep(100000), ('{"a":'):rep(100000), ('{"L":['):rep(100000) }) do
      for _, shape in ipairs({ "value", "item", "none" }) do
        assert.is_nil((core.decode(text, shape ~= "none" and shape or nil)))
      end
    end
    assert.is_nil((core.decode('{"__type":' .. ("["):rep(100000), "value")))
  end)

  it("texts with a truncated path but a complete reason", function()
    local name = ("n"):rep(60)
    local text = ('{"M":{"' .. name .. '":'):rep(10) .. "{}" .. ("}}"):rep(10)
    local _, why = core.decode(text, "value")
    assert.truthy(why:find("^n+%.n+%.n+%.*: attribute value without a type$"), why)
    assert.is_true(#why < 256)
  end)

  it("values other than text", function()
    assert.has_error(function() core.decode(nil, "value") end)
    assert.has_error(function() core.decode({}, "value") end)
  end)
end)

describe("decode ignores", function()
  it("null members and __type", function()
    assert.equal("a", decoded('{"__type":"x","S":"a"}'))
    assert.equal("a", decoded('{"S":"a","__type":{"deep":[1,2,{"x":null}]}}'))
    assert.equal("a", decoded('{"N":null,"S":"a","B":null,"M":null}'))
    assert.is_true(core.equal({ 1 }, decoded('{"L":[{"N":"1","SS":null}],"M":null}')))
    assert.is_true(core.equal({ a = "x" }, decoded('{"a":{"__type":"AttributeValue","S":"x"}}', "item")))
    assert.same({ b = 1 }, (core.decode('{"a":null,"b":1}')))
    assert.same({ Count = 1 }, decoded('{"Item":null,"Count":1}', { Item = "row" }))
    assert.same({ Count = 1 }, decoded('{"Items":null,"Count":1}', { Items = { "list", "row" } }))
  end)

  it("white space anywhere", function()
    assert.is_true(core.equal({ a = { "x", set({ "y" }) } },
      decoded(' {\t"a" : { "L" : [ { "S" : "x" } , { "SS"\r:\n[ "y" ] } ] } } ', "item")))
  end)
end)

describe("shapes", function()
  it("define which members are values", function()
    local shape = { Item = "item", Key = "item", Values = { "map", "value" }, List = { "list", { V = "value" } } }
    local value = {
      TableName = "t", Limit = 5, Flag = true, Names = { "a", "b" }, Item = { a = 1 }, Values = { [":v"] = "x" },
      List = { { V = 1, W = 1 } },
    }
    assert.same({
      TableName = "t", Limit = 5, Flag = true, Names = { "a", "b" }, Item = { a = { N = "1" } },
      Values = { [":v"] = { S = "x" } }, List = { { V = { N = "1" }, W = 1 } },
    }, cjson.decode(encoded(value, shape)))
    assert.is_true(core.equal(value, decoded(encoded(value, shape), shape)))
  end)

  it("pass encoded text unchanged", function()
    assert.equal('{"Item":{"a":{"N":"1"}}}', encoded({ Item = '{"a":{"N":"1"}}' }, { Item = "wire" }))
    assert.same({ nil, "Item: encoded text expected" }, { core.encode({ Item = {} }, { Item = "wire" }) })
  end)

  it("are refused when they are unknown", function()
    assert.same({ nil, "unknown shape 'x'" }, { core.encode({}, "x") })
    assert.same({ nil, "A: table expected, got string" }, { core.encode({ A = "x" }, { A = { "list", "item" } }) })
  end)

  it("create items from rows with an owner", function()
    local connection = require("dynamodb").connect({ aws_access_key_id = "a", aws_secret_access_key = "b" })
    local owner = connection:table("t", { hash_key = "id" })
    local rows = decoded('{"Items":[{"id":{"S":"a"}},{"id":{"S":"b"}}],"Last":{"id":{"S":"b"}}}',
      { Items = { "list", "row" }, Last = "item" }, owner)
    assert.same({ "dynamodb.item", "dynamodb.item", "table" },
      { core.typename(rows.Items[1]), core.typename(rows.Items[2]), core.typename(rows.Last) })
    assert.same({ "a", "b", "b" }, { rows.Items[1].id, rows.Items[2].id, rows.Last.id })
    assert.is_nil(rows.Items[2]:changes())
    connection:close()
  end)
end)

describe("marks", function()
  it("distinguish empty lists from empty maps permanently", function()
    for _, text in ipairs({ '{"L":[]}', '{"M":{}}' }) do
      local value = decoded(text)
      assert.equal(text, encoded(value))
      assert.is_nil(next(value))
    end
    local l = decoded('{"L":[{"S":"a"}]}')
    l[1] = nil
    assert.equal('{"L":[]}', encoded(l))
    local m = decoded('{"M":{"a":{"S":"a"}}}')
    m.a = nil
    assert.equal('{"M":{}}', encoded(m))
  end)

  it("are set on the given table itself", function()
    local t = { 1 }
    assert.equal(t, list(t))
    assert.equal(t, list(t))
    local m = { a = 1 }
    assert.equal(m, map(m))
    assert.equal('{"L":[]}', encoded(list(map())))
    assert.equal('{"M":{}}', encoded(map(list())))
    assert.equal('{"L":[]}', encoded(list(nil)))
  end)

  it("are not set on other values", function()
    for _, mark in ipairs({ list, map }) do
      assert.has_error(function() mark("x") end)
      assert.has_error(function() mark(set({ 1 })) end)
      assert.has_error(function() mark(setmetatable({}, {})) end)
    end
  end)

  it("of other libraries are honoured: metatables", function()
    local meta = {}
    local t = setmetatable({}, meta)
    assert.equal('{"M":{}}', encoded(t))
    core.list_mark(meta)
    assert.equal('{"L":[]}', encoded(t))
    assert.is_true(core.equal(t, list()))
    assert.equal('{"L":[]}', encoded(list(t)))
    assert.equal('{"A":[]}', encoded({ A = t }, { B = "item" }))
    assert.has_error(function() core.list_mark() end)
  end)

  it("of other libraries are honoured: sentinels", function()
    local sentinel = rawget(debug, "upvalueid")(function() return core end, 1) -- any light userdata
    assert.same({ nil, "a: DynamoDB value expected, got userdata" }, { core.encode({ a = sentinel }, "item") })
    assert.same({ nil, "a: DynamoDB value expected, got userdata" }, { core.encode({ a = sentinel }, "json") })
    core.list_mark(sentinel)
    assert.equal('{"a":{"L":[]}}', encoded({ a = sentinel }, "item"))
    assert.equal('{"a":[]}', encoded({ a = sentinel }, "json"))
    assert.is_true(core.equal(sentinel, decoded(encoded(sentinel)))) -- otherwise the item would never be clean
  end)

  it("do not affect the order in which a list was filled", function()
    for _, filled in ipairs({ { [3] = "c", [2] = "b", [1] = "a" }, { [2] = "b", [3] = "c", [1] = "a" },
      { "a", [3] = "c", [2] = "b" } }) do
      assert.equal('{"L":[{"S":"a"},{"S":"b"},{"S":"c"}]}', encoded(filled))
      assert.equal('{"L":[{"S":"a"},{"S":"b"},{"S":"c"}]}', encoded(list(filled)))
    end
    assert.same({ nil, "[2]: NaN is not a DynamoDB number" }, { core.encode(list({ [3] = "c", [2] = 0 / 0, [1] = "a" }),
      "value") })
  end)

  it("do not affect reading the table", function()
    local value = decoded('{"L":[{"S":"a"},{"S":"b"}]}')
    assert.same({ 2, "a", "b" }, { #value, value[1], value[2] })
    value[3] = "c"
    assert.equal('{"L":[{"S":"a"},{"S":"b"},{"S":"c"}]}', encoded(value))
  end)
end)

describe("equal", function()
  it("compares by content", function()
    local pairs_of_equals = {
      { {}, {} }, { {}, map() }, { { 1, 2 }, list({ 1, 2 }) }, { { a = { b = {} } }, { a = { b = map() } } },
      { 1, 1.0 }, { 1, number("1.0") }, { 0.1, number("0.1") }, { number("1e2"), 100 }, { 0, -0.0 },
      { set({ 1, 2 }), set({ 2.0, number("1"), 2 }) }, { set({ "a" }), set({ "a", "a" }) },
      { binary("x"), binary("x") }, { null, cjson.null }, { { set({ "a" }) }, { set({ "a" }) } },
    }
    for i, pair in ipairs(pairs_of_equals) do
      assert.is_true(core.equal(pair[1], pair[2]), i)
      assert.is_true(core.equal(pair[2], pair[1]), i)
    end
    local pairs_of_others = {
      { {}, list() }, { { 1 }, { a = 1 } }, { { 1, 2 }, { 1 } }, { { 1 }, { 1, 2 } }, { { a = 1 }, { a = 1, b = 1 } },
      { { a = 1 }, { b = 1 } }, { { a = 1 }, { a = "1" } }, { 1, "1" }, { 1, true }, { 1, 2 },
      { 0.1, number("0.10000000000000001") },
      { 0 / 0, 0 / 0 }, { 0 / 0, number("1") }, { set({ "1" }), set({ 1 }) }, { set({ "a" }), set({ binary("a") }) },
      { set({ 1 }), set({ 1, 2 }) }, { set({ 1, 2 }), set({ 1 }) }, { set({ "a" }), set({ "b" }) },
      { binary("x"), "x" },
      { binary("x"), binary("y") }, { binary("x"), set({ "x" }) }, { null, nil }, { null, false }, { nil, false },
      { number("1"), "1" }, { set({ "a" }), { "a" } }, { list({ null }), list() },
    }
    for i, pair in ipairs(pairs_of_others) do
      assert.is_false(core.equal(pair[1], pair[2]), i)
      assert.is_false(core.equal(pair[2], pair[1]), i)
    end
  end)

  it("compares to the maximum depth, and ends at cycles", function()
    assert.is_true(core.equal(decoded(wire_list(64)), decoded(wire_list(64))))
    local function cycle()
      local t = {}
      t[1] = t
      return t
    end
    local a, b = cycle(), cycle()
    assert.is_true(core.equal(a, a))
    assert.has_error(function() core.equal(a, b) end, "tables nested too deep to compare (a cycle?)")
  end)
end)

describe("typename", function()
  it("returns the type of a value", function()
    local names = {}
    for i, value in ipairs({ "x", 1, true, {}, print, null, set({ 1 }), binary("x"), number("1") }) do
      names[i] = core.typename(value)
    end
    assert.same({
      "string", "number", "boolean", "table", "function", "userdata", "dynamodb.set", "dynamodb.binary",
      "dynamodb.number",
    }, names)
    assert.equal("nil", core.typename(nil))
  end)
end)

describe("the buffers that encode and decode share", function()
  it("are safe with finalizers that use them", function()
    local busy, runs, wrong = false, 0, {}
    local function finalizer()
      if busy then return end
      busy, runs = true, runs + 1
      core.encode(("z"):rep(100))
      core.decode('"\\u0041' .. ("z"):rep(30) .. '"')
      busy = false
    end
    local newproxy = rawget(_G, "newproxy")
    local function use(i)
      local proxy = newproxy and newproxy(true) or {}
      local meta = newproxy and getmetatable(proxy) or {}
      meta.__gc = finalizer
      if not newproxy then setmetatable(proxy, meta) end
      local text = "value " .. i
      if core.encode(text) ~= '"' .. text .. '"' then wrong[#wrong + 1] = "encoded " .. text end
      if core.decode('"\\u0076alue ' .. i .. '"') ~= text then wrong[#wrong + 1] = "decoded " .. text end
    end
    helper.stressed(function()
      local i = 0
      repeat -- a collection takes longer with the memory of other specs
        i = i + 1
        use(i)
      until runs > 1000 or i == 1000000
    end)
    assert.is_true(runs > 1000)
    assert.same({}, { wrong[1] })
  end)
end)
