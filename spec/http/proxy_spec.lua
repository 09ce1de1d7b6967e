-- NO_PROXY, by the vectors of spec/vectors/proxy.lua, and the proxy's URL.
local proxy = require("dynamodb.http.proxy")

describe("proxy", function()
  for _, case in ipairs(dofile("spec/vectors/proxy.lua")) do
    it(("has %s for %s without '%s'"):format(case[3] and "none" or "one", case[2], case[1]), function()
      local settings = { http_proxy = "http://p:1", https_proxy = "http://p:1", no_proxy = case[1] }
      assert.equal(not case[3] and "http://p:1" or nil, proxy.choose(case[2], settings))
    end)
  end

  it("depends on the scheme of the URL", function()
    local settings = { http_proxy = "http://one:3128", https_proxy = "http://other:3128" }
    assert.equal("http://one:3128", proxy.choose("http://example.com", settings))
    assert.equal("http://other:3128", proxy.choose("https://example.com", settings))
    assert.is_nil(proxy.choose("https://example.com", { http_proxy = "http://one:3128" }))
    assert.is_nil(proxy.choose("http://example.com", { https_proxy = "http://one:3128" }))
  end)

  it("may be disabled or absent", function()
    for _, none in ipairs({ false, "" }) do
      assert.is_nil(proxy.choose("http://example.com", { http_proxy = none, no_proxy = "*" }))
    end
    assert.is_nil(proxy.choose("http://example.com", {}))
  end)

  it("has the default scheme http", function()
    local function of(text) return proxy.choose("https://example.com", { https_proxy = text }) end
    assert.equal("http://proxy.example:3128", of("proxy.example:3128"))
    assert.equal("https://u:p@proxy.example", of("https://u:p@proxy.example"))
  end)
end)
