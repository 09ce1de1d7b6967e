-- Which Lua tables are objects of the library, and how values are named in messages.
local dynamodb = require("dynamodb")
local objects = require("dynamodb.base.objects")

describe("objects", function()
  local conn = dynamodb.connect({ endpoint_url = "http://localhost:1" })
  local tbl = conn:table("t", { hash_key = "id" })

  it("are told from plain tables by their class", function()
    for class, value in pairs({
      action = dynamodb.increment(), attr = dynamodb.attr("a"), condition = dynamodb.eq(1),
      schema = conn:create_schema("id", "S"), update = dynamodb.update(),
      batch_writer = tbl:batch_writer(), batch_list = conn:new_batch_list(),
      batch_write_list = conn:new_batch_write_list(),
    }) do
      assert.equal("dynamodb." .. class, objects.class(value))
      assert.is_false(objects.is_plain(value))
    end
  end)

  it("are not what is a table otherwise", function()
    local classes = { __name = "my.class" }
    for _, value in ipairs({ {}, { 1 }, dynamodb.list(), dynamodb.map({}), setmetatable({}, classes) }) do
      assert.is_nil(objects.class(value))
      assert.is_true(objects.is_plain(value))
    end
    for _, value in ipairs({ 1, "a", true, tbl, tbl:scan(), dynamodb.set({ 1 }) }) do
      assert.is_nil(objects.class(value))
      assert.is_false(objects.is_plain(value))
    end
    assert.is_false(objects.is_plain(nil))
  end)

  it("are named in messages", function()
    assert.equal('attr"a.b"', objects.describe(dynamodb.attr("a.b")))
    assert.equal('attr"a":size()', objects.describe(dynamodb.attr("a"):size()))
    assert.equal("attr{...}", objects.describe(dynamodb.attr({ "a", 1 })))
    assert.equal("dynamodb.condition", objects.describe(dynamodb.eq(1)))
    assert.equal("dynamodb.set", objects.describe(dynamodb.set({ 1 })))
    assert.equal("table", objects.describe(dynamodb.list()))
    assert.equal("nil", objects.describe(nil))
  end)
end)
