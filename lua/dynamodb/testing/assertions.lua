--- busted's assertions on items: assert.item and assert.stored. They exist where luassert is installed.

local core = require("dynamodb.core")
local difference = require("dynamodb.testing.difference")
local errors = require("dynamodb.error")
local inspect = require("dynamodb.values.inspect").inspect
local objects = require("dynamodb.base.objects")

local assertions = {}

-- Returns the attributes of an item, or of a table | nil for anything else.
local function attributes_of(value)
  if core.typename(value) == "dynamodb.item" then return value:totable() end
  return objects.is_plain(value) and value or nil
end

local function check_count(name, takes, arguments, least, most)
  if arguments.n < least or arguments.n > most then
    errors.raise("assert.%s takes (%s): %d argument%s given", name, takes, arguments.n,
      arguments.n == 1 and "" or "s")
  end
end

-- Returns whether the attributes are equal, and describes the difference to the assertion's state.
local function compare(state, title, expected, got)
  local lines = difference.lines(expected, got)
  if #lines == 0 then
    state.failure_message = title .. " is as it must not be:\n  " .. inspect(got)
    return true
  end
  state.failure_message = title .. " differs:\n" .. difference.text(lines)
  return false
end

-- assert.item(expected, item): an item or a table of attributes has exactly these attributes.
local function is_item(state, arguments)
  check_count("item", "expected, item", arguments, 2, 2)
  local expected, got = attributes_of(arguments[1]), attributes_of(arguments[2])
  if not expected then
    errors.raise("assert.item: table of attributes expected, got %s", objects.describe(arguments[1]))
  end
  if got then return compare(state, "the item", expected, got) end
  state.failure_message = ("an item expected, got %s"):format(arguments[2] == nil and "nothing"
    or objects.describe(arguments[2]))
  return false
end

-- Returns the options of get_item for a key: a hash key, a list of hash and range key, or names and values.
local function options_of(key)
  if not objects.is_plain(key) then return { hash_key = key, consistent_read = true } end
  if key[1] ~= nil then return { hash_key = key[1], range_key = key[2], consistent_read = true } end
  return { key = key, consistent_read = true }
end

-- assert.stored(tbl, key [, expected]): the table has an item of that key, with exactly these attributes.
local function is_stored(state, arguments)
  check_count("stored", "table, key, expected", arguments, 2, 3)
  local tbl, key, expected = arguments[1], arguments[2], arguments[3]
  if core.typename(tbl) ~= "dynamodb.table" then
    errors.raise("assert.stored: table expected, got %s", objects.describe(tbl))
  end
  local attributes = attributes_of(expected)
  if expected ~= nil and not attributes then
    errors.raise("assert.stored: table of attributes expected, got %s", objects.describe(expected))
  end
  local item, err = tbl:get_item(options_of(key))
  if err then error(err, 0) end
  if not item then
    state.failure_message = ("%s has no such item"):format(tostring(tbl))
    return false
  end
  if attributes then
    return compare(state, ("the item in %s"):format(tostring(tbl)), attributes, item:totable())
  end
  state.failure_message = ("%s has the item:\n  %s"):format(tostring(tbl), inspect(item:totable()))
  return true
end

--- Registers the assertions with luassert -> true | false where it is not installed.
function assertions.register()
  local found, assert = pcall(require, "luassert")
  local has_texts, say = pcall(require, "say")
  if not (found and has_texts) then return false end
  for name, check in pairs({ item = is_item, stored = is_stored }) do
    local key = "assertion.dynamodb." .. name
    say:set(key, ("(assert.%s)"):format(name))
    assert:register("assertion", name, check, key, key)
  end
  return true
end

return assertions
