-- Makes concurrent calls inside the loop of cqueues (Debian: lua-cqueues): lua5.4 examples/cqueues.lua
-- AWS_ENDPOINT_URL_DYNAMODB is the URL of the server. examples/work.lua has the calls.

local cqueues = require("cqueues")
local loop = require("dynamodb").loop
local work = dofile("examples/work.lua")

local controller, ticks, done = cqueues.new(), 0, false
controller:wrap(function() -- other work of the loop
  repeat
    cqueues.sleep(0.001)
    ticks = ticks + 1
  until done
end)

local task = loop.spawn(work)
controller:wrap(function()
  repeat cqueues.poll({ pollfd = loop.fd(), events = "r" }) until loop.step() == 0
  done = true
end)
assert(controller:loop())

print(task:wait())
print("cqueues ran others meanwhile: " .. tostring(ticks > 0))
