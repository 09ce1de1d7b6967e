-- The documentation as a test: every public function, option and field is on a page.

local core = require("dynamodb.core")

local helper = dofile("spec/support/helper.lua")

local read = dofile("spec/support/files.lua").read

-- Every page, as one text.
local function every_page()
  local pipe, texts = io.popen("ls doc/*.md"), {}
  for path in pipe:lines() do -- the table of operations does not document methods
    if path ~= "doc/operations.md" then texts[#texts + 1] = read(path) end
  end
  pipe:close()
  return table.concat(texts)
end

local function missing(page, names, form)
  local text, list = read("doc/" .. page .. ".md"), {}
  for name in pairs(names) do
    if not text:find(form:format(name), 1, true) then list[#list + 1] = name end
  end
  return list
end

describe("documentation", function()
  local dynamodb = require("dynamodb")

  for page, class in pairs({ connection = core.connection_class, table = core.table_class, item = core.item_class }) do
    it("has every method of " .. page, function()
      local prefix = ({ connection = "conn", table = "tbl", item = "item" })[page]
      local list, text = {}, every_page()
      for name in pairs(class.methods) do
        if not text:find(prefix .. ":" .. name .. "%f[^%w_]") then list[#list + 1] = name end
      end
      assert.same({}, list)
    end)
  end

  it("has every method of number, set and binary", function()
    for prefix, value in pairs({ n = dynamodb.number(1), set = dynamodb.set({ 1 }), binary = dynamodb.binary("") }) do
      assert.same({}, missing("values", debug.getmetatable(value).methods, prefix .. ":%s("))
    end
  end)

  it("has every option of connect", function()
    local settings = require("dynamodb.config.settings").options -- settings have their own page
    local list = {}
    for _, name in ipairs(missing("connection", require("dynamodb.connection").options, "`%s`")) do
      if not settings[name] then list[#list + 1] = name end
    end
    assert.same({}, list)
  end)

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

  it("has every function of dynamodb.json", function()
    assert.same({}, missing("values", dynamodb.json, "dynamodb.json.%s"))
  end)

  it("has every field of the module", function()
    local text = every_page()
    for name in pairs(dynamodb) do
      if name ~= "_VERSION" then assert.truthy(text:find("dynamodb%." .. name .. "%f[^%w_]"), name) end
    end
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

  -- The functions of this library's Lua files that f calls, in order, as "file function".
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
    debug.sethook(function() calls[#calls + 1] = name_of(debug.getinfo(2, "S")) end, "c")
    local ok, err = pcall(f)
    debug.sethook(old, mask, count)
    if jit then jit.on() end
    assert(ok, err)
    return calls
  end

  for heading, use in pairs({
    ["One GetItem, step by step"] = function(tbl) assert(tbl:get_item("k")) end,
    ["One page of a query, step by step"] = function(tbl) for _ in tbl:query({ hash_key = "k" }) do end end,
  }) do
    it("describes the calls that are made: " .. heading, function()
      local conn = helper.connect()
      local tbl = helper.create_table(conn, { hash_key_name = "id", hash_key_proto_value = "S" })
      assert(tbl:put_item({ id = "k" }))
      assert(tbl:get_item("k"))
      local calls, at = calls_of(function() use(tbl) end), 0
      for _, step in ipairs(steps(heading)) do
        local file, name = step[1], step[2]
        if file:find("%.c$") then
          assert.truthy(read(file):find("\nstatic int " .. name .. "(", 1, true), name)
        else
          local found
          for i = at + 1, #calls do
            if calls[i] == file .. " " .. name then
              found = i
              break
            end
          end
          at = assert(found, name .. " of " .. file .. " is not called there")
        end
      end
      assert.is_true(at > 0)
      assert(tbl:delete())
      conn:close()
    end)
  end

  it("names existing files and functions in its instructions for additions", function()
    for path in read("doc/source.md"):gmatch("`((%l+)/[%w_/]+%.%w+)`") do
      local name = io.open(path) and path or "lua/dynamodb/" .. path
      assert.truthy(read(name))
    end
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
    local pipe = io.popen("ls README.md doc/*.md")
    for page in pipe:lines() do
      local folder = page:match("^(.*/)") or ""
      for target, place in read(page):gmatch("%]%(([%w/._-]+)#?([%w-]*)%)") do
        local headings = "\n" .. read(folder .. target):lower():gsub("[^%w%s#-]", ""):gsub(" ", "-")
        assert.truthy(place == "" or headings:find("\n#+%-" .. place:gsub("%-", "%%-") .. "\n"), page .. ": " .. place)
      end
    end
    pipe:close()
  end)
end)
