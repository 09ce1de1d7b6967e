--- The shared config and credentials files of AWS's tools, and boto's files: sections with properties.
-- Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files" (file-format) and
-- "Location of the shared files" (file-location); where these are silent, what AWS's SDKs agree on.

local system = require("dynamodb.base.system")

local shared_files = {}

local BYTE_ORDER_MARK = "^\239\187\191"

-- Blanks are spaces and tabs only. The text may be long; base/text says why this is no single pattern.
local function trim(text)
  return text:match("^.*[^ \t]", text:match("^[ \t]*()")) or ""
end

-- Names of profiles, sections and properties. Entries with other names are ignored.
local function is_name(text)
  return text:match("^[A-Za-z0-9_./%%@:+-]+$") ~= nil
end

-- Returns the title of a line "[title]", without comment, repeated blanks and quotes around the name.
local function title_of(line)
  local title = trim((line:gsub("[#;].*", ""))):match("^%[(.*)%]$")
  return title and trim(title):gsub("[ \t]+", " "):gsub([[^(%S+ )(["'])(.*)%2$]], "%1%3")
end

-- Parses "name = value"; a comment needs a blank before it -> name in lower case, value.
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

-- A parser is { sections =, section = the current one, property = the name of the current property, into =
-- the table that holds it, nested = whether a block may follow, lines = the lines of its value }.

-- Joins the lines of a value, once its last line is known.
local function end_property(parser)
  if parser.lines then parser.into[parser.property] = table.concat(parser.lines, "\n") end
  parser.lines = nil
end

local function take_title(parser, line)
  local title = title_of(line)
  if not title then return NO_TITLE end
  end_property(parser)
  parser.section, parser.property = parser.sections[title] or {}, nil
  parser.sections[title] = parser.section
end

local function take_property(parser, line)
  local name, value = property_of(line)
  if not name then return NO_PROPERTY end
  if name == "" then return NO_NAME end
  if not parser.section then return NO_SECTION end
  end_property(parser)
  parser.property, parser.nested = name, value == ""
  parser.into = is_name(name) and parser.section or {} -- an invalid name: parsed and ignored
  parser.into[name] = value
end

-- An indented line belongs to a block when the property above has no value, else it continues that value,
-- comments included.
local function take_indented(parser, line)
  local into, property = parser.into, parser.property
  if not property then return parser.section and NO_OWNER or NO_SECTION end
  if not parser.nested then
    parser.lines = parser.lines or { into[property] }
    parser.lines[#parser.lines + 1] = trim(line)
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

--- Parses the text -> sections by title: name -> value, or table for an indented block | nil, why for a line
--- of unknown form. Sections with the same title are merged, and later values win. Messages do not show the
--- line, which may hold a secret.
function shared_files.parse(text, path)
  local parser, number = { sections = {} }, 0
  for line in (text:gsub(BYTE_ORDER_MARK, "") .. "\n"):gmatch("(.-)\r?\n") do
    number = number + 1
    local why = take(parser, line)
    if why then return nil, ("%s:%d: %s"):format(path, number, why) end
  end
  end_property(parser)
  return parser.sections
end

--- Reads the sections of a file: an empty table when it does not exist | nil, why.
function shared_files.read(path)
  if not path then return {} end
  local text, why = system.read_file(path)
  if why then return nil, why:find(path, 1, true) and why or path .. ": " .. why end
  return shared_files.parse(text or "", path)
end

--- Returns the paths of the shared credentials and config files; nil without a home directory.
function shared_files.paths()
  return system.expand(system.getenv("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials"),
    system.expand(system.getenv("AWS_CONFIG_FILE") or "~/.aws/config")
end

-- Returns the sections whose titles are this prefix and a name, by name.
local function named(sections, prefix)
  local found = {}
  for title, section in pairs(sections) do
    local name = title:sub(#prefix + 1)
    if title:sub(1, #prefix) == prefix and is_name(name) then found[name] = section end
  end
  return found
end

-- In the config file profiles are titled "profile NAME". "default" may have no prefix; "profile default" wins
-- over it.
local function config_profiles(sections)
  local profiles = named(sections, "profile ")
  profiles.default = profiles.default or sections.default
  return profiles
end

--- Reads both shared files, the one with precedence first: list of { path =, profiles = by name }; the config
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

-- Merges a profile of one file over that of a file with less precedence. Key, secret and token are never
-- mixed: a file with a key sets all of them, and a token without a key is ignored.
local function lay_over(merged, paths, own, path)
  local has_key = own.aws_access_key_id or own.aws_secret_access_key
  for name in pairs(has_key and KEYS or {}) do merged[name], paths[name] = nil, nil end
  for name, value in pairs(own) do
    if has_key or not KEYS[name] then merged[name], paths[name] = value, path end
  end
end

--- Returns a profile merged from both files -> section, name -> path of the value's file | nil.
function shared_files.merge(files, name)
  local merged, paths, found = {}, {}, false
  for i = #files, 1, -1 do
    local own = files[i].profiles[name]
    if own then
      lay_over(merged, paths, own, files[i].path)
      found = true
    end
  end
  if found then return merged, paths end
end

return shared_files
