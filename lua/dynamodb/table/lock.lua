--- Locks: tbl:lock acquires a lease on the item of a name, with a fencing token that rises with each holder.
--- doc/locks.md says what is promised.
-- The item of a lock has these attributes beside its key:
--   lock_token    number, rises by one with each acquisition, and stays when the lock is released
--   lock_version  text, another one after every write, so that equal versions mean that nothing was written
--   lock_owner    text of the acquisition; absent while the lock is free
--   lock_lease    seconds of the holder's lease; absent while the lock is free
-- Every write has the condition that the version is the one that was read. A holder counts its lease from
-- before the write, a waiter from after its first read of the version, each by its own monotonic clock.
-- Source: AWS, "Building Distributed Locks with the DynamoDB Lock Client" (record versions and leases).

local arguments = require("dynamodb.base.arguments")
local condition = require("dynamodb.expression.condition")
local context = require("dynamodb.request.context")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local event = require("dynamodb.loop.event")
local mutex = require("dynamodb.loop.mutex")
local operations = require("dynamodb.base.operations")
local options = require("dynamodb.base.options")
local pipeline = require("dynamodb.request.pipeline")
local response = require("dynamodb.request.response")
local response_check = require("dynamodb.request.response_check")
local schema = require("dynamodb.table.schema")
local system = require("dynamodb.base.system")
local tables = require("dynamodb.table.table")
local update = require("dynamodb.expression.update")
local write = require("dynamodb.table.write")

local Table = core.table_class.methods

local LEASE = 20 -- seconds, unless the caller says otherwise
local MOST_INTERVAL = 1 -- seconds between two looks at a lock that is held
local NEXT_READ = 0.05 -- seconds after a claim whose outcome only reading tells
local WRITES = 2 -- writes of a heartbeat or a release whose outcome was not clear after the first one

---@class dynamodb.Lock
---@field token integer the fencing token: no other acquisition of this lock has it, and later ones have
--- higher ones
---@field lease number seconds
local Lock = { __name = "dynamodb.lock" }
Lock.__index = Lock

local function wait_option(value)
  return type(value) == "number" and value >= 0 and value < 1e9, "number of seconds from 0"
end

local lock_options = options.with_write_options(tables.with_key({
  heartbeat = options.seconds,
  interval = options.seconds,
  lease = options.seconds,
  wait = wait_option,
}))

local function now(self) return self._state.transport.now() end

function Lock:__tostring()
  return ("Lock(%s %s, token %s)"):format(self._fields.name, schema.show_key(self._fields.schema, self._key),
    tostring(self.token))
end

