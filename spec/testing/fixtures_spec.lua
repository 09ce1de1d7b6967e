-- Items from Lua tables, JSON and DynamoDB JSON.

local dynamodb = require("dynamodb")
local fixtures = require("dynamodb.testing.fixtures")
local files = dofile("spec/support/files.lua")

local SCHEMA = { hash_key_name = "id" }

local function read(given) return fixtures.read(given, SCHEMA) end

describe("fixtures", function()
  local two = { { id = "a", n = 1 }, { id = "b", n = 2 } }

  for name, text in pairs({
    ["JSON lines"] = '{"id":"a","n":1}\n\n{"id":"b","n":2}\n',
    ["a JSON list"] = '[{"id":"a","n":1},\n{"id":"b","n":2}]',
    ["DynamoDB JSON lines"] = '{"id":{"S":"a"},"n":{"N":"1"}}\r\n{"id":{"S":"b"},"n":{"N":"2"}}',
    ["both kinds of lines"] = '{"id":{"S":"a"},"n":{"N":"1"}}\n{"id":"b","n":2}',
    ["the output of a scan"] = '{"Items":[{"id":{"S":"a"},"n":{"N":"1"}},{"id":{"S":"b"},"n":{"N":"2"}}],"Count":2}',
    ["an export"] = '{"Item":{"id":{"S":"a"},"n":{"N":"1"}}}\n{"Item":{"id":{"S":"b"},"n":{"N":"2"}}}',
  }) do
    it("are read from " .. name, function()
      assert.same(two, read(text))
      local path = os.tmpname()
      files.write(path, text)
      assert.same(two, read(path))
      os.remove(path)
    end)
  end

  it("are Lua tables", function()
    assert.same(two, read(two))
    assert.same({}, read({}))
  end)

  it("keep the types of DynamoDB JSON", function()
    local item = read('{"id":{"S":"a"},"s":{"SS":["x"]},"b":{"B":"AP8="},"m":{"M":{"S":{"S":"y"}}}}')[1]
    assert.is_true(item.s:has("x"))
    assert.equal(dynamodb.binary("\0\255"), item.b)
    assert.equal("y", item.m.S)
  end)

  it("are plain when a map only looks like DynamoDB JSON", function()
    assert.equal("x", read('{"id":"a","m":{"S":"x"}}')[1].m.S)
  end)

  for name, case in pairs({
    ["a path of nothing"] = { "/nowhere\n/items", "testing.load: '/nowhere /items' is neither JSON nor a file that can be read" },
    ["broken lines"] = { '{"id":"a"}\n{"id":', "testing.load: line 2: " },
    ["lines that are no items"] = { '{"id":"a"}\n5', "testing.load: line 2: items expected" },
    ["a list in a list"] = { "[[1]]", "testing.load: item 1: item expected, got " },
    ["an item without key"] = { '[{"id":"a"},{"n":1}]', "testing.load: item 2: key attribute 'id' is missing" },
    ["wrong DynamoDB JSON"] = { '{"id":{"X":"a"}}', "testing.load: item 1: " },
    ["a number"] = { 5, "testing.load: list of items, JSON or the path of a file expected, got number" },
    ["one item"] = { { id = "a" }, "testing.load: list of items, JSON or the path of a file expected, got a table without" },
    ["a list of texts"] = { { "a" }, "testing.load: item 1: table of attributes expected, got string" },
  }) do
    it("raise for " .. name, function()
      assert.error_matches(function() read(case[1]) end, case[2], 1, true)
    end)
  end
end)
