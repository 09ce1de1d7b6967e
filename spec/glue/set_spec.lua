-- Sets in Lua: construction, membership, changes, iteration and order.
local core = require("dynamodb.core")
local set, number, binary = core.set, core.number, core.binary

local function refused(why, ...)
  local ok, err = pcall(...)
  assert.is_false(ok)
  assert.truthy(tostring(err):find(why, 1, true), tostring(err))
end

local function texts(s)
  local list = {}
  for i, value in ipairs(s:values()) do list[i] = tostring(value) end
  table.sort(list)
  return list
end

local modern = _VERSION ~= "Lua 5.1" -- honours __pairs, and __index in ipairs
local raises = dofile("spec/support/table_fixture.lua").raises_in("set_spec.lua")

describe("dynamodb.set", function()
  it("takes its type from its elements", function()
    for _, case in ipairs({
      { { "a", "b" }, "SS" }, { { 1, 2.5, number("3") }, "NS" }, { { number("3"), 1 }, "NS" }, { { binary("a") }, "BS" },
      { { "" }, "SS" }, { { "1" }, "SS" },
    }) do
      local s = set(case[1])
      assert.equal("dynamodb.set", core.typename(s))
      assert.equal(case[2], s:type())
      assert.equal(#case[1], #s)
      for _, value in ipairs(case[1]) do assert.is_true(s:has(value)) end
    end
  end)

  it("takes its type from an argument", function()
    for name, value in pairs({ S = "a", SS = "a", N = 1, NS = number("1"), B = binary("a"), BS = binary("a") }) do
      local s = set({ value }, name)
      assert.equal(name:sub(1, 1) .. "S", s:type())
      assert.is_true(s == set({ value }))
    end
    refused("set of numbers: got string", set, { "1" }, "N")
    refused("set of strings: got number", set, { 1 }, "SS")
    refused("set of dynamodb.binarys: got string", set, { "x" }, "BS")
    refused("set: type 'S', 'N' or 'B' expected, got string 'X'", set, { "a" }, "X")
    refused("set: type 'S', 'N' or 'B' expected, got string ''", set, { "a" }, "")
  end)

  it("is created from a nonempty list", function()
    refused("set: at least one element expected", set, {})
    refused("set: list of elements expected (positions 1, 2, 3...)", set, { a = true })
    refused("set: at least one element expected", set, {}, "S")
    for _, value in ipairs({ "a", 1, true, core.null, set({ 1 }) }) do
      refused("set: list of elements expected, got", set, value)
    end
    refused("set: list of elements expected, got no value", set)
  end)

  it("has strings, numbers or bytes, all of one type", function()
    for _, value in ipairs({ true, {}, print, core.null, set({ 1 }) }) do
      refused("set: strings, numbers or dynamodb.binary expected, got " .. core.typename(value), set, { value })
      refused("set of strings: got " .. core.typename(value), set, { "a", value })
    end
    refused("set of strings: got number", set, { "a", 1 })
    refused("set of strings: got dynamodb.binary", set, { "a", binary("b") })
    refused("set of numbers: got string", set, { 1, "2" })
    refused("set of numbers: NaN is not a DynamoDB number", set, { 0 / 0 })
    refused("set of numbers: infinity is not a DynamoDB number", set, { 1, 1 / 0 })
    refused("set of numbers: number is beyond 9.9...E+125", set, { 1e126 })
  end)

  it("rejects other members of the list", function()
    assert.is_false(pcall(set, { "a", b = true }))
    assert.is_false(pcall(set, { "a", [3] = "c" }))
    assert.is_false(pcall(set, { "a", nil, "c" }))
    assert.is_false(pcall(set, { [0] = "z", "a" }))
  end)

  it("holds each element once, numbers by value", function()
    assert.equal(1, #set({ "a", "a", "a" }))
    assert.equal(1, #set({ 1, 1.0, number("1"), number("10e-1") }))
    assert.equal(2, #set({ 0.1, number("0.10000000000000000001") }))
    assert.equal(1, #set({ 0, -0.0, -1 / (1 / 0) }))
    assert.equal(2, #set({ binary("a"), binary("a"), binary("b") }))
    assert.same({ "1", "2" }, texts(set({ 2, 1, 2, 1 })))
  end)

  it("finds its elements, and has no values of other types", function()
    local s = set({ "a", "1" })
    assert.same({ true, true, false, false }, { s:has("a"), s:has("1"), s:has("b"), s:has("") })
    for _, value in ipairs({ 1, true, {}, binary("a"), core.null, s }) do assert.is_false(s:has(value)) end
    assert.is_true(set({ 1.5 }):has(number("1.50")))
    assert.is_false(set({ 1.5 }):has("1.5"))
    assert.is_true(set({ binary("a") }):has(binary("a")))
    assert.is_false(set({ binary("a") }):has("a"))
    assert.is_false(s:has(nil))
    refused("value expected", s.has, s)
  end)

  it("adds, removes and counts elements", function()
    local s = set({ "a" })
    assert.equal(s, s:add("b"):add("b"):add("c"))
    assert.equal(3, #s)
    assert.same({ true, false, false }, { s:remove("b"), s:remove("b"), s:remove("z") })
    assert.equal(2, #s)
    assert.same({ "a", "c" }, texts(s))
    assert.same({ true, true }, { s:remove("a"), s:remove("c") })
    assert.equal(0, #s)
    assert.same({}, s:values())
    s:add("again")
    assert.same({ "again" }, texts(s))
    local n = set({ 1 })
    assert.is_true(n:remove(number("1.0")))
    refused("set of numbers: got string", n.add, n, "1")
    refused("set of numbers: got string", n.remove, n, "1")
    refused("set of numbers: got nil", n.add, n, nil)
    refused("value expected", n.add, n)
    refused("value expected", n.remove, n)
  end)

  it("returns its values in their types", function()
    local math_type = rawget(math, "type")
    assert.same({ "a" }, set({ "a" }):values())
    assert.same({ 1.5 }, set({ 1.5 }):values())
    assert.equal("dynamodb.binary", core.typename(set({ binary("x") }):values()[1]))
    assert.equal("dynamodb.number", core.typename(set({ number(("9"):rep(38)) }):values()[1]))
    if math_type then assert.equal("integer", math_type(set({ 3.0 }):values()[1])) end
    local s = set({ "a" })
    s:values()[1] = "changed"
    assert.same({ "a" }, s:values())
  end)

  it("compares by type and elements in any order", function()
    assert.is_true(set({ "a", "b" }) == set({ "b", "a" }))
    assert.is_true(set({ 1, 2 }) == set({ 2.0, 1 }))
    assert.is_false(set({ "a" }) == set({ "a", "b" }))
    assert.is_false(set({ "a", "b" }) == set({ "a" }))
    assert.is_false(set({ "1" }) == set({ 1 }))
    assert.is_false(set({ "a" }) == set({ binary("a") }))
    assert.is_true(set({ "a" }) ~= set({ "b" }))
    local s = set({ "a", "b" })
    s:remove("b")
    assert.is_true(s == set({ "a" }))
    for _, other in ipairs({ { "a" }, "a", binary("a"), core.null }) do assert.is_false(set({ "a" }) == other) end
  end)

  it("advises against loops over the set itself, where Lua allows it", function()
    local s = set({ "a", "b" })
    local function advice(why, each)
      raises(why, function() for _ in each(s) do error("an element") end end)
    end
    advice(modern and "a set has no positions; for _, value in ipairs(set:values())" or "table expected", ipairs)
    advice(modern and "pairs: a set has no names; for _, value in ipairs(set:values())" or "table expected", pairs)
    raises("a set has no positions; for _, value in ipairs(set:values())", function() return s[1] end)
  end)

  it("has methods for sets only", function()
    local s = set({ "a" })
    local meta = getmetatable(s)
    for _, self in ipairs({ 1, "a", {}, number("1"), binary("a"), core.null, io.stdout }) do
      for name, method in pairs(meta.methods) do
        refused(("set.%s() needs a colon: set:%s()"):format(name, name), method, self, "a")
      end
      refused("dynamodb.set expected, got " .. type(self), meta.__len, self)
      refused("dynamodb.set expected, got " .. core.typename(self), meta.__tostring, self)
      assert.is_false(meta.__eq(self, s))
      assert.is_false(meta.__eq(s, self))
    end
    assert.is_nil(s.unknown)
    assert.is_false(pcall(function() s.x = 1 end))
  end)

  it("finds an element of a large set quickly", function()
    local list = {}
    for i = 1, 20000 do list[i] = i end
    local s = set(list)
    assert.equal(20000, #s)
    for i = 1, 20000 do assert(s:has(i) and not s:has(i + 0.5)) end
    assert.is_true(core.decode(core.encode(s, "value"), "value") == s)
  end)
end)
