--- Functions side by side, with their results in order.

local errors = require("dynamodb.error")
local options = require("dynamodb.options")

local gather = {}

local function pack(...) return { n = select("#", ...), ... } end

--- The same as gather.all, one after the other.
function gather.in_turn(calls, deadline, now)
  local results = {}
  for i, call in ipairs(calls) do
    if deadline and now() >= deadline then
      results[i] = { n = 2, false, errors.new({ kind = "timeout", message = "no time left" }) }
    else
      results[i] = pack(pcall(call))
    end
  end
  return results
end

--- Calls functions side by side, at most 'concurrency' at a time, as the transport can, until the moment
--- 'deadline' of its clock -> what pcall returns for each, as tables with n, in their order. For those that
--- were not called, or not to their ends, that is false and an error.
function gather.all(transport, calls, concurrency, deadline)
  if not transport.gather then return gather.in_turn(calls, deadline, transport.now) end
  return transport.gather(calls, concurrency, deadline)
end

local settings = {
  concurrency = options.count(1),
  deadline = options.seconds,
}
gather.options = settings

local function check(calls, given)
  if type(calls) ~= "table" then errors.raise("gather: list of functions expected, got %s", type(calls)) end
  for i, call in ipairs(calls) do
    if type(call) ~= "function" then errors.raise("gather: [%d]: function expected", i) end
  end
  options.check(settings, given, "gather")
end

--- Calls functions side by side -> results, errs: results[i] is what calls[i] returned, errs[i] the error
--- that it returned or raised; errs is nil when there is none. 'given' may have concurrency (how many at a
--- time; all by default) and deadline (in seconds, for the whole).
function gather.gather(calls, given)
  given = given or {}
  check(calls, given)
  local transport = require("dynamodb.transport.auto")
  local deadline = given.deadline and transport.now() + given.deadline
  local results, errs, failed = { n = #calls }, {}, false
  for i, outcome in ipairs(gather.all(transport, calls, given.concurrency, deadline)) do
    if outcome[1] then results[i] = outcome[2] end
    local err = outcome[outcome[1] and 3 or 2]
    if not outcome[1] or (outcome[2] == nil and err ~= nil) then
      errs[i], failed = err == nil and "nil" or err, true -- error() may be called with nothing
    end
  end
  return results, failed and errs or nil
end

return gather
