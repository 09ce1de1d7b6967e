--- Functions that specs share: connections, table names, responses, fake transports, memory and descriptors.

local dynamodb = require("dynamodb")
local files = dofile("spec/support/files.lua")
local options = require("dynamodb.base.options")
local recorder = dofile("spec/support/signature_recorder.lua")

local helper = {}

local jit = rawget(_G, "jit")

helper.KEY = "AKIDSPECSPECSPEC"
helper.SECRET = "Secret/Of+The/Specs0123456789abcdefghijk"
helper.TOKEN = "TokenOfTheSpecs//////////0123456789=="

--- Returns the URL of the server. Raises an error if none was started.
function helper.endpoint()
  local url = os.getenv("AWS_ENDPOINT_URL_DYNAMODB")
  if not url or url == "" then
    error("AWS_ENDPOINT_URL_DYNAMODB is not set; run the specs through spec/support/emulator.sh", 0)
  end
  return url
end

--- Lets the specs of a block ignore the URL of the server, so that connections use the endpoints of regions.
---@param setup function busted's functions of these names
---@param teardown function
function helper.ignore_endpoint(setup, teardown)
  local system = require("dynamodb.base.system")
  local getenv = system.getenv
  setup(function()
    function system.getenv(name)
      if name ~= "AWS_ENDPOINT_URL_DYNAMODB" then return getenv(name) end
    end
  end)
  teardown(function() system.getenv = getenv end)
end

--- Connects to the server with long timeouts for busy machines.
function helper.connect(given)
  return dynamodb.connect(options.merge({
    attempt_timeout = 60,
    connect_timeout = 10,
    deadline = 120,
    endpoint_url = helper.endpoint(),
    region = "us-east-1",
    aws_access_key_id = os.getenv("AWS_ACCESS_KEY_ID") or "local",
    aws_secret_access_key = os.getenv("AWS_SECRET_ACCESS_KEY") or "local",
    aws_session_token = os.getenv("AWS_SESSION_TOKEN"),
  }, given))
end

--- Returns the URL of the server without the proxy that verifies signatures, for specs that send very many requests.
function helper.unverified()
  return os.getenv("DYNAMODB_UNVERIFIED") or helper.endpoint()
end

--- Returns a connection that uses the given transport and no network.
function helper.offline(transport, given)
  return dynamodb.connect(options.merge({
    endpoint_url = "http://localhost:8000",
    region = "us-east-1",
    aws_access_key_id = helper.KEY,
    aws_secret_access_key = helper.SECRET,
    transport = transport,
  }, given))
end

local run = ("%x%s"):format(os.time(), tostring({}):match("(%x+)$"))
local names = 0

--- Returns a table name that is unique among all specs and runs on one server.
function helper.table_name(prefix)
  names = names + 1
  return ("%s_%s_%d"):format(prefix or "spec", run, names)
end

helper.HASH = { hash_key_name = "id", hash_key_proto_value = "S" }
helper.HASH_RANGE = { hash_key_name = "id", hash_key_proto_value = "S", range_key_name = "at",
  range_key_proto_value = "N" }

--- Creates an on-demand table and waits until it is active.
function helper.create_table(conn, key)
  local schema = conn:create_schema(key or helper.HASH)
  local tbl = assert(conn:create_table({ name = helper.table_name(), schema = schema }))
  assert(tbl:wait_until_active())
  return tbl
end

