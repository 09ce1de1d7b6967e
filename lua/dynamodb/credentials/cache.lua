--- Caches credentials and refreshes them before they expire. One task fetches; the others use the old
--- credentials while these are valid, or wait for the new ones. A coroutine inside another task fetches as
--- well, since the fetching task could not go on while it waits.

local errors = require("dynamodb.error")
local event = require("dynamodb.loop.event")
local system = require("dynamodb.base.system")

---@class dynamodb.CredentialCache
---@field source fun(deadline: number, current: table?): table?, any
---@field current? table the credentials
---@field fixed? boolean they never change
---@field due number when to fetch again, in seconds since 1970
---@field usable_until number
---@field pending? table the fetch that is under way: { deadline, owner, finished = event, done, found, err,
--- broken }
local Cache = {}
Cache.__index = Cache

local EARLY, JITTER = 300, 60 -- seconds before expiry; the jitter spreads clients that started together
local RETRY_PAUSE = 10 -- seconds from a failed fetch to the next one, while the old credentials are valid
local STATIC_PAUSE = 300 -- seconds between fetches while expired credentials are used, up to twice as long

local function running_thread()
  return coroutine.running() or "main"
end

local function failure(message)
  return errors.new({ kind = "credentials", message = message, retryable = true })
end

local function static_pause()
  return STATIC_PAUSE * (1 + system.random())
end

-- Returns the time to refresh new credentials, in seconds since 1970. It is never in the first half of their
-- lifetime.
local function refresh_time(found, now)
  local left = found.expires - now
  if left <= 0 then return now + static_pause() end
  return now + math.max(left - EARLY - JITTER * system.random(), left / 2)
end

-- Returns true when credentials may be used after they expire: those of instance metadata, which may be late
-- with new ones (AWS SDKs call this static stability), and those that are expired when they are fetched,
-- since this machine's clock may be wrong. The service decides.
local function outlives_expiry(found, now)
  return found.source == "instance metadata" or found.expires <= now
end

local function store(self, found, fixed)
  local due, usable_until = math.huge, math.huge
  if not fixed and found.expires then
    local now = self.transport.time()
    due = refresh_time(found, now)
    if not outlives_expiry(found, now) then usable_until = found.expires end
  end
  self.current = found -- may run out of memory, before anything else has changed
  self.fixed, self.due, self.usable_until = fixed, due, usable_until
end

local function is_usable(self)
  return self.current ~= nil and self.transport.time() < self.usable_until
end

-- Keeps the old credentials after a failed fetch, and postpones the next one.
local function keep_current(self)
  local now = self.transport.time()
  local expired = self.current.expires and self.current.expires <= now
  self.due = now + (expired and static_pause() or RETRY_PAUSE)
  return self.current
end

local function is_same(a, b)
  return a ~= nil and a.aws_access_key_id == b.aws_access_key_id
    and a.aws_secret_access_key == b.aws_secret_access_key and a.aws_session_token == b.aws_session_token
end

-- Calls the source; other tasks may wait for the result. When the source raises, for example in a cancelled
-- task, one of the waiting tasks fetches again.
local function call_source(self, pending)
  local ok, found, more = pcall(function()
    self.pending = pending
    return self.source(pending.deadline, self.current)
  end)
  pending.done = true
  if self.pending == pending then self.pending = nil end
  if ok then return found, more end
  pending.broken = true
  pending.finished:notify()
  error(found, 0)
end

-- Tells hooks and log of new credentials.
local function tell(self, found)
  if not self.emit then return end
  self.emit("credentials_refreshed", { source = found.source, expires = found.expires })
  if found.warning then self.emit("warning", { message = "credentials: " .. found.warning }) end
end

-- Fetches -> credentials | nil, err. 'refused' are credentials that the service did not accept: when the
-- source has no others, the result is nil without an error.
local function fetch(self, deadline, refused)
  local pending = { deadline = deadline, owner = running_thread(), finished = event.new(), done = false,
    broken = false }
  local found, more = call_source(self, pending)
  if found then
    if is_same(refused, found) then
      pending.finished:notify()
      return nil
    end
    pending.found = found
    store(self, found, more)
    pending.finished:notify()
    if not more then tell(self, found) end
    return found
  end
  if refused or not is_usable(self) then pending.err = more else pending.found = keep_current(self) end
  pending.finished:notify()
  return pending.found, pending.err
end

-- Returns the fetch that is under way | nil. A fetch that has passed its deadline is ignored, since its task
-- was killed.
local function pending_fetch(self)
  local pending = self.pending
  return pending and self.transport.now() < pending.deadline and pending or nil
end

-- Returns true when the caller runs on behalf of the fetch: in the thread that fetches, or in a coroutine
-- that this thread has resumed. LuaJIT has no object for the main thread, which resumes all others.
local function is_part_of(pending)
  local owner = pending.owner
  return owner == running_thread() or owner == "main" or coroutine.status(owner) == "normal"
end

-- Returns true when the fetch cannot go on while the caller waits for it.
local function is_held_up(self, pending)
  return event.blocks(self.transport) and not is_part_of(pending)
end

-- Waits until the fetch of another task is over or ignored -> true | nil, err.
local function wait(self, pending, deadline)
  if is_part_of(pending) then
    return nil, failure("credentials are requested by the function that fetches them")
  end
  local limit = math.min(deadline, pending.deadline)
  pending.finished:wait_until(self.transport, limit, function() return pending.done end)
  if pending.done or pending_fetch(self) ~= pending then return true end
  return nil, failure("no credentials in time")
end

-- Returns the deadline of a fetch while the old credentials are valid. It leaves half of the time to the
-- request itself.
local function half_deadline(self, deadline)
  local now = self.transport.now()
  return now + (deadline - now) / 2
end

--- Returns the credentials. Fetches them when they are due.
---@param deadline number by the transport's clock
---@return table? credentials
---@return dynamodb.Error? err
function Cache:get(deadline)
  local current = self.current
  if current and (self.due == math.huge or self.transport.time() < self.due) then return current end
  local pending = pending_fetch(self)
  if is_usable(self) then return pending and current or fetch(self, half_deadline(self, deadline)) end
  if not pending or is_held_up(self, pending) then return fetch(self, deadline) end
  local over, err = wait(self, pending, deadline)
  if not over then return nil, err end
  if pending.found or pending.err then return pending.found, pending.err end
  return self:get(deadline)
end

--- Returns other credentials than those that the service did not accept.
---@param refused table
---@param deadline number by the transport's clock
---@return table? credentials nil without an error when there are no others
---@return dynamodb.Error? err
function Cache:refresh(refused, deadline)
  if self.fixed then return nil end
  if self.current ~= refused then return self:get(deadline) end
  local pending = pending_fetch(self)
  if not pending or is_held_up(self, pending) then return fetch(self, deadline, refused) end
  local over, err = wait(self, pending, deadline)
  if not over then return nil, err end
  if not pending.done or pending.broken then return self:refresh(refused, deadline) end
  return pending.found ~= refused and pending.found or nil, pending.err
end

--- Makes a cache of a source.
---@param source function of a deadline and of the credentials to replace -> credentials, true if they never
--- change | nil, err
---@param transport table
---@param emit? function of an event and its fields
---@return dynamodb.CredentialCache
return function(source, transport, emit)
  return setmetatable({ source = source, transport = transport, emit = emit, fixed = false, due = 0,
    usable_until = 0 }, Cache)
end
