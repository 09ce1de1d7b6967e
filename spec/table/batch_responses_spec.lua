-- Which entries a response says were processed. spec/scenarios/unfit_responses_spec.lua sends such responses to whole calls.

local batch_engine = require("dynamodb.table.batch_engine")
local batch_responses = require("dynamodb.table.batch_responses")
local core = require("dynamodb.core")
local helper = dofile("spec/support/helper.lua")

local fields = core.table_parts(helper.offline(helper.fake()):table("t", { hash_key = "id" }))

local function ids(entries)
  local list = {}
  for i, entry in ipairs(entries) do list[i] = (entry.given.put or entry.given.delete or entry.given.key).id end
  return list
end

describe("the responses of batches", function()
  local writes = { batch_engine.put(fields, { id = "a", v = 1 }, "spec"), batch_engine.delete(fields, { id = "b" }, "spec") }
  local reads = {}
  for i, id in ipairs({ "a", "b", "c" }) do reads[i] = batch_engine.key(fields, { id = id }, {}, "spec") end

  local function of_writes(unprocessed)
    return batch_responses.of_writes(writes, batch_responses.by_table(writes), { UnprocessedItems = unprocessed })
  end

  local function of_reads(result) return batch_responses.of_reads(reads, batch_responses.by_table(reads), result) end

  it("identifies equal keys by equal texts", function()
    assert.equal(batch_responses.identify(fields, { id = 1 }), batch_responses.identify(fields, { id = 1.0 }))
    assert.are_not.equal(batch_responses.identify(fields, { id = 1 }), batch_responses.identify(fields, { id = "1" }))
  end)

  it("have the writes that were not processed", function()
    assert.same({}, of_writes(nil))
    assert.same({ "b" }, ids(assert(of_writes({ t = { { DeleteRequest = { Key = { id = "b" } } } } }))))
    assert.same({ "a" }, ids(assert(of_writes({ t = { { PutRequest = { Item = { id = "a", v = 1 } } } } }))))
  end)

  it("have the items that were read, and the keys that were not", function()
    local left, found = of_reads({ Responses = { t = { { id = "c" } } }, UnprocessedKeys = { t = { Keys = { { id = "a" } } } } })
    assert.same({ "a" }, ids(left))
    assert.same({ 1, "c", reads[3].id }, { #found, found[1][2].id, found[1][3] })
  end)

  it("are refused when they name other entries than those of the request", function()
    local twice = { DeleteRequest = { Key = { id = "b" } } }
    for _, unprocessed in ipairs({ { t = { { DeleteRequest = { Key = { id = "c" } } } } }, { t = { twice, twice } },
      { u = { twice } }, { t = { { DeleteRequest = { Key = { id = "a" } } } } }, { t = { {} } } }) do
      local left, why = of_writes(unprocessed)
      assert.is_nil(left)
      assert.is_string(why)
    end
    for _, result in ipairs({ { Responses = { t = { { id = "d" } } } }, { Responses = { u = {} } },
      { Responses = { t = { { id = "a" } } }, UnprocessedKeys = { t = { Keys = { { id = "a" } } } } },
      { Responses = {}, UnprocessedKeys = { t = {} } } }) do
      local left, why = of_reads(result)
      assert.is_nil(left)
      assert.is_string(why)
    end
  end)
end)
