--- An environment and files made of tables, in place of this machine's: it replaces functions in
--- dynamodb.system.

local system = require("dynamodb.system")

local fake = {}

local real = { getenv = system.getenv, read_file = system.read_file, time = system.time }

--- Variables by name, texts by path (false: not to be read); home is /home (none if HOME is false).
--- -> the paths as they are read.
function fake.install(variables, files)
  local read = {}
  function system.getenv(name)
    if name == "HOME" and variables.HOME == nil then return "/home" end
    return variables[name] or nil
  end
  function system.read_file(path)
    read[#read + 1] = path
    if files[path] == false then return nil, path .. ": Permission denied" end
    return files[path]
  end
  return read
end

--- Puts the real ones back; safe to call again.
function fake.remove()
  for name, f in pairs(real) do system[name] = f end
end

return fake
