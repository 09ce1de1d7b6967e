--- Headers that the caller adds to requests: which names and values are accepted.
-- Source: RFC 9110 section 5.5 and 5.6.2; RFC 9110 section 7.6.1 for headers of single connections.

local objects = require("dynamodb.base.objects")

local headers = {}

local MOST = 16 -- headers; csrc/core/aws_json.h has the same limit
local LONGEST_NAME = 128 -- bytes; csrc/core/sigv4_kind.h has the same limit
local MOST_BYTES = 16384 -- of all names and values

-- Names that the client sets itself, or that are for one connection and not for the service.
local reserved = {}
for name in ("accept-encoding authorization connection content-encoding content-length content-type date "
  .. "expect host keep-alive te trailer transfer-encoding upgrade user-agent"):gmatch("%S+") do
  reserved[name] = true
end
local reserved_starts = { "amz-sdk-", "proxy-", "x-amz-", "x-amzn-" }

local function is_reserved(name)
  for _, start in ipairs(reserved_starts) do
    if name:sub(1, #start) == start then return true end
  end
  return reserved[name]
end

-- Returns what was expected of a name, and what came | nil when it is fit. 'name' is in lower case.
local function name_misfit(name)
  if name == "" or #name > LONGEST_NAME or name:find("[^%w!#$%%&'*+%-.^_`|~]") then
    return ("header names of up to %d letters, digits and !#$%%&'*+-.^_`|~"):format(LONGEST_NAME),
      "another name"
  end
  if is_reserved(name) then return "headers that the client does not set itself", "'" .. name .. "'" end
end

-- Returns what was expected of a value, and what came | nil when it is fit. A value may be a secret, so the
-- message does not show it.
local function value_misfit(name, value)
  if type(value) == "string" and not value:find("[^\t\32-\126]") then return nil end
  local is_text = type(value) == "string"
  local found = is_text and "CR, LF, NUL or another character" or objects.describe(value)
  return "texts of visible ASCII, blanks and tabs", ("%s as value of '%s'"):format(found, name)
end

--- Validates headers: a table of texts by name -> true | false, what was expected, what came. The names may
--- be written in any case; two names that differ only by case are one header.
function headers.are_headers(given)
  local form = "table of texts by header name"
  if not objects.is_plain(given) then return false, form end
  local seen, count, bytes = {}, 0, 0
  for name, value in pairs(given) do
    if type(name) ~= "string" then return false, form, "a member " .. tostring(name) end
    local lower = name:lower()
    local expected, found = name_misfit(lower)
    if not expected then expected, found = value_misfit(lower, value) end
    if expected then return false, expected, found end
    if seen[lower] then return false, "each header once", ("'%s' twice"):format(lower) end
    seen[lower], count, bytes = true, count + 1, bytes + #lower + #value
  end
  if count > MOST then return false, ("at most %d headers"):format(MOST), ("%d"):format(count) end
  if bytes <= MOST_BYTES then return true end
  return false, ("headers of at most %d bytes"):format(MOST_BYTES), ("%d"):format(bytes)
end

--- Adds headers to others, which they replace. The names become those of HTTP, in lower case.
---@param into table
---@param given? table
---@return table into
function headers.merge(into, given)
  for name, value in pairs(given or {}) do into[name:lower()] = value end
  return into
end

--- Returns headers as the flat list that the core takes, sorted by name.
---@param given table accepted by are_headers
---@return string[]
function headers.list(given)
  local names, values, list = {}, headers.merge({}, given), {}
  for name in pairs(values) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do list[2 * i - 1], list[2 * i] = name, values[name] end
  return list
end

return headers
