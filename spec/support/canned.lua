--- Starts spec/support/canned.js: a server whose answers, down to the byte and the pause, are the spec's.

local cjson = require("cjson")
local dynamodb = require("dynamodb")
local recorder = dofile("spec/support/recorder.lua")

local canned = {}

local running = {}

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  file:close()
end

local function read_log(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return cjson.decode(text)
end

--- Starts a script of spec/support that prints its process and its port -> { port, stop() }
function canned.node(script, ...)
  local words = { ("exec env -u LD_PRELOAD node spec/support/%s"):format(script), ... }
  -- A sanitizer that is preloaded into Lua has no business in node.
  local process = assert(io.popen(table.concat(words, " ")))
  local pid, port = assert(process:read("*l"), script .. " does not start"):match("^(%d+) (%d+)$")
  local function stop()
    os.execute("kill " .. pid)
    process:close()
  end
  return { port = tonumber(port), stop = stop }
end

--- Starts a server for these connections, each a list of steps (canned.js tells which); 'settings' may have
--- tls, unix, full. -> { endpoint_url, port, connections(), requests(), stop() }
function canned.start(connections, settings)
  local script, log = os.tmpname(), os.tmpname()
  settings = settings or {}
  local tls = settings.tls
  write(script, cjson.encode({ connections = connections, tls = tls, unix = settings.unix, full = settings.full }))
  local node = canned.node("canned.js", script, log)
  local server = {
    port = node.port,
    endpoint_url = (tls and "https://localhost:%d" or "http://127.0.0.1:%d"):format(node.port),
  }
  function server.connections() return read_log(log).connections end
  function server.requests() return read_log(log).requests end
  function server.stop()
    if not running[server] then return end
    running[server] = nil
    node.stop()
    recorder.keep(server.requests())
    for _, path in ipairs({ script, log, log .. ".new" }) do os.remove(path) end
  end
  running[server] = true
  return server
end

--- Stops all servers that are still running.
function canned.stop()
  for server in pairs(running) do server.stop() end
end

--- The bytes of a response: its status line follows from 'status', its length from 'body'.
function canned.response(body, status, headers)
  local lines = { ("HTTP/1.1 %d Canned"):format(status or 200), "Content-Length: " .. #body }
  for name, value in pairs(headers or { ["Content-Type"] = "application/x-amz-json-1.0" }) do
    lines[#lines + 1] = name .. ": " .. value
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
end

--- A connection to a server, with keys of its own and these options.
function canned.connect(server, options)
  local given = { endpoint_url = server.endpoint_url, region = "eu-west-1", aws_access_key_id = "AKIDCANNED",
    aws_secret_access_key = "SECRETEXAMPLE", connect_timeout = 5, attempt_timeout = 5 }
  for name, value in pairs(options or {}) do given[name] = value end
  return dynamodb.connect(given)
end

return canned
