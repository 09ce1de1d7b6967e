-- The JSON reader and string writer of the C core, by the vectors of spec/vectors/json.lua.
local json = require("probe").json
local cjson = require("cjson")
local generate = dofile("spec/support/random_source.lua")
local vectors = dofile("spec/vectors/json.lua")
local samples = dofile("spec/support/samples.lua")

local function shown(text)
  return (text:gsub("[^\32-\126]", function(byte) return ("\\%d"):format(byte:byte()) end))
end

describe("the JSON reader", function()
  for _, case in ipairs(vectors.accepted) do
    it("takes " .. shown(case[1]), function()
      local events = { (table.unpack or unpack)(case, 2) } -- luacheck: globals table.unpack unpack
      assert.same(events, (json.events(case[1])))
      assert.is_true(json.skip(case[1], 10))
    end)
  end

  for _, case in ipairs(vectors.refused) do
    it("refuses " .. shown(case[1]), function()
      assert.same({ nil, case[2], "invalid input" }, { json.events(case[1]) })
      assert.same({ nil, case[2], "invalid input" }, { json.skip(case[1], 10) })
    end)
  end

  it("never reads past the end of the text", function()
    for _, case in ipairs(vectors.accepted) do
      local text, rest = case[1], '00000000"]}\\u0041true'
      if case[2]:sub(1, 2) ~= "d:" then
        assert.same({ json.events(text) }, { json.events(text .. rest, #text) }, shown(text))
        for n = 0, #text:gsub("[ \t\r\n]+$", "") - 1 do
          assert.is_nil((json.events(text, n)), shown(text:sub(1, n)))
          assert.same({ json.events(text:sub(1, n)) }, { json.events(text, n) })
          assert.same({ json.skip(text:sub(1, n), 9) }, { json.skip(text, 9, n) })
        end
      else
        assert.same({ json.events(text) }, { json.events(text .. "00", #text) }, shown(text))
      end
    end
  end)

  it("refuses every control character, wherever it stands in a string", function()
    for byte = 0, 31 do
      for before = 0, 17 do
        local text = '"' .. ("x"):rep(before) .. string.char(byte) .. 'yyyyyyyyyy"'
        local _, why = json.events(text)
        assert.equal("control character in a string at byte " .. before + 2, why)
      end
    end
  end)

  local notable = { { "\\n", "\n" }, { "\195\169", "\195\169" }, { "\\u00e9", "\195\169" }, { "~", "~" } }

  it("finds the one byte that matters, wherever it stands in a string", function()
    for before = 0, 17 do
      for after = 0, 17 do
        local x, y = ("x"):rep(before), ("\127"):rep(after)
        for _, one in ipairs(notable) do
          assert.same({ "s:" .. x .. one[2] .. y }, (json.events('"' .. x .. one[1] .. y .. '"')))
        end
        assert.same({ nil, "invalid UTF-8 in a string at byte " .. before + 2, "invalid input" },
          { json.events('"' .. x .. "\255" .. y .. '"') })
        assert.same({ nil, "end of the text expected, got '!' at byte " .. before + 3, "invalid input" },
          { json.events('"' .. x .. '"!') })
      end
    end
  end)

  it("takes no other byte for white space", function()
    for byte = 0, 255 do
      local c = string.char(byte)
      local blank = c == " " or c == "\t" or c == "\n" or c == "\r"
      assert.equal(blank, (json.events(c .. "{}")) ~= nil, "before: " .. byte)
      assert.equal(blank, (json.events("{" .. c .. "}")) ~= nil, "inside: " .. byte)
      assert.equal(blank, (json.events("{}" .. c)) ~= nil, "behind: " .. byte)
    end
  end)

  it("peeks at the next byte, and takes only an expected byte", function()
    local open, other = ("["):byte(), ("1"):byte()
    assert.same({ open, true, other }, { json.peek(" \t\r\n[1", "[") })
    assert.same({ open, false, open }, { json.peek(" [1", "]") })
    assert.same({ -1, false, -1 }, { json.peek(" ", "]") })
    assert.same({ 255, true, -1 }, { json.peek("\255", "\255") })
  end)

  it("respects the maximum depth exactly", function()
    for _, pair in ipairs({ { "[", "]" }, { '{"a":', "}", "0" } }) do
      local open, close, inner = pair[1], pair[2], pair[3] or ""
      for _, depth in ipairs({ 1, 2, 32, 500 }) do
        local text = open:rep(depth) .. inner .. close:rep(depth)
        assert.is_true(json.skip(text, depth))
        assert.same({ nil, "nested too deep at byte " .. #open * (depth - 1) + 1, "invalid input" },
          { json.skip(text, depth - 1) })
      end
    end
    assert.is_true(json.skip("0", 0))
    assert.is_true(json.skip("[[],[[]],[]]", 3))
    assert.is_nil((json.skip("[]", -1)))
  end)

  it("needs memory only for strings with escapes, and keeps to the ceiling", function()
    assert.same({ "s:plain" }, (json.events('"plain"', nil, 0)))
    assert.same({ "s:\nfour" }, (json.events('"\\nfour"', nil, 5)))
    assert.same({ nil, "string too large", "too large" }, { json.events('"\\nfour"', nil, 4) })
    assert.same({ nil, "string too large", "too large" }, { json.events('"\\n"', nil, 0) })
    assert.same({ "{", "n:\n12", "s:\n34", "n:56\n", "s:\n", "}" },
      (json.events('{"\\n12":"\\n34","56\\n":"\\n"}', nil, 3)))
  end)

  it("reads long strings", function()
    local long = ("\195\169x\240\159\152\128"):rep(30000)
    assert.equal("s:" .. long, (json.events('"' .. long .. '"'))[1])
    assert.equal("s:" .. long .. "\n", (json.events('"' .. long .. '\\n"'))[1])
  end)
end)

-- Code points at both ends of every range that UTF-8, JSON and DynamoDB distinguish.
local points = {
  0x00, 0x08, 0x09, 0x0a, 0x0c, 0x0d, 0x1f, 0x20, 0x22, 0x2f, 0x5c, 0x7e, 0x7f, 0x80, 0x9f, 0xa0, 0x7ff,
  0x800, 0xfff, 0x1000, 0x2028, 0x2029, 0xcfff, 0xd7ff, 0xe000, 0xfdd0, 0xfeff, 0xfffd, 0xfffe, 0xffff,
  0x10000, 0x1f600, 0x3ffff, 0x40000, 0xfffff, 0x100000, 0x10fffe, 0x10ffff,
}

local function as_escape(point)
  if point < 0x10000 then return ("\\u%04X"):format(point) end
  local rest = point - 0x10000
  return ("\\u%04x\\u%04X"):format(0xd800 + (rest - rest % 1024) / 1024, 0xdc00 + rest % 1024)
end

describe("the JSON writer", function()
  local function written(text)
    local out, _, why = json.write(1e7, text)
    assert.is_nil(why)
    return out
  end

  it("escapes what has to be escaped and nothing else", function()
    assert.equal('""', written(""))
    assert.equal('"a/b\127"', written("a/b\127"))
    assert.equal('"\\"\\\\"', written('"\\'))
    assert.equal('"\195\169\226\128\168\240\159\152\128"', written("\195\169\226\128\168\240\159\152\128"))
    for byte = 0, 31 do
      assert.equal(('"x\\u%04xy"'):format(byte), written("x" .. string.char(byte) .. "y"))
    end
    for byte = 32, 127 do
      local c = string.char(byte)
      local plain = c ~= '"' and c ~= "\\"
      assert.equal('"' .. (plain and c or "\\" .. c) .. '"', written(c))
    end
  end)

  it("writes what reads back as itself: every class of code points, at every offset", function()
    for _, point in ipairs(points) do
      local character = generate.utf8(point)
      for before = 0, 9 do
        local text = ("x"):rep(before) .. character .. "yyyyyyyyy" .. character
        assert.same({ "s:" .. text }, (json.events(written(text))))
        assert.equal(text, cjson.decode("[" .. written(text) .. "]")[1])
      end
    end
  end)

  it("reads what is escaped as \\u: every code point of every class", function()
    for _, point in ipairs(points) do
      assert.same({ "s:x" .. generate.utf8(point) .. "y" }, (json.events('"x' .. as_escape(point) .. 'y"')))
    end
  end)

  it("refuses what is not UTF-8, as the reader does, and writes nothing of it", function()
    local why = "string is not UTF-8 (bytes need dynamodb.binary)"
    local count = 0
    for _, case in ipairs(vectors.refused) do
      local bytes = case[1]:match('^"([^\\]*)"?$')
      if bytes and case[2]:find("invalid UTF-8", 1, true) then
        count = count + 1
        assert.same({ '"before"', "no error", why }, { json.write(100, "before", bytes) })
        assert.same({ '"before""after"', "no error", why }, { json.write(100, "before", bytes, "after") })
        assert.same({ "", "no error", why }, { json.write(1000, ("x"):rep(99) .. bytes) })
      end
    end
    assert.is_true(count >= 30)
  end)

  it("judges every sequence of two bytes as the reader does", function()
    for first = 0x80, 0xff do
      for second = 0, 0xff do
        local text = string.char(first, second)
        local valid = first >= 0xc2 and first <= 0xdf and second >= 0x80 and second <= 0xbf
        local out, _, why = json.write(100, text)
        if (why == nil) ~= valid or (valid and out ~= '"' .. text .. '"') then error(shown(text)) end
        local read = second ~= 0x22 and second ~= 0x5c and json.events('"' .. text .. '"')
        if (read and true or false) ~= valid then error(shown(text)) end
      end
    end
  end)

  it("keeps to the buffer's ceiling, whatever does not fit", function()
    local text = 'a"\n\195\169' -- 12 bytes when written
    assert.equal(13, #written(text))
    assert.same({ written(text), "no error" }, { json.write(13, text) })
    for max = 0, 12 do
      local out, status, why = json.write(max, text)
      assert.same({ "too large" }, { status, why })
      assert.equal(written(text):sub(1, #out), out)
      assert.is_true(#out <= max)
    end
  end)

  it("adds nothing to a buffer that failed", function()
    local out, status, why = json.write(6, "abcd", "", "x")
    assert.same({ '"abcd"', "too large" }, { out, status, why })
    assert.same({ '"abcd"', "too large", "string is not UTF-8 (bytes need dynamodb.binary)" },
      { json.write(6, "abcd", "e", "\255") })
  end)
end)

describe("against lua-cjson", function()
  local blanks = { "", "", "", "", " ", "\n", "\t\r ", "  " }
  local numbers = {
    "0", "-0", "1.5", "-2e3", "1E-2", "12345678901234567890", "0.1", "1e22", "123456789.123456789",
  }

  local function escaped(character)
    local point = character:byte()
    if #character > 1 then point = point % 2 ^ (7 - #character) end
    for i = 2, #character do point = point * 64 + character:byte(i) % 64 end
    return as_escape(point)
  end

  local function spell(random, text)
    return '"' .. text:gsub("[^\128-\191][\128-\191]*", function(character)
      if random:once_in(5) then return escaped(character) end
      return json.write(10, character):sub(2, -2)
    end) .. '"'
  end

  local document

  local function members(random, depth, open, close)
    local parts = {}
    for i = 1, random:integer(0, 6) do
      local value = document(random, depth - 1)
      local name = open == "{" and spell(random, random:text(3) .. i) .. random:pick(blanks) .. ":"
      parts[i] = (name or "") .. value
    end
    return open .. random:pick(blanks) .. table.concat(parts, ",") .. close
  end

  function document(random, depth)
    local kind = random:integer(1, depth > 0 and 8 or 5)
    local text
    if kind == 1 then text = random:pick({ "true", "false", "null" })
    elseif kind == 2 then text = random:pick(numbers)
    elseif kind <= 5 then text = spell(random, random:text(random:integer(0, 12)))
    elseif kind == 6 then text = members(random, depth, "[", "]")
    else text = members(random, depth, "{", "}") end
    return random:pick(blanks) .. text .. random:pick(blanks)
  end

  -- Builds the value of the events in the form of cjson.
  local function build(events, at)
    local event = events[at]
    local kind, rest = event:sub(1, 2), event:sub(3)
    if kind == "s:" then return rest, at + 1 end
    if kind == "d:" then return tonumber(rest), at + 1 end
    if event == "true" or event == "false" then return event == "true", at + 1 end
    if event == "null" then return cjson.null, at + 1 end
    local made, n = {}, 0
    at = at + 1
    while events[at] ~= "]" and events[at] ~= "}" do
      local name = event == "{" and events[at]:sub(3)
      n = n + 1
      made[name or n], at = build(events, name and at + 1 or at)
    end
    return made, at + 1
  end

  local function compare(seed)
    local random = generate.new(seed)
    for i = 1, samples.count(1000) do
      local text = "[" .. document(random, 5) .. "]"
      local where = ("seed %d, document %d: %s"):format(seed, i, shown(text))
      local events, why = json.events(text)
      assert(events, where .. ": " .. tostring(why))
      assert.is_true(json.skip(text, 10), where)
      local value, last = build(events, 1)
      assert.equal(#events + 1, last, where)
      assert.same(cjson.decode(text), value, where)
      local again = cjson.encode(value)
      assert.same(cjson.decode(again), (build(json.events(again), 1)), where)
    end
  end

  it("reads a thousand documents as cjson does", function() compare(2012) end)
  it("reads a thousand more, different ones each time", function() compare(generate.any_seed()) end)
end)
