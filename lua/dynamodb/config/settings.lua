--- Settings: the value of each and its source. The first of these that has a value wins: options in code,
--- the environment, the profile in the shared credentials file, the profile in the shared config file,
--- defaults.
-- Source: AWS SDKs and Tools Reference Guide, "Settings reference" (precedence), "Service-specific
-- endpoints", "Smart configuration defaults".

local late = require("dynamodb.base.late")
local errors = require("dynamodb.error")
local catalogue = require("dynamodb.config.catalogue")
local options = require("dynamodb.base.options")
local shared_files = late.module("dynamodb.config.shared_files")
local system = require("dynamodb.base.system")

local settings = {}

---@class dynamodb.Settings
---@field profile_name string
---@field profile_explicit boolean true when the profile was named in code
---@field sources table name -> where the value is from, once loaded
local Settings = {}
Settings.__index = Settings

--- Returns the paths of the shared credentials and config files; nil without a home directory.
settings.paths = late.call("dynamodb.config.shared_files", "paths")

--- The settings that are options of connect: name -> validator.
settings.options = {}

--- The values of settings that are set nowhere.
settings.defaults = {}

for _, row in ipairs(catalogue) do
  if row.code then settings.options[row.code] = row.kind.check end
  settings.defaults[row.name] = row.default
end

local function check_options(given, where)
  local own = {}
  for name in pairs(settings.options) do own[name] = given[name] end
  options.check(settings.options, own, where)
end

-- Makes a value with its source.
local function found(row, value, source)
  local same = row.same and row.same[value]
  return { value = same or value, source = source }
end

-- Converts a text -> value | nil, what was expected. A table is an indented block.
local function read(row, text)
  local value
  if type(text) == "string" then value = row.kind.convert(text) end
  local ok, expected = row.kind.check(value)
  if not ok then return nil, expected end
  return value
end

-- In a CGI program HTTP_PROXY has the value of the client's header "Proxy" (httpoxy, CVE-2016-5385).
local function variable_text(name)
  if name == "HTTP_PROXY" and system.getenv("REQUEST_METHOD") then return nil end
  return system.getenv(name)
end

local function from_environment(row, where)
  for _, name in ipairs(row.env) do
    local text = variable_text(name)
    if text then
      local value, expected = read(row, text)
      if expected then errors.raise("%s: environment variable %s: %s expected", where, name, expected) end
      return found(row, value, "environment " .. name)
    end
  end
end

--- Makes the settings of a connection with these options. Reads no file. Raises for invalid options and
--- environment variables; 'where' names the call.
---@return dynamodb.Settings
function settings.new(given, where)
  given, where = given or {}, where or "connect"
  check_options(given, where)
  local self = setmetatable({ code = {}, environment = {}, sources = {} }, Settings)
  for _, row in ipairs(catalogue) do
    local value
    if row.code then value = given[row.code] end
    if value ~= nil then
      self.code[row.name] = found(row, value, "option")
    elseif not (row.alone and given[row.alone] ~= nil) then
      self.environment[row.name] = from_environment(row, where)
    end
  end
  self.profile_explicit = given.profile ~= nil
  self.profile_name = self:early("profile") or "default"
  return self
end

-- Returns true when the environment certainly may set this value. It may not set an endpoint that the profile
-- forbids, which is unknown before the files are read.
local function may_use_environment(self, name)
  if not catalogue[name].service then return true end
  local switch = "ignore_configured_endpoint_urls"
  local ignored = self.code[switch] or self.environment[switch]
  return ignored ~= nil and not ignored.value
end

--- Returns what is known without reading files -> value, source | nil.
function Settings:early(name)
  local known = self.code[name] or may_use_environment(self, name) and self.environment[name]
  if known then return known.value, known.source end
end

-- Returns both shared files, read once | nil, why.
local function files_of(self, fresh)
  if self.files and not fresh then return self.files end
  local files, why = shared_files.load()
  if not files then return nil, why end
  self.files = files
  return files
end

--- Returns a profile of the shared files: name -> text, or table for an indented block; and name -> path of
--- its file | nil when there is none | nil, why. 'fresh' reads the files again.
function Settings:profile(name, fresh)
  local files, why = files_of(self, fresh)
  if not files then return nil, why end
  return shared_files.merge(files, name)
end

--- Returns an sso-session of the config file | nil, why when a file is invalid.
function Settings:sso_session(name)
  local files, why = files_of(self)
  if not files then return nil, why end
  return files[2].sso_sessions[name]
end

local function from_text(row, text, where)
  local value, expected = read(row, text)
  if expected then return nil, ("%s: %s: %s expected"):format(where, row.key, expected) end
  return found(row, value, where)
end

-- Returns the endpoint_url of a service in the section that the profile's "services" names.
local function from_services(self, row, name)
  local config = self.files[2]
  local where = ("section [services %s] in %s"):format(name, config.path)
  local services = config.services[name]
  if not services then return nil, ("profile %s: there is no %s"):format(self.profile_name, where) end
  local block = services[row.service]
  if block == nil or block == "" then return nil end
  if type(block) ~= "table" then return nil, where .. ": " .. row.service .. ": indented block expected" end
  local text = block.endpoint_url
  if text and text ~= "" then return from_text(row, text, where) end
end

-- Returns the profile's value of a setting | nil | nil, why. An empty text counts as not set.
local function from_profile(self, row, values, own)
  if row.service and values.services then
    local known, why = from_services(self, row, values.services)
    if known or why then return known, why end
  end
  local text = row.key and own.section[row.key]
  if not text or text == "" then return nil end
  return from_text(row, text, ("profile %s in %s"):format(self.profile_name, own.paths[row.key]))
