-- The code of README and doc/ as a test: every Lua block runs against the server, with the tables and values that its
-- page takes for granted. What a block prints is what its comments --> say, as far as it has any.

local cjson = require("cjson")
local dynamodb = require("dynamodb")
local engines = dofile("spec/support/engines.lua")
local files = dofile("spec/support/files.lua")
local helper = dofile("spec/support/helper.lua")
local reference = dofile("spec/support/reference_fixture.lua")
local system = require("dynamodb.base.system")
local testing = require("dynamodb.testing")

-- Blocks that run elsewhere, by page and first line.
local elsewhere = {
  ["doc/transport.md: local socket = require(\"socket\")"] = "spec/scenarios/examples_spec.lua, with LuaSocket",
  ["doc/transport.md: local dynamodb = require(\"dynamodb\")"] = "spec/scenarios/examples_spec.lua, in HAProxy",
}

-- What blocks need that not every server has, by page and first line.
local needs = {
  ['README.md: for item in messages:query{ hash_key = "LOLCat Forum", range_key = dynamodb.begins_with("Check"),']
    = "transactions",
  ['doc/recipes.md: local single_table = dofile("examples/recipes/single_table.lua")'] = "transactions",
}

-- Pages with a block that ends at an operation which the local servers do not have.
local cut = { ["README.md"] = true }

-- Features that a block of any page needs, by a word in it.
local needed_words = { { "transact", "transactions" }, { "conn:execute", "partiql" }, { "_ttl", "time_to_live" },
  { "drop_index", "on_demand_indexes" }, { "deletion_protection", "table_settings" }, { "stream", "table_settings" },
  { '"country", "S"', "multi_attribute_indexes" }, { "return_item_on_failure", "failed_items" } }

