--- Loads files when they are needed. A name is given as "dynamodb.admin.backup"; nothing is loaded before the
--- first method or function of that file is called. Error messages still name the caller's line, since the
--- functions below belong to this library. doc/source.md tells how to use them.
-- The chunk of no file yields, so that a coroutine can load one at any time.

local late = {}

local declared = {} -- every module that was named here

-- Notes the name of a module -> the module | nil while it is not loaded.
local function declare(module)
  declared[module] = true
  local found = package.loaded[module]
  return type(found) ~= "userdata" and found or nil -- LuaJIT has a mark there while the file runs
end

--- Puts functions into a table of methods. The first call of any of them loads the file, which replaces them
--- by its own. Does nothing when the file is loaded.
---@param module string the file that defines the methods
---@param methods table
---@param names string the names, with blanks
function late.methods(module, methods, names)
  if declare(module) then return end
  for name in names:gmatch("%S+") do
    local function load_first(...)
      require(module)
      assert(methods[name] ~= load_first, name)
      return methods[name](...)
    end
    methods[name] = load_first
  end
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
      local loaded = require(module)
      f = name and loaded[name] or loaded
    end
    return f(...)
  end
end

--- Returns what stands for a module: reading a member loads the file. The module must be a table.
---@param module string
---@return table
function late.module(module)
  local found = declare(module)
  if found then return found end
  return setmetatable({}, { __index = function(self, name)
    local loaded = require(module)
    getmetatable(self).__index = loaded
    return loaded[name]
  end })
end

--- Makes a module a field of a table. It is loaded when the field is read, and until then pairs does not show
--- the field.
---@param module string
---@param owner table
---@param name string
function late.field(module, owner, name)
  declare(module)
  local meta = getmetatable(owner)
  if not meta then
    meta = { modules = {} }
    function meta.__index(self, key)
      local found = meta.modules[key]
      if not found then return nil end
      self[key] = require(found)
      return self[key]
    end
    setmetatable(owner, meta)
  end
  meta.modules[name] = module
end

--- Loads every module that was named here, and those that these name.
function late.load()
  local count
  repeat
    count = 0
    for module in pairs(declared) do
      if not declare(module) then
        require(module)
        count = count + 1
        break -- the file may have added names
      end
    end
  until count == 0
end

return late
