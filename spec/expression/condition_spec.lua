-- Conditions: the text of each operator, parentheses, limits, and misuse.
local condition = require("dynamodb.expression.condition")
local dynamodb = require("dynamodb")
local expressions = require("dynamodb.expression.builder")
local fixture = dofile("spec/support/table_fixture.lua")
local helper = dofile("spec/support/helper.lua")

local attr, gt, eq = dynamodb.attr, dynamodb.gt, dynamodb.eq
local load_text = loadstring or load
local unpack = table.unpack or unpack -- luacheck: ignore 143 113

-- Writes a condition -> its text, the expression.
local function write(given)
  local expression = expressions.new("here")
  return condition.write(expression, given, "filter"), expression
end

local refused = fixture.raises_in("condition_spec.lua")

-- { operator, arguments, text with subject #1, values in ExpressionAttributeValues }
local operators = {
  { "eq", { 3 }, "%s = :1", { 3 } },
  { "ne", { 3 }, "%s <> :1", { 3 } },
  { "lt", { 3 }, "%s < :1", { 3 } },
  { "le", { 3 }, "%s <= :1", { 3 } },
  { "gt", { 3 }, "%s > :1", { 3 } },
  { "ge", { 3 }, "%s >= :1", { 3 } },
  { "between", { 3, 5 }, "%s BETWEEN :1 AND :2", { 3, 5 } },
  { "begins_with", { "x" }, "begins_with(%s, :1)", { "x" } },
  { "contains", { "x" }, "contains(%s, :1)", { "x" } },
  { "not_contains", { "x" }, "NOT contains(%s, :1)", { "x" } },
  { "is_in", { { 1, 2, 1 } }, "%s IN (:1, :2, :1)", { 1, 2 } },
  { "exists", {}, "attribute_exists(%s)", {} },
  { "not_exists", {}, "attribute_not_exists(%s)", {} },
  { "attribute_type", { "SS" }, "attribute_type(%s, :1)", { "SS" } },
}

-- Whether the text has redundant parentheses, which the service rejects.
local function redundant(text)
  local opened, pairs_of = {}, {}
  for position, mark in text:gmatch("()([()])") do
    if mark == "(" then
      opened[#opened + 1] = position
    else
      pairs_of[table.remove(opened)] = position
    end
  end
  for first, last in pairs(pairs_of) do
    if pairs_of[first + 1] == last - 1 then return true end
  end
  return false
end

describe("condition", function()
  describe("operator", function()
    for _, case in ipairs(operators) do
      local name, values = case[1], case[2]
      local function made() return dynamodb[name](unpack(values)) end
      local function bound(operand) return operand[name](operand, unpack(values)) end

      local function check(given, operand)
        local text, e = write(given)
        assert.equal(case[3]:format(operand or "#1"), text)
        local sent = {}
        for i, value in ipairs(case[4]) do sent[":" .. i] = value end
        assert.same(sent, e.values)
        assert.equal("a", e.names["#1"])
      end

      it(name .. " works as a method and as a function", function()
        check(bound(attr("a")))
        check({ a = made() })
      end)

      it(name .. " reaches into documents", function()
        check(bound(attr("a.b[2].c")), "#1.#2[2].#3")
        check({ ["a.'x.y'[0]"] = made() }, "#1.#2[0]")
        check(bound(attr({ "a", 0, "b" })), "#1[0].#2")
      end)

      it(name .. " needs its attribute", function()
        refused("here: " .. name .. ": about which attribute?", write, made())
        refused("here: " .. name .. ": about which attribute?", write, { made() })
        refused("here: " .. name .. ": about which attribute?", write, dynamodb.all(bound(attr("a")), made()))
      end)

      it(name .. " requires its number of values", function()
        local expected = ("%s: %d value%s expected, got "):format(name, #values, #values == 1 and "" or "s")
        local takes = ({ [0] = "no arguments", "(value)", "(low, high)" })[#values]
        local surplus = ("%s takes %s: 3 arguments given"):format(name, takes)
        refused(surplus, function() dynamodb[name](1, 2, 3) end)
        refused(surplus, function() attr("a")[name](attr("a"), 1, 2, 3) end)
        if #values > 0 then
          refused(expected .. "0", function() dynamodb[name]() end)
          refused(name .. ": value expected, got nil", function() dynamodb[name](unpack({ nil, 1 }, 1, #values)) end)
        end
      end)
    end

    it("compares with another attribute", function()
      for name, text in pairs({ eq = "#1 = #2", lt = "#1 < #2", contains = "contains(#1, #2)" }) do
        assert.equal(text, (write(attr("a")[name](attr("a"), attr("b")))))
        assert.equal(text, (write({ a = dynamodb[name](attr("b")) })))
      end
      assert.equal("#1 BETWEEN #2 AND :1", (write(attr("a"):between(attr("b"), 9))))
      assert.equal("#1 IN (#2, :1)", (write(attr("a"):is_in({ attr("b"), 1 }))))
      assert.equal("#1 = #2", (write({ a = attr("b") })))
    end)

    it("may compare a size", function()
      assert.equal("size(#1) > :1", (write(attr("a"):size():gt(3))))
      assert.equal("size(#1) > :1", (write({ a = dynamodb.size(gt(3)) })))
      assert.equal("size(#1) BETWEEN :1 AND :2", (write({ a = dynamodb.size(dynamodb.between(1, 2)) })))
      assert.equal("size(#1) = size(#2)", (write(attr("a"):size():eq(attr("b"):size()))))
      assert.equal("#1 < size(#2)", (write(attr("a"):lt(attr("b"):size()))))
    end)

    for name, inner in pairs({ ["a bound one"] = attr("a"):gt(3), ["a number"] = 3,
      ["a combination"] = dynamodb.all(gt(3)), text = dynamodb.where("a = ?", 1) }) do
      it("supports sizes in comparisons only, not in " .. name, function()
        refused("size: comparison without an attribute expected", dynamodb.size, inner)
      end)
    end

    it("takes up to 100 values in one IN", function()
      local many = {}
      for i = 1, 100 do many[i] = i end
      local text, e = write({ a = dynamodb.is_in(many) })
      assert.is_truthy(text:find(":100)", 1, true))
      assert.equal(100, e.value_count)
      many[101] = 101
      refused("here: a: is_in: 101 values, at most 100", write, { a = dynamodb.is_in(many) })
    end)

    for name, values in pairs({ ["an empty list"] = {}, ["a text"] = "abc", ["a map"] = { a = 1 },
      ["a set"] = dynamodb.set({ 1 }) }) do
      it("rejects IN with " .. name, function()
        refused("here: a: is_in: list of values expected", write, { a = dynamodb.is_in(values) })
      end)
    end

    for _, kind in ipairs({ "s", "STRING", 5, "" }) do
      it("rejects the attribute type " .. tostring(kind), function()
        refused("here: a: attribute_type: S, N, B, BOOL, NULL, M, L, SS, NS or BS expected", write,
          { a = dynamodb.attribute_type(kind) })
      end)
    end
  end)

  describe("combination", function()
    local a, b, c = attr("a"):eq(1), attr("b"):eq(2), attr("c"):eq(3)
    local all, any, negate, where = dynamodb.all, dynamodb.any, dynamodb.negate, dynamodb.where

    local combinations = {
      { "all of some", all(a, b, c), "(#1 = :1 AND #2 = :2 AND #3 = :3)" },
      { "any of some", any(a, b, c), "(#1 = :1 OR #2 = :2 OR #3 = :3)" },
      { "none", negate(a), "(NOT #1 = :1)" },
      { "all of one", all(a), "#1 = :1" },
      { "any of one of one", any(all(any(a))), "#1 = :1" },
      { "any of all", any(all(a, b), c), "((#1 = :1 AND #2 = :2) OR #3 = :3)" },
      { "all of any", all(any(a, b), any(b, c)), "((#1 = :1 OR #2 = :2) AND (#2 = :2 OR #3 = :3))" },
      { "not any", negate(any(a, b)), "(NOT (#1 = :1 OR #2 = :2))" },
      { "not not", negate(negate(a)), "(NOT (NOT #1 = :1))" },
      { "text in all", all(a, where("b = ? OR c = ?", 2, 3)), "(#1 = :1 AND (#2 = :2 OR #3 = :3))" },
      { "text alone", where("a = ?", 1), "(#1 = :1)" },
      { "text in parentheses", all(where("(a = ?)", 1)), "(#1 = :1)" },
      { "text with two pairs", where("(a = ?) OR (b = ?)", 1, 2), "((#1 = :1) OR (#2 = :2))" },
      { "text that names parentheses", where("'(a' = ? OR 'b)' = ?", 1, 2), "(#1 = :1 OR #2 = :2)" },
      { "not text", negate(where("a = ? AND b = ?", 1, 2)), "(NOT (#1 = :1 AND #2 = :2))" },
      { "without nil", all(nil, a, nil, b, nil), "(#1 = :1 AND #2 = :2)" },
      { "any without nil", any(nil, a), "#1 = :1" },
      { "of tests by name", { a = eq(1), b = any(eq(2), gt(3)) }, "#1 = :1 AND (#2 = :2 OR #2 > :3)" },
      { "negated test", { a = negate(dynamodb.exists()) }, "(NOT attribute_exists(#1))" },
      { "plain values", { a = 1, b = false }, "#1 = :1 AND #2 = :2" },
      { "conditions and tests", { a, any(b, c), d = gt(4) }, "#1 = :1 AND (#2 = :2 OR #3 = :3) AND #4 > :4" },
      { "text and tests", { "a = ? OR b = ?", 1, 2, c = 3 }, "(#1 = :1 OR #2 = :2) AND #3 = :3" },
      { "a list with holes", { [1] = a, [3] = b, [7] = c }, "#1 = :1 AND #2 = :2 AND #3 = :3" },
      { "text without values", "attribute_exists(a)", "(attribute_exists(#1))" },
    }
    for _, case in ipairs(combinations) do
      it("writes " .. case[1], function() assert.equal(case[3], (write(case[2]))) end)
    end

    it("has a deterministic text", function()
      local given = {}
      for i = 1, 30 do given[("n%02d"):format(i)] = i end
      local text, e = write(given)
      for i = 1, 30 do assert.equal(("n%02d"):format(i), e.names["#" .. i]) end
      assert.equal(text, (write(given)))
    end)

    it("never has redundant parentheses", function()
      assert.is_true(redundant("x AND ((a)) OR (b)")) -- an example of redundant parentheses
      assert.is_false(redundant("((a) AND (b))"))
      math.randomseed(3)
      local leaves = { a, b, attr("c"):is_in({ 1, 2 }), attr("d"):size():gt(1), where("a = ?", 1), where("(a = ?)", 1),
        where("(a = ?) OR (b = ?)", 1, 2), where("NOT (a = ?)", 1), attr("e"):not_contains("x") }
      local function random(depth)
        local kind = depth > 0 and math.random(4) or 1
        if kind == 1 then return leaves[math.random(#leaves)] end
        if kind == 2 then return negate(random(depth - 1)) end
        local parts = {}
        for i = 1, math.random(3) do parts[i] = random(depth - 1) end
        return (kind == 3 and all or any)(unpack(parts))
      end
      for _ = 1, 500 do
        local text = write(random(4))
        assert.is_false(redundant(text), text)
      end
    end)

    it("supports Lua operators", function()
      local chunk = load_text([[
        local a, b, c = ...
        return a & b | c, ~a & (b | c), ~(a & b)
      ]])
      if not chunk then return assert.is_truthy(_VERSION == "Lua 5.1") end
      local first, second, third = chunk(a, b, c)
      assert.equal("((#1 = :1 AND #2 = :2) OR #3 = :3)", (write(first)))
      assert.equal("((NOT #1 = :1) AND (#2 = :2 OR #3 = :3))", (write(second)))
      assert.equal("(NOT (#1 = :1 AND #2 = :2))", (write(third)))
      refused("all: condition expected as argument 2, got string", load_text("local a = ... return a & 'x'",
        "@condition_spec.lua"), a)
    end)

    it("counts its operators", function()
      local parts = {}
      for i = 1, 150 do parts[i] = attr("a"):eq(1) end
      parts[151] = dynamodb.where("attribute_exists(a)") -- 150 comparisons, 150 AND, one function
      refused("here: filter: more than 300 operators", write, all(unpack(parts)))
      refused("here: filter: more than 300 operators", write, parts)
      parts[151] = nil
      write(all(unpack(parts))) -- 299
    end)

    for _, case in ipairs({
      { "all: at least one condition expected", all },
      { "any: at least one condition expected", any, nil, nil },
      { "negate: at least one condition expected", negate },
      { "all: condition expected as argument 2, got number", all, a, 5 },
      { "any: condition expected as argument 1, got string", any, "a = ?" },
      { "negate: condition expected as argument 1, got table", negate, { a = 1 } },
      { 'all: condition expected as argument 1, got attr"a", which has no test; say :eq(...)', all, attr("a") },
      { "where: text expected, got number", where, 5 },
      { "where: text expected, got nil", where },
      { "attr: document path expected, got number", attr, 5 },
      { "attr: document path expected, got nil", attr },
    }) do
      it("refuses " .. case[1], function() refused(case[1], unpack(case, 2, #case)) end)
    end

    for _, case in ipairs({
      { "filter: condition, text or table expected, got number", 5 },
      { "filter: condition, text or table expected, got boolean", true },
      { "filter: condition expected, got an empty table", {} },
      { "condition expected at position 1, got number", { 5 } },
      { "condition expected at position 2, got string", { a, "b = ?" } },
      { "condition expected at position 1, got table", { { a = 1 } } },
      { "condition expected at position 3, got number", { [1] = a, [3] = 5 } },
      { "condition expected at position 0.5, got number", { [0.5] = 5 } },
      { "document path expected, got boolean", { [true] = 5 } },
      { "'a': condition that is about this attribute expected", { a = b } },
      { "'a': condition that is about this attribute expected", { a = where("b = ?", 1) } },
      { "document path expected", { ["a..b"] = 1 } },
      { "document path expected", attr("a["):eq(1) },
      { "a: value: DynamoDB value expected, got a condition", { a = eq(gt(3)) } },
      { "a: value: DynamoDB value expected, got an action of an update", { a = dynamodb.increment() } },
      { "a: value: ", { a = print } },
      { "a.b: value: [1]: NaN", { attr("a.b"):eq({ 0 / 0 }), c = 1 } },
      { "value: NaN", { dynamodb.all(attr("a"):eq(1), where("b = ?", 0 / 0)) } },
      { 'value 1 of "a = ?" is missing', "a = ?" },
      { '"a = ?" takes 1 values, got 2', { "a = ?", 1, 2 } },
      { "filter: more than 300 operators", where(("attribute_exists(a) OR "):rep(200) .. "attribute_exists(a)") },
      { "filter: expression of more than 4096 bytes",
        where(("attribute_exists(a" .. (".b"):rep(20) .. ") OR "):rep(75) .. "a = b") },
      { "filter: expression of 4097 bytes, at most 4096", where("size(a) >" .. (" "):rep(5000) .. ("("):rep(2041) .. "b"
        .. (")"):rep(2041)) },
    }) do
      it("refuses to write: " .. case[1], function() refused("here: " .. case[1], write, case[2]) end)
    end
  end)

  describe("in calls", function()
    local fake = helper.fake()
    local tbl = helper.offline(fake):table("t", { hash_key = "id" })

    for name, call in pairs({
      put_item = function(given) return tbl:put_item({ id = "a" }, { condition = given }) end,
      delete_item = function(given) return tbl:delete_item({ hash_key = "a", condition = given }) end,
      update_item = function(given) return tbl:update_item({ hash_key = "a", update = { n = 1 }, condition = given }) end,
      query = function(given) return tbl:query({ hash_key = "a", filter = given }) end,
      scan = function(given) return tbl:scan({ filter = given }) end,
    }) do
      it("is rejected before a request is sent: " .. name, function()
        for _, wrong in ipairs({ gt(3), {}, { 5 }, "a = ?", { a = dynamodb.is_in({}) }, { ["a."] = 1 } }) do
          refused(name .. ": ", call, wrong)
        end
        assert.equal(0, fake.opened)
      end)
    end
  end)
end)
