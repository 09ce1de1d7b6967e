--- dynamodb.gather: calls functions concurrently and returns their results in order.

local arguments = require("dynamodb.base.arguments")
local objects = require("dynamodb.base.objects")
local concurrent = require("dynamodb.loop.concurrent")
local late = require("dynamodb.base.late")
local errors = require("dynamodb.error")
local options = require("dynamodb.base.options")
local system = require("dynamodb.base.system")

local gather = {}

local settings = {
  concurrency = options.count(1),
  deadline = options.seconds,
}
gather.options = settings

local function check(calls, given)
  for i, call in ipairs(arguments.check_list(calls, "gather", "functions")) do
    if type(call) ~= "function" then
      errors.raise("gather: [%d]: function expected, got %s", i, objects.describe(call))
    end
  end
  return options.read(settings, given, "gather")
end

--- Calls functions concurrently -> results, errs: results[i] is what calls[i] returned, errs[i] the error
--- that it returned or raised; errs is nil when there is no error. 'given' may have concurrency (functions at
--- a time; all by default) and deadline (seconds for all of them).
function gather.gather(calls, given)
  given = check(calls, given)
  local transport = late.get("dynamodb.transport.auto")
  local deadline = given.deadline and (system.clock() or transport).now() + given.deadline
  local results, errs, failed = { n = #calls }, {}, false
  for i, outcome in ipairs(concurrent.run(transport, calls, given.concurrency, deadline)) do
    if outcome[1] then results[i] = outcome[2] end
    local err = outcome[outcome[1] and 3 or 2]
    if not outcome[1] or (outcome[2] == nil and err ~= nil) then
      errs[i], failed = err == nil and "nil" or err, true -- error() may be called without a value
    end
  end
  return results, failed and errs or nil
end

return gather
