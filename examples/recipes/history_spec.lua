-- Tests of the documents with versions, by the testing kit.
-- Run them with: busted examples/recipes/history_spec.lua

local dynamodb = require("dynamodb")
local history = dofile("examples/recipes/history.lua")
local testing = require("dynamodb.testing")

local is_dynalite = os.getenv("DYNAMODB_ENGINE") == "dynalite"

describe("documents with versions", function()
  local server, clock, faults, conn, tbl, ann, bob

  setup(function() server = testing.server() end)

  before_each(function()
    clock = testing.clock()
    faults = testing.faults(clock.transport)
    conn = server:connect({ transport = faults.transport })
    tbl = testing.table(conn, history.key)
    ann = history.new(tbl, { author = "ann", now = clock.transport.time })
    bob = history.new(tbl, { author = "bob", now = clock.transport.time })
  end)

  after_each(function() conn:close() end)

  local function add(text) return function(content) return (content or "") .. text end end

  it("keep what was stored before", function()
    assert(ann:save("doc", 0, "one"))
    clock:advance(10)
    assert(bob:save("doc", 1, "two"))
    assert.equal("two", assert(ann:read("doc")).content)
    assert.equal("one", assert(ann:read("doc", 1)).content)
    local list = assert(ann:changes("doc"):all())
    assert.equal(2, #list)
    assert.item({ id = "doc", version = 2, author = "bob", at = clock.transport.time() }, list[1])
    assert.item({ id = "doc", version = 1, author = "ann", at = clock.transport.time() - 10 }, list[2])
  end)

  it("do not exist before they are stored", function()
    assert.same({}, { ann:read("doc") })
    assert.is_nil((ann:revert("doc", 1)))
    assert.same({}, assert(ann:changes("doc"):all()))
  end)

  it("refuse a change that is based on an old version", function()
    assert(ann:save("doc", 0, "one"))
    assert(bob:save("doc", 1, "two"))
    local item, err = ann:save("doc", 1, "other")
    assert.is_nil(item)
    assert.equal("ConditionalCheckFailedException", err.code)
    assert.equal("two", assert(ann:read("doc")).content)
  end)

  it("return to an old version by a new one", function()
    assert(ann:change("doc", add("a")))
    assert(ann:change("doc", add("b")))
    assert(bob:revert("doc", 1))
    local latest = assert(ann:read("doc"))
    assert.same({ 3, "a", "bob" }, { latest.version, latest.content, latest.author })
  end)

  it("lose no change of writers at the same time", function()
    dynamodb.loop.run(function()
      for number = 1, 5 do
        local writer = history.new(tbl, { author = "writer " .. number, now = clock.transport.time })
        dynamodb.loop.spawn(function() assert(writer:change("doc", add(tostring(number)))) end)
      end
    end)
    local latest = assert(ann:read("doc"))
    assert.equal(5, latest.version)
    for number = 1, 5 do assert.truthy(latest.content:find(number, 1, true)) end
  end)

  it("are stored once when the response is lost", function()
    if is_dynalite then return pending("Dynalite leaves the item out of a failed condition") end
    faults:add({ operation = "PutItem", lost_response = true })
    assert.equal(1, assert(ann:change("doc", add("a"))).version)
    assert.equal(2, faults:count("PutItem"))
    assert.equal("a", assert(ann:read("doc")).content)
  end)

  it("are changed once more when another writer is faster while the request is lost", function()
    faults:add({ operation = "PutItem", lost_request = true, delay = 1 })
    dynamodb.loop.run(function()
      local task = dynamodb.loop.spawn(function() return ann:change("doc", add("a")) end)
      dynamodb.loop.sleep(0.5)
      assert(bob:save("doc", 0, "b"))
      assert.equal(2, assert(task:wait()).version)
    end)
    assert.equal("ba", assert(ann:read("doc")).content)
    assert.equal("bob", assert(ann:read("doc", 1)).author)
  end)

  it("are read and stored again when connections break", function()
    assert(ann:save("doc", 0, "one"))
    faults:add({ operation = "Query", reset = true })
    faults:add({ operation = "Query", cut_body = true })
    faults:add({ operation = "PutItem", reset = true })
    assert(ann:change("doc", add(", two")))
    assert.equal("one, two", assert(ann:read("doc")).content)
  end)

  it("give up when other writers are always faster", function()
    local edits = 0
    local item, err = ann:change("doc", function()
      edits = edits + 1
      assert(bob:save("doc", edits - 1, "b"))
      return "a"
    end)
    assert.is_nil(item)
    assert.equal("ConditionalCheckFailedException", err.code)
    assert.equal(10, edits)
  end)
end)
