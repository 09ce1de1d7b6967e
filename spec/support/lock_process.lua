-- One of several contenders for a lock: lock_process.lua TABLE NAME ROUNDS LEASE. Prints its process id, and for each round the
-- token and whether the resource took a write with this token: it refuses tokens that are lower than the last one. Some
-- requests and responses are lost. With 0 rounds it acquires the lock once, prints the token, and holds the lock by heartbeats
-- until it is killed.

local dynamodb = require("dynamodb")
local files = dofile("spec/support/files.lua")
local helper = dofile("spec/support/helper.lua")
local system = require("dynamodb.base.system")
local testing = require("dynamodb.testing")

local name, key, rounds, lease = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4])

local function say(...)
  io.write(table.concat({ ... }, " "), "\n")
  io.flush()
end

local faults = testing.faults()
local tbl = helper.connect({ transport = faults.transport }):table(name, { hash_key = "id" })
local resource = helper.connect():table(name, { hash_key = "id" })
say((files.read("/proc/self/stat"):match("^%d+")))

-- Writes to the resource, which keeps the highest token -> "written" | "refused".
local function write(token)
  local ok, err = resource:update_item("resource", { update = { last = token, writes = dynamodb.increment(1) },
    condition = dynamodb.any(dynamodb.attr("last"):not_exists(), dynamodb.attr("last"):lt(token)) })
  if ok then return "written" end
  assert(err.code == "ConditionalCheckFailedException", err)
  return "refused"
end

local function lose_something()
  if system.random() < 0.6 then return end
  faults:add({ operation = "UpdateItem", [system.random() < 0.5 and "lost_response" or "lost_request"] = true,
    times = 1 + math.floor(system.random() * 5), after = math.floor(system.random() * 2) })
end

if rounds == 0 then
  dynamodb.loop.run(function()
    local lock = assert(tbl:lock(key, { lease = lease, wait = 120, heartbeat = lease / 5 }))
    say(("%d"):format(lock.token), write(lock.token))
    dynamodb.loop.sleep(600)
  end)
end

for _ = 1, rounds do
  lose_something()
  local lock, err
  repeat
    lock, err = tbl:lock(key, { lease = lease, wait = 120, interval = 0.02 })
    assert(lock or err.retryable or err.ambiguous, err)
  until lock
  say(("%d"):format(lock.token), write(lock.token))
  lock:release() -- what fails ends with its lease
end
