--- The transport for nginx and OpenResty: cosockets, which do not block the worker. With loop/phase the only
--- file that knows nginx. doc/transport.md describes what a transport has to offer, doc/nginx.md what
--- nginx.conf needs.
-- Source: README of lua-nginx-module 0.10.23 (cosockets, phases, light threads).

local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local late = require("dynamodb.base.late")
local system = require("dynamodb.base.system")
local trust = late.module("dynamodb.transport.nginx_trust")

local now = core.now

local nginx = {
  --- Returns seconds of a monotonic clock. nginx's own clock stands still while Lua runs.
  now = now,
  --- Returns seconds since 1970.
  time = system.time,
}

--- Returns the process, since connections do not survive a fork.
function nginx.process()
  return ngx.worker.pid()
end

--- Returns the shared dictionary of that name | nil.
function nginx.shared(name)
  return ngx.shared[name]
end

--- Loads the modules of OpenResty that the functions below load when they need them.
function nginx.preload()
  require("ngx.semaphore")
  require("ngx.ssl")
end

-- {===== Connecting =====

-- names that are resolved without a resolver
local known_names = { localhost = "127.0.0.1" }

-- Returns how to connect, and a name for nginx's pool that is the same only for interchangeable connections.
local function plan(endpoint, options, limits)
  local scheme, authority = endpoint.url:match("^(https?)://([^/]+)")
  local host, port = authority:match("^(.-):(%d+)$")
  host, port = host or authority, tonumber(port) or (scheme == "https" and 443 or 80)
  local proxy = not options.unix_socket and options.proxy ~= "" and options.proxy or nil
  local size = limits.max_connections or 64
  local way = ("verified=%s by=%s via=%s certificate=%s size=%d"):format(tostring(scheme == "https"),
    options.ca_bundle or "", options.unix_socket or proxy or "", options.client_certificate or "", size)
  -- It may contain a proxy's password.
  local name = ("dynamodb %s://%s:%d %s"):format(scheme, host, port, core.sha256(way))
  return { host = host, port = port, tls = scheme == "https", sni = host:match("^%[(.*)%]$") or host,
    proxy = proxy, unix_socket = options.unix_socket, size = size, pool = name, options = options,
    limits = limits }
end

local plans = setmetatable({}, { __mode = "k" })
local NONE = {}

local function plan_for(endpoint, options, limits)
  options, limits = options or NONE, limits or NONE
  local found = plans[endpoint]
  if not found or found.options ~= options or found.limits ~= limits then
    found = plan(endpoint, options, limits)
    plans[endpoint] = found
  end
  return found
end

-- nginx does not tell the age of a kept connection, so with max_connection_age the pool's name changes from
-- time to time.
local function pool_options(target)
  local age, name = target.limits.max_connection_age, target.pool
  if age then name = ("%s since=%d"):format(name, math.floor(now() / age)) end
  return { pool = name, pool_size = target.size, backlog = 65535 }
end

-- nginx takes whole milliseconds as a C int; 0 means its default.
local function set_timeout(sock, deadline)
  sock:settimeout(math.max(1, math.min(math.ceil((deadline - now()) * 1000), 2 ^ 31 - 1)))
end

-- Returns true when nginx's message names a failure that another attempt would meet again.
local function is_permanent(why)
  return why:find("no resolver", 1, true) ~= nil or why:find("certificate", 1, true) ~= nil
    or why:find("^option ") ~= nil
end

-- Returns the results of a failed call: nil, kind, text, is it permanent.
local function failed(what, why)
  if why == "timeout" then return nil, "timeout", what .. ": no response in time" end
  if why:find("no resolver defined", 1, true) then
    why = "nginx.conf names no resolver, such as: resolver 127.0.0.53 valid=30s ipv6=off;"
  end
  return nil, "network", what .. ": " .. why, is_permanent(why)
end

-- Returns host, port and user:password of a proxy | nil, why.
local function proxy_parts(url)
  local scheme, authority = url:match("^(%a[%w+.-]*)://([^/]*)")
  if scheme ~= "http" then
    return nil, "option 'proxy': http://... expected in nginx, not " .. tostring(scheme)
  end
  local user, host_port = authority:match("^(.*)@(.*)$")
  host_port = host_port or authority
  return host_port:match("^(.-):%d+$") or host_port, tonumber(host_port:match(":(%d+)$")) or 1080, user
end

local function unescape(text)
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- Asks the proxy for a tunnel to the endpoint -> true | nil, why. Source: RFC 9110 section 9.3.6.
local function tunnel(sock, target, user)
  local host_port = ("%s:%d"):format(target.host, target.port)
  local login = user and "Proxy-Authorization: Basic " .. ngx.encode_base64(unescape(user)) .. "\r\n" or ""
  local ok, why = sock:send(("CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n"):format(host_port, host_port, login))
  if not ok then return nil, why end
  local head
  head, why = sock:receiveuntil("\r\n\r\n")(65536)
  if not head then return nil, why end
  local status = head:match("^HTTP/1%.[01] (%d%d%d)%f[%D]")
  if status and status:sub(1, 1) == "2" then return true end
  return nil, "its response was " .. (status or "not HTTP")
end

-- Parses the file that an option names -> parsed value | nil, why.
local function read_option(options, name, parse)
  local text, why = system.read_file(options[name])
  local value
  if text then value, why = parse(text) end
  if value then return value end
  return nil, ("option '%s': %s: %s"):format(name, options[name], why or "no such file")
end

-- Sets the client certificate, if there is one -> true | nil, why. The files are read each time, since they
-- may change.
local function show_certificate(sock, options)
  if not options.client_certificate then return true end
  if not sock.setclientcert then
    return nil, "option 'client_certificate': needs lua-nginx-module 0.10.22 or later"
  end
  local ssl, key = require("ngx.ssl"), nil
  local certificate, why = read_option(options, "client_certificate", ssl.parse_pem_cert)
  if certificate then key, why = read_option(options, "client_key", ssl.parse_pem_priv_key) end
  if not key then return nil, why end
  return sock:setclientcert(certificate, key)
end

-- Explains a failed handshake. The number at the start of the text may belong to an earlier failure.
local function explained(target, why)
  why = why:gsub("^%d+: ", "")
  if why:find("host mismatch", 1, true) then
    return ("the certificate is not one for '%s' (nginx compares names, not addresses)"):format(target.sni)
  end
  if not why:find("certificate", 1, true) then return why end
  if target.trusts then return ("ca_bundle does not trust the certificate (%s)"):format(why) end
  local hint = target.options.ca_bundle and ", 'ca_bundle' only whom libcurl does" or ""
  local text = "the certificate is not trusted (%s); lua_ssl_trusted_certificate names whom nginx trusts%s"
  return text:format(why, hint)
end

-- Does the TLS handshake -> true | nil, why. When the handshake takes no time, lua-resty-core 0.1.25 raises
-- instead of returning that verification failed (its issue 499).
local function shake_hands(sock, target)
  local ok, session, why = pcall(sock.sslhandshake, sock, nil, target.sni, true)
  if not ok and not tostring(session):find("assertion failed", 1, true) then error(session, 0) end
  if not ok then why = "certificate of an unknown authority, or not for '" .. target.sni .. "'" end
  if why then return nil, explained(target, why) end
  return true
end

-- Prepares a new connection for requests: options, proxy tunnel, TLS -> true | nil, kind, why, permanent.
local function prepare(socket, target, user)
  local sock, options = socket.sock, target.options
  local ok, why = true, nil
  if not target.unix_socket then ok, why = sock:setoption("tcp-nodelay", 1) end
  if ok and options.tcp_keepalive then ok, why = sock:setoption("keepalive", 1) end
  if not ok then return failed("connection to " .. target.host, why) end
  if target.proxy then
    ok, why = tunnel(sock, target, user)
    if not ok then return failed(("proxy for %s"):format(target.host), why) end
  end
  if not target.tls then return true end
  local start = now()
  ok, why = show_certificate(sock, options)
  if ok and options.ca_bundle then ok, why = trust.apply(sock, target) end
  if ok then ok, why = shake_hands(sock, target) end
  if not ok then return failed("TLS with " .. target.host, why) end
  socket.tls = now() - start
  return true
end

-- Connects to the endpoint or its proxy -> true, user:password of the proxy | nil, kind, why, permanent.
local function reach(sock, target)
  local host, port, user = target.host, target.port, nil
  local ok, why
  if target.proxy then
    host, port, user = proxy_parts(target.proxy)
    if not host then return failed("connection to " .. target.host, port) end
  end
  if target.unix_socket then
    host = target.unix_socket
    ok, why = sock:connect("unix:" .. host, pool_options(target))
  else
    ok, why = sock:connect(known_names[host] or host, port, pool_options(target))
  end
  if not ok then return failed("connection to " .. host, why) end
  return true, user
end

--- Opens a connection, or takes one from nginx's pool -> socket | nil, kind, why, permanent. 'options' are
--- those of transport/curl; 'limits' has max_connections and max_connection_age.
function nginx.connect(endpoint, seconds, options, limits)
  local target, sock, start = plan_for(endpoint, options, limits), ngx.socket.tcp(), now()
  local socket = { sock = sock }
  set_timeout(sock, start + seconds)
  local ok, user, why, permanent = reach(sock, target)
  if not ok then return nil, user, why, permanent end
  socket.reused, socket.connect = sock:getreusedtimes() > 0, now() - start
  if socket.reused then return socket end
  local kind
  set_timeout(sock, start + seconds)
  ok, kind, why, permanent = prepare(socket, target, user)
  if ok then return socket end
  sock:close()
  return nil, kind, why, permanent
end

-- ===================== }
-- {===== A connection =====

local LATE = "no response in time"

--- Returns how long connecting took: { connect, tls }, in seconds.
function nginx.timings(socket)
  return { connect = socket.connect, tls = socket.tls }
end

--- Returns true when the connection was taken from nginx's pool.
function nginx.reused(socket)
  return socket.reused
end

--- Sends all bytes -> true | nil, kind, why.
function nginx.send(socket, bytes, deadline)
  if deadline <= now() then return nil, "timeout", LATE end
  set_timeout(socket.sock, deadline)
  local ok, why = socket.sock:send(bytes)
  if ok then return true end
  return failed("sending", why)
end

local RECEIVE_BYTES = 65536 -- at most in one call; lua_socket_buffer_size may make it less

--- Receives the bytes that are there, at least one -> bytes | nil, "closed" or another kind, why.
function nginx.receive(socket, deadline)
  if deadline <= now() then return nil, "timeout", LATE end
  set_timeout(socket.sock, deadline)
  local bytes, why = socket.sock:receiveany(RECEIVE_BYTES)
  if bytes then return bytes end
  if why == "closed" then return nil, "closed", "the server closed the connection" end
  return failed("receiving", why)
end

--- Gives the connection to nginx's pool -> true. A cosocket belongs to one request and cannot be kept in Lua.
function nginx.keep(socket, limits)
  local ok = socket.sock:setkeepalive(math.ceil((limits.max_idle_time or 50) * 1000), limits.max_connections)
  if not ok then socket.sock:close() end -- the server has sent bytes unasked
  return true
end

--- Returns false: this transport's connections are never kept in Lua.
function nginx.idle()
  return false
end

function nginx.close(socket)
  socket.sock:close()
end

--- Waits. Other requests go on meanwhile.
function nginx.sleep(seconds)
  ngx.sleep(math.max(seconds, 0.001))
end

-- ===================== }

