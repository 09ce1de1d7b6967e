local fake = dofile("spec/support/fake_system.lua")
local profile = require("dynamodb.profile")

describe("profile.parse", function()
  -- Text, and the sections it has.
  local good = {
    { "nothing", "", {} },
    { "blank lines", "\n \t\n\r\n", {} },
    { "an empty section", "[a]", { a = {} } },
    { "a property", "[a]\nname = value", { a = { name = "value" } } },
    { "a last line with its end", "[a]\nname = value\n", { a = { name = "value" } } },
    { "CRLF", "[a]\r\nname = value\r\nother = x\r\n", { a = { name = "value", other = "x" } } },
    { "a byte order mark", "\239\187\191[a]\nname = value", { a = { name = "value" } } },
    { "names in any case", "[a]\nNaMe = Value", { a = { name = "Value" } } },
    { "no blanks around the sign", "[a]\nname=value", { a = { name = "value" } } },
    { "many blanks around the sign", "[a]\nname \t=  \tvalue \t", { a = { name = "value" } } },
    { "an equals sign in a value", "[a]\nname = val=ue==", { a = { name = "val=ue==" } } },
    { "a name of one letter", "[a]\nx=1", { a = { x = "1" } } },
    { "an empty value", "[a]\nname =", { a = { name = "" } } },
    { "a value in UTF-8", "[a]\nname = \240\159\152\130", { a = { name = "\240\159\152\130" } } },
    { "slashes and pluses as in secrets", "[a]\ns = wJalr/K7MDENG+bPx=",
      { a = { s = "wJalr/K7MDENG+bPx=" } } },
    { "blanks within the brackets", "[ \ta b\t ]", { ["a b"] = {} } },
    { "blanks behind the brackets", "[a] \t", { a = {} } },
    { "a later section of the same name", "[a]\nx = 1\n[b]\ny = 2\n[a]\nz = 3",
      { a = { x = "1", z = "3" }, b = { y = "2" } } },
    { "a later value of the same name", "[a]\nx = 1\nX = 2\n[a]\nx = 3", { a = { x = "3" } } },
    -- comments
    { "comments at the start", "# one\n; two\n[a]\n# three = 3\n;four = 4\nx = 1", { a = { x = "1" } } },
    { "indented comments", " # one\n[a]\n\t; two\nx = 1", { a = { x = "1" } } },
    { "comments behind a section", "[a] # one\n[b]# two\n[c]; three\n[d] ;", { a = {}, b = {}, c = {},
      d = {} } },
    { "brackets in a comment behind a section", "[a] # was [b]\nx = 1", { a = { x = "1" } } },
    { "comments behind a value", "[a]\nx = 1 # one\ny = 2 ; two # three\nz = 3 ;",
      { a = { x = "1", y = "2", z = "3" } } },
    { "comments far behind a value", "[a]\nregion = eu-west-1 \t  # where we are",
      { a = { region = "eu-west-1" } } },
    { "comment signs that touch the value", "[a]\nx = 1#2\ny = 3;4", { a = { x = "1#2", y = "3;4" } } },
    -- nested
    { "an indented block", "[a]\ns3 =\n  region = no\n\taws_access_key_id = no\nregion = yes",
      { a = { s3 = "", region = "yes" } } },
    { "an indented block with blank lines", "[a]\ns3 =\n x = 1\n\n y = 2\nz = 3", { a = { s3 = "",
      z = "3" } } },
  }
  for _, case in ipairs(good) do
    it("reads " .. case[1], function()
      local sections, why = profile.parse(case[2], "file")
      assert.is_nil(why)
      assert.same(case[3], sections)
    end)
  end

  local bad = {
    { "a property before any section", "name = value", 1 },
    { "a section without end", "[a]\nx = 1\n[profile b\ny = 2", 3 },
    { "something behind a section", "[a] b\n", 1 },
    { "a property without name", "[a]\n= value", 2 },
    { "a line without a sign", "# one\n\n[a]\r\nx = 1\r\nwhat is this", 5 },
    { "YAML", "[a]\nname: value", 2 },
    { "JSON", '{\n  "a": 1\n}', 1 },
  }
  for _, case in ipairs(bad) do
    it("refuses " .. case[1], function()
      local sections, why = profile.parse(case[2], "/home/.aws/config")
      assert.is_nil(sections)
      assert.equal(("/home/.aws/config:%d: '[section]' or 'name = value' expected"):format(case[3]), why)
    end)
  end

  it("shows nothing of a line that may hold a secret", function()
    local _, why = profile.parse("[a]\naws_secret_access_key wJalrXUtnFEMI", "file")
    assert.not_matches("wJalr", why, 1, true)
  end)

  it("does not pass over indented lines that belong to nothing", function()
    local sections = profile.parse("[a]\n  aws_access_key_id = AKID\n", "file")
    assert.is_true(sections == nil or sections.a.aws_access_key_id == "AKID")
  end)
end)

