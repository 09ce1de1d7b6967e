--- Requests pages of several paginators concurrently, and before they are asked for. In tasks and in nginx
--- the requests run while the caller continues. Elsewhere nothing can run meanwhile: when the queue is empty,
--- the next pages of all paginators are requested together.
--
-- Each paginator is in one of these states:
--   idle      nothing is requested for it: it has enough pages in the queue, or the caller wants no more
--   fetching  it has a token, and in tasks and nginx a job that fetches until enough pages are in the queue
--   failed    its error is in the queue; it is idle again once the caller has seen an error and asks again
--   finished  it has no more pages
-- A fetch whose token was taken away was abandoned; its page is ignored.

local concurrent = require("dynamodb.loop.concurrent")
local errors = require("dynamodb.error")
local event = require("dynamodb.loop.event")

local prefetch = {}

local FOREVER = math.huge

---@class dynamodb.PrefetchSource a paginator and what is known of its pages in the queue
---@field paginator dynamodb.Paginator
---@field ready integer how many of its pages are in the queue
---@field failed boolean true while an error of it is in the queue
---@field token table|false of the fetch under way
---@field job table|false the transport's job, when the fetch runs concurrently with the caller

---@class dynamodb.Prefetch
local Prefetch = {}
Prefetch.__index = Prefetch

--- Makes a prefetch of these paginators.
---@param transport table
---@param paginators dynamodb.Paginator[]
---@param plan table of results: prefetch (pages of a paginator that may be in the queue, at least 1),
--- concurrency (how many paginators at a time, 1 by default), max_requests, request_limit
---@param is_filtered boolean true when a filter makes the number of items in a page unpredictable
---@return dynamodb.Prefetch
function prefetch.new(transport, paginators, plan, is_filtered)
  local sources = {}
  for i, each in ipairs(paginators) do
    sources[i] = { paginator = each, ready = 0, failed = false, token = false, job = false }
  end
  return setmetatable({
    transport = transport,
    sources = sources,
    depth = math.max(1, plan.prefetch or 0),
    concurrency = plan.concurrency or 1,
    request_limit = plan.request_limit,
    is_filtered = is_filtered,
    requests_left = plan.max_requests or FOREVER,
    first = false, last = false, -- queue of pages and errors in the order of their arrival, linked by 'next'
    queued_items = 0,
    has_failed = false,
    wanted = FOREVER, -- items that are wanted beyond those of the pages taken
    arrived = event.new(),
  }, Prefetch)
end

