--- The results of a query, a scan or another operation that has pages: elements page by page, each exactly
--- once.
--
-- Results are always in one of these states:
--   before a page  _page is NO_PAGE: at the start, and after a page was passed over
--   in a page      _position elements of _items were returned
--   replaying      all() failed; _replay has what it had read, to be returned again
--   closed
-- last_evaluated_key and state() are computed when they are read. What they need of the last element is kept
-- apart from the element, which the caller may change.
-- The object that users hold is userdata (table/results_object); 'self' here is its table of fields.

local capacity = require("dynamodb.table.capacity")
local core = require("dynamodb.core")
local cursor = require("dynamodb.table.cursor")
local errors = require("dynamodb.error")
local late = require("dynamodb.base.late")
local mutex = require("dynamodb.loop.mutex")
local options = require("dynamodb.base.options")
local paginator = require("dynamodb.table.paginator")
local prefetch = require("dynamodb.table.prefetch")
local progress = late.module("dynamodb.table.progress")
local results_object = require("dynamodb.table.results_object")

---@class dynamodb.Results
---@field count integer items in the pages so far, after the filter
---@field scanned_count integer items in the pages so far, before the filter
---@field consumed_units number capacity units that the pages so far consumed
---@field consumed_capacity? table sum of the ConsumedCapacity of the pages so far
---@field requests integer pages so far
---@field remaining? integer items that may still be returned, of max_results
---@field segment? integer the segment that is being read, from 0
---@field last_evaluated_key? table the key of the last item returned, to resume from as exclusive_start_key;
--- nil before the first item and at the end. Raises where segments are read concurrently: see state
local methods = {}

local results = {}

local NO_PAGE = cursor.NO_PAGE
local NO_ITEMS = NO_PAGE.items

local fields_of, remember, resume_key, resume_keys = core.results_fields, cursor.remember, cursor.resume_key,
  cursor.resume_keys

--- Returns where a scan by segments can be resumed, as a table that also survives JSON: scan{ segments =,
--- state = }.
---@return table state
function methods:state()
  local count = self._plan.segments
  if not count then errors.raise("results: only scans with option 'segments' have a state") end
  return cursor.state(self, count)
end

