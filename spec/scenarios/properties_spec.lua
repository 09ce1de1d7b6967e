-- Round trips of values: values of every type are unchanged after encoding and decoding, on every Lua.

local core = require("dynamodb.core")
local cjson = require("cjson")
local generate = dofile("spec/support/random_source.lua")
local helper = dofile("spec/support/helper.lua")
local samples = dofile("spec/support/samples.lua")

-- Each value is generated twice: as a Lua value, and as plain tables in DynamoDB's JSON form, which cjson reads and this
-- file writes canonically. Encoder and decoder are thus each compared with an independent implementation.
local canonical

local function canonical_members(members)
  local parts = {}
  for i, name in ipairs(helper.names_of(members)) do parts[i] = #name .. ":" .. name .. canonical(members[name]) end
  return "{" .. table.concat(parts) .. "}"
end

function canonical(attribute)
  local kind, value = next(attribute)
  assert(next(attribute, kind) == nil, "one type expected")
  local parts = {}
  if kind == "M" then return "M" .. canonical_members(value) end
  if type(value) ~= "table" then return kind .. #tostring(value) .. ":" .. tostring(value) end
  for i, element in ipairs(value) do
    parts[i] = kind == "L" and canonical(element) or #element .. ":" .. element
  end
  if kind ~= "L" then table.sort(parts) end
  return kind .. "[" .. table.concat(parts) .. "]"
end

