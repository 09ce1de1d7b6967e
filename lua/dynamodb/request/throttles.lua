--- What the service throttles: counted by account, table, index and hash key, and slowed down by a limiter of
--- its own in retry mode "adaptive". Loaded at the first throttled response. doc/retries.md
--
-- ThrottlingReasons of a response name a resource, reads or writes, and what was too much. Each is an entry:
--   "key"         a range of keys: the requests of that table or index for one hash key. Those for several
--                 keys, or for a key that is not known, share one entry without a hash.
--   "table", "index"   the requests of that table or index
--   "account"     all requests of the connection, as "connection", which is a response without reasons
-- Writes to an index are part of writes to its table, and nothing tells which of them reach the index. They
-- are slowed down together.
-- Source: API reference, ThrottlingReason.

local core = require("dynamodb.core")
local limiter = require("dynamodb.request.limiter")

local throttles = {}

local MOST = { key = 64, other = 64 } -- entries of each kind
local HALF_LIFE = 30 -- seconds after which a throttling counts half, when the worst are chosen
local MEMORY = 60 -- seconds without throttling after which an entry slows nothing down any more
local HASH_DIGITS = 16
local NONE = {}

-- The operations with a capacity -> kind. Those of PartiQL name their tables in statements only.
local kinds = { BatchGetItem = "read", BatchWriteItem = "write", DeleteItem = "write", GetItem = "read",
  PutItem = "write", Query = "read", Scan = "read", TransactGetItems = "read", TransactWriteItems = "write",
  UpdateItem = "write" }

-- The end of a reason -> what is too much.
local limits = { AccountLimitExceeded = "account", KeyRangeThroughputExceeded = "key",
  MaxOnDemandThroughputExceeded = "resource", ProvisionedThroughputExceeded = "resource" }

---@class dynamodb.ThrottleEntry
---@field scope "key"|"table"|"index"|"account"|"connection"
---@field kind? "read"|"write"
---@field resource? string as the service names it
---@field key_hash? string
---@field count integer throttled responses
---@field score number the same, where old ones count less
---@field last number time of the last one
---@field id string
---@field base? string id of the requests that it is a part of: of a table or index, and kind
---@field limiter? dynamodb.Limiter

---@class dynamodb.Throttles one per connection
---@field entries table<string, dynamodb.ThrottleEntry> by id
---@field limited table<string, dynamodb.ThrottleEntry[]> entries with a limiter, by base
---@field counts table<string, integer> entries of each group, "key" and "other"
local Throttles = {}
Throttles.__index = Throttles

