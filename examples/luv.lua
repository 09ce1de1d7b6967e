-- Makes concurrent calls inside the loop of libuv (Debian: lua-luv): lua5.4 examples/luv.lua
-- AWS_ENDPOINT_URL_DYNAMODB is the URL of the server. examples/work.lua has the calls.

local loop = require("dynamodb").loop
local uv = require("luv")
local work = dofile("examples/work.lua")

local ticks, timer = 0, uv.new_timer()
timer:start(1, 1, function() ticks = ticks + 1 end) -- other work of the loop

local task = loop.spawn(work)
local poll = uv.new_poll(loop.fd())
poll:start("r", function()
  if loop.step() > 0 then return end
  poll:close()
  timer:close()
end)
uv.run()

print(task:wait())
print("libuv's timer ran meanwhile: " .. tostring(ticks > 0))
