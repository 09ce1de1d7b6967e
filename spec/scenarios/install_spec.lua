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
