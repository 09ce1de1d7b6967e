--- Calls functions concurrently, as far as the transport can, with their results in order.

local errors = require("dynamodb.error")

local concurrent = {}

local function pack(...) return { n = select("#", ...), ... } end

--- Makes the result for a function that had not returned at the deadline.
---@return table { n = 2, false, error object }
function concurrent.late_result()
  return { n = 2, false, errors.locate(errors.new({ kind = "timeout", message = "no time left" })) }
end

--- Calls functions one after the other.
---@param calls function[]
---@param deadline? number by the clock 'now'; functions are not called after it
---@param now fun(): number
---@return table[] results what pcall returns for each, with n
function concurrent.one_by_one(calls, deadline, now)
  local results = {}
  for i, call in ipairs(calls) do
    local is_late = deadline and now() >= deadline
    results[i] = is_late and concurrent.late_result() or pack(pcall(call))
  end
  return results
end

--- Calls functions concurrently if the transport can, otherwise one after the other.
---@param transport table
---@param calls function[]
---@param concurrency? integer how many run at a time; all by default
---@param deadline? number by the transport's clock; functions that have not returned by then are ended
---@return table[] results as of one_by_one, in the order of 'calls'
function concurrent.run(transport, calls, concurrency, deadline)
  if not transport.gather then return concurrent.one_by_one(calls, deadline, transport.now) end
  return transport.gather(calls, concurrency, deadline)
end

return concurrent
