--- Credentials of an EC2 instance's role from its metadata service: version 2, whose requests carry a token,
--- or version 1 where there is no other and the settings allow it.
-- Source: AWS SDKs and Tools Reference Guide, "IMDS credential provider"; EC2 User Guide, "Retrieve security
-- credentials from instance metadata".

local service_call = require("dynamodb.credentials.service_call")
local document = require("dynamodb.credentials.document")

local TOKEN, ROLE = "/latest/api/token", "/latest/meta-data/iam/security-credentials/"
local TOKEN_SECONDS = 21600 -- the longest lifetime of a token
local SPARE_SECONDS = 60 -- before its expiry a token is replaced
local MOST = 64 * 1024 -- of a response body

local NAMES = { key = "AccessKeyId", secret = "SecretAccessKey", token = "Token", expires = "Expiration",
  account = "AccountId", source = "instance metadata" }

-- Statuses of a token request that mean that there is no version 2: the service is older, or behind a proxy.
local only_first_version = { [403] = true, [404] = true, [405] = true }

local function is_empty(response)
  return response.status == 200 and response.body == ""
end

-- Sends one request, as service_call.send.
local function ask(kit, method, path, headers, secret)
  local values = kit.values
  local base, seconds = values.ec2_metadata_service_endpoint:match("^.*[^/]"), values.metadata_service_timeout
  return service_call.send(kit, {
    name = "instance metadata", method = method, url = base .. path, headers = headers,
    secrets = { secret }, attempts = values.metadata_service_num_attempts, again = is_empty, proxy = false,
    connect_timeout = seconds, attempt_timeout = seconds, max_bytes = MOST,
  })
end

-- Requests a token -> token | false when none can be had | nil, why, retryable | nil, why, "absent" when no
-- metadata service responds.
local function fetch_token(kit)
  local response, why, _, failure = ask(kit, "PUT", TOKEN, { "x-aws-ec2-metadata-token-ttl-seconds",
    tostring(TOKEN_SECONDS) })
  -- Inside a container the response to a PUT may not arrive (its hop limit is 1), although responses to GET
  -- do.
  if not response and failure.kind == "timeout" and failure.sent then return false end
  if not response then return nil, why, "absent" end
  if only_first_version[response.status] then return false end
  if response.status ~= 200 or not response.body:match("^[%w+/=_-]+$") then
    local refusal, passing = service_call.refusal({ name = "instance metadata (token)" }, response)
    return nil, refusal, passing or "absent"
  end
  local seconds = tonumber(response.header("x-aws-ec2-metadata-token-ttl-seconds")) or TOKEN_SECONDS
  kit.metadata = { text = response.body, good_until = kit.transport.now() + seconds - SPARE_SECONDS }
  return response.body
end

-- Returns the current token or requests one.
local function token_of(kit)
  local kept = kit.metadata
  if kept and kit.transport.now() < kept.good_until then return kept.text end
  return fetch_token(kit)
end

-- Requests a document -> response | nil, why, retryable. A token that is refused, because the instance was
-- stopped meanwhile, is replaced once.
local function get(kit, path, token)
  local shown = token and { "x-aws-ec2-metadata-token", token } or {}
  local response, why, passing = ask(kit, "GET", path, shown, token)
  if response and response.status == 401 and token then
    kit.metadata = nil
    local again, bad = fetch_token(kit)
    if not again then return nil, bad or "instance metadata: no token", true end
    response, why, passing = ask(kit, "GET", path, { "x-aws-ec2-metadata-token", again }, again)
  end
  return response, why, passing
end

local function current(kit, token)
  return kit.metadata and kit.metadata.text or token
end

-- Returns the name of the instance's role | false when it has none | nil, why, retryable.
local function role_of(kit, token)
  local response, why, passing = get(kit, ROLE, token)
  if not response then return nil, why, passing end
  if response.status == 404 then return false end
  local role = response.body:match("^%s*([%w+=,.@_-]+)%s*$")
  if response.status == 200 and role then return role end
  return nil, service_call.refusal({ name = "instance metadata (role)" }, response)
end

-- Reads the response for the role -> credentials | nil, why, retryable.
local function understand(response, token)
  local decoded = response.status == 200 and document.decode(response.body)
  local named = { name = "instance metadata", secrets = { token or nil } }
  if not decoded then return nil, service_call.refusal(named, response) end
  if decoded.Code and decoded.Code ~= "Success" then
    return nil, service_call.refusal(named, response, decoded.Code, decoded.Message)
  end
  return document.keys(decoded, NAMES, "response of instance metadata")
end

local function found_by(kit, token)
  local role, why, passing = role_of(kit, token)
  if role == false then return false, "instance metadata (the instance has no role)" end
  if not role then return nil, why, passing end
  token = current(kit, token)
  local response
  response, why, passing = get(kit, ROLE .. role, token)
  if not response then return nil, why, passing end
  return understand(response, token)
end

--- Returns the credentials | false, where it looked | nil, why, retryable.
return function(kit)
  if kit.values.ec2_metadata_disabled then return false, "instance metadata (disabled)" end
  local token, why, passing = token_of(kit)
  if passing == "absent" then return false, why end
  if token == nil then return nil, why, passing end
  if not token and kit.values.ec2_metadata_v1_disabled then
    return nil, "instance metadata: no token for version 2, and version 1 is disabled"
  end
  local found, reason, later = found_by(kit, token)
  if found == nil and not token then return false, reason end
  return found, reason, later
end
