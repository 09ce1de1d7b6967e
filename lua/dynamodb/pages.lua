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
---@field last_evaluated_key? table the key of the last item given: as exclusive_start_key it goes on there;
--- nil when nothing was given yet, or everything
---@field segment? integer the segment being read, from 0
local Results = { __name = "dynamodb.results" }
Results.__index = Results

local pages = {}

-- A member of the response, by its path: "StreamDescription.Shards"; null is as good as nothing.
local function member(page, path)
  for name in path:gmatch("[^.]+") do page = type(page) == "table" and page[name] or nil end
  if page ~= core.null then return page end
end

local function number(value)
  return type(value) == "number" and value or 0
end

--- Makes a result. 'request' is the request of the first page, which is changed for the others; 'plan' says
--- how to go on: owner (table of the items, nil for plain tables), key_names (attributes of an item's key,
--- where a page may be left in its middle; other results go on at the page's start then), max_results,
--- max_requests, request_limit, segments, call (options of its calls).
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

-- So many of max_results are given.
local function use_up(self, count)
  if self.remaining then self.remaining = math.max(0, self.remaining - count) end
end

-- The page has been given: what follows starts behind it.
local function leave_page(self)
  self.last_evaluated_key, self._request[self._start] = self._next_start, self._next_start
  if self._next_segment then
    self.segment, self._request.Segment, self._next_segment = self._next_segment, self._next_segment, nil
  end
  self._page, self._position = {}, 0
end

-- Does the service lead in a circle? The key is compared with the page's start and with one from before,
-- ever farther back, so that a circle of any length is found (Brent's algorithm).
local function repeated(self, key)
  local start = self._request[self._start]
  if not key then return false end
  if start and core.equal(key, start) or self._mark and core.equal(key, self._mark) then return true end
  if self.requests >= (self._next_mark or 0) then
    self._mark, self._next_mark = key, 2 * self.requests + 1
  end
  return false
end

-- What is wrong with the page, if anything.
local function complaint(self, page, last_key)
  local list = member(page, self._list)
  local counted = not self._plan.key_names or type(page.Count) == "number"
  if type(list) ~= "table" and (list ~= nil or not counted) then
    return "no " .. self._list .. " in the answer"
  end
  return repeated(self, last_key) and self._go_on .. " was there before: the service does not get on"
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

-- Says where what follows the items given so far starts; within a page that no item's key can tell, still at
-- its start.
local function settle(self)
  local item = self._page[self._position]
  if self._position == #self._page and not self._next_segment then
    self.last_evaluated_key = self._next_start -- the service's own, which may hold more
  elseif item and self._plan.key_names then
    self.last_evaluated_key = key_of(self, item)
  end
end

-- What all had read when it failed is to be given again. 'before' tells where it had started.
local function keep(self, items, segments, before)
  self._kept = { items = items, segments = segments, position = 0, last_key = self.last_evaluated_key,
    segment = self.segment }
  self.last_evaluated_key, self.segment = before.last_evaluated_key, before.segment
  if self.remaining then self.remaining = self.remaining + #items end
end

-- There is nothing more to give again: on with the requests.
local function forget(self)
  self.last_evaluated_key, self.segment, self._kept = self._kept.last_key, self._kept.segment, nil
end

-- The next item of these | nil.
local function give_again(self)
  local kept = self._kept
  kept.position = kept.position + 1
  local item = kept.items[kept.position]
  if not item then return forget(self) end
  use_up(self, 1)
  self.segment = kept.segments[kept.position]
  if self._plan.key_names then self.last_evaluated_key = key_of(self, item) end
  return item
end

--- Requests the next page now, passing over what is left of the present one -> the page as the service gives
--- it | nil when there is none | nil, err. After a failure it may be called again.
function Results:next_response()
  if self.remaining == 0 then return nil end -- and what is left of the page is for those who go on later
  if self._kept then forget(self) end
  if self._open then leave_page(self) end
  self._open = false
  local plan, request = self._plan, self._request
  if not self._more or (plan.max_requests and self.requests >= plan.max_requests) then return nil end
  request.Limit = page_limit(self) or request.Limit
  local page, err = client.call(self._connection, self._operation, request, plan.owner, plan.call)
  if not page then return nil, err end
  local last_key = member(page, self._go_on)
  local message = complaint(self, page, last_key)
  if message then
    return nil, errors.new({ kind = "response", operation = self._operation.name, attempts = 1,
      message = message })
  end
  self.requests = self.requests + 1
  local list = member(page, self._list) or {}
  local count = number(page.Count or #list) -- only queries and scans are told
  self.count, self.scanned_count = self.count + count, self.scanned_count + number(page.ScannedCount or count)
  self.consumed_units = self.consumed_units + number(member(page, "ConsumedCapacity.CapacityUnits"))
  self._page, self._position, self._open = list, 0, true
  advance(self, last_key)
  if request.Select == "COUNT" then
    use_up(self, count)
    settle(self)
  end
  return page
end

--- The next item -> item | nil when there are no more | nil, err.
function Results:next()
  if self.remaining == 0 then return nil end
  local again = self._kept and give_again(self)
  if again then return again end
  while self._position >= #self._page do
    local page, err = self:next_response()
    if not page then return nil, err end
  end
  self._position = self._position + 1
  use_up(self, 1)
  settle(self)
  return self._page[self._position]
end

--- for item in results do: raises the error object on failure, since a loop cannot return it.
function Results:__call()
  local item, err = self:next()
  if err then error(err, 0) end
  return item
end

--- for items in results:pages() do: what is left of this page as a list, then the items of each page that
--- follows. Raises the error object on failure.
function Results:pages()
  return function()
    local list = {}
    while self._kept do list[#list + 1] = give_again(self) end
    if #list > 0 then return list end
    if self.remaining == 0 then return nil end
    if self._position >= #self._page then
      local page, err = self:next_response()
      if err then error(err, 0) end
      if not page then return nil end
    end
    local items, first = self._page, self._position + 1
    self._position = math.min(#items, self._position + (self.remaining or #items))
    for i = first, self._position do list[#list + 1] = items[i] end
    use_up(self, #list)
    settle(self)
    return list
  end
end

--- All items that are left -> list | nil, err. After a failure nothing counts as given: called again, it goes
--- on where it failed, and the list has what was read before, too.
function Results:all()
  local list, segments = {}, {}
  local before = { last_evaluated_key = self.last_evaluated_key, segment = self.segment }
  while true do
    local item, err = self:next()
    if err then
      if #list > 0 then keep(self, list, segments, before) end
      return nil, err
    end
    if not item then return list end
    list[#list + 1], segments[#list + 1] = item, self.segment
  end
end

return pages
