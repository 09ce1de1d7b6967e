--- Sends single HTTP requests to services other than DynamoDB, from which credentials come.

local core = require("dynamodb.core")
local endpoint = require("dynamodb.http.endpoint")
local pool = require("dynamodb.http.pool")
local round_trip = require("dynamodb.http.round_trip")

local client = {}

local MAX_BYTES = 2 ^ 20 -- of a response body

-- Splits http(s)://host[:port][/path][?query] -> endpoint, path, query | nil, why.
local function split(url)
  local base, path, query = url:match("^(%a+://[^/?#]*)([^?#]*)%??([^#]*)")
  if not base or url:find("#", 1, true) then return nil, "'http(s)://host[:port]/path?query' expected" end
  local parts, why = endpoint.split(base)
  if not parts then return nil, why end
  return parts, path == "" and "/" or path, query
end

-- Returns the given headers, the user agent and those of the request.
local function headers_of(context, request, ...)
  local list = { ... }
  if context.user_agent then list[#list + 1], list[#list + 2] = "user-agent", context.user_agent end
  for _, text in ipairs(request.headers or {}) do list[#list + 1] = text end
  return list
end

-- Returns the bytes of a signed request | nil, why.
local function signed(context, request, parts, path, query)
  local sign = request.sign
  local keys = sign.credentials
  local signer, why = core.signer(sign.region, sign.service)
  if not signer then return nil, why end
  local bytes
  bytes, why = signer:credentials(keys.aws_access_key_id, keys.aws_secret_access_key, keys.aws_session_token)
  if bytes then
    bytes, why = signer:sign(request.method, parts.host, path, query, headers_of(context, request),
      request.body or "", context.transport.time())
  end
  signer:close()
  return bytes, why
end

local function unsigned(context, request, parts, path, query)
  local target = query == "" and path or path .. "?" .. query
  local headers = headers_of(context, request, "host", parts.host)
  return core.request(request.method, target, headers, request.body or "")
end

-- Client certificates and Unix sockets are for one server only and are not used here.
local function limits_of(context, request)
  local given = context.limits
  local connect = given.connect or {}
  local proxied = request.proxy ~= false and context.proxy_for
  return {
    connect_timeout = request.connect_timeout or given.connect_timeout,
    attempt_timeout = request.attempt_timeout or given.attempt_timeout,
    max_bytes = request.max_bytes or MAX_BYTES,
    is_secret = true,
    connect = {
      ca_bundle = connect.ca_bundle,
      proxy = proxied and proxied(request.url) or nil,
      tcp_keepalive = connect.tcp_keepalive,
    },
  }
end

-- Makes the result of a complete response -> table | nil, failure.
local function read(response)
  local encoding = response:header("content-encoding") or "identity"
  if encoding ~= "identity" then
    return nil, pool.failure("response", "content-encoding that was not asked for", true)
  end
  return {
    status = response:status(),
    body = response:body(),
    header = function(name) return response:header(name:lower()) end,
  }
end

--- Sends one request over a connection of its own. Redirects are not followed; compressed and overlong bodies
--- are refused.
---@param context table transport; limits, as of pool.new; optional: user_agent, and proxy_for, a function
--- that returns the proxy for a URL
---@param request table method, url; optional: headers (a flat list of names and values), body,
--- connect_timeout and attempt_timeout in seconds, deadline (by the transport's clock), max_bytes, proxy
--- (false: use none), sign ({ region =, service =, credentials = })
---@return table? response { status =, body =, header = function(name) }
---@return dynamodb.Failure? failure
function client.request(context, request)
  local endpoint_parts, path, query = split(request.url)
  if not endpoint_parts then return nil, pool.failure("network", path, false, true) end
  local bytes, why = (request.sign and signed or unsigned)(context, request, endpoint_parts, path, query)
  if not bytes then return nil, pool.failure("network", why, false, true) end
  local own = pool.new(context.transport, endpoint_parts, limits_of(context, request))
  local done, connection = round_trip.send(own, bytes, #bytes, nil, nil, request.deadline)
  if not done then return nil, connection end
  pool.discard(own, connection)
  return read(connection.response)
end

return client
