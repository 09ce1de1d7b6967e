--- dynamodb.connection: what boto's Layer2 was.

local client = require("dynamodb.client")
local core = require("dynamodb.core")
local credentials = require("dynamodb.credentials")
local definition = require("dynamodb.definition")
local endpoint = require("dynamodb.endpoint")
local errors = require("dynamodb.error")
local exchange = require("dynamodb.exchange")
local operations = require("dynamodb.operations")
local options = require("dynamodb.options")
local pages = require("dynamodb.pages")
local profile = require("dynamodb.profile")
local schema = require("dynamodb.schema")
local system = require("dynamodb.system")
local tables = require("dynamodb.table")

local Connection = core.connection_class.methods
local connection = {}

local CONNECT_TIMEOUT, ATTEMPT_TIMEOUT = 1, 10 -- seconds
local DEFAULT_REGION = "us-east-1" -- as in boto's tutorial

local TRANSPORT_FUNCTIONS = { "close", "connect", "idle", "now", "receive", "send", "sleep", "time" }

local function is_transport(value)
  for _, name in ipairs(TRANSPORT_FUNCTIONS) do
    if type(value) ~= "table" or type(value[name]) ~= "function" then
      return false, "table with the functions " .. table.concat(TRANSPORT_FUNCTIONS, ", ")
    end
  end
  return true
end

local function is_region(value)
  return type(value) == "string" and endpoint.is_region(value), "region such as eu-west-1"
end

local function is_port(value)
  return type(value) == "number" and value >= 1 and value <= 65535 and value % 1 == 0, "port number"
end

--- What connect takes: name -> validator. The documentation's spec reads it, too.
local connect_options = {
  aws_access_key_id = options.text,
  aws_secret_access_key = options.text,
  aws_session_token = options.text,
  attempt_timeout = options.seconds,
  ca_bundle = options.text,
  compression = options.boolean,
  connect_timeout = options.seconds,
  endpoint_url = options.text,
  host = options.text,
  is_secure = options.boolean,
  port = is_port,
  profile = options.text,
  region = is_region,
  transport = is_transport,
}

connection.options = connect_options

local function check_keys(given)
  local key, secret = given.aws_access_key_id, given.aws_secret_access_key
  if (key == nil) ~= (secret == nil) then
    errors.raise("connect: options 'aws_access_key_id' and 'aws_secret_access_key' expected together")
  end
  if given.aws_session_token and not key then
    errors.raise("connect: option 'aws_session_token' goes with 'aws_access_key_id'")
  end
end

-- The region: option, environment, profile, else boto's default.
local function resolve_region(given)
  local region = given.region or system.getenv("AWS_REGION") or system.getenv("AWS_DEFAULT_REGION")
  if not region then
    local section, why = profile.config(profile.name(given.profile))
    if not section then errors.raise("connect: %s", why) end
    region = section.region or DEFAULT_REGION
  end
  if not endpoint.is_region(region) then errors.raise("connect: '%s' is not a region", region:sub(1, 80)) end
  return region
end

-- The endpoint that the caller names: endpoint_url, or boto's host, port and is_secure | nil for the region's
-- own.
local function resolve_endpoint(given)
  if given.endpoint_url then
    for _, name in ipairs({ "host", "port", "is_secure" }) do
      if given[name] ~= nil then errors.raise("connect: option '%s' contradicts 'endpoint_url'", name) end
    end
    return endpoint.parse(given.endpoint_url, "connect: option 'endpoint_url'")
  end
  if not given.host then
    if given.port or given.is_secure ~= nil then
      errors.raise("connect: options 'port' and 'is_secure' go with 'host'")
    end
    return nil
  end
  local scheme = given.is_secure == false and "http" or "https"
  local port = given.port and ":" .. ("%d"):format(given.port) or ""
  return endpoint.parse(scheme .. "://" .. given.host .. port, "connect: option 'host'")
end

-- A function -> credentials | nil, err that looks for them once.
local function finder(given)
  local found = given.aws_access_key_id and credentials.given(given)
  local chosen = given.profile
  return function()
    local err
    if not found then found, err = credentials.find(chosen) end
    return found, err
  end
end

