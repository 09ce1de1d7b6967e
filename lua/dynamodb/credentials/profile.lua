--- Credentials from a profile: its section in ~/.aws/credentials, else the one in ~/.aws/config.

local from_section = require("dynamodb.credentials.section")
local profile = require("dynamodb.profile")

--- -> credentials | nil when the profile has none | nil, why.
return function(chosen)
  local name = profile.name(chosen)
  local credentials_path, config_path = profile.paths()
  for _, place in ipairs({ { profile.credentials, credentials_path }, { profile.config, config_path } }) do
    local section, why = place[1](name)
    if not section then return nil, why end
    local where = ("profile '%s' in %s"):format(name, place[2] or "no file")
    local found, incomplete = from_section(section, where)
    if found or incomplete then return found, incomplete end
  end
  return nil
end
