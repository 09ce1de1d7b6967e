-- Writes that the server applies but whose responses are lost, because a relay closes the connection instead. No write is
-- applied twice except with "always". No applied write is reported as failed unless the error is ambiguous.

local engines = dofile("spec/support/engines.lua")
local scripted = dofile("spec/support/scripted_server.lua")
local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")
local system = require("dynamodb.base.system")

local WRITES, ALL_LOST = 100, 30

-- {===== Writes =====

local function update(expression, values, condition)
  return function(params)
    params.UpdateExpression, params.ExpressionAttributeValues = expression, values
    params.ConditionExpression = condition
    return "UpdateItem", params
  end
end

local function put(attributes, more)
  return function(params)
    params.Item, params.Key = { id = params.Key.id }, nil
    for name, value in pairs(attributes) do params.Item[name] = value end
    for name, value in pairs(more or {}) do params[name] = value end
    return "PutItem", params
  end
end

local function delete(more)
  return function(params)
    for name, value in pairs(more or {}) do params[name] = value end
    return "DeleteItem", params
  end
end

-- Kinds of writes: the item before, the request, and a function of the item after that returns how often the write was
-- applied. 'same': applying the write twice has the same result. 'safe': with "safe" the call succeeds although its first
-- response is lost.
local kinds = {
  { name = "ADD to a number", before = { n = 0 }, request = update("ADD n :one", { [":one"] = 1 }),
    times = function(item) return item.n end },
  { name = "arithmetic", before = { n = 10 }, request = update("SET n = n - :two", { [":two"] = 2 }),
    times = function(item) return (10 - item.n) / 2 end },
  { name = "list_append", before = { l = dynamodb.list({}) },
    request = update("SET l = list_append(l, :x)", { [":x"] = { "x" } }),
    times = function(item) return #item.l end },
  { name = "a counter that may not be there", before = {},
    request = update("SET n = if_not_exists(n, :none) + :one", { [":none"] = 0, [":one"] = 1 }),
    times = function(item) return item.n or 0 end },
  { name = "the first of a list removed", before = { l = { 1, 2, 3 } }, request = update("REMOVE l[0]"),
    times = function(item) return 3 - #item.l end },
  { name = "ADD under a condition that holds twice", before = { n = 0 },
    request = update("ADD n :one", { [":one"] = 1, [":few"] = 5 }, "n < :few"), times = function(item) return item.n end },
  { name = "ADD under a condition that holds once", before = { n = 0 }, same = true,
    request = update("ADD n :one", { [":one"] = 1, [":none"] = 0 }, "n = :none"),
    times = function(item) return item.n end },
  { name = "SET", before = { v = "old" }, same = true, safe = true, request = update("SET v = :v", { [":v"] = "new" }),
    times = function(item) return item.v == "new" and 1 or 0 end },
  { name = "ADD to a set", before = {}, same = true, safe = true,
    request = update("ADD s :s", { [":s"] = dynamodb.set({ "x" }) }),
    times = function(item) return item.s and 1 or 0 end },
  { name = "SET under a condition", before = { v = "old" }, same = true, safe = true,
    request = update("SET v = :new", { [":old"] = "old", [":new"] = "new" }, "v = :old"),
    times = function(item) return item.v == "new" and 1 or 0 end },
  { name = "a put", before = { v = "old" }, same = true, safe = true, request = put({ v = "new" }),
    times = function(item) return item.v == "new" and 1 or 0 end },
  { name = "a put that must be the first", same = true, safe = true,
    request = put({ v = "new" }, { ConditionExpression = "attribute_not_exists(id)" }),
    times = function(item) return item and 1 or 0 end },
  { name = "a put over what is known", before = { v = "old" }, same = true, safe = true,
    request = put({ v = "new" }, { ConditionExpression = "v = :old", ExpressionAttributeValues = { [":old"] = "old" } }),
    times = function(item) return item.v == "new" and 1 or 0 end },
  { name = "a deletion", before = {}, same = true, safe = true, request = delete(),
    times = function(item) return item and 0 or 1 end },
  { name = "a deletion of what must be there", before = {}, same = true,
    request = delete({ ConditionExpression = "attribute_exists(id)" }),
    times = function(item) return item and 0 or 1 end },
}

-- ===================== }

describe("of writes whose responses are lost", function()
  local random = system.random
  local direct, tbl, relays

  -- Starts a relay to the server that loses the responses to requests containing this text.
  local function relay(lost)
    local host, port = helper.endpoint():match("^http://([^:/]+):(%d+)")
    return { connections = {},
      rest = { { wait = "request" }, { relay = tonumber(port), host = host, lose = lost }, { again = true } } }
  end

  setup(function()
    system.random = function() return 0 end -- no delay between attempts
    direct = helper.connect()
    tbl = helper.create_table(direct)
    relays = scripted.start_all({ relay("amz-sdk-request: attempt=1;"), relay("amz-sdk-request: attempt=") })
  end)
  teardown(function()
    system.random = random
    scripted.stop()
    tbl:delete()
    direct:close()
  end)

  -- Makes the given number of writes, of all kinds in turn -> list of { kind, result, err, times }.
  local function write(count, server, policy)
    local conn = helper.connect({ endpoint_url = server.endpoint_url, retry_writes = policy })
    local outcomes = {}
    for i = 1, count do
      local kind = kinds[(i - 1) % #kinds + 1]
      local id = ("%s %d %d"):format(policy, server.port, i)
      if kind.before then
        local item = { id = id }
        for name, value in pairs(kind.before) do item[name] = value end
        assert(tbl:put_item(item))
      end
      local outcome = { kind = kind, name = ("%s, %d"):format(kind.name, i) }
      outcome.result, outcome.err = conn:call(kind.request({ TableName = tbl.name, Key = { id = id } }))
      outcome.times = kind.times((tbl:get_item({ hash_key = id, consistent_read = true })))
      outcomes[i] = outcome
    end
    conn:close()
    return outcomes
  end

  -- Asserts the invariants of every write.
  local function check_honest(outcomes, count)
    for _, outcome in ipairs(outcomes) do
      assert.equal(1, outcome.times, outcome.name)
      assert.is_true(outcome.result ~= nil or outcome.err.ambiguous, outcome.name .. ": " .. tostring(outcome.err))
    end
    assert.equal(count, #outcomes)
  end

  describe("the first time,", function()
    it('none happens twice under "safe", and what may be sent again succeeds', function()
      engines.need(pending, "failed_items")
      local outcomes = write(WRITES, relays[1], "safe")
      check_honest(outcomes, WRITES)
      for _, outcome in ipairs(outcomes) do
        assert.equal(outcome.kind.safe == true, outcome.result ~= nil, outcome.name .. ": " .. tostring(outcome.err))
      end
    end)

    it('all happen once and succeed under "exact"', function()
      engines.need(pending, "transactions")
      local outcomes = write(WRITES, relays[1], "exact")
      check_honest(outcomes, WRITES)
      for _, outcome in ipairs(outcomes) do assert.is_table(outcome.result, outcome.name .. ": " .. tostring(outcome.err)) end
    end)

    it('many happen twice under "always", as with other clients', function()
      for _, outcome in ipairs(write(#kinds, relays[1], "always")) do
        assert.equal(not outcome.kind.same, outcome.times > 1, outcome.name)
      end
    end)
  end)

  describe("every time,", function()
    for _, policy in ipairs({ "safe", "exact" }) do
      it(('none happens twice or is called failed under "%s"'):format(policy), function()
        if policy == "exact" then engines.need(pending, "transactions") end
        local outcomes = write(ALL_LOST, relays[2], policy)
        check_honest(outcomes, ALL_LOST)
        for _, outcome in ipairs(outcomes) do
          assert.is_nil(outcome.result, outcome.name)
          assert.equal("network", outcome.err.kind)
        end
      end)
    end
  end)
end)
