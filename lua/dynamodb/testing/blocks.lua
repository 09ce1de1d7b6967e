--- Ends what tests make: at the end of busted's block in which it was made. Without busted, and outside of
--- its blocks, nothing is ended here.
-- A block is a test, with its before_each, or a describe block or file, with its setup. busted tells when
-- blocks end; only busted's own object, which its function "it" refers to, knows the block that runs now.

local blocks = {}

-- Returns busted's own object | nil where busted does not run.
local function find_busted()
  local found, api = pcall(require, "busted")
  local it = found and api.it
  if not it then return nil end
  for index = 1, math.huge do
    local name, value = debug.getupvalue(it, index)
    if not name or name == "busted" then return value end
  end
end

local busted = find_busted()

local endings = {} -- block, or "test" for the test that runs or is prepared -> list of functions

-- Calls the functions of a block, the last one first. Then raises the first error among theirs.
local function finish(block)
  local list, first = endings[block] or {}, nil
  endings[block] = nil
  for i = #list, 1, -1 do
    local ok, err = pcall(list[i])
    if not ok and first == nil then first = err end
  end
  if first ~= nil then error(first, 0) end
end

-- The subscribers return true as second value, so that busted calls the others as well.
local function subscribe()
  busted.subscribe({ "test", "end" }, function()
    finish("test")
    return nil, true
  end)
  for _, name in ipairs({ "describe", "file", "suite" }) do
    busted.subscribe({ name, "end" }, function(block)
      finish("test") -- of a test whose before_each failed
      finish(block or name)
      return nil, true
    end)
  end
end
if busted then subscribe() end

local TEST = { it = true, before_each = true, after_each = true }
local BLOCK = { describe = true, file = true }

-- Returns the block that runs now | nil.
local function current()
  local element = busted and busted.context.get()
  while element do
    if TEST[element.descriptor] then return "test" end
    if BLOCK[element.descriptor] then return element end
    if element.descriptor == "suite" then return "suite" end
    element = busted.context.parent(element)
  end
end

--- Calls a function at the end of the current block of busted, unless it is forgotten before.
---@param f function what it raises becomes an error of the block
---@return fun() forget
function blocks.at_end(f)
  local block = current()
  if not block then return function() end end
  local list = endings[block] or {}
  endings[block] = list
  list[#list + 1] = f
  return function()
    for i, other in ipairs(list) do
      if other == f then return table.remove(list, i) end
    end
  end
end

return blocks
