--- Replaces the environment, files, programs and random numbers of this machine by tables, as functions of
--- dynamodb.base.system.

local system = require("dynamodb.base.system")

local fake = {}

local real = {}
for name, f in pairs(system) do real[name] = f end

--- Installs the fakes. HOME is /home unless the variables set it or set it to false; random() returns 0.5.
---@param variables table environment variables by name
---@param files table contents by path; false: permission denied
---@param output string|function output of every program, or function(command, seconds) that returns it
---@return table read paths that were read
---@return table written files that were written: { path, text }
---@return table commands commands that were run: { command, seconds }
function fake.install(variables, files, output)
  local read, written, commands = {}, {}, {}
  function system.getenv(name)
    if name == "HOME" and variables.HOME == nil then return "/home" end
    return variables[name] or nil
  end
  function system.read_file(path)
    read[#read + 1] = path
    if files[path] == false then return nil, path .. ": Permission denied" end
    return files[path]
  end
  function system.write_file(path, text)
    if files[path] == false then return nil, path .. ": Permission denied" end
    files[path], written[#written + 1] = text, { path = path, text = text }
    return true
  end
  function system.run(command, seconds)
    commands[#commands + 1] = { command = command, seconds = seconds }
    if type(output) == "function" then return output(command, seconds) end
    return output
  end
  function system.random() return 0.5 end
  return read, written, commands
end

--- Restores the real functions. May be called repeatedly.
function fake.remove()
  for name, f in pairs(real) do system[name] = f end
end

return fake
