--- Finds at run time which arguments and options a method takes: from the messages and checks of the method itself.

local options = require("dynamodb.base.options")

local schemas = {}

local MARK, STOP = "no_such_option", {}
local unpack = table.unpack or unpack -- luacheck: ignore 113 143

--- Returns the schema against which f checks a table with the mark | nil. Nothing after that check runs.
---@param f function of an empty table that f marks as options by passing it on
function schemas.capture(f)
  local check, found = options.check, nil
  options.check = function(schema, given, ...) -- luacheck: ignore 122
    if type(given) == "table" and rawget(given, MARK) then
      found = schema
      error(STOP, 0)
    end
    return check(schema, given, ...)
  end
  pcall(f, { [MARK] = true })
  options.check = check -- luacheck: ignore 122
  return found
end

--- Returns the names of a function's parameters, from its message on surplus arguments | nil when it has none.
function schemas.parameters(f, self)
  local surplus = { n = 12 }
  for i = 1, 12 do surplus[i] = STOP end
  local ok, message
  if self == nil then
    ok, message = pcall(f, unpack(surplus, 1, 12))
  else
    ok, message = pcall(f, self, unpack(surplus, 1, 12))
  end
  if ok or type(message) ~= "string" then return nil end
  if message:find("takes no arguments: ", 1, true) then return {} end
  local names, list = message:match("takes %((.-)%): %d+ arguments given"), {}
  for name in (names or ""):gmatch("[%w_.]+") do list[#list + 1] = name end
  return names and list
end

-- Returns a call of f with the mark as argument number 'position', and fit values elsewhere.
local function call_with(f, self, parameters, position, fit, more)
  return function(marked)
    for name, value in pairs(more) do marked[name] = value end
    local given = {}
    for i, name in ipairs(parameters) do given[i] = fit[name] end
    given[position] = marked
    if self == nil then return f(unpack(given, 1, #parameters)) end
    return f(self, unpack(given, 1, #parameters))
  end
end

--- Returns the options that a method takes: name -> validator. They are those of its last argument that has any.
---@param fit table values for parameters by name
function schemas.of(f, self, parameters, fit)
  local found
  for position = 1, #parameters do
    for _, more in ipairs({ {}, { hash_key = "a" } }) do -- count takes the options of query when it has a key
      local schema = schemas.capture(call_with(f, self, parameters, position, fit, more))
      if schema then found = options.merge(more.hash_key and found or nil, schema) end
    end
  end
  return found
end

return schemas