-- {===== Pages =====

-- Requests the next page without prefetch, of the paginators in turn -> page | nil | nil, err.
local function take_in_turn(self)
  local plan, paginators = self._plan, self._paginators
  while paginators[1] and not paginators[1].more do table.remove(paginators, 1) end
  local current = paginators[1]
  if not current or (plan.max_requests and self.requests >= plan.max_requests) then return nil end
  local limit = plan.request_limit
  if self.remaining and not self._is_filtered then
    limit = math.min(limit or self.remaining, self.remaining)
  end
  local page, err = current:fetch(limit)
  if page then
    current:accept(page)
    self._taken = page
  end
  return page, err
end

local function take_prefetched(self)
  local page, err = self._prefetch:take(self.remaining)
  if page then
    self._taken = page
    self._prefetch:continue()
  end
  return page, err
end

-- Takes the next page, under the lock, and keeps it in _taken until it is entered, so that it is not lost
-- when memory runs out -> page | nil | nil, err. When another task closes the results before
-- or meanwhile, the page is dropped, since close has fixed where reading resumes.
local function take_page(self)
  if self._is_closed then return nil end
  if self._taken then return self._taken end
  local take = self._prefetch and take_prefetched or take_in_turn
  local ok, page, err = mutex.call(self._mutex, self._transport, take, self)
  if not ok then error(page, 0) end
  if self._is_closed then return nil end
  return page, err
end

-- The current page was returned or passed over: reading resumes after it.
local function leave_page(self)
  local page = self._page
  if page == NO_PAGE then return end
  self._resume_keys[page.segment or 0] = page.next or false
  self._start_key = page.next
  if cursor.is_followed(self, page) and not self._plan.is_concurrent then self.segment = page.segment + 1 end
  self._page, self._items, self._position = NO_PAGE, NO_ITEMS, 0
end

-- Counts elements that were returned against max_results.
local function use_up(self, count)
  if self.remaining then self.remaining = math.max(0, self.remaining - count) end
end

-- Enters a page. What may run out of memory comes before the counters.
local function enter_page(self, page)
  local consumed = page.response.ConsumedCapacity
  if page.segment ~= self.segment then self.segment = page.segment end
  if consumed then self.consumed_capacity = capacity.add(self.consumed_capacity, consumed) end
  self._taken = false
  self.requests = self.requests + 1
  self.count, self.scanned_count = self.count + page.count, self.scanned_count + page.scanned
  self.consumed_units = self.consumed_units + page.units
  self._page, self._items, self._position = page, page.items, 0
  if #page.items == 0 then use_up(self, page.count) end -- they were only counted
end

-- Ends the replay: reading goes on with the current page.
local function end_replay(self)
  self.segment = self._replay.after_segment
  self._replay, self._last_item, self._key_values = false, self._replay.after_item, self._replay.after_values
end

-- Ends reading, or fails -> nil, err.
local function stop(self, err)
  if err and err.code == "BudgetExceeded" then cursor.add_to(self, err) end
  if self._progress then self._progress:finish() end
  return nil, err
end

--- Requests the next page, passing over what is left of the current one. After a failure it may be called
--- again.
---@return table? response of the service; nil at the end
---@return dynamodb.Error? err
local function next_response(self)
  if self._is_closed then errors.raise("results: attempt to read closed results") end
  if self.remaining == 0 then return stop(self) end -- the rest of the page is for a later scan or query
  mutex.wait(self._mutex, self._transport)
  if self._replay then end_replay(self) end
  leave_page(self)
  if self._progress then self._progress:report() end
  local page, err = take_page(self)
  if not page then return stop(self, err) end
  enter_page(self, page)
  return page.response
end

-- Enters a page that has elements left -> true | nil at the end | nil, err. Another task that shares the
-- results may have entered it, and may have used up max_results.
local function enter_next_page(self)
  while self._position >= #self._items do
    if not mutex.wait(self._mutex, self._transport) then
      local response, err = next_response(self)
      if not response then return nil, err end
    end
  end
  return self.remaining ~= 0 or nil
end

-- ===================== }
-- {===== Elements =====

-- Returns the next replayed element | nil when the replay is over.
local function next_replayed(self)
  local replay = self._replay
  local item = replay.items[replay.position + 1]
  if item == nil then return end_replay(self) end
  replay.position = replay.position + 1
  use_up(self, 1)
  self.segment = replay.segments[replay.position] or nil
  remember(self, item)
  if self._plan.key_names then
    replay.key = cursor.last_key(self)
    replay.resume_keys[self.segment or 0] = replay.key
  end
  return item
end

-- Returns the next element in the cases that are not fast: at the end of a page, with max_results, and while
-- replaying.
local function next_slowly(self)
  if self.remaining == 0 then return stop(self) end
  local replayed = self._replay and next_replayed(self)
  if replayed then return replayed end
  local ok, err = enter_next_page(self)
  if not ok then return nil, err end
  local item = self._items[self._position + 1]
  remember(self, item)
  self._position = self._position + 1
  use_up(self, 1)
  return item
end

--- Returns the next element.
---@return any item nil at the end
---@return dynamodb.Error? err
local function next_element(self)
  local position = self._position + 1
  local item = self._items[position]
  if item == nil or self._plan.max_results or self._replay then return next_slowly(self) end
  remember(self, item) -- may run out of memory, before anything has changed
  self._position = position
  return item
end

-- for item in results do: raises the error object on failure, since a loop cannot return it.
local function call(object)
  local self = fields_of(object)
  local position = self._position + 1
  local item = self._items[position]
  if item ~= nil and self._keeps_items and not self._replay then -- as next_element does
    self._last_item, self._position = item, position
    return item
  end
  local found, err = next_element(self)
  if err then error(err, 0) end
  return found
end

-- Returns what is left of the current page, up to max_results.
local function rest_of_page(self)
  local items, first, list = self._items, self._position + 1, core.list()
  local last = math.min(#items, self._position + (self.remaining or #items))
  for i = first, last do list[#list + 1] = items[i] end
  if #list > 0 then remember(self, list[#list]) end
  self._position = last
  use_up(self, #list)
  return list
end

--- Returns an iterator of lists: what is left of the current page, then the elements of each page that
--- follows. It raises the error object on failure.
function methods:pages()
  return function()
    local list = {}
    while self._replay do list[#list + 1] = next_replayed(self) end
    if #list > 0 then return list end
    if self.remaining == 0 then return stop(self) end
    while self._position >= #self._items do
      if not mutex.wait(self._mutex, self._transport) then
        local response, err = next_response(self)
        if err then error(err, 0) end
        if not response then return nil end
        break -- a page without elements is returned as an empty list
      end
    end
    if self.remaining == 0 and self._position < #self._items then return nil end -- used up by another task
    return rest_of_page(self)
  end
end

-- Reads on, into a list and a list of the elements' segments -> nil at the end | err. Both have a place for
-- the next element before it is read, since it must not be lost when memory runs out.
local function read_all(self, list, segments)
  local count = 1
  while true do
    segments[count] = false
    list[count] = false
    local item, err = next_element(self)
    if item == nil then return err end
    list[count], segments[count] = item, self.segment or false
    count = count + 1
  end
end

--- Returns all elements that are left. After a failure it may be called again: it continues where it failed,
--- and the list then has the elements that were read before as well.
---@return any[]? list
---@return dynamodb.Error? err
function methods:all()
  local list, segments, segment = core.list(), {}, self.segment
  local replay = { items = list, segments = segments, position = 0, key = resume_key(self),
    resume_keys = resume_keys(self), after_segment = false, after_item = false, after_values = false }
  local values = cursor.new_key_values(self._plan)
  local ok, err = pcall(read_all, self, list, segments)
  if list[#list] == false then list[#list] = nil end
  if ok and not err then return list end
  if ok and err.code == "BudgetExceeded" then err.found = options.merge(list) end
  if #list > 0 then
    replay.after_segment, replay.after_item = self.segment, self._last_item
    replay.after_values = self._key_values
    self._replay, self._key_values = replay, values
    if segment ~= self.segment then self.segment = segment end
    if self.remaining then self.remaining = self.remaining + #list end
  end
  if not ok then error(err, 0) end
  return nil, err
end

--- Ends the results, and the requests that are under way. The fields can still be read.
function methods:close()
  if not self._is_closed then
    self._is_finished = cursor.is_finished(self)
    self._start_key, self._resume_keys = resume_key(self), resume_keys(self)
    self._is_closed, self._page, self._items, self._position = true, NO_PAGE, NO_ITEMS, 0
  end
  if self._prefetch then self._prefetch:close() end
end

-- ===================== }
-- {===== Making =====

methods.next, methods.next_response = next_element, next_response
methods.cursor = late.call("dynamodb.table.cursor_text", "write")

results_object.define(methods, call, function(self)
  if not self._plan.is_concurrent then return resume_key(self) end
  errors.raise("results: segments that are read concurrently have no last_evaluated_key "
    .. "but results:state()")
end)

--- Makes results. Requests nothing.
---@param connection userdata
---@param operation table of base/operations, with 'pages'
---@param request table of the first page; it is changed for the others
---@param plan table all optional: owner (the dynamodb.table whose items the elements become; plain tables
--- without it), key_names (of the key attributes, for queries and scans), max_results, max_requests,
--- request_limit, call (options of its calls), prefetch (pages requested ahead); for a scan by segments:
--- segments (how many), start_keys (of each, false when it is finished), concurrency (how many at a
--- time), is_concurrent (whether their items come in any order); meter, on_progress
---@return dynamodb.Results
function results.new(connection, operation, request, plan)
  local transport = core.connection_state(connection).transport -- raises for a closed connection
  local paginators = paginator.for_segments(connection, operation, request, plan)
  local first = not plan.is_concurrent and paginators[1] or nil
  local self = {
    count = 0,
    scanned_count = 0,
    consumed_units = 0,
    requests = 0,
    remaining = plan.max_results,
    segment = first and first.segment,
    _transport = transport,
    _mutex = mutex.new("results"), -- held while a page is taken
    _paginators = paginators,
    _prefetch = false,
    _guard = false, -- ends the prefetch when the results are collected
    _is_closed = false,
    _is_finished = false, -- set by close: whether nothing was left
    _progress = false,
    _is_filtered = request.FilterExpression ~= nil,
    _plan = plan,
    _replay = false,
    _key_values = cursor.new_key_values(plan), -- of the plain table returned last
    _last_item = false, -- the item returned last
    -- An element that is returned needs nothing but to be kept as _last_item.
    _keeps_items = plan.owner and plan.key_names and not plan.max_results,
    -- Where each segment resumes after the pages that were left; false when finished.
    _resume_keys = plan.start_keys or {},
    _start_key = first and first:start_key(), -- where the pages that were left end
    _page = NO_PAGE,
    _taken = false, -- the page that was taken and is not yet entered
    _items = NO_ITEMS,
    _position = 0, -- of the element returned last
    _operation = operation.name,
    _table = request.TableName,
    _request = request,
  }
  if (plan.prefetch or 0) > 0 or (plan.concurrency or 1) > 1 then
    self._prefetch = prefetch.new(transport, paginators, plan, self._is_filtered)
    self._guard = self._prefetch:guard()
  end
  if plan.on_progress then
    self._progress = progress.new(plan.on_progress, transport, cursor.describe, self)
  end
  return results_object.new(self)
end

-- ===================== }

return results
