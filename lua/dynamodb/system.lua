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

local AT_HOME = "^~([/" .. package.config:sub(1, 1) .. "].*)$" -- the system's own separator, too

-- AWS SDKs and Tools Reference Guide, "Home directory resolution".
local function home()
  local drive, path = system.getenv("HOMEDRIVE"), system.getenv("HOMEPATH")
  return system.getenv("HOME") or system.getenv("USERPROFILE") or (drive and path and drive .. path)
end

--- A path with its leading "~" made the home directory; nil when there is none.
function system.expand(path)
  local rest = path:match("^~$") and "" or path:match(AT_HOME)
  if not rest then return path end
  local directory = home()
  return directory and directory .. rest or nil
end

return system
