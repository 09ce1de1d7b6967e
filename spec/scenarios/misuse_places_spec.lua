-- Misuse of constructors, values and fields is raised at the caller's line, also where the caller returns the call
-- (a tail call, which leaves no line of its own in LuaJIT).

local dynamodb = require("dynamodb")

describe("misuse", function()
  local conn = dynamodb.connect({ endpoint_url = "http://127.0.0.1:1", region = "us-east-1" })
  local tbl = conn:table("t", { hash_key = "id" })
  local item, set, number = tbl:new_item("a"), dynamodb.set({ 1 }), dynamodb.number("1")

  for text, misuse in pairs({
    ["number: not a number: 'x'"] = function() return dynamodb.number("x") end,
    ["number: number or its text expected"] = function() return dynamodb.number() end,
    ["binary: bytes (a string) expected, got number"] = function() return dynamodb.binary(5) end,
    ["set: list of elements expected, got string"] = function() return dynamodb.set("x") end,
    ["set: type 'S', 'N' or 'B' expected"] = function() return dynamodb.set({ 1 }, "X") end,
    ["set of numbers: got string"] = function() return set:add("x") end,
    ["has: value expected"] = function() return set:has() end,
    ["list: table expected, got number"] = function() return dynamodb.list(5) end,
    ["map: table without a metatable expected"] = function() return dynamodb.map(setmetatable({}, {})) end,
    ["compare: number or dynamodb.number expected"] = function() return number:compare("x") end,
    ["+: number or dynamodb.number expected"] = function() return number + "x" end,
    ["attribute name expected (a string), got number"] = function() return item:get(5) end,
    ["attribute name is empty"] = function() return item:set("", 5) end,
    ["an item has no positions"] = function() return item[1] end,
    ["'put' is a method of items"] = function() item.put = 1 end,
    ["attribute 'x': DynamoDB value expected, got function"] = function() item.x = print end,
    ["a table's fields are read-only: 'name'"] = function() tbl.name = 1 end,
    ["a connection's fields are read-only: 'x'"] = function() conn.x = 1 end,
    ["get_item: key attribute 'id' is missing"] = function() return tbl:get_item() end,
    ["item_size: attributes expected"] = function() return dynamodb.item_size(5) end,
    ["totable: table of options expected"] = function() return item:totable(5) end,
  }) do
    it("is raised at the caller's line: " .. text, function()
      local function call()
        local result = misuse()
        return result
      end
      local ok, why = pcall(call)
      assert.is_false(ok)
      assert.matches("^spec/scenarios/misuse_places_spec.lua:%d+: ", why)
      assert.matches(text, why, 1, true)
    end)
  end
end)
