-- Credentials of ECS and EKS containers: permitted URLs, the authorization token, and retries.
local container = require("dynamodb.credentials.container")
local provider = dofile("spec/support/provider_kit.lua")

local response = provider.response

local RELATIVE, FULL = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"
local TOKEN, TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"

local keys = { AccessKeyId = "k", SecretAccessKey = "s", Token = "t", Expiration = provider.time_in(3600),
  AccountId = "123456789012", RoleArn = "arn" }
local found = { aws_access_key_id = "k", aws_secret_access_key = "s", aws_session_token = "t", account_id = "123456789012",
  expires = provider.NOW + 3600, source = "container" }

describe("credentials.container", function()
  after_each(provider.remove)

  it("finds nothing outside containers", function()
    assert.same({ false, ("container (%s, %s)"):format(RELATIVE, FULL) }, { container(provider.kit({})) })
  end)

  it("requests the ECS agent", function()
    local kit = provider.kit({ environment = { [RELATIVE] = "/v2/credentials/1?a=b", [FULL] = "http://localhost/other" },
      responses = { response(200, keys) } })
    assert.same(found, (container(kit)))
    local request = kit.requests[1]
    assert.equal("http://169.254.170.2/v2/credentials/1?a=b", request.url)
    assert.equal("GET", request.method)
    assert.same({ "accept", "application/json" }, request.headers)
  end)

  it("never goes through a proxy, and limits time and bytes", function()
    local kit = provider.kit({ environment = { [RELATIVE] = "/c" } })
    container(kit)
    local request = kit.requests[1]
    assert.same({ false, 1, 2, 65536, 1015 }, { request.proxy, request.connect_timeout, request.attempt_timeout,
      request.max_bytes, request.deadline })
  end)

  -- { full URL, whether requests to it are permitted }
  local allowed = {
    "http://localhost/c", "http://localhost:51679/c", "http://LOCALHOST/c", "http://127.0.0.1/c", "http://127.0.0.1:8080/c?x=y",
    "http://127.255.0.9/c", "http://[::1]/c", "http://[::1]:80/c", "http://169.254.170.2/c",
    "http://169.254.170.23/v1/credentials",
    "http://[fd00:ec2::23]/v1/credentials", "http://[FD00:EC2::23]:80/c", "http://localhost",
    "https://example.com/c", "https://10.0.0.1:8443/c", "https://[2001:db8::1]/c",
  }
  for _, url in ipairs(allowed) do
    it("permits " .. url, function()
      local kit = provider.kit({ environment = { [FULL] = url }, responses = { response(200, keys) } })
      assert.same(found, (container(kit)))
      assert.equal(url, kit.requests[1].url)
    end)
  end

  local ELSEWHERE = FULL .. ": plain http is for this machine and the agents of ECS and EKS, not for '%s'"
  local BAD = FULL .. ": 'http(s)://host[:port]/path' expected"
  local refused = {
    { "http://example.com/c", ELSEWHERE:format("example.com") },
    { "http://10.0.0.1/c", ELSEWHERE:format("10.0.0.1") },
    { "http://169.254.170.3/c", ELSEWHERE:format("169.254.170.3") },
    { "http://169.254.169.254/c", ELSEWHERE:format("169.254.169.254") },
    { "http://192.168.0.1/c", ELSEWHERE:format("192.168.0.1") },
    { "http://128.0.0.1/c", ELSEWHERE:format("128.0.0.1") },
    { "http://127.0.0.1.example.com/c", ELSEWHERE:format("127.0.0.1.example.com") },
    { "http://127.1/c", ELSEWHERE:format("127.1") },
    { "http://127.0.0.256/c", ELSEWHERE:format("127.0.0.256") },
    { "http://127.0.0.01/c", ELSEWHERE:format("127.0.0.01") },
    { "http://0177.0.0.1/c", ELSEWHERE:format("0177.0.0.1") },
    { "http://2130706433/c", ELSEWHERE:format("2130706433") },
    { "http://0x7f000001/c", ELSEWHERE:format("0x7f000001") },
    { "http://0.0.0.0/c", ELSEWHERE:format("0.0.0.0") },
    { "http://localhost.example.com/c", ELSEWHERE:format("localhost.example.com") },
    { "http://localhost./c", ELSEWHERE:format("localhost.") },
    { "http://[::2]/c", ELSEWHERE:format("[::2]") },
    { "http://[fd00:ec2::24]/c", ELSEWHERE:format("[fd00:ec2::24]") },
    { "http://[::ffff:10.0.0.1]/c", BAD },
    { "http://localhost@example.com/c", BAD },
    { "http://example.com#@localhost/c", ELSEWHERE:format("example.com") },
    { "http://example.com?@localhost/c", ELSEWHERE:format("example.com") },
    { "http://user:password@localhost/c", BAD },
    { "http://local host/c", BAD },
    { "http://localhost/c\r\nx: y", BAD },
    { "http://localhost:/c", BAD },
    { "http:///c", BAD },
    { "http:/localhost/c", BAD },
    { "HTTP://localhost/c", BAD },
    { "ftp://localhost/c", BAD },
    { "file:///etc/passwd", BAD },
    { "//localhost/c", BAD },
    { "localhost/c", BAD },
    { "/c", BAD },
  }
  for _, case in ipairs(refused) do
    it(("rejects the full URL %q"):format(case[1]), function()
      local kit = provider.kit({ environment = { [FULL] = case[1] } })
      assert.same({ nil, case[2] }, { container(kit) })
      assert.equal(0, #kit.requests)
    end)
  end

  for _, path in ipairs({ "c", "http://example.com/", "@example.com/c", "/c d", "/c\n" }) do
    it(("rejects the relative URL %q"):format(path), function()
      local kit = provider.kit({ environment = { [RELATIVE] = path } })
      assert.same({ nil, RELATIVE .. ": path expected" }, { container(kit) })
      assert.equal(0, #kit.requests)
    end)
  end

  it("sends the token, from a file or else a variable, read at each request", function()
    local files = { ["/token"] = "first" }
    local kit = provider.kit({ environment = { [FULL] = "http://169.254.170.23/v1/credentials", [TOKEN] = "plain",
      [TOKEN_FILE] = "/token" }, files = files, responses = { response(200, keys), response(200, keys) } })
    container(kit)
    files["/token"] = "second\n"
    container(kit)
    assert.same({ "accept", "application/json", "authorization", "first" }, kit.requests[1].headers)
    assert.equal("second", kit.requests[2].headers[4])
    kit = provider.kit({ environment = { [RELATIVE] = "/c", [TOKEN] = "Basic plain" } })
    container(kit)
    assert.equal("Basic plain", kit.requests[1].headers[4])
  end)

  local bad_tokens = {
    { "no file", {}, TOKEN_FILE .. ": /token is not there" },
    { "a file that cannot be read", { ["/token"] = false }, TOKEN_FILE .. ": /token: Permission denied" },
    { "lines", { ["/token"] = "a\r\nx-evil: b" }, "the container's token has control characters" },
  }
  for _, case in ipairs(bad_tokens) do
    it("sends nothing with a token of " .. case[1], function()
      local kit = provider.kit({ environment = { [RELATIVE] = "/c", [TOKEN_FILE] = "/token" }, files = case[2] })
      assert.same({ nil, case[3] }, { container(kit) })
      assert.equal(0, #kit.requests)
    end)
  end

  local refusals = {
    { "a refusal of ECS", { response(400, { code = "InvalidIdInPath", message = "not found" }) },
      "container's agent responded with status 400: InvalidIdInPath: not found", false },
    { "a refusal by another service", { response(404, { Code = "NotFound", Message = "nothing" }) },
      "container's agent responded with status 404: NotFound: nothing", false },
    { "a redirect, which is not followed", { response(302, "", { location = "http://example.com/" }) },
      "container's agent responded with status 302", false },
    { "a refusal that repeats the token", { response(401, { message = "bad token-of-the-pod" }) },
      "container's agent responded with status 401: bad ...", false },
    { "inner errors", { response(500), response(503), response(500) }, "container's agent responded with status 500", true },
    { "another format", { response(200, "<html>") }, "container: response that is not JSON", nil },
    { "half credentials", { response(200, { AccessKeyId = "k", SecretAccessKey = "s" }) },
      "response of the container's agent has no Token", nil },
    { "a malformed time", { response(200, { AccessKeyId = "k", SecretAccessKey = "s", Token = "t", Expiration = "soon" }) },
      "response of the container's agent has a bad Expiration", nil },
    { "no response", {}, "container's agent: connection refused", true },
  }
  for _, case in ipairs(refusals) do
    it("reports " .. case[1], function()
      local kit = provider.kit({ environment = { [RELATIVE] = "/c", [TOKEN] = "token-of-the-pod" }, responses = case[2] })
      assert.same({ nil, case[3], case[4] }, { container(kit) })
    end)
  end
end)
