-- CRC32 and gunzip of the C core: damaged members, maximum sizes, and several members.
local files = dofile("spec/support/files.lua")
local inflate = require("probe").inflate

local function little_endian(n, size)
  local bytes = {}
  for i = 1, size do
    bytes[i] = string.char(n % 256)
    n = math.floor(n / 256)
  end
  return table.concat(bytes)
end

-- One gzip member (RFC 1952) around one stored block (RFC 1951, section 3.2.4), built by hand so that each part can be damaged.
local function member(text, wrong)
  wrong = wrong or {}
  return (wrong.magic or "\31\139")
    .. (wrong.method or "\8")
    .. (wrong.flags or "\0")
    .. "\0\0\0\0\0\255"
    .. (wrong.fields or "")
    .. (wrong.block or "\1")
    .. little_endian(#text, 2)
    .. little_endian(wrong.complement or 65535 - #text, 2)
    .. text
    .. little_endian(wrong.crc or inflate.crc32(text), 4)
    .. little_endian(wrong.size or #text, 4)
end

-- The gzip program's output for a command.
local function gzip(command)
  local data = files.output_of(command .. " | gzip -c")
  assert(#data > 18, "gzip gave nothing")
  return data
end

local function refused(reason, data)
  local text, message, status, left = inflate.gunzip(data, 1000, "before")
  assert.is_nil(text)
  assert.equal("invalid input", status)
  assert.truthy(message:find(reason, 1, true), message)
  assert.equal("before", left)
end

describe("CRC32", function()
  it("gives the published check value", function()
    assert.equal(0xCBF43926, inflate.crc32("123456789"))
  end)

  it("is zero for nothing", function()
    assert.equal(0, inflate.crc32())
    assert.equal(0, inflate.crc32(""))
  end)

  it("knows bytes of every value", function()
    assert.equal(0x29058C73, inflate.crc32(dofile("spec/vectors/every_byte.lua")))
  end)

  it("may be taken piece by piece", function()
    assert.equal(0xCBF43926, inflate.crc32("1234", "", "56789"))
  end)
end)

describe("gunzip", function()
  it("unpacks a stored member", function()
    assert.equal("hello", inflate.gunzip(member("hello")))
    assert.equal("", inflate.gunzip(member("")))
  end)

  it("unpacks what the gzip program packed", function()
    assert.equal("hello hello hello hello", inflate.gunzip(gzip("printf 'hello hello hello hello'")))
    local numbers = {}
    for i = 1, 50000 do numbers[i] = i .. "\n" end
    assert.equal(table.concat(numbers), inflate.gunzip(gzip("seq 50000")))
  end)

  it("adds to what the buffer holds", function()
    assert.equal("before, after", inflate.gunzip(member("after"), 1000, "before, "))
  end)

  it("skips the optional fields of the header", function()
    assert.equal("x", inflate.gunzip(member("x", { flags = "\4", fields = "\3\0abc" })))
    assert.equal("x", inflate.gunzip(member("x", { flags = "\8", fields = "name\0" })))
    assert.equal("x", inflate.gunzip(member("x", { flags = "\16", fields = "comment\0" })))
  end)

  it("checks the checksum of the header when there is one", function()
    local crc = inflate.crc32("\31\139\8\2\0\0\0\0\0\255") % 65536
    assert.equal("x", inflate.gunzip(member("x", { flags = "\2", fields = little_endian(crc, 2) })))
    refused("header crc", member("x", { flags = "\2", fields = little_endian((crc + 1) % 65536, 2) }))
  end)

  it("joins members, as RFC 1952 says, section 2.2", function()
    assert.equal("one, two, three", inflate.gunzip(member("one, ") .. gzip("printf 'two, '") .. member("three")))
    assert.equal("x", inflate.gunzip(member("") .. member("x") .. member("")))
  end)

  it("refuses data cut short anywhere", function()
    for _, whole in ipairs({ member("hello"), gzip("printf 'hello hello hello hello'") }) do
      for n = 0, #whole - 1 do refused("end too early", whole:sub(1, n)) end
    end
  end)

  it("refuses a second member cut short", function()
    local first, second = member("one"), member("two")
    for n = 1, #second - 1 do
      assert.is_nil(inflate.gunzip(first .. second:sub(1, n)))
    end
    refused("end too early", first .. second:sub(1, -2))
  end)

  it("refuses other bytes after the data", function()
    for _, tail in ipairs({ "\0", "x", "\0\0\0\0\0\0\0\0", "garbage", "\31", "\31\140" }) do
      refused("other bytes follow", member("hello") .. tail)
      refused("other bytes follow", member("one") .. member("two") .. tail)
    end
  end)

  it("refuses what is no gzip", function()
    refused("header", "plain text, or so it seems")
    refused("header", member("x", { magic = "\31\138" }))
    refused("header", "\120\156\203\072\205\201\201\007\0\006\044\002\021") -- zlib format, not gzip
    refused("method", member("x", { method = "\7" }))
    refused("flags", member("x", { flags = "\128" }))
  end)

  it("refuses a broken block", function()
    refused("block type", member("x", { block = "\7" }))
    refused("stored block", member("x", { complement = 0 }))
  end)

  it("refuses a wrong checksum and a wrong length", function()
    refused("data check", member("x", { crc = inflate.crc32("y") }))
    refused("length check", member("x", { size = 2 }))
    refused("data check", member("good") .. member("x", { crc = 0 }))
  end)

  it("fills a buffer exactly to its ceiling", function()
    assert.equal("hello", inflate.gunzip(member("hello"), 5))
    assert.equal("", inflate.gunzip(member(""), 0))
    assert.equal("ab, hello", inflate.gunzip(member("hello"), 9, "ab, "))
    assert.equal("onetwo", inflate.gunzip(member("one") .. member("two") .. member(""), 6))
  end)

  it("refuses one byte more than the ceiling", function()
    local function too_big(data, max, before)
      local text, message, status, left, buffer = inflate.gunzip(data, max, before)
      assert.is_nil(text)
      assert.equal("gzip: unpacks to more than " .. max .. " bytes", message)
      assert.same({ "too large", before, "too large" }, { status, left, buffer })
    end
    too_big(member("hello"), 4, "")
    too_big(member("x"), 0, "")
    too_big(member("hello"), 8, "ab, ")
    too_big(member("one") .. member("two"), 5, "")
    too_big(member("hello", { crc = 0 }), 4, "")
  end)

  it("ends a bomb at the ceiling", function()
    local bomb = gzip("head -c 20000000 /dev/zero")
    assert.is_true(#bomb < 30000)
    local text, _, status = inflate.gunzip(bomb, 100000)
    assert.is_nil(text)
    assert.equal("too large", status)
    assert.equal(20000000, #inflate.gunzip(bomb, 20000000))
  end)

  it("does nothing to a buffer that has failed already", function()
    local text, message, status, left = inflate.gunzip(member("x"), 3, "more than fits")
    assert.is_nil(text)
    assert.same({ "gzip: too large", "too large", "" }, { message, status, left })
  end)
end)
