--- Loads files when they are needed. A module is given by its name, such as "dynamodb.admin.backup"; its file
--- is loaded when one of its methods or functions is called, or a member is read. Messages still name the
--- caller's line, since the functions below belong to this library. doc/source.md tells how to use them.
-- The main function of a file does not yield, so that any coroutine can load one. A file that could not be
-- loaded, because memory ran out for instance, is loaded anew by the next use.

local late = {}

-- Every module that was named here -> tables of methods -> name -> the function that loads the file.
local declared = {}
local fields = {} -- tables with fields that are modules -> field -> the name of the module

-- Types of the marks that Lua 5.1 and LuaJIT have in place of a module whose file has not ended.
local marks = { number = true, userdata = true }

-- Returns a module | nil while it is not loaded.
local function loaded(module)
  local found = package.loaded[module]
  return not marks[type(found)] and found or nil
end

local function declare(module)
  declared[module] = declared[module] or {}
  return declared[module]
end

local is_loading = false -- true while a file is being loaded, by which others may be
local is_broken = false -- true from the beginning of a file to its end, and after one that raised

-- Undoes what files have done that did not end: marks, for which require would refuse them from now on, and
-- methods. It makes no table.
local function mend()
  for module, found in pairs(package.loaded) do
    if marks[type(found)] and type(module) == "string" and module:find("^dynamodb%.") then
      package.loaded[module] = nil
    end
  end
  for module, tables in pairs(declared) do
    if not loaded(module) then
      for methods, stubs in pairs(tables) do
        for name, stub in pairs(stubs) do methods[name] = stub end
      end
    end
  end
  is_broken = false
end

local function load_file(module)
  is_loading, is_broken = true, true
  return require(module)
end

--- Loads a module -> the module. Raises what its file raises.
---@param module string
function late.get(module)
  local outer = is_loading
  if is_broken and not outer then mend() end
  local ok, found = pcall(load_file, module)
  is_loading = outer
  if not ok then
    if not outer then mend() end
    error(found, 0)
  end
  if not outer then is_broken = false end
  return found
end

local get = late.get

--- Puts functions into a table of methods. The first call of any of them loads the file, which replaces them
--- by its own. Does nothing when the file is loaded.
---@param module string the file that defines the methods
---@param methods table
---@param names string the names, with blanks
function late.methods(module, methods, names)
  local tables = declare(module)
  if loaded(module) then return end
  local stubs = {}
  for name in names:gmatch("%S+") do
    stubs[name] = function(...)
      get(module)
      assert(methods[name] ~= stubs[name], name)
      return methods[name](...)
    end
    methods[name] = stubs[name]
  end
  tables[methods] = stubs
end

--- Returns a function that loads a module and calls the module's function of that name.
---@param module string
---@param name? string nil when the module is a function
---@return function
function late.call(module, name)
  local f
  declare(module)
  return function(...)
    if not f then
      local found = get(module)
      f = name and found[name] or found
    end
    return f(...)
  end
end

--- Returns what stands for a module, which must be a table: reading a member or calling it loads the file.
---@param module string
---@return table
function late.module(module)
  declare(module)
  local meta = {}
  function meta.__index(_, name)
    local found = get(module)
    meta.__index = found
    return found[name]
  end
  function meta.__call(_, ...) return get(module)(...) end
  return loaded(module) or setmetatable({}, meta)
end

--- Makes a module a field of a table. It is loaded when the field is read, and until then pairs does not show
--- the field.
---@param module string
---@param owner table
---@param name string
function late.field(module, owner, name)
  declare(module)
  if not fields[owner] then
    local modules = {}
    fields[owner] = modules
    setmetatable(owner, { __index = function(self, key)
      local found = modules[key]
      if not found then return nil end
      self[key] = get(found)
      return self[key]
    end })
  end
  fields[owner][name] = module
end

-- Returns a module that was named and is not loaded | nil.
local function first_missing()
  for module in pairs(declared) do
    if not loaded(module) then return module end
  end
end

--- Loads every module that was named here, and those that these name, and sets the fields.
function late.load()
  local module = first_missing()
  while module do
    get(module)
    module = first_missing()
  end
  for owner, modules in pairs(fields) do
    for name, named in pairs(modules) do owner[name] = get(named) end
  end
end

return late
