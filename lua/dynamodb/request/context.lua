--- The state of one connection: what connect fixed, what its calls share while they run, and what is counted.

local late = require("dynamodb.base.late")
local core = require("dynamodb.core")
local credential_chain = late.module("dynamodb.credentials.chain")
local endpoint = require("dynamodb.http.endpoint")
local errors = require("dynamodb.error")
local event = late.module("dynamodb.loop.event")
local headers = late.module("dynamodb.base.headers")
local hedge = late.module("dynamodb.request.hedge")
local hooks = late.module("dynamodb.request.hooks")
local pool = late.module("dynamodb.http.pool")
local proxy = late.module("dynamodb.http.proxy")
local retry = late.module("dynamodb.request.retry")
local service_clock = late.module("dynamodb.http.service_clock")
local settings = require("dynamodb.config.settings")
local system = require("dynamodb.base.system")
local user_agent = late.module("dynamodb.http.user_agent")

local context = {}

local byte, sub = string.byte, string.sub
local SMALL_A = byte("a")

local FOREVER = math.huge

---@class dynamodb.Context
--- Fixed by connect:
---@field options table the options of connect
---@field settings dynamodb.Settings
---@field transport table
---@field emit? fun(name: string, event: table) tells hooks and log; nil when there is neither
---@field on_request? fun(request: table) the caller's, before an attempt is signed
---@field dictionary? table nginx's shared dictionary, for credentials
---@field asked "TOTAL"|"INDEXES"|false what all calls ask of consumed capacity; option
--- 'return_consumed_capacity' of connect
---@field alternator dynamodb.Alternator|false the nodes of a cluster; false without the option alternator
---@field meter dynamodb.Meter|false holds all requests back; option 'rate' of connect
---@field deadline number seconds of a call, retries included
---@field flights table<string, dynamodb.Flight>|false reads under way that others may share, by operation and
--- request; false without the option single_flight
---@field hedging dynamodb.Hedging|false false until a read may be hedged
---@field retry_writes "safe"|"always"|"exact"
--- Shared by the calls while they run:
---@field running dynamodb.Running
---@field closing dynamodb.Event|false notified by context.close; made by the first call that pauses
---@field closed boolean true after context.close
--- Counted, as conn:stats tells it:
---@field stats table
---@field units table<string, table> capacity units by table: request/consumption

---@class dynamodb.Running
---@field pools table<string, table> pools of connections, by URL
---@field known_tables table<string, userdata> tables that were described, by name
---@field hash_names table<string, string> names of hash keys, by table, as requests name it
---@field spare table list of calls that are over, for others to use; see pipeline
---@field spare_count integer
---@field warned table<string, true> lines of the caller that a hint was given for: request/hints
--- The rest is made by context.open, at the first call:
---@field values? table resolved settings
---@field signer userdata
---@field retry_policy dynamodb.RetryPolicy
---@field clock? table the service's clock; nil when its skew is not to be corrected
---@field provider dynamodb.CredentialCache
---@field credentials? table those that the signer uses
---@field pools_by_kind table<string, table> the pool of requests without an ARN, by kind of operation;
--- emptied when the credentials change, since the host may name their account
---@field is_lambda boolean requests carry AWS Lambda's trace id
---@field invocations integer the number of the last call: the last digits of its invocation id

local function new_stats()
  return { calls = 0, attempts = 0, retries = 0, failures = 0, throttled_responses = 0, bytes_sent = 0,
    bytes_received = 0, credential_refreshes = 0, hedges = 0, hedges_won = 0 }
end

-- The metatable of a state whose field 'transport' has not been read yet.
local default_transport = {}

function default_transport.__index(state, name)
  if name ~= "transport" then return nil end
  setmetatable(state, nil)
  state.transport = late.get("dynamodb.transport.auto")
  return state.transport
end

--- Makes the state of a connection. Reads no file and sends nothing.
---@param options table the checked options of connect
---@param transport? table transport/auto by default, which is loaded when the first call reads the field
---@return dynamodb.Context
function context.new(options, transport)
  return setmetatable({
    options = options,
    settings = settings.new(options),
    transport = transport,
    emit = (options.hooks or options.log) and hooks.emitter(options.hooks, options.log) or nil,
    on_request = options.on_request,
    deadline = options.deadline or settings.defaults.deadline,
    hedging = options.hedge and hedge.new(options.hedge) or false,
    flights = options.single_flight and {} or false,
    retry_writes = options.retry_writes or "safe",
    asked = false,
    alternator = false,
    meter = false,
    running = { pools = {}, known_tables = {}, hash_names = {}, warned = {}, spare = {}, spare_count = 0 },
    closing = false,
    closed = false,
    stats = new_stats(),
    units = {},
  }, not transport and default_transport or nil)
