--- Credentials of a profile: its keys, or those of the source that its section names.

local assume_role = require("dynamodb.credentials.assume_role")
local shared_files = require("dynamodb.config.shared_files")
local from_section = require("dynamodb.credentials.section")
local login = require("dynamodb.credentials.login")
local process = require("dynamodb.credentials.process")
local sso = require("dynamodb.credentials.sso")
local web_identity = require("dynamodb.credentials.web_identity")

local unpack = table.unpack or unpack -- luacheck: ignore 143 113

local find

-- Returns the section of a profile, without indented blocks, and the file that has its keys | nil, why | nil
-- when there is no such profile.
local function section_of(kit, name, fresh)
  local merged, paths = kit.settings:profile(name, fresh)
  if not merged then return nil, paths end
  local section = {}
  for key, value in pairs(merged) do
    if type(value) == "string" and value ~= "" then section[key] = value end
  end
  return section, paths.aws_access_key_id or paths.aws_secret_access_key
end

local function has_keys(section)
  return section ~= nil and (section.aws_access_key_id or section.aws_secret_access_key) ~= nil
end

-- Returns the function that returns the credentials of a source profile. 'names' are the profiles that lead
-- to it. None of them may be a source again; only the last one may name itself, if it has keys, which are
-- used.
local function source_finder(kit, names)
  return function(name)
    local last = names[#names]
    for _, passed in ipairs(names) do
      if passed == name and not (name == last and has_keys(section_of(kit, name))) then
        return nil, ("profiles that take their credentials from each other: %s -> %s"):format(
          table.concat(names, " -> "), name)
      end
    end
    local longer = { unpack(names) }
    longer[#longer + 1] = name
    local found, why, retryable = find(kit, longer)
    if found ~= false then return found, why, retryable end
    return nil, ("%s, the source_profile of '%s', has no credentials"):format(why, last)
  end
end

-- Returns the credentials of the role of a section.
local function by_role(kit, section, where, names)
  if not section.web_identity_token_file then
    return assume_role(kit, section, where, source_finder(kit, names))
  end
  return web_identity.assume(kit, { token_file = section.web_identity_token_file, arn = section.role_arn,
    session_name = section.role_session_name }, where)
end

-- Returns the credentials of a section, from the sources in the order of AWS's SDKs. In a source profile,
-- keys win over a role.
local function by_section(kit, section, where, names, file)
  local role = section.role_arn or section.web_identity_token_file
  if role and not (#names > 1 and has_keys(section)) then return by_role(kit, section, where, names) end
  if has_keys(section) then return from_section(section, ("%s in %s"):format(where, file)) end
  if section.credential_process then return process(kit, section.credential_process, where) end
  if section.sso_account_id or section.sso_role_name then return sso(kit, section, where) end
  if section.login_session then return login(kit, section) end
  return false, where
end

-- Returns the credentials of the last profile in 'names'.
function find(kit, names, fresh)
  local name = names[#names]
  local where = ("profile '%s'"):format(name)
  local section, file = section_of(kit, name, fresh)
  if not section and file then return nil, file end
  if not section then return false, where end
  local found, why, retryable = by_section(kit, section, where, names, file)
  if not found then return found, why, retryable end
  found.source = found.source or "profile"
  found.account_id = found.account_id or section.aws_account_id
  return found
end

--- Returns the credentials | false, where it looked | nil, why, retryable. The files are read again when
--- kit.fresh is set.
return function(kit)
  local found, why, retryable = find(kit, { kit.settings.profile_name }, kit.fresh)
  if found ~= false then return found, why, retryable end
  local credentials_path, config_path = shared_files.paths()
  return false, ("%s in %s and %s"):format(why, credentials_path or "no credentials file",
    config_path or "no config file")
end