end

local function resolve(self, row, values, own)
  local known, why = self.code[row.name], nil
  if known then return known end
  if not (row.service and values.ignore_configured_endpoint_urls) then
    known = self.environment[row.name]
    if not known then known, why = from_profile(self, row, values, own) end
  end
  if why then return nil, why end
  return known or { value = row.default, source = row.default == nil and "not set" or "default" }
end

-- Returns the profile of these settings | nil, why. "default" need not exist.
local function own_profile(self, files)
  local name = self.profile_name
  local section, paths = shared_files.merge(files, name)
  if section or name == "default" then return { section = section or {}, paths = paths } end
  local _, source = self:early("profile")
  local text = "profile '%s' (%s) is neither in %s nor in %s"
  return nil, text:format(name, source, files[1].path, files[2].path)
end

local CONNECT_TIMEOUTS = { standard = 3.1, ["in-region"] = 1.1, ["cross-region"] = 3.1, mobile = 30 }

-- Returns what the defaults mode "auto" means here. The region of this machine is known in AWS's own
-- runtimes.
local function actual_mode(values)
  if values.defaults_mode ~= "auto" then return values.defaults_mode end
  local here = system.getenv("AWS_EXECUTION_ENV")
    and (system.getenv("AWS_REGION") or system.getenv("AWS_DEFAULT_REGION"))
  if not here then return "standard" end
  return here == values.region and "in-region" or "cross-region"
end

local METADATA_ENDPOINTS = { IPv4 = "http://169.254.169.254", IPv6 = "http://[fd00:ec2::254]" }

-- Sets defaults that depend on other settings.
local function derive(values, sources)
  local function default(name, value, source)
    if value == nil or (sources[name] ~= "default" and sources[name] ~= "not set") then return end
    values[name], sources[name] = value, source
  end
  default("connect_timeout", CONNECT_TIMEOUTS[actual_mode(values)], "defaults_mode " .. values.defaults_mode)
  default("ec2_metadata_service_endpoint", METADATA_ENDPOINTS[values.ec2_metadata_service_endpoint_mode],
    "default")
  for i, name in ipairs({ "shared_credentials_file", "config_file" }) do
    default(name, select(i, shared_files.paths()), "default")
  end
  -- A server given as endpoint_url is expected to serve streams as well.
  default("endpoint_url_dynamodb_streams", values.endpoint_url, sources.endpoint_url)
end

local function endpoint_urls(values)
  local urls = {}
  for _, row in ipairs(catalogue) do
    if row.service then urls[row.service] = values[row.name] end
  end
  return urls
end

-- Resolves all settings -> values, sources | nil, why.
local function resolve_all(self, files)
  local own, missing = own_profile(self, files)
  if not own then return nil, missing end
  local values, sources = {}, {}
  for _, row in ipairs(catalogue) do
    local known, why = resolve(self, row, values, own)
    if not known then return nil, why end
    values[row.name], sources[row.name] = known.value, known.source
  end
  derive(values, sources)
  values.endpoint_urls = endpoint_urls(values)
  return values, sources
end

--- Returns all settings: name -> value, defaults included; 'endpoint_urls' has them by service. Reads the
--- shared files once; afterwards 'sources' has the source of each value | nil, why, and the next call tries
--- again.
function Settings:load()
  if self.values then return self.values end
  local files, why = files_of(self)
  if not files then return nil, why end
  local values, sources = resolve_all(self, files)
  if not values then
    self.files = nil
    return nil, sources
  end
  self.values, self.sources = values, sources
  return values
end

local STATIC = { aws_access_key_id = "AWS_ACCESS_KEY_ID", aws_secret_access_key = "AWS_SECRET_ACCESS_KEY",
  aws_session_token = "AWS_SESSION_TOKEN" }

-- Masks a secret. Of an access key id the last characters remain, by which users recognize it.
local function masked(name, value)
  local last = name == "aws_access_key_id" and #value > 8 and value:sub(-4) or ""
  return "****" .. last
end

-- Adds the keys of the environment or else of the profile to what config shows.
local function add_keys(self, shown)
  local section, paths = self:profile(self.profile_name)
  local in_environment = not self.profile_explicit
    and (system.getenv("AWS_ACCESS_KEY_ID") or system.getenv("AWS_SECRET_ACCESS_KEY"))
  for name, variable in pairs(STATIC) do
    local value, source
    if in_environment then
      value, source = system.getenv(variable), "environment " .. variable
    elseif section then
      value, source = section[name], ("profile %s in %s"):format(self.profile_name, paths[name] or "")
    end
    if type(value) == "string" then shown[name] = { value = masked(name, value), source = source } end
  end
end

--- Returns the settings of a connection without options, or with that profile, and their sources: name -> {
--- value =, source = } | nil, err. Secrets are masked.
function settings.config(name)
  if name ~= nil then options.check({ profile = options.text }, { profile = name }, "config") end
  local self = settings.new({ profile = name }, "config")
  local values, why = self:load()
  if not values then return nil, errors.locate(errors.new({ kind = "credentials", message = why })) end
  local shown = {}
  for _, row in ipairs(catalogue) do
    local value = values[row.name]
    if value ~= nil and row.show then value = row.show(value) end
    shown[row.name] = { value = value, source = self.sources[row.name] }
  end
  add_keys(self, shown)
  return shown
end

return settings
