-- One valid call of every public method and function, for tools/torture_methods.lua:
-- calls[object][method] is a function of the object.

local dynamodb = require("dynamodb")

return function(ARN, BACKUP, KEY, SCHEMA)
  local calls = {}

  local INDEX = { name = "j", hash_key = "at" }

  calls.conn = {
    background = function(o) return o:background() end,
    batch_get = function(o) return o:batch_get({ t = { KEY } }) end,
    batch_write = function(o) return o:batch_write({ t = { put = { KEY } } }) end,
    call = function(o) return o:call("ListTables") end,
    close = function(o) return o:close() end,
    create_schema = function(o) return o:create_schema("id", "S") end,
    create_table = function(o) return o:create_table({ name = "t", schema = o:create_schema(SCHEMA) }) end,
    delete_backup = function(o) return o:delete_backup(BACKUP) end,
    delete_item = function(o, all) return o:delete_item(all.item) end,
    delete_table = function(o) return o:delete_table("t") end,
    describe_backup = function(o) return o:describe_backup(BACKUP) end,
    describe_export = function(o) return o:describe_export(ARN .. "/export/01") end,
    describe_import = function(o) return o:describe_import(ARN .. "/import/01") end,
    describe_table = function(o) return o:describe_table("t") end,
    each = function(o) return o:each("ListBackups"):next() end,
    ensure_table = function(o) return o:ensure_table({ name = "t", schema = o:create_schema(SCHEMA) }) end,
    execute = function(o) return o:execute('SELECT * FROM "t"'):all() end,
    execute_batch = function(o) return o:execute_batch({ { 'SELECT * FROM "t" WHERE id = ?', { "a" } } }) end,
    execute_transaction = function(o)
      return o:execute_transaction({ { 'SELECT * FROM "t" WHERE id = ?', { "a" } } })
    end,
    get_item = function(o, all) return o:get_item(all.tbl, "a", "b") end,
    get_table = function(o) return o:get_table("t") end,
    import_table = function(o)
      return o:import_table({ name = "t", schema = o:create_schema(SCHEMA), bucket = "b", format = "CSV" })
    end,
    list_tables = function(o) return o:list_tables() end,
    lookup = function(o) return o:lookup("t") end,
    new_batch_list = function(o) return o:new_batch_list() end,
    new_batch_write_list = function(o) return o:new_batch_write_list() end,
    pages = function(o) return o:pages("ListBackups")() end,
    put_item = function(o, all) return o:put_item(all.item) end,
    query = function(o, all) return o:query(all.tbl, "a"):all() end,
    resolve_table = function(o) return o:resolve_table("t") end,
    restore_table_from_backup = function(o)
      return o:restore_table_from_backup({ backup = BACKUP, name = "t" })
    end,
    restore_table_to_point_in_time = function(o)
      return o:restore_table_to_point_in_time({ source = "s", name = "t" })
    end,
    scan = function(o, all) return o:scan(all.tbl):all() end,
    warm = function(o) return o:warm({ connections = 2 }) end,
    stats = function(o) return o:stats() end,
    table = function(o) return o:table("t", { hash_key = "id" }) end,
    table_from_schema = function(o) return o:table_from_schema("t", o:create_schema(SCHEMA)) end,
    transact_get = function(o, all) return o:transact_get({ { table = all.tbl, key = KEY } }) end,
    transact_write = function(o, all) return o:transact_write({ { put = all.item } }) end,
    update_item = function(o, all) return o:update_item(all.item) end,
    update_throughput = function(o, all) return o:update_throughput(all.tbl, 5, 5) end,
    wait_until_backup_available = function(o) return o:wait_until_backup_available(BACKUP) end,
    wait_until_export_completed = function(o)
      return o:wait_until_export_completed(ARN .. "/export/01")
    end,
    wait_until_import_completed = function(o)
      return o:wait_until_import_completed(ARN .. "/import/01")
    end,
  }

  calls.tbl = {
    batch_write = function(o) return o:batch_write({ put = { KEY } }) end,
    batch_writer = function(o) return o:batch_writer() end,
    count = function(o) return o:count() end,
    create_backup = function(o) return o:create_backup("b") end,
    create_index = function(o) return o:create_index(INDEX) end,
    delete = function(o) return o:delete() end,
    delete_item = function(o) return o:delete_item("a", "b") end,
    describe_point_in_time_recovery = function(o) return o:describe_point_in_time_recovery() end,
    describe_ttl = function(o) return o:describe_ttl() end,
    drop_index = function(o) return o:drop_index("i") end,
    export = function(o) return o:export({ bucket = "b" }) end,
    get_item = function(o) return o:get_item("a", "b") end,
    get_items = function(o) return o:get_items({ KEY }) end,
    has_item = function(o) return o:has_item("a", "b") end,
    increment = function(o) return o:increment("a", "b", { path = "n" }) end,
    list_backups = function(o) return o:list_backups() end,
    loader = function(o) return o:loader() end,
    lock = function(o) return o:lock("a", "b") end,
    lookup = function(o) return o:lookup("a", "b") end,
    new_item = function(o) return o:new_item("a", "b", { n = 1 }) end,
    put_item = function(o) return o:put_item({ id = "a", at = "b" }) end,
    query = function(o) return o:query("a", dynamodb.begins_with("b")):all() end,
    refresh = function(o) return o:refresh() end,
    scan = function(o) return o:scan({ filter = { n = dynamodb.gt(0) } }):all() end,
    tag = function(o) return o:tag({ k = "v" }) end,
    tags = function(o) return o:tags() end,
    untag = function(o) return o:untag({ "k" }) end,
    update = function(o) return o:update({ deletion_protection = true }) end,
    update_item = function(o) return o:update_item("a", "b", { update = dynamodb.update():set("n", 2) }) end,
    update_point_in_time_recovery = function(o) return o:update_point_in_time_recovery(true) end,
    update_throughput = function(o) return o:update_throughput(5, 5) end,
    update_ttl = function(o) return o:update_ttl("ttl") end,
    wait_until_active = function(o) return o:wait_until_active() end,
    wait_until_deleted = function(o) return o:wait_until_deleted() end,
    wait_until_index_active = function(o) return o:wait_until_index_active("i") end,
    wait_until_ttl_enabled = function(o) return o:wait_until_ttl_enabled() end,
  }

  calls.item = {
    add_attribute = function(o) return o:add_attribute("n", 1) end,
    changes = function(o) return o:changes() end,
    delete = function(o) return o:delete() end,
    delete_attribute = function(o) return o:delete_attribute("n") end,
    get = function(o) return o:get("n") end,
    key = function(o) return o:key() end,
    modify = function(o) return o:modify(function(item) item.n = 2 end) end,
    pairs = function(o) return o:pairs() end,
    put = function(o) return o:put() end,
    put_attribute = function(o) return o:put_attribute("n", 3) end,
    reload = function(o) return o:reload() end,
    save = function(o)
      o.n = 5
      return o:save()
    end,
    set = function(o) return o:set("n", 4) end,
    totable = function(o) return o:totable() end,
  }

  calls.results = {
    all = function(o) return o:all() end,
    close = function(o) return o:close() end,
    cursor = function(o, all)
      local secret = ("s"):rep(32)
      local text = o:cursor(secret, { encrypt = true })
      return all.tbl:scan({ cursor = text, cursor_key = secret })
    end,
    next = function(o) return o:next() end,
    next_response = function(_, all) return all.tbl:scan():next_response() end,
    pages = function(_, all) return all.tbl:scan():pages()() end,
    state = function(_, all) return all.tbl:scan({ segments = 2 }):state() end,
  }

  calls.writer = {
    close = function(o) return o:close() end,
    delete = function(o) return o:delete(KEY) end,
    discard = function(o) return o:discard() end,
    flush = function(o)
      assert(o:put(KEY))
      return o:flush()
    end,
    put = function(o) return o:put(KEY) end,
  }

  calls.queue = {
    close = function(o) return o:close() end,
    delete = function(o, all) return o:delete(all.tbl, KEY) end,
    flush = function(o, all)
      assert(o:put(all.tbl, KEY))
      return o:flush()
    end,
    put = function(o, all) return o:put(all.tbl, KEY) end,
    stats = function(o) return o:stats() end,
    update = function(o, all) return o:update(all.tbl, "a", "b", { update = { n = 1 } }) end,
  }

  calls.loader = { get = function(o) return o:get("a", "b") end }
  calls.lock = {
    heartbeat = function(o) return o:heartbeat() end,
    release = function(_, all) return all.tbl:lock("a", "b"):release() end,
    remaining = function(o) return o:remaining() end,
  }

  calls.batch_list = {
    add_batch = function(o, all) return o:add_batch(all.tbl, { { "a", "b" } }) end,
    resubmit = function(o) return o:resubmit() end,
    submit = function(_, all)
      local list = all.conn:new_batch_list()
      list:add_batch(all.tbl, { { "a", "b" } })
      return list:submit()
    end,
  }
  calls.batch_write_list = {
    add_batch = function(o, all) return o:add_batch(all.tbl, { all.item }) end,
    resubmit = function(o) return o:resubmit() end,
    submit = function(_, all)
      local list = all.conn:new_batch_write_list()
      list:add_batch(all.tbl, { all.item })
      return list:submit()
    end,
  }

  calls.task = {
    cancel = function(o) return o:cancel() end,
    deadline = function(o) return o:deadline(1) end,
    wait = function(o) return o:wait() end,
  }
  calls.number = {
    compare = function(o) return o:compare(2) end,
    tointeger = function(o) return o:tointeger() end,
    tonumber = function(o) return o:tonumber() end,
  }
  calls.set = {
    add = function(o) return o:add(3) end,
    copy = function(o) return o:copy() end,
    has = function(o) return o:has(1) end,
    remove = function(o) return o:remove(3) end,
    type = function(o) return o:type() end,
    values = function(o) return o:values() end,
  }
  calls.binary = { bytes = function(o) return o:bytes() end }
  calls.json = {
    decode = function(o) return o.decode('{"a":[1]}') end,
    encode = function(o) return o.encode({ a = { 1 } }) end,
    typed_decode = function(o) return o.typed_decode('{"a":{"N":"1"}}') end,
    typed_encode = function(o) return o.typed_encode({ a = 1 }) end,
  }
  calls.loop = {
    fd = function(o) return o.fd() end,
    gather = function(o) return o.gather({ function() return 1 end }) end,
    run = function(o) return o.run(function() return 1 end) end,
    sleep = function(o) return o.sleep(0) end,
    spawn = function(o)
      o.spawn(function() end)
      return o.run()
    end,
    step = function(o) return o.step(0) end,
    task = function(o) return o.task() end,
  }

  calls.attr, calls.dynamodb, calls.update = {}, {}, {}
  for _, name in ipairs({ "begins_with", "contains", "eq", "ge", "gt", "le", "lt", "ne", "not_contains" }) do
    calls.attr[name] = function(o) return o[name](o, "b") end
    calls.dynamodb[name] = function(o) return o[name]("b") end
  end
  for _, name in ipairs({ "exists", "not_exists" }) do
    calls.attr[name] = function(o) return o[name](o) end
    calls.dynamodb[name] = function(o) return o[name]() end
  end
  calls.attr.attribute_type = function(o) return o:attribute_type("S") end
  calls.attr.between = function(o) return o:between(1, 2) end
  calls.attr.is_in = function(o) return o:is_in({ 1, 2 }) end
  calls.attr.size = function(o) return o:size():gt(1) end

  local d = calls.dynamodb
  function d.add(o) return o.add(1) end
  function d.all(o) return o.all(o.attr("a"):eq(1), o.attr("b"):eq(2)) end
  function d.any(o) return o.any(o.attr("a"):eq(1), o.attr("b"):eq(2)) end
  function d.append(o) return o.append({ 1 }) end
  function d.preload(o) return o.preload() end
  function d.attr(o) return o.attr("a.b[1]") end
  function d.attribute_type(o) return o.attribute_type("S") end
  function d.between(o) return o.between(1, 2) end
  function d.binary(o) return o.binary("a") end
  function d.config(o) return o.config() end
  function d.connect(o) return o.connect() end
  function d.decrement(o) return o.decrement(1) end
  function d.delete(o) return o.delete(o.set({ 1 })) end
  function d.gather(o) return o.gather({ function() return 1 end }) end
  function d.if_not_exists(o) return o.if_not_exists(1) end
  function d.increment(o) return o.increment(1) end
  function d.inspect(o) return o.inspect({ a = { 1, o.null } }) end
  function d.is_error(o) return o.is_error({}) end
  function d.is_in(o) return o.is_in({ 1, 2 }) end
  function d.item_size(o) return o.item_size({ a = 1 }) end
  function d.list(o) return o.list({ 1 }) end
  function d.map(o) return o.map({ a = 1 }) end
  function d.negate(o) return o.negate(o.attr("a"):eq(1)) end
  function d.number(o) return o.number("1.25") end
  function d.prepend(o) return o.prepend({ 1 }) end
  function d.remove(o) return o.remove() end
  function d.set(o) return o.set({ "a" }) end
  function d.size(o) return o.size(o.gt(1)) end
  function d.update(o) return o.update() end
  function d.where(o) return o.where("a = ?", 1) end

  calls.update = {
    add = function(o) return o:add("s", dynamodb.set({ 1 })) end,
    append = function(o) return o:append("l", { 1 }) end,
    decrement = function(o) return o:decrement("d") end,
    delete = function(o) return o:delete("e", dynamodb.set({ 1 })) end,
    if_not_exists = function(o) return o:if_not_exists("f", 1) end,
    increment = function(o) return o:increment("g") end,
    prepend = function(o) return o:prepend("p", { 1 }) end,
    remove = function(o) return o:remove("r") end,
    set = function(o) return o:set("v", 1) end,
  }
  return calls
end
