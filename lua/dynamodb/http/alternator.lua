--- The nodes of a cluster of ScyllaDB's Alternator: finds them, and chooses one for each attempt.
-- Nodes are in tiers, nearest first: the rack, the datacenter, the datacenter of the node that was asked, and
-- the nodes that the caller named. An attempt goes to the next node of the first tier that has a live one. A
-- node that failed is left alone for a while, then gets one request on trial.
-- The lists are refreshed by the call that finds them due, within a limit; other calls go on with the old
-- lists. doc/alternator.md
-- Source: ScyllaDB, "Alternator-specific APIs", section "Service discovery" (GET /localnodes).

local core = require("dynamodb.core")
local endpoint = require("dynamodb.http.endpoint")
local errors = require("dynamodb.error")
local objects = require("dynamodb.base.objects")
local options = require("dynamodb.base.options")
local pool = require("dynamodb.http.pool")
local round_trip = require("dynamodb.http.round_trip")
local system = require("dynamodb.base.system")

local alternator = {}

local REFRESH, QUARANTINE = 10, 10 -- seconds, unless the options say otherwise
local TRIAL = 1 -- seconds without a failure after which a node on trial is as good as the others
local SOON = 1 -- seconds from a failure to the next refresh
local FIRST_LIMIT, LIMIT = 3, 1 -- seconds that the first refresh and others may take
local TRIES = 4 -- nodes that one refresh asks
local MOST_NAMED, MOST_LISTED = 64, 256 -- nodes in the option, and of one response
local MOST_BYTES = 64 * 1024 -- of one response
local LONG = 0.4 -- seconds; a timeout after less, because of the call's deadline, says nothing about the node

---@class dynamodb.AlternatorNode
---@field endpoint table { url, host, path }
---@field unused_until number by the transport's clock
---@field has_failed boolean
---@field on_trial boolean

---@class dynamodb.Alternator
---@field named dynamodb.AlternatorNode[] the nodes of the option
---@field known table<string, dynamodb.AlternatorNode> all nodes, by URL
---@field tiers table[] lists of nodes with the position of the one chosen last, nearest first
---@field queries table[] what is asked: { target =, subject = what an empty list is warned of | nil }
---@field leaving table<string, table> pools of nodes that are no longer listed, by URL
---@field due number when to refresh, by the transport's clock
---@field is_found boolean a refresh has succeeded
local Alternator = {}
Alternator.__index = Alternator

