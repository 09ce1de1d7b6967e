-- One of several concurrent writers of an item: modify_process.lua TABLE ID TIMES WRITERS. Waits until that many writers are
-- ready, increments a counter with item:modify, and prints how often the function given to modify was called.

local helper = dofile("spec/support/helper.lua")
local name, id, times, writers = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4])
local calls = 0

local tbl = helper.connect():table(name, { hash_key = "id" })
assert(tbl:increment({ hash_key = id, path = "writers" }))
local item
repeat item = assert(tbl:get_item({ hash_key = id, consistent_read = true })) until item.writers == writers
for _ = 1, times do
  assert(item:modify(function(fresh)
    calls = calls + 1
    fresh.counters.clicks = fresh.counters.clicks + 1
  end))
end
io.write(calls, "\n")
