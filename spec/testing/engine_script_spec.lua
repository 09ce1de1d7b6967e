-- The supervisor of local servers: a server ends with its owner, however the owner ends.

local curl = require("dynamodb.transport.curl")
local files = dofile("spec/support/files.lua")

local DEADLINE = 5 -- seconds; half a second is usual

-- Runs a Lua program that starts a server and prints its port and the id of its process, then 'ending'. Returns the
-- port, and whether the server responded at first.
local function run(ending)
  local path = os.tmpname()
  files.write(path, ([[
    local testing = require("dynamodb.testing")
    local server = testing.server({ directory = "spec/support"%s })
    print(server.port, #assert(server:connect():list_tables()))
    io.stdout:flush()
    %s]]):format(os.getenv("DYNAMODB_ENGINE") == "dynalite" and ", engine = 'dynalite'" or "", ending))
  local text = files.output_of(("env -u LD_PRELOAD -u AWS_ENDPOINT_URL_DYNAMODB LUA_PATH='%s' LUA_CPATH='%s' '%s' %s 2>/dev/null")
    :format(package.path, package.cpath, os.getenv("LUA"), path))
  os.remove(path)
  return text:match("^(%d+)\t0\n")
end

local function is_open(port)
  local socket = curl.connect({ url = "http://127.0.0.1:" .. port }, 1, {})
  if socket then curl.close(socket) end
  return socket ~= nil
end

local function closes(port)
  local deadline = curl.now() + DEADLINE
  while is_open(port) do
    if curl.now() > deadline then return false end
    curl.sleep(0.05)
  end
  return true
end

describe("a server of the testing kit ends", function()
  if files.output_of("ls spec/support/node_modules/@dynoxide/*/dynoxide spec/support/node_modules/dynalite/cli.js 2>/dev/null")
    == "" then
    pending("with its owner: no engine is installed")
    return
  end

  for name, ending in pairs({
    ["when its owner returns"] = "",
    ["when its owner fails"] = "error('no')",
    ["when its owner exits at once"] = "os.exit(3, false)",
    ["when its owner is killed"] = "io.popen('kill -9 $PPID'):read('*a')",
    ["when its owner is killed, although a child process of the owner lives on"] =
      "os.execute('sleep 20 >/dev/null 2>&1 &') io.popen('kill -9 $PPID'):read('*a')",
  }) do
    it(name, function()
      local port = assert(run(ending), "the server did not start")
      assert.is_true(closes(port))
    end)
  end

end)
