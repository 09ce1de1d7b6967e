--- Reading many items of a table: query, scan and count.

local pipeline = require("dynamodb.request.pipeline")
local condition = require("dynamodb.expression.condition")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local pool = require("dynamodb.http.pool")
local results = require("dynamodb.table.results")
local expressions = require("dynamodb.expression.builder")
local operations = require("dynamodb.base.operations")
local options = require("dynamodb.base.options")

local Table = core.table_class.methods
local query = {}

local function is_start(value)
  return type(value) == "table", "key (a table by attribute names)"
end

-- What query and scan share.
local shared_options = {
  attributes_to_get = options.any,
  consistent_read = options.boolean,
  count = options.boolean,
  exclusive_start_key = is_start,
  filter = options.any,
  index = options.text,
  items = options.boolean,
  max_requests = options.count(1),
  max_results = options.count(0),
  prefetch = options.count(0),
  projection = options.any,
  request_limit = options.count(1),
}

local function with(more)
  local all = {}
  for name, validator in pairs(shared_options) do all[name] = validator end
  for name, validator in pairs(more) do all[name] = validator end
  return options.with_call_options(all)
end

query.query_options = with({
  hash_key = options.any,
  key = options.table,
  key_condition = options.any,
  query_filter = options.any,
  range_key = options.any,
  range_key_condition = options.any,
  scan_index_forward = options.boolean,
})

query.scan_options = with({
  concurrency = options.count(1),
  scan_filter = options.any,
  segment = options.count(0),
  segments = options.count(1),
  state = options.table,
  total_segments = options.count(1),
})

