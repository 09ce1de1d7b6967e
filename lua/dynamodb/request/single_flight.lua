--- Identical reads that are under way at the same time share one request: the option single_flight of
--- connect. doc/coalescing.md
-- The first caller of a request leads: it attempts as any call does. The others follow: they wait for its
-- response, and each decodes it for itself, so that no caller shares an object with another one. Followers
-- stop waiting and lead when the leader fails, is cancelled, is killed, or takes longer than an attempt may.
-- What only the service decides is shared as well: an error of the service that another attempt would meet
-- again. Consistent reads are not shared, since one that begins after a write must not get the response to a
-- request that was sent before it.

local calls = require("dynamodb.request.calls")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local event = require("dynamodb.loop.event")
local response = require("dynamodb.request.response")
local settings = require("dynamodb.config.settings")

local single_flight = {}

local weak = { __mode = "v" } -- a leader that was collected is gone
local KEPT_HEADERS = { "content-encoding", "content-type", "x-amz-crc32", "x-amzn-errortype",
  "x-amzn-requestid" }

---@class dynamodb.Flight
---@field leader table { thread = its coroutine, place = where it runs }, both weak
---@field started number by the transport's clock
---@field followers integer callers that wait for the response
---@field response? userdata core.response with the response of the last attempt
---@field status? integer of HTTP
---@field is_over boolean
---@field ended dynamodb.Event

-- For each operation that is shared: returns true when the read is consistent.
local consistent = {}

function consistent.GetItem(params) return params.ConsistentRead end
consistent.Query, consistent.Scan = consistent.GetItem, consistent.GetItem

function consistent.BatchGetItem(params)
  if type(params.RequestItems) ~= "table" then return true end -- the service refuses it
  for _, each in pairs(params.RequestItems) do
    if type(each) ~= "table" or each.ConsistentRead then return true end
  end
  return false
end

--- Keeps a response for the followers. The connection that received it goes on to other requests.
---@param flight dynamodb.Flight
---@param http userdata core.response
---@param status integer of HTTP
function single_flight.keep(flight, http, status)
  if flight.followers == 0 then return end
  local body = http:body()
  local lines = { ("HTTP/1.1 %d Response"):format(status) }
  for _, name in ipairs(KEPT_HEADERS) do
    local value = http:header(name)
    if value then lines[#lines + 1] = name .. ": " .. value end
  end
  lines[#lines + 1] = ("content-length: %d\r\n\r\n"):format(#body)
  local copy = core.response(nil, false, true)
  copy:feed(table.concat(lines, "\r\n"))
  if #body > 0 then copy:feed(body) end
  flight.response, flight.status = copy, status
end

-- Attempts, as the leader of a flight -> result | nil, err.
local function lead(call, key, run)
  local flights, transport = call.state.flights, call.state.transport
  local flight = { leader = setmetatable({ thread = coroutine.running(), place = transport.place() }, weak),
    started = transport.now(), followers = 0, is_over = false, ended = event.new() }
  flights[key], call.flight = flight, flight
  local ok, result, err = pcall(run, call)
  call.flight = false
  if flights[key] == flight then flights[key] = nil end
  local is_final = ok and (result or (err.kind == "service" and not err.retryable))
  if not is_final then flight.response = nil end
  flight.is_over = true
  flight.ended:notify()
  if not ok then error(result, 0) end
  return result, err
end

-- Returns true when the leader can go on while the caller waits. In nginx it can in any request; tasks of one
-- loop wait for each other, but a loop that runs inside of a task holds up the tasks of the outer loop.
-- A hook of the leader that reads the same cannot wait for it.
local function may_follow(flight, transport, place)
  if flight.leader.thread == coroutine.running() then return false end
  return transport.alive ~= nil or flight.leader.place == place
end

local function is_dead(flight, transport)
  local thread, place = flight.leader.thread, flight.leader.place
  if not thread then return true end
  if place and transport.alive then return not transport.alive(thread, place) end
  return coroutine.status(thread) == "dead"
end

-- Waits for the leader -> true when its response can be read | false when the caller has to go on by itself.
local function follow(call, flight, key)
  local state = call.state
  local transport, flights = state.transport, state.flights
  local patience = call.options.attempt_timeout or state.options.attempt_timeout
    or settings.defaults.attempt_timeout
  flight.followers = flight.followers + 1
  local function is_decided()
    return flight.is_over or flights[key] ~= flight or state.closed or is_dead(flight, transport)
  end
  local ok, raised = pcall(flight.ended.wait_until, flight.ended, transport,
    math.min(call.deadline, flight.started + patience), is_decided)
  flight.followers = flight.followers - 1
  if not ok then error(raised, 0) end
  if flight.is_over then return flight.response ~= nil end
  if flights[key] == flight then flights[key] = nil end -- so that no other caller waits for it
  return false
end

-- Returns the error of a caller whose deadline passed while it followed.
local function too_late(call)
  return errors.new({ kind = "timeout", retryable = true,
    message = calls.late_message(call, "no response in time") })
end

--- Runs a call: by a request of its own, or by that of an identical read which is under way.
---@param call dynamodb.Call encoded
---@param run fun(call): table?, dynamodb.Error? attempts it
---@param complete_error fun(call, err, reason): dynamodb.Error
---@return table? result
---@return dynamodb.Error? err
function single_flight.run(call, run, complete_error)
  local state, operation = call.state, call.operation
  local transport, is_consistent = state.transport, consistent[operation.name]
  local place = transport.place and transport.place()
  local is_own = not is_consistent or is_consistent(call.params) or call.options.headers
  if is_own or not place then return run(call) end
  local key = operation.name .. "\0" .. core.encode(call.params, operation.input)
  while true do
    local flight = state.flights[key]
    if not flight or flight.is_over then return lead(call, key, run) end
    if not may_follow(flight, transport, place) then return run(call) end
    if follow(call, flight, key) then
      local result, err = response.read(flight.response, flight.status, operation, call.owner, call.params)
      if result then return result end
      if not err.retryable then return nil, complete_error(call, err, "permanent") end
    end
    if transport.now() >= call.deadline then return nil, complete_error(call, too_late(call), "deadline") end
  end
end

return single_flight
