--- Shows values and objects: `dynamodb.inspect`, and tostring of values and items. Attribute values are
--- written as Lua source that makes them again.
--
-- A class shows its objects by the function __inspect(object, write) of its metatable, which returns text.
-- write(value) returns the text of something inside the object, write(fields, "fields") that of a table that
-- is the object's content, and write(attributes, "attributes") likewise, with nothing hidden.

local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local options = require("dynamodb.base.options")

local inspect = {}

local MAX_DEPTH = 64 -- levels that the decoder accepts
local MAX_LENGTH = 2 ^ 24 -- bytes; the text of the largest item is shorter
local LINE = 100 -- characters; longer tables take one line for each member
-- What tostring shows at most.
local SHORT_DEPTH, SHORT_LENGTH, SHORT_TEXT = 6, 1000, 100

local LIST, MAP = getmetatable(core.list()), getmetatable(core.map())

-- Members of option tables and of AWS's documents that are never shown. Attributes are.
local SECRETS = { aws_secret_access_key = true, aws_session_token = true, SecretAccessKey = true,
  SessionToken = true }

local KEYWORDS = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then
  true until while]]):gmatch("%a+") do KEYWORDS[word] = true end

-- {===== Scalars =====

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }

local function escape(byte)
  return ESCAPES[byte] or ("\\%03d"):format(byte:byte())
end

-- Returns a string as Lua source. Bytes that are not UTF-8 are escaped.
local function quote(writer, text, is_binary)
  local size, rest = #text, ""
  if size > writer.max_text then
    text = text:sub(1, writer.max_text)
    if not is_binary then text = text:gsub("[\192-\255][\128-\191]*$", "") end
    rest = (" ... %d bytes"):format(size)
  end
  local plain = not is_binary and core.encode(text) ~= nil
  local escaped = text:gsub('[%z\1-\31\127"\\]', escape)
  if not plain then escaped = escaped:gsub("[\128-\255]", escape) end
  return '"' .. escaped .. '"' .. rest
end

local LOWEST_INTEGER = "-9223372036854775808" -- as a literal it is a float

-- Returns the shortest text that reads back as the number, which is beyond DynamoDB's range.
local function shortest(value)
  for digits = 15, 17 do
    local text = ("%%.%dg"):format(digits):format(value)
    if digits == 17 or tonumber(text) == value then return (text:gsub(",", ".")) end
  end
end

local function write_number(_, value)
  if value ~= value then return "0/0" end
  if value == math.huge or value == -math.huge then return value > 0 and "1/0" or "-1/0" end
  local text = core.encode(value)
  if text == LOWEST_INTEGER then return 'dynamodb.number("' .. text .. '")' end
  return text or shortest(value)
end

local function compare_elements(a, b)
  if type(a) == "string" then return a < b end
  if core.typename(a) == "dynamodb.binary" then return a:bytes() < b:bytes() end
  return core.number(a):compare(b) < 0
end

