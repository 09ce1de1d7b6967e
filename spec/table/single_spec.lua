-- The methods of a table that make and write single items.
local dynamodb = require("dynamodb")
local fixture = dofile("spec/support/table_fixture.lua")
local helper = dofile("spec/support/helper.lua")

describe("table", function()
  local conn, _, plain, ranged -- keys: id; id and at

  setup(function()
    conn, _, plain, ranged = fixture.open(helper.HASH, helper.HASH_RANGE)
  end)
  teardown(function() fixture.close(conn, plain, ranged) end)

  describe("put_item", function()
    it("stores a table, replacing the stored item", function()
      assert.is_true(plain:put_item({ id = "put", a = 1, b = 2 }))
      assert.is_true(plain:put_item({ id = "put", b = 3 }))
      assert.are.same({ id = "put", b = 3 }, assert(plain:get_item("put")):totable())
    end)

    it("stores an item", function()
      assert.is_true(plain:put_item(plain:new_item("put item", nil, { n = 5 })))
      assert.are.equal(5, assert(plain:get_item("put item")).n)
    end)

    for _, case in ipairs({ { "N", 1.5, 2 }, { "B", dynamodb.binary("\0\255"), dynamodb.binary("\0") } }) do
      it("takes keys of type " .. case[1], function()
        local tbl = helper.create_table(conn, { hash_key_name = "id", hash_key_proto_value = case[1] })
        assert(tbl:put_item({ id = case[2], text = "found" }))
        assert.are.equal("found", assert(tbl:get_item(case[2])).text)
        assert.is_nil(tbl:get_item(case[3]))
        assert(tbl:delete())
      end)
    end

    it("returns nil and the error for a failure", function()
      local result, err = conn:table(helper.table_name("missing"), { hash_key = "id" }):put_item({ id = "a" })
      assert.is_nil(result)
      assert.are.equal("ResourceNotFoundException", err.code)
    end)
  end)

  describe("delete_item", function()
    local forms = {
      { "by position", "at", 1 },
      { "by options", { hash_key = "at", range_key = 1 } },
      { "by key", { key = { id = "at", at = 1 } } },
    }
    for _, form in ipairs(forms) do
      it("deletes one " .. form[1], function()
        assert(ranged:put_item({ id = "at", at = 1 }))
        assert(ranged:put_item({ id = "at", at = 2 }))
        assert.is_true(ranged:delete_item(form[2], form[3]))
        assert.is_false(ranged:has_item("at", 1))
        assert.is_true(ranged:has_item("at", 2))
      end)
    end

    it("succeeds for a missing item, and fails for a missing table", function()
      assert.is_true(plain:delete_item("missing"))
      local result, err = conn:table(helper.table_name("missing"), { hash_key = "id" }):delete_item("a")
      assert.is_nil(result)
      assert.are.equal("ResourceNotFoundException", err.code)
    end)
  end)

  describe("new_item", function()
    it("takes options or values in order", function()
      local item = ranged:new_item({ hash_key = "a", range_key = 1, attrs = { text = "b" } })
      assert.are.same({ id = "a", at = 1, text = "b" }, item:totable())
      assert.are.equal(item, ranged:new_item("a", 1, { text = "b" }))
      assert.are.equal(item, ranged:new_item({ attrs = { id = "a", at = 1, text = "b" } }))
      assert.are.equal(item, ranged:new_item({ attrs = item }))
    end)

    it("prefers explicit keys, and does not change the caller's table", function()
      local attrs = { id = "a", at = 1 }
      local item = ranged:new_item({ hash_key = "b", attrs = attrs })
      assert.are.same({ id = "b", at = 1 }, item:totable())
      item.more = true
      assert.are.same({ id = "a", at = 1 }, attrs)
    end)

    it("stores nothing", function()
      local fake = helper.fake()
      local tbl = helper.offline(fake):table("t", { hash_key = "id" })
      local item = tbl:new_item("a")
      assert.are.equal('Item(t) { id = "a" }', tostring(item))
      assert.are.equal(0, fake.opened)
    end)
  end)
end)
