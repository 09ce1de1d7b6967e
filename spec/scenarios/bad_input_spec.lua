-- Misuse: each mistake raises an error at the caller's line that says what was expected, before a request is sent.

local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")

local transport = helper.fake()
local conn = helper.offline(transport)
local plain = conn:table("plain", { hash_key = "id" })
local ranged = conn:table("ranged", { hash_key = "id", range_key = "at", range_key_type = "N" })
local blobs = conn:table("blobs", { hash_key = "id", hash_key_type = "B" })

local function connect(given)
  if given.transport == nil then given.transport = transport end
  return dynamodb.connect(given)
end

-- A new item that the case may change.
local function item(attributes)
  return plain:new_item("a", nil, attributes)
end

local function nested(levels)
  local value = {}
  for _ = 2, levels do value = { m = value } end
  return value
end

local cycle = { name = "cycle" }
cycle.inner = cycle

local other_cycle = { name = "cycle" }
other_cycle.inner = other_cycle

local empty_set = dynamodb.set({ "a" })
empty_set:remove("a")

local closed = helper.offline(transport)
local closed_table = closed:table("t", { hash_key = "id" })
local closed_item = closed_table:new_item("a")
closed:close()

local S = conn:create_schema("id", "S")
local huge = ("x"):rep(10000)

