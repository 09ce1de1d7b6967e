--- Credentials of an assumed role, requested with those of another profile (`source_profile`, which may name
--- a role itself) or of a provider (`credential_source`).
-- Source: AWS SDKs and Tools Reference Guide, "Assume role credential provider".

local container = require("dynamodb.credentials.container")
local environment = require("dynamodb.credentials.environment")
local instance_metadata = require("dynamodb.credentials.instance_metadata")
local sts = require("dynamodb.credentials.sts")
local system = require("dynamodb.base.system")

local SHORTEST, LONGEST = 900, 43200 -- seconds; AWS API Reference, AssumeRole

-- Values of credential_source -> provider.
local sources = { Ec2InstanceMetadata = instance_metadata, EcsContainer = container,
  Environment = environment }

-- Returns the role as sts takes it | nil, why.
local function role_of(section, where)
  if section.mfa_serial then
    return nil, ("%s wants a code of the device '%s' (mfa_serial), for which this client cannot ask; get a "
      .. "session with the AWS CLI, or give a function as credentials"):format(where, section.mfa_serial)
  end
  local text = section.duration_seconds
  local duration = text and tonumber(text)
  if text and not (duration and duration % 1 == 0 and duration >= SHORTEST and duration <= LONGEST) then
    return nil, ("%s: duration_seconds: whole number from %d to %d expected"):format(where, SHORTEST, LONGEST)
  end
  return { arn = section.role_arn, external_id = section.external_id,
    duration = duration and ("%d"):format(duration),
    session_name = section.role_session_name or system.getenv("AWS_ROLE_SESSION_NAME") }
end

-- Returns the credentials of a provider | nil, why, retryable.
local function from_provider(kit, name, where)
  local provider = sources[name]
  if not provider then
    return nil, where .. ": credential_source: one of Ec2InstanceMetadata, EcsContainer, Environment expected"
  end
  local found, why, passing = provider(kit)
  if found ~= false then return found, why, passing end
  return nil, ("%s: no credentials in its credential_source: %s"):format(where, why)
end

-- Returns the credentials that assume the role | nil, why, retryable. 'by_profile' returns those of a
-- profile.
local function source_of(kit, section, where, by_profile)
  local profile, provider = section.source_profile, section.credential_source
  if profile and provider then
    return nil, where .. " has both source_profile and credential_source"
  end
  if provider then return from_provider(kit, provider, where) end
  if profile then return by_profile(profile) end
  return nil, where .. " has role_arn, but neither source_profile nor credential_source"
end

--- Returns the credentials of the role that a profile's section names | nil, why, retryable. 'where' names
--- the profile in messages; 'by_profile' is a function that returns the credentials of a profile.
return function(kit, section, where, by_profile)
  local role, why = role_of(section, where)
  if not role then return nil, why end
  local source, reason, passing = source_of(kit, section, where, by_profile)
  if not source then return nil, reason, passing end
  local found
  found, reason, passing = sts.assume_role(kit, role, source)
  if not found then return nil, ("%s: %s"):format(where, reason), passing end
  found.source, found.warning = "assume role", source.warning
  return found
end