end

--- Makes the error of a call whose connection was closed while it ran.
---@return dynamodb.Error
function context.closed_error()
  return errors.new({ kind = "network", code = "ConnectionClosed", message = pool.closed_failure().message })
end

--- Returns an error if the connection is closed | nil. A method of several requests calls it before each one
--- but the first, since a request raises on a closed connection. Another task, a hook or a function of the
--- caller may have closed it.
---@param connection userdata dynamodb.connection
---@return dynamodb.Error?
function context.closed_meanwhile(connection)
  if core.connection_is_open(connection) then return nil end
  local err = context.closed_error()
  err.attempts = 0
  return errors.locate(err)
end

--- Closes the pools, ends the calls that run, and overwrites what requests were signed with. Nothing more is
--- sent.
function context.close(state)
  local running = state.running
  state.closed = true
  if running.signer then running.signer:close() end
  for i = 1, running.spare_count do running.spare[i].request:close() end
  for _, own in pairs(running.pools) do pool.close(own) end
  if state.closing then state.closing:notify() end
end

--- Waits between two requests of a call -> true | nil, err when the connection is closed meanwhile.
---@param seconds number
function context.pause(state, seconds)
  local transport = state.transport
  if transport.waiter and transport.waiter() then
    local function is_closed() return state.closed end
    state.closing = state.closing or event.new()
    state.closing:wait_until(transport, transport.now() + seconds, is_closed, FOREVER)
  else
    transport.sleep(seconds)
  end
  if state.closed then return nil, context.closed_error() end
  return true
end

local function failure(message)
  return errors.new({ kind = "credentials", message = message })
end

-- The limits of a pool of connections, as pool.new takes them.
local function limits_of(values, options, url)
  return {
    attempt_timeout = values.attempt_timeout,
    compression = options.compression,
    connect_timeout = values.connect_timeout,
    max_connection_age = options.max_connection_age,
    max_connections = options.max_connections,
    max_idle_time = options.max_idle_time,
    connect = {
      ca_bundle = values.ca_bundle,
      client_certificate = options.client_certificate,
      client_key = options.client_key,
      proxy = url and proxy.choose(url, values),
      tcp_keepalive = values.tcp_keepalive,
      unix_socket = options.unix_socket,
    },
  }
end

