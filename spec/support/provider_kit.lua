--- A fake context of one credential provider: settings, a clock, and HTTP with given responses.

local fake_system = dofile("spec/support/fake_system.lua")
local options = require("dynamodb.base.options")
local pool = require("dynamodb.http.pool")

local provider = {}

provider.NOW = 1700000000
provider.NOW_TEXT = "2023-11-14T22:13:20Z"

--- Returns the time that many seconds from now, as "2023-11-14T22:13:20Z".
function provider.time_in(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", provider.NOW + seconds)
end

--- Returns a copy of 'base' with the members of 'more'; the value false removes a member.
function provider.with(base, more)
  local all = {}
  for name, value in pairs(base) do all[name] = value end
  for name, value in pairs(more or {}) do all[name] = value or nil end
  return all
end

local DEFAULTS = { region = "eu-west-1", ec2_metadata_service_endpoint = "http://169.254.169.254",
  metadata_service_timeout = 1, metadata_service_num_attempts = 1 }

local function values_of(given)
  return options.merge({ endpoint_urls = {} }, DEFAULTS, given)
end

local function settings_of(given)
  local settings = { profile_name = given.profile or "default", profile_explicit = given.profile ~= nil, reads = {} }
  function settings.profile(_, name, fresh)
    settings.reads[#settings.reads + 1] = fresh and name .. " (fresh)" or name
    if given.bad_file then return nil, given.bad_file end
    local section = (given.sections or {})[name]
    if not section then return nil end
    local places = {}
    for key in pairs(section) do places[key] = "/home/.aws/config" end
    return section, places
  end
  function settings.sso_session(_, name) return (given.sessions or {})[name] end
  function settings.load() return values_of(given.values) end
  return settings
end

--- Returns an HTTP response. A body that is a table is encoded as JSON.
function provider.response(status, body, headers)
  if type(body) == "table" then body = require("cjson").encode(body) end
  return { status = status, body = body or "", header = function(name) return (headers or {})[name] end }
end

--- Creates a context. Optional fields of 'given': values, profile, sections, sessions, environment, files (by path), run
--- (output of programs) and responses, one for each request: a response or a failure { kind, message, sent }. Requests after
--- the last response fail. The kit records requests, written files, commands, and pauses (slept).
function provider.kit(given)
  local kit = { settings = settings_of(given), values = values_of(given.values), tokens = {}, requests = {}, slept = {} }
  local clock = 1000
  kit.transport = {
    now = function() return clock end,
    time = function() return provider.NOW + clock - 1000 end,
    sleep = function(seconds)
      kit.slept[#kit.slept + 1] = seconds
      clock = clock + seconds
    end,
  }
  kit.deadline = clock + 15
  kit.read, kit.written, kit.commands = fake_system.install(given.environment or {}, given.files or {}, given.run)
  function kit.http(request)
    kit.requests[#kit.requests + 1] = request
    local response = (given.responses or {})[#kit.requests]
    if response and response.status then return response end
    response = response or { "network", "connection refused" }
    return nil, pool.failure(response[1], response[2], response[3])
  end
  return kit
end

provider.remove = fake_system.remove

return provider
