local canned = dofile("spec/support/canned.lua")
local core = require("dynamodb.core")
local curl = require("dynamodb.transport.curl")
local dynamodb = require("dynamodb")

-- spec/support/tls.sh sets these.
local function variable(name)
  return assert(os.getenv(name), name .. " is not set: run through spec/support/tls.sh")
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

  -- Where to connect, what to trust, and a word that the reason must have.
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

describe("a TLS connection", function()
  after_each(canned.stop)

  -- tls.sh keeps the certificate that the CA made for localhost beside the CA's own.
  local directory = ca_bundle:match("^(.*)/")
  local files = { key = directory .. "/good.key", cert = directory .. "/good.pem" }
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

  it("takes answers byte by byte", function()
    local _, connection = start({ { wait, { send_slowly = good } } })
    assert.same({ "a" }, connection:list_tables())
    connection:close()
  end)

  it("takes answers of many records", function()
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
      local idle = select(2, next(core.connection_state(connection).pools)).idle
      assert.is_true(idle[1].socket:wait("read", 5)) -- until it has heard of it
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
