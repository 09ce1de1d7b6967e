--- Finds the known name that a misspelt one was probably meant to be. It runs only when an error is reported.

local spelling = {}

-- Compares names without case and underscores, so that "ConsistentRead" is "consistent_read".
local function normalized(name)
  return (name:lower():gsub("[^%w]", ""))
end

-- Returns how many characters must be changed, inserted, removed, or swapped with their neighbour, to make
-- one text from the other (Damerau-Levenshtein distance, optimal string alignment).
local function distance(a, b)
  local before, previous = {}, {}
  for j = 0, #b do previous[j] = j end
  for i = 1, #a do
    local current = { [0] = i }
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      local least = math.min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost)
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        least = math.min(least, before[j - 2] + 1)
      end
      current[j] = least
    end
    before, previous = previous, current
  end
  return previous[#b]
end

-- Returns how far a candidate is from the name; math.huge when they have nothing in common.
local function badness(name, candidate)
  if name == candidate then return 0 end
  local is_part = candidate:find(name, 1, true) or (#candidate >= 3 and name:find(candidate, 1, true))
  if #name >= 3 and is_part then return 1 + math.abs(#name - #candidate) / 100 end
  if math.abs(#name - #candidate) > 3 or #name > 60 then return math.huge end
  local found = distance(name, candidate)
  return found <= math.max(1, math.floor(#name / 3)) and found or math.huge
end

-- Names of other clients for which there are two here, if both are candidates.
local shared = { limit = { "max_results", "request_limit" } }

--- Returns a question for the name that was probably meant, such as "did you mean 'filter'?" | nil when no
--- candidate is near.
---@param name any what was given
---@param candidates string[]
---@return string?
function spelling.suggest(name, candidates)
  local two, found = type(name) == "string" and shared[normalized(name)] or nil, 0
  for _, candidate in ipairs(two and candidates or {}) do
    if candidate == two[1] or candidate == two[2] then found = found + 1 end
  end
  if found == 2 then return ("did you mean '%s' or '%s'?"):format(two[1], two[2]) end
  local nearest = spelling.nearest(name, candidates)
  return nearest and ("did you mean '%s'?"):format(nearest)
end

--- Returns the candidate that is nearest to the name | nil when none is near.
---@param name any what was given
---@param candidates string[]
---@return string?
function spelling.nearest(name, candidates)
  if type(name) ~= "string" then return nil end
  local best, least = nil, math.huge
  local wanted = normalized(name)
  for _, candidate in ipairs(candidates) do
    local found = badness(wanted, normalized(candidate))
    if found < least then best, least = candidate, found end
  end
  return best
end

return spelling
