--- Small requests to others than DynamoDB: what credentials come from. Each has a connection of its own. No
-- redirect is followed, and what is too long or zipped is refused.

local core = require("dynamodb.core")
local endpoint = require("dynamodb.http.endpoint")
local exchange = require("dynamodb.http.pool")

local client = {}

local MAX_BYTES = 2 ^ 20

-- http(s)://host[:port][/path][?query] -> endpoint, path, query | nil, why.
local function split(url)
  local base, path, query = url:match("^(%a+://[^/?#]*)([^?#]*)%??([^#]*)$")
  if not base then return nil, "'http(s)://host[:port]/path?query' expected" end
  local place, why = endpoint.split(base)
  if not place then return nil, why end
  return place, path == "" and "/" or path, query
end

-- These headers, who asks, and those of the request.
local function headers_of(context, request, ...)
  local list = { ... }
  if context.user_agent then list[#list + 1], list[#list + 2] = "user-agent", context.user_agent end
  for _, text in ipairs(request.headers or {}) do list[#list + 1] = text end
  return list
end

local function signed(context, request, place, path, query)
  local sign = request.sign
  local keys = sign.credentials
  local signer, why = core.signer(sign.region, sign.service)
  if not signer then return nil, why end
  local ok, refusal = signer:credentials(keys.aws_access_key_id, keys.aws_secret_access_key,
    keys.aws_session_token)
  if not ok then return nil, refusal end
  local headers = headers_of(context, request)
  return signer:sign(request.method, place.host, path, query, headers, request.body or "",
    context.transport.time())
end

local function unsigned(context, request, place, path, query)
  local target = query == "" and path or path .. "?" .. query
  local headers = headers_of(context, request, "host", place.host)
  return core.request(request.method, target, headers, request.body or "")
end

-- Certificates and sockets that are meant for one server are not shown to others.
local function limits_of(context, request)
  local given = context.limits
  local connect = given.connect or {}
  local proxied = request.proxy ~= false and context.proxy_for
  return {
    connect_timeout = request.connect_timeout or given.connect_timeout,
    attempt_timeout = request.attempt_timeout or given.attempt_timeout,
    max_bytes = request.max_bytes or MAX_BYTES,
    connect = {
      ca_bundle = connect.ca_bundle,
      proxy = proxied and proxied(request.url) or nil,
      tcp_keepalive = connect.tcp_keepalive,
    },
  }
end

-- What the caller gets | nil, kind, why, sent.
local function answer(response)
  local encoding = response:header("content-encoding") or "identity"
  if encoding ~= "identity" then return nil, "response", "content-encoding that was not asked for", true end
  return {
    status = response:status(),
    body = response:body(),
    header = function(name) return response:header(name:lower()) end,
  }
end

--- One request -> { status =, body =, header = function(name) } | nil, kind, why, sent, permanent (as
--- exchange.run has them). 'context' has transport, limits (those of exchange.pool), and if wanted
--- user_agent, and proxy_for, a function of a URL. The request has method, url, and if wanted headers (a flat
--- list), body, connect_timeout, attempt_timeout, deadline (a moment of the transport's clock), max_bytes,
--- proxy = false (go through none), and sign = { region =, service =, credentials = }.
function client.request(context, request)
  local place, path, query = split(request.url)
  if not place then return nil, "network", path, false, true end
  local bytes, why = (request.sign and signed or unsigned)(context, request, place, path, query)
  if not bytes then return nil, "network", why, false, true end
  local pool = exchange.pool(context.transport, place, limits_of(context, request))
  local link, kind, reason, sent, permanent = exchange.run(pool, bytes, false, request.deadline)
  if not link then return nil, kind, reason, sent, permanent end
  exchange.discard(pool, link)
  return answer(link.response)
end

return client
