local credentials = require("dynamodb.credentials")
local errors = require("dynamodb.error")
local fake = dofile("spec/support/fake_system.lua")

local CREDENTIALS, CONFIG, BOTO = "/home/.aws/credentials", "/home/.aws/config", "/home/.boto"

local function keys(title, name)
  return ("[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n"):format(title, "k-" .. name, "s-"
    .. name)
end

local ENVIRONMENT = { AWS_ACCESS_KEY_ID = "k-environment", AWS_SECRET_ACCESS_KEY = "s-environment" }

local function environment_with(more)
  for name, value in pairs(ENVIRONMENT) do more[name] = value end
  return more
end

describe("credentials.find", function()
  after_each(fake.remove)

  local shared = keys("default", "shared")
  local config = keys("default", "config")
  local boto = keys("Credentials", "boto")

  -- Environment, files, the caller's profile, and whose key is found.
  local cases = {
    { "the environment first", ENVIRONMENT, { [CREDENTIALS] = shared, [BOTO] = boto }, nil, "environment" },
    { "then the credentials file", {}, { [CREDENTIALS] = shared, [CONFIG] = config, [BOTO] = boto }, nil,
      "shared" },
    { "then the config file", {}, { [CONFIG] = config, [BOTO] = boto }, nil, "config" },
    { "then boto's file", {}, { [BOTO] = boto }, nil, "boto" },
    { "an explicit profile before the environment", ENVIRONMENT, { [CREDENTIALS] = keys("mine", "mine") },
      "mine",
      "mine" },
    { "an explicit default profile, too", ENVIRONMENT, { [CREDENTIALS] = shared }, "default", "shared" },
    { "the environment's keys before its profile", environment_with({ AWS_PROFILE = "mine" }),
      { [CREDENTIALS] = keys("mine", "mine") }, nil, "environment" },
    { "the environment's profile", { AWS_PROFILE = "mine" }, { [CREDENTIALS] = shared .. keys("mine",
      "mine") }, nil,
      "mine" },
  }
  for _, case in ipairs(cases) do
    it("takes " .. case[1], function()
      fake.install(case[2], case[3])
      local found, err = credentials.find(case[4])
      assert.is_nil(err)
      assert.equal("k-" .. case[5], found.aws_access_key_id)
      assert.equal("s-" .. case[5], found.aws_secret_access_key)
    end)
  end

  it("takes key, secret and token from one source", function()
    fake.install(ENVIRONMENT, { [CREDENTIALS] = shared .. "aws_session_token = t\n" })
    assert.is_nil(credentials.find().aws_session_token)
    fake.install({ AWS_SESSION_TOKEN = "t" }, { [CREDENTIALS] = shared })
    assert.is_nil(credentials.find().aws_session_token)
    assert.equal("k-shared", credentials.find().aws_access_key_id)
  end)

  local NOTHING = "no AWS credentials found; looked at "
  local failures = {
    { "nothing anywhere", {}, nil, NOTHING
      .. "environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY); profile 'default' "
      .. "in /home/.aws/credentials and /home/.aws/config; section [Credentials] in /home/.boto and "
      .. "/etc/boto.cfg" },
    { "nothing in the caller's profile, boto or not", environment_with({}), "mine",
      NOTHING .. "profile 'mine' in /home/.aws/credentials and /home/.aws/config" },
    { "nothing in the places that the environment names", { AWS_PROFILE = "p",
      AWS_SHARED_CREDENTIALS_FILE = "/a",
      AWS_CONFIG_FILE = "/b", BOTO_CONFIG = "/c" }, nil, NOTHING .. "environment (AWS_ACCESS_KEY_ID, "
      .. "AWS_SECRET_ACCESS_KEY); profile 'p' in /a and /b; section [Credentials] in /c" },
    { "no home directory", { HOME = false }, "mine", NOTHING
      .. "profile 'mine' in no credentials file and no config file" },
    { "half an environment", { AWS_ACCESS_KEY_ID = "k" }, nil,
      "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not" },
  }
  for _, case in ipairs(failures) do
    it("tells of " .. case[1], function()
      fake.install(case[2], { [BOTO] = case[3] and boto })
      local found, err = credentials.find(case[3])
      assert.is_nil(found)
      assert.is_true(errors.is(err))
      assert.equal("credentials", err.kind)
      assert.equal(case[4], err.message)
      assert.is_false(err.retryable)
      assert.is_false(err.ambiguous)
    end)
  end

  local halves = {
    { CREDENTIALS, "[default]\naws_access_key_id = k\n", "profile 'default' in " .. CREDENTIALS },
    { CONFIG, "[default]\naws_access_key_id = k\n", "profile 'default' in " .. CONFIG },
    { BOTO, "[Credentials]\naws_access_key_id = k\n", "section [Credentials] in " .. BOTO },
  }
  for _, case in ipairs(halves) do
    it("does not pass over half a source: " .. case[1], function()
      fake.install({}, { [case[1]] = case[2], ["/etc/boto.cfg"] = boto })
      local found, err = credentials.find()
      assert.is_nil(found)
      assert.equal(case[3] .. " has no aws_secret_access_key", err.message)
    end)
  end

  it("hides what was found from tostring", function()
    fake.install(ENVIRONMENT, {})
    assert.equal("Credentials(hidden)", tostring(credentials.find()))
    local given = credentials.given({ aws_access_key_id = "k", aws_secret_access_key = "s" })
    assert.equal("Credentials(hidden)", tostring(given))
  end)

  it("takes given ones as they are, and nothing else", function()
    local given = credentials.given({ aws_access_key_id = "k", aws_secret_access_key = "s",
      aws_session_token = "t",
      region = "eu-west-1" })
    local fields = {}
    for name, value in pairs(given) do fields[name] = value end
    assert.same({ aws_access_key_id = "k", aws_secret_access_key = "s", aws_session_token = "t" }, fields)
  end)
end)

