-- Random values that are the same on every Lua for the same seed.
local generate = {}
generate.__index = generate

-- Park and Miller's generator: its products stay below 2^53, so doubles and integers agree on them.
local MULTIPLIER, MODULUS = 48271, 2147483647

--- A generator; the seed is a whole number.
function generate.new(seed)
  return setmetatable({ seed = seed, state = seed % (MODULUS - 1) + 1 }, generate)
end

--- A seed chosen at random.
function generate.any_seed()
  local address = tostring({}):match("(%x+)$")
  return (os.time() * 1000 + tonumber(address:sub(-6), 16)) % 1000000007
end

--- A whole number from 'low' to 'high', which are less than 2^31 apart.
function generate:integer(low, high)
  self.state = self.state * MULTIPLIER % MODULUS
  return low + self.state % (high - low + 1)
end

--- True in one of 'n' cases.
function generate:once_in(n)
  return self:integer(1, n) == 1
end

--- One of a list.
function generate:pick(list)
  return list[self:integer(1, #list)]
end

--- 'n' decimal digits, the first and the last of them not zero.
function generate:digits(n)
  local digits = {}
  for i = 1, n do
    digits[i] = self:integer((i == 1 or i == n) and 1 or 0, 9)
  end
  return table.concat(digits)
end

--- A whole number of 53 bits, as a float.
function generate:bits53()
  return self:integer(0, 134217727) * 67108864.0 + self:integer(0, 67108863)
end

--- A float with any sign, any 53 bits and a power of two from 'low' to 'high'.
function generate:double(low, high)
  local bits = self:once_in(4) and self:integer(1, 1000) or self:bits53()
  return (self:once_in(2) and -1 or 1) * bits * 2.0 ^ self:integer(low, high)
end

--- The UTF-8 of a code point.
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

--- A code point of UTF-8, of any length equally.
function generate:point()
  local range = self:pick(ranges)
  return self:integer(range[1], range[2])
end

--- Text of 'n' characters.
function generate:text(n)
  local characters = {}
  for i = 1, n do characters[i] = generate.utf8(self:point()) end
  return table.concat(characters)
end

--- 'n' bytes of every value.
function generate:bytes(n)
  local bytes = {}
  for i = 1, n do bytes[i] = string.char(self:integer(0, 255)) end
  return table.concat(bytes)
end

return generate
