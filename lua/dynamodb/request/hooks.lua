--- What users see of the inside: hooks, which are functions by the name of an event, and a log. No event
--- holds a secret.

local core = require("dynamodb.core")

local hooks = {}

--- The events, with the fields that each has besides operation and table (the name, where there is one).
hooks.events = {
  request_built = { "bytes" },
  attempt_sent = { "attempt", "max_attempts", "endpoint_url" },
  answer_received = { "attempt", "status", "request_id", "timing", "consumed_capacity", "err" },
  answer_lost = { "attempt", "err" },
  retry_planned = { "attempt", "delay", "tokens", "err" },
  call_finished = { "attempts", "elapsed", "consumed_capacity", "err" },
  credentials_refreshed = { "source", "expires" },
}

local function names()
  local list = {}
  for name in pairs(hooks.events) do list[#list + 1] = name end
  table.sort(list)
  return table.concat(list, ", ")
end

--- A validator of options: a table of functions by event.
function hooks.are_hooks(value)
  local expected = "table of functions by event (" .. names() .. ")"
  if type(value) ~= "table" then return false, expected end
  for name, hook in pairs(value) do
    if not hooks.events[name] or type(hook) ~= "function" then return false, expected end
  end
  return true
end

--- A validator of options: what lines can be given to.
function hooks.is_log(value)
  local can_write = type(value) == "table" and type(value.write) == "function"
  return type(value) == "function" or io.type(value) == "file" or can_write,
    "function(line) or an open file expected"
end

local function subject(event)
  return event.table and event.operation .. " " .. event.table or event.operation
end

-- For the events that are worth a line, the line.
local lines = {
  answer_received = function(event)
    return ("%s: attempt %d: %d%s in %.4f s%s"):format(subject(event), event.attempt, event.status,
      event.err and event.err.code and " " .. event.err.code or "", event.timing.total or 0,
      event.request_id and ", request id " .. event.request_id or "")
  end,
  answer_lost = function(event)
    return ("%s: attempt %d: %s"):format(subject(event), event.attempt, tostring(event.err))
  end,
  retry_planned = function(event)
    return ("%s: again in %.4f s"):format(subject(event), event.delay)
  end,
  call_finished = function(event)
    if not event.err then return nil end
    return ("%s: failed after %d attempts and %.4f s: %s"):format(subject(event), event.attempts,
      event.elapsed, tostring(event.err))
  end,
  credentials_refreshed = function(event)
    return "credentials refreshed, from " .. event.source
  end,
}

local function writer(log)
  if type(log) == "function" then return log end
  return function(line) log:write(line, "\n") end
end

--- A function(event name, fields) that tells hooks and log | nil when there is neither. What a hook raises
--- reaches the caller.
function hooks.emitter(given, log)
  if not given and not log then return nil end
  local write = log and writer(log)
  return function(name, event)
    local hook = given and given[name]
    if hook then hook(event) end
    local line = write and lines[name] and lines[name](event)
    if line then write("dynamodb: " .. line) end
  end
end

--- The names of the tables that a request is about, as events tell them: its table | nil.
function hooks.table_of(params)
  local name = params.TableName
  return core.typename(name) == "string" and name or nil
end

return hooks
