--- Runs scripts of spec/support in separate processes.

local process = {}

-- The Lua interpreter: the variable LUA, else the first word of the command line of this process.
local function interpreter()
  local first = 0
  while arg[first - 1] do first = first - 1 end
  return os.getenv("LUA") or arg[first]
end

--- Starts a script with arguments -> a function that waits for its end and returns its output, the pipe of its output.
function process.start(script, ...)
  local command = ("LUA_PATH='%s' LUA_CPATH='%s' exec '%s' spec/support/%s '%s'"):format(package.path, package.cpath,
    interpreter(), script, table.concat({ ... }, "' '"))
  local pipe = assert(io.popen(command))
  return function()
    local text = pipe:read("*a")
    pipe:close()
    return text
  end, pipe
end

return process
