-- Target values: DynamoDB JSON and plain JSON. What is decoded is encoded and decoded again as the same value, and it is
-- shown, measured, compared and copied. Items that decode an attribute when it is read have what the decoder finds.

local core = require("dynamodb.core")
local inspect = require("dynamodb.values.inspect")
local item_size = require("dynamodb.values.item_size")
local json = require("dynamodb.values.json")

-- The service stores neither so many levels as are accepted from it, nor attributes without a name.
local function is_limit(why)
  return why:find("nested deeper than", 1, true) ~= nil or why:find("name is empty", 1, true) ~= nil
end

local function check_shape(text, shape)
  local value, why = core.decode(text, shape)
  if why then
    assert(value == nil and type(why) == "string", "a value and a reason")
    return nil
  end
  local written, refusal = core.encode(value, shape)
  if not written then
    assert(is_limit(refusal), refusal)
    return value
  end
  local again, bad = core.decode(written, shape)
  assert(not bad, bad)
  assert(core.equal(value, again) and core.equal(again, value), "another value comes back")
  assert(core.attribute_type(value) == core.attribute_type(again), "another type comes back")
  return value, written
end

local function check_uses(value)
  assert(type(inspect.inspect(value)) == "string", "a value is shown")
  local ok, text = pcall(json.encode, value)
  if not ok then
    assert(is_limit(text), text)
    return
  end
  local plain, err = json.decode(text)
  assert(not err, err)
  assert(json.encode(plain) == text, "plain JSON differs after a decoding")
end

-- Plain JSON is written with sorted names, so that the same value has the same text.
local function check_json(text)
  local _, written = check_shape(text, "json")
  if written then assert(core.encode(core.decode(written, "json"), "json") == written, "plain JSON differs") end
end

-- Items need a table. Nothing is sent, so the transport's functions are never called.
local transport = {}
for _, name in ipairs({ "close", "connect", "idle", "now", "receive", "send", "sleep", "time" }) do transport[name] = error end
local owner = require("dynamodb").connect({ region = "us-east-1", transport = transport }):table("t", { hash_key = "id" })

-- Compares an item that is decoded when it is read with the attributes, or with the reason why there are none.
local function check_item(text, attributes, why)
  local item, refusal = core.decode(text, "row", owner)
  assert(refusal == why, "an item fails in another way than its attributes")
  for name, value in next, attributes or {} do
    assert(core.equal(core.attribute(item, name), value), "an attribute has another value when it is read alone")
  end
  if item then assert(core.equal(select(2, core.item_parts(item)), attributes), "the item has other attributes") end
end

local function run(text)
  check_item(text, core.decode(text, "item"))
  local value = check_shape(text, "value")
  if value ~= nil then check_uses(value) end
  local item = check_shape(text, "item")
  if item then
    check_uses(item)
    local ok, size = pcall(item_size, item)
    assert(ok and size >= 0 or is_limit(tostring(size)), size)
  end
  check_json(text)
  for _, decode in ipairs({ json.decode, json.typed_decode }) do
    local found, err = decode(text)
    assert(found ~= nil and err == nil or err.kind == "response", "neither a value nor an error")
  end
end

return { run = run }
