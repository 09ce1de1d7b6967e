-- Assertions on items: what passes, and how the differences are shown.

local assertions = require("dynamodb.testing.assertions")
local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")
local testing = require("dynamodb.testing")

describe("assert", function()
  local conn, tbl, ranged
  setup(function()
    conn = helper.connect()
    tbl = testing.table(conn, { name = "assertions" })
    ranged = testing.table(conn, { hash_key = "id", range_key = "at", range_key_type = "N" })
    testing.load(tbl, { { id = "a", n = 1, tags = { "x" } } })
    testing.load(ranged, { { id = "a", at = 1 } })
  end)
  teardown(function() conn:close() end)

  local function message(f)
    local ok, err = pcall(f)
    assert.is_false(ok)
    return tostring(type(err) == "table" and err.message or err)
  end

  it("item accepts items and tables with these attributes", function()
    assert.item({ id = "a", n = 1, tags = { "x" } }, tbl:get_item("a"))
    assert.item(tbl:get_item("a"), tbl:get_item("a"))
    assert.item({ s = dynamodb.set({ 1, 2 }) }, { s = dynamodb.set({ 2, 1 }) })
    assert.is_not.item({ id = "b" }, tbl:get_item("a"))
    assert.is_not.item({ id = "b" }, nil)
  end)

  it("item shows the differences", function()
    local text = message(function() assert.item({ id = "a", n = 2, more = true, tags = { "x" } }, tbl:get_item("a")) end)
    assert.matches("the item differs:\n  more: expected true, got nothing\n  n: expected 2, got 1\n", text, 1, true)
    assert.matches("an item expected, got nothing", message(function() assert.item({ id = "z" }, tbl:get_item("z")) end), 1, true)
    assert.matches("an item expected, got string", message(function() assert.item({ id = "z" }, "z") end), 1, true)
    assert.matches("the item is as it must not be:\n  { id = \"a\", n = 1, tags = ", message(function()
      assert.is_not.item({ id = "a", n = 1, tags = { "x" } }, tbl:get_item("a"))
    end), 1, true)
  end)

  it("stored reads the item by its key", function()
    assert.stored(tbl, "a", { id = "a", n = 1, tags = { "x" } })
    assert.stored(tbl, "a")
    assert.stored(ranged, { "a", 1 })
    assert.stored(ranged, { id = "a", at = 1 }, { id = "a", at = 1 })
    assert.is_not.stored(tbl, "b")
    assert.is_not.stored(tbl, "a", { id = "a" })
  end)

  it("stored shows the differences", function()
    assert.matches("^[^\n]*the item in Table%(assertions[^\n]*%) differs:\n  n: expected 5, got 1\n", message(function()
      assert.stored(tbl, "a", { id = "a", n = 5, tags = { "x" } })
    end))
    assert.matches("Table%(assertions[^\n]*%) has no such item", message(function() assert.stored(tbl, "b") end))
    assert.matches("has the item:\n  { id = ", message(function() assert.is_not.stored(tbl, "a") end))
  end)

  it("stored raises the error of the service", function()
    local absent = conn:table("absent-" .. helper.table_name(), { hash_key = "id" })
    local ok, err = pcall(function() assert.is_not.stored(absent, "a") end)
    assert.is_false(ok)
    assert.equal("ResourceNotFoundException", err.code)
  end)

  it("refuses other arguments", function()
    for f, text in pairs({
      [function() assert.item({}) end] = "assert.item takes (expected, item): 1 argument given",
      [function() assert.item({}, {}, {}) end] = "assert.item takes (expected, item): 3 arguments given",
      [function() assert.item("a", {}) end] = "assert.item: table of attributes expected, got string",
      [function() assert.stored(tbl) end] = "assert.stored takes (table, key, expected): 1 argument given",
      [function() assert.stored("tbl", "a") end] = "assert.stored: table expected, got string",
      [function() assert.stored(tbl, "a", 5) end] = "assert.stored: table of attributes expected, got number",
    }) do
      assert.matches(text, message(f), 1, true)
    end
  end)

  it("has them where luassert is installed only", function()
    assert.is_true(assertions.register())
    local luassert = package.loaded.luassert
    package.loaded.luassert, package.preload.luassert = nil, function() error("absent", 0) end
    local registered = assertions.register()
    package.loaded.luassert, package.preload.luassert = luassert, nil
    assert.is_false(registered)
  end)
end)
