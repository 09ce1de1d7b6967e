--- Endpoints: a pure function of region, switches, account and URL.
-- Sources: the endpoint rules of the AWS SDKs for DynamoDB, DynamoDB Streams, STS, SSO and Sign-In, and their
-- list of partitions, as of November 2026.

local errors = require("dynamodb.error")

local endpoint = {}

-- AWS's partitions other than the public one: the prefix of their regions, their domains without and with
-- IPv6, the domain of their sign-in, and the prefix of the dual-stack host of Streams. All have FIPS and
-- dual-stack hosts. AWS matches whole region names and takes unknown ones for regions of the public
-- partition; prefixes keep a new region of another partition out of it.
local partitions = {
  { name = "aws-cn", prefix = "cn-", suffix = "amazonaws.com.cn", dual = "api.amazonwebservices.com.cn",
    signin = "amazonaws.cn", streams = "streams-dynamodb" },
  { name = "aws-us-gov", prefix = "us-gov-", suffix = "amazonaws.com", dual = "api.aws",
    signin = "amazonaws-us-gov.com", streams = "streams-dynamodb" },
  { name = "aws-iso", prefix = "us-iso-", suffix = "c2s.ic.gov", dual = "api.aws.ic.gov",
    signin = "c2shome.ic.gov" },
  { name = "aws-iso-b", prefix = "us-isob-", suffix = "sc2s.sgov.gov", dual = "api.aws.scloud",
    signin = "sc2shome.sgov.gov" },
  { name = "aws-iso-e", prefix = "eu-isoe-", suffix = "cloud.adc-e.uk", dual = "api.cloud-aws.adc-e.uk",
    signin = "csphome.adc-e.uk" },
  { name = "aws-iso-f", prefix = "us-isof-", suffix = "csp.hci.ic.gov", dual = "api.aws.hci.ic.gov",
    signin = "csphome.hci.ic.gov" },
  { name = "aws-eusc", prefix = "eusc-", suffix = "amazonaws.eu", dual = "api.amazonwebservices.eu",
    signin = "amazonaws-eusc.eu" },
}

local public = { name = "aws", prefix = "", suffix = "amazonaws.com", dual = "api.aws",
  signin = "aws.amazon.com", streams = "streams-dynamodb" }

