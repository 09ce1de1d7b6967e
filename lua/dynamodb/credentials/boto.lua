--- Credentials from boto's own files, as its tutorial promises: section [Credentials] of the file that
--- BOTO_CONFIG names, else of ~/.boto, else of /etc/boto.cfg.

local from_section = require("dynamodb.credentials.section")
local profile = require("dynamodb.profile")
local system = require("dynamodb.system")

local boto = {}

local SYSTEM_FILE = "/etc/boto.cfg"

--- The files looked at, in order.
function boto.paths()
  local named = system.getenv("BOTO_CONFIG")
  if named then return { system.expand(named) } end
  local own = system.expand("~/.boto")
  return own and { own, SYSTEM_FILE } or { SYSTEM_FILE }
end

--- -> credentials | nil when there are none | nil, why.
function boto.find()
  for _, path in ipairs(boto.paths()) do
    local sections, why = profile.read(path)
    if not sections then return nil, why end
    local found, incomplete = from_section(sections.Credentials or {}, "section [Credentials] in " .. path)
    if found or incomplete then return found, incomplete end
  end
  return nil
end

return boto
