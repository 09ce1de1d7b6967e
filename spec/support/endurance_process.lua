-- The process of spec/scenarios/endurance_spec.lua: endurance_process.lua CYCLES WARM_UP_CYCLES. A cycle is put, get and
-- delete of one item. Prints Lua table fields with the resources in use after the warm-up and at the end.

local helper = dofile("spec/support/helper.lua")

local cycles, warm = tonumber(arg[1]), tonumber(arg[2])
local counting = helper.counting()
local conn = helper.connect({ transport = counting, endpoint_url = helper.unverified() })
local tbl = helper.create_table(conn, helper.HASH_RANGE)

local function cycle(i)
  local id = "item " .. i % 100
  local item = tbl:new_item(id, i, { text = ("x"):rep(i % 50), list = { 1, { deep = i } } })
  assert(item:put())
  local got = assert(tbl:get_item({ hash_key = id, range_key = i, consistent_read = true }))
  if got.list[2].deep ~= i then error("get_item returned another item than was put") end
  got.text = nil
  assert(got:delete())
end

local function measure(name)
  if jit then jit.flush() end -- discards compiled code, which the collector would keep
  print(("%s = { lua = %.3f, resident = %d, descriptors = %d, requests = %d, opened = %d, closed = %d },"):format(name,
    helper.collect(), helper.resident(), helper.descriptors(), counting.requests, counting.opened, counting.closed))
end

for i = 1, cycles do
  cycle(i)
  if i == warm then measure("warm") end
end
measure("last")
print(("left = %d"):format(assert(conn:call("Scan", { TableName = tbl.name })).Count))
assert(tbl:delete())
conn:close()