-- {===== Requests =====

-- Returns what is wrong with the attributes of a lock | nil.
local function misfit(item)
  local token = item.lock_token
  if token == nil and item.lock_version == nil and item.lock_owner == nil then return nil end
  if type(token) ~= "number" or token % 1 ~= 0 then return "lock_token: whole number expected" end
  if type(item.lock_version) ~= "string" then return "lock_version: text expected" end
  if item.lock_owner == nil then return nil end
  if type(item.lock_owner) ~= "string" then return "lock_owner: text expected" end
  if not options.seconds(item.lock_lease) then return "lock_lease: positive number of seconds expected" end
end

-- Reads the item -> attributes, {} when there is none | nil, err.
local function read(self)
  local closed = context.closed_meanwhile(self._connection)
  if closed then return nil, closed end
  local request = { TableName = self._fields.name, Key = self._key, ConsistentRead = true }
  local result, err = pipeline.call(self._connection, operations.GetItem, request, nil, self._calls)
  if not result then return nil, err end
  local why = response_check.item(result, self._key)
  if not why and result.Item then why = misfit(result.Item) end
  if why then return nil, response.unfit(operations.GetItem, request, why) end
  return result.Item or {}
end

-- Returns the condition that nothing was written since this version was read.
local function unchanged(version)
  local attribute = condition.attr({ "lock_version" })
  return version == nil and attribute:not_exists() or attribute:eq(version)
end

-- Writes a new version of the item, unless another one was written since 'seen' -> the version | nil, err.
-- The lease of the version counts from the time before the request.
local function write_version(self, seen, actions)
  local closed = context.closed_meanwhile(self._connection)
  if closed then return nil, closed end
  local version, started = core.uuid(), now(self)
  self._tried[version] = started
  local given = options.merge(self._calls, { condition = unchanged(seen) })
  given.deadline_at = started + self.lease -- a later response would be of no use
  actions:set("lock_version", version)
  local result, err = write.update(self._connection, self._fields, self._key, actions, given, "lock")
  if not result then return nil, err end
  return version
end

-- Returns true when reading shows whether a write was applied or refused.
local function is_unclear(err)
  return err.ambiguous or err.code == "ConditionalCheckFailedException"
end

-- Takes a version that the lock's own write has stored.
local function adopt(self, version)
  if version == self._version then return end
  local started = self._tried[version]
  self._version, self._tried = version, { [version] = started }
  self._expires = started + self.lease
end

-- ===================== }
-- {===== Acquiring =====

-- Makes the error of a lock that was not acquired in time.
local function not_acquired(self, item, seconds)
  return errors.new({ kind = "timeout", code = "LockNotAcquired", operation = "UpdateItem",
    table = self._fields.name, retryable = true, item = item.lock_owner and item or nil,
    message = ("lock %s is still held after %g s"):format(schema.show_key(self._fields.schema, self._key),
      seconds) })
end

-- Claims a lock that is free or whose lease has passed -> true | nil, err.
local function claim(self, item)
  local token = (item.lock_token or 0) + 1
  local actions = update.builder():set("lock_token", token):set("lock_owner", self._owner)
  local version, err = write_version(self, item.lock_version, actions:set("lock_lease", self.lease))
  if not version then return nil, err end
  self.token = token
  adopt(self, version)
  return true
end

-- What a waiter has seen: the version, and when it saw it first.
local function watch(seen, item, time)
  if item.lock_version ~= seen.version then seen.version, seen.since = item.lock_version, time end
  seen.lease = item.lock_owner and item.lock_lease or 0
end

-- Looks at the lock once, and claims it if that is permitted -> true | nil, err, whether only another look
-- tells the outcome.
local function look(self, seen, given_wait)
  local item, err = read(self)
  if not item then return nil, err end
  local time = now(self)
  local is_own = item.lock_owner == self._owner -- the response to an earlier claim was lost
  if is_own and (self._tried[item.lock_version] or -self.lease) + self.lease > time then
    self.token = item.lock_token
    adopt(self, item.lock_version)
    return true
  end
  watch(seen, item, time)
  if not is_own and time - seen.since < seen.lease then return nil, not_acquired(self, item, given_wait) end
  local ok, failure = claim(self, item)
  if ok then return true end
  if failure.ambiguous then return nil, failure, true end
  if failure.code == "ConditionalCheckFailedException" then failure = not_acquired(self, item, given_wait) end
  return nil, failure
end

-- Returns seconds until the next look, which is not later than the end of the lease that is watched.
local function next_pause(self, seen, interval, deadline)
  local time, seconds = now(self), interval * (0.5 + system.random())
  if seen.lease > 0 then seconds = math.min(seconds, seen.since + seen.lease - time) end
  return math.max(0.001, math.min(seconds, deadline - time))
end

-- Looks until the lock is acquired or the time has passed -> true | nil, err.
local function acquire(self, wait, interval)
  local start = now(self)
  local deadline, seen = start + wait, { since = start, lease = 0 }
  local unclear -- the error of a claim whose outcome is not known
  while true do
    local ok, err, is_open = look(self, seen, wait)
    if is_open or ok or err.code ~= "ConnectionClosed" then unclear = is_open and err or nil end
    local is_late = now(self) >= deadline
    if is_open and is_late then ok, err = look(self, seen, wait) end
    if ok then return true end
    if is_late or not (is_open or err.retryable) then
      return nil, err.code == "ConnectionClosed" and unclear or err
    end
    local pause = next_pause(self, seen, is_open and math.min(interval, NEXT_READ) or interval, deadline)
    local going, closed = context.pause(self._state, pause)
    if not going then return nil, unclear or closed end
  end
end

-- ===================== }
-- {===== Holding =====

-- Ends the lock -> nil, err.
local function lose(self, item)
  self._keeper.over, self._expires = true, 0
  self._lost = errors.new({ kind = "service", code = "LockLost", operation = "UpdateItem",
    table = self._fields.name, item = item.lock_owner and item or nil,
    message = ("lock %s is no longer held by this holder"):format(
      schema.show_key(self._fields.schema, self._key)) })
  return nil, errors.locate(self._lost)
end

-- Extends the lease -> true | nil, err.
local function renew(self)
  if self._released then return true end
  if self._lost then return nil, errors.locate(self._lost) end
  local failure
  local start = now(self)
  for _ = 1, WRITES do
    local version, err = write_version(self, self._version, update.builder())
    if version then
      adopt(self, version)
      return true
    end
    if not is_unclear(err) then return nil, err end
    local item, why = read(self)
    if not item then return nil, err.ambiguous and err or why end
    if item.lock_owner ~= self._owner then return lose(self, item) end
    adopt(self, item.lock_version)
    if self._expires >= start + self.lease then return true end -- the response was lost
    failure = err
  end
  return nil, failure
end

-- Frees the lock -> true | nil, err.
local function free(self)
  if self._released then return true end
  if self._lost then return nil, errors.locate(self._lost) end
  local failure
  for _ = 1, WRITES do
    local actions = update.builder():remove("lock_owner"):remove("lock_lease")
    local version, err = write_version(self, self._version, actions)
    self._released = version ~= nil
    if version then return true end
    if not is_unclear(err) then return nil, err end
    local item, why = read(self)
    if not item then return nil, err.ambiguous and err or why end
    if item.lock_owner ~= self._owner then
      -- No other holder may have acquired it before the lease had passed, so this release was applied.
      self._released = self._tried[item.lock_version] ~= nil or (err.ambiguous and self:remaining() > 0)
      if self._released then return true end
      return lose(self, item)
    end
    adopt(self, item.lock_version)
    failure = err
  end
  return nil, failure
end

-- Calls a function that writes, while no other task or light thread writes for the same lock. Raises what it
-- raises.
local function alone(self, f)
  local transport = self._state.transport
  mutex.wait(self._mutex, transport)
  local done, ok, err = mutex.call(self._mutex, transport, f, self)
  if not done then error(ok, 0) end
  if ok then return true end
  return nil, err
end

local function check_open(self, where)
  if self._released then errors.raise("lock:%s: attempt to use a released lock", where) end
end

--- Extends the lease by a full one from now -> true | nil, err. The code LockLost means that there is another
--- holder, or was one. After other errors the lock is held for lock:remaining() seconds.
function Lock:heartbeat()
  check_open(self, "heartbeat")
  core.connection_state(self._connection) -- raises for a closed connection
  return alone(self, renew)
end

--- Returns the seconds that are left of the lease, by this machine's monotonic clock; 0 when it has passed,
--- when the lock was released, and when it was lost.
function Lock:remaining()
  if self._released or self._lost then return 0 end
  return math.max(0, self._expires - now(self))
end

--- Releases the lock -> true | nil, err; LockLost when it had another holder meanwhile. After other errors it
--- may be called again. Releasing it again does nothing.
function Lock:release()
  if self._released then return true end
  core.connection_state(self._connection) -- raises for a closed connection
  local keeper = self._keeper
  keeper.over = true
  keeper.changed:notify()
  return alone(self, free)
end

function Lock:__close(err)
  if err ~= nil then
    pcall(self.release, self) -- the error that leaves the block is not replaced by one of the release
    return
  end
  local ok, failure = self:release()
  if not ok then error(failure, 0) end
end

-- ===================== }
-- {===== Heartbeats by a task =====

-- Sends a heartbeat. No local variable of the keeper's function refers to the lock while it waits.
local function beat(weak)
  local own = weak.lock
  if own then alone(own, renew) end
end

-- Sends heartbeats until the lock ends, or is collected, or what acquired it has ended.
local function keep(keeper, weak, state, seconds)
  local transport = state.transport
  local function is_over()
    return keeper.over or state.closed or not weak.lock or not weak.thread
      or coroutine.status(weak.thread) == "dead"
  end
  while not is_over() do
    keeper.changed:wait_until(transport, transport.now() + seconds, is_over)
    if not is_over() then beat(weak) end
  end
end

local function start_keeper(self, seconds)
  local keeper, state = self._keeper, self._state
  local weak = setmetatable({ lock = self, thread = coroutine.running() }, { __mode = "v" })
  state.transport.spawn(function() keep(keeper, weak, state, seconds) end)
end

-- ===================== }

