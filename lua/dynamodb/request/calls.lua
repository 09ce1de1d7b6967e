--- The state of single calls, and the errors of those whose attempts get no response in time. A connection
--- keeps calls that are over for those that follow, since their buffers and tables cost more than the rest of
--- a call.

local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local options = require("dynamodb.base.options")

local calls = {}

---@class dynamodb.Call one call while it runs; kept for another one when nothing special happened
---@field state dynamodb.Context
---@field request userdata core.new_request: the encoded request, and the bytes of the attempt
---@field size integer of the encoded request, in bytes
---@field operation table of base/operations; the transaction's when the call is wrapped into one
---@field params table
---@field owner? userdata the dynamodb.table whose items the rows of the response become
---@field options table the caller's: attempt_timeout, deadline, headers, hedge, max_attempts, retry_mode,
--- retry_writes; of a method with several requests also deadline_at and its shared_deadline in seconds
---@field started number by the transport's clock, as all times here
---@field deadline number when the call ends in any case
---@field retry_writes "safe"|"always"|"exact"
---@field attempt integer the current attempt, from 1
---@field requests integer how many were sent
---@field invocation integer the number of the call, the same for all attempts
---@field sent_at number when the current attempt was signed, by this machine's clock
---@field credentials table|false those of the current attempt
---@field offset number the clock's offset that the current attempt was signed with
---@field flight dynamodb.Flight|false whose response other calls wait for: request/single_flight
---@field node? dynamodb.AlternatorNode the node of the current attempt, with option alternator
---@field chosen_at? number when it was chosen
---@field wrapped_name? string the operation's name, when the call is wrapped into a transaction
---@field overrides? table mode and max_attempts of this call, for the retry policy
---@field retry_cost? integer tokens that the last retry took
---@field hedges? integer requests among them that were sent as hedges
---@field hedged_after? number seconds from the start of the attempt to its hedge
---@field attempted? number when the current attempt started, for reads that may be hedged
---@field ambiguous? boolean true when an attempt so far may have written
---@field checks_item? boolean true for a conditional write that was sent again: its condition may fail
--- because an earlier attempt succeeded
---@field is_late? boolean true once an error says that the deadline has passed
---@field refreshed? boolean true once other credentials were asked for

--- Adds to a message that the deadline of the call has passed, with the seconds that the caller gave.
---@param call dynamodb.Call
---@param message string
---@return string
function calls.late_message(call, message)
  local given, seconds = call.options, call.deadline - call.started
  call.is_late = true
  if call.deadline == given.deadline_at then seconds = given.shared_deadline end
  if not seconds then return message .. "; the deadline has passed" end
  return ("%s; the deadline of %g s has passed"):format(message, seconds)
end

--- Makes the error of an attempt without a response.
---@param call dynamodb.Call
---@param failure dynamodb.Failure
---@return dynamodb.Error
function calls.error_of(call, failure)
  local message = failure.message
  if failure.kind == "timeout" and call.state.transport.now() >= call.deadline then
    message = calls.late_message(call, message)
  end
  return errors.new({ kind = failure.kind, code = failure.closed and "ConnectionClosed" or nil,
    message = message, retryable = not failure.permanent, permanent = failure.permanent,
    ambiguous = call.operation.writes and failure.sent })
end

local MOST_SPARE = 64 -- calls that a connection keeps

--- Takes a spare call of a connection, or makes one, with all fields that every call has.
---@param state dynamodb.Context
---@return dynamodb.Call
function calls.take(state)
  local running = state.running
  local count = running.spare_count
  if count > 0 then
    local call = running.spare[count]
    running.spare[count], running.spare_count = nil, count - 1
    return call
  end
  return { state = state, request = core.new_request(), operation = false, params = false, owner = false,
    options = options.NONE, size = 0, started = 0, deadline = 0, retry_writes = false, attempt = 0,
    requests = 0, invocation = 0, sent_at = 0, credentials = false, offset = 0,
    flight = false }
end

--- Keeps a call that is over for another one, unless it may have fields that only some calls have. Keeps
--- nothing that the user gave. The bytes of a request may hold a session token.
---@param result? table of the call; nil when it failed
function calls.keep(call, result)
  local state = call.state
  if state.closed then return call.request:close() end
  local running = state.running
  local count = running.spare_count
  local is_special = not result or call.requests ~= 1 or call.overrides or call.wrapped_name
  if is_special or count == MOST_SPARE then return end
  call.params, call.owner, call.options = false, false, options.NONE
  running.spare[count + 1], running.spare_count = call, count + 1
end

return calls
