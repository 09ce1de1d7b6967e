-- Capacity units that requests would take: the least, and what is unknown.

local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")

local function text(bytes) return ("x"):rep(bytes) end

local function description(more)
  return '{"Table":{"TableName":"t","TableStatus":"ACTIVE",' .. more
    .. '"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],'
    .. '"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}]}}'
end

-- Returns a connection and its table, described by this JSON or not.
local function open(more, given)
  local conn = helper.offline(helper.fake(function() return helper.response(200, description(more or "")) end), given)
  return conn, more and assert(conn:get_table("t")) or conn:table("t", { hash_key = "id" })
end

-- Asserts the units of an explanation: reads, writes, codes of what is unknown.
local function takes(plan, read, write, unknown)
  local list = {}
  for i, each in ipairs(plan.units.unknown) do
    list[i] = each.code
    assert.is_string(each.message)
  end
  assert.same({ read, write, unknown }, { plan.units.read, plan.units.write, table.concat(list, " ") })
end

local EXPLAIN = { explain = true }

-- Returns an item with so many bytes of text, loaded with others.
local function loaded_item(tbl, before, after)
  local item = tbl:new_item({ attrs = { id = "a", text = text(before) } })
  core.item_load(item, (assert(core.encode({ id = "a", text = text(before) }, "item"))))
  item.text = text(after)
  return item
end

