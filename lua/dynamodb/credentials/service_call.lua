--- Requests to services that return credentials, repeated within limits while a failure may pass. No message
--- contains a secret of the request, even if the response repeats it.

local endpoint = require("dynamodb.http.endpoint")
local system = require("dynamodb.base.system")

local service_call = {}

-- Service -> its name among the settings.
local SETTINGS = { sts = "sts", ["portal.sso"] = "sso", oidc = "sso_oidc", signin = "signin" }

local LOCAL_REGION = "us-east-1" -- stands for the region "local" of the settings

local ATTEMPTS = 3
local FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2 -- seconds; the limit of the random pauses doubles
local MOST_TEXT = 300
local SECRET_SIZE = 8 -- bytes; a shorter secret would match too much

--- Returns the URL of a service ("sts", "portal.sso", "oidc", "signin"), without a final slash, and the
--- region to sign with | nil, why.
function service_call.endpoint(kit, service, region)
  local values = kit.values
  local set = values.endpoint_urls[SETTINGS[service]]
  if region == "local" then region = LOCAL_REGION end
  if set then return set:match("^.*[^/]"), region end
  return endpoint.service(service, region, { fips = values.use_fips_endpoint,
    dualstack = values.use_dualstack_endpoint, legacy = values.sts_regional_endpoints == "legacy" })
end

-- Returns true for a status after which another attempt may succeed.
local function may_pass(status)
  return status == 429 or status >= 500
end

--- Encodes text for a query or a form (RFC 3986 section 2.1).
function service_call.encode(text)
  return (text:gsub("[^%w%-._~]", function(byte) return ("%%%02X"):format(byte:byte()) end))
end

--- Makes text from outside fit for a message: without secrets and control characters, and short.
function service_call.clean(text, secrets)
  for _, secret in ipairs(secrets or {}) do
    if secret and #secret >= SECRET_SIZE then
      local pattern = secret:gsub("%W", "%%%0"):gsub("%z", "z") -- patterns of LuaJIT may not contain NUL
      text = text:gsub(pattern, "...")
    end
  end
  text = text:gsub("%c+", " ")
  return #text > MOST_TEXT and text:sub(1, MOST_TEXT) .. "..." or text
end

-- Waits before the next attempt -> true | nil when no time is left for one.
local function pause(kit, attempt)
  local longest = math.min(FIRST_PAUSE * 2 ^ (attempt - 1), LONGEST_PAUSE)
  local seconds = longest * system.random()
  if kit.transport.now() + seconds >= kit.deadline then return nil end
  kit.transport.sleep(seconds)
  return true
end

--- Sends a request, again while the failure may pass, until kit.deadline.
---@param kit dynamodb.CredentialKit
---@param request table as http/client takes it, and: name (of the service, for messages), secrets (list of
--- texts that no message may show), attempts, again (function of a response that returns true to send the
--- request again)
---@return table? response
---@return string? why
---@return boolean? retryable true when it may work later
---@return dynamodb.Failure? failure of the last attempt
function service_call.send(kit, request)
  request.deadline = kit.deadline
  local most, attempt = request.attempts or ATTEMPTS, 0
  while true do
    attempt = attempt + 1
    local response, failure = kit.http(request)
    local again = response == nil and not failure.permanent
    if response then again = may_pass(response.status) or (request.again and request.again(response)) end
    if not again or attempt >= most or not pause(kit, attempt) then
      if response then return response end
      local why = service_call.clean(failure.message, request.secrets)
      return nil, ("%s: %s"):format(request.name, why), not failure.permanent, failure
    end
  end
end

--- Returns why a request was refused, for a response with another status than 200, and whether that is
--- retryable.
function service_call.refusal(request, response, code, message)
  local parts = { ("%s responded with status %d"):format(request.name, response.status) }
  for _, text in ipairs({ code or "", message or "" }) do
    if type(text) == "string" and text ~= "" then parts[#parts + 1] = service_call.clean(text,
      request.secrets) end
  end
  return table.concat(parts, ": "), may_pass(response.status)
end

return service_call
