--- What the library asks of the system: the environment, files, programs, the time of day and chance. Specs
--- put their own functions here.

local core = require("dynamodb.core")

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

--- From 0 up to, but never, 1.
function system.random()
  return core.random()
end

-- One word of a shell's command.
local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local MOST = 64 * 1024 -- bytes of output
local TIMED_OUT = 124 -- how timeout(1) ends then

-- Where there is timeout(1), as on every system with coreutils or busybox, it ends the command and what that
-- has started. The exit code follows the output, since Lua 5.1 does not tell it.
local SCRIPT = [[
t=; if command -v timeout >/dev/null; then t='timeout -k 1 %d'; fi
$t sh -c %s </dev/null; printf '\n%%d' "$?"]]

--- Runs a command of the shell, which gets no input, for at most so many seconds -> its output | nil, why.
function system.run(command, seconds)
  local limit = math.max(math.ceil(seconds), 1)
  local pipe, why = io.popen(SCRIPT:format(limit, quoted(command)))
  if not pipe then return nil, why end
  local text = pipe:read(MOST + 16) or ""
  pipe:close()
  local output, code = text:match("^(.*)\n(%d+)$")
  code = tonumber(code)
  if not code then return nil, ("more than %d bytes of output"):format(MOST) end
  if code == TIMED_OUT then return nil, ("no end within %d seconds"):format(limit) end
  if code ~= 0 then return nil, "exit code " .. code end
  return output
end

local SECONDS_FOR_A_FILE = 5

-- Writes and renames, so that readers see the old text or the new one -> true | nil, why.
local function replace(path, name, text)
  local file, why = io.open(name, "wb")
  if not file then return nil, why end
  local written
  written, why = file:write(text)
  local closed, late = file:close()
  if not written then return nil, why end
  if not closed then return nil, late end
  return os.rename(name, path)
end

--- Replaces a file, making its folder if there is none; only its owner may read it -> true | nil, why.
function system.write_file(path, text)
  local folder = path:match("^(.*)/[^/]*$") or "."
  local made, why = system.run(("exec 2>/dev/null; umask 077 && mkdir -p -- %s && mktemp -- %s"):format(
    quoted(folder), quoted(folder .. "/.dynamodb.XXXXXX")), SECONDS_FOR_A_FILE)
  if not made then return nil, ("%s: no file can be made there (%s)"):format(folder, why) end
  local name = made:gsub("\n$", "")
  local done
  done, why = replace(path, name, text)
  if done then return true end
  os.remove(name)
  return nil, why
end

return system
