--- Reads and writes whole files, and runs commands for their output.

local files = {}

--- Returns the bytes of a file; raises when it cannot be read.
function files.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

--- Makes a file of these bytes; raises when it cannot be written.
function files.write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  file:close()
end

--- Runs a shell command to its end -> what it printed.
function files.output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

--- Runs a shell command to its end -> the lines that it printed, as a list.
function files.lines_of(command)
  local list = {}
  for line in files.output_of(command):gmatch("[^\n]+") do list[#list + 1] = line end
  return list
end

return files
