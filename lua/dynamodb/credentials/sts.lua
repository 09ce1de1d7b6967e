--- AssumeRole and AssumeRoleWithWebIdentity of AWS Security Token Service (API version 2011-06-15): a form is
--- posted, XML is returned.

local service_call = require("dynamodb.credentials.service_call")
local document = require("dynamodb.credentials.document")
local trim = require("dynamodb.base.text").trim

local sts = {}

local VERSION = "2011-06-15"
local NAMES = { key = "AccessKeyId", secret = "SecretAccessKey", token = "SessionToken",
  expires = "Expiration", account = "account" }

-- Encodes pairs of name and value; those without a value are left out.
local function form(parameters)
  local parts = {}
  for _, pair in ipairs(parameters) do
    if pair[2] then parts[#parts + 1] = pair[1] .. "=" .. service_call.encode(tostring(pair[2])) end
  end
  return table.concat(parts, "&")
end

local entities = { amp = "&", lt = "<", gt = ">", quot = '"', apos = "'" }

-- Returns the text of the first element of that name | nil.
local function element(xml, name)
  local text = xml:match("<" .. name .. ">([^<]*)</" .. name .. ">")
  return text and (trim(text):gsub("&(%l+);", entities))
end

local function members(xml)
  local first = xml:find("<Credentials>", 1, true)
  local last = first and xml:find("</Credentials>", first, true)
  if not last then return nil end
  local part = xml:sub(first, last)
  local found = {}
  for _, name in pairs(NAMES) do found[name] = element(part, name) end
  local arn = element(xml, "Arn") -- of the assumed role: arn:aws:sts::123456789012:assumed-role/...
  found.account = arn and arn:match("^arn:[^:]*:sts::(%d+):")
  return found
end

-- The identity provider of a web identity was not reached, which may pass (AWS API Reference,
-- AssumeRoleWithWebIdentity).
local function not_reached(response)
  return response.status == 400 and element(response.body, "Code") == "IDPCommunicationError"
end

-- Returns true when another attempt may succeed, also because the clock was corrected.
local function again(response)
  return not_reached(response) or (response.status ~= 200 and response.skewed)
end

-- Posts the form -> credentials | nil, why, retryable.
local function ask(kit, body, credentials, secrets)
  local url, region = service_call.endpoint(kit, "sts", kit.values.region)
  if not url then return nil, region end
  local request = {
    name = "STS", method = "POST", url = url .. "/", body = body, secrets = secrets, again = again,
    headers = { "content-type", "application/x-www-form-urlencoded; charset=utf-8" },
    sign = credentials and { region = region, service = "sts", credentials = credentials },
  }
  local response, why, passing = service_call.send(kit, request)
  if not response then return nil, why, passing end
  if response.status ~= 200 then
    why, passing = service_call.refusal(request, response, element(response.body, "Code"),
      element(response.body, "Message"))
    return nil, why, passing or not_reached(response)
  end
  local found = members(response.body)
  if not found then return nil, "STS: response without credentials" end
  return document.keys(found, NAMES, "response of STS")
end

-- Returns the form of a call for a role.
local function form_of(kit, action, role, token)
  local session_name = role.session_name or ("lua-dynamodb-%d"):format(kit.transport.time())
  return form({ { "Action", action }, { "Version", VERSION }, { "RoleArn", role.arn },
    { "RoleSessionName", session_name }, { "ExternalId", role.external_id },
    { "DurationSeconds", role.duration }, { "WebIdentityToken", token } })
end

--- Returns the credentials of a role, requested with other credentials | nil, why, retryable. 'role' has arn,
--- and optionally session_name, external_id, duration.
function sts.assume_role(kit, role, credentials)
  return ask(kit, form_of(kit, "AssumeRole", role), credentials,
    { credentials.aws_secret_access_key, credentials.aws_session_token })
end

--- Returns the credentials of a role, requested with a token of an identity provider | nil, why, retryable.
function sts.assume_role_with_web_identity(kit, role, token)
  return ask(kit, form_of(kit, "AssumeRoleWithWebIdentity", role, token), nil, { token,
    service_call.encode(token) })
end

return sts
