-- The code of README and doc/ as a test: every Lua block runs against the server, with the tables and values that its
-- page takes for granted.

local cjson = require("cjson")
local dynamodb = require("dynamodb")
local engines = dofile("spec/support/engines.lua")
local files = dofile("spec/support/files.lua")
local helper = dofile("spec/support/helper.lua")
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
  ['doc/connection.md: local people = assert(conn:create_table{ name = "people", schema = conn:create_schema("id", "S"), '
    .. 'stream = "NEW_IMAGE",'] = "multi_attribute_indexes",
  ["doc/writing.md: assert(conn:transact_write{"] = "transactions",
  ["doc/writing.md: for row in conn:execute('SELECT * FROM \"messages\" WHERE id = ? AND Views > ?', { \"a\", 3 }) do "
    .. "print(row.Views) end"] = "partiql",
}

-- Operations of the pages that the emulator does not have.
local unsupported = { DescribeLimits = true, ListBackups = true }

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
    local known = { [""] = true, lua = true, nginx = true, ini = true }
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

  local conn, getenv, printed
  local names = {} -- the name on a page -> the name of the table that was created for it

  local function create(name, hash, range)
    local tbl = assert(conn:create_table({ name = helper.table_name(name),
      schema = conn:create_schema({ hash_key_name = hash, hash_key_proto_value = "S", range_key_name = range,
        range_key_proto_value = range and "S" }) }))
    assert(tbl:wait_until_active())
    names[name] = tbl.name
    return tbl
  end

  local tables = {}

  setup(function()
    conn = helper.connect()
    tables.by_subject = create("messages", "forum_name", "subject")
    tables.by_id = create("documents", "id")
    for _, name in ipairs({ "users", "counters", "forums" }) do tables[name] = create(name, "id") end
    tables.orders = create("orders", "id", "number")
    assert(tables.orders:put_item({ id = "ann", number = "1" })) -- so that loops over orders run
    getenv = system.getenv
    function system.getenv(name) -- luacheck: ignore 122
      if name == "AWS_ENDPOINT_URL_DYNAMODB" then return helper.endpoint() end
      return getenv(name)
    end
  end)

  teardown(function()
    system.getenv = getenv -- luacheck: ignore 122
    for _, tbl in pairs(tables) do assert(tbl:delete()) end
    conn:close()
  end)

  -- What all pages take for granted.
  local function common()
    local item = tables.by_subject:new_item({ hash_key = "LOLCat Forum", range_key = "Check this out!",
      attrs = { Views = 1, Body = "text", Tags = { "a" }, Stats = { Views = 1 }, Meta = { tags = { "x" } } } })
    assert(item:put())
    return { dynamodb = dynamodb, conn = conn, cjson = cjson, messages = tables.by_subject, item = item,
      users = tables.users, orders = tables.orders, counters = tables.counters, forums = tables.forums, count = 0,
      bytes = "\0\255", other = item, tables = { tables.users, tables.orders },
      results = tables.by_subject:scan({ segments = 8 }),
      thousands_of_items = { { forum_name = "f", subject = "s" }, { forum_name = "f", subject = "t" } },
      metrics = { observe = function() end },
      print = function(...)
        for i = 1, select("#", ...) do printed[#printed + 1] = tostring((select(i, ...))) end
      end }
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
    ["doc/writing.md"] = function(env)
      env.messages = tables.by_id
      names.messages = tables.by_id.name
      env.item = env.messages:new_item({ hash_key = "b", attrs = { meta = { count = 1 }, state = "done" } })
      assert(env.item:put())
      assert(env.messages:put_item({ id = "a", Views = 4, meta = {} }))
      assert(env.counters:put_item({ id = "a", n = 1 }))
      assert(env.forums:put_item({ id = "f", open = true }))
      env.parse = function(line) return { id = line } end
      env.io = { lines = function() return ("one two"):gmatch("%a+") end }
      env.batches = { { { 'SELECT * FROM "messages" WHERE id = ?', { "a" } } } }
    end,
    ["doc/credentials.md"] = function(env)
      env.vault = { read = function() return nil, "sealed" end }
    end,
    ["doc/concurrency.md"] = function(env)
      env.wait_until_readable = function() end
    end,
    ["doc/transport.md"] = function(env)
      env.require = function(name)
        return name == "my_transport" and require("dynamodb.transport.curl") or require(name)
      end
    end,
    ["doc/item.md"] = function(env)
      env.item.Tags = dynamodb.set({ "a" })
      assert(env.item:save())
    end,
    ["doc/testing.md"] = function(env)
      add_blocks(env)
      env.assert, env.testing, env.server = assert, testing, testing.server({ endpoint_url = helper.unverified() })
      env.users = testing.table(conn, { name = "users" })
      testing.load(env.users, { { id = "ann", visits = 1 }, { id = "bob" } })
    end,
    ["README.md"] = function(env)
      assert(env.item:put())
      assert(env.counters:put_item({ id = "n", n = 1 }))
    end,
  }

  -- Replaces the names of tables, which are fixed on the pages, by unique ones: by that of a table which exists, or
  -- which the block creates.
  local function with_unique_names(code)
    for name, unique in pairs(names) do
      code = code:gsub('"' .. name .. '"', '"' .. unique .. '"'):gsub("FROM " .. name, "FROM " .. unique)
    end
    return code
  end

  local function run(block, env)
    local code = with_unique_names(block.code)
    if _VERSION ~= "Lua 5.1" then return assert(load(code, "=" .. block.path, "t", env))() end
    local chunk = assert(loadstring(code:gsub(" <close>", ""), "=" .. block.path)) -- luacheck: ignore 113
    return setfenv(chunk, env)() -- luacheck: ignore 113
  end

  for _, block in ipairs(every_block()) do
    if not elsewhere[block.first] then
      it(("of %s:%d runs"):format(block.path, block.line), function()
        engines.need(pending, needs[block.first])
        local creates = block.code:find("create_table", 1, true)
        names.messages = creates and helper.table_name("messages") or tables.by_subject.name
        names.people, printed = helper.table_name("people"), {}
        local env = common()
        if own[block.path] then own[block.path](env) end
        setmetatable(env, { __index = function(_, name)
          local value = _G[name]
          if value == nil then error("the page does not say what '" .. tostring(name) .. "' is", 2) end
          return value
        end })
        local ok, err = pcall(run, block, env)
        local is_unsupported = not ok and dynamodb.is_error(err) and unsupported[err.operation]
          and err.code == "UnknownOperationException"
        if not ok and not is_unsupported then error(err, 0) end
        if creates then conn:delete_table(names.messages) conn:delete_table(names.people) end
      end)
    end
  end
end)