--- Returns the bytes of an HTTP response of the service.
function helper.response(status, body, headers)
  local lines = { ("HTTP/1.1 %d Reason"):format(status), "content-type: application/x-amz-json-1.0",
    "content-length: " .. #body }
  for name, value in pairs(headers or {}) do lines[#lines + 1] = name .. ": " .. value end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
end

--- Returns a transport without a network that records requests and counts connections. 'response' is the response to each
--- request: bytes, or function(request, number) that returns bytes, or nil to close the connection. Without a response any
--- connection is an error.
function helper.fake(response)
  local fake = { opened = 0, closed = 0, bytes = 0, requests = {}, clock = 1000 }
  function fake.connect()
    fake.opened = fake.opened + 1
    if not response then error("unexpected connection", 0) end
    return {}
  end
  function fake.send(socket, bytes)
    fake.bytes = fake.bytes + #bytes
    fake.requests[#fake.requests + 1] = bytes
    recorder.keep({ bytes })
    socket.response = type(response) == "function" and response(bytes, #fake.requests) or response
    if type(socket.response) ~= "string" then socket.response = nil end
    return true
  end
  function fake.receive(socket)
    local bytes = socket.response
    socket.response = nil
    if bytes then return bytes end
    return nil, "closed", "closed"
  end
  function fake.idle() return true end
  function fake.close() fake.closed = fake.closed + 1 end
  function fake.now() return fake.clock end
  function fake.time() return 1700000000 end
  function fake.sleep(seconds) fake.clock = fake.clock + seconds end
  return fake
end

--- Returns a lock that was acquired without a network.
function helper.lock()
  return assert(helper.offline(helper.fake(helper.response(200, "{}"))):table("t", { hash_key = "id" }):lock("a"))
end

--- Returns libcurl's transport with counters: opened, closed and requests.
function helper.counting()
  local curl = require("dynamodb.transport.curl")
  local counting = setmetatable({ opened = 0, closed = 0, requests = 0 }, { __index = curl })
  function counting.connect(...)
    counting.opened = counting.opened + 1
    return curl.connect(...)
  end
  function counting.send(...)
    counting.requests = counting.requests + 1
    return curl.send(...)
  end
  function counting.close(...)
    counting.closed = counting.closed + 1
    return curl.close(...)
  end
  return counting
end

--- Calls the function while the collector runs at nearly every allocation.
function helper.stressed(f, ...)
  if jit then
    collectgarbage("setpause", 0)
    collectgarbage("setstepmul", 1000)
  else
    collectgarbage("incremental", 1, 400, 2) -- one collection per about 50 tables
  end
  local ok, err = pcall(f, ...)
  if jit then
    collectgarbage("setpause", 200)
    collectgarbage("setstepmul", 200)
  else
    collectgarbage("incremental", 200, 100, 13)
  end
  if not ok then error(err, 0) end
end

--- Returns the sorted names of a table's members.
function helper.names_of(map)
  local list = {}
  for name in pairs(map) do list[#list + 1] = name end
  table.sort(list)
  return list
end

--- Runs full collections until all finalizers have run -> kilobytes in use.
function helper.collect()
  for _ = 1, 3 do collectgarbage() end
  return collectgarbage("count")
end

--- Returns the number of open descriptors of this process.
function helper.descriptors()
  local n = 0
  for name in require("lfs").dir("/proc/self/fd") do
    if name:match("^%d+$") then n = n + 1 end
  end
  return n
end

--- Returns the resident memory of this process in kilobytes.
function helper.resident()
  return tonumber(files.read("/proc/self/statm"):match("^%d+ (%d+)")) * 4
end

--- Returns whether AddressSanitizer is loaded. It keeps freed memory, so resident memory cannot be asserted.
function helper.sanitized()
  return files.read("/proc/self/maps"):find("libasan", 1, true) ~= nil
end

--- Returns all names and values inside a value as one text, as a deep printer would show them.
function helper.deep_text(value)
  local texts, seen = {}, {}
  local function visit(inner)
    texts[#texts + 1] = tostring(inner)
    if type(inner) ~= "table" and type(inner) ~= "userdata" or seen[inner] then return end
    seen[inner] = true
    local meta = debug.getmetatable(inner)
    if meta then visit(meta) end
    if type(inner) == "table" then
      for name, member in next, inner do
        visit(name)
        visit(member)
      end
    elseif type(meta) == "table" and type(meta.__pairs) == "function" and meta.__name ~= "dynamodb.set" then
      for name, member in meta.__pairs(inner) do
        visit(name)
        visit(member)
      end
    end
  end
  visit(value)
  return table.concat(texts, "\n")
end

return helper
