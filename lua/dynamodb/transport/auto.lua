--- The transport unless another is given: libcurl's in plain Lua; in nginx what the phase of the moment
--- allows, since a connection made in init_by_lua serves requests later.

local concurrent = require("dynamodb.loop.concurrent")
local errors = require("dynamodb.error")
local nginx = require("dynamodb.transport.nginx")
local phase = require("dynamodb.loop.phase")

-- libcurl is loaded where it is used, which in nginx may be never.
local function blocking() return require("dynamodb.transport.curl") end

if not phase.is_nginx() then return blocking() end

local auto = { now = nginx.now, time = nginx.time, shared = nginx.shared }

--- Raises where no answer can be waited for. 'where' names the call.
function auto.check(where)
  local mode, why = phase.mode()
  if mode then return mode end
  errors.raise("%s: %s", where, why)
end

-- What serves the phase.
local function current(where)
  return auto.check(where) == "wait" and nginx or blocking()
end

-- Sockets of libcurl -> the process that opened them.
local processes = setmetatable({}, { __mode = "k" })

-- What made the socket.
local function maker(socket)
  return processes[socket] and blocking() or nginx
end

function auto.connect(endpoint, seconds, options, limits)
  local transport = current("connect")
  local socket, kind, why, permanent = transport.connect(endpoint, seconds, options, limits)
  if socket and transport ~= nginx then processes[socket] = nginx.process() end
  return socket, kind, why, permanent
end

function auto.send(socket, bytes, deadline)
  return maker(socket).send(socket, bytes, deadline)
end

function auto.receive(socket, deadline, answering)
  return maker(socket).receive(socket, deadline, answering)
end

--- Sockets of libcurl serve the process that opened them, while it may block.
function auto.idle(socket)
  return processes[socket] == nginx.process() and phase.mode() == "block" and blocking().idle(socket)
end

function auto.close(socket)
  maker(socket).close(socket)
end

--- How long connecting took.
function auto.timings(socket)
  local timings = maker(socket).timings
  return timings and timings(socket)
end

--- Was the connection, with all that it takes, there before?
function auto.reused(socket)
  return not processes[socket] and nginx.reused(socket)
end

--- Takes a socket that is to be used again -> true | false when whoever opened it has to keep it.
function auto.keep(socket, limits)
  return not processes[socket] and nginx.keep(socket, limits)
end

function auto.sleep(seconds)
  current("sleep").sleep(seconds)
end

--- Runs functions side by side where that is possible, else one after the other: where it blocks, nginx has
--- no coroutines. nginx.gather
function auto.gather(list, concurrency, deadline)
  if current("gather") == nginx then return nginx.gather(list, concurrency, deadline) end
  return concurrent.one_by_one(list, deadline, nginx.now)
end

--- Where something can run beside the caller and he wait for it | nil.
function auto.place()
  return current("place") == nginx and nginx.place() or nil
end

auto.spawn, auto.alive = nginx.spawn, nginx.alive -- for those who have a place

--- What the caller can wait by | nil.
function auto.waiter()
  return auto.place() and nginx.waiter()
end

return auto
