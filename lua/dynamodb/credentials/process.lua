--- Credentials printed by a program: `credential_process` of a profile.
-- Source: AWS SDKs and Tools Reference Guide, "Process credential provider".

local document = require("dynamodb.credentials.document")
local system = require("dynamodb.base.system")

local VERSION = 1
local NAMES = { key = "AccessKeyId", secret = "SecretAccessKey", token = "SessionToken", optional = true,
  expires = "Expiration", account = "AccountId", source = "process" }

--- Runs the command -> credentials | nil, why, retryable. No message shows the command, whose arguments may
--- be secret. 'where' names the profile.
return function(kit, command, where)
  where = "credential_process of " .. where
  local seconds = kit.deadline - kit.transport.now()
  if seconds <= 0 then return nil, where .. ": no time left", true end
  local output, why = system.run(command, math.floor(seconds))
  if not output then return nil, ("%s: %s"):format(where, why), true end
  local decoded = document.decode(output)
  if not decoded then return nil, where .. " printed no JSON" end
  if decoded.Version ~= VERSION then return nil, where .. " printed another Version than 1" end
  local found, bad = document.keys(decoded, NAMES, "what " .. where .. " printed")
  if not found then return nil, bad end
  if found.expires and found.expires <= kit.transport.time() then
    return nil, where .. " printed credentials that have expired"
  end
  return found
end
