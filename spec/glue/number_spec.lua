-- Number values in Lua: construction, exact comparison, canonical text, and the nearest Lua number.
local core = require("dynamodb.core")
local number = core.number

local orders_mixed = not rawget(_G, "jit") and _VERSION ~= "Lua 5.1" -- Lua 5.1 orders only values of one type
local nines = ("9"):rep(38)

local function refused(why, ...)
  local ok, err = pcall(...)
  assert.is_false(ok)
  assert.truthy(tostring(err):find(why, 1, true), tostring(err))
end

local raises = dofile("spec/support/table_fixture.lua").raises_in("number_spec.lua")

describe("dynamodb.number", function()
  it("is created from a text, a Lua number, or another number value", function()
    for _, pair in ipairs({
      { "1", "1" }, { "1.50", "1.5" }, { "-0", "0" }, { "1e40", "1E+40" }, { nines, nines }, { 1, "1" }, { 1.0, "1" },
      { 0.1, "0.1" }, { -2.5, "-2.5" }, { 2.0 ^ 53, "9007199254740992" }, { 1e125, "1E+125" }, { number("7.0"), "7" },
    }) do
      local made = number(pair[1])
      assert.equal("dynamodb.number", core.typename(made))
      assert.equal("userdata", type(made))
      assert.equal(pair[2], tostring(made))
    end
  end)

  it("rejects other values", function()
    for value, got in pairs({ [true] = "boolean", [print] = "function", [{}] = "table", [core.null] = "userdata",
      [core.binary("1")] = "dynamodb.binary", [core.set({ 1 })] = "dynamodb.set" }) do
      refused("number or its text expected, got " .. got, number, value)
    end
    refused("number or its text expected, got n", number)
    refused("number or its text expected, got nil", number, nil)
  end)

  it("is rejected outside the range of DynamoDB", function()
    refused("not a number: 'x'", number, "x")
    refused("not a number: ''", number, "")
    refused("not a number: '0x10'", number, "0x10")
    refused("not a number: ' 1'", number, " 1")
    refused("number has more than 38 significant digits", number, nines .. "9")
    refused("number is beyond 9.9...E+125", number, "1e126")
    refused("number is beyond 9.9...E+125", number, 1e126)
    refused("number is closer to zero than 1E-130", number, "1e-131")
    refused("NaN is not a DynamoDB number", number, 0 / 0)
    refused("infinity is not a DynamoDB number", number, 1 / 0)
  end)

  it("accepts 64-bit integers exactly on Lua versions that have them", function()
    local highest, lowest = rawget(math, "maxinteger"), rawget(math, "mininteger")
    if highest then
      assert.equal("9223372036854775807", tostring(number(highest)))
      assert.equal("-9223372036854775808", tostring(number(lowest)))
      assert.equal(highest, number("9223372036854775807"):tonumber())
      assert.equal(lowest, number("-9223372036854775808"):tonumber())
    else
      assert.equal(2 ^ 53, number("9007199254740992"):tonumber())
      assert.equal(2 ^ 63, number("9223372036854775807"):tonumber())
    end
  end)

  it("returns the nearest Lua number", function()
    local math_type = rawget(math, "type")
    for text, value in pairs({
      ["1"] = 1, ["-1.0"] = -1, ["0.1"] = 0.1, ["0.10000000000000000001"] = 0.1, ["1E+125"] = 1e125, ["1E-130"] = 1e-130,
      ["9223372036854775808"] = 2.0 ^ 63, [nines] = 1e38, ["0"] = 0,
    }) do
      assert.equal(value, number(text):tonumber())
    end
    if math_type then
      assert.equal("integer", math_type(number("100"):tonumber()))
      assert.equal("float", math_type(number("9223372036854775808"):tonumber()))
      assert.equal("float", math_type(number("0.5"):tonumber()))
    end
  end)

  local ordered = { "-1E+125", "-10", "-1.5", "-1E-130", "0", "1E-130", "0.1", "0.10000000000000000001", "1", "1.5", "10", nines }

  it("compares by value", function()
    for i, a in ipairs(ordered) do
      for k, b in ipairs(ordered) do
        local x, y = number(a), number(b)
        assert.equal(i < k and -1 or i > k and 1 or 0, x:compare(y))
        assert.same({ i < k, i <= k, i > k, i >= k, i == k, i ~= k }, { x < y, x <= y, x > y, x >= y, x == y, x ~= y })
      end
    end
    assert.is_true(number("1.50") == number("15e-1"))
    assert.is_true(number("-0") == number(0))
  end)

  it("compares with Lua numbers", function()
    assert.same({ 0, -1, 1 }, { number("2.0"):compare(2), number("2"):compare(2.5), number("2"):compare(-1e100) })
    assert.equal(1, number("0.10000000000000000001"):compare(0.1))
    assert.equal(0, number("0.1"):compare(0.1))
    if orders_mixed then
      assert.same({ true, false, true, false, true, false },
        { number("1") < 2, number("2") < 2, 2 <= number("2"), 3 <= number("2"), 3 > number("2"), number("2") >= 3 })
    else
      refused("attempt to compare", function() return number("1") < 2 end)
    end
    assert.is_false(number("1") == 1) -- Lua does not call __eq for values of different types
    assert.is_true(core.equal(number("1"), 1))
  end)

  it("does not compare with other values", function()
    for _, other in ipairs({ "1", true, {}, core.binary("1"), core.set({ 1 }), core.null, print }) do
      refused("compare: number or dynamodb.number expected, got " .. core.typename(other), function()
        return number("1"):compare(other)
      end)
      assert.is_false(number("1") == other)
      assert.is_false(core.equal(number("1"), other))
    end
    refused("dynamodb.number expected", function() return number("1"):compare() end)
    refused("NaN is not a DynamoDB number", function() return number("1"):compare(0 / 0) end)
    assert.is_false(pcall(function() return number("1") < "2" end))
    assert.is_false(pcall(function() return number("1") < {} end))
    assert.is_false(pcall(function() return number("1") < core.binary("x") end))
  end)

  it("has methods for number values only", function()
    for _, self in ipairs({ 1, "1", {}, core.binary("1"), core.set({ 1 }), core.null, io.stdout }) do
      refused("number.tonumber() needs a colon: number:tonumber()", number("1").tonumber, self)
      refused("dynamodb.number expected, got " .. type(self), getmetatable(number("1")).__tostring, self)
    end
    assert.equal(1, number("1").compare(2, 1)) -- compare accepts Lua numbers
    assert.is_false(getmetatable(number("1")).__eq(1, 1))
  end)

  it("cannot be changed, indexed or measured", function()
    local n = number("1")
    assert.is_nil(n.anything)
    assert.is_false(pcall(function() n.x = 1 end))
    assert.is_false(pcall(function() return #n end))
  end)

  local operators = {
    ["+"] = function(a, b) return a + b end,
    ["-"] = function(a, b) return a - b end,
    ["*"] = function(a, b) return a * b end,
    ["/"] = function(a, b) return a / b end,
    ["%"] = function(a, b) return a % b end,
  }

  it("computes exactly, with Lua numbers and its own kind", function()
    for _, case in ipairs({
      { number("0.1"), "+", number("0.2"), "0.3" }, { number("0.1"), "+", 0.2, "0.3" }, { 1, "+", number("2"), "3" },
      { number(nines), "+", 1, "1E+38" }, { 1, "-", number("1E-37"), "0." .. ("9"):rep(37) }, { number("2"), "*", 0.5, "1" },
      { number("1"), "/", 8, "0.125" }, { -7, "%", number("3"), "2" }, { number("12345678901234567890"), "%", 10, "0" },
    }) do
      local made = operators[case[2]](case[1], case[3])
      assert.equal("dynamodb.number", core.typename(made))
      assert.equal(case[4], tostring(made))
    end
    assert.same({ "-1.5", "1.5", "0" }, { tostring(-number("1.5")), tostring(-number("-1.5")), tostring(-number("0")) })
    local n = number("1")
    assert.equal("2", tostring(n + n))
    assert.equal("1", tostring(n))
  end)

  it("raises at the operator where there is no exact result", function()
    raises("/: the quotient is not exact within 38 significant digits", operators["/"], number("1"), 3)
    raises("/: division by zero", operators["/"], 1, number("0"))
    raises("%: division by zero", operators["%"], 1, number("0"))
    raises("+: the exact result has more than 38 significant digits", operators["+"], number("1E+40"), 1)
    raises("*: number is beyond 9.9...E+125", operators["*"], number("1E+100"), number("1E+100"))
    raises("-: NaN is not a DynamoDB number", operators["-"], number("1"), 0 / 0)
    raises("compare: infinity is not a DynamoDB number", number("1").compare, number("1"), 1 / 0)
    raises("number: not a number: 'x'", number, "x")
    for _, other in ipairs({ "1", {}, true, core.binary("1"), core.null }) do
      raises("+: number or dynamodb.number expected, got " .. core.typename(other), operators["+"], number("1"), other)
      raises("+: number or dynamodb.number expected, got " .. core.typename(other), operators["+"], other, number("1"))
    end
  end)

  it("is a Lua integer where it is one", function()
    local math_type = rawget(math, "type")
    assert.same({ 5, -12, 100 }, { number("5"):tointeger(), number("-12.0"):tointeger(), number("1e2"):tointeger() })
    for _, text in ipairs({ "0.5", "1E+20", "9223372036854775808", "-1.5" }) do assert.is_nil(number(text):tointeger()) end
    if math_type then assert.equal("integer", math_type(number("7"):tointeger())) end
    if not math_type then assert.is_nil(number("9007199254740993"):tointeger()) end
  end)

  it("is read and written exactly", function()
    for _, text in ipairs({ nines, "0." .. nines, "-1." .. nines:sub(2) .. "E-130", "9." .. nines:sub(2) .. "E+125" }) do
      local read = core.decode('{"N":"' .. text .. '"}', "value")
      assert.equal("dynamodb.number", core.typename(read))
      assert.is_true(read == number(text))
      assert.equal(text, tostring(read))
      assert.equal('{"N":"' .. text .. '"}', core.encode(read, "value"))
    end
  end)
end)
