-- TLS against real endpoints: which certificates are trusted, which are refused, and why.
local canned = dofile("spec/support/scripted_server.lua")
local core = require("dynamodb.core")
local curl = require("dynamodb.transport.curl")
local dynamodb = require("dynamodb")
local merge = require("dynamodb.base.options").merge

-- spec/support/tls_endpoints.sh sets these.
local function variable(name)
  return assert(os.getenv(name), name .. " is not set: run through spec/support/tls_endpoints.sh")
end

local ca_bundle = variable("DYNAMODB_TLS_CA")
local endpoint_url = variable("DYNAMODB_TLS_ENDPOINT")

local function connect(url, ca)
  return dynamodb.connect({ endpoint_url = url, ca_bundle = ca, region = "us-east-1", connect_timeout = 5,
    aws_access_key_id = "local", aws_secret_access_key = "local" })
end

describe("TLS with a private CA", function()
  it("carries a table from its creation to its end", function()
    local connection = connect(endpoint_url, ca_bundle)
    local schema = connection:create_schema({ hash_key_name = "id", hash_key_proto_value = "S" })
    local name = "tls_spec_" .. os.time()
    local tbl = assert(connection:create_table({ name = name, schema = schema }))
    assert(tbl:wait_until_active())
    assert(tbl:new_item({ hash_key = "a", attrs = { n = 7, text = ("x"):rep(100000) } }):put())
    local item = assert(tbl:get_item({ hash_key = "a", consistent_read = true }))
    assert.equal(7, item.n)
    assert.equal(100000, #item.text)
    assert(item:delete())
    assert.is_false(tbl:has_item("a"))
    assert(tbl:delete())
    assert(tbl:wait_until_deleted())
    connection:close()
  end)

  -- Where to connect, what to trust, and a word that the reason must contain.
  local refusals = {
    { "a certificate for another host", variable("DYNAMODB_TLS_WRONG_HOST_ENDPOINT"), ca_bundle, "host" },
    { "a certificate by an unknown CA", variable("DYNAMODB_TLS_UNKNOWN_CA_ENDPOINT"), ca_bundle,
      "certificate" },
    { "a good certificate when the CA is not given", endpoint_url, nil, "certificate" },
    { "a certificate for the name when asked by number", (endpoint_url:gsub("localhost", "127.0.0.2")),
      ca_bundle, "" },
    { "a CA bundle that is not there", endpoint_url, "/nowhere/ca.pem", "/nowhere/ca.pem" },
    { "a CA bundle that holds no certificate", endpoint_url, "Makefile", "makefile" },
    { "a plain connection", (endpoint_url:gsub("https:", "http:")), ca_bundle, "" },
  }
  for _, case in ipairs(refusals) do
    it("refuses " .. case[1], function()
      local connection = connect(case[2], case[3])
      local names, err = connection:list_tables()
      connection:close()
      assert.is_nil(names)
      assert.is_true(dynamodb.is_error(err))
      assert.is_true(err.kind == "network" or case[1] == "a plain connection", err.kind)
      assert.equal("ListTables", err.operation)
      assert.is_false(err.ambiguous)
      assert.matches(case[4], err.message:lower(), 1, true)
    end)
  end
end)

-- tls_endpoints.sh keeps the certificate that the CA made for localhost beside the CA's own.
local directory = ca_bundle:match("^(.*)/")
local files = { key = directory .. "/good.key", cert = directory .. "/good.pem" }

describe("the transport's TLS", function()
  after_each(canned.stop)

  local greeting = { { send = "hello" } }

  local function with(more)
    return merge(files, more)
  end

  -- Connects and returns the server's first bytes, or the failure.
  local function hear(url, options)
    options.ca_bundle = ca_bundle
    local socket, kind, why, permanent = curl.connect({ url = url }, 5, options)
    if not socket then return nil, kind, why, permanent end
    local bytes
    bytes, kind, why = curl.receive(socket, curl.now() + 5, true)
    local timings = curl.timings(socket)
    curl.close(socket)
    return bytes, kind, why, timings
  end

  it("takes some of the time, as it reports", function()
    local bytes, _, _, timings = hear(canned.start({ greeting }, { tls = files }).endpoint_url, {})
    assert.equal("hello", bytes)
    assert.is_true(timings.tls > 0 and timings.tls < 5)
  end)

  it("says that a refused certificate is refused for good", function()
    for _, name in ipairs({ "DYNAMODB_TLS_WRONG_HOST_ENDPOINT", "DYNAMODB_TLS_UNKNOWN_CA_ENDPOINT" }) do
      local _, kind, why, permanent = hear(variable(name), {})
      assert.same({ "network", true }, { kind, permanent }, why)
    end
  end)

  it("is of version 1.2 or later", function()
    local function speaking(version)
      return canned.start({ greeting }, { tls = with({ minVersion = "TLSv1.1", maxVersion = version,
        ciphers = "DEFAULT:@SECLEVEL=0" }) }).endpoint_url
    end
    assert.equal("hello", hear(speaking("TLSv1.2"), {}))
    local bytes, kind = hear(speaking("TLSv1.1"), {})
    assert.same({ nil, "network" }, { bytes, kind })
  end)

  describe("with a client's certificate", function()
    local function asking() return canned.start({ greeting }, { tls = with({ ca = ca_bundle }) }).endpoint_url end

    it("shows it", function()
      assert.equal("hello", hear(asking(), { client_certificate = files.cert, client_key = files.key }))
    end)

    it("takes the key from the same file", function()
      local path = os.tmpname()
      os.execute(("cat %s %s >%s"):format(files.cert, files.key, path))
      assert.equal("hello", hear(asking(), { client_certificate = path }))
      os.remove(path)
    end)

    it("is refused without", function()
      local bytes, kind = hear(asking(), { client_key = files.key })
      assert.same({ nil, "network" }, { bytes, kind })
    end)

    it("reports files that are not there, or do not belong together", function()
      for _, options in ipairs({ { client_certificate = "/nowhere/cert.pem", client_key = files.key },
        { client_certificate = files.cert, client_key = "/nowhere/key.pem" }, { client_certificate = "Makefile" },
        { client_certificate = files.cert, client_key = directory .. "/ca.key" } }) do
        local bytes, kind, why, permanent = hear(endpoint_url, options)
        assert.same({ nil, "network", true }, { bytes, kind, permanent }, why)
      end
    end)

    it("does not prompt for a key's password", function()
      local path = os.tmpname()
      os.execute(("openssl pkey -in %s -aes128 -passout pass:secret -out %s"):format(files.key, path))
      local before = curl.now()
      local bytes, kind, why, permanent = hear(endpoint_url, { client_certificate = files.cert, client_key = path })
      assert.same({ nil, "network", true }, { bytes, kind, permanent }, why)
      assert.is_true(curl.now() - before < 4)
      os.remove(path)
    end)
  end)

  local OPEN = { send = "HTTP/1.1 200 OK\r\n\r\n" }

  it("goes through a proxy's tunnel, to the host's own certificate", function()
    local target = canned.start({ greeting }, { tls = files })
    local steps = { { wait = "request" }, OPEN, { tunnel = target.port } }
    local proxy = canned.start({ steps, steps })
    local bytes, kind, why, timings = hear("https://localhost", { proxy = proxy.endpoint_url })
    assert.equal("hello", bytes, ("%s: %s"):format(kind, why))
    assert.is_true(timings.tls > 0)
    assert.matches("^CONNECT localhost:443 ", proxy.requests()[1])
    local _, _, _, permanent = hear("https://example.invalid", { proxy = proxy.endpoint_url })
    assert.is_true(permanent)
  end)

  it("goes through a proxy that speaks TLS itself", function()
    for scheme, settings in pairs({ http = {}, https = { tls = files } }) do
      local target = canned.start({ greeting }, settings)
      local proxy = canned.start({ { { wait = "request" }, OPEN, { tunnel = target.port } } }, { tls = files })
      local bytes, kind, why = hear(scheme .. "://localhost", { proxy = proxy.endpoint_url })
      assert.equal("hello", bytes, ("%s: %s"):format(kind, why))
    end
  end)

  it("refuses a proxy's wrong certificate", function()
    local proxy = variable("DYNAMODB_TLS_UNKNOWN_CA_ENDPOINT")
    local bytes, kind, why, permanent = hear("http://localhost", { proxy = proxy })
    assert.same({ nil, "network", true }, { bytes, kind, permanent }, why)
  end)

  it("gives up in time within a tunnel", function()
    local proxy = canned.start({ { { wait = "request" }, OPEN } })
    local before = curl.now()
    local _, kind = curl.connect({ url = "https://localhost" }, 0.4, { proxy = proxy.endpoint_url })
    assert.equal("timeout", kind)
    assert.is_true(curl.now() - before < 4)
  end)
end)

describe("a TLS connection", function()
  after_each(canned.stop)

  local wait = { wait = "request" }
  local good = canned.response('{"TableNames":["a"]}')

  local function start(connections, options)
    local server = canned.start(connections, { tls = files })
    options = options or {}
    options.ca_bundle = ca_bundle
    return server, canned.connect(server, options)
  end

  it("carries many requests", function()
    local steps = {}
    for i = 1, 20 do steps[2 * i - 1], steps[2 * i] = wait, { send = good } end
    local server, connection = start({ steps })
    for _ = 1, 20 do assert.same({ "a" }, connection:list_tables()) end
    assert.equal(1, server.connections())
    connection:close()
  end)

  it("takes responses byte by byte", function()
    local _, connection = start({ { wait, { send_slowly = good } } })
    assert.same({ "a" }, connection:list_tables())
    connection:close()
  end)

  it("takes responses of many records", function()
    local name = ("x"):rep(2 ^ 20)
    local _, connection = start({ { wait,
      { send = canned.response(('{"TableNames":["%s"]}'):format(name)) } } })
    assert.is_true(name == assert(connection:list_tables())[1])
    connection:close()
  end)

  local stale = { closed = { close = true }, reset = { reset = true }, poisoned = { send = good } }
  for name, step in pairs(stale) do
    it("that was " .. name .. " is replaced", function()
      local server, connection = start({ { wait, { send = good }, { delay = 20 }, step }, { wait,
        { send = good } } })
      assert.same({ "a" }, connection:list_tables())
      local idle = select(2, next(core.connection_state(connection).running.pools)).idle
      assert.is_true(idle[1].socket:wait("read", 5)) -- until it has arrived
      assert.same({ "a" }, connection:list_tables())
      assert.equal(2, server.connections())
      assert.equal(2, #server.requests())
      connection:close()
    end)
  end

  local cuts = {
    ["before the answer"] = { { close = true } },
    ["in the answer"] = { { send = good:sub(1, -3) }, { delay = 20 }, { close = true } },
    ["in the answer, without notice"] = { { send = good:sub(1, -3) }, { delay = 20 }, { reset = true } },
  }
  for name, steps in pairs(cuts) do
    it("that ends " .. name .. " is a network error", function()
      local _, connection = start({ { wait, steps[1], steps[2], steps[3] } })
      local names, err = connection:list_tables()
      assert.is_nil(names)
      assert.equal("network", err.kind)
      connection:close()
    end)
  end

  it("that falls silent times out", function()
    local _, connection = start({ { wait, { send = good:sub(1, -3) } } }, { attempt_timeout = 0.4, max_attempts = 1 })
    local before = curl.now()
    local names, err = connection:list_tables()
    assert.is_nil(names)
    assert.equal("timeout", err.kind)
    assert.is_true(curl.now() - before < 4)
    connection:close()
  end)
end)
