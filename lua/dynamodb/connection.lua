--- dynamodb.connect, and the methods of a connection on operations and tables, as boto's Layer2 has them.

local late = require("dynamodb.base.late")
local alternator = late.module("dynamodb.http.alternator")
local arguments = require("dynamodb.base.arguments")
local connect_keys = require("dynamodb.credentials.connect_options")
local consumption = late.module("dynamodb.request.consumption")
local context = require("dynamodb.request.context")
local core = require("dynamodb.core")
local endpoint = late.module("dynamodb.http.endpoint")
local errors = require("dynamodb.error")
local objects = require("dynamodb.base.objects")
local operations = late.module("dynamodb.base.operations")
local options = require("dynamodb.base.options")
local pipeline = late.module("dynamodb.request.pipeline")
local pool = late.module("dynamodb.http.pool")
local rate = late.module("dynamodb.request.rate")
local results = late.module("dynamodb.table.results")
local settings = require("dynamodb.config.settings")
local tables = late.module("dynamodb.table.table")
local throttles = late.module("dynamodb.request.throttles")

local Connection = core.connection_class.methods
local connection = {}

local TRANSPORT_FUNCTIONS = { "close", "connect", "idle", "now", "receive", "send", "sleep", "time" }

local function is_transport(value)
  for _, name in ipairs(TRANSPORT_FUNCTIONS) do
    if type(value) ~= "table" or type(value[name]) ~= "function" then
      return false, "table with the functions " .. table.concat(TRANSPORT_FUNCTIONS, ", ")
    end
  end
  return true
end

local function is_port(value)
  return type(value) == "number" and value >= 1 and value <= 65535 and value % 1 == 0, "port number"
end

-- The options of connect: name -> validator. The settings that can be given in code are among them.
local connect_options = options.merge(settings.options, {
  alternator = late.call("dynamodb.http.alternator", "are_options"),
  aws_access_key_id = options.text,
  aws_secret_access_key = options.text,
  aws_session_token = options.text,
  client_certificate = options.text,
  client_key = options.text,
  compression = options.boolean,
  credentials = options.any,
  headers = options.headers,
  hedge = late.call("dynamodb.request.hedge", "is_option"),
  hooks = late.call("dynamodb.request.hooks", "are_hooks"),
  host = options.text,
  is_secure = options.boolean,
  log = late.call("dynamodb.request.hooks", "is_log"),
  max_connection_age = options.seconds,
  max_connections = options.count(1),
  max_idle_time = options.seconds,
  on_request = options["function"],
  port = is_port,
  return_consumed_capacity = late.call("dynamodb.table.capacity", "option"),
  rate = late.call("dynamodb.request.rate", "is_units"),
  shared_dict = options.text,
  single_flight = options.boolean,
  transport = is_transport,
  unix_socket = options.text,
  endpoint_url = options.text, -- endpoint.parse checks it, with a better message
})

connection.options = connect_options

local function check_keys(given)
  local key, secret = given.aws_access_key_id, given.aws_secret_access_key
  if (key == nil) ~= (secret == nil) then
    errors.raise("connect: options 'aws_access_key_id' and 'aws_secret_access_key' expected together")
  end
  if given.aws_session_token and not key then
    errors.raise("connect: option 'aws_session_token' goes with 'aws_access_key_id'")
  end
  connect_keys.provider(given, "connect") -- raises for option 'credentials'
  if given.client_key and not given.client_certificate then
    errors.raise("connect: option 'client_key' goes with 'client_certificate'")
  end
end

-- Returns the shared dictionary of nginx | nil.
local function dictionary_of(given, state)
  local name = given.shared_dict
  if not name then return nil end
  if given.credentials then errors.raise("connect: option 'shared_dict' excludes 'credentials'") end
  local transport = state.transport
  local dictionary = transport.shared and transport.shared(name)
  if dictionary then return dictionary end
  errors.raise("connect: option 'shared_dict': nginx.conf has no lua_shared_dict %s", name)
end

-- Returns the URL given by endpoint_url, by boto's host, port and is_secure, or by alternator | nil.
local function url_of(given)
  if given.alternator then return alternator.url_of(given) end
  if given.endpoint_url then
    for _, name in ipairs({ "host", "port", "is_secure" }) do
      if given[name] ~= nil then errors.raise("connect: option '%s' contradicts 'endpoint_url'", name) end
    end
    endpoint.parse(given.endpoint_url, "connect: option 'endpoint_url'")
    return given.endpoint_url
  end
  if not given.host then
    if given.port or given.is_secure ~= nil then
      errors.raise("connect: options 'port' and 'is_secure' go with 'host'")
    end
    return nil
  end
  local scheme = given.is_secure == false and "http" or "https"
  local port = given.port and ":" .. ("%d"):format(given.port) or ""
  local url = scheme .. "://" .. given.host .. port
  endpoint.parse(url, "connect: option 'host'")
  return url
end

-- The fields that users read, region and endpoint_url. Reading one of them reads the shared files.
local function fields_of(state)
  local function resolve(name)
    local values, why = state.settings:load()
    if not values then errors.raise("connection: %s", why) end
    if name == "region" then return values.region end
    local endpoint_parts, refusal = context.regional_endpoint(values)
    if not endpoint_parts then errors.raise("connection: %s", refusal) end
    return endpoint_parts.url
  end
  return setmetatable({}, { __index = function(self, name)
    if name ~= "region" and name ~= "endpoint_url" then return nil end
    local value = resolve(name)
    rawset(self, name, value)
    return value
  end })
end

