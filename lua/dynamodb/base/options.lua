--- Options as data: a schema maps the name of each option to a validator. Nothing is copied or filled in, so
--- a check costs one look-up for each given option.

local late = require("dynamodb.base.late")
local errors = require("dynamodb.error")
local objects = require("dynamodb.base.objects")
local spelling = late.module("dynamodb.base.spelling")

local options = {}

--- Makes a validator: a function of a value -> true | false, what was expected [, what the value is].
local function typed(name)
  return function(value)
    return type(value) == name, name
  end
end

options.string = typed("string")
options.boolean = typed("boolean")
options["function"] = typed("function")

--- Accepts tables that are no objects of this library.
function options.table(value)
  return objects.is_plain(value), "table"
end

--- Accepts any value. Its type is checked elsewhere.
function options.any()
  return true
end

function options.text(value)
  return type(value) == "string" and value ~= "", "non-empty string"
end

--- Accepts a positive number of seconds.
function options.seconds(value)
  return type(value) == "number" and value > 0 and value < 1e9, "positive number of seconds"
end

--- Makes a validator for whole numbers from 'low' up.
function options.count(low)
  local expected = ("whole number of at least %d"):format(low)
  return function(value)
    return type(value) == "number" and value >= low and value % 1 == 0 and value < 2 ^ 53, expected
  end
end

--- Makes a validator for these strings.
function options.choice(...)
  local known = {}
  for _, name in ipairs({ ... }) do known[name] = true end
  local expected = "one of " .. table.concat({ ... }, ", ")
  return function(value)
    return known[value] == true, expected
  end
end

options.retry_mode = options.choice("standard", "adaptive", "off")
options.retry_writes = options.choice("safe", "always", "exact")

--- Accepts headers that a request gets besides those of the client.
options.headers = late.call("dynamodb.base.headers", "are_headers")

local calls = {
  attempt_timeout = options.seconds,
  deadline = options.seconds,
  headers = options.headers,
  max_attempts = options.count(1),
  retry_mode = options.retry_mode,
}

--- Merges tables of options, or other tables with string keys, into a new one. Later tables win.
---@return table
function options.merge(...)
  local merged = {}
  for i = 1, select("#", ...) do
    for name, value in pairs((select(i, ...)) or {}) do merged[name] = value end
  end
  return merged
end

--- Returns a schema with these options and those of every call: doc/options.md.
---@return table schema a new table
function options.with_call_options(schema)
  return options.merge(schema, calls)
end

--- Returns a schema with these options and those of every write.
---@return table schema a new table
function options.with_write_options(schema)
  return options.merge(schema, calls, { retry_writes = options.retry_writes })
end

--- Returns the call options among these options.
function options.select_call_options(given)
  local found = { retry_writes = given.retry_writes }
  for name in pairs(calls) do found[name] = given[name] end
  return found
end

--- Returns a value as messages show it: strings are cut, and tables and objects are named by their type.
function options.show(value)
  if type(value) == "string" then return "'" .. value:sub(1, 40) .. (#value > 40 and "...'" or "'") end
  if type(value) == "number" or type(value) == "boolean" then return tostring(value) end
  return objects.describe(value)
end

-- Raises for an option that the schema does not have, and names the nearest one that it has.
local function refuse_unknown(schema, name, where, explain, subject)
  local names = {}
  for known in pairs(schema) do names[#names + 1] = known end
  table.sort(names)
  local advice = explain and explain(name, subject) or spelling.suggest(name, names)
  local found = type(name) == "number" and ("value at position %s, options have names"):format(name)
    or ("unknown option '%s'"):format(tostring(name):sub(1, 40))
  errors.raise("%s: %s%s (known: %s)", where, found,
    advice and ": " .. advice or "",
    table.concat(names, ", "))
end

-- Raises for options that a metatable computes: a look-up finds them, and a loop or a copy does not.
local function refuse_computed(given, where)
  local meta = getmetatable(given)
  if meta == nil then return end
  if type(meta) ~= "table" or rawget(meta, "__index") or rawget(meta, "__pairs") then
    errors.raise("%s: table of options without __index and __pairs expected", where)
  end
end

--- Raises unless 'given' is a table of options that the schema knows and accepts. 'where' names the method.
--- Values of connect's credentials are not shown.
---@param explain? fun(name: any, subject: any): string? advice on an unknown option, in place of the nearest
--- known one
---@param subject? any what 'explain' gets
function options.check(schema, given, where, explain, subject)
  if not objects.is_plain(given) then
    errors.raise("%s: table of options expected, got %s", where, objects.describe(given))
  end
  refuse_computed(given, where)
  for name, value in pairs(given) do
    local validator = schema[name]
    if not validator then refuse_unknown(schema, name, where, explain, subject) end
    local ok, expected, got = validator(value)
    if not ok then
      got = got or options.show(value)
      if schema.aws_secret_access_key and (type(value) == "string" or name:find("^aws_")) then
        got = "a " .. type(value)
      end
      errors.raise("%s: option '%s': %s expected, got %s", where, name, expected, got)
    end
  end
end

--- What a method gets as options when the caller gives none. Nothing is ever written into it.
options.NONE = {}

--- Returns the options that a method was given, checked; NONE for nil.
function options.read(schema, given, where)
  if given == nil then return options.NONE end
  options.check(schema, given, where)
  return given
end

return options
