-- Parsing of update expressions, to decide whether repeating one changes the item again.
local dynamodb = require("dynamodb")
local update_parser = require("dynamodb.request.update_parser")

local NAMES = { ["#a"] = "a", ["#b"] = "b", ["#set"] = "SET", ["#dot"] = "x.y" }
local VALUES = { [":v"] = 1, [":w"] = "w", [":f"] = false, [":s"] = dynamodb.set({ "x", "y" }) }

local function steps(text)
  return update_parser.steps(text, NAMES, VALUES)
end

describe("update_parser", function()
  -- { update that may be repeated, item after the update, items without the update }
  local repeatable = {
    { "SET #a = :v", { a = 1, z = 2 }, { a = 2 }, {} },
    { "set a=:v", { a = 1 }, { a = "1" } },
    { "SET #a = :v, #b = :w", { a = 1, b = "w" }, { a = 1 }, { b = "w" } },
    { "SET #a.#b = :v", { a = { b = 1 } }, { a = { b = 2 } }, { a = 1 }, {} },
    { "SET #dot = :v", { ["x.y"] = 1 }, { x = { y = 1 } } },
    { "SET #set = :f", { SET = false }, { SET = true }, {} },
    { "SET #a = if_not_exists(#a, :v)", { a = 7 }, {} },
    { "SET #a = if_not_exists ( #a , :v )", { a = 1 }, {} },
    { "REMOVE #a", {}, { a = 1 } },
    { "REMOVE #a, b.c", { b = {} }, { b = { c = 1 } } },
    { "ADD #a :s", { a = dynamodb.set({ "x", "y", "z" }) }, { a = dynamodb.set({ "x" }) }, {}, { a = "x" } },
    { "DELETE #a :s", { a = dynamodb.set({ "z" }) }, { a = dynamodb.set({ "x" }) }, { a = "x" } },
    { "DELETE #a :s", {}, { a = dynamodb.set({ "y", "z" }) } },
    { "SET #a = :v REMOVE #b ADD c :s DELETE d :s", { a = 1, c = dynamodb.set({ "x", "y" }) },
      { a = 1, b = 1, c = dynamodb.set({ "x", "y" }) }, { a = 1 } },
    { "SET #a=if_not_exists(#a,:v)REMOVE #b", { a = 3 }, { a = 3, b = 1 } },
  }
  for _, case in ipairs(repeatable) do
    it(("may be repeated: %s"):format(case[1]), function()
      local found = assert(steps(case[1]))
      assert.is_true(update_parser.is_applied(found, case[2]))
      for i = 3, #case do assert.is_false(update_parser.is_applied(found, case[i]), "item " .. i) end
    end)
  end

  local not_repeatable = {
    "ADD #a :v", -- a number
    "SET #a = #a + :v", "SET #a = #a - :v", "SET #a = if_not_exists(#a, :v) + :v", "SET #a = :v + #a",
    "SET #a = list_append(#a, :w)", "SET #a = list_append(if_not_exists(#a, :w), :w)",
    "SET #a[0] = :v", "SET #a[3].b = :v", "REMOVE #a[0]", "REMOVE #a.b[2]", -- list indexes may shift
    "SET #a = #b", "SET #a = #b, #b = :v", "SET #a = if_not_exists(#b, :v)", -- the values may be written by other clients
    "SET #a = :missing", "SET #missing = :v", "ADD #a :missing", "REMOVE #missing", "SET a = if_not_exists(a, :missing)",
    "SET #b = :v, #a = #a + :v", "SET #b = :v ADD #a :v", -- one such action is enough
    "", "nothing", "SET", "SET #a", "SET #a = ", "SET .a = :v", "SET a. = :v", "DELETE #a :v", "ADD #a",
  }
  for _, text in ipairs(not_repeatable) do
    it(("may not be repeated: '%s'"):format(text), function()
      assert.is_nil(steps(text))
    end)
  end

  it("accepts names that look like clauses", function()
    local found = assert(update_parser.steps("SET #SET = :REMOVE, a.REMOVE = :ADD", { ["#SET"] = "SET" },
      { [":REMOVE"] = 1, [":ADD"] = 2 }))
    assert.same({ { "is", { "SET" }, 1 }, { "is", { "a", "REMOVE" }, 2 } }, found)
  end)
end)
