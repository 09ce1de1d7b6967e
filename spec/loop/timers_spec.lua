-- The heap of timers: order, cancellation, and lack of memory.
local timers = require("dynamodb.loop.timers")
local samples = dofile("spec/support/samples.lua")

-- Removes all timers, the earliest first -> list of times.
local function drain(heap)
  local list = {}
  while timers.first(heap) do
    list[#list + 1] = timers.first(heap).at
    timers.remove(heap, timers.first(heap))
  end
  assert.equal(0, heap.count)
  return list
end

describe("timers", function()
  it("are ordered by time", function()
    local heap = timers.new()
    for _, at in ipairs({ 5, 3, 9, 1, 3, 7 }) do timers.put(heap, {}, at) end
    assert.same({ 1, 3, 3, 5, 7, 9 }, drain(heap))
  end)

  it("move an entry to another time", function()
    local heap, one, two, three = timers.new(), {}, {}, {}
    for at, entry in ipairs({ one, two, three }) do timers.put(heap, entry, at) end
    timers.put(heap, three, 0)
    assert.equal(three, heap.list[1])
    timers.put(heap, three, 9)
    assert.equal(one, heap.list[1])
    timers.put(heap, one, 9.5)
    assert.same({ 2, 9, 9.5 }, drain(heap))
  end)

  it("remove an entry at any position, and ignore a missing one", function()
    for gone = 1, 20 do
      local heap, entries, rest = timers.new(), {}, {}
      for i = 1, 20 do
        entries[i] = {}
        timers.put(heap, entries[i], (i * 7) % 20)
        if i ~= gone then rest[#rest + 1] = (i * 7) % 20 end
      end
      timers.remove(heap, entries[gone])
      timers.remove(heap, entries[gone])
      table.sort(rest)
      assert.same(rest, drain(heap))
    end
  end)

  it("stay in order under random operations", function()
    math.randomseed(1)
    local heap, entries = timers.new(), {}
    for _ = 1, samples.count(2000) do
      local entry = entries[math.random(50)] or {}
      if entry.index and math.random(3) == 1 then
        timers.remove(heap, entry)
      else
        timers.put(heap, entry, math.random(1000))
      end
      entries[math.random(50)] = entry
      local first
      for i = 1, heap.count do
        assert.equal(i, heap.list[i].index)
        first = math.min(first or math.huge, heap.list[i].at)
      end
      assert.equal(first, heap.list[1] and heap.list[1].at)
    end
    local list = drain(heap)
    for i = 2, #list do assert.is_true(list[i - 1] <= list[i]) end
  end)
end)
