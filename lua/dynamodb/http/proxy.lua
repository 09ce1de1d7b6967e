--- Chooses the proxy of a request.
-- NO_PROXY has no standard: names, ports, networks and wildcards are read as curl and Go read them (curl's
-- manual; golang.org/x/net/http/httpproxy), and where these differ, as curl and Python do.

local proxy = {}

local default_port = { http = "80", https = "443" }

-- Splits "host:port" -> host without brackets and final dot, port | nil. An IPv6 address may come without
-- brackets.
local function split(authority)
  local host, port = authority:match("^(.-):(%d+)$")
  if not host or (host:find(":", 1, true) and host:sub(-1) ~= "]") then host, port = authority, nil end
  return (host:gsub("^%[(.*)%]$", "%1"):gsub("%.$", "")), port
end

-- {===== Addresses =====

local function bytes4(text)
  local bytes = { text:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$") }
  for i, digits in ipairs(bytes) do
    bytes[i] = tonumber(digits)
    if bytes[i] > 255 then return nil end
  end
  return bytes[1] and bytes
end

-- Parses groups such as "fd00:ec2" -> bytes | nil.
local function groups(text)
  local bytes = {}
  for group in (text == "" and "" or text .. ":"):gmatch("([^:]*):") do
    local value = group:match("^%x%x?%x?%x?$") and tonumber(group, 16)
    if not value then return nil end
    bytes[#bytes + 1], bytes[#bytes + 2] = math.floor(value / 256), value % 256
  end
  return bytes
end

-- RFC 4291 section 2.2, except addresses that end like IPv4 addresses.
local function bytes6(text)
  local head, tail = text:match("^(.-)::(.*)$")
  local bytes, rest = groups(head or text), groups(tail or "")
  if not bytes or not rest then return nil end
  for _ = 1, head and 16 - #bytes - #rest or 0 do bytes[#bytes + 1] = 0 end
  for _, byte in ipairs(rest) do bytes[#bytes + 1] = byte end
  return #bytes == 16 and bytes or nil
end

-- Returns the bytes of an address | nil for a name.
local function address(text)
  if text:find(":", 1, true) then return bytes6(text) end
  return bytes4(text)
end

-- Returns true when both addresses have the same first bits.
local function agree(one, other, bits)
  if #one ~= #other or bits > 8 * #one then return false end
  for i, byte in ipairs(one) do
    local unit = 2 ^ math.max(8 - math.max(bits - 8 * (i - 1), 0), 0)
    if math.floor(byte / unit) ~= math.floor(other[i] / unit) then return false end
  end
  return true
end

-- ===================== }

-- Returns true when the host is the domain itself or below it.
local function is_below(host, name)
  local below_only = name:match("^%*%.(.+)$")
  name = below_only or name:gsub("^%.+", "")
  if name == "" then return false end
  return host:sub(-#name - 1) == "." .. name or (host == name and not below_only)
end

-- Returns true when an entry of NO_PROXY matches this host and port; 'own' has the bytes of a host that is an
-- address.
local function covers(entry, host, own, port)
  local network, bits = entry:match("^(.+)/(%d+)$")
  if network then
    network = address((split(network)))
    return own ~= nil and network ~= nil and agree(own, network, tonumber(bits))
  end
  local name, only = split(entry)
  if only and only ~= port then return false end
  if not own then return is_below(host, name) end
  local other = address(name)
  return other ~= nil and agree(own, other, 8 * #own)
end

local function is_exempt(scheme, authority, list)
  local host, port = split(authority:gsub("^.*@", ""):lower())
  local own = address(host)
  for entry in list:lower():gmatch("[^%s,]+") do
    if entry == "*" or covers(entry, host, own, port or default_port[scheme]) then return true end
  end
  return false
end

--- Returns the URL of the proxy for a URL | nil for none. 'settings' has http_proxy, https_proxy and
--- no_proxy; any of them may be nil, false or "".
function proxy.choose(url, settings)
  local scheme, authority = url:match("^(https?)://([^/?#]+)")
  local chosen = settings[scheme .. "_proxy"] or ""
  if chosen == "" or is_exempt(scheme, authority, settings.no_proxy or "") then return nil end
  return chosen:find("://", 1, true) and chosen or "http://" .. chosen
end

return proxy
