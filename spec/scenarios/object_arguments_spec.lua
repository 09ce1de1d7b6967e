-- The library's objects are no plain tables: each kind of object in each position of options, keys, attributes and
-- expressions raises at the caller's line, saying what came, unless it belongs there.

local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")

local transport = helper.fake()
local conn = helper.offline(transport)
local tbl = conn:table("t", { hash_key = "id" })
local ranged = conn:table("r", { hash_key = "id", range_key = "at" })
local item = tbl:new_item("a")
local S = conn:create_schema("id", "S")

-- Kinds of objects, with the texts by which a message names them.
local kinds = {
  attr = { dynamodb.attr("owner"), 'attr"owner"', "got an attribute" },
  size = { dynamodb.attr("owner"):size(), 'attr"owner":size()', "got an attribute" },
  condition = { dynamodb.attr("owner"):eq("me"), "condition" },
  unbound = { dynamodb.eq("me"), "condition", "eq: about which attribute?" }, -- where a bound one belongs
  combined = { dynamodb.all(dynamodb.attr("a"):exists()), "condition" },
  text = { dynamodb.where("a = ?", 1), "condition" },
  action = { dynamodb.increment(1), "action" },
  append = { dynamodb.append({ "a" }), "action" },
  update = { dynamodb.update():set("a", 1), "update" },
  results = { tbl:scan(), "results" },
  error = { select(2, helper.offline(helper.fake(helper.response(400, "{}"))):list_tables()), "error" },
  schema = { S, "schema" },
  writer = { tbl:batch_writer(), "batch_writer" },
  lock = { helper.lock(), "lock" },
  loader = { tbl:loader(), "loader" },
  queue = { conn:background(), "background_queue" },
  list = { conn:new_batch_list(), "batch_list" },
  conn = { conn, "connection" },
  tbl = { tbl, "table" },
  item = { item, "item" },
  set = { dynamodb.set({ "a" }), "set", "got SS" },
  number = { dynamodb.number("1"), "number", "got N" },
}

local CONDITIONS = { condition = true, combined = true, text = true }

