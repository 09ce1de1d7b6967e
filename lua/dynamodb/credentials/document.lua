--- Documents that hold credentials: their JSON, their keys under various names, and their dates.

local cjson = require("cjson").new() -- with options of its own
local service_clock = require("dynamodb.http.service_clock")

-- NaN is no JSON. 1e999 is, but becomes infinity, which is written as JavaScript does.
cjson.decode_invalid_numbers(false)
cjson.encode_invalid_numbers("null")

local document = {}

local function offset_of(zone)
  if zone == "Z" or zone == "z" or zone == "UTC" or zone == "" then return 0 end
  local sign, hours, minutes = zone:match("^([+-])(%d%d):?(%d%d)$")
  return sign and (hours * 3600 + minutes * 60) * (sign == "-" and -1 or 1)
end

--- Parses a date such as "2026-11-10T12:00:00Z" (RFC 3339, or "UTC" as old AWS CLIs wrote it) -> seconds
--- since 1970 | nil.
function document.time(text)
  if type(text) ~= "string" then return nil end
  local year, month, day, hour, minute, second, zone =
    text:match("^(%d%d%d%d)-(%d%d)-(%d%d)[Tt ](%d%d):(%d%d):(%d%d)%.?%d*(.*)$")
  local offset = year and offset_of(zone)
  if not offset then return nil end
  local date = service_clock.days(tonumber(year), tonumber(month), tonumber(day))
  return ((date * 24 + hour) * 60 + minute) * 60 + second - offset
end

--- Formats seconds since 1970 as such a date.
function document.text(time)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(time))
end

--- Returns the value if it can be a number of seconds or milliseconds | nil.
function document.count(value)
  return type(value) == "number" and value >= 0 and value < 2 ^ 47 and value or nil
end

--- Decodes a JSON object | nil. The reason of a failure is not returned, since the text may hold a secret.
function document.decode(text)
  local ok, value = pcall(cjson.decode, text)
  return ok and type(value) == "table" and value or nil
end

function document.encode(value)
  return cjson.encode(value)
end

local function is_text(value)
  return type(value) == "string" and value ~= ""
end

--- Returns credentials from the members of a document | nil, why. 'names' has the names of the members: key,
--- secret, token (required unless 'optional' is true), expires (a date as text), account; and 'source', the
--- name of the credentials' source, if it is known.
function document.keys(members, names, where)
  for _, name in ipairs({ names.key, names.secret, not names.optional and names.token or nil }) do
    if not is_text(members[name]) then return nil, ("%s has no %s"):format(where, name) end
  end
  local token, moment, account = members[names.token], members[names.expires], members[names.account]
  local expires = document.time(moment)
  if is_text(moment) and not expires then return nil, ("%s has a bad %s"):format(where, names.expires) end
  return {
    aws_access_key_id = members[names.key],
    aws_secret_access_key = members[names.secret],
    aws_session_token = is_text(token) and token or nil,
    account_id = is_text(account) and account or nil,
    expires = expires,
    source = names.source,
  }
end

return document