local function blocks_of(path)
  local list, line = {}, 1
  local text = files.read(path)
  for before, code in text:gmatch("(.-)\n```lua\n(.-)\n```") do
    line = line + select(2, before:gsub("\n", "")) + 2
    list[#list + 1] = { path = path, line = line, code = code, first = path .. ": " .. code:match("[^\n]*") }
    line = line + select(2, code:gsub("\n", "")) + 1
  end
  return list
end

local function every_block()
  local list = {}
  for path in files.output_of("ls README.md doc/*.md"):gmatch("[^\n]+") do
    for _, block in ipairs(blocks_of(path)) do list[#list + 1] = block end
  end
  return list
end

describe("the code of the pages", function()
  it("is in blocks that begin at the margin and name their language, so that none is passed over", function()
    local known = { [""] = true, dockerfile = true, lua = true, nginx = true, ini = true }
    local list = {}
    for path in files.output_of("ls README.md CHANGELOG.md doc/*.md spec/support/*.md"):gmatch("[^\n]+") do
      local is_open = false
      for line in (files.read(path) .. "\n"):gmatch("([^\n]*)\n") do
        local margin, language = line:match("^(%s*)```(.*)$")
        if margin then
          if margin ~= "" or is_open and language ~= "" or not known[language] then list[#list + 1] = path .. ": " .. line end
          if language == "lua" and not path:match("^doc/") and path ~= "README.md" then list[#list + 1] = path .. ": " .. line end
          is_open = not is_open
        end
      end
    end
    assert.same({}, list)
  end)

  local conn, quick, offline, getenv, printed
  local shared_names = {} -- the name on a page -> the name of the table that was created for it
  local counts = { run = 0, elsewhere = 0, lacking = 0, cut = 0, compared = 0 }

  local function create(name, hash, range)
    local tbl = assert(conn:create_table({ name = helper.table_name(name),
      schema = conn:create_schema({ hash_key_name = hash, hash_key_proto_value = "S", range_key_name = range,
        range_key_proto_value = range and "S" }) }))
    assert(tbl:wait_until_active())
    shared_names[name] = tbl.name
    return tbl
  end

  local tables, own_tables = {}, {}

  setup(function()
    conn = helper.connect()
    quick = helper.connect({ endpoint_url = helper.unverified() }) -- prepares tables; no block uses it
    tables.by_subject = create("messages", "forum_name", "subject")
    tables.counters = create("counters", "id")
    own_tables = reference.create(conn)
    offline = reference.offline()
    getenv = system.getenv
    function system.getenv(name) -- luacheck: ignore 122
      if name == "AWS_ENDPOINT_URL_DYNAMODB" then return helper.endpoint() end
      return getenv(name)
    end
  end)

  teardown(function()
    system.getenv = getenv -- luacheck: ignore 122
    for _, list in ipairs({ tables, own_tables }) do
      for _, tbl in pairs(list) do assert(tbl:delete()) end
    end
    quick:close()
    conn:close()
    io.write(("\nblocks of the pages: %d run, of which %d with canned responses and %d in part, since the local servers lack "
      .. "an operation; %d run in other specs; %d lines of output compared\n"):format(counts.run, counts.lacking, counts.cut,
      counts.elsewhere, counts.compared))
  end)

  local function print_line(...)
    local parts = {}
    for i = 1, select("#", ...) do parts[i] = tostring((select(i, ...))) end
    printed[#printed + 1] = table.concat(parts, " ")
  end

  -- What the other pages take for granted.
  local function common()
    local item = tables.by_subject:new_item({ hash_key = "LOLCat Forum", range_key = "Check this out!",
      attrs = { Views = 1, Body = "text", Tags = { "a" }, Stats = { Views = 1 }, Meta = { tags = { "x" } } } })
    assert(item:put())
    return { dynamodb = dynamodb, conn = conn, messages = tables.by_subject, item = item, counters = tables.counters, count = 0,
      thousands_of_items = { { forum_name = "f", subject = "s" }, { forum_name = "f", subject = "t" } },
      metrics = { observe = function() end }, print = print_line }
  end

  -- What the pages with the tables of the reference take for granted -> environment, names of tables.
  local function of_reference(block)
    if reference.is_lacking(block.code) then
      counts.lacking = counts.lacking + 1
      local users = offline:table("users", { hash_key = "id" })
      return { dynamodb = dynamodb, conn = offline, users = users, print = print_line }, { people = "people", users = "users" }
    end
    local names = { people = helper.table_name("people") }
    for name, tbl in pairs(own_tables) do
      if block.code:find(name, 1, true) then reference.reset(quick, tbl, name) end
      names[name] = block.code:find('create_table{ name = "' .. name, 1, true) and helper.table_name(name) or tbl.name
    end
    return { dynamodb = dynamodb, conn = conn, cjson = cjson, users = own_tables.users, orders = own_tables.orders,
      print = print_line }, names
  end

  -- Functions that stand for busted's of the same names, which a running spec cannot call: the tests of a block run at once.
  local function add_blocks(env)
    local prepare, tests
    function env.setup(f) f() end
    function env.before_each(f) prepare = f end
    function env.it(_, f) tests[#tests + 1] = f end
    function env.describe(_, f)
      tests = {}
      f()
      assert(#tests > 0)
      for _, test in ipairs(tests) do
        prepare()
        test()
      end
    end
  end

  -- What single pages take for granted.
  local own = {
    ["doc/credentials.md"] = function(env)
      env.vault = { read = function() return nil, "sealed" end }
    end,
    ["doc/operations.md"] = function(env)
      counts.lacking, env.conn = counts.lacking + 1, offline
    end,
    ["doc/concurrency.md"] = function(env)
      env.wait_until_readable = function() end
    end,
    ["doc/transport.md"] = function(env)
      env.require = function(name)
        return name == "my_transport" and require("dynamodb.transport.curl") or require(name)
      end
    end,
    ["doc/testing.md"] = function(env)
      add_blocks(env)
      env.assert, env.testing, env.server = assert, testing, testing.server({ endpoint_url = helper.unverified() })
      env.users = testing.table(conn, { name = "users" })
      testing.load(env.users, { { id = "ann", visits = 1 }, { id = "bob" } })
    end,
    ["doc/recipes.md"] = function(_, names, block)
      for name in block.code:gmatch('ensure_table{ name = "(%l+)"') do names[name] = helper.table_name(name) end
    end,
    ["README.md"] = function(env)
      assert(env.item:put())
      assert(env.counters:put_item({ id = "n", n = 1 }))
    end,
  }

  -- Replaces the names of tables, which are fixed on the pages, by unique ones: by that of a table which exists, or
  -- which the block creates.
  local function with_unique_names(code, names)
    for name, unique in pairs(names) do
      code = code:gsub('"' .. name .. '"', '"' .. unique .. '"'):gsub("FROM " .. name, "FROM " .. unique)
    end
    return code
  end

  local function run(block, env, names)
    local code = with_unique_names(block.code, names)
    if _VERSION ~= "Lua 5.1" then return assert(load(code, "=app.lua", "t", env))() end
    local chunk = assert(loadstring(code:gsub(" <close>", ""), "=app.lua")) -- luacheck: ignore 113
    return setfenv(chunk, env)() -- luacheck: ignore 113
  end

  -- Returns the lines that the comments of a block promise.
  local function promised(block)
    local list = {}
    for line in block.code:gmatch("[^\n]+") do
      local text = line:match("%-%-> *(.*)$")
      if text then list[#list + 1] = (text:gsub("%s+", " ")) end
    end
    return list
  end

  -- Raises unless the block printed what it promises. "..." stands for any text.
  local function check_output(block, names)
    local list = promised(block)
    if #list == 0 then return end
    for i, text in ipairs(list) do
      local found = printed[i] or "nothing"
      for name, unique in pairs(names) do found = found:gsub(unique:gsub("%p", "%%%0"), name) end
      found = found:gsub("%s+", " ")
      local pattern = text:gsub("%p", "%%%0"):gsub("%%%.%%%.%%%.", ".*")
      assert(found:find("^" .. pattern .. "$"), ("line %d of the output: '%s' expected, got '%s'"):format(i, text, found))
    end
    assert.equal(#list, #printed, "lines of output")
    counts.compared = counts.compared + #list
  end

  for _, block in ipairs(every_block()) do
    if elsewhere[block.first] then
      counts.elsewhere = counts.elsewhere + 1
    else
      it(("of %s:%d runs"):format(block.path, block.line), function()
        engines.need(pending, needs[block.first])
        for _, pair in ipairs(needed_words) do
          local counts_here = reference.pages[block.path] or block.path == "doc/recipes.md"
          if counts_here and block.code:find(pair[1], 1, true) then engines.need(pending, pair[2]) end
        end
        local creates = block.code:find("create_table", 1, true) or block.code:find("ensure_table", 1, true)
        printed = {}
        local env, names
        if reference.pages[block.path] then
          env, names = of_reference(block)
        else
          names = {}
          for name, unique in pairs(shared_names) do names[name] = unique end
          names.messages = creates and helper.table_name("messages") or tables.by_subject.name
          names.people = helper.table_name("people")
          env = common()
        end
        if own[block.path] then own[block.path](env, names, block) end
        setmetatable(env, { __index = function(_, name)
          local value = _G[name]
          if value == nil then error("the page does not say what '" .. tostring(name) .. "' is", 2) end
          return value
        end })
        local ok, err = pcall(run, block, env, names)
        local is_cut = not ok and dynamodb.is_error(err) and err.code == "UnknownOperationException" and cut[block.path]
        if not ok and not is_cut then error(err, 0) end
        counts.run = counts.run + 1
        if is_cut then counts.cut = counts.cut + 1 else check_output(block, names) end
        for name, unique in pairs(creates and names or {}) do -- those that the block has created
          if shared_names[name] ~= unique and (own_tables[name] or {}).name ~= unique then conn:delete_table(unique) end
        end
      end)
    end
  end
end)