describe("profile", function()
  after_each(fake.remove)

  local credentials_path, config_path = "/home/.aws/credentials", "/home/.aws/config"

  local function both(text)
    return fake.install({}, { [credentials_path] = text, [config_path] = text })
  end

  local lookups = {
    { "[x]\nv = plain\n[profile x]\nv = prefixed", "x", config = "prefixed", credentials = "plain" },
    { "[x]\nv = plain", "x", config = nil, credentials = "plain" },
    { "[profile x]\nv = prefixed", "x", config = "prefixed", credentials = nil },
    { "[profile\tx]\nv = tab", "x", config = "tab", credentials = nil },
    { "[ profile   x ]\nv = blanks", "x", config = "blanks", credentials = nil },
    { "[default]\nv = plain", "default", config = "plain", credentials = "plain" },
    { "[default]\nv = plain\n[profile default]\nv = prefixed", "default", config = "prefixed",
      credentials = "plain" },
    { "[profile default]\nv = prefixed\n[default]\nv = plain", "default", config = "prefixed",
      credentials = "plain" },
    { "[default]\nv = plain", "x", config = nil, credentials = nil },
    { "[X]\nv = plain\n[profile X]\nv = prefixed", "x", config = nil, credentials = nil },
    { "", "default", config = nil, credentials = nil },
  }
  for _, case in ipairs(lookups) do
    it((("finds '%s' in %q"):format(case[2], case[1]):gsub("\\\n", " ")), function()
      both(case[1])
      assert.equal(case.config, profile.config(case[2]).v)
      assert.equal(case.credentials, profile.credentials(case[2]).v)
    end)
  end

  it("has an empty section where there is no file", function()
    fake.install({}, {})
    assert.same({}, profile.config("x"))
    assert.same({}, profile.credentials("x"))
    assert.same({}, profile.read("/nowhere"))
    assert.same({}, profile.read(nil))
  end)

  it("does not take a file that cannot be read for none", function()
    fake.install({}, { [credentials_path] = false, [config_path] = false })
    assert.same({ nil, config_path .. ": Permission denied" }, { profile.config("a") })
    assert.same({ nil, credentials_path .. ": Permission denied" }, { profile.credentials("a") })
  end)

  it("finds files below the home directory that the environment names", function()
    fake.install({ AWS_CONFIG_FILE = "~/mine", AWS_SHARED_CREDENTIALS_FILE = "~/keys" },
      { ["/home/mine"] = "[profile a]\nregion = r", ["/home/keys"] = "[a]\nx = y" })
    assert.same({ region = "r" }, profile.config("a"))
    assert.same({ x = "y" }, profile.credentials("a"))
  end)

  it("passes on what is wrong with a file, and where", function()
    both("[a]\nwhat is this")
    local section, why = profile.config("a")
    assert.is_nil(section)
    assert.matches(config_path .. ":2: ", why, 1, true)
    section, why = profile.credentials("a")
    assert.is_nil(section)
    assert.matches(credentials_path .. ":2: ", why, 1, true)
  end)

  local places = {
    { {}, credentials_path, config_path },
    { { HOME = "/h" }, "/h/.aws/credentials", "/h/.aws/config" },
    { { HOME = false }, nil, nil },
    { { AWS_SHARED_CREDENTIALS_FILE = "/a" }, "/a", config_path },
    { { AWS_CONFIG_FILE = "/b" }, credentials_path, "/b" },
    { { HOME = false, AWS_SHARED_CREDENTIALS_FILE = "/a", AWS_CONFIG_FILE = "/b" }, "/a", "/b" },
  }
  for i, case in ipairs(places) do
    it("knows where the files are, " .. i, function()
      fake.install(case[1], {})
      local first, second = profile.paths()
      assert.equal(case[2], first)
      assert.equal(case[3], second)
    end)
  end

  local names = {
    { nil, {}, "default" },
    { "mine", {}, "mine" },
    { "mine", { AWS_PROFILE = "a", AWS_DEFAULT_PROFILE = "b" }, "mine" },
    { nil, { AWS_PROFILE = "a", AWS_DEFAULT_PROFILE = "b" }, "a" },
    { nil, { AWS_DEFAULT_PROFILE = "b" }, "b" },
  }
  for i, case in ipairs(names) do
    it(("is named '%s', %d"):format(case[3], i), function()
      fake.install(case[2], {})
      assert.equal(case[3], profile.name(case[1]))
    end)
  end
end)
