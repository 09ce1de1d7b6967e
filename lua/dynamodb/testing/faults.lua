--- testing.faults: a transport that lets requests fail by a script, and counts them.

local arguments = require("dynamodb.base.arguments")
local blocks = require("dynamodb.testing.blocks")
local errors = require("dynamodb.error")
local kinds = require("dynamodb.testing.fault_kinds")
local messages = require("dynamodb.testing.messages")
local options = require("dynamodb.base.options")
local transports = require("dynamodb.testing.transports")

local faults = {}

---@class dynamodb.testing.Faults
---@field transport table for option 'transport' of dynamodb.connect
---@field requests table[] every request: { operation, tables = set of names, fault = its kind or nil }
local Faults = { __name = "dynamodb.testing.faults" }
Faults.__index = Faults

-- {===== Rules =====

-- Returns the kind of a rule: "delay" when it has no other. Raises unless there is exactly one.
local function kind_of(rule)
  local found
  for _, name in ipairs(kinds.names) do
    if rule[name] ~= nil then
      if found then errors.raise("faults:add: option '%s' excludes '%s'", found, name) end
      found = name
    end
  end
  if not found and not rule.delay then
    errors.raise("faults:add: a fault expected: delay, %s", table.concat(kinds.names, ", "))
  end
  return found or "delay"
end

--- Adds a fault for the next requests that match: doc/testing.md.
---@param rule table operation and table (of the requests; all by default), times (1), after (0: how many
--- matching requests pass before), delay in seconds, and one of the faults
---@return dynamodb.testing.Faults self
function Faults:add(rule)
  options.check(kinds.rule_options, rule, "faults:add")
  local kind = kind_of(rule)
  local only = kind ~= "delay" and kinds[kind].operations
  if only and rule.operation and not only[rule.operation] then
    errors.raise("faults:add: option '%s' is not for %s", kind, rule.operation)
  end
  local times = rule.times or 1
  table.insert(self.rules, { kind = kind, given = rule, operations = only, times = times, left = times,
    skip = rule.after or 0 })
  return self
end

local function matches(rule, request)
  local given = rule.given
  if rule.left == 0 or (rule.operations and not rule.operations[request.operation]) then return false end
  if given.operation and given.operation ~= request.operation then return false end
  return not given.table or request.tables[given.table] == true
end

-- Takes the first rule that matches -> rule | nil. The rules that let this request pass count it.
local function take(self, request)
  for _, rule in ipairs(self.rules) do
    if matches(rule, request) then
      if rule.skip == 0 then
        rule.left = rule.left - 1
        return rule
      end
      rule.skip = rule.skip - 1
    end
  end
end

-- ===================== }
-- {===== The transport =====

local PASS = { send = true }

-- Plans what happens to a request -> plan, name of the fault | nil.
local function plan_for(self, request)
  local rule, time = take(self, request), self.inner.time()
  if rule and rule.kind == "clock_skew" then self.skew = rule.given.clock_skew end
  local plan, name = PASS, rule and rule.kind
  if rule and rule.kind ~= "delay" then
    plan = kinds[rule.kind].plan(rule.given[rule.kind], request, time)
  elseif self.skew then
    local refused
    plan, refused = kinds.plan_by_clock(request, time + self.skew)
    if refused then name = "clock_skew" end
  end
  if rule and rule.given.delay then plan = options.merge(plan, { delay = rule.given.delay }) end
  return plan, name
end

-- Sends as the plan says -> true | nil, kind, why.
local function send(self, socket, bytes, deadline)
  local request = messages.read_request(bytes)
  socket.plan = nil
  if request then
    local plan, name = plan_for(self, request)
    table.insert(self.requests, { operation = request.operation, tables = request.tables, fault = name })
    socket.plan = plan ~= PASS and plan or nil
    if plan.reset then
      socket.is_broken = true
      return nil, "network", "connection reset by peer"
    end
    if not plan.send then return true end
    if type(plan.send) == "string" then bytes = plan.send end
  end
  if not socket.inner then return nil, socket.failure[1], socket.failure[2] end
  return self.inner.send(socket.inner, bytes, deadline)
end

-- Lets a delay pass -> true | nil, kind, why at the deadline.
local function delay(self, seconds, deadline)
  local inner = self.inner
  local left = deadline - inner.now()
  inner.sleep(math.max(0, math.min(seconds, left)))
  if seconds >= left then return nil, "timeout", "no response in time" end
  return true
end

-- Receives as the plan says. The response of the service is received before any delay: the service then has
-- done what was asked, whatever the client gets to know. After a timeout the caller may receive again.
local function receive_planned(self, socket, plan, deadline)
  local bytes, now = plan.reply, self.inner.now
  if plan.send then
    local response, kind, why = messages.receive(self.inner, socket.inner, deadline)
    if not response then return nil, kind, why end
    local change = plan.change or messages.bytes_of
    bytes = not plan.dropped and change(response) or nil
  end
  if plan.delay then
    local due = plan.due or now() + plan.delay
    socket.plan = { reply = bytes, delay = plan.delay, due = due }
    local ok, kind, why = delay(self, math.max(0, due - now()), deadline)
    if not ok then return nil, kind, why end
  end
  socket.plan = {} -- a response that is not whole ends with its connection
  if bytes then return bytes end
  socket.is_broken = true
  return nil, "closed", "closed"
end

-- Does the script have faults left, so that a request may need no connection?
local function has_left(self)
  for _, rule in ipairs(self.rules) do
    if rule.left > 0 then return true end
  end
  return false
end

local function wrap(self)
  local inner = self.inner
  return transports.wrap(inner, {
    connect = function(...)
      local opened, kind, why, permanent = inner.connect(...)
      if not opened and not has_left(self) then return nil, kind, why, permanent end
      return { inner = opened, failure = not opened and { kind, why } or nil }
    end,
    send = function(socket, bytes, deadline) return send(self, socket, bytes, deadline) end,
    receive = function(socket, deadline, is_first)
      if socket.plan then return receive_planned(self, socket, socket.plan, deadline) end
      return inner.receive(socket.inner, deadline, is_first)
    end,
    idle = function(socket)
      if socket.is_broken then return false end
      return not socket.inner or inner.idle(socket.inner)
    end,
  })
end

-- ===================== }