-- {===== What a request is for =====

-- Returns the hash of a key's value. Its digits do not tell the value.
local function hash_of(value)
  local text = assert(core.encode({ k = value }, "item"))
  return core.sha256(text:match('^{"k":(.*)}$')):sub(1, HASH_DIGITS)
end

-- Returns the value of the hash key in a key or an item | nil.
local function value_in(attributes, name)
  if type(attributes) ~= "table" then return nil end
  if name then return attributes[name] end
  local first, value = next(attributes)
  return next(attributes, first) == nil and value or nil
end

-- Returns the value that a key condition compares the hash key with | nil. 'name' is nil for the key of an
-- index: the first equality counts.
local function value_of_condition(params, name)
  local text, values = params.KeyConditionExpression, params.ExpressionAttributeValues
  if type(text) ~= "string" or type(values) ~= "table" then return nil end
  local names = params.ExpressionAttributeNames or NONE
  for left, right in text:gmatch("([#%w_.%-]+)%s*=%s*(:[%w_]+)") do
    if not name or (names[left] or left) == name then return values[right] end
  end
end

-- Returns the hash of the one hash key that a request is for | nil.
local function key_hash_of(call)
  local params = call.params
  local name, value = call.state.running.hash_names[params.TableName], nil
  if params.KeyConditionExpression then
    value = value_of_condition(params, not params.IndexName and name or nil)
  elseif params.Key then
    value = value_in(params.Key, name)
  elseif params.Item and name then
    local item = params.Item
    if type(item) == "string" then item = core.decode(item, "item") end
    value = value_in(item, name)
  end
  return value ~= nil and hash_of(value) or nil
end

-- Returns the names of the tables in a request.
local function tables_of(params)
  if type(params.TableName) == "string" then return { params.TableName } end
  local names, seen = {}, {}
  local function add(name)
    if type(name) == "string" and not seen[name] then names[#names + 1], seen[name] = name, true end
  end
  for name in pairs(type(params.RequestItems) == "table" and params.RequestItems or NONE) do add(name) end
  for _, each in ipairs(type(params.TransactItems) == "table" and params.TransactItems or NONE) do
    local _, operation = next(type(each) == "table" and each or NONE)
    add(type(operation) == "table" and operation.TableName)
  end
  return names
end

local function base_of(kind, name, index)
  return ("%s %s%s"):format(kind, name, index and kind == "read" and "/index/" .. index or "")
end

-- ===================== }
-- {===== What a response tells =====

-- Returns the name of the table and of the index of an ARN.
local function parts_of(resource)
  local name = (resource:match(":table/(.+)$") or resource):match("^[^/]+")
  return name, resource:match("/index/([^/]+)$")
end

-- Returns the table of the request that a resource belongs to, as the request names it | nil.
local function table_named(call, resource)
  local wanted = parts_of(resource)
  for _, name in ipairs(tables_of(call.params)) do
    if (parts_of(name)) == wanted then return name end
  end
end

-- Returns the entry that a reason stands for, which is not among the entries yet | nil when the reason is not
-- known, or its resource is none of the request.
local function entry_of(call, given)
  local reason, resource = given.reason or given.Reason, given.resource or given.Resource
  local subject, kind, limit = (reason or ""):match("^(%u%l+)(%u%l+)(%u.*)$")
  local what = (subject == "Table" or subject == "Index") and limits[limit]
  kind = kind == "Read" and "read" or kind == "Write" and "write" or nil
  if not what or not kind then return nil end
  local entry = { kind = kind, resource = resource, reason = reason, scope = what }
  if what == "account" then
    entry.id = "account " .. kind
    return entry
  end
  local name = resource and kinds[call.operation.name] == kind and table_named(call, resource)
  if not name then return nil end
  local _, index = parts_of(resource)
  entry.base = base_of(kind, name, index)
  if what == "resource" or (index and kind == "write") then
    entry.scope, entry.id = index and "index" or "table", entry.base .. (index and " " .. index or "")
  else
    entry.key_hash = key_hash_of(call)
    entry.id = entry.base .. "#" .. (entry.key_hash or "")
  end
  return entry
end

-- Returns the entries that a throttled response stands for.
local function entries_of(call, err)
  local list = {}
  for _, reason in ipairs(err.throttling_reasons or NONE) do
    list[#list + 1] = entry_of(call, reason)
  end
  if #list == 0 then list[1] = { id = "connection", scope = "connection" } end
  return list
end

-- ===================== }
-- {===== The entries =====

local function group_of(entry)
  return entry.scope == "key" and "key" or "other"
end

local function score_at(entry, now)
  return entry.score * 0.5 ^ ((now - entry.last) / HALF_LIFE)
end

local function drop_limiter(self, entry)
  if not entry.limiter then return end
  entry.limiter = nil
  local count = self.limited[entry.base]
  for i = #count, 1, -1 do
    if count[i] == entry then table.remove(count, i) end
  end
  if #count == 0 then self.limited[entry.base] = nil end
end

-- Makes room for an entry: forgets the one with the lowest score when there are as many as may be.
local function make_room(self, group, now)
  if self.counts[group] < MOST[group] then
    self.counts[group] = self.counts[group] + 1
    return
  end
  local least
  for _, entry in pairs(self.entries) do
    if group_of(entry) == group and (not least or score_at(entry, now) < score_at(least, now)) then
      least = entry
    end
  end
  drop_limiter(self, least)
  self.entries[least.id] = nil
end

-- Counts a throttling -> the entry that is kept.
local function count(self, entry, now)
  local kept = self.entries[entry.id]
  if not kept then
    make_room(self, group_of(entry), now)
    kept = entry
    kept.count, kept.score, kept.last = 0, 0, now
    self.entries[entry.id] = kept
  end
  kept.score = score_at(kept, now) + 1
  kept.count, kept.last, kept.resource = kept.count + 1, now, entry.resource
  return kept
end

local function is_account_wide(entry)
  return not entry.base
end

--- Records a throttled response: counts it, and calls the hook 'throttled'.
---@param call dynamodb.Call
---@param err dynamodb.Error
---@param emit function(call, event name, fields) of the pipeline
function throttles.record(call, err, emit)
  local state = call.state
  local self, now = state.throttles, state.transport.now()
  if not self then
    self = setmetatable({ entries = {}, limited = {}, counts = { key = 0, other = 0 } }, Throttles)
    state.throttles, state.running.retry_policy.throttles = self, self
  end
  state.stats.throttled_responses = state.stats.throttled_responses + 1
  local found = entries_of(call, err)
  call.throttled_by = {}
  for i, entry in ipairs(found) do call.throttled_by[i] = count(self, entry, now) end
  for _, entry in ipairs(state.emit and found or {}) do
    emit(call, "throttled", { attempt = call.attempt, err = err, key_hash = entry.key_hash, kind = entry.kind,
      reason = entry.reason, resource = entry.resource, scope = entry.scope })
  end
end

--- Returns the entries for conn:stats, the most frequent first.
---@return dynamodb.Throttle[]
function throttles.list(state)
  local list = {}
  for _, entry in pairs(state.throttles and state.throttles.entries or list) do
    list[#list + 1] = { count = entry.count, key_hash = entry.key_hash, kind = entry.kind,
      rate = entry.limiter and entry.limiter.rate, resource = entry.resource, scope = entry.scope,
      id = entry.id }
  end
  table.sort(list, function(a, b)
    if a.count ~= b.count then return a.count > b.count end
    return a.id < b.id
  end)
  for _, each in ipairs(list) do each.id = nil end
  return list
end

-- ===================== }
-- {===== The limiters, for request/retry =====

-- Appends the entries that slow down the requests of a table or index.
local function add_limited(self, list, call, base, now)
  local limited = self.limited[base]
  if not limited then return end
  local hash
  for i = #limited, 1, -1 do
    local entry = limited[i]
    if now - entry.limiter.failed_at > MEMORY then
      drop_limiter(self, entry)
    elseif entry.scope ~= "key" then
      list[#list + 1] = entry
    else
      hash = hash or key_hash_of(call) or ""
      if hash == (entry.key_hash or "") then list[#list + 1] = entry end
    end
  end
end

-- Returns the entries that slow down a call.
local function entries_for(self, call, now)
  local list, kind = {}, kinds[call.operation.name]
  if not kind or not next(self.limited) then return list end
  for _, name in ipairs(tables_of(call.params)) do
    add_limited(self, list, call, base_of(kind, name, call.params.IndexName), now)
  end
  return list
end

--- Takes a token of every limiter that a call needs -> seconds to wait | nil, taking none, when that is more
--- than 'longest'.
---@param client dynamodb.Limiter of the connection
function Throttles:before(call, client, now, longest)
  local held = entries_for(self, call, now)
  local wait = limiter.wait(client, now)
  for _, entry in ipairs(held) do wait = math.max(wait, limiter.wait(entry.limiter, now)) end
  if longest and wait > longest then return nil end
  limiter.take(client)
  for _, entry in ipairs(held) do limiter.take(entry.limiter) end
  call.held_by, call.held_at = held, now
  return wait
end

-- Returns the limiter of an entry, which it may make -> limiter, true for a new one. A new one begins at the
-- rate of the connection, which is an upper limit of the rate of its part.
local function limiter_of(self, entry, client, now)
  if entry.limiter then return entry.limiter, false end
  entry.limiter = limiter.new(now, limiter.estimate(client, now))
  local limited = self.limited[entry.base] or {}
  limited[#limited + 1] = entry
  self.limited[entry.base] = limited
  return entry.limiter, true
end

--- Adapts the limiters after an attempt -> true when that of the connection must slow down as well. A limiter
--- slows down once for all attempts that it let pass before: they tell nothing about its new rate.
---@param throttled boolean
function Throttles:after(call, client, now, throttled)
  local reasons, held, held_at = throttled and call.throttled_by or {}, call.held_by or {}, call.held_at
  call.held_by, call.throttled_by = nil, nil
  local is_wide, adapted = throttled and #reasons == 0, {}
  for _, entry in ipairs(reasons) do
    if is_account_wide(entry) then
      is_wide = true
    elseif self.entries[entry.id] == entry then
      local own, is_new = limiter_of(self, entry, client, now)
      local is_held = false
      for _, each in ipairs(held) do is_held = is_held or each == entry end
      limiter.adapt(own, now, is_new or (is_held and held_at >= own.failed_at))
      adapted[entry] = true
    end
  end
  for _, entry in ipairs(held) do
    if entry.limiter and not adapted[entry] then limiter.adapt(entry.limiter, now, false) end
  end
  return is_wide
end

-- ===================== }

return throttles
