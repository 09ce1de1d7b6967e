--- dynamodb.connection: what boto's Layer2 was.

local pipeline = require("dynamodb.request.pipeline")
local core = require("dynamodb.core")
local credentials_given = require("dynamodb.credentials.connect_options")
local table_definition = require("dynamodb.admin.table_definition")
local endpoint = require("dynamodb.http.endpoint")
local errors = require("dynamodb.error")
local exchange = require("dynamodb.http.pool")
local hooks = require("dynamodb.request.hooks")
local operations = require("dynamodb.base.operations")
local options = require("dynamodb.base.options")
local pages = require("dynamodb.table.results")
local schema = require("dynamodb.table.schema")
local context = require("dynamodb.request.context")
local settings = require("dynamodb.config.settings")
local tables = require("dynamodb.table.table")

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

--- What connect takes besides the settings: name -> validator. The documentation's spec reads it, too.
local connect_options = {
  aws_access_key_id = options.text,
  aws_secret_access_key = options.text,
  aws_session_token = options.text,
  client_certificate = options.text,
  client_key = options.text,
  compression = options.boolean,
  credentials = options.any,
  hooks = hooks.are_hooks,
  host = options.text,
  is_secure = options.boolean,
  log = hooks.is_log,
  max_connection_age = options.seconds,
  max_connections = options.count(1),
  max_idle_time = options.seconds,
  port = is_port,
  shared_dict = options.text,
  transport = is_transport,
  unix_socket = options.text,
}
for name, check in pairs(settings.options) do connect_options[name] = check end
connect_options.endpoint_url = options.text -- what is wrong with it, endpoint.parse tells better

connection.options = connect_options

local function check_keys(given)
  local key, secret = given.aws_access_key_id, given.aws_secret_access_key
  if (key == nil) ~= (secret == nil) then
    errors.raise("connect: options 'aws_access_key_id' and 'aws_secret_access_key' expected together")
  end
  if given.aws_session_token and not key then
    errors.raise("connect: option 'aws_session_token' goes with 'aws_access_key_id'")
  end
  credentials_given.provider(given, "connect") -- raises for option 'credentials'
  if given.client_key and not given.client_certificate then
    errors.raise("connect: option 'client_key' goes with 'client_certificate'")
  end
end

-- What the workers of an nginx share | nil.
local function dictionary_of(given, transport)
  local name = given.shared_dict
  if not name then return nil end
  if given.credentials then errors.raise("connect: option 'shared_dict' excludes 'credentials'") end
  local dictionary = transport.shared and transport.shared(name)
  if dictionary then return dictionary end
  errors.raise("connect: option 'shared_dict': nginx.conf has no lua_shared_dict %s", name)
end

-- The endpoint that the caller names: endpoint_url, or boto's host, port and is_secure | nil.
local function named_url(given)
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

-- Region and endpoint as users read them; the shared files are read when somebody does.
local function fields_of(known)
  local function resolved(name)
    local values, why = known:load()
    if not values then errors.raise("connection: %s", why) end
    if name == "region" then return values.region end
    local host, refusal = context.regional(values)
    if not host then errors.raise("connection: %s", refusal) end
    return host.url
  end
  return setmetatable({}, { __index = function(self, name)
    if name ~= "region" and name ~= "endpoint_url" then return nil end
    local value = resolved(name)
    rawset(self, name, value)
    return value
  end })
end

local function new_stats()
  return { calls = 0, attempts = 0, retries = 0, failures = 0, throttled = 0, bytes_sent = 0,
    bytes_received = 0, credentials_refreshed = 0 }
end

--- Makes a connection. Nothing is sent, no file is read and no credentials are looked for before the first
--- call.
---@return dynamodb.Connection
function connection.connect(given)
  given = given or {}
  options.check(connect_options, given, "connect")
  check_keys(given)
  local copy = {}
  for name, value in pairs(given) do copy[name] = value end
  copy.endpoint_url = named_url(given)
  local known = settings.new(copy)
  local transport = given.transport or require("dynamodb.transport.auto")
  return core.connection(fields_of(known), {
    deadline = given.deadline or settings.defaults.deadline,
    dictionary = dictionary_of(given, transport),
    emit = hooks.emitter(given.hooks, given.log),
    given = copy,
    known_tables = {}, -- by name
    pools = {}, -- by URL
    retry_writes = given.retry_writes or "safe",
    settings = known,
    stats = new_stats(),
    transport = transport,
  })
end

--- Counts since the connection was made -> { calls, attempts, retries, failures, throttled, bytes_sent,
--- bytes_received, credentials_refreshed, connections_opened, connections_reused, connections_open,
--- retry_tokens, clock_offset }.
function Connection:stats()
  local state = core.connection_state(self)
  local list = { connections_opened = 0, connections_reused = 0, connections_open = 0 }
  for name, value in pairs(state.stats) do list[name] = value end
  for _, pool in pairs(state.pools) do
    list.connections_opened = list.connections_opened + pool.stats.opened
    list.connections_reused = list.connections_reused + pool.stats.reused
    list.connections_open = list.connections_open + exchange.count(pool)
  end
  list.retry_tokens = state.policy and state.policy.tokens
  list.clock_offset = state.clock and state.clock.offset
  return list
end

--- Closes the connection and its sockets; calls on it, its tables and items raise from then on. Safe to call
--- again.
function Connection:close()
  if not core.connection_is_open(self) then return end
  for _, pool in pairs(core.connection_state(self).pools) do exchange.close(pool) end
  core.connection_close(self)
end
core.connection_class.__close = Connection.close

local call_options = options.with_write_options({ unknown = options.boolean })

