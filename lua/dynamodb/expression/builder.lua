--- The expressions of one request: document paths, placeholders for names and values, expressions given as
--- text, and the service's limits. Conditions and updates write themselves with it.
-- Source: DynamoDB developer guide, "Expressions" and "Service, account, and table quotas".

local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local objects = require("dynamodb.base.objects")
local texts_of = require("dynamodb.base.text")

local MAX_TEXT = 4096 -- bytes of one expression
local MAX_OPERATORS = 300 -- operators and functions of one expression
local MAX_POSITION = 2 ^ 31 -- of a list index
local MAX_STEPS = 32 -- of a document path

local Expression = {}
Expression.__index = Expression

local builder = {}

--- Makes an empty set of placeholders. 'where' names the method in messages. 'what', which names the
--- expression in messages, is set by its writer.
---@param advice? string what to do about an expression that is too long, added to the message
function builder.new(where, advice)
  return setmetatable({ where = where, names = {}, name_count = 0, values = {}, value_count = 0, name_of = {},
    value_of = {}, operators = 0, what = "expression", advice = advice or "" }, Expression)
end

-- Raises; the message names the attribute whose test or action is being written ('subject').
function Expression:fail(format, ...)
  local subject, where = self.subject, self.where
  if type(subject) == "table" then subject = subject[1] end -- a list of steps begins with the attribute
  if type(subject) == "string" then where = where .. ": " .. subject end
  errors.raise("%s: " .. format, where, ...)
end

