-- A response that does not fit the request is an error object, never a wrong value, an internal error or a hang: every
-- method that reads a response gets its responses with each member changed in turn, at every depth.

local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")
local methods_of = dofile("spec/support/public_methods.lua")
local response_changes = dofile("spec/support/response_changes.lua")

local unpack = table.unpack or unpack -- luacheck: ignore 113 143

local MOST_REQUESTS = 60
local ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/messages"

-- {===== True responses =====

local DESCRIPTION = [[{"TableName":"messages","TableStatus":"ACTIVE","TableArn":"]] .. ARN .. [[","ItemCount":3,
  "TableSizeBytes":99,"CreationDateTime":1.5e9,"LatestStreamArn":"s",
  "KeySchema":[{"AttributeName":"id","KeyType":"HASH"},{"AttributeName":"at","KeyType":"RANGE"}],
  "AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"},{"AttributeName":"at","AttributeType":"N"}],
  "ProvisionedThroughput":{"ReadCapacityUnits":3,"WriteCapacityUnits":4},
  "BillingModeSummary":{"BillingMode":"PROVISIONED"},
  "GlobalSecondaryIndexes":[{"IndexName":"by_at","IndexStatus":"ACTIVE",
    "KeySchema":[{"AttributeName":"at","KeyType":"HASH"}],
    "Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["n"]},
    "ProvisionedThroughput":{"ReadCapacityUnits":1,"WriteCapacityUnits":2}}],
  "StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_IMAGE"},
  "SSEDescription":{"Status":"ENABLED","KMSMasterKeyArn":"k"},
  "TableClassSummary":{"TableClass":"STANDARD"},"DeletionProtectionEnabled":false}]]
local COPY = DESCRIPTION:gsub('"messages"', '"copy"')
local ITEM = [[{"id":{"S":"a"},"at":{"N":"1"},"n":{"N":"5"}}]]
local SECOND = [[{"id":{"S":"a"},"at":{"N":"2"},"n":{"N":"6"}}]]
local CAPACITY = [["ConsumedCapacity":{"TableName":"messages","CapacityUnits":1,"Table":{"CapacityUnits":1},
  "GlobalSecondaryIndexes":{"by_at":{"CapacityUnits":1}}}]]
local CAPACITIES = '"ConsumedCapacity":[{"TableName":"messages","CapacityUnits":1,"Table":{"CapacityUnits":1}}]'
local KEY = [[{"id":{"S":"a"},"at":{"N":"1"}}]]
local OTHER_KEY = [[{"id":{"S":"a"},"at":{"N":"2"}}]]
local FIRST_PAGE = '{"Items":[' .. ITEM .. '],"Count":1,"ScannedCount":1,' .. CAPACITY .. ',"LastEvaluatedKey":' .. KEY .. "}"
local LAST_PAGE = '{"Items":[' .. SECOND .. '],"Count":1,"ScannedCount":1,' .. CAPACITY .. "}"
local BACKUP = [[{"BackupDetails":{"BackupArn":"b","BackupName":"n","BackupStatus":"AVAILABLE"}}]]
local DONE = '{"UnprocessedItems":{}}'

local function tables(member, description) return ('{"%s":%s}'):format(member, description or DESCRIPTION) end

-- Returns the second response for requests that contain this text, else the first one.
local function second_for(text)
  return function(body) return body:find(text, 1, true) and 2 or 1 end
end

