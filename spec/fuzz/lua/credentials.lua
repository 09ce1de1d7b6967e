-- Target credentials: the documents, caches and responses from which credentials come. The first line of the input is the
-- provider; what follows are texts between lines "---": the file, if the provider reads one, and response bodies, which may
-- begin with a line of three digits, the status.

local container = require("dynamodb.credentials.container")
local core = require("dynamodb.core")
local instance_metadata = require("dynamodb.credentials.instance_metadata")
local login = require("dynamodb.credentials.login")
local process = require("dynamodb.credentials.process")
local provider = dofile("spec/support/provider_kit.lua")
local sso = require("dynamodb.credentials.sso")
local sts = require("dynamodb.credentials.sts")
local web_identity = require("dynamodb.credentials.web_identity")

local KEYS = { aws_access_key_id = "AKIDEXAMPLE", aws_secret_access_key = "a secret", aws_session_token = "a token" }
local SSO = { sso_account_id = "123456789012", sso_role_name = "role", sso_region = "eu-west-1",
  sso_start_url = "https://example.awsapps.com/start" }
local SESSION = { sso_region = SSO.sso_region, sso_start_url = SSO.sso_start_url }

local sso_file = "/home/.aws/sso/cache/" .. core.sha1("session") .. ".json"
local login_file = "/home/.aws/login/cache/" .. core.sha256("arn") .. ".json"

-- For each provider a function of the kit that calls it, the path of its file, and the environment.
local providers = {
  process = { function(kit) return process(kit, "command", "profile 'a'") end },
  container = { container, environment = { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI = "/a" } },
  token = { container, "/token", environment = { AWS_CONTAINER_CREDENTIALS_FULL_URI = "http://localhost/a",
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE = "/token" } },
  metadata = { instance_metadata },
  sts = { function(kit) return sts.assume_role(kit, { arn = "arn", session_name = "a" }, KEYS) end },
  identity = { function(kit)
    return web_identity.assume(kit, { arn = "arn", token_file = "/token", session_name = "a" }, "profile")
  end, "/token" },
  sso = { function(kit)
    return sso(kit, { sso_session = "session", sso_account_id = SSO.sso_account_id, sso_role_name = SSO.sso_role_name },
      "profile 'a'")
  end, sso_file },
  login = { function(kit) return login(kit, { login_session = "arn" }) end, login_file },
}

-- Splits the text at lines "---".
local function parts_of(text)
  local parts = {}
  for part in ("\n" .. text .. "\n---\n"):gmatch("\n(.-)\n%-%-%-%f[\n]") do parts[#parts + 1] = part end
  return parts
end

local function response(text)
  local status, body = text:match("^(%d%d%d)\n(.*)$")
  return provider.response(tonumber(status) or 200, body or text, { ["x-aws-ec2-metadata-token-ttl-seconds"] = "60" })
end

local function check(found, why)
  if not found then
    assert(type(why) == "string", "neither credentials nor a reason")
    return
  end
  for _, name in ipairs({ "aws_access_key_id", "aws_secret_access_key" }) do
    assert(type(found[name]) == "string" and found[name] ~= "", name .. " is no text")
  end
  for _, name in ipairs({ "aws_session_token", "account_id", "source", "warning" }) do
    assert(found[name] == nil or type(found[name]) == "string", name .. " is no text")
  end
  assert(found.expires == nil or type(found.expires) == "number", "expires is no number")
end

local function run(text)
  local name, rest = text:match("^(%l+)\n(.*)$")
  local chosen = providers[name] or providers.metadata
  local parts = parts_of(rest or text)
  local files = {}
  if chosen[2] then files[chosen[2]] = table.remove(parts, 1) end
  local output = parts[1]
  local responses = {}
  for i, part in ipairs(parts) do responses[i] = response(part) end
  local kit = provider.kit({ responses = responses, files = files, environment = chosen.environment, run = output,
    sessions = { session = SESSION } })
  check(chosen[1](kit))
  check(chosen[1](kit)) -- with what the first call wrote
  provider.remove()
end

return { run = run }
