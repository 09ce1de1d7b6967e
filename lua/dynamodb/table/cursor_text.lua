--- Cursors as text: where results resume reading, as URL-safe text that an application may give to its users.
--- A cursor is authenticated, expires, and fits only requests that read the same items in the same order.
--
-- The core makes and opens the text (csrc/core/token.h). What it has of a position is an attribute value in
-- DynamoDB's JSON: nothing for the start; the values of the key in the order of its names, or a map where the
-- service's key has other members; for a scan by segments a list of these, with NULL for a segment's start
-- and false for one that is finished.

local core = require("dynamodb.core")
local cursor = require("dynamodb.table.cursor")
local errors = require("dynamodb.error")
local objects = require("dynamodb.base.objects")
local options = require("dynamodb.base.options")

local cursor_text = {}

local SHORTEST_SECRET = 16 -- bytes
local LONGEST_TEXT = 131072 -- characters; the longest key needs fewer, also with an index of eight attributes
local DAY = 86400 -- seconds that a cursor is valid by default

cursor_text.options = {
  encrypt = options.boolean,
  ttl = options.seconds,
}

-- Returns the secrets, the current one first. Raises for others; the message does not show them.
local function secrets_of(given, what)
  local list = type(given) == "string" and { given } or given
  local is_fit = objects.is_plain(list) and #list > 0
  for _, secret in ipairs(is_fit and list or {}) do
    is_fit = is_fit and type(secret) == "string" and #secret >= SHORTEST_SECRET
  end
  if is_fit then return list end
  local found = type(given) == "string" and "less" or objects.is_plain(given) and "another table"
    or objects.describe(given)
  errors.raise("%s: text of at least %d random bytes, or a list of such texts, expected, got %s", what,
    SHORTEST_SECRET, found)
end

