-- Key schemas: creation from names, samples and descriptions, and validation of keys.
local dynamodb = require("dynamodb")
local schema = require("dynamodb.table.schema")

local bytes, number = dynamodb.binary("\0"), dynamodb.number("1.5")

local function create(hash_name, hash_type, range_name, range_type)
  return schema.create({ hash_key_name = hash_name, hash_key_proto_value = hash_type,
    range_key_name = range_name,
    range_key_proto_value = range_type }, "create_schema")
end

-- Calls a function that raises a string -> the message without its position.
local function refusal(f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  assert.matches("^[^:]*schema_spec.lua:%d+: ", message)
  return (message:gsub("^%S+:%d+: ", ""))
end

local simple, both = create("id", "S"), create("id", "S", "at", "N")

describe("schema.create", function()
  local types = {
    { "S", "S" }, { "N", "N" }, { "B", "B" }, -- by name
    { "", "S" }, { "some text", "S" }, { 0, "N" }, { 1.5, "N" }, { number, "N" }, { bytes, "B" }, -- by sample
  }
  for _, case in ipairs(types) do
    it(("takes %s as a key of type %s"):format(tostring(case[1]), case[2]), function()
      assert.equal(case[2], create("id", case[1]).hash_key_type)
      assert.equal(case[2], create("id", "S", "at", case[1]).range_key_type)
    end)
  end

  it("keeps the names", function()
    assert.same({ "id", nil }, { simple.hash_key_name, simple.range_key_name })
    assert.same({ "id", "at" }, { both.hash_key_name, both.range_key_name })
    assert.is_nil(simple.range_key_type)
  end)

  local TOGETHER = "create_schema: options '%s_name' and '%s_proto_value' expected together"
  local hash_together, range_together = TOGETHER:gsub("%%s", "hash_key"), TOGETHER:gsub("%%s", "range_key")
  local SAMPLE = '"S", "N", "B" or a sample value expected, got '
  local refusals = {
    { {}, hash_together },
    { { "id" }, hash_together },
    { { nil, "S" }, hash_together },
    { { nil, nil, "at", "N" }, hash_together },
    { { "id", "S", "at" }, range_together },
    { { "id", "S", nil, "N" }, range_together },
    { { "", "S" }, "create_schema: option 'hash_key_name': non-empty string expected, got ''" },
    { { 5, "S" }, "create_schema: option 'hash_key_name': non-empty string expected, got 5" },
    { { "id", true },
      "create_schema: option 'hash_key_proto_value': " .. SAMPLE .. "boolean" },
    { { "id", "S", "at", {} },
      "create_schema: option 'range_key_proto_value': " .. SAMPLE .. "table" },
    { { "id", dynamodb.set({ 1 }) },
      "create_schema: option 'hash_key_proto_value': \"S\", \"N\", \"B\" or a sample "
      .. "value expected, got dynamodb.set" },
    { { "id", "S", "id", "N" }, "create_schema: hash key and range key are both named 'id'" },
  }
  for i, case in ipairs(refusals) do
    it(("refuses %d: %s"):format(i, case[2]), function()
      local given = case[1]
      assert.equal(case[2], refusal(create, given[1], given[2], given[3], given[4]))
    end)
  end
end)

describe("a schema", function()
  it("prints its names", function()
    assert.equal("Schema(id)", tostring(simple))
    assert.equal("Schema(id:at)", tostring(both))
  end)

  it("equals another schema of the same key", function()
    assert.is_true(simple == create("id", "S"))
    assert.is_true(both == create("id", "S", "at", "N"))
    for _, other in ipairs({ create("id", "N"), create("ID", "S"), both, create("id", "S", "at", "S") }) do
      assert.is_false(simple == other)
    end
    assert.is_false(both == create("id", "S", "at", "S"))
    assert.is_false(both == create("id", "S", "on", "N"))
  end)

  it("is recognized by schema.is, which returns false for other values", function()
    assert.is_true(schema.is(simple))
    for _, value in ipairs({ {}, "Schema(id)", 1, io.stdout, { hash_key_name = "id",
      hash_key_type = "S" } }) do
      assert.is_false(schema.is(value))
    end
    assert.is_false(schema.is(nil))
  end)

  for _, made in ipairs({ simple, both, create("b", "B", "n", "N") }) do
    it("becomes a request and is read from a description: " .. tostring(made), function()
      local keys, attributes = schema.to_request(made), {}
      assert.equal(made.range_key_name and 2 or 1, #keys)
      for i, part in ipairs({ "hash_key", "range_key" }) do
        local name = made[part .. "_name"]
        attributes[i] = name and { AttributeName = name, AttributeType = made[part .. "_type"] }
      end
      assert.same({ AttributeName = made.hash_key_name, KeyType = "HASH" }, keys[1])
      assert.is_true(made == schema.from_description({ KeySchema = keys, AttributeDefinitions = attributes }))
    end)
  end

  it("is read from a description in any order, with the attributes of indexes", function()
    local read = schema.from_description({
      KeySchema = { { AttributeName = "at", KeyType = "RANGE" }, { AttributeName = "id", KeyType = "HASH" } },
      AttributeDefinitions = {
        { AttributeName = "other", AttributeType = "B" },
        { AttributeName = "at", AttributeType = "N" },
        { AttributeName = "id", AttributeType = "S" },
      },
    })
    assert.is_true(both == read)
  end)
end)

describe("schema.key", function()
  local by_type = { S = "a", N = 7, B = bytes }
  for kind, value in pairs(by_type) do
    it("takes a value of type " .. kind, function()
      assert.same({ id = value }, schema.key(create("id", kind), "get", value))
      assert.same({ id = "x", at = value }, schema.key(create("id", "S", "at", kind), "get", "x", value))
    end)

    for other, wrong in pairs(by_type) do
      if other ~= kind then
        it(("refuses a value of type %s for %s"):format(other, kind), function()
          assert.matches("^get: key attribute 'id': %S+ expected, got %S+$",
            refusal(schema.key, create("id", kind), "get", wrong))
        end)
      end
    end
  end

  it("accepts exact numbers and zero", function()
    local numbers = create("id", "N")
    assert.same({ id = number }, schema.key(numbers, "get", number))
    assert.same({ id = 0 }, schema.key(numbers, "get", 0))
  end)

  local refusals = {
    { simple, {}, "get: key attribute 'id' is missing" },
    { simple, { "" }, "get: key attribute 'id' is empty" },
    { create("id", "B"), { dynamodb.binary("") }, "get: key attribute 'id' is empty" },
    { simple, { true }, "get: key attribute 'id': string expected, got boolean" },
    { simple, { 5 }, "get: key attribute 'id': string expected, got number" },
    { create("id", "N"), { "5" }, "get: key attribute 'id': number expected, got string" },
    { create("id", "B"), { "5" }, "get: key attribute 'id': dynamodb.binary expected, got string" },
    { simple, { "a", "b" }, "get: table has no range key, got string" },
    { simple, { "a", false }, "get: table has no range key, got boolean" },
    { both, { "a" }, "get: key attribute 'at' is missing" },
    { both, { nil, 1 }, "get: key attribute 'id' is missing" },
    { both, { "a", "1" }, "get: key attribute 'at': number expected, got string" },
  }
  for i, case in ipairs(refusals) do
    it(("refuses %d: %s"):format(i, case[3]), function()
      assert.equal(case[3], refusal(schema.key, case[1], "get", case[2][1], case[2][2]))
    end)
  end

  it("is found within attributes", function()
    local attributes = { id = "a", at = 1, more = true }
    assert.same({ id = "a" }, schema.key_of(simple, "put", attributes))
    assert.same({ id = "a", at = 1 }, schema.key_of(both, "put", attributes))
    assert.equal("put: key attribute 'at' is missing", refusal(schema.key_of, both, "put", { id = "a" }))
  end)

  it("has no other names", function()
    assert.same({ id = "a", at = 1 }, schema.key_from_options(both, "get", { key = { id = "a", at = 1 } }))
    assert.equal("get: option 'key': 'more' is not a key attribute of the table",
      refusal(schema.key_from_options, both, "get", { key = { id = "a", more = 1 } }))
    assert.equal("get: option 'key': '1' is not a key attribute of the table",
      refusal(schema.key_from_options, simple, "get", { key = { "a" } }))
  end)

  it("is given in one form only", function()
    assert.equal("get: option 'key' excludes 'hash_key' and 'range_key'",
      refusal(schema.key_from_options, both, "get", { key = { id = "a", at = 1 }, hash_key = "a" }))
  end)
end)
