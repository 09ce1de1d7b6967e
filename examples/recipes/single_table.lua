--- Customers and their orders in one table, with an index of the orders that are to be shipped.
-- Table: hash key pk (S), range key sk (S), index to_ship.
--   customer   pk = CUSTOMER#ann   sk = PROFILE                        name
--   order      pk = CUSTOMER#ann   sk = ORDER#2026-11-28T09:00:00Z#7   lines; warehouse until it is shipped

local dynamodb = require("dynamodb")

local shop = {}
shop.__index = shop

--- The key of the table, as options of conn:table and testing.table, and its indexes.
shop.key = { hash_key = "pk", range_key = "sk" }
shop.indexes = { { name = "to_ship", hash_key = "warehouse", range_key = "sk" } }

--- Makes a shop.
---@param conn dynamodb.Connection
---@param tbl dynamodb.Table
function shop.new(conn, tbl)
  return setmetatable({ conn = conn, tbl = tbl }, shop)
end

local function customer_key(id) return "CUSTOMER#" .. id end
local function order_key(time, id) return ("ORDER#%s#%s"):format(time, id) end

--- Adds a customer -> true | nil, err, with code ConditionalCheckFailedException when the id is taken.
function shop:add_customer(id, name)
  return self.tbl:put_item({ pk = customer_key(id), sk = "PROFILE", name = name }, { create_only = true })
end

--- Places an order of a customer.
---@param order table id, time (in UTC, as 2026-11-28T09:00:00Z), warehouse, lines (list)
---@return true|nil ok
---@return string|dynamodb.Error|nil why "no such customer", "order exists", or an error object
function shop:place(customer, order)
  local pk = customer_key(customer)
  local ok, err = self.conn:transact_write({
    { check = dynamodb.attr("pk"):exists(), table = self.tbl, hash_key = pk, range_key = "PROFILE" },
    { put = { pk = pk, sk = order_key(order.time, order.id), warehouse = order.warehouse,
      lines = order.lines }, table = self.tbl, create_only = true },
  })
  if ok then return true end
  local reasons = err.reasons or {}
  for i, why in ipairs({ "no such customer", "order exists" }) do
    if reasons[i] and reasons[i].code == "ConditionalCheckFailed" then return nil, why end
  end
  return nil, err
end

--- Reads a customer with the latest orders, by one query.
---@param most integer number of orders
---@return dynamodb.Item? profile nil when there is no such customer
---@return dynamodb.Item[]|dynamodb.Error|nil orders the latest first; or err
function shop:customer(id, most)
  local list, err = self.tbl:query({ hash_key = customer_key(id), scan_index_forward = false,
    max_results = most + 1 }):all()
  if not list or #list == 0 then return nil, err end
  return table.remove(list, 1), list
end

--- Returns the orders that a warehouse has to ship, the oldest first -> results.
function shop:to_ship(warehouse)
  return self.tbl:query({ index = "to_ship", hash_key = warehouse })
end

--- Marks an order as shipped -> true | false when it was shipped before | nil, err.
---@param order dynamodb.Item of to_ship or customer
---@param by string who ships it; no two ship at the same time under one name
function shop:ship(order, time, by)
  local ok, err = self.tbl:update_item(order.pk, order.sk, { condition = { warehouse = dynamodb.exists() },
    update = { warehouse = dynamodb.remove(), shipped = time, by = by } })
  if ok then return true end
  if err.code == "ConditionalCheckFailedException" then return false end
  return nil, err
end

return shop
