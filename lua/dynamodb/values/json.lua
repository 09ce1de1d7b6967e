--- Values and items as JSON text, plain or in DynamoDB's own form ({"S": "..."}): `dynamodb.json`.
-- Source: DynamoDB API reference, "AttributeValue"; RFC 8259.

local arguments = require("dynamodb.base.arguments")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local objects = require("dynamodb.base.objects")

local json = {}

-- Returns the text of a value by a shape of the codec. Raises for what has none.
local function encode(where, value, shape)
  local text, why = core.encode(value, shape)
  if not text then errors.raise("%s: %s", where, why) end
  return text
end

local function check_text(where, text)
  if type(text) ~= "string" then errors.raise("%s: text expected, got %s", where, objects.describe(text)) end
end

local function failure(where, why)
  return nil, errors.new({ kind = "response", message = where .. ": " .. why })
end

--- Encodes a value, an item, or tables that contain them as plain JSON: sets as arrays in ascending order,
--- numbers by their digits, binary as base64, names of objects sorted. An empty list is [], an empty table
--- without a mark {}. Raises for values that JSON or DynamoDB does not have.
---@param value any at most 64 levels deep
---@return string text
function json.encode(value)
  return encode("json.encode", value, "json")
end

--- Decodes plain JSON: arrays become marked lists, objects marked maps, null dynamodb.null, and numbers an
--- integer, a float or a dynamodb.number, whichever is exact.
---@param text string
---@return any value
---@return dynamodb.Error? err kind "response" for text that is no JSON or has numbers that DynamoDB lacks
function json.decode(text)
  check_text("json.decode", text)
  local value, why = core.decode(text, "json")
  if why then return failure("json.decode", why) end
  return value
end

-- Is the value a table of attributes or an item?
local function is_attributes(value)
  return type(value) == "table" and not core.is_list(value) or core.typename(value) == "dynamodb.item"
end

--- Encodes as DynamoDB JSON: an item or a table of attributes as {"name": {"S": "..."}}, any other value as
--- {"S": "..."}. Raises for what is not a DynamoDB value.
---@return string text
function json.typed_encode(value)
  return encode("json.typed_encode", value, is_attributes(value) and "item" or "value")
end

local TYPES = { S = 1, N = 1, B = 1, BOOL = 1, NULL = 1, M = 1, L = 1, SS = 1, NS = 1, BS = 1 }

--- Decodes DynamoDB JSON: a table of attributes, or one value.
-- No text is both: {"M": X} is an attribute "M" only if X is a value with its type, and then the members of X
-- cannot be values again.
---@param text string
---@return any value
---@return dynamodb.Error? err kind "response" for text that is no DynamoDB JSON
function json.typed_decode(text)
  check_text("json.typed_decode", text)
  local attributes, why = core.decode(text, "item")
  if attributes then return attributes end
  local value, why_no_value = core.decode(text, "value")
  if not why_no_value then return value end
  local name = text:match('^%s*{%s*"(%u+)"%s*:')
  return failure("json.typed_decode", TYPES[name] and why_no_value or why)
end

arguments.check_functions(json, "json", "json.", {
  decode = "text", encode = "value", typed_decode = "text", typed_encode = "value",
})

return json
