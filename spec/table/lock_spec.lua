-- tbl:lock: acquisition, takeover, heartbeats and release, with lost responses. Many contenders are in
-- spec/scenarios/locks_spec.lua.

local curl = require("dynamodb.transport.curl")
local dynamodb = require("dynamodb")
local fixture = dofile("spec/support/table_fixture.lua")
local helper = dofile("spec/support/helper.lua")
local testing = require("dynamodb.testing")

local raises = fixture.raises_in("lock_spec.lua")

describe("a lock", function()
  local conn, tbl, pairs_tbl, other, faults
  local next_name = fixture.id_generator("lock")

  setup(function()
    conn = helper.connect()
    tbl, pairs_tbl = helper.create_table(conn), helper.create_table(conn, helper.HASH_RANGE)
  end)
  teardown(function() fixture.close(conn, tbl, pairs_tbl) end)
  before_each(function()
    faults = testing.faults()
    other = helper.connect({ transport = faults.transport, max_attempts = 1 })
      :table(tbl.name, { hash_key = "id" }) -- its requests fail by the script, and are not retried
  end)

  local function stored(name) return assert(tbl:get_item(name, { consistent_read = true })):totable() end

  it("has tokens that rise by one, also after a release", function()
    local name = next_name()
    for expected = 1, 3 do
      local lock = assert(tbl:lock(name))
      assert.equal(expected, lock.token)
      assert.is_true(lock:remaining() > 0 and lock:remaining() <= 20)
      assert.equal(20, stored(name).lock_lease)
      assert.is_true(lock:release())
      assert.is_true(lock:release())
      assert.equal(0, lock:remaining())
      local item = stored(name)
      assert.same({ expected }, { item.lock_token, item.lock_owner, item.lock_lease })
    end
  end)

  it("takes the key of its table, and leaves other attributes alone", function()
    assert(pairs_tbl:put_item({ id = "a", at = 1, n = 5 }))
    local lock = assert(pairs_tbl:lock("a", 1, { lease = 5 }))
    assert.equal("Lock(" .. pairs_tbl.name .. ' { at = 1, id = "a" }, token 1)', tostring(lock))
    assert.equal(1, assert(pairs_tbl:lock({ hash_key = "a", range_key = 2 })).token)
    assert(lock:release())
    assert.equal(5, pairs_tbl:get_item("a", 1).n)
    raises("lock: key attribute 'at' is missing", pairs_tbl.lock, pairs_tbl, "a")
    raises("lock: table has no range key", tbl.lock, tbl, "a", "b")
  end)

  it("checks its options before anything is sent", function()
    local offline = helper.offline(helper.fake()):table("t", { hash_key = "id" })
    raises("lock: option 'lease': positive number of seconds expected, got 0", offline.lock, offline, "a", { lease = 0 })
    raises("lock: option 'wait': number of seconds from 0 expected, got -1", offline.lock, offline, "a", { wait = -1 })
    raises("lock: unknown option 'leese': did you mean 'lease'?", offline.lock, offline, "a", { leese = 1 })
    raises("lock: option 'heartbeat': less than 'lease' (2) expected", offline.lock, offline, "a", { lease = 2, heartbeat = 2 })
    raises("lock: option 'heartbeat': nothing runs beside the caller", offline.lock, offline, "a", { heartbeat = 2 })
  end)

  it("is not acquired while another holder has it", function()
    local name = next_name()
    local lock = assert(tbl:lock(name))
    local start = faults.transport.now()
    local found, err = tbl:lock(name, { wait = 0.3, interval = 0.1 })
    assert.is_true(faults.transport.now() - start >= 0.3)
    assert.is_nil(found)
    assert.same({ "timeout", "LockNotAcquired", tbl.name, true, false },
      { err.kind, err.code, err.table, err.retryable, err.ambiguous })
    assert.equal(lock.token, err.item.lock_token)
    assert.matches("still held after 0.3 s %(.*lock_spec.lua:%d+%)$", tostring(err))
    assert.is_nil((tbl:lock(name, { wait = 0 })))
    assert(lock:release())
    assert.equal(2, assert(tbl:lock(name, { wait = 0 })).token)
  end)

  it("is taken over once a full lease was seen without a change, and not before", function()
    local name = next_name()
    local lock = assert(tbl:lock(name, { lease = 1 }))
    local start = faults.transport.now()
    local heir = assert(tbl:lock(name, { lease = 7, wait = 30 }))
    assert.is_true(faults.transport.now() - start >= 1)
    assert.equal(2, heir.token)
    for _ = 1, 2 do
      local ok, err = lock:heartbeat()
      assert.same({ nil, "service", "LockLost", false }, { ok, err.kind, err.code, err.retryable })
      assert.equal(2, err.item.lock_token)
    end
    assert.equal("LockLost", select(2, lock:release()).code)
    assert.equal(0, lock:remaining())
    assert.equal(7, stored(name).lock_lease)
    assert(heir:release())
  end)

  it("is not taken over while heartbeats come", function()
    local name = next_name()
    dynamodb.loop.run(function()
      local lock = assert(tbl:lock(name, { lease = 3, heartbeat = 0.2 }))
      local found, err = tbl:lock(name, { wait = 4 })
      assert.same({ nil, "LockNotAcquired" }, { found, err.code })
      assert.is_true(lock:remaining() > 0)
      assert(lock:release())
    end)
  end)

  it("needs no clock of others: a lease that was seen to begin late ends late", function()
    local name = next_name()
    assert(tbl:lock(name, { lease = 1 }))
    curl.sleep(1.2) -- it has passed, but this waiter has not seen it pass
    assert.equal("LockNotAcquired", select(2, tbl:lock(name, { wait = 0.5 })).code)
    assert.equal(2, assert(tbl:lock(name, { wait = 10 })).token)
  end)

  it("may be extended after its lease while nothing has acquired it", function()
    local lock = assert(tbl:lock(next_name(), { lease = 0.5 }))
    curl.sleep(0.6)
    assert.equal(0, lock:remaining())
    assert(lock:heartbeat())
    assert.is_true(lock:remaining() > 0)
  end)

  it("is lost when its item was deleted", function()
    local name = next_name()
    local lock = assert(tbl:lock(name))
    assert(tbl:delete_item(name))
    local ok, err = lock:release()
    assert.same({ nil, "LockLost" }, { ok, err.code, err.item })
    raises("lock:heartbeat: attempt to use a released lock", function()
      local released = assert(tbl:lock(next_name()))
      assert(released:release())
      released:heartbeat()
    end)
  end)

  it("refuses an item that has such attributes but is no lock", function()
    for why, item in pairs({ ["lock_token: whole number expected"] = { lock_token = 1.5, lock_version = "v" },
      ["lock_version: text expected"] = { lock_token = 1, lock_version = 1 },
      ["lock_owner: text expected"] = { lock_token = 1, lock_version = "v", lock_owner = 1 },
      ["lock_lease: positive number"] = { lock_token = 1, lock_version = "v", lock_owner = "o" } }) do
      item.id = next_name()
      assert(tbl:put_item(item))
      local lock, err = tbl:lock(item.id)
      assert.same({ nil, "response" }, { lock, err.kind })
      assert.truthy(err.message:find(why, 1, true), err.message)
    end
  end)

  it("returns an error that no waiting cures at once", function()
    local lock, err = conn:table("no_such_table", { hash_key = "id" }):lock("a", { wait = 60 })
    assert.same({ nil, "ResourceNotFoundException" }, { lock, err.code })
  end)

  describe("whose response was lost", function()
    it("is acquired if the claim was applied", function()
      for _, wait in ipairs({ 0, 5 }) do
        faults:add({ operation = "UpdateItem", lost_response = true })
        local lock = assert(other:lock(next_name(), { wait = wait }))
        assert.equal(1, lock.token)
        assert.is_true(lock:remaining() > 0)
        assert(lock:release())
      end
    end)

    it("is acquired if the claim was not applied and there is time", function()
      faults:add({ operation = "UpdateItem", lost_request = true, times = 2 })
      assert.equal(1, assert(other:lock(next_name(), { wait = 10 })).token)
    end)

    it("is acquired, extended and released when the client sends every write again", function()
      local always = helper.connect({ transport = faults.transport, retry_writes = "always" })
      local lock
      for _, method in ipairs({ "acquire", "heartbeat", "release" }) do
        faults:add({ operation = "UpdateItem", lost_response = true })
        if method == "acquire" then
          lock = assert(always:table(tbl.name, { hash_key = "id" }):lock(next_name()))
        else
          assert(lock[method](lock))
        end
        assert.equal(1, lock.token)
      end
      always:close()
    end)

    it("counts its lease from before the claim that was applied", function()
      faults:add({ operation = "UpdateItem", lost_response = true, delay = 1 })
      local lock = assert(other:lock(next_name(), { lease = 10 }))
      assert.is_true(lock:remaining() <= 9)
    end)

    it("waits through failures of reads", function()
      faults:add({ operation = "GetItem", lost_response = true, times = 3 })
      assert.equal(1, assert(other:lock(next_name(), { wait = 10, interval = 0.05 })).token)
    end)

    it("returns an ambiguous error when reading fails as well, and others wait a lease", function()
      local name = next_name()
      faults:add({ operation = "UpdateItem", lost_response = true })
      faults:add({ operation = "GetItem", lost_response = true, after = 1 })
      local lock, err = other:lock(name, { wait = 0, lease = 1 })
      assert.same({ nil, "network" }, { lock, err.kind })
      assert.is_nil((tbl:lock(name, { wait = 0 })))
      assert.equal(2, assert(tbl:lock(name, { wait = 30 })).token)
    end)

    it("is extended by a heartbeat that was applied, or by a second one", function()
      for _, fault in ipairs({ "lost_response", "lost_request" }) do
        local lock = assert(other:lock(next_name(), { lease = 10 }))
        faults:add({ operation = "UpdateItem", [fault] = true })
        local start = faults.transport.now()
        assert(lock:heartbeat())
        assert.is_true(lock:remaining() > 9 - (faults.transport.now() - start))
        assert(lock:heartbeat())
        assert(lock:release())
      end
    end)

    it("is still held after a heartbeat of which nothing is known, and extended by the next", function()
      local lock = assert(other:lock(next_name(), { lease = 10 }))
      faults:add({ operation = "UpdateItem", lost_response = true })
      faults:add({ operation = "GetItem", lost_response = true })
      local ok, err = lock:heartbeat()
      assert.same({ nil, "network" }, { ok, err.kind })
      assert.is_true(lock:remaining() > 0)
      assert(lock:heartbeat())
      assert(lock:release())
    end)

    it("is released if the release was applied, or by a second one", function()
      for _, fault in ipairs({ "lost_response", "lost_request" }) do
        local name = next_name()
        local lock = assert(other:lock(name))
        faults:add({ operation = "UpdateItem", [fault] = true })
        assert(lock:release())
        assert.equal(2, assert(tbl:lock(name, { wait = 0 })).token)
      end
    end)

    it("is released if another holder came before the first one could read, within its lease", function()
      local name, heir = next_name(), nil
      dynamodb.loop.run(function()
        local lock = assert(other:lock(name, { lease = 60 }))
        faults:add({ operation = "UpdateItem", lost_response = true, delay = 1 })
        dynamodb.loop.spawn(function() heir = assert(tbl:lock(name, { interval = 0.05 })) end)
        assert(lock:release())
      end)
      assert.equal(2, heir.token)
    end)

    it("counts as lost when nothing tells how another holder came by it", function()
      local name = next_name()
      local lock = assert(other:lock(name))
      faults:add({ operation = "UpdateItem", lost_response = true })
      faults:add({ operation = "GetItem", lost_response = true })
      assert.is_nil((lock:release()))
      local heir = assert(tbl:lock(name, { wait = 0 }))
      assert.equal("LockLost", select(2, lock:release()).code)
      assert.equal(2, heir.token)
    end)
  end)

  describe("whose request arrives late", function()
    -- Holds back the next UpdateItem, whose connection ends. It arrives at the server before the next one ('early'), or when
    -- late.arrive() is called, which returns the status of its response.
    local function holding_back()
      local late = setmetatable({}, { __index = curl })
      local holds, dead = false, {}
      function late.hold(early) holds, late.kept, late.early = true, nil, early end
      function late.arrive()
        local socket = assert(curl.connect({ url = helper.endpoint() }, 5))
        local deadline, text = curl.now() + 10, ""
        assert(curl.send(socket, late.kept, deadline))
        repeat text = text .. assert(curl.receive(socket, deadline)) until text:find("}", 1, true)
        socket:close()
        late.kept = nil
        return text:match("^HTTP/1.1 (%d+)")
      end
      function late.send(socket, bytes, deadline)
        if bytes:find(".UpdateItem", 1, true) then
          if holds then
            holds, late.kept, dead[socket] = false, bytes, true
            return true
          end
          if late.early and late.kept then late.status = late.arrive() end
        end
        return curl.send(socket, bytes, deadline)
      end
      function late.receive(socket, ...)
        if dead[socket] then return nil, "closed", "closed" end
        return curl.receive(socket, ...)
      end
      local own = helper.connect({ transport = late, max_attempts = 1 })
      return late, own:table(tbl.name, { hash_key = "id" }), own
    end

    it("is acquired by a claim that arrives before the second one, with one token", function()
      local name, late, mine, own = next_name(), holding_back()
      late.hold(true)
      local lock = assert(mine:lock(name, { wait = 30 }))
      assert.same({ "200", 1, 1 }, { late.status, lock.token, stored(name).lock_token })
      assert(lock:heartbeat())
      assert(lock:release())
      own:close()
    end)

    it("is not touched by a claim, heartbeat or release that arrives after the next write", function()
      local name, late, mine, own = next_name(), holding_back()
      late.hold()
      local lock = assert(mine:lock(name, { wait = 30 }))
      assert.equal("400", late.arrive())
      late.hold()
      assert(lock:heartbeat())
      assert.equal("400", late.arrive())
      assert.is_true(lock:heartbeat())
      late.hold()
      assert(lock:release())
      local heir = assert(tbl:lock(name, { wait = 0 }))
      assert.equal("400", late.arrive())
      assert.same({ 2, 2 }, { heir.token, stored(name).lock_token })
      assert(heir:heartbeat())
      own:close()
    end)

    it("is extended and released by a heartbeat and a release that arrive before the second ones", function()
      local name, late, mine, own = next_name(), holding_back()
      local lock = assert(mine:lock(name, { lease = 10 }))
      late.hold(true)
      assert(lock:heartbeat())
      assert.equal("200", late.status)
      assert.is_true(lock:remaining() > 5)
      late.hold(true)
      assert(lock:release())
      assert.equal("200", late.status)
      assert.equal(2, assert(tbl:lock(name, { wait = 0 })).token)
      own:close()
    end)
  end)

  describe("in tasks", function()
    it("sends heartbeats until it is released", function()
      local name, beats = next_name(), nil
      dynamodb.loop.run(function()
        local lock = assert(other:lock(name, { lease = 30, heartbeat = 0.1 }))
        local version = stored(name).lock_version
        dynamodb.loop.sleep(0.5)
        assert.are_not.equal(version, stored(name).lock_version)
        assert(lock:release())
        beats = faults:count("UpdateItem")
        dynamodb.loop.sleep(0.4)
      end)
      assert.is_true(beats > 2)
      assert.equal(beats, faults:count("UpdateItem"))
    end)

    it("sends none once it was lost", function()
      local name = next_name()
      dynamodb.loop.run(function()
        local lock = assert(other:lock(name, { lease = 30, heartbeat = 0.1 }))
        assert(tbl:update_item(name, { update = { lock_version = "x", lock_owner = "x" } }))
        dynamodb.loop.sleep(0.5)
        assert.equal(0, lock:remaining())
        local count = faults:count("UpdateItem")
        dynamodb.loop.sleep(0.4)
        assert.equal(count, faults:count("UpdateItem"))
        assert.equal("LockLost", select(2, lock:release()).code)
      end)
    end)

    it("sends none once its task has ended, or the lock was collected", function()
      dynamodb.loop.run(function()
        local kept
        dynamodb.loop.spawn(function() kept = assert(other:lock(next_name(), { lease = 30, heartbeat = 0.1 })) end):wait()
        assert(other:lock(next_name(), { lease = 30, heartbeat = 0.1 }))
        collectgarbage()
        collectgarbage()
        dynamodb.loop.sleep(0.3)
        local count = faults:count("UpdateItem")
        dynamodb.loop.sleep(0.4)
        assert.equal(count, faults:count("UpdateItem"))
        assert.is_true(kept:remaining() > 0)
      end)
    end)

    it("goes on after a heartbeat that failed", function()
      dynamodb.loop.run(function()
        local lock = assert(other:lock(next_name(), { lease = 5, heartbeat = 0.1 }))
        faults:add({ operation = "UpdateItem", lost_request = true })
        faults:add({ operation = "GetItem", lost_request = true })
        dynamodb.loop.sleep(1)
        assert.is_true(lock:remaining() > 4)
        assert(lock:release())
      end)
    end)

    it("lapses with a task that was cancelled", function()
      local name = next_name()
      dynamodb.loop.run(function()
        local task = dynamodb.loop.spawn(function()
          local lock = assert(tbl:lock(name, { lease = 1, heartbeat = 0.1 }))
          dynamodb.loop.sleep(60)
          return lock
        end)
        dynamodb.loop.sleep(0.4)
        task:cancel()
        assert.equal(2, assert(tbl:lock(name, { wait = 30 })).token)
      end)
    end)

    it("writes one at a time, whatever tasks share it", function()
      dynamodb.loop.run(function()
        local lock = assert(other:lock(next_name(), { lease = 20, heartbeat = 0.01 }))
        local calls = {}
        for i = 1, 8 do calls[i] = function() return assert(lock:heartbeat()) end end
        local results, errs = dynamodb.gather(calls)
        assert.is_nil(errs)
        assert.equal(8, #results)
        assert(lock:release())
      end)
      assert.equal(0, faults:count("GetItem") - 1) -- no version was lost sight of
    end)

    it("ends with its connection", function()
      dynamodb.loop.run(function()
        local own = helper.connect()
        local lock = assert(own:table(tbl.name, { hash_key = "id" }):lock(next_name(), { heartbeat = 0.1 }))
        dynamodb.loop.sleep(0.15)
        own:close()
        assert.is_false(pcall(lock.release, lock))
      end)
    end)
  end)

  if _VERSION == "Lua 5.4" then
    it("is released at the end of its block, and raises when it was lost", function()
      local code = [[
        local tbl, name, f = ...
        local lock <close> = assert(tbl:lock(name, { wait = 0 }))
        return f(lock)
      ]]
      local run, name = assert(load(code)), next_name()
      assert.equal(1, run(tbl, name, function(lock) return lock.token end))
      assert.equal("oops", select(2, pcall(run, tbl, name, function() error("oops", 0) end)))
      local ok, err = pcall(run, tbl, name, function(lock)
        assert.equal(3, lock.token)
        assert(tbl:delete_item(name))
      end)
      assert.same({ false, "LockLost" }, { ok, err.code })
      ok, err = pcall(run, tbl, name, function()
        assert(tbl:delete_item(name))
        error("oops", 0)
      end)
      assert.same({ false, "oops" }, { ok, err })
      local own = helper.connect()
      ok, err = pcall(run, own:table(tbl.name, { hash_key = "id" }), next_name(), function()
        own:close()
        error("oops", 0)
      end)
      assert.same({ false, "oops" }, { ok, err })
    end)
  end
end)
