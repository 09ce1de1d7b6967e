--- Documents that keep all their versions. A change that is based on an old version is refused.
-- Table: hash key id (S), range key version (N).

local history = {}
history.__index = history

--- The key of the table, as options of conn:table and testing.table.
history.key = { hash_key = "id", range_key = "version", range_key_type = "N" }

local TRIES = 10

--- Makes the documents of a table.
---@param tbl dynamodb.Table
---@param options table author (name of this writer; no two that run at a time have the same), now (function
--- -> seconds since 1970; os.time)
function history.new(tbl, options)
  return setmetatable({ tbl = tbl, author = options.author, now = options.now or os.time }, history)
end

--- Reads a document.
---@param version? integer the latest one by default
---@return dynamodb.Item? item with version, content, author and at; nil when there is none
---@return dynamodb.Error? err
function history:read(id, version)
  if version then return self.tbl:get_item(id, version, { consistent_read = true }) end
  return self.tbl:query({ hash_key = id, scan_index_forward = false, max_results = 1,
    consistent_read = true }):next()
end

--- Stores a new version of a document.
---@param base integer version that the change is based on; 0 for a new document
---@return dynamodb.Item? item the new version
---@return dynamodb.Error? err with code ConditionalCheckFailedException when there is a later version
function history:save(id, base, content)
  local item = self.tbl:new_item(id, base + 1, { content = content, author = self.author, at = self.now() })
  return item:put({ create_only = true })
end

--- Changes the latest version of a document, and tries again when another writer was faster.
---@param edit function(content) -> content; called with nil when there is no document
---@return dynamodb.Item? item the new version
---@return dynamodb.Error? err
function history:change(id, edit)
  local err
  for _ = 1, TRIES do
    local latest, item
    latest, err = self:read(id)
    if err then return nil, err end
    item, err = self:save(id, latest and latest.version or 0, edit(latest and latest.content))
    if item then return item end
    if err.code ~= "ConditionalCheckFailedException" then return nil, err end
  end
  return nil, err
end

--- Stores the content of an old version as the latest one -> item | nil when there is no such version |
--- nil, err.
function history:revert(id, version)
  local old, err = self:read(id, version)
  if not old then return nil, err end
  return self:change(id, function() return old.content end)
end

--- Returns who changed a document when, the latest change first -> results with version, author and at.
function history:changes(id)
  return self.tbl:query({ hash_key = id, scan_index_forward = false, projection = "version, author, at" })
end

return history
