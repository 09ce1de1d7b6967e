-- Random values that are the same on every Lua for the same seed.
local generate = {}
generate.__index = generate

-- The generator of Park and Miller. Its products stay below 2^53, so doubles and integers give the same sequence.
local MULTIPLIER, MODULUS = 48271, 2147483647

--- Creates a generator from a seed, a whole number.
function generate.new(seed)
  return setmetatable({ seed = seed, state = seed % (MODULUS - 1) + 1 }, generate)
end

--- Returns a random seed.
function generate.any_seed()
  local address = tostring({}):match("(%x+)$")
  return (os.time() * 1000 + tonumber(address:sub(-6), 16)) % 1000000007
end

--- Returns a whole number from 'low' to 'high', whose difference is less than 2^31.
function generate:integer(low, high)
  self.state = self.state * MULTIPLIER % MODULUS
  return low + self.state % (high - low + 1)
end

--- Returns true with probability 1 / n.
function generate:once_in(n)
  return self:integer(1, n) == 1
end

--- Returns an element of a list.
function generate:pick(list)
  return list[self:integer(1, #list)]
end

--- Returns 'n' decimal digits; the first and the last are not zero.
function generate:digits(n)
  local digits = {}
  for i = 1, n do
    digits[i] = self:integer((i == 1 or i == n) and 1 or 0, 9)
  end
  return table.concat(digits)
end

--- Returns a whole number of 53 bits, as a float.
function generate:bits53()
  return self:integer(0, 134217727) * 67108864.0 + self:integer(0, 67108863)
end

--- Returns a float: a sign, up to 53 bits, times a power of two from 2^low to 2^high.
function generate:double(low, high)
  local bits = self:once_in(4) and self:integer(1, 1000) or self:bits53()
  return (self:once_in(2) and -1 or 1) * bits * 2.0 ^ self:integer(low, high)
end

--- Returns the UTF-8 encoding of a code point.
function generate.utf8(point)
  if point < 0x80 then return string.char(point) end
  local bytes, first = "", 0x40
  repeat
    bytes = string.char(0x80 + point % 64) .. bytes
    point = (point - point % 64) / 64
    first = first / 2
  until point < first
  return string.char(256 - first * 2 + point) .. bytes
end

local ranges = {
  { 0x20, 0x7e }, { 0x61, 0x7a }, { 0x00, 0x1f }, { 0x7f, 0x7ff }, { 0x800, 0xd7ff }, { 0xe000, 0xffff },
  { 0x10000, 0x10ffff },
}

--- Returns a code point of a random range, so that every encoded length is frequent.
function generate:point()
  local range = self:pick(ranges)
  return self:integer(range[1], range[2])
end

--- Returns a text of 'n' characters.
function generate:text(n)
  local characters = {}
  for i = 1, n do characters[i] = generate.utf8(self:point()) end
  return table.concat(characters)
end

--- Returns 'n' bytes of any value.
function generate:bytes(n)
  local bytes = {}
  for i = 1, n do bytes[i] = string.char(self:integer(0, 255)) end
  return table.concat(bytes)
end

return generate
