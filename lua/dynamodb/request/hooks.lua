--- Hooks, which are functions by the name of an event, and the log. No event holds a secret.

local errors = require("dynamodb.error")

local hooks = {}

--- The events, each with its fields besides operation and table (its name, where the request names one).
hooks.events = {
  request_built = { "bytes" },
  attempt_started = { "attempt", "max_attempts", "endpoint_url" },
  response_received = { "attempt", "status", "request_id", "timing", "consumed_capacity", "err" },
  attempt_failed = { "attempt", "err" },
  request_hedged = { "attempt", "after", "won" },
  throttled = { "attempt", "resource", "scope", "kind", "key_hash", "reason", "err" },
  retry_scheduled = { "attempt", "delay", "retry_tokens", "err" },
  call_finished = { "attempts", "elapsed", "consumed_capacity", "err" },
  credentials_refreshed = { "source", "expires" },
  warning = { "message" },
}

local function event_names()
  local list = {}
  for name in pairs(hooks.events) do list[#list + 1] = name end
  table.sort(list)
  return table.concat(list, ", ")
end

--- Validates the option 'hooks': a table of functions by event.
function hooks.are_hooks(value)
  local expected = "table of functions by event (" .. event_names() .. ")"
  if type(value) ~= "table" then return false, expected end
  for name, hook in pairs(value) do
    if not hooks.events[name] or type(hook) ~= "function" then return false, expected end
  end
  return true
end

--- Validates the option 'log': a function of a line, or an open file.
function hooks.is_log(value)
  local can_write = type(value) == "table" and type(value.write) == "function"
  return type(value) == "function" or io.type(value) == "file" or can_write,
    "function(line) or an open file"
end

local function subject(event)
  return event.table and event.operation .. " " .. event.table or event.operation
end

-- The log line of an event | nil for none; events that are not listed are not logged.
local lines = {
  response_received = function(event)
    return ("%s: attempt %d: %d%s in %.4f s%s"):format(subject(event), event.attempt, event.status,
      event.err and event.err.code and " " .. event.err.code or "", event.timing.total or 0,
      event.request_id and ", request id " .. event.request_id or "")
  end,
  attempt_failed = function(event)
    return ("%s: attempt %d: %s"):format(subject(event), event.attempt, errors.reason(event.err))
  end,
  retry_scheduled = function(event)
    return ("%s: retry in %.4f s"):format(subject(event), event.delay)
  end,
  request_hedged = function(event)
    return ("%s: attempt %d: sent again after %.4f s%s"):format(subject(event), event.attempt, event.after,
      event.won and ", and that response was used" or "")
  end,
  call_finished = function(event)
    if not event.err then return nil end
    return ("%s: failed after %d attempts and %.4f s: %s"):format(subject(event), event.attempts,
      event.elapsed, errors.reason(event.err))
  end,
  credentials_refreshed = function(event)
    return "credentials refreshed, from " .. event.source
  end,
  warning = function(event)
    return "warning: " .. event.message
  end,
}

local function line_writer(log)
  if type(log) == "function" then return log end
  return function(line) log:write(line, "\n") end
end

--- Returns a function(event name, fields) that calls the hook and writes the log line | nil when there is
--- neither hook nor log. What a hook raises reaches the caller.
function hooks.emitter(given, log)
  if not given and not log then return nil end
  local write = log and line_writer(log)
  return function(name, event)
    local hook = given and given[name]
    if hook then hook(event) end
    local line = write and lines[name] and lines[name](event)
    if line then write("dynamodb: " .. line) end
  end
end

-- Returns the one table that the operations of a transaction name | nil.
local function table_of_transaction(operations)
  local name
  for _, operation in ipairs(operations) do
    local _, write = next(operation)
    if type(write) ~= "table" or (name and write.TableName ~= name) then return nil end
    name = write.TableName
  end
  return name
end

--- Returns the name of the table that a request is for, for events and errors | nil when it is for none or
--- for several.
---@param params table
function hooks.table_of(params)
  local name = params.TableName
  if type(params.RequestItems) == "table" then
    local first = next(params.RequestItems)
    name = next(params.RequestItems, first) == nil and first or nil
  elseif type(params.TransactItems) == "table" then
    name = table_of_transaction(params.TransactItems)
  end
  return type(name) == "string" and name or nil
end

return hooks
