--- Reads requests and writes responses of DynamoDB as bytes, for transports that take the place of others.

local core = require("dynamodb.core")
local json = require("dynamodb.values.json")
local service_clock = require("dynamodb.http.service_clock")
local system = require("dynamodb.base.system")

local messages = {}

local SERVICE = "com.amazonaws.dynamodb.v20120810#"
local KEPT_HEADERS = { "content-type", "content-encoding", "connection", "date", "x-amz-crc32",
  "x-amz-retry-after", "x-amzn-errortype", "x-amzn-requestid" }

---@class dynamodb.testing.Request
---@field bytes string
---@field operation string
---@field params table the body as Lua values
---@field tables table<string, true> names of the tables that the request is for

-- Adds the tables that a part of a request names.
local function add_tables(found, params)
  local items, actions = params.RequestItems, params.TransactItems
  if type(params.TableName) == "string" then found[params.TableName] = true end
  for name in pairs(type(items) == "table" and items or {}) do found[name] = true end
  for _, entry in ipairs(type(actions) == "table" and actions or {}) do
    local _, action = next(entry)
    if type(action) == "table" then add_tables(found, action) end
  end
  return found
end

--- Reads a request -> request | nil when it is not one of DynamoDB or its streams.
---@return dynamodb.testing.Request?
function messages.read_request(bytes)
  local operation = bytes:match("\r\n[xX]%-[aA][mM][zZ]%-[tT]arget: DynamoDB[%w_]*%.(%a+)\r\n")
  local first = operation and bytes:find("\r\n\r\n", 1, true)
  local params = first and json.decode(bytes:sub(first + 4))
  if type(params) ~= "table" then return nil end
  return { bytes = bytes, operation = operation, params = params, tables = add_tables({}, params) }
end

--- Returns the bytes of a request with other parameters. Its signature is no longer right.
---@param request dynamodb.testing.Request
function messages.replace_params(request, params)
  local body = json.encode(params)
  local head = request.bytes:match("^(.-\r\n\r\n)")
  head = head:gsub("(\r\n[cC]ontent%-[lL]ength: )%d+", function(name) return name .. #body end)
  return head .. body
end

--- Returns the time that a request was signed for, in seconds since 1970 | nil.
function messages.signed_time(request)
  local year, month, day, hour, minute, second =
    request.bytes:match("\r\n[xX]%-[aA][mM][zZ]%-[dD]ate: (%d%d%d%d)(%d%d)(%d%d)T(%d%d)(%d%d)(%d%d)Z\r\n")
  if not year then return nil end
  local days = service_clock.days(tonumber(year), tonumber(month), tonumber(day))
  return ((days * 24 + hour) * 60 + minute) * 60 + second
end

local DAYS = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" }
local MONTHS = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }

--- Formats seconds since 1970 as a Date header's value.
-- Source: RFC 9110 section 5.6.7.
function messages.http_date(seconds)
  local t = system.utc(seconds)
  return ("%s, %02d %s %04d %02d:%02d:%02d GMT"):format(DAYS[t.wday], t.day, MONTHS[t.month], t.year, t.hour,
    t.min, t.sec)
end

--- Returns the bytes of a response. Its body may be shorter than its Content-Length says.
---@param status integer
---@param headers table name in lower case -> value
---@param body string
---@param length? integer the Content-Length, if it is not that of the body
function messages.response(status, headers, body, length)
  local lines = { ("HTTP/1.1 %d Response"):format(status) }
  for _, name in ipairs(KEPT_HEADERS) do
    if headers[name] then lines[#lines + 1] = name .. ": " .. headers[name] end
  end
  lines[#lines + 1] = "content-length: " .. (length or #body)
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
end

local JSON_TYPE = "application/x-amz-json-1.0"

--- Returns the bytes of a success with this result, a table that plain JSON has.
function messages.success(result)
  return messages.response(200, { ["content-type"] = JSON_TYPE, ["x-amzn-requestid"] = core.uuid() },
    json.encode(result))
end

--- Returns the bytes of an error of the service.
---@param code string such as "ValidationException"
---@param more? table further members of the body
---@param date? string a Date header's value
function messages.failure(status, code, message, more, date)
  local body = { __type = SERVICE .. code, message = message }
  for name, value in pairs(more or {}) do body[name] = value end
  local headers = { ["content-type"] = JSON_TYPE, ["x-amzn-requestid"] = core.uuid(), date = date }
  return messages.response(status, headers, json.encode(body))
end

---@class dynamodb.testing.Response
---@field parser userdata
---@field status integer
---@field headers table those that matter to the client, by lower-case name
---@field body string as received

--- Receives a whole response by a transport -> response | nil, kind, why.
---@return dynamodb.testing.Response?
function messages.receive(transport, socket, deadline)
  local parser, is_first = core.response(nil, false, true, false), true -- it may be compressed
  while true do
    local bytes, kind, why = transport.receive(socket, deadline, is_first)
    is_first = false
    if kind == "closed" and parser:started() and parser:finish() then break end
    if not bytes then return nil, kind, why end
    local done, invalid = parser:feed(bytes)
    if invalid then return nil, "network", invalid end
    if done then break end
  end
  local headers = {}
  for _, name in ipairs(KEPT_HEADERS) do headers[name] = parser:header(name) end
  return { parser = parser, status = parser:status(), headers = headers, body = parser:body() }
end

--- Returns the bytes of a response that was received.
---@param response dynamodb.testing.Response
function messages.bytes_of(response)
  return messages.response(response.status, response.headers, response.body)
end

return messages
