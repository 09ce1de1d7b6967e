-- Sources of settings (options, environment, profile) and their order.
local errors = require("dynamodb.error")
local fake = dofile("spec/support/fake_system.lua")
local catalogue = require("dynamodb.config.catalogue")
local settings = require("dynamodb.config.settings")

local CREDENTIALS, CONFIG = "/home/.aws/credentials", "/home/.aws/config"

-- Two valid texts of a setting and their values.
local samples = {
  region = { "eu-west-1", "eu-north-1" },
  account_id = { "111111111111", "222222222222" },
  account_id_endpoint_mode = { "disabled", "required" },
  sts_regional_endpoints = { "regional", "legacy" },
  retry_mode = { "adaptive", "off" },
  retry_writes = { "always", "exact" },
  defaults_mode = { "in-region", "mobile" },
  ec2_metadata_service_endpoint_mode = { "IPv4", "IPv6" },
  max_attempts = { "7", "9", values = { 7, 9 } },
}
local by_check = {
  [catalogue.use_fips_endpoint.kind.check] = { "true", "false", values = { true, false } },
  [catalogue.endpoint_url.kind.check] = { "http://one:1", "https://two/2" },
  [catalogue.connect_timeout.kind.check] = { "1.5", "25", values = { 1.5, 25 } },
  [catalogue.max_attempts.kind.check] = { "3", "5", values = { 3, 5 } },
}

-- Returns the i-th text of a setting and its value.
local function sample(row, i)
  local texts = samples[row.name] or by_check[row.kind.check] or { "one", "two" }
  return texts[i], (texts.values or texts)[i]
end

