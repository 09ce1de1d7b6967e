--- Reads the files that AWS's tools share and boto's: sections of name = value.
-- Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files".

local system = require("dynamodb.system")

local profile = {}

local BYTE_ORDER_MARK = "^\239\187\191"

-- The name of a section, blanks in it made one, when the line is "[name]" and perhaps a comment.
local function title_of(line)
  local name, rest = line:match("^%[%s*([^%]]-)%s*%](.*)$")
  return name and (rest:match("^%s*$") or rest:match("^%s*[#;]")) and (name:gsub("%s+", " "))
end

-- "name = value" and perhaps a comment behind it -> name in lower case, value.
local function setting_of(line)
  local name, value = line:match("^%s*([^%s=#;][^=]-)%s*=%s*(.-)%s*$")
  if name then return name:lower(), (value:gsub("%s+[#;].*$", "")) end
end

--- Sections of the text: section -> name -> value. Later sections of one name add to earlier ones. Indented
--- lines go on with the value above them (settings for single services) and are passed over.
--- nil, why on a line that is none of the known forms.
function profile.parse(text, path)
  local sections, section, number, inside = {}, nil, 0, false
  for line in (text:gsub(BYTE_ORDER_MARK, "") .. "\n"):gmatch("(.-)\r?\n") do
    number = number + 1
    local title, name, value = title_of(line), setting_of(line)
    local silent = line:match("^%s*$") or line:match("^%s*[#;]") or (inside and line:match("^%s"))
    if title then
      section, inside = sections[title] or {}, false
      sections[title] = section
    elseif not silent then
      if not (name and section) then
        return nil, ("%s:%d: '[section]' or 'name = value' expected"):format(path, number)
      end
      section[name], inside = value, true
    end
  end
  return sections
end

--- The sections of a file: an empty table when there is no such file | nil, why.
function profile.read(path)
  if not path then return {} end
  local text, why = system.read_file(path)
  if why then return nil, why end
  if not text then return {} end
  return profile.parse(text, path)
end

--- Where the shared files are.
function profile.paths()
  return system.expand(system.getenv("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials"),
    system.expand(system.getenv("AWS_CONFIG_FILE") or "~/.aws/config")
end

--- The profile to use: the caller's, the environment's, or "default".
function profile.name(chosen)
  return chosen or system.getenv("AWS_PROFILE") or system.getenv("AWS_DEFAULT_PROFILE") or "default"
end

--- A profile's section in the config file, where all but the default one are called "profile NAME" | nil,
--- why.
function profile.config(name)
  local _, path = profile.paths()
  local sections, why = profile.read(path)
  if not sections then return nil, why end
  return sections["profile " .. name] or (name == "default" and sections.default) or {}
end

--- A profile's section in the credentials file | nil, why.
function profile.credentials(name)
  local sections, why = profile.read((profile.paths()))
  if not sections then return nil, why end
  return sections[name] or {}
end

return profile
