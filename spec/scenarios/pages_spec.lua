-- The code of README and doc/ as a test: every Lua block runs against the server, with the tables and values that its
-- page takes for granted. What a block prints is what its comments --> say, as far as it has any. A word after the language
-- of a block says what else it is: the name of a file, or of another client. Command blocks are run by tools/fresh.sh.

local cjson = require("cjson")
local curl = require("dynamodb.transport.curl")
local dynamodb = require("dynamodb")
local engines = dofile("spec/support/engines.lua")
local files = dofile("spec/support/files.lua")
local helper = dofile("spec/support/helper.lua")
local reference = dofile("spec/support/reference_fixture.lua")
local system = require("dynamodb.base.system")
local testing = require("dynamodb.testing")

local nginx = dofile("spec/support/nginx_server.lua")

-- Blocks that run elsewhere, by page and first line.
local elsewhere = {
  ["doc/transport.md: local socket = require(\"socket\")"] = "spec/scenarios/examples_spec.lua, with LuaSocket",
  ["doc/transport.md: local dynamodb = require(\"dynamodb\")"] = "spec/scenarios/examples_spec.lua, in HAProxy",
  ["doc/nginx.md: env AWS_REGION;                                             # workers see only variables named here"]
    = "spec/transport/nginx_spec.lua",
  ["doc/background.md: init_by_lua_block {"] = "spec/scenarios/background_nginx_spec.lua",
}

-- The page whose code ends with errors. A comment --> there may be what the interpreter prints of one: "lua: app.lua:2: ...".
local MISTAKES = "doc/mistakes.md"

-- What blocks need that not every server has, by page and first line.
local needs = {
  ['doc/recipes.md: local single_table = dofile("examples/recipes/single_table.lua")'] = "transactions",
}

-- Pages with command blocks, which tools/fresh.sh runs.
local GUIDE = "doc/getting-started.md"
local commands = { ["README.md"] = true, [GUIDE] = true }

-- The page with code of other clients, and the languages of that code; a block of lua-resty-aws says so.
local COMPARISON = "doc/coming-from.md"
local of_others = { python = true, js = true, ["lua lua-resty-aws"] = true }

-- Features that a block of these pages needs, by a word in it.
local needs_features = setmetatable({ ["README.md"] = true, ["doc/recipes.md"] = true }, { __index = reference.pages })
local needed_words = { { "transact", "transactions" }, { "conn:execute", "partiql" }, { "_ttl", "time_to_live" },
  { "drop_index", "on_demand_indexes" }, { "deletion_protection", "table_settings" }, { "stream", "table_settings" },
  { '"country", "S"', "multi_attribute_indexes" }, { "return_item_on_failure", "failed_items" } }

