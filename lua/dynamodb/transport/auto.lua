--- The default transport: libcurl's in plain Lua; inside nginx the one that the current phase allows, since a
--- connection made in init_by_lua serves requests later.

local errors = require("dynamodb.error")
local late = require("dynamodb.base.late")
local phase = require("dynamodb.loop.phase")

-- transport/curl is loaded when it is used; in nginx it may never be.
local function blocking() return late.get("dynamodb.transport.curl") end

if not phase.is_nginx() then return blocking() end

local concurrent = require("dynamodb.loop.concurrent")
local nginx = require("dynamodb.transport.nginx")

local auto = { preload = nginx.preload, now = nginx.now, time = nginx.time, shared = nginx.shared }

--- Raises in phases of nginx that cannot wait for a response. 'where' names the call.
function auto.check(where)
  local mode, why = phase.mode()
  if mode then return mode end
  errors.raise("%s: %s", where, why)
end

-- Returns the transport for the current phase.
local function current(where)
  return auto.check(where) == "wait" and nginx or blocking()
end

-- Sockets of libcurl -> the process that opened them.
local processes = setmetatable({}, { __mode = "k" })

-- Returns the transport that opened the socket.
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

function auto.receive(socket, deadline, is_first)
  return maker(socket).receive(socket, deadline, is_first)
end

--- A socket of libcurl can be reused by the process that opened it, in a phase that may block.
function auto.idle(socket)
  return processes[socket] == nginx.process() and phase.mode() == "block" and blocking().idle(socket)
end

function auto.close(socket)
  maker(socket).close(socket)
end

--- Returns how long connecting took, in seconds.
function auto.timings(socket)
  local timings = maker(socket).timings
  return timings and timings(socket)
end

--- Returns true when the connection, TLS included, was taken from nginx's pool.
function auto.reused(socket)
  return not processes[socket] and nginx.reused(socket)
end

--- Hands a socket to nginx's pool -> true | false when the caller's pool has to keep it.
function auto.keep(socket, limits)
  return not processes[socket] and nginx.keep(socket, limits)
end

function auto.sleep(seconds)
  current("sleep").sleep(seconds)
end

--- Calls functions concurrently where light threads exist, else one after the other.
function auto.gather(list, concurrency, deadline)
  if current("gather") == nginx then return nginx.gather(list, concurrency, deadline) end
  return concurrent.one_by_one(list, deadline, nginx.now)
end

--- Returns where something can run while the caller waits for it | nil.
function auto.place()
  return current("place") == nginx and nginx.place() or nil
end

auto.spawn, auto.alive = nginx.spawn, nginx.alive -- used only where place() is not nil
auto.later = nginx.later

--- Returns a waiter for the caller | nil where nothing could wake it.
function auto.waiter()
  return auto.place() and nginx.waiter()
end

return auto