-- Raises for options that do not go together, and where no heartbeats are possible.
local function check(given, lease, state)
  local seconds, transport = given.heartbeat, state.transport
  if not seconds then return end
  if seconds >= lease then
    errors.raise("lock: option 'heartbeat': less than 'lease' (%g) expected", lease)
  end
  if not (transport.place and transport.place()) then
    errors.raise("lock: option 'heartbeat': nothing runs beside the caller outside of tasks and nginx; "
      .. "lock:heartbeat() extends the lease")
  end
end

--- Acquires the lock of a key: lock(hash [, range] [, options]) or lock{ hash_key =, lease =, wait =,
--- interval =, heartbeat = } -> lock | nil, err; the code is LockNotAcquired when it was held all the time.
---@return dynamodb.Lock? lock
---@return dynamodb.Error? err
function Table:lock(first, second, third)
  local fields, connection = core.table_parts(self)
  local key, given = tables.parse_arguments(fields, lock_options, "lock", first, second, third)
  local state, lease = core.connection_state(connection), given.lease or LEASE
  check(given, lease, state)
  local own = setmetatable({ lease = lease, token = false, _key = key, _fields = fields, _state = state,
    _connection = connection, _calls = options.select_call_options(given), _owner = core.uuid(),
    _version = false, _expires = 0, _tried = {}, _mutex = mutex.new("lock"), _released = false, _lost = false,
    _keeper = { over = false, changed = event.new() } }, Lock)
  local interval = given.interval or math.min(MOST_INTERVAL, lease / 10)
  local ok, err = acquire(own, given.wait or 2 * lease, interval)
  if not ok then return nil, errors.locate(err) end
  if given.heartbeat then start_keeper(own, given.heartbeat) end
  return own
end

arguments.check_methods(Table, "tbl", { core.table_class }, { lock = "hash_key, range_key, options" })
arguments.check_methods(Lock, "lock", { Lock }, { heartbeat = "", release = "", remaining = "" })

return true
