-- The builder of expressions: placeholders for names and values, and paths.
local dynamodb = require("dynamodb")
local expressions = require("dynamodb.expression.builder")
local fixture = dofile("spec/support/table_fixture.lua")

-- Calls f with a new expression -> the result, the expression.
local function with(f)
  local expression = expressions.new("here")
  return f(expression), expression
end

local raises = fixture.raises_in("builder_spec.lua")

local function refused(message, f) raises("here: " .. message, with, f) end

describe("expression", function()
  describe("paths", function()
    for _, case in ipairs({
      { "a", { "a" } },
      { "a.b[2].c", { "a", "b", 2, "c" } },
      { "a[0][1]", { "a", 0, 1 } },
      { "'a.b'", { "a.b" } },
      { "'a.b'.'c[0]'[3].d", { "a.b", "c[0]", 3, "d" } },
      { "a.'b c'", { "a", "b c" } },
      { "with-dash.and space", { "with-dash", "and space" } },
      { "Größe.名前", { "Größe", "名前" } },
      { "a[2147483647]", { "a", 2147483647 } },
    }) do
      it("reads " .. case[1], function()
        assert.same(case[2], expressions.parse_path(case[1]))
        assert.same(case[2], (with(function(e) return e:steps(case[1]) end)))
      end)
    end

    for _, path in ipairs({ "", ".", "a.", ".a", "a..b", "[0]", "a[", "a[]", "a[x]", "a[-1]", "a[1.5]", "a[1]b", "a]", "a'b",
      "'a", "''", "a.[0]", "a[2147483648]", "a[99999999999999999999]" }) do
      it("refuses " .. path .. " as no path", function()
        refused(('document path expected (a.b[2].c, names with dots as \'a.b\'), got "%s"'):format(path), function(e)
          e:path(path)
        end)
      end)
    end

    it("have at most 32 steps", function()
      local steps = {}
      for i = 1, 33 do steps[i] = i % 2 == 0 and 0 or "a" end
      for _, path in ipairs({ "a" .. (".a"):rep(32), "a" .. ("[0]"):rep(32), steps }) do
        refused("document path of more than 32 steps", function(e) e:path(path) end)
      end
      steps[33] = nil
      for _, path in ipairs({ "a" .. (".a"):rep(31), "a" .. ("[0]"):rep(31), steps }) do
        assert.equal(32, #with(function(e) return e:steps(path) end))
      end
    end)

    it("are shortened in messages", function()
      refused("document path expected (a.b[2].c, names with dots as 'a.b'), got \"" .. ("."):rep(200) .. '..."', function(e)
        e:path(("."):rep(300))
      end)
    end)

    for name, path in pairs({ number = 5, boolean = true, ["empty list"] = {}, ["list that starts with a position"] = { 0, "a" },
      ["fractional position"] = { "a", 0.5 }, ["negative position"] = { "a", -1 }, ["huge position"] = { "a", 2 ^ 40 },
      ["empty name"] = { "a", "" }, ["step that is a table"] = { "a", {} } }) do
      it("refuses a " .. name, function()
        refused("document path expected", function(e) e:path(path) end)
      end)
    end

    it("takes steps literally, including dots", function()
      local text, e = with(function(e) return e:path({ "a.b", 0, "c[1]" }) end)
      assert.equal("#1[0].#2", text)
      assert.same({ ["#1"] = "a.b", ["#2"] = "c[1]" }, e.names)
    end)
  end)

  describe("placeholders", function()
    it("replace every name, reserved or not", function()
      local text, e = with(function(e) return e:path("Size.Status[0].Name") end)
      assert.equal("#1.#2[0].#3", text)
      assert.same({ ExpressionAttributeNames = { ["#1"] = "Size", ["#2"] = "Status", ["#3"] = "Name" } }, e:into({}))
    end)

    it("are shared by uses of one name", function()
      local text, e = with(function(e) return e:path("a.b.a") .. " " .. e:path("b") end)
      assert.equal("#1.#2.#1 #2", text)
      assert.same({ ["#1"] = "a", ["#2"] = "b" }, e.names)
    end)

    local twice = {
      text = { "x", "x" }, number = { 1, 1.0 }, boolean = { false, false }, null = { dynamodb.null, dynamodb.null },
      binary = { dynamodb.binary("b"), dynamodb.binary("b") }, set = { dynamodb.set({ 1 }), dynamodb.set({ 1 }) },
      list = { { 1, 2 }, { 1, 2 } }, map = { { a = 1 }, { a = 1 } }, decimal = { dynamodb.number("1e2"), 100 },
    }
    for name, values in pairs(twice) do
      it("are shared by uses of one value: " .. name, function()
        local text, e = with(function(e) return e:value(values[1]) .. e:value(values[2]) end)
        assert.equal(":1:1", text)
        assert.equal(values[1], e:into({}).ExpressionAttributeValues[":1"])
        assert.is_nil(e.values[":2"])
      end)
    end

    it("differ for values of different types", function()
      local text = with(function(e)
        return e:value("1") .. e:value(1) .. e:value(dynamodb.binary("1")) .. e:value({ 1 }) .. e:value(dynamodb.set({ 1 }))
      end)
      assert.equal(":1:2:3:4:5", text)
    end)

    it("are omitted from the request when there are none", function()
      assert.same({ TableName = "t" }, expressions.new("here"):into({ TableName = "t" }))
    end)

    for name, case in pairs({
      ["nil"] = { nil, "value expected, got nil" },
      ["a function"] = { print, "value: " },
      ["NaN"] = { 0 / 0, "value: " },
      ["bytes as text"] = { "\255", "value: " },
      ["a condition"] = { dynamodb.gt(1), "value: DynamoDB value expected, got a condition" },
      ["an attribute"] = { dynamodb.attr("a"), "value: DynamoDB value expected, got an attribute" },
      ["an action"] = { dynamodb.increment(), "value: DynamoDB value expected, got an action of an update" },
      ["an update"] = { dynamodb.update(), "value: DynamoDB value expected, got an update" },
    }) do
      it("reject an invalid value: " .. name, function()
        refused(case[2], function(e) e:value(case[1]) end)
      end)
    end
  end)

  describe("text", function()
    local function compile(text, ...)
      local given = { ... }
      return with(function(e) return e:text(text, given) end)
    end

    for _, case in ipairs({
      { "Age > ?", { 3 }, "#1 > :1", { "Age" } },
      { "a = ? AND b = ?", { 1, 1 }, "#1 = :1 AND #2 = :1", { "a", "b" } },
      { "  a<>?  ", { 1 }, "#1<>:1", { "a" } },
      { "a=?and'b'=?or#=?", { 1, 1, "c", 1 }, "#1=:1 AND#2=:1 OR#3=:1", { "a", "b", "c" } },
      { "a.b[2].c = ?", { 1 }, "#1.#2[2].#3 = :1", { "a", "b", "c" } },
      { "'a.b'.c = ?", { 1 }, "#1.#2 = :1", { "a.b", "c" } },
      { "# = ?", { "a.b[1]", 1 }, "#1.#2[1] = :1", { "a", "b" } },
      { "# = ? or # = ?", { "a", 1, { "b.c" }, 2 }, "#1 = :1 OR #2 = :2", { "a", "b.c" } },
      { "not contains(a, ?)", { 1 }, "NOT contains(#1, :1)", { "a" } },
      { "size (size) between ? and ?", { 1, 2 }, "size (#1) BETWEEN :1 AND :2", { "size" } },
      { "status in (?, ?)", { 1, 2 }, "#1 IN (:1, :2)", { "status" } },
      { "attribute_exists('in') AND 'and' = ?", { 1 }, "attribute_exists(#1) AND #2 = :1", { "in", "and" } },
      { "'it is (odd)' = ?", { false }, "#1 = :1", { "it is (odd)" } },
      { "set a = b + ?, c.d = if_not_exists(e, ?)", { 1, 2 }, "SET #1 = #2 + :1, #3.#4 = if_not_exists(#5, :2)",
        { "a", "b", "c", "d", "e" } },
    }) do
      it("becomes placeholders: " .. case[1], function()
        local text, e = with(function(e) return e:text(case[1], case[2]) end)
        assert.equal(case[3], text)
        local names = {}
        for i, name in ipairs(case[4]) do names["#" .. i] = name end
        assert.same(names, e.names)
      end)
    end

    for _, case in ipairs({
      { 'value 1 of "a = ?" is missing', "a = ?" },
      { 'value 2 of "a = ? OR b = ?" is missing', "a = ? OR b = ?", 1 },
      { 'value 1 of "a = ? OR b = ?" is missing', "a = ? OR b = ?", nil, 2 },
      { 'value 1 of "# = ?" is missing', "# = ?" },
      { '"a = ?" takes 1 values, got 2', "a = ?", 1, 2 },
      { '"a = ?" takes 1 values, got 3', "a = ?", 1, nil, 3 },
      { '"attribute_exists(a)" takes 0 values, got 1', "attribute_exists(a)", 1 },
      { "unknown function 'exists'", "exists(a)" },
      { "unknown function 'Size'", "Size (a) > ?", 1 },
      { "\"a = 5\": unexpected '5': a value is written as ? and given after the text", "a = 5" },
      { "\"a = :v\": unexpected ':v': a value is written as ?", "a = :v" },
      { '"a = \\"x\\"": unexpected \'"\': a value is written as ?', 'a = "x"' },
      { "\"a = true\": unexpected 'true': a value is written as ?", "a = true" },
      { "\"#n = ?\": unexpected '#n': a name is written as it is, in 'quotes', or as #", "#n = ?", 1 },
      { "\"a != ?\": unexpected '!=': unequal is written as <>", "a != ?", 1 },
      { "\"a == ?\": unexpected '==': equal is written as =", "a == ?", 1 },
      { "\"a && b\": unexpected '&&': write AND", "a && b" },
      { "\"a || b\": unexpected '||': write OR", "a || b" },
      { "\"!a\": unexpected '!': write NOT", "!a" },
      { "\"a = 'b\": unexpected '''", "a = 'b" },
      { "\"a[i] = ?\": unexpected '['", "a[i] = ?", 1 },
      { "document path expected", "# = ?", 5, 1 },
      { "value: DynamoDB value expected, got a condition", "a = ?", dynamodb.gt(1) },
    }) do
      it("is refused: " .. case[1], function()
        local message = case[1]:gsub('\\"', '"')
        refused(message, function(e) e:text(case[2], { case[3], case[4], case[5] }) end)
      end)
    end

    it("binds each value to its question mark", function()
      local _, e = compile("a BETWEEN ? AND ? OR b = ?", 10, 20, "x")
      assert.same({ [":1"] = 10, [":2"] = 20, [":3"] = "x" }, e.values)
    end)
  end)

  describe("limits", function()
    it("are 4 KB of text", function()
      local function long(bytes) return function(e) return e:finish(("x"):rep(bytes), "filter") end end
      assert.equal(4096, #with(long(4096)))
      refused("filter: expression of 4097 bytes, at most 4096", long(4097))
    end)

    it("are 300 operators of each expression", function()
      local function count(n)
        return function(e)
          for _ = 1, n do e:count(1) end
          return e:finish("x", "filter")
        end
      end
      assert.equal("x", (with(count(300))))
      refused("expression: more than 300 operators", count(301))
      with(function(e)
        count(300)(e)
        count(300)(e)
      end)
    end)

    for _, case in ipairs({
      { "a = ?", 1 }, { "a <> ?", 1 }, { "a >= ?", 1 }, { "a < ? AND b > ?", 3 }, { "NOT a = ?", 2 },
      { "a IN (?)", 1 }, { "begins_with(a, ?)", 1 }, { "size(a) = ?", 2 }, { "a.b[0].c = ?", 1 },
    }) do
      it("count the operators of text: " .. case[1], function()
        local _, e = with(function(e) return e:text(case[1], case[1]:find("b >") and { 1, 2 } or { 1 }) end)
        assert.equal(case[2], e.operators)
      end)
    end
  end)

  describe("projection", function()
    local function project(paths, names)
      return with(function(e) return e:projection(paths, names or {}) end)
    end

    it("takes a list or text with commas", function()
      for _, paths in ipairs({ { "a", "b.c[0]" }, "a,b.c[0]", " a , b.c[0] " }) do
        local text, e = project(paths)
        assert.equal("#1, #2.#3[0]", text)
        assert.same({ ["#1"] = "a", ["#2"] = "b", ["#3"] = "c" }, e.names)
      end
    end)

    it("takes commas in quotes as parts of names", function()
      local text, e = project("a, 'b,c'.d[0],'e'.'f, g' ,h")
      assert.equal("#1, #2.#3[0], #4.#5, #6", text)
      assert.same({ ["#1"] = "a", ["#2"] = "b,c", ["#3"] = "d", ["#4"] = "e", ["#5"] = "f, g", ["#6"] = "h" }, e.names)
    end)

    it("adds required names, and each path once", function()
      local text, e = project({ "b", "a", "'x.y'" }, { "a", "x.y", "id" })
      assert.equal("#1, #2, #3, #4", text)
      assert.same({ ["#1"] = "b", ["#2"] = "a", ["#3"] = "x.y", ["#4"] = "id" }, e.names)
    end)

    it("includes every path of a list with holes", function()
      assert.equal("#1, #2", (project({ [1] = "a", [3] = "b" })))
    end)

    for name, case in pairs({
      ["an empty list"] = { {}, "projection: list of document paths expected" },
      ["an empty text"] = { "", "projection: list of document paths expected" },
      ["a number"] = { 5, "projection: list of document paths expected" },
      ["a map"] = { { a = true }, "projection: list of document paths expected" },
      ["a map beside a list"] = { { "a", b = "c" }, "projection: list of document paths expected, got a member 'b'" },
      ["an empty path in a text"] = { "a,,b", "document path expected (a.b[2].c, names with dots as 'a.b'), got \"\"" },
      ["a comma at the end"] = { "a,", "document path expected" },
      ["a quote that does not end"] = { "a, 'b, c",
        "document path expected (a.b[2].c, names with dots as 'a.b'), got \"'b, c\"" },
      ["a quote within a name"] = { "a'b,c'",
        "document path expected (a.b[2].c, names with dots as 'a.b'), got \"a'b,c'\"" },
      ["a path twice"] = { { "b", "a", "b" }, "projection: 'b' occurs twice" },
      ["an action"] = { dynamodb.increment("a"), "projection: list of document paths expected, got dynamodb.action" },
      ["a bad path"] = { { "a", "b." }, "document path expected" },
      ["paths that overlap"] = { "b, a.b, 'a'.b[1]", "projection: 'a.b' and 'a.b[1]' overlap" },
    }) do
      it("refuses " .. name, function()
        refused(case[2], function(e) e:projection(case[1], {}) end)
      end)
    end
  end)
end)
