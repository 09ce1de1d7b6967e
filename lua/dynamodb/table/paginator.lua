--- Pages that lead from one to the next: those of a query, of one segment of a scan, of another listing.
-- Source: DynamoDB developer guide, "Paginating table query results".

local pipeline = require("dynamodb.request.pipeline")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")

---@class dynamodb.Page
---@field response table as the service gave it
---@field items table list of what it holds
---@field count integer how many these are, also when only they are counted
---@field scanned integer how many were examined for them
---@field units number capacity that it consumed
---@field segment? integer of a scan by segments, from 0
---@field next? any where the page after it starts; nil when there is none

---@class dynamodb.Chain
---@field more boolean may there be another page?
---@field segment? integer
local Chain = {}
Chain.__index = Chain

local paginator = {}

--- Makes one. 'request' is that of the first page, which is changed for the others; 'plan' has owner (table
--- of the items, nil for plain tables), key_names (of items that have keys) and call (options of its calls).
---@return dynamodb.Chain
function paginator.new(connection, operation, request, plan)
  local members = operation.pages
  return setmetatable({
    more = true,
    segment = request.Segment,
    _start = members[1],
    _go_on = members[2],
    _list = members[3],
    _pages = 0,
    _connection = connection,
    _operation = operation,
    _request = request,
    _plan = plan,
  }, Chain)
end

--- Where the next page starts.
function Chain:start()
  return self._request[self._start]
end

-- A member of the response, by its path: "StreamDescription.Shards"; null is as good as nothing.
local function member(response, path)
  for name in path:gmatch("[^.]+") do response = type(response) == "table" and response[name] or nil end
  if response ~= core.null then return response end
end

local function number(value)
  return type(value) == "number" and value or 0
end

-- Does the service lead in a circle? The key is compared with the page's start and with one from before,
-- ever farther back, so that a circle of any length is found (Brent's algorithm).
local function repeated(self, key)
  local start = self:start()
  if not key then return false end
  return start ~= nil and core.equal(key, start) or self._mark ~= nil and core.equal(key, self._mark)
end

-- What is wrong with the response, if anything.
local function complaint(self, response, next_key)
  local list = member(response, self._list)
  local counted = not self._plan.key_names or type(response.Count) == "number"
  if type(list) ~= "table" and (list ~= nil or not counted) then
    return "no " .. self._list .. " in the answer"
  end
  return repeated(self, next_key) and self._go_on .. " was there before: the service does not get on"
end

--- Requests the next page, of at most 'limit' examined items if that is given -> page | nil, err. It is the
--- next one still until it is accepted.
---@return dynamodb.Page?
function Chain:fetch(limit)
  local request, operation, plan = self._request, self._operation, self._plan
  request.Limit = limit or request.Limit
  local response, err = pipeline.call(self._connection, operation, request, plan.owner, plan.call)
  if not response then return nil, err end
  local next_key = member(response, self._go_on)
  local message = complaint(self, response, next_key)
  if message then
    return nil, errors.new({ kind = "response", operation = operation.name, attempts = 1, message = message })
  end
  local items = member(response, self._list) or {}
  local count = number(response.Count or #items) -- only queries and scans are told
  return { response = response, items = items, count = count, segment = self.segment, next = next_key,
    scanned = number(response.ScannedCount or count),
    units = number(member(response, "ConsumedCapacity.CapacityUnits")) }
end

--- Goes on behind the page.
function Chain:accept(page)
  if page.next and self._pages >= (self._next_mark or 0) then
    self._mark, self._next_mark = page.next, 2 * self._pages + 1
  end
  self._pages = self._pages + 1
  self._request[self._start], self.more = page.next, page.next ~= nil
end

return paginator
