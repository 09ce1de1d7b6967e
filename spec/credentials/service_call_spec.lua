-- HTTP calls of providers: retries, timeouts and rejected responses.
local pool = require("dynamodb.http.pool")
local service_call = require("dynamodb.credentials.service_call")
local provider = dofile("spec/support/provider_kit.lua")

local response = provider.response

describe("credentials.service_call", function()
  after_each(provider.remove)

  local REQUEST = "a request"

  local function send(responses, more)
    local kit = provider.kit({ responses = responses })
    local request = { name = "STS", url = REQUEST }
    for name, value in pairs(more or {}) do request[name] = value end
    return kit, { service_call.send(kit, request) }
  end

  -- { name, responses in order, number of requests, resulting status or error text }
  local cases = {
    { "a success", { response(200) }, 1, 200 },
    { "a refusal", { response(403) }, 1, 403 },
    { "an inner error, then a success", { response(500), response(200) }, 2, 200 },
    { "throttling", { response(429), response(503), response(200) }, 3, 200 },
    { "inner errors", { response(500), response(502), response(503), response(200) }, 3, 503 },
    { "no connection, then a success", { { "network", "refused" }, response(200) }, 2, 200 },
    { "no connection", {}, 3, "STS: connection refused" },
  }
  for _, case in ipairs(cases) do
    it("handles " .. case[1], function()
      local kit, results = send(case[2])
      assert.equal(case[3], #kit.requests)
      if type(case[4]) == "number" then
        assert.equal(case[4], results[1].status)
      else
        assert.same({ nil, case[4], true, "network" }, { results[1], results[2], results[3], results[4].kind })
      end
    end)
  end

  it("doubles its delays, but never exceeds the deadline", function()
    local kit = send({})
    assert.same({ 0.05, 0.1 }, kit.slept)
    assert.equal(kit.deadline, kit.requests[1].deadline)
    kit = provider.kit({})
    kit.deadline = kit.transport.now() + 0.06
    local _, why = service_call.send(kit, { name = "STS" })
    assert.equal("STS: connection refused", why)
    assert.equal(2, #kit.requests)
    assert.same({ 0.05 }, kit.slept)
  end)

  it("retries by the condition and the number of attempts of the caller", function()
    local kit = send({ response(400), response(400), response(400) }, { again = function(r) return r.status == 400 end })
    assert.equal(3, #kit.requests)
    kit = send({ response(500) }, { attempts = 1 })
    assert.equal(1, #kit.requests)
  end)

  it("does not retry permanent failures", function()
    local kit = provider.kit({})
    kit.http = function(request)
      kit.requests[#kit.requests + 1] = request
      return nil, pool.failure("network", "bad certificate", false, true)
    end
    local _, why, retryable, failure = service_call.send(kit, { name = "STS" })
    assert.same({ "STS: bad certificate", false, "network", false }, { why, retryable, failure.kind, failure.sent })
    assert.equal(1, #kit.requests)
  end)

  it("shows no secrets", function()
    local secret = "a+secret.with%signs"
    local _, results = send({ { "network", "sent " .. secret .. " in vain" } }, { attempts = 1, secrets = { secret } })
    assert.equal("STS: sent ... in vain", results[2])
    assert.equal("no ... either", service_call.clean("no a\0secret%z\0 either", { "a\0secret%z\0" }))
    assert.equal("short ones stay: abc", service_call.clean("short ones stay: abc", { "abc", false }))
    assert.equal("no lines", service_call.clean("no\r\n\tlines"))
    assert.equal(303, #service_call.clean(("x"):rep(5000)))
  end)

  it("formats the text of an error response", function()
    local request = { name = "STS", secrets = { "verysecret" } }
    local why, passing = service_call.refusal(request, response(403), "AccessDenied", "not with verysecret")
    assert.equal("STS responded with status 403: AccessDenied: not with ...", why)
    assert.is_false(passing)
    why, passing = service_call.refusal(request, response(503), nil, {})
    assert.equal("STS responded with status 503", why)
    assert.is_true(passing)
  end)

  it("resolves the URLs of services", function()
    local kit = provider.kit({ values = { endpoint_urls = { sso = "http://localhost:1/sso/" } } })
    assert.same({ "https://sts.eu-west-1.amazonaws.com", "eu-west-1" }, { service_call.endpoint(kit, "sts", "eu-west-1") })
    assert.same({ "https://sts.us-east-1.amazonaws.com", "us-east-1" }, { service_call.endpoint(kit, "sts", "local") })
    assert.same({ "http://localhost:1/sso", "eu-west-1" }, { service_call.endpoint(kit, "portal.sso", "eu-west-1") })
    assert.is_nil((service_call.endpoint(kit, "oidc", "evil.example/")))
  end)

  it("encodes query strings", function()
    assert.equal("a-b._~%20%2F%2B%3D%C3%A4", service_call.encode("a-b._~ /+=\195\164"))
  end)
end)
