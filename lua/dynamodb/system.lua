--- What the library asks of the system: the environment and files. Specs put their own functions here.

local system = {}

--- The value of an environment variable; an empty one counts as none.
function system.getenv(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

local ABSENT = { [2] = true, [20] = true } -- ENOENT, ENOTDIR

--- The whole of a file | nil when there is none | nil, why when it cannot be read.
function system.read_file(path)
  local file, why, code = io.open(path, "rb")
  if not file then return nil, not ABSENT[code] and why or nil end
  local text, failure = file:read("*a")
  file:close()
  return text, failure
end

--- Seconds since 1970.
function system.time()
  return os.time()
end

--- A path with its leading "~/" replaced; nil when there is no home directory.
function system.expand(path)
  if path:sub(1, 2) ~= "~/" then return path end
  local home = system.getenv("HOME") or system.getenv("USERPROFILE")
  return home and home .. path:sub(2)
end

return system
