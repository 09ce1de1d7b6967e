-- Faults on a real socket, each in one response and in every response: a temporary fault is survived, a permanent one ends in an
-- error within the deadline, and nothing wrong is ever a result. spec/vectors/faults.lua has them.

local unpack = table.unpack or unpack -- luacheck: ignore 113 143

local canned = dofile("spec/support/scripted_server.lua")
local curl = require("dynamodb.transport.curl")
local helper = dofile("spec/support/helper.lua")
local process = dofile("spec/support/child_process.lua")
local system = require("dynamodb.base.system")
local vectors = dofile("spec/vectors/faults.lua")

local ATTEMPTS = 4
local SLOW = 0.15 -- seconds of attempt_timeout where a fault lasts as long
local DEADLINE = 30 -- seconds; of what is slow, a little less than three attempts
local LATE = 5 -- seconds of tolerance on a busy machine
local GROWTH = 192 * 1024 -- kilobytes: the ceiling of a response, 128 MB, and garbage not yet collected

local wait, truth, again = { wait = "request" }, { send = vectors.truth }, { again = true }

local function append(list, ...)
  for _, steps in ipairs({ ... }) do
    for _, step in ipairs(steps) do list[#list + 1] = step end
  end
  return list
end

-- What happens to successive requests: the fault, so many times, then a correct response.
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
  local conn = canned.connect(server, { compression = fault.compressed, attempt_timeout = attempt_timeout or 5,
    deadline = deadline })
  if fault.warm then assert.same({ Item = vectors.item }, conn:call("GetItem", KEY)) end
  if fault.warm then curl.sleep(0.02) end
  local started, before = curl.now(), conn:stats().attempts
  local result, err = conn:call(name, fault.large and with(params, LARGE) or params)
  local outcome = { result = result, err = err, seconds = curl.now() - started, attempts = conn:stats().attempts - before }
  conn:close()
  return outcome
end

describe("a fault", function()
  local random = system.random
  local of_once, of_always, of_updates = {}, {}, {}

  -- One process runs all servers: for each fault one that has it once, another one for updates, and one that always has it.
  setup(function()
    system.random = function() return 0 end -- no pause between attempts
    local scripts = {}
    for _, fault in ipairs(vectors.faults) do append(scripts, { once(fault), once(fault), always(fault) }) end
    local servers = canned.start_all(scripts)
    for i in ipairs(vectors.faults) do
      of_once[i], of_updates[i], of_always[i] = servers[3 * i - 2], servers[3 * i - 1], servers[3 * i]
    end
  end)
  teardown(function()
    system.random = random
    canned.stop()
  end)

  for i, fault in ipairs(vectors.faults) do
    local patience = fault.slow == true and SLOW or fault.slow
    it(("that is met once is survived: %s"):format(fault.name), function()
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
      it(("that stays ends in an error, and in time: %s"):format(fault.name), function()
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
        local arrived = #of_always[i].requests() -- of an abandoned connection, perhaps not the last one
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

      it(("never makes an update happen twice: %s"):format(fault.name), function()
        local found = call(of_updates[i], fault, patience, DEADLINE, "UpdateItem", ADD)
        if fault.early then -- what was not sent as a whole may be sent again
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

  -- In a separate process, whose memory is not that of all specs.
  describe("that is after memory", function()
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
        it("gets no more than the ceiling of one response, in all attempts: " .. fault.name, function()
          local found = outcomes[fault.name]
          assert.is_true(is_one_of(found.kind, fault.kind), found.kind)
          assert.equal(2, found.attempts)
          assert.is_true(helper.sanitized() or found.grown < GROWTH, found.grown .. " kB")
        end)
      end
    end
  end)
end)
