--- Credentials of a role in AWS IAM Identity Center, by the token of `aws sso login`: with an sso-session,
--- whose token is refreshed, or in the older form without one.
-- Sources: AWS SDKs and Tools Reference Guide, "IAM Identity Center credential provider"; IAM Identity Center
-- portal and OIDC API References.

local service_call = require("dynamodb.credentials.service_call")
local core = require("dynamodb.core")
local document = require("dynamodb.credentials.document")
local system = require("dynamodb.base.system")
local token_file = require("dynamodb.credentials.token_file")

local NAMES = { key = "accessKeyId", secret = "secretAccessKey", token = "sessionToken", expires = "expires",
  account = "account", source = "sso" }
local SETTINGS = { "sso_account_id", "sso_role_name", "sso_region", "sso_start_url" }
local EARLY = 300 -- seconds before expiry at which a token is refreshed

-- Returns the settings of the profile and its session in one table | nil, why.
local function settings_of(kit, section, where)
  local merged = {}
  for _, name in ipairs(SETTINGS) do merged[name] = section[name] end
  if section.sso_session then
    local session, why = kit.settings:sso_session(section.sso_session)
    if not session then
      return nil, why or ("%s names sso-session '%s', which is not there"):format(where, section.sso_session)
    end
    for _, name in ipairs({ "sso_region", "sso_start_url" }) do
      if merged[name] and session[name] and session[name] ~= merged[name] then
        return nil, ("%s and its sso-session differ in %s"):format(where, name)
      end
      merged[name] = session[name] or merged[name]
    end
  end
  local missing = token_file.missing(merged, SETTINGS)
  if missing then return nil, ("%s has no %s"):format(where, missing) end
  merged.sso_session = section.sso_session
  return merged
end

-- The file is named after the session, else after the start URL: its SHA-1 in hexadecimal.
local function path_of(sso)
  local folder = system.expand("~/.aws/sso/cache")
  return folder and ("%s/%s.json"):format(folder, core.sha1(sso.sso_session or sso.sso_start_url))
end

-- Returns true when the token can be refreshed. The registration of its client expires after some months.
local function refreshable(members, now)
  if token_file.missing(members, { "clientId", "clientSecret", "refreshToken", "registrationExpiresAt" }) then
    return false
  end
  return (document.time(members.registrationExpiresAt) or 0) > now
end

-- Copies the response of CreateToken into the file's members -> true | nil, why, retryable.
local function take(request, response, members, now)
  local decoded = document.decode(response.body) or {}
  if response.status ~= 200 then return nil, service_call.refusal(request, response, decoded.error) end
  local lifetime = document.count(decoded.expiresIn)
  if token_file.missing(decoded, { "accessToken" }) or not lifetime then
    return nil, "SSO OIDC: response without a token"
  end
  members.accessToken, members.expiresAt = decoded.accessToken, document.text(now + lifetime)
  members.refreshToken = not token_file.missing(decoded, { "refreshToken" }) and decoded.refreshToken or nil
  return true
end

-- Requests another token and writes it to the file -> true [, a warning] | nil, why, retryable.
local function refresh(kit, sso, file, now)
  local members = file.members
  local url, why = service_call.endpoint(kit, "oidc", sso.sso_region)
  if not url then return nil, why end
  local request = {
    name = "SSO OIDC", method = "POST", url = url .. "/token",
    headers = { "content-type", "application/json" },
    body = document.encode({ clientId = members.clientId, clientSecret = members.clientSecret,
      grantType = "refresh_token", refreshToken = members.refreshToken }),
    secrets = { members.clientSecret, members.refreshToken, members.accessToken },
  }
  local response, reason, passing = service_call.send(kit, request)
  if not response then return nil, reason, passing end
  local taken
  taken, reason, passing = take(request, response, members, now)
  if not taken then return nil, reason, passing end
  members.startUrl, members.region = sso.sso_start_url, sso.sso_region
  return true, token_file.write(kit, file)
end

-- Reads the token file -> file | nil, why.
local function read(kit, sso, remedy)
  local path = path_of(sso)
  if not path then return nil, "no home directory, where the SSO token would be" end
  local file, why = token_file.read(kit, path, remedy)
  if not file then return nil, why end
  local missing = token_file.missing(file.members, { "accessToken", "expiresAt" })
  if missing then return nil, ("%s has no %s; %s"):format(path, missing, remedy) end
  return file
end

-- Returns a valid token [, a warning] | nil, why, retryable.
local function valid_token(kit, sso, remedy)
  local file, why = read(kit, sso, remedy)
  if not file then return nil, why end
  local members, now = file.members, kit.transport.time()
  local expires = document.time(members.expiresAt) or 0
  if expires - now > EARLY then return members.accessToken end
  local done, reason, passing
  if sso.sso_session and refreshable(members, now) then
    done, reason, passing = refresh(kit, sso, file, now)
  end
  if done or expires > now then return members.accessToken, reason end
  reason = reason and " (" .. reason .. ")" or ""
  return nil, ("the SSO session has expired%s; %s"):format(reason, remedy), passing
end

-- Reads the response of the portal -> credentials | nil, why, retryable.
local function understand(request, response, sso, remedy)
  local decoded = document.decode(response.body) or {}
  if response.status == 401 then
    return nil, ("%s; %s"):format((service_call.refusal(request, response, nil, decoded.message)), remedy)
  end
  if response.status ~= 200 then return nil, service_call.refusal(request, response, nil, decoded.message) end
  local members = decoded.roleCredentials
  local milliseconds = type(members) == "table" and document.count(members.expiration)
  if not milliseconds then return nil, "SSO: response without credentials" end
  members.expires, members.account = document.text(milliseconds / 1000), sso.sso_account_id
  return document.keys(members, NAMES, "response of SSO")
end

-- Requests the role's credentials from the portal | nil, why, retryable.
local function role_credentials(kit, sso, shown, remedy)
  local url, why = service_call.endpoint(kit, "portal.sso", sso.sso_region)
  if not url then return nil, why end
  local request = {
    name = "SSO", method = "GET", secrets = { shown }, headers = { "x-amz-sso_bearer_token", shown },
    url = ("%s/federation/credentials?account_id=%s&role_name=%s"):format(url,
      service_call.encode(sso.sso_account_id), service_call.encode(sso.sso_role_name)),
  }
  local response, reason, passing = service_call.send(kit, request)
  if not response then return nil, reason, passing end
  return understand(request, response, sso, remedy)
end

--- Returns the credentials of the profile with this section | nil, why, retryable. 'where' names the profile.
return function(kit, section, where)
  local sso, why = settings_of(kit, section, where)
  if not sso then return nil, why end
  local remedy = "run: aws sso login"
    .. (sso.sso_session and " --sso-session " .. sso.sso_session or " with this profile")
  local shown, warning, passing = valid_token(kit, sso, remedy)
  if not shown then return nil, warning, passing end
  local found, reason, later = role_credentials(kit, sso, shown, remedy)
  if not found then return nil, reason, later end
  found.warning = warning
  return found
end
