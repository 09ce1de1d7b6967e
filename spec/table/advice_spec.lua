-- Warnings of option 'explain': each where it is deserved, and not where it is not.

local advice = require("dynamodb.table.advice")
local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")

local all, any, attr, eq, gt, negate = dynamodb.all, dynamodb.any, dynamodb.attr, dynamodb.eq, dynamodb.gt, dynamodb.negate

local description = [[{"Table":{"TableName":"%s","TableStatus":"ACTIVE","TableSizeBytes":0,
  "KeySchema":[{"AttributeName":"customer","KeyType":"HASH"},{"AttributeName":"number","KeyType":"RANGE"}],
  "AttributeDefinitions":[{"AttributeName":"customer","AttributeType":"S"},{"AttributeName":"number","AttributeType":"N"}],
  "GlobalSecondaryIndexes":[
    {"IndexName":"by_state","KeySchema":[{"AttributeName":"state","KeyType":"HASH"},{"AttributeName":"total","KeyType":"RANGE"}]},
    {"IndexName":"by_city","KeySchema":[{"AttributeName":"country","KeyType":"HASH"},{"AttributeName":"city","KeyType":"HASH"}]}],
  "LocalSecondaryIndexes":[
    {"IndexName":"by_day","KeySchema":[{"AttributeName":"customer","KeyType":"HASH"},{"AttributeName":"day","KeyType":"RANGE"}]}]
}}]]

local conn = helper.offline(helper.fake(function() return helper.response(200, (description:format("orders"))) end))
local orders = assert(conn:get_table("orders"))
local plain = conn:table("plain", { hash_key = "id" })

-- Returns the codes of the warnings.
local function codes(plan)
  local list = {}
  for i, warning in ipairs(plan.warnings) do list[i] = warning.code end
  return table.concat(list, " ")
end

local function scan(given)
  given.explain = true
  return orders:scan(given)
end

local function query(given)
  given.explain, given.hash_key = true, given.hash_key or "a"
  return orders:query(given)
end