--- Returns the partition of a region: { name, suffix, dual, ... }.
function endpoint.partition(region)
  for _, partition in ipairs(partitions) do
    if region:sub(1, #partition.prefix) == partition.prefix then return partition end
  end
  return public
end

local geographies = {}
for name in ("af ap ca eu il me mx sa us"):gmatch("%a+") do geographies[name] = true end

--- Returns true for names that regions of AWS can have, known ones or new ones. Source: the regionRegex of
--- each partition in the AWS SDKs' list.
function endpoint.is_known_region(region)
  local partition = endpoint.partition(region)
  if partition ~= public then return region:sub(#partition.prefix + 1):match("^%w+%-%d+$") ~= nil end
  return geographies[region:match("^(%a%a)%-%w+%-%d+$")] == true
end

-- RFC 1123 section 2.1
local function is_label(text)
  return #text <= 63 and text:match("^%w[%w-]*$") ~= nil and text:sub(-1) ~= "-"
end

--- A region becomes a label of a host name.
endpoint.is_region = is_label

local function check_region(region)
  if type(region) == "string" and is_label(region) then return true end
  return nil, ("'%s' is not a region"):format(tostring(region):sub(1, 80))
end

local default_port = { http = 80, https = 443 }

local function is_host(host)
  if host:match("^%[[%x:.]+%]$") then return true end -- IPv6
  return #host <= 253 and host:match("^[%w_][%w_.-]*$") ~= nil and not host:find("..", 1, true)
end

--- Splits a URL -> { url, host, path } | nil, why unless it is a plain http or https URL.
function endpoint.split(url)
  local scheme, rest = url:match("^(https?)://(.+)$")
  local authority, path = (rest or ""):match("^([^/]+)(.*)$")
  local host, port = (authority or ""):match("^(.-):(%d+)$")
  host = host or authority
  port = tonumber(port) or default_port[scheme]
  local clean = host and is_host(host) and port >= 1 and port <= 65535 and path:match("^[%w%-._~/]*$")
    and not path:find("//", 1, true)
  if not clean then
    local shown = url:gsub("^.*@", "...@") -- it may contain a password
    return nil, ("'http(s)://host[:port][/path]' expected, got '%s'"):format(shown:sub(1, 100))
  end
  local named = port == default_port[scheme] and host or host .. ":" .. port
  return { url = scheme .. "://" .. named, host = named, path = path == "" and "/" or path }
end

--- Splits a URL, and raises where split returns nil. 'where' names the option.
function endpoint.parse(url, where)
  local parts, why = endpoint.split(url)
  if not parts then errors.raise("%s: %s", where, why) end
  return parts
end

local function domain(region, given)
  local partition = endpoint.partition(region)
  return given.dualstack and partition.dual or partition.suffix
end

-- Returns the host of a service in a region. GovCloud's regular hosts are its FIPS hosts.
local function regional(service, region, given)
  local marked = given.fips and (given.dualstack or endpoint.partition(region).name ~= "aws-us-gov")
  return ("%s%s.%s.%s"):format(service, marked and "-fips" or "", region, domain(region, given))
end

local names = { plain = "dynamodb", streams = "streams.dynamodb", search = "search-dynamodb" }

local function public_host(given)
  local name = names[given.kind or "plain"]
  if given.kind == "streams" and given.dualstack then
    name = endpoint.partition(given.region).streams or name
  end
  return regional(name, given.region, given)
end

local account_names = { plain = "ddb", search = "search-ddb" }

-- Regions outside the public partition that have account hosts. All regions of the public partition have
-- them.
local account_regions = { ["cn-north-1"] = true, ["cn-northwest-1"] = true, ["us-gov-east-1"] = true,
  ["us-gov-west-1"] = true }

local function has_accounts(region)
  return account_regions[region] or endpoint.partition(region).name == "aws"
end

-- Returns the account of a table's ARN | nil for other values, services and regions.
local function account_of(arn, region)
  local service, its_region, account = (arn or ""):match("^arn:[^:]+:([^:]+):([^:]*):([^:]*):.")
  if service == "dynamodb" and its_region == region and is_label(account) then return account end
end

-- Returns why the host cannot name an account | nil.
local function obstacle(given, account)
  if given.fips then return "no FIPS host names an account" end
  if not has_accounts(given.region) then
    return ("region '%s' has no hosts that name an account"):format(given.region)
  end
  if not account then return "no account id is known" end
end

-- Returns the account that the host names | nil when it names none | nil, why. The account of a table's ARN
-- wins over that of the credentials, since the table may belong to another account.
local function account_for(given)
  local mode = given.account_id_mode or "disabled"
  if mode == "disabled" or not account_names[given.kind or "plain"] then return nil end
  local account = account_of(given.resource_arn, given.region) or given.account_id
  local why = obstacle(given, account)
  if why then
    return nil, mode == "required" and "account_id_endpoint_mode is 'required', but " .. why or nil
  end
  if is_label(account) then return account end
  return nil, ("'%s' is not an account id"):format(account:sub(1, 80))
end

local function at_aws(given)
  local account, why = account_for(given)
  if why then return nil, why end
  local host = public_host(given)
  if account then
    host = ("%s.%s.%s.%s"):format(account, account_names[given.kind or "plain"], given.region,
      domain(given.region, given))
  end
  return { url = "https://" .. host, host = host, path = "/", account = account and true }
end

-- FIPS and dual stack exist for AWS's own hosts only.
local function without_switches(given, what)
  local switch = given.fips and "use_fips_endpoint" or given.dualstack and "use_dualstack_endpoint"
  if not switch then return true end
  return nil, ("%s does not go with %s"):format(switch, what)
end

-- The endpoint rules of Streams do not have the second check.
local function at_url(given)
  local ok, why = without_switches(given, "endpoint_url")
  if not ok then return nil, why end
  local parts
  parts, why = endpoint.split(given.endpoint_url)
  if not parts then return nil, "endpoint_url: " .. why end
  for kind in pairs(account_names) do
    local host = regional(names[kind], given.region, { dualstack = true })
    if given.kind ~= "streams" and parts.host:lower() == host then
      return nil, ("endpoint_url: '%s' is reached by use_dualstack_endpoint"):format(host)
    end
  end
  return parts
end

local function at_home(given)
  local ok, why = without_switches(given, "region 'local'")
  if not ok then return nil, why end
  return endpoint.split("http://localhost:8000")
end

---@class dynamodb.EndpointParameters
---@field region string
---@field kind? "plain"|"streams"|"search" of the operation
---@field fips? boolean
---@field dualstack? boolean
---@field account_id? string of the credentials
---@field account_id_mode? "preferred"|"required"|"disabled" the last unless given
---@field endpoint_url? string
---@field resource_arn? string the table as the request names it; ignored unless it is an ARN

--- Returns the endpoint of a request: { url, host, path, region to sign with, account = true if the host
--- names one } | nil, why.
---@param given dynamodb.EndpointParameters
function endpoint.resolve(given)
  local ok, why = check_region(given.region)
  if not ok then return nil, why end
  local rule = given.endpoint_url and at_url or given.region == "local" and at_home or at_aws
  local found
  found, why = rule(given)
  if not found then return nil, why end
  found.region = given.region == "local" and "us-east-1" or given.region
  return found
end

-- Members that name the resource of a request: contextParam in the service's model.
local members = { "TableName", "TargetTableName", "GlobalTableName", "TableArn", "ResourceArn", "BackupArn",
  "BulkOperationArn", "ExportArn", "ImportArn" }

local function inside(value)
  return type(value) == "table" and value or {}
end

--- Returns the 'resource_arn' of a request's parameters: the name of its table, of the first table of a
--- transaction, or of the alphabetically first table of a batch | nil.
function endpoint.resource(params)
  local _, element = next(inside(inside(params.TransactItems)[1]))
  local found = inside(element).TableName or inside(params.TableCreationParameters).TableName
  for name in pairs(inside(params.RequestItems)) do
    if type(name) == "string" and (not found or name < found) then found = name end
  end
  for _, member in ipairs(members) do found = found or params[member] end
  return type(found) == "string" and found or nil
end

-- Regions that STS used to serve from one global host (setting sts_regional_endpoints = legacy).
local global_sts = {}
for region in ("ap-northeast-1 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1 eu-north-1 "
  .. "eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2"):gmatch("%S+") do
  global_sts[region] = true
end

local function is_global(name, region, given)
  if name ~= "sts" or given.fips or given.dualstack then return false end
  return region == "aws-global" or (given.legacy and global_sts[region])
end

-- Returns a host of Sign-In, some of which have special forms.
local function signin_host(region, given)
  local partition = endpoint.partition(region)
  local gov = partition.name == "aws-us-gov"
  if given.dualstack or (given.fips and not gov) then return regional("signin", region, given) end
  if given.fips and region == "us-gov-west-1" then return "signin-fips." .. partition.signin end
  return ("%s.signin%s.%s"):format(region, given.fips and "-fips" or "", partition.signin)
end

--- Returns the URL of another service, "sts", "portal.sso", "oidc" or "signin", and the region to sign with |
--- nil, why. 'given' has fips, dualstack, legacy (STS's global host where it serves the region).
function endpoint.service(name, region, given)
  given = given or {}
  local ok, why = check_region(region)
  if not ok then return nil, why end
  if is_global(name, region, given) then return "https://sts.amazonaws.com", "us-east-1" end
  local host = name == "signin" and signin_host(region, given) or regional(name, region, given)
  return "https://" .. host, region
end

return endpoint
