--- A small shop: products with a stock, and orders of customers. shop_spec.lua tests it with the testing kit.

local dynamodb = require("dynamodb")

local shop = {}
shop.__index = shop

--- The tables of the shop, as options of testing.table and of a deployment.
shop.tables = {
  products = { name = "products", hash_key = "id" },
  orders = { name = "orders", hash_key = "customer", range_key = "id" },
}

--- Makes a shop of these two tables.
function shop.new(products, orders)
  return setmetatable({ products = products, orders = orders }, shop)
end

-- Changes the stock of a product -> true | nil, err.
local function change_stock(self, product, count, condition)
  return self.products:update_item(product, { condition = condition,
    update = { stock = dynamodb.increment(count) } })
end

--- Orders a product -> the order | nil, "sold out" | nil, error object. When the order cannot be written, the
--- stock is given back. When it may have been written, the stock stays reserved: nothing is sold twice.
---@param customer string
---@param id string of the order, chosen by the caller: the same order may be placed again
---@param product string
---@param count integer
function shop:order(customer, id, product, count)
  local existing, failure = self.orders:get_item(customer, id, { consistent_read = true })
  if existing or failure then return existing, failure end
  local ok, err = change_stock(self, product, -count, { stock = dynamodb.ge(count) })
  if not ok then return nil, err.code == "ConditionalCheckFailedException" and "sold out" or err end
  local order = self.orders:new_item(customer, id, { product = product, count = count })
  ok, err = order:put()
  if ok then return order end
  if not err.ambiguous then assert(change_stock(self, product, count)) end
  return nil, err
end

--- Returns the orders of a customer, by their ids -> list | nil, err.
function shop:orders_of(customer)
  return self.orders:query({ hash_key = customer, consistent_read = true }):all()
end

--- Returns how many of a product are left -> number | nil, err.
function shop:stock(product)
  local item, err = self.products:get_item(product, { consistent_read = true })
  return item and item.stock, err
end

return shop
