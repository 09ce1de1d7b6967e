-- Credentials from the EC2 instance metadata service, version 2.
local instance_metadata = require("dynamodb.credentials.instance_metadata")
local provider = dofile("spec/support/provider_kit.lua")

local response = provider.response

local BASE = "http://169.254.169.254"
local ROLE = "/latest/meta-data/iam/security-credentials/"

local token = response(200, "TOKEN-1==", { ["x-aws-ec2-metadata-token-ttl-seconds"] = "21600" })
local role = response(200, "my-role\n")
local keys = response(200, { Code = "Success", Type = "AWS-HMAC", AccessKeyId = "k", SecretAccessKey = "s", Token = "t",
  Expiration = provider.time_in(3600), LastUpdated = provider.NOW_TEXT })
local found = { aws_access_key_id = "k", aws_secret_access_key = "s", aws_session_token = "t",
  expires = provider.NOW + 3600, source = "instance metadata" }

local function request_lines(kit)
  local lines = {}
  for i, request in ipairs(kit.requests) do lines[i] = request.method .. " " .. request.url end
  return lines
end

describe("credentials.metadata", function()
  after_each(provider.remove)

  it("requests a token, a role and its credentials", function()
    local kit = provider.kit({ responses = { token, role, keys } })
    assert.same(found, (instance_metadata(kit)))
    assert.same({ "PUT " .. BASE .. "/latest/api/token", "GET " .. BASE .. ROLE, "GET " .. BASE .. ROLE .. "my-role" },
      request_lines(kit))
    assert.same({ "x-aws-ec2-metadata-token-ttl-seconds", "21600" }, kit.requests[1].headers)
    for i = 2, 3 do assert.same({ "x-aws-ec2-metadata-token", "TOKEN-1==" }, kit.requests[i].headers) end
  end)

  it("never uses a proxy, and limits time and bytes by settings", function()
    local kit = provider.kit({ values = { metadata_service_timeout = 2.5 } })
    instance_metadata(kit)
    local request = kit.requests[1]
    assert.same({ false, 2.5, 2.5, 65536, 1015 }, { request.proxy, request.connect_timeout, request.attempt_timeout,
      request.max_bytes, request.deadline })
    assert.equal(1, #kit.requests)
  end)

  it("makes the configured number of attempts", function()
    local kit = provider.kit({ values = { metadata_service_num_attempts = 3 },
      responses = { { "network", "x" }, response(500), token, response(200, ""), role, response(503), keys } })
    assert.same(found, (instance_metadata(kit)))
    assert.equal(7, #kit.requests)
  end)

  it("keeps the token until it expires", function()
    local kit = provider.kit({ responses = { token, role, keys, role, keys, token, role, keys } })
    for _ = 1, 2 do assert.same(found, (instance_metadata(kit))) end
    assert.equal(5, #kit.requests)
    kit.transport.sleep(21600 - 60)
    instance_metadata(kit)
    assert.equal("PUT " .. BASE .. "/latest/api/token", request_lines(kit)[6])
  end)

  it("replaces a rejected token once", function()
    local second = response(200, "TOKEN-2")
    local kit = provider.kit({ responses = { token, response(401), second, role, keys } })
    assert.same(found, (instance_metadata(kit)))
    assert.equal("TOKEN-1==", kit.requests[2].headers[2])
    for i = 4, 5 do assert.equal("TOKEN-2", kit.requests[i].headers[2]) end
    kit = provider.kit({ responses = { token, response(401), second, response(401) } })
    assert.same({ nil, "instance metadata (role) responded with status 401", false }, { instance_metadata(kit) })
    kit = provider.kit({ responses = { token, response(401), response(404) } })
    assert.same({ nil, "instance metadata: no token", true }, { instance_metadata(kit) })
  end)

  it("uses the configured endpoint", function()
    for _, url in ipairs({ "http://[fd00:ec2::254]", "http://127.0.0.1:9/x/" }) do
      local kit = provider.kit({ values = { ec2_metadata_service_endpoint = url } })
      instance_metadata(kit)
      assert.equal("PUT " .. url:gsub("/$", "") .. "/latest/api/token", request_lines(kit)[1])
    end
  end)

  -- { name, settings, responses, number of requests, credentials or false or nil, error }
  local cases = {
    { "is disabled", { ec2_metadata_disabled = true }, {}, 0, false, "instance metadata (disabled)" },
    { "does not exist", {}, {}, 1, false, "instance metadata: connection refused" },
    { "is not there in time", {}, { { "timeout", "no connection in time", false } }, 1, false,
      "instance metadata: no connection in time" },
    { "knows only version 1", {}, { response(404), role, keys }, 3, found },
    { "forbids tokens", {}, { response(403), role, keys }, 3, found },
    { "knows no PUT", {}, { response(405), role, keys }, 3, found },
    { "has a hop limit that stops responses to a container", {}, { { "timeout", "late", true }, role, keys }, 3, found },
    { "knows only version 1, which is disabled", { ec2_metadata_v1_disabled = true }, { response(404) }, 1, nil,
      "instance metadata: no token for version 2, and version 1 is disabled" },
    { "is another cloud's", {}, { response(400) }, 1, false, "instance metadata (token) responded with status 400" },
    { "is another cloud's that knows no PUT", {}, { response(405), response(403) }, 2, false,
      "instance metadata (role) responded with status 403" },
    { "responds with HTML to every request", {}, { response(200, "<html>\n</html>") }, 1, false,
      "instance metadata (token) responded with status 200" },
    { "responds with JSON to every request", {}, { response(200, '{"a":"b"}') }, 1, false,
      "instance metadata (token) responded with status 200" },
    { "is busy", {}, { response(503) }, 1, nil, "instance metadata (token) responded with status 503" },
    { "has no role", {}, { token, response(404) }, 2, false, "instance metadata (the instance has no role)" },
    { "has a role that is none", {}, { token, response(200, "a/../b") }, 2, nil,
      "instance metadata (role) responded with status 200" },
    { "is busy after the token", {}, { token, response(500) }, 2, nil, "instance metadata (role) responded with status 500" },
    { "is gone after the token", {}, { token }, 2, nil, "instance metadata: connection refused" },
    { "is busy after the role", {}, { token, role, response(500) }, 3, nil, "instance metadata responded with status 500" },
    { "returns no JSON", {}, { token, role, response(200, "<html>") }, 3, nil, "instance metadata responded with status 200" },
    { "reports a failure", {}, { token, role, response(200, { Code = "AssumeRoleUnauthorizedAccess",
      Message = "EC2 cannot assume the role" }) }, 3, nil,
      "instance metadata responded with status 200: AssumeRoleUnauthorizedAccess: EC2 cannot assume the role" },
    { "returns incomplete credentials", {}, { token, role, response(200, { Code = "Success", AccessKeyId = "k" }) }, 3, nil,
      "response of instance metadata has no SecretAccessKey" },
    { "repeats the token", {}, { token, role, response(200, { Code = "No", Message = "TOKEN-1==" }) }, 3, nil,
      "instance metadata responded with status 200: No: ..." },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      local kit = provider.kit({ values = case[2], responses = case[3] })
      local result, why = instance_metadata(kit)
      assert.same(case[5], result)
      assert.equal(case[6], why)
      assert.equal(case[4], #kit.requests)
    end)
  end

  it("sends no token header without a token", function()
    local kit = provider.kit({ responses = { response(404), role, keys } })
    instance_metadata(kit)
    for i = 2, 3 do assert.same({}, kit.requests[i].headers) end
  end)
end)
