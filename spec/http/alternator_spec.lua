-- Nodes of Alternator: canned nodes on one port of several loopback addresses, which come and go and verify signatures.

local clusters = dofile("spec/support/alternator_cluster.lua")
local core = require("dynamodb.core")
local curl = require("dynamodb.curl")
local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")

local A, B, C, D = "127.0.0.11", "127.0.0.12", "127.0.0.13", "127.0.0.14"

describe("alternator", function()
  local cluster, conn, tbl

  setup(function() cluster = clusters.start({ A, B, C, D }) end)
  teardown(function() cluster.stop() end)

  after_each(function()
    if conn then conn:close() end
    conn = nil
    for _, address in ipairs({ A, B, C, D }) do
      cluster.up(address)
      cluster.status(address, 200)
    end
    cluster.log()
  end)

  local function connect(addresses, more, given)
    conn = clusters.connect(cluster, addresses, more, given)
    tbl = conn:table("t", { hash_key = "id" })
    return conn
  end

  -- Gets an item that many times -> address -> how often it responded. Every call succeeds.
  local function nodes_of(count)
    local found = {}
    for _ = 1, count do
      local node = assert(tbl:get_item("x")).node
      found[node] = (found[node] or 0) + 1
    end
    return found
  end

  -- Returns "ADDRESS WHAT" of the requests since the last log; of those to DynamoDB that they were signed for the node.
  local function requests()
    local list = {}
    for i, entry in ipairs(cluster.log()) do
      local is_list = entry[2]:find("^GET ") ~= nil
      assert.equal(not is_list, entry[3])
      list[i] = entry[1] .. " " .. entry[2]
    end
    return list
  end

  local function lists_asked()
    local list = {}
    for _, text in ipairs(requests()) do
      if text:find(" GET ", 1, true) then list[#list + 1] = text:match("GET (.*)") end
    end
    return list
  end

  describe("finding nodes", function()
    it("asks one node, and sends requests to all in turn, each signed for its node", function()
      cluster.lists({ [""] = { A, B, C } })
      connect({ A })
      assert.same({ [A] = 4, [B] = 4, [C] = 4 }, nodes_of(12))
      local list = requests()
      assert.equal(13, #list)
      assert.equal(A .. " GET /localnodes", list[1])
    end)

    it("prefers the rack, then the datacenter, then the others, then the nodes named", function()
      cluster.lists({ ["dc=d%201&rack=r%2F1"] = { A }, ["dc=d%201"] = { A, B }, [""] = { C } })
      connect({ D }, { datacenter = "d 1", rack = "r/1", quarantine = 60, refresh = 60 }, { connect_timeout = 0.5 })
      assert.same({ [A] = 3 }, nodes_of(3))
      assert.same({ "/localnodes?dc=d%201&rack=r%2F1", "/localnodes?dc=d%201", "/localnodes" }, lists_asked())
      for i, address in ipairs({ A, B, C }) do
        cluster.down(address)
        assert.same({ [({ B, C, D })[i]] = 3 }, nodes_of(3))
      end
    end)

    it("asks for the rack alone without a datacenter", function()
      cluster.lists({ ["rack=r1"] = { B }, [""] = { A, B } })
      connect({ A }, { rack = "r1" })
      assert.same({ [B] = 2 }, nodes_of(2))
      assert.same({ "/localnodes?rack=r1", "/localnodes" }, lists_asked())
    end)

    it("sends requests to the datacenter while the rack has no nodes, and warns once", function()
      local warnings = {}
      cluster.lists(('{"dc=d1&rack=r1":[],"dc=d1":["%s"],"":["%s"]}'):format(B, A))
      connect({ A }, { datacenter = "d1", rack = "r1", refresh = 0.01 },
        { hooks = { warning = function(event) warnings[#warnings + 1] = event.message end } })
      assert.same({ [B] = 2 }, nodes_of(2))
      curl.sleep(0.02)
      assert.same({ [B] = 2 }, nodes_of(2))
      assert.is_true(#lists_asked() >= 6)
      assert.same({ "alternator: no node in rack 'r1' of datacenter 'd1'" }, warnings)
    end)

    it("keeps at most 256 nodes of a list, and leaves out what is no address", function()
      local list = { 7, "a b", "1.2.3.4:80", "x/y", "-", "::zz", "a:80", A, A, "fd00::1" }
      for i = 1, 500 do list[#list + 1] = ("127.1.%d.%d"):format(math.floor(i / 250), i % 250 + 1) end
      cluster.lists({ [""] = list })
      connect({ B }, { refresh = 60 })
      tbl:get_item("x", { deadline = 0.3 }) -- most of these nodes do not exist
      local known = core.connection_state(conn).alternator.known
      assert.equal(257, #helper.names_of(known)) -- and the one that was named
      assert.is_table(known[cluster.url(A)])
      assert.is_table(known[cluster.url("[fd00::1]")])
    end)

    for what, answer in pairs({ ["an error"] = 500, ["an object"] = { a = 1 }, ["too much"] = { ("x"):rep(65536) } }) do
      it("goes on with the nodes named when they respond with " .. what, function()
        local warnings = {}
        cluster.lists({ [""] = answer })
        connect({ A, B }, nil, { hooks = { warning = function(event) warnings[#warnings + 1] = event.message end } })
        assert.same({ [A] = 2, [B] = 2 }, nodes_of(4))
        assert.equal(1, #warnings)
        assert.matches("^alternator: no list of nodes: http://127.0.0.1%d:%d+: ", warnings[1])
      end)
    end
  end)

  describe("nodes that come and go", function()
    it("uses new nodes and forgets those that left, with their connections", function()
      cluster.lists({ [""] = { A, B } })
      connect({ A }, { refresh = 0.2 })
      nodes_of(4)
      cluster.lists({ [""] = { A, C } })
      conn:call("ListTables") -- another operation uses the same nodes
      curl.sleep(0.25)
      assert.same({ [A] = 3, [C] = 3 }, nodes_of(6))
      local stats = conn:stats()
      assert.equal(2, stats.connections_open)
      assert.equal(3, stats.connections_opened)
    end)

    it("sends the next attempt to another node, and leaves the one that failed alone for a while", function()
      cluster.lists({ [""] = { A, B, C } })
      connect({ A }, { quarantine = 1, refresh = 60 })
      nodes_of(3)
      cluster.down(B)
      local found = nodes_of(12)
      assert.is_true(found[A] >= 5 and found[C] >= 5)
      assert.equal(1, conn:stats().retries)
      cluster.up(B)
      curl.sleep(1.1)
      requests()
      nodes_of(9)
      local trials = 0
      for _, text in ipairs(requests()) do
        if text:find(B, 1, true) then trials = trials + 1 end
      end
      assert.equal(1, trials)
      curl.sleep(1.1)
      assert.equal(3, nodes_of(9)[B])
    end)

    it("leaves a node alone that does not respond in time", function()
      cluster.lists({ [""] = { A, B } })
      connect({ A }, { refresh = 60 }, { attempt_timeout = 0.3 })
      nodes_of(2)
      cluster.silent(B)
      assert.same({ [A] = 8 }, nodes_of(8))
      assert.equal(1, conn:stats().retries)
    end)

    it("does not blame a node for a call with too short a deadline", function()
      cluster.lists({ [""] = { A, B } })
      connect({ A }, { refresh = 60 })
      nodes_of(2)
      cluster.silent(A)
      cluster.silent(B)
      for _ = 1, 4 do
        local _, err = tbl:get_item("x", { deadline = 0.05 })
        assert.equal("timeout", err.kind)
      end
      cluster.up(A)
      cluster.up(B)
      assert.same({ [A] = 4, [B] = 4 }, nodes_of(8))
    end)

    it("sends the attempt after an error of the service to another node", function()
      cluster.lists({ [""] = { A, B } })
      connect({ A }, { refresh = 60 })
      cluster.status(A, 500)
      assert.same({ [B] = 8 }, nodes_of(8))
      local count = conn:stats().retries
      assert.is_true(count >= 3 and count <= 5, count) -- an HTTP response is no reason to leave the node alone
    end)

    it("uses all nodes again when all have failed", function()
      cluster.lists({ [""] = { A, B } })
      connect({ A }, { quarantine = 60, refresh = 60 }, { max_attempts = 2 })
      nodes_of(2)
      cluster.down(A)
      cluster.down(B)
      for _ = 1, 3 do
        local _, err = tbl:get_item("x")
        assert.equal("network", err.kind)
        assert.equal(2, err.attempts)
      end
      cluster.up(A)
      cluster.up(B)
      assert.is_truthy(nodes_of(4)[A])
    end)

    it("finds nodes by another one when the first does not respond, within the call", function()
      cluster.lists({ [""] = { C } })
      cluster.silent(A)
      connect({ A, A, B }, { refresh = 60 })
      assert.same({ [C] = 2 }, nodes_of(2))
    end)

    it("ends a call at its deadline while it looks for nodes", function()
      for _, address in ipairs({ A, B }) do cluster.silent(address) end
      connect({ A, B })
      local began = curl.now()
      local _, err = tbl:get_item("x", { deadline = 0.5 })
      assert.equal("timeout", err.kind)
      assert.is_true(curl.now() - began < 1, curl.now() - began)
    end)

    it("asks no other node when the connection is closed while it looks for nodes", function()
      local transport = setmetatable({}, { __index = require("dynamodb.transport.curl") })
      connect({ A, B }, {}, { transport = transport })
      function transport.connect()
        conn:close()
        return nil, "network", "refused"
      end
      local _, err = tbl:get_item("x")
      assert.equal("ConnectionClosed", err.code)
      assert.same({}, requests())
    end)

    it("ends a call when the connection is closed while it looks for nodes", function()
      cluster.silent(A)
      connect({ A })
      local err
      dynamodb.loop.run(function()
        local task = dynamodb.loop.spawn(function() err = select(2, tbl:get_item("x")) end)
        dynamodb.loop.sleep(0.1)
        conn:close()
        task:wait()
      end)
      assert.equal("ConnectionClosed", err.code)
    end)
  end)

  it("lets other tasks go on with the nodes that are known during a refresh", function()
    cluster.lists({ [""] = { A, B } })
    connect({ A }, { refresh = 0.3 })
    nodes_of(2)
    cluster.silent(A)
    local slow, elapsed = 0, {}
    curl.sleep(0.35)
    dynamodb.loop.run(function()
      for i = 1, 8 do
        dynamodb.loop.spawn(function()
          local began = curl.now()
          assert(tbl:get_item("x"))
          elapsed[i] = curl.now() - began
        end)
      end
    end)
    for i = 1, 8 do
      if elapsed[i] > 0.4 then slow = slow + 1 end
    end
    assert.is_true(slow >= 1 and slow <= 5, slow) -- the refresh, and those of the first 8 attempts that went to A
  end)

  it("opens connections ahead to a node that was found", function()
    cluster.lists({ [""] = { B } })
    connect({ A })
    assert.equal(2, conn:warm({ connections = 2 }))
    assert.same({ [B] = 1 }, nodes_of(1))
    assert.equal(3, conn:stats().connections_opened) -- one to A
  end)

  it("stands for its first node where one URL is asked for", function()
    connect({ A, B })
    assert.equal(cluster.url(A), conn.endpoint_url)
  end)

  describe("options", function()
    local function message(given)
      local ok, why = pcall(dynamodb.connect, given)
      assert.is_false(ok)
      return why
    end

    local N = { "http://a:8000" }

    it("are checked", function()
      for _, case in ipairs({
        { 7, "option 'alternator': table with 'nodes' expected, got 7" },
        { {}, "option 'alternator': table with 'nodes' expected, got one without" },
        { { nodes = N, rak = "x" }, "option 'alternator': unknown option 'rak': did you mean 'rack'" },
        { { nodes = {} }, "option 'nodes': list of 1 to 64 URLs 'http(s)://host[:port]' expected" },
        { { nodes = "http://a" }, "list of 1 to 64 URLs" },
        { { nodes = { "http://a", "ftp://b" } }, "expected, got 'ftp://b' at position 2" },
        { { nodes = { "http://a/path" } }, "got 'http://a/path' at position 1" },
        { { nodes = { "http://me:secret@a" } }, "got '...@a' at position 1" },
        { { nodes = { 5 } }, "got number at position 1" },
        { { nodes = N, rack = "" }, "option 'rack': non-empty string expected, got ''" },
        { { nodes = N, datacenter = 1 }, "option 'datacenter': non-empty string expected, got 1" },
        { { nodes = N, refresh = 0 }, "option 'refresh': positive number of seconds expected, got 0" },
        { { nodes = N, quarantine = "1" }, "option 'quarantine': positive number of seconds expected, got '1'" },
      }) do
        local why = message({ alternator = case[1] })
        assert.is_truthy(why:find(case[2], 1, true), why)
        assert.matches("^spec/http/alternator_spec.lua:%d+: connect: option 'alternator'", why)
        assert.is_nil(why:find("secret", 1, true))
      end
    end)

    it("exclude others that name a server", function()
      for name, value in pairs({ endpoint_url = "http://a", host = "a", port = 1, is_secure = false, unix_socket = "/a" }) do
        local why = message({ alternator = { nodes = N }, [name] = value })
        assert.is_truthy(why:find(("option '%s' contradicts 'alternator'"):format(name), 1, true), why)
      end
    end)
  end)
end)
