-- Many calls at once beside LuaSocket's select (Debian: lua-socket): lua5.4 examples/luasocket.lua
-- DYNAMODB_ENDPOINT names a server. What the tasks do is in examples/work.lua.

local loop = require("dynamodb").loop
local socket = require("socket")
local work = dofile("examples/work.lua")

-- What select takes in place of a socket.
local tasks = { getfd = function() return loop.fd() end, dirty = function() return false end }
local server = assert(socket.bind("127.0.0.1", 0)) -- something else that is waited for
local host, port = server:getsockname()
local client = assert(socket.connect(host, port))

local task, visits, left = loop.spawn(work), 0, nil
repeat
  local ready = socket.select({ tasks, server }, nil, 10)
  if ready[server] then
    server:accept():close()
    visits = visits + 1
  end
  if ready[tasks] then left = loop.step() end
until left == 0
client:close()

print(task:wait())
print("the server was visited meanwhile: " .. tostring(visits == 1))