describe("the estimate of", function()
  local INDEX = '"GlobalSecondaryIndexes":[{"IndexName":"i","KeySchema":[{"AttributeName":"x","KeyType":"HASH"}]}],'

  it("reads has half a unit for each item, or one when it is consistent", function()
    local conn, tbl = open()
    takes(tbl:get_item("a", EXPLAIN), 0.5, 0, "item_size")
    takes(tbl:get_item("a", { explain = true, consistent_read = true }), 1, 0, "item_size")
    takes(tbl:has_item("a", EXPLAIN), 0.5, 0, "item_size")
    local keys = {}
    for i = 1, 150 do keys[i] = "k" .. i end
    takes(tbl:get_items(keys, EXPLAIN), 75, 0, "item_size")
    takes(tbl:get_items(keys, { explain = true, consistent_read = true }), 150, 0, "item_size")
    local other = conn:table("other", { hash_key = "id" })
    takes(conn:batch_get({ [tbl] = { "a", "b" }, [other] = { keys = { "c" }, consistent_read = true } }, EXPLAIN), 2, 0,
      "item_size")
  end)

  it("pages has the least of the first page, of each segment", function()
    local _, tbl = open()
    takes(tbl:query({ hash_key = "a", explain = true }), 0.5, 0, "pages")
    takes(tbl:query({ hash_key = "a", explain = true, consistent_read = true }), 1, 0, "pages")
    takes(tbl:scan({ segments = 3, explain = true }), 1.5, 0, "pages")
    takes(tbl:count(EXPLAIN), 0.5, 0, "pages")
  end)

  it("a scan has the size of the table, when it is described and read as a whole", function()
    local _, tbl = open('"TableSizeBytes":40961,')
    assert.equal(5.5, tbl:scan(EXPLAIN).units.whole_table)
    assert.equal(11, tbl:scan({ explain = true, consistent_read = true }).units.whole_table)
    assert.equal(5.5, tbl:scan({ explain = true, filter = { a = 1 }, segments = 4 }).units.whole_table)
    assert.equal(5.5, tbl:count(EXPLAIN).units.whole_table)
    for name, value in pairs({ max_results = 5, max_requests = 1, exclusive_start_key = { id = "a" } }) do
      assert.is_nil(tbl:scan({ explain = true, [name] = value }).units.whole_table, name)
    end
    assert.is_nil(tbl:scan({ explain = true, segment = 0, total_segments = 2 }).units.whole_table)
    assert.is_nil(tbl:query({ hash_key = "a", explain = true }).units.whole_table)
    assert.is_nil((select(2, open()):scan(EXPLAIN)).units.whole_table)
    assert.is_nil((select(2, open('"TableSizeBytes":0,')):scan(EXPLAIN)).units.whole_table)
  end)

  it("a put has the size of the item, rounded up to 1024 bytes", function()
    local _, tbl = open()
    local unknown = "stored_item indexes"
    for size, units in pairs({ [10] = 1, [1019] = 1, [1020] = 1, [1021] = 2, [5000] = 5, [300000] = 293 }) do
      local plan = tbl:put_item({ id = "a", x = text(size) }, EXPLAIN)
      takes(plan, 0, units, unknown)
      assert.equal(units, math.ceil(dynamodb.item_size({ id = "a", x = text(size) }) / 1024))
    end
  end)

  it("a put is exact for a new item of a described table without indexes", function()
    local new = { explain = true, create_only = true }
    takes(select(2, open("")):put_item({ id = "a", x = text(2000) }, new), 0, 2, "")
    takes(select(2, open(INDEX)):put_item({ id = "a", x = text(2000) }, new), 0, 2, "indexes")
    takes(select(2, open()):put_item({ id = "a", x = text(2000) }, new), 0, 2, "indexes")
    takes(select(2, open("")):put_item({ id = "a" }, EXPLAIN), 0, 1, "stored_item")
  end)

  it("an update has what is known of the item afterwards", function()
    local _, tbl = open("")
    local function update(actions) return tbl:update_item("a", { update = actions, explain = true }) end
    takes(update({ n = dynamodb.increment(1) }), 0, 1, "stored_item")
    takes(update({ x = text(3000), n = dynamodb.increment(1) }), 0, 3, "stored_item")
    takes(update({ x = text(3000), y = text(3000), z = dynamodb.remove() }), 0, 6, "stored_item")
    takes(update({ "SET x = ?, #.z = if_not_exists(y, ?)", text(1500), "m", text(5000) }), 0, 2, "stored_item")
    takes(tbl:increment("a", { path = "n", explain = true }), 0, 1, "stored_item")
  end)

  it("a delete has one unit", function()
    takes(select(2, open()):delete_item("a", EXPLAIN), 0, 1, "stored_item indexes")
  end)

  it("a write of a loaded item has the larger one of what was loaded and what is stored", function()
    local _, tbl = open("")
    takes(loaded_item(tbl, 10, 5000):put(EXPLAIN), 0, 5, "")
    takes(loaded_item(tbl, 5000, 10):put(EXPLAIN), 0, 5, "")
    takes(loaded_item(tbl, 10, 5000):save(EXPLAIN), 0, 5, "")
    takes(loaded_item(tbl, 5000, 10):save(EXPLAIN), 0, 5, "")
    takes(loaded_item(tbl, 5000, 10):delete(EXPLAIN), 0, 5, "")
    takes(loaded_item(tbl, 10, 5000):delete(EXPLAIN), 0, 1, "")
    takes(tbl:new_item("a", nil, { text = text(5000) }):save(EXPLAIN), 0, 5, "stored_item")
    takes(tbl:new_item("a"):delete(EXPLAIN), 0, 1, "stored_item")
    takes(loaded_item(tbl, 10, 5000):reload(EXPLAIN), 0.5, 0, "item_size")
  end)

  it("a batch has the sum of its writes", function()
    local conn, tbl = open("")
    takes(tbl:batch_write({ put = { { id = "a" }, { id = "b", x = text(2000) } }, delete = { "c" } }, EXPLAIN), 0, 4,
      "stored_item")
    local puts = {}
    for i = 1, 60 do puts[i] = { id = "k" .. i, x = text(1500) } end
    takes(conn:batch_write({ [tbl] = { put = puts } }, EXPLAIN), 0, 120, "stored_item")
  end)

  it("a transaction has twice the units", function()
    local conn, tbl = open("")
    takes(conn:transact_get({ { table = tbl, hash_key = "a" }, { table = tbl, hash_key = "b" } }, EXPLAIN), 4, 0, "item_size")
    takes(conn:transact_write({
      { put = { id = "a", x = text(2000) }, table = tbl },
      { update = { x = text(3000) }, table = tbl, hash_key = "b" },
      { delete = true, table = tbl, hash_key = "c" },
      { check = dynamodb.attr("x"):exists(), table = tbl, hash_key = "d" },
    }, EXPLAIN), 0, 4 + 6 + 2 + 2, "stored_item")
  end)

  it("a write that happens exactly once has those of a transaction", function()
    local _, tbl = open("", { retry_writes = "exact" })
    local plan = tbl:put_item({ id = "a", x = text(2000) }, { create_only = true, explain = true })
    assert.equal("TransactWriteItems", plan.operation)
    takes(plan, 0, 4, "")
    takes(tbl:put_item({ id = "a", x = text(2000) }, EXPLAIN), 0, 2, "stored_item") -- it may be repeated as it is
    takes(loaded_item(tbl, 5000, 10):put({ explain = true, guard = "changed" }), 0, 10, "")
  end)
end)
