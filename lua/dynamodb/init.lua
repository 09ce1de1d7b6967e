--- The public module: what `require "dynamodb"` returns.

local arguments = require("dynamodb.base.arguments")
local core = require("dynamodb.core")
local condition = require("dynamodb.expression.condition")
local connection = require("dynamodb.connection")
local errors = require("dynamodb.error")
local gather = require("dynamodb.gather")
local inspect = require("dynamodb.values.inspect")
local item_size = require("dynamodb.values.item_size")
local json = require("dynamodb.values.json")
local loop = require("dynamodb.loop")
local settings = require("dynamodb.config.settings")
local update = require("dynamodb.expression.update")

-- Modules that add methods to connections and tables.
for _, room in ipairs({
  "admin.backup", "admin.ensure", "admin.table_admin", "boto_layer2", "table.batch", "table.partiql",
  "table.query", "table.transaction",
}) do
  require("dynamodb." .. room)
end

-- The array marks of newer versions of lua-cjson mark lists here as well.
local found, cjson = pcall(require, "cjson")
if found then
  for _, name in ipairs({ "array_mt", "empty_array_mt", "empty_array" }) do
    if cjson[name] ~= nil then core.list_mark(cjson[name]) end
  end
end

local dynamodb = {
  _VERSION = require("dynamodb.base.version"),
  -- doc/dynamodb.md
  connect = connection.connect,
  config = settings.config,
  is_error = errors.is,
  -- concurrent calls; doc/loop.md
  gather = gather.gather,
  loop = loop,
  -- values that plain Lua has no type for; doc/values.md
  null = core.null,
  number = core.number,
  binary = core.binary,
  set = core.set,
  list = core.list,
  map = core.map,
  -- showing, measuring and exchanging values; doc/dynamodb.md
  inspect = inspect.inspect,
  item_size = item_size,
  json = json,
  -- conditions; doc/expressions.md
  attr = condition.attr,
  where = condition.where,
  all = condition.all,
  any = condition.any,
  negate = condition.negate,
  eq = condition.eq,
  ne = condition.ne,
  lt = condition.lt,
  le = condition.le,
  gt = condition.gt,
  ge = condition.ge,
  between = condition.between,
  begins_with = condition.begins_with,
  contains = condition.contains,
  not_contains = condition.not_contains,
  is_in = condition.is_in,
  exists = condition.exists,
  not_exists = condition.not_exists,
  attribute_type = condition.attribute_type,
  size = condition.size,
  -- updates; doc/expressions.md
  update = update.builder,
  add = update.add,
  append = update.append,
  decrement = update.decrement,
  delete = update.delete,
  if_not_exists = update.if_not_exists,
  increment = update.increment,
  prepend = update.prepend,
  remove = update.remove,
}

arguments.check_functions(dynamodb, "dynamodb", "", {
  all = "condition, ...", any = "condition, ...", attr = "path", config = "profile", connect = "options",
  gather = "calls, options", inspect = "value, options", is_error = "value", item_size = "item",
  negate = "condition", size = "condition", update = "", where = "text, ...",
})

return dynamodb
