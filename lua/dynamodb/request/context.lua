--- What a connection needs for its calls, made at the first of them, when its settings are read: signer,
--- retry policy, credentials, hosts and the headers that are always the same.

local service_clock = require("dynamodb.http.service_clock")
local core = require("dynamodb.core")
local credentials = require("dynamodb.credentials.chain")
local endpoint = require("dynamodb.http.endpoint")
local errors = require("dynamodb.error")
local exchange = require("dynamodb.http.pool")
local proxy = require("dynamodb.http.proxy")
local retry = require("dynamodb.request.retry")
local system = require("dynamodb.base.system")
local user_agent = require("dynamodb.http.user_agent")

local context = {}

local sub = string.sub

local FIRST_INVOCATION = 100000000000 -- twelve digits, which are hexadecimal ones, too

local function failure(message)
  return errors.new({ kind = "credentials", message = message })
end

-- What the connections of a pool may do; those of exchange.pool.
local function limits_of(values, given, url)
  return {
    attempt_timeout = values.attempt_timeout,
    compression = given.compression,
    connect_timeout = values.connect_timeout,
    max_connection_age = given.max_connection_age,
    max_connections = given.max_connections,
    max_idle_time = given.max_idle_time,
    connect = {
      ca_bundle = values.ca_bundle,
      client_certificate = given.client_certificate,
      client_key = given.client_key,
      proxy = url and proxy.choose(url, values),
      tcp_keepalive = values.tcp_keepalive,
      unix_socket = given.unix_socket,
    },
  }
end

-- What the settings say of hosts, as endpoint.resolve takes it.
local function place_of(values, kind)
  return {
    account_id_mode = "disabled",
    dualstack = values.use_dualstack_endpoint,
    endpoint_url = kind == "streams" and values.endpoint_urls.dynamodb_streams or values.endpoint_url,
    fips = values.use_fips_endpoint,
    kind = kind,
    region = values.region,
  }
end

--- The endpoint of the region, for whatever account -> endpoint | nil, why.
function context.regional(values)
  return endpoint.resolve(place_of(values, "plain"))
end

-- The endpoint for a kind of operation, an account, and a resource that the request names -> endpoint | nil,
-- why.
local function endpoint_of(values, kind, account, arn)
  local place = place_of(values, kind)
  place.account_id, place.account_id_mode = values.account_id or account, values.account_id_endpoint_mode
  place.resource_arn = arn
  return endpoint.resolve(place)
end

-- {===== Headers =====

-- For the usual number of attempts, their texts.
local counts = {}
for attempt = 1, 4 do counts[attempt] = ("attempt=%d; max=4"):format(attempt) end

-- In Lambda, where the trace id changes with each invocation, it goes along (recursion detection).
local function is_lambda()
  return system.getenv("AWS_LAMBDA_FUNCTION_NAME") ~= nil
end

local function trace_id()
  local id = system.getenv("_X_AMZN_TRACE_ID")
  return id and (id:gsub("[^%w=;:+&%[%]{}\"',-]", function(char) return ("%%%02X"):format(char:byte()) end))
end

--- A UUID for one call. Random ones cost more than all else about a header, so these count on from the first.
function context.invocation_id(state)
  local count = state.invocations + 1
  state.invocations = count
  return state.invocation_prefix .. count
end

--- The headers of an attempt, as the signer takes them, until the next attempt.
function context.headers(state, id, attempt, most)
  local list = state.headers
  list[4] = id
  list[6] = most == 4 and counts[attempt] or ("attempt=%d; max=%d"):format(attempt, most)
  if state.lambda then
    local trace = trace_id()
    list[state.lambda], list[state.lambda + 1] = trace and "x-amzn-trace-id", trace
  end
  return list
end

local function fixed_headers(state, values)
  local list = { "user-agent", user_agent.new(values), "amz-sdk-invocation-id", "", "amz-sdk-request", "" }
  if state.given.compression then
    list[7], list[8] = "accept-encoding", "gzip"
  end
  state.lambda = is_lambda() and #list + 1 or nil
  return list
end

-- ===================== }
-- {===== Hosts =====

-- The pool for a host that an account, or the ARN of what the request is about, has a part in -> pool | nil,
-- err.
local function find_pool(state, kind, arn)
  local host, why = endpoint_of(state.values, kind, state.credentials.account_id, arn)
  if not host then return nil, failure(why) end
  local pool = state.pools[host.url]
  if not pool then
    pool = exchange.pool(state.transport, host, limits_of(state.values, state.given, host.url))
    state.pools[host.url] = pool
  end
  return pool
end

--- The pool of connections to the host that answers a request -> pool | nil, err.
function context.pool(state, kind, params)
  local name = params.TableName
  if type(name) ~= "string" then name = endpoint.resource(params) end
  if name and sub(name, 1, 4) == "arn:" then return find_pool(state, kind, name) end
  local pool, err = state.hosts[kind], nil
  if not pool then
    pool, err = find_pool(state, kind)
    state.hosts[kind] = pool
  end
  return pool, err
end

--- These credentials are used from now on, and the hosts of their account -> true | nil, err.
function context.authenticate(state, found)
  local ok, why = state.signer:credentials(found.aws_access_key_id, found.aws_secret_access_key,
    found.aws_session_token)
  if not ok then return nil, failure(why) end
  state.credentials, state.hosts = found, {}
  return true
end

-- ===================== }

-- What credential providers need of the connection.
local function context_of(state, values)
  local function emit(name, event)
    state.stats.credentials_refreshed = state.stats.credentials_refreshed + 1
    if state.emit then state.emit(name, event) end
  end
  return { transport = state.transport, limits = limits_of(values, state.given), emit = emit,
    given = state.given, dictionary = state.dictionary }
end

--- Makes the connection ready for calls, once -> true | nil, err.
function context.open(state)
  if state.values then return true end
  local values, why = state.settings:load()
  if not values then return nil, failure(why) end
  local host, refusal = context.regional(values)
  if not host then return nil, failure(refusal) end
  local signer
  signer, why = core.signer(host.region, "dynamodb")
  if not signer then return nil, failure(why) end
  state.signer, state.hosts = signer, {}
  state.invocation_prefix, state.invocations = core.uuid():sub(1, 24), FIRST_INVOCATION
  state.policy = retry.new({ mode = values.retry_mode, max_attempts = values.max_attempts,
    random = system.random, now = state.transport.now })
  state.clock = not values.disable_clock_skew_correction and service_clock.new() or nil
  state.headers = fixed_headers(state, values)
  state.provider = credentials.new(state.settings, context_of(state, values))
  state.values = values
  return true
end

return context