-- { name, call, text that the error must contain }
local rows = {
  -- connect
  { "no table", function() dynamodb.connect("AKID") end, "connect: table of options expected, got string" },
  { "an unknown option", function() connect({ regoin = "eu-west-1" }) end,
    "unknown option 'regoin': did you mean 'region'? (known: account_id_endpoint_mode, alternator, attempt_timeout" },
  { "a list of options", function() connect({ "AKID", "secret" }) end, "connect: value at position 1, options have names" },
  { "a number as region", function() connect({ region = 5 }) end,
    "'region': region such as eu-west-1 expected" },
  { "a region with a slash", function() connect({ region = "evil.com/" }) end, "'region': region such as" },
  { "a region with a new line", function() connect({ region = "us-east-1\r\nx: y" }) end,
    "'region': region such as" },
  { "an empty region", function() connect({ region = "" }) end, "'region': region such as" },
  { "a timeout of 0", function() connect({ connect_timeout = 0 }) end,
    "'connect_timeout': positive number of seconds expected, got 0" },
  { "a negative timeout", function() connect({ attempt_timeout = -1 }) end,
    "'attempt_timeout': positive number" },
  { "a timeout that is not a number", function() connect({ attempt_timeout = 0 / 0 }) end,
    "'attempt_timeout': positive" },
  { "an infinite timeout", function() connect({ attempt_timeout = math.huge }) end,
    "'attempt_timeout': positive number" },
  { "a timeout as text", function() connect({ connect_timeout = "1" }) end,
    "'connect_timeout': positive number" },
  { "a number as ca_bundle", function() connect({ ca_bundle = 1 }) end,
    "'ca_bundle': non-empty string expected, got 1" },
  { "compression as text", function() connect({ compression = "gzip" }) end,
    "'compression': boolean expected" },
  { "an empty profile", function() connect({ profile = "" }) end, "'profile': non-empty string expected" },
  { "an empty host", function() connect({ host = "" }) end, "'host': non-empty string expected" },
  { "a host with a slash", function() connect({ host = "example.com/x//y" }) end, "option 'host'" },
  { "a host with a space", function() connect({ host = "exam ple" }) end, "option 'host'" },
  { "a host with a new line", function() connect({ host = "a\r\nb" }) end, "option 'host'" },
  { "a port of 0", function() connect({ host = "h", port = 0 }) end, "'port': port number expected, got 0" },
  { "a port beyond 65535", function() connect({ host = "h", port = 65536 }) end,
    "'port': port number expected" },
  { "half a port", function() connect({ host = "h", port = 80.5 }) end, "'port': port number expected" },
  { "a port as text", function() connect({ host = "h", port = "80" }) end, "'port': port number expected" },
  { "a port without host", function() connect({ port = 80 }) end, "'port' and 'is_secure' go with 'host'" },
  { "is_secure without host", function() connect({ is_secure = false }) end,
    "'port' and 'is_secure' go with 'host'" },
  { "is_secure as number", function() connect({ host = "h", is_secure = 1 }) end,
    "'is_secure': boolean expected, got 1" },
  { "host and endpoint_url", function() connect({ host = "h", endpoint_url = "http://h" }) end,
    "'host' contradicts 'endpoint_url'" },
  { "is_secure and endpoint_url", function() connect({ is_secure = true, endpoint_url = "http://h" }) end,
    "'is_secure' contradicts 'endpoint_url'" },
  { "another scheme", function() connect({ endpoint_url = "ftp://h" }) end,
    "http(s)://host[:port][/path]' expected" },
  { "no scheme", function() connect({ endpoint_url = "localhost:8000" }) end,
    "http(s)://host[:port][/path]' expected" },
  { "no host", function() connect({ endpoint_url = "http://" }) end,
    "http(s)://host[:port][/path]' expected" },
  { "a URL with port 0", function() connect({ endpoint_url = "http://h:0" }) end, "http(s)://host[:port]" },
  { "a URL with port 99999", function() connect({ endpoint_url = "http://h:99999" }) end,
    "http(s)://host[:port]" },
  { "a URL with a query", function() connect({ endpoint_url = "http://h/?a=b" }) end,
    "http(s)://host[:port]" },
  { "a URL with a new line", function() connect({ endpoint_url = "http://h\r\nx: y" }) end,
    "http(s)://host[:port]" },
  { "a URL with a NUL", function() connect({ endpoint_url = "http://h\0.evil.com" }) end,
    "http(s)://host[:port]" },
  { "a key without secret", function() connect({ aws_access_key_id = "AKID" }) end, "expected together" },
  { "a secret without key", function() connect({ aws_secret_access_key = "s" }) end, "expected together" },
  { "a token without key", function() connect({ aws_session_token = "t" }) end,
    "'aws_session_token' goes with" },
  { "an empty secret", function() connect({ aws_access_key_id = "AKID", aws_secret_access_key = "" }) end,
    "'aws_secret_access_key': non-empty string expected" },
  { "a key that is no text", function() connect({ aws_access_key_id = {}, aws_secret_access_key = "s" }) end,
    "'aws_access_key_id': non-empty string expected" },
  { "a transport without functions", function() connect({ transport = {} }) end,
    "table with the functions close, connect" },
  { "a transport's name", function() connect({ transport = "curl" }) end,
    "'transport': table with the functions" },

  -- the connection
  { "an unknown operation", function() conn:call("GetItems") end, "call: unknown operation 'GetItems'" },
  { "no operation", function() conn:call() end, "call: unknown operation 'nil'" },
  { "parameters as text", function() conn:call("GetItem", "a") end,
    "call: table of parameters expected, got string" },
  { "a key as text", function() conn:call("GetItem", { Key = "a" }) end,
    "Key: attributes expected (a table by names), got string" },
  { "a key as list", function() conn:call("GetItem", { Key = dynamodb.list({ "a" }) }) end,
    "Key: attributes expected" },
  { "a function in a key", function() conn:call("GetItem", { Key = { id = print } }) end,
    "GetItem: Key.id: DynamoDB value expected, got function" },
  { "a function as parameter", function() conn:call("GetItem", { TableName = print }) end,
    "GetItem: TableName: function has no form in JSON" },
  { "a decimal as limit", function() conn:call("Query", { Limit = 0 / 0 }) end, "Query: Limit: NaN is not" },
  { "a cycle of parameters", function() conn:call("ListTables", cycle) end, "nested deeper than 32 levels" },
  { "list_tables by number", function() conn:list_tables(5) end,
    "list_tables: table of options expected, got number" },
  { "a limit of 0", function() conn:list_tables({ limit = 0 }) end,
    "'limit': whole number of at least 1 expected, got 0" },
  { "half a limit", function() conn:list_tables({ limit = 1.5 }) end,
    "'limit': whole number of at least 1 expected" },
  { "an unknown list option", function() conn:list_tables({ Limit = 1 }) end,
    "unknown option 'Limit': did you mean 'limit'? (known: attempt_timeout, deadline, exclusive_start_table_name, "
      .. "headers, limit, max_attempts, retry_mode)" },
  { "a schema of nothing", function() conn:create_schema() end,
    "'hash_key_name' and 'hash_key_proto_value' expected together" },
  { "a schema without type", function() conn:create_schema("id") end, "expected together" },
  { "half a range key", function() conn:create_schema({ hash_key_name = "id", hash_key_proto_value = "S",
    range_key_name = "at" }) end, "'range_key_name' and 'range_key_proto_value' expected together" },
  { "a key type of table", function() conn:create_schema("id", {}) end,
    "'hash_key_proto_value': \"S\", \"N\", \"B\" or a sample value expected, got table" },
  { "a key type of boolean", function() conn:create_schema("id", true) end,
    "or a sample value expected, got boolean" },
  { "a key type of set", function() conn:create_schema("id", dynamodb.set({ 1 })) end, "got dynamodb.set" },
  { "one name for both keys", function() conn:create_schema("id", "S", "id", "N") end,
    "are both named 'id'" },
  { "an empty key name", function() conn:create_schema("", "S") end,
    "'hash_key_name': non-empty string expected" },
  { "an unknown schema option", function() conn:create_schema({ hash_key = "id" }) end,
    "unknown option 'hash_key': did you mean 'hash_key_name'? (known: " },
  { "create_table without options", function() conn:create_table() end,
    "create_table: table of options expected, got nil" },
  { "create_table without name", function() conn:create_table({ schema = S }) end,
    "options 'name' and 'schema' expected" },
  { "create_table without schema", function() conn:create_table({ name = "t" }) end,
    "options 'name' and 'schema' expected" },
  { "a hand-made schema", function() conn:create_table({ name = "t", schema = { hash_key_name = "id" } }) end,
    "'schema': schema from create_schema expected, got table" },
  { "a numeric table name", function() conn:create_table({ name = 5, schema = S }) end,
    "'name': non-empty string expected" },
  { "half the units", function() conn:create_table({ name = "t", schema = S, read_units = 1 }) end,
    "options 'read_units' and 'write_units' expected together" },
  { "units of 0", function()
    conn:create_table({ name = "t", schema = S, read_units = 0, write_units = 1 })
  end,
    "'read_units': whole number of at least 1 expected, got 0" },
  { "units as text", function()
    conn:create_table({ name = "t", schema = S, read_units = 1, write_units = "1" })
  end,
    "'write_units': whole number of at least 1 expected" },
  { "get_table of nothing", function() conn:get_table() end,
    "get_table: table or its name expected, got nil" },
  { "get_table of no name", function() conn:get_table("") end, "get_table: table or its name expected" },
  { "describe_table of a number", function() conn:describe_table(5) end,
    "describe_table: table or its name expected, got number" },
  { "delete_table of an item", function() conn:delete_table(item()) end,
    "delete_table: table or its name expected, got dynamodb.item" },
  { "table of nothing", function() conn:table() end, "table: table or its name expected, got nil" },
  { "table without key", function() conn:table("t") end, "table: option 'hash_key' expected" },
  { "table with a key as text", function() conn:table("t", "id") end,
    "table: table of options expected, got string" },
  { "table with an unknown option", function() conn:table("t", { hash = "id" }) end,
    "unknown option 'hash'" },
  { "table with an unknown type", function() conn:table("t", { hash_key = "id", hash_key_type = "SS" }) end,
    "'hash_key_type': one of S, N, B expected, got 'SS'" },
  { "table with one name for both keys", function()
    conn:table("t", { hash_key = "id", range_key = "id" })
  end,
    "are both named 'id'" },
  { "a connection's field", function() conn.region = "eu-west-1" end, "read-only: 'region'" },

  -- the table
  { "get_item of nothing", function() plain:get_item() end, "get_item: key attribute 'id' is missing" },
  { "get_item without options", function() plain:get_item({}) end,
    "get_item: key attribute 'id' is missing" },
  { "get_item without range key", function() ranged:get_item("a") end,
    "get_item: key attribute 'at' is missing" },
  { "get_item with a needless range key", function() plain:get_item("a", 1) end,
    "get_item: table has no range key, got number" },
  { "get_item by a number", function() plain:get_item(5) end,
    "key attribute 'id': string expected, got number" },
  { "get_item by an empty key", function() plain:get_item("") end, "key attribute 'id' is empty" },
  { "get_item by text for bytes", function() blobs:get_item("a") end,
    "'id': dynamodb.binary expected, got string" },
  { "get_item by no bytes", function() blobs:get_item(dynamodb.binary("")) end,
    "key attribute 'id' is empty" },
  { "get_item with text as number", function() ranged:get_item("a", "1") end,
    "'at': number expected, got string" },
  { "get_item by NaN", function() ranged:get_item("a", 0 / 0) end, "GetItem: Key.at: NaN is not" },
  { "get_item by infinity", function() ranged:get_item("a", math.huge) end,
    "GetItem: Key.at: infinity is not" },
  { "get_item by broken UTF-8", function() plain:get_item("a\255") end,
    "GetItem: Key.id: string is not UTF-8" },
  { "get_item with an unknown option", function() plain:get_item({ hash_key = "a", consistent = true }) end,
    "get_item: unknown option 'consistent': did you mean 'consistent_read'? (known: attempt_timeout, attributes_to_get, "
      .. "consistent_read, deadline, explain, hash_key, headers, hedge, "
      .. "key, max_attempts, projection, range_key, retry_mode, return_consumed_capacity)" },
  { "consistent_read as number", function() plain:get_item({ hash_key = "a", consistent_read = 1 }) end,
    "'consistent_read': boolean expected, got 1" },
  { "key together with hash_key", function() plain:get_item({ hash_key = "a", key = { id = "a" } }) end,
    "option 'key' excludes 'hash_key' and 'range_key'" },
  { "key as text", function() plain:get_item({ key = "a" }) end, "'key': table expected, got 'a'" },
  { "key of another name", function() plain:get_item({ key = { ID = "a" } }) end,
    "'ID' is not a key attribute of the table" },
  { "key of half the names", function() ranged:get_item({ key = { id = "a" } }) end,
    "key attribute 'at' is missing" },
  { "an attribute as an option", function() plain:get_item({ id = "a" }) end,
    "get_item: unknown option 'id': it is a key attribute: say key = { id = ... } (known: " },
  { "a key attribute as an option of query", function() plain:query({ id = "a" }) end,
    "query: unknown option 'id': it is a key attribute: say key = { id = ... } (known: " },
  { "attributes as options", function() plain:new_item({ id = "a", n = 1 }) end,
    "attributes go into attrs = { ... } (known: attrs, hash_key, range_key)" },
  { "a key before attributes", function() plain:put_item("a", { n = 1 }) end,
    "put_item: table of attributes expected, got string (the key is one of the attributes)" },
  { "attributes after a key", function() plain:get_item("a", { n = 1 }) end, "get_item: unknown option 'n' (known: " },
  { "'number' as a type", function() conn:create_schema("id", "number") end,
    "option 'hash_key_proto_value': \"S\", \"N\", \"B\" or a sample value expected, got 'number'" },
  { "'string' as a type", function() conn:create_schema("id", "string") end,
    "option 'hash_key_proto_value': \"S\", \"N\", \"B\" or a sample value expected, got 'string'" },
  { "'binary' as a type", function() conn:create_schema("id", "binary") end,
    "option 'hash_key_proto_value': \"S\", \"N\", \"B\" or a sample value expected, got 'binary'" },
  { "'NUMBER' as a type", function() conn:create_schema("id", "NUMBER") end,
    "option 'hash_key_proto_value': \"S\", \"N\", \"B\" or a sample value expected, got 'NUMBER'" },
  { "'s' as a type", function() conn:create_schema("id", "s") end,
    "option 'hash_key_proto_value': \"S\", \"N\", \"B\" or a sample value expected, got 's'" },
  { "'Int' as a type", function() conn:create_schema("id", "Int") end,
    "option 'hash_key_proto_value': \"S\", \"N\", \"B\" or a sample value expected, got 'Int'" },
  { "'map' as a type", function() conn:create_schema("id", "map") end,
    "option 'hash_key_proto_value': \"S\", \"N\", \"B\" or a sample value expected, got 'map'" },
  { "has_item of nothing", function() plain:has_item() end, "has_item: key attribute 'id' is missing" },
  { "has_item with an unknown option", function() plain:has_item({ id = "a" }) end,
    "has_item: unknown option 'id': it is a key attribute: say key = { id = ... } (known" },
  { "delete_item of nothing", function() plain:delete_item() end,
    "delete_item: key attribute 'id' is missing" },
  { "delete_item with an unknown option", function()
    plain:delete_item({ hash_key = "a", consistent_read = true })
  end,
    "delete_item: unknown option 'consistent_read' (known: attempt_timeout, condition, " },
  { "put_item of nothing", function() plain:put_item() end,
    "put_item: table of attributes expected, got nil" },
  { "put_item of text", function() plain:put_item("a") end,
    "put_item: table of attributes expected, got string" },
  { "put_item of a set", function() plain:put_item(dynamodb.set({ "a" })) end,
    "table of attributes expected, got dynamodb.set" },
  { "put_item without key", function() plain:put_item({ text = "a" }) end,
    "put_item: key attribute 'id' is missing" },
  { "put_item with a wrong key", function() plain:put_item({ id = 5 }) end,
    "'id': string expected, got number" },
  { "put_item of a mixture", function() plain:put_item({ id = "a", "b" }) end,
    "PutItem plain { id = \"a\" }: Item: name expected as key" },
  { "new_item of nothing", function() plain:new_item() end, "new_item: key attribute 'id' is missing" },
  { "new_item with an unknown option", function() plain:new_item({ id = "a" }) end,
    "new_item: unknown option 'id': attributes go into attrs = { ... } (known: attrs, hash_key, range_key)" },
  { "new_item with attributes as text", function() plain:new_item("a", nil, "text") end,
    "new_item: table of attributes expected, got string" },
  { "new_item with a needless range key", function() plain:new_item("a", 1) end, "table has no range key" },
  { "new_item without range key", function() ranged:new_item("a") end,
    "new_item: key attribute 'at' is missing" },
  { "new_item with a wrong key", function() ranged:new_item("a", "1") end,
    "new_item: key attribute 'at': number expected" },
  { "a wait without time", function() plain:wait_until_active({ timeout = 0 }) end,
    "wait_until_active: option 'timeout': positive number of seconds expected, got 0" },
  { "a wait by number", function() plain:wait_until_deleted(5) end,
    "wait_until_deleted: table of options expected, got number" },
  { "a table's field", function() plain.name = "other" end, "read-only: 'name'" },

  -- the item
  { "assigning to a method", function() item().put = "x" end,
    "'put' is a method of items; use item:set(\"put\", value)" },
  { "a number as attribute name", function() item()[1] = "x" end,
    "attribute name expected (a string), got number" },
  { "a table as attribute name", function() item()[{}] = "x" end,
    "attribute name expected (a string), got table" },
  { "an empty attribute name", function() item()[""] = "x" end, "attribute name is empty" },
  { "set without name", function() item():set() end, "attribute name expected (a string), got nil" },
  { "get without name", function() item():get() end, "attribute name expected (a string), got nil" },
  { "get by number", function() item():get(1) end, "attribute name expected (a string), got number" },
  { "a function as attribute", function() item().f = print end,
    "attribute 'f': DynamoDB value expected, got function" },
  { "a coroutine as attribute", function() item().c = coroutine.create(print) end,
    "'c': DynamoDB value expected, got thread" },
  { "a file as attribute", function() item():set("f", io.stdout) end, "DynamoDB value expected, got " },
  { "an item as attribute", function() item().i = item() end, "'i': DynamoDB value expected, got an item" },
  { "a connection as attribute", function() item().c = conn end,
    "'c': DynamoDB value expected, got a connection" },
  { "put of a function within", function() item({ map = { list = { 1, print } } }):put() end,
    "put: map.list[2]: DynamoDB value expected, got function" },
  { "put of NaN", function() item({ n = 0 / 0 }):put() end, "put: n: NaN is not a DynamoDB number" },
  { "put of minus infinity", function() item({ list = { 1, -math.huge } }):put() end,
    "put: list[2]: infinity is not" },
  { "put of a number too large", function() item({ n = 1e126 }):put() end, "put: n: number is beyond" },
  { "put of a number too small", function() item({ n = 1e-131 }):put() end,
    "put: n: number is closer to zero" },
  { "put of broken UTF-8", function() item({ text = "\128" }):put() end, "put: text: string is not UTF-8" },
  { "put of a surrogate", function() item({ text = "\237\160\128" }):put() end,
    "put: text: string is not UTF-8" },
  { "put of a broken name", function() item({ ["\255"] = 1 }):put() end, "string is not UTF-8" },
  { "put of a list with holes", function() item({ list = { 1, 2, nil, 4 } }):put() end,
    "put: list: list with holes" },
  { "put of a list without start", function() item({ list = { [2] = 1 } }):put() end,
    "put: list: name expected as key of a map, got number" },
  { "put of positions and names", function() item({ map = { 1, a = 2 } }):put() end,
    "put: map: table has both positions" },
  { "put of a boolean as name", function() item({ map = { [true] = 1 } }):put() end,
    "put: map: name expected as key of a map, got boolean" },
  { "put of an empty name within", function() item({ map = { [""] = 1 } }):put() end,
    "put: map: attribute name is empty" },
  { "put of an empty set", function() item({ tags = empty_set }):put() end, "put: tags: empty set" },
  { "put of a cycle", function() item({ a = cycle }):put() end, "nested deeper than 32 levels (a cycle?)" },
  { "a copy of a cycle", function() item({ a = cycle }):totable() end, "a cycle?" },
  { "comparing cycles", function() assert(item({ a = cycle }) == item({ a = other_cycle })) end,
    "nested too deep to compare (a cycle?)" },
  { "put of 33 levels", function() item({ a = nested(33) }):put() end, "nested deeper than 32 levels" },
  { "save of a function within", function() item({ list = { print } }):save() end,
    "save: list[1]: DynamoDB value expected, got function" },
  { "save of an empty set in a list", function() item({ tags = { empty_set } }):save() end,
    "save: tags[1]: empty set" },
  { "save of a cycle", function() item({ a = cycle }):save() end, "nested deeper than 32 levels" },
  { "put_item of a cycle", function() plain:put_item({ id = "a", a = cycle }) end,
    "nested deeper than 32 levels" },
  { "reload by text", function() item():reload("now") end, "reload: table of options expected, got string" },
  { "reload with an unknown option", function() item():reload({ consistent = true }) end,
    "reload: unknown option 'consistent': did you mean 'consistent_read'? (known: attempt_timeout, consistent_read, deadline," },

  -- values
  { "a number of no digits", function() dynamodb.number("twelve") end, "not a number: 'twelve'" },
  { "a number of nothing", function() dynamodb.number() end, "number or its text expected, got no value" },
  { "a number of a table", function() dynamodb.number({}) end, "number or its text expected, got table" },
  { "a number with 39 digits", function() dynamodb.number("123456789012345678901234567890123456789") end,
    "38" },
  { "a number of NaN", function() dynamodb.number(0 / 0) end, "NaN is not a DynamoDB number" },
  { "a number in hexadecimal", function() dynamodb.number("0x10") end, "not a number: '0x10'" },
  { "a decimal compared with text", function() dynamodb.number("1"):compare("1") end,
    "dynamodb.number expected, got string" },
  { "bytes of a number", function() dynamodb.binary(5) end, "bytes (a string) expected, got number" },
  { "bytes of nothing", function() dynamodb.binary() end, "bytes (a string) expected, got no value" },
  { "a set of nothing", function() dynamodb.set() end, "set: list of elements expected" },
  { "an empty set", function() dynamodb.set({}) end, "at least one element expected" },
  { "a set of text and numbers", function() dynamodb.set({ "a", 1 }) end, "set of strings: got number" },
  { "a set of booleans", function() dynamodb.set({ true }) end, "got boolean" },
  { "a set of another type", function() dynamodb.set({ "a" }, "N") end, "set of numbers: got string" },
  { "a set of an unknown type", function() dynamodb.set({ "a" }, "X") end, "'X'" },
  { "a set of NaN", function() dynamodb.set({ 0 / 0 }) end, "set of numbers: NaN is not" },
  { "a wrong element for a set", function() dynamodb.set({ 1 }):add("a") end, "set of numbers: got string" },
  { "nothing for a set", function() dynamodb.set({ 1 }):add() end, "value expected" },
  { "a list of text", function() dynamodb.list("a") end, "table expected" },
  { "a map of a number", function() dynamodb.map(5) end, "table expected" },
  { "a list of a table with a metatable", function() dynamodb.list(setmetatable({}, {})) end,
    "table without a metatable expected" },

  -- closed objects and wrong selves
  { "a closed connection", function() closed:list_tables() end, "attempt to use a closed connection" },
  { "a call on a closed connection", function() closed:call("ListTables") end,
    "attempt to use a closed connection" },
  { "a schema of a closed connection", function() closed:create_schema("id", "S") end, "closed connection" },
  { "a table of a closed connection", function() closed_table:get_item("a") end,
    "attempt to use a closed connection" },
  { "an item of a closed connection", function() closed_item:put() end,
    "attempt to use a closed connection" },
  { "waiting for a closed connection", function() closed_table:wait_until_active() end, "closed connection" },
  { "a dot for a colon", function() conn.list_tables() end, "conn.list_tables() needs a colon: conn:list_tables()" },
  { "a dot for a colon in close", function() conn.close() end, "conn.close() needs a colon: conn:close()" },
  { "a dot for a colon in a table", function() plain.get_item("a") end,
    "tbl.get_item() needs a colon: tbl:get_item()" },
  { "a dot for a colon in an item", function() item().put() end, "item.put() needs a colon: item:put()" },
  { "a dot for a colon in get", function() item().get("text") end,
    "item.get() needs a colon: item:get()" },
  { "a colon for a dot", function() dynamodb:connect({}) end, "dynamodb.connect takes no colon" },

  -- arguments that would be dropped
  { "options after options", function() plain:delete_item({ hash_key = "a" }, { condition = { a = 1 } }) end,
    "delete_item takes (options) or (hash_key, range_key, options): nothing may follow a table of options" },
  { "a range key after options", function() ranged:get_item({ hash_key = "a" }, 1) end,
    "nothing may follow a table of options" },
  { "an argument after options", function() ranged:get_item("a", 1, {}, nil) end,
    "get_item takes (hash_key, range_key, options): 4 arguments given" },
  { "options as text", function() ranged:delete_item("a", 1, "quiet") end,
    "delete_item: table of options expected, got string" },
  { "false as options", function() plain:put_item({ id = "a" }, false) end,
    "put_item: table of options expected, got boolean" },
  { "a wrong option after a key", function() plain:get_item("a", { consistent = true }) end,
    "get_item: unknown option 'consistent'" },
  { "two keys", function() plain:get_item("a", { hash_key = "b" }) end,
    "get_item: option 'hash_key' excludes a positional key" },
  { "arguments after new_item's options", function() plain:new_item({ hash_key = "a" }, nil, { a = 1 }) end,
    "new_item takes (options) or (hash_key, range_key, attrs)" },
  { "arguments after a schema's options", function()
    conn:create_schema({ hash_key_name = "id", hash_key_proto_value = "S" }, "S")
  end, "create_schema: nothing may follow a table of options" },
  { "a key after an item", function() conn:delete_item(item(), {}, 1) end,
    "delete_item takes (item, options) for an item: 3 arguments given" },
  { "a range type without range key", function() conn:table("t", { hash_key = "id", range_key_type = "N" }) end,
    "table: option 'range_key_type' goes with 'range_key'" },
  { "options of connect twice", function() dynamodb.connect({}, { region = "eu-west-1" }) end,
    "connect takes (options): 2 arguments given" },
  { "a member of a list of keys", function() plain:get_items({ "a", consistent_read = true }) end,
    "get_items: list of keys expected, got a member 'consistent_read'" },
  { "a third part of a key", function() ranged:get_items({ { "a", 1, "b" } }) end,
    "get_items: keys[1]: key { hash, range } expected, got a member '3'" },
  { "a hole in a list", function() plain:get_items({ "a", nil, "b", "c" }) end, "list of keys expected, got" },
  { "an option among operations", function()
    conn:transact_write({ { put = item() }, token = "t" })
  end, "transact_write: list of operations expected, got a member 'token'" },
  { "a key beside a put", function() conn:transact_write({ { put = item(), hash_key = "b" } }) end,
    "transact_write[1]: unknown option 'hash_key'" },
  { "a key beside an item", function() conn:transact_write({ { delete = item(), hash_key = "b" } }) end,
    "transact_write[1]: option 'hash_key': the item has a key" },
  { "a table beside an item of another one", function()
    conn:transact_write({ { put = item(), table = ranged } })
  end, "transact_write[1]: option 'table': the item is of table 'plain'" },
  { "a delete of attributes", function()
    conn:transact_write({ { delete = { id = "a" }, table = plain, hash_key = "a" } })
  end, "option 'delete': item, or true beside a key expected, got table" },
  { "no table of a transaction", function() conn:transact_get({ { hash_key = "a" } }) end,
    "transact_get[1]: option 'table' expected (a table or its name)" },
  { "a name in a projection", function() plain:get_item("a", { projection = { "a", b = "c" } }) end,
    "projection: list of document paths expected, got a member 'b'" },
  { "a path twice", function() plain:get_item("a", { projection = { "a", "a" } }) end,
    "get_item: projection: 'a' occurs twice" },
  { "an unknown select", function() plain:scan({ select = "SOME" }) end,
    "'select': ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES or COUNT expected, got 'SOME'" },
  { "select and count", function() plain:scan({ select = "COUNT", count = true }) end,
    "scan: option 'select' excludes 'count'" },
  { "select and a projection", function() plain:scan({ select = "all_attributes", projection = { "a" } }) end,
    "scan: option 'select': ALL_ATTRIBUTES excludes a projection" },
  { "projected attributes of a table", function() plain:scan({ select = "ALL_PROJECTED_ATTRIBUTES" }) end,
    "scan: option 'select': ALL_PROJECTED_ATTRIBUTES goes with 'index'" },
  { "a timeout without waiting", function() plain:refresh({ timeout = 5 }) end,
    "refresh: option 'timeout' goes with 'wait_for_active'" },
  { "a deadline of a wait", function() plain:refresh({ wait_for_active = true, deadline = 5 }) end,
    "refresh: option 'deadline' excludes 'wait_for_active'" },
  { "expiry by text", function() plain:update_ttl("expires", "no") end,
    "update_ttl: true or false expected, got string" },
}

