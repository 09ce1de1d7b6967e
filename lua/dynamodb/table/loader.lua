--- Loaders: tbl:loader reads the keys that many tasks or light threads ask for in one turn by one
--- BatchGetItem. doc/coalescing.md
-- The callers of one turn are a group. The first of them collects the keys of the others and sends the
-- request, holding the group's mutex. When it is cancelled or killed, the next caller takes its place.

local arguments = require("dynamodb.base.arguments")
local batch = require("dynamodb.table.batch")
local batch_engine = require("dynamodb.table.batch_engine")
local context = require("dynamodb.request.context")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local event = require("dynamodb.loop.event")
local late = require("dynamodb.base.late")
local mutex = require("dynamodb.loop.mutex")
local options = require("dynamodb.base.options")
local phase = require("dynamodb.loop.phase")
local tables = require("dynamodb.table.table")

local Table = core.table_class.methods

local MOST = 100 -- keys of one BatchGetItem
local NGINX_TURN = 0.001 -- seconds; nginx has no other way to let the light threads that are ready run

---@class dynamodb.Loader
local Loader = { __name = "dynamodb.loader" }
Loader.__index = Loader

---@class dynamodb.LoaderGroup the callers of one turn
---@field entries dynamodb.Entry[] one for each key
---@field callers table<string, integer> how many callers want a key, by the id of its entry
---@field mutex dynamodb.Mutex held by the caller that collects and sends
---@field filled dynamodb.Event notified when it has as many keys as a request may have
---@field is_full boolean
---@field is_collected boolean true once no more keys are added
---@field items? table<string, userdata> the items that were found, by id; nil until the request is over
---@field failed table<string, dynamodb.Error> the error, for the ids of keys that were not read

local function most_keys(value)
  return options.count(1)(value) and value <= MOST, "whole number from 1 to 100"
end

local loader_options = options.with_call_options(options.merge(batch.key_options, {
  hedge = late.call("dynamodb.request.hedge", "is_option"),
  max = most_keys,
  wait = options.seconds,
}))

--- Makes a loader: loader:get(key) of many tasks or light threads become one request. Sends nothing.
---@param given? table max (100: keys of one request), wait (seconds to collect keys; one turn by default),
--- consistent_read, projection, and the options of every call
---@return dynamodb.Loader
function Table:loader(given)
  given = options.read(loader_options, given, "loader")
  local fields, connection = core.table_parts(self)
  core.connection_state(connection) -- raises for a closed connection
  return setmetatable({ _table = self, _given = given, _max = given.max or MOST,
    _wait = given.wait or false,
    _settings = batch.settings_of(fields, given, "loader"),
    _groups = setmetatable({}, { __mode = "k" }) }, Loader) -- by the place of their callers
end

function Loader:__tostring()
  return ("Loader(%s)"):format(self._table.name)
end

local function new_group()
  return { entries = {}, callers = {}, mutex = mutex.new("loader"), filled = event.new(), is_full = false,
    is_collected = false, failed = {} }
end

-- Adds a caller's key to the group of its place, which it may make -> the group.
local function join(self, place, entry)
  local group = self._groups[place] or new_group()
  self._groups[place] = group
  local id, list = entry.id, group.entries
  if not group.callers[id] then list[#list + 1] = entry end
  group.callers[id] = (group.callers[id] or 0) + 1
  if #list == self._max then
    self._groups[place], group.is_full = nil, true
    group.filled:notify()
  end
  return group
end

-- Lets others add their keys, until the turn is over or the group is full.
local function collect(self, group, state, place)
  local transport = state.transport
  local function is_over() return group.is_full or state.closed end
  if self._wait then
    group.filled:wait_until(transport, transport.now() + self._wait, is_over)
  elseif not is_over() then
    event.yield(transport, phase.is_nginx() and NGINX_TURN or 0)
  end
  if self._groups[place] == group then self._groups[place] = nil end
  group.is_collected = true
end

-- Reads the keys of a group, and notes what becomes of each.
local function send(self, group, connection, state)
  local found = {}
  local ok, err = nil, state.closed and context.closed_error() or nil
  if not err then
    ok, err = batch_engine.get(connection, group.entries, self._given, self._table, function(_, item, id)
      found[id] = item
    end)
  end
  if not ok then
    local is_left = {}
    for _, given in ipairs(err.leftovers or {}) do is_left[given] = true end
    for _, entry in ipairs(group.entries) do
      if not err.leftovers or is_left[entry.given] then group.failed[entry.id] = err end
    end
  end
  for id, count in pairs(group.callers) do -- an item is taken by its text when several callers get it
    if found[id] and count > 1 then found[id] = select(3, core.item_parts(found[id])) end
  end
  group.items = found
end

-- Collects and sends, as the one caller that does it.
local function lead(self, group, connection, state, place)
  if place and not group.is_collected then collect(self, group, state, place) end
  send(self, group, connection, state)
end

-- Returns the item of a caller, which shares nothing with those of other callers | nil | nil, err.
local function outcome(self, group, id)
  local err, item = group.failed[id], group.items[id]
  if err then
    local own = errors.new(options.merge(err))
    own.leftovers, own.where = nil, nil
    return nil, errors.locate(own)
  end
  if type(item) ~= "string" then return item end
  local made = core.item(self._table, (assert(core.decode(item, "item"))))
  core.item_load(made, item)
  return made
end

local key_options = tables.with_key({})

--- Reads one item: get(hash [, range]) or get{ hash_key =, range_key = }. In a task or light thread it waits
--- for the others of this turn, and one request reads the keys of all.
---@return dynamodb.Item? item nil without an error when there is none
---@return dynamodb.Error? err
function Loader:get(first, second)
  local fields, connection = core.table_parts(self._table)
  local key = tables.parse_arguments(fields, key_options, "get", first, second)
  local state, entry = core.connection_state(connection), batch_engine.key(fields, key, self._settings, "get")
  local transport = state.transport
  if transport.check then transport.check("get") end
  local place = transport.place and transport.place() or nil
  local group = place and join(self, place, entry)
  if not group then
    group = new_group()
    group.entries[1], group.callers[entry.id] = entry, 1
  end
  while not group.items do
    mutex.wait(group.mutex, transport)
    if not group.items then
      local ok, raised = mutex.call(group.mutex, transport, lead, self, group, connection, state, place)
      if not ok then error(raised, 0) end
    end
  end
  return outcome(self, group, entry.id)
end

arguments.check_methods(Table, "tbl", { core.table_class }, { loader = "options" })
arguments.check_methods(Loader, "loader", { Loader }, { get = "hash_key, range_key" })

return true
