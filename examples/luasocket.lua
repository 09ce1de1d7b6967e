-- Makes concurrent calls in a select loop of LuaSocket (Debian: lua-socket): lua5.4 examples/luasocket.lua
-- AWS_ENDPOINT_URL_DYNAMODB is the URL of the server. examples/work.lua has the calls.

local loop = require("dynamodb").loop
local socket = require("socket")
local work = dofile("examples/work.lua")

-- An object that select accepts like a socket.
local tasks = { getfd = function() return loop.fd() end, dirty = function() return false end }
local server = assert(socket.bind("127.0.0.1", 0)) -- other work of the loop
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
