--- Shapes of plain values in responses: functions that return nil for a value that fits, or else what is
--- wrong, as a text that begins with the path: ".KeySchema[2].KeyType: string expected, got number".

local core = require("dynamodb.core")

local shape = {}

local LIST = getmetatable(core.list()) -- the mark of every decoded array

-- Names a value by its JSON type.
local function describe(value)
  local kind = type(value)
  if kind == "table" then return getmetatable(value) == LIST and "array" or "object" end
  return kind == "userdata" and core.typename(value) or kind == "nil" and "nothing" or kind
end

--- Returns ": EXPECTED expected, got TYPE", the end of every text of a shape.
function shape.expected(what, value)
  return (": %s expected, got %s"):format(what, describe(value))
end

local expected = shape.expected

--- Fits strings.
function shape.text(value)
  if type(value) ~= "string" then return expected("string", value) end
end

--- Fits strings that are not empty.
function shape.name(value)
  if type(value) ~= "string" or value == "" then
    return value == "" and ": name expected, got an empty string" or expected("string", value)
  end
end

--- Fits numbers.
function shape.number(value)
  if type(value) ~= "number" then return expected("number", value) end
end

--- Fits whole numbers of at least 0.
function shape.count(value)
  if type(value) ~= "number" then return expected("number", value) end
  if value < 0 or value % 1 ~= 0 then return (": count expected, got %s"):format(tostring(value)) end
end

--- Fits booleans.
function shape.boolean(value)
  if type(value) ~= "boolean" then return expected("boolean", value) end
end

--- Returns the shape of these strings: choice("HASH", "RANGE").
function shape.choice(...)
  local known, text = {}, "'" .. table.concat({ ... }, "' or '") .. "'"
  for _, each in ipairs({ ... }) do known[each] = true end
  return function(value)
    if known[value] then return nil end
    return type(value) == "string" and (": %s expected, got '%s'"):format(text, value:sub(1, 40))
      or expected(text, value)
  end
end

--- Returns the shape of objects whose members, if they are present, have these shapes. Other members may have
--- any value.
---@param members table name -> shape
---@param ... string names of the members that must be present
function shape.struct(members, ...)
  local required = { ... }
  return function(value)
    if type(value) ~= "table" or getmetatable(value) == LIST then return expected("object", value) end
    for _, name in ipairs(required) do
      if value[name] == nil then return "." .. name .. ": missing" end
    end
    for name, fits in next, members do
      local member = value[name]
      local why = member ~= nil and fits(member)
      if why then return "." .. name .. why end
    end
  end
end

--- Returns the shape of arrays of this shape.
function shape.list_of(fits)
  return function(value)
    if type(value) ~= "table" or getmetatable(value) ~= LIST then return expected("array", value) end
    for i = 1, #value do
      local why = fits(value[i])
      if why then return "[" .. i .. "]" .. why end
    end
  end
end

--- Returns the shape of objects with any names whose values have this shape.
function shape.map_of(fits)
  return function(value)
    if type(value) ~= "table" or getmetatable(value) == LIST then return expected("object", value) end
    for name, member in next, value do
      local why = fits(member)
      if why then return "." .. tostring(name) .. why end
    end
  end
end

return shape
