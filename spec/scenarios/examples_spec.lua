-- The examples for other hosts in the documentation, with the real libraries: luv, cqueues, LuaSocket, HAProxy.

local curl = require("dynamodb.transport.curl")
local dynamodb = require("dynamodb")
local files = dofile("spec/support/files.lua")
local helper = dofile("spec/support/helper.lua")
local http_client = require("dynamodb.http.client")

local read, write = files.read, files.write

-- Debian packages these modules for one Lua only.
local function loads(name) return (pcall(require, name)) end

-- The n-th block of code under a heading of doc/transport.md.
local function block(heading, n)
  local count = 0
  for code in read("doc/transport.md"):match("\n## " .. heading .. "\n(.*)"):gmatch("\n```%l*\n(.-\n)```") do
    count = count + 1
    if count == n then return code end
  end
end

describe("examples of loops", function()
  -- Leaks in those libraries are ignored.
  local function run(name)
    local command = ("ASAN_OPTIONS=\"$ASAN_OPTIONS:detect_leaks=0\" LUA_PATH='%s' LUA_CPATH='%s' timeout 60 '%s' "
      .. "examples/%s.lua 2>&1"):format(package.path, package.cpath, os.getenv("LUA"), name)
    return files.output_of(command)
  end

  local modules = { luv = "luv", cqueues = "cqueues", luasocket = "socket" }
  for name, module in pairs(modules) do
    if loads(module) then
      it("run tasks inside " .. name, function()
        local text = run(name)
        assert.matches("^read 100 items, whose numbers are 5050 in all, and scanned 100\n[^\n]+: true\n$", text)
      end)
    end
  end
end)

if loads("socket") then
  describe("the transport for LuaSocket", function()
    local transport
    setup(function()
      local code = block("LuaSocket", 1)
      assert.is_true(#code < 2000)
      transport = assert((loadstring or load)(code, "@doc/transport.md"))()
    end)

    local function connect(given)
      given.transport = transport
      return helper.connect(given)
    end

    it("transfers items on one connection", function()
      local connection = connect({})
      local tbl = helper.create_table(connection)
      for i = 1, 20 do assert(tbl:put_item({ id = "k" .. i, text = ("x"):rep(i * 5000) })) end
      for i = 1, 20 do assert.equal(i * 5000, #assert(tbl:get_item("k" .. i)).text) end
      assert.equal(20, #assert(tbl:scan():all()))
      assert.is_nil((tbl:get_item("nothing")))
      assert(tbl:delete())
      assert.equal(1, connection:stats().connections_opened)
      connection:close()
    end)

    it("reports failures", function()
      local refused = connect({ endpoint_url = "http://127.0.0.1:1", max_attempts = 1 })
      local _, err = refused:list_tables()
      assert.equal("network", err.kind)
      local tls = connect({ endpoint_url = "https://127.0.0.1:1" })
      _, err = tls:list_tables()
      assert.same({ "network", "no TLS here", 1 }, { err.kind, err.message, err.attempts })
    end)

    it("reports a timeout in time", function()
      local server = assert(require("socket").bind("127.0.0.1", 0))
      local _, port = server:getsockname()
      local connection = connect({ endpoint_url = "http://127.0.0.1:" .. port, max_attempts = 1, attempt_timeout = 0.2 })
      local _, err = connection:list_tables()
      assert.equal("timeout", err.kind)
      server:close()
    end)

    it("runs functions one after the other", function()
      local connection = connect({})
      local results, errs = dynamodb.gather({ function() return connection:list_tables() end,
        function() return connection:list_tables() end })
      assert.is_nil(errs)
      assert.same({ "table", "table", 1 }, { type(results[1]), type(results[2]), connection:stats().connections_opened })
      connection:close()
    end)
  end)
end

describe("the transport for HAProxy", function()
  local folder, pipe

  -- Starts HAProxy with the configuration of the page and the modules of this source tree -> its URL.
  local function start()
    local version = assert(io.popen("PATH=$PATH:/usr/sbin haproxy -vv")):read("*a"):match("Lua version : Lua (5%.%d)")
    folder = os.tmpname()
    os.remove(folder)
    assert(require("lfs").mkdir(folder))
    local here, port = require("lfs").currentdir(), math.random(15000, 30999)
    local paths = { share = here .. "/lua", lib = here .. "/build/lua" .. version }
    local configuration = block("HAProxy", 2):gsub("/usr/local/(%l+)/lua/5%.3", paths):gsub("8080", tostring(port))
    write(folder .. "/haproxy.cfg", configuration)
    write(folder .. "/dynamodb.lua", (block("HAProxy", 1)))
    local command = ("cd %s && { env -u LD_PRELOAD PATH=$PATH:/usr/sbin haproxy -f haproxy.cfg >log 2>&1 & p=$!; "
      .. "cat; kill $p; wait $p; } 2>/dev/null"):format(folder)
    pipe = assert(io.popen(command, "w")) -- it ends when the pipe is closed
    return ("http://127.0.0.1:%d/"):format(port)
  end

  local function stop()
    if pipe then pipe:close() end
    os.execute("rm -rf " .. folder)
    pipe = nil
  end

  local function get(url)
    local limits = { connect_timeout = 5, attempt_timeout = 10 }
    local response, failure = http_client.request({ transport = curl, limits = limits }, { method = "GET", url = url })
    if not response then return nil, failure.kind .. ": " .. failure.message end
    return response.status, response.body
  end

  -- If another program uses the port, the next port is tried.
  local function ask()
    for _ = 1, 5 do
      local url, status, text = start(), nil, nil
      for _ = 1, 100 do
        status, text = get(url)
        if status then break end
        curl.sleep(0.05)
      end
      if status and text and not read(folder .. "/log"):find("cannot bind", 1, true) then return url, status, text end
      stop()
    end
  end

  it("serves many concurrent requests", function()
    local connection = helper.connect()
    local tbl = helper.create_table(connection)
    local url, status, text = ask()
    assert.equal(200, status, text)
    assert.truthy(text:find(tbl.name, 1, true))
    local calls = {}
    for i = 1, 40 do calls[i] = function() return select(2, get(url)) end end
    local texts, errs = dynamodb.gather(calls, { concurrency = 8 })
    assert.is_nil(errs)
    for i = 1, 40 do assert.truthy(texts[i]:find(tbl.name, 1, true), texts[i]) end
    assert(tbl:delete())
    assert(tbl:wait_until_deleted())
    text = select(2, get(url))
    assert.is_nil(text:find(tbl.name, 1, true))
    assert.equal("", read(folder .. "/log"):match("%[ALERT%].*") or "")
    stop()
    connection:close()
  end)
end)
