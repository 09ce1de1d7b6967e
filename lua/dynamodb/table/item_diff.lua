--- Finds the smallest list of changes between the loaded attributes of an item and its current ones, nested
--- changes included.

local core = require("dynamodb.core")

local item_diff = {}

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
    return inner(path, old, new, changes)
  end
  changes[#changes + 1] = { path = path, old = old, new = new }
end

-- Returns true when the changes, and the conditions that guard them, fit into one expression each (4 KB).
local function fits_expression(changes)
  local bytes = 0
  for _, change in ipairs(changes) do bytes = bytes + 40 + 5 * #change.path end
  return bytes < 4000
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
