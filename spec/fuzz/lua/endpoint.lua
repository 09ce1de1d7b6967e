-- Target endpoint: URLs, regions and accounts. Lines of the input are a URL, a region, an account, an ARN and switches.

local client = require("dynamodb.http.client")
local endpoint = require("dynamodb.http.endpoint")
local service_call = require("dynamodb.credentials.service_call")

local function is_host(host)
  return host:find("^[%w_.%-%[%]:]+$") ~= nil
end

-- A transport that connects to nothing, and remembers the URL that it was asked to connect to.
local asked
local transport = {
  connect = function(given)
    asked = given.url
    return nil, "network", "refused"
  end,
  now = function() return 0 end,
  time = function() return 0 end,
  sleep = function() end,
}

local function check_split(url)
  local parts, why = endpoint.split(url)
  if not parts then
    assert(type(why) == "string", "neither parts nor a reason")
    local password, rest = url:match("^%a+://[^/@]*:(%w+)@([^@]*)$")
    if password and #password > 11 and not rest:find(password, 1, true) then
      assert(not why:find(password, 1, true), "a password in the message")
    end
    return
  end
  assert(is_host(parts.host) and parts.path:find("^/"), "host or path that is none")
  local again = assert(endpoint.split(parts.url .. parts.path))
  assert(again.url == parts.url and again.host == parts.host and again.path == parts.path, "split twice differs")
end

local function check_request(url)
  local context = { transport = transport, limits = { connect_timeout = 1, attempt_timeout = 1 } }
  asked = nil
  local response, failure = client.request(context, { method = "GET", url = url, proxy = false })
  assert(response == nil and type(failure.message) == "string", "a response from nowhere")
  assert(not asked or is_host(asked:match("^https?://(.*)$")), "connects to what is no host")
  local text = service_call.clean(failure.message, { url })
  assert(not text:find("%c"), "a control character in a message")
end

-- A text is encoded for a query as RFC 3986 says, so that decoding gives it back.
local function check_encoding(text)
  local encoded = service_call.encode(text)
  assert(not encoded:gsub("%%%x%x", ""):find("[^%w%-._~]"), "a character that is reserved")
  local decoded = encoded:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end)
  assert(decoded == text, "another text after decoding")
end

local function check_found(found, why)
  if not found then
    assert(type(why) == "string", "neither an endpoint nor a reason")
    return
  end
  assert(is_host(found.host) and found.url:find("^https?://"), "an endpoint without host or URL")
end

local KINDS = { "plain", "streams", "search" }
local MODES = { "preferred", "required", "disabled" }

local function run(text)
  local lines = {}
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do lines[#lines + 1] = line end
  local url, region, account, arn, switches = lines[1], lines[2] or "us-east-1", lines[3], lines[4], lines[5] or ""
  check_split(url)
  check_request(url)
  check_encoding(text:sub(1, 300))
  local choice = #switches
  local given = { region = region, account_id = account, resource_arn = arn, kind = KINDS[choice % 3 + 1],
    account_id_mode = MODES[math.floor(choice / 3) % 3 + 1], fips = switches:find("f", 1, true) ~= nil,
    dualstack = switches:find("d", 1, true) ~= nil }
  check_found(endpoint.resolve(given))
  given.endpoint_url = url
  check_found(endpoint.resolve(given))
  for _, service in ipairs({ "sts", "portal.sso", "oidc", "signin" }) do
    local found, why = endpoint.service(service, region, { fips = given.fips, dualstack = given.dualstack, legacy = account })
    assert(found and found:find("^https://[%w.-]+$") or not found and type(why) == "string", "no URL of a service")
  end
  assert(type(endpoint.is_known_region(region)) == "boolean", "a known region is true or false")
end

return { run = run }
