--- Option 'explain': what a call would send, the capacity units that it would take, and warnings. Nothing is
--- sent. doc/costs.md
-- The method runs as always, except that the connection has a collector in place of its meter, which all
-- calls pass. The collector keeps each request. It returns empty responses for pages and batches, so that the
-- next request follows, and ends the method at any other request.

local advice = require("dynamodb.table.advice")
local consumption = require("dynamodb.request.consumption")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local estimate = require("dynamodb.table.estimate")
local limits = require("dynamodb.request.limits")
local objects = require("dynamodb.base.objects")
local operations = require("dynamodb.base.operations")
local options = require("dynamodb.base.options")
local pipeline = require("dynamodb.request.pipeline")

local unpack = table.unpack or unpack -- luacheck: ignore 143 113

local explain = {}

---@class dynamodb.Explanation
---@field operation? string of AWS; nil when nothing would be sent
---@field requests table[] in their order: { params = table, json = text, bytes = integer }
---@field bytes integer of the JSON texts of all requests
---@field units table { read = number, write = number, unknown = list of { code =, message = } }: estimate
---@field warnings table[] list of { code =, message = }

-- {===== The collector =====

-- For operations that a method may send several times: makes an empty response, after which it goes on.
local empty_responses = {
  BatchGetItem = function() return { Responses = {} } end,
  BatchWriteItem = function() return {} end,
  Query = function() return { Items = core.list(), Count = 0, ScannedCount = 0 } end,
}
empty_responses.Scan = empty_responses.Query

---@class dynamodb.Collector
---@field idle integer read of meters: seconds in which requests waited
---@field asks boolean a rate or a budget asks what is consumed
---@field operation? string
---@field requests table[]
local Collector = {}
Collector.__index = Collector

-- Returns the operation and the parameters as they are sent: with what a rate asks for, and with the
-- transaction that retry_writes = "exact" makes.
local function as_sent(self, state, operation, params, given)
  if self.asks then
    if params.ReturnConsumedCapacity == "NONE" then
      params = options.merge(params)
      params.ReturnConsumedCapacity = nil
    end
    params = consumption.ask(params, operation, "TOTAL")
  end
  local call = { operation = operation, params = params, options = given }
  if (given.retry_writes or state.retry_writes) == "exact" then pipeline.wrap(call) end
  return call.operation, call.params
end

--- Keeps a request -> an empty response. Raises itself where the method must go no further.
function Collector:call(state, _, _, operation, params, _, given, where, subject)
  if operation.name == "DescribeTable" then
    errors.raise("option 'explain' sends nothing, but table '%s' or its index has to be described first "
      .. "(by conn:get_table or tbl:refresh)", params.TableName)
  end
  where = where and where(params, subject) or operation.name
  local item = params.Item
  operation, params = as_sent(self, state, operation, params, given or options.NONE)
  local json = pipeline.encode(params, operation.input, where)
  if item then limits.check_item(item, #json, where) end
  self.operation = operation.name
  self.requests[#self.requests + 1] = { bytes = #json, json = json,
    params = assert(core.decode(json, operations[operation.name].input)) }
  local empty = empty_responses[operation.name]
  if empty then return empty() end
  error(self, 0)
end

-- ===================== }
-- {===== A call =====

-- Returns the connection of a connection, table or item, and the item's table or the table | nil.
local function parts_of(self)
  local name = core.typename(self)
  if name == "dynamodb.connection" then return self end
  local owner = name == "dynamodb.item" and (core.item_parts(self)) or self
  return select(2, core.table_parts(owner)), owner
end

-- Returns the arguments for a call that requests one part after the other and no more than is asked for.
local function arguments_of(list)
  local last = list[list.n]
  local copy = options.merge(last)
  for _, name in ipairs({ "budget", "explain", "on_progress", "prefetch", "rate" }) do copy[name] = nil end
  if copy.concurrency or copy.segments then copy.concurrency = 1 end
  list[list.n] = copy
  return last, list
end

-- Calls the method, and reads the results that it returns -> what it returns.
local function call_method(method, self, list)
  local found, err = method(self, unpack(list, 1, list.n))
  if core.typename(found) ~= "dynamodb.results" then return found, err end
  repeat
    local page
    page, err = found:next_response()
  until not page
  return found, err
end

-- Returns the fields of tables by name, as far as the call and the connection know them.
local function known_tables(state, owner, list)
  local found = {}
  local function add(value)
    local name = core.typename(value)
    if name == "dynamodb.item" then value, name = (core.item_parts(value)), "dynamodb.table" end
    if name ~= "dynamodb.table" then return end
    local fields = core.table_parts(value)
    found[fields.name] = fields
  end
  for _, known in pairs(state.running.known_tables) do add(known) end
  add(owner)
  for key, operation in pairs(not owner and list[1] or {}) do
    add(key)
    for _, value in pairs(objects.is_plain(operation) and operation or {}) do add(value) end
  end
  return found
end

-- Adds warnings and units to what was collected -> the explanation.
local function complete(collector, tables, self, given)
  local bytes = 0
  for _, request in ipairs(collector.requests) do bytes = bytes + request.bytes end
  local item = core.typename(self) == "dynamodb.item" and self or nil
  return { operation = collector.operation, requests = collector.requests, bytes = bytes,
    units = estimate.of(collector.operation, collector.requests, tables, item, given),
    warnings = advice.on(collector.operation, collector.requests, tables, given) }
end

--- Explains a call of a method. Raises what the method raises.
---@param method function
---@param self userdata connection, table or item
---@param ... any its arguments, of which the last one that is not nil has the options
---@return dynamodb.Explanation?
---@return dynamodb.Error? err what the method returns without a request, such as that of an invalid cursor
function explain.run(method, self, ...)
  local list = { n = select("#", ...), ... }
  while list[list.n] == nil do list.n = list.n - 1 end
  local connection, owner = parts_of(self)
  local state = core.connection_state(connection)
  local tables = known_tables(state, owner, list)
  local given
  given, list = arguments_of(list)
  local before = state.meter
  local collector = setmetatable({ idle = 0, requests = {},
    asks = before ~= false or given.rate ~= nil or given.budget ~= nil }, Collector)
  state.meter = collector
  local ok, found, err = pcall(call_method, method, self, list)
  state.meter = before
  if not ok and found ~= collector then error(found, 0) end
  if ok and errors.is(err) then return nil, err end
  return complete(collector, tables, self, given)
end

-- ===================== }

return explain
