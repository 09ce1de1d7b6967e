-- The entries of a background queue: the order of each key, batches by table, bounds and generations.

local entries_of = require("dynamodb.table.background_entries")
local random_source = dofile("spec/support/random_source.lua")

local function entry(kind, name, key, bytes)
  return { kind = kind, fields = { name = name }, id = name .. "|" .. key, bytes = bytes or 10 }
end

describe("background_entries", function()
  it("takes puts and deletes of one table together, at most 25, and the tables in turn", function()
    local held = entries_of.new()
    for i = 1, 30 do entries_of.add(held, entry("write", "a", i)) end
    for i = 1, 3 do entries_of.add(held, entry("write", "b", i)) end
    local sizes = {}
    for i = 1, 3 do
      local taken = entries_of.take(held)
      sizes[i] = taken[1].fields.name .. #taken
    end
    assert.same({ "a25", "b3", "a5" }, sizes)
    assert.is_nil(entries_of.take(held))
    assert.equal(33, held.count) -- what is being sent counts
  end)

  it("replaces what was not taken, and follows what was", function()
    local held = entries_of.new()
    local first, second, third = entry("write", "a", 1), entry("write", "a", 1, 7), entry("write", "a", 1)
    assert.is_nil(entries_of.add(held, first))
    assert.equal(first, entries_of.add(held, second))
    assert.same({ 1, 7 }, { held.count, held.bytes })
    assert.same({ second }, entries_of.take(held))
    assert.is_nil(entries_of.replaced_by(held, third))
    entries_of.add(held, third)
    assert.is_nil(entries_of.take(held)) -- the one before is under way
    entries_of.remove(held, second)
    assert.same({ third }, entries_of.take(held))
    entries_of.put_back(held, third)
    assert.same({ third }, entries_of.take(held))
    entries_of.remove(held, third)
    assert.same({ 0, 0, 0 }, { held.count, held.bytes, held.ready })
    assert.is_nil(next(held.chains) or next(held.groups) or next(held.open))
  end)

  it("never replaces an update, nor anything by one", function()
    local held = entries_of.new()
    local list = { entry("write", "a", 1), entry("update", "a", 1), entry("write", "a", 1), entry("update", "a", 1) }
    for _, each in ipairs(list) do assert.is_nil(entries_of.add(held, each)) end
    for _, each in ipairs(list) do
      assert.same({ each }, entries_of.take(held))
      assert.is_nil(entries_of.take(held))
      entries_of.remove(held, each)
    end
  end)

  it("knows when everything before a flush is gone", function()
    local held = entries_of.new()
    entries_of.add(held, entry("write", "a", 1))
    local generation = entries_of.end_generation(held)
    entries_of.add(held, entry("write", "a", 2))
    assert.is_false(entries_of.is_done(held, generation))
    local taken = entries_of.take(held)
    entries_of.remove(held, taken[1])
    assert.is_true(entries_of.is_done(held, generation))
    assert.is_false(entries_of.is_done(held, entries_of.end_generation(held)))
  end)

  it("keeps the order of each key in random histories", function()
    for seed = 1, 100 do
      local random, held, number = random_source.new(seed), entries_of.new(), 0
      local last, sending, busy = {}, {}, {}
      local function take()
        local taken = entries_of.take(held)
        if not taken then return end
        sending[#sending + 1] = taken
        for _, each in ipairs(taken) do
          assert.is_nil(busy[each.id]) -- one at a time
          busy[each.id] = true
          assert.is_true(each.number > (last[each.id] or 0))
        end
      end
      local function finish()
        local taken = table.remove(sending, random:integer(1, math.max(#sending, 1)))
        local is_lost = random:once_in(4)
        for _, each in ipairs(taken or {}) do
          busy[each.id] = nil
          if is_lost then
            entries_of.put_back(held, each)
          else
            last[each.id] = each.number
            entries_of.remove(held, each)
          end
        end
      end
      for _ = 1, 200 do
        local step = random:integer(1, 4)
        if step <= 2 then
          number = number + 1
          local added = entry(random:once_in(3) and "update" or "write", random:pick({ "a", "b" }), random:integer(1, 6))
          added.number = number
          entries_of.add(held, added)
        elseif step == 3 then
          take()
        else
          finish()
        end
      end
      while held.count > 0 do
        take()
        finish()
      end
      assert.same({ 0, 0 }, { held.bytes, held.ready })
      assert.is_nil(next(held.chains) or next(held.groups) or next(held.open))
    end
  end)
end)
