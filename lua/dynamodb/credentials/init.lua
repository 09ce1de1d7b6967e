--- Finds credentials: the caller's, or the first of environment, profile and boto's files that has them.
--- Files are read at the first request, not when connecting.

local boto = require("dynamodb.credentials.boto")
local environment = require("dynamodb.credentials.environment")
local errors = require("dynamodb.error")
local profile = require("dynamodb.profile")
local profile_credentials = require("dynamodb.credentials.profile")

local credentials = {}

-- A table that shows none of its content when printed.
local Credentials = { __name = "dynamodb.credentials" }
function Credentials.__tostring() return "Credentials(hidden)" end

local function failure(message)
  return errors.new({ kind = "credentials", message = message })
end

-- Providers in order: a source, and what to say when it had nothing.
local function sources(chosen)
  local name = profile.name(chosen)
  local credentials_path, config_path = profile.paths()
  local places = ("profile '%s' in %s and %s"):format(name, credentials_path or "no credentials file",
    config_path or "no config file")
  local list = { { function() return profile_credentials(chosen) end, places } }
  if chosen then return list end -- who names a profile wants that one
  table.insert(list, 1, { environment, "environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)" })
  list[#list + 1] = { boto.find, "section [Credentials] in " .. table.concat(boto.paths(), " and ") }
  return list
end

--- Looks through the sources -> credentials | nil, err.
function credentials.find(chosen)
  local looked = {}
  for _, source in ipairs(sources(chosen)) do
    local found, why = source[1]()
    if found then return setmetatable(found, Credentials) end
    if why then return nil, failure(why) end
    looked[#looked + 1] = source[2]
  end
  return nil, failure("no AWS credentials found; looked at " .. table.concat(looked, "; "))
end

--- The caller's own keys as credentials.
function credentials.given(options)
  return setmetatable({
    aws_access_key_id = options.aws_access_key_id,
    aws_secret_access_key = options.aws_secret_access_key,
    aws_session_token = options.aws_session_token,
  }, Credentials)
end

return credentials
