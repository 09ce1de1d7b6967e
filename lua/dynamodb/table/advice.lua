--- Warnings about reads that cost more than they need to, or do something else than they seem to: `warnings`
--- of option 'explain'. doc/costs.md
-- Source: DynamoDB developer guide, "Querying and scanning an index", "Filter expressions for the Query
-- operation" and "Read consistency".

local core = require("dynamodb.core")
local trim = require("dynamodb.base.text").trim

local advice = {}

-- {===== Filters =====

-- Returns the position after the parenthesis that closes the one at a position.
local function after_group(text, position)
  return select(2, text:find("^%b()", position)) + 1
end

-- Splits a condition at its top AND -> list of its parts | nil when it has an OR or a NOT there. The AND of
-- BETWEEN splits no condition, but cannot be taken for an equality either.
local function conjuncts(text)
  local parts, start, position = {}, 1, 1
  while position <= #text do
    local mark = text:match("^%(", position)
    local word = text:match("^%a+", position)
    if mark then
      position = after_group(text, position)
    elseif word == "OR" or word == "NOT" then
      return nil
    elseif word == "AND" then
      parts[#parts + 1] = text:sub(start, position - 1)
      position = position + 3
      start = position
    else
      position = position + #(text:match("^[#:]?[%w_]+", position) or " ")
    end
  end
  parts[#parts + 1] = text:sub(start)
  return parts
end

-- Adds the attributes that a condition compares with a value for equality: name -> true.
local function add_equalities(found, text, names)
  for _, conjunct in ipairs(conjuncts(text) or {}) do
    local part = trim(conjunct)
    local inner = part:match("^(%b())$")
    if inner then
      add_equalities(found, inner:sub(2, -2), names)
    else
      local name = part:match("^(#[%w_]+)%s*=%s*:[%w_]+$") or part:match("^:[%w_]+%s*=%s*(#[%w_]+)$")
      if name then found[names[name]] = true end
    end
  end
  return found
end

-- ===================== }
-- {===== Warnings =====

local function add(list, code, format, ...)
  list[#list + 1] = { code = code, message = format:format(...) }
end

local function has_all(found, names)
  for _, name in ipairs(names) do
    if not found[name] then return false end
  end
  return #names > 0
end

local function sorted_names(indexes)
  local names = {}
  for name in pairs(indexes or {}) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- Returns the tables and indexes whose hash key a filter fixes: list of { what =, hash = names }.
local function queryable(fields, equalities)
  local list = {}
  if equalities[fields.schema.hash_key_name] then
    list[1] = { what = "the table", hash = fields.schema.hash_key_name }
  end
  for _, name in ipairs(sorted_names(fields.indexes)) do
    local hash = fields.indexes[name].hash
    if fields.indexes[name].kind == "global" and has_all(equalities, hash) then
      list[#list + 1] = { what = ("index '%s'"):format(name), hash = table.concat(hash, "', '") }
    end
  end
  return list
end

local function check_scan(list, params, fields)
  local equalities = add_equalities({}, params.FilterExpression, params.ExpressionAttributeNames or {})
  for _, each in ipairs(queryable(fields, equalities)) do
    add(list, "scan_for_query", "the filter asks for one value of '%s', the hash key of %s: a query reads "
      .. "only the items with that value", each.hash, each.what)
  end
end

local function check_filter(list, operation, params, fields, given)
  if operation == "Scan" then check_scan(list, params, fields) end
  add(list, "filter_after_read", "the filter is applied to items that were read: those that it drops take "
    .. "capacity units as well")
  if given.request_limit then
    add(list, "limit_before_filter", "request_limit = %d counts items before the filter, so that a page may "
      .. "have fewer items or none; max_results counts those that are returned", given.request_limit)
  end
end

local function check_index(list, params, index)
  if params.ConsistentRead and index.kind == "global" then
    add(list, "consistent_global_index", "the service refuses consistent reads of the global index '%s'",
      index.name)
  end
end

local function check_order(list, params, fields, index)
  if params.ScanIndexForward == nil then return end
  if index and not index.range[1] then
    add(list, "unindexed_sort", "index '%s' has no range key: its items with one hash key have no order, and "
      .. "scan_index_forward does not give them one", index.name)
  elseif not index and not fields.schema.range_key_name then
    add(list, "unindexed_sort", "the table has no range key: there is one item at most with a hash key, and "
      .. "scan_index_forward has no effect")
  end
end

local function check_projection(list, has_projection)
  if not has_projection then return end
  add(list, "projection_saves_no_units", "a projection makes responses smaller, but takes the capacity units "
    .. "of whole items")
end

local function check_read(list, operation, params, fields, given)
  local index = params.IndexName and (fields.indexes or {})[params.IndexName]
  if params.FilterExpression then check_filter(list, operation, params, fields, given) end
  check_projection(list, given.projection ~= nil or given.attributes_to_get ~= nil)
  if index then check_index(list, params, index) end
  check_order(list, params, fields, index)
end

-- ===================== }

-- Returns true when a part of a batch or a transaction has a projection.
local function has_projection(params)
  for _, part in pairs(params.RequestItems or {}) do
    if part.ProjectionExpression then return true end
  end
  for _, part in ipairs(params.TransactItems or {}) do
    if part.Get.ProjectionExpression then return true end
  end
  return false
end

local single_reads = { GetItem = true, Query = true, Scan = true }
local many_reads = { BatchGetItem = true, TransactGetItems = true }

--- Returns the warnings about requests of one operation. Those after the first differ in their keys only.
---@param operation? string of AWS; nil without requests
---@param requests table[] with params
---@param tables table name -> fields of a table object
---@param given table the options of the method
---@return table[] list of { code =, message = }
function advice.on(operation, requests, tables, given)
  local list = core.list()
  local params = requests[1] and requests[1].params
  if params and single_reads[operation] then
    check_read(list, operation, params, tables[params.TableName], given)
  elseif params and many_reads[operation] then
    check_projection(list, has_projection(params))
  end
  return list
end

return advice
