--- Warnings about requests that are legal and nearly always mistakes: the operators of other clients in
--- conditions, and DynamoDB's typed values as attributes. They reach the log and the hook 'warning', once for
--- each line of the caller. Without log and hooks nothing is looked at.

local core = require("dynamodb.core")
local objects = require("dynamodb.base.objects")

local hints = {}

-- Operators of other clients, as the only member of a map: { gt = 5 }, { ["$gt"] = 5 }, { [">"] = 5 }.
local operators = {}
for name in ("eq ne lt le lte gt ge gte between begins_with contains not_contains in exists not_exists")
  :gmatch("%S+") do
  operators[name], operators["$" .. name] = name, name
end
for sign, name in pairs({ ["="] = "eq", ["<>"] = "ne", ["<"] = "lt", ["<="] = "le", [">"] = "gt",
  [">="] = "ge" }) do
  operators[sign] = name
end

-- Their names here, where these differ.
local ours = { gte = "ge", ["in"] = "is_in", lte = "le" }

-- boto's suffixes of attribute names: Views__gt.
local suffixes = {}
for name in ("eq ne lt lte gt gte between beginswith contains ncontains in null nnull"):gmatch("%S+") do
  suffixes[name] = true
end

local types = { B = true, BOOL = true, BS = true, L = true, M = true, N = true, NS = true, NULL = true,
  S = true, SS = true }

-- Returns the only name in a plain map | nil.
local function only_name(value)
  if not objects.is_plain(value) then return nil end
  local name = next(value)
  return type(name) == "string" and next(value, name) == nil and name or nil
end

-- Returns the hint for a value that a condition compares with | nil.
local function hint_of_value(value)
  local name = only_name(value)
  local operator = name and operators[name]
  if not operator then return nil end
  return ("a condition compares with the map { [%q] = ... }; a test is written as dynamodb.%s(...)")
    :format(name, ours[operator] or operator)
end

-- Returns the hint for a name in an expression | nil.
local function hint_of_name(name)
  local attribute, suffix = name:match("^(.+)__(%l+)$")
  if not suffixes[suffix] then return nil end
  return ("an expression names the attribute '%s'; a test of '%s' is written as %s = dynamodb.gt(...)")
    :format(name, attribute, attribute)
end

-- Returns the hint for an attribute that is stored | nil.
local function hint_of_attribute(name, value)
  local kind = only_name(value)
  if not types[kind] then return nil end
  return ("attribute '%s' is stored as the map { %s = ... }; attributes are plain Lua values")
    :format(tostring(name), kind)
end

local function first(values, hint_of)
  for name, value in pairs(objects.is_plain(values) and values or {}) do
    local found = hint_of(name, value)
    if found then return found end
  end
end

--- Emits a warning for a request that is probably a mistake, unless the same line was warned of before.
---@param state dynamodb.Context with 'emit'
---@param params table the request
function hints.check(state, params)
  local hint = first(params.ExpressionAttributeValues, function(_, value) return hint_of_value(value) end)
    or first(params.ExpressionAttributeNames, function(_, name) return hint_of_name(name) end)
    or first(params.Item, hint_of_attribute)
  if not hint then return end
  local where, warned = core.where(), state.running.warned
  if warned[where] then return end
  warned[where] = true
  state.emit("warning", { message = where .. hint })
end

return hints
