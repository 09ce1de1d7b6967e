--- Credentials given to connect: keys as options, or option `credentials`, a table of keys or a function that
--- returns one.

local errors = require("dynamodb.error")

local connect_options = {}

local EXPECTED = "function or table with aws_access_key_id and aws_secret_access_key expected"
local fields = { account_id = "string", aws_access_key_id = "string", aws_secret_access_key = "string",
  aws_session_token = "string", expires = "number" }

-- Returns a copy of the fields of credentials | nil, the name of the invalid field.
local function copy(keys)
  local own = {}
  for name, kind in pairs(fields) do
    local value = keys[name]
    if value ~= nil and (type(value) ~= kind or value == "") then return nil, name end
    own[name] = value
  end
  if not own.aws_access_key_id then return nil, "aws_access_key_id" end
  if not own.aws_secret_access_key then return nil, "aws_secret_access_key" end
  return own
end

-- Calls the caller's function, with the seconds that it may take -> credentials | nil, why.
local function ask(f, kit)
  local keys, why = f(kit.deadline - kit.transport.now())
  if keys == nil then
    return nil, "option 'credentials': " .. (why == nil and "the function gave none" or tostring(why))
  end
  if type(keys) ~= "table" then
    errors.raise("option 'credentials': the function is to return a table, got %s", type(keys))
  end
  local found, wrong = copy(keys)
  if not found then return nil, ("option 'credentials': the function gave no good %s"):format(wrong) end
  found.source = "function"
  return found
end

--- Returns a provider of the options' credentials, and whether these never change | nil when the options have
--- none. Raises for invalid options; 'where' names the call.
function connect_options.provider(options, where)
  local keys = options.credentials
  if keys == nil and not options.aws_access_key_id then return nil end
  if keys ~= nil and options.aws_access_key_id then
    errors.raise("%s: option 'credentials' contradicts 'aws_access_key_id'", where)
  end
  if type(keys) == "function" then
    return function(kit) return ask(keys, kit) end
  end
  if keys ~= nil and type(keys) ~= "table" then
    errors.raise("%s: option 'credentials': %s, got %s", where, EXPECTED, type(keys))
  end
  local found, wrong = copy(keys or options)
  if not found then errors.raise("%s: option 'credentials': %s; %s is not good", where, EXPECTED, wrong) end
  found.source = "options"
  return function() return found end, true
end

return connect_options