-- name of an operation -> its true responses; 'pick' chooses by the request.
local responses = {
  BatchExecuteStatement = { '{"Responses":[{"TableName":"messages","Item":' .. ITEM .. '},'
    .. '{"Error":{"Code":"DuplicateItem","Message":"m"}}],' .. CAPACITIES .. "}" },
  BatchGetItem = { '{"Responses":{"messages":[' .. ITEM .. ']},"UnprocessedKeys":{"messages":{"Keys":[' .. OTHER_KEY
    .. ']}},' .. CAPACITIES .. "}", '{"Responses":{"messages":[' .. SECOND .. ']},"UnprocessedKeys":{},' .. CAPACITIES .. "}",
    pick = function(body) return body:find('{"N":"1"}', 1, true) and 1 or 2 end },
  BatchWriteItem = { '{"UnprocessedItems":{"messages":[{"PutRequest":{"Item":' .. ITEM .. "}},"
    .. '{"DeleteRequest":{"Key":' .. OTHER_KEY .. "}}]}," .. CAPACITIES .. "}", DONE,
    pick = function(body) return body:find('{"N":"3"}', 1, true) and 1 or 2 end },
  CreateBackup = { '{"BackupDetails":{"BackupArn":"b","BackupStatus":"CREATING"}}' },
  CreateTable = { tables("TableDescription") },
  DeleteBackup = { '{"BackupDescription":' .. BACKUP .. "}" },
  DeleteItem = { '{"Attributes":' .. ITEM .. "," .. CAPACITY .. "}" },
  DeleteTable = { '{"TableDescription":{"TableName":"messages","TableStatus":"DELETING"}}' },
  DescribeBackup = { '{"BackupDescription":' .. BACKUP .. "}" },
  DescribeContinuousBackups = { '{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED"}}' },
  DescribeExport = { '{"ExportDescription":{"ExportArn":"e","ExportStatus":"COMPLETED"}}' },
  DescribeImport = { '{"ImportTableDescription":{"ImportArn":"i","ImportStatus":"COMPLETED"}}' },
  DescribeTable = { tables("Table") },
  DescribeTimeToLive = { '{"TimeToLiveDescription":{"AttributeName":"e","TimeToLiveStatus":"ENABLED"}}' },
  ExecuteStatement = { '{"Items":[' .. ITEM .. '],"NextToken":"t",' .. CAPACITY .. "}", '{"Items":[' .. SECOND .. "]}",
    pick = second_for('"NextToken"') },
  ExecuteTransaction = { '{"Responses":[{"Item":' .. ITEM .. "},{}]," .. CAPACITIES .. "}" },
  ExportTableToPointInTime = { '{"ExportDescription":{"ExportArn":"e","ExportStatus":"IN_PROGRESS"}}' },
  GetItem = { '{"Item":' .. ITEM .. "," .. CAPACITY .. "}" },
  ImportTable = { '{"ImportTableDescription":{"ImportArn":"i","ImportStatus":"IN_PROGRESS"}}' },
  ListBackups = { '{"BackupSummaries":[{"BackupArn":"b"}],"LastEvaluatedBackupArn":"b"}',
    '{"BackupSummaries":[{"BackupArn":"c"}]}',
    pick = second_for("ExclusiveStartBackupArn") },
  ListTables = { '{"TableNames":["a","b"],"LastEvaluatedTableName":"b"}', '{"TableNames":["c"]}',
    pick = second_for("ExclusiveStartTableName") },
  ListTagsOfResource = { '{"Tags":[{"Key":"a","Value":"1"}],"NextToken":"t"}', '{"Tags":[{"Key":"b","Value":"2"}]}',
    pick = second_for('"NextToken"') },
  PutItem = { '{"Attributes":' .. ITEM .. "," .. CAPACITY .. "}" },
  Query = { FIRST_PAGE, LAST_PAGE, pick = second_for('"ExclusiveStartKey"') },
  RestoreTableFromBackup = { tables("TableDescription", COPY) },
  RestoreTableToPointInTime = { tables("TableDescription", COPY) },
  Scan = { FIRST_PAGE, LAST_PAGE, pick = second_for('"ExclusiveStartKey"') },
  TagResource = { "" },
  TransactGetItems = { '{"Responses":[{"Item":' .. ITEM .. "},{}]," .. CAPACITIES .. "}" },
  TransactWriteItems = { "{" .. CAPACITIES .. "}" },
  UntagResource = { "" },
  UpdateContinuousBackups = { '{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED"}}' },
  UpdateItem = { '{"Attributes":' .. ITEM .. "," .. CAPACITY .. "}" },
  UpdateTable = { tables("TableDescription") },
  UpdateTimeToLive = { '{"TimeToLiveSpecification":{"AttributeName":"e","Enabled":true}}' },
}

