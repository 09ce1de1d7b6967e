-- The architecture as a test: permitted dependencies between modules and on libraries, exports of modules, lengths of
-- files and functions, and a spec for each module.

local lua_source = dofile("spec/support/lua_source.lua")
local process = dofile("spec/support/child_process.lua")
local support = dofile("spec/support/files.lua")
local read, lines_of = support.read, support.lines_of

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
  }
  for _, rule in ipairs(rules) do
    it(rule[1], function()
      assert.same({}, offenders(rule[2], rule[3], rule[4], rule[5]))
    end)
  end

  -- The checks use the modules under test.
  local function module_path(name)
    return assert(package.searchpath and package.searchpath(name, package.cpath)
      or lines_of("ls " .. package.cpath:match("[^;]+"):gsub("%?", (name:gsub("%.", "/"))))[1])
  end

  -- {===== Rooms =====

  -- The rooms of lua/dynamodb, lowest first. A file uses files of its own room and of the rooms above its line in
  -- this list. A room is a folder, or a file at the root. The C modules dynamodb.core and dynamodb.curl are below
  -- all of them.
  local ROOMS = {
    "error", "base", "values", "loop", "transport", "http", "config", "credentials", "expression", "request", "table",
    "admin", "boto_layer2", "connection", "gather", "warm", "init", "testing",
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

  -- base/late requires what its callers name: late.module("NAME"), and other functions whose first argument is a name.
  local LATE = "lua/dynamodb/base/late.lua"
  local LATE_FUNCTIONS = { call = true, field = true, get = true, methods = true, module = true }

  -- Returns the token with the name of the module that is required at a position | nil when nothing is required there.
  -- Other forms than require("NAME"), pcall(require, "NAME") and late.FUNCTION("NAME" are rejected, and names that are
  -- computed at run time.
  local function required_at(tokens, i, path)
    local word, before, after, name = tokens[i].text, tokens[i - 1] or {}, tokens[i + 1] or {}, tokens[i + 2] or {}
    if tokens[i].kind ~= "name" or before.text == "." or before.text == ":" then return nil end
    local place = path .. ":" .. tokens[i].line
    if path == LATE then return nil end
    if word == "require" then
      local is_call = after.text == "(" or after.text == "," and tokens[i - 2].text == "pcall"
      assert(is_call and name.kind == "text" and tokens[i + 3].text == ")", place)
      return name
    elseif word == "late" and after.text == "." and name.text ~= "load" then
      local opened, argument = tokens[i + 3], tokens[i + 4]
      assert(LATE_FUNCTIONS[name.text] and opened.text == "(" and argument.kind == "text", place)
      return argument
    end
  end

  -- The files that a Lua text requires, including requires inside functions and files that are loaded late.
  local function requires_in(text, path)
    local list, tokens = {}, lua_source.tokens(text)
    for i in ipairs(tokens) do
      local name = required_at(tokens, i, path)
      local module = name and lua_source.content(name)
      if module and module:match("^dynamodb") then list[#list + 1] = file_of(module) end
    end
    return list
  end

  local function requires_of(path) return requires_in(read(path), path) end

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

  it("would detect every way to require", function()
    local expected = { "lua/dynamodb/http/pool.lua" }
    for _, text in ipairs({ 'f(require("dynamodb.http.pool"))', "return require( 'dynamodb.http.pool' )",
      'require\n([[dynamodb.http.pool]])', 'pcall(require, "dynamodb.http.pool")',
      'local s = "--" return require("dynamodb.http.pool"), s', 'local pool = late.module("dynamodb.http.pool")',
      'late.methods("dynamodb.http.pool", Table, "get")', 'f = late.call("dynamodb.http.pool", name)',
      'late.field("dynamodb.http.pool", m, "x")' }) do
      assert.same(expected, requires_in(text, "a file"))
    end
    for _, text in ipairs({ 'require "dynamodb.http.pool"', "require [[dynamodb.http.pool]]", "local r = require return r",
      'f(require, "dynamodb.http.pool")', 'require("dynamodb." .. name)', '_G["f"](require)',
      "late.module(name)",
      'local f = late.module f("dynamodb.http.pool")', 'late.methods(name, Table, "get")',
      'late.module "dynamodb.http.pool"' }) do
      assert.is_false(pcall(requires_in, text, "a file"), text)
    end
    assert.same({}, requires_in("-- require(name)\nlocal s, late = 'require(x)', task.late.x", "a file"))
  end)

  -- {===== Globals of Lua =====

  -- Which members of these globals a file uses: true for all of them, "" for the global as a value. Those named here
  -- are used nowhere else. What loads code or changes other tables unseen is used nowhere.
  local NOTHING = {}
  local SYSTEM = "lua/dynamodb/base/system.lua"
  local GLOBALS = {
    os = { [SYSTEM] = true, ["lua/dynamodb/credentials/document.lua"] = { date = true } },
    io = { [SYSTEM] = true, ["lua/dynamodb/request/hooks.lua"] = { type = true } },
    ngx = { ["lua/dynamodb/transport/nginx.lua"] = true, ["lua/dynamodb/loop/phase.lua"] = true },
    package = { [SYSTEM] = { config = true }, [LATE] = { loaded = true } },
    debug = { ["lua/dynamodb/error.lua"] = { getinfo = true }, ["lua/dynamodb/loop/scheduler.lua"] = { traceback = true },
      ["lua/dynamodb/table/prefetch.lua"] = { getmetatable = true },
      ["lua/dynamodb/testing/blocks.lua"] = { getupvalue = true } },
    print = NOTHING, dofile = NOTHING, loadfile = NOTHING, load = NOTHING, loadstring = NOTHING,
    rawset = { ["lua/dynamodb/connection.lua"] = { [""] = true } }, -- of a table of its own
    setfenv = NOTHING, getfenv = NOTHING, _ENV = NOTHING,
  }

  local function is_bare(tokens, i)
    local before = tokens[i - 1] and tokens[i - 1].text
    return tokens[i].kind == "name" and before ~= "." and before ~= ":"
  end

  -- Appends "PATH:LINE: NAME" for each use that the list above does not have. _G is used as rawget(_G, "NAME") only.
  local function judge_globals(text, path, wrong)
    local tokens = lua_source.tokens(text)
    for i, token in ipairs(tokens) do
      local rule = is_bare(tokens, i) and GLOBALS[token.text]
      local used = rule and rule[path]
      local member = tokens[i + 1] and tokens[i + 1].text == "." and tokens[i + 2].text or ""
      local is_raw = token.text == "_G" and is_bare(tokens, i)
        and not (tokens[i - 2] and tokens[i - 2].text == "rawget" and tokens[i + 2].kind == "text")
      if is_raw or rule and used ~= true and not (used and used[member]) then
        wrong[#wrong + 1] = ("%s:%d: %s"):format(path, token.line, token.text)
      end
    end
    return wrong
  end

  it("asks the system, knows nginx and loads code in the permitted files only, and prints nothing", function()
    local wrong = {}
    for _, path in ipairs(lines_of("find lua -name '*.lua' | sort")) do judge_globals(read(path), path, wrong) end
    assert.same({}, wrong)
  end)

  it("would detect such uses", function()
    for _, text in ipairs({ "local o = os", "f(io.stderr)", "return ngx and ngx['time']", "print(1)", "f(print)",
      "package.loaded['dynamodb.table.batch'] = 1", "dofile('x')", "_G['require']('x')", "_G.x = 1", "rawset(pool, 'x', 1)",
      "return debug.getregistry()" }) do
      assert.equal(1, #judge_globals("local s = '--' " .. text:gsub("ngx and ", ""), "a file", {}), text)
    end
    assert.same({}, judge_globals('-- os\nlocal s, n = "io", x.os, settings:load() f(rawget(_G, "jit"))', "a file", {}))
  end)

  -- The one way to wait for another task is loop/event. These files wait for time to pass.
  it("sleeps at the permitted places only", function()
    local expected = { ["credentials/service_call"] = 1, ["request/context"] = 1, -- all calls pause by context.pause
      ["credentials/shared_cache"] = 1, -- waits for another process
      ["testing/clock"] = 2, ["testing/faults"] = 1, ["testing/server"] = 1 }
    local found = {}
    for path in pairs(lua_graph()) do
      for _, token in ipairs(lua_source.tokens(read(path))) do
        local name = path:match("^lua/dynamodb/(.*)%.lua$")
        if token.text == "sleep" and not name:find("^transport/") then found[name] = (found[name] or 0) + 1 end
      end
    end
    for _, name in ipairs({ "init", "event", "parking", "scheduler" }) do found["loop/" .. name] = nil end
    assert.same(expected, found)
  end)

  -- ===================== }

  -- A module's table is filled by the module itself. The classes that C makes are filled by the file of their name
  -- and by those that add methods; they are below all rooms.

  local opens = { ["("] = true, ["{"] = true, ["["] = true, ["function"] = true, ["if"] = true, ["do"] = true,
    ["repeat"] = true }
  local closes = { [")"] = true, ["}"] = true, ["]"] = true, ["end"] = true, ["until"] = true }

  -- The variables that hold another module, and their aliases: name -> true.
  local function module_variables(tokens)
    local held = {}
    for i, token in ipairs(tokens) do
      if token.text == "local" and tokens[i + 1].text ~= "function" then
        local names, at, depth = {}, i + 1, 0
        while tokens[at] and tokens[at].kind == "name" do
          names[#names + 1] = tokens[at].text
          at = at + (tokens[at + 1] and tokens[at + 1].text == "," and 2 or 1)
          if tokens[at - 1].text ~= "," then break end
        end
        if tokens[at] and tokens[at].text == "=" then
          local place = 1
          at = at + 1
          while tokens[at] and names[place] do
            local after = tokens[at + 1] and tokens[at + 1].text
            local called = tokens[at + 4] and tokens[at + 4].text
            if depth == 0 and (tokens[at - 1].text == "=" or tokens[at - 1].text == ",") then
              local is_late = tokens[at].text == "late" and (tokens[at + 2] or {}).text == "module"
              local required = is_late or tokens[at].text == "require" and tokens[at + 2].text:match("dynamodb")
                and called ~= "." and called ~= ":" and called ~= "("
              local aliased = held[tokens[at].text] and after ~= "." and after ~= ":" and after ~= "(" and after ~= "["
              held[names[place]] = held[names[place]] or required or aliased
            end
            if opens[tokens[at].text] then depth = depth + 1 elseif closes[tokens[at].text] then depth = depth - 1 end
            if depth < 0 then break end
            if depth == 0 and after == "," then place = place + 1 end
            if depth == 0 and after ~= "," and tokens[at].text ~= "," and tokens[at + 1] and tokens[at + 1].kind == "name"
              and tokens[at].text:match("^[%w_)}\"']") then break end
            at = at + 1
          end
        end
      end
    end
    return held
  end

  -- Goes back from the end of "a.b[c].d" -> the index of its first token, the number of its members, and whether it
  -- contains a call.
  local function root_of(tokens, i)
    local members, has_call = 0, false
    while true do
      if tokens[i].text == "]" or tokens[i].text == ")" then
        if tokens[i].text == "]" then members = members + 1 else has_call = true end
        local depth = 0
        repeat
          depth = depth + (closes[tokens[i].text] and 1 or opens[tokens[i].text] and -1 or 0)
          i = i - 1
        until depth == 0
      elseif tokens[i - 1] and (tokens[i - 1].text == "." or tokens[i - 1].text == ":") then
        members, i = members + 1, i - 2
      else
        return i, members, has_call
      end
    end
  end

  -- Appends "PATH:LINE" for each assignment to a member of another module.
  local function judge_assignments(text, path, wrong)
    local tokens, stack = lua_source.tokens(text), {}
    local held = module_variables(tokens)
    local function judge(last)
      local root, members, has_call = root_of(tokens, last)
      local name = tokens[root].text
      local is_module = name == "require" or held[name] and not has_call
      if is_module and members > 0 and not (name == "core" and members > 1) then -- the classes are for all
        wrong[#wrong + 1] = ("%s:%d"):format(path, tokens[root].line)
      end
      return root
    end
    for i, token in ipairs(tokens) do
      local word = token.kind ~= "text" and token.text
      if word == "=" and stack[#stack] ~= "{" then
        local root = judge(i - 1)
        while tokens[root - 1] and tokens[root - 1].text == "," do root = judge(root - 2) end
      elseif word == "function" and tokens[i + 1].kind == "name" then
        local last = i + 1
        while tokens[last + 1].text ~= "(" do last = last + 1 end
        judge(last)
      end
      if opens[word] then stack[#stack + 1] = word elseif closes[word] then stack[#stack] = nil end
    end
    return wrong
  end

  it("lets no file assign into the table of another module", function()
    local wrong = {}
    for path in pairs(lua_graph()) do judge_assignments(read(path), path, wrong) end
    assert.same({}, wrong)
  end)

  it("would detect such assignments", function()
    local head = 'local x, pool, y = 1, require("dynamodb.http.pool"), 2\nlocal p = pool\nlocal other = pool.new()\n'
    for _, text in ipairs({ "pool.f = 1", "function pool.f() end", "function pool:f() end", "p.f = function() end",
      "pool['f'] = 1", "do pool.f = 1 end", "x, pool.f = 1, 2", "pool.f, x = 1, 2", "pool.a.b = 1", "p[x].b = 1",
      'require("dynamodb.http.pool").f = 1', "return { f = function() pool.f = 1 end }",
      'local q = require("dynamodb.http.pool")\nq.f = 1', 'local q = late.module("dynamodb.http.pool")\nq.f = 1' }) do
      assert.equal(1, #judge_assignments(head .. text, "a file", {}), text)
    end
    for _, text in ipairs({ "other.f = pool.f", "x = { f = 1, pool.f, g = 2 }", "f(pool.f, pool.g)", "x.pool.f = 1",
      "pool.g(x).f = 1", "if pool.f == 1 then x = pool.f end", "local f = pool.f", "for i = 1, pool.f do x[i] = pool.f end" }) do
      assert.same({}, judge_assignments(head .. text, "a file", {}), text)
    end
  end)

  -- By whatever means: the tables of all modules are the same after all have been loaded as after their own files.
  it("changes no module's table after its file, and no global variable", function()
    local names = {}
    for _, path in ipairs(lines_of("find lua/dynamodb -name '*.lua' | sort")) do
      if not path:find("nginx") then
        names[#names + 1] = path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
      end
    end
    assert.equal("\n", process.start("module_changes.lua", table.concat(names, " "))())
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

  -- A declaration would do what an include does.
  it("uses in the core no symbol of the glue or of Lua", function()
    local folder, defined, wrong = module_path("dynamodb.core"):match("^(.*)/dynamodb/"), {}, {}
    for _, line in ipairs(lines_of(("nm --defined-only %s/csrc/lua/*.o %s/csrc/curl/*.o"):format(folder, folder))) do
      local kind, name = line:match("%s([TDBR])%s(%S+)$")
      if kind then defined[name] = true end
    end
    assert.is_true(defined.object_new)
    for _, line in ipairs(lines_of("nm -u " .. folder .. "/csrc/core/*.o")) do
      local name = line:match("%sU%s(%S+)$")
      if name and (defined[name] or name:match("^luaL?_")) then wrong[#wrong + 1] = name end
    end
    assert.same({}, wrong)
  end)

  -- {===== Functions of the C library =====

  -- What no file of csrc calls: functions that write without a bound, that report no error, that are not safe in threads,
  -- that run programs, or that jump over what has to be freed. The environment and the time are read by Lua only.
  local BANNED = {}
  for name in ([[strcpy strcat stpcpy strncpy strncat sprintf vsprintf gets scanf sscanf fscanf wcscpy
    atoi atol atoll atof rand srand random srandom drand48 strtok strerror localtime gmtime asctime ctime getenv setenv putenv
    getlogin gethostbyname inet_ntoa readdir setlocale signal tmpnam tempnam mktemp tmpfile
    system popen execl execlp execv execvp fork vfork alloca setjmp _setjmp sigsetjmp longjmp siglongjmp]]):gmatch("%S+") do
    BANNED[name] = true
  end

  -- The undefined symbols of objects -> the banned ones among them. Fortified variants are __NAME_chk, and some C libraries
  -- call the newer variants of scanf __isoc99_NAME.
  local function banned_in(list)
    local found = {}
    for _, line in ipairs(list) do
      local symbol = line:match("%sU%s([%w_]+)")
      local name = symbol and (symbol:match("^__([%w_]+)_chk$") or symbol:match("^__isoc%d%d_([%w_]+)$") or symbol)
      if name and (BANNED[name] or BANNED[name:gsub("^__", "")]) then found[#found + 1] = name end
    end
    return found
  end

  it("calls no function of the C library that is unsafe", function()
    local folder = module_path("dynamodb.core"):match("^(.*)/dynamodb/")
    local list = lines_of(("nm -u %s/csrc/*/*.o"):format(folder))
    assert.is_true(#list > 300)
    assert.same({}, banned_in(list))
  end)

  -- The compiler replaces some of them by others, and -Wvla refuses arrays of variable length.
  it("names no such function either", function()
    local wrong = {}
    for _, path in ipairs(lines_of("find csrc -name '*.[ch]' | sort")) do
      for name in read(path):gsub("/%*.-%*/", ""):gmatch("([%a_][%w_]*)%s*%(") do
        if BANNED[name] then wrong[#wrong + 1] = path .. ": " .. name end
      end
    end
    assert.same({}, wrong)
    assert.truthy(read("Makefile"):find("-Wvla", 1, true))
  end)

  it("would detect such calls", function()
    assert.same({ "strcpy", "sprintf", "strtok", "sscanf", "system" }, banned_in({ "   U __strcpy_chk",
      " U sprintf@GLIBC_2.2.5", " U strtok", " U __isoc99_sscanf", " U snprintf", " U __snprintf_chk", "T strcat", " U system" }))
  end)

  -- ===================== }

  it("uses functions that Lua 5.1 lacks in compat.h only", function()
    local late = "lua_(copy|tointegerx|tonumberx|rawgetp|geti|compare|absindex|upvalueid|newuserdatauv)"
    assert.same({}, offenders("csrc", late .. "\\(|luaL_(setfuncs|setmetatable|testudata|traceback|newlib|tolstring|len)\\(",
      "^csrc/lua/compat%.h$"))
  end)

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
        for line in (read(path) .. "\n"):gsub("\n\n$", "\n"):gmatch("([^\n]*)\n") do
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

  -- Does another header state the purpose of this source?
  local function is_part(path, header)
    return path == "csrc/core/http1_request.c" and header == "http1"
      or path:match("^spec/support/probe/") and header == "probe"
  end

  it("begins each file with its purpose", function()
    local silent = {}
    for _, path in ipairs(lines_of("find lua spec csrc examples bench tools -name '*.lua' -o -name '*.c' -o -name '*.h' "
      .. "-o -name '*.js' -o -name '*.sh' -o -name '*.py' | grep -v node_modules")) do
      local first, second = read(path):match("^([^\n]*)\n([^\n]*)")
      local header = first:match('^#include "([%w_]+)%.h"') -- this header states the purpose
      local is_own = header and io.open(path:match("^.*/") .. header .. ".h")
        and (path:match("([%w_]+)%.c$") == header or is_part(path, header))
      local purpose = first:match("^%-%-%-? (%w.*)") or first:match("^//%s+(%w.*)") or second:match("^# (%w.*)")
        or first:match('^"""(%w.*)') or (first .. second):match("^/%*[%s*]+(%w.*)")
      if not is_own and not (purpose and purpose:match("%w%W+%w") and not purpose:match("^luacheck")) then
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
