-- Serves the gateway without nginx, one request at a time (Debian: lua-socket). To start it, in the root of
-- the source:
--   make install LUA=lua5.4
--   export AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:8000
--   export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local
--   lua5.4 examples/gateway/luasocket.lua 8001
-- Without AWS_ENDPOINT_URL_DYNAMODB the requests go to DynamoDB in AWS_REGION. GATEWAY_AUDIT=1 logs each
-- call. Each response closes its connection and has no x-amz-crc32.

local gateway = dofile("examples/gateway/gateway.lua")
local socket = require("socket")

local MAX_BYTES = 17 * 2 ^ 20 -- of a request; BatchWriteItem takes 16 MB

local function audit(line) io.stderr:write("audit: ", line, "\n") end

local handle = gateway.new({}, os.getenv("GATEWAY_AUDIT") and audit or nil)

-- Reads the head of a request -> its first line, headers by lower-case name | nil when the client has gone.
local function receive_head(client)
  local first, headers = client:receive(), {}
  local line = first
  while line and line ~= "" do
    line = client:receive()
    local name, value = (line or ""):match("^([^:]+):%s*(.-)%s*$")
    if name then headers[name:lower()] = value end
  end
  return line and first, headers
end

-- Reads a request -> X-Amz-Target, body | nil, HTTP status | nil when the client has gone.
local function receive(client)
  local line, headers = receive_head(client)
  if not line then return nil end
  if not line:find("^POST / HTTP/1%.1$") then return nil, 404 end
  if headers["transfer-encoding"] then return nil, 411 end
  local length = tonumber((headers["content-length"] or "0"):match("^%d+$"))
  if not length then return nil, 400 end
  if length > MAX_BYTES then return nil, 413 end
  if headers.expect then client:send("HTTP/1.1 100 Continue\r\n\r\n") end
  local body = length == 0 and "" or client:receive(length) -- receive(0) would wait for more
  return body and (headers["x-amz-target"] or ""), body
end

local function serve(client)
  client:settimeout(10)
  local target, body = receive(client)
  local status, text, request_id = body, "", nil
  if target then status, text, request_id = handle(target, body) end
  if not status then return end
  client:send(("HTTP/1.1 %d Gateway\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n%s"
    .. "Connection: close\r\n\r\n%s"):format(status, #text,
    request_id and "X-Amzn-RequestId: " .. request_id .. "\r\n" or "", text))
end

local server = assert(socket.bind("127.0.0.1", tonumber(arg[1] or 8001)))
io.stdout:write("listening on ", (select(2, server:getsockname())), "\n")
io.stdout:flush()
while true do
  local client = assert(server:accept())
  serve(client)
  client:close()
end
