--- Applies each event of a webhook once, however often its sender delivers it.
-- Table: hash key id (S), expiry by attribute expires.

local webhook = {}
webhook.__index = webhook

--- The key of the table, as options of conn:table and testing.table.
webhook.key = { hash_key = "id" }

--- Makes a receiver of events.
---@param conn dynamodb.Connection
---@param tbl dynamodb.Table
---@param apply function(event) -> list of operations of conn:transact_write, at most 99
---@param options? table remember (seconds for which an event is known; 30 days), patience (seconds that the
--- sender waits; 5), now (function -> seconds since 1970; os.time)
function webhook.new(conn, tbl, apply, options)
  options = options or {}
  return setmetatable({ conn = conn, tbl = tbl, apply = apply, remember = options.remember or 30 * 24 * 3600,
    patience = options.patience or 5, now = options.now or os.time }, webhook)
end

-- Did a condition of one of these operations not hold?
local function has_failed(reasons, from, to)
  for i = from, to do
    if reasons[i] and reasons[i].code == "ConditionalCheckFailed" then return true end
  end
  return false
end

--- Receives an event, whose signature was checked before.
---@param event table with its id, as the sender has given it
---@return integer status of the HTTP response: 200 when the event is applied, now or before; 422 when it
--- cannot be applied; 503 when the sender must deliver it again
---@return dynamodb.Error? err for the log
function webhook:receive(event)
  local now = self.now()
  local operations = { { put = { id = "event " .. event.id, received = now, expires = now + self.remember },
    table = self.tbl, create_only = true } }
  for i, operation in ipairs(self.apply(event)) do operations[i + 1] = operation end
  local ok, err = self.conn:transact_write(operations, { deadline = self.patience })
  if ok then return 200 end
  local reasons = err.reasons or {}
  if has_failed(reasons, 1, 1) then return 200 end
  if has_failed(reasons, 2, #operations) then return 422, err end
  return 503, err
end

return webhook
