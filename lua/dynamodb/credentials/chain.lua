--- The credential provider chain: uses the credentials given to connect, or those of the first source that
--- has any. Nothing is looked for before the first call.

local late = require("dynamodb.base.late")
local boto_config = late.call("dynamodb.credentials.boto_config")
local cache = require("dynamodb.credentials.cache")
local connect_options = require("dynamodb.credentials.connect_options")
local container = late.call("dynamodb.credentials.container")
local environment = require("dynamodb.credentials.environment")
local errors = require("dynamodb.error")
local http_client = late.module("dynamodb.http.client")
local instance_metadata = late.call("dynamodb.credentials.instance_metadata")
local profile = late.call("dynamodb.credentials.profile")
local proxy = late.module("dynamodb.http.proxy")
local service_clock = require("dynamodb.http.service_clock")
local shared_cache = late.call("dynamodb.credentials.shared_cache")
local user_agent = late.module("dynamodb.http.user_agent")
local find_web_identity = late.call("dynamodb.credentials.web_identity", "find")

local chain = {}

---@class dynamodb.CredentialKit what a provider works with
---@field settings dynamodb.Settings
---@field values? table resolved settings; nil for the environment provider, which needs none
---@field transport table the connection's, with the services' clock as time()
---@field clock table the services' clock
---@field http fun(request: table): table?, dynamodb.Failure? sends a request, as http/client does
---@field deadline number of the current fetch, by the transport's clock
---@field fresh? boolean true once credentials were looked for: the files must be read again
---@field tokens table token files that could not be written, by path: credentials/token_file
---@field metadata? table the token of instance metadata

-- A provider is a function of the kit -> credentials | false, where it looked | nil, why, retryable.
local providers = { environment, find_web_identity, profile, container, instance_metadata, boto_config }

-- Credentials are shown as hidden when they are printed.
local Credentials = { __name = "dynamodb.credentials" }
function Credentials.__tostring() return "Credentials(hidden)" end

local function failure(message, retryable)
  return errors.new({ kind = "credentials", message = message, retryable = retryable == true })
end

-- Asks the providers in turn -> credentials, the provider that has them | nil, err.
local function walk(kit, list)
  local looked = {}
  for _, provider in ipairs(list) do
    if provider ~= environment and not kit.values then
      local values, why = kit.settings:load()
      if not values then return nil, failure(why) end
      kit.values = values
    end
    local found, why, retryable = provider(kit)
    if found then return found, provider end
    if found == nil then return nil, failure(why, retryable) end
    looked[#looked + 1] = why
  end
  return nil, failure("no AWS credentials found; looked at " .. table.concat(looked, "; "))
end

-- A source is a function of a deadline -> credentials, true if they never change | nil, err.

-- Returns the source that looks for credentials. It keeps the first provider that has some: when that
-- one fails later, the client must not sign with the credentials of another. A profile named in code excludes
-- the other providers.
local function searching_source(kit)
  local list = kit.settings.profile_explicit and { profile } or providers
  return function(deadline)
    kit.deadline = deadline
    local found, provider = walk(kit, list)
    kit.fresh = true
    if not found then return nil, provider end
    list = { provider }
    return setmetatable(found, Credentials), provider == environment
  end
end

-- Returns the source of credentials given to connect.
local function given_source(kit, provider, fixed)
  return function(deadline)
    kit.deadline = deadline
    local found, why = provider(kit)
    if not found then return nil, failure(why) end
    return setmetatable(found, Credentials), fixed
  end
end

local function source_of(kit, context)
  local provider, fixed = connect_options.provider(context.options or {}, "connect")
  if provider then return given_source(kit, provider, fixed) end
  local source = searching_source(kit)
  if not context.dictionary then return source end
  local shared = shared_cache(source, context.dictionary, kit.settings, kit.transport)
  return function(...)
    local found, more = shared(...)
    return found and setmetatable(found, Credentials), more
  end
end

-- Returns the transport with the services' clock, which signatures and expiry times depend on.
local function with_service_time(transport, clock)
  local function time() return transport.time() + clock.offset end
  return setmetatable({ time = time }, { __index = transport })
end

-- Reads the time of a service from its response, and marks the response as 'skewed' when an earlier signature
-- may have been refused for its time. Containers and instance metadata, which are asked without a proxy, do
-- not tell the time.
local function observe_clock(kit, request, response, sent, received)
  if request.proxy == false or kit.values.disable_clock_skew_correction then return end
  local offset = kit.clock.offset
  service_clock.observe(kit.clock, { header = function(_, name) return response.header(name) end }, sent,
    received)
  response.skewed = service_clock.corrected(kit.clock, offset)
end

-- Returns the function by which providers send requests.
local function http_of(kit, context)
  local client, time = context.http or http_client, context.transport.time
  local http_context = { transport = kit.transport, limits = context.limits,
    proxy_for = function(url) return proxy.choose(url, kit.values) end }
  return function(request)
    local sent = time()
    http_context.user_agent = http_context.user_agent or user_agent.new(kit.values)
    local response, err = client.request(http_context, request)
    if response then observe_clock(kit, request, response, sent, time()) end
    return response, err
  end
end

--- Makes the provider of a connection's credentials. Raises for options that contradict each other.
---@param settings dynamodb.Settings
---@param context table transport; limits, as of http/pool; optional: options (of connect), emit (function of
--- an event and its fields), dictionary (nginx's shared dictionary)
---@return dynamodb.CredentialCache
function chain.new(settings, context)
  local kit = { settings = settings, clock = service_clock.new(), tokens = {} }
  kit.transport = with_service_time(context.transport, kit.clock)
  kit.http = http_of(kit, context)
  return cache(source_of(kit, context), kit.transport, context.emit)
end

return chain
