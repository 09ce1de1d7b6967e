--- Conditions: gt(3) is to be bound to an attribute, attr"a":gt(3) is bound, all/any/negate combine them.
-- Source: DynamoDB developer guide, "Condition and filter expressions, operators, and functions".

local arguments = require("dynamodb.base.arguments")
local errors = require("dynamodb.error")
local expressions = require("dynamodb.expression.builder")
local objects = require("dynamodb.base.objects")

local MAX_IN = 100 -- values of one IN

local condition = {}

-- An operand: an attribute at a path, or its size.
local Operand = { __name = "dynamodb.attr" }
Operand.__index = Operand

-- A condition. 'operand' is nil while it is unbound.
local Condition = { __name = "dynamodb.condition" }
Condition.__index = Condition

--- Returns true for conditions.
function condition.is(value)
  return getmetatable(value) == Condition
end

--- Returns true for operands: attr(path), and the size of one.
function condition.is_operand(value)
  return getmetatable(value) == Operand
end

--- Returns the text of an operand in an expression.
function condition.write_operand(expression, operand)
  local text = expression:path(operand.path)
  if not operand.sized then return text end
  expression:count(1)
  return "size(" .. text .. ")"
end

-- Returns the text of a value or of another attribute.
local function write_value(expression, value)
  if condition.is_operand(value) then return condition.write_operand(expression, value) end
  return expression:value(value)
end

-- attr"a.b", attr{ "a", 1 }, attr"a":size()
function Operand:__tostring()
  local path = type(self.path) == "string" and ('attr"%s"'):format(self.path:sub(1, 40)) or "attr{...}"
  return path .. (self.sized and ":size()" or "")
end

--- Returns the attribute at a document path: attr"a.b[2].c".
function condition.attr(path)
  if type(path) ~= "string" and not objects.is_plain(path) then
    errors.raise("attr: document path expected, got %s", objects.describe(path))
  end
  return setmetatable({ path = path }, Operand)
end

--- Returns the size of the attribute: attr"a":size():gt(3).
function Operand:size()
  return setmetatable({ path = self.path, sized = true }, Operand)
end

-- For each condition its number of values, and a function (expression, text of the operand, values) -> text.

local function comparison(operator)
  return function(expression, operand, values)
    expression:count(1)
    return ("%s %s %s"):format(operand, operator, write_value(expression, values[1]))
  end
end

local function call(name)
  return function(expression, operand, values)
    expression:count(1)
    return ("%s(%s, %s)"):format(name, operand, write_value(expression, values[1]))
  end
end

local function existence(name)
  return function(expression, operand)
    expression:count(1)
    return ("%s(%s)"):format(name, operand)
  end
end

local contains = call("contains")
local TYPES = { S = 1, N = 1, B = 1, BOOL = 1, NULL = 1, M = 1, L = 1, SS = 1, NS = 1, BS = 1 }

local writers = {
  eq = { 1, comparison("=") },
  ne = { 1, comparison("<>") },
  lt = { 1, comparison("<") },
  le = { 1, comparison("<=") },
  gt = { 1, comparison(">") },
  ge = { 1, comparison(">=") },
  begins_with = { 1, call("begins_with") },
  contains = { 1, contains },
  not_contains = { 1, function(expression, operand, values)
    expression:count(1)
    return "NOT " .. contains(expression, operand, values)
  end },
  exists = { 0, existence("attribute_exists") },
  not_exists = { 0, existence("attribute_not_exists") },
  attribute_type = { 1, function(expression, operand, values)
    if not TYPES[values[1]] then
      expression:fail("attribute_type: S, N, B, BOOL, NULL, M, L, SS, NS or BS expected")
    end
    return call("attribute_type")(expression, operand, values)
  end },
  between = { 2, function(expression, operand, values)
    expression:count(1)
    return ("%s BETWEEN %s AND %s"):format(operand, write_value(expression, values[1]),
      write_value(expression, values[2]))
  end },
  is_in = { 1, function(expression, operand, values)
    local list = values[1]
    if type(list) ~= "table" or #list == 0 then expression:fail("is_in: list of values expected") end
    if #list > MAX_IN then expression:fail("is_in: %d values, at most %d", #list, MAX_IN) end
    local texts = {}
    for i = 1, #list do texts[i] = write_value(expression, list[i]) end
    expression:count(1)
    return ("%s IN (%s)"):format(operand, table.concat(texts, ", "))
  end },
}

