--- testing.server: a local DynamoDB for tests, which ends with its owner.

local arguments = require("dynamodb.base.arguments")
local blocks = require("dynamodb.testing.blocks")
local connection = require("dynamodb.connection")
local errors = require("dynamodb.error")
local options = require("dynamodb.base.options")
local script = require("dynamodb.testing.engine_script")
local system = require("dynamodb.base.system")

local server = {}

local FIRST_PORT, PORTS = 15000, 16000 -- free ports are searched below those that systems assign themselves
local TRIES = 20 -- ports
local SEARCH_TIMEOUT = 20 -- seconds; npm may be slow to tell its global folder
local PAUSE = 0.02 -- seconds between two looks at a server that starts
local VARIABLE = "AWS_ENDPOINT_URL_DYNAMODB"
local KEY = "local"

-- Engine -> seconds until it must be ready, and the word in its log by which it says so.
local ENGINES = {
  dynoxide = { seconds = 15, word = "listening" },
  dynalite = { seconds = 15, word = "listening" },
  jar = { seconds = 60 },
  image = { seconds = 120 }, -- it may be fetched first
}

local ADVICE = "no DynamoDB server was found%s. Install one: npm install --save-dev dynalite, or on Linux "
  .. "@dynoxide/linux-x64, which is faster. Or name one by option 'jar' (the path of DynamoDBLocal.jar), "
  .. "'image' (a container such as amazon/dynamodb-local) or 'endpoint_url'"

---@class dynamodb.testing.Server
---@field endpoint_url string
---@field port? integer nil when the server was not started here
---@field engine? "dynoxide"|"dynalite"|"jar"|"image" nil when the server was not started here
local Server = { __name = "dynamodb.testing.server" }
Server.__index = Server

local function is_port(value)
  return type(value) == "number" and value >= 1 and value <= 65535 and value % 1 == 0, "port number"
end

local server_options = {
  directory = options.text,
  endpoint_url = options.text,
  engine = options.choice("dynoxide", "dynalite"),
  image = options.text,
  jar = options.text,
  port = is_port,
}

