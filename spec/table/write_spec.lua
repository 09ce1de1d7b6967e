-- put, update, delete and modify: conditions, return values, and concurrent writers.
local core = require("dynamodb.core")
local curl = require("dynamodb.transport.curl")
local dynamodb = require("dynamodb")
local engines = dofile("spec/support/engines.lua")
local fixture = dofile("spec/support/table_fixture.lua")
local generate = dofile("spec/support/random_source.lua")
local helper = dofile("spec/support/helper.lua")
local recording = dofile("spec/support/recording_transport.lua")
local values = dofile("spec/support/random_attributes.lua")

local attr, readable = dynamodb.attr, recording.readable

describe("put, update and delete", function()
  local conn, sent, tbl, versioned

  setup(function()
    conn, sent, tbl = fixture.open(helper.HASH)
    versioned = fixture.create_versioned(conn)
  end)
  teardown(function() fixture.close(conn, tbl, versioned) end)

  local raises, same = fixture.raises_in("write_spec.lua"), fixture.same
  local new_id = fixture.id_generator("item")

  -- Stores attributes under a new id -> the id.
  local function store(attributes, where)
    local copy = values.copy(attributes)
    copy.id = new_id()
    assert((where or tbl):put_item(copy))
    return copy.id
  end

  local function stored(id, where)
    local item, err = (where or tbl):get_item({ hash_key = id, consistent_read = true })
    assert(not err, err)
    if not item then return nil end
    local attributes = item:totable()
    attributes.id = nil
    return attributes
  end

  local function failed(result, err)
    assert.is_nil(result)
    assert.are.equal("ConditionalCheckFailedException", err and err.code)
    return err
  end

  -- {===== Tables =====

  local before = { n = 1, s = "x", m = { a = 1, l = { 1, { deep = 7 } } } }
  local after = { n = 5, s = "x", m = before.m }
  local writes = {
    { "put_item", after, function(id, given)
      local attributes = values.copy(after)
      attributes.id = id
      return tbl:put_item(attributes, given)
    end },
    { "update_item", after, function(id, given)
      given.hash_key, given.update = id, { n = 5 }
      return tbl:update_item(given)
    end },
    { "delete_item", nil, function(id, given)
      given.hash_key = id
      return tbl:delete_item(given)
    end },
  }

  local conditions = { -- { name, options that hold, options that fail }
    { "a table", { condition = { n = 1, s = "x" } }, { condition = { n = 1, s = "y" } } },
    { "a table of tests", { condition = { n = dynamodb.lt(2), ["m.a"] = dynamodb.exists() } },
      { condition = { n = dynamodb.gt(1) } } },
    { "a builder", { condition = attr("m.l[1].deep"):eq(7) }, { condition = attr("m.l[1].deep"):ne(7) } },
    { "builders combined", { condition = dynamodb.any(attr("n"):gt(8), attr("s"):begins_with("x")) },
      { condition = dynamodb.all(attr("n"):eq(1), dynamodb.negate(attr("s"):begins_with("x"))) } },
    { "text", { condition = { "n = ? AND size(m.l) = ?", 1, 2 } }, { condition = { "n = ? OR attribute_not_exists(m)", 2 } } },
    { "text without values", { condition = "attribute_exists(m.a)" }, { condition = "attribute_exists(m.b)" } },
    { "a table with a builder", { condition = { attr("n"):eq(1), s = "x" } }, { condition = { attr("n"):eq(2), s = "x" } } },
    { "expected_value", { expected_value = { n = 1 } }, { expected_value = { n = 2 } } },
    { "both options", { condition = { n = 1 }, expected_value = { s = "x" } },
      { condition = { n = 1 }, expected_value = { s = "y" } } },
    { "replace_only", { replace_only = true }, { create_only = true } },
  }

  -- Copies the options for each call.
  local function options_of(given)
    local copy = {}
    for name, value in pairs(given) do copy[name] = value end
    return copy
  end

  for _, write in ipairs(writes) do
    local name, result, call = write[1], write[2], write[3]
    for _, case in ipairs(conditions) do
      it(("%s succeeds if %s holds"):format(name, case[1]), function()
        local id = store(before)
        local unchanged = stored(id)
        local err = failed(call(id, options_of(case[3])))
        assert.is_nil(err.item)
        same(unchanged, stored(id))
        assert.is_true(call(id, options_of(case[2])))
        same(result, stored(id))
      end)
    end

    it(name .. " reports the item that failed the condition, with Lua values", function()
      engines.need(pending, "failed_items")
      local there = { n = dynamodb.number("0.1000000000000000000000001"), set = dynamodb.set({ 1, 2 }),
        bytes = dynamodb.binary("\0"), null = dynamodb.null, list = { 1, "a" } }
      local id = store(there)
      local err = failed(call(id, { condition = { n = 1 }, return_item_on_failure = true }))
      there.id = id
      same(there, err.item)
    end)

    it(name .. " reports no item if none exists", function()
      local err = failed(call(new_id(), { replace_only = true, return_item_on_failure = true }))
      assert.is_nil(err.item)
    end)
  end

  it("count the operators of condition, options and guard together, before anything is sent", function()
    local parts = {}
    for i = 1, 150 do parts[i] = attr("a"):ne(i) end -- 150 comparisons, 149 AND
    local item = versioned:new_item({ attrs = { id = new_id() } })
    assert.equal(0, sent.count(function()
      raises("put: condition and guard: more than 300 operators", item.put, item, { condition = parts })
      raises("put_item: condition: more than 300 operators", tbl.put_item, tbl, { id = "a" }, { condition = parts,
        create_only = true })
    end))
    assert.equal(1, sent.count(function() assert(item:put({ condition = parts, guard = false })) end))
  end)

  it("create_only creates an item once", function()
    local id = new_id()
    assert(tbl:put_item({ id = id, n = 1 }, { create_only = true }))
    failed(tbl:put_item({ id = id, n = 2 }, { create_only = true }))
    failed(tbl:update_item({ hash_key = id, update = { n = 3 }, create_only = true }))
    same({ n = 1 }, stored(id))
  end)

  local full = { n = 1, m = { a = 1, b = 2 } }
  for _, case in ipairs({ -- { operation, return_values, expected attributes, whether they are only a part }
    { "put", nil, nil }, { "put", "NONE", nil }, { "put", "ALL_OLD", full },
    { "delete", nil, nil }, { "delete", "NONE", nil }, { "delete", "ALL_OLD", full },
    { "update", nil, nil }, { "update", "NONE", nil }, { "update", "ALL_OLD", full },
    { "update", "ALL_NEW", { n = 5, m = { a = 6, b = 2 } } },
    { "update", "UPDATED_OLD", { n = 1, m = { a = 1 } }, true },
    { "update", "UPDATED_NEW", { n = 5, m = { a = 6 } }, true },
  }) do
    local kind, asked, expected, partial = case[1], case[2], case[3], case[4]
    it(("%s returns %s"):format(kind, asked or "nothing by default"), function()
      local id = store(full)
      local calls = {
        put = function() return tbl:put_item({ id = id, other = 1 }, { return_values = asked }) end,
        delete = function() return tbl:delete_item({ hash_key = id, return_values = asked }) end,
        update = function()
          return tbl:update_item({ hash_key = id, update = { n = 5, ["m.a"] = 6 }, return_values = asked })
        end,
      }
      local ok, attributes = calls[kind]()
      assert.is_true(ok)
      if not expected then return assert.is_nil(attributes) end
      expected = values.copy(expected)
      if not partial then expected.id = id end
      same(expected, attributes)
    end)
  end

  it("returns no old attributes of a missing item", function()
    local ok, attributes = tbl:put_item({ id = new_id() }, { return_values = "ALL_OLD" })
    assert.is_true(ok)
    assert.is_nil(attributes)
  end)

  for _, case in ipairs({
    { "option 'return_values': one of NONE, ALL_OLD expected", function()
      return tbl:put_item({ id = "x" }, { return_values = "ALL_NEW" })
    end },
    { "option 'return_values': one of NONE, ALL_OLD expected", function()
      return tbl:delete_item({ hash_key = "x", return_values = "UPDATED_OLD" })
    end },
    { "'create_only' and 'replace_only' exclude each other", function()
      return tbl:put_item({ id = "x" }, { create_only = true, replace_only = true })
    end },
    { "unknown option 'conditon'", function() return tbl:put_item({ id = "x" }, { conditon = "n = 1" }) end },
    { "condition: condition expected, got an empty table", function()
      return tbl:put_item({ id = "x" }, { condition = {} })
    end },
    { "option 'update' expected", function() return tbl:update_item({ hash_key = "x" }) end },
    { "update_item: update: ", function() -- 'a' twice
      return tbl:update_item({ hash_key = "x", update = dynamodb.update():set("a", 1):remove("a") })
    end },
    { "document path expected", function() return tbl:increment({ hash_key = "x" }) end },
    { "key attribute 'id' is missing", function() return tbl:increment({ path = "n" }) end },
    { "increment: n: increment: number or attribute expected, got string", function()
      return tbl:increment({ hash_key = "x", path = "n", by = "1" })
    end },
    { "increment: a.b: value: NaN", function() return tbl:increment({ hash_key = "x", path = "a.b", by = 0 / 0 }) end },
    { "key attribute 'id': string expected, got table (a value is given without its type)", function()
      return tbl:delete_item({ key = { id = { S = "x" } } })
    end },
    { "delete_item: value at position 1, options have names (known: ", function() return tbl:delete_item({ "x" }) end },
    { "'guard': the table has no version_attribute", function() return tbl:new_item("x"):save({ guard = "version" }) end },
    { "'guard': 'changed', 'version' or false expected", function() return tbl:new_item("x"):put({ guard = true }) end },
  }) do
    it("refuses: " .. case[1], function()
      assert.are.equal(0, sent.count(function() raises(case[1], case[2]) end))
    end)
  end

  -- ===================== }
  -- {===== Increment =====

  local numbers = { n = 1, f = 0.5, m = { a = 1, l = { 1, 10, { n = 100 } }, ["x.y"] = 3 }, one = { 20 }, s = "x" }
  for _, case in ipairs({ -- { path, more options, result }
    { "n", {}, 2 },
    { "n", { by = 5 }, 6 },
    { "n", { by = -3 }, -2 },
    { "n", { by = 0 }, 1 },
    { "n", { by = 2, start = 100 }, 3 },
    { "f", { by = 0.25 }, 0.75 },
    { "n", { by = dynamodb.number("0.1000000000000000000000001") }, dynamodb.number("1.1000000000000000000000001") },
    { "new", {}, 1 },
    { "new", { by = 5 }, 5 },
    { "new", { start = 10, by = 5 }, 15 },
    { "new", { start = 10 }, 11 },
    { "m.a", {}, 2 },
    { "m.new", { start = 7 }, 8 },
    { "m.'x.y'", {}, 4 },
    { "m.l[0]", {}, 2 },
    { "m.l[1]", { by = 2 }, 12 },
    { "m.l[2].n", {}, 101 },
    { "m.l[2].new", {}, 1 },
    { "one[0]", {}, 21 },
    { { "m", "x.y" }, { by = 2 }, 5 },
  }) do
    it(("increments %s by %s from %s"):format(type(case[1]) == "table" and "a list of steps" or case[1],
      tostring(case[2].by), tostring(case[2].start)), function()
      local id = store(numbers)
      local given = options_of(case[2])
      given.hash_key, given.path = id, case[1]
      local value = assert(tbl:increment(given))
      assert.is_true(core.equal(case[3], value), tostring(value))
      assert.is_false(core.equal(numbers, stored(id)) and given.by ~= 0)
    end)
  end

  it("increments a missing item", function()
    local id = new_id()
    assert.are.equal(3, tbl:increment({ hash_key = id, path = "n", start = 2 }))
    assert.are.equal("UPDATED_NEW", sent.last().ReturnValues)
    assert.are.equal(4, tbl:increment({ key = { id = id }, path = "n" }))
    same({ n = 4 }, stored(id))
  end)

  -- The service returns only the updated element of a list; the emulator returns the whole list.
  for path, attributes in pairs({
    ["l[1]"] = '{"l":{"L":[{"N":"7"}]}}',
    ["m.l[3].n"] = '{"m":{"M":{"l":{"L":[{"M":{"n":{"N":"7"}}}]}}}}',
    ["l[2][1]"] = '{"l":{"L":[{"L":[{"N":"7"}]}]}}',
  }) do
    it("finds the new number in the returned attributes of " .. path, function()
      local offline = helper.offline(helper.fake(helper.response(200, '{"Attributes":' .. attributes .. "}")))
      assert.are.equal(7, offline:table("t", { hash_key = "id" }):increment({ hash_key = "x", path = path }))
    end)
  end

  for _, path in ipairs({ "s", "m", "none.a", "n.a" }) do
    it("cannot increment " .. path, function()
      local value, err = tbl:increment({ hash_key = store(numbers), path = path })
      assert.is_nil(value)
      assert.are.equal("ValidationException", err.code)
    end)
  end

  -- ===================== }
  -- {===== Minimal updates =====

  -- Stores an item and loads it.
  local function loaded(attributes, where)
    return assert((where or tbl):get_item(store(attributes, where)))
  end

  local nested = { a = { b = { 1, 2, 3 }, c = { d = 1, ["e.f"] = 2 } }, n = 1, size = "x", l = { 1, 2 } }
  for _, case in ipairs({
    { "an attribute", function(item) item.n = 2 end, "SET n = 2" },
    { "a new attribute", function(item) item.new = "y" end, 'SET new = "y"' },
    { "a removed attribute", function(item) item.n = nil end, "REMOVE n" },
    { "a reserved name", function(item) item.size = "y" end, 'SET size = "y"' },
    { "an element", function(item) item.a.b[1] = 9 end, "SET a.b[0] = 9" },
    { "a deep name", function(item) item.a.c.d = 9 end, "SET a.c.d = 9" },
    { "a name with a dot", function(item) item.a.c["e.f"] = nil end, "REMOVE a.c.e.f" },
    { "a list that grew", function(item) item.a.b[4] = 9 end, "SET a.b[3] = 9" },
    { "a list that shrank", function(item) item.a.b[3] = nil end, "REMOVE a.b[2]" },
    { "a list moved", function(item) table.remove(item.a.b, 1) end, 'SET a.b = L[{"N":"2"},{"N":"3"}]' },
    { "another type", function(item) item.a = 1 end, "SET a = 1" },
    { "places in two attributes", function(item) item.l[2], item.n = 5, nil end, "SET l[1] = 5 REMOVE n" },
  }) do
    it("save sends of " .. case[1] .. ": " .. case[3], function()
      local item = loaded(nested)
      case[2](item)
      assert.are.equal(1, sent.count(function() assert.are.equal(item, item:save()) end))
      local body = sent.last()
      assert.are.equal(case[3], readable(body, "UpdateExpression"))
      assert.are.same({ id = { S = item.id } }, body.Key)
      assert.is_nil(body.ConditionExpression)
      same(assert(tbl:get_item(item.id)):totable(), item:totable())
      assert.is_nil(item:changes())
    end)
  end

  it("save writes names as placeholders", function()
    local item = loaded(nested)
    item.a.b[1] = 9
    assert(item:save())
    local body = sent.last()
    assert.are.equal("SET #1.#2[0] = :1", body.UpdateExpression)
    assert.are.same({ ["#1"] = "a", ["#2"] = "b" }, body.ExpressionAttributeNames)
    assert.are.same({ [":1"] = { N = "9" } }, body.ExpressionAttributeValues)
  end)

  it("save sends nothing when nothing changed", function()
    local item = loaded(nested)
    local checked = assert(versioned:get_item(store(nested, versioned)))
    local function save(each) assert.are.equal(each, each:save()) end
    assert.are.equal(0, sent.count(save, item))
    assert.are.equal(0, sent.count(save, checked))
    item.n, item.a.b = 1.0, { 1, 2, 3 } -- equal to the stored values
    assert.are.equal(0, sent.count(save, item))
    item.n = 2
    assert.are.equal(1, sent.count(save, item))
    assert.are.equal(0, sent.count(save, item))
    local new = tbl:new_item(new_id())
    assert.are.equal(1, sent.count(save, new)) -- an item with only a key is sent if it is new
    assert.are.equal(0, sent.count(save, new))
    same({}, stored(new.id))
  end)

  it("save keeps changes of other clients to other attributes", function()
    local item = loaded(nested)
    assert(tbl:update_item({ hash_key = item.id, update = { ["a.b[1]"] = 20, other = 1, ["a.c.d"] = dynamodb.remove() } }))
    item.a.b[1], item.n = 10, 5
    assert(item:save())
    same({ a = { b = { 10, 20, 3 }, c = { ["e.f"] = 2 } }, n = 5, size = "x", l = { 1, 2 }, other = 1 }, stored(item.id))
  end)

  it("save takes conditions and gives return_values", function()
    local item = loaded(nested)
    item.n = 2
    failed(item:save({ condition = { size = "y" } }))
    same({ n = 2 }, assert(item:changes()).set)
    local saved, attributes = item:save({ condition = { size = "x" }, return_values = "UPDATED_OLD" })
    assert.are.equal(item, saved)
    same({ n = 1 }, attributes)
  end)

  it("save replaces whole attributes if there are too many changes", function()
    engines.need(pending, "document_conditions")
    local long = { l = {}, keep = 1 }
    for i = 1, 300 do long.l[i] = i end
    local item = loaded(long)
    for i = 2, 300 do item.l[i] = -i end
    assert(item:save({ guard = "changed" }))
    assert.are.equal("SET #1 = :1", sent.last().UpdateExpression)
    assert.is_truthy(readable(sent.last(), "ConditionExpression"):find('l = L[{"N":"1"},{"N":"2"},', 1, true))
    same(item:totable(), assert(tbl:get_item(item.id)):totable())
  end)

  it("save makes the stored item equal to the local one: 400 random edits", function()
    engines.need(pending, "document_conditions")
    local random = generate.new(1234)
    for _ = 1, 100 do
      local item = loaded(values.map(random, 3))
      for _ = 1, 4 do
        local attributes = item:totable()
        attributes.id = nil
        values.edit(random, attributes, 3)
        for name in pairs(item:totable()) do
          if name ~= "id" then item:set(name, nil) end
        end
        for name, value in pairs(attributes) do item:set(name, value) end
        local changed = item:changes() ~= nil
        local guard = random:once_in(2) and "changed" or nil
        local count = sent.count(function() assert(item:save({ guard = guard })) end)
        assert.are.equal(changed and 1 or 0, count)
        local there = assert(tbl:get_item({ hash_key = item.id, consistent_read = true }))
        same(item:totable(), there:totable())
      end
    end
  end)

  -- ===================== }
  -- {===== Guards =====

  local function set(path, value) return { [path] = value == nil and dynamodb.remove() or value } end

  for _, case in ipairs({ -- { name, local change, change of another client, whether they conflict }
    { "attribute, same attribute", function(item) item.n = 2 end, set("n", 3), true },
    { "attribute, another", function(item) item.n = 2 end, set("size", "y"), false },
    { "attribute, gone meanwhile", function(item) item.n = 2 end, set("n"), true },
    { "attribute, the same value", function(item) item.n = 2 end, set("n", 2), true },
    { "new attribute, made meanwhile", function(item) item.new = 2 end, set("new", 3), true },
    { "new attribute, another", function(item) item.new = 2 end, set("newer", 3), false },
    { "removed attribute, changed", function(item) item.n = nil end, set("n", 3), true },
    { "element, same element", function(item) item.a.b[1] = 9 end, set("a.b[0]", 8), true },
    { "element, another element", function(item) item.a.b[1] = 9 end, set("a.b[1]", 8), false },
    { "element, list grown", function(item) item.a.b[1] = 9 end, { ["a.b"] = dynamodb.append({ 4 }) }, false },
    { "element, list moved", function(item) item.a.b[1] = 9 end, { ["a.b"] = dynamodb.prepend({ 0 }) }, true },
    { "list grown, grown meanwhile", function(item) item.a.b[4] = 9 end, { ["a.b"] = dynamodb.append({ 4 }) }, true },
    { "list grown, element changed", function(item) item.a.b[4] = 9 end, set("a.b[0]", 8), false },
    { "list grown, shrunk meanwhile", function(item) item.a.b[4] = 9 end, set("a.b[2]"), true },
    { "list grown, list gone", function(item) item.a.b[4] = 9 end, set("a.b"), true },
    { "list shrunk, grown meanwhile", function(item) item.a.b[3] = nil end, { ["a.b"] = dynamodb.append({ 4 }) }, true },
    { "list shrunk, that element changed", function(item) item.a.b[3] = nil end, set("a.b[2]", 8), true },
    { "list shrunk, another list", function(item) item.a.b[3] = nil end, set("l[0]", 8), false },
    { "deep name, same name", function(item) item.a.c.d = 9 end, set("a.c.d", 8), true },
    { "deep name, its neighbour", function(item) item.a.c.d = 9 end, set("a.c.'e.f'", 8), false },
    { "new deep name, made meanwhile", function(item) item.a.c.new = 9 end, set("a.c.new", 8), true },
    { "new deep name, map gone", function(item) item.a.c.new = 9 end, set("a.c"), true },
    { "new deep name, map is text now", function(item) item.a.c.new = 9 end, set("a.c", "text"), true },
    { "two lists grown, one meanwhile", function(item) item.a.b[4], item.l[3] = 9, 9 end, { l = dynamodb.append({ 4 }) }, true },
  }) do
    it(("guard 'changed' %s: %s"):format(case[4] and "detects" or "permits", case[1]), function()
      local item = loaded(nested)
      case[2](item)
      local mine = item:totable()
      assert(tbl:update_item({ hash_key = item.id, update = case[3] }))
      local theirs = stored(item.id)
      if not case[4] then return assert(item:save({ guard = "changed" })) end
      failed(item:save({ guard = "changed" }))
      same(mine, item:totable())
      same(theirs, stored(item.id))
      assert.is_table(item:changes())
    end)
  end

  it("guard 'changed' requires that a loaded item exists and a new one does not", function()
    local item, new = loaded(nested), tbl:new_item(new_id(), nil, { n = 1 })
    item.n = 2
    assert(tbl:delete_item(item.id))
    failed(item:save({ guard = "changed" }))
    assert.is_nil(stored(item.id))
    assert(tbl:put_item({ id = new.id, n = 9 }))
    failed(new:save({ guard = "changed" }))
    failed(new:put({ guard = "changed" }))
    same({ n = 9 }, stored(new.id))
  end)

  it("guard 'changed' distinguishes names with dots from paths", function()
    local item = loaded({ a = { l = { 1 } }, ["a.l"] = { 1, 2 } })
    table.insert(item.a.l, 5)
    table.insert(item:get("a.l"), 5)
    assert(item:save({ guard = "changed" }))
    local _, lengths = readable(sent.last(), "ConditionExpression"):gsub("size%(a%.l%) = [12]", "")
    assert.are.equal(2, lengths)
  end)

  for _, method in ipairs({ "put", "delete" }) do
    it("guard 'changed' makes " .. method .. " compare all loaded attributes", function()
      engines.need(pending, "document_conditions")
      local item = loaded(nested)
      assert(tbl:update_item({ hash_key = item.id, update = { ["a.c.d"] = 8 } }))
      failed(item[method](item, { guard = "changed" }))
      assert(item:reload())
      assert(item[method](item, { guard = "changed" }))
    end)
  end

  it("guard false overwrites, also with versions", function()
    local item = loaded({ v = 3, n = 1 }, versioned)
    item.n = 2
    assert(versioned:update_item({ hash_key = item.id, update = { v = 9 } }))
    failed(item:save())
    assert(item:save({ guard = false }))
    same({ v = 9, n = 2 }, stored(item.id, versioned))
  end)

  it("counts versions by put, save and delete", function()
    local item = versioned:new_item(new_id(), nil, { n = 1 })
    assert(item:put())
    assert.are.equal(1, item.v)
    same({ n = 1, v = 1 }, stored(item.id, versioned))
    item.n = 2
    assert(item:save())
    assert.are.equal(2, item.v)
    assert.is_nil(item:changes())
    assert(item:put())
    same({ n = 2, v = 3 }, stored(item.id, versioned))
    assert(item:delete())
    assert.is_nil(stored(item.id, versioned))
    assert(item:save()) -- the item is new again, with a new version
    same({ n = 2, v = 1 }, stored(item.id, versioned))
  end)

  it("takes the version attribute from conn:table as well", function()
    local same_table = conn:table(versioned.name, { hash_key = "id", version_attribute = "v" })
    local item = assert(same_table:get_item(store({ v = 4 }, versioned)))
    item.n = 1
    assert(item:save())
    same({ n = 1, v = 5 }, stored(item.id, versioned))
  end)

  for _, method in ipairs({ "put", "save", "delete" }) do
    it("keeps item and version when " .. method .. " conflicts", function()
      local item = loaded({ n = 1, v = 1 }, versioned)
      assert(versioned:update_item({ hash_key = item.id, update = { v = dynamodb.increment() } }))
      item.n = 5
      failed(item[method](item))
      same({ id = item.id, n = 5, v = 1 }, item:totable())
      same({ set = { n = 5 }, remove = {} }, item:changes())
      failed(item[method](item)) -- the item keeps its loaded values
      same({ n = 1, v = 2 }, stored(item.id, versioned))
    end)

    it("creates only one of two new items by " .. method, function()
      local id = store({ v = 1 }, versioned)
      failed((function(item) return item[method](item) end)(versioned:new_item(id, nil, { n = 1 })))
      same({ v = 1 }, stored(id, versioned))
    end)
  end

  it("requires versions to be numbers", function()
    local item = loaded({ v = "one" }, versioned)
    item.n = 1
    raises("version attribute 'v': number expected, got string", item.save, item)
  end)

  -- ===================== }
  -- {===== The queue =====

  it("queue: put, add and delete are sent by save, which loads their results", function()
    local item = loaded({ n = 1, tags = dynamodb.set({ "a", "b" }), old = 1, keep = 1 })
    local local_values = item:totable()
    assert.are.equal(0, sent.count(function()
      item:put_attribute("s", { 1 })
      item:add_attribute("n", 5)
      item:add_attribute("new", 2)
      item:delete_attribute("tags", dynamodb.set({ "a" }))
      item:delete_attribute("old")
    end))
    same(local_values, item:totable())
    assert(tbl:update_item({ hash_key = item.id, update = { n = 10, other = 1 } }))
    item.keep = 2
    assert.are.equal(1, sent.count(function() assert.are.equal(item, item:save()) end))
    local expected = { id = item.id, n = 15, tags = dynamodb.set({ "b" }), s = { 1 }, new = 2, keep = 2 }
    same(expected, item:totable()) -- 'other' is not loaded
    assert.is_nil(item:changes())
    assert.are.equal(0, sent.count(function() assert(item:save()) end)) -- cleared
    expected.id, expected.other = nil, 1
    same(expected, stored(item.id))
  end)

  it("queue: adds elements to a set", function()
    local item = loaded({ tags = dynamodb.set({ "a" }) })
    item:add_attribute("tags", dynamodb.set({ "b", "c" }))
    assert(item:save())
    same(dynamodb.set({ "a", "b", "c" }), item.tags)
  end)

  it("queue: the last of two actions on an attribute is applied", function()
    local item = loaded({ n = 1, m = 1 })
    item:add_attribute("n", 5)
    item:put_attribute("n", 7)
    item:put_attribute("m", 7)
    item:delete_attribute("m")
    assert(item:save())
    same({ n = 7 }, stored(item.id))
  end)

  it("queue: is kept when save fails", function()
    local item = loaded({ n = 1 })
    item:add_attribute("n", 5)
    failed(item:save({ condition = { n = 2 } }))
    assert.are.equal(1, item.n)
    assert(item:save({ condition = { n = 1 } }))
    assert.are.equal(6, item.n)
    same({ n = 6 }, stored(item.id))
  end)

  it("queue: counts the version", function()
    local item = loaded({ n = 1, v = 1 }, versioned)
    item:add_attribute("n", 5)
    assert(item:save())
    same({ n = 6, v = 2 }, stored(item.id, versioned))
    assert.are.equal(2, item.v)
    item:add_attribute("n", 1)
    assert(versioned:update_item({ hash_key = item.id, update = { v = 7 } }))
    failed(item:save())
    assert(item:reload()) -- drops the queued changes
    assert.are.equal(0, sent.count(function() assert(item:save()) end))
  end)

  it("queue: creates a new item", function()
    local item = tbl:new_item(new_id(), nil, { s = "x" })
    item:add_attribute("n", 2)
    assert(item:save())
    same({ s = "x", n = 2 }, stored(item.id))
    assert.are.equal(2, item.n)
  end)

  it("takes options after the key", function()
    local id = new_id()
    assert(tbl:put_item({ id = id, n = 1 }))
    local ok, err = tbl:delete_item(id, { condition = { n = 2 } })
    assert.is_nil(ok)
    assert.are.equal("ConditionalCheckFailedException", err.code)
    ok, err = conn:delete_item(tbl, id, { condition = { n = 2 } })
    assert.is_nil(ok)
    assert.are.equal("ConditionalCheckFailedException", err.code)
    same({ n = 1 }, stored(id))
    local _, attributes = tbl:update_item(id, { update = { n = 5 }, return_values = "UPDATED_NEW" })
    assert.are.equal(5, attributes.n)
    assert.are.equal(7, tbl:increment(id, { path = "n", by = 2 }))
    assert.are.equal(1, sent.count(function() assert(tbl:get_item(id, { consistent_read = true })) end))
  end)

  it("queue: returns return_values, and the item has the new values as well", function()
    for kind, expected in pairs({
      NONE = {}, ALL_NEW = { n = 6, s = "x", t = "new" }, UPDATED_NEW = { n = 6, t = "new" },
      ALL_OLD = { n = 1, s = "x", old = 1 }, UPDATED_OLD = { n = 1, old = 1 },
    }) do
      local item = loaded({ n = 1, s = "x", old = 1 })
      item:add_attribute("n", 5)
      item:put_attribute("t", "new")
      item:delete_attribute("old")
      local saved, returned, surplus = item:save({ return_values = kind })
      assert.are.equal(item, saved)
      assert.is_nil(surplus)
      if kind == "NONE" then assert.is_nil(returned) else returned.id = nil end
      same(expected, returned or {})
      same({ n = 6, s = "x", t = "new" }, stored(item.id))
      same({ id = item.id, n = 6, s = "x", t = "new" }, item:totable())
      assert.are.equal(0, sent.count(item.save, item))
    end
  end)

  it("queue: rejects invalid actions", function()
    local item = loaded({ n = 1 })
    raises("put_attribute: 'id' is a key attribute", item.put_attribute, item, "id", 1)
    raises("attribute name expected", item.add_attribute, item, 5, 1)
    raises("value expected, got nil", item.put_attribute, item, "n")
    raises("value expected, got nil", item.add_attribute, item, "n")
    item:add_attribute("n", 1)
    item.n = 7
    assert.are.equal(0, sent.count(raises, "'n' is both changed and queued", item.save, item))
    item.n = 1
    item:add_attribute("n", "text")
    raises("save: n: add: number or set expected, got string", item.save, item)
  end)

  -- ===================== }
  -- {===== Modify =====

  it("modify reads, changes and saves", function()
    local item = loaded({ m = { n = 1 } })
    assert(tbl:update_item({ hash_key = item.id, update = { ["m.n"] = 5 } }))
    local calls = 0
    local result = item:modify(function(fresh)
      calls = calls + 1
      assert.are.equal(item, fresh)
      fresh.m.n = fresh.m.n * 2
    end)
    assert.are.equal(item, result)
    assert.are.equal(1, calls)
    assert.is_true(sent.bodies[sent.requests - 1].ConsistentRead)
    same({ m = { n = 10 } }, stored(item.id))
    assert.is_nil(item:changes())
  end)

  for _, where in ipairs({ "without", "with" }) do
    it(("modify repeats the change after a conflict, %s versions"):format(where), function()
      local target = where == "with" and versioned or tbl
      local item = loaded({ m = { n = 1 }, v = 1 }, target)
      local calls = 0
      assert(item:modify(function(fresh)
        calls = calls + 1
        if calls < 3 then
          assert(target:update_item({ hash_key = item.id,
            update = { ["m.n"] = dynamodb.increment(10), v = dynamodb.increment() } }))
        end
        fresh.m.n = fresh.m.n + 1
      end))
      assert.are.equal(3, calls)
      same({ m = { n = 22 }, v = where == "with" and 4 or 3 }, stored(item.id, target))
    end)
  end

  it("modify saves nothing if the function returns false", function()
    local item = loaded({ n = 1 })
    assert.are.equal(1, sent.count(function()
      assert.are.equal(item, item:modify(function(fresh)
        fresh.n = 2
        return false
      end))
    end))
    same({ n = 1 }, stored(item.id))
  end)

  it("modify returns no item if it was deleted", function()
    local item = loaded({ n = 1 })
    assert(tbl:delete_item(item.id))
    local result, err = item:modify(function() error("called without an item") end)
    assert.is_nil(result)
    assert.is_nil(err)
    local ours = loaded({ n = 1 })
    result, err = ours:modify(function(fresh) -- deleted during the change
      assert(tbl:delete_item(ours.id))
      fresh.n = 2
    end)
    assert.is_nil(result)
    assert.is_nil(err)
    assert.is_nil(stored(ours.id))
  end)

  it("modify gives up at the deadline", function()
    local item, calls = loaded({ n = 1 }), 0
    local done, err = item:modify(function(fresh)
      calls = calls + 1
      assert(tbl:increment({ hash_key = item.id, path = "n" }))
      fresh.n = 0
    end, { deadline = 1 })
    assert.is_nil(done)
    assert.is_true(err.code == "ConditionalCheckFailedException" or err.kind == "timeout", tostring(err))
    assert.is_true(calls > 1)
    same({ n = 1 + calls }, stored(item.id))
  end)

  for _, where in ipairs({ "without", "with" }) do
    it(("modify does not repeat a change that may have been applied, %s versions"):format(where), function()
      local target = where == "with" and versioned or tbl
      local item, calls = loaded({ n = 1, v = 1 }, target), 0
      local losing = setmetatable({}, { __index = curl })
      function losing.receive(...) -- another writer changes the item, and the response of the first save is lost
        local bytes, kind, why = curl.receive(...)
        if calls ~= 1 then return bytes, kind, why end
        calls = 2
        assert(target:update_item({ hash_key = item.id, update = { n = dynamodb.increment(10), v = dynamodb.increment() } }))
        return nil, "network", "lost"
      end
      local own = helper.connect({ transport = losing })
      local ours = own:table(target.name, { hash_key = "id", version_attribute = target.version_attribute }):new_item(item.id)
      local done, err = ours:modify(function(fresh) calls, fresh.n = calls + 1, fresh.n + 1 end)
      own:close()
      assert.is_nil(done)
      assert.are.equal("ConditionalCheckFailedException", err.code)
      assert.is_true(err.ambiguous)
      assert.are.equal(2, calls)
      same({ n = 12, v = where == "with" and 3 or 2 }, stored(item.id, target))
    end)
  end

  it("modify passes on errors of the function and other failures", function()
    local item = loaded({ n = 1 })
    raises("no thanks", item.modify, item, function() error("no thanks") end)
    raises("modify: function expected, got table", item.modify, item, {})
    local result, err = item:modify(function(fresh) fresh.long = ("x"):rep(410 * 1024) end)
    assert.is_nil(result)
    assert.are.equal("ValidationException", err.code)
    same({ n = 1 }, stored(item.id))
  end)

  -- ===================== }
end)
