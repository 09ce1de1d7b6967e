--- Tells how two values differ, as lines for people: by the path of each difference.

local core = require("dynamodb.core")
local objects = require("dynamodb.base.objects")
local inspect = require("dynamodb.values.inspect").inspect

local difference = {}

local MAX_LINES = 20
local MAX_TEXT = 200 -- bytes of a value

local function text_of(value)
  if value == nil then return "nothing" end
  local text = inspect(value)
  return #text > MAX_TEXT and text:sub(1, MAX_TEXT) .. "..." or text
end

local function path_of(path, name)
  if type(name) == "number" then return ("%s[%g]"):format(path, name) end
  if not tostring(name):find("^[%a_][%w_]*$") then return ("%s[%s]"):format(path, inspect(name)) end
  return path == "" and name or path .. "." .. name
end

local function before(a, b)
  if type(a) ~= type(b) then return type(a) == "number" end
  return a < b
end

-- Returns the names of both tables, sorted.
local function names_of(a, b)
  local names = {}
  for name in pairs(a) do names[#names + 1] = name end
  for name in pairs(b) do
    if a[name] == nil then names[#names + 1] = name end
  end
  table.sort(names, before)
  return names
end

local function compare(expected, got, path, lines)
  if objects.is_plain(expected) and objects.is_plain(got) and (next(expected) ~= nil or next(got) ~= nil) then
    for _, name in ipairs(names_of(expected, got)) do
      compare(expected[name], got[name], path_of(path, name), lines)
    end
  elseif expected == nil then
    lines[#lines + 1] = ("%s: not expected, got %s"):format(path, text_of(got))
  elseif got == nil or not core.equal(expected, got) then
    lines[#lines + 1] = ("%s: expected %s, got %s"):format(path, text_of(expected), text_of(got))
  end
end

--- Returns the differences between two values, each as a line such as 'Tags[2]: expected "b", got nothing'.
--- No line for values that DynamoDB takes for equal.
---@param expected any values of attributes, or tables of them; no item objects
---@return string[]
function difference.lines(expected, got)
  local lines = {}
  compare(expected, got, "", lines)
  return lines
end

--- Returns lines as text, each on a line of its own with an indent. Of many lines the first ones are shown.
function difference.text(lines)
  local shown = {}
  for i = 1, math.min(#lines, MAX_LINES) do shown[i] = "  " .. lines[i] end
  if #lines > MAX_LINES then shown[#shown + 1] = ("  and %d more"):format(#lines - MAX_LINES) end
  return table.concat(shown, "\n")
end

return difference
