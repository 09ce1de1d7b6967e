-- Concurrent item:modify from separate processes.

local helper = dofile("spec/support/helper.lua")
local process = dofile("spec/support/child_process.lua")

local WRITERS, TIMES = 2, 500

describe("modify", function()
  it("counts to 1,000 by two writers at once", function()
    local conn = helper.connect()
    local tbl = helper.create_table(conn)
    assert(tbl:put_item({ id = "counter", counters = { clicks = 0, other = "x" } }))
    local waiting, calls = {}, 0
    for i = 1, WRITERS do waiting[i] = process.start("modify_process.lua", tbl.name, "counter", TIMES, WRITERS) end
    for _, wait in ipairs(waiting) do calls = calls + assert(tonumber((wait()))) end
    local counters = assert(tbl:get_item({ hash_key = "counter", consistent_read = true })).counters
    assert.are.same({ clicks = WRITERS * TIMES, other = "x" }, { clicks = counters.clicks, other = counters.other })
    assert.is_true(calls > WRITERS * TIMES, "the writers never met")
    assert(tbl:delete())
    conn:close()
  end)
end)
