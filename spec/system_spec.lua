local fake = dofile("spec/support/fake_system.lua")
local system = require("dynamodb.system")

-- The variable's value as another program sees it.
local function shell_value(name)
  local pipe = assert(io.popen("printenv " .. name))
  local value = pipe:read("*a"):gsub("\n$", "")
  pipe:close()
  return value
end

describe("system.getenv", function()
  it("gives what the environment has", function()
    assert.equal(shell_value("PATH"), system.getenv("PATH"))
  end)

  it("gives nil for what it has not", function()
    assert.is_nil(system.getenv("DYNAMODB_SPEC_NO_SUCH_VARIABLE"))
  end)

  it("gives nil for what is empty", function()
    local getenv = os.getenv
    finally(function() os.getenv = getenv end) -- luacheck: ignore 122
    os.getenv = function() return "" end -- luacheck: ignore 122
    assert.is_nil(system.getenv("PATH"))
  end)
end)

describe("system.read_file", function()
  local path
  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  for _, text in ipairs({ "", "a", "a\r\nb\0\255\n", ("0123456789"):rep(20000) }) do
    it(("gives all %d bytes"):format(#text), function()
      local file = assert(io.open(path, "wb"))
      file:write(text)
      file:close()
      assert.equal(text, system.read_file(path))
    end)
  end

  it("has nothing to say of a file that is not there", function()
    assert.same({}, { system.read_file(path .. ".missing") })
    assert.same({}, { system.read_file("/dev/null/below") })
  end)

  it("tells why it cannot", function()
    local text, why = system.read_file(("x"):rep(300)) -- no name of a file is so long
    assert.is_nil(text)
    assert.matches("too long", why)
  end)

  it("does not take a directory for a file", function()
    local text, why = system.read_file("/")
    assert.is_nil(text)
    assert.is_string(why)
  end)
end)

describe("system.time", function()
  it("is now, in seconds", function()
    local before = os.time()
    local time = system.time()
    assert.is_true(before <= time and time <= os.time())
  end)
end)

describe("system.expand", function()
  after_each(fake.remove)

  local cases = {
    { "~/.aws/config", { HOME = "/home/a" }, "/home/a/.aws/config" },
    { "~/x", { HOME = false, USERPROFILE = "C:/Users/a" }, "C:/Users/a/x" },
    { "~/x", { HOME = "/h", USERPROFILE = "C:/Users/a" }, "/h/x" },
    { "~/x", { HOME = false, HOMEDRIVE = "C:", HOMEPATH = "/Users/a" }, "C:/Users/a/x" },
    { "~/x", { HOME = false, USERPROFILE = "C:/Users/a", HOMEDRIVE = "D:", HOMEPATH = "/b" }, "C:/Users/a/x" },
    { "~/x", { HOME = false, HOMEDRIVE = "C:" }, nil },
    { "~/x", { HOME = false, HOMEPATH = "/Users/a" }, nil },
    { "~/x", { HOME = false }, nil },
    { "~", { HOME = "/h" }, "/h" },
    { "~", { HOME = false }, nil },
    { "~~", { HOME = "/h" }, "~~" },
    { "/etc/boto.cfg", { HOME = false }, "/etc/boto.cfg" },
    { "a/~/b", { HOME = "/h" }, "a/~/b" },
    { "~other/x", { HOME = "/h" }, "~other/x" },
  }
  for _, case in ipairs(cases) do
    it(("makes %s of %s"):format(tostring(case[3]), case[1]), function()
      fake.install(case[2], {})
      assert.equal(case[3], system.expand(case[1]))
    end)
  end
end)
