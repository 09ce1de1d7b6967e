-- Target expression: the input is the text of a condition, of an update, of a projection, a document path, and an update
-- expression whose effect is to be found in an item. Texts that are wrong raise, for their caller wrote them.

local builder = require("dynamodb.expression.builder")
local condition = require("dynamodb.expression.condition")
local core = require("dynamodb.core")
local update = require("dynamodb.expression.update")
local update_parser = require("dynamodb.request.update_parser")

-- Values for the placeholders of a text, one after the other, without an end.
local VALUES = { "a", 5, true, core.set({ 1, 2 }), core.binary("b"), core.list({ 1 }), "a.b[1]" }
local given = setmetatable({}, { __index = function(_, i) return VALUES[(i - 1) % #VALUES + 1] end })

-- An expression for the service has keywords, functions and placeholders only, each of which is defined.
local function check(text, expression)
  assert(not text:find("[^%w_%s#:(),.<>=+%-%[%]]"), "a character that no expression has")
  local request = expression:into({})
  local names, values = request.ExpressionAttributeNames or {}, request.ExpressionAttributeValues or {}
  for mark, number in text:gmatch("([#:])([%w_]*)") do
    local defined = mark == "#" and names or values
    assert(defined[mark .. number] ~= nil, "a placeholder without a definition")
  end
  for word in text:gmatch("%f[%w_#:]%a[%w_]*") do
    assert(word:find("^[%u]+$") or word:find("^[%l_]+$"), "a word that is neither keyword nor function")
  end
end

local function list_of(text)
  local list = { text }
  for i = 1, select(2, text:gsub("'[^']*'", ""):gsub("[?#]", "")) do list[i + 1] = VALUES[(i - 1) % #VALUES + 1] end
  return list
end

local uses = {
  function(text)
    local expression = builder.new("text")
    check(expression:text(text, given), expression)
  end,
  function(text)
    local expression = builder.new("condition")
    check(condition.write(expression, list_of(text), "filter"), expression)
  end,
  function(text)
    local expression = builder.new("update")
    local written = update.write(expression, list_of(text))
    if not written then return end
    check(written, expression)
    local request = expression:into({})
    local steps = update_parser.steps(written, request.ExpressionAttributeNames or {},
      request.ExpressionAttributeValues or {})
    if steps then update_parser.is_applied(steps, { a = 1, b = { c = core.set({ 1 }) } }) end
  end,
  function(text)
    local expression = builder.new("projection")
    check(expression:projection(text, { "id" }), expression)
  end,
  function(text)
    local steps = builder.parse_path(text)
    if not steps then return end
    local expression = builder.new("path")
    check(expression:path(steps), expression)
    assert(expression:path(text) == expression:path(steps), "a path as text and as steps differ")
  end,
  function(text)
    local steps = update_parser.steps(text, { ["#1"] = "a", ["#n"] = "b" }, { [":1"] = 1, [":s"] = VALUES[4] })
    if steps then update_parser.is_applied(steps, { a = 1, b = VALUES[4] }) end
  end,
}

-- Returns false when the library raised for its caller. Others errors go to spec/fuzz/host.lua.
local function run(text)
  local first
  for _, use in ipairs(uses) do
    local ok, why = pcall(use, text)
    local permitted = ok or tostring(why):find("^spec/fuzz/lua/expression%.lua:%d+: [%l.]+: ")
    if not permitted then error(why, 0) end
    first = first or why
  end
  if first then error(first, 0) end
end

return { run = run, raises = true, max_length = 4096 } -- longer expressions are refused
