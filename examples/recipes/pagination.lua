--- Shows the orders of a customer page by page. A token leads from a page to the next one.
-- Table: hash key customer (S), range key number (N).

local pagination = {}
pagination.__index = pagination

--- The key of the table, as options of conn:table and testing.table.
pagination.key = { hash_key = "customer", range_key = "number", range_key_type = "N" }

--- Makes the pages of a table.
---@param tbl dynamodb.Table
---@param options? table size (orders of a page; 20)
function pagination.new(tbl, options)
  return setmetatable({ tbl = tbl, size = options and options.size or 20 }, pagination)
end

-- Returns the key after which a page begins | nil for what is no token. The token is the number of the last
-- order that was shown, without the customer.
local function start_key(customer, token)
  if type(token) ~= "string" or #token > 15 or not token:find("^%d+$") then return nil end
  return { customer = customer, number = tonumber(token) }
end

--- Returns a page of orders, the latest first.
---@param customer string as the session says, never as the browser says
---@param token? string as it came from the browser; nil for the first page
---@return dynamodb.Item[]? orders
---@return string|dynamodb.Error|nil next token of the next page, nil if there is none; "bad token", or err
function pagination:page(customer, token)
  local start = token ~= nil and start_key(customer, token) or nil
  if token ~= nil and not start then return nil, "bad token" end
  local orders, err = self.tbl:query({ hash_key = customer, scan_index_forward = false,
    exclusive_start_key = start, max_results = self.size + 1 }):all()
  if not orders then return nil, err end
  local has_more = orders[self.size + 1] ~= nil
  orders[self.size + 1] = nil
  return orders, has_more and ("%d"):format(orders[self.size].number) or nil
end

return pagination
