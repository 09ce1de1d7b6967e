-- Compares the server's evaluation of conditions with spec/support/condition_evaluator.lua: every operator with every type of
-- operands, and random conditions. The emulator is more lenient than the service in two cases, and both results pass. The
-- service rejects these conditions, the emulator matches no item:
--   * < <= > >= and BETWEEN with BOOL, NULL, L, M and sets;
--   * BETWEEN with bounds of two types or in the wrong order, outside key conditions.

local dynamodb = require("dynamodb")
local engines = dofile("spec/support/engines.lua")
local evaluate = dofile("spec/support/condition_evaluator.lua")
local generate = dofile("spec/support/random_source.lua")
local helper = dofile("spec/support/helper.lua")
local share = dofile("spec/support/samples.lua")

local binary, set = dynamodb.binary, dynamodb.set

-- Values of each type. Each is an attribute of some item and an operand of some condition.
local TYPES = { "S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS" }
local samples = {
  S = { "ab", "b" },
  N = { -1, 2, dynamodb.number("1e40") },
  B = { binary("ab"), binary("b\0\255") },
  BOOL = { true, false },
  NULL = { dynamodb.null },
  L = { dynamodb.list({}), dynamodb.list({ "ab", 2, binary("ab"), true, dynamodb.null, dynamodb.list({ 2 }) }) },
  M = { dynamodb.map({}), dynamodb.map({ ab = 2 }) },
  SS = { set({ "ab", "b" }), set({ "c" }) },
  NS = { set({ -1, 2 }), set({ 3 }) },
  BS = { set({ binary("ab"), binary("b\0\255") }), set({ binary("c") }) },
}
local items = { { id = "none" } }
for _, kind in ipairs(TYPES) do
  for i, value in ipairs(samples[kind]) do items[#items + 1] = { id = kind .. i, v = value } end
end

local ordering = { lt = true, le = true, gt = true, ge = true, between = true }
local ordered = { S = true, N = true, B = true }
local V = { path = "v" }
local SIZE = { path = "v", sized = true }

-- The grid: { operator, type, condition, "refused" | "lenient" | nil }.
local grid = {}
local function add(name, kind, ...)
  local verdict
  if ordering[name] and not ordered[kind] then verdict = "lenient" end
  if name == "begins_with" and kind ~= "S" and kind ~= "B" then verdict = "refused" end
  grid[#grid + 1] = { name, kind, { name, V, ... }, verdict }
end
for _, kind in ipairs(TYPES) do
  local list = samples[kind]
  for _, name in ipairs({ "eq", "ne", "lt", "le", "gt", "ge", "begins_with", "contains", "not_contains" }) do
    for _, value in ipairs(list) do add(name, kind, value) end
  end
  add("between", kind, list[1], list[2] or list[1])
  add("is_in", kind, list)
  add("is_in", kind, { "nowhere", list[#list], 77 })
  add("attribute_type", kind, kind)
  for n = 0, 2 do grid[#grid + 1] = { "size", kind, { ({ "eq", "ge", "lt" })[n + 1], SIZE, n } } end
end
add("exists", "any")
add("not_exists", "any")
add("is_in", "any", { "ab", 2, true, dynamodb.null })
grid[#grid + 1] = { "between", "two types", { "between", V, 1, "z" }, "lenient" }
grid[#grid + 1] = { "between", "wrong order", { "between", V, 5, 2 }, "lenient" }
grid[#grid + 1] = { "size", "text", { "eq", SIZE, "x" } }
grid[#grid + 1] = { "size", "between", { "between", SIZE, 1, 2 } }
grid[#grid + 1] = { "eq", "attribute", { "eq", V, { path = "id" } } }
grid[#grid + 1] = { "ne", "attribute", { "ne", V, { path = "id" } } }
grid[#grid + 1] = { "begins_with", "attribute", { "begins_with", { path = "id" }, V } }
grid[#grid + 1] = { "eq", "nothing", { "eq", V, { path = "nowhere" } } }
grid[#grid + 1] = { "ne", "nothing", { "ne", V, { path = "nowhere" } } }
for _, path in ipairs({ "v[0]", "v[1]", "v[5][0]", "v.ab", "v.ab[0]", "v[0].ab", "v[9]" }) do
  grid[#grid + 1] = { "eq", path, { "eq", { path = path }, 2 } }
  grid[#grid + 1] = { "ne", path, { "ne", { path = path }, 2 } }
  grid[#grid + 1] = { "exists", path, { "exists", { path = path } } }
end

-- Formats the expression of a tree for failure messages.
local function show(tree)
  local e = require("dynamodb.expression.builder").new("show")
  local text = require("dynamodb.expression.condition").write(e, evaluate.build(tree), "condition")
  local function value(place) return require("dynamodb.core").encode(e.values[place], "value") end
  return (text:gsub("#%d+", e.names):gsub(":%d+", value))
end

describe("conditions on the server", function()
  local conn, tbl

  local function fill(given, key)
    local made = helper.create_table(conn, key)
    for _, item in ipairs(given) do assert(made:put_item(item)) end
    return made
  end

  setup(function()
    conn = helper.connect()
    tbl = fill(items)
  end)
  teardown(function()
    tbl:delete()
    conn:close()
  end)

  -- The sorted names of rows or items as text.
  local function ids(rows, accepts)
    local list = {}
    for _, row in ipairs(rows) do
      if not accepts or accepts(row) then list[#list + 1] = row.id end
    end
    table.sort(list)
    return table.concat(list, " ")
  end

  -- Asserts the verdict: a rejected type has a ValidationException. Returns true if the result must be checked further.
  local function check_verdict(verdict, result, err, label)
    if verdict == "refused" or (verdict == "lenient" and result == nil and err.code == "ValidationException") then
      assert.is_nil(result, label)
      assert.equal("ValidationException", err.code, label)
      return false
    end
    return true
  end

  it("filter a scan correctly", function()
    engines.need(pending, "document_conditions")
    for _, case in ipairs(grid) do
      local tree, label = case[3], ("%s %s: %s"):format(case[1], case[2], show(case[3]))
      local rows, err = tbl:scan({ filter = evaluate.build(tree), items = false }):all()
      if check_verdict(case[4], rows, err, label) then
        assert.is_truthy(rows, label .. ": " .. tostring(err))
        assert.equal(ids(items, function(item) return evaluate.holds(tree, item) end), ids(rows), label)
      end
    end
  end)

  it("permit a put correctly", function()
    engines.need(pending, "document_conditions")
    for _, case in ipairs(grid) do
      local tree = case[3]
      for _, item in ipairs(items) do
        local label = ("%s %s on %s: %s"):format(case[1], case[2], item.id, show(tree))
        local ok, err = tbl:put_item(item, { condition = evaluate.build(tree) })
        if not ok and err.code == "ConditionalCheckFailedException" then ok = false end
        if check_verdict(case[4], ok, err, label) then assert.equal(evaluate.holds(tree, item), ok, label) end
      end
    end
  end)

  it("match different items for different operators", function() -- proves that the grid is useful
    local matches = {}
    for _, case in ipairs(grid) do
      local key = case[1]
      matches[key] = (matches[key] or "") .. ids(items, function(item) return evaluate.holds(case[3], item) end) .. "|"
    end
    local seen = {}
    for name, result in pairs(matches) do
      assert.is_nil(seen[result], name .. " matches the same items as " .. tostring(seen[result]))
      seen[result] = name
    end
  end)

  describe("about keys", function()
    local ranges = {
      S = { "a", "ab", "abc", "b", "ba", "Z", "\195\164" },
      N = { -100, -1.5, 0, 1, 2, 10, 1e20 },
      B = { binary("a"), binary("ab"), binary("ab\0"), binary("b"), binary("\255"), binary("\0"), binary("\127") },
    }

    for kind, values in pairs(ranges) do
      it("find items by their range key of type " .. kind, function()
        local rows = {}
        for i, value in ipairs(values) do rows[i] = { id = "one", at = value } end
        local made = fill(rows, { hash_key_name = "id", hash_key_proto_value = "S", range_key_name = "at",
          range_key_proto_value = kind })
        assert(made:put_item({ id = "other", at = values[2] }))
        table.sort(rows, function(a, b) return evaluate.holds({ "lt", { path = "at" }, b.at }, a) end)

        local function check(name, ...)
          local tree = { name, { path = "at" }, ... }
          local expected, unbound = {}, dynamodb[name](...)
          for _, row in ipairs(rows) do
            if evaluate.holds(tree, row) then expected[#expected + 1] = tostring(row.at) end
          end
          for _, given in ipairs({ { hash_key = "one", range_key = unbound },
            { key_condition = dynamodb.all(dynamodb.attr("id"):eq("one"), evaluate.build(tree)) } }) do
            local found = {}
            given.items = false
            for row in made:query(given) do found[#found + 1] = tostring(row.at) end
            assert.same(expected, found, show(tree))
          end
        end

        for i, value in ipairs(values) do
          for _, name in ipairs({ "eq", "lt", "le", "gt", "ge" }) do check(name, value) end
          if kind ~= "N" then check("begins_with", value) end
          local other = values[i % #values + 1]
          local low = evaluate.holds({ "le", { path = "at" }, other }, { at = value }) and value or other
          check("between", low, low == value and other or value)
        end
        assert(made:delete())
      end)
    end

    it("are rejected for another type", function()
      local made = helper.create_table(conn, helper.HASH_RANGE)
      for _, wrong in ipairs({ "text", binary("b"), dynamodb.lt("x"), dynamodb.between(1, "x"), dynamodb.begins_with("x"),
        true, dynamodb.null, set({ 1 }) }) do
        local ok, err = pcall(made.query, made, "a", wrong)
        assert.is_false(ok)
        assert.is_truthy(err:find("query: key attribute 'at': value of type N expected, got ", 1, true), err)
      end
      assert(made:delete())
    end)
  end)

  describe("at random", function()
    local SEED = tonumber(os.getenv("SPEC_SEED")) or generate.any_seed()
    local random = generate.new(SEED)
    local NAMES = { "a", "b", "Size", "na.me" }
    local PATHS = { "a", "b", "Size", "'na.me'", "m.x", "m.y", "m.l[0]", "l[0]", "l[1].x", "l[2]", "nowhere" }
    local pool = {}
    for _, kind in ipairs(TYPES) do
      for _, value in ipairs(samples[kind]) do pool[#pool + 1] = value end
    end
    for n = 0, 5 do pool[#pool + 1] = n end
    for _, text in ipairs({ "a", "abc", "S", "size" }) do pool[#pool + 1] = text end

    local function value() return random:pick(pool) end

    -- A random value of a type that has an order or a prefix.
    local function plain_value(kinds)
      local found
      repeat found = value() until kinds[evaluate.type(found)]
      return found
    end

    local function item(i)
      local made = { id = ("%03d"):format(i) }
      for _, name in ipairs(NAMES) do
        if not random:once_in(4) then made[name] = value() end
      end
      if random:once_in(2) then made.m = dynamodb.map({ x = value(), y = value(), l = dynamodb.list({ value() }) }) end
      if random:once_in(2) then made.l = dynamodb.list({ value(), dynamodb.map({ x = value() }), value() }) end
      return made
    end

    -- Returns two different operands, because the service rejects equal ones.
    local function operands()
      local path = random:pick(PATHS)
      local other
      repeat other = random:pick(PATHS) until other ~= path
      local sized = random:once_in(6)
      return { path = path, sized = sized }, { path = other, sized = random:once_in(3) }, sized
    end

    local function comparison()
      local subject, other, sized = operands()
      local name = random:pick({ "eq", "ne", "lt", "le", "gt", "ge", "between", "is_in", "begins_with", "contains",
        "not_contains", "exists", "not_exists", "attribute_type" })
      if sized and not (ordering[name] or name == "eq" or name == "is_in") then subject.sized = nil end
      if name == "exists" or name == "not_exists" then return { name, subject } end
      if name == "attribute_type" then return { name, subject, random:pick(TYPES) } end
      if name == "begins_with" then return { name, subject, plain_value({ S = true, B = true }) } end
      if name == "between" then
        local low = plain_value(subject.sized and { N = true } or ordered)
        local high
        repeat high = value() until evaluate.holds({ "le", { path = "x" }, high }, { x = low })
        return { name, subject, low, high }
      end
      if name == "is_in" then return { name, subject, { value(), value(), other } } end
      if random:once_in(5) then return { name, subject, other } end
      return { name, subject, ordering[name] and plain_value(ordered) or value() }
    end

    local function tree(depth)
      local kind = depth > 0 and random:integer(1, 5) or 1
      if kind <= 2 then return comparison() end
      if kind == 3 then return { "negate", tree(depth - 1) } end
      local made = { kind == 4 and "all" or "any" }
      for i = 1, random:integer(1, 3) do made[i + 1] = tree(depth - 1) end
      return made
    end

    it("match exactly the items for which they hold: 400 conditions", function()
      engines.need(pending, "document_conditions")
      local rows = {}
      for i = 1, 40 do rows[i] = item(i) end
      local made = fill(rows)
      local some = 0
      for n = 1, share.count(400) do
        local wanted = tree(3)
        local label = ("SPEC_SEED=%d, condition %d: %s"):format(SEED, n, show(wanted))
        local found, err = made:scan({ filter = evaluate.build(wanted), items = false }):all()
        assert.is_truthy(found, label .. ": " .. tostring(err))
        local expected = ids(rows, function(row) return evaluate.holds(wanted, row) end)
        assert.equal(expected, ids(found), label)
        if #found > 0 and #found < #rows then some = some + 1 end
      end
      assert.is_true(some > share.count(100), "few conditions tell the items apart: " .. some)
      assert(made:delete())
    end)
  end)
end)
