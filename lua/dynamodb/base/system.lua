--- The operating system as the library sees it: environment, files, programs, the time and random numbers.
--- Specs replace its functions.

local core = require("dynamodb.core")

local system = {}

--- Returns the value of an environment variable | nil, also for an empty one.
function system.getenv(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

local ABSENT = { [2] = true, [20] = true } -- ENOENT, ENOTDIR

--- Returns the content of a file | nil when it does not exist | nil, why when it cannot be read.
function system.read_file(path)
  local file, why, code = io.open(path, "rb")
  if not file then return nil, not ABSENT[code] and why or nil end
  local text, failure = file:read("*a")
  file:close()
  return text, failure
end

-- The clock that replaces the machine's: { now, time, pass } | false. system.use_clock sets it.
local clock = false

--- Replaces the machine's clock, for tests. Tasks and system.time go by the new one: doc/testing.md.
---@param other table|false now() -> seconds of a monotonic clock; time() -> seconds since 1970; pass(seconds)
--- lets time pass. false: the machine's clock again
function system.use_clock(other)
  clock = other
end

--- Returns the clock that replaces the machine's | false.
function system.clock()
  return clock
end

--- Returns seconds since 1970.
function system.time()
  return clock and clock.time() or os.time()
end

--- Returns the date and time in UTC of seconds since 1970: { year, month, day, hour, min, sec, wday = 1 for
--- Sunday }.
function system.utc(seconds)
  return os.date("!*t", math.floor(seconds))
end

local AT_HOME = "^~([/" .. package.config:sub(1, 1) .. "].*)$" -- and the system's own separator

-- AWS SDKs and Tools Reference Guide, "Home directory resolution".
local function home()
  local drive, path = system.getenv("HOMEDRIVE"), system.getenv("HOMEPATH")
  return system.getenv("HOME") or system.getenv("USERPROFILE") or (drive and path and drive .. path)
end

--- Returns the path with a leading "~" replaced by the home directory | nil when there is none.
function system.expand(path)
  local rest = path:match("^~$") and "" or path:match(AT_HOME)
  if not rest then return path end
  local directory = home()
  return directory and directory .. rest or nil
end

--- Returns a random number from 0 up to, but not including, 1.
function system.random()
  return core.random()
end

--- Quotes a word for the shell.
function system.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end
local quoted = system.quote

local MAX_OUTPUT = 64 * 1024 -- bytes
local TIMED_OUT = 124 -- exit code of timeout(1) when it ended the command

-- timeout(1), which is part of coreutils and busybox, ends the command and its children. The exit code
-- follows the output, since Lua 5.1 does not return it.
local SCRIPT = [[
t=; if command -v timeout >/dev/null; then t='timeout -k 1 %d'; fi
$t sh -c %s </dev/null; printf '\n%%d' "$?"]]

--- Runs a shell command without input, for at most that many seconds -> its output | nil, why.
function system.run(command, seconds)
  local limit = math.max(math.ceil(seconds), 1)
  local pipe, why = io.popen(SCRIPT:format(limit, quoted(command)))
  if not pipe then return nil, why end
  local text, failure = pipe:read(MAX_OUTPUT + 16)
  pipe:close()
  if failure then return nil, failure end
  local output, code = (text or ""):match("^(.*)\n(%d+)$")
  code = tonumber(code)
  if not code then
    return nil, text and #text > MAX_OUTPUT and ("more than %d bytes of output"):format(MAX_OUTPUT)
      or "the shell did not end by itself"
  end
  if code == TIMED_OUT then return nil, ("still running after %d seconds"):format(limit) end
  if code ~= 0 then return nil, "exit code " .. code end
  return output
end

local Process = {}
Process.__index = Process

--- Starts a shell command that runs beside this program. Its standard output is closed when the process
--- object is collected, or when this program ends.
---@return table? process
---@return string? why
function system.start(command)
  local pipe, why = io.popen(command)
  if not pipe then return nil, why end
  return setmetatable({ pipe = pipe }, Process)
end

--- Reads a line of the command's output -> line | nil at its end.
function Process:read_line()
  return self.pipe:read("*l")
end

--- Reads and drops the output until the command has ended.
function Process:wait()
  repeat until not self.pipe:read(1)
end

--- Closes the output and waits until the command has ended.
function Process:close()
  self.pipe:close()
end

local FILE_TIMEOUT = 5 -- seconds

-- Writes a temporary file and renames it, so that readers see the old or the new content -> true | nil, why.
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

--- Replaces a file, and creates its directory if needed. Only the owner may read it -> true | nil, why.
function system.write_file(path, text)
  local folder = path:match("^(.*)/[^/]*$") or "."
  local made, why = system.run(("exec 2>/dev/null; umask 077 && mkdir -p -- %s && mktemp -- %s"):format(
    quoted(folder), quoted(folder .. "/.dynamodb.XXXXXX")), FILE_TIMEOUT)
  if not made then return nil, ("%s: cannot create a file there (%s)"):format(folder, why) end
  local name = made:gsub("\n$", "")
  local done
  done, why = replace(path, name, text)
  if done then return true end
  os.remove(name)
  return nil, why
end

return system