-- {===== What a cursor is bound to =====

-- Joins texts so that no others are joined to the same one.
local function join(texts)
  local parts = {}
  for i, text in ipairs(texts) do parts[i] = #text .. ":" .. text end
  return table.concat(parts)
end

-- Writes an attribute value, given as a table of DynamoDB's JSON, without regard to the order of members and
-- of elements of sets, which is different in each process.
local function write_value(wire)
  local kind, value = next(wire)
  local parts = { kind }
  if kind == "M" then
    local names = {}
    for name in pairs(value) do names[#names + 1] = name end
    table.sort(names)
    for _, name in ipairs(names) do
      parts[#parts + 1] = name
      parts[#parts + 1] = write_value(value[name])
    end
  elseif type(value) == "table" then
    for i, element in ipairs(value) do parts[i + 1] = kind == "L" and write_value(element) or element end
    if kind ~= "L" then table.sort(parts) end
  else
    parts[2] = tostring(value)
  end
  return join(parts)
end

-- Writes an expression with names and values in place of the placeholders, whose numbers depend on the other
-- expressions of a request.
local function write_expression(request, text)
  local names, values = request.ExpressionAttributeNames or {}, request.ExpressionAttributeValues or {}
  return ((text or ""):gsub("[#:]%d+", function(placeholder)
    if names[placeholder] then return "#" .. join({ names[placeholder] }) end
    local wire = assert(core.encode(values[placeholder], "value"))
    return ":" .. join({ write_value(assert(core.decode(wire, "json"))) })
  end))
end

-- Returns what a cursor is bound to: the operation, the table with its key attributes, the index, the key
-- condition, the filter, the direction and the segments.
local function context_of(operation, request, key_names)
  return join({
    operation,
    request.TableName,
    request.IndexName or "",
    join(key_names),
    write_expression(request, request.KeyConditionExpression),
    write_expression(request, request.FilterExpression),
    request.ScanIndexForward == false and "backward" or "forward",
    request.TotalSegments and ("%d"):format(request.TotalSegments) or "",
    request.Segment and ("%d"):format(request.Segment) or "",
  })
end

-- ===================== }
-- {===== Making =====

-- Returns a key as an attribute value.
local function value_of(key, names)
  local list, count = core.list(), 0
  for _ in pairs(key) do count = count + 1 end
  if count ~= #names then return key end
  for i, name in ipairs(names) do
    if key[name] == nil then return key end
    list[i] = key[name]
  end
  return list
end

-- Returns the value of each segment | nil when all are finished.
local function values_of_segments(fields, names)
  local keys, list, has_more = cursor.resume_keys(fields), core.list(), false
  for segment = 0, fields._plan.segments - 1 do
    local key = keys[segment]
    has_more = has_more or key ~= false
    list[segment + 1] = key and value_of(key, names) or key == nil and core.null or false
  end
  return has_more and list or nil
end

-- Returns the body of a cursor | nil at the end of the results.
local function body_of(fields)
  local names = fields._plan.key_names
  if fields._plan.segments then
    local values = values_of_segments(fields, names)
    return values and assert(core.encode(values, "value"))
  end
  if cursor.is_finished(fields) then return nil end
  local key = cursor.resume_key(fields)
  return key and assert(core.encode(value_of(key, names), "value")) or ""
end

-- Makes the error of a request that is not sent.
local function failure(operation, request, fields)
  fields.kind, fields.operation, fields.table, fields.attempts = "service", operation, request.TableName, 0
  return errors.locate(errors.new(fields))
end

--- Returns where the results resume, as text for option 'cursor' of the same query or scan.
---@param fields table of the results
---@param secret string|string[] at least 16 random bytes; of a list, the first
---@param given? table ttl (seconds until it expires, a day by default), encrypt (whether the key is hidden)
---@return string? text nil when all items were returned
---@return dynamodb.Error? err when many segments make the text too long
function cursor_text.write(fields, secret, given)
  local secrets = secrets_of(secret, "cursor: secret")
  given = options.read(cursor_text.options, given, "cursor")
  local names = fields._plan.key_names
  if not names then errors.raise("cursor: only queries and scans have cursors") end
  local body = body_of(fields)
  if not body then return nil end
  local expires = math.ceil(fields._transport.time() + (given.ttl or DAY))
  local context = context_of(fields._operation, fields._request, names)
  local text = core.seal_token(secrets[1], context, body, expires, given.encrypt or false)
  if #text <= LONGEST_TEXT then return text end
  return nil, failure(fields._operation, fields._request, { code = "CursorTooLong", message =
    ("cursor of %d characters, at most %d; results:state() has no limit"):format(#text, LONGEST_TEXT) })
end

-- ===================== }
-- {===== Reading =====

local reasons = {
  expired = "the cursor has expired",
  foreign = "the cursor was made for another request or with another secret, or was changed",
  malformed = "no cursor of this version of the library",
}

-- Opens a cursor with one of the secrets -> body | nil, why.
local function open(secrets, context, text, now)
  if type(text) ~= "string" then return nil, ("text expected, got %s"):format(objects.describe(text)) end
  if #text > LONGEST_TEXT then return nil, ("longer than %d characters"):format(LONGEST_TEXT) end
  local fault
  for _, secret in ipairs(secrets) do
    local body
    body, fault = core.open_token(secret, context, text, now)
    if body then return body end
    if fault ~= "foreign" then break end
  end
  return nil, reasons[fault]
end

-- Returns the key of an attribute value | nil when it is none.
local function key_of(value, names)
  if type(value) ~= "table" then return nil end
  if not core.is_list(value) then return options.merge(value) end
  local key = {}
  for i, name in ipairs(names) do key[name] = value[i] end
  return #value == #names and key or nil
end

-- Returns the start key of each segment | nil when the value has none.
local function keys_of_segments(value, names, count)
  if type(value) ~= "table" or #value ~= count then return nil end
  local keys = {}
  for i, each in ipairs(value) do
    if each == false then
      keys[i - 1] = false
    elseif each ~= core.null then
      keys[i - 1] = key_of(each, names)
      if not keys[i - 1] then return nil end
    end
  end
  return keys
end

local function check_options(given, where)
  if given.cursor == nil then return end
  if given.cursor_key == nil then errors.raise("%s: option 'cursor' goes with 'cursor_key'", where) end
  for _, name in ipairs({ "exclusive_start_key", "state" }) do
    if given[name] ~= nil then errors.raise("%s: option 'cursor' excludes '%s'", where, name) end
  end
end

--- Reads the options 'cursor' and 'cursor_key' of a query or scan -> start | nil, err with code
--- InvalidCursor. 'start' has 'key', nil for the start, or for a scan by segments 'keys' of each; without a
--- cursor it is empty.
---@param where string the method
---@param given table the options of the caller
---@param operation table of base/operations
---@param request table as it is sent, without its start key
---@param plan table of results: key_names
---@param time fun(): number seconds since 1970
function cursor_text.read(where, given, operation, request, plan, time)
  check_options(given, where)
  local secrets, names = secrets_of(given.cursor_key, where .. ": option 'cursor_key'"), plan.key_names
  if given.cursor == nil then return {} end
  local body, why = open(secrets, context_of(operation.name, request, names), given.cursor, time())
  local start = {}
  if body and (body ~= "" or given.segments) then
    local value = core.decode(body, "value")
    if given.segments then
      start.keys = keys_of_segments(value, names, given.segments)
    else
      start.key = key_of(value, names)
    end
    if not (start.keys or start.key) then body, why = nil, reasons.malformed end
  end
  if body then return start end
  return nil, failure(operation.name, request, { code = "InvalidCursor", message = why })
end

-- ===================== }

return cursor_text
