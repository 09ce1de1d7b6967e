-- DynamoDB numbers in the C core: parsing, canonical text, order, and conversion from and to Lua numbers.
local decimal = require("probe").decimal
local generate = dofile("spec/support/random_source.lua")
local locale = dofile("spec/support/comma_locale.lua")
local vectors = dofile("spec/vectors/decimal.lua")
local samples = dofile("spec/support/samples.lua")

local function shown(text)
  return #text > 50 and text:sub(1, 40) .. "... of " .. #text or ("%q"):format(text)
end

-- Adds the seed to the message of a failure.
local function seeded(seed, f)
  local random = generate.new(seed)
  local ok, err = pcall(f, random)
  if type(err) == "table" then err = err.message end -- from luassert
  if not ok then error(("seed %d: %s"):format(seed, tostring(err)), 0) end
end

describe("number text", function()
  for _, case in ipairs(vectors.accepted) do
    it("reads " .. shown(case[1]), function()
      local text, digits, _, negative = decimal.parse(case[1])
      assert.equal(case[2], text)
      assert.is_true(digits == "" or not digits:find("^0") and not digits:find("0$"))
      assert.equal(case[2]:sub(1, 1) == "-", negative)
    end)
  end

  for _, case in ipairs(vectors.refused) do
    it("refuses " .. shown(case[1]), function()
      local why = case[2] or "not a number: '" .. case[1]:match("^[^%z]*") .. "'"
      assert.same({ nil, why }, { decimal.parse(case[1]) })
    end)
  end

  it("is canonical: read again it stays as it is", function()
    for _, case in ipairs(vectors.accepted) do
      assert.same({ decimal.parse(case[1]) }, { decimal.parse(case[2]) })
    end
  end)

  it("truncates quoted text", function()
    assert.same({ nil, "not a number: '" .. ("x"):rep(60) .. "'" }, { decimal.parse(("x"):rep(100)) })
  end)

  it("has a limit for the length of invalid text", function()
    assert.equal("1", (decimal.parse(("0"):rep(32766) .. "1")))
    assert.is_nil((decimal.parse(("0"):rep(32767) .. "1")))
  end)

  it("reaches every power of ten from -130 to 125, in all spellings", function()
    for power = -130, 125, samples.step() do
      for _, sign in ipairs({ "", "-" }) do
        local canonical = sign .. "1E" .. (power < 0 and "" or "+") .. power
        if power >= 0 and power <= 37 then canonical = sign .. "1" .. ("0"):rep(power) end
        if power < 0 and power >= -7 then canonical = sign .. "0." .. ("0"):rep(-power - 1) .. "1" end
        local spellings = {
          "1e" .. power, "01E" .. power, "1.000e" .. power, "0.1e" .. power + 1, "10e" .. power - 1,
          "0.0001E" .. power + 4, "100000E" .. power - 5,
          power < 0 and "0." .. ("0"):rep(-power - 1) .. "1" or "1" .. ("0"):rep(power),
          power < 0 and "." .. ("0"):rep(-power - 1) .. "1000" or "001" .. ("0"):rep(power) .. ".00",
        }
        for _, text in ipairs(spellings) do
          local read, digits, exponent, negative = decimal.parse(sign .. text)
          assert.same({ canonical, "1", power, sign == "-" }, { read, digits, exponent, negative })
        end
      end
    end
  end)

  it("has one canonical text for all spellings of a number", function()
    seeded(38, function(random)
      for _ = 1, samples.count(3000) do
        local digits = random:digits(random:integer(1, 38))
        local exponent = random:integer(-130 - #digits + 1, 126 - #digits)
        local expected = decimal.parse(digits .. "e" .. exponent)
        local point = random:integer(0, #digits)
        local mantissa = digits:sub(1, point) .. "." .. digits:sub(point + 1)
        local spelled = ("0"):rep(random:integer(0, 3)) .. mantissa .. ("0"):rep(random:integer(0, 50))
          .. random:pick({ "e", "E" }) .. exponent + #digits - point
        local text, same_digits, same_exponent = decimal.parse(spelled)
        assert.same({ expected, digits, exponent }, { text, same_digits, same_exponent })
        assert.same({ decimal.parse(text) }, { decimal.parse(spelled) })
      end
    end)
  end)
end)

describe("comparison", function()
  it("orders every pair of an ordered list", function()
    local list = vectors.ascending
    for i = 1, #list do
      for k = 1, #list do
        local expected = i < k and -1 or i > k and 1 or 0
        assert.equal(expected, decimal.compare(list[i], list[k]), list[i] .. " and " .. list[k])
      end
    end
  end)

  it("finds spellings of one number equal", function()
    for _, pair in ipairs({ { "1", "1.000" }, { "0", "-0.0" }, { "100", "1e2" }, { "-0.01", "-1E-2" } }) do
      assert.equal(0, decimal.compare(pair[1], pair[2]))
    end
  end)

  it("agrees with doubles", function()
    seeded(53, function(random)
      for _ = 1, samples.count(3000) do
        local a, b = random:double(-60, 10), random:double(-60, 10)
        if random:once_in(10) then b = a end
        local expected = a < b and -1 or a > b and 1 or 0
        assert.equal(expected, decimal.compare(decimal.from_double(a), decimal.from_double(b)))
      end
    end)
  end)
end)

describe("integers of 64 bits", function()
  local edges = {
    "0", "9223372036854775807", "-9223372036854775808", "9223372036854775806", "-9223372036854775807",
  }
  local powers = {
    "1", "2", "4", "8", "16", "32", "64", "128", "256", "512", "1024", "32768", "65536", "2147483648",
    "4294967296", "9007199254740992", "18014398509481984", "4611686018427387904",
  }
  for _, power in ipairs(powers) do
    local head, last = power:sub(1, -2), tonumber(power:sub(-1))
    for _, around in ipairs({ last - 1, last, last + 1 }) do
      edges[#edges + 1] = head .. around
      if around > 0 then edges[#edges + 1] = "-" .. head .. around end
    end
  end
  for power = 0, 18 do
    for _, text in ipairs({ "1" .. ("0"):rep(power), "9" .. ("9"):rep(power > 17 and 17 or power) }) do
      edges[#edges + 1] = text
      edges[#edges + 1] = "-" .. text
    end
  end

  for _, text in ipairs(edges) do
    it("are converted both ways: " .. text, function()
      local of_decimal, of_integer = decimal.from_integer(text)
      assert.same({ text, text }, { of_decimal, of_integer })
      assert.equal(text, decimal.to_integer(text))
      assert.equal(text, decimal.to_integer(text .. ".000"))
      assert.equal(text, decimal.to_integer(text .. "00e-2"))
      assert.same({ "integer", text }, { decimal.read(text, "-9223372036854775808", "9223372036854775807") })
    end)
  end

  it("are only whole numbers in the range", function()
    local others = {
      "0.5", "-1.5", "1E-130", "9223372036854775808", "-9223372036854775809", "1e19", "-1e19", "1E125",
      "9223372036854775807.5", "99999999999999999999", "18446744073709551616", "-18446744073709551616",
      "92233720368547758070", "12345678901234567890123456789012345678",
    }
    for _, text in ipairs(others) do assert.is_nil((decimal.to_integer(text)), text) end
  end)
end)

describe("doubles", function()
  it("have their shortest text", function()
    for _, case in ipairs(vectors.doubles) do assert.equal(case[2], (decimal.from_double(case[1]))) end
  end)

  it("have their shortest text when they are powers of two", function()
    for _, case in ipairs(vectors.powers_of_two) do
      assert.equal(2 ^ case[1], tonumber(case[2])) -- the list is correct
      assert.equal(case[2], (decimal.from_double(2 ^ case[1])))
    end
  end)

  it("that are no DynamoDB numbers are refused", function()
    local beyond, close = "number is beyond 9.9...E+125", "number is closer to zero than 1E-130"
    local cases = {
      { 0 / 0, "NaN is not a DynamoDB number" }, { -(0 / 0), "NaN is not a DynamoDB number" },
      { 1 / 0, "infinity is not a DynamoDB number" }, { -1 / 0, "infinity is not a DynamoDB number" },
      { 1e126, beyond }, { -1e126, beyond }, { 1.7976931348623157e308, beyond },
      { 1.0000000000000002e126, beyond },
      { 9.9999999999999999e-131, nil }, { 9.999999999999999e-131, close }, { -9.999999999999999e-131, close },
      { 1e-131, close }, { 2.2250738585072014e-308, close }, { 4.9406564584124654e-324, close },
    }
    for _, case in ipairs(cases) do
      local text, why = decimal.from_double(case[1])
      assert.equal(case[2], why)
      if not case[2] then assert.equal("1E-130", text) end
    end
  end)

  local function assert_round_trip(d)
    local text = assert(decimal.from_double(d))
    assert.equal(d, decimal.to_double(text), text)
    assert.equal(d, tonumber(text:find("[.E]") and text or text .. ".0"), text)
    local _, digits = decimal.parse(text)
    assert.is_true(#digits <= 17, text)
    assert.same({ d == math.floor(d) and math.abs(d) <= 2 ^ 53 and "integer" or "float" },
      { (decimal.read(text, "-9007199254740992", "9007199254740992")) })
  end

  local function any_doubles(seed)
    seeded(seed, function(random)
      for _ = 1, samples.count(10000) do assert_round_trip(random:double(-431, 364)) end
    end)
  end

  it("come back exactly through text: ten thousand of any size", function() any_doubles(1996) end)
  it("come back exactly through text: ten thousand chosen at random", function()
    any_doubles(generate.any_seed())
  end)

  it("come back exactly through text: all powers of two and of ten, and their neighbours", function()
    local function around(d)
      for step = -2, 2 do assert_round_trip(d * (1 + step * 2 ^ -52)) end
    end
    for k = -431, 418, samples.step() do around(2.0 ^ k) end
    for k = -129, 125, samples.step() do around(tonumber("1e" .. k) * (k == 125 and 1 or 9.5)) end
    for k = -129, 125, samples.step() do around(tonumber("1e" .. k)) end
  end)

  -- Calls f(text) with 5000 random numbers of at most 'most' digits.
  local function each_text(seed, most, f)
    seeded(seed, function(random)
      for _ = 1, samples.count(5000) do
        local digits = random:digits(random:integer(1, most))
        f(digits .. "e" .. random:integer(-130 - #digits + 1, 126 - #digits))
      end
    end)
  end

  it("are the nearest ones to any text", function()
    each_text(17, 38, function(text)
      assert.equal(tonumber(text), decimal.to_double(text))
      assert.equal(-tonumber(text), decimal.to_double("-" .. text))
    end)
  end)

  it("with few digits have those digits", function()
    each_text(15, 15, function(text)
      assert.equal((decimal.parse(text)), (decimal.from_double(tonumber(text))))
    end)
  end)
end)

describe("the Lua value of a number", function()
  local int64 = { "-9223372036854775808", "9223372036854775807" }
  local exact = { "-9007199254740992", "9007199254740992" }
  for i, limits in ipairs({ int64, exact }) do
    it("has a kind by its value, with integers up to " .. limits[2], function()
      for _, case in ipairs(vectors.kinds) do
        local kind, value = decimal.read(case[1], limits[1], limits[2])
        assert.equal(case[i + 1], kind, case[1])
        local canonical = decimal.parse(case[1])
        if kind == "float" then assert.equal(canonical, (decimal.from_double(value)), case[1]) end
        if kind == "decimal" then assert.equal(canonical, value) end
        if kind == "integer" then assert.equal(decimal.to_integer(case[1]), value) end
      end
    end)
  end

  it("is written as the same number that was read", function()
    seeded(99, function(random)
      for _ = 1, samples.count(10000) do
        local digits = random:digits(random:integer(1, 38))
        local text = decimal.parse(random:pick({ "", "-" }) .. digits .. "e" .. random:integer(-40, 40))
        local kind, value = decimal.read(text, "-9223372036854775808", "9223372036854775807")
        if kind == "float" then value = decimal.from_double(value) end
        assert.equal(0, decimal.compare(text, value))
      end
    end)
  end)

  it("respects the limits exactly", function()
    assert.equal("integer", (decimal.read("10", "-10", "10")))
    assert.equal("integer", (decimal.read("-10", "-10", "10")))
    assert.equal("float", (decimal.read("11", "-10", "10")))
    assert.equal("float", (decimal.read("-11.0", "-10", "10")))
    assert.same({ "float", 1e15 }, { decimal.read("1e15", "-10", "10") })
  end)

  it("is rejected like number text", function()
    for _, case in ipairs(vectors.refused) do
      assert.same({ decimal.parse(case[1]) }, { decimal.read(case[1], "-10", "10") })
    end
  end)
end)

describe("under a locale with a decimal comma", function()
  it("all results are the same", function()
    local texts, values = {}, {}
    local random = generate.new(10)
    for i = 1, samples.count(2000) do
      values[i] = random:double(-400, 300)
      texts[i] = decimal.from_double(values[i])
    end
    local points, wrong = 0, {}
    locale.with_comma(function()
      for i, value in ipairs(values) do
        local text = decimal.from_double(value)
        if text ~= texts[i] or decimal.to_double(text) ~= value then wrong[#wrong + 1] = text end
        if decimal.printf(value):find(",", 1, true) then points = points + 1 end
      end
      for _, case in ipairs(vectors.accepted) do
        if decimal.parse(case[1]) ~= case[2] then wrong[#wrong + 1] = case[1] end
      end
      for _, case in ipairs(vectors.refused) do
        if decimal.parse(case[1]) then wrong[#wrong + 1] = case[1] end
      end
      for _, case in ipairs(vectors.kinds) do
        local kind = decimal.read(case[1], "-9007199254740992", "9007199254740992")
        if kind ~= case[3] then wrong[#wrong + 1] = case[1] end
      end
    end)
    assert.same({}, wrong)
    assert.is_true(points > samples.count(1000)) -- the locale was in force
  end)

  it("the locale is unchanged", function()
    locale.with_comma(function() end)
    assert.equal("0.5", decimal.printf(0.5))
    assert.has_error(function() locale.with_comma(function() error("inside", 0) end) end, "inside")
    assert.equal("0.5", decimal.printf(0.5))
  end)
end)