-- Positions: the call with a value there, and the kinds that belong there.
local positions = {
  ["options of connect"] = { function(v) dynamodb.connect(v) end },
  ["options of call"] = { function(v) conn:call("ListTables", {}, v) end },
  ["params of call"] = { function(v) conn:call("ListTables", v) end },
  ["params of each"] = { function(v) conn:each("ListTables", v) end },
  ["options of pages"] = { function(v) conn:pages("ListTables", {}, v) end },
  ["operation"] = { function(v) conn:call(v) end },
  ["options of list_tables"] = { function(v) conn:list_tables(v) end },
  ["options of create_table"] = { function(v) conn:create_table(v) end },
  ["schema of create_table"] = { function(v) conn:create_table({ name = "t", schema = v }) end, { schema = true } },
  ["indexes of create_table"] = { function(v)
    conn:create_table({ name = "t", schema = S, global_indexes = v })
  end },
  ["an index of create_table"] = { function(v)
    conn:create_table({ name = "t", schema = S, global_indexes = { v } })
  end },
  ["key of an index"] = { function(v)
    conn:create_table({ name = "t", schema = S, global_indexes = { { name = "i", hash_key = v } } })
  end },
  ["projection of an index"] = { function(v)
    conn:create_table({ name = "t", schema = S, global_indexes = { { name = "i", hash_key = "a", projection = v } } })
  end },
  ["options of ensure_table"] = { function(v) conn:ensure_table(v) end },
  ["name of get_table"] = { function(v) conn:get_table(v) end, { tbl = true } },
  ["options of get_table"] = { function(v) conn:get_table("t", v) end },
  ["table of describe_table"] = { function(v) conn:describe_table(v) end, { tbl = true } },
  ["table of delete_table"] = { function(v) conn:delete_table(v) end, { tbl = true } },
  ["name of table"] = { function(v) conn:table(v, { hash_key = "id" }) end, { tbl = true } },
  ["key of table"] = { function(v) conn:table("t", v) end, { schema = true } },
  ["options of create_schema"] = { function(v) conn:create_schema(v, nil) end },
  ["table of conn:get_item"] = { function(v) conn:get_item(v, "a") end, { tbl = true } },
  ["table of conn:put_item"] = { function(v) conn:put_item(v, { id = "a" }) end, { tbl = true, item = true } },
  ["table of update_throughput"] = { function(v) conn:update_throughput(v, 1, 1) end, { tbl = true } },
  ["key of get_item"] = { function(v) tbl:get_item(v) end },
  ["range key of get_item"] = { function(v) tbl:get_item("a", v) end },
  ["options of get_item"] = { function(v) ranged:get_item("a", "b", v) end },
  ["option key"] = { function(v) tbl:get_item({ key = v }) end },
  ["option hash_key"] = { function(v) tbl:get_item({ hash_key = v }) end },
  ["projection"] = { function(v) tbl:get_item({ hash_key = "a", projection = v }) end },
  ["path of a projection"] = { function(v) tbl:get_item({ hash_key = "a", projection = { "b", v } }) end },
  ["attributes_to_get"] = { function(v) tbl:scan({ attributes_to_get = v }) end },
  ["consistent_read"] = { function(v) tbl:get_item({ hash_key = "a", consistent_read = v }) end },
  ["options of has_item"] = { function(v) ranged:has_item("a", "b", v) end },
  ["key of new_item"] = { function(v) tbl:new_item(v) end },
  ["attributes of new_item"] = { function(v) tbl:new_item("a", nil, v) end, { item = true } },
  ["attributes of put_item"] = { function(v) tbl:put_item(v) end, { item = true } },
  ["options of put_item"] = { function(v) tbl:put_item({ id = "a" }, v) end },
  ["condition"] = { function(v) tbl:put_item({ id = "a" }, { condition = v }) end, CONDITIONS },
  ["expected_value"] = { function(v) tbl:put_item({ id = "a" }, { expected_value = v }) end, CONDITIONS },
  ["a condition by position"] = { function(v) tbl:put_item({ id = "a" }, { condition = { v } }) end, CONDITIONS },
  ["options of delete_item"] = { function(v) ranged:delete_item("a", "b", v) end },
  ["options of update_item"] = { function(v) ranged:update_item("a", "b", v) end },
  ["update"] = { function(v) tbl:update_item({ hash_key = "a", update = v }) end, { update = true } },
  ["an update by position"] = { function(v) tbl:update_item({ hash_key = "a", update = { v } }) end,
    { update = true } },
  ["path of increment"] = { function(v) tbl:increment({ hash_key = "a", path = v }) end },
  ["by of increment"] = { function(v) tbl:increment({ hash_key = "a", path = "n", by = v }) end,
    { attr = true, number = true, size = true } },
  ["filter of scan"] = { function(v) tbl:scan({ filter = v }) end, CONDITIONS },
  ["filter of query"] = { function(v) tbl:query({ hash_key = "a", filter = v }) end, CONDITIONS },
  ["key_condition"] = { function(v) tbl:query({ key_condition = v }) end, CONDITIONS },
  ["key of query"] = { function(v) tbl:query(v) end },
  ["option hash_key of query"] = { function(v) tbl:query({ hash_key = v }) end, { unbound = true } },
  ["range key of query"] = { function(v) ranged:query("a", v) end, { unbound = true } },
  ["options of query"] = { function(v) ranged:query("a", "b", v) end },
  ["options of scan"] = { function(v) tbl:scan(v) end },
  ["exclusive_start_key"] = { function(v) tbl:scan({ exclusive_start_key = v }) end },
  ["state of scan"] = { function(v) tbl:scan({ segments = 2, state = v }) end },
  ["secret of cursor"] = { function(v) tbl:scan():cursor(v) end },
  ["options of cursor"] = { function(v) tbl:scan():cursor(("s"):rep(16), v) end },
  ["cursor_key"] = { function(v) tbl:scan({ cursor_key = v }) end },
  ["headers"] = { function(v) tbl:scan({ headers = v }) end },
  ["a header"] = { function(v) tbl:scan({ headers = { x = v } }) end },
  ["options of warm"] = { function(v) conn:warm(v) end },
  ["index"] = { function(v) tbl:scan({ index = v }) end },
  ["options of count"] = { function(v) tbl:count(v) end },
  ["keys of get_items"] = { function(v) tbl:get_items(v) end },
  ["a key of get_items"] = { function(v) tbl:get_items({ v }) end },
  ["options of get_items"] = { function(v) tbl:get_items({}, v) end },
  ["requests of batch_get"] = { function(v) conn:batch_get(v) end },
  ["keys of batch_get"] = { function(v) conn:batch_get({ [tbl] = v }) end },
  ["requests of batch_write"] = { function(v) conn:batch_write(v) end },
  ["a request of batch_write"] = { function(v) conn:batch_write({ [tbl] = v }) end },
  ["puts of batch_write"] = { function(v) tbl:batch_write({ put = v }) end },
  ["a put of batch_write"] = { function(v) tbl:batch_write({ put = { v } }) end, { item = true } },
  ["a delete of batch_write"] = { function(v) tbl:batch_write({ delete = { v } }) end, { item = true } },
  ["options of background"] = { function(v) conn:background(v) end },
  ["table of a queue"] = { function(v) conn:background():put(v, { id = "a" }) end, { tbl = true } },
  ["a put of a queue"] = { function(v) conn:background():put(tbl, v) end, { item = true } },
  ["a delete of a queue"] = { function(v) conn:background():delete(tbl, v) end, { item = true } },
  ["key of an update of a queue"] = { function(v) conn:background():update(tbl, v) end },
  ["update of a queue"] = { function(v) conn:background():update(tbl, "a", { update = v }) end, { update = true } },
  ["options of loader"] = { function(v) tbl:loader(v) end },
  ["key of a loader"] = { function(v) tbl:loader():get(v) end },
  ["options of lock"] = { function(v) ranged:lock("a", "b", v) end },
  ["key of lock"] = { function(v) tbl:lock(v) end },
  ["options of batch_writer"] = { function(v) tbl:batch_writer(v) end },
  ["a put of a writer"] = { function(v) tbl:batch_writer():put(v) end, { item = true } },
  ["keys of add_batch"] = { function(v) conn:new_batch_list():add_batch(tbl, v) end },
  ["table of add_batch"] = { function(v) conn:new_batch_list():add_batch(v, {}) end, { tbl = true } },
  ["puts of add_batch"] = { function(v) conn:new_batch_write_list():add_batch(tbl, v) end },
  ["operations of transact_write"] = { function(v) conn:transact_write(v) end },
  ["an operation of transact_write"] = { function(v) conn:transact_write({ v }) end },
  ["put of transact_write"] = { function(v) conn:transact_write({ { put = v, table = tbl } }) end, { item = true } },
  ["table of transact_write"] = { function(v) conn:transact_write({ { put = { id = "a" }, table = v } }) end,
    { tbl = true } },
  ["update of transact_write"] = { function(v)
    conn:transact_write({ { update = v, table = tbl, hash_key = "a" } })
  end, { update = true } },
  ["delete of transact_write"] = { function(v)
    conn:transact_write({ { delete = v, table = tbl, hash_key = "a" } })
  end },
  ["check of transact_write"] = { function(v)
    conn:transact_write({ { check = v, table = tbl, hash_key = "a" } })
  end, CONDITIONS },
  ["options of transact_write"] = { function(v) conn:transact_write({ { put = item } }, v) end },
  ["an operation of transact_get"] = { function(v) conn:transact_get({ v }) end },
  ["statement"] = { function(v) conn:execute(v) end },
  ["values of execute"] = { function(v) conn:execute("SELECT", v) end },
  ["statements"] = { function(v) conn:execute_batch(v) end },
  ["a statement"] = { function(v) conn:execute_batch({ v }) end },
  ["options of put"] = { function(v) item:put(v) end },
  ["options of save"] = { function(v) item:save(v) end },
  ["options of delete"] = { function(v) item:delete(v) end },
  ["options of reload"] = { function(v) item:reload(v) end },
  ["options of modify"] = { function(v) item:modify(print, v) end },
  ["options of totable"] = { function(v) item:totable(v) end },
  ["options of inspect"] = { function(v) dynamodb.inspect(1, v) end },
  ["item of item_size"] = { function(v) dynamodb.item_size(v) end, { item = true } },
  ["value of json.encode"] = { function(v) dynamodb.json.encode({ a = v }) end,
    { item = true, number = true, set = true } },
  ["value of json.typed_encode"] = { function(v) dynamodb.json.typed_encode({ a = { v } }) end,
    { number = true, set = true } },
  ["text of json.decode"] = { function(v) dynamodb.json.decode(v) end },
  ["text of json.typed_decode"] = { function(v) dynamodb.json.typed_decode(v) end },
  ["change of modify"] = { function(v) item:modify(v) end },
  ["options of update"] = { function(v) tbl:update(v) end },
  ["options of refresh"] = { function(v) tbl:refresh(v) end },
  ["options of create_index"] = { function(v) tbl:create_index(v) end },
  ["options of wait_until_active"] = { function(v) tbl:wait_until_active(v) end },
  ["name of drop_index"] = { function(v) tbl:drop_index(v) end },
  ["attribute of update_ttl"] = { function(v) tbl:update_ttl(v) end },
  ["tags"] = { function(v) tbl:tag(v) end },
  ["names of untag"] = { function(v) tbl:untag(v) end },
  ["options of export"] = { function(v) tbl:export(v) end },
  ["backup"] = { function(v) conn:describe_backup(v) end },
  ["options of restore"] = { function(v) conn:restore_table_from_backup(v) end },
  ["calls of gather"] = { function(v) dynamodb.gather(v) end },
  ["a call of gather"] = { function(v) dynamodb.gather({ v }) end },
  ["options of gather"] = { function(v) dynamodb.gather({}, v) end },
  ["path of attr"] = { function(v) dynamodb.attr(v) end },
  ["condition of all"] = { function(v) dynamodb.all(v) end, { condition = true, combined = true, text = true,
    unbound = true } },
  ["condition of negate"] = { function(v) dynamodb.negate(v) end, { condition = true, combined = true, text = true,
    unbound = true } },
  ["condition of size"] = { function(v) dynamodb.size(v) end, { unbound = true } },
  ["text of where"] = { function(v) dynamodb.where(v) end },
  ["table of transact_get"] = { function(v) conn:transact_get({ { table = v, hash_key = "a" } }) end, { tbl = true } },
}

