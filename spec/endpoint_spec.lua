local endpoint = require("dynamodb.endpoint")

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

describe("endpoint.for_region", function()
  local partitions = {
    ["us-east-1"] = "https://dynamodb.us-east-1.amazonaws.com",
    ["eu-central-2"] = "https://dynamodb.eu-central-2.amazonaws.com",
    ["us-gov-east-1"] = "https://dynamodb.us-gov-east-1.amazonaws.com",
    ["cn-northwest-1"] = "https://dynamodb.cn-northwest-1.amazonaws.com.cn",
    ["us-iso-west-1"] = "https://dynamodb.us-iso-west-1.c2s.ic.gov",
    ["us-isob-east-1"] = "https://dynamodb.us-isob-east-1.sc2s.sgov.gov",
    ["eu-isoe-west-1"] = "https://dynamodb.eu-isoe-west-1.cloud.adc-e.uk",
    ["us-isof-south-1"] = "https://dynamodb.us-isof-south-1.csp.hci.ic.gov",
    ["eusc-de-east-1"] = "https://dynamodb.eusc-de-east-1.amazonaws.eu",
    ["xx-new-9"] = "https://dynamodb.xx-new-9.amazonaws.com",
    ["local"] = "http://localhost:8000",
  }
  for region, url in pairs(partitions) do
    it("knows " .. region, function()
      assert.equal(url, endpoint.for_region(region))
      assert.equal(url, endpoint.parse(url, "here").url)
    end)
  end
end)

describe("endpoint.parse", function()
  -- A URL, and what becomes of it: the URL to connect to, the Host header, the path to ask for.
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
