--- What turns the attributes that were loaded into those that are here: the least list of changes, deep ones
--- included.

local core = require("dynamodb.core")

local item_diff = {}

---@class dynamodb.Change
---@field path table steps: names, and positions from 0
---@field old any the value before; nil when there was none
---@field new any the value now; nil when it is to be removed
---@field length? integer elements that the list had before this one was added to its end, or taken from there

local function step_into(path, step)
  local steps = {}
  for i, outer in ipairs(path) do steps[i] = outer end
  steps[#steps + 1] = step
  return steps
end

local compare

local function compare_maps(path, old, new, changes)
  for name, value in next, new do compare(step_into(path, name), old[name], value, changes) end
  for name, value in next, old do
    if new[name] == nil then changes[#changes + 1] = { path = step_into(path, name), old = value } end
  end
end

-- Lists differ by position. When every element is another one, sending the whole list is less.
local function compare_lists(path, old, new, changes)
  local shared, inner = math.min(#old, #new), {}
  local kept = 0 -- elements that stayed, or changed inside only
  for i = 1, shared do
    local before = #inner
    compare(step_into(path, i - 1), old[i], new[i], inner)
    local first = inner[before + 1]
    if not first or #first.path > #path + 1 then kept = kept + 1 end
  end
  if kept == 0 then
    changes[#changes + 1] = { path = path, old = old, new = new }
    return
  end
  for i = shared + 1, #new do
    inner[#inner + 1] = { path = step_into(path, i - 1), new = new[i], length = #old }
  end
  for i = #old, shared + 1, -1 do -- from the end: emulators count positions anew after each removal
    inner[#inner + 1] = { path = step_into(path, i - 1), old = old[i], length = #old }
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

-- Would the changes, and the tests that guard them, fit into one expression each (4 KB)?
local function fit(changes)
  local bytes = 0
  for _, change in ipairs(changes) do bytes = bytes + 40 + 5 * #change.path end
  return bytes < 4000
end

-- The same by whole attributes.
local function coarsen(changes, old, new)
  local coarse, seen = {}, {}
  for _, change in ipairs(changes) do
    local name = change.path[1]
    if not seen[name] then coarse[#coarse + 1] = { path = { name }, old = old[name], new = new[name] } end
    seen[name] = true
  end
  return coarse
end

--- The changes from 'old' to 'new', two tables of attributes; 'old' is nil for a new item, all of which is
--- change. Where there are too many for one update, whole attributes.
---@return dynamodb.Change[]
function item_diff.changes(old, new)
  local changes = {}
  old = old or {}
  compare_maps({}, old, new, changes)
  return fit(changes) and changes or coarsen(changes, old, new)
end

return item_diff
