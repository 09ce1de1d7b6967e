--- A simulated service for BatchWriteItem and BatchGetItem that gives each request a random outcome.

local cjson = require("cjson")
local helper = dofile("spec/support/helper.lua")

local batch_service = {}

-- Outcomes of a request: functions that decide which entries are processed, or error codes.
local outcomes = {
  all = function() return true end,
  some = function(random) return random:once_in(2) end,
  none = function() return false end,
  throttle = "ProvisionedThroughputExceededException",
  fail = "InternalServerError",
  lose = function() return true end, -- all entries are processed, but the response is lost
}

local function text_of(key, names)
  local parts = {}
  for i, name in ipairs(names) do
    local kind, value = next(key[name])
    parts[i] = kind .. value
  end
  return table.concat(parts, "|")
end

local function failure(code)
  local status = code == "InternalServerError" and 500 or 400
  return helper.response(status, cjson.encode({ __type = "x#" .. code, message = "not now" }))
end

local function append(lists, name, value, position)
  local list = lists[name] or {}
  lists[name] = list
  table.insert(list, position or #list + 1, value)
end

--- Creates a service with a transport.
---@param schemas table table name -> names of its key attributes
---@param possible table names of the outcomes to pick from
---@return table service transport; tables[name][key] -> item; log, a list of { id, "put" or "delete", n }; id(name, key)
function batch_service.new(random, schemas, possible)
  local service = { tables = {}, log = {} }
  for name in pairs(schemas) do service.tables[name] = {} end

  function service.id(name, key) return name .. "|" .. text_of(key, schemas[name]) end

  local function write(name, request)
    local key = request.DeleteRequest and request.DeleteRequest.Key or request.PutRequest.Item
    local item = request.PutRequest and request.PutRequest.Item
    service.tables[name][text_of(key, schemas[name])] = item
    table.insert(service.log, { service.id(name, key), item and "put" or "delete", item and item.n.N })
  end

  -- Splits the entries into processed and unprocessed ones; raises an error if a key occurs twice.
  local function split(list, names, key_of, is_processed, seen)
    local processed, unprocessed = {}, {}
    for _, entry in ipairs(list) do
      local id = text_of(key_of(entry), names)
      if seen[id] then error("a key occurs twice in a request", 0) end
      seen[id] = true
      table.insert(is_processed(random) and processed or unprocessed, entry)
    end
    return processed, unprocessed
  end

  local function check_count(body, most, member)
    local count = 0
    for _, list in pairs(body) do count = count + #(member and list[member] or list) end
    if count == 0 or count > most then error(count .. " entries in a request", 0) end
  end

  local function batch_write(body, is_processed)
    check_count(body, 25)
    local unprocessed = {}
    for name, list in pairs(body) do
      local processed, rest = split(list, schemas[name], function(request)
        return request.DeleteRequest and request.DeleteRequest.Key or request.PutRequest.Item
      end, is_processed, {})
      for _, request in ipairs(processed) do write(name, request) end
      for _, request in ipairs(rest) do append(unprocessed, name, request) end
    end
    return { UnprocessedItems = unprocessed }
  end

  local function batch_get(body, is_processed)
    check_count(body, 100, "Keys")
    local found, unprocessed = {}, {}
    for name, part in pairs(body) do
      local processed, rest = split(part.Keys, schemas[name], function(key) return key end, is_processed, {})
      for _, key in ipairs(processed) do
        local item = service.tables[name][text_of(key, schemas[name])]
        if item then append(found, name, item, 1) end -- in reverse order
      end
      if #rest > 0 then unprocessed[name] = { Keys = rest } end
    end
    return { Responses = found, UnprocessedKeys = unprocessed }
  end

  local transport
  transport = helper.fake(function(bytes)
    transport.clock = transport.clock + 0.01
    local outcome = random:pick(possible)
    if type(outcomes[outcome]) == "string" then return failure(outcomes[outcome]) end
    local operation = bytes:match("DynamoDB_20120810%.(%w+)")
    local body = cjson.decode(bytes:match("\r\n\r\n(.*)$")).RequestItems
    local response = (operation == "BatchGetItem" and batch_get or batch_write)(body, outcomes[outcome])
    if outcome ~= "lose" then return helper.response(200, cjson.encode(response)) end
  end)
  service.transport = transport
  return service
end

return batch_service
