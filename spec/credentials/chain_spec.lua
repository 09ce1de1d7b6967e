-- The chain of credential providers, by the scenarios of spec/vectors/credentials.lua.
local cjson = require("cjson")
local core = require("dynamodb.core")
local credentials = require("dynamodb.credentials.chain")
local curl = require("dynamodb.transport.curl")
local document = require("dynamodb.credentials.document")
local errors = require("dynamodb.error")
local fake_system = dofile("spec/support/fake_system.lua")
local fakes = dofile("spec/support/fake_aws.lua")
local helper = dofile("spec/support/helper.lua")
local settings = require("dynamodb.config.settings")
local world = dofile("spec/support/credential_scenario.lua")

local SLACK = 5 -- maximum seconds of a scenario

-- Secrets that no output may contain.
local SECRETS = { "secret%-of%-", "token%-of%-", "jwt%-of%-the%-pod", "access%-%l", "refresh%-%l", "client%-secret",
  "PRIVATE KEY" }

local function check_hidden(what, value)
  local text = helper.deep_text(value)
  for _, secret in ipairs(SECRETS) do
    assert.is_nil(text:match(secret), what .. " shows " .. secret)
  end
end

describe("credentials", function()
  local server

  setup(function() server = fakes.start() end)
  teardown(function() server.stop() end)
  after_each(fake_system.remove)

  local function fill(value) return world.fill(server, value) end

  -- Installs the system of a scenario before its first step.
  local function world_of(scenario)
    local w = world.install(server, scenario)
    w.events = {}
    local given = scenario.given or {}
    w.provider = credentials.new(settings.new(given), { transport = w.transport, options = given,
      limits = { connect_timeout = 2, attempt_timeout = 5 },
      emit = function(...) w.events[#w.events + 1] = { ... } end })
    return w
  end

  -- Runs the steps of a scenario -> the results of the last one.
  local function play(scenario, w)
    local found, err
    for _, step in ipairs(scenario.steps or { "get" }) do
      local deadline = curl.now() + 15
      if step == "get" then
        found, err = w.provider:get(deadline)
      elseif step == "refresh" then
        found, err = w.provider:refresh(found, deadline)
      elseif type(step) == "number" then
        w.passed = w.passed + step
      else
        step(w.environment, w.files)
      end
    end
    return found, err
  end

  local function near(expected, actual, what)
    assert.is_true(math.abs(expected - actual) <= SLACK, ("%s: %s, not %s"):format(what, tostring(actual), expected))
  end

  local function check_found(expected, found, err, w)
    if not expected then
      assert.is_nil(found)
      assert.is_nil(err)
      return
    end
    assert(found, err)
    assert.same({ key = expected.key, token = expected.token, account = expected.account, source = expected.source },
      { key = found.aws_access_key_id, token = found.aws_session_token, account = found.account_id, source = found.source })
    assert.equal("Credentials(hidden)", tostring(found))
    assert.equal(expected.expires == nil, found.expires == nil)
    if found.expires then near(expected.expires, found.expires - os.time() - w.passed, "expires") end
  end

  local function check_error(expected, found, err)
    assert.is_nil(found)
    assert.is_true(errors.is(err))
    assert.equal("credentials", err.kind)
    local start = fill(expected):match("^(.*)%%s$")
    assert.equal(start or fill(expected), start and err.message:sub(1, #start) or err.message)
    check_hidden("the error", err)
  end

  local function check_written(expected, w)
    local count = 0
    for path, members in pairs(fill(expected)) do
      count = count + 1
      local written = cjson.decode(w.files[path])
      local times = { members.expiresAt and members or members.accessToken,
        written.expiresAt and written or written.accessToken }
      near(document.time(times[1].expiresAt), document.time(times[2].expiresAt), "expiresAt")
      times[2].expiresAt = times[1].expiresAt
      written.registrationExpiresAt = written.registrationExpiresAt and members.registrationExpiresAt
      assert.same(members, written)
    end
    assert.equal(count, #w.written)
  end

  for _, scenario in ipairs(dofile("spec/vectors/credentials.lua")) do
    it("come from " .. scenario.name, function()
      local w = world_of(scenario)
      assert.same({}, w.read)
      local found, err = play(scenario, w)
      if scenario.error then check_error(scenario.error, found, err) else check_found(scenario.found, found, err, w) end
      assert.same(fill(scenario.requests or {}), server.requests())
      local commands = {}
      for i, run in ipairs(w.commands) do commands[i] = run.command end
      assert.same(scenario.commands or {}, commands)
      check_written(scenario.written or {}, w)
      check_hidden("an event", w.events)
    end)
  end

  it("emit an event with source and expiry when they change", function()
    local w = world_of({ environment = { AWS_CONTAINER_CREDENTIALS_FULL_URI = "http://127.0.0.1:{port}/container" },
      responses = { container = { { body = { AccessKeyId = "k", SecretAccessKey = "s", Token = "t",
        Expiration = "{+900}" } } } } })
    local found = play({}, w)
    play({}, w)
    assert.same({ { "credentials_refreshed", { source = "container", expires = found.expires } } }, w.events)
  end)

  it("report failures of other sources as warnings", function()
    local path = "/home/.aws/sso/cache/" .. core.sha1("corp") .. ".json"
    local w = world_of({
      files = {
        config = "[default]\nsso_session=corp\nsso_account_id=1\nsso_role_name=r\n"
          .. "[sso-session corp]\nsso_region=us-west-2\nsso_start_url=u\n",
        [path] = { accessToken = "access-a", expiresAt = "{+100}", clientId = "c", clientSecret = "client-secret",
          refreshToken = "refresh-a", registrationExpiresAt = "{+900}" },
      },
      responses = {
        oidc = { { status = 400, body = { error = "invalid_grant", error_description = "refresh-a" } } },
        sso = { { body = { roleCredentials = { accessKeyId = "k", secretAccessKey = "s", sessionToken = "t",
          expiration = "{ms+900}" } } } },
      },
    })
    assert(play({}, w))
    assert.equal("credentials: SSO OIDC responded with status 400: invalid_grant", w.events[2][2].message)
    check_hidden("the event", w.events)
  end)

  it("are fetched once for any number of coroutines", function()
    fake_system.install({ AWS_CONTAINER_CREDENTIALS_RELATIVE_URI = "/c" }, {})
    local transport = helper.fake(helper.response(200, cjson.encode({ AccessKeyId = "k", SecretAccessKey = "s", Token = "t" })))
    local receive = transport.receive
    function transport.sleep(seconds)
      transport.clock = transport.clock + seconds / 50
      coroutine.yield()
    end
    function transport.receive(...)
      for _ = 1, 5 do coroutine.yield() end
      return receive(...)
    end
    local provider = credentials.new(settings.new({}), { transport = transport, limits = {}, options = {} })
    local threads, found = {}, {}
    for i = 1, 50 do
      threads[i] = coroutine.create(function() found[i] = provider:get(transport.clock + 15) end)
    end
    for _ = 1, 20 do
      for _, thread in ipairs(threads) do
        if coroutine.status(thread) == "suspended" then assert(coroutine.resume(thread)) end
      end
    end
    for i = 1, 50 do assert.equal(found[1], found[i]) end
    assert.equal("k", found[50].aws_access_key_id)
    assert.equal(1, #transport.requests)
  end)

  -- Counts everything that the library reads from the system and the network.
  it("use no source before they are needed", function()
    local touched = {}
    local system = require("dynamodb.base.system")
    fake_system.install({}, {})
    for name in pairs(system) do
      system[name] = function() touched[#touched + 1] = name end
    end
    local transport = setmetatable({}, { __index = function(_, name)
      return function() touched[#touched + 1] = name end
    end })
    local function load() touched[#touched + 1] = "settings" end
    for _, given in ipairs({ {}, { profile = "p" }, { credentials = load } }) do
      assert(credentials.new({ load = load, profile = load, profile_name = "default", profile_explicit = given.profile ~= nil },
        { transport = transport, limits = {}, options = given }))
    end
    assert.same({}, touched)
  end)

  local function provider_for(url, given)
    fake_system.install({ AWS_CONTAINER_CREDENTIALS_FULL_URI = url, AWS_EC2_METADATA_DISABLED = "true" }, {})
    given = given or {}
    return credentials.new(settings.new(given), { transport = curl, limits = { connect_timeout = 1, attempt_timeout = 5 },
      options = given })
  end

  it("are not waited for beyond the deadline", function()
    server.respond_with({ container = { { hang = true }, { hang = true }, { hang = true } } })
    local provider = provider_for(server.url("container"))
    local began = curl.now()
    local found, err = provider:get(began + 0.7)
    assert.is_nil(found)
    assert.equal("credentials", err.kind)
    assert.is_true(err.retryable)
    assert.is_true(curl.now() - began < 1.5)
    assert.equal(1, #server.requests())
    found, err = provider:get(curl.now() - 1)
    assert.is_nil(found)
    assert.is_true(err.retryable)
    assert.equal(1, #server.requests())
  end)

  it("can be requested again after a missing response", function()
    local provider = provider_for("http://127.0.0.1:1/")
    local found, err = provider:get(curl.now() + 5)
    assert.is_nil(found)
    assert.is_true(err.retryable)
    assert.matches("^container's agent: ", err.message)
  end)

  it("are requested through the configured proxy, except from containers and metadata", function()
    local scenario = { environment = { AWS_WEB_IDENTITY_TOKEN_FILE = "/token", AWS_ROLE_ARN = "arn:role",
      http_proxy = "http://127.0.0.1:{port}" }, files = { ["/token"] = "jwt-of-the-pod" } }
    local w = world_of(scenario)
    local found, err = play(scenario, w)
    assert.is_nil(found)
    check_hidden("the error", err)
    local asked = server.requests()
    assert.equal(("proxy CONNECT 127.0.0.1:%d"):format(server.port), asked[1])
    for _, line in ipairs(asked) do assert.equal(asked[1], line) end
  end)

  it("are validated with the options", function()
    local ok, err = pcall(credentials.new, settings.new({}), { transport = curl, limits = {}, options = { credentials = {} } })
    assert.is_false(ok)
    assert.matches("connect: option 'credentials': function or table", err)
  end)

  it("raise the error of the caller's function, and return its message", function()
    local function provider(f)
      return credentials.new(settings.new({}), { transport = curl, limits = {}, options = { credentials = f } })
    end
    assert.has_error(function() provider(function() error("mine", 0) end):get(curl.now() + 1) end, "mine")
    local _, err = provider(function() return nil, "vault is sealed" end):get(curl.now() + 1)
    assert.equal("credentials: option 'credentials': vault is sealed", tostring(err))
  end)
end)
