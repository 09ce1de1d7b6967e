-- Items: they behave like tables, and put, update and delete themselves.
local dynamodb = require("dynamodb")
local fixture = dofile("spec/support/table_fixture.lua")
local helper = dofile("spec/support/helper.lua")

local modern = _VERSION ~= "Lua 5.1" -- supports __pairs and __len of tables
local ODD_NAMES = { "put", "delete", "get", "set", "pairs", "save", "key", "S", "N", "__type", "__index",
  "a.b[0]",
  " ", "#", ":x", "\195\164", "size", "1" }

describe("item", function()
  local conn, sent, tbl, ranged

  setup(function() conn, sent, tbl, ranged = fixture.open(helper.HASH, helper.HASH_RANGE) end)
  teardown(function() fixture.close(conn, tbl, ranged) end)

  -- Stores an item with these attributes and reads it again.
  local function stored(id, attributes)
    assert(tbl:new_item(id, nil, attributes):put())
    return assert(tbl:get_item(id))
  end

  describe("as a table", function()
    local item
    before_each(function() item = tbl:new_item("table", nil, { text = "a", n = 1, yes = true }) end)

    it("reads, writes and removes attributes", function()
      assert.are.equal("a", item.text)
      assert.is_nil(item.new)
      item.new, item.text, item.yes = { 1, 2 }, "b", nil
      assert.are.same({ id = "table", new = { 1, 2 }, text = "b", n = 1 }, item:totable())
      item.never_there = nil
      assert.are.equal(4, #item)
      local ok, why = pcall(function() return item[1] end)
      assert.is_false(ok)
      assert.matches("an item has no positions; for name, value in item:pairs()", why, 1, true)
    end)

    it("reads methods before attributes of the same name, and rejects their assignment", function()
      for _, name in ipairs({ "put", "save", "delete", "get", "set", "pairs", "totable", "reload", "changes",
        "key" }) do
        item:set(name, "data")
        assert.is_function(item[name])
        assert.are.equal("data", item:get(name))
        local ok, err = pcall(function() item[name] = "more" end)
        assert.is_false(ok)
        assert.is_truthy(err:find(('item:set("%s", value)'):format(name), 1, true), err)
        assert.are.equal("data", item:get(name))
      end
    end)

    it("holds attributes of any name", function()
      for i, name in ipairs(ODD_NAMES) do assert.are.equal(item, item:set(name, i)) end
      assert(item:put())
      local got = assert(tbl:get_item("table"))
      for i, name in ipairs(ODD_NAMES) do assert.are.equal(i, got:get(name)) end
      assert.are.equal(4 + #ODD_NAMES, #got)
      for i, name in ipairs(ODD_NAMES) do got:set(name, i % 2 == 0 and -i or nil) end
      assert(got:save())
      got = assert(tbl:get_item("table"))
      for i, name in ipairs(ODD_NAMES) do assert.are.equal(i % 2 == 0 and -i or nil, got:get(name)) end
    end)

    it("iterates over its attributes", function()
      local seen = {}
      for name, value in item:pairs() do seen[name] = value end
      assert.are.same({ id = "table", text = "a", n = 1, yes = true }, seen)
      if modern then
        local again = {}
        for name, value in pairs(item) do again[name] = value end
        assert.are.same(seen, again)
      end
    end)

    it("may be changed while iterating", function()
      for name in item:pairs() do item[name] = nil end
      assert.are.equal(0, #item)
    end)

    it("is equal by content, within its table", function()
      local twin = tbl:new_item("table", nil, { text = "a", n = 1, yes = true })
      assert.is_true(item == twin)
      twin.n = dynamodb.number("1.0")
      assert.is_true(item == twin)
      twin.n = 2
      assert.is_false(item == twin)
      twin.n, twin.more = 1, false
      assert.is_false(item == twin)
      local other = conn:table("other", tbl.schema):new_item("table", nil, { text = "a", n = 1, yes = true })
      assert.is_false(item == other)
      assert.is_false(item == tbl)
    end)

    it("shows its table and attributes", function()
      assert.are.equal("Item(" .. tbl.name .. ') { id = "table", n = 1, text = "a", yes = true }', tostring(item))
      for i = 1, 500 do item["a" .. i] = ("x"):rep(1000) end
      assert.is_true(#tostring(item) < 1300)
      assert.is_false(pcall(getmetatable(item).__tostring, {}))
    end)

    it("is copied deeply by totable", function()
      item.map, item.list = { deep = { er = "x" } }, { { 1 } }
      local copy = item:totable()
      copy.map.deep.er, copy.list[1][1], copy.text = "y", 2, "z"
      assert.are.equal("x", item.map.deep.er)
      assert.are.equal(1, item.list[1][1])
      assert.are.equal("a", item.text)
    end)

    it("is copied by totable without the library's types on request", function()
      item.bytes = dynamodb.binary("\0x")
      assert.are.same({ id = "table", text = "a", n = 1, yes = true, bytes = "\0x" }, item:totable({ plain = true }))
      fixture.raises_in("item_spec.lua")("totable: unknown option 'flat'", item.totable, item, { flat = true })
    end)

    it("is copied by totable with its sets", function()
      item.tags = dynamodb.set({ "a" })
      item:totable().tags:add("b")
      assert.are.equal(1, #item.tags)
    end)

    it("distinguishes empty lists and maps in the copy", function()
      local got = stored("marked", { list = dynamodb.list(), map = dynamodb.map() })
      assert(tbl:put_item(got:totable()))
      assert.are.equal(got, assert(tbl:get_item("marked")))
    end)
  end)

  it("returns its key", function()
    assert.are.same({ id = "k" }, tbl:new_item("k", nil, { a = 1 }):key())
    assert.are.same({ id = "k", at = 2 }, ranged:new_item("k", 2, { a = 1 }):key())
  end)

  describe("changes", function()
    local ATTRIBUTES = {
      text = "a", n = 1, big = dynamodb.number("12345678901234567890123456789012345678"),
      yes = true, nothing = dynamodb.null, bytes = dynamodb.binary("\0\1"), list = { 1, { 2, "x" } },
      map = { a = { b = { c = 1 } }, list = { 1 } }, empty_list = dynamodb.list(), empty_map = dynamodb.map(),
      strings = dynamodb.set({ "a", "b" }), numbers = dynamodb.set({ 1, 2.5 }),
    }

    local clean = {
      { "nothing", function() end },
      { "the same text", function(item) item.text = "a" end },
      { "an equal number", function(item) item.n = dynamodb.number("1.00") end },
      { "an equal decimal", function(item)
        item.big = dynamodb.number("1.2345678901234567890123456789012345678e37")
      end },
      { "equal bytes", function(item) item.bytes = dynamodb.binary("\0\1") end },
      { "an equal list", function(item) item.list = { 1, { 2, "x" } } end },
      { "an equal map", function(item) item.map = { a = { b = { c = 1 } }, list = { 1 } } end },
      { "an equal set", function(item) item.strings = dynamodb.set({ "b", "a" }) end },
      { "a set changed and changed back", function(item) item.strings:add("c"):remove("c") end },
      { "a list grown and cut", function(item)
        item.list[3] = 1
        item.list[3] = nil
      end },
      { "what was never there, removed", function(item) item.never = nil end },
      { "an attribute added and removed", function(item)
        item.new = 1
        item.new = nil
      end },
    }
    for _, case in ipairs(clean) do
      it("finds none: " .. case[1], function()
        local item = stored("clean", ATTRIBUTES)
        case[2](item)
        assert.is_nil(item:changes())
        assert.are.equal(0, sent.count(function() assert.are.equal(item, item:save()) end))
      end)
    end

    local dirty = {
      { "text", "text", function(item) item.text = "b" end },
      { "a number", "n", function(item) item.n = 1.5 end },
      { "the last digit of a decimal", "big", function(item)
        item.big = dynamodb.number("12345678901234567890123456789012345679")
      end },
      { "a boolean", "yes", function(item) item.yes = false end },
      { "null to false", "nothing", function(item) item.nothing = false end },
      { "a number to its text", "n", function(item) item.n = "1" end },
      { "bytes to text", "bytes", function(item) item.bytes = "\0\1" end },
      { "a new attribute", "new", function(item) item.new = "x" end },
      { "list growth", "list", function(item) item.list[3] = "y" end },
      { "a shorter list", "list", function(item) item.list[2] = nil end },
      { "an element", "list", function(item) item.list[1] = 2 end },
      { "an element of an element", "list", function(item) item.list[2][2] = "y" end },
      { "a nested value", "map", function(item) item.map.a.b.c = 2 end },
      { "a nested name", "map", function(item) item.map.a.b.d = 1 end },
      { "a nested name less", "map", function(item) item.map.a.b.c = nil end },
      { "growth of a nested list", "map", function(item) table.insert(item.map.list, 2) end },
      { "an empty list to a map", "empty_list", function(item) item.empty_list = dynamodb.map() end },
      { "an empty map to a list", "empty_map", function(item) item.empty_map = dynamodb.list() end },
      { "an element more in an empty list", "empty_list", function(item) item.empty_list[1] = 1 end },
      { "a member more in an empty map", "empty_map", function(item) item.empty_map.a = 1 end },
      { "a set's new element", "strings", function(item) item.strings:add("c") end },
      { "a set's lost element", "numbers", function(item) item.numbers:remove(2.5) end },
      { "a set's exchanged element", "strings", function(item) item.strings:add("c"):remove("a") end },
      { "a set to a list", "strings", function(item) item.strings = { "a", "b" } end },
    }
    for _, case in ipairs(dirty) do
      it("finds and saves " .. case[1], function()
        local item = stored("dirty", ATTRIBUTES)
        case[3](item)
        local changes = item:changes()
        assert.are.equal(case[2], next(changes.set))
        assert.is_nil(next(changes.set, case[2]))
        assert.are.same({}, changes.remove)
        assert.is_true(changes.set[case[2]] == item:get(case[2]))
        assert.are.equal(1, sent.count(function() assert(item:save()) end))
        assert.is_nil(item:changes())
        assert.are.equal(item, assert(tbl:get_item("dirty")))
      end)
    end

    it("finds removed attributes", function()
      local item = stored("removed", ATTRIBUTES)
      item.text, item.map = nil, nil
      assert.are.same({ set = {}, remove = { "map", "text" } }, item:changes())
      assert(item:save())
      assert.is_nil(item:changes())
      local got = assert(tbl:get_item("removed"))
      assert.is_nil(got.text)
      assert.is_nil(got.map)
      assert.are.equal(item, got)
    end)

    it("finds all attributes of a new and of a deleted item", function()
      local item = tbl:new_item("new", nil, { a = 1 })
      assert.are.same({ set = { id = "new", a = 1 }, remove = {} }, item:changes())
      assert(item:put())
      assert.is_nil(item:changes())
      assert(item:delete())
      assert.are.same({ set = { id = "new", a = 1 }, remove = {} }, item:changes())
    end)
  end)

  describe("put", function()
    it("replaces the stored item", function()
      stored("put", { a = 1, b = 2 })
      local item = tbl:new_item("put", nil, { c = 3 })
      assert.are.equal(item, item:put())
      assert.are.same({ id = "put", c = 3 }, assert(tbl:get_item("put")):totable())
    end)

    it("stores an item whose changes are too many for an update, as save says", function()
      local item = tbl:new_item("many")
      for i = 1, 600 do item["a" .. i] = i end
      local ok, why = pcall(item.save, item)
      assert.is_false(ok)
      assert.matches("save: update: expression of %d+ bytes, at most 4096; item:put%(%), which stores the whole item,", why)
      assert(item:put())
      assert.are.equal(600, assert(tbl:get_item("many")).a600)
    end)

    it("sends even an unchanged item", function()
      local item = stored("put", { a = 1 })
      assert(tbl:delete_item("put"))
      assert.are.equal(1, sent.count(function() assert(item:put()) end))
      assert.is_true(tbl:has_item("put"))
    end)

    it("does not change the item when it fails", function()
      local item = conn:table(helper.table_name("missing"), tbl.schema):new_item("a", nil, { b = 1 })
      for _, method in ipairs({ "put", "save", "delete", "reload" }) do
        local result, err = item[method](item)
        assert.is_nil(result)
        assert.are.equal("ResourceNotFoundException", err.code)
        assert.are.same({ set = { id = "a", b = 1 }, remove = {} }, item:changes())
      end
    end)

    it("marks only the sent values as clean", function()
      local item = tbl:new_item("later", nil, { list = { 1 } })
      assert(item:put())
      item.list[2] = 2
      assert.are.same({ 1, 2 }, item:changes().set.list)
    end)
  end)

  describe("save", function()
    it("keeps changes of other clients", function()
      stored("shared", { a = 1, b = 1, c = 1 })
      local mine, theirs = assert(tbl:get_item("shared")), assert(tbl:get_item("shared"))
      mine.a, theirs.b, theirs.c = 2, 2, nil
      assert.are.equal(mine, mine:save())
      assert.are.equal(theirs, theirs:save())
      assert.are.same({ id = "shared", a = 2, b = 2 }, assert(tbl:get_item("shared")):totable())
    end)

    it("merges a new item into the stored one", function()
      stored("merged", { a = 1, b = 1 })
      assert(tbl:new_item("merged", nil, { b = 2, c = 2 }):save())
      assert.are.same({ id = "merged", a = 1, b = 2, c = 2 }, assert(tbl:get_item("merged")):totable())
    end)

    it("stores a new item, even if it has only a key", function()
      for _, attrs in ipairs({ {}, { a = 1 } }) do
        assert(ranged:delete_item("bare", 1))
        local item = ranged:new_item("bare", 1, attrs)
        assert.are.equal(1, sent.count(function() assert(item:save()) end))
        assert.is_nil(item:changes())
        assert.are.equal(item, assert(ranged:get_item("bare", 1)))
      end
    end)

    it("stores a deleted item again", function()
      local item = stored("again", { a = 1, b = { 2 } })
      assert.are.equal(item, item:delete())
      assert.is_false(tbl:has_item("again"))
      assert.are.same({ id = "again", a = 1, b = { 2 } }, item:totable())
      assert(item:save())
      assert.are.equal(item, assert(tbl:get_item("again")))
    end)

    it("supports reserved words as names", function()
      local item = stored("reserved", {})
      for _, name in ipairs({ "size", "name", "values", "SELECT", "count" }) do item:set(name, 1) end
      assert(item:save())
      assert.are.equal(item, assert(tbl:get_item("reserved")))
    end)

    it("saves a hundred changes at once", function()
      local item = stored("hundred", {})
      for i = 1, 100 do item["attribute" .. i] = { i } end
      assert.are.equal(1, sent.count(function() assert(item:save()) end))
      assert.are.equal(item, assert(tbl:get_item("hundred")))
    end)
  end)

  describe("save of a set that has lost its last element", function()
    local function emptied(id, attributes)
      local item = stored(id, attributes)
      item.tags:remove("a")
      return item
    end

    it("removes the attribute, as the service does", function()
      local item = emptied("emptied", { tags = dynamodb.set({ "a" }), n = 1 })
      assert.are.same({ set = {}, remove = { "tags" } }, item:changes())
      assert.are.equal(item, item:save())
      assert.is_nil(item.tags)
      assert.is_nil(item:changes())
      assert.are.same({ id = "emptied", n = 1 }, assert(tbl:get_item("emptied")):totable())
    end)

    it("removes it from maps, and leaves the maps the same tables", function()
      local item = stored("emptied", { map = { inner = { tags = dynamodb.set({ 1 }), n = 1 } }, list = { { dynamodb.map() } } })
      local inner = item.map.inner
      inner.tags:remove(1)
      item.list[1][1].new = dynamodb.set({ "x" })
      item.list[1][1].new:remove("x")
      assert(item:save())
      assert.are.equal(inner, item.map.inner)
      assert.are.same({ n = 1 }, inner)
      local got = assert(tbl:get_item("emptied"))
      assert.are.equal(item, got)
      assert.are.same({ n = 1 }, got.map.inner)
    end)

    it("sends nothing for what the service never had", function()
      local item = stored("emptied", { n = 1 })
      item.tags = dynamodb.set({ "a" })
      item.tags:remove("a")
      assert.are.equal(0, sent.count(function() assert(item:save()) end))
      assert.is_nil(item.tags)
      local new = tbl:new_item("emptied", nil, { tags = dynamodb.set({ "a" }), m = 2 })
      new.tags:remove("a")
      assert(new:save())
      assert.are.same({ id = "emptied", m = 2 }, new:totable())
    end)

    it("keeps it in the item when it fails", function()
      local item = emptied("emptied", { tags = dynamodb.set({ "a" }) })
      local ok, err = item:save({ condition = dynamodb.attr("never"):exists() })
      assert.is_nil(ok)
      assert.are.equal("ConditionalCheckFailedException", err.code)
      assert.are.equal(0, #item.tags)
      item.tags:add("b")
      assert(item:save())
      assert.are.equal(dynamodb.set({ "b" }), assert(tbl:get_item("emptied")).tags)
    end)

    it("is guarded by what was loaded", function()
      local item = emptied("emptied", { tags = dynamodb.set({ "a" }) })
      assert(tbl:put_item({ id = "emptied", tags = dynamodb.set({ "other" }) }))
      local ok, err = item:save({ guard = "changed" })
      assert.is_nil(ok)
      assert.are.equal("ConditionalCheckFailedException", err.code)
    end)

    it("is refused in lists, and by put", function()
      local raises = fixture.raises_in("item_spec.lua")
      raises("put: tags: empty set", function() return emptied("emptied", { tags = dynamodb.set({ "a" }) }):put() end)
      local item = stored("emptied", { list = { dynamodb.set({ "a" }) } })
      item.list[1]:remove("a")
      raises("save: list[1]: empty set", item.save, item)
    end)
  end)

  describe("reload", function()
    it("discards local changes", function()
      local item = stored("reload", { a = 1, b = { 1 } })
      assert(tbl:put_item({ id = "reload", a = 2 }))
      item.a, item.b[2], item.c = 3, 2, true
      assert.are.equal(item, item:reload({ consistent_read = true }))
      assert.are.same({ id = "reload", a = 2 }, item:totable())
      assert.is_nil(item:changes())
    end)

    it("returns nil without an error for a missing item, and discards nothing", function()
      local item = stored("gone", { a = 1 })
      item.a = 2
      assert(tbl:delete_item("gone"))
      assert.is_nil((item:reload()))
      assert.is_nil((select(2, item:reload())))
      assert.are.same({ set = { a = 2 }, remove = {} }, item:changes())
    end)
  end)

  describe("key", function()
    local changed = {
      { "another hash key", function(item) item.id = "other" end, "id" },
      { "another range key", function(item) item.at = 2 end, "at" },
      { "no hash key", function(item) item.id = nil end, "id" },
      { "no range key", function(item) item.at = nil end, "at" },
      { "a hash key of another type", function(item) item.id = 5 end, "id" },
      { "an empty hash key", function(item) item.id = "" end, "id" },
    }
    for _, case in ipairs(changed) do
      for _, method in ipairs({ "put", "save", "delete", "reload" }) do
        it(("is kept: %s refuses %s"):format(method, case[1]), function()
          assert(ranged:put_item({ id = "kept", at = 1 }))
          local item = assert(ranged:get_item("kept", 1))
          case[2](item)
          local ok, err
          assert.are.equal(0, sent.count(function() ok, err = pcall(function() item[method](item) end) end))
          assert.is_false(ok)
          local expected = ("^spec/table/item_spec.lua:%%d+: %s: key attribute '%s'"):format(method, case[3])
          assert.is_truthy(err:find(expected), err)
        end)
      end
    end

    it("may be written as an equal number", function()
      assert(ranged:put_item({ id = "kept", at = 1 }))
      local item = assert(ranged:get_item("kept", 1))
      item.at, item.text = dynamodb.number("1.0"), "new"
      assert(item:save())
      assert.are.equal("new", assert(ranged:get_item("kept", 1)).text)
    end)

    it("may change in an item that is not stored", function()
      local item = tbl:new_item("one")
      item.id = "two"
      assert(item:put())
      assert.is_true(tbl:has_item("two"))
      assert(item:delete())
      item.id = "three"
      assert(item:save())
      assert.is_true(tbl:has_item("three"))
    end)
  end)
end)