-- {===== Keys =====

-- The key attributes of the table, or of one of its indexes, which may take one DescribeTable -> { hash,
-- range }, lists of names | nil, err.
local function key_of(self, fields, index)
  if not index then
    return { hash = { fields.schema.hash_key_name }, range = { fields.schema.range_key_name } }
  end
  if not (fields.indexes and fields.indexes[index]) then
    local ok, err = self:refresh()
    if not ok then return nil, err end
  end
  local found = fields.indexes[index]
  if found then return found end
  return nil, errors.new({ kind = "service", code = "ValidationException", operation = "DescribeTable",
    message = ("%s has no index '%s'"):format(tostring(self), index) })
end

-- The names that a key for going on has: the index's, and the table's.
local function start_names(fields, key)
  local names, known = {}, {}
  local function add(list)
    for _, name in ipairs(list) do
      if not known[name] then names[#names + 1] = name end
      known[name] = true
    end
  end
  add(key.hash)
  add(key.range)
  add({ fields.schema.hash_key_name, fields.schema.range_key_name })
  return names
end

local range_tests = {
  eq = true, lt = true, le = true, gt = true, ge = true, between = true, begins_with = true,
}

-- The option that has these names, of which only one may be given.
local function either(expression, given, ...)
  local found
  for _, name in ipairs({ ... }) do
    if given[name] ~= nil then
      if found then expression:fail("option '%s' excludes '%s'", found, name) end
      found = name
    end
  end
  return found and given[found]
end

-- Values for a key attribute of the table's have to be of its type; of others the service knows it.
local function check_types(expression, key, name, test)
  local kind = name == key.hash_key_name and key.hash_key_type
    or name == key.range_key_name and key.range_key_type
  for _, value in ipairs(condition.is(test) and test.values or { test }) do
    local got = (core.encode(value, "value") or ""):match('^{"(%u+)"')
    if kind and got and got ~= kind then
      expression:fail("key attribute '%s': value of type %s expected, got %s", name, kind, got)
    end
  end
end

-- One test of a key condition; hash keys have to be equal to something, range keys take some comparisons.
local function write_key_test(expression, schema, name, test, is_hash)
  if test == nil then expression:fail("value of key attribute '%s' expected", name) end
  local known = not condition.is(test) or (not test.operand and not test.sized and range_tests[test.name])
  if not known or (is_hash and condition.is(test) and test.name ~= "eq") then
    expression:fail("key attribute '%s': %s", name, is_hash and "a value to be equal to expected"
      or "value or eq, lt, le, gt, ge, between, begins_with expected")
  end
  check_types(expression, schema, name, test)
  return condition.write_test(expression, { name }, test)
end

-- The tests by attribute name that the options tell.
local function key_tests(expression, given, key)
  local range = either(expression, given, "range_key", "range_key_condition")
  if given.key then
    either(expression, given, "key", "hash_key", "range_key", "range_key_condition")
    return given.key
  end
  if given.hash_key == nil then expression:fail("option 'hash_key', 'key' or 'key_condition' expected") end
  if range ~= nil and not key.range[1] then expression:fail("option 'range_key': there is no range key") end
  local tests = { [key.hash[1]] = given.hash_key }
  if range ~= nil then tests[key.range[1]] = range end
  return tests
end

local function key_condition(expression, schema, given, key)
  if given.key_condition ~= nil then
    either(expression, given, "key_condition", "key", "hash_key", "range_key", "range_key_condition")
    return condition.write(expression, given.key_condition, "key_condition")
  end
  local tests, texts, known = key_tests(expression, given, key), {}, {}
  for _, name in ipairs(key.hash) do
    known[name] = true
    texts[#texts + 1] = write_key_test(expression, schema, name, tests[name], true)
  end
  for _, name in ipairs(key.range) do
    known[name] = true
    local test = tests[name]
    if test ~= nil then texts[#texts + 1] = write_key_test(expression, schema, name, test, false) end
  end
  for name in pairs(tests) do
    if not known[name] then expression:fail("'%s' is no key attribute", tostring(name)) end
  end
  return expression:finish(table.concat(texts, " AND "), "key condition")
end

-- ===================== }

-- The paths to read; key attributes always come along, so that an item can be told from others.
local function projection(expression, given, names)
  local paths = either(expression, given, "projection", "attributes_to_get")
  return paths ~= nil and expression:projection(paths, names) or nil
end

-- The request and the plan that query and scan share.
local function prepare(self, fields, given, expression, key)
  local names = start_names(fields, key)
  local filter = either(expression, given, "filter", "query_filter", "scan_filter")
  local request = {
    TableName = fields.name,
    IndexName = given.index,
    ConsistentRead = given.consistent_read,
    FilterExpression = filter ~= nil and condition.write(expression, filter, "filter") or nil,
    ProjectionExpression = projection(expression, given, names),
    Select = given.count and "COUNT" or nil,
    ExclusiveStartKey = given.exclusive_start_key,
    ReturnConsumedCapacity = "TOTAL",
  }
  return expression:into(request), {
    call = pipeline.multi_request_options(core.connection_state(select(2, core.table_parts(self))), given),
    owner = given.items ~= false and self or nil,
    key_names = names,
    max_results = given.max_results,
    max_requests = given.max_requests,
    prefetch = given.prefetch,
    request_limit = given.request_limit,
  }
end

--- Items with one hash key, in the order of their range keys: query{ hash_key =, range_key = } or query(hash,
--- range). The range key may be a value or a condition (begins_with("a")) -> results | nil, err when the
--- index is not known.
function Table:query(first, range)
  local given = type(first) == "table" and first or { hash_key = first, range_key = range }
  options.check(query.query_options, given, "query")
  local fields, connection = core.table_parts(self)
  local key, err = key_of(self, fields, given.index)
  if not key then return nil, err end
  local expression = expressions.new("query")
  local text = key_condition(expression, fields.schema, given, key)
  local request, plan = prepare(self, fields, given, expression, key)
  request.KeyConditionExpression = text
  request.ScanIndexForward = given.scan_index_forward
  return results.for_loop(results.new(connection, operations.Query, request, plan))
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

-- Where each segment goes on, from what results:state() gave.
local function places_of(given)
  local list, places = given.state.segments, {}
  if type(list) ~= "table" or #list ~= given.segments then
    errors.raise("scan: option 'state': state of a scan with segments = %d expected", given.segments)
  end
  for i, each in ipairs(list) do
    local known = type(each) == "table" and type(each.done) == "boolean"
    local place = known and type(each.key) == "string" and core.decode(each.key, "item") or nil
    if not known or (each.key ~= nil and type(place) ~= "table") then
      errors.raise("scan: option 'state': what results:state() gave expected")
    end
    if each.done then places[i - 1] = false else places[i - 1] = place end
  end
  return places
end

-- How the segments are read: side by side, or in turn, from one that may have been begun.
local function plan_segments(plan, given, connection)
  local begun = given.segment ~= nil or given.exclusive_start_key ~= nil
  local most = core.connection_state(connection).options.max_connections or pool.MAX_CONNECTIONS
  local concurrency = math.min(given.concurrency or begun and 1 or most, given.segments)
  if begun and (given.state or concurrency > 1) then
    errors.raise("scan: options 'segment' and 'exclusive_start_key' beside 'segments' are of those that read "
      .. "them in turn, with concurrency = 1; others go on with 'state'")
  end
  plan.segments, plan.concurrency = given.segments, concurrency
  plan.is_concurrent = given.state ~= nil or concurrency > 1
  if given.state then
    plan.places = places_of(given)
    return
  end
  local first = given.segment or 0
  plan.places = { [first] = given.exclusive_start_key }
  for segment = 0, first - 1 do plan.places[segment] = false end
end

-- ===================== }

--- All items, in no order: scan{ filter = } -> results | nil, err when the index is not known. With
--- 'segments' the table is read in so many parts, 'concurrency' of them side by side, from where 'state' says
--- they were left; with 'segment' and 'total_segments' only that part is.
function Table:scan(given)
  given = given or {}
  options.check(query.scan_options, given, "scan")
  check_segments(given)
  local fields, connection = core.table_parts(self)
  local key, err = key_of(self, fields, given.index)
  if not key then return nil, err end
  local request, plan = prepare(self, fields, given, expressions.new("scan"), key)
  request.TotalSegments = given.segments or given.total_segments
  request.Segment = given.total_segments and given.segment
  if given.segments then plan_segments(plan, given, connection) end
  return results.for_loop(results.new(connection, operations.Scan, request, plan))
end

--- How many items a query finds, or a scan when there is no key -> count, results | nil, err.
function Table:count(given)
  local copy = { count = true }
  for name, value in pairs(given or {}) do copy[name] = value end
  local queried = copy.hash_key ~= nil or copy.key ~= nil or copy.key_condition ~= nil
  local own, err = (queried and self.query or self.scan)(self, copy)
  if not own then return nil, err end
  repeat
    local page
    page, err = own:next_response()
    if err then return nil, err end
  until not page
  return math.min(own.count, copy.max_results or own.count), own
end

return query
