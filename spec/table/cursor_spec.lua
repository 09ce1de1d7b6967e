-- Reading goes on at the right element, wherever memory ran out before.

local helper = dofile("spec/support/helper.lua")
local core = require("dynamodb.core")
local cursor = require("dynamodb.table.cursor")
local failures = dofile("spec/support/memory_failures.lua")
local paging = dofile("spec/support/paging_service.lua")

local unpack = table.unpack or unpack -- luacheck: ignore 113 143

local ITEMS = 10
local ROOM = {} -- for all elements, so that a list of them need not grow
for i = 1, ITEMS + 5 do ROOM[i] = 0 end

describe("reading after memory ran out", function()
  local ways = {
    ["a query of items"] = function(tbl) return tbl:query({ hash_key = "h" }) end,
    ["a query of plain tables"] = function(tbl) return tbl:query({ hash_key = "h", items = false }) end,
    ["a query with prefetch"] = function(tbl) return tbl:query({ hash_key = "h", prefetch = 2 }) end,
  }
  local readers = {}

  -- Reads into a list that has room for all elements.
  function readers.next(results, found)
    for item in function() return results:next() end do
      found.n = found.n + 1
      found[found.n] = item.at
    end
  end

  function readers.all(results, found)
    local list = assert(results:all())
    for i, item in ipairs(list) do found[i] = item.at end
    found.n = #list
  end

  for way, start in pairs(ways) do
    for how, read in pairs(readers) do
      it(("gives every element of %s once, by %s"):format(way, how), function()
        if helper.sanitized() then pending("lua-cjson, which the service of this spec uses, leaks when memory runs out") end
        local _, tbl = paging.start({ latency = function() return 0 end })
        local results, found
        local count = failures.each(29, function()
          results, found = start(tbl), { n = 0, unpack(ROOM) }
          read(results, found)
        end, function(n)
          if not found then return end -- memory ran out before
          read(results, found)
          for i = 1, ITEMS do assert(found[i] == i, ("failure %d, element %d: %s"):format(n, i, found[i])) end
          assert(found.n == ITEMS, ("failure %d: %d elements"):format(n, found.n))
          assert(results.count == ITEMS, ("failure %d: count %d"):format(n, results.count))
          found = nil
        end)
        assert.is_true(count > 5)
      end)
    end
  end
end)

describe("a cursor", function()
  it("resumes after the element returned last", function()
    local self = { _plan = { key_names = { "id" } }, _key_values = { "b" }, _page = { items = { 1, 2, 3 }, next = "next" },
      _position = 2, _resume_keys = {}, _start_key = "start" }
    assert.same({ id = "b" }, cursor.resume_key(self))
    assert.same({ [0] = { id = "b" } }, cursor.resume_keys(self))
    self._position = 3
    assert.equal("next", cursor.resume_key(self))
    self._page = cursor.NO_PAGE
    assert.equal("start", cursor.resume_key(self))
  end)

  it("returns the state of segments as text", function()
    local self = { _plan = {}, _page = cursor.NO_PAGE, _position = 0, _resume_keys = { [0] = false, { id = "a" } } }
    assert.same({ segments = { { done = true }, { done = false, key = core.encode({ id = "a" }, "item") },
      { done = false } } }, cursor.state(self, 3))
  end)
end)