local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(bytes)
  return (bytes:gsub("..?.?", function(three)
    local a, b, c = three:byte(1, 3)
    local bits = a * 65536 + (b or 0) * 256 + (c or 0)
    local text = ""
    for power = 3, 0, -1 do
      local at = math.floor(bits / 64 ^ power) % 64 + 1
      text = text .. alphabet:sub(at, at)
    end
    return text:sub(1, #three + 1) .. ("="):rep(3 - #three)
  end))
end

-- {===== Numbers =====

local function number_text(negative, digits, exponent)
  local magnitude = exponent + #digits - 1
  local text
  if magnitude < -7 or magnitude > 37 then
    text = digits:sub(1, 1) .. (#digits > 1 and "." .. digits:sub(2) or "")
      .. (magnitude < 0 and "E-" or "E+") .. math.abs(magnitude)
  elseif exponent >= 0 then
    text = digits .. ("0"):rep(exponent)
  elseif magnitude >= 0 then
    text = digits:sub(1, magnitude + 1) .. "." .. digits:sub(magnitude + 2)
  else
    text = "0." .. ("0"):rep(-magnitude - 1) .. digits
  end
  return (negative and "-" or "") .. text
end

local function double_text(d)
  for precision = 14, 16 do
    local text = ("%." .. precision .. "e"):format(d)
    if tonumber(text) == d then
      local sign, first, rest, exponent = text:match("^(-?)(%d)%.(%d*)e([+-]%d+)$")
      local digits = (first .. rest):gsub("0+$", "")
      return number_text(sign == "-", digits, tonumber(exponent) - #digits + 1)
    end
  end
end

local edges = {
  "9007199254740991", "9007199254740992", "9007199254740993", "9223372036854775807", "9223372036854775808",
  "18446744073709551615", "18446744073709551616", ("9"):rep(38), "1E+125", "1E-130",
  "9." .. ("9"):rep(37) .. "E+125", "1." .. ("0"):rep(36) .. "1E-130", "0", "0.1", "0.30000000000000004",
}

local function make_number(random)
  local kind = random:integer(1, 5)
  if kind == 1 then
    local i = random:integer(-1000, 1000)
    return i, ("%d"):format(i)
  elseif kind == 2 then
    -- 53 bits as a whole number or a fraction without ties, which printf may round either way
    local power = random:pick({ 0, random:integer(-431, -20), random:integer(64, 364) })
    local d = (random:once_in(2) and -1 or 1) * random:bits53() * 2.0 ^ power
    return d, power == 0 and ("%.0f"):format(d) or double_text(d)
  elseif kind == 3 then
    local edge = random:pick(edges)
    if edge ~= "0" and random:once_in(2) then edge = "-" .. edge end
    return core.number(edge), edge
  end
  local digits = random:digits(kind == 4 and random:integer(1, 15) or random:integer(16, 38))
  local exponent = random:integer(-130 - #digits + 1, 126 - #digits)
  if random:once_in(2) then exponent = random:integer(-#digits, 3) end
  local text = number_text(random:once_in(2), digits, exponent)
  return kind == 4 and tonumber(text) or core.number(text), text
end

-- ===================== }
-- {===== Values =====

local names = { "S", "N", "M", "L", "NULL", "__type", "put", "get", "a.b[0]", " ", "id ", "#", ":v", "null", "\0", '"' }

local function make_name(random)
  return random:once_in(4) and random:pick(names) or random:text(random:integer(1, 12))
end

local element = {
  SS = function(random)
    local text = random:text(random:integer(0, 10))
    return text, text
  end,
  NS = make_number,
  BS = function(random)
    local bytes = random:bytes(random:integer(0, 10))
    return core.binary(bytes), base64(bytes)
  end,
}

local function make_set(random)
  local kind = random:pick({ "SS", "NS", "BS" })
  local values, texts, seen = {}, {}, {}
  for _ = 1, random:integer(1, random:once_in(10) and 60 or 6) do
    local value, text = element[kind](random)
    values[#values + 1] = value -- a duplicate, which the set drops
    if not seen[text] then texts[#texts + 1] = text end
    seen[text] = true
  end
  return core.set(values), { [kind] = texts }
end

local make_value

local function make_map(random, depth, n)
  local values, attributes = {}, {}
  for _ = 1, n do
    local name = make_name(random)
    values[name], attributes[name] = make_value(random, depth - 1)
  end
  return values, attributes
end

local makers = {
  function(random)
    local text = random:text(random:integer(0, random:once_in(20) and 2000 or 20))
    return text, { S = text }
  end,
  function(random)
    local value, text = make_number(random)
    return value, { N = text }
  end,
  function(random)
    local bytes = random:bytes(random:integer(0, random:once_in(20) and 1000 or 20))
    return core.binary(bytes), { B = base64(bytes) }
  end,
  function(random)
    local value = random:once_in(2)
    return value, { BOOL = value }
  end,
  function() return core.null, { NULL = true } end,
  make_set,
  function(random, depth)
    local values, attributes = core.list(), {}
    for i = 1, random:integer(0, 5) do values[i], attributes[i] = make_value(random, depth - 1) end
    return values, { L = attributes }
  end,
  function(random, depth)
    local values, attributes = make_map(random, depth, random:integer(0, 5))
    if random:once_in(2) then core.map(values) end
    return values, { M = attributes }
  end,
}

function make_value(random, depth)
  return makers[random:integer(1, depth > 0 and 8 or 6)](random, depth)
end

local function make_chain(random, levels)
  local value, attribute = make_value(random, 0)
  for _ = 1, levels do
    if random:once_in(2) then
      value, attribute = { value }, { L = { attribute } }
    else
      local name = make_name(random)
      value, attribute = { [name] = value }, { M = { [name] = attribute } }
    end
  end
  return value, attribute
end

local DEPTH = 31 -- levels of containers; the service counts the value as the 32nd level

local function make_item(random)
  local values, attributes = make_map(random, random:integer(0, 4), random:integer(0, 8))
  if random:once_in(10) then values.deep, attributes.deep = make_chain(random, random:integer(20, DEPTH)) end
  if random:once_in(50) then
    local wide, wide_attributes = make_map(random, 1, 300)
    values.wide, attributes.wide = wide, { M = wide_attributes }
  end
  return values, attributes
end

-- Formats a response in a random one of the spellings that JSON and numbers permit.
local spell

local function spell_text(random, text)
  return '"' .. text:gsub('[%c"\\%w/]', function(c)
    if not c:find("[%w/]") or random:once_in(8) then return ("\\u%04x"):format(c:byte()) end
  end) .. '"'
end

local function spell_number(random, text)
  if random:once_in(2) then return '"' .. text .. '"' end
  local mantissa, exponent = text:match("^([^E]+)E?(.*)$")
  if not mantissa:find(".", 1, true) then mantissa = mantissa .. "." end
  return '"' .. mantissa .. ("0"):rep(random:integer(1, 45)) .. random:pick({ "e", "E" })
    .. (exponent == "" and "0" or exponent) .. '"'
end

local function spell_members(random, members)
  local parts = {}
  for name, attribute in pairs(members) do
    parts[#parts + 1] = spell_text(random, name) .. random:pick({ ":", " : " }) .. spell(random, attribute)
  end
  return "{" .. table.concat(parts, random:pick({ ",", " ,\n" })) .. "}"
end

function spell(random, attribute)
  local kind, value = next(attribute)
  local text
  if kind == "M" then
    text = spell_members(random, value)
  elseif type(value) == "table" then
    local parts = {}
    for i, inner in ipairs(value) do
      if kind == "L" then parts[i] = spell(random, inner)
      else parts[i] = (kind == "NS" and spell_number or spell_text)(random, inner) end
    end
    text = "[" .. table.concat(parts, random:pick({ ",", ", " })) .. "]"
  elseif kind == "N" then
    text = spell_number(random, value)
  else
    text = type(value) == "boolean" and tostring(value) or spell_text(random, value)
  end
  return '{"' .. kind .. '":' .. text .. "}"
end

-- ===================== }

local function canonical_of_text(text)
  return canonical_members(cjson.decode(text))
end

local function each(seed, count, make, check)
  local random = generate.new(seed)
  for i = 1, count do
    local ok, err = pcall(function() check(random, make(random, i)) end)
    if not ok then
      if type(err) == "table" then err = err.message end -- from luassert
      error(("seed %d, item %d: %s"):format(seed, i, tostring(err)), 0)
    end
  end
end

local function survives(random, values, attributes)
  local expected = canonical_members(attributes)
  local text = assert(core.encode(values, "item"))
  assert(canonical_of_text(text) == expected, "encoded otherwise: " .. text)

  local read = assert(core.decode(text, "item"))
  assert(core.equal(values, read) and core.equal(read, values), "decoded otherwise: " .. text)
  assert(canonical_of_text(assert(core.encode(read, "item"))) == expected, "encoded otherwise when read: " .. text)

  local spelled = spell_members(random, attributes)
  local same = assert(core.decode(spelled, "item"))
  assert(core.equal(values, same), "decoded otherwise: " .. spelled)
  assert(canonical_of_text(assert(core.encode(same, "item"))) == expected, "encoded otherwise when read: " .. spelled)
end

describe("every item", function()
  for _, seed in ipairs({ 1, 1996, 2012 }) do
    it("survives encode and decode: seed " .. seed, function() each(seed, samples.count(1000), make_item, survives) end)
  end

  it("survives encode and decode: a seed chosen at random", function()
    each(generate.any_seed(), samples.count(1000), make_item, survives)
  end)

  it("differs from other items", function()
    each(7, samples.count(300), make_item, function(random, values)
      local read = assert(core.decode(assert(core.encode(values, "item")), "item"))
      local name, value = next(read)
      if not name then return end
      local other = make_value(random, 1)
      if not core.equal(value, other) then
        read[name] = other
        assert(not core.equal(values, read), "a changed attribute")
      end
      read[name] = nil
      assert(not core.equal(values, read), "an attribute less")
    end)
  end)

  it("is the same from the same seed on every Lua", function()
    local sum, length = 0, 0
    each(5, 200, make_item, function(_, _, attributes)
      local text = canonical_members(attributes)
      length = length + #text
      for i = 1, #text do sum = (sum * 31 + text:byte(i)) % 2147483647 end
    end)
    assert.same({ 1637390690, 201148 }, { sum, length })
  end)
end)

describe("every item on the server", function()
  local connection, messages

  setup(function()
    connection = helper.connect()
    local schema = connection:create_schema({ hash_key_name = "id", hash_key_proto_value = "S" })
    messages = assert(connection:create_table({ name = helper.table_name("property"), schema = schema }))
    assert(messages:wait_until_active())
  end)

  teardown(function()
    if messages then assert(messages:delete()) end
    if connection then connection:close() end
  end)

  local function stays(random, values, attributes)
    local id = "item " .. random:integer(1, 2147483646)
    values.id, attributes.id = id, { S = id }
    local item = messages:new_item({ attrs = values })
    assert(item:changes(), "a new item is all changes")
    assert(item:put())
    assert(item:changes() == nil, "changes right after put")
    local got = assert(messages:get_item({ hash_key = id, consistent_read = true }))
    assert(got:changes() == nil, "changes right after get")
    assert(got == item and core.equal(got:totable(), values), "read otherwise")
    assert(canonical_of_text(core.encode(got, "item")) == canonical_members(attributes), "encoded otherwise")
    assert(got:put() and got:reload() and got == item, "put again, it is another one")
  end

  for _, seed in ipairs({ 3, 2012 }) do
    it("survives put and get: seed " .. seed, function() each(seed, 100, make_item, stays) end)
  end

  it("survives put and get: a seed chosen at random", function()
    each(generate.any_seed(), 100, make_item, stays)
  end)

  it("survives save, which changes only the changed attributes", function()
    each(4, 50, make_item, function(random, values)
      local id = "saved " .. random:integer(1, 2147483646)
      values.id = id
      local item = assert(messages:new_item({ attrs = values }):put())
      local changed = make_item(random)
      for name, value in pairs(changed) do item:set(name, value) end
      local first = next(values)
      if first ~= "id" then item:set(first, nil) end
      assert(item:save())
      assert(item:changes() == nil, "changes right after save")
      local got = assert(messages:get_item({ hash_key = id, consistent_read = true }))
      assert(got == item, "read otherwise")
    end)
  end)

  local big = {
    { "a long string", function(random)
      local text = random:text(1000):rep(200):sub(1, 300000):gsub("[\192-\255]?[\128-\191]*$", "")
      return { big = text }, { big = { S = text } }
    end },
    { "long bytes", function(random)
      local bytes = random:bytes(9001):rep(39)
      return { big = core.binary(bytes) }, { big = { B = base64(bytes) } }
    end },
    { "ten thousand numbers", function(random)
      local values, attributes = {}, {}
      for i = 1, 10000 do
        local n = random:integer(-1000000, 1000000)
        values[i], attributes[i] = n, { N = ("%d"):format(n) }
      end
      return { big = values }, { big = { L = attributes } }
    end },
    { "a wide map", function(random)
      local values, attributes = {}, {}
      for i = 1, 5000 do
        local text = random:text(5)
        values["n" .. i], attributes["n" .. i] = text, { S = text }
      end
      return { big = values }, { big = { M = attributes } }
    end },
    { "two thousand attributes", function(random)
      local values, attributes = {}, {}
      for i = 1, 2000 do values["n" .. i], attributes["n" .. i] = make_value(random, 0) end
      return values, attributes
    end },
    { "a large set", function()
      local values, texts = {}, {}
      for i = 1, 10000 do values[i], texts[i] = i, ("%d"):format(i) end
      return { big = core.set(values) }, { big = { NS = texts } }
    end },
    { "32 levels", function(random)
      local value, attribute = make_chain(random, DEPTH)
      return { big = value }, { big = attribute }
    end },
    { "32 levels that hold nothing", function()
      local value, attribute = core.list(), { L = {} }
      for _ = 1, DEPTH do value, attribute = { m = value }, { M = { m = attribute } } end
      return { big = value }, { big = attribute }
    end },
    { "nothing but its key", function() return {}, {} end },
  }

  for _, case in ipairs(big) do
    it("survives put and get: " .. case[1], function() each(6, 1, case[2], stays) end)
  end
end)
