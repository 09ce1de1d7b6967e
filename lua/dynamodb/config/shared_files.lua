--- The files that AWS's tools share, and boto's: sections of name = value.
-- Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files" (file-format) and
-- "Location of the shared files" (file-location); where these say too little, what AWS's SDKs agree on.

local system = require("dynamodb.base.system")

local shared_files = {}

local BYTE_ORDER_MARK = "^\239\187\191"

-- Blanks are spaces and tabs, nothing else.
local function trim(text)
  return text:match("^[ \t]*(.-)[ \t]*$")
end

-- What names of profiles, sections and properties are made of; others are passed over.
local function is_name(text)
  return text:match("^[A-Za-z0-9_./%%@:+-]+$") ~= nil
end

-- The title of a line "[title]" and perhaps a comment, with single blanks and without quotes around the name.
local function title_of(line)
  local title = trim((line:gsub("[#;].*", ""))):match("^%[(.*)%]$")
  return title and trim(title):gsub("[ \t]+", " "):gsub([[^(%S+ )(["'])(.*)%2$]], "%1%3")
end

-- "name = value" and perhaps a comment, before which there has to be a blank -> name in lower case, value.
local function property_of(line)
  local name, value = (" " .. line):gsub("[ \t][#;].*", ""):match("^([^=]*)=(.*)$")
  if name then return trim(name):lower(), trim(value) end
end

local NO_TITLE = "']' expected at the end of a section's title"
local NO_SECTION = "'[section]' expected before the first property"
local NO_PROPERTY = "'[section]' or 'name = value' expected"
local NO_BLOCK = "'name = value' expected in an indented block"
local NO_NAME = "a name expected before '='"
local NO_OWNER = "an indented line goes on with a property, and there is none above"

-- A parser is { sections =, section = the one at hand, property = the name at hand, into = the table that has
-- it, nested = may a block follow? }.

local function take_title(parser, line)
  local title = title_of(line)
  if not title then return NO_TITLE end
  parser.section, parser.property = parser.sections[title] or {}, nil
  parser.sections[title] = parser.section
end

local function take_property(parser, line)
  local name, value = property_of(line)
  if not name then return NO_PROPERTY end
  if name == "" then return NO_NAME end
  if not parser.section then return NO_SECTION end
  parser.property, parser.nested = name, value == ""
  parser.into = is_name(name) and parser.section or {} -- no name: read and forgotten
  parser.into[name] = value
end

-- An indented line: of a block when the property above has no value, else more of that value, comments and
-- all.
local function take_indented(parser, line)
  local into, property = parser.into, parser.property
  if not property then return parser.section and NO_OWNER or NO_SECTION end
  if not parser.nested then
    into[property] = into[property] .. "\n" .. trim(line)
    return
  end
  local name, value = property_of(line)
  if not name then return NO_BLOCK end
  if name == "" then return NO_NAME end
  if into[property] == "" then into[property] = {} end
  if is_name(name) then into[property][name] = value end
end

local function take(parser, line)
  if line:match("^[ \t]*$") or line:match("^[ \t]*[#;]") then return end
  if line:match("^%[") then return take_title(parser, line) end
  return (line:match("^[ \t]") and take_indented or take_property)(parser, line)
end

--- Sections of the text by title, each name -> value, or name -> table for an indented block. Later sections
--- of one title add to earlier ones, later values replace them | nil, why on a line of no known form. Nothing
--- of the line is shown: it may hold a secret.
function shared_files.parse(text, path)
  local parser, number = { sections = {} }, 0
  for line in (text:gsub(BYTE_ORDER_MARK, "") .. "\n"):gmatch("(.-)\r?\n") do
    number = number + 1
    local why = take(parser, line)
    if why then return nil, ("%s:%d: %s"):format(path, number, why) end
  end
  return parser.sections
end

--- The sections of a file: an empty table when there is no such file | nil, why.
function shared_files.read(path)
  if not path then return {} end
  local text, why = system.read_file(path)
  if why then return nil, why:find(path, 1, true) and why or path .. ": " .. why end
  return shared_files.parse(text or "", path)
end

--- Where the shared files are: credentials, config; nil without a home directory.
function shared_files.paths()
  return system.expand(system.getenv("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials"),
    system.expand(system.getenv("AWS_CONFIG_FILE") or "~/.aws/config")
end

-- The sections whose titles are this prefix and a name -> by name.
local function named(sections, prefix)
  local found = {}
  for title, section in pairs(sections) do
    local name = title:sub(#prefix + 1)
    if title:sub(1, #prefix) == prefix and is_name(name) then found[name] = section end
  end
  return found
end

-- In the config file profiles are "profile NAME"; "default" may stand alone, and yields to "profile default".
local function config_profiles(sections)
  local profiles = named(sections, "profile ")
  profiles.default = profiles.default or sections.default
  return profiles
end

--- Both shared files, the one that counts more first: a list of { path =, profiles = } by name; the config
--- file also has sso_sessions and services by name | nil, why.
function shared_files.load()
  local credentials_path, config_path = shared_files.paths()
  local credentials, why = shared_files.read(credentials_path)
  if not credentials then return nil, why end
  local config, config_why = shared_files.read(config_path)
  if not config then return nil, config_why end
  return {
    { path = credentials_path or "no credentials file", profiles = named(credentials, "") },
    { path = config_path or "no config file", profiles = config_profiles(config),
      sso_sessions = named(config, "sso-session "), services = named(config, "services ") },
  }
end

local KEYS = { aws_access_key_id = true, aws_secret_access_key = true, aws_session_token = true,
  aws_security_token = true }

-- Lays a profile of one file over what the files that count less have of it. Key, secret and token are never
-- of two files: who has a key brings all of them, and a token alone is none.
local function lay_over(merged, places, own, path)
  local has_key = own.aws_access_key_id or own.aws_secret_access_key
  for name in pairs(has_key and KEYS or {}) do merged[name], places[name] = nil, nil end
  for name, value in pairs(own) do
    if has_key or not KEYS[name] then merged[name], places[name] = value, path end
  end
end

--- A profile as both files have it -> section, name -> path of the file that the value is from | nil.
function shared_files.merge(files, name)
  local merged, places, found = {}, {}, false
  for i = #files, 1, -1 do
    local own = files[i].profiles[name]
    if own then
      lay_over(merged, places, own, files[i].path)
      found = true
    end
  end
  if found then return merged, places end
end

return shared_files
