-- Access to the environment, files and programs, including files that fail while they are read or written.
local fake = dofile("spec/support/fake_system.lua")
local files = dofile("spec/support/files.lua")
local system = require("dynamodb.base.system")

-- The value of an environment variable as printed by a child process.
local function shell_value(name)
  return (files.output_of("printenv " .. name):gsub("\n$", ""))
end

describe("system.getenv", function()
  it("returns the value of a variable", function()
    assert.equal(shell_value("PATH"), system.getenv("PATH"))
  end)

  it("returns nil for an unset variable", function()
    assert.is_nil(system.getenv("DYNAMODB_SPEC_NO_SUCH_VARIABLE"))
  end)

  it("returns nil for an empty variable", function()
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

  it("returns nil without an error for a missing file", function()
    assert.same({}, { system.read_file(path .. ".missing") })
    assert.same({}, { system.read_file("/dev/null/below") })
  end)

  it("reports why it cannot", function()
    local text, why = system.read_file(("x"):rep(300)) -- exceeds the limit of file names
    assert.is_nil(text)
    assert.matches("too long", why)
  end)

  it("reports a directory", function()
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
    { "cat", "" }, -- an unknown user name
  }
  for _, case in ipairs(good) do
    it("returns the output of " .. case[1], function()
      assert.equal(case[2], system.run(case[1], 5))
    end)
  end

  it("does not return the standard error output", function()
    assert.equal("out\n", system.run("exec 2>/dev/null; echo out; echo err >&2", 5))
  end)

  it("reports the exit status of a command", function()
    assert.same({ nil, "exit code 3" }, { system.run("echo out; exit 3", 5) })
    assert.same({ nil, "exit code 127" }, { system.run("exec 2>/dev/null; no-such-program-of-the-specs", 5) })
  end)

  it("kills a command at its timeout, with its child processes", function()
    local before = os.time()
    assert.same({ nil, "still running after 1 seconds" }, { system.run("sleep 60 & sleep 60", 0.2) })
    assert.is_true(os.time() - before <= 5)
  end)

  it("limits the length of the output", function()
    assert.same({ nil, "more than 65536 bytes of output" }, { system.run("exec 2>/dev/null; yes", 5) })
    assert.equal(65536, #system.run("exec 2>/dev/null; yes | head -c 65536", 5))
  end)

  it("reports that the shell was killed, and that its output cannot be read", function()
    local kill_shell = "read -r pid name state shell rest </proc/$PPID/stat; kill -9 $shell"
    assert.same({ nil, "the shell did not end by itself" }, { system.run(kill_shell, 5) })
    local popen = io.popen
    finally(function() io.popen = popen end) -- luacheck: ignore 122
    io.popen = function() -- luacheck: ignore 122
      return { read = function() return nil, "Input/output error", 5 end, close = function() return true end }
    end
    assert.same({ nil, "Input/output error" }, { system.run("true", 5) })
  end)

  it("reports that no process can be started", function()
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

  it("creates directories and a file that only its owner can read, and replaces it", function()
    local path = folder .. "/it's/here/file"
    for _, text in ipairs({ "", "a\r\n\0\255", ("x"):rep(100000) }) do
      assert.is_true(system.write_file(path, text))
      assert.equal(text, system.read_file(path))
    end
    local shown = path:match("^(.*)/")
    assert.equal("600\n700\nfile\n",
      files.output_of(("stat -c %%a \"%s\" \"%s\"; ls -A \"%s\""):format(path, shown, shown)))
  end)

  it("writes to the current directory if the path has no directory", function()
    local run = system.run
    finally(function() system.run = run end)
    local asked
    system.run = function(command)
      asked = command
      return nil, "x"
    end
    assert.same({ nil, ".: cannot create a file there (x)" }, { system.write_file("file", "text") })
    assert.matches("'.'", asked, 1, true)
  end)

  it("reports why writing failed, and leaves no file behind", function()
    assert.same({ nil, "/dev/null/x: cannot create a file there (exit code 1)" },
      { system.write_file("/dev/null/x/file", "text") })
    os.execute("mkdir -p " .. folder .. "/file")
    local done, why = system.write_file(folder .. "/file", "text") -- this path is a directory
    assert.is_nil(done)
    assert.is_string(why)
    assert.equal("file\n", files.output_of("ls -A " .. folder))
  end)

  -- Replaces io.open by a function that returns a file whose methods fail.
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

  it("reports a full disk", function()
    assert.equal("no opening", failing("no opening"))
    assert.equal("no writing", failing(nil, "no writing"))
    assert.equal("no closing", failing(nil, nil, "no closing"))
  end)
end)

describe("system.random", function()
  it("returns another number each time, at least 0 and less than 1", function()
    local last
    for _ = 1, 100 do
      local number = system.random()
      assert.is_true(number >= 0 and number < 1 and number ~= last)
      last = number
    end
  end)
end)

describe("system.time", function()
  it("is the current time in seconds", function()
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

describe("system.start", function()
  it("runs a command beside this program, and reads its lines", function()
    local process = assert(system.start("echo one; echo two; exit 3"))
    assert.equal("one", process:read_line())
    process:wait()
    assert.is_nil(process:read_line())
    process:close()
  end)

  it("closes the command's output", function()
    local process = assert(system.start("trap '' PIPE; echo $$; while echo x; do sleep 0.01; done 2>/dev/null"))
    local pid = process:read_line()
    process:close() -- waits until the command has ended
    assert.equal("ended", system.run("kill -0 " .. pid .. " 2>/dev/null || printf ended", 5))
  end)
end)

describe("system.use_clock", function()
  it("replaces the time until it is taken away", function()
    local clock = { time = function() return 5 end }
    system.use_clock(clock)
    local time, found = system.time(), system.clock()
    system.use_clock(false)
    assert.same({ 5, clock }, { time, found })
    assert.is_false(system.clock())
  end)
end)

describe("system.utc", function()
  it("is the date of seconds since 1970, a part of one included", function()
    local date = system.utc(784111777.5)
    assert.same({ 1994, 11, 6, 8, 49, 37, 1 }, { date.year, date.month, date.day, date.hour, date.min, date.sec, date.wday })
  end)
end)

describe("system.quote", function()
  it("makes one word of the shell", function()
    assert.equal("it's $HOME", system.run("printf %s " .. system.quote("it's $HOME"), 5))
  end)
end)
