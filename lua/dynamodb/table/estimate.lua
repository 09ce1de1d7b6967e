--- The capacity units that requests would take, as far as they can be computed before they are sent: the
--- least, and what is unknown.
-- Source: DynamoDB developer guide, "DynamoDB read and write operations" and "Transactions" (capacity).

local core = require("dynamodb.core")
local item_size = require("dynamodb.values.item_size")
local update_parser = require("dynamodb.request.update_parser")

local estimate = {}

local READ_UNIT, WRITE_UNIT = 4096, 1024 -- bytes
local EVENTUAL, CONSISTENT, TRANSACTION = 0.5, 1, 2 -- units of each READ_UNIT; a transaction writes twice too

local messages = {
  indexes = "writes to the indexes of the table",
  item_size = "the size of the items that are read",
  pages = "the items of a page, and further pages",
  stored_item = "the size of the stored item, which counts when it is larger than what is written",
}

-- Notes what the units depend on besides what is known.
local function note(units, code)
  if units.noted[code] then return end
  units.unknown[#units.unknown + 1] = { code = code, message = messages[code] }
  units.noted[code] = true
end

-- {===== Reads =====

local function add_read(units, count, factor)
  units.read = units.read + count * factor
  note(units, "item_size")
end

local function factor_of(params)
  return params.ConsistentRead and CONSISTENT or EVENTUAL
end

-- ===================== }
-- {===== Writes =====

-- Returns the least size of an item after an update: its key, and the attributes that are set to values.
local function updated_size(params)
  local attributes = {}
  for name, value in pairs(params.Key) do attributes[name] = value end
  for name, value in pairs(params.UpdateExpression and update_parser.assigned(params.UpdateExpression,
    params.ExpressionAttributeNames or {}, params.ExpressionAttributeValues or {}) or {}) do
    attributes[name] = value
  end
  return item_size(attributes)
end

-- Adds the write of one item.
---@param size integer bytes of what is written, and of the stored item if that is known to be larger
---@param is_known boolean? the stored item is known, or there is none
local function add_write(units, size, factor, fields, is_known)
  units.write = units.write + math.max(1, math.ceil(size / WRITE_UNIT)) * factor
  if not is_known then note(units, "stored_item") end
  if not (fields and fields.indexes and next(fields.indexes) == nil) then note(units, "indexes") end
end

-- Returns the sizes of an item as it was loaded, and as it is -> bytes | nil for a new item, bytes.
local function item_sizes(item)
  local _, attributes, text = core.item_parts(item)
  return text and item_size((assert(core.decode(text, "item")))), item_size(attributes)
end

-- Adds the write that a method of an item sends.
local function add_item_write(units, operation, params, item, factor, fields)
  local loaded, current = item_sizes(item)
  local size = operation == "DeleteItem" and 0 or params.Item and item_size(params.Item) or current
  add_write(units, math.max(size, loaded or 0), factor, fields, loaded)
end

-- ===================== }

-- For each operation a function that adds what one request takes: (units, params, tables, item, given).
local adders = {}

function adders.GetItem(units, params) add_read(units, 1, factor_of(params)) end

function adders.BatchGetItem(units, params)
  for _, part in pairs(params.RequestItems) do add_read(units, #part.Keys, factor_of(part)) end
end

function adders.TransactGetItems(units, params) add_read(units, #params.TransactItems, TRANSACTION) end

function adders.Query(units, params)
  units.read = units.read + factor_of(params)
  note(units, "pages")
end

-- A scan of a whole table that was described has a size that is roughly known.
function adders.Scan(units, params, tables, _, given)
  adders.Query(units, params)
  local fields = tables[params.TableName] or {}
  local is_whole = not (params.IndexName or params.ExclusiveStartKey or given.max_results
    or given.max_requests or given.total_segments or given.segment or given.state)
  if is_whole and (fields.size_bytes or 0) > 0 then
    units.whole_table = math.ceil(fields.size_bytes / READ_UNIT) * factor_of(params)
  end
end

function adders.PutItem(units, params, tables, item, given)
  local fields = tables[params.TableName]
  if item then return add_item_write(units, "PutItem", params, item, 1, fields) end
  add_write(units, item_size(params.Item), 1, fields, given.create_only)
end

function adders.UpdateItem(units, params, tables, item)
  local fields = tables[params.TableName]
  if item then return add_item_write(units, "UpdateItem", params, item, 1, fields) end
  add_write(units, updated_size(params), 1, fields)
end

function adders.DeleteItem(units, params, tables, item)
  local fields = tables[params.TableName]
  if item then return add_item_write(units, "DeleteItem", params, item, 1, fields) end
  add_write(units, 0, 1, fields)
end

function adders.BatchWriteItem(units, params, tables)
  for name, requests in pairs(params.RequestItems) do
    for _, request in ipairs(requests) do
      local put = request.PutRequest
      add_write(units, put and item_size(put.Item) or 0, 1, tables[name])
    end
  end
end

-- A condition check is charged as a write. A method that writes one item may have been wrapped into a
-- transaction.
function adders.TransactWriteItems(units, params, tables, item, given)
  for _, operation in ipairs(params.TransactItems) do
    local kind, part = next(operation)
    local fields = tables[part.TableName]
    if item then
      add_item_write(units, kind .. "Item", part, item, TRANSACTION, fields)
    elseif kind == "ConditionCheck" then
      units.write = units.write + TRANSACTION
      note(units, "stored_item")
    else
      local size = part.Item and item_size(part.Item) or kind == "Update" and updated_size(part) or 0
      add_write(units, size, TRANSACTION, fields, given.create_only)
    end
  end
end

--- Returns the units that requests would take when they succeed.
---@param operation? string of AWS; nil without requests
---@param requests table[] with params
---@param tables table name -> fields of a table object
---@param item? userdata the item whose method sends them
---@param given table the options of the method
---@return table units { read = number, write = number: the least; unknown = list of { code =, message = },
--- what may add to these, empty when they are exact; whole_table = number | nil, units of reading a table by
--- its size when it was described }
function estimate.of(operation, requests, tables, item, given)
  local units = { read = 0, write = 0, unknown = core.list(), noted = {} }
  for _, request in ipairs(requests) do
    adders[operation](units, request.params, tables, item, given)
  end
  units.noted = nil
  return units
end

return estimate
