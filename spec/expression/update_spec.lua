-- Updates: the text of each action, and overlapping paths.
local dynamodb = require("dynamodb")
local expressions = require("dynamodb.expression.builder")
local fixture = dofile("spec/support/table_fixture.lua")
local helper = dofile("spec/support/helper.lua")
local updates = require("dynamodb.expression.update")

local attr, set = dynamodb.attr, dynamodb.set
local build = dynamodb.update

-- Writes an update -> its text, the expression.
local function write(given)
  local expression = expressions.new("here")
  return updates.write(expression, given), expression
end

local unpack = table.unpack or unpack -- luacheck: ignore 143 113

local refused = fixture.raises_in("update_spec.lua")

-- Returns the value at a path, given by its steps.
local function at(value, steps)
  for _, step in ipairs(steps) do value = value[type(step) == "number" and step + 1 or step] end
  return value
end

describe("update", function()
  -- { action, arguments, text with path #1, whether the arguments are optional }
  local actions = {
    { "set", { 5 }, "SET #1 = :1" },
    { "set", { attr("b") }, "SET #1 = #2" },
    { "if_not_exists", { 5 }, "SET #1 = if_not_exists(#1, :1)" },
    { "if_not_exists", { attr("b") }, "SET #1 = if_not_exists(#1, #2)" },
    { "increment", {}, "SET #1 = if_not_exists(#1, :1) + :2" },
    { "increment", { 5 }, "SET #1 = if_not_exists(#1, :1) + :2" },
    { "increment", { 5, 5 }, "SET #1 = if_not_exists(#1, :1) + :1" },
    { "increment", { attr("b"), attr("c") }, "SET #1 = if_not_exists(#1, #2) + #3" },
    { "decrement", {}, "SET #1 = if_not_exists(#1, :1) - :2" },
    { "decrement", { 5, 10 }, "SET #1 = if_not_exists(#1, :1) - :2" },
    { "append", { { 1 } }, "SET #1 = list_append(if_not_exists(#1, :1), :2)" },
    { "append", { attr("b") }, "SET #1 = list_append(if_not_exists(#1, :1), #2)" },
    { "prepend", { { 1 } }, "SET #1 = list_append(:1, if_not_exists(#1, :2))" },
    { "remove", {}, "REMOVE #1" },
    { "add", { 5 }, "ADD #1 :1" },
    { "add", { dynamodb.number("1e30") }, "ADD #1 :1" },
    { "add", { set({ "x" }) }, "ADD #1 :1" },
    { "delete", { set({ "x" }) }, "DELETE #1 :1" },
  }
  for i, case in ipairs(actions) do
    local name, values = case[1], case[2]
    it(("writes %s (%d) in a table and by the builder"):format(name, i), function()
      local text, e = write({ a = updates[name](unpack(values)) })
      assert.equal(case[3], text)
      assert.equal("a", e.names["#1"])
      assert.equal(case[3], (write(build()[name](build(), "a", unpack(values)))))
      local deep = "#1[2].#2"
      assert.equal((case[3]:gsub("#3", "#4"):gsub("#2", "#3"):gsub("#1", deep)),
        (write({ ["a[2].z"] = updates[name](unpack(values)) })))
    end)
  end

  it("increments by 1 from 0 by default", function()
    local _, e = write({ a = dynamodb.increment() })
    assert.same({ [":1"] = 0, [":2"] = 1 }, e.values)
    _, e = write({ a = dynamodb.decrement(3, 10) })
    assert.same({ [":1"] = 10, [":2"] = 3 }, e.values)
  end)

  it("sends a value that is used twice only once", function()
    local text, e = write({ a = "x", b = "x", c = dynamodb.append({ 1 }), d = dynamodb.prepend({ 1 }) })
    assert.equal("SET #1 = :1, #2 = :1, #3 = list_append(if_not_exists(#3, :2), :3), "
      .. "#4 = list_append(:3, if_not_exists(#4, :2))", text)
    assert.equal(3, e.value_count)
  end)

  for _, case in ipairs({
    { "values", { a = 1, b = false, c = dynamodb.null }, "SET #1 = :1, #2 = :2, #3 = :3" },
    { "all clauses", { a = dynamodb.remove(), b = dynamodb.add(1), c = dynamodb.delete(set({ 1 })), d = 1 },
      "SET #4 = :1 REMOVE #1 ADD #2 :1 DELETE #3 :2" },
    { "a builder, in its order", build():set("z", 1):remove("b"):set("a", 2), "SET #1 = :1, #3 = :2 REMOVE #2" },
    { "text", "remove a, b.c[0]", "REMOVE #1, #2.#3[0]" },
    { "text with values", { "SET a = ?, b = b + ? REMOVE # ADD d ?", 1, 2, "c.'x.y'", 1 },
      "SET #1 = :1, #2 = #2 + :2 REMOVE #3.#4 ADD #5 :1" },
    { "text with functions", { "set a = if_not_exists(a, ?), b = list_append(?, b)", 1, { 2 } },
      "SET #1 = if_not_exists(#1, :1), #2 = list_append(:2, #2)" },
    { "text and a table", { "SET a = ? REMOVE b", 1, c = 2, d = dynamodb.remove() }, "SET #1 = :1, #3 = :2 REMOVE #2, #4" },
    { "builders and a table", { build():set("a", 1), build():remove("b"), c = 3 }, "SET #1 = :1, #3 = :2 REMOVE #2" },
    { "text in a list with a builder", { build():set("a", 1), "REMOVE b", { "ADD c ?", 4 } },
      "SET #1 = :1 REMOVE #2 ADD #3 :2" },
    { "a list with holes", { [1] = build():set("a", 1), [4] = build():remove("b") }, "SET #1 = :1 REMOVE #2" },
    { "reserved words", { Size = 1, ["status.name"] = 2 }, "SET #1 = :1, #2.#3 = :2" },
    { "keywords in quotes", "REMOVE 'set', 'remove'.'add'", "REMOVE #1, #2.#3" },
    { "neighbouring paths", { "SET a.b = ?, a.c = ?, l[0] = ?, l[10] = ?", 1, 1, 1, 1 },
      "SET #1.#2 = :1, #1.#3 = :1, #4[0] = :1, #4[10] = :1" },
    { "names of which one starts the other", { ab = 1, a = 1, ["a2.b"] = 1 }, "SET #1 = :1, #2.#3 = :1, #4 = :1" },
  }) do
    it("writes " .. case[1], function() assert.equal(case[3], (write(case[2]))) end)
  end

  it("is absent when there are no actions", function()
    for _, nothing in ipairs({ {}, build(), { build(), {} } }) do assert.is_nil(write(nothing)) end
  end)

  describe("refuses", function()
    for _, case in ipairs({
      { "set: value expected, got nil", function() build():set("a") end },
      { "append: value expected, got nil", function() dynamodb.append() end },
      { "add: value expected, got nil", function() dynamodb.add(nil) end },
      { "if_not_exists: value expected, got nil", function() dynamodb.if_not_exists() end },
      { "here: a: add: number or set expected, got string", { a = dynamodb.add("1") } },
      { "here: a: add: number or set expected, got table", { a = dynamodb.add({ 1 }) } },
      { "here: a: delete: set expected, got string", { a = dynamodb.delete("1") } },
      { "here: a: delete: set expected, got number", build():delete("a", 1) },
      { "here: a: append: list of values expected", { a = dynamodb.append("x") } },
      { "here: a: append: list of values expected", { a = dynamodb.append({}) } },
      { "here: a: prepend: list of values expected", { a = dynamodb.prepend({ x = 1 }) } },
      { "here: a: increment: number or attribute expected, got string", { a = dynamodb.increment("1") } },
      { "here: a: increment: number or attribute expected, got string", { a = dynamodb.increment(1, "0") } },
      { "here: a: decrement: number or attribute expected, got boolean", { a = dynamodb.decrement(false) } },
      { "here: a: value: DynamoDB value expected, got a condition", { a = dynamodb.gt(1) } },
      { "here: a: value: DynamoDB value expected, got an update", { a = build() } },
      { "here: a: value: DynamoDB value expected, got an action of an update", build():set("a", dynamodb.increment()) },
      { "here: a: value: ", { a = print } },
      { "here: a: value: ", { a = 0 / 0 } },
      { "here: document path expected", { ["a."] = 1 } },
      { "here: document path expected", build():remove("") },
      { "here: document path expected", build():remove(nil) },
      { "here: document path expected, got boolean", { [true] = 1 } },
      { "here: update: table by document path, builder or text expected, got number", 5 },
      { "here: update: table by document path, builder or text expected, got number", { build(), 5 } },
      { '"a = ?": SET, REMOVE, ADD or DELETE expected', { "a = ?", 1 } },
      { '"": SET, REMOVE, ADD or DELETE expected', "" },
      { '"SET": SET does nothing', "SET" },
      { '"REMOVE a SET": SET does nothing', "REMOVE a SET" },
      { "AND is no clause of an update", { "SET a = ? AND b = ?", 1, 2 } },
      { "unknown function 'append'", { "SET a = append(a, ?)", { 1 } } },
      { 'value 2 of "SET a = ?, b = ?" is missing', { "SET a = ?, b = ?", 1 } },
      { '"REMOVE a" takes 0 values, got 1', { "REMOVE a", 1 } },
    }) do
      it(case[1], function()
        if type(case[2]) == "function" then refused(case[1], case[2]) else refused(case[1], write, case[2]) end
      end)
    end

    for _, case in ipairs({
      { "'a' occurs twice", build():set("a", 1):remove("a") },
      { "'a' occurs twice", { "SET a = ?", 1, a = 2 } },
      { "'a' occurs twice", { a = 1, ["'a'"] = 2 } },
      { "'a' occurs twice", { "SET a = ? REMOVE a", 1 } },
      { "'a' occurs twice", { build():set("a", 1), { a = 2 } } },
      { "'a.b[0]' occurs twice", { "SET a.b[0] = ? REMOVE a.b[0]", 1 } },
      { "'a' and 'a.b' overlap", { a = 1, ["a.b"] = 2 } },
      { "'a' and 'a[0]' overlap", { a = {}, ["a[0]"] = dynamodb.remove() } },
      { "'a.b' and 'a.b[1].c' overlap", build():set("a.b[1].c", 1):remove("a.b") },
      { "'a[1]' and 'a[1].c' overlap", { "SET a[1] = ? REMOVE a[1].c", 1 } },
      { "'a' and 'a.b' overlap", { "SET a = if_not_exists(c, ?), a.b = ?", 1, 2 } },
      { "'a' and 'a.b.c' overlap", { "ADD a ? DELETE a.b.c ?", 1, set({ 1 }) } },
    }) do
      it("two actions on overlapping paths: " .. case[1], function() refused("here: update: " .. case[1], write, case[2]) end)
    end

    it("text over 4 KB", function()
      local many = {}
      for i = 1, 300 do many["n" .. i] = i end
      local text = write(many)
      assert.is_true(#text > 3000 and #text <= 4096)
      for i = 301, 400 do many["n" .. i] = i end
      refused("here: update: expression of ", write, many)
    end)

    it("more than 300 operators, of which the = of SET is none", function()
      local function sums(n)
        local given = { "SET a = b" .. (" + ?"):rep(n) }
        for i = 1, n do given[i + 1] = 1 end
        return given
      end
      assert.is_truthy(write(sums(300)))
      refused("here: update: more than 300 operators", write, sums(301))
      local many = {}
      for i = 1, 301 do many[i < 100 and "n" .. i or "m" .. i] = 1 end
      assert.is_truthy(write(many))
      local text, parts = { "SET n0 = ?", 0 }, {}
      for i = 1, 301 do parts[i], text[i + 2] = (", n%d = ?"):format(i), i end
      text[1] = text[1] .. table.concat(parts)
      assert.is_truthy(write(text))
    end)

    it("tables nested without end", function()
      local given = {}
      given[1] = given
      refused("here: update: tables nested more than 32 deep", write, given)
    end)
  end)

  describe("on the server", function()
    local conn, tbl

    setup(function()
      conn = helper.connect()
      tbl = helper.create_table(conn)
    end)
    teardown(function()
      tbl:delete()
      conn:close()
    end)

    local old = { n = 5, s = "x", tags = set({ "a", "b" }), list = { 1, 2, 3 }, map = { x = 1, ["y.z"] = { 7 } } }

    for i, case in ipairs({
      { { n = 6 }, { "n" }, 6 },
      { { new = { deep = { 1 } } }, { "new", "deep", 0 }, 1 },
      { { n = attr("map.x") }, { "n" }, 1 },
      { { n = dynamodb.if_not_exists(9) }, { "n" }, 5 },
      { { new = dynamodb.if_not_exists(9) }, { "new" }, 9 },
      { { n = dynamodb.increment() }, { "n" }, 6 },
      { { new = dynamodb.increment(2, 40) }, { "new" }, 42 },
      { { n = dynamodb.decrement(7) }, { "n" }, -2 },
      { { n = dynamodb.increment(attr("map.x")) }, { "n" }, 6 },
      { { list = dynamodb.append({ 4, 5 }) }, { "list" }, { 1, 2, 3, 4, 5 } },
      { { list = dynamodb.prepend({ 0 }) }, { "list" }, { 0, 1, 2, 3 } },
      { { new = dynamodb.append({ "x" }) }, { "new" }, { "x" } },
      { { list = dynamodb.append(attr("list")) }, { "list" }, { 1, 2, 3, 1, 2, 3 } },
      { { ["list[1]"] = "two" }, { "list" }, { 1, "two", 3 } },
      -- Indexes refer to the list before the update. The emulator removes elements one by one, so the last index comes first.
      { build():remove("list[2]"):remove("list[0]"), { "list" }, { 2 } },
      { { ["map.x"] = dynamodb.increment() }, { "map", "x" }, 2 },
      { { ["map.'y.z'[0]"] = 8 }, { "map", "y.z", 0 }, 8 },
      { { s = dynamodb.remove() }, { "s" }, nil },
      { { n = dynamodb.add(-1) }, { "n" }, 4 },
      { { new = dynamodb.add(3) }, { "new" }, 3 },
      { { tags = dynamodb.add(set({ "b", "c" })) }, { "tags" }, set({ "a", "b", "c" }) },
      { { tags = dynamodb.delete(set({ "b", "c" })) }, { "tags" }, set({ "a" }) },
      { { tags = dynamodb.delete(set({ "a", "b" })) }, { "tags" }, nil },
      { build():set("n", 1):remove("s"):append("list", { 9 }), { "list", 3 }, 9 },
      { { "SET n = n + ?, # = ? REMOVE s", 10, "map.new", 1 }, { "n" }, 15 },
      { { "SET 'Status' = ?", "reserved", n = dynamodb.increment() }, { "Status" }, "reserved" },
    }) do
      it(("is applied to %s (%d)"):format(table.concat(case[2], "."), i), function()
        local attributes = { id = "a" }
        for key, value in pairs(old) do attributes[key] = value end
        assert(tbl:put_item(attributes))
        assert(tbl:update_item({ hash_key = "a", update = case[1] }))
        local found = at(assert(tbl:get_item("a")), case[2])
        if type(case[3]) == "table" then assert.same(case[3], found) else assert.equal(case[3], found) end
      end)
    end
  end)
end)
