-- Requests of successive pages. spec/table/results_spec.lua tests the results made of them.

local paginator = require("dynamodb.table.paginator")
local helper = dofile("spec/support/helper.lua")
local operations = require("dynamodb.base.operations")

-- A paginator of ListTables with these responses: bodies with status 200, or complete responses.
local function listing(responses, request)
  local fake = helper.fake(function(_, n)
    return responses[n]:find("^HTTP") and responses[n] or helper.response(200, responses[n])
  end)
  return fake, paginator.new(helper.offline(fake, { max_attempts = 1 }), operations.ListTables, request or {}, {})
end

describe("paginator", function()
  it("requests nothing by itself", function()
    local fake, made = listing({}, { ExclusiveStartTableName = "c" })
    assert.is_true(made.more)
    assert.equal("c", made:start_key())
    assert.equal(0, #fake.requests)
  end)

  it("advances when a page is accepted", function()
    local fake, made = listing({ '{"TableNames":["a","b"],"LastEvaluatedTableName":"b"}', '{"TableNames":["c"]}' })
    local page = assert(made:fetch())
    assert.same({ { "a", "b" }, 2, 2, 0, "b" }, { page.items, page.count, page.scanned, page.units, page.next })
    assert.same({ "a", "b" }, page.response.TableNames)
    made:accept(page)
    assert.equal("b", made:start_key())
    page = assert(made:fetch(7))
    assert.is_truthy(fake.requests[2]:find('"Limit":7', 1, true))
    assert.is_nil(page.next)
    assert.is_true(made.more)
    made:accept(page)
    assert.is_false(made.more)
  end)

  it("fetches a page that was not accepted again", function()
    local response = '{"TableNames":["a"],"LastEvaluatedTableName":"a"}'
    local _, made = listing({ response, response, helper.response(500, "{}"), response })
    assert.equal("a", assert(made:fetch()).next)
    assert.equal("a", assert(made:fetch()).next)
    local page, err = made:fetch()
    assert.is_nil(page)
    assert.equal(500, err.status)
    assert.equal("a", assert(made:fetch()).next)
  end)

  it("fails for a page that repeats a position", function()
    local response = '{"TableNames":[],"LastEvaluatedTableName":"a"}'
    local _, made = listing({ response, response })
    made:accept(assert(made:fetch()))
    local page, err = made:fetch()
    assert.is_nil(page)
    assert.equal("response", err.kind)
    assert.equal("ListTables", err.operation)
  end)
end)
