--- All settings as data, in the order in which they are resolved, and by name. Each has:
---   name:    name among the resolved values
---   kind:    how its text is read and its value checked
---   env:     environment variables; the first one that is set wins
---   key:     name in a profile
---   code:    name among connect's options; false when it is not an option
---   default: value when it is set nowhere
---   service: the AWS service whose endpoint it is, for sections "services"
---   alone:   the option of connect that makes its environment variables irrelevant
---   same:    values that mean another value
---   show:    function that makes a value fit to be shown
-- Source: AWS SDKs and Tools Reference Guide, "Settings reference" and the pages that it links to.

local endpoint = require("dynamodb.http.endpoint")
local options = require("dynamodb.base.options")
local system = require("dynamodb.base.system")

-- Makes a kind of value from its validator and a function that converts a text.
local function kind(check, convert)
  return { check = check, convert = convert or function(text) return text end }
end

local function choice(...)
  local known = {}
  for _, name in ipairs({ ... }) do known[name:lower()] = name end
  return kind(options.choice(...), function(text) return known[text:lower()] end)
end

local function matching(expected, accepts)
  return kind(function(value)
    return type(value) == "string" and accepts(value), expected
  end)
end

local text = kind(options.text)
local path = kind(options.text, function(value) return system.expand(value) or value end)
local boolean = kind(options.boolean, function(value)
  return ({ ["true"] = true, ["false"] = false })[value:lower()]
end)
local seconds = kind(options.seconds, function(value)
  return (value:match("^%d+$") or value:match("^%d+%.%d*$")) and tonumber(value)
end)
local count = kind(options.count(1), function(value)
  return value:match("^%d+$") and tonumber(value)
end)
local region = matching("region such as eu-west-1", endpoint.is_region)
local account = matching("account number of 12 digits", function(value)
  return #value == 12 and value:match("^%d+$") ~= nil
end)
local url = matching("http(s)://host[:port][/path]", function(value)
  return endpoint.split(value) ~= nil
end)
local app_id = matching("text of 1 to 50 printable ASCII characters", function(value)
  return #value <= 50 and value:match("^[\32-\126]+$") ~= nil
end)

local proxy = kind(function(value)
  local ok = value == false or type(value) == "string" and value:match("^[^%s%c]+$") ~= nil
  return ok, "URL of a proxy, or false"
end)

local function hidden() return "****" end
local function without_password(value) return value and (value:gsub("^.*@", "****@")) end
local function program(value) return value:match("^%S+") .. " ****" end

local function service(name, id, code)
  local variable = "AWS_ENDPOINT_URL_" .. id:upper()
  return { name = name, kind = url, env = { variable, "AWS_ENDPOINT_URL" }, key = "endpoint_url", code = code,
    service = id }
end

