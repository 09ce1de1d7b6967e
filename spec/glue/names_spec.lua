-- Names of members are recognised where they repeat in the same order. The order, the number and the spelling of names do
-- not change what is decoded, by the decoder and by the check of items.
local core = require("dynamodb.core")
local helper = dofile("spec/support/helper.lua")

local conn = helper.offline(helper.fake(helper.response(200, "{}")))
local owner = conn:table("t", { hash_key = "id" })
local PAGE = { Items = { "list", "row" } }

-- Makes the text of an item of number attributes: names and values alternate.
local function item_text(members)
  local list = {}
  for i = 1, #members, 2 do list[#list + 1] = ('"%s":{"N":"%d"}'):format(members[i], members[i + 1]) end
  return "{" .. table.concat(list, ",") .. "}"
end

-- Decodes a page of such items, long enough for names to be kept, with and without an owner.
local function pages(items)
  local texts = {}
  for i, members in ipairs(items) do texts[i] = item_text(members) end
  local text = ('{"Items":[%s]}%s'):format(table.concat(texts, ","), (" "):rep(4096))
  local objects, why = core.decode(text, PAGE, owner)
  local tables, same_why = core.decode(text, PAGE)
  assert.equal(why, same_why)
  return objects and objects.Items, tables and tables.Items or why
end

local function check(items)
  local objects, tables = pages(items)
  for i, members in ipairs(items) do
    local count = 0
    for at = 1, #members, 2 do
      assert.equal(members[at + 1], objects[i]:get(members[at]))
      assert.equal(members[at + 1], tables[i][members[at]])
      count = count + 1
    end
    assert.equal(count, #objects[i])
    assert.is_true(core.equal(tables[i], select(2, core.item_parts(objects[i]))))
  end
end

describe("names of a page", function()
  it("are found in any order, and with some missing", function()
    check({ { "a", 1, "bb", 2, "ccc", 3, "dddd", 4, "eeeee", 5 }, { "a", 6, "bb", 7, "ccc", 8, "dddd", 9, "eeeee", 10 },
      { "eeeee", 11, "a", 12 }, { "a", 13, "ccc", 14, "eeeee", 15 }, { "dddd", 16, "ccc", 17, "bb", 18, "a", 19 }, {},
      { "bb", 20, "a", 21, "dddd", 22 } })
  end)

  it("may begin or end alike, at every length", function()
    for length = 1, 40 do
      local first, last = "a" .. ("x"):rep(length - 1), ("x"):rep(length) .. "a"
      check({ { first, 1, last, 2 }, { first, 3, last, 4 }, { first .. "x", 5, "y" .. last, 6 }, { first, 7, last .. "x", 8 } })
    end
  end)

  it("may be more than are kept", function()
    local items = {}
    for i = 1, 20 do
      local members = {}
      for k = 1, 60 do
        members[2 * k - 1], members[2 * k] = ("n%d_%d"):format(k % 3 == 0 and i or 0, k), i * 100 + k
      end
      items[i] = members
    end
    check(items)
  end)

  it("may not repeat, whatever was kept before", function()
    local before = { "a", 1, "b", 2, "c", 3, "longer name", 4 }
    for _, name in ipairs({ "a", "b", "c", "longer name" }) do
      local wrong = { "a", 1, "b", 2, "c", 3, "longer name", 4, name, 5 }
      local _, why = pages({ before, before, wrong })
      assert.equal(("Items[3]%s: member occurs twice"):format(name:match(" ") and '["longer name"]' or "." .. name), why)
    end
    local many = { "twice", 1 }
    for i = 1, 200 do many[#many + 1], many[#many + 2] = "n" .. i, i end
    many[#many + 1], many[#many + 2] = "twice", 2
    local _, why = pages({ many })
    assert.equal("Items[1].twice: member occurs twice", why)
  end)

  it("may be spelt in several ways", function()
    local spellings = { '"ab":', '"ab" :', '"a\\u0062":', ' "ab":', '\n"\\u0061\\u0062" : ' }
    local texts = {}
    for _, first in ipairs(spellings) do
      for _, second in ipairs(spellings) do
        texts[#texts + 1] = ('{%s{"S":"1"},"c":{"S":"2"}},{%s{"S":"3"},"c":{"S":"4"}}'):format(first, second)
        local twice = ('{"Items":[{%s{"S":"1"},%s{"S":"2"}}]}%s'):format(first, second, (" "):rep(4096))
        local _, why = core.decode(twice, PAGE, owner)
        assert.equal("Items[1].ab: member occurs twice", why)
      end
    end
    local items = core.decode(('{"Items":[%s]}%s'):format(table.concat(texts, ","), (" "):rep(4096)), PAGE, owner).Items
    assert.equal(50, #items)
    for i, item in ipairs(items) do
      assert.equal(i % 2 == 1 and "1" or "3", item.ab)
      assert.equal(i % 2 == 1 and "2" or "4", item.c)
    end
  end)
end)

describe("a list", function()
  it("is written in the order of its positions, whatever the order of its keys", function()
    local nested = "end"
    for _ = 1, 20 do
      local list = {}
      list[5], list[4], list[3], list[2], list[1] = 5, "d", 3, nested, "a"
      nested = list
    end
    local text = assert(core.encode(nested, "value"))
    assert.equal(1, text:find('{"L":[{"S":"a"},{"L":[', 1, true))
    assert.is_true(core.equal(nested, core.decode(text, "value")))
    local mixed = { "a", "b", 3 }
    mixed[5], mixed[4] = "e", "d"
    assert.equal('["a","b",3,"d","e"]', core.encode(mixed, "json"))
  end)
end)
