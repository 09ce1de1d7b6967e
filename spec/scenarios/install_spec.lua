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

  it("puts the types for editors beside the modules, where no interpreter looks", function()
    assert.equal("", make("install"))
    local count = 0
    for path in files.output_of("ls types/*.lua"):gmatch("[^\n]+") do
      local installed = files.read(("%s/opt/share/lua/types/dynamodb/%s"):format(directory, path:match("[^/]+$")))
      assert.equal(files.read(path), installed)
      count = count + 1
    end
    assert.is_true(count > 10)
  end)

  it("is undone by make uninstall, without empty folders", function()
    make("install")
    assert.equal("", make("uninstall"))
    assert.equal("", files.output_of("find " .. directory .. " -type f -o -name dynamodb"))
  end)
end)

-- make packages builds, installs and uses the package in a fresh system.
describe("the Debian package", function()
  local function words(text) return (text:gsub("\n %.\n", "\n"):gsub("%s+", " ")) end

  it("has the licence of the project", function()
    local copyright, licence = words(files.read("packaging/debian/copyright")), files.read("LICENSE")
    assert.matches(words(licence:match("\nPermission.*$")):match("^%s*(.-)%s*$"), copyright, 1, true)
    assert.matches(licence:match("Copyright %(c%) ([^\n]+)"), copyright, 1, true)
  end)

  it("has a configuration of dh-lua for each build", function()
    local rules, builds = files.read("packaging/debian/rules"), {}
    for lua in rules:match("\nLUAS = ([^\n]+)"):gmatch("%S+") do builds[#builds + 1] = lua end
    assert.equal(table.concat(builds, " ") .. " ", (files.output_of("ls packaging/debian/*.dh-lua.conf")
      :gsub("packaging/debian/(lua[%d.]+)%.dh%-lua%.conf\n", "%1 ")))
    for _, lua in ipairs(builds) do
      local conf = files.read(("packaging/debian/%s.dh-lua.conf"):format(lua))
      assert.matches("\nLUA_VERSION=" .. lua:sub(4) .. "\n", conf, 1, true)
      assert.matches(("=build/%s/dynamodb/core.so build/%s/dynamodb/curl.so\n"):format(lua, lua), conf, 1, true)
    end
  end)

  it("has a test of its own that needs no service", function()
    local output = files.output_of(("env -u LD_PRELOAD %s packaging/debian/test.lua %s 2>&1"):format(os.getenv("LUA"),
      (os.getenv("LUA_BUILD"):gsub("%-%l+$", ""))))
    assert.matches(("%s\tnetwork\n"):format(require("dynamodb.base.version")), output, 1, true)
  end)
end)

describe("make release", function()
  local version = require("dynamodb.base.version")
  local directory

  -- Returns the output of shell commands in a repository with the files that a release needs.
  local function run(commands)
    return files.output_of(("cd %s && { %s; } 2>&1"):format(directory, commands))
  end

  local function write_changelog(first)
    files.write(directory .. "/CHANGELOG.md", "# Changelog\n\n" .. first .. "\n\n- a change\n\n## [0.0.1] - 2020-01-01\n")
    run("git add -A && git commit -qm change")
  end

  before_each(function()
    directory = files.output_of("mktemp -d"):match("[^\n]+")
    files.output_of(("cp -r --parents rockspec/dynamodb-dev-1.rockspec tools lua/dynamodb/base .gitignore %s"):format(directory))
    run("unset LD_PRELOAD; git init -q && git config user.name Name && git config user.email name@example.org")
    run("git remote add origin https://example.org/lua/dynamodb.git")
  end)
  after_each(function() os.execute("rm -rf " .. directory) end)

  it("makes the tag and the rockspec of this version", function()
    write_changelog(("## [%s] - 2026-12-01"):format(version))
    local output = run("unset LD_PRELOAD; tools/release.sh rockspec")
    assert.matches(("git push origin v%s\n"):format(version), output, 1, true)
    assert.matches(("luarocks upload rockspec/dynamodb-%s-1.rockspec\n"):format(version), output, 1, true)
    assert.equal("v" .. version .. "\n", run("git describe --exact-match"))
    local rockspec = files.read(("%s/rockspec/dynamodb-%s-1.rockspec"):format(directory, version))
    assert.matches(('tag = "v%s"'):format(version), rockspec, 1, true)
    assert.matches("the tag v" .. version .. " exists", run("unset LD_PRELOAD; tools/release.sh rockspec"), 1, true)
  end)

  it("refuses what is not ready", function()
    write_changelog("## Unreleased")
    assert.matches("CHANGELOG.md begins with '## Unreleased'", run("unset LD_PRELOAD; tools/release.sh rockspec"), 1, true)
    write_changelog("## [9.9.9] - 2026-12-01")
    assert.matches("CHANGELOG.md begins with '## [9.9.9] -", run("unset LD_PRELOAD; tools/release.sh rockspec"), 1, true)
    write_changelog(("## [%s] - 2026-12-01"):format(version))
    files.write(directory .. "/more", "")
    assert.matches("changes that are not committed", run("unset LD_PRELOAD; tools/release.sh rockspec"), 1, true)
    assert.equal("", run("git tag"))
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
