-- Binary values in Lua: construction, comparison, bytes and text.
local core = require("dynamodb.core")
local binary = core.binary
local every_byte = dofile("spec/vectors/every_byte.lua")

local function refused(why, ...)
  local ok, err = pcall(...)
  assert.is_false(ok)
  assert.truthy(tostring(err):find(why, 1, true), tostring(err))
end

describe("dynamodb.binary", function()
  it("holds any bytes", function()
    for _, bytes in ipairs({ "", "\0", "x", "\255\254", every_byte, ("\0"):rep(100000) }) do
      local b = binary(bytes)
      assert.equal("dynamodb.binary", core.typename(b))
      assert.equal(bytes, b:bytes())
      assert.equal(#bytes, #b)
    end
  end)

  it("is created from a string only", function()
    for value, got in pairs({ [1] = "number", [true] = "boolean", [{}] = "table", [print] = "function",
      [core.null] = "userdata", [binary("x")] = "dynamodb.binary", [core.number("1")] = "dynamodb.number" }) do
      refused("bytes (a string) expected, got " .. got, binary, value)
    end
    refused("bytes (a string) expected, got nil", binary, nil)
    refused("bytes (a string) expected, got n", binary)
  end)

  it("compares by bytes", function()
    assert.is_true(binary("a\0b") == binary("a\0b"))
    assert.is_false(binary("a\0b") == binary("a\0c"))
    assert.is_false(binary("a") == binary("a\0"))
    assert.is_true(binary("a") ~= binary("b"))
    assert.is_true(binary("") == binary(""))
    for _, other in ipairs({ "a", 1, {}, core.set({ "a" }), core.null, core.set({ binary("a") }) }) do
      assert.is_false(binary("a") == other)
      assert.is_false(core.equal(binary("a"), other))
    end
  end)

  it("has no order, no fields and no arithmetic", function()
    local b = binary("a")
    assert.is_nil(b.x)
    assert.is_false(pcall(function() return b < binary("b") end))
    assert.is_false(pcall(function() b.x = 1 end))
    assert.is_false(pcall(function() return b .. "x" end))
  end)

  it("has methods for binary values only", function()
    local meta = getmetatable(binary("a"))
    for _, self in ipairs({ 1, "a", {}, core.number("1"), core.set({ "a" }), core.null, io.stdout }) do
      refused("binary.bytes() needs a colon: binary:bytes()", binary("a").bytes, self)
      refused("dynamodb.binary expected, got " .. type(self), meta.__len, self)
      assert.is_false(meta.__eq(self, binary("a")))
      assert.is_false(meta.__eq(binary("a"), self))
    end
  end)

  it("is unchanged after encoding and decoding, at every length", function()
    local all = every_byte .. every_byte:reverse()
    for n = 0, #all do
      local b = binary(all:sub(1, n))
      local text = core.encode({ b = b }, "item")
      local back = core.decode(text, "item").b
      assert.is_true(b == back)
      assert.equal(all:sub(1, n), back:bytes())
      assert.equal(text, core.encode({ b = back }, "item"))
    end
  end)

  it("outlives the string it was created from", function()
    local b = binary(("x"):rep(10) .. tostring(os.time()):sub(1, 0))
    collectgarbage()
    collectgarbage()
    assert.equal("xxxxxxxxxx", b:bytes())
  end)
end)
