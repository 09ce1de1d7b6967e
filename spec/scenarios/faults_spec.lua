-- The faults of spec/vectors/faults.lua on a real socket, in one response and in every response. A call survives a temporary
-- fault, ends in an error before the deadline at a permanent one, and never returns a wrong result.

local unpack = table.unpack or unpack -- luacheck: ignore 113 143

local scripted = dofile("spec/support/scripted_server.lua")
local curl = require("dynamodb.transport.curl")
local helper = dofile("spec/support/helper.lua")
local process = dofile("spec/support/child_process.lua")
local system = require("dynamodb.base.system")
local vectors = dofile("spec/vectors/faults.lua")

local ATTEMPTS = 4
local SLOW = 0.15 -- seconds; attempt_timeout for slow faults
local DEADLINE = 30 -- seconds; slow faults use a little less than three attempts
local LATE = 5 -- seconds of tolerance on a busy machine
local GROWTH = 192 * 1024 -- kilobytes; the limit of a response, 128 MB, and garbage that is not yet collected

local wait, truth, again = { wait = "request" }, { send = vectors.truth }, { again = true }

local function append(list, ...)
  for _, steps in ipairs({ ... }) do
    for _, step in ipairs(steps) do list[#list + 1] = step end
  end
  return list
end

-- Steps for successive requests: the fault the given number of times, then a correct response.
local function meeting(fault, times)
  local steps = {}
  if fault.warm then append(steps, { wait, truth }, fault.steps) end
  for i = 1, fault.warm and 0 or times do
    append(steps, fault.early and {} or { wait }, i > 1 and fault.second or fault.steps)
  end
  return steps
end

local function once(fault)
  local steps = meeting(fault, (fault.attempts or 2) - 1)
  for _ = 1, ATTEMPTS do append(steps, { wait, truth }) end
  return { connections = { steps }, rest = { wait, truth, again } }
end

local function always(fault)
  if fault.early then return { connections = {}, rest = fault.steps } end
  return { connections = {}, rest = append(meeting(fault, fault.second and ATTEMPTS or 1), { again }) }
end

local KEY = { TableName = "t", Key = { id = "a" } }

local with = require("dynamodb.base.options").merge

local ADD = with(KEY, { UpdateExpression = "ADD n :n", ExpressionAttributeValues = { [":n"] = 1 } })
local LARGE = { Extra = ("x"):rep(4e6) }

local function is_one_of(value, expected)
  for _, each in ipairs(type(expected) == "table" and expected or { expected }) do
    if value == each then return true end
  end
  return false
end

-- Makes a call -> its outcome.
local function call(server, fault, attempt_timeout, deadline, name, params)
  local conn = scripted.connect(server, { compression = fault.compressed, attempt_timeout = attempt_timeout or 5,
    deadline = deadline })
  if fault.warm then assert.same({ Item = vectors.item }, conn:call("GetItem", KEY)) end
  if fault.warm then curl.sleep(0.1) end
  local started, before = curl.now(), conn:stats().attempts
  local result, err = conn:call(name, fault.large and with(params, LARGE) or params)
  local outcome = { result = result, err = err, seconds = curl.now() - started, attempts = conn:stats().attempts - before }
  conn:close()
  return outcome
end

describe("a fault", function()
  local random = system.random
  local of_once, of_always, of_updates = {}, {}, {}

  -- One process runs all servers. Each fault has three: two with the fault once, of which one is for updates, and one with the
  -- fault in every response.
  setup(function()
    system.random = function() return 0 end -- no delay between attempts
    local scripts = {}
    for _, fault in ipairs(vectors.faults) do append(scripts, { once(fault), once(fault), always(fault) }) end
    local servers = scripted.start_all(scripts)
    for i in ipairs(vectors.faults) do
      of_once[i], of_updates[i], of_always[i] = servers[3 * i - 2], servers[3 * i - 1], servers[3 * i]
    end
  end)
  teardown(function()
    system.random = random
    scripted.stop()
  end)

  for i, fault in ipairs(vectors.faults) do
    local patience = fault.slow == true and SLOW or fault.slow
    it(("that occurs once is survived: %s"):format(fault.name), function()
      local found = call(of_once[i], fault, patience, DEADLINE, "GetItem", KEY)
      if fault.permanent then
        assert.is_nil(found.result)
        assert.equal(1, found.attempts)
        return
      end
      assert.same({ Item = vectors.item }, found.result, tostring(found.err))
      assert.is_true(found.seconds >= (fault.seconds or 0), found.seconds .. " s")
      if not fault.slow then assert.equal(fault.warm and 1 or fault.attempts or 2, found.attempts) end
    end)

    if not fault.warm and not fault.greedy then
      it(("that persists ends in an error before the deadline: %s"):format(fault.name), function()
        local longest = patience and math.min(patience, 0.5)
        local deadline = longest and 2.7 * longest or DEADLINE
        local found = call(of_always[i], fault, longest, deadline, "GetItem", KEY)
        local err = found.err
        assert.is_nil(found.result)
        assert.is_true(is_one_of(err.kind, fault.kind or "network"), tostring(err))
        assert.equal(fault.code, err.code)
        assert.is_true(found.seconds < deadline + LATE, found.seconds .. " s")
        assert.is_true(math.abs(found.seconds - err.elapsed) < LATE / 2)
        assert.is_false(err.ambiguous)
        assert.equal(found.attempts, err.attempts)
        local arrived = #of_always[i].requests() -- the last request on an abandoned connection may be missing
        assert.is_true(arrived <= err.attempts and (fault.early or fault.slow or arrived == err.attempts))
        if fault.permanent then
          assert.same({ 1, "permanent" }, { err.attempts, err.retry_stopped })
        elseif fault.slow then
          assert.is_true(is_one_of(err.retry_stopped, { "attempts", "deadline" }), err.retry_stopped)
          assert.is_true(err.attempts > 1)
        else
          assert.same({ ATTEMPTS, "attempts" }, { err.attempts, err.retry_stopped })
        end
      end)

      it(("never applies an update twice: %s"):format(fault.name), function()
        local found = call(of_updates[i], fault, patience, DEADLINE, "UpdateItem", ADD)
        if fault.early then -- an incomplete request may be repeated
          assert.is_true(found.result ~= nil or found.err.ambiguous)
        elseif fault.refused then
          assert.is_table(found.result)
        else
          assert.equal(1, found.attempts)
          assert.equal(fault.done, found.result and true)
          assert.equal(not fault.done and not fault.undone or nil, found.err and found.err.ambiguous or nil)
        end
      end)
    end
  end

  -- These run in a separate process, whose memory does not include that of other specs.
  describe("that tries to exhaust memory", function()
    local outcomes = {}
    setup(function()
      local arguments, names = {}, {}
      for i, fault in ipairs(vectors.faults) do
        if fault.greedy then
          append(arguments, { of_always[i].endpoint_url, fault.compressed and "gzip" or "plain" })
          names[#names + 1] = fault.name
        end
      end
      local text = process.start("memory_growth_process.lua", unpack(arguments))()
      for kind, attempts, grown in text:gmatch("(%l+) (%d+) (%d+)\n") do
        outcomes[table.remove(names, 1)] = { kind = kind, attempts = tonumber(attempts), grown = tonumber(grown) }
      end
    end)

    for _, fault in ipairs(vectors.faults) do
      if fault.greedy then
        it("uses at most the limit of one response in all attempts: " .. fault.name, function()
          local found = outcomes[fault.name]
          assert.is_true(is_one_of(found.kind, fault.kind), found.kind)
          assert.equal(2, found.attempts)
          assert.is_true(helper.sanitized() or found.grown < GROWTH, found.grown .. " kB")
        end)
      end
    end
  end)
end)
