--- The public module: what `require "dynamodb"` returns.

local arguments = require("dynamodb.base.arguments")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local late = require("dynamodb.base.late")

-- {===== Methods =====

-- The methods of each class, by the file that defines them. The file is loaded when one of them is called.

local Connection, Table = core.connection_class.methods, core.table_class.methods

late.methods("dynamodb.connection", Connection, "call close each get_table pages stats table")
late.methods("dynamodb.boto_layer2", Connection, "delete_item get_item lookup new_batch_list "
  .. "new_batch_write_list put_item query resolve_table scan table_from_schema update_item update_throughput")
late.methods("dynamodb.admin.backup", Connection, "delete_backup describe_backup describe_export "
  .. "describe_import import_table restore_table_from_backup restore_table_to_point_in_time "
  .. "wait_until_backup_available wait_until_export_completed wait_until_import_completed")
late.methods("dynamodb.admin.ensure", Connection, "ensure_table")
late.methods("dynamodb.admin.tables", Connection, "create_schema create_table delete_table describe_table "
  .. "list_tables")
late.methods("dynamodb.table.background", Connection, "background")
late.methods("dynamodb.table.batch", Connection, "batch_get batch_write")
late.methods("dynamodb.table.partiql", Connection, "execute execute_batch execute_transaction")
late.methods("dynamodb.warm", Connection, "warm")
late.methods("dynamodb.table.transaction", Connection, "transact_get transact_write")

late.methods("dynamodb.admin.backup", Table, "create_backup describe_point_in_time_recovery export "
  .. "list_backups update_point_in_time_recovery")
late.methods("dynamodb.admin.table_admin", Table, "create_index delete describe_ttl drop_index refresh tag "
  .. "tags untag update update_throughput update_ttl wait_until_active wait_until_deleted "
  .. "wait_until_index_active wait_until_ttl_enabled")
late.methods("dynamodb.table.batch", Table, "batch_write get_items")
late.methods("dynamodb.table.batch_writer", Table, "batch_writer")
late.methods("dynamodb.table.loader", Table, "loader")
late.methods("dynamodb.table.lock", Table, "lock")
late.methods("dynamodb.table.query", Table, "count query scan")
late.methods("dynamodb.table.single", Table, "delete_item increment new_item put_item update_item")
late.methods("dynamodb.table.table", Table, "get_item has_item lookup")

late.methods("dynamodb.table.item", core.item_class.methods, "add_attribute changes delete delete_attribute "
  .. "key modify put put_attribute reload save totable")
late.methods("dynamodb.table.item", core.item_class, "__inspect __tostring")
late.methods("dynamodb.values.inspect", core.set_class, "__tostring")
late.methods("dynamodb.values.inspect", core.binary_class, "__tostring")

-- ===================== }

-- The array marks of newer versions of lua-cjson mark lists here as well.
local found, cjson = pcall(require, "cjson")
if found then
  for _, name in ipairs({ "array_mt", "empty_array_mt", "empty_array" }) do
    if cjson[name] ~= nil then core.list_mark(cjson[name]) end
  end
end

local dynamodb = {
  _VERSION = require("dynamodb.base.version"),
  connect = late.call("dynamodb.connection", "connect"),
  config = late.call("dynamodb.config.settings", "config"), -- doc/settings.md
  is_error = errors.is,
  -- concurrent calls; doc/loop.md
  gather = late.call("dynamodb.gather", "gather"),
  -- values that plain Lua has no type for; doc/values.md
  null = core.null,
  number = core.number,
  binary = core.binary,
  set = core.set,
  list = core.list,
  map = core.map,
  -- showing, measuring and exchanging values; doc/dynamodb.md
  inspect = late.call("dynamodb.values.inspect", "inspect"),
  item_size = late.call("dynamodb.values.item_size"),
}

-- Conditions and updates: doc/expressions.md
for name in ("all any attr attribute_type begins_with between contains eq exists ge gt is_in le lt ne negate "
  .. "not_contains not_exists size where"):gmatch("%S+") do
  dynamodb[name] = late.call("dynamodb.expression.condition", name)
end
for name in ("add append decrement delete if_not_exists increment prepend remove"):gmatch("%S+") do
  dynamodb[name] = late.call("dynamodb.expression.update", name)
end
dynamodb.update = late.call("dynamodb.expression.update", "builder")

--- Loads every file of the library that this system can use. Otherwise the first call that needs a file loads
--- it. For nginx's master process, and for programs that change their directory or root: doc/nginx.md
function dynamodb.preload()
  late.load()
  local transport = late.get("dynamodb.transport.auto")
  if transport.preload then transport.preload() end
end

arguments.check_functions(dynamodb, "dynamodb", "", {
  all = "condition, ...", any = "condition, ...", attr = "path", config = "profile", connect = "options",
  gather = "calls, options", inspect = "value, options", is_error = "value", item_size = "item",
  negate = "condition", preload = "", size = "condition", update = "", where = "text, ...",
})

-- The modules that users call: doc/loop.md, doc/dynamodb.md
late.field("dynamodb.loop", dynamodb, "loop")
late.field("dynamodb.values.json", dynamodb, "json")

return dynamodb
