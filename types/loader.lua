---@meta

-- Loaders: doc/coalescing.md.

---Reads the keys of many callers by one request: tbl:loader makes it.
---@class dynamodb.Loader
local Loader = {}

---Reads one item. Its request is shared with the other callers of this turn. Returns nil without an error if there is
---none.
---
---**Errors.** As of tbl:get_items, without `err.leftovers`.
---@param hash_key dynamodb.KeyValue
---@param range_key? dynamodb.KeyValue
---@return dynamodb.Item? item
---@return dynamodb.Error? err
---@overload fun(self: dynamodb.Loader, options: dynamodb.KeyOptions): dynamodb.Item?, dynamodb.Error?
function Loader:get(hash_key, range_key) end
