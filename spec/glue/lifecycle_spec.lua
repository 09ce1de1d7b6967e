-- The classes of the C modules: lifetimes of objects, closing, and wrong selves.

local core = require("dynamodb.core")
local curl = require("dynamodb.curl")
local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")

local has_close = _VERSION == "Lua 5.4" -- local x <close>

local function socket()
  return assert(curl.connect(helper.endpoint(), 5))
end

-- Class -> a function that creates an object of it.
local make = {
  connection = function() return helper.offline(helper.fake()) end,
  table = function() return helper.offline(helper.fake()):table("t", { hash_key = "id" }) end,
  item = function()
    return helper.offline(helper.fake()):table("t", { hash_key = "id" }):new_item("a", nil, { x = 1 })
  end,
  number = function() return dynamodb.number("1.5") end,
  set = function() return dynamodb.set({ "a" }) end,
  binary = function() return dynamodb.binary("bytes") end,
  signer = function() return assert(core.signer("us-east-1", "dynamodb")) end,
  response = function() return core.response() end,
  socket = socket,
  workspace = function() return (select(2, debug.getupvalue(core.encode, 1))) end,
}

local CLASSES = helper.names_of(make)

local function methods_of(meta)
  return meta.methods or {}
end

-- The metatable's functions, by name.
local function metamethods_of(meta)
  local found = {}
  for name, f in pairs(meta) do
    if name:sub(1, 2) == "__" and type(f) == "function" then found[name] = f end
  end
  return found
end

describe("every class", function()
  for _, class in ipairs(CLASSES) do
    it("has its name: " .. class, function()
      local object = make[class]()
      assert.are.equal("userdata", type(object))
      assert.are.equal("dynamodb." .. class, debug.getmetatable(object).__name)
      assert.are.equal("dynamodb." .. class, core.typename(object))
    end)
  end

  local texts = {
    connection = "Connection(http://localhost:8000)", table = "Table(t)", item = 'Item(t) { id = "a", x = 1 }', number = "1.5",
    set = 'dynamodb.set({ "a" })', binary = 'dynamodb.binary("bytes")',
  }
  for class, text in pairs(texts) do
    it("has a text: " .. class, function() assert.are.equal(text, tostring(make[class]())) end)
  end

  it("shows that a connection is closed", function()
    local conn = make.connection()
    conn:close()
    assert.are.equal("Connection(closed)", tostring(conn))
  end)
end)

describe("a wrong self", function()
  local foreign = {
    ["nothing"] = function() return nil end,
    ["a table"] = function() return {} end,
    ["a string"] = function() return "text" end,
    ["a number"] = function() return 5 end,
    ["null"] = function() return dynamodb.null end,
    ["a function"] = function() return print end,
    ["a file handle"] = function() return io.stdout end,
    ["a coroutine"] = function() return coroutine.create(print) end,
  }
  for _, class in ipairs({ "number", "set", "item", "socket" }) do foreign["a " .. class] = make[class] end

  local ARGUMENTS = { {}, { "id", 1 }, { {}, {} } } -- what follows self

  for _, class in ipairs(CLASSES) do
    it("raises in every method and metamethod: " .. class, function()
      local meta = debug.getmetatable(make[class]())
      local functions = metamethods_of(meta)
      functions.__eq = nil -- __eq returns false, which is tested below
      for name, f in pairs(methods_of(meta)) do functions[name] = f end
      assert.is_truthy(next(functions))
      for name, f in pairs(functions) do
        for what, value in pairs(foreign) do
          local self = value()
          if core.typename(self) ~= "dynamodb." .. class then
            for _, arguments in ipairs(ARGUMENTS) do
              local ok, err = pcall(f, self, arguments[1], arguments[2])
              assert.is_false(ok, ("%s of %s took %s"):format(name, class, what))
              assert.is_string(err)
            end
          end
        end
      end
    end)

    it("raises without any argument: " .. class, function()
      local meta = debug.getmetatable(make[class]())
      local functions = metamethods_of(meta)
      functions.__eq = nil
      for name, f in pairs(methods_of(meta)) do functions[name] = f end
      for name, f in pairs(functions) do assert.is_false(pcall(f), name .. " of " .. class) end
    end)
  end

  it("cannot own rows", function()
    local response = core.response():reset()
    response:feed(helper.response(200, "{}"))
    for what, value in pairs(foreign) do
      if what ~= "nothing" then
        assert.is_false(pcall(core.decode, "{}", "row", value()), what)
        assert.is_false(pcall(response.decode, response, "row", value()), what)
      end
    end
    assert.are.equal("Item(t) {}", tostring(core.decode("{}", "row", make.table())))
  end)

  for _, class in ipairs({ "table", "item", "number", "set", "binary" }) do
    it("equals nothing: " .. class, function()
      local object = make[class]()
      local eq = debug.getmetatable(object).__eq
      for what, value in pairs(foreign) do
        if core.typename(value()) ~= "dynamodb." .. class then
          assert.is_false(eq(object, value()), what)
          assert.is_false(eq(value(), object), what)
        end
      end
      assert.is_true(eq(object, object))
    end)
  end
end)

