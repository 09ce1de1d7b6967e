-- Parsing of ~/.aws/config and ~/.aws/credentials, by the vectors of spec/vectors/profile.lua and by random bytes.
local fake = dofile("spec/support/fake_system.lua")
local shared_files = require("dynamodb.config.shared_files")
local samples = dofile("spec/support/samples.lua")

-- Converts the result of shared_files.load to the form of the vectors.
local function contents(files)
  local profiles = {}
  for _, file in ipairs(files) do
    for name in pairs(file.profiles) do profiles[name] = shared_files.merge(files, name) end
  end
  return { profiles = profiles, sso_sessions = files[2].sso_sessions, services = files[2].services }
end

describe("the shared files", function()
  after_each(fake.remove)

  for _, case in ipairs(dofile("spec/vectors/profile.lua")) do
    it("are parsed: " .. case[1], function()
      fake.install({ AWS_CONFIG_FILE = "config", AWS_SHARED_CREDENTIALS_FILE = "credentials" },
        { config = case.config, credentials = case.credentials })
      local files, why = shared_files.load()
      assert.equal(case.error, why)
      if not case.error then
        assert.same({ profiles = case.profiles, sso_sessions = case.sso_sessions or {},
          services = case.services or {} }, contents(files))
      end
    end)
  end

  it("report the file of each value", function()
    fake.install({}, { ["/home/.aws/config"] = "[profile a]\nx = 1\ny = 2\naws_session_token = t",
      ["/home/.aws/credentials"] = "[a]\ny = 3\naws_access_key_id = k" })
    local section, places = shared_files.merge(assert(shared_files.load()), "a")
    assert.same({ x = "1", y = "3", aws_access_key_id = "k" }, section)
    assert.same({ x = "/home/.aws/config", y = "/home/.aws/credentials",
      aws_access_key_id = "/home/.aws/credentials" }, places)
  end)

  it("have no profile that is in neither file", function()
    fake.install({}, { ["/home/.aws/config"] = "[profile a]" })
    local files = assert(shared_files.load())
    assert.is_nil(shared_files.merge(files, "b"))
    assert.same({}, (shared_files.merge(files, "a")))
  end)

  it("are optional, and so is the home directory", function()
    local read = fake.install({ HOME = false }, {})
    local files = assert(shared_files.load())
    assert.same({ profiles = {}, sso_sessions = {}, services = {} }, contents(files))
    assert.same({ "no credentials file", "no config file" }, { files[1].path, files[2].path })
    assert.same({}, read)
  end)

  it("must be readable", function()
    fake.install({}, { ["/home/.aws/config"] = false })
    assert.same({ nil, "/home/.aws/config: Permission denied" }, { shared_files.load() })
    fake.install({}, { ["/home/.aws/credentials"] = false })
    assert.same({ nil, "/home/.aws/credentials: Permission denied" }, { shared_files.load() })
  end)

  it("must not be a directory, which the error names", function()
    assert.matches("^spec: ", select(2, shared_files.read("spec")))
  end)
end)

describe("profile.parse", function()
  it("keeps sections of other programs, such as boto's", function()
    local sections = shared_files.parse("[Credentials]\naws_access_key_id = k\n[ DB  x ]\na = 1\n", "boto")
    assert.same({ Credentials = { aws_access_key_id = "k" }, ["DB x"] = { a = "1" } }, sections)
  end)

  it("does not show the content of a line that may hold a secret", function()
    for _, line in ipairs({ "aws_secret_access_key wJalrXUtnFEMI", "= wJalrXUtnFEMI", " wJalrXUtnFEMI", "[wJalrXUtnFEMI" }) do
      local sections, why = shared_files.parse("[a]\n" .. line, "file")
      assert.is_nil(sections)
      assert.matches("^file:2: ", why)
      assert.not_matches("wJalr", why, 1, true)
    end
  end)

  -- Arbitrary bytes give sections, or an error with a line number.
  it("parses or rejects every text", function()
    local pieces = { "[", "]", "=", "#", ";", " ", "\t", "\n", "\r\n", "profile ", "a", "default", "\0", "\255", "'", '"', "%" }
    local seed = 1
    for _ = 1, samples.count(3000) do
      local text = {}
      for i = 1, 20 do
        seed = seed * 16807 % 2147483647 -- Lehmer's random number generator
        text[i] = pieces[seed % #pieces + 1]
      end
      local sections, why = shared_files.parse("[a]\n" .. table.concat(text), "file")
      if sections then assert.is_table(sections.a) else assert.matches("^file:%d+: ", why) end
    end
  end)
end)

describe("profile", function()
  after_each(fake.remove)

  local credentials_path, config_path = "/home/.aws/credentials", "/home/.aws/config"

  -- Loads a profile from the i-th file -> profile, or nil and the error.
  local function of(i, name)
    local files, why = shared_files.load()
    if not files then return nil, why end
    return files[i].profiles[name] or {}
  end
  local function in_credentials(name) return of(1, name) end
  local function in_config(name) return of(2, name) end

  local function both(text)
    return fake.install({}, { [credentials_path] = text, [config_path] = text })
  end

  it("finds a profile in either file", function()
    both("[x]\nv = plain\n[profile x]\nv = prefixed")
    assert.equal("prefixed", in_config("x").v)
    assert.equal("plain", in_credentials("x").v)
    assert.is_nil(in_config("X").v)
  end)

  it("has an empty section if there is no file", function()
    fake.install({}, {})
    assert.same({}, in_config("x"))
    assert.same({}, in_credentials("x"))
    assert.same({}, shared_files.read("/nowhere"))
    assert.same({}, shared_files.read(nil))
  end)

  it("reports an unreadable file", function()
    for _, path in ipairs({ credentials_path, config_path }) do
      fake.install({}, { [path] = false })
      assert.same({ nil, path .. ": Permission denied" }, { shared_files.load() })
    end
  end)

  it("finds files below the home directory that the environment names", function()
    fake.install({ AWS_CONFIG_FILE = "~/mine", AWS_SHARED_CREDENTIALS_FILE = "~/keys" },
      { ["/home/mine"] = "[profile a]\nregion = r", ["/home/keys"] = "[a]\nx = y" })
    assert.same({ region = "r" }, in_config("a"))
    assert.same({ x = "y" }, in_credentials("a"))
  end)

  it("returns the error of a file with its position", function()
    for _, path in ipairs({ credentials_path, config_path }) do
      fake.install({}, { [path] = "[a]\nwhat is this" })
      local files, why = shared_files.load()
      assert.is_nil(files)
      assert.matches(path .. ":2: ", why, 1, true)
    end
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
    it("has the paths of the files, " .. i, function()
      fake.install(case[1], {})
      local first, second = shared_files.paths()
      assert.equal(case[2], first)
      assert.equal(case[3], second)
    end)
  end
end)
