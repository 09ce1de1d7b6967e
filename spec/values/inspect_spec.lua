-- dynamodb.inspect and tostring: values and objects as text.
local cjson = require("cjson")
local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local errors = require("dynamodb.error")
local fixture = dofile("spec/support/table_fixture.lua")
local generate = dofile("spec/support/random_source.lua")
local helper = dofile("spec/support/helper.lua")
local locale = dofile("spec/support/comma_locale.lua")
local random_attributes = dofile("spec/support/random_attributes.lua")

local inspect, set, number, binary, list, map = dynamodb.inspect, dynamodb.set, dynamodb.number, dynamodb.binary,
  dynamodb.list, dynamodb.map
local raises = fixture.raises_in("inspect_spec.lua")

-- Returns the value that the text makes.
local function read(text)
  local chunk = assert((loadstring or load)("local dynamodb = ... return " .. text), text)
  return chunk(dynamodb)
end

local emptied = set({ "a" })
emptied:remove("a")

describe("inspect", function()
  for _, case in ipairs({
    { "a", '"a"' },
    { 'q"\\\n\r\t\0\127', '"q\\"\\\\\\n\\r\\t\\000\\127"' }, { "\195\169", '"\195\169"' }, { "\255a", '"\\255a"' },
    { 1, "1" }, { -2.5, "-2.5" }, { 0.1, "0.1" }, { true, "true" }, { dynamodb.null, "dynamodb.null" },
    { number("3.10"), 'dynamodb.number("3.1")' }, { binary("a\0\255"), 'dynamodb.binary("a\\000\\255")' },
    { set({ "b", "a" }), 'dynamodb.set({ "a", "b" })' }, { set({ 10, 9, number("1E+100") }), "dynamodb.set({ 9, 10, 1E+100 })" },
    { set({ binary("b"), binary("a") }), 'dynamodb.set({ dynamodb.binary("a"), dynamodb.binary("b") })' },
    { emptied, 'dynamodb.set({}, "SS")' }, { {}, "{}" }, { list(), "dynamodb.list({})" }, { map(), "dynamodb.map({})" },
    { { 1, { "a" } }, '{ 1, { "a" } }' },
    { { b = 1, a = 2, ["end"] = 3, ["a b"] = 4 }, '{ a = 2, ["a b"] = 4, b = 1, ["end"] = 3 }' },
    { { 1, nil, 3, a = 4, [true] = 5, [1.5] = 6 }, "{ 1, [1.5] = 6, [3] = 3, a = 4, [true] = 5 }" },
    { { [{}] = 1 }, "{ [{ ... }] = 1 }" }, { 1 / 0, "1/0" }, { -1 / 0, "-1/0" }, { 0 / 0, "0/0" }, { 1e300, "1e+300" },
    { 1.0000000000000002e300, "1.0000000000000002e+300" }, { print, "<function>" }, { coroutine.create(print), "<thread>" },
    { setmetatable({ 1 }, { __index = error, __pairs = error, __len = error }), "{ 1 }" },
    { setmetatable({}, { __tostring = function() return "mine" end }), "<mine>" },
    { setmetatable({ 1 }, { __tostring = error }), "{ 1 }" }, { setmetatable({ 1 }, { __metatable = "x" }), "{ 1 }" },
    { setmetatable({}, { __name = "dynamodb.thing" }), "<dynamodb.thing>" },
  }) do
    it("writes " .. case[2]:gsub("%c", "?"), function() assert.equal(case[2], inspect(case[1])) end)
  end

  it("writes nil, files and sentinels", function()
    assert.equal("nil", inspect(nil))
    assert.truthy(inspect(io.stdout):find("^<file %("))
    assert.equal("<userdata>", inspect(rawget(debug, "upvalueid")(function() return core end, 1)))
    if cjson.empty_array then assert.equal("dynamodb.list({})", inspect(cjson.empty_array)) end
  end)

  it("takes a line for each member when one line is too long", function()
    local long = ("x"):rep(60)
    assert.equal(('{\n  a = {\n    "%s",\n    "%s",\n  },\n  b = 1,\n}'):format(long, long),
      inspect({ a = { long, long }, b = 1 }))
    assert.truthy(inspect(set({ long, long .. "y" })):find('^dynamodb%.set%({\n  "x+",\n  "x+y",\n}%)$'))
  end)

  it("makes the value again when it is read as Lua", function()
    local random = generate.new(23)
    for _ = 1, 500 do
      local value = random_attributes.map(random, 4)
      value.text, value.bytes = random:text(20), binary(random:bytes(20))
      value.n, value.big = random:double(-100, 100), number(random:digits(38) .. "e" .. random:integer(-100, 80))
      local text = inspect(value)
      assert.is_true(core.equal(value, read(text)), text)
      assert.equal(text, inspect(read(text)))
    end
    for _, value in ipairs({ 2 ^ 53, -2 ^ 63, 2 ^ 63, 1e125, rawget(math, "mininteger") or 0, rawget(math, "maxinteger") or 0,
      list(), map(), { {}, list() }, "\255\0001" }) do
      local again = read(inspect(value))
      assert.is_true(value == again or core.equal(value, again), inspect(value))
    end
  end)

  it("is the same under a locale with a decimal comma", function()
    local text = inspect({ 0.5, 1.5e300 })
    locale.with_comma(function() assert.equal(text, inspect({ 0.5, 1.5e300 })) end)
    assert.equal("{ 0.5, 1.5e+300 }", text)
  end)

  it("shows keys whose tostring raises or changes", function()
    local keys = {}
    for i = 1, 50 do
      keys[setmetatable({}, { __tostring = i % 2 == 0 and error or function() return tostring(math.random()) end })] = i
    end
    assert.equal(50, select(2, inspect(keys):gsub("%[{ %.%.%. }%] = %d+", "")))
  end)

  it("ends at cycles, and shows a table that occurs twice again", function()
    local cycle, twice = {}, { 1 }
    cycle.a, cycle.b = cycle, { cycle }
    assert.equal("{ a = <cycle>, b = { <cycle> } }", inspect(cycle))
    assert.equal("{ { 1 }, { 1 } }", inspect({ twice, twice }))
    local item = helper.offline(helper.fake()):table("t", { hash_key = "id" }):new_item("a", nil, { map = {} })
    item.map.item = item
    assert.equal('Item(t) { id = "a", map = { item = <cycle> } }', inspect(item))
    local condition = dynamodb.gt({ 1 })
    condition.values[1][1] = condition
    assert.equal("dynamodb.gt({ <cycle> })", inspect(condition))
  end)

  it("has a limit of levels and of bytes", function()
    assert.equal("{ { { ... } } }", inspect({ { { { 1 } } } }, { max_depth = 2 }))
    local deep = {}
    for _ = 1, 1000 do deep = { deep } end
    assert.is_true(#inspect(deep) < 20000)
    local wide = {}
    for i = 1, 1000 do wide[i] = i end
    assert.equal("{ 1, 2, 3, ... }", inspect(wide, { max_length = 5 }))
    assert.equal('"abc" ... 1000 bytes', inspect("abc" .. ("d"):rep(997), { max_length = 3 }))
    assert.equal('"ab" ... 999 bytes', inspect("ab\195\169" .. ("d"):rep(995), { max_length = 3 })) -- no half characters
    local shared = {}
    for _ = 1, 60 do shared = { shared, shared } end -- 2^60 paths
    assert.is_true(#inspect(shared, { max_length = 1000 }) < 20000)
    assert.is_true(#inspect(shared, { max_length = 100000 }) < 200000)
    raises("inspect: unknown option 'depth'", inspect, 1, { depth = 1 })
    raises("inspect: option 'max_depth': whole number of at least 1 expected", inspect, 1, { max_depth = 0 })
  end)

  it("shows conditions and updates as they are written", function()
    local all, attr = dynamodb.all, dynamodb.attr
    for text, value in pairs({
      ["dynamodb.gt(3)"] = dynamodb.gt(3), ["dynamodb.exists()"] = dynamodb.exists(),
      ['dynamodb.attr("a.b"):between(1, 2)'] = attr("a.b"):between(1, 2), ['dynamodb.attr("a"):size()'] = attr("a"):size(),
      ['dynamodb.attr({ "a", 0 }):size():eq(3)'] = attr({ "a", 0 }):size():eq(3), ["dynamodb.size(dynamodb.lt(3))"] =
        dynamodb.size(dynamodb.lt(3)), ['dynamodb.attr("a"):eq(dynamodb.attr("b"))'] = attr("a"):eq(attr("b")),
      ['dynamodb.all(dynamodb.attr("a"):eq("x"), dynamodb.negate(dynamodb.attr("b"):exists()))'] =
        all(attr("a"):eq("x"), dynamodb.negate(attr("b"):exists())), ["dynamodb.any(dynamodb.eq(1), dynamodb.is_in({ 2, 3 }))"] =
        dynamodb.any(dynamodb.eq(1), dynamodb.is_in({ 2, 3 })), ['dynamodb.where("a > ?", 5)'] = dynamodb.where("a > ?", 5),
      ['dynamodb.where("attribute_exists(a)")'] = dynamodb.where("attribute_exists(a)"),
      ["dynamodb.increment()"] = dynamodb.increment(), ["dynamodb.increment(nil, 5)"] = dynamodb.increment(nil, 5),
      ["dynamodb.append({ 1 })"] = dynamodb.append({ 1 }), ["dynamodb.update()"] = dynamodb.update(),
      ['dynamodb.update():set("a", { b = 1 }):remove("c"):increment("n", 2, 1)'] =
        dynamodb.update():set("a", { b = 1 }):remove("c"):increment("n", 2, 1),
    }) do
      assert.equal(text, inspect(value))
      assert.equal(text, inspect(read(text)))
    end
  end)

  it("shows tables, connections, results and errors", function()
    local conn = helper.offline(helper.fake())
    local tbl = conn:table("t", { hash_key = "id", range_key = "at" })
    assert.equal("Connection(http://localhost:8000)", inspect(conn))
    assert.equal('Table(t) { name = "t", schema = Schema(id:at) }', inspect(tbl))
    assert.equal("Schema(id:at)", inspect(tbl.schema))
    assert.equal("Results { consumed_units = 0, count = 0, requests = 0, scanned_count = 0 }",
      inspect((tbl:query({ hash_key = "a" }))))
    assert.truthy(inspect((tbl:scan({ segments = 4 }))):find("^Results { consumed_units = 0"))
    local err = errors.new({ kind = "service", code = "X", message = "m", item = { id = "a" } })
    assert.equal('Error {\n  ambiguous = false,\n  code = "X",\n  item = { id = "a" },\n  kind = "service",\n  message = "m",\n'
      .. "  retryable = false,\n  throttled = false,\n}", inspect(err))
    assert.truthy(inspect({ err }):find('^{\n  Error {\n    ambiguous = false,'))
    conn:close()
    assert.equal("Connection(closed)", inspect(conn))
  end)

  it("hides secrets", function()
    local options = { region = "r", aws_access_key_id = helper.KEY, aws_secret_access_key = helper.SECRET,
      aws_session_token = helper.TOKEN }
    local conn = helper.offline(helper.fake(), options)
    local tbl = conn:table("t", { hash_key = "id" })
    for _, value in ipairs({ options, { options }, conn, tbl, tbl:new_item("a"), tbl:query({ hash_key = "a" }),
      core.connection_state(conn), { SecretAccessKey = helper.SECRET, SessionToken = helper.TOKEN } }) do
      local text = inspect(value, { max_depth = 20, max_length = 100000 })
      assert.is_nil(text:find(helper.SECRET, 1, true), text)
      assert.is_nil(text:find(helper.TOKEN, 1, true), text)
    end
    local item = tbl:new_item("a", nil, { SessionToken = "data" })
    assert.equal('Item(t) { SessionToken = "data", id = "a" }', inspect(item))
  end)
end)

describe("tostring", function()
  it("shows what sets, binaries and numbers hold, bounded", function()
    assert.equal('dynamodb.set({ "a", "b" })', tostring(set({ "b", "a" })))
    assert.equal('dynamodb.binary("a\\000")', tostring(binary("a\0")))
    assert.equal('dynamodb.binary("' .. ("\\001"):rep(100) .. '" ... 5000 bytes)', tostring(binary(("\1"):rep(5000))))
    assert.equal("3.5", tostring(number("3.50")))
    local many = {}
    for i = 1, 10000 do many[i] = "element " .. i end
    assert.is_true(#tostring(set(many)) < 2000)
    for class, value in pairs({ ["dynamodb.set"] = set({ 1 }), ["dynamodb.binary"] = binary("") }) do
      for _, other in ipairs({ 1, {}, number("1"), io.stdout }) do
        raises(class .. " expected, got " .. core.typename(other), getmetatable(value).__tostring, other)
      end
    end
  end)
end)
