--- Installs the fake system of a scenario of spec/vectors/credentials.lua: environment, files and programs from tables, and
--- the services that fake_aws.lua has started.

local cjson = require("cjson")
local core = require("dynamodb.core")
local curl = require("dynamodb.transport.curl")
local document = require("dynamodb.credentials.document")
local fake_system = dofile("spec/support/fake_system.lua")

local world = {}

local NAMES = { boto = "/home/.boto", config = "/home/.aws/config", credentials = "/home/.aws/credentials" }

local function fill_text(server, text)
  local milliseconds = text:match("^{ms%+(-?%d+)}$")
  if milliseconds then return (os.time() + milliseconds) * 1000 end
  return (text:gsub("{(%w*)([:+]?)([^{}%s\"]*)}", function(name, kind, value)
    if name == "port" then return server.port end
    if kind == ":" then return core[name](value) end
    if kind == "+" and tonumber(value) then return document.text(os.time() + value) end
  end))
end

--- Returns a copy of a value in which all placeholders are replaced.
function world.fill(server, value)
  if type(value) == "string" then return fill_text(server, value) end
  if type(value) ~= "table" then return value end
  local copy = {}
  for name, member in pairs(value) do copy[world.fill(server, name)] = world.fill(server, member) end
  return copy
end

local function files_of(server, scenario)
  local files = {}
  for name, content in pairs(world.fill(server, scenario.files or {})) do
    files[NAMES[name] or name] = type(content) == "table" and cjson.encode(content) or content
  end
  return files
end

local function environment_of(server, scenario)
  local variables = {
    AWS_DISABLE_CLOCK_SKEW_CORRECTION = "true", -- the clock of the fakes is correct
    AWS_EC2_METADATA_DISABLED = "true",
    AWS_EC2_METADATA_SERVICE_ENDPOINT = server.url("metadata"),
    AWS_ENDPOINT_URL_SIGNIN = server.url("signin"),
    AWS_ENDPOINT_URL_SSO = server.url("sso"),
    AWS_ENDPOINT_URL_SSO_OIDC = server.url("oidc"),
    AWS_ENDPOINT_URL_STS = server.url("sts"),
  }
  for name, value in pairs(world.fill(server, scenario.environment or {})) do variables[name] = value end
  return variables
end

--- Replaces functions of dynamodb.base.system until fake_system.remove() restores them. Returns environment, files, the lists
--- read, written and commands, passed (seconds that the clock is ahead; a spec may change it) and transport.
function world.install(server, scenario)
  local w = { passed = 0, environment = environment_of(server, scenario), files = files_of(server, scenario) }
  w.read, w.written, w.commands = fake_system.install(w.environment, w.files, world.fill(server, scenario.run))
  server.respond_with(world.fill(server, scenario.responses or {}))
  w.transport = setmetatable({ time = function() return curl.time() + w.passed end }, { __index = curl })
  return w
end

return world