local TAKES = { [0] = "", "value", "low, high" } -- by the number of values

local function make(name, operand, ...)
  local arity = writers[name][1]
  if select("#", ...) > arity then arguments.refuse(name, TAKES[arity], select("#", ...)) end
  if select("#", ...) ~= arity then
    errors.raise("%s: %d value%s expected, got %d", name, arity, arity == 1 and "" or "s", select("#", ...))
  end
  for i = 1, arity do
    if (select(i, ...)) == nil then errors.raise("%s: value expected, got nil", name) end
  end
  return setmetatable({ name = name, operand = operand, values = { ... } }, Condition)
end

for name in pairs(writers) do
  condition[name] = function(...) return make(name, nil, ...) end
  Operand[name] = function(self, ...)
    if not condition.is_operand(self) then arguments.refuse_dot("attr", name) end
    return make(name, self, ...)
  end
end

--- Makes a condition on the size of the attribute that it will be bound to: size(gt(3)).
function condition.size(inner)
  if not condition.is(inner) or inner.operand or not inner.name then
    errors.raise("size: comparison without an attribute expected, such as gt(3), got %s",
      objects.describe(inner))
  end
  return setmetatable({ name = inner.name, values = inner.values, sized = true }, Condition)
end

--- Names a value that is no condition in messages; an attribute lacks a test.
function condition.describe(value)
  if not condition.is_operand(value) then return objects.describe(value) end
  return tostring(value) .. ", which has no test; say :eq(...)"
end

