--- Runs a separate nginx with Debian's Lua module or OpenResty's, and sends requests to it.

local core = require("dynamodb.core")
local curl = require("dynamodb.transport.curl")
local files = dofile("spec/support/files.lua")
local ports = dofile("spec/support/ports.lua")
local read = require("dynamodb.base.system").read_file -- returns nil if there is no file

local nginx = {}

local function output_of(command)
  return files.output_of(command .. " 2>&1")
end

-- {===== The installed nginx =====

local PATH = "PATH=$PATH:/usr/sbin:/usr/local/openresty/nginx/sbin "
local built = output_of(PATH .. "nginx -V")
local modules = built:match("%-%-modules%-path=(%S+)") or ""
local root = output_of("pwd"):match("[^\n]+")

-- OpenResty has the Lua module built in.
local function load_lines()
  if built:find("ngx_lua", 1, true) then return "" end
  return ("load_module %s/ndk_http_module.so;\nload_module %s/ngx_http_lua_module.so;\n"):format(modules, modules)
end

-- ===================== }
-- {===== Configuration =====

local COMMON = [[
daemon off; pid nginx.pid; error_log error.log info; worker_shutdown_timeout 5s;
env AWS_ENDPOINT_URL_DYNAMODB; env DYNAMODB_TLS_ENDPOINT; env DYNAMODB_TLS_WRONG_HOST_ENDPOINT;
env DYNAMODB_TLS_UNKNOWN_CA_ENDPOINT;
events { worker_connections 1024; }
http {
access_log off;
client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
lua_socket_log_errors off; lua_socket_buffer_size 32k; lua_ssl_verify_depth 3;
lua_shared_dict notes 1m;
]]

local KEYS = "env AWS_ACCESS_KEY_ID; env AWS_SECRET_ACCESS_KEY;"

-- Whether tools/linecov.lua measures this run. Lines that run inside nginx are then counted as well.
local measured = (os.getenv("SPEC") or ""):find("linecov", 1, true) ~= nil

-- nginx loads the modules built for LuaJIT, whichever Lua runs the spec.
local PATHS = ([[
lua_package_path "{ROOT}/lua/?.lua;{ROOT}/lua/?/init.lua;{ROOT}/spec/support/?.lua;;";
lua_package_cpath "{ROOT}/build/luajit/?.so;;";
]]):gsub("{ROOT}", root)

local function http_lines(settings)
  local measure, note, http = "", "", settings.http or ""
  if measured then
    measure, note = 'dofile("tools/linecov.lua") ', "exit_worker_by_lua_block { LINECOV() }"
    local count -- nginx accepts one such block
    http, count = http:gsub("exit_worker_by_lua_block {", "%0 LINECOV() ")
    if count > 0 then note = "" end
  end
  return table.concat({ PATHS, "init_by_lua_block { ", measure, settings.init or "", " }", note, http }, "\n")
end

-- Adapts a complete nginx.conf: adds the paths, the port and the location /up.
local function adapted(text, port)
  local first, folders = COMMON:match("^([^\n]*\n)"), COMMON:match("\n(client_body_temp_path[^\n]*\n)")
  text = text:gsub("\nhttp {", function(found) return found .. "\n" .. folders .. PATHS end)
  text = text:gsub("listen %d+;", ("listen 127.0.0.1:%d; location = /up { return 200; }"):format(port))
  return first .. KEYS .. "\n" .. text
end

local function configuration(settings, directory, port)
  local user = output_of("id -un"):match("%S+")
  local lines = { load_lines(), user == "root" and "user root root;" or "" }
  if settings.whole then
    lines[3] = adapted(settings.whole, port)
    return table.concat(lines, "\n")
  end
  lines[3] = ("worker_processes %d;"):format(settings.workers or 1)
  lines[4], lines[5], lines[6] = settings.main or KEYS, COMMON, http_lines(settings)
  lines[7] = ("server {\nlisten 127.0.0.1:%d;\n%s\n}\n}\n"):format(port, settings.server or "")
  local values = { ["PORT"] = port, ["PORT+1"] = port + 1, ["DIR"] = directory }
  return (table.concat(lines, "\n"):gsub("{([%u+1]+)}", values))
end

-- ===================== }
-- {===== Requests =====

-- Sends a request on a new connection -> a function that waits for the response and returns status, body.
local function ask(url, path, options)
  local socket = assert(curl.connect({ url = url }, 5, options))
  local deadline = curl.now() + 30
  assert(curl.send(socket, ("GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"):format(path), deadline))
  return function()
    local response = core.response():reset()
    while true do
      local bytes, kind, why = curl.receive(socket, deadline, true)
      if not bytes then
        socket:close()
        assert(kind == "closed" and response:finish(), why)
        return response:status(), response:body()
      end
      local done, invalid = response:feed(bytes)
      assert(done ~= nil, invalid)
      if done then
        socket:close()
        return response:status(), response:body()
      end
    end
  end, socket
end

nginx.ask = ask

-- ===================== }
-- {===== Running =====

local running = {}

-- The shell stops nginx when this process closes the pipe or ends. It repeats the signal after 2 seconds, since nginx
-- ignores one that comes while it tries to bind a port that is in use.
local SCRIPT = [[cd '%s' && { %s exec env -u LD_PRELOAD nginx -p '%s/' -c nginx.conf -e error.log >'%s/output' 2>&1 & }
pid=$!; read -r word; kill -QUIT $pid 2>/dev/null
(sleep 2; kill -QUIT $pid; sleep 20; kill -KILL $pid) >/dev/null 2>&1 & again=$!
wait $pid; kill $again]]

local function is_up(url, directory)
  if not read(directory .. "/nginx.pid") then return false end
  local ok, status = pcall(function() return ask(url, "/up")() end)
  return ok and status == 200
end

local function start_at(settings, directory, port)
  files.write(directory .. "/nginx.conf", configuration(settings, directory, port))
  local shell = assert(io.popen(SCRIPT:format(root, PATH, directory, directory), "w"))
  local url = ("http://127.0.0.1:%d"):format(port)
  local deadline = curl.now() + 20
  repeat
    if is_up(url, directory) then return shell, url end
    curl.sleep(0.02)
    local trouble = (read(directory .. "/output") or "") .. (read(directory .. "/error.log") or "")
  until trouble:find("%[emerg%]") or trouble:find("init_by_lua error") or curl.now() > deadline
  shell:close()
  return nil
end

--- Starts nginx. 'settings' are main, http and server (parts of nginx.conf, in which {DIR} is its directory and {PORT} and
--- {PORT+1} are its ports), init (Lua for init_by_lua) and workers; or whole, a complete nginx.conf.
--- Returns { url, port, directory, get(path) -> status, body; ask(path) -> function; log(), reload(), stop() }.
function nginx.start(settings)
  local directory = os.tmpname()
  os.remove(directory)
  assert(os.execute("mkdir -p " .. directory))
  settings.server = "location = /up { return 200; }\n" .. (settings.server or "")
  local shell, url, port
  for _ = 1, 10 do
    port = ports.free() -- nginx runs init_by_lua before it binds its ports, so a port in use would let it run twice
    shell, url = start_at(settings, directory, port)
    if shell then break end
    os.remove(directory .. "/error.log")
  end
  local function log() return read(directory .. "/error.log") or "" end
  assert(shell, "nginx does not start: " .. log() .. (read(directory .. "/output") or ""))
  local server = { url = url, port = port, directory = directory, log = log }
  function server.ask(path) return (ask(url, path)) end
  function server.get(path) return ask(url, path)() end
  function server.reload() assert(os.execute("kill -HUP " .. read(directory .. "/nginx.pid"))) end
  function server.stop()
    if not running[server] then return end
    running[server] = nil
    shell:close() -- waits until nginx has ended
    os.execute("rm -rf " .. directory)
  end
  running[server] = true
  return server
end

--- Stops all servers that are still running.
function nginx.stop()
  for server in pairs(running) do server.stop() end
end

--- Where no nginx with Lua is installed: makes the running spec, or the file, pending.
---@param pending function busted's function of that name, which only spec files and specs have
---@param what string what cannot be tried
---@return boolean whether it is pending
function nginx.is_pending(pending, what)
  if built:find("ngx_lua", 1, true) or read(modules .. "/ngx_http_lua_module.so") then return false end
  pending(("%s: no nginx with Lua here (%s)"):format(what, modules))
  return true
end

-- ===================== }

return nginx
