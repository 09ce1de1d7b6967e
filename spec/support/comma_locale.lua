-- Creates a locale whose decimal point is a comma, since a fresh machine has none installed.
local files = dofile("spec/support/files.lua")
local probe = require("probe").decimal
local locale = {}

-- localedef needs a character map with all characters that the source uses.
local charmap = [[
<code_set_name> ASCII
<comment_char> %
<escape_char> /
CHARMAP
<U002C> /x2c COMMA
<U002E> /x2e FULL STOP
END CHARMAP
]]

local source = [[
comment_char %
escape_char /
LC_NUMERIC
decimal_point ","
thousands_sep "."
grouping 3;3
END LC_NUMERIC
]]

local function make()
  local pipe = io.popen("mktemp -d")
  local directory = pipe:read("*l")
  pipe:close()
  files.write(directory .. "/charmap", charmap)
  files.write(directory .. "/source", source)
  -- localedef warns about the missing categories and writes LC_NUMERIC.
  os.execute(("cd '%s' && PATH=$PATH:/usr/sbin localedef --no-archive -c -i ./source -f ./charmap ./comma >log 2>&1")
    :format(directory))
  return directory
end

--- Calls f() under a locale with a decimal comma. Raises an error if that locale cannot be created.
function locale.with_comma(f)
  local directory = make()
  local set = probe.setlocale(directory, "comma")
  local shown = probe.printf(0.5)
  local ok, err = pcall(f)
  os.setlocale("C", "numeric")
  os.execute("rm -r '" .. directory .. "'")
  if not set or shown ~= "0,5" then
    error("no comma locale could be made (is localedef, of Debian's libc-bin, there?)", 0)
  end
  if not ok then error(err, 0) end
end

return locale
