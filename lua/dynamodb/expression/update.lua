--- Updates: the actions of an UpdateItem, as a table by document path ({ Age = 5, Views = increment(1) }),
--- from a builder, or as text.
-- Source: DynamoDB developer guide, "Update expressions".

local arguments = require("dynamodb.base.arguments")
local condition = require("dynamodb.expression.condition")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local expressions = require("dynamodb.expression.builder")
local objects = require("dynamodb.base.objects")
local texts_of = require("dynamodb.base.text")

local MAX_NESTING = 32 -- of tables of updates

local update = {}

-- An action without its path.
local Action = { __name = "dynamodb.action" }
Action.__index = Action

-- A builder: a list of { path, action }.
local Builder = { __name = "dynamodb.update" }
Builder.__index = Builder

local CLAUSES = { "SET", "REMOVE", "ADD", "DELETE" }

-- Returns the text of a value or of another attribute.
local function operand(expression, value)
  if condition.is_operand(value) then return condition.write_operand(expression, value) end
  return expression:value(value)
end

-- Returns the text of a number or of another attribute.
local function number(expression, name, value)
  local kind = core.typename(value)
  if not condition.is_operand(value) and kind ~= "number" and kind ~= "dynamodb.number" then
    expression:fail("%s: number or attribute expected, got %s", name, objects.describe(value))
  end
  return operand(expression, value)
end

local function list(expression, name, value)
  if condition.is_operand(value) then return condition.write_operand(expression, value) end
  if not objects.is_plain(value) or #value == 0 then
    expression:fail("%s: list of values expected, got %s", name, objects.describe(value))
  end
  return expression:value(value)
end

local function current_or(expression, path, value)
  expression:count(1)
  return ("if_not_exists(%s, %s)"):format(path, operand(expression, value))
end

local function join(expression, first, second)
  expression:count(1)
  return ("list_append(%s, %s)"):format(first, second)
end

local function plus(expression, path, action, sign)
  local by, start = action[1], action[2]
  if by == nil then by = 1 end
  if start == nil then start = 0 end
  expression:count(2)
  local now = ("if_not_exists(%s, %s)"):format(path, number(expression, action.name, start))
  return ("%s = %s %s %s"):format(path, now, sign, number(expression, action.name, by))
end

-- For each action its clause, and a function (expression, path, action) -> text.
local actions = {
  set = { "SET", function(expression, path, action)
    return ("%s = %s"):format(path, operand(expression, action[1]))
  end },
  if_not_exists = { "SET", function(expression, path, action)
    return ("%s = %s"):format(path, current_or(expression, path, action[1]))
  end },
  increment = { "SET", function(expression, path, action) return plus(expression, path, action, "+") end },
  decrement = { "SET", function(expression, path, action) return plus(expression, path, action, "-") end },
  append = { "SET", function(expression, path, action)
    local now = current_or(expression, path, core.list({}))
    return ("%s = %s"):format(path, join(expression, now, list(expression, "append", action[1])))
  end },
  prepend = { "SET", function(expression, path, action)
    local added = list(expression, "prepend", action[1])
    return ("%s = %s"):format(path, join(expression, added, current_or(expression, path, core.list({}))))
  end },
  remove = { "REMOVE", function(_, path) return path end },
  add = { "ADD", function(expression, path, action)
    local kind = core.typename(action[1])
    if kind ~= "number" and kind ~= "dynamodb.number" and kind ~= "dynamodb.set" then
      expression:fail("add: number or set expected, got %s", objects.describe(action[1]))
    end
    return path .. " " .. expression:value(action[1])
  end },
  delete = { "DELETE", function(expression, path, action)
    local kind = core.typename(action[1])
    if kind ~= "dynamodb.set" then
      expression:fail("delete: set expected, got %s", objects.describe(action[1]))
    end
    return path .. " " .. expression:value(action[1])
  end },
}

-- Actions that need no value.
local bare = { remove = true, increment = true, decrement = true }

-- What each action takes, when it is not one value.
local TAKES = { append = "list", decrement = "by, start", delete = "set", increment = "by, start",
  prepend = "list", remove = "" }
local MOST = { decrement = 2, increment = 2, remove = 0 }

local function make(name, ...)
  if (...) == nil and not bare[name] then errors.raise("%s: value expected, got nil", name) end
  return setmetatable({ name = name, ... }, Action)
end

local function check_count(name, before, ...)
  if select("#", ...) <= (MOST[name] or 1) then return end
  local takes = before .. (TAKES[name] or "value")
  arguments.refuse(name, (takes:gsub(", $", "")), select("#", ...) + (before == "" and 0 or 1))
end

