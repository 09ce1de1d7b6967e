--- Credentials from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.

local system = require("dynamodb.base.system")

local PLACE = "environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)"

--- Returns the credentials | false, where it looked | nil, why when only one of key and secret is set.
return function()
  local key, secret = system.getenv("AWS_ACCESS_KEY_ID"), system.getenv("AWS_SECRET_ACCESS_KEY")
  if not key and not secret then return false, PLACE end
  if not key then return nil, "AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not" end
  if not secret then return nil, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not" end
  return {
    aws_access_key_id = key,
    aws_secret_access_key = secret,
    aws_session_token = system.getenv("AWS_SESSION_TOKEN") or system.getenv("AWS_SECURITY_TOKEN"),
    account_id = system.getenv("AWS_ACCOUNT_ID"),
    source = "environment",
  }
end
