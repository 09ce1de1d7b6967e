--- Reads many items of a table: query, scan and count.

local late = require("dynamodb.base.late")
local arguments = require("dynamodb.base.arguments")
local capacity = require("dynamodb.table.capacity")
local pipeline = require("dynamodb.request.pipeline")
local condition = require("dynamodb.expression.condition")
local core = require("dynamodb.core")
local cursor_text = late.module("dynamodb.table.cursor_text")
local errors = require("dynamodb.error")
local pool = require("dynamodb.http.pool")
local rate = late.module("dynamodb.request.rate")
local results = require("dynamodb.table.results")
local expressions = require("dynamodb.expression.builder")
local objects = require("dynamodb.base.objects")
local operations = require("dynamodb.base.operations")
local options = require("dynamodb.base.options")
local schema = require("dynamodb.table.schema")
local tables = require("dynamodb.table.table")

local Table = core.table_class.methods
local query = {}

local function is_start(value)
  return objects.is_plain(value), "key (a table by attribute names)"
end

-- The values of option 'select', as AWS writes them and in lower case.
local selects = {}
for _, name in ipairs({ "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "COUNT" }) do
  selects[name], selects[name:lower()] = name, name
end

local function is_select(value)
  return selects[value] ~= nil, "ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES or COUNT"
end

-- The options that query and scan share.
local shared_options = {
  attributes_to_get = options.any,
  budget = late.call("dynamodb.request.rate", "is_units"),
  consistent_read = options.boolean,
  count = options.boolean,
  cursor = options.any,
  cursor_key = options.any,
  exclusive_start_key = is_start,
  filter = options.any,
  hedge = late.call("dynamodb.request.hedge", "is_option"),
  index = options.text,
  items = options.boolean,
  max_requests = options.count(1),
  max_results = options.count(0),
  on_progress = options["function"],
  prefetch = options.count(0),
  projection = options.any,
  rate = late.call("dynamodb.request.rate", "is_units"),
  request_limit = options.count(1),
  select = is_select,
}

local function with_shared(more)
  return options.with_call_options(options.merge(shared_options, capacity.options, more))
end

query.query_options = with_shared({
  hash_key = options.any,
  key = options.table,
  key_condition = options.any,
  query_filter = options.any,
  range_key = options.any,
  range_key_condition = options.any,
  scan_index_forward = options.boolean,
})

query.scan_options = with_shared({
  concurrency = options.count(1),
  scan_filter = options.any,
  segment = options.count(0),
  segments = options.count(1),
  state = options.table,
  total_segments = options.count(1),
})

-- {===== Keys =====

-- Returns the names of the key attributes of the table or of an index, as two lists, 'hash' and 'range' |
-- nil, err. An index may take one DescribeTable.
local function key_names(self, fields, index)
  if not index then
    return { hash = { fields.schema.hash_key_name }, range = { fields.schema.range_key_name } }
  end
  local err = not (fields.indexes and fields.indexes[index]) and tables.refresh(self)
  if err then return nil, err end
  local found = (fields.indexes or {})[index]
  if found and found.hash[1] then return found end
  return nil, errors.locate(errors.new({ kind = "service", code = "ValidationException",
    operation = "DescribeTable", table = fields.name,
    message = ("%s has no index '%s' with a hash key"):format(tostring(self), index) }))
end

-- Returns the names of a start key: the key attributes of the index and of the table.
local function start_key_names(fields, key)
  local names, known = {}, {}
  local function add(list)
    for _, name in ipairs(list) do
      if not known[name] then names[#names + 1] = name end
      known[name] = true
    end
  end
  add(key.hash)
  add(key.range)
  add(schema.names(fields.schema))
  return names
end

local range_tests = {
  eq = true, lt = true, le = true, gt = true, ge = true, between = true, begins_with = true,
}

-- Returns the value of an option that has several names | nil. Raises when it is given under two of them.
local function exclusive_option(expression, given, ...)
  local found
  for _, name in ipairs({ ... }) do
    if given[name] ~= nil then
      if found then expression:fail("option '%s' excludes '%s'", found, name) end
      found = name
    end
  end
  return found and given[found]
end

-- Raises unless the values are of the key attribute's type. The types of index keys are known to the service
-- only.
local function check_types(expression, key, name, test)
  local kind = name == key.hash_key_name and key.hash_key_type
    or name == key.range_key_name and key.range_key_type
  for _, value in ipairs(condition.is(test) and test.values or { test }) do
    if objects.class(value) then
      expression:fail("key attribute '%s': value or condition expected, got %s", name,
        objects.describe(value))
    end
    local got = core.attribute_type(value)
    if kind and got and got ~= kind then
      expression:fail("key attribute '%s': value of type %s expected, got %s", name, kind, got)
    end
  end
end

-- Writes the test of one key attribute: equality for a hash key, one of some comparisons for a range key.
local function write_key_test(expression, key, name, test, is_hash)
  if test == nil then expression:fail("value of key attribute '%s' expected", name) end
  local known = not condition.is(test) or (not test.operand and not test.sized and range_tests[test.name])
  if not known or (is_hash and condition.is(test) and test.name ~= "eq") then
    expression:fail("key attribute '%s': %s expected, got %s", name, is_hash and "a value or eq"
      or "value or eq, lt, le, gt, ge, between, begins_with", objects.describe(test))
  end
  check_types(expression, key, name, test)
  return condition.write_test(expression, { name }, test)
end

-- Returns the tests of the options, by attribute name.
local function key_tests(expression, given, key)
  local range = exclusive_option(expression, given, "range_key", "range_key_condition")
  if given.key then
    exclusive_option(expression, given, "key", "hash_key", "range_key", "range_key_condition")
    return given.key
  end
  if given.hash_key == nil then expression:fail("option 'hash_key', 'key' or 'key_condition' expected") end
  if range ~= nil and not key.range[1] then expression:fail("option 'range_key': there is no range key") end
  local tests = { [key.hash[1]] = given.hash_key }
  if range ~= nil then tests[key.range[1]] = range end
  return tests
end

-- Returns the text of the key condition, and the hash key by attribute names | nil where the text has it.
local function key_condition(expression, table_key, given, key)
  if given.key_condition ~= nil then
    exclusive_option(expression, given, "key_condition", "key", "hash_key", "range_key",
      "range_key_condition")
    return condition.write(expression, given.key_condition, "key_condition")
  end
  local tests, texts, known, hash_key = key_tests(expression, given, key), {}, {}, {}
  for _, name in ipairs(key.hash) do
    local test = tests[name]
    known[name] = true
    texts[#texts + 1] = write_key_test(expression, table_key, name, test, true)
    if condition.is(test) then test = test.values[1] end -- eq
    hash_key[name] = test
  end
  for _, name in ipairs(key.range) do
    known[name] = true
    local test = tests[name]
    if test ~= nil then texts[#texts + 1] = write_key_test(expression, table_key, name, test, false) end
  end
  for name in pairs(tests) do
    if not known[name] then expression:fail("'%s' is not a key attribute", tostring(name)) end
  end
  return expression:finish(table.concat(texts, " AND "), "key condition"), hash_key
end

-- ===================== }

-- Returns the projection, which always includes the key attributes | nil.
local function projection(expression, given, names)
  local paths = exclusive_option(expression, given, "projection", "attributes_to_get")
  return paths ~= nil and expression:projection(paths, names) or nil
end

-- Returns the member Select of a request | nil.
local function select_of(expression, given)
  local name = selects[given.select]
  if name and given.count ~= nil then expression:fail("option 'select' excludes 'count'") end
  if name and name ~= "COUNT" and (given.projection ~= nil or given.attributes_to_get ~= nil) then
    expression:fail("option 'select': %s excludes a projection", name)
  end
  if name == "ALL_PROJECTED_ATTRIBUTES" and not given.index then
    expression:fail("option 'select': %s goes with 'index'", name)
  end
  return name or given.count and "COUNT" or nil
end

-- Makes the request and the plan of results that query and scan share.
local function prepare(self, fields, given, expression, key)
  local names, state = start_key_names(fields, key), core.connection_state(select(2, core.table_parts(self)))
  local filter = exclusive_option(expression, given, "filter", "query_filter", "scan_filter")
  local request = {
    TableName = fields.name,
    IndexName = given.index,
    ConsistentRead = given.consistent_read,
    FilterExpression = filter ~= nil and condition.write(expression, filter, "filter") or nil,
    ProjectionExpression = projection(expression, given, names),
    Select = select_of(expression, given),
    ExclusiveStartKey = given.exclusive_start_key,
    ReturnConsumedCapacity = capacity.as_sent[given.return_consumed_capacity] or state.asked or "TOTAL",
  }
  return expression:into(request), {
    call = pipeline.multi_request_options(state, given),
    owner = given.items ~= false and self or nil,
    key_names = names,
    max_results = given.max_results,
    max_requests = given.max_requests,
    prefetch = given.prefetch,
    request_limit = given.request_limit,
    meter = (given.rate or given.budget) and rate.new(given) or nil,
    on_progress = given.on_progress,
  }
end

-- Reads the option 'cursor' -> start, with 'key' or 'keys' of segments | nil, err.
local function cursor_start(where, given, connection, operation, request, plan)
  local transport = core.connection_state(connection).transport
  return cursor_text.read(where, given, operation, request, plan, transport.time)
end

-- Returns what a method for loops returns: the results, and with prefetch the value that closes them when a
-- loop of Lua 5.4 is left.
local function for_loop(found)
  if found._guard then return found, nil, nil, found end
  return found
end

--- Queries the items with one hash key, in the order of their range keys: query{ hash_key =, range_key = } or
--- query(hash [, range] [, options]). The range key is a value or a condition such as begins_with("a").
---@return dynamodb.Results? results
---@return dynamodb.Error? err when the index does not exist
function Table:query(first, second, third)
  local given, hash, range = arguments.with_key("query", first, second, third)
  local fields, connection = core.table_parts(self)
  options.check(query.query_options, given, "query", schema.explain_option, fields.schema)
  if given.explain then return capacity.explain(Table.query, self, first, second, third) end
  if given ~= first then given = options.merge(given, { hash_key = hash, range_key = range }) end
  local key, err = key_names(self, fields, given.index)
  if not key then return nil, err end
  local expression = expressions.new("query")
  local text, hash_key = key_condition(expression, fields.schema, given, key)
  local request, plan = prepare(self, fields, given, expression, key)
  plan.hash_key = hash_key
  request.KeyConditionExpression = text
  request.ScanIndexForward = given.scan_index_forward
  if given.cursor_key ~= nil or given.cursor ~= nil then
    local start
    start, err = cursor_start("query", given, connection, operations.Query, request, plan)
    if not start then return nil, err end
    request.ExclusiveStartKey = request.ExclusiveStartKey or start.key
  end
  return for_loop(results.new(connection, operations.Query, request, plan))
end

-- {===== Segments =====

local function check_segments(given)
  local total = given.segments or given.total_segments
  if given.segments and given.total_segments then
    errors.raise("scan: option 'segments' (all of them) excludes 'total_segments' (one of them)")
  end
  if given.total_segments and not given.segment then
    errors.raise("scan: option 'segment' goes with 'total_segments'")
  end
  if given.segment and not (total and given.segment < total) then
    errors.raise("scan: option 'segment': less than 'segments' or 'total_segments' expected")
  end
  for _, name in ipairs({ "concurrency", "state" }) do
    if given[name] and not given.segments then
      errors.raise("scan: option '%s' goes with 'segments'", name)
    end
  end
end

-- Returns the start key of each segment, from a state of results:state().
local function start_keys_of(given)
  local list, keys = given.state.segments, {}
  if type(list) ~= "table" or #list ~= given.segments then
    errors.raise("scan: option 'state': state of a scan with segments = %d expected", given.segments)
  end
  for i, each in ipairs(list) do
    local known = type(each) == "table" and type(each.done) == "boolean"
    local key = known and type(each.key) == "string" and core.decode(each.key, "item") or nil
    if not known or (each.key ~= nil and type(key) ~= "table") then
      errors.raise("scan: option 'state': state from results:state() expected")
    end
    if each.done then keys[i - 1] = false else keys[i - 1] = key end
  end
  return keys
end

-- Plans how the segments are read: concurrently, or in turn, perhaps from the middle of one. 'keys' are the
-- start keys that a cursor has.
local function plan_segments(plan, given, connection, keys)
  if given.exclusive_start_key and not given.segment then
    errors.raise("scan: option 'exclusive_start_key' with 'segments' goes with 'segment', that of the key")
  end
  local limit = core.connection_state(connection).options.max_connections or pool.MAX_CONNECTIONS
  local concurrency = math.min(given.concurrency or given.segment and 1 or limit, given.segments)
  if given.segment and (given.state or keys or concurrency > 1) then
    errors.raise("scan: 'segment' with 'segments' excludes 'state', 'cursor' and 'concurrency' above 1")
  end
  plan.segments, plan.concurrency = given.segments, concurrency
  plan.is_concurrent = given.state ~= nil or keys ~= nil or concurrency > 1
  if given.state or keys then
    plan.start_keys = keys or start_keys_of(given)
    return
  end
  local first = given.segment or 0
  plan.start_keys = { [first] = given.exclusive_start_key }
  for segment = 0, first - 1 do plan.start_keys[segment] = false end
end

-- ===================== }

--- Scans all items, in no order: scan{ filter = }. With 'segments' the table is read in that many parts,
--- 'concurrency' of them at a time, and resumed from 'state'; with 'segment' and 'total_segments' only one
--- part is read.
---@return dynamodb.Results? results
---@return dynamodb.Error? err when the index does not exist
function Table:scan(given)
  given = options.read(query.scan_options, given, "scan")
  check_segments(given)
  if given.explain then return capacity.explain(Table.scan, self, given) end
  local fields, connection = core.table_parts(self)
  local key, err = key_names(self, fields, given.index)
  if not key then return nil, err end
  local request, plan = prepare(self, fields, given, expressions.new("scan"), key)
  request.TotalSegments = given.segments or given.total_segments
  request.Segment = given.total_segments and given.segment
  local keys
  if given.cursor_key ~= nil or given.cursor ~= nil then
    local start
    start, err = cursor_start("scan", given, connection, operations.Scan, request, plan)
    if not start then return nil, err end
    request.ExclusiveStartKey, keys = request.ExclusiveStartKey or start.key, start.keys
  end
  if given.segments then plan_segments(plan, given, connection, keys) end
  return for_loop(results.new(connection, operations.Scan, request, plan))
end

--- Counts the items of a query, or of a scan when no key is given -> count, results | nil, err.
function Table:count(given)
  if given ~= nil and not objects.is_plain(given) then
    errors.raise("count: table of options expected, got %s", objects.describe(given))
  end
  local copy = options.merge({ count = true }, given)
  local queried = copy.hash_key ~= nil or copy.key ~= nil or copy.key_condition ~= nil
  local own, err = (queried and self.query or self.scan)(self, copy)
  if not own or copy.explain then return own, err end
  repeat
    local page
    page, err = own:next_response()
    if err then return nil, err end
  until not page
  return math.min(own.count, copy.max_results or own.count), own
end

arguments.check_methods(Table, "tbl", { core.table_class }, {
  count = "options",
  query = "hash_key, range_key, options",
  scan = "options",
})

return query