local function headers(compression)
  local list = { "user-agent", "lua-dynamodb/" .. require("dynamodb.version") }
  if compression then
    list[3], list[4] = "accept-encoding", "gzip"
  end
  return list
end

--- Makes a connection; nothing is sent and no credentials are looked for before the first call.
---@return dynamodb.Connection
function connection.connect(given)
  given = given or {}
  options.check(connect_options, given, "connect")
  check_keys(given)
  local region = resolve_region(given)
  local named = resolve_endpoint(given)
  local function endpoint_for(kind)
    return named or endpoint.parse(endpoint.for_region(region, kind), "connect")
  end
  local signer, why = core.signer(region == "local" and "us-east-1" or region, "dynamodb")
  if not signer then errors.raise("connect: %s", why) end
  local limits = {
    connect_timeout = given.connect_timeout or CONNECT_TIMEOUT,
    attempt_timeout = given.attempt_timeout or ATTEMPT_TIMEOUT,
    ca_bundle = given.ca_bundle,
    compression = given.compression,
  }
  local transport = given.transport or require("dynamodb.transport.auto")
  return core.connection({ region = region, endpoint_url = endpoint_for("plain").url }, {
    endpoint_for = endpoint_for,
    find_credentials = finder(given),
    headers = headers(given.compression),
    limits = limits,
    known_tables = {}, -- by name
    pools = {}, -- by kind of operation
    signer = signer,
    transport = transport,
  })
end

--- Closes the connection and its sockets; calls on it, its tables and items raise from then on. Safe to call
--- again.
function Connection:close()
  if not core.connection_is_open(self) then return end
  for _, pool in pairs(core.connection_state(self).pools) do exchange.close(pool) end
  core.connection_close(self)
end
core.connection_class.__close = Connection.close

local call_options = { unknown = options.boolean }

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
--- that the client does not know are called with { unknown = true }, as plain JSON.
function Connection:call(name, params, given)
  local operation = operation_named(name, given, "call")
  return client.call(self, operation, check_parameters(params, "call"))
end

-- The results of a listing operation.
local function listing(self, name, params, where)
  local operation = operation_named(name, nil, where)
  if not operation.pages then errors.raise("%s: %s has no pages", where, name) end
  local request = {}
  for member, value in pairs(check_parameters(params, where)) do request[member] = value end
  return pages.new(self, operation, request, {})
end

--- for element in conn:each("ListBackups", params) do: all that an operation lists, page after page. The loop
--- raises the error object on failure; the object also has next, all, pages: doc/reading.md.
function Connection:each(name, params)
  return listing(self, name, params, "each")
end

--- for page in conn:pages("ListBackups", params) do: the responses one by one. Raises the error object on
--- failure.
function Connection:pages(name, params)
  local results = listing(self, name, params, "pages")
  return function()
    local page, err = results:next_response()
    if err then error(err, 0) end
    return page
  end
end

local list_options = { limit = options.count(1) }

--- The names of all tables, or of the first 'limit' -> list | nil, err.
function Connection:list_tables(given)
  given = given or {}
  options.check(list_options, given, "list_tables")
  local names, start = {}, nil
  repeat
    local page, err = client.call(self, operations.ListTables, {
      ExclusiveStartTableName = start,
      Limit = given.limit and math.min(given.limit - #names, 100),
    })
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
  local request = definition.create_request(given, "create_table")
  local result, err = client.call(self, operations.CreateTable, request)
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
  return client.call(self, operations.DescribeTable, { TableName = name_of(target, "describe_table") })
end

local get_options = { version_attribute = options.text }

--- The table of that name, with its schema and state, by one DescribeTable -> table | nil, err. Option:
--- version_attribute.
function Connection:get_table(name, given)
  given = given or {}
  options.check(get_options, given, "get_table")
  local result, err = client.call(self, operations.DescribeTable, { TableName = name_of(name, "get_table") })
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
  local result, err = client.call(self, operations.DeleteTable, { TableName = name })
  if not result then return nil, err end
  core.connection_state(self).known_tables[name] = nil -- the next one of that name may be another
  if core.typename(target) == "dynamodb.table" then tables.update(target, result.TableDescription) end
  return result.TableDescription
end

return connection
