--- The User-Agent header, in the form of the AWS SDKs.
-- Source: AWS SDKs and Tools Reference Guide, "Application ID"; the SDKs' user agent, version 2.1.

local system = require("dynamodb.base.system")

local user_agent = {}

-- Letters that stand for features.
local retry_modes = { standard = "E", adaptive = "F" }
local account_modes = { preferred = "P", disabled = "Q", required = "R" }

-- Makes a value from outside a token (RFC 9110 section 5.6.2), so that it cannot end the header.
local function token(text)
  return (text:gsub("[^%w!$%%&'*+%-.^_`|~]", "-"))
end

-- Only LuaJIT knows the name of the operating system.
local function system_name()
  return jit and jit.os:lower() or "other"
end

--- Returns the header's value for resolved settings.
function user_agent.new(values)
  local metrics = { retry_modes[values.retry_mode] }
  if values.endpoint_url then metrics[#metrics + 1] = "N" end
  metrics[#metrics + 1] = account_modes[values.account_id_endpoint_mode]
  local parts = {
    "lua-dynamodb/" .. require("dynamodb.base.version"), "ua/2.1", "os/" .. system_name(),
    "lang/lua#" .. token(_VERSION:match("[%d.]+")),
  }
  if #metrics > 0 then parts[#parts + 1] = "m/" .. table.concat(metrics, ",") end
  local environment = system.getenv("AWS_EXECUTION_ENV")
  if environment then parts[#parts + 1] = "exec-env/" .. token(environment) end
  parts[#parts + 1] = "cfg/retry-mode#" .. values.retry_mode
  if values.sdk_ua_app_id then parts[#parts + 1] = "app/" .. token(values.sdk_ua_app_id) end
  return table.concat(parts, " ")
end

return user_agent
