--- Checks how methods and functions are called: methods with a colon, functions without, and neither with
--- more arguments than they take. The files that define methods list them with their parameters.

local errors = require("dynamodb.error")
local objects = require("dynamodb.base.objects")
local options = require("dynamodb.base.options")

local getmetatable, select, type = getmetatable, select, type -- locals, since these run in every call

local arguments = {}

--- Raises for surplus arguments: "get_item takes (hash_key, range_key, options): 4 arguments given".
---@param name string of the method
---@param takes string the names of its parameters, with commas
---@param count integer how many arguments were given
function arguments.refuse(name, takes, count)
  local parameters = takes == "" and "no arguments" or "(" .. takes .. ")"
  errors.raise("%s takes %s: %d argument%s given", name, parameters, count, count == 1 and "" or "s")
end

--- Raises for a method that is called with a dot: "conn.close() needs a colon: conn:close()".
---@param subject string what the object is called in messages, such as "conn"
function arguments.refuse_dot(subject, name)
  errors.raise("%s.%s() needs a colon: %s:%s()", subject, name, subject, name)
end

-- {===== Methods =====

-- Makes a function that checks its call and then calls f, for each number of parameters. A function of fixed
-- parameters costs less than one that counts and passes on all of them.
local makers = {
  [0] = function(f, classes, refuse)
    return function(self, ...)
      if not classes[getmetatable(self)] or select("#", ...) > 0 then refuse(self, select("#", ...)) end
      return f(self)
    end
  end,
  function(f, classes, refuse)
    return function(self, a, ...)
      if not classes[getmetatable(self)] or select("#", ...) > 0 then refuse(self, 1 + select("#", ...)) end
      return f(self, a)
    end
  end,
  function(f, classes, refuse)
    return function(self, a, b, ...)
      if not classes[getmetatable(self)] or select("#", ...) > 0 then refuse(self, 2 + select("#", ...)) end
      return f(self, a, b)
    end
  end,
  function(f, classes, refuse)
    return function(self, a, b, c, ...)
      if not classes[getmetatable(self)] or select("#", ...) > 0 then refuse(self, 3 + select("#", ...)) end
      return f(self, a, b, c)
    end
  end,
  function(f, classes, refuse)
    return function(self, a, b, c, d, ...)
      if not classes[getmetatable(self)] or select("#", ...) > 0 then refuse(self, 4 + select("#", ...)) end
      return f(self, a, b, c, d)
    end
  end,
}

local function count_of(takes)
  return takes == "" and 0 or 1 + select(2, takes:gsub(",", ""))
end

--- Replaces methods by functions that raise for surplus arguments and for a dot instead of a colon.
---@param methods table the table of the methods
---@param subject string what an object is called in messages, such as "conn"
---@param classes table list of the metatables of the objects
---@param signatures table method -> the names of its parameters, with commas
function arguments.check_methods(methods, subject, classes, signatures)
  local known = {}
  for _, class in ipairs(classes) do known[class] = true end
  for name, takes in pairs(signatures) do
    local function refuse(self, count)
      if not known[getmetatable(self)] then arguments.refuse_dot(subject, name) end
      arguments.refuse(name, takes, count)
    end
    methods[name] = makers[count_of(takes)](assert(methods[name], name), known, refuse)
  end
end

--- Replaces functions of a module by functions that raise for surplus arguments and for a colon.
---@param module table the module that users call
---@param subject string what it is called, such as "dynamodb"
---@param prefix string before the function's name in the message on surplus arguments
---@param signatures table function -> the names of its parameters; "..." at the end stands for any number
function arguments.check_functions(module, subject, prefix, signatures)
  for name, takes in pairs(signatures) do
    local f, most = assert(module[name], name), count_of(takes)
    if takes:find("...", 1, true) then most = math.huge end
    module[name] = function(...)
      if rawequal((...), module) then errors.raise("%s.%s takes no colon", subject, name) end
      if select("#", ...) > most then arguments.refuse(prefix .. name, takes, select("#", ...)) end
      return f(...)
    end
  end
end

-- ===================== }

--- Raises unless the value is a list without holes and without further members; it may be empty.
---@param what string its elements, such as "keys"
---@return table list
function arguments.check_list(list, where, what)
  if not objects.is_plain(list) or (next(list) ~= nil and #list == 0) then
    errors.raise("%s: list of %s expected, got %s", where, what, objects.describe(list))
  end
  local length, count = #list, 0
  for _ in next, list do count = count + 1 end
  local has_holes = false
  for i = 1, length do has_holes = has_holes or list[i] == nil end
  if count == length and not has_holes then return list end
  for key in next, list do
    if type(key) ~= "number" then
      errors.raise("%s: list of %s expected, got a member '%s'", where, what, tostring(key):sub(1, 40))
    end
  end
  errors.raise("%s: list of %s expected, got a list with holes", where, what)
end

--- Reads the arguments (options), (hash_key, options) or (hash_key, range_key, options) of a method whose
--- keys may be given positionally.
---@param where string the method
---@return table options options.NONE when there are none
---@return any hash_key nil when the options have the key
---@return any range_key
function arguments.with_key(where, first, second, third)
  if type(first) == "table" then
    if second ~= nil or third ~= nil then
      errors.raise("%s takes (options) or (hash_key, range_key, options): nothing may follow a table of "
        .. "options", where)
    end
    return first
  end
  if third == nil then
    if type(second) ~= "table" then return options.NONE, first, second end
    if not objects.is_plain(second) then return options.NONE, first, second end
    second, third = nil, second
  end
  for _, name in ipairs({ "hash_key", "key", "range_key" }) do
    if objects.is_plain(third) and third[name] ~= nil then
      errors.raise("%s: option '%s' excludes a positional key", where, name)
    end
  end
  return third, first, second
end

return arguments
