--- Waits until a table is what it should be: asks, and asks again later, until a deadline.

local errors = require("dynamodb.error")

local waiter = {}

local FIRST, MOST = 0.5, 20 -- seconds between questions: doubling, up to the most

--- Calls 'ask' until it answers true | nil, err when it fails or 'timeout' seconds have passed.
--- 'ask', which gets the options of calls that bound them by the same moment, -> true, or false and what the
--- state is, or nil and an error that ends the waiting.
function waiter.poll(transport, timeout, what, ask)
  local deadline = transport.now() + timeout
  local call = { deadline_at = deadline }
  local delay = FIRST
  while true do
    local reached, state = ask(call)
    if reached then return true end
    if reached == nil then return nil, state end
    local left = deadline - transport.now()
    if left <= 0 then
      return nil, errors.new({ kind = "timeout", retryable = true,
        message = ("%s: still %s after %g seconds"):format(what, state, timeout) })
    end
    transport.sleep(math.min(left, delay * (0.5 + math.random() / 2)))
    delay = math.min(delay * 2, MOST)
  end
end

return waiter
