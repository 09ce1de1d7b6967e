--- Credentials from the agent of a container: ECS, EKS Pod Identity, and others with the same protocol.
-- Source: AWS SDKs and Tools Reference Guide, "Container credential provider".

local service_call = require("dynamodb.credentials.service_call")
local document = require("dynamodb.credentials.document")
local system = require("dynamodb.base.system")

local RELATIVE, FULL = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"
local TOKEN, TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
local AGENT = "http://169.254.170.2" -- the agent of ECS
local PLACE = ("container (%s, %s)"):format(RELATIVE, FULL)

local CONNECT_TIMEOUT, ATTEMPT_TIMEOUT = 1, 2 -- seconds; the agent is on the same machine
local MOST = 64 * 1024 -- of a response body

local NAMES = { key = "AccessKeyId", secret = "SecretAccessKey", token = "Token", expires = "Expiration",
  account = "AccountId", source = "container" }

-- Hosts that may be asked over plain HTTP: this machine, and the link-local addresses of the agents of ECS
-- and EKS.
local hosts = { localhost = true, ["[::1]"] = true, ["169.254.170.2"] = true, ["169.254.170.23"] = true,
  ["[fd00:ec2::23]"] = true }

-- Matches an address in 127.0.0.0/8, in its only unambiguous spelling.
local function is_loopback(host)
  local parts = { host:match("^(127)%.(%d+)%.(%d+)%.(%d+)$") }
  for _, part in ipairs(parts) do
    if tostring(tonumber(part)) ~= part or tonumber(part) > 255 then return false end
  end
  return #parts == 4
end

-- Returns true when the URL may be used | nil, why.
local function check(url)
  local scheme, authority = url:match("^(%l+)://([^/?#]+)")
  local host = authority and (authority:match("^(%[[%x:]+%])$") or authority:match("^(%[[%x:]+%]):%d+$")
    or authority:match("^([%w.-]+)$") or authority:match("^([%w.-]+):%d+$"))
  if not host or (scheme ~= "http" and scheme ~= "https") or url:find("[^\33-\126]") then
    return nil, FULL .. ": 'http(s)://host[:port]/path' expected"
  end
  host = host:lower()
  if scheme == "https" or hosts[host] or is_loopback(host) then return true end
  return nil, ("%s: plain http is for this machine and the agents of ECS and EKS, not for '%s'"):format(FULL,
    service_call.clean(host))
end

-- Returns the URL of the agent | false when no setting names one | nil, why.
local function url_of()
  local relative, full = system.getenv(RELATIVE), system.getenv(FULL)
  if relative then
    if not relative:match("^/[\33-\126]*$") then return nil, RELATIVE .. ": path expected" end
    return AGENT .. relative
  end
  if not full then return false end
  local ok, why = check(full)
  if not ok then return nil, why end
  return full
end

-- Returns the authorization token | false when there is none | nil, why. A token file is read each time,
-- since EKS replaces it.
local function token_of()
  local path = system.getenv(TOKEN_FILE)
  local token = system.getenv(TOKEN) or false
  if path then
    local text, why = system.read_file(path)
    if not text then return nil, ("%s: %s"):format(TOKEN_FILE, why or path .. " is not there") end
    token = text:gsub("\r?\n$", "")
  end
  if token and token:find("%c") then return nil, "the container's token has control characters" end
  return token
end

local function understand(request, response)
  local decoded = document.decode(response.body)
  if response.status ~= 200 then
    decoded = decoded or {}
    return nil, service_call.refusal(request, response, decoded.code or decoded.Code, decoded.message
      or decoded.Message)
  end
  if not decoded then return nil, "container: response that is not JSON" end
  return document.keys(decoded, NAMES, "response of the container's agent")
end

--- Returns the credentials | false, where it looked | nil, why, retryable.
return function(kit)
  local url, why = url_of()
  if url == false then return false, PLACE end
  if not url then return nil, why end
  local token, bad = token_of()
  if token == nil then return nil, bad end
  local request = {
    name = "container's agent", method = "GET", url = url, proxy = false, max_bytes = MOST,
    connect_timeout = CONNECT_TIMEOUT, attempt_timeout = ATTEMPT_TIMEOUT,
    headers = { "accept", "application/json" }, secrets = { token or nil },
  }
  if token then request.headers[3], request.headers[4] = "authorization", token end
  local response, reason, passing = service_call.send(kit, request)
  if not response then return nil, reason, passing end
  return understand(request, response)
end
