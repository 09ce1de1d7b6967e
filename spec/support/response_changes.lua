-- Every change of one member of a JSON document, at every depth: missing, null, of each wrong type, empty, of another
-- name, doubled.

local json = require("dynamodb.values.json")
local core = require("dynamodb.core")

local response_changes = {}

-- Copies tables with their marks.
local function copy(value)
  if type(value) ~= "table" then return value end
  local made = setmetatable({}, getmetatable(value))
  for name, member in next, value do made[name] = copy(member) end
  return made
end

-- What a value may be replaced by, by kind of change.
local REPLACEMENTS = { { "null", core.null }, { "text", "x" }, { "number", 7 }, { "boolean", true },
  { "list", core.list({ 1 }) }, { "empty list", core.list() }, { "map", core.map({ Foreign = 1 }) },
  { "empty map", core.map({}) } }

-- Calls f(kind, apply) for each change of the member 'name' of a table; apply(parent) makes it in a copy of that table.
local function each_change(value, name, is_element, f)
  f("missing", function(parent)
    if is_element then table.remove(parent, name) else parent[name] = nil end
  end)
  for _, each in ipairs(REPLACEMENTS) do
    f(each[1], function(parent) parent[name] = copy(each[2]) end)
  end
  if type(value) == "string" then
    f("empty text", function(parent) parent[name] = "" end)
    f("other text", function(parent) parent[name] = value .. "2" end)
  elseif type(value) == "number" then
    f("negative", function(parent) parent[name] = -1 end)
    f("fraction", function(parent) parent[name] = value + 0.5 end)
  end
  if is_element then
    f("doubled", function(parent) table.insert(parent, copy(value)) end)
  else
    f("other name", function(parent) parent[name .. "2"], parent[name] = parent[name], nil end)
  end
end

local function names_of(map)
  local names = {}
  for name in next, map do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- Returns a copy of a table, not of its members.
local function shallow(value)
  local made = setmetatable({}, getmetatable(value))
  for name, member in next, value do made[name] = member end
  return made
end

--- Calls f(path, kind, text of the changed document) for each change of each member of a document.
---@param text string a JSON object
function response_changes.each(text, f)
  local root = { assert(json.decode(text)) }

  -- Visits the members of outer[key].
  local function visit(outer, key, path)
    local value = outer[key]
    for _, name in ipairs(names_of(value)) do
      local is_element = type(name) == "number"
      local inner = is_element and ("%s[%d]"):format(path, name) or (path == "" and name or path .. "." .. name)
      each_change(value[name], name, is_element, function(kind, apply)
        outer[key] = shallow(value)
        apply(outer[key])
        f(inner, kind, json.encode(root[1]))
        outer[key] = value
      end)
      if type(value[name]) == "table" then visit(value, name, inner) end
    end
  end

  visit(root, 1, "")
  local first = text:match('^%s*{%s*("[^"]+")')
  if first then f(first:sub(2, -2), "twice", (text:gsub("{", "{" .. first .. ":null,", 1))) end
end

return response_changes