-- {===== Fetching =====

-- Returns true when another page of this source should be requested.
local function is_wanted(self, source)
  return source.paginator.more and not source.failed and source.ready < self.depth
    and self.requests_left > 0 and self.wanted > self.queued_items
end

-- Returns how many items the next page may examine | nil.
local function page_limit(self)
  local limit = self.request_limit
  if self.is_filtered or self.wanted == FOREVER then return limit end
  return math.min(limit or FOREVER, self.wanted - self.queued_items)
end

local function enqueue(self, entry)
  if self.last then self.last.next = entry else self.first = entry end
  self.last = entry
  self.arrived:notify()
end

-- Marks a source as fetching -> its token.
local function begin_fetch(self, source)
  source.token = {}
  self.requests_left = self.requests_left - 1
  return source.token
end

-- Ends a fetch whose page is not wanted any more.
local function abandon(self, source, is_collected)
  local job = source.job
  self.requests_left = self.requests_left + 1
  source.token, source.job = false, false
  if job and not job.done then job:cancel(is_collected) end
end

-- Requests one page -> true | false when the fetch was abandoned meanwhile. What the queue needs is allocated
-- before the page is accepted.
local function fetch(self, source, token)
  local entry = { source = source, page = false, raised = false, err = false, next = false }
  local ok, page, err = pcall(source.paginator.fetch, source.paginator, page_limit(self))
  local check = self.transport.check
  if not ok and check then check("results") end -- raises again in a cancelled task
  if source.token ~= token then return false end
  if ok and page then
    source.paginator:accept(page)
    entry.page, source.ready, self.queued_items = page, source.ready + 1, self.queued_items + page.count
  else
    self.requests_left, source.failed = self.requests_left + 1, true
    entry.raised, entry.err = not ok, ok and err or page
  end
  enqueue(self, entry)
  return true
end

-- Requests one page of a source, or pages until enough are in the queue.
local function fetch_pages(self, source, token, only_one)
  while fetch(self, source, token) do
    if only_one or not is_wanted(self, source) then
      source.token, source.job = false, false
      return
    end
    self.requests_left = self.requests_left - 1
  end
end

-- Returns the sources to start now, so that at most 'concurrency' are busy.
local function sources_to_start(self, concurrency)
  local list, busy = {}, 0
  for _, source in ipairs(self.sources) do
    local is_busy = source.token or source.ready > 0
    if busy == concurrency then return list end
    if not source.token and is_wanted(self, source) then list[#list + 1], is_busy = source, true end
    if is_busy then busy = busy + 1 end
  end
  return list
end

-- ===================== }
-- {===== In tasks and nginx =====

-- Abandons fetches that were started in another place (loop or request), and those whose job was killed.
local function drop_lost_jobs(self, place)
  for _, source in ipairs(self.sources) do
    local job = source.job
    if source.token and (place ~= self.place or not job or job.done) then abandon(self, source) end
  end
  self.place = place
end

-- Starts jobs, and lets them run until they wait. An error of event.yield is dropped: a cancelled caller gets
-- it again at its next wait.
local function start_jobs(self)
  local transport, sources = self.transport, sources_to_start(self, self.concurrency)
  for _, source in ipairs(sources) do
    local token = begin_fetch(self, source)
    local job = transport.spawn(function() fetch_pages(self, source, token) end)
    if source.token == token then source.job = job end
  end
  if #sources > 0 then pcall(event.yield, transport) end
end

local function is_fetching(self)
  for _, source in ipairs(self.sources) do
    if source.token and source.job and not source.job.done then return true end
  end
  return false
end

-- Waits until something is in the queue -> true | false when nothing is being fetched.
local function await_page(self)
  start_jobs(self)
  if not self.first and not is_fetching(self) then return false end
  self.arrived:wait_until(self.transport, FOREVER, function()
    return self.first or not is_fetching(self)
  end)
  return true
end

-- ===================== }

-- Requests the next page of every source that wants one, together -> true | false when there is none.
local function fetch_together(self)
  local transport = self.transport
  local sources, calls = sources_to_start(self, transport.gather and self.concurrency or 1), {}
  for i, source in ipairs(sources) do
    local token = begin_fetch(self, source)
    calls[i] = function() fetch_pages(self, source, token, #sources == 1) end
  end
  if #calls == 1 then calls[1]() elseif #calls > 1 then concurrent.run(transport, calls) end
  return #calls > 0
end

-- The caller has seen an error and asks again: drops the errors in the queue, since their pages are requested
-- again.
local function forget_errors(self)
  self.has_failed = false
  local entry, last = self.first, false
  self.first = false
  while entry do
    local following = entry.next
    if entry.page then
      entry.next = false
      if last then last.next = entry else self.first = entry end
      last = entry
    else
      entry.source.failed = false
    end
    entry = following
  end
  self.last = last
end

--- Takes the next page, of whichever paginator -> page | nil at the end | nil, err. Raises what a request
--- raised. After a failure it may be called again.
---@param wanted? integer how many items are still wanted, if that is known
---@return dynamodb.Page?
---@return dynamodb.Error?
function Prefetch:take(wanted)
  local place = self.transport.place and self.transport.place() or nil
  self.wanted = wanted or FOREVER
  drop_lost_jobs(self, place)
  if self.has_failed then forget_errors(self) end
  while not self.first do
    if not (place and await_page or fetch_together)(self) then return nil end
    drop_lost_jobs(self, place)
  end
  local entry = self.first
  local page, source = entry.page, entry.source
  if not page then
    self.has_failed = true
    if entry.raised then error(entry.err, 0) end
    return nil, errors.locate(entry.err)
  end
  self.first, self.last = entry.next, entry.next and self.last
  source.ready, self.queued_items = source.ready - 1, self.queued_items - page.count
  self.wanted = self.wanted - page.count
  return page
end

--- Starts the fetches that may follow once a page was taken.
function Prefetch:continue()
  if self.transport.place and self.transport.place() then start_jobs(self) end
end

--- Returns a value that ends the fetches when it is collected. Only the owner of the prefetch may refer to
--- it, since the fetches refer to the prefetch.
function Prefetch:guard()
  local function close() self:close(true) end
  local newproxy = rawget(_G, "newproxy") -- Lua 5.1 has no __gc for tables
  if not newproxy then return setmetatable({}, { __gc = close }) end
  local proxy = newproxy(true)
  debug.getmetatable(proxy).__gc = close
  return proxy
end

--- Ends the fetches that are under way.
---@param is_collected? boolean true in a finalizer, where a job cannot be killed
function Prefetch:close(is_collected)
  self.requests_left = -FOREVER
  for _, source in ipairs(self.sources) do
    if source.token then abandon(self, source, is_collected) end
  end
  self.first, self.last = false, false
  self.arrived:notify()
end

return prefetch
