-- Lets each allocation of libcurl and OpenSSL fail while a connection over HTTPS is opened and used: only
-- that one, and it with all later ones. The result must be right or an error; then the same connection object
-- must work, without more descriptors. Each failure has a process of its own, and a crash names its library:
-- allocations.lua SECONDS
-- libcurl and OpenSSL have faults of their own here (SECURITY.md): crashes inside them, and errors of OpenSSL
-- that stay for the rest of the process. These are counted and shown, and do not fail the run.

local allocations = require("allocations")
local dynamodb = require("dynamodb")

dynamodb.preload()
require("dynamodb.curl").connect("http://127.0.0.1:1", 1) -- initialises libcurl before allocations fail

local seconds = tonumber(arg[1])
local WORKS, IS_OVER, STAYS_BROKEN, IS_WRONG = 0, 30, 40, 50 -- what becomes of a child process

local function connect()
  return dynamodb.connect({ endpoint_url = assert(os.getenv("DYNAMODB_TLS_ENDPOINT")), region = "us-east-1",
    ca_bundle = assert(os.getenv("DYNAMODB_TLS_CA")), aws_access_key_id = "local",
    aws_secret_access_key = "local", max_attempts = 1, connect_timeout = 5, attempt_timeout = 5 })
end

local function list(conn)
  return conn:list_tables()
end

local function list_in_task(conn)
  local results, errs = dynamodb.gather({ function() return conn:list_tables() end })
  return results[1], errs and errs[1]
end

local function is_list(value)
  return type(value) == "table" and getmetatable(value) == getmetatable(dynamodb.list())
end

-- Returns true for an error object, and for what Lua raises when memory runs out.
local function is_told(err)
  return dynamodb.is_error(err) or tostring(err):find("not enough memory", 1, true) ~= nil
end

-- Returns what becomes of a child process in which the n-th allocation fails.
local function child(call, n, only)
  return function()
    local before, conn = allocations.descriptors(), connect()
    allocations.arm(n, only)
    local ok, names, err = pcall(call, conn)
    local count = allocations.disarm()
    if not ok then names, err = nil, names end
    if names and not is_list(names) or not names and not is_told(err) then
      io.stderr:write(("at %d: %s, %s\n"):format(n, tostring(names), tostring(err)))
      return IS_WRONG
    end
    local returns, again, failure = pcall(call, conn)
    conn:close()
    collectgarbage()
    if not returns or not again then
      local why = tostring(returns and failure or again)
      io.stderr:write(("at %d%s of %d, then: %s\n"):format(n, only and " alone" or "", count, why))
      return STAYS_BROKEN
    end
    if call == list and allocations.descriptors() > before then
      io.stderr:write(("at %d: a descriptor is lost\n"):format(n))
      return IS_WRONG
    end
    return n > count and IS_OVER or WORKS
  end
end

-- Fails allocations in turn, with steps such that it takes about the seconds -> counts, and the step.
local function run(call, only, time)
  local counts = { works = 0, broken = 0, crashed = 0, wrong = 0 }
  local n, step, start = 1, 1, os.time()
  while true do
    local became = allocations.try(child(call, n, only))
    if became == IS_OVER then return counts, step, n end
    if became == WORKS then
      counts.works = counts.works + 1
    elseif became == STAYS_BROKEN then
      counts.broken = counts.broken + 1
    elseif type(became) == "string" and became:find("lib[cs][urs][ryp][lpt]") then
      counts.crashed = counts.crashed + 1
      io.stderr:write(("at %d%s: crash in %s\n"):format(n, only and " alone" or "", became:match("[^/]*$")))
    else
      counts.wrong = counts.wrong + 1
      io.stderr:write(("at %d%s: wrong: %s\n"):format(n, only and " alone" or "", tostring(became)))
    end
    if os.time() - start > time * n / (n + 400) then step = step + 1 end
    n = n + step
  end
end

local wrong = 0
for _, case in ipairs({ { "a call", list }, { "a call of a task", list_in_task } }) do
  for _, only in ipairs({ false, true }) do
    local counts, step, last = run(case[2], only, seconds / 4)
    local tried = counts.works + counts.broken + counts.crashed + counts.wrong
    print(("%s, %s: %d of %d failures tried (steps up to %d): %d fine, %d crashes in libcurl or OpenSSL, "
      .. "%d lasting errors of OpenSSL, %d wrong"):format(case[1],
      only and "one fails" or "one and all later fail", tried, last, step, counts.works, counts.crashed,
      counts.broken, counts.wrong))
    wrong = wrong + counts.wrong
  end
end
os.exit(wrong == 0)
