-- Endpoints: resolving URLs by the vectors of spec/vectors/endpoint.lua, and refused URLs.
local endpoint = require("dynamodb.http.endpoint")
local vectors = dofile("spec/vectors/endpoint.lua")

describe("endpoint.is_region", function()
  local good = { "us-east-1", "eu-west-1", "us-gov-west-1", "cn-north-1", "local", "x", "7", ("a"):rep(63) }
  for _, region in ipairs(good) do
    it("takes " .. region, function() assert.is_true(endpoint.is_region(region)) end)
  end

  local bad = {
    "", "-", "-a", "a-", "us east 1", "us-east-1 ", "us-east-1.", "us.east", ("a"):rep(64),
    "us-east-1.evil.example", "evil.example/", "evil.example#", "evil.example?", "a@evil.example", "a:8000",
    "a\\b", "a/../b", "us_east_1", "%2e", "a\r\nHost: evil.example", "us-east-1\n", "us-east-1\0",
    "\195\169u-west-1", "x.example#.amazonaws.com",
  }
  for _, region in ipairs(bad) do
    it(("refuses %q"):format(region):gsub("\n", "n"),
      function() assert.is_false(endpoint.is_region(region)) end)
  end
end)

describe("endpoint.resolve", function()
  local switches = { { "" }, { " with FIPS", fips = true }, { " with dual stack", dualstack = true },
    { " with both", fips = true, dualstack = true } }

  for region, kinds in pairs(vectors.public) do
    for kind, hosts in pairs(kinds) do
      for i, given in ipairs(switches) do
        it(("returns the host for %s operations in %s%s"):format(kind, region, given[1]), function()
          local expected = { url = "https://" .. hosts[i], host = hosts[i], path = "/", region = region }
          assert.same(expected, endpoint.resolve({ region = region, kind = kind, fips = given.fips,
            dualstack = given.dualstack }))
        end)
      end
    end
  end

  for _, case in ipairs(vectors.cases) do
    it("takes " .. case.name, function()
      local given = { region = "us-east-1" }
      for name, value in pairs(case.given) do given[name] = value end
      local found, why = endpoint.resolve(given)
      assert.equal(case.why, why)
      if case.why then return assert.is_nil(found) end
      assert.same({ url = case.url, host = case.url:gsub("^%w+://", ""), path = case.path or "/",
        region = case.sign or given.region, account = case.account }, found)
    end)
  end

  it("requires a region", function()
    local found, why = endpoint.resolve({ endpoint_url = "https://example.com" })
    assert.is_nil(found)
    assert.equal("'nil' is not a region", why)
  end)
end)

