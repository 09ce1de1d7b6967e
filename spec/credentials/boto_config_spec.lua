-- Credentials from boto's configuration files (/etc/boto.cfg, ~/.boto).
local boto_config = require("dynamodb.credentials.boto_config")
local fake = dofile("spec/support/fake_system.lua")

local HOME, ETC = "/home/.boto", "/etc/boto.cfg"
local KEYS = "[Credentials]\naws_access_key_id = k\naws_secret_access_key = s\n"
local OTHER_KEYS = "[Credentials]\naws_access_key_id = k2\naws_secret_access_key = s2\n"

local function keys(key, secret)
  return { aws_access_key_id = key, aws_secret_access_key = secret, source = "boto" }
end

describe("credentials.boto", function()
  after_each(fake.remove)

  local cases = {
    { "no files", {}, read = { HOME, ETC } },
    { "the file at home", { [HOME] = KEYS, [ETC] = OTHER_KEYS }, found = keys("k", "s"), read = { HOME } },
    { "the machine's file", { [ETC] = KEYS }, found = keys("k", "s"), read = { HOME, ETC } },
    { "a file at home without credentials", { [HOME] = "[Boto]\ndebug = 0\n", [ETC] = KEYS },
      found = keys("k", "s"),
      read = { HOME, ETC } },
    { "the file that BOTO_CONFIG names", { ["/b"] = KEYS, [HOME] = OTHER_KEYS }, { BOTO_CONFIG = "/b" },
      found = keys("k", "s"), read = { "/b" } },
    { "a BOTO_CONFIG that is not there", { [HOME] = KEYS }, { BOTO_CONFIG = "/b" }, read = { "/b" } },
    { "half a section", { [HOME] = "[Credentials]\naws_access_key_id = k\n", [ETC] = KEYS }, read = { HOME },
      why = "section [Credentials] in /home/.boto has no aws_secret_access_key" },
    { "a broken file", { [HOME] = "[Credentials]\nwhat is this\n", [ETC] = KEYS }, read = { HOME },
      why = "/home/.boto:2: '[section]' or 'name = value' expected" },
    { "a section of another case", { [HOME] = KEYS:gsub("Cred", "cred") }, read = { HOME, ETC } },
    { "no home directory", { [ETC] = KEYS }, { HOME = false }, found = keys("k", "s"), read = { ETC } },
  }
  for _, case in ipairs(cases) do
    it("reads " .. case[1], function()
      local read = fake.install(case[3] or {}, case[2])
      local found, why = boto_config()
      if not case.found and not case.why then
        assert.is_false(found)
        assert.matches("^section %[Credentials%] in ", why)
      else
        assert.same(case.found, found)
        assert.equal(case.why, why)
      end
      assert.same(case.read, read)
    end)
  end

  it("lists the searched files", function()
    fake.install({ HOME = false }, {})
    assert.same({ false, "section [Credentials] in " .. ETC }, { boto_config() })
    fake.install({}, {})
    assert.same({ false, ("section [Credentials] in %s and %s"):format(HOME, ETC) }, { boto_config() })
  end)
end)
