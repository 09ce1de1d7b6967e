--- Credentials of a role by the token file of an identity provider, as EKS mounts it (IRSA). The file is read
--- each time, because it is replaced.

local sts = require("dynamodb.credentials.sts")
local system = require("dynamodb.base.system")
local trim = require("dynamodb.base.text").trim

local web_identity = {}

local PLACE = "environment (AWS_WEB_IDENTITY_TOKEN_FILE)"

--- Returns the credentials of a role | nil, why, retryable. 'role' has arn, token_file, and optionally
--- session_name and duration; 'where' names its source.
function web_identity.assume(kit, role, where)
  if not role.arn then return nil, where .. " has a token file of a web identity, but no role" end
  local path = system.expand(role.token_file)
  local text, why = system.read_file(path or role.token_file)
  local token = text and trim(text) or ""
  if token == "" then return nil, why or ("no token in %s"):format(role.token_file) end
  local found, reason, passing = sts.assume_role_with_web_identity(kit, role, token)
  if not found then return nil, reason, passing end
  found.source = "web identity"
  return found
end

--- Returns the credentials | false, where it looked | nil, why, retryable.
function web_identity.find(kit)
  local token_file = system.getenv("AWS_WEB_IDENTITY_TOKEN_FILE")
  if not token_file then return false, PLACE end
  return web_identity.assume(kit, { token_file = token_file, arn = system.getenv("AWS_ROLE_ARN"),
    session_name = system.getenv("AWS_ROLE_SESSION_NAME") }, "the environment")
end

return web_identity
