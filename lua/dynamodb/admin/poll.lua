--- Waits until a table is what it should be: asks, and asks again later, until a deadline.

local errors = require("dynamodb.error")
local system = require("dynamodb.base.system")

local poll = {}

local FIRST, MOST = 0.5, 20 -- seconds between questions: doubling, up to the most

local function timed_out(what, state, timeout)
  return errors.new({ kind = "timeout", retryable = true,
    message = ("%s: still %s after %g seconds"):format(what, state, timeout) })
end

--- Calls 'ask' until it answers true | nil, err when it fails or 'timeout' seconds have passed.
--- 'ask', which gets the options of calls that bound them by the same moment, -> true, or false and what the
--- state is, or nil and an error that ends the waiting.
function poll.poll(transport, timeout, what, ask)
  local deadline = transport.now() + timeout
  local call = { deadline_at = deadline }
  local delay, last = FIRST, nil
  while true do
    local reached, state = ask(call)
    if reached then return true end
    local left = deadline - transport.now()
    if reached == nil then
      local late = last and left <= 0 and state.kind == "timeout" -- there was no time for the last question
      return nil, late and timed_out(what, last, timeout) or state
    end
    if left <= 0 then return nil, timed_out(what, state, timeout) end
    last = state
    transport.sleep(math.min(left, delay * (0.5 + system.random() / 2)))
    delay = math.min(delay * 2, MOST)
  end
end

return poll
