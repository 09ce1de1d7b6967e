--- Reads the responses of batch requests: which entries were processed, and which were not. A response that
--- names anything but the entries of its request is refused.
-- Source: API reference of BatchWriteItem and BatchGetItem.

local core = require("dynamodb.core")
local schema = require("dynamodb.table.schema")

local batch_responses = {}

--- Returns a text that identifies a key among all keys of all tables. Equal keys have equal texts.
function batch_responses.identify(fields, key)
  local range = fields.schema.range_key_name
  return fields.name .. "\0" .. core.encode(key[fields.schema.hash_key_name], "value")
    .. (range and core.encode(key[range], "value") or "")
end

--- Groups entries by the names of their tables -> { name = list of entries }.
---@param entries dynamodb.Entry[]
function batch_responses.by_table(entries)
  local groups = {}
  for _, entry in ipairs(entries) do
    local name = entry.fields.name
    groups[name] = groups[name] or {}
    table.insert(groups[name], entry)
  end
  return groups
end

-- Takes the entry of a key that the response names out of those that are open -> entry | nil, why, when it
-- was not in the request, or was named before.
local function take(open, group, key)
  local fields = group and group[1].fields
  local is_key, id = pcall(batch_responses.identify, fields, key)
  local entry = is_key and open[id]
  if not entry then return nil, "a key that was not in the request, or a key twice" end
  open[id] = nil
  return entry
end

-- Returns the entries by their ids.
local function open_entries(entries)
  local open = {}
  for _, entry in ipairs(entries) do open[entry.id] = entry end
  return open
end

-- Takes the entries of unprocessed keys -> true | nil, why.
local function take_unprocessed(list, open, group, keys)
  if type(keys) ~= "table" then return nil, "unprocessed keys without a list" end
  for _, key in ipairs(keys) do
    local entry, why = take(open, group, key)
    if not entry then return nil, why end
    list[#list + 1] = entry
  end
  return true
end

-- Takes the entries of unprocessed write requests -> true | nil, why. The attributes of a put include its
-- key.
local function take_unprocessed_writes(list, open, group, requests)
  for _, request in ipairs(requests) do
    local put, delete = request.PutRequest, request.DeleteRequest
    local entry, why = take(open, group, put and put.Item or delete and delete.Key or {})
    if not entry then return nil, why end
    if (put ~= nil) ~= (entry.request.PutRequest ~= nil) or (put and delete) then
      return nil, "another request for a key than the one that was sent"
    end
    list[#list + 1] = entry
  end
  return true
end

-- Returns the key of an item that was read for a group of entries | nil without a group.
local function key_of_item(group, item)
  local key = {}
  for _, name in ipairs(group and schema.names(group[1].fields.schema) or key) do
    key[name] = core.attribute(item, name)
  end
  return key
end

-- Takes the entries of the items that were read -> list of { fields, item, id } | nil, why.
local function take_items(open, groups, responses)
  local found = {}
  for name, list in pairs(responses) do
    for _, item in ipairs(list) do
      local entry, why = take(open, groups[name], key_of_item(groups[name], item))
      if not entry then return nil, why end
      found[#found + 1] = { entry.fields, item, entry.id }
    end
    if not groups[name] then return nil, "a table that was not in the request" end
  end
  return found
end

--- Reads the result of a BatchWriteItem.
---@param sent dynamodb.Entry[] the entries of the request
---@param groups table the same by table
---@return dynamodb.Entry[]? unprocessed
---@return string? why what does not fit the request
function batch_responses.of_writes(sent, groups, result)
  local unprocessed, open = {}, open_entries(sent)
  for name, requests in pairs(result.UnprocessedItems or {}) do
    local ok, why = take_unprocessed_writes(unprocessed, open, groups[name], requests)
    if not ok then return nil, why end
  end
  return unprocessed
end

--- Reads the result of a BatchGetItem.
---@param sent dynamodb.Entry[] the entries of the request
---@param groups table the same by table
---@return dynamodb.Entry[]? unprocessed
---@return table|string found list of { fields of the table, item, id } | what does not fit the request
function batch_responses.of_reads(sent, groups, result)
  local unprocessed, open = {}, open_entries(sent)
  local found, why = take_items(open, groups, result.Responses)
  if not found then return nil, why end
  for name, part in pairs(result.UnprocessedKeys or {}) do
    local ok, misfit = take_unprocessed(unprocessed, open, groups[name], part.Keys)
    if not ok then return nil, misfit end
  end
  return unprocessed, found
end

return batch_responses
