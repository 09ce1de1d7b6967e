--- Sends the entries of a background queue. A worker is a timer of nginx or a task, which sends one request
--- after the other until no entry is ready.

local background_entries = require("dynamodb.table.background_entries")
local batch_engine = require("dynamodb.table.batch_engine")
local context = require("dynamodb.request.context")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local operations = require("dynamodb.base.operations")
local pipeline = require("dynamodb.request.pipeline")

local background_sender = {}

local MOST_REQUESTS = 100 -- of one worker; nginx frees the memory of a timer when it ends
local GRACE = 1 -- seconds after which a worker that was started and has not begun is replaced

--- Returns an entry as option on_drop is told of it: { table =, put = attributes }, { table =, delete = key }
--- or { table =, update = request of UpdateItem }.
---@param entry dynamodb.BackgroundEntry
function background_sender.describe(entry)
  local request, name = entry.request, entry.fields.name
  if entry.kind == "update" then return { table = name, update = request } end
  local put = request.PutRequest
  local attributes = assert(core.decode(put and put.Item or request.DeleteRequest.Key, "item"))
  return put and { table = name, put = attributes } or { table = name, delete = attributes }
end

-- {===== One request =====

-- Adds the entries that failed to the list.
local function add_failed(failed, entries, err)
  local is_left = {}
  for _, given in ipairs(err.leftovers or {}) do is_left[given] = true end
  for _, entry in ipairs(entries) do
    if not err.leftovers or is_left[entry.given] then failed[entry] = err end
  end
end

-- Writes puts and deletes. When the service refuses the request, each entry is sent alone, so that only what
-- is wrong fails.
local function send_batch(self, entries, failed)
  local ok, err = batch_engine.write(self._connection, entries, self._calls)
  if ok then return end
  if err.code ~= "ValidationException" or #entries == 1 then return add_failed(failed, entries, err) end
  for _, entry in ipairs(entries) do
    if self._state.closed then
      failed[entry] = context.closed_error()
    else
      local sent, why = batch_engine.write(self._connection, { entry }, self._calls)
      if not sent then failed[entry] = why end
    end
  end
end

-- Sends entries. Fills the map of entries that failed to their errors.
local function send(self, entries, failed)
  if self._state.closed then return add_failed(failed, entries, context.closed_error()) end
  if entries[1].kind == "write" then return send_batch(self, entries, failed) end
  local ok, err = pipeline.call(self._connection, operations.UpdateItem, entries[1].request, nil, self._calls)
  if not ok then failed[entries[1]] = err end
end

-- Counts a failed entry and notes its error for the calls of flush that wait for it.
local function note_failure(self, entry, err)
  self._stats.failed = self._stats.failed + 1
  for own in pairs(self._flushes) do
    if entry.generation <= own.generation then own.err, own.count = own.err or err, own.count + 1 end
  end
end

-- Removes entries that were sent, and tells on_drop of those that failed -> what on_drop raised, in a table.
local function settle(self, entries, failed)
  for _, entry in ipairs(entries) do
    background_entries.remove(self._entries, entry)
    local err = failed[entry]
    if err then note_failure(self, entry, err) else self._stats.written = self._stats.written + 1 end
  end
  self._settled:notify()
  local raised
  for _, entry in ipairs(entries) do
    if failed[entry] and self._on_drop then
      local ok, why = pcall(self._on_drop, background_sender.describe(entry), failed[entry])
      if not ok then raised = raised or { why } end
    end
  end
  return raised
end

-- Handles entries whose request did not end. Puts and deletes can be sent again; an update may have been
-- applied, and fails.
local function interrupt(self, entries)
  if entries[1].kind == "update" then
    return settle(self, entries, { [entries[1]] = errors.new({ kind = "network", operation = "UpdateItem",
      table = entries[1].fields.name, ambiguous = true, message = "interrupted while it was sent" }) })
  end
  for _, entry in ipairs(entries) do background_entries.put_back(self._entries, entry) end
  self._settled:notify()
end

-- Sends entries that were taken -> what on_drop raised, in a table. Raises when the task is cancelled.
local function process(self, entries)
  local failed = {}
  self._in_flight[entries] = true
  local ok, why = pcall(send, self, entries, failed)
  if not self._in_flight[entries] then return nil end -- recovered meanwhile
  self._in_flight[entries] = nil
  if ok then return settle(self, entries, failed) end
  interrupt(self, entries)
  error(why, 0)
end

-- ===================== }
-- {===== Workers =====

-- Sends until nothing is ready or the worker has sent enough -> what on_drop raised, in a table.
local function work(self)
  local raised
  for _ = 1, MOST_REQUESTS do
    local entries = background_entries.take(self._entries)
    if not entries then break end
    if self._entries.ready > 0 then background_sender.start(self, 0) end -- another worker takes part
    raised = process(self, entries) or raised
  end
  return raised
end

-- The function of a worker. Raises what on_drop raised.
local function run_worker(self)
  self._due = false
  if self._workers >= self._concurrency then return end
  self._workers = self._workers + 1
  local ok, raised = pcall(work, self)
  self._workers = self._workers - 1
  if not ok then error(raised, 0) end
  if self._entries.ready > 0 then background_sender.start(self, 0) end
  if raised then error(raised[1], 0) end
end

-- Starts a task that waits and then works -> true | nil outside of tasks.
local function start_task(self, transport, seconds)
  if not (transport.spawn and transport.place and transport.place()) then return nil end
  transport.spawn(function()
    local ok, why = true, nil
    if seconds > 0 then ok, why = pcall(context.pause, self._state, seconds) end
    self._due = false
    if not ok then error(why, 0) end
    run_worker(self)
  end)
  return true
end

--- Starts a worker after that many seconds, unless one is due by then or enough of them work. Outside of
--- tasks in plain Lua nothing starts.
function background_sender.start(self, seconds)
  if self._workers >= self._concurrency then return end
  local transport = self._state.transport
  local at = transport.now() + seconds
  if self._due and self._due <= at and at < self._due + GRACE then return end
  local started
  if transport.later then
    started = transport.later(seconds, function() run_worker(self) end)
  else
    started = start_task(self, transport, seconds)
  end
  if started then self._due = at end
end

--- Sends everything that is ready, in the caller. Raises what on_drop raised.
function background_sender.drain(self)
  local raised
  while true do
    local entries = background_entries.take(self._entries)
    if not entries then break end
    raised = process(self, entries) or raised
  end
  if raised then error(raised[1], 0) end
end

--- Ends the requests that are under way, in nginx's phase exit_worker: what sent them does not run any more.
function background_sender.recover(self)
  local list = {}
  for entries in pairs(self._in_flight) do list[#list + 1] = entries end
  self._in_flight = {}
  for _, entries in ipairs(list) do interrupt(self, entries) end
end

-- ===================== }

return background_sender