describe("collection", function()
  -- For each kind of child: functions that create it without a reference to its parents and assert that it works.
  local live = {
    connection = function()
      local conn = helper.connect()
      return function() assert(conn:list_tables({ limit = 1 })) end
    end,
    table = function()
      local tbl = helper.connect():table("nobody", { hash_key = "id" })
      return function()
        assert.are.equal("Table(nobody)", tostring(tbl))
        local _, err = tbl:get_item("a")
        assert.are.equal("ResourceNotFoundException", err.code)
      end
    end,
    item = function()
      local item = helper.connect():table("nobody", { hash_key = "id" }):new_item("a", nil, { b = { 1 } })
      return function()
        assert.are.same({ id = "a", b = { 1 } }, item:totable())
        local _, err = item:put()
        assert.are.equal("ResourceNotFoundException", err.code)
      end
    end,
    values = function()
      local body = [[{"Item":{"id":{"S":"a"},"n":{"N":"1.0000000000000000000000000000000000001"},
        "tags":{"SS":["x","y"]},"bytes":{"B":"AAE="},"map":{"M":{"list":{"L":[{"N":"1"}]}}}}}]]
      local tbl = helper.offline(helper.fake(helper.response(200, body))):table("t", { hash_key = "id" })
      local got = assert(tbl:get_item("a"))
      local number, tags, bytes, map = got.n, got.tags, got.bytes, got.map
      return function()
        assert.are.equal("1.0000000000000000000000000000000000001", tostring(number))
        assert.is_true(tags:has("x"))
        assert.are.equal(2, #tags:values())
        assert.are.equal("\0\1", bytes:bytes())
        assert.are.same({ 1 }, map.list)
      end
    end,
    signer = function()
      local signer = assert(core.signer("us-" .. "east" .. "-1", "dynamo" .. "db"))
      assert(signer:credentials("AKID" .. os.time(), "secret" .. os.time(), "token" .. os.time()))
      assert(signer:headers(("i"):rep(24), { "a" .. "b", "c" .. "d" }))
      local request = core.new_request()
      assert(request:encode({}))
      return function()
        assert(request:sign(signer, "h", "/", "T", 0, 1, 1, 4))
        local bytes = request:bytes()
        assert.is_truthy(bytes:find("AKID" .. tostring(bytes:match("AKID(%d+)")), 1, true))
        assert.is_truthy(bytes:find("x-amz-security-token: token", 1, true))
      end
    end,
    response = function()
      local response = core.response():reset()
      response:feed(helper.response(200, '{"n":"' .. ("x"):rep(5000) .. '"}', { ["x-tag"] = "here" }))
      return function()
        assert.are.equal(200, response:status())
        assert.are.equal("here", response:header("x-tag"))
        assert.are.equal(5000, #response:decode({}).n)
      end
    end,
    socket = function()
      local open = socket()
      return function()
        assert.is_true(open:idle())
        assert.is_true(open:send("GET / HTTP/1.1\r\n", 1) > 0)
        assert.is_true(open:wait("write", 1))
      end
    end,
  }
  for what, prepare in pairs(live) do
    it("keeps objects in use: " .. what, function()
      helper.stressed(function()
        local use = prepare()
        helper.collect()
        use()
        for _ = 1, 50 do prepare() end
        use()
      end)
    end)
  end

  it("keeps the iteration over an item that is not referenced elsewhere", function()
    helper.stressed(function()
      local seen = 0
      for name, value in make.item():pairs() do
        helper.collect()
        assert.is_truthy(name == "id" and value == "a" or name == "x" and value == 1)
        seen = seen + 1
      end
      assert.are.equal(2, seen)
    end)
  end)

  it("collects unused objects", function()
    local weak = setmetatable({}, { __mode = "k" })
    for _, class in ipairs(CLASSES) do
      if class ~= "workspace" then weak[make[class]()] = class end
    end
    helper.collect()
    assert.is_nil(next(weak), weak[next(weak)])
  end)

  it("collects an item that contains itself", function()
    local weak = setmetatable({}, { __mode = "k" })
    do
      local item = make.item()
      item.list = { 1 }
      item.list[2] = item
      weak[item] = true
    end
    helper.collect()
    assert.is_nil(next(weak))
  end)

  it("works after a second load of the modules", function()
    local old = {}
    for _, class in ipairs(CLASSES) do old[class] = make[class]() end
    local list = dynamodb.list()
    finally(function() package.loaded["dynamodb.core"], package.loaded["dynamodb.curl"] = core, curl end)
    package.loaded["dynamodb.core"], package.loaded["dynamodb.curl"] = nil, nil
    local again = require("dynamodb.core")
    require("dynamodb.curl")
    for _, class in ipairs({ "connection", "table", "item", "number", "set", "binary" }) do
      assert.is_string(tostring(old[class]))
    end
    assert.is_true(again.equal(old.number, again.number("1.50")))
    assert.are.equal('{"L":[]}', again.encode(list, "value"))
    assert.are.equal(0, old.response:reset():status())
    assert.is_true(old.socket:idle())
    old.socket:close()
    old = nil
    helper.collect() -- a failing finalizer would abort LuaJIT
    assert.is_nil(old)
  end)
end)

describe("close", function()
  local function connected(given)
    local conn = helper.connect(given)
    assert(conn:list_tables({ limit = 1 }))
    return conn
  end

  -- Calls f -> the number of additional open descriptors afterwards.
  local function growth(f, ...)
    helper.collect()
    local before = helper.descriptors()
    f(...)
    return helper.descriptors() - before
  end

  it("closes a connection's sockets at once, and may be repeated", function()
    local conn
    assert.is_true(growth(function() conn = connected() end) > 0)
    helper.collect()
    assert.are.equal(0, growth(function()
      local other = connected()
      other:close()
      other:close()
    end))
    local counting = helper.counting()
    local counted = connected({ transport = counting })
    counted:close()
    counted:close()
    assert.are.equal(1, counting.closed)
    conn:close()
  end)

  it("closes a socket, and may be repeated", function()
    assert.are.equal(0, growth(function()
      local open = socket()
      open:close()
      open:close()
    end))
  end)

  it("happens when an object is collected", function()
    assert.are.equal(0, growth(function()
      for _ = 1, 5 do
        connected()
        socket()
      end
      helper.collect()
    end))
  end)

  it("leaves no descriptor of a rejected connection", function()
    assert.are.equal(0, growth(function()
      collectgarbage("stop")
      local ok, err = pcall(function()
        for _ = 1, 20 do assert.is_nil((curl.connect("http://127.0.0.1:1", 1))) end
      end)
      local left = helper.descriptors()
      collectgarbage("restart")
      assert(ok, err)
      helper.collect()
      assert.are.equal(helper.descriptors(), left)
    end))
  end)

  for _, class in ipairs(CLASSES) do
    it("may be called repeatedly: " .. class, function()
      local object = make[class]()
      local meta = debug.getmetatable(object)
      for _, name in ipairs({ "__gc", "__close", "__gc" }) do
        if meta[name] then
          meta[name](object)
          meta[name](object)
        end
      end
      pcall(tostring, object)
      for _, method in pairs(methods_of(meta)) do
        pcall(method, object)
        pcall(method, object, "a", "b", "c", "d", 5)
      end
      assert.are.equal("dynamodb." .. class, core.typename(object))
    end)
  end

  it("keeps the shared buffers usable", function()
    local meta = debug.getmetatable(make.workspace())
    meta.__gc(make.workspace())
    assert.are.equal('{"S":"still here"}', core.encode("still here", "value"))
  end)

  for _, class in ipairs({ "connection", "socket" }) do
    it("is what <close> does: " .. class, function()
      local meta = debug.getmetatable(make[class]())
      assert.is_function(meta.__close)
      assert.are.equal(0, growth(function()
        local object = class == "socket" and socket() or connected()
        meta.__close(object, nil)
      end))
      if has_close then
        local run = load("local make = ...; local object <close> = make(); return object")
        local object
        assert.are.equal(0, growth(function() object = run(class == "socket" and socket or connected) end))
        local fail = load("local object <close> = ...; error('on purpose')")
        object = class == "socket" and socket() or connected()
        assert.is_false(pcall(fail, object))
        assert.are.equal(0, growth(function() meta.__gc(object) end)) -- nothing remained to be closed
      end
    end)
  end

  describe("prevents further use:", function()
    local schema = { hash_key_name = "id", hash_key_proto_value = "S" }
    local uses = {
      ["connection:batch_get"] = function(o) o.conn:batch_get({ [o.table] = { "a" } }) end,
      ["connection:batch_write"] = function(o) o.conn:batch_write({ [o.table] = { delete = { "a" } } }) end,
      ["connection:call"] = function(o) o.conn:call("ListTables") end,
      ["connection:delete_backup"] = function(o) o.conn:delete_backup("arn:backup") end,
      ["connection:describe_backup"] = function(o) o.conn:describe_backup("arn:backup") end,
      ["connection:describe_export"] = function(o) o.conn:describe_export("arn:export") end,
      ["connection:describe_import"] = function(o) o.conn:describe_import("arn:import") end,
      ["connection:import_table"] = function(o)
        o.conn:import_table({ bucket = "b", name = "t", schema = o.table.schema })
      end,
      ["connection:restore_table_from_backup"] = function(o)
        o.conn:restore_table_from_backup({ name = "t", backup = "arn:backup" })
      end,
      ["connection:restore_table_to_point_in_time"] = function(o)
        o.conn:restore_table_to_point_in_time({ name = "t", source = "s" })
      end,
      ["connection:wait_until_backup_available"] = function(o) o.conn:wait_until_backup_available("arn:backup") end,
      ["connection:wait_until_export_completed"] = function(o) o.conn:wait_until_export_completed("arn:export") end,
      ["connection:wait_until_import_completed"] = function(o) o.conn:wait_until_import_completed("arn:import") end,
      ["connection:delete_item"] = function(o) o.conn:delete_item("t", "a") end,
      ["connection:each"] = function(o) o.conn:each("ListTables") end,
      ["connection:ensure_table"] = function(o)
        o.conn:ensure_table({ name = "t", schema = o.table.schema })
      end,
      ["connection:execute"] = function(o) o.conn:execute("SELECT * FROM t") end,
      ["connection:execute_batch"] = function(o) o.conn:execute_batch({ "SELECT * FROM t" }) end,
      ["connection:execute_transaction"] = function(o) o.conn:execute_transaction({ "SELECT * FROM t" }) end,
      ["connection:get_item"] = function(o) o.conn:get_item("t", "a") end,
      ["connection:lookup"] = function(o) o.conn:lookup("t") end,
      ["connection:new_batch_list"] = function(o) o.conn:new_batch_list() end,
      ["connection:new_batch_write_list"] = function(o) o.conn:new_batch_write_list() end,
      ["connection:pages"] = function(o) o.conn:pages("ListTables") end,
      ["connection:put_item"] = function(o) o.conn:put_item("t", { id = "a" }) end,
      ["connection:query"] = function(o) o.conn:query("t", "a") end,
      ["connection:resolve_table"] = function(o) o.conn:resolve_table("t") end,
      ["connection:scan"] = function(o) o.conn:scan("t") end,
      ["connection:table_from_schema"] = function(o) o.conn:table_from_schema("t", o.table.schema) end,
      ["connection:transact_get"] = function(o) o.conn:transact_get({ { table = o.table, hash_key = "a" } }) end,
      ["connection:transact_write"] = function(o) o.conn:transact_write({ { put = o.item } }) end,
      ["connection:update_item"] = function(o) o.conn:update_item("t", { hash_key = "a", update = { x = 1 } }) end,
      ["connection:update_throughput"] = function(o) o.conn:update_throughput("t", 1, 1) end,
      ["connection:create_schema"] = function(o) o.conn:create_schema(schema) end,
      ["connection:create_table"] = function(o)
        o.conn:create_table({ name = "t", schema = o.table.schema })
      end,
      ["connection:delete_table"] = function(o) o.conn:delete_table(o.table) end,
      ["connection:describe_table"] = function(o) o.conn:describe_table("t") end,
      ["connection:get_table"] = function(o) o.conn:get_table("t") end,
      ["connection:stats"] = function(o) o.conn:stats() end,
      ["connection:list_tables"] = function(o) o.conn:list_tables() end,
      ["connection:table"] = function(o) o.conn:table("t", { hash_key = "id" }) end,
      ["table:batch_write"] = function(o) o.table:batch_write({ delete = { "a" } }) end,
      ["table:batch_writer"] = function(o) o.table:batch_writer() end,
      ["table:count"] = function(o) o.table:count() end,
      ["table:create_backup"] = function(o) o.table:create_backup("b") end,
      ["table:create_index"] = function(o) o.table:create_index({ name = "i", hash_key = "x" }) end,
      ["table:describe_point_in_time_recovery"] = function(o) o.table:describe_point_in_time_recovery() end,
      ["table:describe_ttl"] = function(o) o.table:describe_ttl() end,
      ["table:drop_index"] = function(o) o.table:drop_index("i") end,
      ["table:export"] = function(o) o.table:export({ bucket = "b" }) end,
      ["table:get_items"] = function(o) o.table:get_items({ "a" }) end,
      ["table:increment"] = function(o) o.table:increment({ hash_key = "a", path = "n" }) end,
      ["table:list_backups"] = function(o) o.table:list_backups() end,
      ["connection:background"] = function(o) o.conn:background() end,
      ["table:loader"] = function(o) o.table:loader() end,
      ["table:lock"] = function(o) o.table:lock("a") end,
      ["table:lookup"] = function(o) o.table:lookup("a") end,
      ["table:query"] = function(o) o.table:query("a") end,
      ["table:scan"] = function(o) o.table:scan() end,
      ["table:tag"] = function(o) o.table:tag({ a = "b" }) end,
      ["table:tags"] = function(o) o.table:tags() end,
      ["table:untag"] = function(o) o.table:untag({ "a" }) end,
      ["table:update"] = function(o) o.table:update({ deletion_protection = true }) end,
      ["table:update_item"] = function(o) o.table:update_item({ hash_key = "a", update = { x = 1 } }) end,
      ["table:update_point_in_time_recovery"] = function(o) o.table:update_point_in_time_recovery(true) end,
      ["table:update_throughput"] = function(o) o.table:update_throughput(1, 1) end,
      ["table:update_ttl"] = function(o) o.table:update_ttl("x") end,
      ["table:wait_until_index_active"] = function(o) o.table:wait_until_index_active("i") end,
      ["table:wait_until_ttl_enabled"] = function(o) o.table:wait_until_ttl_enabled() end,
      ["table:delete"] = function(o) o.table:delete() end,
      ["table:delete_item"] = function(o) o.table:delete_item("a") end,
      ["table:get_item"] = function(o) o.table:get_item("a") end,
      ["table:has_item"] = function(o) o.table:has_item("a") end,
      ["table:put_item"] = function(o) o.table:put_item({ id = "a" }) end,
      ["table:refresh"] = function(o) o.table:refresh() end,
      ["table:wait_until_active"] = function(o) o.table:wait_until_active() end,
      ["table:wait_until_deleted"] = function(o) o.table:wait_until_deleted() end,
      ["connection:warm"] = function(o) o.conn:warm() end,
      ["item:delete"] = function(o) o.item:delete() end,
      ["item:modify"] = function(o) o.item:modify(function() end) end,
      ["item:put"] = function(o) o.item:put() end,
      ["item:reload"] = function(o) o.item:reload() end,
      ["item:save"] = function(o) o.item:save() end,
    }
    -- Methods that need no connection still work, because an item is data.
    local LOCAL = { close = true, new_item = true, changes = true, get = true, key = true, pairs = true,
      set = true, totable = true, add_attribute = true, delete_attribute = true, put_attribute = true }

    local function closed_objects()
      local fake = helper.fake()
      local conn = helper.offline(fake)
      local tbl = conn:table("t", { hash_key = "id" })
      local item = tbl:new_item("a", nil, { x = 1 })
      conn:close()
      return { conn = conn, table = tbl, item = item, fake = fake }
    end

    for what, use in pairs(uses) do
      it(what, function()
        local objects = closed_objects()
        local ok, err = pcall(use, objects)
        assert.is_false(ok)
        assert.is_truthy(tostring(err):find("closed", 1, true), err)
        assert.are.equal(0, objects.fake.opened)
      end)
    end

    it("except local methods", function()
      local objects = closed_objects()
      local item = objects.item
      item.x = 2
      assert.are.equal(2, item:get("x"))
      assert.are.same({ id = "a", x = 2 }, item:totable())
      assert.are.same({ id = "a" }, item:key())
      assert.are.equal('Item(t) { id = "a", x = 2 }', tostring(item))
      assert.are.equal("t", objects.table.name)
    end)

    it("the cases above include every method", function()
      for _, class in ipairs({ "connection", "table", "item" }) do
        for name in pairs(methods_of(debug.getmetatable(make[class]()))) do
          assert.is_true(LOCAL[name] or uses[class .. ":" .. name] ~= nil, class .. ":" .. name)
        end
      end
    end)

    for _, method in ipairs({ "send", "receive", "idle", "wait" }) do
      it("socket:" .. method, function()
        local open = socket()
        open:close()
        local ok, err = pcall(function() open[method](open, "bytes", 1) end)
        assert.is_false(ok)
        assert.is_truthy(err:find("closed", 1, true), err)
      end)
    end
  end)
end)

describe("fields", function()
  for _, class in ipairs({ "connection", "table" }) do
    it("are read-only: " .. class, function()
      local object = make[class]()
      for _, name in ipairs({ "name", "region", "close", "new" }) do
        local before = object[name]
        local ok, err = pcall(function() object[name] = "changed" end)
        assert.is_false(ok)
        assert.is_truthy(err:find(("read-only: '%s'"):format(name), 1, true), err)
        assert.are.equal(before, object[name])
      end
      assert.is_false(pcall(function() object[1] = 1 end))
      assert.is_nil(object[1])
      assert.is_nil(object[{}])
    end)
  end

  for _, class in ipairs({ "number", "set", "binary" }) do
    it("do not exist: " .. class, function()
      local object = make[class]()
      assert.is_false(pcall(function() object.new = 1 end))
      assert.is_nil(object.new)
    end)
  end
end)
