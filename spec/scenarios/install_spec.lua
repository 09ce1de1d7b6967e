-- The goals install and uninstall of the Makefile: every module gets to its standard place, and nothing remains.

local files = dofile("spec/support/files.lua")

describe("make install", function()
  local lua, build = os.getenv("LUA"), os.getenv("LUA_BUILD")
  local version = lua:find("luajit") and "5.1" or lua:match("%d.%d")
  local directory

  before_each(function() directory = files.output_of("mktemp -d"):match("[^\n]+") end)
  after_each(function() os.execute("rm -rf " .. directory) end)

  local function make(goal)
    local command = "env -u LD_PRELOAD -u MAKEFLAGS make -s %s LUA=%s B=%s DESTDIR=%s PREFIX=/opt 2>&1"
    return files.output_of(command:format(goal, lua, build, directory))
  end

  it("puts every module where the interpreter looks", function()
    assert.equal("", make("install"))
    local count = 0
    for path in files.output_of("cd lua && find dynamodb -name '*.lua'"):gmatch("[^\n]+") do
      assert.equal(files.read("lua/" .. path), files.read(("%s/opt/share/lua/%s/%s"):format(directory, version, path)))
      count = count + 1
    end
    assert.is_true(count > 50)
    for _, name in ipairs({ "core", "curl" }) do
      assert.equal(files.read(("%s/dynamodb/%s.so"):format(build, name)),
        files.read(("%s/opt/lib/lua/%s/dynamodb/%s.so"):format(directory, version, name)))
    end
  end)

  it("is undone by make uninstall, without empty folders", function()
    make("install")
    assert.equal("", make("uninstall"))
    assert.equal("", files.output_of("find " .. directory .. " -type f -o -name dynamodb"))
  end)
end)

describe("make rockspec", function()
  local version = require("dynamodb.base.version")
  local directory

  before_each(function() directory = files.output_of("mktemp -d"):match("[^\n]+") end)
  after_each(function() os.execute("rm -rf " .. directory) end)

  -- Returns what is printed when the rockspec of a URL is written.
  local function print_of(url)
    return files.output_of(("env -u LD_PRELOAD tools/rockspec.sh %s '%s' 2>&1"):format(directory, url))
  end

  -- Returns the fields of the written rockspec.
  local function read_fields()
    local path = ("%s/dynamodb-%s-1.rockspec"):format(directory, version)
    local fields = {}
    local chunk
    local set_environment = rawget(_G, "setfenv") -- Lua 5.1
    if set_environment then
      chunk = set_environment(assert(loadfile(path)), fields)
    else
      chunk = assert(loadfile(path, "t", fields))
    end
    chunk()
    return fields
  end

  it("writes the rockspec of this version, whose source is a tag of the repository", function()
    for url, address in pairs({
      ["https://example.org/lua/dynamodb.git"] = "https://example.org/lua/dynamodb",
      ["git@example.org:lua/dynamodb.git"] = "https://example.org/lua/dynamodb",
      ["ssh://git@example.org/lua/dynamodb"] = "https://example.org/lua/dynamodb",
      ["git+https://example.org/lua/dynamodb"] = "https://example.org/lua/dynamodb",
    }) do
      assert.equal(("%s/dynamodb-%s-1.rockspec\n"):format(directory, version), print_of(url))
      local fields = read_fields()
      assert.equal(version .. "-1", fields.version)
      assert.equal("v" .. version, fields.source.tag)
      assert.equal("git+" .. address, (fields.source.url:gsub("%.git$", "")))
      assert.equal(address, fields.description.homepage)
      assert.equal("make test", fields.test.command)
      assert.is_true(#fields.description.labels > 2)
    end
  end)

  it("refuses a URL that luarocks cannot fetch from", function()
    assert.matches("'/srv/dynamodb' is no address that luarocks can fetch from", print_of("/srv/dynamodb"), 1, true)
    assert.equal("", files.output_of("ls " .. directory))
  end)
end)
