--- Where requests go: a region or a URL -> { url, host, path }.

local errors = require("dynamodb.error")

local endpoint = {}

-- Prefix of the region -> domain (AWS SDKs' partitions).
local domains = {
  { "^cn%-", "amazonaws.com.cn" },
  { "^us%-iso%-", "c2s.ic.gov" },
  { "^us%-isob%-", "sc2s.sgov.gov" },
  { "^eu%-isoe%-", "cloud.adc-e.uk" },
  { "^us%-isof%-", "csp.hci.ic.gov" },
  { "^eusc%-", "amazonaws.eu" },
  { "", "amazonaws.com" },
}

--- A region becomes part of a host name, so it has to be a label of one (RFC 1123 section 2.1).
function endpoint.is_region(text)
  return #text <= 63 and text:match("^%w[%w-]*$") ~= nil and text:sub(-1) ~= "-"
end

local services = { plain = "dynamodb", streams = "streams.dynamodb", search = "search-dynamodb" }

--- The URL of a region's public endpoint for a kind of operation: "plain", "streams" or "search".
function endpoint.for_region(region, kind)
  if region == "local" then return "http://localhost:8000" end
  for _, pair in ipairs(domains) do
    if region:match(pair[1]) then
      return ("https://%s.%s.%s"):format(services[kind or "plain"], region, pair[2])
    end
  end
end

local default_port = { http = 80, https = 443 }

local function is_host(host)
  if host:match("^%[[%x:.]+%]$") then return true end -- IPv6
  return #host <= 253 and host:match("^[%w_][%w_.-]*$") ~= nil and not host:find("..", 1, true)
end

--- Takes a URL apart -> { url, host, path } | nil, why unless it is a clean http or https one.
function endpoint.split(url)
  local scheme, rest = url:match("^(https?)://(.+)$")
  local authority, path = (rest or ""):match("^([^/]+)(.*)$")
  local host, port = (authority or ""):match("^(.-):(%d+)$")
  host = host or authority
  port = tonumber(port) or default_port[scheme]
  local clean = host and is_host(host) and port >= 1 and port <= 65535 and path:match("^[%w%-._~/]*$")
    and not path:find("//", 1, true)
  if not clean then
    local shown = url:gsub("^.*@", "...@") -- there may be a password
    return nil, ("'http(s)://host[:port][/path]' expected, got '%s'"):format(shown:sub(1, 100))
  end
  local named = port == default_port[scheme] and host or host .. ":" .. port
  return { url = scheme .. "://" .. named, host = named, path = path == "" and "/" or path }
end

--- The same, but raises. 'where' names the option.
function endpoint.parse(url, where)
  local parts, why = endpoint.split(url)
  if not parts then errors.raise("%s: %s", where, why) end
  return parts
end

return endpoint