-- The sources of a setting in descending priority: { function that sets a value there, name of the source }.
local function sources_of(row)
  local sources = {}
  local function add(name, set) sources[#sources + 1] = { name = name, set = set } end
  if row.code then
    add("option", function(world, i) world.given[row.code] = select(2, sample(row, i)) end)
  end
  for _, variable in ipairs(row.env) do
    add("environment " .. variable, function(world, i) world.variables[variable] = sample(row, i) end)
  end
  for _, path in ipairs(row.key and { CREDENTIALS, CONFIG } or {}) do
    add("profile default in " .. path, function(world, i)
      world.files[path] = ("[default]\n%s = %s\n%s"):format(row.key, sample(row, i), world.files[path] or "")
    end)
  end
  return sources
end

-- Installs a system that has only the sections that samples refer to.
local function world()
  return { given = {}, variables = {}, files = { [CONFIG] = "[profile one]\n[profile two]\n[services one]\n[services two]\n" } }
end

local function load(w)
  fake.install(w.variables, w.files)
  local s = settings.new(w.given)
  local values, why = s:load()
  return values, s.sources, why
end

describe("settings", function()
  after_each(fake.remove)

  for _, row in ipairs(catalogue) do
    local sources = sources_of(row)

    it("reads " .. row.name .. " from each of its sources", function()
      for _, source in ipairs(sources) do
        for i = 1, 2 do
          local w = world()
          source.set(w, i)
          local values, from, why = load(w)
          assert.is_nil(why)
          assert.equal(select(2, sample(row, i)), values[row.name])
          assert.equal(source.name, from[row.name])
        end
      end
    end)

    it("reads " .. row.name .. " from the source of higher priority", function()
      for more = 1, #sources do
        for less = more + 1, #sources do
          local w = world()
          sources[more].set(w, 1)
          sources[less].set(w, 2)
          local values, from = load(w)
          assert.equal(select(2, sample(row, 1)), values[row.name])
          assert.equal(sources[more].name, from[row.name])
        end
      end
    end)

    it("uses the default of " .. row.name, function()
      local values, from = load(world())
      local derived = { config_file = CONFIG, shared_credentials_file = CREDENTIALS,
        ec2_metadata_service_endpoint = "http://169.254.169.254" }
      assert.equal(derived[row.name] or row.default, values[row.name])
      assert.equal(values[row.name] == nil and "not set" or "default", from[row.name])
    end)
  end

  local bad = { use_fips_endpoint = "yes", max_attempts = "0", metadata_service_timeout = "fast", retry_mode = "never",
    region = "EU west", account_id = "42", endpoint_url = "localhost", sdk_ua_app_id = ("x"):rep(51) }
  for name, text in pairs(bad) do
    local row = catalogue[name]
    local _, expected = row.kind.check(nil)

    it("refuses a bad " .. name .. " of the environment at once, and does not show it", function()
      for _, variable in ipairs(row.env) do
        fake.install({ [variable] = text }, {})
        local _, message = pcall(settings.new, {})
        assert.equal(("connect: environment variable %s: %s expected"):format(variable, expected),
          message:match("connect: .*"))
      end
    end)

    it("refuses a bad " .. name .. " of the files when they are read", function()
      for _, path in ipairs({ CREDENTIALS, CONFIG }) do
        fake.install({}, { [path] = ("[default]\n%s = %s"):format(row.key, text) })
        local s = settings.new()
        assert.same({ nil, ("profile default in %s: %s: %s expected"):format(path, row.key, expected) }, { s:load() })
        assert.same({}, s.sources)
        fake.install({}, { [path] = ("[default]\n%s =\n  a = b"):format(row.key) })
        assert.matches(row.key .. ": " .. expected, select(2, settings.new():load()), 1, true)
      end
    end)

    it("refuses a bad " .. name .. " of the caller, with the call's name", function()
      fake.install({}, {})
      local given = { [row.code] = text }
      assert.error_matches(function() settings.new(given) end, "connect: option '" .. row.code .. "': ", 1, true)
      assert.error_matches(function() settings.new(given, "here") end, "here: option '", 1, true)
    end)

    it("ignores a bad " .. name .. " that is overridden", function()
      fake.install({ [row.env[1]] = text }, {})
      assert.equal(select(2, sample(row, 1)), settings.new({ [row.code] = select(2, sample(row, 1)) }):early(name))
      local _, value = sample(row, 1)
      fake.install({ [row.env[1]] = (sample(row, 1)) }, { [CONFIG] = ("[default]\n%s = %s"):format(row.key, text) })
      if not row.service then assert.equal(value, assert(settings.new():load())[name]) end
    end)
  end

  it("ignores options that are not settings", function()
    fake.install({}, {})
    assert.is_table(settings.new({ transport = 1, aws_secret_access_key = "s" }):load())
  end)

  it("treats empty values of a file as unset", function()
    local values, from = load({ given = {}, variables = {}, files = { [CONFIG] = "[default]\nmax_attempts = 3",
      [CREDENTIALS] = "[default]\nregion =\nmax_attempts = # 5" } })
    assert.equal("us-east-1", values.region)
    assert.equal("default", from.region)
    assert.equal(4, values.max_attempts) -- the credentials file has priority and lacks this key
  end)

  it("reads a value that is followed by a comment", function()
    local files = { [CONFIG] = "[default]\nregion = eu-west-1 # here" }
    assert.equal("eu-west-1", load({ given = {}, variables = {}, files = files }).region)
  end)

  describe("before load", function()
    it("read no file", function()
      local read = fake.install({ AWS_PROFILE = "missing", AWS_REGION = "eu-west-1" }, { [CONFIG] = "broken" })
      local s = settings.new({ max_attempts = 2 })
      s:early("endpoint_url")
      assert.same({}, read)
      assert.is_nil(s:load())
      assert.same({ CREDENTIALS, CONFIG }, read)
    end)

    it("have the values of options and environment", function()
      fake.install({ AWS_REGION = "eu-west-1", AWS_USE_FIPS_ENDPOINT = "false" }, {})
      local s = settings.new({ max_attempts = 2, proxy = false })
      assert.same({ 2, "option" }, { s:early("max_attempts") })
      assert.same({ "eu-west-1", "environment AWS_REGION" }, { s:early("region") })
      assert.same({ false, "environment AWS_USE_FIPS_ENDPOINT" }, { s:early("use_fips_endpoint") })
      assert.same({ false, "option" }, { s:early("https_proxy") })
      assert.is_nil(s:early("retry_mode"))
    end)

    it("have an endpoint of the environment only when the profile cannot disable it", function()
      local cases = { { nil, nil }, { "true", nil }, { "false", "http://e" } }
      for i = 1, 3 do
        fake.install({ AWS_ENDPOINT_URL = "http://e", AWS_IGNORE_CONFIGURED_ENDPOINT_URLS = cases[i][1] }, {})
        assert.equal(cases[i][2], (settings.new():early("endpoint_url")))
        assert.equal("http://c", (settings.new({ endpoint_url = "http://c" }):early("endpoint_url")))
      end
      fake.install({ AWS_ENDPOINT_URL = "http://e" }, {})
      assert.equal("http://e", (settings.new({ ignore_configured_endpoint_urls = false }):early("endpoint_url")))
    end)
  end)

  it("read the files once", function()
    local read = fake.install({}, { [CONFIG] = "[default]\nregion = eu-west-1\n[sso-session a]" })
    local s = settings.new()
    s:profile("default")
    s:sso_session("a")
    assert.is_true(rawequal(s:load(), s:load()))
    assert.same({ CREDENTIALS, CONFIG }, read)
  end)

  it("read them again after a failure", function()
    for _, text in ipairs({ "broken", "[default]\nmax_attempts = 0", "[default]\nservices = s" }) do
      fake.install({}, { [CONFIG] = text })
      local s = settings.new()
      assert.is_nil(s:load())
      fake.install({}, { [CONFIG] = "[default]\nregion = eu-west-1" })
      assert.equal("eu-west-1", s:load().region)
      assert.equal("profile default in " .. CONFIG, s.sources.region)
    end
  end)

  it("report unreadable files and the lines of errors", function()
    for _, path in ipairs({ CREDENTIALS, CONFIG }) do
      fake.install({}, { [path] = false })
      assert.same({ nil, path .. ": Permission denied" }, { settings.new():load() })
      assert.same({ nil, path .. ": Permission denied" }, { settings.new():profile("x") })
      assert.same({ nil, path .. ": Permission denied" }, { settings.new():sso_session("x") })
      fake.install({}, { [path] = "[default]\nwhat" })
      assert.matches(path .. ":2: ", select(2, settings.new():load()), 1, true)
    end
  end)

  it("have the paths of the files", function()
    fake.install({ AWS_CONFIG_FILE = "~/c" }, {})
    assert.same({ CREDENTIALS, "/home/c" }, { settings.paths() })
    local values, from = load({ given = {}, variables = { AWS_CONFIG_FILE = "~/c", HOME = "/h" }, files = {} })
    assert.same({ "/h/c", "/h/.aws/credentials" }, { values.config_file, values.shared_credentials_file })
    assert.same({ "environment AWS_CONFIG_FILE", "default" }, { from.config_file, from.shared_credentials_file })
    values = load({ given = {}, variables = { HOME = false }, files = {} })
    assert.same({ "~/.aws/config", "us-east-1" }, { values.config_file, values.region })
  end)

  describe("of a profile", function()
    local files = { [CONFIG] = "[profile a]\nregion = r-a\ns3 =\n x = y\n[profile b]\nregion = r-b\n[default]\n"
      .. "region = r-d\n[sso-session a]\nsso_region = r", [CREDENTIALS] = "[a]\naws_access_key_id = k\n[c]" }

    it("are those of the selected profile", function()
      local cases = { { nil, nil, "r-d", "default" }, { "a", nil, "r-a", "option" },
        { nil, "b", "r-b", "environment AWS_PROFILE" }, { "a", "b", "r-a", "option" }, { "default", "b", "r-d", "option" },
        { "c", nil, "us-east-1", "option" } }
      for _, case in ipairs(cases) do
        local values, from = load({ given = { profile = case[1] }, variables = { AWS_PROFILE = case[2] }, files = files })
        assert.equal(case[3], values.region)
        assert.equal(case[4], from.profile)
      end
    end)

    it("report whether the profile was selected by an option", function()
      fake.install({ AWS_PROFILE = "b" }, files)
      local s = settings.new()
      assert.same({ "b", false }, { s.profile_name, s.profile_explicit })
      s = settings.new({ profile = "a" })
      assert.same({ "a", true }, { s.profile_name, s.profile_explicit })
      fake.install({}, files)
      assert.same({ "default", false }, { settings.new().profile_name, settings.new().profile_explicit })
    end)

    it("are an error if the profile is missing, unless it is the default profile", function()
      local text = "profile 'x' (%s) is neither in " .. CREDENTIALS .. " nor in " .. CONFIG
      fake.install({}, files)
      assert.same({ nil, text:format("option") }, { settings.new({ profile = "x" }):load() })
      fake.install({ AWS_PROFILE = "x" }, files)
      assert.same({ nil, text:format("environment AWS_PROFILE") }, { settings.new():load() })
      for _, name in ipairs({ "default", nil }) do
        fake.install({ AWS_PROFILE = name }, {})
        assert.is_table(settings.new():load())
      end
      fake.install({ HOME = false }, {})
      local _, why = settings.new({ profile = "x" }):load()
      assert.matches("neither in no credentials file nor in no config file", why)
    end)

    it("are found for any profile", function()
      fake.install({}, files)
      local s = settings.new()
      local section, places = s:profile("a")
      assert.same({ region = "r-a", s3 = { x = "y" }, aws_access_key_id = "k" }, section)
      assert.same({ region = CONFIG, s3 = CONFIG, aws_access_key_id = CREDENTIALS }, places)
      assert.same({}, (s:profile("c")))
      assert.same({}, { s:profile("x") })
      assert.same({ sso_region = "r" }, s:sso_session("a"))
      assert.is_nil(s:sso_session("b"))
    end)

    it("are read again on request", function()
      fake.install({}, files)
      local s = settings.new()
      s:load()
      fake.install({}, { [CREDENTIALS] = "[a]\naws_access_key_id = new" })
      assert.equal("k", s:profile("a").aws_access_key_id)
      assert.equal("new", s:profile("a", true).aws_access_key_id)
      assert.equal("new", s:profile("a").aws_access_key_id)
      assert.equal("r-d", s:load().region)
      fake.install({}, { [CREDENTIALS] = false })
      assert.same({ nil, CREDENTIALS .. ": Permission denied" }, { s:profile("a", true) })
      assert.equal("new", s:profile("a").aws_access_key_id)
    end)
  end)

  describe("of endpoints", function()
    local SERVICES = "[services s]\ndynamodb =\n  endpoint_url = http://section\n"
      .. "sts =\n  endpoint_url = http://section-sts\nsso =\n x = y\n"
    local IN_SECTION = "section [services s] in " .. CONFIG

    -- { name, environment, profile, options, endpoints of tables, streams and STS, source of the first one }
    local DYNAMODB, ALL = "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"
    local STREAMS, IGNORE = "AWS_ENDPOINT_URL_DYNAMODB_STREAMS", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
    local BOTH = "services = s\nendpoint_url = http://p"
    local code = { endpoint_url = "http://c" }
    local cases = {
      { "nothing", {}, "" },
      { "code", { [ALL] = "http://e", [STREAMS] = "http://es" }, BOTH, code, "http://c", "http://c", "http://e", "option" },
      { "a service's variable", { [DYNAMODB] = "http://d", [ALL] = "http://e" }, BOTH, {}, "http://d", "http://e", "http://e",
        "environment " .. DYNAMODB },
      { "a service's variable, and streams without their own", { [DYNAMODB] = "http://d" }, "", {}, "http://d", "http://d", nil,
        "environment " .. DYNAMODB },
      { "variables of two services", { [DYNAMODB] = "http://d", [STREAMS] = "http://es" }, "", {}, "http://d", "http://es", nil,
        "environment " .. DYNAMODB },
      { "the variable of all services", { [ALL] = "http://e" }, BOTH, {}, "http://e", "http://e", "http://e",
        "environment " .. ALL },
      { "a section", {}, BOTH, {}, "http://section", "http://p", "http://section-sts", IN_SECTION },
      { "a section, and streams without their own", {}, "services = s", {}, "http://section", "http://section",
        "http://section-sts", IN_SECTION },
      { "the profile", {}, "endpoint_url = http://p", {}, "http://p", "http://p", "http://p", "profile default in " .. CONFIG },
      { "endpoints to be ignored", { [ALL] = "http://e", [IGNORE] = "true" }, BOTH },
      { "endpoints that the profile has ignored", { [DYNAMODB] = "http://e" },
        "ignore_configured_endpoint_urls = true\nendpoint_url = http://p" },
      { "endpoints that are ignored but for code's", { [ALL] = "http://e", [IGNORE] = "true" }, "", code, "http://c", "http://c",
        nil, "option" },
      { "endpoints that are not ignored after all", { [ALL] = "http://e" }, "ignore_configured_endpoint_urls = true",
        { ignore_configured_endpoint_urls = false }, "http://e", "http://e", "http://e", "environment " .. ALL },
    }
    for _, case in ipairs(cases) do
      it("support " .. case[1], function()
        local values, from = load({ variables = case[2], given = case[4] or {},
          files = { [CONFIG] = SERVICES .. "[default]\n" .. case[3] } })
        local urls = values.endpoint_urls
        assert.same({ case[5], case[5], case[6], case[7] },
          { values.endpoint_url, urls.dynamodb, urls.dynamodb_streams, urls.sts })
        assert.equal(case[8] or "not set", from.endpoint_url)
      end)
    end

    it("have one for each service", function()
      local variables, expected = {}, {}
      for _, service in ipairs({ "dynamodb", "dynamodb_streams", "sts", "sso", "sso_oidc", "signin" }) do
        variables["AWS_ENDPOINT_URL_" .. service:upper()] = "http://" .. service:gsub("_", "-")
        expected[service] = "http://" .. service:gsub("_", "-")
      end
      assert.same(expected, load({ given = {}, variables = variables, files = {} }).endpoint_urls)
    end)

    local wrong = {
      { "services = t", "profile default: there is no section [services t] in " .. CONFIG },
      { "services = s\n[services s]\ndynamodb = http://x", IN_SECTION .. ": dynamodb: indented block expected" },
      { "services = s\n[services s]\ndynamodb =\n endpoint_url = x",
        IN_SECTION .. ": endpoint_url: http(s)://host[:port][/path] expected" },
      { "services =\n dynamodb = x", "profile default in " .. CONFIG .. ": services: non-empty string expected" },
    }
    for _, case in ipairs(wrong) do
      it("refuse '" .. case[1]:gsub("\n", " / ") .. "'", function()
        fake.install({}, { [CONFIG] = SERVICES .. "[default]\n" .. case[1] })
        assert.same({ nil, case[2] }, { settings.new():load() })
      end)
    end

    it("skip services that are not in the section", function()
      local text = "[services s]\ndynamodb =\nsso =\n x = y\nsts =\n endpoint_url =\n[default]\n" .. BOTH
      local urls = load({ given = {}, variables = {}, files = { [CONFIG] = text } }).endpoint_urls
      assert.same({ "http://p", "http://p", "http://p" }, { urls.dynamodb, urls.sso, urls.sts })
    end)
  end)

  describe("of proxies", function()
    local function proxies(variables, given)
      local values = load({ given = given or {}, variables = variables, files = {} })
      return { values.http_proxy, values.https_proxy, values.no_proxy }
    end

    it("come from the environment, lower case first", function()
      local variables = { http_proxy = "http://a", HTTP_PROXY = "x", HTTPS_PROXY = "b:1", NO_PROXY = "c" }
      assert.same({ "http://a", "b:1", "c" }, proxies(variables))
      variables = { HTTP_PROXY = "a", https_proxy = "b", HTTPS_PROXY = "x", no_proxy = "c", NO_PROXY = "x" }
      assert.same({ "a", "b", "c" }, proxies(variables))
    end)

    it("do not come from HTTP_PROXY in CGI, which a client can set by a header", function()
      assert.same({ nil, "b" }, proxies({ HTTP_PROXY = "a", HTTPS_PROXY = "b", REQUEST_METHOD = "GET" }))
      assert.same({ "a" }, proxies({ http_proxy = "a", REQUEST_METHOD = "GET" }))
    end)

    it("come from the options, whatever NO_PROXY contains", function()
      local variables = { http_proxy = "x", https_proxy = "x", no_proxy = "x" }
      assert.same({ "http://p:1", "http://p:1" }, proxies(variables, { proxy = "http://p:1" }))
      assert.same({ false, false }, proxies(variables, { proxy = false }))
      assert.same({ "p", "p", "n" }, proxies(variables, { proxy = "p", no_proxy = "n" }))
      assert.same({ "x", "x", "n" }, proxies(variables, { no_proxy = "n" }))
    end)
  end)

  describe("with a defaults mode", function()
    local lambda = { AWS_EXECUTION_ENV = "AWS_Lambda_x", AWS_REGION = "eu-west-1" }
    local cases = {
      { "legacy", 1 }, { "standard", 3.1 }, { "in-region", 1.1 }, { "cross-region", 3.1 }, { "mobile", 30 },
      { "auto", 3.1, {} }, { "auto", 1.1, lambda }, { "auto", 3.1, lambda, { region = "us-east-1" } },
      { "auto", 3.1, { AWS_REGION = "eu-west-1" } }, { "auto", 3.1, { AWS_EXECUTION_ENV = "x" } },
      { "auto", 1.1, { AWS_EXECUTION_ENV = "x", AWS_DEFAULT_REGION = "eu-west-1" } },
    }
    for i, case in ipairs(cases) do
      it(("set connect_timeout: %s, %d"):format(case[1], i), function()
        local w = { given = case[4] or {}, variables = case[3] or {},
          files = { [CONFIG] = "[default]\ndefaults_mode = " .. case[1] } }
        local values, from = load(w)
        assert.equal(case[1], values.defaults_mode)
        assert.equal(case[2], values.connect_timeout)
        assert.equal(case[1] == "legacy" and "default" or "defaults_mode " .. case[1], from.connect_timeout)
        w.given.connect_timeout = 7
        assert.equal(7, load(w).connect_timeout)
      end)
    end
  end)

  it("treat legacy retries as standard ones", function()
    fake.install({ AWS_RETRY_MODE = "legacy" }, {})
    assert.equal("standard", (settings.new():early("retry_mode")))
    assert.equal("standard", settings.new({ retry_mode = "legacy" }):load().retry_mode)
  end)

  it("have the addresses of the metadata service", function()
    for mode, url in pairs({ IPv4 = "http://169.254.169.254", IPv6 = "http://[fd00:ec2::254]" }) do
      local w = { given = {}, variables = { AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE = mode }, files = {} }
      assert.equal(url, load(w).ec2_metadata_service_endpoint)
      w.variables.AWS_EC2_METADATA_SERVICE_ENDPOINT = "http://m"
      assert.equal("http://m", load(w).ec2_metadata_service_endpoint)
    end
  end)
end)

describe("dynamodb.config", function()
  local config = require("dynamodb").config
  after_each(fake.remove)

  local SECRET, TOKEN, KEY = "wJalrXUtnFEMI/K7MDENG", "FwoGZXIvYXdzEXAMPLE", "AKIAIOSFODNN7EXAMPLE"
  local keys = ("aws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n"):format(KEY, SECRET, TOKEN)

  it("shows every setting and its source", function()
    fake.install({ AWS_REGION = "eu-west-1" }, { [CONFIG] = "[default]\nmax_attempts = 2" })
    local shown = assert(config())
    for _, row in ipairs(catalogue) do assert.is_string(shown[row.name].source, row.name) end
    assert.same({ value = "eu-west-1", source = "environment AWS_REGION" }, shown.region)
    assert.same({ value = 2, source = "profile default in " .. CONFIG }, shown.max_attempts)
    assert.same({ value = false, source = "default" }, shown.use_fips_endpoint)
    assert.same({ source = "not set" }, shown.endpoint_url)
    assert.is_nil(shown.aws_access_key_id)
  end)

  it("shows the settings of a profile", function()
    fake.install({ AWS_PROFILE = "b" }, { [CONFIG] = "[profile a]\nregion = r-a\n[profile b]\nregion = r-b" })
    assert.equal("r-b", config().region.value)
    assert.equal("r-a", config("a").region.value)
    assert.same({ value = "a", source = "option" }, config("a").profile)
  end)

  local environment = { AWS_ACCESS_KEY_ID = "AKIAENVIRONMENTENV1", AWS_SECRET_ACCESS_KEY = "another" .. SECRET }
  local in_file = "[default]\n" .. keys
  local cases = {
    { "of the credentials file", {}, { [CREDENTIALS] = in_file }, nil, "****MPLE", "profile default in " .. CREDENTIALS },
    { "of the config file", {}, { [CONFIG] = in_file }, nil, "****MPLE", "profile default in " .. CONFIG },
    { "of the environment", environment, { [CREDENTIALS] = in_file }, nil, "****ENV1", "environment AWS_ACCESS_KEY_ID" },
    { "of a selected profile", environment, { [CREDENTIALS] = "[a]\n" .. keys }, "a", "****MPLE",
      "profile a in " .. CREDENTIALS },
    { "that are too short", { AWS_ACCESS_KEY_ID = "12345678" }, {}, nil, "****", "environment AWS_ACCESS_KEY_ID" },
  }
  for _, case in ipairs(cases) do
    it("hides keys " .. case[1], function()
      fake.install(case[2], case[3])
      local shown = assert(config(case[4]))
      assert.same({ value = case[5], source = case[6] }, shown.aws_access_key_id)
      for _, name in ipairs({ "aws_secret_access_key", "aws_session_token" }) do
        if shown[name] then assert.equal("****", shown[name].value) end
      end
      for _, entry in pairs(shown) do
        for _, secret in ipairs({ SECRET, TOKEN }) do
          assert.is_nil((tostring(entry.value) .. entry.source):find(secret, 1, true))
        end
      end
    end)
  end

  it("hides all other secrets", function()
    fake.install({ https_proxy = "http://user:" .. SECRET .. "@proxy:1", AWS_CONTAINER_AUTHORIZATION_TOKEN = TOKEN },
      { [CONFIG] = "[default]\nexternal_id = " .. TOKEN .. "\ncredential_process = /bin/keys --secret " .. SECRET
        .. "\naws_access_key_id =\n a = " .. SECRET })
    local shown = assert(config())
    assert.equal("****@proxy:1", shown.https_proxy.value)
    assert.equal("****", shown.external_id.value)
    assert.equal("****", shown.container_authorization_token.value)
    assert.equal("/bin/keys ****", shown.credential_process.value)
    assert.is_nil(shown.aws_access_key_id)
  end)

  it("returns an error in the files", function()
    fake.install({}, { [CONFIG] = "[default]\naws_secret_access_key " .. SECRET })
    local shown, err = config()
    assert.is_nil(shown)
    assert.is_true(errors.is(err))
    assert.equal("credentials", err.kind)
    assert.equal(CONFIG .. ":2: '[section]' or 'name = value' expected", err.message)
    fake.install({}, {})
    assert.matches("profile 'x' (option) is neither in", select(2, config("x")).message, 1, true)
  end)

  it("raises for errors in the call and in the environment", function()
    fake.install({ AWS_MAX_ATTEMPTS = "many" }, {})
    assert.error_matches(function() config() end, "config: environment variable AWS_MAX_ATTEMPTS: ", 1, true)
    for _, name in ipairs({ "", {}, 1, false }) do
      assert.error_matches(function() config(name) end, "config: option 'profile': non-empty string expected", 1, true)
    end
  end)
end)
