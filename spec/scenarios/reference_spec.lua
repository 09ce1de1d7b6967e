-- The reference as a test: every public function, method, option, field, error kind, error code and hook event has its heading
-- or row in doc/, and nothing is described that does not exist. The names come from the code at run time.

local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local files = dofile("spec/support/files.lua")
local fixture = dofile("spec/support/reference_fixture.lua")
local helper = dofile("spec/support/helper.lua")
local pages = dofile("spec/support/reference_pages.lua")
local public_methods = dofile("spec/support/public_methods.lua")
local schemas = dofile("spec/support/option_schemas.lua")

dynamodb.preload()

-- The pages that have entries. README.md is the index.
local names = {}
for path in pairs(fixture.pages) do
  local name = path:match("^doc/(.*)$")
  if name ~= "README.md" then names[#names + 1] = name end
end
table.sort(names)

local sections = pages.sections(names)
local by_link, entries = {}, {}
for _, section in ipairs(sections) do
  by_link[section.page .. "#" .. section.anchor] = section
  if pages.is_entry(section) then entries[#entries + 1] = section end
end

local conn = helper.offline(helper.fake())
local tbl = conn:table("users", { hash_key = "id" })
local item = tbl:new_item("a")
local task = dynamodb.loop.spawn(function() end)
dynamodb.loop.run()

-- The objects, by the name that the pages give them.
local objects = {
  conn = { conn }, tbl = { tbl }, item = { item }, results = { tbl:scan() }, writer = { tbl:batch_writer() }, task = { task },
  lock = { helper.lock() }, loader = { tbl:loader() }, queue = { conn:background() },
  list = { conn:new_batch_list(), conn:new_batch_write_list() }, n = { dynamodb.number(1) }, set = { dynamodb.set({ 1 }) },
  binary = { dynamodb.binary("") },
}

-- All public functions and methods: title -> list of { f, self }. Values such as dynamodb.null have no f.
local public = {}
for prefix, list in pairs(objects) do
  for _, object in ipairs(list) do
    for name, f in pairs(public_methods(object)) do
      local title = prefix .. ":" .. name
      public[title] = public[title] or {}
      table.insert(public[title], { f, object })
    end
  end
end
for name, value in pairs(dynamodb) do
  local prefix = name == "loop" and "loop." or name == "json" and "dynamodb.json."
  if prefix then
    for inner, f in pairs(value) do public[prefix .. inner] = { { f } } end
  elseif name ~= "_VERSION" then
    public["dynamodb." .. name] = { { type(value) == "function" and value or nil } }
  end
end
public["update:set"] = { { dynamodb.update().set, dynamodb.update() } }

-- Values for parameters by name, with which a method comes to the check of its options.
local fit = { attributes = { id = "a" }, backup = "arn:aws:b", calls = {}, change = print, export = "arn:aws:e", hash_key = "a",
  import = "arn:aws:i", name = "users", operation = "ListTables", secret = ("s"):rep(32), statement = "SELECT * FROM users",
  table = tbl }

-- The options that a section has: its own rows, and those of the sections that it names -> name -> cells.
local function options_of(section, seen)
  local found = pages.options(section)
  seen = seen or {}
  if seen[section] then return found end
  seen[section] = true
  for _, link in ipairs(pages.others(section)) do
    local other = assert(by_link[link], section.title .. ": no section " .. link)
    for name, cells in pairs(options_of(other, seen)) do found[name] = found[name] or cells end
  end
  return found
end

local function sorted(map) return helper.names_of(map or {}) end

-- Returns what is wrong with the cell of an option's type | nil.
local function type_misfit(cell, validator)
  local _, expected = validator(io.stdout)
  if not expected then return nil end -- any value
  local low = expected:match("whole number of at least (%d+)")
  local words = {}
  if expected == "boolean" or expected:find("port number") then words[1] = expected end
  if expected == "non-empty string" then words[1] = "text" end
  if expected:find("seconds", 1, true) then words[1] = "seconds" end
  if low then words[1] = "whole number from " .. low end
  for word in expected:gmatch("%f[%w]%u[%u_]+%f[^%w_]") do words[#words + 1] = word end
  for word in (expected:match("^one of (.*)") or ""):gmatch("[^, ]+") do words[#words + 1] = '"' .. word .. '"' end
  for _, word in ipairs(words) do
    if not cell:find(word, 1, true) then return ("'%s' lacks '%s'"):format(cell, word) end
  end
end

local function expect_options(schema, found, title)
  assert.same(sorted(schema), sorted(found), title)
  for name, cells in pairs(found) do
    local why = #cells == 4 and type_misfit(cells[2], schema[name])
    assert(not why, ("%s: option %s: type %s"):format(title, name, tostring(why)))
  end
end

describe("the reference", function()
  teardown(function() conn:close() end)

  it("has a heading for every public function and method, once, and no other", function()
    local titles = {}
    for _, section in ipairs(entries) do
      assert(not titles[section.title], section.title .. " has two headings")
      titles[section.title] = true
    end
    assert.same(sorted(public), sorted(titles))
  end)

  it("has the methods of conditions and updates under the names of the functions", function()
    for name in pairs(public_methods(dynamodb.attr("a"))) do assert.truthy(public["dynamodb." .. name], name) end
    for name in pairs(public_methods(dynamodb.update())) do
      assert.truthy(public["dynamodb." .. name] or public["update:" .. name], name)
    end
  end)

  for _, section in ipairs(entries) do
    local title = section.title

    it("describes " .. title, function()
      local whole = (section.parent.intro or "") .. "\n" .. section.text
      local signature = assert(section.text:match("\n```\n(.-)\n```\n"), title .. ": no signature")
      for line in signature:gmatch("[^\n]+") do
        if title:find("^list:") or not line:find("^{") then
          local name = title:match("[:.]([%w_]+)$")
          assert.truthy(line:find(title, 1, true) or line:find("[:.]" .. name .. "%("), line)
        end
      end
      assert.truthy(not (public[title] or { {} })[1][1] or whole:find("**Returns**", 1, true), title .. ": no **Returns**")
      assert.truthy(whole:find("**Errors", 1, true), title .. ": no **Errors**")
      local example = assert(section.text:match("\n```lua\n(.-)\n```"), title .. ": no example")
      assert.truthy(example:find("-->", 1, true), title .. ": the example shows no output")
      assert.truthy(example:find("[:.]" .. title:match("[:.]([%w_]+)$") .. "%f[^%w_]"), title .. ": the example does not use it")
    end)

    it("has the arguments and options of " .. title, function()
      local found, signature = options_of(section), section.text:match("\n```\n(.-)\n```\n")
      local schema, most
      for _, each in ipairs(assert(public[title], title)) do
        local parameters = each[1] and schemas.parameters(each[1], each[2])
        most = parameters and math.max(most or 0, #parameters)
        for name, validator in pairs(parameters and schemas.of(each[1], each[2], parameters, fit) or {}) do
          schema = schema or {}
          schema[name] = validator
        end
      end
      if most then assert.equal(most, pages.most_arguments(signature, title), title .. ": arguments of the longest form") end
      if title == "dynamodb.connect" then -- settings have their own page
        for _, cells in ipairs(pages.rows(files.read("doc/settings.md"), "setting")) do
          local name = (cells[2] == "yes" and cells[1] or cells[2]):match("^`(.*)`$")
          if name then found[name] = cells end
        end
      end
      expect_options(schema, found, title)
    end)
  end

  -- Options inside of other arguments: the section, the text in parentheses after their names, and calls that check them.
  local schema = conn:create_schema("id", "S")
  local nested = {
    { "options.md#index", nil, { function(marked)
      conn:create_table({ name = "x", schema = schema, global_indexes = { marked } })
    end } },
    { "options.md#capacity", nil, { function(marked) tbl:update({ indexes = { x = marked } }) end } },
    { "table.md#tblbatch_write", "in the first table", { function(marked) tbl:batch_write(marked) end } },
    { "connection.md#connbatch_write", "of one table", { function(marked) conn:batch_write({ [tbl] = marked }) end } },
    { "connection.md#connbatch_get", "of one table", { function(marked)
      marked.keys = {}
      conn:batch_get({ [tbl] = marked })
    end } },
    { "connection.md#conntransact_get", "of an item", { function(marked) conn:transact_get({ marked }) end } },
    { "connection.md#conntransact_write", "of an operation", {} },
  }
  for _, kind in ipairs({ "put", "update", "delete", "check" }) do
    table.insert(nested[#nested][3], function(marked)
      marked[kind] = {}
      conn:transact_write({ marked })
    end)
  end

  for _, each in ipairs(nested) do
    it(("has the options in %s %s"):format(each[1], each[2] or ""), function()
      local section, known = assert(by_link[each[1]], each[1]), {}
      for _, call in ipairs(each[3]) do
        for name, validator in pairs(assert(schemas.capture(call), each[1])) do known[name] = validator end
      end
      expect_options(known, each[2] and pages.options(section, each[2]) or options_of(section), each[1])
    end)
  end

  it("has all tables of options, so that each option is described once", function()
    local is_reference = { ["README.md"] = true, ["nginx.md"] = true, ["testing.md"] = true } -- index; what differs; the kit's
    for _, name in ipairs({ "connection", "dynamodb", "item", "options", "results", "table" }) do
      is_reference[name .. ".md"] = true
    end
    for path in files.output_of("ls doc/*.md"):gmatch("doc/([^\n]+)") do
      if not is_reference[path] then assert.same({}, pages.rows(files.read("doc/" .. path), "option"), path) end
    end
  end)

  it("shares no options that no method takes", function()
    local used = {}
    for _, section in ipairs(sections) do
      for _, link in ipairs(pages.others(section)) do used[link] = true end
    end
    for _, section in ipairs(sections) do
      local link = section.page .. "#" .. section.anchor
      if section.page == "options.md" and section.level == 2 and link ~= "options.md#index" and next(pages.options(section)) then
        assert.truthy(used[link], link)
      end
    end
  end)

  -- {===== Fields, errors, hooks =====

  -- Returns the names in the first cells of tables: name -> cells.
  local function names_in(page, first, pattern)
    local found = {}
    for _, cells in ipairs(pages.rows(files.read("doc/" .. page), first)) do
      for name in cells[1]:gmatch("`" .. (pattern or "") .. "([%w_]+)`") do found[name] = cells end
    end
    return found
  end

  local function source_of_library()
    local list = {}
    for path in files.output_of("find lua -name '*.lua'"):gmatch("[^\n]+") do list[#list + 1] = files.read(path) end
    return table.concat(list)
  end

  it("has the fields of objects", function()
    local known = {
      ["table.md"] = { "tbl.", (core.table_parts(assert(fixture.offline():get_table("users")))) },
      ["results.md"] = { "results.", core.results_fields(tbl:scan({ segments = 2, concurrency = 1, max_results = 1 })) },
      ["writer.md"] = { "writer.", tbl:batch_writer() },
      ["locks.md"] = { "lock.", helper.lock() },
    }
    local source = source_of_library()
    for page, each in pairs(known) do
      local documented = names_in(page, "field", each[1]:gsub("%.", "%%."))
      for name in pairs(each[2]) do
        if not name:find("^_") then assert.truthy(documented[name], each[1] .. name) end
      end
      for name in pairs(documented) do assert.truthy(source:find("%f[%w_]" .. name .. "%f[^%w_]"), each[1] .. name) end
    end
  end)

  it("has the counters of conn:stats", function()
    local documented = names_in("hooks.md", "field")
    for name in pairs(conn:stats()) do assert.truthy(documented[name], name) end
    local source = files.read("lua/dynamodb/connection.lua")
    for name in pairs(documented) do assert.truthy(source:find("%f[%w_]" .. name .. "%f[^%w_]"), name) end
  end)

  it("has the kinds, codes and fields of errors", function()
    local kinds, codes, source = {}, {}, source_of_library()
    for name in files.read("lua/dynamodb/error.lua"):match("@field kind ([^\n]+)"):gmatch('"(%l+)"') do kinds[name] = true end
    assert.same(sorted(kinds), sorted(names_in("errors.md", "kind")))
    for name in source:gmatch('[{,] *code = "(%u%w+)"') do codes[name] = true end
    assert.same(sorted(codes), sorted(names_in("errors.md", "code")))
    local documented = names_in("errors.md", "field", "err%.")
    for name in source:gmatch("%f[%w_]err%.([%l_]+) =") do assert.truthy(documented[name], name) end
    for name in files.read("lua/dynamodb/error.lua"):gmatch("@field ([%l_]+)") do assert.truthy(documented[name], name) end
    for name in pairs(documented) do assert.truthy(source:find("%f[%w_]" .. name .. "%f[^%w_]"), name) end
  end)

  it("has the hook events with their fields", function()
    local events = require("dynamodb.request.hooks").events
    local documented = names_in("hooks.md", "event")
    assert.same(sorted(events), sorted(documented))
    for name, cells in pairs(documented) do
      local fields = {}
      for field in cells[3]:gsub("not `operation`", ""):gmatch("`([%w_]+)`") do fields[#fields + 1] = field end
      assert.same(events[name], fields, name)
    end
  end)

  -- ===================== }
  -- {===== The index =====

  local index = files.read("doc/README.md")

  it("has an index with every function and method, and no other", function()
    local linked = {}
    for text, link in index:gmatch("%[(%l+[:.][%w_.]+)%]%(([%w_.#-]+)%)") do linked[text] = link end
    local expected = {}
    for _, section in ipairs(entries) do expected[section.title] = section.page .. "#" .. section.anchor end
    assert.same(expected, linked)
  end)

  it("has an index with every option, kind, code and event, and the place of each option", function()
    local expected, found = {}, {}
    for _, section in ipairs(sections) do
      if section.level == 3 and pages.is_entry(section) or section.page == "options.md" and section.level == 2 then
        for _, which in ipairs({ false, "of one table", "in the first table", "of an operation", "of an item" }) do
          for name in pairs(pages.options(section, which or nil)) do
            expected[name] = expected[name] or {}
            expected[name][("[%s](%s#%s)"):format(section.title, section.page, section.anchor)] = true
          end
        end
      end
    end
    for name in pairs(require("dynamodb.config.settings").options) do
      expected[name] = expected[name] or {}
      expected[name]["[settings](settings.md)"] = true
    end
    for name, links in pairs(expected) do expected[name] = ("| `%s` | %s |"):format(name, table.concat(sorted(links), ", ")) end
    for row, name in index:gmatch("\n(| `([%w_]+)` | %[[^\n]+)") do found[name] = row end
    assert.same(expected, found)
    for _, list in ipairs({ names_in("errors.md", "kind"), names_in("errors.md", "code"), names_in("hooks.md", "event") }) do
      for name in pairs(list) do assert.truthy(index:find("`" .. name .. "`", 1, true), name) end
    end
  end)

  -- ===================== }

  it("names no method that does not exist, on any page", function()
    for path in files.output_of("ls README.md doc/*.md"):gmatch("[^\n]+") do
      for prefix, name in files.read(path):gmatch("%f[%w_](%l+):([%l_]+)%f[^%w_]") do
        local is_other = prefix == "list" or prefix == "queue" and path == "doc/recipes.md" -- the recipe's own queue
        if objects[prefix] and not is_other then
          assert.truthy(public[prefix .. ":" .. name], ("%s: %s:%s"):format(path, prefix, name))
        end
      end
      for name in files.read(path):gmatch("%f[%w_]dynamodb%.([%l_]+)[({]") do
        assert.truthy(dynamodb[name], path .. ": dynamodb." .. name)
      end
    end
  end)
end)
