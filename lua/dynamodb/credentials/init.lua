--- Finds credentials: the caller's, or those of the first source that has any. Nothing is looked at before
--- somebody asks.

local boto = require("dynamodb.credentials.boto")
local cache = require("dynamodb.credentials.cache")
local container = require("dynamodb.credentials.container")
local environment = require("dynamodb.credentials.environment")
local errors = require("dynamodb.error")
local given = require("dynamodb.credentials.given")
local metadata = require("dynamodb.credentials.metadata")
local profile = require("dynamodb.credentials.profile")
local web_identity = require("dynamodb.credentials.web_identity")

local credentials = {}

-- A table that shows none of its content when printed.
local Credentials = { __name = "dynamodb.credentials" }
function Credentials.__tostring() return "Credentials(hidden)" end

-- A provider is a function of the kit -> credentials | false, where it looked | nil, why, may it pass. The
-- kit has settings, their values once they are loaded, transport, http, the deadline, and what providers keep
-- in it.
local order = { environment, web_identity.find, profile, container, metadata, boto }

-- Where to look. Who names a profile in code wants that one.
local function providers(settings)
  return settings.profile_explicit and { profile } or order
end

local function failure(message, passing)
  return errors.new({ kind = "credentials", message = message, retryable = passing == true })
end

-- What the first provider has that has any, and which it was | nil, err.
local function walk(kit, list)
  local looked = {}
  for _, provider in ipairs(list) do
    if provider ~= environment and not kit.values then
      local values, why = kit.settings:load()
      if not values then return nil, failure(why) end
      kit.values = values
    end
    local found, why, passing = provider(kit)
    if found then return found, provider end
    if found == nil then return nil, failure(why, passing) end
    looked[#looked + 1] = why
  end
  return nil, failure("no AWS credentials found; looked at " .. table.concat(looked, "; "))
end

-- A function that fetches credentials. It looks for a source once, and stays with the one that it has found:
-- an outage is no reason to become somebody else.
local function fetcher(kit)
  local list = providers(kit.settings)
  return function(deadline)
    kit.deadline = deadline
    local found, provider = walk(kit, list)
    if not found then return nil, provider end
    list, kit.fresh = { provider }, true
    return setmetatable(found, Credentials), provider == environment
  end
end

-- The same for what the caller gives.
local function giver(kit, provider, fixed)
  return function(deadline)
    kit.deadline = deadline
    local found, why = provider(kit)
    if not found then return nil, failure(why) end
    return setmetatable(found, Credentials), fixed
  end
end

-- What the small requests of providers go over: the connection's transport, without what is for its own
-- server only.
local function http_of(kit, context)
  local limits, connect = context.limits, context.limits.connect or {}
  local http = context.http or require("dynamodb.http")
  local proxy = require("dynamodb.proxy")
  local own = {
    transport = context.transport,
    limits = { connect_timeout = limits.connect_timeout, attempt_timeout = limits.attempt_timeout,
      connect = { ca_bundle = connect.ca_bundle, tcp_keepalive = connect.tcp_keepalive } },
    proxy_for = function(url) return proxy.choose(url, kit.values) end,
  }
  return function(request) return http.request(own, request) end
end

--- An object that gives credentials: get(deadline) -> credentials | nil, err, and refresh(used, deadline),
--- for when the service says that 'used' have expired -> others | nil, err | nil when there are none.
--- Deadlines are moments of the transport's clock. Raises for options that make no sense.
---@param context table transport, limits, given (options), emit (function of an event and its fields, or nil)
function credentials.new(settings, context)
  local kit = { settings = settings, transport = context.transport, tokens = {} }
  kit.http = http_of(kit, context)
  local provider, fixed = given.provider(context.given or {}, "connect")
  local source = provider and giver(kit, provider, fixed) or fetcher(kit)
  return cache(source, context.transport, context.emit)
end

return credentials
