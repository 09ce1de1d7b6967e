-- The architecture as a test: what DESIGN's "rooms" and "C rules" promise and a reader should not have to
-- check.

local function lines_of(command)
  local pipe, list = assert(io.popen(command)), {}
  for line in pipe:lines() do list[#list + 1] = line end
  pipe:close()
  return list
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function files(pattern)
  return lines_of("find csrc lua spec bench examples tools -path '*/node_modules' -prune -o -type f -name '" .. pattern
    .. "' -print 2>/dev/null | sort")
end

-- Files in 'where' that match 'pattern', other than those whose path matches 'allowed'.
local function offenders(where, pattern, allowed)
  local found = {}
  for _, path in ipairs(lines_of("grep -rlE '" .. pattern .. "' " .. where .. " --include='*.[ch]' --include='*.lua'")) do
    if not (allowed and path:match(allowed)) then found[#found + 1] = path end
  end
  return found
end

describe("architecture", function()
  local rules = {
    { "the core knows no Lua", "csrc/core", "lua\\.h|lauxlib|\\.\\./(lua|curl)/" },
    { "the core prints nothing and never gives up", "csrc/core", "\\b(printf|fprintf|puts|abort|exit|assert)\\(" },
    { "the core has no clock and no environment", "csrc/core", "\\b(time|clock_gettime|gettimeofday|getenv|gmtime)\\(" },
    { "OpenSSL has one room", "csrc", "<openssl/", "^csrc/core/crypto[_%l]*%." },
    { "zlib has one room", "csrc", "<zlib", "^csrc/core/inflate%." },
    { "libcurl has one room", "csrc", "<curl/", "^csrc/curl/" },
    { "Lua's versions are told apart in one header", "csrc", "LUA_VERSION_NUM", "^csrc/lua/compat%.h$" },
    { "the system is asked in one room", "lua", "os\\.(getenv|time|execute)|io\\.(open|popen)", "^lua/dynamodb/base/system%.lua$" },
    { "nginx is known in one room", "lua", "\\bngx\\.", "^lua/dynamodb/transport/nginx%.lua$" },
    { "nothing is printed", "lua", "\\b(print|io\\.write|os\\.exit)\\(" },
  }
  for _, rule in ipairs(rules) do
    it(rule[1], function()
      assert.same({}, offenders(rule[2], rule[3], rule[4]))
    end)
  end

  it("uses no function that Lua 5.1 lacks, but in compat.h", function()
    local late = "lua_(copy|tointegerx|tonumberx|rawgetp|geti|compare|absindex|upvalueid|newuserdatauv)"
    assert.same({}, offenders("csrc", late .. "\\(|luaL_(setfuncs|setmetatable|testudata|traceback|newlib|tolstring|len)\\(",
      "^csrc/lua/compat%.h$"))
  end)

  -- The modules under test are the ones to look at.
  local function module_path(name)
    return assert(package.searchpath and package.searchpath(name, package.cpath)
      or lines_of("ls " .. package.cpath:match("[^;]+"):gsub("%?", (name:gsub("%.", "/"))))[1])
  end

  for _, name in ipairs({ "dynamodb.core", "dynamodb.curl" }) do
    it(name .. " exports only its luaopen function", function()
      local exported = {}
      for _, line in ipairs(lines_of("nm -D --defined-only " .. module_path(name))) do
        local symbol = line:match("%s[TDBRVW]%s(%S+)$")
        if symbol and not symbol:match("^_") and not symbol:match("^__") then exported[#exported + 1] = symbol end
      end
      assert.same({ "luaopen_" .. name:gsub("%.", "_") }, exported)
    end)
  end

  it("dynamodb.core needs no libcurl, and neither module a liblua", function()
    local needed = table.concat(lines_of("objdump -p " .. module_path("dynamodb.core") .. " | grep NEEDED"), "\n")
    assert.is_nil(needed:match("libcurl"))
    assert.truthy(needed:match("libcrypto"))
    needed = needed .. table.concat(lines_of("objdump -p " .. module_path("dynamodb.curl") .. " | grep NEEDED"), "\n")
    assert.is_nil(needed:match("liblua"))
  end)

  it("tells one version everywhere", function()
    local version = require("dynamodb.base.version")
    assert.equal(version, require("dynamodb")._VERSION)
    assert.equal(version, read("CHANGELOG.md"):match("\n## %[([%d.]+)%]"))
  end)

  it("keeps files and lines short", function()
    local long = {}
    for _, pattern in ipairs({ "*.c", "*.h", "*.lua" }) do
      for _, path in ipairs(files(pattern)) do
        local count, data = 0, path:match("^spec/")
        for line in (read(path)):gmatch("([^\n]*)\n") do
          count = count + 1
          if #line > 110 and not data then long[#long + 1] = path .. ":" .. count end
        end
        if count > 400 and not data then long[#long + 1] = path .. " has " .. count .. " lines" end
      end
    end
    assert.same({}, long)
  end)

  it("keeps C functions within 40 lines", function()
    local long = {}
    for _, path in ipairs(lines_of("find csrc -name '*.c'")) do
      local name, start, number = nil, 0, 0
      for line in read(path):gmatch("([^\n]*)\n") do
        number = number + 1
        if line:match("^[%a_].*[^;]$") and line:match("%(") then name, start = line, number end
        if line == "}" and name then
          if number - start > 40 then long[#long + 1] = path .. ": " .. name end
          name = nil
        end
      end
    end
    assert.same({}, long)
  end)

  -- csrc/core/http1_field.c is a part of the room http1.
  it("has a spec of the same name for each room", function()
    local missing = {}
    for _, path in ipairs(lines_of("find lua/dynamodb csrc/core -name '*.lua' -o -name '*.c'")) do
      local room = path:gsub("^lua/dynamodb/", "spec/"):gsub("^csrc/core/(%w+)[%w_]*", "spec/core/%1")
        :gsub("%.%w+$", "_spec.lua")
      local file = io.open(room)
      if file then file:close() else missing[#missing + 1] = room end
    end
    table.sort(missing)
    assert.same({}, missing)
  end)
end)
