--- Random attributes and random edits of them, for specs that compare and merge items.

local dynamodb = require("dynamodb")

local values = {}

local NAMES = { "a", "b", "c", "d", "with.dot", "size", "x[0]", " " }
local scalars = {
  function(random) return random:integer(-5, 5) end,
  function(random) return random:integer(1, 99) / 8 end,
  function(random) return random:pick({ "", "text", "a b", "\195\164" }) end,
  function(random) return random:once_in(2) end,
  function() return dynamodb.null end,
  function(random) return dynamodb.binary(random:bytes(random:integer(1, 3))) end,
  function(random) return dynamodb.set({ "x", "y", random:pick({ "z", "w" }) }) end,
  function(random) return dynamodb.set({ random:integer(1, 3), 4 }) end,
}

--- Returns a random value with lists and maps nested up to 'depth' levels.
function values.value(random, depth)
  if depth == 0 or random:once_in(2) then return random:pick(scalars)(random) end
  if random:once_in(2) then
    local list = dynamodb.list()
    for i = 1, random:integer(0, 4) do list[i] = values.value(random, depth - 1) end
    return list
  end
  return values.map(random, depth - 1)
end

--- Returns a random map, which may serve as attributes.
function values.map(random, depth)
  local map = dynamodb.map()
  for _ = 1, random:integer(0, 4) do map[random:pick(NAMES)] = values.value(random, depth) end
  return map
end

--- Returns a deep copy.
function values.copy(value)
  if type(value) ~= "table" then return value end
  local made = {}
  for name, inner in next, value do made[name] = values.copy(inner) end
  return setmetatable(made, getmetatable(value))
end

local is_list = require("dynamodb.core").is_list

local function names_in(map)
  local names = {}
  for name in next, map do names[#names + 1] = name end
  table.sort(names)
  return names
end

local edit

local function edit_list(random, list, depth)
  local kind = random:integer(1, 5)
  if kind == 1 or #list == 0 then
    list[#list + 1] = values.value(random, depth)
  elseif kind == 2 then
    list[#list] = nil
  elseif kind == 3 then
    table.remove(list, random:integer(1, #list))
  else
    local i = random:integer(1, #list)
    list[i] = edit(random, list[i], depth)
  end
end

local function edit_map(random, map, depth)
  local names = names_in(map)
  if #names == 0 or random:once_in(3) then
    map[random:pick(NAMES)] = values.value(random, depth)
  elseif random:once_in(4) then
    map[random:pick(names)] = nil
  else
    local name = random:pick(names)
    map[name] = edit(random, map[name], depth)
  end
end

-- Edits a value at random and returns it. Tables are changed in place.
function edit(random, value, depth)
  if type(value) ~= "table" or random:once_in(6) then return values.value(random, depth) end
  local change = is_list(value) and edit_list or edit_map
  change(random, value, math.max(depth - 1, 0))
  return value
end

--- Edits attributes in place, 1 to 4 times.
function values.edit(random, attributes, depth)
  for _ = 1, random:integer(1, 4) do edit_map(random, attributes, depth) end
end

return values
