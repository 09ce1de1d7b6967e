--- The transport for plain Lua: connections by libcurl. In a task, waiting lets other tasks run; outside of
--- tasks it blocks. doc/transport.md describes what a transport has to offer.

local core = require("dynamodb.core")
local late = require("dynamodb.base.late")
local loop = late.module("dynamodb.loop")
local native = require("dynamodb.curl")
local parking = require("dynamodb.loop.parking")
local system = require("dynamodb.base.system")

local now, running = native.now, parking.running

local curl = {
  --- Returns seconds of a monotonic clock.
  now = now,
  --- Returns seconds since 1970.
  time = system.time,
  --- Raises in a cancelled task.
  check = parking.check,
  --- Returns a value that changes with each fork.
  process = native.forks,
  --- Calls functions concurrently, as tasks.
  gather = late.call("dynamodb.loop", "gather"),
  --- Starts a task -> job with 'done' and cancel(collected). A finalizer may cancel it, too.
  spawn = function(f)
    local task = loop.spawn(f)
    return setmetatable({ cancel = function() return task:cancel() end }, { __index = task })
  end,
}

-- libcurl's failures that another attempt would meet again. COULDNT_RESOLVE_HOST is not among them: a name
-- server that fails for a moment looks the same as a name that does not exist.
local permanent_codes = {}
for _, name in ipairs({
  "UNSUPPORTED_PROTOCOL", -- the URL's scheme
  "URL_MALFORMAT",
  "NOT_BUILT_IN", -- this libcurl lacks what an option needs
  "UNKNOWN_OPTION", -- this libcurl is older than an option
  "BAD_FUNCTION_ARGUMENT", -- a value that libcurl refuses
  "SSL_CERTPROBLEM", -- the client certificate or its key cannot be used
  "PEER_FAILED_VERIFICATION", -- the server's certificate
  "SSL_CACERT_BADFILE", -- the CA bundle cannot be read
  "SSL_ISSUER_ERROR", -- the issuer of the server's certificate
  "SSL_CIPHER", -- no cipher in common
}) do
  permanent_codes[native.codes[name]] = true
end

-- A proxy's refusal is permanent unless its status means "later".
local function is_permanent(code, proxy_status)
  if permanent_codes[code] then return true end
  return proxy_status >= 400 and proxy_status < 500 and proxy_status ~= 408 and proxy_status ~= 429
end

-- OpenSSL, GnuTLS and others name a server that does not speak TLS by what they could not parse.
local plain_replies = { "wrong version number", "unexpected TLS packet", "record overflow",
  "packet length too long" }

-- Explains a failure that libcurl leaves to its TLS library.
local function explain(endpoint, why)
  for _, reply in ipairs(plain_replies) do
    if why:find(reply, 1, true) then
      return ("%s does not speak TLS (%s); for plain HTTP the endpoint's URL begins with http://"):format(
        endpoint.url:match("^https://([^/]*)") or endpoint.url, why)
    end
  end
  return why
end

--- Opens a connection.
---@param endpoint table { url }
---@param timeout number seconds
---@param options? table ca_bundle, client_certificate, client_key, proxy, tcp_keepalive, unix_socket
---@return userdata? socket
---@return string? kind "network" or "timeout"
---@return string? why
---@return boolean? permanent true when another attempt would fail as well
function curl.connect(endpoint, timeout, options)
  local task = running()
  local socket, kind, why, code, proxy_status
  if task then
    socket, kind, why, code, proxy_status = parking.connect(task, endpoint.url, timeout, options)
  else
    socket, kind, why, code, proxy_status = native.connect(endpoint.url, timeout, options)
  end
  if socket then return socket end
  return nil, kind, explain(endpoint, why), is_permanent(code, proxy_status)
end

--- Returns how long connecting took: { name, connect, tls }, in seconds.
function curl.timings(socket)
  local name, connect, tls = socket:timings()
  return { name = name, connect = connect, tls = tls }
end

-- Waits until the socket can be read or written -> true | nil, kind, why.
local function wait(socket, mode, deadline)
  local left, task = deadline - now(), running()
  if left > 0 then
    local is_ready, why
    if task then
      is_ready, why = parking.wait(task, socket, mode, deadline)
    else
      is_ready, why = socket:wait(mode, left)
    end
    if is_ready then return true end
    if is_ready == nil then return nil, "network", why end -- the system has no memory or descriptor for it
  end
  return nil, "timeout", "no response in time"
end

--- Sends all bytes -> true | nil, kind, why.
function curl.send(socket, bytes, deadline)
  local first = 1
  while true do
    local count, kind, why = socket:send(bytes, first)
    if not count then return nil, kind, why end
    first = first + count
    if first > #bytes then return true end
    local ready
    ready, kind, why = wait(socket, "write", deadline)
    if not ready then return nil, kind, why end
  end
end

--- Receives the bytes that are there, at least one -> bytes | nil, "closed" or another kind, why.
---@param is_first? boolean true for the first bytes of a response: they are not there yet, so it waits before
--- it tries to read
function curl.receive(socket, deadline, is_first)
  local must_wait = is_first
  while true do
    if must_wait then
      local ready, kind, why = wait(socket, "read", deadline)
      if not ready then return nil, kind, why end
    end
    local bytes, kind, why = socket:receive()
    if bytes ~= "" then return bytes, kind, why end
    must_wait = true
  end
end

-- Sends a request and receives its response, without a Lua string for either.
---@param request userdata core.new_request
---@param response userdata core.response
---@return integer? status of HTTP, or nil
---@return number|string now seconds, or the kind of failure: "network", "timeout" or "response"
---@return integer|string received bytes, or why it failed
---@return number|boolean first_byte seconds, or true when the whole request was sent
---@return boolean? keep_alive the connection can carry another request
local function exchange(socket, request, response, deadline)
  if not running() then return core.exchange(request, response, socket, deadline) end
  local status, what, received, first_byte, keep_alive = core.exchange(request, response, socket)
  while status == false do -- it has to wait, to "read" or to "write"
    local is_ready, kind, why = wait(socket, what, deadline)
    if not is_ready then return nil, kind, why, what == "read" end
    status, what, received, first_byte, keep_alive = core.resume(request, response, socket)
  end
  return status, what, received, first_byte, keep_alive
end

--- 'call' in place of these two functions, for the client's own requests.
curl.exchange = { send = curl.send, receive = curl.receive, call = exchange }

--- Can an idle connection be reused? Not when the server closed it or sent bytes unasked, nor when a parent
--- process opened it.
function curl.idle(socket)
  return socket:idle()
end

--- Ends the connection while another task sends or receives by it: that task's call fails.
function curl.abort(socket)
  socket:shutdown()
end

function curl.close(socket)
  socket:close()
end

--- Waits.
function curl.sleep(seconds)
  local task = running()
  if task then return parking.sleep(task, seconds) end
  return native.sleep(seconds)
end

--- Returns where the tasks run that the caller can wait for | nil when nothing runs meanwhile.
function curl.place()
  local task = running()
  return task and task.loop
end

--- Returns a waiter, by which the caller waits until another task wakes it | nil where nothing else runs
--- meanwhile.
function curl.waiter()
  local task = running()
  return task and parking.waiter(task)
end

return curl