local function pack(...) return { n = select("#", ...), ... } end

-- Waits until the threads have posted 'ended', and kills them at the deadline.
local function wait_for(threads, ended, deadline)
  for _ = 1, #threads do
    if not ended:wait(math.max(deadline - now(), 0)) then
      for _, thread in ipairs(threads) do ngx.thread.kill(thread) end
      return
    end
  end
end

--- Calls functions concurrently, at most 'concurrency' at a time, until the absolute deadline -> for each
--- what pcall returns, in order, as a table with n.
function nginx.gather(list, concurrency, deadline)
  local results, started, threads = {}, 0, {}
  local ended = deadline and require("ngx.semaphore").new()
  local function work()
    while started < #list and not (deadline and now() >= deadline) do
      started = started + 1
      local index = started
      results[index] = pack(pcall(list[index]))
    end
    if ended then ended:post(1) end
  end
  for i = 1, math.min(concurrency or #list, #list) do threads[i] = ngx.thread.spawn(work) end
  if ended then wait_for(threads, ended, deadline) end
  for _, thread in ipairs(threads) do ngx.thread.wait(thread) end
  local too_late = errors.locate(errors.new({ kind = "timeout", message = "no time left" }))
  for i = 1, #list do results[i] = results[i] or { n = 2, false, too_late } end
  return results
end

-- {===== Beside the caller =====

--- Returns where light threads run that the caller can wait for: its request.
function nginx.place()
  return ngx.ctx
end

local Job = {}
Job.__index = Job

-- For each light thread the jobs that it started. nginx keeps the memory of a finished light thread until its
-- parent waits for it or kills it.
local begun = setmetatable({}, { __mode = "k" })

--- Starts a function in a light thread -> job. Its field 'done' is true when the function has ended.
function nginx.spawn(f)
  local me = coroutine.running()
  local list, job = {}, setmetatable({ done = false }, Job)
  for _, other in ipairs(begun[me] or list) do
    if other.done then ngx.thread.kill(other.thread) else list[#list + 1] = other end
  end
  list[#list + 1], begun[me] = job, list
  job.thread = ngx.thread.spawn(function()
    local ok, why = pcall(f)
    job.done = true
    if not ok then error(why, 0) end
  end)
  return job
end

--- Kills the light thread. A finalizer, which may run in another request, cannot.
function Job:cancel(collected)
  if not collected then self.done = ngx.thread.kill(self.thread) == 1 or self.done end
end

--- Calls a function in a timer, where it can wait, from phases that cannot -> true | nil, why. While the
--- worker exits, nginx takes only timers without a delay. It has none in exit_worker.
function nginx.later(seconds, f)
  if ngx.get_phase() == "exit_worker" then return nil, "the worker exits" end
  local function call() f() end
  local ok, why = ngx.timer.at(seconds, call)
  if not ok and why == "process exiting" then ok, why = ngx.timer.at(0, call) end
  return ok, why
end

--- May a light thread that ran in that request still go on? The state of another request's thread is unknown.
function nginx.alive(thread, place)
  return place ~= ngx.ctx or coroutine.status(thread) ~= "dead"
end

local Waiter = {}
Waiter.__index = Waiter

--- Returns a waiter, by which the caller waits until another light thread wakes it.
function nginx.waiter()
  return setmetatable({ semaphore = require("ngx.semaphore").new() }, Waiter)
end

--- Waits to be woken -> true | false at the deadline. A semaphore counts whole milliseconds, and does not
--- wait at all for less than one, so the time is rounded up.
function Waiter:wait(deadline)
  local left = deadline - now()
  return (self.semaphore:wait(left > 0 and (math.ceil(left * 1000) + 0.5) / 1000 or 0)) == true
end

function Waiter:wake()
  return self.semaphore:post(1) == true
end

-- ===================== }

return nginx
