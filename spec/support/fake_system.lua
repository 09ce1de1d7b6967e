--- An environment, files, programs and chance made of tables, in place of this machine's: it replaces functions in
--- dynamodb.system.

local system = require("dynamodb.base.system")

local fake = {}

local real = {}
for name, f in pairs(system) do real[name] = f end

--- Variables by name, texts by path (false: not to be read or written), what programs print (a text, or a function
--- of a command); home is /home (none if HOME is false), chance is always a half.
--- -> the paths as they are read, texts as they are written, commands as they are run.
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

--- Restores the real ones; may be called again.
function fake.remove()
  for name, f in pairs(real) do system[name] = f end
end

return fake
