--- The faults that testing.faults makes. Each kind has a validator of its option, and a function that plans
--- what happens to a request.
--
-- A plan has these fields, all optional:
--   send      true when the request goes to the service; a text when these bytes go instead of it
--   reset     true when sending fails
--   reply     bytes of a response that the service did not send
--   change    function(response) -> bytes: replaces the service's response, which is read to its end
--   dropped   true when the service's response is read and dropped
-- When neither reply nor change gives bytes, or after fewer bytes than the response has, the connection is
-- closed.

local errors = require("dynamodb.error")
local json = require("dynamodb.values.json")
local messages = require("dynamodb.testing.messages")
local objects = require("dynamodb.base.objects")
local operations = require("dynamodb.base.operations")
local options = require("dynamodb.base.options")

local kinds = {}

local function is_true(value)
  return value == true, "true"
end

-- Makes a validator for a table of options, or true.
local function fields(schema, required)
  local names = {}
  for name in pairs(schema) do names[#names + 1] = name end
  table.sort(names)
  local expected = (required and "table of " or "true or table of ") .. table.concat(names, ", ")
  return function(value)
    if value == true and not required then return true end
    if not objects.is_plain(value) then return false, expected end
    for name, member in pairs(value) do
      if not schema[name] or not schema[name](member) then return false, expected end
    end
    return not required or value[required] ~= nil, expected
  end
end

local THROTTLED = "ProvisionedThroughputExceededException"

kinds.throttle = {
  check = fields({ code = options.text, reason = options.text, resource = options.text }),
  plan = function(throttle)
    if throttle == true then throttle = {} end
    local reasons = (throttle.reason or throttle.resource)
      and { { reason = throttle.reason, resource = throttle.resource } } or nil
    return { reply = messages.failure(400, throttle.code or THROTTLED, "The request is throttled (fault)",
      { ThrottlingReasons = reasons }) }
  end,
}

kinds.error = {
  check = fields({ code = options.text, message = options.text, status = options.count(400) }, "code"),
  plan = function(given)
    return { reply = messages.failure(given.status or 400, given.code, given.message or "fault of a test") }
  end,
}

kinds.status = {
  check = function(value)
    return value == 500 or value == 502 or value == 503 or value == 504, "500, 502, 503 or 504"
  end,
  plan = function(status)
    local code = status == 503 and "ServiceUnavailable" or "InternalServerError"
    return { reply = messages.failure(status, code, "The service failed (fault)") }
  end,
}

kinds.expired_token = {
  check = is_true,
  plan = function()
    return { reply = messages.failure(400, "ExpiredTokenException",
      "The security token included in the request is expired (fault)") }
  end,
}

kinds.lost_request = { check = is_true, plan = function() return {} end }

kinds.lost_response = { check = is_true, plan = function() return { send = true, dropped = true } end }

kinds.reset = { check = is_true, plan = function() return { reset = true } end }

local function with_wrong_checksum(response)
  response.headers["x-amz-crc32"] = response.headers["x-amz-crc32"] == "1" and "2" or "1"
  return messages.bytes_of(response)
end

kinds.wrong_checksum = {
  check = is_true,
  plan = function() return { send = true, change = with_wrong_checksum } end,
}

local function cut(response)
  local half = response.body:sub(1, math.floor(#response.body / 2))
  return messages.response(response.status, response.headers, half, #response.body)
end

kinds.cut_body = { check = is_true, plan = function() return { send = true, change = cut } end }

-- {===== Unprocessed entries of batches =====

local MEMBER = { BatchGetItem = "UnprocessedKeys", BatchWriteItem = "UnprocessedItems" }

-- Splits the entries of a batch -> RequestItems without the last 'count' entries, RequestItems of these; nil
-- for an empty one. Tables are taken in the order of their names.
local function split(request_items, count)
  local names, kept, taken = {}, nil, nil
  for name in pairs(request_items) do names[#names + 1] = name end
  table.sort(names)
  for i = #names, 1, -1 do
    local name = names[i]
    local part = request_items[name]
    local list = part.Keys or part
    local parts = { {}, {} }
    for j = 1, #list do
      local side = parts[#list - j < count and 2 or 1]
      side[#side + 1] = list[j]
    end
    count = count - #parts[2]
    for side, entries in ipairs(parts) do
      local value = entries
      if part.Keys then
        value = options.merge(part)
        value.Keys = entries
      end
      if #entries > 0 and side == 1 then kept = kept or {} kept[name] = value end
      if #entries > 0 and side == 2 then taken = taken or {} taken[name] = value end
    end
  end
  return kept, taken
end

-- Adds entries to those that the service left unprocessed itself.
local function merge_entries(found, more)
  for name, part in pairs(more) do
    local own = found[name]
    if not own then
      found[name] = part
    else
      local list = own.Keys or own
      for _, entry in ipairs(part.Keys or part) do list[#list + 1] = entry end
    end
  end
  return found
end

local is_count = options.count(1)

kinds.unprocessed = {
  operations = MEMBER,
  check = function(value) return value == true or is_count(value), "true or number of entries" end,
  plan = function(count, request)
    local member = MEMBER[request.operation]
    local kept, taken = split(request.params.RequestItems, count == true and math.huge or count)
    if not kept then
      local responses = request.operation == "BatchGetItem" and {} or nil
      return { reply = messages.success({ [member] = taken, Responses = responses }) }
    end
    local params = options.merge(request.params, { RequestItems = kept })
    return { send = messages.replace_params(request, params), change = function(response)
      local result = response.status == 200 and response.parser:decode("json")
      if not result then return messages.bytes_of(response) end
      result[member] = merge_entries(result[member] or {}, taken)
      return messages.success(result)
    end }
  end,
}

-- ===================== }
-- {===== Transactions =====

local TRANSACTIONS = { ExecuteTransaction = "TransactStatements", TransactGetItems = "TransactItems",
  TransactWriteItems = "TransactItems" }

-- A reason is a code, or { Code =, Message =, Item = } with plain attributes.
local is_reason = fields({ Code = options.text, Item = options.table, Message = options.text }, "Code")

local function reason_of(given)
  if type(given) == "string" then return { Code = given } end
  local item = given.Item and json.decode(json.typed_encode(given.Item))
  return { Code = given.Code, Message = given.Message, Item = item }
end

kinds.cancelled = {
  operations = TRANSACTIONS,
  check = function(value)
    local expected = "list with a code such as 'None', or { Code =, Message =, Item = }, for each operation"
    if not objects.is_plain(value) or #value == 0 then return false, expected end
    for _, reason in ipairs(value) do
      if type(reason) ~= "string" and not is_reason(reason) then return false, expected end
    end
    return true
  end,
  plan = function(given, request)
    local list, reasons, codes = request.params[TRANSACTIONS[request.operation]], {}, {}
    if #list ~= #given then
      errors.raise("testing.faults: option 'cancelled': %d reasons expected, one for each operation of the "
        .. "transaction, got %d", #list, #given)
    end
    for i, each in ipairs(given) do
      reasons[i] = reason_of(each)
      codes[i] = reasons[i].Code
    end
    return { reply = messages.failure(400, "TransactionCanceledException",
      ("Transaction cancelled, please refer cancellation reasons for specific reasons [%s]"):format(
        table.concat(codes, ", ")), { CancellationReasons = reasons }) }
  end,
}

-- ===================== }
-- {===== The service's clock =====

local MAX_SKEW = 300 -- seconds; the service refuses signatures for times further away

local function with_date(response, now)
  response.headers.date = messages.http_date(now)
  return messages.bytes_of(response)
end

--- Plans a request to a service whose clock differs: it refuses signatures for other times.
---@param now number the service's time, in seconds since 1970
---@return table plan
---@return boolean refused
function kinds.plan_by_clock(request, now)
  local signed = messages.signed_time(request)
  if signed and math.abs(signed - now) <= MAX_SKEW then
    return { send = true, change = function(response) return with_date(response, now) end }, false
  end
  return { reply = messages.failure(400, "InvalidSignatureException",
    "Signature expired or not yet current (fault)", nil, messages.http_date(now)) }, true
end

kinds.clock_skew = {
  check = function(value)
    local is_number = type(value) == "number" and math.abs(value) > MAX_SKEW and math.abs(value) < 1e9
    return is_number, ("number of seconds beyond %d or -%d"):format(MAX_SKEW, MAX_SKEW)
  end,
  plan = function(skew, request, time) return (kinds.plan_by_clock(request, time + skew)) end,
}

-- ===================== }

local is_seconds = options.seconds
local names = {}
for name, kind in pairs(kinds) do
  if type(kind) == "table" then names[#names + 1] = name end
end
table.sort(names)

--- The names of the kinds, sorted.
kinds.names = names

--- The options of a rule, for dynamodb.base.options.
kinds.rule_options = {
  after = options.count(0),
  delay = is_seconds,
  operation = function(value)
    return type(value) == "string" and operations[value] ~= nil, "name of an operation such as 'PutItem'"
  end,
  table = options.text,
  times = function(value)
    return value == math.huge or is_count(value), "whole number of at least 1, or math.huge"
  end,
}
for _, name in ipairs(names) do kinds.rule_options[name] = kinds[name].check end

return kinds