-- {===== Options =====

local NODES = ("list of 1 to %d URLs 'http(s)://host[:port]'"):format(MOST_NAMED)

local function is_url(value)
  local parts = type(value) == "string" and endpoint.split(value)
  return parts and parts.path == "/" or false
end

local function are_nodes(value)
  local count = objects.is_plain(value) and #value or 0
  if count < 1 or count > MOST_NAMED then return false, NODES end
  for position, url in pairs(value) do
    if type(position) ~= "number" then return false, NODES end
    if not is_url(url) then
      local shown = type(url) == "string" and "'" .. url:gsub("^.*@", "...@"):sub(1, 100) .. "'"
        or objects.describe(url)
      return false, NODES, ("%s at position %s"):format(shown, position)
    end
  end
  return true
end

--- The options in connect's option 'alternator': name -> validator.
alternator.options = {
  datacenter = options.text,
  nodes = are_nodes,
  quarantine = options.seconds,
  rack = options.text,
  refresh = options.seconds,
}

--- Validates the option 'alternator' of connect. Raises for what is wrong inside of the table.
function alternator.are_options(value)
  if not objects.is_plain(value) then return false, "table with 'nodes'" end
  options.check(alternator.options, value, "connect: option 'alternator'")
  if value.nodes == nil then return false, "table with 'nodes'", "one without" end
  return true
end

-- Options of connect that name the server in another way.
local OTHERS = { "endpoint_url", "host", "port", "is_secure", "unix_socket" }

--- Returns the URL of the first node, which stands for the cluster where one URL is asked for. Raises when
--- the options of connect name a server as well.
---@param given table the options of connect
---@return string
function alternator.url_of(given)
  for _, name in ipairs(OTHERS) do
    if given[name] ~= nil then errors.raise("connect: option '%s' contradicts 'alternator'", name) end
  end
  return given.alternator.nodes[1]
end

-- ===================== }
-- {===== Nodes =====

local function new_node(parts)
  return { endpoint = parts, unused_until = 0, has_failed = false, on_trial = false }
end

-- Makes a list of nodes a tier. Clients that start together begin at different nodes.
local function tier_of(list)
  list.position = math.floor(system.random() * #list)
  return list
end

-- Returns the next live node of a tier, another one than 'last' if there is one | nil. After a failed attempt
-- the turn stays where it is: otherwise, of two nodes the one that fails would get each first attempt.
local function next_live(tier, now, last)
  local count, again = #tier, nil
  for i = 1, count do
    local position = (tier.position + i - 1) % count + 1
    local node = tier[position]
    if now >= node.unused_until then
      if node ~= last then
        if not last then tier.position = position end
        return node
      end
      again = node
    end
  end
  return again
end

-- Returns the next live node of the nearest tier that has one | nil.
local function nearest(self, now, last)
  for _, tier in ipairs(self.tiers) do
    local node = next_live(tier, now, last)
    if node then return node end
  end
end

-- Returns a node. When all are left alone, all are used again.
local function choose(self, now, last)
  local node = nearest(self, now, last)
  if not node then
    for _, other in pairs(self.known) do other.unused_until = 0 end
    node = nearest(self, now, last)
  end
  if node.has_failed then
    node.has_failed = not node.on_trial -- a trial has passed without a failure
    node.on_trial = node.has_failed
    if node.on_trial then node.unused_until = now + TRIAL end
  end
  return node
end

-- Leaves a node alone. It may have left the cluster, so the lists are refreshed soon.
local function leave_alone(self, node, now)
  node.has_failed, node.on_trial, node.unused_until = true, false, now + self.quarantine
  self.due = math.min(self.due, now + SOON)
end

-- ===================== }
-- {===== Finding nodes =====

local function escape(text)
  return (text:gsub("[^%w%-._~]", function(char) return ("%%%02X"):format(char:byte()) end))
end

-- Returns what to ask a node, nearest tier first.
local function queries_of(given)
  local list, datacenter, rack = {}, given.datacenter, given.rack
  local place = datacenter and ("datacenter '%s'"):format(datacenter)
  local dc = datacenter and "dc=" .. escape(datacenter)
  if rack then
    list[1] = { target = ("/localnodes?%srack=%s"):format(dc and dc .. "&" or "", escape(rack)),
      subject = ("rack '%s'%s"):format(rack, place and " of " .. place or "") }
  end
  if dc then list[#list + 1] = { target = "/localnodes?" .. dc, subject = place } end
  list[#list + 1] = { target = "/localnodes" }
  return list
end

-- Puts an IPv6 address into brackets, as URLs have them.
local function bracketed(address)
  return address:find("^[%x:.]*:[%x:.]*:[%x:.]*$") and "[" .. address .. "]" or address
end

-- Returns the nodes of a response, which are addresses, at most so many as are kept | nil when it is no list.
-- They have the scheme and the port of the node that was asked. Those that are no addresses are left out.
-- 'met' has the nodes that are known, by URL, and gets the new ones.
local function parse(body, asked, met)
  local found = #body <= MOST_BYTES and body:match("^%s*%[") and core.decode(body, "json")
  if not found then return nil end
  local scheme, port = asked.url:match("^(https?://)"), asked.url:match(":%d+$") or ""
  local list, seen = {}, {}
  for _, address in ipairs(found) do
    local host = type(address) == "string" and bracketed(address)
    local parts = host and not host:find("[:/]%d*$") and endpoint.split(scheme .. host .. port)
    if parts and parts.path == "/" and not seen[parts.url] and #list < MOST_LISTED then
      seen[parts.url] = true
      met[parts.url] = met[parts.url] or new_node(parts)
      list[#list + 1] = met[parts.url]
    end
  end
  return list
end

-- Sends one GET to a node -> list of nodes | nil, failure.
local function list_by(self, own, target, deadline, met)
  local asked = own.endpoint
  local bytes, why = core.request("GET", target, { "host", asked.host, "accept", "application/json" }, "")
  if not bytes then return nil, pool.failure("refused", why) end
  local done, connection = round_trip.send(own, bytes, #bytes, nil, nil, deadline,
    deadline - self.transport.now())
  if not done then return nil, connection end
  local response = connection.response
  local status, body = response:status(), response:body()
  pool.release(own, connection)
  local list = status == 200 and parse(body, asked, met)
  if list then return list end
  local what = status == 200 and "a response that is no list of addresses" or "HTTP status " .. status
  return nil, pool.failure("refused", what)
end

-- Asks one node -> list of nodes for each query | nil, failure.
local function ask(self, node, deadline)
  local lists, own, met = {}, self.pool_at(node.endpoint), options.merge(self.known)
  for i, query in ipairs(self.queries) do
    local list, failure = list_by(self, own, query.target, deadline, met)
    if not list then return nil, failure end
    lists[i] = list
  end
  return lists
end

-- Closes the idle connections of nodes that are no longer listed, and forgets pools without connections.
-- Their counts are added to those of the first node of the option.
local function clean(self)
  for url, own in pairs(self.leaving) do
    for i = #own.idle, 1, -1 do
      pool.discard(own, own.idle[i])
      own.idle[i] = nil
    end
    if pool.count_open(own) == 0 then
      local stats = self.pool_at(self.named[1].endpoint).stats
      for name, count in pairs(own.stats) do stats[name] = stats[name] + count end
      self.leaving[url], self.pools[url] = nil, nil
    end
  end
end

local function warn(self, message)
  if self.emit then self.emit("warning", { message = "alternator: " .. message }) end
end

-- Warns of racks and datacenters without nodes, once until they have some.
local function warn_of_empty(self, lists)
  for i, query in ipairs(self.queries) do
    local is_empty = #lists[i] == 0
    if query.subject and is_empty and not query.is_empty then warn(self, "no node in " .. query.subject) end
    query.is_empty = is_empty
  end
end

-- Uses these lists from now on, and forgets the nodes that are in none of them.
local function install(self, lists)
  local kept, tiers = {}, {}
  lists[#lists + 1] = self.named
  for i, list in ipairs(lists) do
    tiers[i] = list == self.named and list or tier_of(list)
    for _, node in ipairs(list) do kept[node.endpoint.url] = node end
  end
  for url in pairs(self.known) do self.leaving[url] = self.pools[url] end
  for url in pairs(kept) do self.leaving[url] = nil end
  self.known, self.tiers, self.is_found = kept, tiers, true
  clean(self)
  warn_of_empty(self, lists)
end

-- Asks nodes until one has told all lists, within the limit and half of the time that the call has left.
local function refresh(self, now, deadline)
  self.due = now + self.interval -- other tasks go on with the nodes that are known
  local limit = now + math.min(self.is_found and LIMIT or FIRST_LIMIT, (deadline - now) / 2)
  local node, why
  for _ = 1, TRIES do
    now = self.transport.now()
    if now >= limit then break end
    node = choose(self, now, node)
    local lists, failure = ask(self, node, now + (limit - now) / 2)
    if lists then return install(self, lists) end
    if failure.closed then return end
    why = ("%s: %s"):format(node.endpoint.url, failure.message)
    local ended = self.transport.now()
    if failure.kind ~= "refused" and (failure.kind ~= "timeout" or ended - now >= LONG) then
      leave_alone(self, node, ended)
    end
  end
  warn(self, "no list of nodes: " .. (why or "no time left"))
end

-- ===================== }

--- Makes the nodes of a connection. Sends nothing.
---@param given table the option 'alternator' of connect, checked
---@return dynamodb.Alternator
function alternator.new(given)
  local self = setmetatable({ known = {}, leaving = {}, named = {}, queries = queries_of(given), due = 0,
    is_found = false, interval = given.refresh or REFRESH, quarantine = given.quarantine or QUARANTINE },
    Alternator)
  for _, url in ipairs(given.nodes) do
    local parts = endpoint.split(url)
    if not self.known[parts.url] then
      self.known[parts.url] = new_node(parts)
      self.named[#self.named + 1] = self.known[parts.url]
    end
  end
  self.tiers = { tier_of(self.named) }
  return self
end

--- Tells what the connection knows at its first call.
---@param transport table
---@param pools table<string, table> the pools of the connection, by URL
---@param pool_at fun(endpoint: table): table returns the pool of an endpoint, and makes it when there is none
---@param emit? fun(name: string, event: table)
function Alternator:open(transport, pools, pool_at, emit)
  self.transport, self.pools, self.pool_at, self.emit = transport, pools, pool_at, emit
end

--- Returns the pool of the node that an attempt goes to: another one than that of the attempt before it, if
--- there is one. Refreshes the lists when they are due, within half of the time that the call has left.
---@param call table deadline, attempt; the node and the time are noted in it
---@return table pool
function Alternator:pool_for(call)
  local now = self.transport.now()
  if now >= self.due and now < call.deadline then
    refresh(self, now, call.deadline)
    now = self.transport.now()
  end
  local node = choose(self, now, call.attempt > 1 and call.node or nil)
  call.node, call.chosen_at = node, now
  return self.pool_at(node.endpoint)
end

--- Leaves the node of a failed attempt alone, if it sent no HTTP response. A deadline of the call that ended
--- the attempt early says nothing about the node.
---@param call table as pool_for has noted it
---@param err dynamodb.Error of the attempt
function Alternator:attempt_failed(call, err)
  local node, now = call.node, self.transport.now()
  local is_silent = err.kind == "network" or err.kind == "timeout" or err.kind == "response"
  if not node or not is_silent or err.status or err.code == "ConnectionClosed" then return end
  if err.kind == "timeout" and now >= call.deadline and now - call.chosen_at < LONG then return end
  leave_alone(self, node, now)
end

return alternator
