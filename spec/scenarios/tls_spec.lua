-- TLS with real endpoints: accepted and rejected certificates, and the errors.
local scripted = dofile("spec/support/scripted_server.lua")
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
  it("creates, uses and deletes a table", function()
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

  -- { name, URL, trusted CA, word that the error must contain }
  local refusals = {
    { "a certificate for another host", variable("DYNAMODB_TLS_WRONG_HOST_ENDPOINT"), ca_bundle, "host" },
    { "a certificate by an unknown CA", variable("DYNAMODB_TLS_UNKNOWN_CA_ENDPOINT"), ca_bundle,
      "certificate" },
    { "a good certificate when the CA is not given", endpoint_url, nil, "certificate" },
    { "a certificate for the name when connected by address", (endpoint_url:gsub("localhost", "127.0.0.2")),
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

-- tls_endpoints.sh stores the certificate for localhost in the directory of the CA certificate.
local directory = ca_bundle:match("^(.*)/")
local files = { key = directory .. "/good.key", cert = directory .. "/good.pem" }

describe("the transport's TLS", function()
  after_each(scripted.stop)

  local greeting = { { send = "hello" } }

  local function with(more)
    return merge(files, more)
  end

  -- Connects -> the first bytes of the server, or the failure.
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

  it("reports the time of the handshake", function()
    local bytes, _, _, timings = hear(scripted.start({ greeting }, { tls = files }).endpoint_url, {})
    assert.equal("hello", bytes)
    assert.is_true(timings.tls > 0 and timings.tls < 5)
  end)

  it("reports a rejected certificate as a permanent error", function()
    for _, name in ipairs({ "DYNAMODB_TLS_WRONG_HOST_ENDPOINT", "DYNAMODB_TLS_UNKNOWN_CA_ENDPOINT" }) do
      local _, kind, why, permanent = hear(variable(name), {})
      assert.same({ "network", true }, { kind, permanent }, why)
    end
  end)

  it("names the endpoint that speaks plain HTTP", function()
    local server = scripted.start({ { { send = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n" } } })
    local url = server.endpoint_url:gsub("^http:", "https:")
    local _, kind, why = hear(url, {})
    assert.equal("network", kind)
    local host = url:match("^https://([^/]*)"):gsub("%p", "%%%0")
    assert.matches("^" .. host .. " does not speak TLS %(.*%); for plain HTTP the endpoint's URL begins with http://$", why)
  end)

  it("is of version 1.2 or later", function()
    local function speaking(version)
      return scripted.start({ greeting }, { tls = with({ minVersion = "TLSv1.1", maxVersion = version,
        ciphers = "DEFAULT:@SECLEVEL=0" }) }).endpoint_url
    end
    assert.equal("hello", hear(speaking("TLSv1.2"), {}))
    local bytes, kind = hear(speaking("TLSv1.1"), {})
    assert.same({ nil, "network" }, { bytes, kind })
  end)

  describe("with a client's certificate", function()
    local function asking() return scripted.start({ greeting }, { tls = with({ ca = ca_bundle }) }).endpoint_url end

    it("presents it", function()
      assert.equal("hello", hear(asking(), { client_certificate = files.cert, client_key = files.key }))
    end)

    it("takes the key from the same file", function()
      local path = os.tmpname()
      os.execute(("cat %s %s >%s"):format(files.cert, files.key, path))
      assert.equal("hello", hear(asking(), { client_certificate = path }))
      os.remove(path)
    end)

    it("is rejected without it", function()
      local bytes, kind = hear(asking(), { client_key = files.key })
      assert.same({ nil, "network" }, { bytes, kind })
    end)

    it("reports missing files, and a key that does not match", function()
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

  it("verifies the certificate of the host through a proxy tunnel", function()
    local target = scripted.start({ greeting }, { tls = files })
    local steps = { { wait = "request" }, OPEN, { tunnel = target.port } }
    local proxy = scripted.start({ steps, steps })
    local bytes, kind, why, timings = hear("https://localhost", { proxy = proxy.endpoint_url })
    assert.equal("hello", bytes, ("%s: %s"):format(kind, why))
    assert.is_true(timings.tls > 0)
    assert.matches("^CONNECT localhost:443 ", proxy.requests()[1])
    local _, _, _, permanent = hear("https://example.invalid", { proxy = proxy.endpoint_url })
    assert.is_true(permanent)
  end)

  it("works through a proxy with TLS", function()
    for scheme, settings in pairs({ http = {}, https = { tls = files } }) do
      local target = scripted.start({ greeting }, settings)
      local proxy = scripted.start({ { { wait = "request" }, OPEN, { tunnel = target.port } } }, { tls = files })
      local bytes, kind, why = hear(scheme .. "://localhost", { proxy = proxy.endpoint_url })
      assert.equal("hello", bytes, ("%s: %s"):format(kind, why))
    end
  end)

  it("rejects a wrong certificate of a proxy", function()
    local proxy = variable("DYNAMODB_TLS_UNKNOWN_CA_ENDPOINT")
    local bytes, kind, why, permanent = hear("http://localhost", { proxy = proxy })
    assert.same({ nil, "network", true }, { bytes, kind, permanent }, why)
  end)

  it("times out within a tunnel", function()
    local proxy = scripted.start({ { { wait = "request" }, OPEN } })
    local before = curl.now()
    local _, kind = curl.connect({ url = "https://localhost" }, 0.4, { proxy = proxy.endpoint_url })
    assert.equal("timeout", kind)
    assert.is_true(curl.now() - before < 4)
  end)
end)

describe("a TLS connection", function()
  after_each(scripted.stop)

  local wait = { wait = "request" }
  local good = scripted.response('{"TableNames":["a"]}')

  local function start(connections, options)
    local server = scripted.start(connections, { tls = files })
    options = options or {}
    options.ca_bundle = ca_bundle
    return server, scripted.connect(server, options)
  end

  it("serves many requests", function()
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
      { send = scripted.response(('{"TableNames":["%s"]}'):format(name)) } } })
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
      assert.is_true(idle[1].socket:wait("read", 5)) -- waits for the bytes
      assert.same({ "a" }, connection:list_tables())
      assert.equal(2, server.connections())
      assert.equal(2, #server.requests())
      connection:close()
    end)
  end

  local cuts = {
    ["before the response"] = { { close = true } },
    ["in the response"] = { { send = good:sub(1, -3) }, { delay = 20 }, { close = true } },
    ["in the response, without close_notify"] = { { send = good:sub(1, -3) }, { delay = 20 }, { reset = true } },
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