-- ===================== }
-- {===== Tables =====

local write

-- Counts the text against the writer's limit and returns it.
local function spend(writer, text)
  writer.left = writer.left - #text
  return text
end

-- Returns texts in braces: in one line if they fit, else one line for each.
local function braces(writer, parts, level)
  if #parts == 0 then return "{}" end
  local line = "{ " .. table.concat(parts, ", ") .. " }"
  if writer.is_flat or (#line + 2 * level <= LINE and not line:find("\n", 1, true)) then return line end
  local indent = ("  "):rep(level + 1)
  return "{\n" .. indent .. table.concat(parts, ",\n" .. indent) .. ",\n" .. indent:sub(3) .. "}"
end

-- Adds a part made by write(...) unless the writer's limit is reached -> true | false. Indentation counts
-- against the limit, since it can be most of the text.
local function add(writer, parts, prefix, value, level)
  if writer.left <= 0 then
    parts[#parts + 1] = "..."
    return false
  end
  spend(writer, prefix)
  if not writer.is_flat then writer.left = writer.left - 2 * level end
  parts[#parts + 1] = prefix .. write(writer, value, level + 1)
  return true
end

local ORDER = { number = 1, string = 2, boolean = 3 }

local function before(a, b)
  local x, y = ORDER[type(a)] or 4, ORDER[type(b)] or 4
  if x ~= y then return x < y end
  if x <= 2 then return a < b end
  return x == 3 and tostring(a) < tostring(b) -- others may have a tostring that raises
end

local function name_of(writer, name)
  if type(name) ~= "string" then return "[" .. write(writer, name, writer.max_depth) .. "]" end
  if name:find("^[%a_][%w_]*$") and not KEYWORDS[name] then return name end
  return "[" .. quote(writer, name) .. "]"
end

-- Returns the names of a table that are no positions up to 'count', sorted.
local function names_of(value, count)
  local names = {}
  for name in next, value do
    local is_position = type(name) == "number" and name >= 1 and name <= count and name % 1 == 0
    if not is_position then names[#names + 1] = name end
  end
  table.sort(names, before)
  return names
end

local function write_members(writer, value, level, is_shown)
  local parts, count = {}, 0
  while rawget(value, count + 1) ~= nil do
    count = count + 1
    if not add(writer, parts, "", rawget(value, count), level) then return braces(writer, parts, level) end
  end
  for _, name in ipairs(names_of(value, count)) do
    local inner = rawget(value, name)
    if SECRETS[name] and not is_shown then inner = "(hidden)" end
    if not add(writer, parts, name_of(writer, name) .. " = ", inner, level) then break end
  end
  return braces(writer, parts, level)
end

-- Returns what the object's class says of it | nil for plain tables.
local function write_object(writer, value, level)
  local meta = getmetatable(value)
  if type(meta) ~= "table" or meta == LIST or meta == MAP then return nil end
  local show = rawget(meta, "__inspect")
  if show then
    return show(value, function(inner, content)
      if content then return write_members(writer, inner, level, content == "attributes") end
      return write(writer, inner, level + 1)
    end)
  end
  local class = rawget(meta, "__name")
  local is_ours = type(class) == "string" and class:find("^dynamodb%.")
  if rawget(meta, "__tostring") then
    local ok, text = pcall(tostring, value)
    if ok then return is_ours and text or "<" .. text .. ">" end
  end
  return is_ours and "<" .. class .. ">" or nil
end

local function write_table(writer, value, level)
  if writer.open[value] then return "<cycle>" end
  if level >= writer.max_depth then return "{ ... }" end
  spend(writer, "{}") -- tables without members count as well, since they may be many
  writer.open[value] = true
  local text = write_object(writer, value, level)
  if not text and next(value) == nil then
    text = core.is_list(value) and "dynamodb.list({})" or getmetatable(value) == MAP and "dynamodb.map({})"
  end
  text = text or write_members(writer, value, level)
  writer.open[value] = nil
  return text
end

-- ===================== }
-- {===== Userdata =====

local function write_set(writer, value, level)
  local list, parts = value:values(), {}
  if #list == 0 then return ('dynamodb.set({}, "%s")'):format(value:type()) end
  table.sort(list, compare_elements)
  for _, element in ipairs(list) do
    if not add(writer, parts, "", element, level) then break end
  end
  return "dynamodb.set(" .. braces(writer, parts, level) .. ")"
end

local values = {
  ["dynamodb.set"] = write_set,
  ["dynamodb.number"] = function(writer, value)
    return spend(writer, 'dynamodb.number("' .. tostring(value) .. '")')
  end,
  ["dynamodb.binary"] = function(writer, value)
    return spend(writer, "dynamodb.binary(" .. quote(writer, value:bytes(), true) .. ")")
  end,
}

local function write_userdata(writer, value, level)
  local class = core.typename(value)
  local show = values[class]
  if show then return show(writer, value, level) end
  if value == core.null then return spend(writer, "dynamodb.null") end
  if core.attribute_type(value) == "L" then return "dynamodb.list({})" end -- such as cjson.empty_array
  if writer.open[value] then return "<cycle>" end
  writer.open[value] = true
  local text = level < writer.max_depth and write_object(writer, value, level) or "<" .. class .. ">"
  writer.open[value] = nil
  return text
end

-- ===================== }

local function scalar(show)
  return function(writer, value) return spend(writer, show(writer, value)) end
end

local function plainly(_, value) return tostring(value) end

local writers = {
  ["nil"] = scalar(plainly),
  boolean = scalar(plainly),
  number = scalar(write_number),
  string = scalar(quote),
  table = write_table,
  userdata = write_userdata,
}

-- Returns the text of a value that is 'level' levels inside.
function write(writer, value, level)
  local show = writers[type(value)]
  if not show then return spend(writer, "<" .. type(value) .. ">") end
  return show(writer, value, level)
end

local known = { max_depth = options.count(1), max_length = options.count(1) }

--- Returns a value as text. Attribute values are written as Lua source that makes an equal value, unless a
--- limit was reached; items, tables, conditions, updates, errors and results as what they hold. Shows no
--- credentials.
---@param value any
---@param given? table max_depth (levels shown, 64), max_length (bytes after which no member is begun, 16 MiB)
---@return string text several lines for large tables
function inspect.inspect(value, given)
  given = options.read(known, given, "inspect")
  local length = given.max_length or MAX_LENGTH
  local depth = given.max_depth or MAX_DEPTH
  return write({ left = length, max_depth = depth, max_text = length, open = {} }, value, 0)
end

--- Returns a value as one short line, for tostring.
---@return string text about 1000 bytes at most
function inspect.short(value)
  return write({ left = SHORT_LENGTH, max_depth = SHORT_DEPTH, max_text = SHORT_TEXT, is_flat = true,
    open = {} }, value, 0)
end

--- Makes an __inspect function that shows fields of an object.
---@param title string
---@param names string[]
function inspect.fields(title, names)
  return function(self, show)
    local fields = {}
    for _, name in ipairs(names) do fields[name] = self[name] end
    return title .. " " .. show(fields, "fields")
  end
end

-- tostring(set), tostring(binary).
for class, name in pairs({ [core.set_class] = "dynamodb.set", [core.binary_class] = "dynamodb.binary" }) do
  function class.__tostring(self)
    if core.typename(self) ~= name then errors.raise("%s expected, got %s", name, core.typename(self)) end
    return inspect.short(self)
  end
end

return inspect
