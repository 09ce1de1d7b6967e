--- Starts spec/support/scripted_server.js, a server that sends bytes and makes pauses as scripted by the spec.

local cjson = require("cjson")
local dynamodb = require("dynamodb")
local files = dofile("spec/support/files.lua")
local recorder = dofile("spec/support/signature_recorder.lua")

local scripted = {}

local running = {}

-- Reads the log of a server -> number of connections, list of complete requests. An incomplete last line is skipped.
local function read_log(path)
  local connections, requests = 0, {}
  for line in files.read(path):gmatch("([^\n]*)\n") do
    local request = cjson.decode(line)[1]
    if request then requests[#requests + 1] = request else connections = connections + 1 end
  end
  return connections, requests
end

-- Returns the object of a server.
local function server_at(port, log, script)
  local server = { port = tonumber(port),
    endpoint_url = script.tls and "https://localhost:" .. port or "http://127.0.0.1:" .. port }
  function server.connections() return (read_log(log)) end
  function server.requests() return select(2, read_log(log)) end
  return server
end

--- Starts a node program of spec/support that prints its process id and its ports -> { port, ports, stop() }
function scripted.node(script, ...)
  local words = { ("exec env -u LD_PRELOAD node spec/support/%s"):format(script), ... }
  -- A sanitizer that is preloaded into Lua must not be preloaded into node.
  local process = assert(io.popen(table.concat(words, " ")))
  local pid, ports = assert(process:read("*l"), script .. " does not start"):match("^(%d+) (.*)$")
  local function stop()
    os.execute("kill " .. pid)
    process:close()
  end
  return { port = tonumber(ports:match("^%d+")), ports = ports, stop = stop }
end

--- Starts a node program of spec/support that prints its process id and then one line for each line that it reads ->
--- { send_command(word, ...) -> the reply, stop() }
function scripted.commanded(script)
  local fifo = os.tmpname()
  assert(os.execute(("rm '%s' && mkfifo '%s'"):format(fifo, fifo)))
  local pipe = assert(io.popen(("exec env -u LD_PRELOAD node spec/support/%s <'%s'"):format(script, fifo)))
  local file = assert(io.open(fifo, "w"))
  os.remove(fifo)
  file:setvbuf("line")
  local function read_reply()
    for line in pipe:lines() do
      if line ~= "" then return line end
    end
    error(script .. " has ended")
  end
  local pid = read_reply()
  return {
    send_command = function(...)
      file:write(table.concat({ ... }, " "), "\n")
      return read_reply()
    end,
    stop = function()
      os.execute("kill " .. pid)
      file:close()
      pipe:close()
    end,
  }
end

local function new_process() return scripted.commanded("scripted_server.js") end

local shared -- the process of all servers except those with 'full', which block their process

--- Starts servers by scripts: { connections =, rest =, tls =, unix =, full = }; scripted_server.js documents these fields.
--- Returns a list of { endpoint_url, port, connections(), requests(), stop() }. stop() of one server stops the whole list.
function scripted.start_all(scripts)
  local script, log = os.tmpname(), os.tmpname()
  files.write(script, cjson.encode(scripts))
  local own = scripts[1].full and new_process()
  if not own then shared = shared or new_process() end
  local ports = (own or shared).send_command("start", script, log)
  local servers, paths = {}, { script, log }
  local function stop()
    if not running[servers] then return end
    running[servers] = nil
    if own then own.stop() else shared.send_command("stop", log) end
    for _, server in ipairs(servers) do recorder.keep(server.requests()) end
    for _, path in ipairs(paths) do os.remove(path) end
  end
  for port in ports:gmatch("%d+") do
    local number = #servers
    paths[#paths + 1] = log .. number
    servers[number + 1] = server_at(port, log .. number, scripts[number + 1])
    servers[number + 1].stop = stop
  end
  running[servers] = stop
  return servers
end

--- Starts one server for these connections. 'settings' holds the other fields of its script.
function scripted.start(connections, settings)
  local script = { connections = connections }
  for name, value in pairs(settings or {}) do script[name] = value end
  return scripted.start_all({ script })[1]
end

--- Stops all servers that are still running.
function scripted.stop()
  for _, stop in pairs(running) do stop() end
end

--- Returns the bytes of a response with a Content-Length.
function scripted.response(body, status, headers)
  local lines = { ("HTTP/1.1 %d Scripted"):format(status or 200), "Content-Length: " .. #body }
  for name, value in pairs(headers or { ["Content-Type"] = "application/x-amz-json-1.0" }) do
    lines[#lines + 1] = name .. ": " .. value
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
end

--- Connects to a server with keys of the specs and the given options.
function scripted.connect(server, options)
  local given = { endpoint_url = server.endpoint_url, region = "eu-west-1", aws_access_key_id = "AKIDCANNED",
    aws_secret_access_key = "SECRETEXAMPLE", connect_timeout = 5, attempt_timeout = 5 }
  for name, value in pairs(options or {}) do given[name] = value end
  return dynamodb.connect(given)
end

return scripted
