--- Waits until a resource has a state: checks it repeatedly until a deadline.

local context = require("dynamodb.request.context")
local errors = require("dynamodb.error")
local late = require("dynamodb.base.late")
local progress = late.module("dynamodb.table.progress")
local system = require("dynamodb.base.system")

local poll = {}

local FIRST, MOST = 0.5, 20 -- seconds between checks: doubling, up to the second

local function timed_out(what, state, timeout)
  return errors.new({ kind = "timeout", retryable = true,
    message = ("%s: still %s after %g seconds"):format(what, state, timeout) })
end

-- Makes an 'ask' that also tells the caller what it has found.
local function told(transport, ask, tell)
  local began, checks, status, done = transport.now(), 0, nil, nil
  local own = progress.new(tell, transport, function()
    local elapsed = transport.now() - began
    return done or elapsed, nil, { status = status, elapsed = elapsed, checks = checks }
  end)
  return function(call)
    local reached, found, count = ask(call)
    checks = checks + 1
    if reached ~= nil then status, done = found, count end
    if reached == false then own:report() else own:finish() end
    return reached, found
  end
end

--- Calls ask(call_options) until it returns true -> true | nil, err when it fails or 'timeout' seconds have
--- passed. 'ask' returns true and the state reached, or false and the current state, or nil and an error
--- that ends the wait; with a state also how much is done, when that is known. 'what' names the resource in
--- messages. 'tell' is the caller's function on_progress.
function poll.poll(state, timeout, what, ask, tell)
  local transport = state.transport
  local deadline = transport.now() + timeout
  if tell then ask = told(transport, ask, tell) end
  local call = { deadline_at = deadline, shared_deadline = timeout }
  local delay, last = FIRST, nil
  while true do
    local reached, found = ask(call)
    if reached then return true end
    local left = deadline - transport.now()
    if reached == nil then
      local is_late = last and left <= 0 and found.kind == "timeout" -- no time was left for the last check
      return nil, is_late and timed_out(what, last, timeout) or found
    end
    if left <= 0 then return nil, timed_out(what, found, timeout) end
    last = found
    local ok, closed = context.pause(state, math.min(left, delay * (0.5 + system.random() / 2)))
    if not ok then return nil, closed end
    delay = math.min(delay * 2, MOST)
  end
end

return poll
