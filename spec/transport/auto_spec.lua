-- Selection of the transport: cosockets in phases of nginx that permit them, libcurl elsewhere.
local scripted = dofile("spec/support/scripted_server.lua")
local curl = require("dynamodb.transport.curl")
local fake = dofile("spec/support/fake_nginx.lua")

local wait = { wait = "request" }

describe("transport.auto", function()
  after_each(scripted.stop)

  it("is libcurl's in plain Lua", function()
    assert.equal(curl, require("dynamodb.transport.auto"))
  end)

  it("is libcurl's in worker threads of nginx, which have no cosockets", function()
    fake.with({ get_phase = function() return "init" end }, function()
      assert.equal(require("dynamodb.transport.curl"), require("dynamodb.transport.auto"))
    end)
  end)

  -- Calls a function with the transport and a fake nginx in a phase.
  local function inside(phase, call, sock)
    local ngx = fake.ngx(phase, sock or fake.cosocket({}))
    fake.with(ngx, function() call(require("dynamodb.transport.auto"), ngx) end)
  end

  describe("in phases with cosockets", function()
    for _, phase in ipairs({ "rewrite", "server_rewrite", "access", "content", "timer", "preread", "ssl_cert",
      "ssl_client_hello", "ssl_session_fetch" }) do
      it("uses cosockets: " .. phase, function()
        local sock = fake.cosocket({ receiveany = { "bytes" } })
        inside(phase, function(auto, ngx)
          local socket = assert(auto.connect({ url = "http://127.0.0.1:8000" }, 5))
          local deadline = auto.now() + 5
          assert.is_true(auto.send(socket, "x", deadline))
          assert.equal("bytes", auto.receive(socket, deadline, true))
          assert.is_false(auto.reused(socket))
          assert.is_number(auto.timings(socket).connect)
          assert.is_false(auto.idle(socket))
          assert.is_true(auto.keep(socket, {}))
          auto.close(socket)
          auto.sleep(2)
          assert.equal(2, ngx.slept)
          assert.is_nil(package.loaded["dynamodb.transport.curl"])
        end, sock)
      end)
    end
  end)

  describe("in phases that may block", function()
    for _, phase in ipairs({ "init", "init_worker", "exit_worker" }) do
      it("uses libcurl: " .. phase, function()
        local server = scripted.start({ { wait, { send = "bytes" } } })
        inside(phase, function(auto, ngx)
          local socket = assert(auto.connect({ url = server.endpoint_url }, 5))
          local deadline = auto.now() + 5
          assert.is_true(auto.idle(socket))
          assert.is_true(auto.send(socket, "GET / HTTP/1.1\r\n\r\n", deadline))
          assert.equal("bytes", auto.receive(socket, deadline, true))
          assert.is_false(auto.reused(socket))
          assert.is_false(auto.keep(socket, {}))
          auto.close(socket)
          auto.sleep(0.001)
          assert.equal(0, ngx.slept)
        end)
      end)
    end

    -- Changes after which sockets of libcurl must not be used.
    local changes = {
      ["by requests"] = function(ngx) ngx.phase = "content" end,
      ["after a fork"] = function(ngx) ngx.pid = 2 end,
    }
    for name, change in pairs(changes) do
      it("does not permit use of its connections " .. name, function()
        local server = scripted.start({ {} })
        inside("init", function(auto, ngx)
          local socket = assert(auto.connect({ url = server.endpoint_url }, 5))
          assert.is_true(auto.idle(socket))
          change(ngx)
          assert.is_false(auto.idle(socket))
          auto.close(socket)
        end)
      end)
    end

    it("reports that there is no connection", function()
      local server = scripted.start({})
      server.stop()
      inside("init", function(auto)
        local socket, kind, why = auto.connect({ url = server.endpoint_url }, 5)
        assert.is_nil(socket)
        assert.equal("network", kind)
        assert.is_string(why)
      end)
    end)
  end)

  it("raises in other phases, at the caller's line", function()
    inside("log", function(auto)
      for name, call in pairs({ connect = auto.connect, sleep = auto.sleep, gather = auto.gather, GetItem = auto.check }) do
        local ok, why = pcall(function() call(name) end)
        assert.is_false(ok)
        assert.matches("^spec/transport/auto_spec.lua:%d+: " .. name .. ": nothing can wait in log_by_lua%*", why)
      end
    end)
  end)

  it("runs functions sequentially where it blocks", function()
    inside("init", function(auto)
      local results = auto.gather({ function() return 1, nil end, function() error("oops", 0) end })
      assert.same({ { n = 3, true, 1, nil }, { n = 2, false, "oops" } }, results)
    end)
  end)

  it("finds shared dictionaries", function()
    inside("init", function(auto)
      assert.is_table(auto.shared("known"))
      assert.is_nil(auto.shared("unknown"))
    end)
  end)
end)