-- {===== Endpoints =====

-- The parameters of endpoint.resolve that come from settings.
local function endpoint_parameters(values, kind)
  return {
    account_id_mode = "disabled",
    dualstack = values.use_dualstack_endpoint,
    endpoint_url = kind == "streams" and values.endpoint_urls.dynamodb_streams or values.endpoint_url,
    fips = values.use_fips_endpoint,
    kind = kind,
    region = values.region,
  }
end

--- Returns the endpoint of the region that names no account -> endpoint | nil, why.
function context.regional_endpoint(values)
  return endpoint.resolve(endpoint_parameters(values, "plain"))
end

-- Returns the pool of an endpoint -> pool, true when it is new.
local function pool_at(state, found)
  local pools = state.running.pools
  local own = pools[found.url]
  if own then return own end
  own = pool.new(state.transport, found, limits_of(state.running.values, state.options, found.url))
  pools[found.url] = own
  if state.closed then pool.close(own) end -- while an Alternator's nodes were asked for the others
  return own, true
end

-- Returns the pool of the node of a cluster that an attempt goes to -> pool | nil, err.
local function pool_of_node(state, call)
  local own = state.alternator:pool_for(call)
  if state.closed then return nil, context.closed_error() end -- while nodes were looked for
  return own
end

-- Returns the pool of an endpoint that may name the account of the credentials or of an ARN -> pool | nil,
-- err.
local function find_pool(state, kind, arn)
  local running, values = state.running, state.running.values
  local parameters = endpoint_parameters(values, kind)
  parameters.account_id = values.account_id or running.credentials.account_id
  parameters.account_id_mode, parameters.resource_arn = values.account_id_endpoint_mode, arn
  local found, why = endpoint.resolve(parameters)
  if not found then return nil, failure(why) end
  local own, is_new = pool_at(state, found)
  local by_region = is_new and not parameters.endpoint_url
  if by_region and state.emit and not endpoint.is_known_region(values.region) then
    state.emit("warning", { message = ("no partition of AWS has regions like '%s'; calls go to %s"):format(
      values.region, found.url) })
    if state.closed then return nil, context.closed_error() end -- by the hook
  end
  return own
end

--- Returns the pool of connections to the endpoint of a request -> pool | nil, err.
---@param kind string of the operation
---@param params table of the request
---@param call table deadline and attempt, for the choice of a node
function context.pool_for(state, kind, params, call)
  local name = params.TableName
  if type(name) ~= "string" then name = endpoint.resource(params) end
  if name and byte(name) == SMALL_A and sub(name, 1, 4) == "arn:" and not state.alternator then
    return find_pool(state, kind, name)
  end
  local pools = state.running.pools_by_kind
  local own, err = pools[kind], nil
  if not own then
    if state.alternator then return pool_of_node(state, call) end
    own, err = find_pool(state, kind)
    pools[kind] = own
  end
  return own, err
end

--- Signs with these credentials from now on, and uses the endpoints of their account -> true | nil, err.
function context.use_credentials(state, found)
  local running = state.running
  local ok, why = running.signer:credentials(found.aws_access_key_id, found.aws_secret_access_key,
    found.aws_session_token)
  if not ok then return nil, failure(why) end
  running.credentials, running.pools_by_kind = found, {}
  return true
end

-- ===================== }
-- {===== Headers =====

--- Returns AWS Lambda's trace id, which changes with each invocation and is passed on for Lambda's recursion
--- detection | nil when there is none.
---@return string?
function context.trace_id()
  local id = system.getenv("_X_AMZN_TRACE_ID")
  return id and (id:gsub("[^%w=;:+&%[%]{}\"',-]", function(char) return ("%%%02X"):format(char:byte()) end))
end

-- Makes the signer. An invocation id, a UUID, is a random prefix and the number of the call, since a random
-- UUID for each call would cost more than all other headers.
local function new_signer(state, values, region)
  local signer, why = core.signer(region, "dynamodb")
  if not signer then return nil, why end
  local list = { "user-agent", user_agent.new(values) }
  if state.options.compression then list[3], list[4] = "accept-encoding", "gzip" end
  local ok
  local extra = state.options.headers and headers.list(state.options.headers)
  ok, why = signer:headers(core.uuid():sub(1, 24), list, extra)
  return ok and signer, why
end

-- ===================== }

-- Tells hooks, log and stats of what the credential providers do.
local function provider_emitter(state)
  return function(name, fields)
    if name == "credentials_refreshed" then
      state.stats.credential_refreshes = state.stats.credential_refreshes + 1
    end
    if state.emit then state.emit(name, fields) end
  end
end

--- Makes the connection ready for calls, once: reads the settings -> true | nil, err. After a failure the
--- next call tries again.
function context.open(state)
  local running = state.running
  if running.values then return true end
  local values, why = state.settings:load()
  if not values then return nil, failure(why) end
  local regional, refusal = context.regional_endpoint(values)
  if not regional then return nil, failure(refusal) end
  local signer
  signer, why = new_signer(state, values, regional.region)
  if not signer then return nil, failure(why) end
  running.signer, running.pools_by_kind, running.invocations = signer, {}, 0
  running.retry_policy = retry.new({ mode = values.retry_mode, max_attempts = values.max_attempts,
    random = system.random, now = state.transport.now })
  running.clock = not values.disable_clock_skew_correction and service_clock.new() or nil
  running.is_lambda = system.getenv("AWS_LAMBDA_FUNCTION_NAME") ~= nil
  running.provider = credential_chain.new(state.settings, {
    transport = state.transport, limits = limits_of(values, state.options), emit = provider_emitter(state),
    options = state.options, dictionary = state.dictionary,
  })
  running.values = values
  if state.alternator then
    state.alternator:open(state.transport, running.pools, function(found) return (pool_at(state, found)) end,
      state.emit)
  end
  return true
end

return context
