-- Calls each method of connections, tables and items, and each function of dynamodb, as the first one after the library
-- was loaded, with more arguments than it takes. Prints "SUBJECT NAME: MESSAGE" for each, and the names that differ after
-- all files have been loaded.

local MANY = 30
local unpack = table.unpack or unpack -- luacheck: ignore 113 143

local transport = { connect = print, send = print, receive = print, idle = print, close = print, sleep = print,
  now = os.clock, time = os.time }

-- Loads the library anew -> the module, the tables of methods by subject, an object of each.
local function fresh()
  for name in pairs(package.loaded) do
    if name:find("^dynamodb") and name ~= "dynamodb.core" then package.loaded[name] = nil end
  end
  local dynamodb, core = require("dynamodb"), require("dynamodb.core")
  local conn = dynamodb.connect({ transport = transport, region = "us-east-1" })
  local tbl = conn:table("t", { hash_key = "id" })
  return dynamodb, { conn = core.connection_class.methods, tbl = core.table_class.methods,
    item = core.item_class.methods, dynamodb = dynamodb }, { conn = conn, tbl = tbl, item = core.item(tbl, { id = "a" }) }
end

local function names(list)
  local found = {}
  for name, value in pairs(list) do
    if type(value) == "function" then found[#found + 1] = name end
  end
  table.sort(found)
  return found
end

-- Compiles each file once.
require("dynamodb").preload()
for name in pairs(package.loaded) do
  local path = name:find("^dynamodb") and package.searchpath(name, package.path)
  if path then package.preload[name] = assert(loadfile(path)) end
end

local _, all = fresh()
for subject, list in pairs(all) do
  local known = names(list)
  for _, name in ipairs(known) do
    local _, lists, objects = fresh()
    local object = objects[subject]
    local f = lists[subject][name]
    local ok, err = pcall(function()
      local result = f(unpack({ object }, 1, object and MANY + 1 or MANY))
      return result
    end)
    print(("%s %s: %s"):format(subject, name, ok and "nothing was raised" or tostring(err)))
  end
  local dynamodb, lists = fresh()
  dynamodb.preload()
  local eager = table.concat(names(lists[subject]), " ")
  if eager ~= table.concat(known, " ") then print(("%s: %s"):format(subject, eager)) end
end
