-- The documentation as a test: settings, operations, the map of the source and links. reference_spec holds the reference.

local core = require("dynamodb.core")

local helper = dofile("spec/support/helper.lua")

local read = dofile("spec/support/files.lua").read

local unpack = table.unpack or unpack -- luacheck: ignore 113 143

-- Returns the names that a page does not have in this form.
local function missing(page, names, form)
  local text, list = read("doc/" .. page .. ".md"), {}
  for name in pairs(names) do
    if not text:find(form:format(name), 1, true) then list[#list + 1] = name end
  end
  return list
end

describe("documentation", function()
  -- The first five cells of the setting's row in doc/settings.md.
  local function settings_row(row)
    local function cell(name, same)
      if not name then return "" end
      return name == same and "yes" or "`" .. tostring(name) .. "`"
    end
    local variables = {}
    for i, name in ipairs(row.env) do variables[i] = cell(name) end
    local default = row.default ~= nil and cell(tostring(row.default)) or ""
    local cells = { cell(row.name), cell(row.code, row.name), cell(row.key, row.name), table.concat(variables, ", "), default }
    return ("| " .. table.concat(cells, " | ") .. " |"):gsub("  +", " ")
  end

  it("has exactly the settings of the catalogue", function()
    local text, rows, count = read("doc/settings.md"), 0, 0
    for _, row in ipairs(require("dynamodb.config.catalogue")) do
      local cells = settings_row(row)
      assert.truthy(text:find("\n" .. cells, 1, true), cells)
      count = count + 1
    end
    for _ in text:gmatch("\n| `") do rows = rows + 1 end
    assert.equal(count, rows)
  end)

  describe("of operations", function()
    local rows = {}
    for name, methods, specs in read("doc/operations.md"):gmatch("\n| (%u%a+) | ([^|]+) | ([^|]+) |") do
      assert(not rows[name], name .. " has two rows")
      rows[name] = { methods = methods, specs = specs }
    end
    local classes = { conn = core.connection_class, tbl = core.table_class, item = core.item_class }

    it("has exactly the operations of the client", function()
      local operations = require("dynamodb.base.operations")
      for name in pairs(operations) do assert.is_table(rows[name], name) end
      for name in pairs(rows) do assert.is_table(operations[name], name) end
    end)

    for name, row in pairs(rows) do
      it("names methods and specs of " .. name, function()
        local proofs, pages = "", require("dynamodb.base.operations")[name].pages ~= nil
        for spec in row.specs:gmatch("[%w_/]+") do proofs = proofs .. read("spec/" .. spec .. "_spec.lua") end
        assert.equal(pages, row.methods:find("`conn:each`", 1, true) ~= nil)
        for owner, method in row.methods:gmatch("`(%l+):([%w_]+)`") do
          assert.is_function(classes[owner].methods[method], method)
          assert.truthy(proofs:find('[%.:"]' .. method .. '%f[^%w_]'), "no spec of the row has " .. method)
        end
        assert.is_truthy(dofile("spec/vectors/operations.lua")[name])
      end)
    end
  end)

  it("has every function, method, option and fault of the testing kit", function()
    local testing, list = require("dynamodb.testing"), {}
    local function need(form, names)
      for _, name in ipairs(missing("testing", names, form)) do list[#list + 1] = name end
    end
    need("testing.%s(", testing)
    need("`%s", require("dynamodb.testing.fault_kinds").rule_options)
    need("| `%s` |", { directory = 1, endpoint_url = 1, engine = 1, image = 1, jar = 1, port = 1 })
    local clock = testing.clock()
    local objects = { clock = clock, faults = testing.faults(), server = testing.server() }
    objects.recording = testing.record(os.tmpname())
    objects.replay = testing.replay(objects.recording.path)
    for prefix, object in pairs(objects) do
      local methods = {}
      for name, f in pairs(getmetatable(object).__index) do
        if type(f) == "function" and not name:find("^_") then methods[name] = f end
      end
      need(prefix .. ":%s(", methods)
    end
    clock:close()
    objects.recording:finish()
    os.remove(objects.recording.path)
    assert.same({}, list)
  end)

  -- {===== doc/source.md =====

  -- The text of doc/source.md under a heading.
  local function section(heading)
    local text = read("doc/source.md") .. "\n## "
    return assert(text:match("\n## " .. heading .. "\n(.-)\n## "), heading)
  end

  -- The files of a table of rooms, as "room/file", or "file" in the folder itself. A row without a room continues
  -- the one above.
  local function mapped(heading)
    local list, room = {}, ""
    for first, files in section(heading):gmatch("\n| *([%l_/]*) *| ([%l%d_, ]-) |") do
      if first ~= "room" then
        room = first == "" and room or first == "/" and first or first .. "/"
        for name in files:gmatch("[%l%d_]+") do list[#list + 1] = (room .. name):gsub("^/", "") end
      end
    end
    table.sort(list)
    return list
  end

  -- The files of a folder and its subfolders, as "room/file".
  local function existing(folder, pattern)
    local list, seen = {}, {}
    local pipe = io.popen("find " .. folder .. " -type f")
    for path in pipe:lines() do
      local name = path:sub(#folder + 1):match(pattern)
      if name and not seen[name] then
        seen[name] = true
        list[#list + 1] = name
      end
    end
    pipe:close()
    table.sort(list)
    return list
  end

  it("lists every Lua file in doc/source.md", function()
    assert.same(existing("lua/dynamodb", "^/([%l%d_/]+)%.lua$"), mapped("lua/dynamodb"))
  end)

  it("lists every C file in doc/source.md", function()
    local files = existing("csrc", "^/([%l%d_/]+)%.[ch]$")
    for i = #files, 1, -1 do -- headers of several sources
      if files[i] == "lua/decoder" or files[i] == "lua/encoder" then table.remove(files, i) end
    end
    assert.same(files, mapped("csrc"))
  end)

  -- The steps of a call path in doc/source.md: { file, function }.
  local function steps(heading)
    local list = {}
    for file, name in section(heading):gmatch("\n| `([%w_/.]+)` | `([%w_.:]+)`") do list[#list + 1] = { file, name } end
    return list
  end

  -- The functions that f calls, in order: those of this library's Lua files as "file function", those of C as "C name".
  local function calls_of(f)
    local lines, calls = {}, {}
    local function name_of(info)
      local path = info.source:match("(lua/dynamodb/.*)$")
      if not path then return nil end
      if not lines[path] then
        lines[path] = {}
        for line in io.lines(path) do table.insert(lines[path], line) end
      end
      local name = (lines[path][info.linedefined] or ""):match("function ([%w_.:]+)")
      return name and path .. " " .. name
    end
    local old, mask, count = debug.gethook()
    if jit then jit.off() end -- LuaJIT calls no hooks in compiled code
    if jit then jit.flush() end
    debug.sethook(function()
      local info = debug.getinfo(2, "Sn")
      calls[#calls + 1] = info.what == "C" and "C " .. tostring(info.name) or name_of(info)
    end, "c")
    local ok, err = pcall(f)
    debug.sethook(old, mask, count)
    if jit then jit.on() end
    assert(ok, err)
    return calls
  end

  -- The ways: the files whose functions are called, but are no steps of the way; and how many steps it has.
  local REQUEST = { "credentials/cache", "http/pool", "http/round_trip", "request/response", "transport/curl" }
  local ways = {
    ["One GetItem, step by step"] = { steps = 16, use = function(tbl) assert(tbl:get_item("k")) end, beside = {
      "base/system", "http/service_clock", "loop/parking", "loop/scheduler", "request/calls", "request/context" } },
    ["One page of a query, step by step"] = { steps = 12,
      use = function(tbl) for _ in tbl:query({ hash_key = "k" }) do end end, beside = {
      "base/arguments", "base/objects", "base/options", "base/system", "expression/condition", "http/service_clock",
      "loop/event", "loop/mutex", "loop/parking", "loop/scheduler", "request/calls", "request/context",
      "request/response_check",
      "request/shape", "table/capacity", "table/cursor", "table/results_object", "table/schema", unpack(REQUEST) } },
  }

  -- The files among the calls, without those in the list.
  local function files_of(calls, beside)
    local list, seen = {}, {}
    for _, name in ipairs(beside or {}) do seen["lua/dynamodb/" .. name .. ".lua"] = true end
    for _, call in ipairs(calls) do
      local path = call:match("^lua/%S+")
      if path and not seen[path] then
        seen[path] = true
        list[#list + 1] = path
      end
    end
    table.sort(list)
    return list
  end

  for heading, way in pairs(ways) do
    it("describes the calls that are made: " .. heading, function()
      local conn = helper.connect()
      local tbl = helper.create_table(conn, { hash_key_name = "id", hash_key_proto_value = "S" })
      assert(tbl:put_item({ id = "k" }))
      way.use(tbl) -- the first call loads files
      local calls, at, described = calls_of(function() way.use(tbl) end), 0, {}
      for _, step in ipairs(steps(heading)) do
        local file, name = step[1], step[2]
        local expected = file .. " " .. name
        if file:find("%.c$") then
          assert.truthy(read(file):find("\nstatic int " .. name .. "(", 1, true), name)
          expected = "C " .. name:match("^%l+_(.*)$")
        else
          described[#described + 1] = file
        end
        repeat
          at = at + 1
          assert(calls[at], name .. " of " .. file .. " is not called there")
        until calls[at] == expected
      end
      assert.same(files_of(calls, way.beside), files_of(described))
      assert.equal(way.steps, #steps(heading))
      assert(tbl:delete())
      conn:close()
    end)

    it("names existing functions: " .. heading, function()
      local lines = {}
      for path in io.popen("find lua csrc/lua -name '*.lua' -o -name '*.c'"):lines() do lines[#lines + 1] = read(path) end
      local all = table.concat(lines)
      for name in section(heading):gmatch("`([%a_]+[._:][%a_.:]+)`") do
        if not name:find("%.%l$") then
          assert.truthy(all:find("function " .. name .. "(", 1, true) or all:find("static int " .. name .. "(", 1, true), name)
        end
      end
    end)
  end

  it("shows every room in its diagram", function()
    local diagram, shown, rooms = read("doc/source.md"):match("```\n(.-)\n```"), {}, {}
    for line in diagram:match("^(.-)\n%-%-%-"):gmatch("[^\n]+") do
      for name in line:sub(#"lua/dynamodb" + 1, 62):gmatch("%S+") do shown[#shown + 1] = name end
    end
    for path in io.popen("ls lua/dynamodb"):lines() do rooms[#rooms + 1] = path:gsub("%.lua$", "") end
    table.sort(shown)
    table.sort(rooms)
    assert.same(rooms, shown)
    shown, rooms = {}, {}
    for name in diagram:gmatch("\n(csrc/%l+)") do shown[#shown + 1] = name end
    for path in io.popen("ls -d csrc/*"):lines() do rooms[#rooms + 1] = path end
    table.sort(shown)
    assert.same(rooms, shown)
  end)

  it("names existing files and functions in its instructions for additions", function()
    for path in read("doc/source.md"):gmatch("`((%l+)/[%w_/]+%.%w+)`") do
      local name = io.open(path) and path or "lua/dynamodb/" .. path
      assert.truthy(read(name))
    end
  end)

  it("names existing files and goals of make in CONTRIBUTING and SECURITY", function()
    local makefile, count = read("Makefile"), 0
    for _, page in ipairs({ "CONTRIBUTING.md", "SECURITY.md" }) do
      local text = read(page)
      for path in text:gmatch("`(%l+/[%w_/]+%.%w+)`") do assert.truthy(read(path)) end
      for goals in text:gmatch("make ([%l-][%l -]*)") do
        for goal in goals:gmatch("[%l-]+") do
          assert.truthy(("\n" .. makefile):find("\n" .. goal:gsub("%-", "%%-") .. ":"), page .. ": make " .. goal)
          count = count + 1
        end
      end
    end
    assert.is_true(count > 20)
  end)

  -- ===================== }

  it("lists every file of spec/support", function()
    local named, files = {}, {}
    for row in read("spec/support/README.md"):gmatch("\n(| `.-) |") do
      for name in row:gmatch("`([%w_.-]+)`") do named[#named + 1] = name end
    end
    local pipe = io.popen("git ls-files spec/support 2>/dev/null || ls spec/support/*")
    local seen = { ["README.md"] = true }
    for path in pipe:lines() do
      local name = path:match("^spec/support/([^/]+)")
      if not seen[name] then files[#files + 1] = name end
      seen[name] = true
    end
    pipe:close()
    table.sort(named)
    table.sort(files)
    assert.same(files, named)
  end)

  it("links to existing pages", function()
    local headings = {} -- page -> its text, with headings as anchors
    local pipe = io.popen("ls *.md doc/*.md")
    for page in pipe:lines() do
      local folder = page:match("^(.*/)") or ""
      for target, place in read(page):gmatch("%]%(([%w/._-]*)#?([%w_-]*)%)") do
        local path = target == "" and page or folder .. target
        headings[path] = headings[path] or "\n" .. read(path):lower():gsub("[^%w%s_#-]", ""):gsub(" ", "-")
        assert.truthy(place == "" or headings[path]:find("\n#+%-" .. place:gsub("%-", "%%-") .. "\n"), page .. ": " .. place)
      end
    end
    pipe:close()
  end)
end)