describe("endpoint.service", function()
  for _, case in ipairs(vectors.services) do
    local name, region, given, url, sign = case[1], case[2], case[3], case[4], case[5]
    local words = {}
    for switch in pairs(given) do words[#words + 1] = switch end
    it(("returns the host of %s in %s %s"):format(name, region, table.concat(words, ", ")), function()
      assert.same({ url, sign or region }, { endpoint.service(name, region, given) })
    end)
  end

  it("accepts absent switches", function()
    assert.equal("https://sts.us-east-1.amazonaws.com", (endpoint.service("sts", "us-east-1")))
  end)

  it("rejects malformed regions", function()
    assert.same({ nil, "'evil.example/' is not a region" }, { endpoint.service("sts", "evil.example/") })
    assert.same({ nil, "'nil' is not a region" }, { endpoint.service("portal.sso", nil) })
  end)
end)

describe("endpoint.resource", function()
  for i, case in ipairs(vectors.resources) do
    it("returns the resource of a request, " .. i, function()
      assert.equal(case[2], endpoint.resource(case[1]))
    end)
  end
end)

describe("endpoint.partition", function()
  local names = { ["us-east-1"] = "aws", ["xx-new-9"] = "aws", ["local"] = "aws", ["cn-north-1"] = "aws-cn",
    ["us-gov-west-1"] = "aws-us-gov", ["us-iso-west-1"] = "aws-iso", ["us-isob-east-1"] = "aws-iso-b",
    ["eu-isoe-west-1"] = "aws-iso-e", ["us-isof-east-1"] = "aws-iso-f", ["eusc-de-east-1"] = "aws-eusc" }
  for region, name in pairs(names) do
    it("returns the partition of " .. region, function() assert.equal(name, endpoint.partition(region).name) end)
  end

  it("matches the documentation page", function()
    local page = dofile("spec/support/files.lua").read("doc/endpoints.md")
    for region in pairs(names) do
      local partition = endpoint.partition(region)
      local row = ("| %s | `%s` | `%s` |"):format(partition.prefix == "" and "all others" or "`" .. partition.prefix .. "`",
        partition.suffix, partition.dual)
      assert.truthy(page:find(row, 1, true), row)
    end
  end)
end)

describe("endpoint.parse", function()
  -- { URL, URL to connect to, Host header, path }
  local good = {
    { "http://localhost:8000", "http://localhost:8000", "localhost:8000", "/" },
    { "https://example.com", "https://example.com", "example.com", "/" },
    { "https://example.com/", "https://example.com", "example.com", "/" },
    { "https://example.com/a/b-c_d.e~f", "https://example.com", "example.com", "/a/b-c_d.e~f" },
    { "https://example.com:8443/a/", "https://example.com:8443", "example.com:8443", "/a/" },
    { "http://example.com:80", "http://example.com", "example.com", "/" },
    { "https://example.com:443", "https://example.com", "example.com", "/" },
    { "http://example.com:443", "http://example.com:443", "example.com:443", "/" },
    { "https://example.com:80", "https://example.com:80", "example.com:80", "/" },
    { "http://h:1", "http://h:1", "h:1", "/" },
    { "http://h:65535", "http://h:65535", "h:65535", "/" },
    { "http://h:08000", "http://h:8000", "h:8000", "/" },
    { "http://127.0.0.1:8000", "http://127.0.0.1:8000", "127.0.0.1:8000", "/" },
    { "http://[::1]:8000", "http://[::1]:8000", "[::1]:8000", "/" },
    { "http://[::1]", "http://[::1]", "[::1]", "/" },
    { "https://[2001:db8::a]:443/x", "https://[2001:db8::a]", "[2001:db8::a]", "/x" },
    { "http://[::ffff:127.0.0.1]:1", "http://[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]:1", "/" },
    { "http://under_score.example", "http://under_score.example", "under_score.example", "/" },
  }
  for _, case in ipairs(good) do
    it("takes " .. case[1], function()
      assert.same({ url = case[2], host = case[3], path = case[4] }, endpoint.parse(case[1], "here"))
      assert.same({ url = case[2], host = case[3], path = case[4] }, endpoint.split(case[1]))
    end)
  end

  local bad = {
    "", "localhost", "localhost:8000", "//localhost", "ftp://localhost", "file:///etc/passwd",
      "http:/localhost",
    "http://", "http:///path", "http://:8000", "https://?x", " http://localhost", "http://localhost ",
    "http://local host", "http://localhost\n", "http://localhost\r\nX: y", "http://localhost\0",
    "http://h:0", "http://h:65536", "http://h:99999999999999999999", "http://h:", "http://h:-1",
      "http://h:8a",
    "http://h:80:90", "http://h:0x50", "http://h?a=b", "http://h/?a=b", "http://h#x", "http://h/#x",
    "http://h/%2e", "http://h//a", "http://h/a//b", "http://h/a b", "http://h/\195\169",
      "http://\195\169.example",
    "http://.h", "http://h..example", "http://-h", "http://h\\evil.example", "http://h,g",
    "http://" .. ("a"):rep(254), "http://[::1", "http://::1", "http://[]", "http://[::1]x",
      "http://[::1%25eth0]",
    "http://[evil.example]", "socks5://h", "HTTPS://h@g",
  }
  for _, url in ipairs(bad) do
    it((("refuses %q"):format(url:sub(1, 50)):gsub("\n", "n")), function()
      local ok, message = pcall(endpoint.parse, url, "connect: option 'endpoint_url'")
      assert.is_false(ok)
      local expected = "connect: option 'endpoint_url': 'http(s)://host[:port][/path]' expected, got '"
      assert.matches(expected, message, 1, true)
      local parts, why = endpoint.split(url)
      assert.is_nil(parts)
      assert.matches("'http(s)://host[:port][/path]' expected, got '", why, 1, true)
    end)
  end

  local with_passwords = {
    "http://user:pa55word@localhost:8000", "https://pa55word@localhost", "https://user:pa55word@",
      "http://u:pa55word@h@g",
    "http://user:pa55/word@localhost", "ftp://user:pa55word@localhost", "http:/user:pa55word@localhost",
    "http:user:pa55word@localhost", "user:pa55word@localhost:8000", "//user:pa55word@localhost",
  }
  for _, url in ipairs(with_passwords) do
    it("refuses " .. url .. " and shows no password", function()
      local ok, message = pcall(endpoint.parse, url, "here")
      assert.is_false(ok)
      assert.not_matches("pa55", message, 1, true)
    end)
  end

  it("shows only the start of a long text", function()
    local _, message = pcall(endpoint.parse, "http://" .. (" "):rep(5000), "here")
    assert.is_true(#message < 300)
  end)
end)
