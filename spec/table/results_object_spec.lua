-- The object that users hold as results: what treats it as a list or a table raises and says what to write.

local helper = dofile("spec/support/helper.lua")
local fixture = dofile("spec/support/table_fixture.lua")

local raises = fixture.raises_in("results_object_spec.lua")
local modern = _VERSION ~= "Lua 5.1"
local ADVICE = "say 'for item in results do', or results:all() for a list"

describe("results", function()
  local results

  before_each(function()
    local fake = helper.fake(helper.response(200, '{"Count":2,"ScannedCount":2,"Items":[{"id":{"S":"a"}},{"id":{"S":"b"}}]}'))
    results = helper.offline(fake):table("messages", { hash_key = "id" }):scan()
  end)

  -- A loop over the results raises; Lua 5.1 itself refuses userdata, before this library can advise.
  local function refuses(iterate, advice)
    local ok, why = pcall(function() for _ in iterate(results) do error("an element", 0) end end)
    assert.is_false(ok)
    assert.matches(modern and advice or "table expected, got userdata", why, 1, true)
  end

  it("are no list", function()
    raises("results[1]: results are no list: " .. ADVICE, function() return results[1] end)
    raises("#results: results are no list: " .. ADVICE, function() return #results end)
    refuses(ipairs, "results[1]: results are no list: " .. ADVICE)
  end)

  it("are no table", function()
    refuses(pairs, "pairs(results): results are no table: " .. ADVICE)
    refuses(next, "table expected, got " .. (modern and "dynamodb.results" or "userdata"))
  end)

  it("have no members of the service's responses", function()
    raises("results.Items: results have no such field: " .. ADVICE, function() return results.Items end)
    for name, field in pairs({ Count = "count", ScannedCount = "scanned_count", LastEvaluatedKey = "last_evaluated_key",
      ConsumedCapacity = "consumed_capacity" }) do
      raises(("results.%s: results have no such field: results.%s"):format(name, field), function() return results[name] end)
    end
  end)

  it("show what they are", function()
    assert.equal("Results(Scan messages: 0 items in 0 pages so far)", tostring(results))
    assert(results:next())
    assert.equal("Results(Scan messages: 2 items in 1 pages so far)", tostring(results))
    local names = helper.offline(helper.fake(helper.response(200, "{}"))):each("ListTables")
    assert.equal("Results(ListTables: 0 items in 0 pages so far)", tostring(names))
  end)

  it("cannot be assigned to", function()
    assert.is_false(pcall(function() results.count = 5 end))
    assert.equal(0, results.count)
  end)
end)