local list = {
  { name = "profile", kind = text, env = { "AWS_PROFILE", "AWS_DEFAULT_PROFILE" }, default = "default" },
  { name = "config_file", kind = path, env = { "AWS_CONFIG_FILE" }, code = false, default = "~/.aws/config" },
  { name = "shared_credentials_file", kind = path, env = { "AWS_SHARED_CREDENTIALS_FILE" }, code = false,
    default = "~/.aws/credentials" },
  { name = "region", kind = region, env = { "AWS_REGION", "AWS_DEFAULT_REGION" }, key = "region",
    default = "us-east-1" }, -- as in boto's tutorial

  -- endpoints
  { name = "services", kind = text, key = "services", code = false },
  { name = "ignore_configured_endpoint_urls", kind = boolean, env = { "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS" },
    key = "ignore_configured_endpoint_urls", default = false },
  service("endpoint_url", "dynamodb", "endpoint_url"),
  service("endpoint_url_dynamodb_streams", "dynamodb_streams", "endpoint_url"),
  service("endpoint_url_sts", "sts", false),
  service("endpoint_url_sso", "sso", false),
  service("endpoint_url_sso_oidc", "sso_oidc", false),
  service("endpoint_url_signin", "signin", false),
  { name = "use_fips_endpoint", kind = boolean, env = { "AWS_USE_FIPS_ENDPOINT" }, key = "use_fips_endpoint",
    default = false },
  { name = "use_dualstack_endpoint", kind = boolean, env = { "AWS_USE_DUALSTACK_ENDPOINT" },
    key = "use_dualstack_endpoint", default = false },
  { name = "account_id", kind = account, env = { "AWS_ACCOUNT_ID" }, key = "aws_account_id",
    code = "aws_account_id" },
  { name = "account_id_endpoint_mode", kind = choice("preferred", "disabled", "required"),
    env = { "AWS_ACCOUNT_ID_ENDPOINT_MODE" }, key = "account_id_endpoint_mode", default = "preferred" },
  { name = "sts_regional_endpoints", kind = choice("regional", "legacy"),
    env = { "AWS_STS_REGIONAL_ENDPOINTS" }, key = "sts_regional_endpoints", default = "regional" },

  -- retries and time
  { name = "retry_mode", kind = choice("standard", "adaptive", "off", "legacy"), env = { "AWS_RETRY_MODE" },
    key = "retry_mode", default = "standard", same = { legacy = "standard" } },
  { name = "max_attempts", kind = count, env = { "AWS_MAX_ATTEMPTS" }, key = "max_attempts", default = 4 },
  { name = "retry_writes", kind = choice("safe", "always", "exact"), default = "safe" },
  { name = "defaults_mode",
    kind = choice("legacy", "standard", "in-region", "cross-region", "mobile", "auto"),
    env = { "AWS_DEFAULTS_MODE" }, key = "defaults_mode", default = "legacy" },
  { name = "connect_timeout", kind = seconds, default = 1 },
  { name = "attempt_timeout", kind = seconds, default = 5 },
  { name = "deadline", kind = seconds, default = 15 },
  { name = "disable_clock_skew_correction", kind = boolean, env = { "AWS_DISABLE_CLOCK_SKEW_CORRECTION" },
    key = "disable_clock_skew_correction", default = false },

  -- connections
  { name = "ca_bundle", kind = path, env = { "AWS_CA_BUNDLE" }, key = "ca_bundle" },
  { name = "tcp_keepalive", kind = boolean, key = "tcp_keepalive", default = false },
  { name = "http_proxy", kind = proxy, env = { "http_proxy", "HTTP_PROXY" }, code = "proxy",
    show = without_password },
  { name = "https_proxy", kind = proxy, env = { "https_proxy", "HTTPS_PROXY" }, code = "proxy",
    show = without_password },
  { name = "no_proxy", kind = text, env = { "no_proxy", "NO_PROXY" }, alone = "proxy" },
  { name = "sdk_ua_app_id", kind = app_id, env = { "AWS_SDK_UA_APP_ID" }, key = "sdk_ua_app_id" },

  -- instance metadata
  { name = "ec2_metadata_disabled", kind = boolean, env = { "AWS_EC2_METADATA_DISABLED" }, default = false },
  { name = "ec2_metadata_v1_disabled", kind = boolean, env = { "AWS_EC2_METADATA_V1_DISABLED" },
    key = "ec2_metadata_v1_disabled", default = false },
  { name = "ec2_metadata_service_endpoint_mode", kind = choice("IPv4", "IPv6"),
    env = { "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE" }, key = "ec2_metadata_service_endpoint_mode",
    default = "IPv4" },
  { name = "ec2_metadata_service_endpoint", kind = url, env = { "AWS_EC2_METADATA_SERVICE_ENDPOINT" },
    key = "ec2_metadata_service_endpoint" },
  { name = "metadata_service_timeout", kind = seconds, env = { "AWS_METADATA_SERVICE_TIMEOUT" },
    key = "metadata_service_timeout", default = 1 },
  { name = "metadata_service_num_attempts", kind = count, env = { "AWS_METADATA_SERVICE_NUM_ATTEMPTS" },
    key = "metadata_service_num_attempts", default = 1 },
}

-- Settings of the credential providers, which validate them.
for _, row in ipairs({
  { name = "role_arn", env = { "AWS_ROLE_ARN" } },
  { name = "role_session_name", env = { "AWS_ROLE_SESSION_NAME" } },
  { name = "web_identity_token_file", kind = path, env = { "AWS_WEB_IDENTITY_TOKEN_FILE" } },
  { name = "source_profile" },
  { name = "credential_source" },
  { name = "external_id", show = hidden },
  { name = "mfa_serial" },
  { name = "duration_seconds", kind = count },
  { name = "credential_process", show = program },
  { name = "sso_session" },
  { name = "sso_account_id" },
  { name = "sso_role_name" },
  { name = "sso_region" },
  { name = "sso_start_url" },
  { name = "login_session" },
  { name = "login_cache_directory", kind = path, env = { "AWS_LOGIN_CACHE_DIRECTORY" }, key = false },
  { name = "container_credentials_relative_uri", env = { "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" },
    key = false },
  { name = "container_credentials_full_uri", env = { "AWS_CONTAINER_CREDENTIALS_FULL_URI" }, key = false,
    show = without_password },
  { name = "container_authorization_token", env = { "AWS_CONTAINER_AUTHORIZATION_TOKEN" }, key = false,
    show = hidden },
  { name = "container_authorization_token_file", kind = path, key = false,
    env = { "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" } },
}) do
  row.kind, row.code = row.kind or text, false
  if row.key == nil then row.key = row.name end
  list[#list + 1] = row
end

for _, row in ipairs(list) do
  list[row.name] = row
  if row.code == nil then row.code = row.name end
  row.env = row.env or {}
end

return list