-- {===== Combining =====

local function combine(word, given, where)
  local list = {}
  for i = 1, given.n do -- nil is skipped, so that optional conditions can be passed
    local part = given[i]
    if part ~= nil then
      if not condition.is(part) then
        errors.raise("%s: condition expected as argument %d, got %s", where, i, condition.describe(part))
      end
      list[#list + 1] = part
    end
  end
  if #list == 0 then errors.raise("%s: at least one condition expected", where) end
  return setmetatable({ word = word, list = list }, Condition)
end

--- Makes a condition that is true when all of the conditions are.
function condition.all(...)
  return combine(" AND ", { n = select("#", ...), ... }, "all")
end

--- Makes the condition all(...) of a list, which becomes the condition's own.
function condition.all_of(list)
  list.n = #list
  return combine(" AND ", list, "all")
end

--- Makes a condition that is true when any of the conditions is.
function condition.any(...)
  return combine(" OR ", { n = select("#", ...), ... }, "any")
end

--- Makes a condition that is true when the given one is not.
function condition.negate(inner)
  local negated = combine("NOT ", { n = 1, inner }, "negate")
  negated.negated = true
  return negated
end

--- Makes a condition from text: where("Age > ? AND begins_with('Full Name', ?)", 3, "A").
function condition.where(text, ...)
  if type(text) ~= "string" then errors.raise("where: text expected, got %s", objects.describe(text)) end
  return setmetatable({ text = text, values = { ... } }, Condition)
end

Condition.__band = condition.all
Condition.__bor = condition.any
Condition.__bnot = function(inner) return condition.negate(inner) end

-- ===================== }

-- {===== Showing =====

-- Returns values as arguments.
local function show_list(list, write)
  local texts = {}
  for i = 1, #list do texts[i] = write(list[i]) end
  return table.concat(texts, ", ")
end

function Operand:__inspect(write)
  return ("dynamodb.attr(%s)%s"):format(write(self.path), self.sized and ":size()" or "")
end

local COMBINATIONS = { [" AND "] = "all", [" OR "] = "any", ["NOT "] = "negate" }

function Condition:__inspect(write)
  if self.text then
    local more = #self.values > 0 and ", " .. show_list(self.values, write) or ""
    return ("dynamodb.where(%s%s)"):format(write(self.text), more)
  end
  if self.word then
    return ("dynamodb.%s(%s)"):format(COMBINATIONS[self.word], show_list(self.list, write))
  end
  local text = ("%s(%s)"):format(self.name, show_list(self.values, write))
  if self.operand then return write(self.operand) .. ":" .. text end
  return self.sized and ("dynamodb.size(dynamodb.%s)"):format(text) or "dynamodb." .. text
end

-- ===================== }

-- {===== Writing =====

-- Puts the text in parentheses, unless it is in one pair already: the service refuses redundant parentheses.
local function enclose(text)
  local depth = 0
  for position, mark in text:gmatch("()([()])") do
    depth = depth + (mark == "(" and 1 or -1)
    if depth == 0 and text:sub(1, 1) == "(" and position == #text then return text end
    if depth == 0 then break end
  end
  return "(" .. text .. ")"
end

local write_condition

-- Returns the text of a combination. Its operators are counted first, so that none is too deep for the stack.
local function write_combination(self, expression, operand)
  local list = self.list
  if self.negated then
    expression:count(1)
    return "(NOT " .. write_condition(list[1], expression, operand) .. ")"
  end
  if #list == 1 then return write_condition(list[1], expression, operand) end
  expression:count(#list - 1)
  local texts = {}
  for i, part in ipairs(list) do texts[i] = write_condition(part, expression, operand) end
  return "(" .. table.concat(texts, self.word) .. ")"
end

-- Returns the text of a condition. 'operand' is for an unbound one.
function write_condition(self, expression, operand)
  if self.text then return enclose(expression:text(self.text, self.values)) end
  if self.word then return write_combination(self, expression, operand) end
  operand = self.operand or operand
  if not operand then
    expression:fail("%s: about which attribute? attr\"name\":%s(...)", self.name, self.name)
  end
  if self.sized then operand = operand:size() end
  local path = condition.write_operand(expression, operand)
  expression.subject = operand.path
  local text = writers[self.name][2](expression, path, self.values)
  expression.subject = nil
  return text
end

--- Returns the text of one test of an attribute: an unbound condition, or a value that it must equal.
function condition.write_test(expression, path, test)
  local operand = condition.attr(path)
  if not condition.is(test) then test = condition.eq(test) end
  if test.operand or test.text then
    expression:fail("'%s': condition that is about this attribute expected, such as gt(3)", tostring(path))
  end
  return write_condition(test, expression, operand)
end

-- Adds the texts of what is at integer keys: text with its values, or conditions.
local function write_positions(expression, given, texts)
  local leading = expression:leading_text(given)
  if leading then
    texts[1] = enclose(leading)
    return
  end
  for _, i in ipairs(expressions.positions(given)) do
    if not condition.is(given[i]) then
      expression:fail("condition expected at position %s, got %s", tostring(i), condition.describe(given[i]))
    end
    if #texts > 0 then expression:count(1) end -- AND
    texts[#texts + 1] = write_condition(given[i], expression)
  end
end

--- Returns the text of a condition, as condition.write does, for an expression that is not finished.
function condition.write_part(expression, given, what)
  if type(given) == "string" then given = { given } end
  if condition.is(given) then
    return write_condition(given, expression)
  elseif condition.is_operand(given) then
    expression:fail("%s: %s has no test; say :eq(...)", what, tostring(given))
  elseif objects.is_plain(given) then
    local texts = {}
    write_positions(expression, given, texts)
    for _, path in ipairs(expression:sorted_paths(given)) do
      if #texts > 0 then expression:count(1) end -- AND
      texts[#texts + 1] = condition.write_test(expression, path, given[path])
    end
    if #texts == 0 then expression:fail("%s: condition expected, got an empty table", what) end
    return table.concat(texts, " AND ")
  end
  expression:fail("%s: condition, text or table expected, got %s", what, objects.describe(given))
end

--- Returns the text of a condition given by the user: a condition; text; or a table of tests by path ({ Age =
--- gt(3) }), which may also have conditions, or text and its values, at integer keys. All of them must be
--- true.
function condition.write(expression, given, what)
  expression.what = what
  return expression:finish(condition.write_part(expression, given, what), what)
end

-- ===================== }

arguments.check_methods(Operand, "attr", { Operand }, { size = "" })

return condition
