-- Retry policies, by the vectors of spec/vectors/retry.lua: classes of errors, delays, token bucket, adaptive mode.
local retry = require("dynamodb.request.retry")
local vectors = dofile("spec/vectors/retry.lua")

-- Describes the error object of a vector in words.
local function title(err)
  local reasons = {}
  for i, reason in ipairs(err.reasons or {}) do reasons[i] = reason.code or reason.Code or "?" end
  return table.concat({ err.kind, err.code or "", err.status or "", table.concat(reasons, ",") }, " ")
end

-- Returns a source of the script's random numbers that counts the draws.
local function draws(random)
  local drawn = { count = 0 }
  function drawn.random()
    drawn.count = drawn.count + 1
    return type(random) == "table" and random[drawn.count] or assert(random, "nothing is to be drawn")
  end
  return drawn
end

local function policy_of(given, random, now)
  given = given or {}
  return retry.new({ mode = given.mode, max_attempts = given.max_attempts, random = random, now = now })
end

describe("retry.classify", function()
  for i, row in ipairs(vectors.classes) do
    it(("classifies %d, %s, as %s"):format(i, title(row[1]), row[2] or "permanent"), function()
      assert.equal(row[2] or nil, retry.classify(row[1]))
    end)
  end
end)

describe("a retry policy", function()
  for _, script in ipairs(vectors.scripts) do
    it("plans for " .. script.name, function()
      local drawn = draws(script.random)
      local policy = policy_of(script.policy, drawn.random)
      assert.equal(500, policy.tokens)
      policy.tokens = script.tokens or 500
      local attempt, cost, retries = 1, nil, 0
      for number, step in ipairs(script) do
        local where = "step " .. number
        assert.equal(0, policy:before(nil, script.call), where)
        local delay, second
        if step.ok then
          policy:succeed(cost, script.call)
        else
          delay, second = policy:plan(attempt, step[1], script.call, step.corrected)
        end
        if step.delay then
          assert.near(step.delay, delay, 1e-12, where)
          retries = retries + (step.corrected and 0 or 1)
          attempt, cost = attempt + 1, second
        else
          assert.is_nil(delay, where)
          assert.equal(step.stop, second, where)
          attempt, cost = 1, nil
        end
        assert.equal(step.tokens, policy.tokens, where)
      end
      assert.equal(retries, drawn.count)
    end)
  end

  it("shares its tokens among calls that run concurrently", function()
    local policy = policy_of(nil, function() return 0.5 end)
    local broken, busy = { kind = "network" }, { kind = "service", status = 429 }
    local _, first = policy:plan(1, broken)
    local _, second = policy:plan(1, busy)
    assert.equal(481, policy.tokens)
    policy:succeed(first)
    assert.equal(495, policy.tokens)
    policy:succeed(second)
    assert.equal(500, policy.tokens)
  end)

  it("allows 35 retries while a service is down, then none", function()
    local policy = policy_of({ max_attempts = 2 }, function() return 0.5 end)
    local down, retries = { kind = "network" }, 0
    while policy:plan(1, down) do retries = retries + 1 end
    assert.equal(35, retries) -- 500 / 14
    assert.same({ nil, "quota" }, { policy:plan(1, down) })
  end)
end)

describe("an adaptive policy", function()
  local busy, refused = { kind = "service", status = 429 }, { kind = "service", status = 400 }

  -- Runs a script. 'finish' ends each attempt that is not throttled.
  local function run(script, policy, clock, finish, call)
    for number, step in ipairs(script) do
      local where = "step " .. number
      clock.now = step.at
      if step.wait ~= nil then
        local wait = policy:before(step.longest, call)
        if step.wait then assert.near(step.wait, wait, 1e-9, where) else assert.is_nil(wait, where) end
      else
        if step.throttled then policy:plan(4, busy, call) else finish(policy, call) end
        assert.near(step.measured, policy.limiter.measured, 5e-7, where)
        assert.near(step.rate, policy.limiter.rate, 5e-7, where)
      end
    end
  end

  local function with_clock(given)
    local clock = { now = 0 }
    return policy_of(given, function() return 0.5 end, function() return clock.now end), clock
  end

  local endings = {
    ["success"] = function(policy, call) policy:succeed(nil, call) end,
    ["failure of another kind"] = function(policy, call) policy:plan(1, refused, call) end,
  }
  for ending, finish in pairs(endings) do
    for _, script in ipairs(vectors.adaptive) do
      it(("follows %s, with attempts that end in a %s"):format(script.name, ending), function()
        local policy, clock = with_clock({ mode = "adaptive" })
        run(script, policy, clock, finish)
      end)
    end
  end

  it("may be selected by a call", function()
    local policy, clock = with_clock()
    run(vectors.adaptive[1], policy, clock, endings.success, { mode = "adaptive" })
    assert.equal(0, policy:before())
    local measured = policy.limiter.measured
    policy:succeed()
    policy:plan(1, busy)
    assert.equal(measured, policy.limiter.measured)
  end)

  it("does not hold back calls in another mode", function()
    local policy = with_clock({ mode = "adaptive" })
    policy:plan(4, busy)
    assert.equal(2, policy:before())
    assert.equal(0, policy:before(nil, { mode = "standard" }))
    assert.equal(0, policy:before(nil, { mode = "off" }))
  end)

  it("has the delays, attempts and tokens of the standard mode", function()
    local policy = with_clock({ mode = "adaptive" })
    assert.same({ 0.5, 5 }, { policy:plan(1, busy) })
    assert.same({ 1, 5 }, { policy:plan(2, busy) })
    assert.equal(490, policy.tokens)
    assert.same({ nil, "attempts" }, { policy:plan(4, busy) })
    policy.tokens = 4
    assert.same({ nil, "quota" }, { policy:plan(1, busy) })
    assert.same({ nil, "permanent" }, { policy:plan(1, refused) })
  end)
end)

-- The flags in spec/vectors/errors.lua agree with the retry classes.
describe("retry.classify and the vectors of errors", function()
  for _, case in ipairs(dofile("spec/vectors/errors.lua")) do
    it("agree about " .. case.name, function()
      local class = retry.classify({ kind = case.kind or "service", code = case.code or nil, status = case.status or 400,
        reasons = case.reasons })
      assert.equal(case.retryable or false, class ~= nil)
      assert.equal(case.throttled or false, class == "throttling")
    end)
  end
end)
