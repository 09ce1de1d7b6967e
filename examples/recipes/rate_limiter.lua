--- Limits how often something may happen in a window of time, such as requests of a customer.
-- Table: hash key id (S), expiry by attribute expires.

local dynamodb = require("dynamodb")

local limiter = {}
limiter.__index = limiter

--- The key of the table, as options of conn:table and testing.table.
limiter.key = { hash_key = "id" }

--- Makes a limiter.
---@param tbl dynamodb.Table
---@param options table limit (hits in a window), window (whole seconds), patience (seconds that the service
--- may take to respond; 0.5), now (function -> seconds since 1970; os.time)
function limiter.new(tbl, options)
  return setmetatable({ tbl = tbl, limit = options.limit, window = options.window,
    patience = options.patience or 0.5, now = options.now or os.time }, limiter)
end

--- Counts a hit, unless there were too many in this window.
---@param name string whose hit it is
---@return boolean? allowed nil when the service did not respond in time
---@return number|dynamodb.Error|nil rest seconds until the next window, if it is not allowed; err
function limiter:hit(name)
  local now = self.now()
  local start = now - now % self.window
  local ok, err = self.tbl:update_item(("%s %d"):format(name, start), {
    update = { hits = dynamodb.increment(1), expires = start + 2 * self.window },
    condition = { hits = dynamodb.any(dynamodb.not_exists(), dynamodb.lt(self.limit)) },
    retry_writes = "always",
    deadline = self.patience,
  })
  if ok then return true end
  if err.code == "ConditionalCheckFailedException" then return false, start + self.window - now end
  return nil, err
end

return limiter