for name in pairs(actions) do
  update[name] = function(...)
    check_count(name, "", ...)
    return make(name, ...)
  end
  Builder[name] = function(self, path, ...)
    if not update.is(self) then arguments.refuse_dot("update", name) end
    check_count(name, "path, ", ...)
    self[#self + 1] = { path = path, action = make(name, ...) }
    return self
  end
end

--- Makes an empty builder: update():set("a.b", 1):remove("c"):increment("n", 1, 0).
function update.builder()
  return setmetatable({}, Builder)
end

--- Returns true for builders.
function update.is(value)
  return getmetatable(value) == Builder
end

-- Returns the action's arguments; increment and decrement may lack the first one.
local function show_arguments(action, write)
  if action[2] ~= nil then return write(action[1]) .. ", " .. write(action[2]) end
  return action[1] == nil and "" or write(action[1])
end

function Action:__inspect(write)
  return ("dynamodb.%s(%s)"):format(self.name, show_arguments(self, write))
end

function Builder:__inspect(write)
  local texts = { "dynamodb.update()" }
  for _, step in ipairs(self) do
    local shown = show_arguments(step.action, write)
    if shown ~= "" then shown = ", " .. shown end
    texts[#texts + 1] = ("%s(%s%s)"):format(step.action.name, write(step.path), shown)
  end
  return table.concat(texts, ":")
end

-- Adds one action to the clauses.
local function write_action(expression, clauses, path, value)
  local action = getmetatable(value) == Action and value or make("set", value)
  local clause, write = actions[action.name][1], actions[action.name][2]
  local text = expression:path(path)
  expression.subject = path
  table.insert(clauses[clause], write(expression, text, action))
  expression.subject = nil
end

-- Adds the clauses of a compiled text. Its names and values are placeholders, so the remaining words are
-- keywords.
local function write_clauses(expression, clauses, text, compiled)
  text = texts_of.shown(text)
  if not compiled:match("^%u") then expression:fail('"%s": SET, REMOVE, ADD or DELETE expected', text) end
  for word, rest in compiled:gmatch("(%u+)([^%u]*)") do
    local clause, body = clauses[word], rest:match("^%s+(.-)%s*$")
    if not clause then expression:fail('"%s": %s is no clause of an update', text, word) end
    if not body or body == "" then expression:fail('"%s": %s does nothing', text, word) end
    clause[#clause + 1] = body
  end
end

-- Calls visit(path) for the path of each action, in placeholders.
local function each_path(clauses, visit)
  for _, clause in ipairs(CLAUSES) do
    for _, text in ipairs(clauses[clause]) do
      local depth, start = 0, 1
      for position, mark in (text .. ","):gmatch("()([(),])") do
        depth = depth + (mark == "(" and 1 or mark == ")" and -1 or 0)
        if mark == "," and depth == 0 then
          visit(text:sub(start, position - 1):match("^%s*([#%d%.%[%]]+)"))
          start = position + 1
        end
      end
    end
  end
end

-- The service refuses two actions on overlapping paths.
local function check_overlap(expression, clauses)
  local paths = {}
  each_path(clauses, function(path) paths[#paths + 1] = path end)
  expression:check_overlap(paths, "update")
end

local function write_given(expression, clauses, given, depth)
  if type(given) == "string" then given = { given } end
  if update.is(given) then
    for _, step in ipairs(given) do write_action(expression, clauses, step.path, step.action) end
    return
  end
  if not objects.is_plain(given) then
    expression:fail("update: table by document path, builder or text expected, got %s",
      objects.describe(given))
  end
  if depth > MAX_NESTING then expression:fail("update: tables nested more than %d deep", MAX_NESTING) end
  local leading = expression:leading_text(given)
  if leading then
    write_clauses(expression, clauses, given[1], leading)
  else
    for _, i in ipairs(expressions.positions(given)) do
      write_given(expression, clauses, given[i], depth + 1)
    end
  end
  for _, path in ipairs(expression:sorted_paths(given)) do write_action(expression, clauses, path,
    given[path]) end
end

--- Returns the UpdateExpression of an update given by the user: a table of values and actions by path, which
--- may have text with its values or builders at integer keys; a builder; or text | nil when there is nothing
--- to do.
function update.write(expression, given)
  local clauses, texts = {}, {}
  for _, clause in ipairs(CLAUSES) do clauses[clause] = {} end
  expression.what = "update"
  write_given(expression, clauses, given, 1)
  check_overlap(expression, clauses)
  for _, clause in ipairs(CLAUSES) do
    if #clauses[clause] > 0 then texts[#texts + 1] = clause .. " " .. table.concat(clauses[clause], ", ") end
  end
  if #texts == 0 then return nil end
  return expression:finish(table.concat(texts, " "), "update")
end

return update