local function is_named(err, object)
  return err:find(object[2], 1, true) or object[3] and err:find(object[3], 1, true)
end

describe("an object of the library", function()
  teardown(function() conn:close() end)

  for position, case in pairs(positions) do
    it("is no plain table as " .. position, function()
      local opened = transport.opened
      for kind, object in pairs(kinds) do
        if not (case[2] and case[2][kind]) then
          local ok, err = pcall(case[1], object[1])
          local what = ("%s as %s: %s"):format(kind, position, tostring(err))
          assert.is_false(ok, what .. " was accepted")
          assert.truthy(tostring(err):find("^spec/scenarios/object_arguments_spec%.lua:%d+: "), what)
          assert.truthy(is_named(tostring(err), object), what)
        end
      end
      assert.equal(opened, transport.opened)
    end)
  end

  it("is told what is missing", function()
    local function says(text, f) assert.error_matches(f, text, 1, true) end
    says('scan: filter: attr"owner" has no test; say :eq(...)', function() tbl:scan({ filter = dynamodb.attr("owner") }) end)
    says("table of options expected, got dynamodb.condition", function() tbl:scan(dynamodb.eq(1)) end)
    says('all: condition expected as argument 1, got attr"a", which has no test; say :eq(...)', function()
      dynamodb.all(dynamodb.attr("a"))
    end)
    says("update: table by document path, builder or text expected, got dynamodb.action", function()
      tbl:update_item("a", { update = dynamodb.increment(1) })
    end)
  end)
end)
