--- The pages of some chains, as somebody takes them. They are requested one at a time; or side by side, and
--- before he asks for them. In a task of the loop and in nginx that is done beside him, and he gets them as
--- they come; elsewhere nothing runs beside him, and the next pages of all chains are requested together when
--- none is left.

local concurrent = require("dynamodb.loop.concurrent")

local prefetch = {}

local HEARTBEAT = 1 -- seconds between looks whether those who fetch are still there

---@class dynamodb.Lane a chain, with what is known of its pages that nobody took yet
---@field chain dynamodb.Chain
---@field ready integer how many of its pages are in the queue
---@field failed? boolean is a failure of it in the queue?
---@field token? table of the fetching that is under way, of which there is one at most
---@field job? table the transport's, if it goes on beside the caller

---@class dynamodb.Feed
local Feed = {}
Feed.__index = Feed

--- Makes one of these chains. 'given' has prefetch (how many pages of a chain may wait to be taken),
--- concurrency (of how many chains at a time), and what there may be of max_requests, request_limit and
--- filtered (does nobody know how many items of a page are given?).
---@return dynamodb.Feed
function prefetch.new(transport, chains, given)
  local lanes = {}
  for i, chain in ipairs(chains) do lanes[i] = { chain = chain, ready = 0 } end
  return setmetatable({
    transport = transport,
    lanes = lanes,
    given = given,
    depth = math.max(1, given.prefetch),
    is_simple = given.prefetch == 0 and given.concurrency == 1, -- nothing is requested ahead
    requests = given.max_requests or math.huge, -- that may still be made
    queue = {}, first = 1, last = 0, -- pages and failures, as they came: at [first] to [last]
    queued = 0, -- items of these pages
    left = math.huge, -- items that are wanted beyond those of the pages taken
    waiting = {}, -- set of the waiters of those who wait for a page
  }, Feed)
end

