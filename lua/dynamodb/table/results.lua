--- The result of a query, a scan or another listing operation: items page by page, requested when they are
--- asked for or ahead of that, each exactly once.

local paginator = require("dynamodb.table.paginator")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local feed = require("dynamodb.table.prefetch")
local mutex = require("dynamodb.loop.mutex")

---@class dynamodb.Results
---@field count integer items in the pages so far, after the filter
---@field scanned_count integer items in the pages so far, before the filter
---@field consumed_units number capacity that the pages so far consumed
---@field requests integer pages so far
---@field remaining? integer items that may still be given, of max_results
---@field last_evaluated_key? table the key of the last item given: as exclusive_start_key it goes on there;
--- nil when nothing was given yet, or everything. Raises where segments are read side by side: see state
---@field segment? integer the segment being read, from 0
local Results = { __name = "dynamodb.results" }
Results.__index = Results

-- The same of segments that are read side by side.
local Beside = { __name = Results.__name }

function Beside.__index(_, name)
  if name == "last_evaluated_key" then
    errors.raise("results: read side by side, segments have no last_evaluated_key but results:state()")
  end
  return Results[name]
end

local pages = {}

local NO_PAGE = { items = {} }

-- {===== Making =====

local function with(request, member, start, segment)
  local copy = {}
  for name, value in pairs(request) do copy[name] = value end
  copy[member], copy.Segment = start, segment
  return copy
end

-- What is to be read: one chain, or one for each segment that is not done.
local function chains_of(connection, operation, request, plan)
  if not plan.segments then return { paginator.new(connection, operation, request, plan) } end
  local list = {}
  for segment = 0, plan.segments - 1 do
    local place = plan.places[segment]
    if place ~= false then
      local own = with(request, operation.pages[1], place, segment)
      list[#list + 1] = paginator.new(connection, operation, own, plan)
    end
  end
  return list
end

-- Calls a function when the collector finds that nobody has what it returns.
local function guard(call)
  local newproxy = rawget(_G, "newproxy") -- Lua 5.1 collects tables without a word
  if not newproxy then return setmetatable({}, { __gc = call }) end
  local proxy = newproxy(true)
  debug.getmetatable(proxy).__gc = call
  return proxy
end

--- Makes a result. 'request' is that of the first page, which is changed for the others; 'plan' says how to
--- go on: owner (table of the items, nil for plain tables), key_names (attributes of an item's key, where a
--- page may be left in its middle; other results go on at the page's start then), max_results, max_requests,
--- request_limit, call (options of its calls), prefetch, and of all segments of a scan: segments (how many),
--- places (where each starts, false when it is done), concurrency (how many at a time), beside (are they read
--- in no order?).
---@return dynamodb.Results
function pages.new(connection, operation, request, plan)
  local transport = core.connection_state(connection).transport -- or raise, if it is closed
  local chains, first = chains_of(connection, operation, request, plan), {}
  if not plan.beside then first = chains[1] end
  local source = feed.new(transport, chains, {
    concurrency = plan.concurrency or 1,
    filtered = request.FilterExpression ~= nil,
    max_requests = plan.max_requests,
    prefetch = plan.prefetch or 0,
    request_limit = plan.request_limit,
  })
  return setmetatable({
    count = 0,
    scanned_count = 0,
    consumed_units = 0,
    requests = 0,
    remaining = plan.max_results,
    last_evaluated_key = first.start and first:start(),
    segment = first.segment,
    _transport = transport,
    _mutex = mutex.new(), -- who reads a page
    _feed = source,
    _guard = not source.is_simple and guard(function() source:close(true) end) or nil,
    _plan = plan,
    _places = plan.places or {}, -- where each segment goes on behind what was given, false when it is done
    _page = NO_PAGE,
    _position = 0, -- of the item given last in the page
  }, plan.beside and Beside or Results)
end

-- ===================== }
-- {===== Where it stands =====

-- So many of max_results are given.
local function use_up(self, count)
  if self.remaining then self.remaining = math.max(0, self.remaining - count) end
end

-- Where what follows starts, of the segment and, if they are read in turn, of all.
local function stand(self, segment, place, key)
  self._places[segment or 0] = place
  if not self._plan.beside then self.last_evaluated_key = key end
end

-- Is this the last page of a segment that another follows?
local function has_successor(self, page)
  local segments = self._plan.segments
  return not page.next and segments and page.segment + 1 < segments
end

-- The page has been given: what follows starts behind it.
local function leave_page(self)
  local page = self._page
  if page == NO_PAGE then return end
  stand(self, page.segment, page.next or false, page.next)
  if has_successor(self, page) and not self._plan.beside then self.segment = page.segment + 1 end
  self._page, self._position = NO_PAGE, 0
end

-- The key of an item, for going on behind it.
local function key_of(self, item)
  local plan, key = self._plan, {}
  local names, is_table = plan.key_names, not plan.owner
  for i = 1, #names do
    local name = names[i]
    if is_table then key[name] = item[name] else key[name] = item:get(name) end
  end
  return key
end

-- Says where what follows the items given so far starts; within a page that no item's key can tell, still at
-- its start.
local function settle(self)
  local page = self._page
  local item = self._plan.key_names and page.items[self._position]
  if self._position < #page.items then
    if not item then return end
    local key = key_of(self, item)
    stand(self, page.segment, key, key)
  elseif has_successor(self, page) then
    stand(self, page.segment, false, item and key_of(self, item) or rawget(self, "last_evaluated_key"))
  else
    stand(self, page.segment, page.next or false, page.next) -- the service's own, which may hold more
  end
end

local function place_of(self)
  local places = {}
  for segment, place in pairs(self._places) do places[segment] = place end
  return { last_evaluated_key = rawget(self, "last_evaluated_key"), segment = self.segment, places = places }
end

local function go_to(self, place)
  self.last_evaluated_key, self.segment, self._places = place.last_evaluated_key, place.segment, place.places
end

-- What all had read when it failed is to be given again. 'before' tells where it had started.
local function keep(self, items, segments, before)
  self._kept = { items = items, segments = segments, position = 0, after = place_of(self) }
  go_to(self, before)
  if self.remaining then self.remaining = self.remaining + #items end
end

-- There is nothing more to give again: on with the requests.
local function forget(self)
  go_to(self, self._kept.after)
  self._kept = nil
end

-- The next item of these | nil.
local function give_again(self)
  local kept = self._kept
  kept.position = kept.position + 1
  local item = kept.items[kept.position]
  if not item then return forget(self) end
  use_up(self, 1)
  self.segment = kept.segments[kept.position] or nil
  if self._plan.key_names then
    local key = key_of(self, item)
    stand(self, self.segment, key, key)
  end
  return item
end

--- Where a scan by segments stands -> a table, also for JSON, with which scan{ segments =, state = } goes on
--- behind the items given so far.
function Results:state()
  local count, list = self._plan.segments, {}
  if not count then errors.raise("results: only scans with option 'segments' have a state") end
  for segment = 0, count - 1 do
    local place = self._places[segment]
    list[segment + 1] = { done = place == false, key = place and core.encode(place, "item") or nil }
  end
  return { segments = list }
end

-- ===================== }
-- {===== Giving =====

-- Waits while another task reads a page -> has one?
local function wait_for_turn(self)
  return mutex.wait(self._mutex, self._transport)
end

-- The next page -> page | nil when there is none | nil, err.
local function take(self)
  local ok, page, err = mutex.call(self._mutex, self._transport, self._feed.take, self._feed, self.remaining)
  if not ok then error(page, 0) end
  return page, err
end

local function open_page(self, page)
  self.requests = self.requests + 1
  self.count, self.scanned_count = self.count + page.count, self.scanned_count + page.scanned
  self.consumed_units = self.consumed_units + page.units
  self._page, self._position, self.segment = page, 0, page.segment
  if #page.items == 0 then
    use_up(self, page.count) -- of those that were only counted
    settle(self)
  end
end

--- Requests the next page now, passing over what is left of the present one -> the page as the service gives
--- it | nil when there is none | nil, err. After a failure it may be called again.
function Results:next_response()
  if self._closed then errors.raise("results: attempt to read closed results") end
  if self.remaining == 0 then return nil end -- and what is left of the page is for those who go on later
  wait_for_turn(self)
  if self._kept then forget(self) end
  leave_page(self)
  local page, err = take(self)
  if not page then return nil, err end
  open_page(self, page)
  return page.response
end

--- The next item -> item | nil when there are no more | nil, err.
function Results:next()
  if self.remaining == 0 then return nil end
  local again = self._kept and give_again(self)
  if again then return again end
  while self._position >= #self._page.items do
    if not wait_for_turn(self) then
      local page, err = self:next_response()
      if not page then return nil, err end
    end
  end
  self._position = self._position + 1
  use_up(self, 1)
  settle(self)
  return self._page.items[self._position]
end

-- for item in results do: raises the error object on failure, since a loop cannot return it.
local function call(self)
  local item, err = self:next()
  if err then error(err, 0) end
  return item
end
Results.__call, Beside.__call = call, call

-- What is left of the page, as far as it is to be given.
local function rest_of_page(self)
  local items, first, list = self._page.items, self._position + 1, {}
  self._position = math.min(#items, self._position + (self.remaining or #items))
  for i = first, self._position do list[#list + 1] = items[i] end
  use_up(self, #list)
  settle(self)
  return list
end

--- for items in results:pages() do: what is left of this page as a list, then the items of each page that
--- follows. Raises the error object on failure.
function Results:pages()
  return function()
    local list = {}
    while self._kept do list[#list + 1] = give_again(self) end
    if #list > 0 then return list end
    if self.remaining == 0 then return nil end
    while self._position >= #self._page.items do
      if not wait_for_turn(self) then
        local page, err = self:next_response()
        if err then error(err, 0) end
        if not page then return nil end
        break
      end
    end
    return rest_of_page(self)
  end
end

-- Reads on into a list, and the segment of each item into another -> nil at the end | err.
local function read_all(self, list, segments)
  while true do
    local item, err = self:next()
    if not item then return err end
    list[#list + 1], segments[#list + 1] = item, self.segment or false
  end
end

--- All items that are left -> list | nil, err. After a failure nothing counts as given: called again, it goes
--- on where it failed, and the list has what was read before, too.
function Results:all()
  local list, segments, before = {}, {}, place_of(self)
  local ok, err = pcall(read_all, self, list, segments)
  if ok and not err then return list end
  if #list > 0 then keep(self, list, segments, before) end
  if not ok then error(err, 0) end
  return nil, err
end

--- Ends it, and the requests that are under way. What it has told so far can still be read.
function Results:close()
  self._closed, self._page, self._position = true, NO_PAGE, 0
  self._feed:close()
end
Results.__close, Beside.__close = Results.close, Results.close

--- What a method for loops returns: the results, and where pages are requested ahead what closes them when a
--- loop of Lua 5.4 is left.
function pages.loop(results)
  if results._guard then return results, nil, nil, results end
  return results
end

-- ===================== }

return pages
