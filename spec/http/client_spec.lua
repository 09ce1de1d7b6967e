-- One HTTP request with its response over real sockets: timeouts, limits, proxies, and requests that are rejected before
-- sending.
local scripted = dofile("spec/support/scripted_server.lua")
local curl = require("dynamodb.transport.curl")
local helper = dofile("spec/support/helper.lua")
local http_client = require("dynamodb.http.client")

local wait = { wait = "request" }

-- A context with libcurl's transport and the given options.
local function context(connect, proxy_for)
  return { transport = curl, limits = { connect_timeout = 5, attempt_timeout = 5, connect = connect },
    proxy_for = proxy_for }
end

describe("http", function()
  after_each(scripted.stop)

  -- Starts a server that accepts one connection and responds with these bytes.
  local function serve(bytes, settings)
    return scripted.start({ { wait, { send = bytes } } }, settings)
  end

  local function get(url, more, connect, proxy_for)
    local request = { method = "GET", url = url }
    for name, value in pairs(more or {}) do request[name] = value end
    return http_client.request(context(connect, proxy_for), request)
  end

  it("sends a request and returns the response", function()
    local server = serve(scripted.response("hello", 200, { ["X-Tag"] = "here" }))
    local response = assert(http_client.request(context(), { method = "PUT", url = server.endpoint_url .. "/a/b%20c?d=e&f",
      headers = { "x-one", "1", "x-two", "2" }, body = "body" }))
    assert.equal(200, response.status)
    assert.equal("hello", response.body)
    assert.equal("here", response.header("X-Tag"))
    assert.equal("here", response.header("x-tag"))
    assert.is_nil(response.header("other"))
    assert.same({ ("PUT /a/b%%20c?d=e&f HTTP/1.1\r\nhost: 127.0.0.1:%d\r\nx-one: 1\r\nx-two: 2\r\n")
      :format(server.port) .. "content-length: 4\r\n\r\nbody" }, server.requests())
  end)

  it("sends a User-Agent, signed or not", function()
    local own = context()
    own.user_agent = "lua-dynamodb/1"
    local keys = { aws_access_key_id = "K", aws_secret_access_key = "secret-of-K" }
    for _, sign in ipairs({ false, { region = "eu-west-1", service = "sts", credentials = keys } }) do
      local server = serve(scripted.response("hello"))
      assert(http_client.request(own, { method = "GET", url = server.endpoint_url, sign = sign }))
      assert.is_truthy(server.requests()[1]:find("\r\nuser-agent: lua-dynamodb/1\r\n", 1, true))
    end
  end)

  local targets = { [""] = "/", ["/"] = "/", ["?a=b"] = "/?a=b", ["/x?"] = "/x", ["/a=b,c+d@e/"] = "/a=b,c+d@e/",
    ["/a?b?c/d"] = "/a?b?c/d" }
  for rest, target in pairs(targets) do
    it(("requests %s for a URL with '%s'"):format(target, rest), function()
      local fake = helper.fake(helper.response(200, ""))
      assert(http_client.request({ transport = fake, limits = { connect_timeout = 1, attempt_timeout = 1 } },
        { method = "GET", url = "http://h" .. rest }))
      assert.equal(("GET %s HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n"):format(target), fake.requests[1])
      assert.equal(1, fake.closed)
    end)
  end

  it("takes a response in chunks", function()
    local server = serve("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")
    assert.equal("hello", assert(get(server.endpoint_url)).body)
  end)

  it("closes its connection, whatever the response", function()
    for _, bytes in ipairs({ scripted.response("hello"), "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
      "nonsense", "" }) do
      local fake = helper.fake(bytes ~= "" and bytes or nil)
      function fake.connect() return {} end
      http_client.request({ transport = fake, limits = { connect_timeout = 1, attempt_timeout = 1 } },
        { method = "GET", url = "http://h" })
      assert.equal(1, fake.closed)
    end
  end)

  it("follows no redirect", function()
    local server = serve("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    assert.equal(302, assert(get(server.endpoint_url)).status)
    assert.equal(1, server.connections())
  end)

  it("signs", function()
    local vectors = dofile("spec/vectors/sigv4.lua")
    local fake = helper.fake(helper.response(200, "<xml/>"))
    fake.time = function() return vectors.time end
    local keys = { aws_access_key_id = vectors.key_id, aws_secret_access_key = vectors.secret }
    local request = { method = "GET", url = "https://iam.amazonaws.com/?" .. vectors.published[1].query,
      headers = { "content-type", "application/x-www-form-urlencoded; charset=utf-8" },
      sign = { region = vectors.region, service = "iam", credentials = keys } }
    local own = { transport = fake, limits = { connect_timeout = 1, attempt_timeout = 1 } }
    assert(http_client.request(own, request))
    assert.matches("Signature=" .. vectors.published[1].signature, fake.requests[1], 1, true)
    keys.aws_session_token = "TOKEN"
    request.method, request.body, request.headers = "POST", "Action=A", nil
    assert(http_client.request(own, request))
    assert.matches("\r\nx-amz-security-token: TOKEN\r\n", fake.requests[2], 1, true)
    assert.matches("\r\n\r\nAction=A$", fake.requests[2])
  end)

  -- Rejected responses: { bytes, kind, a word of the error }.
  local refused = {
    ["an endless body"] = { "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n", "response", "exceeds" },
    ["a zipped body"] = { "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", "response",
      "not asked for" },
    ["a body that ends with the connection"] = { "HTTP/1.0 200 OK\r\n\r\nhello", "response", "truncation" },
    ["what is no HTTP"] = { "SSH-2.0-x\r\n\r\n", "response", "does not start with HTTP/" },
  }
  for name, case in pairs(refused) do
    it("refuses " .. name, function()
      local response, failure = get(serve(case[1]).endpoint_url)
      assert.same({ nil, case[2], true }, { response, failure.kind, failure.sent })
      assert.matches(case[3], failure.message, 1, true)
    end)
  end

  it("accepts up to the given number of bytes", function()
    local server = scripted.start({ { wait, { send = scripted.response("hello") } },
      { wait, { send = scripted.response("hello") } } })
    assert.equal("hello", assert(get(server.endpoint_url, { max_bytes = 5 })).body)
    assert.is_nil((get(server.endpoint_url, { max_bytes = 4 })))
  end)

  it("takes a body of 1 MiB, and one with Content-Encoding: identity", function()
    local body = ("x"):rep(2 ^ 20)
    local bytes = scripted.response(body, 200, { ["Content-Encoding"] = "identity" })
    assert.is_true(body == assert(get(serve(bytes).endpoint_url)).body)
  end)

  it("respects timeouts and the deadline", function()
    local cases = { { attempt_timeout = 0.3 }, { deadline = 0.3 }, { deadline = -1 } }
    for _, more in ipairs(cases) do
      local server, before = scripted.start({ { wait } }), curl.now()
      local deadline = more.deadline and before + more.deadline
      local response, failure = get(server.endpoint_url, { attempt_timeout = more.attempt_timeout, deadline = deadline })
      assert.same({ nil, "timeout" }, { response, failure.kind })
      assert.is_true(curl.now() - before < 3)
    end
    local server, before = scripted.start({}, { full = true }), curl.now()
    local response, failure = get(server.endpoint_url, { connect_timeout = 0.3 })
    assert.same({ nil, "timeout" }, { response, failure.kind })
    assert.is_true(curl.now() - before < 3)
  end)

  it("reports a refused connection and an unknown name", function()
    local server = scripted.start({})
    server.stop()
    local response, failure = get(server.endpoint_url)
    assert.same({ nil, "network", false, false }, { response, failure.kind, failure.sent, failure.permanent })
    response, failure = get("http://" .. ("x"):rep(64) .. ".invalid/")
    assert.same({ nil, "network", false, false }, { response, failure.kind, failure.sent, failure.permanent })
  end)

  -- Requests that are never sent.
  local impossible = {
    ["a URL of another scheme"] = { url = "ftp://host/" },
    ["a URL without a host"] = { url = "http:///path" },
    ["a URL with a password"] = { url = "http://user:password@host/" },
    ["a URL with a fragment"] = { url = "http://host/?secret#here" },
    ["a URL with a space"] = { url = "http://host/a b" },
    ["a URL with a line break"] = { url = "http://host/?a\r\nb: c" },
    ["no URL"] = { url = "" },
    ["a header of two lines"] = { url = "http://host/", headers = { "authorization", "secret\r\nx: y" } },
    ["a token of two lines"] = { url = "http://host/", sign = { region = "us-east-1", service = "sts",
      credentials = { aws_access_key_id = "A", aws_secret_access_key = "B", aws_session_token = "secret\n" } } },
    ["a service without a name"] = { url = "http://host/", sign = { region = "us-east-1", service = "",
      credentials = { aws_access_key_id = "A", aws_secret_access_key = "B" } } },
  }
  for name, request in pairs(impossible) do
    it("refuses " .. name, function()
      request.method = "GET"
      local response, failure = http_client.request({ transport = helper.fake(),
        limits = { connect_timeout = 1, attempt_timeout = 1 } }, request)
      assert.same({ nil, "network", false, true }, { response, failure.kind, failure.sent, failure.permanent })
      local why = failure.message
      assert.is_nil(why:find("password", 1, true) or why:find("secret", 1, true), why)
    end)
  end

  it("refuses a long URL with a fragment at once", function()
    local start = os.clock()
    local response, failure = http_client.request({ transport = helper.fake(),
      limits = { connect_timeout = 1, attempt_timeout = 1 } }, { method = "GET", url = "http://" .. ("a"):rep(1500) .. "#" })
    assert.is_nil(response)
    assert.truthy(failure.message:find("expected", 1, true))
    assert.is_true(os.clock() - start < 1)
  end)

  it("uses the proxy for its URL unless the request forbids it", function()
    local target = scripted.start({ { wait, { send = scripted.response("hello") } },
      { wait, { send = scripted.response("hello") } } })
    local tunnel = { wait, { send = "HTTP/1.1 200 OK\r\n\r\n" }, { tunnel = target.port } }
    local proxy, asked = scripted.start({ tunnel }), {}
    local function proxy_for(url)
      asked[#asked + 1] = url
      return proxy.endpoint_url
    end
    assert.equal("hello", assert(get("http://sts.invalid/path", nil, nil, proxy_for)).body)
    assert.same({ "http://sts.invalid/path" }, asked)
    assert.equal("hello", assert(get(target.endpoint_url, { proxy = false }, nil, proxy_for)).body)
    assert.equal(1, proxy.connections())
    assert.same({ "http://sts.invalid/path" }, asked)
  end)

  it("does not use the connection's unix socket and client certificate for other servers", function()
    local fake, connect_options = helper.fake(helper.response(200, "")), nil
    function fake.connect(_, _, options)
      connect_options = options
      return {}
    end
    local connect = { ca_bundle = "ca", client_certificate = "cert", client_key = "key", unix_socket = "socket",
      proxy = "http://p", tcp_keepalive = true }
    assert(http_client.request({ transport = fake, limits = { connect_timeout = 1, attempt_timeout = 1, connect = connect } },
      { method = "GET", url = "http://h" }))
    assert.same({ ca_bundle = "ca", tcp_keepalive = true }, connect_options)
  end)
end)