-- Returns what all calls ask of consumed capacity: a member of their requests | false.
local function asked_capacity(name)
  name = name:upper()
  return name ~= "NONE" and name
end

--- Makes a connection. Nothing is sent, no file is read and no credentials are looked for before the first
--- call.
---@param given? table options: doc/dynamodb.md
---@return dynamodb.Connection
function connection.connect(given)
  given = options.read(connect_options, given, "connect")
  check_keys(given)
  local copy = options.merge(given)
  copy.endpoint_url = url_of(given)
  copy.headers = given.headers and options.merge(given.headers)
  local state = context.new(copy, given.transport)
  state.dictionary = dictionary_of(given, state)
  if given.return_consumed_capacity then state.asked = asked_capacity(given.return_consumed_capacity) end
  if given.alternator then state.alternator = alternator.new(given.alternator) end
  if given.rate then state.meter = rate.new(given) end
  return core.connection(fields_of(state), state)
end

--- Returns counts since the connection was made: { calls, attempts, retries, failures, hedges, hedges_won,
--- throttled_responses, bytes_sent, bytes_received, credential_refreshes, connections_opened,
--- connections_reused, connections_open, retry_tokens, throttles, clock_offset, units }. doc/hooks.md
---@return table
function Connection:stats()
  local state = core.connection_state(self)
  local running = state.running
  local stats = options.merge(state.stats, { connections_opened = 0, connections_reused = 0,
    connections_open = 0 })
  for _, own in pairs(running.pools) do
    stats.connections_opened = stats.connections_opened + own.stats.opened
    stats.connections_reused = stats.connections_reused + own.stats.reused
    stats.connections_open = stats.connections_open + pool.count_open(own)
  end
  stats.units = next(state.units) and consumption.copy(state.units) or {}
  stats.retry_tokens = running.retry_policy and running.retry_policy.tokens
  stats.throttles = state.throttles and throttles.list(state) or {}
  stats.clock_offset = running.clock and running.clock.offset
  return stats
end

--- Closes the connection and its sockets. Calls that run in other tasks send nothing more and end with the
--- error code ConnectionClosed; new calls on it, its tables and items raise. Closing it again does nothing.
function Connection:close()
  if not core.connection_is_open(self) then return end
  local state = core.connection_state(self)
  core.connection_close(self)
  context.close(state)
end
core.connection_class.__close = Connection.close

local call_options = options.with_write_options({ unknown = options.boolean })

-- Returns the operation of that name. Unknown names need the option 'unknown'.
local function operation_named(name, given, where)
  given = options.read(call_options, given, where)
  local operation = operations[name]
  if operation then return operation end
  if type(name) == "string" and name:match("^%a+$") and given.unknown then
    return operations(name)
  end
  errors.raise("%s: unknown operation '%s' (option unknown = true allows it)", where,
    (type(name) == "string" and name or objects.describe(name)):sub(1, 40))
end

local function check_parameters(params, where)
  if params ~= nil and not objects.is_plain(params) then
    errors.raise("%s: table of parameters expected, got %s", where, objects.describe(params))
  end
  return params or {}
end

--- Calls an operation by its AWS name. Members that hold attribute values take and return Lua values; members
--- that the client does not know are passed on. An operation that the client does not know needs { unknown =
--- true } and is called with plain JSON.
---@param name string such as "DescribeLimits"
---@param params? table the request
---@param given? table unknown, and the options of every call: doc/options.md
---@return table? response
---@return dynamodb.Error? err
function Connection:call(name, params, given)
  local operation = operation_named(name, given, "call")
  return pipeline.call(self, operation, check_parameters(params, "call"), nil, given)
end

local listing_options = options.with_write_options({}) -- of writes, since ExecuteStatement has pages

-- Returns the results of an operation that has pages.
local function listing(self, name, params, given, where)
  local operation = operation_named(name, nil, where)
  given = options.read(listing_options, given, where)
  if not operation.pages then errors.raise("%s: %s has no pages", where, name) end
  return results.new(self, operation, options.merge(check_parameters(params, where)),
    { call = pipeline.multi_request_options(core.connection_state(self), given) })
end

--- Returns the elements that an operation lists, page after page: for element in conn:each("ListBackups",
--- params) do. The loop raises the error object on failure.
---@return dynamodb.Results
function Connection:each(name, params, given)
  return listing(self, name, params, given, "each")
end

--- Returns an iterator of an operation's responses: for page in conn:pages("ListBackups", params) do. It
--- raises the error object on failure.
function Connection:pages(name, params, given)
  local own = listing(self, name, params, given, "pages")
  return function()
    local page, err = own:next_response()
    if err then error(err, 0) end
    return page
  end
end

local get_options = { version_attribute = options.text }

--- Returns the table of that name, with its schema and state, by one DescribeTable -> table | nil, err.
---@param given? table version_attribute
function Connection:get_table(name, given)
  given = options.read(get_options, given, "get_table")
  return tables.fetch(self, tables.name_of(name, "get_table"), given.version_attribute)
end

--- Returns the table of that name without a request.
---@param name string
---@param key table a schema, or { hash_key = name, range_key = name, hash_key_type = "S", range_key_type =
--- "S" }
function Connection:table(name, key)
  core.connection_state(self)
  return tables.from_key(self, tables.name_of(name, "table"), key)
end

arguments.check_methods(Connection, "conn", { core.connection_class }, {
  call = "operation, params, options",
  close = "",
  each = "operation, params, options",
  get_table = "name, options",
  pages = "operation, params, options",
  stats = "",
  table = "name, key",
})

return connection
