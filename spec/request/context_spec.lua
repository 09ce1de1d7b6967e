-- The state of a connection: settings, shared state, and the time at which the system is read.
local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local fake_system = dofile("spec/support/fake_system.lua")
local helper = dofile("spec/support/helper.lua")

local GET = { TableName = "t", Key = { id = "a" } }

describe("context", function()
  after_each(fake_system.remove)

  -- Connects with this environment and these files to a service that responds {} -> connection, transport, list of the
  -- paths that were read.
  local function start(options, variables, files)
    variables = variables or {}
    variables.AWS_ACCESS_KEY_ID, variables.AWS_SECRET_ACCESS_KEY = helper.KEY, helper.SECRET
    local read = fake_system.install(variables, files or {})
    local fake = helper.fake(helper.response(200, "{}"))
    local connect = fake.connect
    fake.endpoints = {}
    function fake.connect(endpoint, seconds, given)
      fake.endpoints[#fake.endpoints + 1] = { url = endpoint.url, seconds = seconds, options = given }
      return connect()
    end
    local given = { transport = fake }
    for name, value in pairs(options or {}) do given[name] = value end
    return dynamodb.connect(given), fake, read
  end

  local function url_of(operation, params, options, variables, files)
    local conn, fake = start(options, variables, files)
    local _, err = conn:call(operation, params)
    return fake.endpoints[1] and fake.endpoints[1].url, err
  end

  it("reads no file before the first call", function()
    local conn, _, read = start()
    assert.same({}, read)
    assert(conn:call("GetItem", GET))
    assert.is_true(#read > 0)
    local before = #read
    assert(conn:call("GetItem", GET))
    assert.equal(before, #read)
  end)

  it("reads no file for a region in options or environment", function()
    assert.equal("eu-west-1", start({ region = "eu-west-1" }).region)
    local conn, _, read = start(nil, { AWS_REGION = "eu-west-3" }, { ["/home/.aws/config"] = "[default]\nregion=eu-west-2\n" })
    assert.equal("eu-west-3", conn.region)
    assert.is_true(#read > 0) -- the first call reads the files
    assert.equal("https://dynamodb.eu-west-3.amazonaws.com", conn.endpoint_url)
  end)

  it("returns an error in the files, and reads them again", function()
    local files = { ["/home/.aws/config"] = "[default]\nnonsense\n" }
    local conn, fake = start(nil, nil, files)
    local result, err = conn:call("GetItem", GET)
    assert.is_nil(result)
    assert.equal("credentials", err.kind)
    assert.matches("/home/.aws/config:2: ", err.message, 1, true)
    assert.equal("GetItem", err.operation)
    assert.equal(0, err.attempts)
    assert.equal(0, #fake.requests)
    assert.has_error(function() return conn.region end)
    assert.equal("Connection(without an endpoint)", tostring(conn))
    files["/home/.aws/config"] = "[default]\nregion = eu-west-2\n"
    assert(conn:call("GetItem", GET))
    assert.equal("eu-west-2", conn.region)
    assert.equal("Connection(https://dynamodb.eu-west-2.amazonaws.com)", tostring(conn))
  end)

  local ARN = "arn:aws:dynamodb:us-east-1:210987654321:table/t"
  local hosts = {
    { "GetItem", GET, "https://dynamodb.us-east-1.amazonaws.com" },
    { "ListStreams", {}, "https://streams.dynamodb.us-east-1.amazonaws.com" },
    { "SearchVectors", { TableName = "t" }, "https://search-dynamodb.us-east-1.amazonaws.com" },
    { "GetItem", GET, "https://123456789012.ddb.us-east-1.amazonaws.com", { aws_account_id = "123456789012" } },
    { "GetItem", { TableName = ARN, Key = {} }, "https://210987654321.ddb.us-east-1.amazonaws.com" },
    { "BatchGetItem", { RequestItems = { [ARN] = { Keys = {} } } }, "https://210987654321.ddb.us-east-1.amazonaws.com" },
    { "TransactWriteItems", { TransactItems = { { Put = { TableName = ARN, Item = {} } } } },
      "https://210987654321.ddb.us-east-1.amazonaws.com" },
    { "GetItem", GET, "https://dynamodb-fips.us-east-1.amazonaws.com", { use_fips_endpoint = true } },
    { "GetItem", GET, "https://dynamodb.us-east-1.api.aws", nil, { AWS_USE_DUALSTACK_ENDPOINT = "true" } },
    { "GetItem", GET, "http://localhost:8000", { region = "local" } },
    { "GetItem", GET, "http://own:1", nil, { AWS_ENDPOINT_URL_DYNAMODB = "http://own:1" } },
    { "ListStreams", {}, "http://own:1", nil, { AWS_ENDPOINT_URL_DYNAMODB = "http://own:1" } },
    { "ListStreams", {}, "http://own:2", nil, { AWS_ENDPOINT_URL_DYNAMODB_STREAMS = "http://own:2" } },
    { "SearchVectors", { TableName = "t" }, "http://own:1", { endpoint_url = "http://own:1" } },
  }
  for _, case in ipairs(hosts) do
    it(("sends %s to %s"):format(case[1], case[3]), function()
      local url, err = url_of(case[1], case[2], case[4], case[5])
      assert.equal(case[3], url, tostring(err))
    end)
  end

  it("returns an error in an endpoint", function()
    local url, err = url_of("GetItem", GET, { endpoint_url = "http://own:1", use_fips_endpoint = true })
    assert.is_nil(url)
    assert.equal("credentials", err.kind)
    assert.matches("use_fips_endpoint", err.message, 1, true)
    url, err = url_of("GetItem", GET, { account_id_endpoint_mode = "required" })
    assert.is_nil(url)
    assert.matches("no account id is known", err.message, 1, true)
  end)

  it("has one pool for each host, shared by kinds of operations", function()
    local conn, fake = start({ endpoint_url = "http://own:1" })
    assert(conn:call("GetItem", GET))
    assert(conn:call("GetShardIterator", {}))
    assert.equal(1, fake.opened)
  end)

  it("uses another host when the account changes", function()
    local account = "111111111111"
    local conn, fake = start({ credentials = function()
      local found = { aws_access_key_id = "A" .. account, aws_secret_access_key = "secret-of-A" .. account,
        account_id = account, expires = 1 }
      account = "222222222222"
      return found
    end })
    assert(conn:call("GetItem", GET))
    local state = core.connection_state(conn)
    assert(state.running.provider:refresh(state.running.credentials, fake.now() + 5))
    assert(conn:call("GetItem", GET))
    assert.equal("https://111111111111.ddb.us-east-1.amazonaws.com", fake.endpoints[1].url)
    assert.equal("https://222222222222.ddb.us-east-1.amazonaws.com", fake.endpoints[2].url)
  end)

  it("passes connection options to the transport", function()
    local conn, fake = start({ ca_bundle = "/ca", client_certificate = "/cert", client_key = "/key", unix_socket = "/sock",
      proxy = "http://proxy:3128", tcp_keepalive = true, connect_timeout = 2.5, region = "eu-west-1" })
    assert(conn:call("GetItem", GET))
    assert.same({ ca_bundle = "/ca", client_certificate = "/cert", client_key = "/key", unix_socket = "/sock",
      proxy = "http://proxy:3128", tcp_keepalive = true }, fake.endpoints[1].options)
    assert.equal(2.5, fake.endpoints[1].seconds)
  end)

  describe("in Lambda", function()
    local function trace_of(variables)
      local conn, fake = start(nil, variables)
      assert(conn:call("GetItem", GET))
      return fake.requests[1]:match("\r\nx%-amzn%-trace%-id: ([^\r]*)\r\n")
    end

    it("sends the trace id", function()
      local id = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
      assert.equal(id, trace_of({ AWS_LAMBDA_FUNCTION_NAME = "f", _X_AMZN_TRACE_ID = id }))
    end)

    it("in a form that cannot end the header", function()
      assert.equal("Root=1%0D%0AX-Evil:%20%C3%A9", trace_of({ AWS_LAMBDA_FUNCTION_NAME = "f",
        _X_AMZN_TRACE_ID = "Root=1\r\nX-Evil: é" }))
    end)

    it("with its current value at each request", function()
      local variables = { AWS_LAMBDA_FUNCTION_NAME = "f" }
      local conn, fake = start(nil, variables)
      for _, id in ipairs({ "Root=1", "Root=2" }) do
        variables._X_AMZN_TRACE_ID = id
        assert(conn:call("GetItem", GET))
      end
      variables._X_AMZN_TRACE_ID = nil
      assert(conn:call("GetItem", GET))
      assert.matches("x-amzn-trace-id: Root=1\r\n", fake.requests[1], 1, true)
      assert.matches("x-amzn-trace-id: Root=2\r\n", fake.requests[2], 1, true)
      assert.not_matches("trace-id", fake.requests[3], 1, true)
    end)

    it("in Lambda only", function()
      assert.is_nil(trace_of({ _X_AMZN_TRACE_ID = "Root=1" }))
    end)
  end)

  it("sends the attempt number and the maximum in a header", function()
    local conn, fake = start({ max_attempts = 100 })
    assert(conn:call("GetItem", GET))
    assert(conn:call("GetItem", GET))
    assert.matches("amz-sdk-request: attempt=1; max=100\r\n", fake.requests[2], 1, true)
  end)

  it("gives each call another id", function()
    local conn, fake = start()
    local seen = {}
    for i = 1, 20 do
      assert(conn:call("GetItem", GET))
      local id = fake.requests[i]:match("amz%-sdk%-invocation%-id: (%x+%-%x+%-4%x+%-%x+%-%x+)\r\n")
      assert.equal(36, #id)
      assert.is_nil(seen[id])
      seen[id] = true
    end
  end)
end)