-- Returns the blocks of a page: { path, line (that of its first code), info (the words after ```), code, first }.
local function blocks_of(path)
  local list, number, open, code = {}, 0, nil, nil
  for line in (files.read(path) .. "\n"):gmatch("([^\n]*)\n") do
    number = number + 1
    local info = line:match("^```(.*)$")
    if info and open then
      open.code = table.concat(code, "\n")
      open.first = path .. ": " .. code[1]
      list[#list + 1], open = open, nil
    elseif info then
      open, code = { path = path, line = number + 1, info = info }, {}
    elseif open then
      code[#code + 1] = line
    end
  end
  return list
end

-- Returns the code in the last cells of tables whose head begins with "task", as blocks.
local function cells_of(path)
  local list, line, is_task = {}, 0, false
  for text in (files.read(path)):gmatch("([^\n]*)\n") do
    line = line + 1
    is_task = text:find("^| task |") ~= nil or is_task and text:find("^|") ~= nil
    local code = is_task and text:match("`([^`]+)` |$")
    if code then list[#list + 1] = { path = path, line = line, info = "lua", code = code, is_cell = true,
      first = path .. ": " .. code } end
  end
  return list
end

local function every_block()
  local list = {}
  for path in files.output_of("ls README.md doc/*.md"):gmatch("[^\n]+") do
    for _, block in ipairs(blocks_of(path)) do list[#list + 1] = block end
  end
  for _, cell in ipairs(cells_of(COMPARISON)) do list[#list + 1] = cell end
  return list
end

-- Returns whether a page may have a block with these words after ```.
local function is_known(path, info)
  local is_page = path:match("^doc/") or path == "README.md"
  if info == "" or info == "nginx" or info == "ini" or info == "dockerfile" then return true end
  if info == "lua" then return is_page end
  if info == "sh" or info == "sh background" or info:find("^lua [%l_]+%.lua$") then return commands[path] end
  return path == COMPARISON and of_others[info]
end

describe("the code of the pages", function()
  it("is in blocks that begin at the margin and name their language, so that none is passed over", function()
    local list = {}
    for path in files.output_of("ls README.md CHANGELOG.md doc/*.md spec/support/*.md"):gmatch("[^\n]+") do
      local is_open = false
      for line in (files.read(path) .. "\n"):gmatch("([^\n]*)\n") do
        local margin, info = line:match("^(%s*)```(.*)$")
        if margin then
          if margin ~= "" or is_open and info ~= "" or not is_known(path, info) then list[#list + 1] = path .. ": " .. line end
          is_open = not is_open
        end
      end
    end
    assert.same({}, list)
  end)

  it("of commands is what tools/fresh.sh runs, in its order", function()
    for path in pairs(commands) do
      local script, at, found = files.output_of("tools/fresh.sh --print " .. path), 1, 0
      for _, block in ipairs(blocks_of(path)) do
        if block.info:find("^sh") or block.info:find("^lua ") then
          local first, last = script:find("\n" .. block.code .. "\n", at - 1, true)
          if at == 1 and not first then first, last = script:find(block.code .. "\n", 1, true) end
          assert.is_number(first, ("%s:%d"):format(path, block.line))
          at, found = last + 1, found + 1
        end
      end
      assert.is_true(found >= 2, path)
    end
  end)

  it("of doc/mistakes.md shows twenty mistakes, each with its mend", function()
    local number, blocks = 0, 2
    for line in (files.read(MISTAKES) .. "\n## \n"):gmatch("([^\n]*)\n") do
      if line:find("^##") then
        assert.is_true(blocks >= 2, "before " .. line)
        local at = tonumber(line:match("^### (%d+)%. "))
        if at then
          assert.equal(number + 1, at)
          number, blocks = at, 0
        end
      elseif line == "```lua" then blocks = blocks + 1 end
    end
    assert.equal(20, number)
  end)

  local conn, quick, offline, getenv, printed
  local hidden -- the whole environment of a block | nil
  local random = system.random
  local shared_names = {} -- the name on a page -> the name of the table that was created for it
  local counts = { run = 0, elsewhere = 0, lacking = 0, compared = 0, commands = 0, others = 0, files = 0 }

  local function create(name, hash, range)
    local tbl = assert(conn:create_table({ name = helper.table_name(name),
      schema = conn:create_schema({ hash_key_name = hash, hash_key_proto_value = "S", range_key_name = range,
        range_key_proto_value = range and "S" }) }))
    assert(tbl:wait_until_active())
    shared_names[name] = tbl.name
    return tbl
  end

  local tables, own_tables = {}, {}
  local guide_table = helper.table_name("people") -- doc/getting-started.md creates and deletes it

  setup(function()
    conn = helper.connect()
    quick = helper.connect({ endpoint_url = helper.unverified() }) -- prepares tables; no block uses it
    tables.by_subject = create("messages", "forum_name", "subject")
    tables.counters = create("counters", "id")
    own_tables = reference.create(conn)
    offline = reference.offline()
    getenv = system.getenv
    function system.getenv(name) -- luacheck: ignore 122
      if hidden then return hidden[name] end
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
    io.write(("\nblocks of the pages: %d run here, of which %d with canned responses since the local servers lack an "
      .. "operation, and %d in other specs; %d lines of output compared. Not run in specs: %d blocks of commands, which "
      .. "tools/fresh.sh runs, %d of other clients, %d of shared files\n"):format(counts.run, counts.lacking, counts.elsewhere,
      counts.compared, counts.commands, counts.others, counts.files))
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

  -- Lua's own; busted replaces it.
  local function plain_assert(value, ...)
    if value then return value, ... end
    error(select("#", ...) > 0 and (...) or "assertion failed!", 0)
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
    [MISTAKES] = function(env, _, block)
      if block.code:find("deadline = 0.3", 1, true) then -- "the service does not process the second entry"
        local faults = testing.faults()
        faults:add({ operation = "BatchWriteItem", unprocessed = 1, times = math.huge })
        env.users = helper.connect({ transport = faults.transport, endpoint_url = helper.unverified() })
          :table(own_tables.users.name, own_tables.users.schema)
        system.random = function() return 0.5 end -- requests after 0, 0.05 and 0.15 s, none just before the deadline
      end
      hidden = (block.code:find("list_tables", 1, true) or block.code:find("conn.region", 1, true))
        and { HOME = "/nonexistent", AWS_EC2_METADATA_DISABLED = "true" }
    end,
    [COMPARISON] = function(env, _, block)
      if not block.code:find("%f[%a]ann[.:]") then return end
      reference.reset(quick, own_tables.users, "users")
      env.ann = env.users:get_item("ann")
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
    local name = "=" .. (block.info:match("^lua (%S+)$") or "app.lua")
    if _VERSION ~= "Lua 5.1" then return assert(load(code, name, "t", env))() end
    local chunk = assert(loadstring(code:gsub(" <close>", ""), name)) -- luacheck: ignore 113
    return setfenv(chunk, env)() -- luacheck: ignore 113
  end

  -- Runs a cell: statements, or an expression, which must not be a failure; results are read.
  local function run_cell(block, env, names)
    local code = block.code
    if code:find("local ", 1, true) or code:find(" = nil$") or code:find(";", 1, true) then return run(block, env, names) end
    local value = assert(run({ info = block.info, code = "return " .. code }, env, names))
    if type(value) == "userdata" and tostring(value):find("^Results") then assert(value:all()) end
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

  local function creates_table(block)
    return block.code:find("create_table", 1, true) or block.code:find("ensure_table", 1, true)
  end

  -- Returns what a block takes for granted -> environment, names of tables.
  local function needs_of(block)
    local env, names
    if reference.pages[block.path] then
      env, names = of_reference(block)
    else
      names = {}
      for name, unique in pairs(shared_names) do names[name] = unique end
      names.messages = creates_table(block) and helper.table_name("messages") or tables.by_subject.name
      names.people = block.path == GUIDE and guide_table or helper.table_name("people")
      env = common()
    end
    env.assert = plain_assert
    if own[block.path] then own[block.path](env, names, block) end
    setmetatable(env, { __index = function(_, name)
      local value = _G[name]
      if value == nil then error("the page does not say what '" .. tostring(name) .. "' is", 2) end
      return value
    end })
    return env, names
  end

  local function run_in_lua(block)
    engines.need(pending, needs[block.first])
    for _, pair in ipairs(needed_words) do
      if needs_features[block.path] and block.code:find(pair[1], 1, true) then engines.need(pending, pair[2]) end
    end
    printed = {}
    local env, names = needs_of(block)
    local ok, err = pcall(block.is_cell and run_cell or run, block, env, names)
    hidden, system.random = nil, random
    if not ok and block.path ~= MISTAKES then error(err, 0) end
    if not ok then print_line("lua: " .. tostring(err)) end
    counts.run = counts.run + 1
    check_output(block, names)
    if not creates_table(block) or block.path == GUIDE then return end
    for name, unique in pairs(names) do -- those that the block has created
      if shared_names[name] ~= unique and (own_tables[name] or {}).name ~= unique then conn:delete_table(unique) end
    end
  end

  -- Directives for a request: it either fails with the message of the block, or stores an item.
  local function run_in_nginx(block)
    if nginx.is_pending(pending, "a block in nginx") then return end
    local tbl = own_tables.users
    reference.reset(quick, tbl, "users")
    local server = nginx.start({ server = ("location = /block {\nreturn 200;\n%s\n}"):format(block.code),
      init = ('users = require("dynamodb").connect{ endpoint_url = "%s", region = "us-east-1", aws_access_key_id = "local", '
        .. 'aws_secret_access_key = "local" }:table("%s", { hash_key = "id" })'):format(helper.unverified(), tbl.name) })
    assert.equal(200, (server.get("/block")))
    local deadline = curl.now() + 20
    repeat
      curl.sleep(0.05)
      printed = { (server.log():match("failed to run log_by_lua%*: ([^\n]*)")) }
    until printed[1] or tbl:has_item("visits") or curl.now() > deadline
    local stored, log = tbl:has_item("visits"), server.log()
    server.stop()
    assert.equal(#promised(block) == 0, stored, log)
    counts.run = counts.run + 1
    check_output(block, { users = tbl.name })
  end

  for _, block in ipairs(every_block()) do
    local name = ("of %s:%d runs"):format(block.path, block.line)
    if elsewhere[block.first] then counts.elsewhere = counts.elsewhere + 1
    elseif block.info == "ini" then counts.files = counts.files + 1
    elseif block.info:find("^sh") then counts.commands = counts.commands + 1
    elseif of_others[block.info] then counts.others = counts.others + 1
    elseif block.info:find("^lua") then it(name, function() run_in_lua(block) end)
    elseif block.info == "nginx" then it(name, function() run_in_nginx(block) end)
    end
  end
end)
