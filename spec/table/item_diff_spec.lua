-- The difference between two versions of an item, as the changes of an update.
local core = require("dynamodb.core")
local item_diff = require("dynamodb.table.item_diff")
local dynamodb = require("dynamodb")
local generate = dofile("spec/support/random_source.lua")
local values = dofile("spec/support/random_attributes.lua")
local samples = dofile("spec/support/samples.lua")

describe("changes of deep attributes", function()
  local function nested(depth, value)
    for _ = 1, depth do value = { a = value } end
    return value
  end

  it("have paths of at most 32 steps, which is what the service takes", function()
    local found = item_diff.changes(nested(32, 1), nested(32, 2))
    assert.equal(1, #found)
    assert.equal(32, #found[1].path)
    found = item_diff.changes(nested(33, 1), nested(33, 2))
    assert.same({ { path = { "a" }, old = nested(32, 1), new = nested(32, 2) } }, found)
  end)
end)

describe("without_emptied_sets", function()
  local function emptied()
    local set = dynamodb.set({ "a" })
    set:remove("a")
    return set
  end

  it("returns the same table when there are none", function()
    local attributes = { a = { b = { dynamodb.set({ 1 }) } }, c = dynamodb.null }
    local stored, remove = item_diff.without_emptied_sets(attributes)
    assert.equal(attributes, stored)
    remove()
    assert.equal(1, #attributes.a.b[1])
  end)

  it("copies only what has one, and removes it when asked to", function()
    local attributes = { kept = { 1 }, map = dynamodb.map({ tags = emptied(), n = 1 }), list = { emptied() } }
    local stored, remove = item_diff.without_emptied_sets(attributes)
    assert.equal(attributes.kept, stored.kept)
    assert.equal(attributes.list, stored.list)
    assert.same({ n = 1 }, stored.map)
    assert.equal(getmetatable(attributes.map), getmetatable(stored.map))
    assert.equal(0, #attributes.map.tags)
    remove()
    assert.is_nil(attributes.map.tags)
    assert.equal(0, #attributes.list[1])
  end)

  it("leaves a set that has elements again", function()
    local attributes = { tags = emptied() }
    local _, remove = item_diff.without_emptied_sets(attributes)
    attributes.tags:add("b")
    remove()
    assert.equal(1, #attributes.tags)
  end)

  it("copies what the encoder sees, whatever the metatable", function()
    local meta = { __metatable = "locked", __index = error, __newindex = error, __pairs = error }
    local attributes = { map = setmetatable({ tags = emptied(), n = 1 }, meta) }
    local stored, remove = item_diff.without_emptied_sets(attributes)
    assert.equal('{"map":{"M":{"n":{"N":"1"}}}}', core.encode(stored, "item"))
    remove()
    assert.is_nil(rawget(attributes.map, "tags"))
  end)

  it("leaves objects, which the encoder refuses", function()
    local condition = dynamodb.eq(emptied())
    assert.equal(condition, item_diff.without_emptied_sets({ a = condition }).a)
  end)

  it("ends at cycles", function()
    local knot = {}
    for i = 1, 10 do knot["a" .. i] = knot end
    assert.equal(knot, (item_diff.without_emptied_sets(knot)))
  end)
end)

local list, map, set, null = dynamodb.list, dynamodb.map, dynamodb.set, dynamodb.null

-- Formats a path, such as a.b[2].
local function path_text(path)
  local text = path[1]
  for i = 2, #path do
    text = text .. (type(path[i]) == "number" and ("[%d]"):format(path[i]) or "." .. path[i])
  end
  return text
end

-- Returns { path = new value }, with "-" for a removed value.
local function changes_of(old, new)
  local found = {}
  for _, change in ipairs(item_diff.changes(old, new)) do
    local text = path_text(change.path)
    assert.is_nil(found[text], text .. " is changed twice")
    if change.new == nil then found[text] = "-" else found[text] = change.new end
  end
  return found
end

local function same(expected, found)
  for path, value in pairs(expected) do
    assert.is_true(core.equal(value, found[path]), path .. " is " .. tostring(found[path]))
  end
  for path in pairs(found) do assert.is_true(expected[path] ~= nil, path .. " is changed, too") end
end

describe("difference", function()
  local number = dynamodb.number
  for _, case in ipairs({
    -- attributes
    { "nothing", { a = 1, b = "x" }, { a = 1, b = "x" }, {} },
    { "a new item", nil, { id = "x", n = 1 }, { id = "x", n = 1 } },
    { "attributes added, changed, removed", { a = 1, b = 2, c = 3 }, { a = 1, b = 5, d = 4 }, { b = 5, c = "-", d = 4 } },
    { "false for true", { a = true }, { a = false }, { a = false } },
    { "equal numbers", { a = 1, b = 2 }, { a = 1.0, b = number("2") }, {} },
    { "another type", { a = 1, b = "2" }, { a = "1", b = 2 }, { a = "1", b = 2 } },
    { "null is a value", { a = null, b = 1, c = null }, { a = 1, b = null }, { a = 1, b = null, c = "-" } },
    { "bytes are not text", { a = "x" }, { a = dynamodb.binary("x") }, { a = dynamodb.binary("x") } },
    -- sets
    { "equal sets", { a = set({ 1, 2 }) }, { a = set({ 2, 1 }) }, {} },
    { "another element of a set", { a = set({ 1, 2 }) }, { a = set({ 1, 3 }) }, { a = set({ 1, 3 }) } },
    -- maps
    { "in a map", { m = { a = 1, b = 2, c = 3 } }, { m = { a = 1, b = 5, d = 4 } },
      { ["m.b"] = 5, ["m.c"] = "-", ["m.d"] = 4 } },
    { "deep in maps", { m = { a = { b = { c = 1, d = 2 } } } }, { m = { a = { b = { c = 5, d = 2 } } } }, { ["m.a.b.c"] = 5 } },
    { "a map emptied", { m = { a = 1, b = 2 } }, { m = map() }, { ["m.a"] = "-", ["m.b"] = "-" } },
    { "an empty map filled", { m = map() }, { m = { a = 1 } }, { ["m.a"] = 1 } },
    { "a map for a list", { m = list() }, { m = map() }, { m = map() } },
    { "a list for a map", { m = { a = 1 } }, { m = { 1 } }, { m = { 1 } } },
    { "a number for a map", { m = { a = { 1 } } }, { m = { a = 5 } }, { ["m.a"] = 5 } },
    -- lists
    { "an element", { l = { 1, 2, 3 } }, { l = { 1, 5, 3 } }, { ["l[1]"] = 5 } },
    { "elements added", { l = { 1 } }, { l = { 1, 2, 3 } }, { ["l[1]"] = 2, ["l[2]"] = 3 } },
    { "elements removed", { l = { 1, 2, 3 } }, { l = { 1 } }, { ["l[1]"] = "-", ["l[2]"] = "-" } },
    { "changed and added", { l = { 1, 2 } }, { l = { 1, 5, 3 } }, { ["l[1]"] = 5, ["l[2]"] = 3 } },
    { "changed and removed", { l = { 1, 2, 3 } }, { l = { 1, 5 } }, { ["l[1]"] = 5, ["l[2]"] = "-" } },
    { "a removed first element", { l = { 1, 2, 3 } }, { l = { 2, 3 } }, { l = { 2, 3 } } },
    { "an empty list filled", { l = list() }, { l = { 1 } }, { l = { 1 } } },
    { "a list emptied", { l = { 1, 2 } }, { l = list() }, { l = list() } },
    { "a map in a list", { l = { "x", { a = 1, b = 2 } } }, { l = { "x", { a = 5, b = 2 } } }, { ["l[1].a"] = 5 } },
    { "the only map in a list", { l = { { a = 1, b = 2 } } }, { l = { { a = 5, b = 2 } } }, { ["l[0].a"] = 5 } },
    { "a list in a list", { l = { { 1, 2 }, 3 } }, { l = { { 1, 5 }, 3 } }, { ["l[0][1]"] = 5 } },
    { "a list in a map in a list", { l = { 0, { m = { 1, 2 } } } }, { l = { 0, { m = { 1 } } } }, { ["l[1].m[1]"] = "-" } },
  }) do
    it("finds " .. case[1], function()
      same(case[4], changes_of(case[2], case[3]))
    end)
  end

  it("compares what the encoder sees, whatever the metatable", function()
    local defaults = setmetatable({ a = 1 }, { __index = { b = 2 } })
    local changes = item_diff.changes({ m = { a = 1, b = 2 } }, { m = defaults })
    assert.same({ { path = { "m", "b" }, old = 2 } }, changes)
    local long = setmetatable({ 1, 2 }, { __len = function() return 3 end, __index = function(_, i) return i end })
    changes = item_diff.changes({ l = { 1, 2, 3 } }, { l = long })
    assert.same({ { path = { "l", 2 }, old = 3, length = 3 } }, changes)
  end)

  it("reports old values and the length of a list", function()
    local old = { n = 1, l = { 1, 2 }, gone = { x = 1 }, long = { 7, 8 } }
    local changes = item_diff.changes(old, { n = 5, l = { 1, 2, 3 }, new = 4, long = { 7 } })
    table.sort(changes, function(a, b) return path_text(a.path) < path_text(b.path) end)
    local gone, grown, shrunk, number_changed, new = changes[1], changes[2], changes[3], changes[4], changes[5]
    assert.are.equal(5, #changes)
    assert.are.same({ { "gone" }, { x = 1 } }, { gone.path, gone.old })
    assert.are.same({ { "l", 2 }, 3, 2 }, { grown.path, grown.new, grown.length })
    assert.is_nil(grown.old)
    assert.are.same({ { "long", 1 }, 8, 2 }, { shrunk.path, shrunk.old, shrunk.length })
    assert.are.same({ { "n" }, 1, 5 }, { number_changed.path, number_changed.old, number_changed.new })
    assert.are.same({ { "new" }, 4 }, { new.path, new.new })
    assert.is_nil(new.length)
  end)

  it("replaces whole attributes when one update could not hold all paths", function()
    local old = { few = { 1, 2 }, l = { "first" }, m = { deep = {} } }
    local new = { few = { 1, 5 }, l = { "first" }, m = { deep = {} } }
    for i = 2, 200 do
      old.l[i], new.l[i] = i, -i
      old.m.deep["n" .. i], new.m.deep["n" .. i] = i, i % 100 == 0 and i or -i
    end
    same({ few = new.few, l = new.l, m = new.m }, changes_of(old, new))
    new.l = values.copy(old.l)
    new.m = { deep = values.copy(old.m.deep) }
    for i = 2, 40 do new.l[i] = -i end
    assert.are.equal(40, #item_diff.changes(old, new))
  end)

  -- Applies changes as the service does: all paths refer to the item before the update.
  local function apply(old, changes)
    local made, removed = values.copy(old or {}), {}
    for _, change in ipairs(changes) do
      local place = made
      for i = 1, #change.path - 1 do
        local step = change.path[i]
        place = place[type(step) == "number" and step + 1 or step]
      end
      local step = change.path[#change.path]
      if change.new ~= nil then
        if type(step) == "number" then step = math.min(step, #place) + 1 end
        place[step] = values.copy(change.new)
      elseif type(step) == "number" then
        removed[#removed + 1] = { place = place, step = step + 1 }
      else
        place[step] = nil
      end
    end
    table.sort(removed, function(a, b) return a.step > b.step end)
    for _, each in ipairs(removed) do table.remove(each.place, each.step) end
    return made
  end

  local function value_at(value, path)
    for _, step in ipairs(path) do value = value[type(step) == "number" and step + 1 or step] end
    return value
  end

  local function check(old, new)
    local changes = item_diff.changes(old, new)
    assert.is_true(core.equal(new, apply(old, changes)), "the changes make another value")
    assert.are.equal(core.equal(old, new), #changes == 0)
    local paths = {}
    for _, change in ipairs(changes) do paths[#paths + 1] = change.path end
    for i, change in ipairs(changes) do
      assert.is_true(core.equal(change.old, value_at(old, change.path)))
      assert.is_false(core.equal(change.old, change.new))
      for j, path in ipairs(paths) do -- no two paths overlap
        local inside = i ~= j and #path >= #change.path
        for k = 1, inside and #change.path or 0 do inside = inside and path[k] == change.path[k] end
        assert.is_false(inside)
      end
    end
  end

  it("transforms the old value into the new one: 5,000 random edits", function()
    local random = generate.new(4711)
    for _ = 1, samples.count(5000) do
      local old = values.map(random, 3)
      local new = values.copy(old)
      values.edit(random, new, 3)
      check(old, new)
    end
  end)

  it("transforms the old value into the new one: 2,000 random pairs", function()
    local random = generate.new(815)
    for _ = 1, samples.count(2000) do check(values.map(random, 3), values.map(random, 3)) end
  end)
end)
