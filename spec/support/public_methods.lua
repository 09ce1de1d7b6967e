--- Finds the public methods of an object at run time, so that a method that is added later is tested as well.

--- Returns the functions of its class, and those in fields of its own, by name. Names that begin with _ are private.
return function(object)
  local meta, found = debug.getmetatable(object) or {}, {}
  local class = meta.methods or type(meta.__index) == "table" and meta.__index or {}
  for _, list in ipairs({ class, type(object) == "table" and object or {} }) do
    for name, value in pairs(list) do
      if type(value) == "function" and not tostring(name):find("^_") then found[name] = value end
    end
  end
  return found
end
