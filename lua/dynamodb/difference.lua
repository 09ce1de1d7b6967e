--- What turns the attributes that were loaded into those that are here: the least list of changes, deep ones
--- included.

local core = require("dynamodb.core")

local difference = {}

---@class dynamodb.Change
---@field path table steps: names, and positions from 0
---@field old any the value before; nil when there was none
---@field new any the value now; nil when it is to be removed
---@field grown? integer elements that the list at this path's parent had before this one was added to its end

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

-- Lists differ by position. When nothing stayed in its place, sending the whole list is less.
local function compare_lists(path, old, new, changes)
  local shared, inner = math.min(#old, #new), {}
  local same = 0
  for i = 1, shared do
    local before = #inner
    compare(step_into(path, i - 1), old[i], new[i], inner)
    if #inner == before then same = same + 1 end
  end
  if same == 0 then
    changes[#changes + 1] = { path = path, old = old, new = new }
    return
  end
  for i = shared + 1, #new do
    inner[#inner + 1] = { path = step_into(path, i - 1), new = new[i], grown = #old }
  end
  for i = shared + 1, #old do inner[#inner + 1] = { path = step_into(path, i - 1), old = old[i] } end
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

--- The changes from 'old' to 'new', two tables of attributes; 'old' is nil for a new item, all of which is
--- change.
---@return dynamodb.Change[]
function difference.changes(old, new)
  local changes = {}
  compare_maps({}, old or {}, new, changes)
  return changes
end

return difference