describe("advice", function()
  -- {===== Filters =====

  local ALSO = "scan_for_query filter_after_read"

  for name, filter in pairs({
    ["a table"] = { customer = "ann", total = gt(3) },
    ["a test"] = attr("customer"):eq("ann"),
    ["all of several"] = all(attr("total"):gt(3), all(attr("note"):exists(), attr("customer"):eq("ann"))),
    ["text"] = { "total BETWEEN ? AND ? AND customer = ?", 1, 2, "ann" },
    ["text in parentheses"] = { "(total > ?) AND ((customer = ?) AND note = ?)", 1, "ann", "x" },
    ["text the other way round"] = { "? = customer", "ann" },
    ["a condition of text"] = dynamodb.where("begins_with(note, ?) AND 'customer' = ?", "x", "ann"),
  }) do
    it("recognises a query in the filter of a scan: " .. name, function()
      local plan = scan({ filter = filter })
      assert.equal(ALSO, codes(plan))
      assert.truthy(plan.warnings[1].message:find("'customer', the hash key of the table", 1, true))
    end)
  end

  for name, filter in pairs({
    ["another attribute"] = { total = 5 },
    ["no equality"] = { customer = gt("a") },
    ["a part of it"] = { ["customer.name"] = "ann" },
    ["any of several"] = any(attr("customer"):eq("ann"), attr("total"):gt(3)),
    ["any in all"] = all(attr("note"):exists(), any(attr("customer"):eq("a"), attr("customer"):eq("b"))),
    ["the opposite"] = negate(attr("customer"):eq("ann")),
    ["text with OR"] = { "customer = ? OR total = ?", "a", 1 },
    ["text with NOT"] = { "NOT customer = ?", "a" },
    ["its size"] = attr("customer"):size():eq(3),
    ["another attribute as value"] = dynamodb.where("customer = note"),
    ["one of the two hash keys of an index"] = { country = "de" },
    ["its list element"] = { ["customer[0]"] = "a" },
    ["a list of values"] = { customer = dynamodb.is_in({ "a", "b" }) },
  }) do
    it("recognises no query in " .. name, function()
      assert.equal("filter_after_read", codes(scan({ filter = filter })))
    end)
  end

  it("names the indexes that a query could use", function()
    local plan = scan({ filter = { state = "open", country = "de", city = eq("Ulm") } })
    assert.equal("scan_for_query scan_for_query filter_after_read", codes(plan))
    assert.truthy(plan.warnings[1].message:find("'country', 'city', the hash key of index 'by_city'", 1, true))
    assert.truthy(plan.warnings[2].message:find("'state', the hash key of index 'by_state'", 1, true))
  end)

  it("tells of the filter of a query, and of request_limit beside it", function()
    assert.equal("filter_after_read", codes(query({ filter = { total = 5 } })))
    assert.equal("filter_after_read limit_before_filter", codes(query({ filter = { total = 5 }, request_limit = 10 })))
    assert.equal("filter_after_read", codes(query({ filter = { total = 5 }, max_results = 10 })))
    assert.equal("", codes(query({ request_limit = 10 })))
    assert.equal("", codes(query({})))
  end)

  -- ===================== }

  it("tells that projections save no units, of one item and of many", function()
    local expected = "projection_saves_no_units"
    assert.equal(expected, codes(orders:get_item("a", 1, { projection = "total", explain = true })))
    assert.equal(expected, codes(query({ attributes_to_get = { "total" } })))
    assert.equal(expected, codes(scan({ projection = "total" })))
    assert.equal(expected, codes(orders:get_items({ { "a", 1 } }, { projection = "total", explain = true })))
    assert.equal(expected, codes(conn:batch_get({ [orders] = { keys = { { "a", 1 } }, projection = "total" } },
      { explain = true })))
    assert.equal(expected, codes(conn:transact_get({ { table = plain, hash_key = "b" },
      { table = orders, hash_key = "a", range_key = 1, projection = "total" } }, { explain = true })))
    assert.equal("", codes(orders:get_item("a", 1, { explain = true })))
    assert.equal("", codes(orders:has_item("a", 1, { explain = true }))) -- its projection is not the caller's
    assert.equal("", codes(orders:get_items({ { "a", 1 } }, { explain = true })))
    assert.equal("", codes(conn:transact_get({ { table = plain, hash_key = "b" } }, { explain = true })))
  end)

  it("tells that the service refuses consistent reads of global indexes", function()
    assert.equal("consistent_global_index", codes(query({ index = "by_state", consistent_read = true })))
    assert.equal("consistent_global_index", codes(scan({ index = "by_city", consistent_read = true })))
    assert.equal("", codes(query({ index = "by_day", consistent_read = true })))
    assert.equal("", codes(query({ consistent_read = true })))
    assert.equal("", codes(query({ index = "by_state" })))
  end)

  it("tells where scan_index_forward sorts nothing", function()
    assert.equal("unindexed_sort", codes(plain:query({ hash_key = "a", scan_index_forward = false, explain = true })))
    assert.equal("unindexed_sort", codes(orders:query({ index = "by_city", key = { country = "de", city = "Ulm" },
      scan_index_forward = true, explain = true })))
    assert.equal("", codes(query({ scan_index_forward = false })))
    assert.equal("", codes(query({ index = "by_state", scan_index_forward = false })))
    assert.equal("", codes(plain:query({ hash_key = "a", explain = true })))
  end)

  it("says nothing of writes", function()
    assert.equal("", codes(plain:put_item({ id = "a" }, { explain = true })))
    assert.equal("", codes(conn:transact_write({ { put = { id = "a" }, table = plain } }, { explain = true })))
    assert.same({}, advice.on(nil, {}, {}, {}))
  end)
end)
