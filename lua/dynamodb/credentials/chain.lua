--- Finds credentials: the caller's, or those of the first source that has any. Nothing is looked at before
--- somebody asks.

local boto_config = require("dynamodb.credentials.boto_config")
local cache = require("dynamodb.credentials.cache")
local clock = require("dynamodb.http.service_clock")
local container = require("dynamodb.credentials.container")
local environment = require("dynamodb.credentials.environment")
local errors = require("dynamodb.error")
local connect_options = require("dynamodb.credentials.connect_options")
local http_client = require("dynamodb.http.client")
local instance_metadata = require("dynamodb.credentials.instance_metadata")
local profile = require("dynamodb.credentials.profile")
local proxy = require("dynamodb.http.proxy")
local shared_cache = require("dynamodb.credentials.shared_cache")
local user_agent = require("dynamodb.http.user_agent")
local web_identity = require("dynamodb.credentials.web_identity")

local credentials = {}

-- A table that shows none of its content when printed.
local Credentials = { __name = "dynamodb.credentials" }
function Credentials.__tostring() return "Credentials(hidden)" end

-- A provider is a function of the kit -> credentials | false, where it looked | nil, why, may it pass. The
-- kit has settings, their values once they are loaded, transport, http, the deadline, and what providers keep
-- in it.
local order = { environment, web_identity.find, profile, container, instance_metadata, boto_config }

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
    return found, provider == environment
  end
end

-- The same for what the caller gives.
local function giver(kit, provider, fixed)
  return function(deadline)
    kit.deadline = deadline
    local found, why = provider(kit)
    if not found then return nil, failure(why) end
    return found, fixed
  end
end

-- The same for what the caller does not give, which nginx's workers may share.
local function finder(kit, dictionary)
  local source = fetcher(kit)
  return dictionary and shared_cache(source, dictionary, kit.settings, kit.transport) or source
end

-- The same, showing nothing.
local function hiding(source)
  return function(...)
    local found, more = source(...)
    if found then setmetatable(found, Credentials) end
    return found, more
  end
end

-- The transport with the services' clock, by which signatures are made and credentials expire.
local function in_time(transport, service_clock)
  local function time() return transport.time() + service_clock.offset end
  return setmetatable({ time = time }, { __index = transport })
end

-- Takes the time of a service's answer; 'skewed' says that a signature made before may not have been good.
-- What stands beside a container or an instance is asked without a proxy, and not for the time.
local function observe(kit, request, response, sent, received)
  if request.proxy == false or kit.values.disable_clock_skew_correction then return end
  local offset = kit.clock.offset
  clock.observe(kit.clock, { header = function(_, name) return response.header(name) end }, sent, received)
  response.skewed = clock.corrected(kit.clock, offset)
end

-- What providers send their requests by: dynamodb.http over the connection's transport.
local function http_of(kit, context)
  local send, time = (context.http or http_client).request, context.transport.time
  local own = { transport = kit.transport, limits = context.limits,
    proxy_for = function(url) return proxy.choose(url, kit.values) end }
  return function(request)
    local began = time()
    own.user_agent = own.user_agent or user_agent.new(kit.values)
    local response, kind, why, sent, permanent = send(own, request)
    if response then observe(kit, request, response, began, time()) end
    return response, kind, why, sent, permanent
  end
end

--- An object that gives credentials: get(deadline) -> credentials | nil, err, and refresh(used, deadline),
--- for when the service says that 'used' have expired -> others | nil, err | nil when there are none.
--- Deadlines are moments of the transport's clock. Raises for options that make no sense.
---@param context table transport, limits, given (options), and if wanted emit (a function of an event and its
--- fields) and dictionary (what nginx's workers share)
function credentials.new(settings, context)
  local kit = { settings = settings, clock = clock.new(), tokens = {} }
  kit.transport = in_time(context.transport, kit.clock)
  kit.http = http_of(kit, context)
  local provider, fixed = connect_options.provider(context.given or {}, "connect")
  local source = provider and giver(kit, provider, fixed) or finder(kit, context.dictionary)
  return cache(hiding(source), kit.transport, context.emit)
end

return credentials