describe("bad input", function()
  assert(#rows >= 80)

  local titles = {}
  for _, row in ipairs(rows) do
    local what, call, text = row[1], row[2], row[3]
    assert(not titles[what], what)
    titles[what] = true

    it("is refused before a byte is sent: " .. what, function()
      local ok, err = pcall(call)
      assert.are.equal(0, transport.opened)
      assert.are.equal(0, transport.bytes)
      assert.is_false(ok, "nothing was raised")
      assert.is_truthy(tostring(err):find(text, 1, true),
        ("%s\n does not contain\n%s"):format(tostring(err), text))
      local line = tonumber(tostring(err):match("^spec/scenarios/bad_input_spec%.lua:(%d+): ."))
      local from = debug.getinfo(call, "S")
      assert.is_truthy(line and line >= from.linedefined and line <= from.lastlinedefined,
        "not at the caller's line: " .. tostring(err))
    end)
  end

  it("would be reported by the fake transport if it caused a connection", function()
    local watched = helper.fake()
    local ok, err = pcall(function() helper.offline(watched):list_tables() end)
    assert.is_false(ok)
    assert.is_truthy(err:find("unexpected connection", 1, true))
    assert.are.equal(1, watched.opened)
  end)

  it("is truncated in error messages", function()
    for _, call in ipairs({
      function() connect({ region = huge }) end,
      function() connect({ endpoint_url = huge }) end,
      function() connect({ [huge] = 1 }) end,
      function() conn:call(huge) end,
      function() conn:table("t", { hash_key = "id", hash_key_type = huge }) end,
      function() plain:get_item({ key = { [huge] = 1 } }) end,
      function() item({ [huge] = print }):put() end,
    }) do
      local ok, err = pcall(call)
      assert.is_false(ok)
      assert.is_true(#err < 1000, #err .. " bytes of error")
    end
  end)
end)
