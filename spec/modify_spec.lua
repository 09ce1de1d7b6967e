-- Writers that know nothing of each other: item:modify in processes of their own.

local helper = dofile("spec/support/helper.lua")

local WRITERS, TIMES = 2, 500

-- The interpreter that runs this: as the environment says, else the first word of the command.
local function interpreter()
  local first = 0
  while arg[first - 1] do first = first - 1 end
  return os.getenv("LUA") or arg[first]
end

-- Starts a process -> a function that waits for it and gives the number it printed.
local function start(script, ...)
  local command = ("LUA_PATH='%s' LUA_CPATH='%s' exec '%s' spec/support/%s '%s'"):format(package.path, package.cpath,
    interpreter(), script, table.concat({ ... }, "' '"))
  local pipe = assert(io.popen(command))
  return function()
    local text = pipe:read("*a")
    pipe:close()
    return assert(tonumber(text), "the process failed: " .. text)
  end
end

describe("modify", function()
  it("counts to 1,000 by two writers at once", function()
    local conn = helper.connect()
    local tbl = helper.create_table(conn)
    assert(tbl:put_item({ id = "counter", counters = { clicks = 0, other = "x" } }))
    local waiting, calls = {}, 0
    for i = 1, WRITERS do waiting[i] = start("modify.lua", tbl.name, "counter", TIMES, WRITERS) end
    for _, wait in ipairs(waiting) do calls = calls + wait() end
    local counters = assert(tbl:get_item({ hash_key = "counter", consistent_read = true })).counters
    assert.are.same({ clicks = WRITERS * TIMES, other = "x" }, { clicks = counters.clicks, other = counters.other })
    assert.is_true(calls > WRITERS * TIMES, "the writers never met")
    assert(tbl:delete())
    conn:close()
  end)
end)
