-- Local servers for tests: found, started, connected to and stopped; what they raise.

local curl = require("dynamodb.transport.curl")
local files = dofile("spec/support/files.lua")
local helper = dofile("spec/support/helper.lua")
local ports = dofile("spec/support/ports.lua")
local system = require("dynamodb.base.system")
local testing = require("dynamodb.testing")

local SUPPORT = "spec/support"

-- Makes the spec pending where an engine is not installed.
local function need(pending, engine)
  local program = engine == "dynalite" and "/dynalite/cli.js" or "/@dynoxide/*/dynoxide"
  if files.output_of("ls " .. SUPPORT .. "/node_modules" .. program .. " 2>/dev/null") == "" then
    pending(engine .. " is not installed")
  end
end

local function responds(server)
  local conn = server:connect({ max_attempts = 1 })
  local names, err = conn:list_tables()
  conn:close()
  return names ~= nil, err
end

-- Calls the function without the variable that names a server.
local function without_variable(f, ...)
  local getenv = system.getenv
  function system.getenv(name) -- luacheck: ignore 122
    if name ~= "AWS_ENDPOINT_URL_DYNAMODB" then return getenv(name) end
  end
  local ok, result = pcall(f, ...)
  system.getenv = getenv -- luacheck: ignore 122
  if not ok then error(result, 0) end
  return result
end

