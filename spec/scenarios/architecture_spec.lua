-- The architecture as a test: permitted dependencies between modules and on libraries, exports of modules, lengths of
-- files and functions, and a spec for each module.

local read = dofile("spec/support/files.lua").read

local function lines_of(command)
  local pipe, list = assert(io.popen(command)), {}
  for line in pipe:lines() do list[#list + 1] = line end
  pipe:close()
  return list
end

local function files(pattern)
  return lines_of("find csrc lua spec bench examples tools -path '*/node_modules' -prune -o -type f -name '" .. pattern
    .. "' -print 2>/dev/null | sort")
end

-- Returns the files in 'where' that match 'pattern', except those whose path matches 'allowed' and, if 'names' is given,
-- captures one of them.
local function offenders(where, pattern, allowed, names)
  local found = {}
  for _, path in ipairs(lines_of(("grep -rlE '%s' %s --include='*.[ch]' --include='*.lua'"):format(pattern, where))) do
    local name = allowed and path:match(allowed)
    if not name or (names and not names[name]) then found[#found + 1] = path end
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
    { "one header distinguishes the versions of Lua", "csrc", "LUA_VERSION_NUM", "^csrc/lua/compat%.h$" },
    { "the system is asked in one room", "lua", "os\\.(getenv|time|execute)|io\\.(open|popen)",
    "^lua/dynamodb/base/system%.lua$" },
    { "nginx is known in two files", "lua", "\\bngx\\.", "^lua/dynamodb/%l+/(%l+)%.lua$", { nginx = true, phase = true } },
    { "nothing is printed", "lua", "\\b(print|io\\.write|os\\.exit)\\(" },
  }
  for _, rule in ipairs(rules) do
    it(rule[1], function()
      assert.same({}, offenders(rule[2], rule[3], rule[4], rule[5]))
    end)
  end

  -- {===== Rooms =====

  -- The rooms of lua/dynamodb, lowest first. A file uses files of its own room and of the rooms above its line in
  -- this list. A room is a folder, or a file at the root. The C modules dynamodb.core and dynamodb.curl are below
  -- all of them.
  local ROOMS = {
    "error", "base", "values", "loop", "transport", "http", "config", "credentials", "expression", "request", "table",
    "admin", "boto_layer2", "connection", "gather", "init",
  }

  -- The rooms of csrc: the core includes nothing but itself, the glue uses the core, and libcurl's room uses the
  -- glue's classes.
  local C_ROOMS = { "core", "lua", "curl" }

  local function rank_of(rooms)
    local rank = {}
    for i, room in ipairs(rooms) do rank[room] = i end
    return rank
  end

  -- "dynamodb.http.pool" -> "lua/dynamodb/http/pool.lua"; nil for other modules and those in C.
  local function file_of(module)
    if module == "dynamodb.core" or module == "dynamodb.curl" then return nil end
    local path = "lua/" .. module:gsub("%.", "/")
    for _, name in ipairs({ path .. ".lua", path .. "/init.lua" }) do
      local file = io.open(name)
      if file then
        file:close()
        return name
      end
    end
    error("no file for the module " .. module, 0)
  end

  local function room_of(path)
    return path:match("^lua/dynamodb/([%w_]+)/") or path:match("^lua/dynamodb/([%w_]+)%.lua$")
  end

  -- The files that a file requires, including requires inside functions. Module names that are computed at run time are
  -- rejected, except for the list in init.lua, from which the names are read.
  local function requires_of(path)
    local text, list = read(path):gsub("%-%-[^\n]*", ""), {}
    for argument in text:gmatch("require%s*(%b())") do
      local module = argument:match('^%("([%w_.]+)"%)$')
      if module and module:match("^dynamodb") then list[#list + 1] = file_of(module) end
      if not module then
        assert.equal("lua/dynamodb/init.lua", path, "require of a computed name: " .. argument)
        for name in text:match("for _, room in ipairs%((%b{})%)"):gmatch('"([%w_.]+)"') do
          list[#list + 1] = file_of("dynamodb." .. name)
        end
      end
    end
    assert.is_nil(text:match("require%s*[\"']"), path .. ": require without parentheses")
    return list
  end

  -- Every file -> the files that it uses.
  local function graph_of(paths, uses)
    local graph = {}
    for _, path in ipairs(paths) do graph[path] = uses(path) end
    return graph
  end

  local function lua_graph()
    return graph_of(lines_of("find lua/dynamodb -name '*.lua' | sort"), requires_of)
  end

  -- Appends the cycles reachable from the file. 'trail' is the path to the file, 'done' the set of visited files.
  local function walk(graph, path, trail, done, found)
    for i, earlier in ipairs(trail) do
      if earlier == path then found[#found + 1] = table.concat(trail, " -> ", i) .. " -> " .. path end
    end
    if done[path] then return end
    done[path], trail[#trail + 1] = true, path
    for _, used in ipairs(graph[path] or {}) do walk(graph, used, trail, done, found) end
    trail[#trail] = nil
  end

  local function circles(graph)
    local found, done = {}, {}
    for path in pairs(graph) do walk(graph, path, {}, done, found) end
    table.sort(found)
    return found
  end

  it("has every file of lua/ in a room of the list", function()
    local rank, strangers = rank_of(ROOMS), {}
    for path in pairs(lua_graph()) do
      if not rank[room_of(path)] then strangers[#strangers + 1] = path end
    end
    assert.same({}, strangers)
  end)

  it("lets a room use only itself and the rooms below it", function()
    local rank, wrong = rank_of(ROOMS), {}
    for path, list in pairs(lua_graph()) do
      for _, used in ipairs(list) do
        if rank[room_of(used)] > rank[room_of(path)] then wrong[#wrong + 1] = path .. " uses " .. used end
      end
    end
    table.sort(wrong)
    assert.same({}, wrong)
  end)

  it("has no cycle between the files of lua/", function()
    assert.same({}, circles(lua_graph()))
  end)

  it("would detect a cycle and a require inside a function", function()
    assert.equal(1, #circles({ a = { "b" }, b = { "c" }, c = { "b" }, d = {} }))
    assert.same({}, circles({ a = { "b", "c" }, b = { "c" }, c = {} }))
    local lazy = requires_of("lua/dynamodb/transport/auto.lua")
    assert.truthy(table.concat(lazy, " "):find("transport/curl.lua", 1, true))
  end)

  -- A module's table is filled by the module itself. The classes that C makes are filled by the file of their name
  -- and by those that add methods; they are below all rooms.
  it("lets no file assign into the table of another module", function()
    local wrong = {}
    for path in pairs(lua_graph()) do
      local text = read(path):gsub("%-%-[^\n]*", "")
      for name, module in text:gmatch('local ([%w_]+) = require%("(dynamodb[%w_.]*)"%)') do
        local assigned = text:match("\n%s*" .. name .. "%.[%w_.]+ = ") or text:match("\n%s*function " .. name .. "[.:][%w_]+%(")
        if assigned and module ~= "dynamodb.core" then wrong[#wrong + 1] = path .. ":" .. assigned:gsub("%s+", " ") end
      end
    end
    assert.same({}, wrong)
  end)

  local function includes_of(path)
    local list = {}
    for included in read(path):gmatch('#include "([^"]+)"') do
      local folder, name = path:match("^(.*)/"), included
      while name:sub(1, 3) == "../" do folder, name = folder:match("^(.*)/"), name:sub(4) end
      list[#list + 1] = folder .. "/" .. name
    end
    return list
  end

  local function node_of(path)
    return (path:gsub("%.[ch]$", ""):gsub("^(csrc/core/%w+)_[%w_]*$", "%1"))
  end

  -- A header and the sources of its room are one node: csrc/core/http1_field.c is a part of csrc/core/http1.
  local function c_graph()
    local graph = {}
    for _, path in ipairs(lines_of("find csrc -name '*.[ch]' | sort")) do
      local name = node_of(path)
      graph[name] = graph[name] or {}
      for _, included in ipairs(includes_of(path)) do
        local used = node_of(included)
        if used ~= name then table.insert(graph[name], used) end
      end
    end
    return graph
  end

  it("lets a room of csrc include only itself and the rooms below it", function()
    local rank, wrong = rank_of(C_ROOMS), {}
    for path, list in pairs(c_graph()) do
      for _, used in ipairs(list) do
        local own, other = path:match("^csrc/(%w+)/"), used:match("^csrc/(%w+)/")
        if not rank[own] or not rank[other] or rank[other] > rank[own] then wrong[#wrong + 1] = path .. " includes " .. used end
      end
    end
    assert.same({}, wrong)
  end)

  it("has no cycle between the files of csrc", function()
    assert.same({}, circles(c_graph()))
  end)

  -- ===================== }

  it("uses functions that Lua 5.1 lacks in compat.h only", function()
    local late = "lua_(copy|tointegerx|tonumberx|rawgetp|geti|compare|absindex|upvalueid|newuserdatauv)"
    assert.same({}, offenders("csrc", late .. "\\(|luaL_(setfuncs|setmetatable|testudata|traceback|newlib|tolstring|len)\\(",
      "^csrc/lua/compat%.h$"))
  end)

  -- The checks use the modules under test.
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

  it("has one version everywhere", function()
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

  it("begins each file with its purpose", function()
    local silent = {}
    for _, path in ipairs(lines_of("find lua spec csrc examples bench tools -name '*.lua' -o -name '*.c' -o -name '*.h' "
      .. "-o -name '*.js' -o -name '*.sh' | grep -v node_modules")) do
      local first, second = read(path):match("^([^\n]*)\n([^\n]*)")
      local header = first:match('^#include "([%w_]+%.h)"') -- this header states the purpose
      if not (first:match("^%-%-%-? %w") or first:match("^/%*") or first:match("^//%s+%w") or second:match("^# %w")
          or header and io.open(path:match("^.*/") .. header)) then
        silent[#silent + 1] = path
      end
    end
    assert.same({}, silent)
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
