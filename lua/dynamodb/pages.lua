--- The result of a query, a scan or another listing operation: items page by page, requested when they are
--- asked for, each exactly once.
-- Source: DynamoDB developer guide, "Paginating table query results".

local client = require("dynamodb.client")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")

---@class dynamodb.Results
---@field count integer items in the pages so far, after the filter
---@field scanned_count integer items in the pages so far, before the filter
---@field consumed_units number capacity that the pages so far consumed
---@field requests integer pages requested so far
---@field remaining? integer items that may still be given, of max_results
---@field last_evaluated_key? table the key of the last item given: as exclusive_start_key it goes on there
---@field segment? integer the segment being read, from 0
local Results = { __name = "dynamodb.results" }
Results.__index = Results

local pages = {}

-- A member of the response, by its path: "StreamDescription.Shards".
local function member(page, path)
  for name in path:gmatch("[^.]+") do page = type(page) == "table" and page[name] or nil end
  return page
end

--- Makes a result. 'request' is the request of the first page, which is changed for the others; 'plan' says
--- how to go on: owner (table of the items, nil for plain tables), key_names (attributes of an item's key,
--- where a page may be left in its middle), max_results, max_requests, request_limit, segments.
---@return dynamodb.Results
function pages.new(connection, operation, request, plan)
  core.connection_state(connection) -- or raise, if it is closed
  local members = operation.pages
  return setmetatable({
    count = 0,
    scanned_count = 0,
    consumed_units = 0,
    requests = 0,
    remaining = plan.max_results,
    last_evaluated_key = request[members[1]],
    _start = members[1],
    _go_on = members[2],
    _list = members[3],
    segment = request.Segment,
    _connection = connection,
    _operation = operation,
    _request = request,
    _plan = plan,
    _page = {},
    _position = 0, -- of the item given last in the page
    _more = true, -- may there be another page?
  }, Results)
end

-- How many items the next page may examine: with a filter nobody knows how many of them are given.
local function page_limit(self)
  local limit, remaining = self._plan.request_limit, self.remaining
  if not remaining or self._request.FilterExpression then return limit end
  return limit and math.min(limit, remaining) or remaining
end

-- Where the page after this one starts; the next segment's first page when this segment is done.
local function advance(self, last_key)
  local request, segments = self._request, self._plan.segments
  self._next_start = last_key
  if last_key or not segments or request.Segment + 1 >= segments then
    self._more = last_key ~= nil
  else
    self._next_segment = request.Segment + 1
  end
end

-- The page has been given: what follows starts behind it.
local function leave_page(self)
  self.last_evaluated_key, self._request[self._start] = self._next_start, self._next_start
  if self._next_segment then
    self.segment, self._request.Segment, self._next_segment = self._next_segment, self._next_segment, nil
  end
  self._page, self._position = {}, 0
end

local function repeated(self, key)
  local start = self._request[self._start]
  return key and start and core.equal(key, start)
end

--- Requests the next page now, passing over what is left of the present one -> the page as the service gives
--- it | nil when there is none | nil, err. After a failure it may be called again.
function Results:next_response()
  if self._open then leave_page(self) end
  self._open = false
  local plan, request = self._plan, self._request
  if not self._more or self.remaining == 0 or (plan.max_requests and self.requests >= plan.max_requests) then
    return nil
  end
  request.Limit = page_limit(self) or request.Limit
  local page, err = client.call(self._connection, self._operation, request, plan.owner)
  if not page then return nil, err end
  local last_key = member(page, self._go_on)
  if repeated(self, last_key) then
    return nil, errors.new({ kind = "response", operation = self._operation.name, attempts = 1,
      message = self._go_on .. " is where the page started: the service does not get on" })
  end
  self.requests = self.requests + 1
  self.count = self.count + (page.Count or 0)
  self.scanned_count = self.scanned_count + (page.ScannedCount or page.Count or 0)
  local consumed = page.ConsumedCapacity or {}
  self.consumed_units = self.consumed_units + (consumed.CapacityUnits or 0)
  self._page, self._position, self._open = member(page, self._list) or {}, 0, true
  advance(self, last_key)
  return page
end

-- The key of an item, for going on behind it.
local function key_of(self, item)
  local key = {}
  local owned = core.typename(item) == "dynamodb.item"
  for _, name in ipairs(self._plan.key_names) do
    local value
    if owned then value = item:get(name) else value = item[name] end
    key[name] = value
  end
  return key
end

--- The next item -> item | nil when there are no more | nil, err.
function Results:next()
  if self.remaining == 0 then return nil end
  while self._position >= #self._page do
    local page, err = self:next_response()
    if not page then return nil, err end
  end
  self._position = self._position + 1
  local item = self._page[self._position]
  if self.remaining then self.remaining = self.remaining - 1 end
  if self._position == #self._page or not self._plan.key_names then
    self.last_evaluated_key = self._next_start -- the service's own, which may hold more
  else
    self.last_evaluated_key = key_of(self, item)
  end
  return item
end

--- for item in results do: raises the error object on failure, since a loop cannot return it.
function Results:__call()
  local item, err = self:next()
  if err then error(err, 0) end
  return item
end

--- for items in results:pages() do: the items of each page as a list. Raises the error object on failure.
function Results:pages()
  return function()
    local page, err = self:next_response()
    if err then error(err, 0) end
    return page and self._page
  end
end

--- All items that are left -> list | nil, err.
function Results:all()
  local list = {}
  while true do
    local item, err = self:next()
    if err then return nil, err end
    if not item then return list end
    list[#list + 1] = item
  end
end

return pages
