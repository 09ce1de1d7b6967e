--- One call of a service that gives credentials: a small HTTP request, tried again within limits while the
--- trouble may pass. What is told of failures holds none of the request's secrets, even if the answer repeats
--- them.

local endpoint = require("dynamodb.http.endpoint")
local system = require("dynamodb.base.system")

local service_call = {}

-- Service -> its name in settings.
local SETTINGS = { sts = "sts", ["portal.sso"] = "sso", oidc = "sso_oidc", signin = "signin" }

local LOCAL_REGION = "us-east-1" -- of who has servers of his own: settings' region "local"

local ATTEMPTS = 3
local FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2 -- seconds; each pause is a random part of twice the one before
local MOST_TEXT = 300
local SECRET_SIZE = 8 -- bytes; shorter ones would be found everywhere

--- Where a service ("sts", "portal.sso", "oidc", "signin") is: as settings say, else in the region.
--- -> URL without a slash at its end, region that signatures name | nil, why.
function service_call.endpoint(kit, service, region)
  local values = kit.values
  local set = values.endpoint_urls[SETTINGS[service]]
  if region == "local" then region = LOCAL_REGION end
  if set then return (set:gsub("/+$", "")), region end
  return endpoint.service(service, region, { fips = values.use_fips_endpoint,
    dualstack = values.use_dualstack_endpoint, legacy = values.sts_regional_endpoints == "legacy" })
end

-- Statuses that may be others the next time.
local function may_pass(status)
  return status == 429 or status >= 500
end

--- Text as a query or a form has it (RFC 3986 section 2.1).
function service_call.encode(text)
  return (text:gsub("[^%w%-._~]", function(byte) return ("%%%02X"):format(byte:byte()) end))
end

--- Text of the world's, fit for an error: without secrets and control bytes, and not long.
function service_call.clean(text, secrets)
  for _, secret in ipairs(secrets or {}) do
    if secret and #secret >= SECRET_SIZE then text = text:gsub(secret:gsub("%W", "%%%0"), "...") end
  end
  text = text:gsub("%c+", " ")
  return #text > MOST_TEXT and text:sub(1, MOST_TEXT) .. "..." or text
end

-- Waits before the next attempt -> true | nil when there is no time left for one.
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
---@return boolean? retryable may it work later?
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

--- What a response with another status than 200 means, as why and whether it may pass.
function service_call.refusal(request, response, code, message)
  local parts = { ("%s answered with status %d"):format(request.name, response.status) }
  for _, text in ipairs({ code or "", message or "" }) do
    if type(text) == "string" and text ~= "" then parts[#parts + 1] = service_call.clean(text, request.secrets) end
  end
  return table.concat(parts, ": "), may_pass(response.status)
end

return service_call
