--- The service's limits of size, checked before anything is sent.
-- Source: DynamoDB developer guide, "Quotas in Amazon DynamoDB".

local late = require("dynamodb.base.late")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local item_size = late.call("dynamodb.values.item_size")

local limits = {
  MAX_ITEM = 400 * 1024, -- bytes of an item, names included
  MAX_HASH_KEY = 2048, -- bytes of a hash key's value
  MAX_RANGE_KEY = 1024, -- bytes of a range key's value
  MAX_TRANSACTION = 4 * 1024 * 1024, -- bytes of all items of a transaction
}

--- Raises for an item that is too large.
---@param item table|string attributes, or their encoded text
---@param length integer of the encoded text, or of a longer one that has it; an item is never larger
---@param where any the method, or the position of the item, for the message
function limits.check_item(item, length, where)
  if length <= limits.MAX_ITEM then return end
  local size = item_size(type(item) == "string" and assert(core.decode(item, "item")) or item)
  if size > limits.MAX_ITEM then
    errors.raise("%s: the item has %d bytes, at most %d (400 KB) are possible", where, size, limits.MAX_ITEM)
  end
end

return limits
