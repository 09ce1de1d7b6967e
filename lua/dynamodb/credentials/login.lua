--- Credentials of `aws login`: read from its cache, and refreshed at AWS Sign-In as the AWS CLI does, by a
--- refresh token and a proof of possession of the key that the token is bound to (DPoP, RFC 9449).

local service_call = require("dynamodb.credentials.service_call")
local core = require("dynamodb.core")
local document = require("dynamodb.credentials.document")
local system = require("dynamodb.base.system")
local token_file = require("dynamodb.credentials.token_file")

local NAMES = { key = "accessKeyId", secret = "secretAccessKey", token = "sessionToken",
  expires = "expiresAt", account = "accountId", source = "login" }
local EARLY = 300 -- seconds before expiry at which credentials are refreshed
local REMEDY = "run: aws login"

-- What the user has to do after an error code of Sign-In.
local reasons = {
  TOKEN_EXPIRED = "the session has expired; " .. REMEDY,
  USER_CREDENTIALS_CHANGED = "the password has changed; " .. REMEDY,
  INSUFFICIENT_PERMISSIONS = "the action signin:CreateOAuth2Token is not allowed",
}

local function path_of(session)
  local folder = system.getenv("AWS_LOGIN_CACHE_DIRECTORY") or "~/.aws/login/cache"
  folder = system.expand(folder)
  return folder and ("%s/%s.json"):format(folder, core.sha256(session))
end

-- Reads the cache and checks that it is complete -> file | nil, why.
local function read(kit, session)
  local path = path_of(session)
  if not path then return nil, "no home directory, where the login's cache would be" end
  local file, why = token_file.read(kit, path, REMEDY)
  if not file then return nil, why end
  local missing = token_file.missing(file.members, { "clientId", "dpopKey", "refreshToken" })
  if type(file.members.accessToken) ~= "table" then missing = missing or "accessToken" end
  if missing then return nil, ("%s has no %s; %s"):format(path, missing, REMEDY) end
  return file
end

local function part(fields)
  return core.base64url(document.encode(fields))
end

-- Returns the proof for one request to this URL -> text | nil, why.
local function proof(kit, pem, url)
  local x, y = core.ec_jwk(pem)
  if not x then return nil, y end
  local head = part({ typ = "dpop+jwt", alg = "ES256", jwk = { kty = "EC", crv = "P-256", x = x, y = y } })
  local text = head .. "." .. part({ htm = "POST", htu = url, jti = core.uuid(), iat = kit.transport.time() })
  local signature, why = core.es256(pem, text)
  if not signature then return nil, why end
  return text .. "." .. signature
end

-- Copies the response of Sign-In into the cache's members -> true | nil, why, retryable.
local function take(request, response, members, now)
  local decoded = document.decode(response.body) or {}
  if response.status ~= 200 then
    local reason = reasons[decoded.error]
    if reason then return nil, "login: " .. reason end
    return nil, service_call.refusal(request, response, decoded.error, decoded.message)
  end
  local given, lifetime = decoded.accessToken, document.count(decoded.expiresIn)
  if type(given) ~= "table" or not lifetime or token_file.missing(decoded, { "refreshToken" })
    or token_file.missing(given, { "accessKeyId", "secretAccessKey", "sessionToken" }) then
    return nil, "AWS Sign-In: response without credentials"
  end
  for _, name in ipairs({ "accessKeyId", "secretAccessKey", "sessionToken" }) do
    members.accessToken[name] = given[name]
  end
  members.accessToken.expiresAt, members.refreshToken = document.text(now + lifetime), decoded.refreshToken
  return true
end

-- Refreshes the cache and writes it -> true [, a warning] | nil, why, retryable.
local function refresh(kit, section, file, now)
  local members = file.members
  local region = section.region or kit.values.region
  local url, why = service_call.endpoint(kit, "signin", region)
  if not url then return nil, why end
  url = url .. "/v1/token"
  local shown
  shown, why = proof(kit, members.dpopKey, url)
  if not shown then return nil, ("%s: bad dpopKey: %s"):format(file.path, why) end
  local request = {
    name = "AWS Sign-In", method = "POST", url = url,
    headers = { "content-type", "application/json", "dpop", shown },
    body = document.encode({ clientId = members.clientId, grantType = "refresh_token",
      refreshToken = members.refreshToken }),
    secrets = { members.refreshToken, shown },
  }
  local response, reason, passing = service_call.send(kit, request)
  if not response then return nil, reason, passing end
  local taken
  taken, reason, passing = take(request, response, members, now)
  if not taken then return nil, reason, passing end
  return true, token_file.write(kit, file)
end

--- Returns the credentials of the profile with this section | nil, why, retryable.
return function(kit, section)
  local file, why = read(kit, section.login_session)
  if not file then return nil, why end
  local now = kit.transport.time()
  local expires = document.time(file.members.accessToken.expiresAt) or 0
  if expires - now <= EARLY then
    local done, passing
    done, why, passing = refresh(kit, section, file, now)
    if not done and expires <= now then return nil, why, passing end
  end
  local found, bad = document.keys(file.members.accessToken, NAMES, file.path)
  if not found then return nil, bad end
  found.warning = why
  return found
end