-- {===== Document paths =====

-- Reads the step at a position of a path -> step, next position | nil.
local function take_step(text, position)
  if position > 1 then
    local index, after = text:match("^%[(%d+)%]()", position)
    if index and tonumber(index) < MAX_POSITION then return tonumber(index), after end
    if text:sub(position, position) ~= "." then return nil end
    position = position + 1
  end
  local name, after = text:match("^'([^']+)'()", position)
  if not name then name, after = text:match("^([^%.%[%]']+)()", position) end
  return name, after
end

--- Parses a document path: "a.b[2].c", "'name.with.dots'[0]" -> { "a", "b", 2, "c" } | nil. Indexes count
--- from 0, as the service's do. A path with too many steps is read up to the first of these.
function builder.parse_path(text)
  local steps, position = {}, 1
  repeat
    local step
    step, position = take_step(text, position)
    if not step then return nil end
    steps[#steps + 1] = step
  until position > #text or #steps > MAX_STEPS
  return steps
end

local function is_step(step, first)
  if type(step) == "string" then return step ~= "" end
  return not first and type(step) == "number" and step >= 0 and step < MAX_POSITION and step % 1 == 0
end

-- Returns the steps if they form a path.
local function check_steps(steps)
  for i, step in ipairs(steps) do
    if i > MAX_STEPS then break end
    if not is_step(step, i == 1) then return nil end
  end
  return #steps > 0 and steps
end

--- Returns the steps of a path given as text or as a list of steps. Raises for anything else, and for more
--- steps than the service takes.
function Expression:steps(path)
  local steps
  if objects.is_plain(path) then steps = check_steps(path) end
  if type(path) == "string" and path ~= "" then steps = builder.parse_path(path) end
  if not steps then
    self:fail("document path expected (a.b[2].c, names with dots as 'a.b'), got %s",
      type(path) == "string" and '"' .. texts_of.shown(path) .. '"' or objects.describe(path))
  end
  if #steps > MAX_STEPS then self:fail("document path of more than %d steps", MAX_STEPS) end
  return steps
end

--- Returns the placeholder of an attribute name.
function Expression:name(name)
  local placeholder = self.name_of[name]
  if not placeholder then
    self.name_count = self.name_count + 1
    placeholder = "#" .. self.name_count
    self.name_of[name], self.names[placeholder] = placeholder, name
  end
  return placeholder
end

--- Returns a path in placeholders.
function Expression:path(path)
  local parts = {}
  for i, step in ipairs(self:steps(path)) do
    if type(step) == "number" then
      parts[i] = ("[%d]"):format(step)
    else
      parts[i] = (i > 1 and "." or "") .. self:name(step)
    end
  end
  return table.concat(parts)
end

-- ===================== }

--- Returns the placeholder of a value. A value used twice is sent once.
function Expression:value(value)
  if value == nil then self:fail("value expected, got nil") end
  local text, why = core.encode(value, "value")
  if not text then self:fail("value: %s", why) end
  local placeholder = self.value_of[text]
  if not placeholder then
    self.value_count = self.value_count + 1
    placeholder = ":" .. self.value_count
    self.value_of[text], self.values[placeholder] = placeholder, value
  end
  return placeholder
end

--- Returns the integer keys of a table, in order, gaps allowed.
function builder.positions(given)
  local list = {}
  for index in pairs(given) do
    if type(index) == "number" then list[#list + 1] = index end
  end
  table.sort(list)
  return list
end

--- Counts operators and functions, since the service limits them. Raises at the first that is too many, so
--- that nothing is written in vain.
function Expression:count(n)
  self.operators = self.operators + n
  if self.operators > MAX_OPERATORS then
    self.subject = nil
    self:fail("%s: more than %d operators%s", self.what, MAX_OPERATORS, self.advice)
  end
end

--- Returns the string keys of a table, sorted, so that the same table makes the same expression. Raises for
--- keys other than strings and numbers.
function Expression:sorted_paths(given)
  local paths = {}
  for path in pairs(given) do
    if type(path) == "string" then
      paths[#paths + 1] = path
    elseif type(path) ~= "number" then
      self:fail("document path expected, got %s", objects.describe(path))
    end
  end
  table.sort(paths)
  return paths
end

--- Compiles the text at index 1 of a table with the values at the following indexes | nil when there is no
--- text.
function Expression:leading_text(given)
  if type(given[1]) ~= "string" then return nil end
  local values = {}
  for index, value in pairs(given) do
    if type(index) == "number" and index > 1 then values[index - 1] = value end
  end
  return self:text(given[1], values)
end

--- Checks the length of a finished expression and returns it. The count of operators starts again.
function Expression:finish(text, what)
  self.operators = 0
  if #text > MAX_TEXT then
    self:fail("%s: expression of %d bytes, at most %d%s", what, #text, MAX_TEXT, self.advice)
  end
  return text
end

--- Adds the placeholders to a request.
function Expression:into(request)
  if self.name_count > 0 then request.ExpressionAttributeNames = self.names end
  if self.value_count > 0 then request.ExpressionAttributeValues = self.values end
  return request
end

--- Raises when one of the paths, in placeholders, is the same as another one or a parent of it.
function Expression:check_overlap(paths, what)
  local seen = {}
  local function shown(path) return (path:gsub("#%d+", self.names)) end
  for _, path in ipairs(paths) do
    if seen[path] then self:fail("%s: '%s' occurs twice", what, shown(path)) end
    seen[path] = true
  end
  for _, path in ipairs(paths) do
    for position in path:gmatch("()[%.%[]") do
      local outer = path:sub(1, position - 1)
      if seen[outer] then self:fail("%s: '%s' and '%s' overlap", what, shown(outer), shown(path)) end
    end
  end
end

-- Splits a text at its commas, those in quotes excepted.
local function split_list(text)
  local list, first, position = {}, 1, 1
  repeat
    position = text:match("^[^,']*()", position)
    local mark = text:sub(position, position)
    if mark == "'" then
      position = text:match("^'[^']*'?()", position)
    else
      list[#list + 1] = texts_of.trim(text:sub(first, position - 1))
      position = position + 1
      first = position
    end
  until mark == ""
  return list
end

--- Returns a projection of paths, given as a list or as text with commas. 'names' are attributes that are
--- always included.
function Expression:projection(paths, names)
  local list, known, texts = {}, {}, {}
  if type(paths) == "string" then
    if paths ~= "" then list = split_list(paths) end
  elseif objects.is_plain(paths) then
    for key in pairs(paths) do
      if type(key) ~= "number" then
        self:fail("projection: list of document paths expected, got a member '%s'", tostring(key):sub(1, 40))
      end
    end
    for i, position in ipairs(builder.positions(paths)) do list[i] = paths[position] end
  end
  if #list == 0 then
    self:fail("projection: list of document paths expected, got %s", objects.describe(paths))
  end
  for i, path in ipairs(list) do
    texts[i] = self:path(path)
    known[texts[i]] = true
  end
  for _, name in ipairs(names) do
    local text = self:path({ name })
    if not known[text] then texts[#texts + 1] = text end
  end
  self:check_overlap(texts, "projection")
  return self:finish(table.concat(texts, ", "), "projection")
end

-- {===== Text with placeholders =====

local keywords = { AND = 1, OR = 1, NOT = 1, BETWEEN = 1, IN = 1, SET = 0, REMOVE = 0, ADD = 0, DELETE = 0 }
local functions = {
  attribute_exists = true, attribute_not_exists = true, attribute_type = true, begins_with = true,
  contains = true, size = true, if_not_exists = true, list_append = true,
}

local VALUES = "a value is written as ? and given after the text, as in { \"Views > ?\", 5 }"
local NAMES = "a name is written as it is, in 'quotes', or as # and given after the text"

-- What texts of other clients have in place of ours: patterns, and what to write.
local foreign = {
  { '^[%d"]', VALUES },
  { "^:[%w_]*", VALUES },
  { "^#[%w_]+", NAMES },
  { "^!=", "unequal is written as <>" },
  { "^==", "equal is written as =" },
  { "^&&", "write AND" },
  { "^||", "write OR" },
  { "^!", "write NOT" },
  { "^true%f[^%w_]", VALUES .. "; an attribute of that name is written as 'true'" },
  { "^false%f[^%w_]", VALUES .. "; an attribute of that name is written as 'false'" },
  { "^null%f[^%w_]", VALUES .. "; an attribute of that name is written as 'null'" },
}

-- Raises when what is at the position is known to be a mistake.
local function refuse_foreign(self, text, position)
  for _, case in ipairs(foreign) do
    local found = text:match(case[1], position)
    if found then
      self:fail('"%s": unexpected \'%s\': %s', texts_of.shown(text), texts_of.shown(found), case[2])
    end
  end
end

-- Patterns of the tokens of a text, and functions (expression, token, given, text, position after the token)
-- that return what each becomes.
local tokens = {
  { "^%s+", function() return " " end },
  { "^%?", function(self, _, given) return self:value(given()) end },
  { "^#", function(self, _, given) return self:path(given()) end },
  { "^'[^']+'", function(self, text) return self:name(text:sub(2, -2)) end },
  { "^[<>]=?", function(self, text, _, whole, after)
    self:count(text == "<" and whole:match("^>", after) and 0 or 1) -- "<>" is one operator
    return text
  end },
  { "^[=+%-]", function(self, text)
    self:count(text == "=" and self.what == "update" and 0 or 1) -- the "=" of SET is no operator
    return text
  end },
  { "^%[%d+%]", function(_, text) return text end },
  { "^[(),.]", function(_, text) return text end },
  { "^[%a_][%w_]*", function(self, text, _, whole, after)
    local keyword = keywords[text:upper()]
    if keyword then
      self:count(keyword)
      return text:upper()
    end
    if whole:match("^%s*%(", after) then
      if not functions[text] then self:fail("unknown function '%s'", texts_of.shown(text)) end
      self:count(1)
      return text
    end
    return self:name(text)
  end },
}

-- Reads the token at a position -> what it becomes, next position.
local function take_token(self, text, position, next_given)
  refuse_foreign(self, text, position)
  for _, token in ipairs(tokens) do
    local found = text:match(token[1], position)
    if found then
      position = position + #found
      return token[2](self, found, next_given, text, position), position
    end
  end
  self:fail('"%s": unexpected \'%s\'', texts_of.shown(text), text:sub(position, position))
end

--- Compiles text with "?" for values and "#" for paths, both taken from 'given' in order. 'names' in quotes
--- and words that are not keywords are attribute names. Every name and value becomes a placeholder.
function Expression:text(text, given)
  local parts, used, size, position = {}, 0, 0, 1
  local function next_given()
    used = used + 1
    if given[used] == nil then self:fail('value %d of "%s" is missing', used, texts_of.shown(text)) end
    return given[used]
  end
  while position <= #text do
    local part
    part, position = take_token(self, text, position, next_given)
    parts[#parts + 1], size = part, size + #part
    if size > MAX_TEXT + 2 then -- without the blanks at its ends
      self:fail("%s: expression of more than %d bytes", self.what, MAX_TEXT)
    end
  end
  local count = 0
  for index in pairs(given) do count = math.max(count, index) end
  if count > used then self:fail('"%s" takes %d values, got %d', texts_of.shown(text), used, count) end
  local compiled = table.concat(parts):gsub("([#:]%d+)(%a)", "%1 %2") -- "?AND" is two words
  return texts_of.trim(compiled)
end

-- ===================== }

return builder
