-- Exact arithmetic on DynamoDB numbers, compared with Python's decimal module.
local decimal = require("probe").decimal
local generate = dofile("spec/support/random_source.lua")
local samples = dofile("spec/support/samples.lua")

local nines = ("9"):rep(38)
local DIGITS = "the exact result has more than 38 significant digits"
local QUOTIENT = "the quotient is not exact within 38 significant digits"
local BEYOND, CLOSE = "number is beyond 9.9...E+125", "number is closer to zero than 1E-130"

-- { operator, a, b, result or why there is none }
local cases = {
  { "+", "1", "2", "3" }, { "+", "0.1", "0.2", "0.3" }, { "+", "-1", "1", "0" }, { "+", "0", "0", "0" },
  { "+", "1", "-2", "-1" }, { "+", "-1", "-2", "-3" }, { "+", "0", "-7", "-7" }, { "+", "-7", "0", "-7" },
  { "+", nines, "1", "1E+38" }, { "+", nines, "0.1", DIGITS }, { "+", "1E+125", "1E-130", DIGITS },
  { "+", "9E+125", "1E+125", BEYOND }, { "+", "1E+40", "1", DIGITS }, { "+", "1E+38", "-1", nines },
  { "+", "1E+38", "-0.1", DIGITS }, { "+", "1E+37", "1", "10000000000000000000000000000000000001" },
  { "+", "-1E+38", "1", "-" .. nines }, { "+", "1.0001E-130", "-1E-130", CLOSE },
  { "-", "3", "1", "2" }, { "-", "1", "3", "-2" }, { "-", "0", "5", "-5" }, { "-", "5", "5", "0" },
  { "-", "1", "0.00000000000000000000000000000000000001", "0." .. nines },
  { "*", "2", "3", "6" }, { "*", "-2", "3", "-6" }, { "*", "0", "-3", "0" }, { "*", "0.5", "0.2", "0.1" },
  { "*", nines, nines, DIGITS }, { "*", nines, "10", "9." .. nines:sub(2) .. "E+38" }, { "*", "1E+100", "1E+100", BEYOND },
  { "*", "1E-100", "1E-100", CLOSE }, { "*", "1E-100", "1E+100", "1" },
  { "/", "1", "2", "0.5" }, { "/", "1", "3", QUOTIENT }, { "/", "-9", "3", "-3" }, { "/", "0", "3", "0" },
  { "/", "1", "0", "division by zero" }, { "/", "0", "0", "division by zero" }, { "/", nines, nines, "1" },
  { "/", nines, "9", ("1"):rep(38) }, { "/", "1", "1" .. ("0"):rep(37) .. "E-10", "1E-27" }, { "/", "1", "7", QUOTIENT },
  { "/", "1E+125", "1E-10", BEYOND }, { "/", "1E-130", "10", CLOSE }, { "/", "1", "8", "0.125" },
  { "/", "1", "18014398509481984", "5.5511151231257827021181583404541015625E-17" },
  { "/", "1", "36028797018963968", QUOTIENT }, -- 2^55
  { "%", "7", "3", "1" }, { "%", "-7", "3", "2" }, { "%", "7", "-3", "-2" }, { "%", "-7", "-3", "-1" },
  { "%", "6", "-3", "0" }, { "%", "0", "-3", "0" }, { "%", "5.5", "2", "1.5" }, { "%", "1", "0", "division by zero" },
  { "%", "1E+125", "7", "5" }, { "%", "1E-130", "1E+125", "1E-130" }, { "%", "-1E-130", "1E+125", DIGITS },
  { "%", "100", "1E+1", "0" }, { "%", "12345678901234567890123456789012345678", "1E+36", "345678901234567890123456789012345678" },
}

local function operate(operator, a, b)
  local text, why = decimal.operate(operator, a, b)
  return text or why
end

describe("exact arithmetic", function()
  for _, case in ipairs(cases) do
    it(("%s %s %s"):format(case[2], case[1], case[3]), function()
      assert.equal(case[4], operate(case[1], case[2], case[3]))
    end)
  end

  it("changes the sign of all but zero", function()
    assert.same({ "-1", "1", "0" }, { decimal.negate("1"), decimal.negate("-1"), decimal.negate("0") })
  end)
end)

local refusals = {
  digits = { [DIGITS] = true, [QUOTIENT] = true },
  range = { [BEYOND] = true, [CLOSE] = true },
  zero = { ["division by zero"] = true },
}

-- Random operands that often meet: few digits or many, near each other or at the ends of the range.
local function operand(random)
  if random:once_in(40) then return "0" end
  local count = random:pick({ 1, 2, 5, 19, random:integer(1, 38), 37, 38 })
  local digits = random:once_in(6) and ("9"):rep(count) or random:digits(count)
  local low, high = -130 - count + 1, 126 - count
  local exponent = random:integer(low, high)
  if not random:once_in(4) then exponent = math.max(low, math.min(high, random:integer(-45, 25))) end
  return random:pick({ "", "-" }) .. digits .. "e" .. exponent
end

local function lines_of(random, count)
  local list = {}
  for i = 1, count do
    local a, b = operand(random), operand(random)
    local operator = random:pick({ "+", "-", "*", "/", "%" })
    if operator == "/" and random:once_in(2) then a = decimal.operate("*", a, b) or a end -- often exact
    if random:once_in(20) then b = a end
    list[i] = { operator, a, b }
  end
  return list
end

local function expected_of(list)
  local path = os.tmpname()
  local file, results = assert(io.open(path, "w")), {}
  for _, line in ipairs(list) do file:write(table.concat(line, " "), "\n") end
  file:close()
  local pipe = assert(io.popen("env -u LD_PRELOAD /usr/bin/python3 spec/support/decimal_oracle.py '" .. path .. "'"))
  for line in pipe:lines() do results[#results + 1] = line end
  pipe:close()
  os.remove(path)
  return results
end

describe("arithmetic agrees with Python's", function()
  for name, seed in pairs({ ["always the same"] = 38, ["chosen at random"] = generate.any_seed() }) do
    it("in five thousand operations " .. name, function()
      local list = lines_of(generate.new(seed), samples.count(5000))
      local expected, exact = expected_of(list), 0
      assert.equal(#list, #expected)
      for i, line in ipairs(list) do
        local found = operate(line[1], line[2], line[3])
        local why = ("seed %d: %s %s %s is %s, not %s"):format(seed, line[2], line[1], line[3], expected[i], found)
        local refused = refusals[expected[i]]
        if refused then
          assert.is_true(refused[found], why)
        else
          exact = exact + 1
          assert.equal((decimal.parse(expected[i])), found, why)
        end
      end
      assert.is_true(exact > 0.3 * #list, exact .. " exact results") -- enough of them are computed
    end)
  end
end)
