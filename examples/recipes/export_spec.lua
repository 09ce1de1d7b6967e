-- Tests of the export, by the testing kit. Run them with: busted examples/recipes/export_spec.lua

local dynamodb = require("dynamodb")
local export = dofile("examples/recipes/export.lua")
local testing = require("dynamodb.testing")

describe("the export", function()
  local server, clock, faults, conn, tbl, prefix, items

  setup(function() server = testing.server() end)

  before_each(function()
    clock = testing.clock()
    faults = testing.faults(clock.transport)
    conn = server:connect({ transport = faults.transport })
    tbl = testing.table(conn)
    prefix = os.tmpname()
    items = {}
    for i = 1, 100 do
      items[i] = { id = "id" .. i, n = i, big = dynamodb.number("1" .. ("0"):rep(30) .. i) }
    end
    testing.load(tbl, items)
  end)

  local function part(number) return ("%s-%04d.jsonl"):format(prefix, number) end

  local function exists(path)
    local file = io.open(path)
    if file then file:close() end
    return file ~= nil
  end

  after_each(function()
    conn:close()
    for number = 1, 9 do os.remove(part(number)) end
    os.remove(prefix)
    os.remove(prefix .. ".state")
  end)

  -- Loads the files into another table, and checks that it has the same items.
  local function check(parts)
    local copy, count = testing.table(conn, { name = "copy" }), 0
    for number = 1, parts do count = count + testing.load(copy, part(number)) end
    assert.equal(#items, count) -- none twice
    for _, item in ipairs(items) do assert.stored(copy, item.id, item) end
    assert.is_false(exists(part(parts + 1)))
    assert.is_false(exists(prefix .. ".state"))
  end

  it("has each item once, with all digits", function()
    assert.equal(100, export.run(tbl, prefix))
    check(1)
  end)

  it("refuses a state that it has not saved", function()
    for _, text in ipairs({ "", "5", "null", "[]" }) do
      local file = assert(io.open(prefix .. ".state", "wb"))
      file:write(text)
      file:close()
      assert.error_matches(function() export.run(tbl, prefix) end, "no state of an export: ")
    end
    os.remove(prefix .. ".state")
  end)

  it("is split into files, and tells the progress", function()
    local progress = {}
    assert.equal(100, export.run(tbl, prefix, { part = 30, page = 7,
      on_progress = function(count) progress[#progress + 1] = count end }))
    assert.same({ 30, 60, 90, 100 }, progress)
    check(4)
  end)

  it("ends when the last file is full", function()
    assert.equal(100, export.run(tbl, prefix, { part = 50 }))
    check(2)
  end)

  it("goes on where it stopped, and has each item once", function()
    faults:add({ operation = "Scan", after = 8, error = { code = "AccessDeniedException" } })
    local count, err = export.run(tbl, prefix, { part = 10, page = 7, segments = 3 })
    assert.is_nil(count)
    assert.equal("AccessDeniedException", err.code)
    assert.is_true(exists(part(1)))
    assert.equal(100, export.run(tbl, prefix, { part = 30, page = 7 }))
    local parts = 1
    while exists(part(parts + 1)) do parts = parts + 1 end
    check(parts)
  end)

  it("reads again what arrives damaged, cut or not at all", function()
    faults:add({ operation = "Scan", wrong_checksum = true })
    faults:add({ operation = "Scan", cut_body = true })
    faults:add({ operation = "Scan", reset = true })
    faults:add({ operation = "Scan", throttle = true })
    faults:add({ operation = "Scan", lost_response = true })
    assert.equal(100, export.run(tbl, prefix, { page = 7 }))
    check(1)
  end)
end)
