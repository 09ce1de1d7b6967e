-- tbl:loader: keys of many tasks in one request, errors and cancellations of single callers.

local dynamodb = require("dynamodb")
local fixture = dofile("spec/support/table_fixture.lua")
local helper = dofile("spec/support/helper.lua")
local testing = require("dynamodb.testing")

local raises = fixture.raises_in("loader_spec.lua")
local loop = dynamodb.loop

describe("a loader", function()
  local conn, sent, tbl, ranged

  setup(function()
    conn, sent, tbl, ranged = fixture.open(helper.HASH, helper.HASH_RANGE)
    local puts = {}
    for i = 1, 150 do puts[i] = { id = "k" .. i, n = i, list = { 1, dynamodb.set({ "a" }) } } end
    assert(tbl:batch_write({ put = puts }))
    assert(ranged:put_item({ id = "a", at = 1, n = 1, m = 2 }))
  end)
  teardown(function() fixture.close(conn, tbl, ranged) end)

  -- Calls f(i) in so many tasks -> number of requests.
  local function in_tasks(count, f)
    return sent.count(function()
      loop.run(function()
        for i = 1, count do loop.spawn(f, i) end
      end)
    end)
  end

  local function keys_of(body) return body.RequestItems[tbl.name].Keys end

  it("reads 64 keys of 64 tasks by one request", function()
    local loader, got = tbl:loader(), {}
    assert.equal(1, in_tasks(64, function(i) got[i] = assert(loader:get("k" .. i)) end))
    for i = 1, 64 do
      assert.equal(i, got[i].n)
      assert.equal("dynamodb.item", require("dynamodb.core").typename(got[i]))
    end
    assert.equal(64, #keys_of(sent.last()))
  end)

  it("asks for equal keys once, and no caller shares its item", function()
    local loader, got = tbl:loader(), {}
    assert.equal(1, in_tasks(30, function(i)
      local item = assert(loader:get("k" .. i % 3 + 1))
      assert.equal(i % 3 + 1, item.n)
      assert.is_nil(item:changes())
      item.n = -i
      item.list[1] = i
      item.list[2]:add("b")
      got[i] = item
    end))
    assert.equal(3, #keys_of(sent.last()))
    for i = 1, 30 do
      assert.same({ -i, i }, { got[i].n, got[i].list[1] })
      assert.is_table(got[i]:changes())
    end
    assert.same({ "a" }, assert(tbl:get_item("k1")).list[2]:values())
  end)

  it("returns nil without an error for a key that has no item", function()
    local loader, results = tbl:loader(), {}
    in_tasks(2, function(i) results[i] = { n = 2, loader:get(i == 1 and "none" or "k1") } end)
    assert.same({ n = 2 }, results[1])
    assert.equal(1, results[2][1].n)
  end)

  it("sends more requests for more keys, as many as 'max' says", function()
    local loader = tbl:loader()
    assert.equal(2, in_tasks(150, function(i) assert.equal(i, assert(loader:get("k" .. i)).n) end))
    loader = tbl:loader({ max = 10 })
    assert.equal(3, in_tasks(25, function(i) assert.equal(i, assert(loader:get("k" .. i)).n) end))
    loader = tbl:loader({ max = 1 })
    assert.equal(4, in_tasks(4, function(i) assert.equal(i, assert(loader:get("k" .. i)).n) end))
  end)

  it("begins a new request with each turn", function()
    local loader = tbl:loader()
    assert.equal(3, in_tasks(1, function()
      for i = 1, 3 do
        local task = loop.spawn(function() return loader:get("k" .. i) end)
        assert.equal(i, task:wait().n)
      end
    end))
  end)

  it("collects the keys of several turns with 'wait'", function()
    local loader = tbl:loader({ wait = 30, max = 3 })
    assert.equal(1, in_tasks(3, function(i)
      loop.sleep(0.05 * i)
      assert.equal(i, assert(loader:get("k" .. i)).n)
    end))
    loader = tbl:loader({ wait = 0.2 })
    local start = sent.now()
    assert.equal(1, in_tasks(2, function(i) assert(loader:get("k" .. i)) end))
    assert.is_true(sent.now() - start >= 0.2)
  end)

  it("sends at once when it is full, though it would wait longer", function()
    local loader, start = tbl:loader({ wait = 60, max = 5 }), sent.now()
    assert.equal(1, in_tasks(5, function(i) assert(loader:get("k" .. i)) end))
    assert.is_true(sent.now() - start < 30)
  end)

  it("sends at once outside of tasks", function()
    local loader = tbl:loader({ wait = 60 })
    assert.equal(2, sent.count(function()
      assert.equal(1, loader:get("k1").n)
      assert.is_nil(loader:get("none"))
    end))
    assert.equal(1, #keys_of(sent.last()))
  end)

  it("takes keys as get_item does, and its options apply to all", function()
    local loader = ranged:loader({ consistent_read = true, projection = "n" })
    for _, args in ipairs({ { "a", 1 }, { { hash_key = "a", range_key = 1 } }, { { key = { id = "a", at = 1 } } } }) do
      local item = loader:get(args[1], args[2])
      assert.same({ id = "a", at = 1, n = 1 }, item:totable())
    end
    assert.is_true(sent.last().RequestItems[ranged.name].ConsistentRead)
    raises("get: key attribute 'at' is missing", loader.get, loader, "a")
    raises("get: unknown option 'consistent_read'", loader.get, loader, { hash_key = "a", range_key = 1, consistent_read = true })
    raises("loader: unknown option 'waits': did you mean 'wait'?", tbl.loader, tbl, { waits = 1 })
    raises("loader: option 'max': whole number from 1 to 100 expected, got 101", tbl.loader, tbl, { max = 101 })
    assert.equal("Loader(" .. tbl.name .. ")", tostring(tbl:loader()))
  end)

  describe("whose request fails", function()
    local faults, own
    before_each(function()
      faults = testing.faults()
      own = helper.connect({ transport = faults.transport, endpoint_url = helper.unverified() })
    end)
    after_each(function() own:close() end)

    local function loader_of(given) return own:table(tbl.name, { hash_key = "id" }):loader(given) end

    it("returns an error of his own to each caller", function()
      local loader, errs = own:table("no_such_table", { hash_key = "id" }):loader(), {}
      loop.run(function()
        for i = 1, 5 do
          loop.spawn(function() errs[i] = select(2, loader:get("k" .. i)) end)
        end
      end)
      for i = 1, 5 do
        assert.equal("ResourceNotFoundException", errs[i].code)
        assert.is_nil(errs[i].leftovers)
        assert.matches("loader_spec.lua:%d+", errs[i].where)
        assert.is_true(i == 1 or not rawequal(errs[i], errs[1]))
      end
      assert.equal(1, faults:count("BatchGetItem"))
    end)

    it("sends again what was left over", function()
      faults:add({ operation = "BatchGetItem", unprocessed = 3 })
      faults:add({ operation = "BatchGetItem", throttle = true })
      local loader = loader_of()
      loop.run(function()
        for i = 1, 10 do
          loop.spawn(function() assert.equal(i, assert(loader:get("k" .. i)).n) end)
        end
      end)
    end)

    it("returns the items that were read, and errors for the others", function()
      faults:add({ operation = "BatchGetItem", unprocessed = 3, times = math.huge })
      local loader, found, failed = loader_of({ deadline = 1 }), 0, 0
      loop.run(function()
        for i = 1, 10 do
          loop.spawn(function()
            local item, err = loader:get("k" .. i)
            if item then found = found + 1 end
            if err then
              assert.equal("timeout", err.kind)
              failed = failed + 1
            end
          end)
        end
      end)
      assert.same({ 7, 3 }, { found, failed })
    end)

    for when, rule in pairs({ ["collects"] = { wait = 0.3 }, ["sends"] = { delay = 0.5 } }) do
      it("serves the others when the caller that " .. when .. " is cancelled", function()
        if rule.delay then faults:add({ operation = "BatchGetItem", delay = rule.delay }) end
        local loader, got, tasks, err = loader_of({ wait = rule.wait }), {}, {}, nil
        loop.run(function()
          for i = 1, 5 do
            tasks[i] = loop.spawn(function() got[i] = assert(loader:get("k" .. i)) end)
          end
          loop.sleep(0.1)
          tasks[1]:cancel()
          err = select(2, tasks[1]:wait())
        end)
        assert.equal("Cancelled", err.code)
        assert.is_nil(got[1])
        for i = 2, 5 do assert.equal(i, got[i].n) end
        assert.equal(rule.delay and 2 or 1, faults:count("BatchGetItem"))
      end)
    end

    it("serves the others when one that waits is cancelled", function()
      faults:add({ operation = "BatchGetItem", delay = 0.3 })
      local loader, got, tasks = loader_of(), {}, {}
      loop.run(function()
        for i = 1, 5 do
          tasks[i] = loop.spawn(function() got[i] = assert(loader:get("k" .. i)) end)
        end
        loop.sleep(0.1)
        tasks[3]:cancel()
      end)
      assert.same({ 1, 2, nil, 4, 5 }, { got[1].n, got[2].n, got[3], got[4].n, got[5].n })
      assert.equal(1, faults:count("BatchGetItem"))
    end)

    it("collects no longer than its connection is open", function()
      local loader, start, err = loader_of({ wait = 60 }), faults.transport.now(), nil
      loop.run(function()
        loop.spawn(function() err = select(2, loader:get("k1")) end)
        loop.sleep(0.01)
        own:close()
      end)
      assert.equal("ConnectionClosed", err.code)
      assert.is_true(faults.transport.now() - start < 10)
    end)

    it("ends with its connection", function()
      local loader, errs = loader_of({ wait = 0.2 }), {}
      loop.run(function()
        for i = 1, 3 do
          loop.spawn(function() errs[i] = select(2, loader:get("k" .. i)) end)
        end
        loop.sleep(0.1)
        own:close()
      end)
      for i = 1, 3 do assert.equal("ConnectionClosed", errs[i].code) end
      raises("closed", loader.get, loader, "k1")
    end)
  end)
end)
