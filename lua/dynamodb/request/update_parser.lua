--- Reads update expressions: what one does to an item, when doing it twice is the same as doing it once.
-- Source: DynamoDB developer guide, "Update expressions".

local core = require("dynamodb.core")

local update_parser = {}

local CLAUSES = { SET = true, REMOVE = true, ADD = true, DELETE = true }

-- The text cut into clauses -> list of { "SET", "a = :b, c = :d" }. Clauses begin with a word of their own:
-- one behind # or : is a placeholder, one behind a dot a part of a path.
local function clauses_of(text)
  local list = {}
  local position = 1
  for start, word, stop in (" " .. text .. " "):gmatch("()[%s,)](%a+)()%f[%s]") do
    local name = word:upper()
    if CLAUSES[name] then
      if #list > 0 then list[#list][2] = text:sub(position, start - 1) end
      list[#list + 1] = { name }
      position = stop - 1
    end
  end
  if #list > 0 then list[#list][2] = text:sub(position) end
  return list
end

-- The parts between commas that stand in no brackets.
local function parts_of(text)
  local parts, depth, start = {}, 0, 1
  for position, char in text:gmatch("()([(),])") do
    if char == "(" then depth = depth + 1 end
    if char == ")" then depth = depth - 1 end
    if char == "," and depth == 0 then
      parts[#parts + 1], start = text:sub(start, position - 1), position + 1
    end
  end
  parts[#parts + 1] = text:sub(start)
  return parts
end

-- The names of a path, placeholders replaced | nil for one with list positions: setting the one behind the
-- list's end appends, removing one moves the others.
local function path_of(text, names)
  local path = {}
  if text:match("^[.]") or text:match("[.]$") or not text:match("^[%w_.#]+$") then return nil end
  for name in text:gmatch("[^.]+") do
    if name:sub(1, 1) == "#" then name = names[name] end
    if type(name) ~= "string" then return nil end
    path[#path + 1] = name
  end
  return path
end

-- For each clause: (text of one action, names, values) -> step | nil when repeating it is another thing.
local readers = {}

function readers.SET(text, names, values)
  local left, right = text:match("^%s*(%S+)%s*=%s*(.-)%s*$")
  local path = left and path_of(left, names)
  if not path then return nil end
  local kept, first = right:match("^if_not_exists%s*%(%s*(%S+)%s*,%s*(:[%w_]+)%s*%)$")
  if kept then return kept == left and values[first] ~= nil and { "exists", path } or nil end
  local value
  if right:match("^:[%w_]+$") then value = values[right] end
  if value == nil then return nil end
  return { "is", path, value }
end

function readers.REMOVE(text, names)
  local path = path_of(text:match("^%s*(.-)%s*$"), names)
  return path and { "gone", path }
end

-- Elements of sets; numbers are added up.
local function elements(kind)
  return function(text, names, values)
    local left, right = text:match("^%s*(%S+)%s+(:[%w_]+)%s*$")
    local path = left and path_of(left, names)
    if not path or core.typename(values[right]) ~= "dynamodb.set" then return nil end
    return { kind, path, values[right] }
  end
end

readers.ADD = elements("has")
readers.DELETE = elements("lacks")

--- What the expression does, as a list of steps { what, path, value } | nil when doing it again may do more,
--- or when it is not understood.
function update_parser.steps(text, names, values)
  local steps = {}
  for _, clause in ipairs(clauses_of(text)) do
    for _, part in ipairs(parts_of(clause[2])) do
      local step = readers[clause[1]](part, names, values)
      if not step then return nil end
      steps[#steps + 1] = step
    end
  end
  return #steps > 0 and steps or nil
end

local function value_at(item, path)
  local value = item
  for _, name in ipairs(path) do
    if type(value) ~= "table" then return nil end
    value = value[name]
  end
  return value
end

-- Are all of the elements in the set, or none of them?
local function contains(set, elements_of, all)
  if core.typename(set) ~= "dynamodb.set" then return not all and set == nil end
  for _, element in ipairs(elements_of:values()) do
    if set:has(element) ~= all then return false end
  end
  return true
end

local tests = {
  is = function(found, value) return core.equal(found, value) end,
  exists = function(found) return found ~= nil end,
  gone = function(found) return found == nil end,
  has = function(found, value) return contains(found, value, true) end,
  lacks = function(found, value) return contains(found, value, false) end,
}

--- Does the item look as if the steps had been done?
function update_parser.done(steps, item)
  for _, step in ipairs(steps) do
    if not tests[step[1]](value_at(item, step[2]), step[3]) then return false end
  end
  return true
end

return update_parser