-- {===== Fetching =====

local function is_wanted(self, lane)
  return lane.chain.more and not lane.failed and lane.ready < self.depth and self.requests > 0
    and self.left > self.queued
end

-- How many items the next page may examine.
local function page_limit(self)
  local limit = self.given.request_limit
  if self.given.filtered or self.left == math.huge then return limit end
  return math.min(limit or math.huge, self.left - self.queued)
end

local function put(self, lane, entry)
  entry.lane = lane
  self.last = self.last + 1
  self.queue[self.last] = entry
  for waiter in pairs(self.waiting) do waiter:wake() end
end

-- Begins to count a fetching -> its token.
local function enter(self, lane)
  self.requests = self.requests - 1
  lane.token = {}
  return lane.token
end

-- Takes back what is not to be waited for any more.
local function abandon(self, lane, collected)
  local job = lane.job
  self.requests = self.requests + 1
  lane.token, lane.job = nil, nil
  if job and not job.done then job:cancel(collected) end
end

-- One request -> true | false when it was abandoned meanwhile: then its page is nothing to us.
local function fetch(self, lane, token)
  local ok, page, err = pcall(lane.chain.fetch, lane.chain, page_limit(self))
  local check = self.transport.check
  if not ok and check then check("results") end -- raises again in a task that was cancelled
  if lane.token ~= token then return false end
  if ok and page then
    lane.chain:accept(page)
    lane.ready, self.queued = lane.ready + 1, self.queued + page.count
    put(self, lane, { page = page })
  else
    self.requests, lane.failed = self.requests + 1, true
    put(self, lane, { raised = not ok, err = ok and err or page })
  end
  return true
end

-- Requests of a lane, one after the other, until as many pages wait as may; or only 'one'.
local function work(self, lane, token, one)
  while fetch(self, lane, token) do
    if one or not is_wanted(self, lane) then
      lane.token, lane.job = nil, nil
      return
    end
    self.requests = self.requests - 1
  end
end

-- Lanes in which something is to be fetched, so many that no more are at work than may -> list of them.
local function idle_lanes(self, concurrency)
  local list, busy = {}, 0
  for _, lane in ipairs(self.lanes) do
    local is_busy = lane.token or lane.ready > 0
    if busy == concurrency then return list end
    if not lane.token and is_wanted(self, lane) then list[#list + 1], is_busy = lane, true end
    if is_busy then busy = busy + 1 end
  end
  return list
end

-- ===================== }
-- {===== Beside the caller =====

-- Forgets those who fetch for a caller in another place, and those who were ended.
local function look_after(self, place)
  for _, lane in ipairs(self.lanes) do
    local job = lane.job
    if lane.token and (place ~= self.place or not job or job.done) then abandon(self, lane) end
  end
  self.place = place
end

-- Waits to be woken, at most until the moment.
local function wait(self, moment)
  local waiter = self.transport.waiter()
  self.waiting[waiter] = true
  local ok, err = pcall(waiter.wait, waiter, moment)
  self.waiting[waiter] = nil
  if not ok then error(err, 0) end
end

-- Lets somebody fetch wherever that is to be done; those who begin get as far as they come without waiting.
-- A caller who is cancelled meanwhile is told so when he waits for something.
local function start(self)
  local transport, lanes = self.transport, idle_lanes(self, self.given.concurrency)
  for _, lane in ipairs(lanes) do
    local token = enter(self, lane)
    local job = transport.spawn(function() work(self, lane, token) end)
    if lane.token == token then lane.job = job end
  end
  if #lanes > 0 then pcall(wait, self, transport.now()) end
end

-- Waits for something to come -> false when nothing will.
local function await(self)
  start(self)
  if self.first <= self.last then return true end
  for _, lane in ipairs(self.lanes) do
    if lane.token then
      wait(self, self.transport.now() + HEARTBEAT)
      return true
    end
  end
  return false
end

-- ===================== }

-- Requests of all lanes, together; one request where there is but one lane -> false when there is none.
local function round(self)
  local transport = self.transport
  local lanes, calls = idle_lanes(self, transport.gather and self.given.concurrency or 1), {}
  for i, lane in ipairs(lanes) do
    local token = enter(self, lane)
    calls[i] = function() work(self, lane, token, #lanes == 1) end
  end
  if #calls == 1 then calls[1]() elseif #calls > 1 then concurrent.run(transport, calls) end
  return #calls > 0
end

-- The caller was told of one failure, and tries again: the others in the queue are of the same time.
local function forget_failures(self)
  self.has_failed = false
  local list = {}
  for i = self.first, self.last do
    local entry = self.queue[i]
    if entry.page then list[#list + 1] = entry end
    entry.lane.failed = nil
  end
  self.queue, self.first, self.last = list, 1, #list
end

--- The next page, of whichever chain -> page | nil when there is none | nil, err; raises what a request
--- raised. After a failure it may be called again. 'left' is how many items are still wanted, if that is
--- known.
---@return dynamodb.Page?
function Feed:take(left)
  local place = not self.is_simple and self.transport.place and self.transport.place() or nil
  self.left = left or math.huge
  look_after(self, place)
  if self.has_failed then forget_failures(self) end
  while self.first > self.last do
    if not (place and await or round)(self) then return nil end
    look_after(self, place)
  end
  local entry = self.queue[self.first]
  local page, lane = entry.page, entry.lane
  if not page then
    self.has_failed = true
    if entry.raised then error(entry.err, 0) end
    return nil, entry.err
  end
  self.queue[self.first], self.first = nil, self.first + 1
  lane.ready, self.queued, self.left = lane.ready - 1, self.queued - page.count, self.left - page.count
  if place then start(self) end
  return page
end

--- Ends what is under way. 'collected': the collector wants it.
function Feed:close(collected)
  self.requests = -math.huge
  for _, lane in ipairs(self.lanes) do
    if lane.token then abandon(self, lane, collected) end
  end
  self.queue, self.first, self.last = {}, 1, 0
  for waiter in pairs(self.waiting) do waiter:wake() end
end

return prefetch
