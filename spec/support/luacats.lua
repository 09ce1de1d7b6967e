--- Reads the annotations of types/ (LuaCATS, the form of lua-language-server) as data. types_spec compares them with the code.
--
-- A type is { kind =, ... }:
--   name       name, arguments (of table<K, V>)
--   literal    value
--   list       of (the type of its elements)
--   optional   of
--   union      members
--   function   parameters { name, type }, returns
--   record     fields { name, type }; a name may be a type in brackets

local files = dofile("spec/support/files.lua")

local luacats = {}

-- {===== Types =====

local parse_union

local function fail(state, expected)
  error(("%s: %s expected at '%s'"):format(state.where, expected, state.text:sub(state.at, state.at + 30)), 0)
end

-- Returns the match of a pattern at the position, and passes it | nil.
local function take(state, pattern)
  local first, last, found = state.text:find("^(" .. pattern .. ")", state.at)
  if not first then return nil end
  state.at = last + 1
  return found
end

local function skip_blanks(state) take(state, "[ ]*") end

local function expect(state, pattern, what)
  return take(state, pattern) or fail(state, what)
end

-- Parses "name?: type, ..." up to a closing sign.
local function parse_parameters(state, closing)
  local list = {}
  skip_blanks(state)
  while not take(state, closing) do
    local name = take(state, "[%a_][%w_]*") or take(state, "%.%.%.")
    local key = not name and take(state, "%[") and parse_union(state)
    if key then expect(state, "%]", "]") end
    if not name and not key then fail(state, "name") end
    local is_optional, kind = take(state, "%?") ~= nil, nil
    if take(state, ": *") then kind = parse_union(state) end
    list[#list + 1] = { name = name or key, type = kind, is_optional = is_optional }
    skip_blanks(state)
    if not take(state, ", *") and not state.text:find("^" .. closing, state.at) then fail(state, "comma") end
  end
  return list
end

local function parse_primary(state)
  if take(state, "%(") then
    local inner = parse_union(state)
    expect(state, " *%)", ")")
    return inner
  end
  local text = take(state, '"[^"]*"') or take(state, "'[^']*'")
  if text then return { kind = "literal", value = text:sub(2, -2):gsub('^"(.*)"$', "%1") } end
  local number = take(state, "%-?%d+")
  if number then return { kind = "literal", value = tonumber(number) } end
  if take(state, "{ *") then return { kind = "record", fields = parse_parameters(state, "}") } end
  if take(state, "fun%(") then
    local parameters, returns = parse_parameters(state, "%)"), {}
    if take(state, ": *") then
      repeat returns[#returns + 1] = parse_union(state) until not take(state, ", *")
    end
    return { kind = "function", parameters = parameters, returns = returns }
  end
  local name = take(state, "[%a_][%w_.]*%*?") or take(state, "%.%.%.") or fail(state, "type")
  if name == "true" or name == "false" then return { kind = "literal", value = name == "true" } end
  local arguments
  if take(state, "<") then
    arguments = {}
    repeat
      skip_blanks(state)
      arguments[#arguments + 1] = parse_union(state)
    until not take(state, ",")
    expect(state, ">", ">")
  end
  return { kind = "name", name = name, arguments = arguments }
end

local function parse_suffixes(state)
  local kind = parse_primary(state)
  while true do
    if take(state, "%[%]") then kind = { kind = "list", of = kind }
    elseif take(state, "%?") then kind = { kind = "optional", of = kind }
    else return kind end
  end
end

function parse_union(state)
  local members = { parse_suffixes(state) }
  while take(state, "|") do members[#members + 1] = parse_suffixes(state) end
  return #members == 1 and members[1] or { kind = "union", members = members }
end

-- Returns the type at the beginning of a text, and what follows it.
local function read_type(text, where)
  local state = { text = text, at = 1, where = where }
  local kind = parse_union(state)
  local rest = text:sub(state.at)
  if rest ~= "" and not rest:find("^ ") then fail(state, "end of the type") end
  return kind, rest:sub(2)
end

-- ===================== }
-- {===== Files =====

local readers = {}

function readers.class(file, text, where)
  local is_exact = text:find("^%(exact%) ") ~= nil
  local name, parents = text:gsub("^%(exact%) ", ""):match("^([%a_][%w_.]*):? ?(.*)$")
  assert(name, where .. ": name of a class expected")
  local class = file.all.classes[name] or { name = name, file = file.path, fields = {}, methods = {}, parents = {} }
  class.is_exact = class.is_exact or is_exact
  for parent in parents:gmatch("[^, ]+") do class.parents[#class.parents + 1] = parent end
  file.all.classes[name], file.class = class, class
end

function readers.field(file, text, where)
  local name, mark, rest = text:match("^([%a_][%w_]*)(%??) (.*)$")
  if not name then name, mark, rest = text:match("^(%b[])(%??) (.*)$") end
  assert(name, where .. ": name of a field expected")
  assert(file.class, where .. ": the field belongs to no class")
  assert(not file.class.fields[name], where .. ": the class has two fields " .. name)
  file.class.fields[name] = { name = name, is_optional = mark == "?", type = read_type(rest, where), where = where }
end

function readers.operator(_, text, where)
  assert(text:find("^%l+"), where .. ": operator expected")
end

function readers.alias(file, text, where)
  local name, rest = text:match("^([%a_][%w_.]*) ?(.*)$")
  local kind = rest ~= "" and read_type(rest, where) or { kind = "union", members = {} } -- its members follow, one a line
  local alias = { name = name, file = file.path, type = kind }
  assert(not file.all.aliases[name], where .. ": alias " .. name .. " is there twice")
  file.all.aliases[name], file.alias = alias, alias
end

function readers.param(file, text, where)
  local name, mark, rest = text:match("^([%a_.][%w_.]*)(%??) (.*)$")
  assert(name, where .. ": name of a parameter expected")
  table.insert(file.pending.parameters, { name = name, is_optional = mark == "?", type = read_type(rest, where) })
end

readers["return"] = function(file, text, where)
  table.insert(file.pending.returns, { type = read_type(text, where) })
end

function readers.overload(file, text, where)
  table.insert(file.pending.overloads, (read_type(text, where)))
end

local function clear(file)
  file.pending = { parameters = {}, returns = {}, overloads = {}, text = nil }
end

-- Adds the function "Table:get_item(a, b)" to its class.
local function add_function(file, name, list, where)
  local variable, separator, method = name:match("^([%w_]+)([.:])([%w_]+)$")
  local class = assert(file.variables[variable], where .. ": the variable of no class")
  assert(not class.methods[method], where .. ": the class has two functions " .. method)
  local names = {}
  for parameter in list:gmatch("[%w_.]+") do names[#names + 1] = parameter end
  class.methods[method] = { names = names, parameters = file.pending.parameters, returns = file.pending.returns,
    overloads = file.pending.overloads, text = file.pending.text, is_method = separator == ":", where = where, file = file.path }
end

local function read_line(file, line, where)
  local tag, rest = line:match("^%-%-%-@(%l+) ?(.*)$")
  if tag == "meta" then file.meta = rest
  elseif tag then assert(readers[tag], where .. ": unknown annotation @" .. tag)(file, rest, where)
  elseif line:find("^%-%-%-|") then
    table.insert(file.alias.type.members, (read_type(line:match("^%-%-%-| (.*)$"), where)))
  elseif line:find("^%-%-%-") then file.pending.text = file.pending.text or line:sub(4)
  elseif line:find("^local ") then
    file.variables[assert(line:match("^local ([%w_]+) = {}$"), where .. ": local NAME = {} expected")] = file.class
    clear(file)
  elseif line:find("^function ") then
    local name, list = line:match("^function ([%w_.:]+)%((.*)%) end$")
    add_function(file, assert(name, where .. ": function NAME(...) end expected"), list, where)
    clear(file)
  elseif line == "" then
    file.class, file.alias = nil, nil
    clear(file)
  else
    assert(line:find("^%-%- ") or line:find("^return "), where .. ": neither annotation nor function: " .. line)
  end
end

--- Reads all files of a folder.
---@return table all { classes, aliases, metas }: classes by name, each with file, parents, fields and methods
function luacats.read(folder)
  local all = { classes = {}, aliases = {}, metas = {} }
  for path in files.output_of("ls " .. folder .. "/*.lua"):gmatch("[^\n]+") do
    local file, number = { path = path, all = all, variables = {} }, 0
    clear(file)
    for line in (files.read(path)):gmatch("([^\n]*)\n") do
      number = number + 1
      read_line(file, line, ("%s:%d"):format(path, number))
    end
    all.metas[path] = file.meta
  end
  return all
end

-- ===================== }
-- {===== Questions =====

--- Calls f for this type and each type in it.
function luacats.walk(kind, f)
  f(kind)
  for _, inner in ipairs(kind.members or kind.arguments or kind.returns or {}) do luacats.walk(inner, f) end
  if kind.of then luacats.walk(kind.of, f) end
  for _, each in ipairs(kind.parameters or kind.fields or {}) do
    if type(each.name) == "table" then luacats.walk(each.name, f) end
    if each.type then luacats.walk(each.type, f) end
  end
end

--- Returns all fields of a class, those of its parents included: name -> field.
function luacats.fields(all, name)
  local found, class = {}, assert(all.classes[name], name)
  for _, parent in ipairs(class.parents) do
    for field, each in pairs(luacats.fields(all, parent)) do found[field] = each end
  end
  for field, each in pairs(class.fields) do found[field] = each end
  return found
end

--- Returns the alternatives of a type, with aliases replaced: a list of types that are no unions.
function luacats.alternatives(all, kind, list)
  list = list or {}
  if kind.kind == "union" then
    for _, member in ipairs(kind.members) do luacats.alternatives(all, member, list) end
  elseif kind.kind == "optional" then luacats.alternatives(all, kind.of, list)
  elseif kind.kind == "name" and all.aliases[kind.name] then luacats.alternatives(all, all.aliases[kind.name].type, list)
  else list[#list + 1] = kind end
  return list
end

-- ===================== }

return luacats
