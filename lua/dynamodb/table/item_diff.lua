--- Finds the smallest list of changes between the loaded attributes of an item and its current ones, nested
--- changes included.

local core = require("dynamodb.core")
local objects = require("dynamodb.base.objects")

local item_diff = {}

local LIST, MAP = getmetatable(core.list()), getmetatable(core.map())

---@class dynamodb.Change
---@field path table list of names, and of list positions from 0
---@field old any the previous value; nil when there was none
---@field new any the current value; nil when the attribute is removed
---@field length? integer length of the list before this element was added to, or removed from, its end

local function extend(path, step)
  local steps = {}
  for i, outer in ipairs(path) do steps[i] = outer end
  steps[#steps + 1] = step
  return steps
end

-- Returns a copy of a list or map as the encoder sees it. Metatables of users are not copied: they may be
-- protected, and __pairs and __gc would run.
local function copy(value)
  local made = {}
  for name, inner in next, value do made[name] = inner end
  return core.is_list(value) and core.list(made) or core.map(made)
end

-- Returns a table whose members are what the encoder sees, without a metatable that computes others.
local function raw(value)
  local meta = getmetatable(value)
  return (meta == nil or meta == LIST or meta == MAP) and value or copy(value)
end

local compare

local function compare_maps(path, old, new, changes)
  for name, value in next, new do compare(extend(path, name), old[name], value, changes) end
  for name, value in next, old do
    if new[name] == nil then changes[#changes + 1] = { path = extend(path, name), old = value } end
  end
end

-- Lists are compared by position. When every element differs, the whole list is one change.
local function compare_lists(path, old, new, changes)
  local shared, inner = math.min(#old, #new), {}
  local kept = 0 -- elements that are equal, or that differ only inside
  for i = 1, shared do
    local before = #inner
    compare(extend(path, i - 1), old[i], new[i], inner)
    local first = inner[before + 1]
    if not first or #first.path > #path + 1 then kept = kept + 1 end
  end
  if kept == 0 then
    changes[#changes + 1] = { path = path, old = old, new = new }
    return
  end
  for i = shared + 1, #new do
    inner[#inner + 1] = { path = extend(path, i - 1), new = new[i], length = #old }
  end
  for i = #old, shared + 1, -1 do -- from the end, since emulators renumber positions after each removal
    inner[#inner + 1] = { path = extend(path, i - 1), old = old[i], length = #old }
  end
  for _, change in ipairs(inner) do changes[#changes + 1] = change end
end

function compare(path, old, new, changes)
  if core.equal(old, new) then return end
  if type(old) == "table" and type(new) == "table" and core.is_list(old) == core.is_list(new) then
    local inner = core.is_list(new) and compare_lists or compare_maps
    return inner(path, raw(old), raw(new), changes)
  end
  changes[#changes + 1] = { path = path, old = old, new = new }
end

-- Returns true when the changes, and the conditions that guard them, fit into one expression each (4 KB), and
-- no path has more than 32 steps.
local function fits_expression(changes)
  local bytes, steps = 0, 0
  for _, change in ipairs(changes) do
    bytes, steps = bytes + 40 + 5 * #change.path, math.max(steps, #change.path)
  end
  return bytes < 4000 and steps <= 32
end

-- Returns changes of whole attributes that include these changes.
local function coarsen(changes, old, new)
  local coarse, seen = {}, {}
  for _, change in ipairs(changes) do
    local name = change.path[1]
    if not seen[name] then coarse[#coarse + 1] = { path = { name }, old = old[name], new = new[name] } end
    seen[name] = true
  end
  return coarse
end

local function is_emptied(value)
  return core.typename(value) == "dynamodb.set" and #value == 0
end

-- Returns the table, or a copy without the emptied sets that are members of maps. Adds { map, name, set } for
-- each to the list. 'seen' has the tables met so far, since there may be cycles; the encoder refuses those.
local function without_emptied(value, emptied, seen)
  if not objects.is_plain(value) then return value end
  if seen[value] then return seen[value] end
  seen[value] = value
  local made
  for name, inner in next, value do
    local kept
    if is_emptied(inner) and not core.is_list(value) then
      emptied[#emptied + 1] = { value, name, inner }
    else
      kept = without_emptied(inner, emptied, seen)
    end
    if kept ~= inner then
      made = made or copy(value)
      made[name] = kept
    end
  end
  seen[value] = made or value
  return seen[value]
end

--- Returns attributes as the service is to store them: without sets that have lost their last element, which
--- DynamoDB cannot hold. It removes an attribute whose last element is deleted.
---@param attributes table not changed
---@return table stored the same table when there are no such sets
---@return function remove removes these sets from 'attributes', too; to be called when they are stored
function item_diff.without_emptied_sets(attributes)
  local emptied = {}
  local stored = without_emptied(attributes, emptied, {})
  return stored, function()
    for _, entry in ipairs(emptied) do
      local map, name, set = entry[1], entry[2], entry[3]
      if map[name] == set and #set == 0 then map[name] = nil end
    end
  end
end

--- Returns the changes from 'old' to 'new'. When one update could not hold them all, these are changes of
--- whole attributes.
---@param old? table attributes; nil for a new item
---@param new table attributes
---@return dynamodb.Change[]
function item_diff.changes(old, new)
  local changes = {}
  old = old or {}
  compare_maps({}, old, new, changes)
  return fits_expression(changes) and changes or coarsen(changes, old, new)
end

return item_diff
