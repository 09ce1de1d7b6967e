--- Shows the orders of a customer page by page. A token leads from a page to the next one.
-- Table: hash key customer (S), range key number (N).

local pagination = {}
pagination.__index = pagination

--- The key of the table, as options of conn:table and testing.table.
pagination.key = { hash_key = "customer", range_key = "number", range_key_type = "N" }

--- Makes the pages of a table.
---@param tbl dynamodb.Table
---@param options table secrets (text of at least 16 random bytes, or a list: the current one, the previous
--- one), size (orders of a page; 20), seconds (for which a token is valid; 3600)
function pagination.new(tbl, options)
  return setmetatable({ tbl = tbl, secrets = options.secrets, size = options.size or 20,
    seconds = options.seconds or 3600 }, pagination)
end

--- Returns a page of orders, the latest first.
---@param customer string as the session says, never as the browser says
---@param token? string as it came from the browser; nil for the first page
---@return dynamodb.Item[]? orders
---@return string|dynamodb.Error|nil next token of the next page, nil if there is none; "bad token", or err
function pagination:page(customer, token)
  local results, err = self.tbl:query({ hash_key = customer, scan_index_forward = false,
    max_results = self.size + 1, cursor = token, cursor_key = self.secrets })
  if not results then return nil, err.code == "InvalidCursor" and "bad token" or err end
  local orders = {}
  while #orders < self.size do
    local order, failure = results:next()
    if failure then return nil, failure end
    if not order then return orders end
    orders[#orders + 1] = order
  end
  local next_token = results:cursor(self.secrets, { ttl = self.seconds, encrypt = true })
  local order, failure = results:next() -- is there one more?
  if failure then return nil, failure end
  return orders, order and next_token or nil
end

return pagination
