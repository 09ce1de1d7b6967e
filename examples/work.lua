-- The task of the loop examples: creates a table, writes 100 items concurrently, reads them concurrently
-- during a scan, and deletes the table. Returns a summary.

local dynamodb = require("dynamodb")

local conn = dynamodb.connect()

return function()
  local schema = conn:create_schema({ hash_key_name = "id", hash_key_proto_value = "S" })
  local tbl = assert(conn:create_table({ name = "examples_" .. tostring({}):match("%x+$"), schema = schema }))
  assert(tbl:wait_until_active())

  local writes, reads = {}, {}
  for i = 1, 100 do
    writes[i] = function() return tbl:put_item({ id = "item " .. i, n = i }) end
    reads[i] = function() return tbl:get_item("item " .. i) end
  end
  local _, errs = dynamodb.gather(writes, { concurrency = 20 })
  if errs then error(select(2, next(errs)), 0) end

  local scan = dynamodb.loop.spawn(function() return #assert(tbl:scan():all()) end)
  local items
  items, errs = dynamodb.gather(reads, { concurrency = 20 })
  if errs then error(select(2, next(errs)), 0) end
  local sum = 0
  for i = 1, items.n do sum = sum + items[i].n end
  local found = scan:wait()

  assert(tbl:delete())
  conn:close()
  return ("read 100 items, whose numbers are %d in all, and scanned %d"):format(sum, found)
end
