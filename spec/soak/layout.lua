--- The tables of the soak test and their fixed items.

local layout = {}

--- Names of the tables. 'log' has counters with the ids of the writes that they count; 'versions' the same with a version
--- attribute; 'items' an item for each put; 'left' and 'right' the counters that transactions change together; 'fixed' never
--- changes.
layout.names = { log = "soak_log", versions = "soak_versions", items = "soak_items", left = "soak_left", right = "soak_right",
  fixed = "soak_fixed" }

layout.GROUPS, layout.GROUP_SIZE = 5, 1000 -- of the items of 'fixed'

--- Returns the tables of a connection by the names above. Sends nothing.
function layout.tables(conn)
  local tables = {}
  for short, name in pairs(layout.names) do
    tables[short] = conn:table(name, { hash_key = "id", version_attribute = short == "versions" and "v" or nil })
  end
  tables.fixed = conn:table(layout.names.fixed, { hash_key = "id", range_key = "at", range_key_type = "N" })
  return tables
end

--- Creates the tables and the fixed items.
function layout.create(conn)
  for short, name in pairs(layout.names) do
    local schema = short == "fixed" and conn:create_schema("id", "S", "at", "N") or conn:create_schema("id", "S")
    local tbl = assert(conn:create_table({ name = name, schema = schema }))
    assert(tbl:wait_until_active())
  end
  for group = 1, layout.GROUPS do
    local list = {}
    for i = 1, layout.GROUP_SIZE do list[i] = { id = "group " .. group, at = i, text = ("x"):rep(i % 50) } end
    assert(layout.tables(conn).fixed:batch_write({ put = list }))
  end
end

return layout
