--- Credentials from boto's own configuration: section [Credentials] of the file that BOTO_CONFIG names, else
--- of ~/.boto, else of /etc/boto.cfg.

local from_section = require("dynamodb.credentials.section")
local shared_files = require("dynamodb.config.shared_files")
local system = require("dynamodb.base.system")

local SYSTEM_FILE = "/etc/boto.cfg"

-- Returns the files to read, in order.
local function paths()
  local named = system.getenv("BOTO_CONFIG")
  if named then return { system.expand(named) } end
  local own = system.expand("~/.boto")
  return own and { own, SYSTEM_FILE } or { SYSTEM_FILE }
end

--- Returns the credentials | false, where it looked | nil, why.
return function()
  local looked = paths()
  for _, path in ipairs(looked) do
    local sections, why = shared_files.read(path)
    if not sections then return nil, why end
    local found, incomplete = from_section(sections.Credentials or {}, "section [Credentials] in " .. path)
    if incomplete then return nil, incomplete end
    if found then
      found.source = "boto"
      return found
    end
  end
  return false, "section [Credentials] in " .. table.concat(looked, " and ")
end
