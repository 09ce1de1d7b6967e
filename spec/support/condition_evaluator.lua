--- Evaluates DynamoDB conditions in Lua, independently of the library. A condition is a tree: { "gt", operand, value... },
--- { "all", tree... }, { "any", tree... } or { "negate", tree }. An operand is { path = "a.b[0]" }, with sized = true for
--- its size. A value may be an operand as well.
-- Source: DynamoDB developer guide, "Condition and filter expressions, operators, and functions".

local core = require("dynamodb.core")
local dynamodb = require("dynamodb")

local evaluate = {}

--- DynamoDB's name for the type of a value.
function evaluate.type(value)
  return assert(core.encode(value, "value")):match('^{"(%u+)"')
end

local function is_operand(value)
  return type(value) == "table" and type(rawget(value, "path")) == "string"
end

-- Returns the bytes of a string or a binary.
local function bytes_of(value)
  return type(value) == "string" and value or value:bytes()
end

-- -1, 0 or 1, or nil when the values have no order.
local function compare(a, b)
  local kind = evaluate.type(a)
  if kind ~= evaluate.type(b) then return nil end
  if kind == "N" then return dynamodb.number(a):compare(b) end
  if kind ~= "S" and kind ~= "B" then return nil end
  a, b = bytes_of(a), bytes_of(b)
  for i = 1, math.min(#a, #b) do -- compares bytes independently of the locale
    if a:byte(i) ~= b:byte(i) then return a:byte(i) < b:byte(i) and -1 or 1 end
  end
  return #a == #b and 0 or #a < #b and -1 or 1
end

local function count(value)
  local n = 0
  for _ in pairs(value) do n = n + 1 end
  return n
end

--- Returns whether two values are equal by the operator =.
function evaluate.equal(a, b)
  local kind = evaluate.type(a)
  if kind ~= evaluate.type(b) then return false end
  if kind == "NULL" then return true end
  if kind == "BOOL" then return a == b end
  if kind == "L" or kind == "M" then
    if count(a) ~= count(b) then return false end
    for name, value in pairs(a) do
      if b[name] == nil or not evaluate.equal(value, b[name]) then return false end
    end
    return true
  end
  if kind:match("^%uS$") then
    if #a ~= #b then return false end
    for _, value in ipairs(a:values()) do
      if not b:has(value) then return false end
    end
    return true
  end
  return compare(a, b) == 0
end

-- The steps of a path: names (quoted if they contain a dot) and list indexes.
local function steps_of(path)
  local steps, rest = {}, "." .. path
  while rest ~= "" do
    local quoted, after = rest:match("^%.'([^']+)'(.*)$")
    local name, after_name = rest:match("^%.([^.%[']+)(.*)$")
    local index, after_index = rest:match("^%[(%d+)%](.*)$")
    steps[#steps + 1] = quoted or name or tonumber(index)
    rest = assert(after or after_name or after_index, path)
  end
  return steps
end

-- The value at a path, or nil. An index selects from a list only, a name from a map only.
local function resolve(item, path)
  local value = item
  for _, step in ipairs(steps_of(path)) do
    if type(value) ~= "table" then return nil end
    local kind = value == item and "M" or evaluate.type(value)
    if kind ~= (type(step) == "number" and "L" or "M") then return nil end
    value = value[type(step) == "number" and step + 1 or step]
  end
  return value
end

-- Numbers, booleans and null have no size.
local function size_of(value)
  local kind = value ~= nil and evaluate.type(value)
  if kind == "S" or kind == "B" then return #value end -- equal to the number of characters, since the specs use ASCII
  if kind == "L" or kind == "M" then return count(value) end
  return kind and kind:match("^%uS$") and #value or nil
end

local function value_of(item, given)
  if not is_operand(given) then return given end
  local value = resolve(item, given.path)
  if given.sized then return size_of(value) end
  return value
end

local function ordered(test)
  return function(a, b)
    local order = a ~= nil and b ~= nil and compare(a, b)
    return order ~= nil and order ~= false and test(order)
  end
end

local function begins_with(a, b)
  local kind = a ~= nil and b ~= nil and evaluate.type(a)
  return (kind == "S" or kind == "B") and kind == evaluate.type(b) and bytes_of(a):sub(1, #b) == bytes_of(b)
end

local function contains(a, b)
  if a == nil or b == nil then return false end
  local kind, other = evaluate.type(a), evaluate.type(b)
  if kind == "S" or kind == "B" then return kind == other and bytes_of(a):find(bytes_of(b), 1, true) ~= nil end
  if kind:match("^%uS$") then return kind == other .. "S" and a:has(b) end
  if kind ~= "L" then return false end
  for _, value in ipairs(a) do
    if evaluate.equal(value, b) then return true end
  end
  return false
end

local function equal(a, b)
  return a ~= nil and b ~= nil and evaluate.equal(a, b)
end

local at_least = ordered(function(order) return order >= 0 end)
local at_most = ordered(function(order) return order <= 0 end)

local operators = {
  eq = equal,
  ne = function(a, b) return not equal(a, b) end, -- holds for a missing attribute
  lt = ordered(function(order) return order < 0 end),
  le = at_most,
  gt = ordered(function(order) return order > 0 end),
  ge = at_least,
  between = function(a, low, high) return at_least(a, low) and at_most(a, high) end,
  begins_with = begins_with,
  contains = contains,
  not_contains = function(a, b) return not contains(a, b) end,
  exists = function(a) return a ~= nil end,
  not_exists = function(a) return a == nil end,
  attribute_type = function(a, kind) return a ~= nil and evaluate.type(a) == kind end,
}

--- Returns whether the condition holds for the item.
function evaluate.holds(tree, item)
  local name = tree[1]
  if name == "negate" then return not evaluate.holds(tree[2], item) end
  if name == "all" or name == "any" then
    for i = 2, #tree do
      if evaluate.holds(tree[i], item) == (name == "any") then return name == "any" end
    end
    return name == "all"
  end
  local value = value_of(item, tree[2])
  if name == "is_in" then
    for _, other in ipairs(tree[3]) do
      if equal(value, value_of(item, other)) then return true end
    end
    return false
  end
  return operators[name](value, value_of(item, tree[3]), value_of(item, tree[4]))
end

-- Converts an operand or a value to the library's form.
local function operand(given)
  if not is_operand(given) then return given end
  local made = dynamodb.attr(given.path)
  return given.sized and made:size() or made
end

--- Builds the library's condition of a tree.
function evaluate.build(tree)
  local name, parts = tree[1], {}
  if name == "negate" or name == "all" or name == "any" then
    for i = 2, #tree do parts[i - 1] = evaluate.build(tree[i]) end
    return dynamodb[name]((table.unpack or unpack)(parts)) -- luacheck: ignore 143 113
  end
  local subject = operand(tree[2])
  if name == "is_in" then
    for i, value in ipairs(tree[3]) do parts[i] = operand(value) end
    return subject:is_in(parts)
  end
  if #tree == 2 then return subject[name](subject) end
  if #tree == 3 then return subject[name](subject, operand(tree[3])) end
  return subject[name](subject, operand(tree[3]), operand(tree[4]))
end

return evaluate
