--- Requests the pages of one listing in order: of a query, of one segment of a scan, or of another operation
--- that has pages.
-- Source: DynamoDB developer guide, "Paginating table query results".

local context = require("dynamodb.request.context")
local core = require("dynamodb.core")
local options = require("dynamodb.base.options")
local pipeline = require("dynamodb.request.pipeline")
local response = require("dynamodb.request.response")
local response_check = require("dynamodb.request.response_check")

---@class dynamodb.Page
---@field response table of the service
---@field items table list of its elements
---@field count integer the number of elements, also when they are only counted
---@field scanned integer how many items were examined for them
---@field units number consumed capacity units
---@field segment? integer of a scan by segments, from 0
---@field next? any start key of the next page; nil for the last page

---@class dynamodb.Paginator
---@field more boolean true when there may be another page
---@field segment? integer
local Paginator = {}
Paginator.__index = Paginator

local paginator = {}

--- Makes a paginator.
---@param connection userdata
---@param operation table of base/operations, with 'pages'
---@param request table of the first page; it is changed for the others
---@param plan table owner (the dynamodb.table whose items the elements become), key_names (of the key
--- attributes, for queries and scans), hash_key (of a query, by attribute names), call (options of its
--- calls), meter (holds its calls back)
---@return dynamodb.Paginator
function paginator.new(connection, operation, request, plan)
  local members = operation.pages
  return setmetatable({
    more = true,
    segment = request.Segment,
    _start_member = members[1],
    _next_member = members[2],
    _list_member = members[3],
    _pages = 0,
    _mark = false, _next_mark = 0, -- for is_cycle
    _connection = connection,
    _operation = operation,
    _request = request,
    _plan = plan,
  }, Paginator)
end

--- Returns a list of one paginator, or of one for each segment of a scan that is not finished.
---@param plan table as in new, and: segments (how many), start_keys (of each, false when finished)
function paginator.for_segments(connection, operation, request, plan)
  if not plan.segments then return { paginator.new(connection, operation, request, plan) } end
  local list, start_member = {}, operation.pages[1]
  for segment = 0, plan.segments - 1 do
    local key = plan.start_keys[segment]
    if key ~= false then
      local own = options.merge(request)
      own[start_member], own.Segment = key, segment
      list[#list + 1] = paginator.new(connection, operation, own, plan)
    end
  end
  return list
end

--- Returns the start key of the next page | nil.
function Paginator:start_key()
  return self._request[self._start_member]
end

-- Returns a member of the result by its path, such as "StreamDescription.Shards" | nil.
local function member(result, path)
  for name in path:gmatch("[^.]+") do result = result and result[name] end
  return result
end

-- Returns the start key of the next page | nil. Some servers end the pages with an empty key.
local function next_key_of(self, result)
  local key = member(result, self._next_member)
  if key == "" or (type(key) == "table" and next(key) == nil) then return nil end
  return key
end

-- Returns true when the pages repeat themselves. The key is compared with the page's start key and with an
-- earlier one, which moves on at growing distances, so that a cycle of any length is found (Brent's
-- algorithm).
local function is_cycle(self, key)
  if not key then return false end
  local start = self:start_key()
  return start ~= nil and core.equal(key, start) or self._mark and core.equal(key, self._mark)
end

-- Returns what is wrong with the key of an item | nil.
local function item_misfit(plan, item)
  for _, name in ipairs(plan.key_names) do
    if core.attribute(item, name) == nil then return (": key attribute '%s' is missing"):format(name) end
  end
  return plan.hash_key and response_check.key(item, plan.hash_key)
end

-- Returns what is wrong with the keys of the items of a query or scan | nil. Reading resumes after them, and
-- all items of a query have its hash key. Only the first and the last item are looked at, which shows a
-- response to another request at little cost.
local function key_misfit(plan, items)
  local count = #items
  if not plan.key_names or count == 0 then return nil end
  local why = item_misfit(plan, items[1])
  if why then return "Items[1]" .. why end
  why = item_misfit(plan, items[count])
  return why and ("Items[%d]%s"):format(count, why)
end

-- Returns what is wrong with the response | nil.
local function complaint(self, items, next_key)
  if is_cycle(self, next_key) then return "it repeats an earlier " .. self._next_member end
  return key_misfit(self._plan, items)
end

--- Requests the next page. It remains the next one until it is accepted.
---@param limit? integer most items to examine
---@return dynamodb.Page?
---@return dynamodb.Error? also when the connection was closed since the results were made
function Paginator:fetch(limit)
  local closed = context.closed_meanwhile(self._connection)
  if closed then return nil, closed end
  local request, operation, plan = self._request, self._operation, self._plan
  request.Limit = limit or request.Limit
  local meter, result, err = plan.meter
  if meter then
    result, err = meter:call(core.connection_state(self._connection), pipeline.call, self._connection,
      operation, request, plan.owner, plan.call)
  else
    result, err = pipeline.call(self._connection, operation, request, plan.owner, plan.call)
  end
  if not result then return nil, err end
  local items, next_key = member(result, self._list_member) or {}, next_key_of(self, result)
  local why = complaint(self, items, next_key)
  if why then return nil, response.unfit(operation, request, why) end
  local count, consumed = result.Count or #items, result.ConsumedCapacity -- only queries and scans count
  return { response = result, items = items, count = count, segment = self.segment, next = next_key,
    scanned = result.ScannedCount or count,
    units = consumed and consumed.CapacityUnits or 0 }
end

--- Moves on to the page that follows this one. When memory runs out, it has not moved.
---@param page dynamodb.Page
function Paginator:accept(page)
  local request, member_name, next_key = self._request, self._start_member, page.next
  if next_key ~= nil or request[member_name] ~= nil then
    request[member_name] = next_key -- may run out of memory, before anything else has changed
  end
  self.more = next_key ~= nil
  if next_key and self._pages >= self._next_mark then
    self._mark, self._next_mark = next_key, 2 * self._pages + 1
  end
  self._pages = self._pages + 1
end

return paginator
