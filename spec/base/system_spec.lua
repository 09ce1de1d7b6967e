-- Access to the environment, files and programs, including files that fail while they are read or written.
local fake = dofile("spec/support/fake_system.lua")
local files = dofile("spec/support/files.lua")
local system = require("dynamodb.base.system")

-- The variable's value as another program sees it.
local function shell_value(name)
  return (files.output_of("printenv " .. name):gsub("\n$", ""))
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
      files.write(path, text)
      assert.equal(text, system.read_file(path))
    end)
  end

  it("has nothing to say of a file that is not there", function()
    assert.same({}, { system.read_file(path .. ".missing") })
    assert.same({}, { system.read_file("/dev/null/below") })
  end)

  it("reports why it cannot", function()
    local text, why = system.read_file(("x"):rep(300)) -- longer than any file name
    assert.is_nil(text)
    assert.matches("too long", why)
  end)

  it("does not take a directory for a file", function()
    local text, why = system.read_file("/")
    assert.is_nil(text)
    assert.is_string(why)
  end)
end)

describe("system.run", function()
  local good = {
    { "echo one; echo two", "one\ntwo\n" },
    { "printf no-line", "no-line" },
    { "printf '%s' 'a \"quoted\" word'", 'a "quoted" word' },
    { "true", "" },
    { "cat", "" }, -- a user name that no one has
  }
  for _, case in ipairs(good) do
    it("gives what is printed by " .. case[1], function()
      assert.equal(case[2], system.run(case[1], 5))
    end)
  end

  it("keeps errors out of what is printed", function()
    assert.equal("out\n", system.run("exec 2>/dev/null; echo out; echo err >&2", 5))
  end)

  it("reports how a command ended", function()
    assert.same({ nil, "exit code 3" }, { system.run("echo out; exit 3", 5) })
    assert.same({ nil, "exit code 127" }, { system.run("exec 2>/dev/null; no-such-program-of-the-specs", 5) })
  end)

  it("ends what takes too long, and what it has started", function()
    local before = os.time()
    assert.same({ nil, "no end within 1 seconds" }, { system.run("sleep 60 & sleep 60", 0.2) })
    assert.is_true(os.time() - before <= 5)
  end)

  it("takes no more than it can use", function()
    assert.same({ nil, "more than 65536 bytes of output" }, { system.run("exec 2>/dev/null; yes", 5) })
    assert.equal(65536, #system.run("exec 2>/dev/null; yes | head -c 65536", 5))
  end)

  it("reports when nothing can be started", function()
    local popen = io.popen
    finally(function() io.popen = popen end) -- luacheck: ignore 122
    io.popen = function() return nil, "too many" end -- luacheck: ignore 122
    assert.same({ nil, "too many" }, { system.run("true", 5) })
  end)
end)

describe("system.write_file", function()
  local folder
  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
  end)
  after_each(function() os.execute("rm -rf " .. folder) end)

  it("makes folders and a file that only its owner reads, and replaces it", function()
    local path = folder .. "/it's/here/file"
    for _, text in ipairs({ "", "a\r\n\0\255", ("x"):rep(100000) }) do
      assert.is_true(system.write_file(path, text))
      assert.equal(text, system.read_file(path))
    end
    local shown = path:match("^(.*)/")
    assert.equal("600\n700\nfile\n",
      files.output_of(("stat -c %%a \"%s\" \"%s\"; ls -A \"%s\""):format(path, shown, shown)))
  end)

  it("writes where it is when there is no folder in the path", function()
    local run = system.run
    finally(function() system.run = run end)
    local asked
    system.run = function(command)
      asked = command
      return nil, "x"
    end
    assert.same({ nil, ".: no file can be made there (x)" }, { system.write_file("file", "text") })
    assert.matches("'.'", asked, 1, true)
  end)

  it("reports why it cannot, and leaves nothing behind", function()
    assert.same({ nil, "/dev/null/x: no file can be made there (exit code 1)" },
      { system.write_file("/dev/null/x/file", "text") })
    os.execute("mkdir -p " .. folder .. "/file")
    local done, why = system.write_file(folder .. "/file", "text") -- which is a folder
    assert.is_nil(done)
    assert.is_string(why)
    assert.equal("file\n", files.output_of("ls -A " .. folder))
  end)

  -- A file whose functions fail where the spec requires it.
  local real = io.open
  local function failing(open, write, close)
    finally(function() io.open = real end) -- luacheck: ignore 122
    io.open = function() -- luacheck: ignore 122
      if open then return nil, open end
      local file = {}
      function file.write() if write then return nil, write end return file end
      function file.close() if close then return nil, close end return true end
      return file
    end
    return select(2, system.write_file(folder .. "/file", "text"))
  end

  it("reports a disk that is full", function()
    assert.equal("no opening", failing("no opening"))
    assert.equal("no writing", failing(nil, "no writing"))
    assert.equal("no closing", failing(nil, nil, "no closing"))
  end)
end)

describe("system.random", function()
  it("is another number each time, from 0 up to 1", function()
    local last
    for _ = 1, 100 do
      local number = system.random()
      assert.is_true(number >= 0 and number < 1 and number ~= last)
      last = number
    end
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
