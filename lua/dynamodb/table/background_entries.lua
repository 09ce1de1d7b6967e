--- The entries of a background queue. Entries of one key are sent in their order, one at a time; entries of
--- different keys in any order. Puts and deletes of one table are taken together.

local background_entries = {}

local MAX_WRITES = 25 -- entries of one BatchWriteItem

---@class dynamodb.BackgroundEntry: dynamodb.Entry
---@field kind "write"|"update"
---@field generation? integer counts the flushes before it was added

---@class dynamodb.BackgroundEntries
---@field chains table<string, table> the entries of each key in order, by their id
---@field groups table<string, table> the chains that are ready, by kind and table
---@field turn table the groups with chains that are ready, in turn
---@field ready integer chains whose first entry can be taken
---@field count integer entries, those that are being sent included
---@field bytes integer of these
---@field generation integer
---@field open table<integer, integer> number of entries by generation

-- {===== Lists =====

local function new_list() return { first = 1, last = 0 } end

local function is_empty(list) return list.last < list.first end

local function append(list, value)
  list.last = list.last + 1
  list[list.last] = value
end

local function remove_first(list)
  local value = list[list.first]
  list[list.first] = nil
  list.first = list.first + 1
  return value
end

-- ===================== }

---@return dynamodb.BackgroundEntries
function background_entries.new()
  return { chains = {}, groups = {}, turn = new_list(), ready = 0, count = 0, bytes = 0, generation = 1,
    open = {} }
end

-- Notes that the first entry of a chain can be taken.
local function make_ready(self, chain)
  local entry = chain[chain.first]
  local name = entry.kind .. " " .. entry.fields.name
  local group = self.groups[name]
  if not group then
    group = { name = name, most = entry.kind == "write" and MAX_WRITES or 1, chains = new_list() }
    self.groups[name] = group
    append(self.turn, group)
  end
  append(group.chains, chain)
  self.ready = self.ready + 1
end

local function count(self, entry, by)
  self.count, self.bytes = self.count + by, self.bytes + by * entry.bytes
  local open = (self.open[entry.generation] or 0) + by
  self.open[entry.generation] = open > 0 and open or nil
end

--- Returns the entry that a new one would replace | nil: the last one of its key, when both are puts or
--- deletes and it is not being sent.
function background_entries.replaced_by(self, entry)
  local chain = self.chains[entry.id]
  local last = chain and chain[chain.last]
  if not last or last.kind ~= "write" or entry.kind ~= "write" then return nil end
  if chain.sending and chain.first == chain.last then return nil end
  return last
end

--- Adds an entry after those of the same key -> the entry that it replaces | nil.
function background_entries.add(self, entry)
  local replaced, chain = background_entries.replaced_by(self, entry), self.chains[entry.id]
  entry.generation = self.generation
  if replaced then
    count(self, replaced, -1)
    count(self, entry, 1)
    chain[chain.last] = entry
    return replaced
  end
  if not chain then
    chain = new_list()
    chain.sending = false
    self.chains[entry.id] = chain
  end
  append(chain, entry)
  count(self, entry, 1)
  if chain.first == chain.last and not chain.sending then make_ready(self, chain) end
  return nil
end

--- Takes the entries of the next request -> list, of one update or of puts and deletes of one table | nil
--- when none is ready.
---@return dynamodb.BackgroundEntry[]?
function background_entries.take(self)
  if is_empty(self.turn) then return nil end
  local group, taken = remove_first(self.turn), {}
  while #taken < group.most and not is_empty(group.chains) do
    local chain = remove_first(group.chains)
    chain.sending = true
    taken[#taken + 1] = chain[chain.first]
  end
  self.ready = self.ready - #taken
  if is_empty(group.chains) then self.groups[group.name] = nil else append(self.turn, group) end
  return taken
end

--- Removes an entry that was taken. The next one of its key becomes ready.
function background_entries.remove(self, entry)
  local chain = self.chains[entry.id]
  chain.sending = false
  remove_first(chain)
  count(self, entry, -1)
  if is_empty(chain) then self.chains[entry.id] = nil else make_ready(self, chain) end
end

--- Puts an entry back that was taken and not sent.
function background_entries.put_back(self, entry)
  local chain = self.chains[entry.id]
  chain.sending = false
  make_ready(self, chain)
end

--- Returns the number of the generation that ends here; entries that are added later belong to the next.
---@return integer
function background_entries.end_generation(self)
  self.generation = self.generation + 1
  return self.generation - 1
end

--- Returns true when no entry of a generation up to this one is left.
function background_entries.is_done(self, generation)
  for other in pairs(self.open) do
    if other <= generation then return false end
  end
  return true
end

return background_entries