--- Makes a transport with an empty script.
---@param transport? table the transport that sends and receives; that of dynamodb.connect by default
---@return dynamodb.testing.Faults
function faults.faults(transport)
  local self = setmetatable({ inner = transports.given(transport, "testing.faults"), rules = {},
    requests = {}, skew = false }, Faults)
  self.transport = transports.disturb(wrap(self), self.inner)
  self._forget = blocks.at_end(function() self:finish() end)
  return self
end

--- Returns the number of requests, of an operation and of a table if they are given.
---@param operation? string
---@param name? string of the table
---@return integer
function Faults:count(operation, name)
  for position, value in ipairs({ operation or "", name or "" }) do
    if type(value) ~= "string" then
      errors.raise("faults:count: name of %s expected, got %s", position == 1 and "an operation" or "a table",
        type(value))
    end
  end
  local count = 0
  for _, request in ipairs(self.requests) do
    local fits = (not operation or request.operation == operation) and (not name or request.tables[name])
    if fits then count = count + 1 end
  end
  return count
end

local function describe(rule)
  local given = rule.given
  return ("%s%s: %s, %d of %d times"):format(given.operation or "any request",
    given.table and " " .. given.table or "", rule.kind, rule.left, rule.times)
end

--- Ends the script. Raises when faults are left that no request has met. In a block of busted the block's end
--- does it.
function Faults:finish()
  if self._forget then self._forget() end
  local rest = {}
  for _, rule in ipairs(self.rules) do
    if rule.left > 0 and rule.times < math.huge then rest[#rest + 1] = describe(rule) end
  end
  self.rules = {}
  if #rest > 0 then
    errors.raise("testing.faults: faults that no request has met: %s", table.concat(rest, "; "))
  end
end

arguments.check_methods(Faults, "faults", { Faults }, {
  add = "rule", count = "operation, table", finish = "" })

return faults
