-- The process of spec/scenarios/crowd_spec.lua: crowd_process.lua TASKS WARM_UP_TASKS SEED. Runs tasks that are cancelled at
-- random or raise errors, with hooks that raise errors, while the collector runs all the time. Prints Lua table fields with
-- the resources in use after the warm-up and at the end.

local dynamodb = require("dynamodb")
local pool = require("dynamodb.http.pool")
local helper = dofile("spec/support/helper.lua")
local loop = dynamodb.loop

local total, warm, crowd = tonumber(arg[1]), tonumber(arg[2]), 50
math.randomseed(tonumber(arg[3]))
loop.run(loop.sleep, 0)
local before = helper.descriptors()

local keep
local counts = { right = 0, cancelled = 0, raised = 0, hooks = 0, late = 0, wrong = 0 }
local hooks = setmetatable({}, { __index = function(_, name)
  if not keep or math.random(100) > 1 then return nil end
  return function()
    counts.hooks = counts.hooks + 1
    error("hook " .. name, 0)
  end
end })
local conn = helper.connect({ max_connections = 8, endpoint_url = helper.unverified(), hooks = hooks })
local tbl = helper.create_table(conn)
for i = 1, 100 do assert(tbl:put_item({ id = "k" .. i, n = i, text = ("x"):rep(i * 20) })) end
keep = true

-- Gets an item and counts it as wrong if the response belongs to another request.
local function look(i)
  local item, err = tbl:get_item("k" .. i)
  if not item then error(err, 0) end
  if item.id ~= "k" .. i or item.n ~= i or #item.text ~= i * 20 then counts.wrong = counts.wrong + 1 end
  return item
end

local kinds = {
  look,
  function(i) look(i) look(101 - i) end,
  function(i)
    look(i)
    error("task", 0)
  end,
  function(i)
    loop.sleep(math.random() / 500)
    look(i)
  end,
  function(i) coroutine.wrap(look)(i) end,
  function(i)
    local _, errs = dynamodb.gather({ function() return look(i) end, function() return look(101 - i) end },
      { deadline = math.random() / 100 + 0.0001 })
    if errs then error(errs[1] or errs[2], 0) end
  end,
  function(i)
    pcall(look, i)
    look(i)
  end,
}

local function note(ok, ...)
  if ok then
    local value, err = ...
    local cancelled = value == nil and err ~= nil
    counts[cancelled and "cancelled" or "right"] = counts[cancelled and "cancelled" or "right"] + 1
    return
  end
  local err = ...
  if err == "task" or tostring(err):find("hook ", 1, true) then
    counts.raised = counts.raised + 1
  elseif dynamodb.is_error(err) and err.message == "no time left" then
    counts.late = counts.late + 1
  else
    error(err, 0)
  end
end

-- Runs a batch of tasks and cancels some of them at random times.
local function wave()
  local tasks = {}
  for i = 1, crowd do tasks[i] = loop.spawn(kinds[math.random(#kinds)], math.random(100)) end
  for _ = 1, crowd / 3 do
    if math.random(4) == 1 then loop.sleep(math.random() / 500) end
    tasks[math.random(crowd)]:cancel()
  end
  for i = 1, crowd do note(pcall(tasks[i].wait, tasks[i])) end
end

local state = require("dynamodb.core").connection_state(conn)

local function measure(name)
  local own = select(2, next(state.running.pools))
  print(("%s = { lua = %.3f, resident = %d, descriptors = %d, open = %d, idle = %d, waiting = %d },"):format(name,
    helper.collect(), helper.resident(), helper.descriptors(), pool.count_open(own), #own.idle,
    own.queue.first and 1 or 0))
end

local done = 0
local function until_done(count)
  helper.stressed(function()
    while done < count do
      loop.run(wave)
      done = done + crowd
    end
  end)
end

until_done(warm)
keep = false
for i = 1, 20 do look(i) end -- calls still work
measure("warm")
keep = true
until_done(total)
keep = false
for i = 1, 20 do look(i) end
measure("last")
for name, count in pairs(counts) do print(("%s = %d,"):format(name, count)) end
tbl:delete()
conn:close()
helper.collect()
print(("left = %d"):format(helper.descriptors() - before))
