--- Counters that many processes add to. A counter is spread over several items, so that no item is too busy.
-- Table: hash key id (S), expiry by attribute expires.

local dynamodb = require("dynamodb")

local counters = {}
counters.__index = counters

--- The key of the table, as options of conn:table and testing.table.
counters.key = { hash_key = "id" }

--- Makes the counters of a table.
---@param conn dynamodb.Connection
---@param tbl dynamodb.Table
---@param options? table shards (items of each counter; 8), remember (seconds for which add_once knows an
--- event; a week), now (function -> seconds since 1970; os.time)
function counters.new(conn, tbl, options)
  options = options or {}
  return setmetatable({ conn = conn, tbl = tbl, shards = options.shards or 8,
    remember = options.remember or 7 * 24 * 3600, now = options.now or os.time }, counters)
end

-- Returns the id of one of the items of a counter, by default any of them.
local function shard_of(self, name, number)
  return ("count %s %d"):format(name, number or math.random(self.shards))
end

--- Adds to a counter, exactly once if it returns true.
---@return true|nil ok
---@return dynamodb.Error? err with err.ambiguous it may have been added
function counters:add(name, by)
  return self.tbl:update_item(shard_of(self, name), { update = { n = dynamodb.increment(by) },
    retry_writes = "exact" })
end

--- Adds to a counter what an event is worth, unless that was done before. After an error, also an ambiguous
--- one, it may be called again with the same event.
---@param event string id of the event
---@return boolean? added false when the event was counted before
---@return dynamodb.Error? err
function counters:add_once(name, event, by)
  local mark = { id = ("event %s %s"):format(name, event), expires = self.now() + self.remember }
  local ok, err = self.conn:transact_write({
    { put = mark, table = self.tbl, create_only = true },
    { update = { n = dynamodb.increment(by) }, table = self.tbl, hash_key = shard_of(self, name) },
  })
  if ok then return true end
  if err.reasons and err.reasons[1].code == "ConditionalCheckFailed" then return false end
  return nil, err
end

--- Returns the sum of all that was added -> number | nil, err.
function counters:total(name)
  local keys, total = {}, 0
  for number = 1, self.shards do keys[number] = shard_of(self, name, number) end
  local list, err = self.tbl:get_items(keys, { consistent_read = true })
  if not list then return nil, err end
  for _, item in ipairs(list) do total = total + item.n end
  return total
end

return counters
