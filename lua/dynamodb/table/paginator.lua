--- Requests the pages of one listing in order: of a query, of one segment of a scan, or of another operation
--- that has pages.
-- Source: DynamoDB developer guide, "Paginating table query results".

local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local hooks = require("dynamodb.request.hooks")
local options = require("dynamodb.base.options")
local pipeline = require("dynamodb.request.pipeline")

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
--- attributes, for queries and scans), call (options of its calls)
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

-- Returns a member of the response by its path, such as "StreamDescription.Shards" | nil, also for null.
local function member(response, path)
  for name in path:gmatch("[^.]+") do response = type(response) == "table" and response[name] or nil end
  if response ~= core.null then return response end
end

local function number_or_zero(value)
  return type(value) == "number" and value or 0
end

-- Returns true when the pages repeat themselves. The key is compared with the page's start key and with an
-- earlier one, which moves on at growing distances, so that a cycle of any length is found (Brent's
-- algorithm).
local function is_cycle(self, key)
  if not key then return false end
  local start = self:start_key()
  return start ~= nil and core.equal(key, start) or self._mark and core.equal(key, self._mark)
end

-- Returns what is wrong with the response | false.
local function complaint(self, response, next_key)
  local list = member(response, self._list_member)
  local is_counted = not self._plan.key_names or type(response.Count) == "number"
  if type(list) ~= "table" and (list ~= nil or not is_counted) then
    return "response without " .. self._list_member
  end
  return is_cycle(self, next_key) and "response repeats an earlier " .. self._next_member
end

--- Requests the next page. It remains the next one until it is accepted.
---@param limit? integer most items to examine
---@return dynamodb.Page?
---@return dynamodb.Error?
function Paginator:fetch(limit)
  local request, operation, plan = self._request, self._operation, self._plan
  request.Limit = limit or request.Limit
  local response, err = pipeline.call(self._connection, operation, request, plan.owner, plan.call)
  if not response then return nil, err end
  local next_key = member(response, self._next_member)
  local message = complaint(self, response, next_key)
  if message then
    return nil, errors.locate(errors.new({ kind = "response", operation = operation.name,
      table = hooks.table_of(request), attempts = 1, message = message }))
  end
  local items = member(response, self._list_member) or {}
  local count = number_or_zero(response.Count or #items) -- only queries and scans have a count
  return { response = response, items = items, count = count, segment = self.segment, next = next_key,
    scanned = number_or_zero(response.ScannedCount or count),
    units = number_or_zero(member(response, "ConsumedCapacity.CapacityUnits")) }
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
