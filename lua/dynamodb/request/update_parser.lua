--- Parses update expressions, and tells whether an item looks as if an idempotent update had been applied to
--- it.
-- Source: DynamoDB developer guide, "Update expressions".

local core = require("dynamodb.core")
local trim = require("dynamodb.base.text").trim

local update_parser = {}

local CLAUSES = { SET = true, REMOVE = true, ADD = true, DELETE = true }

-- Splits the text into clauses -> list of { "SET", "a = :b, c = :d" }. A clause begins with a separate word;
-- a word after "#" or ":" is a placeholder, and one after a dot is part of a path.
local function split_clauses(text)
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

-- Splits at commas outside parentheses.
local function split_actions(text)
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

-- Returns the names of a path, with placeholders replaced | nil for a path with list positions, where SET may
-- append and REMOVE moves the elements that follow.
local function parse_path(text, names)
  local path = {}
  if text:match("^[.]") or text:match("[.]$") or not text:match("^[%w_.#]+$") then return nil end
  for step in text:gmatch("[^.]+") do
    local name = step
    if step:sub(1, 1) == "#" then name = names[step] end
    if type(name) ~= "string" then return nil end
    path[#path + 1] = name
  end
  return path
end

-- For each clause a parser of one action: (text, names, values) -> step | nil when the action is not
-- idempotent.
local parsers = {}

function parsers.SET(text, names, values)
  local left, right = text:match("^%s*(%S+)%s*=(.*)$")
  local path = left and parse_path(left, names)
  if not path then return nil end
  right = trim(right)
  local kept, first = right:match("^if_not_exists%s*%(%s*(%S+)%s*,%s*(:[%w_]+)%s*%)$")
  if kept then return kept == left and values[first] ~= nil and { "exists", path } or nil end
  local value
  if right:match("^:[%w_]+$") then value = values[right] end
  if value == nil then return nil end
  return { "is", path, value }
end

function parsers.REMOVE(text, names)
  local path = parse_path(trim(text), names)
  return path and { "gone", path }
end

-- Returns a parser for elements of sets. ADD of a number is not idempotent.
local function set_parser(kind)
  return function(text, names, values)
    local left, right = text:match("^%s*(%S+)%s+(:[%w_]+)%s*$")
    local path = left and parse_path(left, names)
    if not path or core.typename(values[right]) ~= "dynamodb.set" then return nil end
    return { kind, path, values[right] }
  end
end

parsers.ADD = set_parser("has")
parsers.DELETE = set_parser("lacks")

--- Parses an update expression.
---@param text string
---@param names table ExpressionAttributeNames
---@param values table ExpressionAttributeValues
---@return table[]? steps list of { test, path, value }; nil when the update is not idempotent or not
--- understood
function update_parser.steps(text, names, values)
  local steps = {}
  for _, clause in ipairs(split_clauses(text)) do
    for _, part in ipairs(split_actions(clause[2])) do
      local step = parsers[clause[1]](part, names, values)
      if not step then return nil end
      steps[#steps + 1] = step
    end
  end
  return #steps > 0 and steps or nil
end

--- Returns the attributes that an update expression sets to values, whatever else it does: name -> value.
--- Parts of attributes are left out.
---@param text string
---@param names table ExpressionAttributeNames
---@param values table ExpressionAttributeValues
---@return table
function update_parser.assigned(text, names, values)
  local found = {}
  for _, clause in ipairs(split_clauses(text)) do
    for _, part in ipairs(clause[1] == "SET" and split_actions(clause[2]) or {}) do
      local step = parsers.SET(part, names, values)
      if step and step[1] == "is" and #step[2] == 1 then found[step[2][1]] = step[3] end
    end
  end
  return found
end

local function value_at(item, path)
  local value = item
  for _, name in ipairs(path) do
    if type(value) ~= "table" then return nil end
    value = value[name]
  end
  return value
end

-- Returns true when all of the elements are in the set, or when none is.
local function contains(set, elements, all)
  if core.typename(set) ~= "dynamodb.set" then return not all and set == nil end
  for _, element in ipairs(elements:values()) do
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

--- Returns true when the item looks as if the steps had been applied.
function update_parser.is_applied(steps, item)
  for _, step in ipairs(steps) do
    if not tests[step[1]](value_at(item, step[2]), step[3]) then return false end
  end
  return true
end

return update_parser
