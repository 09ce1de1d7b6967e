-- Loads every module of the library whose name is given, and prints "MODULE.MEMBER" for each member of a module's table
-- that was set, changed or removed after the module itself was loaded, and "_G.NAME" for each new global variable. Each
-- module is looked at when its own file has ended, and again when all have been loaded.

local names = {}
for name in arg[1]:gmatch("%S+") do names[#names + 1] = name end

local function copy(from)
  local to = {}
  for key, value in pairs(from) do to[key] = value end
  return to
end

local known, globals, original = {}, copy(_G), require

function require(name) -- luacheck: ignore 121
  local found = original(name)
  if name:match("^dynamodb") and type(found) == "table" and not known[name] then known[name] = copy(found) end
  return found
end

for _, name in ipairs(names) do require(name) end

local changes = {}

local function compare(name, before, now)
  for key, value in pairs(now) do
    if not rawequal(before[key], value) then changes[#changes + 1] = name .. "." .. tostring(key) end
  end
  for key in pairs(before) do
    if now[key] == nil then changes[#changes + 1] = name .. "." .. tostring(key) end
  end
end

for name, before in pairs(known) do compare(name, before, package.loaded[name]) end
globals.require = require
compare("_G", globals, _G)
table.sort(changes)
print(table.concat(changes, " "))
