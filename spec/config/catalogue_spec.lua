-- The catalogue of settings: every setting is complete, and the texts of each kind are parsed as documented.
local fake = dofile("spec/support/fake_system.lua")
local catalogue = require("dynamodb.config.catalogue")

describe("settings_list", function()
  after_each(fake.remove)

  it("has each setting once, in order and by name", function()
    local seen = {}
    for _, row in ipairs(catalogue) do
      assert.is_nil(seen[row.name], row.name)
      assert.is_true(rawequal(row, catalogue[row.name]))
      seen[row.name] = true
    end
    for name in pairs(catalogue) do assert.is_true(type(name) == "number" or seen[name]) end
  end)

  it("has valid defaults", function()
    for _, row in ipairs(catalogue) do
      if row.default ~= nil then assert.is_true((row.kind.check(row.default)), row.name) end
    end
  end)

  it("has at least one source for each setting", function()
    for _, row in ipairs(catalogue) do assert.truthy(row.code or row.key or row.env[1], row.name) end
  end)

  it("lists ignore_configured_endpoint_urls and services before the endpoints, which depend on them", function()
    local at = {}
    for i, row in ipairs(catalogue) do at[row.name] = i end
    for i, row in ipairs(catalogue) do
      if row.service then
        assert.is_true(at.ignore_configured_endpoint_urls < i and at.services < i and at.profile < i)
      end
    end
  end)

  -- { a setting of the kind, valid texts and their values, invalid texts }
  local kinds = {
    { "use_fips_endpoint", { ["true"] = true, ["TRUE"] = true, ["False"] = false }, "boolean",
      { "", "yes", "1", "0", "true ", "nil" } },
    { "max_attempts", { ["1"] = 1, ["010"] = 10, ["9007199254740991"] = 9007199254740991 }, "whole number of at least 1",
      { "", "0", "-1", "1.5", "1e3", "0x10", "ten", "1 ", "99999999999999999999" } },
    { "metadata_service_timeout", { ["1"] = 1, ["0.5"] = 0.5, ["3."] = 3 }, "positive number of seconds",
      { "", "0", "-1", ".5", "1e3", "inf", "nan", "0x1", "1s", "1,5" } },
    { "retry_mode", { standard = "standard", Adaptive = "adaptive", LEGACY = "legacy", off = "off" },
      "one of standard, adaptive, off, legacy", { "", "none", "standard " } },
    { "ec2_metadata_service_endpoint_mode", { ipv4 = "IPv4", IPV6 = "IPv6" }, "one of IPv4, IPv6", { "4" } },
    { "region", { ["eu-west-1"] = "eu-west-1", ["local"] = "local", x = "x" }, "region such as eu-west-1",
      { "", "eu west", "eu-west-1.example.com", "-a", "a-", "a/b", "eu-west-1\n" } },
    { "account_id", { ["012345678901"] = "012345678901" }, "account number of 12 digits",
      { "", "1", "0123456789012", "01234567890a" } },
    { "endpoint_url", { ["http://localhost:8000"] = "http://localhost:8000", ["https://[::1]:1/a/b"] = "https://[::1]:1/a/b" },
      "http(s)://host[:port][/path]", { "", "localhost:8000", "ftp://a", "http://", "https:///a", "http://u:p@host",
        "http://a?b", "http://a#b", "http://a b", "http://a\nb" } },
    { "http_proxy", { ["http://u:p@h:1"] = "http://u:p@h:1", ["h:3128"] = "h:3128" }, "URL of a proxy, or false",
      { "", "a b", "a\n" } },
    { "sdk_ua_app_id", { ["my app"] = "my app", [("x"):rep(50)] = ("x"):rep(50) },
      "text of 1 to 50 printable ASCII characters", { "", ("x"):rep(51), "a\r\nb", "\195\164" } },
    { "ca_bundle", { ["/a"] = "/a", ["~/a"] = "/home/a", ["~"] = "/home" }, "non-empty string", { "" } },
    { "role_arn", { [" a "] = " a " }, "non-empty string", { "" } },
  }
  for _, case in ipairs(kinds) do
    it("parses texts of the kind of " .. case[1], function()
      fake.install({}, {})
      local kind = catalogue[case[1]].kind
      for text, value in pairs(case[2]) do
        assert.equal(value, kind.convert(text))
        assert.is_true((kind.check(kind.convert(text))), text)
      end
      for _, text in ipairs(case[4]) do
        local ok, expected = kind.check(kind.convert(text))
        assert.is_false(ok, text)
        assert.equal(case[3], expected)
      end
    end)
  end

  it("refuses values of other types", function()
    for _, row in ipairs(catalogue) do
      for _, value in ipairs({ {}, print }) do assert.is_false((row.kind.check(value)), row.name) end
      assert.is_false((row.kind.check(nil)), row.name)
    end
  end)

  it("does not expand a path below home if there is no home", function()
    fake.install({ HOME = false }, {})
    assert.equal("~/a", catalogue.ca_bundle.kind.convert("~/a"))
  end)

  it("shows proxies without passwords, and no secrets", function()
    local shown = { http_proxy = { ["http://u:p/w@h:1"] = "****@h:1", ["http://h:1"] = "http://h:1", [false] = false },
      external_id = { x = "****" }, container_authorization_token = { x = "****" },
      credential_process = { ["/bin/keys --password x"] = "/bin/keys ****" } }
    for name, cases in pairs(shown) do
      for value, text in pairs(cases) do assert.equal(text, catalogue[name].show(value)) end
    end
  end)
end)
