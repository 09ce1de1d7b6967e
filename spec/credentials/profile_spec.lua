local fake = dofile("spec/support/fake_system.lua")
local from_profile = require("dynamodb.credentials.profile")

local CREDENTIALS, CONFIG = "/home/.aws/credentials", "/home/.aws/config"

local function text(title, key, secret, token)
  local lines = { ("[%s]"):format(title) }
  if key then lines[#lines + 1] = "aws_access_key_id = " .. key end
  if secret then lines[#lines + 1] = "aws_secret_access_key = " .. secret end
  if token then lines[#lines + 1] = "aws_session_token = " .. token end
  return table.concat(lines, "\n") .. "\n"
end

local function keys(key, secret, token)
  return { aws_access_key_id = key, aws_secret_access_key = secret, aws_session_token = token }
end

describe("credentials.profile", function()
  after_each(fake.remove)

  -- What is in the two files, the profile asked for, and what is found.
  local cases = {
    { "no files", found = nil },
    { "the credentials file", credentials = text("default", "k", "s", "t"), found = keys("k", "s", "t") },
    { "the config file", config = text("default", "k", "s"), found = keys("k", "s") },
    { "the credentials file before the config file", credentials = text("default", "k", "s"),
      config = text("default", "k2", "s2", "t2"), found = keys("k", "s") },
    { "a profile by name", credentials = text("default", "k", "s") .. text("mine", "k2", "s2"), name = "mine",
      found = keys("k2", "s2") },
    { "a profile by name in the config file", config = text("default", "k", "s") .. text("profile mine", "k2",
      "s2"),
      name = "mine", found = keys("k2", "s2") },
    { "the environment's profile", variables = { AWS_PROFILE = "mine" }, found = keys("k2", "s2"),
      credentials = text("default", "k", "s") .. text("mine", "k2", "s2") },
    { "the caller's profile before the environment's", variables = { AWS_PROFILE = "other" }, name = "mine",
      credentials = text("other", "k", "s") .. text("mine", "k2", "s2"), found = keys("k2", "s2") },
    { "no default in place of a profile that is not there", credentials = text("default", "k", "s"),
      name = "mine",
      found = nil },
    { "sections of one name, as one", credentials = text("default", "k") .. text("default", nil, "s"),
      found = keys("k", "s") },
    { "half a source", credentials = text("default", "k"), config = text("default", "k2", "s2"),
      why = "profile 'default' in /home/.aws/credentials has no aws_secret_access_key" },
    { "the other half", credentials = text("default", nil, "s"), config = text("default", "k2"),
      why = "profile 'default' in /home/.aws/credentials has no aws_access_key_id" },
    { "half a config file", config = text("profile mine", "k"), name = "mine",
      why = "profile 'mine' in /home/.aws/config has no aws_secret_access_key" },
    { "a token of another file, which is not taken", credentials = text("default", "k", "s"),
      config = text("default", nil, nil, "t2"), found = keys("k", "s") },
    { "only a token in the first file", credentials = text("default", nil, nil, "t"),
      config = text("default", "k2", "s2"), found = keys("k2", "s2") },
    { "a broken file", credentials = "[default]\nwhat is this",
      why = "/home/.aws/credentials:2: '[section]' or 'name = value' expected" },
    { "a broken config file", config = "what is this",
      why = "/home/.aws/config:1: '[section]' or 'name = value' expected" },
  }
  for _, case in ipairs(cases) do
    it("understands " .. case[1], function()
      fake.install(case.variables or {}, { [CREDENTIALS] = case.credentials, [CONFIG] = case.config })
      local found, why = from_profile(case.name)
      assert.same(case.found, found)
      assert.equal(case.why, why)
    end)
  end

  it("reads the files that the environment names", function()
    local read = fake.install({ AWS_SHARED_CREDENTIALS_FILE = "/a", AWS_CONFIG_FILE = "/b" },
      { ["/b"] = text("default", "k", "s"), [CREDENTIALS] = text("default", "k2", "s2") })
    assert.same(keys("k", "s"), from_profile())
    assert.same({ "/a", "/b" }, read)
  end)

  it("reads no further than it must", function()
    local read = fake.install({}, { [CREDENTIALS] = text("default", "k", "s") })
    from_profile()
    assert.same({ CREDENTIALS }, read)
  end)

  it("lives without a home directory", function()
    local read = fake.install({ HOME = false }, {})
    assert.is_nil((from_profile()))
    assert.same({}, read)
  end)
end)