describe("testing.server", function()
  for _, engine in ipairs({ "dynoxide", "dynalite" }) do
    it("starts " .. engine .. " on a free port, and stops it", function()
      need(pending, engine)
      local server = testing.server({ engine = engine, directory = SUPPORT })
      assert.equal(engine, server.engine)
      assert.equal("http://127.0.0.1:" .. server.port, server.endpoint_url)
      assert.equal(("Server(%s)"):format(server.endpoint_url), tostring(server))
      assert.is_true((responds(server)))
      local folder = server.folder
      server:stop()
      assert.is_false((responds(server)))
      assert.is_nil((system.read_file(folder .. "/log")))
      server:stop()
      server:wait()
    end)
  end

  it("starts the first engine that is installed, in this or a higher directory", function()
    local port = ports.free()
    local server = without_variable(testing.server, { directory = SUPPORT, port = port })
    assert.equal(port, server.port)
    assert.is_true((responds(server)))
    assert.error_matches(function() testing.server({ directory = SUPPORT, port = port }) end,
      ("^testing.server: %%l+ does not start: port %d is in use$"):format(port))
    server:stop()
  end)

  it("uses the server that is named, and does not stop it", function()
    local server = testing.server({ endpoint_url = helper.endpoint() })
    assert.is_nil(server.engine)
    server:stop()
    server:wait()
    assert.is_true((responds(server)))
    assert.equal(helper.endpoint(), testing.server().endpoint_url)
  end)

  it("says when no server responds there", function()
    assert.error_matches(function() testing.server({ endpoint_url = "http://127.0.0.1:1" }) end,
      "testing.server: no DynamoDB responds at http://127.0.0.1:1: ", 1, true)
  end)

  it("says what to install when there is no server", function()
    local run = system.run
    function system.run(command, seconds) -- luacheck: ignore 122
      if command:find("\nfind_program ", 1, true) then return nil, "exit code 1" end
      return run(command, seconds)
    end
    local ok, err = pcall(without_variable, testing.server)
    local _, other = pcall(testing.server, { engine = "dynalite" })
    system.run = run -- luacheck: ignore 122
    assert.is_false(ok)
    assert.matches("testing.server: no DynamoDB server was found. Install one: npm install --save-dev dynalite", err, 1, true)
    assert.matches("option 'jar' (the path of DynamoDBLocal.jar), 'image'", err, 1, true)
    assert.matches("no DynamoDB server was found (engine 'dynalite').", other, 1, true)
  end)

  it("shows the log of a server that ends at once", function()
    local run = system.run
    function system.run(command, seconds) -- luacheck: ignore 122
      if command:find("\nfind_program ", 1, true) then return "/bin/false\n" end
      return run(command, seconds)
    end
    local _, err = pcall(testing.server, { engine = "dynoxide", port = ports.free() })
    system.run = run -- luacheck: ignore 122
    assert.matches("testing.server: dynoxide does not start: it ended: ", err, 1, true)
  end)

  -- A java and a docker that check their arguments and become an engine of the specs.
  for option, program in pairs({ jar = "java", image = "docker" }) do
    it("starts DynamoDB Local by its " .. option, function()
      need(pending, "dynoxide")
      local directory = files.output_of("mktemp -d"):match("[^\n]+")
      local dynoxide = files.output_of("ls $PWD/" .. SUPPORT .. "/node_modules/@dynoxide/*/dynoxide"):match("[^\n]+")
      files.write(directory .. "/" .. program, ([[#!/bin/sh
echo "$*" >>"%s/arguments"
[ "$1" != rm ] || exit 0
while [ $# -gt 0 ]; do
  case $1 in
    -port) port=$2 ;;
    -p) port=${2#127.0.0.1:} && port=${port%%:8000} ;;
  esac
  shift
done
exec "%s" --host 127.0.0.1 --port "$port"
]]):format(directory, dynoxide))
      files.write(directory .. "/DynamoDBLocal.jar", "")
      os.execute(("chmod +x %s/%s"):format(directory, program))
      local start, run = system.start, system.run
      local path = ("PATH=%s:$PATH\n"):format(directory)
      function system.start(command) return start(path .. "export PATH\n" .. command) end -- luacheck: ignore 122
      function system.run(command, seconds) return run(path .. command, seconds) end -- luacheck: ignore 122
      local named = option == "jar" and directory .. "/DynamoDBLocal.jar" or "amazon/dynamodb-local"
      local ok, server = pcall(testing.server, { [option] = named })
      local worked = ok and responds(server)
      if ok then server:stop() end
      system.start, system.run = start, run -- luacheck: ignore 122
      local given = files.read(directory .. "/arguments")
      os.execute("rm -rf " .. directory)
      assert.is_true(ok, server)
      assert.is_true(worked)
      assert.equal(option, server.engine)
      local port = server.port
      assert.equal(option == "jar"
        and ("-Djava.library.path=%s/DynamoDBLocal_lib -jar %s -inMemory -sharedDb -port %d\n"):format(directory, named, port)
        or ("run --rm --name dynamodb-testing-%d -p 127.0.0.1:%d:8000 amazon/dynamodb-local "
          .. "-jar DynamoDBLocal.jar -inMemory -sharedDb\nrm -f dynamodb-testing-%d\n"):format(port, port, port), given)
    end)
  end

  it("runs in the foreground by make server, which prints how to use it", function()
    assert.matches("tools/server.lua $(PORT)", files.read("Makefile"), 1, true)
    local port = ports.free()
    local command = "LUA_PATH='%s' LUA_CPATH='%s' env -u LD_PRELOAD timeout -s INT 3 '%s' tools/server.lua %d 2>&1"
    local pipe = assert(io.popen(command:format(package.path, package.cpath, os.getenv("LUA"), port)))
    local lines = { pipe:read("*l"), pipe:read("*l"), pipe:read("*l") }
    local is_there, err = responds({ connect = function(_, given)
      given.endpoint_url = lines[3]:match("^export AWS_ENDPOINT_URL_DYNAMODB=(%S+) ")
      return helper.connect(given)
    end })
    assert.is_true(is_there, tostring(err))
    assert.equal("", pipe:read("*a"))
    pipe:close()
    assert.matches(("^A local DynamoDB %%(%%l+%%) runs at http://127.0.0.1:%d. Ctrl%%-C ends it."):format(port), lines[1])
    assert.is_false(ports.is_used(port))
  end)

  it("says by make server, in one line, that the port is in use", function()
    local server = without_variable(testing.server, { directory = SUPPORT })
    local command = "LUA_PATH='%s' LUA_CPATH='%s' env -u LD_PRELOAD '%s' tools/server.lua %d 2>&1; echo code $?"
    local text = files.output_of(command:format(package.path, package.cpath, os.getenv("LUA"), server.port))
    server:stop()
    assert.matches("^testing.server: %l+ does not start: port " .. server.port .. " is in use\ncode 1\n$", text)
  end)

  it("connects with made-up keys, without a proxy, and with the options given", function()
    local server = testing.server()
    local conn = server:connect({ region = "eu-west-1", transport = curl })
    assert.equal("eu-west-1", conn.region)
    assert.is_table(conn:list_tables())
    conn:close()
  end)

  for name, case in pairs({
    ["an unknown option"] = { { prot = 1 }, "testing.server: unknown option 'prot': did you mean 'port'?" },
    ["a text as port"] = { { port = "8000" }, "testing.server: option 'port': port number expected, got '8000'" },
    ["an unknown engine"] = { { engine = "x" }, "option 'engine': one of dynoxide, dynalite expected, got 'x'" },
    ["two servers"] = { { jar = "a", image = "b" }, "testing.server: option 'image' excludes 'jar'" },
    ["a port of a given server"] = { { endpoint_url = "http://a", port = 1 }, "option 'endpoint_url' excludes 'port'" },
    ["a jar that is not there"] = { { jar = "/nowhere.jar" }, "option 'jar': '/nowhere.jar' cannot be read" },
  }) do
    it("refuses " .. name, function()
      assert.error_matches(function() testing.server(case[1]) end, case[2], 1, true)
    end)
  end
end)
