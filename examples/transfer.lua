-- What examples/export.lua and examples/import.lua share: arguments, the state file, the progress bar,
-- formats.

local dynamodb = require("dynamodb")

local transfer = {}

-- {===== Arguments =====

-- Ends the program with a message.
local function stop(...)
  io.stderr:write(...)
  io.stderr:write("\n")
  os.exit(1)
end

-- Reads "TABLE FILE --name value ..." -> table, file, options. 'known' maps names to functions that read a
-- value (nil for one that is wrong), or to true for an option without a value. Ends the program with the
-- usage when it is asked for or an argument is wrong.
function transfer.arguments(known, usage)
  local words, options, i = {}, {}, 1
  local function fail(why) stop(why, "\n", usage) end
  if arg[1] == "--help" then
    print(usage)
    os.exit(0)
  end
  while arg[i] do
    local name = arg[i]:match("^%-%-(%l+)$")
    if not name then
      words[#words + 1] = arg[i]
    elseif known[name] == true then
      options[name] = true
    else
      if not known[name] then fail("unknown option --" .. name) end
      i = i + 1
      options[name] = arg[i] and known[name](arg[i])
      if options[name] == nil then fail(("option --%s: not '%s'"):format(name, tostring(arg[i]))) end
    end
    i = i + 1
  end
  if #words ~= 2 then fail("TABLE and FILE expected") end
  return words[1], words[2], options
end

function transfer.positive(text)
  local number = tonumber(text)
  return number and number > 0 and number or nil
end

function transfer.whole(text)
  local number = transfer.positive(text)
  return number and number % 1 == 0 and number or nil
end

local kinds = { S = true, N = true, B = true, BOOL = true, J = true }

-- Splits the text of one CSV record -> list of fields; false stands for a field that is empty and not quoted.
local function split(text)
  local fields, position = {}, 1
  repeat
    local field, after
    if text:sub(position, position) == '"' then
      local start = position + 1
      repeat
        local quote = assert(text:find('"', start, true), "a quote is not closed")
        start = quote + 2
        after = quote + 1
      until text:sub(quote + 1, quote + 1) ~= '"'
      field = text:sub(position + 1, after - 2):gsub('""', '"')
      assert(after > #text or text:sub(after, after) == ",", "text after a quote")
    else
      after = text:find(",", position, true) or #text + 1
      field = after > position and text:sub(position, after - 1)
    end
    fields[#fields + 1] = field
    position = after + 1
  until text:sub(after, after) ~= ","
  return fields
end

-- Reads "id,at:N,text" -> list of { name, type } | nil. A type is S (text, the default), N (number), B
-- (base64), BOOL, or J (any value, as DynamoDB JSON).
function transfer.columns(text)
  local is_split, list = pcall(split, text)
  for i, name in ipairs(is_split and list or {}) do
    local plain, kind = (name or ""):match("^(.*):(%u+)$")
    list[i] = { plain or name, kind or "S" }
    if not name or list[i][1] == "" or not kinds[list[i][2]] then return nil end
  end
  return is_split and list or nil
end

-- ===================== }
-- {===== The state file =====

local resumable = false -- whether there is a state from which the same command goes on

-- Reads the state that an earlier run has saved -> state | nil.
function transfer.load_state(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local state = dynamodb.json.decode(file:read("*a"))
  file:close()
  if type(state) == "table" then return state end
  error(path .. " is no state of an earlier run; remove it to begin anew", 0)
end

-- Saves the state. It replaces the earlier one at once, so that a run that is killed leaves one of the two.
function transfer.save_state(path, state)
  local file = assert(io.open(path .. ".new", "wb"))
  assert(file:write(dynamodb.json.encode(state)))
  assert(file:close())
  assert(os.rename(path .. ".new", path))
  resumable = true
end

-- Raises unless an earlier run had the same values under these names, and has saved counts under the others:
-- 'most' has the highest ones.
function transfer.check_state(path, state, values, most)
  for name, value in pairs(values) do
    if state[name] ~= value then
      error(("%s is of a run with %s = %s, not %s; remove it to begin anew"):format(path, name,
        tostring(state[name]), tostring(value)), 0)
    end
  end
  for name, highest in pairs(most) do
    local count = state[name]
    if type(count) ~= "number" or count < 0 or count > highest or count % 1 ~= 0 then
      error(("%s: %s is %s; remove the file to begin anew"):format(path, name, tostring(count)), 0)
    end
  end
  resumable = true
end

-- ===================== }
-- {===== The progress bar =====

local BAR = 30

-- Returns whether standard error is a terminal.
local function is_terminal()
  local status = os.execute("test -t 2")
  return status == true or status == 0
end

-- Returns a function(done, total, text) that shows a bar on a terminal; 'force' shows it elsewhere as well.
-- It returns another one that ends the line.
function transfer.bar(force)
  if not force and not is_terminal() then return function() end, function() end end
  local shown = 0
  local function show(done, total, text)
    local line = text
    if total and total > 0 then
      local part = math.min(done / total, 1)
      local full = math.floor(part * BAR)
      local bar = ("#"):rep(full) .. ("."):rep(BAR - full)
      line = ("[%s] %3d %%  %s"):format(bar, math.floor(part * 100), text)
    end
    io.stderr:write("\r", line, (" "):rep(shown - #line))
    io.stderr:flush()
    shown = #line
  end
  return show, function() if shown > 0 then io.stderr:write("\n") end end
end

-- ===================== }
-- {===== Formats =====

-- Returns a value as the text of one CSV field.
local function to_field(value, kind)
  if value == nil then return "" end
  local text
  if kind == "J" then
    text = dynamodb.json.typed_encode(value)
  elseif kind == "B" then
    text = dynamodb.json.encode(value):match('^"(.*)"$') -- base64
  else
    text = kind == "N" and dynamodb.json.encode(value) or tostring(value)
  end
  if text:find('[",\r\n]') or text == "" then text = '"' .. text:gsub('"', '""') .. '"' end
  return text
end

-- Raises for a value that is not of its column's type: it would not be the same after an import.
local types = { S = "string", BOOL = "boolean" }

local function check_type(name, kind, value)
  local fits = value == nil or kind == "J" or not types[kind] or type(value) == types[kind]
  if kind == "N" then fits = value == nil or tonumber(tostring(value)) ~= nil and type(value) ~= "string" end
  if fits then return end
  error(("column %s: %s is not of type %s; use %s:J"):format(name, tostring(value), kind, name), 0)
end

-- Returns the value of a field. Raises for one that is not of its column's type.
local function from_field(text, name, kind)
  if kind == "S" then return text end
  if kind == "N" then return dynamodb.number(text) end
  if kind == "BOOL" then
    if text == "true" or text == "false" then return text == "true" end
    error(("column %s: true or false expected, got '%s'"):format(name, text), 0)
  end
  local value, err = dynamodb.json.typed_decode(kind == "B" and '{"B":"' .. text .. '"}' or text)
  if err then error(("column %s: %s"):format(name, err.message), 0) end
  return value
end

-- The formats: of_item(item, columns) -> line, and to_item(line, columns) -> attributes. header(columns) is
-- the first line, if there is one. is_open(text) tells whether a record goes on in the next line.
transfer.formats = {
  json = {
    of_item = function(item) return dynamodb.json.typed_encode(item) end,
    to_item = function(line)
      local attributes, err = dynamodb.json.typed_decode(line)
      if attributes then return attributes end
      local value = dynamodb.json.decode(line)
      local inner = type(value) == "table" and value.Item -- of an export to S3
      if not inner then error(err, 0) end
      return assert(dynamodb.json.typed_decode(dynamodb.json.encode(inner)))
    end,
  },
  csv = {
    header = function(columns)
      local list = {}
      for i, column in ipairs(columns) do
        local is_plain = column[2] == "S" and not column[1]:find(":%u+$")
        list[i] = to_field(is_plain and column[1] or table.concat(column, ":"), "S")
      end
      return table.concat(list, ",")
    end,
    of_item = function(item, columns)
      local list = {}
      for i, column in ipairs(columns) do
        local value = item[column[1]]
        check_type(column[1], column[2], value)
        list[i] = to_field(value, column[2])
      end
      return table.concat(list, ",")
    end,
    to_item = function(line, columns)
      local attributes, fields = {}, split(line)
      if #fields > #columns then error(("%d fields, but %d columns"):format(#fields, #columns), 0) end
      for i, column in ipairs(columns) do
        if fields[i] then attributes[column[1]] = from_field(fields[i], column[1], column[2]) end
      end
      return attributes
    end,
    is_open = function(text) return select(2, text:gsub('"', "")) % 2 == 1 end,
  },
}

-- Returns the format of a file: by option --format, or by the end of its name.
function transfer.format_of(path, options)
  local name = options.format or path:match("%.csv$") and "csv" or "json"
  return transfer.formats[name] or stop("option --format: json or csv expected, got ", name)
end

-- ===================== }

-- Runs a program, and prints what it raises, and whether the same command goes on. 'end_line' ends the bar.
-- Ctrl-C raises "interrupted!" in the standard interpreters of Lua and LuaJIT.
function transfer.main(end_line, run, ...)
  local ok, why = pcall(run, ...)
  if ok then return end
  end_line()
  stop(tostring(why), resumable and "\nthe same command goes on" or "")
end

return transfer
