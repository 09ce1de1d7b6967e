-- Tests of the queue, by the testing kit. Run them with: busted examples/recipes/queue_spec.lua

local dynamodb = require("dynamodb")
local queue = dofile("examples/recipes/queue.lua")
local testing = require("dynamodb.testing")

local is_dynalite = os.getenv("DYNAMODB_ENGINE") == "dynalite"

describe("the queue", function()
  local server, clock, faults, conn, tbl, results, first, second

  setup(function() server = testing.server() end)

  local function worker(name)
    return queue.new(tbl, { name = "mail", worker = name, seconds = 60, attempts = 3,
      now = clock.transport.time })
  end

  before_each(function()
    clock = testing.clock()
    faults = testing.faults(clock.transport)
    conn = server:connect({ transport = faults.transport })
    tbl = testing.table(conn, { hash_key = queue.key.hash_key, global_indexes = queue.indexes })
    results = testing.table(conn, { name = "results" })
    first, second = worker("first"), worker("second")
  end)

  after_each(function() conn:close() end)

  local function take(from)
    local job, err = from:take()
    assert.is_nil(err)
    return job
  end

  it("gives each job to one worker", function()
    for _, id in ipairs({ "a", "b" }) do assert(first:put(id, { to = id .. "@example.com" })) end
    local one, other = take(first), take(second)
    local taken = { [one.id] = one.body.to, [other.id] = other.body.to }
    assert.same({ a = "a@example.com", b = "b@example.com" }, taken)
    assert.is_nil(take(first))
    assert.is_true(first:finish(one))
    assert.is_true(second:finish(other))
    assert.equal(0, (tbl:count()))
  end)

  it("has the jobs of its name only, each id once", function()
    local other = queue.new(tbl, { name = "print", worker = "x", now = clock.transport.time })
    assert(other:put("a", {}))
    assert.is_nil(take(first))
    local ok, err = other:put("a", {})
    assert.is_nil(ok)
    assert.equal("ConditionalCheckFailedException", err.code)
  end)

  it("gives a job to another worker when the lease has run out", function()
    assert(first:put("a", {}))
    local old = take(first)
    clock:advance(59)
    assert.is_nil(take(second))
    clock:advance(1)
    local new = take(second)
    assert.same({ 1, 2 }, { old.lease, new.lease })
    assert.is_false((first:finish(old)))
    assert.is_false((first:extend(old)))
    assert.is_false((first:give_back(old, "x")))
    assert.is_true(second:finish(new))
  end)

  it("lets a worker extend its lease", function()
    assert(first:put("a", {}))
    local job = take(first)
    for _ = 1, 5 do
      clock:advance(50)
      assert.is_true(first:extend(job))
    end
    assert.is_nil(take(second))
    assert.is_true(first:finish(job))
  end)

  it("refuses what a worker writes after another one has the job", function()
    assert(first:put("a", {}))
    local old = take(first)
    clock:advance(60) -- the first worker stands still, and does not notice
    local new = take(second)
    local function write(job, text)
      return results:put_item({ id = job.id, text = text, fence = job.lease },
        { condition = queue.fence(job) })
    end
    assert(write(new, "by the second"))
    local ok, err = write(old, "by the first")
    assert.is_nil(ok)
    assert.equal("ConditionalCheckFailedException", err.code)
    assert(write(new, "by the second, again"))
    assert.stored(results, "a", { id = "a", text = "by the second, again", fence = 2 })
  end)

  it("tries a job again later, and keeps it when it fails for good", function()
    assert(first:put("a", {}))
    for lease = 1, 3 do
      local job = take(first)
      assert.equal(lease, job.lease)
      assert.is_true(first:give_back(job, "no connection"))
      assert.is_nil(take(first))
      clock:advance(2 ^ lease)
    end
    assert.is_nil(take(first))
    assert.equal("no connection", assert(tbl:get_item("a")).failure)
  end)

  it("keeps a job out of the queue whose workers end without a word", function()
    assert(first:put("a", {}))
    assert(first:put("b", {}))
    for _ = 1, 3 do
      assert.is_truthy(take(first))
      assert.is_truthy(take(first))
      clock:advance(60)
    end
    assert.is_nil(take(second))
    assert.is_nil(take(second))
    assert.equal("its last lease ran out", assert(tbl:get_item("a")).failure)
  end)

  it("knows that a job was taken although the response was lost", function()
    if is_dynalite then return pending("Dynalite leaves the item out of a failed condition") end
    assert(first:put("a", { n = 1 }))
    faults:add({ operation = "UpdateItem", lost_response = true })
    local job = take(first)
    assert.same({ 2, 1, 1 }, { faults:count("UpdateItem"), job.lease, job.body.n })
    assert.is_true(first:finish(job))
  end)

  it("does not give a job to two workers when a request is lost", function()
    assert(first:put("a", {}))
    faults:add({ operation = "UpdateItem", lost_request = true, delay = 1 })
    dynamodb.loop.run(function()
      local task = dynamodb.loop.spawn(function() return first:take() end)
      dynamodb.loop.sleep(0.5)
      assert.is_truthy(take(second)) -- writes the same as the first, except its name
      assert.is_nil((task:wait()))
    end)
  end)

  it("ends a job once when the response is lost", function()
    assert(first:put("a", {}))
    local job = take(first)
    faults:add({ operation = "DeleteItem", lost_response = true })
    assert.is_true(first:finish(job))
    assert.equal(2, faults:count("DeleteItem"))
  end)

  it("works when the service's clock differs from the worker's", function()
    assert(first:put("a", {}))
    faults:add({ operation = "UpdateItem", clock_skew = 400 })
    local job = take(first)
    assert.equal(2, faults:count("UpdateItem")) -- was refused, and signed again for the service's time
    assert.near(400, conn:stats().clock_offset, 2)
    assert.is_true(first:finish(job))
  end)

  it("returns the errors of the service", function()
    assert(first:put("a", {}))
    for _, operation in ipairs({ "Query", "UpdateItem" }) do
      faults:add({ operation = operation, error = { code = "AccessDeniedException", message = "no" } })
      local job, err = first:take()
      assert.is_nil(job)
      assert.equal("AccessDeniedException", err.code)
    end
    local job = take(first)
    for _, operation in ipairs({ "UpdateItem", "DeleteItem" }) do
      faults:add({ operation = operation, error = { code = "AccessDeniedException", message = "no" } })
    end
    assert.equal("AccessDeniedException", select(2, first:give_back(job, "x")).code)
    assert.equal("AccessDeniedException", select(2, first:finish(job)).code)
  end)
end)
