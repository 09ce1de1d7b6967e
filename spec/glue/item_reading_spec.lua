-- Items from the service decode an attribute when it is read. The check of the text accepts what the decoder accepts, and
-- nothing else.
local core = require("dynamodb.core")
local helper = dofile("spec/support/helper.lua")
local random_attributes = dofile("spec/support/random_attributes.lua")
local random_source = dofile("spec/support/random_source.lua")
local samples = dofile("spec/support/samples.lua")

local conn = helper.offline(helper.fake(helper.response(200, "{}")))
local owner = conn:table("t", { hash_key = "id" })

-- Returns an item as it comes from the service | nil, why.
local function read(text)
  return core.decode(text, "row", owner)
end

-- Returns the attributes of an item by reading each name of the expected table.
local function by_name(item, expected)
  local found = {}
  for name in next, expected do
    if name == "" then found[name] = item[name] else found[name] = item:get(name) end
  end
  return found
end

local ITEM = '{"id":{"S":"a"},"n":{"N":"12"},"big":{"N":"12345678901234567890.5"},"yes":{"BOOL":true},"no":{"BOOL":false},'
  .. '"null":{"NULL":true},"l":{"L":[{"M":{"x":{"N":"1"}}},{"L":[]}]},"m":{"M":{}},"ss":{"SS":["x","y"]},"b":{"B":"AAEC"},'
  .. '"escaped":{"S":"a\\u00e9\\n"},"put":{"S":"a method"},"empty":{"S":""}}'

