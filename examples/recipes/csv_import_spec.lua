-- Tests of the import, by the testing kit. Run them with: busted examples/recipes/csv_import_spec.lua

local csv_import = dofile("examples/recipes/csv_import.lua")
local testing = require("dynamodb.testing")

describe("the import", function()
  local server, clock, faults, conn, tbl, path

  setup(function() server = testing.server() end)

  before_each(function()
    clock = testing.clock()
    faults = testing.faults(clock.transport)
    conn = server:connect({ transport = faults.transport })
    tbl = testing.table(conn)
    path = os.tmpname()
  end)

  after_each(function()
    conn:close()
    os.remove(path)
    os.remove(path .. ".state")
  end)

  local function write(text)
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
  end

  local function convert(record)
    if record.id == "" then return nil, "no id" end
    return { id = record.id, text = record.text, n = tonumber(record.n) }
  end

  -- Writes a file with this many records.
  local function write_records(count)
    local lines = { "id,text,n" }
    for i = 1, count do lines[#lines + 1] = ("id%d,text %d,%d"):format(i, i, i) end
    write(table.concat(lines, "\n") .. "\n")
  end

  local function has_state()
    local file = io.open(path .. ".state")
    if file then file:close() end
    return file ~= nil
  end

  it("reads quotes, commas and line breaks within quotes, and empty fields", function()
    write('id,text,n\r\na,"one, ""two""\nthree",1\r\nb,,\r\n"c","",3')
    local state = assert(csv_import.run(tbl, path, convert))
    assert.same({ 3, 0 }, { state.rows, state.rejected })
    assert.stored(tbl, "a", { id = "a", text = 'one, "two"\nthree', n = 1 })
    assert.stored(tbl, "b", { id = "b", text = "" })
    assert.stored(tbl, "c", { id = "c", text = "", n = 3 })
    assert.is_false(has_state())
  end)

  it("rejects records whose quotes or commas are wrong, and leaves nothing of them out", function()
    write('id,text,n\na,"one"two,1\nb,one,2,3\nc,5" x\nd,6" y\ne,"five ""inches""",3\n')
    local numbers = {}
    local state = assert(csv_import.run(tbl, path, convert, { on_rejected = function(number, why)
      assert.equal("its quotes or commas are wrong", why)
      numbers[#numbers + 1] = number
    end }))
    assert.same({ 1, 2, 3 }, numbers) -- the third one ends where the quotes do
    assert.same({ 4, 3 }, { state.rows, state.rejected })
    assert.stored(tbl, "e", { id = "e", text = 'five "inches"', n = 3 })
  end)

  it("refuses a state that it has not saved", function()
    write_records(3)
    for _, text in ipairs({ "", "5", "null", "[]" }) do
      local file = assert(io.open(path .. ".state", "wb"))
      file:write(text)
      file:close()
      assert.error_matches(function() csv_import.run(tbl, path, convert) end, "the file is not that of ")
    end
  end)

  it("imports nothing from an empty file", function()
    write("")
    assert.equal(0, assert(csv_import.run(tbl, path, convert)).rows)
    write("id,text,n\n")
    assert.equal(0, assert(csv_import.run(tbl, path, convert)).rows)
  end)

  it("tells which records it rejects, and the progress", function()
    write("id,text,n\na,,1\n,,2\nc,,3\n,,4\n,,5\n")
    local rejected, offsets = {}, {}
    local state = assert(csv_import.run(tbl, path, convert, { chunk = 2,
      on_rejected = function(number, why) rejected[#rejected + 1] = number .. " " .. why end,
      on_progress = function(so_far) offsets[#offsets + 1] = so_far.offset end }))
    assert.same({ "2 no id", "4 no id", "5 no id" }, rejected)
    assert.same({ 19, 28, 32 }, offsets)
    assert.same({ 5, 3, 32 }, { state.rows, state.rejected, state.size })
    assert.equal(2, (tbl:count()))
  end)

  it("goes on where it stopped", function()
    write_records(200)
    faults:add({ operation = "BatchWriteItem", after = 5, error = { code = "AccessDeniedException" } })
    local state, err = csv_import.run(tbl, path, convert, { chunk = 50 })
    assert.is_nil(state)
    assert.equal("AccessDeniedException", err.code)
    assert.is_true(has_state())
    local before = faults:count("BatchWriteItem")
    state = assert(csv_import.run(tbl, path, convert, { chunk = 50 }))
    assert.equal(4, faults:count("BatchWriteItem") - before) -- of the 100 records that were left
    assert.same({ 200, 0 }, { state.rows, state.rejected })
    assert.equal(200, (tbl:count()))
    assert.is_false(has_state())
  end)

  it("does not go on in a file that has changed", function()
    write_records(60)
    faults:add({ operation = "BatchWriteItem", after = 1, error = { code = "AccessDeniedException" } })
    assert.is_nil((csv_import.run(tbl, path, convert, { chunk = 20 })))
    write_records(61)
    assert.error_matches(function() csv_import.run(tbl, path, convert, { chunk = 20 }) end,
      "the file is not that of " .. path, 1, true)
  end)

  it("sends again what the service did not process, was too busy for, or did not confirm", function()
    write_records(100)
    faults:add({ operation = "BatchWriteItem", unprocessed = true, times = 2 })
    faults:add({ operation = "BatchWriteItem", throttle = true })
    faults:add({ operation = "BatchWriteItem", status = 500 })
    faults:add({ operation = "BatchWriteItem", lost_response = true })
    local state = assert(csv_import.run(tbl, path, convert))
    assert.equal(100, state.rows)
    assert.equal(100, (tbl:count()))
    assert.is_true(faults:count("BatchWriteItem") >= 4 + 5)
  end)

  it("says so when the last quote is not closed", function()
    write('id,text,n\na,"one,1\n')
    assert.error_matches(function() csv_import.run(tbl, path, convert) end,
      "the last quote is not closed", 1, true)
  end)
end)