-- The operation of that name; one that the client does not know only when the caller says so.
local function operation_named(name, given, where)
  options.check(call_options, given or {}, where)
  local operation = operations[name]
  if operation then return operation end
  if type(name) == "string" and name:match("^%a+$") and given and given.unknown then
    return operations(name)
  end
  errors.raise("%s: unknown operation '%s' (option unknown = true allows it)", where, tostring(name):sub(1,
    40))
end

local function check_parameters(params, where)
  if params ~= nil and type(params) ~= "table" then
    errors.raise("%s: table of parameters expected, got %s", where, core.typename(params))
  end
  return params or {}
end

--- Calls an operation by its AWS name, with its request as a table -> response | nil, err. Members that hold
--- attribute values take and give Lua values; members that the client does not know are passed on. Operations
--- that the client does not know are called with { unknown = true }, as plain JSON. Options are also those of
--- every call: doc/connection.md.
function Connection:call(name, params, given)
  local operation = operation_named(name, given, "call")
  return pipeline.call(self, operation, check_parameters(params, "call"), nil, given)
end

local listing_options = options.with_write_options({}) -- PartiQL has pages, too

-- The results of a listing operation.
local function listing(self, name, params, given, where)
  local operation = operation_named(name, nil, where)
  given = given or {}
  options.check(listing_options, given, where)
  if not operation.pages then errors.raise("%s: %s has no pages", where, name) end
  local request = {}
  for member, value in pairs(check_parameters(params, where)) do request[member] = value end
  return pages.new(self, operation, request, { call = pipeline.multi_request_options(core.connection_state(self), given) })
end

--- for element in conn:each("ListBackups", params) do: all that an operation lists, page after page. The loop
--- raises the error object on failure; the object also has next, all, pages: doc/reading.md.
function Connection:each(name, params, given)
  return listing(self, name, params, given, "each")
end

--- for page in conn:pages("ListBackups", params) do: the responses one by one. Raises the error object on
--- failure.
function Connection:pages(name, params, given)
  local results = listing(self, name, params, given, "pages")
  return function()
    local page, err = results:next_response()
    if err then error(err, 0) end
    return page
  end
end

local list_options = options.with_call_options({ limit = options.count(1) })

--- The names of all tables, or of the first 'limit' -> list | nil, err.
function Connection:list_tables(given)
  given = given or {}
  options.check(list_options, given, "list_tables")
  local names, start, limits = {}, nil, pipeline.multi_request_options(core.connection_state(self), given)
  repeat
    local page, err = pipeline.call(self, operations.ListTables, {
      ExclusiveStartTableName = start,
      Limit = given.limit and math.min(given.limit - #names, 100),
    }, nil, limits)
    if not page then return nil, err end
    for _, name in ipairs(page.TableNames or {}) do names[#names + 1] = name end
    if page.LastEvaluatedTableName and page.LastEvaluatedTableName == start then
      return nil, errors.new({ kind = "response", operation = "ListTables", attempts = 1,
        message = "ListTables does not get beyond '" .. start .. "'" })
    end
    start = page.LastEvaluatedTableName
  until not start or (given.limit and #names >= given.limit)
  return names
end

--- A table's key, from boto's four options or in their order.
---@return dynamodb.Schema
function Connection:create_schema(given, ...)
  core.connection_state(self)
  if type(given) ~= "table" then
    local hash_type, range_name, range_type = ...
    given = { hash_key_name = given, hash_key_proto_value = hash_type, range_key_name = range_name,
      range_key_proto_value = range_type }
  end
  return schema.create(given, "create_schema")
end

--- Creates a table, on-demand unless units are given -> table, whose status is CREATING | nil, err.
function Connection:create_table(given)
  local request = table_definition.create_request(given, "create_table")
  local result, err = pipeline.call(self, operations.CreateTable, request)
  if not result then return nil, err end
  return tables.from_description(self, result.TableDescription, given.version_attribute)
end

--- A table's name, from a table object or itself.
local function name_of(value, where)
  if core.typename(value) == "dynamodb.table" then return value.name end
  if type(value) ~= "string" or value == "" then
    errors.raise("%s: table or its name expected, got %s", where, core.typename(value))
  end
  return value
end

--- What the service says of a table, as it says it: { Table = {...} } | nil, err.
function Connection:describe_table(target)
  return pipeline.call(self, operations.DescribeTable, { TableName = name_of(target, "describe_table") })
end

local get_options = { version_attribute = options.text }

--- The table of that name, with its schema and state, by one DescribeTable -> table | nil, err. Option:
--- version_attribute.
function Connection:get_table(name, given)
  given = given or {}
  options.check(get_options, given, "get_table")
  local result, err = pipeline.call(self, operations.DescribeTable, { TableName = name_of(name, "get_table") })
  if not result then return nil, err end
  return tables.from_description(self, result.Table, given.version_attribute)
end

--- The table of that name without asking the service: its key is what the caller says, a schema or
--- { hash_key = name, range_key = name [, hash_key_type =, range_key_type =] } with strings as keys by
--- default.
function Connection:table(name, key)
  core.connection_state(self)
  return tables.from_key(self, name_of(name, "table"), key)
end

--- Deletes a table, given as object or name -> table description (its status is DELETING) | nil, err.
function Connection:delete_table(target)
  local name = name_of(target, "delete_table")
  local result, err = pipeline.call(self, operations.DeleteTable, { TableName = name })
  if not result then return nil, err end
  core.connection_state(self).known_tables[name] = nil -- the next one of that name may be another
  if core.typename(target) == "dynamodb.table" then tables.update(target, result.TableDescription) end
  return result.TableDescription
end

return connection