-- ===================== }
-- {===== Calls =====

-- The methods of each object: { operation, call } for each operation whose responses a method reads. A call gets the
-- objects of a world, and returns as the method does, with values that can be compared. Methods that read none are NONE.
local NONE = {}
local SHOW = { return_consumed_capacity = "INDEXES" }
local OLD = { return_consumed_capacity = "INDEXES", return_values = "ALL_OLD" }
local KEYS = { { "a", 1 }, { "a", 2 } }
local WRITES = { put = { { id = "a", at = 1, n = 5 }, { id = "a", at = 3 } }, delete = { { "a", 2 } } }
local SELECT = { "SELECT * FROM messages WHERE id = 'a'", "SELECT * FROM messages WHERE id = 'b'" }
local INDEX = { name = "by_n", hash_key = { "n", "N" } }
local RANGED = { hash_key_name = "id", hash_key_proto_value = "S", range_key_name = "at", range_key_proto_value = "N" }

local function all(results, err)
  if not results then return nil, err end
  local list, failure = results:all()
  if not list then return nil, failure end
  return { list, results.count, results.scanned_count, results.consumed_capacity }
end

-- Returns the results of a call as one value, or nil and the error.
local function values(first, second, third)
  if first == nil and second ~= nil then return nil, second end
  return { first or false, second or false, third or false }
end

local function with(given, more)
  local all_options = {}
  for _, each in ipairs({ given, more }) do
    for name, value in pairs(each) do all_options[name] = value end
  end
  return all_options
end

-- Returns the definition of a table for create_table.
local function definition(w, more)
  return with({ name = "messages", schema = w.conn:create_schema(RANGED) }, more or {})
end

local function read_list(w)
  return w.conn:new_batch_list():add_batch(w.tbl, KEYS)
end

local function write_list(w)
  return w.conn:new_batch_write_list():add_batch(w.tbl, WRITES.put, WRITES.delete)
end

local function full_writer(w)
  local writer = w.tbl:batch_writer(SHOW)
  for _, item in ipairs(WRITES.put) do assert(writer:put(item)) end
  assert(writer:delete({ "a", 2 }))
  return writer
end

local function full_queue(w)
  local queue = w.conn:background()
  for _, item in ipairs(WRITES.put) do assert(queue:put(w.tbl, item)) end
  assert(queue:delete(w.tbl, { "a", 2 }))
  return queue
end

-- Returns a lock whose heartbeats and release, but not its acquisition, get the response that is not true.
local function full_lock(w)
  local changed = w.changed
  w.changed = nil
  local lock = assert(w.tbl:lock("a", 1))
  w.changed, w.requests = changed, {}
  return lock
end

-- Leaves entries over by an error, to be sent again.
local function failed(w, list)
  w.refuse = true
  list:submit()
  w.refuse = false
  return list
end

local function waits(operation, object, name, ...)
  local args, count = { ... }, select("#", ...)
  return { operation, function(w) return values(w[object][name](w[object], unpack(args, 1, count))) end,
    refreshes = name:find("active$") ~= nil }
end

local function table_of(first, err)
  if not first then return nil, err end
  return { first.name, tostring(first), core.table_parts(first).schema ~= nil }, first
end

local methods = {
  conn = {
    background = NONE,
    batch_get = { "BatchGetItem", function(w) return values(w.conn:batch_get({ [w.tbl] = KEYS }, SHOW)) end },
    batch_write = { "BatchWriteItem", function(w) return values(w.conn:batch_write({ [w.tbl] = WRITES }, SHOW)) end },
    call = NONE, -- it returns responses as they came
    close = NONE,
    create_schema = NONE,
    create_table = { "CreateTable", function(w) return table_of(w.conn:create_table(definition(w))) end },
    delete_backup = waits("DeleteBackup", "conn", "delete_backup", "b"),
    delete_item = { "DeleteItem", function(w) return values(w.conn:delete_item(w.tbl, "a", 1, OLD)) end },
    delete_table = { "DeleteTable", function(w) return values(w.conn:delete_table(w.tbl)) end },
    describe_backup = waits("DescribeBackup", "conn", "describe_backup", "b"),
    describe_export = waits("DescribeExport", "conn", "describe_export", "e"),
    describe_import = waits("DescribeImport", "conn", "describe_import", "i"),
    describe_table = { "DescribeTable", function(w) return values(w.conn:describe_table(w.tbl)) end },
    each = { "ListBackups", function(w) return all(w.conn:each("ListBackups")) end },
    ensure_table = { "DescribeTable", function(w)
      local found, more = w.conn:ensure_table(definition(w, { tags = { a = "1" } }))
      if not found then return nil, more end
      return { found.name, more }, found
    end },
    execute = { "ExecuteStatement", function(w) return all(w.conn:execute(SELECT[1], nil, SHOW)) end },
    execute_batch = { "BatchExecuteStatement", function(w)
      local list, err, consumed = w.conn:execute_batch(SELECT, SHOW)
      if not list then return nil, err end
      local shown = {}
      for i, each in ipairs(list) do shown[i] = { each.item or false, each.err and tostring(each.err.code) } end
      return { shown, consumed or false }
    end },
    execute_transaction = { "ExecuteTransaction", function(w) return values(w.conn:execute_transaction(SELECT, SHOW)) end },
    get_item = { "GetItem", function(w) return values(w.conn:get_item(w.tbl, "a", 1, SHOW)) end },
    get_table = { "DescribeTable", function(w) return table_of(w.conn:get_table("messages")) end },
    import_table = { "ImportTable", function(w)
      local description, err = w.conn:import_table(definition(w, { bucket = "bucket" }))
      if not description then return nil, err end
      return values(w.conn:wait_until_import_completed(description))
    end },
    list_tables = { "ListTables", function(w) return values(w.conn:list_tables()) end },
    lookup = { "DescribeTable", function(w) return table_of(w.conn:lookup("messages")) end },
    new_batch_list = NONE,
    new_batch_write_list = NONE,
    pages = { "ListTables", function(w)
      local names = {}
      for page in w.conn:pages("ListTables") do
        for _, name in ipairs(page.TableNames) do names[#names + 1] = name end
      end
      return names
    end },
    put_item = { "PutItem", function(w) return values(w.conn:put_item(w.tbl, { id = "a", at = 1 }, OLD)) end },
    query = { "Query", function(w) return all(w.conn:query(w.tbl, "a")) end },
    resolve_table = { "DescribeTable", function(w) return table_of(w.conn:resolve_table("messages")) end },
    restore_table_from_backup = { "RestoreTableFromBackup", function(w)
      return table_of(w.conn:restore_table_from_backup({ backup = "b", name = "copy" }))
    end, name = "copy" },
    restore_table_to_point_in_time = { "RestoreTableToPointInTime", function(w)
      return table_of(w.conn:restore_table_to_point_in_time({ source = "messages", name = "copy" }))
    end, name = "copy" },
    scan = { "Scan", function(w) return all(w.conn:scan(w.tbl)) end },
    stats = NONE,
    table = NONE,
    table_from_schema = NONE,
    warm = NONE,
    transact_get = { "TransactGetItems", function(w)
      return values(w.conn:transact_get({ { table = w.tbl, hash_key = "a", range_key = 1 },
        { table = w.tbl, hash_key = "b", range_key = 1 } }, SHOW))
    end },
    transact_write = { "TransactWriteItems", function(w) return values(w.conn:transact_write({ { put = w.item } }, SHOW)) end },
    update_item = { "UpdateItem", function(w)
      return values(w.conn:update_item(w.tbl, "a", 1, with(SHOW, { update = { n = 5 }, return_values = "ALL_NEW" })))
    end },
    update_throughput = { "UpdateTable", function(w) return table_of(w.conn:update_throughput(w.tbl, 1, 2)) end },
    wait_until_backup_available = waits("DescribeBackup", "conn", "wait_until_backup_available", "b"),
    wait_until_export_completed = waits("DescribeExport", "conn", "wait_until_export_completed", "e"),
    wait_until_import_completed = waits("DescribeImport", "conn", "wait_until_import_completed", "i"),
  },
  tbl = {
    batch_write = { "BatchWriteItem", function(w) return values(w.tbl:batch_write(WRITES, SHOW)) end },
    batch_writer = NONE,
    count = { "Query", function(w)
      local count, own = w.tbl:count({ hash_key = "a" })
      if not count then return nil, own end
      return { count, own.scanned_count, own.consumed_capacity }
    end, counts = true },
    create_backup = { "CreateBackup", function(w)
      local details, err = w.tbl:create_backup("n")
      if not details then return nil, err end
      return values(w.conn:wait_until_backup_available(details))
    end },
    create_index = { "UpdateTable", function(w) return table_of(w.tbl:create_index(INDEX)) end },
    delete = { "DeleteTable", function(w) return values(w.tbl:delete()) end },
    delete_item = { "DeleteItem", function(w) return values(w.tbl:delete_item("a", 1, OLD)) end },
    describe_point_in_time_recovery = waits("DescribeContinuousBackups", "tbl", "describe_point_in_time_recovery"),
    describe_ttl = waits("DescribeTimeToLive", "tbl", "describe_ttl"),
    drop_index = { "UpdateTable", function(w) return table_of(w.tbl:drop_index("by_at")) end },
    export = { "ExportTableToPointInTime", function(w)
      local description, err = w.tbl:export({ bucket = "bucket" })
      if not description then return nil, err end
      return values(w.conn:wait_until_export_completed(description))
    end, refreshes = true },
    get_item = { "GetItem", function(w) return values(w.tbl:get_item("a", 1, SHOW)) end },
    get_items = { "BatchGetItem", function(w) return values(w.tbl:get_items(KEYS, SHOW)) end },
    has_item = { "GetItem", function(w) return values(w.tbl:has_item("a", 1, SHOW)) end },
    increment = { "UpdateItem", function(w) return values(w.tbl:increment("a", 1, with(SHOW, { path = "n" }))) end },
    list_backups = { "ListBackups", function(w) return all(w.tbl:list_backups()) end },
    loader = NONE,
    lock = { "GetItem", function(w)
      local lock, err = w.tbl:lock("a", 1, { wait = 0 })
      if not lock then return nil, err end
      return { lock.token, lock:remaining() > 0 }
    end },
    lookup = { "GetItem", function(w) return values(w.tbl:lookup("a", 1, { projection = "n" })) end },
    new_item = NONE,
    put_item = { "PutItem", function(w) return values(w.tbl:put_item({ id = "a", at = 1 }, OLD)) end },
    query = { "Query", function(w) return all(w.tbl:query("a", { index = nil })) end },
    refresh = { "DescribeTable", function(w) return table_of(w.tbl:refresh()) end },
    scan = { "Scan", function(w) return all(w.tbl:scan()) end },
    tag = { "DescribeTable", function(w) return values(w.tbl:tag({ a = "1" })) end, refreshes = true },
    tags = { "ListTagsOfResource", function(w) return values(w.tbl:tags()) end, refreshes = true },
    untag = { "DescribeTable", function(w) return values(w.tbl:untag({ "a" })) end, refreshes = true },
    update = { "UpdateTable", function(w) return table_of(w.tbl:update({ deletion_protection = false })) end },
    update_item = { "UpdateItem", function(w)
      return values(w.tbl:update_item("a", 1, with(SHOW, { update = { n = 5 }, return_values = "ALL_NEW" })))
    end },
    update_point_in_time_recovery = waits("UpdateContinuousBackups", "tbl", "update_point_in_time_recovery", true),
    update_throughput = { "UpdateTable", function(w) return table_of(w.tbl:update_throughput(1, 2)) end },
    update_ttl = waits("UpdateTimeToLive", "tbl", "update_ttl", "e"),
    wait_until_active = waits("DescribeTable", "tbl", "wait_until_active", { timeout = 3 }),
    wait_until_deleted = { "DescribeTable", function(w)
      local ok, err = w.tbl:wait_until_deleted({ timeout = 3 })
      if not ok and err.kind == "timeout" then return { "waits" } end -- it waits for the true response to end
      return values(ok, err)
    end, refreshes = true },
    wait_until_index_active = waits("DescribeTable", "tbl", "wait_until_index_active", "by_at", { timeout = 3 }),
    wait_until_ttl_enabled = waits("DescribeTimeToLive", "tbl", "wait_until_ttl_enabled", { timeout = 3 }),
  },
  item = {
    add_attribute = NONE,
    changes = NONE,
    delete = { "DeleteItem", function(w) return values(w.item:delete(OLD)) end },
    delete_attribute = NONE,
    get = NONE,
    key = NONE,
    modify = { "GetItem", function(w) return values(w.item:modify(function(item) item.m = 1 end)) end },
    pairs = NONE,
    put = { "PutItem", function(w) return values(w.item:put(OLD)) end },
    put_attribute = NONE,
    reload = { "GetItem", function(w) return values(w.item:reload(SHOW)) end },
    save = { "UpdateItem", function(w)
      w.item:add_attribute("n", 1)
      return values(w.item:save(SHOW))
    end },
    set = NONE,
    totable = NONE,
  },
  results = {
    all = { "Scan", function(w) return all(w.tbl:scan({ prefetch = 1 })) end },
    close = NONE,
    cursor = NONE, -- it sends nothing
    next = { "Query", function(w)
      local found = w.tbl:query("a")
      local first, err = found:next()
      if not first then return nil, err end
      return values(found:next())
    end },
    next_response = { "Scan", function(w)
      local found = w.tbl:scan()
      local first, err = found:next_response()
      if not first then return nil, err end
      return { #first.Items, found.last_evaluated_key or false }
    end },
    pages = { "Query", function(w)
      local list = {}
      for page in w.tbl:query("a"):pages() do list[#list + 1] = page end
      return list
    end },
    state = NONE,
  },
  writer = {
    close = { "BatchWriteItem", function(w) return values(full_writer(w):close()) end },
    delete = NONE, -- it sends by flush
    discard = NONE,
    flush = { "BatchWriteItem", function(w)
      local writer = full_writer(w)
      local ok, err = writer:flush()
      if not ok then return nil, err end
      return { writer.written, writer.consumed_capacity }
    end },
    put = NONE, -- it sends by flush
  },
  lock = {
    heartbeat = { "UpdateItem", function(w)
      local ok, err = full_lock(w):heartbeat()
      if err and err.code == "LockLost" then return values(true) end -- it has read the item, which has no lock here
      return values(ok, err)
    end },
    release = { "UpdateItem", function(w) return values(full_lock(w):release()) end },
    remaining = NONE,
  },
  queue = {
    close = { "BatchWriteItem", function(w) return values(full_queue(w):close()) end },
    delete = NONE, -- it sends by flush
    flush = { "BatchWriteItem", function(w) return values(full_queue(w):flush()) end },
    put = NONE, -- it sends by flush
    stats = NONE,
    update = NONE, -- it sends by flush, and reads nothing of the response
  },
  loader = {
    get = NONE, -- its responses are those of tbl:get_items, by the same engine
  },
  ["batch list"] = {
    add_batch = NONE,
    resubmit = { "BatchGetItem", function(w) return values(failed(w, read_list(w)):resubmit()) end },
    submit = { "BatchGetItem", function(w) return values(read_list(w):submit()) end },
  },
  ["batch write list"] = {
    add_batch = NONE,
    resubmit = { "BatchWriteItem", function(w) return values(failed(w, write_list(w)):resubmit()) end },
    submit = { "BatchWriteItem", function(w) return values(write_list(w):submit()) end },
  },
}

-- ===================== }
-- {===== Worlds =====

-- Makes a connection to a service of true responses, with a table and a loaded item. 'changed' of a world is { operation,
-- position, body } of the response that is not true.
local function new_world()
  local w = { requests = {} }
  local fake = helper.fake(function(bytes)
    local operation, body = bytes:match("x%-amz%-target: [%w_]+%.(%a+)"), bytes:match("\r\n\r\n(.*)$")
    w.requests[#w.requests + 1] = { operation, body }
    if #w.requests > MOST_REQUESTS then error("too many requests", 0) end
    if w.failure then return helper.response(400, w.failure) end
    if w.refuse then return helper.response(400, '{"__type":"x#AccessDeniedException","message":"no"}') end
    local list = responses[operation]
    local position = list.pick and list.pick(body) or 1
    if w.changed and w.changed[1] == operation and w.changed[2] == position then
      return helper.response(200, w.changed[3])
    end
    return helper.response(200, list[position])
  end)
  w.conn = helper.offline(fake, { max_attempts = 1 })
  w.tbl = w.conn:table("messages", { hash_key = "id", range_key = "at", range_key_type = "N" })
  w.item = assert(w.tbl:get_item("a", 1))
  w.requests = {}
  return w
end

-- Calls -> value as text, or nil and the error; a third value is a table that the call made.
local function outcome(w, call)
  local ok, value, more = pcall(call, w)
  if not ok then return nil, value end
  if value == nil then return nil, more end
  return dynamodb.inspect(value), nil, core.typename(more) == "dynamodb.table" and more or nil
end

-- Returns what is wrong with the objects of a world after a call | nil.
local function damage(w, made, name)
  w.changed, w.requests = nil, {}
  for tbl, expected in pairs({ [w.tbl] = "messages", [made or w.tbl] = made and name or "messages" }) do
    local ok, done, err = pcall(tbl.put_item, tbl, { id = "z", at = 9 })
    if not ok or not done then return "put_item fails afterwards: " .. tostring(ok and err or done) end
    local sent = w.requests[#w.requests][2]
    if not sent:find('"TableName":"' .. expected .. '"', 1, true) then return "put_item goes elsewhere: " .. sent end
  end
  local ok, done, err = pcall(w.item.put, w.item)
  if not ok or not done then return "item:put fails afterwards: " .. tostring(ok and err or done) end
  local sent = w.requests[#w.requests][2]
  if not sent:find('"id":{"S":"a"}', 1, true) or not sent:find('"messages"', 1, true) then
    return "item:put writes another item: " .. sent
  end
end

-- ===================== }

-- {===== Legitimate changes =====

-- The changes after which a response is a true one again, with another value: patterns of PATH:KIND, and of
-- PATH:KIND:KIND OF ERROR where the method then returns an error of another kind than "response".
local ABSENT = { "missing", "null", "empty map", "empty list", "empty text", "other name" }

local function absent(path)
  local list = {}
  for i, kind in ipairs(ABSENT) do list[i] = "^" .. path .. ":" .. kind .. "$" end
  return list
end

local function join(...)
  local joined = {}
  for _, list in ipairs({ ... }) do
    for _, pattern in ipairs(type(list) == "table" and list or { list }) do joined[#joined + 1] = pattern end
  end
  return joined
end

local ANY_ITEM = { "%.n:", "%.n%.N:", "^ConsumedCapacity" } -- n is no key attribute
local NO_ITEM, NO_OLD_ITEM = absent("Item"), absent("Attributes")
local DESCRIBED = { "^%w+%.%w.*:[^:]+$" } -- all members of a description may be others, if they have the right type
local DESCRIPTION_MAY_BE_EMPTY = join(DESCRIBED, "^%w+:map$", "^%w+:empty map$")
local RESTS = "^Responses%[%d%]:"

local legit = {
  BatchExecuteStatement = join(RESTS .. "map$", RESTS .. "empty map$", "^Responses%[%d%]%.%w+:%w+ ?%w*$",
    "^Responses%[%d%]%.Error%.%w+:", "^Responses%[%d%]%.Item"),
  BatchGetItem = join("^Responses:empty map$", "^Responses:map$", absent("Responses%.messages"),
    "^Responses%.messages%[1%]:missing$",
    absent("UnprocessedKeys"), absent("UnprocessedKeys%.messages"), "^UnprocessedKeys:empty map$", "Keys:empty list$",
    "Keys%[1%]:missing$"),
  CreateBackup = DESCRIBED,
  DeleteItem = NO_OLD_ITEM,
  DeleteBackup = DESCRIPTION_MAY_BE_EMPTY,
  DeleteTable = DESCRIBED,
  DescribeBackup = join(DESCRIPTION_MAY_BE_EMPTY, "^BackupDescription%.BackupDetails%.BackupStatus:[%w ]+:service$"),
  DescribeContinuousBackups = DESCRIPTION_MAY_BE_EMPTY,
  DescribeExport = join(DESCRIPTION_MAY_BE_EMPTY, "%.ExportStatus:[%w ]+:service$"),
  DescribeImport = join(DESCRIPTION_MAY_BE_EMPTY, "%.ImportStatus:[%w ]+:service$"),
  DescribeTable = join(DESCRIBED, "^Table%.TableStatus:[%w ]+:timeout$", "^Table%.GlobalSecondaryIndexes.*:service$",
    "^Table%.GlobalSecondaryIndexes.*:timeout$"),
  DescribeTimeToLive = join(DESCRIBED, "%.TimeToLiveStatus:[%w ]+:timeout$"),
  ExecuteStatement = join("^Items%[1%]", "^Items:empty list$", absent("NextToken")),
  ExecuteTransaction = { RESTS .. "map$", RESTS .. "empty map$", "^Responses%[%d%]%.Item" },
  ExportTableToPointInTime = DESCRIBED,
  GetItem = NO_ITEM,
  ImportTable = DESCRIBED,
  ListBackups = join("^BackupSummaries", absent("LastEvaluatedBackupArn")),
  ListTables = join("^TableNames%[", "^TableNames:empty list$", absent("LastEvaluatedTableName")),
  ListTagsOfResource = join("^Tags", absent("NextToken")),
  PutItem = NO_OLD_ITEM,
  Query = join("^ScannedCount:", "%.at%.N:other text$", absent("LastEvaluatedKey")),
  Scan = join("^ScannedCount:", "%.at%.N:other text$", "%.id%.S:", absent("LastEvaluatedKey")),
  TransactGetItems = { RESTS .. "map$", RESTS .. "empty map$", "^Responses%[%d%]%.Item:missing$", "^Responses%[%d%]%.Item:null$",
    "^Responses%[%d%]%.Item:other name$" },
  UpdateContinuousBackups = DESCRIPTION_MAY_BE_EMPTY,
  UpdateTable = DESCRIBED,
  UpdateTimeToLive = DESCRIPTION_MAY_BE_EMPTY,
}

local function is_legit(operation, change)
  for _, list in ipairs({ ANY_ITEM, legit[operation] or {} }) do
    for _, pattern in ipairs(list) do
      if change:find(pattern) then return true end
    end
  end
  return false
end

-- ===================== }
-- {===== Outcomes =====

-- Returns what is wrong with the outcome of a call | nil.
local function flaw_of(w, before, change, operation, expected, value, err)
  if value then
    return value ~= expected and not is_legit(operation, change) and "wrong value: " .. value or nil
  elseif not dynamodb.is_error(err) then
    return "no error object: " .. tostring(err)
  elseif err.kind ~= "response" and not is_legit(operation, change .. ":" .. err.kind) then
    return "kind " .. err.kind .. ": " .. tostring(err)
  elseif before and before ~= dynamodb.inspect({ w.tbl, w.item }) then
    return "objects were changed: " .. dynamodb.inspect({ w.tbl, w.item })
  end
end

-- Returns all changes of the responses of an operation, made once: { position, path, kind, body }.
local known_changes = {}
local function changes_of(operation)
  local list = known_changes[operation] or {}
  if #list == 0 then
    for position, text in ipairs(responses[operation]) do
      response_changes.each(text, function(path, kind, body) list[#list + 1] = { position, path, kind, body } end)
    end
  end
  known_changes[operation] = list
  return list
end

-- The methods that read a response with the code of another one get every eighth change, each of them others.
local SAMPLE, samples = 8, 0
for subject, names in pairs({
  conn = "delete_item describe_table get_item lookup put_item query resolve_table restore_table_to_point_in_time scan "
    .. "update_item update_throughput",
  tbl = "create_index drop_index lookup tag untag update_throughput wait_until_deleted wait_until_index_active",
  results = "next next_response pages",
  ["batch list"] = "resubmit submit",
  ["batch write list"] = "resubmit submit",
}) do
  for name in names:gmatch("%S+") do
    samples = samples + 1
    methods[subject][name].sample = samples % SAMPLE
  end
end

-- Runs a method with each change -> list of what is wrong.
local function flaws_of(case)
  local operation, flaws, w, before = case[1], {}, nil, nil
  local expected, failure = outcome(new_world(), case[2])
  if not expected then return { "fails without a change: " .. tostring(failure) } end
  for i, change in ipairs(changes_of(operation)) do
    if not case.sample or i % SAMPLE == case.sample then
      if not w then
        w = new_world()
        before = not case.refreshes and dynamodb.inspect({ w.tbl, w.item }) or nil
      end
      w.changed, w.requests = { operation, change[1], change[4] }, {}
      local name = change[2] .. ":" .. change[3]
      local value, err, made = outcome(w, case[2])
      local flaw = flaw_of(w, before, name, operation, expected, value, err) or damage(w, made, case.name)
      if flaw then flaws[#flaws + 1] = ("%s[%d] %s: %s"):format(operation, change[1], name, flaw) end
      if flaw or value then w = nil end -- a call that succeeded may have changed the objects
    end
  end
  return flaws
end

-- ===================== }

describe("a response that does not fit", function()
  for object, list in pairs(methods) do
    for name, case in pairs(list) do
      if case ~= NONE then
        it(("is an error: %s:%s"):format(object, name), function() assert.same({}, flaws_of(case)) end)
      end
    end
  end

  it("is tested for every method, and for no other", function()
    local w = new_world()
    local objects = { conn = w.conn, tbl = w.tbl, item = w.item, results = w.tbl:scan(), writer = w.tbl:batch_writer(),
      lock = full_lock(w), loader = w.tbl:loader(), queue = w.conn:background(),
      ["batch list"] = w.conn:new_batch_list(), ["batch write list"] = w.conn:new_batch_write_list() }
    for subject, object in pairs(objects) do
      assert.same(helper.names_of(methods_of(object)), helper.names_of(methods[subject]), subject)
    end
    core.table_class.methods.added = function() return true end
    local names = helper.names_of(methods_of(w.tbl))
    core.table_class.methods.added = nil
    assert.not_same(names, helper.names_of(methods.tbl))
  end)

  it("is found by the flaws that this spec looks for", function()
    local reads = { "GetItem", function(w)
      local result = assert(w.conn:call("GetItem", { TableName = "messages", Key = { id = "a", at = 1 } }))
      return { result.Item.id .. result.ConsumedCapacity.TableName }
    end }
    local flaws = table.concat(flaws_of(reads), "\n")
    for _, expected in ipairs({ "Item.id:missing: no error object: .*attempt to", "Item.id.S:other text: wrong value" }) do
      assert.matches(expected, flaws)
    end
  end)
end)

-- {===== Errors =====

-- { body of the error, call }
local FAILED_CONDITION = '{"__type":"x#ConditionalCheckFailedException","message":"m","Item":' .. ITEM .. "}"
local CANCELLED = '{"__type":"x#TransactionCanceledException","message":"m","CancellationReasons":'
  .. '[{"Code":"ConditionalCheckFailed","Message":"m","Item":' .. ITEM .. '},{"Code":"None"}]}'
local failures = {
  ["a failed put"] = { FAILED_CONDITION, function(w)
    return w.tbl:put_item({ id = "a", at = 1 }, { create_only = true, return_item_on_failure = true })
  end },
  ["a failed save"] = { FAILED_CONDITION, function(w)
    w.item.n = 6
    return w.item:save({ guard = "changed", return_item_on_failure = true })
  end },
  ["a cancelled transaction"] = { CANCELLED, function(w)
    return w.conn:transact_write({
      { update = { n = 1 }, table = w.tbl, hash_key = "a", range_key = 1, return_item_on_failure = true },
      { delete = true, table = w.tbl, hash_key = "a", range_key = 2 } })
  end },
  ["a write that happens once"] = { (CANCELLED:gsub(',{"Code":"None"}', "")), function(w)
    return w.tbl:update_item("a", 1, { update = { n = dynamodb.increment() }, retry_writes = "exact" })
  end },
  ["a throttled read"] = { '{"__type":"x#ThrottlingException","message":"m","ThrottlingReasons":[{"reason":"r","resource":"t"}]}',
    function(w) return w.tbl:get_item("a", 1) end },
}

-- Returns what is wrong with an error | nil.
local function flaw_of_error(err)
  if not dynamodb.is_error(err) then return "no error object: " .. tostring(err) end
  if err.kind ~= "service" and err.kind ~= "response" then return "kind " .. err.kind end
  if type(err.message) ~= "string" or tostring(err) == "" then return "no message" end
  if err.item and (err.item.id ~= "a" or err.item.at ~= 1) then return "another item: " .. dynamodb.inspect(err.item) end
  for _, reason in ipairs(err.reasons or {}) do
    if type(reason.code) ~= "string" or not reason.operation then return "a reason: " .. dynamodb.inspect(reason) end
    local item = reason.item
    if item and (item.id ~= "a" or item.at ~= 1) then return "another item: " .. dynamodb.inspect(item) end
  end
  for _, reason in ipairs(err.throttling_reasons or {}) do
    if type(reason.reason or "") ~= "string" then return "a throttling reason: " .. dynamodb.inspect(reason) end
  end
end

describe("an error that does not fit", function()
  for name, case in pairs(failures) do
    it("is an error: " .. name, function()
      local flaws = {}
      response_changes.each(case[1], function(path, kind, body)
        local w = new_world()
        w.failure = body
        local ok, value, err = pcall(case[2], w)
        w.failure = nil
        local flaw = not ok and tostring(value) or value ~= nil and "no error" or flaw_of_error(err) or damage(w)
        if flaw then flaws[#flaws + 1] = ("%s, %s: %s"):format(path, kind, flaw) end
      end)
      assert.same({}, flaws)
    end)
  end

  it("keeps its code when its item is none", function()
    local w = new_world()
    w.failure = '{"__type":"x#ConditionalCheckFailedException","message":"m","Item":5}'
    local _, err = w.tbl:put_item({ id = "a", at = 1 }, { create_only = true })
    assert.same({ "ConditionalCheckFailedException", "m", nil }, { err.code, err.message, err.item })
  end)
end)

-- ===================== }
-- {===== Instances =====

describe("unfit responses", function()
  -- Calls with one other response -> error object, world.
  local function failed_call(operation, body, call)
    local w = new_world()
    w.changed = { operation, 1, body }
    local value, err = call(w)
    assert.is_nil(value)
    assert.equal("response", err.kind)
    return err, w
  end

  for what, more in pairs({ ["an empty KeySchema"] = '"KeySchema":[]', ["numbers as keys"] = '"KeySchema":[1]',
    ["a number as throughput"] = '"ProvisionedThroughput":1', ["an empty index"] = '"GlobalSecondaryIndexes":[{}]' }) do
    it("describe a table with " .. what, function()
      failed_call("DescribeTable", '{"Table":{"TableName":"messages","TableStatus":"ACTIVE",' .. more .. "}}", function(w)
        return w.conn:get_table("messages")
      end)
    end)
  end

  it("describe another table, or one without a name", function()
    for _, name in ipairs({ '"TableName":"Other",', "" }) do
      local _, w = failed_call("DescribeTable", '{"Table":{' .. name .. '"TableStatus":"ACTIVE"}}', function(w)
        return w.tbl:refresh()
      end)
      assert.is_nil(damage(w))
    end
  end)

  it("end a scan by an empty LastEvaluatedKey", function()
    local w = new_world()
    w.changed = { "Scan", 1, '{"Items":[' .. ITEM .. '],"Count":1,"ScannedCount":1,"LastEvaluatedKey":{}}' }
    local found = w.tbl:scan()
    assert.equal(1, #assert(found:all()))
    assert.is_nil(found.last_evaluated_key)
    assert.equal(1, #w.requests)
  end)

  it("repeat the key that was sent", function()
    local _, w = failed_call("Scan", FIRST_PAGE, function(w)
      w.changed = { "Scan", 2, FIRST_PAGE }
      return w.tbl:scan():all()
    end)
    assert.equal(2, #w.requests)
  end)

  for what, body in pairs({ ["that were not asked for"] = '{"Responses":{"messages":[{"id":{"S":"z"},"at":{"N":"1"}}]}',
    ["twice"] = '{"Responses":{"messages":[' .. ITEM .. "," .. ITEM .. "]}",
    ["without a key"] = '{"Responses":{"messages":[{"n":{"N":"1"}}]}',
    ["of another table"] = '{"Responses":{"other":[]}' }) do
    it("have items " .. what, function()
      for _, call in ipairs({ function(w) return w.tbl:get_items(KEYS) end,
        function(w) return w.tbl:get_items(KEYS, { items = false }) end,
        function(w) return w.conn:batch_get({ [w.tbl] = KEYS }) end }) do
        local err = failed_call("BatchGetItem", body .. ',"UnprocessedKeys":{}}', call)
        assert.equal(2, #err.leftovers)
      end
    end)
  end

  it("leave more writes unprocessed than were sent", function()
    local put = '{"PutRequest":{"Item":' .. ITEM .. "}}"
    for _, left in ipairs({ put .. "," .. put, '{"DeleteRequest":{"Key":' .. KEY .. "}}", '{"PutRequest":5}', "{}" }) do
      local err = failed_call("BatchWriteItem", '{"UnprocessedItems":{"messages":[' .. left .. "]}}", function(w)
        return w.tbl:batch_write(WRITES, { deadline = 1 })
      end)
      assert.is_true(err.ambiguous)
      assert.equal(3, #err.leftovers)
    end
  end)

  it("have a cycle of table names", function()
    local fake = helper.fake(function(_, n)
      if n > MOST_REQUESTS then error("too many requests", 0) end
      return helper.response(200, ('{"TableNames":["t"],"LastEvaluatedTableName":"%s"}'):format(n % 2 == 0 and "a" or "b"))
    end)
    local names, err = helper.offline(fake):list_tables()
    assert.same({ nil, "response", 3 }, { names, err.kind, #fake.requests })
  end)

  it("do not end a wait without a reason", function()
    failed_call("DescribeBackup", '{"BackupDescription":{}}', function(w) return w.conn:wait_until_backup_available("b") end)
    failed_call("DescribeTable", '{"Table":{"TableName":"messages"}}', function(w)
      return w.tbl:wait_until_active({ timeout = 1 })
    end)
  end)

  it("leave a table given by its ARN at that ARN", function()
    local fake = helper.fake(function(bytes)
      return helper.response(200, bytes:find("DescribeTable", 1, true) and responses.DescribeTable[1] or "{}")
    end)
    local tbl = assert(helper.offline(fake):get_table(ARN))
    assert(tbl:put_item({ id = "a", at = 1 }))
    assert.truthy(fake.requests[2]:find('"TableName":"' .. ARN .. '"', 1, true))
  end)
end)

-- ===================== }