describe("a connection's credentials", function()
  local dynamodb = require("dynamodb")
  after_each(fake.remove)

  -- A transport that reaches nobody: what counts is what happened before.
  local function nowhere() return nil, "network", "nobody is there" end
  local transport = { connect = nowhere, send = nowhere, receive = nowhere, idle = nowhere, close = nowhere,
    now = function() return 0 end, sleep = nowhere, time = function() return 0 end }

  local function connect(options)
    options.transport, options.region = transport, "eu-west-1"
    return dynamodb.connect(options)
  end

  it("are looked for at the first request, not before", function()
    local read = fake.install({}, {})
    local connection = connect({ profile = "mine" })
    connection:table("t", { hash_key = "id" })
    assert.same({}, read)
    local _, err = connection:list_tables()
    assert.equal("credentials", err.kind)
    assert.equal("ListTables", err.operation)
    assert.same({ CREDENTIALS, CONFIG }, read)
  end)

  it("are looked for once", function()
    local read = fake.install({}, { [CREDENTIALS] = keys("default", "shared") })
    local connection = connect({})
    for _ = 1, 3 do
      local _, err = connection:list_tables()
      assert.equal("nobody is there", err.message)
    end
    assert.same({ CREDENTIALS }, read)
  end)

  it("are looked for again after a failure", function()
    fake.install({}, {})
    local connection = connect({})
    local _, err = connection:list_tables()
    assert.equal("credentials", err.kind)
    fake.install(ENVIRONMENT, {})
    _, err = connection:list_tables()
    assert.equal("network", err.kind)
  end)

  it("are the caller's, if given, and no file is read", function()
    local read = fake.install({ AWS_ACCESS_KEY_ID = "half" }, { [CREDENTIALS] = "broken" })
    local connection = connect({ aws_access_key_id = "k", aws_secret_access_key = "s" })
    local _, err = connection:list_tables()
    assert.equal("network", err.kind)
    assert.same({}, read)
  end)
end)
