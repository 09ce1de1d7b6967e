-- Calls that a connection keeps for those that follow.

local calls = require("dynamodb.request.calls")
local core = require("dynamodb.core")
local helper = dofile("spec/support/helper.lua")

local function new_state()
  return { closed = false, running = { spare = {}, spare_count = 0 } }
end

-- Takes a call that has sent so many requests.
local function taken(state, requests)
  local call = calls.take(state)
  call.requests, call.params, call.owner, call.options = requests or 1, { a = 1 }, {}, {}
  return call
end

describe("calls", function()
  -- { options, deadline of a call that started at 100, the deadline in the message }
  for _, case in ipairs({
    { {}, 115, " of 15 s" },
    { { deadline = 2 }, 102, " of 2 s" },
    { { deadline_at = 101.3, shared_deadline = 30 }, 101.3, " of 30 s" },
    { { deadline_at = 99, shared_deadline = 30 }, 99, " of 30 s" },
    { { deadline_at = 101.3 }, 101.3, "" },
    { { deadline_at = 130, shared_deadline = 60 }, 115, " of 15 s" },
  }) do
    it(("tell the deadline%s that has passed, as the caller gave it"):format(case[3]), function()
      local call = { options = case[1], started = 100, deadline = case[2] }
      assert.equal("slow; the deadline" .. case[3] .. " has passed", calls.late_message(call, "slow"))
      assert.is_true(call.is_late)
    end)
  end

  it("are kept after a plain success, without what the user gave", function()
    local state = new_state()
    local call = taken(state)
    local params = setmetatable({ call.params, call.owner, call.options }, { __mode = "v" })
    calls.keep(call, {})
    helper.collect()
    assert.is_nil(next(params))
    assert.equal(call, calls.take(state))
    assert.not_equal(call, calls.take(state))
  end)

  it("are not kept when they may have more fields than others", function()
    for _, change in ipairs({ { requests = 2 }, { overrides = {} }, { wrapped_name = "PutItem" } }) do
      local state = new_state()
      local call = taken(state)
      for name, value in pairs(change) do call[name] = value end
      calls.keep(call, {})
      assert.equal(0, state.running.spare_count)
    end
    local state = new_state()
    calls.keep(taken(state), nil)
    assert.equal(0, state.running.spare_count)
  end)

  it("are kept up to a number", function()
    local state, list = new_state(), {}
    for i = 1, 100 do list[i] = taken(state) end
    for _, call in ipairs(list) do calls.keep(call, {}) end
    assert.equal(64, state.running.spare_count)
  end)

  it("overwrite their bytes when the connection was closed meanwhile", function()
    local state = new_state()
    local call = taken(state)
    local signer = assert(core.signer("r", "s"))
    assert(signer:credentials("AKID", "secret", "token"))
    assert(call.request:sign(signer, "h", "/", "T", 0, 1, 1, 4))
    state.closed = true
    calls.keep(call, {})
    assert.equal("", call.request:bytes())
    assert.equal(0, state.running.spare_count)
  end)

  it("of one connection are as many as run at once", function()
    local connection = helper.connect()
    for _ = 1, 5 do assert(connection:list_tables()) end
    assert.equal(1, core.connection_state(connection).running.spare_count)
    local _, errs = require("dynamodb").gather({ function() return connection:list_tables() end,
      function() return connection:list_tables() end })
    assert.is_nil(errs)
    assert.equal(2, core.connection_state(connection).running.spare_count)
    connection:close()
  end)
end)
