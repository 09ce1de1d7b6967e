--- What specs share: the server, unique names, transports that count, the collector.

local dynamodb = require("dynamodb")
local recorder = dofile("spec/support/signature_recorder.lua")

local helper = {}

local jit = rawget(_G, "jit")

helper.KEY = "AKIDSPECSPECSPEC"
helper.SECRET = "Secret/Of+The/Specs0123456789abcdefghijk"
helper.TOKEN = "TokenOfTheSpecs//////////0123456789=="

--- The server's URL; raises, which fails the spec, when none was started.
function helper.endpoint()
  local url = os.getenv("DYNAMODB_ENDPOINT")
  if not url or url == "" then
    error("DYNAMODB_ENDPOINT is not set; run the specs through spec/support/emulator.sh", 0)
  end
  return url
end

local function merge(defaults, given)
  for name, value in pairs(given or {}) do defaults[name] = value end
  return defaults
end

--- A connection to the server, with long timeouts for busy machines.
function helper.connect(given)
  return dynamodb.connect(merge({
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

--- The server without the one in front of it that verifies signatures, for specs that send very many requests.
function helper.unverified()
  return os.getenv("DYNAMODB_UNVERIFIED") or helper.endpoint()
end

--- A connection to nowhere: every byte goes to the transport.
function helper.offline(transport, given)
  return dynamodb.connect(merge({
    endpoint_url = "http://localhost:8000",
    region = "us-east-1",
    aws_access_key_id = helper.KEY,
    aws_secret_access_key = helper.SECRET,
    transport = transport,
  }, given))
end

local run = ("%x%s"):format(os.time(), tostring({}):match("(%x+)$"))
local names = 0

--- A table name that is unique, however many specs run against one server.
function helper.table_name(prefix)
  names = names + 1
  return ("%s_%s_%d"):format(prefix or "spec", run, names)
end

helper.HASH = { hash_key_name = "id", hash_key_proto_value = "S" }
helper.HASH_RANGE = { hash_key_name = "id", hash_key_proto_value = "S", range_key_name = "at",
  range_key_proto_value = "N" }

--- A new on-demand table, ready for use.
function helper.create_table(conn, key)
  local schema = conn:create_schema(key or helper.HASH)
  local tbl = assert(conn:create_table({ name = helper.table_name(), schema = schema }))
  assert(tbl:wait_until_active())
  return tbl
end

--- One HTTP response of the service.
function helper.answer(status, body, headers)
  local lines = { ("HTTP/1.1 %d Whatever"):format(status), "content-type: application/x-amz-json-1.0",
    "content-length: " .. #body }
  for name, value in pairs(headers or {}) do lines[#lines + 1] = name .. ": " .. value end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
end

--- A transport that goes nowhere and counts. 'answer' is what each request gets: bytes, or
--- function(request, number) -> bytes, or nil to close at once. Without it nothing may be sent.
function helper.fake(answer)
  local fake = { opened = 0, closed = 0, bytes = 0, requests = {}, clock = 1000 }
  function fake.connect()
    fake.opened = fake.opened + 1
    if not answer then error("a connection was opened where none may be", 0) end
    return {}
  end
  function fake.send(socket, bytes)
    fake.bytes = fake.bytes + #bytes
    fake.requests[#fake.requests + 1] = bytes
    recorder.keep({ bytes })
    socket.answer = type(answer) == "function" and answer(bytes, #fake.requests) or answer
    if type(socket.answer) ~= "string" then socket.answer = nil end
    return true
  end
  function fake.receive(socket)
    local bytes = socket.answer
    socket.answer = nil
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

--- libcurl's transport, counting: opened, closed, requests.
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
    collectgarbage("incremental", 1, 400, 2) -- a collection for every 50 tables or so
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

--- Full collections until nothing is left to finalize; the kilobytes that stay.
function helper.collect()
  for _ = 1, 3 do collectgarbage() end
  return collectgarbage("count")
end

--- How many descriptors this process has open.
function helper.descriptors()
  local n = 0
  for name in require("lfs").dir("/proc/self/fd") do
    if name:match("^%d+$") then n = n + 1 end
  end
  return n
end

--- Kilobytes of memory that the system has given to this process.
function helper.resident()
  local file = assert(io.open("/proc/self/statm"))
  local text = file:read("*a")
  file:close()
  return tonumber(text:match("^%d+ (%d+)")) * 4
end

--- Returns whether a sanitizer watches this process. It keeps freed memory, so resident memory means nothing.
function helper.sanitized()
  local file = assert(io.open("/proc/self/maps"))
  local text = file:read("*a")
  file:close()
  return text:find("libasan", 1, true) ~= nil
end

--- Everything in the value as one text, as a deep printer would show it.
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