describe("an item from the service", function()
  it("is read by core.attribute as tables are, which refuses other values", function()
    local item = assert(read(ITEM))
    for name, value in next, assert(core.decode(ITEM, "item")) do
      assert.is_true(core.equal(value, core.attribute(item, name)), name)
    end
    assert.equal(1, core.attribute({ a = 1 }, "a"))
    assert.has_error(function() core.attribute("a", "b") end)
  end)

  it("has the attributes that the decoder finds, in any order of reading", function()
    local expected = assert(core.decode(ITEM, "item"))
    local names = {}
    for name in next, expected do names[#names + 1] = name end
    table.sort(names)
    for first = 1, #names do
      local item = assert(read(ITEM))
      for i = 0, #names - 1 do
        local name = names[(first + i - 1) % #names + 1]
        assert.is_true(core.equal(expected[name], item:get(name)), name)
      end
      assert.is_true(core.equal(expected, item:totable()))
    end
  end)

  it("gives the same table each time", function()
    local item = assert(read(ITEM))
    local list, set = item.l, item.ss
    assert.equal(list, item.l)
    assert.equal(list[1], item.l[1])
    assert.equal(set, item:get("ss"))
    item.l[1].x = 2
    assert.equal(2, item:totable().l[1].x)
    assert.same({ l = { { x = 2 }, {} } }, item:changes().set)
  end)

  it("keeps values that were set or removed before they were read", function()
    local item = assert(read(ITEM))
    item.n, item.l, item.new = 13, nil, "x"
    item:set("put", nil)
    assert.same({ 13, "x" }, { item.n, item.new })
    assert.is_nil(item.l)
    assert.is_nil(item:get("put"))
    assert.same({ set = { n = 13, new = "x" }, remove = { "l", "put" } }, item:changes())
    assert.equal(12, #item)
    item.n = nil
    assert.is_nil(item.n)
    assert.is_nil(item:totable().n)
  end)

  it("answers nil for names that it does not have", function()
    local item = assert(read(ITEM))
    for _, name in ipairs({ "x", "nn", "i", "idd", "L", "\0" }) do assert.is_nil(item:get(name)) end
    assert.is_nil(item[true])
  end)

  it("is complete for everything that needs all attributes", function()
    local expected = assert(core.decode(ITEM, "item"))
    local count = 0
    for _ in next, expected do count = count + 1 end
    assert.equal(count, #assert(read(ITEM)))
    assert.is_true(read(ITEM) == read(ITEM))
    local seen = {}
    for name, value in assert(read(ITEM)):pairs() do seen[name] = value end
    assert.is_true(core.equal(expected, seen))
    local item, text = assert(read(ITEM)), assert(core.encode(read(ITEM), "item"))
    assert.is_true(core.equal(expected, (core.decode(text, "item"))))
    assert.is_nil(item:changes())
    assert.equal(ITEM, core.item_source(item))
    assert.equal(core.item_parts(item), owner)
  end)

  it("keeps its source whatever is written", function()
    local item = assert(read(ITEM))
    core.item_load(item, '{"id":{"S":"a"}}')
    assert.equal(ITEM, core.item_source(item))
    assert.equal('{"id":{"S":"a"}}', select(3, core.item_parts(item)))
    core.item_load(item, nil)
    assert.is_nil((select(3, core.item_parts(item))))
    assert.equal(12, item.n)
    assert.is_nil(core.item_source(owner:new_item("a")))
  end)

  it("is decoded at once where the check would be too long or too hard", function()
    local many, nested = {}, {}
    for i = 1, 65 do many[i] = ('"n%d":{"N":"%d"}'):format(i, i) end
    for i = 1, 200 do nested[i] = ('"n%d":{"N":"%d"}'):format(i, i) end
    for _, text in ipairs({
      "{" .. table.concat(many, ",") .. "}",
      '{"m":{"M":{' .. table.concat(nested, ",") .. "}}}",
      '{"\\u0061":{"S":"x"}}', '{"m":{"M":{"\\u0061":{"S":"x"}}}}', '{ "a" : { "S" : "x" } , "b":{"N":"1"} }',
      '{"a":{"S":null,"N":"1"}}', '{"a":{"__type":"x","S":"y"}}', '{"a":{"S":"y","__type":"x"}}', "{}",
      '{"a":{"S":"x" }}', '{"a":{"N":"1e2"}}', '{"a":{"N":"-0"}}', '{"a":{"N":"007"}}', '{"":{"S":"x"}}',
      '{"a":{"B":"AA\\u003d="}}', '{"' .. ("n"):rep(65536) .. '":{"S":"x"}}',
    }) do
      local expected = assert(core.decode(text, "item"))
      local item = assert(read(text))
      assert.is_true(core.equal(expected, by_name(item, expected)), text:sub(1, 60))
      assert.is_true(core.equal(expected, item:totable()), text:sub(1, 60))
    end
  end)

  it("fails as the decoder does", function()
    local deep = ('{"L":['):rep(70) .. ("]}"):rep(70)
    for _, text in ipairs({
      '{"a":{"S":"x"},"a":{"S":"y"}}', '{"a":{"M":{"x":{"N":"1"},"x":{"N":"2"}}}}', '{"a":{"N":"x"}}', '{"a":{"N":""}}',
      '{"a":{"N":"-"}}', '{"a":{"N":"1e999"}}', '{"a":{"N":1}}', '{"a":{"S":"\255"}}', '{"a":{"S":"x","N":"1"}}',
      '{"a":{"SS":[]}}', '{"a":{"NS":["x"]}}', '{"a":{"B":"%"}}', '{"a":{"BOOL":1}}', '{"a":{"NULL":false}}',
      '{"a":{"X":"x"}}', '{"a":{}}', '{"a":1}', '{"a":{"L":[1]}}', '{"a":{"L":[{"S":"x"},]}}', '{"a":{"M":[]}}',
      '{"a":{"S":"x"}', '{"a":{"S":"x"', '{"a"', "{", '{"a":{"S":"x"}}x', '{"a":{"S":"x"},}', '{"a":' .. deep .. "}",
      '{"a":{"S":"' .. ("x"):rep(5), '{"a":{"BOOL":tru}}',
    }) do
      local _, expected = core.decode(text, "item")
      local item, why = read(text)
      assert.is_nil(item)
      assert.equal(expected, why)
    end
  end)

  it("is what the decoder makes of any text", function()
    local seed = random_source.any_seed()
    local random = random_source.new(seed)
    for _ = 1, samples.count(1500) do
      local text = assert(core.encode(random_attributes.map(random, 3), "item"))
      for _ = 1, random:integer(0, 3) do
        local at = random:integer(1, math.max(1, #text))
        local byte = random:pick({ '"', "{", "}", "[", "]", ",", ":", "N", "S", "\\", "1", "", text:sub(at, at):rep(2) })
        text = text:sub(1, at - 1) .. byte .. text:sub(at + 1)
      end
      local expected, refusal = core.decode(text, "item")
      local item, why = read(text)
      local where = ("seed %d: %s"):format(seed, text)
      if expected then
        assert.is_true(core.equal(expected, by_name(assert(item, where), expected)), where)
        assert.is_true(core.equal(expected, item:totable()), where)
      else
        assert.is_nil(item, where)
        assert.equal(refusal, why, where)
      end
    end
  end)
end)
