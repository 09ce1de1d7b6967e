-- Tables for tests: unique names, keys, deletion, and the items that they begin with.

local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")
local testing = require("dynamodb.testing")

describe("testing.table", function()
  local conn
  setup(function() conn = helper.connect() end)
  teardown(function() conn:close() end)

  it("is ready, empty and like its definition", function()
    local tbl = testing.table(conn, { name = "orders", hash_key = "customer", range_key = "number", range_key_type = "N",
      version_attribute = "v" })
    assert.matches("^orders%-%x+%-%d+$", tbl.name)
    assert.equal("ACTIVE", tbl.status)
    assert.equal("Schema(customer:number)", tostring(tbl.schema))
    assert.equal(0, #assert(tbl:scan():all()))
    local item = tbl:new_item("ann", 1)
    assert(item:put())
    assert.equal(1, item.v)
  end)

  it("has another name each time, and a key 'id' by default", function()
    local first, second = testing.table(conn), testing.table(conn)
    assert.not_equal(first.name, second.name)
    assert.matches("^test%-", first.name)
    assert.equal("Schema(id)", tostring(first.schema))
  end)

  it("takes the options of create_table", function()
    local tbl = testing.table(conn, { schema = conn:create_schema("id", "S"), read_units = 1, write_units = 2,
      global_indexes = { { name = "by_city", hash_key = "city", read_units = 1, write_units = 1 } } })
    assert.equal(2, tbl.write_units)
    assert.is_table(tbl.indexes.by_city)
  end)

  it("is deleted earlier by its guard, once", function()
    local tbl, guard = testing.table(conn)
    assert.equal(("TableGuard(%s)"):format(tbl.name), tostring(guard))
    guard:delete()
    guard:delete()
    local described, err = conn:describe_table(tbl.name)
    assert.is_true(described and described.Table.TableStatus == "DELETING" or err.code == "ResourceNotFoundException")
    local _, other = testing.table(conn)
    debug.getmetatable(other).__close(other)
    assert.is_nil(other.connection)
  end)

  it("may be deleted by the test, whose connection may be closed", function()
    local other = helper.connect()
    assert(testing.table(other):delete())
    testing.table(other)
    other:close() -- the block's end deletes the second one
  end)

  it("raises what the service refuses", function()
    local ok, err = pcall(testing.table, conn, { read_units = 1, write_units = 1,
      global_indexes = { { name = "x", hash_key = "a", read_units = 1, write_units = 1 },
        { name = "x", hash_key = "a", read_units = 1, write_units = 1 } } })
    assert.is_false(ok)
    assert.is_true(dynamodb.is_error(err) or type(err) == "string")
    local absent = helper.connect({ endpoint_url = "http://127.0.0.1:1" })
    ok, err = pcall(testing.table, absent)
    assert.is_false(ok)
    assert.equal("network", err.kind)
    absent:close()
  end)

  for name, case in pairs({
    ["no connection"] = { function() testing.table("x") end, "testing.table: connection expected, got string" },
    ["no definition"] = { function(c) testing.table(c, "x") end, "testing.table: table of options expected, got string" },
    ["an unknown option"] = { function(c) testing.table(c, { hsh_key = "x" }) end, "unknown option 'hsh_key'" },
    ["a name with a slash"] = { function(c) testing.table(c, { name = "a/b" }) end,
      "testing.table: option 'name': up to 200 letters, digits, '_', '.', '-' expected, got 'a/b'" },
    ["a number as name"] = { function(c) testing.table(c, { name = 5 }) end, "'-' expected, got number" },
    ["a key twice"] = { function(c) testing.table(c, { schema = c:create_schema("id", "S"), hash_key = "id" }) end,
      "testing.table: option 'hash_key' excludes 'schema'" },
    ["a range key alone"] = { function(c) testing.table(c, { range_key = "at" }) end,
      "testing.table: option 'range_key' goes with 'hash_key'" },
    ["a wrong type"] = { function(c) testing.table(c, { hash_key = "id", hash_key_type = "X" }) end,
      "testing.table: option 'hash_key_type': one of S, N, B expected, got 'X'" },
  }) do
    it("refuses " .. name, function()
      assert.error_matches(function() case[1](conn) end, case[2], 1, true)
    end)
  end
end)

describe("testing.load", function()
  local conn, tbl
  setup(function()
    conn = helper.connect()
    tbl = testing.table(conn)
  end)
  teardown(function() conn:close() end)

  it("puts items, and returns their number", function()
    local items = {}
    for i = 1, 60 do items[i] = { id = "k" .. i, n = i, tags = dynamodb.set({ "a" }) } end
    assert.equal(60, testing.load(tbl, items))
    assert.equal(60, assert(tbl:count()))
    assert.stored(tbl, "k60", { id = "k60", n = 60, tags = dynamodb.set({ "a" }) })
    assert.equal(0, testing.load(tbl, {}))
  end)

  it("raises what the service refuses", function()
    local absent = conn:table("absent-" .. helper.table_name(), { hash_key = "id" })
    local ok, err = pcall(testing.load, absent, { { id = "a" } })
    assert.is_false(ok)
    assert.equal("ResourceNotFoundException", err.code)
    ok, err = pcall(testing.load, tbl, { { id = 5 } })
    assert.is_false(ok)
    assert.matches("key attribute 'id'", err, 1, true)
  end)

  it("refuses what is no table", function()
    assert.error_matches(function() testing.load("users", {}) end, "testing.load: table expected, got string", 1, true)
  end)
end)
