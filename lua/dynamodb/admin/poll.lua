--- Waits until a resource has a state: checks it repeatedly until a deadline.

local context = require("dynamodb.request.context")
local errors = require("dynamodb.error")
local system = require("dynamodb.base.system")

local poll = {}

local FIRST, MOST = 0.5, 20 -- seconds between checks: doubling, up to the second

local function timed_out(what, state, timeout)
  return errors.new({ kind = "timeout", retryable = true,
    message = ("%s: still %s after %g seconds"):format(what, state, timeout) })
end

--- Calls ask(call_options) until it returns true -> true | nil, err when it fails or 'timeout' seconds have
--- passed. 'ask' returns true, or false and the current state, or nil and an error that ends the wait.
--- 'what' names the resource in messages.
function poll.poll(state, timeout, what, ask)
  local transport = state.transport
  local deadline = transport.now() + timeout
  local call = { deadline_at = deadline }
  local delay, last = FIRST, nil
  while true do
    local reached, found = ask(call)
    if reached then return true end
    local left = deadline - transport.now()
    if reached == nil then
      local late = last and left <= 0 and found.kind == "timeout" -- no time was left for the last check
      return nil, late and timed_out(what, last, timeout) or found
    end
    if left <= 0 then return nil, timed_out(what, found, timeout) end
    last = found
    local ok, closed = context.pause(state, math.min(left, delay * (0.5 + system.random() / 2)))
    if not ok then return nil, closed end
    delay = math.min(delay * 2, MOST)
  end
end

return poll