local function check_options(given)
  local named = {}
  for _, name in ipairs({ "endpoint_url", "engine", "image", "jar" }) do
    if given[name] then named[#named + 1] = name end
  end
  if #named > 1 then
    errors.raise("testing.server: option '%s' excludes '%s'", named[1], named[2])
  end
  if given.endpoint_url and given.port then
    errors.raise("testing.server: option 'endpoint_url' excludes 'port'")
  end
end

-- Returns the output of the script's function, without its last line break | nil.
local function run(call)
  local text = system.run(script .. call, SEARCH_TIMEOUT)
  return text and text:gsub("\n$", "") or nil
end

-- Finds a program of one of these engines -> engine, path | nil.
local function find(engines, directory)
  for _, engine in ipairs(engines) do
    local path = run(("find_program %s %s"):format(engine, system.quote(directory or "")))
    if path then return engine, path end
  end
end

-- Returns the engine and its program. Raises when there is none.
local function engine_of(given)
  if given.jar then
    if not system.read_file(given.jar) then
      errors.raise("testing.server: option 'jar': '%s' cannot be read", given.jar)
    end
    if not run("command -v java") then errors.raise("testing.server: option 'jar' needs java") end
    return "jar", given.jar
  end
  if given.image then
    if not run("container_program") then
      errors.raise("testing.server: option 'image' needs docker or podman")
    end
    return "image", given.image
  end
  local engine, path = find(given.engine and { given.engine } or { "dynoxide", "dynalite" }, given.directory)
  if engine then return engine, path end
  local wanted = given.engine and (" (engine '%s')"):format(given.engine) or ""
  errors.raise("testing.server: %s", ADVICE:format(wanted))
end

-- {===== Starting =====

local function connect(url)
  return connection.connect({ endpoint_url = url, region = "us-east-1", aws_access_key_id = KEY,
    aws_secret_access_key = KEY, proxy = false, max_attempts = 1, connect_timeout = 2, attempt_timeout = 2 })
end

-- Returns true when something responds at the URL; the second value is the error object otherwise.
local function responds(conn)
  local _, err = conn:list_tables({ limit = 1 })
  return not err or err.kind == "service" or err.kind == "response", err
end

local function url_of(port)
  return ("http://127.0.0.1:%d"):format(port)
end

-- Returns true when nothing listens on the port.
local function is_free(transport, port)
  local socket = transport.connect({ url = url_of(port) }, 1, {})
  if socket then transport.close(socket) end
  return not socket
end

-- Waits until the server responds -> true | nil, why.
local function wait_until_ready(self, conn, transport)
  local engine = ENGINES[self.engine]
  local deadline = transport.now() + engine.seconds
  while transport.now() < deadline do
    local log = system.read_file(self.folder .. "/log") or ""
    if system.read_file(self.folder .. "/ended") then return nil, "it ended: " .. log end
    if (not engine.word or log:find(engine.word, 1, true)) and responds(conn) then return true end
    transport.sleep(PAUSE)
  end
  return nil, ("it does not respond within %d seconds"):format(engine.seconds)
end

-- Starts a server -> true | nil, why.
local function start(self, program, transport)
  local process, why = system.start(("exec sh -c %s sh %s %s %d"):format(
    system.quote(script .. 'supervise "$@"'), self.engine, system.quote(program), self.port))
  if not process then return nil, why end
  self.process = process
  self.pid, self.folder = (process:read_line() or ""):match("^(%d+) (.+)$")
  if not self.pid then return nil, "its supervisor ended" end
  local conn = connect(self.endpoint_url)
  local ok, ready, reason = pcall(wait_until_ready, self, conn, transport)
  conn:close()
  if ok and ready then return true end
  self:stop()
  if not ok then error(ready, 0) end
  return nil, reason
end

local function new(engine, port, url)
  return setmetatable({ engine = engine, port = port, endpoint_url = url or url_of(port) }, Server)
end

local function start_on(port, engine, program, transport)
  if not is_free(transport, port) then return nil, ("port %d is in use"):format(port) end
  local self = new(engine, port)
  local ok, why = start(self, program, transport)
  return ok and self or nil, why
end

-- Starts a server on the given port, or on a free one. Raises when it does not start.
local function start_engine(given)
  local engine, program = engine_of(given)
  local transport = require("dynamodb.transport.curl")
  local self, why
  for _ = 1, given.port and 1 or TRIES do
    local port = given.port or FIRST_PORT + math.floor(system.random() * PORTS)
    self, why = start_on(port, engine, program, transport)
    if self then return self end
  end
  errors.raise("testing.server: %s does not start: %s", engine, why)
end

-- Returns a server that runs already. Raises when it does not respond.
local function existing(url)
  local self = new(nil, nil, url)
  local conn = self:connect({ max_attempts = 1, connect_timeout = 5, attempt_timeout = 10 })
  local ok, err = responds(conn)
  conn:close()
  if not ok then errors.raise("testing.server: no DynamoDB responds at %s: %s", url, err.message) end
  return self
end

-- ===================== }

-- The processes of servers. A server ends with this Lua state, not when its object is collected.
local running = {}

--- Returns a DynamoDB server that is ready: the one at option endpoint_url; else a new one on 127.0.0.1 when
--- another option is given; else the one that AWS_ENDPOINT_URL_DYNAMODB names; else a new one. A new one ends
--- with busted's block that it is made in, by stop, and in any case with this process.
---@param given? table port (a free one by default), engine ("dynoxide", "dynalite"; by default the first one
--- that is installed), directory (whose node_modules is searched first), jar (path of DynamoDBLocal.jar),
--- image (of a container), endpoint_url
---@return dynamodb.testing.Server
function server.server(given)
  given = options.read(server_options, given, "testing.server")
  check_options(given)
  local url = given.endpoint_url or (next(given) == nil and system.getenv(VARIABLE))
  if url then return existing(url) end
  local self = start_engine(given)
  running[self] = self.process
  self._forget = blocks.at_end(function() self:stop() end)
  return self
end

--- Makes a connection to the server, as dynamodb.connect does with these options. By default its keys and its
--- region are made up, and it uses no proxy.
---@param given? table options of dynamodb.connect
---@return dynamodb.Connection
function Server:connect(given)
  given = options.merge({ endpoint_url = self.endpoint_url, proxy = false,
    region = system.getenv("AWS_REGION") or "us-east-1" }, given)
  if not (system.getenv("AWS_ACCESS_KEY_ID") or given.credentials or given.aws_access_key_id) then
    given.aws_access_key_id, given.aws_secret_access_key = KEY, KEY
  end
  return connection.connect(given)
end

--- Waits until the server has ended. Returns at once for a server that was not started here.
function Server:wait()
  if self.process then self.process:wait() end
end

--- Ends the server. Does nothing if it has ended, and for one that was not started here.
function Server:stop()
  local process = self.process
  if not process then return end
  self.process, running[self] = nil, nil
  if self._forget then self._forget() end
  if self.pid then system.run("kill " .. self.pid .. " 2>/dev/null || :", SEARCH_TIMEOUT) end
  process:wait()
  process:close()
end
Server.__close = Server.stop

function Server:__tostring()
  return ("Server(%s)"):format(self.endpoint_url)
end

--- Returns the servers that this Lua state has started and not ended: server -> its process.
function server.running() return running end

arguments.check_methods(Server, "server", { Server }, { connect = "options", stop = "", wait = "" })

return server
